//! Text from files, arguments and users, made safe to display: it can neither
//! control a terminal nor forge a line.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that are usually text: an argument, a path.
///
/// In JSON it is a string if it is UTF-8, else `{"b64": "…"}`, so that no byte is lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, JsonSchema)]
#[schemars(with = "Form")]
pub struct Text(pub OsString);

/// A string, or the base64 of bytes that are not UTF-8.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Text", deny_unknown_fields)]
enum Form {
    Plain(String),
    Encoded { b64: String },
}

impl Text {
    pub fn as_os_str(&self) -> &OsStr {
        &self.0
    }

    pub fn visible(&self) -> String {
        visible(&self.0)
    }
}

impl<T: Into<OsString>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl AsRef<Path> for Text {
    fn as_ref(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(text) = self.0.to_str() {
            return serializer.serialize_str(text);
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("b64", &BASE64_STANDARD.encode(self.0.as_bytes()))?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Form::deserialize(deserializer)? {
            Form::Plain(text) => Ok(text.into()),
            Form::Encoded { b64 } => {
                let bytes = BASE64_STANDARD.decode(b64).map_err(D::Error::custom)?;
                Ok(OsString::from_vec(bytes).into())
            }
        }
    }
}

/// Serialises a path as a [`Text`], for `serialize_with`.
pub fn path_as_text<S: Serializer>(
    path: impl AsRef<Path>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    Text::from(path.as_ref().as_os_str()).serialize(serializer)
}

/// Whether a character is invisible or controls a terminal: C0, DEL, C1, zero-width characters and fillers, line separators, bidi controls, tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' | '\t' | '\r' => out.extend(c.escape_default()),
        hidden if is_hidden(hidden) => out.extend(hidden.escape_unicode()),
        plain => out.push(plain),
    }
}

/// Appends a text with hidden characters made visible, except those kept. Runs of
/// plain ASCII, nearly all text, are appended at once.
fn push_text(out: &mut String, mut text: &str, kept: &[char]) {
    loop {
        let plain = text.bytes().take_while(|byte| matches!(byte, b' '..=b'~'));
        let (plain, rest) = text.split_at(plain.count());
        out.push_str(plain);
        let mut rest = rest.chars();
        match rest.next() {
            None => return,
            Some(c) if kept.contains(&c) => out.push(c),
            Some(c) => push_visible(out, c),
        }
        text = rest.as_str();
    }
}

/// Any text on one line, with hidden characters made visible: `\n`, `\u{1b}`, and
/// `\xff` for a byte that is not UTF-8.
pub fn visible(text: impl AsRef<OsStr>) -> String {
    let bytes = text.as_ref().as_bytes();
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_text(&mut out, chunk.valid(), &[]);
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Like [`visible`], but keeps line ends and tabs.
pub fn visible_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_text(&mut out, text, &['\n', '\t']);
    out
}

/// An argument, quoted for a shell.
pub fn shell_word(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(b);
    let bytes = word.as_bytes();
    if !bytes.is_empty() && bytes.iter().all(plain) {
        return visible(word);
    }
    match word.to_str() {
        Some(text) if !text.chars().any(is_hidden) => {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
        _ => ansi_c_quoted(bytes),
    }
}

/// A path, quoted for a shell, in a form that no program takes for an option.
pub fn shell_path(path: impl AsRef<Path>) -> String {
    shell_word(&*unlike_an_option(path.as_ref()))
}

/// A path, safe to display, in a form that no program takes for an option.
pub fn visible_path(path: impl AsRef<Path>) -> String {
    visible(&*unlike_an_option(path.as_ref()))
}

fn unlike_an_option(path: &Path) -> Cow<'_, Path> {
    match path.as_os_str().as_bytes() {
        [b'-', ..] => Path::new(".").join(path).into(),
        _ => path.into(),
    }
}

/// The command that shows why a path cannot be used, and what to look for.
pub fn ls_command(path: impl AsRef<Path>) -> String {
    format!("ls -ld {}  # its owner and permissions", shell_path(path))
}

/// The `$'…'` form, for bytes that are invisible.
fn ansi_c_quoted(bytes: &[u8]) -> String {
    let mut out = String::from("$'");
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            other => {
                let _ = write!(out, "\\x{other:02x}");
            }
        }
    }
    out.push('\'');
    out
}

