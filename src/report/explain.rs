//! `qli explain <GROUP> <EXTENSION>`: the answer first, then the steps.

use std::ffi::OsStr;

use super::style::{put, wrapped, wrapped_help};
use super::{Style, human};
use crate::audit::AnchorSink;
use crate::guard::{
    Answer, AuditStart, Confirm, Guard, Limit, Miss, Plan, Preview, Refusal, RequiresEnv, Secrets,
    Step, Verdict, first_refusal,
};
use crate::manifest::{ArgsMode, DemandedBy, LogAccess};
use crate::names::{Text, TimeLimit, promises_secret, shell_line, visible};

/// Where the details of a step begin.
const INDENT: usize = 27;

/// Draws a plan and what each of its steps would do now.
pub fn explain(plan: &Plan, steps: &[Preview], style: &Style) -> String {
    let mut out = format!(
        "{}\n{}\n\n",
        style.strong(&command(plan)),
        visible(description(plan))
    );
    out.push_str(&answer(steps, style));
    out.push_str("\n     STEP          NOW     DETAIL\n");
    for preview in steps {
        out.push_str(&step(plan, preview, style));
    }
    out.push_str(&added(plan, style));
    put(
        &mut out,
        format_args!(
            "\nmanifest  {}\ncontent   {}\n          the same on every machine that holds this group\n\
         plan      {}\n          this machine and these arguments\n",
            style.path(plan.manifest.path.as_ref()),
            plan.content_digest,
            plan.digest
        ),
    );
    if let Some(hidden) = &plan.home.hides {
        put(&mut out, format_args!("hides     {}\n", style.path(hidden)));
    }
    if !plan.warnings.is_empty() {
        put(
            &mut out,
            format_args!("\n{}", human::diagnostics(&plan.warnings, style)),
        );
    }
    out
}

fn description(plan: &Plan) -> &str {
    let own = plan.section.as_ref();
    let own = own.and_then(|section| section.description.as_deref());
    own.unwrap_or(&plan.description)
}

/// Marks a detail that the section of the extension adds.
fn marked(plan: &Plan, demanded_by: DemandedBy, detail: &str) -> String {
    match demanded_by {
        DemandedBy::Group => detail.to_owned(),
        DemandedBy::Extension => format!("{detail}  [{}]", plan.extension),
    }
}

/// Says what the mark means, if there is one.
fn added(plan: &Plan, style: &Style) -> String {
    let limits = [&plan.limits.timeout, &plan.limits.kill_after];
    let mut limits = limits.into_iter().flatten();
    let by_section = plan.guards.iter().any(Guard::is_added)
        || limits.any(|limit| limit.demanded_by == DemandedBy::Extension);
    let Some(section) = plan.section.as_ref().filter(|_| by_section) else {
        return String::new();
    };
    let name = &plan.extension;
    let text = format!(
        "[{name}] = added by [extensions.{name}], line {}; the rest by the group",
        section.line
    );
    format!("\n{}\n", wrapped(&text, style.width).join("\n"))
}

/// Writes what is typed to run a plan.
fn command(plan: &Plan) -> String {
    let words = [plan.group.as_str(), plan.extension.as_str()];
    let words = words.into_iter().map(OsStr::new);
    shell_line(words.chain(plan.shown_args.iter().map(Text::as_os_str)))
}

fn answer(steps: &[Preview], style: &Style) -> String {
    const UNTOUCHED: &str = "Nothing was run, read from a secret store, or written.";
    let asks = steps.iter().any(|one| matches!(one.verdict, Verdict::Ask));
    let (word, painted, rest) = match first_refusal(steps) {
        Some(refusal) => {
            let word = "WOULD BE REFUSED";
            let step = refusal.step().map_or("", Step::as_str);
            let rest = format!(" at {step} (exit {})", refusal.exit_code());
            (word, style.bad(word), rest)
        }
        None if asks => {
            let word = "WOULD ASK, THEN RUN";
            (word, style.strong(word), String::new())
        }
        None => ("WOULD RUN", style.strong("WOULD RUN"), String::new()),
    };
    let text = wrapped(&format!("{word}{rest}. {UNTOUCHED}"), style.width).join("\n");
    text.replacen(word, &painted, 1) + "\n"
}

/// A detail of a step and what the step does now, broken into lines.
struct Line {
    now: &'static str,
    texts: Vec<String>,
}

