//! Diagnostics drawn for people. miette draws them, and is named in this file
//! only: what it would decide by itself is decided by [`Style`].

use std::fmt;
use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, ThemeCharacters, ThemeStyles,
};

use super::Style;
use super::style::{put, wrapped, wrapped_help};
use crate::diagnostics::{Code, Diagnostic, Location, Severity, Source};
use crate::names::visible;

/// How many problems of one file are drawn; the rest is counted.
const SHOWN: usize = 50;

/// Draws diagnostics, those of a file under its name, with an empty line
/// between two problems.
pub fn diagnostics<'a>(list: impl IntoIterator<Item = &'a Diagnostic>, style: &Style) -> String {
    let list: Vec<_> = list.into_iter().collect();
    let files = list.chunk_by(|a, b| a.path() == b.path());
    let drawn: Vec<_> = files.map(|list| of_one_file(list, style)).collect();
    drawn.join("\n")
}

fn of_one_file(list: &[&Diagnostic], style: &Style) -> String {
    let mut out = String::new();
    if let Some(first) = list.first().filter(|one| !is_typed_name(one)) {
        out.push_str(&style.strong(&style.path(first.path())));
        out.push('\n');
    }
    let shown = list.iter().take(SHOWN).map(|one| drawn(one, style));
    out.push_str(&shown.collect::<Vec<_>>().join("\n"));
    if let Some(more) = list.len().checked_sub(SHOWN).filter(|&more| more > 0) {
        put(
            &mut out,
            format_args!("\n  and {more} more; see --format json\n"),
        );
    }
    out
}

/// Says whether the place is a name that was typed, which the message holds
/// already.
fn is_typed_name(one: &Diagnostic) -> bool {
    let of_name = matches!(
        one.code,
        Code::NoSuchGroup | Code::InvalidGroupName | Code::InvalidExtensionName
    );
    of_name && one.message.contains(&format!("`{}`", visible(one.path())))
}

fn drawn(one: &Diagnostic, style: &Style) -> String {
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if style.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_links(false)
        .with_wrap_lines(false)
        .with_cause_chain();
    let mut out = String::new();
    let drawing = Drawing::new(one, style);
    if handler.render_report(&mut out, &drawing).is_err() {
        // Drawing into memory fails only where a span is off; the words stay.
        return format!("  {drawing}\n");
    }
    let lines = out.lines();
    let lines = lines.map(|line| without_name(line).trim_end().to_owned() + "\n");
    lines.collect::<String>() + &effect(one, style)
}

/// Takes the name of an [`Excerpt`] out of the upper edge of its frame: miette
/// tells the place of a single line only if it has a name.
fn without_name(line: &str) -> String {
    let is_edge = ["╭─[", ",-["]
        .into_iter()
        .any(|edge| line.trim_start().starts_with(edge));
    line.replacen("line:", "", usize::from(is_edge))
}

/// Says what a problem means, where that is more than that its group does not
/// run: the summary says that once.
fn effect(one: &Diagnostic, style: &Style) -> String {
    let of_policy = matches!(one.code, Code::PolicyViolation | Code::PolicyUnusable);
    if one.consequence.is_none() && one.is_error() && !of_policy {
        return String::new();
    }
    let lines = wrapped(&visible(one.effect()), style.width - BEFORE.1 - 2);
    format!("  effect: {}\n", lines.join("\n          "))
}

/// A diagnostic as miette wants it. Its sentences are broken already: miette
/// would break them inside of paths, too.
#[derive(Debug)]
struct Drawing<'a> {
    one: &'a Diagnostic,
    message: String,
    help: Option<String>,
    text: Option<&'a str>,
    excerpt: Option<Excerpt>,
}

/// A piece of a line that is too long to be drawn, or the only line there is:
/// what miette draws of one line is without its place unless it is told.
#[derive(Debug)]
struct Excerpt {
    /// Its bytes in the text.
    range: Range<usize>,
    /// What of it is marked.
    mark: Range<usize>,
    /// Line and column of its beginning, counted from 0.
    starts_at: (usize, usize),
    /// Line and column of the mark, counted from 0.
    marked_at: (usize, usize),
}

/// Longest line that is drawn whole, in bytes; and how much of a longer one is
/// drawn before and behind what is marked.
const LINE_DRAWN: usize = 200;
const AROUND: usize = 40;

impl Excerpt {
    /// Cuts the line of a range out, if that line or one beside it is too long,
    /// or if it stands alone.
    fn of(source: &Source, span: &Range<usize>) -> Option<Self> {
        let line = source.line(span.start);
        let above = source.line(line.start.saturating_sub(1));
        let below = source.line((line.end + 1).min(source.text().len()));
        let long = [&line, &above, &below]
            .into_iter()
            .any(|line| line.len() > LINE_DRAWN);
        let alone = source.text().trim_end().lines().count() <= 1;
        if !long && !alone {
            return None;
        }
        let border = |at: usize| source.position(at).offset;
        let end = span.end.min(line.end).min(span.start + LINE_DRAWN / 2);
        let mark = span.start..border(end).max(span.start);
        let start = border(span.start.saturating_sub(AROUND)).max(line.start);
        let location = |offset| {
            let at = source.position(offset);
            (at.line - 1, at.column - 1)
        };
        Some(Self {
            range: start..border(mark.end + AROUND).min(line.end),
            starts_at: location(start),
            marked_at: location(mark.start),
            mark,
        })
    }
}

