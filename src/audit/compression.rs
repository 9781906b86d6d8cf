//! Formats of compressed logs. qli does not read them, but names the program that
//! does.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Compression {
    suffix: &'static str,
    /// The first bytes of such a file.
    magic: &'static [u8],
    /// The program that decompresses it to stdout.
    pub reader: &'static str,
}

/// RFC 1952 (gzip), bzip2, section 2.1.1.1 of xz's format, RFC 8878 (Zstandard).
const ALL: [Compression; 4] = [
    format(".gz", b"\x1f\x8b", "zcat"),
    format(".bz2", b"BZh", "bzcat"),
    format(".xz", b"\xfd7zXZ\0", "xzcat"),
    format(".zst", b"\x28\xb5\x2f\xfd", "zstdcat"),
];

const fn format(suffix: &'static str, magic: &'static [u8], reader: &'static str) -> Compression {
    Compression {
        suffix,
        magic,
        reader,
    }
}

impl Compression {
    /// How many bytes of a file identify its format.
    pub const MAGIC_MAX: usize = 6;

    /// Recognises a file by its first bytes.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        ALL.into_iter().find(|one| bytes.starts_with(one.magic))
    }

    /// Splits a file name into the name without its suffix, and the compression.
    pub fn of_name(name: &str) -> Option<(&str, Self)> {
        let mut all = ALL.into_iter();
        all.find_map(|one| Some((name.strip_suffix(one.suffix)?, one)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognised_by_its_name_and_by_its_first_bytes() {
        for one in ALL {
            assert!(one.magic.len() <= Compression::MAGIC_MAX);
            assert_eq!(Compression::of_bytes(one.magic), Some(one));
            let name = format!("a.log.1{}", one.suffix);
            assert_eq!(Compression::of_name(&name), Some(("a.log.1", one)));
        }
        for bytes in [&b""[..], b"\x1f", b"{\"event\"", b"\n"] {
            assert_eq!(Compression::of_bytes(bytes), None);
        }
        assert_eq!(Compression::of_name("a.log.1"), None);
    }
}
