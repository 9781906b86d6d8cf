//! Password managers.

use super::{BuiltIn, Tried};
use crate::providers::row::{BatchAnswer, BatchInput, Meaning, Row};

pub(super) const ROWS: &[BuiltIn] = &[
    BuiltIn {
        name: "one_password",
        about: "1Password",
        example: "op://ops/database/password",
        tried: Tried::StandIn,
        row: one_password,
    },
    BuiltIn {
        name: "bitwarden",
        about: "Bitwarden",
        example: "database#password",
        tried: Tried::StandIn,
        row: bitwarden,
    },
    BuiltIn {
        name: "bitwarden_sm",
        about: "Bitwarden Secrets Manager",
        example: "be8e0ad8-d545-4017-a55a-b02f014d4158",
        tried: Tried::StandIn,
        row: bitwarden_sm,
    },
    BuiltIn {
        name: "rbw",
        about: "Bitwarden, by its client rbw",
        example: "database#password",
        tried: Tried::StandIn,
        row: rbw,
    },
    BuiltIn {
        name: "lastpass",
        about: "LastPass",
        example: "database#password",
        tried: Tried::StandIn,
        row: lastpass,
    },
    BuiltIn {
        name: "proton_pass",
        about: "Proton Pass",
        example: "pass://ops/database/password",
        tried: Tried::StandIn,
        row: proton_pass,
    },
    BuiltIn {
        name: "dashlane",
        about: "Dashlane",
        example: "dl://3B5C6E66-2F3A-4B0C-8C7E-0E3A1D2B4F5A/password",
        tried: Tried::StandIn,
        row: dashlane,
    },
    BuiltIn {
        name: "keeper",
        about: "Keeper Secrets Manager",
        example: "keeper://w5cQhGjMzeZOc_x9i4BcmA/field/password",
        tried: Tried::StandIn,
        row: keeper,
    },
];

/// What a prompt for the password of a keyring or of an agent needs.
const PROMPT: &str = "DISPLAY WAYLAND_DISPLAY XAUTHORITY DBUS_SESSION_BUS_ADDRESS GPG_TTY";

fn one_password() -> Row {
    Row::of("one_password", "op", "op://vault/item[/section]/field")
        .one("read --no-newline {ref}", "raw")
        .many(
            "inject",
            "{ref}",
            BatchInput::Template,
            BatchAnswer::Template,
        )
        .keep("OP_*")
        .drop("OP_FORMAT OP_DEBUG")
        .fail("not signed in", Meaning::SignedOut)
        .fail("not currently signed in", Meaning::SignedOut)
        .fail("no active session", Meaning::SignedOut)
        .fail("isn't an item", Meaning::Missing)
        .fail("isn't a vault", Meaning::Missing)
        .fail("doesn't have a field", Meaning::Missing)
        .fail("dial tcp", Meaning::Network)
        .sign_in("op signin")
        // `op whoami` fails while the app answers `op read`.
        .probe("vault list")
}

/// The fields of an item: those of a login or an SSH key, those that the user has added,
/// and its notes. A search may find an item of another name, which is not meant.
fn bitwarden() -> Row {
    Row::of("bitwarden", "bw", "item#field")
        .one(
            "--nointeraction get item {item}",
            "only:{item} /id /name | json:/login/{field} \
             or only:{item} /id /name | json:/sshKey/{field} \
             or only:{item} /id /name | member:/fields name={field} value \
             or only:{item} /id /name | json:/{field}",
        )
        .keep("BW_SESSION BITWARDENCLI_APPDATA_DIR")
        .fail("You are not logged in", Meaning::SignedOut)
        .fail("Vault is locked", Meaning::SignedOut)
        .fail("Not found.", Meaning::Missing)
        .printed("\"status\":\"unauthenticated\"", Meaning::SignedOut)
        .printed("\"status\":\"locked\"", Meaning::SignedOut)
        .sign_in("export BW_SESSION=$(bw unlock --raw)")
        .probe("status")
}

