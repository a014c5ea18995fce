//! What was found, in words: page by page, with how sure it is, and why.
//!
//! Not here: finding it.

use super::columns::{Direction, Ledger};
use super::pending::Announced;
use super::unread::Answered;
use super::{AccountsList, LedgerList, Looked, Notes, Sureness, Writing};
use crate::recording::PageKind;

/// What speaks for what somebody was asked.
const ANSWERED: &str = "whoever went through the portal says so";

/// Why a column isn't read that somebody said something of.
fn said_twice(answered: &Answered, header: &str) -> Option<String> {
    let (_, field) = answered.twice.iter().find(|(known, _)| known == header)?;
    Some(format!("another column is said to be `{field}` already"))
}

pub(super) fn tell_writing(notes: &mut Notes, writing: &Writing, ledger: Option<&LedgerList>, file: &str) {
    let Writing { locale, currency, time_zone } = writing;
    let (sureness, why) = match ledger.map(|list| &list.read) {
        Some(Ledger { other_locale: Some(other), .. }) => {
            (Sureness::Guess, format!("{other} would read the same cells, as other amounts"))
        }
        Some(Ledger { chain: Some(chain), .. }) if chain.links > 1 => {
            (Sureness::Proven, format!("{} balances follow from the amounts beside them", chain.links))
        }
        Some(_) => (Sureness::Likely, "it reads every amount of the list".to_owned()),
        None => (Sureness::Guess, "no list of transactions was saved".to_owned()),
    };
    notes.add(file, "locale", locale.as_str(), sureness, why);
    let why = "by its code or its symbol on the page, or else by the page's language";
    notes.add(file, "currency", currency.as_str(), Sureness::Likely.min(sureness), why);
    notes.add(file, "timezone", *time_zone, Sureness::Guess, "by the currency and the page's language");
}

pub(super) fn tell_form(notes: &mut Notes, looked: &Looked<'_>) {
    let (Some(form), Some(kind)) = (&looked.form, looked.kind.map(PageKind::as_str)) else { return };
    let file = looked.page.file;
    for (into, with) in &form.fills {
        notes.add(
            file,
            &format!("{kind}, fill"),
            format!("{into} with {with}"),
            Sureness::Likely,
            "by what the field is called",
        );
    }
    match &form.click {
        Some((click, sureness)) => notes.add(file, &format!("{kind}, click"), click, *sureness, "it submits the form"),
        None => {
            notes.add(file, &format!("{kind}, click"), "", Sureness::Guess, "nothing submits the form: say what does");
        }
    }
}

pub(super) fn tell_accounts(notes: &mut Notes, file: &str, list: &AccountsList) {
    notes.add(file, "accounts, table", &list.table.0, list.table.1, format!("{} rows", list.rows));
    for (field, header) in &list.read.columns {
        let why = if list.read.answered.fields.contains(field) { ANSWERED } else { "by its header" };
        notes.add(file, &format!("accounts, {field}"), header, Sureness::Likely, why);
    }
    for header in &list.read.unread {
        let why = said_twice(&list.read.answered, header).unwrap_or_else(|| "nobody knows what it is".to_owned());
        notes.add(file, "accounts, not read", header, Sureness::Guess, why);
    }
    for (word, _) in list.read.types.iter().filter(|(_, ours)| ours.is_none()) {
        notes.add(file, "accounts, type", word, Sureness::Guess, "it is taken as `other`");
    }
    let key = &list.read.key;
    notes.add(file, "accounts, key", &key.said, key.sureness, &key.why);
    if let Some(open) = &list.read.open {
        notes.add(file, "accounts, open", open, Sureness::Likely, "there is one in each row");
    }
}

pub(super) fn tell_ledger(notes: &mut Notes, file: &str, list: &LedgerList) {
    let Ledger { columns, chain, direction, .. } = &list.read;
    notes.add(file, "transactions, table", &list.table.0, list.table.1, format!("{} rows", list.rows));
    if let Some(skip) = &list.skip {
        notes.add(file, "transactions, skip", skip, Sureness::Likely, "these rows have other cells than the others");
    }
    let proof = chain.filter(|chain| chain.links > 1);
    for (field, header) in columns {
        let is_proven = proof.is_some() && matches!(*field, "amount" | "debit" | "credit" | "runningBalance");
        let (sureness, why) = match is_proven {
            true => (Sureness::Proven, "by running balances"),
            false if list.read.answered.fields.contains(field) => (Sureness::Likely, ANSWERED),
            false => (Sureness::Likely, "by its header and its cells"),
        };
        notes.add(file, &format!("transactions, {field}"), header, sureness, why);
    }
    for part in &list.parts {
        let what = format!("transactions, {}", part.field);
        let value = format!("{} in {}", part.of, part.header);
        notes.add(file, &what, value, Sureness::Likely, "by the order of its header's words, or what stands before it");
    }
    for header in &list.read.unread {
        let unknown = || "nobody knows what it is; a way of payment is `rail`, with a `map`".to_owned();
        let why = said_twice(&list.read.answered, header).unwrap_or_else(unknown);
        notes.add(file, "transactions, not read", header, Sureness::Guess, why);
    }
    let (said, why) = match direction {
        Direction::Signed => ("the sign of the amount", "both signs are there"),
        Direction::SignedOneWay => {
            ("the sign of the amount", "only one sign is there: see that what went out is negative")
        }
        Direction::TwoColumns => ("the column of the amount", "one of the two is filled in each row"),
        Direction::TwoColumnsSigned => {
            ("the column of the amount, with a minus in that of debits", "one of the two is filled in each row")
        }
    };
    // Balances follow from amounts of either sign: of what is owed, both are the other way round.
    let sureness = if *direction == Direction::SignedOneWay { Sureness::Guess } else { Sureness::Likely };
    notes.add(file, "transactions, direction", said, sureness, why);
    let (sureness, why) = match list.read.is_date_ambiguous {
        true => (Sureness::Guess, "another order of day and month would read them as well"),
        false => (Sureness::Likely, "it alone reads every day"),
    };
    notes.add(file, "transactions, date", &list.read.date, sureness, why);
    if let Some(pending) = &list.read.pending {
        notes.add(file, "transactions, pending", pending, Sureness::Likely, "it stands in place of a day");
    }
}

pub(super) fn tell_announced(notes: &mut Notes, file: &str, list: &Announced) {
    let why = "it says that what it lists is announced, and has columns of the list";
    notes.add(file, "transactions, pendingTable", &list.table.0, list.table.1, why);
}
