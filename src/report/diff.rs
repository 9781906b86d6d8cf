//! Fixes as a unified diff. A safe fix stays within a line, so the lines of both
//! texts correspond.

use std::ops::Range;

use super::Style;
use super::style::put;
use crate::diagnostics::Source;
use crate::names::visible;

const CONTEXT: usize = 3;

/// Writes the changes of one text: safe to display on a terminal, anywhere else
/// byte for byte, for `patch -p0`.
pub fn diff(old: &Source, new: &str, style: &Style) -> String {
    let new_source = Source::new(old.path(), new.as_bytes());
    let new = match &new_source {
        Ok(source) if style.terminal => source.shown(),
        _ => new,
    };
    let path = visible(old.path());
    let old = if style.terminal {
        old.shown()
    } else {
        old.text()
    };
    let old: Vec<_> = old.split_inclusive('\n').collect();
    let new: Vec<_> = new.split_inclusive('\n').collect();
    let mut out = format!("--- {path}\n+++ {path}\n");
    for hunk in hunks(&old, &new) {
        write(&mut out, &old, &new, hunk);
    }
    out
}

/// The ranges of lines to show: each change with its context.
fn hunks(old: &[&str], new: &[&str]) -> Vec<Range<usize>> {
    let mut hunks: Vec<Range<usize>> = Vec::new();
    let pairs = old.iter().zip(new).enumerate();
    for (at, _) in pairs.filter(|(_, (old, new))| old != new) {
        let start = at.saturating_sub(CONTEXT);
        let end = (at + CONTEXT + 1).min(old.len());
        match hunks.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

fn write(out: &mut String, old: &[&str], new: &[&str], hunk: Range<usize>) {
    let (first, count) = (hunk.start + 1, hunk.len());
    put!(out, "@@ -{first},{count} +{first},{count} @@\n");
    let mut at = hunk.start;
    while at < hunk.end {
        let same = |at: usize| old.get(at) == new.get(at);
        if same(at) {
            line(out, ' ', old.get(at));
            at += 1;
            continue;
        }
        let end = (at..hunk.end).find(|at| same(*at)).unwrap_or(hunk.end);
        (at..end).for_each(|at| line(out, '-', old.get(at)));
        (at..end).for_each(|at| line(out, '+', new.get(at)));
        at = end;
    }
}

fn line(out: &mut String, mark: char, text: Option<&&str>) {
    let text = text.copied().unwrap_or_default();
    put!(out, "{mark}{text}");
    if !text.ends_with('\n') {
        out.push_str("\n\\ No newline at end of file\n");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn nearby_changes_share_a_hunk() {
        let lines: Vec<_> = (1..=20).map(|line| line.to_string()).collect();
        let old = lines.join("\n") + "\nend";
        let new = old
            .replace("\n2\n", "\ntwo\n")
            .replace("\n7\n", "\nseven\n")
            .replace("end", "END");
        let source = Source::new(Path::new("m"), old.as_bytes()).unwrap();
        let style = Style {
            color: false,
            width: 80,
            unicode: true,
            terminal: false,
            home: None,
        };
        assert_eq!(
            diff(&source, &new, &style),
            "--- m\n+++ m\n@@ -1,10 +1,10 @@\n 1\n-2\n+two\n 3\n 4\n 5\n 6\n-7\n+seven\n 8\n 9\n 10\n\
             @@ -18,4 +18,4 @@\n 18\n 19\n 20\n-end\n\\ No newline at end of file\n+END\n\\ No newline at end of file\n"
        );
    }
}
