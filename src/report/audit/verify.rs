//! `qli audit verify`.

use unicode_width::UnicodeWidthStr as _;

use super::super::style::put;
use super::super::{AnchorCounts, Style};
use super::{fitted, seconds, short};
use crate::audit::Checkpoint;
use crate::history::{Fault, NotARecord, Problem, Verified, VerifiedChain};
use crate::names::{plural, visible};

/// What a chain alone does not show.
pub const LIMITS: &str = "a chain alone does not show that its end was cut off, or that the \
    whole log was written anew: keep what `qli audit head` prints elsewhere, and give it with \
    `--anchor`";

/// Writes a problem, where it is and what it is, on one line; a terminal that is
/// narrower breaks it.
pub fn problem(problem: &Problem, style: &Style) -> String {
    let location = match (&problem.location, problem.fault.anchor()) {
        (Some(location), _) => format!("{}:{}: ", style.path(&location.log), location.line),
        (None, Some(Checkpoint { log: Some(log), .. })) => {
            format!("{}: ", style.path(log.as_ref()))
        }
        (None, _) => String::new(),
    };
    fitted(0, &format!("{location}{}", message(problem)), style)
}

/// Says what a problem is. Lines count from 1 and the `seq` of records from 0,
/// so a record is named by that word.
pub(in crate::report) fn message(problem: &Problem) -> String {
    let record = problem.record.as_ref();
    let run = record.and_then(|record| record.run_id.as_deref());
    let run = run.map_or(String::new(), |run| format!(" of run {}", visible(run)));
    let seq = record.map_or(0, |record| record.seq);
    match &problem.fault {
        Fault::Empty => "the line is empty".to_owned(),
        Fault::NotARecord(why) => not_a_record(*why).to_owned(),
        Fault::Torn(bytes) => {
            format!(
                "the last line is cut off after {}",
                plural_u64(*bytes, "byte")
            )
        }
        Fault::Unended => {
            format!("seq {seq}{run} is whole, but its line end is missing")
        }
        Fault::Changed { expected, found } => format!(
            "seq {seq}{run} was changed: its hash must be {}\u{2026}, it is {}\u{2026}",
            short(*expected),
            short(*found)
        ),
        Fault::Ahead { expected, found } => {
            let missing = match found - expected {
                1 => format!("seq {expected} is missing"),
                _ => format!("seq {expected} to {} are missing", found - 1),
            };
            format!("{missing} here: this is seq {found}{run}")
        }
        Fault::Behind { expected, found } => format!(
            "seq {expected} must stand here, it is seq {found}{run}, for a second time or \
             out of its location"
        ),
        Fault::Detached { expected, found } => format!(
            "seq {seq}{run} must follow the hash {}\u{2026} of the record before, it follows \
             {}\u{2026}: the one before was changed and hashed anew, or this one",
            short(*expected),
            short(*found)
        ),
        Fault::SecondStart => format!("seq {seq}{run} is a second start of its run"),
        Fault::EndWithoutStart => format!("seq {seq}{run} is an end without a start"),
        Fault::TornLineGone => {
            format!("seq {seq} tells of a torn line above it, another one stands there")
        }
        Fault::Rewritten(head) => anchored_and(head, None),
        Fault::CutTail(head, last) => anchored_and(head, Some(*last)),
        Fault::ChainGone(head) => format!(
            "chain {} of {}, anchored at {}, is not there",
            visible(&head.chain),
            visible(&head.host),
            seconds(&head.timestamp)
        ),
    }
}

/// A record that was anchored is another one, or is not there: the chain ends
/// with this number.
fn anchored_and(head: &Checkpoint, last: Option<u64>) -> String {
    let (seq, time) = (head.seq, seconds(&head.timestamp));
    match last {
        None => format!(
            "seq {seq} must have the hash {}\u{2026}, which was anchored at {time}: the log was \
             written anew",
            short(head.hash)
        ),
        Some(last) => format!(
            "seq {seq}, anchored at {time}, is not there: chain {} of {} ends with seq {last}",
            visible(&head.chain),
            visible(&head.host)
        ),
    }
}

