//! Clients of servers on this machine.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::interactive::JOB;
use super::{VALUE, assert_same_screen, installed};
use crate::support::{is_root, output, until};

/// Ends with its test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A command that does not run as root, which a database refuses.
fn as_user(program: &str) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    let ids = ["--reuid=nobody", "--regid=nogroup", "--clear-groups"];
    command.args(ids).arg(program);
    command
}

fn assert_success(command: &mut Command) {
    let ended = output(command);
    assert!(ended.status.success(), "{command:?}: {ended:?}");
}

/// A throw-away cluster, whose socket is in this directory.
fn postgres(directory: &Path) -> Server {
    let places = ["/usr/lib/postgresql/*/bin", "/usr/bin"];
    if is_root() {
        crate::support::give_away(directory, crate::support::NOBODY);
    }
    let data = directory.join("data");
    let mut initdb = as_user(&installed("initdb", &places));
    initdb.args(["--no-sync", "--auth=trust", "--username=me", "--pgdata"]);
    assert_success(initdb.arg(&data).current_dir(directory));
    let mut server = as_user(&installed("postgres", &places));
    server.arg("-D").arg(&data).arg("-k").arg(directory);
    server.args(["-c", "listen_addresses=", "-F"]);
    server.current_dir(directory).stdin(Stdio::null());
    let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let server = Server(server.unwrap());
    let socket = directory.join(".s.PGSQL.5432");
    until("a socket of PostgreSQL", || {
        std::os::unix::net::UnixStream::connect(&socket).ok()
    });
    until("PostgreSQL", || {
        let mut psql = Command::new("psql");
        psql.arg("-h")
            .arg(directory)
            .args(["-U", "me", "-c", "", "postgres"]);
        output(&mut psql).status.success().then_some(())
    });
    server
}

#[test]
fn psql_shows_the_same() {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let _server = postgres(directory.path());
    let psql = format!(
        "exec psql -X -q -h {} -U me -v token=\"$TOKEN\" postgres",
        directory.path().display()
    );
    let row = format!("{VALUE}\r\n");
    assert_same_screen(
        |_| {},
        &psql,
        &[
            ("", "postgres=# "),
            ("\\pset pager off\r", "postgres=# "),
            ("select :'token';\r", &row),
            ("", "postgres=# "),
            ("select\r", "postgres-# "),
            ("\x03", "postgres=# "),
            ("\\watch\x7f\x7f\x7f\x7f\x7fecho hi\r", "hi\r\n"),
            ("", "postgres=# "),
            ("\\q\r", ""),
        ],
    );
}

/// A server on a free port of this machine, for this user alone.
fn sshd(directory: &Path) -> (Server, u16) {
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    for name in ["host", "key"] {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]);
        assert_success(keygen.arg(directory.join(name)));
    }
    let shown = directory.display();
    let config = format!(
        "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host\n\
         AuthorizedKeysFile {shown}/key.pub\nStrictModes no\nUsePAM no\nPidFile none\n\
         PrintMotd no\nPrintLastLog no\nPermitRootLogin yes\nAcceptEnv TOKEN\n"
    );
    std::fs::write(directory.join("config"), config).unwrap();
    if is_root() {
        std::fs::create_dir_all("/run/sshd").unwrap();
    }
    let mut server = Command::new(installed("sshd", &["/usr/sbin", "/usr/bin"]));
    server.arg("-D").arg("-f").arg(directory.join("config"));
    server.stdin(Stdio::null()).stdout(Stdio::null());
    let server = Server(server.stderr(Stdio::null()).spawn().unwrap());
    until("sshd", || {
        std::net::TcpStream::connect(("127.0.0.1", port)).ok()
    });
    (server, port)
}

#[test]
fn ssh_shows_the_same() {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let (_server, port) = sshd(directory.path());
    let ssh = format!(
        "exec ssh -F none -t -q -i {}/key -p {port} -o StrictHostKeyChecking=no \
         -o UserKnownHostsFile=/dev/null -o SendEnv=TOKEN 127.0.0.1 \
         'PS1=far\\>\\  exec bash --norc --noprofile -i'",
        directory.path().display()
    );
    let value = format!("{VALUE}\r\n");
    std::fs::write(directory.path().join("job"), JOB).unwrap();
    let job = format!("perl {}/job\r", directory.path().display());
    assert_same_screen(
        |_| {},
        &ssh,
        &[
            ("", "far> "),
            ("printenv TOKEN\r", &value),
            ("", "far> "),
            ("stty size\r", "24 80\r\n"),
            ("", "far> "),
            (&job, "started\r\n"),
            ("\x1a", "Stopped"),
            ("", "far> "),
            ("fg\r", "continued\r\n"),
            ("\x03", "far> "),
            ("exit 0\r", "exit"),
        ],
    );
}
