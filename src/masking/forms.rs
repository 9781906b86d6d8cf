//! Every form of every value, and where one begins in a text.

use zeroize::Zeroizing;

use super::SHORTEST;
use super::encodings::{Encoded, encoded};
use super::escapes::{Alphabet, characters};
use super::values::parts;

/// A longer form is looked for in pieces of this length, so that none holds much back.
const PIECE: usize = 256;

/// What may be between two digits of base64: programs write it in lines.
const LINE_ENDS: [&[u8]; 4] = [b"\n", b"\r\n", b"\r\r\n", b"\\n"];

/// The value of a secret in one encoding.
pub(super) struct Form {
    /// The position of its secret.
    pub(super) secret: usize,
    pub(super) text: Zeroizing<Vec<u8>>,
    /// Whether line ends may be inside.
    pub(super) in_lines: bool,
    /// Whether it is the rest of a longer form.
    pub(super) continues: bool,
}

/// What begins at one place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    Nothing,
    /// The text ends too early to know.
    Begins,
    /// So many bytes.
    Matches(usize),
}

impl Form {
    /// The shortest way of writing it.
    pub(super) fn shortest(&self) -> usize {
        self.text.len()
    }

    /// What of this form begins at the beginning of a text, whatever is escaped in it.
    pub(super) fn at(&self, text: &[u8], alphabet: &Alphabet, scratch: &mut Scratch) -> At {
        let Scratch { reached, next } = scratch;
        reached.clear();
        reached.push(0);
        let mut begins = false;
        let mut wanted = self.text.as_slice();
        while !wanted.is_empty() {
            if let [at] = reached.as_mut_slice() {
                let same = same_plain(text.get(*at..).unwrap_or_default(), wanted);
                *at += same;
                wanted = wanted.get(same..).unwrap_or_default();
            }
            let Some(character) = characters(wanted).next() else {
                break;
            };
            let is_inside = self.in_lines && wanted.len() < self.text.len();
            let ends = if is_inside { LINE_ENDS.as_slice() } else { &[] };
            next.clear();
            for &at in &*reached {
                begins |= step(text, at, (character, alphabet), ends, next);
            }
            if next.is_empty() {
                return if begins { At::Begins } else { At::Nothing };
            }
            next.sort_unstable();
            next.dedup();
            std::mem::swap(reached, next);
            wanted = wanted.get(character.len()..).unwrap_or_default();
        }
        At::Matches(reached.last().copied().unwrap_or_default())
    }
}

/// How many bytes at the beginning of a text are those wanted, and cannot begin an escape
/// or a line end: there is one way of reading them. They are compared in blocks, since a
/// repetitive value begins anywhere in a repetitive text.
fn same_plain(text: &[u8], wanted: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_plain = |byte: &u8| !b"%\\'+\r\n".contains(byte);
    let blocks = text.chunks_exact(BLOCK).zip(wanted.chunks_exact(BLOCK));
    let same = blocks.take_while(|(a, b)| a == b && b.iter().all(is_plain));
    let same = same.count() * BLOCK;
    let rest = text.get(same..).unwrap_or_default().iter();
    let rest = rest.zip(wanted.get(same..).unwrap_or_default());
    same + rest.take_while(|(a, b)| a == b && is_plain(a)).count()
}

/// Adds where a character ends that begins at `at`, or after one of the line ends there.
/// Returns whether the text ends inside.
fn step(
    text: &[u8],
    at: usize,
    (character, alphabet): (&[u8], &Alphabet),
    line_ends: &[&[u8]],
    next: &mut Vec<usize>,
) -> bool {
    let Some(rest) = text.get(at..) else {
        return false;
    };
    if let ([wanted], Some(found)) = (character, rest.first())
        && wanted.is_ascii_alphanumeric()
        && line_ends.is_empty()
    {
        next.extend((wanted == found).then_some(at + 1));
        return false;
    }
    let mut begins = rest.is_empty();
    for spelling in alphabet.spellings(character) {
        match compare(rest, spelling) {
            At::Matches(length) => next.push(at + length),
            At::Begins => begins = true,
            At::Nothing => {}
        }
    }
    for end in line_ends {
        match compare(rest, end) {
            At::Matches(length) => {
                let after = step(text, at + length, (character, alphabet), &[], next);
                begins |= after;
            }
            At::Begins => begins = true,
            At::Nothing => {}
        }
    }
    begins
}

fn compare(text: &[u8], wanted: &[u8]) -> At {
    if text.starts_with(wanted) {
        At::Matches(wanted.len())
    } else if wanted.starts_with(text) {
        At::Begins
    } else {
        At::Nothing
    }
}

/// Room for the search of one place.
#[derive(Default)]
pub struct Scratch {
    reached: Vec<usize>,
    next: Vec<usize>,
}

/// What begins at one place of a text, of all forms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// The first secret of those that match, and the end of the longest.
    pub(super) matched: Option<Match>,
    /// The first secret of those that may begin there.
    pub(super) begins: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) secret: usize,
    pub(super) length: usize,
    pub(super) continues: bool,
}

impl Found {
    fn add(&mut self, form: &Form, at: At) {
        match at {
            At::Nothing => {}
            At::Begins => {
                let first = self.begins.map_or(form.secret, |one| one.min(form.secret));
                self.begins = Some(first);
            }
            At::Matches(length) => {
                let new = Match {
                    secret: form.secret,
                    length,
                    continues: form.continues,
                };
                let first = self.matched.filter(|one| one.secret <= new.secret);
                let first = first.unwrap_or(new);
                let longest = self.matched.map_or(length, |one| one.length.max(length));
                self.matched = Some(Match {
                    length: longest,
                    ..first
                });
            }
        }
    }
}

