//! What follows an option such as `--password`, in arguments, a line of sh, or a list in
//! JSON.

use std::ops::Range;

use super::super::secret_names::promises_secret;
use super::quoting::{count, is_quote, value_length};
use super::{headers, users};

/// Options of well-known tools whose names promise nothing. `login` is a command of
/// docker, podman, helm, az, oc and others.
const TOOLS: &[(&str, &str, Form)] = &[
    ("mysql", "-p", Form::Joined),
    ("mysqladmin", "-p", Form::Joined),
    ("mysqldump", "-p", Form::Joined),
    ("mysqlimport", "-p", Form::Joined),
    ("mariadb", "-p", Form::Joined),
    ("mariadb-admin", "-p", Form::Joined),
    ("mariadb-dump", "-p", Form::Joined),
    ("7z", "-p", Form::Joined),
    ("mongo", "-p", Form::Either),
    ("mongosh", "-p", Form::Either),
    ("mongodump", "-p", Form::Either),
    ("mongorestore", "-p", Form::Either),
    ("sshpass", "-p", Form::Either),
    ("rabbitmqadmin", "-p", Form::Either),
    ("login", "-p", Form::Either),
    ("redis-cli", "-a", Form::Separate),
    ("sqlcmd", "-P", Form::Either),
    ("bcp", "-P", Form::Either),
    ("ipmitool", "-P", Form::Either),
    ("zip", "-P", Form::Either),
    ("unzip", "-P", Form::Either),
    ("ldapsearch", "-w", Form::Either),
    ("ldapadd", "-w", Form::Either),
    ("ldapmodify", "-w", Form::Either),
    ("ldapdelete", "-w", Form::Either),
    ("ldappasswd", "-w", Form::Either),
    ("ldappasswd", "-s", Form::Either),
    ("ldapwhoami", "-w", Form::Either),
    ("openssl", "-k", Form::Separate),
    ("openssl", "-K", Form::Separate),
];

/// How an option has its value.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// `-pvalue`: `-p` alone asks for it.
    Joined,
    /// `-k value`: `-keyout` is another option.
    Separate,
    /// `-pvalue` or `-p value`.
    Either,
}

/// What follows a word.
#[derive(Clone, Copy, Default)]
enum Value {
    #[default]
    Other,
    Secret,
    /// `name:password`
    UserAndPassword,
    /// Secret if it follows a `=`.
    Assigned,
    /// The name of what is set to the word that follows it.
    Name,
}

/// Looks at one word after the other.
#[derive(Default)]
pub(super) struct Words {
    next: Value,
    /// The tool of [`TOOLS`] whose options they are.
    tool: Option<&'static str>,
}

pub(super) fn in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut words = Words::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let between = rest.iter().take_while(|byte| is_between(**byte)).count();
        at += between;
        let rest = rest.get(between..).unwrap_or_default();
        let length = words.next.length(rest);
        let word = rest.get(..length).unwrap_or_default();
        let secret = (length > 0).then(|| words.secret_in(word)).flatten();
        found.extend(secret.map(|it| at + it.start..at + it.end));
        at += length;
    }
    found
}

fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == b','
}

impl Words {
    /// What is secret in the next word. The option before it may have no value, so the
    /// word may be an option as well, and `--` may be before the value.
    pub(super) fn secret_in(&mut self, word: &[u8]) -> Option<Range<usize>> {
        let before = self.next;
        let bare = without_quotes(word);
        if word != b"--" {
            self.next = self.after(bare);
            self.tool = tool_after(bare, self.tool);
        }
        let secret = match before {
            Value::Secret => Some(0..word.len()),
            Value::UserAndPassword => users::password(word),
            Value::Assigned => assigned(word),
            Value::Other | Value::Name => None,
        };
        secret
            .or_else(|| users::in_joined(word))
            .or_else(|| self.joined(word))
    }

