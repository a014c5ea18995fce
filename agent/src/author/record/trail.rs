//! From what documents report to a recording: on which page each act was, and which page showed then.
//!
//! ```text
//!  fill, fill, choose ─┐ wait for the page that they were on
//!  click + page ───────┴▶ page N, with those and the click on it; the act before leads to N
//!  left + page ────────▶ page N, on which nothing was done
//! ```
//!
//! What was typed goes from a report straight into [`Secret`]s, and no further than that. A word that the portal's page said
//! before anybody typed it is none: taken out of everything, it would leave neither pages nor a script. Neither is a day of the
//! last year or so, which a list is asked for by and pages are full of.
//!
//! A recording is bounded, and so is this while it grows: what there is no room for is counted.
//!
//! Not here: who reports (`watch.js`), and what pages and values are for (`draft`).

use domain::secret::Secret;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use script::recording::{Act, Deed, Edge, Key, Length, Page, Recording, Shown, Target, Value};
use serde::Deserialize;
use url::Url;

/// What a document reports.
#[derive(Deserialize)]
#[serde(tag = "say", rename_all = "camelCase", deny_unknown_fields)]
enum Report {
    /// Something was done.
    Act {
        does: Does,
        #[serde(default)]
        length: Option<Length>,
        target: Target,
        #[serde(default)]
        page: Option<Look>,
    },
    /// A page was left on which nothing was done.
    Left { page: Look },
    /// A text was typed.
    Typed {
        text: String,
        /// Whether the page said it before.
        #[serde(rename = "isSaid")]
        is_said: bool,
    },
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum Does {
    Click,
    Fill,
    Choose,
    Scroll,
    Enter,
    Escape,
}

/// How many fields may have been typed into on a page that hasn't been seen yet.
const WAITING: usize = 500;

/// What a page shows.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Look {
    url: String,
    html: Option<String>,
}

/// A recording as it comes about.
pub(super) struct Trail {
    recording: Recording,
    /// What was done on a page that hasn't been seen yet.
    waiting: Vec<Act>,
    /// The act that leads to the page that shows next.
    leads: Option<usize>,
    secrets: Vec<Secret>,
    /// What was typed and is none, as the page had said it before, or as it is a day like any other.
    ordinary: Vec<Secret>,
    /// Reports that couldn't be read, and what there was no room for.
    lost: usize,
}

/// What a person did, and what they typed.
pub(super) struct Trodden {
    pub(super) recording: Recording,
    pub(super) secrets: Vec<Secret>,
    pub(super) lost: usize,
}

impl Trail {
    pub(super) fn new(portal: Url) -> Self {
        let mut recording = Recording::new(portal.clone());
        recording.acts.push(Act { on: None, does: Deed::Navigate { url: portal }, target: None, then: None });
        Self { recording, waiting: Vec::new(), leads: Some(0), secrets: Vec::new(), ordinary: Vec::new(), lost: 0 }
    }

    /// Takes in what a document reports.
    pub(super) fn hear(&mut self, window: u32, report: &str) {
        match serde_json::from_str(report) {
            Ok(Report::Typed { text, is_said }) => {
                let text = Secret::new(text);
                // What is typed once more may have been repeated since.
                let mut known = self.secrets.iter().chain(&self.ordinary);
                if known.all(|known| known.expose() != text.expose()) {
                    let is_ordinary =
                        is_said || is_recent_day(text.expose(), Timestamp::now().to_zoned(TimeZone::UTC).date());
                    let taken = if is_ordinary { &mut self.ordinary } else { &mut self.secrets };
                    taken.push(text);
                }
            }
            Ok(Report::Left { page }) => {
                self.show(window, page);
            }
            Ok(Report::Act { does, length, target, page }) => self.act(window, does, length, target, page),
            Err(_) => self.lost += 1,
        }
    }

