//! The real implementation.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, Utc};
use nix::fcntl::{AT_FDCWD, AtFlags};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::{AccessFlags, faccessat, getpid};
use signal_hook::low_level;

use super::child::{self, ChildEnd, CoreLimit};
use super::handlers::SignalHandlers;
use super::run::Run;
use super::signals::Signal;
use super::streams::write_stderr;
use super::{
    Access, Acl, AskError, CallQueue, Contents, ExecLimits, FileDigest, Host, HostView, Identity,
    LogFile, Masking, NewFile, OpenLog, Opened, ProcessFacts, Start, Stat, TimeLimits, ask,
    atomic_write, clock, draft, file, leftovers, process, terminal, tool, user,
};

#[derive(Debug)]
pub struct System {
    started: Instant,
    euid: u32,
    signals: Option<SignalHandlers>,
    run: Run,
    identity: OnceLock<Identity>,
    own: OnceLock<process::OwnStat>,
    environment: OnceLock<Arc<BTreeMap<OsString, OsString>>>,
    core_limit: Option<CoreLimit>,
    arrived: Option<Signal>,
}

impl System {
    /// Starts qli's clock.
    pub fn start() -> Self {
        Self {
            started: Instant::now(),
            euid: nix::unistd::geteuid().as_raw(),
            signals: None,
            run: Run::default(),
            identity: OnceLock::new(),
            own: OnceLock::new(),
            environment: OnceLock::new(),
            core_limit: None,
            arrived: None,
        }
    }

    /// Ends this process by a signal, without a core dump. Returns only if the signal
    /// does not end it.
    pub fn die_of(signal: Signal) {
        // The kernel lets no signal end the first process of a pid namespace, and
        // signal-hook would abort where the signal did not end it.
        if getpid().as_raw() == 1 {
            return;
        }
        // It fails only where the limit may not be lowered.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        let _ = SigSet::empty().thread_set_mask();
        // Ends qli by a signal that has no handler. signal-hook does not know some of
        // these; it resets those that it has caught.
        drop(low_level::raise(signal.number()));
        drop(low_level::emulate_default_handler(signal.number()));
    }

    /// Writes the last message of a run to standard error. After a signal, a reader
    /// that does not read is given one second.
    pub fn write_last(&mut self, text: &str, interrupted: bool) {
        const WRITE_TIMEOUT: Duration = Duration::from_secs(1);
        // A second signal cuts the message short, and changes nothing else.
        let _: Option<Signal> = self.write(text, interrupted.then_some(WRITE_TIMEOUT));
    }

    /// Writes to standard error, ignoring errors. Returns a signal that ends the run,
    /// if one arrived meanwhile.
    fn write(&mut self, text: &str, at_most: Option<Duration>) -> Option<Signal> {
        let Some(signals) = self.signals.as_mut() else {
            write_stderr(text);
            return None;
        };
        let written = signals.write(&io::stderr(), text.as_bytes(), at_most);
        written.ok().flatten()
    }

    /// Returns a name for the temporary file that is renamed to this path.
    fn draft(&self, path: &Path) -> io::Result<PathBuf> {
        if self.signals.is_none() {
            atomic_write::catch_size_limit()?;
        }
        Ok(draft::draft(path))
    }

    fn own(&self) -> &process::OwnStat {
        self.own.get_or_init(process::own_stat)
    }

    fn signals(&mut self) -> io::Result<&mut SignalHandlers> {
        let installed = match self.signals.take() {
            Some(installed) => installed,
            None => SignalHandlers::install(self.own().ignored)?,
        };
        Ok(self.signals.insert(installed))
    }
}

impl HostView for System {
    fn environment(&self) -> &Arc<BTreeMap<OsString, OsString>> {
        self.environment
            .get_or_init(|| Arc::new(std::env::vars_os().collect()))
    }

    fn read(&self, path: &Path, limit: u64) -> io::Result<Contents> {
        file::read(path, limit)
    }

    fn head(&self, path: &Path) -> io::Result<Vec<u8>> {
        file::head(path)
    }

    fn digest(&self, path: &Path) -> io::Result<FileDigest> {
        file::digest(path)
    }

