//! `agent doctor`: whether this machine can drive portals, said before a bank is asked for anything.
//!
//! The same page is shown twice: by a client of the browser's that is nobody's here ([`other`]), and by the agent's own. Where both
//! fail it is the browser or the machine; where only the agent's own does, it is the agent.
//!
//! Not here: whether a portal works; `agent run` tries that.

mod other;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use comfy_table::{Table, presets};
use jiff::tz::TimeZone;
use protocol::lease::AllowLoopback;
use script::command::Observation;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::{Instant, timeout};
use url::Url;

use crate::author::{Listing, WriteError, plain, print, print_json};
use crate::cdp::Window;
use crate::chromium::ENVIRONMENT;
use crate::cli::{BrowserArguments, Exit};
use crate::driver::Driver as _;
use crate::egress::Egress;
use crate::gate::{Gate, TrustWindow};
use crate::hosts::Hosts;
use crate::measure;
use crate::sizing::{Room, browser_memory};
use other::Seen;

/// What both are shown: a text and nothing else, until somebody clicks on it.
const PAGE: &str = "<!doctype html><meta charset=utf-8><title>Doctor</title><body style='margin:0;background:#fff'>\
    <div id=said style='width:400px;height:100px;font-size:40px' onclick=\"this.textContent = 'Clicked'\">Seen</div>";

/// How long a browser may take to say its version.
const VERSION: Duration = Duration::from_secs(10);

/// How long either may take for all of it.
const LONGEST: Duration = Duration::from_secs(25);

/// What is looked at.
#[derive(Debug, Args)]
pub struct Doctor {
    /// One JSON value, for programs.
    #[arg(long)]
    json: bool,
    /// Be the other client of a doctor: show this page, and say what was seen.
    #[arg(long, hide = true, value_name = "URL")]
    other_client: Option<String>,
    #[command(flatten)]
    browser: BrowserArguments,
}

/// Why nothing was looked at.
#[derive(Debug, thiserror::Error)]
pub enum DoctorError {
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] io::Error),
    /// Nobody listens.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    what: &'static str,
    outcome: Outcome,
    said: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Outcome {
    Well,
    /// It works, and less well than it could.
    Poor,
    Ill,
}

impl Finding {
    fn well(what: &'static str, said: impl Into<String>) -> Self {
        Self { what, outcome: Outcome::Well, said: said.into(), hint: None }
    }

    fn ill(what: &'static str, said: impl Into<String>, hint: &str) -> Self {
        Self { what, outcome: Outcome::Ill, said: said.into(), hint: Some(hint.to_owned()) }
    }

    fn poor(what: &'static str, said: impl Into<String>, hint: &str) -> Self {
        Self { what, outcome: Outcome::Poor, said: said.into(), hint: Some(hint.to_owned()) }
    }
}

impl Doctor {
    /// How what comes of it is told.
    pub(crate) const fn listing(&self) -> Listing {
        if self.json { Listing::Json } else { Listing::Text }
    }

    /// Looks, and says how it is; ends with [`Exit::Faults`] where portals can't be driven.
    ///
    /// # Errors
    /// When it can't look at all.
    pub fn obey(&self) -> Result<Exit, DoctorError> {
        if let Some(page) = &self.other_client {
            let seen = match self.browser.found() {
                Ok((program, sandbox)) => other::look(&program, sandbox, page),
                Err(error) => Seen::Nothing(error.to_string()),
            };
            print_json(&seen)?;
            return Ok(Exit::Done);
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let findings = runtime.map_err(DoctorError::Runtime)?.block_on(self.findings());
        if self.json {
            print_json(&findings)?;
        } else {
            print(&told(&findings))?;
        }
        let is_ill = findings.iter().any(|finding| finding.outcome == Outcome::Ill);
        Ok(if is_ill { Exit::Faults } else { Exit::Done })
    }

    async fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![room(), zones()];
        let (program, sandbox) = match self.browser.found() {
            Ok(found) => found,
            Err(error) => {
                findings.push(Finding::ill("browser", error.to_string(), error.hint()));
                return findings;
            }
        };
        match version(&program).await {
            Some(version) => findings.push(Finding::well("browser", format!("{version}, {}", program.display()))),
            None => {
                let said = format!("{} doesn't say its version", program.display());
                findings.push(Finding::ill("browser", said, "run it by hand with --version and see what it says"));
                return findings;
            }
        }
        let Ok((address, _serving)) = serve().await else {
            findings.push(Finding::ill(
                "loopback",
                "no port can be listened on",
                "allow the agent to listen on 127.0.0.1",
            ));
            return findings;
        };
        let begun = Instant::now();
        let page = format!("http://{address}/");
        let profiles = self.browser.profiles();
        let seen = other::seen(&program, sandbox, &page, &profiles, LONGEST);
        // At once: one that never comes is waited for once.
        let (seen, ours) = tokio::join!(seen, self.own(address));
        let theirs = by_another(&seen, begun.elapsed());
        let is_ours = theirs.outcome != Outcome::Ill && ours.outcome == Outcome::Ill;
        findings.extend([theirs, ours]);
        if is_ours {
            let why = "another client drives this browser, and the agent doesn't";
            findings.push(Finding::ill("agent", why, "tell whoever maintains it, with this list"));
        }
        findings
    }

