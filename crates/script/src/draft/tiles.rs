//! Lists of accounts that are no tables: things of one kind that repeat, each with a name and what is in it, as tiles and cards.
//!
//! ```text
//! what repeats ─▶ what stands beside labels ─┐
//!            └──▶ what stands alone: a name, a number, a sum, a day, a kind ─▶ a sheet, whose headers say each piece
//! ```
//!
//! What is in a tile's shadow root is in the tile.
//!
//! Such a list is read as a table is, once its pieces have headers: a label is one, and what has none is called what it
//! holds. Not here: which of the lists is that of the accounts (`lists`), and lists of transactions.

use std::collections::BTreeSet;

use jiff::civil::Date;
use scraper::ElementRef;

use super::Sureness;
use super::accounts::{AS_OF, KIND};
use super::tables::{Sheet, is_sum};
use super::values::{First, days, is_blank};
use super::words::{ACCOUNTS, SORT_CODE, TYPES, WHOLE_NUMBER, field};
use super::write::text;
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::label::{beside, can_label, is_pair, labelled};
use crate::language::Shape;
use crate::repeated::{alike, inside, once, ways};

/// How many things on a page are looked at, and how many lists of tiles.
const THINGS: usize = 5_000;
const LISTS: usize = 20;

/// How many tiles are a list, and how many are looked at.
const LEAST: usize = 2;
const MOST: usize = 200;

/// How many pieces a tile has at most.
const PIECES: usize = 40;

/// A piece of each tile.
struct Piece {
    /// What it is headed by, as the words of accounts have it.
    header: String,
    /// How a column says it.
    said: String,
    cells: Vec<String>,
}

/// The lists of tiles on a page that could be accounts.
pub(super) fn sheets(document: &Document, today: Date) -> Vec<Sheet<'_>> {
    let shown = document.everything().filter(|element| !is_hidden(element)).take(THINGS);
    let groups = shown.flat_map(|parent| alike(document, parent, LEAST, |_| true, |_| true));
    groups.filter_map(|selector| sheet(document, selector, today)).take(LISTS).collect()
}

fn sheet(document: &Document, selector: String, today: Date) -> Option<Sheet<'_>> {
    let css = crate::css::Css::made(&selector)?;
    let rows: Vec<ElementRef<'_>> = document.all(&css).filter(|row| !is_hidden(row)).take(MOST).collect();
    // What says that it is a part of a table is none of tiles.
    if rows.iter().any(|row| matches!(row.attr("role"), Some("row" | "cell" | "gridcell" | "columnheader"))) {
        return None;
    }
    let mut pieces = labels(&rows);
    pieces.extend(alone(&rows, today));
    if pieces.iter().all(|piece| piece.header != "type") {
        pieces.extend(kinds(&rows));
    }
    let has = |wanted: &str| {
        pieces
            .iter()
            .any(|piece| field(ACCOUNTS, &folded_case(&piece.header)).is_some_and(|(known, _)| known == wanted))
    };
    if !has("name") || !(has("currentBalance") || has("availableBalance")) {
        return None;
    }
    let cells = |at: usize| pieces.iter().map(|piece| piece.cells.get(at).cloned().unwrap_or_default()).collect();
    Some(Sheet {
        selector: (selector, Sureness::Likely),
        shape: Shape::Records,
        skip: None,
        said: pieces.iter().map(|piece| piece.said.clone()).collect(),
        headers: pieces.iter().map(|piece| piece.header.clone()).collect(),
        rows: rows.iter().enumerate().map(|(at, row)| (*row, cells(at))).collect(),
    })
}

