//! What a coordinator does in the background, each role a noun with a `run_once`:
//! the reaper takes lapsed leases back, the rebuilder brings the queue in line with
//! the store, the timekeeper closes challenges whose time is up. The gatekeeper, the
//! scheduler, the meter and the pruner have files of their own.
//!
//! Every coordinator plays every role; each step is safe beside the others'.
//!
//! Not here: sending webhooks; the dispatcher is a role of its own.

use std::sync::Arc;
use std::time::Duration;

use domain::failure::FailureCode;
use domain::run::{CRASHES_ALLOWED, LAPSES_ALLOWED};
use futures::TryStreamExt as _;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusHandle;

use super::{Bookkeeper, Error, Fleet, Follower, Gatekeeper, Meter, Provisioner, Pruner, Scheduler, Watcher};
use crate::clock;
use crate::queue::{Lapsed, LapsedHolder, QueueError};
use crate::store::{Holder, QueuedRun};
use crate::webhooks::Dispatcher;

/// How many open runs are read from the store at once.
const PAGE: u32 = 1_000;

/// How many runs are put into the queue at once, so that none waits for the answer to the other.
const PUT_IN_AT_ONCE: usize = 32;

/// How often all open runs are offered to the queue again, for those that were lost
/// between the store and Redis.
const OFFER_AGAIN: Duration = Duration::from_secs(5);

/// How often challenges are looked through.
const LOOK_AT_CHALLENGES: Duration = Duration::from_millis(500);

/// How often it is looked whether institutions' gates stand as they should.
const LOOK_AT_GATES: Duration = Duration::from_secs(1);

/// How often it is looked which scripts are current.
const LOOK_AT_ROLLOUTS: Duration = Duration::from_secs(1);

/// How often connections that are due are looked for.
const LOOK_AT_SCHEDULES: Duration = Duration::from_secs(1);

/// How often it is looked what changed, for whoever looks at the console.
const WATCH: Duration = Duration::from_secs(1);

/// How often what was measured is put together.
const UPKEEP: Duration = Duration::from_secs(5);

/// How long after the start what is old is looked for first, and how often from then on.
const PRUNE: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(3600));

/// Takes lapsed leases back and makes delayed runs ready.
pub struct Reaper(pub Arc<Fleet>);

/// Brings the queue in line with the store.
pub struct Rebuilder(pub Arc<Fleet>);

/// Closes challenges whose time is up, gives back wheels that nobody holds any more, and calls people.
pub struct Timekeeper(pub Arc<Fleet>);

impl Reaper {
    /// One round.
    ///
    /// # Errors
    /// [`Error`]; the next round begins where this one ended.
    pub async fn run_once(&self) -> Result<(), Error> {
        let fleet = &self.0;
        fleet.queue.promote().await?;
        for lapsed in fleet.queue.expire(fleet.config.lease.term).await? {
            // One that fails comes again when its grace is over, and keeps no other back.
            if let Err(error) = self.take_back(lapsed).await {
                let run_id = lapsed.run_id;
                tracing::warn!(%run_id, error = &error as &dyn std::error::Error, "a lapsed run waits");
            }
        }
        Ok(())
    }

    async fn take_back(&self, Lapsed { run_id, holder }: Lapsed) -> Result<(), Error> {
        let fleet = &self.0;
        metrics::counter!("bursar_leases_lapsed_total").increment(1);
        let is_poison = match holder {
            LapsedHolder::WentSilent => {
                let crashes = fleet.store.count_crash(run_id).await?;
                tracing::warn!(%run_id, crashes, "a lease lapsed: its agent went silent");
                crashes >= CRASHES_ALLOWED
            }
            LapsedHolder::NeverSpoke => {
                tracing::warn!(%run_id, "a lease lapsed that nobody renewed");
                fleet.store.count_lapse(run_id).await? >= LAPSES_ALLOWED
            }
        };
        // Before the run is anybody's again, so that a candidate that ends agents ends one.
        if is_poison || holder == LapsedHolder::WentSilent {
            fleet.note_silence(run_id).await?;
        }
        if is_poison {
            fleet.store.abandon(run_id, FailureCode::AgentsGone, clock::now()).await?;
            fleet.queue.forget(run_id).await?;
            let place = fleet.store.place_of_run(run_id).await?;
            let institution = place.map(|place| place.institution_id).unwrap_or_default();
            fleet.outcomes.note(&institution, Some(FailureCode::AgentsGone.fault()));
        } else {
            // Nobody should look for a code that can't be used any more.
            fleet.store.close_challenge_of_silent(run_id, clock::now()).await?;
            fleet.queue.take_back(run_id).await?;
        }
        Ok(())
    }
}

