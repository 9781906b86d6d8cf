//! Editors complete, explain and mark a manifest: the tests talk to language
//! servers as editors do, with the snippets of `docs/editors.md`.

mod fields;
mod server;
mod workspace;

use std::collections::BTreeMap;
use std::path::Path;

use qli::testing::diagnostics::Location;
use qli::testing::manifest;
use serde_json::Value;

use fields::{Sample, properties, text};
use server::Server;
use workspace::{Known, Workspace, page};

/// Seven errors that a schema can detect.
const FAULTY: &str = r#"schema_version = 1
description = "d"
confrim = true
banner = 7
audit_log = ""

[requires_env]
"A B" = "1"
C = 1

[[secrets]]
env = "1A"
ref = "r"
provider = "env"
"#;

/// Where qli reports something, counted from 0 as editors do.
fn reported(text: &str) -> Vec<(usize, usize)> {
    let source = manifest::source(Path::new("m"), Ok(text.as_bytes().to_vec())).unwrap();
    let found = manifest::problems(&source);
    let locations = found.iter().map(|one| match &one.location {
        Location::Text { span, .. } => {
            let at = source.position(span.start);
            (at.line - 1, at.column - 1)
        }
        Location::Path(path) => panic!("{}", path.display()),
    });
    locations.collect()
}

fn locations(marks: &[Value]) -> Vec<(usize, usize)> {
    let number = |mark: &Value, pointer| {
        let number = mark.pointer(pointer).and_then(Value::as_u64);
        usize::try_from(number.unwrap()).unwrap()
    };
    let marks = marks.iter();
    let locations = marks.map(|mark| {
        let line = number(mark, "/range/start/line");
        (line, number(mark, "/range/start/character"))
    });
    locations.collect()
}

/// The completions at the cursor in a text.
fn offered(server: &mut Server, name: &str, text: &str) -> BTreeMap<String, String> {
    let (before, after) = text.split_once('|').unwrap();
    server.open(name, &format!("{before}{after}"));
    let line = before.matches('\n').count();
    let character = before.rsplit('\n').next().unwrap().len();
    let location = server.location(name, line, character);
    server.complete(&location)
}

/// Asserts that every field of a table is offered with its text.
fn assert_fields_offered(found: &BTreeMap<String, String>, table: &Value) {
    for (name, field) in properties(table) {
        let shown = found.get(name);
        let shown = shown.unwrap_or_else(|| panic!("{name} is not offered: {found:?}"));
        assert!(shown.contains(text(field)), "{name}: {shown}");
    }
    assert!(properties(table).count() > 2);
}

fn schema() -> Value {
    manifest::schema().to_value()
}

fn secret(schema: &Value) -> &Value {
    schema.pointer("/properties/secrets/items").unwrap()
}

const TOMBI: [Known; 2] = [Known::Line, Known::File("tombi.toml")];

#[test]
fn tombi_marks_what_qli_reports_and_nothing_else() {
    for known in TOMBI {
        let workspace = Workspace::new(known);
        let mut tombi = workspace.tombi();
        let text = workspace.head() + FAULTY;
        let marks = tombi.open("groups/ops/_manifest.toml", &text);
        assert_eq!(marks.len(), 6);
        assert_eq!(locations(&marks), reported(&text), "{known:?}: {marks:#?}");
        tombi.stop();
    }
}

#[test]
fn tombi_shows_the_text_of_every_field() {
    for known in TOMBI {
        let workspace = Workspace::new(known);
        let mut tombi = workspace.tombi();
        let head = workspace.head() + "nobody = \"knows this\"\n";
        let sample = Sample::below(&head, &schema());
        let name = "groups/ops/_manifest.toml";
        tombi.open(name, &sample.text());
        assert!(sample.shown.len() > 10);
        for one in &sample.shown {
            let shown = tombi.hover(&tombi.location(name, one.line, one.name));
            assert!(shown.contains(&one.text), "{known:?}, {one:?}: {shown:?}");
        }
        tombi.stop();
    }
}

