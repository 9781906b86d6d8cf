//! Diagnostics for the terminal. miette renders the excerpts of manifests, and is
//! named in this file only: [`Style`] replaces its own defaults.

use std::ops::Range;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, ThemeCharacters, ThemeStyles,
};
use unicode_width::UnicodeWidthStr;

use super::Style;
use super::message::Message;
use crate::diagnostics::{Code, Diagnostic, Location, Source};
use crate::names::visible;

/// Renders diagnostics, separated by empty lines.
pub fn diagnostics<'a>(list: impl IntoIterator<Item = &'a Diagnostic>, style: &Style) -> String {
    let rendered: Vec<_> = list.into_iter().map(|one| rendered(one, style)).collect();
    rendered.join("\n")
}

/// Renders a problem: message, location, help, effect.
fn rendered(one: &Diagnostic, style: &Style) -> String {
    let mut message = Message::new(one.severity, one.message.clone()).code(one.code);
    let mut help = one.help.as_deref();
    match &one.location {
        Location::Path(_) if names_path(one, style) => {}
        Location::Path(path) => message = message.line(format!("at {}", style.path(path))),
        Location::Text { source, span } => {
            let snippet = Snippet::new(one, source, span, style);
            if snippet.hint.is_some() {
                help = None;
            }
            message = message.block(snippet.render(style));
        }
    }
    if let Some(help) = help {
        message = message.field("help", help);
    }
    if has_effect(one) {
        message = message.field("effect", one.effect());
    }
    message.render(style)
}

/// Whether the message already contains the path, or the name that was typed.
fn names_path(one: &Diagnostic, style: &Style) -> bool {
    let path = visible(one.path());
    let typed = matches!(
        one.code,
        Code::NoSuchGroup | Code::InvalidGroupName | Code::InvalidExtensionName | Code::Leftover
    );
    let message = style.shortened(&visible(&one.message));
    (typed && message.contains(&format!("`{path}`"))) || message.contains(&style.path(one.path()))
}

/// Whether the effect is worth a line: that an error stops its group is in the summary.
fn has_effect(one: &Diagnostic) -> bool {
    let of_policy = matches!(one.code, Code::PolicyViolation | Code::PolicyUnusable);
    one.consequence.is_some() || !one.is_error() || of_policy
}

/// The lines of a manifest around a problem, for miette, which would put its message
/// above them.
#[derive(Debug, thiserror::Error)]
#[error("")]
struct Snippet<'a> {
    one: &'a Diagnostic,
    file: &'a Source,
    mark: Range<usize>,
    /// Of a long line, the only part that is rendered.
    excerpt: Option<Range<usize>>,
    /// The title of the frame, before `:line:column`.
    path: String,
    /// The help, if it fits on one line below the mark.
    hint: Option<String>,
}

/// Longest line that is rendered whole, in bytes; and how much of a longer one
/// is rendered on either side of the mark.
const LINE_MAX: usize = 200;
const AROUND: usize = 40;

impl<'a> Snippet<'a> {
    fn new(one: &'a Diagnostic, source: &'a Source, span: &Range<usize>, style: &Style) -> Self {
        let (mark, excerpt) = match excerpt(source, span) {
            Some((mark, excerpt)) => (mark, Some(excerpt)),
            None => (span.clone(), None),
        };
        let mut snippet = Self {
            one,
            file: source,
            mark,
            excerpt,
            path: style.path(source.path()),
            hint: None,
        };
        snippet.hint = snippet.hint(style);
        snippet
    }

    fn hint(&self, style: &Style) -> Option<String> {
        let help = style.shortened(&visible(self.one.help.as_deref()?));
        let position = |at| self.file.position(at);
        let (start, end) = (position(self.mark.start), position(self.mark.end));
        let mut labels = self.one.labels.iter();
        let is_alone = labels.all(|label| position(label.span.start).line != start.line);
        let number = self.file.line_number(self.mark.end).to_string();
        let middle = start.column.midpoint(end.column);
        // The gutter, the corner with its two dashes, and a space.
        let width = number.len() + 5 + middle + 4 + help.width();
        let is_short = self.excerpt.is_none() && is_alone && start.line == end.line;
        let is_short = is_short && !self.mark.is_empty();
        (is_short && width <= style.width).then_some(help)
    }

