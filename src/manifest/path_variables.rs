//! Variables in which programs look for the path of a file, by the programs' manuals.

/// A variable, and the program that reads it.
const PATHS: [(&str, &str); 16] = [
    ("PGPASSFILE", "psql"),
    ("PGSERVICEFILE", "psql"),
    ("PGSSLKEY", "psql"),
    ("KUBECONFIG", "kubectl"),
    (
        "GOOGLE_APPLICATION_CREDENTIALS",
        "Google's client libraries",
    ),
    ("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", "gcloud"),
    ("AWS_SHARED_CREDENTIALS_FILE", "aws"),
    ("AWS_CONFIG_FILE", "aws"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "aws"),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "Azure's client libraries"),
    ("TF_CLI_CONFIG_FILE", "terraform"),
    ("VAULT_CLIENT_KEY", "vault"),
    ("ANSIBLE_VAULT_PASSWORD_FILE", "ansible"),
    ("ANSIBLE_PRIVATE_KEY_FILE", "ansible"),
    ("SOPS_AGE_KEY_FILE", "sops"),
    ("RESTIC_PASSWORD_FILE", "restic"),
];

/// Who reads a variable as a path, as a message says it.
pub(super) fn reader_of_path(name: &str) -> Option<String> {
    let known = PATHS.iter().find(|(variable, _)| *variable == name);
    let by = known.map(|(_, program)| format!("{program} opens it"));
    // The convention of container images: `DB_PASSWORD_FILE`.
    by.or_else(|| name.ends_with("_FILE").then(|| "by its name".to_owned()))
}
