//! A program that drives browsers with another library, and what becomes of it.
//!
//! Not here: that program, which is `bench/peers/browsers.mjs`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use tests::patience::eventually;
use tests::programs::{browsers_below, descendants};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::{AFTER_DEATH, Outcome, SILENCE, alive, entries};
use crate::Failure;
use crate::node::Node;
use crate::processes::{busiest_renderer, signal, zombies};

/// How many browsers are started and closed before zombies are counted.
const RUNS: &str = "10";

/// How soon a page that isn't harmed is read again.
const READ_AGAIN: Duration = Duration::from_secs(5);

/// A running program.
struct Driver {
    child: Child,
    stdin: ChildStdin,
    said: mpsc::UnboundedReceiver<(Instant, Value)>,
}

/// What is driven, and how.
#[derive(Clone, Copy)]
struct Setting<'a> {
    node: &'a Node,
    library: &'a str,
    browser: &'a str,
    address: &'a str,
}

pub(super) async fn suffer(node: &Node, library: &str, browser: &str, address: &str) -> Result<Outcome, Failure> {
    let setting = Setting { node, library, browser, address };
    let (killed, crashed, frozen, closed, rests) = tokio::join!(
        setting.killed(),
        setting.crashed(),
        setting.frozen(),
        setting.closed_while_frozen(),
        setting.rests(),
    );
    let ((processes_left, folders_left), (crash_heard, others_harmed)) = (killed?, crashed?);
    let (frozen_heard, frozen_closed, zombies) = (frozen?, closed?, rests?);
    Ok(Outcome {
        processes_left,
        folders_left,
        frozen_heard,
        frozen_closed,
        // Whoever hears of it starts another browser; who doesn't can't.
        frozen_replaced: frozen_heard,
        crash_heard,
        others_harmed,
        zombies,
    })
}

impl Setting<'_> {
    /// Killed, and started again in the same folder for what is temporary.
    async fn killed(&self) -> Result<(usize, usize), Failure> {
        let folder = tempfile::tempdir()?;
        let (mut driver, pids) = self.watching(folder.path()).await?;
        driver.child.kill().await?;
        sleep(AFTER_DEATH).await;
        let (left, folders) = (alive(&pids), entries(folder.path()));
        pids.iter().for_each(|&pid| signal(pid, Signal::KILL));
        let (next, pids) = self.watching(folder.path()).await?;
        let folders_left = entries(folder.path()).intersection(&folders).count();
        next.end(&pids).await;
        Ok((left, folders_left))
    }

    async fn crashed(&self) -> Result<(f64, usize), Failure> {
        let folder = tempfile::tempdir()?;
        let (mut driver, pids) = self.watching(folder.path()).await?;
        let page = busiest_renderer(driver.pid()?).ok_or("no process draws a page")?;
        let start = Instant::now();
        signal(page, Signal::KILL);
        let lost = driver.says(|said| said["lost"].is_u64(), SILENCE).await;
        let heard = lost.as_ref().map_or(SILENCE, |(at, _)| at.duration_since(start)).as_secs_f64();
        // Where nobody heard of anything, one of the two has gone silent.
        let mut read = BTreeSet::new();
        let until = Instant::now() + READ_AGAIN;
        while let Some((_, said)) =
            driver.says(|said| said["read"].is_u64(), until.duration_since(Instant::now())).await
        {
            read.insert(said["read"].as_u64());
        }
        driver.end(&pids).await;
        Ok((heard, 1_usize.saturating_sub(read.len())))
    }

    async fn frozen(&self) -> Result<f64, Failure> {
        let folder = tempfile::tempdir()?;
        let (mut driver, pids) = self.watching(folder.path()).await?;
        let start = driver.freeze()?;
        let lost = driver.says(|said| said["lost"].is_u64(), SILENCE).await;
        driver.end(&pids).await;
        Ok(lost.map_or(SILENCE, |(at, _)| at.duration_since(start)).as_secs_f64())
    }

    async fn closed_while_frozen(&self) -> Result<f64, Failure> {
        let folder = tempfile::tempdir()?;
        let (mut driver, pids) = self.watching(folder.path()).await?;
        let start = driver.freeze()?;
        driver.stdin.write_all(b"close\n").await?;
        let closed = driver.says(|said| said["closed"].is_boolean(), SILENCE).await;
        driver.end(&pids).await;
        Ok(closed.map_or(SILENCE, |(at, _)| at.duration_since(start)).as_secs_f64())
    }

    /// Zombies after browsers were started and closed, one after the other.
    async fn rests(&self) -> Result<usize, Failure> {
        let folder = tempfile::tempdir()?;
        let mut driver = self.start(folder.path(), &["runs", RUNS])?;
        let mut pids = BTreeSet::new();
        let pid = driver.pid()?;
        // A process may be somebody else's child by then, so each is noted while it is there.
        while driver.says(|said| said["rest"] == true, Duration::from_millis(50)).await.is_none() {
            pids.extend(descendants(pid));
            if driver.child.try_wait()?.is_some() {
                return Err(format!("the program with {} ended early", self.library).into());
            }
        }
        sleep(Duration::from_secs(1)).await;
        let left = zombies(pids.iter().copied());
        driver.end(&pids).await;
        Ok(left)
    }

    /// One that reads two pages again and again, with all that runs below it.
    async fn watching(&self, folder: &Path) -> Result<(Driver, BTreeSet<u32>), Failure> {
        let mut driver = self.start(folder, &["watch"])?;
        driver.says(|said| said["ready"] == true, Duration::from_secs(60)).await.ok_or("a peer didn't get ready")?;
        for page in [0, 1] {
            driver.says(|said| said["read"] == page, READ_AGAIN * 4).await.ok_or("a peer reads nothing")?;
        }
        let pids = descendants(driver.pid()?).into_iter().collect();
        Ok((driver, pids))
    }

    fn start(&self, folder: &Path, mode: &[&str]) -> Result<Driver, Failure> {
        let mut command = self.node.program("browsers.mjs");
        command.args([self.library, self.browser, self.address]).args(mode).env("TMPDIR", folder);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (stdin, stdout) = (child.stdin.take().ok_or("a pipe")?, child.stdout.take().ok_or("a pipe")?);
        let (tell, said) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let _ = tell.send((Instant::now(), serde_json::from_str(&line).unwrap_or_default()));
            }
        });
        Ok(Driver { child, stdin, said })
    }
}

impl Driver {
    fn pid(&self) -> Result<u32, Failure> {
        Ok(self.child.id().ok_or("the program has ended")?)
    }

    /// Freezes its browser; when that was.
    fn freeze(&self) -> Result<Instant, Failure> {
        let browsers = browsers_below(self.pid()?);
        let start = Instant::now();
        browsers.into_iter().for_each(|pid| signal(pid, Signal::STOP));
        Ok(start)
    }

    /// The next line that is `wanted`, and when it came; none if none comes in time.
    async fn says(&mut self, wanted: impl Fn(&Value) -> bool, within: Duration) -> Option<(Instant, Value)> {
        let next = async {
            loop {
                let said = self.said.recv().await?;
                if wanted(&said.1) {
                    return Some(said);
                }
            }
        };
        timeout(within, next).await.ok().flatten()
    }

    /// Ends it, and whatever it leaves.
    async fn end(mut self, pids: &BTreeSet<u32>) {
        let _ = self.child.kill().await;
        pids.iter().for_each(|&pid| signal(pid, Signal::KILL));
        eventually(async || (alive(pids) == 0).then_some(())).await;
    }
}
