//! Tells the linker how the program is to start; Cargo runs this before it builds.
//!
//! It is about a dynamic program for Linux: what the system's loader has to do for it
//! at each start is what most of a short run would be (`docs/performance.md`). What
//! is linked statically has its own flags, those of `.ci/package`.
//!
//! - With the feature `fixed-address` it lies at a fixed address. Else the loader
//!   writes thousands of addresses into it, and copies each page that holds one. The
//!   code is the same in both: `-no-pie` is a matter of the last link (gcc(1)).
//! - The unwinder, which only a panic needs, is linked into it where the compiler has
//!   it as an archive. Else the loader looks for `libgcc_s.so`, maps and initialises
//!   it. An archive that comes first wins: of a library that is left without a use,
//!   `--as-needed` takes no notice (ld(1)).
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told what to build by its environment"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if !is_dynamic_on_linux() {
        return;
    }
    if env::var_os("CARGO_FEATURE_FIXED_ADDRESS").is_some() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
    if let Some(directory) = archive("libgcc_eh.a").as_deref().and_then(Path::parent) {
        println!("cargo::rustc-link-search=native={}", directory.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Whether the target is one whose linker knows these options for sure.
fn is_dynamic_on_linux() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !features.split(',').any(|feature| feature == "crt-static")
}

/// Where the compiler that links keeps an archive. One that has none prints the
/// bare name (gcc(1)), and one that cannot be asked is not.
fn archive(name: &str) -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let asked = Command::new(linker)
        .arg(format!("-print-file-name={name}"))
        .output();
    let told = String::from_utf8(asked.ok()?.stdout).ok()?;
    Some(PathBuf::from(told.trim())).filter(|path| path.is_absolute() && path.is_file())
}
