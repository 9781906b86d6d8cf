//! Output that never ends, of what a script leaves running.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{start, world};
use crate::support::until;
use crate::world::is_gone;

/// A program that prints on after the script has ended; its process id is in a file.
const ENDLESS: &str = "yes \"on $TOKEN\" & echo $! >\"$HOME/yes\"; exit 3";

#[test]
fn qli_returns_although_what_the_script_left_running_prints_on() {
    for (mask, line) in [
        (
            "pipes",
            "{ $QLI it; echo $? >\"$HOME/code\"; } | { head -c 9 >/dev/null; cat >/dev/null; }",
        ),
        (
            "terminal",
            "$QLI it; echo $? >\"$HOME/code\"; kill $(cat \"$HOME/yes\")",
        ),
    ] {
        let world = world(mask, ENDLESS);
        let mut terminal = start(&world, line);
        let code = until("the end of qli", || {
            // A terminal that is not read takes no more.
            terminal.rest();
            let code = std::fs::read_to_string(world.path("home/code")).ok();
            code.filter(|code| !code.is_empty())
        });
        assert_eq!(code, "3\n", "{mask}");
        let pid = std::fs::read_to_string(world.path("home/yes")).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap());
        // On the terminal it has been killed.
        let _ = kill(pid, Signal::SIGKILL);
        terminal.end();
        until("the end of all", || is_gone(pid).then_some(()));
    }
}
