//! Keywords that would check nothing. To JSON Schema an unknown keyword is a
//! comment; in a policy it is a rule that is not enforced, so whatever looks
//! like a misspelt keyword is an error.

use serde_json::{Map, Value};

use super::dialect::{Dialect, Holds, keyword};
use super::document::KeywordError;
use super::pointer::JsonPointer;
use crate::diagnostics::{nearest, one_of, quoted};

/// The message of a violation.
pub(super) const MESSAGE: &str = "x-qli-message";

/// The severity of a violation: one of [`SEVERITIES`].
pub(super) const SEVERITY: &str = "x-qli-severity";

const SEVERITIES: [&str; 2] = ["error", "warning"];

/// Keywords that are not rules.
const NOTES: &str = "$comment $defs $id $schema $vocabulary definitions description examples title";

/// Keywords that have no effect alone, each with those that it needs one of.
const NEEDS: [(&str, &[&str]); 5] = [
    ("if", &["then", "else"]),
    ("then", &["if"]),
    ("else", &["if"]),
    ("minContains", &["contains"]),
    ("maxContains", &["contains"]),
];

/// What a scan of a policy's keywords found.
#[derive(Debug)]
pub(super) struct KeywordScan {
    dialect: Dialect,
    pub(super) errors: Vec<KeywordError>,
    /// Every reference to another schema, in the order of the text.
    pub(super) references: Vec<(JsonPointer, String)>,
    /// Schemas inside the policy that have an `$id`, with that id.
    pub(super) embedded: Vec<(JsonPointer, String)>,
}

/// Looks at every keyword of a policy.
pub(super) fn scan(policy: &Map<String, Value>, dialect: Dialect) -> KeywordScan {
    let mut scan = KeywordScan {
        dialect,
        errors: Vec::new(),
        references: Vec::new(),
        embedded: Vec::new(),
    };
    let root = JsonPointer::default();
    if policy.keys().all(|name| is_note(name)) {
        let error = KeywordError::value(root.clone(), "the policy has no rules");
        let help = "add what every manifest must have, such as `\"required\": [\"banner\"]`";
        scan.errors.push(error.help(help));
    }
    scan.schema(policy, &root);
    scan
}

fn is_note(name: &str) -> bool {
    name.starts_with("x-") || NOTES.split(' ').any(|one| one == name)
}

/// Returns whether a keyword refers to another schema.
pub(super) fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef")
}

impl KeywordScan {
    fn schema(&mut self, schema: &Map<String, Value>, at: &JsonPointer) {
        for (name, value) in schema {
            let at = at.join(name);
            let known = keyword(name);
            match known.filter(|(dialects, _)| dialects.contains(&self.dialect)) {
                Some((_, Holds::Schemas)) => self.schemas(value, &at),
                Some((_, Holds::SchemasByName)) => self.by_name(value, &at),
                Some((_, Holds::Data)) => self.data(name, value, &at),
                None if name == MESSAGE => self.message(value, at.clone()),
                None if name == SEVERITY => self.severity(value, at.clone()),
                None => self.unknown(name, known.map(|(others, _)| others), at.clone()),
            }
            if known.is_some() {
                self.neighbours(name, schema, &at);
            }
        }
    }

    /// Reports a keyword that has no effect next to the others of its schema.
    fn neighbours(&mut self, name: &str, schema: &Map<String, Value>, at: &JsonPointer) {
        let needs = NEEDS.iter().find(|(keyword, _)| *keyword == name);
        if let Some((_, others)) = needs
            && !others.iter().any(|other| schema.contains_key(*other))
        {
            let others = one_of(others.iter().copied());
            let message = format!("`{name}` has no effect without {others}");
            let error = KeywordError::name(at.clone(), message);
            self.errors
                .push(error.help(format!("add {others}, or remove `{name}`")));
        }
        // JSON Schema draft-07, Core, section 8.3.
        let overridden = self.dialect == Dialect::Draft07 && schema.contains_key("$ref");
        if overridden && name != "$ref" && !is_note(name) {
            let message = format!("`{name}` has no effect next to `$ref` in draft-07");
            let error = KeywordError::name(at.clone(), message);
            self.errors
                .push(error.help("put both into `allOf`, or use 2020-12"));
        }
    }

    fn schemas(&mut self, value: &Value, at: &JsonPointer) {
        match value {
            Value::Object(schema) => self.schema(schema, at),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.schemas(item, &at.join(index.to_string()));
                }
            }
            // A boolean schema, or an error of the metaschema.
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn by_name(&mut self, value: &Value, at: &JsonPointer) {
        for (name, value) in value.as_object().into_iter().flatten() {
            // `dependencies` may have arrays of names instead.
            if let Value::Object(schema) = value {
                self.schema(schema, &at.join(name));
            }
        }
    }

    fn data(&mut self, name: &str, value: &Value, at: &JsonPointer) {
        let Some(text) = value.as_str() else { return };
        if is_reference(name) {
            self.references.push((at.clone(), text.to_owned()));
        }
        if let ("$id", [schema @ .., _]) = (name, at.0.as_slice())
            && !schema.is_empty()
        {
            self.embedded
                .push((JsonPointer(schema.to_vec()), text.to_owned()));
        }
    }

    fn message(&mut self, value: &Value, at: JsonPointer) {
        if value.as_str().is_none_or(|text| text.trim().is_empty()) {
            let error = KeywordError::value(at, format!("`{MESSAGE}` must be a non-empty string"));
            let help = "write what a manifest must have, and whom to ask";
            self.errors.push(error.help(help));
        }
    }

    fn severity(&mut self, value: &Value, at: JsonPointer) {
        let written = value.as_str().unwrap_or_default();
        if SEVERITIES.contains(&written) {
            return;
        }
        let found = quoted(&value.to_string());
        let message = format!("`{SEVERITY}` must be \"error\" or \"warning\", but is {found}");
        let error = KeywordError::value(at, message);
        self.errors.push(match nearest(written, SEVERITIES) {
            Some(close) => error.help(format!("did you mean `{close}`?")),
            None => error.help("remove it, and violations are errors"),
        });
    }

    /// Reports a keyword that this dialect does not have, if it is one of the
    /// other dialect, one of qli's, or close to a known one.
    fn unknown(&mut self, name: &str, others: Option<&'static [Dialect]>, at: JsonPointer) {
        let is_qli = name.starts_with("x-qli-");
        let unknown = format!("unknown keyword {}", quoted(name));
        let known = self.dialect.keywords().chain([MESSAGE, SEVERITY]);
        if let Some([other, ..]) = others {
            let (this, other) = (self.dialect.name(), other.name());
            let message = format!("`{name}` is a {other} keyword, but the policy is {this}");
            let help = format!("it has no effect in {this}; set `$schema` to {other}");
            self.errors.push(KeywordError::name(at, message).help(help));
        } else if let Some(close) = nearest(name, known).filter(|_| is_qli || !is_note(name)) {
            let help = format!("did you mean `{close}`? custom names start with `x-`");
            self.errors.push(KeywordError::name(at, unknown).help(help));
        } else if is_qli {
            let help = format!("the keywords of qli are `{MESSAGE}` and `{SEVERITY}`");
            self.errors.push(KeywordError::name(at, unknown).help(help));
        }
    }
}
