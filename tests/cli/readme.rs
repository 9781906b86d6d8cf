//! The README's examples and pictures show what qli prints today. `QLI_BLESS=1`
//! rewrites them.

use std::path::Path;
use std::process::{Command, Stdio};

use anstyle_svg::{Palette, Term};

use crate::support::{assert_current, output};
use crate::transcripts::{Sandbox, project};

/// The exit codes of the commands that do not succeed.
const EXITS: [(&str, i32); 3] = [
    ("qli explain ops hello", 125),
    ("qli prod hello", 125),
    ("qli validate cmd-tests/groups/typo", 1),
];

/// Runs a command line of the README and returns what a terminal would show.
fn shown(sandbox: &Sandbox, line: &str, color: bool) -> String {
    // A new session has no terminal for a prompt (setsid(1)).
    let mut sh = Command::new("/usr/bin/setsid");
    sh.args(["--wait", "/bin/sh", "-c", &format!("{{ {line}\n}} 2>&1")])
        .env_clear()
        .envs(sandbox.variables())
        .current_dir(sandbox.path())
        .stdin(Stdio::null());
    if color {
        sh.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
    }
    let ended = output(&mut sh);
    let text = String::from_utf8(ended.stdout).unwrap();
    let exit = EXITS.iter().find(|(command, _)| *command == line);
    let code = exit.map_or(0, |(_, code)| *code);
    assert_eq!(ended.status.code(), Some(code), "{line}: {text}");
    text.trim_end().to_owned()
}

/// Runs the commands of a block again, and returns the block as it should be.
fn replayed(sandbox: &Sandbox, block: &str) -> String {
    let commands = block.lines().filter_map(|line| line.strip_prefix("$ "));
    let parts = commands.map(|line| format!("$ {line}\n{}\n", shown(sandbox, line, false)));
    parts.collect::<Vec<_>>().join("\n")
}

/// Drops the digest of a plan, which depends on the machine.
fn without_plan(text: &str) -> Vec<&str> {
    let lines = text.lines();
    lines.filter(|line| !line.starts_with("  plan  ")).collect()
}

#[test]
fn the_readme_shows_what_its_commands_print() {
    const BEGIN: &str = "```console\n";
    let sandbox = Sandbox::new();
    let file = project().join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let mut fresh = String::new();
    let mut blocks = readme.split(BEGIN);
    fresh.push_str(blocks.next().unwrap());
    for part in blocks {
        let (block, rest) = part.split_once("```").unwrap();
        let now = replayed(&sandbox, block);
        let same = without_plan(block) == without_plan(&now);
        fresh.extend([BEGIN, if same { block } else { &now }, "```", rest]);
    }
    assert!(fresh.matches(BEGIN).count() > 1);
    assert_current(&file, &fresh, "cli readme");
}

/// Runs the commands of that section in order.
#[test]
fn the_commands_of_the_first_group_work() {
    let sandbox = Sandbox::new();
    let readme = std::fs::read_to_string(project().join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Your first group\n").unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    assert_eq!(block.lines().count(), 4);
    for line in block.lines() {
        shown(&sandbox, line, false);
    }
}

/// The commands of the picture.
const SCENE: [&str; 2] = ["qli prod hello", "QLI_ENV=prod qli --yes prod hello"];

type Rgb = (u8, u8, u8);

/// GitHub's own colours of a terminal: eight, then the brighter eight.
const LIGHT: [Rgb; 16] = [
    (36, 41, 47),
    (207, 34, 46),
    (17, 99, 41),
    (133, 94, 0),
    (9, 105, 218),
    (130, 80, 223),
    (27, 124, 131),
    (110, 119, 129),
    (87, 96, 106),
    (164, 14, 38),
    (26, 127, 55),
    (99, 60, 1),
    (33, 139, 255),
    (164, 117, 249),
    (49, 146, 170),
    (140, 149, 159),
];
const DARK: [Rgb; 16] = [
    (72, 79, 88),
    (255, 123, 114),
    (63, 185, 80),
    (210, 153, 34),
    (88, 166, 255),
    (188, 140, 255),
    (57, 197, 207),
    (177, 186, 196),
    (110, 118, 129),
    (255, 161, 152),
    (86, 211, 100),
    (227, 179, 65),
    (121, 192, 255),
    (210, 168, 255),
    (86, 212, 221),
    (255, 255, 255),
];

fn terminal(palette: [Rgb; 16], text: Rgb, background: Rgb) -> Term {
    let color = |(red, green, blue)| anstyle::RgbColor(red, green, blue);
    Term::new()
        .palette(Palette(palette.map(color)))
        .fg_color(color(text).into())
        .bg_color(color(background).into())
}

#[test]
fn the_pictures_show_what_a_terminal_shows() {
    let sandbox = Sandbox::new();
    let parts = SCENE.map(|line| {
        format!(
            "\u{1b}[1m$ {line}\u{1b}[0m\n{}",
            shown(&sandbox, line, true)
        )
    });
    let screen = parts.join("\n\n");
    for (name, terminal) in [
        ("light", terminal(LIGHT, (31, 35, 40), (246, 248, 250))),
        ("dark", terminal(DARK, (230, 237, 243), (13, 17, 23))),
    ] {
        let file = format!("docs/terminal-{name}.svg");
        let picture = terminal.render_svg(&screen);
        assert_current(&project().join(Path::new(&file)), &picture, "cli readme");
    }
}
