use unicode_width::UnicodeWidthChar as _;

use super::*;
use crate::audit::{EventName, RecordedArg, RecordedArgs};
use crate::host::fake::World;
use crate::host::{Signal, Stream};
use crate::report::Color;

fn style() -> Style {
    Style {
        terminal: true,
        ..Style::of(
            Stream::Stdout,
            Color::Never,
            &World::bare().var("COLUMNS", "80"),
        )
    }
}

fn run() -> Run {
    Run {
        run_id: "019aabcd-0000-7000-8000-00000c1d2e9f".to_owned(),
        host: "db-1".to_owned(),
        group: "db-prod".to_owned(),
        extension: "restore".to_owned(),
        user: Some("ops1".to_owned()),
        started: Some("2026-11-23T09:41:07.000000001Z".to_owned()),
        args: Some(RecordedArgs::List(
            ["--from", "2026-11-22", "\u{1b}[31m\u{202e}"]
                .map(|arg| RecordedArg::Whole(arg.into()))
                .to_vec(),
        )),
        end: Some(EventName::Finish),
        exit_code: Some(0),
        duration_ms: Some(252_000),
        ..Run::default()
    }
}

fn table(runs: Vec<Run>, style: &Style) -> String {
    let world = World::new();
    let mut table = RunTable::new(style);
    let runs = runs.into_iter().map(|run| run.settled(&world));
    let rows: String = runs.map(|run| table.add(&run)).collect();
    rows + &table.end()
}

#[test]
fn a_table_fits_any_width_and_prints_no_control_characters() {
    let hostile = Run {
        user: Some("\u{1b}]0;x\u{7}\u{202e}".to_owned()),
        end: Some(EventName::Refused),
        exit_code: Some(125),
        step: Some("requires_env".to_owned()),
        reason: Some("\u{1b}[2J\u{2066}".repeat(30)),
        ..run()
    };
    let unknown = Run { end: None, ..run() };
    for width in [40, 60, 72, 80, 120, 200] {
        let style = Style { width, ..style() };
        let out = table(vec![run(), hostile.clone(), unknown.clone()], &style);
        for line in out.lines() {
            assert!(line.width() <= width, "{width}: {line}");
            assert!(!line.chars().any(crate::names::is_hidden), "{line}");
        }
    }
    let out = table(vec![run(), hostile, unknown], &style());
    let first = "\
2026-11-23 (UTC)
START     RUN     WHO@HOST     WHAT                  CONFIRM    END         TOOK
09:41:07  1d2e9f  ops1@db-1    db-prod restore --f\u{2026}  -          0          4m12s
";
    assert!(out.starts_with(first), "{out}");
    assert!(
        out.contains("3 runs: 1 ok, 1 refused, 1 unknown\n"),
        "{out}"
    );
}

#[test]
fn durations_have_six_columns_at_most() {
    for (millis, text) in [
        (0, "0ms"),
        (999, "999ms"),
        (48_000, "48s"),
        (252_000, "4m12s"),
        (3_720_000, "1h02m"),
        (359_999_000, "99h59m"),
        (360_000_000, "4d04h"),
        (8_639_999_000, "99d23h"),
        (8_640_000_000, "100d"),
    ] {
        assert_eq!(took(millis), text);
    }
}

#[test]
fn no_value_moves_the_columns_after_it() {
    let finished = |exit_code, signal: Option<String>| Run {
        exit_code: Some(exit_code),
        signal,
        ..run()
    };
    let signals = (1..=64).map(|number| Signal::new(number).name());
    let mut runs: Vec<_> = signals.map(|name| finished(128, Some(name))).collect();
    runs.extend((0..=255).map(|code| finished(code, None)));
    runs.push(finished(i32::MIN, None));
    runs.push(finished(
        1,
        Some("SIG\u{672c}\u{756a}FROMELSEWHERE".to_owned()),
    ));
    runs.push(Run { end: None, ..run() });
    runs.push(Run {
        end: Some(EventName::Refused),
        ..run()
    });
    let confirms = [
        "tty",
        "typed",
        "yes-flag",
        "confirm-flag",
        "by-a-later-version",
    ];
    runs.extend(confirms.map(|confirm| Run {
        confirm: Some(confirm.to_owned()),
        ..run()
    }));
    runs.extend(
        [0, 999, 359_999_000, 8_639_999_000, u64::MAX].map(|millis| Run {
            duration_ms: Some(millis),
            ..run()
        }),
    );
    let count = runs.len();
    let out = table(runs, &style());
    let lines: Vec<_> = out.lines().collect();
    let at = |head: &str| lines[1].find(head).unwrap();
    let gaps = [at("RUN"), at("WHO"), at("WHAT"), at("CONFIRM"), at("END")];
    let rows = lines.iter().filter(|line| line.starts_with("09:41:07"));
    assert_eq!(rows.clone().count(), count);
    for row in rows {
        let columns: Vec<_> = row
            .chars()
            .flat_map(|c| vec![c; c.width().unwrap()])
            .collect();
        for gap in gaps {
            assert_eq!(columns[gap - 2..gap], [' ', ' '], "{row}");
            assert_ne!(columns[gap], ' ', "{row}");
        }
        let end: String = columns[gaps[4] + END..].iter().collect();
        assert!(end.starts_with("  "), "{row}");
        assert!(columns.len() == 80, "{row}");
    }
    // Nothing that qli records is cut.
    let last = Signal::new(64).name().replace("SIG", "  ");
    for value in ["--confirm  ", &last, " 99h59m\n", " 99d23h\n"] {
        assert!(out.contains(value), "{value}: {out}");
    }
}

#[test]
fn a_run_that_timed_out_counts_as_stopped() {
    let polite = Run {
        timed_out: true,
        ..run()
    };
    let out = table(vec![polite], &style());
    assert!(out.contains("  timed out, TERM from qli\n"), "{out}");
    assert!(out.contains("1 run: 1 stopped\n"), "{out}");
}
