//! What people type that is a secret by its name: the values of options such as
//! `--password`, `Authorization` headers, passwords in URLs.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::names::Text;

const STAND_IN: &[u8] = b"[redacted]";

/// Replaces, in the arguments of a script, what is a secret by its name.
pub(super) fn without_named_secrets(args: &[Text]) -> Vec<Text> {
    let mut names_next = false;
    let clean = args.iter().map(|arg| {
        let bytes = arg.as_os_str().as_bytes();
        if std::mem::take(&mut names_next) {
            return text(STAND_IN);
        }
        names_next = bytes.starts_with(b"-") && promises_secret(bytes);
        text(&clean(bytes))
    });
    clean.collect()
}

fn text(bytes: &[u8]) -> Text {
    Text::from(OsStr::from_bytes(bytes))
}

fn clean(arg: &[u8]) -> Cow<'_, [u8]> {
    if let Some(at) = arg.iter().position(|&byte| byte == b'=') {
        let (name, value) = arg.split_at(at);
        if promises_secret(name) && value.len() > 1 {
            return Cow::Owned([name, b"=", STAND_IN].concat());
        }
    }
    let without_header = after_header(arg);
    match in_url(&without_header) {
        Some(clean) => Cow::Owned(clean),
        None => without_header,
    }
}

/// Says whether a name, such as `--db-password` or `API_TOKEN`, promises a
/// secret.
fn promises_secret(name: &[u8]) -> bool {
    const ENDS: [&str; 7] = [
        "password",
        "passwd",
        "passphrase",
        "token",
        "secret",
        "api_key",
        "apikey",
    ];
    let Ok(name) = str::from_utf8(name) else {
        return false;
    };
    let name = name.to_ascii_lowercase().replace('-', "_");
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Replaces what stands behind `Authorization:`, to the end of its line.
fn after_header(arg: &[u8]) -> Cow<'_, [u8]> {
    const HEADER: &[u8] = b"authorization:";
    let windows = arg.windows(HEADER.len());
    let mut starts = windows.enumerate();
    let Some((at, _)) = starts.find(|(_, window)| window.eq_ignore_ascii_case(HEADER)) else {
        return Cow::Borrowed(arg);
    };
    let (before, value) = arg.split_at(at + HEADER.len());
    let end = value.iter().position(|byte| b"\r\n".contains(byte));
    let rest = value.get(end.unwrap_or(value.len())..).unwrap_or_default();
    Cow::Owned([before, b" ", STAND_IN, &after_header(rest)].concat())
}

/// Replaces the password of `scheme://user:password@host`.
fn in_url(arg: &[u8]) -> Option<Vec<u8>> {
    let at = arg.windows(3).position(|window| window == b"://")? + 3;
    let (before, rest) = arg.split_at(at);
    let end = rest.iter().position(|byte| b"/?# \t\r\n".contains(byte));
    let (authority, behind) = rest.split_at(end.unwrap_or(rest.len()));
    let behind = in_url(behind).unwrap_or_else(|| behind.to_vec());
    let authority = match authority.iter().rposition(|&byte| byte == b'@') {
        Some(host) => {
            let (who, host) = authority.split_at(host);
            let colon = who.iter().position(|&byte| byte == b':');
            let who = match colon {
                Some(colon) => [who.get(..=colon).unwrap_or_default(), STAND_IN].concat(),
                None => who.to_vec(),
            };
            [who, host.to_vec()].concat()
        }
        None => authority.to_vec(),
    };
    Some([before, &authority, &behind].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(args: &[&str]) -> Vec<String> {
        let args: Vec<_> = args.iter().map(|arg| Text::from(*arg)).collect();
        let clean = without_named_secrets(&args);
        clean.iter().map(Text::visible).collect()
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
            (vec!["API_TOKEN=x"], vec!["API_TOKEN=[redacted]"]),
            (vec!["--api-key=x=y"], vec!["--api-key=[redacted]"]),
            (vec!["--secret="], vec!["--secret="]),
            (vec!["token", "x"], vec!["token", "x"]),
            (vec!["--tokens", "x"], vec!["--tokens", "x"]),
            (vec!["--key-file=x"], vec!["--key-file=x"]),
        ] {
            assert_eq!(recorded(&args), expected);
        }
    }

    #[test]
    fn headers_and_passwords_in_urls_are_replaced() {
        for (arg, expected) in [
            ("authorization: Bearer x", "authorization: [redacted]"),
            ("X: 1", "X: 1"),
            ("https://u:p@h/x", "https://u:[redacted]@h/x"),
            ("https://u:p@w@h", "https://u:[redacted]@h"),
            ("https://u@h/a:b@c", "https://u@h/a:b@c"),
            (
                "a=https://u:p@h b=ftp://u:q@h",
                "a=https://u:[redacted]@h b=ftp://u:[redacted]@h",
            ),
            ("http://h:80/", "http://h:80/"),
        ] {
            assert_eq!(recorded(&[arg]), [expected]);
        }
        let two = "A: 1\nAuthorization: Basic x\r\nB: 2\nAuthorization: y";
        let expected = "A: 1\nAuthorization: [redacted]\r\nB: 2\nAuthorization: [redacted]";
        let clean = without_named_secrets(&[Text::from(two)]);
        assert_eq!(clean[0].as_os_str(), expected);
    }
}
