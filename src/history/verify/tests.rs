mod chains;

use super::super::{InputKind, Problem, Verified, Verifier, verify};
use crate::audit::Checkpoint;
use crate::audit::tail::Link;
use crate::names::Sha256;

/// A log of runs, each with its start and its end.
fn log(host: &str, runs: u64) -> Vec<String> {
    let mut link = Link {
        chain: Some(format!("chain-of-{host}")),
        ..Link::FIRST
    };
    let mut lines = Vec::new();
    for number in 0..2 * runs {
        let event = if number % 2 == 0 { "start" } else { "finish" };
        let (sealed, next) = link.seal(&record(host, event, number / 2, ""));
        lines.push(sealed);
        link = next;
    }
    lines
}

fn record(host: &str, event: &str, run: u64, more: &str) -> String {
    format!(
        "{{\"event\":\"{event}\",\"schema_version\":1,\"timestamp\":\"2026-11-24T10:00:00Z\",\
         \"host\":\"{host}\",\"chain\":\"chain-of-{host}\",\"run_id\":\"ffffffff-ffff-7000-8000-{run:012}\"{more}}}"
    )
}

struct Found {
    problems: Vec<Problem>,
    verified: Verified,
}

impl Found {
    /// The line and name of each problem; line 0 for what only an anchor knows.
    fn problems(&self) -> Vec<(u64, &'static str)> {
        let problems = self.problems.iter();
        problems
            .map(|one| (one.location.as_ref().map_or(0, |at| at.line), one.fault))
            .collect()
    }
}

fn check(kind: InputKind, anchors: Vec<Checkpoint>, logs: &[&str]) -> Found {
    let mut problems = Vec::new();
    let mut report = |problem| problems.push(problem);
    let mut verifier = Verifier::new(anchors, &mut report);
    for (number, log) in logs.iter().enumerate() {
        verifier.begin(format!("/l/log.{number}").as_ref(), kind);
        verify(log.as_bytes(), &mut verifier).unwrap();
    }
    let end = verifier.end();
    assert_eq!(end.problems, problems.len() as u64);
    Found {
        problems,
        verified: end,
    }
}

fn of(lines: &[String]) -> Vec<(u64, &'static str)> {
    check(InputKind::Log, Vec::new(), &[&lines.concat()]).problems()
}

#[test]
fn an_intact_log_has_no_problem_and_one_head() {
    let lines = log("h", 500);
    let found = check(InputKind::Log, Vec::new(), &[&lines.concat()]);
    assert_eq!(found.problems(), []);
    let [chain] = found.verified.chains.as_slice() else {
        panic!("not one chain")
    };
    assert_eq!((chain.first, chain.records, chain.head.seq), (0, 1000, 999));
}

#[test]
fn a_changed_line_is_reported_and_the_chain_continues_after_it() {
    for (old, new) in [
        ("finish", "finisH"),
        ("\"host\":\"h\"", "\"host\":\"x\""),
        ("\"schema", "schema"),
        ("Z", "Y"),
    ] {
        let mut lines = log("h", 5);
        lines[3] = lines[3].replace(old, new);
        let problems = of(&lines);
        assert_eq!(problems.len(), 1, "{new}: {problems:?}");
        assert_eq!(problems[0].0, 4, "{new}");
    }
}

#[test]
fn a_record_that_was_hashed_again_is_detached_from_the_next() {
    let mut lines = log("h", 5);
    let hashed = lines[3]
        .split(",\"hash\"")
        .next()
        .unwrap()
        .replace("finish", "finisH");
    lines[3] = format!(
        "{hashed},\"hash\":\"{}\"}}\n",
        Sha256::of(hashed.as_bytes())
    );
    assert_eq!(of(&lines), [(5, "detached")]);
}

#[test]
fn missing_moved_and_copied_records_are_reported_once() {
    let mut lines = log("h", 8);
    lines.drain(3..5);
    assert_eq!(of(&lines), [(4, "missing-before")]);

    let mut lines = log("h", 8);
    lines.swap(3, 9);
    assert_eq!(of(&lines), [(4, "missing-before"), (10, "out-of-place")]);

    let mut lines = log("h", 8);
    let again: Vec<_> = lines[2..6].to_vec();
    lines.splice(10..10, again);
    assert_eq!(of(&lines), [(11, "out-of-place")]);

    let mut lines = log("h", 8);
    let block: Vec<_> = lines.drain(2..6).collect();
    lines.splice(8..8, block);
    assert_eq!(of(&lines), [(3, "missing-before"), (9, "out-of-place")]);
}

#[test]
fn foreign_and_empty_lines_are_reported() {
    let mut lines = log("h", 3);
    lines.insert(2, "hello\n".to_owned());
    lines.insert(4, "\n".to_owned());
    assert_eq!(of(&lines), [(3, "not-a-record"), (5, "empty-line")]);
}

