//! What a page is built of, as a set of marks: fields, buttons, links, headings and column headers by their words, what the
//! developers call things, and what stands in what. Content leaves no mark, so more rows, or another customer's, are the same
//! page.
//!
//! Not here: which page it is; the signs of a script say that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use scraper::ElementRef;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::document::{Document, fold, is_hidden, shown_text};
use crate::ways::{called, role_of};

/// How many marks a skeleton has at most.
const MARKS: usize = 400;

/// How many things are looked at for their names, which is dear.
const NAMED: usize = 1_000;

/// How many marks are its end.
const ENDS: usize = 3;

/// How much of a text a mark holds.
const LONGEST: usize = 80;

/// Attributes that are there to find things by.
const TEST_IDS: [&str; 4] = ["data-testid", "data-test", "data-qa", "data-cy"];

/// What a page is built of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skeleton {
    marks: BTreeMap<Mark, u32>,
    /// What it ends with.
    last: Vec<Mark>,
}

/// How far two pages are from each other, in thousandths: 0 where they are built alike, 1000 where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distance(u16);

/// What two skeletons differ by, in words for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What was there and isn't.
    pub gone: Vec<String>,
    /// What wasn't there and is.
    pub new: Vec<String>,
}

/// One thing that a page has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    /// Something for people, with its words.
    Shown(&'static str, String),
    /// The headers of a table, in their order.
    Columns(String),
    /// What developers call something.
    Called(String),
    /// A class, which says least.
    Class(String),
    /// A kind of thing within another.
    Place(String),
}

impl Mark {
    /// How much it counts.
    const fn weight(&self) -> u32 {
        match self {
            Self::Shown(..) => 4,
            Self::Columns(_) | Self::Called(_) => 2,
            Self::Class(_) | Self::Place(_) => 1,
        }
    }

    /// As people are told; none of what says nothing to them.
    fn told(&self) -> Option<String> {
        match self {
            Self::Shown(kind, words) if words.is_empty() => Some(format!("a {kind} without words")),
            Self::Shown(kind, words) => Some(format!("{kind} \"{words}\"")),
            Self::Columns(headers) => Some(format!("columns in the order {headers}")),
            Self::Called(name) => Some(format!("`{name}`")),
            Self::Class(name) => Some(format!("class `{name}`")),
            Self::Place(_) => None,
        }
    }
}

impl Distance {
    /// Nothing is alike.
    pub const FAR: Self = Self(1000);

    /// In thousandths.
    #[must_use]
    pub const fn thousandths(self) -> u16 {
        self.0
    }

