//! The queue as a pure model, and the property that Redis does what the model says.
//!
//! The model has no clock: what is delayed stays so, and a lease either lapses at once or
//! never. Every sequence of steps is made in both, every answer compared, and the queue
//! audited after each step.
//!
//! Not here: what depends on time; `tests` has that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::tests::redis::Redis;
use domain::fence::Fence;
use domain::id::{AgentId, ConnectionId, OrganizationId, RunId};
use domain::run::RunClass;
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_oneof};
use proptest::test_runner::TestRunner;
use protocol::lease::Proof;
use uuid::Uuid;

use super::{Acquired, Acquisition, Gate, Lapsed, LapsedHolder, Limit, Queue, Waits};
use crate::store::{Holder, QueuedRun};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3_600);

const AGENTS: u128 = 3;
const ORGANIZATIONS: u128 = 3;
const INSTITUTIONS: [&str; 3] = ["harbour", "pier", "quay"];
const CONNECTIONS: u128 = 14;

/// One step.
#[derive(Clone, Copy, Debug)]
enum Step {
    Enqueue {
        connection: u128,
        run: u128,
        class: RunClass,
        when: When,
    },
    Acquire {
        agent: u128,
        lasts: Lasts,
    },
    Renew {
        connection: u128,
        by: By,
    },
    Park {
        connection: u128,
        by: By,
        waits: Waits,
    },
    Requeue {
        connection: u128,
        by: By,
        when: When,
    },
    Forget {
        connection: u128,
    },
    Expire {
        claimed: Lasts,
    },
    TakeBack {
        connection: u128,
    },
    Limit {
        institution: usize,
        at_once: u32,
    },
    Gate {
        institution: usize,
        gate: Gate,
    },
    Drain {
        agent: u128,
    },
    Undrain {
        agent: u128,
    },
    /// Redis comes back empty, and the next generation begins.
    Lose,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    Now,
    Later,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lasts {
    Long,
    NoTime,
}

impl Lasts {
    const fn span(self) -> Duration {
        match self {
            Self::Long => LONG,
            Self::NoTime => Duration::ZERO,
        }
    }
}

/// Who makes a step that only the holder may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Holder,
    Stranger,
    /// The holder, under the fence before.
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Delayed,
    Leased { proof: Proof, lasts: Lasts, waits: Waits, was_renewed: bool },
    Lapsed { claimed: Lasts, was_renewed: bool },
}

#[derive(Clone, Debug)]
struct ModelRun {
    id: RunId,
    class: RunClass,
    /// Where it stands among those of its class.
    place: Option<u64>,
    state: State,
}

struct ModelInstitution {
    at_once: u32,
    gate: Gate,
}

/// The model: one run a connection, which says the organization and the institution.
struct Model {
    generation: u32,
    runs: BTreeMap<u128, ModelRun>,
    fences: BTreeMap<u128, u32>,
    places: u64,
    pass: u64,
    /// By institution and organization; kept while it says anything.
    passes: BTreeMap<(usize, u128), u64>,
    institutions: Vec<ModelInstitution>,
    draining: BTreeSet<u128>,
}

fn organization(connection: u128) -> u128 {
    connection % ORGANIZATIONS
}

fn institution(connection: u128) -> usize {
    usize::try_from(connection / ORGANIZATIONS).unwrap_or_default() % INSTITUTIONS.len()
}

fn id_of(number: u128) -> Uuid {
    Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 | number)
}

impl Model {
    fn new(generation: u32) -> Self {
        let institutions = INSTITUTIONS.iter().map(|_| ModelInstitution { at_once: 2, gate: Gate::Open }).collect();
        Self {
            generation,
            runs: BTreeMap::new(),
            fences: BTreeMap::new(),
            places: 0,
            pass: 0,
            passes: BTreeMap::new(),
            institutions,
            draining: BTreeSet::new(),
        }
    }

    fn proof(&self, connection: u128, by: By) -> Proof {
        let held = self.runs.get(&connection).and_then(|run| match run.state {
            State::Leased { proof, .. } => Some(proof),
            _ => None,
        });
        let nobody = Proof { agent_id: AgentId(id_of(90)), fence: Fence { generation: 1, counter: 1 } };
        let proof = held.unwrap_or(nobody);
        match by {
            By::Holder => proof,
            By::Stranger => Proof { agent_id: AgentId(id_of(91)), ..proof },
            By::Stale => Proof { fence: Fence { counter: proof.fence.counter - 1, ..proof.fence }, ..proof },
        }
    }

