//! A recording as Chrome's DevTools Recorder imports it.
//!
//! In place of what was typed stands a placeholder, `{{password}}`, which whoever plays it there has to replace; what comes
//! back by `import` is known by it.
//!
//! Not here: what that recorder doesn't know, which is told.

use serde_json::{Value as Json, json};

use super::devtools::MAIN;
use super::typed::PLACEHOLDERS;
use super::{Left, Notes, Refusals, selectors};
use crate::recording::{Act, Deed, Edge, Key, Recording, Target, Value};

/// How far down a list is scrolled, in pixels: how far it was is in no recording, and no browser scrolls further than there is
/// something. So what is played there is what was done, where one screen of rows came after another as well.
const BOTTOM: u32 = 1_000_000;

/// What came of a recording.
#[derive(Debug)]
pub struct Exported {
    /// The text of the file.
    pub json: String,
    /// What isn't in it.
    pub left: Vec<Left>,
}

/// Writes a recording as the DevTools Recorder has them.
///
/// # Errors
/// Acts that it would do otherwise than they were done, each.
pub fn export_devtools(title: &str, recording: &Recording) -> Result<Exported, Refusals> {
    let mut notes = Notes::default();
    let mut steps = Vec::with_capacity(recording.acts.len());
    for (at, act) in recording.acts.iter().enumerate() {
        let number = Some(at + 1);
        let mut made = made(number, recording, act, &mut notes);
        // Windows that open, and rows that come while one scrolls, are no address that is gone to: its player would wait for one.
        let is_told = !matches!(act.does, Deed::Open | Deed::Scroll);
        if let Some(led_to) = act.then.and_then(|page| recording.pages.get(page)).filter(|_| is_told)
            && let Some(step) = made.last_mut()
        {
            step["assertedEvents"] = json!([{ "type": "navigation", "url": led_to.url, "title": "" }]);
        }
        steps.append(&mut made);
    }
    if recording.pages.iter().any(|page| page.html.is_some()) {
        notes.leave(None, "html", "the DevTools Recorder doesn't keep what pages showed");
    }
    if recording.pages.iter().any(|page| page.kind.is_some()) {
        notes.leave(None, "kind", "the DevTools Recorder doesn't know what a page is");
    }
    if !notes.refusals.is_empty() {
        return Err(Refusals(notes.refusals));
    }
    let file = json!({ "title": title, "steps": steps });
    Ok(Exported { json: format!("{file:#}\n"), left: notes.left() })
}

/// The steps of an act: none, one, or a key's two.
fn made(number: Option<usize>, recording: &Recording, act: &Act, notes: &mut Notes) -> Vec<Json> {
    let window = window(recording, act);
    let on = |mut step: Json, notes: &mut Notes| {
        step["target"] = json!(window);
        if let Some(target) = &act.target {
            step["selectors"] = json!(selectors::selectors(target));
            match frames(target) {
                Some(frames) if frames.is_empty() => {}
                Some(frames) => {
                    if target.within.iter().any(|edge| matches!(edge, Edge::Frame { css: Some(_), .. })) {
                        notes.leave(number, "frame.css", "the DevTools Recorder counts frames");
                    }
                    step["frame"] = json!(frames);
                }
                None => notes.refuse(number, "it is in a frame of which the place among its neighbours isn't known"),
            }
        }
        step
    };
    match &act.does {
        Deed::Navigate { url } => vec![on(json!({ "type": "navigate", "url": url }), notes)],
        Deed::Click => vec![on(json!({ "type": "click", "offsetX": 1, "offsetY": 1 }), notes)],
        Deed::Fill { with, .. } => {
            notes.leave(number, "length", "a placeholder stands in place of what was typed");
            vec![on(json!({ "type": "change", "value": placeholder(*with) }), notes)]
        }
        Deed::Choose => {
            notes.leave(
                number,
                "choose",
                "which option was chosen is in no recording: put it in place of the placeholder",
            );
            vec![on(json!({ "type": "change", "value": placeholder(Value::Other) }), notes)]
        }
        Deed::Scroll => {
            notes.leave(number, "scroll, how often", "it is scrolled once, as far down as there is something then");
            vec![on(json!({ "type": "scroll", "y": BOTTOM }), notes)]
        }
        Deed::Press { key } => {
            let key = match key {
                Key::Enter => "Enter",
                Key::Escape => "Escape",
            };
            let press = |kind: &str| json!({ "type": kind, "key": key, "target": window });
            if act.target.is_some() {
                notes.leave(number, "press.target", "a key goes to whatever has the focus");
            }
            vec![press("keyDown"), press("keyUp")]
        }
        // A step in that window says it, if there is one.
        Deed::Open => {
            let window = |page: Option<usize>| page.and_then(|page| recording.pages.get(page)).map(|page| page.window);
            let opened = window(act.then);
            if opened.is_none() || !recording.acts.iter().any(|other| window(other.on) == opened) {
                notes.leave(
                    number,
                    "open",
                    "nothing was done in the window, and only a step in it says that it is there",
                );
            }
            Vec::new()
        }
        Deed::Close => vec![on(json!({ "type": "close" }), notes)],
        Deed::Download => {
            notes.leave(number, "download", "the DevTools Recorder doesn't know files that come");
            Vec::new()
        }
    }
}

/// What the window of an act is called there: the first by a word, others by the address that they began with.
fn window(recording: &Recording, act: &Act) -> String {
    let number = act.on.and_then(|page| recording.pages.get(page)).map_or(0, |page| page.window);
    let first = recording.pages.iter().find(|page| page.window == number).filter(|_| number > 0);
    first.map_or_else(|| MAIN.to_owned(), |page| page.url.to_string())
}

/// The places of the frames that a target is in; none if one isn't known.
fn frames(target: &Target) -> Option<Vec<u32>> {
    let place = |edge: &Edge| match edge {
        Edge::Frame { place, .. } => Some(*place),
        Edge::ShadowRoot { .. } => None,
    };
    target.within.iter().filter_map(place).collect()
}

fn placeholder(value: Value) -> &'static str {
    PLACEHOLDERS.iter().find(|(_, known)| *known == value).map_or("{{other}}", |(text, _)| text)
}
