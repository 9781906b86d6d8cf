//! The texts of a provider that references fill: arguments and outputs.

use super::Located;
use super::findings::Findings;
use super::provider_values::{Exact, Words};
use crate::diagnostics::{Code, quoted};
use crate::names::contains_secret;
use crate::providers::{Argument, Output, Shape};

pub(super) fn arguments(words: Words, shape: &Shape, found: &mut Findings<'_>) -> Vec<Argument> {
    let parsed = words
        .0
        .into_iter()
        .filter_map(|word| argument(&word, shape, found));
    parsed.collect()
}

pub(super) fn argument(
    word: &Located<String>,
    shape: &Shape,
    found: &mut Findings<'_>,
) -> Option<Argument> {
    literal_secret(word, found);
    if is_misspelled(word, shape, found) {
        return None;
    }
    let parsed = Argument::parse(&word.value, shape);
    let parsed = parsed.map_err(|error| malformed(word, error.to_string(), shape, found));
    parsed.ok()
}

/// The arguments for one reference. Without a part of it, every secret would get the same
/// value.
pub(super) fn for_one(
    one: Located<Words>,
    output: Option<&Located<String>>,
    shape: &Shape,
    found: &mut Findings<'_>,
) -> Vec<Argument> {
    let count = one.value.0.len();
    let parsed = arguments(one.value, shape, found);
    let fills_output = output.is_some_and(|output| output.value.contains('{'));
    let fixed = parsed.iter().all(|argument| argument.part().is_none());
    if fixed && parsed.len() == count && !fills_output {
        let message = "`one` contains no part of the reference";
        let help = format!(
            "add {}: without it, all secrets get the same value",
            parts(shape)
        );
        found.wrong(Code::MalformedProvider, one.span, message, help);
    }
    parsed
}

/// What identifies a reference in a batch.
pub(super) fn each(
    word: &Located<String>,
    shape: &Shape,
    found: &mut Findings<'_>,
) -> Option<Argument> {
    let parsed = argument(word, shape, found)?;
    if parsed.part().is_some() {
        return Some(parsed);
    }
    let message = "`each` contains no part of the reference";
    let help = format!("write {}: secrets differ by it", parts(shape));
    found.wrong(Code::MalformedProvider, word.span.clone(), message, help);
    None
}

/// Reports placeholders where there is no reference.
pub(super) fn without_reference(words: &[Located<String>], found: &mut Findings<'_>) {
    for word in words {
        literal_secret(word, found);
        let shape = Shape::whole();
        let parsed = Argument::parse(&word.value, &shape);
        if parsed.is_ok_and(|argument| argument.part().is_none()) {
            continue;
        }
        let message = format!("`probe` has no reference for {}", quoted(&word.value));
        let help = "write arguments without placeholders: no secret is asked for";
        found.wrong(Code::MalformedProvider, word.span.clone(), message, help);
    }
}

/// Checks the placeholders of a command that is shown. `${NAME}` is the shell's.
pub(super) fn command(written: &Located<String>, shape: &Shape, found: &mut Findings<'_>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let mut before = "";
    for piece in written.value.split_inclusive('{') {
        let inner = piece.split_once('}').map_or("", |(inner, _)| inner);
        let is_name = !inner.is_empty() && inner.chars().all(is_word);
        let is_filled = before.ends_with('{') && !before.ends_with("${");
        if is_filled && is_name && !shape.names().any(|name| name == inner) {
            let message = format!("unknown placeholder `{{{inner}}}`");
            let names: Vec<_> = shape.names().map(|name| format!("`{{{name}}}`")).collect();
            let help = format!("the parts in `ref` are {}", names.join(", "));
            found.wrong(Code::MalformedProvider, written.span.clone(), message, help);
        }
        before = piece;
    }
}

