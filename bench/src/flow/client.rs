//! A client: a program that reads a portal again and again as it is told, ours or a peer's, with
//! a folder of its own for what is temporary.
//!
//! Every flow is held against what the portal has: one that lacks a row is no flow, and ends the
//! bench.
//!
//! Not here: what is measured meanwhile.

use std::path::Path;

use fixtures::portal::RunningPortal;
use serde::Deserialize;
use serde_json::json;
use tests::programs::{Program, Sighting, descendants};
use tokio::process::Command;
use tokio::time::Instant;

use crate::Failure;
use crate::keeper::kept;

/// A running client.
pub(super) struct Client {
    pub(super) name: &'static str,
    program: Program,
    pid: u32,
    folder: tempfile::TempDir,
}

/// One line of what it says.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Ready {
        #[serde(rename = "ready")]
        _ready: bool,
        pid: u32,
    },
    Asks {
        asks: usize,
    },
    Read {
        lane: usize,
        accounts: usize,
        rows: usize,
    },
    Failed {
        failed: String,
    },
    Done {
        #[serde(rename = "done")]
        _done: bool,
    },
}

impl Client {
    /// Starts one; it is ready when its browser is.
    pub(super) async fn start(name: &'static str, mut command: Command) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        command.env("TMPDIR", folder.path());
        let mut program = Program::start(name, kept(&command)?)?;
        match said(name, &mut program).await? {
            Said::Ready { pid, .. } => Ok(Self { name, program, pid, folder }),
            _ => Err(format!("{name} said something else than that it is ready").into()),
        }
    }

    /// Has so many flows done, in as many lanes; returns how many seconds they took.
    pub(super) async fn flows(&mut self, portal: &RunningPortal, flows: usize, lanes: usize) -> Result<f64, Failure> {
        let start = Instant::now();
        self.begin(portal, flows, lanes).await?;
        let mut read = 0;
        loop {
            match said(self.name, &mut self.program).await? {
                Said::Asks { asks } => self.answer(portal, asks).await?,
                Said::Read { lane, accounts, rows } => {
                    let known = expected(portal, lane)?;
                    if (accounts, rows) != known {
                        let there = format!("{} accounts and {} rows are there", known.0, known.1);
                        return Err(format!("{} read {accounts} accounts and {rows} rows; {there}", self.name).into());
                    }
                    read += 1;
                }
                Said::Failed { failed } => return Err(format!("a flow of {} failed: {failed}", self.name).into()),
                Said::Done { .. } if read == flows => return Ok(start.elapsed().as_secs_f64()),
                Said::Done { .. } => return Err(format!("{} did {read} flows of {flows}", self.name).into()),
                Said::Ready { .. } => {}
            }
        }
    }

    /// The same, until the first lane asks for its code.
    pub(super) async fn flows_until_asked(&mut self, portal: &RunningPortal, lanes: usize) -> Result<(), Failure> {
        self.begin(portal, lanes, lanes).await?;
        loop {
            match said(self.name, &mut self.program).await? {
                Said::Asks { .. } => return Ok(()),
                Said::Failed { failed } => return Err(format!("a flow of {} failed: {failed}", self.name).into()),
                Said::Read { .. } | Said::Done { .. } | Said::Ready { .. } => {}
            }
        }
    }

    /// The process whose tree has all that comes of this client.
    pub(super) fn keeper(&self) -> Result<u32, Failure> {
        Ok(self.program.pid().ok_or_else(|| format!("{} has ended", self.name))?)
    }

    /// The client's own process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// The folder for what is temporary.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that runs for it, itself included.
    pub(super) fn family(&self) -> Result<Vec<Sighting>, Failure> {
        Ok(descendants(self.keeper()?).into_iter().filter_map(Sighting::of).collect())
    }

    /// Lets go of it, and waits for all that came of it.
    pub(super) async fn end(self) -> Result<(), Failure> {
        self.program.end_by_itself().await;
        Ok(())
    }

    async fn begin(&mut self, portal: &RunningPortal, flows: usize, lanes: usize) -> Result<(), Failure> {
        let users: Vec<_> = portal.users().take(lanes).collect();
        if users.len() < lanes {
            return Err(format!("{} has {} users for {lanes} lanes", portal.name(), users.len()).into());
        }
        let users: Vec<_> =
            users.iter().map(|user| json!({ "username": user.username, "password": user.password })).collect();
        Ok(self.program.tell(&json!({ "flows": flows, "users": users }).to_string()).await?)
    }

    /// Gives a lane the newest code that its user was sent.
    async fn answer(&mut self, portal: &RunningPortal, lane: usize) -> Result<(), Failure> {
        let user = format!("u{}", lane + 1);
        let message = portal.phone().messages.into_iter().rev().find(|message| message.user == user);
        let code = message.ok_or_else(|| format!("{user} was sent no code"))?.code;
        Ok(self.program.tell(&json!({ "lane": lane, "code": code }).to_string()).await?)
    }
}

async fn said(name: &str, program: &mut Program) -> Result<Said, Failure> {
    let line = program.line().await?;
    serde_json::from_str(&line).map_err(|_| format!("{name} said: {line}\n{}", program.talk()).into())
}

/// How many accounts and rows the user of a lane has.
fn expected(portal: &RunningPortal, lane: usize) -> Result<(usize, usize), Failure> {
    let truth = portal.truths().nth(lane).ok_or("a lane without a user")?;
    Ok((truth.accounts.len(), truth.transactions.len()))
}
