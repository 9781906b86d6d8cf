//! The logs that runs are recorded in, and records that wait for them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Check, Finding, Level};
use crate::audit::{Spool, spool as look_into};
use crate::diagnostics::Code;
use crate::discovery::Catalogue;
use crate::guard::AuditStart;
use crate::host::{HostView, reason};
use crate::names::{GroupName, plural, shell_word};

/// The logs by their paths, each with a group that records there.
fn recordings(
    catalogue: &Catalogue,
    view: &dyn HostView,
) -> (BTreeMap<PathBuf, (GroupName, AuditStart)>, Vec<Finding>) {
    let mut logs = BTreeMap::new();
    let mut findings = Vec::new();
    for entry in &catalogue.groups {
        let Ok(group) = &entry.group else { continue };
        match AuditStart::of_group(&group.group, view) {
            Ok(Some(audit)) => {
                let path = audit.log.path.clone();
                logs.entry(path).or_insert((entry.name.clone(), audit));
            }
            Ok(None) => {}
            Err(one) => findings.push(Finding::of(&one)),
        }
    }
    (logs, findings)
}

pub(super) fn logs(catalogue: &Catalogue, view: &dyn HostView) -> Check {
    let (logs, mut findings) = recordings(catalogue, view);
    for (path, (group, audit)) in &logs {
        let Some(obstacle) = audit.obstacle(view) else {
            continue;
        };
        let message = format!("runs of `{group}` are refused: {}", obstacle.reason());
        findings.push(Finding {
            code: Some(Code::AuditUnwritable),
            ..Finding::new(Level::Problem, Some(path.clone()), message, obstacle.help())
        });
    }
    let summary = plural(logs.len(), "log");
    Check::new("logs", summary, findings)
}

pub(super) fn spool(catalogue: &Catalogue, view: &dyn HostView) -> Check {
    let check = |summary: String, findings| Check::new("spool", summary, findings);
    let (path, kept) = match look_into(view) {
        Spool::Nowhere | Spool::Absent => return check("empty".to_owned(), vec![]),
        Spool::NotPrivate(path) => {
            let message = "it is not yours alone, so no log takes over what is in it";
            let help = format!("ls -ld {0}; chmod 700 {0}", shell_word(&path));
            let one = Finding::new(Level::Problem, Some(path), message.to_owned(), help);
            return check("not to be trusted".to_owned(), vec![one]);
        }
        Spool::Unreadable(path, error) => {
            let message = format!("it cannot be read: {}", reason(&error));
            let help = format!("ls -ld {}", shell_word(&path));
            let one = Finding::new(Level::Problem, Some(path), message, help);
            return check("unreadable".to_owned(), vec![one]);
        }
        Spool::Kept(path, kept) => (path, kept),
    };
    let (logs, _) = recordings(catalogue, view);
    let mut waiting: BTreeMap<Option<&PathBuf>, usize> = BTreeMap::new();
    for one in &kept {
        *waiting.entry(one.as_ref()).or_default() += 1;
    }
    let findings = waiting.into_iter().map(|(log, count)| match log {
        Some(log) => waits(log, count, logs.get(log).map(|(group, _)| group)),
        None => foreign(&path, count),
    });
    check(plural(kept.len(), "record"), findings.collect())
}

fn foreign(spool: &Path, count: usize) -> Finding {
    let hold = if count == 1 { "holds" } else { "hold" };
    let message = format!("{} {hold} no end of a run", plural(count, "file"));
    let help = format!("ls -l {}", shell_word(spool));
    Finding::new(Level::Warning, Some(spool.to_owned()), message, help)
}

fn waits(log: &Path, count: usize, group: Option<&GroupName>) -> Finding {
    let waits = if count == 1 { "waits" } else { "wait" };
    let ends = plural(count, "record");
    let message = format!("{ends} {waits} for this log: ends of runs that it did not take");
    let help = match group {
        Some(group) => format!("qli explain {group}  # the next run of it takes them over"),
        None => "qli ext list  # no group of these records there".to_owned(),
    };
    Finding::new(Level::Warning, Some(log.to_owned()), message, help)
}
