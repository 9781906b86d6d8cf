//! Standard streams that another process made non-blocking.

use std::io::{PipeReader, PipeWriter, Read as _, Write as _, pipe};
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::support::output;
use crate::world::{Run, World, wait_for_state};

/// A pipe that holds one page.
fn non_blocking_pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    (reader, writer)
}

/// The reader of a run's output: it starts to read once qli waits for it.
fn read_slowly(run: &Run, reader: PipeReader) -> Vec<u8> {
    wait_for_state(run.pid(), 'S');
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    let mut all = Vec::new();
    { reader }.read_to_end(&mut all).unwrap();
    all
}

fn qli(world: &World, words: &[&str]) -> Command {
    let mut command = world.program(env!("CARGO_BIN_EXE_qli"));
    command
        .args(words)
        .env("QLI_EXTENSIONS", world.path("root"));
    command
}

#[test]
fn a_slow_reader_gets_everything_from_a_non_blocking_stream() {
    let mistakes: Vec<_> = (0..99).map(|nth| format!("mistake_{nth} = 1\n")).collect();
    let world = World::new(&mistakes.concat());
    for words in [
        &["help", "diagnostics"],
        &["g", "probe"],
        &["schema", "audit"],
    ] {
        let expected = output(&mut qli(&world, words));
        let (out_reader, out) = non_blocking_pipe();
        let (err_reader, err) = non_blocking_pipe();
        let mut command = qli(&world, words);
        let run = Run::start(command.stdout(Stdio::from(out)).stderr(Stdio::from(err)));
        drop(command);
        let reader = match expected.stdout.len() {
            0 => err_reader,
            _ => out_reader,
        };
        let read = read_slowly(&run, reader);
        assert_eq!(run.end().code(), expected.status.code(), "{words:?}");
        assert_eq!(
            read,
            [expected.stdout, expected.stderr].concat(),
            "{words:?}"
        );
    }
}

#[test]
fn standard_input_that_is_non_blocking_is_waited_for() {
    let world = World::new("").script("end", "exit 0");
    assert!(world.qli(["end"]).status().unwrap().success());
    let (reader, mut writer) = non_blocking_pipe();
    let mut command = qli(&world, &["audit", "list", "-", "--format", "json"]);
    let mut run = Run::start(command.stdin(Stdio::from(reader)).stdout(Stdio::piped()));
    wait_for_state(run.pid(), 'S');
    writer.write_all(world.log_text().as_bytes()).unwrap();
    drop(writer);
    let mut text = String::new();
    run.stdout().read_to_string(&mut text).unwrap();
    assert!(run.end().success());
    assert!(text.contains("\"extension\": \"end\""), "{text}");
}
