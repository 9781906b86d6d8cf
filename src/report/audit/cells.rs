//! How the parts of a run are written, in every table and sentence.

use super::super::OutcomeCounts;
use super::super::style::wrapped;
use crate::audit::{EventName, RunId, SignalRecord};
use crate::history::{Fate, Outcome, Run};
use crate::names::{grouped, plural, visible};

/// The end of a run id, which is enough to name a run to `qli audit show`.
pub(super) fn short_id(run_id: &str) -> String {
    RunId::short(&visible(run_id)).to_owned()
}

pub(super) fn user(run: &Run) -> String {
    match (&run.user, run.uid) {
        (Some(user), _) => visible(user),
        (None, Some(uid)) => uid.to_string(),
        (None, None) => "?".to_owned(),
    }
}

pub(super) fn who(run: &Run) -> String {
    format!("{}@{}", user(run), visible(&run.host))
}

pub(super) fn confirm(run: &Run) -> String {
    match run.confirm.as_deref() {
        None => "-".to_owned(),
        Some("yes-flag") => "--yes".to_owned(),
        Some("confirm-flag") => "--confirm".to_owned(),
        Some(other) => visible(other),
    }
}

/// How a run ended, in one word.
pub(super) fn end(run: &Run) -> String {
    match (run.end, &run.signal, run.exit_code) {
        (Some(EventName::Refused), ..) => "REFUSED".to_owned(),
        (Some(_), Some(signal), _) => signal_name(signal),
        (Some(_), None, Some(exit_code)) => exit_code.to_string(),
        (None, ..) if run.outcome == Outcome::Running => "running".to_owned(),
        (..) => "UNKNOWN".to_owned(),
    }
}

pub(super) fn signal_name(signal: &str) -> String {
    visible(signal.strip_prefix("SIG").unwrap_or(signal))
}

/// What the one word leaves out.
pub(super) fn note(run: &Run) -> Option<String> {
    let timeout = run.timed_out.then(|| "timed out, TERM from qli".to_owned());
    let notes: Vec<_> = timeout.into_iter().chain(why(run)).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn why(run: &Run) -> Option<String> {
    let reason = run.reason.as_deref().filter(|_| !run.timed_out);
    let reason = reason.map(visible);
    match (run.end, run.fate) {
        (Some(EventName::Interrupted), _) => match (reason, &run.last_signal) {
            (Some(reason), _) => Some(format!("not started: {reason}")),
            (None, signal) => signal.as_ref().map(sent),
        },
        (Some(EventName::SpawnFailed), _) => reason,
        (Some(EventName::Refused), _) => Some(refusal(run)).filter(|text| !text.is_empty()),
        (Some(_), _) => None,
        (None, Some(Fate::Running)) => run.pid.map(|pid| format!("process {pid}")),
        (None, fate) => {
            let why = match fate {
                Some(Fate::Abandoned) => "qli was killed",
                _ => "no end recorded",
            };
            Some(format!(
                "{why}; see: qli audit show {}",
                short_id(&run.run_id)
            ))
        }
    }
}

/// The step that refused a run, and why.
pub(super) fn refusal(run: &Run) -> String {
    let parts = [&run.step, &run.reason].into_iter().flatten();
    let parts: Vec<_> = parts.map(visible).collect();
    parts.join(": ")
}

/// A signal, its sender, and whether the script got it.
pub(super) fn sent(signal: &SignalRecord) -> String {
    let from = match (signal.from_pid, signal.from_uid) {
        (Some(pid), Some(uid)) => format!("from pid {pid} (uid {uid})"),
        (Some(pid), None) => format!("from pid {pid}"),
        (None, _) => "from the terminal or the kernel".to_owned(),
    };
    let forwarded = if signal.forwarded { ", forwarded" } else { "" };
    format!("{} {from}{forwarded}", signal_name(&signal.name))
}

/// Formats a duration in at most six columns, below 10,000 days.
pub(super) fn took(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis}ms"),
        1..=59 => format!("{seconds}s"),
        60..=3599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..=359_999 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        360_000..=8_639_999 => format!("{}d{:02}h", seconds / 86400, seconds / 3600 % 24),
        _ => format!("{}d", seconds / 86400),
    }
}

pub(super) fn summary(counts: OutcomeCounts, width: usize) -> String {
    let kinds = [
        (counts.ok, "ok"),
        (counts.failed, "failed"),
        (counts.refused, "refused"),
        (counts.stopped, "stopped"),
        (counts.running, "running"),
        (counts.unknown, "unknown"),
    ];
    let all: u64 = kinds.iter().map(|(count, _)| count).sum();
    if all == 0 {
        return "no runs\n".to_owned();
    }
    let kinds = kinds.iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<_> = kinds
        .map(|&(count, word)| format!("{} {word}", grouped(count)))
        .collect();
    let all = plural(all, "run");
    let counts = wrapped(&format!("{all}: {}", kinds.join(", ")), width);
    let check = "chain not checked; to check it:";
    let command = "qli audit verify";
    let fits = width > check.len() + command.len();
    let space = if fits { " " } else { "\n" };
    format!("{}\n{check}{space}{command}\n", counts.join("\n"))
}
