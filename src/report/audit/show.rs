//! `qli audit show` and `qli audit tail`.

use serde_json::Value;

use super::super::Style;
use super::super::style::put;
use super::cells::{end, refusal, sent, short_id, signal_name, took, user, who};
use super::{DIGITS, cut};
use crate::audit::{EventName, to_seconds};
use crate::history::{Fate, RecordSummary, Run};
use crate::names::{Sha256, to_json_line, visible};

/// Renders a run: one sentence, then each record with all its fields.
pub fn show(run: &Run, records: &[Value], style: &Style) -> String {
    let mut out = sentence(run, style);
    for record in records {
        out.push('\n');
        out.push_str(&fields(record, style));
    }
    if style.terminal {
        out.push_str("\nfull hashes: add --format json\n");
    }
    out
}

/// Who ran what, where, when, how it was confirmed, and how it ended.
fn sentence(run: &Run, style: &Style) -> String {
    let verb = match run.end {
        Some(EventName::Refused) => "tried to run",
        _ => "ran",
    };
    let time = to_seconds(run.time());
    let (day, clock) = time.split_once(' ').unwrap_or((&time, "?"));
    let confirmed = match run.confirm.as_deref() {
        None => String::new(),
        Some("tty") => ", confirmed on the terminal".to_owned(),
        Some("typed") => format!(", confirmed by typing \"{}\"", visible(&run.group)),
        Some("yes-flag") => ", confirmed by --yes".to_owned(),
        Some("confirm-flag") => ", confirmed by --confirm".to_owned(),
        Some(other) => format!(", confirmed by {}", visible(other)),
    };
    let start = match (&run.started, run.end) {
        (None, Some(end)) if end.is_end() => "; its start is not in these logs",
        (_, _) => "",
    };
    let text = format!(
        "{} {verb} `{}` on {} at {clock} UTC on {day}{confirmed}{start}; {}.",
        user(run),
        run.command(),
        visible(&run.host),
        ending(run)
    );
    let lines = if style.terminal {
        super::wrapped(&text, style.width)
    } else {
        vec![text]
    };
    lines.join("\n") + "\n"
}

fn ending(run: &Run) -> String {
    let after = run.duration_ms.map(took);
    let after = after.map_or(String::new(), |took| format!(" after {took}"));
    let reason = || run.reason.as_deref().map_or(String::new(), visible);
    let died = match (&run.signal, run.exit_code) {
        (Some(signal), _) => format!("was killed by {}", signal_name(signal)),
        (None, Some(code)) => format!("exited {code}"),
        (None, None) => "ended".to_owned(),
    };
    match (run.end, run.fate) {
        (Some(EventName::Refused), _) => format!("it was refused by {}", refusal(run)),
        (Some(EventName::SpawnFailed), _) => format!("it could not be started: {}", reason()),
        (Some(_), _) if run.timed_out => format!("its timeout expired, and it {died}{after}"),
        (Some(EventName::Interrupted), _) => match (&run.reason, &run.last_signal) {
            (Some(_), _) => format!("it was not started: {}", reason()),
            (None, Some(signal)) => format!("it was interrupted ({}){after}", sent(signal)),
            (None, None) => format!("it {died}{after}"),
        },
        (Some(_), _) => format!("it {died}{after}"),
        (None, Some(Fate::Running)) => {
            let pid = run
                .pid
                .map_or(String::new(), |pid| format!(" (process {pid})"));
            format!("it is still running{pid}")
        }
        (None, Some(Fate::Abandoned)) => "qli was killed, so its outcome is unknown".to_owned(),
        (None, _) => "no end is recorded, so its outcome is unknown".to_owned(),
    }
}

/// Prints each field of a record on a line: a string as it is, anything else as
/// JSON. On a terminal an object has a line for each of its fields.
fn fields(record: &Value, style: &Style) -> String {
    let mut out = String::new();
    for (key, value) in record.as_object().into_iter().flatten() {
        let mut key = visible(key);
        let parts = if style.terminal {
            parts(value)
        } else {
            vec![text(value)]
        };
        for part in parts {
            let part = if key == "event" {
                style.strong(&part)
            } else {
                part
            };
            put!(out, "  {key:16}  {part}\n");
            key.clear();
        }
    }
    out
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| to_json_line(value), visible)
}

/// The lines of a field on a terminal.
fn parts(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(key, value)| format!("{:6}  {}", visible(key), short_text(value)))
                .collect()
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            items.iter().map(item).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            vec![short_text(value)]
        }
    }
}

