//! Webhook deliveries: how fast a good endpoint is served, with a dead one beside it and
//! without.
//!
//! Not here: that a dead endpoint delays nobody; the coordinator's own tests hold that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use serde_json::json;
use tests::bare_agent::{BareAgent, accounts};
use tests::integrator::Integrator;
use tests::world::Fleet;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::Failure;
use crate::fill::connect;
use crate::progress::Progress;

/// How many events one run gives rise to.
const AT_ONCE: usize = 1_000;

/// A receiver that counts.
struct Counter {
    address: String,
    count: Arc<AtomicUsize>,
    more: Arc<Notify>,
}

impl Counter {
    async fn start() -> Result<Self, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("http://{}/", listener.local_addr()?);
        let (count, more) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let (counted, told) = (Arc::clone(&count), Arc::clone(&more));
        let take = async move || {
            counted.fetch_add(1, Ordering::Relaxed);
            told.notify_one();
            StatusCode::NO_CONTENT
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
        Ok(Self { address, count, more })
    }

    async fn reaches(&self, count: usize) {
        while self.count.load(Ordering::Relaxed) < count {
            self.more.notified().await;
        }
    }
}

/// Delivers `events` to a good endpoint; returns how many arrived in a second. Beside it
/// stands another that is given every event as well, so that as much is written either
/// way: a dead one, which takes connections and never answers, or a second good one.
pub(crate) async fn deliver(
    fleet: &Fleet,
    integrator: &Integrator,
    events: usize,
    dead: Option<&TcpListener>,
    progress: &Progress,
) -> Result<f64, Failure> {
    let counter = Counter::start().await?;
    let mut endpoints = vec![subscribe(integrator, &counter.address).await?];
    let other = match dead {
        Some(dead) => format!("http://{}/", dead.local_addr()?),
        None => Counter::start().await?.address,
    };
    endpoints.push(subscribe(integrator, &other).await?);
    let agent = BareAgent::of(fleet)?;
    let start = Instant::now();
    for round in 0..events.div_ceil(AT_ONCE) {
        let name = format!("deliveries-{}-{round}", if dead.is_some() { "dead" } else { "good" });
        connect(integrator, &name).await?;
        let held = agent.acquire(20_000).await?.ok_or("a lease")?;
        agent.complete(&held, &accounts(AT_ONCE, 0, &name)).await?;
        progress.say(format!("delivering: {} of {events}", counter.count.load(Ordering::Relaxed)));
    }
    counter.reaches(events).await;
    let seconds = start.elapsed().as_secs_f64();
    for endpoint in endpoints {
        let path = format!("/v1/webhooks/{endpoint}");
        integrator.call(reqwest::Method::DELETE, &path, None).await?;
    }
    Ok(events as f64 / seconds)
}

async fn subscribe(integrator: &Integrator, url: &str) -> Result<String, Failure> {
    let made = integrator.post("/v1/webhooks", &json!({ "url": url, "events": ["account.created"] })).await?;
    Ok(made["webhook"]["id"].as_str().unwrap_or_default().to_owned())
}
