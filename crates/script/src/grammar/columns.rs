//! The fields of records, as the keys of `columns`, `fields` and `pending`.
//!
//! Not here: how each is read from a cell.

use super::texts::{HEADER, LABEL, PIECE, TEXT};
use super::{Key, Need, Takes, Word, reads};

/// A column: its header, or a part of the cells under one.
const COLUMN: Takes = Takes::Or(&Takes::Text(HEADER), &reads::PART);

/// A field beside its label, or a piece of the page.
const FIELD: Takes = Takes::Or(&Takes::Text(LABEL), &PIECE);

const ACCOUNT: [Word; 12] = [
    ("name", "What the portal calls the account."),
    ("type", "What kind of account it is, by the words of `map`."),
    ("status", "Whether it is open, by the words of `map`."),
    ("currency", "Its currency, where it isn't that of the script."),
    ("officialName", "Its full name, where that is another."),
    ("maskedNumber", "Its number as far as the portal shows it."),
    ("accountNumber", "Its number in full: an IBAN, or the national number."),
    ("routingNumber", "The bank's national number: an ABA routing number, a sort code, a Bankleitzahl."),
    ("swiftBic", "The bank's BIC."),
    ("currentBalance", "The booked balance, without what is pending."),
    ("availableBalance", "What may be disposed of."),
    ("balanceAsOf", "The day of both balances."),
];

const TRANSACTION: [Word; 18] = [
    ("postedDate", "The day of the booking."),
    (
        "transactionDate",
        "The day of the payment, where it is shown apart from the booking's; a pending row may have it.",
    ),
    ("description", "What it is about, in the bank's words."),
    ("amount", "The amount with its sign: what flows in is positive."),
    ("credit", "What flows in, where that is a column of its own, beside `debit`."),
    ("debit", "What flows out, where that is a column of its own, beside `credit`."),
    ("runningBalance", "The booked balance after the row, which proves that no row is missing."),
    ("status", "Whether it is pending or posted, by the words of `map`."),
    ("rail", "Which way the money went, by the words of `map`."),
    ("bankReference", "The bank's own reference, taken as it is shown."),
    ("customerReference", "The customer's or the counterparty's reference."),
    ("baiCode", "The BAI2 code of its type."),
    ("category", "The bank's own category."),
    ("subcategory", "The bank's own category within that."),
    ("mcc", "The merchant's category code."),
    ("merchantName", "The merchant."),
    ("counterpartyName", "Who is on the other side."),
    ("counterpartyAccountMasked", "Their account, as far as the portal shows it."),
];

const fn keys<const N: usize>(words: [Word; N], takes: Takes) -> [Key; N] {
    let mut keys = [Key { name: "", takes, need: Need::Optional, text: "" }; N];
    let mut index = 0;
    while index < N {
        keys[index].name = words[index].0;
        keys[index].text = words[index].1;
        index += 1;
    }
    keys
}

pub(super) static ACCOUNT_COLUMNS: [Key; 12] = keys(ACCOUNT, COLUMN);
pub(super) static ACCOUNT_FIELDS: [Key; 12] = keys(ACCOUNT, FIELD);
pub(super) static TRANSACTION_COLUMNS: [Key; 18] = keys(TRANSACTION, COLUMN);
pub(super) static PENDING_WORDS: [Key; 18] = keys(TRANSACTION, Takes::Text(TEXT));