impl Rebuilder {
    /// Makes sure that Redis knows the store's generation; if it had lost the queue,
    /// begins the next generation and offers every open run. True if it did.
    ///
    /// # Errors
    /// [`Error`]; the next round tries again.
    pub async fn run_once(&self) -> Result<bool, Error> {
        let fleet = &self.0;
        let kept = fleet.store.generation().await?;
        let standing = fleet.queue.standing().await?;
        if kept > 0 && standing.generation.is_some_and(|known| known >= kept) {
            return Ok(false);
        }
        if let Some(known) = standing.generation {
            // Nothing else moves the store's on while this Redis stays at home.
            tracing::error!(
                known,
                kept,
                hint = "name the same redis.url and redis.prefix for all coordinators",
                "another coordinator uses this store with another Redis, or the store was put back"
            );
        }
        let generation = fleet.store.advance_generation(kept).await?;
        fleet.queue.install(generation, &standing).await?;
        Gatekeeper::new(Arc::clone(fleet)).run_once().await?;
        let offered = self.offer().await?;
        if offered == 0 {
            tracing::info!(generation, "the queue begins empty");
        } else {
            tracing::warn!(generation, runs = offered, "Redis had lost the queue; it has been rebuilt from the store");
        }
        // Last: it goes through all of Redis, and no run hangs on it.
        fleet.queue.sweep(generation).await?;
        Ok(true)
    }

    /// Offers every open run to the queue, which takes those that it doesn't have.
    ///
    /// A run that the queue has lost may still have a holder with a session at the bank,
    /// who stops by itself when its term is over. Until then nobody else gets it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn offer(&self) -> Result<usize, Error> {
        let fleet = &self.0;
        let term = SignedDuration::try_from(fleet.config.lease.term).unwrap_or(SignedDuration::MAX);
        let (mut after, mut offered) = (None, 0);
        loop {
            let runs = fleet.store.open_runs(after, PAGE).await?;
            let Some(last) = runs.last() else { return Ok(offered) };
            after = Some(last.id);
            offered += runs.len();
            // Most are there; the others are put in a few at a time, in their order.
            let missing = fleet.queue.missing(runs).await?.into_iter().map(Ok);
            let put_in = async |mut run: QueuedRun| {
                let now = clock::now();
                if run.holder == Holder::Perhaps {
                    run.not_before = run.not_before.max(now + term);
                }
                fleet.queue.enqueue(&run, now).await
            };
            futures::stream::iter(missing).try_for_each_concurrent(PUT_IN_AT_ONCE, put_in).await?;
        }
    }
}

impl Timekeeper {
    /// One round: what fails of one thing keeps none of the others.
    async fn run_once(&self) {
        let (store, now) = (&self.0.store, clock::now());
        let ended = [store.expire_challenges(now).await, store.hand_back_lapsed(now).await];
        if ended.iter().flatten().any(|count| *count > 0) {
            self.0.answered.notify_waiters();
        }
        for done in ended.into_iter().chain([store.call_people(now).await]) {
            report("timekeeper", done.map(|_| ()).map_err(Error::from));
        }
    }
}

