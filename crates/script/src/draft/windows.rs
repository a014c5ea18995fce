//! Ranges of days that a list is asked for by: two fields that somebody filled, and what was clicked so that rows came.
//!
//! How the days are typed is what the page says beside the fields, or else as the list writes them; how many may be asked
//! for at once, what it says too. How far back the portal knows anything no page says: that is asked.
//!
//! Not here: what shows where there are none (`empty`).

use scraper::ElementRef;

use super::questions::Inquiry;
use super::selectors::{alone_on, host, selector};
use super::trail::Trail;
use super::walk::Listed;
use super::words::is_within;
use super::write::text;
use super::{LedgerList, Looked};
use crate::controls::kind;
use crate::css::{Css, root_of};
use crate::document::{Document, folded_case, shown_text};
use crate::recording::Value;
use crate::ways::label_of;

/// What fields that ask for days are called.
const DAYS: &str = "from|to|thru|through|until|date|start|end|since|von|bis|ab|datum|zeitraum|du|au|depuis|jusqu'au|desde|hasta|\
    fecha|dal|al|data|de|até|van|tot|開始日|終了日|期間";

/// What stands behind a number of days.
const UNITS: [&str; 10] = ["days", "tage", "tagen", "jours", "días", "giorni", "dias", "dagen", "日間", "日分"];

/// How far back most portals can be asked, and how much is asked for at once where nothing says it.
const REACH: u32 = 360;
const USUAL_DAYS: u32 = 30;
/// What a script may say.
const MOST_DAYS: u32 = 3_660;
const MOST_REACH: u32 = 36_600;

/// How a list is asked for some days.
pub(super) struct Range {
    /// The page on which that was done first.
    pub(super) at: usize,
    from: String,
    to: String,
    pub(super) click: String,
    /// The document that an answer comes in, where it is another than that of the fields.
    answer: Option<String>,
    /// How days are typed.
    date: String,
    /// How many at once, where the page says it.
    days: Option<u32>,
}

