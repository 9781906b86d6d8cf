//! Anchors: checkpoints kept elsewhere, and the records that must match them.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::parsed::ChainName;
use super::verified::{InputKind, VerifiedInput};
use crate::audit::Checkpoint;
use crate::audit::codec::Seal;

/// The records that have not come yet, by their chain and number.
#[derive(Debug, Default)]
pub(super) struct Anchors(BTreeMap<(Arc<ChainName>, u64), Vec<Checkpoint>>);

impl Anchors {
    pub(super) fn new(checkpoints: Vec<Checkpoint>) -> Self {
        let mut all = Self::default();
        for checkpoint in checkpoints {
            let chain = ChainName::new(&checkpoint.chain, &checkpoint.host);
            let key = (Arc::new(chain), checkpoint.seq);
            all.0.entry(key).or_default().push(checkpoint);
        }
        all
    }

    /// Compares a record of a chain with its anchors, which are then done.
    /// Returns how many match, and those that have another hash.
    pub(super) fn check(
        &mut self,
        chain: &Arc<ChainName>,
        seal: Seal,
        intact: bool,
    ) -> (u64, Vec<Checkpoint>) {
        if self.0.is_empty() {
            return (0, Vec::new());
        }
        let key = (Arc::clone(chain), seal.seq);
        let anchors = self.0.remove(&key).unwrap_or_default();
        let is_met = |anchor: &Checkpoint| anchor.hash == seal.hash;
        let (met, mismatched): (Vec<_>, _) = anchors.into_iter().partition(is_met);
        if intact || met.is_empty() {
            return (met.len() as u64, mismatched);
        }
        // That the record was changed is reported already.
        self.0.insert(key, met);
        (0, mismatched)
    }

    pub(super) fn into_pending(self) -> impl Iterator<Item = Checkpoint> {
        self.0.into_values().flatten()
    }
}

/// Returns whether the anchored log is among the inputs: a stream may contain any
/// log, and the name of a copy or a rotated file begins with the log's name.
pub(super) fn is_given(checkpoint: &Checkpoint, given: &[VerifiedInput]) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.as_bytes().to_vec());
    let anchored = checkpoint.log.as_ref().and_then(|log| name(log.as_ref()));
    let anchored = anchored.unwrap_or_default();
    let begins = |log: &Path| name(log).is_some_and(|name| name.starts_with(&anchored));
    given
        .iter()
        .any(|input| input.kind == InputKind::Stream || begins(&input.log))
}

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
