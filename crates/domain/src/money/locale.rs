//! How numbers are written where: digits, separators, groups, signs and sides.
//!
//! Only what banks there show without exception that we know of. A portal that writes its
//! numbers as another place does declares that place's locale.
//!
//! Not here: reading a cell, currencies and dates.

use super::{Currency, Direction};
use crate::word::{UnknownWord, words};

words! {
    /// How a portal writes its numbers, as its script declares.
    pub enum Locale {
        /// `1,234,567.89`
        EnUs = "en-US",
        /// `1,234,567.89`
        EnGb = "en-GB",
        /// `1,234,567.89`
        EnCa = "en-CA",
        /// `1,234,567.89`
        EnAu = "en-AU",
        /// `12,34,567.89`
        EnIn = "en-IN",
        /// `1.234.567,89`
        DeDe = "de-DE",
        /// `1'234'567.89`, also with `’`
        DeCh = "de-CH",
        /// `1 234 567,89`, with a plain, thin or no-break space
        FrFr = "fr-FR",
        /// `1 234 567,89`, with a plain, thin or no-break space
        FrCa = "fr-CA",
        /// `1'234'567.89` or `1 234 567.89`
        FrCh = "fr-CH",
        /// `1.234.567,89`
        EsEs = "es-ES",
        /// `1,234,567.89`
        EsMx = "es-MX",
        /// `1.234.567,89`
        ItIt = "it-IT",
        /// `1.234.567,89`
        NlNl = "nl-NL",
        /// `1.234.567,89`
        PtBr = "pt-BR",
        /// `1.234.567,89`
        DaDk = "da-DK",
        /// `1 234 567,89`, with a plain, thin or no-break space
        SvSe = "sv-SE",
        /// `1 234 567,89`, with a plain, thin or no-break space
        NbNo = "nb-NO",
        /// `1 234 567,89`, with a plain, thin or no-break space
        FiFi = "fi-FI",
        /// `1 234 567,89`, with a plain, thin or no-break space
        PlPl = "pl-PL",
        /// `1 234 567,89`, with a plain, thin or no-break space
        CsCz = "cs-CZ",
        /// `1,234,567`, a minus also as `▲` or `△`; also in full-width digits
        JaJp = "ja-JP",
        /// `1,234,567.89`
        ZhCn = "zh-CN",
        /// `١٬٢٣٤٬٥٦٧٫٨٩`, also in the digits of the others with `,` and `.`
        ArEg = "ar-EG",
    }
}

/// A kind of digits, and what stands between them.
pub(super) struct Numerals {
    /// The digits are this one and the nine behind it.
    pub(super) zero: char,
    /// What stands before the decimals.
    pub(super) decimal: char,
    /// What may stand between groups; one and the same in one number.
    pub(super) separators: &'static [char],
}

const POINT: Numerals = Numerals { zero: '0', decimal: '.', separators: &[','] };
const COMMA: Numerals = Numerals { zero: '0', decimal: ',', separators: &['.'] };
const SPACES: Numerals = Numerals { zero: '0', decimal: ',', separators: &['\u{a0}', '\u{202f}', '\u{2009}', ' '] };
const SWISS: Numerals = Numerals { zero: '0', decimal: '.', separators: &['\'', '\u{2019}'] };
const ROMAND: Numerals =
    Numerals { zero: '0', decimal: '.', separators: &['\'', '\u{2019}', '\u{a0}', '\u{202f}', '\u{2009}', ' '] };
const FULL_WIDTH: Numerals = Numerals { zero: '\u{ff10}', decimal: '\u{ff0e}', separators: &['\u{ff0c}'] };
const ARABIC: Numerals = Numerals { zero: '\u{660}', decimal: '\u{66b}', separators: &['\u{66c}'] };

impl Numerals {
    /// What the digit stands for, if it is one.
    pub(super) fn digit(&self, char: char) -> Option<u32> {
        u32::from(char).checked_sub(u32::from(self.zero)).filter(|digit| *digit < 10)
    }

    /// Whether a number of these digits begins the text.
    pub(super) fn begin(&self, text: &str) -> bool {
        text.strip_prefix(self.decimal).unwrap_or(text).starts_with(|char| self.digit(char).is_some())
    }
}

impl Locale {
    /// Reads a tag such as `en-US`.
    pub fn parse(tag: &str) -> Result<Self, UnknownWord> {
        tag.parse()
    }

    /// What is paid with there.
    #[must_use]
    pub fn currency(self) -> Currency {
        Currency::known(match self {
            Self::EnUs => "USD",
            Self::EnGb => "GBP",
            Self::EnCa | Self::FrCa => "CAD",
            Self::EnAu => "AUD",
            Self::EnIn => "INR",
            Self::DeDe | Self::FrFr | Self::EsEs | Self::ItIt | Self::NlNl | Self::FiFi => "EUR",
            Self::DeCh | Self::FrCh => "CHF",
            Self::EsMx => "MXN",
            Self::PtBr => "BRL",
            Self::DaDk => "DKK",
            Self::SvSe => "SEK",
            Self::NbNo => "NOK",
            Self::PlPl => "PLN",
            Self::CsCz => "CZK",
            Self::JaJp => "JPY",
            Self::ZhCn => "CNY",
            Self::ArEg => "EGP",
        })
    }

    /// The kinds of digits that numbers are written in.
    pub(super) const fn numerals(self) -> &'static [Numerals] {
        match self {
            Self::EnUs | Self::EnGb | Self::EnCa | Self::EnAu | Self::EnIn | Self::EsMx | Self::ZhCn => &[POINT],
            Self::DeDe | Self::EsEs | Self::ItIt | Self::NlNl | Self::PtBr | Self::DaDk => &[COMMA],
            Self::FrFr | Self::FrCa | Self::SvSe | Self::NbNo | Self::FiFi | Self::PlPl | Self::CsCz => &[SPACES],
            Self::DeCh => &[SWISS],
            Self::FrCh => &[ROMAND],
            Self::JaJp => &[POINT, FULL_WIDTH],
            Self::ArEg => &[ARABIC, POINT],
        }
    }

    /// How many digits a group has that is not the last.
    pub(super) const fn group(self) -> usize {
        match self {
            Self::EnIn => 2,
            _ => 3,
        }
    }

    pub(super) fn is_minus(self, char: char) -> bool {
        // Hyphens, the en dash, the minus sign, and the full-width one. An em dash stands for "nothing".
        matches!(char, '-' | '\u{2010}' | '\u{2011}' | '\u{2013}' | '\u{2212}' | '\u{ff0d}')
            || (self == Self::JaJp && matches!(char, '\u{25b2}' | '\u{25b3}'))
    }

    /// The words after a number that say its direction.
    pub(super) const fn sides(self) -> &'static [(&'static str, Direction)] {
        const ALL: &[(&str, Direction)] = &[
            ("DR", Direction::Out),
            ("Dr", Direction::Out),
            ("dr", Direction::Out),
            ("CR", Direction::In),
            ("Cr", Direction::In),
            ("cr", Direction::In),
            ("S", Direction::Out),
            ("H", Direction::In),
        ];
        match self {
            Self::DeDe | Self::DeCh => ALL,
            _ => ALL.split_at(6).0,
        }
    }
}
