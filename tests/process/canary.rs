//! A sentinel secret on every path through qli: it reaches the script, and nothing
//! that is shown, recorded or left behind contains it in any encoding.

use std::ffi::CString;
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Output};

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, Engine as _};
use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::support::{NOBODY, copy_program, give_away, output};
use crate::world::{Run, World, code};

/// Contains characters that base64, URLs, JSON and shells each write differently.
pub(crate) const SENTINEL: &str = "S3ntinel/+&\u{fc} \"q";

/// A part that no encoder changes: it also reveals a truncated value.
const PIECE: &str = "S3ntinel";

/// What must not be found anywhere: that part, which is the same in URLs and in JSON,
/// and the encodings that change it too.
fn needles() -> Vec<Vec<u8>> {
    let spelled = |each: fn(&mut String, u8)| {
        PIECE.bytes().fold(String::new(), |mut text, byte| {
            each(&mut text, byte);
            text
        })
    };
    let mut needles: Vec<_> = [
        PIECE.to_owned(),
        spelled(|text, byte| write!(text, "%{byte:02x}").unwrap()),
        spelled(|text, byte| write!(text, "%{byte:02X}").unwrap()),
        spelled(|text, byte| write!(text, "\\u{byte:04x}").unwrap()),
        spelled(|text, byte| write!(text, "\\u{byte:04X}").unwrap()),
        spelled(|text, byte| write!(text, "{byte:02x}").unwrap()),
        format!("{:?}", PIECE.as_bytes())
            .trim_matches(['[', ']'])
            .to_owned(),
    ]
    .map(String::into_bytes)
    .into();
    for before in 0..3_usize {
        let padded = [&[0; 2][..before], PIECE.as_bytes()].concat();
        let certain = (before * 8).div_ceil(6)..padded.len() * 8 / 6;
        needles.push(BASE64_STANDARD.encode(padded).as_bytes()[certain].into());
    }
    needles
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

fn assert_clean(what: &str, text: &[u8]) {
    for needle in needles() {
        assert!(
            !contains(text, &needle),
            "{what} contains {}:\n{}",
            String::from_utf8_lossy(&needle),
            String::from_utf8_lossy(text)
        );
    }
}

/// The sentinel in every encoding that arguments and messages use.
fn spellings() -> Vec<String> {
    let url = |escape: fn(u8) -> String| {
        SENTINEL.bytes().fold(String::new(), |text, byte| {
            text + &match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
                _ => escape(byte),
            }
        })
    };
    let json = serde_json::Value::from(SENTINEL).to_string();
    let ascii = json.replace('\u{fc}', "\\u00fc").replace('/', "\\/");
    let mut all = vec![
        SENTINEL.to_owned(),
        url(|byte| format!("%{byte:02x}")),
        url(|byte| format!("%{byte:02X}")),
        url(|byte| format!("%{byte:02X}")).replace("%20", "+"),
        json,
        ascii,
    ];
    for before in ["", "u", "u:"] {
        for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
            all.push(engine.encode(format!("{before}{SENTINEL} and more")));
        }
    }
    all
}

#[test]
fn the_search_finds_every_spelling() {
    for spelled in spellings() {
        let found = needles()
            .iter()
            .any(|one| contains(spelled.as_bytes(), one));
        assert!(found, "{spelled}");
    }
}

/// Where the sentinel comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum From {
    Env,
    Op,
    File,
    Dotenv,
    Credential,
    /// The same program, but the script gets a path.
    OpAsFile,
    OpAsDescriptor,
}

const FROM: [From; 7] = [
    From::Env,
    From::Op,
    From::OpAsFile,
    From::OpAsDescriptor,
    From::File,
    From::Dotenv,
    From::Credential,
];

