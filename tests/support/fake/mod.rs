//! An in-memory host for the unit tests and the properties.
//!
//! It records what was done to it, so that a test can compare that with the plan.

mod build;
mod disk;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

pub use disk::{Act, FileChange, Op};
use disk::{Disk, FakeLog};

use qli::testing::host::{
    Access, Acl, AskError, CallQueue, ChildEnd, Contents, ExecLimits, FileDigest, HEAD, Host,
    HostView, Identity, LogFile, LoginUid, Masking, NewFile, OpenLog, Opened, ProcessFacts, Signal,
    Start, Stat, TimeLimits, ToolCall, ToolError, ToolInput, ToolOutput,
};
use qli::testing::names::Sha256;

pub const UID: u32 = 1000;

/// Those of Linux, with pages of 4 KiB and a stack of 8 MiB.
pub const EXEC_LIMITS: ExecLimits = ExecLimits {
    string: 128 * 1024,
    all: 2 * 1024 * 1024,
};

const BOOT_ID: &str = "6a6f2d4c-0000-4000-8000-000000000000";

/// The beginning of a program that this machine can execute.
pub fn native_program() -> Vec<u8> {
    static HEAD_OF_TEST: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let file = std::env::current_exe().and_then(std::fs::File::open);
        let mut head = Vec::new();
        let read = file.and_then(|file| file.take(64).read_to_end(&mut head));
        read.map(|_| head).unwrap_or_default()
    });
    HEAD_OF_TEST.clone()
}

/// An in-memory host, built with one line per circumstance.
#[derive(Debug, Default)]
#[must_use]
pub struct World {
    vars: Arc<BTreeMap<OsString, OsString>>,
    disk: Rc<RefCell<Disk>>,
    answers: Option<Vec<String>>,
    terminal_error: Option<nix::errno::Errno>,
    tools: BTreeMap<String, Tool>,
    noexec: Vec<PathBuf>,
    in_memory: Vec<PathBuf>,
    end: ChildEnd,
}

/// What a tool does with its arguments and its input.
#[derive(Clone)]
struct Tool(Rc<Answering>);

type Answering = dyn Fn(&[String], &str) -> ToolAnswer;

/// Exit code, standard output and standard error of a call.
pub type ToolAnswer = (i32, Vec<u8>, Vec<u8>);

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tool")
    }
}

impl World {
    fn call(&mut self, call: &ToolCall) -> Result<ToolOutput, ToolError> {
        self.attempt(Op::Call)?;
        self.act(Act::Called(call.program.clone(), call.args.clone()));
        let name = call.program.file_name().and_then(OsStr::to_str);
        let tool = name.and_then(|name| self.tools.get(name));
        let Tool(answer) = tool.ok_or(io::Error::from(io::ErrorKind::NotFound))?;
        let input = match &call.input {
            ToolInput::Text(text) => String::from_utf8_lossy(text).into_owned(),
            ToolInput::Nothing | ToolInput::Terminal => String::new(),
        };
        let (code, stdout, stderr) = answer(&call.args, &input);
        if stdout.len() > call.limit {
            return Err(ToolError::TooMuch(call.limit));
        }
        Ok(ToolOutput {
            code: Some(code),
            stdout: Zeroizing::new(stdout),
            stderr: Zeroizing::new(stderr),
            stderr_cut: false,
        })
    }

    fn act(&self, act: Act) {
        self.disk.borrow_mut().acts.push(act);
    }

    fn attempt(&self, op: Op) -> io::Result<()> {
        self.disk.borrow_mut().attempt(op)
    }
}

impl HostView for World {
    fn environment(&self) -> &Arc<BTreeMap<OsString, OsString>> {
        &self.vars
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        let disk = self.disk.borrow();
        let node = disk.nodes.get(path).ok_or(io::ErrorKind::NotFound)?;
        if !node.stat.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if node.stat.mode & 0o400 == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        if node.bytes.len() as u64 > limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(Contents {
            id: node.stat.id,
            bytes: node.bytes.clone(),
        })
    }

    fn head(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.read(path, u64::MAX)?.bytes;
        Ok(bytes.into_iter().take(HEAD).collect())
    }

    fn open(&self, path: &Path) -> io::Result<Opened> {
        let bytes = self.read(path, u64::MAX)?.bytes;
        Ok(Opened {
            stat: self.lstat(path)?,
            bytes: Box::new(io::Cursor::new(bytes)),
        })
    }

    fn digest(&self, path: &Path) -> io::Result<FileDigest> {
        let Contents { id, bytes } = self.read(path, u64::MAX)?;
        Ok(FileDigest {
            id,
            sha256: Sha256::of(&bytes),
            head: bytes.into_iter().take(HEAD).collect(),
        })
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let found = self.lstat(path)?;
        if !found.is_link() {
            return Ok(found);
        }
        // One absolute link is enough for tests.
        let target = self.lstat(&self.read_link(path)?)?;
        if target.is_link() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(target)
    }

