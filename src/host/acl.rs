//! POSIX access control lists (acl(5)). A file that has one shows its mask in the bits
//! of its group, and who may write is in the list.

/// Who may write to a file besides its owner and everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acl {
    /// Users that are named.
    pub users: Vec<u32>,
    /// Whether a group may.
    pub by_group: bool,
}

/// The layout of `system.posix_acl_access` (`linux/posix_acl_xattr.h`), in little endian:
/// a version, then tag, permissions and id of each entry.
const VERSION: [u8; 4] = [2, 0, 0, 0];
const ENTRY: usize = 8;

const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;

const WRITE: u16 = 2;

impl Acl {
    /// Reads the value of the attribute; `None` if its layout is unknown.
    pub(super) fn parse(value: &[u8]) -> Option<Self> {
        let entries = value.strip_prefix(&VERSION)?.chunks(ENTRY).map(|entry| {
            let [t0, t1, p0, p1, i0, i1, i2, i3] = *entry else {
                return None;
            };
            let (tag, permissions) = (u16::from_le_bytes([t0, t1]), u16::from_le_bytes([p0, p1]));
            Some((tag, permissions, u32::from_le_bytes([i0, i1, i2, i3])))
        });
        let entries: Vec<_> = entries.collect::<Option<_>>()?;
        let mask = entries.iter().find(|(tag, ..)| *tag == MASK);
        let mask = mask.map_or(u16::MAX, |(_, permissions, _)| *permissions);
        let mut acl = Self::default();
        for (tag, _, id) in entries.iter().filter(|(_, may, _)| may & mask & WRITE != 0) {
            match *tag {
                USER => acl.users.push(*id),
                OWNING_GROUP | GROUP => acl.by_group = true,
                _ => {}
            }
        }
        Some(acl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(entries: &[(u16, u16, u32)]) -> Vec<u8> {
        let entries = entries.iter().flat_map(|(tag, may, id)| {
            let head = [tag.to_le_bytes(), may.to_le_bytes()].concat();
            [head, id.to_le_bytes().to_vec()].concat()
        });
        VERSION.into_iter().chain(entries).collect()
    }

    #[test]
    fn only_what_the_mask_leaves_counts() {
        let entries = |mask| {
            value(&[
                (1, 6, 0),
                (USER, 6, 7),
                (USER, 4, 8),
                (4, 4, 0),
                (MASK, mask, 0),
            ])
        };
        let named = Acl {
            users: vec![7],
            by_group: false,
        };
        assert_eq!(Acl::parse(&entries(6)), Some(named));
        assert_eq!(Acl::parse(&entries(4)), Some(Acl::default()));
    }

    #[test]
    fn named_groups_count_as_groups() {
        for tag in [OWNING_GROUP, GROUP] {
            let acl = Acl::parse(&value(&[(tag, 6, 5), (MASK, 7, 0)])).unwrap();
            assert_eq!((acl.users, acl.by_group), (vec![], true));
        }
    }

    #[test]
    fn another_layout_is_unknown() {
        assert_eq!(Acl::parse(b""), None);
        assert_eq!(Acl::parse(&[1, 0, 0, 0]), None);
        assert_eq!(Acl::parse(&[2, 0, 0, 0, 1]), None);
    }
}
