//! A statement of CAMT.053 while it is read: its account, balances and summary, and the controls at its end.
//!
//! Not here: what an entry says (`entry.rs`).

use domain::account::AccountType;
use domain::money::Currency;
use domain::observation::{Extent, ShownBalance};
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::entry::Entry;
use super::malformed;
use super::tag::Tag::{self, *};
use crate::amount::{in_currency, negated, signed, with_point};
use crate::control::{self, Control, Tally};
use crate::day;
use crate::format::Format;
use crate::meter::Meter;
use crate::refusal::Refusal;
use crate::statement::{AccountNumber, BalanceKind, OtherBalance, StatedAccount, Statement};
use crate::text::filled;

/// A statement that is being read.
#[derive(Default)]
pub(super) struct Stated {
    account: StatedAccount,
    reference: Option<String>,
    from: Option<Date>,
    to: Option<Date>,
    is_last_page: bool,
    is_paged: bool,
    balance: Balance,
    balances: Vec<Balance>,
    summary: Summary,
    entry: Entry,
    transactions: Vec<ObservedTransaction>,
    informational: u64,
    /// Of what is booked; with what is announced; with what moves nothing.
    booked: Tally,
    expected: Tally,
    all: Tally,
}

/// A balance as it stands there.
#[derive(Default)]
struct Balance {
    kind: String,
    is_interim: bool,
    currency: String,
    amount: Option<Decimal>,
    is_debit: bool,
    date: Option<Date>,
}

/// What the file says of its entries.
#[derive(Default)]
struct Summary {
    entries: Option<u64>,
    sum: Option<Decimal>,
    net: Option<Decimal>,
    net_is_debit: Option<bool>,
    credits: Option<u64>,
    credits_sum: Option<Decimal>,
    debits: Option<u64>,
    debits_sum: Option<Decimal>,
}

impl Stated {
    /// Takes the value of an element without others in it; the path begins in the statement.
    pub(super) fn value(&mut self, path: &[Tag], value: &str, currency: &str, meter: &Meter) -> Result<(), Refusal> {
        match path {
            [Ntry, inside @ ..] => return self.entry.value(inside, value, currency, meter),
            [Bal, inside @ ..] => return self.balance.value(inside, value, currency),
            [TxsSummry, inside @ ..] => return self.summary.value(inside, value),
            [Acct, inside @ ..] => self.account_value(inside, value),
            [Id] => self.reference = filled(value),
            [FrToDt, FrDtTm] => self.from = Some(day::iso(value, "FrDtTm")?),
            [FrToDt, ToDtTm] => self.to = Some(day::iso(value, "ToDtTm")?),
            [StmtPgntn, LastPgInd] => {
                self.is_paged = true;
                self.is_last_page = truth(value, "LastPgInd")?;
            }
            _ => {}
        }
        Ok(())
    }

    fn account_value(&mut self, path: &[Tag], value: &str) {
        let account = &mut self.account;
        match path {
            [Id, IBAN] => account.number = filled(value).map(AccountNumber::Iban),
            [Id, Othr, Id] => account.number = filled(value).map(AccountNumber::Other),
            [Ccy] => value.clone_into(&mut account.currency),
            [Nm] => account.name = filled(value),
            [Ownr, Nm] | [Ownr, Pty, Nm] => account.owner = filled(value),
            [Svcr, FinInstnId, BIC | BICFI] => account.bic = filled(value),
            [Svcr, FinInstnId, ClrSysMmbId, MmbId] => account.routing_number = filled(value),
            [Tp, Cd] => {
                account.account_type = match value {
                    "CACC" | "TRAN" | "TRAS" | "CASH" | "SACC" => Some(AccountType::Checking),
                    "SVGS" | "ONDP" => Some(AccountType::Savings),
                    "MOMA" => Some(AccountType::MoneyMarket),
                    "CARD" => Some(AccountType::CreditCard),
                    "LOAN" | "MGLD" => Some(AccountType::Loan),
                    "" => None,
                    _ => Some(AccountType::Other),
                };
            }
            _ => {}
        }
    }

    /// Takes the end of an element; the path begins in the statement and ends with it.
    pub(super) fn end(&mut self, path: &[Tag], meter: &mut Meter) -> Result<(), Refusal> {
        match path {
            [Ntry] => {
                meter.row()?;
                self.end_entry()?;
            }
            [Ntry, NtryDtls, TxDtls] => self.entry.end_details(meter)?,
            [Bal] => {
                meter.row()?;
                // One without a currency would be taken for another account's.
                if self.balance.currency.is_empty() {
                    return Err(Refusal::Missing { field: "a balance's Ccy" });
                }
                self.balances.push(std::mem::take(&mut self.balance));
            }
            _ => {}
        }
        Ok(())
    }

