//! The queue's steps on a real Redis.
//!
//! Not here: the queue together with a store; the fleet's own tests have that.

use std::time::Duration;

use ::tests::patience::eventually;
use ::tests::redis::Redis;
use domain::fence::Fence;
use domain::id::{AgentId, ConnectionId, OrganizationId, RunId};
use domain::run::RunClass;
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use protocol::lease::Proof;
use uuid::Uuid;

use super::{Acquired, Acquisition, Gate, Lapsed, LapsedHolder, Limit, Queue, QueueError};
use crate::store::{Holder, QueuedRun};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);
/// Shorter than any step.
const GONE: Duration = Duration::ZERO;

struct Bench {
    queue: Queue,
    redis: Redis,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let redis = Redis::start(folder.path()).await.expect("a Redis");
        let queue = Queue::connect(&Secret::new(redis.url()), "t:{q}:").await.expect("a queue");
        let bench = Self { queue, redis, folder };
        bench.install(1).await;
        bench
    }

    /// Begins a generation in which the harbour may be asked as much as anybody likes.
    async fn install(&self, generation: u32) {
        let seen = self.queue.standing().await.expect("an answer");
        self.queue.install(generation, &seen).await.expect("a generation");
        let limit = Limit { at_once: 100, interval: GONE };
        self.queue.limit("harbour", limit).await.expect("a limit");
    }

    /// Has Redis write down what it holds.
    async fn save(&self) {
        let mut redis = self.queue.redis.clone();
        redis::cmd("SAVE").query_async::<()>(&mut redis).await.expect("saved");
    }

    /// Starts Redis anew from what it wrote down.
    async fn restart(&mut self) {
        let mut redis = self.queue.redis.clone();
        // It goes away before it answers.
        let _: redis::RedisResult<()> = redis::cmd("SHUTDOWN").arg("NOSAVE").query_async(&mut redis).await;
        let _ = std::fs::remove_file(self.folder.path().join("redis.sock"));
        self.redis = Redis::start(self.folder.path()).await.expect("a Redis");
    }

    async fn enqueue(&self, run: &QueuedRun) {
        self.queue.enqueue(run, Timestamp::now()).await.expect("enqueued");
    }

    async fn acquire(&self, agent: AgentId, term: Duration) -> Option<Acquired> {
        match self.queue.acquire(agent, term).await.expect("an answer") {
            Acquisition::Leased(acquired) => Some(acquired),
            Acquisition::Nothing { .. } | Acquisition::Drained => None,
        }
    }
}

fn agent() -> AgentId {
    AgentId(Uuid::now_v7())
}

fn run() -> QueuedRun {
    run_of(OrganizationId(Uuid::now_v7()))
}

fn run_of(organization_id: OrganizationId) -> QueuedRun {
    QueuedRun {
        id: RunId(Uuid::now_v7()),
        organization_id,
        connection_id: ConnectionId(Uuid::now_v7()),
        institution_id: "harbour".into(),
        class: RunClass::OnDemand,
        not_before: Timestamp::UNIX_EPOCH,
        holder: Holder::None,
    }
}

fn proof(agent_id: AgentId, acquired: Acquired) -> Proof {
    Proof { agent_id, fence: acquired.fence }
}

#[tokio::test]
async fn a_connection_has_one_run_in_the_queue_and_it_is_leased_once() {
    let bench = Bench::new().await;
    let first = run();
    let second = QueuedRun { id: RunId(Uuid::now_v7()), ..first.clone() };
    bench.enqueue(&second).await;
    bench.enqueue(&first).await;
    bench.enqueue(&first).await;
    assert_eq!(bench.acquire(agent(), LONG).await.map(|leased| leased.run_id), Some(first.id), "the later one counts");
    bench.enqueue(&second).await;
    assert_eq!(bench.acquire(agent(), LONG).await, None);
    bench.enqueue(&first).await;
    assert_eq!(bench.acquire(agent(), LONG).await, None, "a leased run isn't put in again");

    bench.queue.forget(first.id).await.expect("forgotten");
    bench.enqueue(&second).await;
    assert_eq!(bench.acquire(agent(), LONG).await.map(|leased| leased.run_id), Some(second.id));
}

