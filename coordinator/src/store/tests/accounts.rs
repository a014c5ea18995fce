//! Accounts over several readings: found again, gone for a while, left out, adopted.
//!
//! Not here: which account is which; the domain's own tests have that.

use super::*;

/// `key number name`; a number may be masked.
fn listed(text: &str) -> ObservedAccount {
    let mut parts = text.splitn(3, ' ');
    let mut next = || parts.next().expect("a part").to_owned();
    let (portal_key, number, name) = (next(), next(), next());
    let is_masked = number.starts_with('*');
    let whole = account(vec![transaction("bean"), transaction("tea"), transaction("pie")]);
    ObservedAccount {
        portal_key,
        masked_number: is_masked.then(|| number.clone()),
        account_number: (!is_masked).then_some(number),
        name,
        ..whole
    }
}

impl Bench {
    async fn read_all(&self, id: ConnectionId, counter: u32, accounts: &[ObservedAccount]) {
        let run = RunId(Uuid::now_v7());
        self.store.request_sync(self.organization, id, run, now()).await.expect("a run");
        self.grant(run, counter).await.expect("granted");
        self.store.complete(run, proof(counter), handed_in(accounts), now()).await.expect("completed");
    }

    /// Every account, oldest first, as `name status`, with its id.
    async fn all_accounts(&self) -> Vec<(domain::id::AccountId, String)> {
        let page = PageRequest { after: None, limit: 100 };
        let list = self.store.accounts(self.organization, AccountFilter::default(), page).await.expect("accounts");
        list.iter().map(|account| (account.id, format!("{} {}", account.name, account.status))).collect()
    }
}

fn names(accounts: &[(domain::id::AccountId, String)]) -> Vec<&str> {
    accounts.iter().map(|(_, name)| name.as_str()).collect()
}

#[tokio::test]
async fn an_account_keeps_its_id_when_the_portal_gives_it_another_key_or_name() {
    for bench in benches().await {
        let id = bench.active().await;
        bench.read_all(id, 2, &[listed("k1 11110001 Operating"), listed("k2 22220002 Payroll")]).await;
        let before = bench.all_accounts().await;
        // The keys are swapped, and one account has another name.
        bench.read_all(id, 3, &[listed("k2 11110001 Operating"), listed("k1 22220002 Wages")]).await;
        let after = bench.all_accounts().await;
        assert_eq!(names(&after), ["Operating open", "Wages open"], "{}", bench.name);
        let ids = |list: &[(domain::id::AccountId, String)]| list.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after));
        assert_eq!(bench.transaction_ids().await.len(), 6, "and nothing is twice");
    }
}

#[tokio::test]
async fn an_account_that_is_not_listed_is_closed_the_second_time_and_opens_when_it_is_back() {
    for bench in benches().await {
        let id = bench.active().await;
        let (one, two) = (listed("k1 11110001 Operating"), listed("k2 22220002 Payroll"));
        bench.read_all(id, 2, &[one.clone(), two.clone()]).await;
        bench.read_all(id, 3, std::slice::from_ref(&one)).await;
        assert_eq!(names(&bench.all_accounts().await), ["Operating open", "Payroll open"], "{}", bench.name);
        bench.read_all(id, 4, std::slice::from_ref(&one)).await;
        assert_eq!(names(&bench.all_accounts().await), ["Operating open", "Payroll closed"], "{}", bench.name);
        assert_eq!(bench.transaction_ids().await.len(), 6, "its transactions stay");
        // Its key has gone to a new account meanwhile.
        bench.read_all(id, 5, &[one.clone(), listed("k2 33330003 Taxes"), listed("k9 22220002 Payroll")]).await;
        let accounts = bench.all_accounts().await;
        assert_eq!(names(&accounts), ["Operating open", "Payroll open", "Taxes open"], "{}", bench.name);
    }
}

