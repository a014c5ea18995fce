//! Takes what was typed out of a recording: pages greet whoever signs in, and forms without a method put what was typed into the
//! address.
//!
//! Not here: the text of a fill, which was never carried over.

use domain::secret::Secret;
use url::Url;

use super::Notes;
use crate::recording::{Deed, Edge, Recording, Way};
use crate::scrub::masked;

/// A text that is shorter stands in anything.
const SHORTEST: usize = 3;

/// Leaves ways that hold one of the texts out, and addresses without it, without what follows a `?` or `#`, and without a user.
pub(super) fn cleaned(recording: &mut Recording, typed: &[Secret], notes: &mut Notes) {
    let texts: Vec<&str> = typed.iter().map(Secret::expose).filter(|text| text.chars().count() >= SHORTEST).collect();
    let holds = |text: &str| masked(text, &texts) != text;
    let mut is_cut = false;
    let mut bare = |url: &mut Url| is_cut |= cut(url, &holds);
    bare(&mut recording.portal);
    recording.pages.iter_mut().for_each(|page| bare(&mut page.url));
    for act in &mut recording.acts {
        if let Deed::Navigate { url } = &mut act.does {
            bare(url);
        }
    }
    if is_cut {
        notes.leave(None, "parts of addresses", "a query, or what was typed, may be a customer's or a session's");
    }
    for (at, act) in recording.acts.iter_mut().enumerate() {
        let Some(target) = &mut act.target else { continue };
        let all = target.ways.len();
        target.ways.retain(|way| !texts_of(way).into_iter().any(&holds));
        let leads_by_it = target.within.iter().any(|edge| match edge {
            Edge::Frame { css, .. } => css.as_deref().is_some_and(&holds),
            Edge::ShadowRoot { css } => holds(css),
        });
        if target.ways.is_empty() || leads_by_it {
            notes.refuse(None, format!("act {} is done to something that only what was typed leads to", at + 1));
        } else if target.ways.len() < all {
            notes.leave(None, "ways to things", "they hold what was typed");
        }
    }
}

fn texts_of(way: &Way) -> Vec<&str> {
    match way {
        Way::TestId { attribute, value } => vec![attribute, value],
        Way::Role { role, name } => vec![role, name],
        Way::Label(text)
        | Way::Name(text)
        | Way::Placeholder(text)
        | Way::Id(text)
        | Way::Text(text)
        | Way::Css(text)
        | Way::Xpath(text) => vec![text],
    }
}

/// Cuts an address; whether anything of it is gone.
fn cut(url: &mut Url, holds: &dyn Fn(&str) -> bool) -> bool {
    let before = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Both fail only for addresses that can't have one.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let parts: Vec<String> = before.path_segments().into_iter().flatten().map(str::to_owned).collect();
    if parts.iter().any(|part| holds(part))
        && let Ok(mut path) = url.path_segments_mut()
    {
        path.clear().extend(parts.iter().map(|part| if holds(part) { "hidden" } else { part }));
    }
    *url != before
}