    fn after(&self, word: &[u8]) -> Value {
        let is_assigned = matches!(self.next, Value::Secret | Value::Assigned);
        let is_name = matches!(self.next, Value::Name);
        if is_name && is_option(word) {
            Value::Name
        } else if (is_name && promises_secret(word)) || (is_assigned && is_gap(word)) {
            Value::Secret
        } else {
            self.after_any(word)
        }
    }

    /// Whatever is before the word.
    fn after_any(&self, word: &[u8]) -> Value {
        let is_header = || word.strip_suffix(b":").is_some_and(headers::names_secret);
        if users::is_option(word) {
            Value::UserAndPassword
        } else if self.is_secret_option(word) || word.eq_ignore_ascii_case(b"bearer") || is_header()
        {
            Value::Secret
        } else if word == b"set" || word.ends_with(b":set") {
            Value::Name
        } else if promises_secret(word) {
            Value::Assigned
        } else {
            Value::Other
        }
    }

    fn is_secret_option(&self, word: &[u8]) -> bool {
        is_option(word) && (promises_secret(word) || self.has_value(word))
    }

    /// The options of the tool.
    fn options(&self) -> impl Iterator<Item = (&'static str, Form)> {
        let rows = TOOLS.iter().filter(|row| self.tool == Some(row.0));
        rows.map(|row| (row.1, row.2))
    }

    fn has_value(&self, option: &[u8]) -> bool {
        let mut options = self.options();
        options.any(|(name, form)| form != Form::Joined && name.as_bytes() == option)
    }

    /// The value in `-pvalue`.
    fn joined(&self, word: &[u8]) -> Option<Range<usize>> {
        let mut options = self.options().filter(|(_, form)| *form != Form::Separate);
        let option = options.find(|(name, _)| word.starts_with(name.as_bytes()))?;
        let start = option.0.len();
        (start < word.len()).then_some(start..word.len())
    }
}

/// What is between a name and its value.
const GAP: &[u8] = b"=>";

/// The value in `=value`.
fn assigned(word: &[u8]) -> Option<Range<usize>> {
    let gap = count(word, GAP);
    (word.starts_with(b"=") && gap < word.len()).then_some(gap..word.len())
}

fn is_option(word: &[u8]) -> bool {
    word.starts_with(b"-")
}

fn is_gap(word: &[u8]) -> bool {
    word.starts_with(b"=") && count(word, GAP) == word.len()
}

/// The tool whose options follow a word; none after the end of a command of sh.
fn tool_after(word: &[u8], before: Option<&'static str>) -> Option<&'static str> {
    let file_name = word.rsplit(|&byte| byte == b'/').next().unwrap_or(word);
    let tool = TOOLS.iter().find(|row| row.0.as_bytes() == file_name);
    let is_end = word.ends_with(b";") || word.ends_with(b"|") || word.ends_with(b"&");
    tool.map(|row| row.0).or(before.filter(|_| !is_end))
}

/// In quotes, and first in a list.
fn without_quotes(word: &[u8]) -> &[u8] {
    let is_before = |byte: &u8| b"[({".contains(byte) || is_quote(*byte);
    let begin = word.iter().position(|byte| !is_before(byte));
    let word = word.get(begin.unwrap_or(0)..).unwrap_or_default();
    let end = word.iter().rposition(|&byte| !is_quote(byte));
    word.get(..=end.unwrap_or(0)).unwrap_or_default()
}

impl Value {
    /// The length of the word that follows, at the beginning of a text. What may be
    /// secret may be quoted, and so contain blanks.
    fn length(self, text: &[u8]) -> usize {
        match self {
            Self::Other | Self::Assigned | Self::Name => word_length(text),
            Self::Secret | Self::UserAndPassword => value_length(text, b""),
        }
    }
}

/// The length of a word up to a blank, or to the comma after a quote.
fn word_length(text: &[u8]) -> usize {
    let mut before = 0;
    let end = text.iter().position(|&byte| {
        let is_end = byte.is_ascii_whitespace() || (byte == b',' && is_quote(before));
        before = byte;
        is_end
    });
    end.unwrap_or(text.len())
}
