//! Reading an account's transactions from the cells of the portal's own answers.
//!
//! Amounts are numbers as JSON writes them, or texts of the same form: a sign, digits, a point and
//! digits. Nothing is rounded, and an exponent is no amount.
//!
//! Not here: JSON (`answer`), or whether the page shows the same (`agreement`).

use domain::calendar::{YearHint, read_date};
use domain::failure::Failure;
use domain::money::Currency;
use domain::observation::Sheet;
use domain::transaction::{EntryType, ObservedTransaction, Rail, TransactionStatus};
use rust_decimal::Decimal;

use super::transaction::direction;
use super::{Cells, Place, Side, word};
use crate::document::fold;
use crate::language::{Captured, Datum, TransactionField};

/// Up to how many decimals an amount is written in full, where it was written shorter.
const FULL_AT_MOST: u32 = 4;

/// Reads the rows of an answer from its cells.
pub(crate) fn captured(
    sheet: &Sheet,
    read: &Captured,
    cells: Cells<'_>,
    place: &Place,
) -> Result<Vec<ObservedTransaction>, Failure> {
    let rows = sheet.rows.iter().enumerate();
    rows.map(|(index, row)| transaction(&Row { sheet, row, read, cells, number: index + 1, place })).collect()
}

/// A row of an answer, counted from 1.
struct Row<'r> {
    sheet: &'r Sheet,
    row: &'r [String],
    read: &'r Captured,
    cells: Cells<'r>,
    number: usize,
    place: &'r Place,
}

/// A value with where it is.
struct Value<'r> {
    datum: &'r Datum,
    text: &'r str,
}

impl<'r> Row<'r> {
    fn datum(&self, datum: &'r Datum) -> Value<'r> {
        let header = datum.at.to_string();
        let place = self.sheet.headers.iter().position(|known| *known == header);
        let whole = place.and_then(|place| self.row.get(place)).map_or("", |text| text.trim());
        let text = datum.cut(whole).unwrap_or_default().trim();
        Value { datum, text: if self.cells.is_blank(text) { "" } else { text } }
    }

    /// None when the script reads no such field.
    fn get(&self, field: TransactionField) -> Option<Value<'r>> {
        let (_, datum) = self.read.fields.iter().find(|(known, _)| *known == field)?;
        Some(self.datum(datum))
    }

    fn refuse(&self, value: &Value<'_>, why: impl AsRef<str>) -> Failure {
        self.place.cell(self.number, &value.datum.at.to_string(), why.as_ref())
    }

    fn text(&self, field: TransactionField) -> Option<String> {
        self.get(field).map(|value| fold(value.text).into_owned()).filter(|text| !text.is_empty())
    }

    fn decimal(&self, value: &Value<'_>, currency: &Currency) -> Result<Decimal, Failure> {
        decimal(value.text, value.datum.scale, currency).map_err(|why| self.refuse(value, why))
    }
}

fn transaction(row: &Row<'_>) -> Result<ObservedTransaction, Failure> {
    use TransactionField as F;
    let Row { read, cells, .. } = row;
    let nothing = || row.place.cell(row.number, "", "the script reads no such path");
    let status = match row.get(F::Status) {
        Some(value) => word(value.text, &read.words.statuses).map_err(|why| row.refuse(&value, why))?,
        None => TransactionStatus::Posted,
    };
    let date = |value: &Value<'_>| match value.text {
        "" => Ok(None),
        text => match read_date(text, &read.date, YearHint::up_to(cells.today)) {
            Ok(date) => Ok(Some(date)),
            Err(error) => Err(row.refuse(value, error.to_string())),
        },
    };
    let has_date = !matches!(status, TransactionStatus::Pending | TransactionStatus::Cancelled);
    let posted_date = match row.get(F::PostedDate) {
        Some(value) if has_date => Some(date(&value)?.ok_or_else(|| row.refuse(&value, "it is empty"))?),
        _ => None,
    };
    let transaction_date = row.get(F::TransactionDate).map(|value| date(&value)).transpose()?.flatten();
    let currency = match read.currency.as_ref().map(|datum| row.datum(datum)) {
        Some(value) if !value.text.is_empty() => {
            Currency::parse(value.text).map_err(|error| row.refuse(&value, error.to_string()))?
        }
        _ => cells.currency.clone(),
    };
    let amount = amount(row, &currency)?;
    let running_balance = match row.get(F::RunningBalance) {
        Some(value) if !value.text.is_empty() => {
            let balance = row.decimal(&value, &currency)?;
            Some(sided(balance, cells.side).to_string())
        }
        _ => None,
    };
    let description = row.get(F::Description).ok_or_else(nothing)?;
    if description.text.is_empty() {
        return Err(row.refuse(&description, "it is empty"));
    }
    let rail = match row.get(F::Rail) {
        Some(value) => word(value.text, &read.words.rails).map_err(|why| row.refuse(&value, why))?,
        None => Rail::Unknown,
    };
    Ok(ObservedTransaction {
        status,
        posted_date,
        amount: amount.to_string(),
        currency: currency.to_string(),
        entry_type: direction(amount),
        raw_description: Some(description.text.to_owned()),
        description: fold(description.text).into_owned(),
        rail,
        bank_reference: row.text(F::BankReference),
        customer_reference: row.text(F::CustomerReference),
        bai_code: row.text(F::BaiCode),
        category: row.text(F::Category),
        subcategory: row.text(F::Subcategory),
        mcc: row.text(F::Mcc),
        merchant_name: row.text(F::MerchantName),
        counterparty_name: row.text(F::CounterpartyName),
        counterparty_account_masked: row.text(F::CounterpartyAccountMasked),
        transaction_date,
        running_balance,
    })
}

