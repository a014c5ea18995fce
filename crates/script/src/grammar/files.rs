//! The keys of files that a portal offers in place of pages.
//!
//! Not here: the formats themselves (`statement`).

use domain::word::Word as _;
use statement::Format;

use super::texts::{DATE, HEADER, ONE_SELECTOR, SELECTOR, TEXT};
use super::{Key, Keys, Map, Need, Rule, Shape, Takes, Word};

pub(crate) static FILE: Map = Map {
    id: "file",
    name: "`file`",
    text: "A file that the portal offers of an account's transactions. Its own sums are checked, and it counts before the \
           table, which is read where none comes that can be read. With `from` it is one of some days, without it one of the \
           page that shows.",
    keys: Keys::Ordered(&[
        Key {
            name: "format",
            takes: Takes::Word(formats),
            need: Need::Optional,
            text: "What it is, where it isn't `csv`.",
        },
        Key { name: "csv", takes: Takes::Map(&CSV), need: Need::Optional, text: "What it is, where it is rows alone." },
        Key {
            name: "fill",
            takes: Takes::Map(&FILLS),
            need: Need::Optional,
            text: "What is put into fields before, such as the format.",
        },
        Key {
            name: "from",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "The field of the first day; without it, it is the file of the page that shows.",
        },
        Key { name: "to", takes: ONE_SELECTOR, need: Need::Optional, text: "The field of the last day." },
        Key { name: "date", takes: Takes::Text(DATE), need: Need::Optional, text: "How days are typed." },
        Key {
            name: "days",
            takes: Takes::Whole(1, 3_660),
            need: Need::Optional,
            text: "How many days are asked for at once.",
        },
        Key {
            name: "reach",
            takes: Takes::Whole(1, 36_600),
            need: Need::Optional,
            text: "How many days back the portal can be asked.",
        },
        Key {
            name: "beside",
            takes: Takes::Word(beside),
            need: Need::Default("page"),
            text: "How much of the table is read beside a file of some days.",
        },
        Key { name: "click", takes: ONE_SELECTOR, need: Need::Needed, text: "What asks for it." },
    ]),
    rules: &[
        Rule::OneOf(&["format", "csv"]),
        Rule::Shapes(&[
            Shape { needed: &["from", "to", "date", "days", "reach", "click"], optional: OF_DAYS },
            Shape { needed: &["click"], optional: OF_PAGE },
        ]),
    ],
};

const OF_DAYS: &[&str] = &["format", "csv", "fill", "beside"];
const OF_PAGE: &[&str] = &["format", "csv", "fill"];

static FILLS: Map = Map {
    id: "fills",
    name: "`fill` of a file",
    text: "Fields, and what is put into them: `{ \"#format\": camt053 }`. Of a select it is an option's value or its words.",
    keys: Keys::Named { key: SELECTOR, takes: Takes::Text(TEXT), most: None },
    rules: &[],
};

pub(crate) static CSV: Map = Map {
    id: "csv",
    name: "`csv`",
    text: "How rows that follow no standard are read: the first line is a header, and amounts are in the script's locale.",
    keys: Keys::Ordered(&[
        Key {
            name: "delimiter",
            takes: Takes::Word(delimiters),
            need: Need::Default("comma"),
            text: "What stands between cells.",
        },
        Key {
            name: "encoding",
            takes: Takes::Word(encodings),
            need: Need::Default("utf-8"),
            text: "How bytes become text; a byte order mark is believed first.",
        },
        Key {
            name: "skip",
            takes: Takes::Whole(0, 100),
            need: Need::Default("0"),
            text: "How many lines stand before the header.",
        },
        Key {
            name: "columns",
            takes: Takes::Map(&CSV_COLUMNS),
            need: Need::Needed,
            text: "Our fields, and the headers that they stand under.",
        },
        Key { name: "date", takes: Takes::Text(DATE), need: Need::Needed, text: "How dates are written." },
    ]),
    rules: &[],
};

/// A column by its header.
const COLUMN: Takes = Takes::Text(HEADER);

const fn column(name: &'static str, text: &'static str) -> Key {
    Key { name, takes: COLUMN, need: Need::Optional, text }
}

static CSV_COLUMNS: Map = Map {
    id: "csvColumns",
    name: "`columns` of `csv`",
    text: "Headers are compared whole, white space and case folded.",
    keys: Keys::Chosen(&[
        column("postedDate", "The day of the booking."),
        column("transactionDate", "The day of the payment."),
        Key {
            name: "description",
            takes: Takes::OneOrMany(&COLUMN),
            need: Need::Optional,
            text: "What it is about; of several columns, their texts one after the other.",
        },
        column("amount", "The amount with its sign: what flows in is positive."),
        column("credit", "What flows in, where that is a column of its own, beside `debit`."),
        column("debit", "What flows out, where that is a column of its own, beside `credit`."),
        column("runningBalance", "The booked balance after the row."),
        column("bankReference", "The bank's own reference."),
        column("customerReference", "The customer's or the counterparty's reference."),
        column("counterpartyName", "Who is on the other side."),
    ]),
    rules: &[Rule::All(&["postedDate", "description"]), Rule::Amounts],
};

fn formats() -> Vec<Word> {
    let told = Format::ALL.iter().filter(|format| **format != Format::Csv);
    told.map(|format| (format.as_str(), format.meaning())).collect()
}

fn beside() -> Vec<Word> {
    vec![
        ("page", "What shows where the file is asked for: what is announced stands there."),
        ("list", "All its pages, where the table shows what the file lacks."),
    ]
}

fn delimiters() -> Vec<Word> {
    vec![("comma", ""), ("semicolon", ""), ("tab", "")]
}

fn encodings() -> Vec<Word> {
    vec![("utf-8", ""), ("windows-1252", "It has ISO 8859-1 in it."), ("utf-16le", "The low byte first.")]
}
