//! How far a search may skip: a table over blocks of three bytes, after Wu and Manber ("A
//! fast algorithm for multi-pattern searching", 1994).
//!
//! A window is as long as the shortest form, or [`LONGEST_WINDOW`]. The block at its end
//! says how far it can be moved without missing the beginning of a form.

use super::escapes::{Alphabet, characters};
use super::forms::{Form, Forms};

const LONGEST_WINDOW: usize = 16;

/// Bytes are grouped, so that the table stays in the processor's cache: letters, digits and
/// the backslash are by themselves, line ends are one group, what else is in a form is
/// another, and what is in none the last.
const GROUPS: usize = 66;
const BACKSLASH: u8 = 62;
const LINE_END: u8 = 63;
const OTHERS: u8 = 64;
const UNUSED: u8 = 65;

/// Set in the table for a block that a form can begin with.
const BEGINS: u8 = 0x80;

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
            groups: groups(forms.alphabet()),
            table: vec![farthest; GROUPS * GROUPS * GROUPS],
        };
        if forms.all().iter().any(|form| form.in_lines) {
            shifts.stop_at_line_ends();
        }
        for form in forms.all() {
            shifts.add(form, forms.alphabet());
        }
        for start in forms.starts() {
            let index = shifts.index(start);
            if let Some(known) = shifts.table.get_mut(index) {
                *known |= BEGINS;
            }
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
            let window = text.get(at..at + self.window)?;
            let (first, last) = (window.first_chunk()?, window.last_chunk()?);
            match self.shift(*last) & !BEGINS {
                0 if self.shift(*first) & BEGINS != 0 => return Some(at),
                0 => at += 1,
                shift => at += usize::from(shift),
            }
        }
    }

    fn shift(&self, block: [u8; 3]) -> u8 {
        self.table.get(self.index(block)).copied().unwrap_or(BEGINS)
    }

    fn index(&self, block: [u8; 3]) -> usize {
        let group = |byte: u8| self.groups.get(usize::from(byte)).copied();
        let groups = block.map(|byte| usize::from(group(byte).unwrap_or_default()));
        let [a, b, c] = groups;
        (a * GROUPS + b) * GROUPS + c
    }

    fn stop_at_line_ends(&mut self) {
        let end = usize::from(LINE_END);
        for one in 0..GROUPS {
            for other in 0..GROUPS {
                self.set((end * GROUPS + one) * GROUPS + other, 0);
                self.set((one * GROUPS + end) * GROUPS + other, 0);
                self.set((one * GROUPS + other) * GROUPS + end, 0);
            }
        }
    }

    fn set(&mut self, index: usize, shift: u8) {
        if let Some(known) = self.table.get_mut(index) {
            *known = shift.min(*known);
        }
    }

    /// Notes each block that the first bytes of a form can have, and how near to the end
    /// of the window it may be.
    fn add(&mut self, form: &Form, alphabet: &Alphabet) {
        // Where a character begins at the earliest and at the latest, and the bytes that
        // may be before it.
        let (mut earliest, mut latest) = (0, 0);
        let mut tails = vec![(0, [0; 2])];
        for character in characters(&form.text) {
            if earliest >= self.window {
                return;
            }
            let spelled = alphabet.spellings(character);
            let mut after = Vec::with_capacity(tails.len() * spelled.len());
            for tail in &tails {
                let each = spelled.iter();
                after.extend(each.map(|one| self.spell(form, one, *tail, (earliest, latest))));
            }
            after.sort_unstable();
            after.dedup();
            tails = after;
            let lengths = spelled.iter().map(Vec::len);
            earliest += lengths.clone().min().unwrap_or_default();
            latest += lengths.max().unwrap_or_default();
        }
    }

    /// Notes the blocks that end in a way of writing a character. Returns its tail.
    fn spell(&mut self, form: &Form, text: &[u8], mut tail: Tail, from: (usize, usize)) -> Tail {
        let (earliest, latest) = from;
        for (nth, byte) in text.iter().enumerate() {
            let (known, [a, b]) = tail;
            if earliest + nth < self.window {
                let end = self.window.min(latest + nth + 1);
                self.note(form, end, (known + 1, [a, b, *byte]));
            }
            tail = (2.min(known + 1), [b, *byte]);
        }
        tail
    }

    /// Of a block, so many bytes are known.
    fn note(&mut self, form: &Form, end: usize, (known, [a, b, c]): (usize, [u8; 3])) {
        let shift = |end: usize| u8::try_from(self.window.saturating_sub(end)).unwrap_or(u8::MAX);
        if !form.in_lines {
            if known >= 3 {
                self.set(self.index([a, b, c]), shift(end));
            }
            return;
        }
        let later = shift(end + LINE_END_BYTES);
        if known >= 3 {
            self.set(self.index([a, b, c]), later);
        }
        // A line end of JSON is no line end in the table.
        if known >= 2 {
            self.set(self.index([b'n', b, c]), 0);
            self.set(self.index([b, c, b'\\']), 0);
        }
        self.set(self.index([b'\\', b'n', c]), 0);
        self.set(self.index([c, b'\\', b'n']), 0);
    }
}

/// The last two bytes, and how many of them are known.
type Tail = (usize, [u8; 2]);

fn groups(alphabet: &Alphabet) -> [u8; 256] {
    let mut groups = [UNUSED; 256];
    let mut put = |byte: u8, group| {
        if let Some(one) = groups.get_mut(usize::from(byte)) {
            *one = group;
        }
    };
    for byte in alphabet.all().flatten() {
        put(*byte, OTHERS);
    }
    let letters = (b'0'..=b'9').chain(b'A'..=b'Z').chain(b'a'..=b'z');
    for (group, byte) in (0..).zip(letters) {
        put(byte, group);
    }
    put(b'\\', BACKSLASH);
    put(b'\n', LINE_END);
    put(b'\r', LINE_END);
    groups
}
