//! The keys of what is read: accounts, their own pages, their transactions.
//!
//! Not here: the fields of records (`columns`).

use domain::account::{AccountStatus, AccountType};
use domain::transaction::{Rail, TransactionStatus};

use super::columns::{ACCOUNT_COLUMNS, ACCOUNT_FIELDS, PENDING_WORDS, TRANSACTION_COLUMNS};
use super::texts::{
    AFTER, ATTRIBUTE, BANKS_WORD, BEFORE, DATE, HEADER, OF, ONE_SELECTOR, PAGE_NAME, PIECE_OF_TEXT, SOMEWHERE,
};
use super::{Key, Keys, Map, Need, Rule, Takes, Word};

fn types() -> Vec<Word> {
    AccountType::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
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

const ON: Key =
    Key { name: "on", takes: Takes::Text(PAGE_NAME), need: Need::Needed, text: "The page that it is read on." };
const TABLE: Key = Key {
    name: "table",
    takes: ONE_SELECTOR,
    need: Need::Needed,
    text: "The table; columns are found by their headers.",
};
const SKIP: Key = Key {
    name: "skip",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "Rows that are no records, such as a subtotal or the name of a month.",
};
const EMPTY: Key = Key {
    name: "empty",
    takes: ONE_SELECTOR,
    need: Need::Optional,
    text: "Visible when there are really no records; without it, no rows are a `data.incomplete`.",
};
const DATE_PATTERN: Key = Key {
    name: "date",
    takes: Takes::Text(DATE),
    need: Need::Optional,
    text: "How dates are written: `YYYY` `YY` `MMMM` `MMM` `MM` `M` `DD` `D`, after `[de]` and the like with months in that language.",
};
const OPEN: &str = "open";
const BACK: &str = "back";

pub(crate) static READS: Map = Map {
    id: "reads",
    name: "`reads`",
    text: "What is read. Values are read whole, by the declared locale and patterns, or not at all.",
    keys: Keys::Ordered(&[
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
            name: OPEN,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "Within the row: what leads to the account's own page, where something is read there.",
        },
        Key {
            name: BACK,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "On the account's own page: what leads to the list.",
        },
    ]),
    rules: &[
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

pub(crate) static TRANSACTIONS: Map = Map {
    id: "transactions",
    name: "`transactions`",
    text: "The transactions of an account. Where they are on a page of their own, `open` and `back` say the way.",
    keys: Keys::Ordered(&[
        ON,
        Key {
            name: OPEN,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "On the account's own page: what leads to its transactions, where they are on another.",
        },
        Key {
            name: BACK,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "On that other page: what leads to the list of accounts.",
        },
        TABLE,
        SKIP,
        EMPTY,
        Key {
            name: "columns",
            takes: Takes::Map(&COLUMNS_OF_TRANSACTIONS),
            need: Need::Needed,
            text: "Our fields, and the headers that they stand under.",
        },
        DATE_PATTERN,
        Key {
            name: "pending",
            takes: Takes::Map(&PENDING),
            need: Need::Optional,
            text: "Rows with this text in this column are pending.",
        },
        Key {
            name: "map",
            takes: Takes::Map(&TRANSACTION_WORDS),
            need: Need::Optional,
            text: "The bank's words, and what they mean.",
        },
        Key {
            name: "pendingTable",
            takes: Takes::Map(&PENDING_TABLE),
            need: Need::Optional,
            text: "A table of what is announced alone; a page may lack it.",
        },
        Key {
            name: "announced",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "How many rows the portal says there are on all pages, on the first one.",
        },
        Key {
            name: "next",
            takes: Takes::Or(&ONE_SELECTOR, &NEXT),
            need: Need::Optional,
            text: "What leads to the next page, while it can be clicked.",
        },
        Key {
            name: "limit",
            takes: Takes::Whole(1, 1_000),
            need: Need::Default("200"),
            text: "How many pages there are at most.",
        },
    ]),
    rules: &[
        Rule::Together { map: "map", of: "columns", keys: &["rail", "status"] },
        Rule::NeededFor { key: "date", of: "columns", any: &["postedDate", "transactionDate"] },
        Rule::Among { from: "pending", of: "columns" },
    ],
};

pub(crate) static PENDING_TABLE: Map = Map {
    id: "pendingTable",
    name: "`pendingTable`",
    text: "A table of what is announced. Dates and words are read as in the other one.",
    keys: Keys::Ordered(&[
        TABLE,
        SKIP,
        EMPTY,
        Key {
            name: "columns",
            takes: Takes::Map(&COLUMNS_OF_PENDING),
            need: Need::Needed,
            text: "Our fields, and the headers that they stand under.",
        },
    ]),
    rules: &[],
};

pub(crate) static NEXT: Map = Map {
    id: "next",
    name: "`next`",
    text: "A way to the next page that isn't a button for it: the options of a field, or numbers of pages.",
    keys: Keys::Ordered(&[
        Key {
            name: "choose",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "A field whose options, from the one that shows to the last, are the pages.",
        },
        Key {
            name: "behind",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "The number of the page that shows; the next one is the first `click` behind it.",
        },
        Key { name: "click", takes: ONE_SELECTOR, need: Need::Needed, text: "What asks for the page." },
    ]),
    rules: &[Rule::OneOf(&["choose", "behind"])],
};

pub(crate) static PART: Map = Map {
    id: "part",
    name: "a part of a column",
    text: "A piece of text in the cells under a header. Several fields may be parts of one cell; what isn't there is empty.",
    keys: Keys::Ordered(&[
        Key { name: "column", takes: Takes::Text(HEADER), need: Need::Needed, text: "The header of the cells." },
        OF,
        ATTRIBUTE,
        AFTER,
        BEFORE,
    ]),
    rules: &[SOMEWHERE],
};

static COLUMNS_OF_ACCOUNTS: Map = Map {
    id: "accountColumns",
    name: "`columns` of accounts",
    text: "Headers are compared whole, white space and case folded.",
    keys: Keys::Chosen(&ACCOUNT_COLUMNS),
    rules: &[Rule::All(&["name"])],
};

static FIELDS_OF_ACCOUNT: Map = Map {
    id: "accountFields",
    name: "`fields`",
    text: "A label is a term of a list, a header cell, or the first of two cells that are all of a row; the value is what \
           follows it.",
    keys: Keys::Chosen(&ACCOUNT_FIELDS),
    rules: &[],
};

static COLUMNS_OF_TRANSACTIONS: Map = Map {
    id: "transactionColumns",
    name: "`columns` of transactions",
    text: "Headers are compared whole, white space and case folded.",
    keys: Keys::Chosen(&TRANSACTION_COLUMNS),
    rules: &[Rule::All(&["postedDate", "description"]), Rule::Amounts],
};

static COLUMNS_OF_PENDING: Map = Map {
    id: "pendingColumns",
    name: "`columns` of `pendingTable`",
    text: "Headers are compared whole, white space and case folded.",
    keys: Keys::Chosen(&TRANSACTION_COLUMNS),
    rules: &[Rule::All(&["description", "amount"])],
};

static PENDING: Map = Map {
    id: "pending",
    name: "`pending`",
    text: "One column and the text in it: `{ postedDate: Pending }`.",
    keys: Keys::Chosen(&PENDING_WORDS),
    rules: &[Rule::Single],
};

/// The bank's words of one field, and ours.
macro_rules! words {
    ($name:ident, $id:literal, $says:literal, $words:expr) => {
        static $name: Map = Map {
            id: $id,
            name: $says,
            text: "The bank's words, compared whole with white space and case folded, and ours. A word that isn't in it \
                   can't be read.",
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

pub(crate) static TRANSACTION_WORDS: Map = Map {
    id: "transactionMap",
    name: "`map` of transactions",
    text: "What the bank's words for a transaction mean. It is needed for each of these fields that is read.",
    keys: Keys::Ordered(&[
        Key { name: "rail", takes: Takes::Map(&RAIL_WORDS), need: Need::Optional, text: "Which way the money went." },
        Key {
            name: "status",
            takes: Takes::Map(&STATUS_WORDS),
            need: Need::Optional,
            text: "Whether a transaction is pending.",
        },
    ]),
    rules: &[],
};
