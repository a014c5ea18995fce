//! Which pages are looked for, in which order, and what an unknown page is most
//! like.
//!
//! The order is the most telling first: failures, challenges, then the others; among
//! equals the page with more signs, then the one that stands first in the script. So
//! "Sign in" with an alert on it is the alert.
//!
//! Not here: looking; a driver does that.

use url::Url;

use crate::command::{Condition, Recogniser};
use crate::document::Document;
use crate::language::{Meaning, Page, Script, Sign};

pub(super) fn recognisers(script: &Script) -> Vec<Recogniser> {
    let mut pages: Vec<&Page> = script.pages.iter().collect();
    // The sort is stable, so the script's order decides what is left.
    pages.sort_by_key(|page| (rank(page), std::cmp::Reverse(page.when.len())));
    pages
        .into_iter()
        .map(|page| Recogniser { page: page.name.clone(), conditions: page.when.iter().map(condition).collect() })
        .collect()
}

const fn rank(page: &Page) -> u8 {
    match page.meaning {
        Meaning::Failure { .. } => 0,
        Meaning::Challenge(_)
        | Meaning::NewPassword(_)
        | Meaning::Enrol(_)
        | Meaning::Questions(_)
        | Meaning::Terms(_) => 1,
        Meaning::Passage | Meaning::SignedIn | Meaning::SignedOut => 2,
    }
}

fn condition(sign: &Sign) -> Condition {
    match sign {
        Sign::Visible(css) => Condition::Visible(css.text().to_owned()),
        Sign::Absent(css) => Condition::Absent(css.text().to_owned()),
        Sign::Text { within, contains } => {
            Condition::Text { within: within.text().to_owned(), contains: contains.clone() }
        }
        Sign::Url(part) => Condition::Url(part.clone()),
    }
}

/// Says which known page an unknown one is most like. Names pages and never content.
pub(super) fn likeness(script: &Script, url: &Url, html: &str) -> String {
    let document = match Document::parse(html) {
        Ok(document) => document,
        Err(refused) => return format!("no page of the script shows; {}", refused.text()),
    };
    let mut best: Option<(&Page, usize, usize)> = None;
    for page in &script.pages {
        // That something is absent says nothing of a page by itself.
        let signs = || page.when.iter().filter(|sign| !matches!(sign, Sign::Absent(_)));
        let (held, all) = (signs().filter(|sign| document.bears(sign, url.as_str())).count(), signs().count());
        // A share of `held / all` compared without dividing.
        let is_better = best.is_none_or(|(_, best_held, best_all)| held * best_all > best_held * all);
        if held > 0 && is_better {
            best = Some((page, held, all));
        }
    }
    match best {
        Some((page, held, all)) => format!(
            "no page of the script shows; it looks most like `{}`, {held} of whose {all} signs {}",
            page.name,
            if held == 1 { "is there" } else { "are there" },
        ),
        None => "no page of the script shows, and it looks like none of them".into(),
    }
}
