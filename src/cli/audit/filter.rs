//! Which runs are listed.

use super::args::ListArgs;
use super::time::bound;
use crate::history::{Outcome, Run};
use crate::host::{Host as _, System};

/// What a run must match to be listed.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    group: Option<&'a str>,
    extension: Option<&'a str>,
    user: Option<&'a str>,
    host: Option<&'a str>,
    outcome: &'a [Outcome],
    since: Option<String>,
    until: Option<String>,
}

impl<'a> Filter<'a> {
    /// Reads a filter. The error is a message about an invalid time.
    pub(super) fn of(args: &'a ListArgs, host: &System) -> Result<Self, String> {
        let now = host.now();
        let bound = |time: &Option<String>| time.as_ref().map(|time| bound(time, now)).transpose();
        Ok(Self {
            group: args.group.as_deref(),
            extension: args.extension.as_deref(),
            user: args.user.as_deref(),
            host: args.host.as_deref(),
            outcome: &args.outcome,
            since: bound(&args.since)?,
            until: bound(&args.until)?,
        })
    }

    pub(super) fn matches(&self, run: &Run) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        // The times of records can be compared as text.
        let time = run.time();
        is(self.group, &run.group)
            && is(self.extension, &run.extension)
            && is(self.host, &run.host)
            && self.user.is_none_or(|user| is_user(user, run))
            && self.since.as_deref().is_none_or(|since| time >= since)
            && self.until.as_deref().is_none_or(|until| time < until)
            && (self.outcome.is_empty() || self.outcome.contains(&run.outcome))
    }
}

fn is_user(user: &str, run: &Run) -> bool {
    run.user.as_deref() == Some(user) || run.uid.is_some_and(|uid| uid.to_string() == user)
}
