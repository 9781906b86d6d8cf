//! What each help shows between the usage and the options: details where one
//! sentence is not enough, then lines to copy of at most 73 columns, since man(1)
//! indents them by 7.

/// A text with the heading of its examples in bold.
macro_rules! text {
    ($($details:literal)? ; $examples:literal) => {
        concat!($($details, "\n\n",)? "\x1b[1mExamples:\x1b[0m", $examples)
    };
}

pub(super) const QLI: &str = text!(; "
  qli dev hello                           run hello from the group dev
  qli explain prod hello                  show what a run would do
  qli ext list                            list groups and extensions
  qli ext new ops --guarded               create a group with guards
  qli help manifest                       read a page of the manual");

pub(super) const RUN: &str = text!(
"The steps, in order: banner, requires_env, confirm, secrets, audit start, spawn, wait, \
audit finish. If one before wait fails, the script does not start; only a banner that \
cannot be written stops nothing. qli exits with the script's exit code, or with 125 if the run \
was refused, 126 if the script cannot be executed, 127 if there is no such group or extension."; "
  qli run prod hello                      run hello from the group prod
  qli prod hello                          the same
  qli run --yes prod hello --dry-run      --dry-run goes to the script");

pub(super) const EXPLAIN: &str = text!(; "
  qli explain prod                        its guards and extensions
  qli explain prod hello --dry-run        what that run would do
  qli explain --format json prod hello    the plan as JSON");

pub(super) const VALIDATE: &str = text!(
"PATH is a manifest, a group (a directory with a _manifest.toml) or a directory of groups; \
without one, qli checks all installed groups. A policy is a JSON Schema, in JSON or TOML. \
Fixes are safe: they never add, change or remove a guard or a value. Exits with 0 if \
there are no errors, 1 if there are, 2 if something could not be checked."; "
  qli validate                            all installed groups
  qli validate ./scripts                  every group of a checkout
  qli validate --fix ops/_manifest.toml   apply safe fixes
  qli validate --format github scripts    annotations in a workflow");

pub(super) const AUDIT: &str = text!(; "
  qli audit list --since 1d               what ran in the last 24 hours
  qli audit show 5c1e08                   one run, by the end of its id
  qli audit verify                        check that the logs are intact
  qli help audit                          the manual page on audit logs");

pub(super) const AUDIT_LIST: &str = text!(; "
  qli audit list --since 1d               what ran in the last 24 hours
  qli audit list --outcome failed prod.log
  zcat prod.log.2.gz | qli audit list -   read a compressed log");

pub(super) const AUDIT_SHOW: &str = text!(; "
  qli audit show 5c1e08                   by the end of its id
  qli audit show --format json 5c1e08     with all fields");

pub(super) const AUDIT_VERIFY: &str = text!(
"Finds every record that was changed, removed, moved or inserted, and reports its file \
and line. Give all files of a rotated log, in any order. Exits with 0 if the logs are \
intact, 1 if not, 2 if something could not be checked."; "
  qli audit verify                        the log of every group
  qli audit verify prod.log.1 prod.log    a rotated log
  qli audit verify --anchor heads         also detect a truncated log");

pub(super) const AUDIT_UNFINISHED: &str = text!(; "
  qli audit unfinished                    in the log of every group
  qli audit unfinished prod.log           in one log");

pub(super) const AUDIT_HEAD: &str = text!(; "
  qli audit head >> heads                 save it, store it elsewhere
  qli audit verify --anchor heads         check against it later");

pub(super) const AUDIT_TAIL: &str = text!(; "
  qli audit tail -n 5                     the last five of each log
  qli audit tail --follow                 follow, like tail -F");

pub(super) const EXT: &str = text!(; "
  qli ext list                            groups and extensions
  qli ext which prod hello                the program that would run
  qli ext new ops --guarded               create a group with guards");

pub(super) const EXT_LIST: &str = text!(; "
  qli ext list                            every group and its extensions
  qli ext list --format json prod         one group as JSON");

pub(super) const EXT_NEW: &str = text!(
"The group is created in $XDG_DATA_HOME/qli/extensions, or in the directory given with \
--in. Existing files are never replaced, and the name must not be in use. The manifest's schema \
is written to a .schema directory next to the groups, for editors."; "
  qli ext new ops                         a group without guards
  qli ext new ops --guarded               with guards
  qli ext new ops --in ./team/scripts     in your team's repository");

pub(super) const EXT_DEFAULTS: &str = text!(
"They are copied to $XDG_DATA_HOME/qli/extensions, or to the directory given with --in. \
Copies that you changed are kept unless you pass --force."; "
  qli ext install-defaults                copy dev, org and prod
  qli ext install-defaults --force        overwrite changed copies");

pub(super) const EXT_WHICH: &str = text!(; "
  qli ext which prod hello                print its path
  sed -n 1,5p \"$(qli ext which ops deploy)\"");

pub(super) const DOCTOR: &str = text!(
"Checks directories of groups, PATH, owners and modes, manifests, shell completion, \
providers' programs, logs and their spool. Changes nothing; starts no program without \
`--online`. Exits with 0 if everything can run, 1 if something cannot."; "
  qli doctor                              problems, and how to fix them
  qli doctor -v                           list checks that passed, too
  qli doctor --online                     are you signed in everywhere?
  qli doctor --format json                the same as JSON");

pub(super) const COMPLETIONS: &str = text!(
"Groups, extensions, options, topics and runs are completed from what is installed at \
that moment; no extension is started. Comments at the top of the script say where to put it."; "
  echo 'eval \"$(qli completions bash)\"' >> ~/.bashrc
  echo 'eval \"$(qli completions zsh)\"' >> ~/.zshrc
  mkdir -p ~/.config/fish/completions
  qli completions fish > ~/.config/fish/completions/qli.fish");

pub(super) const SCHEMA: &str = text!(
"DOCUMENT is manifest (a group's _manifest.toml), plan (explain GROUP EXTENSION), audit (a \
line of a log), diagnostics (validate), catalogue (ext list), report (explain GROUP, ext \
which), audit-report (audit list, show, verify, unfinished, head) or doctor."; "
  qli schema > manifest.v1.schema.json    the schema for editors
  qli schema plan                         the schema of a plan (explain)");

pub(super) const MAN: &str = text!(; "
  qli man | man -l -                      read it
  qli man ext new | man -l -              the page of one command
  qli man --out share/man/man1            write all pages to a directory");

pub(super) const HELP: &str = text!(; "
  qli help                                commands and topics
  qli help run                            a command
  qli help exit-codes                     a topic
  qli help QLI0102                        an error code");
