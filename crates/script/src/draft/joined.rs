//! Pages that were saved, given to a recording that says where it went and not what showed: each is the page on which what was
//! done can be done.
//!
//! At one address there may be many pages, as of a portal that never leaves its first. What was done to things tells them
//! apart; and a page that showed twice may have been saved once.
//!
//! Not here: what a page is for (`walk`).

use super::SavedPage;
use super::trail::found;
use crate::document::Document;
use crate::recording::{Page, Recording, Target};

/// Gives a recording the pages that were saved, in the order of a session as far as that is known; what nobody acted on, and
/// what is nowhere in the recording, comes behind. For each of its pages that has a document then, in order, the place of that
/// among `saved`.
#[must_use]
pub fn join_pages(recording: &mut Recording, saved: &[SavedPage<'_>]) -> Vec<usize> {
    let documents: Vec<Option<Document>> = saved.iter().map(|page| Document::parse(page.html).ok()).collect();
    let mut given: Vec<Option<usize>> = vec![None; recording.pages.len()];
    let mut is_free = vec![true; saved.len()];
    let acted: Vec<Vec<&Target>> = (0..recording.pages.len())
        .map(|at| {
            recording.acts.iter().filter(|act| act.on == Some(at)).filter_map(|act| act.target.as_ref()).collect()
        })
        .collect();
    // Those that were acted on are told by it; what is left is for the others.
    let mut order: Vec<usize> = (0..recording.pages.len()).collect();
    order.sort_by_key(|at| acted.get(*at).is_none_or(Vec::is_empty));
    for at in order {
        let (Some(page), Some(targets)) = (recording.pages.get(at), acted.get(at)) else { continue };
        if page.html.is_some() {
            continue;
        }
        let fitting = saved.iter().enumerate().filter(|(_, one)| one.url.path() == page.url.path());
        let mut best: Option<(usize, (usize, bool))> = None;
        for (place, _) in fitting {
            let document = documents.get(place).and_then(Option::as_ref);
            let done =
                targets.iter().filter(|target| document.is_some_and(|page| found(page, target).is_some())).count();
            let free = is_free.get(place).copied().unwrap_or_default();
            let fits = if targets.is_empty() { free } else { done > 0 };
            // The first of those that are as good.
            if fits && best.is_none_or(|(_, known)| known < (done, free)) {
                best = Some((place, (done, free)));
            }
        }
        let best = best.map(|(place, _)| place);
        if let Some(place) = best {
            given[at] = Some(place);
            is_free[place] = false;
        }
    }
    let mut places = Vec::new();
    for (page, place) in recording.pages.iter_mut().zip(&given) {
        if let Some(saved) = place.and_then(|place| saved.get(place)) {
            page.html = Some(saved.html.to_owned());
            places.extend(*place);
        }
    }
    for (place, page) in saved.iter().enumerate().filter(|(place, _)| is_free.get(*place) == Some(&true)) {
        let page = Page { url: page.url.clone(), window: 0, html: Some(page.html.to_owned()), kind: None };
        recording.pages.push(page);
        places.push(place);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::join_pages;
    use crate::SavedPage;
    use crate::recording::{Act, Deed, Page, Recording, Target, Way};

    #[test]
    fn pages_at_one_address_are_told_apart_by_what_was_done_on_them_and_one_may_have_shown_twice() {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        // The list, an account, the list again, and goodbye, on which nobody does anything.
        for _ in 0..4 {
            recording.pages.push(Page { url: url.clone(), window: 0, html: None, kind: None });
        }
        for (on, id) in ["first", "back", "out"].into_iter().enumerate() {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Id(id.into())] });
            recording.acts.push(Act { on: Some(on), does: Deed::Click, target, then: Some(on + 1) });
        }
        let bye = "<p>bye";
        let account = "<a id=back>back</a>";
        let list = "<a id=first>1</a><a id=out>out</a>";
        let elsewhere: url::Url = "https://bank.example/help".parse().expect("an address");
        let at = |file, url, html| SavedPage { file, url, html };
        let saved =
            [at("a", &url, account), at("b", &url, bye), at("c", &elsewhere, "<a id=first>"), at("d", &url, list)];
        assert_eq!(join_pages(&mut recording, &saved), [3, 0, 3, 1, 2]);
        let shown: Vec<&str> = recording.pages.iter().filter_map(|page| page.html.as_deref()).collect();
        assert_eq!(shown, [list, account, list, bye, "<a id=first>"]);
    }

    #[test]
    fn of_pages_that_fit_alike_the_first_shows_first() {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        for on in 0..2 {
            recording.pages.push(Page { url: url.clone(), window: 0, html: None, kind: None });
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Id("go".into())] });
            recording.acts.push(Act { on: Some(on), does: Deed::Click, target, then: None });
        }
        let page = |file, html| SavedPage { file, url: &url, html };
        let saved = [page("form", "<a id=go>"), page("refused", "<p>No<a id=go>")];
        assert_eq!(join_pages(&mut recording, &saved), [0, 1]);
    }
}
