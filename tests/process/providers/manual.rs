//! The examples of docs/secrets.md: a small vault behind HTTP becomes a provider, by a table
//! and by a program that speaks the protocol. Both call curl.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;

use super::runs::{hello, marker, refused, with_manifest};
use crate::support::set_mode;
use crate::world::{World, code};

/// As the manual names the vault.
const MANUAL_S: &str = "https://vault.example.com";

/// A vault on the loopback interface. It knows `db/password`, and one token.
struct Vault(String);

impl Vault {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // It ends with the test's process.
        std::thread::spawn(move || {
            for request in listener.incoming() {
                answer(request.unwrap());
            }
        });
        Self(format!("http://{address}"))
    }
}

fn answer(mut stream: TcpStream) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let headers = lines
        .map_while(Result::ok)
        .take_while(|line| !line.is_empty());
    let headers: Vec<_> = headers.map(|line| line.to_ascii_lowercase()).collect();
    // `ops:token-1`, as a `.netrc` is sent.
    let known = [
        "x-vault-token: token-1",
        "authorization: basic b3bzonrva2vuLTE=",
    ];
    let is_known = headers
        .iter()
        .any(|line| known.map(str::to_ascii_lowercase).contains(line));
    let path = first.split(' ').nth(1).unwrap().replace("%2F", "/");
    let (status, body) = match &*path {
        _ if !is_known => ("401 Unauthorized", "{}"),
        "/v1/db/password" => ("200 OK", r#"{"data":{"value":"p\u00e4ss\n","user":"u"}}"#),
        "/v1/db/closed" => ("403 Forbidden", "{}"),
        _ => ("404 Not Found", "{}"),
    };
    let length = body.len();
    let close = "Connection: close";
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{close}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

/// The block of the manual that contains a text.
fn block(part: &str) -> &'static str {
    let manual = include_str!("../../../docs/secrets.md");
    let blocks = manual.split("```").skip(1).step_by(2);
    let mut found = blocks.filter(|block| block.contains(part));
    found.next().unwrap().split_once('\n').unwrap().1
}

/// A group whose secret comes from this reference.
fn by_table(url: &str, reference: &str) -> World {
    let table = block("program = \"/usr/bin/curl\"").replace(MANUAL_S, url);
    let world = with_manifest(&format!(
        "[[secrets]]\nenv = \"S\"\nref = \"{reference}\"\nprovider = \"corp_vault\"\n{table}"
    ));
    let netrc = "machine 127.0.0.1 login ops password token-1\n";
    std::fs::write(world.path("home/.netrc"), netrc).unwrap();
    world.script("hello", "printf %s \"$S\" >\"$MARK\"")
}

fn by_protocol(url: &str, reference: &str) -> World {
    let program = block("#!/bin/sh").replace(MANUAL_S, url);
    let table = block("program = \"/opt/corp/bin/broker\"").replace("/opt/corp/bin", "BIN");
    let secret = |env, reference| {
        format!("[[secrets]]\nenv = \"{env}\"\nref = \"{reference}\"\nprovider = \"broker\"\n")
    };
    let secrets = [secret("S", reference), secret("T", "db/password")].concat();
    let world = with_manifest(&format!("{secrets}{table}"));
    world
        .executable("bin/broker", &program)
        .script("hello", "printf %s \"$S\" >\"$MARK\"")
}

fn run(world: &World, token: &str) -> Command {
    let mut command = hello(world);
    command.env("CORP_TOKEN", token);
    command
}

const FAILURES: [(&str, &str); 3] = [
    ("db/closed", "secret-denied"),
    ("db/none", "secret-missing"),
    ("other", "secret-missing"),
];

#[test]
fn a_vault_behind_http_is_a_provider_by_a_table() {
    let Vault(url) = Vault::start();
    let world = by_table(&url, "db/password#value");
    assert_eq!(code(&mut hello(&world)), Some(0));
    assert_eq!(marker(&world), "p\u{e4}ss\n");
    let refused_as = |world: &World, why: &str| {
        let said = refused(world, &mut hello(world));
        assert!(said.contains(why), "{why}: {said}");
    };
    for (path, why) in FAILURES {
        refused_as(&by_table(&url, &format!("{path}#value")), why);
    }
    refused_as(&by_table(&url, "db/password#none"), "secret-missing");
    let signed_out = by_table(&url, "db/password#value");
    std::fs::write(signed_out.path("home/.netrc"), "").unwrap();
    refused_as(&signed_out, "secret-signed-out");
    refused_as(
        &by_table("http://127.0.0.1:1", "db/password#value"),
        "secret-unreachable",
    );
}

#[test]
fn a_vault_behind_http_is_a_provider_by_the_protocol() {
    let Vault(url) = Vault::start();
    let world = by_protocol(&url, "db/password");
    assert_eq!(code(&mut run(&world, "token-1")), Some(0));
    assert_eq!(marker(&world), "p\u{e4}ss\n");
    let refused_as = |world: &World, token: &str, why: &str| {
        let said = refused(world, &mut run(world, token));
        assert!(said.contains(why), "{why}: {said}");
    };
    for (path, why) in FAILURES {
        refused_as(&by_protocol(&url, path), "token-1", why);
    }
    refused_as(
        &by_protocol(&url, "db/password"),
        "token-2",
        "secret-signed-out",
    );
    let none = by_protocol("http://127.0.0.1:1", "db/password");
    refused_as(&none, "token-1", "secret-unreachable");
}

#[test]
fn neither_token_nor_value_is_an_argument_of_what_the_program_starts() {
    let Vault(url) = Vault::start();
    let world = by_protocol(&url, "db/password");
    let line = "exec strace -f -qq -s 9999 -o trace -e trace=execve $QLI hello";
    let mut command = world.sh(line);
    command
        .env("CORP_TOKEN", "token-1")
        .env("MARK", world.path("marker"));
    assert_eq!(code(&mut command), Some(0));
    let trace = std::fs::read_to_string(world.path("trace")).unwrap();
    assert!(
        trace.contains("/curl\"") && trace.contains("db%2Fpassword"),
        "{trace}"
    );
    assert!(
        !trace.contains("token-1") && !trace.contains("ss\\n"),
        "{trace}"
    );
}

/// The program alone answers as the manual says it can be tried.
#[test]
fn the_program_of_the_manual_can_be_tried_by_itself() {
    let Vault(url) = Vault::start();
    let world = by_protocol(&url, "db/password");
    set_mode(&world.path("bin/broker"), 0o755);
    let line = "echo '{\"qli\":1,\"refs\":[\"db/password\"]}' | bin/broker >answer";
    let mut command = world.sh(line);
    assert_eq!(code(command.env("CORP_TOKEN", "token-1")), Some(0));
    let answer = std::fs::read(world.path("answer")).unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(answer["values"]["db/password"]["text"], "p\u{e4}ss\n");
}
