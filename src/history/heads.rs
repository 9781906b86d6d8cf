//! Heads that were kept elsewhere, read back.

use serde_json::Value;

use super::record_view::text;
use crate::audit::Checkpoint;
use crate::names::Sha256;

/// Reads heads: the lines that `qli audit head` prints and that `anchor`
/// tells, or the documents of `qli audit head --format json`. What stands
/// before a line's JSON, as a collector's time and host do, is not looked at,
/// nor is a line without any.
///
/// # Errors
///
/// A line whose JSON has a `chain` and a `hash` and is no head, with its
/// number.
pub fn read_heads(anchors: &[u8]) -> Result<Vec<Checkpoint>, usize> {
    if anchors.trim_ascii_start().starts_with(b"{\n") {
        return documents(anchors).ok_or(1);
    }
    let mut heads = Vec::new();
    for (index, line) in anchors.split(|&byte| byte == b'\n').enumerate() {
        let json = line
            .iter()
            .position(|&byte| byte == b'{')
            .and_then(|at| line.get(at..));
        let Ok(value) = serde_json::from_slice::<Value>(json.unwrap_or_default()) else {
            continue;
        };
        if value.get("chain").is_some() && value.get("hash").is_some() {
            heads.push(head(&value).ok_or(index + 1)?);
        }
    }
    Ok(heads)
}

fn head(value: &Value) -> Option<Checkpoint> {
    let string = |key: &str| value.get(key)?.as_str().map(str::to_owned);
    Some(Checkpoint {
        host: string("host")?,
        chain: string("chain")?,
        seq: value.get("seq")?.as_u64()?,
        hash: Sha256::from_hex(string("hash")?.as_bytes())?,
        timestamp: string("timestamp")?,
        run_id: string("run_id"),
        log: value.get("log").and_then(text),
    })
}

/// Reads documents, one after the other.
fn documents(bytes: &[u8]) -> Option<Vec<Checkpoint>> {
    let mut heads = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        let document = document.ok()?;
        for value in document.get("heads")?.as_array()? {
            heads.push(head(value)?);
        }
    }
    Some(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{is_hidden, to_json_line, to_json_pretty};

    fn sample(log: Option<&str>) -> Checkpoint {
        Checkpoint {
            timestamp: "2026-11-24T10:00:00.000000000Z".to_owned(),
            host: "db 1\u{1b}%".to_owned(),
            chain: "c".to_owned(),
            seq: 41,
            hash: Sha256::of(b""),
            run_id: None,
            log: log.map(Into::into),
        }
    }

    #[test]
    fn a_head_is_one_harmless_line_and_is_read_back() {
        let heads = [sample(Some("/var/log/a b\n.log")), sample(None)];
        let lines = heads.each_ref().map(to_json_line);
        assert!(lines.iter().all(|line| !line.contains(is_hidden)));
        let text = format!(
            "# anchors\nNov 24 10:00:00 db qli[7]: {}\n{}\nother {{\"a\":1}}\n{{\n",
            lines[0], lines[1]
        );
        assert_eq!(read_heads(text.as_bytes()), Ok(heads.to_vec()));
        assert_eq!(read_heads(b"\n{\"chain\":\"c\",\"hash\":\"x\"}\n"), Err(2));
    }

    #[test]
    fn documents_are_read_back_too() {
        let document = serde_json::json!({ "schema_version": 1, "heads": [sample(Some("/l"))] });
        let text = to_json_pretty(&document).repeat(2);
        assert_eq!(read_heads(text.as_bytes()).unwrap().len(), 2);
        assert_eq!(read_heads(b"{\n}"), Err(1));
    }
}
