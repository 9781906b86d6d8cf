//! How many problems of one file are listed; the rest are counted, so that no file
//! makes qli use much memory or print much.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Code, Diagnostic, Diagnostics, Severity, sorted};
use crate::names::plural;

/// The most problems of one file that are listed.
pub const LISTED_MAX: usize = 100;

/// How many problems are collected before they are limited.
const COLLECTED_MAX: usize = 10 * LISTED_MAX;

/// The problems of a file that are not listed.
#[derive(Debug, Clone, Default)]
pub struct Unlisted {
    counts: BTreeMap<(Severity, Code), usize>,
    /// Whether a part of the file was not checked.
    is_partial: bool,
}

impl Unlisted {
    /// Counts a problem, or those that another one counts.
    fn add(&mut self, one: &Diagnostic) {
        for (severity, code, count) in one.kinds() {
            *self.counts.entry((severity, code)).or_default() += count;
        }
        let partial = one.unlisted.as_ref().map(|unlisted| unlisted.is_partial);
        self.is_partial |= partial.unwrap_or_default();
    }

    /// The problem that stands for the others; it has the worst of their severities.
    fn diagnostic(self, path: &Path) -> Option<Diagnostic> {
        let (severity, _) = *self.counts.keys().next()?;
        let kinds = [
            (Severity::Error, "more error"),
            (Severity::Warning, "more warning"),
            (Severity::Info, "more note"),
        ];
        let count = |severity| {
            let kinds = self.counts.iter();
            let of_kind = kinds.filter(|((one, _), _)| *one == severity);
            of_kind.map(|(_, count)| *count).sum::<usize>()
        };
        let counts = kinds.map(|(severity, noun)| (count(severity), noun));
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, noun)| plural(count, noun)).collect();
        let rest = if self.is_partial {
            "; the rest of the file is not checked"
        } else {
            ""
        };
        let message = format!("not listed: {}{rest}", counts.join(", "));
        let one = Diagnostic::of_path(Code::MoreProblems, path, message);
        Some(Diagnostic {
            severity,
            unlisted: Some(Box::new(self)),
            ..one.help("fix the problems above, then check the file again")
        })
    }
}

impl Diagnostic {
    /// A problem for a file of which only a part is checked.
    pub fn partly_checked(path: &Path, code: Code) -> Option<Self> {
        let counts = BTreeMap::from([((code.severity(), code), 1)]);
        let is_partial = true;
        Unlisted { counts, is_partial }.diagnostic(path)
    }

    /// What it counts for: itself, or the problems that are not listed.
    pub fn kinds(&self) -> impl Iterator<Item = (Severity, Code, usize)> {
        let own = self.unlisted.is_none();
        let own = own.then_some((self.severity, self.code, 1));
        let counted = self.unlisted.iter().flat_map(|unlisted| &unlisted.counts);
        let counted = counted.map(|((severity, code), count)| (*severity, *code, *count));
        own.into_iter().chain(counted)
    }
}

/// How many problems of a severity there are, listed or not.
pub fn count(found: &[Diagnostic], severity: Severity) -> usize {
    let kinds = found.iter().flat_map(Diagnostic::kinds);
    let of_kind = kinds.filter(|(one, ..)| *one == severity);
    of_kind.map(|(_, _, count)| count).sum()
}

/// Adds a problem to those of a file, and keeps no more than are listed of many.
pub fn collect(found: &mut Diagnostics, one: Diagnostic) {
    found.push(one);
    if found.len() >= COLLECTED_MAX {
        *found = sorted(std::mem::take(found));
    }
}

/// Lists the first problems of each file, an error before any warning, and counts the
/// rest.
pub(super) fn limited(found: Diagnostics) -> Diagnostics {
    if found.len() <= LISTED_MAX && found.iter().all(|one| one.unlisted.is_none()) {
        return found;
    }
    let mut limited = Diagnostics::with_capacity(found.len().min(COLLECTED_MAX));
    let mut found = found.into_iter().peekable();
    while let Some(first) = found.next() {
        let path = first.path().to_owned();
        let mut file = vec![first];
        while let Some(next) = found.next_if(|next| next.path() == path) {
            file.push(next);
        }
        limit(&path, file, &mut limited);
    }
    limited
}

