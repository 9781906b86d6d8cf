//! The password of `name:password`, the value of some options.

use std::ops::Range;

/// The last word of the long options: `--proxy-user`, `--src-creds`.
const LONG: [&str; 5] = ["user", "login", "auth", "creds", "userpass"];

const SHORT: [&str; 2] = ["-u", "-U"];

pub(super) fn is_option(word: &[u8]) -> bool {
    SHORT.iter().any(|option| word == option.as_bytes()) || is_long(word)
}

fn is_long(word: &[u8]) -> bool {
    let last = word.rsplit(|&byte| byte == b'-').next();
    word.starts_with(b"--") && LONG.iter().any(|it| last == Some(it.as_bytes()))
}

/// In `--user=name:password` or `-uname:password`.
pub(super) fn in_joined(word: &[u8]) -> Option<Range<usize>> {
    let start = value_of_long(word).or_else(|| value_of_short(word))?;
    let password = password(word.get(start..)?)?;
    Some(start + password.start..start + password.end)
}

/// In a text that is one such option: the password may contain anything.
pub(super) fn in_whole(text: &[u8]) -> Vec<Range<usize>> {
    in_joined(text).into_iter().collect()
}

/// Where the value begins in the option.
fn value_of_long(word: &[u8]) -> Option<usize> {
    let equals = word.iter().position(|&byte| byte == b'=')?;
    is_long(word.get(..equals)?).then_some(equals + 1)
}

fn value_of_short(word: &[u8]) -> Option<usize> {
    SHORT.iter().find_map(|option| {
        let after = word.strip_prefix(option.as_bytes())?;
        let value = after.strip_prefix(b"=").unwrap_or(after);
        let is_joined = !value.first()?.is_ascii_whitespace();
        is_joined.then_some(word.len() - value.len())
    })
}

/// Two numbers are a user and a group, and `://` is a URL.
pub(super) fn password(word: &[u8]) -> Option<Range<usize>> {
    let colon = word.iter().position(|&byte| byte == b':')?;
    let (name, password) = (word.get(..colon)?, word.get(colon + 1..)?);
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    let are_ids = is_number(name) && is_number(password);
    let is_other = are_ids || password.is_empty() || password.starts_with(b"//");
    (!is_other).then_some(colon + 1..word.len())
}
