//! Renders a page of the manual (the Markdown of `docs/`) as plain text. It knows the
//! part of Markdown that the manual uses; a bracket outside code belongs to a link.

use super::Style;
use super::style::{column_width, hanging, put, wrapped};

pub fn manual(markdown: &str, style: &Style) -> String {
    let mut out = String::new();
    let mut lines = markdown.lines().peekable();
    let mut in_list = false;
    while let Some(line) = lines.next() {
        let item = item_text(line);
        let is_tight = in_list && item.is_some();
        in_list = item.is_some();
        if line.is_empty() {
            continue;
        }
        if !out.is_empty() && !is_tight {
            out.push('\n');
        }
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            code.for_each(|line| put!(out, "{}\n", format!("    {line}").trim_end()));
        } else if line.starts_with("    ") && !is_tight {
            put!(out, "{line}\n");
            while let Some(line) = lines.next_if(|line| !line.is_empty()) {
                put!(out, "{line}\n");
            }
        } else if line.starts_with('#') {
            let heading = plain(line.trim_start_matches('#').trim());
            put!(out, "{}\n", style.strong(&heading));
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            lines.next(); // the rule below the heading
            while let Some(line) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(line));
            }
            out.push_str(&table(&rows, style.width));
        } else {
            let (mark, text) = line.split_at(line.len() - item.unwrap_or(line).len());
            let mut text = text.trim().to_owned();
            while let Some(line) = lines.next_if(|line| continues(line, item.is_some())) {
                put!(text, " {}", line.trim());
            }
            out.push_str(&hanging(mark, &plain(&text), style.width));
        }
    }
    out
}

/// The text after the `- ` or `1. ` of a list item.
fn item_text(line: &str) -> Option<&str> {
    let (mark, text) = line.trim_start().split_once(' ')?;
    let number = mark.strip_suffix('.').map(str::parse::<u8>);
    (mark == "-" || number.is_some_and(|number| number.is_ok())).then_some(text)
}

/// Whether a line continues a paragraph or an item. Inside a paragraph a hyphen or a
/// number is a word.
fn continues(line: &str, in_item: bool) -> bool {
    let begins_block = line.is_empty() || ["```", "#", "|"].iter().any(|it| line.starts_with(it));
    let begins_item = in_item && item_text(line).is_some();
    !begins_block && !begins_item
}

/// Removes the markup of links and bold text. Backticks stay: they mark what to type.
fn plain(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(at, part)| match at % 2 {
        0 => unlinked(&part.replace("**", "")),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Replaces `[text](target)` by its text.
fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let first = parts.next().unwrap_or_default();
    let others = parts.map(|part| part.split_once(')').map_or(part, |(_, after)| after));
    let text: String = std::iter::once(first).chain(others).collect();
    text.replace('[', "")
}

/// Splits a row of a table at its bars; an escaped bar is a character.
fn cells(row: &str) -> Vec<String> {
    let inner = row.trim().trim_matches('|').replace("\\|", "\0");
    let cells = inner.split('|');
    cells
        .map(|cell| plain(&cell.trim().replace('\0', "|")))
        .collect()
}

/// The narrowest last column.
const LAST_MIN: usize = 24;

/// Renders a table: its last column is wrapped, or put below the others if it does not
/// fit next to them.
fn table(rows: &[Vec<String>], width: usize) -> String {
    let rows: Vec<_> = rows.iter().filter_map(|row| row.split_last()).collect();
    let columns = rows.first().map_or(0, |(_, others)| others.len());
    let cells = |at: usize| rows.iter().filter_map(move |(_, others)| others.get(at));
    let widths = (0..columns).map(|at| column_width(cells(at).map(String::as_str)));
    let widths: Vec<_> = widths.collect();
    let taken: usize = widths.iter().map(|width| width + 2).sum();
    let left = width.saturating_sub(taken);
    let last = column_width(rows.iter().map(|(last, _)| last.as_str()));
    let mut out = String::new();
    if last > left && left < LAST_MIN {
        for (last, others) in rows.iter().skip(1) {
            let others = wrapped(&others.join("  "), width.saturating_sub(2));
            put!(
                out,
                "{}\n{}",
                others.join("\n  "),
                hanging("    ", last, width)
            );
        }
        return out;
    }
    for (at, (cell, others)) in rows.iter().enumerate() {
        let others = others.iter().zip(&widths);
        let others = others.map(|(cell, width)| format!("{cell:width$}  "));
        let others: String = others.collect();
        out.push_str(&hanging(&others, cell, width));
        if at == 0 {
            let widths = widths.iter().copied().chain([last.min(left)]);
            let rule: Vec<_> = widths.map(|width| "-".repeat(width)).collect();
            put!(out, "{}\n", rule.join("  "));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;
    use crate::host::fake::World;
    use crate::report::Color;

    fn page(markdown: &str) -> String {
        let world = World::bare().var("COLUMNS", "40");
        manual(markdown, &Style::of(Stream::Stdout, Color::Never, &world))
    }

    #[test]
    fn markup_is_removed_and_code_keeps_its_backticks() {
        let text = "# A **bold** word\n\nSee [the log](audit.md), `[a](b)`\nand **more** of `x`.\n";
        let expected = "A bold word\n\nSee the log, `[a](b)` and more of `x`.\n";
        assert_eq!(page(text), expected);
    }

    #[test]
    fn lists_are_indented_and_code_is_left_alone() {
        let text = "One:\n\n- first words that go on and\n  on to a second line\n  - below\n- last\n\n1. one\n2. two\n\n```sh\nqli  help\n\nexit\n```\n";
        let expected = "One:\n\n- first words that go on and on to a\n  second line\n  - below\n- last\n\n1. one\n2. two\n\n    qli  help\n\n    exit\n";
        assert_eq!(page(text), expected);
    }

    #[test]
    fn a_table_fits_the_width_or_is_stacked() {
        let text =
            "| a | what |\n|---|---|\n| `x` | a word and another and one more that breaks |\n";
        let expected = "a    what\n---  -----------------------------------\n`x`  a word and another and one more\n     that breaks\n";
        assert_eq!(page(text), expected);
        let text = "| name | in | what it means |\n|---|---|---|\n| a-name-that-is-long | some-other-place | words that go on and on |\n";
        let expected = "a-name-that-is-long  some-other-place\n    words that go on and on\n";
        assert_eq!(page(text), expected);
    }

    #[test]
    fn every_page_of_the_manual_stays_within_its_columns() {
        let world = World::bare();
        let style = Style::of(Stream::Stdout, Color::Never, &world);
        for topic in crate::report::TOPICS {
            for line in manual(topic.text, &style).lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", topic.name);
                assert!(!line.contains("](") && !line.contains("|---"), "{line}");
            }
        }
    }
}
