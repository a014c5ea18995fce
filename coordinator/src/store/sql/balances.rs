//! What banks show as balances, and the balance of each day that follows from it.
//!
//! The days are kept as rows, so that a list of them needs no arithmetic and a row says
//! when it last changed. They are derived anew with every run that reads the account.
//!
//! Not here: the arithmetic; `domain::balance` has it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::balance::{Booking, DailyBalance, REACH_DAYS, ReadBalance, add, daily_balances, observed_balances};
use domain::id::{AccountId, ConnectionId, EntityId, OrganizationId};
use domain::transaction::TransactionStatus;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use rust_decimal::Decimal;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::held::HeldRun;
use super::{ROWS_AT_ONCE, SqlStore, Tx, failed, from_ms, from_word, push_owned, to_ms};
use crate::store::{Balance, BalanceFilter, BalancePageRequest, Balances, StoreError};

/// Keeps the balance that the account showed, and brings its days up to date. Where the
/// portal names no day for a balance, nothing is known of the end of any.
pub(super) async fn refresh(
    tx: &mut Tx,
    run: &HeldRun,
    account_id: Uuid,
    account: &ObservedAccount,
    now: Timestamp,
) -> Result<(), StoreError> {
    // A day that was misread must not stretch the account over centuries.
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let believable = today.saturating_sub(REACH_DAYS.days())..=today.saturating_add(7.days());
    let day = account.balance_as_of.filter(|day| believable.contains(day));
    if let (Some(balance), Some(date)) = (&account.current_balance, day) {
        observe(tx, account_id, date, &account.currency, balance, now).await?;
    }
    let observed = observed(tx, account_id, &account.currency).await?;
    let days = match derived(tx, account_id, &account.currency, observed).await? {
        Some(days) => days,
        None => {
            tracing::warn!(%account_id, "an account's amounts have too many digits for balances");
            Vec::new()
        }
    };
    keep(tx, run, account_id, &account.currency, &days, now).await
}

async fn observe(
    tx: &mut Tx,
    account_id: Uuid,
    date: Date,
    currency: &str,
    balance: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO balance_observations (account_id, date, currency, ledger_balance, observed_at)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (account_id, date) DO UPDATE SET
             currency = excluded.currency, ledger_balance = excluded.ledger_balance, observed_at = excluded.observed_at",
    )
    .bind(account_id)
    .bind(date.to_string())
    .bind(currency.to_owned())
    .bind(balance.to_owned())
    .bind(to_ms(now))
    .execute(&mut **tx)
    .await
    .map(|_| ())
    .map_err(failed("keep what a bank shows as a balance"))
}

/// The balances that the bank showed in this currency, and when each was read.
async fn observed(tx: &mut Tx, account_id: Uuid, currency: &str) -> Result<BTreeMap<Date, ReadBalance>, StoreError> {
    let rows = sqlx::query_as::<_, (String, String, i64)>(
        "SELECT date, ledger_balance, observed_at FROM balance_observations WHERE account_id = $1 AND currency = $2",
    )
    .bind(account_id)
    .bind(currency.to_owned())
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read what a bank showed as balances"))?;
    let read = |(date, balance, at): (String, String, i64)| {
        Ok((day(&date)?, ReadBalance { ledger_balance: amount(&balance)?, read_at: from_ms(at)?, read_from: None }))
    };
    rows.into_iter().map(read).collect()
}

/// The account's days, by what is booked in its currency; none if sums don't fit.
async fn derived(
    tx: &mut Tx,
    account_id: Uuid,
    currency: &str,
    observed: BTreeMap<Date, ReadBalance>,
) -> Result<Option<Vec<DailyBalance>>, StoreError> {
    if observed.is_empty() {
        return Ok(Some(Vec::new()));
    }
    // Amounts are texts, which no database adds up without loss.
    let rows = sqlx::query_as::<_, (String, String, i64)>(
        "SELECT posted_date, amount, created_at FROM transactions
         WHERE account_id = $1 AND currency = $2 AND status = $3 AND posted_date IS NOT NULL",
    )
    .bind(account_id)
    .bind(currency.to_owned())
    .bind(TransactionStatus::Posted.as_str())
    .fetch_all(&mut **tx)
    .await
    .map_err(failed("read what is booked"))?;
    let mut posted: BTreeMap<Date, Decimal> = BTreeMap::new();
    let mut bookings = Vec::with_capacity(rows.len());
    for (date, text, seen_at) in rows {
        let booking = Booking { date: day(&date)?, amount: amount(&text)?, seen_at: from_ms(seen_at)? };
        let sum = posted.entry(booking.date).or_default();
        let Ok(sum_after) = add(*sum, booking.amount) else { return Ok(None) };
        *sum = sum_after;
        bookings.push(booking);
    }
    let days = observed_balances(&observed, &bookings).and_then(|observed| daily_balances(&observed, &posted));
    Ok(days.ok())
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
    run: &HeldRun,
    account_id: Uuid,
    currency: &str,
    days: &[DailyBalance],
    now: Timestamp,
) -> Result<(), StoreError> {
    let kept = sqlx::query_as::<_, (String, String, String, String, String)>(
        "SELECT date, currency, ledger_balance, posted_delta, source FROM balances WHERE account_id = $1",
    )
    .bind(account_id)
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
        query.push_bind(account_id).push(" AND date IN (");
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
            row.push_bind(account_id)
                .push_bind(date.clone())
                .push_bind(run.organization_id.0)
                .push_bind(run.connection_id.0)
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
            "SELECT b.*, c.entity_id FROM balances b JOIN connections c ON c.id = b.connection_id
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
