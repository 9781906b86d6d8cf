//! Finds where a valid manifest declares something.

use std::ops::Range;

use toml::de::DeTable;

use crate::diagnostics::Source;

/// Finds the last key of a path such as `extensions`, `restore`, `confirm`. An
/// element of `secrets` is found by its `env`. Parses the text again, since only a
/// refusal needs it.
pub fn locate(source: &Source, path: &[&str]) -> Option<Range<usize>> {
    let root = DeTable::parse(source.text()).ok()?;
    let mut table = root.get_ref();
    let mut found = None;
    for (index, step) in path.iter().enumerate() {
        let (key, value) = table.get_key_value(*step)?;
        found = Some(key.span());
        if let Some(elements) = value.get_ref().as_array() {
            let env = path.get(index + 1)?;
            let named = |one: &&DeTable<'_>| {
                one.get("env").and_then(|env| env.get_ref().as_str()) == Some(*env)
            };
            let mut tables = elements.iter().filter_map(|one| one.get_ref().as_table());
            let (key, _) = tables.find(named)?.get_key_value("env")?;
            return Some(key.span());
        }
        let Some(inner) = value.get_ref().as_table() else {
            break;
        };
        table = inner;
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_field_a_variable_and_a_secret_are_found_in_group_and_section() {
        let text = "confirm = true\n[requires_env]\nA = \"1\"\n[[secrets]]\nref = \"x\"\nenv = \"B\"\n\
            [extensions.e.requires_env]\nC = \"1\"\n";
        let source = Source::new(Path::new("m"), text.as_bytes()).unwrap();
        for (path, line) in [
            (&["confirm"][..], 1),
            (&["requires_env", "A"], 3),
            (&["secrets", "B"], 6),
            (&["extensions", "e", "requires_env", "C"], 8),
        ] {
            let span = locate(&source, path).unwrap();
            assert_eq!(source.line_number(span.start), line, "{path:?}");
        }
        assert_eq!(locate(&source, &["audit_log"]), None);
    }
}
