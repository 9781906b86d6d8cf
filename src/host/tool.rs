//! Running providers' programs for their output, several side by side.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use nix::libc::{SIGCONT, SIGKILL, SIGTERM};

use super::handlers::SignalHandlers;
use super::running_tool::Running;
use super::{CallQueue, HostView, Signal};

/// Time between TERM and KILL.
const GRACE: Duration = Duration::from_secs(2);

/// Makes the calls of all queues, side by side, until none is left, one asks for the end,
/// or a signal ends the run, which is returned. Nothing that was started is left running.
pub(super) fn call_all(
    queues: &mut [&mut dyn CallQueue],
    view: &dyn HostView,
    signals: &mut SignalHandlers,
) -> io::Result<Option<Signal>> {
    let mut running: Vec<Option<Running>> = queues.iter().map(|_| None).collect();
    let called = run_all(queues, &mut running, view, signals);
    end_all(running.into_iter().flatten().collect(), signals);
    called
}

fn run_all(
    queues: &mut [&mut dyn CallQueue],
    running: &mut [Option<Running>],
    view: &dyn HostView,
    signals: &mut SignalHandlers,
) -> io::Result<Option<Signal>> {
    for (queue, place) in queues.iter_mut().zip(&mut *running) {
        match start_next(*queue, view) {
            ControlFlow::Continue(next) => *place = next,
            ControlFlow::Break(()) => return Ok(None),
        }
    }
    while running.iter().any(Option::is_some) {
        wait(running, signals)?;
        if let Some(signal) = fatal_signal(running, signals) {
            return Ok(Some(signal));
        }
        for (queue, place) in queues.iter_mut().zip(&mut *running) {
            if step(*queue, place, view, signals).is_break() {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// A signal that ends the run. Time while qli is stopped is not the programs'.
fn fatal_signal(running: &mut [Option<Running>], signals: &mut SignalHandlers) -> Option<Signal> {
    let before = Instant::now();
    let pending = signals.before_start();
    if pending.resumed {
        let stopped = before.elapsed();
        running
            .iter_mut()
            .flatten()
            .for_each(|one| one.extend(stopped));
    }
    pending.fatal
}

/// Starts the next call of a queue.
fn start_next(queue: &mut dyn CallQueue, view: &dyn HostView) -> ControlFlow<(), Option<Running>> {
    while let Some(call) = queue.next(view)? {
        match Running::start(call) {
            Ok(running) => return ControlFlow::Continue(Some(running)),
            Err(error) => queue.finished(Err(error.into()))?,
        }
    }
    ControlFlow::Continue(None)
}

/// Reads what a program has written; once it has ended, starts the next call. A program
/// that is to be ended, with what it has started, stays in its place if all are.
fn step(
    queue: &mut dyn CallQueue,
    place: &mut Option<Running>,
    view: &dyn HostView,
    signals: &mut SignalHandlers,
) -> ControlFlow<()> {
    let running = place.as_mut();
    let Some(end) = running.and_then(|running| running.step().transpose()) else {
        return ControlFlow::Continue(());
    };
    let has_ended = end.is_ok();
    queue.finished(end)?;
    let running = place.take().into_iter();
    if has_ended {
        running.for_each(Running::reap);
    } else {
        end_all(running.collect(), signals);
    }
    *place = start_next(queue, view)?;
    ControlFlow::Continue(())
}

/// Waits until a program writes, reads or ends, the time of one is up, or a signal
/// arrives.
fn wait(running: &[Option<Running>], signals: &mut SignalHandlers) -> io::Result<()> {
    let running = || running.iter().flatten();
    let readable: Vec<_> = running().flat_map(Running::readable).collect();
    let writable: Vec<_> = running().filter_map(Running::writable).collect();
    let deadline = running().map(Running::deadline).min();
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    signals.wait_for(&readable, &writable, left)
}

/// Ends programs, with what they have started: TERM, then KILL to what is left after
/// [`GRACE`], or as soon as all programs themselves have ended. They are reaped.
fn end_all(running: Vec<Running>, signals: &mut SignalHandlers) {
    if running.is_empty() {
        return;
    }
    let targets: Vec<_> = running.iter().map(Running::target).collect();
    let send = |number| {
        for target in &targets {
            target.signal(Signal::new(number));
        }
    };
    send(SIGTERM);
    send(SIGCONT); // a stopped program receives TERM only then
    wait_for_ends(&running, signals);
    send(SIGKILL);
    running.into_iter().for_each(Running::reap_killed);
}

fn wait_for_ends(running: &[Running], signals: &mut SignalHandlers) {
    let deadline = Instant::now() + GRACE;
    while !running.iter().all(Running::has_ended) {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || signals.wait(&[], Some(left)).is_err() {
            return;
        }
        // A second signal changes nothing: the run is ending.
        drop(signals.drain());
    }
}
