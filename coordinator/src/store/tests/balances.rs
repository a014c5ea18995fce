//! The balance of each day, as runs that read the account make and change it.
//!
//! Not here: the arithmetic, which has tests of its own in the domain.

use std::collections::BTreeMap;

use super::*;

fn posted(date: &str, amount: &str) -> ObservedTransaction {
    let posted_date = Some(date.parse().expect("a date"));
    ObservedTransaction { posted_date, amount: amount.into(), ..transaction(&format!("{date} {amount}")) }
}

fn showing(balance: &str, as_of: &str, transactions: Vec<ObservedTransaction>) -> ObservedAccount {
    let balance_as_of = Some(as_of.parse().expect("a date"));
    ObservedAccount { current_balance: Some(balance.into()), balance_as_of, ..account(transactions) }
}

const ALL: BalanceFilter =
    BalanceFilter { entity_id: None, connection_id: None, account_id: None, date_gte: None, date_lt: None };

impl Bench {
    async fn balances(&self, filter: BalanceFilter) -> Vec<Balance> {
        let page = BalancePageRequest { after: None, limit: 500 };
        self.store.balances(self.organization, filter, page).await.expect("balances")
    }

    /// All balances, latest day first, as `date balance delta source`.
    pub(super) async fn days(&self) -> Vec<String> {
        let shown = |day: &Balance| {
            let Balance { date, ledger_balance, posted_transaction_delta: delta, source, .. } = day;
            format!("{date} {ledger_balance} {delta} {source}")
        };
        self.balances(ALL).await.iter().map(shown).collect()
    }
}

#[tokio::test]
async fn each_day_has_the_banks_balance_or_one_derived_from_it() {
    for bench in benches().await {
        let id = bench.active().await;
        let pending =
            ObservedTransaction { status: TransactionStatus::Pending, posted_date: None, ..transaction("tea") };
        let foreign = ObservedTransaction { currency: "EUR".into(), ..posted("2026-10-02", "77.00") };
        let rows = vec![pending, posted("2026-10-03", "-4.50"), foreign, posted("2026-10-01", "10.00")];
        bench.sync_account(id, 2, showing("100.00", "2026-10-04", rows), now()).await;
        let expected = [
            "2026-10-04 100.00 0.00 bankProvided",
            "2026-10-03 100.00 -4.50 derived",
            "2026-10-02 104.50 0.00 derived",
            "2026-10-01 104.50 10.00 derived",
        ];
        assert_eq!(bench.days().await, expected, "{}", bench.name);
    }
}

#[tokio::test]
async fn without_a_balance_and_its_day_there_are_no_rows() {
    for bench in benches().await {
        let id = bench.active().await;
        let rows = || vec![posted("2026-10-03", "-4.50")];
        bench.sync_account(id, 2, ObservedAccount { current_balance: None, ..account(rows()) }, now()).await;
        bench.sync_account(id, 3, ObservedAccount { balance_as_of: None, ..account(rows()) }, now()).await;
        assert!(bench.days().await.is_empty(), "{}", bench.name);
        bench.sync_account(id, 4, showing("7.00", "2026-10-03", rows()), now()).await;
        assert_eq!(bench.days().await, ["2026-10-03 7.00 -4.50 bankProvided"]);
        let other = ObservedAccount { currency: "EUR".into(), ..account(Vec::new()) };
        bench.sync_account(id, 5, other, now()).await;
        let days = bench.days().await;
        assert_eq!(days, ["2026-10-03 7.00 -4.50 bankProvided"], "an account in euros is another, and has no days");
    }
}

#[tokio::test]
async fn a_row_is_written_again_only_when_it_differs() {
    for bench in benches().await {
        let id = bench.active().await;
        let first = now();
        let (second, third) = (first + SignedDuration::from_hours(1), first + SignedDuration::from_hours(2));
        let mut rows = vec![posted("2026-10-02", "-1.00"), posted("2026-10-01", "5.00")];
        bench.sync_account(id, 2, showing("10.00", "2026-10-02", rows.clone()), first).await;
        let before = bench.balances(ALL).await;
        bench.sync_account(id, 3, showing("10.00", "2026-10-02", rows.clone()), second).await;
        assert_eq!(bench.balances(ALL).await, before, "{}: nothing changed", bench.name);
        // Booked after the bank showed the balance of its day: the day ended otherwise.
        rows.insert(0, posted("2026-10-02", "-2.00"));
        bench.sync_account(id, 4, showing("20.00", "2026-10-03", rows), third).await;
        let expected =
            ["2026-10-03 20.00 0.00 bankProvided", "2026-10-02 8.00 -3.00 derived", "2026-10-01 11.00 5.00 derived"];
        assert_eq!(bench.days().await, expected, "{}", bench.name);
        let written: BTreeMap<_, _> = bench.balances(ALL).await.iter().map(|day| (day.date, day.updated_at)).collect();
        let written: Vec<_> = written.values().map(|at| at.as_millisecond()).collect();
        assert_eq!(written, [first, third, third].map(Timestamp::as_millisecond), "the first day is as it was");
    }
}

#[tokio::test]
async fn balances_come_in_pages_of_days_and_accounts() {
    for bench in benches().await {
        let other = bench.neighbour().await;
        let connections = bench.many_active(3).await;
        let rows = || vec![posted("2026-10-01", "1.00"), posted("2026-10-04", "1.00")];
        for id in &connections {
            bench.sync_account(*id, 2, showing("5.00", "2026-10-03", rows()), now()).await;
        }
        let all = bench.balances(ALL).await;
        let order: Vec<_> = all.iter().map(|day| (std::cmp::Reverse(day.date), day.account_id)).collect();
        assert!(order.is_sorted() && order.len() == 12, "{}: {order:?}", bench.name);
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = BalancePageRequest { after, limit: 5 };
            let page = bench.store.balances(bench.organization, ALL, page).await.expect("balances");
            let Some(last) = page.last() else { break };
            after = Some((last.date, last.account_id));
            read.extend(page);
        }
        assert_eq!(read, all, "{}", bench.name);

        let date = |day: &str| Some(day.parse().expect("a date"));
        let count = async |filter| bench.balances(filter).await.len();
        assert_eq!(count(BalanceFilter { connection_id: Some(connections[0]), ..ALL }).await, 4);
        assert_eq!(count(BalanceFilter { account_id: Some(all[0].account_id), ..ALL }).await, 4);
        assert_eq!(count(BalanceFilter { entity_id: Some(all[0].entity_id), ..ALL }).await, 12);
        assert_eq!(count(BalanceFilter { entity_id: Some(EntityId(Uuid::nil())), ..ALL }).await, 0);
        let within = BalanceFilter { date_gte: date("2026-10-02"), date_lt: date("2026-10-04"), ..ALL };
        assert_eq!(count(within).await, 6);
        let mine = BalanceFilter { account_id: Some(all[0].account_id), ..ALL };
        assert!(other.balances(mine).await.is_empty(), "another organization's aren't there");
    }
}

#[tokio::test]
async fn a_day_that_was_misread_stretches_no_account_over_centuries() {
    for bench in benches().await {
        let id = bench.active().await;
        for (counter, day) in [(2, "0026-10-04"), (3, "9026-10-04")] {
            bench.sync_account(id, counter, showing("100.00", day, Vec::new()), now()).await;
            assert!(bench.balances(ALL).await.is_empty(), "{}: {day}", bench.name);
        }
    }
}
