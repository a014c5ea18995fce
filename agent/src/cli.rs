//! The command line: what can be asked of the agent, and how it ends.
//!
//! Data goes to standard output, talk to standard error; an error ends in lines that
//! begin with `hint:`. Not here: doing it.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::driver::{DriverKind, Drivers, DriversError};
use domain::secret::Secret;
use url::Url;

use crate::cdp::{BrowserLimits, BrowserSettings, Browsers, FindError, Sandbox};
use crate::check::check;
use crate::coordinator::{CallError, Coordinator, SetUpError};
use crate::drain::Drain;
use crate::logs::{self, LogError, LogFormat};
use crate::measure;
use crate::member::{Member, MemberError};
use crate::openers::Openers;
use crate::quantity::{Bytes, Choice, Count};
use crate::sizing::{Room, browser_memory};
use crate::webdriver::{self, RemoteEnd, Webdriver, WebdriverError, WebdriverSettings};

const TOKEN: &str = "BURSAR_AGENT_TOKEN";

/// The fleet member of Bursar: reads business bank accounts through portals.
#[derive(Debug, Parser)]
#[command(name = "agent", version)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// How lines on standard error look.
    #[arg(long, global = true, value_enum, env = "BURSAR_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Hold leases and drive portals, until a signal ends it.
    Run(Box<Run>),
    /// Say all that is wrong with a script.
    Check(Check),
}

#[derive(Debug, Args)]
struct Run {
    /// Where the coordinator is.
    #[arg(long, env = "BURSAR_COORDINATOR")]
    coordinator: Url,
    /// How many runs at once: a number, exactly; or `auto`, two for each CPU at first, and
    /// then more or fewer by what the CPUs and the memory are measured to bear.
    #[arg(long, env = "BURSAR_AGENT_SLOTS", default_value = "auto")]
    slots: Choice<Count>,
    /// With how many runs that wait for a person, which take no slot, no further lease is
    /// asked for; `auto` is as many as fit into the memory.
    #[arg(long, env = "BURSAR_AGENT_PARKED", default_value = "auto")]
    parked: Choice<Count>,
    /// A name for people; the host's unless given.
    #[arg(long)]
    name: Option<String>,
    /// A folder for browsers' profiles, which don't outlive them.
    #[arg(long, env = "BURSAR_AGENT_DATA")]
    data: Option<PathBuf>,
    /// A file with the agent's token, instead of BURSAR_AGENT_TOKEN.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The browser: a program's path or name.
    #[arg(long, env = "BURSAR_BROWSER")]
    browser: Option<PathBuf>,
    /// Chromium's own sandbox. Off only where something else is the sandbox.
    #[arg(long, value_enum, env = "BURSAR_BROWSER_SANDBOX")]
    browser_sandbox: Option<Switch>,
    /// How much memory a browser may hold, as in 1500M or 2G. Past that it gets no further
    /// session, at twice that it is ended; a page that holds as much by itself is ended
    /// alone. `auto` is a third of what is available, from 512M to 4G.
    #[arg(long, env = "BURSAR_BROWSER_MEMORY", default_value = "auto")]
    browser_memory: Choice<Bytes>,
    /// What portals are driven with here, as in `cdp,webdriver,http`. A lease is worked with the
    /// first of its own that is among these, and given back if none is.
    #[arg(long, env = "BURSAR_DRIVERS", value_delimiter = ',', default_value = "cdp,http")]
    drivers: Vec<DriverKind>,
    /// Who drives browsers over WebDriver: a program that is started for each session, such
    /// as `chromedriver` or `geckodriver`, or the URL of a remote end, such as a Grid's.
    #[arg(long, env = "BURSAR_WEBDRIVER")]
    webdriver: Option<RemoteEnd>,
    /// The browser that is driven over WebDriver: a program's path or name; of a remote end
    /// `chrome` or `firefox`. Found by the driver's name unless given.
    #[arg(long, env = "BURSAR_WEBDRIVER_BROWSER")]
    webdriver_browser: Option<PathBuf>,
    /// The address of this machine by which the browsers of a remote end reach it: they have
    /// no other way to a portal than through the agent.
    #[arg(long, env = "BURSAR_WEBDRIVER_WAY_OUT", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    webdriver_way_out: IpAddr,
    /// How long runs may go on once a signal came.
    #[arg(long, default_value_t = 20)]
    drain_seconds: u64,
    /// Drain when standard input closes, for whoever started this and may be killed.
    #[arg(long)]
    until_stdin_closes: bool,
}

