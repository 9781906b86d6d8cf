//! The chains of files and of streams.

use super::*;

#[test]
fn a_chain_continues_from_file_to_file() {
    let lines = log("h", 4);
    let (old, new) = (lines[..3].concat(), lines[3..].concat());
    assert_eq!(
        check(InputKind::Log, Vec::new(), &[&old, &new]).problems(),
        []
    );
    let alone = check(InputKind::Log, Vec::new(), &[&new]);
    assert_eq!(
        (alone.problems(), alone.verified.chains[0].first),
        (vec![], 3)
    );
    let gap = check(InputKind::Log, Vec::new(), &[&old, &lines[4..].concat()]);
    assert_eq!(gap.problems(), [(1, "missing-before")]);
}

#[test]
fn a_stream_may_mix_chains_and_repeat_records() {
    let (one, two) = (log("a", 4), log("b", 4));
    let mixed: Vec<_> = one
        .iter()
        .zip(&two)
        .flat_map(|(a, b)| [a.clone(), b.clone()])
        .collect();
    let twice = format!("{}{}", mixed[..6].concat(), mixed[3..].concat());
    let found = check(InputKind::Stream, Vec::new(), &[&twice]);
    assert_eq!((found.problems(), found.verified.repeated), (vec![], 3));
    assert_eq!(found.verified.chains.len(), 2);
    let mut lacking = mixed;
    lacking.remove(4);
    let found = check(InputKind::Stream, Vec::new(), &[&lacking.concat()]);
    assert_eq!(found.problems(), [(6, "missing-before")]);
}

#[test]
fn a_machine_that_was_renamed_keeps_its_chain() {
    let mut link = Link {
        chain: Some("chain-of-h".to_owned()),
        ..Link::FIRST
    };
    let mut text = String::new();
    // And again, back to its old name.
    for (host, event) in [
        ("h", "start"),
        ("new", "finish"),
        ("new", "start"),
        ("h", "finish"),
        ("new", "start"),
    ] {
        let json = record(host, event, 1, "").replace("chain-of-new", "chain-of-h");
        let (sealed, next) = link.seal(&json);
        text += &sealed;
        link = next;
    }
    let found = check(InputKind::Log, Vec::new(), &[&text]);
    assert_eq!(found.problems(), []);
    let [chain] = found.verified.chains.as_slice() else {
        panic!("not one chain")
    };
    assert_eq!((chain.records, chain.head.host.as_str()), (5, "new"));
    let found = check(InputKind::Stream, Vec::new(), &[&text]);
    assert_eq!(found.problems(), []);
    assert_eq!(found.verified.chains.len(), 1);
}

#[test]
fn a_log_has_one_chain_and_a_stream_may_have_many() {
    let (own, other) = (log("h", 4), log("x", 2));
    let whole = |at: usize| [&own[..at], &other[..], &own[at..]].concat();
    for at in 1..own.len() {
        let inserted = whole(at);
        assert_eq!(of(&inserted), [(at as u64 + 1, "foreign-chain")], "{at}");
        let stream = check(InputKind::Stream, Vec::new(), &[&inserted.concat()]);
        assert_eq!(stream.problems(), []);
    }
    assert_eq!(of(&whole(8)), [(9, "foreign-chain")]);
    // Before the log's own records, it is they that are foreign.
    assert_eq!(of(&whole(0)), [(5, "foreign-chain")]);
    // Each place is reported.
    let twice = [&own[..2], &other[..1], &own[2..5], &other[1..], &own[5..]].concat();
    assert_eq!(of(&twice), [(3, "foreign-chain"), (7, "foreign-chain")]);
    // The records of a log that is read too are as foreign in this one.
    let found = check(
        InputKind::Log,
        Vec::new(),
        &[&other.concat(), &whole(3).concat()],
    );
    assert_eq!(found.problems(), [(4, "foreign-chain")]);
    assert_eq!(found.verified.chains.len(), 2);
    // Two logs are two chains.
    let found = check(
        InputKind::Log,
        Vec::new(),
        &[&own.concat(), &other.concat()],
    );
    assert_eq!(found.problems(), []);
}

#[test]
fn a_fork_is_found_whatever_host_it_claims() {
    let lines = log("h", 4);
    for host in ["h", "x"] {
        for at in [1, 4, 8] {
            let link = link_after(&lines[..at]);
            let record = record(host, "start", 99, "").replace("chain-of-x", "chain-of-h");
            let (first, next) = link.seal(&record);
            let (second, _) = next.seal(&record.replace("start", "finish"));
            for forged in [vec![first.clone()], vec![first.clone(), second.clone()]] {
                let count = forged.len() as u64;
                let forked = [&lines[..at], &forged, &lines[at..]].concat();
                let problems = of(&forked);
                if at == lines.len() {
                    assert_eq!(problems, [], "a chain does not show that it was continued");
                } else if count == 1 {
                    assert_eq!(problems, [(at as u64 + 2, "forked")], "{host} {at}");
                } else {
                    assert_eq!(problems, [(at as u64 + 3, "out-of-place")], "{host} {at}");
                }
            }
        }
    }
}

/// qli continues after the last record that is intact.
#[test]
fn damaged_last_lines_are_reported_and_what_follows_them_is_not() {
    for damage in [
        |line: &str| line.replace("host", "hosT"),
        |line: &str| line.replace("\"h\"", "\"x\""),
        |line: &str| line.replace("{\"event", "{event"),
        |line: &str| line.replace("2026", &"2".repeat(70_000)),
    ] {
        let mut lines = log("h", 4);
        let link = link_after(&lines[..6]);
        lines[6] = damage(&lines[6]);
        lines[7] = damage(&lines[7]);
        let (next, _) = link.seal(&record("h", "start", 9, ""));
        lines.push(next);
        let problems = of(&lines);
        let lines: Vec<_> = problems.iter().map(|problem| problem.0).collect();
        assert_eq!(lines, [7, 8], "{problems:?}");
    }
}

#[test]
fn a_torn_line_of_any_length_is_recognised_by_its_hash() {
    let lines = log("h", 1);
    for length in [1, 70_000, 3 << 20] {
        let torn = "x".repeat(length);
        let more = format!(
            ",\"torn_bytes\":{length},\"torn_hash\":\"{}\"",
            Sha256::of(torn.as_bytes())
        );
        let (recovered, _) = link_after(&lines).seal(&record("h", "recovered", 9, &more));
        let whole = format!("{}{torn}\n{recovered}", lines.concat());
        let found = check(InputKind::Log, Vec::new(), &[&whole]);
        assert_eq!((found.problems(), found.verified.lines), (vec![], 4));
        let cut = format!("{}{torn}", lines.concat());
        let found = check(InputKind::Log, Vec::new(), &[&cut]);
        assert_eq!(found.problems(), [(3, "torn")]);
        assert_eq!(found.verified.bytes, cut.len() as u64);
    }
}
