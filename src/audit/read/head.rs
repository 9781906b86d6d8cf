//! The newest record of a chain: what is anchored elsewhere, and read back.

use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::told::text;
use crate::names::{Sha256, Text};

/// The word that begins a head on one line. What stands before it, as a
/// collector's time and host do, is not looked at.
const MARK: &str = "qli-head ";

/// The newest record of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Head {
    /// When it was written.
    pub time: String,
    /// The machine.
    pub host: String,
    /// The chain.
    pub chain: String,
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: Sha256,
    /// Its run; absent for a record of none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The log it was in; `-` for standard input.
    pub log: Text,
}

/// One line: the word `qli-head` and `key=value` pairs.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            time,
            host,
            chain,
            seq,
            hash,
            run_id,
            log,
        } = self;
        let [time, host, chain] = [time, host, chain].map(|text| percent(text.as_bytes()));
        let log = percent(log.as_os_str().as_bytes());
        write!(
            f,
            "{MARK}time={time} host={host} chain={chain} seq={seq} hash={hash}"
        )?;
        if let Some(run_id) = run_id {
            write!(f, " run_id={}", percent(run_id.as_bytes()))?;
        }
        write!(f, " log={log}")
    }
}

impl Head {
    /// Reads heads: the lines that `qli audit head` prints, or its JSON
    /// documents. Other lines are passed over.
    ///
    /// # Errors
    ///
    /// A line that begins like a head and is none, with its number.
    pub fn read_all(anchors: &[u8]) -> Result<Vec<Self>, usize> {
        if anchors.trim_ascii_start().starts_with(b"{") {
            return documents(anchors).ok_or(1);
        }
        let mut heads = Vec::new();
        for (index, line) in anchors.split(|&byte| byte == b'\n').enumerate() {
            let line = String::from_utf8_lossy(line);
            if let Some((_, fields)) = line.split_once(MARK) {
                heads.push(Self::of_line(fields).ok_or(index + 1)?);
            }
        }
        Ok(heads)
    }

    fn of_line(fields: &str) -> Option<Self> {
        let field = |key: &str| {
            let mut words = fields.split_ascii_whitespace();
            let value = words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))?;
            plain(value)
        };
        let string = |key: &str| String::from_utf8(field(key)?).ok();
        Some(Self {
            time: string("time")?,
            host: string("host")?,
            chain: string("chain")?,
            seq: string("seq")?.parse().ok()?,
            hash: Sha256::from_hex(&field("hash")?)?,
            run_id: string("run_id"),
            log: OsString::from_vec(field("log")?).into(),
        })
    }

    fn of_value(value: &Value) -> Option<Self> {
        let string = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        Some(Self {
            time: string("time")?,
            host: string("host")?,
            chain: string("chain")?,
            seq: value.get("seq")?.as_u64()?,
            hash: Sha256::from_hex(string("hash")?.as_bytes())?,
            run_id: string("run_id"),
            log: text(value.get("log")?)?,
        })
    }

    /// Returns the log's path.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(self.log.as_os_str())
    }
}

/// Reads the documents of `qli audit head --format json`, one after the other.
fn documents(bytes: &[u8]) -> Option<Vec<Head>> {
    let mut heads = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        let document = document.ok()?;
        for value in document.get("heads")?.as_array()? {
            heads.push(Head::of_value(value)?);
        }
    }
    Some(heads)
}

/// Writes bytes so that they hold neither a space nor what a terminal obeys.
fn percent(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, &byte| {
        if byte.is_ascii_graphic() && byte != b'%' {
            out.push(char::from(byte));
        } else {
            // Writing to a String never fails.
            let _ = write!(out, "%{byte:02x}");
        }
        out
    })
}

fn plain(text: &str) -> Option<Vec<u8>> {
    let mut pieces = text.split('%');
    let mut out = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (hex, rest) = piece.split_at_checked(2)?;
        out.push(u8::from_str_radix(hex, 16).ok()?);
        out.extend(rest.as_bytes());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::to_json_pretty;

    fn head(log: &str) -> Head {
        Head {
            time: "2026-11-24T10:00:00.000000000Z".to_owned(),
            host: "db 1\u{1b}%".to_owned(),
            chain: "c".to_owned(),
            seq: 41,
            hash: Sha256::of(b""),
            run_id: None,
            log: log.into(),
        }
    }

    #[test]
    fn a_head_is_one_harmless_line_and_is_read_back() {
        let heads = [head("/var/log/a b\n.log"), head("-")];
        let lines = heads.each_ref().map(ToString::to_string);
        assert!(lines.iter().all(|line| !line.contains(['\n', '\u{1b}'])));
        let text = format!(
            "# anchors\nNov 24 10:00:00 db qli: {}\n{}\n",
            lines[0], lines[1]
        );
        assert_eq!(Head::read_all(text.as_bytes()), Ok(heads.to_vec()));
        assert_eq!(Head::read_all(b"\nqli-head seq=1\n"), Err(2));
    }

    #[test]
    fn documents_are_read_back_too() {
        let heads = vec![head("/l")];
        let document = serde_json::json!({ "schema_version": 1, "heads": heads });
        let text = to_json_pretty(&document).repeat(2);
        assert_eq!(Head::read_all(text.as_bytes()).unwrap().len(), 2);
        assert_eq!(Head::read_all(b"{}"), Err(1));
    }
}
