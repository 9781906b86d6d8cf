//! The recipes of docs/ci.md.

use crate::checkout::{BROKEN, Checkout, GOOD, ended, is_root, told, yaml};

const MANUAL: &str = include_str!("../../docs/ci.md");

/// The block of this language below a heading.
fn block(heading: &str, language: &str) -> &'static str {
    let (_, section) = MANUAL.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0
}

/// The scripts of a runner of GitLab and of a shell, as each runs its lines.
fn recipes() -> Vec<(&'static str, String)> {
    let job = yaml(block("GitLab", "yaml"));
    let lines = job["qli"]["script"].as_array().unwrap();
    let lines: Vec<_> = lines.iter().map(|line| line.as_str().unwrap()).collect();
    let gitlab = format!("set -eo pipefail\n{}\n", lines.join("\n"));
    let shell = block("Anything with a shell", "sh").to_owned();
    vec![("bash", gitlab), ("sh", shell)]
}

#[test]
fn the_recipes_pass_what_is_good_and_fail_what_is_not() {
    let foreign = if is_root() {
        &[false, true][..]
    } else {
        &[false]
    };
    for (shell, script) in recipes() {
        for (manifest, code) in [(GOOD, 0), (BROKEN, 1)] {
            for foreign in foreign {
                let checkout = Checkout::with(manifest);
                if *foreign {
                    checkout.give_away();
                }
                let mut run = checkout.command(shell);
                let ended = ended(run.env_remove("HOME").args(["-c", &script]));
                let told = told(&ended);
                assert_eq!(ended.status.code(), Some(code), "{script}{told}");
                let line = "groups/ops/_manifest.toml:3:1: error[QLI0102]";
                assert_eq!(told.contains(line), code == 1, "{told}");
            }
        }
    }
}

#[test]
fn the_examples_name_what_there_is() {
    let hook = yaml(block("pre-commit", "yaml"));
    let id = hook["repos"][0]["hooks"][0]["id"].as_str().unwrap();
    let hooks = yaml(include_str!("../../.pre-commit-hooks.yaml"));
    assert_eq!(hooks[0]["id"], id);
    let workflow = yaml(block("GitHub Actions", "yaml"));
    let action = yaml(include_str!("../../action.yml"));
    let steps = workflow["jobs"]["validate"]["steps"].as_array().unwrap();
    let own = steps
        .iter()
        .find(|step| step["uses"].as_str().unwrap().contains("/qli@"));
    for name in own.unwrap()["with"].as_object().unwrap().keys() {
        assert!(action["inputs"][name].is_object(), "{name} is no input");
    }
}

#[test]
fn a_guarded_script_runs_in_a_job_that_answers() {
    let checkout = Checkout::with(GOOD);
    let mut new = checkout.command(checkout.path("bin/qli"));
    let made = ended(new.args(["ext", "new", "live", "--guarded", "--in", "groups"]));
    assert!(made.status.success(), "{}", told(&made));
    let recipe = block("Running guarded scripts in a job", "sh");
    let recipe = recipe.replace("ops deploy", "live hello");
    let ran = ended(checkout.command("sh").args(["-ec", &recipe]));
    assert!(ran.status.success(), "{}", told(&ran));
    assert!(told(&ran).contains("hello from live"));
}