impl From {
    /// A group whose script writes its secret to `$MARK`, then runs `then`.
    fn world(self, then: &str) -> World {
        let secret = match self {
            Self::Env => "[[secrets]]\nenv = \"S\"\nref = \"CI_S\"\nprovider = \"env\"",
            Self::Op => SECRET_OF_OP,
            Self::OpAsFile => &format!("{SECRET_OF_OP}\ndeliver = \"file\""),
            Self::OpAsDescriptor => &format!("{SECRET_OF_OP}\ndeliver = \"fd\""),
            Self::File => "[[secrets]]\nenv = \"S\"\nref = \"$KEYS/file\"\nprovider = \"file\"",
            Self::Dotenv => {
                "[[secrets]]\nenv = \"S\"\nref = \"$KEYS/.env#S\"\nprovider = \"dotenv\""
            }
            Self::Credential => {
                "[[secrets]]\nenv = \"S\"\nref = \"file\"\nprovider = \"credential\""
            }
        };
        let keep = match self {
            Self::OpAsFile | Self::OpAsDescriptor => KEEP_FROM_PATH,
            Self::Env | Self::Op | Self::File | Self::Dotenv | Self::Credential => KEEP,
        };
        let world = World::new(secret).script("hello", &format!("{keep}\n{then}"));
        let world = match self {
            Self::Env => world,
            Self::File | Self::Dotenv | Self::Credential => keys(world),
            Self::Op | Self::OpAsFile | Self::OpAsDescriptor => {
                op(world, &format!("printf %s '{SENTINEL}'"))
            }
        };
        std::fs::create_dir(world.path("logs")).unwrap();
        world
    }
}

const SECRET_OF_OP: &str =
    "[[secrets]]\nenv = \"S\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";

const KEEP: &str = "printf %s \"$S\" >\"$MARK\"";

/// No other variable of the script contains the secret, which the search must not find here.
const KEEP_FROM_PATH: &str = "cat \"$S\" >\"$MARK\"
tr '\\0' '\\n' </proc/$$/environ | grep -v ^CI_S= | grep 'S3ntine[l]' && exit 99";

/// Adds a fake of 1Password's program.
fn op(world: World, body: &str) -> World {
    world.provider("op", body)
}

/// Adds files with the secret.
fn keys(world: World) -> World {
    let directory = world.path("keys");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("file"), SENTINEL).unwrap();
    std::fs::write(directory.join(".env"), format!("A=1\nS='{SENTINEL}'\n")).unwrap();
    world
}

/// Sets the variables that the provider and the script read.
fn with_secret<'a>(world: &World, command: &'a mut Command) -> &'a mut Command {
    command
        .env("CI_S", SENTINEL)
        .env("KEYS", world.path("keys"))
        .env("CREDENTIALS_DIRECTORY", world.path("keys"))
        .env("MARK", world.path("marker"))
        .env("XDG_RUNTIME_DIR", world.path("run"))
}

fn run(world: &World, command: &mut Command) -> Output {
    let result = output(with_secret(world, command));
    assert_kept_secret(world, &result);
    result
}

/// Searches the output and every file.
pub(crate) fn assert_kept_secret(world: &World, result: &Output) {
    assert_clean("standard output", &result.stdout);
    assert_clean("standard error", &result.stderr);
    search(&world.path(""));
}

/// Searches every file except those that must contain the sentinel: the script's
/// marker, what the fake program prints, and the keys.
fn search(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert_clean("a name", path.as_os_str().as_encoded_bytes());
        let kind = std::fs::symlink_metadata(&path).unwrap().file_type();
        if kind.is_dir() && !path.ends_with("keys") {
            search(&path);
        } else if kind.is_file() && !path.ends_with("marker") && !directory.ends_with("bin") {
            let what = path.display().to_string();
            assert_clean(&what, &std::fs::read(&path).unwrap());
        }
    }
}

fn marker(world: &World) -> Option<String> {
    std::fs::read_to_string(world.path("marker")).ok()
}

