//! Step 1: the group's banner.

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::plan::Declared;
use super::{Detail, Guard, Launch, Passage, Refusal, Verdict};
use crate::host::{Host, HostView};
use crate::names::{visible, visible_lines};

/// Shows the group's banner on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Banner {
    /// As written in the manifest.
    pub text: String,
    /// Whether it is emphasised; not part of the plan, and so not of its digest.
    #[serde(skip)]
    pub in_colour: bool,
}

impl Banner {
    pub(super) fn plan(declared: &Declared<'_>) -> Option<Self> {
        let text = declared.manifest.banner.clone()?;
        let in_colour = false;
        Some(Self { text, in_colour })
    }

    fn lines(&self) -> std::str::Lines<'_> {
        self.text.trim_end_matches('\n').lines()
    }

    /// Bold and reverse, in a block as wide as the longest line.
    fn emphasised(&self) -> String {
        let lines: Vec<_> = self.lines().map(visible).collect();
        let widths = lines.iter().map(|line| line.as_str().width());
        let width = widths.max().unwrap_or(0);
        let look = anstyle::Style::new().bold().invert();
        let padded = lines.iter().map(|line| {
            let padding = " ".repeat(width - line.as_str().width());
            format!("{look} {line}{padding} {look:#}\n")
        });
        padded.collect()
    }
}

impl Guard for Banner {
    /// A banner that cannot be written refuses nothing: a job whose standard error is
    /// closed or full must run, and a user who did not see it is still asked by
    /// `confirm`, on the terminal.
    fn preview(&self, _: &dyn HostView) -> Verdict {
        Verdict::Pass
    }

    fn enforce(&self, _: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal> {
        if self.in_colour {
            host.show(&self.emphasised());
        } else {
            let text = visible_lines(self.text.trim_end_matches('\n'));
            host.show(&format!("{text}\n"));
        }
        Ok(None)
    }

    fn details(&self, _: &Verdict) -> Vec<Detail> {
        let detail = |line| Detail::of_group("show", line);
        self.lines().map(detail).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Step;
    use super::super::plan::tests::enforce_only;
    use crate::host::fake::{Act, World};

    #[test]
    fn the_banner_cannot_steer_the_terminal() {
        let world = World::new().manifest("g", "banner = \"\\u001b[2J\\u202eA\\nB\\n\"");
        let (world, result) = enforce_only(world, Step::Banner);
        assert!(result.is_ok());
        let shown = Act::Shown("\\u{1b}[2J\\u{202e}A\nB\n".to_owned());
        assert!(world.acts().contains(&shown));
    }
}
