//! What the fleet keeps to go on by itself: schedules, breakers, pauses, dead letters.
//!
//! Not here: the queue.

use domain::breaker::{Admission, Breaker, BreakerEvent};
use domain::history::Past;
use domain::observation::{Extent, Source, Window};
use domain::run::RunClass;

use super::*;

const ALL: PageRequest = PageRequest { after: None, limit: 100 };

#[tokio::test]
async fn a_connection_is_planned_when_its_run_has_ended_and_begun_once_when_it_is_due() {
    for bench in benches().await {
        let id = bench.active().await;
        let unplanned = || async { bench.store.unplanned(10).await.expect("a list") };
        assert_eq!(unplanned().await.iter().map(|one| one.id).collect::<Vec<_>>(), [id], "{}", bench.name);
        let due = now() + SignedDuration::from_hours(6);
        bench.store.plan(&[(id, Some(due))]).await.expect("planned");
        bench.store.plan(&[(id, Some(now()))]).await.expect("too late");
        assert_eq!(unplanned().await, []);
        assert_eq!(bench.store.due_by(due).await.expect("counts"), [("harbour".to_owned(), 1)]);
        assert_eq!(bench.store.due(now(), 10).await.expect("a list"), [], "it isn't due yet");

        let early = bench.store.begin_due(id, RunId(Uuid::now_v7()), RunClass::Scheduled, now()).await;
        assert_eq!(early.expect("an answer"), None, "whoever saw it as due before it was planned anew is late");

        let then = due + SignedDuration::from_secs(1);
        assert_eq!(bench.store.due(then, 10).await.expect("a list").len(), 1);
        let begin = |run| bench.store.begin_due(id, run, RunClass::Scheduled, then);
        let run = RunId(Uuid::now_v7());
        let queued = begin(run).await.expect("an answer").expect("a run");
        assert_eq!((queued.id, queued.class), (run, RunClass::Scheduled));
        assert!(begin(RunId(Uuid::now_v7())).await.expect("an answer").is_none(), "another was faster");
        assert_eq!(bench.store.due(then, 10).await.expect("a list"), []);
        assert_eq!(unplanned().await, [], "its run is under way");

        bench.grant_at(run, 9, then).await;
        bench.store.complete(run, proof(9), handed_in(&[]), then).await.expect("completed");
        assert_eq!(unplanned().await.len(), 1, "and it is planned anew when that has ended");
    }
}

#[tokio::test]
async fn a_connection_whose_run_is_under_way_gets_no_second_one_when_it_is_due() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.store.plan(&[(id, Some(now()))]).await.expect("planned");
        let asked = RunId(Uuid::now_v7());
        bench.store.request_sync(bench.organization, id, asked, now()).await.expect("a run");
        let begun =
            bench.store.begin_due(id, RunId(Uuid::now_v7()), RunClass::Scheduled, now()).await.expect("an answer");
        assert_eq!(begun, None, "{}", bench.name);
        bench.grant(asked, 9).await;
        bench.store.complete(asked, proof(9), handed_in(&[]), now()).await.expect("completed");
        assert_eq!(bench.store.unplanned(10).await.expect("a list").len(), 1);
    }
}

#[tokio::test]
async fn one_that_is_not_active_or_never_due_is_left_alone() {
    for bench in benches().await {
        let (paused, never) = (bench.active().await, bench.neighbour().await.active().await);
        bench.store.plan(&[(paused, Some(now())), (never, None)]).await.expect("planned");
        bench.store.pause_connection(bench.organization, paused, now()).await.expect("paused");
        let far = now() + SignedDuration::from_hours(24 * 365);
        let due: Vec<_> = bench.store.due(far, 10).await.expect("a list").into_iter().map(|one| one.id).collect();
        assert_eq!(due, [paused], "{}", bench.name);
        assert_eq!(
            bench.store.begin_due(paused, RunId(Uuid::now_v7()), RunClass::Scheduled, far).await.expect("an answer"),
            None
        );
        assert_eq!(bench.store.due_by(far).await.expect("counts"), []);
    }
}