    /// What shows at the end.
    pub(super) fn end(mut self, last: Option<(u32, String)>) -> Trodden {
        if let Some((window, look)) = last.and_then(|(window, look)| Some((window, serde_json::from_str(&look).ok()?)))
        {
            self.show(window, look);
        }
        // The page that they were on wasn't seen any more.
        for act in std::mem::take(&mut self.waiting) {
            self.put(act);
        }
        let Self { recording, secrets, lost, .. } = self;
        Trodden { recording, secrets, lost }
    }

    /// A page opened a window, or a file was offered.
    pub(super) fn came(&mut self, does: Deed) {
        let on = self.recording.acts.last().and_then(|act| act.on);
        self.put(Act { on, does, target: None, then: None });
    }

    /// Puts an act into the recording, if there is room; its place.
    fn put(&mut self, act: Act) -> Option<usize> {
        let put = self.recording.add_act(act).ok();
        self.lost += usize::from(put.is_none());
        put
    }

    fn act(&mut self, window: u32, does: Does, length: Option<Length>, target: Target, page: Option<Look>) {
        let does = match does {
            Does::Click => Deed::Click,
            Does::Fill => Deed::Fill { with: Value::Other, length: length.unwrap_or(Length::Unknown) },
            Does::Choose => Deed::Choose,
            Does::Scroll => Deed::Scroll,
            Does::Enter => Deed::Press { key: Key::Enter },
            Does::Escape => Deed::Press { key: Key::Escape },
        };
        let act = Act { on: None, does, target: Some(target), then: None };
        // What is typed anew is the same act.
        let is_same = |known: &Act| known.target == act.target && matches!(known.does, Deed::Fill { .. });
        match page {
            // A frame of another origin doesn't know the page that it is on.
            _ if act.target.as_ref().is_some_and(is_foreign) => {
                self.recording.acts.pop_if(|known| is_same(known));
                self.put(act);
            }
            None => {
                self.waiting.retain(|known| !is_same(known));
                if self.waiting.len() < WAITING {
                    self.waiting.push(act);
                } else {
                    self.lost += 1;
                }
            }
            Some(page) => {
                let on = self.show(window, page);
                self.leads = self.put(Act { on, ..act });
            }
        }
    }

    /// Takes in what shows, with all that was done on it; its place.
    fn show(&mut self, window: u32, look: Look) -> Option<usize> {
        let Ok(url) = Url::parse(&look.url) else {
            self.lost += 1;
            return None;
        };
        self.lost += usize::from(look.html.is_none());
        let page = Page { url, window, html: look.html, kind: None };
        let is_known = self.recording.pages.last() == Some(&page);
        let at = match is_known {
            true => Some(self.recording.pages.len() - 1),
            false => self.add(page),
        };
        let waiting = std::mem::take(&mut self.waiting);
        let Some(at) = at else {
            self.leads = None;
            waiting.into_iter().for_each(|act| {
                self.put(act);
            });
            return None;
        };
        match self.leads.take().and_then(|act| self.recording.acts.get_mut(act)) {
            Some(act) if act.on != Some(at) => act.then = Some(at),
            Some(_) => {}
            // It came by itself, or by the address line: nothing on a page leads there.
            None if !is_known => {
                let url = self.recording.pages[at].url.clone();
                let on = at.checked_sub(1);
                self.put(Act { on, does: Deed::Navigate { url }, target: None, then: Some(at) });
            }
            None => {}
        }
        for act in waiting {
            self.put(Act { on: Some(at), ..act });
        }
        Some(at)
    }

    /// Puts a page into the recording, if there is room; its place.
    fn add(&mut self, page: Page) -> Option<usize> {
        let added = self.recording.add_page(page).ok();
        self.lost += usize::from(!matches!(added, Some((_, Shown::AsItWas))));
        added.map(|(at, _)| at)
    }
}

/// How many days ago a day may be for a list to be asked for by it.
const DAYS_BACK: i32 = 400;

