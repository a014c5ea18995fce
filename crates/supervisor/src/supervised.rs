//! The parent's hold on a supervised child: to wait for it, to end it, and to let it end when the hold is dropped.
//!
//! Not the supervisor's side of it, which is in `watch`; here is only what to do when that side fails.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, waitpgid};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, ChildStderr, ChildStdout};
use tokio::sync::{Notify, watch};
use tokio::time::{interval, timeout};

use crate::report::Report;
use crate::usage::{self, Weight};
use crate::{Spec, family, scratch, watch as supervisor};

/// How long an order to end may take before the supervisor is killed too.
const ORDERLY_END: Duration = Duration::from_secs(2);
/// How long the orphans of a killed supervisor are waited for.
const ORPHANS_END: Duration = Duration::from_secs(2);
const ORPHANS_LOOK: Duration = Duration::from_millis(5);

/// A running child under supervision. Dropping it ends the child, with the grace that the [`Spec`] gives.
#[derive(Debug)]
pub struct Supervised {
    pid: Pid,
    grace: Duration,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// The only thing that keeps the child alive.
    line: OwnedWriteHalf,
    /// Asks for the supervisor itself to be killed.
    force: Arc<Notify>,
    ended: watch::Receiver<Option<Ended>>,
}

/// How it ended. Either way nothing of it is left, as far as could be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The child ended so; all its descendants are gone and its folders removed.
    Child(ExitStatus),
    /// The supervisor was lost first; the child's process group was killed and its folders removed from here. A
    /// descendant that had left the group may live on.
    SupervisorLost,
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Child(status) => status.fmt(out),
            Self::SupervisorLost => out.write_str("its supervisor was lost"),
        }
    }
}

/// Why nothing was started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// No socket to be had.
    #[error("could not make a socket to supervise {}", program.display())]
    Socket {
        /// What was to be run.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The supervisor's executable couldn't be started, or its working folder isn't there.
    #[error("could not start {} to supervise {}", supervisor.display(), program.display())]
    Supervisor {
        /// What was to supervise.
        supervisor: PathBuf,
        /// What was to be run.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program couldn't be started.
    #[error("could not start {}", program.display())]
    Program {
        /// What was to be run.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What was started as the supervisor doesn't behave as one.
    #[error(
        "{} didn't supervise {}; its `main` must call `supervisor::run_if_asked` first",
        supervisor.display(), program.display()
    )]
    NoSupervisor {
        /// What was to supervise.
        supervisor: PathBuf,
        /// What was to be run.
        program: PathBuf,
    },
}

impl Supervised {
    /// Starts a program under supervision; returns once it runs. If the future is dropped before, the program ends.
    pub async fn spawn(spec: Spec) -> Result<Self, SpawnError> {
        let program = || spec.program().to_owned();
        let (near, far) = socket().map_err(|source| SpawnError::Socket { program: program(), source })?;
        // The command ends with the statement, and with it this process's copy of the far end.
        let mut process = spec.command(far).spawn().map_err(|source| SpawnError::Supervisor {
            supervisor: spec.supervisor().to_owned(),
            program: program(),
            source,
        })?;
        let (read, line) = near.into_split();
        let mut reports = BufReader::new(read).lines();
        let pid = match next(&mut reports).await {
            Some(Report::Started(pid)) => i32::try_from(pid).ok().and_then(Pid::from_raw),
            Some(Report::Failed(errno)) => {
                let _ = process.wait().await;
                return Err(SpawnError::Program { program: program(), source: io::Error::from_raw_os_error(errno) });
            }
            _ => None,
        };
        let Some(pid) = pid else {
            let _ = process.kill().await;
            return Err(SpawnError::NoSupervisor { supervisor: spec.supervisor().to_owned(), program: program() });
        };

        let (stdout, stderr) = (process.stdout.take(), process.stderr.take());
        let force = Arc::new(Notify::new());
        let (tell, ended) = watch::channel(None);
        let other_side = OtherSide { process, reports, child: pid, folders: spec.removals().to_vec() };
        tokio::spawn({
            let force = Arc::clone(&force);
            async move {
                let ended = other_side.see_out(&force).await;
                let _ = tell.send(Some(ended));
            }
        });
        Ok(Supervised { pid, grace: spec.grace_time(), stdout, stderr, line, force, ended })
    }

