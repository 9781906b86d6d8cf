//! Password managers. None of them can be had without an account: stand-ins replay what
//! their documentation and sources say. The real `lpass` shows how it refuses.

use serde_json::json;

use super::{
    assert_refused, assert_shows, calls, environment, fails, installed, prints, real, refused,
    stand_in, world,
};
use crate::world::World;

const ITEM: &str = r#"{"object":"item","id":"6f5f3f0e-0a44-4d1a-9d5b-b0f9003c4c8b","name":"db",
"notes":"two\nlines\n","login":{"username":"u","password":"p","totp":null,"uris":[]},
"fields":[{"name":"port","value":"5432","type":0},{"name":"empty","value":null,"type":0}]}
"#;

const GET_ITEM: &str = "--nointeraction get item db";

#[test]
fn all_fields_of_an_item_of_bitwarden_are_one_call() {
    let references = ["db#username", "db#password", "db#notes", "db#port"];
    let world = world("bitwarden", &references);
    let world = stand_in(world, "bw", &[prints(GET_ITEM, ITEM)]);
    assert_shows(&world, &[], &["u", "p", "two\nlines\n", "5432"]);
    assert_eq!(calls(&world, "bw"), [GET_ITEM]);
}

#[test]
fn three_items_of_bitwarden_are_three_calls() {
    let references = ["a#password", "b#password", "c#password"];
    let items = ["a", "b", "c"].map(|name| ITEM.replace("\"db\"", &format!("{name:?}")));
    let args = ["a", "b", "c"].map(|name| format!("--nointeraction get item {name}"));
    let answers = [0, 1, 2].map(|at| prints(&args[at], &items[at]));
    let world = stand_in(world("bitwarden", &references), "bw", &answers);
    assert_shows(&world, &[], &["p", "p", "p"]);
    assert_eq!(calls(&world, "bw"), args);
}

#[test]
fn secrets_of_bitwarden_secrets_manager_are_one_list() {
    let ids = [1, 2, 3].map(|one| format!("be8e0ad8-d545-4017-a55a-b02f014d415{one}"));
    let secret = |id: &str, value: &str| json!({ "id": id, "key": "k", "value": value });
    let list = json!([
        secret(&ids[2], "c"),
        secret("another", "x"),
        secret(&ids[0], "a\n"),
        secret(&ids[1], "b")
    ]);
    let world = world("bitwarden_sm", &ids.each_ref().map(String::as_str));
    let args = "secret list -o json -c no";
    let world = stand_in(world, "bws", &[prints(args, &list.to_string())]);
    assert_shows(&world, &[], &["a\n", "b", "c"]);
    assert_eq!(calls(&world, "bws"), [args]);
}

const UUID: &str = "be8e0ad8-d545-4017-a55a-b02f014d4158";
const GET_SECRET: &str = "secret get be8e0ad8-d545-4017-a55a-b02f014d4158 -o json -c no";

#[test]
fn one_secret_of_bitwarden_secrets_manager_is_no_list() {
    let world = stand_in(
        world("bitwarden_sm", &[UUID]),
        "bws",
        &[prints(GET_SECRET, r#"{"id":"x","value":"v\n"}"#)],
    );
    assert_shows(&world, &[], &["v\n"]);
}

const ENTRY: &str = r#"{"id":"6f5f","folder":null,"name":"db","data":{"username":"u",
"password":"p\n","totp":null,"uris":[]},"fields":[{"name":"port","value":"5432","type":"text"}],
"notes":"n","history":[]}
"#;

#[test]
fn all_fields_of_an_entry_of_rbw_are_one_call() {
    let world = world(
        "rbw",
        &["db#username", "db#password", "db#port", "db#notes"],
    );
    let world = stand_in(world, "rbw", &[prints("get --raw db", ENTRY)]);
    assert_shows(&world, &[], &["u", "p\n", "5432", "n"]);
    assert_eq!(calls(&world, "rbw"), ["get --raw db"]);
}

#[test]
fn each_field_of_lastpass_is_a_call_with_its_option() {
    let calls_made = ["--password", "--notes", "--field=Private Key"]
        .map(|option| format!("show --sync=now --color=never {option} Ops/db"));
    let answers = [
        prints(&calls_made[0], "p\n"),
        prints(&calls_made[1], "two\nlines\n\n"),
        prints(&calls_made[2], "k"),
    ];
    let references = ["Ops/db#password", "Ops/db#notes", "Ops/db#Private Key"];
    let world = stand_in(world("lastpass", &references), "lpass", &answers);
    assert_shows(&world, &[], &["p", "two\nlines\n", "k"]);
    assert_eq!(calls(&world, "lpass"), calls_made);
}