/// Whether a text is a day of the last year or so, written in numbers with signs between them, up to the day after `today`.
/// What somebody was asked of themselves, such as when they were born, is longer ago.
fn is_recent_day(text: &str, today: Date) -> bool {
    let parts: Vec<Option<i16>> = text
        .trim()
        .split(['-', '.', '/'])
        .map(|part| part.parse().ok().filter(|_| part.len() <= 4 && part.bytes().all(|sign| sign.is_ascii_digit())))
        .collect();
    let [Some(one), Some(two), Some(three)] = parts[..] else { return false };
    // Two digits each with dashes between are a sort code's as well.
    if text.contains('-') && [one, two, three].iter().all(|part| *part < 100) {
        return false;
    }
    let days = today.saturating_sub(DAYS_BACK.days())..=today.saturating_add(1.day());
    let is_recent = |year: i16, month: i16, day: i16| {
        let year = if year < 100 { 2000 + year } else { year };
        let (month, day) = (i8::try_from(month).unwrap_or(0), i8::try_from(day).unwrap_or(0));
        Date::new(year, month, day).is_ok_and(|date| days.contains(&date))
    };
    is_recent(one, two, three) || is_recent(three, two, one) || is_recent(three, one, two)
}

fn is_foreign(target: &Target) -> bool {
    target.within.iter().any(|edge| matches!(edge, Edge::Frame { origin: Some(_), .. }))
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;
    use jiff::Timestamp;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use script::recording::{Deed, Recording};
    use serde_json::{Value, json};

    use super::{Trail, Trodden, is_recent_day};

    fn trodden(reports: &[Value]) -> Trodden {
        let mut trail = Trail::new("https://bank.example/".parse().expect("an address"));
        reports.iter().for_each(|report| trail.hear(0, &report.to_string()));
        trail.end(Some((0, json!({ "url": "https://bank.example/bye", "html": "bye" }).to_string())))
    }

    fn target(css: &str) -> Value {
        json!({ "within": [], "ways": [{ "css": css }] })
    }

    fn act(does: &str, css: &str, html: &str) -> Value {
        json!({ "say": "act", "does": does, "target": target(css), "page": { "url": "https://bank.example/", "html": html } })
    }

    fn fill(css: &str) -> Value {
        json!({ "say": "act", "does": "fill", "length": "short", "target": target(css) })
    }

    fn told(recording: &Recording) -> Vec<(Option<usize>, &'static str, Option<usize>)> {
        let name = |does: &Deed| match does {
            Deed::Navigate { .. } => "navigate",
            Deed::Click => "click",
            Deed::Fill { .. } => "fill",
            Deed::Scroll => "scroll",
            _ => "other",
        };
        recording.acts.iter().map(|act| (act.on, name(&act.does), act.then)).collect()
    }

    #[test]
    fn what_was_filled_is_on_the_page_of_the_click_and_the_click_leads_to_the_next() {
        let reports =
            [fill("#user"), fill("#word"), fill("#user"), act("click", "#go", "form"), act("click", "a", "list")];
        let Trodden { recording, .. } = trodden(&reports);
        let expected = [
            (None, "navigate", Some(0)),
            (Some(0), "fill", None),
            (Some(0), "fill", None),
            (Some(0), "click", Some(1)),
            (Some(1), "click", Some(2)),
        ];
        assert_eq!(told(&recording), expected);
        assert_eq!(recording.pages.len(), 3);
        assert_eq!(recording.check(), Ok(()));
    }

    #[test]
    fn a_list_that_was_scrolled_leads_to_what_it_shows_then() {
        let reports = [act("scroll", "#rows", "first rows"), act("click", "a", "last rows")];
        let Trodden { recording, .. } = trodden(&reports);
        let expected = [(None, "navigate", Some(0)), (Some(0), "scroll", Some(1)), (Some(1), "click", Some(2))];
        assert_eq!(told(&recording), expected);
    }

    #[test]
    fn a_page_that_nothing_led_to_is_gone_to_by_its_address() {
        let left = json!({ "say": "left", "page": { "url": "https://bank.example/a", "html": "account" } });
        let Trodden { recording, .. } = trodden(&[act("click", "a", "list"), left, act("click", "b", "list")]);
        let expected = [
            (None, "navigate", Some(0)),
            (Some(0), "click", Some(1)),
            (Some(1), "navigate", Some(2)),
            (Some(2), "click", Some(3)),
        ];
        assert_eq!(told(&recording), expected);
    }

    #[test]
    fn what_is_done_in_a_frame_of_another_origin_is_on_no_page() {
        let mut foreign = act("click", "button", "advert");
        foreign["target"]["within"] = json!([{ "frame": { "origin": "https://ads.example" } }]);
        let Trodden { recording, .. } = trodden(&[foreign, act("click", "a", "list")]);
        assert_eq!(told(&recording), [(None, "navigate", Some(0)), (None, "click", None), (Some(0), "click", Some(1))]);
        assert_eq!(recording.pages.len(), 2);
    }

    #[test]
    fn what_was_typed_is_no_part_of_the_recording_and_what_cant_be_read_is_counted() {
        let typed = json!({ "say": "typed", "text": "canary-9", "isSaid": false });
        let trodden =
            trodden(&[typed.clone(), typed, fill("#word"), act("click", "#go", "form"), json!({ "say": "what" })]);
        assert_eq!((trodden.secrets.len(), trodden.lost), (1, 1));
        assert!(!trodden.recording.write().expect("JSON").contains("canary"));
    }

    #[test]
    fn a_word_that_the_page_said_before_it_was_typed_is_no_secret_and_one_that_it_repeats_is() {
        let typed = |text: &str, is_said: bool| json!({ "say": "typed", "text": text, "isSaid": is_said });
        let trodden = trodden(&[typed("user", true), typed("Ada", false), typed("Ada", true), typed("user", false)]);
        let secrets: Vec<&str> = trodden.secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["Ada"]);
    }

    #[test]
    fn a_day_that_a_list_is_asked_for_by_is_no_secret_and_one_of_long_ago_is() {
        let today = date(2026, 11, 27);
        for day in ["11/27/26", "2026-11-28", "27.11.2026", "8/30/2026", "30/08/2026", "10/24/25"] {
            assert!(is_recent_day(day, today), "{day}");
        }
        for other in [
            "11/27/1985",
            "10/22/25",
            "11/30/26",
            "112726",
            "11-27",
            "26-10-25",
            "13/32/26",
            "1/2/3/26",
            "a/b/c",
            "+1/2/26",
        ] {
            assert!(!is_recent_day(other, today), "{other}");
        }
        let now = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let typed = |text: &str| json!({ "say": "typed", "text": text, "isSaid": false });
        let trodden = trodden(&[typed(&now.to_string()), typed("1985-11-27")]);
        let secrets: Vec<&str> = trodden.secrets.iter().map(Secret::expose).collect();
        assert_eq!(secrets, ["1985-11-27"]);
    }

    #[test]
    fn what_was_filled_in_a_frame_of_another_origin_is_on_no_page() {
        let foreign = |mut act: Value| {
            act["target"]["within"] = json!([{ "frame": { "origin": "https://login.example" } }]);
            act
        };
        let reports = [foreign(fill("#user")), foreign(fill("#user")), act("click", "a", "list")];
        let Trodden { recording, .. } = trodden(&reports);
        assert_eq!(told(&recording), [(None, "navigate", Some(0)), (None, "fill", None), (Some(0), "click", Some(1))]);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted_and_the_rest_can_be_written() {
        let mut reports: Vec<Value> = (0..520).map(|page| act("click", "a", &format!("page {page}"))).collect();
        reports.push(fill(&"x".repeat(5_000)));
        let Trodden { recording, lost, .. } = trodden(&reports);
        // Twenty pages, the last that showed, and the field that nobody finds.
        assert_eq!((recording.pages.len(), recording.acts.len(), lost), (500, 521, 22));
        assert_eq!(recording.check(), Ok(()));
    }
}
