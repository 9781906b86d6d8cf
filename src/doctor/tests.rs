use super::*;
use crate::discovery::PathCommands;
use crate::host::fake::{World, native_program};
use crate::names::ls_command;

const OWN: &str = "/home/ops/.local/share/qli/extensions";
const SPOOL: &str = "/home/ops/.local/state/qli/spool";

fn world() -> World {
    World::new()
        .executable("/usr/bin/qli", "\x7fELF")
        .var("SHELL", "/bin/bash")
        .file("/home/ops/.bashrc", "eval \"$(qli completions bash)\"\n")
}

fn of(world: &World) -> Checkup {
    let roots = Roots::of(&[], world);
    let survey = Survey::default();
    let catalogue = crate::discovery::catalogue(&roots, &PathCommands::of_all(world), world);
    examine(&roots, &survey, &catalogue, world)
}

/// The only finding: its check, level and help.
fn only(world: &World) -> (&'static str, Health, String) {
    let checkup = of(world);
    let found = checkup.checks.iter();
    let found = found.flat_map(|check| check.findings.iter().map(|one| (check.name, one)));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let (check, one) = found[0];
    assert_eq!(checkup.level, one.level);
    (check, one.level, one.help.clone())
}

#[test]
fn an_interpreter_that_others_can_change_is_found() {
    let world = world()
        .manifest("ops", "")
        .executable(&format!("{OWN}/ops/hello"), "#!/opt/by\n")
        .program("/opt/by", &native_program())
        .alter("/opt/by", |stat| stat.mode = 0o757);
    let chmod = "chmod o-w /opt/by".to_owned();
    assert_eq!(only(&world), ("trust", Health::Problem, chmod));
}

#[test]
fn a_directory_that_is_not_fit_for_the_files_of_secrets_is_found() {
    let runtime = |mode| {
        let secret = "[[secrets]]\nenv = \"T\"\nref = \"~/t\"\nprovider = \"file\"\n";
        world()
            .manifest("ops", &format!("{secret}deliver = \"file\""))
            .var("XDG_RUNTIME_DIR", "/home/ops/run")
            .directory("/home/ops/run", mode)
    };
    let ready = of(&runtime(0o700).in_memory("/home/ops/run"));
    assert_eq!(ready.level, Health::Ok, "{ready:?}");
    let (check, level, _) = only(&runtime(0o700));
    assert_eq!((check, level), ("providers", Health::Warning));
    let chmod = "chmod o-w /home/ops/run".to_owned();
    assert_eq!(only(&runtime(0o702)), ("providers", Health::Problem, chmod));
    let look = "ls -ld /home/ops/run/qli".to_owned();
    assert_eq!(only(&runtime(0o500)).1, Health::Problem);
    let linked = runtime(0o700).link("/home/ops/run/qli", "/home/ops");
    assert_eq!(only(&linked), ("providers", Health::Problem, look));
}

#[test]
fn a_machine_that_is_ready_has_no_finding() {
    let world = world()
        .manifest("web", "audit_log = \"$XDG_STATE_HOME/qli/web.log\"")
        .manifest(
            "op",
            "[[secrets]]\nenv = \"T\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"",
        )
        .tool("op", 0, b"", b"");
    let checkup = of(&world);
    assert_eq!(checkup.level, Health::Ok, "{checkup:?}");
    let names: Vec<_> = checkup.checks.iter().map(|check| check.name).collect();
    let all = [
        "program",
        "roots",
        "path",
        "trust",
        "manifests",
        "completion",
        "providers",
        "logs",
        "spool",
    ];
    assert_eq!(names, all);
    assert_eq!(checkup.roots[0].groups, 2);
}

