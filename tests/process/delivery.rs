//! Secrets as files and as descriptors: who can read them, and that nothing is left.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::canary::as_a_user;
use crate::support::{NOBODY, is_root, names, output, set_mode, until};
use crate::world::{Run, World, code, is_gone};

/// Neither text nor what a variable can hold, and it ends in two line ends.
const VALUE: &[u8] = b"one\0two\xff\r\n\n";

fn secret(env: &str, deliver: &str) -> String {
    format!(
        "[[secrets]]\nenv = \"{env}\"\nref = \"$KEYS/value\"\nprovider = \"file\"\n\
         deliver = \"{deliver}\"\n"
    )
}

/// A group whose script gets [`VALUE`] as the file `$F` and as the descriptor `$D`.
fn world(script: &str) -> World {
    world_of(&[secret("F", "file"), secret("D", "fd")].concat()).script("hello", script)
}

fn world_of(manifest: &str) -> World {
    let world = World::new(manifest);
    std::fs::create_dir(world.path("keys")).unwrap();
    std::fs::write(world.path("keys/value"), VALUE).unwrap();
    std::fs::create_dir(world.path("run")).unwrap();
    world
}

fn with<'c>(world: &World, command: &'c mut Command) -> &'c mut Command {
    command
        .env("KEYS", world.path("keys"))
        .env("MARK", world.path("marker"))
        .env("XDG_RUNTIME_DIR", world.path("run"))
}

fn hello(world: &World) -> Output {
    output(with(world, &mut world.qli(["hello"])))
}

/// What the script prints, which must succeed.
fn said(world: &World) -> String {
    let ended = hello(world);
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

fn runs(world: &World) -> Vec<String> {
    let base = world.path("run/qli");
    if base.exists() {
        names(&base)
    } else {
        Vec::new()
    }
}

#[test]
fn a_file_and_a_descriptor_have_every_byte_and_are_private() {
    let world = world(
        "cat \"$F\" >\"$MARK.F\" && cat \"$D\" >\"$MARK.D\" && cat \"$D\" >\"$MARK.again\"
         stat -L -c '%a %F' \"$F\" \"$D\" \"$CREDENTIALS_DIRECTORY\" \"${CREDENTIALS_DIRECTORY%/*}\"
         ls \"$CREDENTIALS_DIRECTORY\"; echo \"$CREDENTIALS_DIRECTORY\"; echo \"$F\"",
    );
    let said = said(&world);
    for copy in ["F", "D", "again"] {
        let copy = std::fs::read(world.path(&format!("marker.{copy}"))).unwrap();
        assert_eq!(copy, VALUE);
    }
    let id = world.log()[0]["run_id"].as_str().unwrap().to_owned();
    let run = world.path("run/qli").join(id).display().to_string();
    let modes = "400 regular file\n400 regular file\n700 directory\n700 directory";
    assert_eq!(said, format!("{modes}\nF\n{run}\n{run}/F\n"));
    assert_eq!(runs(&world), Vec::<String>::new());
    let start = &world.log()[0];
    assert_eq!(
        start["deliver"],
        serde_json::json!({ "F": "file", "D": "fd" })
    );
}

#[test]
fn every_end_that_can_be_caught_removes_the_files() {
    for (script, code, signal) in [
        ("exit 3", Some(3), None),
        ("kill -KILL $$", Some(137), None),
        ("kill -TERM $$", None, Some(15)),
        ("kill -SEGV $$", None, Some(11)),
        ("chmod 500 \"$CREDENTIALS_DIRECTORY\"", Some(0), None),
        (
            "cd \"$CREDENTIALS_DIRECTORY\" && mv F G && cp G F && ln -s / l",
            Some(0),
            None,
        ),
        ("rm -r \"$CREDENTIALS_DIRECTORY\"", Some(0), None),
    ] {
        let world = world(script);
        let ended = hello(&world).status;
        assert_eq!((ended.code(), ended.signal()), (code, signal), "{script}");
        assert_eq!(runs(&world), Vec::<String>::new(), "{script}");
    }
    let timed = format!("timeout = \"100ms\"\n{}", secret("F", "file"));
    let world = world_of(&timed).script("hello", "read line <\"$HOLD\"");
    assert_eq!(hello(&world).status.signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(runs(&world), Vec::<String>::new());
}

#[test]
fn a_signal_to_qli_or_to_its_group_removes_the_files_with_the_script() {
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        for to_group in [false, true] {
            let world = world("echo SCRIPT $$ >\"$OUT\"; read line <\"$HOLD\"");
            let mut lines = world.lines();
            let qli = Run::start(with(&world, &mut world.qli(["hello"])));
            lines.wait_for("SCRIPT");
            assert_eq!(runs(&world).len(), 1);
            let target = qli.pid().as_raw();
            let target = Pid::from_raw(if to_group { -target } else { target });
            kill(target, signal).unwrap();
            assert_eq!(qli.end().signal(), Some(signal as i32), "{signal}");
            assert_eq!(runs(&world), Vec::<String>::new());
        }
    }
}

#[test]
fn a_refused_run_writes_no_file() {
    let manifest = format!("confirm_by = \"name\"\n{}", secret("F", "file"));
    let world = world_of(&manifest).script("hello", "");
    assert_eq!(hello(&world).status.code(), Some(125));
    assert!(!world.path("run/qli").exists());
}

#[test]
fn a_script_that_cannot_be_started_leaves_no_file() {
    let world = world("");
    // Only the system finds that this program has no code.
    let copy = "head -c 256 /bin/sh >root/g/hello; chmod 755 root/g/hello";
    assert_eq!(code(&mut world.sh(copy)), Some(0));
    assert_eq!(hello(&world).status.code(), Some(126));
    assert_eq!(world.end()["event"], "spawn_failed");
    assert_eq!(runs(&world), Vec::<String>::new());
}

#[test]
fn what_cannot_be_written_refuses_the_run_and_leaves_nothing() {
    let world = world("touch \"$MARK\"");
    std::fs::write(world.path("keys/value"), vec![b'x'; 200_000]).unwrap();
    // Enough for the log, in blocks of 512 bytes.
    let ended = output(with(&world, &mut world.sh("ulimit -f 64; exec $QLI hello")));
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(125), "{stderr}");
    assert!(
        stderr.contains("QLI1109") && stderr.contains("ulimit -f"),
        "{stderr}"
    );
    assert_eq!(runs(&world), Vec::<String>::new());
    assert!(!world.path("marker").exists());
    assert_eq!(world.end()["reason"], "secret-not-delivered");
}

