//! The pages of the codes, for `qli help <CODE>` and for the manual.

use std::fmt::Write as _;

use super::Code;

const REFUSALS: &str = include_str!("../../docs/refusals.md");

const PROBLEMS: &str = include_str!("pages.md");

impl Code {
    /// What is wrong, why it is reported, and what to do.
    pub fn page(self) -> String {
        let heading = format!("{} {}", self.number(), self.name());
        let body = self.body();
        if self.is_refusal() {
            return format!("{heading}\n\n{body}");
        }
        let severity = self.severity().as_str();
        let effect = self.effect();
        format!("{heading}\n\n{body}\nSeverity: {severity}\nEffect:   {effect}\n")
    }

    fn body(self) -> &'static str {
        let all = if self.is_refusal() {
            REFUSALS
        } else {
            PROBLEMS
        };
        let heading = format!("{} {}\n\n", self.number(), self.name());
        let mut sections = all.split("\n## ").skip(1);
        let section = sections.find_map(|section| section.strip_prefix(&heading));
        section.unwrap_or_default()
    }
}

const HEAD: &str = "# Diagnostics

Every problem with a manifest, a name or a file that qli reports before a run, by
code. `qli help <CODE>` prints one section of this page, by number or by name.
Codes never change their meaning and are never reused. Refusals of a run have [a
page of their own](refusals.md).

An error stops its group or its script. `validate` exits with 1 if there are
errors, or, with `--deny-warnings`, warnings. Errors that stop one script but not
its group are warnings in `validate`: QLI0603 and QLI0609. A rule of [a
policy](policies.md) affects only `validate`: QLI0901.

| code | name | severity | problem |
|---|---|---|---|
";

/// Writes the manual's chapter about problems, `docs/diagnostics.md`.
pub fn manual() -> String {
    let problems = || Code::ALL.iter().filter(|code| !code.is_refusal());
    let mut out = HEAD.to_owned();
    for code in problems() {
        let (number, name, severity) = (code.number(), code.name(), code.severity().as_str());
        // Writing to a String never fails.
        let _ = writeln!(out, "| {number} | {name} | {severity} | {} |", code.title());
    }
    for code in problems() {
        let (number, name, severity) = (code.number(), code.name(), code.severity().as_str());
        let _ = write!(
            out,
            "\n## {number} {name}\n\n**{}** ({severity}: {})\n\n{}",
            code.title().trim_end_matches('.'),
            code.effect(),
            code.body()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_page_and_every_page_its_code() {
        for code in Code::ALL {
            let page = code.page();
            assert!(
                code.body().split("\n\n").count() >= 3,
                "{code:?} is too short"
            );
            assert!(
                page.lines().all(|line| line.chars().count() <= 80),
                "{code:?} is too wide"
            );
        }
        let pages = REFUSALS.matches("\n## ").count() + PROBLEMS.matches("\n## ").count();
        assert_eq!(pages, Code::ALL.len());
    }
}
