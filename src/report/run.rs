//! What `run` itself reports on standard error.

use std::borrow::Cow;

use super::message::Message;
use super::style::hanging;
use super::{Style, human};
use crate::audit::{Fallback, Unrecorded};
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::{Shadowed, some_of};
use crate::dispatch::{Ended, Outcome};
use crate::guard::{CommandLine, NextStep, NotRemoved, Plan, Refusal, Step};
use crate::names::{shell_path, visible, visible_path};

/// What is reported before a run: that the group shadows another one, and the warnings
/// of its plan if they are wanted. `style` is called only if there is something to report.
pub fn notes(plan: &Plan, verbose: bool, style: impl FnOnce() -> Style) -> Option<String> {
    // That secrets may reach a disk is said at every run.
    let is_shown = |one: &&Diagnostic| verbose || one.code == Code::SecretFileLocation;
    let warnings: Vec<_> = plan.warnings.iter().filter(is_shown).collect();
    if plan.location.shadows.is_none() && warnings.is_empty() {
        return None;
    }
    let style = style();
    let mut out = String::new();
    if let Some(shadowed) = &plan.location.shadows {
        let warning = shadowing(plan, shadowed, &style);
        out.push_str(&warning.render(&style));
    }
    if !warnings.is_empty() {
        out.push_str(&human::diagnostics(warnings, &style));
        out.push('\n');
    }
    Some(out)
}

fn shadowing(plan: &Plan, shadowed: &Shadowed, style: &Style) -> Message {
    let group = &plan.group;
    let message = if shadowed.guards.is_empty() {
        Message::warning(format!(
            "`{group}` is defined twice; the system's is not used"
        ))
    } else {
        let text = format!("`{group}` is defined twice; the one with more guards is not used");
        Message::warning(text).step("missing", some_of(&shadowed.guards))
    };
    message
        .step("used", style.path(&plan.location.manifest_path))
        .step("not used", style.path(&shadowed.manifest))
}

/// How a run ended, unless the script ran and was recorded. `qli` returns the command
/// that finds the extension again.
pub fn outcome(
    plan: &Plan,
    outcome: &Outcome,
    qli: impl FnOnce() -> String,
    style: impl FnOnce() -> Style,
) -> Option<String> {
    let Outcome {
        ended,
        unrecorded,
        not_removed,
        unwritten,
    } = outcome;
    let all_done = unrecorded.is_none() && not_removed.is_none() && unwritten.is_none();
    if matches!(ended, Ended::Ran(_)) && all_done {
        return None;
    }
    let (qli, style) = (qli(), style());
    let line = CommandLine { qli: &qli, plan };
    let mut out = String::new();
    if let Some(error) = error(line, ended, &style) {
        if plan.guards.banner.is_some() {
            out.push('\n');
        }
        out.push_str(&error.render(&style));
    }
    if let Some(NotRemoved { directory, reason }) = not_removed {
        let warning = Message::warning("the files of secrets are not removed").line(reason);
        let command = format!("rm -r {}", shell_path(directory));
        out.push_str(&warning.step("to remove them", command).render(&style));
    }
    if let Some(unrecorded) = unrecorded {
        out.push_str(&unrecorded_end(unrecorded, &style));
    }
    if let Some(reason) = unwritten {
        let text = format!("some of what {} printed was lost: {reason}", plan.extension);
        out.push_str(&Message::error(text).render(&style));
    }
    Some(out)
}

