//! What an application reads: an account set, of a bounded number of transactions.
//!
//! A bank's day is given as noon of that day in UTC, which is the same calendar day from
//! UTC−12 to UTC+11. An account without a balance is left out and named among the
//! errors: zero is never a stand-in.
//!
//! Not here: who may read.

use domain::connection::ConnectionStatus;
use domain::id::AccountId;
use domain::setup::OpenChallenge;
use domain::transaction::TransactionStatus;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::fleet::{Error, SIMPLEFIN_ROOT};
use crate::http::App;
use crate::store::{
    Account, AccountFilter, Connection, ConnectionFilter, PageRequest, SimpleFinToken, StoreError, Transaction,
    TransactionFilter, TransactionPageRequest, TransactionPosition, TransactionSort,
};

/// How many transactions an answer holds at most.
const MOST_TRANSACTIONS: usize = 20_000;

/// How many an account holds at most in an answer, so that no account crowds out others.
const MOST_OF_ACCOUNT: usize = 5_000;

/// How many things are read from the store at once.
const PAGE: u32 = 500;

const DAY: i64 = 24 * 3_600;

/// What is asked for.
#[derive(Default)]
pub(super) struct Wanted {
    /// The first day.
    from: Option<Date>,
    /// The day after the last.
    before: Option<Date>,
    accounts: Vec<String>,
    has_pending: bool,
    has_transactions: bool,
}

impl Wanted {
    /// Reads a query; what isn't known is left to later versions of the protocol.
    pub(super) fn read(query: &str) -> Result<Self, String> {
        let mut wanted = Self { has_transactions: true, ..Self::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let day = || first_day_from(&value).ok_or_else(|| format!("`{name}` isn't a moment in Unix seconds"));
            match name.as_ref() {
                "start-date" => wanted.from = Some(day()?),
                "end-date" => wanted.before = Some(day()?),
                "account" => wanted.accounts.push(value.into_owned()),
                "pending" => wanted.has_pending = value == "1",
                "balances-only" => wanted.has_transactions = value != "1",
                _ => {}
            }
        }
        Ok(wanted)
    }
}

/// The first day of which noon is at this moment or later.
fn first_day_from(seconds: &str) -> Option<Date> {
    let seconds = seconds.parse::<i64>().ok()?;
    let days = seconds.checked_sub(DAY / 2)?.checked_add(DAY - 1)?.div_euclid(DAY);
    let moment = Timestamp::from_second(days.checked_mul(DAY)?).ok()?;
    Some(moment.to_zoned(TimeZone::UTC).date())
}

