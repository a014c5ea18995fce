//! Bank statement files become records: CAMT.053, BAI2, MT940, OFX with QFX, and CSV, each alone or in a zip archive.
//!
//! A portal's file is worth more than its pages: it says which days it covers, and it carries sums of its own. So a
//! file is read whole or refused whole, and what it says of itself is checked before a row is believed.
//! `docs/reference/statement-files.md` lists what is taken from which field.
//!
//! Files come from outside and may be hostile. Readers walk slices of the input; whatever they allocate is bounded by
//! [`Bounds`]. A refusal names the place and the rule, and never repeats what stands there.
//!
//! Not here: where a file comes from, which account of ours it belongs to, and what is done with the records.

mod amount;
mod bai2;
mod camt;
mod control;
mod csv;
mod day;
mod decode;
mod format;
mod how;
mod joined;
mod lines;
mod meter;
mod mt940;
mod ofx;
mod rail;
mod refusal;
mod statement;
mod text;
mod zipped;

pub use control::Control;
pub use format::{Format, detect};
pub use how::{Bounds, CsvAmounts, CsvColumns, CsvEncoding, How, SignWords};
pub use joined::joined;
pub use meter::Bound;
pub use refusal::{Place, Refusal, StatementError};
pub use statement::{AccountNumber, Announced, BalanceKind, OtherBalance, StatedAccount, Statement};

use meter::Meter;

/// Reads every statement in a file, in the file's order; an archive gives those of all its files.
pub fn read(bytes: &[u8], how: &How) -> Result<Vec<Statement>, StatementError> {
    let mut meter = Meter::new(&how.bounds);
    meter.file(bytes.len())?;
    if zipped::is_archive(bytes) {
        return zipped::read(bytes, how, &mut meter);
    }
    read_file(bytes, how, &mut meter)
}

fn read_file(bytes: &[u8], how: &How, meter: &mut Meter) -> Result<Vec<Statement>, StatementError> {
    if bytes.is_empty() {
        return Err(Refusal::Empty.into());
    }
    let format = match how.format.or_else(|| how.csv.as_ref().map(|_| Format::Csv)) {
        Some(format) => format,
        None => detect(bytes).ok_or(Refusal::UnknownFormat)?,
    };
    match format {
        Format::Camt053 => camt::read(&decode::xml(bytes)?, meter),
        Format::Bai2 => bai2::read(&decode::lines(bytes)?, how.currency.as_ref(), meter),
        Format::Mt940 => mt940::read(&decode::lines(bytes)?, meter),
        Format::Ofx => ofx::read(&decode::ofx(bytes)?, how.currency.as_ref(), meter),
        Format::Csv => {
            let columns = how.csv.as_ref().ok_or(Refusal::NoColumns)?;
            csv::read(&decode::csv(bytes, columns.encoding)?, columns, meter)
        }
    }
}