/// What stands beside labels. Labels of one meaning that are never in one tile, as of cards and of loans, are one.
fn labels(rows: &[ElementRef<'_>]) -> Vec<Piece> {
    let is_label = |element: &ElementRef<'_>| {
        can_label(element)
            && !is_hidden(element)
            && (element.value().name() != "td" || is_pair(*element))
            && beside(*element).is_some()
    };
    let mut found: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for row in rows {
        for label in row.descendants().filter_map(ElementRef::wrap).filter(is_label) {
            let words = shown_text(label);
            let is_known =
                found.iter().any(|(labels, _)| labels.iter().any(|known| folded_case(known) == folded_case(&words)));
            if words.is_empty() || is_known || found.len() >= PIECES {
                continue;
            }
            let wanted = [folded_case(&words)];
            let cells: Vec<String> =
                rows.iter().map(|row| labelled(*row, &wanted).map(shown_text).unwrap_or_default()).collect();
            let meaning = |words: &str| field(ACCOUNTS, &folded_case(words)).map(|(field, _)| field);
            let is_other_half = |(labels, known): &(Vec<String>, Vec<String>)| {
                let both = known.iter().zip(&cells).any(|(one, other)| !one.is_empty() && !other.is_empty());
                !both
                    && meaning(&words).is_some()
                    && labels.first().is_some_and(|first| meaning(first) == meaning(&words))
            };
            match found.iter_mut().find(|known| is_other_half(known)) {
                Some((labels, known)) => {
                    labels.push(words);
                    let empty = known.iter_mut().zip(cells).filter(|(known, _)| known.is_empty());
                    empty.for_each(|(known, cell)| *known = cell);
                }
                None => found.push((vec![words], cells)),
            }
        }
    }
    let said = |labels: &[String]| match labels {
        [label] => format!("{{ label: {} }}", text(label)),
        labels => format!("{{ label: [{}] }}", labels.iter().map(|label| text(label)).collect::<Vec<_>>().join(", ")),
    };
    let piece = |(labels, cells): (Vec<String>, Vec<String>)| {
        Some(Piece { said: said(&labels), header: labels.first()?.clone(), cells })
    };
    found.into_iter().filter_map(piece).collect()
}

/// What tells kinds of accounts apart where nothing names them: what is said of a card has other labels than what is said of a
/// loan, so that the first of them is its kind.
fn kinds(rows: &[ElementRef<'_>]) -> Option<Piece> {
    let first = |row: &ElementRef<'_>| {
        let mut labels = row.descendants().filter_map(ElementRef::wrap).filter(|label| label.value().name() == "dt");
        labels.find(|label| !is_hidden(label)).map(shown_text).filter(|label| !label.is_empty())
    };
    let cells: Vec<String> = rows.iter().map(first).collect::<Option<_>>()?;
    let are_several = cells.iter().collect::<BTreeSet<_>>().len();
    (are_several > 1 && are_several < cells.len()).then(|| Piece {
        header: KIND.to_owned(),
        said: "dt".to_owned(),
        cells,
    })
}

/// What stands alone, and is called what it holds: each kind of thing once.
fn alone(rows: &[ElementRef<'_>], today: Date) -> Vec<Piece> {
    let is_alone = |element: &ElementRef<'_>| {
        let is_of_label = element
            .ancestors()
            .filter_map(ElementRef::wrap)
            .chain([*element])
            .any(|above| matches!(above.value().name(), "dl" | "dt" | "dd"));
        element.child_elements().next().is_none() && !is_of_label && !is_hidden(element)
    };
    let inner = rows.iter().flat_map(|row| inside(*row).filter(is_alone).flat_map(|element| ways(*row, element)));
    let (mut found, mut tried): (Vec<Piece>, BTreeSet<String>) = (Vec::new(), BTreeSet::new());
    for of in inner {
        if found.len() >= PIECES || !tried.insert(of.clone()) {
            continue;
        }
        let Some(fits) = once(rows, &of) else { continue };
        let cells: Vec<String> = fits.iter().map(|fit| fit.map(shown_text).unwrap_or_default()).collect();
        // What may be said in several ways is one thing.
        if found.iter().any(|known| known.cells == cells) {
            continue;
        }
        let is_known = |header: &str| found.iter().any(|known| known.header == header);
        let pieces = called(&of, &cells, today, Naming::of(is_known("name")));
        let anew: Vec<Piece> = pieces.into_iter().filter(|piece| !is_known(&piece.header)).collect();
        found.extend(anew);
    }
    found
}

/// Whether what tells tiles apart may be their name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Open,
    /// They have one.
    Done,
}

impl Naming {
    const fn of(is_named: bool) -> Self {
        if is_named { Self::Done } else { Self::Open }
    }
}

