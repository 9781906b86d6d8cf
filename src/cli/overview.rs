//! `qli` alone.

/// What a newcomer sees.
pub(super) fn text() -> String {
    format!(
        "qli {} runs a team's scripts under the guards that their group declares.

  qli ext list                       what is installed
  qli explain <GROUP> <EXTENSION>    what a run would do, step by step
  qli <GROUP> <EXTENSION> [ARGS]...  run it
  qli validate [PATH]...             check manifests
  qli audit list                     what ran; audit verify: is its log whole
  qli help [COMMAND]                 everything else

Try it: qli run dev hello
",
        env!("CARGO_PKG_VERSION")
    )
}
