//! `agent draft`: a script to begin with, made of pages that were saved: forms that sign in, lists of accounts and of
//! transactions, how amounts and days are written, what leads on; with how sure each is, and why.
//!
//! ```text
//! pages ─▶ forms ──────────────┐
//!       └▶ tables ─▶ columns ──┼▶ findings ─▶ write ─▶ script ─▶ read back: how much it reads of the same pages
//!             │      (values)  │
//!             └──▶ accounts ───┘
//! ```
//!
//! What running balances prove is proven; all else is for a person to look at. Not here: what nobody saved, and a portal's
//! behaviour; a draft is where an author's work begins.

mod accounts;
mod columns;
mod forms;
mod leads;
mod selectors;
mod tables;
mod values;
pub(crate) mod words;
mod write;

use domain::money::{Currency, Locale};
use jiff::civil::Date;
use serde::Serialize;
use url::Url;

use crate::Script;
use crate::document::Document;
pub use write::text as yaml_text;

use accounts::Accounts;
use columns::{Around, Direction, Ledger};
use forms::{Form, Kind};
use leads::Leads;
use tables::Sheet;
use values::{amounts, currencies, locales, time_zone};

/// A page that was saved.
#[derive(Clone, Copy, Debug)]
pub struct SavedPage<'p> {
    /// The name of its file, for people.
    pub file: &'p str,
    /// Where it was.
    pub url: &'p Url,
    /// What it holds.
    pub html: &'p str,
}

/// What was made of pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Draft {
    /// Each page's file, and the page of the script that it is; none where nothing was found on it.
    pub pages: Vec<DraftedPage>,
    /// All that was found, page by page.
    pub findings: Vec<Finding>,
    /// What to save beside, for a script to be whole.
    pub missing: Vec<&'static str>,
    /// How the portal writes amounts.
    pub locale: Locale,
    /// What amounts are in.
    pub currency: Currency,
    /// Where the portal's days are days.
    pub timezone: &'static str,
    /// The script, where there is a list of accounts for one.
    pub script: Option<String>,
}

/// What a saved page is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftedPage {
    /// The name of its file.
    pub file: String,
    /// The page of the script.
    pub page: Option<&'static str>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The file that it was found in.
    pub file: String,
    /// What it is: `locale`, `accounts, key`.
    pub what: String,
    /// As the script says it, or what was read.
    pub value: String,
    /// How sure it is.
    pub sureness: Sureness,
    /// What speaks for it, or what to look at.
    pub why: String,
}

/// How sure something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Sureness {
    /// Somebody has to look.
    Guess,
    /// The page says so, and nothing speaks against it.
    Likely,
    /// The page's own numbers prove it.
    Proven,
}

/// A page with what was found on it.
struct Looked<'p> {
    page: SavedPage<'p>,
    document: Document,
    language: Option<String>,
    form: Option<Form>,
    kind: Option<&'static str>,
}

/// How the portal writes, for all of its pages.
struct Writing {
    locale: Locale,
    currency: Currency,
    time_zone: &'static str,
}

/// A list of accounts, and where it is.
struct AccountsList {
    at: usize,
    table: (String, Sureness),
    read: Accounts,
    rows: usize,
}

/// A list of transactions, and where it is.
struct LedgerList {
    at: usize,
    table: (String, Sureness),
    skip: Option<String>,
    read: Ledger,
    rows: usize,
}

