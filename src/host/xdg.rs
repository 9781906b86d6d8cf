//! The user's directories by the XDG Base Directory Specification.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::HostView;
use crate::names::{Unset, shell_word};

/// A directory of the XDG Base Directory Specification that has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XdgDir {
    /// `$XDG_DATA_HOME`, else `~/.local/share`.
    Data,
    /// `$XDG_STATE_HOME`, else `~/.local/state`.
    State,
    /// `$XDG_CACHE_HOME`, else `~/.cache`.
    Cache,
    /// `$XDG_CONFIG_HOME`, else `~/.config`.
    Config,
}

impl XdgDir {
    const ALL: [Self; 4] = [Self::Data, Self::State, Self::Cache, Self::Config];

    fn variable(self) -> &'static str {
        match self {
            Self::Data => "XDG_DATA_HOME",
            Self::State => "XDG_STATE_HOME",
            Self::Cache => "XDG_CACHE_HOME",
            Self::Config => "XDG_CONFIG_HOME",
        }
    }

    fn below_home(self) -> &'static str {
        match self {
            Self::Data => ".local/share",
            Self::State => ".local/state",
            Self::Cache => ".cache",
            Self::Config => ".config",
        }
    }
}

/// Returns one of the user's directories. A relative value of its variable is
/// ignored, as the specification asks.
///
/// # Errors
///
/// `HOME` when it would be needed and has no value.
pub fn xdg_dir(directory: XdgDir, view: &dyn HostView) -> Result<PathBuf, Unset> {
    match view.var(directory.variable()) {
        Some(set) if Path::new(&set).is_absolute() => Ok(set.into()),
        _ => Ok(home(view)?.join(directory.below_home())),
    }
}

/// A relative home would be another directory wherever qli is started from.
fn home(view: &dyn HostView) -> Result<PathBuf, Unset> {
    let home = PathBuf::from(set("HOME", view)?);
    if home.is_relative() {
        return Err(Unset("HOME".to_owned()));
    }
    Ok(home)
}

/// Says of a variable why it has no value to use.
pub fn lacks(unset: &Unset, view: &dyn HostView) -> String {
    let set = view.var(&unset.0).filter(|value| !value.is_empty());
    match set {
        Some(value) => format!("`{}` is relative: {}", unset.0, shell_word(value)),
        None => format!("`{}` is not set", unset.0),
    }
}

fn set(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    view.var(name)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| Unset(name.to_owned()))
}

/// Looks a variable of a path template up: XDG variables fall back to their
/// defaults; `QLI_USER` and `QLI_HOST` come from the kernel, so that nobody
/// can choose another log by setting them.
///
/// # Errors
///
/// The variable, when it is unset or empty.
pub fn lookup(name: &str, view: &dyn HostView) -> Result<OsString, Unset> {
    if let Some(directory) = XdgDir::ALL.into_iter().find(|dir| dir.variable() == name) {
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
