//! One run, assembled from its records.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::audit::{EventName, RecordedArg, RecordedArgs, SignalRecord};
use crate::host::HostView;
use crate::names::{shell_word, visible};

/// One run, as far as its records show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Run {
    /// The run's id.
    #[expect(clippy::struct_field_names, reason = "the record's own name")]
    pub run_id: String,
    /// The machine's name.
    pub host: String,
    /// The chain of its log.
    pub chain: String,
    /// The group.
    pub group: String,
    /// The extension.
    pub extension: String,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The real uid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// When its start was recorded; absent if only its end was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When its end was recorded; absent if it was not found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Its arguments as recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args: Option<RecordedArgs>,
    /// How it was confirmed: `tty`, `typed`, `yes-flag` or `confirm-flag`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What is known about the process of a run without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// The process id of a run without an end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The code a shell shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The signal that killed it, or the last one that qli received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The guard that refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why it was refused, or could not start; `timeout` if it exceeded its
    /// timeout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// True if its end was spooled, and written to the log by a later run.
    pub spooled: bool,
    /// The record that ended it; `None` if no end was found.
    #[serde(skip)]
    pub end: Option<EventName>,
    #[serde(skip)]
    pub timed_out: bool,
    /// The last signal that qli received, and where it came from.
    #[serde(skip)]
    pub last_signal: Option<SignalRecord>,
    /// What identifies its process, with `pid`: its start in clock ticks since
    /// boot, and the boot id.
    #[serde(skip)]
    pub process: Option<(u64, String)>,
}

/// How a run ended.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    clap::ValueEnum,
    Serialize,
    JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The script exited with 0.
    Ok,
    /// It exited with another code, or could not be started.
    Failed,
    /// A guard refused it.
    Refused,
    /// It was interrupted, or exceeded its timeout.
    Stopped,
    /// It has not ended yet.
    Running,
    /// qli was killed, so the outcome is unknown.
    #[default]
    Unknown,
}

/// What is known about the process of a run that has no end in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Fate {
    /// Its qli is still running.
    #[serde(rename = "running")]
    Running,
    /// Its qli is gone: the outcome is unknown.
    #[serde(rename = "abandoned")]
    Abandoned,
    /// It ran on another machine, or this one cannot say.
    #[serde(rename = "unknown from here")]
    UnknownFromHere,
}

impl Run {
    /// Fills in the outcome, which for a run without an end depends on whether
    /// its process is still there.
    #[must_use]
    pub fn settled(mut self, view: &dyn HostView) -> Self {
        let fate = self.end.is_none().then(|| self.fate(view));
        self.outcome = match (self.end, self.exit_code) {
            // How a script exits on TERM does not show whether it was done.
            (Some(EventName::Finish), _) if self.timed_out => Outcome::Stopped,
            (Some(EventName::Finish), Some(0)) => Outcome::Ok,
            (Some(EventName::Finish | EventName::SpawnFailed), _) => Outcome::Failed,
            (Some(EventName::Refused), _) => Outcome::Refused,
            (Some(EventName::Interrupted), _) => Outcome::Stopped,
            _ if fate == Some(Fate::Running) => Outcome::Running,
            _ => Outcome::Unknown,
        };
        self.pid = self.pid.filter(|_| fate.is_some());
        self.fate = fate;
        if self.timed_out {
            self.reason.get_or_insert_with(|| "timeout".to_owned());
        }
        self
    }

    fn fate(&self, view: &dyn HostView) -> Fate {
        let (Some(pid), Some((start, boot))) = (self.pid, &self.process) else {
            return Fate::UnknownFromHere;
        };
        if self.host != view.identity().host {
            return Fate::UnknownFromHere;
        }
        match view.is_running(pid, *start, boot) {
            Some(true) => Fate::Running,
            Some(false) => Fate::Abandoned,
            None => Fate::UnknownFromHere,
        }
    }

    /// Returns when it began, or else when it ended.
    pub fn time(&self) -> &str {
        let time = self.started.as_deref().or(self.ended.as_deref());
        time.unwrap_or_default()
    }