    fn end_entry(&mut self) -> Result<(), Refusal> {
        let entry = std::mem::take(&mut self.entry);
        if self.account.currency.is_empty() {
            let of_balance = self.balances.first().map(|balance| balance.currency.as_str());
            of_balance.unwrap_or(entry.currency()).clone_into(&mut self.account.currency);
        }
        let (amount, row) = entry.transaction(&currency(&self.account.currency)?)?;
        self.all.add(amount)?;
        match row {
            Some(row) => {
                self.expected.add(amount)?;
                if row.status == TransactionStatus::Posted {
                    self.booked.add(amount)?;
                }
                self.transactions.push(row);
            }
            None => self.informational += 1,
        }
        Ok(())
    }

    /// The statement, if its controls hold.
    pub(super) fn closed(mut self) -> Result<Statement, Refusal> {
        if self.account.currency.is_empty() {
            let of_balance = self.balances.first().map(|balance| balance.currency.as_str());
            of_balance.unwrap_or_default().clone_into(&mut self.account.currency);
        }
        let currency = currency(&self.account.currency)?;
        if self.account.number.is_none() {
            return Err(Refusal::Missing { field: "the account's Id" });
        }
        let mut statement = Statement::of(Format::Camt053, self.account);
        (statement.reference, statement.from, statement.to) = (self.reference, self.from, self.to);
        (statement.transactions, statement.informational) = (self.transactions, self.informational);
        // The standard doesn't say whether the summary counts what isn't booked; all its figures count the same.
        let mut held = self.summary.hold(&self.booked);
        for tally in [&self.expected, &self.all] {
            if held.is_err() && self.summary.hold(tally).is_ok() {
                held = Ok(());
            }
        }
        held?;
        // It held, so that many rows there are.
        let rows = u64::try_from(statement.transactions.len()).ok();
        statement.announced.rows = self.summary.entries.and(rows);
        statement.announced.net = self.summary.net().map(|net| net.to_string());
        tell_balances(&mut statement, self.balances, &currency, &self.booked)?;
        if self.is_paged && !self.is_last_page {
            statement.closing_kind = BalanceKind::Interim;
        }
        if statement.closing_kind == BalanceKind::Interim {
            statement.extent = Extent::Partial;
        }
        Ok(statement)
    }
}

impl Balance {
    fn value(&mut self, path: &[Tag], value: &str, currency: &str) -> Result<(), Refusal> {
        match path {
            [Tp, CdOrPrtry, Cd | Prtry] => value.clone_into(&mut self.kind),
            [Tp, SubTp, Cd | Prtry] => self.is_interim = value == "INTM",
            [Amt] => {
                currency.clone_into(&mut self.currency);
                self.amount = Some(with_point(value, "a balance")?);
            }
            [CdtDbtInd] => self.is_debit = is_debit(value)?,
            [Dt, Dt | DtTm] => self.date = Some(day::iso(value, "a balance's day")?),
            _ => {}
        }
        Ok(())
    }

    fn signed(&self, currency: &Currency) -> Result<Decimal, Refusal> {
        let size = self.amount.ok_or(Refusal::Missing { field: "a balance's amount" })?;
        let size = in_currency(size, currency, "a balance")?;
        Ok(if self.is_debit { negated(size) } else { size })
    }
}

