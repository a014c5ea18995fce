//! Reading an account's transactions: from a page its cells, from cells the rows.
//!
//! Not here: whether a row is already known; the ledger finds that out.

use std::borrow::Cow;

use domain::failure::Failure;
use domain::money::{Currency, Locale, read_amount, read_debit_credit, read_signed_debit_credit};
use domain::observation::{Sheet, SheetKind};
use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
use rust_decimal::Decimal;
use scraper::ElementRef;

use super::{Cells, Place, is_word, word};
use crate::document::{Document, fold, shown_text};
use crate::language::{Debits, Layout, Next, Pick, TransactionField, TransactionsRead};
use crate::table::{Grid, TableError, places, text_of};

/// One page of transactions.
pub(crate) struct TransactionsPage<'d> {
    /// Its cells, in the portal's order.
    pub(crate) sheet: Sheet,
    /// What tells each row from the others, where rows come and go; empty where nothing does.
    pub(crate) keys: Vec<Option<String>>,
    /// Where its rows stand.
    pub(crate) rows: Vec<ElementRef<'d>>,
    table: Option<ElementRef<'d>>,
}

impl TransactionsPage<'_> {
    /// All text of the table, which tells one page from another.
    pub(crate) fn text(&self) -> String {
        self.table.map(shown_text).unwrap_or_default()
    }
}

/// Takes the cells of the page that shows, in the layout that it has.
pub(crate) fn page<'d>(
    document: &'d Document,
    read: &TransactionsRead,
    place: &Place,
) -> Result<TransactionsPage<'d>, Failure> {
    let mut grid = None;
    for layout in &read.layouts {
        match Grid::find(document, &layout.table) {
            Err(TableError::Missing | TableError::NoRecords | TableError::ColumnMissing(..))
                if read.layouts.len() > 1 => {}
            found => {
                grid = Some(found);
                break;
            }
        }
    }
    // Of layouts none of which shows, the first is what the script means.
    let first = || read.layouts.first().map(|layout| Grid::find(document, &layout.table));
    let grid = grid.or_else(first).unwrap_or(Err(TableError::Missing)).map_err(|error| place.table(&error))?;
    let key = match &read.next {
        Some(Next::Scroll { key, .. }) => Some(key),
        _ => None,
    };
    let keys_of = |key: &Pick| grid.rows.iter().map(|row| text_of(row.element, key)).collect();
    let keys = key.map(keys_of).unwrap_or_default();
    let (rows, cells) = grid.rows.into_iter().map(|row| (row.element, row.cells)).unzip();
    let sheet = Sheet { kind: SheetKind::Transactions, headers: grid.headers, rows: cells };
    Ok(TransactionsPage { sheet, keys, rows, table: grid.element })
}

/// The layout that rows stand in, by the columns that they have; the first where none fits.
pub(crate) fn layout<'r>(sheet: &Sheet, read: &'r TransactionsRead) -> Option<&'r Layout> {
    let fits = |layout: &&Layout| places(&sheet.headers, layout.table.names()).is_ok();
    read.layouts.iter().find(fits).or(read.layouts.first())
}

/// Takes the cells of the table of what is announced; none where the page has none.
pub(crate) fn announcements(
    document: &Document,
    read: &TransactionsRead,
    place: &Place,
) -> Result<Option<Sheet>, Failure> {
    let Some(table) = &read.pending_table else { return Ok(None) };
    let grid = match Grid::find(document, table) {
        Err(TableError::Missing) => return Ok(None),
        grid => grid.map_err(|error| place.table(&error))?,
    };
    let rows = grid.rows.into_iter().map(|row| row.cells).collect();
    Ok(Some(Sheet { kind: SheetKind::Pending, headers: grid.headers, rows }))
}

/// How many rows the page says there are, on all pages. It may say nothing where
/// there are none.
pub(crate) fn announced(
    document: &Document,
    pick: &Pick,
    locale: Locale,
    rows: &[ObservedTransaction],
    place: &Place,
) -> Result<Option<u64>, Failure> {
    use domain::failure::FailureCode::{ElementMissing, ScriptParse};
    let Some(text) = document.pick(pick) else {
        let missing = place.failure(ElementMissing, "what `announced` says isn't on the page");
        return if rows.is_empty() { Ok(None) } else { Err(missing) };
    };
    let number = whole_number(&text, locale);
    number.map(Some).ok_or_else(|| place.failure(ScriptParse, "what `announced` says isn't a whole number"))
}

