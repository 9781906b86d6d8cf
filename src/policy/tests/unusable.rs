//! Policies that cannot be used: where they are wrong, and why.

use super::*;

/// Returns location, text and message of each error.
pub(super) fn errors(name: &str, text: &str) -> Vec<String> {
    let path = Path::new("/").join(name);
    let world = World::new().file(path.to_str().unwrap(), text);
    let (Policies(usable), found) = Policies::load(&[path], &world);
    assert_eq!(usable.is_empty(), !found.is_empty(), "{text}");
    let line = |one: &Diagnostic| {
        assert_eq!(one.code, Code::PolicyUnusable);
        assert!(one.is_error() && one.policy.is_none());
        let Location::Text { source, span } = &one.location else {
            panic!("{one:?} has no location");
        };
        let at = source.position(span.start);
        let piece = source.text().get(span.clone()).unwrap();
        format!("{}:{} [{piece}] {}", at.line, at.column, one.message)
    };
    found.iter().map(line).collect()
}

#[test]
fn text_that_is_not_json_or_toml_is_an_error_at_its_location() {
    for (name, text, expected) in [
        (
            "p.json",
            "",
            "1:1 [] the policy is not valid JSON: the text ends inside a value",
        ),
        (
            "p.json",
            "{\n",
            "1:1 [{] the policy is not valid JSON: the text ends inside an object",
        ),
        (
            "p.json",
            "{ \"a\": 1,\n  }",
            "2:3 [}] the policy is not valid JSON: trailing comma",
        ),
        (
            "p.json",
            "\u{feff}{\n  \u{e4}",
            "2:3 [\u{e4}] the policy is not valid JSON: key must be a string",
        ),
        (
            "p.json",
            "required = []\n",
            "1:1 [required = []] the policy is not valid JSON: expected value",
        ),
        (
            "p",
            "{\"a\":1} x",
            "1:9 [x] the policy is not valid JSON: trailing characters",
        ),
        (
            "p.json",
            "{ \"a\": 1, \"a\": 2 }",
            "1:11 [\"a\"] `a` is defined twice",
        ),
        (
            "p.toml",
            "a = 1\nb\n",
            "2:1 [b] the policy is not valid TOML: `b` has no value",
        ),
        (
            "p.toml",
            "a = 1\na = 2\n",
            "2:1 [a] the policy is not valid TOML: `a` is defined twice",
        ),
        (
            "p.toml",
            "{ \"a\": 1 }",
            "1:1 [{] the policy is not valid TOML: this looks like JSON",
        ),
    ] {
        assert_eq!(errors(name, text), [expected], "{text}");
    }
}

