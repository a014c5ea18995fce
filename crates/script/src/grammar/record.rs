//! The keys of an institution's catalog record, which stands beside its script as `institution.yaml`. What they come to is
//! the domain's to say; a test sees that both know the same keys.
//!
//! Not here: scripts.

use domain::driver::DriverKind;
use domain::history::History;
use domain::institution::{CredentialName, Mfa};
use domain::limits::Limits;
use domain::schedule::Day;

use super::texts::{ADDRESS, SLUG, TEXT};
use super::{Key, Keys, Least, Map, Need, Numbers, Takes, Text, Word};

const EVERY: Text = Text { name: "a length of time", pattern: "^[0-9]+[mhd]$", numbers: Numbers::Never };
const TIME: Text =
    Text { name: "a time of day", pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", numbers: Numbers::Never };

const fn key(name: &'static str, takes: Takes, need: Need, text: &'static str) -> Key {
    Key { name, takes, need, text }
}

fn booleans() -> Vec<Word> {
    vec![("false", "It is a bank."), ("true", "It is a simulated portal, and no bank.")]
}

fn factors() -> Vec<Word> {
    Mfa::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

fn credentials() -> Vec<Word> {
    CredentialName::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

fn drivers() -> Vec<Word> {
    DriverKind::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

fn days() -> Vec<Word> {
    Day::ALL.iter().map(|word| (word.as_str(), word.meaning())).collect()
}

pub(crate) static RECORD: Map = Map {
    id: "record",
    name: "the record",
    text: "What is known of an institution before anyone signs in to it, in `institution.yaml` beside its script.",
    keys: Keys::Ordered(&[
        key("id", Takes::Text(SLUG), Need::Needed, "The slug by which the API names it: the name of its folder."),
        key("name", Takes::Text(TEXT), Need::Needed, "Its name as customers know it."),
        key(
            "simulated",
            Takes::Word(booleans),
            Need::Default("false"),
            "Whether it is a simulated portal and no bank.",
        ),
        key("defaultPortalUrl", Takes::Text(ADDRESS), Need::Needed, "Where customers sign in."),
        key(
            "additionalPortalUrls",
            Takes::List(&Takes::Text(ADDRESS), Least::None),
            Need::Optional,
            "Further addresses of the same portal. Where they have other hosts, the script names all of them in `hosts`.",
        ),
        key("setupGuideUrl", Takes::Text(ADDRESS), Need::Optional, "The bank's own page on delegated users."),
        key("mfa", Takes::Word(factors), Need::Needed, "Whether the portal asks for a second factor."),
        key(
            "credentials",
            Takes::List(&Takes::Word(credentials), Least::None),
            Need::Needed,
            "What the portal asks a delegated user for at sign-in: what the script fills in.",
        ),
        key("guide", Takes::Map(&GUIDE), Need::Optional, "How an administrator creates the delegated user."),
        key(
            "codes",
            Takes::Map(&CODES),
            Need::Optional,
            "How it sends codes to the addresses and numbers of connections.",
        ),
        key("limits", Takes::Map(&LIMITS), Need::Optional, "How much its portal is asked at most."),
        key("schedule", Takes::Map(&SCHEDULE), Need::Optional, "When its connections are synced."),
        key(
            "history",
            Takes::Map(&HISTORY),
            Need::Optional,
            "How far back its lists are read at once; whole, where it isn't said.",
        ),
        key(
            "drivers",
            Takes::List(&Takes::Word(drivers), Least::One),
            Need::Default("cdp"),
            "By which drivers its portal may be driven, the one that is wanted most first.",
        ),
        key(
            "compareOneIn",
            Takes::Whole(1, u32::MAX),
            Need::Optional,
            "Of the runs that are read without the browser that signed in, one in so many is read in it too, and compared.",
        ),
    ]),
    rules: &[],
};

static GUIDE: Map = Map {
    id: "guide",
    name: "`guide`",
    text: "How an administrator of the business creates the delegated user, in the bank's own words. `{firstName}`, \
           `{lastName}`, `{address}`, `{email}`, `{username}` and `{phoneNumber}` stand for the connection's own.",
    keys: Keys::Ordered(&[
        key("title", Takes::Text(TEXT), Need::Needed, "One line that says what is done."),
        key("intro", Takes::Text(TEXT), Need::Optional, "What to know before the first step."),
        key("steps", Takes::List(&Takes::Text(TEXT), Least::None), Need::Needed, "The steps in order."),
    ]),
    rules: &[],
};

static CODES: Map = Map {
    id: "codes",
    name: "`codes`",
    text: "How the institution sends codes, so that those that come in at a connection's own address or number are found.",
    keys: Keys::Ordered(&[
        key(
            "from",
            Takes::List(&Takes::Text(TEXT), Least::None),
            Need::Optional,
            "Who sends them: numbers and names of text messages, e-mail addresses, or `@` and a domain; anybody, where none is \
             named.",
        ),
        key(
            "pattern",
            Takes::Text(TEXT),
            Need::Optional,
            "The words around the code, which `{code}` stands for: `{code} is your one-time passcode`. Without it, the one run \
             of 4 to 8 digits is the code, and a message with several has none.",
        ),
    ]),
    rules: &[],
};

static LIMITS: Map = Map {
    id: "limits",
    name: "`limits`",
    text: "How much the portal is asked at most, over all connections of every organization.",
    keys: Keys::Ordered(&[
        key("atOnce", Takes::Whole(1, Limits::MOST_AT_ONCE), Need::Default("4"), "How many runs may be under way."),
        key(
            "startsPerMinute",
            Takes::Whole(1, Limits::MOST_STARTS_PER_MINUTE),
            Need::Default("30"),
            "How many runs may start in a minute.",
        ),
        key(
            "stepsPerMinute",
            Takes::Whole(1, Limits::MOST_STEPS_PER_MINUTE),
            Need::Default("240"),
            "How many steps one agent's sessions do there together in a minute.",
        ),
    ]),
    rules: &[],
};

static SCHEDULE: Map = Map {
    id: "schedule",
    name: "`schedule`",
    text: "When connections are synced. Times are those of the script's time zone.",
    keys: Keys::Ordered(&[
        key("every", Takes::Text(EVERY), Need::Default("6h"), "How often, from `15m` to `7d`."),
        key("hours", Takes::Map(&WINDOW), Need::Optional, "When the portal is open; always, where it isn't said."),
        key(
            "maintenance",
            Takes::List(&Takes::Map(&WINDOW), Least::None),
            Need::Optional,
            "When it is shut though it should be open.",
        ),
    ]),
    rules: &[],
};

static WINDOW: Map = Map {
    id: "window",
    name: "a window of the week",
    text: "A span that comes back each week. It ends on the next day where `to` isn't later than `from`.",
    keys: Keys::Ordered(&[
        key(
            "days",
            Takes::List(&Takes::Word(days), Least::One),
            Need::Optional,
            "The days on which it begins; every day.",
        ),
        key("from", Takes::Text(TIME), Need::Needed, "When it begins, in quotes: `\"22:00\"`."),
        key("to", Takes::Text(TIME), Need::Needed, "When it ends; `\"24:00\"` is the end of a day."),
    ]),
    rules: &[],
};

const fn span() -> Takes {
    Takes::Whole(History::FEWEST_DAYS as u32, History::MOST_DAYS as u32)
}

static HISTORY: Map = Map {
    id: "history",
    name: "`history`",
    text: "How far back transactions are read: recent ones in every sync, the rest once, step by step.",
    keys: Keys::Ordered(&[
        key("recentDays", span(), Need::Needed, "How many days back a sync reads."),
        key("stepDays", span(), Need::Needed, "How many days more each backfill reads."),
    ]),
    rules: &[],
};
