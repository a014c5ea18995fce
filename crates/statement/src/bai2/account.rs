//! An account of BAI2: its balances in record 03, and its rows in records 16.
//!
//! Not here: the sums at its end (`mod.rs`).

use domain::money::Currency;
use domain::observation::{Extent, ShownBalance};
use domain::transaction::{EntryType, ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::record::{Record, Values, malformed};
use super::{Group, Sums};
use crate::amount::{in_smallest_unit, negated, signed};
use crate::control::{self, Tally};
use crate::day;
use crate::format::Format;
use crate::meter::Meter;
use crate::rail;
use crate::refusal::Refusal;
use crate::statement::{AccountNumber, BalanceKind, OtherBalance, StatedAccount, Statement};
use crate::text::{collapsed, filled};

/// An account that is being read.
pub(super) struct Account {
    pub(super) sums: Sums,
    statement: Statement,
    currency: Currency,
    day: Date,
    is_final: bool,
    opening: Option<Decimal>,
    closing: Option<Decimal>,
    tally: Tally,
}

impl Account {
    pub(super) fn begin(record: &Record<'_>, group: &Group, meter: &mut Meter) -> Result<Self, Refusal> {
        let mut values = record.values();
        let number = filled(values.next_or_blank()).ok_or(Refusal::Missing { field: "the account's number" })?;
        let currency = match values.next_or_blank() {
            "" => group.currency.clone(),
            code => self::currency(code)?,
        };
        let stated = StatedAccount {
            number: Some(AccountNumber::Other(number)),
            routing_number: group.bank.clone(),
            currency: currency.as_str().to_owned(),
            ..StatedAccount::default()
        };
        let mut statement = Statement::of(Format::Bai2, stated);
        statement.from = Some(group.day);
        statement.to = Some(group.day);
        let mut account = Self {
            sums: Sums { records: record.lines, ..Sums::default() },
            statement,
            currency,
            day: group.day,
            is_final: group.is_final,
            opening: None,
            closing: None,
            tally: Tally::default(),
        };
        while let Some(code) = values.next() {
            // Some banks end a line with one comma more.
            if code.is_empty() {
                continue;
            }
            let amount = values.next_or_blank();
            let _items = values.next();
            skip_funds(&mut values)?;
            if !amount.is_empty() {
                account.figure(code, amount, meter)?;
            }
        }
        Ok(account)
    }

    /// A balance, or a sum of rows, of which only the control total takes note.
    fn figure(&mut self, code: &str, written: &str, meter: &mut Meter) -> Result<(), Refusal> {
        if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed("a type code is three digits"));
        }
        let amount = in_smallest_unit(written, &self.currency, "a balance")?;
        self.sums.count(amount.mantissa())?;
        let place = match code {
            "010" => Some(&mut self.opening),
            "015" => Some(&mut self.closing),
            _ => None,
        };
        if let Some(place) = place {
            return match place.replace(amount) {
                None => Ok(()),
                Some(_) => Err(Refusal::Twice { field: "a ledger balance" }),
            };
        }
        let kind = match code {
            "040" => BalanceKind::OpeningAvailable,
            "045" if self.is_final => BalanceKind::Available,
            "045" | "060" => BalanceKind::InterimAvailable,
            "030" => BalanceKind::Interim,
            _ => return Ok(()),
        };
        meter.row()?;
        self.statement.others.push(OtherBalance { kind, date: self.day, amount: amount.to_string() });
        Ok(())
    }

    pub(super) fn row(&mut self, record: &Record<'_>) -> Result<(), Refusal> {
        self.sums.records += record.lines;
        let mut values = record.values();
        let code = values.next_or_blank();
        let entry_type = match code.parse::<u16>().ok().filter(|_| code.len() == 3) {
            Some(100..=399) => EntryType::Credit,
            Some(400..=699) => EntryType::Debit,
            // 890 is a note without money; 700 to 799 are loans, 900 to 999 a bank's own, whose side isn't in the code.
            Some(890) => return self.note(&mut values),
            _ => return Err(Refusal::Unsupported { what: "a row whose type code has no side" }),
        };
        let written = values.next_or_blank();
        let size = in_smallest_unit(written, &self.currency, "the row's amount")?;
        self.sums.count(size.mantissa())?;
        let amount = if entry_type == EntryType::Debit { negated(size) } else { size };
        let valued = skip_funds(&mut values)?;
        let bank_reference = values.next_or_blank();
        let customer_reference = values.next_or_blank();
        let text = values.text();
        self.tally.add(amount)?;
        self.statement.transactions.push(ObservedTransaction {
            status: TransactionStatus::Posted,
            posted_date: Some(self.day),
            amount: amount.to_string(),
            currency: self.currency.as_str().to_owned(),
            entry_type,
            description: collapsed(&text),
            raw_description: filled(&text),
            rail: rail::of_bai(code),
            bank_reference: filled(bank_reference),
            customer_reference: filled(customer_reference),
            bai_code: Some(code.to_owned()),
            category: None,
            subcategory: None,
            mcc: None,
            merchant_name: None,
            counterparty_name: None,
            counterparty_account_masked: None,
            transaction_date: valued.filter(|valued| *valued != self.day),
            running_balance: None,
        });
        Ok(())
    }

    fn note(&mut self, values: &mut Values<'_, '_>) -> Result<(), Refusal> {
        match values.next_or_blank() {
            "" => {}
            written => self.sums.count(signed(written, &[], "the row's amount")?.mantissa())?,
        }
        self.statement.informational += 1;
        Ok(())
    }

    /// The statement, if its balances hold.
    pub(super) fn closed(self) -> Result<Statement, Refusal> {
        let Self { mut statement, day, is_final, opening, closing, tally, .. } = self;
        if let (Some(opening), Some(closing), true) = (opening, closing, is_final && !statement.transactions.is_empty())
        {
            control::balances(opening, tally.net()?, closing)?;
        }
        let shown = |date, amount: Decimal| ShownBalance { date, ledger_balance: amount.to_string() };
        statement.opening = opening.and_then(|amount| Some(shown(day::before(day)?, amount)));
        statement.closing = closing.map(|amount| shown(day, amount));
        if !is_final {
            statement.closing_kind = BalanceKind::Interim;
        }
        // A report of balances alone looks like a day without rows, unless nothing moved.
        let has_all = !statement.transactions.is_empty() || (opening.is_some() && opening == closing);
        if !is_final || !has_all {
            statement.extent = Extent::Partial;
        }
        Ok(statement)
    }
}

/// Reads a currency's code.
pub(super) fn currency(code: &str) -> Result<Currency, Refusal> {
    let letters = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let currency = Currency::parse(code).ok().filter(|_| letters);
    currency.ok_or(Refusal::NotACurrency { field: "the account's currency" })
}

/// Passes over the type of funds and what belongs to it; the result is the day of value, where it gives one.
fn skip_funds(values: &mut Values<'_, '_>) -> Result<Option<Date>, Refusal> {
    match values.next_or_blank() {
        "" | "0" | "1" | "2" | "Z" => Ok(None),
        "S" => {
            for _ in 0..3 {
                values.next();
            }
            Ok(None)
        }
        "V" => {
            let date = values.next_or_blank();
            let _time = values.next();
            if date.is_empty() { Ok(None) } else { day::short(date, "the day of value").map(Some) }
        }
        "D" => {
            let count = super::count(values.next_or_blank())?;
            // Each is a number of days and an amount. A record has no more fields than its text is long.
            for _ in 0..count.saturating_mul(2) {
                if values.next().is_none() {
                    return Err(malformed("a distribution of funds ends early"));
                }
            }
            Ok(None)
        }
        _ => Err(Refusal::UnknownWord { field: "a type of funds" }),
    }
}
