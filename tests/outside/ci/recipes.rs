//! The recipes of docs/ci.md.

use std::process::Command;

use super::checkout::{BROKEN, Checkout, GOOD, printed, yaml};
use crate::support::{is_root, output};

const MANUAL: &str = include_str!("../../../docs/ci.md");

/// The first block of this language below a heading.
fn block(heading: &str, language: &str) -> &'static str {
    blocks(heading, language)[0]
}

/// The blocks of this language below a heading.
fn blocks(heading: &str, language: &str) -> Vec<&'static str> {
    let (_, section) = MANUAL.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let begin = format!("```{language}\n");
    let blocks = section.split(&begin).skip(1);
    blocks
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
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
                let ended = output(run.env_remove("HOME").args(["-c", &script]));
                let printed = printed(&ended);
                assert_eq!(ended.status.code(), Some(code), "{script}{printed}");
                let line = "groups/ops/_manifest.toml:3:1: error[QLI0102]";
                assert_eq!(printed.contains(line), code == 1, "{printed}");
            }
        }
    }
}

#[test]
fn the_version_of_rust_that_is_named_is_the_one_that_is_needed() {
    let manifest = include_str!("../../../Cargo.toml");
    let (_, version) = manifest.split_once("\nrust-version = \"").unwrap();
    let needed = format!("{} or newer", version.split('"').next().unwrap());
    for text in [MANUAL, include_str!("../../../README.md")] {
        let named: Vec<_> = text.match_indices("or newer").collect();
        assert_eq!(named.len(), text.matches(&needed).count());
        assert!(!named.is_empty());
    }
}

#[test]
fn the_examples_name_what_there_is() {
    let hook = yaml(block("pre-commit", "yaml"));
    let id = hook["repos"][0]["hooks"][0]["id"].as_str().unwrap();
    let hooks = yaml(include_str!("../../../.pre-commit-hooks.yaml"));
    assert_eq!(hooks[0]["id"], id);
    let workflow = yaml(block("GitHub Actions", "yaml"));
    let action = yaml(include_str!("../../../action.yml"));
    let steps = workflow["jobs"]["validate"]["steps"].as_array().unwrap();
    let own = steps
        .iter()
        .find(|step| step["uses"].as_str().unwrap().contains("/qli@"));
    for name in own.unwrap()["with"].as_object().unwrap().keys() {
        assert!(action["inputs"][name].is_object(), "{name} is no input");
    }
}

/// A checkout with a guarded group, and the recipes that run its script: in a
/// job that has what it needs, and in one that has not.
fn guarded() -> (Checkout, [String; 2]) {
    let checkout = Checkout::with(GOOD);
    let mut new = checkout.command(checkout.path("bin/qli"));
    let made = output(new.args(["ext", "new", "live", "--guarded", "--in", "groups"]));
    assert!(made.status.success(), "{}", printed(&made));
    let recipes = blocks("Running guarded scripts in a job", "sh");
    let recipes = recipes
        .iter()
        .map(|recipe| recipe.replace("ops deploy", "live hello"));
    (checkout, recipes.collect::<Vec<_>>().try_into().unwrap())
}

#[test]
fn a_guarded_script_runs_in_a_job_that_answers() {
    let (checkout, [recipe, _]) = guarded();
    let ran = output(checkout.command("sh").args(["-ec", &recipe]));
    assert!(ran.status.success(), "{}", printed(&ran));
    assert!(printed(&ran).contains("hello from live"));
}

/// What runners do to a checkout: everyone can write to it, another user owns it,
/// there is no home directory, or none that is writable.
#[test]
fn a_guarded_script_runs_from_a_copy_whatever_the_runner_did() {
    for wrong in ["QLI0702", "QLI0703", "QLI0502", "QLI1201"] {
        let (checkout, [plain, copied]) = guarded();
        match wrong {
            "QLI0702" => open_up(&checkout),
            // Only root can give files away.
            "QLI0703" if is_root() => checkout.give_away(),
            "QLI0703" => continue,
            _ => {}
        }
        let refused = output(job(wrong, &checkout).args(["-ec", &plain]));
        assert_eq!(refused.status.code(), Some(125), "{}", printed(&refused));
        assert!(printed(&refused).contains(wrong), "{}", printed(&refused));
        let ran = output(job(wrong, &checkout).args(["-ec", &copied]));
        assert!(ran.status.success(), "{wrong}: {}", printed(&ran));
        assert!(printed(&ran).contains("hello from live"), "{wrong}");
        let log = std::fs::read_to_string(checkout.path("live-audit.log")).unwrap();
        assert_eq!(log.lines().count(), 2, "{wrong}: {log}");
    }
}

/// The shell of a job, with the home that it has.
fn job(wrong: &str, checkout: &Checkout) -> Command {
    let mut job = checkout.command("sh");
    match wrong {
        "QLI0502" => job.env_remove("HOME"),
        "QLI1201" => job.env("HOME", "/proc"),
        _ => &mut job,
    };
    job
}

fn open_up(checkout: &Checkout) {
    let mut chmod = checkout.command("chmod");
    let ended = output(chmod.args(["-R", "a+w", "groups"]));
    assert!(ended.status.success(), "{}", printed(&ended));
}