    /// The run that is held under a proof whose lease lasts.
    fn held(&mut self, connection: u128, by: By) -> Option<&mut ModelRun> {
        let run = self.runs.get_mut(&connection)?;
        let is_held = matches!(run.state, State::Leased { lasts: Lasts::Long, .. });
        (is_held && by == By::Holder).then_some(run)
    }

    fn count(&self, institution_index: usize, is: impl Fn(&State) -> bool) -> usize {
        self.runs
            .iter()
            .filter(|(connection, run)| institution(**connection) == institution_index && is(&run.state))
            .count()
    }

    fn has_ready(&self, flow: (usize, u128)) -> bool {
        self.runs.iter().any(|(connection, run)| {
            (institution(*connection), organization(*connection)) == flow && run.state == State::Ready
        })
    }

    fn make_ready(&mut self, connection: u128) {
        let flow = (institution(connection), organization(connection));
        if !self.has_ready(flow) {
            let pass = self.passes.entry(flow).or_default();
            *pass = (*pass).max(self.pass);
        }
        let Some(run) = self.runs.get_mut(&connection) else { return };
        run.state = State::Ready;
        if run.place.is_none() {
            self.places += 1;
            run.place = Some(self.places);
        }
    }

    fn enqueue(&mut self, connection: u128, run: u128, class: RunClass, when: When) {
        match self.runs.get(&connection) {
            Some(known) if known.id != RunId(id_of(run)) && matches!(known.state, State::Ready | State::Delayed) => {
                self.runs.remove(&connection);
            }
            Some(_) => return,
            None => {}
        }
        let run = ModelRun { id: RunId(id_of(run)), class, place: None, state: State::Delayed };
        self.runs.insert(connection, run);
        if when == When::Now {
            self.make_ready(connection);
        }
    }

    fn may_start(&self, index: usize) -> bool {
        let Some(institution) = self.institutions.get(index) else { return false };
        let started = self.count(index, |state| matches!(state, State::Leased { .. }));
        let cap = match institution.gate {
            Gate::Closed(_) => 0,
            Gate::ClosedThenProbing(_) => 1,
            Gate::Open => institution.at_once,
        };
        started < usize::try_from(cap).unwrap_or(usize::MAX)
    }

    fn acquire(&mut self, agent: u128, lasts: Lasts) -> Option<Acquired> {
        if self.draining.contains(&agent) {
            return None;
        }
        let flows = self.passes.iter().filter(|((index, _), _)| self.may_start(*index));
        let mut flows: Vec<_> =
            flows.map(|(flow, pass)| (*pass, *flow)).filter(|(_, flow)| self.has_ready(*flow)).collect();
        // Of institutions and of flows with the same pass, Redis takes the first by name.
        flows.sort_by_key(|(pass, (index, organization))| (*pass, INSTITUTIONS[*index], *organization));
        let (pass, flow) = *flows.first()?;
        let ready = self.runs.iter().filter(|(connection, run)| {
            (institution(**connection), organization(**connection)) == flow && run.state == State::Ready
        });
        let connection = *ready.min_by_key(|(_, run)| (run.class.rank(), run.place))?.0;
        self.pass = self.pass.max(pass);
        self.passes.insert(flow, self.pass + 1);
        let counter = self.fences.entry(connection).or_default();
        *counter += 1;
        let fence = Fence { generation: self.generation, counter: *counter };
        let run = self.runs.get_mut(&connection)?;
        let proof = Proof { agent_id: AgentId(id_of(agent)), fence };
        run.state = State::Leased { proof, lasts, waits: Waits::ForNobody, was_renewed: false };
        Some(Acquired { run_id: run.id, fence })
    }

    fn expire(&mut self, grace: Lasts) -> Vec<Lapsed> {
        let mut lapsed = Vec::new();
        for run in self.runs.values_mut() {
            let was_renewed = match run.state {
                State::Leased { lasts: Lasts::NoTime, was_renewed, .. } => was_renewed,
                State::Lapsed { claimed: Lasts::NoTime, .. } => false,
                _ => continue,
            };
            run.state = State::Lapsed { claimed: grace, was_renewed };
            let holder = if was_renewed { LapsedHolder::WentSilent } else { LapsedHolder::NeverSpoke };
            lapsed.push(Lapsed { run_id: run.id, holder });
        }
        lapsed
    }
}

