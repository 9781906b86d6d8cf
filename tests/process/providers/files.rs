//! Encrypted files.

use std::path::PathBuf;
use std::process::Stdio;

use super::{
    assert_refused, assert_shows, calls, environment, fails, installed, prints, real, refused,
    stand_in, world,
};
use crate::support::{fed, tool};
use crate::world::World;

/// gpg with keys of its own.
pub(crate) struct Gpg {
    home: PathBuf,
}

impl Gpg {
    /// A key in this directory below the home, which other ones do not know.
    pub(crate) fn new(world: &World, directory: &str, passphrase: &str) -> Self {
        let home = world.path("home").join(directory);
        std::fs::create_dir(&home).unwrap();
        let gpg = Self { home };
        let unlocked = ["--pinentry-mode", "loopback", "--passphrase", passphrase];
        let make = |words: &[&str]| gpg.run(world, &[&unlocked, words].concat(), "");
        make(&["--quick-gen-key", "someone", "ed25519", "default", "never"]);
        let fingerprint = gpg.fingerprint(world);
        make(&["--quick-add-key", &fingerprint, "cv25519", "encr", "never"]);
        gpg.forget(world);
        gpg
    }

    pub(crate) fn variable(&self) -> (&str, &str) {
        ("GNUPGHOME", self.home.to_str().unwrap())
    }

    pub(crate) fn fingerprint(&self, world: &World) -> String {
        let listed = self.run(world, &["--list-keys", "--with-colons"], "");
        let line = listed.lines().find_map(|line| line.strip_prefix("fpr:"));
        line.unwrap().trim_matches(':').to_owned()
    }

    fn encrypt(&self, world: &World, file: &str, value: &[u8]) {
        let file = world.path("home").join(file).display().to_string();
        self.run(world, &["-o", &file, "-e", "-r", "someone"], value);
    }

    fn run(&self, world: &World, words: &[&str], input: impl AsRef<[u8]>) -> String {
        let mut command = world.program(installed("gpg", "gnupg").to_str().unwrap());
        let command = command.args(["-q", "--batch", "--trust-model", "always"]);
        let (name, value) = self.variable();
        fed(command.args(words).env(name, value), input.as_ref())
    }

    /// Ends the agent, which keeps passphrases.
    fn forget(&self, world: &World) {
        let (name, value) = self.variable();
        let mut command = world.program("gpgconf");
        fed(command.args(["--kill", "all"]).env(name, value), b"");
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut command = std::process::Command::new("gpgconf");
        let command = command.arg("--homedir").arg(&self.home);
        let _ended = command
            .args(["--kill", "all"])
            .stderr(Stdio::null())
            .status();
    }
}

/// A real program, which notes its calls, under its own name.
fn with(world: World, program: &str, package: &str) -> World {
    real(world, program, &installed(program, package))
}

fn home(world: &World, file: &str, contents: impl AsRef<[u8]>) -> String {
    let path = world.path("home").join(file);
    std::fs::write(&path, contents).unwrap();
    path.display().to_string()
}

const BINARY: &[u8] = b"\xff\x01\n\n";

#[test]
fn gpg_decrypts_a_file_by_a_call() {
    let references = ["~/a.gpg", "~/b.gpg", "$HOME/c.gpg", "~/a.gpg"];
    let world = with(world("gpg", &references), "gpg", "gnupg");
    let gpg = Gpg::new(&world, "keys", "");
    gpg.encrypt(&world, "a.gpg", b"v\n");
    gpg.encrypt(&world, "b.gpg", b"v");
    gpg.encrypt(&world, "c.gpg", BINARY);
    let variables = [gpg.variable(), ("OTHER", "x"), ("LC_ALL", "de_DE.UTF-8")];
    assert_shows(&world, &variables, &[b"v\n", &b"v"[..], BINARY, b"v\n"]);
    assert_eq!(calls(&world, "gpg").len(), 3);
    let environment = environment(&world, "gpg");
    assert!(environment.contains("GNUPGHOME="));
    assert!(!environment.contains("OTHER="));
    assert!(environment.contains("LC_ALL=C.UTF-8"));
}

#[test]
fn what_gpg_cannot_decrypt_is_refused() {
    let world = with(world("gpg", &["~/a.gpg"]), "gpg", "gnupg");
    let gpg = Gpg::new(&world, "keys", "");
    let locked = Gpg::new(&world, "locked", "passphrase");
    let variables = [gpg.variable()];
    assert_refused(&world, &variables, "secret-missing");
    for (contents, failure) in [
        (&b""[..], "secret-malformed"),
        (b"a\0b", "secret-malformed"),
    ] {
        gpg.encrypt(&world, "a.gpg", contents);
        assert_refused(&world, &variables, failure);
        std::fs::remove_file(world.path("home/a.gpg")).unwrap();
    }
    locked.encrypt(&world, "a.gpg", b"v");
    for variables in [locked.variable(), gpg.variable()] {
        let stderr = refused(&world, &[variables]);
        assert!(stderr.contains("secret-signed-out"), "{stderr}");
        assert!(stderr.contains("gpg -d ~/a.gpg >/dev/null"), "{stderr}");
    }
    home(&world, "a.gpg", "not encrypted\n");
    assert_refused(&world, &variables, "secret-failed");
}

