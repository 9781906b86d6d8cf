//! Encrypted files, and the keyrings of a machine.

use super::{BuiltIn, Tried};
use crate::providers::row::{Meaning, Row};

pub(super) const ROWS: &[BuiltIn] = &[
    BuiltIn {
        name: "pass",
        about: "pass, the password store",
        example: "ops/database#user",
        tried: Tried::RealTool,
        row: pass,
    },
    BuiltIn {
        name: "gopass",
        about: "gopass",
        example: "ops/database#user",
        tried: Tried::StandIn,
        row: gopass,
    },
    BuiltIn {
        name: "gpg",
        about: "a file that GnuPG encrypted",
        example: "~/secrets/database.gpg",
        tried: Tried::RealTool,
        row: gpg,
    },
    BuiltIn {
        name: "age",
        about: "a file that age encrypted",
        example: "~/secrets/database.age#~/.config/age/key.txt",
        tried: Tried::RealTool,
        row: age,
    },
    BuiltIn {
        name: "sops",
        about: "a value in a file that SOPS encrypted",
        example: "~/ops/secrets.yaml#/database/password",
        tried: Tried::StandIn,
        row: sops,
    },
    BuiltIn {
        name: "ansible_vault",
        about: "a file that Ansible Vault encrypted",
        example: "~/ops/vault.yml#database_password",
        tried: Tried::RealTool,
        row: ansible_vault,
    },
    BuiltIn {
        name: "keepassxc",
        about: "an entry of a KeePass database",
        example: "~/ops.kdbx?keyfile=~/ops.keyx#servers/database#UserName",
        tried: Tried::RealTool,
        row: keepassxc,
    },
    BuiltIn {
        name: "secret_service",
        about: "GNOME Keyring, KWallet and others (Secret Service)",
        example: "service=database,user=ops",
        tried: Tried::RealTool,
        row: secret_service,
    },
    BuiltIn {
        name: "macos_keychain",
        about: "the keychain of macOS",
        example: "database/ops",
        tried: Tried::StandIn,
        row: macos_keychain,
    },
    BuiltIn {
        name: "keyring",
        about: "keyring of Python",
        example: "database/ops",
        tried: Tried::RealTool,
        row: keyring,
    },
    BuiltIn {
        name: "systemd_creds",
        about: "a credential that systemd-creds encrypted",
        example: "/etc/credstore.encrypted/database",
        tried: Tried::RealTool,
        row: systemd_creds,
    },
];

/// Failures are recognised by their texts, which some programs translate.
fn in_english(row: Row) -> Row {
    row.set("LC_ALL", "C.UTF-8")
}

/// Where gpg's keys are, and where its agent asks for a passphrase.
const GPG: &str = "GNUPGHOME GPG_TTY DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS";

/// Where the keyring of a session is, and where it asks for its password.
const SESSION: &str = "DBUS_SESSION_BUS_ADDRESS DISPLAY WAYLAND_DISPLAY XAUTHORITY";

fn pass() -> Row {
    in_english(Row::of("pass", "pass", "entry[#field]"))
        .one("show {entry}", "not-folder:{entry} | entry:{field}")
        .keep(&format!("PASSWORD_STORE_* {GPG}"))
        .fail("is not in the password store", Meaning::Missing)
        .fail("No secret key", Meaning::SignedOut)
        .fail("public key decryption failed", Meaning::SignedOut)
        .sign_in("pass show {entry} >/dev/null")
        .probe("ls")
}

/// Versions differ in the code for an entry that is not there: 10 or 11.
fn gopass() -> Row {
    Row::of("gopass", "gopass", "entry[#field]")
        .one(
            "show -n -y --nosync {entry}",
            "not-folder:{entry} | entry:{field}",
        )
        .keep(&format!("GOPASS_* PASSWORD_STORE_* {GPG}"))
        .drop("GOPASS_DEBUG*")
        .fail_code(10, Meaning::Missing)
        .fail("is not in the password store", Meaning::Missing)
        .fail_code(6, Meaning::SignedOut)
        .fail_code(11, Meaning::SignedOut)
        .sign_in("gopass show {entry} >/dev/null")
        .probe("ls")
}

