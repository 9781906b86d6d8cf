//! Step 3: the user confirms, before any secret is fetched.

use std::io;
use std::path::Path;

use serde::Serialize;

use super::plan::Declared;
use super::{Detail, Guard, Launch, Passage, Refusal, Step, Verdict};
use crate::host::{AskError, Host, HostView, beyond_the_path, is_exhausted, reason};
use crate::manifest::{ConfirmBy, DemandedBy};
use crate::names::{GroupName, visible};

/// The answer to the question, as given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// None: the user is asked on the terminal.
    AskPerson,
    /// With `--yes`.
    YesGiven,
    /// With `--confirm` and this name.
    NameGiven(String),
}

/// Asks for confirmation on the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirm {
    /// Not part of the plan, and so not of its digest.
    #[serde(skip)]
    pub answer: Answer,
    /// The name that must be typed; none if `y` is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<GroupName>,
    /// The digest covers the group already.
    #[serde(skip)]
    pub group: GroupName,
    pub demanded_by: DemandedBy,
}

impl Confirm {
    pub(super) fn plan(declared: &Declared<'_>) -> Option<Self> {
        let asks = declared.requirements();
        let asks = asks.filter_map(|(by, requirements)| Some((requirements.confirm?, by)));
        // The stricter one applies, and of two equal ones the group's.
        let (by, demanded_by) = asks.reduce(|a, b| if b.0 > a.0 { b } else { a })?;
        Some(Self {
            answer: declared.answer.clone(),
            name: (by == ConfirmBy::Name).then(|| declared.group.clone()),
            group: declared.group.clone(),
            demanded_by,
        })
    }

    /// The one predicate: the option that answers the question; none if the user is
    /// asked.
    fn resolve(&self, view: &dyn HostView) -> Result<Passage, Refusal> {
        let group = &self.group;
        match (&self.answer, &self.name) {
            (Answer::NameGiven(typed), _) if typed == group.as_str() => Ok(Some("confirm-flag")),
            (Answer::NameGiven(typed), _) => Err(Refusal::WrongName(typed.clone(), group.clone())),
            (Answer::YesGiven, None) => Ok(Some("yes-flag")),
            (Answer::AskPerson | Answer::YesGiven, name) => match view.has_terminal() {
                Ok(true) => Ok(None),
                Ok(false) => Err(Refusal::NoTerminal(name.clone())),
                Err(error) => Err(self.lost(&error)),
            },
        }
    }

    fn lost(&self, error: &io::Error) -> Refusal {
        let cause = beyond_the_path(error, Path::new("/dev/tty"));
        match cause.filter(|_| is_exhausted(error)) {
            Some(command) => Refusal::TerminalUnknown(reason(error), command),
            None => Refusal::TerminalLost(reason(error), self.name.clone()),
        }
    }

    /// What would run, where and as whom.
    fn question(&self, launch: &Launch<'_>, view: &dyn HostView) -> String {
        let line = launch.plan.shown_command();
        let who = view.identity();
        let user = visible(who.user.unwrap_or_else(|| format!("uid {}", who.uid)));
        let asked = format!("Run `{line}` on {} as {user}?", visible(who.host));
        match &self.name {
            Some(name) => format!("{asked}\nType {name} to confirm: "),
            None => format!("{asked} [y/N] "),
        }
    }

    /// Only `y` and `yes` mean yes; if a name is required, only that name does.
    fn ask(&self, launch: &Launch<'_>, host: &mut dyn Host) -> Result<(), Refusal> {
        let question = self.question(launch, host);
        let answer = host.ask(&question).map_err(|error| match error {
            AskError::Interrupted(signal) => Refusal::Interrupted(Step::Confirm, signal),
            AskError::Io(error) => self.lost(&error),
        })?;
        let is_yes = match &self.name {
            Some(name) => answer == name.as_str(),
            None => matches!(answer.to_lowercase().as_str(), "y" | "yes"),
        };
        let declined = || Refusal::Declined(self.name.clone());
        is_yes.then_some(()).ok_or_else(declined)
    }
}

impl Guard for Confirm {
    fn preview(&self, view: &dyn HostView) -> Verdict {
        match self.resolve(view) {
            Ok(Some(_)) => Verdict::Pass,
            Ok(None) => Verdict::Ask,
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    fn involves_others(&self) -> bool {
        let answered = matches!(
            (&self.answer, &self.name),
            (Answer::YesGiven, None) | (Answer::NameGiven(_), _)
        );
        !answered
    }

    fn enforce(&self, launch: &mut Launch<'_>, host: &mut dyn Host) -> Result<Passage, Refusal> {
        if let Some(option) = self.resolve(host)? {
            return Ok(Some(option));
        }
        self.ask(launch, host)?;
        Ok(Some(self.name.as_ref().map_or("tty", |_| "typed")))
    }

    fn details(&self, verdict: &Verdict) -> Vec<Detail> {
        let text = match (verdict, &self.answer, &self.name) {
            (Verdict::Refuse(refusal), ..) => refusal.reason(),
            (Verdict::Pass, Answer::NameGiven(_), _) => "answered by --confirm".to_owned(),
            (Verdict::Pass, ..) => "answered by --yes".to_owned(),
            (_, _, Some(name)) => {
                format!("type \"{name}\" on this terminal; --yes is not accepted")
            }
            (_, _, None) => "answer y on this terminal".to_owned(),
        };
        vec![Detail::new(verdict.shown(), text, self.demanded_by)]
    }
}

#[cfg(test)]
mod tests {
    use nix::errno::Errno;

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
    fn without_a_terminal_the_run_is_refused_without_a_question() {
        let ci = world().var("CI", "1");
        let (world, result) = enforce_only(ci, Step::Confirm);
        assert!(matches!(result, Err(Refusal::NoTerminal(None))));
        assert!(!world.acts().iter().any(|act| matches!(act, Act::Asked(_))));
    }

    #[test]
    fn a_terminal_that_cannot_be_opened_is_not_a_missing_one() {
        for errno in [Errno::EMFILE, Errno::ENFILE] {
            let (_, result) = enforce_only(world().terminal_error(errno), Step::Confirm);
            let Err(Refusal::TerminalUnknown(reason, command)) = result else {
                panic!("{result:?}")
            };
            assert_eq!(reason, crate::host::reason(&errno.into()));
            assert!(
                ["ulimit -n", "cat /proc"]
                    .iter()
                    .any(|one| command.starts_with(one))
            );
        }
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
    fn where_a_name_is_required_only_that_name_means_yes() {
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
        let asked = world
            .acts()
            .iter()
            .any(|act| matches!(act, Act::Asked(text) if text.ends_with("?\nType g to confirm: ")));
        assert!(asked, "{:?}", world.acts());
    }

    #[test]
    fn a_required_name_is_answered_by_confirm_and_not_by_yes() {
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
