use std::fmt::Write as _;

use super::*;
use crate::host::Host;
use crate::host::fake::{Act, ToolAnswer, World};
use crate::providers::argument::Argument;
use crate::providers::output::Output;
use crate::providers::reference::Shape;
use crate::providers::row::{BatchAnswer, BatchInput, FailRule, Program, ToolEnvironment};
use crate::providers::steps;

/// A provider `corp`, whose references are `path#field`.
fn row(one: &str, output: &str, many: Option<Many>) -> Row {
    let rule = |stderr: &str, means| FailRule {
        code: None,
        stderr: Some(stderr.to_owned()),
        stdout: None,
        means,
        note: None,
    };
    Row {
        name: "corp".to_owned(),
        program: Program::Named("corp".to_owned()),
        shape: shape(),
        paths: Vec::new(),
        calls: Calls::Arguments {
            one: parsed(one),
            output: Output::parse(output, &shape()).unwrap(),
            many: many.map(Box::new),
        },
        environment: ToolEnvironment::default(),
        fail: vec![
            rule("log in", Meaning::SignedOut),
            rule("offline", Meaning::Network),
            rule("no such", Meaning::Missing),
        ],
        sign_in: None,
        probe: Vec::new(),
        timeout: std::time::Duration::from_secs(30),
        terminal: false,
    }
}

fn shape() -> Shape {
    Shape::parse("path#field").unwrap()
}

fn parsed(words: &str) -> Vec<Argument> {
    let words = words.split_whitespace();
    words
        .map(|word| Argument::parse(word, &shape()).unwrap())
        .collect()
}

fn many(args: &str, each: &str, input: BatchInput, answer: BatchAnswer, max: usize) -> Many {
    Many {
        args: parsed(args),
        each: Argument::parse(each, &shape()).unwrap(),
        input,
        answer,
        max,
    }
}

/// Batches by arguments, answered by a JSON object.
fn batches_of(max: usize) -> Row {
    let map = BatchAnswer::Map { value: None };
    let many = many("many", "{ref}", BatchInput::Arguments, map, max);
    row("one {ref}", "raw", Some(many))
}

/// A program that has a value `v of REF` for each reference but some, which fail the whole
/// call.
fn corp(missing: &'static str, why: &'static str) -> impl Fn(&[String], &str) -> ToolAnswer {
    move |args, _| {
        let references = args.iter().skip(1);
        if references.clone().any(|one| missing.contains(one.as_str())) {
            return (1, Vec::new(), why.into());
        }
        let value = |reference: &String| format!("v of {reference}");
        if args.first().is_some_and(|first| first == "one") {
            return (
                0,
                references.map(value).collect::<String>().into(),
                Vec::new(),
            );
        }
        let members = references.map(|one| (one.clone(), value(one).into()));
        let object = serde_json::Value::Object(members.collect());
        (0, object.to_string().into(), Vec::new())
    }
}

struct Fetched {
    values: Vec<Option<String>>,
    fault: Option<(usize, ProviderFault)>,
    /// The arguments of each call.
    calls: Vec<String>,
}

fn fetched(
    row: &Row,
    references: &[String],
    tool: impl Fn(&[String], &str) -> ToolAnswer + 'static,
) -> Fetched {
    let mut world = World::new().tool_that("corp", tool);
    let planned = row.find(&world);
    let parts = references.iter().map(|one| row.split(one).unwrap());
    let has_values = Cell::new(false);
    let shared = Shared {
        sources: &[],
        frame: "qli-07",
        has_values: &has_values,
    };
    let parts: Vec<_> = parts.collect();
    let promised = count(row, &parts);
    let mut fetching = Fetching::new(row, &planned, parts, shared);
    world.call_all(&mut [&mut fetching]).unwrap();
    let mut calls = Vec::new();
    for act in world.acts() {
        if let Act::Called(_, args) = act {
            calls.push(args.join(" "));
        }
    }
    assert!(fetching.fault.is_some() || calls.len() >= promised);
    let text = |value: &Secret| value.expose().to_str().unwrap().to_owned();
    Fetched {
        values: fetching
            .values
            .iter()
            .map(|value| value.as_ref().map(text))
            .collect(),
        fault: fetching.fault,
        calls,
    }
}

