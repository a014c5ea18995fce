//! Whether something of a customer's survived: what looks like the number of a card or an account, an IBAN, an e-mail address, a
//! phone number or a name on the pages as they were, names that somebody knows, and what was typed at the sign-in. It is looked for
//! on the pages as they are, and in the script and the record that are given away with them.
//!
//! On pages it errs on the side of finding: what is found there is replaced or taken out by hand. A script and a record are given
//! away as they are, and say much that a page says of the bank itself. What is found is told by its kind and its shape, never by itself.
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
    /// A word of a text that isn't the portal's own, or a name that somebody knows.
    Name,
    /// What was typed at the sign-in.
    Typed,
}

/// Which text is given away as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// The script.
    Script,
    /// The institution's record, which says how the bank is reached: its addresses and numbers are its own.
    Record,
}

/// What is somebody's: on pages, by its name, or as it was typed.
pub struct Belongings {
    names: BTreeSet<String>,
    /// The words of each name that somebody knows.
    known: Vec<Vec<String>>,
    numbers_and_addresses: Vec<(String, SurvivorKind, Secrets)>,
    typed: Secrets,
}

/// How something typed is told: its shape would say too much of a password.
const TYPED: &str = "[secret]";

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
        let mut theirs: BTreeMap<String, SurvivorKind> = BTreeMap::new();
        for document in &documents {
            texts(document.html.tree.root(), Voice::Shape, &mut |_, text| add(&mut theirs, text));
        }
        let with_secret = |(text, kind): (String, SurvivorKind)| {
            let secret = Secrets::new(&[text.as_str()]);
            (text, kind, secret)
        };
        let numbers_and_addresses = theirs.into_iter().map(with_secret).collect();
        let known = known.iter().map(|name| parts(name).collect()).filter(|words: &Vec<String>| !words.is_empty());
        // What is shorter stands within anything.
        let typed: Vec<&str> = typed.iter().copied().filter(|typed| typed.chars().count() >= DIGITS).collect();
        Ok(Self { names, known: known.collect(), numbers_and_addresses, typed: Secrets::new(&typed) })
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
            let text = plain(text);
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            survivors.extend(self.found_in(&text, &[digits]));
        });
        Ok(survivors)
    }

    /// What of them is in the text of a script or a record, comments too, each with its line, from 1. Words and numbers there
    /// are mostly the portal's own, so a name is found by all of its words in a row, and in a record neither addresses nor
    /// numbers other than those of cards and accounts.
    #[must_use]
    pub fn in_source(&self, source: SourceKind, text: &str) -> BTreeSet<(usize, Survivor)> {
        let mut survivors = BTreeSet::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = &plain(text);
            let words: Vec<String> = parts(text).collect();
            let is_there = |name: &&Vec<String>| words.windows(name.len()).any(|row| row == name.as_slice());
            let is_long = |name: &&Vec<String>| name.iter().map(|word| word.chars().count()).sum::<usize>() >= LETTERS;
            let names = self.known.iter().filter(is_long).filter(is_there);
            survivors
                .extend(names.map(|name| (line, Survivor { kind: SurvivorKind::Name, shape: shape(&name.join(" ")) })));
            let numbers: Vec<String> = numbers(text).into_iter().map(|(digits, _)| digits).collect();
            let is_theirs = |one: &Survivor| {
                source == SourceKind::Script
                    || matches!(one.kind, SurvivorKind::Card | SurvivorKind::Iban | SurvivorKind::Typed)
            };
            survivors.extend(self.found_in(text, &numbers).filter(is_theirs).map(|one| (line, one)));
        }
        survivors
    }

    /// What is in a text, which has these digits, of numbers, addresses and what was typed.
    fn found_in(&self, text: &str, digits: &[String]) -> impl Iterator<Item = Survivor> {
        let found = self.numbers_and_addresses.iter().filter(|(found, kind, secret)| match kind {
            SurvivorKind::Email | SurvivorKind::Iban => secret.are_in(text),
            _ => digits.iter().any(|digits| digits.contains(found.as_str())),
        });
        let found = found.map(|(found, kind, _)| Survivor { kind: *kind, shape: shape(found) });
        let typed = self.typed.are_in(text).then(|| Survivor { kind: SurvivorKind::Typed, shape: TYPED.to_owned() });
        found.chain(typed)
    }
}

/// What a text has that is somebody's.
fn add(theirs: &mut BTreeMap<String, SurvivorKind>, text: &str) {
    let text = &plain(text);
    for word in text.split_whitespace() {
        let word = word.trim_matches(|sign: char| !sign.is_alphanumeric());
        if word.split_once('@').is_some_and(|(_, host)| host.contains('.')) {
            theirs.insert(word.to_owned(), SurvivorKind::Email);
        }
    }
    let bare: String = text.chars().filter(|sign| !matches!(sign, ' ' | '-')).collect();
    for part in bare.split(|sign: char| !sign.is_ascii_alphanumeric()) {
        if is_iban(part) {
            theirs.insert(part.to_owned(), SurvivorKind::Iban);
        }
    }
    for (digits, is_phone) in numbers(text).into_iter().filter(|(digits, _)| digits.len() >= DIGITS && !is_day(text)) {
        let kind = match () {
            () if is_card(&digits) => SurvivorKind::Card,
            () if is_phone && digits.len() >= 7 => SurvivorKind::Phone,
            () => SurvivorKind::Number,
        };
        theirs.insert(digits, kind);
    }
}

