//! What is explained is what runs: with generated manifests and environments, a step
//! previewed as `pass` passes, one previewed as `refuse` refuses for the same reason,
//! and every effect follows the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jsonschema::Validator;

use proptest::prelude::*;
use qli::testing::discovery::Roots;
use qli::testing::dispatch::{Ended, Exit, Outcome, run};
use qli::testing::guard::{Answer, Plan, Preview, Refusal, Request, Step, Verdict, first_refusal};
use qli::testing::host::{Acl, FileKind};
use qli::testing::names::to_json_line;
use qli::testing::report::ExplainDocument;

use crate::fake::{Act, EXEC_LIMITS, Op, UID, World, native_program};

const LOG: &str = "/home/ops/log/a.log";
const SCRIPT: &str = "/home/ops/.local/share/qli/extensions/g/hello";

/// What a manifest declares.
#[derive(Debug, Clone)]
struct Declared {
    banner: bool,
    confirm: Ask,
    audited: bool,
    /// Whether refusals are recorded too.
    refusals: bool,
    required: BTreeMap<String, String>,
    secrets: BTreeMap<String, Provider>,
    /// Which of these the script's section requires, not the group.
    own: BTreeSet<String>,
}

/// How the user is asked.
#[derive(Debug, Clone, Copy)]
enum Ask {
    No,
    Key,
    Name,
}

#[derive(Debug, Clone, Copy)]
enum Provider {
    Env,
    OnePassword,
}

impl Declared {
    fn fields(&self) -> String {
        let mut fields = String::new();
        let mut line = |text: String| fields.push_str(&(text + "\n"));
        if self.banner {
            line("banner = \"B\"".into());
        }
        let path = |name: &str| {
            if self.own.contains(name) {
                "extensions.hello."
            } else {
                ""
            }
        };
        let confirm = match self.confirm {
            Ask::No => "confirm = false",
            Ask::Key => "confirm = true",
            Ask::Name => "confirm_by = \"name\"",
        };
        line(format!("{}{confirm}", path("confirm")));
        if self.audited {
            line(format!("audit_log = \"{LOG}\""));
            line(format!("audit.refusals = {}", self.refusals));
        }
        for (name, value) in &self.required {
            line(format!("{}requires_env.{name} = \"{value}\"", path(name)));
        }
        for (name, provider) in &self.secrets {
            let (reference, provider) = match provider {
                Provider::Env => (format!("CI_{name}"), "env"),
                Provider::OnePassword => (format!("op://v/{name}/f"), "one_password"),
            };
            line(format!(
                "[[{}secrets]]\nenv = \"{name}\"\nref = \"{reference}\"\nprovider = \"{provider}\"",
                path(name)
            ));
        }
        fields
    }
}

fn declared() -> impl Strategy<Value = Declared> {
    let provider = prop_oneof![Just(Provider::Env), Just(Provider::OnePassword)];
    (
        any::<bool>(),
        prop::sample::select(vec![Ask::No, Ask::Key, Ask::Name]),
        any::<(bool, bool)>(),
        prop::collection::btree_map("[AB]", "[12]?", 0..3),
        prop::collection::btree_map("[STU]", provider, 0..3),
        prop::collection::btree_set("confirm|[ABST]", 0..4),
    )
        .prop_map(
            |(banner, confirm, (audited, refusals), required, secrets, own)| Declared {
                banner,
                confirm,
                audited,
                refusals,
                required,
                secrets,
                own,
            },
        )
}

/// The environment of a run.
#[derive(Debug, Clone)]
struct Circumstances {
    vars: BTreeMap<String, String>,
    typed: Option<String>,
    answer: Answer,
    op: Option<(i32, String)>,
    tool: Tool,
    log: Log,
    start: Start,
    /// A variable that leaves no room for the others.
    huge: bool,
}

/// What is the matter with the provider's program.
#[derive(Debug, Clone, Copy)]
enum Tool {
    Good,
    /// On a filesystem without execution.
    Noexec,
    /// An access control list lets a stranger write.
    Acl,
}

/// How the system would start the script.
#[derive(Debug, Clone, Copy)]
enum Start {
    Good,
    ByEnv,
    ByEnvAndShim,
    /// The interpreter is missing, or what is at its path cannot start anything.
    Missing,
    Directory,
    Closed,
    Dangling,
    Empty,
    Text,
    Odd,
    OtherProgramAbove,
    Noexec,
    Nested,
    CarriageReturn,
    CutArgument,
    /// `env` finds nothing.
    EnvMissing,
    EnvCarriageReturn,
    EnvWords,
    EnvNothing,
    /// The script is a program itself.
    Program,
    OddProgram,
    OtherProgram,
}

