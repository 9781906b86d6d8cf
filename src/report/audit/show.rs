//! `qli audit show` and `qli audit tail`.

use serde_json::Value;

use super::super::Style;
use super::super::style::put;
use super::cells::{ended, note, who};
use super::seconds;
use crate::audit::read::{Glance, Run};
use crate::host::HostView;
use crate::names::{to_json_line, visible};

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
    out
}

/// Writes every field of a record on a line: a text as it is, anything else as
/// JSON.
fn fields(record: &Value, style: &Style) -> String {
    let mut out = String::new();
    for (key, value) in record.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| to_json_line(value), visible);
        let key = visible(key);
        let text = if key == "event" {
            style.strong(&text)
        } else {
            text
        };
        put(&mut out, format_args!("  {key:16}  {text}\n"));
    }
    out
}

/// Lists the runs that one beginning or end of an id may mean.
pub fn candidates(runs: &[Run]) -> String {
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
    lines.collect()
}

/// Writes one record as it comes: columns on a terminal, else fields cut by
/// tabs.
pub fn record_line(glance: &Glance, style: &Style) -> String {
    let Glance { event, time, run } = glance;
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
