use proptest::prelude::*;

use super::*;
use crate::names::encoders::{base64, encodings, hex, json, percent};

fn masker(values: &[&[u8]]) -> Masker {
    const NAMES: [&str; 4] = ["A", "B", "C", "D"];
    Masker::of(NAMES.into_iter().zip(values.iter().copied()))
}

/// Masks a text in pieces of these lengths, and the rest of it at once.
fn masked_in(masker: &Masker, text: &[u8], lengths: &[usize]) -> Vec<u8> {
    let mut stream = Stream::new(masker);
    let mut out = Vec::new();
    let mut rest = text;
    for length in lengths {
        let (piece, after) = rest.split_at((*length).min(rest.len()));
        stream.push(piece, &mut |bytes| out.extend_from_slice(bytes));
        rest = after;
    }
    stream.push(rest, &mut |bytes| out.extend_from_slice(bytes));
    stream.release(&mut |bytes| out.extend_from_slice(bytes));
    assert!(!stream.is_holding());
    out
}

fn masked(values: &[&str], text: &str) -> String {
    let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
    let out = masked_in(&masker(&values), text.as_bytes(), &[]);
    String::from_utf8_lossy(&out).into_owned()
}

const VALUE: &str = "p\u{e4}&ss!w(o)rd/1 \"x";

#[test]
fn a_value_is_replaced_wherever_it_is() {
    assert_eq!(masked(&["hunter2"], "a hunter2, b"), "a [secret:A], b");
    assert_eq!(
        masked(&["hunter2"], "hunter2hunter2"),
        "[secret:A][secret:A]"
    );
    assert_eq!(masked(&["hunter2"], "hunter"), "hunter");
    assert_eq!(masked(&["abc"], "abc"), "abc", "too short");
    assert_eq!(masked(&[], "hunter2"), "hunter2");
}

#[test]
fn every_form_of_a_value_is_replaced() {
    for spelled in [
        VALUE,
        "p%C3%A4&ss!w(o)rd/1 \"x",
        "p%C3%A4%26ss%21w%28o%29rd%2F1%20%22x",
        "p%c3%a4%26ss%21w%28o%29rd%2f1+%22x",
        "p\\u00e4\\u0026ss!w(o)rd/1 \\\"x",
        "p\u{e4}&ss!w(o)rd\\/1 \\u0022x",
        "p\\303\\244&ss!w(o)rd/1 \"x",
        "p\u{e4}\\&ss\\!w\\(o\\)rd/1\\ \\\"x",
    ] {
        assert_eq!(masked(&[VALUE], spelled), "[secret:A]", "{spelled}");
    }
    assert_eq!(
        masked(&["it's me, it is"], r"'it'\''s me, it is'"),
        "'[secret:A]'"
    );
    assert_eq!(masked(&["a\nb\tcd"], r"$'a\nb\tcd'"), "$'[secret:A]'");
}

#[test]
fn base64_is_found_at_each_position_and_in_lines() {
    for before in ["", "u", "us", "user:"] {
        let text = base64(&format!("{before}{VALUE} and more, so that it is long"));
        for width in [20, 64, 76] {
            for end in ["\n", "\r\n", "\\n"] {
                let lines: Vec<_> = text.as_bytes().chunks(width).collect();
                let text = String::from_utf8(lines.join(end.as_bytes())).unwrap();
                let out = masked(&[VALUE], &text);
                assert!(out.contains("[secret:A]"), "{before} {width} {end}: {out}");
            }
        }
    }
}

#[test]
fn encodings_inside_one_another_are_found() {
    for text in [
        percent(&json(VALUE)),
        json(&json(&json(VALUE))),
        base64(&json(VALUE)),
        base64(&base64(VALUE)),
        hex(&base64(VALUE)),
        base64(&hex(VALUE)),
        percent(VALUE),
        hex(VALUE),
    ] {
        let text = masked(&[VALUE], &text);
        assert!(text.contains("[secret:A]"), "{text}");
    }
}

#[test]
fn overlapping_values_leave_no_part() {
    let both = ["abcdefgh", "efghijklm"];
    assert_eq!(masked(&both, "-abcdefghijklm-"), "-[secret:A]-");
    assert_eq!(masked(&["abcd", "abcdef"], "abcdefg"), "[secret:A]g");
    assert_eq!(masked(&["abcdef", "abcd"], "abcdefg"), "[secret:A]g");
    assert_eq!(masked(&["abcdef", "abcd"], "abcdeg"), "[secret:B]eg");
    assert_eq!(masked(&["same", "same"], "same"), "[secret:A]");
}

#[test]
fn lines_of_a_value_and_the_line_ends_of_a_terminal_are_found() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nshort\n";
    assert_eq!(masked(&[key], key), "[secret:A]");
    assert_eq!(masked(&[key], &key.replace('\n', "\r\n")), "[secret:A]");
    assert_eq!(masked(&[key], "x MIIEvQIBADANBg\r\n"), "x [secret:A]\r\n");
    assert_eq!(masked(&["s3cretline\n"], "s3cretline"), "[secret:A]");
    assert_eq!(masked(&[key], "short"), "short");
}

