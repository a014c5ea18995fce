//! What a session over WebDriver shows, for a person who looks on, and what they do to it at the wheel.
//!
//! The protocol has no screencast: a picture is taken again and again while somebody looks, a few in a second at most, and at
//! once after something was done. It is taken in turn with the driver's own commands, so a page that is read shows late.
//! What a person does are WebDriver's actions. A key goes down and up at once, since no later command may find it pressed.
//!
//! Nothing that is seen or typed here is logged.
//!
//! Not here: where pictures go, or whether somebody holds the wheel (the gate says so).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::id::RunId;
use protocol::live::{Button, Input, Picture};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};
use tokio::time::{Instant, sleep};

use super::line::{Eye, LineError};
use crate::gate::{Gate, PersonsPermit};
use crate::live::{self, Outbox};

/// How long lies between two pictures where something changed lately, and where nothing does.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_millis(1_000));
/// How many pictures that are the same count as nothing changing.
const CALM: u32 = 4;
/// How soon after something was done the rest of it has been done, too.
const TOGETHER: Duration = Duration::from_millis(40);
/// How often the pointer moves; what lies between is left out.
const MOVES: Duration = Duration::from_millis(60);

/// Shows one session.
pub(super) struct Screencast {
    eye: Arc<Eye>,
    gate: Gate,
    /// Something was done to the page.
    done: Notify,
    /// When the pointer moved last.
    moved: Mutex<Option<Instant>>,
    /// Whether a button may be down.
    is_pressed: AtomicBool,
}

impl Screencast {
    /// Of the session that the eye looks at.
    pub(super) fn new(eye: Eye, gate: Gate) -> Self {
        Self {
            eye: Arc::new(eye),
            gate,
            done: Notify::new(),
            moved: Mutex::default(),
            is_pressed: AtomicBool::new(false),
        }
    }

    /// Whether the pointer is to move now.
    async fn may_move(&self, input: &Input) -> bool {
        let mut moved = self.moved.lock().await;
        let is_late = moved.is_none_or(|at| at.elapsed() >= MOVES);
        if !matches!(input, Input::Move { .. }) {
            return true;
        }
        if is_late {
            *moved = Some(Instant::now());
        }
        is_late
    }
}

#[async_trait]
impl live::Screencast for Screencast {
    async fn cast(&self, run_id: RunId, to: &Outbox) {
        let (mut last, mut calm) = (None, 0_u32);
        loop {
            let Ok(permit) = self.gate.look() else { return };
            match self.eye.picture(permit).await {
                Ok(png) => {
                    let seen = hash(&png);
                    calm = calm.saturating_add(1);
                    if last != Some(seen)
                        && let Some((width, height)) = sides(&png)
                    {
                        (last, calm) = (Some(seen), 0);
                        to.put(Picture { run_id, width, height, jpeg: png });
                    }
                }
                Err(LineError::Gone) => return,
                // A window that closed, a prompt that is in the way: the next may show.
                Err(_) => calm = CALM,
            }
            let pause = if calm < CALM { PAUSES.0 } else { PAUSES.1 };
            tokio::select! {
                () = self.done.notified() => {
                    calm = 0;
                    sleep(TOGETHER).await;
                }
                () = sleep(pause) => {}
            }
        }
    }

    async fn input(&self, permit: PersonsPermit, input: Input) {
        if !self.may_move(&input).await {
            return;
        }
        match &input {
            Input::Press { .. } => self.is_pressed.store(true, Ordering::Relaxed),
            Input::Release { .. } => self.is_pressed.store(false, Ordering::Relaxed),
            _ => {}
        }
        if let Some(sources) = sources(&input)
            && let Err(error) = self.eye.act(permit, sources).await
        {
            tracing::debug!(%error, "something that a person did isn't done");
        }
        self.done.notify_one();
    }

    fn let_go(&self) {
        if self.is_pressed.swap(false, Ordering::Relaxed) {
            let eye = Arc::clone(&self.eye);
            tokio::spawn(async move {
                let _ = eye.let_go().await;
            });
        }
    }
}

fn hash(png: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    png.hash(&mut hasher);
    hasher.finish()
}

/// How wide and how high a picture is, as its header says; none of what is no PNG.
fn sides(png: &[u8]) -> Option<(u16, u16)> {
    let side = |from: usize| u16::try_from(u32::from_be_bytes(png.get(from..from + 4)?.try_into().ok()?)).ok();
    if !png.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    Some((side(16)?, side(20)?)).filter(|(width, height)| *width > 0 && *height > 0)
}

