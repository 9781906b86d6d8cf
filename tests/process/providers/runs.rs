//! How a run calls the programs of a team's providers: side by side, as seldom as
//! possible, and without waiting for what does not come.

use std::fs::OpenOptions;
use std::process::{Command, Output};

use crate::support::{output, until};
use crate::world::{Run, World, children, code, wait_for_state};

/// A group with a provider for each name, whose program is `bin/<name>`, and a secret of
/// each: the variable `S_<name>` with the reference `r`.
pub(super) fn team(names: &[&str], fields: &str) -> World {
    let secrets = names.iter().map(|name| {
        format!("[[secrets]]\nenv = \"S_{name}\"\nref = \"r\"\nprovider = \"{name}\"\n")
    });
    let tables = names
        .iter()
        .map(|name| format!("[providers.{name}]\nprogram = \"BIN/{name}\"\n{fields}\n"));
    let text: String = secrets.chain(tables).collect();
    let world = with_manifest(&text);
    world.script("hello", "env | grep ^S_ | sort >\"$MARK\"")
}

/// A group with these lines in its manifest, in which `BIN` is the directory of programs.
pub(super) fn with_manifest(lines: &str) -> World {
    let world = World::new("");
    add_to_manifest(&world, lines);
    world
}

pub(super) fn add_to_manifest(world: &World, lines: &str) {
    let path = world.path("root/g/_manifest.toml");
    let bin = world.path("bin").display().to_string();
    let text = std::fs::read_to_string(&path).unwrap() + &lines.replace("BIN", &bin);
    std::fs::write(path, text).unwrap();
}

pub(super) const ONE: &str = "one = [\"{ref}\"]";

pub(super) fn hello(world: &World) -> Command {
    let mut command = world.qli(["hello"]);
    command.env("MARK", world.path("marker"));
    command
}

/// What the script found in its variables.
pub(super) fn marker(world: &World) -> String {
    std::fs::read_to_string(world.path("marker")).unwrap()
}

/// A run that is refused before anything is recorded: its message.
pub(super) fn refused(world: &World, command: &mut Command) -> String {
    let Output { status, stderr, .. } = output(command);
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(125), "{stderr}");
    assert_eq!(world.log_text(), "", "{stderr}");
    assert!(!world.path("marker").exists());
    stderr
}

/// Lets every program that reads `$HOLD` continue, now and later.
pub(super) fn release_all(world: &World) -> std::fs::File {
    let mut both_ways = OpenOptions::new();
    let hold = both_ways.read(true).write(true).open(world.path("hold"));
    hold.unwrap()
}

const FIVE: [&str; 5] = ["one", "two", "three", "four", "five"];

#[test]
fn five_providers_are_called_side_by_side_and_their_values_keep_the_manifest_s_order() {
    let body = |name| format!("echo UP {name} >\"$OUT\"; : <\"$HOLD\"; echo value-{name}");
    let mut world = team(&FIVE, ONE);
    for name in FIVE {
        world = world.provider(name, &body(name));
    }
    let mut lines = world.lines();
    let qli = Run::start(&mut hello(&world));
    lines.wait_for_nth("UP", 5);
    let _hold = release_all(&world);
    assert_eq!(qli.end().code(), Some(0));
    let start = world.log().remove(0);
    let names = start["env_var_names"].as_array().unwrap().clone();
    assert_eq!(names, FIVE.map(|name| format!("S_{name}")));
    let mut values = FIVE.map(|name| format!("S_{name}=value-{name}\n"));
    values.sort();
    assert_eq!(marker(&world), values.concat());
}

/// Secrets of the provider `one`, by their references.
fn of_one(references: &[&str], table: &str) -> World {
    let secret = |(nth, reference)| {
        format!("[[secrets]]\nenv = \"S_{nth:02}\"\nref = \"{reference}\"\nprovider = \"one\"\n")
    };
    let secrets: String = references.iter().enumerate().map(secret).collect();
    let table = format!("[providers.one]\nprogram = \"BIN/one\"\n{table}\n");
    with_manifest(&format!("{secrets}{table}")).script("hello", "env | grep ^S_ | sort >\"$MARK\"")
}

#[test]
fn one_provider_is_never_called_twice_at_once_and_an_equal_reference_once() {
    let world = of_one(&["a", "b", "a", "c", "b"], ONE);
    let world = world.provider(
        "one",
        "echo UP $1 >\"$OUT\"; read x <\"$HOLD\"; echo \"of $1\"",
    );
    let mut lines = world.lines();
    let qli = Run::start(&mut hello(&world));
    for nth in 1..=3 {
        lines.wait_for_nth("UP", nth);
        wait_for_state(qli.pid(), 'S');
        assert_eq!(children(qli.pid()).len(), 1);
        world.release();
    }
    assert_eq!(qli.end().code(), Some(0));
    assert_eq!(lines.all(), ["UP a", "UP b", "UP c"]);
    let expected = "S_00=of a\nS_01=of b\nS_02=of a\nS_03=of c\nS_04=of b\n";
    assert_eq!(marker(&world), expected);
}

