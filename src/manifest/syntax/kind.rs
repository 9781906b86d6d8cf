//! The kinds of errors that the parser finds. Only their messages identify them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SyntaxErrorKind {
    NoEquals,
    OpenHeader,
    /// Text without quotation marks, or no value.
    Unquoted,
    /// A word that begins like `true`, `nan` or another of TOML.
    Word,
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
const MESSAGES: &[(&str, SyntaxErrorKind)] = &[
    ("key with no value", Is::NoEquals),
    ("unclosed table", Is::OpenHeader),
    ("unclosed array table", Is::OpenHeader),
    ("string values must be quoted", Is::Unquoted),
    ("invalid boolean", Is::Word),
    ("invalid float, expected `nan`", Is::Word),
    ("invalid float, expected `inf`", Is::Word),
    ("invalid basic string", Is::Text),
    ("invalid literal string", Is::Text),
    ("invalid multi-line basic string", Is::Text),
    ("invalid multi-line literal string", Is::Text),
    ("missing escaped value", Is::Escape),
    ("too few unicode value digits", Is::Escape),
    ("invalid value", Is::Escape),
    ("invalid comment character", Is::Control),
    ("carriage return must be followed by newline", Is::Control),
    ("unexpected key or value", Is::Extra),
    ("extra `=`", Is::Equals),
    ("missing comma between", Is::Comma),
    ("extra comma in", Is::Comma),
    ("cannot extend value", Is::Taken),
    ("duplicate key", Is::Duplicate),
    ("invalid unquoted key", Is::Name),
    ("keys cannot be multi-line", Is::Name),
    ("unquoted keys cannot be empty", Is::NoName),
    ("invalid key-value pair", Is::NoField),
    ("missing table open", Is::NoField),
    ("cannot recurse further", Is::Depth),
    ("integers with a radix cannot be signed", Is::Number),
    ("radix must be lowercase", Is::Number),
    ("unexpected leading zero", Is::Number),
    ("redundant numeric sign", Is::Number),
    ("invalid hexadecimal number", Is::Number),
    ("invalid octal number", Is::Number),
    ("invalid mantissa", Is::Number),
    ("`_` may only go between digits", Is::Number),
    ("invalid fraction", Is::Number),
    ("invalid exponent", Is::Number),
    ("invalid float", Is::Number),
    ("invalid binary", Is::Number),
    ("invalid date", Is::Number),
    ("invalid time", Is::Number),
];

impl SyntaxErrorKind {
    pub(super) fn of(message: &str) -> Self {
        let known = MESSAGES
            .iter()
            .find(|(start, _)| message.starts_with(start));
        known.map_or(Self::Other, |(_, kind)| *kind)
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
        ("a = tru", SyntaxErrorKind::Word),
        ("a = nul", SyntaxErrorKind::Word),
        ("a = in", SyntaxErrorKind::Word),
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
            .collect();
        for (start, _) in MESSAGES {
            assert!(
                all.iter().any(|message| message.starts_with(start)),
                "nothing says {start:?}"
            );
        }
    }
}
