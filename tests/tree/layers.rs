//! Layers import in the order in which `lib.rs` lists them: a layer uses those above
//! it, never those below. No two files import each other, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The layers in the order of `lib.rs`.
fn layers() -> Vec<String> {
    let map = std::fs::read_to_string(src().join("lib.rs")).unwrap();
    let lines = map
        .lines()
        .filter_map(|line| line.strip_prefix("pub(crate) mod "));
    lines
        .map(|rest| rest.trim_end_matches(';').to_owned())
        .collect()
}

fn files(below: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(below)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        // The build script is not part of the program.
        .filter(|path| *path != src().join("build.rs"))
        .collect()
}

/// The layers that a file names after `crate::`.
fn imports(text: &str) -> Vec<&str> {
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let paths = code.flat_map(|line| line.split("crate::").skip(1));
    paths
        .map(|rest| {
            rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                .next()
                .unwrap()
        })
        .collect()
}

#[test]
fn no_layer_imports_one_below_it() {
    let layers = layers();
    assert_eq!(layers.first().map(String::as_str), Some("names"));
    assert_eq!(layers.last().map(String::as_str), Some("cli"));
    for file in files(&src()) {
        let relative = file.strip_prefix(src()).unwrap();
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let layer = first.trim_end_matches(".rs");
        let Some(own) = layers.iter().position(|one| one == layer) else {
            assert!(
                matches!(layer, "lib" | "main" | "testing"),
                "{layer} is not in lib.rs"
            );
            continue;
        };
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            !text.contains("use crate::{"),
            "{}: one import a line",
            relative.display()
        );
        for import in imports(&text) {
            let at = layers.iter().position(|one| one == import);
            let at = at.unwrap_or_else(|| panic!("{}: crate::{import}", relative.display()));
            assert!(
                at <= own,
                "{} imports {import}, which is below it",
                relative.display()
            );
        }
    }
}

/// The modules by path, with their code; tests are left out.
fn modules() -> BTreeMap<Vec<String>, String> {
    let files = files(&src()).into_iter();
    let files = files.filter(|file| !file.ends_with("tests.rs"));
    let modules = files.map(|file| {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap().lines();
        let code = code.filter(|line| !line.trim_start().starts_with("//"));
        let path = file.strip_prefix(src()).unwrap().with_extension("");
        let path = path.iter().map(|part| part.to_str().unwrap().to_owned());
        let path = path.filter(|part| part != "mod").collect();
        (path, code.collect::<Vec<_>>().join("\n"))
    });
    modules.collect()
}

/// The module that holds `super::codec::Seal` or `crate::audit::codec::Seal`, if
/// the path says so.
fn module_of(path: &str, own: &[String], modules: &BTreeMap<Vec<String>, String>) -> Vec<String> {
    let (mut here, mut found) = (own.to_vec(), own.to_vec());
    for part in path
        .split("::")
        .skip_while(|part| !matches!(*part, "crate" | "super"))
    {
        match part {
            "crate" => here.clear(),
            "super" => drop(here.pop()),
            name => {
                here.push(name.to_owned());
                if modules.contains_key(&here) {
                    found.clone_from(&here);
                }
            }
        }
    }
    found
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let modules = modules();
    let imports = modules.iter().map(|(own, code)| {
        let paths = code.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':'));
        let used = paths.map(|path| module_of(path, own, &modules));
        (
            own,
            used.filter(|used| used != own).collect::<BTreeSet<_>>(),
        )
    });
    let mut left: BTreeMap<_, _> = imports.collect();
    let mut before = 0;
    while before != left.len() {
        before = left.len();
        let all: BTreeSet<_> = left.keys().map(|own| (*own).clone()).collect();
        left.retain(|_, used| !used.is_disjoint(&all));
    }
    let left: Vec<_> = left.keys().map(|own| own.join("/")).collect();
    assert!(left.is_empty(), "a circle, and what imports it: {left:?}");
}

#[test]
fn only_host_touches_the_system() {
    let map = std::fs::read_to_string(src().join("lib.rs")).unwrap();
    assert_eq!(map.matches("clippy::disallowed_methods").count(), 1);
    let after = map.split("clippy::disallowed_methods").nth(1).unwrap();
    let layer = after
        .lines()
        .find_map(|line| line.strip_prefix("pub(crate) mod "));
    assert_eq!(layer, Some("host;"));
    for file in files(&src())
        .iter()
        .filter(|file| !file.ends_with("lib.rs"))
    {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(!text.contains("disallowed_methods"), "{}", file.display());
    }
}

/// The crate's API changes often; only one file should be affected.
#[test]
fn only_one_file_uses_the_json_schema_checker() {
    let all = files(&src()).into_iter();
    let using = all.filter(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        text.contains("jsonschema::")
    });
    let using: Vec<_> = using.collect();
    assert_eq!(using, [src().join("policy/checker.rs")]);
}
