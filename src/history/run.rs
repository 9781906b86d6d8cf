//! One run, as its records tell of it.

use serde_json::Value;

use super::record_view::{GuardView, RecordView, SignalView, owned, text};
use crate::host::HostView;
use crate::names::{shell_word, visible};

/// One run, as far as its records tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the record's own names")]
pub struct Run {
    /// Its id.
    pub run_id: String,
    /// The machine.
    pub host: String,
    /// The chain of its log.
    pub chain: String,
    /// The group.
    pub group: String,
    /// The extension.
    pub extension: String,
    /// The user's name.
    pub user: Option<String>,
    /// The real uid.
    pub uid: Option<u32>,
    /// When its start was recorded; none if only its end was met.
    pub started: Option<String>,
    /// When its end was recorded.
    pub ended: Option<String>,
    /// Its arguments as the record writes them.
    pub args: Value,
    /// How it was confirmed; none if it was not.
    pub confirm: Option<String>,
    /// The process that started it.
    pub process: RunProcess,
    /// How it ended; none if no end was met.
    pub end: Option<End>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// Whether its timeout was over, so that qli sent it TERM.
    pub timed_out: bool,
    /// Whether its end was recorded later than it happened.
    pub spooled: bool,
}

/// What a start tells of its process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunProcess {
    /// Process id.
    pub pid: Option<u32>,
    /// When it started, in clock ticks since the machine did.
    pub start: Option<u64>,
    /// The id of that time.
    pub boot_id: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The script ran.
    Finished {
        /// The code a shell shows.
        exit_code: i32,
        /// The signal it died of.
        signal: Option<String>,
    },
    /// Somebody stopped it.
    Interrupted {
        /// The code a shell shows.
        exit_code: i32,
        /// The signal it died of, or the last one that was received.
        signal: Option<String>,
        /// Why it was not started after all.
        reason: Option<String>,
        /// Who sent the last signal, and whether qli passed it on.
        sender: Option<SignalSender>,
    },
    /// It could not be started.
    SpawnFailed {
        /// 126 or 127.
        exit_code: i32,
        /// The system's word.
        message: String,
    },
    /// A guard refused it.
    Refused {
        /// The code qli ended with.
        exit_code: Option<i32>,
        /// The guard.
        step: Option<String>,
        /// Why, in words.
        reason: Option<String>,
    },
}

/// Where a signal came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalSender {
    /// The signal.
    pub name: String,
    /// The process; none for the kernel and the terminal.
    pub pid: Option<i32>,
    /// Its uid.
    pub uid: Option<u32>,
    /// Whether qli passed it on.
    pub forwarded: bool,
}

/// What became of a run, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Outcome {
    /// The script ended with 0.
    Ok,
    /// It ended otherwise, or could not be started.
    Failed,
    /// A guard refused it.
    Refused,
    /// Somebody stopped it, or its timeout did.
    Stopped,
    /// It has not ended yet.
    Running,
    /// qli was killed: nobody knows.
    Unknown,
}

impl Outcome {
    /// Returns its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of a run that has no end in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its qli is still at work.
    Running,
    /// Its qli is gone: the outcome is unknown.
    Abandoned,
    /// It is of another machine, or this one does not tell.
    UnknownFromHere,
}

impl Fate {
    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Abandoned => "abandoned",
            Self::UnknownFromHere => "unknown from here",
        }
    }
}

impl Run {
    /// Says what became of the process of a run without an end.
    pub fn fate(&self, view: &dyn HostView) -> Fate {
        let RunProcess {
            pid,
            start,
            boot_id,
        } = &self.process;
        let (Some(pid), Some(start), Some(boot)) = (pid, start, boot_id) else {
            return Fate::UnknownFromHere;
        };
        match view.boot_id() {
            _ if self.host != view.identity().host => return Fate::UnknownFromHere,
            None => return Fate::UnknownFromHere,
            Some(now) if now != *boot => return Fate::Abandoned,
            Some(_) => {}
        }
        match view.process_start(*pid) {
            Ok(Some(found)) if found == *start => Fate::Running,
            Ok(_) => Fate::Abandoned,
            Err(_) => Fate::UnknownFromHere,
        }
    }

