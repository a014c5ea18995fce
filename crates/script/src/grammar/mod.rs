//! The language as a table: each map with its keys, what a key takes, whether it is needed, what it is without being
//! said, and a sentence about it. The reader of scripts takes its keys from here, and so do the schema for editors, the
//! page of the reference and the formatter, so that none of them says anything else than the others.
//!
//! To add a key: add a [`Key`] to its map, and ask for it in `parse`. A test fails for a key that only one of them knows.
//!
//! Not here: what a script comes to (`parse`), or what is done with it (`runner`).

mod captured;
mod columns;
mod files;
mod first_login;
mod markdown;
mod pages;
mod permissions;
mod reads;
mod record;
mod schema;
mod script;
#[cfg(test)]
mod tests;
mod texts;
mod transactions;
mod words;

pub use markdown::{record_reference, reference};
pub use schema::{record_schema, schema};

pub(crate) use captured::{AMOUNT_MAP as AMOUNT, CAPTURED, CAPTURED_WORDS, DATUM_MAP as DATUM};
pub(crate) use files::{CSV, FILE};
pub(crate) use first_login::{ASKED, ENROL, NEW_PASSWORD, QUESTIONS, TERMS};
pub(crate) use pages::{CHALLENGE, CLOSE, FAILURE, PAGE, RESEND, STEP, WAY, WHEN};
pub(crate) use permissions::{NONE as NO_RIGHT, PERMISSIONS};
pub(crate) use reads::{ACCOUNT, ACCOUNTS, READS};
pub(crate) use record::RECORD;
pub(crate) use script::SCRIPT;
pub(crate) use texts::{PART, PIECE_MAP as PIECE};
pub(crate) use transactions::{LAYOUT, NEXT, PENDING_TABLE, TRANSACTIONS, WINDOWS};
pub(crate) use words::{ACCOUNT_WORDS, TRANSACTION_WORDS};

/// A map of the language.
#[derive(Debug)]
pub(crate) struct Map {
    /// What the schema and the headings of the reference call it.
    pub(crate) id: &'static str,
    /// What messages call it: "a step".
    pub(crate) name: &'static str,
    /// What it is for, in a sentence.
    pub(crate) text: &'static str,
    pub(crate) keys: Keys,
    /// What holds beyond each key by itself.
    pub(crate) rules: &'static [Rule],
}

/// The keys of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys {
    /// Known ones, in the order in which they are written.
    Ordered(&'static [Key]),
    /// Some of these, in the order that the author chose, such as that of the portal's columns.
    Chosen(&'static [Key]),
    /// Any, each of which takes the same.
    Named {
        /// What a key is: "the page's name".
        key: Text,
        takes: Takes,
        /// How many there may be.
        most: Option<u32>,
    },
}

/// A key of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) need: Need,
    /// What it says, in a sentence.
    pub(crate) text: &'static str,
}

