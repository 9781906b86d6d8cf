//! What `tests/bench/audit` compares qli with.
//!
//! `parts pass FILE` hashes a file, and does nothing else. The others append
//! records: `parts MODE LOG COUNT LENGTH`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use qli::testing::audit::{
    Claimed, EndBody, EndRecord, FileFacts, Log, RunContext, ProgramFacts, RecordedArg,
    RecordedArgs, RunFacts, RunId, StartRecord, OpenRecord,
};
use qli::testing::host::{HostView, LoginUid, System};
use qli::testing::manifest::{LogAccess, Mask};
use qli::testing::names::{Digest, Sha256, Text};
use sha2::Digest as _;

type Done = Result<(), Box<dyn Error>>;

fn main() -> Done {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["pass", file] => pass(file),
        [mode, log, count, length] => {
            let (count, length) = (count.parse()?, length.parse()?);
            match *mode {
                "plain" => (0..count).try_for_each(|_| plain(log, length)),
                "bare-chain" => (0..count).try_for_each(|_| bare_chain(log, length, Sync::Never)),
                "under-lock" => {
                    (0..count).try_for_each(|_| bare_chain(log, length, Sync::BeforeUnlock))
                }
                "unlock-first" => {
                    (0..count).try_for_each(|_| bare_chain(log, length, Sync::AfterUnlock))
                }
                "chain" => runs(log, count, false),
                "chain-sync" => runs(log, count, true),
                _ => Err("no such mode".into()),
            }
        }
        _ => Err("parts pass FILE | parts MODE LOG COUNT LENGTH".into()),
    }
}

/// Reads and hashes, as fast as one thread can.
fn pass(file: &str) -> Done {
    let mut file = File::open(file)?;
    let mut buffer = vec![0; 256 * 1024];
    let mut hasher = sha2::Sha256::new();
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
    }
    println!("{}", Sha256::from_bytes(hasher.finalize().into()));
    Ok(())
}

fn open(log: &str) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(log)
}

/// Appends a record without a chain.
fn plain(log: &str, length: usize) -> Done {
    let mut file = open(log)?;
    file.lock()?;
    let mut line = vec![b'x'; length];
    line.push(b'\n');
    file.write_all(&line)?;
    Ok(file.unlock()?)
}

/// When a record is synced.
#[derive(Clone, Copy, PartialEq)]
enum Sync {
    Never,
    /// Before the lock is given back.
    BeforeUnlock,
    /// After that.
    AfterUnlock,
}

/// Appends a chained record without the other checks of qli: what
/// the chain costs, and what the order of sync and unlock is worth, by itself.
fn bare_chain(log: &str, length: usize, sync: Sync) -> Done {
    let mut file = open(log)?;
    file.lock()?;
    let end = file.metadata()?.len();
    let size = usize::try_from(end.min(64 * 1024))?;
    let mut tail = vec![0; size];
    file.read_exact_at(&mut tail, end - size as u64)?;
    let last = tail.trim_ascii_end().rsplit(|&byte| byte == b'\n').next();
    let prev = Sha256::of(last.unwrap_or_default());
    let mut line = format!(
        "{}\"prev\":\"{prev}\"",
        "x".repeat(length.saturating_sub(150))
    );
    line += &format!(",\"hash\":\"{}\"\n", Sha256::of(line.as_bytes()));
    file.write_all(line.as_bytes())?;
    if sync == Sync::BeforeUnlock {
        file.sync_data()?;
    }
    file.unlock()?;
    if sync == Sync::AfterUnlock {
        file.sync_data()?;
    }
    Ok(())
}

/// Appends records as runs do: a start and an end each.
fn runs(log: &str, count: usize, sync: bool) -> Done {
    let mut host = System::start();
    let log = Log {
        path: log.into(),
        sync,
        access: LogAccess::Private,
        anchor: None,
    };
    for _ in 0..count / 2 {
        let opening = RunContext {
            log: log.clone(),
            run_id: RunId::new(&mut host)?,
            group: "g".parse()?,
            extension: "e".parse()?,
        };
        let trail = OpenRecord::open(opening, start(&host), &mut host);
        let trail = trail.map_err(|unopened| unopened.error.reason(&log.path))?;
        let end = EndBody::Finish(EndRecord::not_started("measured", None, 0));
        if let Some(unrecorded) = trail.close(end, &mut host) {
            return Err(unrecorded.reason.into());
        }
    }
    Ok(())
}

/// A start record of the usual size.
fn start(host: &System) -> StartRecord {
    let hash = Sha256::of(b"");
    let path = Text::from("/usr/share/qli/extensions/g/e");
    let process = host.process();
    StartRecord {
        mask: Mask::Off,
        env_var_names: Vec::new(),
        env_vars_left_out: 0,
        deliver: BTreeMap::new(),
        run: RunFacts {
            args: RecordedArgs::List(vec![RecordedArg::Whole("--all".into())]),
            guards: Vec::new(),
            plan: Digest(hash),
            program: ProgramFacts {
                path: path.clone(),
                inode: Some(7),
                sha256: hash,
            },
            manifest: FileFacts::new(path.as_ref(), hash),
            origin: "/usr/share/qli/extensions".into(),
            hides: None,
            cwd: None,
            tty: None,
            pid: process.pid,
            process_start: process.start,
            boot_id: process.boot_id,
            ppid: process.ppid,
            parent_exe: None,
            login_uid: LoginUid::Unknown,
            claimed: Claimed::default(),
        },
    }
}
