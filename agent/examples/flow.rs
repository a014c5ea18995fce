//! Reads one portal by its script again and again, with the agent's own drivers and no
//! coordinator: what a client is to a fleet, `cargo xtask bench flow` measures by this.
//!
//! It is given the driver, the browser, the script and the portal's address, and is then
//! told by lines of JSON on standard input what to do, as the programs in `bench/peers/`
//! are that it is measured beside:
//!
//! ```text
//! {"flows":12,"users":[{"username":"…","password":"…"}]}   so many flows, a lane a user
//! {"lane":0,"code":"123456"}                               what a lane asked for
//! ```
//!
//! It says on standard output, a line each, that it is `ready`, that a lane `asks` for a
//! code, what came of a flow, and that all of them are `done`. When standard input ends,
//! so does it.
//!
//! Not here: leases, and whether what was read is right.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use agent::cdp::{BrowserLimits, BrowserSettings, Browsers, Sandbox, Window};
use agent::driver::Driver;
use agent::egress::Egress;
use agent::gate::{Gate, TrustWindow};
use agent::hosts::Hosts;
use agent::leavable::Leavable;
use agent::openers::Openers;
use clap::Parser;
use domain::account::ObservedAccount;
use domain::driver::{DriverKind, Drivers};
use domain::institution::CredentialName;
use domain::secret::Secret;
use protocol::lease::AllowLoopback;
use script::command::{Command, Observation};
use script::{Plan, Runner, Script};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::Instant;
use url::Url;

/// Longer than any flow takes.
const TRUST: Duration = Duration::from_secs(600);
/// What its browser may hold: enough that none is worn by its weight.
const BROWSER_MEMORY: u64 = 8 << 30;

/// Whatever kept a flow from its end.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads one portal again and again, as it is told on standard input.
#[derive(Parser)]
struct Arguments {
    /// What the portal is driven with: cdp or http.
    #[arg(long)]
    driver: DriverKind,
    /// The browser; none is started by the driver http.
    #[arg(long)]
    browser: PathBuf,
    /// The portal's script.
    #[arg(long)]
    script: PathBuf,
    /// The portal's address.
    #[arg(long)]
    address: Url,
}

/// One line of standard input.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Flows { flows: usize, users: Vec<User> },
    Code { lane: usize, code: String },
}

#[derive(Clone, Deserialize)]
struct User {
    username: String,
    password: String,
}

/// What all flows share.
struct Client {
    openers: Openers,
    driver: DriverKind,
    script: Arc<Script>,
    address: Url,
    /// Who waits for a code, by lane.
    asking: Mutex<HashMap<usize, oneshot::Sender<String>>>,
}

fn main() -> ExitCode {
    // This executable is also the supervisor of its browsers.
    supervisor::run_if_asked();
    let arguments = Arguments::parse();
    // Fails only if another was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(serve(arguments)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { driver, browser, script, address } = arguments;
    let is_root = rustix::process::geteuid().is_root();
    let settings = BrowserSettings {
        program: browser,
        sandbox: if is_root { Sandbox::Off } else { Sandbox::On },
        profiles: std::env::temp_dir(),
        limits: BrowserLimits::new(BROWSER_MEMORY),
        window: Window::None,
        supervised_by: None,
    };
    let client = Arc::new(Client {
        openers: Openers::new(Drivers::new(vec![driver])?, Browsers::new(settings), None),
        driver,
        script: Arc::new(read_script(&script)?),
        address,
        asking: Mutex::default(),
    });
    let mut lines = lines_of_stdin();
    say(&json!({ "ready": true, "pid": std::process::id() }));
    while let Some(line) = lines.recv().await {
        match serde_json::from_str(&line)? {
            Told::Code { lane, code } => {
                if let Some(asking) = client.asking().remove(&lane) {
                    let _ = asking.send(code);
                }
            }
            Told::Flows { flows, users } => {
                let client = Arc::clone(&client);
                tokio::spawn(async move { client.flows(flows, users).await });
            }
        }
    }
    client.openers.end().await;
    Ok(())
}

fn read_script(file: &Path) -> Result<Script, Failure> {
    let source = std::fs::read_to_string(file)?;
    Script::parse(&source).map_err(|faults| faults.render(&file.display().to_string()).into())
}

