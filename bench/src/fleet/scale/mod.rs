//! The whole fleet at its size: a million connections, a thousand agents without browsers that
//! speak the real protocol, two coordinators on one PostgreSQL and one Redis.
//!
//! In order: planning; a heap that is due at once, handed in twice (a first reading and a sync);
//! dispatch to idle agents; a steady flow at half the rate that so many connections give, and at
//! all of it; and Redis lost with many open runs.
//!
//! PostgreSQL doesn't wait for its disk here (`fsync` is off), and all of it shares one machine.
//!
//! Not here: browsers (`wear`), and what follows for a fleet (`capacity`).

mod cost;
pub(super) mod database;
mod load;
mod world;

use std::time::Duration;

use serde_json::Value;
use tests::integrator::Integrator;
use tokio::time::{Instant, sleep, sleep_until};

use crate::Failure;
use crate::load::Latencies;
use crate::progress::Progress;
use ::tests::rows::Row;
pub(crate) use cost::Cost;
use cost::Used;
use load::{Habit, Waiting, Working};
use world::{A_DAY, NEVER, World};

/// The size of it.
#[derive(clap::Args)]
pub(super) struct Size {
    /// Scale: how many connections are scheduled.
    #[arg(long, default_value_t = 1_000_000)]
    connections: usize,
    /// Scale: how many agents there are.
    #[arg(long, default_value_t = 1_000)]
    agents: usize,
    /// Scale: how many connections are due at once.
    #[arg(long, default_value_t = 4_000)]
    heap: usize,
    /// Scale: for how many seconds each steady flow lasts, which reads the connections of the heap
    /// again; 0 leaves it out.
    #[arg(long, default_value_t = 80)]
    seconds: usize,
    /// Scale: how many runs are open when Redis is lost.
    #[arg(long, default_value_t = 50_000)]
    open: usize,
}

/// What a fleet's size is computed from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AtScale {
    /// Of a sync with the renewals that a run makes.
    pub(crate) sync: Cost,
    /// Bytes of Redis for each run that is open, and for each connection that ever ran.
    pub(crate) open_run: f64,
    pub(crate) connection: f64,
}

/// How many connections are planned anew, at most.
const UNPLANNED: usize = 20_000;
/// How often a run is renewed that holds its lease for [`HOLDS`].
const RENEWALS: usize = 5;
/// How many agents work the heap off: enough to keep two coordinators busy.
const HANDS: usize = 64;
/// How many runs are dispatched to idle agents, one after the other.
const PROBES: usize = 50;
/// For how long a run of the steady flow holds its lease.
const HOLDS: Duration = Duration::from_secs(20);
/// Rows of a first reading; each sync shows them again, with a few new ones.
const ROWS: usize = 30;
const NEW_ROWS: usize = 5;
/// Whatever hasn't come about after so long doesn't.
const LONGEST: Duration = Duration::from_secs(600);
/// How soon a run starts that an idle agent waits for, in milliseconds.
const DISPATCH: f64 = 100.0;

pub(super) async fn measure(size: &Size, progress: &Progress) -> Result<(Vec<Row>, AtScale), Failure> {
    let world = World::start().await?;
    world.fill(size.connections, 0, progress).await?;
    let heap = size.heap.min(size.connections / 20);
    let mut bench = Bench { world, progress, heap, rows: Vec::new() };
    bench.plan(UNPLANNED.min(size.connections / 10)).await?;
    let before = memory(&bench.world).await?;
    bench.heap("first readings", ROWS).await?;
    let sync = bench.heap("syncs", ROWS + NEW_ROWS).await?;
    let connection = (memory(&bench.world).await? - before) / heap as f64;
    bench.dispatch(size.agents).await?;
    if size.seconds > 0 {
        bench.flow(size, Load::Half).await?;
        bench.flow(size, Load::Whole).await?;
    }
    let open_run = bench.lose_redis(size.open).await?;
    Ok((bench.rows, AtScale { sync, open_run, connection }))
}

struct Bench<'a> {
    world: World,
    progress: &'a Progress,
    /// How many are due at once.
    heap: usize,
    rows: Vec<Row>,
}

/// How many bytes Redis holds.
async fn memory(world: &World) -> Result<f64, Failure> {
    Ok(database::RedisUse::of(&world.redis).await?.memory)
}

