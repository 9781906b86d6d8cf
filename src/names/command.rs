//! The words that are commands of qli and not groups.

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

/// Names kept for commands to come: they never reach a group by the short
/// form, so that a new version takes nothing away.
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

/// Returns what is typed in this version where another tool has a command of a
/// kept name.
pub fn alternative_for(kept: &str) -> Option<&'static str> {
    Some(match kept {
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

/// Says whether a word is a command, of this version or one to come.
pub fn is_command(word: &str) -> bool {
    COMMANDS.contains(&word) || RESERVED.contains(&word)
}
