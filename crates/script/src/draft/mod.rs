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
mod approval;
mod busy;
mod columns;
mod forms;
mod found;
mod further;
mod joined;
mod layouts;
mod leads;
mod lists;
mod parts;
mod passed;
mod pending;
mod questions;
mod scrolled;
pub(crate) mod selectors;
mod tables;
mod tell;
mod tiles;
mod trail;
mod unread;
mod values;
mod walk;
mod windows;
pub(crate) mod words;
mod write;

use std::collections::BTreeMap;

use domain::money::{Currency, Locale};
use jiff::civil::Date;
use serde::Serialize;
use url::Url;

use crate::Script;
use crate::document::Document;
use crate::recording::{PageKind, Recording, Value};
pub use joined::join_pages;
pub use questions::Question;
pub use write::text as yaml_text;

use forms::{Form, Kind};
use leads::Leads;
use lists::{AccountsList, LedgerList, accounts_of, ledgers_of, otherwise};
use questions::Inquiry;
use tables::Sheet;
use tell::{tell_accounts, tell_announced, tell_form, tell_ledger, tell_writing};
use trail::Trail;
use unread::{ask_of_accounts, ask_of_ledger};
use values::{amounts, currencies, locales, time_zone};
use walk::Listed;
use windows::Range;

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
    /// What to ask a person who went through the portal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// What was typed in each act of a recording, by its place, as far as it is known.
    #[serde(skip)]
    pub values: Vec<(usize, Value)>,
    /// How the portal writes amounts.
    pub locale: Locale,
    /// What amounts are in.
    pub currency: Currency,
    /// Where the portal's days are days.
    pub timezone: &'static str,
    /// The script, where there is a list of accounts for one.
    pub script: Option<String>,
    /// What a script has of the pages of a sign-in, where there is no script.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sign_in: Vec<(PageKind, String)>,
}

/// What a saved page is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DraftedPage {
    /// The name of its file.
    pub file: String,
    /// The page of the script.
    pub page: Option<PageKind>,
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

impl Sureness {
    /// As it is said.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guess => "a guess",
            Self::Likely => "likely",
            Self::Proven => "proven",
        }
    }
}

/// A page with what was found on it.
struct Looked<'p> {
    page: SavedPage<'p>,
    document: Document,
    language: Option<String>,
    form: Option<Form>,
    kind: Option<PageKind>,
}

/// How the portal writes, for all of its pages.
struct Writing {
    locale: Locale,
    currency: Currency,
    time_zone: &'static str,
}

