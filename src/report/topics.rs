//! The topics of `qli help`: pages of the manual.

/// One topic.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// What is typed.
    pub name: &'static str,
    /// What it is about, in a few words.
    pub summary: &'static str,
    /// Its page, in Markdown.
    pub text: &'static str,
}

/// Includes a page of `docs/`.
macro_rules! topics {
    ($($name:literal $summary:literal,)*) => {
        /// Every topic, in the order in which they are listed.
        pub const TOPICS: &[Topic] = &[$(Topic {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("../../docs/", $name, ".md")),
        },)*];
    };
}

topics! {
    "manifest" "what a group declares: every field",
    "exit-codes" "what qli exits with, and when",
    "environment" "the variables qli reads, and those a script finds",
    "files" "what is read and written, and where",
    "audit" "what is recorded of a run, and how a log is checked",
    "policies" "rules of your own for manifests",
    "ci" "manifests checked in a pipeline or before a commit",
    "editors" "completion and explanations while a manifest is written",
    "refusals" "why a run did not start",
    "diagnostics" "what can be wrong with a manifest, a name or a file",
}

/// Finds a topic by its name.
pub fn topic(name: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.name == name)
}