/// What miette writes before a line of a message, and of a help, in columns.
const BEFORE: (usize, usize) = (4, 8);

impl<'a> Drawing<'a> {
    fn new(one: &'a Diagnostic, style: &Style) -> Self {
        let severity = one.severity.as_str();
        let code = one.code.number();
        let message = format!("{severity} {code}: {}", visible(&one.message));
        let message = wrapped(&style.shortened(&message), style.width - BEFORE.0);
        let help = one.help.as_deref().map(|help| {
            let help = style.shortened(&visible(help));
            wrapped_help(&help, style.width - BEFORE.1).join("\n")
        });
        let (text, excerpt) = match &one.location {
            Location::Text { source, span } => (Some(source.shown()), Excerpt::of(source, span)),
            Location::Path(_) => (None, None),
        };
        Self {
            one,
            message: message.join("\n"),
            help,
            text,
            excerpt,
        }
    }
}

impl Drawing<'_> {
    /// Line and column of an offset, counted from 0. miette's own columns count
    /// bytes.
    fn location(&self, offset: usize) -> (usize, usize) {
        match &self.one.location {
            Location::Text { source, .. } => {
                let at = source.position(offset);
                (at.line - 1, at.column - 1)
            }
            Location::Path(_) => (0, 0),
        }
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.one.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let help = self.help.as_deref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.text.map(|_| self as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let Location::Text { span, .. } = &self.one.location else {
            return None;
        };
        if let Some(excerpt) = &self.excerpt {
            let mark = LabeledSpan::new_primary_with_span(None, excerpt.mark.clone());
            return Some(Box::new(std::iter::once(mark)));
        }
        let here = LabeledSpan::new_primary_with_span(None, span.clone());
        let others = self.one.labels.iter().map(|label| {
            LabeledSpan::new_with_span(Some(visible(&label.text)), label.span.clone())
        });
        Some(Box::new(std::iter::once(here).chain(others)))
    }
}

impl SourceCode for Drawing<'_> {
    fn read_span<'b>(
        &'b self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'b> + 'b>, MietteError> {
        let text = self.text.unwrap_or_default();
        let Some(excerpt) = &self.excerpt else {
            let inner = text.read_span(span, before, after)?;
            let (line, column) = self.location(inner.span().offset());
            let contents = MietteSpanContents::new(
                inner.data(),
                *inner.span(),
                line,
                column,
                inner.line_count(),
            );
            return Ok(Box::new(contents));
        };
        // Without lines around it miette asks where the mark is, else what to draw.
        let (range, (line, column)) = match (before, after) {
            (0, 0) => (&excerpt.mark, excerpt.marked_at),
            _ => (&excerpt.range, excerpt.starts_at),
        };
        let piece = text.get(range.clone()).unwrap_or_default().as_bytes();
        let location = (range.start, range.len()).into();
        // Of a single line miette tells the place only behind a name.
        let contents =
            MietteSpanContents::new_named("line".into(), piece, location, line, column, 1);
        Ok(Box::new(contents))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::names::is_hidden;

    fn style() -> Style {
        Style {
            color: false,
            width: 80,
            unicode: false,
            terminal: false,
            home: None,
        }
    }

    #[test]
    fn a_hostile_manifest_cannot_steer_the_terminal() {
        let text = "a\u{1b}[2J = \"\u{202e}\u{9b}\"\n";
        let source = Arc::new(Source::new(Path::new("m\u{1b}"), text.as_bytes()).unwrap());
        let one = Diagnostic::at(Code::UnknownField, &source, 0..5, "x\u{1b}\n".into());
        let drawn = diagnostics([&one.help("y\u{202e}")], &style());
        assert!(
            drawn.chars().all(|c| c == '\n' || !is_hidden(c)),
            "{drawn:?}"
        );
        assert!(drawn.contains("QLI0102"), "{drawn}");
    }

    #[test]
    fn of_a_long_line_only_a_piece_is_drawn() {
        let long = "ä".repeat(70_000);
        for (text, at) in [
            (format!("a = \"{long}\" bogus\n"), 140_000),
            (format!("# {long}\nbogus = 1\n# {long}\n"), 140_003),
            (long.clone(), 0),
        ] {
            let source = Arc::new(Source::new(Path::new("m"), text.as_bytes()).unwrap());
            let one = Diagnostic::at(Code::SyntaxError, &source, at..text.len(), "no".into());
            let drawn = diagnostics([&one], &style());
            assert!(
                drawn.contains("QLI0004") && drawn.len() < 2000,
                "{}",
                drawn.len()
            );
            let location = source.position(at);
            assert!(
                drawn.contains(&format!("[{}:{}]", location.line, location.column)),
                "{drawn}"
            );
        }
    }

    #[test]
    fn a_problem_of_a_path_is_drawn_without_a_source() {
        let one = Diagnostic::of_path(Code::NotExecutable, "/g/x", "no x".into());
        let drawn = diagnostics([&one], &style());
        assert!(
            drawn.starts_with("/g/x\n") && drawn.contains("error QLI0603: no x"),
            "{drawn}"
        );
    }

    #[test]
    fn no_more_than_fifty_problems_of_a_file_are_drawn() {
        let one = Diagnostic::of_path(Code::NotExecutable, "/g/x", "no x".into());
        let drawn = diagnostics(std::iter::repeat_n(&one, 52), &style());
        assert_eq!(drawn.matches("QLI0603").count(), 50);
        assert!(drawn.contains("and 2 more"));
    }
}
