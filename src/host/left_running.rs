//! What a script left running.

use rustix::io::retry_on_intr;
use rustix::process::wait;

use super::child::CHANGES;
use super::process;
use super::streams::warn_now;

/// Returns the process ids, once the script itself is reaped.
pub(super) fn find() -> Vec<i32> {
    loop {
        match retry_on_intr(|| wait(CHANGES)) {
            Ok(Some(_)) => {}
            Ok(None) => break,
            // There is no child at all (ECHILD, waitpid(2)).
            Err(_) => return Vec::new(),
        }
    }
    process::children()
}

pub(super) fn report(left: &[i32]) {
    for pid in left {
        let name = process::name(*pid).unwrap_or_default();
        warn_now(&format!(
            "process {pid} ({name}), which the script started, is still running"
        ));
    }
}
