//! What holds for every row.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use super::*;
use crate::providers::Provider;
use crate::providers::argument::arguments;
use crate::providers::reference::Malformed;
use crate::providers::row::Calls;

/// The built-in providers that call a program.
const NAMES: &str = "one_password bitwarden bitwarden_sm rbw vault openbao aws_secretsmanager \
    aws_ssm gcp_secretmanager azure_keyvault doppler infisical pass gopass gpg age sops \
    kubernetes secret_service macos_keychain systemd_creds keepassxc ansible_vault lastpass \
    proton_pass dashlane keeper keyring chamber";

/// Those that do not.
const LOCAL: &str = "env file dotenv credential";

/// Change what a program prints, or make it print values elsewhere.
const SHAPE_THE_OUTPUT: &str = "VAULT_FORMAT BAO_FORMAT BW_QUIET BW_RESPONSE BW_PRETTY BW_RAW \
    BW_CLEANEXIT BITWARDENCLI_DEBUG BWS_DEBUG AWS_CLI_AUTO_PROMPT OP_FORMAT OP_DEBUG KSM_DEBUG \
    GOPASS_DEBUG GOPASS_DEBUG_LOG GOPASS_DEBUG_LOG_SECRETS";

/// Programs without a command that signs in, and why.
const NO_SIGN_IN: [(&str, &str); 6] = [
    ("age", "its key is a file"),
    ("keepassxc", "its key is a file"),
    ("kubernetes", "each cluster has its own"),
    (
        "secret_service",
        "the desktop asks for the password of a keyring",
    ),
    ("sops", "the key may come from anywhere"),
    ("systemd_creds", "its key belongs to the machine"),
];

/// Programs that cannot be asked whether they are ready, and why.
const NO_PROBE: [(&str, &str); 9] = [
    ("age", "each file has its key"),
    ("ansible_vault", "each file has its password"),
    ("chamber", "it has no command that asks for nothing"),
    ("infisical", "it has no command that asks for nothing"),
    ("keepassxc", "each file has its key"),
    ("macos_keychain", "each item asks by itself"),
    ("secret_service", "it has no command that asks for nothing"),
    ("sops", "each file has its key"),
    (
        "systemd_creds",
        "it may be used without a key that it would look for",
    ),
];

fn all() -> impl Iterator<Item = (&'static BuiltIn, Row)> {
    rows().map(|built_in| (built_in, (built_in.row)()))
}

#[test]
fn every_provider_that_is_promised_is_there_under_its_name() {
    let names = |text: &'static str| text.split_whitespace().collect::<BTreeSet<_>>();
    let found: BTreeSet<_> = rows().map(|built_in| built_in.name).collect();
    assert_eq!(found, names(NAMES));
    let local = Provider::built_in().filter(|name| !found.contains(name));
    let local: BTreeSet<_> = local.collect();
    assert!(local.is_subset(&names(LOCAL)), "{local:?}");
    for (built_in, row) in all() {
        assert_eq!(built_in.name, row.name);
    }
}

#[test]
fn an_example_is_a_reference_and_without_one_of_its_parts_it_is_none() {
    for (built_in, row) in all() {
        let (name, example) = (built_in.name, built_in.example);
        assert_eq!(row.check(example), Ok(()), "{name}");
        assert_ne!(row.check(""), Ok(()), "{name}");
        let parts = row.split(example).unwrap();
        for part in row.shape.names() {
            let Some(value) = parts.get(part) else {
                continue;
            };
            let without = example.replacen(value, "", 1);
            assert_ne!(row.check(&without), Ok(()), "{name} {without}");
        }
    }
}

#[test]
fn no_part_is_taken_for_an_option_or_ends_an_argument() {
    for (built_in, row) in all() {
        let (name, example) = (built_in.name, built_in.example);
        let parts = row.split(example).unwrap();
        for value in row.shape.names().filter_map(|part| parts.get(part)) {
            let check = |text: &str| row.check(&example.replacen(value, text, 1));
            let option = check(&format!("-{value}"));
            assert!(
                matches!(option, Err(Malformed::Option(_))),
                "{name} -{value}"
            );
            let nul = check(&format!("{value}\0"));
            assert!(matches!(nul, Err(Malformed::Nul(_))), "{name} {value}");
        }
    }
}

#[test]
fn a_part_is_a_whole_argument_or_its_end() {
    for (built_in, row) in all() {
        let parts = row.split(built_in.example).unwrap();
        let Calls::Arguments { one, .. } = &row.calls else {
            continue;
        };
        for argument in arguments(one, &parts) {
            let values = row.shape.names().filter_map(|part| parts.get(part));
            let mut inside = values.filter(|value| argument.contains(value));
            let is_whole = argument.ends_with(built_in.example);
            let is_end = is_whole || inside.all(|value| argument.ends_with(value));
            assert!(is_end, "{}: {argument}", built_in.name);
        }
    }
}

#[test]
fn a_program_does_not_get_variables_that_shape_its_output() {
    let shaping = || SHAPE_THE_OUTPUT.split(' ').filter(|name| !name.is_empty());
    let own: BTreeMap<_, _> = shaping()
        .map(|name| (OsString::from(name), OsString::from("json")))
        .collect();
    for (built_in, row) in all() {
        let given = row.environment.of(&own, &[]);
        let given: Vec<_> = given.iter().filter(|(_, value)| *value == "json").collect();
        assert!(given.is_empty(), "{}: {given:?}", built_in.name);
    }
}

#[test]
fn a_row_names_the_command_that_signs_in_and_a_probe() {
    let excused = |list: &[(&str, &str)], name| list.iter().any(|(one, _)| *one == name);
    for (built_in, row) in all() {
        let name = built_in.name;
        assert_ne!(row.sign_in.is_some(), excused(&NO_SIGN_IN, name), "{name}");
        assert_ne!(!row.probe.is_empty(), excused(&NO_PROBE, name), "{name}");
    }
}
