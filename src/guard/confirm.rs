//! Step 3: a person says yes, before any secret is fetched.

use serde::Serialize;

use super::{Enforce, Launch, Refusal, Step, Verdict};
use crate::host::{AskError, Host, HostView, reason};
use crate::manifest::{DemandedBy, Demands};
use crate::names::{shell_line, visible};

/// Who answers the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A person at the terminal.
    AskPerson,
    /// `--yes` was given.
    YesGiven,
}

/// Asks a person on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirm {
    /// Who answers; no part of what is planned, and so not of its digest.
    #[serde(skip)]
    pub answer: Answer,
    /// Who demands it.
    pub demanded_by: DemandedBy,
}

/// How the question will be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Terminal,
    YesFlag,
}

impl Confirm {
    /// Plans the guard, if the group or the extension asks for it.
    pub(super) fn plan<'m>(
        mut demands: impl Iterator<Item = (DemandedBy, &'m Demands)>,
        answer: Answer,
    ) -> Option<Self> {
        let (demanded_by, _) = demands.find(|(_, demands)| demands.confirm)?;
        Some(Self {
            answer,
            demanded_by,
        })
    }

    /// The one predicate: whether there is anybody to answer.
    fn way(&self, view: &dyn HostView) -> Result<Way, Refusal> {
        match self.answer {
            Answer::YesGiven => Ok(Way::YesFlag),
            Answer::AskPerson if view.has_terminal() => Ok(Way::Terminal),
            Answer::AskPerson => Err(Refusal::NoTerminal),
        }
    }
}

/// Names what would run, where and as whom.
fn question(launch: &Launch<'_>, view: &dyn HostView) -> String {
    let plan = launch.plan();
    let words = [plan.group.as_str(), plan.extension.as_str()];
    let words = words.into_iter().map(std::ffi::OsStr::new);
    let line = shell_line(words.chain(plan.shown_args.iter().map(crate::names::Text::as_os_str)));
    let who = view.identity();
    let user = who.user.unwrap_or_else(|| format!("uid {}", who.uid));
    format!(
        "Run `{line}` on {} as {}? [y/N] ",
        visible(who.host),
        visible(user)
    )
}

impl Enforce for Confirm {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.way(view) {
            Ok(Way::YesFlag) => Verdict::Pass,
            Ok(Way::Terminal) => Verdict::Ask,
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        let detail = match self.way(host)? {
            Way::YesFlag => "yes-flag",
            Way::Terminal => {
                ask(&question(launch, host), host)?;
                "tty"
            }
        };
        launch.pass(Step::Confirm, Some(detail));
        Ok(())
    }
}

/// Only `y` and `yes` mean yes.
fn ask(question: &str, host: &mut dyn Host) -> Result<(), Refusal> {
    let answer = host.ask(question).map_err(|error| match error {
        AskError::Interrupted(signal) => Refusal::Interrupted(Step::Confirm, signal),
        AskError::Io(error) => Refusal::TerminalLost(reason(&error)),
    })?;
    match answer.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Refusal::Declined),
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::tests::{enforce_only, enforce_with};
    use super::*;
    use crate::host::Signal;
    use crate::host::fake::{Act, Op, World};

    fn world() -> World {
        World::new().manifest("g", "confirm = true")
    }

    #[test]
    fn only_y_and_yes_mean_yes() {
        for (typed, yes) in [
            ("y", true),
            ("Yes", true),
            ("", false),
            ("n", false),
            ("ye", false),
            ("yes please", false),
            ("1", false),
        ] {
            let (_, result) = enforce_only(world().terminal(typed), Step::Confirm);
            assert_eq!(result.is_ok(), yes, "{typed:?}");
        }
    }

    #[test]
    fn without_a_terminal_nobody_is_asked_and_nothing_answers() {
        let ci = world().var("CI", "1");
        let (world, result) = enforce_only(ci, Step::Confirm);
        assert!(matches!(result, Err(Refusal::NoTerminal)));
        assert!(!world.acts().iter().any(|act| matches!(act, Act::Asked(_))));
    }

    #[test]
    fn yes_answers_without_asking() {
        let (world, result) = enforce_with(world(), Step::Confirm, Answer::YesGiven);
        assert!(result.is_ok());
        assert!(!world.acts().iter().any(|act| matches!(act, Act::Asked(_))));
    }

    #[test]
    fn the_question_names_what_where_and_as_whom() {
        let (world, _) = enforce_only(world().terminal("y"), Step::Confirm);
        let asked = Act::Asked("Run `g hello 'a b'` on testhost as ops? [y/N] ".to_owned());
        assert!(world.acts().contains(&asked), "{:?}", world.acts());
    }

    #[test]
    fn a_signal_at_the_question_ends_the_run() {
        let world = world().terminal("y").signal_at(Op::Ask, Signal::new(2));
        let (_, result) = enforce_only(world, Step::Confirm);
        assert!(matches!(
            result,
            Err(Refusal::Interrupted(Step::Confirm, _))
        ));
    }
}
