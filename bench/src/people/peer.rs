//! The peer of live views: a page shown, and clicked on, by puppeteer (`bench/peers/live.mjs`).
//!
//! Not here: ours (`live`).

use std::process::Stdio;

use fixtures::faults::Faults;
use fixtures::harbour::{Harbour, HarbourSettings};
use serde::Deserialize;
use serde_json::json;
use tests::patience::eventually;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::Failure;
use crate::flow::clients::browser;
use crate::load::Latencies;
use crate::node::Node;

/// How soon it saw something, in milliseconds.
pub(super) struct Seen {
    pub(super) firsts: Latencies,
    pub(super) clicks: Latencies,
}

#[derive(Deserialize)]
struct Said {
    firsts: Vec<f64>,
    clicks: Vec<f64>,
}

pub(super) async fn measure(rounds: usize) -> Result<Seen, Failure> {
    let node = Node::ready().await?;
    let portal = Harbour::start(HarbourSettings::default()).await?;
    portal.set_faults(Faults { survey: true, ..Faults::default() });
    let rounds = rounds.to_string();
    let mut command = node.program("live.mjs");
    command.arg(browser()?).args([portal.url(), portal.username(), portal.password(), &rounds]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut running = command.spawn()?;
    let (mut tells, says) = (running.stdin.take().ok_or("no input")?, running.stdout.take().ok_or("no output")?);
    let mut lines = BufReader::new(says).lines();
    lines.next_line().await?.ok_or("the peer ended before it asked for the code")?;
    let code = eventually(async || portal.phone().messages.first().map(|message| message.code.clone())).await;
    let code = json!({ "code": code.ok_or("no text message came")? });
    tells.write_all(format!("{code}\n").as_bytes()).await?;
    let said = lines.next_line().await?.ok_or("the peer ended without a word")?;
    let said: Said = serde_json::from_str(&said)?;
    running.wait().await?;
    Ok(Seen { firsts: Latencies::new(said.firsts), clicks: Latencies::new(said.clicks) })
}
