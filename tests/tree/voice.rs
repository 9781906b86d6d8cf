//! Everything that users read is plain English: the phrases of qli's early, private
//! dialect do not come back.

use std::path::{Path, PathBuf};

/// What no message, help or page says, and what to say instead.
const PHRASES: [(&str, &str); 42] = [
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("told of", "reported"),
    ("told apart", "identified, distinguished"),
    ("of qli itself", "built-in"),
    ("is a name of qli", "is reserved"),
    ("by lot", "random"),
    ("at hand", "local, available"),
    ("what waits", "pending, spooled"),
    ("stands", "is"),
    ("may stand", "is allowed"),
    ("against its chain", "check that no record was changed"),
    ("against their chains", "check that no record was changed"),
    ("asked nobody", "no prompt"),
    ("nobody", "no one, no prompt"),
    ("somebody", "the user, another process"),
    ("somebody else", "another user"),
    ("what it means:", "explain a code"),
    ("the world", "the system"),
    ("judge", "check"),
    ("judged", "checked"),
    ("judges", "checks"),
    ("patience", "timeout"),
    ("buried", "reaped"),
    ("went to the script", "was passed to the script"),
    ("did not please", "failed the check"),
    ("broken until", "will not run"),
    ("there is no terminal to type", "no terminal to confirm on"),
    ("is long over", "has expired"),
    ("is over", "has expired"),
    ("is no reference", "is not a valid reference"),
    ("is no group name", "is not a valid group name"),
    ("is no extension name", "is not a valid extension name"),
    ("is no variable name", "is not a valid variable name"),
    ("takes nothing", "does not accept"),
    ("as far as looking tells", "without modifying anything"),
    ("words of qli", "qli's commands"),
    ("a mistake in qli", "a bug in qli"),
    ("of one's choice", "of your choice"),
];

/// Whether a text contains a phrase as words, whatever their case.
fn says(text: &str, phrase: &str) -> bool {
    let text = text.to_lowercase();
    // A name such as `nobody` or `qli-nobody-deploy` does not count.
    let is_word = |c: char| c.is_alphanumeric() || "_-`".contains(c);
    text.match_indices(phrase).any(|(at, _)| {
        let before = text.get(..at).unwrap().chars().next_back();
        let after = text.get(at + phrase.len()..).unwrap().chars().next();
        let inside = phrase.ends_with(is_word) && after.is_some_and(is_word);
        !before.is_some_and(is_word) && !inside
    })
}

/// The files with these endings below a directory.
fn files(below: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![below.to_owned()];
    while let Some(path) = left.pop() {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            left.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if ending.is_some_and(|ending| endings.contains(&ending)) {
            found.push(path);
        }
    }
    found.sort_unstable();
    found
}

/// The text of the string literals on a line of source.
fn literals(line: &str) -> String {
    let code = line.trim_start();
    if code.starts_with("//") {
        return String::new();
    }
    // A line that continues a literal has one quotation mark, or none.
    let quoted: Vec<_> = code.split('"').skip(1).step_by(2).collect();
    quoted.join("\n")
}

/// The part of a source file before its tests.
fn without_tests(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or_default()
}

#[test]
fn users_read_plain_english() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    // Help is in transcripts, and the pages of codes are in the manual.
    let shown = ["cmd-tests", "tests/manifests", "docs", "schema"];
    let shown = shown
        .iter()
        .flat_map(|name| files(&project.join(name), &["trycmd", "expected", "md", "json"]));
    let shown = shown.chain([project.join("README.md")]);
    let shown = shown.filter(|path| !path.ends_with("docs/CHANGELOG.md"));
    let mut found = Vec::new();
    let mut check = |path: &Path, number: usize, line: &str| {
        for (phrase, instead) in PHRASES {
            if says(line, phrase) {
                let path = path.strip_prefix(project).unwrap().display();
                found.push(format!(
                    "{path}:{}: \"{phrase}\", say: {instead}",
                    number + 1
                ));
            }
        }
    };
    for path in shown {
        for (number, line) in read(&path).lines().enumerate() {
            check(&path, number, line);
        }
    }
    let is_test =
        |path: &PathBuf| path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
    let sources = files(&project.join("src"), &["rs"]).into_iter();
    for path in sources.filter(|path| !is_test(&path.strip_prefix(project).unwrap().to_owned())) {
        for (number, line) in without_tests(&read(&path)).lines().enumerate() {
            check(&path, number, &literals(line));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// Messages begin with `error:`, `warning:` or `note:`.
#[test]
fn no_message_begins_with_the_name_of_the_program() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    for path in files(&project.join("cmd-tests"), &["trycmd"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let named = text.lines().find(|line| line.starts_with("qli: "));
        assert_eq!(named, None, "{}", path.display());
    }
}
