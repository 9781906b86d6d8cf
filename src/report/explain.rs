//! `qli explain <GROUP> <EXTENSION>`: the answer first, then the steps.

use std::path::Path;

use super::message::rows;
use super::run::next_steps;
use super::style::{hanging, put};
use super::{Style, human};
use crate::discovery::some_of;
use crate::guard::{CommandLine, Plan, Preview, Refusal, Step, Verdict, first_refusal};
use crate::manifest::DemandedBy;
use crate::names::{Digest, Sha256, visible};

const DRY_RUN: &str = "Dry run: nothing was executed, no secret was fetched, no file was written.";

/// Renders a plan, and what each of its steps would do now. `qli` is the command that
/// finds the extension again. With the `hashes` of the programs that start the script,
/// digests are shown in full.
pub fn explain(
    plan: &Plan,
    steps: &[Preview],
    qli: &str,
    hashes: Option<&[(&Path, Option<Sha256>)]>,
    style: &Style,
) -> String {
    let own = plan.section.as_ref();
    let own = own.and_then(|section| section.description.as_ref());
    let mut out = format!(
        "{}\n{}\n{}\n",
        style.strong(&answer(steps)),
        plan.shown_command(),
        visible(own.unwrap_or(&plan.description))
    );
    out.push_str("\n     STEP          NOW     DETAIL\n");
    for preview in steps {
        out.push_str(&step(plan, preview, style));
    }
    out.push_str(&not_declared(steps, style));
    put!(out, "\n{}", hanging("", DRY_RUN, style.width));
    out.push_str(&origin(plan, steps, hashes, style));
    out.push_str(&next(CommandLine { qli, plan }, steps, style));
    if !plan.warnings.is_empty() {
        put!(out, "\n{}", human::diagnostics(&plan.warnings, style));
    }
    out
}

fn answer(steps: &[Preview]) -> String {
    if let Some(refusal) = first_refusal(steps) {
        let step = refusal.step().map_or("qli", Step::as_str);
        return format!("WOULD BE REFUSED by {step} (exit {})", refusal.exit_code());
    }
    let asks = steps.iter().any(|one| matches!(one.verdict, Verdict::Ask));
    let asks = if asks { "ASK, THEN " } else { "" };
    format!("WOULD {asks}RUN")
}

/// A row for each detail; an arrow marks those that refuse.
fn step(plan: &Plan, preview: &Preview, style: &Style) -> String {
    let mut out = String::new();
    let mut head = format!("{}  {:12}", preview.step.number(), preview.step.as_str());
    let mut last = "";
    for detail in &preview.details {
        let text = style.shortened(&visible(&detail.text));
        let text = match detail.demanded_by {
            DemandedBy::Group => text,
            DemandedBy::Extension => format!("{text}  [{}]", plan.extension),
        };
        let mark = if detail.refuses() { '>' } else { ' ' };
        let now = match detail.now {
            "show" | "act" if detail.now == last => "",
            now => now,
        };
        last = detail.now;
        let mut row = hanging(&format!("{mark} {head}  {now:6}  "), &text, style.width);
        if detail.refuses() {
            row = row.replacen(now, &style.bad(now), 1);
        }
        out.push_str(&row);
        head = " ".repeat(head.len());
    }
    out
}

/// Names the steps that the manifest does not declare, whose numbers are missing.
fn not_declared(steps: &[Preview], style: &Style) -> String {
    let declared = |step: &Step| steps.iter().any(|preview| preview.step == *step);
    let absent = Step::ALL.iter().filter(|step| !declared(step));
    // No line break between a number and its name.
    let absent = absent.map(|step| format!("{}\u{a0}{}", step.number(), step.as_str()));
    let absent: Vec<_> = absent.collect();
    if absent.is_empty() {
        return String::new();
    }
    let text = format!("not declared: {}", absent.join(", "));
    hanging("     ", &text, style.width).replace('\u{a0}', " ")
}

/// Where the plan comes from, and what identifies it.
fn origin(
    plan: &Plan,
    steps: &[Preview],
    hashes: Option<&[(&Path, Option<Sha256>)]>,
    style: &Style,
) -> String {
    let manifest = style.path(&plan.location.manifest_path);
    let mark = format!("[{}]", plan.extension);
    let digest = |digest: Digest, about: &str| {
        if hashes.is_some() {
            return digest.0.to_string();
        }
        format!("{:.12}  {about}", digest.0)
    };
    let mut lines = Vec::new();
    let mut details = steps.iter().flat_map(|one| &one.details);
    let is_marked = details.any(|one| one.demanded_by == DemandedBy::Extension);
    if let Some(section) = plan.section.as_ref().filter(|_| is_marked) {
        let at = section.position;
        lines.push((
            mark.as_str(),
            format!("added by [extensions.{}] at", plan.extension),
        ));
        lines.push(("", format!("{manifest}:{}:{}", at.line, at.column)));
    }
    lines.push(("manifest", manifest));
    let shadowed = plan.location.shadows.as_ref();
    if let Some(shadowed) = shadowed {
        lines.push(("shadows", style.path(&shadowed.manifest)));
        let lacks = (!shadowed.guards.is_empty()).then(|| some_of(&shadowed.guards));
        lines.extend(lacks.map(|guards| ("lacks", guards)));
    }
    for (path, sha256) in hashes.unwrap_or_default() {
        lines.push(("started by", style.path(path)));
        lines.extend(sha256.map(|sha256| ("", sha256.to_string())));
    }
    let content = "the same on every machine; compare it in a review";
    lines.push(("content", digest(plan.content_digest(), content)));
    let own = "this machine and these arguments  (-v: full)";
    lines.push(("plan", digest(plan.digest(), own)));
    format!("\n{}", rows(&lines, style))
}

/// The next steps for every step that refuses.
fn next(line: CommandLine<'_>, steps: &[Preview], style: &Style) -> String {
    let Some(first) = first_refusal(steps) else {
        return String::new();
    };
    // An answer does not help while an earlier step refuses.
    let helps = |one: &&Refusal| *one == first || !matches!(one, Refusal::NoTerminal(_));
    let refusals = steps.iter().filter_map(|one| one.verdict.refusal());
    let steps = refusals.filter(helps).flat_map(|one| one.next_steps(line));
    format!("\n{}", rows(&next_steps(steps, None, first.code()), style))
}
