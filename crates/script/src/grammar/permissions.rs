//! The keys of what the user may do, as the portal shows it.
//!
//! Not here: accounts and transactions (`reads`).

use domain::permissions::Right;

use super::columns::{COLUMN, keys};
use super::reads::{BACK, EMPTY, ON, OPEN, RECORDS, SKIP, SOMEWHERE, TABLE};
use super::texts::{BANKS_WORD, ONE_SELECTOR, WORDS};
use super::{Key, Keys, Map, Need, Rule, Takes, Word};

/// What stands for nothing that may be done.
pub(crate) const NONE: &str = "none";

const FIELDS: [Word; 4] = [
    ("view", "Whether balances and transactions may be looked at, by the words of `granted` and `refused`."),
    ("initiate", "Whether payments may be made or prepared, by these words."),
    ("approve", "Whether payments may be approved, by these words."),
    ("access", "What may be done, by the words of `map`."),
];

static COLUMNS: [Key; 4] = keys(FIELDS, COLUMN);
/// The columns that say whether something may be done.
const EACH: &[&str] = &["view", "initiate", "approve"];

fn rights() -> Vec<Word> {
    let rights = Right::ALL.iter().map(|right| (right.as_str(), right.meaning()));
    rights.chain([(NONE, "Nothing.")]).collect()
}

pub(crate) static PERMISSIONS: Map = Map {
    id: "permissions",
    name: "`permissions`",
    text: "What the portal says its user may do. What is granted in any row is granted. A page that can't be read is told of, \
           and everything else is read all the same.",
    keys: Keys::Ordered(&[
        ON,
        Key {
            name: OPEN,
            takes: ONE_SELECTOR,
            need: Need::Needed,
            text: "On the list of accounts: what leads to the page.",
        },
        Key {
            name: BACK,
            takes: ONE_SELECTOR,
            need: Need::Needed,
            text: "On the page: what leads to the list of accounts.",
        },
        TABLE,
        RECORDS,
        SKIP,
        EMPTY,
        Key {
            name: "columns",
            takes: Takes::Map(&COLUMNS_OF_PERMISSIONS),
            need: Need::Needed,
            text: "What may be done, and the headers that it stands under.",
        },
        Key { name: "granted", takes: WORDS, need: Need::Optional, text: "The words that say yes." },
        Key {
            name: "refused",
            takes: WORDS,
            need: Need::Optional,
            text: "The words that say no; so does an empty cell.",
        },
        Key {
            name: "map",
            takes: Takes::Map(&ACCESS_WORDS),
            need: Need::Optional,
            text: "The bank's words for `access`, and what each lets the user do.",
        },
    ]),
    rules: &[
        SOMEWHERE,
        Rule::NeededFor { key: "granted", of: "columns", any: EACH },
        Rule::NeededFor { key: "refused", of: "columns", any: EACH },
        Rule::NeededFor { key: "map", of: "columns", any: &["access"] },
    ],
};

static COLUMNS_OF_PERMISSIONS: Map = Map {
    id: "permissionColumns",
    name: "`columns` of permissions",
    text: "Headers are compared whole, white space and case folded. Of `records` a field is what a selector fits in each.",
    keys: Keys::Chosen(&COLUMNS),
    rules: &[Rule::SomeOf(&["view", "initiate", "approve", "access"])],
};

static ACCESS_WORDS: Map = Map {
    id: "accessWords",
    name: "the words of `access`",
    text: "The bank's words, as in any `map`, whole or beginnings that end in `…`, and one or several of ours. A word that \
           isn't in it can't be read.",
    keys: Keys::Named { key: BANKS_WORD, takes: Takes::OneOrMany(&Takes::Word(rights)), most: None },
    rules: &[],
};