/// A bank's day in Unix seconds.
fn noon(date: &str) -> Option<i64> {
    let date: Date = date.parse().ok()?;
    Some(date.at(12, 0, 0, 0).to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Accounts with their transactions, and what is wrong.
#[derive(Default, Serialize)]
pub(super) struct AccountSet {
    /// Of version 2.
    errlist: Vec<Value>,
    /// The same in words alone, of version 1.
    errors: Vec<String>,
    connections: Vec<Value>,
    accounts: Vec<Value>,
}

impl AccountSet {
    /// Nothing but a fault in how it was asked.
    pub(super) fn refused(said: &str) -> Self {
        let mut set = Self::default();
        set.add_error("gen.api", said.to_owned(), json!({}));
        set
    }

    /// Reads what the token opens.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub(super) async fn read(app: &App, token: &SimpleFinToken, wanted: &Wanted) -> Result<Self, Error> {
        let (mut set, mut after) = (Self::default(), None);
        let mut room = MOST_TRANSACTIONS;
        loop {
            let filter = ConnectionFilter { entity_id: token.entity_id, ..ConnectionFilter::default() };
            let page = PageRequest { after, limit: PAGE };
            let connections = app.fleet.store.connections(token.tenant_id, filter, page).await?;
            let Some(last) = connections.last() else { break };
            after = Some(last.id.0);
            for connection in connections.iter().filter(|connection| connection.activated_at.is_some()) {
                set.add_connection(app, token, wanted, connection, &mut room).await?;
            }
        }
        Ok(set)
    }

    async fn add_connection(
        &mut self,
        app: &App,
        token: &SimpleFinToken,
        wanted: &Wanted,
        connection: &Connection,
        room: &mut usize,
    ) -> Result<(), Error> {
        let bank = Bank::of(app, connection);
        let is_asked = connection.challenge != OpenChallenge::None;
        let told = match connection.state.status() {
            ConnectionStatus::ReauthRequired => {
                Some(("con.auth", "wants somebody to sign in again, or to settle something"))
            }
            ConnectionStatus::Errored => Some(("con.", "can't be read at the moment; it is being looked at")),
            ConnectionStatus::Paused => Some(("con.", "is switched off; what was read before is still here")),
            ConnectionStatus::Revoked => Some(("con.", "gives no more access; what was read before is still here")),
            _ if is_asked => Some(("con.auth", "waits for somebody to deal with what the bank asks")),
            _ if connection.last_failure.is_some() => Some(("con.", "couldn't be read the last time")),
            _ => None,
        };
        if let Some((code, said)) = told {
            self.errlist.push(json!({
                "code": code, "conn_id": connection.id, "msg": format!("{} {said}.", bank.name),
            }));
            // Applications of version 1 look for these very words.
            self.errors.push(format!("Connection to {} may need attention", bank.name));
        }
        self.connections.push(json!({
            "conn_id": connection.id, "name": bank.name, "org_id": bank.id, "org_url": bank.url, "sfin_url": bank.bridge,
        }));
        let mut after = None;
        loop {
            let filter = AccountFilter { connection_id: Some(connection.id), ..AccountFilter::default() };
            let accounts =
                app.fleet.store.accounts(token.tenant_id, filter, PageRequest { after, limit: PAGE }).await?;
            let Some(last) = accounts.last() else { return Ok(()) };
            after = Some(last.id.0);
            for account in accounts {
                if wanted.accounts.is_empty() || wanted.accounts.contains(&account.id.to_string()) {
                    self.add_account(app, token, wanted, (connection, &bank), account, room).await?;
                }
            }
        }
    }

    async fn add_account(
        &mut self,
        app: &App,
        token: &SimpleFinToken,
        wanted: &Wanted,
        (connection, bank): (&Connection, &Bank),
        account: Account,
        room: &mut usize,
    ) -> Result<(), Error> {
        let shown_at = account.balance_as_of.as_deref().and_then(noon);
        let shown_at = shown_at.or(connection.last_synced_at.map(Timestamp::as_second));
        let (Some(balance), Some(shown_at)) = (account.current_balance, shown_at) else {
            let said = format!("{} shows no balance of {}.", bank.name, account.name);
            self.add_error("act.failed", said, json!({ "account_id": account.id }));
            return Ok(());
        };
        let mut shown = json!({
            "org": { "domain": bank.domain, "name": bank.name, "url": bank.url, "sfin-url": bank.bridge, "id": bank.id },
            "id": account.id,
            "conn_id": connection.id,
            "conn_name": bank.name,
            "name": account.name,
            "currency": account.currency,
            "balance": balance,
            "balance-date": shown_at,
            "transactions": [],
        });
        if let Some(available) = account.available_balance {
            shown["available-balance"] = available.into();
        }
        if wanted.has_transactions {
            let (transactions, next) =
                transactions(app, token, wanted, account.id, (*room).min(MOST_OF_ACCOUNT)).await?;
            *room -= transactions.len();
            let more = match next {
                More::None => None,
                More::From(next) => Some(format!("go on with start-date={next}")),
                More::Pending => Some("pending ones are left out".to_owned()),
            };
            if let Some(more) = more {
                let said = format!("{}: there are more than fit; {more}.", account.name);
                self.add_error("act.missingdata", said, json!({ "account_id": account.id }));
            }
            shown["transactions"] = transactions.into_iter().map(transaction).collect();
        }
        self.accounts.push(shown);
        Ok(())
    }

    fn add_error(&mut self, code: &str, said: String, mut about: Value) {
        about["code"] = code.into();
        about["msg"] = said.clone().into();
        self.errlist.push(about);
        self.errors.push(said);
    }
}

/// A connection's bank, as applications show it.
struct Bank {
    id: String,
    name: String,
    domain: String,
    url: String,
    bridge: String,
}

impl Bank {
    fn of(app: &App, connection: &Connection) -> Self {
        let catalog = app.fleet.catalog();
        let known = connection.institution_id.as_deref().and_then(|id| catalog.institution(id));
        let domain = connection.portal_url.host_str().unwrap_or_default().to_owned();
        Self {
            id: connection.institution_id.clone().unwrap_or_else(|| domain.clone()),
            name: known.map_or_else(|| domain.clone(), |known| known.name.clone()),
            url: connection.portal_url.to_string(),
            bridge: format!("{}{SIMPLEFIN_ROOT}", app.fleet.config.public_url()),
            domain,
        }
    }
}

/// Whether there are more transactions than were read.
enum More {
    None,
    /// From this moment on, in Unix seconds.
    From(i64),
    /// Pending ones alone.
    Pending,
}

/// The transactions of an account that there is room for, oldest first and no day in
/// part; and where to go on, if there are more. Pending ones come last.
async fn transactions(
    app: &App,
    token: &SimpleFinToken,
    wanted: &Wanted,
    account: AccountId,
    room: usize,
) -> Result<(Vec<Transaction>, More), StoreError> {
    let of = |status: TransactionStatus| TransactionFilter {
        account_id: Some(account),
        status: Some(status.as_str().into()),
        ..TransactionFilter::default()
    };
    let (from, before) = (wanted.from, wanted.before);
    let posted = TransactionFilter { posted_date_gte: from, posted_date_lt: before, ..of(TransactionStatus::Posted) };
    let pending = wanted.has_pending.then(|| of(TransactionStatus::Pending));
    let mut found = Vec::new();
    for filter in [Some(posted), pending].into_iter().flatten() {
        let mut after = None;
        loop {
            let page = TransactionPageRequest { after, limit: PAGE };
            let read = app.fleet.store.transactions(token.tenant_id, filter.clone(), TransactionSort::PostedDate, page);
            let read = read.await?;
            let Some(last) = read.last() else { break };
            after = Some((TransactionPosition::Date(last.sort_date.clone()), last.id.0));
            found.extend(read);
            if found.len() > room {
                return Ok(cut(found, room));
            }
        }
    }
    Ok((found, More::None))
}

/// Cuts at the end of a day, so that the next question can begin with a whole one; of a
/// day that doesn't fit by itself all that was read is given.
fn cut(mut found: Vec<Transaction>, room: usize) -> (Vec<Transaction>, More) {
    let day = |at: usize, found: &[Transaction]| found.get(at).and_then(|one| one.posted_date.clone());
    let Some(first_left_out) = day(room, &found) else {
        found.truncate(room);
        return (found, More::Pending);
    };
    let whole_days = found.iter().take_while(|one| one.posted_date.as_ref() != Some(&first_left_out)).count();
    if whole_days > 0 {
        found.truncate(whole_days);
    }
    let next = if whole_days > 0 { noon(&first_left_out) } else { noon(&first_left_out).map(|noon| noon + 1) };
    (found, next.map_or(More::Pending, More::From))
}

fn transaction(transaction: Transaction) -> Value {
    let posted = transaction.posted_date.as_deref().and_then(noon);
    let first_seen = transaction.id.0.get_timestamp().and_then(|moment| i64::try_from(moment.to_unix().0).ok());
    let mut shown = json!({
        "id": transaction.id,
        // The protocol's own stand-in for a pending one.
        "posted": posted.unwrap_or(0),
        "amount": transaction.amount,
        "description": transaction.description,
        "pending": posted.is_none(),
        // Of a pending one, when it was first seen; applications date it by that.
        "transacted_at": posted.or(first_seen),
    });
    if let Some(payee) = transaction.merchant_name.or(transaction.counterparty_name) {
        shown["payee"] = payee.into();
    }
    if let Some(memo) = transaction.customer_reference {
        shown["memo"] = memo.into();
    }
    if let Some(category) = transaction.category {
        shown["extra"] = json!({ "category": category });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_noon_and_a_range_of_seconds_holds_the_noons_in_it() {
        let noon_of = |date| noon(date).expect("a day");
        assert_eq!(noon_of("1970-01-02"), 129_600);
        let check = |seconds: i64, expected: &str| {
            assert_eq!(first_day_from(&seconds.to_string()).map(|date| date.to_string()).as_deref(), Some(expected));
        };
        check(noon_of("2026-03-01"), "2026-03-01");
        check(noon_of("2026-03-01") + 1, "2026-03-02");
        check(noon_of("2026-03-01") - 1, "2026-03-01");
        check(0, "1970-01-01");
        check(-86_400, "1969-12-31");
        for hostile in ["", "x", "1e9", "99999999999999999999", "9223372036854775807", "-9223372036854775808"] {
            assert_eq!(first_day_from(hostile), None, "{hostile}");
        }
    }
}
