//! Every help text stays within 80 columns, every man page is clean, and every message
//! says what to type next.

use std::path::{Path, PathBuf};
use std::process::Command;

use qli::testing::diagnostics::Code;

fn qli(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qli"));
    command.args(words).env_clear().env("COLUMNS", "80");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a help lists.
fn listed(help: &str) -> Vec<String> {
    let (_, commands) = help.split_once("Commands:\n").unwrap_or_default();
    let lines = commands.lines().take_while(|line| !line.is_empty());
    // Continued descriptions are indented further.
    let names = lines.filter(|line| !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn every_help_begins_with_a_sentence_and_its_usage_and_ends_with_the_options() {
    let mut left: Vec<Vec<String>> = vec![Vec::new()];
    let mut seen = 0;
    while let Some(command) = left.pop() {
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let help = qli(&[&words[..], &["--help"]].concat());
        assert_eq!(help, qli(&[&words[..], &["-h"]].concat()), "{words:?}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{words:?}: {line}");
        }
        let usage = help.lines().nth(2).unwrap();
        assert!(usage.starts_with("Usage: qli"), "{words:?}: {usage}");
        let parts = [
            "Usage:",
            "Commands:",
            "Examples:",
            "Options:",
            "Global options:",
        ];
        let positions: Vec<_> = parts
            .iter()
            .filter_map(|part| help.find(&format!("\n{part}")))
            .collect();
        assert!(positions.is_sorted(), "{words:?}: {help}");
        assert_eq!(help.matches("--extensions <DIR>").count(), 1, "{words:?}");
        let below = listed(&help).into_iter();
        left.extend(below.map(|name| [command.clone(), vec![name]].concat()));
        seen += 1;
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn every_man_page_is_clean() {
    let directory = tempfile::tempdir().unwrap();
    qli(&["man", "--out", directory.path().to_str().unwrap()]);
    let pages = entries(directory.path());
    assert!(pages.len() > 15, "{pages:?}");
    let lint = Command::new("mandoc").arg("-Tlint").args(&pages).output();
    let lint = lint.expect("tests/run installs mandoc");
    let output = [lint.stdout, lint.stderr].concat();
    assert_eq!(String::from_utf8(output).unwrap(), "");
    assert!(lint.status.success());
}

/// The README and the list of `qli help` name the same topics, each a page.
#[test]
fn every_topic_is_reached_by_its_name() {
    let readme = include_str!("../../README.md");
    let (_, listed) = readme.split_once("by `qli help <TOPIC>`").unwrap();
    let (listed, _) = listed.split_once("\n\n").unwrap();
    let named: Vec<_> = listed.split("](docs/").skip(1).collect();
    let named = named.iter().map(|rest| rest.split(".md)").next().unwrap());
    let mut named: Vec<_> = named.collect();
    let mut topics: Vec<_> = qli::testing::report::TOPICS
        .iter()
        .map(|topic| topic.name)
        .collect();
    for topic in &topics {
        let page = format!("docs/{topic}.md");
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
        let page = std::fs::read_to_string(page).unwrap();
        let title = page.lines().next().unwrap().trim_start_matches("# ");
        let shown = qli(&["help", topic]);
        assert_eq!(shown.lines().next(), Some(title), "{topic}");
    }
    named.sort_unstable();
    topics.sort_unstable();
    assert_eq!(named, topics);
}

/// Commands to copy are on separate lines, in the manual too.
#[test]
fn every_man_page_stays_within_80_columns() {
    let directory = tempfile::tempdir().unwrap();
    qli(&["man", "--out", directory.path().to_str().unwrap()]);
    for page in entries(directory.path()) {
        let mut mandoc = Command::new("mandoc");
        mandoc.args(["-Tutf8", "-Owidth=80"]).arg(&page);
        let text = mandoc.output().expect("tests/run installs mandoc");
        // Bold letters are written twice, with a backspace between.
        let text = plain(&String::from_utf8(text.stdout).unwrap());
        assert!(text.contains("OPTIONS\n"), "{}", page.display());
        let wide = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{}", page.display());
    }
}

/// Removes overstrikes: a letter and its backspace.
fn plain(text: &str) -> String {
    let mut letters = Vec::new();
    for letter in text.chars() {
        match letter {
            '\u{8}' => drop(letters.pop()),
            letter => letters.push(letter),
        }
    }
    letters.into_iter().collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort_unstable();
    paths
}

#[test]
fn every_page_of_a_message_says_what_to_type_or_write() {
    for code in Code::ALL {
        let page = code.page();
        let types = page.lines().any(|line| line.starts_with("    "));
        assert!(types, "{}: {page}", code.number());
    }
}

/// Every problem in a report or a transcript, with its indented lines.
fn problems(text: &str) -> Vec<String> {
    let begins = |line: &str| {
        let severities = ["error[QLI", "warning[QLI", "note[QLI"];
        severities.iter().any(|prefix| line.starts_with(prefix))
    };
    let mut found: Vec<String> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if begins(line) {
            found.push(String::new());
            inside = true;
        } else if !line.starts_with(' ') {
            inside = false;
        }
        if inside {
            let last = found.last_mut().unwrap();
            last.push_str(line);
            last.push('\n');
        }
    }
    found
}

#[test]
fn every_reported_problem_has_its_next_step() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = ["valid", "invalid"].map(|name| project.join("tests/manifests").join(name));
    let folders = entries(&project.join("cmd-tests"))
        .into_iter()
        .chain(samples);
    let files = folders
        .filter(|path| path.is_dir())
        .flat_map(|path| entries(&path));
    let mut count = 0;
    for file in files.filter(|path| {
        path.extension()
            .is_some_and(|end| end == "trycmd" || end == "expected")
    }) {
        for problem in problems(&std::fs::read_to_string(&file).unwrap()) {
            // A short help is next to its mark, in Unicode or ASCII.
            let steps = ["  help: ", "\u{2570}\u{2500}\u{2500} ", "`-- "];
            assert!(
                steps.iter().any(|step| problem.contains(step)),
                "{}:\n{problem}",
                file.display()
            );
            count += 1;
        }
    }
    assert!(count > 200, "{count}");
}

/// Every refusal that a transcript shows names the next commands.
#[test]
fn every_refusal_that_is_shown_names_the_next_command() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let transcripts = entries(&project.join("cmd-tests/run"));
    let mut count = 0;
    for file in transcripts {
        let text = std::fs::read_to_string(&file).unwrap();
        for refusal in text.split(" was refused by ").skip(1) {
            let refusal = refusal.split("\n$ ").next().unwrap();
            for next in [" explain ", "about this refusal"] {
                assert!(refusal.contains(next), "{}: {refusal}", file.display());
            }
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}
