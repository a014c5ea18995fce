//! What repeats on a page, and the pieces of which each of its rows is made.
//!
//! Not here: which piece is which field (`fields`).

use std::collections::BTreeSet;

use ego_tree::NodeId;
use scraper::ElementRef;

use super::super::anew::{is_said, is_told};
use super::super::mend::shown;
use super::LEAST;
use crate::css::Css;
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::draft::selectors::selectors;
use crate::draft::yaml_text;
use crate::label::{beside, can_label};
use crate::language::{Part, Pick, Shape, Spot, Table, TransactionField, TransactionsRead};
use crate::repeated::{alike, inside, once, ways};
use crate::table::Grid;

/// How many things that repeat are looked at.
const GROUPS: usize = 60;

/// How many rows show what pieces there are.
const LOOKED: usize = 12;

/// How many pieces a row has at most.
const PIECES: usize = 80;

/// Rows of a table, or things of one kind.
pub(super) struct Group {
    /// What the script says of them.
    pub(super) selector: String,
    pub(super) shape: Shape,
    /// What of the old layout's `skip` fits rows here, too.
    pub(super) skip: Option<String>,
    pub(super) pieces: Vec<Piece>,
    pub(super) rows: usize,
}

/// A piece of each row.
pub(super) struct Piece {
    /// How a column says it, each key with its value as YAML; of a whole column or record only the first.
    pub(super) says: Says,
    /// The thing in the first row that has it, and all that are around that.
    pub(super) stands: (NodeId, BTreeSet<NodeId>),
    pub(super) values: Vec<String>,
}

impl Piece {
    /// Whether it is a part of another.
    pub(super) fn is_in(&self, other: &Self) -> bool {
        self.stands.1.contains(&other.stands.0)
    }
}

/// Where a piece stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// Under a header; as it shows.
    Header(String),
    /// What a selector fits, in the cell under a header or in the record, and what is cut off.
    Within { header: Option<String>, of: String, cut: Cut },
    /// Beside a label.
    Label(String),
}

/// What is cut off of a piece, as the old layout says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) starts: Option<String>,
    pub(super) after: Option<String>,
    pub(super) before: Option<String>,
}

impl Cut {
    fn of(pick: &Pick) -> Self {
        Self { starts: pick.starts.clone(), after: pick.after.clone(), before: pick.before.clone() }
    }
}

impl Says {
    fn part(&self, name: String) -> Option<Part> {
        let (header, spot) = match self {
            Self::Header(_) => return None,
            Self::Within { header, of, cut: Cut { starts, after, before } } => {
                let (starts, after, before) = (starts.clone(), after.clone(), before.clone());
                let pick = Pick { of: Some(Css::parse(of)?), attribute: None, starts, after, before };
                (header.as_deref().map(folded_case), Spot::At(pick))
            }
            Self::Label(label) => (None, Spot::Label(vec![folded_case(label)])),
        };
        Some(Part { name, header, spot })
    }
}

/// Everything that repeats on the page, and wasn't there before beside the list.
pub(super) fn groups(now: &Document, before: &Document, read: &TransactionsRead, source: &str) -> Vec<Group> {
    let Some(old) = read.layouts.first().map(|layout| &layout.table) else { return Vec::new() };
    let is_pending = |element: &ElementRef<'_>| {
        let pending = read.pending_table.as_ref();
        pending.is_some_and(|table| now.all(&table.css).any(|known| known.id() == element.id()))
    };
    let wrote = cuts(old);
    let tables = now.everything().filter(|element| is_table(element) && !is_hidden(element) && !is_pending(element));
    let of_table = |element: ElementRef<'_>| {
        let selector = told(now, before, element, old, source)?;
        group(now, selector, Shape::Table, old, source, &wrote)
    };
    let mut found: Vec<Group> = tables.take(GROUPS).filter_map(of_table).collect();
    let mut repeating: Vec<String> = Vec::new();
    for parent in now.everything().filter(|element| !is_hidden(element)) {
        if repeating.len() >= GROUPS {
            break;
        }
        let more = records(now, before, parent, old, source);
        repeating.extend(more);
    }
    found
        .extend(repeating.into_iter().filter_map(|selector| group(now, selector, Shape::Records, old, source, &wrote)));
    found
}

