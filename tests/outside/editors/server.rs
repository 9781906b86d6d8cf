//! A client of a language server: JSON messages over its standard streams, each
//! after its length.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Value, json};

/// How long to wait for an answer before the test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// The capabilities of an editor.
fn capabilities() -> Value {
    json!({
        "textDocument": {
            "hover": { "contentFormat": ["markdown", "plaintext"] },
            "completion": { "completionItem": { "documentationFormat": ["markdown"] } },
            "publishDiagnostics": {},
        },
        "workspace": { "configuration": true, "workspaceFolders": true },
    })
}

/// A running server with the files that were opened in it.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    unread: Vec<u8>,
    workspace: PathBuf,
    /// The user's settings for this server, which it requests.
    settings: Value,
    asked: u64,
    /// The diagnostics of each file, by its URI.
    marked: BTreeMap<String, Vec<Value>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Location {
    uri: String,
    line: usize,
    character: usize,
}

impl Server {
    /// Starts a server for a directory.
    pub(crate) fn start(command: &mut Command, workspace: &Path, settings: Value) -> Self {
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = streams.stderr(Stdio::null()).spawn().unwrap();
        let mut server = Self {
            input: child.stdin.take().unwrap(),
            output: child.stdout.take().unwrap(),
            child,
            unread: Vec::new(),
            workspace: workspace.to_owned(),
            settings,
            asked: 0,
            marked: BTreeMap::new(),
        };
        let folders = server.folders();
        let hello = json!({
            "processId": null,
            "rootUri": uri(workspace),
            "workspaceFolders": folders,
            "capabilities": capabilities(),
        });
        server.request("initialize", &hello);
        server.notify("initialized", &json!({}));
        server
    }

    /// Waits until the server has asked for the settings.
    pub(crate) fn configured(mut self) -> Self {
        while self.receive().as_deref() != Some("workspace/configuration") {}
        self
    }

    /// Opens a file with an error, and waits until it is marked: then the server
    /// knows the schema.
    pub(crate) fn open(&mut self, name: &str, text: &str) -> Vec<Value> {
        let path = self.workspace.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        let uri = uri(&path);
        let document = json!({ "uri": uri, "languageId": "toml", "version": 1, "text": text });
        self.notify("textDocument/didOpen", &json!({ "textDocument": document }));
        loop {
            match self.marked.get(&uri) {
                Some(marks) if !marks.is_empty() => return marks.clone(),
                Some(_) | None => self.receive(),
            };
        }
    }

    /// Line and column are counted from 0.
    pub(crate) fn location(&self, name: &str, line: usize, character: usize) -> Location {
        let uri = uri(&self.workspace.join(name));
        Location {
            uri,
            line,
            character,
        }
    }

    pub(crate) fn hover(&mut self, location: &Location) -> String {
        let found = self.request("textDocument/hover", &location.params());
        let text = found.pointer("/contents/value").and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    /// The completions at a location, with their texts.
    pub(crate) fn complete(&mut self, location: &Location) -> BTreeMap<String, String> {
        let found = self.request("textDocument/completion", &location.params());
        let items = found.get("items").unwrap_or(&found).as_array();
        let text = |item: &Value, pointer| {
            let text = item.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        let items = items.into_iter().flatten();
        items
            .map(|item| (text(item, "/label"), text(item, "/documentation/value")))
            .collect()
    }

    pub(crate) fn stop(mut self) {
        self.request("shutdown", &Value::Null);
        self.notify("exit", &Value::Null);
        assert!(self.child.wait().unwrap().success());
    }

    fn folders(&self) -> Value {
        json!([{ "uri": uri(&self.workspace), "name": "groups" }])
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.message();
            if message.get("method").is_none() && message.get("id") == Some(&id.into()) {
                let answer = message.get("result");
                return answer
                    .unwrap_or_else(|| panic!("{method}: {message}"))
                    .clone();
            }
            self.answer(&message);
        }
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Handles one message; returns the method that the server calls.
    fn receive(&mut self) -> Option<String> {
        let message = self.message();
        self.answer(&message);
        let method = message.get("method")?.as_str()?;
        Some(method.to_owned())
    }

    /// Answers a request of the server.
    fn answer(&mut self, message: &Value) {
        let method = message.get("method").and_then(Value::as_str);
        let result = match method {
            None => return,
            Some("textDocument/publishDiagnostics") => return self.mark(message),
            Some("workspace/configuration") => {
                let items = message.pointer("/params/items").and_then(Value::as_array);
                let settings = items.unwrap().iter().map(|_| self.settings.clone());
                settings.collect()
            }
            Some("workspace/workspaceFolders") => self.folders(),
            Some(_) => Value::Null,
        };
        if let Some(id) = message.get("id") {
            self.send(&json!({ "jsonrpc": "2.0", "id": id, "result": result }));
        }
    }

    fn mark(&mut self, message: &Value) {
        let uri = message.pointer("/params/uri").and_then(Value::as_str);
        let marks = message
            .pointer("/params/diagnostics")
            .and_then(Value::as_array);
        let (uri, marks) = (uri.unwrap().to_owned(), marks.unwrap().clone());
        self.marked.insert(uri, marks);
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn message(&mut self) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(body) = self.whole() {
                return serde_json::from_slice(&body).unwrap();
            }
            let left = end.saturating_duration_since(Instant::now());
            let ready = PollFd::new(self.output.as_fd(), PollFlags::POLLIN);
            let found = poll(&mut [ready], PollTimeout::try_from(left).unwrap()).unwrap();
            assert!(found > 0, "the server says nothing: {:?}", self.marked);
            let mut chunk = [0; 1 << 13];
            let count = self.output.read(&mut chunk).unwrap();
            assert!(count > 0, "the server has ended");
            self.unread.extend(chunk.iter().take(count));
        }
    }

    /// Takes the first whole message off what is unread.
    fn whole(&mut self) -> Option<Vec<u8>> {
        let head = self
            .unread
            .windows(4)
            .position(|four| four == b"\r\n\r\n")?;
        let lines = String::from_utf8_lossy(self.unread.get(..head)?).to_lowercase();
        let length = lines
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let end = head + 4 + length.unwrap().parse::<usize>().unwrap();
        let body = self.unread.get(head + 4..end)?.to_vec();
        self.unread.drain(..end);
        Some(body)
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

impl Location {
    fn params(&self) -> Value {
        let position = json!({ "line": self.line, "character": self.character });
        json!({ "textDocument": { "uri": self.uri }, "position": position })
    }
}

fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}
