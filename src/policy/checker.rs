//! The one file that knows the crate `jsonschema`. It never fetches anything: a
//! policy is complete in its own file.

use std::fmt::Display;

use jsonschema::error::{TypeKind, ValidationErrorKind as Rule};
use jsonschema::{JsonType, PatternOptions, ReferencingError, ValidationError, Validator};
use serde_json::Value;

use super::dialect::Dialect;
use super::document::KeywordError;
use super::keywords::KeywordScan;
use super::pointer::JsonPointer;
use super::violation::{Defect, DocumentKind, Violation, subject};
use crate::diagnostics::{listed, quoted, shortened};

/// Bytes of all compiled regular expressions of a policy, and of one.
const PATTERNS_MAX: usize = 64 << 20;
const PATTERN_MAX: usize = 2 << 20;
const PATTERN_MIN: usize = 1 << 16;

/// Steps back in one match of a regular expression with look-around or references.
const BACKTRACK_MAX: usize = 100_000;

/// A compiled policy. Threads can share it.
#[derive(Debug)]
pub(super) struct Checker {
    compiled: Validator,
    /// Schemas inside the policy that have an `$id`, with that id.
    embedded: Vec<(JsonPointer, String)>,
}

impl Checker {
    /// Fails with all errors of the metaschema; without any, with the first thing that
    /// cannot be compiled: a reference that leads nowhere or out of the file, a wrong
    /// regular expression, an unknown format.
    pub(super) fn compile(
        policy: &Value,
        dialect: Dialect,
        scan: &KeywordScan<'_>,
    ) -> Result<Self, Vec<KeywordError>> {
        let (metaschema, draft) = match dialect {
            Dialect::Draft07 => (
                jsonschema::draft7::meta::validator(),
                jsonschema::Draft::Draft7,
            ),
            Dialect::V2020 => (
                jsonschema::draft202012::meta::validator(),
                jsonschema::Draft::Draft202012,
            ),
        };
        let errors = metaschema.iter_errors(policy);
        let errors: Vec<_> = errors.map(|error| metaschema_error(&error)).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        // A regular expression can grow with its counts, not its length.
        let size = (PATTERNS_MAX / scan.patterns.max(1)).clamp(PATTERN_MIN, PATTERN_MAX);
        let patterns = PatternOptions::fancy_regex()
            .backtrack_limit(BACKTRACK_MAX)
            .size_limit(size)
            .dfa_size_limit(size);
        let compiled = jsonschema::options()
            .with_pattern_options(patterns)
            .with_draft(draft)
            .offline()
            // A format that is not checked would be a rule without effect.
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .build(policy)
            .map_err(|error| vec![compile_error(&error, policy, scan)])?;
        Ok(Self {
            compiled,
            embedded: scan.embedded.clone(),
        })
    }

    /// Checks a manifest: every violation, and every rule that could not be
    /// checked.
    pub(super) fn check<'a>(
        &'a self,
        manifest: &'a Value,
    ) -> impl Iterator<Item = Result<Violation, KeywordError>> + 'a {
        let errors = self.compiled.iter_errors(manifest);
        errors.flat_map(move |error| {
            let schema = self.schema_of(&error);
            match violations(&error, DocumentKind::Manifest) {
                Ok(mut violations) => {
                    for one in &mut violations {
                        one.rule.prepend(schema);
                    }
                    violations.into_iter().map(Ok).collect()
                }
                Err(mut error) => {
                    error.at.prepend(schema);
                    vec![Err(error)]
                }
            }
        })
    }

    /// Returns the path of the schema with an `$id` that an error's locations are
    /// relative to; usually it is the policy itself.
    fn schema_of(&self, error: &ValidationError<'_>) -> &[String] {
        let whole = error.absolute_keyword_location();
        let named = whole.and_then(|whole| whole.as_str().split('#').next());
        let is_it = |id: &str| named.is_some_and(|named| named.ends_with(id));
        let embedded = self.embedded.iter().find(|(_, id)| is_it(id));
        embedded.map_or(&[], |(at, _)| at.0.as_slice())
    }
}

/// What a schema of draft-07 accepts; everything if it cannot be compiled.
#[derive(Debug)]
pub(super) struct Accepts(Option<Validator>);

impl Accepts {
    pub(super) fn of(schema: &Value) -> Self {
        Self(jsonschema::draft7::new(schema).ok())
    }

    pub(super) fn is_met_by(&self, value: &Value) -> bool {
        self.0.as_ref().is_none_or(|one| one.is_valid(value))
    }
}

fn metaschema_error(error: &ValidationError<'_>) -> KeywordError {
    let message = match violations(error, DocumentKind::Policy) {
        Ok(violations) => violations.first().map(Violation::message),
        Err(error) => Some(error.message),
    };
    let message = message.unwrap_or_else(|| error.masked().to_string());
    KeywordError::value(JsonPointer::parse(error.instance_path().as_str()), message)
}

