//! The one file that knows the crate `jsonschema`. Nothing is ever fetched: a
//! policy is whole in its own file.

use jsonschema::error::{TypeKind, ValidationErrorKind as Broken};
use jsonschema::meta::MetaValidator;
use jsonschema::{JsonType, ReferencingError, ValidationError, Validator};
use serde_json::Value;

use super::draft::Draft;
use super::fact::{About, Bound, Fact, Finding, Kind, Unit};
use super::keywords::Seen;
use super::pointer::Pointer;
use super::text::Fault;
use crate::manifest::quoted;

/// A compiled policy. It can be used from several threads at once.
#[derive(Debug)]
pub(super) struct Checker {
    compiled: Validator,
    /// Documents inside of the policy, by what they call themselves.
    inner: Vec<(Pointer, String)>,
}

impl Checker {
    /// Compiles a policy.
    ///
    /// # Errors
    ///
    /// Everything that its metaschema refuses; if that is nothing, the first
    /// thing that cannot be compiled: a reference that leads nowhere or out of
    /// the file, a regular expression or a form that nobody knows.
    pub(super) fn compile(
        document: &Value,
        draft: Draft,
        seen: &Seen<'_>,
    ) -> Result<Self, Vec<Fault>> {
        let metaschema = metaschema(draft);
        let errors = metaschema.iter_errors(document);
        let faults: Vec<_> = errors.map(|error| misshapen(&error)).collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let built = jsonschema::options()
            .with_draft(match draft {
                Draft::Seven => jsonschema::Draft::Draft7,
                Draft::Twenty => jsonschema::Draft::Draft202012,
            })
            .offline()
            // A form that is not checked would be a rule that says nothing.
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false)
            .build(document);
        let inner = seen.inner.iter();
        let inner = inner.map(|(at, name)| (at.clone(), (*name).to_owned()));
        match built {
            Ok(compiled) => Ok(Self {
                compiled,
                inner: inner.collect(),
            }),
            Err(error) => Err(vec![uncompiled(&error, seen)]),
        }
    }

    /// Checks a document: what is wrong with it, or why that cannot be said.
    pub(super) fn check(&self, instance: &Value) -> Vec<Result<Finding, Fault>> {
        let mut found = Vec::new();
        for error in self.compiled.iter_errors(instance) {
            let document = self.document_of(&error);
            for mut one in findings(&error) {
                match &mut one {
                    Ok(finding) => finding.rule.prepend(document),
                    Err(fault) => fault.at.prepend(document),
                }
                found.push(one);
            }
        }
        found
    }

    /// Returns the way to the document inside of the policy that an error's
    /// places begin with; mostly there is none.
    fn document_of(&self, error: &ValidationError<'_>) -> &[String] {
        let whole = error.absolute_keyword_location();
        let named = whole.and_then(|whole| whole.as_str().split('#').next());
        let is_it = |name: &str| named.is_some_and(|named| named.ends_with(name));
        let inner = self.inner.iter().find(|(_, name)| is_it(name));
        inner.map_or(&[], |(at, _)| at.0.as_slice())
    }
}

fn metaschema(draft: Draft) -> MetaValidator<'static> {
    match draft {
        Draft::Seven => jsonschema::draft7::meta::validator(),
        Draft::Twenty => jsonschema::draft202012::meta::validator(),
    }
}

/// What the metaschema has against a policy.
fn misshapen(error: &ValidationError<'_>) -> Fault {
    let first = findings(error).into_iter().next();
    let message = match first {
        Some(Ok(finding)) => finding.words(About::Policy),
        Some(Err(Fault { message, .. })) => message,
        None => error.masked().to_string(),
    };
    Fault::of_value(Pointer::parse(error.instance_path().as_str()), message)
}

/// Why a policy cannot be compiled that its metaschema takes.
fn uncompiled(error: &ValidationError<'_>, seen: &Seen<'_>) -> Fault {
    if let Broken::Referencing(error) = error.kind() {
        return unresolved(error, seen);
    }
    let at = Pointer::parse(error.instance_path().as_str());
    let is_pattern = matches!(error.kind(), Broken::Format { format } if format == "regex");
    let is_format = at.0.last().is_some_and(|last| last == "format");
    if is_pattern {
        let help = "in JSON a backslash is written twice: `\\\\.`";
        Fault::of_value(at, "this is no regular expression").help(help)
    } else if is_format {
        let help = "the forms are those of JSON Schema, such as `uri`; write others as a `pattern`";
        Fault::of_value(at, "nobody knows this form").help(help)
    } else {
        Fault::of_value(at, error.masked().to_string())
    }
}