    /// One of so many thousandths, at most 1000.
    #[must_use]
    pub const fn of_thousandths(thousandths: u16) -> Self {
        Self(if thousandths > 1000 { 1000 } else { thousandths })
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

impl Skeleton {
    /// That of a page that was scrubbed; an empty one of what isn't looked into.
    #[must_use]
    pub fn of(scrubbed_html: &str) -> Self {
        Document::parse(scrubbed_html).map(|document| Self::of_document(&document)).unwrap_or_default()
    }

    pub(crate) fn of_document(document: &Document) -> Self {
        let mut skeleton = Self::default();
        let mut unnamed = NAMED;
        for element in document.everything().filter(|element| !is_hidden(element)) {
            if skeleton.marks.len() >= MARKS {
                break;
            }
            skeleton.add(document, element, &mut unnamed);
        }
        skeleton
    }

    fn add(&mut self, document: &Document, element: ElementRef<'_>, unnamed: &mut usize) {
        let tag = element.value().name();
        if matches!(tag, "html" | "body" | "head" | "option" | "br" | "span" | "b" | "i" | "td" | "tr" | "tbody") {
            return self.add_columns(element);
        }
        let role = role_of(&element);
        let kind = match (role.as_deref(), tag) {
            (Some("textbox" | "searchbox"), _) => Some("field"),
            (Some("combobox"), _) => Some("list to choose from"),
            (Some("checkbox" | "radio"), _) => Some("box to tick"),
            (Some("button" | "tab" | "menuitem"), _) => Some("button"),
            (Some("link"), _) => Some("link"),
            (Some("heading"), _) | (_, "h1" | "h2" | "h3" | "h4" | "h5" | "h6") => Some("heading"),
            (Some("alert" | "alertdialog"), _) => Some("alert"),
            (Some("columnheader"), _) | (_, "th") => Some("column"),
            (_, "dt") => Some("term"),
            (_, "legend" | "caption") => Some("title"),
            _ => None,
        };
        if is_in_data_row(element) {
            // What it says, how many there are and of which kind is content.
            if let Some(kind @ ("link" | "button" | "field")) = kind {
                self.put(Mark::Place(format!("{kind} in rows")));
            }
            return;
        }
        if let Some(kind) = kind
            && *unnamed > 0
        {
            *unnamed -= 1;
            let words = match kind {
                "link" => String::new(),
                "heading" | "alert" | "column" | "term" | "title" => own_words(&shown_text(element)),
                _ => own_words(&called(document, element)),
            };
            self.put(Mark::Shown(kind, words));
        }
        let value = element.value();
        let names = ["id", "name"].into_iter().chain(TEST_IDS).filter_map(|name| value.attr(name));
        for name in names.filter_map(steady) {
            self.put(Mark::Called(name));
        }
        // The address of a link without what tells customers apart, and that of a form.
        for address in ["href", "action"].into_iter().filter_map(|name| value.attr(name)) {
            let path = address.split(['?', '#']).next().unwrap_or_default();
            self.put(Mark::Called(format!("{tag} to {}", path.split('/').map(part).collect::<Vec<_>>().join("/"))));
        }
        for class in value.classes().filter_map(steady) {
            self.put(Mark::Class(class));
        }
        let above = element.parent().and_then(ElementRef::wrap).map_or("", |above| above.value().name());
        let kind = value.attr("type").or(role.as_deref()).unwrap_or_default();
        self.put(Mark::Place(format!("{above} > {tag} {kind}")));
        self.add_columns(element);
    }

    /// The headers of a row that has nothing else.
    fn add_columns(&mut self, row: ElementRef<'_>) {
        if row.value().name() != "tr" && row.attr("role") != Some("row") {
            return;
        }
        let headers: Vec<String> = row.child_elements().map(|cell| own_words(&shown_text(cell))).collect();
        if headers.len() > 1 && row.child_elements().all(is_header) {
            self.put(Mark::Columns(headers.join(", ")));
        }
    }

    fn put(&mut self, mark: Mark) {
        if self.marks.len() < MARKS {
            let weight = mark.weight();
            let tells = !matches!(mark, Mark::Place(_));
            if self.marks.insert(mark.clone(), weight).is_none() && tells {
                self.last.push(mark);
                let over = self.last.len().saturating_sub(ENDS);
                self.last.drain(..over);
            }
        }
    }

    /// A short name of it, the same for all that are built alike: 32 hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut sha = Sha256::new();
        for mark in self.marks.keys() {
            sha.update(format!("{mark:?}\n"));
        }
        sha.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// How far another page is from this one: the weight of what only one of them has, of that of both.
    #[must_use]
    pub fn distance(&self, other: &Self) -> Distance {
        let all: BTreeSet<&Mark> = self.marks.keys().chain(other.marks.keys()).collect();
        let (mut whole, mut apart) = (0, 0);
        for mark in all {
            let weight = mark.weight();
            whole += weight;
            if self.marks.contains_key(mark) != other.marks.contains_key(mark) {
                apart += weight;
            }
        }
        // The smallest difference is one all the same.
        let thousandths = if whole == 0 { 0 } else { (apart * 1000).div_ceil(whole) };
        Distance(u16::try_from(thousandths).unwrap_or(1000))
    }

    /// Whether the other is this page without its end: nothing on it is new, and what this one ends with isn't there.
    pub(super) fn is_broken_off(&self, now: &Self) -> bool {
        let tells = |mark: &&Mark| !matches!(mark, Mark::Place(_));
        let is_new = now.marks.keys().filter(tells).any(|mark| !self.marks.contains_key(mark));
        !is_new && !self.last.is_empty() && self.last.iter().all(|mark| !now.marks.contains_key(mark))
    }

    /// What is gone since, and what is new.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Changes {
        let only = |one: &Self, other: &Self| {
            one.marks.keys().filter(|mark| !other.marks.contains_key(*mark)).filter_map(Mark::told).collect()
        };
        Changes { gone: only(self, now), new: only(now, self) }
    }
}

/// Whether a cell is a header.
fn is_header(cell: ElementRef<'_>) -> bool {
    cell.value().name() == "th" || cell.attr("role") == Some("columnheader")
}

/// Whether it is in a row of records: one of a table that has a row of headers, and isn't that.
pub(crate) fn is_in_data_row(element: ElementRef<'_>) -> bool {
    let is_row = |above: &ElementRef<'_>| above.value().name() == "tr" || above.attr("role") == Some("row");
    let itself_and_above = std::iter::once(*element).chain(element.ancestors()).filter_map(ElementRef::wrap);
    itself_and_above.filter(is_row).any(|row| {
        let is_headed = |table: ElementRef<'_>| {
            let mut rows = table.descendants().filter_map(ElementRef::wrap).filter(is_row);
            // The headers come first, perhaps below a title.
            rows.by_ref().take(4).any(|row| row.child_elements().count() > 1 && row.child_elements().all(is_header))
        };
        let is_table = |above: &ElementRef<'_>| {
            above.value().name() == "table" || matches!(above.attr("role"), Some("table" | "grid" | "treegrid"))
        };
        let table = row.ancestors().filter_map(ElementRef::wrap).find(is_table);
        !row.child_elements().all(is_header) && table.is_some_and(is_headed)
    })
}

