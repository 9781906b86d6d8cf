//! One part of a value, as redaction searches each reading of a whole text for it: the
//! encodings of whole values are undone by then.

use zeroize::Zeroizing;

use super::escapes::{Alphabet, characters};
use super::forms::{At, Form, Scratch};

/// A part of a value, each character in any way of writing it.
pub struct Part {
    form: Form,
    alphabet: Alphabet,
}

impl Part {
    pub fn of(value: &[u8]) -> Self {
        let mut alphabet = Alphabet::default();
        alphabet.learn(value);
        let form = Form {
            secret: 0,
            text: Zeroizing::new(value.to_vec()),
            in_lines: false,
            continues: false,
        };
        Self { form, alphabet }
    }

    /// The bytes that it can begin with.
    pub fn first_bytes(&self) -> Vec<u8> {
        let first = characters(&self.form.text).next();
        let spelled = first.map_or(&[] as &[_], |first| self.alphabet.spellings(first));
        let mut bytes: Vec<_> = spelled
            .iter()
            .filter_map(|one| one.first().copied())
            .collect();
        bytes.sort_unstable();
        bytes.dedup();
        bytes
    }

    /// How many bytes at the beginning of a text it is.
    pub fn at(&self, text: &[u8], scratch: &mut Scratch) -> Option<usize> {
        match self.form.at(text, &self.alphabet, scratch) {
            At::Matches(length) => Some(length),
            At::Nothing | At::Begins => None,
        }
    }
}
