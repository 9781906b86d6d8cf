//! The plan of one run: what `explain` previews and `run` enforces.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::{
    Answer, AuditStart, Banner, Confirm, Guards, Limits, Masking, Refusal, RequiresEnv, Secrets,
    Spawn,
};
use crate::audit::FileFacts;
use crate::diagnostics::{Diagnostics, Position, Source};
use crate::discovery::{self, Group, GroupLocation, ProgramKind, Roots, Target};
use crate::host::HostView;
use crate::manifest::{DemandedBy, FILE_NAME, Manifest, Requirements, locate};
use crate::names::{
    Digest, ExtensionName, GroupName, Sha256, Text, redact_args, shell_line, to_json_line,
};

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Request {
    pub group: GroupName,
    pub extension: ExtensionName,
    pub args: Vec<OsString>,
    pub roots: Roots,
    pub answer: Answer,
}

/// Everything that decides what runs, and under which guards. `explain` previews it,
/// `run` enforces it, and the start record identifies it by its digest.
#[derive(Debug, Clone)]
pub struct Plan {
    pub group: GroupName,
    pub description: String,
    pub extension: ExtensionName,
    pub section: Option<PlanSection>,
    pub args: Vec<Text>,
    /// Without the values of the secrets that are available without calling a program.
    args_without_values: Vec<Text>,
    pub location: GroupLocation,
    pub manifest: FileFacts,
    source: Arc<Source>,
    pub guards: Guards,
    pub spawn: Spawn,
    pub limits: Limits,
    pub masking: Masking,
    /// Warnings about the manifest, and about other users who may change the group.
    pub warnings: Diagnostics,
}

/// The section of the manifest that adds to the group's guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSection {
    pub position: Position,
    /// What the extension is for.
    pub description: Option<String>,
}

/// What the guards of a run are planned from.
pub(super) struct Declared<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) group: &'a GroupName,
    pub(super) extension: &'a ExtensionName,
    pub(super) answer: &'a Answer,
    pub(super) view: &'a dyn HostView,
}

impl<'a> Declared<'a> {
    /// What the group requires, then what the extension's section does.
    pub(super) fn requirements(
        &self,
    ) -> impl Iterator<Item = (DemandedBy, &'a Requirements)> + use<'a> {
        self.manifest.requirements_of(self.extension)
    }
}

impl Plan {
    /// Plans a run: reads the group's manifest and script, and changes nothing.
    ///
    /// # Errors
    ///
    /// An unknown name, a manifest with errors, a script that cannot be executed, an
    /// audit path that cannot be expanded.
    pub fn of(request: &Request, view: &dyn HostView) -> Result<Self, Diagnostics> {
        let Target {
            group: Group { location, manifest },
            extension,
            program,
            mut warnings,
        } = discovery::find(&request.group, &request.extension, &request.roots, view)?;
        warnings.extend(manifest.warnings.clone());
        let own = [location.manifest_id, program.id];
        let declared = Declared {
            manifest: &manifest,
            group: &location.name,
            extension: &extension,
            answer: &request.answer,
            view,
        };
        let guards = Guards {
            banner: Banner::plan(&declared),
            requires_env: RequiresEnv::plan(&declared),
            confirm: Confirm::plan(&declared),
            secrets: Secrets::plan(&declared),
            audit_start: AuditStart::plan(&manifest, own.into_iter().flatten().collect(), view)?,
        };
        let secrets = guards.secrets.as_ref();
        warnings.extend(secrets.and_then(|one| one.warning(view)));
        let limits = Limits::plan(&declared);
        let environment = manifest.environment_of(&extension);
        let masking = Masking::plan(&declared);
        let sha256 = Sha256::of(manifest.source.text().as_bytes());
        let facts = FileFacts::new(&location.manifest_path, sha256);
        let args: Vec<_> = request.args.iter().cloned().map(Text::from).collect();
        let args_without_values = guards.without_local_secrets(&args, view);
        Ok(Self {
            group: location.name.clone(),
            section: manifest.section(&extension).map(|section| PlanSection {
                position: manifest.source.position(section.span.start),
                description: section.description.clone(),
            }),
            description: manifest.description,
            extension,
            args,
            args_without_values,
            location,
            manifest: facts,
            source: manifest.source,
            guards,
            spawn: Spawn {
                program,
                environment,
            },
            limits,
            masking,
            warnings,
        })
    }