#[test]
fn a_runtime_directory_that_others_can_change_is_refused_in_both() {
    let world = world("");
    set_mode(&world.path("run"), 0o777);
    let explain = "qli --extensions root explain --format json g hello";
    for line in ["$QLI hello", explain] {
        let ended = output(with(&world, &mut world.sh(&format!("exec {line}"))));
        let text = String::from_utf8_lossy(&[ended.stderr, ended.stdout].concat()).into_owned();
        assert_eq!(ended.status.code(), Some(125), "{text}");
        assert!(text.contains("secret-not-delivered"), "{text}");
        assert!(text.contains("chmod o-w "), "{text}");
    }
    assert!(!world.path("run/qli").exists());
}

#[test]
fn the_files_of_a_killed_run_are_cleared_once_its_script_has_ended() {
    let world = world("echo SCRIPT $$ >\"$OUT\"; read line <\"$HOLD\"").script("short", "");
    let mut lines = world.lines();
    let qli = Run::start(with(&world, &mut world.qli(["hello"])));
    let script = Pid::from_raw(lines.wait_for("SCRIPT").parse().unwrap());
    let left = runs(&world);
    until("the mark", || {
        world
            .path("run/qli")
            .join(&left[0])
            .join(".script")
            .exists()
            .then_some(())
    });
    kill(qli.pid(), Signal::SIGKILL).unwrap();
    qli.end();
    let short = || {
        let ended = output(with(&world, &mut world.qli(["short"])));
        assert_eq!(ended.status.code(), Some(0), "{ended:?}");
        runs(&world)
    };
    assert_eq!(short(), left);
    assert_eq!(
        std::fs::read(world.path("run/qli").join(&left[0]).join("F")).unwrap(),
        VALUE
    );
    world.release();
    until("the script's end", || is_gone(script).then_some(()));
    assert_eq!(short(), Vec::<String>::new());
}

