//! Keywords that would check nothing. To JSON Schema an unknown keyword is a
//! comment; in a policy it is a rule that is not enforced, so whatever looks
//! like a misspelt keyword is an error.

use serde_json::{Map, Value};

use super::dialect::{Dialect, Holds, is_note, keyword, subschemas};
use super::document::KeywordError;
use super::empty::{accepts_all, empty_rules};
use super::pointer::JsonPointer;
use crate::diagnostics::{nearest, one_of, quoted};

/// The message of a violation.
pub(super) const MESSAGE: &str = "x-qli-message";

/// The severity of a violation: one of [`SEVERITIES`].
pub(super) const SEVERITY: &str = "x-qli-severity";

const SEVERITIES: [&str; 2] = ["error", "warning"];

/// Keywords that have no effect alone, each with those that it needs one of.
const NEEDS: [(&str, &[&str]); 5] = [
    ("if", &["then", "else"]),
    ("then", &["if"]),
    ("else", &["if"]),
    ("minContains", &["contains"]),
    ("maxContains", &["contains"]),
];

/// The most schemas with an `$id` or an anchor: each reference is compared with all.
const NAMES_MAX: usize = 1_000;

/// What a scan of a policy's keywords found.
#[derive(Debug)]
pub(super) struct KeywordScan<'p> {
    policy: &'p Value,
    dialect: Dialect,
    /// Whether a rule depends on which others have looked at a value: `if` alone and a
    /// rule that accepts everything have an effect then.
    has_unevaluated: bool,
    pub(super) errors: Vec<KeywordError>,
    /// Every reference to another schema, in the order of the text.
    pub(super) references: Vec<(JsonPointer, String)>,
    /// Schemas inside the policy that have an `$id`, with that id.
    pub(super) embedded: Vec<(JsonPointer, String)>,
    /// Schemas that have an anchor, with its name.
    anchors: Vec<(JsonPointer, String)>,
    /// How many regular expressions there are.
    pub(super) patterns: usize,
}

/// Looks at every keyword of a policy.
pub(super) fn scan<'p>(
    policy: &'p Value,
    keywords: &Map<String, Value>,
    dialect: Dialect,
) -> KeywordScan<'p> {
    let mut scan = KeywordScan {
        policy,
        dialect,
        has_unevaluated: contains_key(policy, "unevaluated"),
        errors: Vec::new(),
        references: Vec::new(),
        embedded: Vec::new(),
        anchors: Vec::new(),
        patterns: 0,
    };
    let root = JsonPointer::default();
    if keywords.keys().all(|name| is_note(name)) {
        let error = KeywordError::value(root.clone(), "the policy has no rules");
        let help = "add what every manifest must have, such as `\"required\": [\"banner\"]`";
        scan.errors.push(error.help(help));
    }
    scan.schema(keywords, &root);
    if scan.has_too_many_names() {
        let message = format!("this policy has more than {NAMES_MAX} ids and anchors");
        let help = "refer to schemas by their places, such as `#/$defs/…`";
        scan.errors = vec![KeywordError::value(root, message).help(help)];
    } else {
        scan.empty_references();
    }
    scan
}

