//! What operators decide of transactions, over the readings that follow, and taken back.
//!
//! Not here: what is matched without them (`identity`).

use domain::event::ChangeKind;
use domain::id::TransactionId;

use super::identity::whole;
use super::*;

#[tokio::test]
async fn a_merge_holds_over_the_next_readings_and_can_be_undone() {
    for bench in benches().await {
        let id = bench.active().await;
        let shown = ["2026-10-05 -10.00 bar north", "2026-10-03 -10.00 hotel"];
        bench.read(id, 2, &shown[1..]).await;
        bench.read(id, 3, &shown).await;
        let (bar, hotel) = (bench.id_of("bar north").await, bench.id_of("hotel").await);
        let head = bench.stream_head().await;
        let decision = bench.decide(Wish::Merge { transaction: hotel, other: bar }).await.expect("decided");
        assert_eq!(bench.told(head).await, [ChangeKind::Modified, ChangeKind::Removed], "{}", bench.name);
        bench.read(id, 4, &shown).await;
        bench.read(id, 5, &shown).await;
        assert_eq!(bench.ledger().await, ["2026-10-05 -10.00 bar north"], "the bank shows both, one is absorbed");
        assert_eq!(bench.id_of("bar north").await, hotel);
        let head = bench.stream_head().await;
        bench.store.undo(decision.id, now()).await.expect("undone");
        assert_eq!(bench.told(head).await, [ChangeKind::Modified, ChangeKind::Added], "{}", bench.name);
        bench.read(id, 6, &shown).await;
        assert_eq!((bench.id_of("bar north").await, bench.id_of("hotel").await), (bar, hotel));
        assert!(matches!(bench.store.undo(decision.id, now()).await, Err(Refused::Undecidable(_))));
        assert_eq!(bench.store.decisions(None).await.expect("decisions").len(), 1, "what was undone is kept");
    }
}

#[tokio::test]
async fn a_split_gives_the_row_a_transaction_of_its_own_and_can_be_undone() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["pending -10.00 cafe 12"]).await;
        let cafe = bench.id_of("cafe 12").await;
        bench.read(id, 3, &["2026-10-10 -12.00 cafe 12"]).await;
        assert_eq!(bench.id_of("cafe 12").await, cafe, "taken for a tip");
        let new = TransactionId(Uuid::now_v7());
        let decision = bench.decide(Wish::Split { transaction: cafe, by: None, new }).await.expect("decided");
        let both = ["2026-10-10 -12.00 cafe 12", "pending -10.00 cafe 12"];
        assert_eq!(bench.ledger().await, both, "{}", bench.name);
        bench.read(id, 4, &["2026-10-10 -12.00 cafe 12"]).await;
        assert_eq!(bench.ledger().await, both, "it isn't taken for it again");
        let again = bench.decide(Wish::Split { transaction: cafe, by: None, new: TransactionId(Uuid::now_v7()) }).await;
        assert!(matches!(again, Err(Refused::Undecidable(_))), "{again:?}");
        bench.store.undo(decision.id, now()).await.expect("undone");
        assert_eq!(bench.ledger().await, ["2026-10-10 -12.00 cafe 12"]);
        assert_eq!(bench.id_of("cafe 12").await, cafe, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_split_can_be_undone_after_what_it_left_behind_was_removed() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["pending -10.00 cafe 12"]).await;
        let cafe = bench.id_of("cafe 12").await;
        let booked = ["2026-10-10 -12.00 cafe 12"];
        bench.read(id, 3, &booked).await;
        let new = TransactionId(Uuid::now_v7());
        let decision = bench.decide(Wish::Split { transaction: cafe, by: None, new }).await.expect("decided");
        bench.read(id, 4, &booked).await;
        bench.read(id, 5, &booked).await;
        assert_eq!(bench.ledger().await, booked, "{}: the announcement is gone", bench.name);
        bench.store.undo(decision.id, now()).await.expect("undone");
        assert_eq!(bench.ledger().await, booked, "{}", bench.name);
        assert_eq!(bench.id_of("cafe 12").await, cafe, "{}", bench.name);
        bench.read(id, 6, &booked).await;
        assert_eq!(bench.id_of("cafe 12").await, cafe, "{}", bench.name);
    }
}

#[tokio::test]
async fn undoing_a_merge_leaves_what_the_bank_has_changed_since() {
    for bench in benches().await {
        let id = bench.active().await;
        let tea = "2026-10-02 -1.00 tea";
        bench.read(id, 2, &["pending -10.00 bar", tea]).await;
        let bar = bench.id_of("bar").await;
        bench.read(id, 3, &["pending -10.00 bar", "pending -10.00 pub", tea]).await;
        let other = bench.id_of("pub").await;
        let decision = bench.decide(Wish::Merge { transaction: bar, other }).await.expect("decided");
        bench.read(id, 4, &["2026-10-10 -10.00 pub", tea]).await;
        assert_eq!(bench.id_of("pub").await, bar, "{}: booked under the id that stayed", bench.name);
        bench.store.undo(decision.id, now()).await.expect("undone");
        let ledger = bench.ledger().await;
        assert!(ledger.contains(&"2026-10-10 -10.00 pub".to_owned()), "{}: {ledger:?}", bench.name);
    }
}

