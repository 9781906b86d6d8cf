//! The calls of one provider for some references: batched where its program can do
//! that, one after the other.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::argument::arguments;
use super::batch::{protocol_request, protocol_value};
use super::fault::{FetchFault, ToolMessage};
use super::output::{AnswerFault, Bytes, Document};
use super::reference::Parts;
use super::row::{Calls, FailRule, Many, Meaning, Row};
use super::secret::{Secret, Unusable};
use super::{FoundTool, ProviderFault};
use crate::host::{CallQueue, HostView, ToolCall, ToolError, ToolInput, ToolOutput};
use crate::names::{Text, redact_args, visible_lines};

/// Longest answer of a call, in bytes.
const LIMIT: usize = 1 << 20;

/// Longest message that is shown, in bytes.
const MESSAGE_MAX: usize = 4096;

/// Fetches the values of some references, each of which is there once.
pub struct Fetching<'f> {
    row: &'f Row,
    planned: &'f Result<FoundTool, ProviderFault>,
    references: Vec<Parts>,
    /// Whether the value of each may be empty.
    may_be_empty: Vec<bool>,
    /// The variables that hold other secrets.
    sources: &'f [&'f str],
    /// Marks the values in a filled template.
    frame: String,
    /// Whether a value has been fetched by any provider: then no message is shown, as it
    /// may contain the value.
    has_values: &'f Cell<bool>,
    queue: VecDeque<Call>,
    current: Option<Call>,
    pub values: Vec<Option<Secret>>,
    /// The reference without a value, and why.
    pub fault: Option<(usize, ProviderFault)>,
}

/// A reference to fetch.
#[derive(Debug)]
pub struct Wanted {
    pub parts: Parts,
    pub may_be_empty: bool,
}

impl From<Parts> for Wanted {
    fn from(parts: Parts) -> Self {
        let may_be_empty = false;
        Self {
            parts,
            may_be_empty,
        }
    }
}

/// The references of one call, by number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Call {
    kind: CallKind,
    references: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallKind {
    One,
    Many,
    Protocol,
}

/// What several providers that are called side by side share.
#[derive(Debug, Clone, Copy)]
pub struct Shared<'f> {
    pub sources: &'f [&'f str],
    pub frame: &'f str,
    pub has_values: &'f Cell<bool>,
}

impl<'f> Fetching<'f> {
    pub fn new(
        row: &'f Row,
        planned: &'f Result<FoundTool, ProviderFault>,
        references: impl IntoIterator<Item = impl Into<Wanted>>,
        shared: Shared<'f>,
    ) -> Self {
        let wanted = references.into_iter().map(Into::into);
        let (references, may_be_empty): (Vec<_>, Vec<_>) = wanted
            .map(|one: Wanted| (one.parts, one.may_be_empty))
            .unzip();
        let queue = calls(row, &references);
        Self {
            row,
            planned,
            values: references.iter().map(|_| None).collect(),
            references,
            may_be_empty,
            sources: shared.sources,
            frame: shared.frame.to_owned(),
            has_values: shared.has_values,
            queue,
            current: None,
            fault: None,
        }
    }

    fn fail(&mut self, reference: usize, fault: ProviderFault) -> ControlFlow<()> {
        self.fault = Some((reference, fault));
        ControlFlow::Break(())
    }

    fn parts(&self, call: &Call) -> Vec<&Parts> {
        let references = call.references.iter();
        references
            .filter_map(|&one| self.references.get(one))
            .collect()
    }

    fn tool_call(&self, call: &Call, tool: &FoundTool, view: &dyn HostView) -> ToolCall {
        let parts = self.parts(call);
        let (args, input) = match (&self.row.calls, call.kind) {
            (Calls::Arguments { one, .. }, CallKind::One) => {
                let first = parts.first().map(|first| arguments(one, first));
                (first.unwrap_or_default(), ToolInput::Nothing)
            }
            (
                Calls::Arguments {
                    many: Some(many), ..
                },
                _,
            ) => many.call(&parts, &self.frame),
            (Calls::Arguments { .. } | Calls::Protocol, _) => {
                (Vec::new(), protocol_request(&parts))
            }
        };
        let input = if self.row.terminal {
            ToolInput::Terminal
        } else {
            input
        };
        ToolCall {
            program: tool.path.clone(),
            args,
            environment: self.row.environment.of(view.environment(), self.sources),
            input,
            timeout: self.row.timeout,
            limit: LIMIT,
        }
    }

