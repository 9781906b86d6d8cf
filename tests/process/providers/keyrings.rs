//! Password stores and keyrings.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::files::Gpg;
use super::{
    assert_refused, assert_shows, calls, environment, fails, installed, prints, real, refused,
    stand_in, world,
};
use crate::support::{fed, tool, until};
use crate::world::World;

/// Adds pass, and keys for its store.
fn pass(references: &[&str]) -> (World, Gpg) {
    let program = installed("pass", "pass");
    let world = real(world("pass", references), "pass", &program);
    let gpg = Gpg::new(&world, "keys", "");
    let key = gpg.fingerprint(&world);
    let (name, value) = gpg.variable();
    let run = |words: &[&str], input: &[u8]| {
        let mut command = world.program(program.to_str().unwrap());
        fed(command.args(words).env(name, value), input);
    };
    run(&["init", &key], b"");
    for (entry, text) in [
        ("db/prod", &b"v\nuser: u\nempty:\n"[..]),
        ("short", b"v"),
        ("binary", b"\xff\x01\n"),
        ("empty", b"\nuser: u\n"),
        ("blank", b"\n"),
    ] {
        run(&["insert", "-m", entry], text);
    }
    (world, gpg)
}

#[test]
fn fields_of_an_entry_of_pass_are_one_call() {
    let references = ["db/prod", "db/prod#user", "db/prod#*", "short", "binary#*"];
    let (world, gpg) = pass(&references);
    let variables = [
        gpg.variable(),
        ("OTHER", "x"),
        ("PASSWORD_STORE_UMASK", "077"),
    ];
    let all = b"v\nuser: u\nempty:\n";
    assert_shows(
        &world,
        &variables,
        &[&b"v"[..], b"u", all, b"v", b"\xff\x01\n"],
    );
    let shown = ["show db/prod", "show short", "show binary"];
    assert_eq!(calls(&world, "pass"), shown);
    let environment = environment(&world, "pass");
    assert!(environment.contains("PASSWORD_STORE_UMASK=077"));
    assert!(!environment.contains("OTHER="));
}

#[test]
fn what_pass_has_no_value_for_is_refused() {
    for (reference, failure) in [
        ("none", "secret-missing"),
        ("db", "it is a folder"),
        ("db/", "it is a folder"),
        ("db#*", "it is a folder"),
        ("db/prod#other", "secret-missing"),
        ("db/prod#empty", "secret-malformed"),
        ("empty", "secret-malformed"),
        ("../db", "secret-failed"),
    ] {
        let (world, gpg) = pass(&[reference]);
        assert_refused(&world, &[gpg.variable()], failure);
    }
}

#[test]
fn a_locked_key_of_pass_is_unlocked_by_showing_the_entry() {
    let (world, _gpg) = pass(&["db/prod"]);
    let other = Gpg::new(&world, "other", "passphrase");
    let stderr = refused(&world, &[other.variable()]);
    assert!(stderr.contains("secret-signed-out"), "{stderr}");
    assert!(stderr.contains("pass show db/prod >/dev/null"), "{stderr}");
}

#[test]
fn fields_of_an_entry_of_gopass_are_one_call() {
    const GET: &str = "show -n -y --nosync db/prod";
    let world = world("gopass", &["db/prod", "db/prod#user", "db/prod#*"]);
    let world = stand_in(world, "gopass", &[prints(GET, "v\nuser: u")]);
    let variables = [
        ("GOPASS_HOMEDIR", "/h"),
        ("GOPASS_DEBUG_LOG_SECRETS", "true"),
    ];
    assert_shows(&world, &variables, &["v", "u", "v\nuser: u"]);
    assert_eq!(calls(&world, "gopass"), [GET]);
    let environment = environment(&world, "gopass");
    assert!(environment.contains("GOPASS_HOMEDIR=/h"));
    assert!(!environment.contains("GOPASS_DEBUG"));
}

#[test]
fn a_failure_of_gopass_is_reported_by_its_meaning() {
    const GET: &str = "show -n -y --nosync db";
    let missing = "Error: failed to retrieve secret \"db\": entry is not in the password store\n";
    // Another program of this name, as Debian has it.
    let mut other = fails(GET, 1, "Error: flag provided but not defined: -n.\n");
    other.stdout = b"Usage: gopass show [pass-name]\n";
    for (answer, failure) in [
        (
            fails(GET, 6, "password-store is not initialized\n"),
            "secret-signed-out",
        ),
        (fails(GET, 10, "not found\n"), "secret-missing"),
        (fails(GET, 11, missing), "secret-missing"),
        (
            fails(GET, 11, "failed to decrypt\n"),
            "gopass show db >/dev/null",
        ),
        (prints(GET, "db/\n├── prod\n└── test\n\n"), "it is a folder"),
        (prints(GET, ""), "secret-malformed"),
        (other, "secret-failed"),
    ] {
        let world = stand_in(world("gopass", &["db"]), "gopass", &[answer]);
        assert_refused(&world, &[], failure);
    }
}

