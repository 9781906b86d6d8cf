//! Checkpoints that were kept elsewhere, read back.

use serde::Deserialize;
use serde_json::Value;

use crate::audit::Checkpoint;

/// The document of `qli audit head --format json`.
#[derive(Deserialize)]
struct Document {
    heads: Vec<Checkpoint>,
}

/// Reads checkpoints: the lines that `qli audit head` prints and `anchor`
/// writes, or documents of `qli audit head --format json`. Text before a line's
/// JSON, such as a collector's time and host, is ignored, and so is a line
/// without JSON.
///
/// # Errors
///
/// The number of a line whose JSON has a `chain` and a `hash` but is not a
/// checkpoint.
pub fn read_checkpoints(anchors: &[u8]) -> Result<Vec<Checkpoint>, usize> {
    if anchors.trim_ascii_start().starts_with(b"{\n") {
        let documents = serde_json::Deserializer::from_slice(anchors).into_iter::<Document>();
        let heads = documents.map(|document| document.map(|document| document.heads));
        let heads = heads.collect::<Result<Vec<_>, _>>().map_err(|_| 1_usize)?;
        return Ok(heads.concat());
    }
    let mut checkpoints = Vec::new();
    for (index, line) in anchors.split(|&byte| byte == b'\n').enumerate() {
        let json = line
            .iter()
            .position(|&byte| byte == b'{')
            .and_then(|at| line.get(at..));
        let Ok(value) = serde_json::from_slice::<Value>(json.unwrap_or_default()) else {
            continue;
        };
        if value.get("chain").is_some() && value.get("hash").is_some() {
            checkpoints.push(serde_json::from_value(value).map_err(|_| index + 1)?);
        }
    }
    Ok(checkpoints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{Sha256, is_hidden, to_json_line, to_json_pretty};

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
    fn a_checkpoint_is_one_line_and_is_read_back() {
        let heads = [sample(Some("/var/log/a b\n.log")), sample(None)];
        let lines = heads.each_ref().map(to_json_line);
        assert!(lines.iter().all(|line| !line.contains(is_hidden)));
        let text = format!(
            "# anchors\nNov 24 10:00:00 db qli[7]: {}\n{}\nother {{\"a\":1}}\n{{\n",
            lines[0], lines[1]
        );
        assert_eq!(read_checkpoints(text.as_bytes()), Ok(heads.to_vec()));
        assert_eq!(
            read_checkpoints(b"\n{\"chain\":\"c\",\"hash\":\"x\"}\n"),
            Err(2)
        );
    }

    #[test]
    fn documents_are_read_back_too() {
        let document = serde_json::json!({ "schema_version": 1, "heads": [sample(Some("/l"))] });
        let text = to_json_pretty(&document).repeat(2);
        assert_eq!(read_checkpoints(text.as_bytes()).unwrap().len(), 2);
        assert_eq!(read_checkpoints(b"{\n}"), Err(1));
    }
}
