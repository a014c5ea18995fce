//! Accounts and transactions: what a run read becomes what is known.
//!
//! Not here: which row is which; the domain matches them.

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use domain::ledger::{match_key, unknown_rows};
use domain::transaction::ObservedTransaction;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::super::Db;
use super::held::HeldRun;
use super::{SqlStore, Tx, failed, found, from_json, from_ms, push_page, to_ms, webhooks};
use crate::store::{
    Account, AccountFilter, Completed, Ledger, PageRequest, Refused, StoreError, Transaction, TransactionFilter,
    TransactionPageRequest, TransactionPosition, TransactionSort,
};
use domain::event::EventType;

/// Rows in one statement: 19 places each, below SQLite's 32,766 and PostgreSQL's 65,535.
const ROWS_AT_ONCE: usize = 1_000;

/// Sorts after every date: pending transactions have none.
const NO_DATE: &str = "9999-12-31";

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    connection_id: Uuid,
    #[sqlx(rename = "type")]
    account_type: String,
    currency: String,
    name: String,
    status: String,
    official_name: Option<String>,
    masked_number: Option<String>,
    account_number: Option<String>,
    routing_number: Option<String>,
    swift_bic: Option<String>,
    current_balance: Option<String>,
    available_balance: Option<String>,
    balance_as_of: Option<String>,
    metadata: String,
    created_at: i64,
    updated_at: i64,
}

