//! What is wrong with a file or a name, where, and what to do about it.
//!
//! To add a diagnostic: its row in [`Code`], its page in `pages.md`, a
//! constructor beside the check that finds it, one sample in
//! `tests/manifests/invalid/`.

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

/// One problem: what, where, and what to type next.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The row of the table it belongs to.
    pub code: Code,
    /// How bad it is: what its code says, unless whoever asks sees it milder.
    pub severity: Severity,
    /// One sentence, lower case, expected before found.
    pub message: String,
    /// The next step, where there is one to name.
    pub help: Option<String>,
    /// Where it is.
    pub location: Location,
    /// Other places that belong to the problem, with a word on each.
    pub labels: Vec<Label>,
    /// What else it means, beside what its code says.
    pub consequence: Option<String>,
    /// How the text can be mended.
    pub fix: Option<Fix>,
    /// The rule of an organisation that is broken, if it is one.
    pub policy: Option<Box<PolicyRule>>,
}

/// A rule of an organisation, by where it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyRule {
    /// The policy's file as it was named.
    pub file: PathBuf,
    /// The keyword in it, as a JSON Pointer (RFC 6901).
    pub pointer: String,
}

impl PolicyRule {
    /// Writes it as one word that can be shown: `file#pointer`.
    pub fn shown(&self) -> String {
        format!("{}#{}", visible(&self.file), visible(&self.pointer))
    }
}

/// Where a diagnostic points; there is none without a place.
#[derive(Debug, Clone)]
pub enum Location {
    /// A range of bytes of a manifest's text.
    Text {
        /// The text.
        source: Arc<Source>,
        /// Bytes from 0, on character borders.
        span: Range<usize>,
    },
    /// A file, directory or name that has no text to point into.
    Path(PathBuf),
}

/// A second place of a diagnostic, in the same text as the first.
#[derive(Debug, Clone)]
pub struct Label {
    /// Bytes from 0, on character borders.
    pub span: Range<usize>,
    /// What stands there.
    pub text: String,
}

/// Changes of the text that mend a problem. What is guarded never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Whether it can be made without being looked at.
    pub safety: Safety,
    /// The changes; no two overlap.
    pub edits: Vec<Edit>,
}

/// Whether a fix can be made without being looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Safety {
    /// Nothing else can have been meant.
    Safe,
    /// It is likely what was meant; somebody should look.
    Suggestion,
}

/// One change of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced: bytes from 0, on character borders.
    pub span: Range<usize>,
    /// What stands there afterwards.
    pub replacement: String,
}

impl Diagnostic {
    /// Starts a diagnostic about a range of a text.
    pub fn at(code: Code, source: &Arc<Source>, span: Range<usize>, message: String) -> Self {
        let location = Location::Text {
            span: source.clamp(span),
            source: Arc::clone(source),
        };
        Self::new(code, location, message)
    }

    /// Starts a diagnostic about a path.
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

    /// Takes an error for a warning: what stops one script of a group is no
    /// error of a manifest, and a policy says how bad its rules are.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = self.severity.max(Severity::Warning);
        self
    }

    /// Adds what else it means, where there is something to say.
    #[must_use]
    pub fn meaning(mut self, consequence: Option<impl Into<String>>) -> Self {
        self.consequence = consequence.map(Into::into);
        self
    }

    /// Adds one change that mends it.
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

    /// Says what it means for whoever wants to run something.
    pub fn effect(&self) -> String {
        let effect = self.code.effect();
        match &self.consequence {
            Some(more) => format!("{effect}; {more}"),
            None => effect.to_owned(),
        }
    }

    /// Adds the rule that is broken.
    #[must_use]
    pub fn by(mut self, rule: PolicyRule) -> Self {
        self.policy = Some(Box::new(rule));
        self
    }

    /// Says whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Adds the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place of the same text.
    #[must_use]
    pub fn label(mut self, span: Range<usize>, text: impl Into<String>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Returns the path it is reported under.
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

/// All problems that one reading found, in a stable order.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds all of another reading.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(others);
    }

    /// Says how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(Diagnostic::is_error)
    }

    /// Says whether one of them is a warning.
    pub fn has_warnings(&self) -> bool {
        self.iter().any(|one| one.severity == Severity::Warning)
    }

    /// Walks them in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Sorts by path, start, end, code and rule, and drops what is said twice.
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
    fn diagnostics_are_sorted_by_place_and_said_once() {
        let source = Arc::new(Source::new("m".as_ref(), b"abcdef").unwrap());
        let at =
            |span, text: &str| Diagnostic::at(Code::UnknownField, &source, span, text.to_owned());
        let mut found = Diagnostics::default();
        found.push(at(3..4, "later"));
        found.push(at(0..1, "first"));
        found.push(at(3..4, "later"));
        let words: Vec<_> = found.sorted().iter().map(|d| d.message.clone()).collect();
        assert_eq!(words, ["first", "later"]);
    }
}