/// Whether a key has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Needed,
    Optional,
    /// It may be missing, and then is this.
    Default(&'static str),
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Takes {
    Text(Text),
    /// A word of a closed list.
    Word(Words),
    /// A whole number from the first to the last.
    Whole(u32, u32),
    Map(&'static Map),
    /// A list; it may be empty unless it is one of steps.
    List(&'static Takes, Least),
    /// One of them, or a list of at least one.
    OneOrMany(&'static Takes),
    /// A text, or a map that says more.
    Or(&'static Takes, &'static Map),
}

/// How many a list has at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    None,
    One,
}

/// A closed list of words.
pub(crate) type Words = fn() -> Vec<Word>;

/// A word with its meaning, which may be left open.
pub(crate) type Word = (&'static str, &'static str);

/// A kind of text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    /// With its article: "a selector".
    pub(crate) name: &'static str,
    /// What every such text fits, as JSON Schema writes patterns. It may fit more.
    pub(crate) pattern: &'static str,
    /// Whether a number is such a text too, without quotes.
    pub(crate) numbers: Numbers,
}

/// Whether numbers are texts of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    Too,
    Never,
}

/// What holds of the keys of a map together. Each is checked in `parse`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rule {
    /// These are there.
    All(&'static [&'static str]),
    /// The keys are those of one of these shapes.
    Shapes(&'static [Shape]),
    /// Exactly one of these is there.
    OneOf(&'static [&'static str]),
    /// No two of these are there.
    AtMostOneOf(&'static [&'static str]),
    /// One of these is there and holds something.
    SomeOf(&'static [&'static str]),
    /// There is one key, whichever.
    Single,
    /// What is in `from` is among what is in `of`.
    Among { from: &'static str, of: &'static str },
    /// Where one of `any` is in `of`, `key` is there.
    NeededFor { key: &'static str, of: &'static str, any: &'static [&'static str] },
    /// Each of `keys` is in `map` exactly where it is in `of`.
    Together { map: &'static str, of: &'static str, keys: &'static [&'static str] },
    /// Each of `keys` is in `map` only where it is in `of`.
    Only { map: &'static str, of: &'static str, keys: &'static [&'static str] },
    /// `key` is there only where `of` has `field`.
    With { key: &'static str, of: &'static str, field: &'static str },
    /// Each of `keys` that is in `of` of an entry of the list is in its `map`, unless this map has it in its own.
    Later { list: &'static str, map: &'static str, of: &'static str, keys: &'static [&'static str] },
    /// `key` is there only where `of` is one of these words.
    OnlyWhere { key: &'static str, of: &'static str, words: &'static [&'static str] },
    /// Either `amount`, or both `debit` and `credit`.
    Amounts,
    /// A challenge is answered in `do`, unless somebody approves it elsewhere; nothing else is.
    Answered,
}

/// One of the ways in which a map is filled in. The first of the needed keys is what tells it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) needed: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
}

impl Shape {
    fn keys(self) -> impl Iterator<Item = &'static str> {
        self.needed.iter().chain(self.optional).copied()
    }
}

impl Map {
    /// The keys that go with those that are there: of the shapes that these tell, or all.
    pub(crate) fn fitting<'k>(&self, there: impl Iterator<Item = &'k str> + Clone) -> Vec<&'static str> {
        let shapes = self.rules.iter().find_map(|rule| match rule {
            Rule::Shapes(shapes) => Some(*shapes),
            _ => None,
        });
        let told = |shape: &&Shape| shape.needed.first().is_some_and(|first| there.clone().any(|key| key == *first));
        let shape = shapes.unwrap_or_default().iter().find(told);
        match shape {
            Some(shape) => shape.keys().collect(),
            None => self.known().iter().map(|key| key.name).collect(),
        }
    }

    /// The keys that it knows; none where the author names them.
    pub(crate) const fn known(&self) -> &'static [Key] {
        match self.keys {
            Keys::Ordered(keys) | Keys::Chosen(keys) => keys,
            Keys::Named { .. } => &[],
        }
    }

    /// What a key of it takes.
    pub(crate) fn takes(&self, key: &str) -> Option<Takes> {
        match self.keys {
            Keys::Ordered(keys) | Keys::Chosen(keys) => {
                keys.iter().find(|known| known.name == key).map(|known| known.takes)
            }
            Keys::Named { takes, .. } => Some(takes),
        }
    }
}

impl Takes {
    /// The maps that it leads to.
    fn maps(self) -> Option<&'static Map> {
        match self {
            Self::Map(map) | Self::Or(_, map) => Some(map),
            Self::List(takes, _) | Self::OneOrMany(takes) => takes.maps(),
            Self::Text(_) | Self::Word(_) | Self::Whole(..) => None,
        }
    }
}

/// Every map of the language, in the order in which a reader comes to it.
pub(crate) fn maps() -> Vec<&'static Map> {
    maps_from(&SCRIPT)
}

/// Every map that one leads to, itself first.
fn maps_from(root: &'static Map) -> Vec<&'static Map> {
    fn visit(map: &'static Map, found: &mut Vec<&'static Map>) {
        if found.iter().any(|known| known.id == map.id) {
            return;
        }
        found.push(map);
        let named = match map.keys {
            Keys::Named { takes, .. } => Some(takes),
            Keys::Ordered(_) | Keys::Chosen(_) => None,
        };
        let takes = map.known().iter().map(|key| key.takes).chain(named);
        takes.filter_map(Takes::maps).for_each(|map| visit(map, found));
    }
    let mut found = Vec::new();
    visit(root, &mut found);
    found
}