/// Makes an identity, and encrypts a file for it.
fn age(world: &World, identity: &str, file: &str, value: &[u8]) {
    let in_home = |name: &str| world.path("home").join(name).display().to_string();
    let (identity, file) = (in_home(identity), in_home(file));
    if !std::fs::exists(&identity).unwrap() {
        let mut keygen = world.program(installed("age-keygen", "age").to_str().unwrap());
        fed(keygen.args(["-o", &identity]), b"");
    }
    let mut keygen = world.program("age-keygen");
    let recipient = fed(keygen.args(["-y", &identity]), b"");
    let mut age = world.program(installed("age", "age").to_str().unwrap());
    fed(age.args(["-o", &file, "-r", recipient.trim()]), value);
}

#[test]
fn age_decrypts_a_file_by_a_call() {
    let world = world("age", &["~/a.age#~/key", "~/b.age#~/key", "~/c.age#~/key"]);
    for (file, value) in [("a.age", &b"v\n"[..]), ("b.age", b"v"), ("c.age", BINARY)] {
        age(&world, "key", file, value);
    }
    let world = with(world, "age", "age");
    assert_shows(&world, &[], &[b"v\n", &b"v"[..], BINARY]);
    assert_eq!(calls(&world, "age").len(), 3);
}

#[test]
fn what_age_cannot_decrypt_is_refused() {
    let world = world("age", &["~/a.age#~/key"]);
    age(&world, "key", "b.age", b"v");
    age(&world, "other", "c.age", b"v");
    let world = with(world, "age", "age");
    assert_refused(&world, &[], "secret-missing");
    let copy = |from: &str| std::fs::copy(world.path(from), world.path("home/a.age")).unwrap();
    copy("home/c.age");
    assert_refused(&world, &[], "secret-denied");
    copy("home/key");
    assert_refused(&world, &[], "secret-failed");
    copy("home/b.age");
    assert_shows(&world, &[], &["v"]);
    std::fs::remove_file(world.path("home/key")).unwrap();
    assert_refused(&world, &[], "secret-failed");
}

#[test]
fn an_identity_of_age_with_a_passphrase_needs_a_terminal() {
    let world = world("age", &["/a#/key"]);
    let said = "age: error: could not read passphrase for \"/key\": standard input is not a \
                terminal, and /dev/tty is not available\n";
    let world = stand_in(world, "age", &[fails("-d -i /key /a", 1, said)]);
    assert_refused(&world, &[], "secret-signed-out");
}