impl Range {
    /// What was filled and clicked before rows came, if that asks for days.
    pub(super) fn of(looked: &[Looked<'_>], trail: &Trail, listed: &Listed, ledger: &LedgerList) -> Option<Self> {
        let inside = listed.accounts.iter().min().copied()?;
        let asked = (inside..looked.len()).find_map(|at| {
            let page = &looked.get(at)?.document;
            let is_row = |then: &Option<usize>| then.is_some_and(|to| listed.ledgers.contains(&to));
            let (click, _) = trail.clicks(at, page).find(|(_, then)| is_row(then))?;
            let around = form_of(click);
            let fills: Vec<_> =
                trail.fills(at, page).into_iter().filter(|(field, _)| form_of(*field) == around).collect();
            let [(from, first), (to, last)] = *fills.as_slice() else { return None };
            let is_said = [from, to].iter().all(|field| asks_for_day(page, *field));
            let is_typed = [first, last].iter().all(|value| *value == Value::Day);
            (is_said || is_typed).then_some((at, page, around, [from, to, click]))
        });
        let (at, page, around, own) = asked?;
        let said = around.map(shown_text).unwrap_or_default();
        let hints = own.iter().filter_map(|element| element.attr("placeholder").or(element.attr("title")));
        let hint = hints.chain([said.as_str()]).find_map(pattern);
        let date = hint.or_else(|| Some(ledger.read.date.clone()).filter(|date| date.contains("YY")))?;
        let shown: Vec<&Document> =
            listed.ledgers.iter().filter_map(|at| looked.get(*at)).map(|page| &page.document).collect();
        let [from, to, click] =
            own.map(|element| alone_on(page, element, &shown).unwrap_or_else(|| selector(page, element).0));
        let answer = looked.get(ledger.at).and_then(|page| apart(&page.document, &ledger.table.0, &from));
        Some(Self { at, from, to, click, answer, date, days: number(&said) })
    }

    /// The pages that ask for days and show no rows yet.
    pub(super) fn asking(&self, looked: &[Looked<'_>], listed: &Listed) -> Vec<usize> {
        let Some(click) = Css::made(&self.click) else { return Vec::new() };
        let asks = |at: &usize| looked.get(*at).is_some_and(|page| page.document.can_click(&click));
        (0..looked.len()).filter(|at| !listed.ledgers.contains(at) && asks(at)).collect()
    }

    /// As the script says it.
    pub(super) fn write(&self, out: &mut String, inquiry: &mut Inquiry<'_>) {
        let days = self.days.unwrap_or_else(|| {
            let asks = "How many days does the portal show at once?";
            inquiry.number("days at once", asks, USUAL_DAYS, 1..=MOST_DAYS)
        });
        let asks = "How many days back can the portal be asked?";
        let reach = inquiry.number("days back", asks, REACH.max(days), 1..=MOST_REACH);
        out.push_str("    windows:\n");
        let answer = self.answer.iter().map(|answer| ("answer", answer));
        let parts = [("from", &self.from), ("to", &self.to), ("click", &self.click)];
        for (key, selector) in parts.into_iter().chain(answer).chain([("date", &self.date)]) {
            out.push_str(&format!("      {key}: {}\n", text(selector)));
        }
        out.push_str(&format!("      days: {days}\n      reach: {reach}\n"));
    }

    /// How it is told.
    pub(super) fn said(&self) -> String {
        format!("{} to {}, {}", self.from, self.to, self.date)
    }
}

/// The form that a thing is in, or else its document.
fn form_of(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let mut above = element.ancestors().map_while(ElementRef::wrap);
    let top = above.clone().last();
    above.find(|above| above.value().name() == "form").or(top)
}

/// Whether a field asks for a day, by its kind or what it is called.
fn asks_for_day(document: &Document, field: ElementRef<'_>) -> bool {
    let names = ["name", "id", "placeholder", "aria-label", "title"];
    let called = names.iter().filter_map(|name| field.attr(name)).map(apart_words);
    let labels = label_of(document, field).into_iter().chain(before(field)).map(|label| folded_case(&label));
    kind(&field) == "date" || called.chain(labels).any(|name| is_within(DAYS, &name))
}

/// The words of a name: `dateFrom`, `date_from`.
fn apart_words(name: &str) -> String {
    let mut words = String::new();
    let mut was_small = false;
    for sign in name.chars() {
        if was_small && sign.is_uppercase() {
            words.push(' ');
        }
        was_small = sign.is_lowercase();
        words.extend(if sign.is_alphanumeric() { Some(sign) } else { Some(' ') });
    }
    words.to_lowercase()
}

/// The text right before a field, which names it where nothing else does.
fn before(field: ElementRef<'_>) -> Option<String> {
    let before = field.prev_sibling()?;
    before.value().as_text().map(|text| text.to_string())
}

/// How days are to be typed, where a text says it as `MM/DD/YY` does.
fn pattern(text: &str) -> Option<String> {
    let is_part = |sign: char| sign.is_alphabetic() || matches!(sign, '/' | '.' | '-');
    text.split(|sign| !is_part(sign)).find_map(|word| {
        let word = word.trim_matches(['.', '-', '/']).to_uppercase();
        // `TT.MM.JJJJ` and `JJ/MM/AAAA` are days too.
        let is_german = word.contains('T');
        let ours: String = word
            .chars()
            .map(|sign| match sign {
                'T' | 'G' => 'D',
                'J' if !is_german => 'D',
                'J' | 'A' => 'Y',
                sign => sign,
            })
            .collect();
        let parts: Vec<&str> = ours.split(['/', '.', '-']).collect();
        let is_one = |wanted: &[&str]| parts.iter().filter(|part| wanted.contains(part)).count() == 1;
        (parts.len() == 3 && is_one(&["DD"]) && is_one(&["MM"]) && is_one(&["YY", "YYYY"])).then_some(ours)
    })
}

/// How many days a text names.
fn number(text: &str) -> Option<u32> {
    let text = folded_case(text);
    let places = UNITS.iter().flat_map(|unit| text.match_indices(unit).map(|(at, _)| at));
    let numbers = places.filter_map(|at| {
        let before = text.get(..at)?.trim_end();
        let digits = before.len() - before.trim_end_matches(|sign: char| sign.is_ascii_digit()).len();
        before.get(before.len() - digits..)?.parse::<u32>().ok()
    });
    numbers.filter(|number| (1..=MOST_DAYS).contains(number)).min()
}

/// The document that the list is in, where that of a field is another: the body of its frame.
fn apart(document: &Document, table: &str, field: &str) -> Option<String> {
    let root = |selector: &str| {
        let css = Css::made(selector)?;
        document.shown(&css).map(|element| (root_of(element), element))
    };
    let ((listed, list), (asked, _)) = (root(table)?, root(field)?);
    let frame = host(list).filter(|frame| listed != asked && matches!(frame.value().name(), "frame" | "iframe"))?;
    Some(format!("{} >>> body", selector(document, frame).0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{apart, apart_words, asks_for_day, number, pattern};
    use crate::css::Css;
    use crate::document::Document;
    use crate::recording::{Act, Deed, Length, Page, Recording, Target, Value, Way};

    /// What a person made who asked a list for two ranges of days, of which the first had nothing in it.
    fn asked(named: [&str; 2]) -> Recording {
        let url: url::Url = "https://bank.example/".parse().expect("an address");
        let form = format!(
            "<form id=ask>{} <input id=a> {} <input id=b> Up to 60 days. <button id=show>Show</button></form><a id=back href=/>Accounts</a>",
            named[0], named[1]
        );
        let rows = "<table id=rows><tr><th>Date<th>Description<th>Amount<th>Balance\
            <tr><td>11/19/2026<td>Rent<td>-$250.00<td>$950.00<tr><td>11/18/2026<td>Fee<td>-$2.00<td>$1,200.00</table>";
        let list = "<table id=list><tr><th>Account<th>Balance<tr><td><a href=/a/1>Op</a><td>$1.00<tr><td><a href=/a/2>Res</a><td>$2.00</table>";
        let account = "<dl id=own><dt>Account number<dd>17</dl><a id=all href=/a/1/all>Transactions</a>";
        let pages = [
            list.to_owned(),
            account.to_owned(),
            form.clone(),
            format!("{form}<p id=none>Nothing there"),
            format!("{form}{rows}"),
        ];
        let mut recording = Recording::new(url.clone());
        recording.pages.extend(pages.map(|html| Page { url: url.clone(), window: 0, html: Some(html), kind: None }));
        let mut act = |on: usize, does: Deed, css: &str, then: Option<usize>| {
            let target = Some(Target { within: Vec::new(), ways: vec![Way::Css(css.to_owned())] });
            recording.acts.push(Act { on: Some(on), does, target, then });
        };
        act(0, Deed::Click, "#list a[href='/a/1']", Some(1));
        act(1, Deed::Click, "#all", Some(2));
        for on in [2, 3] {
            for field in ["#a", "#b"] {
                act(on, Deed::Fill { with: Value::Other, length: Length::Short }, field, None);
            }
            act(on, Deed::Click, "#show", Some(on + 1));
        }
        act(4, Deed::Click, "#back", Some(0));
        recording
    }

    fn drafted(recording: &Recording, answers: &[(&str, &str)]) -> crate::Draft {
        let given: BTreeMap<_, _> = answers.iter().map(|(id, said)| ((*id).to_owned(), (*said).to_owned())).collect();
        crate::draft_recording("bank", recording, &given, jiff::civil::date(2026, 11, 20)).expect("a draft")
    }

    #[test]
    fn days_that_were_asked_for_before_rows_came_are_asked_for_by_the_script() {
        let drafted = drafted(&asked(["From (MM/DD/YYYY)", "to"]), &[("days back", "720")]);
        let script = drafted.script.expect("a script");
        let windows = "    windows:\n      from: \"#a\"\n      to: \"#b\"\n      click: \"#show\"\n      date: MM/DD/YYYY\n      days: 60\n      reach: 720\n";
        assert!(script.contains(windows), "{script}");
        // What shows where days have nothing in them, and not what shows before any were asked for.
        assert!(script.contains("    empty: \"#none\"\n"), "{script}");
        assert!(script.contains("    open: \"#all\"\n"), "{script}");
        assert!(script.contains("  transactions:\n    when: { visible: \"#show\" }\n"), "{script}");
        let asked: Vec<_> = drafted.questions.iter().map(|question| question.id.as_str()).collect();
        assert_eq!(asked, ["days back"]);
        assert!(crate::Script::parse(&script).is_ok(), "{script}");
    }

    #[test]
    fn days_that_were_asked_for_where_rows_showed_already_are_no_next_page() {
        let mut recording = asked(["From (MM/DD/YYYY)", "to"]);
        let rows = |more: &str| {
            let shown = recording.pages[4].html.clone().unwrap_or_default();
            let html = Some(format!("{}{more}", shown.replace("Rent", "Tea")));
            Page { html, ..recording.pages[4].clone() }
        };
        let further = [rows("<button id=more>More</button>"), rows("<p>No more</p>")];
        recording.pages.extend(further);
        let asks: Vec<Act> = recording.acts.iter().filter(|act| act.on == Some(3)).cloned().collect();
        let back = recording.acts.pop();
        recording.acts.extend(asks.into_iter().map(|act| Act { on: Some(4), then: act.then.map(|_| 5), ..act }));
        let more = Some(Target { within: Vec::new(), ways: vec![Way::Css("#more".into())] });
        recording.acts.push(Act { on: Some(5), does: Deed::Click, target: more, then: Some(6) });
        recording.acts.extend(back.map(|act| Act { on: Some(6), ..act }));
        let script = drafted(&recording, &[]).script.expect("a script");
        assert!(script.contains("next: { click: \"#more\""), "{script}");
    }

    #[test]
    fn two_fields_that_ask_for_something_else_are_no_days() {
        let script = drafted(&asked(["Amount", "Words"]), &[]).script.expect("a script");
        assert!(!script.contains("windows"), "{script}");
        // An importer knows days by what was typed.
        let mut recording = asked(["Amount", "Words"]);
        for act in &mut recording.acts {
            if let Deed::Fill { with, .. } = &mut act.does {
                *with = Value::Day;
            }
        }
        let script = drafted(&recording, &[]).script.expect("a script");
        assert!(script.contains("windows"), "{script}");
    }

    #[test]
    fn how_days_are_typed_stands_beside_their_fields() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(pattern(text).as_deref(), expected, "{text}");
        check("From (MM/DD/YY): Thru:", Some("MM/DD/YY"));
        check("von (TT.MM.JJJJ) bis", Some("DD.MM.YYYY"));
        check("du JJ/MM/AAAA", Some("DD/MM/YYYY"));
        check("yyyy-mm-dd", Some("YYYY-MM-DD"));
        check("Up to 90 days at a time.", None);
        check("and/or-not", None);
    }

    #[test]
    fn how_many_days_may_be_asked_for_is_what_the_page_says() {
        let check = |text: &str, expected: Option<u32>| assert_eq!(number(text), expected, "{text}");
        check("Up to 90 days at a time.", Some(90));
        check("Höchstens 31 Tage", Some(31));
        check("最大62日間", Some(62));
        check("Holidays", None);
        check("Some days", None);
    }

    #[test]
    fn a_field_asks_for_a_day_by_its_kind_or_its_name() {
        let check = |html: &str, expected: bool| {
            let document = Document::parse(html).expect("a document");
            let field = document.all(&Css::parse("input").expect("a selector")).next().expect("a field");
            assert_eq!(asks_for_day(&document, field), expected, "{html}");
        };
        check("<input type=date>", true);
        check("<input name=dateFrom>", true);
        check("Thru: <input name=x>", true);
        check("<label for=x>Bis</label><input id=x>", true);
        check("Amount: <input name=sum>", false);
        assert_eq!(apart_words("fromDate_2"), "from date 2");
    }

    #[test]
    fn an_answer_that_comes_in_a_frame_of_its_own_is_that_frames() {
        let html = "<iframe name=ask srcdoc='<input name=day>'></iframe>\
            <iframe name=list srcdoc='<table><tr><td>1</table>'></iframe>";
        let document = Document::parse(html).expect("a document");
        let found = apart(&document, ">>> table", ">>> input");
        assert_eq!(found.as_deref(), Some("iframe[name=\"list\"] >>> body"));
        let document = Document::parse("<input name=day><table><tr><td>1</table>").expect("a document");
        assert_eq!(apart(&document, "table", "input"), None);
    }
}
