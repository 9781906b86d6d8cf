//! A temporary group whose runs are recorded, and generated logs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::support::{hex, output, restore_signals_for_children, write_program};

/// One group `g` with the extension `e`, which exits with its first argument.
pub(crate) struct World(TempDir);

impl World {
    pub(crate) fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        for name in ["root", "root/g", "state", "home"] {
            std::fs::create_dir(world.path(name)).unwrap();
        }
        let manifest = "schema_version = 1\ndescription = \"A group\"\n\
             audit_log = \"$XDG_STATE_HOME/log\"\n";
        std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
        world.script("e", "exit ${1:-0}")
    }

    pub(crate) fn script(self, name: &str, text: &str) -> Self {
        let path = self.path("root/g").join(name);
        write_program(&path, &format!("#!/bin/sh\n{text}\n"), 0o755);
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path("state/log")
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// A qli command.
    pub(crate) fn qli<I: AsRef<OsStr>>(&self, words: impl IntoIterator<Item = I>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qli"));
        self.settle(&mut command);
        command.args(words);
        command
    }

    /// Isolates a command from the user's environment and ignored signals.
    pub(crate) fn settle(&self, command: &mut Command) {
        restore_signals_for_children();
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.path("home"))
            .env("XDG_STATE_HOME", self.path("state"))
            .env("XDG_DATA_DIRS", "/nowhere")
            .env("QLI_EXTENSIONS", self.path("root"))
            .current_dir(self.0.path())
            .stdin(Stdio::null());
    }

    /// Runs the extension so many times.
    pub(crate) fn run(&self, times: usize) {
        for _ in 0..times {
            assert!(output(&mut self.qli(["g", "e"])).status.success());
        }
    }

    /// Runs `qli audit` and returns its document.
    pub(crate) fn audit(&self, words: &[&str]) -> (Option<i32>, Value) {
        let found = output(
            self.qli(["-q", "audit"])
                .args(words)
                .args(["--format", "json"]),
        );
        let text = String::from_utf8(found.stdout).unwrap();
        let errors = String::from_utf8_lossy(&found.stderr).into_owned();
        assert!(text.starts_with('{'), "{text}{errors}");
        (found.status.code(), serde_json::from_str(&text).unwrap())
    }

    /// Verifies the log and expects no problem.
    pub(crate) fn assert_whole(&self, words: &[&str]) -> Value {
        let words: Vec<_> = std::iter::once("verify")
            .chain(words.iter().copied())
            .collect();
        let (code, document) = self.audit(&words);
        assert_eq!(code, Some(0), "{document:#}");
        assert_eq!(document["problems"], serde_json::json!([]));
        document
    }
}

/// A generated chain.
pub(crate) struct Chain {
    host: String,
    prev: String,
    seq: u64,
}

impl Chain {
    pub(crate) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            prev: "0".repeat(64),
            seq: 0,
        }
    }

    /// Appends a run, with its start and its end.
    pub(crate) fn run(&mut self, log: &mut String, args: &str) {
        let number = self.seq;
        for (event, more) in [
            (
                "start",
                format!(
                    ",\"args\":[{args}],\"env_var_names\":[],\"guards\":[],\"pid\":7,\"ppid\":1"
                ),
            ),
            ("finish", ",\"exit_code\":0,\"duration_ms\":12".to_owned()),
        ] {
            let open = format!(
                "{{\"event\":\"{event}\",\"schema_version\":1,\"timestamp\":\"2026-11-24T10:00:00.000000000Z\",\
                 \"host\":\"{}\",\"chain\":\"chain-{}\",\"run_id\":\"019a0000-0000-7000-8000-{number:012}\",\
                 \"group\":\"db-prod\",\"extension\":\"restore\",\"user\":\"ops\",\"uid\":1000,\"euid\":1000{more},\
                 \"prev\":\"{}\",\"seq\":{}",
                self.host, self.host, self.prev, self.seq
            );
            self.prev = hex(&Sha256::digest(&open));
            self.seq += 1;
            writeln!(log, "{open},\"hash\":\"{}\"}}", self.prev).unwrap();
        }
    }
}
