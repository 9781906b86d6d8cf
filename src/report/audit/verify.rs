//! `qli audit verify`.

use unicode_width::UnicodeWidthStr as _;

use super::super::Style;
use super::super::style::{column_width, put, wrapped};
use super::fitted;
use crate::audit::{Checkpoint, to_seconds};
use crate::history::{AnchorCounts, Problem, Verified, VerifiedChain, VerifiedInput};
use crate::names::{plural, visible};

/// What a chain by itself cannot show.
pub const LIMITS: &str = "a chain by itself does not show that its end was cut off or that the \
    whole log was rewritten: keep what `qli audit head` prints elsewhere, and pass it with \
    `--anchor`";

/// Prints a problem and its location on one line; a narrower terminal wraps it.
pub fn problem(problem: &Problem, style: &Style) -> String {
    let location = match (&problem.location, &problem.anchor) {
        (Some(location), _) => format!("{}:{}:1: ", style.path(&location.log), location.line),
        (None, Some(Checkpoint { log: Some(log), .. })) => {
            format!("{}: ", style.path(log.as_ref()))
        }
        (None, _) => String::new(),
    };
    fitted(0, &format!("{location}{}", problem.message), style)
}

/// Renders the end: a line for each file, the verdict, and what was not shown.
pub fn verdict(verified: &Verified, anchored: bool, style: &Style) -> String {
    let mut out = String::new();
    let inputs = &verified.inputs;
    let names: Vec<_> = inputs.iter().map(|input| name(input, style)).collect();
    let width = column_width(names.iter().map(String::as_str));
    let all_ok = inputs.iter().all(|input| input.problems == 0);
    let ok = if all_ok { "ok" } else { "ok " };
    for (input, name) in inputs.iter().zip(&names) {
        let records = plural(input.records, "record");
        let fill = " ".repeat(width.saturating_sub(name.width()));
        let line = match input.problems {
            0 => format!(
                "{}  {name}{fill}  {records}, chain intact",
                style.strong(ok)
            ),
            problems => {
                let problems = plural(problems, "problem");
                format!("{}  {name}{fill}  {records}, {problems}", style.bad("BAD"))
            }
        };
        put!(out, "{line}\n");
    }
    let several = verified.chains.len() > 1;
    for chain in verified
        .chains
        .iter()
        .filter(|chain| several || chain.first > 0)
    {
        out.push_str(&fitted(0, &self::chain(chain, style), style));
    }
    if verified.repeated > 0 {
        let records = plural(verified.repeated, "record");
        put!(out, "{records} delivered twice, unchanged\n");
    }
    let records: u64 = inputs.iter().map(|input| input.records).sum();
    let files = plural(inputs.len(), "file");
    let all = format!("{} in {files}", plural(records, "record"));
    let verdict = match verified.problems {
        0 => "nothing changed, removed or inserted".to_owned(),
        problems => style.bad(&plural(problems, "problem")),
    };
    put!(out, "{all}: {verdict}\n");
    out.push_str(&not_read(verified));
    if anchored {
        out.push_str(&anchors(verified.anchors));
    } else {
        let limits = "truncation or a full rewrite is detected only with an anchor: \
            qli help audit";
        put!(out, "{}\n", wrapped(limits, style.width).join("\n"));
    }
    out
}

fn not_read(verified: &Verified) -> String {
    let counts = [
        (verified.unread, "log"),
        (verified.compressed.len(), "compressed file"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, what)| plural(count, what)).collect();
    if counts.is_empty() {
        return String::new();
    }
    format!("not read: {}\n", counts.join(", "))
}

fn name(input: &VerifiedInput, style: &Style) -> String {
    if &*input.log == std::path::Path::new("-") {
        return "standard input".to_owned();
    }
    style.path(&input.log)
}

/// Where a chain starts and ends.
fn chain(chain: &VerifiedChain, style: &Style) -> String {
    let head = &chain.head;
    let (first, last) = (chain.first, head.seq);
    let until = to_seconds(&head.timestamp);
    let (id, host) = (visible(&head.chain), visible(&head.host));
    let line = format!("chain {id} of {host}: seq {first} to {last}, until {until}");
    if first == 0 {
        return line;
    }
    let start = &chain.first_location;
    let log = style.path(&start.log);
    format!(
        "{line}; earlier records are not in these logs, starts here: {log}:{}:1",
        start.line
    )
}

fn anchors(counts: AnchorCounts) -> String {
    let mut out = format!("{} matched\n", plural(counts.met, "anchor"));
    for (count, which) in [
        (
            counts.before,
            "for records before the first one in these logs",
        ),
        (counts.elsewhere, "for other logs"),
    ] {
        if count > 0 {
            put!(out, "{} {which}\n", plural(count, "anchor"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::problem::LineLocation;
    use crate::host::Stream;
    use crate::host::fake::World;
    use crate::names::Sha256;
    use crate::report::Color;

    fn style(terminal: bool) -> Style {
        let world = World::bare().var("COLUMNS", "80");
        Style {
            terminal,
            ..Style::of(Stream::Stdout, Color::Never, &world)
        }
    }

    fn location() -> LineLocation {
        LineLocation {
            log: std::path::Path::new("/var/log/qli/prod.log").into(),
            line: 5,
            offset: 0,
        }
    }

    #[test]
    fn a_problem_begins_with_its_location_and_fits_a_terminal() {
        let problem = Problem {
            fault: "changed",
            message: "seq 4 of run 019ab002-0000-7000-8000-00000090aa41 was changed: its hash \
                must be e3b0c44298fc…, but is ca978112ca1b…"
                .to_owned(),
            location: Some(location()),
            record: None,
            expected: None,
            found: None,
            anchor: None,
        };
        let one = super::problem(&problem, &style(false));
        assert!(
            one.starts_with("/var/log/qli/prod.log:5:1: seq 4 of run"),
            "{one}"
        );
        assert_eq!(one.lines().count(), 1);
        let broken = super::problem(&problem, &style(true));
        assert!(broken.lines().all(|line| line.width() <= 80), "{broken}");
        assert_eq!(broken.replace("\n  ", " "), one);
    }

    #[test]
    fn a_chain_that_starts_late_says_where_and_fits_a_terminal() {
        let chain = VerifiedChain {
            first: 5,
            first_location: location(),
            records: 4,
            head: Checkpoint {
                host: "db-1.prod.example".to_owned(),
                chain: "019a8f00-0000-7000-8000-000000000001".to_owned(),
                seq: 8,
                hash: Sha256::of(b""),
                timestamp: "2026-11-23T09:50:00.000000009Z".to_owned(),
                run_id: None,
                log: None,
            },
        };
        let verified = Verified {
            chains: vec![chain],
            ..Verified::default()
        };
        let text = verdict(&verified, true, &style(true));
        let expected =
            "chain 019a8f00-0000-7000-8000-000000000001 of db-1.prod.example: seq 5 to 8,
  until 2026-11-23 09:50:00; earlier records are not in these logs, starts here:
  /var/log/qli/prod.log:5:1
";
        assert!(text.starts_with(expected), "{text}");
    }
}
