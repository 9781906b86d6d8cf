//! Secret stores that a server keeps.

use super::{assert_refused, assert_shows, calls, environment, fails, prints, stand_in, world};

const GET: &str = "kv get -format=json -mount=kv db";

#[test]
fn all_fields_of_a_path_of_vault_are_one_call() {
    let world = world("vault", &["kv/db#user", "kv/db#password", "kv/db#port"]);
    let answer = r#"{"data":{"data":{"user":"u\n","password":"p","port":5432},"metadata":{}}}"#;
    let world = stand_in(world, "vault", &[prints(GET, answer)]);
    let variables = [("VAULT_TOKEN", "t"), ("VAULT_FORMAT", "yaml")];
    assert_shows(&world, &variables, &["u\n", "p", "5432"]);
    assert_eq!(calls(&world, "vault"), [GET]);
    let environment = environment(&world, "vault");
    assert!(environment.contains("VAULT_TOKEN=t"));
    assert!(!environment.contains("VAULT_FORMAT"));
}

#[test]
fn a_failure_of_vault_is_reported_by_its_meaning() {
    let code_403 = "Error making API request.\n\nCode: 403. Errors:\n\n* permission denied\n";
    for (failure, code, stderr) in [
        ("QLI1101", 2, "No value found at kv/data/db\n"),
        ("QLI1106", 2, code_403),
        (
            "QLI1107",
            2,
            "dial tcp 127.0.0.1:8200: connect: connection refused\n",
        ),
        ("QLI1104", 1, "out of order\n"),
    ] {
        let world = world("vault", &["kv/db#user"]);
        let world = stand_in(world, "vault", &[fails(GET, code, stderr)]);
        assert_refused(&world, &[], failure);
    }
}