#[test]
fn an_ordinary_user_gets_and_clears_files_whatever_a_script_does_to_their_directory() {
    let world = world(
        "cat \"$F\" \"$D\" >\"$MARK\"; chmod 0 \"$F\" \"$CREDENTIALS_DIRECTORY\"
         [ -z \"$1\" ] || { echo SCRIPT $$ >\"$OUT\"; read line <\"$HOLD\"; }",
    );
    let mut lines = world.lines();
    let (_, mut command) = as_a_user(&world, "exec $QLI hello");
    assert_eq!(code(with(&world, &mut command)), Some(0));
    assert_eq!(
        std::fs::read(world.path("marker")).unwrap(),
        VALUE.repeat(2)
    );
    assert_eq!(runs(&world), Vec::<String>::new());
    let as_before = |line: &str| {
        let mut command = world.sh(line);
        command.uid(nix::unistd::geteuid().as_raw());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    };
    let qli = Run::start(with(&world, &mut as_before("exec $QLI hello wait")));
    let script = Pid::from_raw(lines.wait_for("SCRIPT").parse().unwrap());
    let left = runs(&world);
    assert_eq!(left.len(), 1);
    kill(qli.pid(), Signal::SIGKILL).unwrap();
    qli.end();
    world.release();
    until("the script's end", || is_gone(script).then_some(()));
    assert_eq!(
        code(with(&world, &mut as_before("exec $QLI hello"))),
        Some(0)
    );
    assert_ne!(runs(&world), left);
}

#[test]
fn runs_at_the_same_time_do_not_clear_each_other() {
    let world = world("echo SCRIPT $$ >\"$OUT\"; read line <\"$HOLD\"; cat \"$F\" >\"$MARK\"")
        .script("short", "cat \"$F\" >/dev/null");
    let mut lines = world.lines();
    let qli = Run::start(with(&world, &mut world.qli(["hello"])));
    lines.wait_for("SCRIPT");
    let others: Vec<_> = (0..8)
        .map(|_| Run::start(with(&world, &mut world.qli(["short"]))))
        .collect();
    for other in others {
        assert_eq!(other.end().code(), Some(0));
    }
    assert_eq!(runs(&world).len(), 1);
    world.release();
    assert_eq!(qli.end().code(), Some(0));
    assert_eq!(std::fs::read(world.path("marker")).unwrap(), VALUE);
}

#[test]
fn ten_thousand_leftovers_are_cleared_by_one_run_and_nothing_else() {
    let world = world("");
    let base = world.path("run/qli");
    std::fs::create_dir(&base).unwrap();
    set_mode(&base, 0o700);
    for nth in 0..10_000 {
        let run = base.join(format!("019fb800-0000-7000-8000-{nth:012x}"));
        std::fs::create_dir(&run).unwrap();
        set_mode(&run, 0o700);
        std::fs::write(run.join("F"), "1").unwrap();
    }
    std::fs::create_dir(base.join("notes")).unwrap();
    assert_eq!(hello(&world).status.code(), Some(0));
    assert_eq!(runs(&world), ["notes"]);
}

#[test]
fn a_descriptor_takes_no_number_that_the_script_inherits() {
    let script = "readlink /proc/self/fd/4 /proc/self/fd/100 /proc/self/fd/101
        echo \"$D\"; cat \"$D\" >\"$MARK\"; cat <&4";
    let world = world_of(&secret("D", "fd")).script("hello", script);
    std::fs::write(world.path("three"), "three\n").unwrap();
    // A shell numbers no descriptor above 9.
    let line = "import os, sys
fd = os.open('three', os.O_RDONLY)
for number in 4, 100:
    os.dup2(fd, number, True)
os.execvp('qli', ['qli', '--extensions', 'root', 'g', 'hello'])";
    let mut python = world.program("/usr/bin/python3");
    let ended = output(with(&world, python.args(["-c", line])));
    let three = world.path("three").display().to_string();
    let said = String::from_utf8(ended.stdout).unwrap();
    let expected = format!("{three}\n{three}\n/memfd:secret (deleted)\n/dev/fd/101\nthree\n");
    assert_eq!(said, expected);
    assert_eq!(std::fs::read(world.path("marker")).unwrap(), VALUE);
}

#[test]
fn a_low_limit_of_open_files_is_no_obstacle() {
    let world = world("cat \"$D\" >\"$MARK\"");
    let line = "ulimit -n 32; exec $QLI hello";
    assert_eq!(code(with(&world, &mut world.sh(line))), Some(0));
    assert_eq!(std::fs::read(world.path("marker")).unwrap(), VALUE);
}

#[test]
fn a_descriptor_is_sealed_and_qli_keeps_no_copy() {
    let world = world_of(&secret("D", "fd")).executable(
        "root/g/hello",
        "#!/usr/bin/python3 -IS
import fcntl, os, sys
path = os.environ['D']
fd = int(path.rsplit('/', 1)[1])
print(fcntl.fcntl(fd, 1034))  # F_GET_SEALS: seal, shrink, grow and write
for act in (lambda: os.pwrite(fd, b'x', 0), lambda: os.ftruncate(fd, 0)):
    try:
        act()
        print('changed')
    except OSError as error:
        print(error.strerror)
print(os.listdir('/proc/%d/fd' % os.getppid()).count(str(fd)))
",
    );
    let refused = "Operation not permitted";
    assert_eq!(said(&world), format!("15\n{refused}\n{refused}\n0\n"));
}

#[test]
fn shells_make_perl_xargs_and_node_pass_a_descriptor_on_and_python_closes_it() {
    let world = world_of(&secret("D", "fd"))
        .executable("bin/show", "#!/bin/sh\ncat \"$D\" 2>/dev/null | wc -c\n")
        .script(
            "hello",
            "bash -c show; zsh -fc show; printf 'all:\\n\\t@show\\n' | make -sf -
             perl -e 'system(\"show\")'; echo | xargs show; find . -maxdepth 0 -exec show ';'
             setsid -w show
             node -e 'require(\"child_process\").spawnSync(\"show\", { stdio: \"inherit\" })'
             /usr/bin/python3 -c 'import subprocess; subprocess.run([\"show\"])'
             /usr/bin/python3 -c 'import os, subprocess
fd = int(os.environ[\"D\"].split(\"/\")[3])
subprocess.run([\"show\"], pass_fds=[fd])'",
        );
    let counts = said(&world);
    let all = VALUE.len().to_string();
    let counts: Vec<_> = counts.lines().collect();
    assert_eq!(counts, [&[&*all; 8][..], &["0", &all]].concat());
}

/// What another user sees of a running script: `cat` of each of its paths.
#[test]
fn another_user_can_read_neither_file_nor_descriptor_nor_variable() {
    assert!(
        is_root(),
        "only root can become another user: run this test as root"
    );
    let manifest = [secret("F", "file"), secret("D", "fd"), secret("E", "env")].concat();
    let script = "echo PATHS $$ $F $D >\"$OUT\"; read line <\"$HOLD\"";
    let world = world_of(&manifest).script("hello", script);
    std::fs::write(world.path("keys/value"), "S3ntinel").unwrap();
    set_mode(&world.path(""), 0o755);
    let mut lines = world.lines();
    let qli = Run::start(with(&world, &mut world.qli(["hello"])));
    let paths = lines.wait_for("PATHS");
    let words: Vec<_> = paths.split(' ').collect();
    let (pid, number) = (words[0], words[2].rsplit_once('/').unwrap().1);
    let paths = [
        words[1].to_owned(),
        format!("/proc/{pid}/fd/{number}"),
        format!("/proc/{pid}/environ"),
        format!("/proc/{}/environ", qli.pid()),
    ];
    for path in &paths {
        let own = output(Command::new("cat").arg(path));
        let others = output(as_nobody().arg("cat").arg(path));
        assert!(own.status.success(), "{path}: {own:?}");
        assert!(
            others.stdout.is_empty() && !others.status.success(),
            "{path}"
        );
    }
    // It can read what is public of the same process, so the test would see more.
    let public = output(as_nobody().arg("cat").arg(format!("/proc/{pid}/cmdline")));
    assert!(public.status.success() && !public.stdout.is_empty());
    for process in all_processes() {
        let line = std::fs::read(process.join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains("S3ntinel"));
    }
    world.release();
    assert_eq!(qli.end().code(), Some(0));
}

fn as_nobody() -> Command {
    let mut command = Command::new("setpriv");
    let uid = NOBODY.to_string();
    command.args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
    command
}

fn all_processes() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new("/proc")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.join("cmdline").exists()).collect()
}
