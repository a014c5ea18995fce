//! `/v1/balances`: what an account held at the end of each day.
//!
//! Not here: how a day without a balance of the bank's is derived (`domain`).

use axum::Json;
use axum::extract::State;
use domain::balance::BalanceSource;
use domain::id::{AccountId, ConnectionId, EntityId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, BalanceFilter, BalancePageRequest};

/// What an account held at the end of a day. A later sync may change it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Balance {
    account_id: Uuid,
    connection_id: Uuid,
    entity_id: Uuid,
    /// The bank's calendar date.
    #[schema(schema_with = schema::date)]
    date: Date,
    #[schema(schema_with = schema::currency)]
    currency: String,
    #[schema(schema_with = schema::decimal)]
    ledger_balance: String,
    /// The sum of what was booked on that day.
    #[schema(schema_with = schema::decimal)]
    posted_transaction_delta: String,
    /// Shown by the bank, or derived from what it showed on another day and what was
    /// booked in between.
    #[schema(schema_with = schema::word::<BalanceSource>)]
    source: BalanceSource,
    /// Moves only when something shown here changes.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this entity.
    entity_id: Option<Uuid>,
    /// Of this connection.
    connection_id: Option<Uuid>,
    /// Of this account.
    account_id: Option<Uuid>,
    /// On this day or later.
    #[param(schema_with = schema::date, required = false)]
    date_gte: Option<Date>,
    /// Before this day.
    #[param(schema_with = schema::date, required = false)]
    date_lt: Option<Date>,
}

/// List daily balances, latest day first.
#[utoipa::path(get, path = "/balances", operation_id = "listBalances", tag = "Accounts",
    security(("key" = ["accounts:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of daily balances.", body = List<Balance>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Balance>>, Problem> {
    let owner = integrator.with(Scope::AccountsRead)?.organization_id;
    let page = listed.open::<(Date, Uuid)>(&app, "balances", owner)?;
    let filter = &listed.filter;
    let wanted = BalanceFilter {
        entity_id: filter.entity_id.map(EntityId),
        connection_id: filter.connection_id.map(ConnectionId),
        account_id: filter.account_id.map(AccountId),
        date_gte: filter.date_gte,
        date_lt: filter.date_lt,
    };
    let after = page.after.map(|(date, account)| (date, AccountId(account)));
    let request = BalancePageRequest { after, limit: page.to_read() };
    let balances = app.fleet.store.balances(owner, wanted, request).await?;
    Ok(Json(page.list(balances, |balance| (balance.date, balance.account_id.0), Balance::from)))
}

impl From<store::Balance> for Balance {
    fn from(balance: store::Balance) -> Self {
        Self {
            account_id: balance.account_id.0,
            connection_id: balance.connection_id.0,
            entity_id: balance.entity_id.0,
            date: balance.date,
            currency: balance.currency,
            ledger_balance: balance.ledger_balance,
            posted_transaction_delta: balance.posted_transaction_delta,
            source: balance.source,
            updated_at: balance.updated_at,
        }
    }
}