impl AccountRow {
    fn read(self) -> Result<Account, StoreError> {
        Ok(Account {
            id: AccountId(self.id),
            connection_id: ConnectionId(self.connection_id),
            account_type: self.account_type,
            currency: self.currency,
            name: self.name,
            status: self.status,
            official_name: self.official_name,
            masked_number: self.masked_number,
            account_number: self.account_number,
            routing_number: self.routing_number,
            swift_bic: self.swift_bic,
            current_balance: self.current_balance,
            available_balance: self.available_balance,
            balance_as_of: self.balance_as_of,
            metadata: from_json(&self.metadata, "account's metadata")?,
            created_at: from_ms(self.created_at)?,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

#[derive(FromRow)]
struct TransactionRow {
    id: Uuid,
    connection_id: Uuid,
    account_id: Uuid,
    status: String,
    posted_date: Option<String>,
    sort_date: String,
    amount: String,
    currency: String,
    entry_type: String,
    description: String,
    raw_description: Option<String>,
    rail: String,
    bank_reference: Option<String>,
    customer_reference: Option<String>,
    updated_at: i64,
}

impl TransactionRow {
    fn read(self) -> Result<Transaction, StoreError> {
        Ok(Transaction {
            id: TransactionId(self.id),
            connection_id: ConnectionId(self.connection_id),
            account_id: AccountId(self.account_id),
            status: self.status,
            posted_date: self.posted_date,
            amount: self.amount,
            currency: self.currency,
            entry_type: self.entry_type,
            description: self.description,
            raw_description: self.raw_description,
            rail: self.rail,
            bank_reference: self.bank_reference,
            customer_reference: self.customer_reference,
            sort_date: self.sort_date,
            updated_at: from_ms(self.updated_at)?,
        })
    }
}

/// Stores what a run read: accounts by the portal's key, transactions by what the
/// bank shows of them, as a multiset.
pub(super) async fn store(
    tx: &mut Tx,
    run: &HeldRun,
    accounts: &[ObservedAccount],
    now: Timestamp,
) -> Result<Completed, StoreError> {
    let mut completed = Completed::default();
    for account in accounts {
        let account_id = upsert_account(tx, run, account, now).await?;
        let known = sqlx::query_scalar::<_, String>("SELECT match_key FROM transactions WHERE account_id = $1")
            .bind(account_id)
            .fetch_all(&mut **tx)
            .await
            .map_err(failed("read known transactions"))?;
        let unknown = unknown_rows(known.iter().map(String::as_str), &account.transactions);
        // The portal lists the latest first, so ids grow with the bank's own order.
        let rows: Vec<&ObservedTransaction> =
            unknown.iter().rev().filter_map(|&position| account.transactions.get(position)).collect();
        for rows in rows.chunks(ROWS_AT_ONCE) {
            insert_transactions(tx, run, account_id, rows, now).await?;
        }
        completed.added += rows.len();
        completed.read += account.transactions.len();
    }
    Ok(completed)
}

/// Tells the outbox that a connection's records are fresh.
pub(super) async fn announce(tx: &mut Tx, run: &HeldRun, now: Timestamp) -> Result<(), StoreError> {
    let data = json!({ "connectionId": run.connection_id, "accountId": null });
    webhooks::emit(tx, run.organization_id, EventType::TransactionsSyncAvailable, data, now).await
}

async fn upsert_account(
    tx: &mut Tx,
    run: &HeldRun,
    account: &ObservedAccount,
    now: Timestamp,
) -> Result<Uuid, StoreError> {
    let fresh = Uuid::now_v7();
    let changed = sqlx::query_scalar::<_, Uuid>(
        "INSERT INTO accounts (id, organization_id, connection_id, portal_key, type, currency, name, status, official_name,
             masked_number, account_number, routing_number, swift_bic, current_balance, available_balance, balance_as_of,
             metadata, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '{}', $17, $17)
         ON CONFLICT (connection_id, portal_key) DO UPDATE SET
             type = excluded.type, currency = excluded.currency, name = excluded.name, status = excluded.status,
             official_name = excluded.official_name, masked_number = excluded.masked_number,
             account_number = excluded.account_number, routing_number = excluded.routing_number,
             swift_bic = excluded.swift_bic, current_balance = excluded.current_balance,
             available_balance = excluded.available_balance, balance_as_of = excluded.balance_as_of,
             updated_at = excluded.updated_at
         WHERE (accounts.type, accounts.currency, accounts.name, accounts.status) IS DISTINCT FROM
                   (excluded.type, excluded.currency, excluded.name, excluded.status)
            OR accounts.official_name IS DISTINCT FROM excluded.official_name
            OR accounts.masked_number IS DISTINCT FROM excluded.masked_number
            OR accounts.account_number IS DISTINCT FROM excluded.account_number
            OR accounts.routing_number IS DISTINCT FROM excluded.routing_number
            OR accounts.swift_bic IS DISTINCT FROM excluded.swift_bic
            OR accounts.current_balance IS DISTINCT FROM excluded.current_balance
            OR accounts.available_balance IS DISTINCT FROM excluded.available_balance
            OR accounts.balance_as_of IS DISTINCT FROM excluded.balance_as_of
         RETURNING id",
    )
    .bind(fresh)
    .bind(run.organization_id.0)
    .bind(run.connection_id.0)
    .bind(account.portal_key.clone())
    .bind(account.account_type.as_str())
    .bind(account.currency.clone())
    .bind(account.name.clone())
    .bind(account.status.as_str())
    .bind(account.official_name.clone())
    .bind(account.masked_number.clone())
    .bind(account.account_number.clone())
    .bind(account.routing_number.clone())
    .bind(account.swift_bic.clone())
    .bind(account.current_balance.clone())
    .bind(account.available_balance.clone())
    .bind(account.balance_as_of.map(|date| date.to_string()))
    .bind(to_ms(now))
    .fetch_optional(&mut **tx)
    .await
    .map_err(failed("keep an account"))?;
    let Some(id) = changed else {
        return sqlx::query_scalar("SELECT id FROM accounts WHERE connection_id = $1 AND portal_key = $2")
            .bind(run.connection_id.0)
            .bind(account.portal_key.clone())
            .fetch_one(&mut **tx)
            .await
            .map_err(failed("read an account"));
    };
    let event = if id == fresh { EventType::AccountCreated } else { EventType::AccountUpdated };
    let data = json!({ "connectionId": run.connection_id, "accountId": id });
    webhooks::emit(tx, run.organization_id, event, data, now).await?;
    Ok(id)
}

async fn insert_transactions(
    tx: &mut Tx,
    run: &HeldRun,
    account_id: Uuid,
    rows: &[&ObservedTransaction],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO transactions (id, organization_id, connection_id, account_id, status, posted_date, sort_date, amount,
             currency, entry_type, description, raw_description, rail, bank_reference, customer_reference, match_key,
             created_at, updated_at) ",
    );
    query.push_values(rows, |mut row, transaction| {
        let date = transaction.posted_date.map(|date| date.to_string());
        row.push_bind(Uuid::now_v7())
            .push_bind(run.organization_id.0)
            .push_bind(run.connection_id.0)
            .push_bind(account_id)
            .push_bind(transaction.status.as_str())
            .push_bind(date.clone())
            .push_bind(date.unwrap_or_else(|| NO_DATE.to_owned()))
            .push_bind(transaction.amount.clone())
            .push_bind(transaction.currency.clone())
            .push_bind(transaction.entry_type.as_str())
            .push_bind(transaction.description.clone())
            .push_bind(transaction.raw_description.clone())
            .push_bind(transaction.rail.as_str())
            .push_bind(transaction.bank_reference.clone())
            .push_bind(transaction.customer_reference.clone())
            .push_bind(match_key(transaction))
            .push_bind(to_ms(now))
            .push_bind(to_ms(now));
    });
    query.build().execute(&mut **tx).await.map(|_| ()).map_err(failed("keep transactions"))
}

#[async_trait]
impl Ledger for SqlStore {
    async fn accounts(
        &self,
        organization: OrganizationId,
        filter: AccountFilter,
        page: PageRequest,
    ) -> Result<Vec<Account>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM accounts WHERE organization_id = ");
        query.push_bind(organization.0);
        if let Some(connection) = filter.connection_id {
            query.push(" AND connection_id = ").push_bind(connection.0);
        }
        for (column, value) in [
            (" AND type = ", filter.account_type),
            (" AND currency = ", filter.currency),
            (" AND status = ", filter.status),
        ] {
            if let Some(value) = value {
                query.push(column).push_bind(value);
            }
        }
        push_page(&mut query, "id", page);
        let rows = query.build_query_as::<AccountRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list accounts"))?.into_iter().map(AccountRow::read).collect()
    }

    async fn account(&self, organization: OrganizationId, id: AccountId) -> Result<Account, Refused> {
        let row = sqlx::query_as::<_, AccountRow>("SELECT * FROM accounts WHERE organization_id = $1 AND id = $2")
            .bind(organization.0)
            .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read an account")?.read()?)
    }

    async fn transactions(
        &self,
        organization: OrganizationId,
        filter: TransactionFilter,
        sort: TransactionSort,
        page: TransactionPageRequest,
    ) -> Result<Vec<Transaction>, StoreError> {
        let mut query = QueryBuilder::<Db>::new("SELECT * FROM transactions WHERE organization_id = ");
        query.push_bind(organization.0);
        if let Some(account) = filter.account_id {
            query.push(" AND account_id = ").push_bind(account.0);
        }
        if let Some(connection) = filter.connection_id {
            query.push(" AND connection_id = ").push_bind(connection.0);
        }
        let date = |date: Option<Date>| date.map(|date| date.to_string());
        for (condition, value) in [
            (" AND status = ", filter.status),
            (" AND rail = ", filter.rail),
            (" AND posted_date >= ", date(filter.posted_date_gte)),
            (" AND posted_date < ", date(filter.posted_date_lt)),
        ] {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        let (column, after, order) = match sort {
            TransactionSort::PostedDate => ("sort_date", ") > (", "sort_date, id"),
            TransactionSort::PostedDateDescending => ("sort_date", ") < (", "sort_date DESC, id DESC"),
            TransactionSort::UpdatedAt => ("updated_at", ") > (", "updated_at, id"),
            TransactionSort::UpdatedAtDescending => ("updated_at", ") < (", "updated_at DESC, id DESC"),
        };
        if let Some((position, id)) = page.after {
            query.push(" AND (").push(column).push(", id").push(after);
            match position {
                TransactionPosition::Date(date) => query.push_bind(date),
                TransactionPosition::Moment(moment) => query.push_bind(moment),
            };
            query.push(", ").push_bind(id).push(")");
        }
        query.push(" ORDER BY ").push(order).push(" LIMIT ").push_bind(i64::from(page.limit));
        let rows = query.build_query_as::<TransactionRow>().fetch_all(&self.read).await;
        rows.map_err(failed("list transactions"))?.into_iter().map(TransactionRow::read).collect()
    }

    async fn transaction(&self, organization: OrganizationId, id: TransactionId) -> Result<Transaction, Refused> {
        let row =
            sqlx::query_as::<_, TransactionRow>("SELECT * FROM transactions WHERE organization_id = $1 AND id = $2")
                .bind(organization.0)
                .bind(id.0);
        Ok(found(row.fetch_optional(&self.read).await, "read a transaction")?.read()?)
    }
}
