//! `qli ext list`.

use super::Style;
use super::style::{column_width, hanging};
use crate::diagnostics::{Code, Diagnostic};
use crate::discovery::CatalogueGroup;
use crate::names::{ExtensionName, GroupName, plural, visible};

/// One row of the table: group, extension, origin, description.
type ListRow = [String; 4];

/// Renders the catalogue: a table on a terminal, else lines with tabs. `qli` is how
/// to type qli so that it finds the same groups.
pub fn list(catalogue: &[CatalogueGroup], qli: &str, style: &Style) -> String {
    let rows = catalogue.iter().flat_map(|entry| rows(entry, qli, style));
    let rows: Vec<ListRow> = rows.collect();
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

/// A description in a narrower column is not wrapped: it would have a word per line.
const DESCRIPTION_MIN: usize = 16;

/// Renders a row; a description that does not fit continues below itself.
fn lines(row: &ListRow, [a, b, c]: [usize; 3], width: usize) -> String {
    let [group, extension, origin, description] = row;
    let columns = format!("{group:a$}  {extension:b$}  {origin:c$}  ");
    let is_narrow = width < a + b + c + 6 + DESCRIPTION_MIN;
    let width = if is_narrow { usize::MAX } else { width };
    hanging(&columns, description, width)
}

/// Says that a run of an extension is refused, and how to see why.
pub(super) fn refused_row(
    why: &Diagnostic,
    group: &GroupName,
    name: &ExtensionName,
    qli: &str,
) -> String {
    let is_ambiguous = why.code == Code::AmbiguousCommand;
    let why = if is_ambiguous {
        "ambiguous"
    } else {
        "untrusted"
    };
    format!("refused, {why}: {qli} explain {group} {name}")
}

fn rows(entry: &CatalogueGroup, qli: &str, style: &Style) -> Vec<ListRow> {
    let row = |extension: &str, text: String| {
        let origin = style.path(&entry.root.path);
        [entry.name.to_string(), extension.to_owned(), origin, text]
    };
    let runnable = match &entry.group {
        Ok(entry) => entry,
        Err(found) => {
            let problems = plural(found.len(), "problem");
            let text = format!("broken, {problems}: {qli} explain {}", entry.name);
            return vec![row("-", text)];
        }
    };
    let manifest = &runnable.group.manifest;
    if runnable.extensions.is_empty() {
        return vec![row("-", visible(&manifest.description))];
    }
    let rows = runnable.extensions.iter().map(|(name, listed)| {
        let section = manifest.section(name);
        let own = section.and_then(|section| section.description.as_ref());
        let description = || visible(own.unwrap_or(&manifest.description));
        let refused = listed.refused.as_ref();
        let refused = refused.map(|why| refused_row(why, &entry.name, name, qli));
        row(name.as_str(), refused.unwrap_or_else(description))
    });
    rows.collect()
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
