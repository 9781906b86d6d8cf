//! SHA-256 in two forms: as `sha256sum` prints it, and with the prefix `sha256:`.

use std::fmt;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest as _;

/// A SHA-256 as 64 lower-case hexadecimal digits, the form of `sha256sum`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads 64 lower-case hexadecimal digits.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; 32];
        let mut wrong = 0;
        for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (hex_digit(high), hex_digit(low));
            wrong |= high | low;
            *byte = (high << 4) | (low & 0xf);
        }
        (wrong < 0x10).then_some(Self(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// The value of a lower-case digit, and more than 15 for anything else. A table: a
/// line of a log has 128 of them.
fn hex_digit(byte: u8) -> u8 {
    #[expect(
        clippy::indexing_slicing,
        reason = "the compiler evaluates it, and an index out of range is its error"
    )]
    const VALUES: [u8; 256] = {
        let mut values = [0xff; 256];
        let mut value = 0;
        while value < 16 {
            let digit = b"0123456789abcdef"[value as usize];
            values[digit as usize] = value;
            value += 1;
        }
        values
    };
    VALUES.get(usize::from(byte)).copied().unwrap_or(0xff)
}

/// `{:.12}` is its short form.
impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halves = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digits: String = halves
            .filter_map(|half| char::from_digit(half.into(), 16))
            .collect();
        f.pad(&digits)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        Self::from_hex(digits.as_bytes()).ok_or_else(|| D::Error::custom("not a SHA-256"))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A SHA-256 that names its algorithm: `sha256:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "String")]
pub struct Digest(pub Sha256);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_the_published_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), empty);
        assert_eq!(Sha256::from_hex(empty.as_bytes()), Some(Sha256::of(b"")));
        for other in ["", "e3", &empty.to_uppercase(), &format!("{empty}0")] {
            assert_eq!(Sha256::from_hex(other.as_bytes()), None, "{other}");
        }
        assert_eq!(
            Digest(Sha256::of(b"")).to_string(),
            format!("sha256:{empty}")
        );
    }
}
