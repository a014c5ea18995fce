//! Accounts as a run read them become accounts that are known.
//!
//! Not here: their transactions (`ledger`) or reading them (`records`).

use domain::account::ObservedAccount;
use domain::event::EventType;
use domain::id::AccountId;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::held::HeldRun;
use super::{Tx, failed, to_ms, webhooks};
use crate::store::StoreError;

/// Keeps an account; returns its id.
pub(super) async fn upsert(
    tx: &mut Tx,
    run: &HeldRun,
    account: &ObservedAccount,
    now: Timestamp,
) -> Result<AccountId, StoreError> {
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
            .map_err(failed("read an account"))
            .map(AccountId);
    };
    let event = if id == fresh { EventType::AccountCreated } else { EventType::AccountUpdated };
    let data = json!({ "connectionId": run.connection_id, "accountId": id });
    webhooks::emit(tx, run.organization_id, event, data, now).await?;
    Ok(AccountId(id))
}
