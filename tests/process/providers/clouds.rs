//! The secret stores of AWS, Google Cloud and Azure.

use std::process::Child;
use std::sync::OnceLock;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::http::{free_port, send, serve, start};
use super::{
    assert_calls, assert_refused, assert_shows, calls, environment, explained, fails, installed,
    prints, real, real_with, stand_in, world,
};
use crate::support::{tool, until};

/// A server with secrets and parameters.
struct Moto {
    _server: Child,
    url: String,
    /// Identifies a secret.
    arn: String,
}

fn moto() -> &'static Moto {
    static MOTO: OnceLock<Moto> = OnceLock::new();
    MOTO.get_or_init(|| {
        let port = free_port().to_string();
        let address = format!("127.0.0.1:{port}");
        let server = start(&tool("bin/moto_server"), &["-H", "127.0.0.1", "-p", &port]);
        let request = |service: &str, target: &str, body: &Value| {
            let header = format!(
                "Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/{service}/\
                 aws4_request, SignedHeaders=host, Signature=b\r\n\
                 Content-Type: application/x-amz-json-1.1\r\nX-Amz-Target: {target}"
            );
            send(&address, "POST /", &header, &body.to_string())
        };
        let secret = |body: &Value| request("secretsmanager", "secretsmanager.CreateSecret", body);
        let named = json!({ "Name": "named", "SecretString": "v\n" });
        let created = until("moto", || secret(&named));
        let created: Value = serde_json::from_str(&created).unwrap();
        for body in [
            json!({ "Name": "app/db", "SecretString": r#"{"user":"u","port":5432}"# }),
            json!({ "Name": "bytes", "SecretBinary": BASE64_STANDARD.encode(b"\xff\xfe\n") }),
        ] {
            secret(&body).unwrap();
        }
        for (name, value) in [("/app/a", "a\n"), ("/app/b", "b"), ("/app/c", "c")] {
            let body = json!({ "Name": name, "Value": value, "Type": "SecureString" });
            request("ssm", "AmazonSSM.PutParameter", &body).unwrap();
        }
        Moto {
            _server: server,
            url: format!("http://{address}"),
            arn: created["ARN"].as_str().unwrap().to_owned(),
        }
    })
}

/// The variables for a server's client. Some change what it prints.
fn aws(url: &str) -> [(&str, &str); 8] {
    [
        ("AWS_ENDPOINT_URL", url),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "a"),
        ("AWS_SECRET_ACCESS_KEY", "b"),
        ("AWS_MAX_ATTEMPTS", "1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_DEFAULT_OUTPUT", "text"),
        ("AWS_CLI_AUTO_PROMPT", "on"),
    ]
}

