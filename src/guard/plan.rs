//! The plan of one run: the only place that knows the order of the guards.

use std::ffi::OsString;

use super::digest::{Canonical, content_digest, digest};
use super::{
    Answer, AuditStart, Banner, Confirm, Guard, Limits, Refusal, RequiresEnv, Secrets, Spawn, Step,
    Verdict,
};
use crate::audit::FileFacts;
use crate::diagnostics::Diagnostics;
use crate::discovery::{self, Group, GroupLocation, Roots, Target};
use crate::host::{FileId, HostView};
use crate::manifest::Manifest;
use crate::names::{Digest, EnvName, ExtensionName, GroupName, Sha256, Text};

/// What was asked for on the command line.
#[derive(Debug, Clone)]
pub struct Request {
    /// The group.
    pub group: GroupName,
    /// The extension.
    pub extension: ExtensionName,
    /// Arguments of the script.
    pub args: Vec<OsString>,
    /// Where groups are looked for.
    pub roots: Roots,
    /// Who answers the question of a guard.
    pub answer: Answer,
}

/// All that decides what runs and under which guards. `explain` previews it,
/// `run` enforces it, the start record names it by its digest.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The group.
    pub group: GroupName,
    /// What the group is for.
    pub description: String,
    /// The extension.
    pub extension: ExtensionName,
    /// The section of the manifest that adds to the group's guards.
    pub section: Option<PlanSection>,
    /// Arguments of the script.
    pub args: Vec<Text>,
    /// The arguments as they may be shown.
    pub shown_args: Vec<Text>,
    /// Where the group is.
    pub home: GroupLocation,
    /// The manifest.
    pub manifest: FileFacts,
    /// Steps 1 to 5, those in force, in order.
    pub guards: Vec<Guard>,
    /// Step 6.
    pub spawn: Spawn,
    /// Step 7's.
    pub limits: Limits,
    /// SHA-256 of the plan's canonical JSON.
    pub digest: Digest,
    /// SHA-256 of manifest and script alone: the same on every machine that
    /// holds the same group.
    pub content_digest: Digest,
    /// Warnings of the manifest, and of what its group may change.
    pub warnings: Diagnostics,
}

/// What a plan keeps of the section of its extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSection {
    /// The line of its header in the manifest, from 1.
    pub line: usize,
    /// What the extension is for.
    pub description: Option<String>,
}

/// What one step would do now.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The step.
    pub step: Step,
    /// What it would do.
    pub verdict: Verdict,
}

impl Plan {
    /// Plans a run. It reads the group's manifest and script, and changes
    /// nothing.
    ///
    /// # Errors
    ///
    /// What the plan cannot be made without: an unknown name, a manifest with
    /// errors, a script that cannot be executed, an audit path that cannot be
    /// expanded.
    pub fn of(request: &Request, view: &dyn HostView) -> Result<Self, Diagnostics> {
        let Request {
            group,
            extension,
            args,
            roots,
            answer,
        } = request;
        let target = discovery::find(group, extension, roots, view)?;
        let Target {
            group,
            extension,
            program,
            mut warnings,
        } = target;
        let Group { home, manifest } = group;
        warnings.extend(manifest.warnings.clone());
        let own = [home.manifest_id, program.id]
            .into_iter()
            .flatten()
            .collect();
        let guards = guards_of(&manifest, (&home.name, &extension), own, answer, view)?;
        let limits = Limits::plan(&manifest.requirements_of(&extension));
        let sha256 = Sha256::of(manifest.source.text().as_bytes());
        let facts = FileFacts::new(&home.manifest_path, sha256);
        let args: Vec<_> = args.iter().cloned().map(Text::from).collect();
        let digest = digest(&Canonical {
            schema_version: 1,
            group: &home.name,
            extension: &extension,
            args: &args,
            manifest: &facts,
            program: FileFacts::new(&program.path, program.sha256),
            file: program.file().as_os_str().into(),
            guards: &guards,
            limits: &limits,
        });
        let shown_args = shown(&args, &guards, view);
        let content_digest = content_digest(&facts, &program, &extension);
        Ok(Self {
            group: home.name.clone(),
            section: manifest.section(&extension).map(|section| PlanSection {
                line: manifest.source.line_number(section.span.start),
                description: section.description.clone(),
            }),
            description: manifest.description,
            extension,
            args,
            shown_args,
            home,
            manifest: facts,
            guards,
            spawn: Spawn { program },
            limits,
            digest,
            content_digest,
            warnings,
        })
    }

    /// Describes the script.
    pub fn program_facts(&self) -> FileFacts {
        let program = &self.spawn.program;
        FileFacts::new(&program.path, program.sha256)
    }

