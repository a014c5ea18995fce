//! Accounts and transactions: what a run read becomes what is known.
//!
//! Not here: which row is which (the domain matches them), reading them (`records`), or
//! the days' balances (`balances`).

use domain::account::ObservedAccount;
use domain::event::{ChangeKind, EventType};
use domain::id::{AccountId, TransactionId};
use domain::ledger::{match_key, unknown_rows};
use domain::transaction::ObservedTransaction;
use jiff::Timestamp;
use serde_json::json;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::super::Db;
use super::held::HeldRun;
use super::stream::NewChange;
use super::{ROWS_AT_ONCE, Tx, balances, failed, to_ms, webhooks};
use crate::store::{Completed, StoreError};

/// Sorts after every date: pending transactions have none.
pub(super) const NO_DATE: &str = "9999-12-31";

/// Stores what a run read: accounts by the portal's key, transactions by what the
/// bank shows of them, as a multiset. The changes are still to be published.
pub(super) async fn store(
    tx: &mut Tx,
    run: &HeldRun,
    accounts: &[ObservedAccount],
    now: Timestamp,
) -> Result<(Completed, Vec<NewChange>), StoreError> {
    let (mut completed, mut changes) = (Completed::default(), Vec::new());
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
            changes.extend(insert_transactions(tx, run, account_id, rows, now).await?);
        }
        balances::refresh(tx, run, account_id, account, now).await?;
        completed.added += rows.len();
        completed.read += account.transactions.len();
    }
    Ok((completed, changes))
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
) -> Result<Vec<NewChange>, StoreError> {
    let mut changes = Vec::with_capacity(rows.len());
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO transactions (id, organization_id, connection_id, account_id, status, posted_date, sort_date, amount,
             currency, entry_type, description, raw_description, rail, bank_reference, customer_reference, bai_code,
             category, subcategory, mcc, merchant_name, counterparty_name, counterparty_account_masked, match_key,
             created_at, updated_at) ",
    );
    query.push_values(rows, |mut row, transaction| {
        let date = transaction.posted_date.map(|date| date.to_string());
        let id = Uuid::now_v7();
        changes.push(NewChange {
            kind: ChangeKind::Added,
            transaction_id: TransactionId(id),
            account_id: AccountId(account_id),
            connection_id: run.connection_id,
        });
        row.push_bind(id)
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
            .push_bind(transaction.bai_code.clone())
            .push_bind(transaction.category.clone())
            .push_bind(transaction.subcategory.clone())
            .push_bind(transaction.mcc.clone())
            .push_bind(transaction.merchant_name.clone())
            .push_bind(transaction.counterparty_name.clone())
            .push_bind(transaction.counterparty_account_masked.clone())
            .push_bind(match_key(transaction))
            .push_bind(to_ms(now))
            .push_bind(to_ms(now));
    });
    query.build().execute(&mut **tx).await.map_err(failed("keep transactions"))?;
    Ok(changes)
}
