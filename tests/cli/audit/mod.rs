//! Logs as qli wrote them, and as somebody left them: read by the real
//! program.
//!
//! Nothing here sleeps. A test waits for a line or a file and gives up after a
//! deadline.

mod anchors;
mod collected;
mod documents;
mod follow;
mod listed;
mod manual;
mod memory;
mod mutations;
mod rotation;
mod streams;
mod unfinished;
mod world;