/// What a piece is by what it holds, which may be two in one.
fn called(of: &str, cells: &[String], today: Date, naming: Naming) -> Vec<Piece> {
    let piece = |header: &str, said: String, cells: Vec<String>| Piece { header: header.to_owned(), said, cells };
    let full: Vec<&str> = cells.iter().map(String::as_str).filter(|cell| !is_blank(cell)).collect();
    if full.is_empty() {
        return Vec::new();
    }
    if full.iter().all(|cell| is_sum(cell)) {
        return vec![piece("balance", text(of), cells.to_vec())];
    }
    if let Some((words, sums)) = worded(&full, cells) {
        let said = format!("{{ of: {}, before: {} }}", text(of), text(&words));
        return vec![piece(words.trim(), said, sums)];
    }
    if let Some((before, days)) = as_of(&full, cells, today) {
        let said = format!("{{ of: {}, after: {} }}", text(of), text(&before));
        return vec![piece(AS_OF, said, days)];
    }
    if let Some((codes, numbers)) = sorted(&full, cells) {
        let said = |side: &str| format!("{{ of: {}, {side}: \" \" }}", text(of));
        return vec![piece(SORT_CODE, said("before"), codes), piece(WHOLE_NUMBER, said("after"), numbers)];
    }
    let digits = |cell: &str| cell.chars().filter(char::is_ascii_digit).count();
    let tell_apart = full.len() == cells.len() && full.iter().collect::<BTreeSet<_>>().len() == full.len();
    if full.iter().all(|cell| digits(cell) >= 3) {
        // Of numbers of several kinds those that are most alike are one kind.
        let before = |cell: &str| cell.split(|sign: char| sign.is_ascii_digit()).next().unwrap_or_default().to_owned();
        let kinds: Vec<String> = full.iter().map(|cell| before(cell)).collect();
        let Some(most) = kinds.iter().max_by_key(|kind| kinds.iter().filter(|other| other == kind).count()) else {
            return Vec::new();
        };
        if kinds.iter().all(|kind| kind == most) {
            return vec![piece("number", text(of), cells.to_vec())];
        }
        let said = format!("{{ of: {}, starts: {} }}", text(of), text(most));
        let of_kind = |cell: &String| if before(cell) == *most { cell.clone() } else { String::new() };
        let own = cells.iter().map(of_kind).collect();
        return (!most.is_empty()).then(|| piece("number", said, own)).into_iter().collect();
    }
    // Few accounts may each be of another kind, which doesn't name them where something else does.
    let is_free = !tell_apart || naming == Naming::Done;
    if is_free && full.iter().any(|cell| field(TYPES, &folded_case(cell)).is_some()) {
        return vec![piece("type", text(of), cells.to_vec())];
    }
    let is_name = tell_apart && full.iter().all(|cell| cell.chars().any(char::is_alphabetic));
    is_name.then(|| piece("name", text(of), cells.to_vec())).into_iter().collect()
}

/// The words behind sums that say what these are, which all of the cells end with, and the sums.
fn worded(full: &[&str], cells: &[String]) -> Option<(String, Vec<String>)> {
    let first = full.first()?;
    first.match_indices(' ').find_map(|(at, _)| {
        let words = first.get(at..)?;
        let is_said = field(ACCOUNTS, &folded_case(words)).is_some_and(|(field, _)| field.ends_with("Balance"));
        let are_sums = full.iter().all(|cell| cell.strip_suffix(words).is_some_and(is_sum));
        let sum = |cell: &String| cell.strip_suffix(words).unwrap_or_default().to_owned();
        (is_said && are_sums).then(|| (words.to_owned(), cells.iter().map(sum).collect()))
    })
}

/// A sort code and the whole number behind it, where each of the cells is these two.
fn sorted(full: &[&str], cells: &[String]) -> Option<(Vec<String>, Vec<String>)> {
    let is_code = |text: &str| {
        let mut pairs = text.split('-');
        let is_pair = |pair: &str| pair.len() == 2 && pair.chars().all(|sign| sign.is_ascii_digit());
        pairs.clone().count() == 3 && pairs.all(is_pair)
    };
    let is_number = |text: &str| text.len() == 8 && text.chars().all(|sign| sign.is_ascii_digit());
    let are_both = |cell: &&str| cell.split_once(' ').is_some_and(|(code, rest)| is_code(code) && is_number(rest));
    if !full.iter().all(are_both) {
        return None;
    }
    let halves = |cell: &String| cell.split_once(' ').map(|(code, rest)| (code.to_owned(), rest.to_owned()));
    Some(cells.iter().map(|cell| halves(cell).unwrap_or_default()).unzip())
}