#[test]
fn a_long_value_is_one_and_holds_little_back() {
    let value: String = (0..20_000_u64)
        .map(|nth| char::from(b'a' + (nth * nth % 23) as u8))
        .collect();
    assert_eq!(masked(&[&value], &format!("<{value}>")), "<[secret:A]>");
    let encoded = base64(&value);
    let out = masked(&[&value], &encoded);
    assert!(out.len() < 16, "{}", out.len());
    let values = [value.as_bytes()];
    let masker = masker(&values);
    let mut stream = Stream::new(&masker);
    for byte in value.bytes() {
        stream.push(&[byte], &mut |_| {});
        assert!(stream.held.len() <= 1024);
    }
}

#[test]
fn a_prompt_is_handed_on_at_once() {
    let masker = masker(&[b"hunter2", b"Passw0rd"]);
    let mut out = Vec::new();
    let mut stream = Stream::new(&masker);
    stream.push(b"Password: ", &mut |bytes| out.extend_from_slice(bytes));
    assert_eq!(out, b"Password: ");
    stream.push(b"hunter", &mut |bytes| out.extend_from_slice(bytes));
    assert_eq!(out, b"Password: ");
    assert!(stream.is_holding());
    stream.release(&mut |bytes| out.extend_from_slice(bytes));
    assert_eq!(out, b"Password: hunter");
}

proptest! {
    #[test]
    fn the_pieces_of_a_text_make_no_difference(
        values in proptest::collection::vec("[ab]{4,6}|[ab/\n]{8,20}|\\PC{4,12}", 1..4),
        parts in proptest::collection::vec(("[ab/\n]{0,9}|\\PC{0,9}", 0..9_usize), 0..9),
        lengths in proptest::collection::vec(1..9_usize, 0..40),
    ) {
        let values: Vec<_> = values.iter().map(String::as_bytes).collect();
        let masker = masker(&values);
        let text: Vec<u8> = parts.iter().flat_map(|(before, which)| {
            let value = values.get(*which).copied().unwrap_or_default();
            [before.as_bytes(), value].concat()
        }).collect();
        let whole = masked_in(&masker, &text, &[]);
        prop_assert_eq!(masked_in(&masker, &text, &lengths), whole.clone());
        prop_assert_eq!(masked_in(&masker, &text, &vec![1; text.len()]), whole);
    }

    #[test]
    fn values_of_two_letters_are_replaced_as_in_the_whole_text(
        values in proptest::collection::vec("[ab]{4,7}", 1..4),
        text in "[ab]{0,60}",
    ) {
        let bytes: Vec<_> = values.iter().map(String::as_bytes).collect();
        let out = masked_in(&masker(&bytes), text.as_bytes(), &[]);
        prop_assert_eq!(String::from_utf8(out).unwrap(), in_whole(&values, &text));
    }

    #[test]
    fn a_text_without_values_is_unchanged(
        value in "[!-~]{9,20}", text in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let masker = masker(&[value.as_bytes()]);
        let out = masked_in(&masker, &text, &[7, 1, 30]);
        prop_assert!(out == text || out.windows(8).any(|part| part == b"[secret:"));
        let plain: Vec<u8> = text.iter().map(|byte| byte | 0x80).collect();
        prop_assert_eq!(masked_in(&masker, &plain, &[7, 1, 30]), plain);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn no_encoding_hides_a_value(
        value in "\\PC{4,16}", encodings in encodings(), lengths in proptest::collection::vec(1..9_usize, 0..40),
    ) {
        let mut text = value.clone();
        for (encode, before, after) in encodings.iter().take(1) {
            text = encode(&format!("{before}{text}{after}"));
        }
        let out = masked_in(&masker(&[value.as_bytes()]), text.as_bytes(), &lengths);
        let out = String::from_utf8_lossy(&out).into_owned();
        prop_assert!(out.contains("[secret:A]"), "{} -> {}", text, out);
    }
}

/// Replaces values of letters that no encoding changes, in the whole text.
fn in_whole(values: &[String], text: &str) -> String {
    let mut out = String::new();
    let mut covered = 0;
    for (at, letter) in text.char_indices() {
        let (_, rest) = text.split_at(at);
        let here = values.iter().zip(["A", "B", "C", "D"]);
        let here = here.filter(|(value, _)| rest.starts_with(*value));
        let first = here.clone().next();
        let longest = here.map(|(value, _)| value.len()).max();
        match first {
            Some((_, name)) if at >= covered => out.extend(["[secret:", name, "]"]),
            None if at >= covered => out.push(letter),
            _ => {}
        }
        covered = covered.max(at + longest.unwrap_or_default());
    }
    out
}

#[test]
fn a_text_without_forms_is_skipped_and_one_that_nearly_has_them_too() {
    let masker = masker(&[b"hunter2-Passw0rd", b"0123456789abcdefXYZ"]);
    for byte in [b'\0', b' ', 0xd0, 0xff] {
        assert_eq!(masker.next(&[byte; 1000], 0), None, "{byte}");
    }
    let nearly = b"hunter2-Passw0r!".repeat(100);
    let mut at = 0;
    let mut compared = 0;
    while let Some(candidate) = masker.next(&nearly, at) {
        (at, compared) = (candidate + 1, compared + 1);
    }
    assert!(compared < 20, "{compared}");
}
