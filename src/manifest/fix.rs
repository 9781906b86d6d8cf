//! Changes that mend a manifest without being looked at. None of them changes
//! what is guarded: the group was refused before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problems;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Edit, SOURCE_MAX, Safety, Source};

/// What becomes of a text when every safe change is made.
#[derive(Debug)]
pub enum FixOutcome {
    /// There is nothing to change.
    Nothing,
    /// The new text.
    Mended(String),
    /// The new text would have a problem that the old one has not: nothing is
    /// to be written.
    Abandoned(Diagnostic),
}

/// Makes every safe change, and names the schema for editors if its path is given;
/// all other bytes stay.
pub fn apply_fixes(source: &Arc<Source>, schema: Option<&str>) -> FixOutcome {
    let before = problems(source);
    let edits = safe_edits(&before);
    let text = edited(source.text(), &edits);
    if let Some(first) = edits.first() {
        let after = Source::new(source.path(), text.as_bytes());
        let after = after.map(|after| problems(&Arc::new(after)));
        if let Some(message) = after.ok().and_then(|after| new_problem(&before, &after)) {
            let message = format!("mended, the manifest would have a new problem: {message}");
            let one = Diagnostic::at(Code::FixAbandoned, source, first.span.clone(), message);
            return FixOutcome::Abandoned(one.help("mend this file by hand"));
        }
    }
    let text = match schema {
        Some(schema) => with_schema(text, schema),
        None => text,
    };
    if text == source.text() {
        return FixOutcome::Nothing;
    }
    FixOutcome::Mended(text)
}

/// Puts the line that names the schema above a text, which it must not make too
/// long.
fn with_schema(text: String, schema: &str) -> String {
    let (mark, rest) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text.as_str()),
    };
    let first = rest.split_inclusive('\n').next().unwrap_or_default();
    let end = if first.ends_with("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let new = format!("{mark}#:schema {schema}{end}{rest}");
    if new.len() as u64 > SOURCE_MAX {
        return text;
    }
    new
}

/// The changes in the order of their places; of two that overlap the earlier
/// one wins.
fn safe_edits(found: &Diagnostics) -> Vec<&Edit> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    let safe = fixes.filter(|fix| fix.safety == Safety::Safe);
    let mut edits: Vec<&Edit> = safe.flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut end = 0;
    edits.retain(|edit| {
        let free = edit.span.start >= end;
        end = end.max(edit.span.end);
        free
    });
    edits
}

fn edited(text: &str, edits: &[&Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start).unwrap_or_default());
        out.push_str(&edit.replacement);
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Returns a problem of which there are more than before.
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

    fn mended(text: &str) -> Result<Option<String>, String> {
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        match apply_fixes(&Arc::new(source), None) {
            FixOutcome::Nothing => Ok(None),
            FixOutcome::Mended(text) => Ok(Some(text)),
            FixOutcome::Abandoned(one) => Err(one.message),
        }
    }

    #[test]
    fn all_other_bytes_stay() {
        let text =
            "\u{feff}# c\r\nschema_version = \"1\" # v\r\ndescripton = \"d\"\r\n\tconfrim=true";
        let expected =
            "\u{feff}# c\r\nschema_version = 1 # v\r\ndescription = \"d\"\r\n\tconfirm=true";
        assert_eq!(mended(text), Ok(Some(expected.to_owned())));
        assert_eq!(mended(expected), Ok(None));
        assert_eq!(mended(&format!("{HEAD}confirm = \"true\"\n")), Ok(None));
    }

    #[test]
    fn what_would_have_a_new_problem_is_left_alone() {
        let message = mended(&format!("{HEAD}confrim = \"yes\"\n")).unwrap_err();
        assert!(
            message.ends_with("`confirm` must be a boolean, it is a string"),
            "{message}"
        );
    }

    #[test]
    fn the_schema_stands_above_everything_else() {
        let with = |text: &str| with_schema(text.to_owned(), "s.json");
        assert_eq!(with("a = 1\n"), "#:schema s.json\na = 1\n");
        assert_eq!(
            with("\u{feff}# c\r\n"),
            "\u{feff}#:schema s.json\r\n# c\r\n"
        );
        let longest = "#".repeat(usize::try_from(SOURCE_MAX).unwrap());
        assert_eq!(with(&longest), longest);
        let source = Arc::new(Source::new(Path::new("m"), HEAD.as_bytes()).unwrap());
        let FixOutcome::Mended(text) = apply_fixes(&source, Some("s.json")) else {
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
