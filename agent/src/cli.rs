//! The command line: what can be asked of the agent, and how it ends.
//!
//! Data goes to standard output, talk to standard error; an error ends in lines that
//! begin with `hint:`. Not here: doing it.

mod browser;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use domain::driver::{DriverKind, Drivers, DriversError};
use domain::secret::Secret;
use serde_json::{Map, Value, json};
use url::Url;

use crate::author::check::{Check, CheckError};
use crate::author::draft::{Draft, DraftError};
use crate::author::explain::Explain;
use crate::author::export::{Export, ExportError};
use crate::author::fmt::{Fmt, FmtError};
use crate::author::import::{Import, ImportError};
use crate::author::new::{New, NewError};
use crate::author::record::{Record, RecordError};
use crate::author::repair::{Repair, RepairError};
use crate::author::run::{Driving, RunError};
use crate::author::schema::Schema;
use crate::author::scrub::{Scrub, ScrubError};
use crate::author::simulate::{Simulate, SimulateCommandError};
use crate::author::test::{Test, TestError};
use crate::author::{Listing, WriteError, causes, print_json, say};
use crate::cdp::Window;
use crate::coordinator::{CallError, Coordinator, SetUpError};
use crate::doctor::{Doctor, DoctorError};
use crate::drain::Drain;
use crate::logs::{self, LogError, LogFormat};
use crate::measure;
use crate::member::{Member, MemberError};
use crate::quantity::{Bytes, Choice, Count};
use crate::sizing::{Room, browser_memory};

pub use browser::{BrowserArguments, BrowserError};

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
    /// Drive the portal of a folder from this terminal; or hold leases, until a signal ends it.
    Run(Box<Run>),
    /// Try a script on saved pages, or on a simulated portal.
    Test(Box<Test>),
    /// Make a folder for an institution, with a script to begin with.
    New(New),
    /// Make a script to begin with of pages that were saved.
    Draft(Draft),
    /// Carry over a recording of Chrome's DevTools Recorder or of Selenium IDE.
    Import(Import),
    /// Write a recording as Chrome's DevTools Recorder imports it.
    Export(Export),
    /// Go through a portal once, and have a script made of it.
    ///
    /// It goes on until Enter is pressed in the terminal, its own page says that it is enough, the browser is closed, or Ctrl-C
    /// or SIGTERM comes; without a terminal until one of the last four. Whichever it is, what was recorded is kept.
    Record(Box<Record>),
    /// Make up what pages of a bank show, so that a folder can be given away.
    Scrub(Scrub),
    /// Propose what a script would have to say where its portal has changed, and have a person take it.
    Repair(Box<Repair>),
    /// Make a simulated portal of saved pages, which `fixtures serve --recorded` runs.
    Simulate(Simulate),
    /// Say all that is wrong with a script.
    Check(Check),
    /// Say what a fault means, with an example, and how to mend it.
    Explain(Explain),
    /// Lay scripts out: keys in order, levels, blank lines; comments stay.
    Fmt(Fmt),
    /// Print the language as JSON Schema, for editors.
    Schema(Schema),
    /// Say whether this machine can drive portals.
    Doctor(Box<Doctor>),
}

/// What is run: a portal by the script in a folder, or leases of a coordinator.
#[derive(Debug, Args)]
struct Run {
    /// The folder of an institution, whose portal is driven from this terminal, without a coordinator. Without one, leases
    /// are held for a coordinator, until a signal ends it.
    folder: Option<PathBuf>,
    #[command(flatten)]
    driving: Driving,
    #[command(flatten, next_help_heading = "For a coordinator")]
    fleet: Fleet,
}

