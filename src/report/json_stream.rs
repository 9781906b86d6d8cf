//! A JSON document written piece by piece, since its lists may be of any length.

use std::io::{self, Write};

use serde::Serialize;

use crate::names::to_json_pretty;

/// An object whose first key is `schema_version`, formatted like
/// [`to_json_pretty`].
#[derive(Debug)]
#[must_use = "a document must be ended"]
pub struct JsonStream<W: Write> {
    out: W,
    items: u64,
}

impl<W: Write> JsonStream<W> {
    pub fn begin(mut out: W, schema_version: u32) -> io::Result<Self> {
        write!(out, "{{\n  \"schema_version\": {schema_version}")?;
        Ok(Self { out, items: 0 })
    }

    pub fn field<T: Serialize>(&mut self, key: &str, value: &T) -> io::Result<()> {
        write!(self.out, ",\n  \"{key}\": {}", indented(value, 2))
    }

    pub fn list(&mut self, key: &str) -> io::Result<()> {
        self.items = 0;
        write!(self.out, ",\n  \"{key}\": [")
    }

    pub fn item<T: Serialize>(&mut self, item: &T) -> io::Result<()> {
        let comma = if self.items > 0 { "," } else { "" };
        self.items += 1;
        write!(self.out, "{comma}\n    {}", indented(item, 4))
    }

    pub fn end_list(&mut self) -> io::Result<()> {
        let end = if self.items > 0 { "\n  ]" } else { "]" };
        self.out.write_all(end.as_bytes())
    }

    pub fn end(mut self) -> io::Result<W> {
        self.out.write_all(b"\n}\n")?;
        Ok(self.out)
    }
}

// Strings in JSON contain no newline.
fn indented<T: Serialize>(value: &T, columns: usize) -> String {
    let json = to_json_pretty(value);
    json.trim_end()
        .replace('\n', &format!("\n{}", " ".repeat(columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_in_pieces_equals_the_whole() {
        #[derive(Serialize)]
        struct Whole {
            schema_version: u32,
            empty: Vec<u8>,
            list: Vec<(String, Vec<u8>)>,
            last: Vec<u8>,
        }
        let whole = Whole {
            schema_version: 1,
            empty: vec![],
            list: vec![("a\n\u{1b}".to_owned(), vec![1]), ("b".to_owned(), vec![])],
            last: vec![2],
        };
        let mut stream = JsonStream::begin(Vec::new(), 1).unwrap();
        stream.list("empty").unwrap();
        stream.end_list().unwrap();
        stream.list("list").unwrap();
        whole
            .list
            .iter()
            .for_each(|item| stream.item(item).unwrap());
        stream.end_list().unwrap();
        stream.field("last", &whole.last).unwrap();
        let text = String::from_utf8(stream.end().unwrap()).unwrap();
        assert_eq!(text, to_json_pretty(&whole));
    }
}
