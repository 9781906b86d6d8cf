//! A value in every form in which a program can print it: it reaches the script, and
//! nothing that is shown, recorded or left behind contains it.

use std::process::{Command, Output};

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::runs::{hello, refused, team};
use crate::canary::{SENTINEL, assert_kept_secret};
use crate::support::output;
use crate::world::World;

/// How a provider is described, and what its program prints.
struct Form {
    fields: &'static str,
    answer: String,
}

fn forms() -> Vec<Form> {
    let json = serde_json::Value::from(SENTINEL);
    let base64 = BASE64_STANDARD.encode(SENTINEL);
    let form = |fields, answer| Form { fields, answer };
    vec![
        form("one = [\"{ref}\"]", SENTINEL.to_owned() + "\n"),
        form("one = [\"{ref}\"]\noutput = \"raw\"", SENTINEL.to_owned()),
        form(
            "one = [\"{ref}\"]\noutput = \"json:/data/{ref}\"",
            format!("{{\"data\":{{\"r\":{json},\"q\":{json}}}}}"),
        ),
        form("one = [\"{ref}\"]\noutput = \"base64\"", base64.clone()),
        form(
            "one = [\"{ref}\"]\noutput = \"json:/d | base64\"",
            format!("{{\"d\":\"{base64}\"}}"),
        ),
        form(
            "protocol = 1",
            format!("{{\"values\":{{\"r\":{{\"text\":{json}}},\"q\":{{\"text\":{json}}}}}}}"),
        ),
        form(
            "protocol = 1",
            format!(
                "{{\"values\":{{\"r\":{{\"base64\":\"{base64}\"}},\"q\":{{\"base64\":\"{base64}\"}}}}}}"
            ),
        ),
        form(
            "one = [\"one\", \"{ref}\"]\nmany = { args = [\"many\"], stdin = \"lines\", output = \"map\" }",
            format!("{{\"r\":{json},\"q\":{json}}}"),
        ),
        form(
            "one = [\"one\", \"{ref}\"]\nmany = { args = [\"many\"], output = \
             { array = \"/all\", key = \"name\", value = \"v\" } }",
            format!(
                "{{\"all\":[{{\"name\":\"r\",\"v\":{json}}},{{\"name\":\"q\",\"v\":{json}}}]}}"
            ),
        ),
    ]
}

/// A provider with two references, `r` and `q`, and files for whatever is written.
fn world(fields: &str) -> World {
    let world = team(&["one"], fields);
    super::runs::add_to_manifest(
        &world,
        "[[secrets]]\nenv = \"T_one\"\nref = \"q\"\nprovider = \"one\"\n",
    );
    for name in ["logs", "tmp"] {
        std::fs::create_dir(world.path(name)).unwrap();
    }
    let script = "cat /proc/$$/cmdline /proc/$PPID/cmdline >lines
        printf %s \"$S_one\" >\"$MARK\"; exit 3";
    world.script("hello", script)
}

/// Adds a program that prints a text and then does something else.
fn printing(world: World, text: &str, then: &str) -> World {
    std::fs::write(world.path("bin/answer"), text).unwrap();
    let body = format!("cat /proc/$$/cmdline >>lines; cat bin/answer; {then}");
    world.provider("one", &body)
}

fn run(world: &World) -> Output {
    let mut command = hello(world);
    let result = output(command.env("TMPDIR", world.path("tmp")));
    assert_kept_secret(world, &result);
    result
}

fn marker(world: &World) -> Option<String> {
    std::fs::read_to_string(world.path("marker")).ok()
}

#[test]
fn a_value_in_any_form_reaches_the_script_alone() {
    for Form { fields, answer } in forms() {
        let world = printing(world(fields), &answer, "");
        let result = run(&world);
        assert_eq!(result.status.code(), Some(3), "{fields}: {result:?}");
        assert_eq!(marker(&world).as_deref(), Some(SENTINEL), "{fields}");
    }
    let template = "one = [\"one\", \"{ref}\"]\nmany = { args = [], stdin = \"template\" }";
    let world = world(template);
    std::fs::write(world.path("bin/value"), SENTINEL).unwrap();
    let body = "while read -r line; do
        printf '%s' \"${line%%\\{\\{*}\"; cat bin/value; printf '%s\\n' \"${line##*\\}\\}}\"; done";
    let world = world.provider("one", body);
    let result = run(&world);
    assert_eq!(result.status.code(), Some(3), "{result:?}");
    assert_eq!(marker(&world).as_deref(), Some(SENTINEL));
}

