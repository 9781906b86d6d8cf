//! Whether a provider's program can answer at all. Only `qli doctor --online` asks.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::ProviderFault;
use super::fault::ToolMessage;
use super::row::Row;
use crate::host::{CallQueue, HostView, ToolCall, ToolError, ToolInput, ToolOutput};

/// Output that is more than this many bytes is a failure. None is kept.
const LIMIT: usize = 1 << 20;

/// One call of a program that returns no secret.
#[derive(Debug)]
pub struct Probe<'p> {
    row: &'p Row,
    /// The variables that hold secrets.
    sources: &'p [&'p str],
    program: Option<PathBuf>,
    outcome: Option<Result<(), ProviderFault>>,
}

impl<'p> Probe<'p> {
    /// None if the row does not say how its program is asked.
    pub fn of(row: &'p Row, sources: &'p [&'p str]) -> Option<Self> {
        (!row.probe.is_empty()).then_some(Self {
            row,
            sources,
            program: None,
            outcome: None,
        })
    }

    /// Why the program cannot answer. It is never quoted, since it may print a token.
    pub fn outcome(self) -> Result<(), ProviderFault> {
        self.outcome.unwrap_or(Ok(()))
    }

    fn answered(&self, output: &ToolOutput) -> Result<(), ProviderFault> {
        let rule = self.row.rule(output);
        if output.code == Some(0) && rule.is_none() {
            return Ok(());
        }
        Err(ProviderFault::ToolFailed {
            means: rule.map(|rule| rule.means),
            code: output.code,
            message: ToolMessage::Silent,
        })
    }
}

impl CallQueue for Probe<'_> {
    fn next(&mut self, view: &dyn HostView) -> ControlFlow<(), Option<ToolCall>> {
        if self.outcome.is_some() {
            return ControlFlow::Continue(None);
        }
        let program = match self.row.find(view) {
            Ok(found) => found.path,
            Err(fault) => {
                self.outcome = Some(Err(fault));
                return ControlFlow::Continue(None);
            }
        };
        self.program = Some(program.clone());
        ControlFlow::Continue(Some(ToolCall {
            program,
            args: self.row.probe.clone(),
            environment: self.row.environment.of(view.environment(), self.sources),
            input: ToolInput::Nothing,
            timeout: self.row.timeout,
            limit: LIMIT,
        }))
    }

    fn finished(&mut self, end: Result<ToolOutput, ToolError>) -> ControlFlow<()> {
        let program = self.program.take().unwrap_or_default();
        let outcome = match end {
            Ok(output) => self.answered(&output),
            Err(error) => Err(self.row.fault_of(error, &program)),
        };
        self.outcome = Some(outcome);
        ControlFlow::Continue(())
    }
}