/// What `--online` says about 1Password, whose program ends like this.
fn online(code: i32, stderr: &[u8]) -> (String, Vec<Finding>) {
    let secret = "[[secrets]]\nenv = \"T\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";
    let mut world = world()
        .manifest("op", secret)
        .tool("op", code, b"hunter2", stderr);
    let roots = Roots::of(&[], &world);
    let commands = PathCommands::of_all(&world);
    let catalogue = crate::discovery::catalogue(&roots, &commands, &world);
    let checkup = examine(&roots, &Survey::default(), &catalogue, &world);
    assert!(world.acts().is_empty(), "{:?}", world.acts());
    let checkup = checkup.ask(&catalogue, &mut world).unwrap();
    let mut checks = checkup.checks;
    let check = checks.pop().unwrap();
    assert_eq!((check.name, check.level), ("online", checkup.level));
    (check.summary, check.findings)
}

#[test]
fn a_program_is_asked_whether_the_user_is_signed_in_and_never_quoted() {
    let (summary, findings) = online(0, b"");
    assert_eq!(summary, "one_password signed in");
    assert!(findings.is_empty(), "{findings:?}");
    let (summary, findings) = online(1, b"not signed in: hunter2");
    assert_eq!(summary, "one_password signed out");
    assert_eq!(findings[0].message, "`one_password`: you are not signed in");
    assert_eq!(findings[0].code, Some(Code::SecretSignedOut));
    assert!(
        findings[0].help.contains("op signin"),
        "{}",
        findings[0].help
    );
    let (summary, findings) = online(1, b"hunter2");
    assert_eq!(summary, "one_password without an answer");
    assert!(!findings[0].message.contains("hunter2"));
}

#[test]
fn without_a_group_it_says_how_to_create_one() {
    let expected = ("roots", Health::Warning, "qli ext new ops".to_owned());
    assert_eq!(only(&world()), expected);
}

#[test]
fn temporary_files_that_remain_are_reported_with_the_command_that_removes_them() {
    let draft = ".0123456789abcdef0123456789abcdef.new";
    let manifest =
        "audit_log = \"/home/ops/logs/web\"\n[audit]\nanchor = \"file:/home/ops/heads/web\"";
    for directory in [
        OWN,
        &format!("{OWN}/web"),
        "/home/ops/.local/state",
        "/home/ops/.local/state/qli",
        "/home/ops/.cache",
        "/home/ops/.cache/qli",
        "/home/ops/.cache/qli/embedded",
        "/home/ops/.cache/qli/embedded/abc",
        "/home/ops/logs",
        "/home/ops/heads",
    ] {
        let path = format!("{directory}/{draft}");
        let left = world().manifest("web", manifest).file(&path, "");
        let expected = ("roots", Health::Warning, format!("rm -r {path}"));
        assert_eq!(only(&left), expected);
    }
}

#[test]
fn a_new_group_is_suggested_only_if_it_can_be_created() {
    let help = |world: &World| {
        let checkup = of(world);
        let roots = checkup.checks.iter().find(|one| one.name == "roots");
        roots.unwrap().findings[0].help.clone()
    };
    assert!(help(&World::bare()).starts_with("export HOME="));
    let link = world().link(OWN, "/gone");
    assert_eq!(help(&link), format!("ls -l {OWN}"));
    let file = world().file(OWN, "");
    assert_eq!(help(&file), ls_command(OWN));
}

#[test]
fn a_world_writable_script_is_a_problem() {
    let script = format!("{OWN}/web/hello");
    let open = world()
        .manifest("web", "")
        .alter(&script, |stat| stat.mode |= 0o002);
    let help = format!("chmod o-w {script}");
    assert_eq!(only(&open), ("trust", Health::Problem, help));
}

#[test]
fn a_world_writable_path_entry_is_a_warning() {
    let open = world()
        .manifest("web", "")
        .var("PATH", "/usr/bin:/open")
        .directory("/open", 0o777);
    let help = "chmod o-w /open  # or take it out of PATH".to_owned();
    assert_eq!(only(&open), ("path", Health::Warning, help));
}

