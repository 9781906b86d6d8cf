//! The errors that the parser finds. Only their messages identify their kinds.

use std::ops::Range;

use toml::de::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyntaxErrorKind {
    NoEquals,
    OpenHeader,
    /// Text without quotation marks, a misspelled `true` or `nan`, or no value.
    Unquoted,
    /// An invalid number or date.
    Number,
    /// A string that is not closed, or contains an invalid character.
    Text,
    Escape,
    /// A control character outside of strings.
    Control,
    /// Text after a value or a header.
    Extra,
    Equals,
    Comma,
    /// A field that has a value and fields below it.
    Taken,
    Duplicate,
    /// An invalid name.
    Name,
    NoName,
    /// A bracket or brace instead of a field.
    NoField,
    Depth,
    Other,
}

use SyntaxErrorKind as Is;

/// How the parser's messages begin.
const MESSAGES: &[(SyntaxErrorKind, &str)] = &[
    (Is::NoEquals, "key with no value"),
    (Is::OpenHeader, "unclosed table|unclosed array table"),
    (Is::Unquoted, "string values must be quoted|invalid boolean"),
    (Is::Unquoted, "invalid float, expected `"),
    (
        Is::Text,
        "invalid basic string|invalid multi-line basic string",
    ),
    (Is::Text, "invalid literal string"),
    (Is::Text, "invalid multi-line literal string"),
    (Is::Escape, "missing escaped value|invalid value"),
    (Is::Escape, "too few unicode value digits"),
    (Is::Control, "invalid comment character"),
    (Is::Control, "carriage return must be followed by newline"),
    (Is::Extra, "unexpected key or value"),
    (Is::Equals, "extra `=`"),
    (Is::Comma, "missing comma between|extra comma in"),
    (Is::Taken, "cannot extend value"),
    (Is::Duplicate, "duplicate key"),
    (Is::Name, "invalid unquoted key|keys cannot be multi-line"),
    (Is::NoName, "unquoted keys cannot be empty"),
    (Is::NoField, "invalid key-value pair|missing table open"),
    (Is::Depth, "cannot recurse further|recursion limit"),
    (Is::Number, "integers with a radix cannot be signed"),
    (Is::Number, "radix must be lowercase|redundant numeric sign"),
    (Is::Number, "unexpected leading zero|invalid mantissa"),
    (
        Is::Number,
        "`_` may only go between digits|invalid fraction",
    ),
    (
        Is::Number,
        "invalid hexadecimal number|invalid octal number",
    ),
    (Is::Number, "invalid binary|invalid exponent|invalid float"),
    (Is::Number, "redundant integer number prefix"),
    (Is::Number, "invalid date|invalid time"),
];

fn messages() -> impl Iterator<Item = (SyntaxErrorKind, &'static str)> {
    let rows = MESSAGES.iter();
    rows.flat_map(|(kind, starts)| starts.split('|').map(|start| (*kind, start)))
}

pub(super) struct SyntaxError {
    pub(super) kind: SyntaxErrorKind,
    pub(super) span: Range<usize>,
}

impl SyntaxError {
    pub(super) fn of(error: &Error, text: &str) -> Self {
        Self {
            kind: SyntaxErrorKind::of(error.message()),
            span: error.span().unwrap_or_else(|| deep_name(text)),
        }
    }
}

/// Where a name is too deep; the parser does not say. Of several, the first.
fn deep_name(text: &str) -> Range<usize> {
    let name = |line: &str| line.split('=').next().unwrap_or_default().trim_end().len();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = name(line);
        let is_deep = |name: &str| name.matches('.').count() + 1 >= DEPTH;
        if line.get(..end).is_some_and(is_deep) {
            return start..start + end;
        }
        start += line.len();
    }
    0..0
}

/// The fewest parts of a name that the parser refuses.
const DEPTH: usize = 80;

