//! Finds the values of secrets in a text, however they are encoded.
//!
//! The text is decoded, also several times ([`each_reading`]), and in each reading every
//! character of a value is looked for in all ways of writing it that masking knows
//! ([`Part`]). So what is masked in a stream is redacted in a record.

use std::ffi::{OsStr, OsString};
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use zeroize::Zeroizing;

use super::Secret;
use crate::masking::{Part, SHORTEST, Scratch, parts};
use crate::names::{EnvName, Text, each_reading};

/// Replaces values with `[secret:NAME]`.
#[derive(Default)]
pub struct Redactor {
    /// Each with the name of its secret.
    patterns: Vec<(String, Pattern)>,
    /// By the first byte of a word that every text with a pattern has.
    by_word: Vec<Vec<usize>>,
    /// The patterns without such a word.
    without_word: Vec<usize>,
}

enum Pattern {
    Spelled(Part),
    /// The value, if it is the whole text.
    Whole(Zeroizing<Vec<u8>>),
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

impl Redactor {
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a EnvName, &'a Secret)>) -> Self {
        let mut redactor = Self::default();
        redactor.by_word.resize_with(256, Vec::new);
        for (name, secret) in secrets {
            for pattern in parts(secret.expose().as_bytes()).map(Pattern::of) {
                let index = redactor.patterns.len();
                let first = pattern.word().first().map(|first| usize::from(*first));
                match first.and_then(|first| redactor.by_word.get_mut(first)) {
                    Some(list) => list.push(index),
                    None => redactor.without_word.push(index),
                }
                redactor.patterns.push((name.to_string(), pattern));
            }
        }
        redactor
    }

    /// Replaces every value in a text. Values that overlap are replaced
    /// together, so that no part of either is left.
    pub fn text(&self, text: &OsStr) -> Text {
        let bytes = text.as_bytes();
        let mut out = Vec::with_capacity(bytes.len());
        let mut end = 0;
        for (range, at) in self.matches(bytes) {
            out.extend_from_slice(bytes.get(end..range.start).unwrap_or_default());
            let name = self.patterns.get(at).map_or("", |one| &one.0);
            out.extend_from_slice(format!("[secret:{name}]").as_bytes());
            end = range.end;
        }
        out.extend_from_slice(bytes.get(end..).unwrap_or_default());
        Text::from(OsString::from_vec(out))
    }

    /// The ranges of values in the text, in order. Those that overlap are merged under the
    /// name of the first.
    fn matches(&self, text: &[u8]) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        let mut scratch = Scratch::default();
        if self.patterns.is_empty() {
            return found;
        }
        each_reading(text, SHORTEST, |reading| {
            self.search(&reading.bytes, &mut scratch, |range, index| {
                let source = reading.source(range);
                let is_whole = source == (0..text.len());
                if is_whole || !self.is_whole_only(index) {
                    found.push((source, index));
                }
            });
            Some(reading)
        });
        found.sort_by_key(|(range, _)| range.start);
        let mut merged: Vec<(Range<usize>, usize)> = Vec::new();
        for (range, index) in found {
            match merged.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, index)),
            }
        }
        merged
    }

    /// Reports each place of each value in some bytes. A value is not searched for inside
    /// itself, so that a repetitive one takes no longer.
    fn search(
        &self,
        bytes: &[u8],
        scratch: &mut Scratch,
        mut report: impl FnMut(Range<usize>, usize),
    ) {
        let Some(by_first) = self.by_first(bytes) else {
            return;
        };
        let mut until = vec![0; self.patterns.len()];
        for (start, first) in bytes.iter().enumerate() {
            let rest = bytes.get(start..).unwrap_or_default();
            let candidates = by_first.get(usize::from(*first)).into_iter().flatten();
            for index in candidates.copied() {
                let one = self.patterns.get(index).zip(until.get_mut(index));
                let Some(((_, pattern), until)) = one.filter(|(_, until)| start >= **until) else {
                    continue;
                };
                if let Some(length) = pattern.at(rest, start == 0, scratch) {
                    *until = start + length;
                    report(start..start + length, index);
                }
            }
        }
    }

    fn is_whole_only(&self, index: usize) -> bool {
        matches!(self.patterns.get(index), Some((_, Pattern::Whole(_))))
    }

    /// The patterns that a text may have, by each byte that they can begin with; none if
    /// there are none.
    fn by_first(&self, text: &[u8]) -> Option<Vec<Vec<usize>>> {
        let mut may_have = self.without_word.clone();
        for (at, byte) in text.iter().enumerate() {
            let rest = text.get(at..).unwrap_or_default();
            let known = self.by_word.get(usize::from(*byte)).into_iter().flatten();
            may_have.extend(known.filter(|index| {
                let pattern = self.patterns.get(**index);
                pattern.is_some_and(|(_, pattern)| rest.starts_with(pattern.word()))
            }));
        }
        may_have.sort_unstable();
        may_have.dedup();
        let mut by_first = (!may_have.is_empty()).then(|| vec![Vec::new(); 256])?;
        for index in may_have {
            let (_, pattern) = self.patterns.get(index)?;
            for first in pattern.first_bytes() {
                by_first.get_mut(usize::from(first))?.push(index);
            }
        }
        Some(by_first)
    }
}