#[tokio::test]
async fn fences_of_a_connection_only_grow() {
    let bench = Bench::new().await;
    let run = run();
    let mut last = Fence { generation: 0, counter: 0 };
    for _ in 0..3 {
        bench.enqueue(&run).await;
        let leased = bench.acquire(agent(), LONG).await.expect("a lease");
        assert!(leased.fence > last, "{} after {last}", leased.fence);
        last = leased.fence;
        bench.queue.forget(run.id).await.expect("forgotten");
    }
    bench.install(7).await;
    bench.enqueue(&run).await;
    let leased = bench.acquire(agent(), LONG).await.expect("a lease");
    assert_eq!(leased.fence, Fence { generation: 7, counter: 1 });
    let seen = bench.queue.standing().await.expect("an answer");
    assert!(!bench.queue.install(3, &seen).await.expect("an answer"), "no step back");
    assert_eq!(bench.queue.standing().await.expect("an answer").generation, Some(7));
}

#[tokio::test]
async fn only_the_holder_renews_and_only_while_the_lease_lasts() {
    let bench = Bench::new().await;
    let (holder, run) = (agent(), run());
    bench.enqueue(&run).await;
    let leased = bench.acquire(holder, LONG).await.expect("a lease");
    let good = proof(holder, leased);
    let stale = Proof { fence: Fence { counter: leased.fence.counter - 1, ..leased.fence }, ..good };
    let strangers = Proof { agent_id: agent(), ..good };
    let renew = async |proof, term| bench.queue.renew(run.id, proof, term).await.expect("an answer");
    assert!(renew(good, LONG).await);
    assert!(!renew(stale, LONG).await);
    assert!(!renew(strangers, LONG).await);
    assert!(!bench.queue.requeue(run.id, stale, GONE).await.expect("an answer"));
    assert!(renew(good, GONE).await, "the last one, for no time at all");
    assert!(!renew(good, LONG).await, "a lease that is over can't be renewed, even before anybody noticed");
    let lapsed = Lapsed { run_id: run.id, holder: LapsedHolder::WentSilent };
    assert_eq!(bench.queue.expire(LONG).await.expect("an answer"), [lapsed]);
    assert!(!renew(good, LONG).await, "a lapsed lease can't be renewed, even before it is taken back");
}

#[tokio::test]
async fn a_lapsed_lease_is_taken_back_once_and_leased_under_a_greater_fence() {
    let bench = Bench::new().await;
    let (silent, run) = (agent(), run());
    bench.enqueue(&run).await;
    let lost = bench.acquire(silent, GONE).await.expect("a lease");
    let lapsed = Lapsed { run_id: run.id, holder: LapsedHolder::NeverSpoke };
    assert_eq!(bench.queue.expire(GONE).await.expect("an answer"), [lapsed]);
    assert_eq!(bench.queue.expire(LONG).await.expect("an answer"), [lapsed], "whoever took it on came to nothing");
    assert_eq!(bench.queue.expire(LONG).await.expect("an answer"), [], "it is somebody's");
    assert_eq!(bench.acquire(agent(), LONG).await, None, "and nobody gets it meanwhile");
    bench.queue.take_back(run.id).await.expect("taken back");
    bench.queue.take_back(run.id).await.expect("once");
    let leased = bench.acquire(agent(), LONG).await.expect("a lease");
    assert_eq!(leased.run_id, run.id);
    assert!(leased.fence > lost.fence);
    assert!(!bench.queue.renew(run.id, proof(silent, lost), LONG).await.expect("an answer"));
}

#[tokio::test]
async fn a_delayed_run_waits_until_it_is_due() {
    let bench = Bench::new().await;
    let holder = agent();
    let late = QueuedRun { not_before: Timestamp::now() + SignedDuration::from_hours(1), ..run() };
    bench.enqueue(&late).await;
    assert_eq!(bench.queue.promote().await.expect("an answer"), 0);
    assert_eq!(bench.acquire(holder, LONG).await, None);

    let soon = run();
    bench.enqueue(&soon).await;
    let leased = bench.acquire(holder, LONG).await.expect("a lease");
    let delay = Duration::from_millis(30);
    assert!(bench.queue.requeue(soon.id, proof(holder, leased), delay).await.expect("an answer"));
    let again = eventually(async || {
        bench.queue.promote().await.expect("an answer");
        bench.acquire(holder, LONG).await
    });
    assert_eq!(again.await.map(|leased| leased.run_id), Some(soon.id));
}