    /// Says in one word what became of it.
    pub fn outcome(&self, view: &dyn HostView) -> Outcome {
        match &self.end {
            // What a script makes of its TERM says nothing of what it was for.
            Some(End::Finished { .. }) if self.timed_out => Outcome::Stopped,
            Some(End::Finished { exit_code: 0, .. }) => Outcome::Ok,
            Some(End::Finished { .. } | End::SpawnFailed { .. }) => Outcome::Failed,
            Some(End::Refused { .. }) => Outcome::Refused,
            Some(End::Interrupted { .. }) => Outcome::Stopped,
            None if self.fate(view) == Fate::Running => Outcome::Running,
            None => Outcome::Unknown,
        }
    }

    /// Writes what was typed: group, extension, and the arguments as far as
    /// they were recorded.
    pub fn command(&self) -> String {
        let names = [visible(&self.group), visible(&self.extension)];
        names
            .into_iter()
            .chain(self.words())
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn words(&self) -> Vec<String> {
        if let Some(list) = self.args.as_array() {
            return list.iter().map(word).collect();
        }
        let count = self.args.get("count").and_then(Value::as_u64);
        count
            .map(|count| format!("({count} arguments)"))
            .into_iter()
            .collect()
    }

    pub(super) fn begun(told: &RecordView<'_>) -> Self {
        let passed = |guard: &&GuardView<'_>| {
            let refused = guard.verdict.as_ref().is_some_and(|it| it.0 == "refuse");
            guard.step.0 == "confirm" && !refused
        };
        let confirm = told.guards.iter().find(passed);
        let detail = confirm.and_then(|guard| guard.detail.clone());
        Self {
            run_id: owned(told.run_id.clone()).unwrap_or_default(),
            host: told.host.0.clone().into_owned(),
            chain: told.chain.0.clone().into_owned(),
            group: owned(told.group.clone()).unwrap_or_default(),
            extension: owned(told.extension.clone()).unwrap_or_default(),
            user: owned(told.user.clone()),
            uid: told.uid,
            confirm: owned(detail),
            args: told.args.clone(),
            process: RunProcess {
                pid: told.pid,
                start: told.process_start,
                boot_id: owned(told.boot_id.clone()),
            },
            ..Self::default()
        }
    }

    pub(super) fn end_with(&mut self, told: &RecordView<'_>, end: End) {
        self.ended = Some(told.timestamp.0.clone().into_owned());
        self.duration_ms = told.duration_ms;
        self.timed_out = told.timed_out;
        self.spooled = told.spooled;
        self.end = Some(end);
    }
}

/// One record as it comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    /// What it tells of.
    pub event: String,
    /// When it was written.
    pub time: String,
    /// Its run, as far as this record tells.
    pub run: Run,
}

impl RecordSummary {
    /// Reads a line; none if it is no record.
    pub fn of(line: &[u8]) -> Option<Self> {
        let told = RecordView::of(line)?;
        let mut run = Run::begun(&told);
        if let Some(end) = end(&told) {
            run.end_with(&told, end);
        }
        Some(Self {
            event: told.event.0.into_owned(),
            time: told.timestamp.0.into_owned(),
            run,
        })
    }
}

/// Writes one argument as one would type it, as far as it was recorded.
fn word(arg: &Value) -> String {
    if let Some(whole) = text(arg) {
        return shell_word(whole.as_os_str());
    }
    let head = arg.get("head").and_then(text);
    let length = arg.get("len").and_then(Value::as_u64).unwrap_or_default();
    match head {
        Some(head) => format!("{}\u{2026}({length} bytes)", shell_word(head.as_os_str())),
        None => format!("({length} bytes)"),
    }
}

/// Reads how a run ended; none if the record is no end.
pub(super) fn end(told: &RecordView<'_>) -> Option<End> {
    let exit_code = told.exit_code.unwrap_or_default();
    let signal = owned(told.signal.clone());
    match &*told.event.0 {
        "finish" => Some(End::Finished { exit_code, signal }),
        "interrupted" => Some(End::Interrupted {
            exit_code,
            signal,
            reason: owned(told.reason.clone()),
            sender: told.signals.last().map(sender),
        }),
        "spawn_failed" => Some(End::SpawnFailed {
            exit_code,
            message: owned(told.message.clone()).unwrap_or_default(),
        }),
        "refused" => Some(End::Refused {
            exit_code: told.exit_code,
            step: owned(told.step.clone()),
            reason: owned(told.message.clone()).or_else(|| owned(told.reason.clone())),
        }),
        _ => None,
    }
}

fn sender(signal: &SignalView<'_>) -> SignalSender {
    SignalSender {
        name: signal.name.0.clone().into_owned(),
        pid: signal.from_pid,
        uid: signal.from_uid,
        forwarded: signal.forwarded,
    }
}
