//! Finds the values of secrets in what a script prints.

/// Shorter values are not masked: other texts contain them by chance.
pub const SHORTEST: usize = 4;

pub struct Masker(Vec<(String, Vec<u8>)>);

impl Masker {
    pub fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        Self(
            secrets
                .into_iter()
                .filter(|(_, v)| v.len() >= SHORTEST)
                .map(|(n, v)| (n.to_owned(), v.to_vec()))
                .collect(),
        )
    }
}

pub struct Stream<'m> {
    masker: &'m Masker,
    held: Vec<u8>,
}

impl<'m> Stream<'m> {
    pub fn new(masker: &'m Masker) -> Self {
        Self {
            masker,
            held: Vec::new(),
        }
    }
    pub fn push(&mut self, bytes: &[u8], sink: &mut impl FnMut(&[u8])) {
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(bytes);
        let mut at = 0;
        'text: while let Some(rest) = text.get(at..).filter(|r| !r.is_empty()) {
            for (name, value) in &self.masker.0 {
                if rest.starts_with(value) {
                    sink(format!("[secret:{name}]").as_bytes());
                    at += value.len();
                    continue 'text;
                }
                if value.starts_with(rest) {
                    self.held = rest.to_vec();
                    return;
                }
            }
            sink(rest.get(..1).unwrap_or_default());
            at += 1;
        }
    }
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }
    pub fn release(&mut self, sink: &mut impl FnMut(&[u8])) {
        let held = std::mem::take(&mut self.held);
        sink(&held);
    }
}
