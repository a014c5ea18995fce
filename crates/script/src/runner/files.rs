//! Files that a portal is asked for while an account is read: what is asked for, what came of it,
//! and how it stands beside the table.
//!
//! ```text
//! a page of transactions ─▶ its file is asked for ─▶ it came, is whole and is of the account ─▶ kept
//!                                  │                     └─ its own sums don't hold ─▶ the account isn't read
//!                                  └─ none came, or it can't be read ─▶ the table is read in its place
//! ```
//!
//! Not here: reading files (`statement`), or how two rows are found to be one (`read`).

use domain::account::ObservedAccount;
use domain::account_match::is_same_number;
use domain::calendar::YearHint;
use domain::failure::{Failure, FailureCode, Stage};
use domain::money::{Currency, Locale};
use domain::observation::{Extent, Source};
use domain::secret::Secret;
use jiff::civil::Date;
use statement::{
    AccountNumber, Bounds, CsvAmounts, CsvColumns, Format, How, Refusal, StatedAccount, Statement, StatementError,
};

use super::turn::back;
use crate::command::{Act, Deed, Download, FILE_AT_MOST, FileBytes, NoFile, Told};
use crate::css::Css;
use crate::language::{Beside, CsvRead, FileDays, FileKind, FileRead, TransactionField, TransactionsRead};
use crate::read::{Place, Proof, beside, rises};

/// How many digits of a masked number have to be those of a file's.
const DIGITS_NEEDED: usize = 3;

/// The files of one account that were asked for.
#[derive(Default)]
pub(super) struct Filed {
    /// Those that came and hold, the latest first.
    statements: Vec<Statement>,
    /// The days that were asked for, the latest first.
    asked: Vec<(Date, Date)>,
    /// The page that shows has been asked for its file.
    is_page_asked: bool,
    /// None came, or it can't be read: no more are asked for.
    is_given_up: bool,
    /// Its own sums don't hold.
    refused: Option<Failure>,
}

/// What is known when a file is asked for.
#[derive(Clone, Copy)]
pub(super) struct Asking {
    pub(super) today: Date,
    /// From which day on transactions are wanted.
    pub(super) since: Option<Date>,
    /// Whether the page that shows holds rows already.
    pub(super) shows_rows: bool,
    pub(super) patience_ms: u64,
}

impl Filed {
    /// What is done for the next file, if there is one to be asked for on the page that shows.
    pub(super) fn ask(&mut self, read: &FileRead, asking: Asking) -> Option<Download> {
        if self.is_given_up {
            return None;
        }
        let fill = |css: &Css, text: String| Act::Fill { into: css.text().into(), text: Secret::new(text) };
        let mut acts: Vec<Act> = read.fill.iter().map(|(css, text)| fill(css, text.clone())).collect();
        match &read.days {
            Some(days) => {
                let (from, to) = self.next_days(days, asking)?;
                acts.extend([fill(&days.from, days.date.write(from)), fill(&days.to, days.date.write(to))]);
                self.asked.push((from, to));
            }
            None if self.is_page_asked || !asking.shows_rows => return None,
            None => self.is_page_asked = true,
        }
        acts.push(Act::Click { target: read.click.text().into() });
        Some(Download { deed: Deed { acts, region: Vec::new() }, patience_ms: asking.patience_ms })
    }

    /// The days before those that were asked for last, as far back as is wanted and can be asked.
    fn next_days(&self, days: &FileDays, asking: Asking) -> Option<(Date, Date)> {
        let earliest = back(asking.today, days.reach - 1).max(asking.since.unwrap_or(Date::MIN));
        let to = match self.asked.last() {
            Some((from, _)) if *from <= earliest => return None,
            Some((from, _)) => back(*from, 1),
            None => asking.today,
        };
        Some((back(to, days.days - 1).max(earliest).min(to), to))
    }

    /// Whether any was asked for.
    pub(super) const fn is_begun(&self) -> bool {
        self.is_page_asked || self.is_given_up || !self.asked.is_empty() || !self.statements.is_empty()
    }

    /// The page that shows is another one, whose file wasn't asked for.
    pub(super) const fn turn(&mut self) {
        self.is_page_asked = false;
    }

    /// Why the account can't be read, if a file's own sums don't hold.
    pub(super) const fn refused(&mut self) -> Option<Failure> {
        self.refused.take()
    }

