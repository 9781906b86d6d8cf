//! The tests of signals, terminals and streams under masks: `QLI_TEST_MASK` is `pipes` or
//! `terminal`. They show that a run goes as without a mask, but for what these functions
//! say.

/// What masks every run, so that tests show what stays as it is without a mask: `pipes`
/// or `terminal`.
fn mask_of_tests() -> Option<String> {
    std::env::var("QLI_TEST_MASK").ok()
}

/// Whether a stream of a script that is no terminal is a pipe to the relay, which is one
/// more child of qli.
pub(crate) fn is_masked() -> bool {
    mask_of_tests().is_some()
}

/// Whether a script has a terminal and a process group of its own: what reaches qli's group
/// is forwarded to it, and the modes of the user's terminal are always restored.
pub(crate) fn has_own_terminal() -> bool {
    mask_of_tests().as_deref() == Some("terminal")
}

/// The lines of a manifest that mask its runs: its first, and its last.
pub(crate) fn lines() -> [String; 2] {
    let Some(mask) = mask_of_tests() else {
        return [const { String::new() }; 2];
    };
    let secret = "[[secrets]]\nenv = \"MASKED\"\nref = \"SEED\"\nprovider = \"env\"\n";
    [format!("mask = \"{mask}\"\n"), secret.to_owned()]
}
