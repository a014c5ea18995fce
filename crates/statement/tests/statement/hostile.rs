//! Files that mean ill, or are broken.
//!
//! Not here: archives (`archive.rs`) and memory (`memory.rs`).

use statement::{Bounds, Format, How, Refusal, read};

use crate::csv::plain;
use crate::{check_changed, check_refused, refused};

const CAMT: &str = include_str!("../samples/day.camt.xml");
const BAI: &str = include_str!("../samples/day.bai");
const MT940: &str = include_str!("../samples/month.mt940");
const OFX: &str = include_str!("../samples/card.ofx");
const OFX_2: &str = include_str!("../samples/two.ofx");

#[test]
fn document_types_are_refused_with_all_that_they_could_declare() {
    let laughs = "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">]>\n<Document";
    check_changed(
        CAMT,
        "<Document",
        laughs,
        "line @: the file declares a document type or entities, which is never read",
    );
    let outside = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Document";
    check_changed(
        CAMT,
        "<Document",
        outside,
        "line @: the file declares a document type or entities, which is never read",
    );
    check_changed(
        CAMT,
        "SAMMLER",
        "&lol;",
        "statement 1, line @: the file refers to an entity that is not one of XML's own",
    );
    check_changed(
        OFX_2,
        "<OFX>",
        "<!DOCTYPE OFX [<!ENTITY a \"b\">]><OFX>",
        "line @: the file declares a document type or entities, which is never read",
    );
}

#[test]
fn files_that_end_early_are_refused_wherever_they_end() {
    for (sample, format) in
        [(CAMT, Format::Camt053), (BAI, Format::Bai2), (MT940, Format::Mt940), (OFX, Format::Ofx), (OFX_2, Format::Ofx)]
    {
        let whole = sample.trim_end().len();
        for end in (1..whole).filter(|end| sample.is_char_boundary(*end)) {
            let read = read(&sample.as_bytes()[..end], &How::format(format));
            // The last mark of a record or a message says nothing that isn't there without it.
            let says_all = matches!(format, Format::Bai2 | Format::Mt940) && whole - end <= 60;
            assert!(read.is_err() || says_all, "{format} to {end}");
        }
    }
}

#[test]
fn nul_characters_are_refused() {
    check_changed(BAI, "ANALYSIS", "ANA\0LYSIS", "line @: the file holds a NUL character");
    check_changed(MT940, "SAMMLER", "SAM\0MLER", "line @: the file holds a NUL character");
    check_changed(
        CAMT,
        "SAMMLER",
        "&#0;",
        "statement 1, line @: the file refers to an entity that is not one of XML's own",
    );
    check_changed(OFX, "INVOICE", "INV\0OICE", "line @: the file holds a NUL character");
}

#[test]
fn text_that_is_not_in_its_declared_encoding_is_refused() {
    let broken: Vec<u8> = CAMT.bytes().map(|byte| if byte == 0xc3 { 0xff } else { byte }).collect();
    check_refused(&broken, "the bytes are not UTF-8");
    check_changed(CAMT, "UTF-8", "EBCDIC", "the file declares an encoding that is not read");
}

#[test]
fn utf_16_is_read_with_its_mark() {
    let expected = crate::read_all(CAMT.as_bytes());
    let text = CAMT.replace("UTF-8", "UTF-16");
    let low: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let high: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    assert_eq!(crate::read_all(&low), expected);
    assert_eq!(crate::read_all(&high), expected);
}

#[test]
fn elements_within_each_other_are_bounded() {
    let deep = ["<Document>".repeat(100_000), "</Document>".repeat(100_000)].concat();
    check_refused(deep.as_bytes(), "line 1: the file passes the bound of 64 elements within each other");
    let deep = ["OFXHEADER:100\n\n<OFX>", &"<X>".repeat(100_000)].concat();
    check_refused(deep.as_bytes(), "line 3: the file passes the bound of 64 elements within each other");
}

#[test]
fn elements_have_to_begin_and_end() {
    check_changed(
        CAMT,
        "</Stmt>",
        "",
        "statement 1, line 80: this is not camt.053: an element ends that hasn't begun, or before one that it holds",
    );
    check_changed(CAMT, "</Document>", "", "the file ends before the end of its elements");
    check_changed(
        CAMT,
        "</Document>",
        "</Document><Document/>",
        "line @: this is not camt.053: the document has more than one root",
    );
    check_changed(OFX, "</BANKTRANLIST>", "", "line 28: this is not ofx: an element ends before one that it holds");
    check_changed(OFX, "</OFX>", "", "line 35: the file ends before the end of OFX");
    check_changed(OFX, "</OFX>", "</OFX></OFX>", "line @: this is not ofx: an element ends that hasn't begun");
    check_changed(OFX, "</OFX>", "</OFX><OFX></OFX>", "line @: this is not ofx: an element stands outside of OFX");
}

