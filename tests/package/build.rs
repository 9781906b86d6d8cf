//! Which program is built. `cargo build` is played by a script, which hands over
//! what stands in `$BUILT`; everything else is real.

use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

use crate::licences::shadow;
use crate::{ended, ending, names, program, script, told};

const CARGO: &str = "#!/bin/sh
set -eu
PATH=$REAL_PATH
[ \"$1\" = build ] || exec cargo \"$@\"
echo \"$*\" \"$CARGO_ENCODED_RUSTFLAGS\" | tr '\\037' ' ' >\"$ASKED\"
for last; do to=$CARGO_TARGET_DIR/$last/release; done
mkdir -p \"$to\"
cp \"$BUILT\" \"$to/qli\"
";

/// Knows musl if `$MUSL` holds its standard library.
const RUSTC: &str = "#!/bin/sh
PATH=$REAL_PATH
case \"$*\" in
    *target-libdir*) echo \"$MUSL\" ;;
    -vV) echo 'host: x86_64-unknown-linux-gnu' ;;
    *) exec rustc \"$@\" ;;
esac
";

/// Becomes the real program at once: a static program without a second build.
const STATIC: &str = "#include <stdlib.h>
#include <unistd.h>
int main(int count, char **words) { (void)count; execv(getenv(\"REAL\"), words); return 1; }
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

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A program that is static, at a fixed address.
    fn compiled(&self) -> PathBuf {
        std::fs::write(self.path("static.c"), STATIC).unwrap();
        let words = ["-static", "-no-pie", "-s", "-o", "static", "static.c"];
        told(program("cc", words).current_dir(self.directory.path()));
        self.path("static")
    }

    /// Makes the packages where the last step builds this.
    fn package(&self, built: &Path) -> Output {
        let mut command = script(".ci/package");
        shadow(
            &mut command,
            &self.path("bin"),
            &[("cargo", CARGO), ("rustc", RUSTC)],
        );
        command
            .arg(self.path("out"))
            .env("BUILT", built)
            .env("REAL", env!("CARGO_BIN_EXE_qli"))
            .env("ASKED", self.path("asked"))
            .env("MUSL", self.path("musl"))
            .env("CARGO_TARGET_DIR", self.path("target"));
        ended(&mut command)
    }

    fn asked(&self) -> String {
        std::fs::read_to_string(self.path("asked")).unwrap()
    }
}

fn stderr(ended: &Output) -> &str {
    std::str::from_utf8(&ended.stderr).unwrap()
}

#[test]
fn without_musl_a_static_program_with_glibc_is_made_and_that_is_said() {
    let machine = Machine::new();
    let ended = machine.package(&machine.compiled());
    assert!(ended.status.success(), "{ended:?}");
    assert!(stderr(&ended).contains("no musl"), "{ended:?}");
    let target = "--target x86_64-unknown-linux-gnu ";
    assert!(machine.asked().contains(target), "{}", machine.asked());
    // Of the whole program: its source asks whether it will be static.
    let flags = "-C target-feature=+crt-static -C relocation-model=static";
    assert!(machine.asked().contains(flags), "{}", machine.asked());
    // Whoever reads a message of it does not learn who built it.
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
    let document = told(&mut program("tar", document));
    assert!(
        document.contains("GNU LESSER GENERAL PUBLIC LICENSE"),
        "its text"
    );
    let deb = ending(&machine.path("out"), ".deb");
    let deb = deb.to_str().unwrap();
    assert_eq!(
        told(&mut program("dpkg-deb", ["-f", deb, "Depends"])).trim(),
        ""
    );
    let words = ["--allow-root", "--fail-on", "error,warning", deb];
    assert_eq!(told(&mut program("lintian", words)), "");
}

#[test]
fn musl_is_built_where_rust_knows_it() {
    let machine = Machine::new().with_musl();
    let ended = machine.package(&machine.compiled());
    assert!(ended.status.success(), "{ended:?}");
    assert!(!stderr(&ended).contains("no musl"), "{ended:?}");
    let target = "--target x86_64-unknown-linux-musl ";
    assert!(machine.asked().contains(target), "{}", machine.asked());
}

#[test]
fn what_needs_a_loader_is_not_packed() {
    for machine in [Machine::new(), Machine::new().with_musl()] {
        let ended = machine.package(Path::new(env!("CARGO_BIN_EXE_qli")));
        assert!(!ended.status.success(), "{ended:?}");
        assert!(stderr(&ended).contains("no static program"), "{ended:?}");
        assert!(names(&machine.path("out")).is_empty());
    }
}