#[tokio::test]
async fn what_was_merged_into_one_that_was_merged_stays_merged_and_is_undone_in_turn() {
    for bench in benches().await {
        let id = bench.active().await;
        let shown = ["2026-10-07 -3.00 c", "2026-10-06 -3.00 b", "2026-10-05 -3.00 a"];
        for (counter, from) in (2..5).zip([2, 1, 0]) {
            bench.read(id, counter, &shown[from..]).await;
        }
        let (a, b, c) = (bench.id_of("a").await, bench.id_of("b").await, bench.id_of("c").await);
        let first = bench.decide(Wish::Merge { transaction: a, other: b }).await.expect("decided");
        let second = bench.decide(Wish::Merge { transaction: c, other: a }).await.expect("decided");
        for counter in 5..8 {
            bench.read(id, counter, &shown).await;
            assert_eq!(bench.transaction_ids().await, [c], "{}: all three rows are one", bench.name);
        }
        assert!(matches!(bench.store.undo(first.id, now()).await, Err(Refused::Undecidable(_))), "{}", bench.name);
        bench.store.undo(second.id, now()).await.expect("undone");
        bench.store.undo(first.id, now()).await.expect("undone");
        bench.read(id, 8, &shown).await;
        let mut all = [a, b, c];
        all.sort();
        assert_eq!(bench.transaction_ids().await, all, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_merge_changes_no_balance_of_days_long_past() {
    for bench in benches().await {
        let id = bench.active().await;
        let at = now();
        let read = |rows: &[&str]| ObservedAccount {
            current_balance: Some("90.00".into()),
            balance_as_of: "2026-10-09".parse().ok(),
            ..whole(rows)
        };
        bench.sync_account(id, 2, read(&["2026-10-01 -1.00 tea", "pending -10.00 x"]), at).await;
        let x = bench.id_of("x").await;
        let both = ["2026-10-05 -10.00 wholly else", "2026-10-01 -1.00 tea", "pending -10.00 x"];
        bench.sync_account(id, 3, read(&both), at + SignedDuration::from_hours(1)).await;
        let days = async || {
            let filter =
                BalanceFilter { entity_id: None, connection_id: None, account_id: None, date_gte: None, date_lt: None };
            let page = BalancePageRequest { after: None, limit: 500 };
            let days = bench.store.balances(bench.organization, filter, page).await.expect("balances");
            days.iter().map(|day| format!("{} {}", day.date, day.ledger_balance)).collect::<Vec<_>>()
        };
        let before = days().await;
        assert!(!before.is_empty());
        let other = bench.id_of("wholly else").await;
        let later = at + SignedDuration::from_hours(99);
        let wish = Wish::Merge { transaction: x, other };
        let decision = bench.store.decide(NewDecision { id: Uuid::now_v7(), wish, reason: None }, later).await;
        assert_eq!(days().await, before, "{}", bench.name);
        bench.store.undo(decision.expect("decided").id, later).await.expect("undone");
        assert_eq!(days().await, before, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_is_kept_apart_is_never_matched() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["2026-10-05 -10.00 bar north", "2026-10-05 -10.00 bar north side"]).await;
        let (one, two) = (bench.id_of("bar north").await, bench.id_of("bar north side").await);
        bench.decide(Wish::KeepApart { transaction: one, other: two }).await.expect("decided");
        bench.read(id, 3, &["2026-10-05 -10.00 bar north"]).await;
        bench.read(id, 4, &["2026-10-05 -10.00 bar north"]).await;
        assert_eq!(bench.ledger().await, ["2026-10-05 -10.00 bar north"], "{}", bench.name);
        // Without the decision, this could be the one that is left, renamed.
        bench.read(id, 5, &["2026-10-05 -10.00 bar north side"]).await;
        assert_eq!(bench.id_of("bar north side").await, two, "{}", bench.name);
        assert_eq!(bench.id_of("bar north").await, one, "{}", bench.name);
    }
}

#[tokio::test]
async fn decisions_that_make_no_sense_are_refused() {
    for bench in benches().await {
        let (id, second) = (bench.active().await, bench.active().await);
        bench.read(id, 2, &["2026-10-05 -10.00 bar", "2026-10-05 -10.00 bar", "2026-10-05 -90.00 rent"]).await;
        let rent = bench.id_of("rent").await;
        bench.read(second, 2, &["2026-10-05 -10.00 elsewhere"]).await;
        let (bar, elsewhere) = (bench.id_of("bar").await, bench.id_of("elsewhere").await);
        let nobody = TransactionId(Uuid::now_v7());
        for wish in [
            Wish::Merge { transaction: bar, other: bar },
            Wish::Merge { transaction: bar, other: elsewhere },
            Wish::Merge { transaction: bar, other: nobody },
            Wish::KeepApart { transaction: bar, other: bar },
            Wish::Merge { transaction: bar, other: rent },
            Wish::Split { transaction: bar, by: None, new: nobody },
        ] {
            let refused = bench.decide(wish).await;
            assert!(matches!(refused, Err(Refused::Undecidable(_))), "{}: {wish:?}: {refused:?}", bench.name);
        }
        let refused = bench.decide(Wish::Merge { transaction: nobody, other: bar }).await;
        assert!(matches!(refused, Err(Refused::NotFound)));
        assert!(matches!(bench.store.explanation(nobody).await, Err(Refused::NotFound)));
        assert_eq!(bench.ledger().await.len(), 4);
    }
}
