//! The settings of the log, on real files and sockets.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;

use crate::support::output;
use crate::world::{World, code};

fn world(settings: &str) -> World {
    World::new(&format!("[audit]\n{settings}")).script("end", "exit 0")
}

/// Every record is valid by the schema.
fn assert_valid(log: &[serde_json::Value]) {
    let schema = include_str!("../../schema/audit.v1.schema.json");
    let schema = jsonschema::validator_for(&schema.parse().unwrap()).unwrap();
    for record in log {
        let faults: Vec<_> = schema
            .iter_errors(record)
            .map(|one| one.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}\n{record}");
    }
}

fn mode(world: &World, name: &str) -> u32 {
    let metadata = std::fs::metadata(world.path(name)).unwrap();
    metadata.permissions().mode() & 0o7777
}

#[test]
fn a_new_log_has_the_mode_of_its_access_whatever_the_umask() {
    for (access, file, directory) in [
        ("private", 0o600, 0o700),
        ("group-read", 0o640, 0o750),
        ("group", 0o660, 0o770),
    ] {
        for umask in ["000", "027", "077", "277", "777"] {
            let world = world(&format!("access = \"{access}\"\n"));
            std::fs::remove_dir(world.path("state")).unwrap();
            let line = format!("umask {umask}; exec $QLI end");
            assert_eq!(code(&mut world.sh(&line)), Some(0));
            assert_eq!(mode(&world, "state/log"), file, "{access} {umask}");
            assert_eq!(mode(&world, "state"), directory, "{access} {umask}");
            // Nothing half made is left.
            let left = std::fs::read_dir(world.path("state")).unwrap();
            assert_eq!(left.count(), 1, "{access} {umask}");
        }
    }
}

#[test]
fn a_refusal_is_recorded_by_a_run_and_not_by_a_preview() {
    let world = world("refusals = true\n[requires_env]\nA = \"1\"\n");
    let mut explain = world.program("qli");
    explain.arg("--extensions").arg(world.path("root"));
    assert_eq!(code(explain.args(["explain", "g", "end"])), Some(125));
    assert!(!world.path("state/log").exists());
    assert_eq!(
        code(world.qli(["end", "--token", "x"]).env("A", "2")),
        Some(125)
    );
    let log = world.log();
    assert_eq!(log.len(), 1, "{log:?}");
    assert_valid(&log);
    assert_eq!(log[0]["event"], "refused");
    assert_eq!(log[0]["args"][1], "[redacted]");
    assert_eq!(code(world.qli(["end"]).env("A", "1")), Some(0));
    assert_eq!(world.log()[1]["prev"], log[0]["hash"]);
}

/// The script replaces the log with a directory.
#[test]
fn an_end_record_that_could_not_be_written_is_written_by_the_next_run() {
    let blocks = "mv $XDG_STATE_HOME/log $XDG_STATE_HOME/aside; mkdir $XDG_STATE_HOME/log; exit 4";
    let world = world("").script("block", blocks);
    let blocked = output(&mut world.qli(["block"]));
    assert_eq!(blocked.status.code(), Some(4));
    let spool = world.path("state/qli/spool");
    assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 1);
    std::fs::remove_dir(world.path("state/log")).unwrap();
    std::fs::rename(world.path("state/aside"), world.path("state/log")).unwrap();
    assert_eq!(code(&mut world.qli(["end"])), Some(0));
    let log = world.log();
    let events: Vec<_> = log.iter().map(|one| one["event"].as_str()).collect();
    assert_eq!(
        events,
        [Some("start"), Some("finish"), Some("start"), Some("finish")]
    );
    assert_eq!(
        (&log[1]["spooled"], &log[1]["exit_code"]),
        (&true.into(), &4.into())
    );
    assert_eq!(log[1]["run_id"], log[0]["run_id"]);
    for (before, after) in log.iter().zip(&log[1..]) {
        assert_eq!(before["hash"], after["prev"]);
    }
    assert!(!spool.exists());
    assert_valid(&log);
}

#[test]
fn a_spooled_record_is_private_and_whole_whatever_the_umask() {
    let blocks = "umask 022; mv $XDG_STATE_HOME/log $XDG_STATE_HOME/aside
        mkdir $XDG_STATE_HOME/log; exit 4";
    for umask in ["000", "277", "777"] {
        let world = world("").script("block", blocks);
        let line = format!("umask {umask}; exec $QLI block");
        assert_eq!(code(&mut world.sh(&line)), Some(4));
        assert_eq!(mode(&world, "state/qli/spool"), 0o700, "{umask}");
        let spool = std::fs::read_dir(world.path("state/qli/spool")).unwrap();
        let files: Vec<_> = spool.map(|file| file.unwrap().path()).collect();
        let [file] = files.as_slice() else {
            panic!("{umask}: {files:?}")
        };
        assert_eq!(file.extension().unwrap(), "json");
        let mode = file.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, 0o600, "{umask}");
        std::fs::read_to_string(file)
            .unwrap()
            .parse::<serde_json::Value>()
            .unwrap();
    }
}

/// In a private mount namespace, `/dev/log` is the socket of this test.
#[test]
fn syslog_receives_every_record() {
    let world = world("anchor = \"syslog\"\n");
    std::fs::create_dir(world.path("dev")).unwrap();
    let syslog = UnixDatagram::bind(world.path("dev/log")).unwrap();
    syslog.set_nonblocking(true).unwrap();
    let line = "cd dev; for one in null urandom; do
            : >$one; mount --bind /dev/$one $one
        done
        mount --rbind . /dev; exec $QLI end";
    let mut command = world.program("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-ec", line]);
    assert_eq!(code(&mut command), Some(0));
    let mut buffer = [0; 4096];
    for record in world.log() {
        let length = syslog.recv(&mut buffer).unwrap();
        let stderr = str::from_utf8(&buffer[..length]).unwrap();
        let (tag, head) = stderr.split_once(": ").unwrap();
        assert!(tag.starts_with("<85>qli["), "{stderr}");
        let head: serde_json::Value = head.parse().unwrap();
        assert_eq!(
            (&head["seq"], &head["hash"]),
            (&record["seq"], &record["hash"])
        );
    }
    assert!(syslog.recv(&mut buffer).is_err());
}

#[test]
fn without_sync_no_call_waits_for_the_disk() {
    let world = world("sync = false\n");
    let line = "exec strace -f -o calls -e trace=fsync,fdatasync,execve $QLI end";
    assert_eq!(code(&mut world.sh(line)), Some(0));
    let calls = std::fs::read_to_string(world.path("calls")).unwrap();
    assert!(
        calls.contains("execve(") && !calls.contains("sync("),
        "{calls}"
    );
    assert_eq!(world.log().len(), 2);
}
