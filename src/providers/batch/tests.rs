use super::*;
use crate::providers::argument::Argument;
use crate::providers::reference::Shape;

const FRAME: &str = "qli-07";

fn many(input: BatchInput, answer: BatchAnswer) -> Many {
    let shape = Shape::whole();
    Many {
        args: Vec::new(),
        each: Argument::parse("{ref}", &shape).unwrap(),
        input,
        answer,
        max: usize::MAX,
    }
}

/// The values of `a`, `b` and so on in an answer, as text.
fn values(many: &Many, answer: &str, references: &str) -> Vec<Result<String, AnswerFault>> {
    let shape = Shape::whole();
    let parts: Vec<_> = references
        .chars()
        .map(|name| shape.split(&name.to_string()).unwrap())
        .collect();
    let parts: Vec<_> = parts.iter().collect();
    let values = many.values(&Document::new(answer.as_bytes()), &parts, FRAME);
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    values.into_iter().map(|value| value.map(text)).collect()
}

const ABSENT: Result<String, AnswerFault> = Err(AnswerFault::Absent);

fn template() -> Many {
    many(BatchInput::Template, BatchAnswer::Template)
}

#[test]
fn a_template_has_a_frame_around_each_reference() {
    let shape = Shape::whole();
    let parts = ["a", "b", "a"].map(|reference| shape.split(reference).unwrap());
    let (args, input) = template().call(&parts.each_ref(), FRAME);
    assert_eq!(args, [""; 0]);
    let text = "qli-07-0<{{ a }}>qli-07-0\nqli-07-1<{{ b }}>qli-07-1\n";
    assert_eq!(input, ToolInput::Text(text.into()));
}

#[test]
fn what_is_between_the_marks_is_the_value_byte_by_byte() {
    for value in [
        "v",
        "two\nlines\n",
        "v\r\n",
        "<v>",
        "-1<v>-1",
        ">",
        "{{ b }}",
        "qli-0",
        "\u{fc}",
        "",
    ] {
        let answer = format!("qli-07-0<{value}>qli-07-0\nqli-07-1<w>qli-07-1\n\n");
        assert_eq!(
            values(&template(), &answer, "ab"),
            [Ok(value.to_owned()), Ok("w".to_owned())]
        );
        let with_returns = answer.replace(">qli-07-0\n", ">qli-07-0\r\n");
        assert_eq!(
            values(&template(), &with_returns, "ab"),
            [Ok(value.to_owned()), Ok("w".to_owned())]
        );
    }
}

#[test]
fn no_part_of_a_value_that_contains_the_frame_is_taken_for_it() {
    for value in [FRAME, "v>qli-07-0", "qli-07-0<v", ">qli-07-0\nqli-07-1<"] {
        let answer = format!("qli-07-0<{value}>qli-07-0\nqli-07-1<w>qli-07-1\n");
        let found = values(&template(), &answer, "ab");
        assert_eq!(found, [ABSENT, ABSENT], "{value}");
    }
}

#[test]
fn a_reference_that_the_program_left_as_it_was_is_absent() {
    let answer = "qli-07-0<{{ a }}>qli-07-0\nqli-07-1<w>qli-07-1\n";
    assert_eq!(
        values(&template(), answer, "ab"),
        [ABSENT, Ok("w".to_owned())]
    );
}

#[test]
fn an_answer_without_marks_or_with_half_of_them_has_no_values() {
    for answer in [
        "",
        "v\n",
        "qli-07-0<v",
        "qli-07-0<v>",
        "qli-07-x<v>qli-07-x",
    ] {
        assert_eq!(values(&template(), answer, "a"), [ABSENT], "{answer}");
    }
    let none = "qli-07-0<None>qli-07-0\n";
    let placeholder = Err(AnswerFault::Placeholder("None"));
    assert_eq!(values(&template(), none, "a"), [placeholder]);
}

