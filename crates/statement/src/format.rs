//! The formats of statement files, and how a file's beginning tells them apart.
//!
//! Not here: CSV's recognition. Its beginning says nothing, so it has to be declared.

use std::fmt;

use domain::word::{UnknownWord, Word};

/// The format of a statement file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Format {
    /// ISO 20022's bank to customer statement, in XML.
    Camt053,
    /// The Bank Administration Institute's cash management balance reporting, version 2.
    Bai2,
    /// SWIFT's customer statement message.
    Mt940,
    /// Open Financial Exchange, 1 in SGML and 2 in XML; QFX is the same.
    Ofx,
    /// Rows with declared columns.
    Csv,
}

impl Format {
    /// Every format, the most trusted first.
    pub const ALL: &'static [Self] = &[Self::Camt053, Self::Bai2, Self::Mt940, Self::Ofx, Self::Csv];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Camt053 => "camt.053",
            Self::Bai2 => "bai2",
            Self::Mt940 => "mt940",
            Self::Ofx => "ofx",
            Self::Csv => "csv",
        }
    }
}

impl Word for Format {
    const NAME: &'static str = "Format";
    const ALL: &'static [Self] = Self::ALL;

    fn as_str(self) -> &'static str {
        Self::as_str(self)
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::Camt053 => "ISO 20022's bank to customer statement, in XML.",
            Self::Bai2 => "The Bank Administration Institute's cash management balance reporting, version 2.",
            Self::Mt940 => "SWIFT's customer statement message.",
            Self::Ofx => "Open Financial Exchange, 1 in SGML and 2 in XML; QFX is the same.",
            Self::Csv => "Rows with declared columns.",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for Format {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = &["camt.053", "bai2", "mt940", "ofx", "csv"];
        let found = Self::ALL.iter().copied().find(|format| format.as_str() == word);
        found.ok_or_else(|| UnknownWord { word: word.chars().take(64).collect(), known })
    }
}

/// How much of a file is looked at.
const BEGINNING: usize = 4096;

/// Tells the format by the file's beginning; nothing is promised of the rest. CSV is never told.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<Format> {
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
    // Both UTF-16s have a zero in every second byte of what is looked for.
    let plain: Vec<u8> = match beginning {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] => rest.iter().copied().filter(|byte| *byte != 0).collect(),
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        all => all.to_vec(),
    };
    let text = plain.trim_ascii_start();
    let has = |needle: &[u8]| text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    if text.starts_with(b"01,") {
        Some(Format::Bai2)
    } else if text.starts_with(b"{1:") || text.starts_with(b":20:") || has(b"\n:20:") {
        Some(Format::Mt940)
    } else if starts(text, b"OFXHEADER") || (text.starts_with(b"<") && (has(b"<OFX>") || has(b"<?OFX"))) {
        Some(Format::Ofx)
    } else if text.starts_with(b"<") {
        let is_camt = has(b"camt.05") || has(b"BkToCstmr") || has(b"Document");
        is_camt.then_some(Format::Camt053)
    } else {
        None
    }
}

fn starts(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

#[cfg(test)]
mod tests {
    use super::{Format, detect};

    #[track_caller]
    fn check(beginning: &str, expected: Option<Format>) {
        assert_eq!(detect(beginning.as_bytes()), expected, "{beginning:?}");
    }

    #[test]
    fn a_file_is_told_by_its_beginning() {
        check("01,021000021,CUST,261003,0500,1,,,2/\n", Some(Format::Bai2));
        check(":20:REF\r\n:25:DE89370400440532013000\r\n", Some(Format::Mt940));
        check("{1:F01BANKDEFFAXXX0000000000}{2:O940}{4:\r\n:20:REF", Some(Format::Mt940));
        check("ABNANL2A\r\n940\r\nABNANL2A\r\n:20:REF\r\n", Some(Format::Mt940));
        check("OFXHEADER:100\r\nDATA:OFXSGML\r\n", Some(Format::Ofx));
        check("<?xml version=\"1.0\"?>\n<?OFX OFXHEADER=\"200\"?><OFX>", Some(Format::Ofx));
        check(
            "\u{feff}<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\">",
            Some(Format::Camt053),
        );
        check("Date;Amount;Text\n", None);
        check("<html><body>Please sign in</body></html>", None);
        check("", None);
    }

    #[test]
    fn words_of_formats_are_read_back() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(*format));
        }
    }
}
