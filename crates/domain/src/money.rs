//! Reads amounts as portals show them: the whole cell by the grammar of the declared locale, or not at all.
//!
//! ```text
//! cell   = mark* number mark*         blanks, and marks of a text's direction, anywhere between; none inside a number but a locale's own
//! mark   = sign | "(" | ")" | symbol | code | side       symbol and code of the declared currency only
//! side   = "DR" | "CR", and "S" | "H" in German          only after the number
//! number = digits [decimal digits] | grouped [decimal digits] | decimal digits
//! ```
//!
//! Direction is said at most once: by a sign, by brackets or by a side. `(−1.00)` says it twice and could mean either,
//! so it is refused, as is a sign in a debit or credit column. Money in is positive.
//!
//! The digits of one number are all of one kind, with the separators that go with them.
//!
//! An amount is a plain [`Decimal`], which keeps the scale as shown; its currency stands beside it in every record.
//!
//! Not here: guessing a locale, and arithmetic. Errors never repeat the cell.

mod currency;
mod locale;
mod writing;

use rust_decimal::Decimal;

pub use currency::{Currency, NotACurrency};
pub use locale::Locale;
pub use writing::{Shown, separator_of, shown_numbers, written_like};

use currency::SYMBOLS;
use locale::Numerals;

/// Why a cell is not an amount. It says nothing of what the cell holds: amounts are confidential.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Nothing, or only blanks.
    #[error("the cell is empty")]
    Empty,
    /// Marks, but no digits.
    #[error("the cell holds no number")]
    NoNumber,
    /// More than one number.
    #[error("the cell holds more than one number")]
    TwoNumbers,
    /// Two signs, a sign in brackets, a sign and a side.
    #[error("the cell gives the amount's direction twice")]
    SignTwice,
    /// A bracket without the other.
    #[error("the cell's brackets don't match")]
    Brackets,
    /// Separators, but not where the locale has them.
    #[error("the digits are not grouped as {locale} groups them")]
    Grouping {
        /// The declared locale.
        locale: Locale,
    },
    /// More decimals than the currency has.
    #[error("the number has more than the {allowed} decimals of {currency}")]
    TooManyDecimals {
        /// The declared currency.
        currency: Currency,
        /// How many it has.
        allowed: u32,
    },
    /// More digits than a [`Decimal`] holds.
    #[error("the number has too many digits")]
    TooLarge,
    /// The symbol or code of a currency that wasn't declared.
    #[error("the cell names another currency than {declared}")]
    OtherCurrency {
        /// The declared currency.
        declared: Currency,
    },
    /// Something else before, inside or after the number.
    #[error("the cell is not an amount as {locale} writes it")]
    NotAnAmount {
        /// The declared locale.
        locale: Locale,
    },
    /// A debit and a credit in one row.
    #[error("both the debit and the credit cell are filled")]
    BothColumns,
    /// Neither a debit nor a credit.
    #[error("neither the debit nor the credit cell is filled")]
    NeitherColumn,
    /// A debit or credit with a sign, brackets or a side of its own.
    #[error("a debit or credit cell gives a direction of its own")]
    SignInColumn,
}

/// Reads the amount in a cell; money in is positive, and the scale is kept as shown.
pub fn read_amount(cell: &str, locale: &Locale, currency: &Currency) -> Result<Decimal, AmountError> {
    let reading = Reader::read(cell, *locale, currency)?;
    Ok(signed(reading.size, reading.direction.unwrap_or(Direction::In)))
}

/// Reads an amount that is shown as what is owed, as on the statement of a card: without a word
/// for its side, or with a sign, it is positive where money went out. A word such as `CR` says by
/// itself which side it is.
pub fn read_owed_amount(cell: &str, locale: &Locale, currency: &Currency) -> Result<Decimal, AmountError> {
    let reading = Reader::read(cell, *locale, currency)?;
    let direction = match (reading.direction, reading.side) {
        (Some(direction), Side::Said) => direction,
        (Some(Direction::Out), Side::Unsaid) => Direction::In,
        (Some(Direction::In) | None, _) => Direction::Out,
    };
    Ok(signed(reading.size, direction))
}

