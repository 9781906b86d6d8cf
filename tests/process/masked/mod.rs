//! Real programs whose output is masked: on a terminal, and in pipes.

mod endless;
mod interactive;
mod killed;
mod mixed;
mod pipes;
mod programs;
mod servers;
mod sudo;

use crate::pty::Terminal;
use crate::support::write_program;
use crate::world::World;

/// As long as what replaces it, so that a screen has the same layout.
pub(crate) const VALUE: &str = "0pen-s3same-42";
pub(crate) const MASKED: &str = "[secret:TOKEN]";

/// An extension `it` in sh that gets a secret, with this mask.
pub(crate) fn world(mask: &str, script: &str) -> World {
    let secret = "[[secrets]]\nenv = \"TOKEN\"\nref = \"SEED\"\nprovider = \"env\"\n";
    let world = World::new(&format!("mask = \"{mask}\"\n{secret}"));
    world.script("it", script)
}

/// `$QLI it` with these redirections, as the leader of a terminal's session.
pub(crate) fn start(world: &World, line: &str) -> Terminal {
    let mut sh = world.sh(&format!("stty rows 24 cols 80; {line}"));
    sh.env("SEED", VALUE).env("TERM", "xterm");
    Terminal::start(sh)
}

/// Keys to press, and what the screen then shows without a mask.
pub(crate) type Steps<'a> = &'a [(&'a str, &'a str)];

/// Runs a line on a terminal, and returns all that it prints.
fn screen(world: &World, line: &str, steps: Steps<'_>) -> String {
    let is_masked = std::fs::read_to_string(world.path("root/g/_manifest.toml"));
    let is_masked = is_masked.unwrap().contains("mask = \"terminal\"");
    let mut terminal = start(world, line);
    for (keys, shown) in steps {
        terminal.press(keys);
        let shown = shown.to_string();
        terminal.wait_for(&if is_masked {
            shown.replace(VALUE, MASKED)
        } else {
            shown
        });
    }
    assert_eq!(terminal.end().code(), Some(0));
    String::from_utf8_lossy(terminal.printed()).into_owned()
}

/// The same keys with a mask and without show the same text, but for the value.
pub(crate) fn assert_same_screen(prepare: impl Fn(&World), script: &str, steps: Steps<'_>) {
    assert_same_screen_of("exec $QLI it", prepare, script, steps);
}

/// The same for a line that starts it.
pub(crate) fn assert_same_screen_of(
    line: &str,
    prepare: impl Fn(&World),
    script: &str,
    steps: Steps<'_>,
) {
    let [unmasked, masked] = ["off", "terminal"].map(|mask| {
        let world = world(mask, script);
        prepare(&world);
        let directory = world.path("").display().to_string();
        screen(&world, line, steps).replace(&directory, "DIRECTORY/")
    });
    assert!(unmasked.contains(VALUE), "{unmasked}");
    assert!(!masked.contains(VALUE), "{masked}");
    assert_eq!(unmasked.replace(VALUE, MASKED), masked);
}

/// The path of a program; a test needs it, and `tests/run` installs it.
pub(crate) fn installed(program: &str, places: &[&str]) -> String {
    let found = places.iter().find_map(|place| {
        let mut all = glob(place).into_iter();
        all.find(|directory| std::path::Path::new(directory).join(program).exists())
    });
    let directory = found.unwrap_or_else(|| panic!("{program} is not installed; run: tests/run"));
    format!("{directory}/{program}")
}

/// The directories that `place` names: its last but one part may be `*`.
fn glob(place: &str) -> Vec<String> {
    let Some((before, after)) = place.split_once("/*/") else {
        return vec![place.to_owned()];
    };
    let entries = std::fs::read_dir(before).into_iter().flatten().flatten();
    entries
        .map(|entry| format!("{}/{after}", entry.path().display()))
        .collect()
}

/// Writes a file of the script's.
pub(crate) fn put(world: &World, name: &str, text: &str) {
    write_program(&world.path(name), text, 0o600);
}
