//! The topics of `qli help`: pages of the manual.

#[derive(Debug, Clone, Copy)]
pub struct Topic {
    pub name: &'static str,
    pub summary: &'static str,
    /// Markdown.
    pub text: &'static str,
}

macro_rules! topics {
    ($($name:literal $summary:literal,)*) => {
        pub const TOPICS: &[Topic] = &[$(Topic {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("../../docs/", $name, ".md")),
        },)*];
    };
}

topics! {
    "manifest" "every field of a group's manifest",
    "secrets" "where secrets come from, and how to add a provider",
    "exit-codes" "what qli exits with, and when",
    "environment" "variables qli reads, and variables a script gets",
    "files" "files qli reads and writes",
    "audit" "what is recorded about a run, and how to check a log",
    "masking" "how secrets are replaced in what a script prints",
    "policies" "your own rules for manifests",
    "ci" "checking manifests in CI and before a commit",
    "editors" "completion and hover help for manifests in your editor",
    "refusals" "why a run did not start",
    "diagnostics" "every problem qli reports before a run, by code",
}

pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
