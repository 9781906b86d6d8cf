//! `docs/diagnostics.md`: one row and one section for each code.

use qli::testing::diagnostics::Code;

const HEAD: &str = "# Diagnostics

Every problem with a manifest, a name or a file that qli reports before a run, by
code. `qli help <CODE>` prints one section of this page, by number or by name.
Codes never change their meaning and are never reused. Refusals of a run have [a
page of their own](refusals.md).

An error stops its group or its script. `validate` exits with 1 if there are
errors, or, with `--deny-warnings`, warnings. Errors that stop one script but not
its group are warnings in `validate`: QLI0603, QLI0609 and QLI0618. A rule of
[a policy](policies.md) affects only `validate`: QLI0901.

| code | name | severity | problem |
|---|---|---|---|
";

pub(crate) fn page() -> String {
    let problems = || Code::ALL.iter().filter(|code| !code.is_refusal());
    let rows = problems().map(|code| {
        let (number, name, severity) = (code.number(), code.name(), code.severity().as_str());
        format!("| {number} | {name} | {severity} | {} |\n", code.title())
    });
    HEAD.to_owned()
        + &rows
            .chain(problems().copied().map(section))
            .collect::<String>()
}

fn section(code: Code) -> String {
    let page = code.page();
    let (heading, rest) = page.split_once("\n\n").unwrap();
    let (body, _) = rest.rsplit_once("\nSeverity: ").unwrap();
    let (title, severity) = (code.title(), code.severity().as_str());
    let title = title.trim_end_matches('.');
    let effect = code.effect();
    format!("\n## {heading}\n\n**{title}** ({severity}: {effect})\n\n{body}")
}
