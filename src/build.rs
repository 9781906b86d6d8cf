//! Tells the linker where the program is loaded; Cargo runs this before it builds.
//!
//! With the feature `fixed-address` a dynamic program for Linux lies at a fixed
//! address. Else the system's loader writes thousands of addresses into it at each
//! start, and copies each page that holds one (`docs/performance.md` tells what
//! that costs). The code is the same in both: `-no-pie` is a matter of the last
//! link only (`man 1 gcc`). What is linked statically has its own flags, those of
//! `.ci/package`.
#![expect(
    clippy::disallowed_methods,
    reason = "a build script is told what to build by its environment"
)]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    if env::var_os("CARGO_FEATURE_FIXED_ADDRESS").is_some() && is_dynamic_on_linux() {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

/// Whether the target is one whose C compiler knows the option for sure, and links
/// to the system's C library.
fn is_dynamic_on_linux() -> bool {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && !features.split(',').any(|feature| feature == "crt-static")
}
