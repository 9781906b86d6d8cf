//! Reads intact and damaged logs with the real program.
//!
//! Nothing here sleeps: a test waits for a line or a file, with a deadline.

mod anchors;
mod closed;
mod collected;
mod documents;
mod follow;
mod listed;
mod manual;
mod memory;
mod missing;
mod mutations;
mod rotation;
mod streams;
mod unfinished;
mod world;