/// Returns why a policy that its metaschema accepts cannot be compiled.
fn compile_error(
    error: &ValidationError<'_>,
    policy: &Value,
    scan: &KeywordScan<'_>,
) -> KeywordError {
    if let Rule::Referencing(error) = error.kind() {
        return reference_error(error, scan);
    }
    let at = JsonPointer::parse(error.instance_path().as_str());
    let is_pattern = matches!(error.kind(), Rule::Format { format } if format == "regex");
    let is_format = at.0.last().is_some_and(|last| last == "format");
    if is_pattern {
        let help = "in JSON, write a backslash as two: `\\\\.`; large counts make it too large";
        KeywordError::value(at, "not a regular expression").help(help)
    } else if let Some(name) = unsupported_format(policy, &at) {
        let message = format!("qli cannot check the format `{name}`");
        KeywordError::value(at, message).help("use `email` or `hostname`, or write a `pattern`")
    } else if is_format {
        let help = "use a format of JSON Schema, such as `uri`, or write a `pattern`";
        KeywordError::value(at, "unknown format").help(help)
    } else {
        KeywordError::value(at, error.masked().to_string())
    }
}

/// The formats that need the tables of Unicode's domain names, which would make the
/// program larger by a tenth: without the crate's feature they are unknown to it.
fn unsupported_format<'p>(policy: &'p Value, at: &JsonPointer) -> Option<&'p str> {
    let name = at.follow(policy)?.as_str()?;
    ["idn-email", "idn-hostname"]
        .contains(&name)
        .then_some(name)
}

/// Says, at the reference, why it leads nowhere.
fn reference_error(error: &ReferencingError, scan: &KeywordScan<'_>) -> KeywordError {
    let copy = "copy it into `$defs` of this file, and refer to it as `#/$defs/…`";
    let existing = "refer to something in this file, such as `#/$defs/…`";
    let (target, message, help) = match error {
        ReferencingError::Unretrievable { uri, .. } => {
            let message = format!("{} is another document; qli fetches nothing", quoted(uri));
            (uri.clone(), message, copy)
        }
        ReferencingError::PointerToNowhere { pointer } => {
            let target = format!("#{pointer}");
            let message = format!("there is nothing at {}", quoted(&target));
            (target, message, existing)
        }
        ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => {
            let message = format!("there is no anchor {}", quoted(anchor));
            (format!("#{anchor}"), message, existing)
        }
        ReferencingError::InvalidPercentEncoding { .. }
        | ReferencingError::InvalidArrayIndex { .. }
        | ReferencingError::InvalidUri(_)
        | ReferencingError::UnknownSpecification { .. }
        | ReferencingError::CircularMetaschema { .. } => {
            (String::new(), error.to_string(), existing)
        }
    };
    let mut references = scan.references.iter();
    let reference = references.find(|(_, written)| leads_to(written, &target));
    let at = reference.map(|(at, _)| at.clone()).unwrap_or_default();
    KeywordError::value(at, message).help(help)
}

/// Returns whether a reference, as it is written, is the one that was followed.
fn leads_to(written: &str, target: &str) -> bool {
    let document = written.split('#').next().unwrap_or_default();
    let is_in = !document.is_empty() && target.ends_with(document);
    !target.is_empty() && (written.ends_with(target) || is_in)
}

/// Returns what an error says, one violation for each field that it names; fails if
/// the rule could not be checked.
fn violations(
    error: &ValidationError<'_>,
    kind: DocumentKind,
) -> Result<Vec<Violation>, KeywordError> {
    let rule = JsonPointer::parse(error.schema_path().as_str());
    let mut at = JsonPointer::parse(error.instance_path().as_str());
    let defects = defects(error, &at, kind).map_err(|why| {
        let message = format!("this rule could not be checked: {why}");
        KeywordError::value(rule.clone(), message).help("write a simpler rule")
    })?;
    // A field that is not allowed at all is a field of the table around it.
    if let (Rule::FalseSchema, [Defect::Name(..)]) = (error.kind(), defects.as_slice()) {
        at.0.pop();
    }
    let defects = defects.into_iter();
    let violations = defects.map(|defect| Violation {
        at: at.clone(),
        rule: rule.clone(),
        evaluation_path: JsonPointer::parse(error.evaluation_path().as_str()),
        defect,
    });
    Ok(violations.collect())
}

const NOT_ALLOWED: &str = "is not allowed";

