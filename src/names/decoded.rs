//! What a text means when it is decoded: percent-encoding (RFC 3986), JSON escapes
//! (RFC 8259), base64 in both alphabets and hexadecimal digits (RFC 4648), also one
//! inside the other.

use std::ops::Range;

use super::spelling::{Character, EscapeAt, form_escape, json_escape, percent_escape};

/// How many encodings inside one another are decoded.
const DEPTH: usize = 3;

/// How many bytes are decoded in all, for each byte of the text: what it may mean grows
/// with every encoding.
const BUDGET: usize = 32;

/// Bytes, and which part of the text each of them is from.
pub struct Decoded {
    pub bytes: Vec<u8>,
    /// None for the text itself.
    origin: Option<Vec<Part>>,
    /// Whether they are what digits mean: most digits are no encoding of anything.
    is_of_digits: bool,
}

/// Calls a function with the text, and with what it means in one encoding, in two, and
/// so on: what the function returns is decoded further. An encoding that cannot hold
/// `shortest` bytes is left out.
pub fn each_reading(
    text: &[u8],
    shortest: usize,
    mut visit: impl FnMut(Decoded) -> Option<Decoded>,
) {
    let mut budget = text.len().saturating_mul(BUDGET);
    let whole = Decoded {
        bytes: text.to_vec(),
        origin: None,
        is_of_digits: false,
    };
    let mut level: Vec<_> = visit(whole).into_iter().collect();
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for reading in level.iter().flat_map(|one| one.readings(shortest)) {
            let Some(left) = budget.checked_sub(reading.bytes.len()) else {
                return;
            };
            budget = left;
            next.extend(visit(reading));
        }
        level = next;
    }
}

impl Decoded {
    /// Returns the part of the text that some bytes are from.
    pub fn source(&self, bytes: Range<usize>) -> Range<usize> {
        let Some(origin) = &self.origin else {
            return bytes;
        };
        let parts = origin.get(bytes).unwrap_or_default();
        let start = parts.first().map_or(0, |part| part.0);
        let end = parts.last().map_or(start, |part| part.1);
        start as usize..end as usize
    }

    /// Without what is no text of some length, but for the byte after each text.
    pub fn only_texts(self, shortest: usize) -> Self {
        let Some(origin) = self.origin.as_ref().filter(|_| self.is_of_digits) else {
            return self;
        };
        let texts = self.texts(shortest);
        let kept = texts.iter().flat_map(|text| text.start..text.end + 1);
        let kept = kept.filter_map(|at| Some((*self.bytes.get(at)?, *origin.get(at)?)));
        let (bytes, origin) = kept.unzip();
        Self {
            bytes,
            origin: Some(origin),
            ..self
        }
    }

    /// Where there may be text of some length.
    pub fn texts(&self, shortest: usize) -> Vec<Range<usize>> {
        if !self.is_of_digits {
            return std::iter::once(0..self.bytes.len()).collect();
        }
        let is_end = |c: char| c.is_control() && !"\t\r\n".contains(c);
        let mut found = Vec::new();
        let mut at = 0;
        for chunk in self.bytes.utf8_chunks() {
            for piece in chunk.valid().split_inclusive(is_end) {
                let end = at + piece.trim_end_matches(is_end).len();
                found.extend((end - at >= shortest).then_some(at..end));
                at += piece.len();
            }
            at += chunk.invalid().len();
        }
        found
    }

    fn readings(&self, shortest: usize) -> Vec<Self> {
        let is_form = self.bytes.contains(&b'+');
        let escapes = [percent_escape as EscapeAt, json_escape]
            .into_iter()
            .chain(is_form.then_some(form_escape as EscapeAt));
        let mut readings: Vec<_> = escapes.filter_map(|it| self.unescaped(it)).collect();
        for (value, bits, positions) in DIGITS {
            let digits = self.digits(value);
            // The first digit of a byte may be any of the first ones.
            let starts = (0..positions).filter_map(|start| digits.get(start..));
            let held = starts.filter(|digits| digits.len() * bits >= shortest * 8);
            readings.extend(held.map(|digits| joined(digits, bits)));
        }
        readings
    }

    /// The bytes with what each escape means; none if there is no escape.
    fn unescaped(&self, escape: EscapeAt) -> Option<Self> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut origin = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        while let Some(rest @ [first, ..]) = self.bytes.get(at..) {
            let (means, length) = escape(rest).unwrap_or((Character::of_byte(*first), 1));
            bytes.extend_from_slice(means.bytes());
            let part = self.part(at..at + length);
            origin.extend(means.bytes().iter().map(|_| part));
            at += length;
        }
        (bytes.len() < self.bytes.len()).then_some(Self {
            bytes,
            origin: Some(origin),
            ..*self
        })
    }

    /// The digits of an encoding, in order. What is between them is skipped: line ends,
    /// padding, other words.
    fn digits(&self, value: DigitValue) -> Vec<Digit> {
        let bytes = self.bytes.iter().enumerate();
        let digits = bytes.filter_map(|(at, &byte)| Some((value(byte)?, self.part(at..at + 1))));
        digits.collect()
    }

    fn part(&self, bytes: Range<usize>) -> Part {
        let source = self.source(bytes);
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        (offset(source.start), offset(source.end))
    }
}

type DigitValue = fn(u8) -> Option<u8>;

/// Where a part of the text begins and ends.
type Part = (u32, u32);

/// The value of a digit, and the part of the text it is from.
type Digit = (u8, Part);

/// For each encoding by digits: the value of one, its bits, and how many positions in
/// a group of whole bytes it has.
const DIGITS: [(DigitValue, usize, usize); 2] = [(base64_digit, 6, 4), (hex_digit, 4, 2)];

fn base64_digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// The whole bytes that some digits make.
fn joined(digits: &[Digit], bits: usize) -> Decoded {
    let count = digits.len() * bits / 8;
    let decoded = (0..count).filter_map(|nth| {
        let (start, end) = (nth * 8, nth * 8 + 8);
        let last = end.div_ceil(bits);
        let parts = digits.get(start / bits..last)?;
        let all = parts
            .iter()
            .fold(0, |all, (value, _)| all << bits | u32::from(*value));
        let byte = all >> (last * bits - end);
        let (first, last) = (parts.first()?.1, parts.last()?.1);
        Some((byte.to_le_bytes()[0], (first.0, last.1)))
    });
    let (bytes, origin) = decoded.unzip();
    Decoded {
        bytes,
        origin: Some(origin),
        is_of_digits: true,
    }
}