#[tokio::test]
async fn a_breaker_is_one_for_all_who_tell_it_and_a_pause_stands_beside_it() {
    for bench in benches().await {
        assert_eq!(bench.store.institution_states().await.expect("a list"), [], "{}", bench.name);
        let failed = BreakerEvent::Failed { code: FailureCode::PortalBlocked, until: None };
        let tell = async |event| bench.store.tell_breaker("harbour", event, now()).await.expect("told");
        let change = tell(failed).await;
        assert_eq!(change.before, Breaker::NEW);
        assert!(matches!(change.after.admission(), Admission::NoneUntil(until) if until > now()));
        bench.store.pause_institution("harbour", Some("they called"), now()).await.expect("paused");
        bench.store.pause_institution("harbour", Some("they called again"), now()).await.expect("paused");
        let states = bench.store.institution_states().await.expect("a list");
        assert_eq!(states[0].breaker, change.after, "a pause leaves the breaker as it is");
        let pause = states[0].pause.clone().expect("a pause");
        assert_eq!(pause.reason.as_deref(), Some("they called again"));
        bench.store.pause_institution("harbour", None, now()).await.expect("paused");
        let states = bench.store.institution_states().await.expect("a list");
        assert_eq!(states[0].pause, Some(pause), "who says no reason takes none away");
        bench.store.resume_institution("harbour", now()).await.expect("resumed");
        assert_eq!(tell(BreakerEvent::Reset).await.after, Breaker::NEW);
        let states = bench.store.institution_states().await.expect("a list");
        assert_eq!((states[0].breaker, states[0].pause.clone()), (Breaker::NEW, None));
    }
}

#[tokio::test]
async fn a_run_that_was_set_aside_is_shown_and_revived_once() {
    for bench in benches().await {
        let id = bench.active().await;
        let run = RunId(Uuid::now_v7());
        bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run");
        bench.grant(run, 9).await;
        for _ in 0..3 {
            bench.store.count_crash(run).await.expect("counted");
        }
        bench.store.abandon(run, FailureCode::AgentsGone, now()).await.expect("abandoned");
        let letters = bench.store.dead_letters(&Reach::All, ALL).await.expect("a list");
        assert_eq!(letters.iter().map(|letter| (letter.run_id, letter.crashes)).collect::<Vec<_>>(), [(run, 3)]);
        let reached = async |tenants: Vec<OrganizationId>| {
            bench.store.dead_letters(&Reach::Tenants(tenants), ALL).await.expect("a list").len()
        };
        assert_eq!(reached(vec![bench.organization]).await, 1);
        assert_eq!((reached(vec![OrganizationId(Uuid::now_v7())]).await, reached(Vec::new()).await), (0, 0));
        assert_eq!(bench.status(id).await, ConnectionStatus::Errored, "{}", bench.name);

        let revive = |new| bench.store.revive(run, new, now());
        let new = RunId(Uuid::now_v7());
        assert_eq!(revive(new).await.expect("revived").id, new);
        assert!(matches!(revive(RunId(Uuid::now_v7())).await, Err(Refused::NotFound)));
        assert_eq!(bench.store.dead_letters(&Reach::All, ALL).await.expect("a list"), []);
        bench.grant(new, 10).await;
        bench.store.complete(new, proof(10), handed_in(&[]), now()).await.expect("completed");
        assert_eq!(bench.status(id).await, ConnectionStatus::Active);
        assert!(matches!(bench.store.revive(new, run, now()).await, Err(Refused::NotFound)), "nobody set it aside");
    }
}