#[test]
fn what_is_not_a_schema_is_an_error_at_its_keyword() {
    for (text, expected) in [
        ("[]", "1:1 [[]] a policy must be a JSON object"),
        ("true", "1:1 [true] a policy must be a JSON object"),
        (
            "{ \"title\": \"t\" }",
            "1:1 [{ \"title\": \"t\" }] the policy has no rules",
        ),
        (
            "{ \"required\": \"a\" }",
            "1:15 [\"a\"] `required` must be an array, but is a string",
        ),
        (
            "{ \"required\": [\"a\", \"a\"] }",
            "1:3 [\"required\"] `required` has two equal elements",
        ),
        (
            "{ \"properties\": { \"a\": 3 } }",
            "1:24 [3] `a` must be a boolean or an object, but is an integer",
        ),
        (
            "{ \"properties\": { \"a\": { \"minLength\": -1 } } }",
            "1:39 [-1] `minLength` must be at least 0",
        ),
        (
            "{ \"not\": { \"type\": \"text\" } }",
            "1:20 [\"text\"] `type` must be \"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\" or \"string\", or `type` must be an array, but is a string",
        ),
        (
            "{ \"properties\": { \"a\": { \"pattern\": \"(\" } } }",
            "1:37 [\"(\"] not a regular expression",
        ),
        (
            "{ \"patternProperties\": { \"(\": { \"const\": 1 } } }",
            "1:26 [\"(\"] not a regular expression",
        ),
        (
            "{ \"properties\": { \"a\": { \"format\": \"colour\" } } }",
            "1:36 [\"colour\"] unknown format",
        ),
    ] {
        assert_eq!(errors("p.json", text), [expected], "{text}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_or_elsewhere_is_an_error_at_the_reference() {
    for (to, expected) in [
        (
            "https://example.com/a.json",
            "`https://example.com/a.json` is another document; qli fetches nothing",
        ),
        (
            "file:///etc/passwd",
            "`file:///etc/passwd` is another document; qli fetches nothing",
        ),
        (
            "other.json#/a",
            "`other.json#/a` is another document; qli fetches nothing",
        ),
        ("#/$defs/none", "there is nothing at `#/$defs/none`"),
        ("#none", "there is no anchor `none`"),
    ] {
        let text = format!(
            "{{\n  \"allOf\": [\n    {{ \"$ref\": \"#/$defs/a\" }},\n    {{ \"$ref\": {to:?} }}\n  ], \"$defs\": {{ \"a\": {{ \"required\": [\"banner\"] }} }}\n}}"
        );
        let expected = format!("4:15 [{to:?}] {expected}");
        assert_eq!(errors("p.json", &text), [expected], "{text}");
    }
    // The metaschemas are built-in.
    let own = "{ \"$ref\": \"https://json-schema.org/draft/2020-12/schema\" }";
    assert_eq!(errors("p.json", own), Vec::<String>::new());
}

#[test]
fn a_policy_is_draft_07_or_2020_12() {
    for (named, is_accepted) in [
        ("http://json-schema.org/draft-07/schema#", true),
        ("http://json-schema.org/draft-07/schema", true),
        ("https://json-schema.org/draft/2020-12/schema", true),
        ("https://json-schema.org/draft/2019-09/schema", false),
        ("http://json-schema.org/draft-04/schema#", false),
        ("https://example.com/schema", false),
        ("", false),
    ] {
        let text = format!("{{ \"$schema\": {named:?}, \"required\": [\"banner\"] }}");
        let expected = format!("1:14 [{named:?}] `$schema` must be draft-07 or 2020-12");
        let expected = [expected].into_iter().filter(|_| !is_accepted);
        assert_eq!(
            errors("p.json", &text),
            expected.collect::<Vec<_>>(),
            "{text}"
        );
    }
}

#[test]
fn a_keyword_that_checks_nothing_is_an_error() {
    const OLD: &str = "http://json-schema.org/draft-07/schema#";
    for (rule, expected) in [
        ("\"requird\": []", "unknown keyword `requird`"),
        ("\"Required\": []", "unknown keyword `Required`"),
        ("\"x-qli-mesage\": \"m\"", "unknown keyword `x-qli-mesage`"),
        ("\"x-qli-colour\": \"m\"", "unknown keyword `x-qli-colour`"),
        (
            "\"x-qli-message\": \" \"",
            "`x-qli-message` must be a non-empty string",
        ),
        (
            "\"x-qli-message\": 1",
            "`x-qli-message` must be a non-empty string",
        ),
        (
            "\"x-qli-severity\": \"warn\"",
            "`x-qli-severity` must be \"error\" or \"warning\", but is `\"warn\"`",
        ),
        (
            "\"x-qli-severity\": true",
            "`x-qli-severity` must be \"error\" or \"warning\", but is `true`",
        ),
        (
            "\"prefixItems\": [true]",
            "`prefixItems` is a 2020-12 keyword, but the policy is draft-07",
        ),
        (
            "\"unevaluatedItems\": true",
            "`unevaluatedItems` is a 2020-12 keyword, but the policy is draft-07",
        ),
    ] {
        for around in [
            "{ \"not\": {@} }",
            "{ \"properties\": { \"requires_env\": { \"properties\": { \"const\": {@} } } } }",
            "{ \"anyOf\": [false, {@}] }",
            "{ \"$defs\": { \"a\": {@} }, \"required\": [\"banner\"] }",
            "{ \"dependencies\": { \"confirm\": {@}, \"audit\": [\"banner\"] } }",
        ] {
            let text = around.replace('@', &format!("{rule}, \"anyOf\": [false]"));
            let text = text.replacen('{', &format!("{{ \"$schema\": {OLD:?},"), 1);
            let found = errors("p.json", &text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].ends_with(expected), "{text}: {found:?}");
        }
    }
}

#[test]
fn a_keyword_without_effect_next_to_others_is_an_error() {
    for (text, expected) in [
        ("{ \"then\": false }", "`then` has no effect without `if`"),
        (
            "{ \"if\": { \"required\": [\"banner\"] } }",
            "`if` has no effect without `then` or `else`",
        ),
        (
            "{ \"properties\": { \"secrets\": { \"minContains\": 1 } } }",
            "`minContains` has no effect without `contains`",
        ),
        (
            "{ \"$schema\": \"http://json-schema.org/draft-07/schema#\", \"$ref\": \"#/$defs/a\", \"required\": [\"banner\"], \"$defs\": { \"a\": { \"not\": true } } }",
            "`required` has no effect next to `$ref` in draft-07",
        ),
    ] {
        let found = errors("p.json", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].ends_with(expected), "{text}: {found:?}");
    }
    let new = errors("p.json", "{ \"additionalItems\": false }");
    assert_eq!(
        new,
        [
            "1:3 [\"additionalItems\"] `additionalItems` is a draft-07 keyword, but the policy is 2020-12"
        ]
    );
}

