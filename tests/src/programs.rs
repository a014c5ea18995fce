//! The programs under test: found beside this one, started with a pipe that ends them
//! when this process ends, and ended or killed on purpose.
//!
//! Not here: what each of them is for; whoever starts one knows.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::patience::patience;

/// How long the end of a program's talk is waited for when it has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How many lines of talk are kept of a program.
const KEPT_LINES: usize = 1_000_000;
/// How many of the last are printed.
const SHOWN_LINES: usize = 60;

/// A program that couldn't be started or ended early.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It wasn't built.
    #[error(
        "{path} isn't there\nhint: `cargo xtask test` and `cargo xtask demo` build it; so does `cargo build --workspace`"
    )]
    NotBuilt {
        /// Where it should be.
        path: PathBuf,
    },
    /// The system didn't start it.
    #[error("{name} couldn't be started")]
    Spawn {
        /// Which.
        name: String,
        /// Why.
        source: std::io::Error,
    },
    /// It ended, or stayed silent, before it said that it is ready.
    #[error("{name} didn't get ready; it said:\n{said}")]
    NotReady {
        /// Which.
        name: String,
        /// The last lines of its talk.
        said: String,
    },
}

/// A running program.
pub struct Program {
    name: String,
    child: Child,
    /// Open for as long as the program is wanted.
    stdin: Option<ChildStdin>,
    stdout: mpsc::UnboundedReceiver<String>,
    talk: Talk,
    listener: Option<JoinHandle<()>>,
    _parting: Parting,
}

/// Prints what a program said last when it is let go, where `BURSAR_TEST_TALK` is set: a test that failed shows it, and of
/// others nobody sees it.
struct Parting {
    name: String,
    talk: Talk,
}

impl Drop for Parting {
    fn drop(&mut self) {
        if std::env::var_os("BURSAR_TEST_TALK").is_none() {
            return;
        }
        let said = self.talk.text();
        let last = said.lines().count().saturating_sub(SHOWN_LINES);
        eprintln!("{} said last:\n{}", self.name, Vec::from_iter(said.lines().skip(last)).join("\n"));
    }
}

/// What a program says, as it comes; whoever has it hears it also after the program's end.
#[derive(Clone, Debug, Default)]
pub struct Talk(Arc<Mutex<VecDeque<String>>>);