fn is_table(element: &ElementRef<'_>) -> bool {
    element.value().name() == "table" || matches!(element.attr("role"), Some("table" | "grid" | "treegrid"))
}

/// What the script may say of a table, where it is the one that was read, or wasn't there.
fn told(
    now: &Document,
    before: &Document,
    element: ElementRef<'_>,
    old: &Table<TransactionField>,
    source: &str,
) -> Option<String> {
    let fits = |css: &Css| matches!(shown(now, css)[..], [one] if one.id() == element.id());
    if old.shape == Shape::Table && fits(&old.css) {
        return Some(old.css.text().to_owned());
    }
    let offered = selectors(now, element).into_iter().filter(|text| is_told(text, source));
    offered
        .map(|text| text.replace('"', "'"))
        .find(|text| Css::parse(text).is_some_and(|css| fits(&css) && shown(before, &css).is_empty()))
}

/// What the script may say of things of one kind that stand in one.
fn records(
    now: &Document,
    before: &Document,
    parent: ElementRef<'_>,
    old: &Table<TransactionField>,
    source: &str,
) -> Vec<String> {
    let is_new =
        |text: &str| old.css.text() == text || Css::parse(text).is_some_and(|css| shown(before, &css).is_empty());
    alike(now, parent, LEAST, |text| is_told(text, source), is_new)
}

/// How the old layout cuts its pieces, and what they are.
fn cuts(old: &Table<TransactionField>) -> Vec<(Option<String>, Cut)> {
    let pick = |part: &Part| match &part.spot {
        Spot::At(pick) if pick.attribute.is_none() => {
            Some((pick.of.as_ref().map(|css| css.text().to_owned()), Cut::of(pick)))
        }
        _ => None,
    };
    let mut found: Vec<_> = old.parts.iter().filter_map(pick).collect();
    found.dedup();
    found
}

