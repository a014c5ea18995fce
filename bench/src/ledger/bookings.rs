//! Made-up bookings, and files and a page that show them. The bookings are the truth that
//! every reader is held against.
//!
//! Not here: how banks bend the formats; each is written as plainly as it allows, so that
//! nobody's reader stumbles.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

/// One booking.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) day: Date,
    pub(crate) cents: i64,
    pub(crate) reference: String,
    pub(crate) words: String,
}

/// What a reader says of one booking: day, amount, reference, words, and where a page shows
/// it the balance after it.
pub(crate) type Texts = Vec<String>;

/// The day of the statement.
pub(crate) const DAY: Date = date(2026, 11, 20);

/// What was on the account before the first of them.
const OPENING: i64 = 100_000_000;

const IBAN: &str = "DE89370400440532013000";

const PAYEES: [&str; 8] = [
    "ACME SUPPLIES",
    "NORTH WIND POWER",
    "CITY WATER",
    "PAYROLL",
    "OFFICE RENT",
    "BEAN COFFEE",
    "CARD FEE",
    "TAX OFFICE",
];

/// `count` bookings of a seed, oldest first; so many share a day that a thousand are a month.
pub(crate) fn bookings(count: usize, seed: u64) -> Vec<Booking> {
    let mut state = seed;
    let mut below = |bound: u64| {
        // Splitmix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound).unwrap_or_default()
    };
    let booking = |number: usize| {
        let days_ago = i64::try_from((count - 1 - number) / 33).unwrap_or_default();
        let size = i64::try_from(below(500_000) + 1).unwrap_or(1);
        Booking {
            day: DAY.saturating_sub(days_ago.days()),
            cents: if below(3) == 0 { size } else { -size },
            reference: format!("REF{number:07}"),
            words: format!("{} INVOICE {:05}", PAYEES[below(8)], below(100_000)),
        }
    };
    (0..count).map(booking).collect()
}

/// Cents as a signed decimal.
pub(crate) fn decimal(cents: i64) -> String {
    format!("{}{}", if cents < 0 { "-" } else { "" }, size(cents))
}

fn size(cents: i64) -> String {
    let cents = cents.unsigned_abs();
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn total(bookings: &[Booking]) -> i64 {
    bookings.iter().map(|booking| booking.cents).sum()
}

/// What a reader of a file has to say.
pub(crate) fn truth(bookings: &[Booking]) -> Vec<Texts> {
    let texts = |one: &Booking| vec![one.day.to_string(), decimal(one.cents), one.reference.clone(), one.words.clone()];
    bookings.iter().map(texts).collect()
}

/// Each booking with the balance after it, newest first, as pages list them.
pub(crate) fn with_balances(bookings: &[Booking]) -> Vec<(&Booking, i64)> {
    let balances = bookings.iter().scan(OPENING, |balance, booking| {
        *balance += booking.cents;
        Some((booking, *balance))
    });
    let mut rows: Vec<_> = balances.collect();
    rows.reverse();
    rows
}

/// A page as the simulated portal Harbour has it, with all of them on it. Only the dollar
/// sign is left out: woob reads `-$1.00` as +1.00, and isn't held to that here.
pub(crate) fn page(bookings: &[Booking]) -> String {
    let number = |cents: i64| format!("{}{}", if cents < 0 { "-" } else { "" }, grouped(&size(cents)));
    let row = |(booking, balance): (&Booking, i64)| {
        format!(
            "<tr><td class=\"digits\">{}</td><td class=\"description\">{}</td><td>ACH</td>\
             <td class=\"reference\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
            booking.day.strftime("%m/%d/%Y"),
            booking.words,
            booking.reference,
            number(booking.cents),
            number(balance)
        )
    };
    let rows: String = with_balances(bookings).into_iter().map(row).collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Account</title></head><body><main>\
         <section id=\"account-details\"><h1>Operating account</h1></section>\
         <section id=\"transactions\"><p id=\"row-range\">Showing 1–{count} of {count}</p>\
         <table id=\"transactions-table\"><thead><tr><th>Date</th><th>Description</th><th>Type</th><th>Reference</th>\
         <th>Amount</th><th>Balance</th></tr></thead><tbody>\n{rows}</tbody></table>\
         <button id=\"next-page\" disabled>Next</button></section></main></body></html>\n",
        count = bookings.len()
    )
}

/// With a comma between thousands.
fn grouped(size: &str) -> String {
    let (whole, cents) = size.split_once('.').unwrap_or((size, "00"));
    let digits = whole.char_indices().map(|(at, digit)| match (whole.len() - at) % 3 {
        0 if at > 0 => format!(",{digit}"),
        _ => digit.to_string(),
    });
    format!("{}.{cents}", digits.collect::<String>())
}