#[test]
fn a_field_of_lastpass_is_not_taken_for_another_option() {
    for field in ["clip", "sync=no", "all"] {
        let world = world("lastpass", &[&format!("db#{field}")]);
        let args = format!("show --sync=now --color=never --field={field} db");
        let world = stand_in(world, "lpass", &[prints(&args, "v\n")]);
        assert_shows(&world, &[], &["v"]);
    }
}

#[test]
fn each_reference_of_keeper_is_a_call_without_its_cache() {
    let references = [
        "keeper://u/field/login",
        "keeper://u/field/password",
        "keeper://u/notes",
    ];
    let args = references.map(|one| format!("--no-cache secret notation {one}"));
    let answers = [
        prints(&args[0], "u"),
        prints(&args[1], "p\n"),
        prints(&args[2], "two\nlines"),
    ];
    let world = stand_in(world("keeper", &references), "ksm", &answers);
    assert_shows(&world, &[], &["u", "p\n", "two\nlines"]);
    assert_eq!(calls(&world, "ksm"), args);
}

/// A reference of each manager, and the call for it alone.
const ALONE: [(&str, &str, &str, &str); 8] = [
    (
        "one_password",
        "op",
        "op://v/i/f",
        "read --no-newline op://v/i/f",
    ),
    ("bitwarden", "bw", "db#password", GET_ITEM),
    ("bitwarden_sm", "bws", UUID, GET_SECRET),
    ("rbw", "rbw", "db#password", "get --raw db"),
    (
        "lastpass",
        "lpass",
        "db#password",
        "show --sync=now --color=never --password db",
    ),
    (
        "proton_pass",
        "pass-cli",
        "pass://v/i/f",
        "item view pass://v/i/f",
    ),
    ("dashlane", "dcli", "dl://i/f", "read dl://i/f"),
    (
        "keeper",
        "ksm",
        "keeper://u/field/password",
        "--no-cache secret notation keeper://u/field/password",
    ),
];

/// A world with a reference, and the program and the call for it.
fn alone(provider: &str) -> (World, &'static str, &'static str) {
    let mut all = ALONE.iter();
    let (_, program, reference, args) = all.find(|(one, ..)| *one == provider).unwrap();
    (world(provider, &[reference]), program, args)
}

const MISSING: &str = "QLI1101";
const MALFORMED: &str = "QLI1102";
const FAILED: &str = "QLI1104";
const SIGNED_OUT: &str = "QLI1105";
const DENIED: &str = "QLI1106";
const NETWORK: &str = "QLI1107";

/// What a manager writes to standard error, and what qli makes of it.
const FAILURES: [(&str, &str, &str); 27] = [
    (
        "one_password",
        SIGNED_OUT,
        "[ERROR] x you are not currently signed in.\n",
    ),
    (
        "one_password",
        SIGNED_OUT,
        "[ERROR] x no active session found for account\n",
    ),
    (
        "one_password",
        MISSING,
        "[ERROR] x item 'v/i' doesn't have a field 'f'\n",
    ),
    (
        "one_password",
        MISSING,
        "[ERROR] x \"v\" isn't a vault in this account.\n",
    ),
    (
        "one_password",
        NETWORK,
        "[ERROR] x dial tcp: lookup my.1password.com\n",
    ),
    ("bitwarden", SIGNED_OUT, "You are not logged in."),
    ("bitwarden", SIGNED_OUT, "Vault is locked."),
    ("bitwarden", MISSING, "Not found."),
    (
        "bitwarden",
        FAILED,
        "More than one result was found. Try getting\n",
    ),
    (
        "bitwarden_sm",
        SIGNED_OUT,
        "Error: \n   0: Missing access token\n",
    ),
    (
        "bitwarden_sm",
        SIGNED_OUT,
        "Received error message from server: [401 Unauthorized]",
    ),
    (
        "bitwarden_sm",
        MISSING,
        "Received error message from server: [404 Not Found] {}",
    ),
    (
        "bitwarden_sm",
        MISSING,
        "Error: The requested item was not found or is not\n",
    ),
    (
        "bitwarden_sm",
        DENIED,
        "Error: Access denied (403 Forbidden).\n",
    ),
    (
        "bitwarden_sm",
        NETWORK,
        "Error: Could not connect to x: connection refused.\n",
    ),
    (
        "rbw",
        MISSING,
        "rbw get: couldn't find entry for 'db': no entry found\n",
    ),
    (
        "rbw",
        FAILED,
        "rbw get: multiple entries found: u@db, v@db\n",
    ),
    (
        "lastpass",
        SIGNED_OUT,
        "Error: Could not find decryption key. Perhaps you need",
    ),
    (
        "lastpass",
        MISSING,
        "Error: Could not find specified account(s).\n",
    ),
    (
        "proton_pass",
        SIGNED_OUT,
        "Error: This operation requires an authenticated client\n",
    ),
    ("proton_pass", MISSING, "Error: No item found\n"),
    (
        "dashlane",
        SIGNED_OUT,
        "error: User force closed the prompt with 0 null\n",
    ),
    (
        "dashlane",
        MISSING,
        "error: No matching field found for \"f\" in \"i\"\n",
    ),
    (
        "keeper",
        SIGNED_OUT,
        "The Keeper SDK client has not been loaded. The INI\n",
    ),
    (
        "keeper",
        MISSING,
        "Notation error - no records match record UID/Title: 'u'\n",
    ),
    ("keeper", MISSING, "Cannot find standard field 'password'\n"),
    (
        "keeper",
        NETWORK,
        "HTTPSConnectionPool: Max retries exceeded with url\n",
    ),
];