    /// Whether the table needn't be walked any further: the files hold all of it.
    pub(super) fn is_enough(&self, read: &TransactionsRead) -> bool {
        let days = read.file.as_ref().and_then(|file| file.days.as_ref());
        !self.statements.is_empty() && !self.is_given_up && days.is_some_and(|days| days.beside == Beside::Page)
    }

    /// None came.
    pub(super) fn missed(&mut self, account: usize, why: impl Into<String>) -> Told {
        self.is_given_up = true;
        self.statements.clear();
        Told::NoFile { account, why: why.into() }
    }

    /// Takes a file that came.
    pub(super) fn take(
        &mut self,
        bytes: &FileBytes,
        read: &FileRead,
        account: &ObservedAccount,
        (locale, today): (Locale, Date),
        number: usize,
    ) -> Told {
        if bytes.0.len() > FILE_AT_MOST {
            return self.missed(number, NoFile::TooLarge.text());
        }
        let how = how(&read.kind, account, locale, today);
        let statement = statement::read(&bytes.0, &how).and_then(statement::joined).map(|all| of(all, account));
        match statement {
            Ok(Some(mut statement)) if statement.extent == Extent::Whole || statement.format == Format::Csv => {
                // Rows alone say of nothing that it is all; they are as whole as a table that was walked.
                statement.extent = Extent::Whole;
                if rises(&statement.transactions) == Some(false) {
                    statement.transactions.reverse();
                }
                let (format, rows) = (statement.format.as_str(), statement.transactions.len());
                self.statements.push(statement);
                Told::File { account: number, format, bytes: bytes.0.len(), rows }
            }
            Ok(Some(_)) => self.missed(number, "the file says that it isn't all of its days"),
            Ok(None) => self.missed(number, "the file isn't of this account, or nothing says which of several it is"),
            Err(error) => self.refuse(&error, read, number),
        }
    }

    /// A file that isn't taken. One whose sums don't hold contradicts itself, and then nobody knows
    /// what is true of the account; one that can't be read says nothing.
    fn refuse(&mut self, error: &StatementError, read: &FileRead, account: usize) -> Told {
        if matches!(error.refusal, Refusal::Control { .. }) {
            let why = format!("account {account}, the {} file contradicts itself: {error}", read.kind.word());
            self.refused = Some(Failure::new(FailureCode::DataUnreconciled, Stage::Download).with_message(why));
        }
        self.missed(account, error.to_string())
    }

    /// Puts the files beside what was read of the table.
    pub(super) fn settle(
        &mut self,
        read: &FileRead,
        account: &mut ObservedAccount,
        place: &Place,
    ) -> Result<Option<Told>, Failure> {
        if self.statements.is_empty() {
            return Ok(None);
        }
        let mut statements = std::mem::take(&mut self.statements);
        // What names no days is of those that were asked for.
        for (statement, (from, to)) in statements.iter_mut().zip(&self.asked) {
            statement.from.get_or_insert(*from);
            statement.to.get_or_insert(*to);
        }
        let contradicts = |why: &str| Failure::new(FailureCode::DataUnreconciled, Stage::Download).with_message(why);
        let number = place.account.unwrap_or_default();
        let joined = statement::joined(statements)
            .map_err(|error| contradicts(&format!("account {number}, its files contradict each other: {error}")))?;
        let [whole] = joined.as_slice() else {
            return Ok(Some(self.missed(number, "the files that came are of several accounts")));
        };
        if whole.extent != Extent::Whole {
            return Ok(Some(self.missed(number, "days are missing between the files that came")));
        }
        // Where the table wasn't walked to its end it lacks rows of the file.
        let is_walked = read.days.as_ref().is_none_or(|days| days.beside == Beside::List);
        let mut file = whole.clone().observed(account.portal_key.clone());
        let days = file.window.as_ref().map_or((None, None), |window| (window.from, window.to));
        let rows_of_file = file.transactions.len();
        let proof = if whole.format == Format::Csv { Proof::Nothing } else { Proof::Sums };
        let table = std::mem::take(&mut account.transactions);
        let both = beside(table, std::mem::take(&mut file.transactions), days, proof);
        account.transactions = both.rows;
        if both.source == Source::File {
            // Cells of the table alone would tell another story.
            account.sheets = Vec::new();
            if let Some(window) = &mut file.window {
                let more = account.transactions.len().saturating_sub(rows_of_file);
                let more = u64::try_from(more).unwrap_or(u64::MAX);
                window.rows_announced = window.rows_announced.map(|rows| rows.saturating_add(more));
            }
            account.window = file.window;
        } else if let Some(window) = account.window.as_mut().filter(|_| !is_walked) {
            // Nobody looked whether the list goes on.
            window.from = window.from.max(days.0);
        }
        account.balances.extend(file.balances);
        if account.current_balance.is_none() {
            account.current_balance = file.current_balance;
            account.balance_as_of = file.balance_as_of;
        }
        let differs = both.only_in_table > 0 || (is_walked && both.only_in_file > 0);
        let told = Told::Differs { account: number, file: both.only_in_file, table: both.only_in_table };
        Ok(differs.then_some(told))
    }
}

