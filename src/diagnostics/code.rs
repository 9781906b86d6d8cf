//! The table of codes: each problem has one row, and no row is ever
//! renumbered or given to another problem.

use crate::names::exit_code::{NOT_EXECUTABLE, NOT_FOUND, REFUSED};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The group or extension does not run, or breaks a rule of its
    /// organisation.
    Error,
    /// It runs, and somebody should look.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// Returns the word that stands in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Declares the table: a title, a variant, its number, its name, its severity,
/// the exit code of a run that it stops, and what it means for who wants to run
/// something.
macro_rules! codes {
    ($(#[doc = $title:literal] $variant:ident = $number:literal $name:literal $severity:ident $exit:ident $effect:literal,)*) => {
        /// What kind of problem a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the number people look up, such as `QLI0102`.
            pub fn number(self) -> &'static str {
                match self { $(Self::$variant => $number,)* }
            }

            /// Returns the name, such as `unknown-field`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the one sentence that says what is wrong.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title.trim_ascii(),)* }
            }

            /// Says how bad it is. `validate` takes some of the errors that stop
            /// one script only for a warning.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// Says what it means for whoever wants to run something.
            pub fn effect(self) -> &'static str {
                match self { $(Self::$variant => $effect,)* }
            }

            /// Returns the exit code of `run` and `explain` when this is why
            /// no plan could be made.
            pub fn run_exit(self) -> u8 {
                match self { $(Self::$variant => $exit,)* }
            }
        }
    };
}

