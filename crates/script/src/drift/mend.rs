//! What of a script fits a page as it was and no more as it is, and what to write in its place.
//!
//! Not here: which page it is, and whether what comes of it holds (`propose`).

use std::ops::Range;

use scraper::ElementRef;

use super::anew::{Pair, Way, is_bare, is_place, is_said, is_told};
use super::counterpart::counterpart;
use super::skeleton::{is_in_data_row, own_words};
use super::text::{Scalar, Stands};
use crate::asked::asks_the_same;
use crate::css::Css;
use crate::document::{Document, folded_case, is_hidden, shown_text};
use crate::draft::Sureness;
use crate::draft::yaml_text;

/// What is written in the place of a scalar.
pub(super) struct Mend {
    pub(super) span: Range<usize>,
    pub(super) line: usize,
    pub(super) new: String,
    pub(super) sureness: Sureness,
    pub(super) why: String,
}

/// What can be mended of what a page broke, and what nobody finds again.
#[derive(Default)]
pub(super) struct Mends {
    pub(super) mends: Vec<Mend>,
    pub(super) lost: Vec<String>,
}

/// What a scalar is to a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// A selector of one thing, or of many.
    Selector,
    /// A selector, or one of several ways, of what is acted on.
    Ways,
    /// A header of a table.
    Header,
    /// Words that tell a page, in what the key above says.
    Words,
}

/// What there is only in some states of a page, so that its absence says nothing.
const OF_STATES: [&str; 9] = ["absent", "busy", "skip", "empty", "unless", "refused", "end", "noPage", "said"];

/// What is never on a page.
const ELSEWHERE: [&str; 4] = ["captured", "csv", "map", "pending"];

pub(super) fn says(scalar: &Scalar) -> Option<Says> {
    let key = scalar.key();
    if ELSEWHERE.iter().any(|key| scalar.is_under(key)) {
        return None;
    }
    let above = scalar.path.iter().rev().filter(|part| *part != "#").nth(1).map_or("", String::as_str);
    if scalar.stands == Stands::Key {
        let is_text = above == "text" && scalar.is_under("when");
        let is_filled = above == "fill" && !["label", "text", "role", "name"].contains(&scalar.text.as_str());
        return (is_text || is_filled).then_some(Says::Selector);
    }
    match key {
        "fill" | "click" if scalar.page().is_some() => Some(Says::Ways),
        "visible" | "absent" | "busy" | "message" | "target" | "prompt" | "table" | "records" | "skip" | "key"
        | "noPage" | "open" | "back" | "empty" | "unless" | "refused" | "announced" | "next" | "choose" | "click"
        | "behind" | "more" | "scroll" | "end" | "from" | "to" | "answer" | "of" | "sign_out" | "secret"
        | "picture" | "title" | "said" => Some(Says::Selector),
        "column" => Some(Says::Header),
        _ if above == "columns" => Some(Says::Header),
        _ if scalar.is_under("when") && scalar.is_under("text") => Some(Says::Words),
        _ => None,
    }
}

/// What a page's changes broke: `known` are the pages as they were, and which of them it is. `target` is what a run didn't find.
pub(super) fn mends(
    source: &str,
    scalars: &[Scalar],
    (known, at): (&[Document], usize),
    now: &Document,
    target: Option<&str>,
) -> Mends {
    let mut found = Mends::default();
    let Some(before) = known.get(at) else { return found };
    for (place, scalar) in scalars.iter().enumerate() {
        let Some(says) = says(scalar) else { continue };
        match says {
            Says::Selector | Says::Ways => {
                let beside = beside(scalars, place);
                found.selector(source, (scalar, &beside), says, (known, before, now), target);
            }
            Says::Words => found.words(source, scalar, (before, now)),
            Says::Header => {}
        }
    }
    found.headers(source, scalars, before, now);
    found
}

