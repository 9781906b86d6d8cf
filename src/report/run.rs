//! What `run` says beside the script's own output.

use super::message::Message;
use super::style::{put, wrapped};
use super::{Style, human};
use crate::audit::{Fallback, Unrecorded};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::dispatch::{Ended, Outcome};
use crate::guard::{Answer, Guard, Plan, Refusal, StartFailure, Step};
use crate::host::Signal;
use crate::names::visible;

/// Which warnings of a plan are told before its run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All, as `--verbose` asks.
    All,
    /// That a root is not there which was typed for this very run: the group
    /// comes from another one.
    OfTypedRoots,
    /// None.
    None,
}

impl Shown {
    fn takes(self, warning: &Diagnostic) -> bool {
        match self {
            Self::All => true,
            Self::OfTypedRoots => warning.code == Code::RootMissing,
            Self::None => false,
        }
    }
}

/// Says beforehand what every run must be told: that the group hides another
/// one, or comes from another root than was typed; and, if asked for, all the
/// warnings of its plan. None if there is nothing to say, and then no style is
/// asked for either.
pub fn notes(plan: &Plan, shown: Shown, style: impl FnOnce() -> Style) -> Option<String> {
    let mut warnings = Diagnostics::default();
    let all = plan.warnings.iter().filter(|one| shown.takes(one));
    warnings.extend(all.cloned());
    if plan.home.hides.is_none() && warnings.is_empty() {
        return None;
    }
    let style = style();
    let mut out = String::new();
    if let Some(hidden) = &plan.home.hides {
        let own = style.path(&plan.home.manifest_path);
        let hidden = style.path(hidden);
        put(
            &mut out,
            format_args!(
                "qli: {} comes from {own}\n     and hides {hidden}\n",
                plan.group
            ),
        );
    }
    if !warnings.is_empty() {
        out.push_str(&human::diagnostics(&warnings, &style));
        out.push('\n');
    }
    Some(out)
}

/// Says how a run ended, where the script did not say it itself; `qli` is how
/// qli is typed to find the extension again.
pub fn outcome(
    plan: &Plan,
    outcome: &Outcome,
    qli: impl FnOnce() -> String,
    style: impl FnOnce() -> Style,
) -> Option<String> {
    let Outcome { ended, unrecorded } = outcome;
    if matches!(ended, Ended::Ran(_)) && unrecorded.is_none() {
        return None;
    }
    let style = style();
    let mut out = end(plan, ended, &qli(), &style);
    if let Some(unrecorded) = unrecorded {
        out.push_str(&unrecorded_end(unrecorded, &style));
    }
    Some(out)
}

fn end(plan: &Plan, ended: &Ended, qli: &str, style: &Style) -> String {
    match ended {
        Ended::Ran(_) => String::new(),
        Ended::NotStarted(Refusal::Interrupted(step, signal)) => interrupted(plan, *step, *signal),
        Ended::NotStarted(refusal) => refused(plan, refusal, qli, style),
        Ended::SpawnFailed(failure) => spawn_failed(plan, failure, qli, style),
        Ended::Lost(reason) => format!(
            "qli: {} {} was started and cannot be waited for: {}\n",
            plan.group,
            plan.extension,
            visible(reason)
        ),
    }
}

fn interrupted(plan: &Plan, step: Step, signal: Signal) -> String {
    let Plan {
        group, extension, ..
    } = plan;
    let step = step.as_str();
    format!(
        "qli: {} at {step}, {group} {extension} did not start   ({})\n",
        signal.name(),
        Code::SignalBeforeStart.number()
    )
}

fn refused(plan: &Plan, refusal: &Refusal, qli: &str, style: &Style) -> String {
    let step = refusal.step().map_or("qli", Step::as_str);
    let mut out = head(plan, "refused", style);
    let misplaced = misplaced_answer(plan, refusal);
    let helps = refusal.helps().into_iter().chain(misplaced);
    out.push_str(&block(
        step,
        &refusal.reasons(),
        &helps.collect::<Vec<_>>(),
        style,
    ));
    put(&mut out, format_args!("\n  {}\n", undone(refusal.step())));
    out.push_str(&tail(plan, qli, style));
    out.push_str(&what_it_means(refusal.code()));
    out
}

