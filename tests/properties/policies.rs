//! The policies in the manual with their samples, and properties of all policies.
//! `QLI_BLESS=1` rewrites the reports of the samples.
#![cfg(feature = "policy")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use qli::testing::diagnostics::{Code, Diagnostics, Location, Source, has_errors, sorted};
use qli::testing::host::System;
use qli::testing::manifest::{parse, problems};
use qli::testing::policy::Policies;
use qli::testing::report::concise;
use serde_json::Value;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files of a directory with an extension, sorted.
fn files(directory: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == ending))
        .collect();
    paths.sort_unstable();
    paths
}

/// The policies in the manual.
fn policies() -> Vec<PathBuf> {
    let all = files(&project().join("docs/policies"), "json");
    assert_eq!(all.len(), 5);
    all
}

fn load(path: &Path) -> Policies {
    let (policies, found) = Policies::load(&[path.to_owned()], &System::start());
    assert!(found.is_empty(), "{}", concise(&found));
    policies
}

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(Path::new(name), text.as_bytes()).unwrap())
}

#[test]
fn each_policy_in_the_manual_reports_exactly_its_violations() {
    for path in policies() {
        let policy = load(&path);
        let name = path.file_stem().unwrap();
        let samples = project().join("tests/policies").join(name);
        let (mut violating, mut compliant) = (0, 0);
        for sample in files(&samples, "toml") {
            let short = sample.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&sample).unwrap();
            let manifest = parse(&source(short, &text)).unwrap();
            assert!(manifest.warnings.is_empty(), "{short}");
            let here = format!("{}/", project().display());
            let report = concise(&sorted(policy.check(&manifest))).replace(&here, "");
            assert_eq!(
                report.is_empty(),
                short.starts_with("satisfies-"),
                "{short}"
            );
            if report.is_empty() {
                compliant += 1;
            } else {
                violating += 1;
                assert_expected(&sample.with_extension("expected"), &report);
            }
        }
        assert!(
            violating > 0 && compliant > 0,
            "{} has no samples",
            path.display()
        );
    }
}

fn assert_expected(file: &Path, report: &str) {
    if std::env::var_os("QLI_BLESS").is_some() {
        fs::write(file, report).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(expected, report, "{}", file.display());
}

/// Returns the code blocks of the manual.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    let parts = text.split(begin.as_str()).skip(1);
    parts
        .map(|part| part.split("```\n").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_manual_shows_each_policy_file_unchanged() {
    let manual = fs::read_to_string(project().join("docs/policies.md")).unwrap();
    let shown = blocks(&manual, "json");
    for path in policies() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            shown.contains(&text),
            "the manual shows {} differently",
            path.display()
        );
        let link = format!("(policies/{})", path.file_name().unwrap().to_str().unwrap());
        assert!(manual.contains(&link), "no link {link}");
    }
    // The other policies in the manual load too.
    let location = tempfile::tempdir().unwrap();
    for (ending, text) in ["json", "toml"]
        .into_iter()
        .flat_map(|ending| {
            blocks(&manual, ending)
                .into_iter()
                .map(move |text| (ending, text))
        })
        .filter(|(ending, text)| *ending == "json" || text.contains("x-qli"))
    {
        let path = location.path().join(format!("policy.{ending}"));
        fs::write(&path, text).unwrap();
        load(&path);
    }
}

/// Manifests: the samples, and samples without one of their lines.
fn texts() -> impl Strategy<Value = String> {
    let manifests = project().join("tests/manifests");
    let directories = [manifests.join("valid"), manifests.join("invalid")];
    let own = policies().into_iter().map(|path| {
        let name = path.file_stem().unwrap().to_owned();
        project().join("tests/policies").join(name)
    });
    let all = directories.into_iter().chain(own);
    let all = all.flat_map(|directory| files(&directory, "toml"));
    let all: Vec<_> = all
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect();
    let removed = prop_oneof![Just(None), any::<prop::sample::Index>().prop_map(Some)];
    (prop::sample::select(all), removed).prop_map(|(text, removed)| {
        let mut lines: Vec<_> = text.split_inclusive('\n').collect();
        if let Some(at) = removed.filter(|_| !lines.is_empty()) {
            lines.remove(at.index(lines.len()));
        }
        lines.concat()
    })
}

/// Schemas with rules about values of all types.
fn schemas() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "description",
        "confirm",
        "banner",
        "audit_log",
        "requires_env",
        "secrets",
        "QLI_ENV",
        "env",
        "x",
    ]);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        names.clone().prop_map(|name| serde_json::json!({ "required": [name] })),
        prop::sample::select(vec!["string", "boolean", "object", "array"])
            .prop_map(|kind| serde_json::json!({ "type": kind })),
        prop::sample::select(vec!["^a", "o", "(?=.*e)d"])
            .prop_map(|pattern| serde_json::json!({ "pattern": pattern })),
        (0..4).prop_map(|count| serde_json::json!({ "maxLength": count, "maxProperties": count, "maxItems": count })),
    ];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let keyword = prop::sample::select(vec![
            "not",
            "items",
            "contains",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
        ]);
        let list = prop::sample::select(vec!["allOf", "anyOf", "oneOf"]);
        let choice = (inner.clone(), inner.clone(), inner.clone());
        let by_name = prop::collection::btree_map(names.clone(), inner.clone(), 1..4);
        prop_oneof![
            prop::collection::btree_map(keyword, inner.clone(), 1..4)
                .prop_map(|fields| serde_json::json!(fields)),
            (list, prop::collection::vec(inner, 1..4))
                .prop_map(|(list, all)| serde_json::json!({ list: all })),
            choice.prop_map(
                |(test, yes, no)| serde_json::json!({ "if": test, "then": yes, "else": no })
            ),
            by_name.prop_map(|fields| serde_json::json!({ "properties": fields })),
        ]
    })
}

fn assert_sound(text: &str, violations: &Diagnostics) {
    for one in violations {
        assert_eq!(one.code, Code::PolicyViolation, "{one:?}");
        assert!(one.policy.is_some() && !one.message.is_empty(), "{one:?}");
        let Location::Text { source, span } = &one.location else {
            panic!("no location: {one:?}");
        };
        assert_eq!(source.text(), text);
        assert!(text.get(span.clone()).is_some(), "{one:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_policy_never_changes_what_the_parser_reports(text in texts(), schema in schemas()) {
        let location = tempfile::tempdir().unwrap();
        let path = location.path().join("p.json");
        // A policy must have a rule.
        let policy = serde_json::json!({ "allOf": [schema] });
        fs::write(&path, policy.to_string()).unwrap();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let source = source("m", text);
        let alone = problems(&source);
        match parse(&source) {
            Ok(manifest) => {
                prop_assert_eq!(concise(&manifest.warnings), concise(&alone));
                prop_assert!(!has_errors(&alone));
                let violations = load(&path).check(&manifest);
                assert_sound(text, &violations);
                // A second compilation finds the same, in the same order.
                let again = sorted(load(&path).check(&manifest));
                prop_assert_eq!(concise(&sorted(violations)), concise(&again));
                // There are violations if and only if the schema does not accept
                // the manifest.
                let manifest: toml::Table = toml::from_str(text).unwrap();
                let manifest = serde_json::to_value(manifest).unwrap();
                prop_assert_eq!(jsonschema::is_valid(&policy, &manifest), again.is_empty());
            }
            Err(found) => {
                prop_assert_eq!(concise(&found), concise(&alone));
                prop_assert!(has_errors(&found));
            }
        }
    }
}