    fn open(&self, path: &Path) -> io::Result<Opened> {
        let file = File::open(path)?;
        let stat = Stat::from(&file.metadata()?);
        if stat.is_directory() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Opened {
            stat,
            bytes: Box::new(file),
        })
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Ok(Stat::from(&std::fs::metadata(path)?))
    }

    fn lstat(&self, path: &Path) -> io::Result<Stat> {
        Ok(Stat::from(&std::fs::symlink_metadata(path)?))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let entries = std::fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name()));
        let mut names = entries.collect::<io::Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn check_access(&self, path: &Path, access: Access) -> io::Result<()> {
        let flags = match access {
            Access::Execute => AccessFlags::X_OK,
            Access::Read => AccessFlags::R_OK,
            Access::Write => AccessFlags::W_OK,
        };
        // macOS has no eaccess(3); this is equivalent.
        faccessat(AT_FDCWD, path, flags, AtFlags::AT_EACCESS).map_err(Into::into)
    }

    #[cfg(target_os = "linux")]
    fn acl(&self, path: &Path) -> Option<Acl> {
        const XATTR_SIZE_MAX: usize = 64 * 1024; // listxattr(2)
        let mut value = vec![0; XATTR_SIZE_MAX];
        let length = rustix::fs::lgetxattr(path, "system.posix_acl_access", &mut value).ok()?;
        Acl::parse(value.get(..length)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn acl(&self, _: &Path) -> Option<Acl> {
        None
    }

    #[cfg(target_os = "linux")]
    fn is_noexec(&self, path: &Path) -> bool {
        use nix::sys::statvfs::{FsFlags, statvfs};
        statvfs(path).is_ok_and(|found| found.flags().contains(FsFlags::ST_NOEXEC))
    }

    #[cfg(not(target_os = "linux"))]
    fn is_noexec(&self, _: &Path) -> bool {
        false
    }

    #[cfg(target_os = "linux")]
    fn is_in_memory(&self, path: &Path) -> bool {
        // From linux/magic.h.
        const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6]; // tmpfs, ramfs
        let mut above = path.ancestors();
        let found = above.find_map(|path| rustix::fs::statfs(path).ok());
        found.is_some_and(|found| IN_MEMORY.contains(&found.f_type))
    }

    #[cfg(not(target_os = "linux"))]
    fn is_in_memory(&self, _: &Path) -> bool {
        false
    }

    fn exec_limits(&self) -> ExecLimits {
        ExecLimits::of_system()
    }

    fn has_terminal(&self) -> io::Result<bool> {
        terminal::exists()
    }

    fn euid(&self) -> u32 {
        self.euid
    }

    fn identity(&self) -> Identity {
        self.identity
            .get_or_init(|| user::identity(self.euid))
            .clone()
    }

    fn cwd(&self) -> Option<PathBuf> {
        std::env::current_dir().ok()
    }

    fn process(&self) -> ProcessFacts {
        process::own_facts(self.own().start)
    }

    fn is_running(&self, pid: u32, start: u64, boot_id: &str) -> Option<bool> {
        process::is_running(pid, start, boot_id)
    }
}

impl Host for System {
    fn now(&self) -> DateTime<Utc> {
        clock::utc(SystemTime::now())
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn random(&mut self) -> io::Result<[u8; 16]> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn install_signal_handlers(&mut self) -> io::Result<()> {
        self.signals().map(|_| ())
    }

    fn pending(&mut self) -> Option<Signal> {
        if let Some(signal) = self.arrived.take() {
            return Some(signal);
        }
        self.signals
            .as_mut()
            .and_then(|signals| signals.before_start().fatal)
    }

    fn pause(&mut self, at_most: Duration) -> Option<Signal> {
        let signals = self.signals().ok()?;
        // A failed wait only shortens the pause; the caller has a deadline.
        drop(signals.wait(&[], Some(at_most)));
        signals.before_start().fatal
    }

    fn show(&mut self, text: &str) {
        self.arrived = self.write(text, None);
    }

    fn ask(&mut self, question: &str) -> Result<String, AskError> {
        ask::ask(question, self.signals()?)
    }

    fn protect_memory(&mut self) {
        self.core_limit = child::deny_dumps();
    }

    fn call_all(&mut self, queues: &mut [&mut dyn CallQueue]) -> io::Result<Option<Signal>> {
        self.signals()?;
        let Some(mut signals) = self.signals.take() else {
            return Ok(None);
        };
        let called = tool::call_all(queues, self, &mut signals);
        self.signals = Some(signals);
        called
    }

    fn open_log(&mut self, path: &Path, purpose: OpenLog) -> io::Result<Box<dyn LogFile>> {
        super::log::open(path, purpose)
    }

    fn syslog(&mut self, line: &str) -> io::Result<()> {
        super::syslog::send(line)
    }

    fn spool_write(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        atomic_write::spool_write(path, bytes)
    }

    fn spool_remove(&mut self, path: &Path) -> io::Result<()> {
        atomic_write::spool_remove(path)
    }

    fn replace(&mut self, path: &Path, old: &[u8], new: &[u8]) -> io::Result<()> {
        let draft = self.draft(path)?;
        atomic_write::replace(path, &draft, old, new)
    }

    fn install(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let draft = self.draft(path)?;
        atomic_write::install(path, &draft, bytes)
    }

    fn put(&mut self, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
        let draft = self.draft(path)?;
        atomic_write::put(path, &draft, bytes, mode)
    }

    fn make(&mut self, directory: &Path, files: &[NewFile<'_>], above: u32) -> io::Result<()> {
        let draft = self.draft(directory)?;
        atomic_write::make(directory, &draft, files, above)
    }

    fn mask(&mut self, masking: &Masking<'_>) -> io::Result<()> {
        self.run.mask(masking)
    }

    fn clear_leftovers(&mut self, directory: &Path) {
        leftovers::clear(directory, self.euid);
    }

    fn deliver_files(&mut self, directory: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
        self.run.deliver_files(directory, files)
    }

    fn deliver_descriptor(&mut self, bytes: &[u8]) -> io::Result<i32> {
        self.run.deliver_descriptor(bytes)
    }

    fn withdraw(&mut self) -> io::Result<()> {
        self.run.withdraw()
    }

    fn spawn(&mut self, start: &Start<'_>) -> io::Result<()> {
        let ignores_pipe = self.signals()?.ignores_pipe();
        let limited = self.core_limit.take().map(CoreLimit::restore);
        let mut run = std::mem::take(&mut self.run);
        let started = run.start(start, ignores_pipe);
        self.run = run;
        // Secrets may still be in memory.
        self.core_limit = limited.and_then(|()| CoreLimit::disable());
        started
    }

    fn wait(&mut self, limits: TimeLimits) -> io::Result<ChildEnd> {
        self.signals()?;
        match &mut self.signals {
            Some(signals) => self.run.wait(limits, signals),
            None => Err(io::Error::other("signals cannot be handled")),
        }
    }

    fn flush_output(&mut self) -> io::Result<()> {
        if let Some(signals) = &mut self.signals {
            self.arrived = self.run.flush_output(signals)?;
        }
        Ok(())
    }
}
