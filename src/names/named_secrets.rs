//! Hides what names promise to be secret in arguments and other texts: in refusals,
//! `explain`, the question of `confirm`, audit records and the lints of manifests.
//!
//! It errs on the side of hiding: a record without a path is still useful, and one
//! with a password is copied to other systems.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::assignments::{
    REDACTED, assigns_secret, in_assignments, is_of_name, is_quote, split_name, value_length,
};
use super::secret_names::{is_secret_header, promises_secret};
use super::{EscapeAt, Text, json_escape, percent_escape, unescaped};

/// Whether a value itself contains a secret: a password in a URL, a header.
pub fn contains_secret(value: impl AsRef<OsStr>) -> bool {
    let value = value.as_ref().as_bytes();
    without_secrets(value) != value
}

/// Replaces secrets in the arguments of a script.
pub fn redact_args(args: &[Text]) -> Vec<Text> {
    let mut next = Value::Other;
    let redacted = args.iter().map(|arg| {
        let bytes = arg.as_os_str().as_bytes();
        let hidden = next.hidden(bytes);
        let clean = hidden.unwrap_or_else(|| without_secrets(bytes));
        Text::from(OsStr::from_bytes(&clean))
    });
    redacted.collect()
}

/// What is followed by `name:password`.
const OF_USERS: [&str; 4] = ["-u", "-U", "--user", "--proxy-user"];

/// What follows a word.
#[derive(Clone, Copy)]
enum Value {
    Other,
    Secret,
    /// `name:password`
    UserAndPassword,
}

impl Value {
    /// After an option such as `--password`, or the `Bearer` of a header; also in quotes,
    /// and first in a list.
    fn after(word: &[u8]) -> Self {
        let is_before = |byte: &u8| b"[({".contains(byte) || is_quote(*byte);
        let begin = word.iter().position(|byte| !is_before(byte));
        let word = word.get(begin.unwrap_or(0)..).unwrap_or_default();
        let end = word.iter().rposition(|&byte| !is_quote(byte));
        let word = word.get(..=end.unwrap_or(0)).unwrap_or_default();
        let is_option = word.starts_with(b"-");
        if OF_USERS.iter().any(|option| word == option.as_bytes()) {
            Self::UserAndPassword
        } else if (is_option && promises_secret(word)) || word.eq_ignore_ascii_case(b"bearer") {
            Self::Secret
        } else {
            Self::Other
        }
    }

    /// The length of the word that follows, at the beginning of a text. What may be
    /// secret may be quoted, and so contain blanks.
    fn length(self, text: &[u8]) -> usize {
        let is_quoted = text.first().is_some_and(|&byte| is_quote(byte));
        match (self, is_quoted) {
            (Self::Other, _) => word_length(text),
            (_, true) => value_length(text, b","),
            (_, false) => value_length(text, b""),
        }
    }

    /// Replaces what is secret in the word that follows, and goes on to the next one;
    /// none if the word may be anything. The option before it may have no value, so the
    /// word may be an option as well, and `--` may stand before the value.
    fn hidden(&mut self, word: &[u8]) -> Option<Vec<u8>> {
        let before = *self;
        if word != b"--" {
            *self = Self::after(word);
        }
        match before {
            Self::Other => None,
            Self::Secret => Some(REDACTED.to_vec()),
            Self::UserAndPassword => without_password(word),
        }
    }
}

/// Replaces the password of `name:password`. Two numbers are a user and a group, and
/// `://` is a URL.
fn without_password(word: &[u8]) -> Option<Vec<u8>> {
    let colon = word.iter().position(|&byte| byte == b':')?;
    let (name, password) = word.split_at_checked(colon + 1)?;
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let are_ids = is_number(name.strip_suffix(b":")?) && is_number(password);
    let is_other = are_ids || password.is_empty() || password.starts_with(b"//");
    (!is_other).then(|| [name, REDACTED].concat())
}

fn without_secrets(arg: &[u8]) -> Vec<u8> {
    /// How many encodings inside one another are decoded.
    const DEPTH: u8 = 3;
    in_readings(arg, DEPTH)
}

/// Replaces secrets in a text, or else in what it means when it is decoded.
fn in_readings(arg: &[u8], depth: u8) -> Vec<u8> {
    let clean = as_written(arg);
    let Some(depth) = depth.checked_sub(1) else {
        return clean;
    };
    let escapes: [EscapeAt; 2] = [percent_escape, json_escape];
    let mut readings = escapes
        .into_iter()
        .filter_map(|escape| unescaped(&clean, escape));
    let found = readings.find_map(|reading| {
        let hidden = in_readings(&reading, depth);
        (hidden != reading).then_some(hidden)
    });
    found.unwrap_or(clean)
}

