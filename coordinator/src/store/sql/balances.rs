//! What banks show as balances, and the balance of each day that follows from it.
//!
//! The days are kept as rows, so that a list of them needs no arithmetic and a row says
//! when it last changed. They are derived anew with every run that reads the account.
//!
//! Not here: the arithmetic; `domain::balance` has it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::balance::{
    BalanceOverflow, Booking, DailyBalance, REACH_DAYS, ReadBalance, add, daily_balances, observed_balances,
};
use domain::id::{AccountId, ConnectionId, EntityId, OrganizationId};
use domain::observation::Source;
use domain::transaction::TransactionStatus;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::entries::Owner;
use super::{ROWS_AT_ONCE, SqlStore, Tx, failed, from_ms, from_word, push_owned, to_ms};
use crate::store::{Balance, BalanceFilter, BalancePageRequest, Balances, StoreError};

/// Keeps the balances that the account showed, and brings its days up to date; returns what
/// is booked on each day. Where the portal names no day for a balance, nothing is known of
/// the end of any.
pub(super) async fn refresh(
    tx: &mut Tx,
    owner: Owner,
    account: &ObservedAccount,
    read: Read,
) -> Result<BTreeMap<Date, Decimal>, StoreError> {
    show(tx, owner, account, read, None).await?;
    derive(tx, owner, read.at).await
}

/// A reading that shows balances.
#[derive(Clone, Copy)]
pub(super) struct Read {
    pub(super) observation_id: Uuid,
    /// The first day of which it has all bookings.
    pub(super) from: Option<Date>,
    pub(super) at: Timestamp,
}

/// Forgets the balances that a reading showed; returns their days.
pub(super) async fn forget(tx: &mut Tx, owner: Owner, observation: Uuid) -> Result<BTreeSet<Date>, StoreError> {
    let days = sqlx::query_scalar::<_, String>(
        "DELETE FROM balance_observations WHERE account_id = $1 AND observation_id = $2 RETURNING date",
    );
    let days = days.bind(owner.account_id.0).bind(observation).fetch_all(&mut **tx).await;
    days.map_err(failed("forget balances"))?.iter().map(|text| day(text)).collect()
}

/// Keeps the balances that the account showed, on these days alone if some are named.
pub(super) async fn show(
    tx: &mut Tx,
    owner: Owner,
    account: &ObservedAccount,
    read: Read,
    only: Option<&BTreeSet<Date>>,
) -> Result<(), StoreError> {
    // A day that was misread must not stretch the account over centuries.
    let today = read.at.to_zoned(jiff::tz::TimeZone::UTC).date();
    let believable = today.saturating_sub(REACH_DAYS.days())..=today.saturating_add(7.days());
    // What a file calls current was so when it was made.
    let is_file = account.window.as_ref().is_some_and(|window| window.source == Source::File);
    let current = account.balance_as_of.zip(account.current_balance.as_ref()).filter(|_| !is_file);
    let stated = account.balances.iter().map(|balance| (balance.date, &balance.ledger_balance, Kind::Stated));
    let current = current.map(|(date, balance)| (date, balance, Kind::Current));
    let is_wanted = |date: &Date| believable.contains(date) && only.is_none_or(|only| only.contains(date));
    for (date, balance, kind) in stated.chain(current).filter(|(date, ..)| is_wanted(date)) {
        observe(tx, owner, (date, kind), (&account.currency, balance), read).await?;
    }
    Ok(())
}

/// Brings the days of an account up to date with what is booked; returns what is booked on
/// each day.
pub(super) async fn derive(tx: &mut Tx, owner: Owner, now: Timestamp) -> Result<BTreeMap<Date, Decimal>, StoreError> {
    let account_id = owner.account_id.0;
    let currency = sqlx::query_scalar::<_, String>("SELECT currency FROM accounts WHERE id = $1").bind(account_id);
    let currency = currency.fetch_one(&mut **tx).await.map_err(failed("read an account's currency"))?;
    let observed = observed(tx, account_id, &currency).await?;
    let bookings = bookings(tx, account_id, &currency).await?;
    let posted = posted_by_day(&bookings);
    let days = match &posted {
        Ok(posted) => observed_balances(&observed, &bookings).and_then(|observed| daily_balances(&observed, posted)),
        Err(overflow) => Err(*overflow),
    };
    let days = days.unwrap_or_else(|error| {
        tracing::warn!(%account_id, error = &error as &dyn std::error::Error, "an account has no daily balances");
        Vec::new()
    });
    keep(tx, owner, &currency, &days, now).await?;
    Ok(posted.unwrap_or_default())
}