/// A list has the values too, so it serves all references; a token that belongs to no
/// organisation prints nothing.
fn bitwarden_sm() -> Row {
    const SHAPE: &str = "UUID";
    let all = BatchAnswer::Array {
        array: String::new(),
        keys: vec!["id".to_owned()],
        value: Row::output("json:/value", SHAPE),
    };
    Row::of("bitwarden_sm", "bws", SHAPE)
        .one("secret get {UUID} -o json -c no", "json:/value")
        .many(
            "secret list -o json -c no",
            "{UUID}",
            BatchInput::Everything,
            all,
        )
        .keep("BWS_*")
        .drop("BWS_DEBUG")
        .fail("Missing access token", Meaning::SignedOut)
        .fail("401 Unauthorized", Meaning::SignedOut)
        .fail("404 Not Found", Meaning::Missing)
        .fail("item was not found", Meaning::Missing)
        .fail("403 Forbidden", Meaning::Denied)
        .fail("error sending request", Meaning::Network)
        .fail("Could not connect to", Meaning::Network)
        .fail("Could not resolve host", Meaning::Network)
        .sign_in("read -rs BWS_ACCESS_TOKEN && export BWS_ACCESS_TOKEN")
        .probe("project list")
}

fn rbw() -> Row {
    Row::of("rbw", "rbw", "name#field")
        .one(
            "get --raw {name}",
            "only:{name} /id /name | json:/data/{field} \
             or only:{name} /id /name | member:/fields name={field} value \
             or only:{name} /id /name | json:/{field}",
        )
        .keep(&format!("RBW_PROFILE RBW_TTY {PROMPT}"))
        .fail("no entry found", Meaning::Missing)
        .sign_in("rbw unlock")
        .probe("unlocked")
}

/// `--json` would serve all fields of an item by one call, but it has none that the user
/// has added, and spoils characters that are not ASCII.
fn lastpass() -> Row {
    Row::of("lastpass", "lpass", "name#field")
        .one("show --sync=now --color=never {name}", "line")
        .option("field", "username password url notes")
        .keep(&format!("LPASS_* {PROMPT}"))
        .fail("Could not find decryption key", Meaning::SignedOut)
        .fail("Could not find specified", Meaning::Missing)
        .printed("Multiple matches found.", Meaning::Missing)
        .sign_in("lpass login")
        .probe("status")
}

fn proton_pass() -> Row {
    Row::of("proton_pass", "pass-cli", "pass://vault/item/field")
        .one("item view {ref}", "line")
        .many(
            "inject",
            "{ref}",
            BatchInput::Template,
            BatchAnswer::Template,
        )
        .keep("PROTON_PASS_*")
        .fail("requires an authenticated client", Meaning::SignedOut)
        .fail("No item found", Meaning::Missing)
        .sign_in("pass-cli login")
        .probe("test")
}

/// A reference without a field would print a whole item.
fn dashlane() -> Row {
    Row::of("dashlane", "dcli", "dl://item/field")
        .one("read {ref}", "line")
        .many(
            "inject",
            "{ref}",
            BatchInput::Template,
            BatchAnswer::Template,
        )
        .keep("DASHLANE_SERVICE_DEVICE_KEYS DBUS_SESSION_BUS_ADDRESS")
        .fail("force closed the prompt", Meaning::SignedOut)
        .fail("No matching item found", Meaning::Missing)
        .fail("No matching field found", Meaning::Missing)
        .sign_in("dcli sync")
        .probe("accounts whoami")
}

/// Without its cache, which has old values when the server cannot be reached.
fn keeper() -> Row {
    Row::of("keeper", "ksm", "keeper://record/selector[/name]")
        .one("--no-cache secret notation {ref}", "raw")
        .keep("KSM_* DBUS_SESSION_BUS_ADDRESS")
        .drop("KSM_DEBUG")
        .fail("client has not been loaded", Meaning::SignedOut)
        .fail("no records match", Meaning::Missing)
        .fail("Cannot find", Meaning::Missing)
        .fail("Max retries exceeded", Meaning::Network)
        .sign_in("ksm profile init")
        .probe("--no-cache secret list")
}
