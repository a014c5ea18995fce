//! Reading accounts: the list of them, and the details on an account's own page.
//!
//! Not here: transactions.

use std::collections::HashSet;

use domain::account::{AccountStatus, AccountType, ObservedAccount};
use domain::failure::{Failure, FailureCode};
use domain::money::Currency;
use scraper::ElementRef;

use super::{Cells, Place, word};
use crate::document::{Document, folded_case, piece, shown_text};
use crate::language::{AccountField, AccountRead, AccountsRead, Format, Spot};
use crate::table::{Grid, Row};

/// An account of the list and the row that it stands in.
pub(crate) struct Listed<'d> {
    pub(crate) account: ObservedAccount,
    pub(crate) row: ElementRef<'d>,
}

/// The accounts of a list, in its order.
pub(crate) fn list<'d>(
    document: &'d Document,
    read: &AccountsRead,
    cells: Cells<'_>,
    place: &Place,
) -> Result<Vec<Listed<'d>>, Failure> {
    let grid = Grid::find(document, &read.table).map_err(|error| place.table(&error))?;
    let mut accounts: Vec<Listed<'d>> = Vec::new();
    let mut keys = HashSet::new();
    for (index, row) in grid.rows.iter().enumerate() {
        let account = listed(row, read, cells, place, index + 1)?;
        if !keys.insert(account.portal_key.clone()) {
            let what = format!("row {}: another account has the same key", index + 1);
            return Err(place.failure(FailureCode::ScriptParse, what));
        }
        accounts.push(Listed { account, row: row.element });
    }
    Ok(accounts)
}

fn listed(
    row: &Row<'_>,
    read: &AccountsRead,
    cells: Cells<'_>,
    place: &Place,
    number: usize,
) -> Result<ObservedAccount, Failure> {
    let key_element = match &read.key.of {
        Some(css) => row.element.select(&css.selector).next(),
        None => Some(row.element),
    };
    let key = key_element.and_then(|element| piece(element, &read.key));
    let Some(portal_key) = key else {
        let what = format!("row {number}: what `key` says isn't there");
        return Err(place.failure(FailureCode::ScriptParse, what));
    };
    let mut account = blank(portal_key, cells.currency);
    // The currency decides how many decimals a balance has, so it comes first.
    let columns = || read.table.columns.iter().zip(&row.cells);
    let currency_first = columns().filter(|((field, _), _)| *field == AccountField::Currency).chain(columns());
    for ((field, header), cell) in currency_first {
        let text = shown_text(*cell);
        let set = set(&mut account, *field, text, &read.format, cells);
        set.map_err(|why| place.cell(number, header, &why))?;
    }
    if account.name.is_empty() {
        return Err(place.failure(FailureCode::ScriptParse, format!("row {number}: the account has no name")));
    }
    Ok(account)
}

fn blank(portal_key: String, currency: &Currency) -> ObservedAccount {
    ObservedAccount {
        portal_key,
        account_type: AccountType::Unknown,
        currency: currency.to_string(),
        name: String::new(),
        status: AccountStatus::Unknown,
        official_name: None,
        masked_number: None,
        account_number: None,
        routing_number: None,
        swift_bic: None,
        current_balance: None,
        available_balance: None,
        balance_as_of: None,
        transactions: Vec::new(),
        window: None,
        balances: Vec::new(),
        failure: None,
        sheets: Vec::new(),
    }
}

/// Adds what an account's own page says.
pub(crate) fn details(
    document: &Document,
    read: &AccountRead,
    account: &mut ObservedAccount,
    cells: Cells<'_>,
    place: &Place,
) -> Result<(), Failure> {
    // As in the list, the currency comes first.
    let fields = || read.fields.iter();
    let currency_first = fields().filter(|(field, _)| *field == AccountField::Currency).chain(fields());
    for (field, spot) in currency_first {
        let name = AccountField::KNOWN.iter().find(|(_, known)| known == field).map_or("", |(name, _)| *name);
        let text = match spot {
            Spot::Label(label) => beside(document, label).map_err(|why| {
                let code = match why {
                    LabelError::Missing => FailureCode::ElementMissing,
                    LabelError::Ambiguous => FailureCode::ElementAmbiguous,
                };
                place.failure(code, format!("field `{name}`: {} `{label}`", why.text()))
            })?,
            Spot::At(pick) => document.pick(pick).ok_or_else(|| {
                place.failure(FailureCode::ElementMissing, format!("field `{name}`: it isn't on the page"))
            })?,
        };
        set(account, *field, text, &read.format, cells).map_err(|why| place.field(name, &why))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum LabelError {
    Missing,
    Ambiguous,
}

impl LabelError {
    const fn text(self) -> &'static str {
        match self {
            Self::Missing => "nothing is labelled",
            Self::Ambiguous => "several things are labelled",
        }
    }
}

/// The text beside a label: the description of a term, or the cell after a header.
fn beside(document: &Document, label: &str) -> Result<String, LabelError> {
    let is_label = |element: &ElementRef<'_>| {
        matches!(element.value().name(), "dt" | "th") && folded_case(&shown_text(*element)) == label
    };
    let value = |element: ElementRef<'_>| {
        let wanted = if element.value().name() == "dt" { "dd" } else { "td" };
        let next = element.next_siblings().find_map(ElementRef::wrap)?;
        (next.value().name() == wanted).then(|| shown_text(next))
    };
    let mut found = document.elements().filter(is_label).filter_map(value);
    let text = found.next().ok_or(LabelError::Missing)?;
    if found.next().is_some() { Err(LabelError::Ambiguous) } else { Ok(text) }
}

/// Sets one field from a text with white space folded; an empty text says nothing.
fn set(
    account: &mut ObservedAccount,
    field: AccountField,
    text: String,
    format: &Format,
    cells: Cells<'_>,
) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    match field {
        AccountField::Name => account.name = text,
        AccountField::Type => account.account_type = word(&text, &format.types)?,
        AccountField::Status => account.status = word(&text, &format.account_statuses)?,
        AccountField::Currency => account.currency = currency(&text)?.to_string(),
        AccountField::OfficialName => account.official_name = Some(text),
        AccountField::MaskedNumber => account.masked_number = Some(text),
        AccountField::AccountNumber => account.account_number = Some(text),
        AccountField::RoutingNumber => account.routing_number = Some(text),
        AccountField::SwiftBic => account.swift_bic = Some(text),
        AccountField::CurrentBalance => account.current_balance = balance(&text, account, cells)?,
        AccountField::AvailableBalance => account.available_balance = balance(&text, account, cells)?,
        AccountField::BalanceAsOf => account.balance_as_of = cells.date(&text, format)?,
    }
    Ok(())
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|error| error.to_string())
}

/// A balance in the account's own currency.
fn balance(text: &str, account: &ObservedAccount, cells: Cells<'_>) -> Result<Option<String>, String> {
    let currency = currency(&account.currency)?;
    Cells { currency: &currency, ..cells }.amount(text)
}