#[derive(Debug, Args)]
struct Check {
    /// The script.
    file: PathBuf,
    /// One JSON list, for programs.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Switch {
    On,
    Off,
}

/// How what was found is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked for.
    Done = 0,
    /// It couldn't.
    Failed = 1,
    /// A script has faults.
    Faults = 2,
    /// It didn't understand what it was asked for (`EX_USAGE`).
    Usage = 64,
}

/// Why a verb wasn't done.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// A file can't be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A script that is no script.
    #[error("{} is far too large for a script", .0.display())]
    TooLarge(PathBuf),
    /// Standard output is closed.
    #[error("could not write to standard output")]
    Write(#[source] std::io::Error),
    /// There is no token.
    #[error("the agent has no token")]
    NoToken,
    /// Chromium refuses its sandbox to root.
    #[error("the browser's sandbox can't be on for the user root")]
    SandboxedRoot,
    /// There is no browser.
    #[error(transparent)]
    NoBrowser(#[from] FindError),
    /// The list of drivers says nothing.
    #[error(transparent)]
    Drivers(#[from] DriversError),
    /// Nobody drives browsers over WebDriver.
    #[error("the driver webdriver needs to know who drives the browsers")]
    NoWebdriver,
    /// What it takes for WebDriver isn't there.
    #[error(transparent)]
    Webdriver(#[from] WebdriverError),
    /// The filter of the log is no filter.
    #[error(transparent)]
    Log(#[from] LogError),
    /// There is no HTTP.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
    /// The runtime didn't start.
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
    /// The member ended by itself.
    #[error(transparent)]
    Member(#[from] MemberError),
}

/// Does what the arguments of this process ask for.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return exit.into();
        }
    };
    match cli.obey() {
        Ok(exit) => exit.into(),
        Err(error) => {
            let _ = write!(std::io::stderr().lock(), "{}", report(&error));
            Exit::Failed.into()
        }
    }
}

impl Cli {
    fn obey(self) -> Result<Exit, CliError> {
        match self.verb {
            Verb::Check(Check { file, json }) => {
                let listing = if json { Listing::Json } else { Listing::Text };
                check(&file, listing, std::io::stdout().lock())
            }
            Verb::Run(run) => {
                logs::start(self.log_format, std::env::var(logs::VARIABLE).ok().as_deref())?;
                run.obey()
            }
        }
    }
}

impl Run {
    fn obey(self) -> Result<Exit, CliError> {
        let token = self.token()?;
        let drivers = Drivers::new(self.drivers.clone())?;
        let has = |kind| drivers.iter().any(|driver| driver == kind);
        // An agent without a browser has nothing that could be in a sandbox.
        let sandbox = if drivers.iter().all(|kind| kind == DriverKind::Http) { Sandbox::On } else { self.sandbox()? };
        let path = std::env::var_os("PATH");
        let found = BrowserSettings::find(self.browser.as_deref(), path.as_deref());
        // What isn't there isn't missed by an agent that doesn't use it.
        let program = if has(DriverKind::Cdp) { found? } else { found.unwrap_or_default() };
        let profiles = self.data.clone().unwrap_or_else(default_data).join("profiles");
        let machine = measure::machine();
        let count = |choice: Choice<Count>| choice.named().map(|Count(count)| count);
        let room = Room::new(machine, count(self.slots), count(self.parked));
        let memory = self.browser_memory.named().map_or_else(|| browser_memory(machine), |Bytes(bytes)| bytes);
        let limits = BrowserLimits::new(memory);
        let webdriver = match has(DriverKind::Webdriver) {
            true => Some(Webdriver::new(self.webdriver_settings(sandbox, profiles.clone())?)),
            false => None,
        };
        let settings = BrowserSettings { program, sandbox, profiles, limits, supervised_by: None };
        // Fails only if another was installed before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let coordinator = Coordinator::new(self.coordinator.clone(), token)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let ended = runtime.map_err(CliError::Runtime)?.block_on(async {
            let drain = Drain::new(Duration::from_secs(self.drain_seconds));
            if self.until_stdin_closes {
                drain_when_stdin_closes(drain.clone());
            }
            let name = self.name.clone().unwrap_or_else(host_name);
            let openers = Openers::new(drivers, Browsers::new(settings), webdriver);
            Member::new(name, coordinator, openers, drain, machine, room).run().await
        });
        ended?;
        Ok(Exit::Done)
    }

    fn webdriver_settings(&self, sandbox: Sandbox, profiles: PathBuf) -> Result<WebdriverSettings, CliError> {
        let path = std::env::var_os("PATH");
        let end = self.webdriver.clone().ok_or(CliError::NoWebdriver)?.found(path.as_deref())?;
        if end.is_overheard() {
            tracing::warn!("the remote end is spoken to in plain text; passwords go that way");
        }
        let browser = webdriver::Browser::find(self.webdriver_browser.as_deref(), &end, path.as_deref())?;
        let way_out = self.webdriver_way_out;
        Ok(WebdriverSettings { end, browser, sandbox, profiles, way_out, supervised_by: None })
    }

    fn token(&self) -> Result<Secret, CliError> {
        let text = match &self.token_file {
            Some(path) => {
                std::fs::read_to_string(path).map_err(|source| CliError::Read { path: path.clone(), source })?
            }
            None => std::env::var(TOKEN).map_err(|_| CliError::NoToken)?,
        };
        let token = text.trim();
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Secret::new(token.to_owned())).ok_or(CliError::NoToken)
    }

    fn sandbox(&self) -> Result<Sandbox, CliError> {
        let is_root = rustix::process::geteuid().is_root();
        match (self.browser_sandbox, is_root) {
            (Some(Switch::Off), _) => {
                tracing::warn!("the browser's sandbox is off, by a setting");
                Ok(Sandbox::Off)
            }
            (_, true) => Err(CliError::SandboxedRoot),
            (Some(Switch::On) | None, false) => Ok(Sandbox::On),
        }
    }
}

