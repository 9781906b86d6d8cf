//! The action's steps, run as a runner of GitHub Actions runs a composite action:
//! each script in a file of its own, by bash with these options, with the inputs
//! filled into `env`.

use std::process::{Command, Output};

use serde_json::Value;

use super::checkout::{BROKEN, Checkout, GOOD, WARNED, printed, yaml};
use crate::support::{is_root, output};

const ACTION: &str = include_str!("../../../action.yml");

/// Fills `${{ inputs.NAME }}` in.
fn filled(text: &str, action: &Value, inputs: &[(&str, &str)]) -> String {
    let Some(name) = text.strip_prefix("${{ inputs.") else {
        return text.to_owned();
    };
    let name = name.strip_suffix(" }}").unwrap();
    let declared = &action["inputs"][name]["default"];
    let given = inputs.iter().find(|(given, _)| *given == name);
    let value = given.map_or(declared.as_str(), |(_, value)| Some(value));
    value
        .unwrap_or_else(|| panic!("{name} is no input"))
        .to_owned()
}

/// Runs the step of this name.
fn step(name: &str, checkout: &Checkout, inputs: &[(&str, &str)]) -> Output {
    output(&mut bash(name, checkout, inputs))
}

/// The step of this name, as it is run.
fn bash(name: &str, checkout: &Checkout, inputs: &[(&str, &str)]) -> Command {
    let action = yaml(ACTION);
    let steps = action["runs"]["steps"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == name).unwrap();
    assert_eq!(step["shell"], "bash");
    checkout.write("temp/script", step["run"].as_str().unwrap());
    let mut bash = checkout.command("/bin/bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail"]);
    bash.arg(checkout.path("temp/script"));
    for (variable, value) in step["env"].as_object().unwrap() {
        bash.env(variable, filled(value.as_str().unwrap(), &action, inputs));
    }
    for file in ["GITHUB_OUTPUT", "GITHUB_PATH"] {
        bash.env(file, checkout.path("temp").join(file));
    }
    bash.env("RUNNER_TEMP", checkout.path("temp"));
    bash
}

fn validate(manifest: &str, inputs: &[(&str, &str)]) -> (Checkout, Output) {
    let checkout = Checkout::with(manifest);
    let ended = step("Validate", &checkout, inputs);
    (checkout, ended)
}

#[test]
fn problems_are_annotated_at_their_lines() {
    let (_, good) = validate(GOOD, &[("paths", "groups")]);
    assert_eq!((good.status.code(), printed(&good).as_str()), (Some(0), ""));
    let foreign = if is_root() {
        &[false, true][..]
    } else {
        &[false]
    };
    for foreign in foreign {
        let checkout = Checkout::with(BROKEN);
        if *foreign {
            checkout.give_away();
        }
        let broken = step("Validate", &checkout, &[("paths", "groups")]);
        let annotations = String::from_utf8(broken.stdout.clone()).unwrap();
        let at = "::error file=groups/ops/_manifest.toml,line=3,";
        assert!(annotations.starts_with(at), "{annotations}");
        assert_eq!(broken.status.code(), Some(1));
    }
}

