//! `/v1/transactions`.
//!
//! Not here: the stream of changes, which isn't there yet.

use axum::Json;
use axum::extract::State;
use domain::id::{AccountId, ConnectionId, TransactionId};
use domain::transaction::{Rail, TransactionStatus};
use jiff::civil::Date;
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
use crate::store::{Transaction, TransactionFilter, TransactionPageRequest, TransactionPosition, TransactionSort};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Filter {
    account_id: Option<Uuid>,
    connection_id: Option<Uuid>,
    status: Option<TransactionStatus>,
    rail: Option<Rail>,
    posted_date_gte: Option<Date>,
    posted_date_lt: Option<Date>,
    sort: Option<TransactionSort>,
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
    let owner = integrator.with(Scope::TransactionsRead)?.organization_id;
    let listing = Listing::new(&app, "transactions", owner, &filter, filter.limit.as_deref())?;
    let after = listing.position::<(TransactionPosition, Uuid)>(filter.cursor.as_deref())?;
    let sort = filter.sort.unwrap_or(TransactionSort::PostedDateDescending);
    let wanted = TransactionFilter {
        account_id: filter.account_id.map(AccountId),
        connection_id: filter.connection_id.map(ConnectionId),
        status: filter.status.map(|status| status.as_str().to_owned()),
        rail: filter.rail.map(|rail| rail.as_str().to_owned()),
        posted_date_gte: filter.posted_date_gte,
        posted_date_lt: filter.posted_date_lt,
    };
    let page = TransactionPageRequest { after, limit: listing.to_read() };
    let transactions = app.fleet.store.transactions(owner, wanted, sort, page).await?;
    Ok(Json(listing.envelope(transactions, |transaction| position(transaction, sort), shown)))
}

pub(super) async fn show(
    integrator: Integrator,
    State(app): State<App>,
    Ids([id]): Ids<1>,
) -> Result<Json<Value>, Problem> {
    let owner = integrator.with(Scope::TransactionsRead)?.organization_id;
    Ok(Json(shown(app.fleet.store.transaction(owner, TransactionId(id)).await?)))
}

fn position(transaction: &Transaction, sort: TransactionSort) -> (TransactionPosition, Uuid) {
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

fn shown(transaction: Transaction) -> Value {
    let posted_date = transaction.posted_date;
    let mut shown = without_nulls(json!({
        "id": transaction.id,
        "connectionId": transaction.connection_id,
        "accountId": transaction.account_id,
        "status": transaction.status,
        "updatedAt": transaction.updated_at,
        "amount": transaction.amount,
        "currency": transaction.currency,
        "entryType": transaction.entry_type,
        "description": transaction.description,
        "rail": transaction.rail,
        "rawDescription": transaction.raw_description,
        "customerReference": transaction.customer_reference,
        "bankReference": transaction.bank_reference,
    }));
    // The one field that is there even when it has nothing to say.
    shown["postedDate"] = json!(posted_date);
    shown
}
