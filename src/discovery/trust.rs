//! Whether only the user and root can change what a run executes. Checked by
//! `run`, `explain` and `doctor`; `validate` over a checkout must not depend on
//! owners.

use std::path::Path;

use crate::diagnostics::{Code, Diagnostic, Diagnostics, sorted};
use crate::host::{ChangedBy, HostView, InsecurePath, insecure_paths};

/// Reports everything on the way to some paths that others can change: an error,
/// or a warning if only a group can.
pub fn distrusted(paths: &[&Path], view: &dyn HostView) -> Diagnostics {
    let found = insecure_paths(paths, view);
    sorted(found.iter().map(diagnostic).collect())
}

fn diagnostic(path: &InsecurePath) -> Diagnostic {
    let code = match path.by {
        ChangedBy::Group => Code::WritableByGroup,
        ChangedBy::Everyone | ChangedBy::Named(_) => Code::WritableByOthers,
        ChangedBy::Owner | ChangedBy::UnmappedOwner => Code::ForeignOwner,
    };
    Diagnostic::of_path(code, &path.path, format!("this {}", path.finding())).help(path.help())
}