/// The numbers of a plain text, and whether each begins as those of phones do: digits with single signs between them; a dot or a comma
/// may part an amount, which is no number of anybody's. Days with a whole year stay, and are none.
fn numbers(text: &str) -> Vec<(String, bool)> {
    let bare = |word: &str| word.trim_matches(|sign: char| !sign.is_ascii_digit()).to_owned();
    let is_whole_day = |word: &str| is_day(word) && word.split(['-', '.', '/']).any(|part| part.len() == 4);
    let words = text.split(' ').map(|word| if is_whole_day(&bare(word)) { "|" } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    let mut numbers = Vec::new();
    let mut digits = String::new();
    let mut is_phone = false;
    let mut before = ' ';
    for sign in text.chars().chain(['\n', '\n']) {
        if sign.is_ascii_digit() {
            if digits.is_empty() {
                is_phone = before == '+' || before == '(';
            }
            digits.push(sign);
        } else if !digits.is_empty()
            && (!matches!(sign, ' ' | '-' | '(' | ')' | '/') || !before.is_ascii_digit() && before != ')')
        {
            numbers.push((std::mem::take(&mut digits), is_phone));
        }
        before = sign;
    }
    numbers
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
    use super::{Belongings, SourceKind, Survivor, SurvivorKind};
    use crate::scrub::OwnWords;

    fn told<'s>(found: impl IntoIterator<Item = &'s Survivor>) -> Vec<(SurvivorKind, &'s str)> {
        found.into_iter().map(|one| (one.kind, one.shape.as_str())).collect()
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
        let days = "<h1>As of 2026-11-20, 10:15, and of 20/11/2026 12, from @quay.example";
        check(days, days, &[], &[]);
        check("<p>Sort code 20-11-22", "<p>201122", &[], &[(Number, "000000")]);
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
    fn what_was_typed_is_found_on_a_page_and_told_without_its_shape() {
        let belongings = Belongings::of(&["<p>x"], &OwnWords::default(), &[], &["lantern-7", "100"]).expect("a page");
        let found = belongings.on_page("<p id='Lantern-7'>100").expect("a page");
        assert_eq!(told(&found), [(SurvivorKind::Typed, "[secret]")]);
    }

    #[test]
    fn whatever_a_script_says_of_one_customer_is_found_and_what_it_says_of_the_portal_isnt() {
        use SurvivorKind::{Card, Email, Iban, Name, Number, Typed};
        let page = "<h1>Accounts</h1><table><tr><td>Maren Ng<td>m.holt@quay.example<td>DE89 3704 0044 0532 0130 00<td>0012-3345\
            <td>As of 2026-11-20<td>4111 1111 1111 1111<td>903652<td>+1 415-555-0100</table>";
        let (own, names) = (OwnWords::default(), ["Maren Ng", "Li", "Quill Company"]);
        let belongings = Belongings::of(&[page], &own, &names, &["lantern-7", "600"]).expect("a page");
        let check = |source: SourceKind, text: &str, expected: &[(SurvivorKind, &str)]| {
            let found = belongings.in_source(source, text);
            assert_eq!(told(found.iter().map(|(_, one)| one)), expected, "{text}");
        };
        for own in [
            "limits: { atOnce: 1000, startsPerMinute: 6000 }",
            "visible: \"ul > li.maren\"",
            "name: Harbour Company Bank",
            "# Saved 2026-11-20: { days: 90, reach: 365, limit: 200 }",
        ] {
            check(SourceKind::Script, own, &[]);
        }
        check(SourceKind::Record, "codes: { from: [\"+14155550100\"] }", &[]);
        check(SourceKind::Record, "intro: write to m.holt@quay.example", &[]);
        check(SourceKind::Script, "click: \"a[href='/a/00123345']\"", &[(Number, "00000000")]);
        check(SourceKind::Script, "# as m.holt@quay.example", &[(Email, "x.xxxx@xxxx.xxxxxxx")]);
        let iban = "text: DE89370400440532013000";
        check(SourceKind::Script, iban, &[(Iban, "xx00000000000000000000"), (Number, "00000000000000000000")]);
        for source in [SourceKind::Script, SourceKind::Record] {
            check(source, "text: Welcome, MAREN  Ng", &[(Name, "xxxxx xx")]);
            check(source, "card: 4111-1111-1111-1111", &[(Card, "0000000000000000")]);
            check(source, "fill: { \"#user\": lantern-7 }", &[(Typed, "[secret]")]);
        }
        let lines = belongings.in_source(SourceKind::Script, "script: 1\n# Maren Ng\n");
        assert_eq!(lines.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2]);
    }
}
