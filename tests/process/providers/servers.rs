//! Doppler, Infisical, Kubernetes and chamber.

use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;

use super::http::serve;
use super::{
    Answer, assert_calls, assert_failures, assert_refused, assert_shows, calls, environment,
    explained, installed, prints, real, stand_in, world,
};
use crate::support::tool;
use crate::world::World;

/// The API of Doppler.
fn doppler(path: &str, authorization: &str) -> (u16, String) {
    let failure = |status, message| (status, json!({ "success": false, "messages": [message] }));
    let value = |value: Option<&str>| json!({ "raw": value, "computed": value });
    let (status, body) = match authorization {
        _ if !path.starts_with("/v3/configs/config/secrets?") => failure(404, "no such route"),
        "Bearer dp.st.old" => failure(401, "Invalid Auth token"),
        "Bearer dp.st.other" => failure(
            403,
            "This token does not have access to requested config 'prd'",
        ),
        _ if path.contains("project=none") => {
            failure(404, "Could not find requested project 'none'")
        }
        _ => {
            let secrets = json!({
                "A": value(Some("a\n")), "B": value(Some("b")), "C": value(Some("\u{e4}")),
                "HIDDEN": value(None),
            });
            (200, json!({ "success": true, "secrets": secrets }))
        }
    };
    (status, body.to_string())
}

fn doppler_variables(token: &str) -> [(&str, &str); 2] {
    static URL: OnceLock<String> = OnceLock::new();
    let url = URL.get_or_init(|| format!("http://{}", serve(doppler)));
    [("DOPPLER_API_HOST", url), ("DOPPLER_TOKEN", token)]
}

#[test]
fn doppler_serves_all_names_of_a_config_by_one_call() {
    for (references, values, count) in [
        (
            &["shop/prd/A", "shop/prd/B", "shop/prd/C"][..],
            &["a\n", "b", "\u{e4}"][..],
            1,
        ),
        (&["shop/prd/A"], &["a\n"], 1),
        (&["shop/prd/A", "shop/dev/B"], &["a\n", "b"], 2),
    ] {
        let world = real(
            world("doppler", references),
            "doppler",
            &tool("bin/doppler"),
        );
        assert_shows(&world, &doppler_variables("dp.st.x"), values);
        assert_calls(&world, "doppler", count);
    }
}

#[test]
fn a_failure_of_doppler_is_reported_by_its_meaning() {
    for (references, token, code, count) in [
        (
            &["shop/prd/A", "shop/prd/NONE"][..],
            "dp.st.x",
            "QLI1101",
            3,
        ),
        (&["shop/prd/HIDDEN"], "dp.st.x", "QLI1101", 1),
        (&["none/prd/A"], "dp.st.x", "QLI1101", 1),
        (&["shop/prd/A", "shop/prd/B"], "dp.st.old", "QLI1105", 1),
        (&["shop/prd/A"], "dp.st.other", "QLI1106", 1),
        (&["shop/prd/A", "shop/prd/B"], "", "QLI1105", 1),
    ] {
        let world = real(
            world("doppler", references),
            "doppler",
            &tool("bin/doppler"),
        );
        let stderr = assert_refused(&world, &doppler_variables(token), code);
        assert_calls(&world, "doppler", count);
        assert!(
            code != "QLI1105" || stderr.contains("doppler login"),
            "{stderr}"
        );
    }
}

/// The real client asks five times, which takes 16 seconds.
#[test]
fn doppler_without_network_is_reported_as_unreachable() {
    let args = "secrets get --json --no-check-version --project=shop --config=prd A";
    let stderr = r#"{"error":"Get \"https://api.doppler.com/\": dial tcp: no such host"}"#;
    let failures = [("QLI1107", 1, stderr)];
    assert_failures("doppler", "doppler", "shop/prd/A", args, &failures);
}

const EXPORT: &str = "export --format=json --silent --projectId=p --env=dev --path=/";

