//! How programs write one character: as it is, or escaped, up to three times, one escape
//! inside the other.
//!
//! Encoders differ in which characters they escape, so each character is looked for in
//! every way by itself. Letters and digits are never escaped alone.

use std::collections::BTreeMap;

/// How many escapes inside one another are known.
const DEPTH: usize = 3;

/// A longer way of writing one character is not looked for.
const LONGEST: usize = 14;

type Spellings = Vec<Vec<u8>>;

type Escape = fn(&[u8]) -> Vec<u8>;

/// Percent-encoding (RFC 3986) in both cases, a form's `+`, JSON (RFC 8259), the quoting of
/// POSIX shells and of bash, and the line end of a terminal.
const ESCAPES: [Escape; 11] = [
    percent,
    percent_lower,
    |text| replaced(text, b' ', b"+"),
    short,
    |text| unicode(text, false),
    |text| unicode(text, true),
    backslash,
    |text| replaced(text, b'\'', b"'\\''"),
    |text| replaced(text, b'\'', b"'\"'\"'"),
    octal,
    |text| replaced(text, b'\n', b"\r\n"),
];

/// The ways of writing the characters of some texts; the first of each is as it is.
pub(super) struct Alphabet {
    /// Characters of one byte, by it.
    bytes: Vec<Spellings>,
    others: BTreeMap<Vec<u8>, Spellings>,
}

impl Default for Alphabet {
    fn default() -> Self {
        Self {
            bytes: vec![Spellings::new(); 256],
            others: BTreeMap::new(),
        }
    }
}

impl Alphabet {
    pub(super) fn learn(&mut self, text: &[u8]) {
        for character in characters(text) {
            if !self.spellings(character).is_empty() {
                continue;
            }
            let spellings = closure(character);
            match character {
                [byte] => {
                    if let Some(known) = self.bytes.get_mut(usize::from(*byte)) {
                        *known = spellings;
                    }
                }
                _ => drop(self.others.insert(character.to_vec(), spellings)),
            }
        }
    }

    pub(super) fn spellings(&self, character: &[u8]) -> &[Vec<u8>] {
        let known = match character {
            [byte] => self.bytes.get(usize::from(*byte)),
            _ => self.others.get(character),
        };
        known.map_or(&[], Vec::as_slice)
    }

    /// Every way of writing every character.
    pub(super) fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.bytes.iter().chain(self.others.values()).flatten()
    }
}

/// Those that programs apply to a text that is escaped already.
const AROUND: [Escape; 3] = [percent, percent_lower, short];

/// A text with the same escape at every character that has it, as digits encode it.
pub(super) fn alike(text: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const WHOLE: [Escape; 4] = [short, |text| ascii(&short(text)), percent, percent_lower];
    let all = WHOLE.into_iter().map(|escape| escape(text));
    all.filter(move |escaped| escaped != text)
}

/// The characters of a text, each byte of it that is not UTF-8 by itself.
pub(super) fn characters(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let whole = rest.get(..length);
        let whole = whole.filter(|bytes| std::str::from_utf8(bytes).is_ok());
        let (character, after) = rest.split_at_checked(whole.map_or(1, <[u8]>::len))?;
        rest = after;
        Some(character)
    })
}

fn closure(character: &[u8]) -> Spellings {
    let mut all = vec![character.to_vec()];
    if character.iter().all(u8::is_ascii_alphanumeric) {
        return all;
    }
    let mut from = 0;
    for depth in 0..DEPTH {
        let level = all.len();
        let escapes = if depth == 0 {
            ESCAPES.as_slice()
        } else {
            &AROUND
        };
        for at in from..level {
            for escape in escapes {
                let new = all.get(at).map(|text| escape(text)).unwrap_or_default();
                if new.len() <= LONGEST && !all.contains(&new) {
                    all.push(new);
                }
            }
        }
        from = level;
    }
    all
}

pub(super) fn each_byte(text: &[u8], write: impl Fn(u8) -> Vec<u8>) -> Vec<u8> {
    text.iter().flat_map(|byte| write(*byte)).collect()
}

/// Each byte as two digits, after a prefix.
pub(super) fn digits(text: &[u8], prefix: &[u8], digits: &[u8; 16]) -> Vec<u8> {
    let mut all = Vec::with_capacity(text.len() * (prefix.len() + 2));
    for byte in text {
        all.extend_from_slice(prefix);
        let halves = [byte >> 4, byte & 15].map(|half| digits.get(usize::from(half)));
        all.extend(halves.into_iter().flatten());
    }
    all
}

pub(super) const LOWER: &[u8; 16] = b"0123456789abcdef";
pub(super) const UPPER: &[u8; 16] = b"0123456789ABCDEF";

fn replaced(text: &[u8], byte: u8, by: &[u8]) -> Vec<u8> {
    each_byte(
        text,
        |one| {
            if one == byte { by.to_vec() } else { vec![one] }
        },
    )
}

fn percent(text: &[u8]) -> Vec<u8> {
    escaped(text, |byte| format!("%{byte:02X}"))
}

fn percent_lower(text: &[u8]) -> Vec<u8> {
    escaped(text, |byte| format!("%{byte:02x}"))
}

fn escaped(text: &[u8], write: fn(u8) -> String) -> Vec<u8> {
    each_byte(text, |byte| {
        if byte.is_ascii_alphanumeric() {
            vec![byte]
        } else {
            write(byte).into_bytes()
        }
    })
}

/// `\n` for a line feed, and the like.
fn short(text: &[u8]) -> Vec<u8> {
    each_byte(text, |byte| match byte {
        b'\n' => b"\\n".to_vec(),
        b'\r' => b"\\r".to_vec(),
        b'\t' => b"\\t".to_vec(),
        0x08 => b"\\b".to_vec(),
        0x0c => b"\\f".to_vec(),
        b'"' | b'\\' => vec![b'\\', byte],
        other => vec![other],
    })
}

/// `\u00e4`; what is not UTF-8 stays as it is.
fn unicode(text: &[u8], upper: bool) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else {
        return text.to_vec();
    };
    let mut escaped = Vec::new();
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            escaped.push(character as u8);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let unit = if upper {
                format!("\\u{unit:04X}")
            } else {
                format!("\\u{unit:04x}")
            };
            escaped.extend(unit.into_bytes());
        }
    }
    escaped
}

/// `\u00e4` for what is not ASCII only.
fn ascii(text: &[u8]) -> Vec<u8> {
    let parts = characters(text).map(|one| {
        if one.is_ascii() {
            one.to_vec()
        } else {
            unicode(one, false)
        }
    });
    parts.collect::<Vec<_>>().concat()
}

/// `\!`, as `printf %q` of bash writes it.
fn backslash(text: &[u8]) -> Vec<u8> {
    each_byte(text, |byte| {
        if byte.is_ascii_punctuation() || byte == b' ' {
            vec![b'\\', byte]
        } else {
            vec![byte]
        }
    })
}

/// `\303`, as bash writes a byte that is not ASCII in `$'…'`.
fn octal(text: &[u8]) -> Vec<u8> {
    each_byte(text, |byte| {
        if byte.is_ascii() && !byte.is_ascii_control() {
            vec![byte]
        } else {
            format!("\\{byte:03o}").into_bytes()
        }
    })
}
