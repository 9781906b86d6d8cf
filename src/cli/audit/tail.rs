//! `qli audit tail`.

use std::collections::VecDeque;
use std::io::{self, Read, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::args::Global;
use super::args::TailArgs;
use super::sources::{open, sources, unreadable};
use crate::dispatch::Exit;
use crate::history::{Feed, RecordSummary, each_line, last_lines};
use crate::host::{HostView, Opened, Output, Stream, System, is_file};
use crate::names::escaped;
use crate::report::{self, Format, Style};

/// How long a followed log is left alone before it is looked at again.
const PAUSE: Duration = Duration::from_millis(100);

/// Prints the newest records, and those that come.
pub(super) fn exec(global: &Global, args: &TailArgs, host: &System) -> io::Result<Exit> {
    let logs = sources(global, &args.logs.log, host);
    let mut printer = Printer {
        style: Style::of(Stream::Stdout, global.color(), host),
        format: args.logs.format,
        out: Output::new(),
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
            Err(Failed::Writing(error)) => return Err(error),
            Err(Failed::Reading(error)) => {
                unreadable(&log, &error);
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
        if printer.out.is_closed_within(PAUSE) {
            break;
        }
    }
    Ok(exit)
}

/// Writes records, each as soon as it is known.
struct Printer {
    style: Style,
    format: Format,
    out: Output,
}

impl Printer {
    /// Writes a line, if it is a record.
    fn print(&mut self, line: &[u8]) -> io::Result<()> {
        let Some(glance) = RecordSummary::of(line) else {
            return Ok(());
        };
        let text = match self.format {
            Format::Human => report::record_line(&glance, &self.style),
            // As it was written: qli's own records hold nothing to escape.
            Format::Json => escaped(String::from_utf8_lossy(line).into_owned()) + "\n",
        };
        self.out.write_all(text.as_bytes())
    }
}

/// What failed: the one log, or everything.
enum Failed {
    Reading(io::Error),
    Writing(io::Error),
}

/// Shows what can be read only once: its last records, or with `--follow` all
/// of them as they come.
fn stream(log: &Path, args: &TailArgs, host: &System, to: &mut Printer) -> Result<(), Failed> {
    let (_, mut from) = open(log, "tail", host).map_err(Failed::Reading)?;
    if args.follow {
        let mut feed = Feed::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let length = from.read(&mut buffer).map_err(Failed::Reading)?;
            let bytes = buffer.get(..length).unwrap_or_default();
            let mut written = Ok(());
            let mut take = |line: &[u8]| {
                if written.is_ok() {
                    written = to.print(line);
                }
            };
            if length == 0 {
                feed.end(&mut take);
                return written.map_err(Failed::Writing);
            }
            feed.push(bytes, &mut take);
            written
                .and_then(|()| to.out.flush())
                .map_err(Failed::Writing)?;
        }
    }
    let mut last = VecDeque::new();
    let read = each_line(from, &mut |line| {
        last.push_back(line.to_vec());
        if last.len() > args.lines {
            last.pop_front();
        }
        Ok(())
    });
    read.map_err(Failed::Reading)?;
    last.iter()
        .try_for_each(|line| to.print(line))
        .map_err(Failed::Writing)
}

/// Shows the last records of a file, and goes on behind them.
fn file(
    log: PathBuf,
    args: &TailArgs,
    host: &System,
    to: &mut Printer,
) -> Result<Follower, Failed> {
    let mut opened = host.open(&log).map_err(Failed::Reading)?;
    let begin = last_lines(args.lines, &mut *opened.bytes).map_err(Failed::Reading)?;
    opened
        .bytes
        .seek(SeekFrom::Start(begin))
        .map_err(Failed::Reading)?;
    let mut follower = Follower {
        log,
        opened,
        feed: Feed::default(),
    };
    follower.read_on(to).map_err(Failed::Writing)?;
    if !args.follow {
        follower.end(to).map_err(Failed::Writing)?;
    }
    Ok(follower)
}

/// A log that is followed, from file to file.
struct Follower {
    log: PathBuf,
    opened: Opened,
    feed: Feed,
}

impl Follower {
    /// Reads what has come, and goes over to the next file after rotation.
    ///
    /// A run may still append to the old file when the new one is there
    /// already; only who has begun the new one has waited for it. So the old
    /// one is read to its end once the new one holds something.
    fn look(&mut self, host: &System, to: &mut Printer) -> io::Result<()> {
        self.read_on(to)?;
        let Ok(stat) = host.stat(&self.log) else {
            return Ok(()); // moved away, and not made anew yet
        };
        if stat.id == self.opened.stat.id {
            return self.begin_anew_if_cut(to);
        }
        let Ok(mut next) = host.open(&self.log) else {
            return Ok(());
        };
        if next
            .bytes
            .seek(SeekFrom::End(0))
            .is_ok_and(|length| length > 0)
        {
            self.read_on(to)?;
            self.end(to)?;
            next.bytes.rewind()?;
            self.opened = next;
            self.read_on(to)?;
        }
        Ok(())
    }

    /// A log that was cut to a shorter one is read from its beginning.
    fn begin_anew_if_cut(&mut self, to: &mut Printer) -> io::Result<()> {
        let bytes = &mut self.opened.bytes;
        let (Ok(at), Ok(length)) = (bytes.stream_position(), bytes.seek(SeekFrom::End(0))) else {
            return Ok(());
        };
        let begin = if length < at { 0 } else { at };
        bytes.seek(SeekFrom::Start(begin))?;
        if begin < at {
            self.end(to)?;
            return self.read_on(to);
        }
        Ok(())
    }

    /// Prints the lines there are by now.
    fn read_on(&mut self, to: &mut Printer) -> io::Result<()> {
        let mut buffer = vec![0; 64 * 1024];
        let mut written = Ok(());
        // A log that cannot be read on is like one that does not grow.
        while let Ok(length @ 1..) = self.opened.bytes.read(&mut buffer) {
            let bytes = buffer.get(..length).unwrap_or_default();
            self.feed.push(bytes, &mut |line| {
                if written.is_ok() {
                    written = to.print(line);
                }
            });
        }
        written
    }

    /// Prints a last record that has no line end.
    fn end(&mut self, to: &mut Printer) -> io::Result<()> {
        let mut written = Ok(());
        self.feed.end(&mut |line| written = to.print(line));
        written
    }
}
