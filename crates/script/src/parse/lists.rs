//! Reading how a list of transactions is laid out, and how one gets on in it.
//!
//! Not here: tables and their columns (`reads`).

use domain::calendar::DateFormat;

use super::pick;
use super::reads::{Words, date, listed, pending, required_columns, table};
use crate::diagnostic::DiagnosticCode as Code;
use crate::form::{Faults, Form};
use crate::grammar;
use crate::language::{Debits, Layout, Next, TransactionField, Windows};
use crate::node::{Node, Value};

/// What `layouts` says; of dates and words each that it doesn't say is as in the first.
pub(super) fn layouts(node: &Node, first: Option<&Layout>, faults: &mut Faults) -> Vec<Layout> {
    let mut layouts = Vec::new();
    for node in faults.list(node) {
        let mut form = Form::new(&grammar::LAYOUT, node, faults);
        layouts.extend(layout(&mut form, first, faults));
        form.finish(faults);
    }
    layouts
}

/// The keys of a layout within a map that may have others.
pub(super) fn layout(form: &mut Form<'_>, first: Option<&Layout>, faults: &mut Faults) -> Option<Layout> {
    use TransactionField as F;
    let table = table(form, F::KNOWN, faults);
    let has = |field| table.as_ref().map(|table| table.columns.iter().any(|(known, _)| *known == field));
    let known = first.map(|first| &first.format);
    let mut map = Words::new(form, &grammar::TRANSACTION_WORDS, faults);
    // What the first layout says needn't be said again.
    let is_needed = |field, has_words: bool| has(field).filter(|is_read| !is_read || !has_words);
    let has_rails = known.is_some_and(|known| !known.rails.is_empty());
    let has_statuses = known.is_some_and(|known| !known.statuses.is_empty());
    let rails = map.of("rail", is_needed(F::Rail, has_rails), &listed(domain::transaction::Rail::ALL), faults);
    let all = listed(domain::transaction::TransactionStatus::ALL);
    let statuses = map.of("status", is_needed(F::Status, has_statuses), &all, faults);
    map.finish(faults);
    let has_date = has(F::TransactionDate).filter(|has_date| *has_date).or(has(F::PostedDate));
    let is_dated = known.is_some_and(|known| known.date.is_some());
    let date = date(form, has_date.filter(|_| !is_dated), faults);
    let pending = form.ask("pending").and_then(|node| pending(node, &has, faults));
    let signed =
        form.ask("signed").and_then(|node| faults.word(node, &[("debit", Debits::Signed)]).map(|word| (node, word)));
    if let Some((node, _)) = signed.filter(|_| has(F::Debit) == Some(false)) {
        faults.add(Code::KeyConflict, node.at, "`debit` isn't one of the `columns`");
    }
    if let Some(table) = &table {
        let at = form.ask("columns").map_or(form.at, |node| node.at);
        required_columns(at, table, faults);
    }
    let mut format = known.cloned().unwrap_or_default();
    format.date = date.or(format.date);
    format.rails = if rails.is_empty() { format.rails } else { rails };
    format.statuses = if statuses.is_empty() { format.statuses } else { statuses };
    let debits = signed.map_or(Debits::Bare, |(_, debits)| debits);
    Some(Layout { table: table?, format, pending, debits })
}

/// How a portal is asked for some days after others.
pub(super) fn windows(node: &Node, faults: &mut Faults) -> Option<Windows> {
    let mut form = Form::new(&grammar::WINDOWS, node, faults);
    let [from, to, click] = ["from", "to", "click"].map(|key| form.need(key, faults).map(|node| faults.css(node)));
    let answer = form.ask("answer").and_then(|node| faults.css(node));
    let date: Option<DateFormat> = form.need("date", faults).and_then(|node| faults.parsed(node));
    let days = form.need("days", faults).and_then(|node| faults.number(node, 1..=3_660));
    let reach = form.need("reach", faults).and_then(|node| faults.number(node, 1..=36_600));
    form.finish(faults);
    Some(Windows { from: from??, to: to??, click: click??, answer, date: date?, days: days?, reach: reach? })
}

/// What leads to the next page: a selector, or a map whose first key says which way it goes.
pub(super) fn next(node: &Node, faults: &mut Faults) -> Option<Next> {
    let Value::Map(_) = node.value else {
        return faults.css(node).map(|target| Next::Click { target, end: None });
    };
    let mut form = Form::new(&grammar::NEXT, node, faults);
    let ways = ["choose", "behind", "more", "scroll"].map(|key| (key, form.ask(key)));
    let mut said = ways.into_iter().filter_map(|(key, node)| Some((key, node?)));
    let way = said.next();
    if let Some((other, node)) = said.next() {
        let message = format!("`next` has `{}` or `{other}`, and not both", way.map_or("", |(key, _)| key));
        faults.add(Code::KeyConflict, node.at, message);
    }
    let next = match way {
        Some(("choose", of)) => {
            let click = form.need("click", faults).and_then(|node| faults.css(node));
            faults.css(of).zip(click).map(|(of, click)| Next::Choose { of, click })
        }
        Some(("behind", shown)) => {
            let click = form.need("click", faults).and_then(|node| faults.css(node));
            faults.css(shown).zip(click).map(|(shown, click)| Next::Behind { shown, click })
        }
        Some(("more", more)) => faults.css(more).map(Next::More),
        Some((_, within)) => {
            let end = form.need("end", faults).and_then(|node| faults.css(node));
            let key = form.need("key", faults).and_then(|node| pick(node, faults));
            let within = faults.css(within);
            within.zip(key).zip(end).map(|((within, key), end)| Next::Scroll { within, key, end })
        }
        None => {
            let end = form.ask("end").and_then(|node| faults.css(node));
            let target = form.need("click", faults).and_then(|node| faults.css(node));
            target.map(|target| Next::Click { target, end })
        }
    };
    form.finish(faults);
    next
}
