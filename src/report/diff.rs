//! Fixes as a unified diff. A safe fix stays within a line, except that the line that
//! names the schema is inserted as the first.

use std::ops::Range;

use super::Style;
use super::style::put;
use crate::diagnostics::Source;
use crate::names::visible_path;

const CONTEXT: usize = 3;

/// An old line, unless it is inserted, and the new one.
type Pair<'a> = (Option<&'a str>, &'a str);

/// Renders the changes of one text. On a terminal it is made safe to display;
/// elsewhere it is exact, for `patch -p0`.
pub fn diff(old: &Source, new: &str, style: &Style) -> String {
    let new_source = Source::new(old.path(), new.as_bytes());
    let pairs = match &new_source {
        Ok(new) if style.terminal => pairs(old.shown(), new.shown()),
        _ => pairs(old.text(), new),
    };
    let path = visible_path(old.path());
    let mut out = format!("--- {path}\n+++ {path}\n");
    for hunk in hunks(&pairs) {
        write(&mut out, &pairs, hunk);
    }
    out
}

fn pairs<'a>(old: &'a str, new: &'a str) -> Vec<Pair<'a>> {
    let [old, new] = [old, new].map(|text| text.split_inclusive('\n'));
    let inserted = new.clone().count().saturating_sub(old.clone().count());
    let old = std::iter::repeat_n(None, inserted).chain(old.map(Some));
    old.zip(new).collect()
}

fn is_changed((old, new): &Pair<'_>) -> bool {
    *old != Some(*new)
}

/// The ranges of lines to show: the changes with their context.
fn hunks(pairs: &[Pair<'_>]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    let changed = pairs
        .iter()
        .enumerate()
        .filter(|(_, pair)| is_changed(pair));
    for (at, _) in changed {
        let start = at.saturating_sub(CONTEXT);
        let end = (at + CONTEXT + 1).min(pairs.len());
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

fn write(out: &mut String, pairs: &[Pair<'_>], hunk: Range<usize>) {
    let old_lines = |pairs: &[Pair<'_>]| pairs.iter().filter(|(old, _)| old.is_some()).count();
    let first = old_lines(pairs.get(..hunk.start).unwrap_or_default()) + 1;
    let new_first = hunk.start + 1;
    let pairs = pairs.get(hunk).unwrap_or_default();
    let (count, new_count) = (old_lines(pairs), pairs.len());
    put!(out, "@@ -{first},{count} +{new_first},{new_count} @@\n");
    for pairs in pairs.chunk_by(|one, other| is_changed(one) == is_changed(other)) {
        let changed = pairs.first().is_some_and(is_changed);
        let old = pairs.iter().filter_map(|(old, _)| *old);
        let new = pairs.iter().map(|(_, new)| *new);
        if changed {
            old.for_each(|text| line(out, '-', text));
            new.for_each(|text| line(out, '+', text));
        } else {
            new.for_each(|text| line(out, ' ', text));
        }
    }
}

fn line(out: &mut String, mark: char, text: &str) {
    put!(out, "{mark}{text}");
    if !text.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const STYLE: Style = Style {
        color: false,
        width: 80,
        unicode: true,
        terminal: false,
        home: None,
    };

    #[test]
    fn an_inserted_first_line_moves_the_others() {
        let source = Source::new(Path::new("m"), b"a\nb\nc\nd\ne\n").unwrap();
        assert_eq!(
            diff(&source, "new\na\nb\nc\nd\nE\n", &STYLE),
            "--- m\n+++ m\n@@ -1,5 +1,6 @@\n+new\n a\n b\n c\n d\n-e\n+E\n"
        );
        assert_eq!(
            diff(&source, "new\na\nb\nc\nd\ne\n", &STYLE),
            "--- m\n+++ m\n@@ -1,3 +1,4 @@\n+new\n a\n b\n c\n"
        );
    }

    #[test]
    fn nearby_changes_share_a_hunk() {
        let lines: Vec<_> = (1..=20).map(|line| line.to_string()).collect();
        let old = lines.join("\n") + "\nend";
        let new = old
            .replace("\n2\n", "\ntwo\n")
            .replace("\n7\n", "\nseven\n")
            .replace("end", "END");
        let source = Source::new(Path::new("m"), old.as_bytes()).unwrap();
        assert_eq!(
            diff(&source, &new, &STYLE),
            "--- m\n+++ m\n@@ -1,10 +1,10 @@\n 1\n-2\n+two\n 3\n 4\n 5\n 6\n-7\n+seven\n 8\n 9\n 10\n\
             @@ -18,4 +18,4 @@\n 18\n 19\n 20\n-end\n\\ No newline at end of file\n+END\n\\ No newline at end of file\n"
        );
    }
}