    /// The page by the agent's own means: its supervisor, its way out, its wire.
    async fn own(&self, address: SocketAddr) -> Finding {
        const WHAT: &str = "the agent's own client";
        let begun = Instant::now();
        let looked = async {
            let url: Url = format!("http://{address}/").parse().map_err(|_| "no address".to_owned())?;
            let machine = measure::machine();
            let memory = browser_memory(machine);
            let browsers = self.browser.browsers(memory, Window::None).map_err(|error| error.to_string())?;
            let gate = Gate::new(TrustWindow::new(Instant::now(), LONGEST, Duration::ZERO));
            let hosts = Hosts::any(&url, AllowLoopback::Yes);
            let egress = Egress::open_at(Ipv4Addr::LOCALHOST.into(), hosts, gate.clone()).await;
            let egress = Arc::new(egress.map_err(|error| error.to_string())?);
            let session = browsers.session(gate, egress, url.clone()).await;
            let mut session = session.map_err(|error| error.to_string())?;
            let ending = session.ending();
            let came = session.visit(&url).await;
            ending.end().await;
            browsers.end().await;
            match came {
                Ok(Observation::Visited) => Ok(()),
                Ok(_) => Err("the page didn't come".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        };
        match timeout(LONGEST, looked).await {
            Ok(Ok(())) => Finding::well(WHAT, format!("a page after {} ms", begun.elapsed().as_millis())),
            Ok(Err(why)) => Finding::ill(
                WHAT,
                plain(&why),
                "see the lines above: where another client fails too, it is the browser",
            ),
            Err(_) => Finding::ill(
                WHAT,
                "no page in time",
                "see the lines above: where another client fails too, it is the browser",
            ),
        }
    }
}

/// What a browser calls itself.
async fn version(program: &Path) -> Option<String> {
    let given = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut asked = Command::new(program);
    asked.arg("--version").env_clear().envs(given).stdin(Stdio::null()).kill_on_drop(true);
    let asked = asked.output();
    let output = timeout(VERSION, asked).await.ok()?.ok().filter(|output| output.status.success())?;
    let said = String::from_utf8_lossy(&output.stdout);
    Some(plain(said.lines().next()?.trim())).filter(|said| !said.is_empty())
}

/// How much room there is for sessions.
fn room() -> Finding {
    let machine = measure::machine();
    let limits = Room::new(machine, None, None).at_first(machine);
    let said = format!("{} sessions at once to begin with", limits.seats);
    match browser_memory(machine) {
        memory if memory < 512 << 20 => {
            Finding::poor("room", said, "a browser wants half a gigabyte: give the machine more memory")
        }
        _ => Finding::well("room", said),
    }
}

/// Whether the machine knows time zones, by which a bank's days are days.
fn zones() -> Finding {
    match TimeZone::get("America/New_York") {
        Ok(_) => Finding::well("time zones", "known"),
        Err(_) => Finding::poor("time zones", "not known", "install them (Debian: apt install tzdata)"),
    }
}

/// What the other client saw.
fn by_another(seen: &Seen, took: Duration) -> Finding {
    const WHAT: &str = "another client";
    match seen {
        Seen::Drawn => Finding::well(WHAT, format!("a page, a click and a picture within {} ms", took.as_millis())),
        Seen::Blank => Finding::poor(
            WHAT,
            "a page without a letter on it",
            "install a font (Debian: apt install fonts-dejavu-core)",
        ),
        Seen::Nothing(why) => Finding::ill(WHAT, plain(why), "start the browser by hand and see what it says"),
    }
}

/// Serves the page on loopback for as long as what is returned is there.
async fn serve() -> io::Result<(SocketAddr, tokio::task::JoinSet<()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // Whatever was asked for, it is the page.
            let _ = stream.read(&mut [0; 4_096]).await;
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                PAGE.len()
            );
            let _ = stream.write_all(format!("{head}{PAGE}").as_bytes()).await;
        }
    });
    Ok((address, serving))
}

fn told(findings: &[Finding]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for finding in findings {
        let outcome = match finding.outcome {
            Outcome::Well => "ok",
            Outcome::Poor => "POOR",
            Outcome::Ill => "ILL",
        };
        let hint = finding.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        table.add_row([outcome, finding.what, &format!("{}{hint}", finding.said)]);
    }
    table.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
