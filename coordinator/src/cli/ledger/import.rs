//! `coordinator ledger import`: takes a bank's statement file into the ledger of an account.
//!
//! Not here: reading the file (`statement`), or matching its rows (`fleet`).

use std::path::{Path, PathBuf};

use domain::account_match::AccountProof;
use domain::calendar::{DateFormat, YearHint};
use domain::id::AccountId;
use domain::money::{Currency, Locale};
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use statement::{CsvAmounts, CsvColumns, CsvEncoding, Format, How, SignWords, StatedAccount};
use uuid::Uuid;

use super::unknown;
use crate::catalog::Wanted;
use crate::cli::{CommandError, Ground, catalog, in_one_line, printable};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, ImportError};
use crate::store::Keeping;

/// A file with the columns of a CSV file is not longer, in bytes.
const COLUMNS_LIMIT: u64 = 64 << 10;

#[derive(clap::Args)]
pub(in crate::cli) struct Arguments {
    /// CAMT.053, BAI2, MT940, OFX or QFX, told by its beginning; CSV with --csv; or a zip archive with such files.
    file: PathBuf,
    /// The account that it is of.
    #[arg(long, value_name = "ID")]
    account: Uuid,
    /// Read it as this: camt.053, bai2, mt940, ofx.
    #[arg(long, value_name = "FORMAT", conflicts_with = "csv")]
    format: Option<Format>,
    /// It is CSV, with the columns that this TOML file declares (docs/reference/statement-files.md).
    #[arg(long, value_name = "COLUMNS")]
    csv: Option<PathBuf>,
    /// Nothing in the file proves that it is of the account, and I have looked: it is. The number that it names, if
    /// any, is remembered with the import.
    #[arg(long)]
    confirm_account: bool,
    /// Only say what it would change.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What a file with columns says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    date: String,
    date_format: DateFormat,
    locale: Locale,
    description: Vec<String>,
    amount: Option<String>,
    debit: Option<String>,
    credit: Option<String>,
    sign: Option<String>,
    #[serde(default)]
    debit_words: Vec<String>,
    #[serde(default)]
    credit_words: Vec<String>,
    #[serde(default = "comma")]
    delimiter: char,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    skipped_lines: u64,
    transaction_date: Option<String>,
    running_balance: Option<String>,
    bank_reference: Option<String>,
    customer_reference: Option<String>,
    counterparty_name: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum Encoding {
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "windows-1252")]
    Windows1252,
    #[serde(rename = "utf-16le")]
    Utf16Le,
}

const fn comma() -> char {
    ','
}

