//! What stands in the columns of a table of runs.

use super::super::OutcomeCounts;
use crate::history::{End, Fate, Outcome, Run, SignalSender};
use crate::host::HostView;
use crate::names::{plural, visible};

/// How many digits of an id are shown: of its end, since its beginning is the
/// time.
pub(super) const ID: usize = 6;

/// The end of an id: what is enough to name a run to `qli audit show`.
pub(super) fn id_end(run_id: &str) -> String {
    let id = visible(run_id);
    let at = id.len().saturating_sub(ID);
    id.get(at..).unwrap_or(&id).to_owned()
}

pub(super) fn who(run: &Run) -> String {
    let user = match (&run.user, run.uid) {
        (Some(user), _) => visible(user),
        (None, Some(uid)) => uid.to_string(),
        (None, None) => "?".to_owned(),
    };
    format!("{user}@{}", visible(&run.host))
}

pub(super) fn confirm(run: &Run) -> String {
    match run.confirm.as_deref() {
        None => "-".to_owned(),
        Some("yes-flag") => "--yes".to_owned(),
        Some("confirm-flag") => "--confirm".to_owned(),
        Some(other) => visible(other),
    }
}

/// One word for how a run ended.
pub(super) fn end(run: &Run, outcome: Outcome) -> String {
    let plain = |signal: &str| visible(signal.strip_prefix("SIG").unwrap_or(signal));
    match &run.end {
        Some(
            End::Finished {
                signal: Some(signal),
                ..
            }
            | End::Interrupted {
                signal: Some(signal),
                ..
            },
        ) => plain(signal),
        Some(
            End::Finished { exit_code, .. }
            | End::Interrupted { exit_code, .. }
            | End::SpawnFailed { exit_code, .. },
        ) => exit_code.to_string(),
        Some(End::Refused { .. }) => "REFUSED".to_owned(),
        None if outcome == Outcome::Running => "running".to_owned(),
        None => "UNKNOWN".to_owned(),
    }
}

pub(super) fn ended(run: &Run) -> Option<String> {
    run.end.as_ref().map(|_| end(run, Outcome::Unknown))
}

/// What one word does not tell.
pub(super) fn note(run: &Run, view: &dyn HostView) -> Option<String> {
    let timeout = run.timed_out.then(|| "timed out, TERM from qli".to_owned());
    let notes: Vec<_> = timeout.into_iter().chain(why(run, view)).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn why(run: &Run, view: &dyn HostView) -> Option<String> {
    let show = format!("qli audit show {}", id_end(&run.run_id));
    match &run.end {
        Some(End::Finished { .. }) => None,
        Some(End::Interrupted { reason, sender, .. }) => match (reason, sender) {
            (Some(reason), _) => Some(format!("not started: {}", visible(reason))),
            (None, Some(sender)) => Some(sent(sender)),
            (None, None) => None,
        },
        Some(End::SpawnFailed { message, .. }) => Some(visible(message)),
        Some(End::Refused { step, reason, .. }) => {
            let step = step.as_deref().map_or(String::new(), visible);
            let reason = reason.as_deref().map_or(String::new(), visible);
            Some(format!("{step}: {reason}"))
        }
        None => match run.fate(view) {
            Fate::Running => run.process.pid.map(|pid| format!("process {pid}")),
            Fate::Abandoned => Some(format!("qli was killed, outcome unknown: {show}")),
            Fate::UnknownFromHere => Some(format!("no end here, unknown from here: {show}")),
        },
    }
}

fn sent(sender: &SignalSender) -> String {
    let name = visible(sender.name.strip_prefix("SIG").unwrap_or(&sender.name));
    let from = match (sender.pid, sender.uid) {
        (Some(pid), Some(uid)) => format!("from pid {pid} (uid {uid})"),
        (Some(pid), None) => format!("from pid {pid}"),
        (None, _) => "from the terminal or the kernel".to_owned(),
    };
    let passed = if sender.forwarded { ", passed on" } else { "" };
    format!("{name} {from}{passed}")
}

/// Writes a duration in at most six columns, as long as it is one that a run
/// can have.
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

pub(super) fn summary(counts: OutcomeCounts) -> String {
    let OutcomeCounts {
        ok,
        failed,
        refused,
        stopped,
        running,
        unknown,
    } = counts;
    let all = ok + failed + refused + stopped + running + unknown;
    let runs = plural(usize::try_from(all).unwrap_or(usize::MAX), "run");
    let kinds = [
        (ok, "ok"),
        (failed, "failed"),
        (refused, "refused"),
        (stopped, "stopped"),
        (running, "running"),
        (unknown, "of unknown outcome"),
    ];
    let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
    let kinds: Vec<_> = kinds
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if kinds.is_empty() {
        return "no runs\n".to_owned();
    }
    format!(
        "{runs}: {}\nchain not checked here: qli audit verify\n",
        kinds.join(", ")
    )
}
