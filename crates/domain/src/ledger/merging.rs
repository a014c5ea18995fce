//! What is known of a transaction after it was read once more.
//!
//! What is shown now counts, and what isn't shown erases nothing: a script that stops
//! reading a column, or a portal that leaves one out, says nothing of what stood in it.
//!
//! A page and a file show the same transaction in words of their own. The words stay those
//! of the source that it was read in first, so that reading both in turn changes nothing;
//! the others are kept beside them, to know the row by. Of a file, or of a page after a file,
//! the rest is taken as far as nothing is known of it.
//!
//! Not here: which row is which.

use rust_decimal::Decimal;

use super::Entry;
use super::face::folded;
use crate::observation::Source;
use crate::transaction::{ObservedTransaction, Rail, TransactionStatus};

/// What is known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// All of it.
    pub row: ObservedTransaction,
    /// Its description in the other source.
    pub alias: Option<String>,
    /// Where its reference was read.
    pub reference_source: Source,
    /// Whether it differs from what was known, in whatever is shown of a transaction.
    pub is_modified: bool,
}

/// What is known of `entry` after `row` was read in `source`.
#[must_use]
pub fn merged(entry: &Entry, row: &ObservedTransaction, source: Source) -> Merged {
    let known = &entry.row;
    // What was only announced is known better by whoever shows it booked.
    let is_booked = known.status == TransactionStatus::Pending && row.status != TransactionStatus::Pending;
    // A page says what is so now; a file, what was so when it was made: it fills in.
    let mut merged = if source == Source::Pages && entry.source == Source::Pages {
        newer(known, row)
    } else if is_booked {
        let words = (known.description.clone(), known.raw_description.clone());
        let mut merged = newer(known, row);
        (merged.description, merged.raw_description) = words;
        merged
    } else {
        newer(row, known)
    };
    if known.status != TransactionStatus::Pending && row.status == TransactionStatus::Pending {
        // A booking doesn't become an announcement again.
        merged.status = known.status;
        merged.posted_date = known.posted_date;
    }
    // A balance beside a row is that of the list, not the row's own.
    merged.running_balance.clone_from(&row.running_balance);
    // The same size written otherwise is no change.
    if amount(&merged) == amount(known) {
        merged.amount.clone_from(&known.amount);
    }
    let alias = if (source, entry.source) != (Source::Pages, Source::Pages)
        && folded(&row.description) != folded(&known.description)
    {
        Some(row.description.clone())
    } else {
        entry.alias.clone()
    };
    let has_its_reference = row.bank_reference.is_some() && merged.bank_reference == row.bank_reference;
    let is_new_reference = known.bank_reference != merged.bank_reference;
    let reference_source = if has_its_reference && is_new_reference { source } else { entry.reference_source };
    let is_modified = shown(&merged) != shown(known);
    Merged { row: merged, alias, reference_source, is_modified }
}

/// `newer`, with what it says nothing of taken from `older`.
fn newer(older: &ObservedTransaction, newer: &ObservedTransaction) -> ObservedTransaction {
    let text = |of: fn(&ObservedTransaction) -> &Option<String>| of(newer).clone().or_else(|| of(older).clone());
    ObservedTransaction {
        rail: if newer.rail == Rail::Unknown { older.rail } else { newer.rail },
        raw_description: match (&newer.raw_description, newer.description == older.description) {
            (None, true) => older.raw_description.clone(),
            (raw, _) => raw.clone(),
        },
        bank_reference: text(|row| &row.bank_reference),
        customer_reference: text(|row| &row.customer_reference),
        bai_code: text(|row| &row.bai_code),
        category: text(|row| &row.category),
        subcategory: text(|row| &row.subcategory),
        mcc: text(|row| &row.mcc),
        merchant_name: text(|row| &row.merchant_name),
        counterparty_name: text(|row| &row.counterparty_name),
        counterparty_account_masked: text(|row| &row.counterparty_account_masked),
        transaction_date: newer.transaction_date.or(older.transaction_date),
        posted_date: match newer.status {
            TransactionStatus::Pending => newer.posted_date,
            _ => newer.posted_date.or(older.posted_date),
        },
        ..newer.clone()
    }
}

