//! Step 1: the group's banner.

use serde::Serialize;

use super::{Enforce, Launch, Refusal, Step, Verdict};
use crate::host::{Host, HostView};
use crate::names::visible_lines;

/// Shows the group's banner on standard error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Banner {
    /// As the manifest has it.
    pub text: String,
}

impl Banner {
    /// Plans the guard, if there is a banner.
    pub(super) fn plan(banner: Option<&String>) -> Option<Self> {
        banner.map(|text| Self { text: text.clone() })
    }
}

impl Enforce for Banner {
    fn preview(&self, _: &dyn HostView) -> Verdict {
        Verdict::Pass
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        let text = visible_lines(self.text.trim_end_matches('\n'));
        host.show(&format!("{text}\n"));
        launch.pass(Step::Banner, None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::enforce_only;
    use super::*;
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
