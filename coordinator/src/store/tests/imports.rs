//! Statement files that persons handed in, and that are taken back as if they had never been.
//!
//! Not here: how files are read, or what proves whose they are.

use domain::account_match::AccountProof;
use domain::event::ChangeKind;
use domain::id::TransactionId;
use domain::ledger::RemovalCause;
use domain::observation::{Extent, ShownBalance, Source, Window};

use super::identity::{row, whole};
use super::*;

/// A file of October's first days.
fn file(rows: &[&str]) -> ObservedAccount {
    let window = Window {
        source: Source::File,
        extent: Extent::Whole,
        from: "2026-10-01".parse().ok(),
        to: "2026-10-06".parse().ok(),
        pages: 1,
        rows_announced: None,
    };
    let rows = rows.iter().map(|text| row(text)).collect();
    ObservedAccount { window: Some(window), current_balance: None, ..account(rows) }
}

/// The same with a reference for each row.
fn referring(rows: &[&str]) -> ObservedAccount {
    let mut file = file(rows);
    for (number, row) in file.transactions.iter_mut().enumerate() {
        row.bank_reference = Some(format!("F{number}"));
    }
    file
}

fn ending_with(balance: &str, file: ObservedAccount) -> ObservedAccount {
    let date = "2026-10-06".parse().expect("a day");
    ObservedAccount { balances: vec![ShownBalance { date, ledger_balance: balance.into() }], ..file }
}

impl Bench {
    async fn take_in(&self, read: &ObservedAccount, proof: AccountProof) -> Uuid {
        let new = NewImport { read, today: jiff::civil::date(2026, 10, 9), format: "camt.053", proof };
        let imported = self.store.import(self.account_id().await, new, Keeping::Everything, now()).await;
        imported.expect("imported").id.expect("an id")
    }

    async fn import(&self, read: &ObservedAccount) -> Uuid {
        self.take_in(read, AccountProof::Number).await
    }

    /// Takes an import back; what was modified and removed.
    async fn take_back(&self, import: Uuid) -> (usize, usize) {
        let taken_back = self.store.take_back(import, Keeping::Everything, now()).await;
        let taken_back = taken_back.unwrap_or_else(|error| unreachable!("{}: {error:?}", self.name));
        (taken_back.modified, taken_back.removed)
    }

    async fn references(&self) -> Vec<Option<String>> {
        let (filter, sort) = (TransactionFilter::default(), TransactionSort::PostedDate);
        let page = TransactionPageRequest { after: None, limit: 500 };
        let list = self.store.transactions(self.organization, filter, sort, page).await.expect("transactions");
        list.into_iter().map(|one| one.bank_reference).collect()
    }
}

const TEA: &str = "2026-10-02 -1.00 tea";
const BEAN: &str = "2026-10-03 -4.50 bean";
const RENT: &str = "2026-10-01 -90.00 rent";

#[tokio::test]
async fn what_a_file_alone_put_in_goes_and_the_file_can_be_taken_in_again() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[TEA]).await;
        let tea = bench.id_of("tea").await;
        let import = bench.import(&file(&[BEAN, TEA, RENT])).await;
        assert_eq!(bench.ledger().await, [RENT, TEA, BEAN], "{}", bench.name);
        let bean = bench.id_of("bean").await;
        let head = bench.stream_head().await;

        let tried = bench.store.take_back(import, Keeping::Nothing, now()).await.expect("tried");
        assert_eq!((tried.modified, tried.removed), (0, 2), "{}", bench.name);
        assert!(bench.told(head).await.is_empty(), "nothing is changed by trying");
        assert_eq!(bench.ledger().await.len(), 3);

        assert_eq!(bench.take_back(import).await, (0, 2));
        assert_eq!(bench.told(head).await, [ChangeKind::Removed, ChangeKind::Removed], "{}", bench.name);
        assert_eq!((bench.ledger().await, bench.id_of("tea").await), (vec![TEA.to_owned()], tea));
        let explained = bench.store.explanation(bean).await.expect("an explanation");
        assert_eq!(explained.removed.expect("removed").cause, RemovalCause::TakenBack);
        let again = bench.store.take_back(import, Keeping::Everything, now()).await;
        assert!(matches!(again, Err(Refused::TakenBackBefore)), "{}: {again:?}", bench.name);

        bench.read(id, 3, &[TEA]).await;
        assert_eq!(bench.ledger().await, [TEA], "{}", bench.name);
        bench.import(&file(&[BEAN, TEA, RENT])).await;
        assert_eq!(bench.ledger().await, [RENT, TEA, BEAN], "{}", bench.name);
        assert_ne!(bench.id_of("bean").await, bean, "it comes in as if it had never been");
        let page = PageRequest { after: None, limit: 10 };
        let imports = bench.store.imports(bench.account_id().await, page).await.expect("imports");
        let told = |one: &Import| (one.completed.read, one.completed.added, one.taken_back_at.is_some());
        assert_eq!(imports.iter().map(told).collect::<Vec<_>>(), [(3, 2, false), (3, 2, true)], "{}", bench.name);
        assert_eq!((imports[1].id, imports[1].format.as_str()), (import, "camt.053"));
        let nobodys = bench.store.take_back(Uuid::now_v7(), Keeping::Everything, now()).await;
        assert!(matches!(nobodys, Err(Refused::NotFound)));
    }
}