impl Talk {
    /// All of it so far.
    #[must_use]
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Vec::from_iter(lines.iter().map(String::as_str)).join("\n")
    }

    fn add(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Where cargo put the program called `name`.
///
/// # Errors
/// [`ProgramError::NotBuilt`].
pub fn built(name: &str) -> Result<PathBuf, ProgramError> {
    let here = std::env::current_exe().unwrap_or_default();
    let mut folder = here.parent().map(PathBuf::from).unwrap_or_default();
    // Test programs are one folder further down.
    if folder.ends_with("deps") {
        folder.pop();
    }
    let path = folder.join(name);
    if path.is_file() { Ok(path) } else { Err(ProgramError::NotBuilt { path }) }
}

impl Program {
    /// Starts `command`, whose stdin stays open for as long as this value lives.
    ///
    /// # Errors
    /// [`ProgramError::Spawn`].
    pub fn start(name: &str, mut command: Command) -> Result<Self, ProgramError> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // Of its own group, so that a Ctrl-C at the terminal is ours to pass on.
        command.process_group(0);
        let spawned = command.spawn();
        let mut child = spawned.map_err(|source| ProgramError::Spawn { name: name.to_owned(), source })?;
        let (sender, stdout) = mpsc::unbounded_channel();
        let talk = Talk::default();
        if let Some(output) = child.stdout.take() {
            read_lines(output, move |line| drop(sender.send(line)));
        }
        let heard = talk.clone();
        let listener = child.stderr.take().map(|output| read_lines(output, move |line| heard.add(line)));
        let stdin = child.stdin.take();
        let _parting = Parting { name: name.to_owned(), talk: talk.clone() };
        Ok(Self { name: name.to_owned(), child, stdin, stdout, talk, listener, _parting })
    }

    /// Writes a line to its stdin, which stays open.
    ///
    /// # Errors
    /// What the system says when it doesn't take it.
    pub async fn tell(&mut self, line: &str) -> std::io::Result<()> {
        match &mut self.stdin {
            Some(stdin) => stdin.write_all(format!("{line}\n").as_bytes()).await,
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Waits for the next line of data.
    ///
    /// # Errors
    /// [`ProgramError::NotReady`] when there is none in time, or the program ended.
    pub async fn line(&mut self) -> Result<String, ProgramError> {
        match tokio::time::timeout(patience(), self.stdout.recv()).await {
            Ok(Some(line)) => Ok(line),
            Ok(None) => {
                let said = format!("{}\n{}", self.last_words().await, self.talk());
                Err(ProgramError::NotReady { name: self.name.clone(), said })
            }
            Err(_) => Err(ProgramError::NotReady { name: self.name.clone(), said: self.talk() }),
        }
    }

    /// How a program ended that has closed its data, once all that it said is heard.
    async fn last_words(&mut self) -> String {
        let ended = tokio::time::timeout(patience(), self.child.wait()).await;
        if let Some(listener) = self.listener.take() {
            // Whatever it started may hold the other end open.
            let _ = tokio::time::timeout(Duration::from_secs(1), listener).await;
        }
        match ended {
            Ok(Ok(status)) => format!("it ended with {status}"),
            Ok(Err(error)) => format!("how it ended can't be told: {error}"),
            Err(_) => "it runs and says no more".to_owned(),
        }
    }

    /// What it said so far, apart from data.
    #[must_use]
    pub fn talk(&self) -> String {
        self.talk.text()
    }

    /// The same, for whoever goes on listening.
    #[must_use]
    pub fn listen(&self) -> Talk {
        self.talk.clone()
    }

    /// Waits until it has ended and all that it said has been heard.
    pub async fn ended(&mut self) {
        let _ = self.child.wait().await;
        if let Some(listener) = self.listener.take() {
            // What it started may hold the pipe open; that is waited for only so long.
            let _ = tokio::time::timeout(LAST_WORDS, listener).await;
        }
    }

    /// Its process id, while it runs.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Asks it to read again what it read at its start.
    pub fn hang_up(&self) {
        self.send(Signal::HUP);
    }

    /// Kills it as the kernel would: it gets no chance to do anything.
    pub async fn kill_hard(mut self) {
        self.send(Signal::KILL);
        let _ = self.child.wait().await;
    }

    /// Asks it to end, and waits; its exit code, if it ended in time by itself, and all
    /// that it said.
    pub async fn end(mut self) -> (Option<i32>, String) {
        self.send(Signal::TERM);
        let ended = tokio::time::timeout(patience(), self.child.wait()).await;
        let code = ended.ok().and_then(Result::ok).and_then(|status| status.code());
        (code, self.talk())
    }

    /// Closes its stdin, which is the end of what it is wanted for, and waits.
    pub async fn end_by_itself(mut self) {
        self.stdin = None;
        let _ = tokio::time::timeout(patience(), self.child.wait()).await;
    }

    /// Asks it to end without finishing what it is at, and waits.
    pub async fn end_at_once(mut self) {
        self.send(Signal::TERM);
        self.send(Signal::INT);
        let _ = tokio::time::timeout(patience(), self.child.wait()).await;
    }

    /// Asks it to end without cleaning up, as PostgreSQL understands SIGQUIT, and waits.
    pub async fn quit(mut self) {
        self.send(Signal::QUIT);
        let _ = tokio::time::timeout(patience(), self.child.wait()).await;
    }

    fn send(&self, signal: Signal) {
        if let Some(pid) = self.child.id() {
            send(pid, signal);
        }
    }
}

/// The processes below `pid` that are a browser's, by id.
#[must_use]
pub fn browsers_below(pid: u32) -> Vec<u32> {
    let name = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let is_browser = |pid: &u32| ["chrom", "headless_shell"].iter().any(|part| name(pid).contains(part));
    descendants(pid).into_iter().filter(is_browser).collect()
}

/// Kills a process of somebody else as the kernel would.
pub fn kill_process_hard(pid: u32) {
    send(pid, Signal::KILL);
}

/// Stops a process where it is; it hears nothing of it.
pub fn freeze_process(pid: u32) {
    send(pid, Signal::STOP);
}

/// Lets a process go on that was frozen.
pub fn thaw_process(pid: u32) {
    send(pid, Signal::CONT);
}

/// Tells a process something that its own handler understands.
pub fn signal_process(pid: u32, signal: Signal) {
    send(pid, signal);
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It may have ended in between.
        let _ = kill_process(pid, signal);
    }
}

/// A process that was seen, told from a later one of the same id by when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its id.
    pub pid: u32,
    begun: u64,
}

impl Sighting {
    /// What runs under the id now, if anything does.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let begun = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
        Some(Self { pid, begun })
    }

    /// Whether that very process is still there, and not a zombie.
    #[must_use]
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self) && is_alive(self.pid)
    }
}

/// The processes whose command line has `text` in it, with that line.
#[must_use]
pub fn processes_naming(text: &str) -> Vec<(u32, String)> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let found = processes.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        line.contains(text).then_some((pid, line))
    });
    found.collect()
}

/// Whether the process has ended and nobody asked how.
#[must_use]
pub fn is_zombie(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// Every process below `pid`, by id.
#[must_use]
pub fn descendants(pid: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found.into_iter().filter(|&id| id != pid).collect()
}

/// Whether the process is there, and not a zombie.
#[must_use]
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn read_lines(
    output: impl AsyncRead + Unpin + Send + 'static,
    mut take: impl FnMut(String) + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            take(line);
        }
    })
}
