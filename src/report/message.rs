//! The one shape of everything qli reports: a prefix with the message, what
//! belongs to it indented by two columns, then the next steps as aligned rows.

use anstyle::AnsiColor;
use unicode_width::UnicodeWidthStr;

use super::style::{Style, put, wrapped, wrapped_help};
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
    /// Lines that were laid out elsewhere.
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
    pub(super) fn steps(mut self, steps: Vec<(String, String)>) -> Self {
        self.steps.extend(steps);
        self
    }

    pub fn render(&self, style: &Style) -> String {
        let mut out = self.heading(style);
        for part in &self.body {
            match part {
                Part::Line(text) => hanging(&mut out, "  ", "  ", text, style),
                Part::Field(name, text) => {
                    let rest = " ".repeat(name.len() + 4);
                    hanging(&mut out, &format!("  {name}: "), &rest, text, style);
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

fn hanging(out: &mut String, first: &str, rest: &str, text: &str, style: &Style) {
    let text = style.shortened(&visible(text));
    let lines = wrapped_help(&text, style.width.saturating_sub(rest.len()));
    for (at, line) in lines.iter().enumerate() {
        let begin = if at == 0 { first } else { rest };
        put(
            out,
            format_args!("{}\n", format!("{begin}{line}").trim_end()),
        );
    }
}

/// Lays out next steps. A command is never broken, so that it can be copied.
pub(super) fn rows(rows: &[(String, String)], style: &Style) -> String {
    let width = rows.iter().map(|(label, _)| label.width()).max();
    let mut out = String::new();
    for (label, command) in rows {
        let padding = " ".repeat(width.unwrap_or(0) - label.width());
        let command = style.shortened(&visible(command));
        put(
            &mut out,
            format_args!("  {}{padding}   {command}\n", visible(label)),
        );
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
            .step("list groups", "qli ext list")
            .step("help", "qli help QLI0601 --a-command-is-not-broken");
        assert_eq!(
            message.render(&style),
            "error[QLI0601]: no group `tols`\n  \
             a sentence that is longer than the\n  \
             forty columns\n  \
             effect: nothing runs; and this\n          \
             continues below\n  \
             list groups   qli ext list\n  \
             help          qli help QLI0601 --a-command-is-not-broken\n"
        );
    }
}
