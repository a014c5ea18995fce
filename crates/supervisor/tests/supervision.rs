//! Supervised families, killed and frozen from every side; the processes are this package's testbed.
//!
//! Not about browsers or servers, and not about how quick it is: a benchmark says that.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use supervisor::{Ended, Output, ScratchDir, SpawnError, Spec, Supervised, sweep};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

const TESTBED: &str = env!("CARGO_BIN_EXE_supervisor-testbed");
const PATIENCE: Duration = Duration::from_secs(20);
/// Child, grandchild, and the great-grandchild that got away.
const FAMILY: usize = 3;

#[tokio::test]
async fn a_parent_killed_with_sigkill_leaves_no_process_and_no_folder() {
    let base = base();
    let mut parent =
        Command::new(TESTBED).arg("parent").arg(base.path()).stdout(Stdio::piped()).spawn().expect("a parent");
    ready(parent.stdout.take().expect("its output")).await;
    // With the parent and the supervisor, whose command lines name the folder too.
    until("all are there", || processes(base.path()).len() == FAMILY + 2).await;
    assert_eq!(folders(base.path()).len(), 1);

    parent.kill().await.expect("the parent to die");

    until("nothing is left", || processes(base.path()).is_empty() && entries(base.path()) == 0).await;
}

#[tokio::test]
async fn killing_ends_the_whole_family_and_removes_the_folder() {
    let base = base();
    let (supervised, scratch) = family(base.path()).await;
    assert!(scratch.path().join("left-behind").exists());

    let ended = within("the end", supervised.kill()).await;

    assert!(killed(ended), "{ended:?}");
    assert_eq!(processes(base.path()), []);
    assert_eq!(entries(base.path()), 0);
}

#[tokio::test]
async fn dropping_the_hold_ends_the_family() {
    let base = base();
    let (supervised, _scratch) = family(base.path()).await;
    drop(supervised);
    until("nothing is left", || processes(base.path()).is_empty() && entries(base.path()) == 0).await;
}

#[tokio::test]
async fn a_frozen_child_is_killed_all_the_same() {
    let base = base();
    let (supervised, _scratch) = family(base.path()).await;
    freeze(supervised.pid()).await;
    assert!(killed(within("the end", supervised.kill()).await));
    assert_eq!(processes(base.path()), []);
}

#[tokio::test]
async fn a_child_that_ends_takes_its_family_with_it() {
    let base = base();
    let (supervised, _scratch) = family(base.path()).await;
    signal(supervised.pid(), Signal::KILL);
    assert!(killed(within("the end", supervised.wait()).await));
    assert_eq!(processes(base.path()), []);
    assert_eq!(entries(base.path()), 0);
}

#[tokio::test]
async fn each_of_a_family_is_weighed() {
    let base = base();
    let (supervised, _scratch) = family(base.path()).await;
    let weights = supervised.weigh().await;
    // The stray has left the family, and the supervisor was never of it.
    assert_eq!(weights.len(), FAMILY - 1, "{weights:?}");
    assert!(weights.iter().any(|weight| weight.pid == supervised.pid()));
    assert!(weights.iter().all(|weight| weight.bytes > 0), "{weights:?}");
    within("the end", supervised.kill()).await;
    assert_eq!(supervised.weigh().await, []);
}

#[tokio::test]
async fn an_exit_code_passes_through() {
    for code in [0, 1, 42, 125, 255] {
        let supervised = spawn(spec().args(["exit", &code.to_string()])).await;
        let status = status(within("the end", supervised.wait()).await).expect("a status");
        assert_eq!(status.code(), Some(code));
        assert_eq!(supervised.ended(), Some(Ended::Child(status)));
    }
}

