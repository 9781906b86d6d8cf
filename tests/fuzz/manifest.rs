//! Any bytes, read as a manifest and reported in every form: nothing panics,
//! and locations are inside the text, and no output can control a terminal.
//!
//! `tests/fuzz/run` builds and runs it for some seconds.
#![no_main]
#![expect(
    clippy::disallowed_methods,
    reason = "`fuzz_target!` holds a way to write the input down"
)]

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::{Corpus, fuzz_target};
use qli::testing::diagnostics::{Code, Diagnostic, Diagnostics, Location, Safety, Source, has_errors};
use qli::testing::manifest;
use qli::testing::names::{is_hidden, to_json_pretty};
use qli::testing::report::{DiagnosticsDocument, Style, concise, diagnostics};

/// Problems of one file that are rendered; the others are only counted.
const DRAWN: usize = 50;

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match manifest::source(Path::new("g/_manifest.toml"), Ok(bytes.to_vec())) {
        Ok(source) => {
            if let Some(fixed) = fixed(&source, &problems(&source)) {
                drop(problems(&fixed));
            }
            Corpus::Keep
        }
        Err(one) => {
            check(&one.into());
            // Longer inputs would fail at the same byte.
            Corpus::Reject
        }
    }
});

/// Reads a text and checks its problems.
fn problems(source: &Arc<Source>) -> Diagnostics {
    let found = match manifest::parse(source) {
        Ok(manifest) => {
            assert!(!has_errors(&manifest.warnings), "a manifest in spite of an error");
            manifest.warnings
        }
        Err(found) => {
            assert!(has_errors(&found), "no manifest in spite of no error");
            found
        }
    };
    check(&found);
    found
}

fn check(found: &Diagnostics) {
    for one in found {
        check_locations(one);
    }
    check_screens(found);
    let document = DiagnosticsDocument::new(1, found);
    assert_harmless(&to_json_pretty(&document));
}

/// Every location is inside the text, with the right line and column.
fn check_locations(one: &Diagnostic) {
    let (source, span) = location(one);
    assert!(is_in(source, span), "the location is wrong: {one:?}");
    let labels = one.labels.iter().map(|label| &label.span);
    let fix = one.fix.iter().map(|fix| &fix.span);
    for other in labels.chain(fix) {
        assert!(is_in(source, other), "{other:?} is wrong: {one:?}");
    }
    let before = source.text().get(..span.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let at = source.position(span.start);
    assert_eq!(at.line, before.matches('\n').count() + 1, "{one:?}");
    // A byte-order mark has no column.
    let shown = line.strip_prefix('\u{feff}').filter(|_| at.line == 1);
    let column = shown.unwrap_or(line).chars().count() + 1;
    assert_eq!(at.column, column, "{one:?}");
}

fn location(one: &Diagnostic) -> (&Arc<Source>, &Range<usize>) {
    match &one.location {
        Location::Text { source, span } => (source, span),
        Location::Path(path) => unreachable!("no location in {}: {one:?}", path.display()),
    }
}

fn is_in(source: &Source, span: &Range<usize>) -> bool {
    source.text().get(span.clone()).is_some()
}

/// No output can control a terminal or omits a problem.
fn check_screens(found: &Diagnostics) {
    let lines = concise(found);
    assert_harmless(&lines);
    assert_eq!(lines.lines().count(), found.len(), "{lines:?}");
    assert_names_all(found, found.len(), &lines);
    for (width, unicode) in [(40, false), (200, true)] {
        let drawn = diagnostics(found, &style(width, unicode));
        assert_harmless(&drawn);
        assert_names_all(found, DRAWN, &drawn);
        assert_locations(found, &drawn);
    }
}

/// Reports have the same lines and columns as everything else.
fn assert_locations(found: &Diagnostics, drawn: &str) {
    for one in found.iter().take(DRAWN) {
        let (source, span) = location(one);
        let at = source.position(span.start);
        let mark = format!("{}:{}]", at.line, at.column);
        assert!(drawn.contains(&mark), "{mark} of {one:?}: {drawn:?}");
    }
}

fn style(width: usize, unicode: bool) -> Style {
    Style {
        color: false,
        width,
        unicode,
        terminal: false,
        home: None,
    }
}

fn assert_harmless(screen: &str) {
    let hidden = screen.chars().find(|&c| c != '\n' && is_hidden(c));
    assert!(hidden.is_none(), "{hidden:?} in {screen:?}");
}

/// The output has the number of each of the first problems, in one piece.
fn assert_names_all(found: &Diagnostics, first: usize, screen: &str) {
    let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
    for one in found.iter().take(first) {
        *counts.entry(one.code).or_default() += 1;
    }
    for (code, count) in counts {
        let named = screen.matches(code.number()).count();
        assert!(named >= count, "{code:?} {named} of {count}: {screen:?}");
    }
}

/// Applies every safe fix, if there is one.
fn fixed(source: &Arc<Source>, found: &Diagnostics) -> Option<Arc<Source>> {
    let fixes = found.iter().filter_map(|one| one.fix.as_ref());
    let mut fixes: Vec<_> = fixes.filter(|fix| fix.safety == Safety::Safe).collect();
    fixes.sort_by_key(|fix| fix.span.start);
    let mut text = String::new();
    let mut at = 0;
    for fix in &fixes {
        let kept = source.text().get(at..fix.span.start);
        assert!(kept.is_some(), "two fixes overlap at {at}: {fix:?}");
        text.push_str(kept.unwrap_or_default());
        text.push_str(&fix.replacement);
        at = fix.span.end;
    }
    text.push_str(source.text().get(at..)?);
    let fixed = || manifest::source(source.path(), Ok(text.into_bytes())).ok();
    (!fixes.is_empty()).then(fixed).flatten()
}
