//! `coordinator serve`.
//!
//! Not here: what is served (`http`) or done in the background (`fleet::roles`); this
//! only starts it.

use std::fs::{File, TryLockError};
use std::future::IntoFuture as _;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::secret::Secret;
use futures::FutureExt as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot::{self, Receiver};
use tokio::sync::{Notify, broadcast};

use super::{CommandError, Ground, make_folder};
use crate::catalog::{Shelf, Wanted};
use crate::config::Config;
use crate::fleet::live::Hub;
use crate::fleet::roles::{Rebuilder, play_all};
use crate::fleet::{Agents, Crew, Fleet, Outcomes, Provider, Steward, deploy, find_agent, followed};
use crate::keda::Door;
use crate::queue::{EmbeddedRedis, Queue};
use crate::vault::{random, read_or_create};
use crate::webhooks::{self, Dispatcher, Sender};
use crate::{console, http, setup, telemetry};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print the settings in force, secrets masked, and end.
    #[arg(long)]
    pub(super) print_config: bool,
    /// End when standard input closes, for whoever started this and may be killed.
    #[arg(long)]
    until_stdin_closes: bool,
    /// Keep agents on this machine: `auto`, as many as there should be, between none and one a
    /// CPU; or a number, exactly so many.
    #[arg(long, value_name = "N|auto", env = "BURSAR_AGENTS", default_value = "0", allow_hyphen_values = true)]
    agents: Agents,
    /// The agent's program; the one beside this unless given.
    #[arg(long, value_name = "PROGRAM", env = "BURSAR_AGENT_PROGRAM")]
    agent_program: Option<PathBuf>,
}

/// How long requests that were begun may take once the end was asked for.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// How many changes wait for a slow listener of the console, who is told to look anew beyond that.
const CHANGES_AT_ONCE: usize = 4_096;

/// Serves until SIGTERM or SIGINT. Once it takes requests it prints one line of JSON,
/// `{"address": "http://…"}`, so that whoever started it on port 0 knows where; with `"keda"`
/// where KEDA is answered.
pub(super) async fn run(arguments: Arguments, mut config: Config) -> Result<(), CommandError> {
    telemetry::log(&config.log)?;
    let agent = match arguments.agents {
        Agents::Exactly(0) => None,
        Agents::Exactly(_) | Agents::Auto => Some(find_agent(arguments.agent_program.as_deref())?),
    };
    let metrics = telemetry::metrics().map_err(CommandError::Said)?;
    make_folder(config.data())?;
    let (folder, files) = super::catalog(&config, Wanted::NewestOrKept).await?;
    let Ground { store, vault, sealer } = Ground::open(&config).await?;
    deploy(&*store, &folder).await?;
    let shelf = Shelf::new(folder, &files);
    if let Some(catalog) = followed(&*store, &shelf.get(), &shelf.unreadable).await? {
        shelf.put(catalog);
    }
    let tokens = http::Tokens {
        agents: token(&config, config.agent_token(), "agent.token")?,
        operators: token(&config, config.control_token(), "control.token")?,
    };
    let listeners = http::Listeners::load(&config.inbound)?;
    let listen = config.http.listen;
    let unusable = |source| CommandError::Listen { address: listen.to_string(), source };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let keda = Door::open(&config.keda).await?;
    // Port 0 has become a port by now.
    config.http.listen = address;
    let mut embedded = match config.redis.url.expose() {
        "" => {
            let lock = alone(config.data())?;
            Some((EmbeddedRedis::start(&config.redis.server, &config.data().join("run")).await?, lock))
        }
        _ => None,
    };
    let redis_url = embedded.as_ref().map_or(&config.redis.url, |(redis, _)| redis.url()).clone();
    tracing::info!("connecting to Redis");
    let queue = Queue::connect(&redis_url, &config.redis.prefix).await?;

    let client = webhooks::client(config.webhooks.timeout, config.loopback())
        .map_err(|error| CommandError::Said(format!("no HTTP client could be made: {error}")))?;
    let sender = Sender::new(sealer.clone(), client, config.webhooks.clone(), config.loopback());
    let dispatcher = Dispatcher::new(Arc::clone(&store), sender);
    if config.development.loopback {
        tracing::warn!("development.loopback is on: portals and webhook receivers may be on this machine");
    }
    let (answered, lookout) = (Notify::new(), tokio::sync::Mutex::new(()));
    let (outcomes, changes) = (Outcomes::default(), broadcast::Sender::new(CHANGES_AT_ONCE));
    let (provider, live) = (Provider::default(), Arc::new(Hub::default()));
    let fleet =
        Fleet { store, queue, vault, sealer, shelf, config, answered, lookout, outcomes, provider, live, changes };
    let fleet = Arc::new(fleet);
    Rebuilder(Arc::clone(&fleet)).run_once().await?;
    play_all(&fleet, dispatcher, metrics.clone());
    reload_on_hangup(&fleet)?;

    let mut addresses = json!({ "address": format!("http://{address}") });
    if let Some(keda) = &keda {
        addresses["keda"] = json!(keda.address().to_string());
    }
    outln!("{addresses}");
    tracing::info!(%address, "serving");
    let (end_keda, keda_ending) = oneshot::channel::<()>();
    let asked_by_keda = answer_keda(keda, Arc::clone(&fleet), keda_ending);
    let mut asked_by_keda = std::pin::pin!(asked_by_keda.fuse());
    let crew = agent.map(|program| Crew {
        program,
        coordinator: format!("http://{}", from_here(address)),
        token: tokens.agents.clone(),
        agents: arguments.agents,
    });
    let (end_agents, agents_ending) = oneshot::channel();
    let steward = crew.map(|crew| Steward::new(Arc::clone(&fleet), crew));
    let mut keeping = tokio::spawn(async move {
        match steward {
            Some(steward) => steward.play(agents_ending).await,
            None => drop(agents_ending.await),
        }
    });
    let pages = console::router(Arc::clone(&fleet)).merge(setup::router(Arc::clone(&fleet))?);
    let app = http::App::new(fleet, tokens, listeners, metrics);
    let mut asked = Asked::listen(arguments.until_stdin_closes)?;
    let (end, ending) = oneshot::channel::<()>();
    let service = http::router(app, pages).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        let _ = ending.await;
    });
    let mut serving = std::pin::pin!(serving.into_future().fuse());
    tokio::select! {
        served = &mut serving => served.map_err(unusable)?,
        served = &mut asked_by_keda => served?,
        () = asked.heard() => {
            tracing::info!("ending: what was asked is answered, runs that are open go on with the next start");
            let _ = end_agents.send(());
            // What they hand in last is still taken. Who asks twice doesn't want to wait for it.
            tokio::select! {
                _ = &mut keeping => {}
                _ = &mut serving => {}
                _ = &mut asked_by_keda => {}
                () = asked.heard() => {}
            }
            let (_, _) = (end.send(()), end_keda.send(()));
            // Agents hold their requests open for longer than anyone would wait.
            let all = async { tokio::join!(serving, asked_by_keda) };
            let _ = tokio::time::timeout(TO_ANSWER, all).await;
        }
        () = redis_ended(&mut embedded) => {
            return Err(CommandError::Said("the private redis-server ended".into()));
        }
    }
    if let Some((redis, _)) = embedded {
        redis.stop().await;
    }
    Ok(())
}

