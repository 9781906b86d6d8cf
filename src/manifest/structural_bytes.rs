//! The structure of a text: what is outside of strings and comments.

/// The bytes of a text that are in no string and no comment.
pub(super) struct StructuralBytes<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The byte before: an apostrophe in the middle of a word opens nothing.
    last: u8,
    /// Where a string begins that is not closed: a multi-line one by the end of the
    /// text, or the last one that its line does not close.
    pub(super) open_string: Option<usize>,
}

impl<'t> StructuralBytes<'t> {
    /// Starts at an offset outside of strings.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self {
            bytes: text.as_bytes(),
            at,
            last: b'\n',
            open_string: None,
        }
    }

    fn rest(&self) -> &'t [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn long_string(&mut self, quote: [u8; 3]) {
        let start = self.at;
        self.at += quote.len();
        while self.at < self.bytes.len() {
            if self.rest().starts_with(&quote) {
                self.at += quote.len();
                return;
            }
            self.at += self.step(quote[0]);
        }
        self.open_string = Some(start);
    }

    /// A string that is not closed ends with its line.
    fn short_string(&mut self, quote: u8) {
        let start = self.at;
        self.at += 1;
        while let Some(&byte) = self.rest().first().filter(|byte| **byte != b'\n') {
            self.at += self.step(quote);
            if byte == quote {
                return;
            }
        }
        self.open_string = Some(start);
    }

    /// In double quotes a backslash escapes what follows it.
    fn step(&self, quote: u8) -> usize {
        match self.rest() {
            [b'\\', next, ..] if quote == b'"' && *next != b'\n' => 2,
            _ => 1,
        }
    }
}

impl Iterator for StructuralBytes<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let in_word = self.last.is_ascii_alphanumeric();
            self.last = b'"';
            match self.rest() {
                [b'"', b'"', b'"', ..] => self.long_string(*b"\"\"\""),
                [b'\'', b'\'', b'\'', ..] => self.long_string(*b"'''"),
                [quote @ (b'"' | b'\''), ..] if !in_word => self.short_string(*quote),
                [b'#', rest @ ..] => {
                    let end = rest.iter().position(|&byte| byte == b'\n');
                    self.at += 1 + end.unwrap_or(rest.len());
                }
                [byte, ..] => {
                    let found = (self.at, *byte);
                    self.last = *byte;
                    self.at += 1;
                    return Some(found);
                }
                [] => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outside(text: &str) -> String {
        let bytes = StructuralBytes::new(text, 0).map(|(_, byte)| char::from(byte));
        bytes.collect()
    }

    #[test]
    fn strings_and_comments_are_skipped() {
        assert_eq!(outside("a = \"x # [\" # [\nb"), "a =  \nb");
        assert_eq!(outside("a = 'x\\' [ \"\\\"]\" ]"), "a =  [  ]");
        assert_eq!(outside("\"\"\"\n\"\"[\\\"\"\"\"x'''y'''"), "x");
        assert_eq!(outside("a = \"x\nb"), "a = \nb");
        assert_eq!(outside("a = [it's]"), "a = [it's]");
    }

    #[test]
    fn an_open_string_is_found() {
        let mut bytes = StructuralBytes::new("a = '''x\n\"\"\"", 0);
        assert_eq!(bytes.by_ref().count(), 4);
        assert_eq!(bytes.open_string, Some(4));
    }
}
