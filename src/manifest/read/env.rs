//! `requires_env`, and the names of variables.

use std::ops::Range;

use super::super::fields::{Findings, Value};
use super::super::schema_fields::TOP;
use super::super::typed::{string, table};
use super::super::{Located, quoted};
use crate::diagnostics::Code;
use crate::names::{EnvName, NameError, contains_secret, promises_secret};

/// Reads variables and the values they must have, in the file's order.
pub(super) fn requires_env(
    value: &Value<'_>,
    found: &mut Findings<'_>,
) -> Vec<Located<(EnvName, String)>> {
    let header = value.span();
    let path = found.path_of("requires_env");
    let Some(table) = table(&path, value, found) else {
        return Vec::new();
    };
    let mut required = Vec::new();
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        if TOP.contains(&name) {
            found.misplaced(name, key.span(), &format!("[{path}]"), header.clone());
            continue;
        }
        let env = env_name(name, key.span(), found);
        let wanted = string(name, value, found);
        if let (Some(env), Some(wanted)) = (env, wanted) {
            if (promises_secret(name) && !wanted.is_empty()) || contains_secret(wanted) {
                literal_secret(&env, value.span(), found);
            }
            required.push(Located {
                value: (env, wanted.to_owned()),
                span: key.span(),
            });
        }
    }
    required.sort_by_key(|one| one.span.start);
    required
}

/// Warns of a value that whoever reads the manifest would know.
fn literal_secret(name: &EnvName, span: Range<usize>, found: &mut Findings<'_>) {
    let message = format!("the value of `{name}` stands in the manifest");
    let diagnostic = found.at(Code::LiteralSecret, span, message);
    let secrets = found.path_of("secrets");
    let help = format!("if it is a secret, let `[[{secrets}]]` fetch it instead");
    found.push(diagnostic.help(help));
}

pub(super) fn env_name(
    name: &str,
    span: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<EnvName> {
    match name.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            let error: NameError = error;
            let message = format!("{} is no variable name: {error}", quoted(name));
            found.push(found.at(Code::InvalidEnvName, span, message).help(
                "a variable name holds letters, digits and `_`, and does not start with a digit",
            ));
            None
        }
    }
}
