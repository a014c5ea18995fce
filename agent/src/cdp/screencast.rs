//! What a session shows, for a person who looks on, and what they do to it at the wheel.
//!
//! It has a line of its own to the window that shows, beside the driver's, so that neither waits for the other. Where
//! pages draw on demand each picture is a frame that is asked for in its turn: at once, soon after something was done,
//! and now and then in case that something changed. Any other browser says by itself that its page changed.
//!
//! Nothing that is seen or typed here is logged.
//!
//! Not here: where pictures go, or whether somebody holds the wheel (the gate says so).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::id::RunId;
use protocol::live::{Button, Input, Picture};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::sleep;

use super::frames::Frames;
use super::page::PageLine;
use super::session::Session;
use super::wire::{Wire, WireError};
use crate::gate::{Gate, PersonsPermit};
use crate::live::{self, Outbox};

/// How well a picture is kept, of 100.
const QUALITY: u8 = 60;
/// How long lies between two pictures where something changed just now, where it did lately, and where nothing does.
const PAUSES: [(u32, Duration); 3] =
    [(3, Duration::from_millis(40)), (12, Duration::from_millis(100)), (u32::MAX, Duration::from_millis(200))];
/// How soon after something was done the rest of it has been done, too.
const TOGETHER: Duration = Duration::from_millis(4);
/// How long it is waited before the page is looked for again that couldn't be shown.
const AGAIN: Duration = Duration::from_millis(100);
/// How long a command has that a browser does at once.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Shows one session.
pub(super) struct Screencast {
    wire: Wire,
    windows: watch::Receiver<Vec<String>>,
    frames: Frames,
    gate: Gate,
    eye: Mutex<Option<Arc<Eye>>>,
    /// Something was done to the page.
    done: Notify,
    /// What a person pressed and didn't let go yet: at which page, and how it is let go.
    pressed: std::sync::Mutex<Option<(Arc<Eye>, Value)>>,
}

/// A line of its own to the window that shows.
struct Eye {
    line: PageLine,
    width: u16,
    height: u16,
}

impl Drop for Eye {
    fn drop(&mut self) {
        self.line.wire.forget(&self.line.session);
        self.line.wire.tell("Target.detachFromTarget", json!({ "sessionId": self.line.session }));
    }
}

impl Screencast {
    /// Of a session's windows.
    pub(super) fn new(wire: Wire, windows: watch::Receiver<Vec<String>>, frames: Frames, gate: Gate) -> Self {
        Self {
            wire,
            windows,
            frames,
            gate,
            eye: Mutex::default(),
            done: Notify::new(),
            pressed: std::sync::Mutex::default(),
        }
    }

    fn pressed(&self) -> std::sync::MutexGuard<'_, Option<(Arc<Eye>, Value)>> {
        self.pressed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The newest window, and a line to it.
    async fn eye(&self) -> Result<Arc<Eye>, WireError> {
        let newest = self.windows.borrow().last().cloned().ok_or(WireError::Gone)?;
        let mut eye = self.eye.lock().await;
        if let Some(known) = eye.as_ref().filter(|known| known.line.target == newest) {
            return Ok(Arc::clone(known));
        }
        *eye = None;
        let (line, _) = Session::attach(self.wire.clone(), newest).await?;
        let metrics = line.wire.call(Some(&line.session), "Page.getLayoutMetrics", json!({}), AT_ONCE).await;
        let side = |name: &str, usual: u16| {
            let side = metrics.as_ref().ok().and_then(|metrics| metrics["cssLayoutViewport"][name].as_u64());
            side.and_then(|side| u16::try_from(side).ok()).filter(|side| *side > 0).unwrap_or(usual)
        };
        let (width, height) = (side("clientWidth", 1280), side("clientHeight", 1024));
        Ok(Arc::clone(eye.insert(Arc::new(Eye { line, width, height }))))
    }

