//! MT940, SWIFT's customer statement message: fields `:20:` to `:86:`, in blocks or bare, many messages in a file.
//!
//! ```text
//! [{1:…}{2:…}{4:]
//! :20: reference   :25: account   :28C: number/page
//! :60F: or :60M: opening balance
//! { :61: row   [:86: its details] }
//! :62F: or :62M: closing balance   [:64: available]   [:65: on later days]   [:86: of the statement]
//! [-}]
//! ```
//!
//! A statement may come in pages, each a message: all but the first begin with `:60M:` and all but the last end with
//! `:62M:`. Pages of one statement are joined, and each has to begin with the balance that the one before ends with.
//!
//! Not here: MT942, which has no balances to hold rows against.

mod details;
mod message;
mod row;

use domain::observation::{Extent, ShownBalance};
use domain::transaction::ObservedTransaction;
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::amount::negated;
use crate::control::{self, Control, Tally, plus};
use crate::day;
use crate::format::Format;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::{AccountNumber, BalanceKind, OtherBalance, StatedAccount, Statement};
use crate::text::is_iban;
use message::{Field, Fields};

/// A balance as a field shows it.
struct Balance<'a> {
    date: Date,
    currency: &'a str,
    amount: Decimal,
}

/// What was read of a statement, page by page.
struct Pages {
    statement: Statement,
    number: Option<String>,
    opening: (Date, Decimal),
    /// Where the last page that was read ends.
    end: Decimal,
    is_last: bool,
    tally: Tally,
}

pub(crate) fn read(text: &str, meter: &mut Meter) -> Result<Vec<Statement>, StatementError> {
    let mut fields = Fields::of(text);
    let mut statements: Vec<Statement> = Vec::new();
    let mut open: Option<Pages> = None;
    let mut field = fields.next(meter)?;
    while let Some(first) = field {
        let ordinal = u64::try_from(statements.len()).unwrap_or(u64::MAX).saturating_add(1);
        let page = read_page(first, &mut fields, meter, &mut open).map_err(|error| error.in_statement(ordinal));
        let (pages, next) = page?;
        if pages.is_last {
            statements.push(pages.closed().map_err(|refusal| StatementError::from(refusal).in_statement(ordinal))?);
        } else {
            open = Some(pages);
        }
        field = next;
    }
    if open.is_some() {
        return Err(Refusal::Truncated { before: "the statement's last page" }.into());
    }
    if statements.is_empty() {
        return Err(Refusal::Truncated { before: "the first statement" }.into());
    }
    Ok(statements)
}

/// Reads one message, whose first field is `:20:`; the other result is the first field of the next.
fn read_page<'a>(
    first: Field<'a>,
    fields: &mut Fields<'a>,
    meter: &mut Meter,
    open: &mut Option<Pages>,
) -> Result<(Pages, Option<Field<'a>>), StatementError> {
    if first.tag != "20" {
        return Err(malformed("a message begins with field 20").at(first.line));
    }
    let mut head = Head { reference: first.value, account: None, number: None };
    let mut pages: Option<Pages> = None;
    let mut closed = false;
    let mut is_after_row = false;
    let mut next = fields.next(meter)?;
    while let Some(field) = next.take_if(|field| field.tag != "20") {
        let at = |refusal: Refusal| refusal.at(field.line);
        match (field.tag, pages.as_mut()) {
            ("21" | "13" | "13D" | "34F" | "90D" | "90C" | "NS" | "86" | "65" | "64", None) => {}
            ("25" | "25P", None) => once(&mut head.account, field.value, "field 25").map_err(at)?,
            ("28C" | "28", None) => once(&mut head.number, field.value, "field 28C").map_err(at)?,
            ("60F" | "60M", None) => {
                let balance = read_balance(&field).map_err(at)?;
                let continued = open.take();
                pages = Some(head.begin(&field, &balance, continued, meter).map_err(at)?);
            }
            ("61", Some(pages)) if !closed => {
                meter.row().map_err(at)?;
                let row = row::read(&field, &pages.statement.account.currency, meter).map_err(at)?;
                pages.tally.add(row.amount).map_err(at)?;
                pages.statement.transactions.push(row.transaction);
            }
            ("86", Some(pages)) if is_after_row => {
                if let Some(transaction) = pages.statement.transactions.last_mut() {
                    let before = transaction.raw_description.as_ref().map_or(0, String::len);
                    meter.text(before + field.value.len() + field.more.len()).map_err(at)?;
                    details::tell(&field, transaction);
                }
            }
            ("62F" | "62M", Some(pages)) => {
                if closed {
                    return Err(at(Refusal::Twice { field: "field 62" }));
                }
                closed = true;
                let balance = read_balance(&field).map_err(at)?;
                pages.end_page(&field, &balance).map_err(at)?;
            }
            ("64" | "65", Some(pages)) if closed => {
                meter.row().map_err(at)?;
                let balance = read_balance(&field).map_err(at)?;
                let kind = if field.tag == "64" { BalanceKind::Available } else { BalanceKind::ForwardAvailable };
                pages.statement.others.push(OtherBalance {
                    kind,
                    date: balance.date,
                    amount: balance.amount.to_string(),
                });
            }
            ("86" | "90D" | "90C" | "NS" | "13D", Some(_)) => {}
            (tag, _) if message::KNOWN.contains(&tag) => {
                return Err(at(malformed("a field stands where it can't")));
            }
            _ => return Err(at(malformed("a field has a tag that the format doesn't have"))),
        }
        // Some banks begin each line of the details with the tag.
        is_after_row = field.tag == "61" || (is_after_row && field.tag == "86");
        next = fields.next(meter)?;
    }
    let pages = pages.ok_or(Refusal::Truncated { before: "field 60" })?;
    if !closed {
        return Err(Refusal::Truncated { before: "field 62" }.into());
    }
    Ok((pages, next))
}

