//! Syntax errors: what they are about, and where.

use super::{body, problems};

/// Each in a field, an array and an inline table.
#[test]
fn a_number_that_is_not_valid_is_a_syntax_error_at_the_whole_number() {
    for number in [
        "0X1", "0O7", "0B1", "0d1", "0o9", "0b2", "0xg", "+0x1", "-0x1", "1__0", "_1", "1_", ".5",
        "5.", "01", "-01", "+01", "00", "1e", "1e+", "0x_1", "0x1_", "1.e5", "1._5", "1_.5", "++1",
        "0x1.5",
    ] {
        let wrong = format!("QLI0004 `{number}` is not a valid number");
        for (before, after, at) in [
            ("[requires_env]\nA = ", "", "4:5"),
            ("[requires_env]\nA = [1, ", ", 2]", "4:9"),
            ("requires_env = { A = ", " }", "3:22"),
        ] {
            let found = body(&format!("{before}{number}{after}\n"));
            assert_eq!(found, [format!("{at} {wrong}")], "{before}{number}");
        }
        let version = problems(&format!("schema_version = {number}\ndescription = \"d\"\n"));
        let wrong = format!("1:18 QLI0004 `{number}` is not a whole number");
        assert_eq!(version, [wrong]);
    }
    for empty in ["0x", "0o", "0b"] {
        let version = problems(&format!("schema_version = {empty}\ndescription = \"d\"\n"));
        assert_eq!(
            version,
            ["1:18 QLI0004 `schema_version` has a number without digits"]
        );
        for (before, name, after, at) in [
            ("", "timeout", "", "3:11"),
            ("", "confirm", "", "3:11"),
            ("", "secrets", "", "3:11"),
            ("secrets = [", "", "]", "3:12"),
            ("[requires_env]\n", "A", "", "4:5"),
            ("[extensions.a]\n", "kill_after", "", "4:14"),
        ] {
            let field = if name.is_empty() {
                String::new()
            } else {
                format!("{name} = ")
            };
            let found = body(&format!("{before}{field}{empty}{after}\n"));
            let name = if name.is_empty() { "secrets" } else { name };
            let wrong = format!("{at} QLI0004 `{name}` has a number without digits");
            assert_eq!(found, [wrong], "{before}{field}{empty}");
        }
        let unknown = body(&format!("fou = {{ a = [1, {empty}] }}\n"));
        let wrong = "3:17 QLI0004 `a` has a number without digits";
        assert_eq!(unknown, ["3:1 QLI0102 unknown field `fou`", wrong]);
    }
}

#[test]
fn versions_dates_and_addresses_are_text_without_quotation_marks() {
    for text in ["1.2.3", "10.0.0.1", "2024-13-45", "25:61:00", "1h"] {
        let found = body(&format!("[requires_env]\nA = {text}\n"));
        let wrong = format!("4:5 QLI0006 `{text}` is not in quotation marks");
        assert_eq!(found, [wrong]);
    }
}

#[test]
fn too_many_closing_quotation_marks_are_reported_on_their_line() {
    const WRONG: &str = "QLI0004 more quotation marks than close this string";
    for (written, at) in [
        ("\"\"\"x\ny\"\"\"\"\"\"", "4:7"),
        ("\"\"\"x\ny\"\"\"\"\"\"\"\"\"", "4:7"),
        ("'''x\ny'''''''", "4:7"),
        ("\"x\"\"", "3:13"),
        ("\"x\"\"\"\" # end", "3:13"),
        ("'x''", "3:13"),
    ] {
        // What follows is read.
        let found = body(&format!("banner = {written}\nconfirm = true\nbaner = 1\n"));
        let last = 5 + written.matches('\n').count();
        let unknown = format!("{last}:1 QLI0102 unknown field `baner`");
        assert_eq!(found, [format!("{at} {WRONG}"), unknown], "{written}");
    }
    for valid in ["\"\"\"x\"\"\"\"", "\"\"\"x\"\"\"\"\"", "'''x'''''"] {
        assert_eq!(body(&format!("banner = {valid}\n")), Vec::<String>::new());
    }
}

#[test]
fn a_name_of_too_many_parts_is_reported_where_it_is() {
    let name = format!("{}a", "a.".repeat(90));
    for (text, at) in [
        (format!("banner = \"b\"\n{name} = 1\n"), "4:1"),
        (format!("banner = \"b\"\n[{name}]\nx = \"a.b\"\n"), "4:1"),
    ] {
        let found = body(&text);
        let wrong = format!("{at} QLI0004 arrays and tables are nested too deeply");
        assert_eq!(found.first(), Some(&wrong), "{found:?}");
    }
    let valid = format!("[requires_env]\nA = \"{}\"\n", "a.".repeat(90));
    assert_eq!(body(&valid), Vec::<String>::new());
}