    /// Formats what was typed: group, extension, and the recorded arguments.
    pub fn command(&self) -> String {
        let names = [visible(&self.group), visible(&self.extension)];
        let args = match &self.args {
            None => Vec::new(),
            Some(RecordedArgs::List(list)) => list.iter().map(word).collect(),
            Some(RecordedArgs::Digest { count, .. }) => vec![format!("({count} arguments)")],
        };
        let words: Vec<_> = names.into_iter().chain(args).collect();
        words.join(" ")
    }

    /// Completes a run, of which only the start is known, by its end.
    pub(super) fn end_with(&mut self, end: Self) {
        let start = std::mem::replace(self, end);
        self.started = start.started;
        self.args = start.args;
        self.confirm = start.confirm;
        self.pid = start.pid;
        self.process = start.process;
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    pub event: String,
    /// When it was written.
    pub time: String,
    pub(super) hash: String,
    /// Its run, as far as this record shows.
    pub run: Run,
}

impl RecordSummary {
    /// Parses a line; `None` if it is not a record.
    pub fn of(line: &[u8]) -> Option<Self> {
        let record: RecordView = serde_json::from_slice(line).ok()?;
        // This version may not know the event.
        let event = EventName::of(&record.event);
        let end = event.filter(|event| event.is_end() || *event == EventName::Refused);
        let time_if = |is_recorded: bool| is_recorded.then(|| record.timestamp.clone());
        let passed = |guard: &GuardView| {
            guard.step == "confirm" && guard.verdict.as_deref() != Some("refuse")
        };
        let run = Run {
            run_id: record.run_id.unwrap_or_default(),
            host: record.host,
            chain: record.chain,
            group: record.group.unwrap_or_default(),
            extension: record.extension.unwrap_or_default(),
            user: record.user,
            uid: record.uid,
            started: time_if(event == Some(EventName::Start)),
            ended: time_if(end.is_some()),
            args: record.args,
            confirm: record
                .guards
                .into_iter()
                .find(passed)
                .and_then(|guard| guard.detail),
            pid: record.pid,
            exit_code: record.exit_code,
            signal: record.signal,
            step: record.step,
            reason: record.message.or(record.reason),
            duration_ms: record.duration_ms,
            spooled: record.spooled,
            end,
            timed_out: record.timed_out,
            last_signal: record.signals.into_iter().next_back(),
            process: record.process_start.zip(record.boot_id),
            ..Run::default()
        };
        Some(Self {
            event: record.event,
            time: record.timestamp,
            hash: record.hash,
            run,
        })
    }
}

/// Formats an argument as one would type it, as far as it was recorded.
fn word(arg: &RecordedArg) -> String {
    match arg {
        RecordedArg::Whole(text) => shell_word(text.as_os_str()),
        RecordedArg::Cut { head, len, .. } => {
            format!("{}\u{2026}({len} bytes)", shell_word(head.as_os_str()))
        }
        RecordedArg::Digest { len, .. } => format!("({len} bytes)"),
    }
}

/// What a list of runs shows of a record.
#[derive(Deserialize)]
struct RecordView {
    event: String,
    timestamp: String,
    host: String,
    chain: String,
    run_id: Option<String>,
    group: Option<String>,
    extension: Option<String>,
    user: Option<String>,
    uid: Option<u32>,
    #[serde(default, deserialize_with = "if_known")]
    args: Option<RecordedArgs>,
    #[serde(default)]
    guards: Vec<GuardView>,
    pid: Option<u32>,
    process_start: Option<u64>,
    boot_id: Option<String>,
    step: Option<String>,
    reason: Option<String>,
    exit_code: Option<i32>,
    signal: Option<String>,
    #[serde(default)]
    signals: Vec<SignalRecord>,
    message: Option<String>,
    duration_ms: Option<u64>,
    #[serde(default)]
    timed_out: bool,
    #[serde(default)]
    spooled: bool,
    hash: String,
}

/// A step that passed, or that refused.
#[derive(Deserialize)]
struct GuardView {
    step: String,
    verdict: Option<String>,
    detail: Option<String>,
}

/// Reads arguments; a form that a later version may have is passed over, and
/// the rest of the record is shown.
fn if_known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RecordedArgs>, D::Error> {
    let json = serde_json::Value::deserialize(from)?;
    Ok(RecordedArgs::deserialize(json).ok())
}
