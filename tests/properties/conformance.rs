//! What is explained is what runs: with generated manifests and environments, a step
//! previewed as `pass` passes, one previewed as `refuse` refuses for the same reason,
//! and every effect follows the plan.

mod worlds;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

use proptest::prelude::*;
use qli::testing::discovery::Roots;
use qli::testing::dispatch::{Ended, Exit, Outcome, run};
use qli::testing::guard::{Answer, Plan, Preview, Refusal, Request, Step, Verdict, first_refusal};
use qli::testing::host::HostView as _;
use qli::testing::names::to_json_line;
use qli::testing::report::ExplainDocument;

use crate::fake::{Act, World};
use worlds::{
    Ask, CACHES, Cache, Circumstances, Declared, Environment, LOG, LOGS, Log, Provider, RUNTIME,
    RUNTIMES, Runtime, STARTS, Start, Tool, circumstances, declared, world,
};

fn plan(world: &World, answer: &Answer) -> Plan {
    plan_of(world, "g", answer)
}

fn plan_of(world: &World, group: &str, answer: &Answer) -> Plan {
    let request = Request {
        group: group.parse().unwrap(),
        extension: "hello".parse().unwrap(),
        args: vec!["a".into()],
        roots: Roots::of(&[], world),
        answer: answer.clone(),
    };
    Plan::of(&request, world).unwrap()
}

/// The step a run ended at, its reason, and its exit code.
fn end(outcome: &Outcome) -> Option<(Step, String)> {
    match &outcome.ended {
        Ended::Ran(_) => None,
        Ended::NotStarted(refusal) => Some((refusal.step().unwrap(), refusal.reason())),
        Ended::Lost(reason) => panic!("{reason}"),
    }
}

/// The steps whose outcome a preview cannot know: the user or another program
/// decides.
fn is_open(preview: &Preview) -> bool {
    matches!(preview.verdict, Verdict::Ask | Verdict::Fetch)
}

/// The acts a plan allows, in its order, by their names.
fn allowed(steps: &[Preview]) -> Vec<&'static str> {
    let of = |preview: &Preview| match (preview.step, &preview.verdict) {
        (Step::Banner, _) => vec!["Shown"],
        (Step::Confirm, Verdict::Ask) => vec!["Asked"],
        (Step::Secrets, Verdict::Fetch) => vec!["Protected", "Called"],
        (Step::Secrets, Verdict::Pass) => vec!["Protected"],
        (Step::AuditStart | Step::AuditFinish, Verdict::Act) => vec!["Appended", "Synced"],
        (Step::Spawn, Verdict::Act) => vec!["Spawned"],
        (Step::Wait, Verdict::Act) => vec!["Waited"],
        _ => vec![],
    };
    std::iter::once("HandlersInstalled")
        .chain(steps.iter().flat_map(of))
        .collect()
}

static AUDIT: LazyLock<Validator> = LazyLock::new(|| validator("audit"));
static PLAN: LazyLock<Validator> = LazyLock::new(|| validator("plan"));

fn validator(name: &str) -> Validator {
    let schemas = qli::testing::report::schemas();
    let (_, schema) = schemas.iter().find(|(found, _)| *found == name).unwrap();
    jsonschema::validator_for(schema.as_value()).unwrap()
}

fn fits(validator: &Validator, json: &str) -> Result<(), TestCaseError> {
    let value = serde_json::from_str(json).unwrap();
    let fault = validator
        .validate(&value)
        .map_err(|error| error.to_string());
    fault.map_err(|error| TestCaseError::fail(format!("{error}: {json}")))
}

/// What a plan and its world are compared by.
struct Compared<'a> {
    plan: &'a Plan,
    log: &'a str,
    /// Whether refusals are recorded too.
    refusals: bool,
    /// Whether the start cannot be recorded, which a preview does not know.
    is_full: bool,
    /// Whether the files of secrets cannot be written, which a preview does not know.
    has_no_room: bool,
}