/// On a thread of its own: the runtime would wait for a read that nobody ends.
fn lines_of_stdin() -> tokio::sync::mpsc::UnboundedReceiver<String> {
    let (sender, lines) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let lines = std::io::stdin().lock().lines().map_while(Result::ok);
        let _ = lines.into_iter().try_for_each(|line| sender.send(line));
    });
    lines
}

fn say(what: &Value) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{what}").and_then(|()| stdout.flush());
}

impl Client {
    fn asking(&self) -> std::sync::MutexGuard<'_, HashMap<usize, oneshot::Sender<String>>> {
        self.asking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many flows; each lane takes the next when its last has ended.
    async fn flows(self: Arc<Self>, flows: usize, users: Vec<User>) {
        let begun = Arc::new(AtomicUsize::new(0));
        let lanes = users.into_iter().enumerate().map(|(lane, user)| {
            let (client, begun) = (Arc::clone(&self), Arc::clone(&begun));
            tokio::spawn(async move {
                while begun.fetch_add(1, Ordering::Relaxed) < flows {
                    let start = Instant::now();
                    match client.flow(lane, &user).await {
                        Ok(accounts) => {
                            let rows: usize = accounts.iter().map(|account| account.transactions.len()).sum();
                            let seconds = start.elapsed().as_secs_f64();
                            let accounts = accounts.len();
                            say(&json!({ "lane": lane, "accounts": accounts, "rows": rows, "seconds": seconds }));
                        }
                        Err(error) => say(&json!({ "lane": lane, "failed": error.to_string() })),
                    }
                }
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            if let Err(error) = lane.await {
                say(&json!({ "failed": error.to_string() }));
            }
        }
        say(&json!({ "done": true }));
    }

    /// One session, from its opening to its end.
    async fn flow(&self, lane: usize, user: &User) -> Result<Vec<ObservedAccount>, Failure> {
        let gate = Gate::new(TrustWindow::new(Instant::now(), TRUST, Duration::ZERO));
        let hosts = Hosts::new(&self.address, self.script.hosts(), AllowLoopback::Yes);
        let egress = Egress::open_at(self.openers.way_out(self.driver), hosts, gate.clone()).await?;
        let opened = self.openers.open(self.driver, gate, Arc::new(egress), self.address.clone());
        let mut session = opened.await?;
        let ending = session.ending();
        let read = self.read(&mut *session, lane, user).await;
        ending.end().await;
        read
    }

    async fn read(&self, driver: &mut dyn Driver, lane: usize, user: &User) -> Result<Vec<ObservedAccount>, Failure> {
        let secret = |text: &str| Secret::new(text.to_owned());
        let plan = Plan {
            portal_url: self.address.clone(),
            credentials: [
                (CredentialName::BankUsername, secret(&user.username)),
                (CredentialName::Password, secret(&user.password)),
            ]
            .into(),
            open_intents: Vec::new(),
            today: jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
            since: None,
            compares: script::Compares::No,
        };
        let mut runner = Runner::new(Arc::clone(&self.script), plan);
        let mut driver = Leavable::new(driver);
        let (mut observation, mut at) = (None, self.address.clone());
        loop {
            if let Some(Observation::Recognised { url, .. }) = &observation {
                at = url.clone();
            }
            observation = Some(match runner.next(observation.take()) {
                Command::Finish(accounts) => return Ok(accounts),
                Command::Fail(failure) => return Err(format!("{}", failure.code).into()),
                Command::Visit(url) => driver.visit(&url).await?,
                Command::Watch(watch) => driver.watch(&watch).await?,
                Command::Act(acts) => driver.act(&acts).await?,
                Command::Capture(capture) => driver.capture(&capture).await?,
                Command::Collect(collect) => driver.collect(&collect).await?,
                Command::Download(download) => driver.download(&download).await?,
                Command::LeaveBrowser => driver.leave(&at).await?,
                Command::ReturnToBrowser => driver.go_back(),
                Command::Ask(question) if question.kind.takes_answer() => {
                    let (sender, answer) = oneshot::channel();
                    self.asking().insert(lane, sender);
                    say(&json!({ "asks": lane }));
                    Observation::Answered(Secret::new(answer.await?))
                }
                Command::OfferWheel(_) => return Err("a page that the script doesn't know".into()),
                Command::Make(_) | Command::ReadPicture(_) => {
                    return Err("the bank has something set, and nobody keeps it".into());
                }
                Command::Ask(_) | Command::Declare(_) | Command::SettleIntents(_) | Command::SettleAnswer(_) => {
                    Observation::Done
                }
            });
        }
    }
}
