//! What the script gets is what the guards have seen.

use std::process::Command;

use serde_json::Value;

use crate::support::output;
use crate::world::World;

/// Runs its arguments in an environment where `ZONE`, `OP_ZONE` and `CI_TOKEN` are set twice: what
/// no shell can do, and `execve` allows.
const TWICE: &str = "import os, sys
class Twice(dict):
    def __len__(self): return len(self.pairs)
    def keys(self): return [key for key, _ in self.pairs]
    def values(self): return [value for _, value in self.pairs]
twice = Twice()
twice.pairs = list(os.environ.items())
for value in 'prod', 'dev':
    twice.pairs += [('ZONE', value), ('OP_ZONE', value), ('CI_TOKEN', value + '-token')]
os.execve(sys.argv[1], sys.argv[1:], twice)
";

fn twice(world: &World, command: &Command) -> Value {
    let mut python = world.program("python3");
    python.args(["-c", TWICE]).arg(command.get_program());
    python.args(command.get_args());
    let found = output(&mut python);
    serde_json::from_slice(&found.stdout).unwrap_or_else(|_| {
        let printed = String::from_utf8_lossy(&found.stdout);
        Value::from(format!("{printed}{}", found.status))
    })
}

const MANIFEST: &str = "[requires_env]
ZONE = \"dev\"
[[secrets]]
env = \"TOKEN\"
ref = \"CI_TOKEN\"
provider = \"env\"
";

#[test]
fn a_variable_that_is_set_twice_has_one_value_for_guards_secrets_and_script() {
    let script = "tr '\\0' '\\n' </proc/$$/environ | grep -E '^(ZONE|TOKEN|CI_TOKEN)=' | sort";
    let world = World::new(MANIFEST).script("hello", script);
    let seen = twice(&world, &world.qli(["hello"]));
    let expected = "CI_TOKEN=dev-token\nTOKEN=dev-token\nZONE=dev\nexit status: 0";
    assert_eq!(seen, expected);

    let other = MANIFEST.replace("\"dev\"", "\"prod\"");
    let world = World::new(&other).script("hello", script);
    assert_eq!(twice(&world, &world.qli(["hello"])), "exit status: 125");
    let mut explain = world.program(env!("CARGO_BIN_EXE_qli"));
    explain.args([
        "--extensions",
        "root",
        "explain",
        "--format",
        "json",
        "g",
        "hello",
    ]);
    assert_eq!(twice(&world, &explain)["exit_code"], 125);
}

#[test]
fn a_provider_gets_the_value_that_the_script_gets_of_a_variable_it_needs() {
    let manifest =
        "[[secrets]]\nenv = \"TOKEN\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";
    let count = "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ | grep -E '^(OP_)?ZONE='\n";
    let world = World::new(manifest).executable("bin/op", count);
    let world = world.script("hello", "echo \"$TOKEN\"");
    let seen = twice(&world, &world.qli(["hello"]));
    assert_eq!(seen, "OP_ZONE=dev\n\nexit status: 0");
}