#[test]
fn infisical_serves_all_names_of_a_folder_by_one_call() {
    let world = world("infisical", &["p/dev#A", "p/dev#B", "p/dev/a/b#A"]);
    let root = r#"[{"key":"B","value":"b"},{"key":"A","value":"a\n","type":"shared"}]"#;
    let folder = format!("{EXPORT}a/b");
    let answers = [
        prints(EXPORT, root),
        prints(&folder, r#"[{"key":"A","value":"c"}]"#),
    ];
    let world = stand_in(world, "infisical", &answers);
    assert!(explained(&world).contains("2 calls of"));
    assert_shows(&world, &[("INFISICAL_TOKEN", "t")], &["a\n", "b", "c"]);
    assert_calls(&world, "infisical", 2);
    let environment = environment(&world, "infisical");
    assert!(environment.contains("INFISICAL_TOKEN=t\n"));
    assert!(environment.contains("INFISICAL_DISABLE_UPDATE_CHECK=1\n"));
}

#[test]
fn a_failure_of_infisical_is_reported_by_its_meaning() {
    let failures = [
        (
            "QLI1105",
            1,
            "Please run [infisical login] manually to login.\n",
        ),
        (
            "QLI1105",
            1,
            "error: [GET /v4/secrets] [status-code=401] [response={}]\n",
        ),
        (
            "QLI1106",
            1,
            "error: [GET /v4/secrets] [status-code=403] [response={}]\n",
        ),
        (
            "QLI1107",
            1,
            "error: dial tcp: lookup app.infisical.com: no such host\n",
        ),
    ];
    assert_failures("infisical", "infisical", "p/dev#A", EXPORT, &failures);
    let backup = "Warning: Unable to fetch the latest secret(s) due to connection error, \
                  serving secrets from last successful fetch. For more info, run with --debug\n";
    for (stdout, stderr, code) in [
        (r#"[{"key":"A","value":"old"}]"#, backup, "QLI1107"),
        (r#"[{"key":"B","value":"b"}]"#, "", "QLI1101"),
        (r#"[{"key":"A","value":""}]"#, "", "QLI1102"),
        ("No valid login session found", "", "QLI1102"),
        ("", "", "QLI1102"),
    ] {
        let answer = Answer {
            stderr,
            ..prints(EXPORT, stdout)
        };
        let world = stand_in(world("infisical", &["p/dev#A"]), "infisical", &[answer]);
        assert_refused(&world, &[], code);
    }
}

/// The API of a cluster.
fn cluster(path: &str, _: &str) -> (u16, String) {
    let failure = |code: u16, reason: &str, message: &str| {
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": reason, "message": message, "code": code,
        });
        (code, status)
    };
    let (status, body) = match path.split('?').next().unwrap_or_default() {
        "/api" => (200, json!({ "kind": "APIVersions", "versions": ["v1"] })),
        "/apis" => (
            200,
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [] }),
        ),
        "/api/v1" => {
            let secrets = json!({
                "name": "secrets", "singularName": "secret", "namespaced": true,
                "kind": "Secret", "verbs": ["get", "list"],
            });
            (
                200,
                json!({
                    "kind": "APIResourceList", "groupVersion": "v1", "resources": [secrets],
                }),
            )
        }
        "/api/v1/namespaces/shop/secrets/db" => {
            let data = json!({
                "user": BASE64_STANDARD.encode("u"), "tls.key": BASE64_STANDARD.encode("k\n"),
                "bytes": BASE64_STANDARD.encode(b"\xff\xfe"), "empty": "",
            });
            (
                200,
                json!({
                    "kind": "Secret", "apiVersion": "v1", "type": "Opaque", "data": data,
                    "metadata": { "name": "db", "namespace": "shop" },
                }),
            )
        }
        "/api/v1/namespaces/shop/secrets/root" => failure(
            403,
            "Forbidden",
            "secrets \"root\" is forbidden: User \"u\" cannot get",
        ),
        "/api/v1/namespaces/shop/secrets/login" => failure(401, "Unauthorized", "Unauthorized"),
        _ => failure(404, "NotFound", "secrets \"none\" not found"),
    };
    (status, body.to_string())
}

/// A group whose client knows a cluster at an address.
fn kubernetes(references: &[&str], address: &str) -> World {
    let world = world("kubernetes", references);
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": format!("http://{address}") } }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
        "users": [{ "name": "u", "user": { "token": "t" } }],
    });
    std::fs::write(world.path("kubeconfig"), config.to_string()).unwrap();
    real(world, "kubectl", &installed("kubectl", "kubectl"))
}

fn cluster_address() -> &'static str {
    static ADDRESS: OnceLock<String> = OnceLock::new();
    ADDRESS.get_or_init(|| serve(cluster))
}

#[test]
fn kubernetes_serves_all_keys_of_a_secret_by_one_call() {
    let references = ["shop/db#user", "shop/db#tls.key", "shop/db#bytes"];
    let world = kubernetes(&references, cluster_address());
    let values: [&[u8]; 3] = [b"u", b"k\n", b"\xff\xfe"];
    assert_shows(&world, &[("KUBECONFIG", "kubeconfig")], &values);
    assert_calls(&world, "kubectl", 1);
}

#[test]
fn a_failure_of_kubernetes_is_reported_by_its_meaning() {
    for (reference, address, code) in [
        ("shop/none#user", cluster_address(), "QLI1101"),
        ("shop/db#none", cluster_address(), "QLI1101"),
        ("shop/db#empty", cluster_address(), "QLI1102"),
        ("shop/root#user", cluster_address(), "QLI1106"),
        ("shop/login#user", cluster_address(), "QLI1105"),
        ("shop/db#user", "127.0.0.1:1", "QLI1107"),
    ] {
        let world = kubernetes(&[reference], address);
        assert_refused(&world, &[("KUBECONFIG", "kubeconfig")], code);
    }
}

#[test]
fn chamber_is_called_for_each_key() {
    let world = world("chamber", &["shop/a", "shop/b", "shop/c"]);
    let [a, b, c] = ["read -q shop a", "read -q shop b", "read -q shop c"];
    let answers = [prints(a, "a\n"), prints(b, "b\n\n"), prints(c, "c")];
    let world = stand_in(world, "chamber", &answers);
    assert!(explained(&world).contains("3 calls of"));
    assert_shows(&world, &[], &["a", "b\n", "c"]);
    assert_eq!(calls(&world, "chamber"), [a, b, c]);
    let failures = [
        ("QLI1101", 1, "Error: Failed to read: secret not found\n"),
        (
            "QLI1106",
            1,
            "Error: Failed to read: AccessDeniedException: no\n",
        ),
        (
            "QLI1105",
            1,
            "Error: failed to refresh cached credentials, no EC2 IMDS role found, dial tcp\n",
        ),
        (
            "QLI1107",
            1,
            "Error: Failed to read: dial tcp: no such host\n",
        ),
        (
            "QLI1104",
            1,
            "Error: Failed to get secret store: no region\n",
        ),
    ];
    assert_failures("chamber", "chamber", "shop/a", a, &failures);
}