fn posted_by_day(bookings: &[Booking]) -> Result<BTreeMap<Date, Decimal>, BalanceOverflow> {
    let mut posted: BTreeMap<Date, Decimal> = BTreeMap::new();
    for booking in bookings {
        let sum = posted.entry(booking.date).or_default();
        *sum = add(*sum, booking.amount)?;
    }
    Ok(posted)
}

/// What a balance says.
#[derive(Clone, Copy)]
enum Kind {
    /// What is on the account now.
    Current,
    /// What a day ended with: it was so from the first time that it was read.
    Stated,
}

async fn observe(
    tx: &mut Tx,
    owner: Owner,
    (date, kind): (Date, Kind),
    (currency, balance): (&str, &str),
    read: Read,
) -> Result<(), StoreError> {
    let again = match kind {
        Kind::Current => {
            "DO UPDATE SET currency = excluded.currency, ledger_balance = excluded.ledger_balance,
                 read_from = excluded.read_from, observed_at = excluded.observed_at,
                 observation_id = excluded.observation_id"
        }
        // What a page showed for the day, and when, is known already.
        Kind::Stated => "DO NOTHING",
    };
    let sql = format!(
        "INSERT INTO balance_observations (account_id, date, currency, ledger_balance, read_from, observed_at,
                                           observation_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account_id, date) {again}",
    );
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(owner.account_id.0)
        .bind(date.to_string())
        .bind(currency.to_owned())
        .bind(balance.to_owned())
        .bind(read.from.map(|date| date.to_string()))
        .bind(to_ms(read.at))
        .bind(read.observation_id)
        .execute(&mut **tx)
        .await
        .map(|_| ())
        .map_err(failed("keep what a bank shows as a balance"))
}

/// The balances that the bank showed in this currency, and when each was read.
async fn observed(tx: &mut Tx, account_id: Uuid, currency: &str) -> Result<BTreeMap<Date, ReadBalance>, StoreError> {
    let rows = sqlx::query_as::<_, (String, String, Option<String>, i64)>(
        "SELECT date, ledger_balance, read_from, observed_at FROM balance_observations
         WHERE account_id = $1 AND currency = $2",
    )
    .bind(account_id)
    .bind(currency.to_owned())
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read what a bank showed as balances"))?;
    let read = |(date, balance, read_from, at): (String, String, Option<String>, i64)| {
        let read_from = read_from.as_deref().map(day).transpose()?;
        Ok((day(&date)?, ReadBalance { ledger_balance: amount(&balance)?, read_at: from_ms(at)?, read_from }))
    };
    rows.into_iter().map(read).collect()
}

/// What is booked in the account's currency.
async fn bookings(tx: &mut Tx, account_id: Uuid, currency: &str) -> Result<Vec<Booking>, StoreError> {
    // Amounts are texts, which no database adds up without loss.
    let rows = sqlx::query_as::<_, (String, String, i64)>(
        "SELECT posted_date, amount, COALESCE(booked_seen_at, created_at) FROM transactions
         WHERE account_id = $1 AND currency = $2 AND status = $3 AND posted_date IS NOT NULL",
    )
    .bind(account_id)
    .bind(currency.to_owned())
    .bind(TransactionStatus::Posted.as_str())
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read what is booked"))?;
    let read = |(date, text, seen_at): (String, String, i64)| {
        Ok(Booking { date: day(&date)?, amount: amount(&text)?, seen_at: from_ms(seen_at)? })
    };
    rows.into_iter().map(read).collect()
}

/// What of a day is shown.
#[derive(PartialEq, Eq)]
struct Shown {
    currency: String,
    ledger_balance: String,
    posted_delta: String,
    source: String,
}

