//! `coordinator serve`.

use std::sync::Arc;

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
use crate::webhooks::{self, Dispatcher};
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

/// Serves until SIGTERM or SIGINT. Once it takes requests it prints one line of JSON,
/// `{"address": "http://…"}`, so that whoever started it on port 0 knows where.
pub(super) async fn run(arguments: Arguments, config: Config) -> Result<(), CommandError> {
    telemetry::log(&config.log)?;
    let metrics = telemetry::metrics().map_err(CommandError::Said)?;
    let catalog = Catalog::load(&config.catalog.folder, &config.development.portal_urls)?;
    let Ground { store, vault, sealer } = Ground::open(&config).await?;
    let agent_token = agent_token(&config)?;
    let mut embedded = match config.redis.url.expose() {
        "" => Some(EmbeddedRedis::start(&config.redis.server, &config.data().join("run")).await?),
        _ => None,
    };
    let redis_url = embedded.as_ref().map_or(&config.redis.url, EmbeddedRedis::url).clone();
    let queue = Queue::connect(&redis_url, &config.redis.prefix).await?;

    let client = webhooks::client(config.webhooks.timeout, config.loopback())
        .map_err(|error| CommandError::Said(format!("no HTTP client could be made: {error}")))?;
    let dispatcher = Arc::new(Dispatcher::new(
        Arc::clone(&store),
        sealer.clone(),
        client,
        config.webhooks.clone(),
        config.loopback(),
    ));
    let listen = config.http.listen;
    if config.development.loopback {
        tracing::warn!("development.loopback is on: portals and webhook receivers may be on this machine");
    }
    let fleet = Arc::new(Fleet { store, queue, vault, sealer, catalog, config, answered: Notify::new() });
    Rebuilder(Arc::clone(&fleet)).run_once().await?;
    play_all(&fleet, dispatcher);

    let unusable = |source| CommandError::Listen { address: listen.to_string(), source };
    let listener = TcpListener::bind(listen).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    println!("{}", json!({ "address": format!("http://{address}") }));
    tracing::info!(%address, "serving");
    let app = http::App::new(fleet, agent_token, metrics);
    let serving = axum::serve(listener, http::router(app));
    tokio::select! {
        served = serving => served.map_err(unusable)?,
        () = asked_to_end(arguments.until_stdin_closes) => tracing::info!("ending: leases and deliveries go on with the next start"),
        () = redis_ended(&mut embedded) => {
            return Err(CommandError::Said("the private redis-server ended".into()));
        }
    }
    if let Some(redis) = embedded {
        redis.stop().await;
    }
    Ok(())
}

fn agent_token(config: &Config) -> Result<Secret, CommandError> {
    if !config.agent_token().expose().is_empty() {
        return Ok(config.agent_token().clone());
    }
    let fresh = Secret::new(URL_SAFE_NO_PAD.encode(random::<32>()?.as_slice()));
    let file = config.data().join("agent.token");
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

async fn redis_ended(embedded: &mut Option<EmbeddedRedis>) {
    match embedded {
        Some(redis) => redis.ended().await,
        None => std::future::pending().await,
    }
}
