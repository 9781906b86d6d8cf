//! What stands first in the long help of each command: lines to copy, of at most
//! 73 columns, since man(1) puts 7 before each.

/// `qli --help`.
pub(super) const QLI: &str = "\
Examples:
  qli dev hello                           run hello of the group dev
  qli explain prod hello                  what it would do, in steps
  qli ext list                            what is installed
  qli ext new ops --guarded               make a group, with guards
  qli help manifest                       a topic of the manual";

/// `qli run --help`.
pub(super) const RUN: &str = "\
Examples:
  qli run prod hello                      run hello of the group prod
  qli prod hello                          the same
  qli run --yes prod hello --dry-run      --yes for qli, the rest for it";

/// `qli explain --help`.
pub(super) const EXPLAIN: &str = "\
Examples:
  qli explain prod                        its guards and extensions
  qli explain prod hello --dry-run        what that run would do
  qli explain --format json prod hello    the plan as a document";

/// `qli validate --help`.
pub(super) const VALIDATE: &str = "\
Examples:
  qli validate                            everything that is installed
  qli validate ./scripts                  every group of a checkout
  qli validate --fix ops/_manifest.toml   mend what is certain
  qli validate --format github scripts    annotations, in a workflow";

/// `qli audit --help`.
pub(super) const AUDIT: &str = "\
Examples:
  qli audit list --since 1d               what ran since yesterday
  qli audit show 5c1e08                   one run, by the end of its id
  qli audit verify                        is every log as qli wrote it?
  qli help audit                          the manual of the log";

/// `qli audit list --help`.
pub(super) const AUDIT_LIST: &str = "\
Examples:
  qli audit list --since 1d               what ran since yesterday
  qli audit list --outcome failed prod.log
  zcat prod.log.2.gz | qli audit list -   what was compressed";

/// `qli audit show --help`.
pub(super) const AUDIT_SHOW: &str = "\
Examples:
  qli audit show 5c1e08                   by the end of its id
  qli audit show --format json 5c1e08     with all fields";

/// `qli audit verify --help`.
pub(super) const AUDIT_VERIFY: &str = "\
Examples:
  qli audit verify                        every group's log
  qli audit verify prod.log.1 prod.log    what was rotated, too
  qli audit verify --anchor heads         no end was cut off, either";

/// `qli audit unfinished --help`.
pub(super) const AUDIT_UNFINISHED: &str = "\
Examples:
  qli audit unfinished                    in every group's log
  qli audit unfinished prod.log           in this one";

/// `qli audit head --help`.
pub(super) const AUDIT_HEAD: &str = "\
Examples:
  qli audit head >> heads                 to be kept out of reach
  qli audit verify --anchor heads         and used";

/// `qli audit tail --help`.
pub(super) const AUDIT_TAIL: &str = "\
Examples:
  qli audit tail -n 5                     the newest five of each log
  qli audit tail --follow                 and those that come";

/// `qli ext --help`.
pub(super) const EXT: &str = "\
Examples:
  qli ext list                            groups and extensions
  qli ext which prod hello                the program that would run
  qli ext new ops --guarded               a new group, with guards";

/// `qli ext list --help`.
pub(super) const EXT_LIST: &str = "\
Examples:
  qli ext list                            every group and its extensions
  qli ext list --format json prod         one group, as a document";

/// `qli ext new --help`.
pub(super) const EXT_NEW: &str = "\
Examples:
  qli ext new ops                         a group of your own
  qli ext new ops --guarded               with guards
  qli ext new ops --in ./team/scripts     in a directory of the team";

/// `qli ext install-defaults --help`.
pub(super) const EXT_DEFAULTS: &str = "\
Examples:
  qli ext install-defaults                dev, org and prod, to change
  qli ext install-defaults --force        overwrite what differs";

/// `qli ext which --help`.
pub(super) const EXT_WHICH: &str = "\
Examples:
  qli ext which prod hello                where it is
  sed -n 1,5p \"$(qli ext which ops deploy)\"";

/// `qli doctor --help`.
pub(super) const DOCTOR: &str = "\
Examples:
  qli doctor                              what is wrong, and what to type
  qli doctor -v                           each root, owner and mode too
  qli doctor --format json                the same as a document";

/// `qli completions --help`.
pub(super) const COMPLETIONS: &str = "\
Examples:
  echo 'eval \"$(qli completions bash)\"' >> ~/.bashrc
  echo 'eval \"$(qli completions zsh)\"' >> ~/.zshrc
  mkdir -p ~/.config/fish/completions
  qli completions fish > ~/.config/fish/completions/qli.fish";

/// `qli schema --help`.
pub(super) const SCHEMA: &str = "\
Examples:
  qli schema > manifest.v1.schema.json    for an editor
  qli schema plan                         of `explain --format json`";

/// `qli man --help`.
pub(super) const MAN: &str = "\
Examples:
  qli man | man -l -                      read it
  qli man ext new | man -l -              the page of one command
  qli man --out share/man/man1            every page, into a directory";

/// `qli help --help`.
pub(super) const HELP: &str = "\
Examples:
  qli help                                every command and topic
  qli help run                            a command
  qli help exit-codes                     a topic
  qli help QLI0102                        what a message means";
