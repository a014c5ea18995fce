//! The face of a row: what of it makes two rows the same to whoever looks at the list.
//!
//! Day, amount, currency and the bank's words. The amount counts by its value, so `10.0`
//! is `10.00`; words count with case and white space folded. Where a row stands, on which
//! page, the balance beside it and when it was read are never part of it: they change
//! while the row stays the same.
//!
//! Not here: references of the bank's; how far they are to be trusted is measured
//! (`references`).

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::transaction::{ObservedTransaction, TransactionStatus};

/// A face as a text that is equal for equal faces and for no others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Face(pub String);

impl Face {
    /// The face of a row.
    #[must_use]
    pub fn of(row: &ObservedTransaction) -> Self {
        let traits = Traits::of(row);
        let day = traits.day.map(|day| day.to_string()).unwrap_or_default();
        let parts = [day, traits.amount.to_string(), row.currency.clone(), traits.words];
        Self(parts.iter().map(|part| format!("{}:{part}", part.len())).collect())
    }
}

/// What the tiers compare of a row, made once.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    /// The day that is shown for it: of its booking, or else of the payment.
    pub(super) day: Option<Date>,
    /// Without trailing zeros. An amount that isn't a number never gets this far; it would
    /// be zero.
    pub(super) amount: Decimal,
    /// The description, folded.
    pub(super) words: String,
    /// Announced and not booked.
    pub(super) is_pending: bool,
}

impl Traits {
    pub(super) fn of(row: &ObservedTransaction) -> Self {
        let amount: Decimal = row.amount.parse().unwrap_or_default();
        Self {
            day: row.posted_date.or(row.transaction_date),
            amount: amount.normalize(),
            words: folded(&row.description),
            is_pending: row.status == TransactionStatus::Pending,
        }
    }
}

/// A reference, unless it is one of the texts that banks write where there is none.
pub(super) fn reference(row: &ObservedTransaction) -> Option<&str> {
    const NONE: [&str; 6] = ["nonref", "notprovided", "none", "n/a", "na", "null"];
    let reference = row.bank_reference.as_deref()?.trim();
    let says_nothing = reference.chars().all(|char| !char.is_alphanumeric() || char == '0');
    (!says_nothing && !NONE.contains(&reference.to_lowercase().as_str())).then_some(reference)
}

/// Case and white space folded.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::Face;
    use crate::ledger::tests::row;

    #[test]
    fn a_face_is_day_amount_currency_and_words() {
        let face = Face::of(&row("2026-10-03 -4.50 bean"));
        assert_eq!(face, Face::of(&row("2026-10-03 -4.5 BEAN")));
        for other in ["2026-10-04 -4.50 bean", "2026-10-03 4.50 bean", "2026-10-03 -4.50 beans"] {
            assert_ne!(face, Face::of(&row(other)), "{other}");
        }
        let mut euro = row("2026-10-03 -4.50 bean");
        euro.currency = "EUR".into();
        assert_ne!(face, Face::of(&euro));
    }

    #[test]
    fn the_balance_beside_a_row_and_its_reference_are_no_part_of_its_face() {
        let mut other = row("2026-10-03 -4.50 bean");
        other.running_balance = Some("95.50".into());
        other.bank_reference = Some("7".into());
        assert_eq!(Face::of(&row("2026-10-03 -4.50 bean")), Face::of(&other));
    }
}
