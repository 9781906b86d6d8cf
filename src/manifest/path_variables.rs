//! What programs look for in variables that may hold a secret, by the programs' manuals.

use super::Deliver;

/// What a program takes the text of a variable for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// The path of a file.
    Path,
    /// The secret itself.
    Value,
}

use Reads::{Path, Value};

/// A variable, the program that reads it, and as what. Any other that ends in `_FILE` is a
/// path, by the convention of container images: `DB_PASSWORD_FILE`.
const VARIABLES: [(&str, &str, Reads); 29] = [
    ("PGPASSFILE", "psql", Path),
    ("PGSERVICEFILE", "psql", Path),
    ("PGSSLKEY", "psql", Path),
    ("PGPASSWORD", "psql", Value),
    ("MYSQL_PWD", "mysql", Value),
    ("KUBECONFIG", "kubectl", Path),
    ("GOOGLE_APPLICATION_CREDENTIALS", "Google's libraries", Path),
    ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "gcloud", Path),
    ("CLOUDSDK_AUTH_ACCESS_TOKEN", "gcloud", Value),
    ("AWS_SHARED_CREDENTIALS_FILE", "aws", Path),
    ("AWS_CONFIG_FILE", "aws", Path),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws", Path),
    ("AWS_ACCESS_KEY_ID", "aws", Value),
    ("AWS_SECRET_ACCESS_KEY", "aws", Value),
    ("AWS_SESSION_TOKEN", "aws", Value),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "Azure's libraries", Path),
    ("AZURE_CLIENT_SECRET", "Azure's libraries", Value),
    ("TF_CLI_CONFIG_FILE", "terraform", Path),
    ("VAULT_CLIENT_KEY", "vault", Path),
    ("VAULT_TOKEN", "vault", Value),
    ("ANSIBLE_VAULT_PASSWORD_FILE", "ansible", Path),
    ("ANSIBLE_PRIVATE_KEY_FILE", "ansible", Path),
    ("SOPS_AGE_KEY_FILE", "sops", Path),
    ("SOPS_AGE_KEY", "sops", Value),
    ("RESTIC_PASSWORD_FILE", "restic", Path),
    ("RESTIC_PASSWORD", "restic", Value),
    ("SSHPASS", "sshpass", Value),
    ("GITHUB_TOKEN", "gh", Value),
    ("GH_TOKEN", "gh", Value),
];

/// What is wrong with a variable that has what `deliver` gives it, and the program that
/// reads something else there; none if no program is known to.
pub(super) fn misread(name: &str, deliver: Deliver) -> Option<(&'static str, &'static str)> {
    let known = VARIABLES.iter().find(|(variable, ..)| *variable == name);
    let conventional = || name.ends_with("_FILE").then_some(("", Path));
    let known = known.map(|(_, program, reads)| (*program, *reads));
    match (known.or_else(conventional)?, deliver.is_env()) {
        ((program, Path), true) => Some(("should be a path, but would be the value", program)),
        ((program, Value), false) => Some(("should be the value, but would be a path", program)),
        ((_, Path), false) | ((_, Value), true) => None,
    }
}