/// Reads the amount of a row with a debit and a credit column, of which exactly one is filled, with no sign of its own.
pub fn read_debit_credit(
    debit: &str,
    credit: &str,
    locale: &Locale,
    currency: &Currency,
) -> Result<Decimal, AmountError> {
    let (cell, direction) = filled(debit, credit)?;
    let reading = Reader::read(cell, *locale, currency)?;
    match reading.direction {
        None => Ok(signed(reading.size, direction)),
        Some(_) => Err(AmountError::SignInColumn),
    }
}

/// The same where debits have a minus of their own, which says what the column says.
pub fn read_signed_debit_credit(
    debit: &str,
    credit: &str,
    locale: &Locale,
    currency: &Currency,
) -> Result<Decimal, AmountError> {
    let (cell, direction) = filled(debit, credit)?;
    let reading = Reader::read(cell, *locale, currency)?;
    let expected = if direction == Direction::Out { Some(Direction::Out) } else { None };
    if reading.direction == expected { Ok(signed(reading.size, direction)) } else { Err(AmountError::SignInColumn) }
}

/// The one of two cells that is filled, and what its column says.
fn filled<'c>(debit: &'c str, credit: &'c str) -> Result<(&'c str, Direction), AmountError> {
    match (is_blank(debit), is_blank(credit)) {
        (false, true) => Ok((debit, Direction::Out)),
        (true, false) => Ok((credit, Direction::In)),
        (false, false) => Err(AmountError::BothColumns),
        (true, true) => Err(AmountError::NeitherColumn),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    In,
    Out,
}

/// Whether a word says which side an amount is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Said,
    Unsaid,
}

struct Reading {
    size: Decimal,
    direction: Option<Direction>,
    side: Side,
}

#[derive(PartialEq, Eq)]
enum Bracket {
    None,
    Open,
    Closed,
}

/// What is left of a cell, and what was said before.
struct Reader<'a> {
    rest: &'a str,
    locale: Locale,
    currency: &'a Currency,
    direction: Option<Direction>,
    side: Side,
    bracket: Bracket,
    symbol: bool,
    code: bool,
}

impl<'a> Reader<'a> {
    fn read(cell: &'a str, locale: Locale, currency: &'a Currency) -> Result<Reading, AmountError> {
        if is_blank(cell) {
            return Err(AmountError::Empty);
        }
        let (direction, side, bracket) = (None, Side::Unsaid, Bracket::None);
        let mut reader = Self { rest: cell, locale, currency, direction, side, bracket, symbol: false, code: false };
        while reader.leading_mark()? {}
        let size = reader.number()?;
        while reader.trailing_mark()? {}
        match (reader.rest.is_empty(), reader.bracket) {
            (true, Bracket::Open) => Err(AmountError::Brackets),
            (true, _) => Ok(Reading { size, direction: reader.direction, side: reader.side }),
            (false, bracket) => Err(Self { bracket, ..reader }.refusal()),
        }
    }

    fn leading_mark(&mut self) -> Result<bool, AmountError> {
        self.skip_blanks();
        if self.bracket == Bracket::None && self.take("(") {
            self.bracket = Bracket::Open;
            return self.say(Direction::Out);
        }
        self.sign_or_currency()
    }

    fn trailing_mark(&mut self) -> Result<bool, AmountError> {
        self.skip_blanks();
        if self.bracket == Bracket::Open && self.take(")") {
            self.bracket = Bracket::Closed;
            return Ok(true);
        }
        for (side, direction) in self.locale.sides() {
            if self.take(side) {
                self.take(".");
                self.side = Side::Said;
                return self.say(*direction);
            }
        }
        self.sign_or_currency()
    }

    fn sign_or_currency(&mut self) -> Result<bool, AmountError> {
        let mut chars = self.rest.chars();
        let direction = match chars.next() {
            Some('+') => Some(Direction::In),
            Some(char) if self.locale.is_minus(char) => Some(Direction::Out),
            _ => None,
        };
        if let Some(direction) = direction {
            self.rest = chars.as_str();
            return self.say(direction);
        }
        let currency = self.currency;
        if !self.code && currency.mark().is_some_and(|code| self.take(code)) {
            self.code = true;
            return Ok(true);
        }
        if !self.symbol && currency.symbols().any(|symbol| self.take(symbol)) {
            self.symbol = true;
            return Ok(true);
        }
        Ok(false)
    }