/// Makes a draft of what a portal's pages show. `today` is the day on which they were saved, in the bank's time zone.
///
/// # Errors
/// The file of a page that isn't looked into, and why not.
pub fn draft(institution: &str, pages: &[SavedPage<'_>], today: Date) -> Result<Draft, (String, &'static str)> {
    make(institution, pages, today, None)
}

/// Makes one of what a person did with a portal, and answered of the questions of a draft before: the trail says what was
/// filled with what, what was clicked, and what came then. Its pages are those of the recording that have a document.
///
/// # Errors
/// The place of a page that isn't looked into, and why not.
pub fn draft_recording(
    institution: &str,
    recording: &Recording,
    answers: &BTreeMap<String, String>,
    today: Date,
) -> Result<Draft, (String, &'static str)> {
    let shown = recording.pages.iter().enumerate().filter_map(|(at, page)| Some((at, page, page.html.as_deref()?)));
    let names: Vec<String> = shown.clone().map(|(at, ..)| format!("page {at}")).collect();
    let pages = shown.zip(&names).map(|((_, page, html), file)| SavedPage { file, url: &page.url, html });
    make(institution, &pages.collect::<Vec<_>>(), today, Some((recording, answers)))
}

fn make(
    institution: &str,
    pages: &[SavedPage<'_>],
    today: Date,
    trodden: Option<(&Recording, &BTreeMap<String, String>)>,
) -> Result<Draft, (String, &'static str)> {
    let mut looked = Vec::with_capacity(pages.len());
    for page in pages {
        let refused = |refused: crate::bounds::Refused| (page.file.to_owned(), refused.text());
        let document = Document::parse(page.html).map_err(refused)?;
        let language = document.elements().next().and_then(|top| top.attr("lang")).map(str::to_owned);
        let form = forms::form(&document);
        looked.push(Looked { page: *page, document, language, form, kind: None });
    }
    let nothing = BTreeMap::new();
    let trail = trodden.map_or_else(Trail::default, |(recording, _)| Trail::of(recording, &looked));
    let mut inquiry = Inquiry::new(trodden.map_or(&nothing, |(_, answers)| answers));
    let lists = |document| tables::sheets(document).into_iter().chain(tiles::sheets(document, today)).collect();
    let sheets: Vec<Vec<Sheet<'_>>> = looked.iter().map(|page| lists(&page.document)).collect();
    let (mut ledger, others) = ledgers_of(&looked, &sheets, today).unzip();
    let writing = writing(&looked, &sheets, ledger.as_ref());
    let mut accounts = accounts_of(&looked, &sheets, ledger.as_ref(), &writing, &trail, today);
    let mut listed = Listed::of(&sheets, accounts.as_ref(), ledger.as_ref());
    let mut others = otherwise(others.unwrap_or_default(), &trail, &listed);
    others.iter().for_each(|other| listed.add(&sheets, other));
    let range = ledger.as_ref().and_then(|list| Range::of(&looked, &trail, &listed, list));
    listed.asking = range.as_ref().map(|range| range.asking(&looked, &listed)).unwrap_or_default();
    let announced = ledger.as_ref().and_then(|list| pending::announced(&looked, &sheets, list, &listed.ledgers));
    let walk = walk::walk(&looked, &trail, &listed, &mut inquiry);
    let day = (today, &writing.currency);
    let leads = match &walk {
        Some(walk) => Leads::of_trail(&looked, ledger.as_ref(), accounts.as_ref(), (&trail, &listed, walk), range, day),
        None => Leads::of(&looked, ledger.as_ref(), accounts.as_ref(), day),
    };
    let (forms, kinds) = match walk {
        Some(walk) => (walk.forms, walk.kinds),
        None => {
            let kinds = kinds(&looked, ledger.as_ref(), accounts.as_ref());
            (looked.iter_mut().map(|looked| looked.form.take()).collect(), kinds)
        }
    };
    for (looked, (form, kind)) in looked.iter_mut().zip(forms.into_iter().zip(kinds)) {
        (looked.form, looked.kind) = (form, kind);
    }
    let answering = if trodden.is_some() { Answering::Somebody } else { Answering::Nobody };
    if answering == Answering::Somebody {
        accounts.iter_mut().for_each(|list| ask_of_accounts(list, &mut inquiry));
        ledger.iter_mut().chain(&mut others).for_each(|list| ask_of_ledger(list, &mut inquiry));
    }
    let mut notes = Notes::default();
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
    for list in &others {
        tell_ledger(&mut notes, file(list.at), list);
    }
    if let Some(list) = &announced {
        tell_announced(&mut notes, file(list.at), list);
    }
    leads.tell(&mut notes, |at| file(at).to_owned());
    let types = accounts.as_ref().map(|list| known_types(list, answering, &mut inquiry)).unwrap_or_default();
    let owed = accounts.as_ref().map(|list| owed(list, &types, answering, &mut inquiry)).unwrap_or_default();
    let script = accounts.as_ref().map(|accounts| {
        write::script(&mut write::Parts {
            institution,
            looked: &looked,
            writing: &writing,
            accounts,
            types: &types,
            owed: &owed,
            ledger: ledger.as_ref(),
            others: &others,
            announced: announced.as_ref(),
            leads: &leads,
            inquiry: &mut inquiry,
        })
    });
    let sign_in = if script.is_none() { write::sign_in(&looked, &mut inquiry) } else { Vec::new() };
    if let Some(script) = script.as_deref().and_then(|source| Script::parse(source).ok()) {
        read_back(&mut notes, &script, &looked, today);
    }
    let missing = missing(&looked);
    let typed = looked.iter().enumerate().filter_map(|(at, page)| Some((at, page.form.as_ref()?)));
    let values = typed.flat_map(|(at, form)| trail.typed(at, &form.typed)).collect();
    let pages =
        looked.iter().map(|looked| DraftedPage { file: looked.page.file.to_owned(), page: looked.kind }).collect();
    let Writing { locale, currency, time_zone: timezone } = writing;
    let questions = if answering == Answering::Somebody { inquiry.asked } else { Vec::new() };
    Ok(Draft {
        pages,
        findings: notes.findings,
        missing,
        questions,
        values,
        locale,
        currency,
        timezone,
        script,
        sign_in,
    })
}

/// Who answers what a draft asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answering {
    /// Whoever went through the portal.
    Somebody,
    /// Nobody: there are pages alone.
    Nobody,
}

/// The bank's words for kinds of accounts, and ours: what nobody knows is asked for, where there is somebody to ask.
fn known_types(
    list: &AccountsList,
    answering: Answering,
    inquiry: &mut Inquiry<'_>,
) -> Vec<(String, Option<&'static str>)> {
    const TYPES: [&str; 6] = ["checking", "savings", "moneyMarket", "creditCard", "loan", "other"];
    let known = |(word, ours): &(String, Option<&'static str>)| match ours {
        None if answering == Answering::Somebody => {
            let said =
                inquiry.choose(format!("type {word}"), format!("What kind of account is \"{word}\"?"), "other", &TYPES);
            (word.clone(), Some(said))
        }
        ours => (word.clone(), *ours),
    };
    list.read.types.iter().map(known).collect()
}

/// The kinds of accounts that show what is owed: cards and loans, where whoever went through the portal says so. Where one of their
/// balances is below nought, the portal writes them as others.
fn owed(
    list: &AccountsList,
    types: &[(String, Option<&'static str>)],
    answering: Answering,
    inquiry: &mut Inquiry<'_>,
) -> Vec<&'static str> {
    let may_owe = |kind: &'static str| {
        let mut own = types.iter().filter(|(_, ours)| *ours == Some(kind)).map(|(word, _)| word).peekable();
        own.peek().is_some() && own.all(|word| list.read.positive.contains(word))
    };
    let kinds: Vec<&'static str> = ["creditCard", "loan"].into_iter().filter(|kind| may_owe(kind)).collect();
    if kinds.is_empty() || answering == Answering::Nobody {
        return Vec::new();
    }
    let asks = "Are the amounts of cards and loans what you owe, so that a payment has a minus?";
    match inquiry.choose("owed".into(), asks.into(), "no", &["yes", "no"]) {
        "yes" => kinds,
        _ => Vec::new(),
    }
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

/// Which page of the script each saved page is.
fn kinds(looked: &[Looked<'_>], ledger: Option<&LedgerList>, accounts: Option<&AccountsList>) -> Vec<Option<PageKind>> {
    let mut taken = Vec::new();
    let kind = |(at, looked): (usize, &Looked<'_>)| {
        let of_form = looked.form.as_ref().map(|form| match (form.kind, &form.alert) {
            (Kind::User, _) => PageKind::User,
            (Kind::Password, None) => PageKind::SignIn,
            (Kind::Password, Some(_)) => PageKind::Refused,
            (Kind::Code | Kind::Question, _) => PageKind::Code,
        });
        let kind = if accounts.is_some_and(|list| list.at == at) {
            Some(PageKind::Accounts)
        } else if ledger.is_some_and(|list| list.at == at) {
            Some(PageKind::Account)
        } else {
            of_form.or_else(|| leads::goodbye(&looked.document).map(|_| PageKind::SignedOut))
        };
        kind.filter(|kind| !taken.contains(kind)).inspect(|kind| taken.push(*kind))
    };
    looked.iter().enumerate().map(kind).collect()
}

fn missing(looked: &[Looked<'_>]) -> Vec<&'static str> {
    let has = |kind: PageKind| looked.iter().any(|looked| looked.kind == Some(kind));
    let wanted: [(PageKind, &str); 5] = [
        (PageKind::SignIn, PageKind::SignIn.said()),
        (PageKind::Refused, PageKind::Refused.said()),
        (PageKind::Accounts, "the list of accounts, as a table with headers or as tiles"),
        (PageKind::Account, "an account's own page, with its transactions in a table"),
        (PageKind::SignedOut, PageKind::SignedOut.said()),
    ];
    wanted.iter().filter(|(kind, _)| !has(*kind)).map(|(_, what)| *what).collect()
}

/// Reads the pages by the script, and says what came of it.
fn read_back(notes: &mut Notes, script: &Script, looked: &[Looked<'_>], today: Date) {
    for looked in looked {
        let is_read = |kind: &PageKind| matches!(kind, PageKind::Accounts | PageKind::Account | PageKind::Transactions);
        let Some(kind) = looked.kind.filter(is_read) else { continue };
        match script.read_page(kind.as_str(), looked.page.html, today) {
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
