//! Writes one and the same statement in every format, as plainly as each allows.
//!
//! Not here: what banks make of the formats; the samples show that.

use jiff::civil::Date;
use rust_decimal::Decimal;

/// What is written.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) opening: Decimal,
    pub(crate) day: Date,
    pub(crate) rows: Vec<BookRow>,
}

/// One row of it.
#[derive(Clone, Debug)]
pub(crate) struct BookRow {
    pub(crate) amount: Decimal,
    pub(crate) valued: Date,
    pub(crate) words: String,
    pub(crate) bank_reference: String,
    pub(crate) customer_reference: String,
}

impl Book {
    pub(crate) fn closing(&self) -> Decimal {
        self.opening + self.rows.iter().map(|row| row.amount).sum::<Decimal>()
    }
}

pub(crate) fn camt(book: &Book) -> String {
    let side = |amount: Decimal| if amount.is_sign_negative() { "DBIT" } else { "CRDT" };
    let balance = |kind: &str, amount: Decimal| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd>\
             <Dt><Dt>{}</Dt></Dt></Bal>",
            amount.abs(),
            side(amount),
            book.day
        )
    };
    let mut rows = String::new();
    for row in &book.rows {
        rows += &format!(
            "<Ntry><Amt Ccy=\"EUR\">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{}</Dt></BookgDt>\
             <ValDt><Dt>{}</Dt></ValDt><AcctSvcrRef>{}</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls><Refs><EndToEndId>{}\
             </EndToEndId></Refs><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n",
            row.amount.abs(),
            side(row.amount),
            book.day,
            row.valued,
            row.bank_reference,
            row.customer_reference,
            row.words.replace('&', "&amp;").replace('<', "&lt;")
        );
    }
    let net = book.closing() - book.opening;
    let gross: Decimal = book.rows.iter().map(|row| row.amount.abs()).sum();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.13\"><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id>\
         <IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}<TxsSummry><TtlNtries><NbOfNtries>{}\
         </NbOfNtries><Sum>{gross}</Sum><TtlNetNtry><Amt>{}</Amt><CdtDbtInd>{}</CdtDbtInd></TtlNetNtry></TtlNtries>\
         </TxsSummry>{rows}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", book.opening),
        balance("CLBD", book.closing()),
        book.rows.len(),
        net.abs(),
        side(net)
    )
}

pub(crate) fn mt940(book: &Book) -> String {
    let mark = |amount: Decimal| if amount.is_sign_negative() { "D" } else { "C" };
    let number = |amount: Decimal| amount.abs().to_string().replace('.', ",");
    let short = |day: Date| format!("{:02}{:02}{:02}", day.year() % 100, day.month(), day.day());
    let balance = |amount: Decimal, day: Date| format!("{}{}EUR{}", mark(amount), short(day), number(amount));
    let mut text = format!(":20:1\n:25:DE89370400440532013000\n:28C:1/1\n:60F:{}\n", balance(book.opening, book.day));
    for row in &book.rows {
        text += &format!(
            ":61:{}{:02}{:02}{}{}NTRF{}//{}\n:86:{}\n",
            short(row.valued),
            book.day.month(),
            book.day.day(),
            mark(row.amount),
            number(row.amount),
            row.customer_reference,
            row.bank_reference,
            row.words
        );
    }
    text + &format!(":62F:{}\n-\n", balance(book.closing(), book.day))
}

pub(crate) fn bai2(book: &Book) -> String {
    let cents = |amount: Decimal| (amount * Decimal::from(100)).trunc().to_string();
    let short = |day: Date| format!("{:02}{:02}{:02}", day.year() % 100, day.month(), day.day());
    let rows: Decimal = book.rows.iter().map(|row| row.amount.abs()).sum();
    let total = cents(book.opening + book.closing() + rows);
    let mut text = format!(
        "01,B,C,{0},0500,1,,,2/\n02,C,B,1,{0},,EUR,2/\n03,1,EUR,010,{1},,,015,{2},,/\n",
        short(book.day),
        cents(book.opening),
        cents(book.closing())
    );
    for row in &book.rows {
        let code = if row.amount.is_sign_negative() { 699 } else { 399 };
        text += &format!(
            "16,{code},{},V,{},,{},{},{}\n",
            cents(row.amount.abs()),
            short(row.valued),
            row.bank_reference,
            row.customer_reference,
            row.words
        );
    }
    let records = book.rows.len() + 2;
    text + &format!("49,{total},{records}/\n98,{total},1,{}/\n99,{total},1,{}/\n", records + 2, records + 4)
}

pub(crate) fn ofx(book: &Book, is_xml: IsXml) -> String {
    let compact = |day: Date| format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
    let end = |name: &str| if is_xml == IsXml::Yes { format!("</{name}>") } else { "\n".to_owned() };
    let value = |name: &str, text: &str| format!("<{name}>{text}{}", end(name));
    let header = match is_xml {
        IsXml::Yes => "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\" VERSION=\"220\"?>",
        IsXml::No => "OFXHEADER:100\nDATA:OFXSGML\nENCODING:UTF-8\nCHARSET:NONE\n\n",
    };
    let mut rows = String::new();
    for row in &book.rows {
        rows += "<STMTTRN>";
        rows += &value("TRNTYPE", "OTHER");
        rows += &value("DTPOSTED", &(compact(book.day) + "233000[-11:SST]"));
        rows += &value("DTUSER", &compact(row.valued));
        rows += &value("TRNAMT", &row.amount.to_string());
        rows += &value("FITID", &row.bank_reference);
        rows += &value("REFNUM", &row.customer_reference);
        rows += &value("MEMO", &row.words.replace('&', "&amp;").replace('<', "&lt;"));
        rows += "</STMTTRN>";
    }
    let (day, closing) = (compact(book.day), book.closing().to_string());
    [
        header,
        "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>",
        &value("CURDEF", "EUR"),
        "<BANKACCTFROM>",
        &value("ACCTID", "1"),
        "</BANKACCTFROM><BANKTRANLIST>",
        &value("DTSTART", &day),
        &value("DTEND", &day),
        &rows,
        "</BANKTRANLIST><LEDGERBAL>",
        &value("BALAMT", &closing),
        &value("DTASOF", &day),
        "</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>",
    ]
    .concat()
}

/// Which of the two markups.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsXml {
    Yes,
    No,
}

pub(crate) fn csv(book: &Book) -> String {
    let mut text = "Date,Valued,Amount,Text,Bank,Customer\n".to_owned();
    for row in &book.rows {
        text += &format!(
            "{},{},{},\"{}\",{},{}\n",
            book.day,
            row.valued,
            row.amount,
            row.words.replace('"', "\"\""),
            row.bank_reference,
            row.customer_reference
        );
    }
    text
}
