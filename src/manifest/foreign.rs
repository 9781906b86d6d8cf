//! Spellings of other tools: names of providers, and references.

use std::ops::Range;

use super::Located;
use super::findings::Findings;
use crate::diagnostics::{Code, Safety, nearest, quoted};
use crate::names::SecretRef;
use crate::providers::{Parts, Provider, Shape};

/// How other tools name what a built-in provider is.
const NAMES: &[(&str, &str)] = &[
    ("1password", "one_password"),
    ("onepassword", "one_password"),
    ("op", "one_password"),
    ("bw", "bitwarden"),
    ("vaultwarden", "bitwarden"),
    ("bws", "bitwarden_sm"),
    ("bitwarden-secrets-manager", "bitwarden_sm"),
    ("hashicorp_vault", "vault"),
    ("hashicorp-vault", "vault"),
    ("hcvault", "vault"),
    ("bao", "openbao"),
    ("aws", "aws_secretsmanager"),
    ("aws-sm", "aws_secretsmanager"),
    ("awssm", "aws_secretsmanager"),
    ("awssecrets", "aws_secretsmanager"),
    ("aws_secrets_manager", "aws_secretsmanager"),
    ("aws-secrets-manager", "aws_secretsmanager"),
    ("aws-ps", "aws_ssm"),
    ("awsps", "aws_ssm"),
    ("awsssm", "aws_ssm"),
    ("ssm", "aws_ssm"),
    ("aws_parameter_store", "aws_ssm"),
    ("aws-parameter-store", "aws_ssm"),
    ("gcp", "gcp_secretmanager"),
    ("gcp-sm", "gcp_secretmanager"),
    ("gcsm", "gcp_secretmanager"),
    ("gcpsecrets", "gcp_secretmanager"),
    ("gcp_secret_manager", "gcp_secretmanager"),
    ("google_secret_manager", "gcp_secretmanager"),
    ("azure", "azure_keyvault"),
    ("azure-sm", "azure_keyvault"),
    ("azure_key_vault", "azure_keyvault"),
    ("akv", "azure_keyvault"),
    ("k8s", "kubernetes"),
    ("kubectl", "kubernetes"),
    ("keychain", "macos_keychain"),
    ("security", "macos_keychain"),
    ("password-store", "pass"),
    ("passwordstore", "pass"),
    ("keepass", "keepassxc"),
    ("kdbx", "keepassxc"),
    ("gnupg", "gpg"),
    ("ansible-vault", "ansible_vault"),
    ("lpass", "lastpass"),
    ("protonpass", "proton_pass"),
    ("dcli", "dashlane"),
    ("ksm", "keeper"),
    ("libsecret", "secret_service"),
    ("secret-tool", "secret_service"),
    ("gnome-keyring", "secret_service"),
    ("systemd-creds", "systemd_creds"),
    ("systemd", "credential"),
    ("environment", "env"),
    (".env", "dotenv"),
    ("plain", "file"),
];

/// How another tool, or another provider, writes references.
struct Spelling {
    /// Whose it is.
    tool: &'static str,
    begins: &'static str,
    /// Ours for it.
    provider: &'static str,
    /// Shapes of the rest, each with the parts of our reference; the first that fits is
    /// used. None if it names a store rather than a secret.
    forms: &'static [(&'static str, &'static str)],
}

const fn of_vals(
    begins: &'static str,
    provider: &'static str,
    forms: &'static [(&'static str, &'static str)],
) -> Spelling {
    Spelling {
        tool: "vals",
        begins,
        provider,
        forms,
    }
}

/// Its addresses name stores, in which secrets are found by project and name.
const fn of_secretspec(begins: &'static str, provider: &'static str) -> Spelling {
    Spelling {
        tool: "secretspec",
        begins,
        provider,
        forms: &[],
    }
}

const fn of_provider(begins: &'static str, provider: &'static str) -> Spelling {
    Spelling {
        tool: provider,
        begins,
        provider,
        forms: &[],
    }
}

