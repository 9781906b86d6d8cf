use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::diagnostics::Source;
use crate::host::fake::World;
use crate::manifest::parse;

fn environment(fields: &str) -> ScriptEnvironment {
    let text = format!("schema_version = 1\ndescription = \"d\"\n{fields}");
    let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
    let manifest = parse(&Arc::new(source)).unwrap();
    manifest.environment_of(&"hello".parse().unwrap())
}

const SET: [(&str, &str); 11] = [
    ("AWS_REGION", "eu"),
    ("BASH_ENV", "/tmp/x"),
    ("BASH_FUNC_ls%%", "() { :; }"),
    ("GREETING", "() { :; }"),
    ("HOME", "/home/ops"),
    ("LANG", "() { :; }"),
    ("LC_ALL", "C"),
    ("LD_PRELOAD", "/tmp/x.so"),
    ("PATH", "/usr/bin"),
    ("PYTHONPATH", "/tmp"),
    ("QLI_ENV", "prod"),
];

/// The names of those that the script gets.
fn passed(fields: &str) -> Vec<String> {
    let own = SET.map(|(name, value)| (name.into(), value.into())).into();
    let environment = environment(fields);
    let names = environment.of(&own).into_keys();
    names
        .map(|name| name.to_str().unwrap().to_owned())
        .collect()
}

#[test]
fn inherit_passes_everything() {
    assert_eq!(passed(""), SET.map(|(name, _)| name));
    assert_eq!(
        passed("environment = \"inherit\""),
        SET.map(|(name, _)| name)
    );
    assert!(environment("environment = \"inherit\"").is_default());
}

#[test]
fn scrub_passes_all_but_what_decides_which_code_runs() {
    let expected = ["AWS_REGION", "HOME", "LC_ALL", "PATH", "QLI_ENV"];
    assert_eq!(passed("environment = \"scrub\""), expected);
}

#[test]
fn clean_passes_a_few_variables() {
    assert_eq!(
        passed("environment = \"clean\""),
        ["HOME", "LC_ALL", "PATH"]
    );
}

#[test]
fn what_is_kept_passes_whatever_it_is() {
    let kept = passed("environment = \"clean\"\nkeep = [\"AWS_*\", \"LD_PRELOAD\", \"LANG\"]");
    assert_eq!(
        kept,
        ["AWS_REGION", "HOME", "LANG", "LC_ALL", "LD_PRELOAD", "PATH"]
    );
    let kept = passed("environment = \"scrub\"\nkeep = [\"BASH_FUNC_*\", \"PYTHON\"]");
    let functions = kept.iter().filter(|name| name.starts_with("BASH_FUNC_"));
    assert_eq!(functions.count(), 1);
    assert!(!kept.contains(&"PYTHONPATH".to_owned()));
}

#[test]
fn what_is_set_replaces_what_was() {
    let all = environment("environment = \"clean\"\nset_env = { HOME = \"/x\", NEW = \"1\" }");
    let own = SET.map(|(name, value)| (name.into(), value.into())).into();
    let all = all.of(&own);
    let value = |name: &str| {
        all.get(OsStr::new(name))
            .map(|value| value.to_str().unwrap())
    };
    assert_eq!((value("HOME"), value("NEW")), (Some("/x"), Some("1")));
}

#[test]
fn a_section_removes_more_and_never_less() {
    let section = "environment = \"scrub\"\nkeep = [\"LD_*\"]\n\
        [extensions.hello]\nenvironment = \"clean\"\nkeep = [\"AWS_*\", \"LD_PRELOAD\"]\n\
        set_env = { NEW = \"1\" }\n";
    let expected = ["AWS_REGION", "HOME", "LC_ALL", "LD_PRELOAD", "NEW", "PATH"];
    assert_eq!(passed(section), expected);
    // What the group keeps is removed if the section does not keep it too.
    let without = section.replace(", \"LD_PRELOAD\"", "");
    assert!(!passed(&without).contains(&"LD_PRELOAD".to_owned()));
    assert_eq!(environment(section).policy(), EnvironmentPolicy::Clean);
}

#[test]
fn the_search_path_is_the_one_that_the_script_gets() {
    let path = |fields: &str, value: &str| {
        let world = World::new().var("PATH", value);
        environment(fields).path(&world)
    };
    assert_eq!(path("", "/a"), Some("/a".into()));
    assert_eq!(path("environment = \"clean\"", "/a"), Some("/a".into()));
    assert_eq!(path("set_env = { PATH = \"/b\" }", "/a"), Some("/b".into()));
    assert_eq!(path("environment = \"scrub\"", "() { :; }"), None);
    assert_eq!(path("", "() { :; }"), Some("() { :; }".into()));
}
