//! What is recorded about a run when its script starts, or when it is refused.

use std::path::PathBuf;

use super::{Launch, Miss, Refusal, Step};
use crate::audit::{
    Claimed, EnvironmentFacts, Log, Passed, ProgramFacts, RefusedRecord, RunContext, RunFacts,
    recorded_args, recorded_message, recorded_names, recorded_variables,
};
use crate::host::HostView;
use crate::manifest::{ArgsMode, EnvironmentPolicy};
use crate::names::{Text, exit_code};
use crate::providers::Redactor;

pub(super) fn context(launch: &Launch<'_>, log: &Log) -> RunContext {
    let plan = launch.plan;
    RunContext {
        log: log.clone(),
        run_id: launch.run_id.clone(),
        group: plan.group.clone(),
        extension: plan.extension.clone(),
    }
}

/// What is about to run, with every value of a secret replaced.
pub(super) fn run_facts(
    launch: &Launch<'_>,
    args: &[Text],
    mode: ArgsMode,
    view: &dyn HostView,
) -> RunFacts {
    let plan = launch.plan;
    let script = &plan.spawn.program;
    let process = view.process();
    let redactor = Redactor::of(launch.secrets());
    let text = |path: PathBuf| Text::from(path);
    RunFacts {
        args: recorded_args(args, mode, &redactor),
        guards: launch.passed.clone(),
        plan: plan.digest(),
        program: ProgramFacts {
            path: script.path.as_os_str().into(),
            inode: script.id.map(|id| id.inode),
            sha256: script.sha256,
        },
        manifest: plan.manifest.clone(),
        origin: plan.location.root.path.as_os_str().into(),
        hides: plan.location.shadows.clone().map(|it| text(it.manifest)),
        cwd: view.cwd().map(|cwd| redactor.text(cwd.as_os_str())),
        tty: process.tty.map(text),
        pid: process.pid,
        process_start: process.start,
        boot_id: process.boot_id,
        ppid: process.ppid,
        parent_exe: process.parent_exe.map(text),
        login_uid: process.login_uid,
        claimed: Claimed::of(view, |value| redactor.text(&value)),
    }
}

/// What the script gets of the environment, with every value of a secret replaced.
pub(super) fn environment(launch: &Launch<'_>, view: &dyn HostView) -> EnvironmentFacts {
    let environment = &launch.plan.spawn.environment;
    if environment.is_default() {
        return EnvironmentFacts::default();
    }
    let redactor = Redactor::of(launch.secrets());
    let removed = launch.plan.environment_now(view).removed;
    let removed = removed.iter().map(|name| redactor.text(name.as_os_str()));
    let (env_removed, env_removed_left_out) =
        recorded_names(removed, |name| name.as_os_str().len());
    let (env_set, env_set_left_out) = recorded_variables(environment.set.iter().map(|one| {
        let value = if one.is_secret() {
            REDACTED
        } else {
            &one.value
        };
        (one.name.to_string(), redactor.text(value.as_ref()))
    }));
    let policy = environment.policy();
    EnvironmentFacts {
        environment: (policy != EnvironmentPolicy::Inherit).then_some(policy),
        env_removed,
        env_removed_left_out,
        env_set,
        env_set_left_out,
    }
}

/// Instead of a value that may be a secret.
const REDACTED: &str = "[redacted]";

/// What is recorded about a run that was refused. No secret has been fetched, so only
/// the values of local ones can be replaced in its arguments.
pub(super) fn refused(
    launch: &Launch<'_>,
    refusal: &Refusal,
    mode: ArgsMode,
    view: &dyn HostView,
) -> RefusedRecord {
    let signal = refusal.signal();
    let step = refusal.step().map(Step::as_str);
    let plan = launch.plan;
    let args = plan.guards.without_local_secrets(&plan.args, view);
    let mut run = run_facts(launch, &args, mode, view);
    run.guards.extend(step.map(|step| Passed {
        step,
        verdict: "refuse",
        detail: Some(refusal.name()),
    }));
    RefusedRecord {
        step,
        reason: refusal.name(),
        message: recorded_message(message(refusal)),
        exit_code: signal.map_or(refusal.exit_code().into(), |signal| {
            exit_code::of_signal(signal.number())
        }),
        signal,
        run,
    }
}

/// Why a run was refused, without the values of variables: logs are kept and copied.
fn message(refusal: &Refusal) -> String {
    let Refusal::EnvDiffers(misses) = refusal else {
        return refusal.reason();
    };
    let lines: Vec<_> = misses.iter().map(Miss::recorded).collect();
    lines.join("; ")
}
