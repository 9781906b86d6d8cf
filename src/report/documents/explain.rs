//! The document of a plan.

use schemars::JsonSchema;
use serde::Serialize;

use super::{DiagnosticDocument, SCHEMA_VERSION};
use crate::audit::FileFacts;
use crate::discovery::{GroupLocation, RootKind};
use crate::guard::{CommandLine, EnvironmentNow, Plan, Preview, Refusal, Step, first_refusal};
use crate::host::HostView;
use crate::manifest::{DemandedBy, EnvironmentPolicy};
use crate::names::{Digest, EnvName, ExtensionName, GroupName, Sha256, Text};

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
    /// Arguments of the script, without secrets.
    pub args: Vec<Text>,
    /// What the group is for.
    pub description: String,
    /// What the extension is for, if its section says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_description: Option<String>,
    /// SHA-256 of the plan's canonical JSON: for this machine and these arguments.
    pub digest: Digest,
    /// SHA-256 of manifest and script: the same on every machine that has
    /// the same group.
    pub content_digest: Digest,
    /// Where the group comes from.
    pub origin: Origin,
    /// The manifest.
    pub manifest: FileFacts,
    /// The script.
    pub program: FileFacts,
    /// The programs that start the script, in the order in which they are started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub interpreters: Vec<InterpreterDocument>,
    /// What the script gets of the environment of qli.
    pub environment: EnvironmentDocument,
    /// The steps in force, in order.
    pub steps: Vec<StepDocument>,
    /// Warnings of the manifest, and of who else may change it.
    pub warnings: Vec<DiagnosticDocument>,
    /// False as soon as one step refuses.
    pub would_run: bool,
    /// The code explain exits with: 0, or what the run would be refused with.
    pub exit_code: u8,
}

/// A program that starts the script: the interpreter of its `#!` line, that one's own,
/// or what `env` finds on PATH.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct InterpreterDocument {
    pub path: Text,
    /// Missing if it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256>,
}

/// What the script gets of the environment of qli; names, never values of its variables.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EnvironmentDocument {
    /// The stricter of the group's `environment` and the section's.
    pub policy: EnvironmentPolicy,
    /// Variables that are set now, and that the script does not get.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub removed: Vec<Text>,
    /// Variables that it gets although they decide which code runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub loader_variables: Vec<Text>,
    /// Variables that the manifest sets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub set: Vec<SetVariable>,
}

/// A variable that the manifest sets for the script.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SetVariable {
    pub name: EnvName,
    /// Missing if it may be a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    pub demanded_by: DemandedBy,
}

impl EnvironmentDocument {
    fn of(plan: &Plan, view: &dyn HostView) -> Self {
        let environment = &plan.spawn.environment;
        let EnvironmentNow { removed, loaders } = plan.environment_now(view);
        let set = environment.set.iter().map(|one| SetVariable {
            name: one.name.clone(),
            value: (!one.is_secret()).then(|| one.value.clone()),
            demanded_by: one.demanded_by,
        });
        Self {
            policy: environment.policy(),
            removed,
            loader_variables: loaders,
            set: set.collect(),
        }
    }
}

/// Where a group comes from.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Origin {
    /// What kind of root it is.
    pub kind: RootKind,
    /// The root's directory.
    pub root: Text,
    /// The manifest that the group shadows: one in a system root, or one with guards
    /// that it lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hides: Option<Text>,
    /// The fields of that manifest whose guards the group lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub lacks: Vec<String>,
}

/// One step and its verdict.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StepDocument {
    /// Its name.
    pub step: Step,
    /// What it would do now: `pass`, `ask` (the user will be asked), `fetch`
    /// (another program will be called for a secret), `act` or `refuse`.
    pub verdict: &'static str,
    /// Number of the refusal, such as `QLI1001`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Stable name of the refusal, such as `requires-env`; `qli help` has a
    /// page about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<&'static str>,
    /// Why it refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Commands to type next.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub help: Vec<String>,
    /// The guard's settings, without values that may be secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")]
    pub settings: Option<serde_json::Value>,
}

impl ExplainDocument {
    /// Describes a plan and what its steps would do.
    pub fn new(plan: &Plan, steps: &[Preview], view: &dyn HostView) -> Self {
        let interpreters = plan.interpreter_hashes(view).into_iter();
        let interpreters = interpreters.map(|(path, sha256)| InterpreterDocument {
            path: path.as_os_str().into(),
            sha256,
        });
        let refusal = first_refusal(steps);
        Self {
            schema_version: SCHEMA_VERSION,
            group: plan.group.clone(),
            extension: plan.extension.clone(),
            args: plan.shown_args(),
            description: plan.description.clone(),
            extension_description: plan
                .section
                .as_ref()
                .and_then(|section| section.description.clone()),
            digest: plan.digest(),
            content_digest: plan.content_digest(),
            origin: Origin::of(&plan.location),
            manifest: plan.manifest.clone(),
            program: plan.program_facts(),
            interpreters: interpreters.collect(),
            environment: EnvironmentDocument::of(plan, view),
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
    pub(super) fn of(location: &GroupLocation) -> Self {
        let shadowed = location.shadows.as_ref();
        Self {
            kind: location.root.kind,
            root: location.root.path.as_os_str().into(),
            hides: shadowed.map(|it| it.manifest.as_os_str().into()),
            lacks: shadowed.map_or_else(Vec::new, |it| it.guards.clone()),
        }
    }
}

impl StepDocument {
    fn new(preview: &Preview, plan: &Plan) -> Self {
        let refusal = preview.verdict.refusal();
        let line = CommandLine { qli: "qli", plan };
        let help = refusal.map(|refusal| refusal.next_steps(line));
        let masking = (preview.step == Step::Spawn && !plan.masking.is_off())
            .then(|| serde_json::json!(plan.masking));
        let limits = (preview.step == Step::Wait && !plan.limits.is_empty())
            .then(|| serde_json::json!(plan.limits));
        let settings = plan.guards.settings(preview.step);
        Self {
            step: preview.step,
            verdict: preview.verdict.as_str(),
            code: refusal.map(|refusal| refusal.code().number()),
            refusal: refusal.map(Refusal::name),
            reason: refusal.map(Refusal::reason),
            help: help
                .into_iter()
                .flatten()
                .map(|step| step.command)
                .collect(),
            settings: settings.or(masking).or(limits),
        }
    }
}
