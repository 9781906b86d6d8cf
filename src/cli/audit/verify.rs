//! `qli audit verify`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::args::Global;
use super::args::VerifyArgs;
use super::sources::{open, sources, unreadable};
use crate::audit::Checkpoint;
use crate::dispatch::Exit;
use crate::history::{Problem, Verified, Verifier, in_order, read_heads, verify};
use crate::host::{HostView, Output, Stream, System, write_stderr};
use crate::names::visible;
use crate::report::{
    self, AnchorCounts, ChainDocument, DOCUMENT_VERSION, Format, JsonStream, LIMITS,
    ProblemDocument, Style,
};

/// Longest file of anchors, in bytes.
const ANCHORS_MAX: u64 = 64 << 20;

/// Holds logs against their chains and anchors.
pub(super) fn exec(global: &Global, args: &VerifyArgs, host: &System) -> io::Result<Exit> {
    let Some(anchors) = anchors(&args.anchor, host) else {
        return Ok(Exit::USAGE);
    };
    let anchored = (!args.anchor.is_empty()).then_some(anchors.len());
    let logs = in_order(sources(global, &args.logs.log, host), host);
    let job = Job {
        logs: &logs,
        anchors,
        host,
    };
    let (verified, unread) = match args.logs.format {
        Format::Human => human(job, anchored, global)?,
        Format::Json => json(job, anchored)?,
    };
    let nothing_held = anchored.is_some_and(|count| {
        let used = AnchorCounts::of(&verified);
        used.elsewhere == count as u64
    });
    if nothing_held {
        write_stderr("qli: no anchor is of these logs\n");
    }
    Ok(match (unread == 0 && !nothing_held, verified.problems) {
        (false, _) => Exit::USAGE,
        (true, 0) => Exit::DONE,
        (true, _) => Exit::PROBLEMS,
    })
}

struct Job<'a> {
    logs: &'a [PathBuf],
    anchors: Vec<Checkpoint>,
    host: &'a System,
}

impl Job<'_> {
    /// Verifies each log; one that cannot be read is told of, and the others
    /// are verified. Returns how many could not be read, too.
    fn run(self, tell: &mut dyn FnMut(Problem)) -> (Verified, usize) {
        let mut verifier = Verifier::new(self.anchors, tell);
        let mut unread = 0;
        for log in self.logs {
            let read = open(log, "verify", self.host).and_then(|(kind, from)| {
                verifier.begin(log, kind);
                verify(from, &mut verifier)
            });
            if let Err(error) = read {
                unreadable(log, &error);
                unread += 1;
            }
        }
        (verifier.end(), unread)
    }
}

fn human(job: Job<'_>, anchored: Option<usize>, global: &Global) -> io::Result<(Verified, usize)> {
    let style = Style::of(Stream::Stdout, global.color(), job.host);
    let logs = job.logs.len();
    let mut out = Output::new();
    let mut written = Ok(());
    let (verified, unread) = job.run(&mut |problem| {
        if written.is_ok() {
            written = out.write_all(report::problem(&problem, &style).as_bytes());
        }
    });
    unless_gone(written)?;
    let counts = anchored.map(|_| AnchorCounts::of(&verified));
    if logs > unread {
        let end = report::verdict(&verified, logs - unread, counts, &style);
        unless_gone(out.write_all(end.as_bytes()))?;
    }
    unless_gone(out.flush())?;
    Ok((verified, unread))
}

/// A reader that has gone changes nothing about what is found.
fn unless_gone(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn json(job: Job<'_>, anchored: Option<usize>) -> io::Result<(Verified, usize)> {
    let mut json = JsonStream::begin(Output::new(), DOCUMENT_VERSION)?;
    json.list("problems")?;
    let mut written = Ok(());
    let (verified, unread) = job.run(&mut |problem| {
        if written.is_ok() {
            written = json.item(&ProblemDocument::new(&problem));
        }
    });
    written?;
    json.end_list()?;
    json.list("chains")?;
    for chain in &verified.chains {
        json.item(&ChainDocument::new(chain))?;
    }
    json.end_list()?;
    json.field("lines", &verified.lines)?;
    json.field("bytes", &verified.bytes)?;
    json.field("repeated", &verified.repeated)?;
    if anchored.is_some() {
        json.field("anchors", &AnchorCounts::of(&verified))?;
    }
    json.field("unread", &unread)?;
    json.field("clean", &(verified.problems == 0 && unread == 0))?;
    if anchored.is_none() {
        json.field("limits", &LIMITS)?;
    }
    json.end()?.flush()?;
    Ok((verified, unread))
}

/// Reads the heads that were kept; none if a file holds none, which is said.
fn anchors(files: &[PathBuf], host: &System) -> Option<Vec<Checkpoint>> {
    let mut all = Vec::new();
    for file in files {
        match heads_in(file, host) {
            Ok(heads) => all.extend(heads),
            Err(message) => {
                write_stderr(&format!("qli: {}: {message}\n", visible(file)));
                return None;
            }
        }
    }
    Some(all)
}

fn heads_in(file: &Path, host: &System) -> Result<Vec<Checkpoint>, String> {
    let contents = host.read(file, ANCHORS_MAX);
    let contents =
        contents.map_err(|error| format!("cannot be read: {}", crate::host::reason(&error)))?;
    match read_heads(&contents.bytes) {
        Err(line) => Err(format!("line {line} must be what `qli audit head` prints")),
        Ok(heads) if heads.is_empty() => {
            Err("there is no head in it, as `qli audit head` prints it".to_owned())
        }
        Ok(heads) => Ok(heads),
    }
}
