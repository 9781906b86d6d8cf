//! Secret stores that a server keeps.

use super::builder::{array, map};
use super::{BuiltIn, Tried};
use crate::providers::row::{BatchInput, Meaning, Row};

pub(super) const ROWS: &[BuiltIn] = &[
    BuiltIn {
        name: "vault",
        about: "HashiCorp Vault",
        example: "kv/orders/db#password",
        tried: Tried::StandIn,
        row: vault,
    },
    BuiltIn {
        name: "openbao",
        about: "OpenBao",
        example: "kv/orders/db#password",
        tried: Tried::RealTool,
        row: openbao,
    },
    BuiltIn {
        name: "aws_secretsmanager",
        about: "AWS Secrets Manager",
        example: "prod/orders/db#password",
        tried: Tried::RealClient,
        row: aws_secretsmanager,
    },
    BuiltIn {
        name: "aws_ssm",
        about: "AWS Systems Manager Parameter Store",
        example: "/prod/orders/db-password",
        tried: Tried::RealClient,
        row: aws_ssm,
    },
    BuiltIn {
        name: "gcp_secretmanager",
        about: "Google Cloud Secret Manager",
        example: "orders-prod/db-password",
        tried: Tried::RealClient,
        row: gcp_secretmanager,
    },
    BuiltIn {
        name: "azure_keyvault",
        about: "Azure Key Vault",
        example: "orders-prod/db-password",
        tried: Tried::StandIn,
        row: azure_keyvault,
    },
    BuiltIn {
        name: "doppler",
        about: "Doppler",
        example: "orders/prd/DB_PASSWORD",
        tried: Tried::RealClient,
        row: doppler,
    },
    BuiltIn {
        name: "infisical",
        about: "Infisical",
        example: "1d7a0c5e-5b36-4f0e-9f5a-3c1b2a7d4e60/prod/orders#DB_PASSWORD",
        tried: Tried::StandIn,
        row: infisical,
    },
    BuiltIn {
        name: "kubernetes",
        about: "Kubernetes",
        example: "orders/db#password",
        tried: Tried::RealClient,
        row: kubernetes,
    },
    BuiltIn {
        name: "chamber",
        about: "chamber",
        example: "orders/db_password",
        tried: Tried::StandIn,
        row: chamber,
    },
];

fn vault() -> Row {
    key_value_engine("vault", "vault").keep("VAULT_*")
}

fn openbao() -> Row {
    key_value_engine("openbao", "bao").keep("BAO_* VAULT_*")
}

/// One call for all fields of a path. The values are one level deeper in version 2 of the
/// engine, where the level above has objects only.
fn key_value_engine(name: &str, program: &str) -> Row {
    Row::of(name, program, "mount/path#field")
        .one(
            "kv get -format=json -mount={mount} {path}",
            "json:/data/data/{field} or json:/data/{field}",
        )
        .drop("VAULT_FORMAT BAO_FORMAT")
        .fail("No value found at", Meaning::Missing)
        .fail("Code: 403", Meaning::Denied)
        .fail("dial tcp", Meaning::Network)
        .sign_in(&format!("{program} login"))
        .probe("token lookup")
}

fn aws(name: &str, shape: &str) -> Row {
    Row::of(name, "aws", shape)
        .keep("AWS_*")
        .drop("AWS_CLI_AUTO_PROMPT AWS_DEFAULT_OUTPUT")
        .set("AWS_PAGER", "")
        .fail("ResourceNotFoundException", Meaning::Missing)
        .fail("ParameterNotFound", Meaning::Missing)
        .fail("AccessDeniedException", Meaning::Denied)
        .fail("Unable to locate credentials", Meaning::SignedOut)
        .fail("Error loading SSO Token", Meaning::SignedOut)
        .fail(
            "The SSO session associated with this profile has expired",
            Meaning::SignedOut,
        )
        .fail("Could not connect to", Meaning::Network)
        .fail("Connect timeout on", Meaning::Network)
        .sign_in("aws sso login")
        .probe("sts get-caller-identity")
}

fn aws_secretsmanager() -> Row {
    let shape = "id[#key]";
    let value = "json:/SecretString | json:/{key} or json:/SecretBinary | base64 | json:/{key}";
    aws("aws_secretsmanager", shape)
        .one(
            "secretsmanager get-secret-value --output json --secret-id {id}",
            value,
        )
        .many(
            "secretsmanager batch-get-secret-value --output json --secret-id-list",
            "{id}",
            BatchInput::Arguments,
            array(shape, "/SecretValues", "Name ARN", value),
        )
        .max(20)
}

fn aws_ssm() -> Row {
    let shape = "/path";
    aws("aws_ssm", shape)
        .one(
            "ssm get-parameter --with-decryption --output json --name {ref}",
            "json:/Parameter/Value",
        )
        .many(
            "ssm get-parameters --with-decryption --output json --names",
            "{ref}",
            BatchInput::Arguments,
            array(shape, "/Parameters", "Name", "json:/Value"),
        )
        .max(10)
}

