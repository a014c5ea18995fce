//! The books of a simulated bank as the statement files that such a bank would hand out.
//!
//! Not here: reading them; nothing of Bursar's readers is used to write them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fixtures::truth::{TransactionStatus, TrueAccount, TrueTransaction, Truth};

/// An account with what is booked on it, oldest first.
pub struct Books<'t> {
    account: &'t TrueAccount,
    rows: Vec<&'t TrueTransaction>,
}

/// A file of one format.
pub struct StatementFile {
    /// The format, as the command line calls it.
    pub format: &'static str,
    /// What it holds.
    pub text: String,
}

/// What declares the columns of [`Books::csv`].
pub const CSV_COLUMNS: &str = r#"
date = "Booked on"
date_format = "YYYY-MM-DD"
locale = "en-US"
description = ["Text"]
amount = "Amount"
bank_reference = "Reference"
delimiter = ";"
"#;

impl<'t> Books<'t> {
    /// The books of the account with this number.
    #[must_use]
    pub fn of(truth: &'t Truth, number: &str) -> Option<Self> {
        let account = truth.accounts.iter().find(|account| account.account_number.as_deref() == Some(number))?;
        let is_booked =
            |row: &&TrueTransaction| row.account_key == account.portal_key && row.status == TransactionStatus::Posted;
        Some(Self { account, rows: truth.transactions.iter().filter(is_booked).rev().collect() })
    }

    /// How many bookings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The same books in every format that names its account.
    #[must_use]
    pub fn files(&self) -> Vec<StatementFile> {
        vec![
            StatementFile { format: "camt.053", text: self.camt() },
            StatementFile { format: "bai2", text: self.bai2() },
            StatementFile { format: "mt940", text: self.mt940() },
            StatementFile { format: "ofx", text: self.ofx() },
        ]
    }

    /// What was on the account before the first of these bookings, in cents.
    fn opening(&self, all: i64) -> i64 {
        cents(self.account.current_balance.as_deref().unwrap_or("0.00")) - all
    }

    fn number(&self) -> &str {
        self.account.account_number.as_deref().unwrap_or_default()
    }

    fn sum(&self) -> i64 {
        self.rows.iter().map(|row| cents(&row.amount)).sum()
    }

    fn day(row: &TrueTransaction) -> String {
        row.posted_date.map(|date| date.to_string()).unwrap_or_default()
    }

    fn first(&self) -> String {
        self.rows.first().map(|row| Self::day(row)).unwrap_or_default()
    }

    fn last(&self) -> String {
        self.rows.last().map(|row| Self::day(row)).unwrap_or_default()
    }

