//! Several references in one call: what the program gets, and where the values are in
//! its answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::argument::arguments;
use super::fault::FetchFault;
use super::output::{AnswerFault, Bytes, Document, Output, decoded, printed, text_of};
use super::reference::Parts;
use super::row::{BatchAnswer, BatchInput, Many, Meaning};
use crate::host::ToolInput;

impl Many {
    /// The arguments and the input for some references.
    pub(super) fn call(&self, parts: &[&Parts], frame: &str) -> (Vec<String>, ToolInput) {
        let first = parts.first().copied();
        let mut args = first.map_or_else(Vec::new, |first| arguments(&self.args, first));
        let keys = self.keys(parts);
        let input = match self.input {
            BatchInput::Arguments => {
                args.extend(keys);
                ToolInput::Nothing
            }
            BatchInput::Everything => ToolInput::Nothing,
            BatchInput::Lines => ToolInput::Text(lines(&keys, |_, key| format!("{key}\n"))),
            BatchInput::Template => ToolInput::Text(lines(&keys, |number, key| {
                let [start, end] = marks(frame, number);
                format!("{start}{}{end}\n", placeholder(key))
            })),
        };
        (args, input)
    }

    /// Whether a reference can be in the input with others: not if it would end its line or
    /// its braces, or if the program could take a part of it for a variable.
    pub(super) fn takes(&self, parts: &Parts) -> bool {
        let special: &[char] = match self.input {
            BatchInput::Template => &['{', '}', '$', '\n', '\r'],
            BatchInput::Lines => &['\n', '\r'],
            BatchInput::Arguments | BatchInput::Everything => &[],
        };
        let mut keys = self.each.filled(parts).into_iter();
        keys.all(|key| !key.contains(special))
    }

    /// What identifies each secret in the call, once.
    fn keys(&self, parts: &[&Parts]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let keys = parts.iter().flat_map(|parts| self.each.filled(parts));
        keys.filter(|key| seen.insert(key.clone())).collect()
    }

    /// The value of each reference in the answer.
    pub(super) fn values(
        &self,
        answer: &Document<'_>,
        parts: &[&Parts],
        frame: &str,
    ) -> Vec<Result<Bytes, AnswerFault>> {
        let keys = self.keys(parts);
        let found = match self.found(answer, &keys, frame) {
            Ok(found) => found,
            Err(fault) => return parts.iter().map(|_| Err(fault)).collect(),
        };
        let value = |parts: &&Parts| {
            let key = self.each.filled(parts).into_iter().next();
            let part = key
                .and_then(|key| found.get(&key))
                .ok_or(AnswerFault::Absent)?;
            let part = part.as_ref().map_err(|fault| *fault)?;
            match self.answer.value() {
                Some(output) => output.value(&Document::new(part), parts),
                None => Ok(part.clone()),
            }
        };
        parts.iter().map(value).collect()
    }

    /// The part of the answer for each key that it has one for.
    fn found(
        &self,
        answer: &Document<'_>,
        keys: &[String],
        frame: &str,
    ) -> Result<BTreeMap<String, Found>, AnswerFault> {
        match &self.answer {
            BatchAnswer::Map { value } => {
                let members = answer.json()?.as_object();
                let members = members.ok_or(AnswerFault::Not("an object"))?;
                let wanted = keys.iter().filter_map(|key| {
                    let member = members.get(key).filter(|member| !member.is_null())?;
                    Some((key, member))
                });
                let found = wanted.map(|(key, member)| match value {
                    Some(_) => (key.clone(), Ok(text_or_json(member))),
                    None => (key.clone(), text_of(Some(member))),
                });
                Ok(found.collect())
            }
            BatchAnswer::Array { array, keys, .. } => {
                let items = answer.json()?.pointer(array).and_then(Value::as_array);
                Ok(items_by_name(
                    items.ok_or(AnswerFault::Not("an array"))?,
                    keys,
                ))
            }
            BatchAnswer::Template => {
                let values = framed(answer.bytes(), frame, keys.len());
                let found = keys.iter().enumerate().filter_map(|(number, key)| {
                    let value = values.get(&number)?;
                    let is_filled = *value != placeholder(key).as_bytes();
                    is_filled.then(|| (key.clone(), printed(value)))
                });
                Ok(found.collect())
            }
        }
    }
}

type Found = Result<Bytes, AnswerFault>;

