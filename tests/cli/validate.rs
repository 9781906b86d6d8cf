//! `qli validate` as a process: the same result on another machine, many groups in
//! one order, and files of every kind in place of a manifest.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::stat::Mode;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{NOBODY, copy_program, is_root, set_mode};

/// A directory with a copy of the program that every user can run.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        let workspace = Self(tempfile::tempdir_in("/tmp").unwrap());
        set_mode(&workspace.path(""), 0o755);
        copy_program(env!("CARGO_BIN_EXE_qli"), &workspace.path("qli"));
        set_mode(&workspace.path("qli"), 0o755);
        workspace
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Adds each sample as a group, `copies` times.
    fn with_samples(self, copies: usize) -> Self {
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
        for kind in ["valid", "invalid"] {
            for entry in fs::read_dir(samples.join(kind)).unwrap() {
                let file = entry.unwrap().path();
                if file.extension().is_some_and(|end| end == "toml") {
                    self.add_group(&file, kind, copies);
                }
            }
        }
        self
    }

    fn add_group(&self, manifest: &Path, kind: &str, copies: usize) {
        let name = manifest.file_stem().unwrap().to_str().unwrap();
        for nth in 0..copies {
            let group = self.path(&format!("groups/{kind}-{name}-{nth}"));
            fs::create_dir_all(&group).unwrap();
            let text = fs::read(manifest).unwrap();
            fs::write(group.join("_manifest.toml"), text).unwrap();
            fs::write(group.join("hello"), "#!/bin/sh\n").unwrap();
            set_mode(&group.join("hello"), 0o755);
        }
    }

    /// Runs in the directory, with an empty environment.
    fn validate<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(self.path("qli"));
        command
            .arg("validate")
            .args(words)
            .current_dir(self.path(""))
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    fn output(&self, words: &str) -> (i32, String, String) {
        run(&mut self.validate(words.split(' ')))
    }
}

