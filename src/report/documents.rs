//! The JSON documents of the commands. Their keys are a contract: each has a
//! schema under `schema/`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::FileFacts;
use crate::diagnostics::{Diagnostic, Place, Position};
use crate::discovery::{Catalogue, Entry, Group, GroupEntry, Home, RootKind};
use crate::guard::{Guard, Plan, Preview, Refusal, Step, Verdict, first_refusal};
use crate::names::{Digest, ExtensionName, GroupName, Sha256, Text};

const SCHEMA_VERSION: u32 = 1;

/// `qli explain <GROUP> <EXTENSION> --format json`: the plan, and what each
/// step would do now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExplainDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The group.
    pub group: GroupName,
    /// The extension.
    pub extension: ExtensionName,
    /// Arguments of the script.
    pub args: Vec<Text>,
    /// What the group is for.
    pub description: String,
    /// SHA-256 of the plan's canonical JSON: this machine and these arguments.
    pub digest: Digest,
    /// SHA-256 of manifest and script: the same on every machine that holds
    /// the same group.
    pub content_digest: Digest,
    /// Where the group comes from.
    pub origin: Origin,
    /// The manifest.
    pub manifest: FileFacts,
    /// The script.
    pub program: FileFacts,
    /// The steps in force, in order.
    pub steps: Vec<StepDocument>,
    /// Warnings of the manifest, and of who else may change it.
    pub warnings: Vec<DiagnosticDocument>,
    /// False as soon as one step refuses.
    pub would_run: bool,
    /// The code explain exits with: 0, or what the run would be refused with.
    pub exit_code: u8,
}

/// Where a group comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Origin {
    /// What kind of root it is.
    pub kind: RootKind,
    /// The root's directory.
    pub root: Text,
    /// The manifest in a system root that the group hides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hides: Option<Text>,
}

/// One step and its verdict.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StepDocument {
    /// Its name.
    pub step: Step,
    /// What it would do now: `pass`, `ask` (a person will be asked), `fetch`
    /// (another program will be called for a secret), `act` or `refuse`.
    pub verdict: &'static str,
    /// Stable name of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<&'static str>,
    /// Why it refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to type next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub help: Vec<String>,
    /// The guard's settings, from the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub settings: Option<serde_json::Value>,
}

impl ExplainDocument {
    /// Describes a plan and what its steps would do.
    pub fn new(plan: &Plan, steps: &[Preview]) -> Self {
        let refusal = first_refusal(steps);
        Self {
            schema_version: SCHEMA_VERSION,
            group: plan.group.clone(),
            extension: plan.extension.clone(),
            args: plan.args.clone(),
            description: plan.description.clone(),
            digest: plan.digest,
            content_digest: plan.content_digest,
            origin: Origin::of(&plan.home),
            manifest: plan.manifest.clone(),
            program: plan.program_facts(),
            steps: steps
                .iter()
                .map(|step| StepDocument::new(step, plan))
                .collect(),
            warnings: plan.warnings.iter().map(DiagnosticDocument::new).collect(),
            would_run: refusal.is_none(),
            exit_code: refusal.map_or(0, Refusal::exit_code),
        }
    }
}

impl Origin {
    fn of(home: &Home) -> Self {
        Self {
            kind: home.root.kind,
            root: home.root.path.as_os_str().into(),
            hides: home.hides.clone().map(Text::from),
        }
    }
}

impl StepDocument {
    fn new(preview: &Preview, plan: &Plan) -> Self {
        let refusal = match &preview.verdict {
            Verdict::Refuse(refusal) => Some(refusal),
            Verdict::Pass | Verdict::Ask | Verdict::Fetch | Verdict::Act => None,
        };
        let guard = plan
            .guards
            .iter()
            .find(|guard| guard.step() == preview.step);
        Self {
            step: preview.step,
            verdict: preview.verdict.as_str(),
            refusal: refusal.map(Refusal::name),
            reason: refusal.map(Refusal::reason),
            help: refusal.map(Refusal::helps).unwrap_or_default(),
            settings: guard.and_then(settings),
        }
    }
}

/// The settings of a guard, without the name of its step and without the
/// values that look like secrets.
fn settings(guard: &Guard) -> Option<serde_json::Value> {
    let shown = match guard {
        Guard::RequiresEnv(required) => {
            let wanted = required.wanted.iter().map(|(name, value)| {
                let value = if name.looks_secret() {
                    None
                } else {
                    Some(value)
                };
                serde_json::json!({ "name": name, "value": value })
            });
            return Some(serde_json::json!({ "wanted": wanted.collect::<Vec<_>>() }));
        }
        Guard::Banner(_) | Guard::Confirm(_) | Guard::Secrets(_) | Guard::AuditStart(_) => guard,
    };
    let mut value = serde_json::to_value(shown).ok()?;
    let map = value.as_object_mut()?;
    map.shift_remove("step");
    (!map.is_empty()).then_some(value)
}

/// `qli explain <GROUP> --format json`: a group, its guards, its extensions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GroupDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The group.
    pub group: GroupName,
    /// What it is for.
    pub description: String,
    /// Where it comes from.
    pub origin: Origin,
    /// Its manifest.
    pub manifest: FileFacts,
    /// The steps its manifest declares, in order.
    pub guards: Vec<&'static str>,
    /// Its extensions, sorted by name.
    pub extensions: Vec<ExtensionDocument>,
}

/// One extension.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExtensionDocument {
    /// Its name.
    pub name: ExtensionName,
    /// Its program.
    pub path: Text,
}