/// What flows in is positive, however the portal says it.
fn amount(row: &Row<'_>, currency: &Currency) -> Result<Decimal, Failure> {
    use TransactionField as F;
    let read = |value: &Value<'_>| row.decimal(value, currency);
    match (row.get(F::Amount), row.get(F::Debit), row.get(F::Credit)) {
        (Some(value), _, _) => {
            let amount = read(&value)?;
            let Some(way) = row.read.direction.as_ref().map(|datum| row.datum(datum)) else {
                return Ok(sided(amount, row.cells.side));
            };
            let direction = word(way.text, &row.read.words.directions).map_err(|why| row.refuse(&way, why))?;
            match direction {
                EntryType::Credit if amount.is_sign_negative() => {
                    Err(row.refuse(&value, "it has a minus, and its direction says that money came in"))
                }
                EntryType::Credit => Ok(amount),
                EntryType::Debit => Ok(plain_zero(-amount.abs())),
            }
        }
        (None, Some(debit), Some(credit)) => match (debit.text.is_empty(), credit.text.is_empty()) {
            (false, true) => Ok(plain_zero(-read(&debit)?.abs())),
            (true, false) => {
                let amount = read(&credit)?;
                let why = "what flows in has a minus";
                if amount.is_sign_negative() { Err(row.refuse(&credit, why)) } else { Ok(amount) }
            }
            (false, false) => Err(row.refuse(&debit, "both the debit and the credit are there")),
            (true, true) => Err(row.refuse(&debit, "neither a debit nor a credit is there")),
        },
        _ => Err(row.place.cell(row.number, "", "the script reads no such path")),
    }
}

/// What is owed has the other sign.
fn sided(amount: Decimal, side: Side) -> Decimal {
    match side {
        Side::Own => amount,
        Side::Owed => plain_zero(-amount),
    }
}

fn plain_zero(mut amount: Decimal) -> Decimal {
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
    amount
}

/// A number as JSON writes it, or a text of that form. One of minor units is whole, and has as many
/// decimals as the script says; any other has no more than its currency, and is written in full.
fn decimal(text: &str, scale: Option<u32>, currency: &Currency) -> Result<Decimal, String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if !are_digits(whole) || !are_digits(fraction) {
        return Err("it is not an amount: a sign, digits, a point and digits".into());
    }
    let mut amount = Decimal::from_str_exact(text.trim_start_matches('+')).map_err(|_| "it has too many digits")?;
    if let Some(scale) = scale {
        if digits.contains('.') {
            return Err("it has decimals, and the script says that it counts minor units".into());
        }
        amount.set_scale(scale).map_err(|_| "it has too many digits")?;
        return Ok(plain_zero(amount));
    }
    let allowed = currency.minor_digits();
    let bare = amount.normalize();
    if bare.scale() > allowed {
        return Err(format!("it has more than the {allowed} decimals of {currency}"));
    }
    // A number of JSON has no decimals to be kept: `12.5` is what the page shows as `12.50`.
    let full = if allowed <= FULL_AT_MOST { allowed } else { bare.scale() };
    amount.rescale(full);
    Ok(plain_zero(amount))
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::decimal;

    #[test]
    fn amounts_are_exact_whatever_their_size_and_nothing_is_guessed() {
        let check = |text: &str, scale: Option<u32>, currency: &str, expected: Result<&str, &str>| {
            let currency = Currency::parse(currency).expect("a currency");
            let read = decimal(text, scale, &currency).map(|amount| amount.to_string());
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{text}");
        };
        check("12.5", None, "USD", Ok("12.50"));
        check("-0.1", None, "USD", Ok("-0.10"));
        check("+3", None, "USD", Ok("3.00"));
        check("12.5000", None, "USD", Ok("12.50"));
        check("1500", None, "JPY", Ok("1500"));
        check("0.105", None, "KWD", Ok("0.105"));
        check("-0", None, "USD", Ok("0.00"));
        // Floats would make 90071992547409.93 of it.
        check("90071992547409.91", None, "USD", Ok("90071992547409.91"));
        check("9007199254740993", Some(2), "GBP", Ok("90071992547409.93"));
        check("-385", Some(2), "GBP", Ok("-3.85"));
        check("-5", Some(3), "KWD", Ok("-0.005"));
        check("12.505", None, "USD", Err("it has more than the 2 decimals of USD"));
        check("3.85", Some(2), "GBP", Err("it has decimals, and the script says that it counts minor units"));
        check("", None, "USD", Err("it is empty"));
        let refused = Err("it is not an amount: a sign, digits, a point and digits");
        for text in ["1e2", "1E+2", "1,000.00", "1_000", "$5", "--5", ".5", "5.", "true", "٣", "1 0", "NaN"] {
            check(text, None, "USD", refused);
        }
        check("99999999999999999999999999999999", None, "USD", Err("it has too many digits"));
    }
}
