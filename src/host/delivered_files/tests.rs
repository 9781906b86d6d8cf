use std::fs::Permissions;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::super::leftovers;
use super::*;

const RUN: &str = "019fb800-0000-7000-8000-000000000001";
const OTHER: &str = "019fb800-0000-7000-8000-000000000002";

fn base() -> (TempDir, PathBuf) {
    let temp = tempfile::tempdir().unwrap();
    let base = temp.path().join("qli");
    (temp, base)
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn clear(base: &Path) {
    leftovers::clear(base, nix::unistd::geteuid().as_raw());
}

/// The directory of a run whose qli is gone.
fn killed(base: &Path, run: &str, mark: Option<&ScriptMark>) {
    let mut created = DeliveredFiles::create(&base.join(run), &[("A", b"1")]).unwrap();
    if let Some(mark) = mark {
        created.mark(mark);
    }
    // What another test starts may have the lock until it is its program.
    flock(&created.own, FlockOperation::Unlock).unwrap();
}

/// A process that has ended.
fn ended() -> ScriptMark {
    let own = ScriptMark::of(std::process::id()).to_string();
    let (_, rest) = own.split_once(' ').unwrap();
    // Process ids end below 2^22 on every Linux (proc(5), pid_max).
    format!("{} {rest}", 1 << 23).parse().unwrap()
}

#[test]
fn files_are_private_and_exact_and_gone_afterwards() {
    let (_temp, base) = base();
    let run = base.join(RUN);
    let long = vec![7; 1 << 20];
    let files: [(&str, &[u8]); 3] = [("A", b"a\0\xff\n\n"), ("B", b""), ("C", &long)];
    let mut created = DeliveredFiles::create(&run, &files).unwrap();
    assert_eq!((mode(&base), mode(&run)), (0o700, 0o700));
    for (name, bytes) in files {
        assert_eq!(mode(&run.join(name)), 0o400);
        assert_eq!(std::fs::read(run.join(name)).unwrap(), bytes);
    }
    // A script that removes them all must find no new one meanwhile.
    assert_eq!(names(&run), [MARK, "A", "B", "C"]);
    created.mark(&ended());
    assert_eq!(names(&run), [MARK, "A", "B", "C"]);
    let mark = std::fs::read_to_string(run.join(MARK)).unwrap();
    assert_eq!(mark.parse(), Ok(ended()));
    created.remove().unwrap();
    assert_eq!(names(&base), Vec::<String>::new());
}

#[test]
fn what_is_there_already_is_neither_used_nor_changed() {
    let (temp, base) = base();
    std::fs::create_dir(&base).unwrap();
    std::fs::create_dir(temp.path().join("elsewhere")).unwrap();
    symlink(temp.path().join("elsewhere"), base.join(RUN)).unwrap();
    std::fs::create_dir(base.join(OTHER)).unwrap();
    for run in [RUN, OTHER] {
        let error = DeliveredFiles::create(&base.join(run), &[("A", b"1")]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    }
    assert_eq!(names(&temp.path().join("elsewhere")), Vec::<String>::new());
    symlink(&base, temp.path().join("link")).unwrap();
    let by_link = temp
        .path()
        .join("link/019fb800-0000-7000-8000-000000000003");
    assert!(DeliveredFiles::create(&by_link, &[]).is_err());
    assert_eq!(names(&base), [RUN, OTHER]);
}

#[test]
fn a_file_that_cannot_be_written_leaves_nothing() {
    let (_temp, base) = base();
    let files: [(&str, &[u8]); 2] = [("A", b"1"), ("no/such", b"2")];
    assert!(DeliveredFiles::create(&base.join(RUN), &files).is_err());
    assert_eq!(names(&base), Vec::<String>::new());
}

#[test]
fn what_the_script_has_left_is_removed_and_a_link_is_not_followed() {
    let (temp, base) = base();
    let run = base.join(RUN);
    let created = DeliveredFiles::create(&run, &[("A", b"1")]).unwrap();
    let kept = temp.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    std::fs::write(kept.join("file"), "").unwrap();
    symlink(&kept, run.join("link")).unwrap();
    symlink(kept.join("file"), run.join("other")).unwrap();
    std::fs::rename(run.join("A"), run.join("B")).unwrap();
    std::fs::create_dir(run.join("empty")).unwrap();
    created.remove().unwrap();
    assert_eq!(names(&base), Vec::<String>::new());
    assert_eq!(names(&kept), ["file"]);
}

#[test]
fn a_directory_of_the_script_with_files_is_reported_and_left() {
    let (_temp, base) = base();
    let run = base.join(RUN);
    let created = DeliveredFiles::create(&run, &[("A", b"1")]).unwrap();
    std::fs::create_dir(run.join("full")).unwrap();
    std::fs::write(run.join("full/file"), "").unwrap();
    std::fs::set_permissions(&run, Permissions::from_mode(0o000)).unwrap();
    let error = created.remove().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::DirectoryNotEmpty);
    assert_eq!(names(&run), ["full"]);
}

#[test]
fn the_directory_of_a_live_run_is_not_cleared() {
    let (_temp, base) = base();
    let mut live = DeliveredFiles::create(&base.join(RUN), &[("A", b"1")]).unwrap();
    live.mark(&ended());
    clear(&base);
    assert_eq!(names(&base.join(RUN)), [MARK, "A"]);
}

#[test]
#[cfg(target_os = "linux")]
fn the_directory_of_a_killed_run_is_cleared_once_its_script_has_ended() {
    let (_temp, base) = base();
    killed(&base, RUN, Some(&ScriptMark::of(std::process::id())));
    killed(&base, OTHER, Some(&ended()));
    clear(&base);
    assert_eq!(names(&base), [RUN]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_script_that_was_not_noted_is_found_by_its_run_id() {
    let (_temp, base) = base();
    for run in [RUN, OTHER] {
        killed(&base, run, None);
    }
    let mut script = Command::new("/bin/cat");
    let script = script.env("QLI_RUN_ID", RUN);
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut script = script.spawn().unwrap();
    // Once it answers, it has its variables.
    let mut stdin = script.stdin.take().unwrap();
    stdin.write_all(b"a").unwrap();
    script
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0])
        .unwrap();
    clear(&base);
    let left = names(&base);
    drop(stdin);
    script.wait().unwrap();
    assert_eq!(left, [RUN]);
    clear(&base);
    assert_eq!(names(&base), Vec::<String>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_else_is_cleared() {
    let (temp, base) = base();
    killed(&base, RUN, Some(&ended()));
    std::fs::create_dir(base.join("other")).unwrap();
    std::fs::write(base.join(OTHER), "").unwrap();
    let elsewhere = temp.path().join("elsewhere");
    killed(&elsewhere, RUN, Some(&ended()));
    let link = "019fb800-0000-7000-8000-000000000003";
    symlink(elsewhere.join(RUN), base.join(link)).unwrap();
    clear(&base);
    assert_eq!(names(&base), [OTHER, link, "other"]);
    assert_eq!(names(&elsewhere.join(RUN)), [MARK, "A"]);
    symlink(&elsewhere, temp.path().join("link")).unwrap();
    clear(&temp.path().join("link"));
    assert_eq!(names(&elsewhere), [RUN]);
    leftovers::clear(&elsewhere, nix::unistd::geteuid().as_raw() + 1);
    assert_eq!(names(&elsewhere), [RUN]);
}

#[test]
#[cfg(target_os = "linux")]
fn two_runs_and_their_clearing_do_not_disturb_each_other() {
    let (_temp, base) = base();
    let id = |of: usize, nth: usize| format!("019fb800-0000-7000-800{of}-{nth:012x}");
    std::thread::scope(|scope| {
        for of in 0..4 {
            let base = &base;
            scope.spawn(move || {
                for nth in 0..50 {
                    let run = base.join(id(of, nth));
                    let created = DeliveredFiles::create(&run, &[("A", b"1")]).unwrap();
                    clear(base);
                    assert_eq!(names(&run), [MARK, "A"]);
                    created.remove().unwrap();
                }
            });
        }
    });
    assert_eq!(names(&base), Vec::<String>::new());
}
