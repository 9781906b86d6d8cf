//! Servers on the loopback interface that live as long as the test program.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// What a stand-in server answers to a path and an `Authorization`: a status and JSON.
pub(crate) type Respond = fn(path: &str, authorization: &str) -> (u16, String);

/// Starts a stand-in server and returns its address.
pub(crate) fn serve(respond: Respond) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that is gone needs no answer.
            std::thread::spawn(move || respond_to(&stream, respond).ok());
        }
    });
    address
}

fn respond_to(mut stream: &TcpStream, respond: Respond) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let mut authorization = String::new();
    for line in lines {
        let line = line?;
        match line.split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => {
                value.clone_into(&mut authorization);
            }
            Some(_) => {}
            None => break,
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, body) = respond(path, &authorization);
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Sends a request; returns the body of the answer if it succeeds.
pub(crate) fn send(address: &str, request: &str, header: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {address}\r\n{header}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?;
    status.starts_with('2').then(|| body.to_owned())
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a real server. A shell ends it when its standard input is closed: when the test
/// program ends, however that happens, if it keeps what this returns.
pub(crate) fn start(program: &Path, args: &[&str]) -> Child {
    Command::new("/bin/sh")
        .args(["-c", "\"$@\" & read -r end; kill $!", "sh"])
        .arg(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
