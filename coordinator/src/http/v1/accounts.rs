//! `/v1/accounts`.
//!
//! Not here: transactions and balances of an account; they have lists of their own.

use axum::Json;
use axum::extract::State;
use domain::account::{AccountStatus, AccountType};
use domain::id::{AccountId, ConnectionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::completeness::Completeness;
use super::sparse::{Fields, Sparse, sparse};
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Ids, Query};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, AccountFilter, Metadata};

/// An account as the portal shows it. All but the ids can be left out with `fields`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Account {
    id: Uuid,
    connection_id: Uuid,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::word::<AccountType>, required = false)]
    account_type: String,
    /// Usually ISO 4217.
    #[schema(schema_with = schema::currency, required = false)]
    currency: String,
    /// The name that the customer sees.
    #[schema(required = false, example = "Operating account")]
    name: String,
    #[schema(schema_with = schema::word::<AccountStatus>, required = false)]
    status: String,
    /// The bank's own product name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    official_name: Option<String>,
    /// The number as the portal masks it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "•••• 4821")]
    masked_number: Option<String>,
    /// The whole number or IBAN, where the portal shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    account_number: Option<String>,
    /// ABA routing number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    routing_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    swift_bic: Option<String>,
    /// Booked; absent, and never zero, where the portal shows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::decimal, required = false)]
    current_balance: Option<String>,
    /// What can be spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::decimal, required = false)]
    available_balance: Option<String>,
    /// The bank's own day for the balances, in its time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::date, required = false)]
    balance_as_of: Option<String>,
    /// How complete the last run found it that read it; absent until one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    completeness: Option<Completeness>,
    #[schema(schema_with = schema::metadata, required = false)]
    metadata: Metadata,
    #[schema(value_type = String, format = DateTime, required = false)]
    created_at: Timestamp,
    /// Moves only when something shown here changes.
    #[schema(value_type = String, format = DateTime, required = false)]
    updated_at: Timestamp,
}

impl Sparse for Account {
    const IDENTIFIERS: &'static [&'static str] = &["id", "connectionId"];
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this connection.
    connection_id: Option<Uuid>,
    #[serde(rename = "type")]
    #[param(schema_with = schema::word::<AccountType>, required = false)]
    account_type: Option<AccountType>,
    /// In this currency.
    #[param(schema_with = schema::currency, required = false)]
    currency: Option<Currency>,
    #[param(schema_with = schema::word::<AccountStatus>, required = false)]
    status: Option<AccountStatus>,
    /// Which fields to show; ids are always there.
    #[param(schema_with = schema::fields::<Account>, required = false)]
    fields: Option<Fields<Account>>,
}

/// A currency's code.
#[derive(Deserialize, Serialize)]
#[serde(try_from = "String")]
struct Currency(String);

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        let is_code = |code: &str| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if (3..=12).contains(&code.len()) && is_code(&code) { Ok(Self(code)) } else { Err("not a currency's code") }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Which fields to show; ids are always there.
    #[param(schema_with = schema::fields::<Account>, required = false)]
    fields: Option<Fields<Account>>,
}

/// List accounts, oldest first.
#[utoipa::path(get, path = "/accounts", operation_id = "listAccounts", tag = "Accounts",
    security(("key" = ["accounts:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of accounts.", body = List<Account>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Value>>, Problem> {
    let owner = integrator.with(Scope::AccountsRead)?.organization_id;
    let page = listed.open::<Uuid>(&app, "accounts", owner)?;
    let filter = &listed.filter;
    let wanted = AccountFilter {
        connection_id: filter.connection_id.map(ConnectionId),
        account_type: filter.account_type.map(|kind| kind.as_str().to_owned()),
        currency: filter.currency.as_ref().map(|currency| currency.0.clone()),
        status: filter.status.map(|status| status.as_str().to_owned()),
    };
    let accounts = app.fleet.store.accounts(owner, wanted, page.page()).await?;
    let show = |account| sparse(&Account::from(account), filter.fields.as_ref());
    Ok(Json(page.list(accounts, |account| account.id.0, show)))
}

/// Read an account.
#[utoipa::path(get, path = "/accounts/{accountId}", operation_id = "getAccount", tag = "Accounts",
    security(("key" = ["accounts:read"])), params(("accountId" = Uuid, Path, description = "The account."), Wanted),
    responses((status = 200, description = "The account.", body = Account)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::AccountsRead)?.organization_id;
    let account = app.fleet.store.account(owner, AccountId(id)).await?;
    Ok(Json(sparse(&Account::from(account), wanted.fields.as_ref())))
}

impl From<store::Account> for Account {
    fn from(account: store::Account) -> Self {
        Self {
            id: account.id.0,
            connection_id: account.connection_id.0,
            account_type: account.account_type,
            currency: account.currency,
            name: account.name,
            status: account.status,
            official_name: account.official_name,
            masked_number: account.masked_number,
            account_number: account.account_number,
            routing_number: account.routing_number,
            swift_bic: account.swift_bic,
            current_balance: account.current_balance,
            available_balance: account.available_balance,
            balance_as_of: account.balance_as_of,
            completeness: account.completeness.map(Completeness::from),
            metadata: account.metadata,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}