#[tokio::test]
async fn what_others_have_read_since_stays_and_becomes_what_they_say() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[TEA]).await;
        let import = bench.import(&referring(&["2026-10-03 -4.50 SEPA BEAN INC", RENT])).await;
        let bean = bench.id_of("SEPA BEAN INC").await;
        bench.read(id, 3, &["2026-10-03 -4.50 bean inc", TEA]).await;
        assert_eq!(bench.id_of("SEPA BEAN INC").await, bean, "{}: the words of the file stay", bench.name);
        let head = bench.stream_head().await;
        assert_eq!(bench.take_back(import).await, (1, 1), "{}", bench.name);
        assert_eq!(bench.told(head).await, [ChangeKind::Modified, ChangeKind::Removed]);
        assert_eq!(bench.ledger().await, [TEA, "2026-10-03 -4.50 bean inc"], "{}", bench.name);
        assert_eq!((bench.id_of("bean inc").await, bench.references().await), (bean, vec![None, None]));
        let explained = bench.store.explanation(bean).await.expect("an explanation");
        assert_eq!((explained.source, explained.matches.len()), (Source::Pages, 0), "{}", bench.name);
        let head = bench.stream_head().await;
        bench.read(id, 4, &["2026-10-03 -4.50 bean inc", TEA]).await;
        assert!(bench.told(head).await.is_empty(), "{}: the page says what is known", bench.name);
    }
}

#[tokio::test]
async fn what_a_file_filled_in_goes_unless_another_file_says_it_too() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[BEAN, TEA]).await;
        let filled = [Some("F1".to_owned()), Some("F0".to_owned())];
        let first = bench.import(&referring(&[BEAN, TEA])).await;
        let second = bench.import(&referring(&[BEAN, TEA])).await;
        assert_eq!(bench.references().await, filled, "{}", bench.name);
        let head = bench.stream_head().await;
        assert_eq!(bench.take_back(first).await, (0, 0), "{}: the second says the same", bench.name);
        assert_eq!(bench.references().await, filled);
        bench.read(id, 3, &[BEAN, TEA]).await;
        assert!(bench.told(head).await.is_empty());
        assert_eq!(bench.take_back(second).await, (2, 0), "{}", bench.name);
        assert_eq!(bench.references().await, [None, None], "{}", bench.name);
        assert_eq!(bench.told(head).await, [ChangeKind::Modified, ChangeKind::Modified]);
    }
}

#[tokio::test]
async fn files_are_taken_back_in_any_order() {
    for bench in benches().await {
        bench.read(bench.active().await, 2, &[TEA]).await;
        for latest_first in [true, false] {
            let first = bench.import(&referring(&[BEAN, TEA])).await;
            let second = bench.import(&referring(&[BEAN, TEA, RENT])).await;
            let order = if latest_first { [second, first] } else { [first, second] };
            bench.take_back(order[0]).await;
            let left: &[&str] = if latest_first { &[TEA, BEAN] } else { &[RENT, TEA, BEAN] };
            assert_eq!(bench.ledger().await, left, "{}", bench.name);
            bench.take_back(order[1]).await;
            assert_eq!((bench.ledger().await, bench.references().await), (vec![TEA.to_owned()], vec![None]));
        }
    }
}

