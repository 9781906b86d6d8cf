//! The clock. chrono's own `Utc::now` panics before 1970, where a machine without a
//! battery may begin.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};

const NANOS: i128 = 1_000_000_000;

/// 0000-01-01 and 9999-12-31, in seconds since 1970: RFC 3339 has years of four digits.
const YEARS: [i128; 2] = [-62_167_219_200, 253_402_300_799];

/// A time that RFC 3339 can write; the nearest one, if it cannot.
pub(super) fn utc(time: SystemTime) -> DateTime<Utc> {
    let nanos = |duration: std::time::Duration| i128::try_from(duration.as_nanos());
    let since = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => nanos(before.duration()).map(|nanos| -nanos),
    };
    let since = since.unwrap_or_default();
    let [first, last] = YEARS;
    let seconds = i64::try_from(since.div_euclid(NANOS).clamp(first, last));
    let nanos = u32::try_from(since.rem_euclid(NANOS));
    let time = seconds.ok().zip(nanos.ok());
    time.and_then(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::SecondsFormat;

    use super::*;

    fn shown(time: Option<SystemTime>) -> String {
        utc(time.unwrap()).to_rfc3339_opts(SecondsFormat::Nanos, true)
    }

    #[test]
    fn every_time_of_a_clock_can_be_written() {
        let after = |seconds, nanos| UNIX_EPOCH.checked_add(Duration::new(seconds, nanos));
        let before = |seconds, nanos| UNIX_EPOCH.checked_sub(Duration::new(seconds, nanos));
        for (time, expected) in [
            (after(0, 0), "1970-01-01T00:00:00.000000000Z"),
            (after(1_796_148_000, 1), "2026-12-01T18:00:00.000000001Z"),
            (before(0, 1), "1969-12-31T23:59:59.999999999Z"),
            (before(86_400, 0), "1969-12-31T00:00:00.000000000Z"),
            (before(1 << 40, 0), "0000-01-01T00:00:00.000000000Z"),
            // Nanoseconds since 1970 of more than 63 bits.
            (after(9_300_000_000, 0), "2264-09-14T21:20:00.000000000Z"),
            (after(1 << 40, 0), "9999-12-31T23:59:59.000000000Z"),
            (
                after(i64::MAX.unsigned_abs(), 0),
                "9999-12-31T23:59:59.000000000Z",
            ),
        ] {
            assert_eq!(shown(time), expected);
        }
    }

    #[test]
    fn the_clock_is_the_systems() {
        let (before, now) = (SystemTime::now(), utc(SystemTime::now()));
        let distance = now.signed_duration_since(utc(before));
        assert!((0..60).contains(&distance.num_seconds()), "{distance}");
    }
}