const SPELLINGS: &[Spelling] = &[
    // https://github.com/helmfile/vals
    of_vals(
        "ref+vault://",
        "vault",
        &[("mount/path#/field", "{mount}/{path}#{field}")],
    ),
    of_vals(
        "ref+awssecrets://",
        "aws_secretsmanager",
        &[("id#/key", "{id}#{key}"), ("id", "{id}")],
    ),
    of_vals("ref+awsssm://", "aws_ssm", &[("path", "/{path}")]),
    of_vals(
        "ref+gcpsecrets://",
        "gcp_secretmanager",
        &[("project/secret", "{project}/{secret}")],
    ),
    of_vals(
        "ref+azurekeyvault://",
        "azure_keyvault",
        &[
            ("vault/secret/version", "{vault}/{secret}/{version}"),
            ("vault/secret", "{vault}/{secret}"),
        ],
    ),
    of_vals("ref+sops://", "sops", &[("file#key", "{file}#{key}")]),
    of_vals("ref+op://", "one_password", &[("path", "op://{path}")]),
    of_vals(
        "ref+k8s://v1/Secret/",
        "kubernetes",
        &[("namespace/secret/key", "{namespace}/{secret}#{key}")],
    ),
    of_vals(
        "ref+doppler://",
        "doppler",
        &[("project/config/name", "{project}/{config}/{name}")],
    ),
    of_vals(
        "ref+bw://",
        "bitwarden",
        &[("item/field", "{item}#{field}")],
    ),
    of_vals("ref+infisical://", "infisical", &[]),
    of_vals("ref+keychain://", "macos_keychain", &[]),
    of_vals("ref+file://", "file", &[("path", "{path}")]),
    // https://secretspec.dev
    of_secretspec("awssm://", "aws_secretsmanager"),
    of_secretspec("awsps://", "aws_ssm"),
    of_secretspec("gcsm://", "gcp_secretmanager"),
    of_secretspec("akv://", "azure_keyvault"),
    of_secretspec("vault://", "vault"),
    of_secretspec("openbao://", "openbao"),
    of_secretspec("keyring://", "keyring"),
    of_secretspec("onepassword://", "one_password"),
    of_secretspec("onepassword+token://", "one_password"),
    of_secretspec("lastpass://", "lastpass"),
    of_secretspec("bws://", "bitwarden_sm"),
    of_secretspec("bitwarden://", "bitwarden"),
    of_secretspec("protonpass://", "proton_pass"),
    of_secretspec("dotenv://", "dotenv"),
    of_secretspec("env://", "env"),
    // Our own.
    of_provider("op://", "one_password"),
    of_provider("pass://", "proton_pass"),
    of_provider("dl://", "dashlane"),
    of_provider("keeper://", "keeper"),
];

impl Spelling {
    fn of(reference: &str, provider: &str) -> Option<&'static Self> {
        let mut all = SPELLINGS.iter();
        all.find(|one| {
            let is_own = one.tool == provider;
            reference.starts_with(one.begins) && !is_own
        })
    }

    /// Our reference, if it says the same.
    fn rewritten(&self, reference: &str) -> Option<String> {
        if self.tool == self.provider {
            let checked = Provider::named(self.provider)?.check(reference);
            return checked.ok().map(|()| reference.to_owned());
        }
        let rest = reference.strip_prefix(self.begins)?;
        // Parameters after `?` choose an account or a version.
        if rest.contains('?') {
            return None;
        }
        let mut forms = self.forms.iter();
        let ours = forms.find_map(|(theirs, ours)| {
            let parts = Shape::parse(theirs).ok()?.split(rest).ok()?;
            Some(filled(ours, &parts))
        })?;
        let checked = Provider::named(self.provider)?.check(&ours);
        checked.ok().map(|()| ours)
    }

    fn help(&self, rewritten: Option<&str>) -> String {
        let provider = self.provider;
        let example = || Provider::example(provider);
        match (rewritten, example()) {
            (Some(ours), _) => format!("write `ref = \"{ours}\"` with `provider = \"{provider}\"`"),
            (None, Some(example)) => {
                format!("with `provider = \"{provider}\"`, a `ref` is like `\"{example}\"`")
            }
            (None, None) => {
                format!("`provider = \"{provider}\"` has this: `qli help secrets` shows its `ref`")
            }
        }
    }
}

/// A text with each `{part}` replaced.
fn filled(text: &str, parts: &Parts) -> String {
    let mut pieces = text.split('{');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |filled, piece| {
        let (name, after) = piece.split_once('}').unwrap_or((piece, ""));
        filled + parts.get(name).unwrap_or_default() + after
    })
}

