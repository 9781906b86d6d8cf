//! Hides what is secret in arguments and other texts, by its name or its form: in
//! refusals, `explain`, the question of `confirm`, audit records and the lints of
//! manifests.
//!
//! It errs on the side of hiding: a record without a path is still useful, and one
//! with a password is copied to other systems.

use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;

use super::Text;
use super::decoded::{Decoded, each_reading};
use super::token::known_tokens;

mod assignments;
mod headers;
mod options;
mod private_keys;
mod quoting;
mod urls;
mod users;

/// Finds what is secret in a text.
type Find = fn(&[u8]) -> Vec<Range<usize>>;

const FINDERS: [Find; 8] = [
    assignments::in_whole,
    assignments::in_text,
    headers::in_text,
    options::in_text,
    users::in_whole,
    urls::in_text,
    private_keys::in_text,
    known_tokens,
];

/// Whether a value itself contains a secret: a password in a URL, a header, a token.
pub fn contains_secret(value: impl AsRef<OsStr>) -> bool {
    !in_readings(value.as_ref().as_bytes()).is_empty()
}

/// Replaces secrets in the arguments of a script.
pub fn redact_args(args: &[Text]) -> Vec<Text> {
    let mut words = options::Words::default();
    let redacted = args.iter().map(|arg| {
        let bytes = arg.as_os_str().as_bytes();
        let mut found = in_readings(bytes);
        found.extend(words.secret_in(bytes));
        Text::from(OsStr::from_bytes(&replaced(bytes, found)))
    });
    redacted.collect()
}

/// Finds what is secret in a text, and in what it means when it is decoded.
fn in_readings(text: &[u8]) -> Vec<Range<usize>> {
    /// `key=x`
    const SHORTEST: usize = 5;
    let mut found = Vec::new();
    each_reading(text, SHORTEST, |reading| {
        let reading = reading.only_texts(SHORTEST);
        for text in reading.texts(SHORTEST) {
            find_in(&reading, &text, &mut found);
        }
        Some(reading).filter(|reading| !reading.bytes.is_empty())
    });
    found
}

fn find_in(reading: &Decoded, text: &Range<usize>, found: &mut Vec<Range<usize>>) {
    let bytes = reading.bytes.get(text.clone()).unwrap_or_default();
    let secrets = FINDERS.iter().flat_map(|find| find(bytes));
    let sources = secrets.map(|it| reading.source(text.start + it.start..text.start + it.end));
    found.extend(sources);
}

/// Replaces some ranges, together where they touch.
fn replaced(text: &[u8], mut ranges: Vec<Range<usize>>) -> Vec<u8> {
    const REDACTED: &[u8] = b"[redacted]";
    ranges.sort_by_key(|range| range.start);
    let mut out = Vec::with_capacity(text.len());
    let mut end = None;
    for range in ranges {
        if end.is_none_or(|end| range.start > end) {
            out.extend_from_slice(text.get(end.unwrap_or(0)..range.start).unwrap_or_default());
            out.extend_from_slice(REDACTED);
        }
        end = end.max(Some(range.end));
    }
    out.extend_from_slice(text.get(end.unwrap_or(0)..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
