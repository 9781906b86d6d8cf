use super::super::Step;
use super::super::plan::tests::enforce_only;
use super::*;
use crate::diagnostics::Code;
use crate::host::Signal;
use crate::host::fake::{Act, Op, World};

const BOTH: &str = "[[secrets]]\nenv = \"A\"\nref = \"CI_A\"\nprovider = \"env\"\n\
    [[secrets]]\nenv = \"B\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n";

fn called(world: &World) -> bool {
    world
        .acts()
        .iter()
        .any(|act| matches!(act, Act::Called(..)))
}

#[test]
fn everything_that_is_known_to_be_missing_is_reported_before_a_tool_is_called() {
    let (world, result) = enforce_only(World::new().manifest("g", BOTH), Step::Secrets);
    let Err(Refusal::SecretsMissing(faults)) = result else {
        panic!("{result:?}")
    };
    assert_eq!(
        (&faults[0].fault, &faults[1].fault),
        (
            &ProviderFault::Unset,
            &ProviderFault::ToolMissing("op".into())
        )
    );
    assert!(!called(&world));
}

#[test]
fn one_failure_ends_the_step() {
    let world = World::new()
        .manifest("g", BOTH)
        .var("CI_A", "1")
        .tool("op", 1, b"", b"no");
    let (world, result) = enforce_only(world, Step::Secrets);
    let reason = result.unwrap_err().reason();
    assert!(
        reason.contains("`B`") && reason.contains("op://v/i/f"),
        "{reason}"
    );
    assert!(called(&world));
}

#[test]
fn a_run_with_all_its_secrets_continues() {
    let world = World::new()
        .manifest("g", BOTH)
        .var("CI_A", "1")
        .tool("op", 0, b"v\n", b"");
    assert!(enforce_only(world, Step::Secrets).1.is_ok());
}

#[test]
fn an_equal_reference_is_fetched_once() {
    let twice = "[[secrets]]\nenv = \"A\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n\
        [[secrets]]\nenv = \"B\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n";
    let world = World::new().manifest("g", twice).tool("op", 0, b"v\n", b"");
    let (world, result) = enforce_only(world, Step::Secrets);
    assert!(result.is_ok());
    let calls = world
        .acts()
        .iter()
        .filter(|act| matches!(act, Act::Called(..)))
        .count();
    assert_eq!(calls, 1);
}