/// Replaces secrets in a text as it is.
fn as_written(arg: &[u8]) -> Vec<u8> {
    let first = arg.iter().position(|&byte| byte == b'=');
    let (before, value) = arg.split_at(first.unwrap_or(0));
    let name = before.trim_ascii_end();
    let is_name = name
        .iter()
        .all(|&byte| is_of_name(byte) || !byte.is_ascii());
    let value = value.strip_prefix(b"=").unwrap_or_default();
    if is_name && !value.is_empty() && assigns_secret(name, value) {
        // The value of one option may contain anything.
        return [before, b"=", REDACTED].concat();
    }
    let joined = in_joined_user(arg);
    joined.unwrap_or_else(|| in_urls(&in_words(&in_assignments(&in_headers(arg)))))
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

/// Replaces, in a text of several words such as a line of sh or a list in JSON, what
/// follows an option.
fn in_words(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut next = Value::Other;
    let mut rest = text;
    while !rest.is_empty() {
        let is_between = |byte: &&u8| byte.is_ascii_whitespace() || **byte == b',';
        let between = rest.iter().take_while(is_between).count();
        let (between, from) = rest.split_at(between);
        let (word, after) = from.split_at(next.length(from));
        out.extend_from_slice(between);
        if !word.is_empty() {
            let hidden = next.hidden(word).or_else(|| in_joined_user(word));
            out.extend(hidden.unwrap_or_else(|| word.to_vec()));
        }
        rest = after;
    }
    out
}

/// Replaces the password of `--user=name:password` or `-uname:password`.
fn in_joined_user(word: &[u8]) -> Option<Vec<u8>> {
    OF_USERS.iter().find_map(|option| {
        let after = word.strip_prefix(option.as_bytes())?;
        let is_long = option.starts_with("--");
        let value = after.strip_prefix(b"=").or((!is_long).then_some(after))?;
        let is_joined = !value.first()?.is_ascii_whitespace();
        let (option, value) = word.split_at_checked(word.len() - value.len())?;
        is_joined.then(|| Some([option, &without_password(value)?].concat()))?
    })
}

/// Replaces the value of each header such as `Authorization: …` or
/// `PRIVATE-TOKEN: …`, with the lines that continue it (RFC 9112, section 5.2).
fn in_headers(text: &[u8]) -> Vec<u8> {
    let mut colons = (0..text.len()).filter(|&at| text.get(at) == Some(&b':'));
    let found = colons.find_map(|at| {
        let (name, value) = text.split_at_checked(at)?;
        let is_header = !value.starts_with(b"://") && ends_in_secret_header(name);
        (is_header && !value.trim_ascii().eq(b":")).then(|| text.split_at_checked(at + 1))?
    });
    let Some((before, value)) = found else {
        return text.to_vec();
    };
    let ends = |at: &usize| {
        let is_end = value.get(*at).is_some_and(|byte| b"\r\n".contains(byte));
        let next = value.get(at + 1).copied().unwrap_or(b'x');
        is_end && !b" \t\r\n".contains(&next)
    };
    let end = (0..value.len()).find(ends).unwrap_or(value.len());
    let rest = value.get(end..).unwrap_or_default();
    [before, b" ", REDACTED, &in_headers(rest)].concat()
}

/// Whether a text ends in the name of a header, or of a JSON field, that promises
/// a secret. What follows `/` or `@` belongs to a URL or an image.
fn ends_in_secret_header(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let name = text.split_last().filter(|(last, _)| is_quote(**last));
    let (before, name) = split_name(name.map_or(text, |(_, name)| name));
    before
        .last()
        .is_none_or(|byte| b" \t\r\n\"'{(,=".contains(byte))
        && is_secret_header(name)
}

/// Replaces the password of each `scheme://user:password@host`. A password may
/// contain any character, so it extends to the last `@` of the word.
fn in_urls(arg: &[u8]) -> Vec<u8> {
    const MARK: &[u8] = b"://";
    let Some(at) = arg.windows(MARK.len()).position(|window| window == MARK) else {
        return arg.to_vec();
    };
    let (before, rest) = arg.split_at(at + MARK.len());
    let next = rest.windows(MARK.len()).position(|window| window == MARK);
    let blank = rest.iter().position(u8::is_ascii_whitespace);
    let end = next.unwrap_or(rest.len()).min(blank.unwrap_or(rest.len()));
    let (url, after) = rest.split_at(end);
    let colon = url.iter().position(|&byte| byte == b':');
    let host = url.iter().rposition(|&byte| byte == b'@');
    let url = match (colon, host) {
        (Some(colon), Some(host)) if colon < host => [
            url.get(..=colon).unwrap_or_default(),
            REDACTED,
            url.get(host..).unwrap_or_default(),
        ]
        .concat(),
        _ => url.to_vec(),
    };
    [before, &url, &in_urls(after)].concat()
}

#[cfg(test)]
mod tests;
