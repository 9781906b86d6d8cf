//! The built-in providers that call a program, a row each.
//!
//! To add one: its function below and its row in [`ROWS`]; the schema, the manual and
//! completion follow.

use std::time::Duration;

use super::argument::Argument;
use super::output::Output;
use super::reference::Shape;
use super::row::{
    BatchAnswer, BatchInput, Calls, FailRule, Many, Meaning, Program, Row, ToolEnvironment,
};

/// A row, made when it is used.
pub(super) struct BuiltIn {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) row: fn() -> Row,
}

pub(super) const ROWS: &[BuiltIn] = &[BuiltIn {
    name: "one_password",
    about: "1Password",
    row: one_password,
}];

fn one_password() -> Row {
    Row::of("one_password", "op", "op://vault/item[/section]/field")
        .one("read --no-newline {ref}", "raw")
        .many(
            "inject",
            "{ref}",
            BatchInput::Template,
            BatchAnswer::Template,
        )
        .keep("OP_*")
        .drop("OP_FORMAT OP_DEBUG")
        .fail("not signed in", Meaning::SignedOut)
        .fail("not currently signed in", Meaning::SignedOut)
        .fail("no active session", Meaning::SignedOut)
        .fail("isn't an item", Meaning::Missing)
        .fail("doesn't have a field", Meaning::Missing)
        .sign_in("op signin")
        .probe("vault list")
}

/// Settings of a row, as words separated by spaces.
impl Row {
    fn of(name: &str, program: &str, shape: &str) -> Self {
        let shape = well_formed(Shape::parse(shape));
        Self {
            name: name.to_owned(),
            program: Program::Named(program.to_owned()),
            shape,
            paths: Vec::new(),
            calls: Calls::Protocol,
            environment: ToolEnvironment::default(),
            fail: Vec::new(),
            sign_in: None,
            probe: Vec::new(),
            timeout: Duration::from_secs(30),
            terminal: false,
        }
    }

    fn arguments(&self, words: &str) -> Vec<Argument> {
        let words = words.split(' ').filter(|word| !word.is_empty());
        let arguments = words.map(|word| well_formed(Argument::parse(word, &self.shape)));
        arguments.collect()
    }

    fn one(mut self, args: &str, output: &str) -> Self {
        self.calls = Calls::Arguments {
            one: self.arguments(args),
            output: well_formed(Output::parse(output, &self.shape)),
            many: None,
        };
        self
    }

    fn many(mut self, args: &str, each: &str, input: BatchInput, answer: BatchAnswer) -> Self {
        let batch = Many {
            args: self.arguments(args),
            each: well_formed(Argument::parse(each, &self.shape)),
            input,
            answer,
            max: usize::MAX,
        };
        if let Calls::Arguments { many, .. } = &mut self.calls {
            *many = Some(Box::new(batch));
        }
        self
    }

    fn keep(mut self, names: &str) -> Self {
        self.environment.keep = words(names);
        self
    }

    fn drop(mut self, names: &str) -> Self {
        self.environment.drop = words(names);
        self
    }

    /// What a text in the program's standard error means.
    fn fail(mut self, stderr: &str, means: Meaning) -> Self {
        self.fail.push(FailRule {
            code: None,
            stderr: Some(stderr.to_owned()),
            stdout: None,
            means,
        });
        self
    }

    fn sign_in(mut self, command: &str) -> Self {
        self.sign_in = Some(command.to_owned());
        self
    }

    fn probe(mut self, args: &str) -> Self {
        self.probe = words(args);
        self
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[expect(clippy::panic, reason = "a test makes every row")]
fn well_formed<T, E: std::fmt::Display>(parsed: Result<T, E>) -> T {
    parsed.unwrap_or_else(|error| panic!("a row is wrong: {error}"))
}