impl SyntaxErrorKind {
    fn of(message: &str) -> Self {
        let known = messages().find(|(_, start)| message.starts_with(start));
        known.map_or(Self::Other, |(kind, _)| kind)
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    const SAMPLES: &[(&str, SyntaxErrorKind)] = &[
        ("a", SyntaxErrorKind::NoEquals),
        ("[a", SyntaxErrorKind::OpenHeader),
        ("[[a]", SyntaxErrorKind::OpenHeader),
        ("a = b", SyntaxErrorKind::Unquoted),
        ("a =", SyntaxErrorKind::Unquoted),
        ("a = tru", SyntaxErrorKind::Unquoted),
        ("a = nul", SyntaxErrorKind::Unquoted),
        ("a = in", SyntaxErrorKind::Unquoted),
        ("a = \"x", SyntaxErrorKind::Text),
        ("a = 'x", SyntaxErrorKind::Text),
        ("a = \"\"\"x", SyntaxErrorKind::Text),
        ("a = '''x", SyntaxErrorKind::Text),
        ("a = \"\u{1}\"", SyntaxErrorKind::Text),
        ("a = \"\\q\"", SyntaxErrorKind::Escape),
        ("a = \"\\u12\"", SyntaxErrorKind::Escape),
        ("a = \"\\ud800\"", SyntaxErrorKind::Escape),
        ("# \u{1}", SyntaxErrorKind::Control),
        ("a = 1\rb = 2", SyntaxErrorKind::Control),
        ("a = 'x' y", SyntaxErrorKind::Extra),
        ("a == 1", SyntaxErrorKind::Equals),
        ("a = [1,,2]", SyntaxErrorKind::Comma),
        ("a = {b = 1 c = 2}", SyntaxErrorKind::Comma),
        ("a = 1\na.b = 2", SyntaxErrorKind::Taken),
        ("a = 1\na = 2", SyntaxErrorKind::Duplicate),
        ("\u{e9} = 1", SyntaxErrorKind::Name),
        ("\"\"\"a\"\"\" = 1", SyntaxErrorKind::Name),
        ("= 1", SyntaxErrorKind::NoName),
        ("}", SyntaxErrorKind::NoField),
        ("]", SyntaxErrorKind::NoField),
        ("a = 0b2", SyntaxErrorKind::Number),
        ("a = 0o9", SyntaxErrorKind::Number),
        ("a = 0xg", SyntaxErrorKind::Number),
        ("a = .5", SyntaxErrorKind::Number),
        ("a = ++1", SyntaxErrorKind::Number),
        ("a = +0x1", SyntaxErrorKind::Number),
        ("a = 0X1", SyntaxErrorKind::Number),
        ("a = 01", SyntaxErrorKind::Number),
        ("a = 0d1", SyntaxErrorKind::Number),
        ("a = 1_", SyntaxErrorKind::Number),
        ("a = 1.", SyntaxErrorKind::Number),
        ("a = 1e", SyntaxErrorKind::Number),
        ("a = 1.2.3", SyntaxErrorKind::Number),
        ("a = 1979-13-27", SyntaxErrorKind::Number),
        ("a = 25:00:00", SyntaxErrorKind::Number),
        ("a = [=]", SyntaxErrorKind::Other),
    ];

    fn messages(text: &str) -> Vec<String> {
        let (_, errors) = DeTable::parse_recoverable(text);
        errors
            .iter()
            .map(|error| error.message().to_owned())
            .collect()
    }

    /// Fails if a new version of the parser changes a message.
    #[test]
    fn every_message_of_the_parser_is_known() {
        for (text, kind) in SAMPLES {
            let found = messages(text);
            let is_found = found
                .iter()
                .any(|message| SyntaxErrorKind::of(message) == *kind);
            assert!(is_found, "{text:?} is not {kind:?}: {found:?}");
        }
        let deep = format!("a = {}", "[".repeat(200));
        let all: Vec<_> = SAMPLES
            .iter()
            .flat_map(|(text, _)| messages(text))
            .chain(messages(&deep))
            .chain(messages(&format!("{}b = 1", "a.".repeat(DEPTH))))
            .collect();
        for (_, start) in super::messages() {
            assert!(
                all.iter().any(|message| message.starts_with(start)),
                "nothing says {start:?}"
            );
        }
    }
}
