//! What each page of a trail is: forms by what was typed into them, lists by their tables, and what lies between by where
//! clicks led.
//!
//! ```text
//! user ─▶ sign_in ─▶ (refused) ─▶ (medium) ─▶ (code) ─▶ (approval) ─▶ (passed) ─▶ accounts ─▶ account ─▶ (transactions)   accounts ─▶ signed_out
//! ```
//!
//! Of each kind it is the first page that counts. Not here: what is on a page.

use scraper::ElementRef;

use super::approval::{Waiting, waiting};
use super::forms::{Before, Form, Kind, form_of_trail};
use super::leads::goodbye;
use super::passed::{Passed, passed};
use super::questions::Inquiry;
use super::selectors::selector;
use super::tables::Sheet;
use super::trail::Trail;
use super::{AccountsList, LedgerList, Looked};
use crate::css::{Css, PIERCING};
use crate::document::{Document, folded_case, is_code, is_hidden, shown_text};
use crate::recording::PageKind;

/// Which pages show the lists that were found.
pub(super) struct Listed {
    pub(super) accounts: Vec<usize>,
    pub(super) ledgers: Vec<usize>,
    /// Pages that ask for days before they show any rows.
    pub(super) asking: Vec<usize>,
    /// The page that a list was taken from.
    accounts_at: Option<usize>,
    ledger_at: Option<usize>,
}

/// What the pages are.
pub(super) struct Walk {
    pub(super) forms: Vec<Option<Form>>,
    pub(super) kinds: Vec<Option<PageKind>>,
    /// An account's own page, where its transactions are on another.
    pub(super) account: Option<usize>,
    /// What waits for an approval, and how it is known.
    pub(super) waiting: Option<(usize, Waiting)>,
    /// The page that came in between.
    pub(super) passed: Option<Passed>,
}

