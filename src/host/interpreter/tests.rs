use super::super::fake::{World, native_program};
use super::*;

const SCRIPT: &str = "/g/hello";

fn world() -> World {
    World::new()
        .program("/usr/bin/env", &native_program())
        .program("/usr/bin/bash", &native_program())
}

fn look(world: &World, line: &str) -> Result<Vec<String>, String> {
    let found = {
        let path = world.var("PATH");
        let line = Some(line.as_bytes());
        interpreters(Path::new(SCRIPT), line, path.as_deref(), &[], world)
    };
    let paths = |found: Vec<Interpreter>| {
        let paths = found.into_iter().map(|one| one.path.display().to_string());
        paths.collect()
    };
    found.map(paths).map_err(|fault| fault.to_string())
}

fn names(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|&path| path.to_owned()).collect()
}

#[test]
fn the_interpreter_of_an_interpreter_is_found_too() {
    let world = world().executable("/opt/wrapper", "#!/usr/bin/bash -x\n");
    let found = look(&world, "#!/opt/wrapper -y\n");
    assert_eq!(found.unwrap(), names(&["/opt/wrapper", "/usr/bin/bash"]));
    let around = world.executable("/opt/wrapper", "#!/opt/wrapper\n");
    let found = look(&around, "#!/opt/wrapper\n").unwrap_err();
    assert!(found.contains("too many nested"), "{found}");
}

#[test]
fn what_env_starts_is_found_as_env_finds_it() {
    let world = world()
        .var("PATH", "/none:bin:/usr/bin")
        .executable("/home/ops/bin/python", "#!/usr/bin/bash\n");
    for (line, program) in [
        ("#!/usr/bin/env bash\n", "/usr/bin/bash"),
        ("#!/usr/bin/env -S bash -e\n", "/usr/bin/bash"),
        ("#!/usr/bin/env -S -v A=1 bash\n", "/usr/bin/bash"),
        ("#!/usr/bin/env /usr/bin/bash\n", "/usr/bin/bash"),
    ] {
        let found = look(&world, line).unwrap();
        assert_eq!(found, names(&["/usr/bin/env", program]));
    }
    let shim = names(&["/usr/bin/env", "/home/ops/bin/python", "/usr/bin/bash"]);
    assert_eq!(look(&world, "#!/usr/bin/env python\n"), Ok(shim));
    for line in ["#!/usr/bin/env -i\n", "#!/usr/bin/env -S PATH=/x bash\n"] {
        assert_eq!(look(&world, line), Ok(names(&["/usr/bin/env"])), "{line}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_env_does_not_find_is_a_fault() {
    for name in ["bash\r", "bash -e", "fish"] {
        let found = look(&world(), &format!("#!/usr/bin/env {name}\n")).unwrap_err();
        assert!(found.ends_with("is not on PATH"), "{found}");
    }
}

#[test]
fn without_a_program_env_would_start_the_script_again() {
    for line in ["#!/usr/bin/env\n", "#!/usr/bin/env A=1\n"] {
        let found = look(&world(), line).unwrap_err();
        assert!(
            found.ends_with("gives `env` no program to start"),
            "{found}"
        );
    }
}

#[test]
fn each_fault_of_an_interpreter_has_its_own_words() {
    let world = world()
        .directory("/opt/directory", 0o755)
        .file("/opt/closed", "")
        .link("/opt/dangling", "/none")
        .executable("/opt/empty", "")
        .executable("/opt/text", "echo\n")
        .executable("/opt/odd", "a\0b")
        .executable("/opt/nameless", "#!\n");
    for (name, fault) in [
        ("none", "does not exist"),
        ("directory", "is a directory"),
        ("closed", "is not executable"),
        ("dangling", "is a broken symbolic link"),
        ("empty", "is empty"),
        ("text", "has no `#!` line and is no program"),
        ("odd", "has a format that this system cannot execute"),
        ("nameless", "has a `#!` line that the system cannot read"),
    ] {
        let expected = format!("the interpreter `/opt/{name}` of {SCRIPT} {fault}");
        assert_eq!(look(&world, &format!("#!/opt/{name}\n")), Err(expected));
    }
}

#[test]
fn only_what_root_alone_can_change_is_not_hashed() {
    let hashed = |world: &World| {
        let head = Some(&b"#!/usr/bin/bash\n"[..]);
        planned_interpreters(Path::new(SCRIPT), head, None, world).unwrap()[0]
            .sha256
            .is_some()
    };
    let of_root = || world().alter("/usr/bin/bash", |stat| stat.owner = 0);
    assert!(hashed(&world()) && !hashed(&of_root()));
    assert!(hashed(
        &of_root().alter("/usr/bin/bash", |stat| stat.mode = 0o775)
    ));
}