/// An answer that stands behind the extension's name was given to the script.
fn misplaced_answer(plan: &Plan, refusal: &Refusal) -> Option<String> {
    let asks = plan.guards.iter().find_map(|guard| match guard {
        Guard::Confirm(confirm) => Some(confirm),
        Guard::Banner(_) | Guard::RequiresEnv(_) | Guard::Secrets(_) | Guard::AuditStart(_) => None,
    });
    let asks = asks.filter(|confirm| confirm.answer == Answer::AskPerson)?;
    if refusal.step()? > Step::Confirm {
        return None;
    }
    let mut args = plan.args.iter().map(crate::names::Text::as_os_str);
    let given = args.find(|arg| *arg == "--yes" || *arg == "-y" || *arg == "--confirm")?;
    let answer = match &asks.name {
        Some(name) if given != "--confirm" => format!("`--confirm {name}`"),
        _ => "it".to_owned(),
    };
    let given = given.display();
    Some(format!(
        "`{given}` went to the script: {answer} goes before `{}`",
        plan.group
    ))
}

fn spawn_failed(plan: &Plan, failure: &StartFailure, qli: &str, style: &Style) -> String {
    let helps: Vec<_> = failure.help().into_iter().collect();
    let mut out = head(plan, "failed", style);
    out.push_str(&block("spawn", &[failure.reason()], &helps, style));
    put(
        &mut out,
        format_args!("\n  {}\n", undone(Some(Step::Spawn))),
    );
    out.push_str(&see_all(plan, qli));
    out.push_str(&what_it_means(Code::CannotStart));
    out
}

fn head(plan: &Plan, word: &str, style: &Style) -> String {
    let word = style.bad(word);
    format!(
        "\nqli: {word}, {} {} did not start\n\n",
        plan.group, plan.extension
    )
}

/// The step with its reasons and the commands that help. A command is never
/// broken: it is there to be copied.
fn block(step: &str, reasons: &[String], helps: &[String], style: &Style) -> String {
    const INDENT: usize = 17;
    let room = style.width.saturating_sub(INDENT);
    let shown = |text: &String| style.shortened(&visible(text));
    let reasons = reasons
        .iter()
        .flat_map(|reason| wrapped(&shown(reason), room));
    let lines = reasons.chain(helps.iter().map(shown));
    let mut out = String::new();
    for (index, line) in lines.enumerate() {
        let name = if index == 0 { step } else { "" };
        put(&mut out, format_args!("  {name:13}  {line}\n"));
    }
    out
}

/// Says how far the run had come.
fn undone(step: Option<Step>) -> &'static str {
    match step {
        None | Some(Step::Banner | Step::RequiresEnv) => {
            "asked nobody, fetched no secret, changed nothing"
        }
        Some(Step::Confirm) => "fetched no secret, changed nothing",
        Some(Step::Secrets) => "handed over no secret, changed nothing",
        Some(Step::AuditStart | Step::Spawn | Step::Wait | Step::AuditFinish) => {
            "handed over no secret, started nothing"
        }
    }
}

fn tail(plan: &Plan, qli: &str, style: &Style) -> String {
    let manifest = style.path(plan.manifest.path.as_ref());
    format!("  required by    {manifest}\n") + &see_all(plan, qli)
}

fn what_it_means(code: Code) -> String {
    format!(
        "  what it means  qli help {}   ({})\n",
        code.name(),
        code.number()
    )
}

/// The steps are the same whatever the arguments, which may hold a secret.
fn see_all(plan: &Plan, qli: &str) -> String {
    format!(
        "  see all steps  {qli} explain {} {}\n",
        plan.group, plan.extension
    )
}

fn unrecorded_end(record: &Unrecorded, style: &Style) -> String {
    let what = match &record.left {
        Fallback::InSpool(_) => "the end of this run is not in its log yet",
        Fallback::Unanchored => "the record of this run is not anchored",
        Fallback::Dropped => "this refusal is not in the log",
        Fallback::Nowhere(_) => "the end of this run is in no log; its record follows",
    };
    let warning = Message::warning(what).line(&record.reason);
    match &record.left {
        Fallback::InSpool(path) => {
            let spooled = format!("the record is kept in {}", style.path(path));
            warning.line(spooled).render(style)
        }
        Fallback::Nowhere(json) => format!("{}{json}\n", warning.render(style)),
        Fallback::Unanchored | Fallback::Dropped => warning.render(style),
    }
}
