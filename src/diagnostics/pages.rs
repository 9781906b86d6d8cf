//! The pages of the codes, for `qli help <CODE>` and for the manual.

use std::fmt::Write as _;

use super::Code;

/// The pages about refusals, as the manual has them.
const REFUSALS: &str = include_str!("../../docs/refusals.md");

/// The pages about problems that are found before a run.
const PROBLEMS: &str = include_str!("pages.md");

impl Code {
    /// Returns the page: what is wrong, why it is reported, and what to do.
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

    /// The page without its heading.
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

What can be wrong with a manifest, a name or a file, in the order of its number.
`qli help <CODE>` prints a section of this page, by its number or its name.
Numbers are never changed or used again. The refusals of a run have [a page of
their own](refusals.md).

An error stops what it is about. `validate` exits with 1 for errors, and with
`--deny-warnings` for warnings, too. What stops one script of a group and not
the group is a warning of `validate`: QLI0603 and QLI0609. A rule of [a
policy](policies.md) stops nothing but `validate`: QLI0901.

| code | name | severity | what is wrong |
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
                "{code:?} says too little"
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