    /// Asks for one picture after the other, until the session is gone.
    async fn ask(&self, turn: &super::frames::Turn, run_id: RunId, to: &Outbox) {
        let (mut last, mut calm) = (None, 0_u32);
        loop {
            let eye = match self.eye().await {
                Ok(eye) => eye,
                Err(WireError::Gone) if self.wire.is_closed() || self.windows.has_changed().is_err() => return,
                Err(_) => {
                    sleep(AGAIN).await;
                    continue;
                }
            };
            let Ok(permit) = self.gate.look() else { return };
            match super::frames::picture(turn, &eye.line, permit, QUALITY).await {
                Ok(Some(jpeg)) => {
                    let seen = Some((eye.line.target.clone(), hash(&jpeg)));
                    if last != seen {
                        (last, calm) = (seen, 0);
                        send(to, run_id, &eye, &jpeg);
                    }
                }
                Ok(None) => {}
                Err(_) => {
                    // Its window may be gone, or be another by now.
                    *self.eye.lock().await = None;
                    sleep(AGAIN).await;
                }
            }
            calm = calm.saturating_add(1);
            let pause = PAUSES.iter().find(|(until, _)| calm <= *until).map_or(AGAIN, |(_, pause)| *pause);
            tokio::select! {
                () = self.done.notified() => {
                    calm = 0;
                    // A click is a move, a press and a release: one picture shows all three.
                    sleep(TOGETHER).await;
                }
                () = sleep(pause) => {}
            }
        }
    }

    /// Has the browser say when the page changed, window by window, until the session is gone.
    async fn listen(&self, run_id: RunId, to: &Outbox) {
        let mut windows = self.windows.clone();
        loop {
            windows.borrow_and_update();
            if let Ok(eye) = self.eye().await {
                let newer = windows.wait_for(|windows| windows.last() != Some(&eye.line.target));
                tokio::select! {
                    _ = newer => {}
                    () = follow(&eye, run_id, to) => {}
                }
                *self.eye.lock().await = None;
            }
            if self.wire.is_closed() || self.windows.has_changed().is_err() || self.gate.look().is_err() {
                return;
            }
            sleep(AGAIN).await;
        }
    }
}

#[async_trait]
impl live::Screencast for Screencast {
    async fn cast(&self, run_id: RunId, to: &Outbox) {
        match &self.frames {
            Frames::OnDemand(turn) => self.ask(turn, run_id, to).await,
            Frames::OfBrowser => self.listen(run_id, to).await,
        }
        *self.eye.lock().await = None;
    }

    async fn input(&self, _: PersonsPermit, input: Input) {
        let Ok(eye) = self.eye().await else { return };
        let input = input.clamped(eye.width, eye.height);
        match &input {
            Input::Press { x, y, button, .. } => {
                let release = pressed("mouseReleased", (*x, *y), *button, (1, 0));
                *self.pressed() = Some((Arc::clone(&eye), release));
            }
            Input::Release { .. } => *self.pressed() = None,
            _ => {}
        }
        let (method, params) = command(input);
        // It is taken before the picture that is asked for next, and some of it only with that: so nobody waits for it.
        eye.line.wire.tell_of(Some(&eye.line.session), method, params);
        self.done.notify_one();
    }

    fn let_go(&self) {
        if let Some((eye, release)) = self.pressed().take() {
            eye.line.wire.tell_of(Some(&eye.line.session), "Input.dispatchMouseEvent", release);
        }
    }
}

