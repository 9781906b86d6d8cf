//! What the packages contain.

use std::path::Path;

use super::{EPOCH, ending, fresh, packages, printed, program, script, stripped};
use crate::support::names;

#[test]
fn two_runs_over_the_same_program_give_the_same_bytes() {
    let again = fresh("again");
    // Another directory, umask, user, locale and time zone.
    let mut command = program("sh", ["-c", "umask 077; exec \"$@\"", "sh"]);
    let package = script(".ci/package");
    command
        .arg(package.get_program())
        .args(["--binary", "stripped/qli", "again"])
        .current_dir(again.parent().unwrap())
        .env("TZ", "Asia/Kathmandu");
    for (name, value) in package.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let (_, packages) = (stripped(), packages());
    printed(&mut command);
    assert_eq!(names(packages), names(&again));
    for name in names(packages) {
        let [one, other] = [packages, &again].map(|dir| std::fs::read(dir.join(&name)).unwrap());
        assert!(one == other, "{name} differs");
    }
}

#[test]
fn the_checksums_are_those_of_all_packages() {
    let sums = std::fs::read_to_string(packages().join("SHA256SUMS")).unwrap();
    let named: Vec<&str> = sums.lines().map(|line| line.get(66..).unwrap()).collect();
    let others = names(packages());
    assert_eq!(named, others[1..], "beside {}", others[0]);
    let mut check = program("sha256sum", ["--check", "--strict", "SHA256SUMS"]);
    printed(check.current_dir(packages()));
}

#[test]
fn the_tarball_contains_everything_for_a_manual_installation() {
    let location = fresh("unpacked");
    let tarball = ending(packages(), ".tar.gz");
    let flags = [
        "-C",
        location.to_str().unwrap(),
        "-xzf",
        tarball.to_str().unwrap(),
    ];
    printed(&mut program("tar", flags));
    let tree = ending(&location, "-linux-gnu");
    let version = env!("CARGO_PKG_VERSION");
    let name = tree.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("qli-{version}-")), "{name}");
    let top =
        "CHANGELOG.md LICENSE-APACHE LICENSE-MIT README.md completions licences man qli schema";
    assert_eq!(names(&tree).join(" "), top);

    let qli = tree.join("qli");
    let qli = qli.to_str().unwrap();
    assert_eq!(
        printed(&mut program(qli, ["--version"])),
        format!("qli {version}\n")
    );
    for (shell, file) in [("bash", "qli.bash"), ("zsh", "_qli"), ("fish", "qli.fish")] {
        let packed = std::fs::read_to_string(tree.join("completions").join(file)).unwrap();
        assert_eq!(packed, printed(&mut program(qli, ["completions", shell])));
    }
    let page = std::fs::read_to_string(tree.join("man/qli-ext-new.1")).unwrap();
    assert_eq!(page, printed(&mut program(qli, ["man", "ext", "new"])));
    assert_eq!(names(&tree.join("schema")), names(Path::new("schema")));
}

#[test]
fn a_tarball_does_not_reveal_who_made_it() {
    let tarball = ending(packages(), ".tar.gz");
    let flags = [
        "--utc",
        "--numeric-owner",
        "-tvzf",
        tarball.to_str().unwrap(),
    ];
    let listed = printed(&mut program("tar", flags));
    assert_eq!(EPOCH, "1700000000");
    for line in listed.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(
            (words[1], words[3], words[4]),
            ("0/0", "2023-11-14", "22:13"),
            "{line}"
        );
        let mode = if line.starts_with('d') || line.ends_with("/qli") {
            "rwxr-xr-x"
        } else {
            "rw-r--r--"
        };
        assert_eq!(words[0].get(1..).unwrap(), mode, "{line}");
    }
}

#[test]
fn lintian_reports_nothing() {
    let deb = ending(packages(), ".deb");
    // Newer versions of Debian may report more.
    let words = [
        "--allow-root",
        "--fail-on",
        "error,warning",
        deb.to_str().unwrap(),
    ];
    assert_eq!(printed(&mut program("lintian", words)), "");
}

#[test]
fn a_file_that_is_not_a_program_is_not_packed() {
    for (file, said) in [
        ("Cargo.toml", "not a program"),
        ("no such file", "No such file"),
    ] {
        let to = fresh("nothing");
        let mut package = script(".ci/package");
        let ended = crate::support::output(package.arg("--binary").arg(file).arg(&to));
        assert!(!ended.status.success(), "{file}");
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert!(stderr.contains(said), "{stderr}");
        assert!(names(&to).is_empty(), "{file}");
    }
}
