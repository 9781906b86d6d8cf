//! Words in messages: "did you mean", choices and quotations.

use std::borrow::Cow;

use crate::names::visible;

/// The nearest known word within a third of the word's length, ignoring case, if
/// exactly one is nearest.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    let limit = length.div_ceil(3);
    let mut near: Vec<_> = known
        .into_iter()
        // A comparison allocates the product of both lengths.
        .filter(|one| one.chars().count().abs_diff(length) <= limit)
        .map(|one| (distance(word, one), one))
        .filter(|&(distance, _)| distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [(first, word), rest @ ..] if rest.first().is_none_or(|(next, _)| first < next) => {
            Some(word)
        }
        _ => None,
    }
}

/// Whether one of two words may be a misspelling of the other: they differ in at
/// most a third of the longer one.
pub fn are_near(a: &str, b: &str) -> bool {
    let longer = a.chars().count().max(b.chars().count());
    distance(a, b) <= longer.div_ceil(3)
}

fn distance(a: &str, b: &str) -> usize {
    strsim::damerau_levenshtein(&a.to_lowercase(), &b.to_lowercase())
}

/// Lists words for a help text: `` `a`, `b` or `c` ``.
pub fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    listed(words.into_iter().map(|word| format!("`{word}`")), "or")
}

/// Lists words: `a, b or c`.
pub fn listed(words: impl IntoIterator<Item = String>, last: &str) -> String {
    let words: Vec<_> = words.into_iter().collect();
    match words.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [before @ .., end] => format!("{} {last} {end}", before.join(", ")),
    }
}

/// Quotes text of a file in a message: shortened, control characters escaped.
pub fn quoted(text: &str) -> String {
    format!("`{}`", visible(shortened(text).as_ref()))
}

/// Shortens a text to 60 characters.
pub fn shortened(text: &str) -> Cow<'_, str> {
    const MAX: usize = 60;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_close_word_is_suggested() {
        let known = ["confirm", "banner", "secrets"];
        assert_eq!(nearest("confrim", known), Some("confirm"));
        assert_eq!(nearest("baner", known), Some("banner"));
        assert_eq!(nearest("CONFIRM", known), Some("confirm"));
        assert_eq!(nearest("timeout", known), None);
        assert_eq!(nearest("ab", ["ac", "ad"]), None);
    }

    #[test]
    fn words_are_listed_as_a_choice() {
        assert_eq!(one_of(["a"]), "`a`");
        assert_eq!(one_of(["a", "b", "c"]), "`a`, `b` or `c`");
    }

    #[test]
    fn long_texts_are_shortened_in_messages() {
        assert_eq!(quoted("a\u{1b}"), "`a\\u{1b}`");
        assert_eq!(quoted(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }
}
