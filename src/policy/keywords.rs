//! What a JSON Schema lets pass and a policy may not hold: keywords that say
//! nothing, and our own with values that nobody knows.
//!
//! To a JSON Schema an unknown keyword is a note. In a policy it is a rule that
//! is never checked, so what looks like a misspelt keyword is refused.

use serde_json::{Map, Value};

use super::draft::{Draft, Holds, KEYWORDS};
use super::pointer::Pointer;
use super::text::Fault;
use crate::diagnostics::{nearest, one_of};
use crate::manifest::quoted;

/// What a violation is to say.
pub(super) const MESSAGE: &str = "x-qli-message";

/// How bad a violation is: `error` or `warning`.
pub(super) const SEVERITY: &str = "x-qli-severity";

/// The values of [`SEVERITY`].
pub(super) const SEVERITIES: [&str; 2] = ["error", "warning"];

/// What a schema that has nothing else does not check.
const NOTES: [&str; 9] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "$vocabulary",
    "definitions",
    "description",
    "examples",
    "title",
];

/// Keywords that say nothing alone, each with those that it needs one of.
const NEEDS: [(&str, &[&str]); 5] = [
    ("if", &["then", "else"]),
    ("then", &["if"]),
    ("else", &["if"]),
    ("minContains", &["contains"]),
    ("maxContains", &["contains"]),
];

/// What was seen of a policy's keywords.
#[derive(Debug, Default)]
pub(super) struct Seen<'v> {
    /// What is wrong with them.
    pub(super) faults: Vec<Fault>,
    /// Everything that refers to another schema, in the order of the text.
    pub(super) references: Vec<(Pointer, &'v str)>,
    /// Documents inside of this one, by what they call themselves.
    pub(super) inner: Vec<(Pointer, &'v str)>,
}

/// Looks at every keyword of a policy.
pub(super) fn look(document: &Value, draft: Draft) -> Seen<'_> {
    let mut seen = Seen::default();
    let Value::Object(fields) = document else {
        let is = kind_of(document);
        let message = format!("a policy is a JSON object, this is {is}");
        let fault = Fault::of_value(Pointer::default(), message);
        let help = "write a JSON Schema, such as `{ \"required\": [\"banner\"] }`";
        seen.faults.push(fault.help(help));
        return seen;
    };
    if fields.keys().all(|name| is_note(name)) {
        let fault = Fault::of_value(Pointer::default(), "the policy holds no rule");
        let help = "write what every manifest must have, such as `\"required\": [\"banner\"]`";
        seen.faults.push(fault.help(help));
    }
    seen.schema(fields, &Pointer::default(), draft);
    seen
}

fn is_note(name: &str) -> bool {
    name.starts_with("x-") || NOTES.contains(&name)
}

/// Names the type of a JSON value.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

impl<'v> Seen<'v> {
    fn schema(&mut self, fields: &'v Map<String, Value>, at: &Pointer, draft: Draft) {
        for (name, value) in fields {
            let at = at.join(name);
            let known = KEYWORDS.iter().find(|(known, ..)| known == name);
            match known.filter(|(_, versions, _)| draft.knows(*versions)) {
                Some((_, _, Holds::Schemas)) => self.schemas(value, &at, draft),
                Some((_, _, Holds::Named)) => self.named(value, &at, draft),
                Some((_, _, Holds::Data)) => self.data(name, value, &at),
                None if name == MESSAGE => self.message(value, &at),
                None if name == SEVERITY => self.severity(value, &at),
                None => self.unknown(name, known.is_some(), &at, draft),
            }
            if known.is_some() {
                self.alone(name, fields, &at, draft);
            }
        }
    }

