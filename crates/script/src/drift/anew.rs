//! What a script may say of a thing in the place of what fits it no more: selectors that fit the thing alone, first those that
//! fitted it before, too, so that a portal which goes back, or changes for some users first, is read either way.
//!
//! A scrubbed page says every digit as `0`, so nothing with a digit in it is proposed that the script doesn't say itself.
//! Not here: which thing it is (`counterpart`).

use scraper::ElementRef;

use super::counterpart::common_tail;
use crate::asked::asks_the_same;
use crate::css::Css;
use crate::document::{Document, fold, is_hidden, shown_text};
use crate::draft::selectors::selectors;
use crate::draft::yaml_text;
use crate::ways::{called, label_of, role_and_words};

/// How many ways of one thing are written.
const WAYS: usize = 3;

/// A thing on the page as it was and as it is.
#[derive(Clone, Copy)]
pub(super) struct Pair<'k, 'n> {
    pub(super) before: &'k Document,
    pub(super) was: ElementRef<'k>,
    pub(super) now: &'n Document,
    pub(super) is: ElementRef<'n>,
}

/// A way that fits the thing as it is.
pub(super) struct Way {
    /// The selector, or the words.
    pub(super) text: String,
    /// As YAML.
    pub(super) written: String,
    /// Whether it fitted the thing as it was.
    pub(super) fitted: bool,
}

impl Pair<'_, '_> {
    /// Selectors in the place of one, the best first.
    pub(super) fn selectors(&self, source: &str, old: &str) -> Vec<Way> {
        let mut found: Vec<Way> = Vec::new();
        let offered = self.substituted(old).into_iter().chain(self.tails()).chain(selectors(self.now, self.is));
        for text in offered.filter(|text| is_told(text, source)) {
            let text = text.replace('"', "'");
            let Some(css) = Css::parse(&text) else { continue };
            let written = yaml_text(&text);
            if fits_only(self.now, &css, self.is) && !found.iter().any(|way| way.written == written) {
                found.push(Way { fitted: fits_only(self.before, &css, self.was), text, written });
            }
        }
        // A place is a way only where there is no name.
        found.sort_by_key(|way| (is_place(way), is_bare(way), !way.fitted));
        found
    }

    /// The same for what is filled or clicked: a list of ways, where there are several that last.
    pub(super) fn ways(&self, source: &str, old: &str) -> Option<Way> {
        let mut all: Vec<Way> = self.by_words(source).into_iter().chain(self.selectors(source, old)).collect();
        // What a person goes by comes first.
        let is_weak = |way: &Way| is_place(way) || is_bare(way);
        if all.iter().any(|way| !is_weak(way)) {
            all.retain(|way| !is_weak(way));
        }
        let fitted = all.iter().any(|way| way.fitted);
        let mut kept: Vec<Way> = Vec::new();
        for way in all.into_iter().filter(|way| way.fitted == fitted) {
            let is_selector = |way: &Way| !way.written.starts_with('{');
            let is_said =
                |known: &Way| is_selector(known) && is_selector(&way) && asks_the_same(&known.text, &way.text);
            // The same said at greater length is no further opinion.
            if !kept.iter().any(is_said) {
                kept.push(way);
            }
        }
        let mut all = kept;
        all.truncate(WAYS);
        let written: Vec<&str> = all.iter().map(|way| way.written.as_str()).collect();
        match written.as_slice() {
            [] => None,
            [one] => Some(Way { text: String::new(), written: (*one).to_owned(), fitted }),
            several => Some(Way { text: String::new(), written: format!("[{}]", several.join(", ")), fitted }),
        }
    }

    /// By its label or its words.
    fn by_words(&self, source: &str) -> Option<Way> {
        let words = called(self.now, self.is);
        let fitted = words == called(self.before, self.was);
        let said = |words: &str| yaml_text(&said_words(self.now, self.is).unwrap_or_else(|| words.to_owned()));
        if !is_said(&words, source) {
            return None;
        }
        if label_of(self.now, self.is).is_some() {
            let fitted = fitted && label_of(self.before, self.was).is_some();
            return Some(Way { written: format!("{{ label: {} }}", said(&words)), text: words, fitted });
        }
        let (role, _) = role_and_words(self.now, self.is)?;
        let written = format!("{{ role: {role}, name: {} }}", said(&words));
        Some(Way {
            written,
            text: words,
            fitted: fitted && role_and_words(self.before, self.was).is_some_and(|(was, _)| was == role),
        })
    }

    /// The old selector with the thing's other names in it.
    fn substituted(&self, old: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (name, value) in self.was.value().attrs().filter(|(_, value)| !value.is_empty()) {
            let Some(other) = self.is.attr(name).filter(|other| *other != value) else { continue };
            if name == "id" && old.contains(&format!("#{value}")) {
                found.push(old.replace(&format!("#{value}"), &format!("#{other}")));
            }
            if name == "class" {
                let (was, is) =
                    (self.was.value().classes().collect::<Vec<_>>(), self.is.value().classes().collect::<Vec<_>>());
                for gone in was.iter().filter(|class| !is.contains(class) && old.contains(&format!(".{class}"))) {
                    let new = is.iter().filter(|class| !was.contains(class));
                    found.extend(new.map(|new| old.replace(&format!(".{gone}"), &format!(".{new}"))));
                }
            }
            for quote in ["\"", "'", ""] {
                let (gone, new) = (format!("[{name}={quote}{value}{quote}]"), format!("[{name}='{other}']"));
                if old.contains(&gone) {
                    found.push(old.replace(&gone, &new));
                }
            }
        }
        found
    }

