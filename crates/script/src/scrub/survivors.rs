//! Whether something of a customer's survived: what looks like the number of a card or an account, an IBAN, an e-mail address, a
//! phone number or a name on the pages as they were, looked for on the pages as they are, and in what is given away with them.
//!
//! It errs on the side of finding. What is found is told by its kind and its shape, never by itself.
//!
//! Not here: replacing it.

use std::collections::{BTreeMap, BTreeSet};

use ego_tree::NodeRef;
use scraper::{ElementRef, Node};
use serde::Serialize;

use super::disguise::Secrets;
use super::fiction::{is_card, is_iban, is_unit, months, plain};
use super::{OwnWords, Voice, shape, voice_within};
use crate::document::{Document, folded_case};

/// A number with so many digits is somebody's.
const DIGITS: usize = 6;

/// A word with so many letters may be a name.
const LETTERS: usize = 4;

/// One with a capital may be with so many.
const SHORT: usize = 2;

/// Something that is there as it was on a page before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Survivor {
    /// What it looks like.
    pub kind: SurvivorKind,
    /// Its shape: letters as `x`, digits as `0`.
    pub shape: String,
}

/// What something looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SurvivorKind {
    /// The number of a card, by its check digit.
    Card,
    /// An IBAN, by its check digits.
    Iban,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// Another number with six digits or more.
    Number,
    /// A word of a text that isn't the portal's own.
    Name,
    /// What was typed at the sign-in.
    Typed,
}

/// What on pages is somebody's.
pub struct Belongings {
    names: BTreeSet<String>,
    /// The names that somebody knows.
    known: Vec<String>,
    /// Numbers and addresses.
    others: Vec<(String, SurvivorKind, Secrets)>,
    typed: Secrets,
}

/// The words of texts that aren't the portal's own, and not the script's either, case folded.
pub(super) fn names<'d>(documents: impl Iterator<Item = &'d Document>, own: &OwnWords) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for document in documents {
        texts(document.html.tree.root(), Voice::Shape, &mut |voice, text| {
            if voice == Voice::Shape {
                names.extend(words(text));
            }
        });
    }
    for own in own.words() {
        names.remove(own);
    }
    names
}

/// Whether an attribute tells elements apart by words that somebody chose.
pub(super) fn is_chosen(attribute: &str) -> bool {
    matches!(attribute, "id" | "class" | "for" | "name" | "headers" | "list")
        || attribute.starts_with("data-")
        || matches!(attribute, "aria-controls" | "aria-labelledby" | "aria-describedby" | "aria-owns" | "aria-details")
}

impl Belongings {
    /// Those on the pages as they were. `known` are names that somebody knows; other words are names where they stand in a
    /// text that isn't the portal's own (its headings, labels, buttons) or the script's. `typed` is what was typed at the
    /// sign-in.
    ///
    /// # Errors
    /// The page, from 0, that isn't looked into, and why not.
    pub fn of(pages: &[&str], own: &OwnWords, known: &[&str], typed: &[&str]) -> Result<Self, (usize, &'static str)> {
        let parsed = |(place, html): (usize, &&str)| Document::parse(html).map_err(|refused| (place, refused.text()));
        let documents: Vec<Document> = pages.iter().enumerate().map(parsed).collect::<Result<_, _>>()?;
        let mut names = names(documents.iter(), own);
        names.extend(known.iter().flat_map(|name| parts(name)));
        let mut others: BTreeMap<String, SurvivorKind> = BTreeMap::new();
        for document in &documents {
            texts(document.html.tree.root(), Voice::Shape, &mut |_, text| add(&mut others, text));
        }
        let others = others.into_iter().map(|(text, kind)| {
            let secret = Secrets::new(&[text.as_str()]);
            (text, kind, secret)
        });
        let known = known.iter().map(|name| (*name).to_owned()).collect();
        Ok(Self { names, known, others: others.collect(), typed: Secrets::new(typed) })
    }

    /// What of them is on a page as it is.
    ///
    /// # Errors
    /// Why the page isn't looked into.
    pub fn on_page(&self, html: &str) -> Result<BTreeSet<Survivor>, &'static str> {
        let document = Document::parse(html).map_err(|refused| refused.text())?;
        let mut survivors = BTreeSet::new();
        texts(document.html.tree.root(), Voice::Shape, &mut |_, text| {
            // What is on the page now may be written in small letters.
            for word in parts(text).filter(|word| self.names.contains(word)) {
                survivors.insert(Survivor { kind: SurvivorKind::Name, shape: shape(&word) });
            }
            survivors.extend(self.others_in(text));
        });
        Ok(survivors)
    }

    /// What of them is in the text of a script or a record, comments too. Its words are the portal's own, but for the
    /// names that somebody knows and what was typed; a short word of a name is found with the whole name alone.
    #[must_use]
    pub fn in_source(&self, source: &str) -> BTreeSet<Survivor> {
        let names: BTreeSet<String> = self.known.iter().flat_map(|name| parts(name)).collect();
        let is_name = |word: &String| word.chars().count() >= LETTERS && names.contains(word);
        let mut survivors = BTreeSet::new();
        for line in source.lines() {
            survivors.extend(self.others_in(line));
            let whole = self.known.iter().filter(|name| Secrets::new(&[name.as_str()]).are_in(line)).cloned();
            let found = whole.chain(parts(line).filter(is_name));
            survivors.extend(found.map(|name| Survivor { kind: SurvivorKind::Name, shape: shape(&name) }));
            if self.typed.are_in(line) {
                survivors.insert(Survivor { kind: SurvivorKind::Typed, shape: shape(line.trim()) });
            }
        }
        survivors
    }

    /// Which numbers and addresses are in a text.
    fn others_in(&self, text: &str) -> impl Iterator<Item = Survivor> {
        let text = plain(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let found = self.others.iter().filter(move |(found, kind, secret)| match kind {
            SurvivorKind::Email | SurvivorKind::Iban => secret.are_in(&text),
            _ => digits.contains(found.as_str()),
        });
        found.map(|(found, kind, _)| Survivor { kind: *kind, shape: shape(found) })
    }
}

