//! Renders a page of the manual (the Markdown of `docs/`) as plain text.

mod blocks;
mod table;

use super::Style;
use super::style::{put, wrapped};
use blocks::{Block, blocks};

pub fn manual(markdown: &str, style: &Style) -> String {
    let drawn = blocks(markdown).into_iter().map(|block| {
        let tight = matches!(block, Block::Item { tight: true, .. });
        (tight, block_text(&block, style))
    });
    let mut out = String::new();
    for (tight, text) in drawn {
        if !out.is_empty() && !tight {
            out.push('\n');
        }
        out.push_str(&text);
    }
    out
}

fn block_text(block: &Block, style: &Style) -> String {
    match block {
        Block::Heading(text) => style.strong(&plain(text)) + "\n",
        Block::Paragraph(text) => lines(&plain(text), "", "", style.width),
        Block::Code(lines) => lines.iter().map(|line| indented(line)).collect(),
        Block::Item {
            mark, indent, text, ..
        } => {
            let first = format!("{}{mark} ", " ".repeat(*indent));
            let rest = " ".repeat(first.len());
            lines(&plain(text), &first, &rest, style.width)
        }
        Block::Table(rows) => table::table(rows, style.width),
    }
}

fn indented(line: &str) -> String {
    if line.is_empty() {
        return "\n".to_owned();
    }
    format!("    {line}\n")
}

/// Wraps a text, with a prefix for the first line and one for the rest.
fn lines(text: &str, first: &str, rest: &str, width: usize) -> String {
    let mut out = String::new();
    let room = width.saturating_sub(rest.len());
    for (at, line) in wrapped(text, room).iter().enumerate() {
        let begin = if at == 0 { first } else { rest };
        put(&mut out, format_args!("{begin}{line}\n"));
    }
    out
}

/// Removes the markup of links and bold text. Backticks stay: they mark what to
/// type.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut parts = text.split('`');
    // Code is left as it is.
    while let Some(outside) = parts.next() {
        out.push_str(&unmarked(outside));
        if let Some(inside) = parts.next() {
            put(&mut out, format_args!("`{inside}`"));
        }
    }
    linked(&out)
}

fn unmarked(text: &str) -> String {
    text.replace("**", "").replace("\\|", "|")
}

/// Replaces `[text](target)` by its text.
fn linked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, words, after)) = next_link(rest) {
        out.push_str(before);
        out.push_str(words);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Splits at the next link: before it, its text, after it.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    // Code is not a link.
    let mut middles = text.match_indices("](").map(|(at, _)| at);
    let outside = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        before.matches('`').count() % 2 == 0
    };
    let middle = middles.find(outside)?;
    let (before, behind) = text.split_at_checked(middle)?;
    let (before, words) = before.rsplit_once('[')?;
    let (_, after) = behind.split_once(')')?;
    Some((before, words, after))
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
