//! Problems with a file or a name: what, where, and what to do.
//!
//! To add a diagnostic: its row in [`Code`], its page in `pages.md`, a
//! constructor next to the check, a sample in `tests/manifests/invalid/`.

mod code;
mod pages;
mod shown;
mod source;
mod suggest;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::names::visible;

pub use code::{Code, Severity};
pub use pages::manual;
pub use shown::begins_statement;
pub use source::{Position, SOURCE_MAX, Source};
pub use suggest::{are_near, nearest, one_of};

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
}

/// A rule of a policy, by where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyRule {
    /// The policy's file as it was given.
    pub file: PathBuf,
    /// The keyword in it, as a JSON Pointer (RFC 6901).
    pub pointer: String,
}

impl PolicyRule {
    /// `file#pointer`, safe to display.
    pub fn shown(&self) -> String {
        format!("{}#{}", visible(&self.file), visible(&self.pointer))
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

/// Edits that fix a problem. They never change a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub safety: Safety,
    /// No two overlap.
    pub edits: Vec<Edit>,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The replaced bytes, on character boundaries.
    pub span: Range<usize>,
    pub replacement: String,
}

impl Diagnostic {
    pub fn at(code: Code, source: &Arc<Source>, span: Range<usize>, message: String) -> Self {
        let location = Location::Text {
            span: source.clamp(span),
            source: Arc::clone(source),
        };
        Self::new(code, location, message)
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
        let edit = Edit {
            span,
            replacement: replacement.to_owned(),
        };
        let edits = vec![edit];
        self.fix = Some(Fix { safety, edits });
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
        self.help = Some(help.into());
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
            Location::Path(_) => (0, 0),
        };
        (self.path(), start, end, self.code, self.policy.as_deref())
    }
}

#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.iter().any(Diagnostic::is_error)
    }

    pub fn has_warnings(&self) -> bool {
        self.iter().any(|one| one.severity == Severity::Warning)
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorts by path, start, end, code and rule, and drops duplicates.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| a.order().cmp(&b.order()));
        self.0
            .dedup_by(|a, b| a.order() == b.order() && a.message == b.message);
        self
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(one: Diagnostic) -> Self {
        Self(vec![one])
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_sorted_by_location_without_duplicates() {
        let source = Arc::new(Source::new("m".as_ref(), b"abcdef").unwrap());
        let at =
            |span, text: &str| Diagnostic::at(Code::UnknownField, &source, span, text.to_owned());
        let mut found = Diagnostics::default();
        found.push(at(3..4, "later"));
        found.push(at(0..1, "first"));
        found.push(at(3..4, "later"));
        let messages: Vec<_> = found.sorted().iter().map(|d| d.message.clone()).collect();
        assert_eq!(messages, ["first", "later"]);
    }
}