/// Reports a reference in the spelling of another tool or provider. A team's own provider
/// may have any references.
pub(super) fn is_foreign(
    reference: &Located<SecretRef>,
    provider: &Provider,
    found: &mut Findings<'_>,
) -> bool {
    let name = provider.name();
    let written = plain(reference.value.as_str());
    let is_built_in = Provider::built_in().any(|one| one == name);
    let Some(spelling) = Spelling::of(written, name).filter(|_| is_built_in) else {
        return false;
    };
    let quoted = quoted(&reference.value.to_string());
    let message = format!("{quoted} is how `{}` writes a reference", spelling.tool);
    let span = reference.span.clone();
    let mut diagnostic = found.at(Code::ForeignReference, span.clone(), message);
    let rewritten = spelling.rewritten(written);
    diagnostic = diagnostic.help(spelling.help(rewritten.as_deref()));
    if let Some(ours) = rewritten.filter(|_| name == spelling.provider) {
        diagnostic = diagnostic.fix(Safety::Safe, span, &toml_string(&ours));
    }
    found.push(diagnostic);
    true
}

/// vals has two names for its references.
fn plain(reference: &str) -> &str {
    let without = reference.strip_prefix("secret");
    let without = without.filter(|rest| rest.starts_with("ref+"));
    without.unwrap_or(reference)
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Reports the name of a provider that is not known.
pub(super) fn unknown_provider(written: &str, span: Range<usize>, found: &mut Findings<'_>) {
    let message = format!("unknown provider {}", quoted(written));
    let mut names: Vec<&str> = Provider::built_in().collect();
    names.extend(found.providers.keys().map(String::as_str));
    let help = match ours(written).or_else(|| nearest(written, names)) {
        Some(close) => format!("did you mean `{close}`?"),
        None => "`qli help secrets` lists the built-in providers; others need a table \
            `[providers.NAME]`"
            .to_owned(),
    };
    found.wrong(Code::UnknownProvider, span, message, help);
}

/// The provider that other tools call by this name.
fn ours(name: &str) -> Option<&'static str> {
    let mut names = NAMES.iter();
    names.find_map(|(theirs, ours)| name.eq_ignore_ascii_case(theirs).then_some(*ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_spelling_leads_to_a_built_in_provider() {
        for (theirs, ours) in NAMES {
            assert!(Provider::named(ours).is_some(), "{ours}");
            assert!(Provider::named(theirs).is_none(), "{theirs}");
        }
        for spelling in SPELLINGS {
            assert!(
                Provider::named(spelling.provider).is_some(),
                "{}",
                spelling.begins
            );
        }
    }

    #[test]
    fn a_rewritten_reference_says_the_same_and_is_well_formed() {
        for (theirs, provider, ours) in [
            (
                "ref+vault://kv/app/db#/password",
                "vault",
                "kv/app/db#password",
            ),
            (
                "ref+awssecrets://app/db#/key",
                "aws_secretsmanager",
                "app/db#key",
            ),
            ("ref+awssecrets://app/db", "aws_secretsmanager", "app/db"),
            ("ref+awsssm://app/db", "aws_ssm", "/app/db"),
            (
                "ref+gcpsecrets://project/db",
                "gcp_secretmanager",
                "project/db",
            ),
            ("ref+azurekeyvault://store/db", "azure_keyvault", "store/db"),
            (
                "ref+azurekeyvault://store/db/0a1b",
                "azure_keyvault",
                "store/db/0a1b",
            ),
            ("ref+sops:///etc/s.yaml#/a/b", "sops", "/etc/s.yaml#/a/b"),
            ("ref+op://v/item/field", "one_password", "op://v/item/field"),
            ("ref+k8s://v1/Secret/ns/db/key", "kubernetes", "ns/db#key"),
            ("ref+doppler://app/prd/DB", "doppler", "app/prd/DB"),
            ("ref+bw://db/password", "bitwarden", "db#password"),
            ("ref+file:///run/secrets/db", "file", "/run/secrets/db"),
            ("op://v/item/field", "one_password", "op://v/item/field"),
            (
                "pass://share/item/field",
                "proton_pass",
                "pass://share/item/field",
            ),
        ] {
            let spelling = Spelling::of(theirs, "env").unwrap();
            let rewritten = spelling.rewritten(theirs);
            assert_eq!(
                (spelling.provider, rewritten.as_deref()),
                (provider, Some(ours)),
                "{theirs}"
            );
        }
    }

    #[test]
    fn what_is_not_certain_is_not_rewritten() {
        for theirs in [
            "ref+awssecrets://app/db?region=eu-west-1",
            "ref+sops://relative.yaml#/a",
            "ref+vault://kv/app/db",
            "awssm://eu-west-1",
            "vault://localhost:8200/secret",
        ] {
            let spelling = Spelling::of(theirs, "env").unwrap();
            assert_eq!(spelling.rewritten(theirs), None, "{theirs}");
        }
        assert!(Spelling::of("op://v/i/f", "one_password").is_none());
        assert!(Spelling::of("kv/app/db#password", "vault").is_none());
    }
}