/// Finds opening and closing balance, holds them against the rows, and keeps the rest.
fn tell_balances(
    statement: &mut Statement,
    balances: Vec<Balance>,
    currency: &Currency,
    booked: &Tally,
) -> Result<(), Refusal> {
    let (mut openings, mut befores) = (Vec::new(), Vec::new());
    let mut closings: Vec<(Date, Decimal, bool)> = Vec::new();
    for balance in balances.into_iter().filter(|balance| balance.currency == currency.as_str()) {
        let amount = balance.signed(currency)?;
        let date = balance.date.ok_or(Refusal::Missing { field: "a balance's day" })?;
        let kind = match balance.kind.as_str() {
            "OPBD" => {
                openings.push((date, amount, balance.is_interim));
                continue;
            }
            "PRCD" => {
                befores.push((date, amount));
                continue;
            }
            "CLBD" => {
                if closings.iter().any(|(day, ..)| *day == date) {
                    return Err(Refusal::Twice { field: "a closing balance of one day" });
                }
                closings.push((date, amount, balance.is_interim));
                continue;
            }
            "ITBD" => BalanceKind::Interim,
            "CLAV" => BalanceKind::Available,
            "ITAV" => BalanceKind::InterimAvailable,
            "FWAV" => BalanceKind::ForwardAvailable,
            "OPAV" => BalanceKind::OpeningAvailable,
            _ => continue,
        };
        statement.others.push(OtherBalance { kind, date, amount: amount.to_string() });
    }
    // A statement of several days may have the balances of each.
    closings.sort_by_key(|(day, ..)| *day);
    let closing = closings.pop();
    let ended = closings.into_iter().filter(|(.., is_interim)| !is_interim);
    statement.others.extend(ended.map(|(date, amount, _)| OtherBalance {
        kind: BalanceKind::Closing,
        date,
        amount: amount.to_string(),
    }));
    let opening = openings.into_iter().min_by_key(|(day, ..)| *day);
    let before = befores.into_iter().min_by_key(|(day, _)| *day);
    let begin = opening.map(|(_, amount, _)| amount).or(before.map(|(_, amount)| amount));
    if let (Some(begin), Some((_, end, _))) = (begin, closing) {
        control::balances(begin, booked.net()?, end)?;
    }
    let shown = |date, amount: Decimal| ShownBalance { date, ledger_balance: amount.to_string() };
    statement.opening = match (before, opening) {
        (Some((day, amount)), None) => Some(shown(day, amount)),
        // What is there before a day's first row is what was there at the end of the day before. Some banks give it
        // the day that ended, which the first day that is covered shows.
        (_, Some((day, amount, false))) => {
            let first = statement.from.filter(|from| day < *from).unwrap_or(day);
            day::before(first).map(|day| shown(day, amount))
        }
        _ => None,
    };
    if let Some((day, amount, is_interim)) = closing {
        statement.closing = Some(shown(day, amount));
        statement.closing_kind = if is_interim { BalanceKind::Interim } else { BalanceKind::Closing };
        statement.to = statement.to.or(Some(day));
    }
    let first = statement.opening.as_ref().and_then(|opening| opening.date.tomorrow().ok());
    statement.from = statement.from.or(first);
    if statement.from > statement.to {
        return Err(malformed("it ends before it begins"));
    }
    Ok(())
}

impl Summary {
    fn value(&mut self, path: &[Tag], value: &str) -> Result<(), Refusal> {
        match path {
            [TtlNtries, NbOfNtries] => self.entries = Some(count(value)?),
            [TtlNtries, Sum] => self.sum = Some(signed(value, &['.'], "Sum")?),
            [TtlNtries, TtlNetNtryAmt] | [TtlNtries, TtlNetNtry, Amt] => {
                self.net = Some(signed(value, &['.'], "TtlNetNtry")?);
            }
            [TtlNtries, CdtDbtInd] | [TtlNtries, TtlNetNtry, CdtDbtInd] => self.net_is_debit = Some(is_debit(value)?),
            [TtlCdtNtries, NbOfNtries] => self.credits = Some(count(value)?),
            [TtlCdtNtries, Sum] => self.credits_sum = Some(signed(value, &['.'], "Sum")?),
            [TtlDbtNtries, NbOfNtries] => self.debits = Some(count(value)?),
            [TtlDbtNtries, Sum] => self.debits_sum = Some(signed(value, &['.'], "Sum")?),
            _ => {}
        }
        Ok(())
    }

    fn net(&self) -> Option<Decimal> {
        let net = self.net?;
        Some(if self.net_is_debit == Some(true) { negated(net.abs()) } else { net })
    }

    fn hold(&self, tally: &Tally) -> Result<(), Refusal> {
        let counted = [
            (Control::Entries, self.entries, tally.credits + tally.debits),
            (Control::Credits, self.credits, tally.credits),
            (Control::Debits, self.debits, tally.debits),
        ];
        for (control, said, found) in counted {
            said.map_or(Ok(()), |said| control::counts(control, said, found))?;
        }
        let summed = [
            (Control::EntriesSum, self.sum, tally.sum()?),
            (Control::CreditsSum, self.credits_sum, tally.credits_sum),
            (Control::DebitsSum, self.debits_sum.map(|sum| sum.abs()), tally.debits_sum),
            (Control::EntriesNet, self.net(), tally.net()?),
        ];
        for (control, said, found) in summed {
            said.map_or(Ok(()), |said| control::amounts(control, said, found))?;
        }
        Ok(())
    }
}

fn currency(code: &str) -> Result<Currency, Refusal> {
    if code.is_empty() {
        return Err(Refusal::NoCurrency);
    }
    let letters = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    Currency::parse(code).ok().filter(|_| letters).ok_or(Refusal::NotACurrency { field: "Ccy" })
}

/// Whether the word for a direction says money out.
pub(super) fn is_debit(value: &str) -> Result<bool, Refusal> {
    match value {
        "DBIT" => Ok(true),
        "CRDT" => Ok(false),
        _ => Err(Refusal::UnknownWord { field: "CdtDbtInd" }),
    }
}

/// Reads XML Schema's booleans.
pub(super) fn truth(value: &str, field: &'static str) -> Result<bool, Refusal> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Refusal::UnknownWord { field }),
    }
}

fn count(value: &str) -> Result<u64, Refusal> {
    let is_plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    value.parse().ok().filter(|_| is_plain).ok_or(Refusal::NotANumber { field: "NbOfNtries" })
}
