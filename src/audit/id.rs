//! Identifiers of runs and of logs: UUIDs of version 7 (RFC 9562).

use std::fmt;
use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use crate::host::Host;
use crate::names::is_uuid;

/// The identifier of one run; it begins with the time and ends with random digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RunId(String);

impl RunId {
    pub fn new(host: &mut dyn Host) -> io::Result<Self> {
        let millis = u64::try_from(host.now().timestamp_millis()).unwrap_or(0);
        Ok(Self(uuid_v7(millis, host.random()?)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether a text is a UUID in lower case.
    pub fn has_form_of(text: &str) -> bool {
        is_uuid(text)
    }

    /// Returns the last six digits, which are random and so nearly unique.
    pub fn short(text: &str) -> &str {
        text.len()
            .checked_sub(6)
            .and_then(|at| text.get(at..))
            .unwrap_or(text)
    }

    /// Returns the milliseconds since 1970 that an id begins with.
    pub fn millis_of(text: &str) -> Option<i64> {
        let digits = [text.get(..8)?, text.get(9..13)?].concat();
        i64::from_str_radix(&digits, 16)
            .ok()
            .filter(|_| Self::has_form_of(text))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn uuid_v7(millis: u64, random: [u8; 16]) -> String {
    const VERSION: u128 = 0x7 << 76;
    const VARIANT: u128 = 0b10 << 62;
    const RANDOM: u128 = !((0xffff_ffff_ffff << 80) | (0xf << 76) | (0b11 << 62));
    let bits = (u128::from(millis & 0xffff_ffff_ffff) << 80)
        | VERSION
        | VARIANT
        | (u128::from_be_bytes(random) & RANDOM);
    let mut id = format!("{bits:032x}");
    for at in [8, 13, 18, 23] {
        id.insert(at, '-');
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_match_the_example_of_rfc_9562() {
        // Appendix A.6: unix time 1645557742000 ms, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
        let mut random = [0; 16];
        random[6..8].copy_from_slice(&[0x0c, 0xc3]);
        random[8..].copy_from_slice(&0x18C4_DC0C_0C07_398F_u64.to_be_bytes());
        assert_eq!(
            uuid_v7(1_645_557_742_000, random),
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
        );
        let millis = RunId::millis_of("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
        assert_eq!(millis, Some(1_645_557_742_000));
    }

    #[test]
    fn only_a_lower_case_uuid_is_an_id() {
        assert!(RunId::has_form_of(&uuid_v7(1_645_557_742_000, [0xa7; 16])));
        for text in [
            "",
            "$(touch PWNED)",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398;",
            "017f22e2-79b0-7cc3-98c4-$(halt)07398f",
            "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
            "017f22e2-79b0-7cc3-98c4-dc0c0c0739\u{e9}",
        ] {
            assert!(!RunId::has_form_of(text), "{text}");
        }
    }
}