fn error(line: CommandLine<'_>, ended: &Ended, style: &Style) -> Option<Message> {
    let (group, extension) = (&line.plan.group, &line.plan.extension);
    let error = |text: String| Message::error(format!("{group} {extension} {text}"));
    Some(match ended {
        Ended::Ran(_) => return None,
        Ended::NotStarted(Refusal::Interrupted(step, signal)) => {
            let (step, signal) = (step.as_str(), signal.name());
            let code = Code::SignalBeforeStart.number();
            error(format!(
                "did not start: {signal} arrived at {step} ({code})"
            ))
        }
        Ended::NotStarted(refusal) => {
            let head = error(match (refusal, refusal.step()) {
                (Refusal::CannotStart(_), _) => "could not be started".to_owned(),
                (_, step) => {
                    let by = step.map_or("qli", Step::as_str);
                    format!("was refused by {by}; the script did not start")
                }
            });
            let steps = next_steps(refusal.next_steps(line), Some(line), refusal.code());
            not_started(head, &found(line, refusal), refusal.step(), style).steps(steps)
        }
        Ended::Lost(reason) => error(format!("was started, but cannot be waited for: {reason}")),
    })
}

/// What was found, and where the manifest requires something else.
fn found(line: CommandLine<'_>, refusal: &Refusal) -> Vec<String> {
    let plan = line.plan;
    let mut found: Vec<_> = refusal.details().into_iter().map(|one| one.text).collect();
    if let (Some(given), Some(last)) = (refusal.misplaced_answer(line), found.last_mut()) {
        *last = format!("{last}; `{given}` was passed to the script");
    }
    if let Some(at) = plan.required_at(refusal) {
        let manifest = visible_path(&plan.location.manifest_path);
        found.push(format!("required at {manifest}:{}:{}", at.line, at.column));
    }
    found
}

/// What was found, and how far the run got.
fn not_started(head: Message, found: &[String], step: Option<Step>, style: &Style) -> Message {
    let found = found.iter().map(|text| style.shortened(&visible(text)));
    let found = found.map(|text| hanging("  ", &text, style.width));
    let unchanged = match step {
        Some(Step::Confirm) => "Nothing changed: no secret was fetched.",
        Some(Step::Secrets | Step::AuditStart | Step::Spawn | Step::Wait | Step::AuditFinish) => {
            "Nothing changed: no secret was passed to the script."
        }
        None | Some(_) => "Nothing changed: no prompt, no secret fetched.",
    };
    head.line("")
        .block(found.collect())
        .line("")
        .line(unchanged)
}

/// The commands that help, as rows.
pub(super) fn next_steps(
    steps: impl IntoIterator<Item = NextStep>,
    line: Option<CommandLine<'_>>,
    code: Code,
) -> Vec<(Cow<'static, str>, String)> {
    let own = steps.into_iter().map(|step| (step.label, step.command));
    let explain = line.map(|line| ("show all steps".into(), line.explain()));
    let about = format!("qli help {}   ({})", code.name(), code.number());
    let about = ("about this refusal".into(), about);
    own.chain(explain).chain([about]).collect()
}

fn unrecorded_end(record: &Unrecorded, style: &Style) -> String {
    let what = match &record.left {
        Fallback::InSpool(_) => "the end of this run is not in its log yet",
        Fallback::Unanchored => "the record of this run is not anchored",
        Fallback::Dropped => "this refusal is not in the log",
        Fallback::WithoutStart => "the start of this run is no longer in its log",
        Fallback::EarlierWithoutStart => "the start of an earlier run is no longer in its log",
        Fallback::Nowhere(_) => "the end of this run is in no log; its record follows",
    };
    let warning = Message::warning(what).line(&record.reason);
    let warning = match &record.left {
        Fallback::InSpool(path) => {
            warning.line(format!("the record is kept in {}", style.path(path)))
        }
        Fallback::WithoutStart | Fallback::EarlierWithoutStart => {
            warning.line("the end is recorded, and marked `start_gone`")
        }
        Fallback::Nowhere(_) | Fallback::Unanchored | Fallback::Dropped => warning,
    };
    let warning = match &record.diagnosis {
        Some(command) => warning.step("to see why", command),
        None => warning,
    };
    let mut text = warning.render(style);
    if let Fallback::Nowhere(json) = &record.left {
        text = text + json + "\n";
    }
    text
}
