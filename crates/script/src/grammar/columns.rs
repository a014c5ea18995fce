//! The fields of records, as the keys of `columns`, `fields` and `pending`.
//!
//! Not here: how each is read from a cell.

use super::texts::{HEADER, LABELS, PART, PIECE_MAP, TEXT};
use super::{Key, Keys, Map, Need, Rule, Takes, Word};

/// A column: its header, or of `records` a selector; or a part of the cells under one.
pub(super) const COLUMN: Takes = Takes::Or(&Takes::Text(HEADER), &PART);

/// A field beside its label, or a piece of the page.
const FIELD: Takes = Takes::Or(&LABELS, &PIECE_MAP);

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

pub(super) const TRANSACTION: [Word; 18] = [
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

pub(super) const fn keys<const N: usize>(words: [Word; N], takes: Takes) -> [Key; N] {
    let mut keys = [Key { name: "", takes, need: Need::Optional, text: "" }; N];
    let mut index = 0;
    while index < N {
        keys[index].name = words[index].0;
        keys[index].text = words[index].1;
        index += 1;
    }
    keys
}

static ACCOUNT_COLUMNS: [Key; 12] = keys(ACCOUNT, COLUMN);
static ACCOUNT_FIELDS: [Key; 12] = keys(ACCOUNT, FIELD);
static TRANSACTION_COLUMNS: [Key; 18] = keys(TRANSACTION, COLUMN);
static PENDING_WORDS: [Key; 18] = keys(TRANSACTION, Takes::Text(TEXT));

pub(super) static COLUMNS_OF_ACCOUNTS: Map = Map {
    id: "accountColumns",
    name: "`columns` of accounts",
    text: "Headers are compared whole, white space and case folded. Of `records` a field is what a selector fits in each.",
    keys: Keys::Chosen(&ACCOUNT_COLUMNS),
    rules: &[Rule::All(&["name"])],
};

pub(super) static FIELDS_OF_ACCOUNT: Map = Map {
    id: "accountFields",
    name: "`fields`",
    text: "A label is a term of a list, a header cell, or the first of two cells that are all of a row; the value is what \
           follows it.",
    keys: Keys::Chosen(&ACCOUNT_FIELDS),
    rules: &[],
};

pub(super) static COLUMNS_OF_TRANSACTIONS: Map = Map {
    id: "transactionColumns",
    name: "`columns` of transactions",
    text: "Headers are compared whole, white space and case folded. Of `records` a field is what a selector fits in each.",
    keys: Keys::Chosen(&TRANSACTION_COLUMNS),
    rules: &[Rule::All(&["postedDate", "description"]), Rule::Amounts],
};

pub(super) static COLUMNS_OF_PENDING: Map = Map {
    id: "pendingColumns",
    name: "`columns` of `pendingTable`",
    text: "Headers are compared whole, white space and case folded. Of `records` a field is what a selector fits in each.",
    keys: Keys::Chosen(&TRANSACTION_COLUMNS),
    rules: &[Rule::All(&["description", "amount"])],
};

pub(super) static PENDING: Map = Map {
    id: "pending",
    name: "`pending`",
    text: "One column and the text in it: `{ postedDate: Pending }`.",
    keys: Keys::Chosen(&PENDING_WORDS),
    rules: &[Rule::Single],
};
