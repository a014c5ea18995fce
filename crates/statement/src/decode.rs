//! Bytes become text, in the encoding that the file or its declaration says, or not at all.
//!
//! UTF-8 is borrowed; any other encoding costs one copy of the text, at most three times the bytes.
//!
//! Not here: what the text says.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use crate::how::CsvEncoding;
use crate::refusal::{Refusal, StatementError};

/// How much of a file can say its encoding.
const BEGINNING: usize = 1024;

/// XML: a byte order mark, then the declaration, then UTF-8.
pub(crate) fn xml(bytes: &[u8]) -> Result<Cow<'_, str>, StatementError> {
    let declared = match bytes {
        // Not even a mark is needed where the declaration begins in two bytes a character.
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        _ => match declared_in_xml(bytes) {
            // What can be read to be UTF-16 isn't.
            Some(label) => Encoding::for_label(label)
                .map(|encoding| if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
                .ok_or(Refusal::UnknownEncoding)?,
            None => UTF_8,
        },
    };
    strict(bytes, declared)
}

/// Lines of SWIFT and BAI: UTF-8 where that is what it is, else Windows-1252.
pub(crate) fn lines(bytes: &[u8]) -> Result<Cow<'_, str>, StatementError> {
    let declared = if std::str::from_utf8(bytes).is_ok() { UTF_8 } else { WINDOWS_1252 };
    strict(bytes, declared)
}

/// OFX: as its header says, in SGML or XML.
pub(crate) fn ofx(bytes: &[u8]) -> Result<Cow<'_, str>, StatementError> {
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
    let body = beginning.iter().position(|byte| *byte == b'<').unwrap_or(beginning.len());
    let header = beginning.get(..body).unwrap_or_default();
    if header.trim_ascii().len() < 9 {
        return xml(bytes);
    }
    let (encoding, charset) = (header_value(header, b"ENCODING"), header_value(header, b"CHARSET"));
    let is = |said: Option<&[u8]>, word: &str| said.is_some_and(|said| said.eq_ignore_ascii_case(word.as_bytes()));
    let declared = if is(encoding, "UTF-8") || is(encoding, "UNICODE") || is(charset, "UTF-8") {
        UTF_8
    } else {
        match charset.map(|charset| charset.to_ascii_uppercase()).as_deref() {
            None | Some(b"" | b"NONE") => return lines(bytes),
            Some(b"1252" | b"CP1252" | b"ISO-8859-1" | b"8859-1" | b"WINDOWS-1252") => {
                // Files that say 1252 and are UTF-8 are common, and the other way round is nearly impossible.
                return lines(bytes);
            }
            Some(label) if label.iter().all(u8::is_ascii_digit) => {
                let named = [b"windows-", label].concat();
                Encoding::for_label(&named).ok_or(Refusal::UnknownEncoding)?
            }
            Some(label) => Encoding::for_label(label).ok_or(Refusal::UnknownEncoding)?,
        }
    };
    strict(bytes, declared)
}

/// CSV: a byte order mark, then what is declared.
pub(crate) fn csv(bytes: &[u8], declared: CsvEncoding) -> Result<Cow<'_, str>, StatementError> {
    strict(
        bytes,
        match declared {
            CsvEncoding::Utf8 => UTF_8,
            CsvEncoding::Windows1252 => WINDOWS_1252,
            CsvEncoding::Utf16Le => UTF_16LE,
        },
    )
}

fn strict<'a>(bytes: &'a [u8], declared: &'static Encoding) -> Result<Cow<'a, str>, StatementError> {
    let (encoding, mark) = Encoding::for_bom(bytes).unwrap_or((declared, 0));
    let bytes = bytes.get(mark..).unwrap_or_default();
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let text = text.ok_or(Refusal::Encoding { encoding: encoding.name() })?;
    match text.bytes().position(|byte| byte == 0) {
        Some(at) => Err(Refusal::Nul.at(line_of(&text, at))),
        None => Ok(text),
    }
}

/// The number of the line that a byte stands in.
pub(crate) fn line_of(text: &str, at: usize) -> u64 {
    let before = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    let ends = before.iter().filter(|byte| **byte == b'\n').count();
    u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1)
}

