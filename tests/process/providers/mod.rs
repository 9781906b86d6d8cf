//! Built-in providers, each with the real tool where it can be installed, otherwise with
//! a stand-in that replays what the tool's documentation says.

mod clouds;
mod ended;
mod files;
mod fillers;
mod http;
mod keyrings;
mod managers;
mod manual;
mod programs;
mod prompts;
mod rows;
mod runs;
mod secrecy;
mod servers;
mod vaults;

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::output;
use crate::world::World;

/// A group whose script `show` prints each of its secrets, see [`printed`].
pub(crate) fn world(provider: &str, references: &[&str]) -> World {
    let (mut manifest, mut script) = (String::new(), String::new());
    for (number, reference) in references.iter().enumerate() {
        write!(
            manifest,
            "[[secrets]]\nenv = \"S{number}\"\nref = {reference:?}\nprovider = \"{provider}\"\n"
        )
        .unwrap();
        writeln!(script, "printf '<%s>' \"$S{number}\"").unwrap();
    }
    World::new(&manifest).script("show", &script)
}

/// What the script prints for these values.
pub(crate) fn printed<V: AsRef<[u8]>>(values: &[V]) -> Vec<u8> {
    let framed = values
        .iter()
        .map(|value| [b"<", value.as_ref(), b">"].concat());
    framed.collect::<Vec<_>>().concat()
}

/// What a stand-in answers to these arguments, which are separated by spaces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) args: &'a str,
    pub(crate) stdout: &'a [u8],
    pub(crate) stderr: &'a str,
    pub(crate) code: u8,
}

/// An answer on standard output.
pub(crate) fn prints<'a>(args: &'a str, stdout: &'a (impl AsRef<[u8]> + ?Sized)) -> Answer<'a> {
    Answer {
        args,
        stdout: stdout.as_ref(),
        stderr: "",
        code: 0,
    }
}

/// An answer on standard error.
pub(crate) fn fails<'a>(args: &'a str, code: u8, stderr: &'a str) -> Answer<'a> {
    Answer {
        args,
        stdout: b"",
        stderr,
        code,
    }
}

