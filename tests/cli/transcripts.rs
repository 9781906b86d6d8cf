//! Every transcript of `cmd-tests/` is what qli prints today. `QLI_BLESS=1` rewrites them; `cargo test --test cli
//! -- transcripts trycmd=NAME` runs those whose path contains NAME. `[..]` stands for
//! what differs from run to run, `[CWD]` for the sandbox's directory.
//!
//! Each file runs in a separate process and sandbox: this test starts itself again for
//! every file, with only the variables of [`Sandbox::variables`], in a temporary
//! directory, and without a controlling terminal, so that no prompt reaches whoever
//! runs the tests.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{NOBODY, copy_program, give_away, is_root, set_mode};

/// Names the file that a started process is to check.
const CASE: &str = "QLI_TRANSCRIPT";

/// The file about missing permissions. Root has every permission, so as root this test
/// runs it as [`NOBODY`].
const DENIED: &str = "run/denied.trycmd";

/// The file about files of other users: only root can change an owner.
const FOREIGN: &str = "run/foreign.trycmd";

#[test]
fn transcripts_are_current() {
    if let Some(case) = std::env::var_os(CASE) {
        check(Path::new(&case));
        return;
    }
    let transcripts: Vec<_> = transcripts()
        .into_iter()
        .filter(|path| is_selected(path) && (is_root() || !path.ends_with(FOREIGN)))
        .collect();
    let differing = all_differences(&transcripts);
    assert!(
        differing.is_empty(),
        "{}\n{} of {} files differ, QLI_BLESS=1 rewrites them",
        differing.concat(),
        differing.len(),
        transcripts.len()
    );
}

/// Checks the files in two threads: each only waits for the process that checks.
fn all_differences(files: &[PathBuf]) -> Vec<String> {
    let check = |files: &[PathBuf]| -> Vec<String> {
        files.iter().filter_map(|file| differences(file)).collect()
    };
    let (one, other) = files.split_at(files.len() / 2);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| check(one));
        let other = check(other);
        [one.join().unwrap(), other].concat()
    })
}

/// Checks one file in this process, which already runs in its sandbox.
fn check(case: &Path) {
    // A new session has no controlling terminal (setsid(2)).
    nix::unistd::setsid().unwrap();
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let cases = trycmd::TestCases::new();
    cases.register_bin("qli", fs::canonicalize("bin/qli").unwrap());
    for (name, path) in [
        ("cat", "/bin/cat"),
        ("env", "/usr/bin/env"),
        ("sh", "/bin/sh"),
    ] {
        cases.register_bin(name, PathBuf::from(path));
    }
    cases.case(case);
}

/// Starts this test again for one file, and returns what it prints if it
/// fails.
fn differences(case: &Path) -> Option<String> {
    let sandbox = Sandbox::new();
    let as_nobody = is_root() && case.ends_with(DENIED);
    let (mut again, checked) = if as_nobody {
        sandbox.given_to_nobody(case)
    } else {
        let again = Command::new(std::env::current_exe().unwrap());
        (again, case.to_owned())
    };
    again
        .args(["--exact", "--nocapture", "--quiet"])
        .arg("transcripts::transcripts_are_current")
        .env_clear()
        .envs(sandbox.variables())
        .env(CASE, &checked)
        .current_dir(sandbox.path())
        .stdin(Stdio::null());
    let bless = std::env::var_os("QLI_BLESS").is_some();
    if bless {
        again.env("TRYCMD", "overwrite");
    } else if let Some(mode) = std::env::var_os("TRYCMD") {
        again.env("TRYCMD", mode);
    }
    let output = again.output().unwrap();
    if bless {
        let text = fs::read_to_string(checked).unwrap();
        fs::write(case, elided(text)).unwrap();
    }
    let printed = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&printed).into_owned())
}

/// The text before a value that changes from run to run, and what ends the value.
const CHANGING: [(&str, &[&str]); 19] = [
    ("\"path\": \"/bin/sh\",\n      \"sha256\": \"", &["\""]),
    ("\"owner\": ", &[","]),
    ("\n  plan       ", &["  this"]),
    ("\"digest\": \"sha256:", &["\""]),
    ("\"timestamp\":\"", &["\""]),
    ("\"host\":\"", &["\""]),
    ("\"chain\":\"", &["\""]),
    ("\"run_id\":\"", &["\""]),
    ("\"user\":\"", &["\""]),
    ("\"uid\":", &[","]),
    ("\"euid\":", &[","]),
    ("\"plan\":\"", &["\""]),
    ("\"inode\":", &[","]),
    // And the other facts about the process.
    ("\"pid\":", &["\"prev\""]),
    ("\"duration_ms\":", &[",", "}"]),
    ("\"prev\":\"", &["\""]),
    ("\"hash\":\"", &["\""]),
    ("kept in ~/.local/state/qli/spool/", &["\n"]),
    ("uid ", &[")"]),
];

