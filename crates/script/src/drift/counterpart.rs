//! The same thing on a page as it was and as it is: by its label, its words, the headers of a table, what the developers call
//! it, and its place among its kind.
//!
//! Not here: what is written of it in a script.

use std::collections::BTreeSet;

use ego_tree::NodeId;
use scraper::ElementRef;

use super::skeleton::own_words;
use crate::css::root_of;
use crate::document::{Document, is_hidden, shown_text};
use crate::ways::{called, role_of};

/// What speaks for a thing being the same, at least.
const ENOUGH: i32 = 5;

/// With so much it is likely.
const LIKELY: i32 = 8;

/// How many things of one kind are compared.
const COMPARED: usize = 400;

/// What is the same thing, and whether more than its place says so.
pub(super) struct Counterpart<'d> {
    pub(super) element: ElementRef<'d>,
    pub(super) is_likely: bool,
    /// What speaks for it, for people.
    pub(super) why: String,
}

/// What tells a thing.
struct Traits {
    tag: String,
    role: Option<String>,
    kind: Option<String>,
    /// Label or words.
    words: String,
    /// What stands beside it in its row.
    row: String,
    names: BTreeSet<String>,
    hints: BTreeSet<String>,
    headers: BTreeSet<String>,
    form: Option<String>,
    above: Vec<String>,
    /// Its place among those of its kind in its root, and how many these are.
    place: (usize, usize),
}

/// The thing on the page as it is that this one was; none where nothing is, or several could be.
pub(super) fn counterpart<'d>(before: &Document, was: ElementRef<'_>, now: &'d Document) -> Option<Counterpart<'d>> {
    let wanted = Traits::of(before, was);
    let alike = now.everything().filter(|element| wanted.is_kind_of(element) && !is_hidden(element)).take(COMPARED);
    let mut scored: Vec<(i32, ElementRef<'d>, Vec<&'static str>)> = alike
        .map(|element| {
            let (score, why) = wanted.alike(&Traits::of(now, element));
            (score, element, why)
        })
        .collect();
    scored.sort_by_key(|(score, ..)| std::cmp::Reverse(*score));
    let (score, element, why) = scored.first()?;
    let is_alone = scored.get(1).is_none_or(|(second, ..)| second < score);
    (*score >= ENOUGH && is_alone).then(|| Counterpart {
        element: *element,
        is_likely: *score >= LIKELY,
        why: why.join(", "),
    })
}

impl Traits {
    fn of(document: &Document, element: ElementRef<'_>) -> Self {
        let value = element.value();
        let attribute = |name: &str| value.attr(name).map(|text| text.trim().to_ascii_lowercase());
        let own = |name: &str| value.attr(name).map(|text| format!("{name} {text}"));
        let is_large = matches!(value.name(), "table" | "form" | "main" | "section" | "div" | "ul" | "ol" | "dl");
        let words = if is_large { String::new() } else { own_words(&called(document, element)).to_lowercase() };
        let row = element.ancestors().filter_map(ElementRef::wrap).find(|above| above.value().name() == "tr");
        let label = row
            .and_then(|row| row.child_elements().next())
            .filter(|cell| !cell.descendants().any(|inner| inner.id() == element.id()));
        let headers = element.descendants().filter_map(ElementRef::wrap).filter(|cell| cell.value().name() == "th");
        let headers = if is_large {
            headers.map(|cell| own_words(&shown_text(cell))).filter(|words| !words.is_empty()).collect()
        } else {
            BTreeSet::new()
        };
        let above = element.ancestors().filter_map(ElementRef::wrap);
        let form = above.clone().find(|above| above.value().name() == "form");
        let mut traits = Self {
            tag: value.name().to_owned(),
            role: role_of(&element),
            kind: attribute("type").filter(|kind| kind != "text"),
            words,
            row: label.map(|cell| own_words(&shown_text(cell)).to_lowercase()).unwrap_or_default(),
            names: ["id", "name", "data-testid", "data-test", "data-qa", "data-cy"]
                .into_iter()
                .filter_map(own)
                .collect(),
            hints: ["placeholder", "autocomplete", "title", "alt", "rel", "href", "action", "summary", "inputmode"]
                .into_iter()
                .filter_map(own)
                .chain(value.classes().map(|class| format!("class {class}")))
                .collect(),
            headers,
            form: form.and_then(|form| form.attr("action").or(form.attr("name")).map(str::to_owned)),
            above: above.take(3).map(|above| above.value().name().to_owned()).collect(),
            place: (0, 0),
        };
        traits.place = place(document, &traits, element.id(), root_of(element));
        traits
    }

    /// Whether another could be the same at all.
    fn is_kind_of(&self, other: &ElementRef<'_>) -> bool {
        let kind = other.attr("type").map(|kind| kind.trim().to_ascii_lowercase()).filter(|kind| kind != "text");
        let is_same_tag = other.value().name() == self.tag && kind == self.kind;
        is_same_tag || self.role.is_some() && self.tag != "input" && role_of(other) == self.role
    }