/// The other selectors of the list that a way of a thing is in.
fn beside(scalars: &[Scalar], place: usize) -> Vec<&Scalar> {
    let Some(own) = scalars.get(place).filter(|own| own.path.last().is_some_and(|last| last == "#")) else {
        return Vec::new();
    };
    let is_in_list = |other: &&Scalar| other.path.starts_with(&own.path);
    let before = scalars.iter().take(place).rev().take_while(is_in_list);
    let behind = scalars.iter().skip(place + 1).take_while(is_in_list);
    before.chain(behind).filter(|other| other.path == own.path).collect()
}

/// Where an entry of a list stands, with what parts it from its neighbour.
fn entry(source: &str, span: &Range<usize>) -> Range<usize> {
    let (before, behind) = (source.get(..span.start).unwrap_or_default(), source.get(span.end..).unwrap_or_default());
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    if before.get(line..).is_some_and(|start| start.trim() == "-") {
        return line..span.end + behind.find('\n').map_or(behind.len(), |at| at + 1);
    }
    match behind.trim_start().strip_prefix(',') {
        Some(rest) => span.start..source.len() - rest.trim_start().len(),
        None => before.trim_end().strip_suffix(',').map_or(span.start, str::len)..span.end,
    }
}

impl Mends {
    fn selector(
        &mut self,
        source: &str,
        (scalar, beside): (&Scalar, &[&Scalar]),
        says: Says,
        (known, before, now): (&[Document], &Document, &Document),
        target: Option<&str>,
    ) {
        let is_target = target == Some(scalar.text.as_str());
        if !is_target && OF_STATES.iter().any(|key| scalar.is_under(key)) {
            return;
        }
        let Some(css) = Css::parse(&scalar.text) else { return };
        let was = shown(before, &css);
        let is = shown(now, &css);
        let is_torn = is.len() > 1 && was.len() == 1 && is_target;
        let Some(first) = was.first().copied().filter(|_| is.is_empty() || is_torn) else { return };
        if is_in_data_row(first) && shown(now, &css).is_empty() && !has_rows(now) {
            self.lost.push(format!("`{}` is in rows of a table, and there is none", scalar.text));
            return;
        }
        let Some(found) = counterpart(before, first, now) else {
            self.lost.push(format!("nothing on the page is what `{}` was", scalar.text));
            return;
        };
        let pair = Pair { before, was: first, now, is: found.element };
        let is_whole = scalar.path.last().is_some_and(|last| last != "#");
        // What another way of the thing asks for already is no further opinion of where it is.
        let as_mended = |other: &Scalar| {
            let mend = self.mends.iter().find(|mend| mend.span == other.span);
            mend.map_or_else(|| other.text.clone(), |mend| mend.new.clone())
        };
        let said: Vec<String> = beside.iter().map(|other| as_mended(other)).collect();
        let is_further = |way: &Way| !said.iter().any(|said| asks_the_same(said, &way.text));
        let way = match says {
            _ if was.len() > 1 => kinds(source, &found.element, now),
            Says::Ways if is_whole => pair.ways(source, &scalar.text).map(|way| (way.written, way.fitted)),
            _ => {
                let others = || known.iter().filter(|page| !std::ptr::eq(*page, before));
                // A sign that another page has, too, would take it for this one.
                let is_apart = |css: &Css| others().all(|page| shown(page, css).is_empty());
                let is_sign = scalar.is_under("when") && is_apart(&css);
                let ways = pair.selectors(source, &scalar.text).into_iter();
                let is_fit = |way: &Way| !is_sign || Css::parse(&way.text).is_some_and(|css| is_apart(&css));
                let (further, told): (Vec<Way>, Vec<Way>) = ways.filter(is_fit).partition(is_further);
                let further = further.into_iter().find(|way| told.is_empty() || !is_place(way) && !is_bare(way));
                if further.is_none() && !told.is_empty() {
                    let why = format!("`{}` is gone, and the ways beside it say where the thing is", scalar.text);
                    let (span, line) = (entry(source, &scalar.span), scalar.line);
                    self.mends.push(Mend { span, line, new: String::new(), sureness: Sureness::Likely, why });
                    return;
                }
                further.map(|way| (way.written, way.fitted))
            }
        };
        let Some((new, fitted)) = way else {
            self.lost.push(format!(
                "what `{}` was is there, and has no name without digits, which a scrubbed page doesn't tell",
                scalar.text
            ));
            return;
        };
        let is_place = new.contains(":nth-");
        let sureness = if found.is_likely && !is_place { Sureness::Likely } else { Sureness::Guess };
        let also = if fitted { "; what is written fitted it before, too" } else { "" };
        let why = format!("`{}`: {}{also}", scalar.text, found.why);
        self.mends.push(Mend { span: scalar.span.clone(), line: scalar.line, new, sureness, why });
    }