/// Arguments, quoted for a shell.
pub fn shell_line<T: AsRef<OsStr>>(words: impl IntoIterator<Item = T>) -> String {
    let words: Vec<String> = words.into_iter().map(shell_word).collect();
    words.join(" ")
}

/// Escapes characters in JSON that control a terminal and that JSON itself allows.
///
/// Outside its strings JSON is ASCII, and its only control character is the line end of
/// indented JSON, so its structure does not change.
pub fn escaped(json: String) -> String {
    // Nearly all of it is plain, and a run writes four lines.
    if json.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~')) {
        return json;
    }
    let mut out = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

const TO_MEMORY: &str = "string keys, and memory as the writer";

/// Without the line end.
#[expect(
    clippy::expect_used,
    reason = "our documents have string keys: this cannot fail"
)]
pub fn to_json_line<T: Serialize + ?Sized>(value: &T) -> String {
    escaped(serde_json::to_string(value).expect(TO_MEMORY))
}

/// Indented, with a final line end.
#[expect(
    clippy::expect_used,
    reason = "our documents have string keys: this cannot fail"
)]
pub fn to_json_pretty<T: Serialize + ?Sized>(value: &T) -> String {
    escaped(serde_json::to_string_pretty(value).expect(TO_MEMORY)) + "\n"
}

/// A count with its noun: `1 run`, `1,204 runs`.
pub fn plural(count: impl ToString + Copy, noun: &str) -> String {
    let count = grouped(count);
    let plural = if count == "1" { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// A whole number with separators for thousands.
pub fn grouped(number: impl ToString + Copy) -> String {
    let mut text = number.to_string();
    for at in (1..text.len()).rev().skip(2).step_by(3) {
        text.insert(at, ',');
    }
    text
}

#[cfg(test)]
mod tests {

    use super::*;

    const HOSTILE: &str = "a\u{1b}[31m\n\u{202e}\u{85}\u{7f}\u{2028}é";

    #[test]
    fn no_path_looks_like_an_option() {
        for (path, shown) in [("-d/a b", "./-d/a b"), ("d", "d"), ("/-d", "/-d"), ("", "")] {
            assert_eq!(visible_path(path), shown);
        }
        assert_eq!(shell_path("-d/a b"), "'./-d/a b'");
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!(plural(1, "record"), "1 record");
        assert_eq!(plural(204, "record"), "204 records");
        assert_eq!(plural(1_204, "record"), "1,204 records");
        assert_eq!(plural(11_015_000_u64, "record"), "11,015,000 records");
    }

    #[test]
    fn hidden_characters_are_made_visible() {
        assert_eq!(
            visible(HOSTILE),
            "a\\u{1b}[31m\\n\\u{202e}\\u{85}\\u{7f}\\u{2028}é"
        );
        assert_eq!(visible_lines("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
        assert_eq!(visible(OsString::from_vec(vec![b'a', 0xff])), "a\\xff");
    }

    #[test]
    fn json_escapes_control_characters_and_reads_back_the_same() {
        let json = to_json_line(HOSTILE);
        assert!(!json.chars().any(is_hidden), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), HOSTILE);
        let tag = to_json_line("\u{e0041}");
        assert_eq!(tag, "\"\\udb40\\udc41\"");
        assert_eq!(serde_json::from_str::<String>(&tag).unwrap(), "\u{e0041}");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_kept_as_base64() {
        let text = Text::from(OsString::from_vec(vec![0xff, 0xfe]));
        assert_eq!(to_json_line(&text), r#"{"b64":"//4="}"#);
        for text in [text.clone(), Text::from("plain")] {
            let json = serde_json::to_value(&text).unwrap();
            assert_eq!(serde_json::from_value::<Text>(json).unwrap(), text);
        }
        assert_eq!(to_json_line(&Text::from("plain")), r#""plain""#);
    }

    #[test]
    fn shell_words_can_be_typed_again() {
        for (word, typed) in [
            ("plain-1.x", "plain-1.x"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("a\nb", "$'a\\x0ab'"),
            ("~", "'~'"),
        ] {
            assert_eq!(shell_word(word), typed);
        }
        for (path, typed) in [("-x", "./-x"), ("-a b", "'./-a b'"), ("a/-x", "a/-x")] {
            assert_eq!(shell_path(path), typed);
        }
        assert_eq!(ls_command("-"), "ls -ld ./-  # its owner and permissions");
    }
}
