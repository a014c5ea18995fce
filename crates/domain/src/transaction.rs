//! A transaction as a portal shows it.
//!
//! Not here: our id for it, which the ledger gives.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::word::words;

words! {
    /// Whether the bank has booked it.
    pub enum TransactionStatus {
        /// Announced and not booked.
        Pending = "pending",
        /// Booked.
        Posted = "posted",
        /// Booked and taken back.
        Reversed = "reversed",
        /// Announced and withdrawn.
        Cancelled = "cancelled",
        /// The portal doesn't say.
        Unknown = "unknown",
    }
}

words! {
    /// The direction of the money.
    pub enum EntryType {
        /// Money in.
        Credit = "credit",
        /// Money out.
        Debit = "debit",
    }
}

words! {
    /// The way that the money took.
    pub enum Rail {
        /// Between accounts of the same customer.
        InternalTransfer = "internalTransfer",
        /// A card.
        Card = "card",
        /// The Automated Clearing House.
        Ach = "ach",
        /// A SEPA credit transfer.
        SepaCredit = "sepaCredit",
        /// A SEPA direct debit.
        SepaDebit = "sepaDebit",
        /// A domestic wire.
        Wire = "wire",
        /// A SWIFT transfer.
        Swift = "swift",
        /// UK Faster Payments.
        FasterPayments = "fasterPayments",
        /// UK CHAPS.
        Chaps = "chaps",
        /// A paper check.
        Check = "check",
        /// Notes and coins.
        Cash = "cash",
        /// A fee of the bank.
        Fee = "fee",
        /// Interest.
        Interest = "interest",
        /// A way that isn't in this list.
        Other = "other",
        /// The portal doesn't say.
        Unknown = "unknown",
    }
}

/// One row of a portal's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObservedTransaction {
    /// Whether the bank has booked it.
    pub status: TransactionStatus,
    /// The bank's calendar date of booking; none while it is pending.
    #[serde(default)]
    pub posted_date: Option<Date>,
    /// A signed decimal with the scale that was shown; money in is positive.
    pub amount: String,
    /// Upper-case code, usually ISO 4217.
    pub currency: String,
    /// The direction of the money.
    pub entry_type: EntryType,
    /// The bank's words with white space collapsed.
    pub description: String,
    /// The bank's words as they stand in the page.
    #[serde(default)]
    pub raw_description: Option<String>,
    /// The way that the money took.
    pub rail: Rail,
    /// The bank's reference for it.
    #[serde(default)]
    pub bank_reference: Option<String>,
    /// The customer's reference for it.
    #[serde(default)]
    pub customer_reference: Option<String>,
    // Those below came later: what isn't shown is left out, so that a coordinator that
    // doesn't know them can read what an agent hands in.
    /// The BAI2 type code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bai_code: Option<String>,
    /// The bank's category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The bank's category within the category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subcategory: Option<String>,
    /// The merchant category code of a card payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcc: Option<String>,
    /// The merchant of a card payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant_name: Option<String>,
    /// Who paid or was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty_name: Option<String>,
    /// Their account, as the portal masks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty_account_masked: Option<String>,
    /// The day of the payment itself, where it is shown apart from that of its booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction_date: Option<Date>,
    /// The account's booked balance after it, as shown beside the row: a signed decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running_balance: Option<String>,
}
