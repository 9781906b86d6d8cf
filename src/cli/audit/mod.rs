//! `qli audit`.

mod args;
mod filter;
mod head;
mod list;
mod rotated;
mod show;
mod sources;
mod tail;
mod time;
mod verify;

use std::io;

use super::args::Global;
use crate::dispatch::Exit;
use crate::host::{System, reason, write_stderr};

pub(super) use args::{AuditArgs, AuditCommand};

/// Reads audit logs.
pub(super) fn exec(before: &Global, command: &AuditCommand, host: &System) -> Exit {
    let with = |behind: &Global| before.clone().and(behind);
    let done = match command {
        AuditCommand::List(args) => list::exec(&with(&args.logs.global), args, host),
        AuditCommand::Show(args) => show::exec(&with(&args.logs.global), args, host),
        AuditCommand::Verify(args) => verify::exec(&with(&args.logs.global), args, host),
        AuditCommand::Unfinished(args) => list::unfinished(&with(&args.global), args, host),
        AuditCommand::Head(args) => head::exec(&with(&args.global), args, host),
        AuditCommand::Tail(args) => tail::exec(&with(&args.logs.global), args, host),
    };
    match done {
        Ok(exit) => exit,
        // Nobody reads what is written: that is no fault of ours.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::DONE,
        Err(error) => {
            write_stderr(&format!(
                "qli: standard output cannot be written: {}\n",
                reason(&error)
            ));
            Exit::USAGE
        }
    }
}