#[test]
fn a_report_is_there_to_be_uploaded_whatever_was_found() {
    let inputs = [("paths", "groups\n"), ("sarif-file", "qli report.sarif")];
    for (manifest, code, results) in [(GOOD, 0, 0), (BROKEN, 1, 1)] {
        let (checkout, ended) = validate(manifest, &inputs);
        assert_eq!(ended.status.code(), Some(code), "{}", printed(&ended));
        let report = std::fs::read(checkout.path("qli report.sarif")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        let found = report["runs"][0]["results"].as_array().unwrap();
        assert_eq!(found.len(), results);
        let output = std::fs::read_to_string(checkout.path("temp/GITHUB_OUTPUT"));
        assert_eq!(output.unwrap(), "sarif-file=qli report.sarif\n");
    }
}

#[test]
fn the_directory_of_a_report_is_made_and_one_that_cannot_be_written_fails() {
    let inputs = [("paths", "groups"), ("sarif-file", "new/reports/qli.sarif")];
    let (checkout, ended) = validate(BROKEN, &inputs);
    assert_eq!(ended.status.code(), Some(1), "{}", printed(&ended));
    assert!(checkout.path("new/reports/qli.sarif").is_file());
    // No directory, no file, and no room for it.
    for file in ["bin/qli/report", "groups", "/dev/full"] {
        let inputs = [("paths", "groups"), ("sarif-file", file)];
        let (_, ended) = validate(GOOD, &inputs);
        assert_eq!(ended.status.code(), Some(2), "{file}: {}", printed(&ended));
        assert!(!printed(&ended).is_empty(), "{file}");
    }
}

#[test]
fn a_job_that_cannot_be_done_closes_no_alert_and_fails() {
    for (paths, policy, error) in [
        ("groups", "none.json", "::error file=none.json"),
        ("nothing", "", "::error::cannot check nothing"),
        ("groups\nnothing", "", "::error::cannot check nothing"),
        ("\n", "", "::error::paths names nothing"),
    ] {
        let inputs = [
            ("paths", paths),
            ("policy", policy),
            ("sarif-file", "qli.sarif"),
        ];
        let (checkout, ended) = validate(GOOD, &inputs);
        assert_eq!(ended.status.code(), Some(2), "{}", printed(&ended));
        assert!(printed(&ended).contains(error), "{}", printed(&ended));
        assert!(!checkout.path("qli.sarif").exists());
        assert!(!checkout.path("temp/GITHUB_OUTPUT").exists());
    }
    let unclear = [("paths", "groups"), ("deny-warnings", "yes")];
    assert_eq!(validate(GOOD, &unclear).1.status.code(), Some(2));
}

#[test]
fn warnings_policies_and_odd_paths_are_handed_on() {
    let (_, warned) = validate(WARNED, &[("paths", "groups")]);
    assert_eq!(warned.status.code(), Some(0), "{}", printed(&warned));
    let denied = [("paths", "groups"), ("deny-warnings", "true")];
    assert_eq!(validate(WARNED, &denied).1.status.code(), Some(1));
    let policy = [("paths", "groups"), ("policy", "no such policy.json\n")];
    assert_eq!(validate(GOOD, &policy).1.status.code(), Some(2));
    let checkout = Checkout::with(GOOD);
    let odd = "-a $(touch temp/done) b";
    std::fs::create_dir_all(checkout.path(odd).join("web")).unwrap();
    checkout.write(&format!("{odd}/web/_manifest.toml"), BROKEN);
    let paths = format!("groups\n{odd}");
    let ended = step("Validate", &checkout, &[("paths", &paths)]);
    assert_eq!(ended.status.code(), Some(1), "{}", printed(&ended));
    assert!(!checkout.path("temp/done").exists());
}

#[test]
fn a_qli_that_is_there_is_not_built() {
    let checkout = Checkout::with(GOOD);
    let cargo = "#!/bin/sh\necho \"$@\" > temp/built\n";
    checkout.write("bin/cargo", cargo);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(checkout.path("bin/cargo"), mode).unwrap();
    let there = step("Install qli", &checkout, &[]);
    assert!(there.status.success(), "{}", printed(&there));
    assert!(!checkout.path("temp/built").exists());
    std::fs::remove_file(checkout.path("bin/qli")).unwrap();
    let mut neither = bash("Install qli", &checkout, &[]);
    let neither = output(neither.env("PATH", checkout.path("home")));
    assert_eq!(neither.status.code(), Some(2));
    assert!(printed(&neither).starts_with("::error::there is no qli on PATH"));
    // Nothing else is on `PATH`: this machine may have a qli.
    let mut install = bash("Install qli", &checkout, &[]);
    let built = output(install.env("PATH", checkout.path("bin")));
    assert!(built.status.success(), "{}", printed(&built));
    let words = std::fs::read_to_string(checkout.path("temp/built")).unwrap();
    assert!(
        words.starts_with("install --quiet --locked --root"),
        "{words}"
    );
    let path = std::fs::read_to_string(checkout.path("temp/GITHUB_PATH")).unwrap();
    assert!(path.ends_with("/temp/qli/bin\n"), "{path}");
}

#[test]
fn no_input_is_written_into_a_script() {
    let action = yaml(ACTION);
    for step in action["runs"]["steps"].as_array().unwrap() {
        assert!(!step["run"].as_str().unwrap().contains("${{"));
    }
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(
            ACTION.contains(&format!("${{{{ inputs.{name} }}}}")),
            "{name}"
        );
        assert!(input["default"].is_string() && input["description"].is_string());
    }
}