/// A number without sign or decimals, its digits grouped as the locale groups them.
fn whole_number(text: &str, locale: Locale) -> Option<u64> {
    let is_plain = text.starts_with(char::is_numeric) && text.ends_with(char::is_numeric);
    // A currency without decimals has whole numbers, in the same grammar.
    let without_decimals = Currency::parse("JPY").ok().filter(|_| is_plain)?;
    read_amount(text, &locale, &without_decimals).ok()?.try_into().ok()
}

/// Reads the rows of a page from its cells.
pub(crate) fn transactions(
    sheet: &Sheet,
    read: &TransactionsRead,
    cells: Cells<'_>,
    place: &Place,
) -> Result<Vec<ObservedTransaction>, Failure> {
    if sheet.rows.is_empty() {
        return Ok(Vec::new());
    }
    let Some(layout) = layout(sheet, read) else { return Ok(Vec::new()) };
    let table = match (sheet.kind, &read.pending_table) {
        (SheetKind::Pending, Some(table)) => table,
        // Another revision may know of no such table any more; its rows are no others for that.
        (SheetKind::Pending, None) => return Ok(Vec::new()),
        _ => &layout.table,
    };
    let found = places(&sheet.headers, table.names()).map_err(|error| place.table(&error))?;
    let mut columns = Columns::default();
    for ((field, header), place) in table.columns.iter().zip(found) {
        columns.set(*field, Column { header, place });
    }
    let rows = sheet.rows.iter().enumerate();
    let fields = |row| Fields { columns: &columns, row, layout, kind: sheet.kind, cells };
    rows.map(|(index, row)| transaction(&fields(row), cells, place, index + 1)).collect()
}

/// Where each field stands in a row.
#[derive(Default)]
struct Columns<'s>([Option<Column<'s>>; TransactionField::KNOWN.len()]);

#[derive(Clone, Copy)]
struct Column<'s> {
    header: &'s str,
    place: usize,
}

impl<'s> Columns<'s> {
    fn set(&mut self, field: TransactionField, column: Column<'s>) {
        if let Some(known) = self.0.get_mut(field as usize) {
            *known = Some(column);
        }
    }

    fn get(&self, field: TransactionField) -> Option<Column<'s>> {
        self.0.get(field as usize).copied().flatten()
    }
}

/// The cells of a row by field.
struct Fields<'r> {
    columns: &'r Columns<'r>,
    row: &'r [String],
    layout: &'r Layout,
    /// Which table it stands in.
    kind: SheetKind,
    cells: Cells<'r>,
}

/// A cell with the header that it stands under.
struct Cell<'r> {
    header: &'r str,
    /// White space as it stands.
    raw: &'r str,
    /// White space folded.
    text: Cow<'r, str>,
}

impl<'r> Fields<'r> {
    /// None when the script reads no such field.
    fn get(&self, field: TransactionField) -> Option<Cell<'r>> {
        let Column { header, place } = self.columns.get(field)?;
        let raw = self.row.get(place)?;
        let text = fold(raw);
        let (raw, text) = if self.cells.is_blank(&text) { ("", Cow::Borrowed("")) } else { (raw.as_str(), text) };
        Some(Cell { header, raw, text })
    }
}