#[test]
fn lines_and_texts_are_bounded() {
    let long = "A".repeat(70_000);
    check_changed(BAI, "CHECK PAID", &long, "line @: the file passes the bound of 65536 bytes in a line");
    check_changed(MT940, "FREE TEXT", &long, "statement 1, line @: the file passes the bound of 65536 bytes in a line");
    check_changed(OFX, "INVOICE", &long, "line @: the file passes the bound of 65536 bytes in a text");
    check_changed(CAMT, "SAMMLER", &long, "statement 1, line @: the file passes the bound of 65536 bytes in a text");
    let many = ":86:A\n".to_owned() + &"A\n".repeat(40_000);
    check_changed(
        MT940,
        ":86:FREE TEXT\n",
        &many,
        "statement 1, line 32790: the file passes the bound of 65536 bytes in a text",
    );
    let csv = format!("Date,Amount,Text\n2026-10-02,1,{long}\n");
    let error = read(csv.as_bytes(), &How::csv(plain("USD"))).expect_err("it is too long");
    assert_eq!(error.to_string(), "line 2: the file passes the bound of 65536 bytes in a line");
    let cells = format!("Date,Amount,Text{}\n", ",x".repeat(300));
    let error = read(cells.as_bytes(), &How::csv(plain("USD"))).expect_err("it is too wide");
    assert_eq!(error.to_string(), "line 1: the file passes the bound of 256 cells in a row");
}

#[test]
fn rows_statements_and_bytes_are_bounded() {
    let bound = |bounds: Bounds, expected: &str| {
        for sample in [CAMT, BAI, MT940, OFX] {
            let error = read(sample.as_bytes(), &How::detect().with_bounds(bounds)).expect_err(expected);
            assert!(error.to_string().ends_with(expected), "{error}");
        }
    };
    bound(Bounds { rows: 2, ..Bounds::default() }, "the file passes the bound of 2 transactions and balances");
    bound(Bounds { statements: 0, ..Bounds::default() }, "the file passes the bound of 0 statements");
    bound(Bounds { bytes: 100, ..Bounds::default() }, "the file passes the bound of 100 bytes");
}

#[test]
fn numbers_of_forty_digits_are_refused() {
    let long = "1234567890".repeat(4);
    check_changed(
        CAMT,
        "<Amt Ccy=\"EUR\">11.60<",
        &format!("<Amt Ccy=\"EUR\">{long}<"),
        "statement 1, line @: the entry's Amt has more digits than can be held",
    );
    check_changed(
        BAI,
        "130000,V",
        &format!("{long},V"),
        "statement 1, line @: the row's amount has more digits than can be held",
    );
    check_changed(OFX, "-1300,00", &format!("-{long}"), "line 23: TRNAMT has more digits than can be held");
}

#[test]
fn sums_that_cannot_be_held_are_refused() {
    let large = "9".repeat(28);
    let bai = BAI.replace("130000,V", &format!("{large},V")).replace("5000,S", &format!("{large},S"));
    assert!(matches!(refused(bai.as_bytes()).refusal, Refusal::TooManyDigits { .. } | Refusal::Control { .. }));
}

#[test]
fn a_refusal_never_repeats_what_stands_there() {
    let secret = "SECRET-4711";
    for (sample, place) in [
        (CAMT, "1300.00"),
        (CAMT, "DBIT"),
        (CAMT, "<Dt>2026-10-05"),
        (CAMT, "BOOK"),
        (CAMT, "Ccy=\"EUR\""),
        (CAMT, "<Stmt>"),
        (BAI, "130000"),
        (BAI, "261005"),
        (BAI, "16,475"),
        (BAI, "JPY"),
        (MT940, "1300,00N166"),
        (MT940, ":60F:C"),
        (MT940, ":62F:C261005EUR"),
        (OFX, "-1300,00"),
        (OFX, "20261005"),
        (OFX, "USD"),
        (OFX, "</STMTTRN>"),
    ] {
        let error = refused(sample.replacen(place, secret, 1).as_bytes());
        let said = format!("{error} {error:?} {}", error.hint());
        assert!(!said.contains("4711"), "{said}");
    }
    let csv = format!("Date,Amount,Text\n{secret},1,a\n");
    let error = read(csv.as_bytes(), &How::csv(plain("USD"))).expect_err("it is no date");
    assert!(!format!("{error} {error:?}").contains(secret));
}

#[test]
fn what_is_no_statement_is_not_guessed_at() {
    let unknown = "the file begins like no statement that can be told by its beginning";
    check_refused(b"", "the file is empty");
    check_refused(b"Date,Amount\n2026-10-02,1\n", unknown);
    check_refused(b"<html><body>Sign in</body></html>", unknown);
    check_refused(b"%PDF-1.7", unknown);
    assert_eq!(read(b"x", &How::format(Format::Csv)).expect_err("nothing is declared").refusal, Refusal::NoColumns);
}
