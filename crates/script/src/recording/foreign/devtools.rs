//! Recordings of Chrome's DevTools Recorder, as its panel exports them to JSON. Source: the types of `@puppeteer/replay` 3.1.
//!
//! | step | becomes |
//! |---|---|
//! | `navigate` | an address that was gone to, and by its `assertedEvents` the one that showed |
//! | `click`, `doubleClick` | a click |
//! | `change` | a fill, of which the text is left behind |
//! | `keyDown` and its `keyUp` | a key, where it is Enter or Escape |
//! | `scroll` of a thing, down | a list that was scrolled, and what it shows then |
//! | `close` | a closed window |
//! | `assertedEvents` of a step | the page that it led to |
//! | `scroll` of a page, or back to the top | nothing, which is told |
//! | `waitForElement`, `hover`, `setViewport`, `emulateNetworkConditions` | nothing, which is told |
//! | `waitForExpression` | a refusal: it is code, which may do anything |
//! | `customStep` | a refusal: that recorder's own player passes it over in silence |
//!
//! Not here: what a `change` was of (`typed`).

use serde_json::Value as Json;
use url::Url;

use super::fields::Fields;
use super::trail::Trail;
use super::typed::{self, Unknown};
use super::{Imported, Notes, Refusals, Typed, json, selectors};
use crate::recording::bounds::{PAGES, TEXT, WAYS};
use crate::recording::{Deed, Edge, Key, Target, Value};

/// What that recorder calls the first window.
pub(super) const MAIN: &str = "main";

/// As many steps as a recording has acts.
const STEPS: usize = 5_000;

/// How deep frames lie in each other.
const FRAMES: usize = 10;

/// Why a script has no use for where and how something was clicked.
const NO_PLACE: &str = "a script clicks in the middle of a thing, with the first button";

/// Turns an export of the DevTools Recorder into a recording.
///
/// # Errors
/// Everything for which it is refused.
pub fn import_devtools(text: &str, typed: &Typed) -> Result<Imported, Refusals> {
    // The recorder's library adds where each step stands, in a comment that JSON doesn't have.
    let json = json(text.split_once("\n//# recorderSourceMap=").map_or(text, |(file, _)| file))?;
    let file = json.as_object().ok_or_else(|| Refusals::of_file("it is no recording of the DevTools Recorder"))?;
    let mut notes = Notes::default();
    let mut fields = Fields::of(None, "", file);
    let Some(steps) = fields.take("steps").and_then(Json::as_array) else {
        return Err(Refusals::of_file("it is no recording of the DevTools Recorder: it has no list `steps`"));
    };
    if steps.len() > STEPS {
        return Err(Refusals::of_file(format!("it has {} steps, and {STEPS} are read at most", steps.len())));
    }
    let title = fields.text("title", &mut notes).unwrap_or_default().to_owned();
    fields.leave("timeout", "scripts have a patience of their own", &mut notes);
    let attribute = fields.text("selectorAttribute", &mut notes);
    fields.end(&mut notes);
    let typed_texts = typed.texts(steps.iter().filter_map(|step| step.get("value").and_then(Json::as_str)));
    let mut reader = Reader { trail: Trail::new(MAIN), notes, unknown: Vec::new(), acts: 0, attribute, typed };
    for (at, step) in steps.iter().enumerate() {
        reader.step(at + 1, step);
        if reader.notes.are_many() {
            break;
        }
    }
    let Reader { trail, notes, unknown, .. } = reader;
    notes.end(title, trail, &unknown, &typed_texts)
}

struct Reader<'a> {
    trail: Trail,
    notes: Notes,
    unknown: Vec<Unknown>,
    /// How many acts the trail has.
    acts: usize,
    attribute: Option<&'a str>,
    typed: &'a Typed,
}