/// How a file is read: by the format that the script says, and no other.
fn how(kind: &FileKind, account: &ObservedAccount, locale: Locale, today: Date) -> How {
    let bytes = u64::try_from(FILE_AT_MOST).unwrap_or(u64::MAX);
    let how = match kind {
        FileKind::Format(format) => How::format(*format),
        FileKind::Csv(read) => How::csv(columns(read, account, locale, today)),
    };
    let how = how.with_bounds(Bounds { bytes, unpacked_bytes: bytes * 4, ..Bounds::default() });
    match Currency::parse(&account.currency) {
        Ok(currency) => how.with_currency(currency),
        Err(_) => how,
    }
}

fn columns(read: &CsvRead, account: &ObservedAccount, locale: Locale, today: Date) -> CsvColumns {
    use TransactionField as F;
    let of = |field| {
        let headers = read.columns.iter().find(|(known, _)| *known == field).map(|(_, headers)| headers.as_slice());
        headers.unwrap_or_default()
    };
    let one = |field| of(field).first().cloned();
    let amounts = match (one(F::Debit), one(F::Credit)) {
        (Some(debit), Some(credit)) => CsvAmounts::DebitCredit { debit, credit },
        _ => CsvAmounts::Signed(one(F::Amount).unwrap_or_default()),
    };
    CsvColumns {
        account: StatedAccount { currency: account.currency.clone(), ..StatedAccount::default() },
        delimiter: read.delimiter,
        encoding: read.encoding,
        skipped_lines: u64::from(read.skip),
        date_format: read.date.clone(),
        year_hint: YearHint::up_to(today),
        locale,
        date: one(F::PostedDate).unwrap_or_default(),
        transaction_date: one(F::TransactionDate),
        amounts,
        description: of(F::Description).to_vec(),
        running_balance: one(F::RunningBalance),
        bank_reference: one(F::BankReference),
        customer_reference: one(F::CustomerReference),
        counterparty_name: one(F::CounterpartyName),
    }
}

/// The statement that is of the account; none where nothing in it can be, or several could.
fn of(statements: Vec<Statement>, account: &ObservedAccount) -> Option<Statement> {
    let is_alone = statements.len() == 1;
    let mut of_it = statements.into_iter().filter(|statement| is_of(statement, account, is_alone));
    let found = of_it.next()?;
    of_it.next().is_none().then_some(found)
}

/// Whether a statement is of the account. One that is alone in its file needs no number: the file was
/// asked for on the account's own page.
fn is_of(statement: &Statement, account: &ObservedAccount, is_alone: bool) -> bool {
    let stated = &statement.account;
    if !stated.currency.is_empty() && stated.currency != account.currency {
        return false;
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let number = stated.number.as_ref().map(AccountNumber::as_str).filter(|number| !digits(number).is_empty());
    match (number, &account.account_number, &account.masked_number) {
        (None, _, _) => is_alone,
        (Some(number), Some(known), _) => is_same_number(number, known) || is_end(&digits(number), &digits(known)),
        (Some(number), None, Some(masked)) => {
            let shown = masked.rsplit(|sign: char| !sign.is_ascii_digit() && !sign.is_whitespace()).next();
            let shown = digits(shown.unwrap_or_default());
            if shown.len() < DIGITS_NEEDED { is_alone } else { digits(number).ends_with(&shown) }
        }
        (Some(_), None, None) => is_alone,
    }
}

/// Whether a short number is how the other ends.
fn is_end(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short.len() >= DIGITS_NEEDED && long.ends_with(short)
}
