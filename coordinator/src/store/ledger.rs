//! What was read: accounts and transactions.
//!
//! Not here: which rows are new; `domain::ledger` says that.

use async_trait::async_trait;
use domain::completeness::Completeness;
use domain::id::{AccountId, ConnectionId, OrganizationId, TransactionId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Metadata, PageRequest, Refused, StoreError};

/// What was read.
#[async_trait]
pub trait Ledger {
    /// A page of accounts, oldest first.
    async fn accounts(
        &self,
        organization: OrganizationId,
        filter: AccountFilter,
        page: PageRequest,
    ) -> Result<Vec<Account>, StoreError>;
    /// One account.
    async fn account(&self, organization: OrganizationId, id: AccountId) -> Result<Account, Refused>;
    /// A page of transactions in the order asked for.
    async fn transactions(
        &self,
        organization: OrganizationId,
        filter: TransactionFilter,
        sort: TransactionSort,
        page: TransactionPageRequest,
    ) -> Result<Vec<Transaction>, StoreError>;
    /// One transaction.
    async fn transaction(&self, organization: OrganizationId, id: TransactionId) -> Result<Transaction, Refused>;
}

/// An account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Where it was read.
    pub connection_id: ConnectionId,
    /// What kind it is.
    pub account_type: String,
    /// ISO 4217 or similar.
    pub currency: String,
    /// The customer's name for it.
    pub name: String,
    /// Whether it is in use.
    pub status: String,
    /// The bank's product name.
    pub official_name: Option<String>,
    /// As the portal masks it.
    pub masked_number: Option<String>,
    /// Whole.
    pub account_number: Option<String>,
    /// ABA routing number.
    pub routing_number: Option<String>,
    /// BIC.
    pub swift_bic: Option<String>,
    /// Booked.
    pub current_balance: Option<String>,
    /// To be spent.
    pub available_balance: Option<String>,
    /// The bank's day for the balances.
    pub balance_as_of: Option<String>,
    /// How complete the last reading found it, once one did.
    pub completeness: Option<Graded>,
    /// The integrator's values.
    pub metadata: Metadata,
    /// When it was first read.
    pub created_at: Timestamp,
    /// When something shown last changed.
    pub updated_at: Timestamp,
}

/// How complete a reading found an account, and which transactions a break is between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Graded {
    /// The grade and what it rests on.
    #[serde(flatten)]
    pub completeness: Completeness,
    /// The older and the newer side of the break, where they are rows.
    #[serde(default)]
    pub broken_at: (Option<TransactionId>, Option<TransactionId>),
}

/// Which accounts are wanted.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
    /// Of this kind.
    pub account_type: Option<String>,
    /// In this currency.
    pub currency: Option<String>,
    /// In this status.
    pub status: Option<String>,
}

/// A transaction.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// Where it was read.
    pub connection_id: ConnectionId,
    /// Its account.
    pub account_id: AccountId,
    /// Whether it is booked.
    pub status: String,
    /// The bank's day of booking.
    pub posted_date: Option<String>,
    /// Signed decimal.
    pub amount: String,
    /// ISO 4217 or similar.
    pub currency: String,
    /// Direction.
    pub entry_type: String,
    /// The bank's words, white space collapsed.
    pub description: String,
    /// The bank's words.
    pub raw_description: Option<String>,
    /// The way of the money.
    pub rail: String,
    /// The bank's reference.
    pub bank_reference: Option<String>,
    /// The customer's reference.
    pub customer_reference: Option<String>,
    /// The BAI2 type code.
    pub bai_code: Option<String>,
    /// The bank's category.
    pub category: Option<String>,
    /// The bank's category within the category.
    pub subcategory: Option<String>,
    /// The merchant category code of a card payment.
    pub mcc: Option<String>,
    /// The merchant of a card payment.
    pub merchant_name: Option<String>,
    /// Who paid or was paid.
    pub counterparty_name: Option<String>,
    /// Their account, as the portal masks it.
    pub counterparty_account_masked: Option<String>,
    /// The position in a list sorted by date.
    pub sort_date: String,
    /// When something shown last changed.
    pub updated_at: Timestamp,
}

/// Which transactions are wanted.
#[derive(Clone, Debug, Default)]
pub struct TransactionFilter {
    /// Of this account.
    pub account_id: Option<AccountId>,
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
    /// In this status.
    pub status: Option<String>,
    /// On this rail.
    pub rail: Option<String>,
    /// Booked on this day or later.
    pub posted_date_gte: Option<Date>,
    /// Booked before this day.
    pub posted_date_lt: Option<Date>,
}

/// The order of a list of transactions; ids decide between equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransactionSort {
    /// Oldest booking first; pending ones last.
    #[serde(rename = "postedDate")]
    PostedDate,
    /// Latest booking last; pending ones first.
    #[serde(rename = "-postedDate")]
    PostedDateDescending,
    /// Longest unchanged first.
    #[serde(rename = "updatedAt")]
    UpdatedAt,
    /// Latest changed first.
    #[serde(rename = "-updatedAt")]
    UpdatedAtDescending,
}

/// Which part of a list of transactions is wanted.
#[derive(Clone, Debug)]
pub struct TransactionPageRequest {
    /// From after the one with this sort value and id.
    pub after: Option<(TransactionPosition, Uuid)>,
    /// At most so many.
    pub limit: u32,
}

/// What a list of transactions is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TransactionPosition {
    /// By date.
    Date(String),
    /// By the moment of change, in milliseconds since 1970.
    Moment(i64),
}