#[tokio::test]
async fn two_families_are_independent() {
    let (one_base, other_base) = (base(), base());
    let (one, _one_scratch) = family(one_base.path()).await;
    let (other, other_scratch) = family(other_base.path()).await;

    within("the end of one", one.kill()).await;

    assert_eq!(processes(one_base.path()), []);
    assert_eq!(processes(other_base.path()).len(), FAMILY + 1);
    assert!(other_scratch.path().exists());
    assert_eq!(other.ended(), None);
    within("the end of the other", other.kill()).await;
    assert_eq!(processes(other_base.path()), []);
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_child_with_it() {
    let base = base();
    let scratch = ScratchDir::create(base.path(), "profile").expect("a folder");
    let supervised = spawn(spec().arg("sit").arg(base.path()).remove(&scratch)).await;

    signal(parent_of(supervised.pid()), Signal::KILL);

    assert_eq!(within("the end", supervised.wait()).await, Ended::SupervisorLost);
    until("nothing is left", || processes(base.path()).is_empty()).await;
    assert_eq!(entries(base.path()), 0);
}

#[tokio::test]
async fn a_killed_supervisor_takes_the_childs_group_with_it() {
    let base = base();
    let (supervised, _scratch) = family(base.path()).await;
    let group = supervised.pid();

    signal(parent_of(group), Signal::KILL);

    assert_eq!(within("the end", supervised.wait()).await, Ended::SupervisorLost);
    // The stray is what a lost supervisor costs.
    until("only the stray is left", || processes(base.path()).len() == 1).await;
    for stray in processes(base.path()) {
        signal(stray, Signal::KILL);
    }
}

#[tokio::test]
async fn a_frozen_supervisor_doesnt_hold_up_a_kill() {
    let base = base();
    let scratch = ScratchDir::create(base.path(), "profile").expect("a folder");
    let supervised = spawn(spec().arg("sit").arg(base.path()).remove(&scratch)).await;
    freeze(parent_of(supervised.pid())).await;

    assert_eq!(within("the end", supervised.kill()).await, Ended::SupervisorLost);
    until("nothing is left", || processes(base.path()).is_empty()).await;
}

#[tokio::test]
async fn stopping_lets_a_child_end_by_sigterm() {
    let base = base();
    let supervised = spawn(spec().arg("sit").arg(base.path()).grace(PATIENCE)).await;
    let status = status(within("the end", supervised.stop()).await).expect("a status");
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
}

#[tokio::test]
async fn a_child_that_doesnt_hear_sigterm_is_killed_after_the_grace() {
    let base = base();
    let supervised = spawn(spec().arg("sit").arg(base.path()).grace(Duration::from_millis(50))).await;
    freeze(supervised.pid()).await;
    assert!(killed(within("the end", supervised.stop()).await));
}

#[tokio::test]
async fn a_kill_cuts_a_grace_short() {
    let base = base();
    let supervised = spawn(spec().arg("sit").arg(base.path()).grace(PATIENCE * 2)).await;
    freeze(supervised.pid()).await;
    let both = async { tokio::join!(supervised.stop(), supervised.kill()) };
    let (stopped, ended) = within("the end", both).await;
    assert!(killed(ended));
    assert_eq!(stopped, ended);
}

#[tokio::test]
async fn a_program_that_isnt_there_is_an_error_that_names_it() {
    let error = Supervised::spawn(Spec::new("/nowhere/at/all").supervised_by(TESTBED)).await.expect_err("no program");
    assert!(matches!(&error, SpawnError::Program { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
    assert_eq!(error.to_string(), "could not start /nowhere/at/all");
}

#[tokio::test]
async fn a_host_that_doesnt_supervise_is_an_error_that_says_what_to_do() {
    let error =
        within("an answer", Supervised::spawn(Spec::new("true").supervised_by("/bin/echo").stdout(Output::Null)))
            .await
            .expect_err("no supervisor");
    assert!(error.to_string().contains("run_if_asked"), "{error}");
}

#[tokio::test]
async fn a_cleared_environment_holds_what_was_given_and_no_more() {
    let spec = Spec::new("/usr/bin/env").supervised_by(TESTBED).env_clear().env("GIVEN", "1").stdout(Output::Piped);
    let mut supervised = spawn(spec).await;
    let mut lines = BufReader::new(supervised.take_stdout().expect("its output")).lines();
    let mut seen = Vec::new();
    while let Some(line) = within("a line", lines.next_line()).await.expect("text") {
        seen.push(line);
    }
    assert_eq!(seen, ["GIVEN=1"]);
}

#[tokio::test]
async fn a_sweep_spares_a_dead_parents_folder_while_its_supervisor_works() {
    let base = base();
    let mut parent =
        Command::new(TESTBED).arg("parent").arg(base.path()).stdout(Stdio::piped()).spawn().expect("a parent");
    ready(parent.stdout.take().expect("its output")).await;
    let parent_pid = parent.id().expect("a living parent");
    let supervisor =
        processes(base.path()).into_iter().find(|pid| parent_of(*pid) == parent_pid).expect("a supervisor");
    freeze(supervisor).await;
    parent.kill().await.expect("the parent to die");

    assert_eq!(sweep(base.path()).expect("a sweep"), Vec::<PathBuf>::new());
    assert_eq!(folders(base.path()).len(), 1);

    signal(supervisor, Signal::CONT);
    until("nothing is left", || processes(base.path()).is_empty() && entries(base.path()) == 0).await;
}

fn base() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

fn spec() -> Spec {
    Spec::new(TESTBED).supervised_by(TESTBED)
}

async fn spawn(spec: Spec) -> Supervised {
    within("the start", Supervised::spawn(spec)).await.expect("a supervised child")
}

/// A family under supervision, all of it there.
async fn family(base: &Path) -> (Supervised, ScratchDir) {
    let scratch = ScratchDir::create(base, "profile").expect("a folder");
    let spec = spec().arg("family").arg(base).current_dir(scratch.path()).remove(&scratch).stdout(Output::Piped);
    let mut supervised = spawn(spec).await;
    ready(supervised.take_stdout().expect("its output")).await;
    // A program that has just begun has no command line for a moment.
    until("all are there", || processes(base).len() == FAMILY + 1).await;
    (supervised, scratch)
}

async fn ready(output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).lines();
    let line = within("the family", lines.next_line()).await.expect("text");
    assert_eq!(line.as_deref(), Some("ready"));
}

fn killed(ended: Ended) -> bool {
    status(ended).is_some_and(|status| status.signal() == Some(Signal::KILL.as_raw()))
}

fn status(ended: Ended) -> Option<ExitStatus> {
    match ended {
        Ended::Child(status) => Some(status),
        Ended::SupervisorLost => None,
    }
}

/// The processes that name a folder on their command lines; the dead have none.
fn processes(base: &Path) -> Vec<u32> {
    let base = base.to_str().expect("a plain path");
    let all = fs::read_dir("/proc").expect("a list of processes").flatten();
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let command_line = fs::read(entry.path().join("cmdline")).ok()?;
        String::from_utf8_lossy(&command_line).contains(base).then_some(pid)
    })
    .collect()
}

fn parent_of(child: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{child}/stat")).expect("a living child");
    let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1));
    parent.and_then(|parent| parent.parse().ok()).expect("a parent")
}

fn entries(base: &Path) -> usize {
    fs::read_dir(base).expect("the test's folder").count()
}

fn folders(base: &Path) -> Vec<fs::DirEntry> {
    fs::read_dir(base).expect("the test's folder").flatten().filter(|entry| entry.path().is_dir()).collect()
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("a living process");
}

/// Stops a process, and waits until it is stopped: a signal sent before that would still be heard.
async fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    until("it is frozen", || {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a living child");
        stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" T"))
    })
    .await;
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect(what)
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let mut look = tokio::time::interval(Duration::from_millis(5));
    within(what, async {
        while !condition() {
            look.tick().await;
        }
    })
    .await;
}