impl GroupDocument {
    /// Describes a group.
    pub fn new(entry: &GroupEntry) -> Self {
        let Group { home, manifest } = &entry.group;
        Self {
            schema_version: SCHEMA_VERSION,
            group: home.name.clone(),
            description: manifest.description.clone(),
            origin: Origin::of(home),
            manifest: FileFacts::new(
                &home.manifest_path,
                Sha256::of(manifest.source.text().as_bytes()),
            ),
            guards: super::group::declared(manifest),
            extensions: extensions(entry),
        }
    }
}

fn extensions(entry: &GroupEntry) -> Vec<ExtensionDocument> {
    let extensions = entry.extensions.iter().map(|one| ExtensionDocument {
        name: one.name.clone(),
        path: one.path.as_os_str().into(),
    });
    extensions.collect()
}

/// `qli validate --format json`, and what `run` and `explain` have to say when
/// no plan can be made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DiagnosticsDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// Number of manifests that were read; embedded ones are never counted.
    pub files: usize,
    /// Every problem, sorted by path and place.
    pub diagnostics: Vec<DiagnosticDocument>,
}

/// One problem.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct DiagnosticDocument {
    /// Its number, such as `QLI0102`.
    pub code: &'static str,
    /// Its name, such as `unknown-field`.
    pub name: &'static str,
    /// `error`, `warning` or `info`.
    pub severity: &'static str,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The next step, where there is one to name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The file, directory or name it is about.
    pub path: Text,
    /// Where in the file; absent if it is about the path itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<SpanDocument>,
    /// Other places of the same file that belong to it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub labels: Vec<LabelDocument>,
}

/// A range of a file.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SpanDocument {
    /// Where it starts.
    pub start: Position,
    /// Where it ends, exclusive.
    pub end: Position,
}

/// A second place of a problem.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LabelDocument {
    /// What stands there.
    pub text: String,
    /// Where.
    pub span: SpanDocument,
}

impl DiagnosticsDocument {
    /// Describes problems that were found in so many manifests.
    pub fn new<'a>(files: usize, found: impl IntoIterator<Item = &'a Diagnostic>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            files,
            diagnostics: found.into_iter().map(DiagnosticDocument::new).collect(),
        }
    }
}

impl DiagnosticDocument {
    fn new(one: &Diagnostic) -> Self {
        let place = |span: &std::ops::Range<usize>| match &one.place {
            Place::Text { source, .. } => Some(SpanDocument {
                start: source.position(span.start),
                end: source.position(span.end),
            }),
            Place::Path(_) => None,
        };
        let span = match &one.place {
            Place::Text { span, .. } => place(span),
            Place::Path(_) => None,
        };
        let labels = one.labels.iter().filter_map(|label| {
            let text = label.text.clone();
            place(&label.span).map(|span| LabelDocument { text, span })
        });
        Self {
            code: one.code.number(),
            name: one.code.name(),
            severity: one.code.severity().as_str(),
            message: one.message.clone(),
            help: one.help.clone(),
            path: one.path().as_os_str().into(),
            span,
            labels: labels.collect(),
        }
    }
}

/// `qli ext list --format json`: every group and its extensions.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CatalogueDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The groups, sorted by name.
    pub groups: Vec<CatalogueEntry>,
}

/// One group of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CatalogueEntry {
    /// Its name.
    pub name: GroupName,
    /// What kind of root it comes from.
    pub kind: RootKind,
    /// The root's directory.
    pub root: Text,
    /// What it is for; absent if it is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The steps its manifest declares.
    pub guards: Vec<&'static str>,
    /// Its extensions, sorted by name.
    pub extensions: Vec<ExtensionDocument>,
    /// Why it cannot run; empty if it can.
    pub diagnostics: Vec<DiagnosticDocument>,
}

impl CatalogueDocument {
    /// Describes the catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            groups: catalogue.groups.iter().map(CatalogueEntry::new).collect(),
        }
    }
}

impl CatalogueEntry {
    fn new(entry: &Entry) -> Self {
        let good = entry.group.as_ref().ok();
        let problems = entry.group.as_ref().err();
        let manifest = good.map(|good| &good.group.manifest);
        Self {
            name: entry.name.clone(),
            kind: entry.root.kind,
            root: entry.root.path.as_os_str().into(),
            description: manifest.map(|manifest| manifest.description.clone()),
            guards: manifest.map(super::group::declared).unwrap_or_default(),
            extensions: good.map(extensions).unwrap_or_default(),
            diagnostics: problems
                .into_iter()
                .flat_map(|found| found.iter().map(DiagnosticDocument::new))
                .collect(),
        }
    }
}

/// `qli ext which <GROUP> <EXTENSION> --format json`: the program, and those
/// it hides.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct WhichDocument {
    /// Version of this document: 1.
    pub schema_version: u32,
    /// The group.
    pub group: GroupName,
    /// The extension.
    pub extension: ExtensionName,
    /// The program that is started.
    pub path: Text,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// The manifest whose guards it runs under.
    pub manifest: Text,
    /// Programs of the same name that it hides.
    pub hidden: Vec<Text>,
}

impl WhichDocument {
    /// Describes one extension's program.
    pub fn new(target: &crate::discovery::Target, hidden: &[std::path::PathBuf]) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            group: target.group.home.name.clone(),
            extension: target.extension.clone(),
            path: target.program.path.as_os_str().into(),
            sha256: target.program.sha256,
            manifest: target.group.home.manifest_path.as_os_str().into(),
            hidden: hidden.iter().map(|path| path.as_os_str().into()).collect(),
        }
    }
}