impl Arguments {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let (store, account, now) = (&*ground.store, AccountId(self.account), clock::now());
        let absent = |refused| unknown(refused, "account", self.account);
        let institution = store.institution_of(account).await.map_err(absent)?.unwrap_or_default();
        let currency = store.account_marks(account).await.map_err(absent)?.currency;
        let today = catalog(config, Wanted::KeptOrNewest).await?.0.today(&institution, now);
        let how = match &self.csv {
            Some(columns) => How::csv(read_columns(columns, &currency, today)?),
            None => How { format: self.format, ..How::detect() },
        };
        let how = match Currency::parse(&currency) {
            Ok(currency) => how.with_currency(currency),
            Err(_) => how,
        };
        let bytes = read(&self.file, how.bounds.bytes.max(how.bounds.unpacked_bytes))?;
        let keeping = if self.dry_run { Keeping::Nothing } else { Keeping::Everything };
        let proof = if self.confirm_account { AccountProof::Operator } else { AccountProof::Number };
        let import = fleet::import(store, account, &bytes, &how, proof, (today, now), keeping).await;
        let import = import.map_err(|error| match error {
            ImportError::Fleet(error) => error.into(),
            error => {
                CommandError::Import { path: in_one_line(&self.file.display().to_string()), source: Box::new(error) }
            }
        })?;
        let (completed, (from, to)) = (import.completed, import.covers);
        let doubt = import.doubt.filter(|_| proof == AccountProof::Number).map(|doubt| doubt.to_string());
        if let Some(doubt) = &doubt {
            eprintln!("note: nothing proves that the file is of this account: {doubt}.");
            eprintln!("Without --dry-run it is taken in only with --confirm-account.");
        }
        if self.json {
            outln!(
                "{}",
                json!({
                    "applied": !self.dry_run, "importId": import.id, "accountId": account, "from": from, "to": to, "read": completed.read,
                    "doubt": doubt, "added": completed.added, "modified": completed.modified, "removed": completed.removed,
                })
            );
            return Ok(());
        }
        let days = match (from, to) {
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            _ => String::new(),
        };
        eprintln!("{} bookings{days} were read.", completed.read);
        outln!("added {}  modified {}  removed {}", completed.added, completed.modified, completed.removed);
        match import.id {
            Some(id) => eprintln!("`coordinator ledger take-back {id}` takes it back."),
            None => eprintln!("Nothing is kept; without --dry-run it is."),
        }
        Ok(())
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    use std::io::Read as _;
    let unreadable = |source| CommandError::File { path: in_one_line(&path.display().to_string()), source };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // One more than is taken, so that what is too large is told from what just fits.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn read_columns(path: &Path, currency: &str, today: Date) -> Result<CsvColumns, CommandError> {
    let refuse = |reason: String| {
        let path = in_one_line(&path.display().to_string());
        CommandError::Columns { path, reason: printable(&reason) }
    };
    let bytes = read(path, COLUMNS_LIMIT)?;
    let text = String::from_utf8(bytes).map_err(|_| refuse("it isn't UTF-8".into()))?;
    let columns: Columns = toml::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let amounts = match (columns.amount, columns.debit, columns.credit, columns.sign) {
        (Some(amount), None, None, None) => CsvAmounts::Signed(amount),
        (None, Some(debit), Some(credit), None) => CsvAmounts::DebitCredit { debit, credit },
        (Some(amount), None, None, Some(sign)) => {
            let words = SignWords { debit: columns.debit_words, credit: columns.credit_words };
            CsvAmounts::Worded { amount, sign, words }
        }
        _ => {
            let ways = "say `amount` alone, both `debit` and `credit`, or `amount` with `sign` and the words for it";
            return Err(refuse(ways.into()));
        }
    };
    let delimiter = u8::try_from(columns.delimiter).map_err(|_| refuse("the delimiter isn't one byte".into()))?;
    let account = StatedAccount {
        number: None,
        bic: None,
        routing_number: None,
        currency: currency.to_owned(),
        name: None,
        owner: None,
        account_type: None,
    };
    Ok(CsvColumns {
        account,
        delimiter,
        encoding: match columns.encoding {
            Encoding::Utf8 => CsvEncoding::Utf8,
            Encoding::Windows1252 => CsvEncoding::Windows1252,
            Encoding::Utf16Le => CsvEncoding::Utf16Le,
        },
        skipped_lines: columns.skipped_lines,
        date_format: columns.date_format,
        year_hint: YearHint::up_to(today),
        locale: columns.locale,
        date: columns.date,
        transaction_date: columns.transaction_date,
        amounts,
        description: columns.description,
        running_balance: columns.running_balance,
        bank_reference: columns.bank_reference,
        customer_reference: columns.customer_reference,
        counterparty_name: columns.counterparty_name,
    })
}

#[cfg(test)]
mod tests {
    use super::Columns;

    #[test]
    fn the_declaration_that_the_documents_show_is_understood_and_an_unknown_key_is_not() {
        let page = include_str!("../../../../docs/reference/statement-files.md");
        let (_, rest) = page.split_once("```toml\n").expect("a declaration");
        let (shown, _) = rest.split_once("```").expect("its end");
        let columns: Columns = toml::from_str(shown).expect("a declaration");
        assert_eq!((columns.delimiter, columns.skipped_lines), (';', 3));
        assert!(toml::from_str::<Columns>(&format!("{shown}colour = 1\n")).is_err());
    }
}
