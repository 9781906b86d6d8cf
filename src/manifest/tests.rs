//! Problems that reading a manifest reports.

mod syntax;
mod values;

use std::path::Path;

use super::field_row::TomlType;
use super::fields::GroupFields;
use super::table_reader::FieldTable;
use super::*;
use crate::diagnostics::Safety;

fn parse_text(text: &str) -> Result<Manifest, Diagnostics> {
    parse(&Arc::new(
        Source::new(Path::new("m"), text.as_bytes()).unwrap(),
    ))
}

/// The problems of a manifest as `line:column code message`.
fn problems(text: &str) -> Vec<String> {
    let list = match parse_text(text) {
        Ok(manifest) => manifest.warnings,
        Err(list) => list,
    };
    list.iter().map(line).collect()
}

fn line(one: &Diagnostic) -> String {
    let text = format!("{} {}", one.code.number(), one.message);
    match &one.location {
        crate::diagnostics::Location::Text { source, span } => {
            let at = source.position(span.start);
            format!("{}:{} {text}", at.line, at.column)
        }
        crate::diagnostics::Location::Path(_) => text,
    }
}

const HEAD: &str = "schema_version = 1\ndescription = \"d\"\n";

fn body(fields: &str) -> Vec<String> {
    problems(&format!("{HEAD}{fields}"))
}

#[test]
fn a_full_manifest_is_read_in_the_files_order() {
    let manifest = parse_text(&format!(
        "{HEAD}banner = \"B\"\nconfirm = true\naudit_log = \"/l\"\n\
         [requires_env]\nZ = \"1\"\nA = \"2\"\n\
         [[secrets]]\nenv = \"T\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n"
    ))
    .unwrap();
    assert!(manifest.requirements.confirm.is_some() && manifest.warnings.is_empty());
    assert_eq!(manifest.banner.as_deref(), Some("B"));
    let names: Vec<_> = manifest
        .requirements
        .requires_env
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["Z", "A"]);
    assert_eq!(
        manifest.requirements.secrets[0].provider,
        Provider::named("one_password").unwrap()
    );
}

#[test]
fn all_problems_of_a_file_are_reported_at_once() {
    assert_eq!(
        problems(
            "schema_version = 2\nconfrim = true\nbanner = 5\n[[secrets]]\nenv = \"1\"\nprovider = \"op\"\n"
        ),
        [
            "1:1 QLI0101 `description` is missing",
            "1:18 QLI0103 `schema_version` must be 1, but is 2",
            "2:1 QLI0102 unknown field `confrim`",
            "3:10 QLI0201 `banner` must be a string, but is an integer",
            "4:1 QLI0101 `ref` is missing",
            "5:7 QLI0301 invalid variable name `1`: a name cannot start with '1'",
            "6:12 QLI0410 unknown provider `op`",
        ]
    );
}

#[test]
fn a_misspelled_required_field_is_one_problem() {
    assert_eq!(
        problems("schema_version = 1\ndescripton = \"d\"\n"),
        ["2:1 QLI0102 unknown field `descripton`"]
    );
}

#[test]
fn two_misspellings_of_one_field_are_not_fixed_automatically() {
    let safe = |text: &str| {
        let found = parse_text(&format!("{HEAD}{text}")).unwrap_err();
        let fixes = found.into_iter().filter_map(|one| one.fix);
        fixes.filter(|fix| fix.safety == Safety::Safe).count()
    };
    assert_eq!(safe("confrim = true\nbaner = \"x\"\n"), 2);
    assert_eq!(safe("confrim = true\nconfirn = true\n"), 0);
    assert_eq!(safe("confrim = true\nconfirm = true\n"), 0);
}

#[test]
fn a_syntax_error_hides_only_problems_that_overlap_it() {
    assert_eq!(
        problems("schema_version = 1\nconfirm = tru\nnonsense = 1\n"),
        [
            "2:11 QLI0006 `confirm` must be `true` or `false`, but is `tru`",
            "3:1 QLI0102 unknown field `nonsense`"
        ]
    );
    let twice = body("confirm = true\nconfirm = false\n");
    assert_eq!(twice, ["4:1 QLI0010 `confirm` is defined twice"]);
}