/// Adds a program that notes its arguments, its input and its environment, and answers by
/// a table. Other arguments end it with 99.
pub(crate) fn stand_in(world: World, name: &str, answers: &[Answer<'_>]) -> World {
    let directory = world.path(&format!("bin/{name}.d"));
    std::fs::create_dir(&directory).unwrap();
    let mut body = noted(&world, name);
    body += "cat >>\"$NOTES.stdin\"\ncase $* in\n";
    for (number, answer) in answers.iter().enumerate() {
        let file = |kind: &str| directory.join(format!("{number}.{kind}"));
        std::fs::write(file("out"), answer.stdout).unwrap();
        std::fs::write(file("err"), answer.stderr).unwrap();
        let (args, code) = (quoted(answer.args), answer.code);
        let [out, err] = ["out", "err"].map(|kind| file(kind).display().to_string());
        writeln!(body, "{args}) cat {out}; cat {err} >&2; exit {code} ;;").unwrap();
    }
    body += "esac\necho \"no answer to: $*\" >&2\nexit 99\n";
    world.executable(&format!("bin/{name}"), &body)
}

/// Adds a real program under a name, which notes its arguments and its environment.
pub(crate) fn real(world: World, name: &str, program: &Path) -> World {
    real_with(world, name, program, "")
}

/// Adds a real program that gets more arguments than the noted ones.
pub(crate) fn real_with(world: World, name: &str, program: &Path, args: &str) -> World {
    let body = noted(&world, name);
    let body = format!("{body}exec {} {args} \"$@\"\n", program.display());
    world.executable(&format!("bin/{name}"), &body)
}

fn noted(world: &World, name: &str) -> String {
    let notes = world.path(&format!("{name}.notes"));
    format!(
        "#!/bin/sh\nNOTES={}\nprintf '%s\\n' \"$*\" >>\"$NOTES\"\n\
         /usr/bin/env >>\"$NOTES.env\"\n",
        notes.display()
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The arguments of each call of a program, in their order.
pub(crate) fn calls(world: &World, name: &str) -> Vec<String> {
    let notes = notes(world, name, "");
    notes.lines().map(str::to_owned).collect()
}

/// Checks how often a program was called.
pub(crate) fn assert_calls(world: &World, name: &str, count: usize) {
    let calls = calls(world, name);
    assert_eq!(calls.len(), count, "{calls:#?}");
}

/// What all calls of a stand-in read from standard input.
pub(crate) fn input(world: &World, name: &str) -> String {
    notes(world, name, ".stdin")
}

/// The environment of all calls of a program, a variable in each line.
pub(crate) fn environment(world: &World, name: &str) -> String {
    notes(world, name, ".env")
}

fn notes(world: &World, name: &str, kind: &str) -> String {
    std::fs::read_to_string(world.path(&format!("{name}.notes{kind}"))).unwrap_or_default()
}

/// `qli g show`, with more variables.
pub(crate) fn show(world: &World, variables: &[(&str, &str)]) -> Output {
    output(world.qli(["show"]).envs(variables.iter().copied()))
}

/// What `explain` prints.
pub(crate) fn explained(world: &World) -> String {
    let root = world.path("root");
    let mut command = world.program(env!("CARGO_BIN_EXE_qli"));
    command
        .arg("--extensions")
        .arg(root)
        .args(["explain", "g", "show"]);
    String::from_utf8(output(&mut command).stdout).unwrap()
}

/// Runs `show`, which must print these values.
pub(crate) fn assert_shows<V: AsRef<[u8]>>(
    world: &World,
    variables: &[(&str, &str)],
    values: &[V],
) {
    let shown = show(world, variables);
    let stderr = String::from_utf8_lossy(&shown.stderr);
    let [found, expected] =
        [&shown.stdout, &printed(values)].map(|text| text.escape_ascii().to_string());
    assert_eq!(found, expected, "{stderr}");
    assert_eq!(shown.status.code(), Some(0), "{stderr}");
}

/// Runs `show`, which must be refused. Returns what qli wrote.
pub(crate) fn refused(world: &World, variables: &[(&str, &str)]) -> String {
    let shown = show(world, variables);
    let stderr = String::from_utf8(shown.stderr).unwrap();
    assert_eq!(shown.status.code(), Some(125), "{stderr}");
    assert!(shown.stdout.is_empty(), "{stderr}");
    stderr
}

/// Runs `show`, which must be refused with this code. Returns what qli wrote.
pub(crate) fn assert_refused(world: &World, variables: &[(&str, &str)], code: &str) -> String {
    let stderr = refused(world, variables);
    assert!(stderr.contains(code), "{code} is not in\n{stderr}");
    stderr
}

/// Each failure of a stand-in is refused by its meaning.
pub(crate) fn assert_failures(
    provider: &str,
    program: &str,
    reference: &str,
    args: &str,
    failures: &[(&str, u8, &str)],
) {
    for &(code, exit, stderr) in failures {
        let world = world(provider, &[reference]);
        let world = stand_in(world, program, &[fails(args, exit, stderr)]);
        assert_refused(&world, &[], code);
    }
}

/// The path of an installed program. A test without it fails: it says what was not tried.
pub(crate) fn installed(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from);
    let mut all = usual.into_iter().chain(std::env::split_paths(&path));
    let found = all.find_map(|directory| {
        let file = directory.join(program);
        is_executable(&file).then_some(file)
    });
    found.unwrap_or_else(|| {
        panic!(
            "{program} was not tried, as it is not installed: run tests/run, or install {package}"
        )
    })
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|facts| facts.permissions().mode() & 0o111 != 0)
}

#[test]
fn a_stand_in_notes_what_it_gets_and_answers_by_its_table() {
    let world = World::new("");
    let world = stand_in(
        world,
        "corp",
        &[prints("get a", "v"), fails("get b", 3, "no\n")],
    );
    let world = real(world, "shell", &installed("sh", "dash"));
    let ended = |line: &str| output(world.program("shell").args(["-c", line]));
    let answered = ended("echo asked | corp get a");
    assert_eq!(answered.stdout, b"v");
    let failed = ended("corp get b");
    assert_eq!(
        (failed.status.code(), &*failed.stderr),
        (Some(3), &b"no\n"[..])
    );
    assert_eq!(ended("corp get").status.code(), Some(99));
    assert_eq!(calls(&world, "corp"), ["get a", "get b", "get"]);
    assert_eq!(calls(&world, "shell").len(), 3);
    assert_eq!(input(&world, "corp"), "asked\n");
    assert!(environment(&world, "corp").contains("HOME="));
}
