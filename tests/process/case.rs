//! Generated runs: manifests, environments, and files in any state.

mod expect;
mod files;
mod start;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;

pub(crate) use start::{Mount, Size, Start};

/// Everything a run depends on.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) manifest: Manifest,
    script: Script,
    location: Place,
    root: Root,
    trust: Trust,
    log: Log,
    pub(crate) op: Op,
    vars: BTreeMap<&'static str, Vec<u8>>,
    args: Vec<Vec<u8>>,
    yes: bool,
    start: Start,
}

/// What the manifest declares.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) banner: Option<&'static str>,
    confirm: bool,
    pub(crate) audit_log: Option<&'static str>,
    required: BTreeMap<&'static str, &'static str>,
    pub(crate) secrets: BTreeMap<&'static str, (&'static str, &'static str)>,
    /// Which of these the script's section requires, not the group.
    own: BTreeSet<&'static str>,
    mistake: Option<&'static str>,
}

/// What kind of file the script is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Script {
    Good,
    ByEnv,
    Linked,
    NoInterpreter,
    ClosedInterpreter,
    DirectoryInterpreter,
    EmptyInterpreter,
    TextInterpreter,
    OpenInterpreter,
    OwnInterpreter,
    CarriageReturn,
    ByEnvCarriageReturn,
    ByEnvMissing,
    ByEnvWords,
    ByEnvOption,
    ByEnvNothing,
    Relative,
    DirectoryName,
    NestedTooDeep,
    LongLine,
    LongArgument,
    ByteOrderMark,
    Utf16,
    NoLine,
    Empty,
    Binary,
    OtherMachine,
    OtherMachineInterpreter,
    NoLoader,
    NotExecutable,
    Directory,
    Dangling,
}

/// Scripts that run.
const RUNS: [Script; 4] = [
    Script::ByEnv,
    Script::Linked,
    Script::OwnInterpreter,
    Script::LongArgument,
];

const FAILS: [Script; 27] = [
    Script::NoInterpreter,
    Script::ClosedInterpreter,
    Script::DirectoryInterpreter,
    Script::EmptyInterpreter,
    Script::TextInterpreter,
    Script::OpenInterpreter,
    Script::CarriageReturn,
    Script::ByEnvCarriageReturn,
    Script::ByEnvMissing,
    Script::ByEnvWords,
    Script::ByEnvOption,
    Script::ByEnvNothing,
    Script::Relative,
    Script::DirectoryName,
    Script::NestedTooDeep,
    Script::LongLine,
    Script::ByteOrderMark,
    Script::Utf16,
    Script::NoLine,
    Script::Empty,
    Script::Binary,
    Script::OtherMachine,
    Script::OtherMachineInterpreter,
    Script::NoLoader,
    Script::NotExecutable,
    Script::Directory,
    Script::Dangling,
];

/// Where the script is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Place {
    OfGroup,
    OnPath,
    OnBoth,
    OnOpenPath,
    Nowhere,
}

/// Where the group is, and how qli finds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Root {
    Option,
    Variable,
    User,
    /// In the user's root, before a broken group of a system root.
    Shadowing,
    /// In a named root, before a group of the user's root that has more guards.
    Hiding,
    /// With a named root that cannot be used.
    Bad(Bad, Named),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bad {
    Missing,
    File,
    Group,
}

const BAD: [Bad; 3] = [Bad::Missing, Bad::File, Bad::Group];

/// How the root that cannot be used is named.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Named {
    /// The group is in the user's root.
    Option,
    Variable,
    /// Before or after the group's own.
    Before,
    After,
}

const NAMED: [Named; 4] = [Named::Option, Named::Variable, Named::Before, Named::After];

fn bad_roots() -> impl Iterator<Item = Root> {
    let each = |bad| NAMED.map(|named| Root::Bad(bad, named));
    BAD.into_iter().flat_map(each)
}

/// Who can change which file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Trust {
    Fine,
    Mode(&'static str, u32),
    Foreign(&'static str),
    /// An access control list lets a stranger write.
    Acl(&'static str),
}

/// What is at the path of the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Log {
    Absent,
    Good,
    OtherLines,
    Torn,
    Loose,
    Directory,
    Link,
    DanglingLink,
    HardLink,
    Pipe,
    Unreadable,
    Foreign,
    Acl,
    OpenDirectory,
    AclOfDirectory,
    LinkAbove,
    FileAbove,
    DanglingAbove,
}

/// How the provider's program behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Op {
    PrintsValue,
    PrintsNothing,
    Fails,
    Absent,
    Open,
}