const STARTS: [Start; 21] = [
    Start::ByEnv,
    Start::ByEnvAndShim,
    Start::Missing,
    Start::Directory,
    Start::Closed,
    Start::Dangling,
    Start::Empty,
    Start::Text,
    Start::Odd,
    Start::OtherProgramAbove,
    Start::Noexec,
    Start::Nested,
    Start::CarriageReturn,
    Start::CutArgument,
    Start::EnvMissing,
    Start::EnvCarriageReturn,
    Start::EnvWords,
    Start::EnvNothing,
    Start::Program,
    Start::OddProgram,
    Start::OtherProgram,
];

impl Start {
    fn put(self, world: World) -> World {
        const BY: &str = "/opt/by";
        let by = |world: World| world.executable(SCRIPT, &format!("#!{BY} -x\n"));
        let by_env = |world: World, name: &str| {
            let env = world.program("/usr/bin/env", &native_program());
            env.executable(SCRIPT, &format!("#!/usr/bin/env {name}\n"))
        };
        match self {
            Self::Good => world,
            Self::ByEnv => by_env(world, "sh"),
            Self::ByEnvAndShim => by_env(world.executable("/usr/bin/shim", "#!/bin/sh\n"), "shim"),
            Self::Missing => by(world),
            Self::Directory => by(world).directory(BY, 0o755),
            Self::Closed => by(world).file(BY, "x"),
            Self::Dangling => by(world).link(BY, "/none"),
            Self::Empty => by(world).executable(BY, ""),
            Self::Text => by(world).executable(BY, "echo\n"),
            Self::Odd => by(world).executable(BY, "a\0b"),
            Self::OtherProgramAbove => by(world).program(BY, &other_program()),
            Self::Noexec => by(world).program(BY, &native_program()).noexec("/opt"),
            Self::CarriageReturn => world.executable(SCRIPT, "#!/bin/sh\r\n"),
            Self::CutArgument => {
                let line = format!("#!/bin/sh {}\n", "a".repeat(300));
                world.executable(SCRIPT, &line)
            }
            Self::Nested => by(world).executable(BY, &format!("#!{BY}\n")),
            Self::EnvMissing => by_env(world, "none"),
            Self::EnvCarriageReturn => by_env(world, "sh\r"),
            Self::EnvWords => by_env(world, "sh -e"),
            Self::EnvNothing => by_env(world, ""),
            Self::Program => world.program(SCRIPT, &native_program()),
            Self::OddProgram => world.executable(SCRIPT, "a\0b"),
            Self::OtherProgram => world.program(SCRIPT, &other_program()),
        }
    }
}

fn other_program() -> Vec<u8> {
    let mut program = native_program();
    let machine = program.iter_mut().skip(18).take(2);
    machine.zip([8, 0]).for_each(|(byte, mips)| *byte = mips);
    program
}

/// Gives a path an access control list by which a stranger may write.
fn let_stranger_write(world: World, path: &str) -> World {
    let acl = Acl {
        users: vec![UID + 1],
        by_group: false,
    };
    let world = world.alter(path, |stat| stat.mode |= 0o020);
    world.acl_of(path, acl)
}

#[derive(Debug, Clone, Copy)]
enum Log {
    Absent,
    Good,
    Loose,
    Directory,
    Link,
    Foreign,
    ReadOnly,
    Unreadable,
    OpenDirectory,
    ClosedDirectory,
    LinkedDirectory,
    /// An access control list lets a stranger write to the directory.
    AclOfDirectory,
    /// No more can be written, which only writing shows.
    Full,
}

const LOGS: [Log; 14] = [
    Log::Absent,
    Log::Good,
    Log::Good,
    Log::Loose,
    Log::Directory,
    Log::Link,
    Log::Foreign,
    Log::ReadOnly,
    Log::Unreadable,
    Log::OpenDirectory,
    Log::ClosedDirectory,
    Log::LinkedDirectory,
    Log::AclOfDirectory,
    Log::Full,
];

fn circumstances() -> impl Strategy<Value = Circumstances> {
    let var = prop::sample::select(vec!["A", "B", "CI_S", "CI_T", "CI_U"]);
    let value = prop_oneof![
        20 => "[12]?",
        1 => Just("x".repeat(EXEC_LIMITS.string - 1)),
    ];
    let op = (0..2, "[a-z]{0,2}\n?");
    let log = prop::sample::select(LOGS.to_vec());
    let tool = prop_oneof![
        8 => Just(Tool::Good),
        1 => prop::sample::select(vec![Tool::Noexec, Tool::Acl]),
    ];
    (
        prop::collection::btree_map(var.prop_map(str::to_owned), value, 0..6),
        prop::option::of("y|n|g|"),
        prop::sample::select(vec![
            Answer::AskPerson,
            Answer::YesGiven,
            Answer::NameGiven("g".to_owned()),
            Answer::NameGiven("h".to_owned()),
        ]),
        (prop::option::weighted(0.8, op), tool),
        log,
        prop_oneof![4 => Just(Start::Good), 1 => prop::sample::select(STARTS.to_vec())],
        prop::bool::weighted(0.03),
    )
        .prop_map(
            |(vars, typed, answer, (op, tool), log, start, huge)| Circumstances {
                vars,
                typed,
                answer,
                op,
                tool,
                log,
                start,
                huge,
            },
        )
}

