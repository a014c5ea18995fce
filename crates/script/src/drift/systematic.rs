//! Names that begin otherwise on all pages of a portal, as those of a framework do after an upgrade: found by how they end.
//!
//! Not here: names that changed one by one (`mend`).

use std::collections::{BTreeMap, BTreeSet};

use super::counterpart::{common_tail, counterpart};
use super::mend::{Mend, Says, says, shown};
use super::text::Scalar;
use crate::css::Css;
use crate::document::Document;
use crate::draft::{Sureness, yaml_text};

/// How many names have to have changed in one way.
const LEAST: usize = 2;

/// Writes all selectors anew that go by a beginning which is gone; none where nothing changed so, or where what is written
/// would fit something else on a page that is known.
pub(super) fn mends(
    scalars: &[Scalar],
    known: &[Document],
    before: &Document,
    now: &Document,
) -> Option<(String, Vec<Mend>)> {
    let selectors = || scalars.iter().filter(|scalar| matches!(says(scalar), Some(Says::Selector | Says::Ways)));
    let mut beginnings: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for scalar in selectors() {
        let Some(css) = Css::parse(&scalar.text) else { continue };
        let Some(was) = shown(before, &css).first().copied().filter(|_| shown(now, &css).is_empty()) else { continue };
        let Some(found) = counterpart(before, was, now) else { continue };
        let (Some(one), Some(other)) = (was.attr("id"), found.element.attr("id")) else { continue };
        let (one, other) = (format!("id {one}"), format!("id {other}"));
        if let Some(tail) = common_tail(&one, &other) {
            let beginning = one.strip_prefix("id ").and_then(|id| id.strip_suffix(tail)).unwrap_or_default();
            beginnings.entry(beginning.to_owned()).or_default().insert(tail.to_owned());
        }
    }
    let (beginning, _) =
        beginnings.into_iter().find(|(beginning, tails)| !beginning.is_empty() && tails.len() >= LEAST)?;
    let mut mends = Vec::new();
    for scalar in selectors() {
        let new = anew(&scalar.text, &beginning);
        if new == scalar.text {
            continue;
        }
        let (old, css) = (Css::parse(&scalar.text)?, Css::parse(&new)?);
        let fits = |css: &Css, page: &Document| page.all(css).map(|element| element.id()).collect::<Vec<_>>();
        // On pages as they were it fits what it fitted.
        if known.iter().any(|page| fits(&old, page) != fits(&css, page)) {
            return None;
        }
        mends.push(Mend {
            span: scalar.span.clone(),
            line: scalar.line,
            new: yaml_text(&new),
            sureness: Sureness::Likely,
            why: format!("what is called `{beginning}…` is called otherwise, and ends the same"),
        });
    }
    (!mends.is_empty()).then_some((beginning, mends))
}

/// A selector in which names that begin so are known by their ends.
fn anew(selector: &str, beginning: &str) -> String {
    let is_of_name = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-' | '$');
    let plain = |text: &str| text.replace('$', "_");
    let mut out = String::new();
    let mut rest = selector;
    while let Some(at) = rest.find(['#', '[']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (mark, inside) = from.split_at(1);
        let (attribute, value, behind) = if mark == "#" {
            let end = inside.find(|sign| !is_of_name(sign)).unwrap_or(inside.len());
            ("id", inside.get(..end).unwrap_or_default(), inside.get(end..).unwrap_or_default())
        } else {
            let Some((content, behind)) = inside.split_once(']') else { break };
            let (attribute, value) = content.split_once('=').unwrap_or((content, ""));
            (attribute, value.trim_matches(['\'', '"']), behind)
        };
        let is_named = matches!(attribute, "id" | "name");
        let tail = is_named.then(|| plain(value).strip_prefix(&plain(beginning)).map(str::len)).flatten();
        match tail.and_then(|length| value.get(value.len() - length..)).filter(|tail| tail.len() > 2) {
            Some(tail) => out.push_str(&format!("[{attribute}$='{tail}']")),
            None => out.push_str(from.get(..from.len() - behind.len()).unwrap_or_default()),
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::anew;

    #[test]
    fn names_with_a_beginning_are_known_by_their_ends() {
        let check = |selector: &str, expected: &str| assert_eq!(anew(selector, "ctl00_Main"), expected);
        check("#ctl00_Main_txtUser", "[id$='_txtUser']");
        check("[name='ctl00$Main$ddl']", "[name$='$ddl']");
        check("#menu a[href='/x'] > #ctl00_Main_lnk.b", "#menu a[href='/x'] > [id$='_lnk'].b");
        check("#other, tr.pager", "#other, tr.pager");
        check("[class=ctl00_Main_x] #ctl00_Main", "[class=ctl00_Main_x] #ctl00_Main");
    }
}