/// Whether a name in any object of a document begins so.
fn contains_key(value: &Value, begin: &str) -> bool {
    match value {
        Value::Object(all) => all
            .iter()
            .any(|(name, value)| name.starts_with(begin) || contains_key(value, begin)),
        Value::Array(all) => all.iter().any(|value| contains_key(value, begin)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Returns whether a keyword refers to another schema.
pub(super) fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef")
}

impl KeywordScan<'_> {
    pub(super) fn has_too_many_names(&self) -> bool {
        self.embedded.len() + self.anchors.len() > NAMES_MAX
    }

    /// The schemas that a reference can lead to; none outside of this file.
    pub(super) fn targets(&self, at: &JsonPointer, written: &str) -> Vec<JsonPointer> {
        let (document, fragment) = written.split_once('#').unwrap_or((written, ""));
        let root = JsonPointer::default();
        let resource = if document.is_empty() {
            self.resource(at)
        } else {
            let ids = self.embedded.iter().map(|(at, id)| (at, id.as_str()));
            let own = self.policy.get("$id").and_then(Value::as_str);
            let mut ids = ids.chain(own.map(|id| (&root, id)));
            let is_it = |id: &str| id.ends_with(document) || document.ends_with(id);
            match ids.find(|(_, id)| is_it(id.trim_end_matches('#'))) {
                Some((at, _)) => at,
                None => return Vec::new(),
            }
        };
        if fragment.is_empty() || fragment.starts_with('/') {
            let below = JsonPointer::of_fragment(fragment);
            let to = JsonPointer([resource.0.as_slice(), below.0.as_slice()].concat());
            return to.follow(self.policy).map(|_| to).into_iter().collect();
        }
        // `$dynamicRef` leads to any of them, by the way to it.
        let anchors = self.anchors.iter().filter(|(_, name)| name == fragment);
        anchors.map(|(at, _)| at.clone()).collect()
    }

    /// The innermost schema with an `$id` around a location; else the policy.
    fn resource(&self, at: &JsonPointer) -> &JsonPointer {
        const ROOT: &JsonPointer = &JsonPointer(Vec::new());
        let around = self.embedded.iter().map(|(around, _)| around);
        let around = around.filter(|around| at.0.starts_with(&around.0));
        around.max_by_key(|around| around.0.len()).unwrap_or(ROOT)
    }

    fn schema(&mut self, schema: &Map<String, Value>, at: &JsonPointer) {
        for (name, value) in schema {
            let at = at.join(name);
            let known = keyword(name);
            match known.filter(|(dialects, _)| dialects.contains(&self.dialect)) {
                Some((_, Holds::Data)) => self.data(name, value, &at),
                Some((_, Holds::Schemas | Holds::SchemasByName)) => {
                    for below in subschemas(name, value, &at, self.dialect) {
                        self.subschema(&below);
                    }
                }
                None if name == MESSAGE => self.message(value, at.clone()),
                None if name == SEVERITY => self.severity(value, at.clone()),
                None => self.unknown(name, known.map(|(others, _)| others), at.clone()),
            }
            if name == "patternProperties" {
                self.patterns += value.as_object().map_or(0, Map::len);
            }
            if known.is_some() {
                self.neighbours(name, schema, &at);
                let context = (self.policy, self.dialect, self.has_unevaluated);
                self.errors
                    .extend(empty_rules((name, value), schema, &at, context));
            }
        }
    }

    /// Reports references to schemas without rules.
    fn empty_references(&mut self) {
        let is_empty = |(at, written): &&(JsonPointer, String)| {
            let targets = self.targets(at, written);
            let mut schemas = targets.iter().filter_map(|to| to.follow(self.policy));
            !targets.is_empty() && schemas.all(accepts_all)
        };
        let empty = self.references.iter().filter(is_empty);
        let errors: Vec<_> = empty
            .map(|(at, written)| {
                let message = format!("{} accepts everything", quoted(written));
                let error = KeywordError::value(at.clone(), message);
                error.help("remove the reference, or add rules to what it refers to")
            })
            .collect();
        self.errors.extend(errors);
    }

    /// Reports a keyword that has no effect next to the others of its schema.
    fn neighbours(&mut self, name: &str, schema: &Map<String, Value>, at: &JsonPointer) {
        let needs = NEEDS.iter().find(|(keyword, _)| *keyword == name);
        let collects = name == "if" && self.has_unevaluated;
        if let Some((_, others)) = needs.filter(|_| !collects)
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

    fn subschema(&mut self, at: &JsonPointer) {
        // Anything but a schema is an error of the metaschema.
        if let Some(Value::Object(schema)) = at.follow(self.policy) {
            self.schema(schema, at);
        }
    }

    fn data(&mut self, name: &str, value: &Value, at: &JsonPointer) {
        let Some(text) = value.as_str() else { return };
        if is_reference(name) {
            self.references.push((at.clone(), text.to_owned()));
        }
        self.patterns += usize::from(name == "pattern");
        let schema = JsonPointer(
            at.0.split_last()
                .map_or_else(Vec::new, |(_, all)| all.to_vec()),
        );
        match name {
            "$anchor" | "$dynamicAnchor" => self.anchors.push((schema, text.to_owned())),
            // An anchor of draft-07.
            "$id" if text.starts_with('#') => {
                self.anchors
                    .push((schema, text.trim_start_matches('#').to_owned()));
            }
            "$id" if !schema.0.is_empty() => self.embedded.push((schema, text.to_owned())),
            _ => {}
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

    /// Reports a keyword that this dialect does not have.
    fn unknown(&mut self, name: &str, others: Option<&'static [Dialect]>, at: JsonPointer) {
        let is_qli = name.starts_with("x-qli-");
        let unknown = format!("unknown keyword {}", quoted(name));
        let known = self.dialect.keywords().chain([MESSAGE, SEVERITY]);
        if let Some([other, ..]) = others {
            let (this, other) = (self.dialect.name(), other.name());
            let message = format!("`{name}` is a {other} keyword, but the policy is {this}");
            let help = format!("it has no effect in {this}; set `$schema` to {other}");
            self.errors.push(KeywordError::name(at, message).help(help));
        } else if is_note(name) && !is_qli {
            // The policy's own.
        } else if let Some(close) = nearest(name, known) {
            let help = format!("did you mean `{close}`? custom names start with `x-`");
            self.errors.push(KeywordError::name(at, unknown).help(help));
        } else if is_qli {
            let help = format!("the keywords of qli are `{MESSAGE}` and `{SEVERITY}`");
            self.errors.push(KeywordError::name(at, unknown).help(help));
        } else {
            let help = format!("to write a note, name it {}", quoted(&format!("x-{name}")));
            self.errors.push(KeywordError::name(at, unknown).help(help));
        }
    }
}