fn defects(
    error: &ValidationError<'_>,
    at: &JsonPointer,
    kind: DocumentKind,
) -> Result<Vec<Defect>, String> {
    let says = |what: &str| Defect::Value(format!("{} {what}", subject(at, kind)));
    let must = |what: String| says(&format!("must {what}"));
    let be = |how: &str, limit: &dyn Display| must(format!("be {how} {limit}"));
    let have = |how: &str, limit: &dyn Display, unit: &str| {
        let limit = limit.to_string();
        let s = if limit == "1" { "" } else { "s" };
        must(format!("have at {how} {limit} {unit}{s}"))
    };
    Ok(vec![match error.kind() {
        Rule::BacktrackLimitExceeded { error } => return Err(error.to_string()),
        Rule::RegexEngineFailure { message } => return Err(message.clone()),
        Rule::Referencing(error) => return Err(error.to_string()),
        Rule::AdditionalProperties { unexpected } | Rule::UnevaluatedProperties { unexpected } => {
            let names = unexpected.iter().cloned();
            return Ok(names.map(|name| Defect::Name(name, NOT_ALLOWED)).collect());
        }
        Rule::Required { property } => Defect::Missing(vec![text(property)]),
        Rule::FalseSchema => match at.0.last() {
            Some(name) if name.parse::<usize>().is_err() => Defect::Name(name.clone(), NOT_ALLOWED),
            _ => says(NOT_ALLOWED),
        },
        Rule::PropertyNames { error } => {
            Defect::Name(text(error.instance()), "is not an allowed name")
        }
        Rule::Constant { expected_value } => must(format!("be {}", shown(expected_value))),
        Rule::Enum { options } => {
            let options = options.as_array().into_iter().flatten().map(shown);
            must(format!("be {}", listed(options, "or")))
        }
        Rule::Type { kind: wanted } => must(of_type(wanted, error.instance(), kind)),
        Rule::Pattern { pattern } => must(format!("match {}", quoted(pattern))),
        Rule::Format { format } => must(format!("have the format {}", quoted(format))),
        Rule::Minimum { limit } => be("at least", limit),
        Rule::Maximum { limit } => be("at most", limit),
        Rule::ExclusiveMinimum { limit } => be("more than", limit),
        Rule::ExclusiveMaximum { limit } => be("less than", limit),
        Rule::MultipleOf { multiple_of } => be("a multiple of", multiple_of),
        Rule::MinLength { limit } => have("least", limit, "character"),
        Rule::MaxLength { limit } => have("most", limit, "character"),
        Rule::MinItems { limit } => have("least", limit, "element"),
        Rule::MaxItems { limit } => have("most", limit, "element"),
        Rule::AdditionalItems { limit } => have("most", limit, "element"),
        Rule::MinProperties { limit } => have("least", limit, "field"),
        Rule::MaxProperties { limit } => have("most", limit, "field"),
        Rule::UniqueItems => says("has two equal elements"),
        Rule::Contains => says("lacks a required element"),
        Rule::UnevaluatedItems { .. } => says("has elements that are not allowed"),
        Rule::Not { .. } => says("is what the policy forbids"),
        Rule::AnyOf { context } | Rule::OneOfNotValid { context } => match each_of(context, kind) {
            Some(alternatives) => Defect::Value(alternatives),
            None => says("matches none of the alternatives"),
        },
        Rule::OneOfMultipleValid { .. } => says("matches several alternatives, but must match one"),
        Rule::ContentEncoding { .. }
        | Rule::ContentMediaType { .. }
        | Rule::FromUtf8 { .. }
        | Rule::Custom { .. } => {
            Defect::Value(format!("{}: {}", subject(at, kind), error.masked()))
        }
    }])
}

fn shown(value: &Value) -> String {
    shortened(&value.to_string()).into_owned()
}

fn text(name: &Value) -> String {
    name.as_str().unwrap_or_default().to_owned()
}

/// Says what is wrong by each of a few alternatives, if each says one thing.
fn each_of(context: &[Vec<ValidationError<'static>>], kind: DocumentKind) -> Option<String> {
    const MAX: usize = 3;
    let each = context.iter().map(|errors| match errors.as_slice() {
        [only] => Some(violations(only, kind).ok()?.first()?.message()),
        _ => None,
    });
    let each: Vec<_> = each.collect::<Option<_>>()?;
    (each.len() <= MAX).then(|| each.join(", or "))
}

fn of_type(wanted: &TypeKind, found: &Value, kind: DocumentKind) -> String {
    let is_integer = found.is_i64() || found.is_u64();
    let found = if is_integer {
        JsonType::Integer
    } else {
        found.into()
    };
    let wanted: Vec<_> = match wanted {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(several) => several.iter().collect(),
    };
    let wanted = wanted.into_iter().map(|one| type_name(one, kind));
    let (wanted, found) = (listed(wanted, "or"), type_name(found, kind));
    format!("be {wanted}, but is {found}")
}

fn type_name(json: JsonType, kind: DocumentKind) -> String {
    match (json, kind) {
        (JsonType::Null, _) => "null".to_owned(),
        (JsonType::Object, DocumentKind::Manifest) => "a table".to_owned(),
        (JsonType::Integer | JsonType::Array | JsonType::Object, _) => format!("an {json}"),
        (JsonType::Boolean | JsonType::Number | JsonType::String, _) => format!("a {json}"),
    }
}
