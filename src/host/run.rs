//! The script of this process, from what is prepared for it to the last of its output.

use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;

use nix::libc::SIGKILL;
use nix::unistd::getpgrp;

use super::child::ChildEnd;
use super::delivered_files::DeliveredFiles;
use super::handlers::SignalHandlers;
use super::relay::{Relay, Streams};
use super::script::Script;
use super::script_mark::ScriptMark;
use super::signals::Signal;
use super::start_script::NewScript;
use super::terminal::SavedModes;
use super::waiting::Waiting;
use super::{Masking, Start, TimeLimits, descriptor};

#[derive(Debug, Default)]
pub(super) struct Run {
    files: Option<DeliveredFiles>,
    descriptors: Vec<OwnedFd>,
    relay: Option<Relay>,
    /// What the script gets in place of qli's standard streams.
    streams: Streams,
    script: Option<Script>,
    /// Those of the terminal before the script started.
    modes: Option<SavedModes>,
    /// The signal of a key that the script died of on a terminal of its own.
    died_of_key: Option<Signal>,
}

impl Run {
    pub(super) fn deliver_files(
        &mut self,
        directory: &Path,
        files: &[(&str, &[u8])],
    ) -> io::Result<()> {
        self.files = Some(DeliveredFiles::create(directory, files)?);
        Ok(())
    }

    pub(super) fn deliver_descriptor(&mut self, bytes: &[u8]) -> io::Result<i32> {
        let descriptor = descriptor::holding(bytes)?;
        let number = descriptor.as_raw_fd();
        self.descriptors.push(descriptor);
        Ok(number)
    }

    pub(super) fn withdraw(&mut self) -> io::Result<()> {
        self.descriptors.clear();
        self.files.take().map_or(Ok(()), DeliveredFiles::remove)
    }

    pub(super) fn mask(&mut self, masking: &Masking<'_>) -> io::Result<()> {
        if let Some((relay, streams)) = Relay::start(masking)? {
            self.relay = Some(relay);
            self.streams = streams;
        }
        Ok(())
    }

    pub(super) fn start(&mut self, start: &Start<'_>, ignores_pipe: bool) -> io::Result<()> {
        self.modes = SavedModes::read();
        let mut streams = std::mem::take(&mut self.streams);
        if let (Some(relay), Some(terminal)) = (&mut self.relay, &mut streams.terminal) {
            terminal.is_interactive = terminal.is_interactive && relay.take_over();
        }
        let descriptors = std::mem::take(&mut self.descriptors);
        let script = NewScript {
            start,
            descriptors: &descriptors,
            ignores_pipe,
            streams,
        };
        let script = script.start().inspect_err(|_| {
            self.relay.iter_mut().for_each(Relay::give_back_unused);
        })?;
        self.relay.iter_mut().for_each(Relay::read_typed);
        if let Some(files) = &mut self.files {
            files.mark(&ScriptMark::of(script.pid().as_raw().cast_unsigned()));
        }
        self.script = Some(script);
        Ok(())
    }

    pub(super) fn wait(
        &mut self,
        limits: TimeLimits,
        signals: &mut SignalHandlers,
    ) -> io::Result<ChildEnd> {
        let script = self.script.take();
        let script = script.ok_or_else(|| io::Error::other("no script was started"))?;
        let end = Waiting::new(script, self.relay.as_mut(), limits, signals).until_end()?;
        if end.status == Err(Signal::new(SIGKILL)) {
            self.modes.iter().for_each(SavedModes::restore);
        }
        let on_terminal = self.relay.as_ref().is_some_and(Relay::has_terminal);
        let died_of = end.status.err().filter(|_| on_terminal);
        self.died_of_key = died_of.filter(|signal| end.has_typed(*signal));
        Ok(end)
    }

    /// Returns a signal that ended the wait for the output.
    pub(super) fn flush_output(
        &mut self,
        signals: &mut SignalHandlers,
    ) -> io::Result<Option<Signal>> {
        let Some(relay) = &mut self.relay else {
            return Ok(None);
        };
        let flushed = relay.flush(signals);
        if relay.has_terminal() {
            // A relay that was killed has not given it back.
            self.modes.iter().for_each(SavedModes::restore);
        }
        if let Some(signal) = self.died_of_key {
            // The key was for all of the foreground: a shell's loop ends, too.
            drop(signal.send_to_group(getpgrp()));
        }
        if relay.was_killed {
            return Err(io::Error::other("the process that masks it was killed"));
        }
        flushed.error.map_or(Ok(flushed.signal), Err)
    }
}