    /// By the end of a name that is the same.
    fn tails(&self) -> Vec<String> {
        let tail = |name: &&str| {
            let (one, other) = (self.was.attr(name)?, self.is.attr(name)?);
            let (one, other) = (format!("{name} {one}"), format!("{name} {other}"));
            common_tail(&one, &other).map(|tail| format!("[{name}$='{tail}']"))
        };
        ["id", "name"].iter().filter_map(tail).collect()
    }
}

/// Whether it says of which kind a thing is and nothing else, which another may be tomorrow.
pub(super) fn is_bare(way: &Way) -> bool {
    !way.written.contains(['#', '.', '[', '{'])
}

pub(super) fn is_place(way: &Way) -> bool {
    way.written.contains(":nth-")
}

/// Whether a selector fits this thing and no other that shows.
pub(super) fn fits_only(document: &Document, css: &Css, element: ElementRef<'_>) -> bool {
    let mut fitting = document.all(css).filter(|found| !is_hidden(found));
    fitting.next().is_some_and(|found| found.id() == element.id()) && fitting.next().is_none()
}

/// Whether a selector says only what is on the page as it truly is: no digit, but in a place, and nothing that scrubbing left.
pub(super) fn is_told(selector: &str, source: &str) -> bool {
    let mut rest = String::new();
    let mut text = selector;
    while let Some(at) = text.find(":nth-") {
        rest.push_str(text.get(..at).unwrap_or_default());
        text = text.get(at..).and_then(|from| from.split_once(')')).map_or("", |(_, rest)| rest);
    }
    rest.push_str(text);
    is_said(&rest, source)
}

/// The same of words.
pub(super) fn is_said(words: &str, source: &str) -> bool {
    let pieces = words
        .split(|sign: char| !sign.is_alphanumeric() && !matches!(sign, '_' | '-'))
        .filter(|piece| !piece.is_empty());
    let is_shape = |piece: &str| piece.len() > 1 && piece.chars().all(|sign| sign == 'x');
    let mut has_any = false;
    let holds = pieces.clone().all(|piece| {
        has_any = true;
        !is_shape(piece)
            && piece != "secret"
            && (!piece.contains(|sign: char| sign.is_numeric()) || source.contains(piece))
    });
    holds && has_any
}

/// The words by which something is called, as they are written.
pub(super) fn said_words(document: &Document, element: ElementRef<'_>) -> Option<String> {
    let words = called(document, element);
    let is_it = |text: &str| fold(text).to_lowercase() == words;
    let own = shown_text(element);
    if is_it(&own) {
        return Some(own);
    }
    let labels = document.everything().filter(|other| other.value().name() == "label").map(shown_text);
    let attributes = ["aria-label", "value", "title", "placeholder"].into_iter().filter_map(|name| element.attr(name));
    labels.chain(attributes.map(|text| fold(text).into_owned())).find(|text| is_it(text))
}

#[cfg(test)]
mod tests {
    use super::{Pair, is_told};
    use crate::document::Document;

    fn check(before: &str, now: &str, old: &str, expected: Option<(&str, bool)>) {
        let parsed = |html: &str| -> &'static Document { Box::leak(Box::new(Document::parse(html).expect("a page"))) };
        let (before, now) = (parsed(before), parsed(now));
        let marked = |document: &'static Document| {
            document.everything().find(|element| element.attr("mark").is_some()).expect("a thing")
        };
        let (was, is) = (marked(before), marked(now));
        let way = Pair { before, was, now, is }.ways("", old);
        assert_eq!(way.as_ref().map(|way| (way.written.as_str(), way.fitted)), expected);
    }

    #[test]
    fn what_fits_before_and_now_is_proposed_before_what_is_new() {
        let form = |user: &str, more: &str| {
            format!(
                "<form action=/in><label for={user}>User ID</label><input id={user} name={user} mark>{more}<input type=password></form>"
            )
        };
        check(&form("u", ""), &form("other", ""), "#u", Some(("{ label: User ID }", true)));
        check("<input id=u mark>", "<p><input id=other mark><input id=b>", "#u", Some(("\"#other\"", false)));
        check(
            "<input id=a_Main_user mark><input>",
            "<input id=b_Other_user mark><input>",
            "#a_Main_user",
            Some(("\"[id$='_user']\"", true)),
        );
        // What digits it has nobody can say.
        check("<b id=u mark></b>", "<b id=u-00 mark></b><b></b>", "#u", Some(("\"b:nth-of-type(1)\"", true)));
        check(
            "<iframe name=q srcdoc='<input name=FROM mark>'></iframe>",
            "<iframe name=q srcdoc='<input name=FRDATE mark>'></iframe>",
            "iframe[name=q] >>> input[name=FROM]",
            Some(("\"iframe[name=q] >>> input[name='FRDATE']\"", false)),
        );
    }

    #[test]
    fn what_scrubbing_left_is_no_name() {
        let check = |selector: &str, expected: bool| assert_eq!(is_told(selector, "#row12"), expected, "{selector}");
        check("#grid", true);
        check("#grid-0", false);
        check("#row12", true);
        check("#a > b:nth-of-type(10)", true);
        check("a[href='/xxxx']", false);
        check("[id='[secret]']", false);
    }
}
