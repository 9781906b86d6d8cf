//! Encodes texts as the programs do whose output ends up in arguments.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use proptest::prelude::*;

pub type Encoder = fn(&str) -> String;

pub fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn json_in_ascii(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    units.collect::<Vec<_>>().concat()
}

/// A form's encoding (the URL standard), in upper case.
fn form(text: &str) -> String {
    let parts = text.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    parts.collect::<Vec<_>>().concat()
}

pub fn percent(text: &str) -> String {
    let parts = text.bytes().map(|byte| format!("%{byte:02x}"));
    parts.collect::<Vec<_>>().concat()
}

pub fn hex(text: &str) -> String {
    percent(text).replace('%', "")
}

pub fn base64(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

fn base64_url(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

const ENCODERS: [Encoder; 7] = [json, json_in_ascii, form, percent, hex, base64, base64_url];

pub fn encodings() -> impl Strategy<Value = Vec<(Encoder, String, String)>> {
    let encoding = (
        proptest::sample::select(&ENCODERS),
        "[ -~]{0,7}",
        "[ -~]{0,7}",
    );
    proptest::collection::vec(encoding, 1..=3)
}
