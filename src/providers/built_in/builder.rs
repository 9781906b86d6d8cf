//! Makes rows: settings are words separated by spaces.

use std::time::Duration;

use crate::providers::argument::Argument;
use crate::providers::output::Output;
use crate::providers::reference::Shape;
use crate::providers::row::{
    BatchAnswer, BatchInput, Calls, FailRule, Many, Meaning, Program, Row, ToolEnvironment,
};

impl Row {
    pub(super) fn of(name: &str, program: &str, shape: &str) -> Self {
        Self::shaped(name, program, well_formed(Shape::parse(shape)))
    }

    /// References are attributes with values, which end the arguments.
    pub(super) fn of_pairs(name: &str, program: &str, args: &str, output: &str) -> Self {
        let shape = Shape::any("attribute=value,attribute=value");
        let mut row = Self::shaped(name, program, shape).one(args, output);
        if let Calls::Arguments { one, .. } = &mut row.calls {
            one.push(Argument::pairs("ref"));
        }
        row
    }

    fn shaped(name: &str, program: &str, shape: Shape) -> Self {
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

    pub(super) fn one(mut self, args: &str, output: &str) -> Self {
        self.calls = Calls::Arguments {
            one: self.arguments(args),
            output: well_formed(Output::parse(output, &self.shape)),
            many: None,
        };
        self
    }

    /// What a part of an answer becomes.
    pub(super) fn output(output: &str, shape: &str) -> Output {
        well_formed(Output::parse(output, &well_formed(Shape::parse(shape))))
    }

    /// A part that is one of these words as an option of its own, `--WORD`, otherwise as
    /// `--PART=WORD`; before the last argument.
    pub(super) fn option(mut self, part: &str, words: &'static str) -> Self {
        if let Calls::Arguments { one, .. } = &mut self.calls {
            let last = one.len().saturating_sub(1);
            one.insert(last, Argument::option(part, words));
        }
        self
    }

    pub(super) fn many(
        mut self,
        args: &str,
        each: &str,
        input: BatchInput,
        answer: BatchAnswer,
    ) -> Self {
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

    /// The most that one batch takes.
    pub(super) fn max(mut self, max: usize) -> Self {
        if let Calls::Arguments {
            many: Some(many), ..
        } = &mut self.calls
        {
            many.max = max;
        }
        self
    }

    pub(super) fn keep(mut self, names: &str) -> Self {
        self.environment.keep = words(names);
        self
    }

    pub(super) fn drop(mut self, names: &str) -> Self {
        self.environment.drop = words(names);
        self
    }

    pub(super) fn set(mut self, name: &str, value: &str) -> Self {
        let set = &mut self.environment.set;
        set.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The parts that are paths.
    pub(super) fn paths(mut self, names: &str) -> Self {
        self.paths = words(names);
        self
    }

    /// What a text in the program's standard error means.
    pub(super) fn fail(mut self, stderr: &str, means: Meaning) -> Self {
        self.fail.push(FailRule {
            stderr: Some(stderr.to_owned()),
            ..any_failure(means)
        });
        self
    }

    /// What a text in the program's standard error means although it succeeds.
    pub(super) fn warned(mut self, stderr: &str, means: Meaning) -> Self {
        self.fail.push(FailRule {
            code: Some(0),
            stderr: Some(stderr.to_owned()),
            ..any_failure(means)
        });
        self
    }

    /// What an exit code means.
    pub(super) fn fail_code(mut self, code: i32, means: Meaning) -> Self {
        self.fail.push(FailRule {
            code: Some(code),
            ..any_failure(means)
        });
        self
    }

    /// What it means if the program fails and prints nothing.
    pub(super) fn fail_silent(mut self, means: Meaning, note: Option<&str>) -> Self {
        self.fail.push(FailRule {
            stderr: Some(String::new()),
            note: note.map(str::to_owned),
            ..any_failure(means)
        });
        self
    }

    pub(super) fn timeout(mut self, seconds: u64) -> Self {
        self.timeout = Duration::from_secs(seconds);
        self
    }

    /// What a text that the program prints means, although it succeeds.
    pub(super) fn printed(mut self, stdout: &str, means: Meaning) -> Self {
        self.fail.push(FailRule {
            code: Some(0),
            stdout: Some(stdout.to_owned()),
            ..any_failure(means)
        });
        self
    }

    pub(super) fn sign_in(mut self, command: &str) -> Self {
        self.sign_in = Some(command.to_owned());
        self
    }

    pub(super) fn probe(mut self, args: &str) -> Self {
        self.probe = words(args);
        self
    }
}

fn any_failure(means: Meaning) -> FailRule {
    FailRule {
        code: None,
        stderr: None,
        stdout: None,
        means,
        note: None,
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[expect(clippy::panic, reason = "a test makes every row")]
fn well_formed<T, E: std::fmt::Display>(parsed: Result<T, E>) -> T {
    parsed.unwrap_or_else(|error| panic!("a row is wrong: {error}"))
}

/// The value of each member of a JSON object.
pub(super) fn map(shape: &str, value: &str) -> BatchAnswer {
    let shape = well_formed(Shape::parse(shape));
    BatchAnswer::Map {
        value: Some(well_formed(Output::parse(value, &shape))),
    }
}

/// The value of each object in a JSON array, which one of some keys identifies.
pub(super) fn array(shape: &str, at: &str, keys: &str, value: &str) -> BatchAnswer {
    let shape = well_formed(Shape::parse(shape));
    BatchAnswer::Array {
        array: at.to_owned(),
        keys: words(keys),
        value: well_formed(Output::parse(value, &shape)),
    }
}
