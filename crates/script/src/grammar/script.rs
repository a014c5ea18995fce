//! The keys of a script itself.
//!
//! Not here: its pages (`pages`) and what is read (`reads`).

use domain::money::Locale;

use super::pages::PAGES;
use super::reads::READS;
use super::texts::{CURRENCY, DURATION, HOST, ONE_SELECTOR, PATH, SELECTORS, SLUG, TIME_ZONE, WORDS};
use super::{Key, Keys, Least, Map, Need, Takes, Word};

fn versions() -> Vec<Word> {
    vec![("1", "this version of the language")]
}

fn locales() -> Vec<Word> {
    Locale::ALL.iter().map(|locale| (locale.as_str(), locale.meaning())).collect()
}

pub(crate) static SCRIPT: Map = Map {
    id: "script",
    name: "a script",
    text: "How one institution's portal is driven.",
    keys: Keys::Ordered(&[
        Key {
            name: "script",
            takes: Takes::Word(versions),
            need: Need::Needed,
            text: "The version of the language, which is 1.",
        },
        Key {
            name: "institution",
            takes: Takes::Text(SLUG),
            need: Need::Needed,
            text: "The institution's id, which is the name of the script's folder: lower-case letters, digits and `-`.",
        },
        Key { name: "locale", takes: Takes::Word(locales), need: Need::Needed, text: "How the portal writes amounts." },
        Key {
            name: "timezone",
            takes: Takes::Text(TIME_ZONE),
            need: Need::Needed,
            text: "Where its dates are dates, as in `America/New_York`.",
        },
        Key {
            name: "currency",
            takes: Takes::Text(CURRENCY),
            need: Need::Needed,
            text: "What amounts are in where an account doesn't say, as in `USD`.",
        },
        Key {
            name: "hosts",
            takes: Takes::List(&Takes::Text(HOST), Least::None),
            need: Need::Optional,
            text: "What may be reached beside the portal's own host; nothing else can be. Name as few as it works with.",
        },
        Key {
            name: "start",
            takes: Takes::Text(PATH),
            need: Need::Optional,
            text: "Where a run begins, within the connection's portal, as in `/login`.",
        },
        Key {
            name: "busy",
            takes: SELECTORS,
            need: Need::Optional,
            text: "While one of these is visible, nothing is recognised.",
        },
        Key {
            name: "popups",
            takes: Takes::Word(popups),
            need: Need::Default("close"),
            text: "What becomes of windows that the portal's pages open.",
        },
        Key {
            name: "blank",
            takes: WORDS,
            need: Need::Optional,
            text: "Texts that say nothing: a cell with one of them counts as empty.",
        },
        Key {
            name: "patience",
            takes: Takes::Text(DURATION),
            need: Need::Default("15s"),
            text: "How long a page is waited for, from `100ms` to `5m`.",
        },
        Key {
            name: "pages",
            takes: Takes::Map(&PAGES),
            need: Need::Needed,
            text: "The pages of the portal that a run may come to, those that say no included.",
        },
        Key { name: "reads", takes: Takes::Map(&READS), need: Need::Needed, text: "What is read, and where." },
        Key {
            name: "sign_out",
            takes: ONE_SELECTOR,
            need: Need::Optional,
            text: "What ends the session, on the list of accounts.",
        },
    ]),
    rules: &[],
};

fn popups() -> Vec<Word> {
    vec![
        ("close", "They are closed at once; most are adverts."),
        ("follow", "The newest one is the page that shows, until it is closed."),
    ]
}