    /// The child's process id, which is that of its process group too.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_pid().unsigned_abs()
    }

    /// The child's standard output, once, if the [`Spec`] asked for it. It ends when the last descendant is gone.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.stdout.take()
    }

    /// The child's standard error, once, if the [`Spec`] asked for it. It ends when the last descendant is gone.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.stderr.take()
    }

    /// How it ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        *self.ended.borrow()
    }

    /// Waits until the child has ended and all is cleared up. Any number of tasks may wait, and stop waiting.
    pub async fn wait(&self) -> Ended {
        match self.ended.clone().wait_for(Option::is_some).await.as_deref() {
            Ok(Some(ended)) => *ended,
            // The runtime that saw to it is shutting down.
            _ => Ended::SupervisorLost,
        }
    }

    /// How much memory each process of the child's family holds now.
    pub async fn weigh(&self) -> Vec<Weight> {
        let child = self.pid;
        // It reads files of every process. None if the runtime is shutting down.
        tokio::task::spawn_blocking(move || usage::weigh(child)).await.unwrap_or_default()
    }

    /// Ends it at once, without grace, frozen or not; returns when all is gone, within a few seconds at the very worst.
    pub async fn kill(&self) -> Ended {
        self.say(supervisor::KILL);
        self.wait_or_force(ORDERLY_END).await
    }

    /// Ends it with the grace that the [`Spec`] gives; returns when all is gone, a few seconds after that at the very worst.
    pub async fn stop(&self) -> Ended {
        self.say(supervisor::STOP);
        self.wait_or_force(self.grace + ORDERLY_END).await
    }

    fn say(&self, word: u8) {
        // If there is no room for a byte, or nobody to hear it, force comes next.
        let _ = self.line.try_write(&[word]);
    }

    async fn wait_or_force(&self, patience: Duration) -> Ended {
        match timeout(patience, self.wait()).await {
            Ok(ended) => ended,
            Err(_) => {
                self.force.notify_one();
                self.wait().await
            }
        }
    }
}

/// The supervisor as the parent sees it, and what is left to do if it is lost.
struct OtherSide {
    process: Child,
    reports: Lines<BufReader<OwnedReadHalf>>,
    child: Pid,
    folders: Vec<PathBuf>,
}

impl OtherSide {
    /// Waits for the supervisor's end, and does its work if it couldn't.
    async fn see_out(mut self, force: &Notify) -> Ended {
        let forced = tokio::select! {
            _ = self.process.wait() => false,
            () = force.notified() => true,
        };
        if forced {
            tracing::warn!(child = self.child.as_raw_pid(), "killing a supervisor that doesn't end its child");
            let _ = timeout(ORDERLY_END, self.process.kill()).await;
        }
        // A supervisor that was stopped may have left its socket open, so this waiting is bounded too.
        if let Ok(Some(Report::Ended(status))) = timeout(ORPHANS_END, next(&mut self.reports)).await {
            for folder in self.folders.iter().filter(|folder| folder.exists()) {
                tracing::warn!(folder = %folder.display(), "left a folder to the next sweep");
            }
            return Ended::Child(status);
        }
        self.end_orphans().await;
        let folders = std::mem::take(&mut self.folders);
        let _ = tokio::task::spawn_blocking(move || folders.iter().for_each(|folder| remove(folder))).await;
        Ended::SupervisorLost
    }

    /// Kills the child's group until there is none. Its number can't have been given to another: it was in use until
    /// just now, and the system hands out all the others first.
    async fn end_orphans(&self) {
        let mut look = interval(ORPHANS_LOOK);
        let gone = async {
            loop {
                look.tick().await;
                let _ = kill_process_group(self.child, Signal::KILL);
                // The first process of a container, or a subreaper, inherits the orphans and must reap them.
                while let Ok(Some(_)) = waitpgid(self.child, WaitOptions::NOHANG) {}
                if !family::lives(self.child) {
                    return;
                }
            }
        };
        if timeout(ORPHANS_END, gone).await.is_err() {
            tracing::warn!(child = self.child.as_raw_pid(), "orphans of a lost supervisor are still there");
        }
    }
}

/// The parent's end, for the runtime, and the supervisor's, which blocks. Both close on exec.
fn socket() -> io::Result<(UnixStream, OwnedFd)> {
    let (near, far) = StdUnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((UnixStream::from_std(near)?, far.into()))
}

/// The next line, if it is one that a supervisor says.
async fn next(reports: &mut Lines<BufReader<OwnedReadHalf>>) -> Option<Report> {
    Report::parse(&reports.next_line().await.ok()??)
}

fn remove(folder: &Path) {
    if let Err(error) = scratch::remove(folder) {
        tracing::warn!(folder = %folder.display(), %error, "left a folder to the next sweep");
    }
}
