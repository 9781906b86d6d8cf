//! Several references in one call: what the program gets, and where the values are in
//! its answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::argument::arguments;
use super::fault::FetchFault;
use super::output::{AnswerFault, Bytes, Document, Output, decoded, text_of};
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
                format!("{start}{{{{ {key} }}}}{end}\n")
            })),
        };
        (args, input)
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
    ) -> Result<BTreeMap<String, Bytes>, AnswerFault> {
        let mut found = BTreeMap::new();
        match &self.answer {
            BatchAnswer::Map { .. } => {
                let members = answer
                    .json()?
                    .as_object()
                    .ok_or(AnswerFault::Not("an object"))?;
                let wanted = keys.iter().filter_map(|key| Some((key, members.get(key)?)));
                found.extend(wanted.map(|(key, value)| (key.clone(), text_or_json(value))));
            }
            BatchAnswer::Array { array, keys, .. } => {
                let items = answer.json()?.pointer(array).and_then(Value::as_array);
                for item in items.ok_or(AnswerFault::Not("an array"))? {
                    let names = keys.iter().filter_map(|key| item.get(key)?.as_str());
                    found.extend(names.map(|name| (name.to_owned(), text_or_json(item))));
                }
            }
            BatchAnswer::Template => {
                let framed = keys.iter().enumerate().filter_map(|(number, key)| {
                    let [start, end] = marks(frame, number);
                    Some((key.clone(), between(answer.bytes(), &start, &end)?))
                });
                found.extend(framed);
            }
        }
        Ok(found)
    }
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

fn between(text: &[u8], start: &str, end: &str) -> Option<Bytes> {
    let from = position(text, start)? + start.len();
    let rest = text.get(from..)?;
    let value = rest.get(..position(rest, end)?)?;
    Some(Zeroizing::new(value.to_vec()))
}

fn position(text: &[u8], part: &str) -> Option<usize> {
    let mut windows = text.windows(part.len());
    windows.position(|window| window == part.as_bytes())
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