#[test]
fn a_failure_of_a_manager_is_reported_by_its_meaning() {
    for (provider, failure, stderr) in FAILURES {
        let (world, program, args) = alone(provider);
        let world = stand_in(world, program, &[fails(args, 1, stderr)]);
        assert_refused(&world, &[], failure);
        assert_eq!(calls(&world, program), [args], "{provider}");
    }
}

#[test]
fn an_answer_without_a_value_is_a_failure_although_the_program_succeeds() {
    let another = ITEM.replace("\"db\"", "\"db-staging\"");
    let another_entry = ENTRY.replace("\"db\"", "\"db-staging\"");
    for (provider, failure, stdout) in [
        ("one_password", MALFORMED, ""),
        ("bitwarden", MALFORMED, ""),
        ("bitwarden", MISSING, &*another),
        ("bitwarden", MISSING, &*ITEM.replace("\"p\"", "null")),
        ("bitwarden", MALFORMED, &*ITEM.replace("\"p\"", "\"\"")),
        ("bitwarden_sm", MALFORMED, ""),
        ("bitwarden_sm", MISSING, "{}"),
        ("rbw", MISSING, &*another_entry),
        ("rbw", MISSING, &*ENTRY.replace("\"p\\n\"", "null")),
        ("lastpass", MALFORMED, "\n"),
        (
            "lastpass",
            MISSING,
            "Multiple matches found.\nA/db [id: 1]\nB/db [id: 2]\n",
        ),
        ("proton_pass", MALFORMED, "\n"),
        ("dashlane", MALFORMED, "\n"),
        ("dashlane", MISSING, "null\n"),
        ("keeper", MALFORMED, ""),
        ("keeper", MISSING, "None"),
    ] {
        let (world, program, args) = alone(provider);
        let world = stand_in(world, program, &[prints(args, stdout)]);
        let stderr = refused(&world, &[]);
        assert!(stderr.contains(failure), "{provider} {stdout}:\n{stderr}");
    }
}

#[test]
fn a_manager_gets_its_own_variables_and_none_that_shape_its_output() {
    for (provider, kept, dropped) in [
        (
            "one_password",
            "OP_SERVICE_ACCOUNT_TOKEN",
            "OP_FORMAT OP_DEBUG BW_SESSION",
        ),
        (
            "bitwarden",
            "BW_SESSION",
            "BW_QUIET BW_RESPONSE BW_CLEANEXIT BITWARDENCLI_DEBUG",
        ),
        ("bitwarden_sm", "BWS_ACCESS_TOKEN", "BWS_DEBUG BW_SESSION"),
        ("rbw", "RBW_PROFILE", "RBW_PASSWORD OP_SESSION_x"),
        ("lastpass", "LPASS_AGENT_TIMEOUT", "OP_SESSION_x"),
        ("proton_pass", "PROTON_PASS_AGENT_REASON", "OP_SESSION_x"),
        ("dashlane", "DASHLANE_SERVICE_DEVICE_KEYS", "DASHLANE_OTHER"),
        ("keeper", "KSM_CONFIG", "KSM_DEBUG"),
    ] {
        let (world, program, args) = alone(provider);
        let world = stand_in(world, program, &[fails(args, 1, "no\n")]);
        let dropped = dropped.split(' ').map(|name| (name, "1"));
        let variables: Vec<_> = dropped.clone().chain([(kept, "1")]).collect();
        assert_refused(&world, &variables, "QLI1104");
        let given = environment(&world, program);
        assert!(given.contains(&format!("{kept}=1\n")), "{given}");
        for (name, _) in dropped {
            assert!(!given.contains(name), "{name} in {given}");
        }
    }
}

#[test]
fn lpass_refuses_without_a_login() {
    let world = world("lastpass", &["db#password", "db#port"]);
    let world = real(world, "lpass", &installed("lpass", "lastpass-cli"));
    let stderr = refused(&world, &[]);
    assert!(stderr.contains("QLI1105"), "{stderr}");
    assert!(stderr.contains("lpass login"), "{stderr}");
    let args = "show --sync=now --color=never --password db";
    assert_eq!(calls(&world, "lpass"), [args]);
}