    fn render(&self, style: &Style) -> String {
        let mut theme = GraphicalTheme::none();
        if style.unicode {
            theme.characters = ThemeCharacters::unicode();
        }
        if style.color {
            theme.styles = ThemeStyles::ansi();
        }
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(style.width)
            .with_links(false)
            .with_wrap_lines(false);
        let mut out = String::new();
        if handler.render_report(&mut out, self).is_err() {
            // Rendering into memory fails only if a span is out of range.
            let at = self.file.position(self.mark.start);
            return format!("  at {}:{}:{}\n", self.path, at.line, at.column);
        }
        // The first line is where miette puts the message.
        let lines = out.lines().skip(1);
        let lines = lines.map(|line| format!(" {}\n", line.trim_end()));
        lines.collect()
    }
}

/// Shortens the line of a mark if it or a line next to it is too long: returns the
/// remaining mark and the part of the line around it.
fn excerpt(source: &Source, span: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let line = source.line(span.start);
    let above = source.line(line.start.saturating_sub(1));
    let below = source.line((line.end + 1).min(source.text().len()));
    let longest = line.len().max(above.len()).max(below.len());
    if longest <= LINE_MAX {
        return None;
    }
    let char_boundary = |at: usize| source.position(at).offset;
    let end = span.end.min(line.end).min(span.start + LINE_MAX / 2);
    let mark = span.start..char_boundary(end).max(span.start);
    let start = char_boundary(span.start.saturating_sub(AROUND)).max(line.start);
    let end = char_boundary(mark.end + AROUND).min(line.end);
    Some((mark, start..end))
}

impl miette::Diagnostic for Snippet<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let mark = LabeledSpan::new_primary_with_span(self.hint.clone(), self.mark.clone());
        let others = self.one.labels.iter().filter(|_| self.excerpt.is_none());
        let others = others.map(|label| {
            LabeledSpan::new_with_span(Some(visible(&label.text)), label.span.clone())
        });
        Some(Box::new(std::iter::once(mark).chain(others)))
    }
}

impl SourceCode for Snippet<'_> {
    fn read_span<'b>(
        &'b self,
        span: &miette::SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn miette::SpanContents<'b> + 'b>, MietteError> {
        let text = self.file.shown();
        // Without context lines miette asks for the mark, else for what to render.
        let (span, lines) = match (&self.excerpt, before, after) {
            (None, ..) => {
                let inner = text.read_span(span, before, after)?;
                (*inner.span(), inner.line_count())
            }
            (Some(_), 0, 0) => (self.mark.clone().into(), 1),
            (Some(excerpt), ..) => (excerpt.clone().into(), 1),
        };
        let piece = text.get(span.offset()..span.offset() + span.len());
        let piece = piece.unwrap_or_default();
        // miette's own columns count bytes.
        let at = self.file.position(span.offset());
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            piece.as_bytes(),
            span,
            at.line - 1,
            at.column - 1,
            lines,
        )))
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
    fn a_hostile_manifest_cannot_control_the_terminal() {
        let text = "a\u{1b}[2J = \"\u{202e}\u{9b}\"\n";
        let source = Arc::new(Source::new(Path::new("m\u{1b}"), text.as_bytes()).unwrap());
        let one = Diagnostic::at(Code::UnknownField, &source, 0..5, "x\u{1b}\n".into());
        let report = diagnostics([&one.help("y\u{202e}")], &style());
        assert!(
            report.chars().all(|c| c == '\n' || !is_hidden(c)),
            "{report:?}"
        );
        assert!(report.contains("QLI0102"), "{report}");
    }

    #[test]
    fn only_an_excerpt_of_a_long_line_is_rendered() {
        let long = "ä".repeat(70_000);
        for (text, at) in [
            (format!("a = \"{long}\" bogus\n"), 140_000),
            (format!("# {long}\nbogus = 1\n# {long}\n"), 140_003),
            (long.clone(), 0),
        ] {
            let source = Arc::new(Source::new(Path::new("m"), text.as_bytes()).unwrap());
            let one = Diagnostic::at(Code::SyntaxError, &source, at..text.len(), "no".into());
            let report = diagnostics([&one], &style());
            assert!(
                report.contains("QLI0004") && report.len() < 2000,
                "{}",
                report.len()
            );
            let location = source.position(at);
            assert!(
                report.contains(&format!("[m:{}:{}]", location.line, location.column)),
                "{report}"
            );
        }
    }

    #[test]
    fn a_problem_of_a_path_has_no_excerpt() {
        let one = Diagnostic::of_path(Code::NotExecutable, "/g/x", "no x".into());
        let report = diagnostics([&one], &style());
        assert!(report == "error[QLI0603]: no x\n  at /g/x\n", "{report}");
    }
}
