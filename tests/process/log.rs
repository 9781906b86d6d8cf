//! The log of many concurrent runs, and the system calls of one run.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::hex;
use crate::world::{Run, World, code, rounds};

#[test]
fn many_runs_at_once_leave_one_chain_of_whole_lines() {
    let count = rounds(100, 1000) as usize;
    let world = World::new("").script("end", "exit 0");
    let runs: Vec<_> = (0..count)
        .map(|_| Run::start(&mut world.qli(["end"])))
        .collect();
    for run in runs {
        assert!(run.end().success());
    }
    let log = world.log();
    assert_eq!(log.len(), 2 * count);
    assert_chained(&world.log_text(), &log);
    let mut events: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for record in &log {
        let run = events
            .entry(record["run_id"].as_str().unwrap())
            .or_default();
        run.push(record["event"].as_str().unwrap());
    }
    assert_eq!(events.len(), count);
    assert!(events.values().all(|run| run == &["start", "finish"]));
}

fn assert_chained(text: &str, log: &[Value]) {
    let mut before = Value::from("0".repeat(64));
    for (nth, (line, record)) in text.lines().zip(log).enumerate() {
        assert_eq!((&record["seq"], &record["prev"]), (&nth.into(), &before));
        assert_eq!(record["chain"], log[0]["chain"]);
        let hashed = line.rsplit_once(",\"hash\"").unwrap().0;
        assert_eq!(record["hash"], hex(&Sha256::digest(hashed)));
        before = record["hash"].clone();
    }
}

#[test]
fn a_start_record_identifies_its_process_and_marks_claims() {
    let world = World::new("").script("end", "exit 0");
    let mut command = world.qli(["end"]);
    command.env("USER", "evil").env("SUDO_USER", "evil");
    command.env("SSH_CONNECTION", "192.0.2.1 5000 192.0.2.2 22");
    assert_eq!(code(&mut command), Some(0));
    let start = &world.log()[0];
    assert_ne!(start["user"], "evil");
    let claimed = serde_json::json!({
        "SUDO_USER": "evil", "SSH_CONNECTION": "192.0.2.1 5000 192.0.2.2 22"
    });
    assert_eq!(start["claimed"], claimed);
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(start["boot_id"], boot.trim_end());
    let parent = std::env::current_exe().unwrap();
    assert_eq!(start["parent_exe"], parent.to_str().unwrap());
    assert!(start["process_start"].is_u64());
    assert!(start["login_uid"].is_u64() || start["login_uid"].is_null());
    let script = std::fs::metadata(world.path("root/g/end")).unwrap();
    assert_eq!(start["program"]["inode"], script.ino());
}

/// The system calls of a second run, a line each.
fn system_calls() -> Vec<String> {
    let world = World::new("").script("end", "exit 0");
    assert_eq!(code(&mut world.qli(["end"])), Some(0));
    let line = "exec strace -f -qq -o trace $QLI end";
    assert_eq!(code(&mut world.sh(line)), Some(0));
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    let calls = trace.lines().filter_map(|line| line.split_once(' '));
    calls
        .map(|(_, call)| call.trim_start().to_owned())
        .collect()
}

#[test]
fn a_second_run_syncs_before_the_script_starts_and_makes_no_needless_call() {
    let calls = system_calls();
    let at = |found: &dyn Fn(&str) -> bool| calls.iter().position(|call| found(call));
    let synced = at(&|call| call.starts_with("fdatasync(") && call.ends_with("= 0")).unwrap();
    let started = at(&|call| call.starts_with("execve(") && call.contains("root/g/end")).unwrap();
    assert!(synced < started, "synced at {synced}, started at {started}");
    for needless in ["CLONE_THREAD", "mkdir", "getdents"] {
        let call = calls.iter().find(|call| call.contains(needless));
        assert_eq!(call, None, "{needless}");
    }
}