/// The words that say that a day follows, which all of these begin with, and the days.
fn as_of(full: &[&str], cells: &[String], today: Date) -> Option<(String, Vec<String>)> {
    let first = full.first()?;
    first.match_indices(' ').find_map(|(at, _)| {
        let before = first.get(..=at)?;
        let is_said = field(ACCOUNTS, &folded_case(before)).is_some_and(|(field, _)| field == "balanceAsOf");
        let rest: Option<Vec<&str>> = full.iter().map(|cell| cell.strip_prefix(before)).collect();
        let rest = rest.filter(|_| is_said)?;
        days(&rest, today, First::Month)?;
        let day = |cell: &String| cell.strip_prefix(before).unwrap_or_default().to_owned();
        Some((before.to_owned(), cells.iter().map(day).collect()))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::{Date, date};

    use super::sheets;
    use crate::SavedPage;
    use crate::document::Document;
    use crate::recording::{Page, Recording};

    const TODAY: Date = date(2026, 11, 20);

    const TILES: &str = "<div class=all>\
        <article class=tile data-no=a1><h2><a href=/a/1>Blue Card</a></h2><p class=end>Ending in 4417</p>\
        <dl><dt>Current balance<dd>$11.50<dt>Available credit<dd>$88.50</dl><p class=day>As of Nov 20, 2026</p></article>\
        <article class=tile data-no=b2><h2><a href=/a/2>Red Card</a></h2><p class=end>Ending in 9023</p>\
        <dl><dt>Current balance<dd>$1.00<dt>Available credit<dd>$99.00</dl><p class=day>As of Nov 20, 2026</p></article>\
        <article class=tile data-no=c3><h2><a href=/a/3>Barn Loan</a></h2><p class=end>TL-17001234</p>\
        <dl><dt>Principal balance<dd>$5,000.00</dl><p class=day>As of Nov 20, 2026</p></article></div>";

    #[test]
    fn each_piece_of_a_tile_is_headed_by_its_label_or_by_what_it_holds() {
        let document = Document::parse(TILES).expect("a document");
        let all = sheets(&document, TODAY);
        let [sheet] = all.as_slice() else { unreachable!("{} lists", all.len()) };
        assert_eq!(sheet.selector.0, "article.tile");
        let pieces: Vec<(&str, &str)> =
            sheet.headers.iter().map(String::as_str).zip(sheet.said.iter().map(String::as_str)).collect();
        let expected = [
            ("Current balance", "{ label: [Current balance, Principal balance] }"),
            ("Available credit", "{ label: Available credit }"),
            ("name", "a"),
            ("number", "{ of: p.end, starts: \"Ending in \" }"),
            ("as of", "{ of: p.day, after: \"As of \" }"),
            ("kind", "dt"),
        ];
        assert_eq!(pieces, expected);
        let last: Vec<&str> = sheet.rows[2].1.iter().map(String::as_str).collect();
        assert_eq!(last, ["$5,000.00", "", "Barn Loan", "", "Nov 20, 2026", "Principal balance"]);
    }

    #[test]
    fn what_repeats_without_names_or_sums_is_no_list_of_accounts() {
        for html in [
            "<ul class=menu><li><a href=/a>Accounts</a><li><a href=/b>Cards</a></ul>",
            "<div class=all><p class=tile><b>$1.00</b><p class=tile><b>$2.00</b></div>",
        ] {
            let document = Document::parse(html).expect("a document");
            assert!(sheets(&document, TODAY).is_empty(), "{html}");
        }
    }

    #[test]
    fn accounts_that_are_tiles_are_drafted_as_records() {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let pages = [SavedPage { file: "list", url: &url, html: TILES }];
        let script = crate::draft("bank", &pages, TODAY).expect("a draft").script.expect("a script");
        let expected = "    records: article.tile\n    columns:\n      \
            currentBalance: { label: [Current balance, Principal balance] }\n      \
            availableBalance: { label: Available credit }\n      name: a\n      \
            maskedNumber: { of: p.end, starts: \"Ending in \" }\n      balanceAsOf: { of: p.day, after: \"As of \" }\n      type: dt\n    \
            date: \"MMM D, YYYY\"\n    map:\n      type:\n        Current balance: other # Nobody knows this word: say what it is.\n        \
            Principal balance: other # Nobody knows this word: say what it is.\n    key: { attribute: data-no }\n";
        assert!(script.contains(expected), "{script}");
        let script = crate::Script::parse(&script).expect("a sound script");
        let read = script.read_page("accounts", TILES, TODAY).expect("a page");
        assert_eq!(read.accounts.map(|list| list.len()), Some(3));
    }

    #[test]
    fn cards_and_loans_may_show_what_is_owed_unless_one_of_them_has_a_minus() {
        let answers = [("type Current balance", "creditCard"), ("type Principal balance", "loan"), ("owed", "yes")];
        let given: BTreeMap<String, String> = answers.map(|(id, said)| (id.to_owned(), said.to_owned())).into();
        let drafted = |html: &str| {
            let url: url::Url = "https://bank.example/".parse().expect("an address");
            let mut recording = Recording::new(url.clone());
            recording.pages.push(Page { url, window: 0, html: Some(html.to_owned()), kind: None });
            crate::draft_recording("bank", &recording, &given, TODAY).expect("a draft")
        };
        let check = |html: &str, owed: Option<&str>| {
            let drafted = drafted(html);
            let script = drafted.script.expect("a script");
            let line = script.lines().find(|line| line.trim_start().starts_with("owed:")).map(str::trim);
            assert_eq!(line, owed, "{script}");
            let is_asked = drafted.questions.iter().any(|question| question.id == "owed");
            assert_eq!(is_asked, owed.is_some(), "{:?}", drafted.questions);
            assert!(script.contains("Principal balance: loan"), "{script}");
        };
        check(TILES, Some("owed: [creditCard, loan]"));
        check(&TILES.replace("$5,000.00", "-$5,000.00"), Some("owed: [creditCard]"));
        check(&TILES.replace("$5,000.00", "-$5,000.00").replace("$1.00", "-$1.00"), None);
    }

    #[test]
    fn tiles_in_shadow_roots_are_drafted_with_what_is_in_theirs() {
        let root = |html: &str| format!("<template shadowrootmode=open>{html}</template>");
        let card = |id: &str, name: &str, kind: &str, sum: &str| {
            let inside = format!(
                "<h2><button>{name}</button></h2><b class=sum>{sum}</b><i class=kind>{kind}</i><i class=left>{sum} available</i>\
                 <i class=no>00-71-42  1234567{id}</i><i class=day>As at 20 Nov 2026</i>"
            );
            format!("<li><x-card data-no={id}>{}</x-card></li>", root(&inside))
        };
        let cards = card("1", "Main", "Current account", "£5.00") + &card("2", "Pot", "Instant saver", "-£7.50");
        let html = format!("<html lang=en-GB><x-app>{}</x-app>", root(&format!("<ul>{cards}</ul>")));
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let pages = [SavedPage { file: "list", url: &url, html: &html }];
        let script = crate::draft("bank", &pages, TODAY).expect("a draft").script.expect("a script");
        let expected = "    records: \">>> x-card\"\n    columns:\n      \
            name: \">>> button\"\n      currentBalance: \">>> b.sum\"\n      type: \">>> i.kind\"\n      \
            availableBalance: { of: \">>> i.left\", before: \" available\" }\n      \
            routingNumber: { of: \">>> i.no\", before: \" \" }\n      accountNumber: { of: \">>> i.no\", after: \" \" }\n      \
            balanceAsOf: { of: \">>> i.day\", after: \"As at \" }\n";
        assert!(script.contains(expected), "{script}");
        assert!(script.contains("    key: { attribute: data-no }\n"), "{script}");
        let script = crate::Script::parse(&script).expect("a sound script");
        let read = script.read_page("accounts", &html, TODAY).expect("a page").accounts.expect("accounts");
        assert_eq!(read.len(), 2);
    }
}