    /// Takes the answer of a call that succeeded.
    fn take(&mut self, call: &Call, output: &ToolOutput) -> ControlFlow<()> {
        let mut singly = Vec::new();
        let answers = self.answers(call, &Document::new(&output.stdout));
        let has_values = answers.iter().any(Result::is_ok);
        for (&reference, answer) in call.references.iter().zip(answers) {
            match answer {
                Ok(value) => {
                    self.has_values.set(true);
                    let value = match self.usable(reference, value) {
                        Ok(value) => value,
                        Err(unusable) => return self.fail(reference, unusable.into()),
                    };
                    if let Some(place) = self.values.get_mut(reference) {
                        *place = Some(value);
                    }
                }
                Err(FetchFault::Answer(AnswerFault::Absent)) if call.kind == CallKind::Many => {
                    singly.push(reference);
                }
                Err(fault) => return self.fail(reference, self.described(fault, has_values)),
            }
        }
        self.retry(&singly);
        ControlFlow::Continue(())
    }

    fn answers(&self, call: &Call, answer: &Document<'_>) -> Vec<Result<Bytes, FetchFault>> {
        let parts = self.parts(call);
        match (&self.row.calls, call.kind) {
            (Calls::Arguments { output, .. }, CallKind::One) => {
                let values = parts.into_iter().map(|parts| output.value(answer, parts));
                values.map(|value| Ok(value?)).collect()
            }
            (
                Calls::Arguments {
                    many: Some(many), ..
                },
                _,
            ) => {
                let values = many.values(answer, &parts, &self.frame).into_iter();
                values.map(|value| Ok(value?)).collect()
            }
            (Calls::Arguments { .. } | Calls::Protocol, _) => {
                let values = parts
                    .into_iter()
                    .map(|parts| protocol_value(answer, parts.whole()));
                values.collect()
            }
        }
    }

    fn usable(&self, reference: usize, value: Bytes) -> Result<Secret, Unusable> {
        let secret = Secret::new(value);
        let may_be_empty = self.may_be_empty.get(reference) == Some(&true);
        if secret.is_empty() && !may_be_empty {
            return Err(Unusable::Empty);
        }
        Ok(secret)
    }

    /// Fetches references of a batch one by one: so each failure is reported by its own
    /// message.
    fn retry(&mut self, references: &[usize]) {
        let parts: Vec<_> = references
            .iter()
            .filter_map(|&one| Some((one, self.references.get(one)?)))
            .collect();
        let calls: Vec<_> = single_calls(self.row, &parts);
        for call in calls.into_iter().rev() {
            self.queue.push_front(call);
        }
    }

    fn described(&self, fault: FetchFault, has_values: bool) -> ProviderFault {
        match fault {
            FetchFault::Answer(fault) => ProviderFault::Answer(fault),
            FetchFault::Reported(means, message) => {
                let message = self.message(message.as_bytes(), has_values);
                ProviderFault::Reported(means, message)
            }
        }
    }

    fn failed(&self, output: &ToolOutput, rule: Option<&FailRule>) -> ProviderFault {
        let may_hold_value = output.stderr_cut || !output.stdout.trim_ascii().is_empty();
        let note = rule.and_then(|rule| rule.note.clone());
        let message = match (self.message(&output.stderr, may_hold_value), note) {
            (ToolMessage::Silent, Some(note)) => ToolMessage::Noted(note),
            (message, _) => message,
        };
        ProviderFault::ToolFailed {
            means: rule.map(|rule| rule.means),
            code: output.code,
            message,
        }
    }

    /// A program may print a value in a form that no search finds: wrapped, truncated,
    /// coloured. So its message is shown only if it cannot know one.
    fn message(&self, text: &[u8], may_hold_value: bool) -> ToolMessage {
        match text.trim_ascii() {
            [] => ToolMessage::Silent,
            _ if may_hold_value || self.has_values.get() => ToolMessage::Withheld,
            said => {
                let said = said.get(..said.len().min(MESSAGE_MAX)).unwrap_or_default();
                ToolMessage::Said(visible_lines(&without_secrets(said)))
            }
        }
    }
}