    fn lstat(&self, path: &Path) -> io::Result<Stat> {
        self.disk.borrow().stat(path)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let disk = self.disk.borrow();
        let node = disk.nodes.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(OsStr::from_bytes(&node.bytes).into())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        self.disk.borrow_mut().listed.push(directory.to_owned());
        let disk = self.disk.borrow();
        disk.stat(directory)?;
        let below = disk
            .nodes
            .keys()
            .filter_map(|path| path.strip_prefix(directory).ok());
        let mut names: Vec<_> = below
            .filter_map(|rest| rest.components().next())
            .map(|first| first.as_os_str().to_owned())
            .collect();
        names.dedup();
        Ok(names)
    }

    fn check_access(&self, path: &Path, access: Access) -> io::Result<()> {
        let bit = match access {
            Access::Write => return self.disk.borrow().writable(path),
            Access::Read => 0o400,
            Access::Execute if self.is_noexec(path) && self.lstat(path)?.is_file() => 0,
            Access::Execute => 0o111,
        };
        match self.lstat(path) {
            Ok(stat) if stat.mode & bit == 0 => Err(io::ErrorKind::PermissionDenied.into()),
            found => found.map(|_| ()),
        }
    }

    fn acl(&self, path: &Path) -> Option<Acl> {
        self.disk.borrow().acls.get(path).cloned()
    }

    fn is_noexec(&self, path: &Path) -> bool {
        self.noexec.iter().any(|mount| path.starts_with(mount))
    }

    fn is_in_memory(&self, path: &Path) -> bool {
        self.in_memory.iter().any(|mount| path.starts_with(mount))
    }

    fn exec_limits(&self) -> ExecLimits {
        EXEC_LIMITS
    }

    fn has_terminal(&self) -> io::Result<bool> {
        match self.terminal_error {
            Some(errno) => Err(errno.into()),
            None => Ok(self.answers.is_some()),
        }
    }

    fn euid(&self) -> u32 {
        UID
    }

    fn identity(&self) -> Identity {
        Identity {
            uid: UID,
            euid: UID,
            user: Some("ops".to_owned()),
            host: "testhost".to_owned(),
        }
    }

    fn cwd(&self) -> Option<PathBuf> {
        Some("/home/ops".into())
    }

    fn process(&self) -> ProcessFacts {
        ProcessFacts {
            pid: 100,
            ppid: 99,
            tty: None,
            start: Some(5000),
            boot_id: Some(BOOT_ID.to_owned()),
            parent_exe: Some("/bin/sh".into()),
            login_uid: LoginUid::Uid(UID),
        }
    }

    fn is_running(&self, pid: u32, start: u64, boot_id: &str) -> Option<bool> {
        let own = self.process();
        Some(boot_id == BOOT_ID && pid == own.pid && own.start == Some(start))
    }
}

impl Host for World {
    fn now(&self) -> DateTime<Utc> {
        let time = self.disk.borrow().time;
        time.unwrap_or(DateTime::from_timestamp_nanos(1_795_420_867_000_000_001))
    }

    fn elapsed(&self) -> Duration {
        self.disk.borrow().clock
    }

    fn random(&mut self) -> io::Result<[u8; 16]> {
        Ok([7; 16])
    }

    fn install_signal_handlers(&mut self) -> io::Result<()> {
        self.act(Act::HandlersInstalled);
        Ok(())
    }

    fn pending(&mut self) -> Option<Signal> {
        self.disk.borrow_mut().pending.take()
    }

    fn pause(&mut self, at_most: Duration) -> Option<Signal> {
        self.disk.borrow_mut().clock += at_most;
        self.pending()
    }

    fn show(&mut self, text: &str) {
        // A failed write to standard error is ignored.
        drop(self.attempt(Op::Show));
        self.act(Act::Shown(text.to_owned()));
    }

    fn ask(&mut self, question: &str) -> Result<String, AskError> {
        self.attempt(Op::Ask)?;
        if let Some(signal) = self.pending() {
            return Err(AskError::Interrupted(signal));
        }
        self.act(Act::Asked(question.to_owned()));
        self.disk.borrow_mut().change_files();
        match self.answers.as_mut() {
            Some(answers) => Ok(answers.pop().unwrap_or_default()),
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        }
    }

    fn protect_memory(&mut self) {
        self.act(Act::Protected);
    }

