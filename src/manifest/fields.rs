//! The fields of a manifest, at its top level and in the section of a script.
//! To add one: its row here or in the file of its table; for a new type, its
//! [`FieldType`]; and its use, which the compiler asks for.

use std::ops::Range;

use serde_json::{Value, json};

use super::audit::AuditFields;
use super::choice::{ConfirmBy, EnvironmentPolicy, Mask};
use super::environment_fields::{KeptNames, PinnedEnv};
use super::field_row::{TomlType, example};
use super::findings::{Findings, TomlValue};
use super::providers::Providers;
use super::requires_env::RequiredEnv;
use super::row_schema::object;
use super::secrets::SecretList;
use super::table_reader::{Both, FieldType, TableKind, adds, fields, read_table};
use super::values::{Version, parsed, table};
use super::{Located, key_of};
use crate::diagnostics::{Code, quoted};
use crate::names::{ExtensionName, NAME_PATTERN, NameError, PathTemplate, TimeLimit};

fields! {
    /// The guards of a group of scripts, in its `_manifest.toml`.
    ///
    /// A schema cannot express every rule. Only `qli validate` checks that no
    /// secret is declared twice, also listed in `requires_env` or shown by
    /// `audit_log`; that a reference fits its provider; that `audit_log` and the
    /// file of an `anchor` are well-formed absolute paths; that `[audit]` comes with
    /// an `audit_log`; that no top-level field is below a header by mistake; that no
    /// section weakens a guard of its group, or has no matching script; that
    /// `confirm = false` and `confirm_by` are not combined; that `kill_after` comes
    /// with a `timeout`, and `mask_hold` with a `mask`; that a provider exists and is
    /// described without contradictions; that neither a secret nor `set_env` has a variable
    /// that qli sets; that no secret decides which code runs where such variables are
    /// removed; that `keep` comes with an `environment` that removes something; that
    /// `set_env` sets no variable of a secret and none that is required; and that no value
    /// contains NUL.
    GroupFields {
        /// The version of this format. Always `1`.
        schema_version: Version = example("1").required(),

        /// What the group is for, in one line: `"Production operations"`. `qli ext
        /// list` and `qli explain` show it.
        description: String = example("\"what these scripts are for\"").required()
            => section(adds, "What the script does, in one line: `\"Restore the orders database\"`. `qli \
                ext list` and `qli explain` show it."),

        /// Printed on standard error before anything else happens:
        /// `"PROD: irreversible"`. Control characters in it are escaped. If standard error
        /// is closed or full, the run continues without it.
        banner: String = example("\"PROD: irreversible\"")
            .without("without this field no banner would be printed"),

        /// Whether the user must answer `y` on the terminal before any secret is
        /// fetched. `--yes` answers it too. Default: `false`.
        confirm: bool = example("true")
            .without("without this field there would be no prompt")
            => section(no_confirmation, "Whether the user must answer `y` before this script runs. \
                Default: as for the group."),

        /// What the user types to confirm: `"key"` is `y`, `"name"` is the name of the
        /// group. `--yes` does not answer for a name; without a terminal, pass
        /// `--confirm NAME`. This field asks for confirmation even without
        /// `confirm = true`.
        confirm_by: ConfirmBy = example("\"name\"")
            .without("without this field there would be no prompt")
            => section(weaker_confirmation, "What the user types to confirm, at least as strict as the group's."),

        /// The file that every run is recorded in:
        /// `"$XDG_STATE_HOME/qli/prod-audit.log"`. It must be absolute once `~`,
        /// `$VAR` and `${VAR}` are expanded. If the start of a run cannot be
        /// recorded, nothing runs.
        audit_log: PathTemplate = example("\"$XDG_STATE_HOME/qli/audit.log\"")
            .without("without this field no run would be recorded"),

        /// How runs are recorded in `audit_log`, which is required with it.
        audit: AuditFields = example("{ refusals = true }"),

        /// Variables that must have exactly these values when a script is run:
        /// `QLI_ENV = "prod"`. All that differ are reported at once.
        requires_env: RequiredEnv = example("{ QLI_ENV = \"prod\" }")
            .without("without this field no variable would be checked")
            => section(adds, "Variables that must have exactly these values when this script is run, \
                in addition to the group's."),

        /// Programs that return secrets, in addition to the built-in providers, each in a
        /// table named after it: `[providers.corp]`.
        providers: Providers = example("{}"),

        /// Secrets to fetch for the script, all of them before it starts; if one is
        /// missing, nothing runs.
        secrets: SecretList = example("[]")
            .without("without this field the script would get no secret")
            => section(adds, "Secrets to fetch for this script, after the group's."),

        /// How long a script may run: `"10m"`, `"1h30m"`, `"90s"`. After that it is
        /// sent TERM, and on Linux so is what it started, except what has left its
        /// process group. Time during which it is stopped does not count. Default: no
        /// limit.
        timeout: TimeLimit = example("\"10m\"")
            .without("without this field the script could run without a time limit")
            => section(longer, "How long this script may run, at most as long as the group allows."),

        /// How long after TERM they are sent KILL, if the script itself still runs:
        /// `"30s"`. Once the script has ended, the run has ended, and nothing else is
        /// killed: what it started and still runs 100 ms later is reported. Default:
        /// never.
        kill_after: TimeLimit = example("\"30s\"")
            .without("without this field a script that ignores TERM would keep running")
            => section(longer, "How long after TERM this script, if it still runs, and what it \
                started are sent KILL, at most as long as the group allows."),

        /// What the script gets of the environment of qli: `"inherit"` everything,
        /// `"scrub"` everything but variables that decide which code runs, such as
        /// `BASH_ENV`, `LD_PRELOAD` and `PYTHONPATH`, `"clean"` only what is kept and
        /// `PATH`, `HOME`, `USER`, `LOGNAME`, `SHELL`, `TERM`, `LANG`, `LC_*`, `TZ` and
        /// `XDG_*`. Guards and secrets still see all of it. Default: `"inherit"`.
        environment: EnvironmentPolicy = example("\"scrub\"")
            .without("without this field the script would get every variable")
            => section(weaker_environment, "What this script gets of the environment of qli, at \
                least as strict as the group's: a variable must pass both."),

        /// Variables that `environment` does not remove, possibly with a final `*`:
        /// `["AWS_*", "PGHOST"]`.
        keep: KeptNames = example("[\"AWS_*\", \"PGHOST\"]")
            .without("without this field more variables would be removed")
            => section(adds, "Variables that the section's own `environment` does not remove. What \
                the group removes stays removed."),

        /// Variables that the script gets with these values, whatever they were:
        /// `PGHOST = "db-1"`. They are shown and recorded: no place for a secret.
        set_env: PinnedEnv = example("{ PGHOST = \"db-1\" }")
            .without("without this field no variable would be set")
            => section(adds, "Variables that this script gets with these values, in addition to the \
                group's."),

        /// Where the values of secrets are replaced with `[secret:NAME]` in what the script
        /// prints: `"pipes"` in each of its two streams that is no terminal, `"terminal"`
        /// on a terminal, too. It is no boundary: a script that wants to show a value can.
        /// Default: `"off"`.
        mask: Mask = example("\"pipes\"")
            .without("without this field nothing that the script prints would be masked")
            => section(weaker_mask, "Where the values of secrets are replaced in what this script \
                prints, at least as in the group."),

        /// How long the beginning of a value is held back for its rest, after which it is
        /// printed: `"50ms"`, which is the default. Longer masks a value that is written
        /// slowly, in pieces.
        mask_hold: TimeLimit = example("\"200ms\"")
            .without("without this field slow values would be masked less")
            => section(shorter, "How long the beginning of a value is held back, at least as long as \
                in the group."),

        /// Additional guards of single scripts, each in a section named after the
        /// script's file: `[extensions.restore]`.
        extensions: Sections = example("{}")
            .without("without this field no script would have additional guards"),
    }
}

