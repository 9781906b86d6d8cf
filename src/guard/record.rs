//! What the log is told of a run before it starts, or of why it does not.

use std::path::PathBuf;

use super::{Launch, Plan, Refusal, Step};
use crate::audit::{
    Claimed, Log, Login, Passed, ProgramFacts, RefusedRecord, RunContext, RunFacts, recorded_args,
    recorded_message,
};
use crate::host::HostView;
use crate::manifest::ArgsMode;
use crate::names::{Text, exit_code};
use crate::providers::Redactor;

/// Says whose run it is.
pub(super) fn opening(launch: &Launch<'_>, log: &Log) -> RunContext {
    let plan = launch.plan();
    RunContext {
        log: log.clone(),
        run_id: launch.run_id().clone(),
        group: plan.group.clone(),
        extension: plan.extension.clone(),
    }
}

/// Collects what is about to run. Values of secrets are replaced everywhere.
pub(super) fn run_facts(
    launch: &Launch<'_>,
    args: &[Text],
    mode: ArgsMode,
    view: &dyn HostView,
) -> RunFacts {
    let plan = launch.plan();
    let process = view.process();
    let redactor = Redactor::of(launch.secrets());
    let text = |path: PathBuf| Text::from(path);
    RunFacts {
        args: recorded_args(args, mode, &redactor),
        guards: launch.passed().to_vec(),
        plan: plan.digest,
        program: program_facts(plan),
        manifest: plan.manifest.clone(),
        origin: plan.home.root.path.as_os_str().into(),
        hides: plan.home.hides.clone().map(text),
        cwd: view.cwd().map(|cwd| redactor.text(cwd.as_os_str())),
        tty: process.tty.map(text),
        pid: process.pid,
        process_start: process.start,
        boot_id: process.boot_id,
        ppid: process.ppid,
        parent_exe: process.parent_exe.map(text),
        login_uid: Login(process.login_uid),
        claimed: Claimed::of(view, |value| redactor.text(&value)),
    }
}

/// Collects what is recorded of a run that was refused before its start. The
/// secrets are not there yet, so its arguments are those that may be shown.
pub(super) fn refused(
    launch: &Launch<'_>,
    refusal: &Refusal,
    mode: ArgsMode,
    view: &dyn HostView,
) -> RefusedRecord {
    let signal = refusal.signal();
    let step = refusal.step().map(Step::as_str);
    let mut run = run_facts(launch, &launch.plan().shown_args, mode, view);
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

/// Why a run was refused, without what variables hold: a record is kept and
/// collected, and not every name of a secret promises one.
fn message(refusal: &Refusal) -> String {
    let Refusal::EnvDiffers(misses) = refusal else {
        return refusal.reasons().join("; ");
    };
    let words = misses.iter().map(|miss| match miss.found {
        Some(_) => format!("`{}` has another value", miss.name),
        None => format!("`{}` is not set", miss.name),
    });
    words.collect::<Vec<_>>().join("; ")
}

fn program_facts(plan: &Plan) -> ProgramFacts {
    let program = &plan.spawn.program;
    ProgramFacts {
        path: program.path.as_os_str().into(),
        inode: program.id.map(|id| id.inode),
        sha256: program.sha256,
    }
}