impl Reader<'_> {
    fn step(&mut self, number: usize, step: &Json) {
        let step_number = Some(number);
        let Some(object) = step.as_object() else {
            self.notes.refuse(step_number, "it is no step");
            return;
        };
        let mut fields = Fields::of(step_number, "", object);
        let Some(kind) = fields.needed("type", &mut self.notes) else { return };
        fields.kind = kind.to_owned();
        fields.leave("timeout", "scripts have a patience of their own", &mut self.notes);
        let why = match kind {
            "setViewport" => "a session's window has one size",
            "emulateNetworkConditions" => "a session's network is as it is",
            "hover" => "a script doesn't point at things",
            "scroll" if object.get("selectors").is_none_or(Json::is_null) => {
                "a page as a whole shows nothing but more of itself, and a script scrolls to what it acts on"
            }
            "scroll" if object.get("y").is_none_or(is_top) => "it goes no further down, and a list begins at its top",
            "waitForElement" => "a page of a script is waited for by what it is recognised by",
            _ => "",
        };
        if !why.is_empty() {
            self.notes.leave(step_number, kind, why);
            return;
        }
        let events = fields.take("assertedEvents");
        match kind {
            "navigate" => self.navigate(number, &mut fields),
            "click" | "doubleClick" => self.click(kind, &mut fields),
            "change" => self.change(number, &mut fields),
            "keyDown" | "keyUp" => self.key(kind, &mut fields),
            "scroll" => self.scroll(&mut fields, events),
            "close" => {
                let window = self.window(&mut fields);
                self.act(&window, Deed::Close, None);
            }
            "waitForExpression" => {
                self.notes.refuse(step_number, "`waitForExpression`: a script holds no code");
                return;
            }
            "customStep" => {
                self.notes.refuse(step_number, "a `customStep` is somebody's own, and nobody here knows what it does");
                return;
            }
            // What it is called is its file's own text.
            _ => {
                self.notes.refuse(step_number, "nobody here knows this type of step");
                return;
            }
        }
        if let (Some(events), true) = (events, kind != "navigate") {
            self.events(number, kind, object, events);
        } else if let Some(events) = events {
            let window = object.get("target").and_then(Json::as_str).unwrap_or(MAIN);
            self.redirected(window, events);
            self.titles(number, kind, events);
        }
        fields.end(&mut self.notes);
    }

    fn navigate(&mut self, number: usize, fields: &mut Fields<'_>) {
        let window = self.window(fields);
        let Some(url) = fields.needed("url", &mut self.notes) else { return };
        match Url::parse(url) {
            // What DevTools begins with is no place.
            Ok(url) if url.scheme() == "chrome" || url.scheme() == "about" => {
                self.notes.leave(Some(number), "navigate", "it goes to a page of the browser's own");
            }
            Ok(url) if matches!(url.scheme(), "http" | "https") => {
                self.trail.navigate(&window, url);
                self.acts += 1;
            }
            _ => self.notes.refuse(Some(number), "`navigate.url` is no address"),
        }
    }

    /// What showed of an address that was gone to may be at another: the last that it says.
    fn redirected(&mut self, window: &str, events: &Json) {
        let urls = events.as_array().into_iter().flatten().filter_map(|event| event.get("url")?.as_str());
        let mut urls = urls.filter(|url| url.len() <= TEXT).filter_map(|url| Url::parse(url).ok());
        if let Some(url) = urls.rfind(|url| matches!(url.scheme(), "http" | "https")) {
            self.trail.redirect(window, url);
        }
    }

    fn click(&mut self, kind: &str, fields: &mut Fields<'_>) {
        let window = self.window(fields);
        let button = fields.text("button", &mut self.notes).unwrap_or("primary");
        if button != "primary" {
            self.notes.refuse(fields.step, "it clicks with another button than the first, which no script does");
        }
        for name in ["offsetX", "offsetY", "duration", "deviceType"] {
            fields.leave(name, NO_PLACE, &mut self.notes);
        }
        if kind == "doubleClick" {
            self.notes.leave(fields.step, kind, "a script clicks once");
        }
        let target = self.target(fields);
        self.act(&window, Deed::Click, target);
    }

    fn change(&mut self, number: usize, fields: &mut Fields<'_>) {
        let window = self.window(fields);
        let value = fields.needed("value", &mut self.notes);
        let Some(target) = self.target(fields) else { return };
        let Some(text) = value else { return };
        let with = typed::value(number, text, &target, self.typed);
        if with.is_none() {
            self.unknown.push(Unknown { step: number, act: self.acts });
        }
        let does = Deed::Fill { with: with.unwrap_or(Value::Other), length: typed::length(text) };
        self.act(&window, does, Some(target));
    }

    /// A list is scrolled on and on as one act. Other rows show then, at the same address, which that recorder has no event for.
    fn scroll(&mut self, fields: &mut Fields<'_>, events: Option<&Json>) {
        let window = self.window(fields);
        for name in ["x", "y"] {
            if fields.take(name).is_some_and(|far| !far.is_number()) {
                self.notes.refuse(fields.step, format!("`scroll.{name}` is no number"));
            }
        }
        self.notes.leave(fields.step, "scroll, how far", "a script scrolls a list until it has ended");
        let Some(target) = self.target(fields) else { return };
        if self.trail.last_of(&window, &Deed::Scroll) == Some(&target) {
            return;
        }
        self.act(&window, Deed::Scroll, Some(target));
        if let Some(url) = self.trail.address(&window).cloned().filter(|_| events.is_none()) {
            self.trail.show(&window, url);
        }
    }

    fn key(&mut self, kind: &str, fields: &mut Fields<'_>) {
        let window = self.window(fields);
        let key = match fields.needed("key", &mut self.notes) {
            Some("Enter" | "NumpadEnter" | "\r" | "\n") => Some(Key::Enter),
            Some("Escape") => Some(Key::Escape),
            // Which it was may be a letter of a password.
            _ => None,
        };
        match key {
            Some(key) if kind == "keyDown" => self.act(&window, Deed::Press { key }, None),
            // It came with the pressing.
            Some(_) => {}
            None => self.notes.leave(fields.step, kind, "a script presses Enter and Escape alone; texts are filled in"),
        }
    }

    fn act(&mut self, window: &str, does: Deed, target: Option<Target>) {
        let has_begun = self.trail.address(window).is_some();
        self.trail.act(window, does, target);
        self.acts += usize::from(has_begun);
        if !has_begun {
            self.notes.refuse(None, "it does something before it goes to an address");
        }
    }

    /// The window that a step is in: the first, or one that a page opened, which is known by its address.
    fn window(&mut self, fields: &mut Fields<'_>) -> String {
        let window = fields.text("target", &mut self.notes).unwrap_or(MAIN);
        if !self.trail.has(window) {
            match Url::parse(window) {
                Ok(url) => {
                    self.trail.open(MAIN, window, url);
                    self.acts += 1;
                }
                Err(_) => self.notes.refuse(fields.step, format!("`{}.target` is no window's address", fields.kind)),
            }
        }
        window.to_owned()
    }

    /// What a step is done to.
    fn target(&mut self, fields: &mut Fields<'_>) -> Option<Target> {
        let path = fields.take("frame").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        let places: Option<Vec<u32>> =
            path.iter().map(|place| place.as_u64().and_then(|place| u32::try_from(place).ok())).collect();
        let Some(places) = places.filter(|places| places.len() <= FRAMES) else {
            self.notes.refuse(fields.step, format!("`{}.frame` is no path of frames", fields.kind));
            return None;
        };
        let frames = places.into_iter().map(|place| Edge::Frame { css: None, place: Some(place), origin: None });
        let given = fields.take("selectors");
        let given = given.filter(|given| given.as_array().is_none_or(|all| all.len() <= WAYS * 2));
        let Some(selected) = given.and_then(|given| selectors::target(given, frames.collect(), self.attribute)) else {
            self.notes
                .refuse(fields.step, format!("`{}.selectors` leads to nothing, or in far too many ways", fields.kind));
            return None;
        };
        if selected.elsewhere > 0 {
            let what = format!("{}.selectors, some of them", fields.kind);
            self.notes.leave(fields.step, what, "they lead through other shadow roots than the first that names them");
        }
        Some(selected.target)
    }

    /// The pages that came of a step.
    fn events(&mut self, number: usize, kind: &str, step: &serde_json::Map<String, Json>, events: &Json) {
        let window = step.get("target").and_then(Json::as_str).unwrap_or(MAIN).to_owned();
        for event in events.as_array().map_or(&[][..], Vec::as_slice).iter().take(PAGES + 1) {
            if event.get("type").and_then(Json::as_str) != Some("navigation") {
                self.notes.leave(Some(number), format!("{kind}.assertedEvents"), "nobody here knows this event");
                continue;
            }
            let url = event.get("url").and_then(Json::as_str).filter(|url| !url.is_empty());
            let url = url.filter(|url| url.len() <= TEXT).map(Url::parse);
            let url = match url {
                Some(Ok(url)) => Some(url),
                Some(Err(_)) => {
                    let why = "it is no address: the page that came is taken to have the one before";
                    self.notes.leave(Some(number), format!("{kind}.assertedEvents.url"), why);
                    None
                }
                None => None,
            };
            if let Some(url) = url.or_else(|| self.trail.address(&window).cloned()) {
                self.trail.show(&window, url);
            }
        }
        self.titles(number, kind, events);
    }

    fn titles(&mut self, number: usize, kind: &str, events: &Json) {
        let has_title = |event: &Json| event.get("title").and_then(Json::as_str).is_some_and(|title| !title.is_empty());
        if events.as_array().is_some_and(|events| events.iter().any(has_title)) {
            let why = "a title may be anybody's; pages are recognised by what is on them";
            self.notes.leave(Some(number), format!("{kind}.assertedEvents.title"), why);
        }
    }
}

/// Whether a number of pixels leads to the top; what is no number is refused elsewhere.
fn is_top(far: &Json) -> bool {
    let far = far.as_number().map(ToString::to_string);
    far.is_some_and(|far| far.starts_with('-') || far.chars().all(|sign| matches!(sign, '0' | '.')))
}
