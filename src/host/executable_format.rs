//! Whether the kernel knows the format of a program that is no script.
//!
//! Only Linux is known here. Elsewhere every binary counts as known.

use std::ffi::OsStr;
use std::io::SeekFrom;
use std::path::Path;

use super::{HostView, is_absent};

/// Why the kernel does not know a format; follows the file in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatFault {
    #[error("is empty")]
    Empty,
    #[error("has no `#!` line and is no program")]
    Text,
    #[error("is a program for {0}, which this system cannot execute")]
    OtherMachine(String),
    #[error("has a format that this system cannot execute")]
    Unknown,
    /// Of a dynamic program, such as one for another libc.
    #[error("needs the loader `{0}`, which does not exist")]
    NoLoader(String),
}

/// Finds a fault in the first bytes of a file that does not begin with `#!`.
pub(super) fn fault(path: &Path, head: &[u8], view: &dyn HostView) -> Option<FormatFault> {
    let fault = if head.is_empty() {
        FormatFault::Empty
    } else if head.starts_with(b"\x7fELF") {
        elf_fault(head)?
    } else if head.contains(&0) {
        FormatFault::Unknown
    } else {
        FormatFault::Text
    };
    let is_known = cfg!(not(target_os = "linux")) && head.contains(&0);
    (!is_known && !is_registered(path, head, view)).then_some(fault)
}

/// Finds the fault of a native program that only its program headers show. What cannot
/// be read as such is left to the kernel.
pub(super) fn loader_fault(path: &Path, head: &[u8], view: &dyn HostView) -> Option<FormatFault> {
    let known = head.starts_with(b"\x7fELF") && cfg!(target_os = "linux");
    let loader = loader(path, head, view).filter(|_| known)?;
    let error = view.stat(Path::new(&loader)).err()?;
    is_absent(&error).then_some(FormatFault::NoLoader(loader))
}

/// `PT_INTERP` of elf(5).
const LOADER: u64 = 3;

/// Reads the path of the loader that a program names.
fn loader(path: &Path, head: &[u8], view: &dyn HostView) -> Option<String> {
    const TABLE_MAX: usize = 64 * 1024; // the kernel accepts no more
    const PATH_MAX: u64 = 4096;
    // Where the header and its entries have their fields, and how wide offsets are.
    let (width, table, size, count, offset, length) = match head.get(4)? {
        1 => (4, 28, 42, 44, 4, 16),
        2 => (8, 32, 54, 56, 8, 32),
        _ => return None,
    };
    let size = usize::try_from(number(head, size, 2)?).ok()?;
    let count = usize::try_from(number(head, count, 2)?).ok()?;
    let mut file = view.open(path).ok()?.bytes;
    let mut read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let whole = size
        .checked_mul(count)
        .filter(|&whole| size > 0 && whole <= TABLE_MAX)?;
    let entries = read(number(head, table, width)?, whole)?;
    let mut entries = entries.chunks(size);
    let entry = entries.find(|entry| number(entry, 0, 4) == Some(LOADER))?;
    let length = number(entry, length, width).filter(|&length| length <= PATH_MAX)?;
    let path = read(number(entry, offset, width)?, usize::try_from(length).ok()?)?;
    let path = path.split(|&byte| byte == 0).next()?;
    String::from_utf8(path.to_vec()).ok()
}

/// Reads a number in the byte order of this machine, which is that of native programs.
fn number(bytes: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = bytes.get(at..at + width)?;
    let value = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
    Some(if cfg!(target_endian = "big") {
        bytes.iter().fold(0, value)
    } else {
        bytes.iter().rev().fold(0, value)
    })
}

/// `e_type` of elf(5): an executable, or a shared object, as most programs are.
const EXECUTABLE: [u16; 2] = [2, 3];

fn elf_fault(head: &[u8]) -> Option<FormatFault> {
    const SHORTEST: usize = 52; // the header of a 32-bit file
    let field = |at: usize| {
        let bytes = <[u8; 2]>::try_from(head.get(at..at + 2)?).ok()?;
        match head.get(5)? {
            1 => Some(u16::from_le_bytes(bytes)),
            2 => Some(u16::from_be_bytes(bytes)),
            _ => None,
        }
    };
    let fields = field(16).zip(field(18)).filter(|_| head.len() >= SHORTEST);
    match fields {
        Some((_, machine)) if !is_native(machine) => {
            Some(FormatFault::OtherMachine(machine_name(machine)))
        }
        Some((kind, _)) if EXECUTABLE.contains(&kind) => None,
        _ => Some(FormatFault::Unknown),
    }
}

/// Whether a machine (`e_machine`) is that of this program, or the 32-bit or 64-bit
/// sibling that the same kernel may run.
fn is_native(machine: u16) -> bool {
    let family: &[u16] = match std::env::consts::ARCH {
        "x86" | "x86_64" => &[3, 6, 62],
        "arm" | "aarch64" => &[40, 183],
        "powerpc" | "powerpc64" => &[20, 21],
        "riscv32" | "riscv64" => &[243],
        "s390x" => &[22],
        _ => return true,
    };
    family.contains(&machine)
}