    /// SHA-256 of the plan's canonical JSON. It covers no secret value, no time and no
    /// answer.
    pub fn digest(&self) -> Digest {
        let limits = (!self.limits.is_empty()).then(|| ("limits", json!(self.limits)));
        let environment = &self.spawn.environment;
        let environment = (!environment.is_default()).then(|| ("environment", json!(environment)));
        let covered = [
            ("schema_version", json!(1)),
            ("group", json!(self.group)),
            ("extension", json!(self.extension)),
            ("args", json!(self.args)),
            ("manifest", json!(self.manifest)),
            ("program", json!(self.program_facts())),
            ("file", json!(Text::from(self.spawn.program.file()))),
            (
                "interpreters",
                json!(self.spawn.program.interpreters.as_ref().ok()),
            ),
            ("guards", json!(self.guards)),
        ];
        let masking = (!self.masking.is_off()).then(|| ("masking", json!(self.masking)));
        let optional = [limits, environment, masking];
        let covered = covered.into_iter();
        digest(covered.chain(optional.into_iter().flatten()).collect())
    }

    /// SHA-256 of the contents of manifest and script only, under their relative
    /// names: the same on every machine that has the same group.
    pub fn content_digest(&self) -> Digest {
        let program = &self.spawn.program;
        let script = match &program.kind {
            ProgramKind::OfGroup | ProgramKind::Embedded { .. } => self.extension.as_str().into(),
            ProgramKind::OnPath => program
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy(),
        };
        digest(json!({ FILE_NAME: self.manifest.sha256, script: program.sha256 }))
    }

    pub fn program_facts(&self) -> FileFacts {
        let program = &self.spawn.program;
        FileFacts::new(&program.path, program.sha256)
    }

    /// The programs that start the script, with their hashes. A run takes the time for
    /// those that someone else than root can change, and `explain` for all.
    pub fn interpreter_hashes(&self, view: &dyn HostView) -> Vec<(&Path, Option<Sha256>)> {
        let planned = self.spawn.program.interpreters.iter().flatten();
        let hashes = planned.map(|one| {
            let hash = || Some(view.digest(&one.path).ok()?.sha256);
            (&*one.path, one.sha256.or_else(hash))
        });
        hashes.collect()
    }

    /// The group, the extension and the arguments as they may be shown.
    /// The arguments as they may be shown: without secrets.
    pub fn shown_args(&self) -> Vec<Text> {
        redact_args(&self.args_without_values)
    }

    pub fn shown_command(&self) -> String {
        let names = [self.group.as_str(), self.extension.as_str()];
        let names = names.into_iter().map(OsStr::new);
        shell_line(names.chain(self.shown_args().iter().map(Text::as_os_str)))
    }

    /// Where the manifest requires what a refusal is about.
    pub fn required_at(&self, refusal: &Refusal) -> Option<Position> {
        let (by, path) = match refusal {
            Refusal::EnvDiffers(misses) => {
                let miss = &misses.first()?.wanted;
                (miss.demanded_by, vec!["requires_env", miss.name.as_str()])
            }
            Refusal::NoTerminal(_)
            | Refusal::Declined(_)
            | Refusal::WrongName(..)
            | Refusal::TerminalLost(..)
            | Refusal::TerminalUnknown(..) => {
                let confirm = self.guards.confirm.as_ref()?;
                let field = match confirm.name {
                    Some(_) => "confirm_by",
                    None => "confirm",
                };
                (confirm.demanded_by, vec![field])
            }
            Refusal::SecretsMissing(faults) => {
                let secret = &faults.first()?.secret;
                (secret.demanded_by, vec!["secrets", secret.env.as_str()])
            }
            Refusal::LogObstacle(obstacle) => (DemandedBy::Group, obstacle.setting.path().to_vec()),
            Refusal::LogFailed(..) | Refusal::LogLocked(..) => {
                (DemandedBy::Group, vec!["audit_log"])
            }
            Refusal::NotDelivered(_)
            | Refusal::Changed(_)
            | Refusal::Interrupted(..)
            | Refusal::CannotStart(_)
            | Refusal::SystemFailed(..) => return None,
        };
        let section = match by {
            DemandedBy::Group => Vec::new(),
            DemandedBy::Extension => vec!["extensions", self.extension.as_str()],
        };
        let span = locate(&self.source, &[section, path].concat())?;
        Some(self.source.position(span.start))
    }
}

/// Hashes a document's canonical JSON. The keys of every object are sorted, so that
/// the order of a structure's fields does not matter.
fn digest(mut document: serde_json::Value) -> Digest {
    document.sort_all_objects();
    Digest(Sha256::of(to_json_line(&document).as_bytes()))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Launch, Passage, Step, first_refusal};
    use super::*;
    use crate::host::fake::World;

    /// Plans `<group> hello`, with one argument.
    pub(in crate::guard) fn plan_of(world: &World, group: &str) -> Result<Plan, Diagnostics> {
        plan_with(world, group, Answer::AskPerson, &["a b"])
    }

