//! Three published ways to give rows an identity, as importers and scrapers do it.
//!
//! All of them make an id from what a row shows, add a row whose id they don't know, and remove
//! nothing. Announced rows are taken like booked ones, with the day of the payment for a date.
//!
//! Not here: better ways, and fixes to these.

use std::collections::{HashMap, HashSet};

use domain::transaction::ObservedTransaction;

use crate::rng::hash;
use crate::strategy::{LedgerId, Read, Strategy};

/// Every one of them, with an empty ledger.
#[must_use]
pub fn all() -> Vec<Box<dyn Strategy>> {
    vec![Box::new(PositionHash::default()), Box::new(ContentHash::default()), Box::new(OccurrenceHash::default())]
}

/// Date, words, amount and the row's number in its list. Scrapers do so where the rows of a page
/// have nothing else to tell them apart by; ofxstatement's pull request #88
/// (github.com/kedder/ofxstatement/pull/88) has it for statements in which equal rows occur.
#[derive(Debug, Default)]
pub struct PositionHash(Known);

/// Date, words and amount: what `generate_transaction_id` of ofxstatement
/// (github.com/kedder/ofxstatement, `src/ofxstatement/statement.py`) makes a FITID from, and
/// in essence the import hash of Firefly III (github.com/firefly-iii/firefly-iii, `hashArray`
/// of its `TransactionJournalFactory`): an equal row is the same row.
#[derive(Debug, Default)]
pub struct ContentHash(Known);

/// Date, amount, and how many of these came before in the list:
/// `YNAB:[milliunit_amount]:[iso_date]:[occurrence]`, the import id that YNAB's API documents
/// (api.ynab.com). `unique_id` of woob with its `seen` (gitlab.com/woob/woob) does the like,
/// with the words.
#[derive(Debug, Default)]
pub struct OccurrenceHash(Known);

impl Strategy for PositionHash {
    fn name(&self) -> &'static str {
        "position hash"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        let ids = read
            .rows
            .iter()
            .enumerate()
            .map(|(place, row)| id_of(read, &[&date_of(row), &row.description, &row.amount], place));
        self.0.with(read.account, ids.collect())
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.0.live(account)
    }
}

impl Strategy for ContentHash {
    fn name(&self) -> &'static str {
        "content hash"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        let ids = read.rows.iter().map(|row| id_of(read, &[&date_of(row), &row.description, &row.amount], 0));
        self.0.with(read.account, ids.collect())
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.0.live(account)
    }
}

impl Strategy for OccurrenceHash {
    fn name(&self) -> &'static str {
        "occurrence hash"
    }

    fn sync(&mut self, read: &Read) -> Vec<LedgerId> {
        let mut occurrences: HashMap<(String, &str), usize> = HashMap::new();
        let ids = read.rows.iter().map(|row| {
            let occurrence = occurrences.entry((date_of(row), &row.amount)).or_default();
            *occurrence += 1;
            id_of(read, &[&date_of(row), &row.amount], *occurrence)
        });
        let ids = ids.collect();
        self.0.with(read.account, ids)
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.0.live(account)
    }
}

fn date_of(row: &ObservedTransaction) -> String {
    row.posted_date.or(row.transaction_date).map(|date| date.to_string()).unwrap_or_default()
}

/// An id from the account, some texts and a number.
fn id_of(read: &Read, texts: &[&str], number: usize) -> LedgerId {
    let (account, number) = (read.account.to_le_bytes(), number.to_le_bytes());
    let texts = texts.iter().map(|text| text.as_bytes());
    LedgerId(hash([&account[..], &number[..]].into_iter().chain(texts)))
}

/// A ledger that only ever adds.
#[derive(Debug, Default)]
struct Known {
    ids: HashSet<LedgerId>,
    /// By account, in the order in which they were added.
    by_account: HashMap<usize, Vec<LedgerId>>,
}

impl Known {
    fn with(&mut self, account: usize, ids: Vec<LedgerId>) -> Vec<LedgerId> {
        let new = ids.iter().filter(|id| self.ids.insert(**id));
        self.by_account.entry(account).or_default().extend(new);
        ids
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.by_account.get(&account).cloned().unwrap_or_default()
    }
}