#[tokio::test]
async fn what_a_file_booked_is_announced_again_unless_the_bank_shows_it_booked() {
    for bench in benches().await {
        let id = bench.active().await;
        let (announced, booked) = (["pending -10.00 cafe 12", TEA], ["2026-10-10 -12.00 cafe 12", TEA]);
        bench.read(id, 2, &announced).await;
        let cafe = bench.id_of("cafe 12").await;
        let import = bench.import(&file(&booked)).await;
        assert_eq!(bench.ledger().await, [TEA, "2026-10-10 -12.00 cafe 12"], "{}", bench.name);
        assert_eq!(bench.take_back(import).await, (1, 0));
        assert_eq!(bench.ledger().await, [TEA, "pending -10.00 cafe 12"], "{}", bench.name);
        let import = bench.import(&referring(&booked)).await;
        bench.read(id, 3, &booked).await;
        assert_eq!(bench.take_back(import).await, (2, 0), "{}: two references", bench.name);
        assert_eq!(bench.ledger().await, [TEA, "2026-10-10 -12.00 cafe 12"], "{}", bench.name);
        assert_eq!((bench.id_of("cafe 12").await, bench.references().await), (cafe, vec![None, None]));
    }
}

#[tokio::test]
async fn what_a_file_brought_back_goes_again_and_may_come_back_as_before() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[BEAN, TEA]).await;
        let bean = bench.id_of("bean").await;
        bench.read(id, 3, &[TEA]).await;
        bench.read(id, 4, &[TEA]).await;
        let import = bench.import(&file(&[BEAN, TEA])).await;
        assert_eq!(bench.id_of("bean").await, bean, "{}: the file brings it back", bench.name);
        assert_eq!(bench.take_back(import).await, (0, 1), "{}", bench.name);
        assert_eq!(bench.ledger().await, [TEA]);
        let removed = bench.store.explanation(bean).await.expect("an explanation").removed.expect("removed");
        assert_eq!(removed.cause, RemovalCause::Absent, "{}", bench.name);
        bench.read(id, 5, &[BEAN, TEA]).await;
        assert_eq!(bench.id_of("bean").await, bean, "{}", bench.name);
    }
}

#[tokio::test]
async fn what_was_removed_since_does_not_come_back_for_a_file_that_was_taken_back() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[TEA]).await;
        let import = bench.import(&file(&[BEAN])).await;
        let bean = bench.id_of("bean").await;
        bench.read(id, 3, &[TEA]).await;
        bench.read(id, 4, &[TEA]).await;
        assert_eq!(bench.ledger().await, [TEA], "{}: the page proves it gone", bench.name);
        let head = bench.stream_head().await;
        assert_eq!(bench.take_back(import).await, (0, 0), "{}", bench.name);
        assert!(bench.told(head).await.is_empty(), "{}", bench.name);
        bench.read(id, 5, &[BEAN, TEA]).await;
        assert_ne!(bench.id_of("bean").await, bean, "{}", bench.name);
    }
}

#[tokio::test]
async fn balances_of_a_file_go_where_nobody_else_states_them() {
    for bench in benches().await {
        bench.read(bench.active().await, 2, &[BEAN, TEA]).await;
        assert!(bench.days().await.is_empty(), "{}", bench.name);
        let first = bench.import(&ending_with("50.00", file(&[BEAN, TEA]))).await;
        let days = bench.days().await;
        assert!(days.iter().any(|day| day.starts_with("2026-10-06 50.00")), "{}: {days:?}", bench.name);
        let second = bench.import(&ending_with("50.00", file(&[BEAN, TEA]))).await;
        bench.take_back(first).await;
        assert_eq!(bench.days().await, days, "{}: the second states it, too", bench.name);
        bench.take_back(second).await;
        assert!(bench.days().await.is_empty(), "{}", bench.name);
    }
}

