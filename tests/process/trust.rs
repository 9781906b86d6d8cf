//! Who can change what runs, as the filesystem says it.

use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

use crate::support::{output, set_mode};
use crate::world::{World, code};

/// `user::rwx,user:7702:rw-,group::r--,mask::rw-,other::r--` (`linux/posix_acl_xattr.h`).
fn stranger_may_write() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] = [
        (0x01, 7, u32::MAX),
        (0x02, 6, 7702),
        (0x04, 4, u32::MAX),
        (0x10, 6, u32::MAX),
        (0x20, 4, u32::MAX),
    ];
    let entries = entries.into_iter().flat_map(|(tag, may, id)| {
        let ids = id.to_le_bytes();
        [
            tag.to_le_bytes(),
            may.to_le_bytes(),
            [ids[0], ids[1]],
            [ids[2], ids[3]],
        ]
        .concat()
    });
    [2, 0, 0, 0].into_iter().chain(entries).collect()
}

/// Gives a path an access control list by which a stranger may write.
pub(crate) fn let_stranger_write(path: &Path) {
    let value = stranger_may_write();
    setxattr(path, "system.posix_acl_access", &value, XattrFlags::empty()).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_user_in_an_access_control_list_is_not_taken_for_the_group() {
    for path in ["root/g/hello", "root/g/_manifest.toml", "root/g"] {
        let world = World::new("").script("hello", "");
        assert_eq!(code(&mut world.qli(["hello"])), Some(0));
        let_stranger_write(&world.path(path));
        assert_eq!(code(&mut world.qli(["hello"])), Some(125), "{path}");
    }
}

const KEYS: &str = "[[secrets]]\nenv = \"S\"\nref = \"$KEYS/link\"\nprovider = \"file\"";

#[test]
fn a_file_with_a_secret_is_followed_and_no_one_else_may_change_it() {
    let world = World::new(KEYS).script("hello", "printf %s \"$S\"");
    let at = |name: &str| world.path("keys").join(name);
    std::fs::create_dir_all(at("real")).unwrap();
    std::fs::write(at("real/db"), "hunter2\n").unwrap();
    std::os::unix::fs::symlink("real/db", at("link")).unwrap();
    let run = || output(world.qli(["hello"]).env("KEYS", at("")));
    assert_eq!(run().stdout, b"hunter2");
    for (name, open, closed) in [("real/db", 0o602, 0o600), ("real", 0o757, 0o755)] {
        set_mode(&at(name), open);
        assert_eq!(run().status.code(), Some(125), "{name}");
        set_mode(&at(name), closed);
    }
    assert_eq!(run().status.code(), Some(0));
    let_stranger_write(&at("real/db"));
    assert_eq!(run().status.code(), Some(125));
}