codes! {
    /// A manifest that is there cannot be read.
    UnreadableFile = "QLI0001" "unreadable-file" Error REFUSED
        "the group does not run",
    /// The text of a manifest is not UTF-8.
    NotUtf8 = "QLI0002" "not-utf8" Error REFUSED
        "the group does not run",
    /// A manifest is larger than 1 MiB.
    FileTooLarge = "QLI0003" "file-too-large" Error REFUSED
        "the group does not run",
    /// The text is not TOML.
    SyntaxError = "QLI0004" "syntax-error" Error REFUSED
        "the group does not run",
    /// A field has no value.
    FieldWithoutValue = "QLI0005" "field-without-value" Error REFUSED
        "the group does not run",
    /// A text stands without quotation marks.
    UnquotedText = "QLI0006" "unquoted-text" Error REFUSED
        "the group does not run",
    /// The text uses syntax that older TOML tools refuse.
    NewerSyntax = "QLI0007" "toml-1.1-syntax" Warning REFUSED
        "the group runs; other tools may refuse the file",
    /// The text holds a character that nobody sees.
    HiddenCharacter = "QLI0008" "hidden-character" Warning REFUSED
        "the group runs; what people see is not what the file says",
    /// What was opened is not closed.
    Unclosed = "QLI0009" "unclosed" Error REFUSED
        "the group does not run",
    /// A field or table is defined twice.
    DuplicateField = "QLI0010" "duplicate-field" Error REFUSED
        "the group does not run",
    /// A required field is missing.
    MissingField = "QLI0101" "missing-field" Error REFUSED
        "the group does not run",
    /// No manifest has such a field.
    UnknownField = "QLI0102" "unknown-field" Error REFUSED
        "the group does not run",
    /// The version of the manifest is not 1.
    UnsupportedVersion = "QLI0103" "unsupported-version" Error REFUSED
        "the group does not run",
    /// A table stands for an array of tables, or the other way round.
    WrongTableForm = "QLI0104" "wrong-table-form" Error REFUSED
        "the group does not run",
    /// A field of the top level stands below a header.
    MisplacedField = "QLI0105" "misplaced-field" Error REFUSED
        "the group does not run",
    /// A value has another type than its field.
    WrongType = "QLI0201" "wrong-type" Error REFUSED
        "the group does not run",
    /// A whole number is out of range.
    NumberOutOfRange = "QLI0202" "number-out-of-range" Error REFUSED
        "the group does not run",
    /// A value is none of its field's choices.
    UnknownValue = "QLI0203" "unknown-value" Error REFUSED
        "the group does not run",
    /// A value is empty where an empty one means nothing.
    EmptyValue = "QLI0204" "empty-value" Error REFUSED
        "the group does not run",
    /// A banner or description shows nothing.
    EmptyText = "QLI0205" "empty-text" Warning REFUSED
        "the group runs; nothing is shown there",
    /// A value holds a NUL character.
    NulCharacter = "QLI0206" "nul-character" Error REFUSED
        "the group does not run",
    /// A length of time cannot be read.
    MalformedDuration = "QLI0207" "malformed-duration" Error REFUSED
        "the group does not run",
    /// No variable can have this name, or qli sets it itself.
    InvalidEnvName = "QLI0301" "invalid-env-name" Error REFUSED
        "the group does not run",
    /// No group can have this name.
    InvalidGroupName = "QLI0302" "invalid-group-name" Error NOT_FOUND
        "nobody can call the group",
    /// No extension can have this name.
    InvalidExtensionName = "QLI0303" "invalid-extension-name" Error NOT_FOUND
        "nobody can call the script",
    /// A group has the name of a command of qli.
    ReservedGroupName = "QLI0304" "reserved-group-name" Warning REFUSED
        "only `qli run` reaches the group",
    /// No extension can have the name of a section.
    InvalidSectionName = "QLI0305" "invalid-section-name" Error REFUSED
        "the group does not run",
    /// Two secrets fill the same variable.
    DuplicateSecret = "QLI0401" "duplicate-secret" Error REFUSED
        "the group does not run",
    /// A variable holds a secret, and its value would be shown.
    SecretAlsoRequired = "QLI0402" "secret-also-required" Error REFUSED
        "the group does not run",
    /// A reference does not fit its provider.
    MalformedReference = "QLI0403" "malformed-reference" Error REFUSED
        "the group does not run",
    /// A secret's value seems to stand in the manifest.
    LiteralSecret = "QLI0404" "literal-secret-suspected" Warning REFUSED
        "the group runs; whoever reads the file knows the value",
    /// A secret fills a variable that decides what runs.
    LoaderVariable = "QLI0405" "loader-variable" Warning REFUSED
        "the group runs; who may change the secret decides what runs",
    /// A section takes back what its group demands.
    WeakenedGuard = "QLI0406" "weakened-guard" Error REFUSED
        "the group does not run",
    /// Two fields contradict each other.
    Contradiction = "QLI0407" "contradiction" Error REFUSED
        "the group does not run",
    /// There is a `kill_after`, and no `timeout`.
    TimeoutMissing = "QLI0408" "timeout-missing" Error REFUSED
        "the group does not run",
    /// The path of the log cannot be read.
    AuditPathMalformed = "QLI0501" "audit-path-malformed" Error REFUSED
        "the group does not run",
    /// The path of the log has a variable without a value.
    AuditPathVariableUnset = "QLI0502" "audit-path-variable-unset" Error REFUSED
        "the group does not run here",
    /// The path of the log is not absolute.
    AuditPathRelative = "QLI0503" "audit-path-relative" Error REFUSED
        "the group does not run",
    /// The log has settings, and there is no log.
    AuditWithoutLog = "QLI0506" "audit-without-log" Error REFUSED
        "the group does not run",
    /// There is no such group.
    NoSuchGroup = "QLI0601" "no-such-group" Error NOT_FOUND
        "nothing runs",
    /// The group has no such extension.
    NoSuchExtension = "QLI0602" "no-such-extension" Error NOT_FOUND
        "nothing runs",
    /// A script is not executable.
    NotExecutable = "QLI0603" "not-executable" Error NOT_EXECUTABLE
        "the script does not run",
    /// What stands for a script is no regular file.
    NotARegularFile = "QLI0604" "not-a-regular-file" Error NOT_EXECUTABLE
        "the script does not run",
    /// A directory of scripts has no manifest.
    NoManifest = "QLI0605" "no-manifest" Warning REFUSED
        "none of its scripts is an extension",
    /// A root that was named is not there.
    RootMissing = "QLI0606" "root-missing" Warning REFUSED
        "no group comes from it",
    /// A root cannot be searched.
    RootUnreadable = "QLI0607" "root-unreadable" Error REFUSED
        "no group of it or of a later root runs",
    /// A group hides the same group of a later root.
    GroupShadowed = "QLI0608" "group-shadowed" Info REFUSED
        "the group of the earlier root runs",
    /// A script has no `#!` line.
    NoInterpreterLine = "QLI0609" "no-interpreter-line" Error NOT_EXECUTABLE
        "the script does not run",
    /// There is no directory to keep embedded scripts in.
    NoCacheDirectory = "QLI0610" "no-cache-directory" Error REFUSED
        "no embedded script runs",
    /// A section is named after no script.
    SectionWithoutScript = "QLI0611" "section-without-script" Error REFUSED
        "no script runs under the section's guards",
    /// There is a group, or something else, of this name already.
    GroupExists = "QLI0612" "group-exists" Error REFUSED
        "nothing is made",
    /// What should be made cannot be written.
    NotMade = "QLI0613" "cannot-be-made" Error REFUSED
        "nothing is made",
    /// A script is the same file as one that has a section.
    SameFile = "QLI0614" "same-file" Error REFUSED
        "the script does not run",
    /// A group may change what runs.
    WritableByGroup = "QLI0701" "writable-by-group" Warning REFUSED
        "the group runs; its members decide what",
    /// Everybody may change what runs.
    WritableByOthers = "QLI0702" "writable-by-others" Error REFUSED
        "the group does not run",
    /// Somebody else owns what runs.
    ForeignOwner = "QLI0703" "foreign-owner" Error REFUSED
        "the group does not run",
    /// An entry of PATH is empty.
    PathEntryEmpty = "QLI0801" "path-entry-empty" Warning REFUSED
        "the entry is skipped",
    /// An entry of PATH is relative.
    PathEntryRelative = "QLI0802" "path-entry-relative" Warning REFUSED
        "the entry is skipped",
    /// An extension on PATH is hidden by another.
    CommandShadowed = "QLI0804" "command-shadowed" Warning REFUSED
        "this program never runs",
    /// An extension on PATH belongs to no group.
    CommandWithoutGroup = "QLI0805" "command-without-group" Info REFUSED
        "the program is no extension",
    /// A manifest breaks a rule of its organisation.
    PolicyViolation = "QLI0901" "policy-violation" Error REFUSED
        "the group runs; it breaks a rule of its organisation",
    /// A policy cannot be used.
    PolicyUnusable = "QLI0902" "policy-unusable" Error REFUSED
        "no manifest is checked against the policy",
    /// A change was not made, since it would make a new problem.
    FixAbandoned = "QLI0903" "fix-abandoned" Warning REFUSED
        "the file stays as it is",
    /// A variable is not what is required.
    RequiresEnv = "QLI1001" "requires-env" Error REFUSED
        "the script did not start",
    /// There is nobody to ask.
    NoTerminal = "QLI1002" "no-terminal" Error REFUSED
        "the script did not start",
    /// A person said no.
    Declined = "QLI1003" "declined" Error REFUSED
        "the script did not start",
    /// `--confirm` names another group.
    WrongName = "QLI1004" "wrong-name" Error REFUSED
        "the script did not start",
    /// A secret is not there.
    SecretMissing = "QLI1101" "secret-missing" Error REFUSED
        "the script did not start",
    /// A secret has a value that cannot be handed over.
    SecretInvalid = "QLI1102" "secret-invalid" Error REFUSED
        "the script did not start",
    /// A provider's program is missing, or not to be trusted.
    ProviderMissing = "QLI1103" "provider-missing" Error REFUSED
        "the script did not start",
    /// A provider's program gave no value.
    ProviderFailed = "QLI1104" "provider-failed" Error REFUSED
        "the script did not start",
    /// The start cannot be recorded.
    AuditUnwritable = "QLI1201" "audit-unwritable" Error REFUSED
        "the script did not start",
    /// The log is locked and not written to.
    AuditLocked = "QLI1202" "audit-locked" Error REFUSED
        "the script did not start",
    /// What would run is not what was planned.
    ChangedSincePlan = "QLI1301" "changed-since-plan" Error REFUSED
        "the script did not start",
    /// The system does not start the script.
    CannotStart = "QLI1302" "cannot-start" Error NOT_EXECUTABLE
        "the script did not start",
    /// A signal came before the script started.
    SignalBeforeStart = "QLI1303" "signal" Error REFUSED
        "the script did not start",
    /// The system denies qli what every run needs.
    SystemFailed = "QLI1304" "system" Error REFUSED
        "the script did not start",
}

