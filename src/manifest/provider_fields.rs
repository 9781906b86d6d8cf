//! The fields of `[providers.<name>]`.

use std::ops::Range;

use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use super::Located;
use super::field_row::{FieldRow, TomlType, example};
use super::findings::{Findings, TomlValue};
use super::provider_values::{
    Count, Exact, ExitCode, Names, Positive, Reference, Variables, Words,
};
use super::row_schema::object;
use super::table_reader::{FieldTable, FieldType, TableKind, fields, read_table};
use super::values::{string, table, tables, wrong_type};
use crate::diagnostics::{Code, quoted};
use crate::names::TimeLimit;
use crate::providers::Meaning;

fields! {
    /// A program that returns secrets, and how it is called.
    ProviderFields {
        /// The program, as an absolute path. It must not be changeable by other users.
        program: String = example("\"/opt/corp/bin/corp\"").required(),

        /// How a reference is split into parts: `"path#field"`. What is in brackets may be
        /// absent: `"id[#key]"`. Without it, the reference is one part, `{ref}`.
        reference: Reference = example("\"path#field\"").named("ref"),

        /// The arguments for one reference: `["get", "--", "{path}"]`. A placeholder is a
        /// whole argument, or all that follows fixed text (`"--path={path}"`);
        /// `{version|latest}` has a default. An argument whose part is absent is left out.
        one: Words = example("[\"get\", \"--\", \"{ref}\"]"),

        /// What the program prints: `"raw"`, `"line"` (one final line end is removed),
        /// `"base64"`, or `"json:"` and a JSON pointer: `"json:/data/{field}"`. Default:
        /// `"line"`.
        output: String = example("\"line\""),

        /// The part, or the parts with spaces between, that decide which references one
        /// call serves: `"path"`. References with equal arguments share a call in any
        /// case; with this field it is an error if others would not.
        group_by: String = example("\"path\""),

        /// How several references are fetched by one call.
        many: ManyFields = example("{ args = [\"get-many\"], output = \"map\" }"),

        /// The version of the protocol by which the program gets all references as JSON on
        /// standard input, and prints the values as JSON: `1`. Instead of `one`.
        protocol: Count = example("1"),

        /// The parts that are paths; they are expanded like `audit_log`.
        paths: Names = example("[\"file\"]"),

        /// Variables that the program gets, possibly with a final `*`: `["CORP_*"]`. It
        /// always gets `HOME`, `PATH`, `USER`, `LOGNAME`, `LANG`, `LC_*`, `TZ`, `TERM`,
        /// `TMPDIR`, `XDG_*` and the variables for proxies and certificates.
        keep_env: Names = example("[\"CORP_*\"]"),

        /// Variables that it does not get, even if they are kept.
        drop_env: Names = example("[\"CORP_DEBUG\"]"),

        /// Variables that are set for it.
        set_env: Variables = example("{ CORP_FORMAT = \"json\" }"),

        /// What failures mean, tried in order.
        fail: Fails = example("[{ code = 4, means = \"missing\" }]"),

        /// The command that signs the user in; it is shown, never run. `{path}` is that
        /// part of the reference.
        sign_in: String = example("\"corp login\""),

        /// Arguments with which the program succeeds if it is ready. Only
        /// `qli doctor --online` calls it.
        probe: Words = example("[\"whoami\"]"),

        /// How long a call may take. Default: `"30s"`.
        timeout: TimeLimit = example("\"30s\""),

        /// Whether the program may ask on the terminal. It is then called before the
        /// others, and the run is refused without a terminal. Default: `false`.
        terminal: bool = example("true"),
    }
}

