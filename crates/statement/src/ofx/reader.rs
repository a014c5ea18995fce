//! What elements of OFX mean: from their names and values to statements.
//!
//! Not here: where elements begin and end (`markup.rs`, `mod.rs`).

use domain::account::AccountType;
use domain::money::Currency;
use domain::observation::ShownBalance;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::malformed;
use crate::amount::{direction, in_currency, signed};
use crate::day;
use crate::format::Format;
use crate::meter::Meter;
use crate::rail;
use crate::refusal::Refusal;
use crate::statement::{AccountNumber, BalanceKind, OtherBalance, StatedAccount, Statement};
use crate::text::{collapsed, filled, masked};

/// An element with others in it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Ofx,
    SignOn,
    Answer,
    Status,
    Statement,
    CardStatement,
    Account,
    Transactions,
    PendingTransactions,
    Transaction,
    PendingTransaction,
    Payee,
    OtherAccount,
    Currency,
    OriginalCurrency,
    Ledger,
    Available,
    Investment,
    Loan,
    /// Known to hold elements that nobody here reads.
    Passed,
    /// Not known, also a blank value without an end.
    Other,
}

/// Names of values. One of these without a value holds nothing.
const VALUES: &[&str] = &[
    "ACCTID",
    "ACCTKEY",
    "ACCTTYPE",
    "BALAMT",
    "BANKID",
    "BRANCHID",
    "CHECKNUM",
    "CODE",
    "CORRECTACTION",
    "CORRECTFITID",
    "CURDEF",
    "CURRATE",
    "CURSYM",
    "DTASOF",
    "DTAVAIL",
    "DTEND",
    "DTEXPIRE",
    "DTPOSTED",
    "DTSERVER",
    "DTSTART",
    "DTTRAN",
    "DTUSER",
    "EXTDNAME",
    "FID",
    "FITID",
    "LANGUAGE",
    "MEMO",
    "MESSAGE",
    "NAME",
    "ORG",
    "PAYEEID",
    "REFNUM",
    "SEVERITY",
    "SIC",
    "SRVRTID",
    "TRNAMT",
    "TRNTYPE",
    "TRNUID",
    "INTU.BID",
    "INTU.USERID",
    "INTU.ORG",
    "MKTGINFO",
];

impl Aggregate {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "OFX" => Self::Ofx,
            "SONRS" => Self::SignOn,
            "STMTTRNRS" | "CCSTMTTRNRS" => Self::Answer,
            "STATUS" => Self::Status,
            "STMTRS" => Self::Statement,
            "CCSTMTRS" => Self::CardStatement,
            "BANKACCTFROM" | "CCACCTFROM" => Self::Account,
            "BANKTRANLIST" => Self::Transactions,
            "BANKTRANLISTP" => Self::PendingTransactions,
            "STMTTRN" => Self::Transaction,
            "STMTTRNP" => Self::PendingTransaction,
            "PAYEE" => Self::Payee,
            "BANKACCTTO" | "CCACCTTO" => Self::OtherAccount,
            "CURRENCY" => Self::Currency,
            "ORIGCURRENCY" => Self::OriginalCurrency,
            "LEDGERBAL" => Self::Ledger,
            "AVAILBAL" => Self::Available,
            "INVSTMTMSGSRSV1" | "INVSTMTTRNRS" | "INVSTMTRS" => Self::Investment,
            "LOANMSGSRSV1" | "LOANSTMTTRNRS" | "LOANSTMTRS" => Self::Loan,
            "BALLIST" | "BAL" | "IMAGEDATA" | "EXTDPAYEE" | "FI" | "REWARDINFO" | "SIGNONMSGSRSV1" | "BANKMSGSRSV1"
            | "CREDITCARDMSGSRSV1" => Self::Passed,
            _ => Self::Other,
        }
    }
}

pub(super) fn is_value(name: &str) -> bool {
    VALUES.contains(&name)
}

/// A balance that is being read.
#[derive(Default)]
struct Balance {
    amount: Option<Decimal>,
    date: Option<Date>,
}

/// A row that is being read. What is blank wasn't there.
#[derive(Default)]
struct Row {
    kind: String,
    amount: String,
    posted: Option<Date>,
    used: Option<Date>,
    name: String,
    payee: String,
    memo: String,
    fit_id: String,
    number: String,
    check_number: String,
    category: String,
    other_account: String,
}

