//! `qli audit head`.

use std::io;
use std::path::{Path, PathBuf};

use super::super::context::Context;
use super::args::LogsArgs;
use super::sources::{Failed, named_or_all, open, unreadable};
use crate::audit::Checkpoint;
use crate::dispatch::Exit;
use crate::history::{Verifier, newest, verify};
use crate::host::{HostView, System, is_file};
use crate::names::{shell_path, to_json_line, to_json_pretty};
use crate::report::{AuditHeadDocument, DOCUMENT_VERSION, Format};

pub(super) fn exec(cx: &Context<'_>, args: &LogsArgs) -> io::Result<Exit> {
    let (logs, mut exit) = named_or_all(cx, &args.log);
    let mut heads = Vec::new();
    for log in logs {
        match heads_of(&log, cx.host) {
            Ok(found) => heads.extend(found),
            Err(failed) => {
                unreadable(&log, failed, cx)?;
                exit = Exit::USAGE;
            }
        }
    }
    let text = match args.format {
        Format::Json => to_json_pretty(&AuditHeadDocument {
            schema_version: DOCUMENT_VERSION,
            heads,
        }),
        Format::Human => heads.iter().map(|head| to_json_line(head) + "\n").collect(),
    };
    Ok(cx.put_or(&text, exit))
}

/// The newest record of a file, read from its end; of an input that can be read
/// only once, the newest of each chain.
fn heads_of(log: &Path, host: &System) -> Result<Vec<Checkpoint>, Failed> {
    if log != Path::new("-") && is_file(log, host) {
        open(log, "head", host)?; // fails if it is compressed
        let mut opened = host.open(log)?;
        let name = absolute(log, host);
        return match newest(&name, &mut *opened.bytes)? {
            None if opened.bytes.seek(io::SeekFrom::End(0))? > 0 => {
                let verify = format!("qli audit verify {}", shell_path(log));
                let step = ["show why".to_owned(), verify];
                Err(Failed::Unusable("there is no record at its end", step))
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

/// A checkpoint is read in another directory.
fn absolute(log: &Path, host: &System) -> PathBuf {
    let directory = host.cwd().filter(|_| log.is_relative());
    directory.map_or_else(|| log.to_owned(), |directory| directory.join(log))
}