/// Replaces what differs from run to run by `[..]` in a rewritten file.
fn elided(mut text: String) -> String {
    for (before, ends) in CHANGING {
        let mut parts = text.split(before);
        let mut shorter = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            // A value ends on its line.
            let ends = ends.iter().filter_map(|end| part.find(end));
            let value = ends.min().map(|end| part.split_at(end));
            match value.filter(|(value, _)| !value.contains('\n')) {
                Some((_, rest)) => shorter.extend([before, "[..]", rest]),
                None => shorter.extend([before, part]),
            }
        }
        text = shorter;
    }
    text
}

/// Problems of a manifest's text are shown by the samples of `tests/manifests`.
#[test]
fn every_code_is_in_a_transcript_or_in_the_report_of_a_sample() {
    let samples = ["valid", "invalid"].map(|name| project().join("tests/manifests").join(name));
    let samples = samples.iter().flat_map(|directory| entries(directory));
    let files = transcripts().into_iter().chain(samples);
    let texts: Vec<_> = files
        .filter(|path| {
            path.extension()
                .is_some_and(|end| end == "trycmd" || end == "expected")
        })
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let unseen: Vec<_> = qli::testing::diagnostics::Code::ALL
        .iter()
        .filter(|code| !texts.iter().any(|text| text.contains(code.number())))
        .collect();
    assert!(unseen.is_empty(), "nothing shows {unseen:?}");
}

#[test]
fn every_command_has_its_transcripts() {
    let mut help = Command::new(env!("CARGO_BIN_EXE_qli"));
    let help = help.arg("-h").env_clear().output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let commands = commands.lines().take_while(|line| !line.is_empty());
    for command in commands.map(|line| line.split_whitespace().next().unwrap()) {
        let folder = project().join("cmd-tests").join(command);
        assert!(folder.is_dir(), "{} is missing", folder.display());
    }
}

pub(crate) fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn transcripts() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let below = project().join("cmd-tests");
    for command in entries(&below).into_iter().filter(|path| path.is_dir()) {
        let of_command = entries(&command);
        files.extend(of_command.into_iter().filter(|path| {
            let extension = path.extension();
            extension.is_some_and(|extension| extension == "trycmd")
        }));
    }
    files
}

