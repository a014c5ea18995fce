//! BAI2, the cash management balance reporting of the Bank Administration Institute.
//!
//! ```text
//! 01 file
//!   02 group: one day of one bank
//!     03 account, with its balances and sums     88 continues any record
//!       16 row
//!     49 account's end: control total, records
//!   98 group's end: control total, accounts, records
//! 99 file's end: control total, groups, records
//! ```
//!
//! Every control is held. Opening ledger (010), rows and closing ledger (015) are held against each other where a final
//! report of a day has all three.
//!
//! Not here: what a type code is called. It is kept as a code.

mod account;
mod record;

use domain::money::Currency;
use jiff::civil::Date;

use crate::control::{self, Control};
use crate::day;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::Statement;
use account::Account;
use record::{Record, Records, malformed};

/// What a file, group or account has so far.
#[derive(Default)]
struct Sums {
    total: i128,
    parts: u64,
    records: u64,
}

/// What a group says of its accounts.
struct Group {
    bank: Option<String>,
    day: Date,
    is_final: bool,
    currency: Currency,
    sums: Sums,
}

pub(crate) fn read(
    text: &str,
    fallback: Option<&Currency>,
    meter: &mut Meter,
) -> Result<Vec<Statement>, StatementError> {
    let mut reader = Reader { statements: Vec::new(), file: None, group: None, account: None, files: 0 };
    let mut records = Records::of(text);
    while let Some(record) = records.next(meter)? {
        let ordinal = u64::try_from(reader.statements.len()).unwrap_or(u64::MAX).saturating_add(1);
        let was_inside = reader.account.is_some();
        reader.take(&record, fallback, meter).map_err(|refusal| {
            let error = refusal.at(record.line);
            if was_inside || reader.account.is_some() { error.in_statement(ordinal) } else { error }
        })?;
    }
    let before = match (&reader.account, &reader.group, &reader.file) {
        (Some(_), _, _) => "an account's end (49)",
        (None, Some(_), _) => "a group's end (98)",
        (None, None, Some(_)) => "the file's end (99)",
        (None, None, None) if reader.files == 0 => "the file's beginning (01)",
        (None, None, None) => return Ok(reader.statements),
    };
    Err(Refusal::Truncated { before }.into())
}

struct Reader {
    statements: Vec<Statement>,
    file: Option<Sums>,
    group: Option<Group>,
    account: Option<Account>,
    files: u64,
}

impl Reader {
    fn take(&mut self, record: &Record<'_>, fallback: Option<&Currency>, meter: &mut Meter) -> Result<(), Refusal> {
        match (record.kind, &mut self.file, &mut self.group, &mut self.account) {
            ("01", None, _, _) => {
                self.files += 1;
                self.file = Some(Sums { records: record.lines, ..Sums::default() });
                let mut values = record.values();
                let version = std::iter::from_fn(|| values.next()).nth(7).unwrap_or_default();
                if !matches!(version, "2" | "") {
                    return Err(Refusal::Unsupported { what: "a version of BAI other than 2" });
                }
            }
            ("02", Some(_), None, _) => self.group = Some(Group::begin(record, fallback)?),
            ("03", Some(_), Some(group), None) => {
                meter.statement()?;
                self.account = Some(Account::begin(record, group, meter)?);
            }
            ("16", _, _, Some(account)) => {
                meter.row()?;
                account.row(record)?;
            }
            ("49", _, Some(group), Some(_)) => {
                let Some(mut account) = self.account.take() else { return Ok(()) };
                account.sums.records += record.lines;
                check_end(record, &account.sums, &ACCOUNT_END)?;
                group.sums.add(&account.sums)?;
                self.statements.push(account.closed()?);
            }
            ("98", Some(file), Some(group), None) => {
                group.sums.records += record.lines;
                check_end(record, &group.sums, &GROUP_END)?;
                file.add(&group.sums)?;
                self.group = None;
            }
            ("99", Some(file), None, _) => {
                file.records += record.lines;
                check_end(record, file, &FILE_END)?;
                self.file = None;
            }
            ("01" | "02" | "03" | "16" | "49" | "98" | "99", ..) => {
                return Err(malformed("a record stands where it can't"));
            }
            _ => return Err(malformed("a record has a type that the format doesn't have")),
        }
        Ok(())
    }
}

impl Group {
    fn begin(record: &Record<'_>, fallback: Option<&Currency>) -> Result<Self, Refusal> {
        let mut values = record.values();
        let _receiver = values.next();
        let originator = values.next_or_blank();
        match values.next_or_blank() {
            "1" | "" => {}
            "2" => return Err(Refusal::Unsupported { what: "a group that deletes what was reported" }),
            "3" => {} // A correction holds all that there is of the day.
            "4" => return Err(Refusal::Unsupported { what: "a group that is only a test" }),
            _ => return Err(Refusal::UnknownWord { field: "the group's status" }),
        }
        let day = day::short(values.next_or_blank(), "the group's day")?;
        let _time = values.next();
        let currency = match (values.next_or_blank(), fallback) {
            ("", None) => Currency::parse("USD").map_err(|_| Refusal::NoCurrency)?,
            ("", Some(fallback)) => fallback.clone(),
            (code, _) => account::currency(code)?,
        };
        let is_final = match values.next_or_blank() {
            "" | "2" | "4" => true,
            "1" | "3" => false,
            _ => return Err(Refusal::UnknownWord { field: "the group's kind of day" }),
        };
        let sums = Sums { records: record.lines, ..Sums::default() };
        Ok(Self { bank: crate::text::filled(originator), day, is_final, currency, sums })
    }
}

impl Sums {
    fn add(&mut self, part: &Self) -> Result<(), Refusal> {
        self.parts += 1;
        self.records += part.records;
        self.count(part.total)
    }

    fn count(&mut self, amount: i128) -> Result<(), Refusal> {
        self.total = self.total.checked_add(amount).ok_or(Refusal::TooManyDigits { field: "a sum" })?;
        Ok(())
    }
}

/// The controls at the end of an account, a group and a file.
struct End {
    total: Control,
    parts: Option<Control>,
    records: Control,
}

const ACCOUNT_END: End = End { total: Control::AccountTotal, parts: None, records: Control::AccountRecords };
const GROUP_END: End =
    End { total: Control::GroupTotal, parts: Some(Control::GroupAccounts), records: Control::GroupRecords };
const FILE_END: End =
    End { total: Control::FileTotal, parts: Some(Control::FileGroups), records: Control::FileRecords };

fn check_end(record: &Record<'_>, sums: &Sums, end: &End) -> Result<(), Refusal> {
    let mut values = record.values();
    let total = match values.next_or_blank() {
        "" => 0,
        total => crate::amount::signed(total, &[], "a control total")?.mantissa(),
    };
    if total != sums.total {
        return Err(Refusal::Control { control: end.total, counts: None });
    }
    if let Some(control) = end.parts {
        control::counts(control, count(values.next_or_blank())?, sums.parts)?;
    }
    control::counts(end.records, count(values.next_or_blank())?, sums.records)
}

fn count(text: &str) -> Result<u64, Refusal> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let count = text.parse().ok().filter(|_| is_plain);
    count.ok_or(Refusal::NotANumber { field: "a number of records" })
}