/// Adds a database with its key.
fn keepassxc(references: &[&str]) -> World {
    let program = installed("keepassxc-cli", "keepassxc");
    let world = world("keepassxc", references);
    let run = |words: &[&str], input: &[u8]| {
        let mut command = world.program(program.to_str().unwrap());
        command.env("QT_QPA_PLATFORM", "offscreen");
        fed(command.args(words).current_dir(world.path("home")), input);
    };
    let open = ["-q", "--no-password", "-k", "key", "db.kdbx"];
    for name in ["key", "other"] {
        std::fs::write(world.path("home").join(name), [name; 20].concat()).unwrap();
    }
    run(&["db-create", "--set-key-file", "key", "db.kdbx"], b"");
    run(&[&["mkdir"], &open[..], &["g"]].concat(), b"");
    for (entry, password) in [("e", "pa ss"), ("g/e", "v"), ("g/empty", "")] {
        let words = [&["add", "-u", "me", "-p"], &open[..], &[entry]].concat();
        run(&words, format!("{password}\n").as_bytes());
    }
    real(world, "keepassxc-cli", &program)
}

#[test]
fn keepassxc_shows_an_attribute_by_a_call() {
    let open = "~/db.kdbx?keyfile=~/key#";
    let references = ["e", "g/e", "g/e#UserName"].map(|entry| format!("{open}{entry}"));
    let references: Vec<_> = references.iter().map(String::as_str).collect();
    let world = keepassxc(&references);
    assert_shows(&world, &[], &["pa ss", "v", "me"]);
    assert_eq!(calls(&world, "keepassxc-cli").len(), 3);
}

#[test]
fn what_keepassxc_has_no_value_for_is_refused() {
    for (reference, failure) in [
        ("~/db.kdbx?keyfile=~/key#none", "secret-missing"),
        ("~/db.kdbx?keyfile=~/key#g", "secret-missing"),
        ("~/db.kdbx?keyfile=~/key#e#Other", "secret-missing"),
        ("~/db.kdbx?keyfile=~/key#g/empty", "secret-malformed"),
        ("~/none.kdbx?keyfile=~/key#e", "secret-missing"),
        ("~/db.kdbx?keyfile=~/other#e", "secret-denied"),
        ("~/db.kdbx?keyfile=~/none#e", "secret-failed"),
        ("~/key?keyfile=~/key#e", "secret-failed"),
    ] {
        assert_refused(&keepassxc(&[reference]), &[], failure);
    }
}

/// The settings of a session's bus that starts no service of the machine.
const BUS: &str = "<busconfig><type>session</type><listen>unix:dir=RUNTIME</listen>
<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>
<allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/></policy>
</busconfig>
";

/// A session's bus, and what is on it.
struct Bus {
    daemons: Vec<Child>,
    address: String,
    runtime: String,
}

impl Bus {
    fn new(world: &World) -> Self {
        let runtime = world.path("run").display().to_string();
        std::fs::create_dir_all(&runtime).unwrap();
        let config = world.path("bus.conf");
        std::fs::write(&config, BUS.replace("RUNTIME", &runtime)).unwrap();
        let mut command = world.program(installed("dbus-daemon", "dbus").to_str().unwrap());
        command.args(["--nofork", "--nopidfile", "--print-address"]);
        command.arg(format!("--config-file={}", config.display()));
        let mut daemon = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        let mut stdout = BufReader::new(daemon.stdout.take().unwrap());
        stdout.read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        let daemons = vec![daemon];
        Self {
            daemons,
            address,
            runtime,
        }
    }

    fn variables(&self) -> [(&str, &str); 2] {
        let Self {
            address, runtime, ..
        } = self;
        [
            ("DBUS_SESSION_BUS_ADDRESS", address),
            ("XDG_RUNTIME_DIR", runtime),
        ]
    }

    /// Starts a keyring; without a password it stays locked.
    fn keyring(&mut self, world: &World, password: Option<&str>) {
        let program = installed("gnome-keyring-daemon", "gnome-keyring");
        let mut command = world.program(program.to_str().unwrap());
        command.args(["--foreground", "--components=secrets"]);
        if password.is_some() {
            command.arg("--unlock");
        }
        command
            .envs(self.variables())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut daemon = command.spawn().unwrap();
        let mut stdin = daemon.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, password.unwrap_or_default().as_bytes()).unwrap();
        drop(stdin);
        self.daemons.push(daemon);
        until("the keyring", || self.has_keyring(world).then_some(()));
    }

    fn has_keyring(&self, world: &World) -> bool {
        let bus = "org.freedesktop.DBus";
        let mut command = world.program("dbus-send");
        command.args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.DBus",
            "/",
        ]);
        command.arg(format!("{bus}.NameHasOwner"));
        let command = command.arg("string:org.freedesktop.secrets");
        fed(command.envs(self.variables()), b"").contains("true")
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ended = daemon.kill().and_then(|()| daemon.wait());
        }
    }
}

