//! `qli audit tail --follow`.

use std::io::Read as _;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::world::World;
use crate::support::until;

/// A follower that writes to a file.
struct Follower<'a>(&'a World, Child);

impl<'a> Follower<'a> {
    fn start(world: &'a World, words: &[&str]) -> Self {
        let out = std::fs::File::create(world.path("followed")).unwrap();
        let mut command = world.qli(["-q", "audit", "tail", "--follow"]);
        command.args(words).stdout(out);
        Self(world, command.spawn().unwrap())
    }

    fn wait_for(&self, lines: usize) -> Vec<String> {
        until(&format!("{lines} lines"), || {
            let text = std::fs::read_to_string(self.0.path("followed")).unwrap();
            let found: Vec<_> = text.lines().map(str::to_owned).collect();
            (found.len() >= lines).then_some(found)
        })
    }
}

impl Drop for Follower<'_> {
    fn drop(&mut self) {
        drop(self.1.kill());
        drop(self.1.wait());
    }
}

#[test]
fn tail_follows_a_log_across_rotation_and_loses_nothing() {
    let world = World::new();
    world.run(3);
    let mut tail = Follower::start(&world, &["-n", "2", "--format", "json"]);
    tail.wait_for(2);
    for number in 1..=3 {
        world.run(2);
        std::fs::rename(world.log(), world.path(&format!("state/log.{number}"))).unwrap();
        world.run(2);
        tail.wait_for(2 + 8 * number);
    }
    let files = ["log.1", "log.2", "log.3", "log"].map(|file| world.path("state").join(file));
    let all = files
        .map(|file| std::fs::read_to_string(file).unwrap())
        .concat();
    let all: Vec<_> = all.lines().skip(4).map(str::to_owned).collect();
    assert_eq!(tail.wait_for(26), all);
    kill(Pid::from_raw(tail.1.id().cast_signed()), Signal::SIGINT).unwrap();
    assert_eq!(tail.1.wait().unwrap().signal(), Some(2));
}

#[test]
fn tail_ends_when_its_reader_is_gone_even_if_the_log_does_not_grow() {
    let world = World::new();
    world.run(1);
    let mut command = world.qli(["-q", "audit", "tail", "--follow"]);
    command.stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reader = child.stdout.take().unwrap();
    let mut first = [0; 10];
    reader.read_exact(&mut first).unwrap();
    drop(reader);
    let status = until("its end", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}

/// The times of the records that `tail` prints, as JSON lines.
fn times(text: &str) -> Vec<String> {
    let records = text
        .lines()
        .map(|line| line.parse::<serde_json::Value>().unwrap());
    records
        .map(|record| record["timestamp"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_records_of_several_logs_are_printed_in_the_order_of_their_times() {
    let world = World::new();
    for _ in 0..3 {
        for file in ["a", "b"] {
            // Continues this log, not the other one.
            drop(std::fs::rename(world.path(file), world.log()));
            world.run(1);
            std::fs::rename(world.log(), world.path(file)).unwrap();
        }
    }
    let all = ["a", "b"].map(|file| std::fs::read_to_string(world.path(file)).unwrap());
    let mut expected = times(&all.concat());
    expected.sort();
    let tail = |words: &[&str]| {
        let mut command = world.qli(["audit", "tail", "--format", "json"]);
        command
            .args(words)
            .stdin(std::fs::File::open(world.path("b")).unwrap());
        let found = crate::support::output(&mut command);
        times(&String::from_utf8(found.stdout).unwrap())
    };
    assert_eq!(tail(&["b", "a"]), expected);
    assert_eq!(tail(&["-", "a"]), expected);
    assert_eq!(tail(&["-n", "2", "b", "a"]), expected[8..]);
    let follower = Follower::start(&world, &["--format", "json", "b", "a"]);
    assert_eq!(times(&follower.wait_for(12).join("\n")), expected);
}
