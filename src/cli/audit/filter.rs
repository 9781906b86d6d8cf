//! Which runs are listed.

use super::args::ListArgs;
use super::time::bound;
use crate::history::{Outcome, Run};
use crate::host::{Host, HostView, System};

/// What a run must be to be listed.
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
    /// Reads a filter.
    ///
    /// # Errors
    ///
    /// A time that is none, in words.
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

    /// Says whether a run is listed.
    pub(super) fn takes(&self, run: &Run, view: &dyn HostView) -> bool {
        let is = |wanted: Option<&str>, found: &str| wanted.is_none_or(|wanted| wanted == found);
        // Records write times so that they can be compared as texts.
        let time = run.started.as_ref().or(run.ended.as_ref());
        let time = time.map_or("", String::as_str);
        is(self.group, &run.group)
            && is(self.extension, &run.extension)
            && is(self.host, &run.host)
            && self.user.is_none_or(|user| is_user(user, run))
            && self.since.as_deref().is_none_or(|since| time >= since)
            && self.until.as_deref().is_none_or(|until| time < until)
            && (self.outcome.is_empty() || self.outcome.contains(&run.outcome(view)))
    }
}

fn is_user(user: &str, run: &Run) -> bool {
    run.user.as_deref() == Some(user) || run.uid.is_some_and(|uid| uid.to_string() == user)
}