/// The items of an array by their names. A name of two items is not one.
fn items_by_name(items: &[Value], keys: &[String]) -> BTreeMap<String, Found> {
    let (mut found, mut twice) = (BTreeMap::new(), BTreeSet::new());
    for item in items {
        let names: BTreeSet<_> = keys
            .iter()
            .filter_map(|key| item.get(key)?.as_str())
            .collect();
        for name in names {
            // An item that was asked for by two of its names may be there twice.
            let item = Ok(text_or_json(item));
            let before = found.insert(name.to_owned(), item.clone());
            if before.is_some_and(|before| before != item) {
                twice.insert(name);
            }
        }
    }
    found.retain(|name, _| !twice.contains(name.as_str()));
    found
}

impl BatchAnswer {
    fn value(&self) -> Option<&Output> {
        match self {
            Self::Map { value } => value.as_ref(),
            Self::Array { value, .. } => Some(value),
            Self::Template => None,
        }
    }
}

fn lines(keys: &[String], line: impl Fn(usize, &str) -> String) -> Vec<u8> {
    let lines = keys.iter().enumerate();
    let lines = lines.map(|(number, key)| line(number, key));
    lines.collect::<String>().into_bytes()
}

/// What stands before and after a value in a template: random, so that no value has it.
fn marks(frame: &str, number: usize) -> [String; 2] {
    [format!("{frame}-{number}<"), format!(">{frame}-{number}")]
}

/// What a program replaces. One that it does not know may be left as it is.
fn placeholder(key: &str) -> String {
    format!("{{{{ {key} }}}}")
}

/// The values between the marks of a filled template, by number; none if a value could
/// contain a mark.
fn framed<'a>(text: &'a [u8], frame: &str, count: usize) -> BTreeMap<usize, &'a [u8]> {
    let pieces: Vec<_> = split(text, frame.as_bytes()).collect();
    if pieces.len() != 2 * count + 1 {
        return BTreeMap::new();
    }
    let pairs = pieces.chunks_exact(2).zip(pieces.iter().skip(2).step_by(2));
    let values = pairs.enumerate().filter_map(|(number, (pair, after))| {
        let value = pair
            .last()?
            .strip_prefix(format!("-{number}<").as_bytes())?;
        let after = after.strip_prefix(format!("-{number}").as_bytes())?;
        let value = value.strip_suffix(b">")?;
        after.trim_ascii().is_empty().then_some((number, value))
    });
    values.collect()
}

/// What is between the marks, in one pass.
fn split<'a>(text: &'a [u8], mark: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let found = text.windows(mark.len()).position(|window| window == mark);
        #[cfg(test)]
        super::steps::count(found.unwrap_or(text.len()));
        let (piece, after) = text.split_at(found.unwrap_or(text.len()));
        rest = found.and_then(|_| after.get(mark.len()..));
        Some(piece)
    })
}

fn text_or_json(value: &Value) -> Bytes {
    let text = value.as_str().map(str::to_owned);
    let text = text.unwrap_or_else(|| value.to_string());
    Zeroizing::new(text.into_bytes())
}

/// `{"qli":1,"refs":["a","b"]}`
pub(super) fn protocol_request(parts: &[&Parts]) -> ToolInput {
    let references: Vec<_> = parts.iter().map(|parts| parts.whole()).collect();
    let request = json!({ "qli": 1, "refs": references });
    ToolInput::Text(format!("{request}\n").into_bytes())
}

#[derive(Deserialize)]
struct ReportedError {
    means: Meaning,
    #[serde(default)]
    message: String,
}

/// `{"values":{REF:{"text"|"base64":…}},"errors":{REF:{"means":…,"message":…}}}`
pub(super) fn protocol_value(answer: &Document<'_>, reference: &str) -> Result<Bytes, FetchFault> {
    let answer = answer.json()?;
    let member = |table: &str| answer.get(table).and_then(|table| table.get(reference));
    if let Some(error) = member("errors") {
        let error = ReportedError::deserialize(error);
        let error = error.map_err(|_| AnswerFault::Not("the protocol's: `errors`"))?;
        return Err(FetchFault::Reported(error.means, error.message));
    }
    let value = member("values").ok_or(AnswerFault::Absent)?;
    match (value.get("text"), value.get("base64")) {
        (Some(text), None) => Ok(text_of(Some(text))?),
        (None, Some(base64)) => Ok(decoded(&text_of(Some(base64))?)?),
        _ => Err(AnswerFault::Not("the protocol's: `text` or `base64`").into()),
    }
}

#[cfg(test)]
mod tests;