fn gpg() -> Row {
    in_english(Row::of("gpg", "gpg", "file"))
        .paths("file")
        .one("-q --batch -d {file}", "raw")
        .keep(GPG)
        .fail("can't open", Meaning::Missing)
        .fail("No secret key", Meaning::SignedOut)
        .fail("public key decryption failed", Meaning::SignedOut)
        .sign_in("gpg -d {file} >/dev/null")
        .probe("-q --batch --list-secret-keys")
}

fn age() -> Row {
    Row::of("age", "age", "file#identity-file")
        .paths("file identity-file")
        .one("-d -i {identity-file} {file}", "raw")
        .fail("failed to open input file", Meaning::Missing)
        .fail("no identity matched", Meaning::Denied)
        .fail("could not read passphrase", Meaning::SignedOut)
}

/// Its exit codes are in `cmd/sops/codes/codes.go` of its source.
fn sops() -> Row {
    Row::of("sops", "sops", "file#key")
        .paths("file")
        .one("decrypt --output-type json {file}", "json-at:{key}")
        .drop("AWS_CLI_AUTO_PROMPT VAULT_FORMAT")
        .keep("SOPS_* AWS_* GOOGLE_* AZURE_* VAULT_* GNUPGHOME GPG_TTY")
        .fail_code(2, Meaning::Missing)
        .fail_code(100, Meaning::Missing)
        .fail_code(128, Meaning::Denied)
}

fn ansible_vault() -> Row {
    in_english(Row::of("ansible_vault", "ansible-vault", "file[#key]"))
        .paths("file")
        .one("decrypt --output - {file}", "yaml-at:{key}")
        .keep("ANSIBLE_VAULT_PASSWORD_FILE ANSIBLE_CONFIG")
        .fail("No such file or directory", Meaning::Missing)
        .fail("no vault secrets were found", Meaning::Denied)
        .fail("in vault password prompt", Meaning::SignedOut)
        .sign_in("export ANSIBLE_VAULT_PASSWORD_FILE=~/.vault-password")
}

fn keepassxc() -> Row {
    let shape = "database?keyfile=FILE#entry[#attribute]";
    in_english(Row::of("keepassxc", "keepassxc-cli", shape))
        .paths("database FILE")
        .one(
            "show -s -a {attribute|Password} --no-password -k {FILE} {database} {entry}",
            "line",
        )
        .set("QT_QPA_PLATFORM", "offscreen")
        .fail("Could not find entry with path", Meaning::Missing)
        .fail("unknown attribute", Meaning::Missing)
        .fail("Failed to open database file", Meaning::Missing)
        .fail("Invalid credentials", Meaning::Denied)
}

fn secret_service() -> Row {
    in_english(Row::of_pairs(
        "secret_service",
        "secret-tool",
        "lookup",
        "raw",
    ))
    .keep(SESSION)
    .fail_silent(Meaning::Missing, Some("or the keyring is locked"))
    .fail("D-Bus", Meaning::Network)
    .fail("Could not connect", Meaning::Network)
    .fail("was not provided by any .service", Meaning::Network)
}

/// A value that is not text is printed as hexadecimal digits.
fn macos_keychain() -> Row {
    Row::of("macos_keychain", "security", "service/account")
        .one("find-generic-password -s {service} -a {account} -w", "line")
        .fail_code(44, Meaning::Missing)
        .fail_code(36, Meaning::SignedOut)
        .sign_in("security unlock-keychain")
}

fn keyring() -> Row {
    in_english(Row::of("keyring", "keyring", "service/user"))
        .one("get {service} {user}", "line")
        .keep(&format!(
            "PYTHON_KEYRING_BACKEND KEYRING_PROPERTY_* {SESSION}"
        ))
        .fail_silent(Meaning::Missing, None)
        .fail("KeyringLocked", Meaning::SignedOut)
        .fail("NoKeyringError", Meaning::Network)
        .sign_in("keyring get {service} {user} >/dev/null")
        .probe("--list-backends")
}

/// The name of the credential is that of the file.
fn systemd_creds() -> Row {
    Row::of("systemd_creds", "systemd-creds", "file")
        .paths("file")
        .one("decrypt {file} -", "raw")
        .keep("SYSTEMD_CREDENTIAL_SECRET")
        .fail("No such file or directory", Meaning::Missing)
        .fail("Failed to determine local credential key", Meaning::Denied)
        .fail("incorrect key", Meaning::Denied)
}
