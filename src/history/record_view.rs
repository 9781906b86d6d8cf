//! A record with everything that a list of runs shows.

use serde::{Deserialize, Deserializer};

use crate::audit::codec::Str;
use crate::audit::{EventName, RecordedArgs, SignalRecord};

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
    #[serde(default, deserialize_with = "if_known")]
    pub(super) args: Option<RecordedArgs>,
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
    #[serde(default)]
    pub(super) signals: Vec<SignalRecord>,
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

/// A step that passed, or that refused.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct GuardView<'a> {
    #[serde(borrow)]
    pub(super) step: Str<'a>,
    #[serde(borrow)]
    pub(super) verdict: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) detail: Option<Str<'a>>,
}

/// Reads arguments; a form that a later version may have is passed over, and
/// the rest of the record is shown.
fn if_known<'de, D: Deserializer<'de>>(from: D) -> Result<Option<RecordedArgs>, D::Error> {
    let json = serde_json::Value::deserialize(from)?;
    Ok(RecordedArgs::deserialize(json).ok())
}

impl<'a> RecordView<'a> {
    /// Parses a line; none if it is not a record.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(line).ok()
    }

    /// Returns the event; none for one that this version does not know.
    pub(super) fn event(&self) -> Option<EventName> {
        EventName::of(&self.event)
    }
}
