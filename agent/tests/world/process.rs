//! The agent as a process, and what can be done to one.
//!
//! Not here: what should come of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, interval};
use url::Url;

use super::PATIENCE;
use super::coordinator::TOKEN;

/// An agent that runs. It is killed if the test ends before it does.
pub(crate) struct Agent {
    child: Child,
    said: Arc<Mutex<String>>,
}

impl Agent {
    /// Starts one with its profiles below `data`, saying all that it can say.
    pub(crate) fn start(coordinator: &Url, data: &Path, more: &[&str]) -> Self {
        let mut child = command()
            .args(["run", "--coordinator", coordinator.as_str(), "--data"])
            .arg(data)
            .args(more)
            .env("BURSAR_AGENT_TOKEN", TOKEN)
            .env("BURSAR_LOG", "trace")
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("an agent");
        let said = Arc::new(Mutex::new(String::new()));
        let (mut stderr, kept) = (child.stderr.take().expect("a pipe"), Arc::clone(&said));
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = std::io::Read::read(&mut stderr, &mut chunk) {
                let text = String::from_utf8_lossy(&chunk[..length]);
                kept.lock().expect("what it said").push_str(&text);
            }
        });
        Self { child, said }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        signal_to(self.child.id(), signal);
    }

    /// What it said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("what it said").clone()
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        let mut looks = interval(Duration::from_millis(5));
        while begun.elapsed() < PATIENCE {
            looks.tick().await;
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status;
            }
        }
        panic!("the agent doesn't end; it said:\n{}", self.said());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the agent said:\n{}", self.said());
        }
    }
}

/// The agent's command line, for tests as which user ever.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.env_remove("BURSAR_AGENT_TOKEN").env_remove("BURSAR_BROWSER_SANDBOX");
    if rustix::process::geteuid().is_root() {
        command.env("BURSAR_BROWSER_SANDBOX", "off");
    }
    command
}

/// What a command said and how it ended.
pub(crate) fn output(command: &mut Command) -> Output {
    command.output().expect("an agent")
}

/// The folder of an institution that `agent new` made, in one that goes with the first.
pub(crate) fn folder(name: &str, more: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    let made = output(command().arg("new").arg(&path).args(more));
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    (folder, path)
}

/// What a command said about a file or a folder, and how it ended.
pub(crate) fn ask(arguments: &[&str], file: &Path) -> (Option<i32>, String, String) {
    texts(&output(command().args(arguments).arg(file)))
}

/// How a command ended, and its data and its talk.
pub(crate) fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

pub(crate) fn signal_to(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id")).expect("a process id");
    kill_process(pid, signal).expect("a process");
}

/// The browser's processes that have their profile in `folder`, its supervisor aside.
pub(crate) fn browser_in(folder: &Path) -> Vec<u32> {
    let is_browser = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        !String::from_utf8_lossy(&line).contains(supervisor::ARG)
    };
    processes_in(folder).into_iter().filter(is_browser).collect()
}

/// The processes of that browser that read pages.
pub(crate) fn renderers_in(folder: &Path) -> Vec<u32> {
    let family = browser_in(folder);
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_renderer = |pid: &u32| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains("--type=renderer")
            && ancestors(*pid).iter().any(|ancestor| family.contains(ancestor))
    };
    pids.filter(is_renderer).collect()
}

fn ancestors(pid: u32) -> Vec<u32> {
    let parent = |pid: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(')').next()?.split_ascii_whitespace().nth(1)?.parse().ok()
    };
    std::iter::successors(parent(pid), |&pid| parent(pid)).collect()
}

/// All processes that work with a profile in `folder`.
pub(crate) fn processes_in(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().expect("a plain name");
    let entries = std::fs::read_dir("/proc").expect("processes").flatten();
    let found = entries.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        // The agent itself has the folder above on its line.
        (line.contains(folder) && line.contains("user-data-dir")).then_some(pid)
    });
    found.collect()
}

/// Waits until `holds`, for at most `patience`.
pub(crate) async fn until(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    let mut looks = interval(Duration::from_millis(5));
    loop {
        looks.tick().await;
        if holds() {
            return true;
        }
        if begun.elapsed() > patience {
            return false;
        }
    }
}
