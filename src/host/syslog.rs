//! The system log, through its local socket.

use std::io::{self, Write as _};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

/// syslog(3)
const SOCKET: &str = "/dev/log";

/// authpriv.notice: facility 10, severity 5 (RFC 5424, section 6.2.1).
const PRIORITY: u32 = 10 * 8 + 5;

/// After this, syslog counts as unavailable.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends one line in the form of RFC 3164 without its time: the daemon adds its own.
pub(super) fn send(line: &str) -> io::Result<()> {
    let message = format!("<{PRIORITY}>qli[{}]: {line}", std::process::id());
    let socket = UnixDatagram::unbound()?;
    match socket.connect(SOCKET) {
        // A daemon may listen for a stream instead; its records end with NUL.
        Err(error) if error.raw_os_error() == Some(nix::libc::EPROTOTYPE) => {
            let mut stream = UnixStream::connect(SOCKET)?;
            stream.set_write_timeout(Some(WRITE_TIMEOUT))?;
            stream.write_all(&[message.as_bytes(), &[0]].concat())
        }
        connected => {
            connected?;
            socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
            socket.send(message.as_bytes()).map(|_| ())
        }
    }
}