#[test]
fn a_program_that_fails_after_printing_a_value_shows_nothing_of_it() {
    for Form { fields, answer } in forms() {
        let fields = format!("{fields}\ntimeout = \"300ms\"");
        for then in [
            "cat bin/answer >&2; exit 1",
            "cat bin/answer >&2; kill -ABRT $$",
            "cat bin/answer >&2; exec sleep 300",
            "cat bin/answer >&2; kill -STOP $$",
            "printf '\\0'; cat bin/answer bin/answer >&2; exit 4",
            "head -c 2000000 bin/qli",
        ] {
            let world = printing(world(&fields), &answer, then);
            let result = run(&world);
            assert_eq!(result.status.code(), Some(125), "{fields} {then}");
            assert_eq!((marker(&world), world.log().len()), (None, 0), "{then}");
        }
    }
}

/// The document is cut, has no place for it, or is not one.
#[test]
fn an_answer_that_is_not_understood_is_not_shown() {
    let is_json = |form: &Form| {
        ["json", "many", "protocol"]
            .iter()
            .any(|one| form.fields.contains(one))
    };
    for Form { fields, answer } in forms().into_iter().filter(is_json) {
        let half: String = answer.chars().take(answer.chars().count() - 1).collect();
        for text in [half, format!("[{answer}]"), format!("{answer} {answer}")] {
            let world = printing(world(fields), &text, "");
            let result = run(&world);
            assert_eq!(result.status.code(), Some(125), "{fields}: {text}");
        }
    }
}

/// An error of the protocol has a message of its own.
#[test]
fn a_message_of_the_protocol_is_withheld_once_a_value_is_known() {
    let json = serde_json::Value::from(SENTINEL);
    let answer = format!(
        "{{\"values\":{{\"r\":{{\"text\":{json}}}}},\
         \"errors\":{{\"q\":{{\"means\":\"denied\",\"message\":{json}}}}}}}"
    );
    let world = printing(world("protocol = 1"), &answer, "");
    let result = run(&world);
    let said = String::from_utf8(result.stderr).unwrap();
    assert!(
        said.contains("secret-denied") && said.contains("withheld"),
        "{said}"
    );
}

#[test]
fn a_value_that_no_variable_can_hold_names_its_variable_before_the_start() {
    let long = "head -c 140000 /dev/zero | tr '\\0' x";
    for (body, why) in [
        (long, "the value is too long for a variable"),
        ("printf 'a\\0b'", "the value contains a NUL byte"),
        ("echo", "the value is empty"),
        ("echo None", "printed `None`"),
    ] {
        let world = team(&["one"], "one = [\"{ref}\"]").provider("one", body);
        let said = refused(&world, &mut hello(&world));
        assert!(
            said.contains("`S_one` from one r") && said.contains(why),
            "{said}"
        );
    }
    // Each of them fits, and all together do not.
    let names: Vec<_> = (0..60).map(|nth| format!("p{nth:02}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let mut world = team(&names, "one = [\"{ref}\"]");
    for name in &names {
        world = world.provider(name, &long.replace("140000", "120000"));
    }
    let said = refused(&world, &mut hello(&world));
    let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("`S_p59` from p59 r: the value is the longest of"),
        "{said}"
    );
}

fn recorded(world: &World, args: &[String]) -> Vec<String> {
    let mut command: Command = world.qli([&["hello".to_owned()], args].concat());
    command.env("MARK", world.path("marker"));
    let result = output(&mut command);
    assert_kept_secret(world, &result);
    let log = world.log();
    let args = log[0]["args"].as_array().unwrap();
    args.iter()
        .map(|arg| arg.as_str().unwrap().to_owned())
        .collect()
}

/// A shell takes line ends away: `$(corp get r)`.
#[test]
fn a_value_that_ends_in_line_ends_is_replaced_in_arguments_without_them_too() {
    for end in ["\n", "\n\n", "\r\n", " \n"] {
        let world = team(&["one"], "one = [\"{ref}\"]\noutput = \"raw\"");
        let world = printing(world, &format!("{SENTINEL}{end}"), "");
        let args = [
            SENTINEL.to_owned(),
            format!("--note={SENTINEL}"),
            format!("{SENTINEL}{end}"),
            BASE64_STANDARD.encode(SENTINEL),
        ];
        for arg in recorded(&world, &args) {
            assert!(arg.contains("[secret:S_one]"), "{arg}");
        }
    }
}
