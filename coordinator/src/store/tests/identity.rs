//! The ledger over several readings: what stays the same transaction, what a person can
//! say of it, and what another reading of the same cells makes of it.
//!
//! Not here: the tiers one by one; the domain's own tests have them.

use domain::completeness::Grade;
use domain::event::ChangeKind;
use domain::id::{AccountId, TransactionId};
use domain::ledger::Rule;
use domain::observation::{Extent, Source, Window};

use super::*;

/// `day amount words`; `pending` for a day.
pub(super) fn row(text: &str) -> ObservedTransaction {
    let mut parts = text.splitn(3, ' ');
    let (day, amount) = (parts.next().expect("a day"), parts.next().expect("an amount"));
    let posted_date = day.parse().ok();
    ObservedTransaction {
        status: if posted_date.is_some() { TransactionStatus::Posted } else { TransactionStatus::Pending },
        posted_date,
        amount: amount.into(),
        entry_type: if amount.starts_with('-') { EntryType::Debit } else { EntryType::Credit },
        ..transaction(parts.next().expect("words"))
    }
}

/// A list that was walked to its end, and asked for from September on.
pub(super) fn whole(rows: &[&str]) -> ObservedAccount {
    let window = Window {
        source: Source::Pages,
        extent: Extent::Whole,
        from: "2026-09-01".parse().ok(),
        to: None,
        pages: 1,
        rows_announced: None,
    };
    let rows = rows.iter().map(|text| row(text)).collect();
    ObservedAccount { window: Some(window), current_balance: None, ..account(rows) }
}

impl Bench {
    pub(super) async fn read(&self, id: ConnectionId, counter: u32, rows: &[&str]) {
        self.sync_account(id, counter, whole(rows), now()).await;
    }

    /// Every transaction, oldest first, as `day amount words`.
    pub(super) async fn ledger(&self) -> Vec<String> {
        let (filter, sort) = (TransactionFilter::default(), TransactionSort::PostedDate);
        let page = TransactionPageRequest { after: None, limit: 500 };
        let list = self.store.transactions(self.organization, filter, sort, page).await.expect("transactions");
        let shown = |one: &Transaction| {
            let day = one.posted_date.as_deref().unwrap_or("pending");
            format!("{day} {} {}", one.amount, one.description)
        };
        list.iter().map(shown).collect()
    }

    pub(super) async fn id_of(&self, text: &str) -> TransactionId {
        let (filter, sort) = (TransactionFilter::default(), TransactionSort::PostedDate);
        let page = TransactionPageRequest { after: None, limit: 500 };
        let list = self.store.transactions(self.organization, filter, sort, page).await.expect("transactions");
        list.iter().find(|one| one.description == text).expect("a transaction").id
    }

    pub(super) async fn account_id(&self) -> AccountId {
        let page = PageRequest { after: None, limit: 1 };
        self.store.accounts(self.organization, AccountFilter::default(), page).await.expect("accounts")[0].id
    }

    /// What the stream told since a position, as kinds.
    pub(super) async fn told(&self, after: i64) -> Vec<ChangeKind> {
        let filter = StreamFilter { account_id: None, connection_id: None };
        let changes = self.store.changes(self.organization, filter, after, 500).await.expect("changes");
        changes.events.iter().map(|change| change.kind).collect()
    }

    pub(super) async fn stream_head(&self) -> i64 {
        self.store.head(self.organization).await.expect("a head")
    }

    pub(super) async fn decide(&self, wish: Wish) -> Result<Decision, Refused> {
        self.store.decide(NewDecision { id: Uuid::now_v7(), wish, reason: Some("seen".into()) }, now()).await
    }
}

#[tokio::test]
async fn what_was_announced_and_is_booked_is_one_transaction_that_was_modified() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["pending -10.00 cafe 12", "2026-10-02 -1.00 tea"]).await;
        let cafe = bench.id_of("cafe 12").await;
        let head = bench.stream_head().await;
        bench.read(id, 3, &["2026-10-10 -12.00 CAFE 12 BERLIN", "2026-10-02 -1.00 tea"]).await;
        assert_eq!(bench.id_of("CAFE 12 BERLIN").await, cafe, "{}", bench.name);
        assert_eq!(bench.told(head).await, [ChangeKind::Modified], "{}", bench.name);
        let explained = bench.store.explanation(cafe).await.expect("an explanation");
        assert_eq!(explained.matches.len(), 1);
        assert_eq!(explained.matches[0].found.grounds.rule, Rule::Posted);
        assert_eq!(explained.matches[0].found.changed["amount"], "-10.00");
        assert_eq!(explained.matches[0].found.changed["postedDate"], serde_json::Value::Null);
        assert_eq!(explained.origin.expect("an origin").row, 0);
        assert!(explained.latest.is_some());
    }
}

