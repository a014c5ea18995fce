//! How much memory a file costs: within its bounds, whatever the file says.
//!
//! Not here: what is refused and why (`statement/hostile.rs`).

use domain::calendar::{DateFormat, YearHint};
use domain::money::Locale;
use jiff::civil::date;
use peak_alloc::PeakAlloc;
use statement::{CsvAmounts, CsvColumns, CsvEncoding, Format, How, StatedAccount, read};

/// Counts what is held, and the most that ever was.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;

/// Holds that reading costs at most so much beside the file itself.
#[track_caller]
fn check(name: &str, bytes: &[u8], how: &How, most: usize) {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let outcome = read(bytes, how).map(|statements| statements.len()).map_err(|error| error.to_string());
    let cost = ALLOCATOR.peak_usage().saturating_sub(before);
    assert!(cost <= most, "{name}: {cost} bytes, {outcome:?}");
}

fn columns() -> CsvColumns {
    CsvColumns {
        account: StatedAccount { currency: "USD".into(), ..StatedAccount::default() },
        delimiter: b',',
        encoding: CsvEncoding::Utf8,
        skipped_lines: 0,
        date_format: DateFormat::parse("YYYY-MM-DD").expect("a pattern"),
        year_hint: YearHint::up_to(date(2026, 11, 25)),
        locale: Locale::EnUs,
        date: "Date".into(),
        transaction_date: None,
        amounts: CsvAmounts::Signed("Amount".into()),
        description: vec!["Text".into()],
        running_balance: None,
        bank_reference: None,
        customer_reference: None,
        counterparty_name: None,
    }
}

/// One test, since the allocator counts for the whole process.
#[test]
fn a_hostile_file_costs_no_more_than_its_bounds() {
    let long = "A".repeat(6 * MIB);
    let of = How::format;
    check("a long line of MT940", format!(":20:{long}").as_bytes(), &of(Format::Mt940), MIB);
    check("a long line of BAI2", format!("01,{long}").as_bytes(), &of(Format::Bai2), MIB);
    check("a long value of OFX", format!("<OFX><X>{long}").as_bytes(), &of(Format::Ofx), MIB);
    check("a long name of OFX", format!("<OFX><{long}>").as_bytes(), &of(Format::Ofx), MIB);
    check("a long text of XML", format!("<Document>{long}</Document>").as_bytes(), &of(Format::Camt053), MIB);
    check("a long comment of XML", format!("<!--{long}--><Document/>").as_bytes(), &of(Format::Camt053), MIB);
    let attributes = " a='b'".repeat(MIB / 2);
    check("attributes", format!("<Document><Amt{attributes}/></Document>").as_bytes(), &of(Format::Camt053), MIB);
    check("a long cell", format!("Date,Amount,Text\n\"{long}").as_bytes(), &How::csv(columns()), MIB);
    check("many cells", ",".repeat(6 * MIB).as_bytes(), &How::csv(columns()), MIB);
    check("deep elements", "<Document>".repeat(MIB / 2).as_bytes(), &of(Format::Camt053), MIB);
    check("deep values", format!("<OFX>{}", "<X>".repeat(MIB)).as_bytes(), &of(Format::Ofx), MIB);
    // What is kept is bounded by numbers of statements and rows, at about a kilobyte each.
    let accounts = format!("01,B,C,261005,,1,,,2/\n02,C,B,1,261005,,,2/\n{}", "03,1/\n49,0,2/\n".repeat(MIB / 4));
    check("many accounts", accounts.as_bytes(), &of(Format::Bai2), 16 * MIB);
    let balances = format!("01,B,C,261005,,1,,,2/\n02,C,B,1,261005,,,2/\n03,1,{}", "\n88,045,1,,,".repeat(MIB / 2));
    check("many balances", balances.as_bytes(), &of(Format::Bai2), 16 * MIB);
    let rows = format!(":20:1\n:25:1\n:28C:1\n:60F:C261005EUR0,\n{}", ":61:261005C0,NTRFX\n".repeat(MIB / 4));
    check("many rows", rows.as_bytes(), &of(Format::Mt940), 192 * MIB);
    let messages = ":20:1\n:25:1\n:28C:1\n:60F:C261005EUR0,\n:62F:C261005EUR0,\n".repeat(MIB / 8);
    check("many messages", messages.as_bytes(), &of(Format::Mt940), 16 * MIB);
    let blank = format!("01,B,C,261005,,1,,,2/\n02,C,B,1,261005,,,2/\n{}", "88,/\n".repeat(MIB));
    check("blank continuations", blank.as_bytes(), &of(Format::Bai2), 4 * MIB);
    let again = format!(":20:1\n:25:1\n:28C:1\n:60F:C261005EUR0,\n:61:261005C0,NTRFX\n{}", ":86:A\n".repeat(MIB / 2));
    check("details again and again", again.as_bytes(), &of(Format::Mt940), MIB);
    let details = "<TxDtls><RmtInf><Ustrd>A</Ustrd></RmtInf></TxDtls>".repeat(MIB / 8);
    let batch = format!("<BkToCstmrStmt><Stmt><Ntry><NtryDtls>{details}</NtryDtls></Ntry></Stmt></BkToCstmrStmt>");
    check("a large batch", batch.as_bytes(), &of(Format::Camt053), MIB);
    let words = "<Ustrd>A</Ustrd>".repeat(MIB / 2);
    let batch = format!("<BkToCstmrStmt><Stmt><Ntry><NtryDtls><TxDtls><RmtInf>{words}");
    check("a large remittance", batch.as_bytes(), &of(Format::Camt053), MIB);
}
