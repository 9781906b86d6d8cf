//! `docs/secrets.md`: its providers come from the table.

use qli::testing::providers::{Program, Provider};

/// The rest of the chapter.
const FRAME: &str = include_str!("secrets.md");
const MARK: &str = "<!-- providers -->\n";

const HEAD: &str = "| provider | what it is | `ref` | program |\n|---|---|---|---|\n";

pub(crate) fn page() -> String {
    let rows: String = Provider::built_in().map(row).collect();
    FRAME.replacen(MARK, &(HEAD.to_owned() + &rows), 1)
}

fn row(name: &str) -> String {
    let provider = Provider::named(name).unwrap();
    let (about, shape) = (Provider::about(name).unwrap(), provider.shape());
    let program = provider
        .tool()
        .map_or("–".to_owned(), |row| match &row.program {
            Program::Named(program) => format!("`{program}`"),
            Program::At(path) => format!("`{}`", path.display()),
        });
    let example = Provider::example(name).map(|example| format!(", such as `{example}`"));
    let example = example.unwrap_or_default();
    format!("| `{name}` | {about} | `{shape}`{example} | {program} |\n")
}
