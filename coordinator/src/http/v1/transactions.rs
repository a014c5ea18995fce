//! `/v1/transactions`.
//!
//! Not here: the stream of changes (`stream`).

use axum::Json;
use axum::extract::State;
use domain::id::{AccountId, ConnectionId, TransactionId};
use domain::transaction::{EntryType, Rail, TransactionStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sparse::{Fields, Sparse, sparse};
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::body::{Ids, Query};
use crate::http::listing::{List, Listed, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, TransactionFilter, TransactionPageRequest, TransactionPosition, TransactionSort};

/// A transaction as the bank shows it. All but the ids can be left out with `fields`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transaction {
    /// Ours, and stable from the first sight of it on.
    id: Uuid,
    connection_id: Uuid,
    account_id: Uuid,
    #[schema(schema_with = schema::word::<TransactionStatus>, required = false)]
    status: String,
    /// The bank's calendar date of booking, in its time zone; null while it is pending.
    #[schema(schema_with = schema::date_or_null, required = false)]
    posted_date: Option<String>,
    /// Moves only when something shown here changes.
    #[schema(value_type = String, format = DateTime, required = false)]
    updated_at: Timestamp,
    /// Signed, with the scale that the bank shows; money in is positive.
    #[schema(schema_with = schema::decimal, required = false)]
    amount: String,
    #[schema(schema_with = schema::currency, required = false)]
    currency: String,
    #[schema(schema_with = schema::word::<EntryType>, required = false)]
    entry_type: String,
    /// The bank's words, white space collapsed.
    #[schema(required = false, example = "CARD PURCHASE 4417 BLUE BOTTLE COFFEE")]
    description: String,
    /// The way that the money took.
    #[schema(schema_with = schema::word::<Rail>, required = false)]
    rail: String,
    /// The bank's words as they stand in the page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    raw_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    customer_reference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bank_reference: Option<String>,
    /// The BAI2 type code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    bai_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    subcategory: Option<String>,
    /// The merchant category code (ISO 18245).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mcc: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    merchant_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counterparty_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    counterparty_account_masked: Option<String>,
}

impl Sparse for Transaction {
    const IDENTIFIERS: &'static [&'static str] = &["id", "connectionId", "accountId"];
}

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this account.
    account_id: Option<Uuid>,
    /// Of this connection.
    connection_id: Option<Uuid>,
    #[param(schema_with = schema::word::<TransactionStatus>, required = false)]
    status: Option<TransactionStatus>,
    #[param(schema_with = schema::word::<Rail>, required = false)]
    rail: Option<Rail>,
    /// Booked on this day or later.
    #[param(schema_with = schema::date, required = false)]
    posted_date_gte: Option<Date>,
    /// Booked before this day.
    #[param(schema_with = schema::date, required = false)]
    posted_date_lt: Option<Date>,
    /// The order; ids decide between equals. By date, pending ones are the latest.
    #[param(schema_with = sort, required = false)]
    sort: Option<TransactionSort>,
    /// Which fields to show; ids are always there.
    #[param(schema_with = schema::fields::<Transaction>, required = false)]
    fields: Option<Fields<Transaction>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Which fields to show; ids are always there.
    #[param(schema_with = schema::fields::<Transaction>, required = false)]
    fields: Option<Fields<Transaction>>,
}

/// List transactions, latest booking first.
#[utoipa::path(get, path = "/transactions", operation_id = "listTransactions", tag = "Transactions",
    security(("key" = ["transactions:read"])), params(Filter, Paging),
    responses((status = 200, description = "A page of transactions.", body = List<Transaction>)))]
pub(super) async fn list(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<List<Value>>, Problem> {
    let owner = integrator.with(Scope::TransactionsRead)?.organization_id;
    let page = listed.open::<(TransactionPosition, Uuid)>(&app, "transactions", owner)?;
    let filter = &listed.filter;
    let sort = filter.sort.unwrap_or(TransactionSort::PostedDateDescending);
    let wanted = TransactionFilter {
        account_id: filter.account_id.map(AccountId),
        connection_id: filter.connection_id.map(ConnectionId),
        status: filter.status.map(|status| status.as_str().to_owned()),
        rail: filter.rail.map(|rail| rail.as_str().to_owned()),
        posted_date_gte: filter.posted_date_gte,
        posted_date_lt: filter.posted_date_lt,
    };
    let request = TransactionPageRequest { after: page.after.clone(), limit: page.to_read() };
    let transactions = app.fleet.store.transactions(owner, wanted, sort, request).await?;
    let show = |transaction| sparse(&Transaction::from(transaction), filter.fields.as_ref());
    Ok(Json(page.list(transactions, |transaction| position(transaction, sort), show)))
}

/// Read a transaction.
#[utoipa::path(get, path = "/transactions/{transactionId}", operation_id = "getTransaction", tag = "Transactions",
    security(("key" = ["transactions:read"])),
    params(("transactionId" = Uuid, Path, description = "The transaction."), Wanted),
    responses((status = 200, description = "The transaction.", body = Transaction)))]
pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::TransactionsRead)?.organization_id;
    let transaction = app.fleet.store.transaction(owner, TransactionId(id)).await?;
    Ok(Json(sparse(&Transaction::from(transaction), wanted.fields.as_ref())))
}

fn position(transaction: &store::Transaction, sort: TransactionSort) -> (TransactionPosition, Uuid) {
    let position = match sort {
        TransactionSort::PostedDate | TransactionSort::PostedDateDescending => {
            TransactionPosition::Date(transaction.sort_date.clone())
        }
        TransactionSort::UpdatedAt | TransactionSort::UpdatedAtDescending => {
            TransactionPosition::Moment(transaction.updated_at.as_millisecond())
        }
    };
    (position, transaction.id.0)
}

fn sort() -> ObjectBuilder {
    let orders = ["postedDate", "-postedDate", "updatedAt", "-updatedAt"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(orders)).default(Some("-postedDate".into()))
}

impl From<store::Transaction> for Transaction {
    fn from(transaction: store::Transaction) -> Self {
        Self {
            id: transaction.id.0,
            connection_id: transaction.connection_id.0,
            account_id: transaction.account_id.0,
            status: transaction.status,
            posted_date: transaction.posted_date,
            updated_at: transaction.updated_at,
            amount: transaction.amount,
            currency: transaction.currency,
            entry_type: transaction.entry_type,
            description: transaction.description,
            rail: transaction.rail,
            raw_description: transaction.raw_description,
            customer_reference: transaction.customer_reference,
            bank_reference: transaction.bank_reference,
            bai_code: transaction.bai_code,
            category: transaction.category,
            subcategory: transaction.subcategory,
            mcc: transaction.mcc,
            merchant_name: transaction.merchant_name,
            counterparty_name: transaction.counterparty_name,
            counterparty_account_masked: transaction.counterparty_account_masked,
        }
    }
}