#[tokio::test]
async fn organizations_take_turns_however_much_each_has() {
    let bench = Bench::new().await;
    let (busy, quiet) = (OrganizationId(Uuid::now_v7()), OrganizationId(Uuid::now_v7()));
    let runs: Vec<QueuedRun> = (0..6).map(|_| run_of(busy)).collect();
    for run in &runs {
        bench.enqueue(run).await;
    }
    let few: Vec<QueuedRun> = (0..2).map(|_| run_of(quiet)).collect();
    for run in &few {
        bench.enqueue(run).await;
    }
    let mut order = Vec::new();
    while let Some(leased) = bench.acquire(agent(), LONG).await {
        order.push(if few.iter().any(|run| run.id == leased.run_id) { 'q' } else { 'b' });
    }
    let order: String = order.into_iter().collect();
    assert_eq!(order.len(), 8);
    assert_eq!(order.get(..4).map(|start| start.matches('q').count()), Some(2), "{order}");
}

#[tokio::test]
async fn a_queue_that_was_lost_refuses_every_step_until_it_is_rebuilt() {
    let bench = Bench::new().await;
    let (holder, run) = (agent(), run());
    bench.enqueue(&run).await;
    let leased = bench.acquire(holder, LONG).await.expect("a lease");
    assert!(bench.redis.wipe().await);
    assert_eq!(bench.queue.standing().await.expect("an answer").generation, None);
    let refused = |error| matches!(error, Some(QueueError::Lost));
    assert!(refused(bench.queue.acquire(holder, LONG).await.err()));
    assert!(refused(bench.queue.renew(run.id, proof(holder, leased), LONG).await.err()));
    assert!(refused(bench.queue.enqueue(&run, Timestamp::now()).await.err()));

    bench.install(2).await;
    bench.enqueue(&run).await;
    assert!(!bench.queue.renew(run.id, proof(holder, leased), LONG).await.expect("an answer"));
    let again = bench.acquire(holder, LONG).await.expect("a lease");
    assert!(again.fence > leased.fence);
}

#[tokio::test]
async fn a_redis_that_comes_back_older_gives_no_fence_a_second_time() {
    let mut bench = Bench::new().await;
    let (holder, run) = (agent(), run());
    bench.enqueue(&run).await;
    bench.save().await;
    let before = bench.queue.standing().await.expect("an answer");
    let leased = bench.acquire(holder, LONG).await.expect("a lease");

    bench.restart().await;
    // What it kept is from before the lease, so it would give the very same fence again.
    let refused = eventually(async || {
        let answer = bench.queue.acquire(agent(), LONG).await;
        assert!(answer.is_err(), "{answer:?}");
        matches!(answer, Err(QueueError::Lost)).then_some(())
    });
    assert!(refused.await.is_some());
    assert!(matches!(bench.queue.renew(run.id, proof(holder, leased), LONG).await, Err(QueueError::Lost)));
    let seen = bench.queue.standing().await.expect("an answer");
    assert_eq!(seen.generation, None);
    assert!(!bench.queue.install(2, &before).await.expect("an answer"), "what was seen of another process is stale");
    assert_eq!(bench.queue.standing().await.expect("an answer"), seen);

    bench.install(2).await;
    bench.enqueue(&run).await;
    let again = bench.acquire(holder, LONG).await.expect("a lease");
    assert!(again.fence > leased.fence);

    bench.queue.sweep(2).await.expect("swept");
    let left = bench.redis.contents().await;
    assert!(
        left.contains("t:{q}:2:2:open") && !left.contains("t:{q}:1:"),
        "nothing is left of what was before: {left}"
    );
    assert!(bench.queue.renew(run.id, proof(holder, again), LONG).await.expect("an answer"));
}

#[tokio::test]
async fn whoever_waits_hears_of_a_run_that_becomes_ready() {
    let bench = Bench::new().await;
    let listener = bench.queue.clone();
    let listening = tokio::spawn(async move { listener.listen().await });
    // The subscription takes a moment, and nothing says when it stands.
    let heard = eventually(async || {
        bench.enqueue(&run()).await;
        tokio::time::timeout(Duration::from_millis(20), bench.queue.news()).await.ok()
    });
    assert!(heard.await.is_some());
    listening.abort();
}

#[tokio::test]
async fn of_all_who_wait_one_hears_of_a_run_and_another_when_it_is_passed_on() {
    let bench = Bench::new().await;
    let woken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = || woken.load(std::sync::atomic::Ordering::SeqCst);
    let waiting: Vec<_> = (0..9)
        .map(|_| {
            let (queue, woken) = (bench.queue.clone(), std::sync::Arc::clone(&woken));
            tokio::spawn(async move {
                queue.news().await;
                woken.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            })
        })
        .collect();
    let listener = bench.queue.clone();
    let listening = tokio::spawn(async move { listener.listen().await });
    let first = eventually(async || {
        bench.enqueue(&run()).await;
        (count() > 0).then_some(())
    });
    assert!(first.await.is_some());
    let before = count();
    assert!(before < waiting.len(), "one run woke everybody");
    bench.queue.pass_on();
    assert!(eventually(async || (count() > before).then_some(())).await.is_some());
    listening.abort();
    waiting.into_iter().for_each(|waiter| waiter.abort());
}

