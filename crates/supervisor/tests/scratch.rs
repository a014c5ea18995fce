//! Scratch folders and sweeps, with owners that live, die and race.
//!
//! Not about the processes that work in them; `supervision` is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

use supervisor::{ScratchDir, sweep};
use tempfile::TempDir;

#[test]
fn a_folder_is_its_owners_alone_and_goes_with_it() {
    let base = base();
    let scratch = ScratchDir::create(&base.path().join("not/there/yet"), "profile").expect("a folder");
    let mode = fs::metadata(scratch.path()).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let path = scratch.path().to_owned();
    fs::write(path.join("file"), "content").expect("a file");
    drop(scratch);
    assert!(!path.exists());
    assert!(!path.with_extension("scratch-lock").exists());
}

#[test]
fn a_sweep_removes_only_the_deads_folders() {
    let base = base();
    let living = ScratchDir::create(base.path(), "profile").expect("a folder");
    let dead = dead_folder(&base, "dead");
    let killed = dead_folder(&base, "killed");
    fs::create_dir(base.path().join("not-ours")).expect("a folder");
    fs::write(base.path().join("not-ours.lock"), "").expect("a file");

    let mut removed = sweep(base.path()).expect("a sweep");

    removed.sort();
    assert_eq!(removed, [dead, killed]);
    assert!(living.path().exists());
    assert!(base.path().join("not-ours").exists());
    assert!(base.path().join("not-ours.lock").exists());
    assert_eq!(sweep(base.path()).expect("a second sweep"), Vec::<PathBuf>::new());
}

#[test]
fn a_lock_without_a_folder_is_swept_too() {
    let base = base();
    fs::write(base.path().join("half-made.scratch-lock"), "").expect("a lock");
    assert_eq!(sweep(base.path()).expect("a sweep"), [base.path().join("half-made")]);
    assert_eq!(fs::read_dir(base.path()).expect("a folder").count(), 0);
}

#[test]
fn a_sweep_of_nowhere_finds_nothing() {
    assert_eq!(sweep(&base().path().join("nowhere")).expect("a sweep"), Vec::<PathBuf>::new());
}

#[test]
fn racing_owners_and_sweeps_never_take_a_living_folder() {
    const OWNERS: usize = 4;
    const SWEEPERS: usize = 4;
    const ROUNDS: usize = 200;
    let base = base();
    let start = Barrier::new(OWNERS + SWEEPERS);
    thread::scope(|scope| {
        for _ in 0..OWNERS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..ROUNDS {
                    let scratch = ScratchDir::create(base.path(), "profile").expect("a folder");
                    fs::write(scratch.path().join("file"), "content").expect("a folder to write to");
                    assert!(scratch.path().join("file").exists());
                }
            });
        }
        for _ in 0..SWEEPERS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..ROUNDS {
                    sweep(base.path()).expect("a sweep");
                }
            });
        }
    });
    sweep(base.path()).expect("a last sweep");
    assert_eq!(fs::read_dir(base.path()).expect("a folder").count(), 0);
}

fn base() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// What an owner that was killed leaves: a folder with content, and a lock that nobody holds.
fn dead_folder(base: &TempDir, name: &str) -> PathBuf {
    let path = base.path().join(name);
    fs::create_dir_all(path.join("deep/down")).expect("a folder");
    fs::write(path.join("deep/down/file"), "content").expect("a file");
    fs::write(path.with_extension("scratch-lock"), "").expect("a lock");
    path
}