    fn call_all(&mut self, queues: &mut [&mut dyn CallQueue]) -> io::Result<Option<Signal>> {
        for queue in queues {
            loop {
                let call = match queue.next(self) {
                    ControlFlow::Continue(Some(call)) => call,
                    ControlFlow::Continue(None) => break,
                    ControlFlow::Break(()) => return Ok(None),
                };
                let end = self.call(&call);
                if let Some(signal) = self.pending() {
                    return Ok(Some(signal));
                }
                if queue.finished(end).is_break() {
                    return Ok(None);
                }
            }
        }
        Ok(None)
    }

    fn open_log(&mut self, path: &Path, purpose: OpenLog) -> io::Result<Box<dyn LogFile>> {
        match (self.lstat(path), purpose) {
            (_, OpenLog::Read) => self.attempt(Op::OpenRotated)?,
            (Err(_), OpenLog::Append) => {}
            (Ok(_), _) => self.attempt(Op::OpenLog)?,
            (Err(_), OpenLog::Create { mode }) => {
                self.attempt(Op::OpenLog)?;
                self.disk.borrow_mut().create(path, mode, b"")?;
            }
        }
        self.lstat(path)?;
        Ok(Box::new(FakeLog {
            path: path.to_owned(),
            disk: Rc::clone(&self.disk),
        }))
    }

    fn syslog(&mut self, _: &str) -> io::Result<()> {
        self.attempt(Op::Syslog)?;
        self.act(Act::Logged);
        Ok(())
    }

    fn spool_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.attempt(Op::SpoolWrite)?;
        self.disk.borrow_mut().create(path, 0o600, bytes)?;
        self.act(Act::Spooled);
        Ok(())
    }

    fn spool_remove(&mut self, path: &Path) -> io::Result<()> {
        self.attempt(Op::SpoolRemove)?;
        let mut disk = self.disk.borrow_mut();
        let gone = disk.nodes.remove(path);
        gone.map(|_| ()).ok_or(io::ErrorKind::NotFound.into())
    }

    fn replace(&mut self, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        let node = disk.nodes.get_mut(path).ok_or(io::ErrorKind::NotFound)?;
        if node.bytes != old {
            return Err(io::ErrorKind::Other.into());
        }
        node.bytes = new.to_vec();
        Ok(())
    }

    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.attempt(Op::Install)?;
        self.disk.borrow_mut().create(path, 0o700, bytes)?;
        self.act(Act::Installed);
        Ok(())
    }

    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        self.disk.borrow_mut().create(path, mode, bytes)
    }

    fn make(&mut self, directory: &Path, files: &[NewFile<'_>], _: u32) -> io::Result<()> {
        self.attempt(Op::Make)?;
        self.disk.borrow_mut().make_new(directory, files)
    }

    fn mask(&mut self, masking: &Masking<'_>) -> io::Result<()> {
        self.attempt(Op::Mask)?;
        let names = masking.values.iter().map(|(name, _)| (*name).to_owned());
        self.act(Act::Masked(names.collect()));
        Ok(())
    }

    fn flush_output(&mut self) -> io::Result<()> {
        self.attempt(Op::Flush)
    }

    fn clear_leftovers(&mut self, directory: &Path) {
        self.act(Act::Cleared(directory.to_owned()));
    }

    fn deliver_files(&mut self, directory: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
        self.attempt(Op::Deliver)?;
        let mut disk = self.disk.borrow_mut();
        if disk.stat(directory).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        for (name, bytes) in files {
            disk.create(&directory.join(name), 0o400, bytes)?;
        }
        disk.delivered = Some(directory.to_owned());
        Ok(())
    }

    fn deliver_descriptor(&mut self, bytes: &[u8]) -> io::Result<i32> {
        self.attempt(Op::Descriptor)?;
        self.act(Act::Descriptor(bytes.to_vec()));
        Ok(100)
    }

    fn withdraw(&mut self) -> io::Result<()> {
        self.attempt(Op::Withdraw)?;
        let mut disk = self.disk.borrow_mut();
        if let Some(directory) = disk.delivered.take() {
            disk.nodes.retain(|path, _| !path.starts_with(&directory));
        }
        Ok(())
    }

    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()> {
        self.attempt(Op::Spawn)?;
        let args = start.args.iter().map(|&arg| arg.to_owned()).collect();
        let env = start.env.iter();
        let env = env.map(|(&name, &value)| (name.to_owned(), value.to_owned()));
        self.act(Act::Spawned(args, env.collect()));
        Ok(())
    }

    fn wait(&mut self, _: TimeLimits) -> io::Result<ChildEnd> {
        self.disk.borrow_mut().clock += Duration::from_millis(2);
        self.disk.borrow_mut().change_while_running();
        self.act(Act::Waited);
        Ok(self.end.clone())
    }
}
