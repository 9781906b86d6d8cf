//! Hides what names promise to be secret in arguments and other texts: in refusals,
//! `explain`, the question of `confirm`, audit records and the lints of manifests.
//!
//! It errs on the side of hiding: a record without a path is still useful, and one
//! with a password is copied to other systems.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::Text;
use super::secret_names::{is_secret_header, promises_secret};

const REDACTED: &[u8] = b"[redacted]";

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

/// What follows a word.
#[derive(Clone, Copy)]
enum Value {
    Other,
    Secret,
    /// `name:password`
    UserAndPassword,
}

impl Value {
    /// After an option such as `--password`, or the `Bearer` of a header.
    fn after(word: &[u8]) -> Self {
        const OF_USERS: [&str; 4] = ["-u", "-U", "--user", "--proxy-user"];
        let is_option = word.starts_with(b"-");
        if OF_USERS.iter().any(|option| word == option.as_bytes()) {
            Self::UserAndPassword
        } else if (is_option && promises_secret(word)) || is_bearer(word) {
            Self::Secret
        } else {
            Self::Other
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

fn is_bearer(word: &[u8]) -> bool {
    word.strip_prefix(b"\"")
        .unwrap_or(word)
        .eq_ignore_ascii_case(b"bearer")
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
    let first = arg.iter().position(|&byte| byte == b'=');
    let name = arg.get(..first.unwrap_or(0)).unwrap_or_default();
    let is_name = name
        .iter()
        .all(|&byte| is_of_name(byte) || !byte.is_ascii());
    if is_name && promises_secret(name) && arg.len() > name.len() + 1 {
        // The value of one option may contain anything.
        return [name, b"=", REDACTED].concat();
    }
    in_urls(&in_words(&in_headers(arg)))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)
}

/// Replaces, in a text of several words such as a line of sh, the words after an
/// option, and the values of assignments and parameters.
fn in_words(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut next = Value::Other;
    for word in text.split_inclusive(u8::is_ascii_whitespace) {
        let bare = word.trim_ascii_end();
        let hidden = if bare.is_empty() {
            None
        } else {
            next.hidden(bare)
        };
        out.extend(hidden.unwrap_or_else(|| assigned(bare)));
        out.extend(word.get(bare.len()..).unwrap_or_default());
    }
    out
}

/// Replaces the value of every `name=value` in one word.
fn assigned(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.iter().position(|&byte| byte == b'=') {
        let (before, after) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        rest = after;
        let (_, name) = split_name(before.strip_suffix(b"=").unwrap_or_default());
        if promises_secret(name) && !rest.is_empty() {
            let end = rest.iter().position(|byte| b"&;'\"".contains(byte));
            out.extend_from_slice(REDACTED);
            rest = rest.split_at(end.unwrap_or(rest.len())).1;
        }
    }
    out.extend_from_slice(rest);
    out
}

/// Splits off the name at the end of a text.
fn split_name(text: &[u8]) -> (&[u8], &[u8]) {
    let before = text.iter().rposition(|&byte| !is_of_name(byte));
    text.split_at(before.map_or(0, |at| at + 1))
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
    let text = text.strip_suffix(b"\"").unwrap_or(text);
    let (before, name) = split_name(text);
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
mod tests {
    use super::*;

    fn recorded(args: &[&str]) -> Vec<String> {
        let args: Vec<_> = args.iter().map(|arg| Text::from(*arg)).collect();
        let clean = redact_args(&args);
        clean.iter().map(Text::visible).collect()
    }

    #[test]
    fn a_value_may_contain_a_secret_itself() {
        assert!(contains_secret("postgres://u:p@h/db") && !contains_secret("postgres://u@h/db"));
    }

    #[test]
    fn values_of_options_that_promise_a_secret_are_replaced() {
        for (args, expected) in [
            (vec!["--password=x"], vec!["--password=[redacted]"]),
            (
                vec!["--token", "x", "y"],
                vec!["--token", "[redacted]", "y"],
            ),
            (
                vec!["--db-password", "--x"],
                vec!["--db-password", "[redacted]"],
            ),
            (vec!["API_TOKEN=x y"], vec!["API_TOKEN=[redacted]"]),
            (vec!["--api-key=x=y"], vec!["--api-key=[redacted]"]),
            (vec!["--secret="], vec!["--secret="]),
            (vec!["token", "x"], vec!["token", "x"]),
            (vec!["--tokens", "x"], vec!["--tokens", "x"]),
            (vec!["--key-file=x"], vec!["--key-file=x"]),
            (vec!["--secret-key=x"], vec!["--secret-key=[redacted]"]),
            (vec!["--db-passwd", "x"], vec!["--db-passwd", "[redacted]"]),
            (vec!["--pass", "x"], vec!["--pass", "[redacted]"]),
            (
                vec!["--ask-password", "--password", "x"],
                vec!["--ask-password", "[redacted]", "[redacted]"],
            ),
            (
                vec!["--token", "--token", "x", "y"],
                vec!["--token", "[redacted]", "[redacted]", "y"],
            ),
            (
                vec!["--show-token", "-u", "me:x"],
                vec!["--show-token", "[redacted]", "me:[redacted]"],
            ),
            (
                vec!["--password", "--", "x", "y"],
                vec!["--password", "[redacted]", "[redacted]", "y"],
            ),
            (
                vec!["-u", "--", "me:x", "y"],
                vec!["-u", "--", "me:[redacted]", "y"],
            ),
            (vec!["--", "x"], vec!["--", "x"]),
            (vec!["--public-key", "x"], vec!["--public-key", "x"]),
            (vec!["--pwd-file", "x"], vec!["--pwd-file", "x"]),
            (vec!["-u", "me:x", "y"], vec!["-u", "me:[redacted]", "y"]),
            (vec!["--user", "1000:1000"], vec!["--user", "1000:1000"]),
            (vec!["-u", "https://h"], vec!["-u", "https://h"]),
            (vec!["-U", "postgres", "y"], vec!["-U", "postgres", "y"]),
            (
                vec!["-e", "PGPASSWORD=x"],
                vec!["-e", "PGPASSWORD=[redacted]"],
            ),
        ] {
            assert_eq!(recorded(&args), expected);
        }
    }

    #[test]
    fn secrets_inside_one_argument_are_replaced_too() {
        for (arg, expected) in [
            ("--env=PGPASSWORD=S", "--env=PGPASSWORD=[redacted]"),
            ("--set=db.password=S", "--set=db.password=[redacted]"),
            (
                "PGUSER=u PGPASSWORD=S psql",
                "PGUSER=u PGPASSWORD=[redacted] psql",
            ),
            (
                "curl --retry=3 --token=S",
                "curl --retry=3 --token=[redacted]",
            ),
            ("mysql --password S x", "mysql --password [redacted] x"),
            (
                "a --ask-password --password S x",
                "a --ask-password [redacted] [redacted] x",
            ),
            (
                "https://h/?a=b&access_token=S&c=d",
                "https://h/?a=b&access_token=[redacted]&c=d",
            ),
            ("curl -u me:S h", "curl -u me:[redacted] h"),
            ("Bearer S", "Bearer [redacted]"),
            (
                "Server=h;Uid=u;Pwd=S;Port=1",
                "Server=h;Uid=u;Pwd=[redacted];Port=1",
            ),
            ("https://h/b?sv=1&sig=S", "https://h/b?sv=1&sig=[redacted]"),
            ("PWD=/srv", "PWD=/srv"),
            ("a b", "a b"),
            ("x=1 y=2", "x=1 y=2"),
        ] {
            assert_eq!(recorded(&[arg]), [expected]);
        }
        let odd = Text::from(OsStr::from_bytes(b"\xff--password=S"));
        let clean = redact_args(&[odd]);
        assert_eq!(
            clean[0].as_os_str().as_bytes(),
            b"\xff--password=[redacted]"
        );
    }

    #[test]
    fn headers_and_passwords_in_urls_are_replaced() {
        for (arg, expected) in [
            ("authorization: Bearer x", "authorization: [redacted]"),
            ("Authorization : Bearer x", "Authorization : [redacted]"),
            ("X: 1", "X: 1"),
            ("PRIVATE-TOKEN: x", "PRIVATE-TOKEN: [redacted]"),
            ("X-Api-Key:x", "X-Api-Key: [redacted]"),
            ("Cookie: a=b; c=d", "Cookie: [redacted]"),
            ("-HPRIVATE-TOKEN: x", "-HPRIVATE-TOKEN: [redacted]"),
            (
                "--header=Private-Token: x",
                "--header=Private-Token: [redacted]",
            ),
            ("{\"token\": \"x\"}", "{\"token\": [redacted]"),
            ("PRIVATE-TOKEN:", "PRIVATE-TOKEN:"),
            ("registry/app-token:1.2", "registry/app-token:1.2"),
            (
                "arn:aws:secretsmanager:eu:1:secret:db",
                "arn:aws:secretsmanager:eu:1:secret:db",
            ),
            ("token://vault/item", "token://vault/item"),
            ("https://ci-token:x@h/y", "https://ci-token:[redacted]@h/y"),
            ("https://u:p@h/x", "https://u:[redacted]@h/x"),
            ("https://u:p@w/#?@h", "https://u:[redacted]@h"),
            ("https://u@h/", "https://u@h/"),
            (
                "a://u:S@h1,a://u:S@h2",
                "a://u:[redacted]@h1,a://u:[redacted]@h2",
            ),
            (
                "https://a:P@h/?token=x",
                "https://a:[redacted]@h/?token=[redacted]",
            ),
            (
                "a=https://u:p@h b=ftp://u:q@h",
                "a=https://u:[redacted]@h b=ftp://u:[redacted]@h",
            ),
            ("http://h:80/", "http://h:80/"),
        ] {
            assert_eq!(recorded(&[arg]), [expected]);
        }
        let two = "A: 1\nAuthorization: Basic x\n folded\r\nB: 2\nAuthorization: y";
        let expected = "A: 1\nAuthorization: [redacted]\nB: 2\nAuthorization: [redacted]";
        let clean = redact_args(&[Text::from(two)]);
        assert_eq!(clean[0].as_os_str(), expected);
    }
}
