//! Hands bytes and open files to another process of qli, over a socket (`SCM_RIGHTS`,
//! unix(7)). It has the socket as its standard input: safe code cannot use a descriptor by
//! its number.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::cmsg_space;
use rustix::io::{FdFlags, fcntl_setfd, retry_on_intr};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use zeroize::Zeroizing;

/// How many files are handed over at most: three for each standard stream.
const MOST: usize = 9;

/// The length of the bytes, and with it the files.
type Length = [u8; 8];

pub(super) fn send(to: &UnixStream, bytes: &[u8], files: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(files));
    let length: Length = (bytes.len() as u64).to_be_bytes();
    sendmsg(
        to,
        &[IoSlice::new(&length)],
        &mut ancillary,
        SendFlags::empty(),
    )?;
    (&*to).write_all(bytes)
}

/// Reads what was handed over. The files are closed when another program is executed.
pub(super) fn receive(from: &UnixStream) -> io::Result<(Zeroizing<Vec<u8>>, Vec<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut length = Length::default();
    let received = retry_on_intr(|| {
        let into = &mut [IoSliceMut::new(&mut length)];
        recvmsg(from, into, &mut ancillary, RecvFlags::empty())
    })?;
    if received.bytes != length.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut files = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            files.extend(received);
        }
    }
    for file in &files {
        fcntl_setfd(file, FdFlags::CLOEXEC)?;
    }
    let length = usize::try_from(u64::from_be_bytes(length)).map_err(io::Error::other)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    (&*from).read_exact(&mut bytes)?;
    Ok((bytes, files))
}

/// The socket that a process of qli was started with.
pub(super) fn socket() -> io::Result<UnixStream> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(UnixStream::from(stdin))
}

#[cfg(test)]
mod tests {
    use std::io::pipe;

    use super::*;

    #[test]
    fn bytes_and_files_arrive_together() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (mut reader, writer) = pipe().unwrap();
        send(&ours, b"a\0b", &[writer.as_fd()]).unwrap();
        drop(writer);
        let (bytes, mut files) = receive(&theirs).unwrap();
        assert_eq!(bytes.as_slice(), b"a\0b");
        std::fs::File::from(files.remove(0))
            .write_all(b"x")
            .unwrap();
        assert!(files.is_empty());
        let mut read = String::new();
        reader.read_to_string(&mut read).unwrap();
        assert_eq!(read, "x");
    }

    #[test]
    fn a_sender_that_is_gone_is_an_error() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        drop(ours);
        assert!(receive(&theirs).is_err());
    }
}
