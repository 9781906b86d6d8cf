//! One part of a value, as redaction searches each reading of a whole text for it: the
//! encodings of whole values are undone by then.

use std::sync::OnceLock;

use zeroize::Zeroizing;

use super::escapes::{Alphabet, characters};
use super::forms::{At, Form, Scratch};

/// A part of a value, each character in any way of writing it.
pub struct Part {
    form: Form,
    /// Known once it is needed: most texts have nothing of a value.
    alphabet: OnceLock<Alphabet>,
}

impl Part {
    pub fn of(value: &[u8]) -> Self {
        let form = Form {
            secret: 0,
            text: Zeroizing::new(value.to_vec()),
            in_lines: false,
            continues: false,
        };
        Self {
            form,
            alphabet: OnceLock::new(),
        }
    }

    fn alphabet(&self) -> &Alphabet {
        self.alphabet.get_or_init(|| {
            let mut alphabet = Alphabet::default();
            alphabet.learn(&self.form.text);
            alphabet
        })
    }

    /// The most letters and digits of it in a row, which every text with it has; empty if
    /// it has none.
    pub fn longest_word(&self) -> &[u8] {
        let words = self.form.text.split(|byte| !byte.is_ascii_alphanumeric());
        words.max_by_key(|word| word.len()).unwrap_or_default()
    }

    /// The bytes that it can begin with.
    pub fn first_bytes(&self) -> Vec<u8> {
        let first = characters(&self.form.text).next();
        let spelled = first.map_or(&[] as &[_], |first| self.alphabet().spellings(first));
        let bytes = spelled.iter().filter_map(|one| one.first().copied());
        let mut bytes: Vec<_> = bytes.collect();
        bytes.sort_unstable();
        bytes.dedup();
        bytes
    }

    /// How many bytes at the beginning of a text it is.
    pub fn at(&self, text: &[u8], scratch: &mut Scratch) -> Option<usize> {
        match self.form.at(text, self.alphabet(), scratch) {
            At::Matches(length) => Some(length),
            At::Nothing | At::Begins => None,
        }
    }
}