#[test]
fn only_the_script_gets_the_secret_however_it_ends() {
    for from in FROM {
        for (then, code, signal) in [
            ("exit 0", Some(0), None),
            ("exit 3", Some(3), None),
            ("kill -KILL $$", Some(137), None),
            ("kill -TERM $$", None, Some(15)),
            ("kill -SEGV $$", None, Some(11)),
        ] {
            let world = from.world(then);
            let result = run(&world, &mut world.qli(["hello"]));
            assert_eq!(marker(&world).as_deref(), Some(SENTINEL), "{from:?}");
            assert_eq!(
                (result.status.code(), result.status.signal()),
                (code, signal)
            );
            assert_eq!(world.end()["spawned"], serde_json::Value::Null);
        }
    }
}

#[test]
fn a_script_that_cannot_be_started_leaks_no_secret() {
    for from in FROM {
        for text in ["#!/no/such/shell\n", "\u{7f}ELF, and no program\n"] {
            let world = from.world("").executable("root/g/hello", text);
            let result = run(&world, &mut world.qli(["hello"]));
            assert_eq!(result.status.code(), Some(126), "{text}");
        }
        // Only the system finds that this program has no code.
        let world = from.world("");
        let copy = "head -c 256 /bin/sh >root/g/hello; chmod 755 root/g/hello";
        assert_eq!(code(&mut world.sh(copy)), Some(0));
        let result = run(&world, &mut world.qli(["hello"]));
        assert_eq!(result.status.code(), Some(126));
        assert_eq!(world.end()["event"], "spawn_failed");
    }
}

#[test]
fn a_script_that_changes_during_the_run_leaks_no_secret() {
    let body = format!("echo '# more' >>root/g/hello; printf %s '{SENTINEL}'");
    let world = op(From::Op.world(""), &body);
    let result = run(&world, &mut world.qli(["hello"]));
    assert_eq!((result.status.code(), marker(&world)), (Some(125), None));
    assert_eq!(world.end()["reason"], "changed-since-plan");
}

/// A limit on the size of files: the log of one run can take another start record,
/// but not its end.
fn size_for_a_start(world: &World) -> usize {
    let text = world.log_text();
    text.len() + text.lines().next().unwrap().len() + 100
}

#[test]
fn a_full_log_leaks_no_secret() {
    for from in FROM {
        let world = from.world("exit 4");
        let full = run(&world, &mut world.sh("ulimit -f 0; exec $QLI hello"));
        assert_eq!((full.status.code(), marker(&world)), (Some(125), None));
        assert_eq!(
            run(&world, &mut world.qli(["hello"])).status.code(),
            Some(4)
        );
        let limited = |world: &World| {
            let size = size_for_a_start(world);
            let mut command = world.sh(&format!("exec prlimit --fsize={size} $QLI hello"));
            run(world, &mut command)
        };
        let result = limited(&world);
        assert_eq!((result.status.code(), world.log().len()), (Some(4), 3));
        let spool = world.path("state/qli/spool");
        assert_eq!(std::fs::read_dir(&spool).unwrap().count(), 1);

        // Neither log nor spool can be written: the end record is printed instead.
        let world = from.world("exit 4");
        std::fs::write(world.path("state/qli"), "").unwrap();
        run(&world, &mut world.qli(["hello"]));
        let result = limited(&world);
        let stderr = String::from_utf8(result.stderr).unwrap();
        assert!(stderr.contains("\"event\":\"finish\""), "{stderr}");
        assert_eq!(result.status.code(), Some(4));
    }
}

