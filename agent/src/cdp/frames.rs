//! Who says when a page draws, and the frames that are asked for.
//!
//! Drawing is the greater half of what a page costs, and nobody looks at it. A browser without
//! a window lets its client say when a page draws: then it runs, lays out and answers
//! without, and whatever waits for a frame (animations, observers of what is in view, what
//! was asked to run before the next drawing) gets one every now and then while something
//! is awaited from the page. Nothing of those frames is put on a surface.
//!
//! ```text
//! awaited ──a while──▶ the page answers ──the browser's turn──▶ a frame ──drawn──▶ awaited
//! ```
//!
//! A browser bears one such frame at a time, whichever page it is of: two that overlap end
//! the process that draws. So frames take turns; a page that is busy isn't given one, which
//! would keep all others waiting; and one that was given one and doesn't draw is closed.
//!
//! Such a page shows no picture by itself either: one is asked for with a frame, in its turn.
//!
//! Not here: when a picture is wanted ([`super::screencast`]).

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::sleep;

use super::page::PageLine;
use super::wire::WireError;
use crate::gate::{Gate, Permit};
use crate::patience::{TooLong, within};

/// How long lies between two frames that are asked for: short for what waits for one, and long
/// beside what most answers of a page take.
const BETWEEN_FRAMES: Duration = Duration::from_millis(50);
/// How long a page may be busy before it is asked again whether it still is.
const BUSY: Duration = Duration::from_secs(5);
/// How long a frame may take before its page is closed.
const FRAME: Duration = Duration::from_secs(5);
/// By then a page that was closed is gone, and its frame with it.
const CLOSED: Duration = Duration::from_secs(30);

/// The switches by which pages can be made to draw as they are told. All of what is drawn is
/// made before a frame is answered, so that one frame is enough.
pub(super) const SWITCHES: [&str; 5] = [
    // Without it the browser counts sixty frames a second for a page that nobody asks for one.
    "--enable-begin-frame-control",
    "--run-all-compositor-stages-before-draw",
    "--disable-threaded-animation",
    "--disable-threaded-scrolling",
    "--disable-checker-imaging",
];

/// Who says when the pages of one browser draw.
#[derive(Clone, Debug)]
pub(super) enum Frames {
    /// The browser, by its own clock.
    OfBrowser,
    /// This driver, one page after the other.
    OnDemand(Turn),
}

/// The turn to have a page draw: whose it is, until the page has.
pub(super) type Turn = Arc<Mutex<()>>;

impl Frames {
    /// Whether pages have to be opened so that they draw as they are told.
    pub(super) fn are_on_demand(&self) -> bool {
        matches!(self, Self::OnDemand(_))
    }

    /// Has a page draw now and then, for as long as this is waited for.
    pub(super) async fn keep_coming(&self, line: &PageLine, gate: &Gate) -> Infallible {
        match self {
            Self::OfBrowser => {}
            Self::OnDemand(turn) => draw(turn, line, gate).await,
        }
        std::future::pending().await
    }
}

/// Until the gate is shut or the page is gone, which others find out.
async fn draw(turn: &Turn, line: &PageLine, gate: &Gate) {
    loop {
        sleep(BETWEEN_FRAMES).await;
        let Ok(permit) = gate.permit() else { return };
        let nothing = json!({ "expression": "0", "silent": true });
        match line.send(permit, "Runtime.evaluate", nothing, BUSY).await {
            Ok(_) => {}
            Err(WireError::Gone) => return,
            Err(_) => continue,
        }
        let turn = Arc::clone(turn).lock_owned().await;
        let Ok(permit) = gate.permit() else { return };
        // By itself, since a frame is on its way also when nobody waits any more.
        if let Ok(Err(WireError::Gone)) = tokio::spawn(frame(line.again(), permit, turn)).await {
            return;
        }
    }
}

/// Has a page draw once with a picture (JPEG) of what it looks like then; none where nothing of it changed.
pub(super) async fn picture(
    turn: &Turn,
    line: &PageLine,
    permit: Permit,
    quality: u8,
) -> Result<Option<Vec<u8>>, WireError> {
    pictured(turn, line, permit, json!({ "format": "jpeg", "quality": quality, "optimizeForSpeed": true })).await
}

/// The same with a picture that is exact (PNG).
pub(super) async fn exact_picture(turn: &Turn, line: &PageLine, permit: Permit) -> Result<Option<Vec<u8>>, WireError> {
    pictured(turn, line, permit, json!({ "format": "png", "optimizeForSpeed": true })).await
}

async fn pictured(
    turn: &Turn,
    line: &PageLine,
    permit: Permit,
    screenshot: Value,
) -> Result<Option<Vec<u8>>, WireError> {
    let nothing = json!({ "expression": "0", "silent": true });
    line.wire.call(Some(&line.session), "Runtime.evaluate", nothing, BUSY).await?;
    let turn = Arc::clone(turn).lock_owned().await;
    line.wire.pictured().fetch_add(1, Ordering::Relaxed);
    let drawn = tokio::spawn(drawn(line.again(), permit, turn, json!({ "screenshot": screenshot })))
        .await
        .map_err(|_| WireError::Gone)??;
    Ok(drawn["screenshotData"].as_str().and_then(|data| STANDARD.decode(data).ok()))
}

/// Has a page draw once that nobody looks at, and keeps the turn until it has.
async fn frame(line: PageLine, permit: Permit, turn: OwnedMutexGuard<()>) -> Result<(), WireError> {
    drawn(line, permit, turn, json!({ "noDisplayUpdates": true })).await.map(|_| ())
}

/// Has a page draw once, and keeps the turn until it has.
async fn drawn(line: PageLine, permit: Permit, turn: OwnedMutexGuard<()>, how: Value) -> Result<Value, WireError> {
    let mut drawn = Box::pin(line.send(permit, "HeadlessExperimental.beginFrame", how, FRAME + CLOSED));
    let drawn = match within(FRAME, drawn.as_mut()).await {
        Ok(drawn) => drawn,
        Err(TooLong) => {
            tracing::warn!("a page doesn't draw and is closed, so that others can");
            line.wire.tell("Target.closeTarget", json!({ "targetId": line.target }));
            drawn.await
        }
    };
    drop(turn);
    drawn
}
