//! Reading one page of an account's transactions.
//!
//! Not here: whether a row is already known; the ledger finds that out.

use domain::failure::Failure;
use domain::money::{read_amount, read_debit_credit};
use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
use rust_decimal::Decimal;
use scraper::ElementRef;

use super::{Cells, Place, word};
use crate::document::{Document, shown_text, text};
use crate::language::{TransactionField, TransactionsRead};
use crate::table::{Grid, Row};

/// The rows of one page.
pub(crate) struct TransactionsPage {
    pub(crate) transactions: Vec<ObservedTransaction>,
    /// All text of the table, which tells one page from another.
    pub(crate) text: String,
}

/// Reads the page in the portal's order.
pub(crate) fn transactions(
    document: &Document,
    read: &TransactionsRead,
    cells: Cells<'_>,
    place: &Place,
) -> Result<TransactionsPage, Failure> {
    let grid = Grid::find(document, &read.table).map_err(|error| place.table(&error))?;
    let mut transactions = Vec::new();
    for (index, row) in grid.rows.iter().enumerate() {
        transactions.push(transaction(&Fields { row, read }, cells, place, index + 1)?);
    }
    Ok(TransactionsPage { transactions, text: grid.element.map(shown_text).unwrap_or_default() })
}

/// The cells of a row by field.
struct Fields<'r, 'd> {
    row: &'r Row<'d>,
    read: &'r TransactionsRead,
}

/// A cell with the header that it stands under.
#[derive(Clone)]
struct Cell<'r, 'd> {
    header: &'r str,
    element: ElementRef<'d>,
    text: String,
}

impl<'r, 'd> Fields<'r, 'd> {
    /// None when the script reads no such field.
    fn get(&self, field: TransactionField) -> Option<Cell<'r, 'd>> {
        let mut columns = self.read.table.columns.iter().zip(&self.row.cells);
        let ((_, header), element) = columns.find(|((known, _), _)| *known == field)?;
        Some(Cell { header, element: *element, text: shown_text(*element) })
    }
}

fn transaction(
    fields: &Fields<'_, '_>,
    cells: Cells<'_>,
    place: &Place,
    number: usize,
) -> Result<ObservedTransaction, Failure> {
    use TransactionField as F;
    let format = &fields.read.format;
    let get = |field| fields.get(field);
    let refuse = |cell: &Cell<'_, '_>, why: String| place.cell(number, cell.header, &why);
    let nothing = || place.cell(number, "", "the script reads no such column");

    let is_pending = match &fields.read.pending {
        Some((field, text)) => get(*field).is_some_and(|cell| cell.text.to_lowercase() == *text),
        None => false,
    };
    let status = match get(F::Status) {
        _ if is_pending => TransactionStatus::Pending,
        Some(cell) => word(&cell.text, &format.statuses).map_err(|why| refuse(&cell, why))?,
        None => TransactionStatus::Posted,
    };
    let has_date = !matches!(status, TransactionStatus::Pending | TransactionStatus::Cancelled);
    let posted_date = match get(F::PostedDate) {
        Some(cell) if has_date => {
            let date = cells.date(&cell.text, format).map_err(|why| refuse(&cell, why))?;
            Some(date.ok_or_else(|| refuse(&cell, "the cell is empty".into()))?)
        }
        _ => None,
    };
    let amount = match (get(F::Amount), get(F::Debit), get(F::Credit)) {
        (Some(cell), _, _) => {
            read_amount(&cell.text, &cells.locale, cells.currency).map_err(|why| refuse(&cell, why.to_string()))?
        }
        (None, Some(debit), Some(credit)) => {
            read_debit_credit(&debit.text, &credit.text, &cells.locale, cells.currency)
                .map_err(|why| refuse(&debit, why.to_string()))?
        }
        _ => return Err(nothing()),
    };
    let description = get(F::Description).ok_or_else(nothing)?;
    if description.text.is_empty() {
        return Err(refuse(&description, "the cell is empty".into()));
    }
    let rail = match get(F::Rail) {
        Some(cell) => word(&cell.text, &format.rails).map_err(|why| refuse(&cell, why))?,
        None => Rail::Unknown,
    };
    let shown = |field| get(field).map(|cell| cell.text).filter(|text| !text.is_empty());
    Ok(ObservedTransaction {
        status,
        posted_date,
        amount: amount.to_string(),
        currency: cells.currency.to_string(),
        entry_type: direction(amount),
        raw_description: Some(text(description.element).trim().to_owned()),
        description: description.text,
        rail,
        bank_reference: shown(F::BankReference),
        customer_reference: shown(F::CustomerReference),
        bai_code: shown(F::BaiCode),
        category: shown(F::Category),
        subcategory: shown(F::Subcategory),
        mcc: shown(F::Mcc),
        merchant_name: shown(F::MerchantName),
        counterparty_name: shown(F::CounterpartyName),
        counterparty_account_masked: shown(F::CounterpartyAccountMasked),
        transaction_date: None,
        running_balance: None,
    })
}

fn direction(amount: Decimal) -> EntryType {
    if amount.is_sign_negative() && !amount.is_zero() { EntryType::Debit } else { EntryType::Credit }
}

#[cfg(test)]
mod tests {
    use domain::failure::Stage;
    use domain::money::{Currency, Locale};
    use jiff::civil::date;

    use super::{Cells, Place, transactions};
    use crate::css::Css;
    use crate::document::Document;
    use crate::language::{Format, Table, TransactionField, TransactionsRead};

    #[test]
    fn what_else_a_bank_shows_is_taken_as_it_stands_and_an_empty_cell_says_nothing() {
        let columns = TransactionField::KNOWN
            .iter()
            .filter(|(name, _)| !["postedDate", "debit", "credit", "status", "rail"].contains(name))
            .map(|(name, field)| (*field, name.to_lowercase()))
            .collect::<Vec<_>>();
        let headers: String = columns.iter().map(|(_, header)| format!("<th>{header}")).collect();
        let full: String = columns.iter().map(|(_, header)| format!("<td> {header}  of a row ")).collect();
        let full = full.replacen("amount  of a row", "-4.50", 1);
        let bare = "<td>coffee<td>-4.50".to_owned() + &"<td> ".repeat(columns.len() - 2);
        let html = format!("<table id=t><thead><tr>{headers}</thead><tr>{full}<tr>{bare}</table>");
        let table = Table { css: Css::parse("#t").expect("a selector"), skip: None, empty: None, columns };
        let pending = Some((TransactionField::Description, "coffee".to_owned()));
        let read = TransactionsRead { table, format: Format::default(), pending, next: None, limit: 1 };
        let currency = Currency::parse("USD").expect("a currency");
        let cells = Cells { locale: Locale::EnUs, currency: &currency, today: date(2026, 1, 15) };
        let place = Place { stage: Stage::Transactions, account: Some(1) };
        let document = Document::parse(&html).expect("a document");
        let page = transactions(&document, &read, cells, &place).expect("it reads");
        let rows = serde_json::to_value(&page.transactions).expect("JSON");
        for field in [
            "bankReference",
            "customerReference",
            "baiCode",
            "category",
            "subcategory",
            "mcc",
            "merchantName",
            "counterpartyName",
            "counterpartyAccountMasked",
        ] {
            assert_eq!(rows[0][field], format!("{} of a row", field.to_lowercase()));
            assert!(rows[1][field].is_null(), "{field}");
        }
    }
}