fn not_a_record(why: NotARecord) -> &'static str {
    match why {
        NotARecord::NoJson => "the line must be a record, it is no JSON",
        NotARecord::NoRecord => "the line must be a record, it lacks what every record has",
        NotARecord::NoEnding => "the line must end in `prev`, `seq` and `hash` as qli writes them",
        NotARecord::TooLong => "the line must be a record, it is longer than any",
    }
}

/// Draws the end: the verdict, each chain, and what was not shown.
pub fn verdict(
    verified: &Verified,
    logs: usize,
    anchors: Option<AnchorCounts>,
    style: &Style,
) -> String {
    let mut out = String::new();
    let lines = plural_u64(verified.lines, "line");
    let logs = plural(logs, "log");
    if verified.problems == 0 {
        let good = style.strong("good");
        put(&mut out, format_args!("{good}: {lines} in {logs}\n"));
    } else {
        let problems = style.bad(&plural_u64(verified.problems, "problem"));
        put(&mut out, format_args!("{problems} in {lines} of {logs}\n"));
    }
    for chain in &verified.chains {
        out.push_str(&self::chain(chain, style));
    }
    if verified.repeated > 0 {
        let times = plural_u64(verified.repeated, "record");
        put(&mut out, format_args!("  {times} came twice, unchanged\n"));
    }
    match anchors {
        None => put(
            &mut out,
            format_args!(
                "{}\n",
                super::super::style::wrapped(LIMITS, style.width).join("\n")
            ),
        ),
        Some(counts) => out.push_str(&anchored(counts)),
    }
    out
}

fn chain(chain: &VerifiedChain, style: &Style) -> String {
    let head = &chain.head;
    let name = format!("  chain {}  {}", visible(&head.chain), visible(&head.host));
    let until = seconds(&head.timestamp);
    let part = format!("seq {} to {}, until {until}", chain.first, head.seq);
    let is_wide = name.width() + 2 + part.width() > style.width;
    let between = if style.terminal && is_wide {
        "\n    "
    } else {
        "  "
    };
    let mut out = format!("{name}{between}{part}\n");
    if chain.first > 0 {
        let location = &chain.first_place;
        let (log, line) = (style.path(&location.log), location.line);
        let starts = format!("starts here: {log}:{line}, what came before was not given");
        out.push_str(&fitted(4, &starts, style));
    }
    out
}

fn anchored(counts: AnchorCounts) -> String {
    let AnchorCounts {
        met,
        before,
        elsewhere,
    } = counts;
    let mut out = format!("  {} met\n", plural_u64(met, "anchor"));
    if before > 0 {
        let before = plural_u64(before, "anchor");
        put(
            &mut out,
            format_args!("  {before} of records before the first one given\n"),
        );
    }
    if elsewhere > 0 {
        let elsewhere = plural_u64(elsewhere, "anchor");
        put(&mut out, format_args!("  {elsewhere} of logs not given\n"));
    }
    out
}

fn plural_u64(count: u64, what: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), what)
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::history::problem::{LineLocation, RecordName};
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
    fn a_problem_names_line_and_seq_and_fits_a_terminal() {
        let problem = Problem {
            location: Some(location()),
            record: Some(RecordName {
                host: "h".to_owned(),
                chain: "c".to_owned(),
                seq: 4,
                run_id: Some("019ab002-0000-7000-8000-00000090aa41".to_owned()),
            }),
            fault: Fault::Changed {
                expected: Sha256::of(b""),
                found: Sha256::of(b"a"),
            },
        };
        let one = super::problem(&problem, &style(false));
        assert!(
            one.starts_with("/var/log/qli/prod.log:5: seq 4 of run"),
            "{one}"
        );
        assert_eq!(one.lines().count(), 1);
        let broken = super::problem(&problem, &style(true));
        assert!(broken.lines().all(|line| line.width() <= 80), "{broken}");
        assert_eq!(broken.replace("\n  ", " "), one);
    }

    #[test]
    fn a_chain_fits_a_terminal() {
        let chain = VerifiedChain {
            first: 5,
            first_place: location(),
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
        let text = super::chain(&chain, &style(true));
        let drawn = "  chain 019a8f00-0000-7000-8000-000000000001  db-1.prod.example
    seq 5 to 8, until 2026-11-23 09:50:00
    starts here: /var/log/qli/prod.log:5, what came before was not given
";
        assert_eq!(text, drawn);
        let text = super::chain(&chain, &style(false));
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