    /// CSV with the columns that [`CSV_COLUMNS`] declares.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::from("Booked on;Text;Amount;Reference\n");
        for row in &self.rows {
            let quoted = row.description.replace('"', "\"\"");
            let reference = row.bank_reference.as_deref().unwrap_or_default();
            let _ = writeln!(text, "{};\"{quoted}\";{};{reference}", Self::day(row), row.amount);
        }
        text
    }

    fn camt(&self) -> String {
        let opening = self.opening(self.sum());
        let balance = |code: &str, cents: i64, day: &str| {
            format!(
                "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"USD\">{}</Amt>\
                 <CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>",
                plain(cents),
                side(cents),
            )
        };
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
             <GrpHdr><MsgId>1</MsgId><CreDtTm>2026-10-09T00:00:00</CreDtTm></GrpHdr><Stmt><Id>1</Id>\
             <FrToDt><FrDtTm>{}T00:00:00</FrDtTm><ToDtTm>{}T23:59:59</ToDtTm></FrToDt>\
             <Acct><Id><Othr><Id>{}</Id></Othr></Id><Ccy>USD</Ccy></Acct>",
            self.first(),
            self.last(),
            self.number(),
        );
        text.push_str(&balance("OPBD", opening, &self.first()));
        text.push_str(&balance("CLBD", opening + self.sum(), &self.last()));
        for row in &self.rows {
            let cents = cents(&row.amount);
            let reference = row.bank_reference.as_ref();
            let reference = reference.map(|one| format!("<AcctSvcrRef>{one}</AcctSvcrRef>")).unwrap_or_default();
            let _ = write!(
                text,
                "\n<Ntry><Amt Ccy=\"USD\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>\
                 <BookgDt><Dt>{}</Dt></BookgDt>{reference}<NtryDtls><TxDtls><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls>\
                 </NtryDtls></Ntry>",
                plain(cents),
                side(cents),
                Self::day(row),
                escaped(&row.description),
            );
        }
        text + "</Stmt></BkToCstmrStmt></Document>\n"
    }

    fn mt940(&self) -> String {
        let opening = self.opening(self.sum());
        let mark = |cents: i64| if cents < 0 { 'D' } else { 'C' };
        let short = |day: &str| day[2..].replace('-', "");
        let comma = |cents: i64| plain(cents).replace('.', ",");
        let mut text = format!(
            ":20:STATEMENT\n:25:{}\n:28C:1\n:60F:{}{}USD{}\n",
            self.number(),
            mark(opening),
            short(&self.first()),
            comma(opening),
        );
        for row in &self.rows {
            let (cents, day) = (cents(&row.amount), short(&Self::day(row)));
            let reference = row.bank_reference.as_ref().map(|one| format!("//{one}")).unwrap_or_default();
            let _ = writeln!(text, ":61:{day}{}{}{}NTRFNONREF{reference}", &day[2..], mark(cents), comma(cents));
            let _ = writeln!(text, ":86:{}", row.description.chars().take(65).collect::<String>());
        }
        let closing = opening + self.sum();
        let _ = write!(text, ":62F:{}{}USD{}\n-\n", mark(closing), short(&self.last()), comma(closing));
        text
    }

    /// A group for each day that has bookings.
    fn bai2(&self) -> String {
        let mut days: BTreeMap<String, Vec<&TrueTransaction>> = BTreeMap::new();
        for row in &self.rows {
            days.entry(Self::day(row)).or_default().push(row);
        }
        let short = |day: &str| day[2..].replace('-', "");
        let mut balance = self.opening(self.sum());
        let mut text = format!("01,BANK,BURSAR,{},0000,1,,,2/\n", short(&self.last()));
        let (mut all, mut records) = (0, 2);
        let groups = days.len();
        for (day, rows) in days {
            let opening = balance;
            balance += rows.iter().map(|row| cents(&row.amount)).sum::<i64>();
            let _ = writeln!(text, "02,BURSAR,BANK,1,{},,USD,2/", short(&day));
            let _ = writeln!(text, "03,{},USD,010,{opening},,,015,{balance},,/", self.number());
            let mut total = opening + balance;
            for row in &rows {
                let cents = cents(&row.amount);
                let code = if cents < 0 { 699 } else { 399 };
                let reference = row.bank_reference.as_deref().unwrap_or_default();
                let _ = writeln!(text, "16,{code},{},,{reference},,{}", cents.abs(), row.description);
                total += cents.abs();
            }
            let _ = writeln!(text, "49,{total},{}/", rows.len() + 2);
            let _ = writeln!(text, "98,{total},1,{}/", rows.len() + 4);
            (all, records) = (all + total, records + rows.len() + 4);
        }
        let _ = writeln!(text, "99,{all},{groups},{records}/");
        text
    }

    fn ofx(&self) -> String {
        let compact = |day: &str| day.replace('-', "");
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?OFX OFXHEADER=\"200\" VERSION=\"211\" SECURITY=\"NONE\" \
             OLDFILEUID=\"NONE\" NEWFILEUID=\"NONE\"?>\n<OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE>\
             <SEVERITY>INFO</SEVERITY></STATUS><DTSERVER>{0}</DTSERVER><LANGUAGE>ENG</LANGUAGE></SONRS></SIGNONMSGSRSV1>\
             <BANKMSGSRSV1><STMTTRNRS><TRNUID>1</TRNUID><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY></STATUS><STMTRS>\
             <CURDEF>USD</CURDEF><BANKACCTFROM><BANKID>{1}</BANKID><ACCTID>{2}</ACCTID><ACCTTYPE>CHECKING</ACCTTYPE>\
             </BANKACCTFROM><BANKTRANLIST><DTSTART>{3}</DTSTART><DTEND>{0}</DTEND>",
            compact(&self.last()),
            self.account.routing_number.as_deref().unwrap_or_default(),
            self.number(),
            compact(&self.first()),
        );
        for (number, row) in self.rows.iter().enumerate() {
            let kind = if row.amount.starts_with('-') { "DEBIT" } else { "CREDIT" };
            let made = format!("ROW{number}");
            let _ = write!(
                text,
                "\n<STMTTRN><TRNTYPE>{kind}</TRNTYPE><DTPOSTED>{}</DTPOSTED><TRNAMT>{}</TRNAMT><FITID>{}</FITID>\
                 <MEMO>{}</MEMO></STMTTRN>",
                compact(&Self::day(row)),
                row.amount,
                row.bank_reference.as_deref().unwrap_or(&made),
                escaped(&row.description),
            );
        }
        let closing = self.opening(self.sum()) + self.sum();
        let sign = if closing < 0 { "-" } else { "" };
        let _ = writeln!(
            text,
            "</BANKTRANLIST><LEDGERBAL><BALAMT>{sign}{}</BALAMT><DTASOF>{}</DTASOF></LEDGERBAL></STMTRS></STMTTRNRS>\
             </BANKMSGSRSV1></OFX>",
            plain(closing),
            compact(&self.last()),
        );
        text
    }
}

fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap_or_default()
}

fn plain(cents: i64) -> String {
    let size = cents.unsigned_abs();
    format!("{}.{:02}", size / 100, size % 100)
}

const fn side(cents: i64) -> &'static str {
    if cents < 0 { "DBIT" } else { "CRDT" }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