impl Compared<'_> {
    fn agree(&self, mut world: World) -> Result<(), TestCaseError> {
        let steps = self.plan.preview(&world);
        let explained = ExplainDocument::new(self.plan, &steps, &world);
        let explained = serde_json::to_value(&explained).unwrap();
        prop_assert!(world.acts().is_empty(), "the preview changed something");
        let outcome = run(self.plan, &mut world);
        environment_agrees(explained.get("environment").unwrap(), &world)?;
        let acts: Vec<_> = world.acts().iter().map(Act::name).collect();
        // An embedded script is copied once, and secrets are delivered before the start.
        let others = ["Installed", "Cleared", "Descriptor"];
        let acts = acts.iter().map(String::as_str);
        let acts: Vec<_> = acts.filter(|act| !others.contains(act)).collect();
        prop_assert!(!world.has_below(&format!("{RUNTIME}/")), "a secret is left");
        prop_assert!(outcome.not_removed.is_none());
        self.ends_agree(&steps, &outcome, &acts)?;
        let ended_at = end(&outcome).map(|(step, _)| step);
        self.acts_agree(&steps, ended_at, &acts)?;

        // Every start record has its end, and every record is valid by its schema.
        let log = world.text(self.log).unwrap_or_default();
        let is_refusal = log.lines().count() == 1 && self.refusals && ended_at.is_some();
        prop_assert!(
            is_refusal || matches!(log.lines().count(), 0 | 2),
            "{}",
            log
        );
        for line in log.lines() {
            fits(&AUDIT, line)?;
        }
        fits(
            &PLAN,
            &to_json_line(&ExplainDocument::new(self.plan, &steps, &world)),
        )
    }

    /// What was previewed as refused was refused, and no one was asked before.
    fn ends_agree(
        &self,
        steps: &[Preview],
        outcome: &Outcome,
        acts: &[&str],
    ) -> Result<(), TestCaseError> {
        let refused =
            first_refusal(steps).map(|refusal| (refusal.step().unwrap(), refusal.reason()));
        match (end(outcome), refused) {
            (None, None) => prop_assert_eq!(outcome.ended.exit(), Exit::Code(0)),
            // A run that asks no one writes to the log before it starts the script.
            (Some((Step::AuditStart, _)), None | Some((Step::Spawn, _))) if self.is_full => {}
            (Some((Step::Secrets, _)), None) if self.has_no_room => {}
            (Some((step, reason)), None) => {
                // The user said no, or a program had no value.
                let open = steps.iter().any(|one| one.step == step && is_open(one));
                prop_assert!(open, "refused unexpectedly: {:?} {}", step, reason);
            }
            (ended_at, refused) => {
                prop_assert_eq!(&ended_at, &refused);
                let is_early = !acts.contains(&"Asked") && !acts.contains(&"Called");
                prop_assert!(is_early, "{:?}", acts);
            }
        }
        Ok(())
    }

    /// What was done is a prefix of what the plan allows, in its order.
    fn acts_agree(
        &self,
        steps: &[Preview],
        ended_at: Option<Step>,
        acts: &[&str],
    ) -> Result<(), TestCaseError> {
        let mut rest = allowed(steps).into_iter().peekable();
        for act in acts {
            let is_end = ended_at
                .is_some_and(|step| step == Step::Spawn || self.refusals || self.has_no_room);
            if is_end && *act == "Appended" {
                break; // the end record of a script that could not be started, or the refusal
            }
            while rest.peek() == Some(&"Called") && *act != "Called" {
                rest.next();
            }
            if *act == "Called" && rest.peek() != Some(&"Called") {
                continue; // one call for each secret
            }
            prop_assert_eq!(rest.next(), Some(*act), "{:?}", acts);
        }
        prop_assert_eq!(acts.contains(&"Spawned"), ended_at.is_none());
        Ok(())
    }
}