/// The forms of all secrets.
#[derive(Default)]
pub struct Forms {
    all: Vec<Form>,
    alphabet: Alphabet,
    /// Each with the first three bytes that a way of writing it has, in order.
    by_start: Vec<([u8; 3], usize)>,
    /// For each byte the first secret that a form can begin with.
    starts: Vec<Option<usize>>,
}

impl Forms {
    /// In the order in which the first of two counts.
    pub fn of<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut forms = Self {
            starts: vec![None; 256],
            ..Self::default()
        };
        for (secret, value) in values.into_iter().enumerate() {
            for (nth, part) in parts(value).enumerate() {
                if part.len() >= SHORTEST {
                    for encoded in encoded(part, nth > 0 || part.len() > PIECE) {
                        forms.add(secret, &encoded);
                    }
                }
            }
        }
        forms.by_start.sort_unstable();
        forms
    }

    pub(super) fn all(&self) -> &[Form] {
        &self.all
    }

    pub(super) fn alphabet(&self) -> &Alphabet {
        &self.alphabet
    }

    /// The first three bytes of every way of writing a form.
    pub(super) fn starts(&self) -> impl Iterator<Item = [u8; 3]> {
        self.by_start.iter().map(|(start, _)| *start)
    }

    fn add(&mut self, secret: usize, (text, in_lines): &Encoded) {
        for (nth, piece) in pieces(text).into_iter().enumerate() {
            let form = Form {
                secret,
                text: Zeroizing::new(piece.to_vec()),
                in_lines: *in_lines,
                continues: nth > 0,
            };
            self.alphabet.learn(&form.text);
            for start in starts(&form, &self.alphabet) {
                if let Some(known) = self.starts.get_mut(usize::from(start[0])) {
                    known.get_or_insert(secret);
                }
                self.by_start.push((start, self.all.len()));
            }
            self.all.push(form);
        }
    }

    fn starting_with(&self, byte: u8) -> Option<usize> {
        self.starts.get(usize::from(byte)).copied().flatten()
    }

    pub(super) fn can_start(&self, byte: u8) -> bool {
        self.starting_with(byte).is_some()
    }

    /// What begins at the beginning of a text.
    pub(super) fn find(&self, text: &[u8], scratch: &mut Scratch) -> Found {
        let mut found = Found::default();
        match text {
            [] => {}
            // No form is so short.
            [first] => found.begins = self.starting_with(*first),
            [a, b] => {
                let forms = self.starting([*a, *b, 0], [*a, *b, u8::MAX]);
                found.begins = forms.map(|form| form.secret).min();
            }
            [a, b, c, ..] => {
                for form in self.starting([*a, *b, *c], [*a, *b, *c]) {
                    found.add(form, form.at(text, &self.alphabet, scratch));
                }
            }
        }
        found
    }

    /// The forms that begin with three bytes between two.
    fn starting(&self, first: [u8; 3], last: [u8; 3]) -> impl Iterator<Item = &Form> {
        let from = self.by_start.partition_point(|(start, _)| *start < first);
        let those = self.by_start.get(from..).unwrap_or_default().iter();
        let those = those.take_while(move |(start, _)| *start <= last);
        those.filter_map(|(_, form)| self.all.get(*form))
    }
}

/// The first three bytes of every way of writing a form: no form is shorter.
fn starts(form: &Form, alphabet: &Alphabet) -> Vec<[u8; 3]> {
    let mut all: Vec<([u8; 3], usize)> = vec![([0; 3], 0)];
    for character in characters(&form.text).take(3) {
        let mut longer = Vec::new();
        for (start, length) in all {
            if length == 3 {
                longer.push((start, length));
                continue;
            }
            let ends = if form.in_lines && length > 0 {
                LINE_ENDS.as_slice()
            } else {
                &[]
            };
            for end in [b"".as_slice()].iter().chain(ends) {
                let spelled = alphabet.spellings(character).iter();
                longer.extend(spelled.map(|one| extended(start, length, end, one)));
            }
        }
        longer.sort_unstable();
        longer.dedup();
        all = longer;
    }
    all.into_iter().map(|(start, _)| start).collect()
}

fn extended(mut start: [u8; 3], length: usize, end: &[u8], spelled: &[u8]) -> ([u8; 3], usize) {
    let room = start.iter_mut().skip(length);
    let mut filled = length;
    for (place, byte) in room.zip(end.iter().chain(spelled)) {
        *place = *byte;
        filled += 1;
    }
    (start, filled)
}

/// Splits a long text between characters; the last piece is not short.
fn pieces(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > 2 * PIECE {
        let mut length = 0;
        for character in characters(rest) {
            length += character.len();
            if length >= PIECE {
                break;
            }
        }
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetitive_text_is_compared_in_one_step_up_to_what_may_be_an_escape() {
        let text = [b'a'; 300];
        assert_eq!(same_plain(&text, &[b'a'; 256]), 256);
        assert_eq!(
            same_plain(&text, &[&[b'a'; 99], b"b".as_slice()].concat()),
            99
        );
        assert_eq!(
            same_plain("p\u{e4}-w".as_bytes(), "p\u{e4}-x".as_bytes()),
            4
        );
        for escape in *b"%\\'+\r\n" {
            for before in [0, 40] {
                let both = [&vec![b'a'; before], [escape; 40].as_slice()].concat();
                assert_eq!(same_plain(&both, &both), before, "{escape}");
            }
        }
    }
}
