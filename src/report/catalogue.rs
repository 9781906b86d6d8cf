//! `qli ext list` and `qli ext which`.

use std::path::PathBuf;

use super::Style;
use super::message::Message;
use super::style::{column_width, wrapped};
use crate::discovery::{Catalogue, CatalogueGroup, Target};
use crate::names::{plural, shell_word, visible};

/// One row of the table: group, extension, origin, description.
type ListRow = [String; 4];

/// Renders the catalogue: a table on a terminal, else lines with tabs. `qli` is how
/// to type qli so that it finds the same groups.
pub fn list(catalogue: &Catalogue, qli: &str, style: &Style) -> String {
    let rows: Vec<ListRow> = catalogue
        .groups
        .iter()
        .flat_map(|entry| rows(entry, qli, style))
        .collect();
    if !style.terminal {
        let lines = rows.iter().map(|row| row.join("\t") + "\n");
        return lines.collect();
    }
    let header = ["GROUP", "EXTENSION", "ORIGIN", "DESCRIPTION"].map(str::to_owned);
    let all = || std::iter::once(&header).chain(&rows);
    let widths = [0, 1, 2]
        .map(|column| column_width(all().filter_map(|row| row.get(column).map(String::as_str))));
    all().map(|row| lines(row, widths, style.width)).collect()
}

/// In a narrower column a description would have one word a line.
const DESCRIPTION_MIN: usize = 16;

/// Renders a row; a description that does not fit continues below itself.
fn lines(row: &ListRow, [a, b, c]: [usize; 3], width: usize) -> String {
    let [group, extension, origin, description] = row;
    let indent = a + b + c + 6;
    let left = width.saturating_sub(indent);
    let texts = match left {
        DESCRIPTION_MIN.. => wrapped(description, left),
        _ => vec![description.clone()],
    };
    let mut before = format!("{group:a$}  {extension:b$}  {origin:c$}  ");
    let mut out = String::new();
    for text in texts {
        out.push_str((before + &text).trim_end());
        out.push('\n');
        before = " ".repeat(indent);
    }
    out
}

fn rows(entry: &CatalogueGroup, qli: &str, style: &Style) -> Vec<ListRow> {
    let origin = style.path(&entry.root.path);
    let row = |extension: &str, origin: &str, text: String| {
        [
            entry.name.to_string(),
            extension.to_owned(),
            origin.to_owned(),
            text,
        ]
    };
    match &entry.group {
        Err(found) => {
            let errors = plural(found.len(), "problem");
            let text = format!("broken, {errors}: {qli} explain {}", entry.name);
            vec![row("-", &origin, text)]
        }
        Ok(good) => {
            let description = visible(&good.group.manifest.description);
            if good.extensions.is_empty() {
                return vec![row("-", &origin, description)];
            }
            let extensions = good.extensions.iter();
            let own = |name| good.group.manifest.section(name)?.description.as_ref();
            extensions
                .map(|one| {
                    let text = own(&one.name).map(visible);
                    let text = text.unwrap_or_else(|| description.clone());
                    row(one.name.as_str(), &origin, text)
                })
                .collect()
        }
    }
}

/// Returns the program's path for stdout, and notes about what it shadows.
pub fn which(target: &Target, shadowed: &[PathBuf], style: &Style) -> (String, String) {
    let path = format!("{}\n", visible(&target.program.path));
    let notes = shadowed.iter().map(|other| {
        let note = Message::note(format!("this shadows {}", shell_word(other)));
        note.render(style)
    });
    (path, notes.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_continues_below_itself_if_the_column_is_wide_enough() {
        let row = ["ops", "restore", "~/x", "The database of orders"].map(str::to_owned);
        let widths = [3, 7, 3];
        assert_eq!(
            lines(&row, widths, 80),
            "ops  restore  ~/x  The database of orders\n"
        );
        assert_eq!(
            lines(&row, widths, 38),
            "ops  restore  ~/x  The database of\n                   orders\n"
        );
        assert_eq!(lines(&row, widths, 30), lines(&row, widths, 80));
    }
}
