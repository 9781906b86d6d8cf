//! A provider that calls a program is a row of data. Built-in rows are in [`built_in`],
//! a team's in its manifest, `[providers.<name>]`; both have the same fields and are
//! interpreted by the same code.
//!
//! [`built_in`]: super::built_in

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::argument::Argument;
use super::output::Output;
use super::reference::{Malformed, Parts, Shape};
use crate::host::ToolOutput;
use crate::names::{PathTemplate, shell_word};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// As a manifest names it.
    pub name: String,
    pub program: Program,
    pub shape: Shape,
    /// The parts of a reference that are paths, with `~` and variables.
    pub paths: Vec<String>,
    pub calls: Calls,
    pub environment: ToolEnvironment,
    /// Tried in order.
    pub fail: Vec<FailRule>,
    /// The command that signs the user in; may have parts of the reference in braces.
    pub sign_in: Option<String>,
    /// Succeeds if the program is ready; only `doctor --online` calls it.
    pub probe: Vec<String>,
    pub timeout: Duration,
    /// Whether the program may ask on the terminal.
    pub terminal: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Looked for on `PATH`.
    Named(String),
    /// Absolute.
    At(PathBuf),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Calls {
    /// References whose arguments are equal are served by one call.
    Arguments {
        one: Vec<Argument>,
        output: Output,
        many: Option<Box<Many>>,
    },
    /// All references in one call, as JSON, in both directions.
    Protocol,
}

/// How several references are fetched by one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many {
    /// Those that are equal may share a call.
    pub args: Vec<Argument>,
    /// What identifies a reference in the call and in its answer.
    pub each: Argument,
    pub input: BatchInput,
    pub answer: BatchAnswer,
    /// The most that one call takes.
    pub max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchInput {
    /// Appended to the arguments.
    Arguments,
    /// A line each on standard input.
    Lines,
    /// A text on standard input in which the program replaces `{{ reference }}`.
    Template,
    /// The program prints all that it has.
    Everything,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchAnswer {
    /// A JSON object with a member for each.
    Map { value: Option<Output> },
    /// A JSON array, at a pointer, of objects; one of the keys says which it is.
    Array {
        array: String,
        keys: Vec<String>,
        value: Output,
    },
    /// The template, filled.
    Template,
}

/// The variables that a program gets: those that every program needs, and these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolEnvironment {
    /// Names, possibly with a final `*`.
    pub keep: Vec<String>,
    /// Never handed on, even if kept: they change what the program prints.
    pub drop: Vec<String>,
    pub set: Vec<(String, String)>,
}

/// Says what a failure means. It matches if everything that it names does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailRule {
    /// Zero is a failure only if it is named.
    pub code: Option<i32>,
    /// In the program's standard error; an empty text: it prints nothing there.
    pub stderr: Option<String>,
    /// In the program's standard output, likewise.
    pub stdout: Option<String>,
    pub means: Meaning,
    /// What is shown if the program prints nothing.
    pub note: Option<String>,
}

/// Why a program has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Meaning {
    /// There is no such secret.
    Missing,
    /// The user must sign in first.
    SignedOut,
    /// The user may not read it.
    Denied,
    /// The server cannot be reached.
    Network,
}

impl Meaning {
    pub const ALL: [Self; 4] = [Self::Missing, Self::SignedOut, Self::Denied, Self::Network];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::SignedOut => "signed_out",
            Self::Denied => "denied",
            Self::Network => "network",
        }
    }
}

impl Row {
    pub fn check(&self, reference: &str) -> Result<(), Malformed> {
        let parts = self.split(reference)?;
        for name in &self.paths {
            let path = parts.get(name).map(PathTemplate::parse);
            if path.is_some_and(|path| path.is_err()) {
                return Err(Malformed::Path(name.clone()));
            }
        }
        Ok(())
    }

    /// The parts of a reference, with its paths as they are written.
    pub fn split(&self, reference: &str) -> Result<Parts, Malformed> {
        let parts = self.shape.split(reference)?;
        if let Calls::Arguments { one, .. } = &self.calls {
            one.iter().try_for_each(|argument| argument.check(&parts))?;
        }
        Ok(parts)
    }

    /// The rule for an output, if it is a failure that the row knows.
    pub(super) fn rule(&self, output: &ToolOutput) -> Option<&FailRule> {
        self.fail.iter().find(|rule| rule.matches(output))
    }

    /// The command to type before a reference can be fetched.
    pub fn sign_in_command(&self, reference: &str) -> Option<String> {
        let mut command = self.sign_in.clone()?;
        let parts = self.split(reference).unwrap_or_default();
        for name in self.shape.names() {
            let Some(value) = parts.get(name) else {
                continue;
            };
            let is_path = self.paths.iter().any(|path| path == name);
            let word = if is_path && expands_in_a_shell(value) {
                value.to_owned()
            } else {
                shell_word(value)
            };
            command = command.replace(&format!("{{{name}}}"), &word);
        }
        Some(command)
    }
}

