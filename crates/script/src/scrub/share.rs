//! Pages with what a customer's bank shows as pages that may be given away: built as they are, with texts that are made up, on which
//! the script reads as many records as before, and finds their sums and balances to hold.
//!
//! Not here: what texts become (`fiction`), and what is found of them afterwards (`survivors`).

use domain::calendar::DateFormat;
use domain::secret::Secret;
use jiff::civil::Date;
use rust_decimal::Decimal;
use url::Url;

use super::disguise::Secrets;
use super::fiction::{Amounts, Fiction, Key, Writing};
use super::veil::Veil;
use super::{Keeper, OwnWords, Scrubbed, Scrubbing, address, survivors, veiled};
use crate::document::{Document, folded_case};
use crate::language::{Format, Script};
use crate::rehearse::PageRead;

/// A page as it was saved.
#[derive(Clone, Copy, Debug)]
pub struct Shareable<'p> {
    /// The page of the script that it is.
    pub page: &'p str,
    /// Its document.
    pub html: &'p str,
    /// Where it was, if it is known.
    pub address: Option<&'p Url>,
    /// The day on which it was saved, in the bank's time zone.
    pub today: Date,
}

/// A page that may be given away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// It.
    pub page: Scrubbed,
    /// Where it was, without a query; what the script knows pages by stays.
    pub address: Option<String>,
}

/// Why pages aren't made up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareError {
    /// Nothing can be read on a page as it is.
    Unread {
        /// Which, from 0.
        page: usize,
        /// What a run would end with there.
        why: String,
    },
    /// What was made up isn't read as the page was.
    Otherwise {
        /// Which page, from 0.
        page: usize,
        /// What differs.
        what: String,
    },
}

impl std::fmt::Display for ShareError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unread { why, .. } => write!(out, "the script doesn't read it as it is: {why}"),
            Self::Otherwise { what, .. } => write!(out, "what was made up isn't read as the page was: {what}"),
        }
    }
}

impl std::error::Error for ShareError {}

/// The same pages with texts that are made up by `key`, which has to be forgotten afterwards. `secrets` are masked as ever; names
/// that somebody knows are replaced in headings, too.
///
/// # Errors
/// A page that isn't read, before or after.
pub fn shared(
    script: &Script,
    own: &OwnWords,
    pages: &[Shareable<'_>],
    (secrets, names): (&[&str], &[&str]),
    key: &Secret,
) -> Result<Vec<Shared>, ShareError> {
    let read = |at: usize, page: &Shareable<'_>, html: &str| {
        script
            .read_page(page.page, html, page.today)
            .map_err(|failure| ShareError::Unread { page: at, why: format!("{}: {}", failure.code, failure.message) })
    };
    let before: Vec<PageRead> =
        pages.iter().enumerate().map(|(at, page)| read(at, page, page.html)).collect::<Result<_, _>>()?;
    for (at, read) in before.iter().enumerate() {
        if sizes(read).any(|size| size.abs() > LARGEST) {
            let what = "it shows an amount of more than fifteen digits".to_owned();
            return Err(ShareError::Otherwise { page: at, what });
        }
    }
    let key = Key::new(key.expose().as_bytes());
    let documents = pages.iter().filter_map(|page| Document::parse(page.html).ok()).collect::<Vec<_>>();
    let mut theirs = survivors::names(documents.iter(), own);
    theirs.extend(names.iter().flat_map(|name| name.split_whitespace()).map(folded_case));
    let (locale, currency) = (script.locale, script.currency.clone());
    let writing = Writing { locale, currency, days: days(script), theirs };
    let fiction = Fiction::new(key, own, writing, Amounts::of(key, &before));
    let mut made = Vec::with_capacity(pages.len());
    for (at, (page, before)) in pages.iter().zip(&before).enumerate() {
        fiction.begin();
        let scrubbing =
            Scrubbing { secrets: Secrets::new(secrets), own, veil: Veil::Fiction(&fiction), keeper: Keeper::Its };
        let scrubbed = veiled(page.html, &scrubbing);
        let after = script.read_page(page.page, &scrubbed.html, page.today).map_err(|failure| {
            ShareError::Otherwise { page: at, what: format!("{}: {}", failure.code, failure.message) }
        })?;
        if let Some(what) = difference(before, &after) {
            return Err(ShareError::Otherwise { page: at, what });
        }
        let address = page.address.map(|url| {
            let mut url = url.clone();
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            let known = |part: &&str| own.addresses().any(|known| known.trim_matches('/') == *part);
            let part = |part: &str| match () {
                () if scrubbing.secrets.are_in(part) => "hidden".to_owned(),
                () if known(&part) => part.to_owned(),
                () => address(part, &scrubbing),
            };
            url.set_path(&url.path().split('/').map(part).collect::<Vec<_>>().join("/"));
            url.to_string()
        });
        made.push(Shared { page: scrubbed, address });
    }
    Ok(made)
}

