//! The fields there are: what they hold, what they could be filled with, and
//! what a run would do without them.

/// The fields of the top level.
pub(super) const TOP: [&str; 12] = [
    "schema_version",
    "description",
    "banner",
    "confirm",
    "confirm_by",
    "audit_log",
    "audit",
    "requires_env",
    "secrets",
    "timeout",
    "kill_after",
    "extensions",
];

/// The fields of a section, `[extensions.<name>]`.
pub(super) const EXTENSION: [&str; 7] = [
    "description",
    "confirm",
    "confirm_by",
    "requires_env",
    "secrets",
    "timeout",
    "kill_after",
];

/// The fields of `[audit]`.
pub(super) const AUDIT: [&str; 5] = ["refusals", "sync", "args", "access", "anchor"];

/// The fields of a secret.
pub(super) const SECRET: [&str; 3] = ["env", "ref", "provider"];

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Text,
    Boolean,
    Integer,
    Table,
    Tables,
}

/// Says what a field holds by its name; variables hold text.
pub(super) fn wanted(field: &str) -> Wanted {
    match field {
        "schema_version" => Wanted::Integer,
        "confirm" | "refusals" | "sync" => Wanted::Boolean,
        "requires_env" | "audit" | "extensions" => Wanted::Table,
        "secrets" => Wanted::Tables,
        _ => Wanted::Text,
    }
}

/// What a field could be filled with.
pub(super) fn example(field: &str) -> &'static str {
    match field {
        "schema_version" => "1",
        "description" => "\"what these scripts are for\"",
        "banner" => "\"PROD: irreversible\"",
        "confirm" | "refusals" => "true",
        "confirm_by" => "\"name\"",
        "audit_log" => "\"$XDG_STATE_HOME/qli/audit.log\"",
        "timeout" => "\"10m\"",
        "kill_after" => "\"30s\"",
        "env" => "\"GITHUB_TOKEN\"",
        "ref" => "\"op://Vault/Item/field\"",
        "provider" => "\"one_password\"",
        "sync" => "false",
        "args" => "\"digest\"",
        "access" => "\"group-read\"",
        "anchor" => "\"syslog\"",
        _ => "\"…\"",
    }
}

/// Says what a run would do without a guard.
pub(super) fn without(field: &str) -> Option<&'static str> {
    Some(match field {
        "banner" => "without this field nothing would be shown",
        "confirm" | "confirm_by" => "without this field nobody would be asked",
        "audit_log" => "without this field no run would be recorded",
        "requires_env" => "without this field no variable would be compared",
        "timeout" => "without this field the script could run for ever",
        "secrets" => "without this field the script would get no secret",
        "extensions" => "without this field no script would have guards of its own",
        _ => return None,
    })
}
