//! Arguments as they are recorded: without secrets, and short enough.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::options::without_named_secrets;
use super::start::{RecordedArg, RecordedArgs};
use super::tail::RECORD_MAX;
use crate::manifest::ArgsMode;
use crate::names::{Sha256, Text, to_json_line};
use crate::providers::Redactor;

/// Bytes kept of an argument that is too long for a record.
const HEAD: usize = 4 * 1024;

/// Room for arguments in a record; the rest of it usually needs less than a
/// quarter.
const ARGS_MAX: usize = RECORD_MAX * 3 / 4;

/// Records arguments so that they fit into one record. Whatever the mode, the
/// values of secrets are replaced.
pub fn recorded_args(args: &[Text], mode: ArgsMode, redactor: &Redactor) -> RecordedArgs {
    let clean = args.iter().map(|arg| redactor.text(arg.as_os_str()));
    let clean: Vec<Text> = clean.collect();
    let clean = match mode {
        ArgsMode::Full | ArgsMode::Digest => clean,
        ArgsMode::Redacted => without_named_secrets(&clean),
    };
    let whole: Vec<_> = match mode {
        ArgsMode::Digest => clean.iter().map(digest).collect(),
        ArgsMode::Full | ArgsMode::Redacted => {
            clean.iter().cloned().map(RecordedArg::Whole).collect()
        }
    };
    if to_json_line(&whole).len() <= ARGS_MAX {
        return RecordedArgs::List(whole);
    }
    let cut: Vec<_> = clean.iter().map(cut).collect();
    if mode != ArgsMode::Digest && to_json_line(&cut).len() <= ARGS_MAX {
        return RecordedArgs::List(cut);
    }
    let all: Vec<u8> = clean
        .iter()
        .flat_map(|arg| arg.as_os_str().as_bytes().iter().copied().chain([0]))
        .collect();
    RecordedArgs::Digest {
        count: clean.len(),
        sha256: Sha256::of(&all),
    }
}

fn digest(arg: &Text) -> RecordedArg {
    let bytes = arg.as_os_str().as_bytes();
    RecordedArg::Digest {
        sha256: Sha256::of(bytes),
        len: bytes.len(),
    }
}

fn cut(arg: &Text) -> RecordedArg {
    let bytes = arg.as_os_str().as_bytes();
    match bytes.split_at_checked(HEAD) {
        Some((head, rest)) if !rest.is_empty() => RecordedArg::Cut {
            head: Text::from(OsStr::from_bytes(head)),
            len: bytes.len(),
            sha256: Sha256::of(bytes),
        },
        _ => RecordedArg::Whole(arg.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_arguments_are_cut_and_too_many_become_a_digest() {
        let none = Redactor::default();
        let long = Text::from("x".repeat(1 << 20));
        let RecordedArgs::List(list) =
            recorded_args(std::slice::from_ref(&long), ArgsMode::Full, &none)
        else {
            panic!("not a list")
        };
        assert!(matches!(&list[0], RecordedArg::Cut { len: 1_048_576, .. }));
        let many: Vec<_> = (0..100_000).map(|_| Text::from("arg")).collect();
        let args = recorded_args(&many, ArgsMode::Redacted, &none);
        assert!(matches!(args, RecordedArgs::Digest { count: 100_000, .. }));
    }

    #[test]
    fn the_mode_decides_what_is_recorded_of_an_argument() {
        let args = [Text::from("--token=x"), Text::from("y")];
        let recorded = |mode| to_json_line(&recorded_args(&args, mode, &Redactor::default()));
        assert_eq!(recorded(ArgsMode::Full), r#"["--token=x","y"]"#);
        assert_eq!(
            recorded(ArgsMode::Redacted),
            r#"["--token=[redacted]","y"]"#
        );
        let of_y = Sha256::of(b"y");
        let digests = recorded(ArgsMode::Digest);
        assert!(
            digests.ends_with(&format!("{{\"sha256\":\"{of_y}\",\"len\":1}}]")),
            "{digests}"
        );
    }
}
