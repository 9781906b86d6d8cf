//! The table of codes: each problem has one row, and no row is ever
//! renumbered or given to another problem.

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The group or extension does not run.
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

/// Declares the table: a variant, its number, its name, its severity, and the
/// exit code of a run that it stops.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $number:literal $name:literal $severity:ident $exit:literal,)*) => {
        /// What kind of problem a diagnostic reports.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

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

            /// Says how bad it is.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
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
    /// A manifest that exists cannot be read.
    UnreadableFile = "QLI0001" "unreadable-file" Error 125,
    /// The text of a manifest is not UTF-8.
    NotUtf8 = "QLI0002" "not-utf8" Error 125,
    /// A manifest of over 1 MiB.
    FileTooLarge = "QLI0003" "file-too-large" Error 125,
    /// The text is not TOML.
    SyntaxError = "QLI0004" "syntax-error" Error 125,
    /// A field or table is defined twice.
    DuplicateField = "QLI0010" "duplicate-field" Error 125,
    /// A required field is not there.
    MissingField = "QLI0101" "missing-field" Error 125,
    /// A field that no manifest has.
    UnknownField = "QLI0102" "unknown-field" Error 125,
    /// `schema_version` is not 1.
    UnsupportedVersion = "QLI0103" "unsupported-version" Error 125,
    /// `[secrets]` for `[[secrets]]`, or the other way round.
    WrongTableForm = "QLI0104" "wrong-table-form" Error 125,
    /// A field of the top level that slipped into `[requires_env]`.
    MisplacedField = "QLI0105" "misplaced-field" Error 125,
    /// A value of another type than the field's.
    WrongType = "QLI0201" "wrong-type" Error 125,
    /// A whole number that is out of range.
    NumberOutOfRange = "QLI0202" "number-out-of-range" Error 125,
    /// A value that is none of the field's choices.
    UnknownValue = "QLI0203" "unknown-value" Error 125,
    /// A value that is empty where an empty one means nothing.
    EmptyValue = "QLI0204" "empty-value" Error 125,
    /// A banner or description that shows nothing.
    EmptyText = "QLI0205" "empty-text" Warning 125,
    /// A value with a NUL character, which no process can be given.
    NulCharacter = "QLI0206" "nul-character" Error 125,
    /// A name no environment variable can have.
    InvalidEnvName = "QLI0301" "invalid-env-name" Error 125,
    /// A group's name, typed or found, that no group can have.
    InvalidGroupName = "QLI0302" "invalid-group-name" Error 127,
    /// An extension's name, typed or found, that no extension can have.
    InvalidExtensionName = "QLI0303" "invalid-extension-name" Error 127,
    /// The same variable is filled by two secrets.
    DuplicateSecret = "QLI0401" "duplicate-secret" Error 125,
    /// A variable is both required beforehand and filled by a secret, or holds one.
    SecretAlsoRequired = "QLI0402" "secret-also-required" Error 125,
    /// A reference that does not fit its provider's grammar.
    MalformedReference = "QLI0403" "malformed-reference" Error 125,
    /// A path template that cannot be read.
    AuditPathMalformed = "QLI0501" "audit-path-malformed" Error 125,
    /// A path template with a variable that has no value here.
    AuditPathVariableUnset = "QLI0502" "audit-path-variable-unset" Error 125,
    /// A path that is not absolute.
    AuditPathRelative = "QLI0503" "audit-path-relative" Error 125,
    /// No root holds the group.
    NoSuchGroup = "QLI0601" "no-such-group" Error 127,
    /// The group holds no such extension.
    NoSuchExtension = "QLI0602" "no-such-extension" Error 127,
    /// A script without its x bit.
    NotExecutable = "QLI0603" "not-executable" Error 126,
    /// A directory, pipe or dangling link where a script is expected.
    NotARegularFile = "QLI0604" "not-a-regular-file" Error 126,
    /// A root that exists and cannot be searched.
    RootUnreadable = "QLI0607" "root-unreadable" Error 125,
    /// A script without a `#!` line.
    NoInterpreterLine = "QLI0609" "no-interpreter-line" Error 126,
    /// No directory is known in which an embedded script can be kept.
    NoCacheDirectory = "QLI0610" "no-cache-directory" Error 125,
    /// Manifest, script or a directory above them may be changed by a group.
    WritableByGroup = "QLI0701" "writable-by-group" Warning 125,
    /// Manifest, script or a directory above them may be changed by everybody.
    WritableByOthers = "QLI0702" "writable-by-others" Error 125,
    /// Manifest, script or a directory above them belongs to somebody else.
    ForeignOwner = "QLI0703" "foreign-owner" Error 125,
    /// A variable is not what is required.
    RequiresEnv = "QLI1001" "requires-env" Error 125,
    /// There is nobody to ask.
    NoTerminal = "QLI1002" "no-terminal" Error 125,
    /// A person said no.
    Declined = "QLI1003" "declined" Error 125,
    /// A secret is not there.
    SecretMissing = "QLI1101" "secret-missing" Error 125,
    /// A secret has a value that cannot be handed over.
    SecretInvalid = "QLI1102" "secret-invalid" Error 125,
    /// A provider's program is not there, or not to be trusted.
    ProviderMissing = "QLI1103" "provider-missing" Error 125,
    /// A provider's program gave no value.
    ProviderFailed = "QLI1104" "provider-failed" Error 125,
    /// The start cannot be recorded.
    AuditUnwritable = "QLI1201" "audit-unwritable" Error 125,
    /// The log is locked and not written to.
    AuditLocked = "QLI1202" "audit-locked" Error 125,
    /// Manifest or script are not what was planned.
    ChangedSincePlan = "QLI1301" "changed-since-plan" Error 125,
    /// The system does not start the script.
    CannotStart = "QLI1302" "cannot-start" Error 126,
    /// A signal came before the script started.
    SignalBeforeStart = "QLI1303" "signal" Error 125,
    /// The system gives qli what it needs for no run.
    SystemFailed = "QLI1304" "system" Error 125,
}

