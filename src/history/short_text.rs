//! Timestamps and run ids without an allocation: there are two in every line.

/// The length of a run id; a timestamp is shorter.
const INLINE: usize = 36;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ShortText {
    Inline(u8, [u8; INLINE]),
    /// A longer text, which qli does not write.
    Heap(Box<str>),
}

impl ShortText {
    pub(super) fn of(text: &str) -> Self {
        let mut bytes = [0; INLINE];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(text.as_bytes());
                Self::Inline(length, bytes)
            }
            (_, _) => Self::Heap(text.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline(length, bytes) => {
                let text = bytes.get(..usize::from(*length)).unwrap_or_default();
                str::from_utf8(text).unwrap_or_default()
            }
            Self::Heap(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_stored_unchanged() {
        let long = "x".repeat(INLINE + 1);
        for text in ["2026-11-24T10:00:00.000000000Z", "", "\u{e9}", &long] {
            assert_eq!(ShortText::of(text).as_str(), text);
        }
    }
}
