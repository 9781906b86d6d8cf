//! The spellings of a value: each character as it is, percent-encoded (RFC 3986), as
//! a `+` for a space, or escaped as in JSON (RFC 8259).

/// What an escape at the beginning of a text means, and its length.
pub type EscapeAt = fn(&[u8]) -> Option<(Character, usize)>;

/// One character of a value, or one byte of a value that is not UTF-8.
#[derive(Clone, Copy, Default)]
pub struct Character {
    bytes: [u8; 4],
    length: usize,
    /// For its JSON escapes; none for a byte that is not UTF-8.
    unescaped: Option<char>,
}

impl zeroize::DefaultIsZeroes for Character {}

pub fn units(value: &[u8]) -> Vec<Character> {
    let mut units = Vec::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        units.extend(chunk.valid().chars().map(Character::of_char));
        units.extend(chunk.invalid().iter().copied().map(Character::of_byte));
    }
    units
}

impl Character {
    fn of_char(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self {
            bytes,
            length,
            unescaped: Some(character),
        }
    }

    pub fn of_byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
            unescaped: None,
        }
    }

    pub fn first(&self) -> u8 {
        self.bytes[0]
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Returns how many bytes of a text spell this character, for each spelling that
    /// matches.
    fn spellings(&self, text: &[u8]) -> impl Iterator<Item = usize> {
        let bytes = self.bytes();
        let raw = text.starts_with(bytes).then_some(self.length);
        let plus = (bytes == b" " && text.starts_with(b"+")).then_some(1);
        let ways = [raw, plus, percent(bytes, text), self.in_json(text)];
        ways.into_iter().flatten()
    }

    fn in_json(&self, text: &[u8]) -> Option<usize> {
        let character = self.unescaped?;
        let escaped = text.strip_prefix(b"\\")?;
        let short = match character {
            '\n' => b'n',
            '\t' => b't',
            '\r' => b'r',
            '\u{8}' => b'b',
            '\u{c}' => b'f',
            '"' | '\\' | '/' => self.bytes[0],
            _ => return unicode_escape(character, text),
        };
        if escaped.first() == Some(&short) {
            return Some(2);
        }
        unicode_escape(character, text)
    }
}

/// Each byte as `%XX`, in either case.
fn percent(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.iter().try_fold(0, |taken, byte| {
        let digits = text.get(taken..)?.strip_prefix(b"%")?.get(..2);
        (hex(digits) == Some(u16::from(*byte))).then_some(taken + 3)
    })
}

/// `\uXXXX`, twice for a character beyond the first plane.
fn unicode_escape(character: char, text: &[u8]) -> Option<usize> {
    let mut units = [0; 2];
    character
        .encode_utf16(&mut units)
        .iter()
        .try_fold(0, |taken, unit| {
            let digits = text.get(taken..)?.strip_prefix(b"\\u")?.get(..4);
            (hex(digits) == Some(*unit)).then_some(taken + 6)
        })
}

/// Matches every spelling of a value at once: a backslash or a percent sign in the text
/// may be literal or begin an escape.
pub fn spelled_at(units: &[Character], text: &[u8], scratch: &mut Scratch) -> Option<usize> {
    let Scratch { reached, next } = scratch;
    reached.clear();
    reached.push(0);
    for unit in units {
        next.clear();
        for &at in &*reached {
            let rest = text.get(at..)?;
            next.extend(unit.spellings(rest).map(|length| at + length));
        }
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return None;
        }
        std::mem::swap(reached, next);
    }
    reached.last().copied()
}

/// The first byte of a text, and the one that it may be an escape of.
pub fn first_readings(text: &[u8]) -> [Option<u8>; 2] {
    let raw = text.first().copied();
    let escape = match raw {
        Some(b'+') => Some(b' '),
        Some(b'%') => percent_escape(text).map(|it| it.0.first()),
        Some(b'\\') => json_escape(text).map(|it| it.0.first()),
        _ => None,
    };
    [raw, escape.filter(|byte| Some(*byte) != raw)]
}

/// What an escape at the beginning of a text means, and its length.
pub fn percent_escape(text: &[u8]) -> Option<(Character, usize)> {
    let digits = text.strip_prefix(b"%")?.get(..2);
    Some((Character::of_byte(hex(digits)?.to_be_bytes()[1]), 3))
}

/// The same in a form, where a `+` is a space (the URL standard).
pub fn form_escape(text: &[u8]) -> Option<(Character, usize)> {
    let is_space = text.first() == Some(&b'+');
    is_space
        .then(|| (Character::of_byte(b' '), 1))
        .or_else(|| percent_escape(text))
}

/// The same for an escape in JSON.
pub fn json_escape(text: &[u8]) -> Option<(Character, usize)> {
    let after = text.strip_prefix(b"\\")?;
    let character = match after.first()? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let units = [after.get(1..5), after.get(7..11)]
                .map(hex)
                .into_iter()
                .flatten();
            let character = char::decode_utf16(units).next()?.ok()?;
            return Some((Character::of_char(character), character.len_utf16() * 6));
        }
        b'"' | b'\\' | b'/' => char::from(*after.first()?),
        _ => return None,
    };
    Some((Character::of_char(character), 2))
}

fn hex(digits: Option<&[u8]>) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(digits?).ok()?, 16).ok()
}

/// The offsets reached while a value is matched, with memory that is reused.
#[derive(Default)]
pub struct Scratch {
    reached: Vec<usize>,
    next: Vec<usize>,
}
