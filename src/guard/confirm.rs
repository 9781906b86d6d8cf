//! Step 3: a person says yes, before any secret is fetched.

use serde::Serialize;

use super::{Enforce, Launch, Refusal, Step, Verdict};
use crate::host::{AskError, Host, HostView, reason};
use crate::manifest::{ConfirmBy, DemandedBy, Requirements};
use crate::names::{GroupName, shell_line, visible};

/// Who answers the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A person at the terminal.
    AskPerson,
    /// `--yes` was given.
    YesGiven,
    /// `--confirm` was given, with this name.
    NameGiven(String),
}

/// Asks a person on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirm {
    /// Who answers; no part of what is planned, and so not of its digest.
    #[serde(skip)]
    pub answer: Answer,
    /// The name that is to be typed; none where `y` is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<GroupName>,
    /// The group; it stands in the plan already.
    #[serde(skip)]
    pub group: GroupName,
    /// Who demands it.
    pub demanded_by: DemandedBy,
}

/// How the question will be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ConfirmVia {
    Terminal,
    YesFlag,
    ConfirmFlag,
}

impl Confirm {
    /// Plans the guard, if the group or the extension asks for it; the stricter
    /// way of asking holds.
    pub(super) fn plan<'m>(
        demands: impl Iterator<Item = (DemandedBy, &'m Requirements)>,
        group: &GroupName,
        answer: &Answer,
    ) -> Option<Self> {
        let asks = demands.filter_map(|(by, demands)| Some((demands.confirm?, by)));
        // Of two that ask in the same way it is the group's.
        let (way, demanded_by) = asks.reduce(|a, b| if b.0 > a.0 { b } else { a })?;
        Some(Self {
            answer: answer.clone(),
            name: (way == ConfirmBy::Name).then(|| group.clone()),
            group: group.clone(),
            demanded_by,
        })
    }

    /// The one predicate: whether there is anybody to answer.
    fn resolve(&self, view: &dyn HostView) -> Result<ConfirmVia, Refusal> {
        match (&self.answer, &self.name) {
            (Answer::NameGiven(typed), _) if typed == self.group.as_str() => {
                Ok(ConfirmVia::ConfirmFlag)
            }
            (Answer::NameGiven(typed), _) => {
                Err(Refusal::WrongName(typed.clone(), self.group.clone()))
            }
            (Answer::YesGiven, None) => Ok(ConfirmVia::YesFlag),
            (Answer::AskPerson | Answer::YesGiven, _) if view.has_terminal() => {
                Ok(ConfirmVia::Terminal)
            }
            (Answer::AskPerson | Answer::YesGiven, name) => Err(Refusal::NoTerminal(name.clone())),
        }
    }
}

/// Names what would run, where and as whom.
fn question(name: Option<&GroupName>, launch: &Launch<'_>, view: &dyn HostView) -> String {
    let plan = launch.plan();
    let words = [plan.group.as_str(), plan.extension.as_str()];
    let words = words.into_iter().map(std::ffi::OsStr::new);
    let line = shell_line(words.chain(plan.shown_args.iter().map(crate::names::Text::as_os_str)));
    let who = view.identity();
    let user = who.user.unwrap_or_else(|| format!("uid {}", who.uid));
    let asked = format!(
        "Run `{line}` on {} as {}?",
        visible(who.host),
        visible(user)
    );
    match name {
        Some(name) => format!("{asked} Type the name of the group, {name}: "),
        None => format!("{asked} [y/N] "),
    }
}

impl Enforce for Confirm {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.resolve(view) {
            Ok(ConfirmVia::YesFlag | ConfirmVia::ConfirmFlag) => Verdict::Pass,
            Ok(ConfirmVia::Terminal) => Verdict::Ask,
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        let detail = match self.resolve(host)? {
            ConfirmVia::YesFlag => "yes-flag",
            ConfirmVia::ConfirmFlag => "confirm-flag",
            ConfirmVia::Terminal => {
                let name = self.name.as_ref();
                ask(&question(name, launch, host), name, host)?;
                if name.is_some() { "typed" } else { "tty" }
            }
        };
        launch.pass(Step::Confirm, Some(detail));
        Ok(())
    }
}

/// Only `y` and `yes` mean yes; where a name is wanted, only that name.
fn ask(question: &str, name: Option<&GroupName>, host: &mut dyn Host) -> Result<(), Refusal> {
    let answer = host.ask(question).map_err(|error| match error {
        AskError::Interrupted(signal) => Refusal::Interrupted(Step::Confirm, signal),
        AskError::Io(error) => Refusal::TerminalLost(reason(&error)),
    })?;
    let is_yes = match name {
        Some(name) => answer == name.as_str(),
        None => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
    };
    if is_yes {
        return Ok(());
    }
    Err(Refusal::Declined(name.cloned()))
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
        assert!(matches!(result, Err(Refusal::NoTerminal(None))));
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

    fn by_name() -> World {
        World::new().manifest("g", "confirm_by = \"name\"")
    }

    #[test]
    fn where_a_name_is_wanted_only_that_name_means_yes() {
        for (typed, yes) in [
            ("g", true),
            ("y", false),
            ("yes", false),
            ("G", false),
            ("", false),
        ] {
            let (_, result) = enforce_only(by_name().terminal(typed), Step::Confirm);
            assert_eq!(result.is_ok(), yes, "{typed:?}");
        }
        let (world, _) = enforce_only(by_name().terminal("g"), Step::Confirm);
        let asked = world.acts().iter().any(|act| {
            matches!(act, Act::Asked(text) if text.ends_with("? Type the name of the group, g: "))
        });
        assert!(asked, "{:?}", world.acts());
    }

    #[test]
    fn a_name_is_not_answered_by_yes_and_is_by_the_flag() {
        let (_, result) = enforce_with(by_name(), Step::Confirm, Answer::YesGiven);
        assert!(matches!(result, Err(Refusal::NoTerminal(Some(_)))));
        let (_, result) = enforce_with(by_name().terminal("g"), Step::Confirm, Answer::YesGiven);
        assert!(result.is_ok());
        for world in [by_name, world] {
            let named = |name: &str| {
                let answer = Answer::NameGiven(name.to_owned());
                enforce_with(world(), Step::Confirm, answer).1
            };
            assert!(named("g").is_ok());
            assert!(matches!(named("h"), Err(Refusal::WrongName(..))));
        }
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
