//! Taking secrets out of what is recorded.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use zeroize::Zeroizing;

use super::record::{RecordedArg, RecordedArgs};
use super::tail::RECORD_MAX;
use crate::names::{EnvName, Sha256, Text, to_json_line};
use crate::providers::Secret;

/// A shorter value is replaced only where it is a whole argument: it would be
/// found by chance inside others.
const INSIDE_MIN: usize = 4;

/// Bytes kept of an argument that is too long for a record.
const HEAD: usize = 4 * 1024;

/// Room for arguments in a record; the rest of it needs less than a quarter.
const ARGS_MAX: usize = RECORD_MAX * 3 / 4;

/// Replaces the values of resolved secrets, in every form an argument would
/// carry them in, by `[secret:NAME]`.
#[derive(Default)]
pub struct Redactor {
    patterns: Vec<Pattern>,
}

struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    stand_in: String,
    whole_only: bool,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    /// Takes the values that are to be found.
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a EnvName, &'a Secret)>) -> Self {
        let mut patterns: Vec<_> = secrets
            .into_iter()
            .flat_map(|(name, secret)| patterns(name, secret.expose().as_bytes()))
            .collect();
        // The longest first: a value that contains another is replaced whole.
        patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.bytes.len()));
        Self { patterns }
    }

    /// Replaces every value in a text.
    pub fn text(&self, text: &OsStr) -> Text {
        let mut bytes = text.as_bytes().to_vec();
        for pattern in &self.patterns {
            if pattern.whole_only {
                if bytes == *pattern.bytes {
                    bytes = pattern.stand_in.clone().into_bytes();
                }
            } else {
                bytes = replaced(&bytes, &pattern.bytes, pattern.stand_in.as_bytes());
            }
        }
        Text::from(std::ffi::OsString::from_vec(bytes))
    }

    /// Records arguments so that they fit into one record.
    pub fn args(&self, args: &[Text]) -> RecordedArgs {
        let clean: Vec<Text> = args.iter().map(|arg| self.text(arg.as_os_str())).collect();
        let whole: Vec<_> = clean.iter().cloned().map(RecordedArg::Whole).collect();
        if to_json_line(&whole).len() <= ARGS_MAX {
            return RecordedArgs::List(whole);
        }
        let cut: Vec<_> = clean.iter().map(cut).collect();
        if to_json_line(&cut).len() <= ARGS_MAX {
            return RecordedArgs::List(cut);
        }
        let all: Vec<u8> = clean
            .iter()
            .flat_map(|arg| arg.as_os_str().as_bytes().iter().copied().chain([0]))
            .collect();
        RecordedArgs::Digest {
            count: clean.len(),
            sha256: Sha256::of(&all),
        }
    }
}

fn cut(arg: &Text) -> RecordedArg {
    let bytes = arg.as_os_str().as_bytes();
    match bytes.split_at_checked(HEAD) {
        Some((head, rest)) if !rest.is_empty() => RecordedArg::Cut {
            head: Text::from(OsStr::from_bytes(head)),
            len: bytes.len(),
            sha256: Sha256::of(bytes),
        },
        _ => RecordedArg::Whole(arg.clone()),
    }
}

fn patterns(name: &EnvName, value: &[u8]) -> Vec<Pattern> {
    let pattern = |bytes: Vec<u8>, whole_only| Pattern {
        bytes: Zeroizing::new(bytes),
        stand_in: format!("[secret:{name}]"),
        whole_only,
    };
    if value.len() < INSIDE_MIN {
        return vec![pattern(value.to_vec(), true)];
    }
    let forms = [
        value.to_vec(),
        percent(value, true),
        percent(value, false),
        json(value),
    ];
    let forms = forms.into_iter().chain(base64_forms(value));
    forms.map(|bytes| pattern(bytes, false)).collect()
}

/// The value inside a longer base64 text: whichever of three positions it
/// starts at, these characters stand in it whatever surrounds the value.
fn base64_forms(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(0, before)
            .chain(value.iter().copied())
            .collect();
        // Characters that also encode bits of neighbours are left out.
        let first = (before * 8).div_ceil(6);
        let last = padded.len() * 8 / 6;
        for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
            let text = engine.encode(&padded).into_bytes();
            let certain = text.get(first..last).unwrap_or_default();
            if certain.len() >= INSIDE_MIN {
                forms.push(certain.to_vec());
            }
        }
    }
    forms
}

fn percent(value: &[u8], upper: bool) -> Vec<u8> {
    let mut out = String::new();
    for &byte in value {
        // RFC 3986, section 2.3: the unreserved characters.
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else if upper {
            let _ = write!(out, "%{byte:02X}");
        } else {
            let _ = write!(out, "%{byte:02x}");
        }
    }
    out.into_bytes()
}

fn json(value: &[u8]) -> Vec<u8> {
    let quoted = serde_json::to_string(&String::from_utf8_lossy(value)).unwrap_or_default();
    quoted.trim_matches('"').as_bytes().to_vec()
}

fn replaced(text: &[u8], value: &[u8], stand_in: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.first() {
        if let Some(after) = rest.strip_prefix(value) {
            out.extend_from_slice(stand_in);
            rest = after;
        } else {
            out.push(*first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "hunter2/ü \"x";

    fn redactor(value: &str) -> Redactor {
        let secret = Secret::new(Zeroizing::new(value.as_bytes().to_vec())).unwrap();
        Redactor::of([(&"PW".parse().unwrap(), &secret)])
    }

    fn redacted(value: &str, text: &str) -> String {
        redactor(value).text(OsStr::new(text)).visible()
    }

    #[test]
    fn the_value_is_replaced_wherever_it_stands() {
        assert_eq!(redacted("hunter2", "--pw=hunter2!"), "--pw=[secret:PW]!");
        assert_eq!(redacted("hunter2", "plain"), "plain");
    }

    #[test]
    fn encoded_forms_are_replaced_too() {
        assert_eq!(redacted(VALUE, "hunter2%2F%C3%BC%20%22x"), "[secret:PW]");
        assert_eq!(redacted(VALUE, "hunter2%2f%c3%bc%20%22x"), "[secret:PW]");
        assert_eq!(
            redacted(VALUE, "{\"p\":\"hunter2/ü \\\"x\"}"),
            "{\"p\":\"[secret:PW]\"}"
        );
        for before in ["", "u", "us", "user:"] {
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                let text = engine.encode(format!("{before}{VALUE} and more"));
                assert!(
                    redacted(VALUE, &text).contains("[secret:PW]"),
                    "{before} {text}"
                );
            }
        }
    }

    #[test]
    fn a_short_value_is_replaced_only_as_a_whole_argument() {
        assert_eq!(redacted("abc", "abc"), "[secret:PW]");
        assert_eq!(redacted("abc", "fabcy"), "fabcy");
    }

    #[test]
    fn long_arguments_are_cut_and_too_many_become_a_digest() {
        let none = Redactor::default();
        let long = Text::from("x".repeat(1 << 20));
        let RecordedArgs::List(list) = none.args(std::slice::from_ref(&long)) else {
            panic!("not a list")
        };
        assert!(matches!(&list[0], RecordedArg::Cut { len: 1_048_576, .. }));
        let many: Vec<_> = (0..100_000).map(|_| Text::from("arg")).collect();
        let args = none.args(&many);
        assert!(matches!(args, RecordedArgs::Digest { count: 100_000, .. }));
    }
}