/// What WebDriver is told of something that a person does; none where a key that was done goes up.
fn sources(input: &Input) -> Option<Value> {
    let at = |x: &i32, y: &i32| json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": "viewport" });
    let pointer = |actions: Vec<Value>| json!([{ "type": "pointer", "id": "person", "parameters": { "pointerType": "mouse" }, "actions": actions }]);
    let button = |kind: &str, button: &Button| {
        let number = match button {
            Button::Left => 0,
            Button::Middle => 1,
            Button::Right => 2,
        };
        json!({ "type": kind, "button": number })
    };
    match input {
        Input::Move { x, y, .. } => Some(pointer(vec![at(x, y)])),
        Input::Press { x, y, button: which, .. } => Some(pointer(vec![at(x, y), button("pointerDown", which)])),
        Input::Release { x, y, button: which, .. } => Some(pointer(vec![at(x, y), button("pointerUp", which)])),
        Input::Wheel { x, y, dx, dy } => {
            let scroll = json!({
                "type": "scroll", "duration": 0, "x": x, "y": y, "deltaX": dx, "deltaY": dy, "origin": "viewport",
            });
            Some(json!([{ "type": "wheel", "id": "persons-wheel", "actions": [scroll] }]))
        }
        Input::KeyDown { key, modifiers, .. } => Some(strokes(&[sign(key.expose())], *modifiers)),
        Input::KeyUp { .. } => None,
        Input::Text { text } => {
            let signs: Vec<String> =
                text.expose().chars().map(|letter| sign(letter.encode_utf8(&mut [0; 4]))).collect();
            Some(strokes(&signs, 0))
        }
    }
}

/// Keys that go down and up, one after the other, with others held as they are for commands.
fn strokes(signs: &[String], modifiers: u8) -> Value {
    // A sign has its shift in itself.
    let held = [(1, "\u{e00a}"), (2, "\u{e009}"), (4, "\u{e03d}")];
    let held: Vec<&str> = held.iter().filter(|(bit, _)| modifiers & bit != 0).map(|(_, key)| *key).collect();
    let key = |kind: &str, value: &str| json!({ "type": kind, "value": value });
    let down = held.iter().map(|value| key("keyDown", value));
    let pressed = signs.iter().flat_map(|value| [key("keyDown", value), key("keyUp", value)]);
    let up = held.iter().rev().map(|value| key("keyUp", value));
    let actions: Vec<Value> = down.chain(pressed).chain(up).collect();
    json!([{ "type": "key", "id": "persons-keys", "actions": actions }])
}

/// As WebDriver calls a key.
fn sign(key: &str) -> String {
    let named = match key {
        "Enter" | "\n" | "\r" => '\u{e007}',
        "Tab" | "\t" => '\u{e004}',
        "Backspace" => '\u{e003}',
        "Delete" => '\u{e017}',
        "Escape" => '\u{e00c}',
        "ArrowLeft" => '\u{e012}',
        "ArrowUp" => '\u{e013}',
        "ArrowRight" => '\u{e014}',
        "ArrowDown" => '\u{e015}',
        "Home" => '\u{e011}',
        "End" => '\u{e010}',
        "PageUp" => '\u{e00e}',
        "PageDown" => '\u{e00f}',
        "Insert" => '\u{e016}',
        sign => return sign.to_owned(),
    };
    named.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_has_no_sides() {
        let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0, 0, 0, 13], b"IHDR", &[0, 0, 5, 0, 0, 0, 4, 0]].concat();
        assert_eq!(sides(&png), Some((1280, 1024)));
        for nonsense in [&png[..20], b"\xff\xd8\xff".as_slice(), b""] {
            assert_eq!(sides(nonsense), None);
        }
    }

    #[test]
    fn a_command_holds_its_keys_and_lets_go_of_them() {
        let said = strokes(&["a".into()], 2 | 8);
        let actions = said[0]["actions"].as_array().expect("actions").clone();
        let told: Vec<_> = actions.iter().map(|one| (one["type"].clone(), one["value"].clone())).collect();
        let expected = [("keyDown", "\u{e009}"), ("keyDown", "a"), ("keyUp", "a"), ("keyUp", "\u{e009}")];
        assert_eq!(told, expected.map(|(kind, value)| (json!(kind), json!(value))));
    }

    #[test]
    fn a_key_that_is_done_does_not_go_up_again() {
        let up: Input = serde_json::from_value(json!({ "does": "keyUp", "key": "a" })).expect("an input");
        assert!(sources(&up).is_none());
    }
}
