//! Reading what a script says of the page that shows what the user may do.
//!
//! Not here: tables and their columns (`reads`).

use domain::permissions::Right;

use super::reads::{banks_word, table};
use super::words;
use crate::diagnostic::{DiagnosticCode as Code, Position, nearest};
use crate::form::{Faults, Form, cut};
use crate::grammar::{self, NO_RIGHT};
use crate::language::{BankWord, PermissionField, PermissionsRead};
use crate::node::Node;

pub(super) fn permissions(node: &Node, pages: &[&str], faults: &mut Faults) -> Option<PermissionsRead> {
    let mut form = Form::new(&grammar::PERMISSIONS, node, faults);
    let on = form.need("on", faults).and_then(|node| Some((faults.text(node)?, node.at)));
    if let Some((page, at)) = on.filter(|(page, _)| !pages.contains(page)) {
        let hint = nearest(page, pages.iter().copied());
        faults.hinted(Code::PageUnknown, at, format!("there is no page `{}`", cut(page)), hint);
    }
    let open = form.need("open", faults).and_then(|node| faults.css(node));
    let back = form.need("back", faults).and_then(|node| faults.css(node));
    let table = table(&mut form, PermissionField::KNOWN, faults);
    let columns = table.as_ref().map(|table| table.columns.iter().map(|(field, _)| *field).collect::<Vec<_>>());
    let says = |wanted: &dyn Fn(&PermissionField) -> bool| columns.iter().flatten().any(wanted);
    let granted = form.ask("granted").map(|node| words(node, faults));
    let refused = form.ask("refused").map(|node| words(node, faults));
    for (key, said) in [("granted", &granted), ("refused", &refused)] {
        if said.is_none() && says(&|field| matches!(field, PermissionField::May(_))) {
            needed(form.at, key, faults);
        }
    }
    let map = form.ask("map");
    if map.is_none() && says(&|field| *field == PermissionField::Access) {
        needed(form.at, "map", faults);
    }
    let accesses = map.map(|node| accesses(node, faults)).unwrap_or_default();
    if columns.as_ref().is_some_and(Vec::is_empty) {
        let at = form.ask("columns").map_or(node.at, |node| node.at);
        let message = "`columns` of permissions needs one of `view`, `initiate`, `approve` and `access`";
        faults.add(Code::KeyMissing, at, message);
    }
    form.finish(faults);
    Some(PermissionsRead {
        on: on?.0.to_owned(),
        open: open?,
        back: back?,
        table: table?,
        granted: granted.unwrap_or_default(),
        refused: refused.unwrap_or_default(),
        accesses,
    })
}

fn needed(at: Position, key: &str, faults: &mut Faults) {
    let hint = match key {
        "map" => "say what the bank's words for an access let the user do: `map: { View only: view }`",
        _ => "say which words mean yes and which no: `granted: Yes`, `refused: No`",
    };
    let message = format!("what may be done is read here, and the key `{key}` is missing");
    faults.hinted(Code::KeyMissing, at, message, hint.to_owned());
}

/// The bank's words, case folded, and what each grants.
fn accesses(node: &Node, faults: &mut Faults) -> Vec<(BankWord, Vec<Right>)> {
    let known: Vec<(&'static str, Option<Right>)> =
        Right::ALL.iter().map(|right| (right.as_str(), Some(*right))).chain([(NO_RIGHT, None)]).collect();
    let mut accesses = Vec::new();
    for entry in faults.entries(node) {
        let rights = faults.one_or_many(&entry.value).iter().filter_map(|node| faults.word(node, &known));
        let rights: Vec<Right> = rights.collect::<Vec<_>>().into_iter().flatten().collect();
        accesses.extend(banks_word(entry, &accesses, faults).map(|word| (word, rights)));
    }
    accesses
}
