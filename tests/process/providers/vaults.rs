//! The two servers that answer as Vault does.

use std::process::Child;
use std::sync::OnceLock;

use super::http::{free_port, send, start};
use super::{
    assert_calls, assert_failures, assert_refused, assert_shows, calls, environment, prints, real,
    stand_in, world,
};
use crate::support::{tool, until};

const VAULT_GET: &str = "kv get -format=json -mount=kv db";

#[test]
fn all_fields_of_a_path_of_vault_are_one_call() {
    let world = world("vault", &["kv/db#user", "kv/db#password", "kv/db#port"]);
    let answer = r#"{"data":{"data":{"user":"u\n","password":"p","port":5432},"metadata":{}}}"#;
    let world = stand_in(world, "vault", &[prints(VAULT_GET, answer)]);
    let variables = [("VAULT_TOKEN", "t"), ("VAULT_FORMAT", "yaml")];
    assert_shows(&world, &variables, &["u\n", "p", "5432"]);
    assert_eq!(calls(&world, "vault"), [VAULT_GET]);
    let environment = environment(&world, "vault");
    assert!(environment.contains("VAULT_TOKEN=t"));
    assert!(!environment.contains("VAULT_FORMAT"));
}

#[test]
fn a_failure_of_vault_is_reported_by_its_meaning() {
    let denied = "Error making API request.\n\nCode: 403. Errors:\n\n* permission denied\n";
    let failures = [
        ("QLI1101", 2, "No value found at kv/data/db\n"),
        ("QLI1106", 2, denied),
        (
            "QLI1107",
            2,
            "dial tcp 127.0.0.1:8200: connect: connection refused\n",
        ),
        ("QLI1104", 1, "out of order\n"),
    ];
    assert_failures("vault", "vault", "kv/db#user", VAULT_GET, &failures);
}

/// The variables for the client of a server with two engines.
fn openbao() -> [(&'static str, &'static str); 3] {
    static SERVER: OnceLock<(Child, String)> = OnceLock::new();
    let (_, url) = SERVER.get_or_init(|| {
        let address = format!("127.0.0.1:{}", free_port());
        let listen = format!("-dev-listen-address={address}");
        let dev = [
            "server",
            "-dev",
            "-dev-root-token-id=root",
            "-dev-no-store-token",
            &listen,
        ];
        let server = start(&tool("bin/bao"), &dev);
        let request = |line: &str, body: &str| send(&address, line, "X-Vault-Token: root", body);
        let fields = r#"{"data":{"user":"u","key":"k\n","pin":"0123","\u00e4/~":"odd"}}"#;
        until("OpenBao", || request("POST /v1/secret/data/db", fields));
        for (line, body) in [
            ("POST /v1/secret/data/gone", fields),
            ("DELETE /v1/secret/data/gone", ""),
            (
                "POST /v1/sys/mounts/one",
                r#"{"type":"kv","options":{"version":"1"}}"#,
            ),
            ("POST /v1/one/db", r#"{"user":"u1","data":"d"}"#),
        ] {
            request(line, body).unwrap();
        }
        (server, format!("http://{address}"))
    });
    [
        ("BAO_ADDR", url),
        ("BAO_TOKEN", "root"),
        ("BAO_FORMAT", "yaml"),
    ]
}

#[test]
fn openbao_serves_all_fields_of_a_path_by_one_call() {
    for (references, values, count) in [
        (
            &[
                "secret/db#user",
                "secret/db#key",
                "secret/db#pin",
                "secret/db#\u{e4}/~",
            ][..],
            &["u", "k\n", "0123", "odd"][..],
            1,
        ),
        (&["one/db#user", "one/db#data"], &["u1", "d"], 1),
        (&["one/db#user", "secret/db#user"], &["u1", "u"], 2),
    ] {
        let world = real(world("openbao", references), "bao", &tool("bin/bao"));
        assert_shows(&world, &openbao(), values);
        assert_calls(&world, "bao", count);
        assert!(!environment(&world, "bao").contains("BAO_FORMAT"));
    }
}

#[test]
fn a_failure_of_openbao_is_reported_by_its_meaning() {
    let [url, token, _] = openbao();
    let (wrong, nowhere) = (("BAO_TOKEN", "wrong"), ("BAO_ADDR", "http://127.0.0.1:1"));
    for (reference, code, variables) in [
        ("secret/none#user", "QLI1101", [url, token]),
        ("secret/db#none", "QLI1101", [url, token]),
        ("secret/gone#user", "QLI1101", [url, token]),
        ("one/none#user", "QLI1101", [url, token]),
        ("none/db#user", "QLI1106", [url, token]),
        ("secret/db#user", "QLI1106", [url, wrong]),
        ("secret/db#user", "QLI1107", [nowhere, token]),
    ] {
        let world = real(world("openbao", &[reference]), "bao", &tool("bin/bao"));
        let stderr = assert_refused(&world, &variables, code);
        assert!(
            code != "QLI1106" || stderr.contains("bao login"),
            "{stderr}"
        );
    }
}