/// The words of a text that are the portal's own: what scrubbing has left of the others says nothing.
pub(super) fn own_words(text: &str) -> String {
    let is_own = |word: &&str| word.chars().any(|sign| sign.is_alphabetic() && sign != 'x');
    let words = fold(text).split(' ').filter(is_own).collect::<Vec<_>>().join(" ");
    words.chars().take(LONGEST).collect()
}

/// A name without what changes from one look to the next; none where nothing is left of it.
fn steady(name: &str) -> Option<String> {
    let name: String = name.split_whitespace().map(part).collect::<Vec<_>>().join(" ");
    (!name.is_empty() && name.chars().any(|sign| sign.is_alphabetic())).then(|| name.chars().take(LONGEST).collect())
}

/// A part of a name or an address: each run of digits as one, and what a program made, or scrubbing left, as `~`.
fn part(text: &str) -> String {
    let piece = |piece: &str| {
        let is_shape = !piece.is_empty() && piece.chars().all(|sign| matches!(sign, 'x' | '0'));
        let mut shortened = String::with_capacity(piece.len());
        let mut runs = 0;
        for sign in piece.chars() {
            match (sign.is_numeric(), shortened.ends_with('0')) {
                (true, true) => {}
                (true, false) => {
                    runs += 1;
                    shortened.push('0');
                }
                (false, _) => shortened.push(sign),
            }
        }
        if is_shape || runs > 1 { "~".to_owned() } else { shortened }
    };
    text.split_inclusive(['-', '_', '.', ':', '$'])
        .map(|with_end| {
            let end = with_end.trim_end_matches(['-', '_', '.', ':', '$']);
            format!("{}{}", piece(end), with_end.get(end.len()..).unwrap_or_default())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Skeleton;
    use crate::drift::known_page;
    use crate::scrub::OwnWords;

    fn skeleton(html: &str) -> Skeleton {
        Skeleton::of(&known_page(html, &[], &OwnWords::default()))
    }

    /// A page of an account: whose it is, how many rows it has, what its parts are called.
    fn account(customer: &str, rows: usize, field: &str, more: &str, headers: [&str; 3]) -> String {
        let row = |at: usize| {
            format!(
                "<tr id='row-{at}' class='{}'><td>11/{at}/2026<td><a href='/tx/{customer}/{at}'>Rent</a><td>$ {at}7.00",
                if at.is_multiple_of(2) { "even" } else { "neg" }
            )
        };
        let rows: String = (10..10 + rows).map(row).collect();
        let headers: String = headers.iter().map(|header| format!("<th>{header}")).collect();
        format!(
            "<title>x</title>{more}<nav><a href='/accounts'>Accounts</a></nav><h1>Operating of {customer}</h1>\
             <p role=alert>Hello {customer}</p><form action='/find?s={customer}'><label for={field}>Find</label>\
             <input id={field} name={field}><button type=submit>Search</button></form>\
             <table id=rows class=list><tr>{headers}{rows}</table><button id=out>Sign out</button>"
        )
    }

    const HEADERS: [&str; 3] = ["Date", "Description", "Amount"];

    #[test]
    fn other_rows_and_another_customer_are_the_same_page() {
        let page = |customer, rows| skeleton(&account(customer, rows, "find", "", HEADERS));
        let (one, other) = (page("Ada Lovelace", 25), page("Bo", 24));
        assert_eq!(one.changes(&other), super::Changes::default());
        assert_eq!(one.digest(), other.digest());
        assert_eq!(one.digest().len(), 32);
        assert_eq!(one.distance(&other).thousandths(), 0);
        // Scrubbed twice it is the same, too.
        let html = known_page(&account("Ada", 2, "find", "", HEADERS), &[], &OwnWords::default());
        assert_eq!(known_page(&html, &[], &OwnWords::default()), html);
    }

    #[test]
    fn a_page_that_changed_is_near_what_it_was_and_another_is_far() {
        let before = skeleton(&account("Ada", 25, "find", "", HEADERS));
        let check = |html: &str, gone: &[&str], new: &[&str]| {
            let now = skeleton(html);
            let changes = before.changes(&now);
            assert_eq!(
                (changes.gone, changes.new),
                (
                    gone.iter().map(|text| (*text).to_owned()).collect(),
                    new.iter().map(|text| (*text).to_owned()).collect()
                ),
                "{html}"
            );
            let distance = before.distance(&now).thousandths();
            assert!((1..250).contains(&distance), "{distance}: {html}");
            assert_ne!(before.digest(), now.digest());
        };
        check(&account("Ada", 25, "look-7", "", HEADERS), &["`find`"], &["`look-~`"]);
        check(
            &account("Ada", 25, "find", "<aside id=news class=bar>x</aside>", HEADERS),
            &[],
            &["`news`", "class `bar`"],
        );
        check(
            &account("Ada", 25, "find", "", ["Date", "Amount", "Description"]),
            &["columns in the order Date, Description, Amount"],
            &["columns in the order Date, Amount, Description"],
        );
        let other = skeleton(
            "<h1>Sign in</h1><form id=in action='/in'><label for=user>User ID</label><input id=user name=user>\
             <label for=word>Password</label><input id=word name=word type=password><button>Sign in</button></form>",
        );
        assert!(before.distance(&other).thousandths() > 600, "{}", before.distance(&other));
    }

    #[test]
    fn what_a_program_named_is_the_same_under_any_name() {
        let page = |key: &str| {
            skeleton(&format!("<div id='k{key}f8a7c6' class='css-{key}x2y3z main'><input name='q_{key}'></div>"))
        };
        assert_eq!(page("9").digest(), page("12").digest());
    }

    #[test]
    fn a_page_of_any_size_has_no_more_marks_than_there_is_room_for() {
        let many: String =
            (0..9_000).map(|at| format!("<p class='{}'>", char::from_u32(0x4e00 + at).unwrap_or('a'))).collect();
        assert!(Skeleton::of(&many).marks.len() <= super::MARKS);
    }
}
