//! Changes that mend a manifest without being looked at. None of them changes
//! what is guarded: the group was refused before.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problems;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, Edit, Place, Safety, Source};

/// What becomes of a text when every safe change is made.
#[derive(Debug)]
pub enum Mending {
    /// There is nothing to change.
    Nothing,
    /// The new text.
    Mended(String),
    /// The new text would have a problem that the old one has not: nothing is
    /// to be written.
    Abandoned(Diagnostic),
}

/// Makes every safe change; all other bytes stay.
pub fn mend(source: &Arc<Source>) -> Mending {
    let before = problems(source);
    let edits = safe_edits(&before);
    let Some(first) = edits.first() else {
        return Mending::Nothing;
    };
    let text = edited(source.text(), &edits);
    let after = Source::new(source.path(), text.as_bytes());
    let after = after.map(|after| problems(&Arc::new(after)));
    match after.ok().and_then(|after| new_problem(&before, &after)) {
        None => Mending::Mended(text),
        Some(message) => {
            let message = format!("mended, the manifest would have a new problem: {message}");
            let one = Diagnostic::at(Code::FixAbandoned, source, first.span.clone(), message);
            Mending::Abandoned(one.help("mend this file by hand"))
        }
    }
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

/// Returns the texts in which something can be changed safely, each once.
pub fn mendable(found: &Diagnostics) -> Vec<&Arc<Source>> {
    let is_safe = |one: &&Diagnostic| {
        let fix = one.fix.as_ref();
        fix.is_some_and(|fix| fix.safety == Safety::Safe)
    };
    let texts = found
        .iter()
        .filter(is_safe)
        .filter_map(|one| match &one.place {
            Place::Text { source, .. } => Some(source),
            Place::Path(_) => None,
        });
    let mut texts: Vec<_> = texts.collect();
    texts.dedup_by(|a, b| a.path() == b.path());
    texts
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "schema_version = 1\ndescription = \"d\"\n";

    fn mended(text: &str) -> Result<Option<String>, String> {
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        match mend(&Arc::new(source)) {
            Mending::Nothing => Ok(None),
            Mending::Mended(text) => Ok(Some(text)),
            Mending::Abandoned(one) => Err(one.message),
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
}