#[test]
fn sops_decrypts_all_keys_of_a_file_by_a_call() {
    let references = [
        "/a.yaml#db",
        "/a.yaml#/db.x/0/port",
        "/a.yaml#multi",
        "/b.yaml#data",
    ];
    let [a, b] = ["/a.yaml", "/b.yaml"].map(|file| format!("decrypt --output-type json {file}"));
    let world = stand_in(
        world("sops", &references),
        "sops",
        &[
            prints(
                &a,
                r#"{"db": "v", "db.x": [{"port": 5432}], "multi": "a\nb\n"}"#,
            ),
            prints(&b, r#"{"data": "\u00ff"}"#),
        ],
    );
    let variables = [("SOPS_AGE_KEY_FILE", "/k"), ("OTHER", "x")];
    assert_shows(&world, &variables, &["v", "5432", "a\nb\n", "\u{ff}"]);
    assert_eq!(calls(&world, "sops"), [a, b]);
    assert!(environment(&world, "sops").contains("SOPS_AGE_KEY_FILE=/k"));
    assert!(!environment(&world, "sops").contains("OTHER="));
}

#[test]
fn a_failure_of_sops_is_reported_by_its_meaning() {
    const GET: &str = "decrypt --output-type json /a";
    let no_key = "Failed to get the data key required to decrypt the SOPS file.\n";
    for (answer, failure) in [
        (
            fails(
                GET,
                100,
                "Error: cannot operate on non-existent file \"/a\"\n",
            ),
            "secret-missing",
        ),
        (fails(GET, 2, "Error reading file\n"), "secret-missing"),
        (fails(GET, 128, no_key), "secret-denied"),
        (fails(GET, 51, "MAC mismatch.\n"), "secret-failed"),
        (fails(GET, 25, "Error decrypting tree\n"), "secret-failed"),
        (prints(GET, r#"{"other": "v"}"#), "secret-missing"),
        (prints(GET, r#"{"key": {}}"#), "secret-malformed"),
        (prints(GET, r#"{"key": ""}"#), "secret-malformed"),
        (prints(GET, ""), "secret-malformed"),
    ] {
        let world = stand_in(world("sops", &["/a#key"]), "sops", &[answer]);
        assert_refused(&world, &[], failure);
    }
}

/// The password that decrypts, in a file.
fn ansible_vault(world: World, file: &str, value: impl AsRef<[u8]>) -> World {
    let program = tool("bin/ansible-vault");
    home(&world, "password", "right\n");
    home(&world, "wrong", "wrong\n");
    let file = home(&world, file, value);
    let mut encrypt = world.program(program.to_str().unwrap());
    encrypt.args(["encrypt", "--vault-password-file", "home/password", &file]);
    fed(&mut encrypt, b"");
    real(world, "ansible-vault", &program)
}

#[test]
fn ansible_vault_decrypts_all_keys_of_a_file_by_a_call() {
    let references = ["~/a.yml", "~/a.yml#db", "~/a.yml#multi", "~/b"];
    let world = world("ansible_vault", &references);
    let text = "db: 'v'\nport: 5432\nmulti: |\n  a\n  b\n";
    let world = ansible_vault(world, "a.yml", text);
    let world = ansible_vault(world, "b", BINARY);
    let password = world.path("home/password").display().to_string();
    let variables = [("ANSIBLE_VAULT_PASSWORD_FILE", &*password)];
    assert_shows(
        &world,
        &variables,
        &[text.as_bytes(), b"v", b"a\nb\n", BINARY],
    );
    assert_eq!(calls(&world, "ansible-vault").len(), 2);
}

#[test]
fn what_ansible_vault_cannot_decrypt_is_refused() {
    let path = |world: &World, name: &str| world.path("home").join(name).display().to_string();
    for (reference, password, failure) in [
        ("~/a.yml#db", "password", ""),
        ("~/a.yml#other", "password", "secret-missing"),
        ("~/a.yml#list", "password", "secret-malformed"),
        ("~/none.yml", "password", "secret-missing"),
        ("~/wrong", "password", "secret-failed"),
        ("~/a.yml", "wrong", "secret-denied"),
        ("~/a.yml", "none", "secret-failed"),
    ] {
        let world = world("ansible_vault", &[reference]);
        let world = ansible_vault(world, "a.yml", "db: v\nlist: [v]\n");
        let password = path(&world, password);
        let variables = [("ANSIBLE_VAULT_PASSWORD_FILE", &*password)];
        if failure.is_empty() {
            assert_shows(&world, &variables, &["v"]);
        } else {
            assert_refused(&world, &variables, failure);
        }
    }
    let world = world("ansible_vault", &["~/a.yml"]);
    let world = ansible_vault(world, "a.yml", "db: v\n");
    assert_refused(&world, &[], "secret-signed-out");
}

/// Encrypts a value with a key of its own instead of the machine's.
fn credential(world: &World, file: &str, name: &str, value: &[u8]) {
    let key = world.path("key").display().to_string();
    let file = world.path("home").join(file).display().to_string();
    let run = |words: &[&str], input: &[u8]| {
        let program = installed("systemd-creds", "systemd");
        let mut command = world.program(program.to_str().unwrap());
        command.args(words).env("SYSTEMD_CREDENTIAL_SECRET", &key);
        fed(&mut command, input)
    };
    run(&["setup"], b"");
    run(
        &[
            "encrypt",
            "--with-key=host",
            &format!("--name={name}"),
            "-",
            &file,
        ],
        value,
    );
}

#[test]
fn systemd_creds_decrypts_a_credential_by_a_call() {
    let world = world("systemd_creds", &["~/a", "~/b", "~/c"]);
    for (file, value) in [("a", &b"v\n"[..]), ("b", b"v"), ("c", BINARY)] {
        credential(&world, file, file, value);
    }
    let world = with(world, "systemd-creds", "systemd");
    let key = world.path("key").display().to_string();
    let variables = [("SYSTEMD_CREDENTIAL_SECRET", &*key)];
    assert_shows(&world, &variables, &[b"v\n", &b"v"[..], BINARY]);
    assert_eq!(calls(&world, "systemd-creds").len(), 3);
}

#[test]
fn what_systemd_creds_cannot_decrypt_is_refused() {
    let world = with(world("systemd_creds", &["~/a"]), "systemd-creds", "systemd");
    let key = world.path("key").display().to_string();
    let variables = [("SYSTEMD_CREDENTIAL_SECRET", &*key)];
    credential(&world, "b", "b", b"v");
    assert_refused(&world, &variables, "secret-missing");
    std::fs::rename(world.path("home/b"), world.path("home/a")).unwrap();
    let stderr = refused(&world, &variables);
    assert!(stderr.contains("does not match filename"), "{stderr}");
    home(&world, "a", "not encrypted\n");
    assert_refused(&world, &variables, "secret-failed");
    credential(&world, "a", "a", b"v");
    assert_shows(&world, &variables, &["v"]);
    std::fs::remove_file(world.path("key")).unwrap();
    credential(&world, "other", "other", b"v");
    assert_refused(&world, &variables, "secret-denied");
}
