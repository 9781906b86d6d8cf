//! `sudo` with a password, once with a relay of its own.

use std::process::Command;

use super::{VALUE, assert_same_screen_of, put};
use crate::support::{fed, give_away, is_root};
use crate::world::World;

const USER: u32 = 4242;
const PASSWORD: &str = "correct horse";

/// As a user with that password, in a namespace that has one.
const LINE: &str = "exec unshare --mount sh -ec '
    for file in passwd shadow sudoers; do mount --bind etc/$file /etc/$file; done
    exec setpriv --reuid=4242 --regid=4242 --clear-groups $QLI it'";

fn prepare(world: &World, defaults: &str) {
    give_away(&world.path(""), USER);
    std::fs::create_dir(world.path("etc")).unwrap();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap();
    let user = format!("me:x:{USER}:{USER}::/:/bin/sh\n");
    put(world, "etc/passwd", &(passwd + &user));
    crate::support::set_mode(&world.path("etc/passwd"), 0o644);
    let mut openssl = Command::new("openssl");
    let hash = fed(
        openssl.args(["passwd", "-6", "-stdin"]),
        PASSWORD.as_bytes(),
    );
    let shadow = format!("root:*:1::::::\nme:{}:1::::::\n", hash.trim());
    put(world, "etc/shadow", &shadow);
    put(
        world,
        "etc/sudoers",
        &format!("Defaults {defaults}, !lecture\nme ALL=(ALL) SETENV: ALL\n"),
    );
}

#[test]
fn sudo_asks_for_a_password_and_runs_a_shell() {
    assert!(is_root(), "a user with a password: run the tests as root");
    let value = format!("{VALUE}\r\n");
    let password = format!("{PASSWORD}\r");
    for defaults in ["use_pty", "!use_pty"] {
        assert_same_screen_of(
            LINE,
            |world| prepare(world, defaults),
            "exec sudo -k TOKEN=\"$TOKEN\" PS1='ready> ' bash --norc --noprofile -i",
            &[
                ("", "password for me: "),
                (&password, "ready> "),
                ("id -un\r", "root\r\n"),
                ("", "ready> "),
                ("printenv TOKEN\r", &value),
                ("", "ready> "),
                ("stty size\r", "24 80\r\n"),
                ("", "ready> "),
                ("exit 0\r", "exit"),
            ],
        );
    }
}
