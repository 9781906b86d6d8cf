//! A policy's file: JSON or TOML, with the location of every value.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::pointer::JsonPointer;
use super::spans::{SpanTree, json_of};
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX, Source, quoted, utf8_source};
use crate::host::{diagnosis, reason};
use crate::manifest::{parse_toml, syntax_errors};

#[derive(Debug)]
pub(super) struct PolicyDocument {
    pub(super) source: Arc<Source>,
    pub(super) json: Value,
    spans: SpanTree,
}

/// What is wrong at one keyword of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeywordError {
    pub(super) at: JsonPointer,
    /// Whether the keyword itself is wrong, and not its value.
    is_name: bool,
    pub(super) message: String,
    help: Option<String>,
}

impl KeywordError {
    pub(super) fn value(at: JsonPointer, message: impl Into<String>) -> Self {
        Self {
            at,
            is_name: false,
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn name(at: JsonPointer, message: impl Into<String>) -> Self {
        Self {
            is_name: true,
            ..Self::value(at, message)
        }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl PolicyDocument {
    /// Parses what was read of a policy's file: JSON, or TOML if its name ends in
    /// `.toml`.
    pub(super) fn parse(path: &Path, read: io::Result<Vec<u8>>) -> Result<Self, Diagnostics> {
        let bytes = read.map_err(|error| unreadable(path, &error))?;
        let source = utf8_source(path, &bytes).map_err(about_policy)?;
        if path.extension().is_some_and(|end| end == "toml") {
            Self::of_toml(source)
        } else {
            Self::of_json(source)
        }
    }

    fn of_json(source: Arc<Source>) -> Result<Self, Diagnostics> {
        // RFC 8259, section 8.1: a leading byte order mark may be ignored.
        let text = source.text().trim_start_matches('\u{feff}');
        let start = source.text().len() - text.len();
        let json = serde_json::from_str(text);
        let json = json.map_err(|error| not_json(&source, text, start, &error))?;
        let spans = SpanTree::of_json(text, start);
        let duplicates = spans.duplicates().into_iter().map(|(name, at)| {
            let message = format!("{} is defined twice", quoted(name));
            let one = Diagnostic::at(Code::PolicyUnusable, &source, at, message);
            one.help("remove one of them: only the last would count")
        });
        let found: Diagnostics = duplicates.collect();
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self {
            source,
            json,
            spans,
        })
    }

    fn of_toml(source: Arc<Source>) -> Result<Self, Diagnostics> {
        let Some(root) = parse_toml(source.text()) else {
            return Err(not_toml(&source));
        };
        Ok(Self {
            json: json_of(root.get_ref()),
            spans: SpanTree::of_toml(root.get_ref()),
            source,
        })
    }

    /// Returns where a keyword is: its value if that is wrong and short, else
    /// its name.
    fn location(&self, error: &KeywordError) -> Range<usize> {
        let reached = self.spans.follow(&error.at);
        let by_value = !error.is_name && reached.children.is_empty();
        match reached.key.as_ref().filter(|_| !by_value) {
            Some(key) => key.clone(),
            // The whole text is no useful location; its first line is.
            None if error.at.0.is_empty() => reached.span.start..reached.span.start,
            None => reached.span.clone(),
        }
    }

    pub(super) fn diagnostic(&self, error: KeywordError) -> Diagnostic {
        let span = self.location(&error);
        let help = error.help.as_deref();
        Diagnostic::at(Code::PolicyUnusable, &self.source, span, error.message)
            .help(help.unwrap_or("to read how to write a policy: qli help policies"))
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    if error.kind() == io::ErrorKind::FileTooLarge {
        let message = format!("the policy is larger than {SOURCE_MAX} bytes");
        return Diagnostic::of_path(Code::PolicyUnusable, path, message)
            .help("split it, and pass each part with its own `--policy`");
    }
    let message = format!("cannot read the policy: {}", reason(error));
    Diagnostic::of_path(Code::PolicyUnusable, path, message).help(diagnosis(error, path))
}

/// Turns a diagnostic of a manifest's text into one of a policy's.
fn about_policy(one: Diagnostic) -> Diagnostic {
    Diagnostic {
        code: Code::PolicyUnusable,
        severity: Code::PolicyUnusable.severity(),
        consequence: None,
        fix: None,
        labels: Vec::new(),
        ..one
    }
}

fn not_json(
    source: &Arc<Source>,
    text: &str,
    start: usize,
    error: &serde_json::Error,
) -> Diagnostic {
    let message = error.to_string();
    let (message, _) = message.rsplit_once(" at line ").unwrap_or((&message, ""));
    let (message, at) = match message.strip_prefix("EOF while parsing ") {
        Some(what) => {
            let message = format!("the text ends inside {what}");
            (message, text.trim_end().len())
        }
        None => (message.to_owned(), offset(text, error)),
    };
    let at = start + at;
    let message = format!("the policy is not valid JSON: {message}");
    let one = Diagnostic::at(Code::PolicyUnusable, source, at..at, message);
    if text.trim_start().starts_with(['{', '[', '"']) {
        one.help("a policy is one JSON object")
    } else {
        one.help("if this is TOML, give the file a name that ends in `.toml`")
    }
}

/// Returns the byte of a JSON error; its line and column count from 1, the
/// column in bytes.
fn offset(text: &str, error: &serde_json::Error) -> usize {
    let before = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    line + error.column().saturating_sub(1)
}

fn not_toml(source: &Arc<Source>) -> Diagnostics {
    if source.text().trim_start().starts_with('{') {
        let message = "the policy is not valid TOML: this looks like JSON".to_owned();
        let one = Diagnostic::at(Code::PolicyUnusable, source, 0..1, message);
        let help = "if this is JSON, give the file a name that does not end in `.toml`";
        return one.help(help).into();
    }
    let errors = syntax_errors(source).into_iter().map(|one| Diagnostic {
        message: format!("the policy is not valid TOML: {}", one.message),
        help: None,
        ..about_policy(one)
    });
    errors.collect()
}