#[test]
fn twenty_references_of_a_provider_that_batches_cost_one_call() {
    let many =
        "one = [\"{ref}\"]\nmany = { args = [\"many\"], stdin = \"lines\", output = \"map\" }";
    let references: Vec<_> = (0..20).map(|nth| format!("r{nth}")).collect();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let world = of_one(&references, many).provider(
        "one",
        "echo CALL $1 >\"$OUT\"; sed 's/.*/\"&\":\"v&\"/' | paste -sd, | sed 's/.*/{&}/'",
    );
    let mut lines = world.lines();
    let explained = explain(&world);
    assert!(explained.contains("1 call of"), "{explained}");
    assert_eq!(code(&mut hello(&world)), Some(0));
    assert_eq!(lines.all(), ["CALL many"]);
    assert!(marker(&world).ends_with("S_18=vr18\nS_19=vr19\n"));
}

pub(super) fn explain(world: &World) -> String {
    let mut command = world.program("qli");
    command.arg("--extensions").arg(world.path("root"));
    let result = output(command.args(["explain", "g", "hello"]));
    String::from_utf8(result.stdout).unwrap()
}

#[test]
fn a_process_that_keeps_the_output_open_delays_nothing() {
    let keeps = "(read x <\"$HOLD\"; echo late) & echo \"AGENT $!\" >\"$OUT\"; echo value";
    let world = team(&["one"], ONE).provider("one", keeps);
    let mut lines = world.lines();
    assert_eq!(code(&mut hello(&world)), Some(0));
    assert_eq!(marker(&world), "S_one=value\n");
    // An agent that a successful call has started stays.
    let agent = lines.wait_for("AGENT").parse().unwrap();
    wait_for_state(nix::unistd::Pid::from_raw(agent), 'S');
    world.release();
}

/// As in `exec > >(sed …)` of bash: the shell ends before what filters its output.
#[test]
fn what_a_program_leaves_behind_may_end_its_output() {
    let ends = "printf 'val' && (printf 'ue') &";
    let world = team(&["one"], ONE).provider("one", ends);
    assert_eq!(code(&mut hello(&world)), Some(0));
    assert_eq!(marker(&world), "S_one=value\n");
}

#[test]
fn a_program_that_prints_nothing_or_exits_at_once_is_a_failure() {
    for (body, why) in [
        ("exit 0", "the value is empty"),
        ("exec >&- 2>&-; exit 0", "the value is empty"),
        ("exit 3", "the program failed with code 3"),
        ("kill -KILL $$", "the program died of a signal"),
        ("exec 2>&- >&-; exit 3", "the program failed with code 3"),
        ("kill -STOP $$", "wants to ask on the terminal"),
        ("echo value; echo no >&2; exit 3", "withheld"),
    ] {
        let world = team(&["one"], ONE).provider("one", body);
        let said = refused(&world, &mut hello(&world));
        assert!(
            said.contains("S_one") && said.contains(why),
            "{body}: {said}"
        );
    }
}

#[test]
fn a_program_that_floods_is_ended_or_read_to_its_end() {
    let flood = "head -c 1048577 /dev/zero | tr '\\0' x";
    let exact = "head -c 100000 /dev/zero | tr '\\0' x";
    let world = team(&["one"], ONE).provider("one", &format!("{flood}; read x <\"$HOLD\""));
    let said = refused(&world, &mut hello(&world));
    assert!(said.contains("longer than 1048576 bytes"), "{said}");

    // Far more than a pipe holds on standard error, before and after the value.
    let body = format!("{flood} >&2; {exact}; {flood} >&2");
    let world = team(&["one"], ONE).provider("one", &body);
    assert_eq!(code(&mut hello(&world)), Some(0));
    assert_eq!(marker(&world).len(), "S_one=\n".len() + 100_000);

    let world = team(&["one"], ONE).provider("one", &format!("{flood} >&2; exit 3"));
    let said = refused(&world, &mut hello(&world));
    assert!(said.contains("withheld") && said.len() < 8192, "{said}");
}

/// References of about a MiB in all.
fn many_references() -> Vec<String> {
    let long = "x".repeat(8_000);
    (0..130).map(|nth| format!("{nth}-{long}")).collect()
}

const LINES: &str = "one = [\"{ref}\"]\nmany = { args = [], stdin = \"lines\", output = \"map\" }";

#[test]
fn a_program_need_not_read_its_input_and_may_write_before_it_does() {
    let references = many_references();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let answer = "printf '{'; for n in $(seq 0 129); do printf '\"%s-%s\":\"v\",' $n $long; done";
    let end = "printf '\"end\":\"\"}'";
    let long = "long=$(head -c 8000 /dev/zero | tr '\\0' x)";
    for body in [
        // It answers at length before it reads, when both pipes are full.
        format!("{long}; {answer}; cat >/dev/null; {end}"),
        format!("exec <&-; {long}; {answer}; {end}"),
        format!("{long}; {answer}; {end}"),
    ] {
        let world = of_one(&references, LINES).provider("one", &body);
        assert_eq!(code(&mut hello(&world)), Some(0), "{body}");
        assert_eq!(marker(&world).lines().count(), 130);
    }
}

#[test]
fn a_run_waits_for_a_program_that_reads_slowly() {
    let references = many_references();
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let body = "read x <\"$HOLD\"; sed 's/.*/\"&\":\"v\"/' | paste -sd, | sed 's/.*/{&}/'";
    let world = of_one(&references, LINES).provider("one", body);
    let qli = Run::start(&mut hello(&world));
    let program = until("the program", || children(qli.pid()).first().copied());
    until("a program that waits", || {
        let line = crate::world::command_line(program);
        line.contains("/bin/one").then_some(())
    });
    wait_for_state(qli.pid(), 'S');
    world.release();
    assert_eq!(qli.end().code(), Some(0));
}
