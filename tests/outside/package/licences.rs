//! Which packages and licences are listed, and which licences fail.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use tempfile::TempDir;

use super::{ending, packages, printed, program, script};
use crate::support::output;

/// Writes programs into a directory that comes first on `PATH`.
///
/// By a shell: what this process has open for writing in the instant in which
/// another test forks cannot be executed (ETXTBSY).
pub(crate) fn shadow(command: &mut Command, directory: &Path, programs: &[(&str, &str)]) {
    let write = "printf '%s' \"$1\" >\"$2\" && chmod +x \"$2\"";
    for (name, text) in programs {
        let file = directory.join(name);
        printed(&mut program(
            "sh",
            ["-c", write, "sh", text, file.to_str().unwrap()],
        ));
    }
    let path = std::env::var("PATH").unwrap();
    command
        .env("REAL_PATH", &path)
        .env("PATH", format!("{}:{path}", directory.display()));
}

/// The installed list of what is linked.
fn document() -> String {
    let location = super::fresh("licences");
    let deb = ending(packages(), ".deb");
    printed(&mut program("dpkg-deb", [Path::new("-x"), &deb, &location]));
    let file: PathBuf = location.join("usr/share/doc/qli/THIRD-PARTY.md.gz");
    printed(&mut program("zcat", [file]))
}

#[test]
fn everything_that_is_linked_is_listed_with_its_licence() {
    let document = document();
    let manifest: toml::Table = toml::from_str(include_str!("../../../Cargo.toml")).unwrap();
    let row = |name: &str| document.contains(&format!("\n| {name} "));
    for (name, _) in manifest["dependencies"].as_table().unwrap() {
        assert!(row(name), "{name}");
    }
    assert!(
        row("winnow") && row("Rust's standard library"),
        "what is below"
    );
    for name in [
        "qli",
        "rexpect",
        "tempfile",
        "proptest",
        "serde_derive",
        "cc",
    ] {
        assert!(!row(name), "{name} is not linked");
    }
    assert!(!row("GNU"), "the C library is another package's");
    assert!(document.contains("\n## "), "texts");
    assert!(document.contains("(LICENSE-MIT)"), "texts");
}

/// Lists the licences of a program that needs one package under this licence.
fn verdict(licence: Option<&str>) -> Result<String, String> {
    let location = TempDir::new().unwrap();
    std::fs::write(location.path().join("COPYING"), "Do as you like.\n").unwrap();
    let manifest = location.path().join("Cargo.toml");
    let one = json!({"id": "one", "name": "one", "version": "1.0.0", "license": licence,
        "authors": ["A. Author <a@example>"], "manifest_path": manifest});
    let own = json!({"id": "own", "name": "own", "version": "0.1.0"});
    let known = json!({"packages": [one, own], "workspace_members": ["own"]});
    let cargo = "#!/bin/sh
case $1 in
    tree) printf 'own v0.1.0 (/own)\\none v1.0.0\\none v1.0.0 (*)\\n' ;;
    *) echo \"$KNOWN\" ;;
esac
";
    let mut command = script(".ci/licences");
    shadow(&mut command, location.path(), &[("cargo", cargo)]);
    let ended = output(
        command
            .args(["any", "none"])
            .env("KNOWN", known.to_string()),
    );
    let [out, err] = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    if ended.status.success() {
        Ok(out)
    } else {
        Err(err)
    }
}

#[test]
fn a_licence_that_is_not_accepted_fails() {
    for licence in [
        "MIT",
        "MIT/Apache-2.0",
        "MIT OR GPL-3.0-only",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR MIT",
    ] {
        let document = verdict(Some(licence)).unwrap();
        assert!(document.contains(&format!("| one 1.0.0 | {licence} | A. Author |")));
        assert!(document.contains("## one 1.0.0 (COPYING)"), "{document}");
        assert!(document.contains("Do as you like."), "{document}");
    }
    for licence in [
        None,
        Some(""),
        Some("GPL-3.0-only"),
        Some("MIT AND GPL-3.0-only"),
        Some("(MIT OR Apache-2.0) AND MPL-2.0"),
        Some("GPL-2.0-only WITH LLVM-exception"),
    ] {
        let said = verdict(licence).unwrap_err();
        assert!(said.contains("  one 1.0.0: "), "{licence:?}: {said}");
    }
}
