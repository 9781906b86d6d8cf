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

fn assembled(lines: &[String]) -> Vec<Run> {
    let mut all = Vec::new();
    let mut runs = Runs::default();
    for line in lines {
        runs.add_line(InputKind::Log, line.as_bytes());
        all.extend(runs.ready());
    }
    all.extend(runs.finish());
    all
}

fn ids(runs: &[Run]) -> Vec<&str> {
    runs.iter().map(|run| run.run_id.as_str()).collect()
}

#[test]
fn runs_are_returned_in_start_order() {
    let of = |event: &str, run: &str| line(event, run, "");
    let lines = [
        of("start", "1"),
        of("start", "2"),
        of("finish", "2"),
        of("finish", "1"),
    ];
    assert_eq!(ids(&assembled(&lines)), ["1", "2"]);
    let lines = [
        of("finish", "0"),
        of("start", "1"),
        of("start", "2"),
        of("finish", "2"),
    ];
    let runs = assembled(&lines);
    assert_eq!(ids(&runs), ["0", "1", "2"]);
    assert!(runs[0].started.is_none() && runs[1].end.is_none());
}

#[test]
fn a_long_run_is_returned_when_it_ends_and_delays_a_limited_number_of_others() {
    let mut lines = vec![line("start", "long", "")];
    for number in 0..2 * WINDOW {
        let run = format!("{number}");
        lines.extend([line("start", &run, ""), line("finish", &run, "")]);
    }
    lines.push(line("finish", "long", ""));
    let runs = assembled(&lines);
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
fn arguments_are_shown_as_typed_in_a_shell() {
    let hash = Sha256::of(b"");
    let args = format!(
        r#","args":["a b",{{"b64":"Yf8="}},{{"head":"x","len":9,"sha256":"{hash}"}},{{"sha256":"{hash}","len":4}}]"#
    );
    let runs = assembled(&[line("start", "1", &args)]);
    assert_eq!(
        runs[0].command(),
        "g e 'a b' $'a\\xff' x\u{2026}(9 bytes) (4 bytes)"
    );
    let args = format!(r#","args":{{"count":7,"sha256":"{hash}"}}"#);
    let runs = assembled(&[line("start", "1", &args)]);
    assert_eq!(runs[0].command(), "g e (7 arguments)");
    let later = assembled(&[line("start", "1", r#","args":{"some":"later form"}"#)]);
    assert_eq!(later[0].command(), "g e");
}

#[test]
fn a_run_without_an_end_is_running_only_while_its_process_is() {
    let world = World::new();
    let boot = world.process().boot_id.unwrap();
    let fate_of = |line: &String| {
        let run = assembled(std::slice::from_ref(line)).remove(0);
        run.settled(&world).fate.unwrap()
    };
    let fate = |pid: u32, start: u64, boot: &str| {
        let more = format!(",\"pid\":{pid},\"process_start\":{start},\"boot_id\":\"{boot}\"");
        fate_of(&line("start", "1", &more))
    };
    assert_eq!(fate(100, 5000, &boot), Fate::Running);
    assert_eq!(fate(100, 5001, &boot), Fate::Abandoned);
    assert_eq!(fate(101, 5000, &boot), Fate::Abandoned);
    assert_eq!(fate(100, 5000, "earlier"), Fate::Abandoned);
    let none = line("start", "1", "");
    assert_eq!(fate_of(&none), Fate::UnknownFromHere);
    let other = none.replace("testhost", "other");
    assert_eq!(fate_of(&other), Fate::UnknownFromHere);
}
