//! `qli audit head`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::super::args::Global;
use super::args::LogsArgs;
use super::sources::{open, sources, unreadable};
use crate::audit::Checkpoint;
use crate::dispatch::Exit;
use crate::history::{Verifier, newest, verify};
use crate::host::{HostView, Output, System, is_file};
use crate::names::{to_json_line, to_json_pretty, visible};
use crate::report::{AuditHeadDocument, Format};

/// Prints the newest record of each log.
pub(super) fn exec(global: &Global, args: &LogsArgs, host: &System) -> io::Result<Exit> {
    let mut exit = Exit::DONE;
    let mut heads = Vec::new();
    for log in sources(global, &args.log, host) {
        match heads_of(&log, host) {
            Ok(found) => heads.extend(found),
            Err(error) => {
                unreadable(&log, &error);
                exit = Exit::USAGE;
            }
        }
    }
    let text = match args.format {
        Format::Json => to_json_pretty(&AuditHeadDocument::new(heads)),
        Format::Human => heads.iter().map(|head| to_json_line(head) + "\n").collect(),
    };
    let mut out = Output::new();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(exit)
}

/// The newest record of a file, found from its end; of what can be read only
/// once, that of each chain.
fn heads_of(log: &Path, host: &System) -> io::Result<Vec<Checkpoint>> {
    if log != Path::new("-") && is_file(log, host) {
        open(log, "head", host)?; // is it compressed?
        let mut opened = host.open(log)?;
        let name = absolute(log, host);
        return match newest(&name, &mut *opened.bytes)? {
            None if opened.bytes.seek(io::SeekFrom::End(0))? > 0 => {
                let message = format!(
                    "no record stands at its end: qli audit verify {}",
                    visible(log)
                );
                Err(io::Error::other(message))
            }
            head => Ok(head.into_iter().collect()),
        };
    }
    let (kind, from) = open(log, "head", host)?;
    let mut ignore = |_| {};
    let mut verifier = Verifier::new(Vec::new(), &mut ignore);
    verifier.begin(log, kind);
    verify(from, &mut verifier)?;
    let chains = verifier.end().chains.into_iter();
    Ok(chains.map(|chain| chain.head).collect())
}

/// An anchor is read elsewhere.
fn absolute(log: &Path, host: &System) -> PathBuf {
    let directory = host.cwd().filter(|_| log.is_relative());
    directory.map_or_else(|| log.to_owned(), |directory| directory.join(log))
}