pub(super) fn output_of(
    written: &Located<String>,
    shape: &Shape,
    found: &mut Findings<'_>,
) -> Option<Output> {
    if is_misspelled(written, shape, found) {
        return None;
    }
    let steps = written.value.split(" or ").flat_map(|one| one.split(" | "));
    for pointer in steps.filter_map(|step| step.strip_prefix("json:")) {
        if !is_escaped(pointer, written, found) {
            return None;
        }
    }
    let parsed = Output::parse(&written.value, shape);
    let parsed = parsed.map_err(|error| {
        let help = "write `raw`, `line`, `base64` or `json:` and a JSON pointer";
        found.wrong(
            Code::MalformedProvider,
            written.span.clone(),
            error.to_string(),
            help,
        );
    });
    parsed.ok()
}

/// Checks the pointer of an array; an empty one is the whole answer.
pub(super) fn pointer(written: Located<Exact>, found: &mut Findings<'_>) -> Option<String> {
    let Located { value, span } = written;
    let written = Located {
        value: value.0,
        span,
    };
    if !written.value.is_empty() && !written.value.starts_with('/') {
        let message = "a JSON pointer begins with `/`";
        let help = format!("write {}", quoted(&format!("/{}", written.value)));
        found.wrong(Code::MalformedProvider, written.span, message, help);
        return None;
    }
    is_escaped(&written.value, &written, found).then_some(written.value)
}

/// Reports a `~` that means nothing in a JSON pointer (RFC 6901, section 3).
fn is_escaped(pointer: &str, written: &Located<String>, found: &mut Findings<'_>) -> bool {
    let mut after = pointer.split('~').skip(1);
    let is_escaped = after.all(|after| after.starts_with(['0', '1']));
    if !is_escaped {
        let message = "in a JSON pointer, `0` or `1` must follow `~`";
        let help = "write `~0` for `~`, and `~1` for `/` in a name";
        found.wrong(Code::MalformedProvider, written.span.clone(), message, help);
    }
    is_escaped
}

/// Reports what looks like a placeholder and is text: `{ref`, `{ ref }`, `{}`.
fn is_misspelled(word: &Located<String>, shape: &Shape, found: &mut Findings<'_>) -> bool {
    let wrong = word
        .value
        .match_indices('{')
        .find_map(|(at, _)| misspelled(word.value.get(at..)?, shape));
    let Some(wrong) = wrong else { return false };
    let message = format!("{} is not a placeholder", quoted(wrong));
    malformed(word, message, shape, found);
    true
}

/// The text from a brace on, if it means to be a placeholder.
fn misspelled<'t>(text: &'t str, shape: &Shape) -> Option<&'t str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    let written = text.split_inclusive('}').next()?;
    let inner = written.strip_prefix('{')?;
    let trimmed = inner.trim_start();
    let name = trimmed.split(|c| !is_word(c)).next()?;
    let after = trimmed.strip_prefix(name)?.trim_start();
    let ends = after.is_empty() || after.starts_with(['}', '|']);
    let is_part = name == "ref" || shape.names().any(|part| part == name);
    let is_meant = ends && (is_part || name.is_empty() && !after.is_empty());
    let is_well_formed = !name.is_empty()
        && written.ends_with('}')
        && inner
            .strip_prefix(name)
            .is_some_and(|after| after.starts_with(['}', '|']));
    (is_meant && !is_well_formed).then_some(written)
}

/// Warns of a token in an argument; the name of an option does not make one.
fn literal_secret(word: &Located<String>, found: &mut Findings<'_>) {
    let fixed = word.value.split('{').next().unwrap_or_default();
    let option = fixed.starts_with('-').then(|| fixed.split_once('='));
    let text = option.flatten().map_or(fixed, |(_, value)| value);
    if contains_secret(text) {
        let message = "an argument of the provider contains a secret";
        let help = "revoke it, since it is in this file, and use a variable in `keep_env`";
        found.wrong(Code::LiteralSecret, word.span.clone(), message, help);
    }
}

fn malformed(word: &Located<String>, message: String, shape: &Shape, found: &mut Findings<'_>) {
    let help = format!(
        "a placeholder ends its argument and is {}, as `ref` names them",
        parts(shape)
    );
    found.wrong(Code::MalformedProvider, word.span.clone(), message, help);
}

fn parts(shape: &Shape) -> String {
    let names: Vec<_> = shape.names().map(|name| format!("`{{{name}}}`")).collect();
    format!("{} or `{{ref}}`", names.join(", "))
}