fn limit(path: &Path, file: Diagnostics, limited: &mut Diagnostics) {
    let mut left = LISTED_MAX;
    let mut allowed = BTreeMap::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let listed = file.iter().filter(|one| one.unlisted.is_none());
        let of_kind = listed.filter(|one| one.severity == severity).count();
        allowed.insert(severity, of_kind.min(left));
        left -= of_kind.min(left);
    }
    let mut unlisted = Unlisted::default();
    for one in file {
        match allowed.get_mut(&one.severity) {
            Some(allowed @ 1..) if one.unlisted.is_none() => {
                *allowed -= 1;
                limited.push(one);
            }
            _ => unlisted.add(&one),
        }
    }
    limited.extend(unlisted.diagnostic(path));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::diagnostics::Source;

    fn source() -> Arc<Source> {
        Arc::new(Source::new("m".as_ref(), " ".repeat(5_000).as_bytes()).unwrap())
    }

    fn found(source: &Arc<Source>, code: Code, at: std::ops::Range<usize>) -> Diagnostics {
        let one = |at| Diagnostic::at(code, source, at..at, "m".to_owned());
        at.map(one).collect()
    }

    #[test]
    fn no_warning_hides_an_error_and_the_rest_is_counted() {
        let source = source();
        let warnings = found(&source, Code::HiddenCharacter, 0..120);
        let errors = found(&source, Code::UnknownField, 200..230);
        let all = sorted([warnings, errors].concat());
        assert_eq!(all.len(), LISTED_MAX + 1);
        let last = all.last().unwrap();
        assert_eq!(last.message, "not listed: 50 more warnings");
        assert_eq!(
            (last.code, last.severity),
            (Code::MoreProblems, Severity::Warning)
        );
        assert!(all[70..100].iter().all(Diagnostic::is_error));
        let counts = [Severity::Error, Severity::Warning].map(|one| count(&all, one));
        assert_eq!(counts, [30, 120]);
    }

    #[test]
    fn what_is_collected_bit_by_bit_is_what_is_sorted_at_once() {
        let source = source();
        let all = [
            found(&source, Code::UnknownField, 0..4_000),
            found(&source, Code::HiddenCharacter, 100..200),
        ];
        let mut list = Diagnostics::default();
        for one in all.concat().into_iter().rev() {
            collect(&mut list, one);
            assert!(list.len() < COLLECTED_MAX);
        }
        let shown = |list| -> Vec<_> {
            let list: Diagnostics = sorted(list);
            list.iter()
                .map(|one| (one.path().to_owned(), one.message.clone()))
                .collect()
        };
        let once = shown(all.concat());
        assert_eq!(shown(list.clone()), once);
        assert_eq!(shown(sorted(list)), once);
        let rest = "not listed: 3,900 more errors, 100 more warnings";
        assert_eq!(once.last().unwrap().1, rest);
    }

    #[test]
    fn each_file_has_its_own_limit() {
        let of = |path: &str| Diagnostic::of_path(Code::NoManifest, path, "m".to_owned());
        let many = |path| {
            (0..150).map(move |nth| Diagnostic {
                message: nth.to_string(),
                ..of(path)
            })
        };
        let all = sorted(many("a").chain(many("b")).chain([of("c")]).collect());
        let of_file = |path: &str| {
            all.iter()
                .filter(|one| one.path() == Path::new(path))
                .count()
        };
        assert_eq!(["a", "b", "c"].map(of_file), [101, 101, 1]);
    }

    #[test]
    fn a_file_that_is_checked_in_part_is_said_to_be() {
        let mut all = found(&source(), Code::SyntaxError, 0..100);
        all.extend(Diagnostic::partly_checked("m".as_ref(), Code::SyntaxError));
        let rest = "not listed: 1 more error; the rest of the file is not checked";
        assert_eq!(sorted(all).last().unwrap().message, rest);
    }
}