/// The script got what was explained: everything that is not removed, with the value that
/// is set if one is, and nothing else but secrets and the names of the run.
fn environment_agrees(explained: &Value, world: &World) -> Result<(), TestCaseError> {
    let acts = world.acts();
    let Some(Act::Spawned(_, given)) = acts.iter().find(|act| act.name() == "Spawned") else {
        return Ok(());
    };
    let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_owned();
    let given: BTreeMap<_, _> = given
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect();
    let own = world.environment().iter();
    let own: BTreeMap<_, _> = own.map(|(name, value)| (text(name), text(value))).collect();
    let list = |key: &str| {
        explained
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let set = list("set").into_iter().map(|one| {
        let of = |key: &str| one.get(key).and_then(Value::as_str).unwrap().to_owned();
        (of("name"), of("value"))
    });
    let set: BTreeMap<_, _> = set.collect();
    let names = |key: &str| -> BTreeSet<_> {
        list(key)
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let (removed, loaders) = (names("removed"), names("loader_variables"));
    let by_qli = |name: &str| {
        name.starts_with("QLI_") || matches!(name, "S" | "T" | "U" | "CREDENTIALS_DIRECTORY")
    };
    for (name, value) in &own {
        let expected = set.get(name).or((!removed.contains(name)).then_some(value));
        if !by_qli(name) {
            prop_assert_eq!(given.get(name), expected, "{}", name);
        }
        let is_loader = name.starts_with("LD_") || name == "BASH_ENV" || value.starts_with("()");
        if is_loader && !by_qli(name) && !set.contains_key(name) {
            prop_assert_eq!(given.contains_key(name), loaders.contains(name), "{}", name);
        }
    }
    for (name, value) in &given {
        let is_known = own.contains_key(name) || by_qli(name) || set.get(name) == Some(value);
        prop_assert!(is_known, "{} was added", name);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn preview_and_enforcement_agree(declared in declared(), now in circumstances()) {
        let world = world(&declared, &now);
        let compared = Compared {
            plan: &plan(&world, &now.answer),
            log: LOG,
            refusals: declared.refusals,
            is_full: matches!(now.log, Log::Full),
            has_no_room: matches!(now.runtime, Runtime::Full),
        };
        compared.agree(world)?;
    }

    #[test]
    fn preview_and_enforcement_of_a_built_in_group_agree(
        cache in prop::sample::select(CACHES.to_vec()),
        is_prod in any::<bool>(),
        answer in prop::sample::select(vec![Answer::AskPerson, Answer::YesGiven]),
    ) {
        let world = cache.world().terminal("y");
        let world = if is_prod { world.var("QLI_ENV", "prod") } else { world };
        let compared = Compared {
            plan: &plan_of(&world, "prod", &answer),
            log: "/home/ops/.local/state/qli/prod-audit.log",
            refusals: true,
            is_full: false,
            has_no_room: false,
        };
        compared.agree(world)?;
    }

    #[test]
    fn the_answer_does_not_change_the_digest_of_a_plan(declared in declared(), now in circumstances()) {
        let world = world(&declared, &now);
        prop_assert_eq!(plan(&world, &Answer::YesGiven).digest(), plan(&world, &Answer::AskPerson).digest());
    }
}

/// The step that a preview refuses, with a manifest that everything lets through.
fn refused_alone(change: impl FnOnce(&mut Circumstances)) -> Option<Step> {
    let declared = Declared {
        banner: true,
        confirm: Ask::Key,
        audited: true,
        refusals: false,
        required: BTreeMap::new(),
        secrets: [("S".to_owned(), (Provider::OnePassword, "file"))].into(),
        environment: Environment::default(),
        own: BTreeSet::new(),
    };
    let mut now = Circumstances {
        vars: BTreeMap::new(),
        typed: None,
        answer: Answer::YesGiven,
        op: Some((0, "v".to_owned())),
        tool: Tool::Good,
        log: Log::Absent,
        start: Start::Good,
        runtime: Runtime::Good,
        huge: false,
    };
    change(&mut now);
    let world = world(&declared, &now);
    let steps = plan(&world, &now.answer).preview(&world);
    first_refusal(&steps).and_then(Refusal::step)
}

#[test]
fn each_circumstance_alone_refuses_its_own_step() {
    assert_eq!(refused_alone(|_| {}), None);
    for start in STARTS {
        let runs = matches!(
            start,
            Start::ByEnv | Start::ByEnvAndShim | Start::CutArgument | Start::Program
        );
        let expected = (!runs).then_some(Step::Spawn);
        assert_eq!(
            refused_alone(|now| now.start = start),
            expected,
            "{start:?}"
        );
    }
    for tool in [Tool::Noexec, Tool::Acl] {
        let refused = refused_alone(|now| now.tool = tool);
        assert_eq!(refused, Some(Step::Secrets), "{tool:?}");
    }
    for runtime in RUNTIMES {
        // Only a descriptor needs what is missing there.
        let is_usable = matches!(runtime, Runtime::NoDescriptors | Runtime::Full);
        let expected = (!is_usable).then_some(Step::Secrets);
        let refused = refused_alone(|now| now.runtime = runtime);
        assert_eq!(refused, expected, "{runtime:?}");
    }
    for log in LOGS {
        let is_usable = matches!(log, Log::Absent | Log::Good | Log::Full);
        let expected = (!is_usable).then_some(Step::AuditStart);
        assert_eq!(refused_alone(|now| now.log = log), expected, "{log:?}");
    }
    assert_eq!(refused_alone(|now| now.huge = true), Some(Step::Spawn));
}

#[test]
fn an_embedded_script_needs_a_cache_that_can_run_it() {
    for cache in CACHES {
        let world = cache.world().var("QLI_ENV", "prod");
        let steps = plan_of(&world, "prod", &Answer::YesGiven).preview(&world);
        let runs = matches!(cache, Cache::Absent | Cache::Copied);
        let expected = (!runs).then_some(Step::Spawn);
        let refused = first_refusal(&steps).and_then(Refusal::step);
        assert_eq!(refused, expected, "{cache:?}");
    }
}

#[test]
fn a_previewed_refusal_has_the_exit_code_of_the_run() {
    let world = World::new().manifest("g", "[requires_env]\nA = \"1\"");
    let plan = plan(&world, &Answer::AskPerson);
    let code = first_refusal(&plan.preview(&world)).map(Refusal::exit_code);
    let mut world = world;
    assert_eq!(
        code.map(Exit::Code),
        Some(run(&plan, &mut world).ended.exit())
    );
}