#[test]
fn a_provider_that_fails_after_printing_a_value_leaks_nothing() {
    let endings = spellings()
        .into_iter()
        .map(|spelled| format!("printf '%s\\n' 'cannot cache {spelled}' >&2; exit 1"));
    let others = [
        "exit 1",
        "kill -KILL $$",
        "kill -STOP $$",
        "printf 'more\\0'",
        "printf '%1048577s' x",
        "echo 'an error' >&2; exit 6",
    ];
    let endings = endings.chain(others.map(str::to_owned));
    for ending in endings {
        let body = format!("printf '%s\\n' '{SENTINEL}'\n{ending}");
        let world = op(From::Op.world(""), &body);
        let result = run(&world, &mut world.qli(["hello"]));
        assert_eq!(result.status.code(), Some(125), "{ending}");
        assert_eq!((marker(&world), world.log().len()), (None, 0));
    }
}

#[test]
fn a_missing_second_secret_does_not_leak_the_first() {
    let second = "[[secrets]]\nenv = \"T\"\nref = \"op://v/i/second\"\nprovider = \"one_password\"";
    for (from, first) in [
        (
            From::Env,
            "[[secrets]]\nenv = \"S\"\nref = \"CI_S\"\nprovider = \"env\"",
        ),
        (From::Op, SECRET_OF_OP),
    ] {
        for spelled in spellings() {
            let body = format!(
                "case \"$3\" in */second) printf '%s\\n' 'no {spelled}' >&2; exit 1 ;; esac\n\
                 printf %s '{SENTINEL}'"
            );
            let world = World::new(&format!("{first}\n{second}")).script("hello", KEEP);
            let world = op(world, &body);
            let result = run(&world, &mut world.qli(["hello"]));
            assert_eq!(result.status.code(), Some(125), "{from:?} {spelled}");
            let stderr = String::from_utf8(result.stderr).unwrap();
            assert!(stderr.contains("withheld"), "{stderr}");
            assert_eq!(marker(&world), None);
        }
        // An unset variable is found before anything is fetched.
        let third = "[[secrets]]\nenv = \"U\"\nref = \"CI_U\"\nprovider = \"env\"";
        let world = World::new(&format!("{first}\n{third}")).script("hello", KEEP);
        let world = op(world, &format!("printf %s '{SENTINEL}'; echo >called"));
        let result = run(&world, &mut world.qli(["hello"]));
        assert_eq!(result.status.code(), Some(125));
        assert!(!world.path("called").exists());
    }
}

#[test]
fn arguments_that_contain_the_secret_are_recorded_without_it() {
    for from in FROM {
        for (then, code) in [("exit 0", 0), ("exit 3", 3)] {
            let world = from.world(then);
            let spellings = spellings();
            let around = spellings
                .iter()
                .map(|one| format!("--note={one}, and so on"));
            let words: Vec<_> = ["hello".to_owned()]
                .into_iter()
                .chain(around)
                .chain(spellings.iter().cloned())
                .collect();
            let result = run(&world, &mut world.qli(&words));
            assert_eq!(result.status.code(), Some(code));
            let args = world.log()[0]["args"].clone();
            let args = args.as_array().unwrap();
            assert_eq!(args.len(), words.len() - 1);
            for arg in args {
                assert!(arg.as_str().unwrap().contains("[secret:S]"), "{arg}");
            }
        }
    }
}

#[test]
fn a_directory_named_like_the_secret_is_recorded_without_it() {
    for from in FROM {
        let world = from.world("exit 0");
        let apart = tempfile::tempdir().unwrap();
        let named = apart.path().join(SENTINEL);
        std::fs::create_dir_all(&named).unwrap();
        let mut command = world.qli(["hello"]);
        run(&world, command.current_dir(&named));
        let cwd = world.log()[0]["cwd"].clone();
        assert!(cwd.as_str().unwrap().ends_with("/[secret:S]"), "{cwd}");
    }
}

