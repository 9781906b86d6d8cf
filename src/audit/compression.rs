//! Compressed logs. qli does not read them, but names the program that does.

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// gzip (RFC 1952).
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz (its format's description, section 2.1.1.1).
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
}

impl Compression {
    const ALL: [Self; 4] = [Self::Gzip, Self::Bzip2, Self::Xz, Self::Zstd];

    /// How many bytes of a file identify its format.
    pub const MAGIC_MAX: usize = 6;

    /// Recognises a file by its first bytes.
    pub fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|one| bytes.starts_with(one.magic()))
    }

    /// Splits a file name into the name without its suffix, and the compression.
    pub fn of_name(name: &str) -> Option<(&str, Self)> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|one| Some((name.strip_suffix(one.suffix())?, one)))
    }

    /// The program that decompresses such a file to stdout.
    pub fn reader(self) -> &'static str {
        match self {
            Self::Gzip => "zcat",
            Self::Bzip2 => "bzcat",
            Self::Xz => "xzcat",
            Self::Zstd => "zstdcat",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Bzip2 => ".bz2",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }

    fn magic(self) -> &'static [u8] {
        match self {
            Self::Gzip => b"\x1f\x8b",
            Self::Bzip2 => b"BZh",
            Self::Xz => b"\xfd7zXZ\0",
            Self::Zstd => b"\x28\xb5\x2f\xfd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_recognised_by_its_name_and_by_its_first_bytes() {
        for one in Compression::ALL {
            assert!(one.magic().len() <= Compression::MAGIC_MAX);
            assert_eq!(Compression::of_bytes(one.magic()), Some(one));
            let name = format!("a.log.1{}", one.suffix());
            assert_eq!(Compression::of_name(&name), Some(("a.log.1", one)));
        }
        for bytes in [&b""[..], b"\x1f", b"{\"event\"", b"\n"] {
            assert_eq!(Compression::of_bytes(bytes), None);
        }
        assert_eq!(Compression::of_name("a.log.1"), None);
    }
}