/// Makes a draft of what a portal's pages show. `today` is the day on which they were saved, in the bank's time zone.
///
/// # Errors
/// The file of a page that isn't looked into, and why not.
pub fn draft(institution: &str, pages: &[SavedPage<'_>], today: Date) -> Result<Draft, (String, &'static str)> {
    let mut looked = Vec::with_capacity(pages.len());
    for page in pages {
        let refused = |refused: crate::bounds::Refused| (page.file.to_owned(), refused.text());
        let document = Document::parse(page.html).map_err(refused)?;
        let language = document.elements().next().and_then(|top| top.attr("lang")).map(str::to_owned);
        let form = forms::form(&document);
        looked.push(Looked { page: *page, document, language, form, kind: None });
    }
    let mut notes = Notes::default();
    let sheets: Vec<Vec<Sheet<'_>>> = looked.iter().map(|looked| tables::sheets(&looked.document)).collect();
    let ledger = ledger_of(&looked, &sheets, today);
    let writing = writing(&looked, &sheets, ledger.as_ref());
    let accounts = accounts_of(&sheets, ledger.as_ref(), &writing, today);
    let kinds: Vec<Option<&'static str>> = kinds(&looked, ledger.as_ref(), accounts.as_ref());
    let leads = Leads::of(&looked, ledger.as_ref(), accounts.as_ref());
    for (looked, kind) in looked.iter_mut().zip(kinds) {
        looked.kind = kind;
    }
    let file = |at: usize| looked.get(at).map_or("", |looked| looked.page.file);
    tell_writing(&mut notes, &writing, ledger.as_ref(), file(ledger.as_ref().map_or(0, |ledger| ledger.at)));
    for looked in &looked {
        tell_form(&mut notes, looked);
    }
    if let Some(list) = &accounts {
        tell_accounts(&mut notes, file(list.at), list);
    }
    if let Some(list) = &ledger {
        tell_ledger(&mut notes, file(list.at), list);
    }
    leads.tell(&mut notes, |at| file(at).to_owned());
    let script = accounts.as_ref().map(|accounts| {
        write::script(&write::Parts {
            institution,
            looked: &looked,
            writing: &writing,
            accounts,
            ledger: ledger.as_ref(),
            leads: &leads,
        })
    });
    if let Some(script) = script.as_deref().and_then(|source| Script::parse(source).ok()) {
        read_back(&mut notes, &script, &looked, today);
    }
    let missing = missing(&looked);
    let pages =
        looked.iter().map(|looked| DraftedPage { file: looked.page.file.to_owned(), page: looked.kind }).collect();
    let Writing { locale, currency, time_zone: timezone } = writing;
    Ok(Draft { pages, findings: notes.findings, missing, locale, currency, timezone, script })
}

/// What was found so far.
#[derive(Default)]
struct Notes {
    findings: Vec<Finding>,
}

impl Notes {
    fn add(&mut self, file: &str, what: &str, value: impl Into<String>, sureness: Sureness, why: impl Into<String>) {
        let (file, what) = (file.to_owned(), what.to_owned());
        self.findings.push(Finding { file, what, value: value.into(), sureness, why: why.into() });
    }
}

/// The list of transactions that proves most, or else has the most rows.
fn ledger_of(looked: &[Looked<'_>], sheets: &[Vec<Sheet<'_>>], today: Date) -> Option<LedgerList> {
    let mut lists = Vec::new();
    for (at, (page, sheets)) in looked.iter().zip(sheets).enumerate() {
        for sheet in sheets {
            let texts = || sheet.headers.iter().map(String::as_str).chain(sheet.cells());
            let mut shown = currencies(texts());
            if shown.is_empty() {
                shown = currencies(std::iter::once(crate::document::text(page.document.html.root_element()).as_str()));
            }
            if shown.is_empty() {
                shown.push(values::currency_of(page.language.as_deref()));
            }
            let rows: Vec<Vec<String>> = sheet.rows.iter().map(|(_, cells)| cells.clone()).collect();
            let around = Around { today, language: page.language.as_deref(), currencies: &shown };
            let Some(read) = columns::ledger(&sheet.headers, &rows, &around) else { continue };
            lists.push(LedgerList {
                at,
                table: sheet.selector.clone(),
                skip: sheet.skip.clone(),
                read,
                rows: rows.len(),
            });
        }
    }
    lists.into_iter().max_by_key(|list| (list.read.chain.map_or(0, |chain| chain.links), list.rows))
}

/// How the portal writes, by its list of transactions or else by whatever could be amounts.
fn writing(looked: &[Looked<'_>], sheets: &[Vec<Sheet<'_>>], ledger: Option<&LedgerList>) -> Writing {
    let language = looked.iter().find_map(|looked| looked.language.as_deref());
    if let Some(list) = ledger {
        let (locale, currency) = (list.read.locale, list.read.currency.clone());
        return Writing { locale, time_zone: time_zone(language, &currency), currency };
    }
    let shown = currencies(sheets.iter().flatten().flat_map(Sheet::cells));
    let currency = shown.into_iter().next().unwrap_or_else(|| values::currency_of(language));
    let sums: Vec<&str> = sheets.iter().flatten().flat_map(Sheet::cells).filter(|cell| tables::is_sum(cell)).collect();
    let all = locales(language, &currency);
    let reads = |locale: &&Locale| sums.is_empty() || amounts(&sums, **locale, &currency).is_some();
    let locale = all.iter().find(reads).or(all.first()).copied().unwrap_or(Locale::EnUs);
    Writing { locale, time_zone: time_zone(language, &currency), currency }
}

/// The list of accounts with the most columns that are known, on another page than that of transactions where there is one.
fn accounts_of(
    sheets: &[Vec<Sheet<'_>>],
    ledger: Option<&LedgerList>,
    writing: &Writing,
    today: Date,
) -> Option<AccountsList> {
    let is_ledger =
        |at: usize, sheet: &Sheet<'_>| ledger.is_some_and(|list| list.at == at && list.table.0 == sheet.selector.0);
    let mut lists = Vec::new();
    for (at, sheets) in sheets.iter().enumerate() {
        for sheet in sheets.iter().filter(|sheet| !is_ledger(at, sheet)) {
            let how = (writing.locale, &writing.currency);
            let Some(read) = accounts::accounts(&sheet.headers, &sheet.rows, how, today) else { continue };
            lists.push(AccountsList { at, table: sheet.selector.clone(), rows: sheet.rows.len(), read });
        }
    }
    let at_ledger = |list: &AccountsList| ledger.is_some_and(|ledger| ledger.at == list.at);
    lists.into_iter().max_by_key(|list| (!at_ledger(list), list.read.columns.len(), usize::MAX - list.at))
}

/// Which page of the script each saved page is.
fn kinds(
    looked: &[Looked<'_>],
    ledger: Option<&LedgerList>,
    accounts: Option<&AccountsList>,
) -> Vec<Option<&'static str>> {
    let mut taken = Vec::new();
    let kind = |(at, looked): (usize, &Looked<'_>)| {
        let of_form = looked.form.as_ref().map(|form| match (form.kind, &form.alert) {
            (Kind::User, _) => "user",
            (Kind::Password, None) => "sign_in",
            (Kind::Password, Some(_)) => "refused",
            (Kind::Code, _) => "code",
        });
        let kind = if accounts.is_some_and(|list| list.at == at) {
            Some("accounts")
        } else if ledger.is_some_and(|list| list.at == at) {
            Some("account")
        } else {
            of_form.or_else(|| leads::goodbye(&looked.document).map(|_| "signed_out"))
        };
        kind.filter(|kind| !taken.contains(kind)).inspect(|kind| taken.push(*kind))
    };
    looked.iter().enumerate().map(kind).collect()
}

fn missing(looked: &[Looked<'_>]) -> Vec<&'static str> {
    let has = |kinds: &[&str]| looked.iter().any(|looked| looked.kind.is_some_and(|kind| kinds.contains(&kind)));
    let wanted: [(&[&str], &str); 5] = [
        (&["sign_in"], "the page that asks for the password"),
        (&["refused"], "the page that refuses a wrong password"),
        (&["accounts"], "the list of accounts, as a table with headers"),
        (&["account"], "an account's own page, with its transactions in a table"),
        (&["signed_out"], "the page that shows after signing out"),
    ];
    wanted.iter().filter(|(kinds, _)| !has(kinds)).map(|(_, what)| *what).collect()
}

fn tell_writing(notes: &mut Notes, writing: &Writing, ledger: Option<&LedgerList>, file: &str) {
    let Writing { locale, currency, time_zone } = writing;
    let (sureness, why) = match ledger.map(|list| &list.read) {
        Some(Ledger { other_locale: Some(other), .. }) => {
            (Sureness::Guess, format!("{other} would read the same cells, as other amounts"))
        }
        Some(Ledger { chain: Some(chain), .. }) if chain.links > 1 => {
            (Sureness::Proven, format!("{} balances follow from the amounts beside them", chain.links))
        }
        Some(_) => (Sureness::Likely, "it reads every amount of the list".to_owned()),
        None => (Sureness::Guess, "no list of transactions was saved".to_owned()),
    };
    notes.add(file, "locale", locale.as_str(), sureness, why);
    let why = "by its code or its symbol on the page, or else by the page's language";
    notes.add(file, "currency", currency.as_str(), Sureness::Likely.min(sureness), why);
    notes.add(file, "timezone", *time_zone, Sureness::Guess, "by the currency and the page's language");
}

fn tell_form(notes: &mut Notes, looked: &Looked<'_>) {
    let (Some(form), Some(kind)) = (&looked.form, looked.kind) else { return };
    let file = looked.page.file;
    for (into, with) in &form.fills {
        notes.add(
            file,
            &format!("{kind}, fill"),
            format!("{into} with {with}"),
            Sureness::Likely,
            "by what the field is called",
        );
    }
    match &form.click {
        Some((click, sureness)) => notes.add(file, &format!("{kind}, click"), click, *sureness, "it submits the form"),
        None => {
            notes.add(file, &format!("{kind}, click"), "", Sureness::Guess, "nothing submits the form: say what does");
        }
    }
}

fn tell_accounts(notes: &mut Notes, file: &str, list: &AccountsList) {
    notes.add(file, "accounts, table", &list.table.0, list.table.1, format!("{} rows", list.rows));
    for (field, header) in &list.read.columns {
        notes.add(file, &format!("accounts, {field}"), header, Sureness::Likely, "by its header");
    }
    for header in &list.read.unread {
        notes.add(file, "accounts, not read", header, Sureness::Guess, "nobody knows what it is");
    }
    for (word, _) in list.read.types.iter().filter(|(_, ours)| ours.is_none()) {
        notes.add(file, "accounts, type", word, Sureness::Guess, "it is taken as `other`");
    }
    let key = &list.read.key;
    notes.add(file, "accounts, key", &key.said, key.sureness, &key.why);
    if let Some(open) = &list.read.open {
        notes.add(file, "accounts, open", open, Sureness::Likely, "there is one in each row");
    }
}

fn tell_ledger(notes: &mut Notes, file: &str, list: &LedgerList) {
    let Ledger { columns, chain, direction, .. } = &list.read;
    notes.add(file, "transactions, table", &list.table.0, list.table.1, format!("{} rows", list.rows));
    if let Some(skip) = &list.skip {
        notes.add(file, "transactions, skip", skip, Sureness::Likely, "these rows have other cells than the others");
    }
    let proof = chain.filter(|chain| chain.links > 1);
    for (field, header) in columns {
        let is_proven = proof.is_some() && matches!(*field, "amount" | "debit" | "credit" | "runningBalance");
        let (sureness, why) = if is_proven {
            (Sureness::Proven, "by running balances")
        } else {
            (Sureness::Likely, "by its header and its cells")
        };
        notes.add(file, &format!("transactions, {field}"), header, sureness, why);
    }
    for header in &list.read.unread {
        notes.add(
            file,
            "transactions, not read",
            header,
            Sureness::Guess,
            "nobody knows what it is; a way of payment is `rail`, with a `map`",
        );
    }
    let (said, why) = match direction {
        Direction::Signed => ("the sign of the amount", "both signs are there"),
        Direction::SignedOneWay => {
            ("the sign of the amount", "only one sign is there: see that what went out is negative")
        }
        Direction::TwoColumns => ("the column of the amount", "one of the two is filled in each row"),
        Direction::TwoColumnsSigned => {
            ("the column of the amount, with a minus in that of debits", "one of the two is filled in each row")
        }
    };
    // Balances follow from amounts of either sign: of what is owed, both are the other way round.
    let sureness = if *direction == Direction::SignedOneWay { Sureness::Guess } else { Sureness::Likely };
    notes.add(file, "transactions, direction", said, sureness, why);
    let (sureness, why) = match list.read.is_date_ambiguous {
        true => (Sureness::Guess, "another order of day and month would read them as well"),
        false => (Sureness::Likely, "it alone reads every day"),
    };
    notes.add(file, "transactions, date", &list.read.date, sureness, why);
    if let Some(pending) = &list.read.pending {
        notes.add(file, "transactions, pending", pending, Sureness::Likely, "it stands in place of a day");
    }
}

/// Reads the pages by the script, and says what came of it.
fn read_back(notes: &mut Notes, script: &Script, looked: &[Looked<'_>], today: Date) {
    for looked in looked {
        let Some(kind) = looked.kind.filter(|kind| matches!(*kind, "accounts" | "account")) else { continue };
        match script.read_page(kind, looked.page.html, today) {
            Ok(read) => {
                let counts = [
                    read.accounts.map(|list| format!("{} accounts", list.len())),
                    read.account.map(|_| "details".to_owned()),
                    read.transactions.map(|list| format!("{} transactions", list.len())),
                ];
                let counts: Vec<String> = counts.into_iter().flatten().collect();
                notes.add(looked.page.file, "read", counts.join(", "), Sureness::Likely, "by the script that was made");
            }
            Err(failure) => {
                notes.add(looked.page.file, "read", failure.code.as_str(), Sureness::Guess, failure.message);
            }
        }
    }
}
