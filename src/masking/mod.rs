//! Finds the values of secrets in what a script prints, however they are encoded, and
//! replaces them.
//!
//! A *form* is a value in one encoding ([`encodings`]); each of its characters may be
//! written in several ways ([`escapes`]). A table finds the places where a form may begin
//! ([`shifts`]), and there all of them are compared ([`forms`]).

mod encodings;
mod escapes;
mod forms;
mod part;
mod shifts;
mod stream;
mod values;

use forms::Forms;
use shifts::Shifts;

pub use forms::Scratch;
pub use part::Part;
pub use stream::Stream;
pub use values::{SHORTEST, parts};

/// The forms of the values of a run, ready to be searched for.
pub struct Masker {
    forms: Forms,
    shifts: Shifts,
    replacements: Vec<String>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker")
    }
}

impl Masker {
    /// Takes each value with the name of its secret. Of two that are found at one place the
    /// first counts. Values shorter than [`SHORTEST`] are left out.
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let secrets = secrets.into_iter();
        let (names, values): (Vec<_>, Vec<_>) = secrets.unzip();
        let forms = Forms::of(values);
        Self {
            shifts: Shifts::of(&forms),
            forms,
            replacements: names
                .iter()
                .map(|name| format!("[secret:{name}]"))
                .collect(),
        }
    }

    fn forms(&self) -> &Forms {
        &self.forms
    }

    fn replacement(&self, secret: usize) -> &str {
        self.replacements.get(secret).map_or("", String::as_str)
    }

    /// The next place of a text, from `at` on, where a form may begin. Near the end of the
    /// text a form may be cut off at any place.
    fn next(&self, text: &[u8], at: usize) -> Option<usize> {
        let tail = (text.len() + 1).saturating_sub(self.shifts.window());
        let in_tail = |from: usize| {
            let rest = text.get(from..)?.iter();
            let first = rest
                .take_while(|byte| !self.forms.can_start(**byte))
                .count();
            (from + first < text.len()).then_some(from + first)
        };
        self.shifts.next(text, at).or_else(|| in_tail(at.max(tail)))
    }
}

#[cfg(test)]
mod tests;
