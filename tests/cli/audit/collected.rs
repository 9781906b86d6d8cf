//! Two rsyslogd configured as in the manual: the collecting one is killed in the
//! middle of 200 runs.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::manual::blocks;
use super::world::World;
use crate::support::{output, until};

const RUNS: usize = 200;

/// A separate rsyslogd, killed on drop.
struct Rsyslogd(Child);

impl Rsyslogd {
    /// Starts it with a block of the manual, with other paths.
    fn start(world: &World, name: &str, block: &str, port: u16) -> Self {
        let work = world.path(&format!("{name}.work"));
        std::fs::create_dir_all(&work).unwrap();
        let at = |name: &str| world.path(name).to_str().unwrap().to_owned();
        let mut config = block.to_owned();
        for (shown, real) in [
            ("/var/spool/rsyslog", work.to_str().unwrap()),
            ("/var/log/qli/*.log", &at("state/*.log")),
            ("/var/log/qli-collected.log", &at("collected")),
            ("collector.example", "127.0.0.1"),
            ("2514", &port.to_string()),
            ("resumeInterval=\"5\"", "resumeInterval=\"1\""),
        ] {
            config = config.replace(shown, real);
        }
        let file = world.path(&format!("{name}.conf"));
        std::fs::write(&file, config).unwrap();
        let mut command = Command::new("/usr/sbin/rsyslogd");
        world.settle(&mut command);
        let errors = std::fs::File::create(world.path(&format!("{name}.errors"))).unwrap();
        command.arg("-n").arg("-f").arg(file);
        command.arg("-i").arg(work.join("pid"));
        command.stdout(Stdio::null()).stderr(errors);
        Self(command.spawn().unwrap())
    }

    /// Starts the collector, and waits until it accepts connections.
    fn collecting(world: &World, block: &str, port: u16) -> Self {
        let collector = Self::start(world, "collector", block, port);
        until("a collector that listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        collector
    }
}

impl Drop for Rsyslogd {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn lines_of(world: &World, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(world.path(name)).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn nothing_is_lost_in_transit_and_the_collected_chain_is_intact() {
    let world = World::new();
    let manifest = std::fs::read_to_string(world.path("root/g/_manifest.toml")).unwrap();
    let manifest = manifest.replace("/log\"", "/g.log\"");
    std::fs::write(world.path("root/g/_manifest.toml"), manifest).unwrap();
    let [sends, collects] = blocks("rsyslog").try_into().unwrap();
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let collector = Rsyslogd::collecting(&world, &collects, port);
    let _sender = Rsyslogd::start(&world, "sender", &sends, port);
    let arrived = || {
        lines_of(&world, "collected")
            .into_iter()
            .collect::<BTreeSet<_>>()
    };

    world.run(RUNS / 4);
    until("the first records", || {
        (!arrived().is_empty()).then_some(())
    });
    drop(collector); // by SIGKILL
    world.run(RUNS / 4);
    let _collector = Rsyslogd::collecting(&world, &collects, port);
    world.run(RUNS / 2);

    let sent: BTreeSet<_> = lines_of(&world, "state/g.log").into_iter().collect();
    assert_eq!(sent.len(), 2 * RUNS);
    until("every record", || {
        (arrived().len() >= sent.len()).then_some(())
    });
    assert_eq!(arrived(), sent);
    let mut command = world.qli(["audit", "verify", "--format", "json", "-"]);
    command.stdin(std::fs::File::open(world.path("collected")).unwrap());
    let verified = output(&mut command);
    let document: serde_json::Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(verified.status.code(), Some(0), "{document:#}");
    assert_eq!(document["chains"][0]["records"], 2 * RUNS);
}
