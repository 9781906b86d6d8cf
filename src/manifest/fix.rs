//! Automatic fixes. None of them loosens a guard: a group with an error does not
//! run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problems;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Fix, SOURCE_MAX, Safety, Source};

#[derive(Debug)]
pub enum FixOutcome {
    NothingToFix,
    /// The new text.
    Fixed(String),
    /// The fixed text would have a problem that the old one does not have.
    Abandoned(Diagnostic),
}

/// Applies every safe fix, and adds the `#:schema` line if its path is given.
pub fn apply_fixes(source: &Arc<Source>, schema: Option<&str>) -> FixOutcome {
    let before = problems(source);
    let fixes = safe_fixes(&before);
    let text = fixed_text(source.text(), &fixes);
    if let Some(first) = fixes.first() {
        let after = Source::new(source.path(), text.as_bytes());
        let after = after.map(|after| problems(&Arc::new(after)));
        if let Some(message) = after.ok().and_then(|after| new_problem(&before, &after)) {
            let message = format!("the fixed manifest would have a new problem: {message}");
            let one = Diagnostic::at(Code::FixAbandoned, source, first.span.clone(), message);
            return FixOutcome::Abandoned(one.help("fix this file by hand"));
        }
    }
    let text = match schema {
        Some(schema) => with_schema(text, schema),
        None => text,
    };
    if text == source.text() {
        return FixOutcome::NothingToFix;
    }
    FixOutcome::Fixed(text)
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

/// The fixes in the order of their locations, without those that overlap an earlier
/// one.
fn safe_fixes(found: &Diagnostics) -> Vec<&Fix> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    let mut fixes: Vec<_> = fixes.filter(|fix| fix.safety == Safety::Safe).collect();
    fixes.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let mut end = 0;
    fixes.retain(|fix| {
        let free = fix.span.start >= end;
        end = end.max(fix.span.end);
        free
    });
    fixes
}

fn fixed_text(text: &str, fixes: &[&Fix]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for fix in fixes {
        out.push_str(text.get(at..fix.span.start).unwrap_or_default());
        out.push_str(&fix.replacement);
        at = fix.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The message of a problem with a code that is more frequent than before.
fn new_problem(before: &Diagnostics, after: &Diagnostics) -> Option<String> {
    let mut known: BTreeMap<Code, usize> = BTreeMap::new();
    for one in before {
        *known.entry(one.code).or_default() += 1;
    }
    let is_new = |one: &&Diagnostic| match known.get_mut(&one.code) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
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
        match apply_fixes(&Arc::new(source), None) {
            FixOutcome::NothingToFix => Ok(None),
            FixOutcome::Fixed(text) => Ok(Some(text)),
            FixOutcome::Abandoned(one) => Err(one.message),
        }
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
        let FixOutcome::Fixed(text) = apply_fixes(&source, Some("s.json")) else {
            panic!("nothing was written");
        };
        assert_eq!(text, format!("#:schema s.json\n{HEAD}"));
        let broken = format!("{HEAD}confrim = \"yes\"\n");
        let source = Arc::new(Source::new(Path::new("m"), broken.as_bytes()).unwrap());
        assert!(matches!(
            apply_fixes(&source, Some("s.json")),
            FixOutcome::Abandoned(_)
        ));
    }
}
