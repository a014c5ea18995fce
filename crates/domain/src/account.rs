//! An account as a portal shows it.
//!
//! Not here: our id for it, or when it was read; the store adds those.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::observation::{Sheet, ShownBalance, Window};
use crate::transaction::ObservedTransaction;
use crate::word::words;

words! {
    /// What kind of account it is.
    pub enum AccountType {
        /// A current or operating account.
        Checking = "checking",
        /// A savings account.
        Savings = "savings",
        /// A money market account.
        MoneyMarket = "moneyMarket",
        /// A card account.
        CreditCard = "creditCard",
        /// A loan.
        Loan = "loan",
        /// An investment or securities account.
        Investment = "investment",
        /// A wallet.
        Wallet = "wallet",
        /// The portal names a kind that isn't in this list.
        Other = "other",
        /// The portal doesn't say.
        Unknown = "unknown",
    }
}

words! {
    /// Whether the account is in use.
    pub enum AccountStatus {
        /// In use.
        Open = "open",
        /// Closed at the bank.
        Closed = "closed",
        /// The portal doesn't say.
        Unknown = "unknown",
    }
}

/// One account with its transactions, as one run read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObservedAccount {
    /// What the portal itself tells accounts apart by.
    pub portal_key: String,
    /// What kind of account it is.
    #[serde(rename = "type")]
    pub account_type: AccountType,
    /// Upper-case code, usually ISO 4217.
    pub currency: String,
    /// The name that the customer sees.
    pub name: String,
    /// Whether it is in use.
    pub status: AccountStatus,
    /// The bank's own product name.
    #[serde(default)]
    pub official_name: Option<String>,
    /// The number as the portal masks it.
    #[serde(default)]
    pub masked_number: Option<String>,
    /// The whole number, where the portal shows it.
    #[serde(default)]
    pub account_number: Option<String>,
    /// ABA routing number.
    #[serde(default)]
    pub routing_number: Option<String>,
    /// BIC of the branch.
    #[serde(default)]
    pub swift_bic: Option<String>,
    /// Booked balance, a signed decimal; absent where the portal shows none.
    #[serde(default)]
    pub current_balance: Option<String>,
    /// Balance that can be spent, a signed decimal.
    #[serde(default)]
    pub available_balance: Option<String>,
    /// The day that the bank gives for its balances.
    #[serde(default)]
    pub balance_as_of: Option<Date>,
    /// What was read of its transactions, in the portal's order.
    pub transactions: Vec<ObservedTransaction>,
    // Those below came later: what isn't there is left out, so that a coordinator that
    // doesn't know them can read what an agent hands in.
    /// Which part of its transactions that is; nothing is known of it where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Booked balances of other days that were shown, as on a statement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub balances: Vec<ShownBalance>,
    /// Why the account couldn't be read whole. Half of one looks like a whole one, so then
    /// it has no transactions and no balances, and what is known of it stays as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// The cells that all this was read from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<Sheet>,
}

impl ObservedAccount {
    /// One of which nothing is known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self {
            portal_key: String::new(),
            account_type: AccountType::Unknown,
            currency: String::new(),
            name: String::new(),
            status: AccountStatus::Unknown,
            official_name: None,
            masked_number: None,
            account_number: None,
            routing_number: None,
            swift_bic: None,
            current_balance: None,
            available_balance: None,
            balance_as_of: None,
            transactions: Vec::new(),
            window: None,
            balances: Vec::new(),
            failure: None,
            sheets: Vec::new(),
        }
    }
}