fn is_selected(case: &Path) -> bool {
    let names: Vec<_> = std::env::args_os()
        .filter_map(|arg| Some(arg.to_str()?.strip_prefix("trycmd=")?.to_owned()))
        .collect();
    let case = case.display().to_string();
    names.is_empty() || names.iter().any(|name| case.contains(name))
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

/// A home directory, groups and programs that no other file shares.
pub(crate) struct Sandbox(tempfile::TempDir);

impl Sandbox {
    /// Its path always has the same length, so that lines break at the same words.
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("qli-").tempdir_in("/tmp");
        let sandbox = Self(directory.unwrap());
        set_mode(sandbox.path(), 0o755);
        let samples = project().join("cmd-tests");
        let at = |path: &str| sandbox.path().join(path);
        copy(
            &samples.join("groups"),
            &at("home/.local/share/qli/extensions"),
        );
        copy(&samples.join("system"), &at("share/qli/extensions"));
        copy(&samples.join("drafts"), &at("drafts"));
        copy(&samples.join("roots"), &at("roots"));
        copy(&samples.join("policies"), &at("policies"));
        copy(&project().join("docs/policies"), &at("docs/policies"));
        copy(&samples.join("logs"), &at("logs"));
        // The README's paths are those of the project.
        copy(&samples.join("groups/typo"), &at("cmd-tests/groups/typo"));
        copy(&samples.join("bin"), &at("bin"));
        symlink(env!("CARGO_BIN_EXE_qli"), at("bin/qli")).unwrap();
        copy(&samples.join("teams"), &at("teams"));
        let manifest = fs::read_to_string(at("teams/shop/_manifest.toml")).unwrap();
        let bin = at("bin").display().to_string();
        let manifest = manifest.replace("/BIN", &bin);
        fs::write(at("teams/shop/_manifest.toml"), manifest).unwrap();
        sandbox.add_logs();
        sandbox.add_keys();
        sandbox.add_untrusted_programs();
        sandbox.add_untrusted_groups();
        sandbox.add_unreadable();
        sandbox
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Logs of every mode; git keeps no mode but the x bit.
    fn add_logs(&self) {
        let at = |name: &str| self.0.path().join("home/logs").join(name);
        make_directory(&at("directory"), 0o700);
        make_directory(&at("open"), 0o777);
        make_directory(&at("closed"), 0o500);
        for (name, mode) in [
            ("linked", 0o600),
            ("loose", 0o644),
            ("private", 0o600),
            ("read-only", 0o400),
        ] {
            fs::write(at(name), "").unwrap();
            set_mode(&at(name), mode);
        }
        fs::hard_link(at("linked"), at("shared")).unwrap();
        symlink("private", at("link")).unwrap();
    }

    /// Files with secrets; every user may change one of them.
    fn add_keys(&self) {
        let keys = self.0.path().join("home/keys");
        make_directory(&keys, 0o755);
        for (name, text, mode) in [
            ("db", "a password\n", 0o600),
            (".env", "export TOKEN='a token'  # of CI\nSALT=\n", 0o600),
            ("twice.env", "A=1\nB=2\nA=3\n", 0o600),
            ("open", "a password\n", 0o602),
        ] {
            fs::write(keys.join(name), text).unwrap();
            set_mode(&keys.join(name), mode);
        }
    }

    /// Programs in directories that every user may write to, and a file that is not a
    /// program.
    fn add_untrusted_programs(&self) {
        let at = |path: &str| self.path().join(path);
        for (from, directory, program) in [
            ("bin/qli-tools-onpath", "open", "qli-tools-loose"),
            ("bin/op", "open-op", "op"),
        ] {
            make_directory(&at(directory), 0o777);
            copy(&at(from), &at(directory).join(program));
        }
        make_directory(&at("no-op"), 0o755);
        fs::write(at("no-op/op"), "not a program\n").unwrap();
        set_mode(&at("no-op/op"), 0o755);
    }

    /// Groups that another user may change.
    fn add_untrusted_groups(&self) {
        let at = |path: &str| self.path().join("trust").join(path);
        let good = self.path().join("home/.local/share/qli/extensions/ask");
        for (group, file, mode) in [
            ("by-group", "hello", 0o775),
            ("by-all", "_manifest.toml", 0o666),
            ("open", ".", 0o777),
            ("foreign", "hello", 0o755),
        ] {
            copy(&good, &at(group));
            set_mode(&at(group).join(file), mode);
        }
        if is_root() {
            std::os::unix::fs::chown(at("foreign/hello"), Some(12345), None).unwrap();
        }
    }

    /// What cannot be read: too large, a link to itself, no permission.
    fn add_unreadable(&self) {
        let at = |path: &str| self.path().join(path);
        make_directory(&at("large"), 0o755);
        fs::write(at("large/_manifest.toml"), "#\n".repeat(1 << 20)).unwrap();
        symlink("loop", at("loop")).unwrap();
        make_directory(&at("sealed"), 0o600);
        for (group, file, mode) in [
            ("locked/manifest", "_manifest.toml", 0o000),
            ("locked/script", "context", 0o311),
        ] {
            copy(&at("home/.local/share/qli/extensions/tools"), &at(group));
            set_mode(&at(group).join(file), mode);
        }
    }

    /// Gives the sandbox to [`NOBODY`], and returns a command that runs the test as that
    /// user, with copies of what that user may be unable to read in the project.
    fn given_to_nobody(&self, case: &Path) -> (Command, PathBuf) {
        let at = |path: &str| self.path().join(path);
        copy_program(std::env::current_exe().unwrap(), &at("test"));
        fs::remove_file(at("bin/qli")).unwrap();
        copy_program(env!("CARGO_BIN_EXE_qli"), &at("bin/qli"));
        copy(case, &at("case.trycmd"));
        give_away(self.path(), NOBODY);
        let mut again = Command::new(at("test"));
        again.uid(NOBODY).gid(NOBODY);
        (again, at("case.trycmd"))
    }

    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let at = |path: &str| self.path().join(path);
        let searched = [at("bin"), at("open")];
        vec![
            ("HOME", at("home")),
            ("XDG_CONFIG_HOME", at("home/.config")),
            ("XDG_DATA_HOME", at("home/.local/share")),
            ("XDG_STATE_HOME", at("home/.local/state")),
            ("XDG_CACHE_HOME", at("home/.cache")),
            ("XDG_RUNTIME_DIR", at("home/.run")),
            ("XDG_DATA_DIRS", at("share")),
            ("PATH", std::env::join_paths(searched).unwrap().into()),
            ("COLUMNS", "80".into()),
            ("NO_COLOR", "1".into()),
            ("LC_ALL", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
        ]
    }
}

/// Copies a file, a link or a whole directory, with modes that do not depend
/// on the umask of whoever checked the project out.
fn copy(from: &Path, to: &Path) {
    let kind = fs::symlink_metadata(from).unwrap();
    if kind.is_dir() {
        make_directory(to, 0o755);
        for entry in entries(from) {
            copy(&entry, &to.join(entry.file_name().unwrap()));
        }
    } else if kind.is_symlink() {
        symlink(fs::read_link(from).unwrap(), to).unwrap();
    } else {
        fs::copy(from, to).unwrap();
        let runs = kind.permissions().mode() & 0o100 != 0;
        set_mode(to, if runs { 0o755 } else { 0o644 });
    }
}

fn make_directory(path: &Path, mode: u32) {
    if path.parent().is_some_and(|above| !above.exists()) {
        make_directory(path.parent().unwrap(), 0o755);
    }
    if !path.exists() {
        fs::create_dir(path).unwrap();
    }
    set_mode(path, mode);
}