#[test]
fn completion_is_looked_up_where_the_users_shell_looks() {
    let with = |shell: &str| world().manifest("web", "").var("SHELL", shell);
    let (check, level, help) = only(&with("/usr/bin/fish"));
    assert_eq!((check, level), ("completion", Health::Warning));
    let command = "mkdir -p /home/ops/.config/fish/completions && qli completions fish > ";
    assert!(help.starts_with(command), "{help}");
    assert!(only(&with("/bin/zsh")).2.contains(".zshrc"));
    let fish = with("/usr/bin/fish");
    let stub = "/usr/share/fish/vendor_completions.d/qli.fish";
    let fish = fish.file(stub, "(QLI_COMPLETE=fish command qli)\n");
    assert_eq!(of(&fish).level, Health::Ok);
    assert_eq!(of(&with("/bin/nu")).level, Health::Ok);
}

#[test]
fn a_comment_does_not_enable_completion() {
    let text = "# qli completions bash\n  # eval \"$(qli completions bash)\"\n";
    let with = |text| world().manifest("web", "").file("/home/ops/.bashrc", text);
    assert_eq!(only(&with(text)).0, "completion");
    let on = format!("{text}eval \"$(qli completions bash)\"\n");
    assert_eq!(of(&with(&on)).level, Health::Ok);
}

#[test]
fn the_suggested_file_is_one_that_is_checked() {
    let zsh = world().manifest("web", "").var("SHELL", "/bin/zsh");
    let zsh = zsh.var("ZDOTDIR", "/home/ops/z");
    assert!(only(&zsh).2.ends_with(">> /home/ops/z/.zshrc"));
    let fish = world().manifest("web", "").var("SHELL", "/bin/fish");
    let fish = fish.var("XDG_CONFIG_HOME", "/home/ops/c");
    let file = "> /home/ops/c/fish/completions/qli.fish";
    assert!(only(&fish).2.ends_with(file));
}

#[test]
fn a_missing_program_that_a_group_needs_is_a_problem() {
    let secret = "[[extensions.hello.secrets]]\nenv = \"T\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"";
    let (check, level, help) = only(&world().manifest("web", secret));
    assert_eq!((check, level), ("providers", Health::Problem));
    assert!(help.starts_with("install `op`"), "{help}");
}

#[test]
fn a_log_that_refuses_runs_is_a_problem() {
    let log = "/home/ops/web.log";
    let loose = world()
        .manifest("web", &format!("audit_log = \"{log}\""))
        .file(log, "");
    let help = format!("chmod 600 {log}");
    assert_eq!(only(&loose), ("logs", Health::Problem, help));
    let unset = world().manifest("web", "audit_log = \"$LOGS/web.log\"");
    assert_eq!(only(&unset).0, "logs");
}

#[test]
fn pending_records_are_reported_with_their_log() {
    let id = "019a8f00-0000-7000-8000-000000000001";
    let spooled = |log: &str| {
        let record = serde_json::json!({
            "event": "finish", "schema_version": 1, "timestamp": "2026-11-24T10:00:00Z",
            "host": "h", "run_id": id, "group": "web", "extension": "hello", "uid": 1,
            "euid": 1, "exit_code": 0, "duration_ms": 1
        });
        serde_json::json!({ "log": log, "record": record }).to_string()
    };
    let with = |text: &str| {
        world()
            .manifest("web", "audit_log = \"/home/ops/logs/web.log\"")
            .directory(SPOOL, 0o700)
            .node(
                &format!("{SPOOL}/{id}.json"),
                crate::host::FileKind::File,
                0o600,
                text,
            )
    };
    let (check, level, help) = only(&with(&spooled("/home/ops/logs/web.log")));
    assert_eq!((check, level), ("spool", Health::Warning));
    assert!(help.starts_with("qli explain web  # "), "{help}");
    assert!(
        only(&with(&spooled("/else")))
            .2
            .starts_with("qli ext list  # ")
    );
    assert!(only(&with("{}")).2.starts_with("ls -l"));
    let open = with("{}").directory(SPOOL, 0o777);
    assert_eq!(only(&open).1, Health::Problem);
}

#[test]
fn qli_is_looked_up_on_path() {
    let without = World::new().manifest("web", "");
    assert_eq!(only(&without).0, "program");
}