/// What a text has that is somebody's.
fn add(theirs: &mut BTreeMap<String, SurvivorKind>, text: &str) {
    let text = &plain(text);
    for word in text.split_whitespace().filter(|word| word.contains('@') && word.contains('.')) {
        theirs.insert(word.trim_matches(|sign: char| !sign.is_alphanumeric()).to_owned(), SurvivorKind::Email);
    }
    let bare: String = text.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    for part in bare.split(|sign: char| !sign.is_ascii_alphanumeric()) {
        if is_iban(part) {
            theirs.insert(part.to_owned(), SurvivorKind::Iban);
        }
    }
    // Digits with single signs between them; a dot or a comma may part an amount, which is no number of anybody's.
    let mut digits = String::new();
    let mut is_phone = false;
    let mut before = ' ';
    for sign in text.chars().chain(['\n', '\n']) {
        if sign.is_ascii_digit() {
            if digits.is_empty() {
                is_phone = before == '+' || before == '(';
            }
            digits.push(sign);
        } else if !matches!(sign, ' ' | '-' | '(' | ')' | '/') || !before.is_ascii_digit() && before != ')' {
            if digits.len() >= DIGITS && !is_day(text) {
                let kind = match () {
                    () if is_card(&digits) => SurvivorKind::Card,
                    () if is_phone && digits.len() >= 7 => SurvivorKind::Phone,
                    () => SurvivorKind::Number,
                };
                theirs.insert(std::mem::take(&mut digits), kind);
            }
            digits.clear();
        }
        before = sign;
    }
}

/// Whether it reads as a day by itself, which stays: a year, a month and a day, in whichever order.
pub(super) fn is_day(text: &str) -> bool {
    let parts: Option<Vec<u32>> =
        text.trim().split(['-', '.', '/', ' ']).map(|part| part.parse().ok().filter(|_| part.len() <= 4)).collect();
    let is_one = |year: u32, month: u32, day: u32| {
        (year < 100 || (1900..2200).contains(&year)) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    match parts.as_deref() {
        Some([one, two, three]) => {
            is_one(*one, *two, *three) || is_one(*three, *two, *one) || is_one(*three, *one, *two)
        }
        _ => false,
    }
}

/// The words of a text that may be names, case folded: of a script without capitals, or long, or with a capital.
fn words(text: &str) -> impl Iterator<Item = String> {
    let may_be_name = |word: &&str| {
        let is_of_signs = word.chars().all(|letter| letter > '\u{2e7f}');
        let count = word.chars().count();
        // All in capitals it is an abbreviation, as `DE` and `USD` are.
        let has_capital = word.chars().next().is_some_and(char::is_uppercase) && word.chars().any(char::is_lowercase);
        (count >= LETTERS || (count >= SHORT && (has_capital || is_of_signs))) && !is_unit(word)
    };
    // The month of a day is nobody's.
    let mut begins = 0;
    let ends = months(text).into_iter().map(|month| (month.start, month.end)).chain([(text.len(), text.len())]);
    let parts = ends.filter_map(move |(end, next)| text.get(std::mem::replace(&mut begins, next)..end));
    parts.flat_map(|part| part.split(|sign: char| !sign.is_alphabetic())).filter(may_be_name).map(folded_case)
}

/// The words of what tells elements apart, case folded, which has no capitals to go by.
fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(|sign: char| !sign.is_alphabetic()).filter(|word| word.chars().count() >= SHORT).map(folded_case)
}