impl Bench<'_> {
    fn row(&mut self, row: Row) {
        self.progress.say(format!("  {}: {:.2} {}", row.name, row.value, row.unit));
        self.rows.push(row);
    }

    /// The scheduler plans connections that have no next sync.
    async fn plan(&mut self, count: usize) -> Result<(), Failure> {
        self.progress.say("planning");
        let database = &self.world.database;
        database
            .run(&format!(
            "UPDATE connections SET next_sync_at = NULL WHERE id IN (SELECT id FROM connections WHERE status = 'active'
                 AND next_sync_at < {NEVER} ORDER BY id LIMIT {count})"
        ))
            .await?;
        let start = Instant::now();
        let left = "SELECT count(*) FROM connections WHERE next_sync_at IS NULL AND status = 'active'";
        until(|| database.number(left), |left| left == 0.0).await?;
        let rate = count as f64 / start.elapsed().as_secs_f64();
        self.row(Row::new("scheduler: connections planned", rate, "/s"));
        Ok(())
    }

    /// A heap of connections is due at once, the scheduler queues it, agents work it off. The
    /// second time it is the same connections, so that what was read is read again.
    async fn heap(&mut self, stage: &str, rows: usize) -> Result<Cost, Failure> {
        self.progress.say(format!("{stage}: {} at once", self.heap));
        self.make_due(self.heap, Apart::default(), rows > ROWS).await?;
        let database = &self.world.database;
        let open = "SELECT count(*) FROM runs WHERE state = 'open'";
        until(|| database.number(open), |open| open >= self.heap as f64).await?;
        let span = "SELECT (max(created_at) - min(created_at)) / 1000.0 FROM runs WHERE state = 'open'";
        let queued = self.heap as f64 / database.number(span).await?;
        self.row(Row::new(format!("{stage}: runs queued by the scheduler"), queued, "/s").at_least(BAR));
        let before = Used::of(&self.world).await?;
        let habit = Habit { holds: Duration::ZERO, renewals: RENEWALS, rows };
        let worked = Working::begin(self.world.agents(HANDS), habit).completed(self.heap).await?;
        let after = Used::of(&self.world).await?;
        self.row(Row::new(format!("{stage}: runs at most"), self.heap as f64 / worked.seconds, "/s").at_least(BAR));
        for (step, latencies) in [("acquire", &worked.acquire), ("complete", &worked.complete)] {
            self.row(Row::new(format!("{stage}: {step}, p50"), latencies.percentile(50), "ms"));
            self.row(Row::new(format!("{stage}: {step}, p99"), latencies.percentile(99), "ms"));
        }
        self.row(Row::new(format!("{stage}: calls that failed"), worked.failures as f64, "calls").at_most(0.0));
        let cost = after.each_since(&before, self.heap);
        for row in cost.rows(stage) {
            self.row(row);
        }
        Ok(cost)
    }

    /// Runs that idle agents wait for, one after the other, and what waiting costs.
    async fn dispatch(&mut self, agents: usize) -> Result<(), Failure> {
        self.progress.say(format!("dispatch to {agents} idle agents"));
        let (customer, connections) = self.world.customer(PROBES).await?;
        let mut waiting = Waiting::begin(self.world.agents(agents), ROWS + NEW_ROWS);
        sleep(Duration::from_secs(3)).await;
        let span = 5;
        let before = Used::of(&self.world).await?;
        sleep(Duration::from_secs(span)).await;
        let idle = Used::of(&self.world).await?;
        // Two seconds more: a look takes that long.
        let idle = idle.each_since(&before, usize::try_from(span)? + 2);
        let before = Used::of(&self.world).await?;
        let start = Instant::now();
        let mut delays = Vec::new();
        for connection in &connections {
            let asked = Instant::now();
            sync(&customer, connection).await?;
            let leased = waiting.leases(connection).await?;
            delays.push(leased.duration_since(asked).as_secs_f64() * 1_000.0);
        }
        let probed = Used::of(&self.world).await?.each_since(&before, connections.len());
        let idled = idle.redis_calls * start.elapsed().as_secs_f64() / connections.len() as f64;
        drop(waiting);
        let delays = Latencies::new(delays);
        self.row(Row::new("idle agents: scripts sent to Redis", idle.redis_calls, "/s"));
        self.row(Row::new("idle agents: Redis' CPU", idle.redis_cpu * 1e3, "ms/s"));
        self.row(Row::new("idle agents: coordinators' CPU", idle.coordinator_cpu * 1e3, "ms/s"));
        self.row(Row::new("dispatch: asked for until leased, p50", delays.percentile(50), "ms").at_most(DISPATCH));
        self.row(Row::new("dispatch: asked for until leased, p99", delays.percentile(99), "ms").at_most(DISPATCH));
        self.row(Row::new(
            "dispatch: scripts sent to Redis a run, beyond idling",
            probed.redis_calls - idled,
            "scripts",
        ));
        Ok(())
    }

    /// So many runs a second, each held as long as a run takes.
    async fn flow(&mut self, size: &Size, load: Load) -> Result<(), Failure> {
        let (wanted, name) = (load.rate(), load.name());
        let runs = ((wanted * size.seconds as f64) as usize).min(self.heap);
        self.progress.say(format!("{name}: {wanted:.1} runs a second"));
        let since = self.world.database.text("SELECT (extract(epoch FROM now()) * 1000)::bigint").await?;
        let habit = Habit { holds: HOLDS, renewals: 0, rows: ROWS + 2 * NEW_ROWS };
        // They were there before: that all of them come at once isn't what is measured.
        let working = Working::begin(self.world.agents(size.agents), habit);
        let begins = Instant::now() + LEAD;
        self.make_due(runs, Apart { first: LEAD, each: Duration::from_secs_f64(1.0 / wanted) }, true).await?;
        let before = Used::of(&self.world).await?;
        sleep_until(begins).await;
        let worked = working.completed(runs).await?;
        let cost = Used::of(&self.world).await?.each_since(&before, runs);
        let rate = runs as f64 / (worked.seconds - HOLDS.as_secs_f64());
        // Leases of runs that waited for nothing but for an agent to be told of them.
        let listed =
            format!("SELECT started_at - created_at FROM runs WHERE state = 'succeeded' AND created_at >= {since}");
        let starts =
            Latencies::new(self.world.database.run(&listed).await?.lines().map(str::parse).collect::<Result<_, _>>()?);
        self.row(Row::new(format!("{name}: runs sustained"), rate, "/s").at_least(wanted * KEPT_UP));
        for place in [50, 99] {
            let row = Row::new(format!("{name}: made until leased, p{place}"), starts.percentile(place), "ms");
            // With the whole of it this machine, which plays all parts, has no time left.
            self.row(if load == Load::Half { row.at_most(DISPATCH) } else { row });
        }
        for (step, latencies) in [("renew", &worked.renew), ("complete", &worked.complete)] {
            self.row(Row::new(format!("{name}: {step}, p50"), latencies.percentile(50), "ms"));
            self.row(Row::new(format!("{name}: {step}, p99"), latencies.percentile(99), "ms"));
        }
        self.row(Row::new(format!("{name}: calls that failed"), worked.failures as f64, "calls").at_most(0.0));
        for row in cost.rows(name) {
            self.row(row);
        }
        Ok(())
    }

    /// Redis is wiped with so many runs open; what they cost while they wait, and what it takes
    /// until the queue has them again. How many bytes of Redis one of them takes.
    async fn lose_redis(&mut self, open: usize) -> Result<f64, Failure> {
        self.progress.say(format!("{open} open runs"));
        let before = memory(&self.world).await?;
        self.world.database.run(&format!(
            "WITH taken AS (UPDATE connections SET next_sync_at = {} WHERE id IN (SELECT id FROM connections
                 WHERE status = 'active' AND next_sync_at < {NEVER} ORDER BY id DESC LIMIT {open}) RETURNING *)
             INSERT INTO runs (id, organization_id, connection_id, institution_id, kind, class, state, attempt, crashes,
                               not_before, fence, created_at)
             SELECT gen_random_uuid(), organization_id, id, institution_id, 'sync', 'scheduled', 'open', 0, 0, now_ms, 0, now_ms
             FROM taken, (SELECT (extract(epoch FROM now()) * 1000)::bigint AS now_ms) clock",
            i64::MAX,
        )).await?;
        self.queued(open).await?;
        let held = (memory(&self.world).await? - before) / open as f64;
        self.row(Row::new("open runs: Redis' memory each", held, "bytes"));
        let (span, before) = (10, Used::of(&self.world).await?);
        sleep(Duration::from_secs(span)).await;
        let waiting = Used::of(&self.world).await?.each_since(&before, usize::try_from(span)? + 2);
        self.row(Row::new("open runs: Redis' CPU while they wait", waiting.redis_cpu * 1e3, "ms/s"));
        self.row(Row::new("open runs: coordinators' CPU while they wait", waiting.coordinator_cpu * 1e3, "ms/s"));
        self.row(Row::new("open runs: PostgreSQL's CPU while they wait", waiting.database_cpu * 1e3, "ms/s"));
        let start = Instant::now();
        if !self.world.redis.wipe().await {
            return Err("Redis couldn't be wiped".into());
        }
        self.queued(open).await?;
        let rebuilt = start.elapsed().as_secs_f64();
        self.row(Row::new(format!("Redis lost: rebuilt with {open} open runs in"), rebuilt, "s"));
        Ok(held)
    }

    /// Makes `count` connections due, so far apart: such as have been read, or such as haven't.
    async fn make_due(&self, count: usize, apart: Apart, read: bool) -> Result<(), Failure> {
        let [first, each] = [apart.first, apart.each].map(|span| span.as_secs_f64() * 1_000.0);
        let which = if read { "last_synced_at IS NOT NULL" } else { "last_synced_at IS NULL" };
        self.world
            .database
            .run(&format!(
            "UPDATE connections c SET next_sync_at = (extract(epoch FROM now()) * 1000 + {first} + {each} * due.place)::bigint
             FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM
                      (SELECT id FROM connections WHERE {which} AND status = 'active' AND next_sync_at < {NEVER}
                       ORDER BY id LIMIT {count}) chosen) due WHERE c.id = due.id"
        ))
            .await?;
        Ok(())
    }

    async fn queued(&self, count: usize) -> Result<(), Failure> {
        let operator = &self.world.operator;
        let queued = async || -> Result<f64, Failure> {
            let Ok(depth) = operator.get("/control/v1/queue").await else { return Ok(0.0) };
            let of = |field: &str| depth[field].as_f64().unwrap_or_default();
            Ok(of("ready") + of("delayed") + of("leased"))
        };
        until(queued, |queued| queued >= count as f64).await
    }
}