/// Writes the days that aren't kept as they are, and deletes those that don't hold any
/// more.
async fn keep(
    tx: &mut Tx,
    owner: Owner,
    currency: &str,
    days: &[DailyBalance],
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept = sqlx::query_as::<_, (String, String, String, String, String)>(
        "SELECT date, currency, ledger_balance, posted_delta, source FROM balances WHERE account_id = $1",
    )
    .bind(owner.account_id.0)
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read balances"))?;
    let shown = |(date, currency, ledger_balance, posted_delta, source)| {
        (date, Shown { currency, ledger_balance, posted_delta, source })
    };
    let mut kept: BTreeMap<String, Shown> = kept.into_iter().map(shown).collect();
    let mut changed = Vec::new();
    for day in days {
        let date = day.date.to_string();
        let shown = Shown {
            currency: currency.to_owned(),
            ledger_balance: day.ledger_balance.to_string(),
            posted_delta: day.posted_delta.to_string(),
            source: day.source.as_str().to_owned(),
        };
        if kept.remove(&date).as_ref() != Some(&shown) {
            changed.push((date, shown));
        }
    }
    let gone: Vec<String> = kept.into_keys().collect();
    for gone in gone.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new("DELETE FROM balances WHERE account_id = ");
        query.push_bind(owner.account_id.0).push(" AND date IN (");
        let mut dates = query.separated(", ");
        for date in gone {
            dates.push_bind(date.clone());
        }
        query.push(")").build().execute(&mut **tx).await.map_err(failed("delete balances"))?;
    }
    for changed in changed.chunks(ROWS_AT_ONCE) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO balances (account_id, date, organization_id, connection_id, currency, ledger_balance,
                                   posted_delta, source, updated_at) ",
        );
        query.push_values(changed, |mut row, (date, shown)| {
            row.push_bind(owner.account_id.0)
                .push_bind(date.clone())
                .push_bind(owner.organization_id.0)
                .push_bind(owner.connection_id.0)
                .push_bind(shown.currency.clone())
                .push_bind(shown.ledger_balance.clone())
                .push_bind(shown.posted_delta.clone())
                .push_bind(shown.source.clone())
                .push_bind(to_ms(now));
        });
        query.push(
            " ON CONFLICT (account_id, date) DO UPDATE SET
                 currency = excluded.currency, ledger_balance = excluded.ledger_balance,
                 posted_delta = excluded.posted_delta, source = excluded.source, updated_at = excluded.updated_at",
        );
        query.build().execute(&mut **tx).await.map_err(failed("keep balances"))?;
    }
    Ok(())
}

fn day(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable { what: "date" })
}

fn amount(text: &str) -> Result<Decimal, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable { what: "amount" })
}

#[derive(FromRow)]
struct BalanceRow {
    account_id: Uuid,
    connection_id: Uuid,
    entity_id: Uuid,
    date: String,
    currency: String,
    ledger_balance: String,
    posted_delta: String,
    source: String,
    updated_at: i64,
}

impl BalanceRow {
    fn read(self) -> Result<Balance, StoreError> {
        Ok(Balance {
            account_id: AccountId(self.account_id),
            connection_id: ConnectionId(self.connection_id),
            entity_id: EntityId(self.entity_id),
            date: day(&self.date)?,
            currency: self.currency,
            ledger_balance: self.ledger_balance,
            posted_transaction_delta: self.posted_delta,
            source: from_word(&self.source, "balance's source")?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[async_trait]
impl Balances for SqlStore {
    async fn balances(
        &self,
        organization: OrganizationId,
        filter: BalanceFilter,
        page: BalancePageRequest,
    ) -> Result<Vec<Balance>, StoreError> {
        let mut query = QueryBuilder::<Db>::new(
            "SELECT b.account_id, b.connection_id, b.date, b.currency, b.ledger_balance, b.posted_delta,
                    b.source, b.updated_at,
                    c.entity_id FROM balances b JOIN connections c ON c.id = b.connection_id
             WHERE ",
        );
        push_owned(
            &mut query,
            ("b.organization_id", organization),
            [
                ("b.account_id", "accounts", filter.account_id.map(|id| id.0)),
                ("b.connection_id", "connections", filter.connection_id.map(|id| id.0)),
            ],
        );
        if let Some(entity) = filter.entity_id {
            query.push(" AND c.entity_id = ").push_bind(entity.0);
        }
        for (condition, date) in [(" AND b.date >= ", filter.date_gte), (" AND b.date < ", filter.date_lt)] {
            if let Some(date) = date {
                query.push(condition).push_bind(date.to_string());
            }
        }
        if let Some((date, account)) = page.after {
            // The first condition alone is one that an index can begin at.
            query.push(" AND b.date <= ").push_bind(date.to_string());
            query.push(" AND (b.date < ").push_bind(date.to_string());
            query.push(" OR b.account_id > ").push_bind(account.0).push(")");
        }
        query.push(" ORDER BY b.date DESC, b.account_id LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<BalanceRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list balances"))?.into_iter().map(BalanceRow::read).collect()
    }
}
