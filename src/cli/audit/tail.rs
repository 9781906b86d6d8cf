//! `qli audit tail`.

use std::collections::VecDeque;
use std::io::{self, Read, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::context::Context;
use super::args::TailArgs;
use super::sources::{Failed, open, sources, unreadable};
use crate::dispatch::Exit;
use crate::history::{LineSplitter, RecordSummary, each_line, last_lines};
use crate::host::{
    HostView, Opened, Output, System, buffered_stdout, is_file, is_stdout_closed_within,
};
use crate::names::escaped;
use crate::report::{self, Format, Style};

/// How long to wait before looking at a followed log again.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) fn exec(cx: &Context<'_>, args: &TailArgs) -> io::Result<Exit> {
    let host = &*cx.host;
    let logs = sources(cx, &args.logs.log);
    let mut printer = Printer {
        style: cx.stdout(),
        format: args.logs.format,
        out: buffered_stdout(),
    };
    let mut watched = Vec::new();
    let mut exit = Exit::DONE;
    for log in logs {
        let shown = if log == Path::new("-") || !is_file(&log, host) {
            stream(&log, args, host, &mut printer).map(|()| None)
        } else {
            file(log.clone(), args, host, &mut printer).map(Some)
        };
        match shown {
            Ok(follower) => watched.extend(follower),
            Err(failed) => {
                unreadable(&log, failed, cx)?;
                exit = Exit::USAGE;
            }
        }
    }
    printer.out.flush()?;
    while args.follow && !watched.is_empty() {
        for follower in &mut watched {
            follower.look(host, &mut printer)?;
        }
        printer.out.flush()?;
        if is_stdout_closed_within(PAUSE) {
            break;
        }
    }
    Ok(exit)
}

struct Printer {
    style: Style,
    format: Format,
    out: Output,
}

impl Printer {
    /// Prints a line, if it is a record.
    fn print(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(record) = RecordSummary::of(line) else {
            return Ok(());
        };
        let text = match self.format {
            Format::Human => report::record_line(&record, &self.style),
            // As it was written: there is nothing to escape in qli's own records.
            Format::Json => escaped(String::from_utf8_lossy(line).into_owned()) + "\n",
        };
        self.out.write_all(text.as_bytes())
    }
}

/// Prints an input that can be read only once: its last records, or with
/// `--follow` all of them as they come.
fn stream(log: &Path, args: &TailArgs, host: &System, to: &mut Printer) -> Result<(), Failed> {
    let (_, from) = open(log, "tail", host)?;
    if args.follow {
        return each_line(from, &mut |line| {
            let printed = to.print(line).and_then(|()| to.out.flush());
            printed.map_err(Failed::Writing)
        })
        .map(drop);
    }
    let mut last = VecDeque::new();
    each_line::<io::Error>(from, &mut |line| {
        last.push_back(line.to_vec());
        if last.len() > args.lines {
            last.pop_front();
        }
        Ok(())
    })?;
    last.iter()
        .try_for_each(|line| to.print(line))
        .map_err(Failed::Writing)
}

/// Prints the last records of a file, and prepares to follow it.
fn file(
    log: PathBuf,
    args: &TailArgs,
    host: &System,
    to: &mut Printer,
) -> Result<Follower, Failed> {
    let mut opened = host.open(&log)?;
    let begin = last_lines(args.lines, &mut *opened.bytes)?;
    opened.bytes.seek(SeekFrom::Start(begin))?;
    let mut follower = Follower {
        log,
        opened,
        splitter: LineSplitter::default(),
    };
    follower.read_on(to).map_err(Failed::Writing)?;
    if !args.follow {
        follower.print_rest(to).map_err(Failed::Writing)?;
    }
    Ok(follower)
}

/// A log that is followed, from file to file.
struct Follower {
    log: PathBuf,
    opened: Opened,
    splitter: LineSplitter,
}

impl Follower {
    /// Reads what was appended, and moves to the next file after rotation.
    ///
    /// A run may still append to the old file while the new one exists, but
    /// whoever writes the first record to the new one waits for the old one's
    /// lock. So the old file is complete once the new one has a record.
    fn look(&mut self, host: &System, to: &mut Printer) -> io::Result<()> {
        self.read_on(to)?;
        let Ok(stat) = host.stat(&self.log) else {
            return Ok(()); // renamed, and not created again yet
        };
        if stat.id == self.opened.stat.id {
            return self.restart_if_truncated(to);
        }
        let Ok(mut next) = host.open(&self.log) else {
            return Ok(());
        };
        let length = next.bytes.seek(SeekFrom::End(0));
        if length.is_ok_and(|length| length > 0) {
            self.read_on(to)?;
            self.print_rest(to)?;
            next.bytes.rewind()?;
            self.opened = next;
            self.read_on(to)?;
        }
        Ok(())
    }

    fn restart_if_truncated(&mut self, to: &mut Printer) -> io::Result<()> {
        let bytes = &mut self.opened.bytes;
        let (Ok(at), Ok(length)) = (bytes.stream_position(), bytes.seek(SeekFrom::End(0))) else {
            return Ok(());
        };
        if at <= length {
            return bytes.seek(SeekFrom::Start(at)).map(drop);
        }
        bytes.rewind()?;
        self.print_rest(to)?;
        self.read_on(to)
    }

    /// Prints the lines that are complete by now.
    fn read_on(&mut self, to: &mut Printer) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        // A log that can no longer be read is like one that does not grow.
        while let Ok(length @ 1..) = self.opened.bytes.read(&mut buffer) {
            let bytes = buffer.get(..length).unwrap_or_default();
            self.splitter.push(bytes, &mut |line| to.print(line))?;
        }
        Ok(())
    }

    /// Prints a last record without a line end.
    fn print_rest(&mut self, to: &mut Printer) -> io::Result<()> {
        to.print(&self.splitter.rest())
    }
}
