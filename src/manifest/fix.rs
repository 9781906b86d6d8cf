//! Automatic fixes. None of them loosens a guard: a group with an error does not
//! run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::problems;
use crate::diagnostics::{
    Code, Diagnostic, Diagnostics, Fix, SOURCE_MAX, Safety, Severity, Source,
};

/// What fixing a manifest changes.
#[derive(Debug)]
pub struct Fixed {
    /// The new text, if anything changes.
    pub text: Option<String>,
    /// The fixes that were not applied, since each would cause a new problem.
    pub abandoned: Diagnostics,
}

/// Applies every safe fix, and adds the `#:schema` line if its path is given. A fix
/// that would cause a problem that the old text does not have is left out.
pub fn apply_fixes(source: &Arc<Source>, schema: Option<&str>) -> Fixed {
    let before = problems(source);
    let mut trials = Trials {
        source,
        before: &before,
        left: TRIALS_MAX,
        accepted: Vec::new(),
        abandoned: Vec::new(),
    };
    trials.accept(&safe_fixes(&before));
    let text = fixed_text(source.text(), &trials.accepted);
    let text = match schema {
        Some(schema) => with_schema(text, schema),
        None => text,
    };
    Fixed {
        text: (text != source.text()).then_some(text),
        abandoned: trials.abandoned,
    }
}

/// How often a file is parsed to find out which fixes can be applied.
const TRIALS_MAX: usize = 50;

struct Trials<'a> {
    source: &'a Arc<Source>,
    before: &'a Diagnostics,
    left: usize,
    accepted: Vec<&'a Fix>,
    abandoned: Diagnostics,
}

impl<'a> Trials<'a> {
    /// Accepts the fixes of a list that cause no new problem, searching by halves.
    fn accept(&mut self, fixes: &[&'a Fix]) {
        let Some(first) = fixes.first() else { return };
        let both = [self.accepted.as_slice(), fixes].concat();
        let Some(message) = self.problem_of(&both) else {
            self.accepted = both;
            return;
        };
        if fixes.len() == 1 || self.left == 0 {
            self.abandoned.push(abandoned(self.source, first, &message));
            return;
        }
        let (left, right) = fixes.split_at(fixes.len() / 2);
        self.accept(left);
        self.accept(right);
    }

    fn problem_of(&mut self, fixes: &[&Fix]) -> Option<String> {
        self.left = self.left.saturating_sub(1);
        let text = fixed_text(self.source.text(), fixes);
        let after = Source::of_text(self.source.path(), text);
        new_problem(self.before, &problems(&Arc::new(after)))
    }
}

fn abandoned(source: &Arc<Source>, fix: &Fix, problem: &str) -> Diagnostic {
    let message = format!("this fix would cause a new problem: {problem}");
    let one = Diagnostic::at(Code::FixAbandoned, source, fix.span.clone(), message);
    one.help("fix this by hand")
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
    let mut known: BTreeMap<Code, usize> = BTreeMap::new();
    for (_, code, count) in before.iter().flat_map(Diagnostic::kinds) {
        *known.entry(code).or_default() += count;
    }
    let mut is_new = |(_, code, count): (Severity, Code, usize)| {
        let left = known.get(&code).and_then(|known| known.checked_sub(count));
        known.insert(code, left.unwrap_or_default());
        left.is_none()
    };
    let mut after = after.iter();
    let new = after.find(|one| one.kinds().any(&mut is_new));
    new.map(|one| one.message.clone())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "schema_version = 1\ndescription = \"d\"\n";

    fn fixed(text: &str) -> (Option<String>, Vec<String>) {
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        let fixed = apply_fixes(&Arc::new(source), None);
        let abandoned = fixed.abandoned.into_iter().map(|one| one.message);
        (fixed.text, abandoned.collect())
    }

    #[test]
    fn all_other_bytes_stay() {
        let text =
            "\u{feff}# c\r\nschema_version = \"1\" # v\r\ndescripton = \"d\"\r\n\tconfrim=true";
        let expected =
            "\u{feff}# c\r\nschema_version = 1 # v\r\ndescription = \"d\"\r\n\tconfirm=true";
        let none = Vec::new;
        assert_eq!(fixed(text), (Some(expected.to_owned()), none()));
        assert_eq!(fixed(expected), (None, none()));
        let text = format!("{HEAD}confirm = \"true\"\n");
        assert_eq!(fixed(&text), (None, none()));
    }

    #[test]
    fn a_fix_that_would_cause_a_new_problem_is_not_applied() {
        let (text, messages) = fixed(&format!("{HEAD}confrim = \"yes\"\n"));
        assert_eq!(text, None);
        assert_eq!(messages.len(), 1);
        assert!(
            messages[0].ends_with("`confirm` must be a boolean, but is a string"),
            "{messages:?}"
        );
    }

    #[test]
    fn what_can_be_fixed_is_fixed_when_something_else_cannot() {
        for (text, expected, abandoned) in [
            (
                "baner = \"b\"\nconfirm = 1\n",
                "banner = \"b\"\nconfirm = 1\n",
                0,
            ),
            ("baner = \"b\"\nx = \n", "banner = \"b\"\nx = \n", 0),
            (
                "baner = \"b\"\nconfrim = \"yes\"\ntimout = \"1m\"\n",
                "banner = \"b\"\nconfrim = \"yes\"\ntimeout = \"1m\"\n",
                1,
            ),
        ] {
            let (text, messages) = fixed(&format!("{HEAD}{text}"));
            assert_eq!(text, Some(format!("{HEAD}{expected}")));
            assert_eq!(messages.len(), abandoned, "{messages:?}");
        }
    }

    #[test]
    fn many_fixes_that_cannot_be_applied_are_not_tried_one_by_one() {
        let tables = (0..200).map(|at| format!("[extensions.e{at}]\nconfrim = \"yes\"\n"));
        let text = HEAD.to_owned() + &tables.collect::<String>();
        let (text, messages) = fixed(&text);
        assert_eq!(text, None);
        assert!(!messages.is_empty() && messages.len() <= TRIALS_MAX);
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
        let text = apply_fixes(&source, Some("s.json")).text;
        assert_eq!(text, Some(format!("#:schema s.json\n{HEAD}")));
    }
}