/// Why a reference leads to nothing, at the reference.
fn unresolved(error: &ReferencingError, seen: &Seen<'_>) -> Fault {
    let copy = "copy it into `$defs` of this file, and refer to it by `#/$defs/…`";
    let mend = "refer to what is there, such as `#/$defs/…`";
    let (to, message, help) = match error {
        ReferencingError::Unretrievable { uri, .. } => {
            let message = format!(
                "{} is another document, and nothing is fetched",
                quoted(uri)
            );
            (uri.clone(), message, copy)
        }
        ReferencingError::PointerToNowhere { pointer } => {
            let to = format!("#{pointer}");
            let message = format!("nothing stands at {}", quoted(&to));
            (to, message, mend)
        }
        ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => {
            let message = format!("nothing has the anchor {}", quoted(anchor));
            (format!("#{anchor}"), message, mend)
        }
        ReferencingError::InvalidPercentEncoding { .. }
        | ReferencingError::InvalidArrayIndex { .. }
        | ReferencingError::InvalidUri(_)
        | ReferencingError::UnknownSpecification { .. }
        | ReferencingError::CircularMetaschema { .. } => (String::new(), error.to_string(), mend),
    };
    let mut from = seen.references.iter();
    let from = from.find(|(_, written)| leads_to(written, &to));
    let at = from.map(|(at, _)| at.clone()).unwrap_or_default();
    Fault::of_value(at, message).help(help)
}

/// Says whether a reference as it is written is the one that was followed.
fn leads_to(written: &str, to: &str) -> bool {
    let document = written.split('#').next().unwrap_or_default();
    !to.is_empty() && (written.ends_with(to) || (!document.is_empty() && to.ends_with(document)))
}

/// What an error says, one finding for each place that it names.
fn findings(error: &ValidationError<'_>) -> Vec<Result<Finding, Fault>> {
    let facts = match facts(error) {
        Ok(facts) => facts,
        Err(why) => {
            let at = Pointer::parse(error.schema_path().as_str());
            let fault = Fault::of_value(at, format!("this could not be checked: {why}"));
            return vec![Err(
                fault.help("write a rule that can be checked in a few steps")
            )];
        }
    };
    let mut at = Pointer::parse(error.instance_path().as_str());
    // What may not be there at all is a field of the table around it.
    if let (Broken::FalseSchema, [Fact::Unexpected(_)]) = (error.kind(), facts.as_slice()) {
        at.0.pop();
    }
    let finding = |fact| Finding {
        at: at.clone(),
        rule: Pointer::parse(error.schema_path().as_str()),
        way: Pointer::parse(error.evaluation_path().as_str()),
        fact,
    };
    facts.into_iter().map(|fact| Ok(finding(fact))).collect()
}

