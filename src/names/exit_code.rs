//! The exit codes of qli, as `docs/exit-codes.md` lists them by command.

/// Success.
pub const DONE: u8 = 0;
/// A check found problems.
pub const PROBLEMS: u8 = 1;
/// Wrong usage, or the command could not be carried out.
pub const USAGE: u8 = 2;
/// Refused by a guard, or qli failed before the script ran.
pub const REFUSED: u8 = 125;
/// The script cannot be executed.
pub const NOT_EXECUTABLE: u8 = 126;
/// No such group or extension, or its script is gone.
pub const NOT_FOUND: u8 = 127;

/// The code that a shell shows for a process that a signal ended.
pub fn of_signal(number: i32) -> i32 {
    128 + number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_lists_every_exit_code() {
        let page = include_str!("../../docs/exit-codes.md");
        for code in [DONE, PROBLEMS, USAGE, REFUSED, NOT_EXECUTABLE, NOT_FOUND] {
            let mut rows = page.lines().filter_map(|line| line.split('|').nth(1));
            let listed = |row: &str| row.split(',').any(|one| one.trim() == code.to_string());
            assert!(rows.any(listed), "{code}");
        }
    }
}
