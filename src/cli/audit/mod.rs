//! `qli audit`.

mod args;
mod follower;
mod head;
mod list;
mod rotated;
mod show;
mod sources;
mod tail;
mod verify;

use super::context::Context;
use crate::dispatch::Exit;

pub(super) use args::{AuditArgs, AuditCommand};

pub(super) fn exec(cx: &mut Context<'_>, command: &AuditCommand) -> Exit {
    let done = match command {
        AuditCommand::List(args) => list::exec(cx.add(&args.logs.global), args),
        AuditCommand::Show(args) => show::exec(cx.add(&args.logs.global), args),
        AuditCommand::Verify(args) => verify::exec(cx.add(&args.logs.global), args),
        AuditCommand::Unfinished(args) => list::unfinished(cx.add(&args.global), args),
        AuditCommand::Head(args) => head::exec(cx.add(&args.global), args),
        AuditCommand::Tail(args) => tail::exec(cx.add(&args.logs.global), args),
    };
    match done {
        Ok(exit) => exit,
        Err(error) => cx.unwritable(&error),
    }
}