fn references(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

/// Fetches references, which must have their own values, and returns the calls.
fn calls_for(
    row: &Row,
    words: &str,
    tool: impl Fn(&[String], &str) -> ToolAnswer + 'static,
) -> Vec<String> {
    let references = references(words);
    let fetched = fetched(row, &references, tool);
    let expected: Vec<_> = references
        .iter()
        .map(|one| Some(format!("v of {one}")))
        .collect();
    assert_eq!(fetched.values, expected, "{:?}", fetched.fault);
    fetched.calls
}

#[test]
fn a_batch_is_one_call_and_a_single_reference_is_none() {
    let row = batches_of(20);
    let calls = calls_for(&row, "a#1 a#2 b#1", corp("", ""));
    assert_eq!(calls, ["many a#1 a#2 b#1"]);
    assert_eq!(calls_for(&row, "a#1", corp("", "")), ["one a#1"]);
}

#[test]
fn a_batch_has_at_most_so_many_references() {
    let calls = calls_for(&batches_of(2), "a#1 a#2 a#3 a#4 a#5", corp("", ""));
    assert_eq!(calls, ["many a#1 a#2", "many a#3 a#4", "one a#5"]);
    let calls = calls_for(&batches_of(0), "a#1 a#2", corp("", ""));
    assert_eq!(calls, ["one a#1", "one a#2"]);
}

#[test]
fn references_with_equal_arguments_share_a_call() {
    let row = row("get {path}", "json:/{field}", None);
    let tool = |args: &[String], _: &str| {
        let path = args.last().cloned().unwrap_or_default();
        let answer = format!(r#"{{"1":"v of {path}#1","2":"v of {path}#2"}}"#);
        (0, answer.into(), Vec::new())
    };
    let calls = calls_for(&row, "a#1 b#1 a#2", tool);
    assert_eq!(calls, ["get a", "get b"]);
}

#[test]
fn only_batches_with_equal_arguments_are_one_call() {
    let map = BatchAnswer::Map { value: None };
    let many = many("-p {path}", "{field}", BatchInput::Arguments, map, 20);
    let row = row("-p {path} {field}", "raw", Some(many));
    let tool = |args: &[String], _: &str| {
        let [_, path, fields @ ..] = args else {
            panic!("{args:?}")
        };
        let value = |field: &String| format!("v of {path}#{field}");
        if let [field] = fields {
            return (0, value(field).into(), Vec::new());
        }
        let members = fields.iter().map(|one| (one.clone(), value(one).into()));
        let object = serde_json::Value::Object(members.collect());
        (0, object.to_string().into(), Vec::new())
    };
    let calls = calls_for(&row, "a#1 b#1 a#2 c#1 b#2", tool);
    assert_eq!(calls, ["-p a 1 2", "-p b 1 2", "-p c 1"]);
}

#[test]
fn after_a_batch_that_fails_each_reference_is_fetched_by_itself() {
    let row = batches_of(20);
    let references = references("a#1 a#2 a#3");
    let fetched = fetched(&row, &references, corp("a#2", "no such secret\n"));
    assert_eq!(fetched.calls, ["many a#1 a#2 a#3", "one a#1", "one a#2"]);
    let (at, fault) = fetched.fault.unwrap();
    assert_eq!(at, 1);
    assert_eq!(
        fault.to_string(),
        "there is no such secret; its message is withheld, as it may contain a secret"
    );
}

#[test]
fn a_batch_is_not_retried_when_the_user_is_signed_out_or_offline() {
    for why in ["please log in\n", "offline\n"] {
        let references = references("a#1 a#2 a#3");
        let fetched = fetched(&batches_of(20), &references, corp("a#2", why));
        assert_eq!(fetched.calls, ["many a#1 a#2 a#3"], "{why}");
        let (at, fault) = fetched.fault.unwrap();
        assert_eq!(at, 0);
        assert!(fault.to_string().contains(why.trim()), "{fault}");
    }
}

#[test]
fn a_later_batch_is_not_made_after_a_failure() {
    let references = references("a#1 a#2 a#3 a#4");
    let fetched = fetched(&batches_of(2), &references, corp("a#1", "log in"));
    assert_eq!(fetched.calls, ["many a#1 a#2"]);
}

#[test]
fn a_reference_that_is_absent_in_an_answer_is_fetched_by_itself() {
    let tool = |args: &[String], input: &str| {
        let mut args = args.to_vec();
        if args[0] == "many" {
            args.retain(|one| one != "a#2");
            args.push("foreign#1".to_owned());
        }
        corp("", "")(&args, input)
    };
    let calls = calls_for(&batches_of(20), "a#1 a#2 a#3", tool);
    assert_eq!(calls, ["many a#1 a#2 a#3", "one a#2"]);
}

#[test]
fn an_answer_that_cannot_be_read_is_a_failure_at_once() {
    let tool = |_: &[String], _: &str| (0, b"Error: rate limit\n".to_vec(), Vec::new());
    let fetched = fetched(&batches_of(20), &references("a#1 a#2"), tool);
    assert_eq!(fetched.calls, ["many a#1 a#2"]);
    let fault = ProviderFault::Answer(AnswerFault::Not("JSON"));
    assert_eq!(fetched.fault, Some((0, fault)));
}

#[test]
fn a_failure_that_only_the_output_shows_is_one() {
    let mut row = batches_of(20);
    row.fail.push(FailRule {
        code: Some(0),
        stderr: None,
        stdout: Some("locked".to_owned()),
        means: Meaning::SignedOut,
        note: None,
    });
    let tool = |_: &[String], _: &str| (0, b"locked".to_vec(), Vec::new());
    let fetched = fetched(&row, &references("a#1"), tool);
    let fault = ProviderFault::ToolFailed {
        means: Some(Meaning::SignedOut),
        code: Some(0),
        message: ToolMessage::Silent,
    };
    assert_eq!(fetched.fault, Some((0, fault)));
}

/// Fills a template as `op inject` does, and reads single references.
fn filler(args: &[String], input: &str) -> ToolAnswer {
    if let [_, reference] = args {
        return (0, format!("v of {reference}").into(), Vec::new());
    }
    let mut filled = String::new();
    for (number, piece) in input.split("{{ ").enumerate() {
        match piece.split_once(" }}") {
            Some((reference, rest)) => write!(filled, "v of {reference}{rest}").unwrap(),
            None if number == 0 => filled.push_str(piece),
            None => return (1, Vec::new(), b"unclosed".to_vec()),
        }
    }
    (0, (filled + "\n").into(), Vec::new())
}

fn template() -> Row {
    let (input, answer) = (BatchInput::Template, BatchAnswer::Template);
    let many = many("inject", "{ref}", input, answer, usize::MAX);
    row("read {ref}", "raw", Some(many))
}

#[test]
fn a_template_is_one_call_and_what_would_break_it_is_read_by_itself() {
    let calls = calls_for(&template(), "a#1 a#}}2 b#3", filler);
    assert_eq!(calls, ["inject", "read a#}}2"]);
}

#[test]
fn a_program_that_fills_nothing_is_asked_for_each_reference() {
    let tool = |args: &[String], input: &str| match args {
        [_] => (0, input.into(), Vec::new()),
        _ => filler(args, input),
    };
    let calls = calls_for(&template(), "a#1 a#2", tool);
    assert_eq!(calls, ["inject", "read a#1", "read a#2"]);
}

/// The steps that so many references take.
fn steps_for(row: &Row, number: usize, tool: fn(&[String], &str) -> ToolAnswer) -> usize {
    let references: Vec<_> = (0..number).map(|one| format!("{one}#f")).collect();
    steps::taken();
    let fetched = fetched(row, &references, tool);
    assert_eq!(fetched.fault, None);
    assert!(fetched.values.iter().all(Option::is_some));
    steps::taken()
}

#[test]
fn ten_thousand_references_take_ten_times_the_steps_of_a_thousand() {
    let corp: fn(&[String], &str) -> ToolAnswer = |args, input| corp("", "")(args, input);
    let fails: fn(&[String], &str) -> ToolAnswer = |args, input| match args {
        [_] => (1, Vec::new(), b"bad template".to_vec()),
        _ => filler(args, input),
    };
    for (row, tool) in [
        (batches_of(usize::MAX), corp),
        (batches_of(20), corp),
        (template(), filler),
        (template(), fails),
        (row("one {ref}", "raw", None), corp),
    ] {
        let (few, many) = (steps_for(&row, 1000, tool), steps_for(&row, 10_000, tool));
        // The numbers are a digit longer.
        assert!(many < few * 13, "{few} and {many}: {:?}", row.calls);
    }
}
