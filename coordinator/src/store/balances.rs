//! The balance of each account at the end of each day.
//!
//! Not here: how a day's balance follows from others; `domain::balance` says that. Nor
//! the balances of right now, which accounts carry.

use async_trait::async_trait;
use domain::balance::BalanceSource;
use domain::id::{AccountId, ConnectionId, EntityId, OrganizationId};
use jiff::Timestamp;
use jiff::civil::Date;

use super::StoreError;

/// The balance of each account at the end of each day.
#[async_trait]
pub trait Balances {
    /// A page of balances: the latest day first, and the accounts of a day by id.
    ///
    /// An account has some once the bank has shown a balance together with its day.
    async fn balances(
        &self,
        organization: OrganizationId,
        filter: BalanceFilter,
        page: BalancePageRequest,
    ) -> Result<Vec<Balance>, StoreError>;
}

/// The balance of an account at the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The account.
    pub account_id: AccountId,
    /// Where it was read.
    pub connection_id: ConnectionId,
    /// On whose behalf.
    pub entity_id: EntityId,
    /// The bank's calendar date.
    pub date: Date,
    /// The account's currency.
    pub currency: String,
    /// The booked balance, a signed decimal.
    pub ledger_balance: String,
    /// The sum of what was booked on the day, a signed decimal.
    pub posted_transaction_delta: String,
    /// Where the balance comes from.
    pub source: BalanceSource,
    /// When something of the above last changed.
    pub updated_at: Timestamp,
}

/// Which balances are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct BalanceFilter {
    /// Of this entity's connections.
    pub entity_id: Option<EntityId>,
    /// Of this connection.
    pub connection_id: Option<ConnectionId>,
    /// Of this account.
    pub account_id: Option<AccountId>,
    /// Of this day or later.
    pub date_gte: Option<Date>,
    /// Of days before this one.
    pub date_lt: Option<Date>,
}

/// Which part of a list of balances is wanted.
#[derive(Clone, Copy, Debug)]
pub struct BalancePageRequest {
    /// From after the one of this day and account.
    pub after: Option<(Date, AccountId)>,
    /// At most so many.
    pub limit: u32,
}
