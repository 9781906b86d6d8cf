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
use serde_json::{Value, json};

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

/// What a schema is about: a rule about anything else could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Top,
    Variables,
    Secrets,
    Secret,
    Text,
    Flag,
    /// A field of any type.
    Any,
}

impl About {
    fn fields(self) -> &'static [(&'static str, Self)] {
        match self {
            Self::Top => &[
                ("description", Self::Text),
                ("confirm", Self::Flag),
                ("banner", Self::Text),
                ("audit_log", Self::Text),
                ("requires_env", Self::Variables),
                ("secrets", Self::Secrets),
            ],
            Self::Variables => &[("QLI_ENV", Self::Text), ("x", Self::Text)],
            Self::Secret => &[("env", Self::Text), ("ref", Self::Text)],
            Self::Secrets | Self::Text | Self::Flag | Self::Any => &[],
        }
    }

    /// The types that a manifest has there: a rule about another one is refused.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Top | Self::Variables | Self::Secret => &["object"],
            Self::Secrets => &["array"],
            Self::Text => &["string"],
            Self::Flag => &["boolean"],
            Self::Any => &["string", "boolean", "object", "array"],
        }
    }

    /// What the fields without a rule of their own are.
    fn others(self) -> Self {
        if self == Self::Top {
            Self::Any
        } else {
            Self::Text
        }
    }

    /// A rule without schemas in it.
    fn leaf(self) -> BoxedStrategy<Value> {
        let of_type = prop::sample::select(self.types()).prop_map(|one| json!({ "type": one }));
        let own = match self {
            Self::Top | Self::Variables | Self::Secret => {
                let names: Vec<_> = self.fields().iter().map(|(name, _)| *name).collect();
                let required = prop::sample::select(names);
                (required, 0..4)
                    .prop_map(|(name, max)| json!({ "required": [name], "maxProperties": max }))
                    .boxed()
            }
            Self::Secrets => (0..4).prop_map(|max| json!({ "maxItems": max })).boxed(),
            Self::Text => prop_oneof![
                Just(json!({ "const": "prod" })),
                (prop::sample::select(vec!["^a", "o", "(?=.*e)d"]), 0..4)
                    .prop_map(|(pattern, max)| json!({ "pattern": pattern, "maxLength": max })),
            ]
            .boxed(),
            Self::Flag => any::<bool>()
                .prop_map(|one| json!({ "const": one }))
                .boxed(),
            Self::Any => Just(json!({ "enum": [true, "a"] })).boxed(),
        };
        prop_oneof![of_type, own].boxed()
    }

    /// A rule with other rules about the same value, or about what is in it.
    fn schema(self, depth: usize) -> BoxedStrategy<Value> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.leaf();
        };
        let inner = move || self.schema(depth);
        let lists = prop::sample::select(vec!["allOf", "anyOf", "oneOf"]);
        let of_same = prop_oneof![
            self.leaf(),
            inner().prop_map(|one| json!({ "not": one })),
            (lists, prop::collection::vec(inner(), 1..4))
                .prop_map(|(list, all)| json!({ list: all })),
            (inner(), inner(), inner())
                .prop_map(|(test, yes, no)| json!({ "if": test, "then": yes, "else": no })),
        ];
        match self {
            Self::Secrets => {
                let keyword = prop::sample::select(vec!["items", "contains", "unevaluatedItems"]);
                let of_elements = (keyword, Self::Secret.schema(depth))
                    .prop_map(|(keyword, one)| json!({ keyword: one }));
                prop_oneof![of_same, of_elements].boxed()
            }
            Self::Top | Self::Variables | Self::Secret => {
                prop_oneof![of_same, self.of_fields(depth)].boxed()
            }
            Self::Text | Self::Flag | Self::Any => of_same.boxed(),
        }
    }

    fn of_fields(self, depth: usize) -> impl Strategy<Value = Value> {
        let field = prop::sample::select(self.fields());
        let field = field.prop_flat_map(move |(name, about)| {
            let schema = prop_oneof![about.schema(depth), Just(json!(false))];
            schema.prop_map(move |one| json!({ name: one }))
        });
        let others = prop::sample::select(vec!["additionalProperties", "unevaluatedProperties"]);
        prop_oneof![
            field
                .clone()
                .prop_map(|field| json!({ "properties": field })),
            Self::Text
                .schema(depth)
                .prop_map(|one| json!({ "propertyNames": one })),
            (field, others, self.others().schema(depth))
                .prop_map(|(field, others, any)| json!({ "properties": field, others: any })),
        ]
    }
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
    fn a_policy_never_changes_what_the_parser_reports(text in texts(), schema in About::Top.schema(3)) {
        let location = tempfile::tempdir().unwrap();
        let path = location.path().join("p.json");
        // A policy must have a rule.
        let policy = json!({ "allOf": [schema] });
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