    /// Returns the variables that secrets fill, in the manifest's order.
    pub fn secret_names(&self) -> impl Iterator<Item = &EnvName> {
        let guards = self.guards.iter().filter_map(|guard| match guard {
            Guard::Secrets(secrets) => Some(secrets),
            Guard::Banner(_) | Guard::RequiresEnv(_) | Guard::Confirm(_) | Guard::AuditStart(_) => {
                None
            }
        });
        guards.flat_map(|secrets| secrets.wanted.iter().map(|one| &one.env))
    }

    /// Returns the guard that records the start, if runs are recorded.
    pub fn audit(&self) -> Option<&AuditStart> {
        self.guards.iter().find_map(|guard| match guard {
            Guard::AuditStart(audit) => Some(audit),
            Guard::Banner(_) | Guard::RequiresEnv(_) | Guard::Confirm(_) | Guard::Secrets(_) => {
                None
            }
        })
    }

    /// Looks once more, directly before the spawn: manifest and script must be
    /// the files that were planned.
    pub fn last_look(&self, view: &dyn HostView) -> Result<(), Refusal> {
        super::last_look::look(self, view)
    }

    /// Says what every step in force would do now, in order.
    pub fn preview(&self, view: &dyn HostView) -> Vec<Preview> {
        let mut steps: Vec<_> = self
            .guards
            .iter()
            .map(|guard| Preview {
                step: guard.step(),
                verdict: guard.preview(view),
            })
            .collect();
        steps.push(Preview {
            step: Step::Spawn,
            verdict: self.spawn.preview(view),
        });
        steps.push(Preview {
            step: Step::Wait,
            verdict: Verdict::Act,
        });
        if self.audit().is_some() {
            steps.push(Preview {
                step: Step::AuditFinish,
                verdict: Verdict::Act,
            });
        }
        steps
    }
}

/// Returns the first step that refuses, which is the one a run would end at.
pub fn first_refusal(steps: &[Preview]) -> Option<&Refusal> {
    steps.iter().find_map(|preview| match &preview.verdict {
        Verdict::Refuse(refusal) => Some(refusal),
        Verdict::Pass | Verdict::Ask | Verdict::Fetch | Verdict::Act => None,
    })
}

/// The order of the guards. It exists here and nowhere else.
fn guards_of(
    manifest: &Manifest,
    (group, extension): (&GroupName, &ExtensionName),
    own: Vec<FileId>,
    answer: &Answer,
    view: &dyn HostView,
) -> Result<Vec<Guard>, Diagnostics> {
    let Manifest {
        description: _, // shown, and guards nothing
        banner,
        requirements: _, // below, with those of the extension
        sections: _,     // as well
        audit_log,
        source,
        warnings: _, // said beside the plan
    } = manifest;
    let demands = manifest.requirements_of(extension);
    let in_order = [
        Banner::plan(banner.as_ref()).map(Guard::Banner),
        RequiresEnv::plan(demands.clone()).map(Guard::RequiresEnv),
        Confirm::plan(demands.clone(), group, answer).map(Guard::Confirm),
        Secrets::plan(demands, view).map(Guard::Secrets),
        AuditStart::plan(audit_log.as_ref(), own, source, view)?.map(Guard::AuditStart),
    ];
    Ok(in_order.into_iter().flatten().collect())
}

fn shown(args: &[Text], guards: &[Guard], view: &dyn HostView) -> Vec<Text> {
    let secrets = guards.iter().find_map(|guard| match guard {
        Guard::Secrets(secrets) if !args.is_empty() => Some(secrets),
        Guard::Secrets(_)
        | Guard::Banner(_)
        | Guard::RequiresEnv(_)
        | Guard::Confirm(_)
        | Guard::AuditStart(_) => None,
    });
    secrets.map_or_else(|| args.to_vec(), |secrets| secrets.hidden_in(args, view))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Launch;
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
    pub(in crate::guard) fn enforce_only(world: World, step: Step) -> (World, Result<(), Refusal>) {
        enforce_with(world, step, Answer::AskPerson)
    }

    pub(in crate::guard) fn enforce_with(
        mut world: World,
        step: Step,
        answer: Answer,
    ) -> (World, Result<(), Refusal>) {
        let plan = plan_with(&world, "g", answer, &["a b"]).unwrap();
        let mut launch = Launch::begin(&plan, &mut world).unwrap();
        let guard = plan
            .guards
            .iter()
            .find(|guard| guard.step() == step)
            .unwrap();
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
            plan_with(world, "g", answer, args).unwrap().digest
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
    fn the_content_digest_is_the_same_in_another_place() {
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
        assert_eq!(here.content_digest, there.content_digest);
        assert_ne!(here.digest, there.digest);
    }
}