/// Generates the usual value most of the time.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    weight: u32,
    others: Vec<T>,
) -> impl Strategy<Value = T> {
    prop_oneof![weight => Just(usual), 1 => select(others)]
}

/// A case for root only, who can change the owner of a file.
fn if_root<T>(one: T) -> impl Iterator<Item = T> {
    nix::unistd::geteuid().is_root().then_some(one).into_iter()
}

const ODD: &str = "\u{fc} \"q'\\ $x; y";

fn manifest() -> impl Strategy<Value = Manifest> {
    let banners = vec!["B", "two\nlines", "\u{1b}[31mred\u{202e}"];
    let logs = vec![Some("$XDG_STATE_HOME/log"), Some("$LOGS/log"), None];
    let value = mostly("1", 2, vec!["2", "", ODD]);
    let secret = select(vec![
        ("env", "CI_S"),
        ("env", "CI_T"),
        ("one_password", "op://v/i/f"),
        ("one_password", "op://v/i/s/g"),
    ]);
    let mistakes = vec![
        "[confrim]",
        "[[secrets]]\nenv = \"Z\"\nref = \"x\"\nprovider = \"vault\"",
        "[[secrets]]\nenv = \"Z\"\nref = \"no/op/ref\"\nprovider = \"one_password\"",
        "[[secrets]]\nprovider = \"env\"",
        "= \u{7f}",
        "[requires_env]\n\"a b\" = \"1\"",
    ];
    (
        prop::option::of(select(banners)),
        any::<bool>(),
        mostly(Some("$LOGS/log"), 3, logs),
        prop::collection::btree_map(select(vec!["A", "B", "API_TOKEN"]), value, 0..3),
        prop::collection::btree_map(select(vec!["S", "T", "LONG_NAME"]), secret, 0..4),
        prop::collection::btree_set(select(vec!["confirm", "A", "B", "S", "T"]), 0..3),
        prop::option::weighted(0.08, select(mistakes)),
    )
        .prop_map(
            |(banner, confirm, audit_log, required, secrets, own, mistake)| Manifest {
                banner,
                confirm,
                audit_log,
                required,
                secrets,
                own,
                mistake,
            },
        )
}

fn vars() -> impl Strategy<Value = BTreeMap<&'static str, Vec<u8>>> {
    let odd: Vec<Vec<u8>> = vec![
        b"2".into(),
        b"".into(),
        ODD.into(),
        b"\x1b[31m".into(),
        b"\xff".into(),
    ];
    let value = || prop::option::weighted(0.9, mostly(b"1".to_vec(), 9, odd.clone()));
    let logs: Vec<Vec<u8>> = vec![b"".into(), b"relative".into()];
    (
        (value(), value(), value(), value(), value()),
        prop::option::weighted(0.97, mostly(b"LOGS".to_vec(), 20, logs)),
    )
        .prop_map(|((a, b, token, s, t), logs)| {
            let names = ["A", "B", "API_TOKEN", "CI_S", "CI_T", "LOGS"];
            let values = [a, b, token, s, t, logs];
            let set = names.into_iter().zip(values);
            set.filter_map(|(name, value)| Some((name, value?)))
                .collect()
        })
}

fn trusts() -> Vec<Trust> {
    let loose = [
        Trust::Mode("_manifest.toml", 0o666),
        Trust::Mode("hello", 0o757),
        Trust::Mode(".", 0o777),
        Trust::Mode("..", 0o777),
        Trust::Mode("..", 0o1777),
        Trust::Mode("_manifest.toml", 0o664),
        Trust::Mode("hello", 0o775),
        Trust::Mode(".", 0o775),
    ];
    let foreign = if_root(["_manifest.toml", "hello", "."].map(Trust::Foreign));
    let lists = ["_manifest.toml", "hello", ".", ".."].map(Trust::Acl);
    let others = loose.into_iter().chain(foreign.flatten());
    others.chain(lists).collect()
}

