//! The command line: stdout is data, stderr is talk, errors end in a hint.
//!
//! Not here: what a command does; that is in its own file, and mostly in `fleet`.

#[macro_use]
mod output;

mod audit;
mod catalog;
mod challenge;
mod control;
mod control_token;
mod desk;
mod evidence;
mod failures;
mod key;
mod ledger;
mod migrate;
mod organization;
mod password;
mod script;
mod serve;
mod simplefin;
mod user;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use domain::audit::{Actor, ActorKind};
use serde_json::json;

use self::output::Listing;
use crate::catalog::{Catalog, CatalogError, Files, Wanted, files_of};
use crate::config::{self, Config, ConfigError};
use crate::fleet;
use crate::http;
use crate::keda::KedaError;
use crate::queue::{EmbeddedRedisError, QueueError};
use crate::sealer::Sealer;
use crate::setup;
use crate::store::{self, Organization, Refused, Store, StoreError};
use crate::vault::{Vault, VaultError};

/// The organization that exists from the first start on.
const FIRST_ORGANIZATION: &str = "default";

/// Reads business bank accounts where no bank API exists: the service.
#[derive(Parser)]
#[command(name = "coordinator", version, propagate_version = true, arg_required_else_help = true)]
struct Arguments {
    /// A file with settings, read over the defaults.
    #[arg(long, global = true, value_name = "FILE", env = "BURSAR_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API and lease runs to agents.
    Serve(serve::Arguments),
    /// Make, list, rotate and end API keys.
    #[command(subcommand)]
    Key(key::Command),
    /// Add, list and shut out the people who sign in to the console.
    #[command(subcommand)]
    User(user::Command),
    /// Make, list and end the tokens of operators, each with a role.
    #[command(subcommand)]
    ControlToken(control_token::Command),
    /// List who did what, and check that nobody altered it.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Bring the store's tables up to date.
    Migrate(migrate::Arguments),
    /// Add and list organizations.
    #[command(subcommand)]
    Organization(organization::Command),
    /// Publish, try and promote revisions of scripts; list portals that wait for one.
    Script(script::Arguments),
    /// Look through a catalog, and pack and sign it as a bundle.
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// List and answer what banks ask.
    #[command(subcommand)]
    Challenge(challenge::Command),
    /// Show what goes on in the fleet, drain agents, let runs go on.
    Fleet(control::Arguments),
    /// Say why transactions are the ones that they are, decide otherwise, read again.
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Make, list and revoke tokens for applications that speak SimpleFIN.
    #[command(subcommand)]
    Simplefin(simplefin::Command),
    /// Print the scrubbed page that was kept with a failure.
    Evidence(evidence::Arguments),
    /// List what a portal can answer instead of data, and what follows from it.
    Failures(failures::Arguments),
    /// Print the OpenAPI document of the public API.
    Openapi {
        /// That of the operators' calls in its place.
        #[arg(long)]
        control: bool,
    },
}

/// How the process ends.
#[derive(Clone, Copy)]
enum Exit {
    Success = 0,
    Failure = 1,
    /// What was given can't be used: arguments (by clap), settings, scripts.
    Unusable = 2,
    NotFound = 3,
    /// The store, Redis or an address is away.
    Unavailable = 4,
}

