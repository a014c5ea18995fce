//! A page that waits until somebody says yes elsewhere, in an app or on a device: nothing is done on it, and it goes on by itself.
//!
//! Not here: what is typed (`forms`), and what a run does while it waits.

use scraper::ElementRef;

use super::questions::Inquiry;
use super::selectors::selector;
use super::{Looked, Sureness};
use crate::css::Css;
use crate::document::{Document, folded_case, is_code, is_hidden, shown_text};

/// What asks for an approval.
const WORDS: &str = "approve|approval|authorise|authorize|confirm|your app|mobile app|banking app|notification|your phone|\
            your device|freigabe|freigeben|bestätigen|gerät|valider|approuver|confirmer|votre appareil|votre téléphone|\
            aprobar|confirmar|autorizar|su dispositivo|su móvil|approva|approvare|confermare|autorizza|aprovar|\
            goedkeuren|goedkeuring|bevestigen|承認|アプリ";

/// How it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    /// What says it.
    pub(super) prompt: String,
    /// The words in it, where other pages have something in its place.
    pub(super) words: Option<String>,
}

/// Takes a page for one that waits, where it says so or a person does. `others` are pages that are none.
pub(super) fn waiting(page: &Looked<'_>, others: &[&Document], inquiry: &mut Inquiry<'_>) -> Option<Waiting> {
    let document = &page.document;
    // What stands on other pages too, as at their foot, isn't what this one is for.
    let known: Vec<String> = others.iter().flat_map(|other| said(other)).map(|(_, text)| text).collect();
    let anew: Vec<(ElementRef<'_>, String)> = said(document).filter(|(_, text)| !known.contains(text)).collect();
    let (asking, rest): (Vec<_>, Vec<_>) = anew.into_iter().partition(|(_, text)| super::words::is_within(WORDS, text));
    if asking.is_empty() {
        let heading = rest.first().map(|(_, text)| text.as_str())?;
        let asks = format!(
            "Nothing was done on the page that says \"{heading}\", and it went on: does it wait for an approval in an app or on a device?"
        );
        if inquiry.choose(format!("waits {heading}"), asks, "no", &["no", "yes"]) == "no" {
            return None;
        }
    }
    let is_elsewhere = |mark: &str| {
        let css = Css::made(mark);
        css.is_none_or(|css| others.iter().any(|other| other.shown(&css).is_some()))
    };
    // The nearest thing around it that nothing else is called like.
    let around = |element: ElementRef<'_>| {
        let above = element.ancestors().filter_map(ElementRef::wrap);
        let marks = std::iter::once(element).chain(above).map(|element| selector(document, element));
        let mut likely = marks.filter(|(_, sureness)| *sureness > Sureness::Guess).map(|(mark, _)| mark);
        likely.find(|mark| !is_elsewhere(mark))
    };
    let all = || asking.iter().chain(&rest);
    if let Some(prompt) = all().find_map(|(element, _)| around(*element)) {
        return Some(Waiting { prompt, words: None });
    }
    let (element, _) = all().next()?;
    Some(Waiting { prompt: selector(document, *element).0, words: Some(own(*element)) })
}

/// What things say themselves, with its case folded; a title is none of what shows, and a number is another one next time.
fn said(document: &Document) -> impl Iterator<Item = (ElementRef<'_>, String)> {
    let shown = |element: &ElementRef<'_>| {
        !is_hidden(element)
            && !is_code(element)
            && !matches!(element.value().name(), "title" | "button" | "a" | "option")
    };
    let texts = document.everything().filter(shown).map(|element| (element, folded_case(&own(element))));
    texts.filter(|(_, text)| {
        text.chars().filter(|letter| letter.is_alphabetic()).count() > 2 && !text.chars().any(char::is_numeric)
    })
}

/// The text of a thing itself, without what is within others in it.
fn own(element: ElementRef<'_>) -> String {
    if element.child_elements().next().is_none() {
        return shown_text(element);
    }
    let texts = element.children().filter_map(|child| child.value().as_text()).map(|text| &**text);
    texts.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Waiting, waiting};
    use crate::SavedPage;
    use crate::document::Document;
    use crate::draft::Looked;
    use crate::draft::questions::Inquiry;

    const SIGN_IN: &str =
        "<h1>Sign in</h1><form><input type=password><button>Go</button></form><footer>Get our mobile app</footer>";

    fn check(html: &str, answers: &[(&str, &str)], expected: Option<(&str, Option<&str>)>, asked: usize) {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let parse = |html: &str| Document::parse(html).expect("a document");
        let page = SavedPage { file: "page", url: &url, html };
        let looked = Looked { page, document: parse(html), language: None, form: None, kind: None };
        let answers: BTreeMap<String, String> =
            answers.iter().map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned())).collect();
        let mut inquiry = Inquiry::new(&answers);
        let found = waiting(&looked, &[&parse(SIGN_IN)], &mut inquiry);
        let expected =
            expected.map(|(prompt, words)| Waiting { prompt: prompt.to_owned(), words: words.map(str::to_owned) });
        assert_eq!((found, inquiry.asked.len()), (expected, asked), "{html}");
    }

    #[test]
    fn a_page_that_asks_for_a_yes_elsewhere_is_known_by_what_is_around_its_words() {
        let html = "<h1>One moment</h1><div id=wait><p>We sent a request to <b>Anna's phone</b>. Please approve it.</p></div>\
            <button>Cancel</button><footer>Get our mobile app</footer>";
        check(html, &[], Some(("#wait p", None)), 0);
        check("<h1>Approve it in the banking app</h1>", &[], Some(("h1", Some("Approve it in the banking app"))), 0);
    }

    #[test]
    fn of_a_page_that_says_nothing_of_it_a_person_says_whether_it_waits() {
        let html = "<p class=load>One moment please</p><footer>Get our mobile app</footer>";
        check(html, &[], None, 1);
        check(html, &[("waits one moment please", "yes")], Some(("p.load", None)), 1);
        check("<footer>Get our mobile app</footer>", &[], None, 0);
    }
}
