//! Durations as manifests contain them: `"90s"`, `"10m"`, `"1h30m"`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

/// The grammar of a duration, as a regular expression: numbers that are not zero,
/// of at most nine digits, each with its unit.
pub const TIME_LIMIT_PATTERN: &str = "^(0*[1-9][0-9]{0,8}(ms|s|m|h|d))+$";

/// A duration that is not zero, and its text in the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TimeLimit {
    written: String,
    #[serde(skip)]
    length: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeLimitError {
    #[error("it is empty")]
    Empty,
    #[error("a number is missing")]
    NoNumber,
    #[error("a number needs a unit (ms, s, m, h, d)")]
    NoUnit,
    #[error("a number is zero")]
    Zero,
    #[error("a number has more than nine digits")]
    TooLong,
}

impl TimeLimit {
    pub fn length(&self) -> Duration {
        self.length
    }
}

impl FromStr for TimeLimit {
    type Err = TimeLimitError;

    fn from_str(text: &str) -> Result<Self, TimeLimitError> {
        let mut length = Duration::ZERO;
        let mut rest = text;
        if rest.is_empty() {
            return Err(TimeLimitError::Empty);
        }
        while !rest.is_empty() {
            let (part, after) = first_part(rest)?;
            length = length.saturating_add(part);
            rest = after;
        }
        Ok(Self {
            written: text.to_owned(),
            length,
        })
    }
}

fn first_part(text: &str) -> Result<(Duration, &str), TimeLimitError> {
    const UNITS: [(&str, Duration); 5] = [
        ("ms", Duration::from_millis(1)),
        ("s", Duration::from_secs(1)),
        ("m", Duration::from_mins(1)),
        ("h", Duration::from_hours(1)),
        ("d", Duration::from_hours(24)),
    ];
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, after) = text.split_at(end.unwrap_or(text.len()));
    if digits.is_empty() {
        return Err(TimeLimitError::NoNumber);
    }
    let number = match digits.trim_start_matches('0') {
        "" => return Err(TimeLimitError::Zero),
        digits if digits.len() > 9 => return Err(TimeLimitError::TooLong),
        digits => digits.parse::<u32>().map_err(|_| TimeLimitError::TooLong)?,
    };
    let mut units = UNITS.iter();
    let unit = units.find_map(|(name, unit)| Some((unit, after.strip_prefix(name)?)));
    let (unit, after) = unit.ok_or(TimeLimitError::NoUnit)?;
    Ok((unit.saturating_mul(number), after))
}

impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units_add_up() {
        for (text, seconds) in [
            ("90s", 90),
            ("10m", 600),
            ("1h30m", 5400),
            ("007d", 604_800),
        ] {
            let limit: TimeLimit = text.parse().unwrap();
            assert_eq!(limit.length(), Duration::from_secs(seconds), "{text}");
            assert_eq!(limit.to_string(), text);
        }
        let short: TimeLimit = "1500ms".parse().unwrap();
        assert_eq!(short.length(), Duration::from_millis(1500));
        assert!("999999999d".parse::<TimeLimit>().is_ok());
    }

    #[test]
    fn an_invalid_duration_says_why() {
        for (text, error) in [
            ("", TimeLimitError::Empty),
            ("10", TimeLimitError::NoUnit),
            ("10 m", TimeLimitError::NoUnit),
            ("10w", TimeLimitError::NoUnit),
            ("m", TimeLimitError::NoNumber),
            ("-1s", TimeLimitError::NoNumber),
            ("1.5h", TimeLimitError::NoUnit),
            ("0s", TimeLimitError::Zero),
            ("1h0m", TimeLimitError::Zero),
            ("1000000000s", TimeLimitError::TooLong),
        ] {
            assert_eq!(text.parse::<TimeLimit>(), Err(error), "{text}");
        }
    }
}