/// Each text of a document, those of attributes that people read too, with how it speaks.
fn texts(node: NodeRef<'_, Node>, voice: Voice, told: &mut dyn FnMut(Voice, &str)) {
    let nothing = Secrets::new(&[]);
    let mut work = vec![(node, voice)];
    while let Some((node, voice)) = work.pop() {
        let mut inner = voice;
        match node.value() {
            Node::Text(text) => told(voice, text),
            Node::Element(element) => {
                if matches!(element.name(), "script" | "style") {
                    continue;
                }
                if let Some(element) = ElementRef::wrap(node) {
                    inner = voice_within(element, voice, &nothing);
                }
                for name in ["value", "title", "alt", "aria-label", "placeholder", "href", "action"] {
                    if let Some(text) = element.attr(name) {
                        // Where something leads is the portal's own, and may be named after somebody.
                        let is_portals = matches!(name, "placeholder" | "href" | "action");
                        told(if is_portals { Voice::Words } else { inner }, text);
                    }
                }
                for (_, text) in element.attrs().filter(|(name, _)| is_chosen(name)) {
                    told(Voice::Words, text);
                }
            }
            _ => {}
        }
        work.extend(node.children().map(|child| (child, inner)));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Belongings, Survivor, SurvivorKind};
    use crate::scrub::OwnWords;

    fn told(found: &BTreeSet<Survivor>) -> Vec<(SurvivorKind, &str)> {
        found.iter().map(|one| (one.kind, one.shape.as_str())).collect()
    }

    fn check(before: &str, after: &str, known: &[&str], expected: &[(SurvivorKind, &str)]) {
        let belongings = Belongings::of(&[before], &OwnWords::default(), known, &[]).expect("pages");
        assert_eq!(told(&belongings.on_page(after).expect("a page")), expected, "{after}");
    }

    #[test]
    fn whatever_looks_like_somebodys_is_found_wherever_it_stands_afterwards() {
        use SurvivorKind::{Card, Email, Iban, Name, Number, Phone};
        let before = "<h1>Accounts</h1><table><tr><td>Maren Holt<td>4111 1111 1111 1111<td>DE89 3704 0044 0532 0130 00\
            <td>m.holt@quay.example<td>+49 30 901820<td>0012-3345<td>2026-11-20<td>1,250.00</table>";
        check(before, "<h1>Accounts</h1><p>1,250.00 on 2026-11-20", &[], &[]);
        check(before, "<h2>Mail for holt</h2>", &[], &[(Name, "xxxx")]);
        check(before, "<a href='/users/Holt/1'>x</a>", &[], &[(Name, "xxxx")]);
        check(before, "<input value='4111-1111-1111-1111'>", &[], &[(Card, "0000000000000000")]);
        check(
            before,
            "<td>DE89370400440532013000",
            &[],
            &[(Iban, "xx00000000000000000000"), (Number, "00000000000000000000")],
        );
        check(
            before,
            "<p title='m.holt%40quay.example'>x",
            &[],
            &[(Email, "x.xxxx@xxxx.xxxxxxx"), (Name, "xxxx"), (Name, "xxxxxxx")],
        );
        check(before, "<p>(030) 49-30-901820", &[], &[(Phone, "0000000000")]);
        check(before, "<p>No. 00123345", &[], &[(Number, "00000000")]);
        check(before, "<p>Ｎｏ．００１２－３３４５", &[], &[(Number, "00000000")]);
        let wide = "<p>４１１１　１１１１　１１１１　１１１１<p>口座番号 １２３４５６７<p>رقم ٩٨٧٦٥٤٣";
        let found = [(Card, "0000000000000000"), (Number, "0000000"), (Name, "xxxx")];
        check(wide, wide, &[], &found);
        check(wide, "<p>4111111111111111<p>1234567", &[], &[(Card, "0000000000000000"), (Number, "0000000")]);
        check(before, "<p id='row-holt' class='of-maren'>", &[], &[(Name, "xxxx"), (Name, "xxxxx")]);
        check(
            "<p>Kim Ng, 12-34-56, 2026-11-20",
            "<h2>Welcome Kim</h2><p>12-34-56",
            &[],
            &[(Number, "000000"), (Name, "xxx")],
        );
        check(before, "<h1>Welcome, Quill</h1>", &["Quill & Co"], &[(Name, "xxxxx")]);
    }

    #[test]
    fn whatever_a_script_says_of_one_customer_is_found_and_what_it_says_of_the_portal_isnt() {
        use SurvivorKind::{Email, Iban, Name, Number, Typed};
        let page = "<h1>Accounts</h1><table><tr><td>Maren Ng<td>m.holt@quay.example<td>DE89 3704 0044 0532 0130 00<td>0012-3345";
        let own = OwnWords::default();
        let belongings = Belongings::of(&[page], &own, &["Maren Ng"], &["lantern-7"]).expect("a page");
        let check = |source: &str, expected: &[(SurvivorKind, &str)]| {
            assert_eq!(told(&belongings.in_source(source)), expected, "{source}");
        };
        check("pages:\n  accounts:\n    visible: \"#accounts\"\n    text: Accounts of ng\n", &[]);
        check("click: \"a[href='/a/00123345']\"", &[(Number, "00000000")]);
        check("# as m.holt@quay.example", &[(Email, "x.xxxx@xxxx.xxxxxxx")]);
        check("text: DE89370400440532013000", &[(Iban, "xx00000000000000000000"), (Number, "00000000000000000000")]);
        check("text: Welcome, MAREN", &[(Name, "xxxxx")]);
        check("text: Welcome, Maren  Ng", &[(Name, "xxxxx"), (Name, "xxxxx xx")]);
        check("fill: { \"#user\": lantern-7 }", &[(Typed, "xxxx: { \"#xxxx\": xxxxxxx-0 }")]);
    }
}
