//! Currencies: their codes, their decimals, and the marks by which a portal shows them.
//!
//! Not here: exchange, names for people, and every currency there is; one that isn't listed has two decimals and its
//! code.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A currency's code: three to twelve upper-case letters and digits, usually ISO 4217.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency(String);

/// A code that isn't a currency's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three to twelve upper-case letters and digits, such as `USD`")]
pub struct NotACurrency;

impl Currency {
    /// Reads a code such as `USD`.
    pub fn parse(code: &str) -> Result<Self, NotACurrency> {
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        if (3..=12).contains(&code.len()) && code.bytes().all(plain) {
            Ok(Self(code.to_owned()))
        } else {
            Err(NotACurrency)
        }
    }

    /// One whose code stands in our own tables.
    pub(super) fn known(code: &'static str) -> Self {
        Self(code.to_owned())
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How many decimals an amount can have; for a code that isn't of ISO's shape, as many as can be held.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND"
            | "VUV" | "XAF" | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            "BTC" => 8,
            "ETH" => 18,
            code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => 2,
            _ => Decimal::MAX_SCALE,
        }
    }

    /// The currencies that a text shows: those whose codes stand in it as words, or else those that the longest of the
    /// symbols in it can stand for, the commonest first.
    #[must_use]
    pub fn shown_in(text: &str) -> Vec<Self> {
        let known = |code: &str| SYMBOLS.iter().any(|(_, currencies)| currencies.contains(&code));
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        let codes: Vec<Self> = words.filter(|word| known(word)).map(|word| Self(word.to_owned())).collect();
        if !codes.is_empty() {
            return codes;
        }
        // A symbol of letters is one where no other letter stands beside it.
        let is_shown = |symbol: &str| {
            text.match_indices(symbol).any(|(at, found)| {
                let before = text.get(..at).and_then(|before| before.chars().next_back());
                let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
                let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
                !symbol.chars().all(char::is_alphanumeric) || !(is_letter(before) || is_letter(after))
            })
        };
        let shown =
            SYMBOLS.iter().find(|(symbol, _)| text.chars().any(|letter| letter.is_numeric()) && is_shown(symbol));
        shown
            .map(|(_, currencies)| currencies.iter().map(|code| Self((*code).to_owned())).collect())
            .unwrap_or_default()
    }

    /// What else it is shown by, longest first.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &'static str> {
        let known = SYMBOLS.iter().filter(|(_, currencies)| currencies.contains(&self.as_str()));
        known.map(|(symbol, _)| *symbol)
    }

    /// The code, where it can be told from the number beside it.
    pub(super) fn mark(&self) -> Option<&str> {
        let ends = [self.0.bytes().next(), self.0.bytes().last()];
        let letters = ends.into_iter().flatten().all(|byte| byte.is_ascii_uppercase());
        letters.then_some(&self.0)
    }
}

/// Which currencies a symbol can stand for. One that begins another comes after it.
pub(super) const SYMBOLS: &[(&str, &[&str])] = &[
    ("US$", &["USD"]),
    ("CA$", &["CAD"]),
    ("C$", &["CAD"]),
    ("AU$", &["AUD"]),
    ("A$", &["AUD"]),
    ("NZ$", &["NZD"]),
    ("HK$", &["HKD"]),
    ("MX$", &["MXN"]),
    ("R$", &["BRL"]),
    ("S$", &["SGD"]),
    ("$", &["USD", "CAD", "AUD", "NZD", "HKD", "SGD", "MXN", "CLP", "COP", "ARS"]),
    ("€", &["EUR"]),
    ("£", &["GBP"]),
    ("¥", &["JPY", "CNY"]),
    ("\u{ffe5}", &["JPY", "CNY"]),
    ("円", &["JPY"]),
    ("元", &["CNY"]),
    ("₹", &["INR"]),
    ("Rs.", &["INR"]),
    ("Rs", &["INR"]),
    ("₩", &["KRW"]),
    ("SFr.", &["CHF"]),
    ("Fr.", &["CHF"]),
    ("kr.", &["DKK"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("Ft", &["HUF"]),
    ("₺", &["TRY"]),
    ("₪", &["ILS"]),
    ("₫", &["VND"]),
    ("฿", &["THB"]),
    ("₱", &["PHP"]),
    ("₴", &["UAH"]),
    ("₿", &["BTC"]),
    ("ج.م.", &["EGP"]),
    ("R", &["ZAR"]),
];

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl std::str::FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::parse(code)
    }
}

impl TryFrom<String> for Currency {
    type Error = NotACurrency;

    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.0
    }
}