/// The pages about refusals, as the manual has them.
const REFUSALS: &str = include_str!("../../docs/refusals.md");

impl Code {
    /// Finds a code by its number or its name.
    pub fn find(text: &str) -> Option<Self> {
        let asked = |code: &&Self| code.number().eq_ignore_ascii_case(text) || code.name() == text;
        Self::ALL.iter().find(asked).copied()
    }

    /// Says whether it is a refusal of a run, as opposed to a problem that is
    /// found while planning.
    pub fn is_refusal(self) -> bool {
        self.number() >= "QLI1000"
    }

    /// Returns the page about a refusal: what it means, why, and what to do.
    pub fn page(self) -> Option<&'static str> {
        let sections = REFUSALS.split("\n## ").skip(1);
        let heading = format!("{} {}\n", self.number(), self.name());
        sections
            .into_iter()
            .find(|section| section.starts_with(&heading))
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
            assert!(
                code.name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            );
        }
    }

    #[test]
    fn every_refusal_has_its_page_and_every_page_its_refusal() {
        for code in Code::ALL.iter().filter(|code| code.is_refusal()) {
            let page = code
                .page()
                .unwrap_or_else(|| panic!("{code:?} has no page"));
            assert!(page.split("\n\n").count() >= 4, "{code:?} says too little");
            assert!(page.lines().all(|line| line.chars().count() <= 80));
            assert_eq!(
                (Code::find(code.name()), Code::find(code.number())),
                (Some(*code), Some(*code))
            );
        }
        let refusals = Code::ALL.iter().filter(|code| code.is_refusal()).count();
        assert_eq!(REFUSALS.matches("\n## ").count(), refusals);
    }

    #[test]
    fn no_two_codes_share_a_name() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|two| two[0] != two[1]));
    }
}
