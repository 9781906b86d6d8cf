//! The pages of the codes, for `qli help <CODE>`.

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

    /// The first paragraph of the page.
    pub fn summary(self) -> &'static str {
        self.body().split("\n\n").next().unwrap_or_default()
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