#[test]
fn read_only_commands_show_no_secret_and_call_no_program() {
    for from in FROM {
        let world = from.world("exit 0");
        let world = match from {
            From::Env | From::File | From::Dotenv | From::Credential => world,
            From::Op | From::OpAsFile | From::OpAsDescriptor => {
                op(world, &format!("echo >called; printf %s '{SENTINEL}'"))
            }
        };
        for words in [
            "explain g hello",
            "explain --format json g hello",
            "explain g",
            "explain --format json g",
            "validate",
            "validate --format json",
            "ext list",
            "ext which g hello",
            "g",
        ] {
            let mut command = world.program(env!("CARGO_BIN_EXE_qli"));
            command.env("QLI_EXTENSIONS", world.path("root"));
            let result = run(&world, command.args(words.split(' ')));
            assert!(
                matches!(result.status.code(), Some(0 | 2)),
                "{words}: {result:?}"
            );
            assert!(!result.stdout.is_empty() || !result.stderr.is_empty());
        }
        assert!(!world.path("called").exists());
    }
}

#[test]
fn an_argument_that_contains_a_local_secret_is_not_shown() {
    let world = From::File.world("exit 0");
    for spelled in spellings() {
        for format in ["human", "json"] {
            let mut command = world.program(env!("CARGO_BIN_EXE_qli"));
            command.env("QLI_EXTENSIONS", world.path("root"));
            command.args(["explain", "--format", format, "g", "hello", &spelled]);
            let result = run(&world, &mut command);
            let stderr = String::from_utf8(result.stdout).unwrap();
            assert!(stderr.contains("[secret:S]"), "{stderr}");
        }
    }
}

#[test]
fn a_program_that_changes_between_two_secrets_is_not_called_again() {
    let second = SECRET_OF_OP
        .replace("\"S\"", "\"T\"")
        .replace("/f\"", "/second\"");
    let world = World::new(&format!("{SECRET_OF_OP}\n{second}")).script("hello", KEEP);
    let other = "printf '#!/bin/sh\\necho >called-again; echo x\\n' >bin/new";
    let world = op(
        world,
        &format!("{other}; chmod 755 bin/new; mv bin/new bin/op; printf %s '{SENTINEL}'"),
    );
    let result = output(with_secret(&world, &mut world.qli(["hello"])));
    assert_eq!((result.status.code(), marker(&world)), (Some(125), None));
    let stderr = String::from_utf8(result.stderr).unwrap();
    assert!(stderr.contains("qli help changed-since-plan"), "{stderr}");
    assert!(!world.path("called-again").exists());
}

#[test]
fn a_required_variable_that_contains_the_secret_is_not_shown() {
    let world = From::Env.world("exit 0");
    let manifest = world.path("root/g/_manifest.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let required = text.replacen(
        "[[secrets]]",
        "[requires_env]\nCI_S = \"x\"\n[[secrets]]",
        1,
    );
    std::fs::write(&manifest, required).unwrap();
    let result = run(&world, &mut world.qli(["hello"]));
    assert_eq!((result.status.code(), marker(&world)), (Some(125), None));
}

/// The user who runs qli, and the command for it. In `/proc` a process that cannot be
/// dumped belongs to root (proc(5)), which cannot be seen if root runs it: root gives
/// the files to another user.
pub(crate) fn as_a_user(world: &World, line: &str) -> (u32, Command) {
    let mut command = world.sh(line);
    let user = nix::unistd::geteuid();
    if !user.is_root() {
        return (user.as_raw(), command);
    }
    std::fs::remove_file(world.path("bin/qli")).unwrap();
    copy_program(env!("CARGO_BIN_EXE_qli"), &world.path("bin/qli"));
    give_away(&world.path(""), NOBODY);
    command.uid(NOBODY).gid(NOBODY);
    (NOBODY, command)
}

/// The soft and the hard limit of a process's core dumps.
fn core_limits(pid: Pid) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let mut words = line.unwrap().split_whitespace().skip(4).map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

/// The owner of a process, which is the owner of its environment.
fn owner(pid: Pid) -> u32 {
    std::fs::metadata(format!("/proc/{pid}/environ"))
        .unwrap()
        .uid()
}

