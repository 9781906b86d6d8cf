//! Annotations for GitHub Actions: one workflow command per problem.
//!
//! Manifests are untrusted: characters that would end a command or a property are
//! escaped, so that no text can forge another command (the escapes are those of
//! `actions/toolkit`, `packages/core/src/command.ts`).

use super::Repository;
use super::style::put;
use crate::diagnostics::{Diagnostic, Location, Severity};
use crate::names::visible;

/// Writes the annotations; what could not be checked has no location.
pub fn github<'a>(
    list: impl IntoIterator<Item = &'a Diagnostic>,
    unchecked: &[String],
    repository: &Repository,
) -> String {
    let mut out = String::new();
    for line in unchecked {
        put!(out, "::error::{}\n", data(line));
    }
    for one in list {
        let kind = match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let file = property(&visible(repository.relative(one.path())));
        let title = property(&format!("{} {}", one.code.number(), one.code.name()));
        let help = one.help.as_deref().map(|help| format!("\n{help}"));
        let message = format!("{}{}", one.message, help.unwrap_or_default());
        put!(
            out,
            "::{kind} file={file},{}title={title}::{}\n",
            location(one),
            data(&message)
        );
    }
    out
}

/// A problem of a file itself is reported at its first line.
fn location(one: &Diagnostic) -> String {
    let Location::Text { source, span } = &one.location else {
        return "line=1,".to_owned();
    };
    let (start, end) = (source.position(span.start), source.position(span.end));
    let lines = format!("line={},endLine={},", start.line, end.line);
    // Columns are shown only for a range within one line.
    if start.line != end.line {
        return lines;
    }
    format!("{lines}col={},endColumn={},", start.column, end.column)
}

/// Escapes the text of a command, and makes control characters visible.
fn data(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n").replace('%', "%25").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::diagnostics::{Code, Source};
    use crate::host::fake::World;

    fn written(one: &Diagnostic) -> String {
        github([one], &[], &Repository::find(&World::new()))
    }

    #[test]
    fn a_problem_is_one_command() {
        let source = Source::new(Path::new("g/_manifest.toml"), b"a = 1\nconfrim = true\n");
        let source = Arc::new(source.unwrap());
        let one = Diagnostic::at(Code::UnknownField, &source, 6..13, "unknown".into());
        assert_eq!(
            written(&one.help("did you mean it?")),
            "::error file=g/_manifest.toml,line=2,endLine=2,col=1,endColumn=8,\
             title=QLI0102 unknown-field::unknown%0Adid you mean it?\n"
        );
    }

    #[test]
    fn no_text_forges_another_command() {
        let hostile = "x%0A::error::y\n::stop-commands::z\r\u{1b}";
        let path = "a:b,c\n::warning::/x";
        let one = Diagnostic::of_path(Code::NotExecutable, path, hostile.to_owned());
        let text = written(&one.as_warning());
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("::warning file=a%3Ab%2Cc\\n"), "{text}");
        assert!(text.contains("x%250A::error::y%0A::stop"), "{text}");
    }
}
