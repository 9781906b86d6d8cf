//! What is no policy, where, and why.

use std::path::Path;

use super::*;
use crate::diagnostics::{Code, Diagnostic, Location};
use crate::host::fake::World;

/// Places and messages of what is wrong with a policy.
fn refused(name: &str, text: &str) -> Vec<String> {
    let path = Path::new("/").join(name);
    let world = World::new().file(path.to_str().unwrap(), text);
    let (Policies(usable), found) = Policies::load(&[path], &world);
    assert_eq!(usable.is_empty(), !found.is_empty(), "{text}");
    let line = |one: &Diagnostic| {
        assert_eq!(one.code, Code::PolicyUnusable);
        assert!(one.is_error() && one.policy.is_none());
        let Location::Text { source, span } = &one.location else {
            panic!("{one:?} has no place");
        };
        let at = source.position(span.start);
        let piece = source.text().get(span.clone()).unwrap();
        format!("{}:{} [{piece}] {}", at.line, at.column, one.message)
    };
    found.iter().map(line).collect()
}

#[test]
fn what_is_no_text_of_its_kind_is_refused_at_its_place() {
    for (name, text, expected) in [
        (
            "p.json",
            "",
            "1:1 [] the policy is no JSON: the text ends inside a value",
        ),
        (
            "p.json",
            "{\n",
            "1:1 [{] the policy is no JSON: the text ends inside an object",
        ),
        (
            "p.json",
            "{ \"a\": 1,\n  }",
            "2:3 [}] the policy is no JSON: trailing comma",
        ),
        (
            "p.json",
            "\u{feff}{\n  \u{e4}",
            "2:3 [\u{e4}] the policy is no JSON: key must be a string",
        ),
        (
            "p.json",
            "required = []\n",
            "1:1 [required = []] the policy is no JSON: expected value",
        ),
        (
            "p",
            "{\"a\":1} x",
            "1:9 [x] the policy is no JSON: trailing characters",
        ),
        (
            "p.json",
            "{ \"a\": 1, \"a\": 2 }",
            "1:11 [\"a\"] `a` is defined twice",
        ),
        (
            "p.toml",
            "a = 1\nb\n",
            "2:1 [b] the policy is no TOML: `b` has no value",
        ),
        (
            "p.toml",
            "a = 1\na = 2\n",
            "2:1 [a] the policy is no TOML: `a` is defined twice",
        ),
        (
            "p.toml",
            "{ \"a\": 1 }",
            "1:1 [{] the policy is no TOML: this looks like JSON",
        ),
    ] {
        assert_eq!(refused(name, text), [expected], "{text}");
    }
}

