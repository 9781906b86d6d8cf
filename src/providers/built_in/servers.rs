//! Secret stores that a server keeps.

use super::BuiltIn;
use crate::providers::row::{Meaning, Row};

pub(super) const ROWS: &[BuiltIn] = &[
    BuiltIn {
        name: "vault",
        about: "HashiCorp Vault",
        example: "kv/orders/db#password",
        row: vault,
    },
    BuiltIn {
        name: "openbao",
        about: "OpenBao",
        example: "kv/orders/db#password",
        row: openbao,
    },
];

fn vault() -> Row {
    key_value_engine("vault", "vault")
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
        .keep("VAULT_*")
        .drop("VAULT_FORMAT BAO_FORMAT")
        .fail("No value found at", Meaning::Missing)
        .fail("Code: 403", Meaning::Denied)
        .fail("connection refused", Meaning::Network)
        .sign_in(&format!("{program} login"))
        .probe("token lookup")
}