/// Sends on what the browser says that the page looks like, beginning with how it looks now.
async fn follow(eye: &Eye, run_id: RunId, to: &Outbox) {
    let call = |method, params| eye.line.wire.call(Some(&eye.line.session), method, params, AT_ONCE);
    let mut pictures = eye.line.wire.pictures(&eye.line.session);
    let how = json!({ "format": "jpeg", "quality": QUALITY, "everyNthFrame": 1 });
    let now = json!({ "format": "jpeg", "quality": QUALITY, "optimizeForSpeed": true });
    let _stops = Stops(eye);
    let (Ok(_), first) = tokio::join!(call("Page.startScreencast", how), call("Page.captureScreenshot", now)) else {
        return;
    };
    if let Some(jpeg) = first.ok().and_then(|answer| decode(&answer["data"])) {
        send(to, run_id, eye, &jpeg);
    }
    while pictures.changed().await.is_ok() {
        let jpeg = pictures.borrow_and_update().as_ref().and_then(|data| STANDARD.decode(data).ok());
        if let Some(jpeg) = jpeg {
            send(to, run_id, eye, &jpeg);
        }
    }
}

/// Whoever has the browser say what its page looks like has it stop, however they end.
struct Stops<'e>(&'e Eye);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.line.wire.tell_of(Some(&self.0.line.session), "Page.stopScreencast", json!({}));
    }
}

fn send(to: &Outbox, run_id: RunId, eye: &Eye, jpeg: &[u8]) {
    to.put(Picture { run_id, width: eye.width, height: eye.height, jpeg: jpeg.to_vec() });
}

fn decode(data: &Value) -> Option<Vec<u8>> {
    STANDARD.decode(data.as_str()?).ok()
}

fn hash(jpeg: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    jpeg.hash(&mut hasher);
    hasher.finish()
}

/// What the browser is told of something that a person does.
fn command(input: Input) -> (&'static str, Value) {
    const MOUSE: &str = "Input.dispatchMouseEvent";
    const KEY: &str = "Input.dispatchKeyEvent";
    match input {
        Input::Move { x, y, buttons, modifiers } => {
            let button = if buttons & 1 == 1 { "left" } else { "none" };
            let params = json!({ "type": "mouseMoved", "x": x, "y": y, "button": button, "buttons": buttons, "modifiers": modifiers });
            (MOUSE, params)
        }
        Input::Press { x, y, button, clicks, modifiers } => {
            (MOUSE, pressed("mousePressed", (x, y), button, (clicks, modifiers)))
        }
        Input::Release { x, y, button, clicks, modifiers } => {
            (MOUSE, pressed("mouseReleased", (x, y), button, (clicks, modifiers)))
        }
        Input::Wheel { x, y, dx, dy } => {
            (MOUSE, json!({ "type": "mouseWheel", "x": x, "y": y, "deltaX": dx, "deltaY": dy }))
        }
        Input::KeyDown { key, code, key_code, modifiers } => {
            let mut params = named("rawKeyDown", key.expose(), code.expose(), key_code, modifiers);
            // With Control or Meta a key is a command and no sign.
            if modifiers & 6 == 0
                && let Some(sign) = sign(key.expose())
            {
                params["type"] = json!("keyDown");
                params["text"] = json!(sign);
            }
            (KEY, params)
        }
        Input::KeyUp { key, code, key_code, modifiers } => {
            (KEY, named("keyUp", key.expose(), code.expose(), key_code, modifiers))
        }
        Input::Text { text } => ("Input.insertText", json!({ "text": text.expose() })),
    }
}

/// What a key writes.
fn sign(key: &str) -> Option<&str> {
    match key {
        "Enter" => Some("\r"),
        key if key.chars().count() == 1 => Some(key),
        _ => None,
    }
}

fn named(kind: &str, key: &str, code: &str, key_code: u8, modifiers: u8) -> Value {
    json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": key_code, "modifiers": modifiers & 15 })
}

fn pressed(kind: &str, (x, y): (i32, i32), button: Button, (clicks, modifiers): (u8, u8)) -> Value {
    let (name, mask) = match button {
        Button::Left => ("left", 1),
        Button::Right => ("right", 2),
        Button::Middle => ("middle", 4),
    };
    let buttons = if kind == "mousePressed" { mask } else { 0 };
    json!({
        "type": kind, "x": x, "y": y, "button": name, "buttons": buttons, "clickCount": clicks,
        "modifiers": modifiers & 15,
    })
}