impl Line {
    fn new(now: &'static str, detail: &str, style: &Style) -> Self {
        let texts = wrapped(detail, room(style));
        Self { now, texts }
    }
}

/// How wide a detail may be.
fn room(style: &Style) -> usize {
    style.width.saturating_sub(INDENT)
}

fn step(plan: &Plan, preview: &Preview, style: &Style) -> String {
    let guard = plan
        .guards
        .iter()
        .find(|guard| guard.step() == preview.step);
    let lines = match (guard, &preview.verdict) {
        (Some(Guard::RequiresEnv(required)), verdict) => variables(plan, required, verdict, style),
        (guard, Verdict::Refuse(refusal)) => refused(plan, guard, refusal, style),
        (Some(Guard::Banner(banner)), _) => {
            vec_of("show", banner.text.lines().map(visible).collect(), style)
        }
        (Some(guard), verdict) => vec_of(
            now(verdict),
            guard_details(plan, guard, verdict, style),
            style,
        ),
        (None, verdict) => {
            let mut details = vec![act_detail(plan, preview, style)];
            if preview.step == Step::Wait {
                details.splice(0..0, limit_details(plan));
            }
            vec_of(now(verdict), details, style)
        }
    };
    let refuses = matches!(preview.verdict, Verdict::Refuse(_));
    let number = preview.step as usize + 1;
    let mark = if refuses { '>' } else { ' ' };
    let mut head = format!("{mark} {number}  {:12}  ", preview.step.as_str());
    let mut out = String::new();
    for line in lines {
        for (index, text) in line.texts.iter().enumerate() {
            let word = if index == 0 { line.now } else { "" };
            let padded = format!("{word:6}");
            let word = if word == "REFUSE" {
                style.bad(&padded)
            } else {
                padded
            };
            out.push_str(format!("{head}{word}  {text}").trim_end());
            out.push('\n');
            head = " ".repeat(head.len());
        }
    }
    out
}

fn now(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Ask => "ask",
        Verdict::Fetch => "fetch",
        Verdict::Act => "act",
        Verdict::Refuse(_) => "REFUSE",
    }
}

fn vec_of(now: &'static str, details: Vec<String>, style: &Style) -> Vec<Line> {
    let words = std::iter::once(now).chain(std::iter::repeat(""));
    words
        .zip(details)
        .map(|(now, detail)| Line::new(now, &detail, style))
        .collect()
}

fn refused(plan: &Plan, guard: Option<&Guard>, refusal: &Refusal, style: &Style) -> Vec<Line> {
    let shown = |text: String| style.shortened(&visible(text));
    let reasons = refusal.reasons().into_iter().enumerate();
    let reasons =
        reasons.map(|(nth, reason)| marked(plan, demanded_by(guard, refusal, nth), &shown(reason)));
    let mut lines = vec_of("REFUSE", reasons.collect(), style);
    let helps = refusal.helps().into_iter().map(shown);
    lines.extend(helps.map(|help| Line {
        now: "",
        texts: wrapped_help(&help, room(style)),
    }));
    lines
}

/// Says who demands what the nth reason of a refusal is about.
fn demanded_by(guard: Option<&Guard>, refusal: &Refusal, nth: usize) -> DemandedBy {
    let demanded_by = match (guard, refusal) {
        (Some(Guard::Confirm(confirm)), _) => Some(confirm.demanded_by),
        (Some(Guard::Secrets(secrets)), Refusal::SecretsMissing(faults)) => {
            let wanted = faults.get(nth).and_then(|fault| {
                let mut wanted = secrets.wanted.iter();
                wanted.find(|one| one.env == fault.env)
            });
            wanted.map(|one| one.demanded_by)
        }
        _ => None,
    };
    demanded_by.unwrap_or(DemandedBy::Group)
}

fn guard_details(plan: &Plan, guard: &Guard, verdict: &Verdict, style: &Style) -> Vec<String> {
    match guard {
        Guard::Banner(_) | Guard::RequiresEnv(_) => Vec::new(), // drawn by themselves
        Guard::Confirm(confirm) => {
            vec![marked(
                plan,
                confirm.demanded_by,
                &confirm_detail(confirm, verdict),
            )]
        }
        Guard::Secrets(secrets) => secret_details(plan, secrets, style),
        Guard::AuditStart(audit) => audit_details(audit, style),
    }
}

