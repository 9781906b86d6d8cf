//! Entries of a password store: a text whose first line is the password.

use zeroize::Zeroizing;

use super::output::{AnswerFault, Bytes};

/// The way in which pass(1) and its like keep several fields in one text.
pub(super) fn field(answer: &[u8], field: Option<&str>) -> Result<Bytes, AnswerFault> {
    let mut lines = answer.split(|&byte| byte == b'\n');
    let found = match field {
        Some("*") => Some(answer),
        None => lines.next().map(without_return),
        Some(field) => lines.skip(1).find_map(|line| {
            let value = line.strip_prefix(field.as_bytes())?.strip_prefix(b":")?;
            Some(without_return(value.strip_prefix(b" ").unwrap_or(value)))
        }),
    };
    let found = found.ok_or(AnswerFault::Absent)?;
    Ok(Zeroizing::new(found.to_vec()))
}

/// pass(1) and its like print a folder as its name and a tree, and succeed.
pub(super) fn is_folder(answer: &[u8], name: &str) -> bool {
    const BRANCHES: [&str; 7] = ["├", "└", "│", "\u{a0}", "|", "`", " "];
    let mut lines = answer.split(|&byte| byte == b'\n');
    let title = lines.next().and_then(|line| str::from_utf8(line).ok());
    let of_tree = |line: &[u8]| {
        let mut branches = BRANCHES.iter();
        line.is_empty() || branches.any(|branch| line.starts_with(branch.as_bytes()))
    };
    title.is_some_and(|title| title.trim_matches('/') == name.trim_matches('/'))
        && lines.all(of_tree)
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
