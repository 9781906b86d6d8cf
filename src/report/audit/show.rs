//! `qli audit show` and `qli audit tail`.

use serde_json::Value;

use super::super::Style;
use super::super::style::put;
use super::cells::{ended, note, who};
use super::{DIGITS, seconds};
use crate::history::{RecordSummary, Run};
use crate::host::HostView;
use crate::names::{Sha256, to_json_line, visible};

/// Draws a run: in one line what it was, then each record with all its fields.
pub fn show(run: &Run, records: &[Value], view: &dyn HostView, style: &Style) -> String {
    let mut out = format!("{}\n", style.strong(&run.command()));
    let end = ended(run).map_or_else(|| run.fate(view).name().to_owned(), |end| end.clone());
    put(&mut out, format_args!("{}, end {end}\n", who(run)));
    if let Some(note) = note(run, view).filter(|_| run.end.is_some()) {
        put(&mut out, format_args!("{note}\n"));
    }
    for record in records {
        out.push('\n');
        out.push_str(&fields(record, style));
    }
    if style.terminal {
        out.push_str("\nhashes in full: --format json\n");
    }
    out
}

/// Writes every field of a record on a line: a text as it is, anything else as
/// JSON. On a terminal a field that holds others has a line for each.
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
            put(&mut out, format_args!("  {key:16}  {part}\n"));
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

/// One of several things that have fields, on a line.
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

/// Shortens a hash: it is too wide for a line, and nobody reads all of it.
fn short_text(value: &Value) -> String {
    let text = text(value);
    let bare = text.strip_prefix("sha256:").unwrap_or(&text);
    if Sha256::from_hex(bare.as_bytes()).is_none() {
        return text;
    }
    let shown = text.len() - bare.len() + DIGITS;
    format!("{}\u{2026}", text.get(..shown).unwrap_or(&text))
}

/// Lists runs that one beginning or end of an id may mean; `more` if there are
/// others.
pub fn candidates(runs: &[Run], more: bool) -> String {
    let lines = runs.iter().map(|run| {
        let time = run.started.as_ref().or(run.ended.as_ref());
        let time = seconds(time.map_or("", String::as_str));
        format!(
            "  {}  {time}  {}  {}\n",
            visible(&run.run_id),
            who(run),
            run.command()
        )
    });
    let more = more.then(|| "  and more\n".to_owned());
    lines.chain(more).collect()
}

/// Writes one record as it comes: columns on a terminal, else fields cut by
/// tabs.
pub fn record_line(glance: &RecordSummary, style: &Style) -> String {
    let RecordSummary { event, time, run } = glance;
    let id = visible(&run.run_id);
    let what = if run.end.is_some() || run.group.is_empty() {
        format!("{} {}", visible(&run.group), visible(&run.extension))
    } else {
        run.command()
    };
    let end = ended(run).unwrap_or_default();
    if !style.terminal {
        let cells = [visible(time), visible(event), id, who(run), what, end];
        return cells.join("\t").trim_end().to_owned() + "\n";
    }
    let id = id
        .get(id.len().saturating_sub(6)..)
        .unwrap_or(&id)
        .to_owned();
    let event = visible(event);
    let line = format!(
        "{}  {event:12}  {id:6}  {}  {what}  {end}",
        seconds(time),
        who(run)
    );
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
        let text = show(&Run::default(), &records, &world, &terminal);
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
        let text = show(&Run::default(), &records, &world, &pipe);
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
