//! From the names on a command line to what is planned.

use std::path::PathBuf;

use super::group::{Group, locate, parse};
use super::program::{self, Program};
use super::roots::Roots;
use super::sections;
use super::shadowed::shadowed;
use super::trust::distrusted;
use crate::diagnostics::{Diagnostics, has_errors, sorted};
use crate::host::HostView;
use crate::names::{ExtensionName, GroupName};

/// One extension, ready to be planned.
#[derive(Debug, Clone)]
pub struct Target {
    pub group: Group,
    pub extension: ExtensionName,
    pub program: Program,
    /// Who else can change the group; the manifest has its own warnings.
    pub warnings: Diagnostics,
}

/// Finds one extension.
///
/// # Errors
///
/// Everything that is known to be wrong: the errors of the manifest, and an
/// unknown name or a script that cannot be executed.
pub fn find(
    group: &GroupName,
    extension: &ExtensionName,
    roots: &Roots,
    view: &dyn HostView,
) -> Result<Target, Diagnostics> {
    let (mut location, read) = locate(group, roots, view)?;
    roots.check_except(&location.root, view)?;
    let manifest = parse(&location, read);
    let path = match &manifest {
        Ok(manifest) => manifest.environment_of(extension).path(view),
        Err(_) => view.var("PATH"),
    };
    let program = program::find(&location, extension, path.as_deref(), roots, view);
    match (manifest, program) {
        (Ok(manifest), Ok(program)) => {
            // Built-in manifests have no file; built-in scripts run from a copy.
            let own = location.directory().map(|_| &*location.manifest_path);
            // Who can change a root that was searched before decides whether this one is
            // reached.
            let before = roots.passed_over(&location.root);
            let before: Vec<_> = before.map(|root| root.manifest(group)).collect();
            let files = own.into_iter().chain(program.files());
            let files: Vec<_> = files.chain(before.iter().map(PathBuf::as_path)).collect();
            let mut warnings = distrusted(&files, view);
            let missed = sections::missed_by(extension, &program, &location, &manifest, view);
            warnings.extend(missed);
            if has_errors(&warnings) {
                return Err(warnings);
            }
            location.shadows = shadowed(&location, &manifest, Some(extension), roots, view);
            Ok(Target {
                group: Group { location, manifest },
                extension: extension.clone(),
                program,
                warnings,
            })
        }
        (manifest, program) => {
            let mut found = manifest.err().unwrap_or_default();
            found.extend(program.err());
            Err(sorted(found))
        }
    }
}
