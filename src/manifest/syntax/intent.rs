//! What a line was meant to be: written as in another language, or without
//! quotation marks.

use super::super::field_row::{TomlType, example_of, find};
use super::super::fields::GroupFields;
use super::super::table_reader::FieldTable;
use crate::diagnostics::{nearest, quoted};
use crate::names::promises_secret;
use crate::providers::Provider;

/// How TOML writes the field of a name; variables are text.
pub(super) fn toml_type(name: &str) -> TomlType {
    find(GroupFields::ROWS, name).map_or(TomlType::Text, |row| row.toml)
}

fn example(name: &str) -> &'static str {
    example_of(GroupFields::ROWS, name)
}

/// The name and the value that a line seems to contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IntendedField<'t> {
    pub(super) name: &'t str,
    pub(super) value: &'t str,
}

impl<'t> IntendedField<'t> {
    /// Splits a line: `export A=b`, `a: b`, `a "b"`, `a = b # c`.
    pub(super) fn of(line: &'t str) -> Self {
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let is_name = |c: char| c.is_alphanumeric() || "_-.\"'".contains(c);
        let end = line.find(|c| !is_name(c)).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(end).unwrap_or((line, ""));
        let value = rest.trim_start().trim_start_matches(['=', ':']);
        Self {
            name: name.trim_matches(['"', '\'']),
            value: without_comment(value.trim_start()),
        }
    }

    /// How to write the line. At the top level there are few names, so a
    /// misspelled one is corrected too.
    pub(super) fn help(self, top_level: bool) -> String {
        let is_known = find(GroupFields::ROWS, self.name).is_some();
        let known = (top_level && !is_known)
            .then(|| nearest(self.name, GroupFields::ROWS.iter().map(|row| row.name)))
            .flatten();
        let name = known.unwrap_or(self.name);
        match toml_type(name) {
            TomlType::Boolean => boolean(name, self.bare()),
            TomlType::Integer | TomlType::Array => line(name, example(name)),
            TomlType::Table | TomlType::Tables if !top_level => line(name, &self.quoted_value()),
            TomlType::Table => format!("write `[{name}]`, and below it a line for each variable"),
            TomlType::Tables => format!("write `[[{name}]]`, and below it a line for each field"),
            TomlType::Text if name == "provider" => provider(self.bare()),
            TomlType::Text => line(name, &self.quoted_value()),
        }
    }

    /// The value without quotation marks of any kind.
    fn bare(self) -> &'t str {
        const MARKS: [(char, char); 6] = [
            ('"', '"'),
            ('\'', '\''),
            ('`', '`'),
            ('\u{201c}', '\u{201d}'),
            ('\u{201e}', '\u{201c}'),
            ('\u{2018}', '\u{2019}'),
        ];
        let within = |(open, close)| self.value.strip_prefix(open)?.strip_suffix(close);
        MARKS.into_iter().find_map(within).unwrap_or(self.value)
    }

    /// The value in quotation marks; an example if there is none, if it may be a
    /// secret, or if it is too long.
    fn quoted_value(self) -> String {
        const LONGEST: usize = 40;
        let bare = self.bare();
        let is_secret = promises_secret(self.name);
        if bare.is_empty() || is_secret || bare.chars().count() > LONGEST {
            return example(self.name).to_owned();
        }
        match (bare.contains(['"', '\\']), bare.contains('\'')) {
            (false, _) => format!("\"{bare}\""),
            (true, false) => format!("'{bare}'"),
            (true, true) => example(self.name).to_owned(),
        }
    }
}

fn line(name: &str, value: &str) -> String {
    format!("write {}", quoted(&format!("{name} = {value}")))
}

fn boolean(name: &str, meant: &str) -> String {
    let meant = meant.to_ascii_lowercase();
    if matches!(meant.as_str(), "true" | "false") {
        return line(name, &meant);
    }
    format!("write `{name} = true` or `{name} = false`")
}

fn provider(meant: &str) -> String {
    match Provider::built_in().find(|name| *name == meant) {
        Some(name) => line("provider", &format!("\"{name}\"")),
        None => "write the name of a provider; `qli help secrets` lists them".to_owned(),
    }
}

/// Removes a comment after a value; a `#` in a string does not begin one.
fn without_comment(value: &str) -> &str {
    let whole = |quote: char| {
        let rest = value.strip_prefix(quote)?;
        let end = rest.find(quote)?;
        let behind = rest.get(end + 1..)?.trim_start();
        (behind.is_empty() || behind.starts_with('#')).then(|| value.get(..end + 2))?
    };
    if let Some(whole) = whole('"').or_else(|| whole('\'')) {
        return whole;
    }
    let is_string = value.starts_with(['"', '\'']);
    match value.split_once('#').filter(|_| !is_string) {
        Some((before, _)) => before.trim_end(),
        None => value.trim_end(),
    }
}

/// What follows a boolean or a number that is valid without it.
pub(super) fn after_a_valid_value(value: &str) -> Option<&str> {
    let end = value.find([' ', '\t', ',', ';'])?;
    let (first, rest) = value.split_at_checked(end)?;
    let whole =
        matches!(first, "true" | "false") || first.bytes().all(|byte| byte.is_ascii_digit());
    whole.then(|| rest.trim_start())
}

/// How other languages start a comment, if a line starts so.
pub(super) fn foreign_comment(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    let mut marks = ["//", "--", "/*", ";"].into_iter();
    marks.find(|mark| line.starts_with(mark) && !line.starts_with("---"))
}

/// Whether a word means "no value" in another language.
pub(super) fn is_nothing(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    ["null", "nil", "none", "undefined"].contains(&value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intended_name_and_value_are_recognized() {
        for (line, name, value) in [
            ("export A=b", "A", "b"),
            ("a: \"b # c\" # d", "a", "\"b # c\""),
            ("a = b # c", "a", "b"),
            ("\"a\" = 'x", "a", "'x"),
            ("a", "a", ""),
        ] {
            assert_eq!(
                IntendedField::of(line),
                IntendedField { name, value },
                "{line}"
            );
        }
    }

    #[test]
    fn the_suggested_line_is_valid() {
        for (line, help) in [
            ("banner = say x", "write `banner = \"say x\"`"),
            ("banner = say \"x\"", "write `banner = 'say \"x\"'`"),
            (
                "banner = \"it's\" y\"",
                "write `banner = \"PROD: irreversible\"`",
            ),
            ("banner: \"x\" # c", "write `banner = \"x\"`"),
            ("confrim: true", "write `confirm = true`"),
            (
                "confirm = yes",
                "write `confirm = true` or `confirm = false`",
            ),
            (
                "requires_env = prod",
                "write `[requires_env]`, and below it a line for each variable",
            ),
            (
                "provider = op",
                "write the name of a provider; `qli help secrets` lists them",
            ),
            ("provider = env", "write `provider = \"env\"`"),
            ("API_TOKEN = hunter2", "write `API_TOKEN = \"…\"`"),
        ] {
            assert_eq!(IntendedField::of(line).help(true), help, "{line}");
        }
    }
}
