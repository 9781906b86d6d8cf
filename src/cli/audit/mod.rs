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
use super::context::Context;
use crate::dispatch::Exit;

pub(super) use args::{AuditArgs, AuditCommand};

/// Reads audit logs.
pub(super) fn exec(cx: &Context<'_>, command: &AuditCommand) -> Exit {
    let host = &*cx.host;
    let with = |behind: &Global| cx.global.clone().and(behind);
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
        // A reader that closed the pipe early is not an error.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::DONE,
        Err(error) => cx.unwritable(&error),
    }
}
