//! The hook, run by pre-commit itself.

use std::process::Output;

use super::checkout::{BROKEN, Checkout, GOOD, printed};
use crate::support::output;
use crate::support::tool;

const HOOKS: &str = include_str!("../../../.pre-commit-hooks.yaml");

/// A repository with the hooks of this project, as `rev` names it.
fn published() -> (Checkout, String) {
    let hooks = Checkout::with(GOOD);
    hooks.write(".pre-commit-hooks.yaml", HOOKS);
    hooks.git(&["add", ".pre-commit-hooks.yaml"]);
    hooks.commit();
    let rev = hooks.git(&["rev-parse", "HEAD"]);
    (hooks, rev)
}

fn run(checkout: &Checkout) -> Output {
    let mut pre_commit = checkout.command(tool("bin/pre-commit"));
    pre_commit.env("PRE_COMMIT_HOME", checkout.path("temp"));
    output(pre_commit.args(["run", "--all-files", "--color", "never"]))
}

#[test]
fn manifests_that_are_committed_are_checked() {
    let (hooks, rev) = published();
    let config = format!(
        "repos:\n  - repo: {}\n    rev: {rev}\n    hooks:\n      - id: qli-validate\n",
        hooks.path("").display()
    );
    for (manifest, code, word) in [(GOOD, 0, "Passed"), (BROKEN, 1, "QLI0102")] {
        let checkout = Checkout::with(manifest);
        checkout.write(".pre-commit-config.yaml", &config);
        checkout.git(&["add", ".pre-commit-config.yaml"]);
        let ended = run(&checkout);
        let printed = printed(&ended);
        assert!(printed.contains(word), "{printed}");
        assert_eq!(ended.status.code(), Some(code), "{printed}");
        checkout.git(&["rm", "--quiet", "--cached", "-r", "groups"]);
        let nothing = run(&checkout);
        let printed = super::checkout::printed(&nothing);
        assert!(printed.contains("Skipped"), "{printed}");
    }
}

#[test]
fn a_group_whose_path_begins_with_a_hyphen_is_checked() {
    let (hooks, rev) = published();
    let repository = hooks.path("").display().to_string();
    for args in ["", "        args: [--deny-warnings, --]\n"] {
        let checkout = Checkout::with(GOOD);
        let config = format!(
            "repos:\n  - repo: {repository}\n    rev: {rev}\n    hooks:\n      - id: qli-validate\n{args}"
        );
        checkout.write(".pre-commit-config.yaml", &config);
        std::fs::create_dir(checkout.path("--fix")).unwrap();
        checkout.write("--fix/_manifest.toml", BROKEN);
        checkout.git(&["add", "--", ".pre-commit-config.yaml", "--fix"]);
        let ended = run(&checkout);
        let printed = printed(&ended);
        assert_eq!(ended.status.code(), Some(1), "{printed}");
        assert!(printed.contains("QLI0102"), "{printed}");
        assert!(
            printed.contains("qli validate --fix ./--fix/_manifest.toml"),
            "{printed}"
        );
        let text = std::fs::read_to_string(checkout.path("--fix/_manifest.toml")).unwrap();
        assert_eq!(text, BROKEN);
    }
}

#[test]
fn the_hooks_are_what_pre_commit_takes_for_hooks() {
    let (hooks, _) = published();
    let mut check = hooks.command(tool("bin/pre-commit"));
    let ended = output(check.args(["validate-manifest", ".pre-commit-hooks.yaml"]));
    assert!(ended.status.success(), "{}", printed(&ended));
}
