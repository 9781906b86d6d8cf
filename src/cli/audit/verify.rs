//! `qli audit verify`.

use std::io::{self, Write};
use std::path::Path;

use super::super::context::Context;
use super::args::VerifyArgs;
use super::rotated::History;
use super::sources::{Absent, open, unless_closed, unreadable};
use crate::audit::Checkpoint;
use crate::dispatch::Exit;
use crate::history::{Problem, Verified, Verifier, read_checkpoints, verify};
use crate::host::{HostView, buffered_stdout, diagnosis, reason};
use crate::names::{Text, visible_path};
use crate::report::{self, DOCUMENT_VERSION, Format, JsonStream, LIMITS, Message, Style};

/// The largest file of anchors, in bytes.
const ANCHORS_MAX: u64 = 64 << 20;

pub(super) fn exec(cx: &Context<'_>, args: &VerifyArgs) -> io::Result<Exit> {
    let anchors = args.anchor.iter();
    let anchors = anchors.map(|file| checkpoints_in(file, cx.host));
    let anchors = match anchors.collect::<Result<Vec<_>, _>>() {
        Ok(anchors) => anchors.concat(),
        Err(message) => return Ok(cx.fail(&message)),
    };
    let anchored = !args.anchor.is_empty();
    let count = anchors.len() as u64;
    let history = History::of(cx, &args.logs.log, Absent::Reported);
    history.note_unread("verify", cx);
    let run = |report: &mut dyn FnMut(Problem)| verify_all(&history, anchors, report, cx);
    let verified = match args.logs.format {
        Format::Human => human(run, anchored, &cx.stdout())?,
        Format::Json => json(run, anchored)?,
    };
    let unused = anchored && verified.anchors.elsewhere == count;
    if unused {
        cx.say(&Message::error("no anchor belongs to these logs"));
    }
    Ok(match (verified.unread == 0 && !unused, verified.problems) {
        (false, _) => Exit::USAGE,
        (true, 0) => Exit::DONE,
        (true, _) => Exit::PROBLEMS,
    })
}

type Done = io::Result<Verified>;

/// Verifies each log; one that cannot be read is reported, and the others are
/// verified.
fn verify_all(
    history: &History,
    anchors: Vec<Checkpoint>,
    report: &mut dyn FnMut(Problem),
    cx: &Context<'_>,
) -> Done {
    let mut verifier = Verifier::new(anchors, report);
    let mut unread = history.unread;
    for log in &history.logs {
        let read = open(log, "verify", cx.host).and_then(|(kind, from)| {
            verifier.begin(log, kind);
            Ok(verify(from, &mut verifier)?)
        });
        match read {
            Ok(()) if history.rotated.contains(log) => {}
            Ok(()) => verifier.expect_lines(),
            Err(failed) => {
                unreadable(log, failed, cx)?;
                unread += 1;
            }
        }
    }
    Ok(Verified {
        unread,
        compressed: history.compressed().cloned().collect(),
        ..verifier.end()
    })
}

fn human(run: impl FnOnce(&mut dyn FnMut(Problem)) -> Done, anchored: bool, style: &Style) -> Done {
    let mut out = buffered_stdout();
    let mut written = Ok(());
    let verified = run(&mut |problem| {
        if written.is_ok() {
            written = out.write_all(report::problem(&problem, style).as_bytes());
        }
    })?;
    if !verified.inputs.is_empty() {
        let end = report::verdict(&verified, anchored, style);
        written = written.and_then(|()| out.write_all(end.as_bytes()));
    }
    unless_closed(written.and_then(|()| out.flush()))?;
    Ok(verified)
}

fn json(run: impl FnOnce(&mut dyn FnMut(Problem)) -> Done, anchored: bool) -> Done {
    let mut json = JsonStream::begin(buffered_stdout(), DOCUMENT_VERSION)?;
    let mut written = json.list("problems");
    let verified = run(&mut |problem| {
        if written.is_ok() {
            written = json.item(&problem);
        }
    })?;
    unless_closed(written.and_then(|()| end_json(json, &verified, anchored)))?;
    Ok(verified)
}

fn end_json(
    mut json: JsonStream<impl Write>,
    verified: &Verified,
    anchored: bool,
) -> io::Result<()> {
    json.end_list()?;
    json.list("chains")?;
    for chain in &verified.chains {
        json.item(chain)?;
    }
    json.end_list()?;
    json.field("lines", &verified.lines)?;
    json.field("bytes", &verified.bytes)?;
    json.field("repeated", &verified.repeated)?;
    if anchored {
        json.field("anchors", &verified.anchors)?;
    }
    json.list("compressed")?;
    for file in &verified.compressed {
        json.item(&Text::from(file.as_os_str()))?;
    }
    json.end_list()?;
    json.field("unread", &verified.unread)?;
    json.field("clean", &(verified.problems == 0 && verified.unread == 0))?;
    if !anchored {
        json.field("limits", &LIMITS)?;
    }
    json.end()?.flush()
}

/// Reads anchors. The error is a message.
fn checkpoints_in(file: &Path, view: &dyn HostView) -> Result<Vec<Checkpoint>, Message> {
    let name = visible_path(file);
    let contents = view.read(file, ANCHORS_MAX).map_err(|error| {
        let message = format!("cannot read {name}: {}", reason(&error));
        Message::error(message).step("show why", diagnosis(&error, file))
    })?;
    let message = match read_checkpoints(&contents.bytes) {
        Err(line) => format!("not a line that `qli audit head` prints: {name}:{line}:1"),
        Ok(none) if none.is_empty() => format!("no anchor in {name}; `qli audit head` prints one"),
        Ok(checkpoints) => return Ok(checkpoints),
    };
    Err(Message::error(message))
}