#[test]
fn what_is_no_schema_is_refused_at_its_keyword() {
    for (text, expected) in [
        ("[]", "1:1 [[]] a policy is a JSON object, this is an array"),
        (
            "true",
            "1:1 [true] a policy is a JSON object, this is a boolean",
        ),
        (
            "{ \"title\": \"t\" }",
            "1:1 [{ \"title\": \"t\" }] the policy holds no rule",
        ),
        (
            "{ \"required\": \"a\" }",
            "1:15 [\"a\"] `required` must be an array, it is a string",
        ),
        (
            "{ \"required\": [\"a\", \"a\"] }",
            "1:3 [\"required\"] `required` holds two equal elements",
        ),
        (
            "{ \"properties\": { \"a\": 3 } }",
            "1:24 [3] `a` must be a boolean or an object, it is an integer",
        ),
        (
            "{ \"properties\": { \"a\": { \"minLength\": -1 } } }",
            "1:39 [-1] `minLength` must be at least 0",
        ),
        (
            "{ \"not\": { \"type\": \"text\" } }",
            "1:20 [\"text\"] `type` must be \"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\" or \"string\", or `type` must be an array, it is a string",
        ),
        (
            "{ \"properties\": { \"a\": { \"pattern\": \"(\" } } }",
            "1:37 [\"(\"] this is no regular expression",
        ),
        (
            "{ \"patternProperties\": { \"(\": { \"const\": 1 } } }",
            "1:26 [\"(\"] this is no regular expression",
        ),
        (
            "{ \"properties\": { \"a\": { \"format\": \"colour\" } } }",
            "1:36 [\"colour\"] nobody knows this form",
        ),
    ] {
        assert_eq!(refused("p.json", text), [expected], "{text}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_or_elsewhere_is_refused_at_the_reference() {
    for (to, expected) in [
        (
            "https://example.com/a.json",
            "`https://example.com/a.json` is another document, and nothing is fetched",
        ),
        (
            "file:///etc/passwd",
            "`file:///etc/passwd` is another document, and nothing is fetched",
        ),
        (
            "other.json#/a",
            "`other.json#/a` is another document, and nothing is fetched",
        ),
        ("#/$defs/none", "nothing stands at `#/$defs/none`"),
        ("#none", "nothing has the anchor `none`"),
    ] {
        let text = format!(
            "{{\n  \"allOf\": [\n    {{ \"$ref\": \"#\" }},\n    {{ \"$ref\": {to:?} }}\n  ]\n}}"
        );
        let expected = format!("4:15 [{to:?}] {expected}");
        assert_eq!(refused("p.json", &text), [expected], "{text}");
    }
    // What the two versions are made of is in qli itself.
    let own = "{ \"$ref\": \"https://json-schema.org/draft/2020-12/schema\" }";
    assert_eq!(refused("p.json", own), Vec::<String>::new());
}

#[test]
fn only_two_versions_are_read() {
    for (named, is_read) in [
        ("http://json-schema.org/draft-07/schema#", true),
        ("http://json-schema.org/draft-07/schema", true),
        ("https://json-schema.org/draft/2020-12/schema", true),
        ("https://json-schema.org/draft/2019-09/schema", false),
        ("http://json-schema.org/draft-04/schema#", false),
        ("https://example.com/schema", false),
        ("", false),
    ] {
        let text = format!("{{ \"$schema\": {named:?}, \"required\": [] }}");
        let expected = format!("1:14 [{named:?}] a policy is of draft-07 or 2020-12");
        let expected = [expected].into_iter().filter(|_| !is_read);
        assert_eq!(
            refused("p.json", &text),
            expected.collect::<Vec<_>>(),
            "{text}"
        );
    }
}

#[test]
fn what_would_check_nothing_is_refused() {
    const OLD: &str = "http://json-schema.org/draft-07/schema#";
    for (rule, expected) in [
        ("\"requird\": []", "unknown keyword `requird`"),
        ("\"Required\": []", "unknown keyword `Required`"),
        ("\"x-qli-mesage\": \"m\"", "unknown keyword `x-qli-mesage`"),
        ("\"x-qli-colour\": \"m\"", "unknown keyword `x-qli-colour`"),
        (
            "\"x-qli-message\": \" \"",
            "`x-qli-message` must be a text that says something",
        ),
        (
            "\"x-qli-message\": 1",
            "`x-qli-message` must be a text that says something",
        ),
        (
            "\"x-qli-severity\": \"warn\"",
            "`x-qli-severity` must be `error` or `warning`, it is `warn`",
        ),
        (
            "\"x-qli-severity\": true",
            "`x-qli-severity` must be `error` or `warning`, it is a boolean",
        ),
        (
            "\"prefixItems\": [true]",
            "`prefixItems` is of 2020-12, the policy is of draft-07",
        ),
        (
            "\"unevaluatedItems\": true",
            "`unevaluatedItems` is of 2020-12, the policy is of draft-07",
        ),
    ] {
        for around in [
            "{ \"not\": {@} }",
            "{ \"properties\": { \"const\": {@} } }",
            "{ \"anyOf\": [true, {@}] }",
            "{ \"$defs\": { \"a\": {@} }, \"required\": [] }",
            "{ \"dependencies\": { \"a\": {@}, \"b\": [\"c\"] } }",
        ] {
            let text = around.replace('@', rule);
            let text = text.replacen('{', &format!("{{ \"$schema\": {OLD:?},"), 1);
            let found = refused("p.json", &text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].ends_with(expected), "{text}: {found:?}");
        }
    }
}

#[test]
fn what_checks_nothing_alone_is_refused() {
    for (text, expected) in [
        ("{ \"then\": false }", "`then` checks nothing without `if`"),
        (
            "{ \"if\": true }",
            "`if` checks nothing without `then` or `else`",
        ),
        (
            "{ \"minContains\": 1 }",
            "`minContains` checks nothing without `contains`",
        ),
        (
            "{ \"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$ref\": \"#\", \"required\": [\"a\"] }",
            "`required` checks nothing beside `$ref` in draft-07",
        ),
    ] {
        let found = refused("p.json", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].ends_with(expected), "{text}: {found:?}");
    }
    let new = refused("p.json", "{ \"additionalItems\": false }");
    assert_eq!(
        new,
        ["1:3 [\"additionalItems\"] `additionalItems` is of draft-07, the policy is of 2020-12"]
    );
}

