//! The names that are commands of qli, not groups.

/// The commands of this version. They win over groups in the short form.
pub const COMMANDS: [&str; 10] = [
    "run",
    "explain",
    "validate",
    "audit",
    "ext",
    "doctor",
    "completions",
    "schema",
    "man",
    "help",
];

/// Reserved for future commands: they never reach a group by the short form, so
/// that a new version breaks nothing. Each with what to type in this version, if
/// other tools have such a command.
pub const RESERVED: [(&str, Option<&str>); 15] = [
    ("approve", None),
    ("config", None),
    ("diff", None),
    ("init", Some("qli ext new <GROUP>")),
    ("list", Some("qli ext list")),
    ("lsp", None),
    ("mcp", None),
    ("new", Some("qli ext new <GROUP>")),
    ("plan", Some("qli explain <GROUP> <EXTENSION>")),
    ("policy", Some("qli validate --policy <FILE>")),
    ("secrets", None),
    ("self-update", None),
    ("test", Some("qli validate")),
    ("version", Some("qli --version")),
    ("which", Some("qli ext which <GROUP> <EXTENSION>")),
];

/// What to type instead of a reserved name.
pub fn alternative_for(name: &str) -> Option<&'static str> {
    RESERVED.iter().find(|one| one.0 == name)?.1
}

/// Whether a word is a command of this version or a future one.
pub fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word) || RESERVED.iter().any(|one| one.0 == word)
}
