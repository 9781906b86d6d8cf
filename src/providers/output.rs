//! What a provider's program prints becomes a value: `raw`, `line`, `base64`,
//! `json:/data/{field}`, one step after the other.

use std::cell::OnceCell;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use super::argument::{Argument, ArgumentError};
use super::reference::{Parts, Shape};
use super::{entry, yaml};

/// `json:/data/{key} | base64`; after ` or ` what is tried if the first is absent. A step
/// whose part the reference does not have is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    alternatives: Vec<Vec<Step>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// All bytes.
    Raw,
    /// Without one final line end.
    Line,
    Base64,
    /// A JSON pointer (RFC 6901).
    Json(Vec<Argument>),
    /// A JSON pointer if the part begins with `/`, otherwise the name of a member.
    JsonAt(Argument),
    /// The name of a key at the top level of a YAML document.
    YamlAt(Argument),
    /// In an array of objects, a member of the one that another member identifies.
    Member(Member),
    /// All of it, if one of the members at some pointers is the part.
    Only(Argument, Vec<String>),
    /// The first line; the line `field: value` of a field; all of it for `*`.
    Entry(Argument),
    /// What is printed for this entry is not the list of a folder's entries.
    NotFolder(Argument),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    array: Vec<Argument>,
    key: String,
    is: Argument,
    value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutputError {
    #[error("unknown output `{0}`")]
    Unknown(String),
    #[error("a JSON pointer begins with `/`")]
    Pointer,
    #[error(transparent)]
    Argument(#[from] ArgumentError),
}

/// Why an answer contains no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    #[error("the answer does not contain it")]
    Absent,
    #[error("the answer is not {0}")]
    Not(&'static str),
    #[error("the value is {0}, not a text")]
    NoText(&'static str),
    #[error("it is a folder")]
    Folder,
    /// Printed in place of a value.
    #[error("the program printed `{0}` in place of a value")]
    Placeholder(&'static str),
}

/// What programs print, without failing, where there is no value.
const PLACEHOLDERS: [&str; 7] = [
    "None",
    "null",
    "nil",
    "<nil>",
    "<no value>",
    "*not found*",
    "undefined",
];

/// A parsed answer; its texts are erased when it is dropped.
struct Answer(Value);

impl Drop for Answer {
    fn drop(&mut self) {
        erase(&mut self.0);
    }
}

fn erase(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(erase),
        Value::Object(members) => members.values_mut().for_each(erase),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A value, erased when it is dropped.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// What a program printed; parsed at most once, whatever is looked up in it.
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    json: OnceCell<Result<Answer, AnswerFault>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let json = OnceCell::new();
        Self { bytes, json }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes
    }

    pub(super) fn json(&self) -> Result<&Value, AnswerFault> {
        let parse = || {
            let parsed = serde_json::from_slice(self.bytes);
            parsed.map(Answer).map_err(|_| AnswerFault::Not("JSON"))
        };
        let answer = self.json.get_or_init(parse).as_ref();
        answer.map(|answer| &answer.0).map_err(|fault| *fault)
    }
}

impl Output {
    pub fn parse(text: &str, shape: &Shape) -> Result<Self, OutputError> {
        let alternatives = text.split(" or ").map(|one| {
            let steps = one.split(" | ").map(|step| Step::parse(step, shape));
            steps.collect::<Result<Vec<_>, _>>()
        });
        let alternatives = alternatives.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { alternatives })
    }

    /// The value of a reference in an answer.
    pub(super) fn value(&self, answer: &Document<'_>, parts: &Parts) -> Result<Bytes, AnswerFault> {
        let mut first = AnswerFault::Absent;
        for steps in &self.alternatives {
            match value(steps, answer, parts) {
                Err(AnswerFault::Absent) => {}
                Err(other) => first = other,
                found @ Ok(_) => return found,
            }
        }
        Err(first)
    }
}

fn value(steps: &[Step], answer: &Document<'_>, parts: &Parts) -> Result<Bytes, AnswerFault> {
    let mut value: Option<Bytes> = None;
    for step in steps {
        let next = match &value {
            None => step.apply(answer, parts)?,
            Some(bytes) => step.apply(&Document::new(bytes), parts)?,
        };
        value = next.or(value);
    }
    Ok(value.unwrap_or_else(|| Zeroizing::new(answer.bytes.to_vec())))
}

impl Step {
    fn parse(text: &str, shape: &Shape) -> Result<Self, OutputError> {
        let (name, setting) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (name, setting) {
            ("raw", "") => Self::Raw,
            ("line", "") => Self::Line,
            ("base64", "") => Self::Base64,
            ("json", pointer) => Self::Json(pointer_of(pointer, shape)?),
            ("json-at", part) => Self::JsonAt(Argument::parse(part, shape)?),
            ("yaml-at", part) => Self::YamlAt(Argument::parse(part, shape)?),
            ("entry", part) => Self::Entry(Argument::parse(part, shape)?),
            ("not-folder", part) => Self::NotFolder(Argument::parse(part, shape)?),
            ("only", setting) => {
                let mut words = setting.split(' ');
                let part = Argument::parse(words.next().unwrap_or_default(), shape)?;
                Self::Only(part, words.map(str::to_owned).collect())
            }
            ("member", setting) => Self::Member(Member::parse(setting, shape)?),
            _ => return Err(OutputError::Unknown(text.to_owned())),
        })
    }

    /// What the step makes of an answer; none if the reference lacks its part.
    fn apply(&self, answer: &Document<'_>, parts: &Parts) -> Result<Option<Bytes>, AnswerFault> {
        Ok(match self {
            Self::Raw => Some(printed(answer.bytes)?),
            // Blanks alone are no value.
            Self::Line if answer.bytes.trim_ascii().is_empty() => Some(Zeroizing::default()),
            Self::Line => Some(printed(without_line_end(answer.bytes))?),
            Self::Base64 => Some(decoded(answer.bytes)?),
            Self::Json(pointer) => match filled_pointer(pointer, parts) {
                Some(pointer) => Some(text_at(answer, &pointer)?),
                None => None,
            },
            Self::JsonAt(part) => match filled(part, parts) {
                Some(at) if at.starts_with('/') => Some(text_at(answer, &at)?),
                Some(name) => Some(text_at(answer, &format!("/{}", escaped(&name)))?),
                None => None,
            },
            Self::YamlAt(part) => match filled(part, parts) {
                Some(key) => Some(yaml::text_at(answer.bytes, &key)?),
                None => None,
            },
            Self::Member(member) => Some(member.value(answer, parts)?),
            Self::Entry(field) => {
                Some(entry::field(answer.bytes, filled(field, parts).as_deref())?)
            }
            Self::NotFolder(name) => match filled(name, parts) {
                Some(name) if entry::is_folder(answer.bytes, &name) => {
                    return Err(AnswerFault::Folder);
                }
                _ => None,
            },
            Self::Only(part, pointers) => {
                let wanted = filled(part, parts);
                let json = answer.json()?;
                let is_it =
                    |at: &String| json.pointer(at).and_then(Value::as_str) == wanted.as_deref();
                if !pointers.iter().any(is_it) {
                    return Err(AnswerFault::Absent);
                }
                None
            }
        })
    }
}

