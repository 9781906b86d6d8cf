//! Who runs qli, from the kernel and the user database.

use nix::unistd::{Uid, User};

use super::Identity;

/// `/etc/passwd` comes first: nearly every user is in it, and the C library reads
/// `nsswitch.conf(5)` and asks its cache before it does the same. Only other users
/// (LDAP, SSSD, systemd) are looked up by the C library.
pub(super) fn identity(euid: u32) -> Identity {
    let uid = nix::unistd::getuid();
    let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
    Identity {
        uid: uid.as_raw(),
        euid,
        user: name_in(&passwd, uid).or_else(|| name_from_libc(uid)),
        host: host(),
    }
}

/// The machine's name.
pub(super) fn host() -> String {
    let host = nix::unistd::gethostname().unwrap_or_default();
    host.to_string_lossy().into_owned()
}

/// A static glibc would load modules built for the system's glibc, which ends in
/// SIGSEGV even at the same version (Debian 12: `libnss_systemd`). It is not asked: a
/// user without a name can still run a script.
fn name_from_libc(uid: Uid) -> Option<String> {
    if cfg!(all(target_env = "gnu", target_feature = "crt-static")) {
        return None;
    }
    User::from_uid(uid).ok().flatten().map(|user| user.name)
}

/// Finds the first user of a uid in the text of a `passwd(5)`. Skips lines that are not
/// users, such as comments and includes (`+`), and names that are not UTF-8.
fn name_in(passwd: &[u8], uid: Uid) -> Option<String> {
    let names = passwd.split(|&byte| byte == b'\n').filter_map(|line| {
        let mut fields = std::str::from_utf8(line).ok()?.split(':');
        let (name, _password, id) = (fields.next()?, fields.next()?, fields.next()?);
        let is_user = !name.is_empty() && !name.starts_with(['+', '-', '#']);
        (is_user && fields.count() == 4 && id.parse() == Ok(uid.as_raw())).then_some(name)
    });
    names.map(str::to_owned).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_user_of_a_uid_is_found_and_other_lines_are_skipped() {
        let text = b"# root\n+nis::::::\n#x:x:7:7::/:/bin/sh\nshort:x:7\n:x:7:7::/:/bin/sh\n\
            \xff:x:7:7::/:/bin/sh\nops:x:7:7:Ops,,,:/home/ops:/bin/sh\nlate:x:7:7::/:/bin/sh";
        assert_eq!(name_in(text, Uid::from_raw(7)).as_deref(), Some("ops"));
        assert_eq!(name_in(text, Uid::from_raw(8)), None);
        assert_eq!(name_in(b"", Uid::from_raw(0)), None);
    }

    #[test]
    fn the_c_library_returns_the_same_name_for_every_user_of_this_machine() {
        let file = std::fs::read("/etc/passwd").unwrap();
        let text = String::from_utf8_lossy(&file);
        let thirds = text
            .lines()
            .filter_map(|line| line.split(':').nth(2)?.parse().ok());
        let mut count = 0;
        for uid in thirds.map(Uid::from_raw) {
            let ours = name_in(&file, uid);
            let theirs = User::from_uid(uid).unwrap().map(|user| user.name);
            assert_eq!(ours, theirs, "{uid}");
            count += 1;
        }
        assert!(count > 0);
    }
}
