//! The keys of transactions: their layouts, and the ways from one page of them to the next.
//!
//! Not here: the fields of records (`columns`).

use super::captured::CAPTURED;
use super::columns::{COLUMNS_OF_PENDING, COLUMNS_OF_TRANSACTIONS, PENDING as PENDING_COLUMN};
use super::files::FILE;
use super::pages::CLOSE;
use super::reads::{BACK, DATE_PATTERN, EMPTY, ON, OPEN, RECORDS, SKIP, SOMEWHERE, TABLE};
use super::texts::{DATE, ONE_SELECTOR, PIECE_OF_TEXT};
use super::words::TRANSACTION_WORDS;
use super::{Key, Keys, Least, Map, Need, Rule, Shape, Takes, Word};

const COLUMNS: Key = Key {
    name: "columns",
    takes: Takes::Map(&COLUMNS_OF_TRANSACTIONS),
    need: Need::Needed,
    text: "Our fields, and the headers that they stand under.",
};
const SIGNED: Key = Key {
    name: "signed",
    takes: Takes::Word(signed),
    need: Need::Optional,
    text: "A column of amounts that has signs of its own although it is one of two: `debit`.",
};
const PENDING: Key = Key {
    name: "pending",
    takes: Takes::Map(&PENDING_COLUMN),
    need: Need::Optional,
    text: "Rows with this text in this column are pending.",
};
const MAP: Key = Key {
    name: "map",
    takes: Takes::Map(&TRANSACTION_WORDS),
    need: Need::Optional,
    text: "The bank's words, and what they mean.",
};
/// The fields whose words are mapped.
const WORDS: &[&str] = &["rail", "status"];
const WITH_DEBIT: Rule = Rule::With { key: "signed", of: "columns", field: "debit" };

fn signed() -> Vec<Word> {
    vec![("debit", "What flows out is shown with a minus.")]
}

pub(crate) static TRANSACTIONS: Map = Map {
    id: "transactions",
    name: "`transactions`",
    text: "The transactions of an account. Where they are on a page of their own, `open` and `back` say the way.",
    keys: Keys::Ordered(&[
        ON,
        Key {
            name: "unless",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "On the account's own page: where this is visible, the account has no transactions to be read.",
        },
        Key {
            name: OPEN,
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "On the account's own page: what leads to its transactions, where they are on another.",
        },
        Key {
            name: BACK,
            takes: Takes::Or(&ONE_SELECTOR, &CLOSE),
            need: Need::Optional,
            text: "On that other page: what leads to the list of accounts.",
        },
        TABLE,
        RECORDS,
        SKIP,
        EMPTY,
        COLUMNS,
        SIGNED,
        DATE_PATTERN,
        PENDING,
        MAP,
        Key {
            name: "layouts",
            takes: Takes::List(&Takes::Map(&LAYOUT), Least::None),
            need: Need::Optional,
            text: "Other ways in which the portal lays them out: the first whose table has all its headers is the one that shows.",
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
            name: "windows",
            takes: Takes::Map(&WINDOWS),
            need: Need::Optional,
            text: "How the portal is asked for some days after others, where it shows no more at a time.",
        },
        Key {
            name: "captured",
            takes: Takes::Map(&CAPTURED),
            need: Need::Optional,
            text: "The portal's own answers, from which rows are taken in place of the table.",
        },
        Key {
            name: "file",
            takes: Takes::Map(&FILE),
            need: Need::Optional,
            text: "A file that the portal offers of the same, which counts before the table.",
        },
        Key {
            name: "limit",
            takes: Takes::Whole(1, 1_000),
            need: Need::Default("200"),
            text: "How many pages there are at most.",
        },
    ]),
    rules: &[
        SOMEWHERE,
        Rule::Together { map: "map", of: "columns", keys: WORDS },
        Rule::Later { list: "layouts", map: "map", of: "columns", keys: WORDS },
        WITH_DEBIT,
        Rule::NeededFor { key: "date", of: "columns", any: &["postedDate", "transactionDate"] },
        Rule::Among { from: "pending", of: "columns" },
        Rule::AtMostOneOf(&["captured", "windows"]),
        Rule::AtMostOneOf(&["captured", "pendingTable"]),
        Rule::AtMostOneOf(&["captured", "file"]),
    ],
};

pub(crate) static LAYOUT: Map = Map {
    id: "layout",
    name: "a layout",
    text: "Another way in which transactions are laid out. Of dates and words, what it doesn't say is as in the first.",
    keys: Keys::Ordered(&[TABLE, RECORDS, SKIP, EMPTY, COLUMNS, SIGNED, DATE_PATTERN, PENDING, MAP]),
    rules: &[
        SOMEWHERE,
        Rule::Only { map: "map", of: "columns", keys: WORDS },
        WITH_DEBIT,
        Rule::Among { from: "pending", of: "columns" },
    ],
};

pub(crate) static PENDING_TABLE: Map = Map {
    id: "pendingTable",
    name: "`pendingTable`",
    text: "A table of what is announced. Dates and words are read as in the other one.",
    keys: Keys::Ordered(&[
        TABLE,
        RECORDS,
        SKIP,
        EMPTY,
        Key {
            name: "columns",
            takes: Takes::Map(&COLUMNS_OF_PENDING),
            need: Need::Needed,
            text: "Our fields, and the headers that they stand under.",
        },
    ]),
    rules: &[SOMEWHERE],
};

pub(crate) static NEXT: Map = Map {
    id: "next",
    name: "`next`",
    text: "A way to the next page that isn't a button alone: the options of a field, numbers of pages, rows that come below, \
           a list that scrolls.",
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
        Key {
            name: "more",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "What brings further rows below those that are there, while it can be clicked.",
        },
        Key {
            name: "scroll",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "What scrolls; rows come and go with it.",
        },
        Key { name: "click", takes: ONE_SELECTOR, need: Need::Optional, text: "What asks for the page." },
        Key {
            name: "key",
            takes: PIECE_OF_TEXT,
            need: Need::Optional,
            text: "What tells rows apart that come and go, within the row.",
        },
        Key { name: "end", takes: ONE_SELECTOR, need: Need::Optional, text: "Visible when the end is reached." },
    ]),
    rules: &[Rule::Shapes(&[
        Shape { needed: &["choose", "click"], optional: &[] },
        Shape { needed: &["behind", "click"], optional: &[] },
        Shape { needed: &["more"], optional: &[] },
        Shape { needed: &["scroll", "key", "end"], optional: &[] },
        Shape { needed: &["click"], optional: &["end"] },
    ])],
};

pub(crate) static WINDOWS: Map = Map {
    id: "windows",
    name: "`windows`",
    text: "How a portal is asked for the transactions of some days, from the newest back.",
    keys: Keys::Ordered(&[
        Key { name: "from", takes: ONE_SELECTOR, need: Need::Needed, text: "The field of the first day." },
        Key { name: "to", takes: ONE_SELECTOR, need: Need::Needed, text: "The field of the last day." },
        Key { name: "click", takes: ONE_SELECTOR, need: Need::Needed, text: "What asks for them." },
        Key {
            name: "answer",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "The part of the page that an answer replaces, where that isn't the table alone.",
        },
        Key { name: "date", takes: Takes::Text(DATE), need: Need::Needed, text: "How days are typed." },
        Key {
            name: "days",
            takes: Takes::Whole(1, 3_660),
            need: Need::Needed,
            text: "How many days are asked for at once.",
        },
        Key {
            name: "reach",
            takes: Takes::Whole(1, 36_600),
            need: Need::Needed,
            text: "How many days back the portal can be asked.",
        },
    ]),
    rules: &[],
};
