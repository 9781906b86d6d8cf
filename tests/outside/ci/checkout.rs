//! A repository with one group in `groups/`.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::support::{give_away, output};

pub(crate) const GOOD: &str = "schema_version = 1\ndescription = \"Operations\"\n";
pub(crate) const WARNED: &str = "schema_version = 1\ndescription = \"\"\n";
pub(crate) const BROKEN: &str = "schema_version = 1\ndescription = \"d\"\nconfrim = true\n";

pub(crate) struct Checkout {
    directory: TempDir,
}

impl Checkout {
    /// A repository that holds this manifest, committed.
    pub(crate) fn with(manifest: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let checkout = Self { directory };
        for name in ["groups/ops", "home", "temp", "bin"] {
            std::fs::create_dir_all(checkout.path(name)).unwrap();
        }
        let qli = checkout.path("bin/qli");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_qli"), qli).unwrap();
        checkout.write("groups/ops/_manifest.toml", manifest);
        checkout.git(&["init", "--quiet"]);
        checkout.commit();
        checkout
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "groups"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "x"]);
    }

    pub(crate) fn git(&self, words: &[&str]) -> String {
        let ended = output(self.command("git").args(words));
        assert!(ended.status.success(), "git {words:?}: {ended:?}");
        String::from_utf8(ended.stdout).unwrap().trim().to_owned()
    }

    /// A program in the checkout, with nothing of the machine's user.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = format!(
            "{}:/usr/local/bin:/usr/bin:/bin",
            self.path("bin").display()
        );
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", self.path("home"))
            .env("XDG_DATA_DIRS", "/nowhere")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "x");
            command.env(format!("GIT_{who}_EMAIL"), "x@example");
        }
        command
    }

    /// Gives the checkout to another user, which only root can.
    pub(crate) fn give_away(&self) {
        const OTHER: u32 = 12345;
        give_away(self.directory.path(), OTHER);
    }
}

/// What was written to standard output, and to standard error.
pub(crate) fn printed(ended: &Output) -> String {
    let both = [ended.stdout.clone(), ended.stderr.clone()].concat();
    String::from_utf8(both).unwrap()
}

/// Reads YAML as JSON.
pub(crate) fn yaml(text: &str) -> serde_json::Value {
    let program = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.argv[1])))";
    let mut python = Command::new(crate::support::tool("bin/python"));
    let ended = output(python.args(["-c", program, text]));
    assert!(ended.status.success(), "{}", printed(&ended));
    serde_json::from_slice(&ended.stdout).unwrap()
}