fields! {
    /// How several references are fetched by one call.
    ManyFields {
        /// The arguments. Without `stdin` the references are appended to them.
        args: Words = example("[\"get-many\"]").required(),

        /// What identifies a secret in the call and in its answer. Default: `"{ref}"`.
        each: String = example("\"{path}\""),

        /// `"lines"`: the references are on standard input, a line each. `"template"`: a
        /// text in which the program replaces `{{ reference }}`.
        stdin: String = example("\"lines\""),

        /// `"map"`: a JSON object with a member for each. `{ array = "/Secrets", key =
        /// "Name", value = "SecretString" }`: a JSON array of objects.
        output: ManyOutput = example("\"map\""),

        /// The most secrets that one call takes. Default: no limit.
        max: Positive = example("20"),
    }
}

fields! {
    /// What a failure of the program means.
    FailFields {
        /// The exit code. Zero is a failure only if it is named here.
        code: ExitCode = example("4"),

        /// A text in standard error. An empty one: the program prints nothing there.
        stderr: Exact = example("\"log in\""),

        /// A text in standard output, likewise.
        stdout: Exact = example("\"not found\""),

        /// `"missing"`, `"signed_out"`, `"denied"` or `"network"`.
        means: Meaning = example("\"missing\"").required(),

        /// What qli says if the program prints nothing: `"or the store is locked"`.
        note: String = example("\"or the store is locked\""),
    }
}

fields! {
    /// An array of objects in JSON.
    ArrayFields {
        /// The JSON pointer of the array.
        array: Exact = example("\"/Secrets\"").required(),

        /// The member that says which secret it is.
        key: String = example("\"Name\"").required(),

        /// The member that is the value.
        value: String = example("\"SecretString\"").required(),
    }
}

/// The answer of a batch: none is a map, and one without fields a reported mistake.
pub(super) type ManyOutput = Option<ArrayFields>;
pub(super) type Fails = Vec<Located<FailFields>>;

/// Reads a table in a provider.
fn inner_table<T: FieldTable>(
    name: &str,
    table: &DeTable<'_>,
    header: Range<usize>,
    found: &mut Findings<'_>,
) -> T {
    let (kind, title) = (TableKind::Inner, format!("{name} = {{ … }}"));
    let path = found.path_inside(name);
    found.inside(path, |found| read_table(kind, title, table, header, found))
}

impl FieldType for ManyFields {
    const TOML: TomlType = TomlType::Table;
    const INNER: &'static [FieldRow] = Self::ROWS;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let inner = table(name, value, found)?;
        Some(inner_table(name, inner, value.span(), found))
    }

    fn schema() -> Value {
        object::<Self>(None)
    }
}

impl FieldType for ManyOutput {
    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        if matches!(value.get_ref(), DeValue::String(text) if text.as_ref() == "map") {
            return Some(None);
        }
        if value.get_ref().is_str() {
            let written = string(name, value, found)?;
            let message = format!("unknown value {} for `{name}`", quoted(written));
            let help = "write `\"map\"`, or a table with `array`, `key` and `value`";
            found.wrong(Code::UnknownValue, value.span(), message, help);
            return Some(Some(ArrayFields::default()));
        }
        let Some(inner) = value.get_ref().as_table() else {
            wrong_type(name, value, "a string or a table", found);
            return Some(Some(ArrayFields::default()));
        };
        Some(Some(inner_table(name, inner, value.span(), found)))
    }

    fn schema() -> Value {
        json!({ "anyOf": [{ "type": "string", "enum": ["map"] }, object::<ArrayFields>(None)] })
    }
}

impl FieldType for Fails {
    const TOML: TomlType = TomlType::Tables;

    fn read(name: &'static str, value: &TomlValue<'_>, found: &mut Findings<'_>) -> Option<Self> {
        let tables = tables(name, value, found).into_iter();
        let fails = tables.map(|(table, span)| {
            let title = format!("{name} = [{{ … }}]");
            let path = found.path_inside(name);
            let (kind, header) = (TableKind::Inner, span.clone());
            let read = |found: &mut Findings<'_>| read_table(kind, title, table, header, found);
            let value = found.inside(path, read);
            Located { value, span }
        });
        Some(fails.collect())
    }

    fn schema() -> Value {
        json!({ "type": "array", "items": object::<FailFields>(None) })
    }
}