fn declared_in_xml(bytes: &[u8]) -> Option<&[u8]> {
    let beginning = bytes.get(..BEGINNING).unwrap_or(bytes);
    let beginning = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(beginning).trim_ascii_start();
    let declaration = beginning.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).position(|window| window == b"?>")?;
    let declaration = declaration.get(..end)?;
    let at = declaration.windows(8).position(|window| window == b"encoding")?;
    let value = declaration.get(at + 8..)?.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    value.get(..end)
}

/// The value of a line `NAME:value` in the header of OFX 1, which may stand in one line with others.
fn header_value<'a>(header: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = header.windows(name.len() + 1).position(|window| {
        let (start, end) = window.split_at(name.len());
        start.eq_ignore_ascii_case(name) && end == b":"
    })?;
    let value = header.get(at + name.len() + 1..)?;
    let end = value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len());
    let value = value.get(..end)?;
    // Some banks write the header without anything between its entries.
    let next = [b"CHARSET:".as_slice(), b"COMPRESSION:"].into_iter();
    let starts = next.filter_map(|next| value.windows(next.len()).position(|window| window == next));
    value.get(..starts.min().unwrap_or(value.len()))
}

#[cfg(test)]
mod tests {
    use super::{csv, lines, ofx, xml};
    use crate::how::CsvEncoding;
    use crate::refusal::Refusal;

    #[track_caller]
    fn check(text: Result<std::borrow::Cow<'_, str>, crate::StatementError>, expected: Result<&str, Refusal>) {
        assert_eq!(text.map_err(|error| error.refusal).as_deref(), expected.as_deref());
    }

    #[test]
    fn xml_is_read_as_it_declares() {
        check(xml(b"<a>\xc3\xbc</a>"), Ok("<a>ü</a>"));
        check(
            xml(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>"),
            Ok("<?xml version='1.0' encoding='ISO-8859-1'?><a>ü</a>"),
        );
        check(xml(b"\xff\xfe<\0a\0/\0>\0"), Ok("<a/>"));
        check(xml(b"\xfe\xff\0<\0a\0/\0>"), Ok("<a/>"));
        check(xml(b"<?xml version='1.0' encoding='UTF-8'?><a>\xfc</a>"), Err(Refusal::Encoding { encoding: "UTF-8" }));
        check(xml(b"<?xml version='1.0' encoding='EBCDIC-0'?><a/>"), Err(Refusal::UnknownEncoding));
        check(xml(b"<a>\0</a>"), Err(Refusal::Nul));
    }

    #[test]
    fn lines_are_utf_8_or_windows_1252() {
        check(lines(b":86:M\xc3\xbcller"), Ok(":86:Müller"));
        check(lines(b":86:M\xfcller"), Ok(":86:Müller"));
    }

    #[test]
    fn ofx_is_read_as_its_header_says() {
        let header = "OFXHEADER:100\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\r\n<OFX>";
        let bytes = [header.as_bytes(), b"\xa3"].concat();
        check(ofx(&bytes), Ok(&format!("{header}£")));
        let header = "OFXHEADER:100DATA:OFXSGMLENCODING:USASCIICHARSET:1252COMPRESSION:NONE\r\n\r\n<OFX>";
        let bytes = [header.as_bytes(), b"\xa3"].concat();
        check(ofx(&bytes), Ok(&format!("{header}£")));
        let header = "OFXHEADER:100\r\nENCODING:UTF-8\r\nCHARSET:NONE\r\n\r\n<OFX>";
        let bytes = [header.as_bytes(), b"\xa3"].concat();
        check(ofx(&bytes), Err(Refusal::Encoding { encoding: "UTF-8" }));
    }

    #[test]
    fn csv_is_read_as_declared_unless_a_mark_says_otherwise() {
        check(csv(b"a;\x80", CsvEncoding::Windows1252), Ok("a;€"));
        check(csv(b"a;\x80", CsvEncoding::Utf8), Err(Refusal::Encoding { encoding: "UTF-8" }));
        check(csv(b"\xef\xbb\xbfa;\xe2\x82\xac", CsvEncoding::Windows1252), Ok("a;€"));
        check(csv(b"a\0;\0", CsvEncoding::Utf16Le), Ok("a;"));
    }
}