    /// Words that told a page, where what they stood in is there and says others.
    fn words(&mut self, source: &str, scalar: &Scalar, (before, now): (&Document, &Document)) {
        let Some(css) = scalar.path.last().and_then(|within| Css::parse(within)) else { return };
        let wanted = folded_case(&scalar.text);
        let says = |element: &ElementRef<'_>| folded_case(&shown_text(*element)).contains(&wanted);
        if !shown(before, &css).iter().any(says) || shown(now, &css).iter().any(says) {
            return;
        }
        let [one] = shown(now, &css)[..] else { return };
        let words = own_words(&shown_text(one));
        if !words.is_empty() && words.len() < 60 && is_said(&words, source) {
            let why = format!("it says \"{words}\" where it said \"{}\"", scalar.text);
            let (span, line) = (scalar.span.clone(), scalar.line);
            self.mends.push(Mend { span, line, new: yaml_text(&words), sureness: Sureness::Guess, why });
        }
    }

    /// Headers that are others now.
    fn headers(&mut self, source: &str, scalars: &[Scalar], before: &Document, now: &Document) {
        let Some((was, is)) = tables(scalars, before, now) else { return };
        let is_gone = |scalar: &&Scalar| {
            let has = |headers: &[Column]| {
                headers.iter().any(|column| folded_case(&column.header) == folded_case(&scalar.text))
            };
            says(scalar) == Some(Says::Header) && has(&was) && !has(&is)
        };
        for scalar in scalars.iter().filter(is_gone) {
            let known =
                |column: &&Column| !was.iter().any(|other| folded_case(&other.header) == folded_case(&column.header));
            let Some(at) = was.iter().position(|column| folded_case(&column.header) == folded_case(&scalar.text))
            else {
                continue;
            };
            let Some(old) = was.get(at) else { continue };
            let fitting: Vec<&Column> = is.iter().filter(known).filter(|column| column.is_like(old)).collect();
            // Where several could be it, its place decides.
            let by_place = is
                .get(at)
                .filter(|column| was.len() == is.len() && fitting.iter().any(|one| one.header == column.header));
            let one = by_place.or_else(|| fitting.first().copied().filter(|_| fitting.len() == 1));
            match one.filter(|column| !column.header.is_empty() && is_said(&column.header, source)) {
                Some(column) => {
                    let sureness = if fitting.len() == 1 { Sureness::Likely } else { Sureness::Guess };
                    let why =
                        format!("the column `{}` is headed `{}`: values of the same kind", scalar.text, column.header);
                    let (span, line) = (scalar.span.clone(), scalar.line);
                    self.mends.push(Mend { span, line, new: yaml_text(&column.header), sureness, why });
                }
                None => self.lost.push(format!("no column holds what the column `{}` held", scalar.text)),
            }
        }
    }
}

/// A column of a table, and the shapes of its cells.
struct Column {
    header: String,
    shapes: Vec<String>,
}

impl Column {
    /// Whether both hold values of one kind.
    fn is_like(&self, other: &Self) -> bool {
        let share = self.shapes.iter().filter(|shape| other.shapes.contains(shape)).count();
        share > 0 && share * 2 >= self.shapes.len().min(other.shapes.len())
    }
}