impl Member {
    /// `POINTER KEY={part} MEMBER`
    fn parse(text: &str, shape: &Shape) -> Result<Self, OutputError> {
        let unknown = || OutputError::Unknown(format!("member:{text}"));
        let mut words = text.split(' ');
        let (array, is, value) = (words.next(), words.next(), words.next());
        let (key, part) = is.and_then(|is| is.split_once('=')).ok_or_else(unknown)?;
        Ok(Self {
            array: pointer_of(array.unwrap_or_default(), shape)?,
            key: key.to_owned(),
            is: Argument::parse(part, shape)?,
            value: value.ok_or_else(unknown)?.to_owned(),
        })
    }

    fn value(&self, answer: &Document<'_>, parts: &Parts) -> Result<Bytes, AnswerFault> {
        let wanted = filled(&self.is, parts).ok_or(AnswerFault::Absent)?;
        let pointer = filled_pointer(&self.array, parts).ok_or(AnswerFault::Absent)?;
        let items = answer.json()?.pointer(&pointer).and_then(Value::as_array);
        let is_it = |item: &&Value| item.get(&self.key).and_then(Value::as_str) == Some(&*wanted);
        let mut found = items.into_iter().flatten().filter(is_it);
        text_of(found.next().and_then(|item| item.get(&self.value)))
    }
}