/// In the file's order; a section's location is its name.
pub(super) type Sections = Vec<Located<(ExtensionName, GroupFields)>>;

const INVALID_NAME: (Code, &str, &str) = (
    Code::InvalidSectionName,
    "extension name",
    "name the section after its script: `[extensions.NAME]`",
);

impl FieldType for Sections {
    const TOML: TomlType = TomlType::Table;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let sections = table(name, value, found)?
            .iter()
            .filter_map(|(key, value)| {
                let name = section_name(key.get_ref(), key.span(), found);
                let path = format!("extensions.{}", key_of(key.get_ref()));
                found.section = Some(path.clone());
                let table = table(&path, value, found);
                let title = format!("[{path}]");
                let fields = table
                    .map(|table| read_table(TableKind::Section, title, table, value.span(), found));
                found.section = None;
                Some(Located {
                    value: (name?, fields?),
                    span: key.span(),
                })
            });
        let mut sections: Vec<_> = sections.collect();
        sections.sort_by_key(|one| one.span.start);
        Some(sections)
    }

    fn schema() -> Value {
        let about = "Additional guards of one script. They join the group's; none of those can be \
            removed or weakened here.";
        json!({
            "type": "object",
            "patternProperties": { NAME_PATTERN: object::<GroupFields>(Some(about)) },
            "additionalProperties": false
        })
    }
}