#[tokio::test]
async fn a_connection_that_failed_is_synced_when_it_is_asked_for_and_is_active_once_that_went_well() {
    for bench in benches().await {
        let id = bench.active().await;
        let [failing, run] = [RunId(Uuid::now_v7()), RunId(Uuid::now_v7())];
        bench.store.request_sync(bench.organization, id, failing, now()).await.expect("a run");
        bench.grant(failing, 1).await;
        bench.fail(failing, 1, FailureCode::ElementMissing, AfterFailure::End).await.expect("failed");
        assert_eq!(bench.status(id).await, ConnectionStatus::Errored, "{}", bench.name);
        bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run");
        assert_eq!(bench.status(id).await, ConnectionStatus::Errored, "{}", bench.name);
        bench.grant(run, 2).await;
        bench.store.complete(run, proof(2), handed_in(&[]), now()).await.expect("completed");
        assert_eq!(bench.status(id).await, ConnectionStatus::Active, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_connection_that_ended_meanwhile_is_not_revived_and_its_run_stays_set_aside() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await;
        bench.store.abandon(run, FailureCode::AgentsGone, now()).await.expect("abandoned");
        bench.store.revoke_connection(bench.organization, id, now()).await.expect("revoked");
        let revived = bench.store.revive(run, RunId(Uuid::now_v7()), now()).await;
        assert!(matches!(revived, Err(Refused::NotActive(ConnectionStatus::Revoked))), "{revived:?}");
        assert_eq!(bench.store.dead_letters(&Reach::All, ALL).await.expect("a list").len(), 1, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_is_not_due_by_itself_is_planned_anew_when_it_is_reconsidered_and_what_is_put_off_at_once() {
    for bench in benches().await {
        let (never, due) = (bench.active().await, bench.neighbour().await.active().await);
        bench.store.plan(&[(never, None), (due, Some(now()))]).await.expect("planned");
        assert_eq!(bench.store.unplanned(10).await.expect("a list"), [], "{}", bench.name);
        bench.store.put_off(never, now()).await.expect("it isn't due");
        bench.store.put_off(due, now()).await.expect("put off");
        let unplanned = async || -> Vec<_> {
            let list = bench.store.unplanned(10).await.expect("a list");
            list.into_iter().map(|one| one.id).collect()
        };
        assert_eq!(unplanned().await, [due]);
        bench.store.plan(&[(due, Some(now()))]).await.expect("planned");
        let run = RunId(Uuid::now_v7());
        bench.store.begin_due(due, run, RunClass::Scheduled, now()).await.expect("an answer").expect("a run");
        bench.store.reconsider().await.expect("reconsidered");
        assert_eq!(unplanned().await, [never], "{}: what is under way stays", bench.name);
    }
}

#[tokio::test]
async fn a_run_that_could_not_read_an_account_does_not_move_the_day_that_all_were_read() {
    for bench in benches().await {
        let id = bench.active().await;
        let mut counter = 200;
        let mut sync = async |accounts: &[ObservedAccount]| {
            let run = RunId(Uuid::now_v7());
            bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run");
            counter += 1;
            let granted = bench.grant(run, counter).await.expect("granted");
            bench.store.complete(run, proof(counter), handed_in(accounts), now()).await.expect("completed");
            granted.all_read_at
        };
        let whole = || read_back_to("one", None);
        let failure = Some(Failure::new(FailureCode::DataIncomplete, Stage::Transactions));
        let wanting = || ObservedAccount { failure: failure.clone(), window: None, ..read_back_to("two", None) };
        sync(&[whole()]).await;
        let read = sync(&[whole(), wanting()]).await;
        assert!(read.is_some(), "{}", bench.name);
        assert_eq!(sync(&[whole()]).await, read, "what wasn't read of one is read again from there");
        assert!(sync(&[whole()]).await > read);
    }
}

/// An account whose list was read from that day on, or to its end.
fn read_back_to(key: &str, from: Option<&str>) -> ObservedAccount {
    let from = from.map(|from| from.parse().expect("a day"));
    let window =
        Window { source: Source::Pages, extent: Extent::Whole, from, to: None, pages: 1, rows_announced: None };
    ObservedAccount { portal_key: key.into(), name: key.into(), window: Some(window), ..account(Vec::new()) }
}

#[tokio::test]
async fn how_far_back_lists_were_read_is_known_of_all_accounts_of_a_connection() {
    for bench in benches().await {
        let id = bench.active().await;
        let mut counter = 100;
        let mut sync = async |class: RunClass, accounts: &[ObservedAccount]| {
            let (run, then) = (RunId(Uuid::now_v7()), now() + SignedDuration::from_hours(1));
            bench.store.plan(&[(id, Some(now()))]).await.expect("planned");
            let begun = bench.store.begin_due(id, run, class, then).await.expect("an answer");
            assert_eq!(begun.expect("a run").class, class);
            counter += 1;
            let granted = bench.grant_at(run, counter, then).await.expect("granted");
            assert_eq!(granted.class, class);
            bench.store.complete(run, proof(counter), handed_in(accounts), then).await.expect("completed");
            let unplanned = bench.store.unplanned(10).await.expect("a list");
            let planned = unplanned.into_iter().find(|one| one.id == id).expect("it is planned anew");
            planned.past
        };
        let since = |day: &str| Past::Since(day.parse().expect("a day"));
        let one = |from| read_back_to("one", from);
        let (recent, backfill) = (RunClass::Scheduled, RunClass::Backfill);
        assert_eq!(sync(recent, &[one(Some("2026-07-01"))]).await, since("2026-07-01"), "{}", bench.name);
        assert_eq!(sync(recent, &[one(Some("2026-08-01"))]).await, since("2026-07-01"), "what was read stays read");
        let failed = ObservedAccount {
            failure: Some(Failure::new(FailureCode::DataIncomplete, Stage::Transactions)),
            window: None,
            ..one(None)
        };
        assert_eq!(sync(backfill, &[failed]).await, since("2026-07-01"), "nothing was read");
        assert_eq!(sync(backfill, &[one(None)]).await, Past::Whole);
        let another = read_back_to("two", Some("2026-08-01"));
        assert_eq!(
            sync(recent, &[one(Some("2026-08-01")), another]).await,
            since("2026-08-01"),
            "of a new one less is known"
        );
    }
}