#[tokio::test]
async fn a_decision_on_what_a_file_brought_has_to_be_undone_first() {
    for bench in benches().await {
        bench.read(bench.active().await, 2, &[TEA, "2026-10-04 -4.50 wholly else"]).await;
        let import = bench.import(&file(&[BEAN])).await;
        let (bean, other) = (bench.id_of("bean").await, bench.id_of("wholly else").await);
        let ids = |one: TransactionId, two| Wish::Merge { transaction: one, other: two };
        for wish in [ids(bean, other), ids(other, bean), Wish::KeepApart { transaction: other, other: bean }] {
            let before = bench.ledger().await;
            let decision = bench.decide(wish).await.expect("decided").id;
            let refused = bench.store.take_back(import, Keeping::Everything, now()).await;
            assert!(matches!(refused, Err(Refused::DecidedSince(id)) if id == decision), "{}: {refused:?}", bench.name);
            bench.store.undo(decision, now()).await.expect("undone");
            assert_eq!(bench.ledger().await, before, "{}", bench.name);
        }
        assert_eq!(bench.take_back(import).await, (0, 1), "{}", bench.name);
        assert_eq!(bench.ledger().await, [TEA, "2026-10-04 -4.50 wholly else"], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_split_of_what_a_file_was_taken_for_has_to_be_undone_first() {
    for bench in benches().await {
        bench.read(bench.active().await, 2, &["pending -10.00 cafe 12", TEA]).await;
        let cafe = bench.id_of("cafe 12").await;
        let import = bench.import(&file(&["2026-10-10 -12.00 cafe 12"])).await;
        let split = Wish::Split { transaction: cafe, by: None, new: TransactionId(Uuid::now_v7()) };
        let decision = bench.decide(split).await.expect("decided").id;
        let refused = bench.store.take_back(import, Keeping::Everything, now()).await;
        assert!(matches!(refused, Err(Refused::DecidedSince(_))), "{}: {refused:?}", bench.name);
        bench.store.undo(decision, now()).await.expect("undone");
        assert_eq!(bench.take_back(import).await, (1, 0), "{}", bench.name);
        assert_eq!(bench.ledger().await, [TEA, "pending -10.00 cafe 12"], "{}", bench.name);
    }
}

#[tokio::test]
async fn a_number_that_an_operator_vouched_for_is_remembered_and_goes_with_its_file() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[TEA]).await;
        let account = bench.account_id().await;
        let named = |number: &str| ObservedAccount { account_number: Some(number.into()), ..file(&[TEA]) };
        let known = async || {
            let marks = bench.store.account_marks(account).await.expect("marks");
            marks.marks().account_number.map(str::to_owned)
        };
        bench.take_in(&named("1000004712"), AccountProof::Number).await;
        assert_eq!(known().await, None, "{}: what the number proves is known already", bench.name);
        let import = bench.take_in(&named("1000004711"), AccountProof::Operator).await;
        assert_eq!(known().await.as_deref(), Some("1000004711"), "{}", bench.name);
        bench.sync(id, 3, vec![row(TEA)]).await;
        assert_eq!(known().await.as_deref(), Some("1000004711"), "{}: a portal without numbers leaves it", bench.name);
        let own = ObservedAccount { account_number: Some("2000004711".into()), ..whole(&[TEA]) };
        bench.sync_account(id, 4, own, now()).await;
        assert_eq!(known().await.as_deref(), Some("2000004711"), "{}: the portal's outranks it", bench.name);
        bench.sync(id, 5, vec![row(TEA)]).await;
        bench.take_back(import).await;
        assert_eq!(known().await, None, "{}", bench.name);
    }
}

#[tokio::test]
async fn a_file_whose_reading_is_forgotten_cannot_be_taken_back() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read(id, 2, &[TEA]).await;
        let import = bench.import(&referring(&[BEAN, TEA])).await;
        bench.read(id, 3, &[TEA]).await;
        let later = now() + SignedDuration::from_hours(1);
        bench.store.prune_observations(later, 100).await.expect("pruned");
        let refused = bench.store.take_back(import, Keeping::Everything, now()).await;
        assert!(matches!(refused, Err(Refused::ReadingGone)), "{}: {refused:?}", bench.name);
        assert_eq!(bench.ledger().await, [TEA, BEAN], "{}", bench.name);
    }
}

#[tokio::test]
async fn what_a_file_measured_of_references_is_taken_back() {
    for bench in benches().await {
        bench.read(bench.active().await, 2, &[TEA]).await;
        bench.import(&referring(&[BEAN, TEA])).await;
        let measured = async || {
            let records = bench.store.reference_records().await.expect("records");
            let of_files = records.into_iter().find(|one| one.source == Source::File);
            of_files.map(|one| (one.record.kept, one.record.broken, one.demoted_at.is_some()))
        };
        let before = measured().await.unwrap_or_default();
        let mut other = referring(&[BEAN, TEA, RENT]);
        other.transactions[0].bank_reference = Some("X".into());
        let import = bench.import(&other).await;
        assert!(measured().await.is_some_and(|(_, broken, demoted)| broken > 0 && demoted), "{}", bench.name);
        bench.take_back(import).await;
        assert_eq!(measured().await.unwrap_or_default(), before, "{}", bench.name);
    }
}
