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
/// that a new version breaks nothing.
pub const RESERVED: [&str; 15] = [
    "approve",
    "config",
    "diff",
    "init",
    "list",
    "lsp",
    "mcp",
    "new",
    "plan",
    "policy",
    "secrets",
    "self-update",
    "test",
    "version",
    "which",
];

/// What to type in this version instead of a reserved name that other tools have
/// as a command.
pub fn alternative_for(name: &str) -> Option<&'static str> {
    Some(match name {
        "init" | "new" => "qli ext new <GROUP>",
        "list" => "qli ext list",
        "plan" => "qli explain <GROUP> <EXTENSION>",
        "policy" => "qli validate --policy <FILE>",
        "test" => "qli validate",
        "version" => "qli --version",
        "which" => "qli ext which <GROUP> <EXTENSION>",
        _ => return None,
    })
}

/// Whether a word is a command of this version or a future one.
pub fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word) || RESERVED.contains(&word)
}