impl Listed {
    /// Takes up a list of transactions that is laid out otherwise.
    pub(super) fn add(&mut self, sheets: &[Vec<Sheet<'_>>], other: &LedgerList) {
        let own = sheets.get(other.at).and_then(|sheets| sheets.iter().find(|sheet| sheet.selector.0 == other.table.0));
        let is_like = |sheet: &Sheet<'_>| own.is_some_and(|own| own.headers == sheet.headers);
        let pages = sheets.iter().enumerate().filter(|(_, sheets)| sheets.iter().any(is_like)).map(|(at, _)| at);
        self.ledgers.extend(pages);
    }

    /// The pages that have the same table with the same headers.
    pub(super) fn of(sheets: &[Vec<Sheet<'_>>], accounts: Option<&AccountsList>, ledger: Option<&LedgerList>) -> Self {
        let like = |at: usize, selector: &str| {
            let own = sheets.get(at)?.iter().find(|sheet| sheet.selector.0 == selector)?;
            let is_like = |sheet: &Sheet<'_>| sheet.headers == own.headers;
            let pages = sheets.iter().enumerate().filter(|(_, sheets)| sheets.iter().any(is_like));
            Some(pages.map(|(at, _)| at).collect::<Vec<_>>())
        };
        Self {
            accounts: accounts.and_then(|list| like(list.at, &list.table.0)).unwrap_or_default(),
            ledgers: ledger.and_then(|list| like(list.at, &list.table.0)).unwrap_or_default(),
            asking: Vec::new(),
            accounts_at: accounts.map(|list| list.at),
            ledger_at: ledger.map(|list| list.at),
        }
    }
}

/// Goes along the trail; none where there is no trail.
pub(super) fn walk(looked: &[Looked<'_>], trail: &Trail, listed: &Listed, inquiry: &mut Inquiry<'_>) -> Option<Walk> {
    if trail.is_empty() {
        return None;
    }
    // Who is in has typed what it takes.
    let inside = listed.accounts.iter().chain(&listed.ledgers).min().copied().unwrap_or(looked.len());
    let mut walk =
        Walk { forms: Vec::new(), kinds: vec![None; looked.len()], account: None, waiting: None, passed: None };
    let mut before = Before::Password;
    let mut asked: Vec<String> = Vec::new();
    for (at, page) in looked.iter().enumerate() {
        let typed = if at < inside { trail.fills(at, &page.document) } else { Vec::new() };
        let click = trail.lead(at, &page.document).map(|(element, _)| element);
        // The form that was refused asks for the same once more.
        let into: Vec<String> = typed.iter().map(|(field, _)| selector(&page.document, *field).0).collect();
        let is_again = into.iter().any(|field| asked.iter().any(|known| bare(known) == bare(field)));
        let when = if is_again { Before::Password } else { before };
        let form = form_of_trail(&page.document, &typed, click, when, inquiry);
        if form.as_ref().is_some_and(|form| form.kind == Kind::Password) {
            (before, asked) = (Before::Accounts, into);
        }
        walk.forms.push(form);
    }
    let give = |kinds: &mut Vec<Option<PageKind>>, at: usize, kind: PageKind| {
        if !kinds.contains(&Some(kind)) && kinds.get(at) == Some(&None) {
            kinds[at] = Some(kind);
        }
    };
    if let Some(at) = listed.accounts_at {
        give(&mut walk.kinds, at, PageKind::Accounts);
    }
    // What a click on the list leads to is the account; where its transactions are elsewhere, they have a page of their own.
    if let Some(ledger) = listed.ledger_at {
        let is_from_list = |from: &usize| listed.accounts.contains(from);
        let opened = (0..looked.len()).filter(|to| (0..*to).any(|from| is_from_list(&from) && trail.leads(from, *to)));
        let leads_on = |from: usize| listed.ledgers.iter().chain(&listed.asking).any(|to| trail.leads(from, *to));
        let is_other =
            |at: &usize| ![&listed.ledgers, &listed.asking, &listed.accounts].iter().any(|list| list.contains(at));
        walk.account = opened.filter(is_other).find(|at| leads_on(*at));
        match walk.account {
            Some(account) => {
                give(&mut walk.kinds, account, PageKind::Account);
                give(&mut walk.kinds, ledger, PageKind::Transactions);
            }
            None => give(&mut walk.kinds, ledger, PageKind::Account),
        }
    }
    let mut first: Option<usize> = None;
    for at in 0..inside {
        let Some(form) = walk.forms.get(at).and_then(Option::as_ref) else { continue };
        match form.kind {
            Kind::User => give(&mut walk.kinds, at, PageKind::User),
            Kind::Code | Kind::Question => give(&mut walk.kinds, at, PageKind::Code),
            Kind::Password => {
                match first {
                    // The form shows once more after it was sent: it was refused.
                    Some(before) => {
                        let said = form.alert.clone().or_else(|| news(&looked[before].document, &looked[at].document));
                        if let Some(said) = said {
                            give(&mut walk.kinds, at, PageKind::Refused);
                            if let Some(Some(form)) = walk.forms.get_mut(at) {
                                form.alert = Some(said);
                            }
                        }
                    }
                    None => give(&mut walk.kinds, at, PageKind::SignIn),
                }
                first = first.or(Some(at));
            }
        }
    }
    // What asks how a code is to be sent has nothing to type in.
    for at in 0..inside {
        let leads_to_code = (at..inside).find(|to| walk.kinds[*to] == Some(PageKind::Code) && trail.leads(at, *to));
        if leads_to_code.is_some() && walk.forms[at].is_none() && first.is_some_and(|first| first < at) {
            give(&mut walk.kinds, at, PageKind::Medium);
        }
    }
    // What waits has nothing done on it, and comes once who it is has been said.
    for at in first.map_or(0..0, |first| first + 1..inside) {
        let page = &looked[at];
        let is_idle = trail.fills(at, &page.document).is_empty() && trail.clicks(at, &page.document).next().is_none();
        let is_sent_to = (0..at).any(|from| walk.forms[from].is_some() && trail.leads(from, at));
        if walk.waiting.is_some() || walk.kinds[at].is_some() || !is_idle || !is_sent_to {
            continue;
        }
        // One that was seen again while it waited is the same.
        let others = looked.iter().take(at).chain(looked.iter().skip(inside)).map(|page| &page.document);
        if let Some(found) = waiting(page, &others.collect::<Vec<_>>(), inquiry) {
            walk.waiting = Some((at, found));
            give(&mut walk.kinds, at, PageKind::Approval);
        }
    }
    // What came in between has nothing typed into it.
    for at in 0..inside {
        if walk.passed.is_some() || walk.kinds[at].is_some() || walk.forms[at].is_some() {
            continue;
        }
        let others: Vec<&Document> =
            looked.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, page)| &page.document).collect();
        walk.passed = passed((&looked[at], at), &others, trail, inquiry);
        if walk.passed.is_some() {
            give(&mut walk.kinds, at, PageKind::Passed);
        }
    }
    let last = looked.len().saturating_sub(1);
    let ended = (inside..looked.len()).rev().find(|at| goodbye(&looked[*at].document).is_some());
    let is_left = !listed.accounts.contains(&last) && !listed.ledgers.contains(&last) && last > inside;
    if let Some(at) = ended.or_else(|| is_left.then_some(last)) {
        give(&mut walk.kinds, at, PageKind::SignedOut);
    }
    Some(walk)
}

/// A selector without the frame that it leads into: a form may show once more without its frames.
fn bare(selector: &str) -> &str {
    selector.rsplit(PIERCING).next().unwrap_or(selector).trim()
}

/// The first thing on a page that says something which the page before didn't, and that has nothing in its place there.
pub(super) fn news(before: &Document, now: &Document) -> Option<String> {
    fn said(document: &Document) -> impl Iterator<Item = (ElementRef<'_>, String)> {
        let is_shown =
            |element: &ElementRef<'_>| !is_hidden(element) && !is_code(element) && element.value().name() != "title";
        let leaves = document.everything().filter(is_shown);
        leaves.filter(|element| element.child_elements().next().is_none()).filter_map(|element| {
            let text = folded_case(&shown_text(element));
            (text.chars().filter(|letter| letter.is_alphabetic()).count() > 2).then_some((element, text))
        })
    }
    let known: Vec<String> = said(before).map(|(_, text)| text).collect();
    let is_new =
        |selector: &String| Css::made(selector).is_some_and(|css| before.all(&css).all(|element| is_hidden(&element)));
    let anew = said(now).filter(|(_, text)| !known.contains(text));
    anew.map(|(element, _)| selector(now, element).0).find(is_new)
}

#[cfg(test)]
mod tests {
    use super::{bare, news};
    use crate::document::Document;

    #[test]
    fn a_field_is_the_same_in_a_frame_and_without_it() {
        assert_eq!(bare("frame[name=body] >>> input[name=PIN]"), bare("input[name=PIN]"));
        assert_ne!(bare(">>> input[name=PIN]"), bare("input[name=CODE]"));
    }

    #[test]
    fn what_a_page_says_anew_is_found_and_a_clock_is_none() {
        let document = |html: &str| Document::parse(html).expect("a document");
        let before = document("<title>Log on</title><h1>Log on</h1><p>10:04</p><form><button>Go</button></form>");
        let now = document(
            "<title>Sorry</title><h1>Log on</h1><p>10:05</p><p class=err>No such user</p><form><button>Go</button></form>",
        );
        assert_eq!(news(&before, &now).as_deref(), Some("p.err"));
        assert_eq!(news(&before, &before), None);
    }
}