/// Printed plainly, the bytes of a value would be forced into UTF-8.
fn gcp_secretmanager() -> Row {
    Row::of("gcp_secretmanager", "gcloud", "project/secret[/version]")
        .one(
            "secrets versions access {version|latest} --secret={secret} --project={project} \
             --format=json",
            "json:/payload/data | base64",
        )
        .keep("CLOUDSDK_*")
        .drop("CLOUDSDK_CORE_LOG_HTTP CLOUDSDK_CORE_VERBOSITY CLOUDSDK_CORE_USER_OUTPUT_ENABLED")
        .set("CLOUDSDK_CORE_DISABLE_PROMPTS", "1")
        .fail("NOT_FOUND:", Meaning::Missing)
        .fail("PERMISSION_DENIED:", Meaning::Denied)
        .fail(
            "do not currently have an active account",
            Meaning::SignedOut,
        )
        .fail("There was a problem refreshing", Meaning::SignedOut)
        .fail("Max retries exceeded with url", Meaning::Network)
        .sign_in("gcloud auth login")
        .probe("auth print-access-token")
        .timeout(60)
}

fn azure_keyvault() -> Row {
    Row::of("azure_keyvault", "az", "vault/secret[/version]")
        .one(
            "keyvault secret show --output json --vault-name={vault} --name={secret} \
             --version={version}",
            "json:/value",
        )
        .keep("AZURE_*")
        .drop("AZURE_CORE_OUTPUT")
        .fail("SecretNotFound", Meaning::Missing)
        .fail("Forbidden", Meaning::Denied)
        .fail("az login", Meaning::SignedOut)
        .fail("Failed to establish a new connection", Meaning::Network)
        .fail("Failed to resolve", Meaning::Network)
        .sign_in("az login")
        .probe("account show")
        .timeout(60)
}

fn doppler() -> Row {
    let shape = "project/config/NAME";
    Row::of("doppler", "doppler", shape)
        .one(
            "secrets get --json --no-check-version --project={project} --config={config} {NAME}",
            "json:/{NAME}/computed",
        )
        .many(
            "secrets get --json --no-check-version --project={project} --config={config}",
            "{NAME}",
            BatchInput::Arguments,
            map(shape, "json:/computed"),
        )
        .keep("DOPPLER_* DBUS_SESSION_BUS_ADDRESS")
        .fail("you must provide a token", Meaning::SignedOut)
        .fail("Invalid Auth token", Meaning::SignedOut)
        .fail("Could not find requested", Meaning::Missing)
        .fail("does not have access", Meaning::Denied)
        .fail("dial tcp", Meaning::Network)
        .sign_in("doppler login")
        .probe("me --no-check-version")
}

/// Offline it prints what it has fetched before, with a warning.
fn infisical() -> Row {
    Row::of("infisical", "infisical", "project/env[/folder]#NAME")
        .one(
            "export --format=json --silent --projectId={project} --env={env} --path=/{folder|}",
            "member: key={NAME} value",
        )
        .keep("INFISICAL_* DBUS_SESSION_BUS_ADDRESS")
        .set("INFISICAL_DISABLE_UPDATE_CHECK", "1")
        .warned(
            "serving secrets from last successful fetch",
            Meaning::Network,
        )
        .fail("infisical login", Meaning::SignedOut)
        .fail("status-code=401", Meaning::SignedOut)
        .fail("status-code=403", Meaning::Denied)
        .fail("status-code=404", Meaning::Missing)
        .fail("dial tcp", Meaning::Network)
        .sign_in("infisical login")
}

/// One call for all keys of a secret. The client runs the plugin that signs in to a
/// cluster, which has the variables of its cloud.
fn kubernetes() -> Row {
    Row::of("kubernetes", "kubectl", "namespace/secret#key")
        .one(
            "get secret {secret} --namespace={namespace} --output=json",
            "json:/data/{key} | base64",
        )
        .keep("KUBECONFIG AWS_* AZURE_* CLOUDSDK_* GOOGLE_APPLICATION_CREDENTIALS")
        .drop("AWS_CLI_AUTO_PROMPT AWS_DEFAULT_OUTPUT AZURE_CORE_OUTPUT")
        .fail("(NotFound)", Meaning::Missing)
        .fail("(Forbidden)", Meaning::Denied)
        .fail("You must be logged in to the server", Meaning::SignedOut)
        .fail("did you specify the right host or port", Meaning::Network)
        .fail("Unable to connect to the server", Meaning::Network)
        .probe("auth whoami")
}

fn chamber() -> Row {
    Row::of("chamber", "chamber", "service/key")
        .one("read -q {service} {key}", "line")
        .keep("AWS_* CHAMBER_*")
        .drop("AWS_CLI_AUTO_PROMPT")
        .fail("secret not found", Meaning::Missing)
        .fail("AccessDenied", Meaning::Denied)
        .fail("failed to refresh cached credentials", Meaning::SignedOut)
        .fail("dial tcp", Meaning::Network)
        .sign_in("aws sso login")
}