fn group(
    now: &Document,
    selector: String,
    shape: Shape,
    old: &Table<TransactionField>,
    source: &str,
    wrote: &[(Option<String>, Cut)],
) -> Option<Group> {
    let css = Css::parse(&selector)?;
    let skip = old.skip.clone().filter(|_| shape == old.shape);
    let mut table: Table<TransactionField> =
        Table { css, shape, skip, empty: None, columns: Vec::new(), parts: Vec::new() };
    let grid = Grid::find(now, &table).ok().filter(|grid| grid.rows.len() >= LEAST)?;
    let rows: Vec<ElementRef<'_>> = grid.rows.iter().map(|row| row.element).collect();
    let mut offered: Vec<Says> = Vec::new();
    let mut stands: Vec<(NodeId, BTreeSet<NodeId>)> = Vec::new();
    let mut known: BTreeSet<Vec<NodeId>> = BTreeSet::new();
    let mut offer = |says: Says, ids: Vec<NodeId>, of: ElementRef<'_>| {
        if offered.len() < PIECES && known.insert(ids) {
            offered.push(says);
            stands.push((of.id(), of.ancestors().map(|above| above.id()).collect()));
        }
    };
    let is_head =
        |header: &String| !header.is_empty() && grid.headers.iter().filter(|other| *other == header).count() == 1;
    let boxes: Vec<(Option<String>, Vec<ElementRef<'_>>)> = match shape {
        Shape::Records => vec![(None, rows.clone())],
        Shape::Table => {
            let whole = rows.iter().filter(|row| row.child_elements().count() == grid.headers.len());
            let cell = |at: usize| whole.clone().filter_map(move |row| row.child_elements().nth(at)).collect();
            let headed =
                grid.headers.iter().enumerate().filter(|(_, header)| is_head(header) && is_said(header, source));
            headed.map(|(at, header)| (Some(header.clone()), cell(at))).collect()
        }
    };
    for (header, cells) in &boxes {
        if let (Some(header), Some(first)) = (header, cells.first()) {
            offer(Says::Header(header.clone()), vec![first.id()], *first);
        }
        let wanted = wrote.iter().filter_map(|(of, _)| of.clone());
        let inner = cells.iter().take(LOOKED).flat_map(|cell| inside(*cell));
        let said = cells.iter().take(LOOKED).flat_map(|cell| inside(*cell).flat_map(|inner| ways(*cell, inner)));
        let named = said.filter(|way| is_told(way, source));
        let ways = wanted.chain(named);
        let mut tried = BTreeSet::new();
        for of in ways.filter(|way| tried.insert(way.clone())) {
            let firsts: Vec<ElementRef<'_>> = once(cells, &of).into_iter().flatten().flatten().collect();
            if let Some(first) = firsts.first() {
                let ids = firsts.iter().map(|one| one.id()).collect();
                offer(Says::Within { header: header.clone(), of, cut: Cut::default() }, ids, *first);
            }
        }
        if header.is_none() {
            for label in inner.filter(|element| can_label(element) && element.value().name() == "dt") {
                let words = shown_text(label);
                let Some(value) = beside(label).filter(|_| is_said(&words, source)) else { continue };
                offer(Says::Label(words), vec![value.id()], value);
            }
        }
    }
    // What the old layout cuts off is cut off here, too.
    let cuts: Vec<&Cut> = wrote.iter().map(|(_, cut)| cut).filter(|cut| **cut != Cut::default()).collect();
    let mut all: Vec<(Says, (NodeId, BTreeSet<NodeId>))> = offered.into_iter().zip(stands).collect();
    let cut_off: Vec<_> = all
        .iter()
        .flat_map(|(says, stands)| cuts.iter().filter_map(move |cut| Some((says.cut(cut)?, stands.clone()))))
        .collect();
    all.extend(cut_off);
    let names = |at: usize| format!("piece {at}");
    table.parts = all.iter().enumerate().filter_map(|(at, (says, _))| says.part(names(at))).collect();
    let whole = Grid::find(now, &table).ok()?;
    let values_of = |at: usize, says: &Says| {
        let name = match says {
            Says::Header(header) => header.clone(),
            _ => names(at),
        };
        let place = whole.headers.iter().position(|header| *header == name)?;
        Some(whole.rows.iter().map(|row| row.cells.get(place).cloned().unwrap_or_default()).collect())
    };
    let pieces = all.into_iter().enumerate().filter_map(|(at, (says, stands))| {
        let values = values_of(at, &says)?;
        Some(Piece { says, stands, values })
    });
    let pieces = pieces.collect();
    let skip = table.skip.as_ref().map(|css| css.text().to_owned());
    Some(Group { selector, shape, skip, pieces, rows: whole.rows.len() })
}

impl Says {
    fn cut(&self, cut: &Cut) -> Option<Self> {
        let Self::Within { header, of, .. } = self else { return None };
        Some(Self::Within { header: header.clone(), of: of.clone(), cut: cut.clone() })
    }

    /// As a column says it.
    pub(super) fn written(&self) -> String {
        match self {
            Self::Header(header) => yaml_text(header),
            Self::Label(label) => format!("{{ label: {} }}", yaml_text(label)),
            Self::Within { header: None, of, cut } if *cut == Cut::default() => yaml_text(of),
            Self::Within { header, of, cut } => {
                let of = Some(of.clone());
                let keys = [
                    ("column", header),
                    ("of", &of),
                    ("starts", &cut.starts),
                    ("after", &cut.after),
                    ("before", &cut.before),
                ];
                let said =
                    keys.iter().filter_map(|(key, value)| Some(format!("{key}: {}", yaml_text(value.as_ref()?))));
                format!("{{ {} }}", said.collect::<Vec<_>>().join(", "))
            }
        }
    }
}
