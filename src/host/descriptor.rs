//! Secrets as open descriptors: a script inherits them, and no file system has them.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::io::{Errno, fcntl_dupfd_cloexec};

/// Scripts choose small numbers for their own (`exec 3<file`), and shells those from 10 on.
const FIRST: i32 = 100;

/// Returns a descriptor from which a value can be read, closed on exec. Its number is that
/// of no other descriptor of qli, inherited ones included.
pub(super) fn holding(bytes: &[u8]) -> io::Result<OwnedFd> {
    let source = source(bytes)?;
    match fcntl_dupfd_cloexec(source.as_fd(), FIRST) {
        // The limit of open files is lower than that (`ulimit -n`).
        Err(Errno::INVAL | Errno::MFILE) => Ok(source),
        other => Ok(other?),
    }
}

/// Memory that no one can write to any more (`memfd_create(2)`).
#[cfg(target_os = "linux")]
fn source(bytes: &[u8]) -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, Mode, SealFlags, fchmod, fcntl_add_seals, memfd_create};
    use std::os::unix::fs::FileExt as _;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = match memfd_create("secret", flags) {
        // The system takes only memory that cannot be executed (vm.memfd_noexec).
        Err(Errno::ACCESS) => memfd_create("secret", flags | MemfdFlags::NOEXEC_SEAL),
        other => other,
    }?;
    let file = std::fs::File::from(memory);
    // Not by the descriptor's own position, which the script shares.
    file.write_all_at(bytes, 0)?;
    fchmod(&file, Mode::RUSR)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}

/// A pipe, which is readable once.
#[cfg(not(target_os = "linux"))]
fn source(bytes: &[u8]) -> io::Result<OwnedFd> {
    use std::io::Write as _;
    let (reader, mut writer) = io::pipe()?;
    // A pipe holds only so much, and no one reads it yet.
    rustix::io::ioctl_fionbio(&writer, true)?;
    writer.write_all(bytes)?;
    Ok(reader.into())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read as _;
    use std::os::fd::AsRawFd as _;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    #[test]
    fn a_descriptor_has_the_value_to_the_byte_and_is_closed_on_exec() {
        for value in [&b"a\0\xff\n\n"[..], b""] {
            let held = holding(value).unwrap();
            assert!(held.as_raw_fd() >= FIRST);
            assert_eq!(fcntl_getfd(&held).unwrap(), FdFlags::CLOEXEC);
            let mut read = Vec::new();
            File::from(held).read_to_end(&mut read).unwrap();
            assert_eq!(read, value);
        }
    }

    #[test]
    fn two_descriptors_have_two_numbers() {
        let [one, two] = [holding(b"1").unwrap(), holding(b"2").unwrap()];
        assert_ne!(one.as_raw_fd(), two.as_raw_fd());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_memory_is_sealed_and_readable_by_its_owner_only() {
        use rustix::fs::{SealFlags, fcntl_get_seals, fstat};
        use std::os::unix::fs::FileExt as _;
        let held = File::from(holding(b"value").unwrap());
        let all = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
        assert_eq!(fcntl_get_seals(&held).unwrap(), all);
        assert_eq!(fstat(&held).unwrap().st_mode & 0o7777, 0o400);
        assert!(held.write_at(b"x", 0).is_err() && held.set_len(9).is_err());
    }
}