impl CallQueue for Fetching<'_> {
    fn next(&mut self, view: &dyn HostView) -> ControlFlow<(), Option<ToolCall>> {
        let Some(call) = self.queue.pop_front() else {
            return ControlFlow::Continue(None);
        };
        // A call takes time: the program may have been replaced meanwhile.
        let found = match self.row.find_again(self.planned, view) {
            Ok(found) => found,
            Err(fault) => {
                let first = call.references.first().copied().unwrap_or_default();
                return self.fail(first, fault).map_continue(|()| None);
            }
        };
        let tool_call = self.tool_call(&call, &found, view);
        self.current = Some(call);
        ControlFlow::Continue(Some(tool_call))
    }

    fn finished(&mut self, end: Result<ToolOutput, ToolError>) -> ControlFlow<()> {
        let Some(call) = self.current.take() else {
            return ControlFlow::Continue(());
        };
        let first = call.references.first().copied().unwrap_or_default();
        let output = match end {
            Ok(output) => output,
            Err(error) => {
                let program = self
                    .planned
                    .as_ref()
                    .map_or(Path::new(""), |tool| &tool.path);
                return self.fail(first, self.row.fault_of(error, program));
            }
        };
        let rule = self.row.rule(&output);
        if output.code == Some(0) && rule.is_none() {
            return self.take(&call, &output);
        }
        let means = rule.map(|rule| rule.means);
        let would_recur = matches!(means, Some(Meaning::SignedOut | Meaning::Network));
        if call.kind == CallKind::Many && !would_recur {
            // It may have printed values, and may name them in its next message.
            let has_printed = !output.stdout.trim_ascii().is_empty();
            self.has_values.set(self.has_values.get() || has_printed);
            self.retry(&call.references);
            return ControlFlow::Continue(());
        }
        self.fail(first, self.failed(&output, rule))
    }
}

/// Without what looks like a secret, such as a token or the password in a URL.
fn without_secrets(message: &[u8]) -> String {
    let redacted = redact_args(&[Text::from(OsStr::from_bytes(message))]);
    let texts = redacted
        .iter()
        .map(|text| text.as_os_str().to_string_lossy());
    texts.collect()
}

/// How many calls the values of some references take.
pub fn count(row: &Row, references: &[Parts]) -> usize {
    calls(row, references).len()
}

fn calls(row: &Row, references: &[Parts]) -> VecDeque<Call> {
    let all: Vec<_> = references.iter().enumerate().collect();
    match &row.calls {
        Calls::Protocol => {
            let references = all.iter().map(|(at, _)| *at).collect();
            let kind = CallKind::Protocol;
            VecDeque::from([Call { kind, references }])
        }
        Calls::Arguments { many: None, .. } => single_calls(row, &all).into(),
        Calls::Arguments {
            many: Some(many), ..
        } => {
            let (together, singly): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(_, parts)| many.takes(parts));
            let groups = grouped(&together, |parts| arguments(&many.args, parts));
            let calls = groups
                .into_iter()
                .flat_map(|group| batches(row, many, &group));
            calls.chain(single_calls(row, &singly)).collect()
        }
    }
}

type Numbered<'p> = (usize, &'p Parts);

/// Divides a group into calls of at most `max` secrets; a single one needs no batch.
fn batches(row: &Row, many: &Many, group: &[Numbered<'_>]) -> Vec<Call> {
    let secrets = grouped(group, |parts| many.each.filled(parts));
    let chunks = secrets.chunks(many.max.max(1)).flat_map(|chunk| {
        let all: Vec<_> = chunk.iter().flatten().copied().collect();
        if chunk.len() == 1 {
            return single_calls(row, &all);
        }
        let references = all.into_iter().map(|(at, _)| at).collect();
        let kind = CallKind::Many;
        vec![Call { kind, references }]
    });
    chunks.collect()
}

/// A call for each reference; those with equal arguments share one.
fn single_calls(row: &Row, references: &[Numbered<'_>]) -> Vec<Call> {
    let Calls::Arguments { one, .. } = &row.calls else {
        return Vec::new();
    };
    let groups = grouped(references, |parts| arguments(one, parts));
    let calls = groups.into_iter().map(|group| Call {
        kind: CallKind::One,
        references: group.into_iter().map(|(at, _)| at).collect(),
    });
    calls.collect()
}

/// Groups references by a key, in their order.
fn grouped<'p, K: Ord>(
    references: &[Numbered<'p>],
    key: impl Fn(&Parts) -> K,
) -> Vec<Vec<Numbered<'p>>> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Vec<Numbered<'p>>> = Vec::new();
    for &(at, parts) in references {
        let place = *places.entry(key(parts)).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        if let Some(group) = groups.get_mut(place) {
            group.push((at, parts));
        }
    }
    groups
}

#[cfg(test)]
mod tests;
