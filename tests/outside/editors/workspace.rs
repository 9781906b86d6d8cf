//! A repository of groups as `docs/editors.md` has it, and what that page says
//! to put into it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::server::Server;
use crate::support::tool;

/// Where the page's repository lies.
const AS_WRITTEN: &str = "/home/me/ops";

/// How an editor knows which files the schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// By the first line of each manifest.
    Line,
    /// By a file of the server's, at the top of the repository.
    File(&'static str),
    /// By a setting of the user's.
    Setting,
}

/// A repository with one group that qli made, and the schema next to it.
pub(crate) struct Workspace {
    directory: TempDir,
    known: Known,
}

impl Workspace {
    pub(crate) fn new(known: Known) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let workspace = Self { directory, known };
        std::fs::create_dir(workspace.path("home")).unwrap();
        let mut qli = workspace.program(env!("CARGO_BIN_EXE_qli").into());
        let made = qli.args(["ext", "new", "made", "--in", "groups"]).output();
        assert!(made.unwrap().status.success());
        if let Known::File(name) = known {
            std::fs::write(workspace.path(name), snippet(&format!("# {name}\n"))).unwrap();
        }
        workspace
    }

    /// The lines above the first field of every manifest here.
    pub(crate) fn head(&self) -> String {
        let line = snippet("#:schema ").lines().next().unwrap().to_owned() + "\n";
        let made = std::fs::read_to_string(self.path("groups/made/_manifest.toml"));
        assert!(
            made.unwrap().starts_with(&line),
            "qli ext new writes another line"
        );
        if self.known == Known::Line {
            line
        } else {
            String::new()
        }
    }

    /// Starts tombi without network access.
    pub(crate) fn tombi(&self) -> Server {
        let mut tombi = self.program(tool("bin/tombi"));
        Server::start(
            tombi.args(["lsp", "--offline"]),
            self.directory.path(),
            Value::Null,
        )
    }

    /// Starts taplo's engine, with the settings of its extension.
    pub(crate) fn taplo(&self) -> Server {
        let mut node = self.program("node".into());
        node.env("NODE_PATH", tool("node_modules"));
        node.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/editors/taplo.cjs"));
        let root = self.directory.path();
        Server::start(&mut node, root, self.settings()).configured()
    }

    /// The section `evenBetterToml` of the user's settings.
    fn settings(&self) -> Value {
        let written = snippet("// .vscode/settings.json\n");
        let here = self.directory.path().to_str().unwrap();
        let settings: Value = serde_json::from_str(&written.replace(AS_WRITTEN, here)).unwrap();
        let associations = settings.get("evenBetterToml.schema.associations");
        let associations = associations.filter(|_| self.known == Known::Setting);
        serde_json::json!({ "schema": { "enabled": true, "associations": associations } })
    }

    fn program(&self, program: PathBuf) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home"))
            .current_dir(self.directory.path());
        command
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A block of the page that begins so; a line that names the file is left out.
fn snippet(beginning: &str) -> String {
    let page = page();
    let mut blocks = page.split("\n```").skip(1).step_by(2);
    let block = blocks.find_map(|block| {
        let (_, text) = block.split_once('\n')?;
        let rest = text.strip_prefix(beginning)?;
        Some(
            if beginning.ends_with('\n') {
                rest
            } else {
                text
            }
            .to_owned(),
        )
    });
    block.unwrap_or_else(|| panic!("docs/editors.md has no block {beginning:?}")) + "\n"
}

/// The page about editors.
pub(crate) fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors.md");
    std::fs::read_to_string(path).unwrap()
}
