//! A value in a YAML document.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use zeroize::{Zeroize, Zeroizing};

use super::output::{AnswerFault, Bytes};

/// The text of a key at the top level of the only document, as it is written.
pub(super) fn text_at(document: &[u8], key: &str) -> Result<Bytes, AnswerFault> {
    const NOT: AnswerFault = AnswerFault::Not("YAML");
    let text = str::from_utf8(document).map_err(|_| NOT)?;
    let mut position = Position::default();
    let mut found = Err(AnswerFault::Absent);
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|_| NOT)?;
        let is_value = position.enter(&event, key)?;
        match event {
            event if is_value && position.seen > 1 => {
                erase(event);
                return Err(AnswerFault::Not("YAML with one value for the key"));
            }
            event if is_value => found = value(event),
            event => erase(event),
        }
    }
    found
}

/// Where in the document an event is.
#[derive(Default)]
struct Position {
    has_document: bool,
    depth: usize,
    /// At the top level, whether the next node is a value.
    at_value: bool,
    /// Whether that value is the one that is looked for.
    wanted: bool,
    seen: usize,
}

impl Position {
    /// Follows an event; returns whether it begins the value of the key.
    fn enter(&mut self, event: &Event<'_>, key: &str) -> Result<bool, AnswerFault> {
        match event {
            Event::DocumentStart(_) if self.has_document => {
                return Err(AnswerFault::Not("one YAML document"));
            }
            Event::DocumentStart(_) => self.has_document = true,
            Event::SequenceEnd | Event::MappingEnd => self.depth -= 1,
            Event::Scalar(..) | Event::Alias(_) => return self.node(event, key),
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let is_value = self.node(event, key);
                self.depth += 1;
                return is_value;
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
        }
        Ok(false)
    }

    fn node(&mut self, event: &Event<'_>, key: &str) -> Result<bool, AnswerFault> {
        if self.depth == 0 && !matches!(event, Event::MappingStart(..)) {
            return Err(AnswerFault::Not("a YAML mapping"));
        }
        if self.depth != 1 {
            return Ok(false);
        }
        let is_value = self.at_value && self.wanted;
        self.seen += usize::from(is_value);
        self.wanted = matches!(event, Event::Scalar(text, ..) if !self.at_value && text == key);
        self.at_value = !self.at_value;
        Ok(is_value)
    }
}

fn value(event: Event<'_>) -> Result<Bytes, AnswerFault> {
    match event {
        Event::Scalar(_, _, _, Some(tag)) if !is_text(&tag) => {
            Err(AnswerFault::NoText("a tagged value"))
        }
        Event::Scalar(text, ScalarStyle::Plain, ..)
            if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
        {
            Err(AnswerFault::Absent)
        }
        Event::Scalar(text, ..) => Ok(Zeroizing::new(text.into_owned().into_bytes())),
        Event::SequenceStart(..) => Err(AnswerFault::NoText("an array")),
        Event::MappingStart(..) => Err(AnswerFault::NoText("an object")),
        Event::Alias(_)
        | Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd
        | Event::SequenceEnd
        | Event::MappingEnd => Err(AnswerFault::NoText("an alias")),
    }
}

fn is_text(tag: &Tag) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == "str"
}

fn erase(event: Event<'_>) {
    if let Event::Scalar(Cow::Owned(mut text), ..) = event {
        text.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_key(document: &str) -> Result<String, AnswerFault> {
        let text = text_at(document.as_bytes(), "k")?;
        Ok(String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn a_scalar_at_the_top_level_is_a_value() {
        for (document, value) in [
            ("k: v\n", "v"),
            ("---\nj: [k, {k: x}]\nl:\n  k: y\nk: v w # c\n", "v w"),
            ("k: '5'", "5"),
            ("k: 1.50", "1.50"),
            ("k: \"a\\nb\"", "a\nb"),
            ("k: |\n  a\n  b\n", "a\nb\n"),
            ("k: |-\n  a\n", "a"),
            ("k: 'null'", "null"),
            ("k: !!str 5", "5"),
            ("{\"k\": \"v\"}", "v"),
            ("? [k]\n: x\nk: v", "v"),
            ("a: k\nk: v", "v"),
        ] {
            assert_eq!(at_key(document).as_deref(), Ok(value), "{document}");
        }
    }

    #[test]
    fn anything_else_is_no_value() {
        for (document, fault) in [
            ("j: v", AnswerFault::Absent),
            ("", AnswerFault::Absent),
            ("k:", AnswerFault::Absent),
            ("k: ~", AnswerFault::Absent),
            ("k: null", AnswerFault::Absent),
            ("j:\n  k: v", AnswerFault::Absent),
            ("k: [v]", AnswerFault::NoText("an array")),
            ("k: {k: v}", AnswerFault::NoText("an object")),
            ("j: &a v\nk: *a", AnswerFault::NoText("an alias")),
            ("k: !vault v", AnswerFault::NoText("a tagged value")),
            ("- k: v", AnswerFault::Not("a YAML mapping")),
            ("k", AnswerFault::Not("a YAML mapping")),
            ("k: v\n---\nk: w", AnswerFault::Not("one YAML document")),
            ("k: [", AnswerFault::Not("YAML")),
            (
                "k: v\nk: w",
                AnswerFault::Not("YAML with one value for the key"),
            ),
        ] {
            assert_eq!(at_key(document), Err(fault), "{document}");
        }
        assert_eq!(text_at(b"k: \xff", "k"), Err(AnswerFault::Not("YAML")));
    }
}
