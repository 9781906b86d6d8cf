//! What an escape means: percent-encoding (RFC 3986), a form's, and that of JSON (RFC 8259).

/// What an escape at the beginning of a text means, and its length.
pub type EscapeAt = fn(&[u8]) -> Option<(Character, usize)>;

/// One character, or one byte that is not UTF-8.
#[derive(Clone, Copy, Default)]
pub struct Character {
    bytes: [u8; 4],
    length: usize,
}

impl Character {
    fn of_char(character: char) -> Self {
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    pub fn of_byte(byte: u8) -> Self {
        Self {
            bytes: [byte, 0, 0, 0],
            length: 1,
        }
    }

    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
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