fn transaction(
    fields: &Fields<'_>,
    cells: Cells<'_>,
    place: &Place,
    number: usize,
) -> Result<ObservedTransaction, Failure> {
    use TransactionField as F;
    let format = &fields.layout.format;
    let get = |field| fields.get(field);
    let refuse = |cell: &Cell<'_>, why: String| place.cell(number, cell.header, &why);
    let nothing = || place.cell(number, "", "the script reads no such column");

    // The field that says it, in which nothing else stands then.
    let shows = |field, text: &str| get(field).is_some_and(|cell| is_word(&cell.text, text));
    let pending = fields.layout.pending.as_ref().filter(|(field, text)| shows(*field, text));
    let says_pending = |field| pending.is_some_and(|(known, _)| *known == field);
    let status = match get(F::Status) {
        _ if pending.is_some() || fields.kind == SheetKind::Pending => TransactionStatus::Pending,
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
    let transaction_date = match get(F::TransactionDate) {
        Some(cell) if !says_pending(F::TransactionDate) => {
            cells.date(&cell.text, format).map_err(|why| refuse(&cell, why))?
        }
        _ => None,
    };
    let amount = match (get(F::Amount), get(F::Debit), get(F::Credit)) {
        (Some(cell), _, _) => cells.decimal(&cell.text).map_err(|why| refuse(&cell, why.to_string()))?,
        (None, Some(debit), Some(credit)) => {
            let read = match fields.layout.debits {
                Debits::Bare => read_debit_credit,
                Debits::Signed => read_signed_debit_credit,
            };
            read(&debit.text, &credit.text, &cells.locale, cells.currency)
                .map_err(|why| refuse(&debit, why.to_string()))?
        }
        _ => return Err(nothing()),
    };
    let running_balance = match get(F::RunningBalance) {
        Some(cell) if !says_pending(F::RunningBalance) => cells.amount(&cell.text).map_err(|why| refuse(&cell, why))?,
        _ => None,
    };
    let description = get(F::Description).ok_or_else(nothing)?;
    if description.text.is_empty() {
        return Err(refuse(&description, "the cell is empty".into()));
    }
    let rail = match get(F::Rail) {
        Some(cell) => word(&cell.text, &format.rails).map_err(|why| refuse(&cell, why))?,
        None => Rail::Unknown,
    };
    let shown = |field| get(field).map(|cell| cell.text.into_owned()).filter(|text| !text.is_empty());
    Ok(ObservedTransaction {
        status,
        posted_date,
        amount: amount.to_string(),
        currency: cells.currency.to_string(),
        entry_type: direction(amount),
        raw_description: Some(description.raw.trim().to_owned()),
        description: description.text.into_owned(),
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
        transaction_date,
        running_balance,
    })
}

pub(super) fn direction(amount: Decimal) -> EntryType {
    if amount.is_sign_negative() && !amount.is_zero() { EntryType::Debit } else { EntryType::Credit }
}

#[cfg(test)]
mod tests {
    use domain::failure::{Failure, Stage};
    use domain::money::{Currency, Locale};
    use domain::transaction::ObservedTransaction;
    use jiff::civil::date;

    use super::{Cells, Place, page, transactions, whole_number};
    use crate::css::Css;
    use crate::document::Document;
    use crate::language::{Debits, Format, Layout, Shape, Table, TransactionField, TransactionsRead};
    use crate::read::Side;

    /// The rows of a table whose columns are headed by the names of their fields.
    fn rows(fields: &[&str], pending: (&str, &str), rows: &str) -> Result<Vec<ObservedTransaction>, Failure> {
        let known = |name: &str| TransactionField::KNOWN.iter().find(|(known, _)| *known == name).map(|known| known.1);
        let columns: Vec<(TransactionField, String)> =
            fields.iter().filter_map(|name| Some((known(name)?, name.to_lowercase()))).collect();
        let headers: String = columns.iter().map(|(_, header)| format!("<th>{header}")).collect();
        let html = format!("<table id=t><thead><tr>{headers}</thead>{rows}</table>");
        let css = Css::parse("#t").expect("a selector");
        let table = Table { css, shape: Shape::Table, skip: None, empty: None, columns, parts: Vec::new() };
        let pending = known(pending.0).map(|field| (field, pending.1.to_owned()));
        let format = Format { date: Some("MM/DD/YYYY".parse().expect("a pattern")), ..Format::default() };
        let layouts = vec![Layout { table, format, pending, debits: Debits::Bare }];
        let read = TransactionsRead {
            layouts,
            pending_table: None,
            announced: None,
            next: None,
            windows: None,
            captured: None,
            unless: None,
            file: None,
            limit: 1,
        };
        let currency = Currency::parse("USD").expect("a currency");
        let today = date(2026, 1, 15);
        let (locale, side) = (Locale::EnUs, Side::Own);
        let cells = Cells { locale, currency: &currency, today, blank: &[], owed: &[], side };
        let place = Place { stage: Stage::Transactions, account: Some(1) };
        let document = Document::parse(&html).expect("a document");
        transactions(&page(&document, &read, &place)?.sheet, &read, cells, &place)
    }

    #[test]
    fn what_else_a_bank_shows_is_taken_as_it_stands_and_an_empty_cell_says_nothing() {
        let texts = [
            "bankReference",
            "customerReference",
            "baiCode",
            "category",
            "subcategory",
            "mcc",
            "merchantName",
            "counterpartyName",
            "counterpartyAccountMasked",
        ];
        let fields = [&["description", "amount"], texts.as_slice()].concat();
        let full: String = texts.iter().map(|name| format!("<td> {name}  of a row ")).collect();
        let bare = "<td> ".repeat(texts.len());
        let rows = rows(
            &fields,
            ("description", "coffee"),
            &format!("<tr><td>Coffee<td>-4.50{full}<tr><td>coffee<td>-4.50{bare}"),
        );
        let rows = serde_json::to_value(rows.expect("it reads")).expect("JSON");
        for field in texts {
            assert_eq!(rows[0][field], format!("{field} of a row"));
            assert!(rows[1][field].is_null(), "{field}");
        }
    }

    #[test]
    fn a_row_may_have_the_balance_after_it_and_the_day_of_the_payment() {
        let fields = ["postedDate", "transactionDate", "description", "amount", "runningBalance"];
        let read = |cells: &str| {
            let rows = rows(&fields, ("postedDate", "pending"), &format!("<tr>{cells}"))?;
            let row = rows.into_iter().next().expect("a row");
            Ok::<_, Failure>((row.posted_date, row.transaction_date, row.running_balance))
        };
        let check = |cells: &str, posted: Option<_>, paid: Option<_>, balance: Option<&str>| {
            assert_eq!(read(cells).expect("it reads"), (posted, paid, balance.map(str::to_owned)), "{cells}");
        };
        let (second, fifth) = (date(2026, 1, 2), date(2026, 1, 5));
        let row = "<td>01/05/2026<td>01/02/2026<td>x<td>1.00<td>($1,234.50)";
        check(row, Some(fifth), Some(second), Some("-1234.50"));
        check("<td>01/05/2026<td><td>x<td>1.00<td>", Some(fifth), None, None);
        check("<td>Pending<td>01/02/2026<td>x<td>1.00<td> ", None, Some(second), None);
        let refuse = |cells: &str, expected: &str| {
            assert_eq!(read(cells).expect_err("it is refused").message, format!("account 1, row 1, {expected}"));
        };
        refuse(
            "<td>01/05/2026<td><td>x<td>1.00<td>n/a",
            "column `runningbalance`: the cell is not an amount as en-US writes it",
        );
        refuse(
            "<td>01/05/2026<td>01/02<td>x<td>1.00<td>",
            "column `transactiondate`: the cell is not a date of the form MM/DD/YYYY",
        );
    }

    #[test]
    fn the_column_that_says_pending_holds_nothing_else_then() {
        for field in ["transactionDate", "runningBalance"] {
            let fields = [field, "description", "amount"];
            let rows = rows(&fields, (field, "on its way"), "<tr><td>On  its way<td>x<td>1.00").expect("it reads");
            let row = rows.first().expect("a row");
            assert_eq!((row.transaction_date, &row.running_balance, row.posted_date), (None, &None, None));
            assert_eq!(row.status.as_str(), "pending");
        }
    }

    #[test]
    fn a_number_of_rows_is_a_whole_number_in_the_locales_grouping() {
        let check = |text: &str, locale: Locale, expected: Option<u64>| {
            assert_eq!(whole_number(text, locale), expected, "{text}");
        };
        check("0", Locale::EnUs, Some(0));
        check("1204", Locale::EnUs, Some(1_204));
        check("1,204", Locale::EnUs, Some(1_204));
        check("1.204", Locale::DeDe, Some(1_204));
        check("1 204", Locale::FrFr, Some(1_204));
        for text in ["", "many", "1.204", "1,20", "-5", "(5)", "5 CR", "¥5", "5 of 7", "5-", "1e3"] {
            check(text, Locale::EnUs, None);
        }
    }
}