fn pointer_of(pointer: &str, shape: &Shape) -> Result<Vec<Argument>, OutputError> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let segments = pointer.strip_prefix('/').ok_or(OutputError::Pointer)?;
    let segments = segments.split('/').map(|one| Argument::parse(one, shape));
    Ok(segments.collect::<Result<_, _>>()?)
}

/// A pointer with what a reference brings escaped.
fn filled_pointer(pointer: &[Argument], parts: &Parts) -> Option<String> {
    let mut text = String::new();
    for segment in pointer {
        text.push('/');
        let value = filled(segment, parts)?;
        text.push_str(&if segment.part().is_some() {
            escaped(&value)
        } else {
            value
        });
    }
    Some(text)
}

fn filled(argument: &Argument, parts: &Parts) -> Option<String> {
    argument.filled(parts).into_iter().next()
}

/// RFC 6901, section 3.
fn escaped(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}

fn text_at(answer: &Document<'_>, pointer: &str) -> Result<Bytes, AnswerFault> {
    text_of(answer.json()?.pointer(pointer))
}

/// A text as it is, a number or a boolean as JSON writes it.
pub(super) fn text_of(value: Option<&Value>) -> Result<Bytes, AnswerFault> {
    Ok(Zeroizing::new(match value {
        None | Some(Value::Null) => return Err(AnswerFault::Absent),
        Some(Value::String(text)) => text.as_bytes().to_vec(),
        Some(Value::Bool(value)) => value.to_string().into_bytes(),
        Some(Value::Number(number)) if number.is_i64() || number.is_u64() => {
            number.to_string().into_bytes()
        }
        // A reader of JSON rounds it: `1.10` is `1.1`.
        Some(Value::Number(_)) => return Err(AnswerFault::NoText("a number that may be rounded")),
        Some(Value::Array(_)) => return Err(AnswerFault::NoText("an array")),
        Some(Value::Object(_)) => return Err(AnswerFault::NoText("an object")),
    }))
}

/// Decodes either alphabet of RFC 4648.
pub(super) fn decoded(answer: &[u8]) -> Result<Bytes, AnswerFault> {
    let digits = answer.iter().filter(|byte| !byte.is_ascii_whitespace());
    let digits = digits.map(|&byte| match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    });
    let compact: Zeroizing<Vec<u8>> = Zeroizing::new(digits.collect());
    let decoded = BASE64_STANDARD.decode(&*compact);
    decoded
        .map(Zeroizing::new)
        .map_err(|_| AnswerFault::Not("base64"))
}

/// Text that a program printed, unless it stands for no value.
pub(super) fn printed(answer: &[u8]) -> Result<Bytes, AnswerFault> {
    let text = answer.trim_ascii();
    let placeholder = PLACEHOLDERS.iter().find(|one| one.as_bytes() == text);
    match placeholder {
        Some(placeholder) => Err(AnswerFault::Placeholder(placeholder)),
        None => Ok(Zeroizing::new(answer.to_vec())),
    }
}

fn without_line_end(answer: &[u8]) -> &[u8] {
    let line = answer.strip_suffix(b"\n");
    line.map_or(answer, |line| line.strip_suffix(b"\r").unwrap_or(line))
}

#[cfg(test)]
mod tests;