#[test]
fn lines_below_a_field_without_a_value_are_read() {
    assert_eq!(
        body("banner\nconfirm: true\n[requires_env]\nA = 1\nB =\n[[secrets]]\nenv = \"X\"\n"),
        [
            "3:1 QLI0005 `banner` has no value",
            "4:1 QLI0005 `=` is missing after `confirm`",
            "6:5 QLI0201 `A` must be a string, but is an integer",
            "7:1 QLI0005 `B` has no value",
            "8:1 QLI0101 `ref` is missing",
            "8:1 QLI0101 `provider` is missing",
        ]
    );
}

#[test]
fn an_open_value_is_one_problem() {
    assert_eq!(
        body("banner = [\n 1,\n[requires_env\nA = 1\n[[secrets]]\nenv = 'x\nref = \"\"\"\n"),
        [
            "3:10 QLI0009 this array is not closed",
            "5:1 QLI0009 the header `[requires_env` is not closed",
            "8:7 QLI0009 this string is not closed",
            "9:7 QLI0009 this string is not closed",
        ]
    );
}

#[test]
fn a_merge_conflict_is_one_problem_and_its_first_side_is_read() {
    assert_eq!(
        body("<<<<<<< ours\nconfrim = true\n=======\nbaner = \"x\"\n>>>>>>> theirs\n"),
        [
            "3:1 QLI0004 the file contains a merge conflict",
            "4:1 QLI0102 unknown field `confrim`",
        ]
    );
}

#[test]
fn a_table_that_is_defined_twice_is_one_problem() {
    assert_eq!(
        body("[requires_env]\nA = \"1\"\n[requires_env]\nA = \"1\"\n"),
        ["5:2 QLI0010 `requires_env` is defined twice"]
    );
    assert_eq!(
        body("[[secrets]]\nenv = \"A\"\nref = \"A\"\nprovider = \"env\"\n[secrets]\nenv = \"B\"\n"),
        ["7:2 QLI0104 `secrets` is an array of tables"]
    );
}

#[test]
fn a_secrets_value_is_never_printed() {
    for value in ["hunter2", "\"x\" hunter2", "= hunter2", "42", "h\\q"] {
        for field in ["API_TOKEN", "db_password"] {
            let text = format!("{HEAD}[requires_env]\n{field} = {value}\n{field}: {value}\n");
            let inline = format!("{HEAD}requires_env = {{ {field} = {value} }}\n");
            for one in parse_text(&text)
                .unwrap_err()
                .into_iter()
                .chain(parse_text(&inline).unwrap_err())
            {
                let said = format!("{} {:?}", one.message, one.help);
                assert!(!said.contains("hunter") && !said.contains("42"), "{said}");
            }
        }
    }
}

#[test]
fn wrong_forms_of_tables_are_reported() {
    assert_eq!(
        body("[secrets]\n"),
        ["3:1 QLI0104 `secrets` is an array of tables"]
    );
    assert_eq!(
        body("[[requires_env]]\n"),
        ["3:1 QLI0104 `requires_env` is one table, not an array of tables"]
    );
    assert_eq!(
        body("secrets = 1\nrequires_env = \"x\"\n"),
        [
            "3:11 QLI0201 `secrets` must be an array of tables, but is an integer",
            "4:16 QLI0201 `requires_env` must be a table, but is a string"
        ]
    );
}

#[test]
fn a_top_level_field_below_a_header_is_misplaced() {
    assert_eq!(
        body("[requires_env]\nconfirm = true\n"),
        ["4:1 QLI0105 `confirm` is inside `[requires_env]`"]
    );
    assert_eq!(
        problems(
            "schema_version = 1\n[[secrets]]\nenv = \"A\"\nref = \"A\"\nprovider = \"env\"\ndescription = \"d\"\n"
        ),
        ["6:1 QLI0105 `description` is inside `[[secrets]]`"]
    );
}

#[test]
fn numbers_and_nul_are_checked() {
    assert_eq!(
        problems("schema_version = 99999999999999999999\ndescription = \"a\\u0000\"\n"),
        [
            "1:18 QLI0202 `schema_version` is out of range",
            "2:15 QLI0206 `description` contains a NUL character"
        ]
    );
}