#[test]
fn aws_secretsmanager_serves_twenty_secrets_by_one_call() {
    let Moto { url, arn, .. } = moto();
    let references = ["named", "app/db#user", "app/db#port", "bytes", arn];
    let world = real(
        world("aws_secretsmanager", &references),
        "aws",
        &tool("bin/aws"),
    );
    let values: [&[u8]; 5] = [b"v\n", b"u", b"5432", b"\xff\xfe\n", b"v\n"];
    assert_shows(&world, &aws(url), &values);
    assert_calls(&world, "aws", 1);
    let environment = environment(&world, "aws");
    assert!(environment.contains("AWS_PAGER=\n"));
    assert!(!environment.contains("AWS_DEFAULT_OUTPUT"));
    let many: Vec<_> = (0..41).map(|number| format!("s{number}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    for (provider, expected) in [
        ("aws_secretsmanager", "3 calls of"),
        ("aws_ssm", "5 calls of"),
    ] {
        let many: Vec<_> = many.iter().map(|name| format!("/{name}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        let world = stand_in(super::world(provider, &many), "aws", &[]);
        assert!(explained(&world).contains(expected), "{provider}");
    }
}

/// The client of Debian 12 knows no batch.
#[test]
fn aws_secretsmanager_without_a_batch_is_called_for_each_secret() {
    let Moto { url, .. } = moto();
    let client = installed("aws", "awscli");
    let world = world(
        "aws_secretsmanager",
        &["named", "app/db#user", "app/db#port"],
    );
    let world = real_with(world, "aws", &client, &format!("--endpoint-url {url}"));
    assert_shows(&world, &aws(url), &["v\n", "u", "5432"]);
    assert_calls(&world, "aws", 3);
}

#[test]
fn aws_ssm_serves_ten_parameters_by_one_call() {
    let Moto { url, .. } = moto();
    let world = world("aws_ssm", &["/app/a", "/app/b", "/app/c"]);
    let world = real(world, "aws", &tool("bin/aws"));
    assert_shows(&world, &aws(url), &["a\n", "b", "c"]);
    assert_calls(&world, "aws", 1);
}

#[test]
fn a_failure_of_the_client_of_aws_is_reported_by_its_meaning() {
    let Moto { url, .. } = moto();
    let signed_out = |mut variables: [(&'static str, &'static str); 8]| {
        variables[2].1 = "";
        variables[3].1 = "";
        variables
    };
    for (provider, references, variables, code, count) in [
        (
            "aws_secretsmanager",
            &["named", "none"][..],
            aws(url),
            "QLI1101",
            2,
        ),
        (
            "aws_secretsmanager",
            &["app/db#none"],
            aws(url),
            "QLI1101",
            1,
        ),
        ("aws_secretsmanager", &["named#key"], aws(url), "QLI1102", 1),
        ("aws_ssm", &["/app/a", "/none"], aws(url), "QLI1101", 2),
        (
            "aws_ssm",
            &["/app/a", "/app/b"],
            signed_out(aws(url)),
            "QLI1105",
            1,
        ),
        (
            "aws_ssm",
            &["/app/a", "/app/b"],
            aws("http://127.0.0.1:1"),
            "QLI1107",
            1,
        ),
    ] {
        let world = real(world(provider, references), "aws", &tool("bin/aws"));
        let stderr = assert_refused(&world, &variables, code);
        assert_calls(&world, "aws", count);
        assert!(
            code != "QLI1105" || stderr.contains("aws sso login"),
            "{stderr}"
        );
    }
}

/// Version 2 of the client has other exit codes than version 1, and a batch needs a right
/// of its own.
#[test]
fn what_the_client_of_aws_writes_says_what_a_failure_means() {
    let single = "secretsmanager get-secret-value --output json --secret-id a";
    for (code, exit, stderr) in [
        (
            "QLI1106",
            254,
            "An error occurred (AccessDeniedException) when calling\n",
        ),
        (
            "QLI1105",
            255,
            "Error loading SSO Token: Token for corp does not exist\n",
        ),
        (
            "QLI1105",
            253,
            "Unable to locate credentials. You can configure credentials\n",
        ),
        (
            "QLI1104",
            253,
            "You must specify a region. You can also configure your region\n",
        ),
        (
            "QLI1104",
            255,
            "The config profile (corp) could not be found\n",
        ),
    ] {
        let world = stand_in(
            world("aws_secretsmanager", &["a"]),
            "aws",
            &[fails(single, exit, stderr)],
        );
        assert_refused(&world, &[], code);
    }
    let batch = "secretsmanager batch-get-secret-value --output json --secret-id-list a b";
    let denied = "An error occurred (AccessDeniedException) when calling\n";
    let other = "secretsmanager get-secret-value --output json --secret-id b";
    let answers = [
        fails(batch, 254, denied),
        prints(single, r#"{"Name":"a","SecretString":"va"}"#),
        prints(other, r#"{"Name":"b","SecretString":"vb"}"#),
    ];
    let world = stand_in(world("aws_secretsmanager", &["a", "b"]), "aws", &answers);
    assert_shows(&world, &[], &["va", "vb"]);
    assert_eq!(calls(&world, "aws"), [batch, single, other]);
}

/// The API of Secret Manager.
fn secret_manager(path: &str, _: &str) -> (u16, String) {
    let payload = |value: &[u8]| {
        (
            200,
            json!({ "payload": { "data": BASE64_STANDARD.encode(value) } }),
        )
    };
    let failure = |code: u16, status: &str| {
        (
            code,
            json!({ "error": { "code": code, "status": status, "message": "no" } }),
        )
    };
    let (status, body) = match path.split('?').next().unwrap_or_default() {
        "/v1/projects/shop/secrets/db/versions/latest:access" => payload(b"v\n"),
        "/v1/projects/shop/secrets/bytes/versions/3:access" => payload(b"\xff\xfe?>\n"),
        "/v1/projects/shop/secrets/root/versions/latest:access" => {
            failure(403, "PERMISSION_DENIED")
        }
        _ => failure(404, "NOT_FOUND"),
    };
    (status, body.to_string())
}

/// The variables for its client.
fn gcloud(token: &str) -> [(&str, &str); 3] {
    static URL: OnceLock<String> = OnceLock::new();
    let url = URL.get_or_init(|| format!("http://{}/", serve(secret_manager)));
    [
        ("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER", url),
        ("CLOUDSDK_AUTH_ACCESS_TOKEN", token),
        ("CLOUDSDK_CORE_USER_OUTPUT_ENABLED", "false"),
    ]
}

fn gcloud_client() -> std::path::PathBuf {
    installed("gcloud", "the Google Cloud CLI")
}

#[test]
fn gcp_secretmanager_is_called_for_each_secret() {
    let world = world("gcp_secretmanager", &["shop/db", "shop/bytes/3"]);
    let world = real(world, "gcloud", &gcloud_client());
    let values: [&[u8]; 2] = [b"v\n", b"\xff\xfe?>\n"];
    assert_shows(&world, &gcloud("t"), &values);
    assert_calls(&world, "gcloud", 2);
}

#[test]
fn a_failure_of_gcp_secretmanager_is_reported_by_its_meaning() {
    for (reference, token, code) in [
        ("shop/none", "t", "QLI1101"),
        ("shop/root", "t", "QLI1106"),
        ("shop/db", "", "QLI1105"),
    ] {
        let world = real(
            world("gcp_secretmanager", &[reference]),
            "gcloud",
            &gcloud_client(),
        );
        assert_refused(&world, &gcloud(token), code);
    }
}

/// The real client tries for half a minute.
#[test]
fn gcp_secretmanager_without_network_is_reported_as_unreachable() {
    let args = "secrets versions access latest --secret=db --project=shop --format=json";
    let stderr = "ERROR: gcloud crashed (ConnectionError): HTTPConnectionPool(host='h', port=443): \
                  Max retries exceeded with url: /v1 (Caused by NewConnectionError())\n";
    let world = world("gcp_secretmanager", &["shop/db"]);
    let world = stand_in(world, "gcloud", &[fails(args, 1, stderr)]);
    assert_refused(&world, &[], "QLI1107");
}

#[test]
fn azure_keyvault_is_called_for_each_secret() {
    let show = "keyvault secret show --output json --vault-name=corp";
    let [a, b, c] =
        ["--name=a", "--name=b --version=5f", "--name=c"].map(|name| format!("{show} {name}"));
    let world = world("azure_keyvault", &["corp/a", "corp/b/5f", "corp/c"]);
    let answers = [
        prints(&a, r#"{"name":"a","value":"a\n"}"#),
        prints(&b, r#"{"value":"b"}"#),
        prints(&c, "{\"value\":\"\u{e4}\"}\n"),
    ];
    let world = stand_in(world, "az", &answers);
    assert!(explained(&world).contains("3 calls of"));
    let variables = [("AZURE_CONFIG_DIR", "/az"), ("AZURE_CORE_OUTPUT", "table")];
    assert_shows(&world, &variables, &["a\n", "b", "\u{e4}"]);
    assert_eq!(calls(&world, "az"), [&*a, &b, &c]);
    let environment = environment(&world, "az");
    assert!(environment.contains("AZURE_CONFIG_DIR=/az\n"));
    assert!(!environment.contains("AZURE_CORE_OUTPUT"));
    for (code, exit, stderr) in [
        (
            "QLI1105",
            1,
            "ERROR: Please run 'az login' to setup account.\n",
        ),
        (
            "QLI1101",
            3,
            "ERROR: (SecretNotFound) A secret with (name/id) a was not found\n",
        ),
        (
            "QLI1106",
            1,
            "ERROR: (Forbidden) Caller is not authorized to perform action\n",
        ),
        (
            "QLI1107",
            1,
            "ERROR: <urllib3>: Failed to establish a new connection: [Errno 111]\n",
        ),
        (
            "QLI1107",
            1,
            "ERROR: <urllib3>: Failed to resolve 'corp.vault.azure.net'\n",
        ),
        ("QLI1104", 2, "ERROR: unrecognized arguments\n"),
    ] {
        let world = super::world("azure_keyvault", &["corp/a"]);
        let world = stand_in(world, "az", &[fails(&a, exit, stderr)]);
        assert_refused(&world, &[], code);
    }
}