/// No larger amount is made up, so that sums of them can be told.
const LARGEST: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// Everything that is read as an amount or a balance.
fn sizes(read: &PageRead) -> impl Iterator<Item = Decimal> {
    let accounts = read.accounts.iter().flatten().chain(&read.account);
    let balances = accounts.flat_map(|account| [&account.current_balance, &account.available_balance]);
    let rows = read.transactions.iter().flatten();
    let amounts = rows.clone().map(|row| Some(row.amount.as_str()));
    let running = rows.map(|row| row.running_balance.as_deref());
    let texts = balances.map(Option::as_deref).chain(amounts).chain(running).flatten();
    texts.filter_map(|text| text.parse().ok())
}

/// What of two readings differs though only texts are other ones.
fn difference(before: &PageRead, after: &PageRead) -> Option<String> {
    let accounts = |read: &PageRead| read.accounts.as_ref().map(Vec::len);
    if accounts(before) != accounts(after) {
        return Some("another number of accounts".to_owned());
    }
    let (before, after) =
        (before.transactions.as_deref().unwrap_or_default(), after.transactions.as_deref().unwrap_or_default());
    if before.len() != after.len() {
        return Some(format!("{} transactions, and there were {}", after.len(), before.len()));
    }
    let differs = before.iter().zip(after).position(|(before, after)| {
        (before.status, before.posted_date, before.entry_type, before.running_balance.is_some())
            != (after.status, after.posted_date, after.entry_type, after.running_balance.is_some())
    });
    if let Some(row) = differs {
        return Some(format!("row {} has another day, status, direction or no balance", row + 1));
    }
    let links = |rows: &[domain::transaction::ObservedTransaction]| {
        let number = |text: &str| text.parse::<Decimal>().ok();
        let balance = |at: usize| number(rows.get(at)?.running_balance.as_deref()?);
        let leads = |from: usize, to: usize| Some(balance(from)? + number(&rows.get(to)?.amount)? == balance(to)?);
        (1..rows.len()).map(|at| (leads(at - 1, at), leads(at, at - 1))).collect::<Vec<_>>()
    };
    let (before, after) = (links(before), links(after));
    let broken = before.iter().zip(&after).position(|(before, after)| {
        (before.0 == Some(true) && after.0 != Some(true)) || (before.1 == Some(true) && after.1 != Some(true))
    });
    broken.map(|row| format!("the balances between rows {} and {} don't follow any more", row + 1, row + 2))
}

/// How the script says that days are written.
fn days(script: &Script) -> Vec<DateFormat> {
    let mut formats: Vec<&Format> = vec![&script.reads.accounts.format];
    formats.extend(script.reads.account.as_ref().map(|account| &account.format));
    if let Some(transactions) = &script.reads.transactions {
        formats.extend(transactions.layouts.iter().map(|layout| &layout.format));
    }
    formats.into_iter().filter_map(|format| format.date.clone()).collect()
}