fn assert_clean_command_line(pid: Pid) {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!line.is_empty());
    assert_clean("a command line", &line);
}

#[test]
fn qli_cannot_be_inspected_while_provider_and_script_run() {
    let world = From::Op.world("echo READY $$ >\"$OUT\"; read x <\"$HOLD\"");
    let body = format!("echo OP $$ >\"$OUT\"; read x <\"$HOLD\"; printf %s '{SENTINEL}'");
    let world = op(world, &body);
    let mut lines = world.lines();
    let line = "ulimit -S -c \"$(ulimit -H -c)\"; exec $QLI hello >result 2>&1";
    let (user, mut command) = as_a_user(&world, line);
    let qli = Run::start(with_secret(&world, &mut command));
    let assert_closed = || {
        assert_clean_command_line(qli.pid());
        assert_eq!(core_limits(qli.pid()).0, "0");
        assert_eq!(owner(qli.pid()), 0, "qli can be read");
    };
    let op = Pid::from_raw(lines.wait_for("OP").parse().unwrap());
    assert_closed();
    assert_clean_command_line(op);
    assert_eq!(core_limits(op).0, "0");
    world.release();
    let script = lines.ready(qli.pid());
    assert_closed();
    assert_clean_command_line(script);
    let (soft, hard) = core_limits(script);
    assert_eq!(soft, hard, "the script gets its limit back");
    assert_eq!(owner(script), user);
    world.release();
    assert_eq!(qli.end().code(), Some(0));
    assert_eq!(marker(&world).as_deref(), Some(SENTINEL));
    search(&world.path(""));
}

#[test]
fn a_signal_while_provider_or_script_run_leaks_no_secret() {
    let wait = |name: &str| format!("echo {name} $$ >\"$OUT\"; read x <\"$HOLD\"");
    for from in FROM {
        let world = from.world(&wait("READY"));
        let mut lines = world.lines();
        let mut command = world.sh("exec $QLI hello >result 2>&1");
        let qli = Run::start(with_secret(&world, &mut command));
        let script = lines.ready(qli.pid());
        assert_clean_command_line(script);
        qli.send(Signal::SIGTERM);
        assert_eq!(qli.end().signal(), Some(Signal::SIGTERM as i32));
        search(&world.path(""));
    }
    let body = format!(
        "printf %s '{SENTINEL}'; printf %s '{SENTINEL}' >&2; {}",
        wait("OP")
    );
    let world = op(From::Op.world(""), &body);
    let mut lines = world.lines();
    let qli = Run::start(&mut world.sh("exec $QLI hello >result 2>&1"));
    lines.wait_for("OP");
    qli.send(Signal::SIGTERM);
    assert_eq!(qli.end().signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(marker(&world), None);
    search(&world.path(""));
}

/// Set in the process that panics.
const PANICS: &str = "QLI_CANARY_PANICS";

/// No input makes qli panic, so this test panics in its own process, with qli's hook.
#[test]
fn a_panic_reports_its_location_and_not_its_message() {
    if let Some(how) = std::env::var_os(PANICS) {
        qli::testing::host::quiet_panics();
        if how == "unwrap" {
            // The error contains the bytes.
            drop(CString::new(format!("{SENTINEL}\0")).unwrap());
        }
        std::panic::panic_any(SENTINEL.to_owned());
    }
    for how in ["unwrap", "panic"] {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again
            .args(["--exact", "--nocapture", "--quiet"])
            .arg("canary::a_panic_reports_its_location_and_not_its_message")
            .env(PANICS, how);
        let result = output(&mut again);
        assert!(!result.status.success());
        assert_clean("standard output", &result.stdout);
        assert_clean("standard error", &result.stderr);
        let stderr = String::from_utf8(result.stderr).unwrap();
        let location = format!("error: internal error at {}:", file!());
        assert!(stderr.contains(&location), "{stderr}");
    }
}