fn amount(row: &ObservedTransaction) -> Option<Decimal> {
    row.amount.parse().ok()
}

/// What the API shows of it: all but the day of the payment and the balance beside it.
fn shown(row: &ObservedTransaction) -> ObservedTransaction {
    ObservedTransaction { transaction_date: None, running_balance: None, ..row.clone() }
}

#[cfg(test)]
mod tests {
    use super::merged;
    use crate::ledger::tests::{entries, row};
    use crate::observation::Source;
    use crate::transaction::Rail;

    #[test]
    fn what_is_read_again_as_it_was_modifies_nothing() {
        let entry = &entries("2026-10-03 -4.50 bean ref:7")[0];
        assert!(!merged(entry, &entry.row, Source::Pages).is_modified);
        let mut elsewhere = entry.row.clone();
        elsewhere.running_balance = Some("3.00".into());
        assert!(!merged(entry, &elsewhere, Source::Pages).is_modified);
    }

    #[test]
    fn what_is_not_shown_erases_nothing() {
        let entry = &entries("2026-10-03 -4.50 bean ref:7")[0];
        let mut bare = row("2026-10-03 -4.50 bean");
        bare.rail = Rail::Unknown;
        let merged = merged(entry, &bare, Source::Pages);
        assert!(!merged.is_modified);
        assert_eq!((merged.row.bank_reference.as_deref(), merged.row.rail), (Some("7"), Rail::Card));
    }

    #[test]
    fn what_is_shown_otherwise_counts() {
        let entry = &entries("pending:2026-10-01 -4.50 bean")[0];
        let merged = merged(entry, &row("2026-10-03 -5.00 BEAN INC"), Source::Pages);
        assert!(merged.is_modified);
        assert_eq!(merged.row.amount, "-5.00");
        assert_eq!(merged.row.posted_date, "2026-10-03".parse().ok());
        assert_eq!(merged.row.transaction_date, "2026-10-01".parse().ok());
    }

    #[test]
    fn a_file_and_a_page_read_in_turn_modify_nothing_after_the_first_time() {
        let mut entry = entries("2026-10-03 -4.50 bean").remove(0);
        let file = row("2026-10-03 -4.50 SEPA BEAN INC ref:77");
        let first = merged(&entry, &file, Source::File);
        assert!(first.is_modified, "the reference wasn't known");
        assert_eq!((first.row.description.as_str(), first.alias.as_deref()), ("bean", Some("SEPA BEAN INC")));
        let page = entry.row.clone();
        (entry.row, entry.alias) = (first.row, first.alias);
        assert!(!merged(&entry, &page, Source::Pages).is_modified);
        assert!(!merged(&entry, &file, Source::File).is_modified);
    }

    #[test]
    fn a_booking_does_not_become_an_announcement_again() {
        let entry = &entries("2026-10-03 -4.50 bean")[0];
        let merged = merged(entry, &row("pending -4.50 bean"), Source::Pages);
        assert!(!merged.is_modified);
    }

    #[test]
    fn a_reference_belongs_to_the_source_that_it_was_read_in() {
        let mut entry = entries("pending:2026-10-03 -4.50 bean").remove(0);
        let first = merged(&entry, &row("2026-10-03 -4.50 BEAN INC ref:F7"), Source::File);
        assert_eq!(first.reference_source, Source::File);
        (entry.row, entry.alias, entry.reference_source) = (first.row, first.alias, first.reference_source);
        let again = merged(&entry, &row("2026-10-03 -4.50 bean"), Source::Pages);
        assert_eq!((again.row.bank_reference.as_deref(), again.reference_source), (Some("F7"), Source::File));
        let own = merged(&entry, &row("2026-10-03 -4.50 bean ref:P1"), Source::Pages);
        assert_eq!((own.row.bank_reference.as_deref(), own.reference_source), (Some("P1"), Source::Pages));
    }
}