fn section_name(
    written: &str,
    span: Range<usize>,
    found: &mut Findings<'_>,
) -> Option<ExtensionName> {
    if let Err(NameError::Leftover(what)) = written.parse::<ExtensionName>() {
        let message = format!("no script is called {}: it is {what}", quoted(written));
        let help = "name the section after its script, or remove it";
        let one = found.at(Code::Leftover, span, message).help(help);
        found.push(
            one.as_warning()
                .meaning(Some("the section's guards apply to nothing")),
        );
        return None;
    }
    parsed(written, span, INVALID_NAME, found)
}

const ONLY_ADDS: &str = "remove this line: a section can only add to its group's guards";

fn no_confirmation(Both { group, own, .. }: Both<'_, bool>, found: &mut Findings<'_>) {
    if group.value && !own.value {
        let message = "this section would skip the confirmation that the group requires";
        let label = (&group.span, "the group asks here");
        found.labelled(Code::WeakenedGuard, &own.span, (message, ONLY_ADDS), label);
    }
}

fn weaker_confirmation(Both { group, own, .. }: Both<'_, ConfirmBy>, found: &mut Findings<'_>) {
    if own.value < group.value {
        let message = "the group requires its name to be typed; this section requires less";
        let label = (&group.span, "required here");
        found.labelled(Code::WeakenedGuard, &own.span, (message, ONLY_ADDS), label);
    }
}

fn weaker_environment(
    Both { name, group, own }: Both<'_, EnvironmentPolicy>,
    found: &mut Findings<'_>,
) {
    if own.value < group.value {
        let message = format!("this `{name}` passes variables that the group removes");
        let label = (&group.span, "the group's is here");
        found.labelled(Code::WeakenedGuard, &own.span, (message, ONLY_ADDS), label);
    }
}

fn weaker_mask(Both { group, own, .. }: Both<'_, Mask>, found: &mut Findings<'_>) {
    if own.value < group.value {
        let message = "this section would mask less than the group requires";
        let label = (&group.span, "required here");
        found.labelled(Code::WeakenedGuard, &own.span, (message, ONLY_ADDS), label);
    }
}

fn shorter(Both { name, group, own }: Both<'_, TimeLimit>, found: &mut Findings<'_>) {
    if own.value.length() < group.value.length() {
        let message = format!("this `{name}` is shorter than the group's");
        let label = (&group.span, "the group's is here");
        found.labelled(Code::WeakenedGuard, &own.span, (&message, ONLY_ADDS), label);
    }
}

fn longer(Both { name, group, own }: Both<'_, TimeLimit>, found: &mut Findings<'_>) {
    if own.value.length() > group.value.length() {
        let message = format!("this `{name}` is longer than the group's");
        let help = "remove this line, or set a shorter time: a section can only add";
        let label = (&group.span, "the group's limit is here");
        found.labelled(Code::WeakenedGuard, &own.span, (message, help), label);
    }
}
