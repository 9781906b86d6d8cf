//! The fields of a provider become its row, if they fit together.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeTable;

use super::Located;
use super::findings::Findings;
use super::provider_arguments::{
    arguments, command, each, for_one, output_of, pointer, without_reference,
};
use super::provider_fields::{FailFields, ManyFields, ManyOutput, ProviderFields};
use super::provider_values::{Count, Names};
use super::table_reader::present;
use crate::diagnostics::{Code, quoted};
use crate::names::shell_path;
use crate::providers::{
    Argument, BatchAnswer, BatchInput, Calls, FailRule, Many, Output, Program, Row, Shape,
    ToolEnvironment,
};

const TIMEOUT: Duration = Duration::from_secs(30);

/// What the fields of a provider mean together; none after a mistake.
pub(super) fn row(
    name: &str,
    mut fields: ProviderFields,
    (table, header): (&DeTable<'_>, &Range<usize>),
    found: &mut Findings<'_>,
) -> Option<Row> {
    let program = fields.program.take();
    let program = program.and_then(|program| self::program(program, found));
    let reference = fields.reference.take();
    if reference.is_none() && present(table, "ref").is_some() {
        // Nothing is known about its parts.
        return None;
    }
    let shape = reference.map_or_else(Shape::whole, |reference| reference.value.0);
    let is_called = ["one", "protocol"].map(|field| present(table, field).is_some());
    if is_called == [false, false] {
        not_called(header, found);
    }
    let calls = calls(&mut fields, &shape, found);
    let reads_input = match &calls {
        Some(Calls::Protocol) => Some("protocol"),
        Some(Calls::Arguments {
            many: Some(many), ..
        }) => (many.input != BatchInput::Arguments).then_some("stdin"),
        Some(Calls::Arguments { .. }) | None => None,
    };
    if let (Some(field), Some(terminal)) = (reads_input, &fields.terminal) {
        asked_and_read(field, terminal, found);
    }
    let paths = fields.paths.map(|paths| paths.value.0).unwrap_or_default();
    for path in &paths {
        if !shape.names().any(|name| name == path.value) {
            no_such_part(&path.value, path.span.clone(), &shape, found);
        }
    }
    if let Some(sign_in) = &fields.sign_in {
        command(sign_in, &shape, found);
    }
    if let Some(probe) = &fields.probe {
        without_reference(&probe.value.0, found);
    }
    let fail = fields.fail.into_iter().flat_map(|fail| fail.value);
    let timeout = fields.timeout.map(|one| one.value.length());
    let probe = fields.probe.map(|probe| texts(probe.value.0));
    Some(Row {
        name: name.to_owned(),
        program: Program::At(program?),
        shape,
        paths: texts(paths),
        calls: calls?,
        environment: ToolEnvironment {
            keep: names(fields.keep_env),
            drop: names(fields.drop_env),
            set: fields.set_env.map(|set| set.value.0).unwrap_or_default(),
        },
        fail: fail.filter_map(|rule| fail_rule(rule.value)).collect(),
        sign_in: fields.sign_in.map(|one| one.value),
        probe: probe.unwrap_or_default(),
        timeout: timeout.unwrap_or(TIMEOUT),
        terminal: fields.terminal.is_some_and(|one| one.value),
    })
}

/// Reports a program that would have two standard inputs.
fn asked_and_read(field: &str, terminal: &Located<bool>, found: &mut Findings<'_>) {
    if terminal.value {
        let message = format!("`terminal` contradicts `{field}`: there is one standard input");
        let help = "remove this line, or pass the references as arguments";
        found.wrong(Code::Contradiction, terminal.span.clone(), message, help);
    }
}

fn texts(words: Vec<Located<String>>) -> Vec<String> {
    words.into_iter().map(|word| word.value).collect()
}

fn names(names: Option<Located<Names>>) -> Vec<String> {
    names.map(|names| texts(names.value.0)).unwrap_or_default()
}

/// How the program is called: by arguments, or by the protocol.
fn calls(fields: &mut ProviderFields, shape: &Shape, found: &mut Findings<'_>) -> Option<Calls> {
    if let Some(protocol) = fields.protocol.take() {
        by_protocol(&protocol, fields, found);
        return Some(Calls::Protocol);
    }
    let one = for_one(fields.one.take()?, fields.output.as_ref(), shape, found);
    let output = fields.output.take().unwrap_or_else(default_output);
    let is_base64 = output.value.ends_with("base64");
    let output = output_of(&output, shape, found);
    let many = fields.many.take();
    let mut many = many.and_then(|many| batch(many, shape, found));
    // A value does not depend on how many others are fetched with it.
    if let Some(BatchAnswer::Map { value }) = many.as_mut().map(|many| &mut many.answer) {
        *value = Output::parse("base64", shape).ok().filter(|_| is_base64);
    }
    grouped(fields.group_by.take(), shape, &one, found);
    Some(Calls::Arguments {
        one,
        output: output?,
        many: many.map(Box::new),
    })
}

fn not_called(header: &Range<usize>, found: &mut Findings<'_>) {
    let message = "the provider has neither `one` nor `protocol`";
    let help = "add the arguments for one reference: `one = [\"get\", \"{ref}\"]`";
    found.wrong(Code::MissingField, header.clone(), message, help);
}

/// Reports what has no effect with the protocol.
fn by_protocol(protocol: &Located<Count>, fields: &ProviderFields, found: &mut Findings<'_>) {
    if protocol.value.0 != 1 {
        let message = format!("`protocol` must be 1, but is {}", protocol.value.0);
        let help = "write `protocol = 1`";
        found.wrong(
            Code::UnsupportedVersion,
            protocol.span.clone(),
            message,
            help,
        );
    }
    let others = [
        ("one", fields.one.as_ref().map(|one| &one.span)),
        ("many", fields.many.as_ref().map(|many| &many.span)),
        ("output", fields.output.as_ref().map(|output| &output.span)),
        (
            "group_by",
            fields.group_by.as_ref().map(|group_by| &group_by.span),
        ),
    ];
    for (field, span) in others {
        let Some(span) = span else { continue };
        let message = format!("`{field}` contradicts `protocol`");
        let label = (&protocol.span, "all references are passed by the protocol");
        found.labelled(
            Code::Contradiction,
            span,
            (message, "remove one of the two"),
            label,
        );
    }
}

fn default_output() -> Located<String> {
    Located {
        value: "line".to_owned(),
        span: 0..0,
    }
}

fn program(written: Located<String>, found: &mut Findings<'_>) -> Option<PathBuf> {
    let path = PathBuf::from(&written.value);
    if path.is_absolute() {
        return Some(path);
    }
    let message = format!(
        "`program` must be an absolute path, but is {}",
        shell_path(&path)
    );
    let help = "write where it is installed: `which` shows that";
    found.wrong(Code::MalformedProvider, written.span, message, help);
    None
}

fn grouped(
    group_by: Option<Located<String>>,
    shape: &Shape,
    one: &[Argument],
    found: &mut Findings<'_>,
) {
    let Some(group_by) = group_by else { return };
    let parts: Vec<_> = group_by.value.split(' ').collect();
    for part in &parts {
        if !shape.names().any(|name| name == *part) {
            no_such_part(part, group_by.span.clone(), shape, found);
        }
    }
    let mut others = one.iter().filter_map(Argument::part);
    if let Some(other) = others.find(|other| !parts.contains(other)) {
        let message = format!("`one` uses `{{{other}}}`, which `group_by` does not name");
        let help = "references that share a call have equal arguments: name all their parts";
        found.wrong(Code::MalformedProvider, group_by.span, message, help);
    }
}

fn no_such_part(part: &str, span: Range<usize>, shape: &Shape, found: &mut Findings<'_>) {
    let message = format!("{} is not a part of a reference", quoted(part));
    let names: Vec<_> = shape.names().map(|name| format!("`{name}`")).collect();
    let help = format!("the parts in `ref` are {}", names.join(", "));
    found.wrong(Code::MalformedProvider, span, message, help);
}

fn batch(many: Located<ManyFields>, shape: &Shape, found: &mut Findings<'_>) -> Option<Many> {
    let fields = many.value;
    let args = arguments(fields.args?.value, shape, found);
    let each = fields.each.unwrap_or(Located {
        value: "{ref}".to_owned(),
        span: many.span.clone(),
    });
    let each = self::each(&each, shape, found)?;
    let input = match fields.stdin.as_ref().map(|stdin| stdin.value.as_str()) {
        None => BatchInput::Arguments,
        Some("lines") => BatchInput::Lines,
        Some("template") => BatchInput::Template,
        Some(other) => {
            let message = format!("unknown value {} for `stdin`", quoted(other));
            let span = fields.stdin.map_or(many.span, |stdin| stdin.span);
            let help = "the choices are `lines` and `template`";
            found.wrong(Code::UnknownValue, span, message, help);
            return None;
        }
    };
    let answer = answer(input, fields.output, many.span, shape, found)?;
    let max = fields.max.map_or(usize::MAX, |max| max.value.0);
    Some(Many {
        args,
        each,
        input,
        answer,
        max,
    })
}

/// Where the values of a batch are in what the program prints.
fn answer(
    input: BatchInput,
    output: Option<Located<ManyOutput>>,
    header: Range<usize>,
    shape: &Shape,
    found: &mut Findings<'_>,
) -> Option<BatchAnswer> {
    let is_template = input == BatchInput::Template;
    let Some(output) = output else {
        if is_template {
            return Some(BatchAnswer::Template);
        }
        let message = "`many` does not say what the program prints";
        let help = "add `output = \"map\"` for a JSON object with a member for each secret";
        found.wrong(Code::MalformedProvider, header, message, help);
        return None;
    };
    if is_template {
        let message = "`output` has no effect with `stdin = \"template\"`";
        let help = "remove it: the values are where the references were";
        found.wrong(Code::Contradiction, output.span, message, help);
        return None;
    }
    let Some(array) = output.value else {
        return Some(BatchAnswer::Map { value: None });
    };
    let value = array.value?;
    let value = Located {
        value: format!("json:/{}", value.value),
        span: value.span,
    };
    Some(BatchAnswer::Array {
        array: pointer(array.array?, found)?,
        keys: vec![array.key?.value],
        value: output_of(&value, shape, found)?,
    })
}

fn fail_rule(fields: FailFields) -> Option<FailRule> {
    Some(FailRule {
        code: fields
            .code
            .and_then(|code| i32::try_from(code.value.0).ok()),
        stderr: fields.stderr.map(|text| text.value.0),
        stdout: fields.stdout.map(|text| text.value.0),
        means: fields.means?.value,
        note: fields.note.map(|note| note.value),
    })
}