/// A bus with a keyring that holds some values.
fn secret_service(world: &World) -> Bus {
    let mut bus = Bus::new(world);
    bus.keyring(world, Some("password"));
    for (value, words) in [
        (&b"v\n\n"[..], &["app", "db", "user", "me"][..]),
        (b"v", &["app", "short"]),
        (b"\xff\x01", &["app", "binary"]),
    ] {
        let program = installed("secret-tool", "libsecret-tools");
        let mut command = world.program(program.to_str().unwrap());
        command
            .args(["store", "--label=x"])
            .args(words)
            .envs(bus.variables());
        fed(&mut command, value);
    }
    bus
}

fn with_secret_tool(references: &[&str]) -> World {
    let program = installed("secret-tool", "libsecret-tools");
    real(world("secret_service", references), "secret-tool", &program)
}

#[test]
fn a_secret_of_the_session_is_found_by_its_attributes() {
    let world = with_secret_tool(&["user=me,app=db", "app=short", "app=binary", "app=short"]);
    let bus = secret_service(&world);
    let [address, runtime] = bus.variables();
    let variables = [address, runtime, ("OTHER", "x")];
    assert_shows(
        &world,
        &variables,
        &[&b"v\n\n"[..], b"v", b"\xff\x01", b"v"],
    );
    let lookups = [
        "lookup user me app db",
        "lookup app short",
        "lookup app binary",
    ];
    assert_eq!(calls(&world, "secret-tool"), lookups);
    assert!(!environment(&world, "secret-tool").contains("OTHER="));
}

/// secret-tool prints nothing in both cases. Lines are broken in between.
const SILENT: &str = "no such secret, or the keyring";

#[test]
fn without_a_secret_of_the_session_the_run_is_refused() {
    let found = with_secret_tool(&["app=db"]);
    let absent = with_secret_tool(&["app=other"]);
    let bus = secret_service(&absent);
    assert_refused(&absent, &bus.variables(), SILENT);
    drop(bus);
    let bus = secret_service(&found);
    assert_shows(&found, &bus.variables(), &["v\n\n"]);
    drop(bus);
    let mut locked = Bus::new(&found);
    assert_refused(&found, &locked.variables(), "secret-unreachable");
    locked.keyring(&found, None);
    assert_refused(&found, &locked.variables(), SILENT);
    let nowhere = [("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")];
    assert_refused(&found, &nowhere, "secret-unreachable");
    assert_refused(&found, &[], "secret-unreachable");
}

#[test]
fn a_password_of_keyring_is_found_by_service_and_user() {
    let program = tool("bin/keyring");
    let world = world("keyring", &["db/me", "db/you", "db/we"]);
    let mut bus = Bus::new(&world);
    bus.keyring(&world, Some("password"));
    let set = |user: &str, value: &[u8]| {
        let mut command = world.program(program.to_str().unwrap());
        command.args(["set", "db", user]).envs(bus.variables());
        fed(&mut command, value);
    };
    set("me", b"v");
    set("you", b"two words");
    let missing = real(world, "keyring", &program);
    assert_refused(&missing, &bus.variables(), "secret-missing");
    assert_eq!(
        calls(&missing, "keyring"),
        ["get db me", "get db you", "get db we"]
    );
    let mut command = missing.program(program.to_str().unwrap());
    fed(
        command.args(["set", "db", "we"]).envs(bus.variables()),
        b"x",
    );
    assert_shows(&missing, &bus.variables(), &["v", "two words", "x"]);
    drop(bus);
    let mut locked = Bus::new(&missing);
    assert_refused(&missing, &[], "secret-unreachable");
    locked.keyring(&missing, None);
    let stderr = refused(&missing, &locked.variables());
    assert!(stderr.contains("secret-signed-out"), "{stderr}");
    assert!(stderr.contains("keyring get db me >/dev/null"), "{stderr}");
}

#[test]
fn a_password_of_the_keychain_of_macos_is_found_by_service_and_account() {
    let references = ["db/me", "db/you", "hex/me"];
    let args = references.map(|reference| {
        let (service, account) = reference.split_once('/').unwrap();
        format!("find-generic-password -s {service} -a {account} -w")
    });
    let answers = ["v\n", "two words \n", "6101\n"];
    let answers = std::array::from_fn::<_, 3, _>(|at| prints(&args[at], answers[at]));
    let world = stand_in(world("macos_keychain", &references), "security", &answers);
    assert_shows(&world, &[], &["v", "two words ", "6101"]);
    assert_eq!(calls(&world, "security"), args);
}

#[test]
fn a_failure_of_the_keychain_of_macos_is_reported_by_its_meaning() {
    const GET: &str = "find-generic-password -s db -a me -w";
    let not_found = "security: SecKeychainSearchCopyNext: The specified item could not be found \
                     in the keychain.\n";
    for (answer, failure) in [
        (fails(GET, 44, not_found), "secret-missing"),
        (fails(GET, 36, ""), "security unlock-keychain"),
        (fails(GET, 1, "security: no\n"), "secret-failed"),
        (prints(GET, "\n"), "secret-malformed"),
    ] {
        let world = stand_in(world("macos_keychain", &["db/me"]), "security", &[answer]);
        assert_refused(&world, &[], failure);
    }
}