#[tokio::test]
async fn what_the_queue_does_not_have_is_told_of_many_at_once() {
    let bench = Bench::new().await;
    let runs: Vec<QueuedRun> = (0..2_500).map(|_| run()).collect();
    for run in &runs[..5] {
        bench.enqueue(run).await;
    }
    // Another run of the same connection is none of the queue's.
    let other = QueuedRun { id: RunId(Uuid::now_v7()), ..runs[0].clone() };
    let asked = [&runs[..], std::slice::from_ref(&other)].concat();
    let missing = bench.queue.missing(asked).await.expect("an answer");
    let expected: Vec<RunId> = runs[5..].iter().chain([&other]).map(|run| run.id).collect();
    assert_eq!(missing.iter().map(|run| run.id).collect::<Vec<_>>(), expected);
    assert!(bench.queue.missing(Vec::new()).await.expect("an answer").is_empty());
}

#[tokio::test]
async fn a_pace_and_a_closed_gate_say_when_the_next_run_may_start() {
    let bench = Bench::new().await;
    let (soon, holder) = (Duration::from_millis(60), agent());
    let acquire = async || bench.queue.acquire(holder, LONG).await.expect("an answer");
    let waits = |acquisition| match acquisition {
        Acquisition::Nothing { soonest } => soonest,
        Acquisition::Leased(_) | Acquisition::Drained => None,
    };
    bench.queue.limit("harbour", Limit { at_once: 100, interval: LONG }).await.expect("a limit");
    for _ in 0..2 {
        bench.enqueue(&run()).await;
    }
    assert!(matches!(acquire().await, Acquisition::Leased(_)));
    let wait = waits(acquire().await).expect("it is known when");
    assert!(wait > LONG / 2 && wait <= LONG, "{wait:?}");

    bench.queue.limit("pier", Limit { at_once: 100, interval: soon }).await.expect("a limit");
    bench.queue.gate("pier", Gate::Closed(soon)).await.expect("a gate");
    for _ in 0..2 {
        bench.enqueue(&QueuedRun { institution_id: "pier".into(), ..run() }).await;
    }
    assert!(waits(acquire().await).expect("it is known when") <= soon);
    let begun = std::time::Instant::now();
    for _ in 0..2 {
        let leased = eventually(async || bench.acquire(holder, LONG).await).await;
        assert!(leased.is_some(), "both start when their time has come");
    }
    assert!(begun.elapsed() >= soon, "and the second not before its pace lets it");
    assert_eq!(bench.queue.audit().await.expect("an audit"), Vec::<String>::new());
}

#[tokio::test]
async fn a_run_that_nobody_began_takes_no_start_from_others() {
    let bench = Bench::new().await;
    let (holder, first, second) = (agent(), run(), run());
    bench.queue.limit("harbour", Limit { at_once: 100, interval: LONG }).await.expect("a limit");
    for one in [&first, &second] {
        bench.enqueue(one).await;
    }
    let leased = bench.acquire(holder, LONG).await.expect("a lease");
    assert_eq!(leased.run_id, first.id);
    assert!(bench.acquire(holder, LONG).await.is_none(), "one has just started");
    assert!(bench.queue.requeue_unbegun(first.id, proof(holder, leased), LONG).await.expect("an answer"));
    let leased = bench.acquire(holder, LONG).await.expect("the bank was asked nothing");
    assert_eq!(leased.run_id, second.id);
    bench.enqueue(&run()).await;
    assert!(bench.queue.requeue(second.id, proof(holder, leased), LONG).await.expect("an answer"));
    assert!(bench.acquire(holder, LONG).await.is_none(), "what was begun has had its start");
}

#[tokio::test]
async fn nothing_starts_where_nobody_has_said_what_may() {
    let bench = Bench::new().await;
    bench.enqueue(&QueuedRun { institution_id: "nowhere".into(), ..run() }).await;
    assert_eq!(bench.acquire(agent(), LONG).await, None);
    bench.queue.limit("nowhere", Limit { at_once: 1, interval: GONE }).await.expect("a limit");
    assert!(bench.acquire(agent(), LONG).await.is_some());
}