/// Reads the catalog's folder again whenever SIGHUP comes.
fn reload_on_hangup(fleet: &Arc<Fleet>) -> Result<(), CommandError> {
    let unheard = |error: std::io::Error| CommandError::Said(format!("signals can't be listened for: {error}"));
    let mut hangup = signal(SignalKind::hangup()).map_err(unheard)?;
    let fleet = Arc::clone(fleet);
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(error) = fleet.reload().await {
                let hint = "the catalog stays as it was; mend the folder and send SIGHUP again";
                tracing::error!(error = &error as &dyn std::error::Error, hint, "the catalog's folder can't be used");
            }
        }
    });
    Ok(())
}

/// Answers KEDA where the settings name an address for it; ends only when it fails or is to end.
async fn answer_keda(keda: Option<Door>, fleet: Arc<Fleet>, ending: Receiver<()>) -> Result<(), CommandError> {
    let ended = async {
        let _ = ending.await;
    };
    match keda {
        Some(door) => Ok(door.serve(fleet, ended).await?),
        None => {
            ended.await;
            Ok(())
        }
    }
}

/// The configured token, or the one in that file of the data folder.
fn token(config: &Config, configured: &Secret, file: &str) -> Result<Secret, CommandError> {
    if !configured.expose().is_empty() {
        return Ok(configured.clone());
    }
    let fresh = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()));
    let file = config.data().join(file);
    read_or_create(&file, &fresh).map_err(|source| CommandError::Data { path: file.display().to_string(), source })
}

/// The same address for programs on this machine.
fn from_here(mut address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) if address.ip().is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        SocketAddr::V6(_) if address.ip().is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        SocketAddr::V4(_) | SocketAddr::V6(_) => {}
    }
    address
}

/// Who may ask for the end. One who asks while nobody waits is heard when somebody does.
struct Asked {
    terminate: Signal,
    interrupt: Signal,
    closed: Option<Receiver<()>>,
}

impl Asked {
    fn listen(until_stdin_closes: bool) -> Result<Self, CommandError> {
        let unheard = |error: std::io::Error| CommandError::Said(format!("signals can't be listened for: {error}"));
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(unheard)?,
            interrupt: signal(SignalKind::interrupt()).map_err(unheard)?,
            closed: until_stdin_closes.then(stdin_closed),
        })
    }

    /// Waits until somebody asks, once more if somebody did.
    async fn heard(&mut self) {
        let closed = async {
            match self.closed.take() {
                Some(closed) => drop(closed.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = closed => {}
        }
    }
}

fn stdin_closed() -> Receiver<()> {
    let (closed, is_closed) = oneshot::channel();
    // A thread of its own: the runtime would wait for a read that nobody ends.
    std::thread::spawn(move || {
        // Whatever comes is read and means nothing; so does an error, other than the end.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        closed.send(())
    });
    is_closed
}

/// A private queue is one coordinator's: two on one data folder would each lease the
/// same runs.
fn alone(data: &Path) -> Result<File, CommandError> {
    let path = data.join("coordinator.lock");
    let failed = |source| CommandError::Data { path: path.display().to_string(), source };
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CommandError::NotAlone { path: data.display().to_string() }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

async fn redis_ended(embedded: &mut Option<(EmbeddedRedis, File)>) {
    match embedded {
        Some((redis, _)) => redis.ended().await,
        None => std::future::pending().await,
    }
}