/// When the first of many is due, and how long after it the next, and so on.
#[derive(Clone, Copy, Default)]
struct Apart {
    first: Duration,
    each: Duration,
}

/// How long the agents of a flow have been there when its first run is due.
const LEAD: Duration = Duration::from_secs(5);
/// How many runs a second a million connections give on the average of a day.
const RATE: f64 = 1_000_000.0 * A_DAY / 86_400.0;
/// How much of a rate has to be kept up with: all but what the first and the last run take.
const KEPT_UP: f64 = 0.97;
/// What the heaps have to be worked off at.
const BAR: f64 = 45.0;

/// How much of the rate of a million connections.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Half,
    Whole,
}

impl Load {
    const fn name(self) -> &'static str {
        match self {
            Self::Half => "half a flow",
            Self::Whole => "flow",
        }
    }

    const fn rate(self) -> f64 {
        match self {
            Self::Half => RATE / 2.0,
            Self::Whole => RATE,
        }
    }
}

async fn sync(customer: &Integrator, connection: &str) -> Result<(), Failure> {
    customer.put(&format!("/v1/connections/{connection}/sync"), &Value::Null).await?;
    Ok(())
}

/// Looks until what is counted is as it should be.
async fn until<F: Future<Output = Result<f64, Failure>>>(
    mut count: impl FnMut() -> F,
    wanted: impl Fn(f64) -> bool,
) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let counted = count().await?;
        if wanted(counted) {
            return Ok(());
        }
        if start.elapsed() > LONGEST {
            return Err(format!("it didn't come about in {LONGEST:?}; the last count was {counted}").into());
        }
        sleep(Duration::from_millis(100)).await;
    }
}
