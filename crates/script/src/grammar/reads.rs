//! The keys of what is read: the list of accounts, their own pages.
//!
//! Not here: transactions, or the fields of records (`columns`).

use super::columns::{COLUMNS_OF_ACCOUNTS, FIELDS_OF_ACCOUNT};
use super::pages::CLOSE;
use super::permissions::PERMISSIONS;
use super::texts::{DATE, ONE_SELECTOR, PAGE_NAME, PIECE_OF_TEXT};
use super::transactions::TRANSACTIONS;
use super::words::{ACCOUNT_WORDS, read_by, types};
use super::{Key, Keys, Map, Need, Rule, Takes};

pub(super) const ON: Key =
    Key { name: "on", takes: Takes::Text(PAGE_NAME), need: Need::Needed, text: "The page that it is read on." };
pub(super) const TABLE: Key = Key {
    name: "table",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "The table whose rows are records; columns are found by their headers.",
};
pub(super) const RECORDS: Key = Key {
    name: "records",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "The records themselves, where they are no rows of a table, such as tiles or cards.",
};
/// Where records are.
pub(super) const SOMEWHERE: Rule = Rule::OneOf(&["table", "records"]);
pub(super) const SKIP: Key = Key {
    name: "skip",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "Rows that are no records, such as a subtotal or the name of a month.",
};
pub(super) const EMPTY: Key = Key {
    name: "empty",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "Visible when there are really no records; without it, no rows are a `data.incomplete`.",
};
pub(super) const DATE_PATTERN: Key = Key {
    name: "date",
    takes: Takes::Text(DATE),
    need: Need::Optional,
    text: "How dates are written: `YYYY` `YY` `MMMM` `MMM` `MM` `M` `DD` `D`, `GY` for years of an era; after \
           `[de]` and the like with months in that language.",
};
pub(super) const OPEN: &str = "open";
pub(super) const BACK: &str = "back";

pub(crate) static READS: Map = Map {
    id: "reads",
    name: "`reads`",
    text: "What is read. Values are read whole, by the declared locale and patterns, or not at all.",
    keys: Keys::Ordered(&[
        Key {
            name: "by",
            takes: Takes::Word(read_by),
            need: Need::Default("session"),
            text: "By what they are made once the sign-in worked: a browser isn't needed where links and forms will do.",
        },
        Key {
            name: "owed",
            takes: Takes::OneOrMany(&Takes::Word(types)),
            need: Need::Optional,
            text: "The types of accounts whose balances and amounts are shown as what is owed, such as cards and loans.",
        },
        Key { name: "accounts", takes: Takes::Map(&ACCOUNTS), need: Need::Needed, text: "The list of accounts." },
        Key {
            name: "account",
            takes: Takes::Map(&ACCOUNT),
            need: Need::Optional,
            text: "The details on an account's own page.",
        },
        Key {
            name: "transactions",
            takes: Takes::Map(&TRANSACTIONS),
            need: Need::Optional,
            text: "The transactions of an account, page by page.",
        },
        Key {
            name: "permissions",
            takes: Takes::Map(&PERMISSIONS),
            need: Need::Optional,
            text: "What the user may do, where the portal shows it.",
        },
    ]),
    rules: &[],
};

pub(crate) static ACCOUNTS: Map = Map {
    id: "accounts",
    name: "`accounts`",
    text: "The list of accounts. An account that can't be read on its own page says why, and the run goes on with the next one.",
    keys: Keys::Ordered(&[
        ON,
        TABLE,
        RECORDS,
        SKIP,
        EMPTY,
        Key {
            name: "columns",
            takes: Takes::Map(&COLUMNS_OF_ACCOUNTS),
            need: Need::Needed,
            text: "Our fields, and the headers that they stand under.",
        },
        DATE_PATTERN,
        Key {
            name: "map",
            takes: Takes::Map(&ACCOUNT_WORDS),
            need: Need::Optional,
            text: "The bank's words, and what they mean.",
        },
        Key {
            name: "key",
            takes: PIECE_OF_TEXT,
            need: Need::Needed,
            text: "What tells accounts apart, within the row, and stays the same from run to run.",
        },
        Key {
            name: "noPage",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "Rows that this fits have no page of their own; what the list says of them is all.",
        },
        Key {
            name: OPEN,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "Within the row: what leads to the account's own page, where something is read there.",
        },
        Key {
            name: BACK,
            takes: Takes::Or(&ONE_SELECTOR, &CLOSE),
            need: Need::Optional,
            text: "On the account's own page: what leads to the list.",
        },
    ]),
    rules: &[
        SOMEWHERE,
        Rule::Together { map: "map", of: "columns", keys: &["type", "status"] },
        Rule::NeededFor { key: "date", of: "columns", any: &["balanceAsOf"] },
    ],
};

pub(crate) static ACCOUNT: Map = Map {
    id: "account",
    name: "`account`",
    text: "The details on an account's own page. An empty value says nothing: a balance that isn't shown is absent, never zero.",
    keys: Keys::Ordered(&[
        ON,
        Key {
            name: "fields",
            takes: Takes::Map(&FIELDS_OF_ACCOUNT),
            need: Need::Needed,
            text: "Our fields, and the labels that they stand beside, or pieces of text.",
        },
        DATE_PATTERN,
        Key {
            name: "map",
            takes: Takes::Map(&ACCOUNT_WORDS),
            need: Need::Optional,
            text: "The bank's words, and what they mean.",
        },
    ]),
    rules: &[
        Rule::Together { map: "map", of: "fields", keys: &["type", "status"] },
        Rule::NeededFor { key: "date", of: "fields", any: &["balanceAsOf"] },
    ],
};
