//! Reads regular files.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::libc::O_NONBLOCK;
use sha2::Digest as _;

use super::{Contents, FileDigest, HEAD, Stat};
use crate::names::Sha256;

/// Opens a regular file. `O_NONBLOCK`: opening a pipe would wait for its writer.
fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK)
        .open(path)?;
    let metadata = file.metadata()?;
    let stat = Stat::from(&metadata);
    if !stat.is_file() {
        let message = format!("it is {}", stat.kind.as_str());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok((file, metadata))
}

/// Reads once. A read from a network file system may be interrupted by a signal.
fn read_some(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

pub(super) fn read(path: &Path, limit: u64) -> io::Result<Contents> {
    let (mut file, metadata) = open_regular(path)?;
    // One byte more than the file has: one read reaches its end. If it returns
    // anything else, the file is changing or comes in pieces: read on.
    let size = usize::try_from(metadata.len().min(limit)).unwrap_or(0) + 1;
    let mut bytes = vec![0; size];
    let length = read_some(&mut file, &mut bytes)?;
    bytes.truncate(length);
    if length != size - 1 {
        file.take(limit + 1 - length as u64)
            .read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let id = Stat::from(&metadata).id;
    Ok(Contents { id, bytes })
}

pub(super) fn head(path: &Path) -> io::Result<Vec<u8>> {
    let (file, _) = open_regular(path)?;
    let mut head = Vec::with_capacity(HEAD);
    file.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

pub(super) fn digest(path: &Path) -> io::Result<FileDigest> {
    let (mut file, metadata) = open_regular(path)?;
    let mut hasher = sha2::Sha256::new();
    let mut head = Vec::new();
    // One byte more than a short file has, to reach its end in one read.
    let size = metadata.len().min(16 * 1024 - 1);
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(0) + 1];
    loop {
        let length = read_some(&mut file, &mut buffer)?;
        if length == 0 {
            break;
        }
        let chunk = buffer.get(..length).unwrap_or_default();
        let missing = HEAD.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(chunk.get(..missing).unwrap_or_default());
        hasher.update(chunk);
    }
    Ok(FileDigest {
        id: Stat::from(&metadata).id,
        sha256: Sha256::from_bytes(hasher.finalize().into()),
        head,
    })
}
