use super::*;
use crate::history::Fate;
use crate::host::HostView as _;
use crate::host::fake::World;

fn line(event: &str, run: &str, more: &str) -> String {
    format!(
        "{{\"event\":\"{event}\",\"timestamp\":\"t\",\"host\":\"testhost\",\"chain\":\"c\",\"run_id\":\"{run}\",\
         \"group\":\"g\",\"extension\":\"e\",\"hash\":\"h\"{more}}}"
    )
}

fn told(lines: &[String]) -> Vec<Run> {
    let mut all = Vec::new();
    let mut tell = |run| all.push(run);
    let mut runs = Runs::default();
    for line in lines {
        runs.take(line.as_bytes(), &mut tell);
    }
    runs.end(&mut tell);
    all
}

fn ids(runs: &[Run]) -> Vec<&str> {
    runs.iter().map(|run| run.run_id.as_str()).collect()
}

#[test]
fn runs_are_told_in_the_order_of_their_starts() {
    let of = |event: &str, run: &str| line(event, run, "");
    let lines = [
        of("start", "1"),
        of("start", "2"),
        of("finish", "2"),
        of("finish", "1"),
    ];
    assert_eq!(ids(&told(&lines)), ["1", "2"]);
    let lines = [
        of("finish", "0"),
        of("start", "1"),
        of("start", "2"),
        of("finish", "2"),
    ];
    let runs = told(&lines);
    assert_eq!(ids(&runs), ["0", "1", "2"]);
    assert!(runs[0].started.is_none() && runs[1].end.is_none());
}

#[test]
fn a_long_run_is_told_when_it_ends_and_keeps_nobody_waiting_for_ever() {
    let mut lines = vec![line("start", "long", "")];
    for number in 0..2 * WINDOW {
        let run = format!("{number}");
        lines.extend([line("start", &run, ""), line("finish", &run, "")]);
    }
    lines.push(line("finish", "long", ""));
    let runs = told(&lines);
    assert_eq!(runs.len(), 2 * WINDOW + 1);
    assert_eq!(
        (
            runs[0].run_id.as_str(),
            runs.last().unwrap().run_id.as_str()
        ),
        ("0", "long")
    );
}

#[test]
fn arguments_are_written_as_one_would_type_them() {
    let args = r#","args":["a b",{"b64":"Yf8="},{"head":"x","len":9,"sha256":"s"},{"sha256":"s","len":4}]"#;
    let runs = told(&[line("start", "1", args)]);
    assert_eq!(
        runs[0].command(),
        "g e 'a b' $'a\\xff' x\u{2026}(9 bytes) (4 bytes)"
    );
    let runs = told(&[line("start", "1", r#","args":{"count":7,"sha256":"s"}"#)]);
    assert_eq!(runs[0].command(), "g e (7 arguments)");
}

#[test]
fn a_run_without_an_end_is_running_only_while_its_very_process_is() {
    let world = World::new();
    let boot = world.boot_id().unwrap();
    let fate = |pid: u32, start: u64, boot: &str| {
        let more = format!(",\"pid\":{pid},\"process_start\":{start},\"boot_id\":\"{boot}\"");
        told(&[line("start", "1", &more)]).remove(0).fate(&world)
    };
    assert_eq!(fate(100, 5000, &boot), Fate::Running);
    assert_eq!(fate(100, 5001, &boot), Fate::Abandoned);
    assert_eq!(fate(101, 5000, &boot), Fate::Abandoned);
    assert_eq!(fate(100, 5000, "earlier"), Fate::Abandoned);
    let none = told(&[line("start", "1", "")]).remove(0);
    assert_eq!(none.fate(&world), Fate::UnknownFromHere);
    let other = line("start", "1", "").replace("testhost", "other");
    assert_eq!(told(&[other]).remove(0).fate(&world), Fate::UnknownFromHere);
}
