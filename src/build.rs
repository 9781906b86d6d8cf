//! Adds `entry.c` to the program, and link options that make a dynamic program for
//! Linux start faster (`docs/performance.md`). Static programs get theirs from
//! `.ci/package`.
//!
//! - With the feature `fixed-address` it is loaded at a fixed address. Otherwise the
//!   loader writes thousands of addresses into it, and copies each page that contains
//!   one. The code is the same: `-no-pie` only affects the last link (gcc(1)).
//! - The unwinder, which only a panic needs, is linked statically where the compiler
//!   has it as an archive. Otherwise the loader has to find, map and initialise
//!   `libgcc_s.so`. The archive comes first and wins: `--as-needed` drops a library
//!   that nothing uses any more (ld(1)).
#![expect(
    clippy::disallowed_methods,
    reason = "Cargo passes the target in environment variables"
)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-changed=src/entry.c");
    for object in cc::Build::new().file("src/entry.c").compile_intermediates() {
        println!("cargo::rustc-link-arg-bins={}", object.display());
    }
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

/// Whether the target's linker is known to have these options.
fn is_dynamic_on_linux() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !features.split(',').any(|feature| feature == "crt-static")
}

/// Finds an archive of the compiler that links. Without one, the compiler prints the
/// bare name (gcc(1)).
fn archive(name: &str) -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let printed = Command::new(linker)
        .arg(format!("-print-file-name={name}"))
        .output();
    let path = String::from_utf8(printed.ok()?.stdout).ok()?;
    Some(PathBuf::from(path.trim())).filter(|path| path.is_absolute() && path.is_file())
}
