//! What leads from page to page: to further rows, back to the list, to the end of the session; and files that are offered.
//!
//! Not here: what leads to an account, which is in its row (`accounts`).

use scraper::ElementRef;

use super::selectors::selector;
use super::words::{BACK, DETAILS, GOODBYE, MORE, NEXT, SIGN_OUT, field, is_within};
use super::{AccountsList, LedgerList, Looked, Notes, Sureness};
use crate::document::{Document, folded_case, is_code, is_hidden, shown_text};
use crate::label::{beside, can_label, is_pair};

/// How many things of a page are looked at.
const EVERYTHING: usize = 20_000;

/// Words that name a format of files.
const FORMATS: [&str; 9] = ["csv", "ofx", "qfx", "qbo", "mt940", "camt", "bai2", "bai", "excel"];

/// What leads on, where it was found.
#[derive(Default)]
pub(super) struct Leads {
    /// From the list of accounts: what ends the session.
    pub(super) sign_out: Option<(usize, String, Sureness)>,
    /// From an account's page: what leads to the list.
    pub(super) back: Option<(usize, String, Sureness)>,
    /// To further rows.
    pub(super) next: Option<(usize, String, Sureness, Further)>,
    /// How many rows there are in all, as the page says it: a selector, and what stands before the number.
    pub(super) announced: Option<(usize, String, String)>,
    /// The details of an account: our fields, and their labels.
    pub(super) details: Vec<(&'static str, String)>,
    details_at: usize,
    /// What offers a file.
    downloads: Vec<(usize, String, String)>,
}

/// How further rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Further {
    /// In place of those that are there.
    Page,
    /// Below them.
    Below,
}

impl Leads {
    pub(super) fn of(looked: &[Looked<'_>], ledger: Option<&LedgerList>, accounts: Option<&AccountsList>) -> Self {
        let mut leads = Self::default();
        if let Some((at, page)) = accounts.and_then(|list| Some((list.at, looked.get(list.at)?))) {
            leads.sign_out = by_words(&page.document, SIGN_OUT).map(|(element, _)| told(page, at, element));
        }
        let Some((at, page)) = ledger.and_then(|list| Some((list.at, looked.get(list.at)?))) else { return leads };
        let document = &page.document;
        let list = accounts.and_then(|list| looked.get(list.at)).map(|list| list.page.url);
        let home = actionable(document).find(|element| {
            let target = element.attr("href").and_then(|href| page.page.url.join(href).ok());
            target.is_some_and(|target| Some(&target) == list && target != *page.page.url)
        });
        let back = home.or_else(|| by_words(document, BACK).map(|(element, _)| element));
        leads.back = back.map(|element| told(page, at, element));
        let next = actionable(document).find(|element| element.attr("rel").is_some_and(|rel| rel.trim() == "next"));
        let next = next
            .or_else(|| by_words(document, NEXT).map(|(element, _)| element))
            .map(|element| (element, Further::Page));
        let next = next.or_else(|| by_words(document, MORE).map(|(element, _)| (element, Further::Below)));
        leads.next = next.map(|(element, further)| {
            let (at, selector, sureness) = told(page, at, element);
            (at, selector, sureness, further)
        });
        leads.announced = announced(page).map(|(selector, before)| (at, selector, before));
        (leads.details, leads.details_at) = (details(document), at);
        leads.downloads = downloads(document).into_iter().map(|(selector, format)| (at, selector, format)).collect();
        leads
    }

    /// Says what leads where.
    pub(super) fn tell(&self, notes: &mut Notes, file: impl Fn(usize) -> String) {
        let by_words = "by its words";
        if let Some((at, selector, sureness)) = &self.sign_out {
            notes.add(&file(*at), "sign_out", selector, *sureness, by_words);
        }
        if let Some((at, selector, sureness)) = &self.back {
            notes.add(&file(*at), "back", selector, *sureness, "by where it leads, or its words");
        }
        if let Some((at, selector, sureness, further)) = &self.next {
            let what = if *further == Further::Below { "next, more" } else { "next" };
            notes.add(
                &file(*at),
                what,
                selector,
                *sureness,
                "by its words: see that nothing of it can be clicked on the last page",
            );
        }
        if let Some((at, selector, before)) = &self.announced {
            notes.add(
                &file(*at),
                "announced",
                format!("{selector} after \"{before}\""),
                Sureness::Likely,
                "a number after such words",
            );
        }
        for (field, label) in &self.details {
            notes.add(&file(self.details_at), &format!("account, {field}"), label, Sureness::Likely, "by its label");
        }
        for (at, selector, format) in &self.downloads {
            notes.add(
                &file(*at),
                "file",
                format!("{format}: {selector}"),
                Sureness::Guess,
                "it may count before the table: see `file`",
            );
        }
    }
}

/// By what a page says that the session has ended: the deepest thing that says so, and the words that do; a name may stand
/// beside them.
pub(super) fn goodbye(document: &Document) -> Option<(String, &'static str)> {
    let headings = document.everything().filter(|element| !is_hidden(element) && !is_code(element));
    let mut found = None;
    for element in headings.take(EVERYTHING) {
        let own: String = element.children().filter_map(|child| child.value().as_text()).map(|text| &**text).collect();
        let own = folded_case(&own);
        // `You will be logged out in ten minutes` is said on pages of the session.
        let words = GOODBYE.split('|').find(|words| own.contains(words) && !own.chars().any(char::is_numeric));
        found = found.or(words.map(|words| (selector(document, element).0, words)));
    }
    found
}

fn told(page: &Looked<'_>, at: usize, element: ElementRef<'_>) -> (usize, String, Sureness) {
    let (selector, sureness) = selector(&page.document, element);
    (at, selector, sureness)
}

/// The links and buttons that show.
fn actionable(document: &Document) -> impl Iterator<Item = ElementRef<'_>> {
    document.everything().filter(|element| {
        let value = element.value();
        let is_one = match value.name() {
            "a" => value.attr("href").is_some() || value.attr("role").is_some(),
            "button" => true,
            "input" => matches!(value.attr("type"), Some("submit" | "button")),
            _ => value.attr("role").is_some_and(|role| matches!(role.trim(), "button" | "link")),
        };
        is_one && !is_hidden(element)
    })
}