/// Where the start is recorded, and what is set other than usual.
fn audit_details(audit: &AuditStart, style: &Style) -> Vec<String> {
    let sync = if audit.log.sync {
        "synced first"
    } else {
        "not synced"
    };
    let mut settings = Vec::new();
    if audit.refusals {
        settings.push("refusals too");
    }
    match audit.args {
        ArgsMode::Full => settings.push("arguments as typed"),
        ArgsMode::Redacted => {}
        ArgsMode::Digest => settings.push("arguments as digests"),
    }
    match audit.log.access {
        LogAccess::Private => {}
        LogAccess::GroupRead => settings.push("its group may read it"),
        LogAccess::Group => settings.push("its group may append to it"),
    }
    let anchor = audit.log.anchor.as_ref().map(|anchor| match anchor {
        AnchorSink::Syslog => "anchored in the system's log".to_owned(),
        AnchorSink::File(path) => format!("anchored in {}", style.path(path)),
    });
    let path = format!("{}, {sync}", style.path(&audit.log.path));
    let settings = (!settings.is_empty()).then(|| settings.join(", "));
    std::iter::once(path)
        .chain(settings)
        .chain(anchor)
        .collect()
}

fn confirm_detail(confirm: &Confirm, verdict: &Verdict) -> String {
    match (verdict, &confirm.name) {
        (Verdict::Pass, _) if matches!(confirm.answer, Answer::NameGiven(_)) => {
            "--confirm answers".to_owned()
        }
        (Verdict::Pass, _) => "--yes answers".to_owned(),
        (_, Some(name)) => {
            format!("on this terminal: type the name, {name}; --yes does not answer")
        }
        (_, None) => "on this terminal: answer y".to_owned(),
    }
}

fn secret_details(plan: &Plan, secrets: &Secrets, style: &Style) -> Vec<String> {
    let details = secrets.wanted.iter().map(|one| {
        let tool = secrets.tool(one).file();
        let by = tool.map(|tool| format!(", by {}", style.path(&tool.path)));
        let detail = format!(
            "{}  from {} {}{}",
            one.env,
            one.provider.as_str(),
            visible(one.reference.as_str()),
            by.unwrap_or_default()
        );
        marked(plan, one.demanded_by, &detail)
    });
    details.collect()
}

/// A line a variable, those that differ marked.
fn variables(plan: &Plan, required: &RequiresEnv, verdict: &Verdict, style: &Style) -> Vec<Line> {
    let misses: &[Miss] = if let Verdict::Refuse(Refusal::EnvDiffers(misses)) = verdict {
        misses
    } else {
        &[]
    };
    let lines = required.wanted.iter().flat_map(|one| {
        let (name, want) = (&one.name, &one.value);
        let miss = misses.iter().find(|miss| miss.name == *name);
        let (now, detail) = match miss {
            Some(miss) => ("REFUSE", miss.reason()),
            None if promises_secret(name.as_str()) => ("pass", format!("`{name}` has its value")),
            None => ("pass", format!("`{name}` is \"{}\"", visible(want))),
        };
        let help = miss.map(|miss| Line {
            now: "",
            texts: vec![visible(miss.help())],
        });
        let detail = marked(plan, one.demanded_by, &detail);
        std::iter::once(Line::new(now, &detail, style)).chain(help)
    });
    lines.collect()
}

/// What ends the script, and who says so.
fn limit_details(plan: &Plan) -> Vec<String> {
    let detail = |limit: &Option<Limit>, text: fn(&TimeLimit) -> String| {
        let limit = limit.as_ref()?;
        Some(marked(plan, limit.demanded_by, &text(&limit.after)))
    };
    let timeout = detail(&plan.limits.timeout, |after| format!("TERM after {after}"));
    let kill = detail(&plan.limits.kill_after, |after| {
        format!("KILL {after} after that")
    });
    timeout.into_iter().chain(kill).collect()
}

fn act_detail(plan: &Plan, preview: &Preview, style: &Style) -> String {
    match preview.step {
        Step::Spawn => style.path(&plan.spawn.program.path),
        Step::Wait => "signals are passed on, the exit code becomes qli's".to_owned(),
        Step::AuditFinish => "the same log".to_owned(),
        Step::Banner | Step::RequiresEnv | Step::Confirm | Step::Secrets | Step::AuditStart => {
            String::new()
        }
    }
}
