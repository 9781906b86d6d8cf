//! Password managers.

use super::BuiltIn;
use crate::providers::row::{BatchAnswer, BatchInput, Meaning, Row};

pub(super) const ROWS: &[BuiltIn] = &[BuiltIn {
    name: "one_password",
    about: "1Password",
    row: one_password,
}];

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
        .fail("doesn't have a field", Meaning::Missing)
        .sign_in("op signin")
        .probe("vault list")
}
