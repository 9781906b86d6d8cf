//! Automatic fixes. None of them loosens a guard: a group with an error does not
//! run.

use std::sync::Arc;

use super::problems;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Fix, SOURCE_MAX, Safety, Source};

/// Applies every safe fix, and adds the `#:schema` line if its path is given. Returns
/// the new text, if anything changes; fails if it would have a problem that the old
/// text does not have.
pub fn apply_fixes(
    source: &Arc<Source>,
    schema: Option<&str>,
) -> Result<Option<String>, Diagnostic> {
    let before = problems(source);
    let fixes = safe_fixes(&before);
    let text = fixed_text(source.text(), &fixes);
    if let Some(first) = fixes.first() {
        let after = Source::of_text(source.path(), text.clone());
        if let Some(message) = new_problem(&before, &problems(&Arc::new(after))) {
            let message = format!("the fixed manifest would have a new problem: {message}");
            let one = Diagnostic::at(Code::FixAbandoned, source, first.span.clone(), message);
            return Err(one.help("fix this file by hand"));
        }
    }
    let text = match schema {
        Some(schema) => with_schema(text, schema),
        None => text,
    };
    Ok((text != source.text()).then_some(text))
}

/// Adds the `#:schema` line at the top, unless the text would be too long.
fn with_schema(text: String, schema: &str) -> String {
    let (mark, rest) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text.as_str()),
    };
    let first = rest.split_inclusive('\n').next().unwrap_or_default();
    let end = first.strip_suffix("\r\n").map_or("\n", |_| "\r\n");
    let new = format!("{mark}#:schema {schema}{end}{rest}");
    if new.len() as u64 > SOURCE_MAX {
        return text;
    }
    new
}

/// The fixes in the order of their locations.
fn safe_fixes(found: &Diagnostics) -> Vec<&Fix> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    let mut fixes: Vec<_> = fixes.filter(|fix| fix.safety == Safety::Safe).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    fixes
}

/// Skips a fix that overlaps an earlier one.
fn fixed_text(text: &str, fixes: &[&Fix]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for fix in fixes {
        if let Some(between) = text.get(at..fix.span.start) {
            out.push_str(between);
            out.push_str(&fix.replacement);
            at = fix.span.end;
        }
    }
    out + text.get(at..).unwrap_or_default()
}

/// The message of a problem with a code that is more frequent than before.
fn new_problem(before: &Diagnostics, after: &Diagnostics) -> Option<String> {
    let mut known: Vec<_> = before.iter().map(|one| one.code).collect();
    let is_new = |one: &&Diagnostic| {
        let same = known.iter().position(|code| *code == one.code);
        same.map(|at| known.swap_remove(at)).is_none()
    };
    after.iter().find(is_new).map(|one| one.message.clone())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "schema_version = 1\ndescription = \"d\"\n";

    fn fixed(text: &str) -> Result<Option<String>, String> {
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        apply_fixes(&Arc::new(source), None).map_err(|one| one.message)
    }

    #[test]
    fn all_other_bytes_stay() {
        let text =
            "\u{feff}# c\r\nschema_version = \"1\" # v\r\ndescripton = \"d\"\r\n\tconfrim=true";
        let expected =
            "\u{feff}# c\r\nschema_version = 1 # v\r\ndescription = \"d\"\r\n\tconfirm=true";
        assert_eq!(fixed(text), Ok(Some(expected.to_owned())));
        assert_eq!(fixed(expected), Ok(None));
        assert_eq!(fixed(&format!("{HEAD}confirm = \"true\"\n")), Ok(None));
    }

    #[test]
    fn a_fix_that_would_cause_a_new_problem_is_not_applied() {
        let message = fixed(&format!("{HEAD}confrim = \"yes\"\n")).unwrap_err();
        assert!(
            message.ends_with("`confirm` must be a boolean, but is a string"),
            "{message}"
        );
    }

    #[test]
    fn the_schema_line_is_the_first() {
        let with = |text: &str| with_schema(text.to_owned(), "s.json");
        assert_eq!(with("a = 1\n"), "#:schema s.json\na = 1\n");
        assert_eq!(
            with("\u{feff}# c\r\n"),
            "\u{feff}#:schema s.json\r\n# c\r\n"
        );
        let longest = "#".repeat(usize::try_from(SOURCE_MAX).unwrap());
        assert_eq!(with(&longest), longest);
        let source = Arc::new(Source::new(Path::new("m"), HEAD.as_bytes()).unwrap());
        let text = apply_fixes(&source, Some("s.json")).unwrap();
        assert_eq!(text, Some(format!("#:schema s.json\n{HEAD}")));
        let broken = format!("{HEAD}confrim = \"yes\"\n");
        let source = Arc::new(Source::new(Path::new("m"), broken.as_bytes()).unwrap());
        assert!(apply_fixes(&source, Some("s.json")).is_err());
    }
}
