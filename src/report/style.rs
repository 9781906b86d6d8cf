//! Colour, width and line characters of a stream, decided once.

use std::path::Path;

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use crate::host::{HostView, Stream, stream};
use crate::names::{visible, visible_path};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless the environment says otherwise.
    #[default]
    Auto,
    /// In files and pipes too.
    Always,
    /// Not even on a terminal.
    Never,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns, from 40 to 200.
    pub width: usize,
    /// Whether frames use Unicode.
    pub unicode: bool,
    /// If not, columns are separated by tabs and lines are not wrapped.
    pub terminal: bool,
    /// The home directory, shown as `~`.
    pub home: Option<String>,
}

impl Style {
    /// Colour follows `--color`, then `NO_COLOR`, then `CLICOLOR_FORCE`, then
    /// `CLICOLOR=0`, then whether it is a terminal that is not `dumb`
    /// (no-color.org, bixense.com/clicolors). The width is that of `COLUMNS`,
    /// then of the terminal, then 80.
    pub fn of(to: Stream, color: Color, view: &dyn HostView) -> Self {
        let facts = stream(to);
        let columns = text(view, "COLUMNS").and_then(|text| text.parse().ok());
        let columns = columns.filter(|&columns| columns > 0).or(facts.columns);
        Self {
            color: wants_color(color, facts.terminal, view),
            width: columns.unwrap_or(80).clamp(40, 200),
            unicode: is_utf8(view),
            terminal: facts.terminal,
            home: text(view, "HOME").filter(|home| home.len() > 1),
        }
    }

    /// Shortens a path below the home directory.
    pub fn path(&self, path: &Path) -> String {
        let home = self.home.as_deref();
        match home.and_then(|home| path.strip_prefix(home).ok()) {
            Some(below) => format!("~/{}", visible(below)),
            None => visible_path(path),
        }
    }

    /// Shortens the paths below the home directory in a sentence or a command. A quoted
    /// one stays: a shell does not expand `~` there.
    pub fn shortened(&self, text: &str) -> String {
        let Some(home) = &self.home else {
            return text.to_owned();
        };
        let words = text.split(' ').map(|word| {
            let below = word.strip_prefix(home.as_str());
            match below.and_then(|below| below.strip_prefix('/')) {
                Some(below) => format!("~/{below}"),
                None => word.to_owned(),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    }

    pub fn bad(&self, text: &str) -> String {
        self.painted(text, AnsiColor::Red.on_default().bold())
    }

    pub fn strong(&self, text: &str) -> String {
        self.painted(text, Ansi::new().bold())
    }

    pub(super) fn painted(&self, text: &str, ansi: Ansi) -> String {
        if !self.color {
            return text.to_owned();
        }
        format!("{ansi}{text}{ansi:#}")
    }
}

fn wants_color(color: Color, terminal: bool, view: &dyn HostView) -> bool {
    let set = |name: &str| text(view, name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto if set("CLICOLOR").is_some_and(|value| value == "0") => false,
        Color::Auto => terminal && set("TERM").is_some_and(|term| term != "dumb"),
    }
}

/// Whether the locale's codeset is UTF-8, by the order of locale(7).
fn is_utf8(view: &dyn HostView) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| text(view, name).filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

fn text(view: &dyn HostView, name: &str) -> Option<String> {
    view.var(name)
        .map(|value| value.to_string_lossy().into_owned())
}

/// Wraps a text at spaces. A word that is longer than the width is not broken, so that
/// it can be copied.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let fits = line.width() + 1 + word.width() <= width;
        if !line.is_empty() && !fits {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Wraps a text after a prefix, and indents the other lines by the prefix's width.
pub(super) fn hanging(prefix: &str, text: &str, width: usize) -> String {
    let indent = prefix.width();
    let lines = wrapped(text, width.saturating_sub(indent));
    let text = lines.join(&format!("\n{:indent$}", ""));
    format!("{}\n", format!("{prefix}{text}").trim_end())
}

/// Appends formatted text to a string, which never fails.
macro_rules! put {
    ($out:expr, $($text:tt)*) => {{
        use std::fmt::Write as _;
        let _ = write!($out, $($text)*);
    }};
}
pub(super) use put;

/// A column of a table: as wide as its widest cell.
pub(super) fn column_width<'a>(cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(UnicodeWidthStr::width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fake::World;

    #[test]
    fn the_first_rule_that_applies_decides_colour() {
        let world = || World::bare().var("TERM", "xterm");
        let auto = |world: World, terminal| wants_color(Color::Auto, terminal, &world);
        assert!(auto(world(), true) && !auto(world(), false));
        assert!(!auto(
            world().var("NO_COLOR", "1").var("CLICOLOR_FORCE", "1"),
            true
        ));
        assert!(auto(world().var("NO_COLOR", ""), true));
        assert!(auto(world().var("CLICOLOR_FORCE", "1"), false));
        assert!(!auto(world().var("CLICOLOR_FORCE", "0"), false));
        assert!(!auto(world().var("CLICOLOR", "0"), true));
        assert!(!auto(world().var("TERM", "dumb"), true));
        assert!(!auto(World::bare(), true));
        assert!(wants_color(
            Color::Always,
            false,
            &world().var("NO_COLOR", "1")
        ));
        assert!(!wants_color(Color::Never, true, &world()));
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides_unicode() {
        assert!(is_utf8(&World::bare().var("LANG", "C.UTF-8")));
        assert!(!is_utf8(
            &World::bare().var("LANG", "C.UTF-8").var("LC_ALL", "C")
        ));
        assert!(!is_utf8(&World::bare()));
    }

    #[test]
    fn paths_below_home_are_shortened_where_a_shell_expands_them() {
        let style = Style {
            home: Some("/home/ops".to_owned()),
            ..Style::of(Stream::Stdout, Color::Never, &World::bare())
        };
        assert_eq!(style.shortened("rm /home/ops/a b"), "rm ~/a b");
        for kept in ["rm '/home/ops/a b'", "ls /home/opsy/a", "ls /home/ops"] {
            assert_eq!(style.shortened(kept), kept);
        }
    }

    #[test]
    fn text_is_wrapped_at_spaces_and_words_stay_whole() {
        assert_eq!(wrapped("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrapped("a longerword b", 4), ["a", "longerword", "b"]);
        assert_eq!(wrapped("", 4), [""]);
        assert_eq!(
            wrapped("\u{672c}\u{756a} \u{672c}", 6),
            ["\u{672c}\u{756a}", "\u{672c}"]
        );
    }
}