    fn say(&mut self, direction: Direction) -> Result<bool, AmountError> {
        match self.direction.replace(direction) {
            None => Ok(true),
            Some(_) => Err(AmountError::SignTwice),
        }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank_char);
    }

    /// Takes a mark, unless it is only the beginning of a longer word.
    fn take(&mut self, mark: &str) -> bool {
        match after_mark(self.rest, mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn number(&mut self) -> Result<Decimal, AmountError> {
        let begins = |numerals: &&Numerals| numerals.begin(self.rest);
        let Some(numerals) = self.locale.numerals().iter().find(begins) else { return Err(self.refusal()) };
        let first = self.rest;
        let mut mantissa: i128 = 0;
        let mut digits = self.digits(numerals, &mut mantissa)?;
        let mut separator = None;
        while let Some(char) = self.before_digit(numerals, numerals.separators) {
            let inner = self.locale.group();
            let fits = match separator {
                // A group that starts with a zero is a decimal fraction in another locale.
                None => (1..=inner).contains(&digits) && !first.starts_with(numerals.zero),
                Some(before) => before == char && digits == inner,
            };
            if !fits {
                return Err(AmountError::Grouping { locale: self.locale });
            }
            separator = Some(char);
            digits = self.digits(numerals, &mut mantissa)?;
        }
        if separator.is_some() && digits != 3 {
            return Err(AmountError::Grouping { locale: self.locale });
        }
        let mut scale = 0;
        if self.before_digit(numerals, &[numerals.decimal]).is_some() {
            scale = self.digits(numerals, &mut mantissa)?;
        }
        let allowed = self.currency.minor_digits();
        match u32::try_from(scale) {
            Ok(scale) if scale <= allowed => {
                Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| AmountError::TooLarge)
            }
            _ => Err(AmountError::TooManyDecimals { currency: self.currency.clone(), allowed }),
        }
    }

    /// Takes digits on to a number; the result is how many.
    fn digits(&mut self, numerals: &Numerals, mantissa: &mut i128) -> Result<usize, AmountError> {
        let mut count = 0;
        let mut chars = self.rest.chars();
        while let Some(digit) = chars.next().and_then(|char| numerals.digit(char)) {
            count += 1;
            let longer = mantissa.checked_mul(10);
            let longer = longer.and_then(|number| number.checked_add(i128::from(digit)));
            *mantissa = longer.ok_or(AmountError::TooLarge)?;
            self.rest = chars.as_str();
        }
        Ok(count)
    }

    /// Takes one of these characters if a digit follows.
    fn before_digit(&mut self, numerals: &Numerals, accepted: &[char]) -> Option<char> {
        let mut chars = self.rest.chars();
        let char = chars.next().filter(|char| accepted.contains(char))?;
        let rest = chars.as_str();
        if !rest.starts_with(|next| numerals.digit(next).is_some()) {
            return None;
        }
        self.rest = rest;
        Some(char)
    }

    /// What is wrong with what is left.
    fn refusal(&self) -> AmountError {
        let code = self.rest.bytes().take_while(u8::is_ascii_uppercase).count() == 3;
        let symbol = SYMBOLS.iter().any(|(symbol, _)| after_mark(self.rest, symbol).is_some());
        let is_digit = |char| self.locale.numerals().iter().any(|numerals| numerals.digit(char).is_some());
        match self.rest.chars().next() {
            None => AmountError::NoNumber,
            Some('(' | ')') => AmountError::Brackets,
            Some(char) if is_digit(char) => AmountError::TwoNumbers,
            Some(_) if code || symbol => AmountError::OtherCurrency { declared: self.currency.clone() },
            Some(_) => AmountError::NotAnAmount { locale: self.locale },
        }
    }
}

fn after_mark<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(mark)?;
    let cut = mark.ends_with(char::is_alphabetic) && rest.starts_with(char::is_alphabetic);
    (!cut).then_some(rest)
}

fn is_blank(cell: &str) -> bool {
    cell.chars().all(is_blank_char)
}

/// White space, and the marks that only say which way text runs.
fn is_blank_char(char: char) -> bool {
    char.is_whitespace() || matches!(char, '\u{200e}' | '\u{200f}' | '\u{61c}')
}

fn signed(size: Decimal, direction: Direction) -> Decimal {
    // A negative zero would be written as `-0`.
    if direction == Direction::Out && !size.is_zero() { -size } else { size }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests;
