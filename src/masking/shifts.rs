//! How far a search may skip: a table over blocks of three bytes, after Wu and Manber ("A
//! fast algorithm for multi-pattern searching", 1994).
//!
//! A window is as long as the shortest form, or [`LONGEST_WINDOW`]. The block at its end
//! says how far it can be moved without missing the beginning of a form.

use super::escapes::{Alphabet, characters};
use super::forms::{Form, Forms};

const LONGEST_WINDOW: usize = 16;

/// Bytes are grouped, so that the table stays in the processor's cache: letters and digits
/// are by themselves, line ends are one group, and so is the rest.
const GROUP_BITS: usize = 6;
const OTHERS: u8 = 62;
const LINE_END: u8 = 63;

/// A form in lines may be written with so many bytes more at any place.
const LINE_END_BYTES: usize = 3;

pub(super) struct Shifts {
    window: usize,
    groups: [u8; 256],
    table: Vec<u8>,
}

impl Shifts {
    pub(super) fn of(forms: &Forms) -> Self {
        let shortest = forms.all().iter().map(Form::shortest).min();
        let window = shortest.unwrap_or(LONGEST_WINDOW).min(LONGEST_WINDOW);
        let farthest = u8::try_from(window.saturating_sub(2)).unwrap_or(u8::MAX);
        let mut shifts = Self {
            window,
            groups: groups(),
            table: vec![farthest; 1 << (3 * GROUP_BITS)],
        };
        let in_lines = forms.all().iter().any(|form| form.in_lines);
        if in_lines {
            shifts.stop_at_line_ends();
        }
        for form in forms.all() {
            shifts.add(form, forms.alphabet());
        }
        shifts
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// The next place in a text, from `at` on, where a form may begin; none before the last
    /// window of the text.
    pub(super) fn next(&self, text: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let [.., a, b, c] = text.get(at..at + self.window)? else {
                return None;
            };
            match self.table.get(self.index([*a, *b, *c])) {
                Some(0) | None => return Some(at),
                Some(shift) => at += usize::from(*shift),
            }
        }
    }

    fn index(&self, block: [u8; 3]) -> usize {
        let group = |byte: u8| self.groups.get(usize::from(byte)).copied();
        let groups = block.map(|byte| usize::from(group(byte).unwrap_or_default()));
        let [a, b, c] = groups;
        a << (2 * GROUP_BITS) | b << GROUP_BITS | c
    }

    fn stop_at_line_ends(&mut self) {
        let size = self.table.len();
        for index in 0..size {
            let groups =
                [2, 1, 0].map(|nth| (index >> (nth * GROUP_BITS)) & ((1 << GROUP_BITS) - 1));
            if groups.contains(&usize::from(LINE_END)) {
                self.set(index, 0);
            }
        }
    }

    fn set(&mut self, index: usize, shift: u8) {
        if let Some(known) = self.table.get_mut(index) {
            *known = shift.min(*known);
        }
    }

    /// Notes each block that the first bytes of a form can have, and how far it is from
    /// the end of the window.
    fn add(&mut self, form: &Form, alphabet: &Alphabet) {
        // Where a way of writing it is: the character after it, what is left of the one
        // before, and the last two bytes.
        let mut places: Vec<(usize, &[u8], [u8; 2])> = Vec::new();
        let text: Vec<&[u8]> = characters(&form.text).take(self.window).collect();
        let spelled = |nth: usize| {
            let character = text.get(nth);
            character.map_or(&[] as &[_], |character| alphabet.spellings(character))
        };
        places.extend(spelled(0).iter().map(|one| (1, one.as_slice(), [0; 2])));
        for end in 1..=self.window {
            let mut next = Vec::new();
            for (nth, spelling, [a, b]) in places {
                let Some((byte, rest)) = spelling.split_first() else {
                    continue;
                };
                self.note(form, end, [a, b, *byte]);
                let last = [b, *byte];
                if rest.is_empty() {
                    let after = spelled(nth).iter();
                    next.extend(after.map(|one| (nth + 1, one.as_slice(), last)));
                } else {
                    next.push((nth, rest, last));
                }
            }
            next.sort_unstable();
            next.dedup();
            places = next;
        }
    }

    fn note(&mut self, form: &Form, end: usize, [a, b, c]: [u8; 3]) {
        let shift = |end: usize| u8::try_from(self.window.saturating_sub(end)).unwrap_or(u8::MAX);
        if !form.in_lines {
            if end >= 3 {
                self.set(self.index([a, b, c]), shift(end));
            }
            return;
        }
        let later = shift(end + LINE_END_BYTES);
        if end >= 3 {
            self.set(self.index([a, b, c]), later);
        }
        // A line end of JSON is no line end in the table.
        if end >= 2 {
            self.set(self.index([b'n', b, c]), 0);
            self.set(self.index([b, c, b'\\']), 0);
        }
        self.set(self.index([b'\\', b'n', c]), 0);
        self.set(self.index([c, b'\\', b'n']), 0);
    }
}

fn groups() -> [u8; 256] {
    let mut groups = [OTHERS; 256];
    let letters = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z');
    for (group, byte) in (0..).zip(letters) {
        if let Some(one) = groups.get_mut(usize::from(byte)) {
            *one = group;
        }
    }
    for byte in [b'\n', b'\r'] {
        if let Some(one) = groups.get_mut(usize::from(byte)) {
            *one = LINE_END;
        }
    }
    groups
}