#[test]
fn notes_and_data_are_not_keywords() {
    for text in [
        "{ \"x-owner\": \"us\", \"title\": \"t\", \"$comment\": \"c\", \"required\": [\"banner\"] }",
        "{ \"properties\": { \"requires_env\": { \"const\": { \"requird\": \"1\" } } } }",
        "{ \"properties\": { \"requires_env\": { \"enum\": [{ \"pattern\": \"(\" }] } } }",
        "{ \"properties\": { \"requires_env\": { \"properties\": { \"requird\": false, \"allOf\": { \"const\": \"1\" } } } } }",
        "{ \"examples\": [{ \"patern\": 1 }], \"not\": { \"required\": [\"banner\"] } }",
    ] {
        assert_eq!(errors("p.json", text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn all_errors_are_reported_at_once_in_toml_and_json() {
    let toml = "required = \"a\"\n\n[properties.a]\npatern = \"x\"\n\n[[allOf]]\ntype = \"text\"\n";
    let json = "{\n\"required\": \"a\",\n\"properties\": { \"a\": {\n\"patern\": \"x\" } },\n\"allOf\": [{\n\"type\": \"text\" }]}";
    let messages = |name: &str, text: &str| {
        let lines = errors(name, text).into_iter();
        let messages = lines.map(|line| line.split_once("] ").unwrap().1.to_owned());
        messages.collect::<Vec<_>>()
    };
    let found = messages("p.json", json);
    assert_eq!(found.len(), 3);
    assert_eq!(messages("p.toml", toml), found);
    assert!(errors("p.toml", toml)[1].starts_with("4:1 [patern] "));
}

#[test]
fn the_option_replaces_the_variable() {
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
    let reported: Vec<_> = found.iter().map(|one| one.path().to_owned()).collect();
    assert_eq!(reported, paths[..2]);
    let text = b"schema_version = 1\ndescription = \"d\"\n";
    let source = Arc::new(Source::new(Path::new("m"), text).unwrap());
    let manifest = parse(&source).unwrap();
    assert_eq!(policies.check(&manifest).len(), 1);
}
