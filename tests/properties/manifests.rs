//! Manifests: samples with their reports, and what must hold for every text.
//! `QLI_BLESS=1` rewrites the reports.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use qli::testing::diagnostics::{Code, Diagnostic, Diagnostics, Location, Source, has_errors};
use qli::testing::manifest::{self, Manifest};
use qli::testing::report::{Style, concise, diagnostics};

mod validators;

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/manifests")
        .join(name)
}

fn samples(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory(name)).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    paths.sort_unstable();
    paths
}

/// Reads bytes as the manifest of a name.
fn read(name: &str, bytes: &[u8]) -> Result<Manifest, Diagnostics> {
    manifest::parse(&manifest::source(Path::new(name), Ok(bytes.to_vec()))?)
}

fn read_sample(path: &Path) -> Result<Manifest, Diagnostics> {
    read(
        path.file_name().unwrap().to_str().unwrap(),
        &fs::read(path).unwrap(),
    )
}

fn style() -> Style {
    Style {
        color: false,
        width: 80,
        unicode: true,
        terminal: false,
        home: None,
    }
}

/// The report in its short and its long form.
fn report(found: &Diagnostics) -> String {
    format!("{}\n{}", concise(found), diagnostics(found, &style()))
}

/// Compares a report with the expected one next to the sample.
fn differs(sample: &Path, report: &str) -> Option<String> {
    let file = sample.with_extension("expected");
    if std::env::var_os("QLI_BLESS").is_some() {
        if report.is_empty() {
            drop(fs::remove_file(&file));
        } else {
            fs::write(&file, report).unwrap();
        }
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    (expected != report).then(|| format!("{}\n{report}", sample.display()))
}

#[test]
fn valid_samples_parse_and_only_those_named_warns_have_warnings() {
    let samples = samples("valid");
    assert!(samples.len() >= 30);
    let differing = samples.iter().filter_map(|sample| {
        let manifest = read_sample(sample)
            .unwrap_or_else(|found| panic!("{}\n{}", sample.display(), report(&found)));
        let name = sample.file_name().unwrap().to_str().unwrap();
        assert_eq!(
            name.starts_with("warns-"),
            !manifest.warnings.is_empty(),
            "{name}"
        );
        let report = if manifest.warnings.is_empty() {
            String::new()
        } else {
            report(&manifest.warnings)
        };
        differs(sample, &report)
    });
    let differing: Vec<_> = differing.collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn every_invalid_sample_has_its_expected_report() {
    let samples = samples("invalid");
    assert!(samples.len() >= 80);
    let differing: Vec<_> = samples
        .iter()
        .filter_map(|sample| {
            let found = read_sample(sample).expect_err(&sample.display().to_string());
            assert!(has_errors(&found), "{}", sample.display());
            differs(sample, &report(&found))
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{}\n{} reports differ: QLI_BLESS=1 rewrites them",
        differing.join("\n"),
        differing.len()
    );
}

#[test]
fn ten_errors_are_reported_as_ten_problems() {
    let found = read_sample(&directory("invalid/ten-errors.toml")).unwrap_err();
    assert_eq!(
        found.iter().filter(|one| one.is_error()).count(),
        10,
        "{}",
        concise(&found)
    );
}

/// Whether the text of a manifest can have this code: not a file that cannot be read
/// or is too large, or has more problems than are listed, or what is found elsewhere.
fn is_of_text(code: Code) -> bool {
    let number = code.number();
    let of_files = [
        "QLI0001", "QLI0003", "QLI0011", "QLI0302", "QLI0303", "QLI0304", "QLI0502",
    ];
    number < "QLI0600" && !of_files.contains(&number)
}

#[test]
fn every_code_about_a_text_has_a_sample() {
    let all = [samples("valid"), samples("invalid")].concat();
    let reports: Vec<_> = all
        .iter()
        .filter_map(|sample| fs::read_to_string(sample.with_extension("expected")).ok())
        .collect();
    for code in Code::ALL.iter().filter(|code| is_of_text(**code)) {
        assert!(
            reports.iter().any(|report| report.contains(code.number())),
            "no sample has {code:?}"
        );
    }
}

#[test]
fn a_report_does_not_depend_on_the_path_of_the_manifest() {
    for sample in samples("invalid") {
        let bytes = fs::read(&sample).unwrap();
        let of = |name: &str| concise(&read(name, &bytes).unwrap_err()).replace(name, "");
        assert_eq!(of("a/_manifest.toml"), of("/somewhere/else/b"));
    }
}

/// Whether a block's first line is only the name of a file: `# tombi.toml`.
fn names_another_file(block: &str) -> bool {
    let first = block.lines().next().unwrap_or_default();
    first.starts_with("# ") && first.matches(' ').count() == 1
}

/// A block without `schema_version` is a part of a manifest: the two fields that
/// every one has are added before it.
#[test]
fn the_examples_in_the_manual_are_valid() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for page in [
        "README.md",
        "docs/manifest.md",
        "docs/audit.md",
        "docs/editors.md",
    ] {
        let text = fs::read_to_string(project.join(page)).unwrap();
        let blocks = text.split("```toml\n").skip(1);
        let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
        for block in blocks.filter(|block| !names_another_file(block)) {
            let head = "schema_version = 1\ndescription = \"d\"\n";
            let is_whole = block.contains("schema_version");
            let manifest = if is_whole {
                block.to_owned()
            } else {
                format!("{head}{block}")
            };
            let found = read(page, manifest.as_bytes());
            assert!(found.is_ok(), "{page}: {}", report(&found.unwrap_err()));
            assert!(found.unwrap().warnings.is_empty(), "{page}: {manifest}");
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}

/// No fix causes a new problem either.
#[test]
fn fixing_a_fixed_sample_changes_nothing() {
    let mut fixed = 0;
    for sample in [samples("valid"), samples("invalid")].concat() {
        let Ok(source) = manifest::source(&sample, Ok(fs::read(&sample).unwrap())) else {
            continue;
        };
        let Some(text) = manifest::apply_fixes(&source, None).text else {
            continue;
        };
        fixed += 1;
        let after = Arc::new(Source::new(&sample, text.as_bytes()).unwrap());
        let again = manifest::apply_fixes(&after, None);
        assert_eq!(again.text, None, "{}", sample.display());
        let mut left: Vec<_> = manifest::problems(&source)
            .iter()
            .map(|one| one.code)
            .collect();
        for one in manifest::problems(&after) {
            let known = left.iter().position(|code| *code == one.code);
            left.remove(known.unwrap_or_else(|| panic!("{}: {one:?}", sample.display())));
        }
    }
    assert!(fixed > 5);
}

/// Realistic texts: samples with some bytes changed, lines moved,
/// duplicated or removed.
fn texts() -> impl Strategy<Value = String> {
    let all: Vec<String> = [samples("valid"), samples("invalid")]
        .concat()
        .iter()
        .filter_map(|sample| fs::read_to_string(sample).ok())
        .collect();
    let change = prop_oneof![
        (
            any::<prop::sample::Index>(),
            "[\\x00-\\x7f]|[\"'\\[\\]{}=#\\n\\\\,]|\u{e4}|\u{202e}|\u{1f600}"
        )
            .prop_map(|(at, text)| Change::Insert(at, text)),
        (any::<prop::sample::Index>(), 1..8usize)
            .prop_map(|(at, length)| Change::Remove(at, length)),
        (any::<prop::sample::Index>(), any::<prop::sample::Index>())
            .prop_map(|(from, to)| Change::Line(from, to)),
    ];
    (
        prop::sample::select(all),
        prop::collection::vec(change, 0..6),
    )
        .prop_map(|(text, changes)| {
            changes
                .into_iter()
                .fold(text, |text, change| change.apply(&text))
        })
}

#[derive(Debug, Clone)]
enum Change {
    Insert(prop::sample::Index, String),
    Remove(prop::sample::Index, usize),
    Line(prop::sample::Index, prop::sample::Index),
}

impl Change {
    fn apply(self, text: &str) -> String {
        let border = |at: usize| text.floor_char_boundary(at);
        match self {
            Self::Insert(at, new) => {
                let at = border(at.index(text.len() + 1));
                format!("{}{new}{}", &text[..at], &text[at..])
            }
            Self::Remove(at, length) => {
                let start = border(at.index(text.len() + 1));
                let end = border((start + length).min(text.len())).max(start);
                format!("{}{}", &text[..start], &text[end..])
            }
            Self::Line(from, to) => {
                let mut lines: Vec<_> = text.split_inclusive('\n').collect();
                if let Some(line) = lines.get(from.index(lines.len().max(1))).copied() {
                    lines.insert(to.index(lines.len() + 1), line);
                }
                lines.concat()
            }
        }
    }
}

/// What a schema cannot express; its description lists the same.
const BEYOND_A_SCHEMA: [Code; 18] = [
    Code::DuplicateSecret,
    Code::SecretAlsoRequired,
    Code::MalformedReference,
    Code::AuditPathMalformed,
    Code::AuditPathRelative,
    Code::MisplacedField,
    Code::NulCharacter,
    Code::WeakenedGuard,
    Code::AuditWithoutLog,
    Code::Contradiction,
    Code::TimeoutMissing,
    Code::MaskMissing,
    Code::MalformedProvider,
    Code::UnknownProvider,
    Code::ForeignReference,
    Code::LoaderVariable,
    Code::KeepWithoutEffect,
    Code::SetEnvConflict,
];

/// Whether no schema can reject this.
fn is_beyond(one: &Diagnostic) -> bool {
    let by_qli = ["is set by qli itself", "is for qli itself"];
    let own = by_qli.iter().any(|end| one.message.ends_with(end));
    let own = own && one.code == Code::InvalidEnvName;
    own || !one.is_error() || BEYOND_A_SCHEMA.contains(&one.code)
}

/// A text as JSON; none if it is not TOML.
fn instance(text: &str) -> Option<serde_json::Value> {
    let value: toml::Table = toml::from_str(text).ok()?;
    Some(serde_json::to_value(value).unwrap())
}

/// Compares the verdicts of the schema and the parser.
fn assert_agree(text: &str, accepted: bool) {
    match read("m", text.as_bytes()) {
        // To JSON 1.0 is the integer 1.
        Err(found)
            if found
                .iter()
                .any(|one| one.message.ends_with("but is a float")) => {}
        Ok(_) => assert!(accepted, "only the schema rejects this:\n{text}"),
        Err(found) if found.iter().all(is_beyond) => {
            // A field below the wrong header may have the wrong type there, and the schema
            // knows the grammar of a provider's name.
            let may_differ = found.iter().any(|one| {
                let codes = [
                    Code::MisplacedField,
                    Code::MalformedProvider,
                    Code::UnknownProvider,
                ];
                codes.contains(&one.code)
            });
            assert!(
                accepted || may_differ,
                "the schema rejects what only the parser should:\n{text}"
            );
        }
        Err(found) => assert!(
            !accepted,
            "only the parser rejects this:\n{text}\n{}",
            concise(&found)
        ),
    }
}

/// Compares the verdicts of our schema and the parser on a text that is TOML.
fn assert_ours_agrees(text: &str) {
    thread_local!(static SCHEMA: jsonschema::Validator =
        jsonschema::validator_for(manifest::schema().as_value()).unwrap());
    if let Some(instance) = instance(text) {
        assert_agree(text, SCHEMA.with(|schema| schema.is_valid(&instance)));
    }
}

#[test]
fn schema_and_parser_agree_over_all_samples() {
    for sample in [samples("valid"), samples("invalid")].concat() {
        if let Ok(text) = fs::read_to_string(&sample) {
            assert_ours_agrees(text.trim_start_matches('\u{feff}'));
        }
    }
}

/// Valid fields, and some invalid ones.
const LINES: &[&str] = &[
    "schema_version = 1",
    "schema_version = 2",
    "schema_version = \"1\"",
    "schema_version = 1.0",
    "description = \"d\"",
    "description = \"\"",
    "description = 1979-05-27",
    "banner = \"B\"",
    "banner = [\"B\"]",
    "confirm = true",
    "confirm = 1",
    "audit_log = \"/l\"",
    "audit_log = \"\"",
    "audit_log = \"l\"",
    "requires_env = { A = \"1\", \"B C\" = \"2\" }",
    "requires_env = { A = 1 }",
    "requires_env = { confirm = \"x\" }",
    "requires_env = {}",
    "requires_env = []",
    "secrets = []",
    "secrets = [1]",
    "secrets = { env = \"A\" }",
    "secrets = [{ env = \"A\", ref = \"A\", provider = \"env\" }]",
    "secrets = [{ env = \"A\", ref = \"\", provider = \"env\" }]",
    "secrets = [{ env = \"1\", ref = \"A\", provider = \"env\" }]",
    "secrets = [{ env = \"QLI_GROUP\", ref = \"A\", provider = \"env\" }]",
    "secrets = [{ env = \"A\", ref = \"op://v/i/f\", provider = \"one_password\" }]",
    "secrets = [{ env = \"A\", ref = \"A\", provider = \"vault\" }]",
    "secrets = [{ env = \"A\", ref = \"A\" }]",
    "secrets = [{ env = \"A\", ref = \"A\", provider = \"env\", deliver = \"file\" }]",
    "secrets = [{ env = \"A\", ref = \"A\", provider = \"env\", deliver = \"pipe\" }]",
    "secrets = [{ env = \"A_FILE\", ref = \"A\", provider = \"env\" }]",
    "secrets = [{ env = \"A\", ref = \"A\", provider = \"env\", x = 1 }]",
    "extensions = {}",
    "extensions = 1",
    "extensions = { a = 1 }",
    "extensions = { \"a b\" = {} }",
    "extensions = { \"\" = {} }",
    "extensions = { a = { confirm = false, description = \"x\" }, b = {} }",
    "extensions = { a = { banner = \"B\" } }",
    "extensions = { a = { schema_version = 1 } }",
    "extensions = { a = { confirm = 1 } }",
    "extensions = { a = { requires_env = { A = \"2\" } } }",
    "extensions = { a = { requires_env = { A = 2 } } }",
    "extensions = { a = { secrets = [{ env = \"A\", ref = \"B\", provider = \"env\" }] } }",
    "extensions = { a = { secrets = [{ env = \"A\" }] } }",
    "environment = \"inherit\"",
    "environment = \"scrub\"",
    "environment = \"clean\"",
    "environment = \"none\"",
    "environment = true",
    "keep = []",
    "keep = [\"AWS_*\", \"PGHOST\"]",
    "keep = [\"*\"]",
    "keep = [\"A*B\"]",
    "keep = \"A\"",
    "keep = [1]",
    "set_env = {}",
    "set_env = { A = \"1\", LD_PRELOAD = \"\" }",
    "set_env = { QLI_X = \"1\" }",
    "set_env = { \"A B\" = \"1\" }",
    "set_env = { A = 1 }",
    "set_env = [\"A=1\"]",
    "secrets = [{ env = \"LD_PRELOAD\", ref = \"A\", provider = \"env\" }]",
    "secrets = [{ env = \"PATH\", ref = \"A\", provider = \"env\" }]",
    "extensions = { a = { environment = \"scrub\", keep = [\"LD_*\"] } }",
    "extensions = { a = { environment = \"inherit\" } }",
    "extensions = { a = { keep = [\"A\"] } }",
    "extensions = { a = { set_env = { A = \"2\" } } }",
    "timeout = \"10m\"",
    "timeout = \"1h30m\"",
    "timeout = \"10\"",
    "timeout = \"0s\"",
    "timeout = \"1234567890s\"",
    "timeout = 10",
    "mask = \"pipes\"",
    "mask = \"terminal\"",
    "mask = \"off\"",
    "mask = true",
    "mask_hold = \"200ms\"",
    "mask_hold = \"0s\"",
    "kill_after = \"5ms\"",
    "confirm_by = \"name\"",
    "confirm_by = \"no\"",
    "confirm_by = true",
    "audit = {}",
    "audit = true",
    "audit = { refusals = true, sync = false, args = \"full\", access = \"group\" }",
    "audit = { refusals = 1 }",
    "audit = { args = \"none\" }",
    "audit = { anchor = \"syslog\" }",
    "audit = { anchor = \"file:\" }",
    "audit = { anchor = \"file:x\" }",
    "audit = { anchor = \"elsewhere\" }",
    "audit = { keep = 1 }",
    "extra = 1",
];

/// A manifest of some of those fields.
fn generated() -> impl Strategy<Value = String> {
    let line = prop::sample::select(LINES.to_vec());
    let lines = prop::collection::vec(line, 0..6);
    (lines, any::<bool>()).prop_map(|(lines, whole)| {
        let head = if whole {
            "schema_version = 1\ndescription = \"d\"\n"
        } else {
            ""
        };
        let mut seen = std::collections::BTreeSet::from(["schema_version", "description"]);
        if !whole {
            seen.clear();
        }
        let once = lines
            .into_iter()
            .filter(|line| seen.insert(line.split(' ').next().unwrap()));
        head.to_owned() + &once.collect::<Vec<_>>().join("\n")
    })
}

/// What must hold for the problems of any text.
fn assert_sound(text: &str, found: &Diagnostics) {
    for one in found {
        let Location::Text { source, span } = &one.location else {
            panic!("no location: {one:?}");
        };
        assert!(source.text().get(span.clone()).is_some(), "{one:?}");
        let line = text[..span.start].matches('\n').count() + 1;
        assert_eq!(source.position(span.start).line, line);
        for label in &one.labels {
            assert!(text.get(label.span.clone()).is_some(), "{one:?}");
        }
        if let Some(fix) = &one.fix {
            assert!(text.get(fix.span.clone()).is_some(), "{one:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_problem_of_a_changed_text_has_a_location(text in texts()) {
        match read("m", text.as_bytes()) {
            Ok(manifest) => assert_sound(&text, &manifest.warnings),
            Err(found) => {
                prop_assert!(has_errors(&found), "only warnings, and no manifest");
                assert_sound(&text, &found);
                prop_assert!(!diagnostics(&found, &style()).is_empty());
            }
        }
    }

    #[test]
    fn schema_and_parser_agree(text in generated()) {
        assert_ours_agrees(&text);
    }

    #[test]
    fn schema_and_parser_agree_over_changed_texts(text in texts()) {
        assert_ours_agrees(text.trim_start_matches('\u{feff}'));
    }

    /// A problem is left out only in favour of an error that remains.
    #[test]
    fn a_text_that_is_not_toml_is_never_valid(text in texts()) {
        let (_, errors) = toml::de::DeTable::parse_recoverable(&text);
        let read = read("m", text.as_bytes());
        prop_assert!(errors.is_empty() || read.is_err());
    }

    /// The order of tables changes locations and nothing else.
    #[test]
    fn the_order_of_tables_does_not_change_the_codes(order in Just(vec![0, 1, 2, 3]).prop_shuffle()) {
        let tables = [
            "[requires_env]\nA = 1\n1B = \"x\"\n",
            "[[secrets]]\nenv = \"C\"\nref = \"\"\nprovider = \"env\"\n",
            "[[secrets]]\nenv = \"D\"\nprovider = \"x\"\n",
            "[extra]\n",
        ];
        let codes = |order: &[usize]| {
            let tables: String = order.iter().map(|&at| tables[at]).collect();
            let found = read("m", format!("confrim = true\n{tables}").as_bytes()).unwrap_err();
            let mut codes: Vec<_> = found.iter().map(|one| one.code).collect();
            codes.sort_unstable();
            codes
        };
        prop_assert_eq!(codes(&order), codes(&[0, 1, 2, 3]));
    }
}

/// Many errors in one text take bounded time and output.
#[test]
fn large_texts_full_of_mistakes_take_bounded_time() {
    let repeated = |line: &str| line.repeat((1 << 17) / line.len());
    for text in [
        repeated("banner\n"),
        repeated("banner = [\n"),
        repeated("a = 1\n"),
        repeated("[[secrets]]\n"),
        repeated("[t]\n"),
        repeated("x = '''\n"),
        repeated("<<<<<<< a\n"),
        format!("requires_env = {{ {} }}", repeated("1 = 1, ")),
        format!("x = {}", repeated("[")),
        format!("{} = 1", repeated("x")),
        repeated("API_TOKEN = \"\"\" "),
        format!("confirm = tru\nsecrets = [\n{}]", repeated("{},\n")),
        format!("confirm = tru\nsecrets = [{}]", repeated("{env=1},")),
    ] {
        let source = Arc::new(Source::new(Path::new("m"), text.as_bytes()).unwrap());
        let found = manifest::parse(&source).unwrap_err();
        let lines = concise(&found).lines().count();
        assert!((1..=101).contains(&lines) && diagnostics(&found, &style()).len() < 200_000);
    }
}
