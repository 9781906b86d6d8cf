//! A policy's file becomes a JSON document whose values have places.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use toml::de::DeTable;

use super::json;
use super::pointer::Pointer;
use super::tree::{Inner, Node, json_of};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Location, SOURCE_MAX, Source};
use crate::host::reason;
use crate::manifest::{not_utf8, quoted, syntax};
use crate::names::shell_word;

/// What a policy says, and where.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) source: Arc<Source>,
    pub(super) document: Value,
    root: Node,
}

/// What is wrong at one keyword of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// The keyword.
    pub(super) at: Pointer,
    on: On,
    pub(super) message: String,
    help: Option<String>,
}

/// What of a keyword is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    /// That it is there.
    Name,
    /// What it says.
    Value,
}

impl Fault {
    /// Starts a fault of what a keyword says.
    pub(super) fn of_value(at: Pointer, message: impl Into<String>) -> Self {
        Self {
            at,
            on: On::Value,
            message: message.into(),
            help: None,
        }
    }

    /// Starts a fault of a keyword that should not be there.
    pub(super) fn of_name(at: Pointer, message: impl Into<String>) -> Self {
        Self {
            on: On::Name,
            ..Self::of_value(at, message)
        }
    }

    /// Adds the next step.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Text {
    /// Takes the result of reading a policy's file.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no UTF-8, or is neither JSON nor, if its name
    /// ends in `.toml`, TOML; or a name of it is there twice.
    pub(super) fn read(path: &Path, read: io::Result<Vec<u8>>) -> Result<Self, Diagnostics> {
        let bytes = read.map_err(|error| unreadable(path, &error))?;
        let source = Source::new(path, &bytes)
            .map_err(|offset| of_policy(not_utf8(path, &bytes, offset)))?;
        let source = Arc::new(source);
        if path.extension().is_some_and(|end| end == "toml") {
            Self::of_toml(source)
        } else {
            Self::of_json(source)
        }
    }

    fn of_json(source: Arc<Source>) -> Result<Self, Diagnostics> {
        // RFC 8259, section 8.1: a mark at the beginning may be ignored.
        let text = source.text().trim_start_matches('\u{feff}');
        let start = source.text().len() - text.len();
        let document = serde_json::from_str(text);
        let document = document.map_err(|error| no_json(&source, text, start, &error))?;
        let locations = json::locations(text, start);
        let twice = locations.twice.iter().map(|(name, at)| {
            let message = format!("{} is defined twice", quoted(name));
            let one = Diagnostic::at(Code::PolicyUnusable, &source, at.clone(), message);
            one.help("keep one of them: only the last would count")
        });
        let mut found = Diagnostics::default();
        found.extend(twice);
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self {
            document,
            root: locations.root,
            source,
        })
    }

    fn of_toml(source: Arc<Source>) -> Result<Self, Diagnostics> {
        let (root, errors) = DeTable::parse_recoverable(source.text());
        if !errors.is_empty() {
            return Err(no_toml(&source));
        }
        Ok(Self {
            document: json_of(root.get_ref()),
            root: Node::of_toml(root.get_ref()),
            source,
        })
    }

    /// Returns the place of a fault: the name of its keyword, or the value if
    /// that is wrong and of one part.
    fn location(&self, at: &Pointer, on: On) -> Range<usize> {
        let reached = self.root.follow(at);
        let by_value = on == On::Value && reached.node.inner == Inner::Scalar;
        match reached.key.filter(|_| !by_value) {
            Some(key) => key.clone(),
            // The whole text is a place for nobody: its first line is.
            None if at.0.is_empty() => reached.node.span.start..reached.node.span.start,
            None => reached.node.span.clone(),
        }
    }

    /// Reports what is wrong at one of its keywords.
    pub(super) fn diagnostic(&self, fault: Fault) -> Diagnostic {
        let Fault {
            at,
            on,
            message,
            help,
        } = fault;
        let span = self.location(&at, on);
        let one = Diagnostic::at(Code::PolicyUnusable, &self.source, span, message);
        let rules = || "mend the policy: `qli help policies` says how one is written".to_owned();
        one.help(help.unwrap_or_else(rules))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    if error.kind() == io::ErrorKind::FileTooLarge {
        let message = format!("the policy is larger than {SOURCE_MAX} bytes");
        return Diagnostic::of_path(Code::PolicyUnusable, path, message)
            .help("split it, and name each part with an own `--policy`");
    }
    let message = format!("the policy cannot be read: {}", reason(error));
    Diagnostic::of_path(Code::PolicyUnusable, path, message)
        .help(format!("ls -ld {}", shell_word(path)))
}

/// Says of a policy what is known of a manifest: words and place stay.
fn of_policy(one: Diagnostic) -> Diagnostic {
    let of_path =
        |path: &Path, message: String| Diagnostic::of_path(Code::PolicyUnusable, path, message);
    let Diagnostic {
        message,
        location,
        help,
        ..
    } = one;
    let one = match location {
        Location::Text { source, span } => {
            Diagnostic::at(Code::PolicyUnusable, &source, span, message)
        }
        Location::Path(path) => of_path(&path, message),
    };
    match help {
        Some(help) => one.help(help),
        None => one,
    }
}

fn no_json(
    source: &Arc<Source>,
    text: &str,
    start: usize,
    error: &serde_json::Error,
) -> Diagnostic {
    let words = error.to_string();
    let (words, _) = words.rsplit_once(" at line ").unwrap_or((&words, ""));
    let (words, at) = match words.strip_prefix("EOF while parsing ") {
        Some(what) => (
            format!("the text ends inside {what}"),
            text.trim_end().len(),
        ),
        None => (words.to_owned(), offset(text, error)),
    };
    let at = start + at;
    let message = format!("the policy is no JSON: {words}");
    let one = Diagnostic::at(Code::PolicyUnusable, source, at..at, message);
    if text.trim_start().starts_with(['{', '[', '"']) {
        one.help("mend the text; a policy is one JSON object")
    } else {
        one.help("a policy in TOML has a name that ends in `.toml`")
    }
}

/// Says where an error of JSON is. Its line and column count from 1, the column
/// in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    line + error.column().saturating_sub(1)
}

fn no_toml(source: &Arc<Source>) -> Diagnostics {
    let mut found = Diagnostics::default();
    if source.text().trim_start().starts_with('{') {
        let message = "the policy is no TOML: this looks like JSON".to_owned();
        let one = Diagnostic::at(Code::PolicyUnusable, source, 0..1, message);
        found.push(one.help("a policy in JSON has a name that does not end in `.toml`"));
        return found;
    }
    let problems = syntax::recover(source).problems.into_iter();
    found.extend(problems.map(|one| {
        let message = format!("the policy is no TOML: {}", one.message);
        of_policy(Diagnostic {
            message,
            help: None,
            ..one
        })
    }));
    found
}
