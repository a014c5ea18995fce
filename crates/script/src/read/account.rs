//! Reading accounts: the list of them, and the details on an account's own page.
//!
//! Not here: transactions.

use std::collections::HashSet;

use domain::account::ObservedAccount;
use domain::account_match::iban;
use domain::failure::{Failure, FailureCode};
use domain::money::Currency;
use domain::observation::{Sheet, SheetKind};
use scraper::ElementRef;

use super::{Cells, Place, word};
use crate::bounds::SIZE_LIMIT;
use crate::document::{Document, fold, piece, raw_text};
use crate::label::{beside, can_label, is_pair};
use crate::language::{AccountField, AccountRead, AccountsRead, Format, Spot};
use crate::table::{CELL_LIMIT, COLUMNS_LIMIT, Grid, places, weight};

/// The list of accounts as it shows.
pub(crate) struct Listing<'d> {
    headers: Vec<String>,
    pub(crate) entries: Vec<Entry<'d>>,
}

/// A row of the list.
pub(crate) struct Entry<'d> {
    pub(crate) portal_key: String,
    pub(crate) row: ElementRef<'d>,
    cells: Vec<String>,
}

/// Finds the rows of the list and what tells their accounts apart.
pub(crate) fn list<'d>(document: &'d Document, read: &AccountsRead, place: &Place) -> Result<Listing<'d>, Failure> {
    let grid = Grid::find(document, &read.table).map_err(|error| place.table(&error))?;
    let mut entries = Vec::with_capacity(grid.rows.len());
    let mut keys = HashSet::new();
    for (index, row) in grid.rows.into_iter().enumerate() {
        let refuse = |what: &str| place.failure(FailureCode::ScriptParse, format!("row {}: {what}", index + 1));
        let key_element = match &read.key.of {
            Some(css) => css.within(row.element).next(),
            None => Some(row.element),
        };
        let key = key_element.and_then(|element| piece(element, &read.key));
        let portal_key = key.ok_or_else(|| refuse("what `key` says isn't there"))?;
        if !keys.insert(portal_key.clone()) {
            return Err(refuse("another account has the same key"));
        }
        entries.push(Entry { portal_key, row: row.element, cells: row.cells });
    }
    Ok(Listing { headers: grid.headers, entries })
}

impl Listing<'_> {
    /// As shown, white space folded.
    pub(crate) fn headers(&self) -> &[String] {
        &self.headers
    }

    /// The cells of a column.
    pub(crate) fn cells(&self, place: usize) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(move |entry| entry.cells.get(place).map(String::as_str))
    }

    /// The accounts in the order of the list, each with the cells of its row.
    pub(crate) fn accounts(
        &self,
        read: &AccountsRead,
        cells: Cells<'_>,
        place: &Place,
    ) -> Result<Vec<ObservedAccount>, Failure> {
        // Each account keeps the headers, which the page shows once.
        if weight(&self.headers).saturating_mul(self.entries.len()) > SIZE_LIMIT {
            return Err(place.failure(FailureCode::ScriptParse, "the list has too many accounts for its headers"));
        }
        let mut accounts = Vec::with_capacity(self.entries.len());
        for (index, entry) in self.entries.iter().enumerate() {
            let (headers, rows) = (self.headers.clone(), vec![entry.cells.clone()]);
            let sheet = Sheet { kind: SheetKind::Listed, headers, rows };
            let mut account = blank(entry.portal_key.clone(), cells.currency);
            listed(&sheet, read, &mut account, cells, place, index + 1)?;
            account.sheets.push(sheet);
            accounts.push(account);
        }
        Ok(accounts)
    }
}

/// Adds what an account's row in the list says. `number` counts the rows from 1.
pub(crate) fn listed(
    sheet: &Sheet,
    read: &AccountsRead,
    account: &mut ObservedAccount,
    cells: Cells<'_>,
    place: &Place,
    number: usize,
) -> Result<(), Failure> {
    let found = places(&sheet.headers, read.table.names()).map_err(|error| place.table(&error))?;
    let row = sheet.rows.first().map(Vec::as_slice).unwrap_or_default();
    let columns = || read.table.columns.iter().zip(&found);
    let first = columns().filter(|((field, _), _)| comes_first(*field));
    for ((field, header), at) in first.chain(columns()) {
        let text = row.get(*at).map(|cell| fold(cell)).unwrap_or_default();
        let set = set(account, *field, text.into_owned(), &read.format, cells);
        set.map_err(|why| place.cell(number, header, &why))?;
    }
    if account.name.is_empty() {
        return Err(place.failure(FailureCode::ScriptParse, format!("row {number}: the account has no name")));
    }
    Ok(())
}

/// An account of which only the key is known.
pub(crate) fn blank(portal_key: String, currency: &Currency) -> ObservedAccount {
    ObservedAccount { portal_key, currency: currency.to_string(), ..ObservedAccount::unknown() }
}