impl Code {
    /// Finds a code by its number, with or without `QLI`, or by its name.
    pub fn find(text: &str) -> Option<Self> {
        let asked = |code: &&Self| {
            let digits = code.number().trim_start_matches("QLI");
            code.number().eq_ignore_ascii_case(text) || digits == text || code.name() == text
        };
        Self::ALL.iter().find(asked).copied()
    }

    /// Says whether it is a refusal of a run, as opposed to a problem that is
    /// found while planning.
    pub fn is_refusal(self) -> bool {
        self.number() >= "QLI1000"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_are_words_with_hyphens() {
        assert!(
            Code::ALL
                .windows(2)
                .all(|two| two[0].number() < two[1].number())
        );
        for code in Code::ALL {
            assert!(code.number().len() == 7 && code.number().starts_with("QLI"));
            let may_stand =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
            assert!(code.name().chars().all(may_stand));
            assert!(code.title().chars().count() <= 62 && code.title().ends_with('.'));
        }
    }

    #[test]
    fn a_code_is_found_by_its_number_and_by_its_name() {
        for code in Code::ALL {
            let by = |text: &str| Code::find(text);
            assert_eq!(
                (by(code.name()), by(code.number())),
                (Some(*code), Some(*code))
            );
        }
        for text in ["qli0102", "0102"] {
            assert_eq!(Code::find(text), Some(Code::UnknownField));
        }
        for text in ["", "102", "QLI", "QLI102"] {
            assert_eq!(Code::find(text), None, "{text}");
        }
    }

    #[test]
    fn no_two_codes_share_a_name() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]));
    }
}
