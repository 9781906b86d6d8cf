//! Audit logs, and spooled records that are pending for them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Check, Finding};
use crate::audit::{AnchorSink, LogSetting, Spool, spool as examine_spool};
use crate::diagnostics::Code;
use crate::discovery::CatalogueGroup;
use crate::guard::AuditStart;
use crate::host::{HostView, diagnosis, reason};
use crate::names::{GroupName, plural, shell_path};

/// The logs by path, each with a group that records there.
fn recordings(
    catalogue: &[CatalogueGroup],
    view: &dyn HostView,
) -> (BTreeMap<PathBuf, (GroupName, AuditStart)>, Vec<Finding>) {
    let mut logs = BTreeMap::new();
    let mut findings = Vec::new();
    for entry in catalogue {
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

/// Every log, and every file of an anchor.
pub(super) fn paths(catalogue: &[CatalogueGroup], view: &dyn HostView) -> Vec<PathBuf> {
    let (logs, _) = recordings(catalogue, view);
    let files = logs.into_iter().flat_map(|(log, (_, audit))| {
        let anchor = audit.log.anchor.and_then(|anchor| match anchor {
            AnchorSink::File(path) => Some(path),
            AnchorSink::Syslog => None,
        });
        std::iter::once(log).chain(anchor)
    });
    files.collect()
}

pub(super) fn logs(catalogue: &[CatalogueGroup], view: &dyn HostView) -> Check {
    let (logs, mut findings) = recordings(catalogue, view);
    findings.extend(logs.iter().filter_map(|(path, (group, audit))| {
        let obstacle = audit.obstacle(view)?;
        let message = format!("runs of `{group}` are refused: {}", obstacle.reason);
        let at = match (obstacle.setting, &audit.log.anchor) {
            (LogSetting::Anchor, Some(AnchorSink::File(anchor))) => anchor,
            _ => path,
        };
        let finding = Finding::problem(message, obstacle.help).at(at);
        Some(finding.code(Code::AuditUnwritable))
    }));
    Check::new("logs", plural(logs.len(), "log"), findings)
}

pub(super) fn spool(catalogue: &[CatalogueGroup], view: &dyn HostView) -> Check {
    let unusable = |summary: &str, path: PathBuf, message: String, help: String| {
        let finding = Finding::problem(message, help).at(path);
        Check::new("spool", summary, vec![finding])
    };
    let (path, kept) = match examine_spool(view) {
        Spool::Nowhere | Spool::Absent => return Check::new("spool", "empty", vec![]),
        Spool::NotPrivate(path) => {
            let message = "others can change the spool, so its records are not used";
            let help = format!("ls -ld {0}; chmod 700 {0}", shell_path(&path));
            return unusable("not private", path, message.to_owned(), help);
        }
        Spool::Unreadable(path, error) => {
            let message = format!("cannot read the spool: {}", reason(&error));
            let help = diagnosis(&error, &path);
            return unusable("unreadable", path, message, help);
        }
        Spool::Kept(path, kept) => (path, kept),
    };
    let (logs, _) = recordings(catalogue, view);
    let mut pending: BTreeMap<Option<&PathBuf>, usize> = BTreeMap::new();
    for log in &kept {
        *pending.entry(log.as_ref()).or_default() += 1;
    }
    let findings = pending.into_iter().map(|(log, count)| {
        let Some(log) = log else {
            let message = format!("{} without a spooled record", plural(count, "file"));
            return Finding::warning(message, format!("ls -l {}", shell_path(&path))).at(&path);
        };
        let records = plural(count, "pending record");
        let message = format!("{records}: this log could not be written when the run ended");
        let help = match logs.get(log) {
            Some((group, _)) => format!("qli explain {group}  # its next run adds them to the log"),
            None => "qli ext list  # no installed group uses this log".to_owned(),
        };
        Finding::warning(message, help).at(log)
    });
    Check::new("spool", plural(kept.len(), "record"), findings.collect())
}