/// One object of a list, on a line.
fn item(value: &Value) -> String {
    let Some(members) = value.as_object() else {
        return to_json_line(value);
    };
    let members = members.iter();
    let members: Vec<_> = members
        .map(|(key, value)| format!("{} {}", visible(key), short_text(value)))
        .collect();
    members.join(", ")
}

/// Shortens a hash, which is too wide for a line.
fn short_text(value: &Value) -> String {
    let text = text(value);
    let bare = text.strip_prefix("sha256:").unwrap_or(&text);
    if Sha256::from_hex(bare.as_bytes()).is_none() {
        return text;
    }
    let shown = text.len() - bare.len() + DIGITS;
    format!("{}\u{2026}", text.get(..shown).unwrap_or(&text))
}

/// Lists the runs that a beginning or end of an id may mean, and whether there
/// are more.
pub fn candidates(runs: &[Run], more: bool) -> String {
    let lines = runs.iter().map(|run| {
        format!(
            "  {}  {}  {}  {}\n",
            visible(&run.run_id),
            to_seconds(run.time()),
            who(run),
            run.command()
        )
    });
    let more = more.then(|| "  and more\n".to_owned());
    lines.chain(more).collect()
}

/// Prints one record: columns on a terminal, elsewhere fields separated by tabs.
pub fn record_line(record: &RecordSummary, style: &Style) -> String {
    let (run, time) = (&record.run, &record.time);
    let what = if run.end.is_some() || run.group.is_empty() {
        format!("{} {}", visible(&run.group), visible(&run.extension))
    } else {
        run.command()
    };
    let end = run.end.map(|_| end(run)).unwrap_or_default();
    let (event, who) = (visible(&record.event), who(run));
    let line = if style.terminal {
        let (time, id) = (to_seconds(time), short_id(&run.run_id));
        let line = format!("{time}  {event:12}  {id:6}  {who}  {what}  {end}");
        cut(line.trim_end(), style.width)
    } else {
        [visible(time), event, visible(&run.run_id), who, what, end].join("\t")
    };
    line.trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::host::Stream;
    use crate::host::fake::World;
    use crate::report::Color;

    #[test]
    fn a_run_fits_a_terminal_and_is_whole_in_a_pipe() {
        let world = World::bare().var("COLUMNS", "80");
        let pipe = Style::of(Stream::Stdout, Color::Never, &world);
        let terminal = Style {
            terminal: true,
            ..pipe.clone()
        };
        let hash = Sha256::of(b"").to_string();
        let record = serde_json::json!({
            "event": "start",
            "args": [{"sha256": hash, "len": 0}, "a"],
            "env_var_names": ["A", "B"],
            "guards": [{"step": "confirm", "verdict": "pass", "detail": "tty"}],
            "plan": format!("sha256:{hash}"),
            "program": {"path": "/usr/share/qli/extensions/g/e", "inode": 7, "sha256": hash},
            "tty": "\u{1b}[31m",
            "hash": hash,
        });
        let records = [record];
        let text = show(&Run::default(), &records, &terminal);
        for line in text.lines() {
            assert!(line.width() <= 80, "{line}");
        }
        let drawn = "  args              sha256 e3b0c44298fc\u{2026}, len 0
                    \"a\"
  env_var_names     [\"A\",\"B\"]
  guards            step confirm, verdict pass, detail tty
  plan              sha256:e3b0c44298fc\u{2026}
  program           path    /usr/share/qli/extensions/g/e
                    inode   7
                    sha256  e3b0c44298fc\u{2026}
  tty               \\u{1b}[31m
  hash              e3b0c44298fc\u{2026}
";
        assert!(text.contains(drawn), "{text}");
        let text = show(&Run::default(), &records, &pipe);
        let plan = format!("  plan              sha256:{hash}\n");
        let path = "  program           {\"path\":\"/usr/share/";
        assert!(text.contains(&plan) && text.contains(path), "{text}");
        assert_eq!(text.matches(&hash).count(), 4, "{text}");
    }

    #[test]
    fn a_list_of_candidates_ends_with_a_line_end() {
        let runs = [Run::default(), Run::default()];
        let lines = |more| candidates(&runs, more).lines().count();
        assert_eq!((lines(false), lines(true)), (2, 3));
        assert!(candidates(&runs, true).ends_with("\n  and more\n"));
    }
}
