//! Problems of single values, and that no secret is printed.

use super::*;

#[test]
fn a_secret_is_never_printed_wherever_it_is() {
    for line in [
        "API_TOKEN =\n\"hunter2\"",
        "API_TOKEN\n= \"hunter2\"",
        "API_TOKEN = \"a\nhunter2\"",
        "API_TOKEN = [\n \"hunter2\"",
        "requires_env = { A = \"x\" API_TOKEN = \"hunter2\" }",
        "[requires_env] API_TOKEN = \"hunter2\"",
        "B = 1, API_TOKEN = \"hunter2\"",
        "B = 1 API_TOKEN = hunter2",
        "B = x API_TOKEN hunter2",
        "[API_TOKEN = \"hunter2\"",
        "API TOKEN = \"hunter2\"",
        "set API_TOKEN = \"hunter2\"",
        "- API_TOKEN=hunter2",
        "API_TOKEN.x = hunter2",
        "secrets = [{ API_TOKEN = hunter2 }]",
        "{ \"API_TOKEN\": \"hunter2\" }",
        "API_TOKEN = { hunter2 }",
        "API_TOKEN = \"\"\"\nx = hunter2\n\"\"\"\nB = 1",
    ] {
        for head in [HEAD, ""] {
            let list = parse_text(&format!("{head}{line}\n[x\n")).unwrap_err();
            for one in &list {
                let said = format!("{} {:?} {:?}", one.message, one.help, one.fix);
                assert!(!said.contains("hunter"), "{line}: {said}");
            }
        }
    }
}

#[test]
fn hidden_characters_and_newer_syntax_are_warnings() {
    assert_eq!(
        body("banner = \"a\u{202e}b\" # \u{200b}\n# \u{feff}\n"),
        [
            "3:12 QLI0008 hidden character U+202E",
            "4:3 QLI0008 hidden character U+FEFF",
        ]
    );
    assert_eq!(
        body("banner = \"\\e[1m\"\nrequires_env = { A = \"\\\\x\",\n}\n"),
        [
            "3:10 QLI0007 the escape `\\e` is new in TOML 1.1",
            "3:10 QLI0008 escape of the hidden character U+001B",
            "4:16 QLI0007 a line break in an inline table is new in TOML 1.1",
        ]
    );
    assert_eq!(
        body("requires_env = { A = \"1\", }\n"),
        ["3:16 QLI0007 a trailing comma in an inline table is new in TOML 1.1"]
    );
    assert!(
        parse_text(&format!("\u{feff}{HEAD}banner = \"\u{e4}\\n\"\r\n"))
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[test]
fn literal_secrets_and_loader_variables_are_warnings() {
    assert_eq!(
        body("[requires_env]\nAPI_TOKEN = \"x\"\nMODE_KEY = \"\"\n"),
        ["4:13 QLI0404 the manifest contains the value of `API_TOKEN`"]
    );
    assert_eq!(
        body("[[secrets]]\nenv = \"LD_PRELOAD\"\nref = \"X\"\nprovider = \"env\"\n"),
        ["4:7 QLI0405 `LD_PRELOAD` changes which code runs"]
    );
}

#[test]
fn secrets_are_checked_together() {
    let secret =
        |env: &str| format!("[[secrets]]\nenv = \"{env}\"\nref = \"X\"\nprovider = \"env\"\n");
    assert_eq!(
        body(&(secret("T") + &secret("T"))),
        ["8:7 QLI0401 two secrets fill `T`"]
    );
    assert_eq!(
        body(&("[requires_env]\nT = \"1\"\n".to_owned() + &secret("T"))),
        ["6:7 QLI0402 `T` is filled by a secret and also required beforehand"]
    );
    assert_eq!(
        body(&("[requires_env]\nX = \"1\"\n".to_owned() + &secret("T"))),
        ["6:7 QLI0402 `X` holds a secret, but its value is required here"]
    );
}

#[test]
fn the_path_of_a_log_cannot_contain_a_secret() {
    assert_eq!(
        body(
            "audit_log = \"$HOME/${CI_S}.log\"\n[[secrets]]\nenv = \"S\"\nref = \"CI_S\"\nprovider = \"env\"\n"
        ),
        ["3:13 QLI0402 `audit_log` would show the secret in `CI_S`"]
    );
}

#[test]
fn a_variable_that_qli_sets_cannot_hold_a_secret() {
    assert_eq!(
        body("[[secrets]]\nenv = \"QLI_RUN_ID\"\nref = \"X\"\nprovider = \"env\"\n"),
        ["4:7 QLI0301 `QLI_RUN_ID` is set by qli itself"]
    );
}

#[test]
fn references_fit_their_provider() {
    let with = |reference: &str, provider: &str| {
        body(&format!(
            "[[secrets]]\nenv = \"T\"\nref = \"{reference}\"\nprovider = \"{provider}\"\n"
        ))
    };
    assert_eq!(with("", "env"), ["5:7 QLI0204 `ref` is empty"]);
    assert_eq!(
        with("x", "one_password"),
        ["5:7 QLI0403 `x` is not a reference of `one_password`"]
    );
    assert_eq!(
        with("a b", "env"),
        ["5:7 QLI0403 `a b` is not a reference of `env`"]
    );
}

#[test]
fn audit_paths_are_checked() {
    let code = |path: &str| {
        let found = body(&format!("audit_log = \"{path}\"\n"));
        found[0].split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(code(""), "QLI0204");
    assert_eq!(code("a.log"), "QLI0503");
    assert_eq!(code("/a/${X"), "QLI0501");
    assert_eq!(code("~ops/x"), "QLI0501");
}
