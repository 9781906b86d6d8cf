//! Recorded values of any length: without secrets, and cut to fit into one
//! record.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codec::RECORD_MAX;
use crate::manifest::ArgsMode;
use crate::names::{Sha256, Text, redact_args, to_json_line};
use crate::providers::Redactor;

/// Bytes kept of an argument that does not fit.
const HEAD: usize = 4 * 1024;

/// Bytes kept of a variable; names and addresses are shorter.
const CLAIM_HEAD: usize = 256;

/// Bytes of all names of one kind in a record.
const NAMES_MAX: usize = 4 * 1024;

/// Bytes kept of a message.
const MESSAGE_MAX: usize = 2 * 1024;

/// The share of a record that arguments may fill; the rest usually needs less
/// than a quarter.
const ARGS_MAX: usize = RECORD_MAX * 3 / 4;

/// The recorded arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum RecordedArgs {
    /// Every argument.
    List(Vec<RecordedArg>),
    /// Too many for one record: how many, and the SHA-256 of all of them, each
    /// followed by NUL.
    Digest {
        /// The number of arguments.
        count: usize,
        /// The SHA-256.
        sha256: Sha256,
    },
}

/// One recorded argument, or one recorded variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(deny_unknown_fields)]
pub enum RecordedArg {
    /// The whole value, with secrets replaced.
    Whole(Text),
    /// The beginning of a long value.
    Cut {
        /// Its first bytes.
        head: Text,
        /// The length of the whole, in bytes.
        len: usize,
        /// The SHA-256 of the whole.
        sha256: Sha256,
    },
    /// Only its digest; secrets are replaced before it is hashed.
    Digest {
        /// The SHA-256.
        sha256: Sha256,
        /// The length, in bytes.
        len: usize,
    },
}

/// Records arguments so that they fit into one record. The values of secrets are
/// replaced in every mode.
pub fn recorded_args(args: &[Text], mode: ArgsMode, redactor: &Redactor) -> RecordedArgs {
    let clean = args.iter().map(|arg| redactor.text(arg.as_os_str()));
    let clean: Vec<Text> = clean.collect();
    let clean = match mode {
        ArgsMode::Full | ArgsMode::Digest => clean,
        ArgsMode::Redacted => redact_args(&clean),
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
    let cut: Vec<_> = clean.iter().map(|arg| cut(arg, HEAD)).collect();
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

pub(super) fn recorded_claim(claim: &Text) -> RecordedArg {
    cut(claim, CLAIM_HEAD)
}

/// Records the first of some names; also returns how many are left out.
pub fn recorded_names<T>(
    names: impl Iterator<Item = T>,
    length: impl Fn(&T) -> usize,
) -> (Vec<T>, u64) {
    let mut left = NAMES_MAX;
    let (mut kept, mut left_out) = (Vec::new(), 0);
    for one in names {
        match left.checked_sub(length(&one)) {
            Some(rest) if left_out == 0 => {
                left = rest;
                kept.push(one);
            }
            _ => left_out += 1,
        }
    }
    (kept, left_out)
}

/// Records the first of the variables that are set, with the beginnings of their values;
/// also returns how many are left out.
pub fn recorded_variables(
    variables: impl Iterator<Item = (String, Text)>,
) -> (BTreeMap<String, RecordedArg>, u64) {
    let variables = variables.map(|(name, value)| (name, cut(&value, CLAIM_HEAD)));
    let (kept, left_out) = recorded_names(variables, |one| to_json_line(one).len());
    (kept.into_iter().collect(), left_out)
}

/// Cuts a long message.
pub fn recorded_message(mut message: String) -> String {
    if message.len() > MESSAGE_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_MAX));
        message.push_str(" …");
    }
    message
}

fn cut(arg: &Text, keep: usize) -> RecordedArg {
    let bytes = arg.as_os_str().as_bytes();
    match bytes.split_at_checked(keep) {
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
    fn names_variables_and_messages_are_cut_to_fit() {
        let names: Vec<_> = (0..1000).map(|nth| format!("SECRET_{nth:03}")).collect();
        let (kept, left_out) = recorded_names(names.iter(), |name| name.len());
        assert_eq!((kept.len(), left_out), (409, 591));
        assert_eq!(recorded_names(names[..2].iter(), |name| name.len()).1, 0);
        let variables = names
            .iter()
            .map(|name| (name.clone(), Text::from("x".repeat(300))));
        let (set, left_out) = recorded_variables(variables);
        assert_eq!((set.len() as u64 + left_out, set.len() > 5), (1000, true));
        assert!(to_json_line(&set).len() < 2 * NAMES_MAX);
        let claim = Text::from("x".repeat(257));
        assert!(matches!(
            recorded_claim(&claim),
            RecordedArg::Cut { len: 257, .. }
        ));
        let message = recorded_message("é".repeat(2000));
        assert!(message.len() < 2100 && message.ends_with("é …"));
        assert_eq!(recorded_message("short".to_owned()), "short");
    }

    #[test]
    fn the_mode_decides_how_an_argument_is_recorded() {
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