    /// Reports a keyword that checks nothing because of what stands beside it.
    fn alone(&mut self, name: &str, fields: &Map<String, Value>, at: &Pointer, draft: Draft) {
        let needs = NEEDS.iter().find(|(keyword, _)| *keyword == name);
        if let Some((_, others)) = needs
            && !others.iter().any(|other| fields.contains_key(*other))
        {
            let others = one_of(others.iter().copied());
            let message = format!("`{name}` checks nothing without {others}");
            let fault = Fault::of_name(at.clone(), message);
            self.faults
                .push(fault.help(format!("write {others} beside it")));
        }
        // JSON Schema draft-07, Core, section 8.3.
        let overridden = draft == Draft::Seven && fields.contains_key("$ref");
        if overridden && name != "$ref" && !is_note(name) {
            let message = format!("`{name}` checks nothing beside `$ref` in draft-07");
            let fault = Fault::of_name(at.clone(), message);
            self.faults
                .push(fault.help("put both into `allOf`, or write 2020-12"));
        }
    }

    fn schemas(&mut self, value: &'v Value, at: &Pointer, draft: Draft) {
        match value {
            Value::Object(fields) => self.schema(fields, at, draft),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.schemas(item, &at.join(index.to_string()), draft);
                }
            }
            // `true`, `false`, or what the metaschema refuses.
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn named(&mut self, value: &'v Value, at: &Pointer, draft: Draft) {
        for (name, value) in value.as_object().into_iter().flatten() {
            // `dependencies` may list names, which are no schemas.
            if let Value::Object(fields) = value {
                self.schema(fields, &at.join(name), draft);
            }
        }
    }

    fn data(&mut self, name: &str, value: &'v Value, at: &Pointer) {
        let Some(text) = value.as_str() else { return };
        if is_reference(name) {
            self.references.push((at.clone(), text));
        }
        if let ("$id", [schema @ .., _]) = (name, at.0.as_slice())
            && !schema.is_empty()
        {
            self.inner.push((Pointer(schema.to_vec()), text));
        }
    }

    fn message(&mut self, value: &Value, at: &Pointer) {
        if value.as_str().is_none_or(|text| text.trim().is_empty()) {
            let message = format!("`{MESSAGE}` must be a text that says something");
            let fault = Fault::of_value(at.clone(), message);
            let help = "write what a manifest must have, and whom to ask";
            self.faults.push(fault.help(help));
        }
    }

    fn severity(&mut self, value: &Value, at: &Pointer) {
        let written = value.as_str();
        if written.is_some_and(|text| SEVERITIES.contains(&text)) {
            return;
        }
        let is = written.map_or_else(|| kind_of(value).to_owned(), quoted);
        let message = format!("`{SEVERITY}` must be `error` or `warning`, it is {is}");
        let fault = Fault::of_value(at.clone(), message);
        let close = written.and_then(|written| nearest(written, SEVERITIES));
        self.faults.push(match close {
            Some(close) => fault.help(format!("did you mean `{close}`?")),
            None => fault.help("without it a violation is an error"),
        });
    }

    /// Reports a keyword that this version does not know, if it is one of the
    /// other version, one of ours, or like one that is known.
    fn unknown(&mut self, name: &str, elsewhere: bool, at: &Pointer, draft: Draft) {
        let own = name.starts_with("x-qli-");
        let fault = Fault::of_name(at.clone(), format!("unknown keyword {}", quoted(name)));
        if elsewhere {
            let (this, other) = (draft.name(), draft.other().name());
            let message = format!("`{name}` is of {other}, the policy is of {this}");
            let help = format!("in {this} it checks nothing: set `$schema`");
            self.faults
                .push(Fault::of_name(at.clone(), message).help(help));
        } else if let Some(close) = near(name, draft).filter(|_| own || !name.starts_with("x-")) {
            let help = format!("did you mean `{close}`? a note of yours begins with `x-`");
            self.faults.push(fault.help(help));
        } else if own {
            let help = format!("there are `{MESSAGE}` and `{SEVERITY}`");
            self.faults.push(fault.help(help));
        }
    }
}

/// Returns the keyword that was probably meant.
fn near(name: &str, draft: Draft) -> Option<&'static str> {
    let known = KEYWORDS.iter();
    let known = known.filter(|(_, versions, _)| draft.knows(*versions));
    let known = known.map(|(known, ..)| *known);
    nearest(name, known.chain([MESSAGE, SEVERITY]))
}

/// Says whether a keyword refers to another schema.
pub(super) fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef")
}