impl Pattern {
    fn of(value: &[u8]) -> Self {
        if value.len() < SHORTEST {
            return Self::Whole(Zeroizing::new(value.to_vec()));
        }
        Self::Spelled(Part::of(value))
    }

    /// What every text with it has.
    fn word(&self) -> &[u8] {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Spelled(part) => part.longest_word(),
        }
    }

    fn first_bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) => bytes.first().copied().into_iter().collect(),
            Self::Spelled(part) => part.first_bytes(),
        }
    }

    /// How many bytes at the beginning of a text it matches.
    fn at(&self, text: &[u8], at_start: bool, scratch: &mut Scratch) -> Option<usize> {
        match self {
            Self::Whole(bytes) => (at_start && text == bytes.as_slice()).then_some(bytes.len()),
            Self::Spelled(part) => part.at(text, scratch),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
    use proptest::prelude::*;

    use super::*;
    use crate::names::encoders::{base64, encodings, hex, json, percent};

    const VALUE: &str = "p\u{e4}&ss!w(o)rd/1 \"x";

    fn secret(value: &str) -> Secret {
        Secret::new(Zeroizing::new(value.as_bytes().to_vec()))
    }

    fn redacted(values: &[&str], text: &str) -> String {
        let secrets: Vec<_> = values.iter().map(|value| secret(value)).collect();
        let names: Vec<EnvName> = (0..values.len())
            .map(|n| format!("S{n}").parse().unwrap())
            .collect();
        Redactor::of(names.iter().zip(&secrets))
            .text(OsStr::new(text))
            .visible()
    }

    #[test]
    fn a_value_is_replaced_wherever_it_is() {
        assert_eq!(redacted(&["hunter2"], "--pw=hunter2!"), "--pw=[secret:S0]!");
        assert_eq!(
            redacted(&["hunter2"], "plain %zz \\u12 +"),
            "plain %zz /u12 +".replace('/', "\\")
        );
    }

    #[test]
    fn every_spelling_of_an_encoder_is_replaced() {
        for spelled in [
            VALUE,
            "p%C3%A4&ss!w(o)rd/1 \"x",
            "p%C3%A4%26ss%21w%28o%29rd/1%20%22x",
            "p%c3%a4%26ss%21w%28o%29rd%2f1+%22x",
            "p%C3%A4%26ss!w(o)rd%2F1%20%22x",
            "p\\u00e4\\u0026ss!w(o)rd/1 \\\"x",
            "p\u{e4}&ss!w(o)rd\\/1 \\u0022x",
        ] {
            assert_eq!(redacted(&[VALUE], spelled), "[secret:S0]", "{spelled}");
        }
    }

    #[test]
    fn base64_is_found_at_each_of_its_three_positions() {
        for before in ["", "u", "us", "user:"] {
            for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
                let text = engine.encode(format!("{before}{VALUE} and more"));
                assert!(
                    redacted(&[VALUE], &text).contains("[secret:S0]"),
                    "{before} {text}"
                );
            }
        }
    }

    #[test]
    fn base64_that_is_wrapped_is_found() {
        let text = BASE64_STANDARD.encode(format!("before {VALUE} and more"));
        for (width, end) in [(4, "\n"), (13, "\r\n"), (9, "\\n"), (7, "%0D%0A"), (5, " ")] {
            let lines: Vec<_> = text.as_bytes().chunks(width).collect();
            let wrapped = String::from_utf8(lines.join(end.as_bytes())).unwrap();
            let redacted = redacted(&[VALUE], &wrapped);
            assert!(redacted.contains("[secret:S0]"), "{redacted}");
        }
    }

    #[test]
    fn overlapping_values_leave_no_part_and_a_replacement_is_left_alone() {
        assert_eq!(
            redacted(&["abcdefgh", "efghijklm"], "-abcdefghijklm-"),
            "-[secret:S0]-"
        );
        assert_eq!(redacted(&["secret", "ABCDEFGH"], "ABCDEFGH"), "[secret:S1]");
        assert_eq!(redacted(&["abcd", "abcdef"], "abcdef"), "[secret:S0]");
    }

    #[test]
    fn a_line_of_a_value_is_replaced_by_itself() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\r\nshort\n";
        assert_eq!(redacted(&[key], "x MIIEvQIBADANBg"), "x [secret:S0]");
        assert_eq!(redacted(&["s3cretline\n"], "s3cretline"), "[secret:S0]");
        assert_eq!(redacted(&[key], "short"), "short");
    }

    #[test]
    fn a_short_value_is_replaced_only_as_the_whole_text() {
        assert_eq!(redacted(&["abc"], "abc"), "[secret:S0]");
        assert_eq!(redacted(&["abc"], "fabcy"), "fabcy");
    }

    #[test]
    fn a_value_is_found_in_encodings_inside_one_another() {
        for text in [
            percent(&json(VALUE)),
            json(&json(&json(VALUE))),
            base64(&format!("https://h/?q={}", percent(&json(VALUE)))),
            json(&base64(&base64(VALUE))),
            percent(&percent(&percent(VALUE))),
            hex(&base64(VALUE)),
        ] {
            let text = redacted(&[VALUE], &text);
            assert!(text.contains("[secret:S0]"), "{text}");
        }
    }

    #[test]
    fn what_a_shell_quotes_is_replaced() {
        for (value, quoted) in [
            ("it's me", r"'it'\''s me'"),
            ("p w!d&(x)", r"p\ w\!d\&\(x\)"),
            ("a\nb\u{e4}cd", r"$'a\nb\303\244cd'"),
        ] {
            let text = redacted(&[value], quoted);
            assert!(text.contains("[secret:S0]"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_stream_masks_a_record_redacts(
            value in "[a-c'\"!/ %+]{4,9}|\\PC{4,9}", text in "[a-c'\"!/ %+\\\\2-7]{0,60}", at in 0..60_usize,
        ) {
            use crate::masking::{Masker, Stream};
            let (before, after) = text.split_at(text.len().min(at));
            let text = [before, &value, after].concat();
            let masker = Masker::of([("S0", value.as_bytes())]);
            let mut masked = false;
            let mut stream = Stream::new(&masker);
            let mut sink = |bytes: &[u8]| masked |= bytes == b"[secret:S0]";
            stream.push(text.as_bytes(), &mut sink);
            stream.release(&mut sink);
            prop_assert!(masked && redacted(&[&value], &text).contains("[secret:S0]"));
        }

        #[test]
        fn no_value_is_left_in_any_text(value in "\\PC{4,12}", before in "\\PC{0,8}", after in "\\PC{0,8}") {
            let json = serde_json::to_string(&value).unwrap();
            let json = json.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
            let percent: String = value.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
            for spelled in [value.as_str(), json, &percent] {
                let text = redacted(&[&value], &format!("{before}{spelled}{after}"));
                prop_assert!(!text.replace("[secret:S0]", "").contains(spelled), "{}", text);
                prop_assert!(text.contains("[secret:S0]"), "{}", text);
            }
        }

        #[test]
        fn no_encoding_inside_others_hides_a_value(value in "\\PC{4,40}", encodings in encodings()) {
            let mut text = value.clone();
            for (encode, before, after) in &encodings {
                text = encode(&format!("{before}{text}{after}"));
            }
            let text = redacted(&[&value], &text);
            prop_assert!(text.contains("[secret:S0]"), "{}", text);
            // Nothing that is left means it.
            prop_assert_eq!(redacted(&[&value], &text), text);
        }

        #[test]
        fn reading_a_text_takes_bounded_time(text in "([A-Za-z0-9+/]{0,40}|(%25){0,9}|(\\\\){0,9}){0,20}") {
            let mut read = 0;
            each_reading(text.as_bytes(), 4, |reading| {
                read += reading.bytes.len();
                Some(reading)
            });
            prop_assert!(read <= text.len() * 33);
        }
    }
}
