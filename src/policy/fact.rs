//! What is wrong with a value, and its words. No value stands in them but those
//! that the policy itself asks for.

use serde_json::Value;

use super::pointer::Pointer;
use crate::manifest::quoted;

/// What a checker found at one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// The value, or the table that something is missing in.
    pub(super) at: Pointer,
    /// The keyword, by its place in the policy.
    pub(super) rule: Pointer,
    /// The way to the keyword, references included.
    pub(super) way: Pointer,
    pub(super) fact: Fact,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// Fields that are not there.
    Missing(Vec<String>),
    /// A field that may not be there.
    Unexpected(String),
    /// A field whose name is none of those that may be there.
    BadName(String),
    /// It is none of these values.
    NotOf(Vec<Value>),
    /// It has another type than one of these.
    Type(Vec<Kind>, Kind),
    /// It does not match a regular expression.
    NoMatch(String),
    /// It has not the form of a name.
    Format(String),
    /// It is too long, too short, too large or too small: what must be so.
    Bounds(Bound, String),
    /// Two of its elements are equal.
    Twice,
    /// It does not hold the elements that it must.
    Elements,
    /// It is what it may not be.
    Forbidden,
    /// None of several rules holds; what each of them says, if that is short.
    NoneOf(Vec<Finding>),
    /// More than one rule holds of which one may.
    SeveralOf,
    /// What is said of nothing else that a manifest can have.
    Other(String),
}

/// The types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// What a number bounds, and from which side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    Least,
    Most,
    Above,
    Below,
    Multiple,
    LeastOf(Unit),
    MostOf(Unit),
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Characters,
    Elements,
    Fields,
}

/// What a finding is about: it decides the names of whole and types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// A manifest, with the types of TOML.
    Manifest,
    /// A policy, with those of JSON.
    Policy,
}

impl Finding {
    /// Says in one sentence what is wrong.
    pub(super) fn words(&self, about: About) -> String {
        let subject = subject(&self.at, about);
        match &self.fact {
            Fact::Missing(names) => {
                let is = if names.len() == 1 { "is" } else { "are" };
                format!(
                    "{} {is} missing",
                    listed(names.iter().map(|name| quoted(name)), "and")
                )
            }
            Fact::Unexpected(name) => format!("{} may not be there", quoted(name)),
            Fact::BadName(name) => format!("{} is no name that may be there", quoted(name)),
            Fact::NotOf(values) => {
                let values = values.iter().map(|value| cut(&value.to_string()));
                format!("{subject} must be {}", listed(values, "or"))
            }
            Fact::Type(wanted, found) => {
                let wanted = wanted.iter().map(|kind| kind.name(about).to_owned());
                let found = found.name(about);
                format!("{subject} must be {}, it is {found}", listed(wanted, "or"))
            }
            Fact::NoMatch(pattern) => format!("{subject} must match {}", quoted(pattern)),
            Fact::Format(format) => format!("{subject} must have the form {}", quoted(format)),
            Fact::Bounds(bound, limit) => format!("{subject} must {}", bound.words(limit)),
            Fact::Twice => format!("{subject} holds two equal elements"),
            Fact::Elements => format!("{subject} does not hold the elements that it must"),
            Fact::Forbidden => format!("{subject} is what the policy forbids"),
            Fact::NoneOf(findings) if findings.is_empty() => {
                format!("{subject} is nothing of what the policy allows")
            }
            Fact::NoneOf(findings) => {
                let words: Vec<_> = findings.iter().map(|one| one.words(about)).collect();
                words.join(", or ")
            }
            Fact::SeveralOf => format!("{subject} fits several rules, and may fit one"),
            Fact::Other(words) => format!("{subject}: {words}"),
        }
    }
}

impl Kind {
    fn name(self, about: About) -> &'static str {
        match (self, about) {
            (Self::Null, _) => "null",
            (Self::Boolean, _) => "a boolean",
            (Self::Integer, _) => "an integer",
            (Self::Number, _) => "a number",
            (Self::String, _) => "a string",
            (Self::Array, _) => "an array",
            (Self::Object, About::Manifest) => "a table",
            (Self::Object, About::Policy) => "an object",
        }
    }
}

impl Bound {
    fn words(self, limit: &str) -> String {
        match self {
            Self::Least => format!("be at least {limit}"),
            Self::Most => format!("be at most {limit}"),
            Self::Above => format!("be more than {limit}"),
            Self::Below => format!("be less than {limit}"),
            Self::Multiple => format!("be a multiple of {limit}"),
            Self::LeastOf(unit) => format!("have at least {limit} {}", unit.name(limit)),
            Self::MostOf(unit) => format!("have at most {limit} {}", unit.name(limit)),
        }
    }
}

impl Unit {
    fn name(self, count: &str) -> &'static str {
        match (self, count) {
            (Self::Characters, "1") => "character",
            (Self::Characters, _) => "characters",
            (Self::Elements, "1") => "element",
            (Self::Elements, _) => "elements",
            (Self::Fields, "1") => "field",
            (Self::Fields, _) => "fields",
        }
    }
}

/// Names a value by the last name on the way to it.
fn subject(at: &Pointer, about: About) -> String {
    let is_index = |step: &String| step.bytes().all(|byte| byte.is_ascii_digit());
    let name = at.0.iter().rev().find(|step| !is_index(step));
    match (name, at.0.last().is_some_and(is_index)) {
        (None, _) if about == About::Policy => "the policy".to_owned(),
        (None, _) => "the manifest".to_owned(),
        (Some(name), false) => quoted(name),
        (Some(name), true) => format!("an element of {}", quoted(name)),
    }
}

/// Lists words: `a, b or c`.
fn listed(words: impl Iterator<Item = String>, last: &str) -> String {
    let words: Vec<_> = words.collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., end] => format!("{} {last} {end}", before.join(", ")),
    }
}

/// A value that a policy asks for may be of any length.
fn cut(value: &str) -> String {
    const MAX: usize = 60;
    match value.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}