fn start(command: &mut Command) -> Child {
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn run(command: &mut Command) -> (i32, String, String) {
    ended(start(command.stdout(Stdio::piped())))
}

fn ended(qli: Child) -> (i32, String, String) {
    let output = qli.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap_or(-1);
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_report_is_the_same_on_another_machine() {
    let [here, there] =
        [Workspace::new(), Workspace::new()].map(|workspace| workspace.with_samples(1));
    for group in fs::read_dir(there.path("groups")).unwrap() {
        set_mode(&group.unwrap().path(), 0o777);
    }
    for words in [
        "--format json groups",
        "--format concise groups",
        "--format json groups/invalid-ten-errors-0 groups/valid-full-0/_manifest.toml",
    ] {
        let first = here.output(words);
        let mut other = there.validate(words.split(' '));
        other
            .env("HOME", there.path(""))
            .env("LC_ALL", "tr_TR.UTF-8")
            .env("COLUMNS", "200")
            .env("QLI_EXTENSIONS", "/nonexistent")
            .env("PATH", ":bin:/nonexistent");
        if is_root() {
            other.uid(NOBODY).gid(NOBODY);
        }
        let second = run(&mut other);
        assert_eq!(first.0, 1, "{}", first.2);
        assert_eq!(first, second, "{words}");
    }
}

#[test]
fn many_groups_are_reported_in_the_order_of_their_paths() {
    let workspace = Workspace::new().with_samples(8);
    let (code, first, _) = workspace.output("--format concise groups");
    assert_eq!(code, 1);
    assert_eq!(workspace.output("--format concise groups").1, first);
    let paths: Vec<_> = first
        .lines()
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert!(paths.len() > 1000 && paths.is_sorted());
    let (_, human, _) = workspace.output("groups");
    let counted = human.lines().rev().nth(2).unwrap();
    assert!(
        counted.contains("errors") && counted.contains("groups;"),
        "{counted}"
    );
    assert!(human.contains(" more "), "{counted}");
    assert!(human.contains("(1 script affected)"), "{counted}");
}

#[test]
fn a_file_that_is_not_a_manifest_is_a_problem_of_its_group_only() {
    let workspace = Workspace::new();
    let at = |name: &str| {
        let group = workspace.path("root").join(name);
        fs::create_dir_all(&group).unwrap();
        group.join("_manifest.toml")
    };
    fs::create_dir(at("directory")).unwrap();
    symlink("_manifest.toml", at("loop")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
    fs::write(at("large"), "#".repeat((1 << 20) + 1)).unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("fine"), "schema_version = 1\ndescription = \"d\"\n").unwrap();
    let (code, stdout, _) = workspace.output("--format concise root");
    let expected = [
        "root/dangling/_manifest.toml: error[QLI0001]: cannot read the manifest: No such file or directory",
        "root/directory/_manifest.toml: error[QLI0001]: cannot read the manifest: it is a directory",
        "root/empty/_manifest.toml:1:1: error[QLI0101]: `schema_version` is missing",
        "root/empty/_manifest.toml:1:1: error[QLI0101]: `description` is missing",
        "root/large/_manifest.toml: error[QLI0003]: the manifest is larger than 1048576 bytes",
        "root/loop/_manifest.toml: error[QLI0001]: cannot read the manifest: Too many levels of symbolic links",
        "root/pipe/_manifest.toml: error[QLI0001]: cannot read the manifest: it is a pipe, socket or device",
    ];
    assert_eq!(stdout.lines().collect::<Vec<_>>(), expected);
    assert_eq!(code, 1);
}

#[test]
fn paths_that_cannot_be_checked_are_reported_and_the_rest_is_checked() {
    let workspace = Workspace::new().with_samples(1);
    fs::create_dir(workspace.path("bare")).unwrap();
    let (code, stdout, complaints) = workspace.output(
        "--format concise groups/invalid-unquoted-text-0 nowhere bare groups/valid-minimal-0",
    );
    assert_eq!(code, 2);
    assert!(
        stdout.starts_with("groups/invalid-unquoted-text-0/_manifest.toml:5:11: error[QLI0006]"),
        "{stdout}"
    );
    assert_eq!(stdout.lines().count(), 1);
    assert_eq!(
        complaints,
        "error: cannot check nowhere: No such file or directory\n\
         error: no _manifest.toml in bare or its directories\n"
    );
}

#[test]
fn a_closed_pipe_is_not_an_error_and_a_full_disk_is() {
    let workspace = Workspace::new().with_samples(8);
    let mut command = workspace.validate(["groups"]);
    let mut qli = start(command.stdout(Stdio::piped()));
    drop(qli.stdout.take());
    let (code, _, complaints) = ended(qli);
    assert_eq!((code, complaints.as_str()), (1, ""));
    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let (code, _, complaints) = ended(start(workspace.validate(["groups"]).stdout(full)));
    assert_eq!(code, 2);
    assert!(
        complaints.contains("error: cannot write to standard output"),
        "{complaints}"
    );
}

/// The official schema of SARIF 2.1.0: OASIS, `Schemata/sarif-schema-2.1.0.json`
/// of the repository `oasis-tcs/sarif-spec`.
fn sarif_schema() -> jsonschema::Validator {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/sarif-2.1.0.schema.json");
    let mut schema: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    // Not every library accepts this pattern as a regular expression.
    for what in ["run", "toolComponent"] {
        let language = &mut schema["definitions"][what]["properties"]["language"];
        language.as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_sarif_file_is_valid_and_has_the_same_locations() {
    let workspace = Workspace::new().with_samples(1);
    fs::create_dir(workspace.path(".git")).unwrap();
    let schema = sarif_schema();
    let mut clean = 0;
    let groups = fs::read_dir(workspace.path("groups")).unwrap();
    let groups = groups.map(|group| group.unwrap().path().display().to_string());
    for what in groups.chain(["groups".to_owned()]) {
        let sarif = run(&mut workspace.validate(["--format", "sarif", &what])).1;
        let sarif: Value = serde_json::from_str(&sarif).unwrap();
        let errors: Vec<_> = schema
            .iter_errors(&sarif)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:?}");
        let json = run(&mut workspace.validate(["--format", "json", &what])).1;
        let json: Value = serde_json::from_str(&json).unwrap();
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        let diagnostics = json["diagnostics"].as_array().unwrap();
        assert_eq!(results.len(), diagnostics.len());
        clean += usize::from(results.is_empty());
        assert_eq!(
            sarif["runs"][0]["invocations"][0]["executionSuccessful"],
            true
        );
        for (result, one) in results.iter().zip(diagnostics) {
            assert_same(&sarif, result, one);
        }
    }
    assert!(clean > 20);
    let sarif = run(&mut workspace.validate(["--format", "sarif", "nothing"])).1;
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert!(schema.is_valid(&sarif));
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let why = &invocation["toolExecutionNotifications"][0]["message"]["text"];
    assert!(
        why.as_str().unwrap().contains("cannot check nothing"),
        "{why}"
    );
}

fn assert_same(sarif: &Value, result: &Value, one: &Value) {
    let physical = &result["locations"][0]["physicalLocation"];
    let uri = physical["artifactLocation"]["uri"].as_str().unwrap();
    assert!(
        uri.starts_with("groups/") && uri.ends_with("/_manifest.toml"),
        "{uri}"
    );
    assert_eq!(result["ruleId"], one["code"]);
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
    assert_eq!(rules[index]["id"], one["code"]);
    let (region, span) = (&physical["region"], &one["span"]);
    let ends = [
        ("start", "startLine", "startColumn"),
        ("end", "endLine", "endColumn"),
    ];
    for (end, line, column) in ends {
        assert_eq!(
            (&region[line], &region[column]),
            (&span[end]["line"], &span[end]["column"])
        );
    }
    assert_eq!(result["fixes"].is_null(), one["fix"].is_null());
}

#[test]
fn annotations_are_one_command_per_problem() {
    let workspace = Workspace::new().with_samples(1);
    fs::create_dir_all(workspace.path("groups/odd\n::error::x")).unwrap();
    fs::write(
        workspace.path("groups/odd\n::error::x/_manifest.toml"),
        "x%0A::y\n",
    )
    .unwrap();
    let (code, github, _) = workspace.output("--format github groups");
    let concise = workspace.output("--format concise groups").1;
    assert_eq!((code, github.lines().count()), (1, concise.lines().count()));
    for line in github.lines() {
        let command = line.split(' ').next().unwrap();
        assert!(
            ["::error", "::warning", "::notice"].contains(&command),
            "{line}"
        );
    }
    assert_eq!(
        workspace.output("--format github groups/valid-full-0"),
        (0, String::new(), String::new())
    );
}

#[test]
fn a_fixed_file_keeps_its_mode_its_owner_and_every_other_byte() {
    let workspace = Workspace::new();
    let group = workspace.path("group");
    fs::create_dir(&group).unwrap();
    let file = group.join("_manifest.toml");
    let text = "# c\r\nschema_version = \"1\"\r\ndescripton = \"\u{e4}\"\r\n\r\nconfrim=true # x";
    fs::write(&file, text).unwrap();
    set_mode(&file, 0o640);
    let root = is_root();
    if root {
        std::os::unix::fs::chown(&file, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let shown = workspace.output("--diff group");
    assert_eq!(
        (shown.0, fs::read_to_string(&file).unwrap()),
        (1, text.to_owned())
    );
    assert_eq!(shown.1.matches("\n+").count(), 3 + 1, "{}", shown.1);
    let (code, stdout, stderr) = workspace.output("--fix group");
    assert_eq!(
        (code, stderr.as_str()),
        (0, "note: fixed group/_manifest.toml\n"),
        "{stdout}"
    );
    let expected = text
        .replace("\"1\"", "1")
        .replace("pton", "ption")
        .replace("confrim", "confirm");
    assert_eq!(fs::read_to_string(&file).unwrap(), expected);
    let metadata = fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o640);
    assert!(!root || (metadata.uid(), metadata.gid()) == (NOBODY, NOBODY));
    assert_eq!(fs::read_dir(&group).unwrap().count(), 1);
    assert_eq!(workspace.output("--fix group").2, "");
}

#[test]
fn a_symbolic_link_is_not_followed_to_fix_a_file() {
    let workspace = Workspace::new();
    for group in ["there", "here"] {
        fs::create_dir(workspace.path(group)).unwrap();
    }
    let text = "schema_version = \"1\"\ndescription = \"d\"\n";
    fs::write(workspace.path("there/text"), text).unwrap();
    symlink("../there/text", workspace.path("here/_manifest.toml")).unwrap();
    let (code, _, stderr) = workspace.output("--fix here");
    assert_eq!(code, 2);
    assert_eq!(
        stderr,
        "error: cannot fix here/_manifest.toml: it is a symbolic link\n"
    );
    assert_eq!(
        fs::read_to_string(workspace.path("there/text")).unwrap(),
        text
    );
}

/// In a root like one of `qli ext new`.
#[test]
fn the_schema_next_to_the_groups_is_added_once() {
    let workspace = Workspace::new();
    let text = "schema_version = 1\r\ndescription = \"d\"\r\n";
    for directory in ["groups/ops", "groups/web", "groups/.schema"] {
        fs::create_dir_all(workspace.path(directory)).unwrap();
    }
    for group in ["ops", "web"] {
        fs::write(
            workspace.path(&format!("groups/{group}/_manifest.toml")),
            text,
        )
        .unwrap();
    }
    let read = || fs::read_to_string(workspace.path("groups/ops/_manifest.toml")).unwrap();
    assert_eq!(workspace.output("--fix groups").2, "");
    let schema = workspace.path("groups/.schema/manifest.v1.schema.json");
    fs::write(schema, qli::testing::manifest::SCHEMA).unwrap();
    let line = "#:schema ../.schema/manifest.v1.schema.json";
    let (code, stdout, _) = workspace.output("--diff groups");
    assert_eq!((code, read().as_str()), (0, text));
    assert_eq!(stdout.matches(&format!("+{line}")).count(), 2, "{stdout}");
    assert!(!stdout.contains("\n-schema_version"), "{stdout}");
    let (code, _, stderr) = workspace.output("--fix groups/ops");
    let expected = "note: fixed groups/ops/_manifest.toml\n";
    assert_eq!((code, stderr.as_str()), (0, expected));
    assert_eq!(read(), format!("{line}\r\n{text}"));
    assert_eq!(workspace.output("--fix groups/ops").2, "");
    assert_eq!(workspace.output("--diff groups/ops").1, "");
}

/// A report is rendered for at least 40 columns, and codes are not broken.
#[test]
fn a_path_that_begins_with_a_hyphen_can_be_typed_as_it_is_printed() {
    let workspace = Workspace::new();
    let group = workspace.path("-d/ops");
    fs::create_dir_all(&group).unwrap();
    let text = "schema_version = 1\ndescription = \"d\"\nconfrim = true\n";
    fs::write(group.join("_manifest.toml"), text).unwrap();
    fs::write(group.join("deploy.orig"), "#!/bin/sh\n").unwrap();
    set_mode(&group.join("deploy.orig"), 0o755);
    for words in ["-- -d", "--format concise -- -d", "--diff -- -d"] {
        let (_, report, errors) = workspace.output(words);
        let printed = report + &errors;
        let count = |path| printed.matches(path).count();
        let paths = count("-d/ops");
        assert!(paths > 0, "{words}: {printed}");
        assert_eq!(count("./-d/ops"), paths, "{words}: {printed}");
    }
    // What a program reads is exact.
    let (_, json, _) = workspace.output("--format json -- -d");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["diagnostics"][0]["path"], "-d/ops/_manifest.toml");
}

/// The memory limit for a manifest of 30,000 mistakes, in KiB (`ulimit -d`): a report of
/// all of them would need several times as much.
const DATA: usize = 12 << 10;

#[test]
fn of_many_problems_the_first_are_listed_and_the_rest_are_counted() {
    let workspace = Workspace::new();
    let group = workspace.path("ops");
    fs::create_dir(&group).unwrap();
    // Hidden characters, which are warnings, come before the errors.
    let warnings = "#\u{200b}\n".repeat(200);
    let secrets = "{},".repeat(10_000);
    let head = "schema_version = 1\ndescription = \"d\"\n";
    let text = format!("{head}{warnings}secrets = [{secrets}]\n");
    fs::write(group.join("_manifest.toml"), text).unwrap();
    fs::write(group.join("hello"), "#!/bin/sh\n").unwrap();
    set_mode(&group.join("hello"), 0o755);
    let rest = "not listed: 29,900 more errors, 200 more warnings";
    for (words, exit) in [
        ("validate ops", 1),
        ("validate --format concise ops", 1),
        ("validate --format json ops", 1),
        ("validate --format sarif ops", 1),
        ("validate --format github ops", 1),
        ("--extensions . run ops hello", 125),
        ("--extensions . explain --format json ops hello", 125),
    ] {
        let line = format!("ulimit -d {DATA} && exec ./qli {words} 2>&1");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &line]).current_dir(workspace.path(""));
        let (code, report, _) = run(shell
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped()));
        assert_eq!(code, exit, "{words}: {report}");
        assert_eq!(report.matches(rest).count(), 1, "{words}");
        assert!(report.len() < 200_000, "{words}: {}", report.len());
    }
}

