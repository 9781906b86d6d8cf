//! Times on the command line.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};

/// Reads an age (`2w`, `1d`, `12h`, `30m`, `45s`), or an RFC 3339 date or
/// time.
/// Returns it in the format of records, so that the two can be compared as text.
pub(super) fn bound(text: &str, now: DateTime<Utc>) -> Result<String, String> {
    let midnight = |date: NaiveDate| date.and_time(NaiveTime::MIN).and_utc();
    let time = ago(text, now)
        .or_else(|| text.parse().ok().map(midnight))
        .or_else(|| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()));
    match time {
        Some(time) => Ok(time.to_rfc3339_opts(SecondsFormat::Nanos, true)),
        None => Err(format!("invalid time `{}`", crate::names::visible(text))),
    }
}

fn ago(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => return now.checked_sub_days(Days::new(number.into())),
        "w" => return now.checked_sub_days(Days::new(u64::from(number) * 7)),
        _ => return None,
    };
    now.checked_sub_signed(TimeDelta::seconds(i64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_dates_and_times_are_read() {
        let now = DateTime::parse_from_rfc3339("2026-11-24T12:00:00Z")
            .unwrap()
            .to_utc();
        for (text, time) in [
            ("1d", "2026-11-23T12:00:00.000000000Z"),
            ("2w", "2026-11-10T12:00:00.000000000Z"),
            ("12h", "2026-11-24T00:00:00.000000000Z"),
            ("30m", "2026-11-24T11:30:00.000000000Z"),
            ("45s", "2026-11-24T11:59:15.000000000Z"),
            ("2026-11-23", "2026-11-23T00:00:00.000000000Z"),
            (
                "2026-11-23T09:41:00+02:00",
                "2026-11-23T07:41:00.000000000Z",
            ),
        ] {
            assert_eq!(bound(text, now).as_deref(), Ok(time), "{text}");
        }
        for text in [
            "",
            "d",
            "1",
            "-1d",
            "1y",
            "yesterday",
            "4294967295w",
            "2026-13-01",
            "\u{e9}",
        ] {
            assert!(bound(text, now).is_err(), "{text}");
        }
    }
}
