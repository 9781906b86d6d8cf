//! Texts of a record that nearly always have one form: kept without an
//! allocation, since there are two in every line.

use std::fmt;

/// Length of RFC 3339 in UTC with nanoseconds.
const TIME: usize = 30;

/// When a record was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Time {
    /// As qli writes it.
    Usual([u8; TIME]),
    /// Anything else.
    Other(String),
}

impl Time {
    pub(super) fn of(text: &str) -> Self {
        match text.as_bytes().try_into() {
            Ok(bytes) => Self::Usual(bytes),
            Err(_) => Self::Other(text.to_owned()),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usual(bytes) => f.write_str(&String::from_utf8_lossy(bytes)),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// The id of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Id {
    /// A UUID in lower case.
    Uuid(u128),
    /// Anything else.
    Other(String),
}

impl Id {
    pub(super) fn of(text: &str) -> Self {
        uuid(text).map_or_else(|| Self::Other(text.to_owned()), Self::Uuid)
    }

    /// Returns the milliseconds since 1970 that an id of version 7 begins with.
    pub(super) fn millis(&self) -> Option<i64> {
        match self {
            Self::Uuid(bits) => i64::try_from(bits >> 80).ok(),
            Self::Other(_) => None,
        }
    }
}

fn uuid(text: &str) -> Option<u128> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
    let mut bits = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match (at, byte) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => bits = (bits << 4) | u128::from(byte - b'0'),
            (_, b'a'..=b'f') => bits = (bits << 4) | u128::from(byte - b'a' + 10),
            (_, _) => return None,
        }
    }
    Some(bits)
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(bits) => {
                let part = |shift: u32, digits: u32| (bits >> shift) & ((1 << (4 * digits)) - 1);
                write!(
                    f,
                    "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                    part(96, 8),
                    part(80, 4),
                    part(64, 4),
                    part(48, 4),
                    part(0, 12)
                )
            }
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were() {
        for time in ["2026-11-24T10:00:00.000000000Z", "", "\u{e9}", "yesterday"] {
            assert_eq!(Time::of(time).to_string(), time);
        }
        let uuid = "01a20db8-1778-749e-82a3-daee280c57a8";
        assert!(matches!(Id::of(uuid), Id::Uuid(_)));
        assert_eq!(Id::of(uuid).millis(), Some(0x01a2_0db8_1778));
        for id in [
            uuid,
            "",
            "01A20db8-1778-749e-82a3-daee280c57a8",
            "01a20db8_1778-749e-82a3-daee280c57a8",
        ] {
            assert_eq!(Id::of(id).to_string(), id);
        }
    }
}
