//! Reading what a script says of the portal's own answers.
//!
//! Not here: the table that they are held against (`lists`).

use domain::calendar::DateFormat;

use super::reads::{Words, field, listed};
use crate::command::Method;
use crate::diagnostic::DiagnosticCode as Code;
use crate::form::{Faults, Form};
use crate::grammar::{self, Map};
use crate::language::{Captured, CapturedWords, Datum, TransactionField};
use crate::node::{Node, Value};

/// How dates are written in answers whose script doesn't say.
const USUAL_DATE: &str = "YYYY-MM-DD";

/// What is where in a row.
#[derive(Default)]
struct Fields {
    /// Each with what is said of it, which may be faulty.
    known: Vec<(TransactionField, Option<Datum>)>,
    currency: Option<Option<Datum>>,
    direction: Option<Option<Datum>>,
}

pub(super) fn captured(node: &Node, faults: &mut Faults) -> Option<Captured> {
    use TransactionField as F;
    let mut form = Form::new(&grammar::CAPTURED, node, faults);
    let url = form.need("url", faults).map(|node| address(node, faults));
    let methods = [Method::Get, Method::Post].map(|method| (method.as_str(), method));
    let method = form.ask("method").and_then(|node| faults.word(node, &methods)).unwrap_or(Method::Get);
    let rows = form.need("rows", faults).and_then(|node| faults.parsed(node));
    let fields = form.need("fields", faults).and_then(|node| fields(node, faults));
    let date: Option<DateFormat> = match form.ask("date") {
        Some(node) => faults.parsed(node),
        None => USUAL_DATE.parse().ok(),
    };
    let has = |field| fields.as_ref().map(|fields| fields.has(field));
    let mut map = Words::new(&mut form, &grammar::CAPTURED_WORDS, faults);
    let rails = map.of("rail", has(F::Rail), &listed(domain::transaction::Rail::ALL), faults);
    let all = listed(domain::transaction::TransactionStatus::ALL);
    let statuses = map.of("status", has(F::Status), &all, faults);
    let has_direction = fields.as_ref().map(|fields| fields.direction.is_some());
    let all = listed(domain::transaction::EntryType::ALL);
    let directions = map.of("direction", has_direction, &all, faults);
    map.finish(faults);
    let key = form.need("key", faults).and_then(|node| faults.parsed(node));
    let end = form.ask("end").map(|node| faults.parsed(node));
    let announced = form.ask("announced").map(|node| faults.parsed(node));
    form.finish(faults);
    let Fields { known, currency, direction } = fields?;
    let known: Option<Vec<_>> = known.into_iter().map(|(field, datum)| Some((field, datum?))).collect();
    Some(Captured {
        url: url?,
        method,
        rows: rows?,
        fields: known?,
        currency: sound(currency)?,
        direction: sound(direction)?,
        date: date?,
        words: CapturedWords { rails, statuses, directions },
        key: key?,
        end: sound(end)?,
        announced: sound(announced)?,
    })
}

/// What is said, unless it is faulty.
fn sound<T>(said: Option<Option<T>>) -> Option<Option<T>> {
    match said {
        Some(None) => None,
        Some(some) => Some(some),
        None => Some(None),
    }
}

/// Parts of an address, one of which tells the account's answers from those of any other.
fn address(node: &Node, faults: &mut Faults) -> Vec<String> {
    let parts = parts(node, faults);
    if !parts.is_empty() && !parts.iter().any(|part| Captured::is_of_one_account(part)) {
        let message = "no part of `url` has `{account}` with an edge before and after it (one of `/ ? & = ; , : #`), so \
                       answers of another account would count as this one's";
        let hint = "write what stands on both sides of it: `/accounts/{account}/entries`, `?account={account}&`";
        faults.hinted(Code::AccountMissing, node.at, message, hint.to_owned());
    }
    parts
}

/// Parts of an address, as they are written.
fn parts(node: &Node, faults: &mut Faults) -> Vec<String> {
    faults.one_or_many(node).iter().filter_map(|node| faults.text(node)).map(str::to_owned).collect()
}

impl Fields {
    fn has(&self, field: TransactionField) -> bool {
        self.known.iter().any(|(known, _)| *known == field)
    }
}

fn fields(node: &Node, faults: &mut Faults) -> Option<Fields> {
    use TransactionField as F;
    let mut fields = Fields::default();
    for entry in faults.entries(node) {
        match entry.key.as_str() {
            "currency" => fields.currency = Some(datum(&entry.value, &grammar::DATUM, faults)),
            "direction" => fields.direction = Some(datum(&entry.value, &grammar::DATUM, faults)),
            key => {
                let Some(known) = field(key, entry.at, F::KNOWN, faults) else { continue };
                let is_amount = matches!(known, F::Amount | F::Debit | F::Credit | F::RunningBalance);
                let map = if is_amount { &grammar::AMOUNT } else { &grammar::DATUM };
                fields.known.push((known, datum(&entry.value, map, faults)));
            }
        }
    }
    let Value::Map(_) = node.value else { return None };
    for (wanted, key) in [(F::PostedDate, "postedDate"), (F::Description, "description")] {
        if !fields.has(wanted) {
            faults.add(Code::KeyMissing, node.at, format!("`fields` of `captured` needs the key `{key}`"));
        }
    }
    let amounts = (fields.has(F::Amount), fields.has(F::Debit), fields.has(F::Credit));
    if !matches!(amounts, (true, false, false) | (false, true, true)) {
        let message = "`fields` of `captured` needs either `amount`, or both `debit` and `credit`";
        faults.add(Code::KeyMissing, node.at, message);
    }
    if fields.direction.is_some() && fields.has(F::Debit) {
        faults.add(Code::KeyConflict, node.at, "`direction` is of `amount`; `debit` and `credit` say it themselves");
    }
    Some(fields)
}

/// Where a value is: a path, or a map that says more.
fn datum(node: &Node, map: &'static Map, faults: &mut Faults) -> Option<Datum> {
    let Value::Map(_) = node.value else {
        return faults.parsed(node).map(|at| Datum { at, scale: None, after: None, before: None });
    };
    let mut form = Form::new(map, node, faults);
    let at = form.need("at", faults).and_then(|node| faults.parsed(node));
    let scale = match map.takes("scale") {
        Some(_) => form.ask("scale").map(|node| faults.number(node, 0..=8)),
        None => None,
    };
    let mut text = |key| form.ask(key).and_then(|node| faults.blank_text(node)).map(str::to_owned);
    let (after, before) = (text("after"), text("before"));
    form.finish(faults);
    Some(Datum { at: at?, scale: sound(scale)?, after, before })
}
