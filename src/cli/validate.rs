//! `qli validate`.

use std::io;
use std::path::{Path, PathBuf};

use super::args::{Global, ValidateArgs};
use super::put_or;
use crate::diagnostics::{Code, Diagnostic, Diagnostics, SOURCE_MAX};
use crate::discovery::Roots;
use crate::dispatch::Exit;
use crate::host::{FileKind, HostView, Stream, System, reason, write_stderr};
use crate::manifest::{self, FILE_NAME};
use crate::names::{shell_word, to_json_pretty};
use crate::report::{self, DiagnosticsDocument, Format, Style, Validation};

/// Checks manifests and reports.
pub(super) fn exec(global: &Global, args: &ValidateArgs, host: &System) -> Exit {
    let mut validation = Validation {
        deny_warnings: args.deny_warnings,
        ..Validation::default()
    };
    if args.path.is_empty() {
        for root in Roots::of(&global.extensions, host).iter() {
            check_root(&root.path, &mut validation, host);
        }
    }
    for path in &args.path {
        match manifests_of(path, host) {
            Ok(files) => check_all(&files, &mut validation, host),
            Err(complaint) => validation.unchecked.push(complaint),
        }
    }
    validation.found = std::mem::take(&mut validation.found).sorted();
    report(&validation, global, args, host)
}

fn report(validation: &Validation, global: &Global, args: &ValidateArgs, host: &System) -> Exit {
    write_stderr(&validation.complaints());
    let text = match args.format {
        Format::Json => to_json_pretty(&DiagnosticsDocument::new(
            validation.files,
            &validation.found,
        )),
        Format::Human => {
            let style = Style::of(Stream::Stdout, global.color(), host);
            report::validation(validation, &style)
        }
    };
    let problems =
        validation.found.has_errors() || (validation.deny_warnings && !validation.found.is_empty());
    let exit = if !validation.unchecked.is_empty() {
        Exit::USAGE
    } else if problems {
        Exit::PROBLEMS
    } else {
        Exit::DONE
    };
    put_or(&text, exit)
}

/// Checks a root that nobody named: one that is not there is no problem.
fn check_root(root: &Path, validation: &mut Validation, view: &dyn HostView) {
    match in_root(root, view) {
        Ok(files) => check_all(&files, validation, view),
        Err(error) if is_absent(&error) => {}
        Err(error) => {
            let message = format!("the root cannot be read: {}", reason(&error));
            let problem = Diagnostic::of_path(Code::RootUnreadable, root, message);
            let help = format!("ls -ld {}", shell_word(root));
            validation.found.push(problem.help(help));
        }
    }
}

/// Says whether nothing is there, as opposed to something that hides.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn check_all(files: &[PathBuf], validation: &mut Validation, view: &dyn HostView) {
    for file in files {
        validation.files += 1;
        validation.found.extend(check(file, view));
    }
}

fn check(file: &Path, view: &dyn HostView) -> Diagnostics {
    let source = match manifest::source(file, view.read(file, SOURCE_MAX).map(|read| read.bytes)) {
        Ok(source) => source,
        Err(problem) => return problem.into(),
    };
    match manifest::parse(&source) {
        Ok(manifest) => manifest.warnings,
        Err(found) => found,
    }
}

/// Returns the manifests that a path names: a file is one, a directory that
/// holds one is a group, any other directory is a root.
fn manifests_of(path: &Path, view: &dyn HostView) -> Result<Vec<PathBuf>, String> {
    let shown = shell_word(path);
    let stat = view
        .stat(path)
        .map_err(|error| format!("{shown} cannot be checked: {}", reason(&error)))?;
    if stat.kind != FileKind::Directory {
        return Ok(vec![path.to_owned()]);
    }
    let own = path.join(FILE_NAME);
    if is_there(&own, view) {
        return Ok(vec![own]);
    }
    let files = in_root(path, view)
        .map_err(|error| format!("{shown} cannot be checked: {}", reason(&error)))?;
    if files.is_empty() {
        return Err(format!(
            "{shown} holds no {FILE_NAME}, and none of its directories does"
        ));
    }
    Ok(files)
}

/// Returns the manifests one level below a root. One that may be there and
/// cannot be looked at counts: reading it will say why.
fn in_root(root: &Path, view: &dyn HostView) -> io::Result<Vec<PathBuf>> {
    let entries = view.list(root)?.into_iter();
    let files = entries.map(|entry| root.join(entry).join(FILE_NAME));
    Ok(files.filter(|file| is_there(file, view)).collect())
}

fn is_there(file: &Path, view: &dyn HostView) -> bool {
    match view.lstat(file) {
        Ok(_) => true,
        Err(error) => !is_absent(&error),
    }
}
