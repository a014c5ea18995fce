//! Field 61 of MT940, a row.
//!
//! ```text
//! YYMMDD [MMDD] (C | D | RC | RD | EC | ED) [funds letter] amount (N | F | S) type customer-reference [// bank-reference]
//! supplementary details, in a line of their own
//! ```
//!
//! Not here: field 86, which tells more of it (`details.rs`).

use domain::money::Currency;
use domain::transaction::{ObservedTransaction, TransactionStatus};

use super::{Row, malformed};
use crate::amount::{direction, in_currency, negated, with_comma_or_none};
use crate::day;
use crate::meter::Meter;
use crate::mt940::message::Field;
use crate::rail;
use crate::refusal::Refusal;
use crate::text::{collapsed, filled};

pub(super) fn read(field: &Field<'_>, currency: &str, meter: &Meter) -> Result<Row, Refusal> {
    meter.text(field.value.len() + field.more.len())?;
    let line = field.value.trim_start();
    let (valued, rest) = line.split_at_checked(6).ok_or(Refusal::NotADate { field: "the row's value date" })?;
    let value_date = day::short(valued, "the row's value date")?;
    let (posted_date, rest) = match rest.split_at_checked(4) {
        Some((entry, after)) if entry.bytes().all(|byte| byte.is_ascii_digit()) => {
            (day::without_year(entry, value_date, "the row's entry date")?, after)
        }
        _ => (value_date, rest),
    };
    let (is_debit, rest) = mark(rest)?;
    // The third letter of the currency, where it is given.
    let rest = rest.strip_prefix(|char: char| char.is_ascii_uppercase()).unwrap_or(rest);
    let end = rest.find(|char: char| !char.is_ascii_digit() && char != ',').unwrap_or(rest.len());
    let (digits, rest) = rest.split_at(end);
    let code = Currency::parse(currency).map_err(|_| Refusal::NoCurrency)?;
    let size = in_currency(with_comma_or_none(digits, "the row's amount")?, &code, "the row's amount")?;
    let amount = if is_debit { negated(size) } else { size };
    let kind = rest.get(..4).filter(|kind| kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' '));
    let kind = kind.filter(|kind| kind.starts_with(['N', 'F', 'S']));
    let kind = kind.ok_or_else(|| malformed("a row has no transaction type"))?;
    let references = rest.get(4..).unwrap_or_default();
    let (customer, bank) = references.split_once("//").unwrap_or((references, ""));
    let customer = filled(customer).filter(|reference| reference != "NONREF");
    let raw = if field.more.is_empty() { None } else { Some(field.more.to_owned()) };
    let mut entry_type = direction(amount);
    if amount.is_zero() && is_debit {
        entry_type = domain::transaction::EntryType::Debit;
    }
    let transaction = ObservedTransaction {
        status: TransactionStatus::Posted,
        posted_date: Some(posted_date),
        amount: amount.to_string(),
        currency: currency.to_owned(),
        entry_type,
        description: collapsed(field.more),
        raw_description: raw,
        rail: rail::of_swift(kind.get(1..).unwrap_or_default(), None),
        bank_reference: filled(bank).filter(|reference| reference != "NONREF"),
        customer_reference: customer,
        bai_code: None,
        category: None,
        subcategory: None,
        mcc: None,
        merchant_name: None,
        counterparty_name: None,
        counterparty_account_masked: None,
        transaction_date: (value_date != posted_date).then_some(value_date),
        running_balance: None,
    };
    Ok(Row { amount, transaction })
}

/// Whether money goes out, and what is left: a reversed credit goes out, an expected one comes in.
fn mark(rest: &str) -> Result<(bool, &str), Refusal> {
    let marks = [("RC", true), ("RD", false), ("EC", false), ("ED", true), ("C", false), ("D", true)];
    let found = marks.into_iter().find_map(|(mark, is_debit)| Some((is_debit, rest.strip_prefix(mark)?)));
    found.ok_or_else(|| malformed("a row has no debit or credit mark"))
}
