//! Secrets as files and descriptors, through a whole run.

use super::*;
use crate::diagnostics::Code;

const RUNTIME: &str = "/home/ops/run";

/// A group whose secrets are delivered in all ways.
fn world() -> World {
    let secret = |env: &str, deliver: &str| {
        format!(
            "[[secrets]]\nenv = \"{env}\"\nref = \"~/{env}\"\nprovider = \"file\"\n\
             deliver = \"{deliver}\"\n"
        )
    };
    let log = format!("audit_log = \"{LOG}\"\n");
    let fields = log + &secret("V", "env") + &secret("F", "file") + &secret("D", "fd");
    ["V", "F", "D"]
        .iter()
        .fold(World::new().manifest("g", &fields), |world, name| {
            world.file(&format!("/home/ops/{name}"), &format!("{name}\n"))
        })
        .directory("/dev/fd", 0o755)
        .directory(RUNTIME, 0o700)
        .var("XDG_RUNTIME_DIR", RUNTIME)
}

#[test]
fn each_secret_reaches_the_script_in_its_way_and_nothing_is_left() {
    let (world, outcome) = carry(world());
    assert!(matches!(outcome.ended, Ended::Ran(_)) && outcome.not_removed.is_none());
    let acts = world.acts();
    let env = acts.iter().find_map(|act| {
        let Act::Spawned(_, env) = act else {
            return None;
        };
        Some(env.clone())
    });
    let env = env.unwrap();
    let of = |name: &str| {
        let found = env.iter().find(|(one, _)| one == name);
        found.map(|(_, value)| value.to_str().unwrap().to_owned())
    };
    let run = format!("{RUNTIME}/qli/{}", of("QLI_RUN_ID").unwrap());
    assert_eq!(of("V").as_deref(), Some("V"));
    assert_eq!(of("F"), Some(format!("{run}/F")));
    assert_eq!(of("D").as_deref(), Some("/dev/fd/100"));
    assert_eq!(of("CREDENTIALS_DIRECTORY"), Some(run.clone()));
    assert!(acts.contains(&Act::Descriptor(b"D\n".to_vec())));
    assert!(acts.contains(&Act::Cleared(format!("{RUNTIME}/qli").into())));
    assert!(!is_left(&world));
    let start = &events(&world)[0];
    assert_eq!(
        start["deliver"],
        serde_json::json!({ "F": "file", "D": "fd" })
    );
}

fn is_left(world: &World) -> bool {
    world.has_below(&format!("{RUNTIME}/qli/"))
}

#[test]
fn what_cannot_be_written_refuses_and_leaves_nothing() {
    for (op, errno) in [
        (Op::Deliver, Errno::ENOSPC),
        (Op::Descriptor, Errno::EMFILE),
    ] {
        let (world, outcome) = carry(world().fails(op, 1, errno));
        let Ended::NotStarted(refusal) = outcome.ended else {
            panic!("it was started")
        };
        assert_eq!(refusal.code(), Code::SecretNotDelivered);
        assert!(!spawned(&world) && !is_left(&world));
        let end = &events(&world)[1];
        assert_eq!(end["reason"], "secret-not-delivered");
    }
}

#[test]
fn every_end_removes_the_files() {
    let signal = Signal::new(nix::libc::SIGTERM);
    for world in [
        world().signal_at(Op::Deliver, signal),
        world().signal_at(Op::Descriptor, signal),
        world().fails(Op::Spawn, 1, Errno::EACCES),
        world().ends(|end| end.status = Err(signal)),
    ] {
        let (world, outcome) = carry(world);
        assert!(outcome.not_removed.is_none() && !is_left(&world));
        assert_eq!(events(&world).len(), 2);
    }
}

#[test]
fn files_that_cannot_be_removed_are_reported() {
    let (_, outcome) = carry(world().fails(Op::Withdraw, 1, Errno::ENOTEMPTY));
    let left = outcome.not_removed.unwrap();
    assert!(left.directory.starts_with(format!("{RUNTIME}/qli")));
}