fn logs() -> Vec<Log> {
    let mut logs = vec![
        Log::Good,
        Log::OtherLines,
        Log::Torn,
        Log::Loose,
        Log::Directory,
        Log::Link,
        Log::DanglingLink,
        Log::HardLink,
        Log::Pipe,
        Log::Unreadable,
        Log::Acl,
        Log::OpenDirectory,
        Log::AclOfDirectory,
        Log::LinkAbove,
        Log::FileAbove,
        Log::DanglingAbove,
    ];
    logs.extend(if_root(Log::Foreign));
    logs
}

/// Generates a run.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    let script = prop_oneof![
        6 => Just(Script::Good),
        1 => select(RUNS.to_vec()),
        1 => select(FAILS.to_vec()),
    ];
    let locations = vec![
        Place::OnPath,
        Place::OnPath,
        Place::OnBoth,
        Place::OnBoth,
        Place::OnOpenPath,
        Place::Nowhere,
    ];
    let usual = vec![Root::Option, Root::Variable, Root::User];
    let others = [Root::Shadowing, Root::Hiding];
    let roots = prop_oneof![
        8 => select(usual),
        2 => select(others.to_vec()),
        1 => select(bad_roots().collect::<Vec<_>>()),
    ];
    let arg = select(vec![
        b"a b".to_vec(),
        b"".into(),
        b"--yes".into(),
        b"-h".into(),
        b"--".into(),
        b"two\nlines".into(),
        ODD.into(),
        b"\xff".into(),
    ]);
    let ops = vec![Op::PrintsNothing, Op::Fails, Op::Absent, Op::Open];
    (
        manifest(),
        script,
        mostly(Place::OfGroup, 4, locations),
        roots,
        mostly(Trust::Fine, 6, trusts()),
        mostly(Log::Absent, 2, logs()),
        mostly(Op::PrintsValue, 3, ops),
        vars(),
        prop::collection::vec(arg, 0..4),
        (prop::bool::weighted(0.8), start::start()),
    )
        .prop_map(
            |(manifest, script, location, root, trust, log, op, vars, args, (yes, start))| Case {
                manifest,
                script,
                location,
                root,
                trust,
                log,
                op,
                vars,
                args,
                yes,
                start,
            },
        )
}

/// A run of each kind that differs in one thing from one that everything lets through.
pub(crate) fn alone() -> Vec<Case> {
    let secret = |reference| ("env", reference);
    let secrets = [
        ("S", secret("CI_S")),
        ("T", secret("CI_S")),
        ("LONG_NAME", secret("CI_S")),
        ("V", ("one_password", "op://v/i/f")),
    ];
    let usual = Case {
        manifest: Manifest {
            banner: Some("B"),
            confirm: true,
            audit_log: Some("$LOGS/log"),
            required: [("A", "1")].into(),
            secrets: secrets.into(),
            own: BTreeSet::new(),
            mistake: None,
        },
        script: Script::OwnInterpreter,
        location: Place::OfGroup,
        root: Root::Option,
        trust: Trust::Fine,
        log: Log::Absent,
        op: Op::PrintsValue,
        vars: [("A", "1"), ("CI_S", "secret"), ("LOGS", "LOGS")]
            .map(|(name, value)| (name, value.into()))
            .into(),
        args: vec![b"a b".into()],
        yes: true,
        start: Start::USUAL,
    };
    let with = |change: &dyn Fn(&mut Case)| {
        let mut case = usual.clone();
        change(&mut case);
        case
    };
    let scripts = FAILS.into_iter().chain(RUNS);
    let scripts = scripts.map(|script| with(&|case| case.script = script));
    let trusts = trusts().into_iter();
    let trusts = trusts.map(|trust| with(&|case| case.trust = trust));
    let logs = logs().into_iter().map(|log| with(&|case| case.log = log));
    let roots = [Root::Variable, Root::User, Root::Shadowing, Root::Hiding];
    let roots = roots.into_iter().chain(bad_roots());
    let roots = roots.map(|root| with(&|case| case.root = root));
    let starts = start::starts().map(|start| with(&|case| case.start = start));
    let all = scripts.chain(trusts).chain(logs).chain(roots);
    all.chain(starts).chain([usual.clone()]).collect()
}