#[test]
fn a_torn_line_is_a_problem_unless_the_next_record_reports_it() {
    let mut lines = log("h", 3);
    let torn = lines.pop().unwrap();
    let torn = torn.get(..20).unwrap();
    assert_eq!(of(&[lines.concat(), torn.to_owned()]), [(6, "torn")]);

    let link = link_after(&lines);
    let more = format!(
        ",\"torn_bytes\":20,\"torn_hash\":\"{}\"",
        Sha256::of(torn.as_bytes())
    );
    let (recovered, _) = link.seal(&record("h", "recovered", 9, &more));
    let whole = format!("{}{torn}\n{recovered}", lines.concat());
    assert_eq!(check(InputKind::Log, Vec::new(), &[&whole]).problems(), []);
    let gone = format!("{}{recovered}", lines.concat());
    assert_eq!(
        check(InputKind::Log, Vec::new(), &[&gone]).problems(),
        [(6, "torn-line-gone")]
    );
    let changed = whole.replace(&format!("{torn}\n"), "hello\n");
    let problems = check(InputKind::Log, Vec::new(), &[&changed]).problems();
    assert_eq!(problems, [(6, "not-a-record"), (7, "torn-line-gone")]);
}

#[test]
fn a_last_record_without_its_line_end_is_recognised() {
    let lines = log("h", 2);
    assert_eq!(
        of(&[lines.concat().trim_end().to_owned()]),
        [(4, "no-line-end")]
    );
}

fn link_after(lines: &[String]) -> Link {
    let head = head_of(lines);
    Link {
        chain: Some(head.chain),
        prev: head.hash,
        seq: head.seq + 1,
    }
}

fn head_of(lines: &[String]) -> Checkpoint {
    let mut verified = check(InputKind::Log, Vec::new(), &[&lines.concat()]).verified;
    verified.chains.remove(0).head
}

#[test]
fn an_anchor_finds_a_cut_tail_a_rewritten_log_and_another_log() {
    let lines = log("h", 5);
    let anchor = head_of(&lines[..8]);
    let check = |lines: &[String]| check(InputKind::Log, vec![anchor.clone()], &[&lines.concat()]);
    let whole = check(&lines);
    assert_eq!((whole.problems(), whole.verified.anchors.met), (vec![], 1));
    assert_eq!(check(&lines[..6]).problems(), [(0, "cut-tail")]);
    assert_eq!(check(&log("x", 5)).problems(), [(0, "chain-gone")]);
    let later = check(&lines[9..]);
    assert_eq!(
        (later.problems(), later.verified.anchors.before),
        (vec![], 1)
    );

    let mut link = Link {
        chain: Some("chain-of-h".to_owned()),
        ..Link::FIRST
    };
    let rewritten: Vec<_> = (0..10)
        .map(|number| {
            let (sealed, next) = link.seal(&record("h", "other", number, ""));
            link = next;
            sealed
        })
        .collect();
    assert_eq!(of(&rewritten), []);
    assert_eq!(check(&rewritten).problems(), [(8, "rewritten")]);
}

#[test]
fn starts_and_ends_are_matched() {
    let mut link = Link {
        chain: Some("chain-of-h".to_owned()),
        ..Link::FIRST
    };
    let mut text = String::new();
    for (event, run) in [
        ("start", 1),
        ("start", 1),
        ("finish", 1),
        ("finish", 2),
        ("start", 3),
    ] {
        let (sealed, next) = link.seal(&record("h", event, run, ""));
        text += &sealed;
        link = next;
    }
    let problems = check(InputKind::Log, Vec::new(), &[&text]).problems();
    assert_eq!(problems, [(2, "second-start"), (4, "end-without-start")]);
}

#[test]
fn an_end_whose_start_was_gone_is_reported_unless_the_start_is_found() {
    let start = |link: &Link| link.seal(&record("h", "start", 1, ""));
    let (moved, _) = start(&link_after(&log("h", 2)));
    let first = Link {
        chain: Some("chain-of-x".to_owned()),
        ..Link::FIRST
    };
    let gone = record("x", "finish", 1, ",\"start_gone\":true");
    let (gone, _) = first.seal(&gone);
    assert_eq!(of(std::slice::from_ref(&gone)), [(1, "end-without-start")]);
    let found = check(InputKind::Log, Vec::new(), &[&moved, &gone]);
    assert_eq!(found.problems(), []);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_checked_and_every_line_is_reported(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 1..300)
    ) {
        let mut count = 0;
        let mut report = |_| count += 1;
        let mut verifier = Verifier::new(Vec::new(), &mut report);
        verifier.begin("l".as_ref(), InputKind::Log);
        verify(bytes.as_slice(), &mut verifier).unwrap();
        let verified = verifier.end();
        proptest::prop_assert_eq!(verified.bytes, bytes.len() as u64);
        proptest::prop_assert_eq!(verified.lines, count);
    }

    #[test]
    fn one_changed_byte_is_found_in_its_line(
        at in 0_usize..5000, by in 1_u8..=255
    ) {
        let text = log("h", 6).concat();
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] = bytes[at].wrapping_add(by);
        let before = text.get(..at).unwrap();
        let line = before.matches('\n').count() as u64 + 1;
        let mut problems: Vec<Problem> = Vec::new();
        let mut report = |problem| problems.push(problem);
        let mut verifier = Verifier::new(Vec::new(), &mut report);
        verifier.begin("l".as_ref(), InputKind::Log);
        verify(bytes.as_slice(), &mut verifier).unwrap();
        verifier.end();
        let named = problems.iter().any(|one| one.location.as_ref().is_some_and(|at| at.line == line));
        proptest::prop_assert!(named, "line {} of {:?}", line, problems);
        let noise = problems.iter().filter(|one| one.fault == "empty-line");
        proptest::prop_assert!(noise.count() <= 1);
    }
}