/// On a thread of its own: the runtime would wait for a read that nobody ends.
fn drain_when_stdin_closes(drain: Drain) {
    std::thread::spawn(move || {
        // Whatever comes is read and means nothing; so does an error, other than the end.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drain.begin();
    });
}

impl CliError {
    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("set BURSAR_AGENT_TOKEN, or name a file with --token-file"),
            Self::SandboxedRoot => Some(
                "run the agent as another user, or set BURSAR_BROWSER_SANDBOX=off where the container is the sandbox",
            ),
            Self::NoBrowser(error) => Some(error.hint()),
            Self::Webdriver(error) => Some(error.hint()),
            Self::NoWebdriver => Some("name a program such as chromedriver, or a URL, with --webdriver"),
            Self::Log(_) => Some("levels are error, warn, info, debug and trace, as in BURSAR_LOG=info,agent=debug"),
            Self::Member(MemberError::Call(CallError::Unauthorized)) => {
                Some("see that the token is the one that the coordinator was given")
            }
            Self::Read { .. }
            | Self::TooLarge(_)
            | Self::Write(_)
            | Self::SetUp(_)
            | Self::Drivers(_)
            | Self::Runtime(_)
            | Self::Member(_) => None,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The error with its causes, then the hint.
fn report(error: &CliError) -> String {
    let mut text = format!("error: {error}\n");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!("  because: {error}\n"));
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

/// A folder of this user's own: one that anybody may write to could be prepared.
fn default_data() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = cache.filter(|path| path.is_absolute()).or_else(home);
    folder.unwrap_or_else(std::env::temp_dir).join("bursar-agent")
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "agent".into(),
        name => name.into(),
    }
}
