//! The most syntax errors that are found in one text. The parser makes one for each
//! wrong character, and each needs a hundred times as much memory.

use toml::Spanned;
use toml::de::DeTable;
use toml_parser::parser::{RecursionGuard, ValidateWhitespace, parse_document};
use toml_parser::{ParseError, Source};

pub(super) const MAX_ERRORS: usize = 10_000;

/// Texts of so many bytes, all manifests in practice, are not counted beforehand.
const SMALL: usize = 1 << 16;

/// As toml's own parser: without it, open brackets would exhaust the stack.
const DEPTH: u32 = 80;

/// Parses a text; `None` if it has syntax errors.
pub fn parse_toml(text: &str) -> Option<Spanned<DeTable<'_>>> {
    let (root, errors) = DeTable::parse_recoverable(text.get(..readable(text))?);
    errors.is_empty().then_some(root)
}

/// How much of a text is read: all of it, or up to the error that is one too many.
pub(super) fn readable(text: &str) -> usize {
    let mut end = text.len();
    if end <= SMALL {
        return end;
    }
    let mut count = 0;
    let mut count_error = |error: ParseError| {
        count += 1;
        let span = error.unexpected().or(error.context());
        if let (true, Some(span)) = (count > MAX_ERRORS, span) {
            end = end.min(span.start());
        }
    };
    let source = Source::new(text);
    let mut ignore_events = |_| {};
    let mut events = ValidateWhitespace::new(&mut ignore_events, source);
    let mut events = RecursionGuard::new(&mut events, DEPTH);
    parse_document(&source.lex().into_vec(), &mut events, &mut count_error);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_up_to_the_error_that_is_one_too_many() {
        for wrong in ["\r", "=", "x\n"] {
            let text = format!("a = 1\n{}", wrong.repeat(100_000));
            let end = readable(&text);
            let (_, errors) = DeTable::parse_recoverable(text.get(..end).unwrap());
            assert!(
                errors.len().abs_diff(MAX_ERRORS) < 5,
                "{wrong:?} {}",
                errors.len()
            );
            assert!(parse_toml(&text).is_none());
        }
        assert!(parse_toml(&format!("a = {}", "[".repeat(1 << 20))).is_none());
        let valid = "a = '''\r\n=\r\n'''\n".to_owned() + &"#\r\n".repeat(100_000);
        assert_eq!(readable(&valid), valid.len());
        assert!(parse_toml(&valid).is_some());
    }
}
