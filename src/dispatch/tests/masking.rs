//! Runs whose output is masked.

use super::*;
use crate::guard::StartFailure;

fn world(fields: &str) -> World {
    let secret =
        |env: &str| format!("[[secrets]]\nenv = \"{env}\"\nref = \"{env}\"\nprovider = \"env\"\n");
    let log = format!("audit_log = \"{LOG}\"\n");
    World::new()
        .manifest("g", &(log + fields + &secret("LONG") + &secret("SHORT")))
        .var("LONG", "hunter2")
        .var("SHORT", "abc")
}

const MASKED: &str = "mask = \"pipes\"\n";

#[test]
fn all_secrets_are_masked_before_the_script_starts_and_the_short_ones_are_named() {
    let (world, outcome) = carry(world(MASKED));
    assert!(matches!(outcome.ended, Ended::Ran(_)) && outcome.unwritten.is_none());
    let acts = world.acts();
    let warning = "warning: not masked, because shorter than 4 bytes: `SHORT`\n";
    assert!(acts.contains(&Act::Shown(warning.to_owned())));
    let at = |wanted: &str| acts.iter().position(|act| act.name() == wanted).unwrap();
    assert!(at("Masked") < at("Spawned"));
    let names = ["LONG", "SHORT"].map(str::to_owned).to_vec();
    assert!(acts.contains(&Act::Masked(names)));
    assert_eq!(events(&world)[0]["mask"], "pipes");
}

#[test]
fn without_a_mask_nothing_is_done_or_said_or_recorded() {
    for fields in ["", "mask = \"off\"\n"] {
        let (world, _) = carry(world(fields));
        let is_about_it = |act: &Act| matches!(act, Act::Masked(_) | Act::Shown(_));
        assert!(!world.acts().iter().any(is_about_it));
        assert!(events(&world)[0].get("mask").is_none());
    }
}

#[test]
fn what_cannot_be_masked_does_not_run() {
    let (world, outcome) = carry(world(MASKED).fails(Op::Mask, 1, Errno::EMFILE));
    let Ended::NotStarted(Refusal::CannotStart(failure)) = &outcome.ended else {
        panic!("{:?}", outcome.ended)
    };
    assert!(matches!(failure, StartFailure::NotMasked(..)));
    assert_eq!(outcome.ended.exit(), Exit::REFUSED);
    assert!(!world.acts().iter().any(|act| act.name() == "Spawned"));
    assert_eq!(events(&world)[1]["event"], "spawn_failed");
}

#[test]
fn output_that_is_lost_is_reported_and_the_end_is_recorded() {
    let (world, outcome) = carry(world(MASKED).fails(Op::Flush, 1, Errno::ENOSPC));
    assert!(
        outcome
            .unwritten
            .as_ref()
            .unwrap()
            .contains("No space left")
    );
    assert_eq!(outcome.exit(), Exit::REFUSED);
    assert_eq!(events(&world)[1]["exit_code"], 0);
}