#[test]
fn what_a_file_lacks_is_known_without_a_call() {
    let fields = "[[secrets]]\nenv = \"A\"\nref = \"~/.env#A\"\nprovider = \"dotenv\"\n\
        [[secrets]]\nenv = \"B\"\nref = \"~/b\"\nprovider = \"file\"\n";
    let world = || World::new().manifest("g", fields);
    let codes = |world: World| match enforce_only(world, Step::Secrets).1 {
        Ok(_) => Vec::new(),
        Err(Refusal::SecretsMissing(faults)) => faults.iter().map(SecretFault::code).collect(),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(codes(world()), [Code::SecretMissing; 2]);
    let files = || {
        world()
            .file("/home/ops/.env", "A=1\n")
            .file("/home/ops/b", "2\n")
    };
    assert_eq!(codes(files()), []);
    let twice = files().file("/home/ops/.env", "A=1\nA=2\n");
    assert_eq!(codes(twice), [Code::SecretMalformed]);
    let open = files().alter("/home/ops/b", |stat| stat.mode = 0o646);
    assert_eq!(codes(open), [Code::SecretFailed]);
}

#[test]
fn a_token_in_place_of_a_reference_is_in_no_message() {
    const TOKEN: &str = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    for (provider, reference) in [
        ("credential", TOKEN.to_owned()),
        ("pass", TOKEN.to_owned()),
        ("pass", format!("{TOKEN}#field")),
    ] {
        let fields =
            format!("[[secrets]]\nenv = \"A\"\nref = \"{reference}\"\nprovider = \"{provider}\"");
        let world = World::new()
            .manifest("g", &fields)
            .var("CREDENTIALS_DIRECTORY", "/run/c")
            .tool("pass", 2, b"", format!("{TOKEN}: No secret key").as_bytes());
        let Err(Refusal::SecretsMissing(faults)) = enforce_only(world, Step::Secrets).1 else {
            panic!("{provider} has a value")
        };
        let step = faults[0].next_step().map(|step| step.command);
        let shown = faults[0].reason() + &step.unwrap_or_default();
        assert!(shown.contains("ghp_"), "{shown}");
        assert!(!shown.contains("292c6912"), "{shown}");
    }
}

#[test]
fn a_value_is_empty_only_if_the_manifest_allows_it() {
    for (provider, reference) in [("env", "CI_A"), ("one_password", "op://v/i/f")] {
        let with = |allowed: &str| {
            let fields = format!(
                "[[secrets]]\nenv = \"A\"\nref = \"{reference}\"\nprovider = \"{provider}\"\n{allowed}"
            );
            let world = World::new().manifest("g", &fields).var("CI_A", "");
            enforce_only(world.tool("op", 0, b"", b""), Step::Secrets).1
        };
        let Err(Refusal::SecretsMissing(faults)) = with("") else {
            panic!("{provider}: an empty value")
        };
        assert_eq!(faults[0].fault, ProviderFault::Unusable(Unusable::Empty));
        assert!(with("allow_empty = true").is_ok(), "{provider}");
    }
}

#[test]
fn a_signal_while_fetching_ends_the_run() {
    let world = World::new()
        .manifest("g", BOTH)
        .var("CI_A", "1")
        .tool("op", 0, b"v\n", b"");
    let (_, result) = enforce_only(world.signal_at(Op::Call, Signal::new(15)), Step::Secrets);
    assert!(matches!(
        result,
        Err(Refusal::Interrupted(Step::Secrets, _))
    ));
}

const BROKER: &str = "[[secrets]]\nenv = \"A\"\nref = \"a\"\nprovider = \"broker\"\n\
    [[secrets]]\nenv = \"B\"\nref = \"b\"\nprovider = \"broker\"\n\
    [providers.broker]\nprogram = \"/usr/bin/broker\"\nprotocol = 1\n";

fn reason_of(answer: &str) -> String {
    let world = World::new().manifest("g", BROKER);
    let world = world.tool("broker", 0, answer.as_bytes(), b"");
    let (_, result) = enforce_only(world, Step::Secrets);
    result.map_or_else(|refusal| refusal.reason(), |_| String::new())
}

#[test]
fn a_program_that_returned_a_value_may_show_it_in_its_message() {
    let denied = r#""errors":{"a":{"means":"denied","message":"not hunter2"}}"#;
    let alone = reason_of(&format!("{{{denied}}}"));
    assert!(
        alone.ends_with("you may not read it: not hunter2"),
        "{alone}"
    );
    let with_value = r#""values":{"b":{"text":"hunter2"}}"#;
    let beside = reason_of(&format!("{{{with_value},{denied}}}"));
    assert!(beside.contains("withheld"), "{beside}");
}

#[test]
fn a_batch_that_printed_may_have_shown_a_value() {
    let many = BROKER.replace(
        "protocol = 1",
        "one = [\"{ref}\"]\n\
        many = { args = [\"many\"], output = \"map\" }",
    );
    let world = World::new().manifest("g", &many);
    let world = world.tool("broker", 1, b"{\"a\":\"hunter2\"}", b"no hunter2");
    let (_, result) = enforce_only(world, Step::Secrets);
    let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
    assert!(reason.contains("withheld"), "{reason}");
}

#[test]
fn what_looks_like_a_secret_in_a_message_is_not_shown() {
    let one = BROKER.replace("protocol = 1", "one = [\"{ref}\"]");
    let world = World::new().manifest("g", &one);
    let world = world.tool("broker", 1, b"", b"no access with password=hunter22");
    let (_, result) = enforce_only(world, Step::Secrets);
    let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
    assert!(reason.contains("no access with password="), "{reason}");
    assert!(!reason.contains("hunter22"), "{reason}");
}

#[test]
fn a_path_in_a_reference_cannot_become_an_option() {
    let row = "[[secrets]]\nenv = \"A\"\nref = \"${FILE}\"\nprovider = \"broker\"\n\
        [providers.broker]\nprogram = \"/usr/bin/broker\"\nref = \"file\"\n\
        paths = [\"file\"]\none = [\"{file}\"]\n";
    let world = World::new()
        .manifest("g", row)
        .var("FILE", "--output=/etc/passwd");
    let world = world.tool("broker", 0, b"v", b"");
    let (world, result) = enforce_only(world, Step::Secrets);
    let reason = result.map_or_else(|refusal| refusal.reason(), |_| String::new());
    assert!(reason.contains("relative"), "{reason}");
    assert!(!called(&world));
}
