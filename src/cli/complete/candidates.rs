//! The candidates for each word, looked up only when that word is completed.

use std::ffi::{OsStr, OsString};

use clap::CommandFactory as _;
use clap_complete::engine::CompletionCandidate;

use super::super::args::Cli;
use super::line::TypedLine;
use super::runs;
use crate::audit::{RunId, to_seconds};
use crate::diagnostics::Code;
use crate::discovery::{
    GroupEntry, GroupLog, Roots, group_entry, group_name, group_names, logs, runnable,
};
use crate::history::RecordSummary;
use crate::host::System;
use crate::names::{is_command, visible};
use crate::report::{TOPICS, topic};

/// Longest description of a candidate, in characters.
const NOTE_MAX: usize = 60;

impl TypedLine {
    fn roots_and_host(&self) -> (Roots, System) {
        let host = System::start();
        (Roots::of(&self.roots, &host), host)
    }

    /// The words after `help` or `man`.
    fn page(&self) -> &[OsString] {
        self.before.get(1..).unwrap_or_default()
    }

    /// All groups. Reads no manifest.
    pub(super) fn groups(&self) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots_and_host();
        let names = group_names(&roots, &host).into_keys();
        names
            .map(|name| CompletionCandidate::new(name.as_str()))
            .collect()
    }

    /// The groups that can be typed without `run`.
    pub(super) fn groups_of_short_form(&self) -> Vec<CompletionCandidate> {
        let mut groups = self.groups();
        groups.retain(|one| !one.get_value().to_str().is_some_and(is_command));
        let tagged = groups.into_iter();
        tagged.map(|one| one.tag(Some("Groups".into()))).collect()
    }

    /// The extensions of the group before the cursor that can be run, with their
    /// descriptions.
    pub(super) fn extensions(&self) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots_and_host();
        let name = self.before.last().and_then(|word| group_name(word).ok());
        let entry = name.and_then(|name| group_entry(&name, &roots, &host).ok());
        let Some(GroupEntry { group, extensions }) = entry else {
            return Vec::new();
        };
        let candidates = runnable(&extensions).map(|name| {
            let section = group.manifest.section(name);
            let text = section.and_then(|section| section.description.as_deref());
            candidate(name.as_str(), text)
        });
        candidates.collect()
    }

    /// The subcommands of the command named after `help` or `man`.
    pub(super) fn commands(&self) -> Vec<CompletionCandidate> {
        let mut tree = Cli::command();
        tree.build(); // with all subcommands
        let page = self.page();
        let command = page
            .iter()
            .try_fold(&tree, |command, word| command.find_subcommand(word));
        let below = command.into_iter().flat_map(clap::Command::get_subcommands);
        let below = below.filter(|command| command.get_name() != "help" || page.is_empty());
        let candidates = below.map(|command| {
            let about = command.get_about().map(ToString::to_string);
            candidate(command.get_name(), about.as_deref())
        });
        candidates.collect()
    }

    /// What `qli help` explains: commands, topics, and codes once something is typed.
    pub(super) fn help_pages(&self, word: &OsStr) -> Vec<CompletionCandidate> {
        let mut pages = self.commands();
        if self.page().is_empty() {
            // If a topic has the name of a command, `qli help` shows the topic.
            pages.retain(|one| one.get_value().to_str().and_then(topic).is_none());
            let topics = TOPICS.iter().map(|topic| (topic.name, topic.summary));
            let codes = Code::ALL.iter().filter(|_| !word.is_empty());
            let codes = codes
                .flat_map(|code| [code.number(), code.name()].map(|name| (name, code.title())));
            let manual = topics.chain(codes);
            pages.extend(manual.map(|(name, text)| candidate(name, Some(text))));
        }
        let typed = word.as_encoded_bytes();
        pages.retain(|one| one.get_value().as_encoded_bytes().starts_with(typed));
        pages
    }

    /// The newest runs of all logs, the newest first: by their ids, or by the
    /// ends of ids that `qli audit list` prints.
    pub(super) fn runs(&self, word: &OsStr) -> Vec<CompletionCandidate> {
        let (roots, host) = self.roots_and_host();
        let logs = logs(&roots, &host).into_iter();
        let logs = logs.filter_map(|(_, log)| match log {
            GroupLog::At(path) | GroupLog::BuiltIn(path) => Some(path),
            GroupLog::Unset(_) | GroupLog::Broken => None,
        });
        let runs = runs::newest(logs, &host);
        let matches = |id: &str| id.as_bytes().starts_with(word.as_encoded_bytes());
        let by_end = !runs.iter().any(|one| matches(&one.run.run_id));
        let ordered = runs.iter().enumerate();
        let candidates = ordered.map(|(at, RecordSummary { time, run, .. })| {
            let text = format!("{} {} {}", to_seconds(time), run.group, run.extension);
            let short = by_end.then(|| RunId::short(&run.run_id));
            candidate(short.unwrap_or(&run.run_id), Some(&text)).display_order(Some(at))
        });
        candidates
            .filter(|one| one.get_value().to_str().is_some_and(matches))
            .collect()
    }
}

fn candidate(word: &str, text: Option<&str>) -> CompletionCandidate {
    let note = text.map(note).filter(|note| !note.is_empty());
    CompletionCandidate::new(word).help(note.map(Into::into))
}

/// Shortens a description to fit beside its word.
pub(super) fn note(text: &str) -> String {
    let line = visible(text.lines().next().unwrap_or_default().trim());
    match line.char_indices().nth(NOTE_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
