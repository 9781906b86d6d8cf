//! Which parts of a secret are looked for: its value, the value without its line end, since
//! a shell strips that, and each line, since keys are passed line by line.

/// A shorter value is not looked for inside other texts: they contain it by chance.
pub const SHORTEST: usize = 4;

/// Shorter lines of a value are not looked for.
const SHORTEST_LINE: usize = 8;

/// The whole value first.
pub fn parts(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = without_line_end(value);
    let stripped = (whole != value && whole.len() >= SHORTEST).then_some(whole);
    let lines = value.split(|&byte| byte == b'\n');
    let lines = lines.map(<[u8]>::trim_ascii_end);
    let is_new =
        move |line: &&[u8]| line.len() >= SHORTEST_LINE && *line != value && *line != whole;
    let all = std::iter::once(value).chain(stripped);
    all.chain(lines.filter(is_new))
}

fn without_line_end(value: &[u8]) -> &[u8] {
    let end = value.iter().rposition(|byte| !b"\r\n".contains(byte));
    value
        .get(..end.map_or(0, |end| end + 1))
        .unwrap_or_default()
}