    fn plan_with(
        world: &World,
        group: &str,
        answer: Answer,
        args: &[&str],
    ) -> Result<Plan, Diagnostics> {
        let request = Request {
            group: group.parse().unwrap(),
            extension: "hello".parse().unwrap(),
            args: args.iter().map(OsString::from).collect(),
            roots: Roots::of(&[], world),
            answer,
        };
        Plan::of(&request, world)
    }

    pub(in crate::guard) fn plan(world: &World) -> Result<Plan, Diagnostics> {
        plan_of(world, "g")
    }

    /// Enforces one guard of the group `g` and returns the world after it.
    pub(in crate::guard) fn enforce_only(
        world: World,
        step: Step,
    ) -> (World, Result<Passage, Refusal>) {
        enforce_with(world, step, Answer::AskPerson)
    }

    pub(in crate::guard) fn enforce_with(
        mut world: World,
        step: Step,
        answer: Answer,
    ) -> (World, Result<Passage, Refusal>) {
        let plan = plan_with(&world, "g", answer, &["a b"]).unwrap();
        let mut launch = Launch::begin(&plan, &mut world).unwrap();
        let guard = plan.guards.get(step).unwrap();
        let result = guard.enforce(&mut launch, &mut world);
        drop(launch);
        (world, result)
    }

    const ALL: &str = "banner = \"B\"\nconfirm = true\naudit_log = \"/home/ops/log/a\"\n\
        [requires_env]\nA = \"1\"\n\
        [[secrets]]\nenv = \"S\"\nref = \"CI\"\nprovider = \"env\"\n";

    #[test]
    fn the_steps_are_those_the_manifest_declares_and_always_spawn_and_wait() {
        let steps = |fields: &str| -> Vec<&str> {
            let world = World::new().manifest("g", fields);
            let steps = plan(&world).unwrap().preview(&world);
            steps.iter().map(|preview| preview.step.as_str()).collect()
        };
        assert_eq!(steps(""), ["spawn", "wait"]);
        assert_eq!(
            steps(ALL),
            [
                "banner",
                "requires_env",
                "confirm",
                "secrets",
                "audit_start",
                "spawn",
                "wait",
                "audit_finish"
            ]
        );
    }

    #[test]
    fn a_step_after_a_refusal_still_shows_its_own_verdict() {
        let world = World::new().manifest("g", ALL).var("CI", "x").terminal("");
        let steps = plan(&world).unwrap().preview(&world);
        let words: Vec<_> = steps
            .iter()
            .map(|preview| preview.verdict.as_str())
            .collect();
        assert_eq!(
            words,
            ["pass", "refuse", "ask", "pass", "act", "act", "act", "act"]
        );
        assert_eq!(first_refusal(&steps).unwrap().name(), "requires-env");
    }

    #[test]
    fn the_digest_covers_what_runs_and_not_how_it_is_answered() {
        let world = World::new().manifest("g", ALL);
        let digest = |world: &World, answer, args: &[&str]| {
            plan_with(world, "g", answer, args).unwrap().digest()
        };
        let plain = digest(&world, Answer::AskPerson, &["x"]);
        assert_eq!(plain, digest(&world, Answer::YesGiven, &["x"]));
        assert_ne!(plain, digest(&world, Answer::AskPerson, &["y"]));
        assert_ne!(plain, digest(&world, Answer::AskPerson, &["x", ""]));
        let other = World::new().manifest("g", &format!("{ALL}#"));
        assert_ne!(plain, digest(&other, Answer::AskPerson, &["x"]));
        let secret = World::new().manifest("g", ALL).var("CI", "value");
        assert_eq!(plain, digest(&secret, Answer::AskPerson, &["x"]));
    }

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = json!({"b": [{"d": 1, "c": 2}], "a": null});
        let sorted = r#"{"a":null,"b":[{"c":2,"d":1}]}"#;
        assert_eq!(digest(value), Digest(Sha256::of(sorted.as_bytes())));
    }

    #[test]
    fn the_content_digest_is_the_same_in_another_directory() {
        let here = World::new().manifest("g", "");
        let root = "/opt/qli/g";
        let there = World::new()
            .var("QLI_EXTENSIONS", "/opt/qli")
            .file(
                &format!("{root}/_manifest.toml"),
                "schema_version = 1\ndescription = \"d\"\n\n",
            )
            .executable(&format!("{root}/hello"), "#!/bin/sh\necho hello\n");
        let (here, there) = (plan(&here).unwrap(), plan(&there).unwrap());
        assert_eq!(here.content_digest(), there.content_digest());
        assert_ne!(here.digest(), there.digest());
    }
}