#[test]
fn tombi_completes_fields_and_values() {
    for known in TOMBI {
        let workspace = Workspace::new(known);
        let (mut tombi, head, schema) = (workspace.tombi(), workspace.head(), schema());
        // From here on it has read its settings.
        tombi.open("groups/ops/_manifest.toml", &(head.clone() + FAULTY));

        let text = format!("{head}nobody = 1\n|\n");
        let found = offered(&mut tombi, "groups/a/_manifest.toml", &text);
        assert_fields_offered(&found, &schema);
        let text = format!("{head}[[secrets]]\n|\n");
        let found = offered(&mut tombi, "groups/b/_manifest.toml", &text);
        assert_fields_offered(&found, secret(&schema));

        for (group, value) in [("c", "|"), ("d", "\"|\"")] {
            let text = format!("{head}[[secrets]]\nprovider = {value}\n");
            let name = format!("groups/{group}/_manifest.toml");
            let found = offered(&mut tombi, &name, &text);
            let provider = secret(&schema).pointer("/properties/provider").unwrap();
            for name in qli::testing::providers::Provider::built_in() {
                let shown = found.get(&format!("\"{name}\""));
                let shown = shown.unwrap_or_else(|| panic!("{name}: {found:?}"));
                assert!(shown.contains(self::text(provider)), "{name}: {shown}");
            }
        }
        tombi.stop();
    }
}

const TAPLO: [Known; 3] = [Known::Line, Known::File(".taplo.toml"), Known::Setting];

/// The choices of `provider` with their texts.
fn providers(schema: &Value) -> impl Iterator<Item = (String, &str)> {
    let list = |key: &str| secret(schema).pointer(&format!("/properties/provider/anyOf/0/{key}"));
    let list = move |key| list(key).and_then(Value::as_array).unwrap().iter();
    let texts = list("enumDescriptions").map(|text| text.as_str().unwrap());
    list("enum").map(Value::to_string).zip(texts)
}

/// One test for everything: taplo's server takes seconds to start.
#[test]
fn taplo_completes_explains_and_marks() {
    for known in TAPLO {
        let workspace = Workspace::new(known);
        let (mut taplo, head, schema) = (workspace.taplo(), workspace.head(), schema());
        taplo_marks(&mut taplo, &head);
        taplo_explains(&mut taplo, &head, &schema);
        taplo_completes(&mut taplo, &head, &schema);
        taplo.stop();
    }
}

/// It marks more than the errors.
fn taplo_marks(taplo: &mut Server, head: &str) {
    let text = head.to_owned() + FAULTY;
    let marks = locations(&taplo.open("groups/ops/_manifest.toml", &text));
    for (line, _) in reported(&text) {
        assert!(marks.iter().any(|mark| mark.0 == line), "{line}: {marks:?}");
    }
}

/// It shows a field's text on the header, on the value, which may have its own text, or
/// on the name, as that of an array.
fn taplo_explains(taplo: &mut Server, head: &str, schema: &Value) {
    let name = "groups/a/_manifest.toml";
    let sample = Sample::below(&format!("{head}nobody = 1\n"), schema);
    taplo.open(name, &sample.text());
    for one in &sample.shown {
        let at = one.value.map_or(one.name, |value| value + 1);
        let places = [at, one.name, one.name + 1];
        let shown = places.map(|at| taplo.hover(&taplo.location(name, one.line, at)));
        let shown = shown.concat();
        let expected = one.of_value.as_ref().unwrap_or(&one.text);
        assert!(shown.contains(expected), "{one:?}: {shown:?}");
    }
}

fn taplo_completes(taplo: &mut Server, head: &str, schema: &Value) {
    let text = format!("{head}nobody = 1\n|\n");
    let found = offered(taplo, "groups/b/_manifest.toml", &text);
    assert_fields_offered(&found, schema);
    let text = format!("{head}[[secrets]]\n|\n");
    let found = offered(taplo, "groups/c/_manifest.toml", &text);
    assert_fields_offered(&found, secret(schema));
    let text = format!("{head}[[secrets]]\nprovider = \"|\"\n");
    let found = offered(taplo, "groups/d/_manifest.toml", &text);
    for (value, text) in providers(schema) {
        assert_eq!(found.get(&value).map(String::as_str), Some(text));
    }
}

#[test]
fn the_page_lists_what_a_schema_cannot_express() {
    let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let schema = schema();
    let (_, beyond) = text(&schema).split_once("\n\n").unwrap();
    assert!(joined(&page()).contains(&joined(beyond)), "{beyond}");
}

#[test]
fn the_page_names_the_tested_versions() {
    let tools = include_str!("../../tools");
    for (package, name) in [("tombi==", "tombi "), ("@taplo/lsp@", "`@taplo/lsp` ")] {
        let (_, rest) = tools.split_once(package).unwrap();
        let version = rest.split([' ', '"']).next().unwrap();
        assert!(
            page().contains(&format!("{name}{version}")),
            "{name}{version}"
        );
    }
}
