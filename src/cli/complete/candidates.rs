//! What a word can be: looked up only when that word is completed.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::CommandFactory as _;
use clap_complete::engine::CompletionCandidate;

use super::super::args::Cli;
use crate::audit::{RunId, to_seconds};
use crate::diagnostics::Code;
use crate::discovery::{GroupLog, Roots, extensions, find_group, group_name, group_names, logs};
use crate::history::RecordSummary;
use crate::host::System;
use crate::names::{is_command, visible};
use crate::report::{TOPICS, topic};

use super::line::Line;
use super::runs;

/// A note is cut at so many characters.
const NOTE_MAX: usize = 60;

/// What the line says about what is completed.
#[derive(Debug, Clone)]
pub(super) struct Known {
    given: Vec<PathBuf>,
    group: Option<OsString>,
    /// What was named to `help` or `man`.
    named: Vec<OsString>,
}

impl Known {
    pub(super) fn of(line: &Line) -> Self {
        Self {
            given: line.given.clone(),
            group: line.before.last().cloned(),
            named: line.before.iter().skip(1).cloned().collect(),
        }
    }

    fn roots(&self) -> (Roots, System) {
        let host = System::new();
        (Roots::of(&self.given, &host), host)
    }

    /// Every group. No manifest is read for it.
    pub(super) fn groups(&self) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots();
        let names = group_names(&roots, &host).into_keys();
        names
            .map(|name| CompletionCandidate::new(name.as_str()))
            .collect()
    }

    /// Those that need no `run` before them.
    pub(super) fn groups_of_short_form(&self) -> Vec<CompletionCandidate> {
        let mut groups = self.groups();
        groups.retain(|one| !one.get_value().to_str().is_some_and(is_command));
        let tagged = groups.into_iter();
        tagged.map(|one| one.tag(Some("Groups".into()))).collect()
    }

    /// The extensions of the group that stands before, with what they do.
    pub(super) fn extensions(&self) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots();
        let group = self.group.as_deref().map(group_name).and_then(Result::ok);
        let group = group.and_then(|name| find_group(&name, &roots, &host).ok());
        let Some(group) = group else {
            return Vec::new();
        };
        let found = extensions(&group.location, &host).into_iter();
        let candidates = found.map(|one| {
            let section = group.manifest.section(&one.name);
            let text = section.and_then(|section| section.description.as_deref());
            candidate(one.name.as_str(), text)
        });
        candidates.collect()
    }

    /// The commands below the one that is named, with what they do.
    pub(super) fn commands(&self) -> Vec<CompletionCandidate> {
        let mut tree = Cli::command();
        tree.build(); // with the commands below each
        let mut words = self.named.iter();
        let named = words.try_fold(&tree, |command, word| command.find_subcommand(word));
        let below = named.into_iter().flat_map(clap::Command::get_subcommands);
        let below = below.filter(|command| command.get_name() != "help" || self.named.is_empty());
        let candidates = below.map(|command| {
            let about = command.get_about().map(ToString::to_string);
            candidate(command.get_name(), about.as_deref())
        });
        candidates.collect()
    }

    /// What `qli help` explains; codes only for whoever has begun one. Topics and
    /// codes stand alone.
    pub(super) fn about(&self, word: &OsStr) -> Vec<CompletionCandidate> {
        let topics = TOPICS.iter().map(|topic| (topic.name, topic.summary));
        let codes = Code::ALL.iter().filter(|_| !word.is_empty());
        let codes =
            codes.flat_map(|code| [code.number(), code.name()].map(|name| (name, code.title())));
        let of_manual = topics.chain(codes).filter(|_| self.named.is_empty());
        let candidates = of_manual.map(|(name, text)| candidate(name, Some(text)));
        // Of a topic and the command of its name `qli help` shows the topic.
        let mut known = self.commands();
        let is_topic = |one: &CompletionCandidate| one.get_value().to_str().and_then(topic);
        known.retain(|one| !self.named.is_empty() || is_topic(one).is_none());
        let known = known.into_iter().chain(candidates);
        let begun = |one: &CompletionCandidate| {
            let begin = word.as_encoded_bytes();
            one.get_value().as_encoded_bytes().starts_with(begin)
        };
        known.filter(begun).collect()
    }

    /// The newest runs of all logs, the newest first: by their ids, or by the
    /// ends of ids that `qli audit list` prints.
    pub(super) fn runs(&self, word: &OsStr) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots();
        let logs = logs(&roots, &host).into_iter();
        let logs = logs.filter_map(|(_, log)| match log {
            GroupLog::At(path) => Some(path),
            GroupLog::Unset(_) | GroupLog::Broken => None,
        });
        let runs = runs::newest(logs, &host);
        let begun = |id: &str| id.as_bytes().starts_with(word.as_encoded_bytes());
        let by_end = !runs.iter().any(|one| begun(&one.run.run_id));
        let candidates = runs
            .iter()
            .enumerate()
            .map(|(at, RecordSummary { time, run, .. })| {
                let text = format!("{} {} {}", to_seconds(time), run.group, run.extension);
                let id = if by_end {
                    RunId::short(&run.run_id)
                } else {
                    &run.run_id
                };
                candidate(id, Some(&text)).display_order(Some(at))
            });
        candidates
            .filter(|one| one.get_value().to_str().is_some_and(begun))
            .collect()
    }
}

fn candidate(word: &str, text: Option<&str>) -> CompletionCandidate {
    let note = text.map(note).filter(|note| !note.is_empty());
    CompletionCandidate::new(word).help(note.map(Into::into))
}

/// Shortens a text to what fits beside a word.
pub(super) fn note(text: &str) -> String {
    let line = visible(text.lines().next().unwrap_or_default().trim());
    match line.char_indices().nth(NOTE_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
