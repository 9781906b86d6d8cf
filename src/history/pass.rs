//! One pass over an input. To verify it, lines are examined on several
//! processors, then checked against their chains in order.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::blocks::{Block, Blocks, LineSplitter};
use super::parsed::{ExaminedLine, examine};
use super::verify::Verifier;

/// More threads than this would wait for the one that reads and compares.
const WORKERS_MAX: usize = 4;

/// Blocks in each worker's queue: with two, workers often had nothing to do.
const AHEAD: usize = 8;

/// Reads an input to its end and checks every line against its chain.
pub fn verify(from: impl Read, verifier: &mut Verifier<'_>) -> io::Result<()> {
    let mut blocks = Blocks::new(from, 0);
    let Some(first) = blocks.next()? else {
        return Ok(());
    };
    verifier.check(examine(&first));
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(WORKERS_MAX);
    match blocks.next()? {
        None => Ok(()),
        Some(second) => in_parallel(workers, second, blocks, verifier),
    }
}

/// Reads an input to its end and passes on each line that can be a record, as it
/// comes and without its line end. Returns the number of bytes.
pub fn each_line<E: From<io::Error>>(
    mut from: impl Read,
    add: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<u64, E> {
    let mut splitter = LineSplitter::default();
    let mut buffer = vec![0; 64 * 1024];
    let mut read = 0;
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        splitter.push(buffer.get(..length).unwrap_or_default(), add)?;
        read += length as u64;
    }
    match splitter.rest() {
        rest if rest.is_empty() => Ok(read),
        rest => add(&rest).map(|()| read),
    }
}

struct Worker {
    blocks: SyncSender<Block>,
    examined: Receiver<(Vec<ExaminedLine>, Block)>,
}

/// Blocks go to the workers in turn and come back in turn, which keeps their
/// order.
fn in_parallel<R: Read>(
    workers: usize,
    second: Block,
    mut blocks: Blocks<R>,
    verifier: &mut Verifier<'_>,
) -> io::Result<()> {
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| worker(scope)).collect();
        let (mut sent, mut taken) = (0, 0);
        let mut next = Some(second);
        while let Some(block) = next {
            if sent - taken == workers.len() * AHEAD {
                blocks.reuse(take(&workers, taken, verifier)?);
                taken += 1;
            }
            let at = sent % workers.len();
            let worker = workers.get(at).ok_or_else(gone)?;
            worker.blocks.send(block).map_err(|_| gone())?;
            sent += 1;
            next = blocks.next()?;
        }
        (taken..sent).try_for_each(|number| take(&workers, number, verifier).map(drop))
    })
}

fn worker<'scope>(scope: &'scope thread::Scope<'scope, '_>) -> Worker {
    let (blocks, to_examine) = sync_channel::<Block>(AHEAD);
    let (done, examined) = sync_channel(AHEAD);
    scope.spawn(move || {
        for block in to_examine {
            if done.send((examine(&block), block)).is_err() {
                break;
            }
        }
    });
    Worker { blocks, examined }
}

/// Checks what a worker has examined, and returns its block.
fn take(workers: &[Worker], number: usize, verifier: &mut Verifier<'_>) -> io::Result<Block> {
    let worker = workers.get(number % workers.len()).ok_or_else(gone)?;
    let (examined, block) = worker.examined.recv().map_err(|_| gone())?;
    verifier.check(examined);
    Ok(block)
}

/// A worker ends early only because of a bug in qli.
fn gone() -> io::Error {
    io::Error::other("a thread of qli ended early")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::InputKind;

    /// Reads one byte at a time, and is interrupted before each.
    struct Interrupted<'a>(&'a [u8], bool);

    impl Read for Interrupted<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let one = buffer.len().min(1);
            self.0.read(buffer.get_mut(..one).unwrap_or_default())
        }
    }

    #[test]
    fn an_interrupted_read_loses_nothing() {
        let text = b"one\n\ntwo";
        let mut lines = Vec::new();
        let read = each_line::<io::Error>(Interrupted(text, false), &mut |line| {
            lines.push(line.to_vec());
            Ok(())
        });
        assert_eq!(read.unwrap(), 8);
        assert_eq!(lines, [&b"one"[..], b"", b"two"]);
        let mut report = |_| {};
        let mut verifier = Verifier::new(Vec::new(), &mut report);
        verifier.begin("l".as_ref(), InputKind::Log);
        verify(Interrupted(text, false), &mut verifier).unwrap();
        assert_eq!(verifier.end().bytes, 8);
    }
}