/// Why a command came to nothing.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    EmbeddedRedis(#[from] EmbeddedRedisError),
    #[error(transparent)]
    Fleet(#[from] fleet::Error),
    #[error("the data folder {path} can't be used")]
    Data { path: String, source: std::io::Error },
    #[error("another coordinator with a private Redis uses the data folder {path}")]
    NotAlone { path: String },
    #[error("the file {path} can't be read")]
    File { path: String, source: std::io::Error },
    #[error("the columns in {path} make no sense: {reason}")]
    Columns { path: String, reason: String },
    #[error("{path} wasn't taken in")]
    Import { path: String, source: Box<fleet::ImportError> },
    #[error("{address} can't be listened on")]
    Listen { address: String, source: std::io::Error },
    #[error(transparent)]
    NoAgent(#[from] fleet::NoAgent),
    #[error(transparent)]
    Keda(#[from] KedaError),
    #[error("no {what} is called `{name}`")]
    Unknown { what: &'static str, name: String },
    #[error("the coordinator at {address} doesn't answer")]
    Away { address: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the coordinator refused with {status} {code}: {detail}")]
    Refused { status: u16, code: String, detail: String },
    #[error(transparent)]
    Listeners(#[from] http::ListenersError),
    #[error(transparent)]
    Brand(#[from] setup::BrandError),
    #[error(transparent)]
    Audit(#[from] store::AuditFault),
    #[error("could not write to standard output")]
    Output(#[source] std::io::Error),
    #[error("{0}")]
    Said(String),
}

impl CommandError {
    fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Catalog(_) | Self::File { .. } => Exit::Unusable,
            Self::Brand(_) | Self::Listeners(_) => Exit::Unusable,
            Self::Keda(KedaError::Listen { .. }) => Exit::Unavailable,
            Self::NoAgent(_) | Self::Keda(_) | Self::Columns { .. } | Self::Import { .. } => Exit::Unusable,
            Self::Fleet(fleet::Error::Invalid { .. } | fleet::Error::ScriptMissing) => Exit::Unusable,
            Self::Vault(VaultError::MalformedMasterKey | VaultError::Unopenable) => Exit::Unusable,
            Self::Unknown { .. } | Self::Fleet(fleet::Error::Refused(Refused::NotFound)) => Exit::NotFound,
            Self::Fleet(fleet::Error::Refused(Refused::Store(_))) => Exit::Unavailable,
            Self::Store(StoreError::StepsMissing { .. } | StoreError::TooNew { .. }) => Exit::Unusable,
            Self::Store(_) | Self::Queue(_) | Self::EmbeddedRedis(_) => Exit::Unavailable,
            Self::Listen { .. } | Self::NotAlone { .. } | Self::Away { .. } => Exit::Unavailable,
            Self::Refused { status: 404, .. } => Exit::NotFound,
            Self::Refused { status: 503, .. } => Exit::Unavailable,
            _ => Exit::Failure,
        }
    }

    fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Import { source, .. } => match &**source {
                fleet::ImportError::File(error) => error.hint(),
                fleet::ImportError::Unproven(_) => {
                    "look at the file; if it is of this account, say so with --confirm-account: a number that it names is \
                     remembered then"
                }
                fleet::ImportError::OtherAccount { .. } => {
                    "`coordinator ledger import --account` takes the id of the account that the file is of"
                }
                _ => "take them in one after the other, each from a file of its own",
            },
            Self::Fleet(fleet::Error::Refused(Refused::LastAdministrator)) => {
                "make somebody else an administrator of the whole fleet first: `coordinator user create`"
            }
            Self::Columns { .. } => "docs/reference/statement-files.md shows such a file",
            Self::Listeners(_) => "config.default.toml says under `inbound` what each provider's secret_file holds",
            Self::Brand(_) => "setup.brand.logo names a file with a picture, or is empty",
            Self::Config(_) => {
                "config.default.toml explains every setting; `serve --print-config` shows what is in force"
            }
            Self::Catalog(CatalogError::Script { .. }) => {
                "`agent check FILE` shows the same with the lines in question"
            }
            Self::Catalog(CatalogError::Unsigned { .. }) => {
                "catalog.bundle_keys names the public keys of those whose bundles are taken"
            }
            Self::Catalog(CatalogError::Git { .. }) => {
                "try `git fetch` with catalog.git and catalog.git_reference as the user that this runs as"
            }
            Self::Catalog(CatalogError::Address { .. }) => {
                "the bundle and its signature lie beside each other at catalog.bundle"
            }
            Self::Catalog(_) => {
                "docs/guide/run-bursar.md tells what `catalog` may name, with one folder an institution"
            }
            Self::Store(StoreError::StepsMissing { .. }) => {
                "`coordinator migrate` brings them up to date; `coordinator migrate --dry-run` shows what is missing"
            }
            Self::Store(StoreError::TooNew { .. }) => "upgrade this coordinator",
            Self::Audit(store::AuditFault::Broken(_)) => {
                "keep the store as it is and compare it with a backup: whoever can write to the database can have done this"
            }
            Self::Store(_) => "check store.url and data, and that the database is up",
            Self::Vault(VaultError::Unopenable) => {
                "is it the master key that this store was made with? Coordinators on one store share one: set vault.master_key"
            }
            Self::Vault(_) => "make a key with: head -c 32 /dev/urandom | base64",
            Self::Queue(_) => "check redis.url and that Redis is up",
            Self::EmbeddedRedis(_) => "install it (Debian: apt-get install redis-server) or set redis.url",
            Self::Listen { .. } => "set http.listen to another address, or port 0 for a free one",
            Self::NoAgent(_) => {
                "install `agent` beside the coordinator (`cargo build -p agent`), or name it with --agent-program"
            }
            Self::Keda(KedaError::Listen { .. }) => "set keda.listen to another address, or leave it empty",
            Self::Keda(_) => "keda.certificate, keda.key and keda.client_authority are files in PEM",
            Self::NotAlone { .. } => "give each its own folder in data, or both one redis.url",
            Self::Fleet(fleet::Error::Refused(Refused::KeyEnded)) => "make another with `coordinator key create`",
            Self::Fleet(fleet::Error::Refused(Refused::KeyReplaced)) => {
                "`coordinator key list` names the one that took over; rotate that one"
            }
            Self::Fleet(fleet::Error::Refused(Refused::Undecidable(_))) => {
                "`coordinator ledger explain ID` says what is known of a transaction, `ledger decisions` what was decided"
            }
            Self::Fleet(fleet::Error::Refused(Refused::DecidedSince(_))) => {
                "`coordinator ledger undo DECISION` takes a decision back; then take the import back, and decide anew"
            }
            Self::Fleet(fleet::Error::Refused(Refused::TakenBackBefore)) => {
                "`coordinator ledger imports --account ID` says when"
            }
            Self::Fleet(fleet::Error::Refused(Refused::ReadingGone)) => {
                "readings are kept for retention.observations; `coordinator ledger explain ID` says where a transaction is from"
            }
            Self::Fleet(fleet::Error::ScriptMissing) => "name a script with --script FILE",
            Self::Unknown { what: "decision", .. } => "`coordinator ledger decisions` names them",
            Self::Unknown { what: "import", .. } => "`coordinator ledger imports --account ID` names them",
            Self::Unknown { what: "measured institution", .. } => "`coordinator ledger references` names them",
            Self::Unknown { what: "account" | "transaction" | "connection" | "connection with accounts", .. } => {
                "`/v1/connections`, `/v1/accounts` and `/v1/transactions` give the ids"
            }
            Self::Refused { code, .. } if code == "hosts_not_agreed" => {
                "look at what the script wants of each; then name it with --agree-host"
            }
            Self::Refused { code, .. } if code == "script_faulty" => {
                "`agent check FILE` shows the same with the lines in question"
            }
            Self::Refused { code, .. } if matches!(code.as_str(), "stale_rollout" | "changed") => {
                "`coordinator script list INSTITUTION` says what is current and what is tried"
            }
            Self::Unknown { what: "revision", .. } => "`coordinator script list INSTITUTION` names them",
            Self::Refused { status: 403, .. } => {
                "use a token of that role; `coordinator control-token create` makes one"
            }
            Self::Unknown { what: "control token", .. } => "`coordinator control-token list` names them",
            Self::Unknown { what: "user", .. } => "`coordinator user list` names them",
            Self::Fleet(fleet::Error::Invalid { field: "/password", .. }) => {
                "a password is the first line of stdin, or is typed on a terminal"
            }
            Self::Unknown { what: "organization", .. } => "`coordinator organization list` names them",
            Self::Away { .. } => "start it with `coordinator serve`, or name another with --coordinator",
            Self::Refused { status: 401, .. } => "name the file with its control token with --token-file",
            Self::Unknown { what: "agent", .. } => {
                "`coordinator fleet agents` names those that were heard of in the last minute"
            }
            Self::Unknown { what: "institution", .. } => "`coordinator fleet institutions` names them",
            Self::Unknown { what: "run that was set aside", .. } => "`coordinator fleet dead-letters` names them",
            Self::Unknown { .. } => "list them to see their names",
            _ => return None,
        })
    }
}

/// Reads the command line and carries it out.
pub(crate) fn run() -> ExitCode {
    let matches = Arguments::command().get_matches();
    let listing = Listing::of(&matches);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&CommandError::Said(format!("no runtime could be started: {error}")), listing),
    };
    // TLS has one provider in the process, named once.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let carried_out = runtime.block_on(carry_out(arguments));
    match carried_out.and_then(|()| output::fault().map_or(Ok(()), |fault| Err(CommandError::Output(fault)))) {
        Ok(()) => ExitCode::from(Exit::Success as u8),
        Err(error) => fail(&error, listing),
    }
}

async fn carry_out(arguments: Arguments) -> Result<(), CommandError> {
    let file = arguments.config.as_deref();
    if let Command::Serve(serve::Arguments { print_config: true, .. }) = arguments.command {
        out!("{}", config::print(file)?);
        return Ok(());
    }
    if let Command::Openapi { control } = arguments.command {
        let document = if control { http::control_document() } else { http::document() };
        let document = document.to_pretty_json();
        outln!("{}", document.map_err(|error| CommandError::Said(format!("no document: {error}")))?);
        return Ok(());
    }
    if let Command::Failures(arguments) = arguments.command {
        arguments.run();
        return Ok(());
    }
    let config = Config::load(file)?;
    match arguments.command {
        Command::Serve(arguments) => serve::run(arguments, config).await,
        command => store::acting(by_hand(), carry_out_on(command, config)).await,
    }
}

/// Whoever runs a command, as far as this machine says.
fn by_hand() -> Actor {
    let names = ["SUDO_USER", "USER", "LOGNAME"];
    let name = names.iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    Actor::new(ActorKind::CommandLine, "", name)
}

async fn carry_out_on(command: Command, config: Config) -> Result<(), CommandError> {
    match command {
        Command::Key(command) => command.run(&Ground::open(&config).await?, &config).await,
        Command::ControlToken(command) => command.run(&Ground::open(&config).await?, &config).await,
        Command::User(command) => command.run(&Ground::open(&config).await?).await,
        Command::Migrate(arguments) => arguments.run(&config).await,
        Command::Organization(command) => command.run(&Ground::open(&config).await?).await,
        Command::Script(arguments) => arguments.run(&config).await,
        Command::Catalog(command) => command.run(&config).await,
        Command::Challenge(command) => command.run(&Ground::open(&config).await?, &config).await,
        Command::Audit(command) => command.run(&Ground::open(&config).await?).await,
        Command::Serve(_) | Command::Openapi { .. } | Command::Failures(_) => Ok(()),
        Command::Fleet(arguments) => arguments.run(&config).await,
        Command::Ledger(command) => command.run(&Ground::open(&config).await?, &config).await,
        Command::Simplefin(command) => command.run(&Ground::open(&config).await?, &config).await,
        Command::Evidence(arguments) => arguments.run(&Ground::open(&config).await?).await,
    }
}

fn fail(error: &CommandError, listing: Listing) -> ExitCode {
    if listing == Listing::Json && !output::is_said() {
        let errors = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
        let whole = errors.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        outln!("{}", json!({ "error": whole, "hint": error.hint() }));
    }
    eprintln!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    if let Some(hint) = error.hint() {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(error.exit() as u8)
}

/// What every command stands on: the store and the vault, with a first organization.
struct Ground {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    sealer: Sealer,
}

impl Ground {
    async fn open(config: &Config) -> Result<Self, CommandError> {
        let data = config.data();
        make_folder(data)?;
        let store = store::open(&config.store_url(), config.tables()).await?;
        let vault = Arc::new(Vault::open(config.master_key(), &data.join("master.key"))?);
        if store.organizations().await?.is_empty() {
            match fleet::create_organization(&*store, &vault, FIRST_ORGANIZATION).await {
                // Another process was first.
                Ok(_) | Err(fleet::Error::Refused(Refused::Duplicate)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let sealer = Sealer::new(Arc::clone(&store), Arc::clone(&vault));
        // Better to hear now than at the first sign-in that it is another master key.
        for organization in store.organizations().await? {
            for tenant in std::iter::once(organization.id).chain(organization.test_id) {
                let wrapped = store.data_key(tenant).await.map_err(fleet::Error::from)?;
                vault.data_key(&tenant.to_string(), &wrapped)?;
            }
        }
        // After that: what is made now is wrapped with the right master key.
        fleet::complete_organizations(&*store, &vault).await?;
        Ok(Self { store, vault, sealer })
    }
}

/// The catalog as its source has it, with the files that it was read from.
async fn catalog(config: &Config, wanted: Wanted) -> Result<(Catalog, Files), CommandError> {
    let files = files_of(&config.catalog.source(), config.data(), wanted).await?;
    Ok((Catalog::read(&files, &config.development.portal_urls)?, files))
}

/// Makes the data folder. What is in it is nobody else's business; a folder that is there
/// is left as it is.
fn make_folder(data: &Path) -> Result<(), CommandError> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|source| CommandError::Data { path: data.display().to_string(), source })
}

/// The organization of that name.
async fn organization_called(ground: &Ground, slug: &str) -> Result<Organization, CommandError> {
    let organizations = ground.store.organizations().await?;
    let found = organizations.into_iter().find(|organization| organization.slug == slug);
    found.ok_or_else(|| CommandError::Unknown { what: "organization", name: slug.to_owned() })
}

/// A bank's text without what would steer a terminal.
fn printable(text: &str) -> String {
    // Letters that turn the direction of what follows hide what it says.
    let turns = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_plain = |letter: char| !turns(letter) && (!letter.is_control() || matches!(letter, '\n' | '\t'));
    text.chars().map(|letter| if is_plain(letter) { letter } else { '\u{fffd}' }).collect()
}

/// The same in one line, for names: one that has several would look like our own words.
fn in_one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], "\u{fffd}")
}

/// Prints rows as a table for people.
fn print_table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING).set_header(header.to_vec());
    table.add_rows(rows);
    outln!("{table}");
}