#[test]
fn no_code_is_broken_on_a_narrow_terminal() {
    let workspace = Workspace::new().with_samples(1);
    let rendered = |columns: &str| {
        let mut command = workspace.validate(["groups"]);
        command.env("COLUMNS", columns).env("LC_ALL", "C");
        run(&mut command).1
    };
    let narrow = rendered("40");
    assert_eq!(rendered("1"), narrow);
    let (_, concise, _) = workspace.output("--format concise groups");
    for line in concise.lines() {
        let (_, code) = line.split_once('[').unwrap();
        let code = code.split(']').next().unwrap();
        assert!(narrow.contains(&format!("[{code}]:")), "{code}");
    }
    assert!(rendered("1000") != narrow);
}

#[test]
fn a_token_in_place_of_a_reference_is_reported_and_printed_by_no_command() {
    let workspace = Workspace::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests");
    for (sample, token) in [
        (
            "valid/warns-about-a-token-as-a-reference.toml",
            "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        ),
        (
            "invalid/token-as-a-reference.toml",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        ),
    ] {
        let text = fs::read_to_string(samples.join(sample)).unwrap();
        assert!(text.contains(token));
        workspace.add_group(&samples.join(sample), "token", 1);
        let name = Path::new(sample).file_stem().unwrap().to_str().unwrap();
        let group = format!("token-{name}-0");
        let commands = [
            "validate groups",
            "validate --format concise groups",
            "validate --format json groups",
            "validate --format sarif groups",
            "validate --format github groups",
            "--extensions groups explain GROUP",
            "--extensions groups explain --format json GROUP",
            "--extensions groups explain GROUP hello",
            "--extensions groups explain --format json GROUP hello",
            "--extensions groups -v GROUP hello",
            "--extensions groups ext list --format json",
            "--extensions groups doctor",
        ];
        for command in commands {
            let words = command.replace("GROUP", &group);
            let mut qli = Command::new(workspace.path("qli"));
            qli.env_clear().current_dir(workspace.path(""));
            let ended = qli.args(words.split(' ')).output().unwrap();
            let printed = [ended.stdout, ended.stderr].concat();
            let printed = String::from_utf8(printed).unwrap();
            assert!(
                !printed.contains(token.get(..12).unwrap()),
                "{words}: {printed}"
            );
            let reports = words.starts_with("validate");
            assert!(
                !reports || printed.contains("QLI0404"),
                "{words}: {printed}"
            );
        }
    }
}