#[tokio::test]
async fn a_drained_agent_is_given_nothing_until_it_is_undrained() {
    let (bench, drained) = (Bench::new().await, agent());
    bench.enqueue(&run()).await;
    bench.queue.drain(drained).await.expect("drained");
    assert_eq!(bench.acquire(drained, LONG).await, None);
    bench.queue.undrain(drained).await.expect("undrained");
    assert!(bench.acquire(drained, LONG).await.is_some());
}

#[tokio::test]
async fn an_institution_at_its_cap_starts_nothing_until_a_lease_ends() {
    let bench = Bench::new().await;
    let cap = async |at_once| bench.queue.limit("harbour", Limit { at_once, interval: GONE }).await.expect("a limit");
    cap(2).await;
    for _ in 0..5 {
        bench.enqueue(&run()).await;
    }
    let first = bench.acquire(agent(), LONG).await.expect("a lease");
    assert!(bench.acquire(agent(), LONG).await.is_some());
    assert_eq!(bench.acquire(agent(), LONG).await, None, "two are under way");
    bench.queue.forget(first.run_id).await.expect("forgotten");
    assert!(bench.acquire(agent(), LONG).await.is_some(), "one of them has ended");
    assert_eq!(bench.acquire(agent(), LONG).await, None);
}

#[tokio::test]
async fn an_institution_that_is_probed_starts_one_run_at_a_time() {
    let bench = Bench::new().await;
    bench.queue.gate("harbour", Gate::ClosedThenProbing(GONE)).await.expect("a gate");
    for _ in 0..2 {
        bench.enqueue(&run()).await;
    }
    let probe = bench.acquire(agent(), LONG).await.expect("a lease");
    assert_eq!(bench.acquire(agent(), LONG).await, None, "how the probe goes has to be seen first");
    bench.queue.forget(probe.run_id).await.expect("forgotten");
    assert!(bench.acquire(agent(), LONG).await.is_some());
}

#[tokio::test]
async fn whoever_comes_and_goes_gets_no_more_turns_than_who_stays() {
    let bench = Bench::new().await;
    let (stays, comes) = (OrganizationId(Uuid::now_v7()), OrganizationId(Uuid::now_v7()));
    for _ in 0..6 {
        bench.enqueue(&run_of(stays)).await;
    }
    let mut turns = 0;
    let mut coming = run_of(comes);
    bench.enqueue(&coming).await;
    for _ in 0..6 {
        let leased = bench.acquire(agent(), LONG).await.expect("a lease");
        if leased.run_id == coming.id {
            turns += 1;
            // Its flow was empty for a moment.
            coming = run_of(comes);
            bench.enqueue(&coming).await;
        }
    }
    assert_eq!(turns, 3, "of six");
}

#[tokio::test]
async fn a_lease_that_lasts_is_not_taken_back() {
    let (bench, holder, run) = (Bench::new().await, agent(), run());
    bench.enqueue(&run).await;
    let leased = bench.acquire(holder, LONG).await.expect("a lease");
    bench.queue.take_back(run.id).await.expect("an answer");
    assert_eq!(bench.acquire(agent(), LONG).await, None, "somebody works under it");
    assert!(bench.queue.renew(run.id, proof(holder, leased), LONG).await.expect("an answer"));
}

#[tokio::test]
async fn a_new_fence_is_greater_and_the_one_before_is_good_for_nothing() {
    let bench = Bench::new().await;
    let (one, agent) = (run(), agent());
    bench.enqueue(&one).await;
    let held = proof(agent, bench.acquire(agent, LONG).await.expect("a lease"));
    let refence = async |proof| bench.queue.refence(one.id, proof, LONG).await.expect("an answer");
    let fence = refence(held).await.expect("it is held");
    assert!(fence > held.fence);
    assert_eq!(refence(held).await, Some(fence), "the same again, after an answer that was lost");
    let next = Proof { fence, ..held };
    assert!(!bench.queue.renew(one.id, held, LONG).await.expect("an answer"));
    assert!(bench.queue.renew(one.id, next, LONG).await.expect("an answer"));
    assert_eq!(refence(Proof { agent_id: self::agent(), ..next }).await, None, "another's");
    let later = refence(next).await.expect("it is held");
    assert_eq!(refence(held).await, None, "two fences ago");
    // A lease of the same agent that came later isn't told to who holds an older one.
    let last = Proof { fence: later, ..held };
    assert!(bench.queue.requeue(one.id, last, GONE).await.expect("an answer"));
    assert_eq!(refence(last).await, None);
    let again = proof(agent, bench.acquire(agent, LONG).await.expect("a lease"));
    assert!(again.fence > later);
    assert_eq!((refence(last).await, refence(next).await), (None, None));
}
