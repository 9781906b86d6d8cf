//! A hundred changes to a real log: each is reported in its line.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::world::World;
use crate::support::{hex, output};

/// Pseudo-random numbers, the same each time (splitmix64).
struct Chance(u64);

/// Returns a number below a limit.
fn below(chance: &mut Chance, limit: usize) -> usize {
    chance.0 = chance.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (chance.0 ^ (chance.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
}

/// Changes a log, and returns the line, from 1, that must be reported.
fn mutate(lines: &mut Vec<String>, kind: usize, chance: &mut Chance) -> usize {
    let at = below(chance, lines.len());
    match kind {
        // One byte differs.
        0 => {
            let mut bytes = lines[at].clone().into_bytes();
            let byte = below(chance, bytes.len());
            bytes[byte] = if bytes[byte] == b'x' { b'y' } else { b'x' };
            lines[at] = String::from_utf8(bytes).unwrap();
            at + 1
        }
        // A record differs, and its hash is right.
        1 => {
            let at = at.min(lines.len() - 2);
            let text = lines[at].replacen("\"uid\":", "\"uid\":1", 1);
            let (hashed, _) = text.rsplit_once(",\"hash\"").unwrap();
            lines[at] = format!("{hashed},\"hash\":\"{}\"}}", hex(&Sha256::digest(hashed)));
            // The next record no longer follows it.
            at + 2
        }
        // Lines are missing.
        2 => {
            let count = 1 + below(chance, 3.min(lines.len() - at));
            lines.drain(at..at + count);
            at + 1
        }
        // Two lines are swapped.
        3 => {
            let other = (at + 1 + below(chance, lines.len() - 1)) % lines.len();
            lines.swap(at, other);
            at.min(other) + 1
        }
        // A line is copied.
        4 => {
            let to = below(chance, lines.len());
            lines.insert(to, lines[at].clone());
            // Next to each other, either may be the copy.
            if to.abs_diff(at) < 2 { at + 2 } else { to + 1 }
        }
        // A foreign line is inserted.
        _ => {
            let foreign = ["", "hello", "{}", "{\"event\":\"start\"}"][below(chance, 4)];
            lines.insert(at, foreign.to_owned());
            at + 1
        }
    }
}

fn named_lines(document: &Value) -> Vec<u64> {
    let problems = document["problems"].as_array().unwrap();
    problems
        .iter()
        .filter_map(|one| one["line"].as_u64())
        .collect()
}

#[test]
fn a_hundred_changes_are_found() {
    let world = World::new();
    world.run(20);
    let whole = world.text();
    let head = output(&mut world.qli(["-q", "audit", "head"]));
    std::fs::write(world.path("anchor"), head.stdout).unwrap();
    world.assert_whole(&["--anchor", "anchor"]);
    let mut chance = Chance(7);
    for number in 0..102 {
        let mut lines: Vec<_> = whole.lines().map(str::to_owned).collect();
        let (count, kind) = (lines.len(), number % 6);
        let line = mutate(&mut lines, kind, &mut chance);
        std::fs::write(world.log(), lines.join("\n") + "\n").unwrap();
        let (code, document) = world.audit(&["verify", "--anchor", "anchor"]);
        let named = named_lines(&document);
        if line > lines.len() {
            // Only the anchor shows that the end was cut off.
            assert_eq!(
                document["problems"][0]["fault"], "cut-tail",
                "{number}: {document:#}"
            );
        } else if kind == 2 && line == 1 {
            // A log that begins with a later record was rotated.
            assert_eq!(document["chains"][0]["first_seq"], count - lines.len());
            continue;
        } else {
            assert!(
                named.contains(&(line as u64)),
                "{number}, line {line}: {document:#}"
            );
        }
        assert_eq!(code, Some(1), "{number}");
        assert!(
            named.len() <= 3,
            "{number} is reported too often: {document:#}"
        );
    }
}

#[test]
fn the_next_run_repairs_a_log_whose_last_record_is_torn() {
    let world = World::new();
    world.run(2);
    let whole = world.text();
    let last = whole.trim_end().rfind('\n').unwrap() + 1;
    for cut in (last + 1..whole.len()).step_by(41).chain([whole.len() - 1]) {
        std::fs::write(world.log(), whole.get(..cut).unwrap()).unwrap();
        let (code, document) = world.audit(&["verify"]);
        assert_eq!((code, named_lines(&document)), (Some(1), vec![4]), "{cut}");
        world.run(1);
        world.assert_whole(&[]);
        let recovered = world.text().contains("\"event\":\"recovered\"");
        assert_eq!(recovered, cut < whole.len() - 1, "{cut}");
    }
}
