//! Stops of the script, which qli follows, so that the shell gets its prompt back.

use std::io;
use std::time::{Duration, Instant};

use nix::libc::{SIGCONT, SIGTSTP};
use nix::sys::signal as unix;
use nix::unistd::{Pid, getpgrp, getpid};
use rustix::io::retry_on_intr;

use super::super::signals::{Received, Sender, Signal};
use super::super::terminal::{can_stop, has_foreground, stop_self};
use super::{Waiting, elapsed};

impl Waiting<'_> {
    /// Follows a stop by this signal.
    pub(super) fn follow(&mut self, number: i32, arrived: &mut Vec<Received>) -> io::Result<()> {
        let wants_terminal = matches!(
            unix::Signal::try_from(number),
            Ok(unix::Signal::SIGTTIN | unix::Signal::SIGTTOU)
        );
        if wants_terminal && self.give_terminal() {
            return Ok(());
        }
        self.stopped.get_or_insert_with(Instant::now);
        if !can_stop() {
            return Ok(());
        }
        let had_terminal = self.suspend_terminal(number);
        stop_self(match unix::Signal::try_from(number) {
            // The shell must see that the script asks for the terminal.
            Ok(signal @ (unix::Signal::SIGTTIN | unix::Signal::SIGTTOU)) => signal,
            // A caught TSTP would not stop qli.
            _ => unix::Signal::SIGSTOP,
        });
        // Whoever continued qli continued the script too, which may end before its
        // state is read: the time so far is counted now, and the rest from now on.
        self.end.suspended += elapsed(self.stopped.replace(Instant::now()));
        self.resume();
        arrived.append(&mut self.signals.drain());
        self.drop_followed(arrived);
        if self.script.is_monitored() {
            return self.continue_on_terminal(had_terminal || wants_terminal);
        }
        self.continue_script()
    }

    /// The script, in the background of its terminal, asks for it: it gets that if qli has
    /// the user's.
    fn give_terminal(&mut self) -> bool {
        let given =
            has_foreground() && self.relay.as_mut().is_some_and(|one| one.take_over_again());
        if given && self.script.is_monitored() {
            self.script.set_foreground(true);
            // It fails only if the script has just ended.
            drop(self.script.send(Signal::new(SIGCONT), true));
        }
        given
    }

    /// Gives the user's terminal back before a stop. Returns whether the script had it.
    fn suspend_terminal(&mut self, number: i32) -> bool {
        let Some(relay) = self.relay.as_mut().filter(|_| self.script.is_monitored()) else {
            return false;
        };
        let had_terminal = relay.has_taken_over;
        // A signal that ends runs is forwarded once the run continues.
        relay.give_back(self.signals);
        if had_terminal && number == SIGTSTP {
            // The key stopped the script alone, and is for the rest of the pipeline, too.
            let group = getpgrp();
            drop(Signal::new(SIGTSTP).send_to_group(group));
        }
        had_terminal
    }

    fn continue_on_terminal(&mut self, wants_terminal: bool) -> io::Result<()> {
        let taken = wants_terminal
            && has_foreground()
            && self.relay.as_mut().is_some_and(|one| one.take_over_again());
        self.script.set_foreground(taken);
        // The CONT that woke qli is not for the script.
        self.end.suspended += elapsed(self.stopped.take());
        self.script.send(Signal::new(SIGCONT), true)
    }

    /// After a stop of qli or its group: its other processes may be stopped, and a shell
    /// has had the terminal meanwhile.
    pub(super) fn resume(&mut self) {
        self.group.resume();
        if let Some(relay) = &mut self.relay {
            relay.resume();
            if relay.has_taken_over {
                relay.take_over_again();
            }
        }
    }

    /// A TSTP from before the stop must not stop the script once more.
    fn drop_followed(&mut self, arrived: &mut Vec<Received>) {
        let is_stop = |one: &mut Received| one.signal.number() == SIGTSTP;
        let own = getpid().as_raw();
        let is_own =
            |one: &Received| matches!(one.sender, Sender::Process { pid, .. } if pid == own);
        let stops = arrived.extract_if(.., is_stop);
        self.end.received.extend(stops.filter(|one| !is_own(one)));
    }

    /// After qli was continued: if the whole group was continued, so was the script.
    /// CONT must not reach it twice, so it is only sent if the script is still stopped
    /// a moment later.
    fn continue_script(&mut self) -> io::Result<()> {
        const MOMENT: Duration = Duration::from_millis(50);
        let since = Instant::now();
        while let Some(left) = MOMENT.checked_sub(since.elapsed()) {
            if has_changed(self.script.pid())? {
                return Ok(());
            }
            self.signals.wait(&[], Some(left))?;
            // Not "stopped": the CONT that woke qli is not for the script.
            let arrived = self.signals.drain();
            self.handle(arrived, false, false);
        }
        Signal::new(SIGCONT).send(self.script.pid())
    }
}

/// Whether the script's state has changed; the change can still be waited for.
fn has_changed(pid: Pid) -> io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let Some(pid) = rustix::process::Pid::from_raw(pid.as_raw()) else {
        return Ok(false);
    };
    let options = WaitIdOptions::NOHANG
        | WaitIdOptions::NOWAIT
        | WaitIdOptions::EXITED
        | WaitIdOptions::STOPPED
        | WaitIdOptions::CONTINUED;
    let found = retry_on_intr(|| waitid(WaitId::Pid(pid), options))?;
    Ok(found.is_some())
}
