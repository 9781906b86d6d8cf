//! What decides which code runs, with the programs that read it: it runs where the script
//! inherits everything, and does not where the manifest removes it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::output;
use crate::world::World;

/// Starts bash, sh and Python, each of which reads some of the variables.
const SCRIPT: &str = "#!/usr/bin/env bash
echo script >>marks
sh -i -c : </dev/null
python3 -c pass
";

/// bash neither uses the PS4 of root nor hands it on.
const TRACED: &str = "
as=
if [ \"$(id -u)\" = 0 ]; then as='setpriv --reuid 65534 --regid 65534 --clear-groups'; fi
if $as bash -xc : 2>&1 | grep -q ^PS4; then echo PS4 >>marks; fi";

const PRELOAD: &str = "#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
__attribute__((constructor)) static void loaded(void) {
    if (strcmp(program_invocation_short_name, \"bash\") != 0) return;
    FILE *marks = fopen(\"marks\", \"a\");
    if (marks) { fputs(\"LD_PRELOAD\\n\", marks); fclose(marks); }
}
";

const VARIABLES: [&str; 6] = [
    "BASH_ENV",
    "BASH_FUNC_echo%%",
    "ENV",
    "LD_PRELOAD",
    "PS4",
    "PYTHONPATH",
];

/// Writes what the variables name; each leaves its name in `marks`.
fn world(manifest: &str) -> World {
    let world = World::new(manifest).executable("root/g/hello", SCRIPT);
    let world = world.script("traced", TRACED);
    let write = |name: &str, text: &str| std::fs::write(world.path(name), text).unwrap();
    write("bash_env", "builtin echo BASH_ENV >>marks\n");
    write("env", "command printf 'ENV\\n' >>marks\n");
    write("preload.c", PRELOAD);
    std::fs::create_dir(world.path("python")).unwrap();
    write(
        "python/sitecustomize.py",
        "open('marks', 'a').write('PYTHONPATH\\n')\n",
    );
    let words = ["-shared", "-fPIC", "-o", "preload.so", "preload.c"];
    let compiled = output(world.program("cc").args(words));
    assert!(compiled.status.success(), "{compiled:?}");
    world
}

fn with_variables<'c>(world: &World, command: &'c mut Command) -> &'c mut Command {
    let path = |name: &str| world.path(name);
    command
        .env("BASH_ENV", path("bash_env"))
        .env(
            "BASH_FUNC_echo%%",
            "() { builtin echo 'BASH_FUNC_echo%%' >>marks; }",
        )
        .env("ENV", path("env"))
        .env("LD_PRELOAD", path("preload.so"))
        .env("PS4", "$(printf PS4)")
        .env("PYTHONPATH", path("python"))
}

/// What ran, without the script itself.
fn ran(world: &World) -> BTreeSet<String> {
    let marks = world.path("marks");
    drop(std::fs::remove_file(&marks));
    for script in ["hello", "traced"] {
        let run = output(with_variables(world, &mut world.qli([script])));
        assert!(run.status.success(), "{run:?}");
    }
    let marks = std::fs::read_to_string(marks).unwrap();
    let marks = marks.lines().filter(|line| *line != "script");
    marks.map(str::to_owned).collect()
}

fn explained(world: &World) -> Value {
    let mut explain = world.program(env!("CARGO_BIN_EXE_qli"));
    explain.arg("--extensions").arg(world.path("root"));
    explain.args(["explain", "--format", "json", "g", "hello"]);
    let found = output(with_variables(world, &mut explain));
    let document: Value = serde_json::from_slice(&found.stdout).unwrap();
    document["environment"].clone()
}

fn names(list: &Value) -> BTreeSet<String> {
    let list = list.as_array().into_iter().flatten();
    list.map(|name| name.as_str().unwrap().to_owned()).collect()
}

fn all() -> BTreeSet<String> {
    VARIABLES.map(str::to_owned).into()
}

#[test]
#[cfg(target_os = "linux")]
fn code_of_variables_runs_under_inherit_and_is_noted() {
    let world = world("");
    assert_eq!(ran(&world), all());
    assert_eq!(names(&explained(&world)["loader_variables"]), all());
    assert_eq!(world.log()[0].get("env_removed"), None);
}

#[test]
#[cfg(target_os = "linux")]
fn code_of_variables_does_not_run_under_scrub_and_clean_and_is_listed() {
    for policy in ["scrub", "clean"] {
        let world = world(&format!("environment = \"{policy}\""));
        assert_eq!(ran(&world), BTreeSet::new(), "{policy}");
        let explained = explained(&world);
        let removed = names(&explained["removed"]);
        assert!(removed.is_superset(&all()), "{removed:?}");
        assert_eq!(explained.get("loader_variables"), None);
        let start = &world.log()[0];
        assert_eq!(start["environment"], policy);
        assert_eq!(names(&start["env_removed"]), removed);
        assert!(!world.log_text().contains("preload.so"), "{start}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_kept_runs() {
    let keep = "environment = \"scrub\"\nkeep = [\"PS4\", \"BASH_FUNC_*\"]";
    let kept = ["BASH_FUNC_echo%%", "PS4"].map(str::to_owned).into();
    let world = world(keep);
    assert_eq!(ran(&world), kept);
    assert_eq!(names(&explained(&world)["loader_variables"]), kept);
}

const PRINT: &str = "tr '\\0' '\\n' </proc/$$/environ | sort >environ";

fn environ(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("QLI_RUN_ID="));
    lines.map(str::to_owned).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn clean_passes_a_few_variables_and_what_the_run_adds() {
    let manifest = "environment = \"clean\"\nkeep = [\"AWS_*\"]\n\
        set_env = { PGHOST = \"db-1\", HOME = \"/\" }\nrequires_env = { ZONE = \"eu\" }\n\
        [[secrets]]\nenv = \"TOKEN\"\nref = \"SEED\"\nprovider = \"env\"\n";
    let world = World::new(manifest).script("hello", PRINT);
    let mut qli = world.qli(["hello"]);
    qli.env_remove("XDG_DATA_DIRS");
    qli.env("AWS_REGION", "eu")
        .env("ZONE", "eu")
        .env("PGHOST", "db-2")
        .env("GREETING", "() { :; }");
    assert!(output(&mut qli).status.success());
    let path = world.path("bin").display().to_string();
    let state = world.path("state").display().to_string();
    let expected = [
        "AWS_REGION=eu".to_owned(),
        "HOME=/".to_owned(),
        format!("PATH={path}:/usr/bin:/bin"),
        "PGHOST=db-1".to_owned(),
        "QLI_EXTENSION=hello".to_owned(),
        "QLI_GROUP=g".to_owned(),
        "TOKEN=supersecretvalue".to_owned(),
        format!("XDG_STATE_HOME={state}"),
    ];
    assert_eq!(environ(&world.path("environ")), expected);
    let start = &world.log()[0];
    let set = serde_json::json!({ "HOME": "/", "PGHOST": "db-1" });
    assert_eq!(start["env_set"], set);
    let removed = ["GREETING", "HOLD", "OUT", "QLI", "SEED", "ZONE"].map(str::to_owned);
    assert_eq!(names(&start["env_removed"]), removed.into());
}

/// The interpreter that is planned is the one that runs.
#[test]
#[cfg(target_os = "linux")]
fn env_starts_the_interpreter_of_the_path_that_is_set() {
    let mark = |name: &str| format!("#!/bin/sh\necho {name} >marks\n");
    let world = World::new("")
        .executable("bin/tool", &mark("own"))
        .executable("root/g/hello", "#!/usr/bin/env tool\n");
    std::fs::create_dir(world.path("pinned")).unwrap();
    let world = world.executable("pinned/tool", &mark("pinned"));
    let pinned = world.path("pinned");
    let manifest = world.path("root/g/_manifest.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let set = format!(
        "{text}set_env.PATH = \"{}:/usr/bin:/bin\"\n",
        pinned.display()
    );
    std::fs::write(&manifest, set).unwrap();
    let mut explain = world.program(env!("CARGO_BIN_EXE_qli"));
    explain.arg("--extensions").arg(world.path("root"));
    explain.args(["explain", "--format", "json", "g", "hello"]);
    let document: Value = serde_json::from_slice(&output(&mut explain).stdout).unwrap();
    let interpreters = document["interpreters"].as_array().unwrap();
    let paths: Vec<_> = interpreters
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert!(
        paths.contains(&world.path("pinned/tool").to_str().unwrap()),
        "{paths:?}"
    );
    assert!(output(&mut world.qli(["hello"])).status.success());
    assert_eq!(
        std::fs::read_to_string(world.path("marks")).unwrap(),
        "pinned\n"
    );
}

#[test]
fn the_built_in_group_for_production_removes_them() {
    let world = World::new("");
    let mut explain = world.program(env!("CARGO_BIN_EXE_qli"));
    explain.args(["explain", "--format", "json", "prod", "hello"]);
    explain.env("BASH_ENV", "/none").env("QLI_ENV", "prod");
    let document: Value = serde_json::from_slice(&output(&mut explain).stdout).unwrap();
    let expected = serde_json::json!({ "policy": "scrub", "removed": ["BASH_ENV"] });
    assert_eq!(document["environment"], expected);
}
