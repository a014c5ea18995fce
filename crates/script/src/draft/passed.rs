//! A page that came in between and was passed by a click, with nothing typed: a survey, news, a notice, or what the portal opens
//! with.
//!
//! Not here: one that asks how a code is to be sent, or waits for an approval.

use super::Looked;
use super::questions::Inquiry;
use super::selectors::{selector, selectors};
use super::trail::Trail;
use crate::css::Css;
use crate::document::{Document, fold, is_hidden, shown_text};

/// How long what was clicked is told at most.
const SAID: usize = 60;

/// How it is known, and what passes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    /// What no other page that was seen has.
    pub(super) sign: String,
    pub(super) click: String,
}

/// Takes a page for one that is passed, unless a person says that it was something else. `others` are all pages but it.
pub(super) fn passed(
    (page, at): (&Looked<'_>, usize),
    others: &[&Document],
    trail: &Trail,
    inquiry: &mut Inquiry<'_>,
) -> Option<Passed> {
    let document = &page.document;
    let (element, _) = trail.lead(at, document)?;
    if trail.fills(at, document).is_empty() && trail.chosen(at, document).next().is_none() {
        let is_its_own = |sign: &String| {
            let css = Css::made(sign);
            css.is_some_and(|css| others.iter().all(|other| other.all(&css).all(|found| is_hidden(&found))))
        };
        let sign = selectors(document, element).into_iter().find(is_its_own)?;
        let said: String = fold(&shown_text(element)).chars().take(SAID).collect();
        let asks = format!(
            "You went on by \"{said}\" from a page on which nothing was typed: does it come now and then, to be passed like that?"
        );
        if inquiry.choose(format!("passed {sign}"), asks, "yes", &["yes", "no"]) == "yes" {
            return Some(Passed { sign, click: selector(document, element).0 });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Passed, passed};
    use crate::SavedPage;
    use crate::document::Document;
    use crate::draft::Looked;
    use crate::draft::questions::Inquiry;
    use crate::draft::trail::Trail;
    use crate::recording::{Act, Deed, Page, Recording, Target, Way};

    fn check(html: &str, answers: &[(&str, &str)], expected: Option<(&str, &str)>) {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let other = "<h1>Accounts</h1><button class=go>Continue</button>";
        let mut recording = Recording::new(url.clone());
        for html in [html, other] {
            recording.pages.push(Page { url: url.clone(), window: 0, html: Some(html.into()), kind: None });
        }
        let target = Some(Target { within: Vec::new(), ways: vec![Way::Css("button".into())] });
        recording.acts.push(Act { on: Some(0), does: Deed::Click, target, then: Some(1) });
        let looked: Vec<Looked<'_>> = [html, other]
            .into_iter()
            .map(|html| {
                let document = Document::parse(html).expect("a document");
                Looked {
                    page: SavedPage { file: "", url: &url, html },
                    document,
                    language: None,
                    form: None,
                    kind: None,
                }
            })
            .collect();
        let trail = Trail::of(&recording, &looked);
        let answers: BTreeMap<String, String> =
            answers.iter().map(|(id, answer)| ((*id).to_owned(), (*answer).to_owned())).collect();
        let mut inquiry = Inquiry::new(&answers);
        let found = passed((&looked[0], 0), &[&looked[1].document], &trail, &mut inquiry);
        let expected = expected.map(|(sign, click)| Passed { sign: sign.to_owned(), click: click.to_owned() });
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn a_page_that_a_click_alone_led_on_from_is_passed_by_it_unless_somebody_says_no() {
        let survey = "<h1>Your opinion</h1><button id=later>Maybe later</button>";
        check(survey, &[], Some(("#later", "#later")));
        check(survey, &[("passed #later", "no")], None);
        // What other pages have too is no sign of it.
        let notice = "<h1>News</h1><form id=news><button class=go>Continue</button></form>";
        check(notice, &[], Some(("#news button.go", "button.go")));
        check("<h1>News</h1><button class=go>Continue</button>", &[], None);
    }
}
