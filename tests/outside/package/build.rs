//! Which program is built, and how. A script replaces `cargo build` and copies `$BUILT`;
//! another replaces LLVM's tool. Everything else is real.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use super::licences::shadow;
use super::{ending, printed, program, script};
use crate::support::{names, output};

const CARGO: &str = "#!/bin/sh
set -eu
PATH=$REAL_PATH
[ \"$1\" = build ] || exec cargo \"$@\"
echo \"$*\" \"$CARGO_ENCODED_RUSTFLAGS\" | tr '\\037' ' ' >>\"$ASKED\"
while [ $# -gt 4 ]; do shift; done
to=$2/$4/dist
mkdir -p \"$to\"
cp \"$BUILT\" \"$to/qli\"
";

/// Has musl if `$MUSL` contains its standard library.
const RUSTC: &str = "#!/bin/sh
PATH=$REAL_PATH
case \"$*\" in
    *target-libdir*) echo \"$MUSL\" ;;
    -vV) echo 'host: x86_64-unknown-linux-gnu' ;;
    *) exec rustc \"$@\" ;;
esac
";

/// Executes the real program: a static program without a second build.
const STATIC: &str = "#include <unistd.h>
int main(int count, char **words) { (void)count; execv(REAL, words); return 1; }
";

/// Stands for the merge of counts. There are none, since no instrumented program was
/// built.
const PROFDATA: &str = "#!/bin/sh
[ \"$1 $2\" = 'merge --output' ] && echo counted >\"$3\"
";

struct Machine {
    directory: TempDir,
}

impl Machine {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let machine = Self { directory };
        for name in ["bin", "musl", "out"] {
            std::fs::create_dir_all(machine.path(name)).unwrap();
        }
        machine
    }

    fn with_musl(self) -> Self {
        std::fs::write(self.path("musl/libstd-0.rlib"), "").unwrap();
        self
    }

    fn with_profdata(self) -> Self {
        std::fs::write(self.path("profdata"), PROFDATA).unwrap();
        printed(program("chmod", ["+x", "profdata"]).current_dir(self.directory.path()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program that is static, at a fixed address.
    fn compiled(&self) -> PathBuf {
        std::fs::write(self.path("static.c"), STATIC).unwrap();
        let real = format!("-DREAL=\"{}\"", env!("CARGO_BIN_EXE_qli"));
        let words = ["-static", "-no-pie", "-s", "-o", "static", "static.c"];
        let mut compiler = program("cc", words);
        printed(compiler.arg(real).current_dir(self.directory.path()));
        self.path("static")
    }

    /// Makes the packages, with this as the program that was built.
    fn package(&self, built: &Path) -> Output {
        self.package_with(built, &[])
    }

    fn package_with(&self, built: &Path, words: &[&OsStr]) -> Output {
        let mut command = script(".ci/package");
        shadow(
            &mut command,
            &self.path("bin"),
            &[("cargo", CARGO), ("rustc", RUSTC)],
        );
        command
            .args(words)
            .arg(self.path("out"))
            .env("BUILT", built)
            .env("LLVM_PROFDATA", self.path("profdata"))
            .env("ASKED", self.path("asked"))
            .env("MUSL", self.path("musl"))
            .env("CARGO_TARGET_DIR", self.path("target"));
        output(&mut command)
    }

    /// The builds, one line each.
    fn asked(&self) -> String {
        std::fs::read_to_string(self.path("asked")).unwrap()
    }
}

fn stderr(ended: &Output) -> &str {
    std::str::from_utf8(&ended.stderr).unwrap()
}

#[test]
fn without_musl_the_command_says_so_and_builds_a_static_program_with_glibc() {
    let machine = Machine::new();
    let ended = machine.package(&machine.compiled());
    assert!(ended.status.success(), "{ended:?}");
    assert!(stderr(&ended).contains("no musl"), "{ended:?}");
    assert!(stderr(&ended).contains("no profile"), "{ended:?}");
    assert_eq!(machine.asked().lines().count(), 1, "{}", machine.asked());
    let target = "--target x86_64-unknown-linux-gnu ";
    assert!(machine.asked().contains(target), "{}", machine.asked());
    // For the whole program: its source asks whether it will be static.
    let flags = "-C target-feature=+crt-static -C relocation-model=static";
    assert!(machine.asked().contains(flags), "{}", machine.asked());
    // Its messages do not reveal who built it.
    assert!(
        machine.asked().contains("--remap-path-prefix=/"),
        "{}",
        machine.asked()
    );

    let tarball = ending(&machine.path("out"), "-x86_64-unknown-linux-gnu.tar.gz");
    let document = [
        "--wildcards",
        "-xzOf",
        tarball.to_str().unwrap(),
        "*/THIRD-PARTY.md",
    ];
    let document = printed(&mut program("tar", document));
    assert!(
        document.contains("GNU LESSER GENERAL PUBLIC LICENSE"),
        "its text"
    );
    let deb = ending(&machine.path("out"), ".deb");
    let deb = deb.to_str().unwrap();
    assert_eq!(
        printed(&mut program("dpkg-deb", ["-f", deb, "Depends"])).trim(),
        ""
    );
    let words = ["--allow-root", "--fail-on", "error,warning", deb];
    assert_eq!(printed(&mut program("lintian", words)), "");
}

#[test]
fn musl_is_used_where_rust_has_it() {
    let machine = Machine::new().with_musl();
    let ended = machine.package(&machine.compiled());
    assert!(ended.status.success(), "{ended:?}");
    assert!(!stderr(&ended).contains("no musl"), "{ended:?}");
    let target = "--target x86_64-unknown-linux-musl ";
    assert!(machine.asked().contains(target), "{}", machine.asked());
}

#[test]
fn a_program_that_needs_a_loader_is_not_packed() {
    for machine in [Machine::new(), Machine::new().with_musl()] {
        let ended = machine.package(Path::new(env!("CARGO_BIN_EXE_qli")));
        assert!(!ended.status.success(), "{ended:?}");
        assert!(stderr(&ended).contains("not static"), "{ended:?}");
        assert!(names(&machine.path("out")).is_empty());
    }
}

#[test]
fn the_packed_program_is_built_with_the_counts_of_an_instrumented_one() {
    let machine = Machine::new().with_musl().with_profdata();
    let ended = machine.package(&machine.compiled());
    assert!(ended.status.success(), "{ended:?}");
    let asked = machine.asked();
    let [counting, packed] = asked.lines().collect::<Vec<_>>()[..] else {
        panic!("{asked}")
    };
    assert!(counting.contains(" -Cprofile-generate=/"), "{counting}");
    let profile = machine.path("target/counting/qli.profdata");
    let flag = format!(" -Cprofile-use={}", profile.display());
    assert!(packed.ends_with(&flag), "{packed}");
    assert_eq!(std::fs::read_to_string(profile).unwrap(), "counted\n");
}

#[test]
fn a_given_profile_is_used_unchanged() {
    let machine = Machine::new().with_musl().with_profdata();
    let profile = machine.path("a profile");
    std::fs::write(&profile, "").unwrap();
    let words = [OsStr::new("--profile"), profile.as_os_str()];
    let ended = machine.package_with(&machine.compiled(), &words);
    assert!(ended.status.success(), "{ended:?}");
    let flag = format!(" -Cprofile-use={}\n", profile.display());
    assert!(machine.asked().ends_with(&flag), "{}", machine.asked());
    assert_eq!(machine.asked().lines().count(), 1);
}

#[test]
fn an_instrumented_program_that_misbehaves_fails_the_build() {
    let ended = output(script(".ci/exercise").arg("/bin/false"));
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(stderr(&ended).contains("exit code 1"), "{ended:?}");
}
