//! `/v1/transactions/sync`: the stream of changes. A client takes the head, reads the
//! list once, and polls from the head on; it never misses a change.
//!
//! Not here: how no change is skipped while many write at once; the store sees to that.

use axum::Json;
use axum::extract::State;
use domain::event::ChangeKind;
use domain::id::{AccountId, ConnectionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sparse::{Fields, sparse};
use super::transactions::Transaction;
use crate::fleet::Scope;
use crate::http::App;
use crate::http::auth::Integrator;
use crate::http::listing::{Listed, Meta, Paging};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{self, StreamFilter};

#[derive(Deserialize, Serialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of this account.
    account_id: Option<Uuid>,
    /// Of this connection.
    connection_id: Option<Uuid>,
    #[param(schema_with = schema::fields::<Transaction>, required = false)]
    fields: Option<Fields<Transaction>>,
}

/// What changed since the cursor was given.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    /// In the order in which they are to be applied.
    events: Vec<Change>,
    /// What to give as `cursor` next time; keep it only once the events are applied.
    next_cursor: String,
    /// Whether more events wait already.
    has_more: bool,
    meta: Meta,
}

/// A change of one transaction.
// Choice: a change shows the transaction as it is now and not as it was then. A later
// change of it follows in the stream; one that is gone by now is shown as `removed`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    /// Its id, the same at every read.
    event_id: Uuid,
    /// When it happened.
    #[schema(value_type = String, format = DateTime)]
    event_at: Timestamp,
    #[serde(rename = "type")]
    #[schema(schema_with = schema::word::<ChangeKind>)]
    kind: ChangeKind,
    /// As it is now; of `added` and `modified`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Transaction, required = false)]
    transaction: Option<Value>,
    /// Of `removed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    transaction_id: Option<Uuid>,
}

/// Read what changed, from a cursor on.
///
/// The first call without a cursor returns no events, just the stream's head: keep it, read
/// the list of transactions, then poll from the head.
#[utoipa::path(get, path = "/transactions/sync", operation_id = "syncTransactions", tag = "Transactions",
    security(("key" = ["transactions:read"])), params(Filter, Paging),
    responses((status = 200, description = "The changes, oldest first.", body = Changes)))]
pub(super) async fn read(
    integrator: Integrator,
    State(app): State<App>,
    listed: Listed<Filter>,
) -> Result<Json<Changes>, Problem> {
    let owner = integrator.with(Scope::TransactionsRead)?.organization_id;
    let page = listed.open::<i64>(&app, "transactions/sync", owner)?;
    let Some(after) = page.after else {
        let head = app.fleet.store.head(owner).await?;
        return Ok(Json(Changes {
            events: Vec::new(),
            next_cursor: page.cursor(&head),
            has_more: false,
            meta: Meta::new(),
        }));
    };
    let filter = StreamFilter {
        account_id: listed.filter.account_id.map(AccountId),
        connection_id: listed.filter.connection_id.map(ConnectionId),
    };
    let changes = app.fleet.store.changes(owner, filter, after, listed.limit).await?;
    Ok(Json(Changes {
        next_cursor: page.cursor(&changes.position),
        has_more: changes.has_more,
        events: changes.events.into_iter().map(|change| shown(change, listed.filter.fields.as_ref())).collect(),
        meta: Meta::new(),
    }))
}

fn shown(change: store::Change, fields: Option<&Fields<Transaction>>) -> Change {
    let is_gone = change.transaction.is_none();
    Change {
        event_id: change.id,
        event_at: change.at,
        kind: change.kind,
        transaction_id: is_gone.then_some(change.transaction_id.0),
        transaction: change.transaction.map(|transaction| sparse(&Transaction::from(transaction), fields)),
    }
}
