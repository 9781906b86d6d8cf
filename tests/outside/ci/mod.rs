//! What a pipeline does with qli, done for real: pre-commit runs the hook, the
//! scripts of the action run as a runner would run them, and so do the recipes of
//! docs/ci.md, over a checkout that belongs to another user too. And what `tests/run`
//! does when a check fails.

mod action;
mod checkout;
mod hook;
mod recipes;
mod runner;
