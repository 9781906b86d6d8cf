//! The user's directories by the XDG Base Directory Specification.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::HostView;
use crate::names::{Unset, shell_word};

/// A directory of the XDG Base Directory Specification that has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XdgDir {
    Data,
    State,
    Cache,
    Config,
}

impl XdgDir {
    const ALL: [Self; 4] = [Self::Data, Self::State, Self::Cache, Self::Config];

    /// Its variable, and its default below the home directory.
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Data => ("XDG_DATA_HOME", ".local/share"),
            Self::State => ("XDG_STATE_HOME", ".local/state"),
            Self::Cache => ("XDG_CACHE_HOME", ".cache"),
            Self::Config => ("XDG_CONFIG_HOME", ".config"),
        }
    }
}

/// Returns one of the user's directories. The specification says to ignore a relative
/// value of its variable.
///
/// # Errors
///
/// `HOME`, if it is needed and has no usable value.
pub fn xdg_dir(directory: XdgDir, view: &dyn HostView) -> Result<PathBuf, Unset> {
    let (variable, default) = directory.row();
    match view.var(variable) {
        Some(set) if Path::new(&set).is_absolute() => Ok(set.into()),
        _ => Ok(home(view)?.join(default)),
    }
}

/// What a relative home means would depend on the working directory.
fn home(view: &dyn HostView) -> Result<PathBuf, Unset> {
    let home = PathBuf::from(set("HOME", view)?);
    if home.is_relative() {
        return Err(Unset("HOME".to_owned()));
    }
    Ok(home)
}

/// Says why a variable has no usable value.
pub fn unset_reason(unset: &Unset, view: &dyn HostView) -> String {
    match set(&unset.0, view) {
        Ok(value) => format!("`{}` is relative: {}", unset.0, shell_word(value)),
        Err(_) => format!("`{}` is not set", unset.0),
    }
}

fn set(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    view.var(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Unset(name.to_owned()))
}

/// Looks up a variable of a path template. XDG variables fall back to their defaults;
/// `QLI_USER` and `QLI_HOST` come from the kernel, so that setting them cannot select
/// another log.
///
/// # Errors
///
/// The variable, if it is unset or empty.
pub fn lookup(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    if let Some(directory) = XdgDir::ALL.into_iter().find(|dir| dir.row().0 == name) {
        return xdg_dir(directory, view).map(Into::into);
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

#[cfg(test)]
mod tests {
    use super::super::fake::World;
    use super::*;

    #[test]
    fn xdg_directories_fall_back_to_home_and_ignore_relative_values() {
        let world = World::new().var("HOME", "/h");
        assert_eq!(
            xdg_dir(XdgDir::State, &world),
            Ok(PathBuf::from("/h/.local/state"))
        );
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
        assert_eq!(xdg_dir(XdgDir::Data, &relative), Err(Unset("HOME".into())));
        let world = World::bare();
        assert_eq!(xdg_dir(XdgDir::Cache, &world), Err(Unset("HOME".into())));
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