/// The first thing whose words are these, whole ones first.
fn by_words<'d>(document: &'d Document, words: &str) -> Option<(ElementRef<'d>, String)> {
    let said = |element: &ElementRef<'_>| {
        let own = shown_text(*element);
        let own = if own.is_empty() {
            element.attr("aria-label").or(element.attr("value")).unwrap_or_default().to_owned()
        } else {
            own
        };
        folded_case(&own)
    };
    let all: Vec<(ElementRef<'d>, String)> = actionable(document).map(|element| (element, said(&element))).collect();
    let whole = all.iter().find(|(_, said)| words.split('|').any(|word| word == said));
    let part = || {
        let is_short = |said: &str| said.chars().count() <= 40;
        all.iter()
            .find(|(_, said)| is_short(said) && words.split('|').any(|word| word.len() > 3 && is_within(word, said)))
    };
    whole.or_else(part).cloned()
}

/// Where the page says how many rows there are: the deepest thing whose text is like `1 to 25 of 130`.
fn announced(page: &Looked<'_>) -> Option<(String, String)> {
    const BEFORE: [&str; 7] = ["of ", "von ", "sur ", "de ", "di ", "van ", "全"];
    let document = &page.document;
    let shown =
        document.everything().filter(|element| !is_hidden(element) && element.child_elements().next().is_none());
    shown.take(EVERYTHING).find_map(|element| {
        let text = shown_text(element);
        let digits = text.chars().filter(char::is_ascii_digit).count();
        let before = BEFORE.iter().find(|before| {
            let rest = text.split_once(**before).map(|(_, rest)| rest);
            rest.is_some_and(|rest| {
                !rest.is_empty() && rest.chars().all(|sign| sign.is_ascii_digit() || matches!(sign, ',' | '.' | '件'))
            })
        })?;
        let is_range = text.starts_with(|sign: char| sign.is_ascii_digit()) && digits > 2 && text.len() < 60;
        is_range.then(|| (selector(document, element).0, (*before).to_owned()))
    })
}

/// The labels of an account's details.
fn details(document: &Document) -> Vec<(&'static str, String)> {
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for element in document.everything().filter(|element| can_label(element) && !is_hidden(element)) {
        if element.value().name() == "td" && !is_pair(element) {
            continue;
        }
        // A header of columns has no value beside it.
        let Some(value) = beside(element) else { continue };
        let label = shown_text(element);
        let Some((field, super::words::Fit::Whole)) = field(DETAILS, &folded_case(&label)) else { continue };
        if !shown_text(value).is_empty() && found.iter().all(|(known, _)| *known != field) {
            found.push((field, label));
        }
    }
    found
}

/// What offers files, and in which format.
fn downloads(document: &Document) -> Vec<(String, String)> {
    let format = |element: &ElementRef<'_>| {
        let words = format!(
            "{} {}",
            folded_case(&shown_text(*element)),
            element.attr("href").unwrap_or_default().to_ascii_lowercase()
        );
        FORMATS.iter().find(|format| is_within(format, &words)).map(|format| (*format).to_owned())
    };
    let offering = actionable(document).filter_map(|element| Some((element, format(&element)?)));
    offering.take(8).map(|(element, format)| (selector(document, element).0, format)).collect()
}
