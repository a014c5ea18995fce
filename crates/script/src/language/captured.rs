//! What a script says of the portal's own answers, from which rows are taken in place of a table.
//!
//! Not here: the table, which shows the same rows and is what they are held against.

use domain::calendar::DateFormat;
use domain::transaction::{EntryType, Rail, TransactionStatus};

use super::{BankWord, TransactionField};
use crate::command::{Capture, Method};
use crate::json::Way;

/// What stands for the account's key in a part of an address.
const ACCOUNT: &str = "{account}";

/// What a segment or a parameter of an address begins or ends with.
const EDGES: [char; 8] = ['/', '?', '&', '=', ';', ',', ':', '#'];

/// Answers in JSON, and what is where in them.
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    /// Parts of their address, all of them in it.
    pub(crate) url: Vec<String>,
    pub(crate) method: Method,
    /// The list of rows in an answer.
    pub(crate) rows: Way,
    /// Where each field is in a row.
    pub(crate) fields: Vec<(TransactionField, Datum)>,
    pub(crate) currency: Option<Datum>,
    /// Which way the money went, where amounts don't say it.
    pub(crate) direction: Option<Datum>,
    pub(crate) date: DateFormat,
    pub(crate) words: Words,
    /// What tells rows apart, within the row.
    pub(crate) key: Way,
    /// What says in an answer that more follow: nothing, `null`, `false` or an empty text in the last.
    pub(crate) end: Option<Way>,
    /// How many rows an answer says there are in all.
    pub(crate) announced: Option<Way>,
}

/// A value in a row.
#[derive(Clone, Debug)]
pub(crate) struct Datum {
    pub(crate) at: Way,
    /// How many decimals a whole number has; none where amounts are written with them.
    pub(crate) scale: Option<u32>,
    /// Only what comes after the first of these.
    pub(crate) after: Option<String>,
    /// Only what comes before the first of these, `after` being applied.
    pub(crate) before: Option<String>,
}

/// The bank's words, case folded, and ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) rails: Vec<(BankWord, Rail)>,
    pub(crate) statuses: Vec<(BankWord, TransactionStatus)>,
    pub(crate) directions: Vec<(BankWord, EntryType)>,
}

impl Captured {
    /// Whether a part of an address says where the account's key begins and where it ends: the key `12` is in
    /// `/123/` too, and `/12/` isn't.
    pub(crate) fn is_of_one_account(part: &str) -> bool {
        part.match_indices(ACCOUNT).any(|(at, account)| {
            let (before, after) = (part.get(..at), part.get(at + account.len()..));
            [before, after].iter().all(|side| side.is_some_and(|side| side.contains(EDGES)))
        })
    }

    /// What a driver has to keep for the account of this key.
    pub(crate) fn of_account(&self, key: &str) -> Capture {
        Capture { url: self.url.iter().map(|part| part.replace(ACCOUNT, key)).collect(), method: self.method }
    }

    /// The ways to what is read in a row, without those to what tells rows apart.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Datum> {
        self.fields.iter().map(|(_, datum)| datum).chain(&self.currency).chain(&self.direction)
    }

    /// The ways to what every list of rows has somewhere: without them it isn't known what a row is.
    pub(crate) fn needed(&self) -> impl Iterator<Item = &Way> {
        use TransactionField as F;
        let is_needed = |field: &TransactionField| {
            matches!(field, F::PostedDate | F::Description | F::Amount | F::Debit | F::Credit | F::Status)
        };
        let fields = self.fields.iter().filter(move |(field, _)| is_needed(field)).map(|(_, datum)| &datum.at);
        fields.chain(self.direction.iter().map(|datum| &datum.at)).chain([&self.key])
    }
}

impl Datum {
    /// The part of a text that counts; none where it isn't there.
    pub(crate) fn cut<'t>(&self, text: &'t str) -> Option<&'t str> {
        let rest = match &self.after {
            Some(after) => text.split_once(after.as_str())?.1,
            None => text,
        };
        match &self.before {
            Some(before) => rest.split_once(before.as_str()).map(|(part, _)| part),
            None => Some(rest),
        }
    }
}