    /// How much speaks for both being one, and what.
    fn alike(&self, other: &Self) -> (i32, Vec<&'static str>) {
        let (mut score, mut why) = (0, Vec::new());
        let mut speaks = |holds: bool, weight: i32, what: &'static str| {
            if holds {
                score += weight;
                why.push(what);
            }
        };
        let same = |one: &str, other: &str| !one.is_empty() && one == other;
        speaks(same(&self.words, &other.words), 7, "it says the same");
        speaks(same(&self.row, &other.row), 5, "it stands beside the same words");
        speaks(self.names.intersection(&other.names).count() > 0, 6, "it is called the same");
        speaks(self.hints.intersection(&other.hints).count() > 0, 2, "it has the same marks");
        let shared = self.headers.intersection(&other.headers).count();
        speaks(shared * 2 > self.headers.len() && shared > 0, 8, "its columns are headed the same");
        let is_tail_shared = self.names.iter().any(|one| other.names.iter().any(|two| common_tail(one, two).is_some()));
        speaks(is_tail_shared, 4, "its name ends the same");
        speaks(self.form.is_some() && self.form == other.form, 2, "it is in the same form");
        speaks(self.above == other.above, 1, "it stands in the same");
        speaks(self.kind.is_some() && self.kind == other.kind, 1, "it is of the same kind");
        speaks(self.place == other.place && other.place.1 < 20, 3, "it is in the same place among its kind");
        let contradicts = |one: &str, other: &str| !one.is_empty() && !other.is_empty() && one != other;
        if contradicts(&self.words, &other.words) {
            score -= 5;
        }
        if contradicts(&self.row, &other.row) {
            score -= 3;
        }
        (score, why)
    }
}

/// Which of its kind something is within its root, from 1, and how many there are.
fn place(document: &Document, traits: &Traits, id: NodeId, root: NodeId) -> (usize, usize) {
    let alike =
        document.everything().filter(|other| traits.is_kind_of(other) && !is_hidden(other) && root_of(*other) == root);
    let (mut at, mut all) = (0, 0);
    for other in alike.take(COMPARED) {
        all += 1;
        if other.id() == id {
            at = all;
        }
    }
    (at, all)
}

/// The end that two names of one attribute share, without digits; none where it says too little.
pub(super) fn common_tail<'n>(one: &'n str, other: &str) -> Option<&'n str> {
    let ((kind, one), (other_kind, other)) = (one.split_once(' ')?, other.split_once(' ')?);
    if kind != other_kind || one == other {
        return None;
    }
    let length = one.bytes().rev().zip(other.bytes().rev()).take_while(|(a, b)| a == b && !a.is_ascii_digit()).count();
    let tail = one.get(one.len() - length..)?;
    // From an edge between words on.
    let at = tail.find(['_', '$', '-', '.', ':'])?;
    tail.get(at..).filter(|tail| tail.chars().filter(|sign| sign.is_alphabetic()).count() > 3)
}

#[cfg(test)]
mod tests {
    use super::{common_tail, counterpart};
    use crate::css::Css;
    use crate::document::Document;

    #[test]
    fn a_thing_is_found_again_by_what_stays_of_it_and_never_by_a_guess_between_two() {
        let check = |before: &str, now: &str, expected: Option<&str>| {
            let (before, now) = (Document::parse(before).expect("a page"), Document::parse(now).expect("a page"));
            let was = before.all(&Css::parse("[mark]").expect("a selector")).next().expect("a thing");
            let found = counterpart(&before, was, &now).and_then(|found| found.element.attr("id"));
            assert_eq!(found, expected);
        };
        let form = "<form action=/in><label for=u>User ID</label><input id=u mark><label for=p>PIN</label><input id=p type=password></form>";
        check(
            form,
            "<form action=/in><label for=x>PIN</label><input id=x><label for=y>User ID</label><input id=y></form>",
            Some("y"),
        );
        check("<button mark id=a>Sign in</button>", "<a href=/x id=b>Help</a><button id=c>Sign in</button>", Some("c"));
        check(
            "<table mark><tr><th>Date<th>Sum</table>",
            "<table id=n><tr><th>News</table><table id=t><tr><th>Sum<th>Date</table>",
            Some("t"),
        );
        check("<input mark>", "<input id=a><input id=b>", None);
        check("<button mark>Sign in</button>", "<button id=a>Pay all</button>", None);
        check("<input name=a$Main$user mark>", "<input id=q name=q><input id=u name=b$Other$user>", Some("u"));
    }

    #[test]
    fn names_share_an_end_from_an_edge_between_words_on() {
        let check = |one: &str, other: &str, expected: Option<&str>| {
            assert_eq!(common_tail(&format!("id {one}"), &format!("id {other}")), expected);
        };
        check("ctl00_Main_txtUserId", "ctl00_MainContent_txtUserId", Some("_txtUserId"));
        check("username", "login-username", None);
        check("a-b", "c-b", None);
        check("a_row0", "b_row0", None);
    }
}