/// Takes the details from an account's own page: all that stands beside a label, and
/// the pieces of text that the script reads, headed by `{field}`.
pub(crate) fn details_of(document: &Document, read: &AccountRead, place: &Place) -> Result<Sheet, Failure> {
    let mut sheet = Sheet { kind: SheetKind::Details, headers: Vec::new(), rows: Vec::new() };
    let (mut row, mut labels) = (Vec::new(), Vec::new());
    let too_long = |field| place.field(name_of(field), "there are more than 16 KiB of text");
    for (field, spot) in &read.fields {
        let Spot::At(pick) = spot else { continue };
        let text = match document.pick(pick) {
            Some(text) => text,
            // As a part of a record is empty that begins otherwise.
            None if document.begins_otherwise(pick) => String::new(),
            None => continue,
        };
        if text.len() > CELL_LIMIT {
            return Err(too_long(*field));
        }
        sheet.headers.push(piece_header(*field));
        row.push(text);
    }
    let mut spare = COLUMNS_LIMIT;
    for element in document.everything().filter(can_label) {
        let Some(value) = beside(element) else { continue };
        let label = fold(&raw_text(element, CELL_LIMIT)).into_owned();
        let folded = label.to_lowercase();
        let wanted =
            read.fields.iter().find(|(_, spot)| matches!(spot, Spot::Label(labels) if labels.contains(&folded)));
        if element.value().name() == "td" && (wanted.is_none() || !is_pair(element)) {
            continue;
        }
        // A label that is there twice can't be read, so a third one makes no difference.
        let is_kept = match wanted {
            Some(_) => labels.iter().filter(|label| **label == folded).nth(1).is_none(),
            None => spare > 0 && !label.is_empty() && label.len() <= CELL_LIMIT && stands_alone(element),
        };
        if !is_kept {
            continue;
        }
        let text = raw_text(value, CELL_LIMIT);
        match wanted {
            Some((field, _)) if text.len() > CELL_LIMIT => return Err(too_long(*field)),
            None if text.len() > CELL_LIMIT => continue,
            Some(_) => {}
            None => spare -= 1,
        }
        sheet.headers.push(label);
        labels.push(folded);
        row.push(text);
    }
    sheet.rows.push(row);
    Ok(sheet)
}

/// Adds what an account's own page says.
pub(crate) fn details(
    sheet: &Sheet,
    read: &AccountRead,
    account: &mut ObservedAccount,
    cells: Cells<'_>,
    place: &Place,
) -> Result<(), Failure> {
    let row = sheet.rows.first().map(Vec::as_slice).unwrap_or_default();
    let folded: Vec<String> = sheet.headers.iter().map(|header| header.to_lowercase()).collect();
    let fields = || read.fields.iter();
    for (field, spot) in fields().filter(|(field, _)| comes_first(*field)).chain(fields()) {
        let refuse = |code, what: &str| place.failure(code, format!("field `{}`: {what}", name_of(*field)));
        let piece = [piece_header(*field).to_lowercase()];
        let wanted = match spot {
            Spot::Label(labels) => labels.as_slice(),
            Spot::At(_) => piece.as_slice(),
        };
        let mut fitting = folded.iter().zip(row).filter(|(header, _)| wanted.contains(*header));
        let text = match (spot, fitting.next(), fitting.next()) {
            (_, Some((_, text)), None) => text,
            (Spot::Label(labels), None, _) => {
                let what = format!("nothing is labelled `{}`", labels.join("` or `"));
                return Err(refuse(FailureCode::ElementMissing, &what));
            }
            (Spot::Label(labels), Some(_), Some(_)) => {
                let what = format!("several things are labelled `{}`", labels.join("` or `"));
                return Err(refuse(FailureCode::ElementAmbiguous, &what));
            }
            (Spot::At(_), _, _) => return Err(refuse(FailureCode::ElementMissing, "it isn't on the page")),
        };
        let set = set(account, *field, fold(text).into_owned(), &read.format, cells);
        set.map_err(|why| place.field(name_of(*field), &why))?;
    }
    Ok(())
}

/// Whether a field says how others are read: the currency how many decimals a balance has, the
/// type whether it is shown as what is owed.
const fn comes_first(field: AccountField) -> bool {
    matches!(field, AccountField::Currency | AccountField::Type)
}

/// What heads a piece of text: the field's name, in brackets that no label of a bank has.
fn piece_header(field: AccountField) -> String {
    format!("{{{}}}", name_of(field))
}

fn name_of(field: AccountField) -> &'static str {
    AccountField::KNOWN.iter().find(|(_, known)| *known == field).map_or("", |(name, _)| *name)
}

/// Whether a label and its value are all that there is in a row: then it isn't one of
/// a list's.
fn stands_alone(label: ElementRef<'_>) -> bool {
    let row = label.parent().and_then(ElementRef::wrap).filter(|_| label.value().name() == "th");
    row.is_none_or(|row| row.child_elements().take(3).count() <= 2)
}

/// Sets one field from a text with white space folded; an empty text says nothing.
fn set(
    account: &mut ObservedAccount,
    field: AccountField,
    text: String,
    format: &Format,
    cells: Cells<'_>,
) -> Result<(), String> {
    if cells.is_blank(&text) {
        return Ok(());
    }
    match field {
        AccountField::Name => account.name = text,
        AccountField::Type => account.account_type = word(&text, &format.types)?,
        AccountField::Status => account.status = word(&text, &format.account_statuses)?,
        AccountField::Currency => account.currency = currency(&text)?.to_string(),
        AccountField::OfficialName => account.official_name = Some(text),
        AccountField::MaskedNumber => account.masked_number = Some(text),
        // However a page groups it, one account has one number.
        AccountField::AccountNumber => account.account_number = Some(iban(&text).unwrap_or(text)),
        AccountField::RoutingNumber => account.routing_number = Some(text),
        AccountField::SwiftBic => account.swift_bic = Some(text),
        AccountField::CurrentBalance => {
            account.current_balance = balance(&text, account, cells.of_type(account.account_type))?;
        }
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