/// Makes a step in both and compares what is answered.
async fn make(step: Step, model: &mut Model, queue: &Queue, redis: &Redis) {
    let said = format!("{step:?}");
    match step {
        Step::Enqueue { connection, run, class, when } => {
            model.enqueue(connection, run, class, when);
            let now = Timestamp::now();
            let not_before = if when == When::Now { now } else { now + SignedDuration::from_hours(1) };
            let queued = QueuedRun {
                id: RunId(id_of(run)),
                organization_id: OrganizationId(id_of(organization(connection))),
                connection_id: ConnectionId(id_of(connection)),
                institution_id: INSTITUTIONS[institution(connection)].to_owned(),
                class,
                not_before,
                holder: Holder::None,
            };
            queue.enqueue(&queued, now).await.expect(&said);
        }
        Step::Acquire { agent, lasts } => {
            let expected = model.acquire(agent, lasts);
            let acquired = match queue.acquire(AgentId(id_of(agent)), lasts.span()).await.expect(&said) {
                Acquisition::Leased(acquired) => Some(acquired),
                Acquisition::Nothing { .. } | Acquisition::Drained => None,
            };
            assert_eq!(acquired, expected, "{said}");
        }
        Step::Renew { connection, by } => {
            let proof = model.proof(connection, by);
            let run_id = model.runs.get(&connection).map_or(RunId(id_of(99)), |run| run.id);
            let held = model.held(connection, by);
            let expected = held.is_some();
            if let Some(ModelRun { state: State::Leased { was_renewed, .. }, .. }) = held {
                *was_renewed = true;
            }
            assert_eq!(queue.renew(run_id, proof, LONG).await.expect(&said), expected, "{said}");
        }
        Step::Park { connection, by, waits } => {
            let proof = model.proof(connection, by);
            let run_id = model.runs.get(&connection).map_or(RunId(id_of(99)), |run| run.id);
            let held = model.held(connection, by);
            let expected = held.is_some();
            if let Some(ModelRun { state: State::Leased { waits: known, .. }, .. }) = held {
                *known = waits;
            }
            assert_eq!(queue.park(run_id, proof, waits).await.expect(&said), expected, "{said}");
        }
        Step::Requeue { connection, by, when } => {
            let proof = model.proof(connection, by);
            let run_id = model.runs.get(&connection).map_or(RunId(id_of(99)), |run| run.id);
            let held = model.held(connection, by);
            let expected = held.is_some();
            if let Some(run) = held {
                run.state = State::Delayed;
                if when == When::Now {
                    model.make_ready(connection);
                }
            }
            let delay = if when == When::Now { Duration::ZERO } else { LONG };
            assert_eq!(queue.requeue(run_id, proof, delay).await.expect(&said), expected, "{said}");
        }
        Step::Forget { connection } => {
            if let Some(run) = model.runs.remove(&connection) {
                queue.forget(run.id).await.expect(&said);
            }
        }
        Step::Expire { claimed } => {
            let order = |lapsed: &Lapsed| lapsed.run_id.0;
            let mut expected = model.expire(claimed);
            let mut lapsed = queue.expire(claimed.span()).await.expect(&said);
            expected.sort_by_key(order);
            lapsed.sort_by_key(order);
            assert_eq!(lapsed, expected, "{said}");
        }
        Step::TakeBack { connection } => {
            let run = model.runs.get(&connection).map(|run| (run.id, run.state));
            let Some((run_id, state)) = run else { return };
            if matches!(state, State::Lapsed { .. }) {
                model.make_ready(connection);
            }
            queue.take_back(run_id).await.expect(&said);
        }
        Step::Limit { institution, at_once } => {
            model.institutions[institution].at_once = at_once;
            queue.limit(INSTITUTIONS[institution], Limit { at_once, interval: Duration::ZERO }).await.expect(&said);
        }
        Step::Gate { institution, gate } => {
            model.institutions[institution].gate = gate;
            queue.gate(INSTITUTIONS[institution], gate).await.expect(&said);
        }
        Step::Drain { agent } => {
            model.draining.insert(agent);
            queue.drain(AgentId(id_of(agent))).await.expect(&said);
        }
        Step::Undrain { agent } => {
            model.draining.remove(&agent);
            queue.undrain(AgentId(id_of(agent))).await.expect(&said);
        }
        Step::Lose => {
            assert!(redis.wipe().await);
            *model = Model::new(model.generation + 1);
            begin(queue, model).await;
        }
    }
    assert_eq!(queue.audit().await.expect("an audit"), Vec::<String>::new(), "after {said}");
    let depth = queue.depth().await.expect("a depth");
    for institution in depth.institutions {
        let index = INSTITUTIONS.iter().position(|name| *name == institution.institution_id).expect("a known one");
        let ready = model.count(index, |state| *state == State::Ready);
        let started = model.count(index, |state| matches!(state, State::Leased { .. }));
        assert_eq!((institution.ready, institution.started), (ready as u64, started as u64), "after {said}");
    }
    let is_parked = |state: &State| matches!(state, State::Leased { waits: Waits::ForPerson, .. });
    let parked = model.runs.values().filter(|run| is_parked(&run.state)).count();
    assert_eq!(depth.parked, parked as u64, "after {said}");
}

