//! What a record tells people: read with all that is shown of it.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;
use serde_json::Value;

use super::parsed::Str;
use crate::names::Text;

/// A record as it is read for a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct RecordView<'a> {
    #[serde(borrow)]
    pub(super) event: Str<'a>,
    #[serde(borrow)]
    pub(super) timestamp: Str<'a>,
    #[serde(borrow)]
    pub(super) host: Str<'a>,
    #[serde(borrow)]
    pub(super) chain: Str<'a>,
    #[serde(borrow)]
    pub(super) run_id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) group: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) extension: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) user: Option<Str<'a>>,
    pub(super) uid: Option<u32>,
    #[serde(default)]
    pub(super) args: Value,
    #[serde(default, borrow)]
    pub(super) guards: Vec<GuardView<'a>>,
    pub(super) pid: Option<u32>,
    pub(super) process_start: Option<u64>,
    #[serde(borrow)]
    pub(super) boot_id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) step: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) reason: Option<Str<'a>>,
    pub(super) exit_code: Option<i32>,
    #[serde(borrow)]
    pub(super) signal: Option<Str<'a>>,
    #[serde(default, borrow)]
    pub(super) signals: Vec<SignalView<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Str<'a>>,
    pub(super) duration_ms: Option<u64>,
    #[serde(default)]
    pub(super) timed_out: bool,
    #[serde(default)]
    pub(super) spooled: bool,
    #[serde(borrow)]
    pub(super) hash: Str<'a>,
}

/// A step that was passed, or that refused.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GuardView<'a> {
    #[serde(borrow)]
    pub(super) step: Str<'a>,
    #[serde(borrow)]
    pub(super) verdict: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) detail: Option<Str<'a>>,
}

/// A signal that was received.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct SignalView<'a> {
    #[serde(borrow)]
    pub(super) name: Str<'a>,
    pub(super) from_pid: Option<i32>,
    pub(super) from_uid: Option<u32>,
    #[serde(default)]
    pub(super) forwarded: bool,
}

impl<'a> RecordView<'a> {
    /// Reads a line; none if it is no record.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }
}

/// Returns an owned copy.
pub(super) fn owned(text: Option<Str<'_>>) -> Option<String> {
    text.map(|Str(text)| Cow::into_owned(text))
}

/// Reads a text as a record writes it: a string, or `{"b64": "…"}`.
pub(super) fn text(value: &Value) -> Option<Text> {
    if let Some(text) = value.as_str() {
        return Some(text.into());
    }
    let bytes = BASE64_STANDARD.decode(value.get("b64")?.as_str()?).ok()?;
    Some(OsString::from_vec(bytes).into())
}
