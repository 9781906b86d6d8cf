//! Paths as text, and the variables in them. No file is looked up.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::HostView;
use crate::names::{Unset, shell_word};

/// Directories of the XDG Base Directory Specification, and their defaults below the
/// home directory.
const XDG: [(&str, &str); 4] = [
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_STATE_HOME", ".local/state"),
    ("XDG_CACHE_HOME", ".cache"),
    ("XDG_CONFIG_HOME", ".config"),
];

/// Looks up a variable of a path. XDG variables fall back to their defaults; `QLI_USER`
/// and `QLI_HOST` come from the kernel, so that setting them cannot select another log.
///
/// # Errors
///
/// The variable that is unset or empty; `HOME` if a default needs it.
pub fn lookup(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    if let Some((_, default)) = XDG.iter().find(|(variable, _)| *variable == name) {
        return match view.var(name) {
            Some(set) if Path::new(&set).is_absolute() => Ok(set),
            // The specification says to ignore a relative value.
            _ => Ok(home(view)?.join(default).into()),
        };
    }
    match name {
        "QLI_USER" => {
            let who = view.identity();
            Ok(who.user.unwrap_or_else(|| who.uid.to_string()).into())
        }
        "QLI_HOST" => Ok(view.identity().host.into()),
        other => set(other, view),
    }
}

/// A relative home is useless: it would depend on the working directory.
fn home(view: &dyn HostView) -> Result<PathBuf, Unset> {
    let home = PathBuf::from(set("HOME", view)?);
    let absolute = home.is_absolute().then_some(home);
    absolute.ok_or_else(|| Unset("HOME".to_owned()))
}

fn set(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    view.var(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Unset(name.to_owned()))
}

/// Says why a variable has no usable value.
pub fn unset_reason(unset: &Unset, view: &dyn HostView) -> String {
    match set(&unset.0, view) {
        Ok(value) => format!("`{}` is relative: {}", unset.0, shell_word(value)),
        Err(_) => format!("`{}` is not set", unset.0),
    }
}

/// Removes `.` and `..` from a path, whatever its links lead to.
pub fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(normal.pop()),
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    normal
}

/// Returns the system's data directories; relative ones are ignored.
pub fn system_data(view: &dyn HostView) -> Vec<PathBuf> {
    let list = set("XDG_DATA_DIRS", view);
    let list = list.unwrap_or_else(|_| "/usr/local/share:/usr/share".into());
    let all = std::env::split_paths(&list);
    all.filter(|path| path.is_absolute()).collect()
}

/// Splits a list of paths at `:`, without empty entries.
pub fn path_list(list: &OsStr) -> impl Iterator<Item = PathBuf> {
    std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::fake::World;
    use super::*;

    #[test]
    fn xdg_directories_fall_back_to_home_and_ignore_relative_values() {
        let world = World::new().var("HOME", "/h");
        assert_eq!(lookup("XDG_CACHE_HOME", &world), Ok("/h/.cache".into()));
        let world = world.var("XDG_STATE_HOME", "rel");
        assert_eq!(
            lookup("XDG_STATE_HOME", &world),
            Ok("/h/.local/state".into())
        );
        let world = world.var("XDG_STATE_HOME", "/s");
        assert_eq!(lookup("XDG_STATE_HOME", &world), Ok("/s".into()));
    }

    #[test]
    fn without_a_home_the_missing_variable_is_home() {
        let relative = World::bare().var("HOME", "rel");
        assert_eq!(
            lookup("XDG_DATA_HOME", &relative),
            Err(Unset("HOME".into()))
        );
        let world = World::bare();
        assert_eq!(lookup("XDG_CACHE_HOME", &world), Err(Unset("HOME".into())));
        assert_eq!(
            lookup("EMPTY", &world.var("EMPTY", "")),
            Err(Unset("EMPTY".into()))
        );
    }

    #[test]
    fn user_and_host_come_from_the_kernel() {
        let world = World::new().var("QLI_USER", "evil");
        assert_eq!(lookup("QLI_USER", &world), Ok("ops".into()));
        assert_eq!(lookup("QLI_HOST", &world), Ok("testhost".into()));
    }
}