/// The tables that the script reads on a page, as they were and as they are.
fn tables(scalars: &[Scalar], before: &Document, now: &Document) -> Option<(Vec<Column>, Vec<Column>)> {
    let is_table =
        |scalar: &&Scalar| scalar.stands == Stands::Value && scalar.key() == "table" && scalar.is_under("reads");
    scalars.iter().filter(is_table).find_map(|scalar| {
        let css = Css::parse(&scalar.text)?;
        let was = *shown(before, &css).first()?;
        let is = match shown(now, &css).first() {
            Some(one) => *one,
            None => counterpart(before, was, now)?.element,
        };
        Some((columns(was), columns(is))).filter(|(was, is)| !was.is_empty() && !is.is_empty())
    })
}

fn columns(table: ElementRef<'_>) -> Vec<Column> {
    const ROWS: usize = 12;
    let is_row = |row: &ElementRef<'_>| row.value().name() == "tr" || row.attr("role") == Some("row");
    let rows: Vec<ElementRef<'_>> = table.descendants().filter_map(ElementRef::wrap).filter(is_row).collect();
    let is_header = |cell: ElementRef<'_>| cell.value().name() == "th" || cell.attr("role") == Some("columnheader");
    let Some(at) = rows.iter().position(|row| row.child_elements().count() > 1 && row.child_elements().all(is_header))
    else {
        return Vec::new();
    };
    let headers: Vec<String> =
        rows.get(at).map(|row| row.child_elements().map(shown_text).collect()).unwrap_or_default();
    let mut columns: Vec<Column> = headers.into_iter().map(|header| Column { header, shapes: Vec::new() }).collect();
    for row in rows
        .iter()
        .skip(at + 1)
        .filter(|row| row.child_elements().count() == columns.len())
        .take(ROWS)
        .collect::<Vec<_>>()
    {
        for (column, cell) in columns.iter_mut().zip(row.child_elements()) {
            let shape = value_kind(&shown_text(cell));
            if !shape.is_empty() && !column.shapes.contains(&shape) {
                column.shapes.push(shape);
            }
        }
    }
    columns
}

/// The kind of a value: its marks, each run of letters or digits as one.
pub(super) fn value_kind(text: &str) -> String {
    let mut kind = String::new();
    for sign in text.chars() {
        let sign = match sign {
            sign if sign.is_numeric() => '0',
            sign if sign.is_alphabetic() => 'x',
            sign if sign.is_whitespace() => ' ',
            '-' | '−' | '(' | ')' | '+' => continue,
            sign => sign,
        };
        if !(kind.ends_with(sign) && matches!(sign, '0' | 'x' | ' ')) {
            kind.push(sign);
        }
    }
    // Words are words, however many, and thousands are amounts.
    let kind = kind.trim().replace("0,0,0", "0,0").replace("0,0.", "0.").replace("0.0,", "0,");
    if kind.contains("x x") { "words".to_owned() } else { kind }
}

/// A class that all things of one kind have.
fn kinds(source: &str, one: &ElementRef<'_>, now: &Document) -> Option<(String, bool)> {
    let tag = one.value().name();
    let classes = one.value().classes().map(|class| format!("{tag}.{class}")).filter(|text| is_told(text, source));
    classes
        .into_iter()
        .find(|text| Css::parse(text).is_some_and(|css| !shown(now, &css).is_empty()))
        .map(|text| (yaml_text(&text), false))
}

fn has_rows(now: &Document) -> bool {
    now.everything().any(|element| element.value().name() == "td" && is_in_data_row(element))
}

/// What a selector fits that shows.
pub(super) fn shown<'d>(document: &'d Document, css: &Css) -> Vec<ElementRef<'d>> {
    document.all(css).filter(|element| !is_hidden(element)).collect()
}

#[cfg(test)]
mod tests {
    use super::value_kind;

    #[test]
    fn values_of_one_kind_are_told_by_their_marks() {
        assert_eq!(value_kind("$1,234.00"), value_kind("($17.90)"));
        assert_eq!(value_kind("1.234,00 €"), value_kind("-7,00 €"));
        assert_eq!(value_kind("00/00/0000"), value_kind("1/2/2026"));
        assert_ne!(value_kind("00/00/0000"), value_kind("0.00"));
        assert_eq!(value_kind("Rent of May"), value_kind("Coffee and a cake"));
    }
}
