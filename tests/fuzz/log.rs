//! Any bytes, read as an audit log: nothing panics, every line is counted, every
//! problem is in a line that exists, and a log without problems has none when it
//! is read as a collector's stream.
//!
//! `tests/fuzz/run` builds and runs it for some seconds.
#![no_main]
#![expect(
    clippy::disallowed_methods,
    reason = "`fuzz_target!` holds a way to write the input down"
)]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use qli::testing::history::{
    InputKind, Problem, RecordSummary, Runs, Verified, Verifier, each_line, verify,
};

fuzz_target!(|bytes: &[u8]| {
    let (log, problems) = verified(bytes, InputKind::Log);
    assert_eq!(log.bytes, bytes.len() as u64);
    assert_eq!(log.problems, problems.len() as u64);
    let ends = bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    assert!(log.lines >= ends && log.lines <= ends + 1, "{} of {ends}", log.lines);
    for problem in &problems {
        let location = problem.location.as_ref();
        let exists = location.is_some_and(|location| (1..=log.lines).contains(&location.line));
        assert!(exists, "{problem:?} of {} lines", log.lines);
    }
    let (stream, found) = verified(bytes, InputKind::Stream);
    assert!(!problems.is_empty() || found.is_empty(), "{found:?}");
    assert_eq!(stream.lines, log.lines);
    runs(bytes);
});

fn verified(bytes: &[u8], kind: InputKind) -> (Verified, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut tell = |problem| problems.push(problem);
    let mut verifier = Verifier::new(Vec::new(), &mut tell);
    verifier.begin(Path::new("a.log"), kind);
    // Reading from memory never fails.
    drop(verify(bytes, &mut verifier));
    let verified = verifier.end();
    (verified, problems)
}

/// Every run is reported once, and there are no more runs than records.
fn runs(bytes: &[u8]) {
    let (mut lines, mut reported) = (0, 0);
    let mut runs = Runs::default();
    let done = each_line(bytes, &mut |line| {
        lines += usize::from(RecordSummary::of(line).is_some());
        runs.add_line(InputKind::Log, line);
        reported += runs.ready().count();
        Ok::<_, std::io::Error>(())
    });
    drop(done);
    reported += runs.finish().count();
    assert!(reported <= lines, "{reported} runs in {lines} records");
}
