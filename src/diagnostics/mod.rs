//! Problems with a file or a name: what, where, and what to do.
//!
//! To add a diagnostic: its row in [`Code`], its page in `pages.md`, a
//! constructor next to the check, a sample in `tests/manifests/invalid/`.

mod code;
mod pages;
mod scan;
mod shown;
mod source;
mod suggest;
mod unlisted;

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::names::{Text, visible, visible_path, without_tokens};

pub use code::{Code, Severity};
pub use scan::{StructuralBytes, begins_statement};
pub use source::{Position, SOURCE_MAX, Source};
pub use suggest::{are_near, nearest, one_of, quoted};
#[cfg(feature = "policy")]
pub use suggest::{listed, shortened};
pub use unlisted::{Unlisted, collect, count};

#[derive(Debug, Clone)]
pub struct Diagnostic {
    pub code: Code,
    /// That of its code, unless the caller lowers it.
    pub severity: Severity,
    /// One sentence, lower case, expected before found.
    pub message: String,
    /// The next step.
    pub help: Option<String>,
    pub location: Location,
    /// Other locations in the same text that belong to it.
    pub labels: Vec<Label>,
    /// What it means in addition to the effect of its code.
    pub consequence: Option<String>,
    pub fix: Option<Fix>,
    /// The rule of a policy that is violated.
    pub policy: Option<Box<PolicyRule>>,
    /// The problems that it stands for (QLI0011).
    pub unlisted: Option<Box<Unlisted>>,
}

/// A rule of a policy, by where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PolicyRule {
    /// The policy's file as it was given.
    pub file: Text,
    /// The violated keyword in it, as a JSON Pointer (RFC 6901).
    pub pointer: String,
}

impl PolicyRule {
    /// `file#pointer`, safe to display.
    pub fn shown(&self) -> String {
        format!("{}#{}", visible_path(&self.file), visible(&self.pointer))
    }
}

#[derive(Debug, Clone)]
pub enum Location {
    Text {
        source: Arc<Source>,
        /// Bytes, on character boundaries.
        span: Range<usize>,
    },
    /// A file, directory or name without a text to point into.
    Path(PathBuf),
}

#[derive(Debug, Clone)]
pub struct Label {
    /// Bytes, on character boundaries.
    pub span: Range<usize>,
    pub text: String,
}

/// An edit that fixes a problem. It never changes a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub safety: Safety,
    /// The replaced bytes, on character boundaries.
    pub span: Range<usize>,
    pub replacement: String,
}

/// Whether a fix can be applied without review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// It can only have been meant like this.
    Safe,
    /// It is likely what was meant, but needs review.
    Suggestion,
}

/// Hides tokens in a message about a text.
fn clean(message: String) -> String {
    match without_tokens(&message) {
        Cow::Borrowed(_) => message,
        Cow::Owned(clean) => clean,
    }
}

impl Diagnostic {
    pub fn at(code: Code, source: &Arc<Source>, span: Range<usize>, message: String) -> Self {
        let location = Location::Text {
            span: source.clamp(span),
            source: Arc::clone(source),
        };
        Self::new(code, location, clean(message))
    }

    pub fn of_path(code: Code, path: impl Into<PathBuf>, message: String) -> Self {
        Self::new(code, Location::Path(path.into()), message)
    }

    fn new(code: Code, location: Location, message: String) -> Self {
        Self {
            code,
            severity: code.severity(),
            message,
            help: None,
            location,
            labels: Vec::new(),
            consequence: None,
            fix: None,
            policy: None,
            unlisted: None,
        }
    }

    /// Lowers an error to a warning: what stops one script is not an error of its
    /// manifest, and a policy sets the severity of its rules.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = self.severity.max(Severity::Warning);
        self
    }

    #[must_use]
    pub fn meaning(mut self, consequence: Option<impl Into<String>>) -> Self {
        self.consequence = consequence.map(Into::into);
        self
    }

    #[must_use]
    pub fn fix(mut self, safety: Safety, span: Range<usize>, replacement: &str) -> Self {
        self.fix = Some(Fix {
            safety,
            span,
            replacement: replacement.to_owned(),
        });
        self
    }

    pub fn effect(&self) -> String {
        let effect = self.code.effect();
        match &self.consequence {
            Some(more) => format!("{effect}; {more}"),
            None => effect.to_owned(),
        }
    }

    #[must_use]
    pub fn by(mut self, rule: PolicyRule) -> Self {
        self.policy = Some(Box::new(rule));
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        let help = help.into();
        self.help = Some(match &self.location {
            Location::Text { .. } => clean(help),
            // A path may contain a digest.
            Location::Path(_) => help,
        });
        self
    }

    #[must_use]
    pub fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    pub fn path(&self) -> &Path {
        match &self.location {
            Location::Text { source, .. } => source.path(),
            Location::Path(path) => path,
        }
    }

    fn order(&self) -> (&Path, usize, usize, Code, Option<&PolicyRule>) {
        let (start, end) = match &self.location {
            Location::Text { span, .. } => (span.start, span.end),
            Location::Path(_) if self.unlisted.is_some() => (usize::MAX, usize::MAX),
            Location::Path(_) => (0, 0),
        };
        (self.path(), start, end, self.code, self.policy.as_deref())
    }
}

pub type Diagnostics = Vec<Diagnostic>;

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        vec![one]
    }
}

/// Sorts by path, start, end, code and rule, drops duplicates, and counts what is too
/// much to list.
#[must_use]
pub fn sorted(mut found: Diagnostics) -> Diagnostics {
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    found.dedup_by(|a, b| a.unlisted.is_none() && a.order() == b.order() && a.message == b.message);
    unlisted::limited(found)
}

pub fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(Diagnostic::is_error)
}

/// Makes a source of a file's bytes; fails if they are not UTF-8 (QLI0002).
pub fn utf8_source(path: &Path, bytes: &[u8]) -> Result<Arc<Source>, Diagnostic> {
    let source = Source::new(path, bytes).map_err(|offset| not_utf8(path, bytes, offset))?;
    Ok(Arc::new(source))
}

fn not_utf8(path: &Path, bytes: &[u8], offset: usize) -> Diagnostic {
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let message = if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        "the file is UTF-16, not UTF-8".to_owned()
    } else {
        format!("byte {byte:#04x} is not UTF-8")
    };
    // Replaces each invalid byte by one byte, so that offsets stay the same.
    let chunks = bytes.utf8_chunks();
    let text = chunks.map(|chunk| chunk.valid().to_owned() + &"?".repeat(chunk.invalid().len()));
    let source = Arc::new(Source::of_text(path, text.collect()));
    Diagnostic::at(Code::NotUtf8, &source, offset..offset + 1, message)
        .help("save the file as UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_sorted_by_location_without_duplicates() {
        let source = Arc::new(Source::new("m".as_ref(), b"abcdef").unwrap());
        let at =
            |span, text: &str| Diagnostic::at(Code::UnknownField, &source, span, text.to_owned());
        let found = vec![at(3..4, "later"), at(0..1, "first"), at(3..4, "later")];
        let messages: Vec<_> = sorted(found).iter().map(|d| d.message.clone()).collect();
        assert_eq!(messages, ["first", "later"]);
    }
}
