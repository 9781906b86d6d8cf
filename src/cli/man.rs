//! `qli man`: pages for man(1), from the same tree and topics as the help.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use clap_mangen::Man;

use super::args::ManArgs;
use super::context::Context;
use super::help;
use crate::diagnostics::Code;
use crate::dispatch::Exit;
use crate::host::{Host, reason};
use crate::names::{shell_word, visible};
use crate::report::{Message, Style, TOPICS, manual, wrapped};

/// Prints a page, or writes all of them.
pub(super) fn exec(cx: &mut Context<'_>, args: &ManArgs) -> Exit {
    // man(1) lays a page out; only literal text has a width here.
    let style = Style {
        color: false,
        width: 72,
        ..cx.stdout()
    };
    if let Some(directory) = &args.out {
        return write_all(directory, &style, cx);
    }
    let Some((name, command)) = named(&args.command) else {
        let wanted: Vec<_> = args.command.iter().map(visible).collect();
        let wanted = wanted.join(" ");
        return cx.fail(
            &Message::error(format!("no command `{wanted}`")).step("list commands", "qli help"),
        );
    };
    cx.put(&page(&name, &command, &style))
}

/// Finds a command with the name of its page.
fn named(words: &[OsString]) -> Option<(String, clap::Command)> {
    let mut found = built();
    let mut name = "qli".to_owned();
    for word in words {
        found = found.find_subcommand(word)?.clone();
        let _ = write!(name, "-{}", found.get_name());
    }
    Some((name, found))
}

fn built() -> clap::Command {
    let mut tree = help::tree().disable_help_subcommand(true);
    tree.build();
    tree
}

/// Every page with its name, each followed by those of its subcommands.
fn all(name: &str, command: &clap::Command, pages: &mut Vec<(String, clap::Command)>) {
    pages.push((name.to_owned(), command.clone()));
    let below = command.get_subcommands();
    for below in below.filter(|below| below.get_name() != "help" || name == "qli") {
        all(&format!("{name}-{}", below.get_name()), below, pages);
    }
}

fn write_all(directory: &Path, style: &Style, cx: &mut Context<'_>) -> Exit {
    let mut pages = Vec::new();
    all("qli", &built(), &mut pages);
    for (name, command) in pages {
        let path = directory.join(format!("{name}.1"));
        let text = page(&name, &command, style);
        if let Err(error) = cx.host.put(&path, text.as_bytes(), 0o644) {
            let what = format!("cannot write {}: {}", shell_word(&path), reason(&error));
            let message = Message::error(what);
            return cx.fail(&message.step("in a directory of yours", "qli man --out <DIR>"));
        }
    }
    Exit::DONE
}

fn page(name: &str, command: &clap::Command, style: &Style) -> String {
    let text = command.get_before_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let (details, examples) = text.split_once("Examples:\n").unwrap_or_default();
    let about = command.get_about().map(ToString::to_string);
    let about = format!("{}.\n\n{details}", about.unwrap_or_default());
    let about = about.trim_end().to_owned();
    let is_whole = name == "qli";
    let has_commands = command.has_subcommands();
    let man = Man::new(command.clone().display_name(name).long_about(about))
        .title(name.to_uppercase())
        .date(DATE)
        .source(concat!("qli ", env!("CARGO_PKG_VERSION")))
        .manual("qli");
    let mut out = rendered(|out| {
        man.render_title(out)?;
        man.render_name_section(out)?;
        man.render_synopsis_section(out)?;
        man.render_description_section(out)
    });
    out.push_str(&verbatim("EXAMPLES", examples));
    out.push_str(&rendered(|out| {
        man.render_options_section(out)?;
        if has_commands {
            man.render_subcommands_section(out)?;
        }
        Ok(())
    }));
    if is_whole {
        for topic in TOPICS {
            let title = topic.name.replace('-', " ").to_uppercase();
            let text = match topic.name {
                "diagnostics" => codes(style),
                _ => manual(topic.text, style),
            };
            out.push_str(&verbatim(&title, &text));
        }
    }
    out
}

/// The codes with their titles; their pages would double the manual.
fn codes(style: &Style) -> String {
    let found = Code::ALL.iter().filter(|code| !code.is_refusal());
    let lines = found.map(|code| format!("{}  {}\n", code.number(), code.title()));
    let lines: String = lines.collect();
    format!("{}\n\n{lines}", wrapped(CODES, style.width).join("\n"))
}

const CODES: &str = "Problems with a manifest, a name or a file. `qli help QLI0102` explains one \
    code, `qli help diagnostics` all of them.";

/// When the text of the pages last changed.
const DATE: &str = "2026-11-24";

/// Renders a part, with lines that mandoc(1) does not complain about.
fn rendered(part: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut roff = Vec::new();
    // Writing to a vector never fails.
    drop(part(&mut roff));
    let roff = String::from_utf8_lossy(&roff).replace(".br\n\n.br\n", ".sp\n");
    let mut out = String::new();
    let mut before = "";
    for line in roff.lines() {
        // The line after `.TP` is a tag, and stays whole.
        let text = !line.starts_with(['.', '\'']) && before != ".TP";
        let lines = if text {
            wrapped(line.trim_end(), 79)
        } else {
            vec![line.trim_end().to_owned()]
        };
        for line in lines {
            // Writing to a string never fails.
            let _ = writeln!(out, "{line}");
        }
        before = line;
    }
    out
}

/// A section of literal text.
fn verbatim(title: &str, text: &str) -> String {
    let mut out = format!(".SH \"{title}\"\n.nf\n");
    for line in text.trim_end().lines() {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        let line = match line.chars().next() {
            Some('.' | '\'') => format!("\\&{line}"),
            _ => line,
        };
        // Writing to a string never fails.
        let _ = writeln!(out, "{line}");
    }
    out.push_str(".fi\n");
    out
}
