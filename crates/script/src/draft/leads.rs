//! What leads from page to page: to further rows, back to the list, to the end of the session; and files that are offered.
//!
//! Not here: what leads to an account, which is in its row (`accounts`).

use domain::money::Currency;
use jiff::civil::Date;
use scraper::ElementRef;

use super::approval::Waiting;
use super::further;
use super::passed::Passed;
use super::scrolled;
use super::selectors::{alone_on, selector, selector_on};
use super::trail::Trail;
use super::values::{First, days};
use super::walk::{Listed, Walk, news};
use super::windows::Range;
use super::words::{ABROAD, BACK, DETAILS, GOODBYE, MORE, NEXT, SIGN_OUT, field, is_one, is_within};
use super::{AccountsList, LedgerList, Looked, Notes, Sureness};
use crate::css::Css;
use crate::document::{Document, folded_case, is_code, is_hidden, shown_text};
use crate::label::{beside, can_label, is_pair};
use crate::recording::PageKind;

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
    /// From an account's own page to its transactions, where they are on another.
    pub(super) open: Option<(usize, String, Sureness)>,
    /// What shows where an account has no rows, and where the user isn't shown any.
    pub(super) empty: Option<String>,
    pub(super) unless: Option<String>,
    /// How many rows there are in all, as the page says it: a selector, and what stands before the number.
    pub(super) announced: Option<(usize, String, String)>,
    /// The details of an account: our fields, and their labels.
    pub(super) details: Vec<(&'static str, String)>,
    details_at: usize,
    /// The list in which they stand.
    pub(super) details_in: Option<String>,
    /// How the day is written on which they were so.
    pub(super) as_of: Option<String>,
    /// What has a code sent, where the bank asks how.
    pub(super) medium: Option<String>,
    /// How some days after others are asked for.
    pub(super) range: Option<Range>,
    /// The page that waits for an approval, and how it is known.
    pub(super) waiting: Option<(usize, Waiting)>,
    /// The page that came in between.
    pub(super) passed: Option<Passed>,
    /// What offers a file.
    downloads: Vec<(usize, String, String)>,
}

/// How further rows come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Further {
    /// In place of those that are there.
    Page,
    /// The same, until this shows.
    Until(String),
    /// The same, behind the number of the page that shows, which this is.
    Numbers(String),
    /// The same, for each option of this field.
    Choose(String),
    /// Below them.
    Below,
    /// In place of those that are scrolled away, each told apart by this attribute, until this shows.
    Scrolled { key: Option<String>, end: Option<String> },
}

