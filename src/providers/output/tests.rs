use super::*;

fn value(output: &str, reference: &str, answer: &str) -> Result<String, AnswerFault> {
    let shape = Shape::parse("id[#key]").unwrap();
    let output = Output::parse(output, &shape).unwrap();
    let answer = Document::new(answer.as_bytes());
    let value = output.value(&answer, &shape.split(reference).unwrap())?;
    Ok(String::from_utf8(value.to_vec()).unwrap())
}

#[test]
fn a_step_makes_a_value_of_an_answer() {
    for (output, reference, answer, expected) in [
        ("raw", "a", "v\n", "v\n"),
        ("line", "a", "v\n", "v"),
        ("line", "a", "v\r\n", "v"),
        ("line", "a", "v\n\n", "v\n"),
        ("line", "a", "v\r", "v\r"),
        ("line", "a", " \n", ""),
        ("base64", "a", "dgo=\n", "v\n"),
        ("base64", "a", "fn9_", "~\x7f\x7f"),
        ("base64", "a", "fn5-", "~~~"),
        ("json:/data/{key}", "a#k", r#"{"data":{"k":"v"}}"#, "v"),
        ("json:/{key}", "a#x/y~z", r#"{"x/y~z":"v"}"#, "v"),
        ("json:/{key}", "a#n", r#"{"n":-15}"#, "-15"),
        (
            "json:/{key}",
            "a#n",
            r#"{"n":18446744073709551615}"#,
            "18446744073709551615",
        ),
        ("json:/{key}", "a#b", r#"{"b":true}"#, "true"),
        ("json:/k | base64", "a", r#"{"k":"dgo="}"#, "v\n"),
        (
            "json:/s | json:/{key}",
            "a#k",
            r#"{"s":"{\"k\":\"v\"}"}"#,
            "v",
        ),
        (
            "json:/s | json:/{key}",
            "a",
            r#"{"s":"{\"k\":\"v\"}"}"#,
            r#"{"k":"v"}"#,
        ),
        ("json:/s or json:/b | base64", "a", r#"{"b":"dg=="}"#, "v"),
        ("json-at:{key}", "a#x", r#"{"x":"v"}"#, "v"),
        ("json-at:{key}", "a#/x/y", r#"{"x":{"y":"v"}}"#, "v"),
        (
            "member:/f n={key} v",
            "a#k",
            r#"{"f":[{"n":"j"},{"n":"k","v":"v"}]}"#,
            "v",
        ),
        (
            "only:{id} /id /n | json:/{key}",
            "a#k",
            r#"{"id":"1","n":"a","k":"v"}"#,
            "v",
        ),
        ("entry:{key}", "a", "v\nuser: u\n", "v"),
        ("entry:{key}", "a#user", "v\nuser: u\n", "u"),
        ("entry:{key}", "a#*", "v\nuser: u\n", "v\nuser: u\n"),
        ("not-folder:{id} | entry:{key}", "a", "v\nuser: u\n", "v"),
        ("not-folder:{id} | entry:{key}", "a", "a\nuser: u\n", "a"),
        ("not-folder:{id} | raw", "a/b", "a\n└── b\n", "a\n└── b\n"),
        ("yaml-at:{key}", "a#k", "k: v\n", "v"),
        ("yaml-at:{key}", "a", "k: v\n", "k: v\n"),
    ] {
        let found = value(output, reference, answer);
        assert_eq!(found.as_deref(), Ok(expected), "{output} of {answer}");
    }
}

#[test]
fn what_is_no_value_is_a_fault() {
    for (output, reference, answer, fault) in [
        ("line", "a", "None\n", AnswerFault::Placeholder("None")),
        (
            "raw",
            "a",
            "*not found*",
            AnswerFault::Placeholder("*not found*"),
        ),
        ("base64", "a", "!", AnswerFault::Not("base64")),
        ("json:/k", "a", "error: no", AnswerFault::Not("JSON")),
        ("json:/k", "a", r#"{"Errors":[]}"#, AnswerFault::Absent),
        ("json:/k", "a", r#"{"k":null}"#, AnswerFault::Absent),
        (
            "line",
            "a",
            "undefined\n",
            AnswerFault::Placeholder("undefined"),
        ),
        (
            "json:/k",
            "a",
            r#"{"k":{}}"#,
            AnswerFault::NoText("an object"),
        ),
        (
            "json:/k",
            "a",
            r#"{"k":[]}"#,
            AnswerFault::NoText("an array"),
        ),
        ("json:/s or json:/b", "a", "{}", AnswerFault::Absent),
        (
            "only:{id} /id /n | json:/{key}",
            "a#k",
            r#"{"id":"1","n":"about","k":"v"}"#,
            AnswerFault::Absent,
        ),
        (
            "member:/f n={key} v",
            "a#k",
            r#"{"f":[{"n":"k"}]}"#,
            AnswerFault::Absent,
        ),
        ("yaml-at:{key}", "a#j", "k: v\n", AnswerFault::Absent),
        (
            "entry:{key}",
            "a#user",
            "user: first line\n",
            AnswerFault::Absent,
        ),
    ] {
        assert_eq!(
            value(output, reference, answer),
            Err(fault),
            "{output} of {answer}"
        );
    }
}

#[test]
fn a_folder_is_no_value() {
    for (reference, answer) in [
        ("a/b", "a/b\n├── \u{1b}[1mc\n└── d\n"),
        ("a/", "a\n|-- c\n|   `-- d\n`-- e\n"),
        ("a", "a/\n└── c\n    └── d\n\n"),
        ("a", "a\n"),
        ("/", "\n└── c\n"),
    ] {
        let found = value("not-folder:{id} | raw", reference, answer);
        assert_eq!(found, Err(AnswerFault::Folder), "{answer}");
    }
}

#[test]
fn a_number_is_exact_or_a_fault() {
    for number in ["1.10", "1E2", "18446744073709551616", "-0"] {
        let answer = format!(r#"{{"k":{number}}}"#);
        let fault = AnswerFault::NoText("a number that may be rounded");
        assert_eq!(value("json:/k", "a", &answer), Err(fault), "{number}");
    }
}

#[test]
fn an_output_that_is_not_known_is_a_mistake() {
    let shape = Shape::parse("id#key").unwrap();
    let parse = |text: &str| Output::parse(text, &shape).map(|_| ());
    for unknown in ["lines", "raw:x", "", "member:/f"] {
        let error = OutputError::Unknown(unknown.to_owned());
        assert_eq!(parse(unknown), Err(error), "{unknown}");
    }
    assert_eq!(parse("json:data"), Err(OutputError::Pointer));
    let unknown = ArgumentError::Unknown("filed".into()).into();
    assert_eq!(parse("json:/{filed}"), Err(unknown));
}
