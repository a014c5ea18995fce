//! Whose page a page of an account is: it repeats the account's number, its name above everything else, or its balance.
//!
//! Not here: what is on it.

use domain::account::ObservedAccount;
use scraper::ElementRef;
use url::Url;

use super::Recorded;
use crate::document::{Document, fold, shown_text};
use crate::language::Script;

/// An account of the list, and where its row leads.
pub(super) struct Listed {
    pub(super) account: ObservedAccount,
    pub(super) address: Option<Url>,
}

/// The account whose page it is, as a place in the list; none where that can't be told.
pub(super) fn whose(script: &Script, page: &Recorded<'_>, document: &Document, listed: &[Listed]) -> Option<usize> {
    if let [_] = listed {
        return Some(0);
    }
    let signs = Signs::of(script, page, document);
    let scores: Vec<u32> = listed.iter().map(|one| signs.speak_for(one, page.address)).collect();
    let best = scores.iter().copied().max().filter(|best| *best > 0);
    let fitting: Vec<usize> = (0..scores.len()).filter(|place| scores.get(*place).copied() == best).collect();
    // A number behind the page's name is that of a page of a list, unless nothing else tells.
    let named = || {
        let key = page.file.split('.').nth(1);
        listed.iter().position(|one| Some(one.account.portal_key.as_str()) == key)
    };
    match fitting.as_slice() {
        [one] => Some(*one),
        _ => named(),
    }
}

/// What a page says.
struct Signs {
    text: String,
    headings: String,
    account: Option<ObservedAccount>,
}

impl Signs {
    fn of(script: &Script, page: &Recorded<'_>, document: &Document) -> Self {
        let is_heading = |element: &ElementRef<'_>| {
            matches!(element.value().name(), "title" | "h1" | "h2" | "h3" | "caption" | "legend")
        };
        let headings: Vec<String> = document.everything().filter(is_heading).map(shown_text).collect();
        let text = document.elements().next().map(shown_text).unwrap_or_default();
        let read = script.read_page(page.page, page.html, page.today).ok();
        Self { text, headings: headings.join("\n"), account: read.and_then(|read| read.account) }
    }

    fn speak_for(&self, listed: &Listed, address: Option<&Url>) -> u32 {
        let account = &listed.account;
        let says = |text: &str, words: &str| !words.is_empty() && text.contains(&*fold(words));
        let masked = account.masked_number.as_deref().unwrap_or_default();
        let number = account.account_number.as_deref().unwrap_or_default();
        let mut tail: Vec<char> = masked.chars().filter(char::is_ascii_digit).collect();
        let tail: String = tail.split_off(tail.len().saturating_sub(4)).into_iter().collect();
        let own = self.account.as_ref();
        let own_number = own.and_then(|own| own.account_number.as_deref()).unwrap_or_default();
        let is_same = |one: Option<&str>, other: Option<&str>| one.is_some() && one == other;
        let balance = |of: fn(&ObservedAccount) -> Option<&str>| is_same(own.and_then(of), of(account));
        let leads = listed.address.as_ref().is_some_and(|leads| Some(leads) == address);
        let signs = [
            (leads, 8),
            (tail.len() > 2 && own_number.ends_with(&tail), 6),
            (says(&self.text, number), 6),
            (says(&self.text, masked), 4),
            (says(&self.headings, &account.name), 3),
            (says(&self.text, &account.name), 1),
            (balance(|account| account.current_balance.as_deref()), 2),
            (balance(|account| account.available_balance.as_deref()), 2),
        ];
        signs.iter().filter(|(holds, _)| *holds).map(|(_, weight)| weight).sum()
    }
}
