//! Secrets in 1Password, read by its program: `op read <reference>`.

use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use super::{
    FetchError, FoundTool, Provider, ProviderFault, Secret, Source, StderrPolicy, Tool, ToolMessage,
};
use crate::host::{Host, ToolCall, ToolError, ToolOutput};
use crate::names::{SecretRef, visible_lines};

const TIMEOUT: Duration = Duration::from_secs(30);

/// Largest value, in bytes.
const LIMIT: usize = 1 << 20;

pub(super) const ONE_PASSWORD: Provider = Provider {
    check,
    source: Source::Tool(Tool {
        name: "op",
        hint: "op signin",
        fetch,
    }),
};

fn check(reference: &str) -> Result<(), &'static str> {
    let path = reference.strip_prefix("op://");
    let parts: Vec<_> = path.into_iter().flat_map(|path| path.split('/')).collect();
    if matches!(parts.len(), 3 | 4) && parts.iter().all(|part| !part.is_empty()) {
        Ok(())
    } else {
        Err("`op://vault/item/field` or `op://vault/item/section/field`")
    }
}

fn fetch(
    reference: &SecretRef,
    op: &FoundTool,
    stderr: StderrPolicy,
    host: &mut dyn Host,
) -> Result<Secret, FetchError> {
    let call = ToolCall {
        program: &op.path,
        args: &["read", reference.as_str()],
        timeout: TIMEOUT,
        limit: LIMIT,
    };
    let output = host
        .call(&call)
        .map_err(|error| fault_of(error, &op.path))?;
    if output.code != Some(0) {
        return Err(failed(&output, stderr).into());
    }
    let value = Secret::new(without_line_end(output.stdout));
    Ok(value.map_err(ProviderFault::Unusable)?)
}

fn fault_of(error: ToolError, program: &Path) -> FetchError {
    FetchError::Fault(match error {
        ToolError::Interrupted(signal) => return FetchError::Interrupted(signal),
        ToolError::TimedOut => ProviderFault::ToolTimedOut(TIMEOUT.as_secs()),
        ToolError::Stopped => ProviderFault::ToolStopped,
        ToolError::TooMuch => ProviderFault::ToolFlooded(LIMIT),
        ToolError::Io(error) => ProviderFault::of_call(&error, program),
    })
}

/// Removes the one line end that `op read` adds.
fn without_line_end(mut value: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
    if value.last() == Some(&b'\n') {
        value.pop();
        if value.last() == Some(&b'\r') {
            value.pop();
        }
    }
    value
}

/// The message is not shown if the program also wrote to its standard output, which
/// may be a value, or if the message was cut, which may be in the middle of one.
fn failed(output: &ToolOutput, stderr: StderrPolicy) -> ProviderFault {
    let may_contain_value = stderr == StderrPolicy::Withheld
        || output.stderr_cut
        || !output.stdout.trim_ascii().is_empty();
    let message = match output.stderr.trim_ascii() {
        [] => ToolMessage::Silent,
        _ if may_contain_value => ToolMessage::Withheld,
        said => ToolMessage::Said(visible_lines(&String::from_utf8_lossy(said))),
    };
    let code = output.code;
    ProviderFault::ToolFailed { code, message }
}

#[cfg(test)]
mod tests {
    use super::super::Unusable;
    use super::*;
    use crate::host::fake::{Act, Op, World};

    fn fetch_shown(world: &mut World) -> Result<String, FetchError> {
        fetch_with(world, StderrPolicy::Shown)
    }

    fn fetch_with(world: &mut World, stderr: StderrPolicy) -> Result<String, FetchError> {
        let reference = "op://v/i/f".parse().unwrap();
        let tool = ONE_PASSWORD.tool().unwrap().find(world)?;
        let secret = fetch(&reference, &tool, stderr, world)?;
        Ok(secret.expose().to_string_lossy().into_owned())
    }

    fn fault(world: World) -> ProviderFault {
        let mut world = world;
        let Err(FetchError::Fault(fault)) = fetch_shown(&mut world) else {
            panic!("no fault")
        };
        fault
    }

    #[test]
    fn exactly_one_line_end_is_removed() {
        for (written, value) in [
            ("v", "v"),
            ("v\n", "v"),
            ("v\r\n", "v"),
            ("v\n\n", "v\n"),
            ("v\r", "v\r"),
        ] {
            let mut world = World::new().tool("op", 0, written.as_bytes(), b"");
            assert_eq!(fetch_shown(&mut world).unwrap(), value, "{written:?}");
        }
    }

    #[test]
    fn op_is_called_by_its_path_with_the_reference() {
        let mut world = World::new().tool("op", 0, b"v\n", b"");
        fetch_shown(&mut world).unwrap();
        let call = Act::Called(
            "/usr/bin/op".into(),
            vec!["read".into(), "op://v/i/f".into()],
        );
        assert!(world.acts().contains(&call));
    }

    #[test]
    fn a_missing_op_is_named() {
        assert_eq!(fault(World::new()), ProviderFault::ToolMissing("op"));
    }

    #[test]
    fn the_message_of_a_failing_op_is_shown_only_if_it_can_know_no_value() {
        let said = |stdout: &[u8], stderr: &[u8], words| {
            let mut world = World::new().tool("op", 1, stdout, stderr);
            match fetch_with(&mut world, words) {
                Err(FetchError::Fault(ProviderFault::ToolFailed { message, .. })) => message,
                other => panic!("{other:?}"),
            }
        };
        let (shown, withheld) = (StderrPolicy::Shown, ToolMessage::Withheld);
        let words = ToolMessage::Said("not signed in\\u{1b}".into());
        assert_eq!(said(b"\n", b"not signed in\x1b\n", shown), words);
        assert_eq!(said(b"hunter2", b"", shown), ToolMessage::Silent);
        assert_eq!(said(b"hunter2", b"no", shown), withheld);
        assert_eq!(said(b"", b"no", StderrPolicy::Withheld), withheld);
    }

    #[test]
    fn an_unusable_value_is_a_fault() {
        let nul = fault(World::new().tool("op", 0, b"a\0b\n", b""));
        assert_eq!(nul, ProviderFault::Unusable(Unusable::Nul));
        let empty = fault(World::new().tool("op", 0, b"\n", b""));
        assert_eq!(empty, ProviderFault::Unusable(Unusable::Empty));
    }

    #[test]
    fn too_much_output_and_a_program_that_cannot_start_are_faults() {
        let flood = vec![b'x'; LIMIT + 1];
        assert_eq!(
            fault(World::new().tool("op", 0, &flood, b"")),
            ProviderFault::ToolFlooded(LIMIT)
        );
        let world =
            World::new()
                .tool("op", 0, b"", b"")
                .fails(Op::Call, 1, nix::errno::Errno::ENOEXEC);
        assert!(matches!(fault(world), ProviderFault::ToolBroken { .. }));
    }

    #[test]
    fn references_have_three_or_four_parts() {
        for good in ["op://v/i/f", "op://v/i/s/f"] {
            assert!(check(good).is_ok());
        }
        for bad in ["op://v/i", "op://v//f", "v/i/f", "op://a/b/c/d/e", "op://"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
