//! Encodings of a whole value: base64 and hexadecimal digits (RFC 4648), escapes of every
//! character, and one inside the other.

use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD, Engine};

use super::escapes::{LOWER, UPPER, alike, digits};

/// An encoded value, and whether line ends may be inside.
pub(super) type Encoded = (Vec<u8>, bool);

/// A value as it is, and encoded; the same text is listed once. A `simple` one is not
/// encoded twice.
pub(super) fn encoded(value: &[u8], simple: bool) -> Vec<Encoded> {
    let mut all = vec![(value.to_vec(), false)];
    all.extend(in_base64(value));
    all.extend(in_hex(value).map(|text| (text, false)));
    if !simple {
        for escaped in alike(value) {
            all.extend(in_base64(&escaped));
            all.extend(in_full(&escaped).map(|text| (text, false)));
        }
        all.extend(in_full(value).map(|text| (text, false)));
        for digits in in_base64(value).map(|(digits, _)| digits) {
            all.extend(in_base64(&digits));
            all.extend(in_hex(&digits).map(|text| (text, false)));
        }
        for digits in in_hex(value) {
            all.extend(in_base64(&digits));
        }
    }
    let mut listed: Vec<Encoded> = Vec::with_capacity(all.len());
    for one in all {
        if one.0.len() >= super::SHORTEST && !listed.iter().any(|other| other.0 == one.0) {
            listed.push(one);
        }
    }
    listed
}

/// The digits that only the value decides, at each of its three positions in a group, in
/// both alphabets.
fn in_base64(value: &[u8]) -> impl Iterator<Item = Encoded> {
    let of = |engine: &dyn Fn(&[u8]) -> String, before: usize| {
        let padded = [vec![0; before], value.to_vec()].concat();
        let digits = engine(&padded).into_bytes();
        let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
        (digits.get(first..last).unwrap_or_default().to_vec(), true)
    };
    let standard = |bytes: &[u8]| BASE64_STANDARD_NO_PAD.encode(bytes);
    let url = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let all: Vec<_> = (0..3)
        .flat_map(|before| [of(&standard, before), of(&url, before)])
        .collect();
    all.into_iter()
}

fn in_hex(value: &[u8]) -> [Vec<u8>; 2] {
    [digits(value, b"", LOWER), digits(value, b"", UPPER)]
}

/// With every character escaped, letters and digits too.
fn in_full(value: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let lower = digits(value, b"%", LOWER);
    let upper = digits(value, b"%", UPPER);
    let unicode = std::str::from_utf8(value).ok().map(|text| {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        units.collect::<Vec<_>>().concat().into_bytes()
    });
    [Some(lower), Some(upper), unicode].into_iter().flatten()
}