#[tokio::test]
async fn a_row_that_is_gone_twice_is_removed_and_keeps_its_id_if_it_comes_back() {
    for bench in benches().await {
        let id = bench.active().await;
        let (both, one) = (["2026-10-05 -4.50 bean", "2026-10-02 -1.00 tea"], ["2026-10-02 -1.00 tea"]);
        bench.read(id, 2, &both).await;
        let bean = bench.id_of("bean").await;
        let head = bench.stream_head().await;
        bench.read(id, 3, &one).await;
        assert_eq!(bench.ledger().await.len(), 2, "once is no proof");
        bench.read(id, 4, &both).await;
        bench.read(id, 5, &one).await;
        assert!(bench.told(head).await.is_empty(), "twice, but not in a row");
        bench.read(id, 6, &one).await;
        assert_eq!(bench.told(head).await, [ChangeKind::Removed], "{}", bench.name);
        assert_eq!(bench.ledger().await, ["2026-10-02 -1.00 tea"]);
        let removed = bench.store.explanation(bean).await.expect("an explanation").removed.expect("removed");
        assert_eq!(removed.cause, domain::ledger::RemovalCause::Absent);
        let head = bench.stream_head().await;
        bench.read(id, 7, &both).await;
        assert_eq!(bench.told(head).await, [ChangeKind::Added]);
        assert_eq!(bench.id_of("bean").await, bean, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_has_become_one_of_several_rows_goes_at_once_and_says_so_on_both_sides() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["pending -10.00 bar north", "pending -10.00 bar south"]).await;
        let north = bench.id_of("bar north").await;
        bench.read(id, 3, &["2026-10-10 -10.00 bar"]).await;
        assert_eq!(bench.ledger().await, ["2026-10-10 -10.00 bar"], "{}", bench.name);
        let bar = bench.id_of("bar").await;
        let explained = bench.store.explanation(north).await.expect("an explanation");
        let cause = explained.removed.expect("removed").cause;
        assert_eq!(cause, domain::ledger::RemovalCause::BecameAnother, "{}", bench.name);
        assert_eq!(explained.matches[0].found.grounds.rule, Rule::BecameAnother);
        assert_eq!(explained.matches[0].found.changed["rivals"], serde_json::json!([bar]));
        let explained = bench.store.explanation(bar).await.expect("an explanation");
        assert_eq!(explained.matches[0].found.grounds.rule, Rule::KeptApart, "{}", bench.name);
        assert_eq!(explained.matches[0].found.changed["rivals"].as_array().map(Vec::len), Some(2));
    }
}

