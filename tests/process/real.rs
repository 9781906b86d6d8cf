//! What is explained is what runs, on the real binary: generated manifests,
//! environments and files; `validate` and `explain --format json`, then the same with
//! `run`.
//!
//! `tests/properties/conformance.rs` compares the two in memory, with failures that
//! cannot be provoked on a real machine.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::time::SystemTime;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;

use crate::case::{Case, Op, alone, case};
use crate::world::{World, rounds};

/// How many cases are generated, and how many with `QLI_STRESS`.
const WORLDS: u32 = 300;
const WORLDS_UNDER_STRESS: u32 = 2000;

/// Every file with its size and modification time.
fn tree(directory: &Path) -> BTreeMap<PathBuf, (u64, Option<SystemTime>)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let facts = std::fs::symlink_metadata(&path).unwrap();
        if facts.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path, (facts.len(), facts.modified().ok()));
    }
    found
}

/// A text with every line break and frame character replaced by a space.
fn folded(text: &str) -> String {
    let plain = text.replace(['\u{2502}', '\u{d7}', '\u{26a0}'], " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A run, and what `explain` and `validate` printed before it.
struct Seen {
    document: Value,
    validated: Value,
    ran: Output,
    stderr: String,
    folded: String,
    /// What the script wrote.
    mark: Option<Vec<u8>>,
    records: Vec<Value>,
    home: String,
}

impl Seen {
    /// Whether a text was printed, however it was wrapped.
    fn prints(&self, text: &str) -> bool {
        let short = text.replace(&format!("{}/", self.home), "~/");
        self.folded.contains(&folded(text)) || self.folded.contains(&folded(&short))
    }

    fn steps(&self) -> &[Value] {
        self.document["steps"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The step that refuses the run, with its exit code and, if `explain` knows it, the
    /// reason. What it knows comes first: it is refused before a program is called.
    fn end(&self, case: &Case) -> Option<(&str, i64, Option<&str>)> {
        let with = |verdict: &str| self.steps().iter().find(|step| step["verdict"] == verdict);
        // A run that asks no one writes to the log before it starts the script.
        let is_quiet = with("ask").or_else(|| with("fetch")).is_none();
        let is_full = case.has_full_log() && is_quiet;
        let refused = with("refuse").filter(|step| !is_full || step["step"] != "spawn");
        if let Some(step) = refused {
            let code = self.document["exit_code"].as_i64().unwrap();
            return Some((
                step["step"].as_str().unwrap(),
                code,
                step["reason"].as_str(),
            ));
        }
        if with("fetch").is_some() && case.op != Op::PrintsValue {
            return Some(("secrets", 125, None));
        }
        case.has_full_log().then_some(("audit_start", 125, None))
    }

    /// Whether `validate` reported a problem of a path.
    fn warns(&self, path: &str, code: &str) -> bool {
        let mut problems = self.validated.as_array().unwrap().iter();
        problems.any(|one| one["path"] == path && one["code"] == code)
    }
}

/// How often each outcome occurred: `ran`, a step that refused, a problem's code.
type Tally = Mutex<BTreeMap<String, u32>>;

fn agree(case: &Case, tally: &Tally) -> Result<(), TestCaseError> {
    let world = case.world();
    let before = tree(&world.path(""));
    let explained = case.qli(&world, &["explain", "--format", "json"]);
    let validated = case.validate(&world);
    prop_assert_eq!(tree(&world.path("")), before, "something was changed");
    prop_assert!(explained.stderr.is_empty(), "{:?}", explained);
    let ran = case.qli(&world, &["run"]);
    let stderr = String::from_utf8(ran.stderr.clone()).unwrap();
    let parsed = |text: &[u8]| serde_json::from_slice::<Value>(text).unwrap();
    let seen = Seen {
        document: parsed(&explained.stdout),
        validated: parsed(&validated.stdout)["diagnostics"].take(),
        folded: folded(&stderr),
        stderr,
        mark: std::fs::read(world.path("marker")).ok(),
        records: case.records(&world),
        home: world.path("home").display().to_string(),
        ran,
    };
    prop_assert!(seen.ran.stdout.is_empty(), "{}", seen.stderr);
    prop_assert!(matches!(seen.records.len(), 0 | 2), "{:?}", seen.records);
    prop_assert!(seen.mark.is_none() || !case.must_not_run(), "it ran");
    validate_agrees(case, &world, &seen)?;
    let outcome = if seen.steps().is_empty() {
        prop_assert_eq!(explained.status.code(), seen.ran.status.code());
        without_plan(&seen)?
    } else {
        let code = explained.status.code().map(Value::from);
        prop_assert_eq!(code.as_ref(), Some(&seen.document["exit_code"]));
        with_plan(case, &world, &seen)?
    };
    *tally.lock().unwrap().entry(outcome).or_default() += 1;
    Ok(())
}

/// What `explain` reports of the files, and what is known of them, `validate` reports;
/// what stops the group there stops it here.
fn validate_agrees(case: &Case, world: &World, seen: &Seen) -> Result<(), TestCaseError> {
    // Of this machine: an unknown name, who can change a file, a mount, a variable.
    const OF_MACHINE: [&str; 6] = [
        "QLI0502", "QLI0503", "QLI0601", "QLI0602", "QLI0603", "QLI07",
    ];
    let empty = Vec::new();
    let problems = seen.document["diagnostics"].as_array().unwrap_or(&empty);
    for problem in problems {
        let [code, path] = ["code", "path"].map(|key| problem[key].as_str().unwrap());
        let of_machine = OF_MACHINE.iter().any(|prefix| code.starts_with(prefix));
        // Only a command line says which directory was meant as a script.
        let is_meant = code == "QLI0604" && Path::new(path).is_dir();
        let is_reported = seen.warns(path, code);
        prop_assert!(
            is_reported || of_machine || is_meant,
            "{}: {}",
            problem,
            seen.validated
        );
    }
    if let Some((path, code)) = case.warning(world) {
        let path = path.display().to_string();
        prop_assert!(seen.warns(&path, code), "{}: {}", code, seen.validated);
    }
    let group = case.group(world).display().to_string();
    let mut all = seen.validated.as_array().unwrap().iter();
    let stops = |one: &Value| {
        let is_own = one["path"].as_str().unwrap().starts_with(&group);
        is_own && (one["severity"] == "error" || one["effect"] == "the script does not run")
    };
    prop_assert!(!all.any(stops) || seen.mark.is_none(), "{}", seen.validated);
    hidden_agrees(case, world, seen)
}

/// A group with more guards that is hidden is reported by all three.
fn hidden_agrees(case: &Case, world: &World, seen: &Seen) -> Result<(), TestCaseError> {
    let Some(hidden) = case.hidden(world).filter(|_| !seen.steps().is_empty()) else {
        return Ok(());
    };
    let origin = &seen.document["origin"];
    let manifest = hidden.join("_manifest.toml").display().to_string();
    prop_assert_eq!(&origin["hides"], &Value::from(manifest));
    let is_warned = seen.warns(&hidden.display().to_string(), "QLI0608");
    prop_assert!(is_warned, "{}", seen.validated);
    prop_assert!(seen.stderr.contains("is defined twice"), "{}", seen.stderr);
    let lacks = origin["lacks"].as_array();
    let lacks = lacks.is_some_and(|fields| fields.contains(&"requires_env.HIDDEN".into()));
    prop_assert_eq!(lacks, case.hides_guards());
    prop_assert_eq!(seen.prints("requires_env.HIDDEN"), lacks);
    Ok(())
}

/// Without a plan, both report the same problems.
fn without_plan(seen: &Seen) -> Result<String, TestCaseError> {
    prop_assert!(matches!(seen.ran.status.code(), Some(125..=127)));
    prop_assert_eq!(&seen.mark, &None);
    prop_assert_eq!(&seen.records, &Vec::<Value>::new());
    let mut last = "";
    for problem in seen.document["diagnostics"].as_array().unwrap() {
        for key in ["code", "message"] {
            let text = problem[key].as_str().unwrap();
            prop_assert!(seen.prints(text), "{} is not in {}", text, seen.stderr);
        }
        last = problem["code"].as_str().unwrap();
    }
    Ok(last.to_owned())
}

const ORDER: [&str; 8] = [
    "banner",
    "requires_env",
    "confirm",
    "secrets",
    "audit_start",
    "spawn",
    "wait",
    "audit_finish",
];

fn with_plan(case: &Case, world: &World, seen: &Seen) -> Result<String, TestCaseError> {
    let steps: Vec<_> = seen.steps().iter().map(|one| &one["step"]).collect();
    let in_order = ORDER
        .iter()
        .filter(|name| steps.contains(&&Value::from(**name)));
    prop_assert!(steps.iter().copied().eq(in_order.copied()), "{:?}", steps);
    let refuses = seen.steps().iter().any(|one| one["verdict"] == "refuse");
    prop_assert_eq!(&seen.document["would_run"], &Value::from(!refuses));
    if let Some(banner) = case.manifest.banner.filter(|banner| *banner == "B") {
        prop_assert!(seen.stderr.contains(banner), "{}", seen.stderr);
    }
    recorded(case, world, seen)?;
    let Some((step, code, reason)) = seen.end(case) else {
        prop_assert_eq!(seen.ran.status.code(), Some(0), "{}", seen.stderr);
        prop_assert_eq!(seen.mark.as_ref(), Some(&case.mark()));
        let recorded = if case.manifest.audit_log.is_some() {
            2
        } else {
            0
        };
        prop_assert_eq!(seen.records.len(), recorded);
        return Ok("ran".to_owned());
    };
    prop_assert_eq!(
        seen.ran.status.code().map(i64::from),
        Some(code),
        "{}",
        seen.stderr
    );
    prop_assert_eq!(&seen.mark, &None);
    let is_reported = |step: &str| {
        let headline = format!(" was refused by {step}; ");
        let failed = step == "spawn" && seen.stderr.contains(" could not be started\n");
        failed || seen.stderr.contains(&headline)
    };
    let names: Vec<_> = ORDER.into_iter().filter(|step| is_reported(step)).collect();
    prop_assert_eq!(&names, &[step], "{}", seen.stderr);
    for part in reason.into_iter().flat_map(|reason| reason.split("; ")) {
        prop_assert!(seen.prints(part), "{} is not in {}", part, seen.stderr);
    }
    Ok(reason.map_or("fetch failed", |_| step).to_owned())
}

/// The start record has the digest of the plan that was explained, and the steps that
/// passed.
fn recorded(case: &Case, world: &World, seen: &Seen) -> Result<(), TestCaseError> {
    let Some(start) = seen.records.first() else {
        return Ok(());
    };
    prop_assert_eq!(&start["event"], "start");
    let mode = std::fs::metadata(case.log_path(world)).unwrap().mode();
    prop_assert_eq!(mode & 0o7777, 0o600);
    prop_assert_eq!(&start["plan"], &seen.document["digest"]);
    for known in ["path", "sha256"] {
        prop_assert_eq!(&start["program"][known], &seen.document["program"][known]);
    }
    prop_assert_eq!(&start["manifest"], &seen.document["manifest"]);
    if case.manifest.secrets.is_empty() {
        prop_assert_eq!(&start["args"], &seen.document["args"]);
    }
    let before = seen.steps().iter().map(|one| &one["step"]);
    let before = before.take_while(|step| **step != "audit_start");
    let passed = start["guards"].as_array().unwrap();
    let passed = passed.iter().map(|one| &one["step"]);
    prop_assert!(before.eq(passed), "{} {}", start, seen.document);
    let end = &seen.records[1];
    prop_assert_eq!(
        &end["exit_code"],
        &Value::from(seen.ran.status.code().unwrap())
    );
    Ok(())
}

#[test]
fn what_is_explained_is_what_runs() {
    const AT_ONCE: u8 = 2;
    let tally = Tally::default();
    let each = rounds(WORLDS, WORLDS_UNDER_STRESS) / u32::from(AT_ONCE);
    let part = |seed: u8| {
        let config = ProptestConfig {
            failure_persistence: None,
            max_shrink_iters: 300,
            ..ProptestConfig::with_cases(each)
        };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
        let mut runner = TestRunner::new_with_rng(config, seed);
        let found = runner.run(&case(), |case| agree(&case, &tally));
        found.map_err(|error| error.to_string())
    };
    let part = &part;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (1..=AT_ONCE)
            .map(|seed| scope.spawn(move || part(seed)))
            .collect();
        for part in parts {
            assert_eq!(part.join().unwrap(), Ok(()));
        }
    });
    assert_varied(&tally.into_inner().unwrap());
}

/// Each kind of system alone, where everything else lets the script run: it runs, unless
/// that kind must stop it.
#[test]
fn each_kind_alone_is_explained_as_it_runs() {
    let wrong = alone().into_iter().filter_map(|case| {
        let tally = Tally::default();
        if let Err(error) = agree(&case, &tally) {
            return Some(format!("{error}\n{case:?}\n"));
        }
        let ran = tally.into_inner().unwrap().contains_key("ran");
        (ran == case.must_not_run()).then(|| format!("ran: {ran}\n{case:?}\n"))
    });
    let wrong: Vec<_> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// Every outcome occurred, and `ran` often enough.
fn assert_varied(tally: &BTreeMap<String, u32>) {
    let cases: u32 = tally.values().sum();
    assert!(tally["ran"] * 8 > cases, "{tally:?}");
    for end in [
        "requires_env",
        "confirm",
        "secrets",
        "audit_start",
        "spawn",
        "fetch failed",
    ] {
        assert!(tally.contains_key(end), "{end}: {tally:?}");
    }
    let problems = tally.keys().filter(|end| end.starts_with("QLI"));
    assert!(problems.count() >= 8, "{tally:?}");
}