fn machine_name(machine: u16) -> String {
    let name = match machine {
        3 | 6 => "x86",
        8 => "MIPS",
        20 | 21 => "PowerPC",
        22 => "s390x",
        40 => "ARM",
        62 => "x86-64",
        183 => "AArch64",
        243 => "RISC-V",
        other => return format!("another processor (ELF machine {other})"),
    };
    name.to_owned()
}

/// Formats that an administrator has added to the kernel (`binfmt_misc`), such as those
/// of other processors, by an emulator. Where this is not mounted, none is assumed.
const REGISTERED: &str = "/proc/sys/fs/binfmt_misc";

fn is_registered(path: &Path, head: &[u8], view: &dyn HostView) -> bool {
    let directory = Path::new(REGISTERED);
    let names = view.list(directory).unwrap_or_default();
    let mut rules = names.iter().filter_map(|name| {
        let rule = view.read(&directory.join(name), 4096).ok()?;
        String::from_utf8(rule.bytes).ok()
    });
    rules.any(|rule| matches(&rule, path, head).unwrap_or(false))
}

/// Whether a rule as `binfmt_misc` prints it is enabled and matches a file.
fn matches(rule: &str, path: &Path, head: &[u8]) -> Option<bool> {
    let field = |name: &str| {
        let mut lines = rule.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    };
    if rule.lines().next() != Some("enabled") {
        return Some(false);
    }
    if let Some(extension) = field("extension") {
        let found = path.extension().and_then(OsStr::to_str);
        return Some(found == extension.strip_prefix('.'));
    }
    let offset = field("offset")?.parse::<usize>().ok()?;
    let magic = hex(field("magic")?)?;
    let mask = field("mask")
        .and_then(hex)
        .unwrap_or(vec![0xff; magic.len()]);
    let found = head.get(offset..offset.checked_add(magic.len())?)?;
    let same = |((found, magic), mask): ((&u8, &u8), &u8)| (found ^ magic) & mask == 0;
    Some(found.iter().zip(&magic).zip(&mask).all(same))
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let pairs = digits.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::super::fake::{World, native_program};
    use super::*;

    fn of(head: &[u8], world: &World) -> Option<FormatFault> {
        fault(Path::new("/x/tool.exe"), head, world)
    }

    /// A header that says `e_machine`.
    fn elf_for(machine: u8) -> Vec<u8> {
        let mut head = native_program();
        head[18] = machine;
        head[19] = 0;
        head
    }

    #[test]
    fn only_programs_of_this_machine_are_known() {
        let world = World::bare();
        assert_eq!(of(&native_program(), &world), None);
        assert_eq!(of(b"", &world), Some(FormatFault::Empty));
        assert_eq!(of(b"echo\n", &world), Some(FormatFault::Text));
        assert_eq!(of(b"abc\0def", &world), Some(FormatFault::Unknown));
        assert_eq!(of(b"\x7fELF", &world), Some(FormatFault::Unknown));
        let mut object = native_program();
        object[16] = 1; // ET_REL
        assert_eq!(of(&object, &world), Some(FormatFault::Unknown));
        let mips = FormatFault::OtherMachine("MIPS".to_owned());
        assert_eq!(of(&elf_for(8), &world), Some(mips));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_dynamic_program_needs_the_loader_that_it_names() {
        let program = std::fs::read("/bin/sh").unwrap();
        let loader = |world: &World| {
            let path = Path::new("/x/tool");
            loader_fault(path, program.get(..256)?, world)
        };
        let world = World::bare().program("/x/tool", &program);
        let Some(FormatFault::NoLoader(missing)) = loader(&world) else {
            panic!("not found")
        };
        assert!(missing.contains("/ld"), "{missing}");
        assert_eq!(loader(&world.file(&missing, "")), None);
        let cut = World::bare().program("/x/tool", program.get(..256).unwrap());
        assert_eq!(loader(&cut), None);
    }

    #[test]
    fn a_format_that_was_added_to_the_kernel_is_known() {
        let rule = |text: &str| World::bare().file(&format!("{REGISTERED}/rule"), text);
        let magic = "enabled\ninterpreter /usr/bin/qemu\nflags: \noffset 1\n\
            magic 454c46\nmask ffffff\n";
        assert_eq!(of(&elf_for(8), &rule(magic)), None);
        assert!(of(&elf_for(8), &rule(&magic.replace("enabled", "disabled"))).is_some());
        assert!(of(&elf_for(8), &rule(&magic.replace("46\n", "47\n"))).is_some());
        assert!(of(b"abc\0", &rule(magic)).is_some());
        let by_name = "enabled\ninterpreter /usr/bin/wine\nflags: \nextension .exe\n";
        assert_eq!(of(b"MZ\0", &rule(by_name)), None);
    }
}
