//! Full disks, programs that cannot be read, other limits of a system, and arguments that are too long for a record.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::support::{NOBODY, copy_program, give_away, is_root, output, set_mode};
use crate::world::{World, code};

/// Not as root, who may read everything.
fn as_user(world: &World, line: &str) -> Command {
    let mut command = world.sh(line);
    if is_root() {
        give_away(&world.path("."), NOBODY);
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

const SECRET: &str = "[[secrets]]
env = \"S\"
ref = \"op://v/i/f\"
provider = \"one_password\"";

#[test]
fn a_provider_that_may_be_executed_and_not_read_is_called() {
    let world = World::new(SECRET).script(
        "hello",
        "[ \"$S\" = 'read --no-newline op://v/i/f\n' ] && exit 4",
    );
    copy_program("/bin/echo", &world.path("bin/op"));
    set_mode(&world.path("bin/op"), 0o111);
    let line = "$QLI hello; echo code=$?; qli --extensions root explain g hello";
    let result = output(&mut as_user(&world, line));
    let text = String::from_utf8(result.stdout).unwrap();
    assert!(text.starts_with("code=4\n"), "{text}");
    assert!(text.contains("bin/op (not readable"), "{text}");
}

#[test]
fn a_limit_on_open_files_is_reported_as_such() {
    let world = World::new("").executable("root/g/hello", "#!/bin/true\n");
    // With three, qli itself is not loaded.
    for limit in 4..20 {
        let line = format!("ulimit -n {limit}; exec $QLI hello");
        let result = output(&mut world.sh(&line));
        let errors = String::from_utf8(result.stderr).unwrap();
        if result.status.success() {
            assert!(limit > 4, "no limit was too low");
            return;
        }
        assert!(errors.contains("Too many open files"), "{limit}: {errors}");
        assert!(errors.contains("ulimit -n"), "{limit}: {errors}");
    }
    panic!("every limit was too low");
}

#[test]
fn nothing_is_to_be_given_to_the_user_of_a_user_namespace() {
    let world = World::new("").script("hello", "exit 4");
    let line = "exec unshare --user --map-root-user $QLI hello";
    let result = output(&mut as_user(&world, line));
    let errors = String::from_utf8(result.stderr).unwrap();
    assert_eq!(result.status.code(), Some(125), "{errors}");
    assert!(
        errors.contains("this has no owner in this user namespace"),
        "{errors}"
    );
    assert!(!errors.contains("chown"), "{errors}");
}

/// In an append-only directory (chattr(1)) a draft could not be removed. Only root may
/// make one.
#[test]
fn no_draft_is_left_where_a_log_is_created() {
    let flags = ["-a", "+a"];
    for flag in &flags[..=usize::from(is_root())] {
        let world = World::new("").script("hello", "exit 4");
        let line = format!(
            "cd $XDG_STATE_HOME; [ {flag} = -a ] || chattr {flag} .
            $QLI hello; echo $?; $QLI hello; echo $?
            [ {flag} = -a ] || chattr -a .
            stat -c %a log; ls -A"
        );
        let result = output(&mut world.sh(&line));
        let text = String::from_utf8(result.stdout).unwrap();
        let errors = String::from_utf8_lossy(&result.stderr);
        assert_eq!(text, "4\n4\n600\nlog\n", "{flag}: {errors}");
    }
}

/// On a disk of 16 KiB, in a private mount namespace.
#[test]
fn on_a_full_disk_nothing_starts_and_the_log_is_unchanged() {
    let world = World::new("").script("hello", "echo RAN; exit 4");
    // After some runs the log's last page has no space for another start record.
    let line = "mount -t tmpfs -o size=16k,mode=700 none $XDG_STATE_HOME; cd $XDG_STATE_HOME
        code() { $QLI hello >$HOME/out 2>&1 && echo 0 || echo $?; }
        code
        dd if=/dev/zero of=fill bs=1k count=99 2>/dev/null || :
        for nth in 1 2 3 4 5 6 7 8 9; do
            cp log $HOME/before
            [ $(code) = 125 ] && break
        done
        cat $HOME/out >&2
        ! grep -q RAN $HOME/out && cmp log $HOME/before && echo same
        rm fill; code";
    let mut command = world.program("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-ec", line]);
    let result = output(&mut command);
    let text = String::from_utf8(result.stdout).unwrap();
    let errors = String::from_utf8_lossy(&result.stderr);
    assert_eq!(text, "4\nsame\n4\n", "{errors}");
}

/// The disk fills up while the script runs. After some runs the log's last page has no
/// space for the end record.
#[test]
fn an_end_record_that_does_not_fit_is_written_by_the_next_run() {
    let fills = "dd if=/dev/zero of=$XDG_STATE_HOME/logs/fill bs=1k count=99 2>/dev/null; exit 4";
    let world = World::new("").script("fill", fills);
    let manifest = world.path("root/g/_manifest.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("/log\"", "/logs/log\"")).unwrap();
    std::fs::create_dir(world.path("state/logs")).unwrap();
    let line = "cd $XDG_STATE_HOME; mount -t tmpfs -o size=32k,mode=700 none logs
        for nth in 1 2 3 4 5 6 7 8 9; do
            $QLI fill 2>$HOME/err && exit 1 || [ $? = 4 ]
            rm logs/fill
            [ -d qli/spool ] && break
        done
        grep -q 'the end of this run is not in its log' $HOME/err
        $QLI fill || [ $? = 4 ]
        cat logs/log";
    let mut command = world.program("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-ec", line]);
    let result = output(&mut command);
    assert!(
        result.status.success(),
        "{}",
        String::from_utf8_lossy(&result.stderr)
    );
    let text = String::from_utf8(result.stdout).unwrap();
    let records = text.lines().map(|line| line.parse().unwrap());
    let records: Vec<serde_json::Value> = records.collect();
    let spooled = records.iter().position(|one| one["spooled"] == true);
    let spooled = spooled.expect("no record was spooled");
    assert_eq!(records[spooled]["run_id"], records[spooled - 1]["run_id"]);
    for (before, after) in records.iter().zip(&records[1..]) {
        assert_eq!(before["hash"], after["prev"]);
    }
}

#[test]
fn two_mebibytes_of_arguments_fit_into_one_record() {
    let world = World::new("").script("end", "exit 0");
    let long = "a".repeat(100_000);
    let few: Vec<_> = std::iter::repeat_n(long.as_str(), 5).collect();
    let many: Vec<_> = std::iter::repeat_n(long.as_str(), 20).collect();
    for args in [&few, &many] {
        let words = std::iter::once("end").chain(args.iter().copied());
        assert_eq!(code(&mut world.qli(words)), Some(0));
    }
    let records = world.log();
    assert!(world.log_text().lines().all(|line| line.len() <= 64 * 1024));
    let sha256 = |bytes: &[u8]| {
        let hex = Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>();
        hex.concat()
    };
    let one = &records[0]["args"][4];
    assert_eq!(
        (&one["len"], &one["sha256"]),
        (&100_000.into(), &sha256(long.as_bytes()).into())
    );
    assert_eq!(one["head"], "a".repeat(4096));
    let all = many.iter().fold(Vec::new(), |all, arg| {
        [&all[..], arg.as_bytes(), &[0]].concat()
    });
    let args = &records[2]["args"];
    assert_eq!(
        (&args["count"], &args["sha256"]),
        (&20.into(), &sha256(&all).into())
    );
}
