//! `/v1/accounts`.
//!
//! Not here: transactions of an account; they have a list of their own.

use axum::Json;
use axum::extract::State;
use domain::account::{AccountStatus, AccountType};
use domain::id::{AccountId, ConnectionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::without_nulls;
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Ids, Query};
use crate::http::cursor::Listing;
use crate::http::problem::Problem;
use crate::store::{Account, AccountFilter, PageRequest};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    connection_id: Option<Uuid>,
    #[serde(rename = "type")]
    account_type: Option<AccountType>,
    currency: Option<String>,
    status: Option<AccountStatus>,
    #[serde(skip_serializing)]
    cursor: Option<String>,
    #[serde(skip_serializing)]
    limit: Option<String>,
}

pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::AccountsRead)?.organization_id;
    let listing = Listing::new(&app, "accounts", owner, &filter, filter.limit.as_deref())?;
    let page = PageRequest { after: listing.position(filter.cursor.as_deref())?, limit: listing.to_read() };
    let wanted = AccountFilter {
        connection_id: filter.connection_id.map(ConnectionId),
        account_type: filter.account_type.map(|kind| kind.as_str().to_owned()),
        currency: filter.currency,
        status: filter.status.map(|status| status.as_str().to_owned()),
    };
    let accounts = app.fleet.store.accounts(owner, wanted, page).await?;
    Ok(Json(listing.envelope(accounts, |account| account.id.0, shown)))
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::AccountsRead)?.organization_id;
    Ok(Json(shown(app.fleet.store.account(owner, AccountId(id)).await?)))
}

fn shown(account: Account) -> Value {
    without_nulls(json!({
        "id": account.id,
        "connectionId": account.connection_id,
        "type": account.account_type,
        "currency": account.currency,
        "name": account.name,
        "status": account.status,
        "officialName": account.official_name,
        "maskedNumber": account.masked_number,
        "accountNumber": account.account_number,
        "routingNumber": account.routing_number,
        "swiftBic": account.swift_bic,
        "currentBalance": account.current_balance,
        "availableBalance": account.available_balance,
        "balanceAsOf": account.balance_as_of,
        "metadata": account.metadata,
        "createdAt": account.created_at,
        "updatedAt": account.updated_at,
    }))
}