#[tokio::test]
async fn nothing_is_removed_from_outside_of_what_was_read() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["2026-10-03 -4.50 bean", "2026-10-02 -1.00 tea"]).await;
        for counter in 3..6 {
            let mut part = whole(&["2026-10-03 -4.50 bean"]);
            part.window.as_mut().expect("a window").extent = Extent::Partial;
            bench.sync_account(id, counter, part, now()).await;
            bench.sync_account(id, counter + 10, account(vec![row("2026-10-03 -4.50 bean")]), now()).await;
        }
        assert_eq!(bench.ledger().await.len(), 2, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_reading_of_thousands_of_rows_is_taken_in_whole_and_changes_at_once() {
    for bench in benches().await {
        let id = bench.active().await;
        let rows = |words: &str| -> Vec<ObservedTransaction> {
            (0..2_500).map(|number| row(&format!("2026-10-05 -{}.00 {words} {number}", number + 1))).collect()
        };
        bench.sync(id, 2, rows("payment")).await;
        let ids = bench.transaction_ids().await;
        assert_eq!(ids.len(), 2_500, "{}", bench.name);
        bench.sync(id, 3, rows("PAYMENT NO")).await;
        assert_eq!(bench.transaction_ids().await, ids, "{}: all of them were renamed", bench.name);
    }
}

#[tokio::test]
async fn another_reading_of_the_same_cells_modifies_and_never_doubles() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["2026-10-05 10.00 bar", "2026-10-03 -4.50 bean"]).await;
        bench.read(id, 3, &["2026-10-06 7.00 pie", "2026-10-05 10.00 bar", "2026-10-03 -4.50 bean"]).await;
        let account = bench.account_id().await;
        let observations = bench.store.observations(account, 10).await.expect("observations");
        assert_eq!(observations.len(), 2);
        // A revision that has the sign of some rows right.
        let right = |row: &ObservedTransaction| match row.amount.strip_prefix('-') {
            None => ObservedTransaction {
                amount: format!("-{}", row.amount),
                entry_type: EntryType::Debit,
                bank_reference: Some("R1".into()),
                ..row.clone()
            },
            Some(_) => row.clone(),
        };
        let rereads: Vec<Reread> = observations
            .iter()
            .map(|one| Reread {
                observation_id: one.id,
                before: one.account.transactions.clone(),
                after: ObservedAccount {
                    transactions: one.account.transactions.iter().map(right).collect(),
                    ..one.account.clone()
                },
                revision: "fedcba987654".into(),
                source: one.source,
                today: one.today,
            })
            .collect();
        let head = bench.stream_head().await;
        let replay = |keeping| bench.store.replay(account, &rereads, keeping, now());
        let shown = replay(Keeping::Nothing).await.expect("differences");
        assert_eq!(shown.unchanged, [bench.id_of("bean").await], "{}", bench.name);
        let shown = shown.differences;
        assert_eq!(shown.len(), 2, "{}: {shown:?}", bench.name);
        assert_eq!((&shown[0].before["amount"], &shown[0].after["amount"]), (&"7.00".into(), &"-7.00".into()));
        assert!(shown[0].before["bankReference"].is_null());
        assert!(bench.told(head).await.is_empty(), "nothing counts yet");
        replay(Keeping::Everything).await.expect("kept");
        assert_eq!(bench.told(head).await, [ChangeKind::Modified, ChangeKind::Modified]);
        let ledger = ["2026-10-03 -4.50 bean", "2026-10-05 -10.00 bar", "2026-10-06 -7.00 pie"];
        assert_eq!(bench.ledger().await, ledger, "{}", bench.name);
        // And back again: a reading says what it said last.
        let now_kept = bench.store.observations(account, 10).await.expect("observations");
        assert_eq!(now_kept[0].revision.as_deref(), Some("fedcba987654"));
        let backwards: Vec<Reread> = now_kept
            .iter()
            .zip(&observations)
            .map(|(now, first)| Reread {
                observation_id: now.id,
                before: now.account.transactions.clone(),
                after: first.account.clone(),
                revision: "0123456789ab".into(),
                source: now.source,
                today: now.today,
            })
            .collect();
        let back = bench.store.replay(account, &backwards, Keeping::Nothing, now()).await.expect("differences");
        assert_eq!((back.differences.len(), back.unmatched), (2, 0), "{}", bench.name);
        let (before, after) = (&observations[0].account, right(&observations[0].account.transactions[0]));
        let mut next = before.clone();
        next.transactions = before.transactions.iter().map(right).collect();
        assert_eq!(next.transactions[0], after);
        bench.sync_account(id, 4, next, now()).await;
        assert_eq!(bench.ledger().await, ledger, "the next run reads what is known");
    }
}

#[tokio::test]
async fn readings_with_the_same_content_share_it_and_old_ones_are_forgotten() {
    for bench in benches().await {
        let id = bench.active().await;
        let at = now();
        for (counter, hour) in (2..6).zip(0..) {
            let at = at + SignedDuration::from_hours(hour);
            bench.sync_account(id, counter, whole(&["2026-10-03 -4.50 bean"]), at).await;
        }
        let account = bench.account_id().await;
        let kept = async || bench.store.observations(account, 10).await.expect("observations").len();
        assert_eq!(kept().await, 4, "{}", bench.name);
        let later = at + SignedDuration::from_hours(9);
        assert_eq!(bench.store.prune_observations(at + SignedDuration::from_mins(1), 100).await.expect("pruned"), 1);
        assert_eq!(bench.store.prune_observations(later, 100).await.expect("pruned"), 2);
        assert_eq!(kept().await, 1, "{}: the latest of an account stays", bench.name);
    }
}