#[test]
fn a_blank_text_is_only_a_warning() {
    assert_eq!(body("banner = \" \"\n"), ["3:10 QLI0205 `banner` is blank"]);
    assert!(parse_text(&format!("{HEAD}banner = \"\"\n")).is_ok());
}

#[test]
fn every_fields_example_is_a_value_of_it() {
    for row in GroupFields::ROWS {
        let one = format!("{} = {}\n", row.name, row.example);
        let found = problems(&one);
        let is_of_row = |problem: &&String| problem.contains(&format!("`{}` must be", row.name));
        assert!(!found.iter().any(|one| is_of_row(&one)), "{found:?}");
        for inner in row.inner {
            let header = match (row.toml, row.name) {
                (TomlType::Tables, name) => format!("[[{name}]]"),
                (_, "providers") if inner.name == "ref" => "[providers.corp]".to_owned(),
                (_, "providers") => "[providers.corp]\nref = \"path#field#file\"".to_owned(),
                (_, name) => format!("[{name}]"),
            };
            let found = body(&format!("{header}\n{} = {}\n", inner.name, inner.example));
            assert!(
                found.iter().all(|one| [
                    "is missing",
                    "no effect",
                    "has neither",
                    "no secret uses"
                ]
                .iter()
                .any(|expected| one.contains(expected))),
                "{found:?}"
            );
        }
    }
}

#[test]
fn the_first_byte_that_is_not_utf8_is_reported() {
    let error = source(Path::new("m"), Ok(b"a = 1\nb = \"\xff\"".to_vec())).unwrap_err();
    assert_eq!(error.code, Code::NotUtf8);
    assert_eq!(error.message, "byte 0xff is not UTF-8");
    let crate::diagnostics::Location::Text { source, span } = &error.location else {
        panic!("{error:?}")
    };
    assert_eq!((source.position(span.start).line, span), (2, &(11..12)));
}

#[test]
fn after_ten_thousand_syntax_errors_the_rest_is_not_checked() {
    // Found while parsing, and while the tables are put together.
    for (line, size) in [
        ("x\n", 40_000),
        ("banner = \"b\"\n", 10_002),
        ("banner = 1__0\n", 10_002),
    ] {
        let found = body(&line.repeat(size));
        assert_eq!(found.len(), 101, "{line:?}");
        let rest = "QLI0011 not listed: 9,901 more errors; the rest of the file is not checked";
        assert_eq!(found[100], rest, "{line:?}");
    }
    let one_line = body(&"\r".repeat(100_000));
    assert_eq!(
        one_line,
        [
            "3:1 QLI0004 carriage return without a line feed".to_owned(),
            "QLI0011 not listed: 1 more error; the rest of the file is not checked".to_owned(),
        ]
    );
}

/// A section and its group are compared in both directions, each pair once.
#[test]
fn a_section_that_requires_what_its_group_keeps_secret_is_an_error() {
    let found = body(
        "requires_env.E = \"1\"\n[[secrets]]\nenv = \"A\"\nref = \"B\"\nprovider = \"env\"\n\
         [extensions.s.requires_env]\nA = \"x\"\nB = \"x\"\nE = \"2\"\n\
         [[extensions.s.secrets]]\nenv = \"E\"\nref = \"op://v/i/f\"\nprovider = \"one_password\"\n",
    );
    assert_eq!(
        found,
        [
            "5:7 QLI0402 `A` is filled by a secret and also required beforehand",
            "5:7 QLI0402 `B` holds a secret, but its value is required here",
            "11:1 QLI0406 the group requires another value of `E`",
            "13:7 QLI0402 `E` is filled by a secret and also required beforehand",
        ]
    );
}

#[test]
fn a_warning_about_a_provider_takes_no_secret_away() {
    let blank = "[providers.corp]\nprogram = \"/p\"\none = [\"{ref}\"]\nsign_in = \"\"\n\
        [[providers.corp.fail]]\nstderr = \"\"\nmeans = \"denied\"\n\
        [[secrets]]\nenv = \"A\"\nref = \"a\"\nprovider = \"corp\"\n";
    let manifest = parse_text(&format!("{HEAD}{blank}")).unwrap();
    assert_eq!(manifest.warnings.len(), 1, "{:?}", manifest.warnings);
    assert_eq!(manifest.requirements.secrets.len(), 1);
}