/// OFX 1, without closing tags of values.
pub(crate) fn ofx(bookings: &[Booking]) -> String {
    let compact = |day: Date| day.strftime("%Y%m%d120000").to_string();
    let row = |one: &Booking| {
        format!(
            "<STMTTRN>\n<TRNTYPE>{}\n<DTPOSTED>{}\n<TRNAMT>{}\n<FITID>{}\n<MEMO>{}\n</STMTTRN>\n",
            if one.cents < 0 { "DEBIT" } else { "CREDIT" },
            compact(one.day),
            decimal(one.cents),
            one.reference,
            one.words
        )
    };
    let rows: String = bookings.iter().map(row).collect();
    let (first, last) = (compact(first_day(bookings)), compact(DAY));
    let closing = decimal(OPENING + total(bookings));
    format!(
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\nCOMPRESSION:NONE\n\
         OLDFILEUID:NONE\nNEWFILEUID:NONE\n\n<OFX>\n<SIGNONMSGSRSV1>\n<SONRS>\n<STATUS>\n<CODE>0\n<SEVERITY>INFO\n\
         </STATUS>\n<DTSERVER>{last}\n<LANGUAGE>ENG\n</SONRS>\n</SIGNONMSGSRSV1>\n<BANKMSGSRSV1>\n<STMTTRNRS>\n\
         <TRNUID>1\n<STATUS>\n<CODE>0\n<SEVERITY>INFO\n</STATUS>\n<STMTRS>\n<CURDEF>USD\n<BANKACCTFROM>\n\
         <BANKID>021000021\n<ACCTID>0123456789\n<ACCTTYPE>CHECKING\n</BANKACCTFROM>\n<BANKTRANLIST>\n\
         <DTSTART>{first}\n<DTEND>{last}\n{rows}</BANKTRANLIST>\n<LEDGERBAL>\n<BALAMT>{closing}\n<DTASOF>{last}\n\
         </LEDGERBAL>\n</STMTRS>\n</STMTTRNRS>\n</BANKMSGSRSV1>\n</OFX>\n"
    )
}

fn first_day(bookings: &[Booking]) -> Date {
    bookings.first().map_or(DAY, |booking| booking.day)
}

/// MT940, one message.
pub(crate) fn mt940(bookings: &[Booking]) -> String {
    let mark = |cents: i64| if cents < 0 { "D" } else { "C" };
    let comma = |cents: i64| size(cents).replace('.', ",");
    let balance = |day: Date, cents: i64| format!("{}{}EUR{}", mark(cents), day.strftime("%y%m%d"), comma(cents));
    let row = |one: &Booking| {
        format!(
            ":61:{}{}{}{}NTRFNONREF//{}\r\n:86:{}\r\n",
            one.day.strftime("%y%m%d"),
            one.day.strftime("%m%d"),
            mark(one.cents),
            comma(one.cents),
            one.reference,
            one.words
        )
    };
    let rows: String = bookings.iter().map(row).collect();
    format!(
        ":20:STATEMENT\r\n:25:{IBAN}\r\n:28C:1/1\r\n:60F:{}\r\n{rows}:62F:{}\r\n-\r\n",
        balance(first_day(bookings), OPENING),
        balance(DAY, OPENING + total(bookings))
    )
}

/// BAI2, with its control totals; every booking is of the group's day.
pub(crate) fn bai2(bookings: &[Booking]) -> String {
    let row = |one: &Booking| {
        let code = if one.cents < 0 { 475 } else { 195 };
        format!("16,{code},{},0,{},,{}/\n", one.cents.unsigned_abs(), one.reference, one.words)
    };
    let rows: String = bookings.iter().map(row).collect();
    let (closing, day) = (OPENING + total(bookings), DAY.strftime("%y%m%d"));
    let moved: u64 = bookings.iter().map(|one| one.cents.unsigned_abs()).sum();
    let sum = OPENING + closing + i64::try_from(moved).unwrap_or_default();
    let records = bookings.len() + 2;
    format!(
        "01,021000021,CUSTOMER,{day},0500,1,,,2/\n02,CUSTOMER,021000021,1,{day},2359,USD,2/\n\
         03,0123456789,USD,010,{OPENING},,,015,{closing},,/\n{rows}49,{sum},{records}/\n98,{sum},1,{}/\n99,{sum},1,{}/\n",
        records + 2,
        records + 4
    )
}

/// CAMT.053.
pub(crate) fn camt(bookings: &[Booking]) -> String {
    let side = |cents: i64| if cents < 0 { "DBIT" } else { "CRDT" };
    let balance = |kind: &str, day: Date, cents: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>\
             <Dt><Dt>{day}</Dt></Dt></Bal>\n",
            size(cents),
            side(cents)
        )
    };
    let row = |one: &Booking| {
        format!(
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>\
             <ValDt><Dt>{day}</Dt></ValDt><AcctSvcrRef>{}</AcctSvcrRef><BkTxCd><Prtry><Cd>NTRF</Cd></Prtry></BkTxCd>\
             <NtryDtls><TxDtls><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
            size(one.cents),
            side(one.cents),
            one.reference,
            one.words,
            day = one.day
        )
    };
    let rows: String = bookings.iter().map(row).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.06\">\n\
         <BkToCstmrStmt><GrpHdr><MsgId>1</MsgId><CreDtTm>2026-11-21T05:00:00Z</CreDtTm></GrpHdr><Stmt><Id>1</Id>\
         <Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>\n{}{}{rows}</Stmt></BkToCstmrStmt></Document>\n",
        balance("OPBD", first_day(bookings), OPENING),
        balance("CLBD", DAY, OPENING + total(bookings))
    )
}

#[cfg(test)]
mod tests {
    use super::{bookings, decimal, grouped, with_balances};

    #[test]
    fn a_seed_makes_the_same_bookings_everywhere() {
        let (one, other) = (bookings(50, 7), bookings(50, 7));
        assert_eq!(super::truth(&one), super::truth(&other));
        assert_ne!(super::truth(&one), super::truth(&bookings(50, 8)));
    }

    #[test]
    fn amounts_are_written_in_full() {
        assert_eq!([-5, 0, 123_456].map(decimal), ["-0.05", "0.00", "1234.56"]);
        assert_eq!(
            ["1.00", "999.00", "1000.00", "1234567.89"].map(grouped),
            ["1.00", "999.00", "1,000.00", "1,234,567.89"]
        );
    }

    #[test]
    fn the_balance_beside_the_newest_row_is_the_last() {
        let bookings = bookings(3, 1);
        let sum: i64 = bookings.iter().map(|one| one.cents).sum();
        assert_eq!(with_balances(&bookings)[0].1, super::OPENING + sum);
    }
}
