//! The table of codes: one row per problem. Numbers never change and are never
//! used again.

use crate::names::exit_code::{NOT_EXECUTABLE, NOT_FOUND, REFUSED};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The group or extension does not run, or violates a policy.
    Error,
    /// It runs, but deserves a look.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// Declares the table: title, variant, number, name, severity; then the exit code
/// of a run that it stops, if not [`REFUSED`], and its effect on runs, if not the
/// usual one.
macro_rules! codes {
    ($(#[doc = $title:literal] $variant:ident = $number:literal $name:literal $severity:ident
        $(exits $exit:ident)? $($effect:literal)?,)*) => {
        /// What kind of problem a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant,)* }

        impl Code {
            /// In the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Such as `QLI0102`.
            pub fn number(self) -> &'static str {
                match self { $(Self::$variant => $number,)* }
            }

            /// Such as `unknown-field`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title.trim_ascii(),)* }
            }

            /// `validate` reports some errors that stop only one script as warnings.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            pub fn effect(self) -> &'static str {
                match self {
                    $($(Self::$variant => $effect,)?)*
                    _ if self.is_refusal() => "the script did not start",
                    _ => "the group does not run",
                }
            }

            /// The exit code of `run` and `explain` if this prevents a plan.
            pub fn run_exit(self) -> u8 {
                match self {
                    $($(Self::$variant => $exit,)?)*
                    _ => REFUSED,
                }
            }
        }
    };
}

