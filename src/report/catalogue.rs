//! `qli ext list` and `qli ext which`.

use super::Style;
use super::style::{column_width, put, wrapped};
use crate::discovery::{Catalogue, Entry, Target};
use crate::names::{plural, visible};

/// One row of the table: group, extension, origin, description.
type Row = [String; 4];

/// Draws the catalogue: a table on a terminal, else lines cut by tabs. `qli` is
/// how qli is typed to find the same groups again.
pub fn list(catalogue: &Catalogue, qli: &str, style: &Style) -> String {
    let rows: Vec<Row> = catalogue
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

/// Less room than this for a description would break every word of it.
const ROOM_MIN: usize = 16;

/// Writes a row; a description that does not fit goes on below itself.
fn lines(row: &Row, [a, b, c]: [usize; 3], width: usize) -> String {
    let [group, extension, origin, description] = row;
    let indent = a + b + c + 6;
    let room = width.saturating_sub(indent);
    let texts = match room {
        ROOM_MIN.. => wrapped(description, room),
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

fn rows(entry: &Entry, qli: &str, style: &Style) -> Vec<Row> {
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
            let errors = plural(found.iter().count(), "problem");
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

/// Writes the program's path, so that a script can use it, and what it hides.
pub fn which(target: &Target, hidden: &[std::path::PathBuf]) -> (String, String) {
    let path = format!("{}\n", visible(&target.program.path));
    let mut notes = String::new();
    for path in hidden {
        put(
            &mut notes,
            format_args!("qli: it hides {}\n", visible(path)),
        );
    }
    (path, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_description_goes_on_below_itself_where_there_is_room() {
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
