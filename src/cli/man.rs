//! `qli man`: pages for man(1), from the same commands and topics as the help.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap_mangen::Man;

use super::context::Context;
use super::help;
use crate::diagnostics::Code;
use crate::dispatch::Exit;
use crate::host::{Host, reason};
use crate::names::{shell_path, visible};
use crate::report::{Message, Style, TOPICS, manual, wrapped};

/// Prints a page, or writes all of them.
pub(super) fn exec(cx: &mut Context<'_>, out: Option<&Path>, command: &[OsString]) -> Exit {
    // Formatted text is wrapped by man(1); this is the width of literal text.
    let style = Style {
        color: false,
        width: 72,
        ..cx.stdout()
    };
    let mut pages = Vec::new();
    let mut tree = help::tree().disable_help_subcommand(true);
    tree.build();
    add_pages("qli", &tree, &mut pages);
    if let Some(directory) = out {
        return write_all(&pages, directory, &style, cx);
    }
    let words: Vec<_> = command.iter().map(visible).collect();
    let name = [&["qli".to_owned()], &words[..]].concat().join("-");
    if let Some((name, command)) = pages.iter().find(|(page, _)| *page == name) {
        return cx.put(&page(name, command, &style));
    }
    let what = format!("no command `{}`", words.join(" "));
    cx.fail(&Message::error(what).step("list commands", "qli help"))
}

/// A command with the name of its page.
type Page<'a> = (String, &'a clap::Command);

/// Adds the page of a command, then those of its subcommands.
fn add_pages<'a>(name: &str, command: &'a clap::Command, pages: &mut Vec<Page<'a>>) {
    pages.push((name.to_owned(), command));
    for below in command.get_subcommands() {
        // A command with subcommands has another `help`, which clap adds.
        if below.get_name() != "help" || name == "qli" {
            add_pages(&format!("{name}-{}", below.get_name()), below, pages);
        }
    }
}

fn write_all(pages: &[Page<'_>], directory: &Path, style: &Style, cx: &mut Context<'_>) -> Exit {
    for (name, command) in pages {
        let path = directory.join(format!("{name}.1"));
        let text = page(name, command, style);
        if let Err(error) = cx.host.put(&path, text.as_bytes(), 0o644) {
            let what = format!("cannot write {}: {}", shell_path(&path), reason(&error));
            let message = Message::error(what);
            return cx.fail(&message.step("write elsewhere", "qli man --out <DIR>"));
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
        if command.has_subcommands() {
            man.render_subcommands_section(out)?;
        }
        Ok(())
    }));
    // The first page is the whole manual.
    let topics = if name == "qli" { TOPICS } else { &[] };
    for topic in topics {
        let title = topic.name.replace('-', " ").to_uppercase();
        let text = match topic.name {
            "diagnostics" => codes(style),
            _ => manual(topic.text, style),
        };
        out.push_str(&verbatim(&title, &text));
    }
    out
}

/// The codes with their titles only: with their pages the manual would be twice as long.
fn codes(style: &Style) -> String {
    let found = Code::ALL.iter().filter(|code| !code.is_refusal());
    let lines = found.map(|code| format!("{}  {}\n", code.number(), code.title()));
    let lines: String = lines.collect();
    format!("{}\n\n{lines}", wrapped(CODES, style.width).join("\n"))
}

const CODES: &str = "Problems with a manifest, a name or a file. `qli help QLI0102` explains one \
    code, `qli help diagnostics` all of them.";

/// When the text of the pages last changed.
const DATE: &str = "2026-11-30";

/// Renders a part, with the line breaks and lengths that `mandoc -Tlint` accepts.
fn rendered(part: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> String {
    let mut roff = Vec::new();
    // Writing to a vector never fails.
    drop(part(&mut roff));
    let roff = String::from_utf8_lossy(&roff).replace(".br\n\n.br\n", ".sp\n");
    let mut out = String::new();
    let mut before = "";
    for line in roff.lines() {
        // The line after `.TP` is a tag, and is not wrapped.
        let is_text = !line.starts_with(['.', '\'']) && before != ".TP";
        let width = if is_text { 79 } else { usize::MAX };
        out.push_str(&wrapped(line.trim_end(), width).join("\n"));
        out.push('\n');
        before = line;
    }
    out
}

/// A section of literal text.
fn verbatim(title: &str, text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        let escape = if line.starts_with(['.', '\'']) {
            "\\&"
        } else {
            ""
        };
        format!("{escape}{line}\n")
    });
    format!(".SH \"{title}\"\n.nf\n{}.fi\n", lines.collect::<String>())
}