#[tokio::test]
async fn an_account_says_how_complete_it_is() {
    for bench in benches().await {
        let id = bench.active().await;
        let chained = |balances: &[(&str, &str)]| {
            let rows: Vec<&str> = balances.iter().map(|(row, _)| *row).collect();
            let mut account = whole(&rows);
            for (row, (_, balance)) in account.transactions.iter_mut().zip(balances) {
                row.running_balance = Some((*balance).to_owned());
            }
            account.current_balance = balances.first().map(|(_, balance)| (*balance).to_owned());
            account.balance_as_of = "2026-10-09".parse().ok();
            account
        };
        let grade = async || {
            let page = PageRequest { after: None, limit: 1 };
            let accounts = bench.store.accounts(bench.organization, AccountFilter::default(), page).await;
            accounts.expect("accounts")[0].completeness.clone().expect("a completeness")
        };
        let first = [("2026-10-05 10.00 bar", "15.50"), ("2026-10-03 -4.50 bean", "5.50")];
        bench.sync_account(id, 2, chained(&first), now()).await;
        assert_eq!(grade().await.completeness.grade, Grade::Proven, "{}: {:?}", bench.name, grade().await);
        let mut broken = chained(&first);
        broken.transactions[0].running_balance = Some("16.00".into());
        broken.current_balance = Some("16.00".into());
        bench.sync_account(id, 3, broken, now()).await;
        let found = grade().await;
        assert_eq!(found.completeness.grade, Grade::Broken, "{}: {found:?}", bench.name);
        let between = (Some(bench.id_of("bean").await), Some(bench.id_of("bar").await));
        assert_eq!(found.broken_at, between, "{}: {found:?}", bench.name);
        assert_eq!(found.completeness.broken.expect("a break").gap.to_string(), "0.50");
        assert_eq!(bench.ledger().await.len(), 2);
    }
}

#[tokio::test]
async fn kept_readings_are_listed_page_by_page_latest_first() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &["2026-10-03 -4.50 bean"]).await;
        bench.read(id, 3, &["2026-10-05 10.00 bar", "2026-10-03 -4.50 bean"]).await;
        let account = bench.account_id().await;
        let page = |after| bench.store.readings(account, PageRequest { after, limit: 1 });
        let first = page(None).await.expect("a page");
        assert_eq!((first.len(), first[0].rows), (1, 2), "{}", bench.name);
        let second = page(Some(first[0].id)).await.expect("a page");
        assert_eq!((second.len(), second[0].rows), (1, 1), "{}", bench.name);
        assert!(page(Some(second[0].id)).await.expect("a page").is_empty());
        let nowhere = bench.store.readings(AccountId(Uuid::nil()), PageRequest { after: None, limit: 1 }).await;
        assert!(matches!(nowhere, Err(Refused::NotFound)), "{nowhere:?}");
    }
}

#[tokio::test]
async fn a_contradiction_stays_until_the_anchor_is_dropped() {
    for bench in benches().await {
        let id = bench.active().await;
        // Without balances beside the rows, the account's own is held against the anchor's.
        let balanced = |balance: &str, day: &str| ObservedAccount {
            current_balance: Some(balance.into()),
            balance_as_of: day.parse().ok(),
            ..whole(&["2026-10-03 -4.50 bean"])
        };
        let grade = async || {
            let page = PageRequest { after: None, limit: 1 };
            let accounts = bench.store.accounts(bench.organization, AccountFilter::default(), page).await;
            accounts.expect("accounts")[0].completeness.clone().expect("a completeness").completeness.grade
        };
        bench.sync_account(id, 2, balanced("10.00", "2026-10-09"), now()).await;
        bench.sync_account(id, 3, balanced("99.00", "2026-10-10"), now()).await;
        assert_eq!(grade().await, Grade::Broken, "{}", bench.name);
        bench.sync_account(id, 4, balanced("99.00", "2026-10-11"), now()).await;
        assert_eq!(grade().await, Grade::Broken, "{}", bench.name);
        bench.store.drop_anchor(bench.account_id().await, now()).await.expect("dropped");
        bench.sync_account(id, 5, balanced("99.00", "2026-10-12"), now()).await;
        assert_ne!(grade().await, Grade::Broken, "{}", bench.name);
        let nowhere = bench.store.drop_anchor(AccountId(Uuid::nil()), now()).await;
        assert!(matches!(nowhere, Err(Refused::NotFound)), "{nowhere:?}");
    }
}