fn world(declared: &Declared, now: &Circumstances) -> World {
    let mut world = World::new().manifest("g", &declared.fields());
    for (name, value) in &now.vars {
        world = world.var(name, value);
    }
    if let Some(typed) = &now.typed {
        world = world.terminal(typed);
    }
    if let Some((code, value)) = &now.op {
        world = world.tool("op", *code, value.as_bytes(), b"no");
    }
    world = match now.tool {
        Tool::Good => world,
        Tool::Noexec => world.noexec("/usr/bin/op"),
        Tool::Acl => let_stranger_write(world, "/usr/bin/op"),
    };
    if now.huge {
        world = world.var("HUGE", "x".repeat(EXEC_LIMITS.all));
    }
    world = now.start.put(world);
    let log = |world: World, kind, mode| world.node(LOG, kind, mode, "");
    match now.log {
        Log::Absent => world,
        Log::Good => log(world, FileKind::File, 0o600),
        Log::Loose => log(world, FileKind::File, 0o644),
        Log::Directory => log(world, FileKind::Directory, 0o700),
        Log::Link => log(world, FileKind::Link, 0o777),
        Log::ReadOnly => log(world, FileKind::File, 0o400),
        Log::Unreadable => log(world, FileKind::File, 0o200),
        Log::Foreign => log(world, FileKind::File, 0o600).alter(LOG, |stat| stat.owner = UID + 1),
        Log::OpenDirectory => world.directory("/home/ops/log", 0o777),
        Log::ClosedDirectory => world.directory("/home/ops/log", 0o500),
        Log::LinkedDirectory => world.link("/home/ops/log", "/home/ops"),
        Log::AclOfDirectory => {
            let_stranger_write(world.directory("/home/ops/log", 0o700), "/home/ops/log")
        }
        Log::Full => world.fails(Op::Append, 1, nix::errno::Errno::ENOSPC),
    }
}

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

/// The cache from which an embedded script runs.
#[derive(Debug, Clone, Copy)]
enum Cache {
    Absent,
    Noexec,
    Closed,
    NotADirectory,
    Copied,
    CopyDiffers,
    CopyClosed,
    CopyUnreadable,
}

const CACHES: [Cache; 8] = [
    Cache::Absent,
    Cache::Noexec,
    Cache::Closed,
    Cache::NotADirectory,
    Cache::Copied,
    Cache::CopyDiffers,
    Cache::CopyClosed,
    Cache::CopyUnreadable,
];

impl Cache {
    fn world(self) -> World {
        const CACHE: &str = "/home/ops/.cache";
        let program = plan_of(&World::new(), "prod", &Answer::YesGiven)
            .spawn
            .program;
        let path = program.file().to_str().unwrap();
        let script = || str::from_utf8(&program.head).unwrap();
        let copy = |text: &str, mode| World::new().node(path, FileKind::File, mode, text);
        match self {
            Self::Absent => World::new(),
            Self::Noexec => World::new().directory(CACHE, 0o700).noexec(CACHE),
            Self::Closed => World::new().directory(CACHE, 0o500),
            Self::NotADirectory => World::new().file(CACHE, ""),
            Self::Copied => copy(script(), 0o700),
            Self::CopyDiffers => copy("#!/bin/sh\n", 0o700),
            Self::CopyClosed => copy(script(), 0o600),
            Self::CopyUnreadable => copy(script(), 0o100),
        }
    }
}

/// What a plan and its world are compared by.
struct Compared<'a> {
    plan: &'a Plan,
    log: &'a str,
    /// Whether refusals are recorded too.
    refusals: bool,
    /// Whether the start cannot be recorded, which a preview does not know.
    is_full: bool,
}

impl Compared<'_> {
    fn agree(&self, mut world: World) -> Result<(), TestCaseError> {
        let steps = self.plan.preview(&world);
        prop_assert!(world.acts().is_empty(), "the preview changed something");
        let outcome = run(self.plan, &mut world);
        let acts: Vec<_> = world.acts().iter().map(Act::name).collect();
        // An embedded script is copied once.
        let acts = acts.iter().map(String::as_str);
        let acts: Vec<_> = acts.filter(|act| *act != "Installed").collect();
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
            let is_end = ended_at.is_some_and(|step| step == Step::Spawn || self.refusals);
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
        secrets: [("S".to_owned(), Provider::OnePassword)].into(),
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
