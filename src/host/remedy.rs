//! The command that shows the cause of a system error.

use std::io;
use std::path::Path;

use nix::errno::Errno;

use crate::names::{ls_command, shell_path};

/// Shows why a path cannot be used: its owner and permissions, unless the error is
/// about something else.
pub fn diagnosis(error: &io::Error, path: &Path) -> String {
    beyond_the_path(error, path).unwrap_or_else(|| ls_command(path))
}

/// The same for an error that neither the owner nor the permissions of a path explain.
pub fn beyond_the_path(error: &io::Error, path: &Path) -> Option<String> {
    let errno = Errno::from_raw(error.raw_os_error()?);
    let (_, command) = COMMANDS.iter().find(|(of, _)| *of == errno)?;
    Some(command.replace("PATH", &shell_path(path)))
}

const COMMANDS: [(Errno, &str); 16] = [
    (
        Errno::EPERM,
        "lsattr -d PATH  # whether it is immutable or append-only",
    ),
    (
        Errno::ECONNREFUSED,
        "fuser -v PATH  # which process listens on it",
    ),
    (
        Errno::ENOSPC,
        "df -h PATH; df -i PATH  # free space and free inodes",
    ),
    (Errno::EDQUOT, "quota -s  # how much you may store"),
    (
        Errno::EROFS,
        "findmnt -T PATH  # whether it is mounted read-only",
    ),
    (Errno::EFBIG, "ulimit -f  # how large a file may be"),
    (
        Errno::ENOLCK,
        "findmnt -T PATH  # a file system that gives no locks",
    ),
    (
        Errno::EMFILE,
        "ulimit -n  # how many files a process may open",
    ),
    (
        Errno::ENFILE,
        "cat /proc/sys/fs/file-nr  # open files, and how many may be",
    ),
    (
        Errno::EAGAIN,
        "ulimit -u  # how many processes you may have",
    ),
    (Errno::ENOMEM, "free -h  # free memory"),
    (
        Errno::ENAMETOOLONG,
        "getconf NAME_MAX /  # how long a name may be",
    ),
    (Errno::ELOOP, "namei -l PATH  # the links on the way"),
    (
        Errno::ETXTBSY,
        "fuser -v PATH  # which process writes to it",
    ),
    (Errno::ENOEXEC, "file PATH  # which kind of program it is"),
    (Errno::EIO, "dmesg | tail  # what the kernel reports"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_shown_by_its_own_command() {
        for (errno, command) in [
            (Errno::EACCES, "ls -ld '/a b'"),
            (Errno::EPERM, "lsattr -d '/a b'"),
            (Errno::ECONNREFUSED, "fuser -v '/a b'"),
            (Errno::ENOSPC, "df -h '/a b'; df -i '/a b'"),
            (Errno::EDQUOT, "quota -s"),
            (Errno::EROFS, "findmnt -T '/a b'"),
            (Errno::ENOLCK, "findmnt -T '/a b'"),
            (Errno::EMFILE, "ulimit -n"),
            (Errno::ENFILE, "cat /proc/sys/fs/file-nr"),
            (Errno::ENAMETOOLONG, "getconf NAME_MAX /"),
            (Errno::ELOOP, "namei -l '/a b'"),
            (Errno::ETXTBSY, "fuser -v '/a b'"),
        ] {
            let shown = diagnosis(&errno.into(), Path::new("/a b"));
            assert_eq!(shown.split("  # ").next(), Some(command), "{errno}");
        }
        let other = io::Error::other("odd");
        assert_eq!(diagnosis(&other, Path::new("/a")), ls_command("/a"));
    }
}