/// What stands before the opening balance.
struct Head<'a> {
    reference: &'a str,
    account: Option<&'a str>,
    number: Option<&'a str>,
}

impl Head<'_> {
    fn begin(
        &self,
        field: &Field<'_>,
        balance: &Balance<'_>,
        continued: Option<Pages>,
        meter: &mut Meter,
    ) -> Result<Pages, Refusal> {
        let account = self.account.ok_or(Refusal::Missing { field: "field 25" })?;
        let account = stated(account, balance.currency);
        // The number before the stroke is the statement's, the one behind it the page's.
        let number = self.number.and_then(|number| number.split('/').next()).map(|number| number.trim().to_owned());
        match continued {
            Some(pages) => {
                let is_same = pages.statement.account == account && pages.number == number;
                if !is_same || field.tag != "60M" {
                    return Err(Refusal::Truncated { before: "the statement's last page" });
                }
                control::amounts(Control::Pages, balance.amount, pages.end)?;
                Ok(pages)
            }
            // A first page that begins in the middle: what came before it isn't in this file.
            None => {
                meter.statement()?;
                let mut statement = Statement::of(Format::Mt940, account);
                statement.reference = number.clone().or_else(|| crate::text::filled(self.reference));
                if field.tag == "60M" {
                    statement.extent = Extent::Partial;
                }
                let opening = (balance.date, balance.amount);
                Ok(Pages { statement, number, opening, end: balance.amount, is_last: false, tally: Tally::default() })
            }
        }
    }
}

impl Pages {
    fn end_page(&mut self, field: &Field<'_>, balance: &Balance<'_>) -> Result<(), Refusal> {
        if balance.currency != self.statement.account.currency {
            return Err(Refusal::OtherCurrency { field: "field 62" });
        }
        let found = plus(self.opening.1, self.tally.net()?)?;
        control::amounts(Control::Balances, balance.amount, found)?;
        self.end = balance.amount;
        self.is_last = field.tag == "62F";
        self.statement.to = Some(balance.date);
        self.statement.closing = Some(ShownBalance { date: balance.date, ledger_balance: balance.amount.to_string() });
        Ok(())
    }

    /// The statement, with the day that its opening balance belongs to.
    fn closed(self) -> Result<Statement, Refusal> {
        let Self { mut statement, opening: (date, amount), .. } = self;
        let first = statement.transactions.iter().filter_map(|row| row.posted_date).min();
        // By the standard it is the closing balance of the statement before, and its date is that one's. Many banks
        // write the first day of this statement instead, which shows where rows are booked on it.
        let end_of = match first {
            Some(first) if first == date => day::before(date),
            Some(first) if first < date => None,
            _ => Some(date),
        };
        let is_whole = statement.extent == Extent::Whole;
        statement.opening =
            end_of.filter(|_| is_whole).map(|date| ShownBalance { date, ledger_balance: amount.to_string() });
        statement.from = match end_of {
            Some(end) if is_whole => end.tomorrow().ok(),
            _ => first.or(Some(date)),
        };
        // A day on which nothing happened: the balance's day is all that is covered.
        if statement.from > statement.to {
            statement.from = statement.to;
        }
        Ok(statement)
    }
}

/// Reads `C261003EUR1234,56`.
fn read_balance<'a>(field: &Field<'a>) -> Result<Balance<'a>, Refusal> {
    let malformed = || malformed("a balance is a mark, a date, a currency and an amount");
    let value = field.value;
    let (mark, rest) = value.split_at_checked(1).ok_or_else(malformed)?;
    let (date, rest) = rest.split_at_checked(6).ok_or_else(malformed)?;
    let (currency, amount) = rest.split_at_checked(3).ok_or_else(malformed)?;
    let code = message::currency(currency)?;
    let size = crate::amount::with_comma(amount.trim(), "a balance")?;
    let size = crate::amount::in_currency(size, &code, "a balance")?;
    let amount = match mark {
        "C" => size,
        "D" => negated(size),
        _ => return Err(malformed()),
    };
    Ok(Balance { date: day::short(date, "the balance's day")?, currency, amount })
}

/// Reads field 25: an IBAN, `bank/account`, or an account, with a currency behind it at some banks.
fn stated(value: &str, currency: &str) -> StatedAccount {
    let value = value.trim();
    let mut account = StatedAccount { currency: currency.to_owned(), ..StatedAccount::default() };
    let (bank, number) = match value.split_once('/') {
        Some((bank, number)) if !number.trim().is_empty() => (Some(bank.trim()), number.trim()),
        _ => (None, value.trim_end_matches('/')),
    };
    let number = number.trim_end_matches(' ');
    let plain = number.strip_suffix(currency).map_or(number, str::trim_end);
    let number: String = plain.chars().filter(|char| !char.is_whitespace()).collect();
    account.number = Some(if is_iban(&number) { AccountNumber::Iban(number) } else { AccountNumber::Other(number) });
    match bank {
        Some(bank) if matches!(bank.len(), 8 | 11) && bank.starts_with(|char: char| char.is_ascii_uppercase()) => {
            account.bic = Some(bank.to_owned());
        }
        Some(bank) => account.routing_number = crate::text::filled(bank),
        None => {}
    }
    account
}

fn once<'a>(place: &mut Option<&'a str>, value: &'a str, field: &'static str) -> Result<(), Refusal> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(Refusal::Twice { field }),
    }
}

fn malformed(what: &'static str) -> Refusal {
    Refusal::Malformed { format: Format::Mt940, what }
}

/// A row and its amount.
struct Row {
    amount: Decimal,
    transaction: ObservedTransaction,
}
