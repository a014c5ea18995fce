//! The bank's words, and ours that they are mapped to.
//!
//! Not here: where they are read.

use domain::account::{AccountStatus, AccountType};
use domain::transaction::{Rail, TransactionStatus};

use super::texts::BANKS_WORD;
use super::{Key, Keys, Map, Need, Takes, Word};

pub(super) fn types() -> Vec<Word> {
    AccountType::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

pub(super) fn read_by() -> Vec<Word> {
    vec![("session", "By whatever signed in."), ("http", "Without a browser, with the session's cookies.")]
}

fn account_statuses() -> Vec<Word> {
    AccountStatus::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

fn rails() -> Vec<Word> {
    Rail::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

fn statuses() -> Vec<Word> {
    TransactionStatus::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

/// The bank's words of one field, and ours.
macro_rules! words {
    ($name:ident, $id:literal, $says:literal, $words:expr) => {
        pub(super) static $name: Map = Map {
            id: $id,
            name: $says,
            text: "The bank's words, compared whole with white space and case folded, and ours. One that ends in `…` is how \
                   words begin: the longest that fits counts, where no whole word does. A word that isn't in it can't be \
                   read.",
            keys: Keys::Named { key: BANKS_WORD, takes: Takes::Word($words), most: None },
            rules: &[],
        };
    };
}

words!(TYPE_WORDS, "typeWords", "the words of `type`", types);
words!(ACCOUNT_STATUS_WORDS, "accountStatusWords", "the words of an account's `status`", account_statuses);
words!(RAIL_WORDS, "railWords", "the words of `rail`", rails);
words!(STATUS_WORDS, "statusWords", "the words of a transaction's `status`", statuses);

pub(crate) static ACCOUNT_WORDS: Map = Map {
    id: "accountMap",
    name: "`map` of accounts",
    text: "What the bank's words for an account mean. It is needed for each of these fields that is read.",
    keys: Keys::Ordered(&[
        Key { name: "type", takes: Takes::Map(&TYPE_WORDS), need: Need::Optional, text: "Kinds of accounts." },
        Key {
            name: "status",
            takes: Takes::Map(&ACCOUNT_STATUS_WORDS),
            need: Need::Optional,
            text: "Whether an account is open.",
        },
    ]),
    rules: &[],
};

/// The words for which way the money went.
pub(super) const RAIL: Key =
    Key { name: "rail", takes: Takes::Map(&RAIL_WORDS), need: Need::Optional, text: "Which way the money went." };

/// The words for whether a transaction is pending.
pub(super) const STATUS: Key = Key {
    name: "status",
    takes: Takes::Map(&STATUS_WORDS),
    need: Need::Optional,
    text: "Whether a transaction is pending.",
};

pub(crate) static TRANSACTION_WORDS: Map = Map {
    id: "transactionMap",
    name: "`map` of transactions",
    text: "What the bank's words for a transaction mean. It is needed for each of these fields that is read.",
    keys: Keys::Ordered(&[RAIL, STATUS]),
    rules: &[],
};