#[test]
fn notes_and_data_are_no_keywords() {
    for text in [
        "{ \"x-owner\": \"us\", \"summary\": \"s\", \"errorMessage\": \"e\", \"required\": [] }",
        "{ \"const\": { \"requird\": 1, \"x-qli-severity\": 1 } }",
        "{ \"enum\": [{ \"$ref\": \"https://example.com\" }] }",
        "{ \"properties\": { \"requird\": true, \"x-qli-message\": true, \"$ref\": true } }",
        "{ \"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$ref\": \"#\", \"title\": \"t\" }",
        "{ \"default\": { \"patern\": 1 }, \"examples\": [{ \"patern\": 1 }], \"not\": false }",
    ] {
        assert_eq!(refused("p.json", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_toml_as_in_json() {
    let toml = "required = \"a\"\n\n[properties.a]\npatern = \"x\"\n\n[[allOf]]\ntype = \"text\"\n";
    let json = "{\n\"required\": \"a\",\n\"properties\": { \"a\": {\n\"patern\": \"x\" } },\n\"allOf\": [{\n\"type\": \"text\" }]}";
    let messages = |name: &str, text: &str| {
        let lines = refused(name, text).into_iter();
        let messages = lines.map(|line| line.split_once("] ").unwrap().1.to_owned());
        messages.collect::<Vec<_>>()
    };
    let found = messages("p.json", json);
    assert_eq!(found.len(), 3);
    assert_eq!(messages("p.toml", toml), found);
    assert!(refused("p.toml", toml)[1].starts_with("4:1 [patern] "));
}

#[test]
fn policies_are_named_by_the_option_or_else_by_the_variable() {
    let world = World::new().var("QLI_POLICY", ":/a.json::b.toml:/a.json:");
    let named = |given: &[&str]| {
        let given: Vec<_> = given.iter().map(PathBuf::from).collect();
        Policies::named(&given, &world)
    };
    assert_eq!(named(&[]), [Path::new("/a.json"), Path::new("b.toml")]);
    assert_eq!(named(&["/c:d.json"]), [Path::new("/c:d.json")]);
    assert_eq!(Policies::named(&[], &World::new()), Vec::<PathBuf>::new());
}

#[test]
fn a_policy_that_cannot_be_used_leaves_the_others_in_force() {
    let world = World::new()
        .file("/good.json", r#"{ "required": ["banner"] }"#)
        .file("/bad.json", "{}");
    let paths = ["/none", "/bad.json", "/good.json"].map(PathBuf::from);
    let (policies, found) = Policies::load(&paths, &world);
    let told: Vec<_> = found.iter().map(|one| one.path().to_owned()).collect();
    assert_eq!(told, paths[..2]);
    let text = b"schema_version = 1\ndescription = \"d\"\n";
    let source = Arc::new(Source::new(Path::new("m"), text).unwrap());
    assert_eq!(policies.judge(&source).unwrap().violations.len(), 1);
}
