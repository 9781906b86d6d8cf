//! The blocks of a page: the part of Markdown that the manual uses.

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading(String),
    Paragraph(String),
    Code(Vec<String>),
    Item {
        /// `-` or `1.`
        mark: String,
        /// In columns.
        indent: usize,
        text: String,
        /// Follows another item without an empty line.
        tight: bool,
    },
    /// The first row is the heading.
    Table(Vec<Vec<String>>),
}

pub(super) fn blocks(markdown: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = markdown.lines().peekable();
    let mut after_empty = true;
    while let Some(line) = lines.next() {
        let begins = std::mem::replace(&mut after_empty, line.is_empty());
        if line.is_empty() {
            continue;
        }
        if line.starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.starts_with("```"));
            found.push(Block::Code(code.map(str::to_owned).collect()));
        } else if let Some(code) = line.strip_prefix("    ").filter(|_| begins) {
            found.push(Block::Code(vec![code.to_owned()]));
        } else if let Some(heading) = line.strip_prefix('#') {
            let heading = heading.trim_start_matches('#').trim();
            found.push(Block::Heading(heading.to_owned()));
            after_empty = true;
        } else if line.starts_with('|') {
            row(line, begins, &mut found);
        } else if let Some(item) = item(line, begins, found.last()) {
            found.push(item);
        } else {
            continue_block(line, begins, &mut found);
        }
    }
    found
}

fn row(line: &str, begins: bool, found: &mut Vec<Block>) {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    let cells: Vec<_> = cells(inner);
    let is_rule = cells
        .iter()
        .all(|cell| cell.chars().all(|c| c == '-' || c == ':'));
    match found.last_mut().filter(|_| !begins) {
        Some(Block::Table(_)) if is_rule => {}
        Some(Block::Table(rows)) => rows.push(cells),
        _ => found.push(Block::Table(vec![cells])),
    }
}

/// Splits a row at its bars; an escaped bar is a character.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in row.chars() {
        if c == '|' && !escaped {
            cells.push(String::new());
        } else if let Some(cell) = cells.last_mut() {
            cell.push(c);
        }
        escaped = c == '\\';
    }
    cells.iter().map(|cell| cell.trim().to_owned()).collect()
}

fn item(line: &str, begins: bool, last: Option<&Block>) -> Option<Block> {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let (mark, text) = text.split_once(' ')?;
    let number = mark
        .strip_suffix('.')
        .is_some_and(|n| n.parse::<u8>().is_ok());
    let in_list = matches!(last, Some(Block::Item { .. }));
    // Inside a paragraph a hyphen or a number is a word.
    let may_begin = begins || in_list;
    ((mark == "-" || number) && may_begin).then(|| Block::Item {
        mark: mark.to_owned(),
        indent,
        text: text.to_owned(),
        tight: !begins && in_list,
    })
}

/// Continues the previous block, or begins a paragraph.
fn continue_block(line: &str, begins: bool, found: &mut Vec<Block>) {
    let text = match found.last_mut().filter(|_| !begins) {
        Some(Block::Paragraph(text) | Block::Item { text, .. }) => text,
        Some(Block::Code(lines)) => {
            lines.push(line.strip_prefix("    ").unwrap_or(line).to_owned());
            return;
        }
        _ => {
            found.push(Block::Paragraph(line.trim().to_owned()));
            return;
        }
    };
    text.push(' ');
    text.push_str(line.trim());
}