codes! {
    /// A manifest exists but cannot be read.
    UnreadableFile = "QLI0001" "unreadable-file" Error,
    /// A manifest is not UTF-8.
    NotUtf8 = "QLI0002" "not-utf8" Error,
    /// A manifest is larger than 1 MiB.
    FileTooLarge = "QLI0003" "file-too-large" Error,
    /// A manifest is not valid TOML.
    SyntaxError = "QLI0004" "syntax-error" Error,
    /// A field has no value.
    FieldWithoutValue = "QLI0005" "field-without-value" Error,
    /// Text is not in quotation marks.
    UnquotedText = "QLI0006" "unquoted-text" Error,
    /// A manifest uses syntax that older TOML tools reject.
    NewerSyntax = "QLI0007" "toml-1.1-syntax" Warning
        "the group runs; other tools may reject the file",
    /// A manifest contains an invisible character.
    HiddenCharacter = "QLI0008" "hidden-character" Warning
        "the group runs; what you see is not what the file says",
    /// A string, array, table or header is not closed.
    Unclosed = "QLI0009" "unclosed" Error,
    /// A field or table is defined twice.
    DuplicateField = "QLI0010" "duplicate-field" Error,
    /// A file has more problems than are listed.
    MoreProblems = "QLI0011" "more-problems" Error "that of the problems it counts",
    /// A required field is missing.
    MissingField = "QLI0101" "missing-field" Error,
    /// A field does not exist.
    UnknownField = "QLI0102" "unknown-field" Error,
    /// A manifest's schema version is not 1.
    UnsupportedVersion = "QLI0103" "unsupported-version" Error,
    /// A header has the wrong number of brackets.
    WrongTableForm = "QLI0104" "wrong-table-form" Error,
    /// A top-level field is below a header.
    MisplacedField = "QLI0105" "misplaced-field" Error,
    /// A value has the wrong type.
    WrongType = "QLI0201" "wrong-type" Error,
    /// A whole number is out of range.
    NumberOutOfRange = "QLI0202" "number-out-of-range" Error,
    /// A field does not accept this value.
    UnknownValue = "QLI0203" "unknown-value" Error,
    /// A required value is empty.
    EmptyValue = "QLI0204" "empty-value" Error,
    /// A banner or description is empty.
    EmptyText = "QLI0205" "empty-text" Warning "the group runs; nothing is shown there",
    /// A value contains a NUL character.
    NulCharacter = "QLI0206" "nul-character" Error,
    /// A duration is not valid.
    MalformedDuration = "QLI0207" "malformed-duration" Error,
    /// A variable's name is invalid or reserved.
    InvalidEnvName = "QLI0301" "invalid-env-name" Error,
    /// A group's name is invalid.
    InvalidGroupName = "QLI0302" "invalid-group-name" Error exits NOT_FOUND
        "the group cannot be called",
    /// An extension's name is invalid.
    InvalidExtensionName = "QLI0303" "invalid-extension-name" Error exits NOT_FOUND
        "the script cannot be called",
    /// A group has the name of a qli command.
    ReservedGroupName = "QLI0304" "reserved-group-name" Warning "only `qli run` reaches the group",
    /// A section's name is invalid.
    InvalidSectionName = "QLI0305" "invalid-section-name" Error,
    /// Two secrets set the same variable.
    DuplicateSecret = "QLI0401" "duplicate-secret" Error,
    /// A secret's variable is also required or in a path.
    SecretAlsoRequired = "QLI0402" "secret-also-required" Error,
    /// A reference does not match its provider.
    MalformedReference = "QLI0403" "malformed-reference" Error,
    /// A manifest seems to contain a secret's value.
    LiteralSecret = "QLI0404" "literal-secret-suspected" Warning
        "the group runs; everyone who can read the file knows the value",
    /// A secret sets a variable that decides what runs.
    LoaderVariable = "QLI0405" "loader-variable" Error
        "whoever can change the secret decides what runs",
    /// A section weakens a guard of its group.
    WeakenedGuard = "QLI0406" "weakened-guard" Error,
    /// Two fields contradict each other.
    Contradiction = "QLI0407" "contradiction" Error,
    /// There is a `kill_after`, but no `timeout`.
    TimeoutMissing = "QLI0408" "timeout-missing" Error,
    /// A provider of the manifest is not described well.
    MalformedProvider = "QLI0409" "malformed-provider" Error,
    /// A secret names a provider that does not exist.
    UnknownProvider = "QLI0410" "unknown-provider" Error,
    /// No secret uses a provider of the manifest.
    UnusedProvider = "QLI0411" "unused-provider" Warning "the group runs",
    /// A reference is in the spelling of another tool or provider.
    ForeignReference = "QLI0412" "foreign-reference" Error,
    /// A program reads a secret's variable as a path, or as a value.
    PathVariable = "QLI0413" "path-variable" Warning
        "the group runs; the program does not find the secret",
    /// There is a `mask_hold`, but no `mask`.
    MaskMissing = "QLI0414" "mask-missing" Error,
    /// Names are kept where none is removed.
    KeepWithoutEffect = "QLI0415" "keep-without-effect" Error,
    /// A variable is set that a secret fills or that is required.
    SetEnvConflict = "QLI0416" "set-env-conflict" Error,
    /// The path of the log is not valid.
    AuditPathMalformed = "QLI0501" "audit-path-malformed" Error,
    /// A variable in the path of the log is not set.
    AuditPathVariableUnset = "QLI0502" "audit-path-variable-unset" Error
        "the group does not run here",
    /// The path of the log is not absolute.
    AuditPathRelative = "QLI0503" "audit-path-relative" Error,
    /// The log has settings, but there is no log.
    AuditWithoutLog = "QLI0506" "audit-without-log" Error,
    /// There is no such group.
    NoSuchGroup = "QLI0601" "no-such-group" Error exits NOT_FOUND "nothing runs",
    /// The group has no such extension.
    NoSuchExtension = "QLI0602" "no-such-extension" Error exits NOT_FOUND "nothing runs",
    /// A script is not executable.
    NotExecutable = "QLI0603" "not-executable" Error exits NOT_EXECUTABLE "the script does not run",
    /// A script is not a regular file.
    NotARegularFile = "QLI0604" "not-a-regular-file" Error exits NOT_EXECUTABLE
        "the script does not run",
    /// A directory of scripts has no manifest.
    NoManifest = "QLI0605" "no-manifest" Warning "its scripts are not extensions",
    /// A root does not exist.
    RootMissing = "QLI0606" "root-missing" Error "no group runs",
    /// A root cannot be searched.
    RootUnreadable = "QLI0607" "root-unreadable" Error "no group from it or from a later root runs",
    /// A group hides the same group of a later root.
    GroupShadowed = "QLI0608" "group-shadowed" Info "the group of the earlier root runs",
    /// A script has no `#!` line.
    NoInterpreterLine = "QLI0609" "no-interpreter-line" Error exits NOT_EXECUTABLE
        "the script does not run",
    /// There is no directory for built-in scripts.
    NoCacheDirectory = "QLI0610" "no-cache-directory" Error "no built-in script runs",
    /// A section does not have the name of a script.
    SectionWithoutScript = "QLI0611" "section-without-script" Error
        "the section's guards apply to no script",
    /// A group or file with this name exists already.
    GroupExists = "QLI0612" "group-exists" Error "nothing is created",
    /// A group cannot be created.
    NotMade = "QLI0613" "cannot-be-made" Error "nothing is created",
    /// A script is the same file as one that has a section.
    SameFile = "QLI0614" "same-file" Error "the script does not run",
    /// A file that an editor or a package left is not an extension.
    Leftover = "QLI0616" "leftover" Error exits NOT_FOUND "it does not run",
    /// A script is in a directory below its group's.
    ScriptOutOfReach = "QLI0617" "script-out-of-reach" Info "qli does not run it",
    /// A `#!` line does not lead to an interpreter.
    InterpreterNotFound = "QLI0618" "interpreter-not-found" Error exits NOT_EXECUTABLE
        "the script does not run, or not everywhere",
    /// Members of a user group can change what runs.
    WritableByGroup = "QLI0701" "writable-by-group" Warning
        "the group runs; these users can change what it does",
    /// Other users can change what runs.
    WritableByOthers = "QLI0702" "writable-by-others" Error,
    /// Another user owns what runs.
    ForeignOwner = "QLI0703" "foreign-owner" Error,
    /// The files of secrets are not in a runtime directory in memory.
    SecretFileLocation = "QLI0704" "secret-file-location" Warning
        "the group runs; a removed value may still be found on the disk",
    /// An entry of PATH is empty.
    PathEntryEmpty = "QLI0801" "path-entry-empty" Warning "the entry is skipped",
    /// An entry of PATH is relative.
    PathEntryRelative = "QLI0802" "path-entry-relative" Warning "the entry is skipped",
    /// An extension on PATH is hidden by another.
    CommandShadowed = "QLI0804" "command-shadowed" Warning
        "this program never runs",
    /// An extension on PATH belongs to no group.
    CommandWithoutGroup = "QLI0805" "command-without-group" Info "the program is not an extension",
    /// An extension on PATH may belong to two groups.
    AmbiguousCommand = "QLI0806" "ambiguous-command" Error exits NOT_FOUND
        "the program does not run",
    /// A manifest violates a policy.
    PolicyViolation = "QLI0901" "policy-violation" Error
        "the group runs; it violates a rule of its organisation",
    /// A policy cannot be used.
    PolicyUnusable = "QLI0902" "policy-unusable" Error "no manifest is checked against the policy",
    /// A fix was not applied, since it would cause a problem.
    FixAbandoned = "QLI0903" "fix-abandoned" Warning "the line stays as it is",
    /// A required variable differs.
    RequiresEnv = "QLI1001" "requires-env" Error,
    /// There is no terminal to confirm on.
    NoTerminal = "QLI1002" "no-terminal" Error,
    /// The user declined.
    Declined = "QLI1003" "declined" Error,
    /// `--confirm` names another group.
    WrongName = "QLI1004" "wrong-name" Error,
    /// A secret is missing.
    SecretMissing = "QLI1101" "secret-missing" Error,
    /// A provider's answer is not a value for the script.
    SecretMalformed = "QLI1102" "secret-malformed" Error,
    /// A provider's program is missing or not trusted.
    ProviderMissing = "QLI1103" "provider-missing" Error,
    /// A provider's program failed.
    SecretFailed = "QLI1104" "secret-failed" Error,
    /// The user is not signed in to a provider.
    SecretSignedOut = "QLI1105" "secret-signed-out" Error,
    /// The user may not read a secret.
    SecretDenied = "QLI1106" "secret-denied" Error,
    /// A provider's server cannot be reached.
    SecretUnreachable = "QLI1107" "secret-unreachable" Error,
    /// A provider's program took too long.
    SecretTimeout = "QLI1108" "secret-timeout" Error,
    /// A secret cannot be passed to the script.
    SecretNotDelivered = "QLI1109" "secret-not-delivered" Error,
    /// The start of the run cannot be recorded.
    AuditUnwritable = "QLI1201" "audit-unwritable" Error,
    /// The log is locked by another process.
    AuditLocked = "QLI1202" "audit-locked" Error,
    /// The script or manifest changed after the plan.
    ChangedSincePlan = "QLI1301" "changed-since-plan" Error,
    /// The system cannot start the script.
    CannotStart = "QLI1302" "cannot-start" Error exits NOT_EXECUTABLE,
    /// A signal came before the script started.
    SignalBeforeStart = "QLI1303" "signal" Error,
    /// A system call that every run needs failed.
    SystemFailed = "QLI1304" "system" Error,
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

    /// Refusals of a run, as opposed to problems that are found while planning.
    pub fn is_refusal(self) -> bool {
        self.number() >= "QLI1000"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_increase_and_names_are_hyphenated_words() {
        assert!(
            Code::ALL
                .windows(2)
                .all(|two| two[0].number() < two[1].number())
        );
        for code in Code::ALL {
            assert!(code.number().len() == 7 && code.number().starts_with("QLI"));
            let is_allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
            assert!(code.name().chars().all(is_allowed));
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