pub(super) struct Reader<'a> {
    fallback: Option<&'a Currency>,
    statements: Vec<Statement>,
    statement: Option<Statement>,
    row: Row,
    balance: Balance,
    has_error: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(fallback: Option<&'a Currency>) -> Self {
        Self {
            fallback,
            statements: Vec::new(),
            statement: None,
            row: Row::default(),
            balance: Balance::default(),
            has_error: false,
        }
    }

    pub(super) fn begin(&mut self, aggregate: Aggregate, meter: &mut Meter) -> Result<(), Refusal> {
        match aggregate {
            Aggregate::Statement | Aggregate::CardStatement => {
                meter.statement()?;
                if self.statement.is_some() {
                    return Err(malformed("a statement stands in another"));
                }
                let is_card = aggregate == Aggregate::CardStatement;
                let account_type = is_card.then_some(AccountType::CreditCard);
                let account = StatedAccount { account_type, ..StatedAccount::default() };
                self.statement = Some(Statement::of(Format::Ofx, account));
            }
            Aggregate::Transaction | Aggregate::PendingTransaction => self.row = Row::default(),
            Aggregate::Ledger | Aggregate::Available => self.balance = Balance::default(),
            Aggregate::Investment => return Err(Refusal::Unsupported { what: "an investment statement" }),
            Aggregate::Loan => return Err(Refusal::Unsupported { what: "a loan statement" }),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn value(&mut self, inside: Aggregate, name: &str, value: &str) -> Result<(), Refusal> {
        match inside {
            Aggregate::Status => self.has_error |= name == "SEVERITY" && value == "ERROR",
            Aggregate::Transaction | Aggregate::PendingTransaction => return self.row.value(name, value),
            Aggregate::Payee if name == "NAME" => fill(&mut self.row.payee, value),
            Aggregate::OtherAccount if name == "ACCTID" => fill(&mut self.row.other_account, value),
            Aggregate::Currency if name == "CURSYM" => {
                if let Some(statement) = &mut self.statement {
                    fill(&mut statement.account.currency, value);
                    if statement.account.currency != value {
                        return Err(Refusal::OtherCurrency { field: "TRNAMT" });
                    }
                }
            }
            Aggregate::Ledger | Aggregate::Available => match name {
                // A blank one is none, and not nought.
                "BALAMT" | "DTASOF" if value.is_empty() => {}
                "DTASOF" if value.bytes().all(|byte| byte == b'0') => {}
                "BALAMT" => self.balance.amount = Some(signed(value, &['.', ','], "BALAMT")?),
                "DTASOF" => self.balance.date = Some(date(value, "DTASOF")?),
                _ => {}
            },
            _ => {
                if let Some(statement) = &mut self.statement {
                    return stated(statement, inside, name, value);
                }
            }
        }
        Ok(())
    }

    pub(super) fn end(&mut self, aggregate: Aggregate, meter: &mut Meter) -> Result<(), Refusal> {
        match aggregate {
            Aggregate::Transaction | Aggregate::PendingTransaction => {
                meter.row()?;
                let currency = self.currency()?;
                let row = std::mem::take(&mut self.row);
                let row = row.transaction(&currency, aggregate == Aggregate::PendingTransaction)?;
                let statement = self.statement.as_mut().ok_or(malformed("a row stands outside of a statement"))?;
                statement.transactions.push(row);
            }
            Aggregate::Ledger | Aggregate::Available => {
                meter.row()?;
                let Balance { amount, date } = std::mem::take(&mut self.balance);
                let Some(amount) = amount else { return Ok(()) };
                let currency = self.currency()?;
                let amount = in_currency(amount, &currency, "BALAMT")?;
                // Nor is one of no day.
                let Some(date) = date else { return Ok(()) };
                let amount = amount.to_string();
                let statement = self.statement.as_mut().ok_or(malformed("a balance stands outside of a statement"))?;
                if aggregate == Aggregate::Available {
                    statement.others.push(OtherBalance { kind: BalanceKind::InterimAvailable, date, amount });
                } else if statement.closing.is_some() {
                    return Err(Refusal::Twice { field: "LEDGERBAL" });
                } else {
                    statement.closing = Some(ShownBalance { date, ledger_balance: amount });
                    statement.closing_kind = BalanceKind::Interim;
                }
            }
            Aggregate::Statement | Aggregate::CardStatement => {
                let currency = self.currency()?;
                if let Some(mut statement) = self.statement.take() {
                    currency.as_str().clone_into(&mut statement.account.currency);
                    if statement.account.number.is_none() {
                        return Err(Refusal::Missing { field: "ACCTID" });
                    }
                    self.statements.push(statement);
                }
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Statement>, Refusal> {
        if self.has_error {
            return Err(Refusal::Unsupported { what: "an answer in which the bank reports an error" });
        }
        if self.statements.is_empty() {
            return Err(Refusal::Missing { field: "a statement" });
        }
        Ok(self.statements)
    }

    fn currency(&self) -> Result<Currency, Refusal> {
        let stated = self.statement.as_ref().map(|statement| statement.account.currency.as_str());
        match stated.filter(|code| !code.is_empty()) {
            Some(code) => {
                let letters = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
                Currency::parse(code).ok().filter(|_| letters).ok_or(Refusal::NotACurrency { field: "CURDEF" })
            }
            None => self.fallback.cloned().ok_or(Refusal::NoCurrency),
        }
    }
}

impl Row {
    fn value(&mut self, name: &str, value: &str) -> Result<(), Refusal> {
        match name {
            "TRNTYPE" => fill(&mut self.kind, value),
            "TRNAMT" if !self.amount.is_empty() => return Err(Refusal::Twice { field: "TRNAMT" }),
            "TRNAMT" => fill(&mut self.amount, value),
            "DTPOSTED" => self.posted = Some(date(value, "DTPOSTED")?),
            "DTUSER" | "DTTRAN" if !value.is_empty() => self.used = Some(date(value, "DTUSER")?),
            "FITID" => fill(&mut self.fit_id, value),
            "REFNUM" => fill(&mut self.number, value),
            "CHECKNUM" => fill(&mut self.check_number, value),
            "SIC" => fill(&mut self.category, value),
            "NAME" => fill(&mut self.name, value),
            "MEMO" => fill(&mut self.memo, value),
            "CORRECTFITID" | "CORRECTACTION" if !value.is_empty() => {
                return Err(Refusal::Unsupported { what: "a row that corrects or deletes an earlier one" });
            }
            _ => {}
        }
        Ok(())
    }

    fn transaction(self, currency: &Currency, is_pending: bool) -> Result<ObservedTransaction, Refusal> {
        if self.amount.is_empty() {
            return Err(Refusal::Missing { field: "TRNAMT" });
        }
        let amount = in_currency(signed(&self.amount, &['.', ','], "TRNAMT")?, currency, "TRNAMT")?;
        let posted = if is_pending { None } else { Some(self.posted.ok_or(Refusal::Missing { field: "DTPOSTED" })?) };
        let name = if self.name.is_empty() { &self.payee } else { &self.name };
        // Many banks begin the memo with the name.
        let raw = match (name.as_str(), self.memo.as_str()) {
            (name, "") => name.to_owned(),
            ("", memo) => memo.to_owned(),
            (name, memo) if memo.starts_with(name) => memo.to_owned(),
            (name, memo) => [name, "\n", memo].concat(),
        };
        let is_category = self.category.len() == 4 && self.category.bytes().all(|byte| byte.is_ascii_digit());
        Ok(ObservedTransaction {
            status: if is_pending { TransactionStatus::Pending } else { TransactionStatus::Posted },
            posted_date: posted,
            amount: amount.to_string(),
            currency: currency.as_str().to_owned(),
            entry_type: direction(amount),
            description: collapsed(&raw),
            raw_description: filled(&raw),
            rail: rail::of_ofx(&self.kind),
            bank_reference: filled(&self.fit_id),
            customer_reference: filled(&self.number).or_else(|| filled(&self.check_number)),
            bai_code: None,
            category: None,
            subcategory: None,
            mcc: Some(self.category).filter(|_| is_category),
            merchant_name: None,
            counterparty_name: filled(&self.payee),
            counterparty_account_masked: filled(&self.other_account).map(|number| masked(&number)),
            transaction_date: self.used.filter(|used| Some(*used) != posted),
            running_balance: None,
        })
    }
}

/// Takes a value of the statement itself.
fn stated(statement: &mut Statement, inside: Aggregate, name: &str, value: &str) -> Result<(), Refusal> {
    let account = &mut statement.account;
    match (inside, name) {
        (Aggregate::Statement | Aggregate::CardStatement, "CURDEF") => fill(&mut account.currency, value),
        (Aggregate::Account, "ACCTID") => account.number = filled(value).map(AccountNumber::Other),
        (Aggregate::Account, "BANKID") => account.routing_number = filled(value),
        (Aggregate::Account, "ACCTTYPE") => {
            account.account_type = Some(match value {
                "CHECKING" => AccountType::Checking,
                "SAVINGS" | "CD" => AccountType::Savings,
                "MONEYMRKT" => AccountType::MoneyMarket,
                "CREDITLINE" => AccountType::Loan,
                _ => AccountType::Other,
            });
        }
        (Aggregate::Transactions, "DTSTART") => statement.from = Some(date(value, "DTSTART")?),
        (Aggregate::Transactions, "DTEND") => statement.to = Some(date(value, "DTEND")?),
        _ => {}
    }
    Ok(())
}

/// Reads `20261003`, `20261003120000`, `20261003120000.000[-5:EST]`: the day as written, in the zone as written.
fn date(value: &str, field: &'static str) -> Result<Date, Refusal> {
    let (day, rest) = value.split_at_checked(8).ok_or(Refusal::NotADate { field })?;
    let (time, zone) = rest.split_once('[').unwrap_or((rest, "]"));
    let timed = time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let zoned = zone.strip_suffix(']').is_some_and(|zone| zone.len() <= 16);
    if timed && zoned { day::full(day, field) } else { Err(Refusal::NotADate { field }) }
}

fn fill(place: &mut String, value: &str) {
    if place.is_empty() {
        value.trim().clone_into(place);
    }
}