#[derive(Debug, Args)]
struct Fleet {
    /// Where the coordinator is.
    #[arg(long, env = "BURSAR_COORDINATOR", required_unless_present = "folder")]
    coordinator: Option<Url>,
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
    /// A file with the agent's token, instead of BURSAR_AGENT_TOKEN.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// How much memory a browser may hold, as in 1500M or 2G. Past that it gets no further
    /// session, at twice that it is ended; a page that holds as much by itself is ended
    /// alone. `auto` is a third of what is available, from 512M to 4G.
    #[arg(long, env = "BURSAR_BROWSER_MEMORY", default_value = "auto")]
    browser_memory: Choice<Bytes>,
    /// What portals are driven with here, as in `cdp,webdriver,http`. A lease is worked with the
    /// first of its own that is among these, and given back if none is.
    #[arg(long, env = "BURSAR_DRIVERS", value_delimiter = ',', default_value = "cdp,http")]
    drivers: Vec<DriverKind>,
    /// How long runs may go on once a signal came.
    #[arg(long, default_value_t = 20)]
    drain_seconds: u64,
    /// Drain when standard input closes, for whoever started this and may be killed.
    #[arg(long)]
    until_stdin_closes: bool,
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
    /// A script wasn't checked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// Scripts weren't laid out.
    #[error(transparent)]
    Fmt(#[from] FmtError),
    /// No folder was made.
    #[error(transparent)]
    New(#[from] NewError),
    /// Nothing was drafted.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// Nothing was imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Nothing was exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// A script couldn't be repaired.
    #[error(transparent)]
    Repair(#[from] RepairError),
    /// Nothing was recorded.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// Nothing was scrubbed.
    #[error(transparent)]
    Scrub(#[from] ScrubError),
    /// No portal was made.
    #[error(transparent)]
    Simulate(#[from] SimulateCommandError),
    /// Nothing was looked at.
    #[error(transparent)]
    Doctor(#[from] DoctorError),
    /// Standard output is closed.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is no coordinator.
    #[error("there is no coordinator to hold leases for")]
    NoCoordinator,
    /// There is no token.
    #[error("the agent has no token")]
    NoToken,
    /// There is nothing to drive portals with.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// A portal wasn't driven.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A script wasn't tried.
    #[error(transparent)]
    Test(#[from] TestError),
    /// The list of drivers says nothing.
    #[error(transparent)]
    Drivers(#[from] DriversError),
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
            let use_stderr = error.use_stderr();
            let _ = with_own_usage(error).print();
            let exit = if use_stderr { Exit::Usage } else { Exit::Done };
            return exit.into();
        }
    };
    let listing = cli.verb.listing();
    match cli.obey() {
        Ok(exit) => exit.into(),
        Err(error) => {
            if listing == Listing::Json {
                let mut told = error.told();
                told.insert("error".into(), in_one(&error).into());
                told.insert("hint".into(), error.hint().into());
                let _ = print_json(&told);
            }
            say(report(&error).trim_end());
            Exit::Failed.into()
        }
    }
}

/// An error of the command line with the usage of the command that was named: the one that comes with it also names what
/// the environment gives.
fn with_own_usage(mut error: clap::Error) -> clap::Error {
    let mut command = Cli::command();
    command.build();
    let mut words = std::env::args().skip(1);
    let Some(verb) = words.find_map(|word| command.find_subcommand(word).cloned()) else { return error };
    if error.get(ContextKind::Usage).is_some() {
        error.insert(ContextKind::Usage, ContextValue::StyledStr(verb.clone().render_usage()));
    }
    error
}

impl Verb {
    /// How its user wants to be told.
    const fn listing(&self) -> Listing {
        match self {
            Self::Run(run) => run.driving.listing(),
            Self::Test(test) => test.listing(),
            Self::Draft(draft) => draft.listing(),
            Self::Scrub(scrub) => scrub.listing(),
            Self::Simulate(simulate) => simulate.listing(),
            Self::Doctor(doctor) => doctor.listing(),
            Self::Import(import) => import.listing(),
            Self::Export(export) => export.listing(),
            Self::Record(record) => record.listing(),
            Self::Repair(repair) => repair.listing(),
            Self::Check(check) => check.listing(),
            Self::New(_) | Self::Explain(_) | Self::Fmt(_) | Self::Schema(_) => Listing::Text,
        }
    }
}

impl Cli {
    fn obey(self) -> Result<Exit, CliError> {
        match self.verb {
            Verb::New(new) => Ok(new.obey()?),
            Verb::Draft(draft) => Ok(draft.obey()?),
            Verb::Scrub(scrub) => Ok(scrub.obey()?),
            Verb::Simulate(simulate) => Ok(simulate.obey()?),
            Verb::Doctor(doctor) => {
                quiet_logs(self.log_format)?;
                Ok(doctor.obey()?)
            }
            Verb::Import(import) => Ok(import.obey()?),
            Verb::Export(export) => Ok(export.obey()?),
            Verb::Record(record) => {
                quiet_logs(self.log_format)?;
                Ok(record.obey()?)
            }
            Verb::Repair(repair) => Ok(repair.obey()?),
            Verb::Check(check) => Ok(check.obey()?),
            Verb::Explain(explain) => Ok(explain.obey()?),
            Verb::Fmt(fmt) => Ok(fmt.obey()?),
            Verb::Schema(schema) => Ok(schema.obey()?),
            Verb::Test(test) => {
                quiet_logs(self.log_format)?;
                Ok(test.obey()?)
            }
            Verb::Run(run) => match &run.folder {
                Some(folder) => {
                    quiet_logs(self.log_format)?;
                    Ok(run.driving.obey(folder)?)
                }
                None => {
                    logs::start(self.log_format, std::env::var(logs::VARIABLE).ok().as_deref())?;
                    run.fleet.obey(run.driving.browser())
                }
            },
        }
    }
}

/// Starts the log of a command that says by itself what it does: only what is wrong is heard, unless somebody asks for more.
fn quiet_logs(format: LogFormat) -> Result<(), LogError> {
    logs::start(format, Some(std::env::var(logs::VARIABLE).ok().as_deref().unwrap_or("error")))
}

impl Fleet {
    fn obey(&self, browser: &BrowserArguments) -> Result<Exit, CliError> {
        let token = self.token()?;
        let drivers = Drivers::new(self.drivers.clone())?;
        let machine = measure::machine();
        let count = |choice: Choice<Count>| choice.named().map(|Count(count)| count);
        let room = Room::new(machine, count(self.slots), count(self.parked));
        let memory = self.browser_memory.named().map_or_else(|| browser_memory(machine), |Bytes(bytes)| bytes);
        let openers = browser.openers(drivers, memory, Window::None)?;
        let coordinator = self.coordinator.clone().ok_or(CliError::NoCoordinator)?;
        let coordinator = Coordinator::new(coordinator, token)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let ended = runtime.map_err(CliError::Runtime)?.block_on(async {
            let drain = Drain::new(Duration::from_secs(self.drain_seconds));
            if self.until_stdin_closes {
                drain_when_stdin_closes(drain.clone());
            }
            let name = self.name.clone().unwrap_or_else(host_name);
            Member::new(name, coordinator, openers, drain, machine, room).run().await
        });
        ended?;
        Ok(Exit::Done)
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
    /// What a program is told beside the error and the hint.
    fn told(&self) -> Map<String, Value> {
        let told = match self {
            Self::Import(ImportError::Refused { refusals, .. }) => json!({ "refused": refusals.0 }),
            Self::Record(RecordError::NoAccounts { told, .. }) => json!(told),
            _ => return Map::new(),
        };
        match told {
            Value::Object(told) => told,
            _ => Map::new(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => Some("set BURSAR_AGENT_TOKEN, or name a file with --token-file"),
            Self::NoCoordinator => Some("name one with --coordinator, or a folder whose portal is to be driven"),
            Self::Browser(error) => Some(error.hint()),
            Self::Run(error) => error.hint(),
            Self::Test(error) => error.hint(),
            Self::Log(_) => Some("levels are error, warn, info, debug and trace, as in BURSAR_LOG=info,agent=debug"),
            Self::Member(MemberError::Call(CallError::Unauthorized)) => {
                Some("see that the token is the one that the coordinator was given")
            }
            Self::New(error) => error.hint(),
            Self::Draft(error) => error.hint(),
            Self::Scrub(error) => error.hint(),
            Self::Simulate(error) => error.hint(),
            Self::Import(error) => error.hint(),
            Self::Export(error) => error.hint(),
            Self::Record(error) => error.hint(),
            Self::Repair(error) => error.hint(),
            Self::Read { .. }
            | Self::Check(_)
            | Self::Fmt(_)
            | Self::Doctor(_)
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

/// The error with its causes, in a line.
fn in_one(error: &CliError) -> String {
    let errors = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The error with its causes, then the hint.
fn report(error: &CliError) -> String {
    let mut text = format!("error: {error}\n{}", causes(error));
    if let Some(hint) = error.hint() {
        text.push_str(&format!("hint: {hint}\n"));
    }
    text
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "agent".into(),
        name => name.into(),
    }
}