#[tokio::test]
async fn an_account_that_could_not_be_read_stays_as_it_was_and_the_connection_says_so() {
    for bench in benches().await {
        let id = bench.active().await;
        let (one, two) = (listed("k1 11110001 Operating"), listed("k2 22220002 Payroll"));
        bench.read_all(id, 2, &[one.clone(), two.clone()]).await;
        let failure = Failure::new(FailureCode::ScriptParse, Stage::Transactions);
        let left_out =
            ObservedAccount { failure: Some(failure), transactions: Vec::new(), current_balance: None, ..two.clone() };
        bench.read_all(id, 3, &[one.clone(), left_out]).await;
        let connection = bench.store.connection(bench.organization, id).await.expect("a connection");
        assert_eq!(connection.state, ConnectionState::Active, "{}", bench.name);
        assert_eq!(connection.last_failure.map(|failure| failure.code), Some(FailureCode::ScriptParse));
        let page = PageRequest { after: None, limit: 100 };
        let accounts = bench.store.accounts(bench.organization, AccountFilter::default(), page).await;
        assert!(accounts.expect("accounts").iter().all(|account| account.current_balance.is_some()));
        assert_eq!(bench.transaction_ids().await.len(), 6);
        bench.read_all(id, 4, &[one, two]).await;
        let connection = bench.store.connection(bench.organization, id).await.expect("a connection");
        assert!(connection.last_failure.is_none(), "{}: a run that leaves nothing out clears it", bench.name);
    }
}

#[tokio::test]
async fn a_connection_that_is_made_anew_adopts_the_accounts_of_the_one_before() {
    for bench in benches().await {
        let page = PageRequest { after: None, limit: 1 };
        let entity = bench.store.entities(bench.organization, None, page).await.expect("entities")[0].id;
        let make = async |anchor: &str| {
            let new = NewConnection { anchor: anchor.into(), ..bench.new_connection(entity) };
            let (id, run) = (new.id, RunId(Uuid::now_v7()));
            bench.store.create_or_return_connection(new, now()).await.expect("a connection");
            bench.give_credentials(id).await;
            bench.store.complete_setup(bench.organization, id, run, now()).await.expect("a run");
            bench.grant(run, 1).await.expect("granted");
            (id, run)
        };
        let hand_in = async |run: RunId, accounts: &[ObservedAccount]| {
            bench.store.complete(run, proof(1), handed_in(accounts), now()).await.expect("completed");
        };
        let (first, run) = make("institution:quay").await;
        hand_in(run, &[listed("k1 11110001 Operating"), listed("k2 *2222 Payroll")]).await;
        let (accounts, transactions) = (bench.all_accounts().await, bench.transaction_ids().await);
        bench.store.revoke_connection(bench.organization, first, now()).await.expect("revoked");
        let (second, run) = make("institution:quay").await;
        // The second can't be read the first time, and waits for the next reading.
        let failure = Some(Failure::new(FailureCode::ScriptParse, Stage::Transactions));
        let unread = ObservedAccount { failure, transactions: Vec::new(), ..listed("u8 *2222 Payroll") };
        hand_in(run, &[listed("u7 11110001 Operating"), unread]).await;
        assert_eq!(bench.all_accounts().await, accounts, "{}: nothing is twice", bench.name);
        let read = [listed("u7 11110001 Operating"), listed("u8 *2222 Payroll"), listed("u9 *9999 Taxes")];
        bench.read_all(second, 2, &read).await;
        let after = bench.all_accounts().await;
        assert_eq!(after[..2], accounts, "{}", bench.name);
        assert_eq!(names(&after), ["Operating open", "Payroll open", "Taxes open"]);
        let ids = bench.transaction_ids().await;
        assert!(transactions.iter().all(|id| ids.contains(id)) && ids.len() == 9, "{}", bench.name);
        let filter = AccountFilter { connection_id: Some(second), ..AccountFilter::default() };
        let page = PageRequest { after: None, limit: 100 };
        let of_second = bench.store.accounts(bench.organization, filter, page).await.expect("accounts");
        assert_eq!(of_second.len(), 3, "all are the new connection's now");
        // Another business's connection adopts nothing.
        let (_, run) = make("institution:elsewhere").await;
        hand_in(run, &[listed("k1 11110001 Operating")]).await;
        assert_eq!(bench.all_accounts().await.len(), 4);
    }
}
