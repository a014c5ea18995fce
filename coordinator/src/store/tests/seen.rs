//! What is seen of a portal beside its records: what its user may do, and how ways fared.

use domain::id::{ConnectionId, RunId};
use domain::permissions::{Permissions, Right};
use jiff::civil::{Date, date};
use protocol::lease::WayCount;
use uuid::Uuid;

use super::{Bench, account, benches, handed_in, now, proof, transaction};
use crate::store::{HandedIn, WaysOf};

#[tokio::test]
async fn what_the_user_may_do_stays_as_it_was_read_last_until_it_may_be_another_user() {
    for bench in benches().await {
        let (id, run) = bench.activating().await;
        bench.grant(run, 1).await.expect("granted");
        let seen = async || bench.store.connection(bench.organization, id).await.expect("a connection").permissions;
        assert_eq!(seen().await, None, "{}", bench.name);
        let records = [account(vec![transaction("coffee")])];
        let permissions = Permissions::default().with(Right::View).with(Right::Initiate);
        let handed = HandedIn { permissions: Some(permissions), ..handed_in(&records) };
        bench.store.complete(run, proof(1), handed, now()).await.expect("completed");
        let first = seen().await.expect("it was read");
        assert_eq!(first.permissions, permissions);
        // A run that couldn't read it says nothing of it.
        let again = syncing(&bench, id).await;
        bench.grant(again, 2).await.expect("granted");
        bench.store.complete(again, proof(2), handed_in(&records), now()).await.expect("completed");
        assert_eq!(seen().await, Some(first));
        let nothing = HandedIn { permissions: Some(Permissions::default()), ..handed_in(&records) };
        let third = syncing(&bench, id).await;
        bench.grant(third, 3).await.expect("granted");
        bench.store.complete(third, proof(3), nothing, now()).await.expect("completed");
        assert_eq!(seen().await.expect("it was read").permissions, Permissions::default());
        bench.give_credentials(id).await;
        assert_eq!(seen().await, None, "they may be another user's, {}", bench.name);
    }
}

/// Makes a sync run.
async fn syncing(bench: &Bench, id: ConnectionId) -> RunId {
    let run = RunId(Uuid::now_v7());
    bench.store.request_sync(bench.organization, id, run, now()).await.expect("a run").id
}

fn way(way: &str, found: u32, missing: u32) -> WayCount {
    WayCount { target: "#user".into(), way: way.into(), found, missing, disagreed: 0 }
}

#[tokio::test]
async fn ways_are_counted_by_day_and_revision_and_forgotten_in_time() {
    for bench in benches().await {
        let at = |institution, revision, day| WaysOf { institution, revision, day };
        let day = |day: i8| -> Date { date(2026, 10, day) };
        for (revision, on, counts) in [
            ("r1", day(1), vec![way("#user", 2, 0), way("user id", 2, 0)]),
            ("r1", day(1), vec![way("#user", 1, 0)]),
            ("r1", day(2), vec![way("#user", 0, 3), way("user id", 3, 0)]),
            ("r2", day(2), vec![way("#user", 1, 0)]),
        ] {
            bench.store.count_ways(at("harbour", revision, on), &counts).await.expect("counted");
        }
        bench.store.count_ways(at("kontor", "k", day(2)), &[way("#user", 1, 0)]).await.expect("counted");
        let sums = async |institution, since| {
            let sums = bench.store.ways(institution, since).await.expect("sums");
            let line = |sum: crate::store::WaySum| {
                let days = [sum.last_found_on, sum.last_lost_on].map(|day| day.map_or(0, Date::day));
                format!("{} {} {} {}/{} {days:?}", sum.institution_id, sum.revision, sum.way, sum.found, sum.missing)
            };
            sums.into_iter().map(line).collect::<Vec<_>>()
        };
        let harbour = ["harbour r1 #user 3/3 [1, 2]", "harbour r2 #user 1/0 [2, 0]", "harbour r1 user id 5/0 [2, 0]"];
        assert_eq!(sums(Some("harbour"), day(1)).await, harbour, "the most lost first, {}", bench.name);
        assert_eq!(sums(None, day(1)).await.len(), 4);
        assert_eq!(sums(Some("harbour"), day(2)).await[0], "harbour r1 #user 0/3 [0, 2]");
        for pruned in [1, 1, 0] {
            assert_eq!(bench.store.prune_ways(day(2), 1).await.expect("pruned"), pruned, "{}", bench.name);
        }
        assert_eq!(sums(Some("harbour"), day(1)).await[0], "harbour r1 #user 0/3 [0, 2]", "the first day is gone");
    }
}

#[tokio::test]
async fn an_institution_has_no_more_than_so_many_rows_a_day() {
    for bench in benches().await {
        let of = WaysOf { institution: "harbour", revision: "r1", day: date(2026, 10, 1) };
        let many: Vec<WayCount> = (0..2_010).map(|number| way(&format!("#w{number}"), 1, 0)).collect();
        bench.store.count_ways(of, &many).await.expect("counted");
        assert_eq!(bench.store.ways(None, of.day).await.expect("sums").len(), 2_000, "{}", bench.name);
    }
}
