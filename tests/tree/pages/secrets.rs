//! `docs/secrets.md`: its providers come from the table.

use qli::testing::providers::{Argument, Calls, Program, Provider, Row, Tried};

/// The rest of the chapter.
const FRAME: &str = include_str!("secrets.md");
const MARK: &str = "<!-- providers -->\n";

const HEAD: &str = "| provider | what it is | `ref` | program | to sign in | one call serves | tried with |\n\
                    |---|---|---|---|---|---|---|\n";

const VARIABLES_MARK: &str = "<!-- variables -->\n";

const VARIABLES_HEAD: &str = "| provider | gets | never gets | is set |\n|---|---|---|---|\n";

pub(crate) fn page() -> String {
    let rows: String = Provider::built_in().map(row).collect();
    let page = FRAME.replacen(MARK, &(HEAD.to_owned() + &rows), 1);
    let rows: String = Provider::built_in().filter_map(variables).collect();
    page.replacen(VARIABLES_MARK, &(VARIABLES_HEAD.to_owned() + &rows), 1)
}

/// The variables of a provider's program; none if it has none of its own.
fn variables(name: &str) -> Option<String> {
    let provider = Provider::named(name).unwrap();
    let environment = &provider.tool()?.environment;
    let set = environment.set.iter();
    let set: Vec<_> = set.map(|(name, value)| format!("{name}={value}")).collect();
    let cells = [&environment.keep, &environment.drop, &set].map(|names| {
        let names: Vec<_> = names.iter().map(|name| code(name)).collect();
        names.join(" ")
    });
    let has_any = cells.iter().any(|cell| !cell.is_empty());
    has_any.then(|| format!("| `{name}` | {} |\n", cells.join(" | ")))
}

fn row(name: &str) -> String {
    let provider = Provider::named(name).unwrap();
    let (about, shape) = (Provider::about(name).unwrap(), provider.shape());
    let tool = provider.tool().map_or("– | – | –".to_owned(), |row| {
        let sign_in = row.sign_in.as_deref().map_or("–".to_owned(), code);
        format!("{} | {sign_in} | {}", program(row), served(row))
    });
    let tried = Provider::tried(name).map_or("–", Tried::as_str);
    let example = Provider::example(name).map(|example| format!(", such as `{example}`"));
    let example = example.unwrap_or_default();
    format!("| `{name}` | {about} | `{shape}`{example} | {tool} | {tried} |\n")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn program(row: &Row) -> String {
    match &row.program {
        Program::Named(program) => code(program),
        Program::At(path) => code(&path.display().to_string()),
    }
}

/// How many references one call serves.
fn served(row: &Row) -> String {
    let Calls::Arguments { one, many, .. } = &row.calls else {
        return "all".to_owned();
    };
    let (most, args) = match many {
        Some(many) if many.max == usize::MAX => ("all".to_owned(), &many.args),
        Some(many) => (many.max.to_string(), &many.args),
        None => ("all".to_owned(), one),
    };
    let same: Vec<_> = args.iter().filter_map(Argument::part).collect();
    let is_single = many.is_none() && row.shape.names().all(|name| same.contains(&name));
    match &*same {
        _ if is_single || same.contains(&"ref") => "1".to_owned(),
        [] => most,
        same => format!("{most} with the same `{}`", same.join("`, `")),
    }
}