/// What an error says; or, if the policy is to blame, what went wrong.
fn facts(error: &ValidationError<'_>) -> Result<Vec<Fact>, String> {
    let number = |limit: &dyn std::fmt::Display| limit.to_string();
    let bounds = |bound, limit: &dyn std::fmt::Display| Fact::Bounds(bound, number(limit));
    let unexpected = |names: &[String]| {
        let facts = names.iter().cloned().map(Fact::Unexpected);
        Ok(facts.collect())
    };
    Ok(vec![match error.kind() {
        Broken::BacktrackLimitExceeded { error } => return Err(error.to_string()),
        Broken::RegexEngineFailure { message } => return Err(message.clone()),
        Broken::Referencing(error) => return Err(error.to_string()),
        Broken::AdditionalProperties { unexpected: names }
        | Broken::UnevaluatedProperties { unexpected: names } => return unexpected(names),
        Broken::Required { property } => Fact::Missing(vec![text(property)]),
        Broken::FalseSchema => not_there(error),
        Broken::PropertyNames { error } => Fact::BadName(text(error.instance())),
        Broken::Constant { expected_value } => Fact::NotOf(vec![(**expected_value).clone()]),
        Broken::Enum { options } => Fact::NotOf(options.as_array().cloned().unwrap_or_default()),
        Broken::Type { kind } => Fact::Type(wanted(kind), kind_of(error.instance())),
        Broken::Pattern { pattern } => Fact::NoMatch(pattern.clone()),
        Broken::Format { format } => Fact::Format(format.clone()),
        Broken::Minimum { limit } => bounds(Bound::Least, limit),
        Broken::Maximum { limit } => bounds(Bound::Most, limit),
        Broken::ExclusiveMinimum { limit } => bounds(Bound::Above, limit),
        Broken::ExclusiveMaximum { limit } => bounds(Bound::Below, limit),
        Broken::MultipleOf { multiple_of } => bounds(Bound::Multiple, multiple_of),
        Broken::MinLength { limit } => bounds(Bound::LeastOf(Unit::Characters), limit),
        Broken::MaxLength { limit } => bounds(Bound::MostOf(Unit::Characters), limit),
        Broken::MinItems { limit } => bounds(Bound::LeastOf(Unit::Elements), limit),
        Broken::MaxItems { limit } => bounds(Bound::MostOf(Unit::Elements), limit),
        Broken::AdditionalItems { limit } => bounds(Bound::MostOf(Unit::Elements), limit),
        Broken::MinProperties { limit } => bounds(Bound::LeastOf(Unit::Fields), limit),
        Broken::MaxProperties { limit } => bounds(Bound::MostOf(Unit::Fields), limit),
        Broken::UniqueItems => Fact::Twice,
        Broken::Contains | Broken::UnevaluatedItems { .. } => Fact::Elements,
        Broken::Not { .. } => Fact::Forbidden,
        Broken::AnyOf { context } | Broken::OneOfNotValid { context } => none_of(context),
        Broken::OneOfMultipleValid { .. } => Fact::SeveralOf,
        Broken::ContentEncoding { .. }
        | Broken::ContentMediaType { .. }
        | Broken::FromUtf8 { .. }
        | Broken::Custom { .. } => Fact::Other(error.masked().to_string()),
    }])
}

/// What is wrong with a value for which the policy has `false`: of a field,
/// that it is there.
fn not_there(error: &ValidationError<'_>) -> Fact {
    let at = Pointer::parse(error.instance_path().as_str());
    match at.0.last() {
        Some(name) if name.parse::<usize>().is_err() => Fact::Unexpected(name.clone()),
        _ => Fact::Forbidden,
    }
}

/// How many alternatives are told; more of them help nobody.
const TOLD: usize = 3;

/// What is wrong by each of several alternatives, if each has one thing to say.
fn none_of(context: &[Vec<ValidationError<'static>>]) -> Fact {
    let each = context.iter().map(|errors| match errors.as_slice() {
        [only] => findings(only).into_iter().next()?.ok(),
        _ => None,
    });
    let each: Option<Vec<_>> = each.collect();
    Fact::NoneOf(each.filter(|all| all.len() <= TOLD).unwrap_or_default())
}

/// Returns a name as it is meant.
fn text(name: &Value) -> String {
    name.as_str().unwrap_or_default().to_owned()
}

fn wanted(kind: &TypeKind) -> Vec<Kind> {
    match kind {
        TypeKind::Single(one) => vec![kind_named(*one)],
        TypeKind::Multiple(several) => several.iter().map(kind_named).collect(),
    }
}

fn kind_named(kind: JsonType) -> Kind {
    match kind {
        JsonType::Null => Kind::Null,
        JsonType::Boolean => Kind::Boolean,
        JsonType::Integer => Kind::Integer,
        JsonType::Number => Kind::Number,
        JsonType::String => Kind::String,
        JsonType::Array => Kind::Array,
        JsonType::Object => Kind::Object,
    }
}

fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Null => Kind::Null,
        Value::Bool(_) => Kind::Boolean,
        Value::Number(number) if number.is_f64() => Kind::Number,
        Value::Number(_) => Kind::Integer,
        Value::String(_) => Kind::String,
        Value::Array(_) => Kind::Array,
        Value::Object(_) => Kind::Object,
    }
}