async fn begin(queue: &Queue, model: &Model) {
    let seen = queue.standing().await.expect("an answer");
    assert!(queue.install(model.generation, &seen).await.expect("an answer"));
    for (name, institution) in INSTITUTIONS.iter().zip(&model.institutions) {
        let limit = Limit { at_once: institution.at_once, interval: Duration::ZERO };
        queue.limit(name, limit).await.expect("a limit");
    }
}

fn step() -> impl Strategy<Value = Step> {
    let connection = || 0..CONNECTIONS;
    let agent = || 50..50 + AGENTS;
    let when = || prop_oneof![4 => Just(When::Now), 1 => Just(When::Later)];
    let lasts = || prop_oneof![3 => Just(Lasts::Long), 1 => Just(Lasts::NoTime)];
    let by = || prop_oneof![4 => Just(By::Holder), 1 => Just(By::Stranger), 1 => Just(By::Stale)];
    let waits = || prop_oneof![Just(Waits::ForPerson), Just(Waits::ForNobody)];
    let class = || prop_oneof![Just(RunClass::OnDemand), Just(RunClass::Scheduled), Just(RunClass::Backfill)];
    let gate = || {
        prop_oneof![
            3 => Just(Gate::Open), 1 => Just(Gate::Closed(LONG)), 1 => Just(Gate::ClosedThenProbing(Duration::ZERO)),
        ]
    };
    prop_oneof![
        8 => (connection(), 1..4_u128, class(), when())
            // A run is of one connection.
            .prop_map(|(connection, run, class, when)| Step::Enqueue { connection, run: 1_000 + connection * 10 + run, class, when }),
        8 => (agent(), lasts()).prop_map(|(agent, lasts)| Step::Acquire { agent, lasts }),
        2 => (connection(), by()).prop_map(|(connection, by)| Step::Renew { connection, by }),
        2 => (connection(), by(), waits()).prop_map(|(connection, by, waits)| Step::Park { connection, by, waits }),
        2 => (connection(), by(), when()).prop_map(|(connection, by, when)| Step::Requeue { connection, by, when }),
        3 => connection().prop_map(|connection| Step::Forget { connection }),
        2 => lasts().prop_map(|claimed| Step::Expire { claimed }),
        2 => connection().prop_map(|connection| Step::TakeBack { connection }),
        1 => (0..INSTITUTIONS.len(), 1..4_u32).prop_map(|(institution, at_once)| Step::Limit { institution, at_once }),
        2 => (0..INSTITUTIONS.len(), gate()).prop_map(|(institution, gate)| Step::Gate { institution, gate }),
        1 => agent().prop_map(|agent| Step::Drain { agent }),
        2 => agent().prop_map(|agent| Step::Undrain { agent }),
        1 => Just(Step::Lose),
    ]
}

#[test]
fn redis_does_what_the_model_says_and_is_in_order_after_every_step() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let redis = runtime.block_on(Redis::start(folder.path())).expect("a Redis");
    let mut runner = TestRunner::new(ProptestConfig { cases: 200, ..ProptestConfig::default() });
    let outcome = runner.run(&prop::collection::vec(step(), 1..80), |steps| {
        runtime.block_on(async {
            assert!(redis.wipe().await);
            let queue = Queue::connect(&Secret::new(redis.url()), "m:{q}:").await.expect("a queue");
            let mut model = Model::new(1);
            begin(&queue, &model).await;
            for step in steps {
                make(step, &mut model, &queue, &redis).await;
            }
        });
        Ok(())
    });
    if let Err(fault) = outcome {
        unreachable!("{fault}");
    }
}
