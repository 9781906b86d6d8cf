//! Whether a group can be trusted: its manifest and its script must not be
//! anybody else's to change. Asked on the way of a run and its explanation;
//! the verdict over a checkout (`validate`) must not depend on owners.

use std::path::Path;

use super::{GroupLocation, Program};
use crate::diagnostics::{Code, Diagnostic, Diagnostics};
use crate::host::{ChangedBy, HostView, InsecurePath, insecure_paths};

/// Reports whatever on the way to a manifest and a script somebody else may
/// change; what only a group may change is a warning.
pub(super) fn judge(home: &GroupLocation, program: &Program, view: &dyn HostView) -> Diagnostics {
    let manifest = home.directory().map(|_| home.manifest_path.as_path());
    // An embedded script is run from its copy in the cache.
    let script = Some(program.file());
    let paths: Vec<_> = [manifest, script].into_iter().flatten().collect();
    distrusted(&paths, view)
}

/// Reports whatever on the way to some paths somebody else may change.
pub fn distrusted(paths: &[&Path], view: &dyn HostView) -> Diagnostics {
    let mut found = Diagnostics::default();
    found.extend(insecure_paths(paths, view).iter().map(diagnostic));
    found.sorted()
}

fn diagnostic(suspicion: &InsecurePath) -> Diagnostic {
    let code = match suspicion.by {
        ChangedBy::Group => Code::WritableByGroup,
        ChangedBy::Everybody => Code::WritableByOthers,
        ChangedBy::Owner => Code::ForeignOwner,
    };
    Diagnostic::of_path(
        code,
        &suspicion.path,
        format!("this {}", suspicion.finding()),
    )
    .help(suspicion.help())
}
