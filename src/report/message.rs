//! The one shape of everything qli reports: a prefix with the message, what
//! belongs to it indented by two columns, then the next steps as aligned rows.

use anstyle::AnsiColor;
use unicode_width::UnicodeWidthStr;

use super::style::{Style, column_width, hanging, put, wrapped};
use crate::diagnostics::{Code, Severity};
use crate::names::visible;

/// An error, a warning or a note. Text is made safe to display when it is
/// rendered, and paths below the home directory are shortened.
#[derive(Debug, Clone)]
pub struct Message {
    severity: Severity,
    code: Option<Code>,
    text: String,
    body: Vec<Part>,
    steps: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum Part {
    /// Wrapped, unless it names a path; an empty one separates paragraphs.
    Line(String),
    /// `name: text`, wrapped.
    Field(&'static str, String),
    /// Rendered lines.
    Block(String),
}

impl Message {
    pub fn error(text: impl Into<String>) -> Self {
        Self::new(Severity::Error, text.into())
    }

    pub fn warning(text: impl Into<String>) -> Self {
        Self::new(Severity::Warning, text.into())
    }

    pub fn note(text: impl Into<String>) -> Self {
        Self::new(Severity::Info, text.into())
    }

    pub(super) fn new(severity: Severity, text: String) -> Self {
        Self {
            severity,
            code: None,
            text,
            body: Vec::new(),
            steps: Vec::new(),
        }
    }

    #[must_use]
    pub fn code(mut self, code: Code) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub fn line(mut self, text: impl Into<String>) -> Self {
        self.body.push(Part::Line(text.into()));
        self
    }

    #[must_use]
    pub fn field(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.body.push(Part::Field(name, text.into()));
        self
    }

    #[must_use]
    pub fn block(mut self, text: String) -> Self {
        self.body.push(Part::Block(text));
        self
    }

    /// Adds a next step: what it is for, and a command to paste.
    #[must_use]
    pub fn step(mut self, label: impl Into<String>, command: impl Into<String>) -> Self {
        self.steps.push((label.into(), command.into()));
        self
    }

    #[must_use]
    pub(super) fn steps<L: Into<String>>(mut self, steps: Vec<(L, String)>) -> Self {
        let steps = steps.into_iter();
        self.steps
            .extend(steps.map(|(label, command)| (label.into(), command)));
        self
    }

    pub fn render(&self, style: &Style) -> String {
        let mut out = self.heading(style);
        for part in &self.body {
            match part {
                Part::Line(text) => out.push_str(&line("  ", text, style)),
                Part::Field(name, text) => {
                    out.push_str(&line(&format!("  {name}: "), text, style));
                }
                Part::Block(text) => out.push_str(text),
            }
        }
        out + &rows(&self.steps, style)
    }

    /// The first line; a long message continues below it, indented.
    fn heading(&self, style: &Style) -> String {
        let (word, color) = match self.severity {
            Severity::Error => ("error", AnsiColor::Red),
            Severity::Warning => ("warning", AnsiColor::Yellow),
            Severity::Info => ("note", AnsiColor::Cyan),
        };
        let code = self.code.map(|code| format!("[{}]", code.number()));
        let prefix = format!("{word}{}:", code.unwrap_or_default());
        let painted = style.painted(&prefix, color.on_default().bold());
        let text = style.shortened(&visible(&self.text));
        let lines = wrapped(&format!("{prefix} {text}"), style.width - 2);
        lines.join("\n  ").replacen(&prefix, &painted, 1) + "\n"
    }
}

/// Wraps a line, unless it contains a path: then it may be a command to copy.
fn line(prefix: &str, text: &str, style: &Style) -> String {
    let text = style.shortened(&visible(text));
    let names_path = [" /", " ~/"].iter().any(|path| text.contains(path));
    let width = if names_path { usize::MAX } else { style.width };
    hanging(prefix, &text, width)
}

/// Lays out next steps. A command is never broken, so that it can be copied.
pub(super) fn rows<L, C>(rows: &[(L, C)], style: &Style) -> String
where
    L: AsRef<str>,
    C: AsRef<str>,
{
    let width = column_width(rows.iter().map(|(label, _)| label.as_ref()));
    let mut out = String::new();
    for (label, command) in rows {
        let padding = " ".repeat(width - label.as_ref().width());
        let command = style.shortened(&visible(command.as_ref()));
        put!(out, "  {}{padding}   {command}\n", visible(label.as_ref()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Stream;
    use crate::host::fake::World;
    use crate::report::Color;

    #[test]
    fn body_and_steps_are_indented_and_steps_are_aligned() {
        let world = World::bare().var("COLUMNS", "40");
        let style = Style::of(Stream::Stderr, Color::Never, &world);
        let message = Message::error("no group `tols`")
            .code(Code::NoSuchGroup)
            .line("a sentence that is longer than the forty columns")
            .field("effect", "nothing runs; and this continues below")
            .field("help", "a line with a path is not broken: chmod 600 /a/b")
            .step("list groups", "qli ext list")
            .step("help", "qli help QLI0601 --a-command-is-not-broken");
        assert_eq!(
            message.render(&style),
            "error[QLI0601]: no group `tols`\n  \
             a sentence that is longer than the\n  \
             forty columns\n  \
             effect: nothing runs; and this\n          \
             continues below\n  \
             help: a line with a path is not broken: chmod 600 /a/b\n  \
             list groups   qli ext list\n  \
             help          qli help QLI0601 --a-command-is-not-broken\n"
        );
    }
}
