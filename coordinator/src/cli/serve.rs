//! `coordinator serve`.
//!
//! Not here: what is served (`http`) or done in the background (`fleet::roles`); this
//! only starts it.

use std::fs::{File, TryLockError};
use std::future::IntoFuture as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::secret::Secret;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use super::{CommandError, Ground};
use crate::catalog::Catalog;
use crate::config::Config;
use crate::fleet::Fleet;
use crate::fleet::roles::{Rebuilder, play_all};
use crate::queue::{EmbeddedRedis, Queue};
use crate::vault::{random, read_or_create};
use crate::webhooks::{self, Dispatcher, Sender};
use crate::{http, telemetry};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print the settings in force, secrets masked, and end.
    #[arg(long)]
    pub(super) print_config: bool,
    /// End when standard input closes, for whoever started this and may be killed.
    #[arg(long)]
    until_stdin_closes: bool,
}

/// How long requests that were begun may take once the end was asked for.
const TO_ANSWER: Duration = Duration::from_secs(2);

/// Serves until SIGTERM or SIGINT. Once it takes requests it prints one line of JSON,
/// `{"address": "http://…"}`, so that whoever started it on port 0 knows where.
pub(super) async fn run(arguments: Arguments, mut config: Config) -> Result<(), CommandError> {
    telemetry::log(&config.log)?;
    let metrics = telemetry::metrics().map_err(CommandError::Said)?;
    let catalog = Catalog::load(&config.catalog.folder, &config.development.portal_urls)?;
    let Ground { store, vault, sealer } = Ground::open(&config).await?;
    let tokens = http::Tokens {
        agents: token(&config, config.agent_token(), "agent.token")?,
        operators: token(&config, config.control_token(), "control.token")?,
    };
    let listen = config.http.listen;
    let unusable = |source| CommandError::Listen { address: listen.to_string(), source };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
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
    let fleet = Arc::new(Fleet { store, queue, vault, sealer, catalog, config, answered, lookout });
    Rebuilder(Arc::clone(&fleet)).run_once().await?;
    play_all(&fleet, dispatcher, metrics.clone());

    println!("{}", json!({ "address": format!("http://{address}") }));
    tracing::info!(%address, "serving");
    let app = http::App::new(fleet, tokens, metrics);
    let (end, ending) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, http::router(app)).with_graceful_shutdown(async {
        let _ = ending.await;
    });
    let mut serving = std::pin::pin!(serving.into_future());
    tokio::select! {
        served = &mut serving => served.map_err(unusable)?,
        () = asked_to_end(arguments.until_stdin_closes) => {
            tracing::info!("ending: what was asked is answered, runs that are open go on with the next start");
            let _ = end.send(());
            // Agents hold their requests open for longer than anyone would wait.
            let _ = tokio::time::timeout(TO_ANSWER, serving).await;
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

/// The configured token, or the one in that file of the data folder.
fn token(config: &Config, configured: &Secret, file: &str) -> Result<Secret, CommandError> {
    if !configured.expose().is_empty() {
        return Ok(configured.clone());
    }
    let fresh = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()));
    let file = config.data().join(file);
    read_or_create(&file, &fresh).map_err(|source| CommandError::Data { path: file.display().to_string(), source })
}

async fn asked_to_end(until_stdin_closes: bool) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = stdin_closed(), if until_stdin_closes => {}
    }
}

async fn stdin_closed() {
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for a read that nobody ends.
    std::thread::spawn(move || {
        // Whatever comes is read and means nothing; so does an error, other than the end.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        closed.send(())
    });
    let _ = is_closed.await;
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