#[test]
fn a_reference_that_would_end_its_line_or_its_braces_is_not_in_a_batch() {
    let shape = Shape::whole();
    let lines = many(BatchInput::Lines, BatchAnswer::Map { value: None });
    let takes = |many: &Many, reference| many.takes(&shape.split(reference).unwrap());
    for (reference, in_a_template, in_lines) in [
        ("a b", true, true),
        ("a }} {{ b", false, true),
        ("$a", false, true),
        ("a\nb", false, false),
    ] {
        assert_eq!(takes(&template(), reference), in_a_template, "{reference}");
        assert_eq!(takes(&lines, reference), in_lines, "{reference}");
    }
}

#[test]
fn a_map_has_a_value_for_each_key_that_is_text_and_others_do_not_matter() {
    let map = many(BatchInput::Lines, BatchAnswer::Map { value: None });
    let answer = r#"{"a":"v\n","b":1,"c":null,"d":{},"x":"y","a":"last"}"#;
    let object = Err(AnswerFault::NoText("an object"));
    assert_eq!(
        values(&map, answer, "abcde"),
        [
            Ok("last".to_owned()),
            Ok("1".to_owned()),
            ABSENT,
            object,
            ABSENT
        ]
    );
    let none = r#"{"a":"None"}"#;
    assert_eq!(values(&map, none, "a"), [Ok("None".to_owned())]);
    for (answer, fault) in [
        ("", AnswerFault::Not("JSON")),
        (r#"{"a":"v"} x"#, AnswerFault::Not("JSON")),
        (r#"["a"]"#, AnswerFault::Not("an object")),
    ] {
        assert_eq!(values(&map, answer, "ab"), [Err(fault), Err(fault)]);
    }
}

#[test]
fn an_array_has_a_value_for_each_name_that_one_item_has() {
    let array = BatchAnswer::Array {
        array: "/all".to_owned(),
        keys: vec!["id".to_owned(), "name".to_owned()],
        value: Output::parse("json:/value", &Shape::whole()).unwrap(),
    };
    let array = many(BatchInput::Everything, array);
    let answer = r#"{"all":[{"id":"a","value":"v"},{"name":"b","value":2},
        {"id":"c","name":"c","value":"w"},{"id":"d","value":"1"},{"name":"d","value":"2"},
        {"id":5},"e",{"id":"f"}]}"#;
    assert_eq!(
        values(&array, answer, "abcdef"),
        [
            Ok("v".to_owned()),
            Ok("2".to_owned()),
            Ok("w".to_owned()),
            ABSENT,
            ABSENT,
            ABSENT
        ]
    );
    let fault = Err(AnswerFault::Not("an array"));
    assert_eq!(values(&array, "{}", "a"), [fault]);
}

#[test]
fn the_protocol_has_a_value_or_an_error_for_each_reference() {
    let value = |answer: &str| {
        let value = protocol_value(&Document::new(answer.as_bytes()), "a");
        value.map(|bytes| bytes.to_vec())
    };
    let found = |answer| value(answer).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(found(r#"{"values":{"a":{"text":"v\n"}}}"#), b"v\n");
    assert_eq!(found(r#"{"values":{"a":{"base64":"/w=="}}}"#), b"\xff");
    for (answer, fault) in [
        ("no", AnswerFault::Not("JSON")),
        ("{}", AnswerFault::Absent),
        (r#"{"values":{"b":{"text":"v"}}}"#, AnswerFault::Absent),
        (
            r#"{"values":{"a":"v"}}"#,
            AnswerFault::Not("the protocol's: `text` or `base64`"),
        ),
        (
            r#"{"values":{"a":{"text":"v","base64":"dg=="}}}"#,
            AnswerFault::Not("the protocol's: `text` or `base64`"),
        ),
        (
            r#"{"errors":{"a":{"means":"gone"}}}"#,
            AnswerFault::Not("the protocol's: `errors`"),
        ),
    ] {
        let Err(FetchFault::Answer(found)) = value(answer) else {
            panic!("{answer}")
        };
        assert_eq!(found, fault, "{answer}");
    }
    let reported = r#"{"values":{"a":{"text":"v"}},"errors":{"a":{"means":"denied"}}}"#;
    assert!(matches!(
        value(reported),
        Err(FetchFault::Reported(Meaning::Denied, message)) if message.is_empty()
    ));
}
