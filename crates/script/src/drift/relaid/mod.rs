//! A list of transactions that is laid out otherwise: a table that became cards, a column that became two. The list as it was is
//! known to be read right, so what its fields held is looked for in what repeats on the page as it is: the same rows first, values
//! of the same kinds else. What is found is one more of the script's `layouts`, so that the list is read either way.
//!
//! ```text
//! page before ─▶ what each field held, row by row ┐
//! page now ─▶ what repeats on it ─▶ its pieces ───┴▶ fields by pieces ─▶ a layout ─▶ read with it
//! ```
//!
//! Each digit of a scrubbed page is `0`, so no balance proves a row here; the run that tries what is proposed does that. Not
//! here: a column that only is headed otherwise (`mend`), and lists of accounts, of which a script knows one layout.

mod fields;
mod spots;
mod values;
mod written;

#[cfg(test)]
mod tests;

use crate::Script;
use crate::document::Document;
use crate::draft::Sureness;
use crate::language::{Table, TransactionField, TransactionsRead};
use crate::table::{Grid, places};

use super::mend::Mend;
use super::text::Scalar;
use fields::Held;
use written::{Laid, Place};

/// How many rows a list has at least, for them to tell anything.
const LEAST: usize = 3;

/// What a person is asked at most.
const LEFT: usize = 6;

/// What came of looking for the list.
pub(super) enum Relaid {
    /// The list isn't what broke.
    Not,
    /// Perhaps it is, and nothing on the page is like it, for this reason.
    Unlike(String),
    /// It is, and this is why nothing can be written.
    Lost(String),
    /// One more layout, and what is left to a person.
    Found(Box<Mend>, Vec<String>),
}

/// A layout for the list of transactions, where it was on the one page and no layout of the script fits the other.
pub(super) fn relaid(script: &Script, source: &str, scalars: &[Scalar], before: &Document, now: &Document) -> Relaid {
    let Some(read) = &script.reads.transactions else { return Relaid::Not };
    if read.captured.is_some() || read.layouts.iter().any(|layout| is_read(now, &layout.table)) {
        return Relaid::Not;
    }
    let Some((held, rows)) = held(read, before) else { return Relaid::Not };
    let groups = spots::groups(now, before, read, source);
    // Of those that are as good the first: what stands before the others is what they are in.
    let found =
        groups.iter().rev().filter_map(|group| fields::found(&held, rows, group)).max_by_key(|found| found.weight);
    let Some(found) = found else {
        return Relaid::Unlike(
            "the list is laid out otherwise, and nothing that repeats on the page is like its rows".into(),
        );
    };
    if let Some(field) = found.lost {
        return Relaid::Lost(format!(
            "the list is laid out otherwise: its rows are `{}`, and nothing in them by itself is what `{field}` was",
            found.group.selector
        ));
    }
    let Some(layout) = read.layouts.first() else { return Relaid::Not };
    let laid = Laid { group: found.group, fields: found.fields, layout };
    let Some(Place { at, line, text }) = written::place(source, scalars, &laid) else {
        return Relaid::Lost("the list is laid out otherwise, and `transactions` isn't written line by line".into());
    };
    let written = super::text::written(source, vec![(at..at, text.clone())]);
    let is_sound = Script::parse(&written).is_ok_and(|script| {
        let read = script.reads.transactions.as_ref();
        read.and_then(|read| read.layouts.last()).is_some_and(|last| is_read(now, &last.table))
    });
    if !is_sound {
        return Relaid::Lost("the list is laid out otherwise, and what was found of it reads nothing".into());
    }
    let mut left = found.left;
    left.truncate(LEFT);
    let sureness = if found.is_same { Sureness::Likely } else { Sureness::Guess };
    Relaid::Found(Box::new(Mend { span: at..at, line, new: text, sureness, why: found.why }), left)
}

/// Whether a table or records are on the page with all that is read of them.
fn is_read(document: &Document, table: &Table<TransactionField>) -> bool {
    Grid::find(document, table).is_ok_and(|grid| {
        grid.element.is_some() && !grid.rows.is_empty() && places(&grid.headers, table.names()).is_ok()
    })
}

/// What each field held in the list as it was, and how many rows it had.
fn held(read: &TransactionsRead, before: &Document) -> Option<(Vec<Held>, usize)> {
    let layout = read.layouts.first()?;
    let table = &layout.table;
    let grid = Grid::find(before, table).ok().filter(|grid| grid.rows.len() >= LEAST)?;
    let found = places(&grid.headers, table.names()).ok()?;
    let of = |((field, name), place): (&(TransactionField, String), usize)| {
        let values = grid.rows.iter().map(|row| row.cells.get(place).cloned().unwrap_or_default());
        Held::new(*field, name, table, values)
    };
    let held = table.columns.iter().zip(found).map(of).collect();
    Some((held, grid.rows.len()))
}