/// Plays every role until the process ends.
pub fn play_all(fleet: &Arc<Fleet>, mut dispatcher: Dispatcher, metrics: PrometheusHandle) {
    tokio::spawn(async move {
        loop {
            // Samples pile up where nothing scrapes.
            metrics.run_upkeep();
            tokio::time::sleep(UPKEEP).await;
        }
    });
    let every = fleet.config.lease.expire_every;
    let reaper = Reaper(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("reaper", reaper.run_once().await);
            tokio::time::sleep(every).await;
        }
    });
    let rebuilder = Rebuilder(Arc::clone(fleet));
    tokio::spawn(async move {
        let mut last_offer = tokio::time::Instant::now();
        loop {
            report("rebuilder", rebuilder.run_once().await.map(|_| ()));
            if last_offer.elapsed() >= OFFER_AGAIN {
                last_offer = tokio::time::Instant::now();
                report("rebuilder", rebuilder.offer().await.map(|_| ()));
            }
            tokio::time::sleep(every).await;
        }
    });
    let mut follower = Follower::new(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("follower", follower.run_once().await);
            tokio::time::sleep(LOOK_AT_ROLLOUTS).await;
        }
    });
    let reloading = Arc::clone(fleet);
    tokio::spawn(async move {
        let every = reloading.config.catalog.reload_every;
        while !every.is_zero() {
            tokio::time::sleep(every).await;
            if let Err(error) = reloading.reload_if_changed().await {
                let hint = "the catalog stays as it was until its source is mended";
                tracing::error!(error = &error as &dyn std::error::Error, hint, "the catalog can't be read again");
            }
        }
    });
    let mut gatekeeper = Gatekeeper::new(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("gatekeeper", gatekeeper.run_once().await);
            tokio::time::sleep(LOOK_AT_GATES).await;
        }
    });
    let mut scheduler = Scheduler::new(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("scheduler", scheduler.run_once().await.map(|_| ()));
            tokio::time::sleep(LOOK_AT_SCHEDULES).await;
        }
    });
    let meter = Meter(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("meter", meter.run_once().await);
            tokio::time::sleep(UPKEEP).await;
        }
    });
    let mut provisioner = Provisioner::new(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("provisioner", provisioner.run_once().await);
            tokio::time::sleep(UPKEEP).await;
        }
    });
    let bookkeeper = Bookkeeper(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("bookkeeper", bookkeeper.run_once().await);
            tokio::time::sleep(UPKEEP).await;
        }
    });
    let mut watcher = Watcher::new(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            report("watcher", watcher.run_once().await);
            tokio::time::sleep(WATCH).await;
        }
    });
    let timekeeper = Timekeeper(Arc::clone(fleet));
    tokio::spawn(async move {
        loop {
            timekeeper.run_once().await;
            tokio::time::sleep(LOOK_AT_CHALLENGES).await;
        }
    });
    tokio::spawn(async move {
        loop {
            let round = dispatcher.run_once(clock::now()).await;
            report("dispatcher", round.map(|_| ()).map_err(Error::from));
            dispatcher.wait().await;
        }
    });
    let pruner = Pruner(Arc::clone(fleet));
    tokio::spawn(async move {
        let (first, every) = PRUNE;
        tokio::time::sleep(first).await;
        loop {
            report("pruner", pruner.run_once().await);
            tokio::time::sleep(every).await;
        }
    });
    let queue = fleet.queue.clone();
    tokio::spawn(async move {
        loop {
            // It only ends when Redis goes away; then agents look every second.
            report("listener", queue.listen().await.map_err(Error::from));
            tokio::time::sleep(every).await;
        }
    });
}

fn report(role: &'static str, round: Result<(), Error>) {
    match round {
        Ok(()) => {}
        // The rebuilder is on it.
        Err(Error::Queue(QueueError::Lost)) => tracing::debug!(role, "the queue is lost"),
        Err(error) => tracing::warn!(role, error = &error as &dyn std::error::Error, "a round came to nothing"),
    }
}
