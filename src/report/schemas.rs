//! JSON Schemas of the documents, generated from their types. A test compares them
//! with the files in `schema/`.

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};

use super::documents::{
    AuditHeadDocument, AuditRunsDocument, AuditShowDocument, AuditVerifyDocument,
    CatalogueDocument, DiagnosticsDocument, ExplainDocument, GroupDocument, WhichDocument,
};
use crate::audit::LogLine;
use crate::doctor::Checkup;
use crate::manifest;

/// By file name, `<name>.v1.schema.json`.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("manifest", manifest::schema()),
        ("plan", schema_of::<ExplainDocument>()),
        ("audit", schema_of::<LogLine>()),
        ("diagnostics", schema_of::<DiagnosticsDocument>()),
        ("catalogue", schema_of::<CatalogueDocument>()),
        ("report", schema_of::<ReportDocument>()),
        ("audit-report", schema_of::<AuditReportDocument>()),
        ("doctor", schema_of::<Checkup>()),
    ]
}

/// The smaller reports: `explain <GROUP>` and `ext which`.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ReportDocument {
    Group(GroupDocument),
    Which(WhichDocument),
}

/// What `qli audit` prints.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AuditReportDocument {
    Runs(AuditRunsDocument),
    Show(Box<AuditShowDocument>),
    Verify(AuditVerifyDocument),
    Head(AuditHeadDocument),
}

fn schema_of<T: JsonSchema>() -> Schema {
    let mut settings = SchemaSettings::draft07();
    settings.transforms.push(Box::new(Plain));
    settings.into_generator().into_root_schema_for::<T>()
}

/// Removes details of Rust types: the width of a number, and `null` for a key that is
/// omitted instead.
#[derive(Debug, Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        schema.remove("format");
        schema.remove("default");
        if let Some(serde_json::Value::Array(types)) = schema.get_mut("type") {
            types.retain(|one| one != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".into(), only);
            }
        }
        if let Some(serde_json::Value::Array(choices)) = schema.get_mut("anyOf") {
            let null = serde_json::json!({ "type": "null" });
            choices.retain(|one| *one != null);
        }
        transform_subschemas(self, schema);
    }
}