impl FailRule {
    fn matches(&self, output: &ToolOutput) -> bool {
        let code = match self.code {
            Some(code) => output.code == Some(code),
            None => output.code != Some(0),
        };
        code && contains(self.stderr.as_ref(), &output.stderr)
            && contains(self.stdout.as_ref(), &output.stdout)
    }
}

fn contains(wanted: Option<&String>, text: &[u8]) -> bool {
    wanted.is_none_or(|wanted| match wanted.as_bytes() {
        [] => text.trim_ascii().is_empty(),
        wanted => text.windows(wanted.len()).any(|window| window == wanted),
    })
}

/// Whether a shell expands a path as qli does, and makes one word of it.
fn expands_in_a_shell(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-~${}".contains(c);
    path.chars().all(is_plain)
}

/// What every program gets, if it is set: where its files are, the user's language, and
/// how the network is reached.
const BASE: [&str; 23] = [
    "HOME",
    "PATH",
    "LANG",
    "LC_*",
    "TMPDIR",
    "XDG_*",
    "USER",
    "LOGNAME",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "TZ",
    "TERM",
];

impl ToolEnvironment {
    /// The variables for a program. `sources` hold other secrets: they are handed on only
    /// if they are kept by name.
    pub(super) fn of(
        &self,
        own: &BTreeMap<OsString, OsString>,
        sources: &[&str],
    ) -> BTreeMap<OsString, OsString> {
        let kept = own.iter().filter(|(name, _)| self.keeps(name, sources));
        let kept = kept.map(|(name, value)| (name.clone(), value.clone()));
        let set = self
            .set
            .iter()
            .map(|(name, value)| (name.into(), value.into()));
        kept.chain(set).collect()
    }

    fn keeps(&self, name: &OsStr, sources: &[&str]) -> bool {
        let Some(name) = name.to_str() else {
            return false;
        };
        let kept = || self.keep.iter().map(String::as_str);
        if self.drop.iter().any(|one| matches(one, name)) {
            return false;
        }
        if sources.contains(&name) {
            return kept().any(|one| one == name);
        }
        kept().chain(BASE).any(|one| matches(one, name))
    }
}

/// Whether a name, possibly with a final `*`, means a variable.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::Provider;

    #[test]
    fn a_program_gets_what_it_needs_and_no_other_secret() {
        let own = [
            "PATH",
            "LC_ALL",
            "CORP_A",
            "CORP_FORMAT",
            "CORP_TOKEN",
            "OTHER",
            "DB",
        ];
        let own = own
            .map(|name| (OsString::from(name), OsString::from("x")))
            .into();
        let environment = ToolEnvironment {
            keep: vec!["CORP_*".into(), "DB".into()],
            drop: vec!["CORP_FORMAT".into()],
            set: vec![("CORP_A".into(), "pinned".into())],
        };
        let given = environment.of(&own, &["CORP_TOKEN", "DB"]);
        let given: Vec<_> = given
            .iter()
            .map(|(name, value)| (name.to_str(), value.to_str()))
            .collect();
        let pinned = (Some("CORP_A"), Some("pinned"));
        let kept = ["DB", "LC_ALL", "PATH"].map(|name| (Some(name), Some("x")));
        assert_eq!(given, [&[pinned], &kept[..]].concat());
    }

    fn row(sign_in: &str) -> Row {
        let mut row = Row::clone(Provider::named("age").unwrap().tool().unwrap());
        row.sign_in = Some(sign_in.to_owned());
        row
    }

    #[test]
    fn the_command_that_signs_in_can_be_typed() {
        let row = row("open {file} with {identity-file} {else}");
        for (reference, command) in [
            ("/a#/k", "open /a with /k {else}"),
            ("~/a#$KEYS/k", "open ~/a with $KEYS/k {else}"),
            ("/a b#/k", "open '/a b' with /k {else}"),
            ("/a;b#/k", "open '/a;b' with /k {else}"),
        ] {
            let shown = row.sign_in_command(reference);
            assert_eq!(shown.as_deref(), Some(command), "{reference}");
        }
    }

    #[test]
    fn a_rule_for_an_empty_text_matches_silence() {
        let rule = FailRule {
            code: None,
            stderr: Some(String::new()),
            stdout: None,
            means: Meaning::Missing,
            note: None,
        };
        let output = |code, stderr: &[u8]| ToolOutput {
            code: Some(code),
            stdout: Vec::new().into(),
            stderr: stderr.to_vec().into(),
            stderr_cut: false,
        };
        assert!(rule.matches(&output(1, b"")));
        assert!(rule.matches(&output(1, b"\n")));
        assert!(!rule.matches(&output(1, b"no")));
        assert!(!rule.matches(&output(0, b"")));
    }
}
