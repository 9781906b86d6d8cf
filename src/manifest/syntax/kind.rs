//! The kinds of errors that the parser finds. Only their text tells one from
//! another.

/// What kind of error the parser found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name and no `=`.
    NoEquals,
    /// A header without its closing bracket.
    OpenHeader,
    /// A text without quotation marks, or nothing where a value is expected.
    Unquoted,
    /// A word that begins like one of TOML's own.
    Word,
    /// A number or a date that is none.
    Number,
    /// A text of one line that is not closed, or that holds what it may not.
    Text,
    /// A backslash with something after it that means nothing.
    Escape,
    /// A control character outside of a text.
    Control,
    /// Something after a value or a header.
    Extra,
    /// More than one `=`.
    Equals,
    /// A comma too few or too many.
    Comma,
    /// A field that holds a value, and is to hold others.
    Taken,
    /// A field or table that is there already.
    Duplicate,
    /// A name that is none.
    Name,
    /// No name where one is expected.
    NoName,
    /// A bracket or a brace where a field is expected.
    NoField,
    /// Arrays and tables in one another, too deep.
    Depth,
    /// What the parser says best itself.
    Other,
}

/// The beginnings of the parser's messages.
const MESSAGES: &[(&str, Kind)] = &[
    ("key with no value", Kind::NoEquals),
    ("unclosed table", Kind::OpenHeader),
    ("unclosed array table", Kind::OpenHeader),
    ("string values must be quoted", Kind::Unquoted),
    ("invalid boolean", Kind::Word),
    ("invalid float, expected `nan`", Kind::Word),
    ("invalid float, expected `inf`", Kind::Word),
    ("invalid basic string", Kind::Text),
    ("invalid literal string", Kind::Text),
    ("invalid multi-line basic string", Kind::Text),
    ("invalid multi-line literal string", Kind::Text),
    ("missing escaped value", Kind::Escape),
    ("too few unicode value digits", Kind::Escape),
    ("invalid value", Kind::Escape),
    ("invalid comment character", Kind::Control),
    ("carriage return must be followed by newline", Kind::Control),
    ("unexpected key or value", Kind::Extra),
    ("extra `=`", Kind::Equals),
    ("missing comma between", Kind::Comma),
    ("extra comma in", Kind::Comma),
    ("cannot extend value", Kind::Taken),
    ("duplicate key", Kind::Duplicate),
    ("invalid unquoted key", Kind::Name),
    ("keys cannot be multi-line", Kind::Name),
    ("unquoted keys cannot be empty", Kind::NoName),
    ("invalid key-value pair", Kind::NoField),
    ("missing table open", Kind::NoField),
    ("cannot recurse further", Kind::Depth),
    ("integers with a radix cannot be signed", Kind::Number),
    ("radix must be lowercase", Kind::Number),
    ("unexpected leading zero", Kind::Number),
    ("redundant numeric sign", Kind::Number),
    ("invalid hexadecimal number", Kind::Number),
    ("invalid octal number", Kind::Number),
    ("invalid mantissa", Kind::Number),
    ("`_` may only go between digits", Kind::Number),
    ("invalid fraction", Kind::Number),
    ("invalid exponent", Kind::Number),
    ("invalid float", Kind::Number),
    ("invalid binary", Kind::Number),
    ("invalid date", Kind::Number),
    ("invalid time", Kind::Number),
];

impl Kind {
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

    /// Texts with what is wrong with each.
    const SAMPLES: &[(&str, Kind)] = &[
        ("a", Kind::NoEquals),
        ("[a", Kind::OpenHeader),
        ("[[a]", Kind::OpenHeader),
        ("a = b", Kind::Unquoted),
        ("a =", Kind::Unquoted),
        ("a = tru", Kind::Word),
        ("a = nul", Kind::Word),
        ("a = in", Kind::Word),
        ("a = \"x", Kind::Text),
        ("a = 'x", Kind::Text),
        ("a = \"\"\"x", Kind::Text),
        ("a = '''x", Kind::Text),
        ("a = \"\u{1}\"", Kind::Text),
        ("a = \"\\q\"", Kind::Escape),
        ("a = \"\\u12\"", Kind::Escape),
        ("a = \"\\ud800\"", Kind::Escape),
        ("# \u{1}", Kind::Control),
        ("a = 1\rb = 2", Kind::Control),
        ("a = 'x' y", Kind::Extra),
        ("a == 1", Kind::Equals),
        ("a = [1,,2]", Kind::Comma),
        ("a = {b = 1 c = 2}", Kind::Comma),
        ("a = 1\na.b = 2", Kind::Taken),
        ("a = 1\na = 2", Kind::Duplicate),
        ("\u{e9} = 1", Kind::Name),
        ("\"\"\"a\"\"\" = 1", Kind::Name),
        ("= 1", Kind::NoName),
        ("}", Kind::NoField),
        ("]", Kind::NoField),
        ("a = 0b2", Kind::Number),
        ("a = 0o9", Kind::Number),
        ("a = 0xg", Kind::Number),
        ("a = .5", Kind::Number),
        ("a = ++1", Kind::Number),
        ("a = +0x1", Kind::Number),
        ("a = 0X1", Kind::Number),
        ("a = 01", Kind::Number),
        ("a = 1_", Kind::Number),
        ("a = 1.", Kind::Number),
        ("a = 1e", Kind::Number),
        ("a = 1.2.3", Kind::Number),
        ("a = 1979-13-27", Kind::Number),
        ("a = 25:00:00", Kind::Number),
        ("a = [=]", Kind::Other),
    ];

    fn messages(text: &str) -> Vec<String> {
        let (_, errors) = DeTable::parse_recoverable(text);
        errors
            .iter()
            .map(|error| error.message().to_owned())
            .collect()
    }

    /// Only their text tells the parser's errors apart: a new version that words
    /// one otherwise shows here.
    #[test]
    fn the_parsers_messages_are_known() {
        for (text, kind) in SAMPLES {
            let found = messages(text);
            let is_found = found.iter().any(|message| Kind::of(message) == *kind);
            assert!(is_found, "{text:?} is no {kind:?}: {found:?}");
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
