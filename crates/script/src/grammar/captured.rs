//! The keys of the portal's own answers: which count, and where in them what is.
//!
//! Not here: the table that they are held against (`transactions`).

use domain::transaction::EntryType;

use super::columns::TRANSACTION;
use super::texts::{AFTER, BANKS_WORD, BEFORE, DATE, JSON_PATH, WORDS};
use super::words::{RAIL, STATUS};
use super::{Key, Keys, Map, Need, Rule, Takes, Word};
use crate::command::Method;

const AT: Key = Key { name: "at", takes: Takes::Text(JSON_PATH), need: Need::Needed, text: "Where it is." };
const SCALE: Key = Key {
    name: "scale",
    takes: Takes::Whole(0, 8),
    need: Need::Optional,
    text: "How many decimals a whole number has, as of pence; without it amounts are written with their decimals.",
};

/// A field of a row.
const DATUM: Takes = Takes::Or(&Takes::Text(JSON_PATH), &DATUM_MAP);
/// One that is an amount.
const AMOUNT: Takes = Takes::Or(&Takes::Text(JSON_PATH), &AMOUNT_MAP);

fn methods() -> Vec<Word> {
    vec![(Method::Get.as_str(), ""), (Method::Post.as_str(), "")]
}

fn directions() -> Vec<Word> {
    EntryType::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

const fn field((name, text): Word) -> Key {
    let takes = match name.as_bytes() {
        b"amount" | b"debit" | b"credit" | b"runningBalance" => AMOUNT,
        _ => DATUM,
    };
    Key { name, takes, need: Need::Optional, text }
}

const CURRENCY: Word = ("currency", "What its amounts are in, where that isn't the currency of the account.");
const DIRECTION: Word =
    ("direction", "Which way the money went, by the words of `map`, where `amount` has no sign that says it.");

const fn fields() -> [Key; TRANSACTION.len() + 2] {
    let mut keys = [field(CURRENCY); TRANSACTION.len() + 2];
    let mut index = 0;
    while index < TRANSACTION.len() {
        keys[index] = field(TRANSACTION[index]);
        index += 1;
    }
    keys[index] = field(DIRECTION);
    keys
}

static FIELDS: [Key; TRANSACTION.len() + 2] = fields();

pub(crate) static CAPTURED: Map = Map {
    id: "captured",
    name: "`captured`",
    text: "The portal's own answers in JSON, from which rows are taken where a driver sees them. Whatever the table shows must \
           be among them; where none comes, or none is built like this, the table is read.",
    keys: Keys::Ordered(&[
        Key {
            name: "url",
            takes: WORDS,
            need: Need::Needed,
            text: "Part of the address, or several that are all in it. `{account}` stands for the account's `key`.",
        },
        Key {
            name: "method",
            takes: Takes::Word(methods),
            need: Need::Default("GET"),
            text: "How the page asks for them.",
        },
        Key {
            name: "rows",
            takes: Takes::Text(JSON_PATH),
            need: Need::Needed,
            text: "Where the list of rows is; `.` where it is all of the answer.",
        },
        Key {
            name: "fields",
            takes: Takes::Map(&CAPTURED_FIELDS),
            need: Need::Needed,
            text: "Our fields, and where they are in a row.",
        },
        Key {
            name: "date",
            takes: Takes::Text(DATE),
            need: Need::Default("YYYY-MM-DD"),
            text: "How dates are written.",
        },
        Key {
            name: "map",
            takes: Takes::Map(&CAPTURED_WORDS),
            need: Need::Optional,
            text: "The words of the answers, and what they mean.",
        },
        Key {
            name: "key",
            takes: Takes::Text(JSON_PATH),
            need: Need::Needed,
            text: "What tells rows apart, in a row: one that comes again is the same.",
        },
        Key {
            name: "end",
            takes: Takes::Text(JSON_PATH),
            need: Need::Optional,
            text: "What says that more follow: it isn't there, `null`, `false` or empty in the last answer.",
        },
        Key {
            name: "announced",
            takes: Takes::Text(JSON_PATH),
            need: Need::Optional,
            text: "How many rows an answer says there are in all.",
        },
    ]),
    rules: &[Rule::Together { map: "map", of: "fields", keys: &["rail", "status", "direction"] }],
};

static CAPTURED_FIELDS: Map = Map {
    id: "capturedFields",
    name: "`fields` of `captured`",
    text: "Each is a path within a row: keys with dots between them, and numbers of entries, the first of which is 0. What is \
           `null` or isn't there says nothing. Amounts are numbers, or texts of that form.",
    keys: Keys::Chosen(&FIELDS),
    rules: &[Rule::All(&["postedDate", "description"]), Rule::Amounts, Rule::AtMostOneOf(&["direction", "debit"])],
};

pub(crate) static DATUM_MAP: Map = Map {
    id: "datum",
    name: "a value of an answer",
    text: "A path, and what of its text counts: `{ at: bookedAt, before: T }` is the day of a time.",
    keys: Keys::Ordered(&[AT, AFTER, BEFORE]),
    rules: &[],
};

pub(crate) static AMOUNT_MAP: Map = Map {
    id: "amountDatum",
    name: "an amount of an answer",
    text: "A path, and how its number is written: `{ at: amount.minor, scale: 2 }` is in pence.",
    keys: Keys::Ordered(&[AT, SCALE, AFTER, BEFORE]),
    rules: &[],
};

static DIRECTION_WORDS: Map = Map {
    id: "directionWords",
    name: "the words of `direction`",
    text: "The words of the answers, and ours, as in any `map`: whole, or beginnings that end in `…`. A word that isn't in it \
           can't be read.",
    keys: Keys::Named { key: BANKS_WORD, takes: Takes::Word(directions), most: None },
    rules: &[],
};

pub(crate) static CAPTURED_WORDS: Map = Map {
    id: "capturedMap",
    name: "`map` of `captured`",
    text: "What the words of the answers mean. It is needed for each of these fields that is read.",
    keys: Keys::Ordered(&[
        RAIL,
        STATUS,
        Key {
            name: "direction",
            takes: Takes::Map(&DIRECTION_WORDS),
            need: Need::Optional,
            text: "Whether money came in or went out.",
        },
    ]),
    rules: &[],
};