impl Leads {
    pub(super) fn of(
        looked: &[Looked<'_>],
        ledger: Option<&LedgerList>,
        accounts: Option<&AccountsList>,
        day: (Date, &Currency),
    ) -> Self {
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
        leads.detail(page, at, day);
        leads.downloads = downloads(document).into_iter().map(|(selector, format)| (at, selector, format)).collect();
        leads
    }

    /// The same by where clicks led, and by words only where nobody clicked.
    pub(super) fn of_trail(
        looked: &[Looked<'_>],
        ledger: Option<&LedgerList>,
        accounts: Option<&AccountsList>,
        (trail, listed, walk): (&Trail, &Listed, &Walk),
        range: Option<Range>,
        day: (Date, &Currency),
    ) -> Self {
        let mut leads = Self { range, ..Self::of(looked, ledger, accounts, day) };
        let of = |at: usize| looked.get(at).map(|page| (page, trail.lead(at, &page.document)));
        let clicked = |at: usize, is_wanted: &dyn Fn(usize) -> bool| {
            let page = looked.get(at)?;
            let led = trail.clicks(at, &page.document).find(|(_, then)| then.is_some_and(is_wanted));
            led.map(|(element, _)| (page, element))
        };
        if let Some((page, account)) = walk.account.and_then(|at| Some((looked.get(at)?, at))) {
            let to_ledger = clicked(account, &|to| listed.ledgers.contains(&to) || listed.asking.contains(&to));
            leads.open = to_ledger.map(|(page, element)| told(page, account, element));
            leads.detail(page, account, day);
        }
        let is_list = |to: usize| listed.accounts.contains(&to);
        // Somebody may go back from elsewhere, as from a part of the list that has no rows.
        let inside = listed.accounts.iter().min().copied().unwrap_or(looked.len());
        let rest = (inside..looked.len()).filter(|at| !listed.ledgers.contains(at) && !is_list(*at));
        let back = listed.ledgers.iter().copied().chain(rest).find_map(|at| Some((at, clicked(at, &is_list)?)));
        if let Some((at, (page, element))) = back {
            // An account's own page has it, too, where its transactions are on another.
            let list = listed.ledgers.first().copied().filter(|_| !listed.ledgers.contains(&at));
            let others = walk.account.into_iter().chain(list).filter(|other| *other != at);
            let others: Vec<&Document> = others.filter_map(|at| looked.get(at)).map(|page| &page.document).collect();
            let (selector, sureness) = selector_on(&page.document, element, &others);
            leads.back = Some((at, selector, sureness));
        }
        let scrolled = ledger.and_then(|list| scrolled::next(looked, trail, listed, list));
        leads.next =
            scrolled.or_else(|| further::next(looked, trail, listed, leads.range.as_ref())).or(leads.next.take());
        leads.without_rows(looked, (ledger, accounts), (trail, listed, walk));
        // What was clicked last on a list of accounts led out, if no list shows after it.
        let is_out = |to: usize| !is_list(to) && !listed.ledgers.contains(&to) && Some(to) != walk.account;
        let out = listed.accounts.iter().rev().find_map(|at| match of(*at)? {
            (page, Some((element, to))) if is_out(to) => Some((*at, page, element)),
            _ => None,
        });
        if let Some((at, page, element)) = out {
            // A session may end on any page behind the sign-in.
            let inside = listed.accounts.iter().chain(&listed.ledgers).chain(&walk.account);
            let inside: Vec<&Document> = inside.filter_map(|at| looked.get(*at)).map(|page| &page.document).collect();
            let own = alone_on(&page.document, element, &inside).map(|own| (at, own, Sureness::Likely));
            leads.sign_out = own.or_else(|| Some(told(page, at, element)));
        }
        leads.waiting = walk.waiting.clone();
        leads.passed.clone_from(&walk.passed);
        let asks = walk.kinds.iter().position(|kind| *kind == Some(PageKind::Medium));
        let sends = asks.and_then(|at| match of(at)? {
            (page, Some((element, _))) => Some(told(page, at, element)),
            _ => None,
        });
        leads.medium = sends.map(|(_, selector, _)| selector);
        leads
    }

    /// What shows on accounts that somebody looked at and that have no rows: pages that were opened as one with rows was.
    fn without_rows(
        &mut self,
        looked: &[Looked<'_>],
        (ledger, accounts): (Option<&LedgerList>, Option<&AccountsList>),
        (trail, listed, walk): (&Trail, &Listed, &Walk),
    ) {
        let Some(ledger) = ledger.and_then(|list| looked.get(list.at)) else { return };
        let is_led_from = |to: usize, from: &[usize]| from.iter().any(|from| trail.leads(*from, to));
        let is_known = |at: usize| walk.kinds.get(at).copied().flatten().is_some_and(|kind| kind != PageKind::Account);
        let is_other = |at: &usize| !listed.accounts.contains(at) && !listed.ledgers.contains(at) && !is_known(*at);
        let list = accounts.and_then(|list| Css::made(&list.table.0));
        let is_listed = |element: ElementRef<'_>| {
            let mut above = element.ancestors().filter_map(ElementRef::wrap);
            list.as_ref().is_some_and(|list| above.any(|above| list.fits(above)))
        };
        // What is beside the list leads elsewhere.
        let is_opened = |to: usize| {
            let pages = listed.accounts.iter().filter_map(|from| Some((*from, &looked.get(*from)?.document)));
            let mut clicks = pages.flat_map(|(from, page)| trail.clicks(from, page));
            clicks.any(|(element, then)| then == Some(to) && is_listed(element))
        };
        let opened: Vec<usize> = (0..looked.len()).filter(|at| is_other(at) && is_opened(*at)).collect();
        // Of options, each as a month, and of days that are asked for, some may have no rows.
        let option = match (&self.range, &self.next) {
            (Some(range), _) => Css::made(&range.click),
            (None, Some((_, click, _, Further::Choose(_)))) => Css::made(click),
            _ => None,
        };
        let is_option = |to: usize| {
            let from = listed.ledgers.iter().chain(&listed.asking);
            let pages = from.filter_map(|from| Some((*from, &looked.get(*from)?.document)));
            let mut clicks = pages.flat_map(|(from, page)| trail.clicks(from, page).map(move |click| (page, click)));
            clicks.any(|(page, (element, then))| {
                let is_it = |css: &Css| page.all(css).any(|found| found.id() == element.id());
                then == Some(to) && option.as_ref().is_some_and(is_it)
            })
        };
        let Some(account) = walk.account.and_then(|at| looked.get(at)) else {
            // An account's page has its rows, or says that there are none.
            let options = (0..looked.len()).filter(|at| is_other(at) && is_option(*at));
            let empty = opened.iter().copied().chain(options).filter_map(|at| looked.get(at));
            self.empty = empty.filter_map(|page| news(&ledger.document, &page.document)).next();
            return;
        };
        let leads_on = |at: &usize| {
            let open = self.open.as_ref().and_then(|(_, open, _)| Css::made(open));
            looked.get(*at).zip(open).is_some_and(|(page, open)| page.document.can_click(&open))
        };
        let (on, limited): (Vec<usize>, Vec<usize>) = opened.into_iter().partition(|at| leads_on(at));
        let limited = limited.iter().filter_map(|at| looked.get(*at));
        self.unless = limited.filter_map(|page| news(&account.document, &page.document)).next();
        let is_shown = |at: usize| is_led_from(at, &on) && !listed.asking.contains(&at);
        let is_without = |at: &usize| is_other(at) && (is_shown(*at) || is_option(*at));
        let empty = (0..looked.len()).filter(is_without).filter_map(|at| looked.get(at));
        self.empty = empty.filter_map(|page| news(&ledger.document, &page.document)).next();
    }

    /// Takes up the details of an account's own page.
    fn detail(&mut self, page: &Looked<'_>, at: usize, (today, currency): (Date, &Currency)) {
        let found = details(&page.document);
        let as_of = found.iter().find(|(field, ..)| *field == "balanceAsOf").map(|(.., value)| value.as_str());
        self.as_of = as_of.and_then(|day| days(&[day], today, First::of(currency))).map(|days| days.pattern);
        self.details = found.into_iter().map(|(field, label, _)| (field, label)).collect();
        self.details_at = at;
        let is_label = |element: &ElementRef<'_>| {
            let text = folded_case(&shown_text(*element));
            can_label(element) && self.details.iter().any(|(_, label)| folded_case(label) == text)
        };
        let first = page.document.everything().find(|element| is_label(element));
        let around = first.and_then(|label| {
            let mut above = label.ancestors().filter_map(ElementRef::wrap);
            above.find(|above| matches!(above.value().name(), "dl" | "table"))
        });
        self.details_in = around.map(|around| selector(&page.document, around).0);
    }

    /// Says what leads where.
    pub(super) fn tell(&self, notes: &mut Notes, file: impl Fn(usize) -> String) {
        let by_words = "by its words";
        if let Some((at, selector, sureness)) = &self.sign_out {
            notes.add(&file(*at), "sign_out", selector, *sureness, by_words);
        }
        if let Some((at, waiting)) = &self.waiting {
            let why = "nothing was done there, and it went on";
            notes.add(&file(*at), "approval, prompt", &waiting.prompt, Sureness::Likely, why);
        }
        if let Some((at, selector, sureness)) = &self.open {
            notes.add(&file(*at), "transactions, open", selector, *sureness, "a click on it led there");
        }
        for (what, selector) in [("transactions, empty", &self.empty), ("transactions, unless", &self.unless)] {
            if let Some(selector) = selector {
                notes.add(
                    &file(self.details_at),
                    what,
                    selector,
                    Sureness::Likely,
                    "it shows on an account without rows",
                );
            }
        }
        if let Some((at, selector, sureness)) = &self.back {
            notes.add(&file(*at), "back", selector, *sureness, "by where it leads, or its words");
        }
        if let Some((at, selector, sureness, further)) = &self.next {
            let (what, why) = match further {
                Further::Scrolled { .. } => ("next, scroll", "rows came and went while it was scrolled"),
                Further::Below => ("next, more", "rows come below those that are there"),
                Further::Page => ("next", "see that nothing of it can be clicked on the last page"),
                Further::Until(_) => ("next", "until it isn't there any more, or can't be clicked"),
                Further::Choose(_) => ("next, choose", "each option of the field that was used is looked at"),
                Further::Numbers(_) => ("next", "the number behind that of the page"),
            };
            notes.add(&file(*at), what, selector, *sureness, why);
        }
        if let Some(range) = &self.range {
            let why = "they were filled before rows came; see that it is as far as the portal can be asked";
            notes.add(&file(range.at), "windows", range.said(), Sureness::Likely, why);
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
    let is_said =
        |element: &ElementRef<'_>| !is_hidden(element) && !is_code(element) && element.value().name() != "title";
    let headings = document.everything().filter(is_said);
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
    let whole = all.iter().find(|(_, said)| is_one(words, said));
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
        // `1 to 25 of 130`, or the same with a word before.
        let numbers = text.split(|sign: char| !sign.is_ascii_digit()).filter(|number| !number.is_empty()).count();
        let is_range = text.starts_with(|sign: char| sign.is_ascii_digit()) || numbers == 3;
        let is_range = is_range && digits > 2 && text.len() < 60;
        is_range.then(|| (selector(document, element).0, (*before).to_owned()))
    })
}

/// The labels of an account's details, with what stands beside them.
fn details(document: &Document) -> Vec<(&'static str, String, String)> {
    let mut found: Vec<(&'static str, String, String)> = Vec::new();
    for element in document.everything().filter(|element| can_label(element) && !is_hidden(element)) {
        if element.value().name() == "td" && !is_pair(element) {
            continue;
        }
        // A header of columns has no value beside it.
        let Some(value) = beside(element) else { continue };
        let label = shown_text(element);
        let words = folded_case(&label);
        let words = words.trim_end_matches([':', '：', ' ']);
        let Some((field, super::words::Fit::Whole)) = field(DETAILS, words) else { continue };
        let value = shown_text(value);
        let is_abroad = |label: &str| folded_case(label) == ABROAD;
        match found.iter_mut().find(|(known, ..)| *known == field) {
            _ if value.is_empty() => {}
            None => found.push((field, label, value)),
            // Where a bank says both, a number is what it calls one.
            Some(known) if is_abroad(&known.1) && !is_abroad(&label) => *known = (field, label, value),
            Some(_) => {}
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

#[cfg(test)]
mod tests {
    use super::{Looked, announced, details};
    use crate::SavedPage;
    use crate::document::Document;

    #[test]
    fn how_many_rows_there_are_stands_behind_which_of_them_show() {
        let check = |html: &str, expected: Option<&str>| {
            let (url, document) = ("https://bank.example/".parse().expect("an address"), Document::parse(html));
            let page = SavedPage { file: "", url: &url, html };
            let document = document.expect("a document");
            let looked = Looked { page, document, language: None, form: None, kind: None };
            let found = announced(&looked);
            assert_eq!(found.as_ref().map(|(_, before)| before.as_str()), expected, "{html}");
        };
        check("<p>1 to 25 of 130", Some("of "));
        check("<p>Items 1 to 50 of 124", Some("of "));
        check("<p>Page 1 of 300", None);
        check("<p>A member since 1921", None);
    }

    #[test]
    fn a_number_of_its_own_is_an_accounts_number_before_its_iban() {
        let check = |html: &str, expected: &[(&str, &str)]| {
            let document = Document::parse(html).expect("a document");
            let found = details(&document);
            let found: Vec<(&str, &str)> = found.iter().map(|(field, label, _)| (*field, label.as_str())).collect();
            assert_eq!(found, expected, "{html}");
        };
        let iban = "<dt>IBAN<dd>DE02 1203 0000 0000 2020 51";
        check(&format!("<dl>{iban}</dl>"), &[("accountNumber", "IBAN")]);
        check(&format!("<dl>{iban}<dt>Kontonummer<dd>202051</dl>"), &[("accountNumber", "Kontonummer")]);
        check(&format!("<dl><dt>Kontonummer<dd>202051{iban}</dl>"), &[("accountNumber", "Kontonummer")]);
        check("<table><tr><td><b>As of :</b><td>11/20/26</table>", &[("balanceAsOf", "As of :")]);
    }
}
