//! The report of `validate` for people.

use super::style::put;
use super::{Style, human};
use crate::diagnostics::{Diagnostics, Severity};
use crate::names::visible;

/// What `validate` found.
#[derive(Debug, Default)]
pub struct Validation {
    /// Number of manifests that were read; embedded ones are never counted.
    pub files: usize,
    /// Every problem, sorted.
    pub found: Diagnostics,
    /// Paths that were named and could not be checked, with the reason.
    pub unchecked: Vec<String>,
    /// Whether warnings count as errors.
    pub deny_warnings: bool,
}

/// Draws the problems and counts them.
pub fn validation(validation: &Validation, style: &Style) -> String {
    let mut out = human::diagnostics(&validation.found, style);
    if !out.is_empty() {
        out.push('\n');
    }
    out + &summary(validation) + "\n"
}

fn summary(validation: &Validation) -> String {
    let count = |severity| {
        let found = validation.found.iter();
        found.filter(|one| one.code.severity() == severity).count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let files = plural(validation.files, "manifest");
    match (errors, warnings) {
        (0, 0) if validation.files == 0 => "no manifest was checked".to_owned(),
        (0, 0) => format!("{files}, no problem"),
        (0, warnings) if validation.deny_warnings => {
            let warnings = plural(warnings, "warning");
            format!("{warnings} in {files}, and warnings are denied")
        }
        (0, warnings) => format!("{} in {files}", plural(warnings, "warning")),
        (errors, 0) => format!("{} in {files}", plural(errors, "error")),
        (errors, warnings) => {
            format!(
                "{}, {} in {files}",
                plural(errors, "error"),
                plural(warnings, "warning")
            )
        }
    }
}

/// Writes a count with its word.
pub(super) fn plural(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

impl Validation {
    /// Words what could not be checked, a line each.
    pub fn complaints(&self) -> String {
        let mut out = String::new();
        for line in &self.unchecked {
            put(&mut out, format_args!("qli: {}\n", visible(line)));
        }
        out
    }
}
