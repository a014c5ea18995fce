//! Pages that were saved, given to a recording that says where it went and not what showed: each is the page on which what was
//! done can be done.
//!
//! At one address there may be many pages, as of a portal that never leaves its first. What was done to things tells them
//! apart, and where that fits several alike, the order in which they were saved; a page that showed twice may have been saved
//! once.
//!
//! Not here: what a page is for (`walk`).

use std::collections::BTreeSet;

use super::SavedPage;
use super::found::found;
use crate::document::Document;
use crate::recording::{Page, Recording};

/// Gives a recording the pages that were saved, in the order of a session as far as that is known; what nobody acted on, and
/// what is nowhere in the recording, comes behind. For each of its pages that has a document then, in order, the place of that
/// among `saved`.
#[must_use]
pub fn join_pages(recording: &mut Recording, saved: &[SavedPage<'_>]) -> Vec<usize> {
    let documents: Vec<Option<Document>> = saved.iter().map(|page| Document::parse(page.html).ok()).collect();
    let acted =
        |at: usize| recording.acts.iter().filter(move |act| act.on == Some(at)).filter_map(|act| act.target.as_ref());
    // Where most can be done of what was done; none of the places where nothing can.
    let turn = |(at, page): (usize, &Page)| {
        let there = documents.iter().enumerate().filter(|(place, _)| is_at(saved, *place, page));
        let done = there.filter_map(|(place, document)| {
            let document = document.as_ref().filter(|_| page.html.is_none())?;
            Some((place, acted(at).filter(|target| found(document, target).is_some()).count()))
        });
        let done: Vec<(usize, usize)> = done.filter(|(_, done)| *done > 0).collect();
        let most = done.iter().map(|(_, done)| *done).max();
        let places = done.iter().filter(|(_, done)| Some(*done) == most).map(|(place, _)| *place).collect();
        let before = (0..at).rev().find(|before| acted(*before).next().is_some());
        let is_same = before.is_some_and(|before| acted(at).all(|target| acted(before).any(|known| known == target)));
        Turn { places, is_same }
    };
    let mut given = in_order(&recording.pages.iter().enumerate().map(turn).collect::<Vec<_>>());
    let mut is_free: Vec<bool> = (0..saved.len()).map(|place| !given.contains(&Some(place))).collect();
    // What is left is for those on which nothing was done.
    for (at, page) in recording.pages.iter().enumerate() {
        if page.html.is_some() || acted(at).next().is_some() {
            continue;
        }
        let free = (0..saved.len()).find(|place| is_free[*place] && is_at(saved, *place, page));
        if let Some(place) = free {
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

fn is_at(saved: &[SavedPage<'_>], place: usize, page: &Page) -> bool {
    saved.get(place).is_some_and(|saved| saved.url.path() == page.url.path())
}

/// A page that showed.
struct Turn {
    /// The places of those that were saved and fit it best, in order.
    places: Vec<usize>,
    /// Whether the same was done on it as on the page before: it asks once more.
    is_same: bool,
}

/// What it takes that a page shows again that showed some time before, or was passed over.
const AGAIN: usize = 2;
/// That one is passed over, which may show later.
const OVER: usize = 1;
/// That the same shows twice, where the same was done on it and where something else was.
const ONCE_MORE: usize = 1;
const STILL: usize = 3;
/// That a new one comes after one that showed again.
const APART: usize = 1;

/// How far the pages have come that were saved.
#[derive(Clone, Copy)]
struct Reached {
    /// How many have shown, or were passed over.
    count: usize,
    /// Whether the last of those is the one that shows.
    is_last: bool,
}

impl Reached {
    const fn row(self) -> usize {
        self.count * 2 + if self.is_last { 0 } else { 1 }
    }

    /// What may show next, each with what it takes; what showed before comes first, and of that the same again last.
    fn next(self, turn: &Turn) -> impl Iterator<Item = (Self, usize)> {
        let same = if turn.is_same { ONCE_MORE } else { STILL };
        let is_here = self.is_last && turn.places.iter().any(|place| place + 1 == self.count);
        let known = [
            turn.places.is_empty().then_some((self, 0)),
            self.before(turn).next().map(|_| (Self { is_last: false, ..self }, AGAIN)),
            is_here.then_some((self, same)),
        ];
        let apart = if self.is_last { 0 } else { APART };
        let new = turn.places.iter().filter(move |place| **place >= self.count);
        let new = new.map(move |place| (Self { count: place + 1, is_last: true }, (place - self.count) * OVER + apart));
        known.into_iter().flatten().chain(new)
    }

    /// What showed before, or was passed over; the last itself where it isn't what shows.
    fn before(self, turn: &Turn) -> impl Iterator<Item = usize> + Clone {
        let count = if self.is_last { self.count.saturating_sub(1) } else { self.count };
        turn.places.iter().copied().filter(move |place| *place < count)
    }
}

/// Of each page's places one, so that they are in order as far as that goes: of all ways the one in which the fewest pages show
/// again, or are passed over until later. Of ways that are as good, it is the one in which pages show again soonest.
fn in_order(turns: &[Turn]) -> Vec<Option<usize>> {
    let all: Vec<usize> =
        turns.iter().flat_map(|turn| turn.places.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
    let rank = |place: &usize| all.partition_point(|known| known < place);
    let ranked = |turn: &Turn| Turn { places: turn.places.iter().map(rank).collect(), ..*turn };
    let turns: Vec<Turn> = turns.iter().map(ranked).collect();
    // What is still to come takes so much, from wherever one is, page by page from the last.
    let mut takes: Vec<Vec<usize>> = vec![vec![0; all.len() * 2 + 2]];
    let least = |from: Reached, turn: &Turn, then: &[usize]| {
        from.next(turn).min_by_key(|(to, takes)| takes + then[to.row()]).map(|(to, takes)| (to, takes + then[to.row()]))
    };
    for turn in turns.iter().rev() {
        let then = &takes[takes.len() - 1];
        let from = (0..=all.len()).flat_map(|count| [true, false].map(|is_last| Reached { count, is_last }));
        let now = from.map(|from| least(from, turn, then).map_or(0, |(_, takes)| takes)).collect();
        takes.push(now);
    }
    let (mut given, mut reached) = (Vec::with_capacity(turns.len()), Reached { count: 0, is_last: true });
    let (mut used, mut last) = (vec![false; all.len()], None);
    for (turn, then) in turns.iter().zip(takes.iter().rev().skip(1)) {
        let to = least(reached, turn, then).map_or(reached, |(to, _)| to);
        let place = if turn.places.is_empty() {
            None
        } else if to.is_last {
            Some(to.count - 1)
        } else {
            let known = || reached.before(turn);
            let passed = known().find(|place| !used[*place]);
            // Another page came, so it isn't the same, if it can be another.
            passed.or_else(|| known().find(|place| Some(*place) != last)).or_else(|| known().next())
        };
        reached = to;
        if let Some(place) = place {
            (used[place], last) = (true, Some(place));
            reached.is_last = place + 1 == to.count;
        }
        given.push(place.map(|place| all[place]));
    }
    given
}

#[cfg(test)]
mod tests {
    use super::{Turn, in_order, join_pages};
    use crate::SavedPage;
    use crate::recording::{Act, Deed, Edge, Page, Recording, Target, Way};

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

    #[test]
    fn pages_of_frames_at_one_address_are_told_apart_by_what_was_done_in_the_frame_at_its_place() {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let mut recording = Recording::new(url.clone());
        let frame = |place| Edge::Frame { css: None, place: Some(place), origin: None };
        // The list, an account, the list again, and goodbye, all in the second frame beside a menu.
        for (on, (within, css)) in [(1, "#open"), (1, "#all"), (0, "#out")].into_iter().enumerate() {
            recording.pages.push(Page { url: url.clone(), window: 0, html: None, kind: None });
            let target = Some(Target { within: vec![frame(within)], ways: vec![Way::Css(css.into())] });
            recording.acts.push(Act { on: Some(on), does: Deed::Click, target, then: Some(on + 1) });
        }
        recording.pages.push(Page { url: url.clone(), window: 0, html: None, kind: None });
        let beside = |work: &str| {
            let menu = "<frame srcdoc='<a id=out>Log off</a><a id=all>None</a>'>";
            format!("<frameset>{menu}<frame srcdoc='{work}'></frameset>")
        };
        let texts = ["<p>bye".to_owned(), beside("<a id=all>All"), beside("<a id=open>Op")];
        let saved = texts.iter().map(|html| SavedPage { file: "", url: &url, html }).collect::<Vec<_>>();
        assert_eq!(join_pages(&mut recording, &saved), [2, 1, 2, 0]);
    }

    #[test]
    fn where_several_fit_they_come_in_order_and_what_was_saved_once_may_show_again() {
        let check = |fitting: &[&[usize]], same: &[usize], expected: &[usize]| {
            let turn = |(at, places): (usize, &&[usize])| Turn { places: places.to_vec(), is_same: same.contains(&at) };
            let turns: Vec<Turn> = fitting.iter().enumerate().map(turn).collect();
            let given: Vec<usize> = in_order(&turns).into_iter().map(|place| place.unwrap_or(99)).collect();
            assert_eq!(given, expected, "{fitting:?}");
        };
        // A form, one that says no, and one that says so again, of which one was saved.
        check(&[&[0, 1], &[0, 1]], &[1], &[0, 1]);
        check(&[&[0, 1], &[0, 1], &[0, 1], &[2]], &[1, 2], &[0, 0, 1, 2]);
        check(&[&[0, 1], &[0, 1], &[0, 1], &[2]], &[2], &[0, 1, 1, 2]);
        // Days that are asked for twice, two pages of a list, and the list of accounts again, from where one signs out.
        let menu: &[usize] = &[0, 1, 2, 3, 4];
        let fitting: &[&[usize]] = &[&[0], &[1], &[2, 3, 4], &[2, 3, 4], &[3, 4], menu, menu];
        check(fitting, &[3], &[0, 1, 2, 2, 3, 4, 0]);
        // Two accounts, with the list between them, each its own; what nobody knows takes no place, and neither does a page of none.
        check(&[&[0], &[1, 5], &[0], &[], &[1, 5]], &[4], &[0, 1, 0, 99, 5]);
        // Pages of one account before and after those of another, and the list between and behind them.
        check(&[&[0], &[1], &[1, 3], &[0], &[2], &[0]], &[], &[0, 1, 3, 0, 2, 0]);
        // Pages that were named in another order are each used all the same.
        check(&[&[3], &[0, 1], &[3], &[0, 1]], &[], &[3, 0, 3, 1]);
        check(&[], &[], &[]);
    }
}
