//! The line: one WebSocket that an agent keeps to its coordinator, for runs that somebody looks at.
//!
//! ```text
//! viewer ─ looks ─▶ coordinator ── Watch ──▶ agent          nothing is sent for a run at which nobody looks
//!                        ▲ ◀── Shows, pictures (binary) ──┘
//! holder ─ takes ─▶      │ ── Take ──▶ agent ── Taken ──▶   from then on the run's own commands are refused
//!          types ─▶      │ ── Input ─▶ agent
//! ```
//!
//! An agent opens it at [`LINE`] with the agents' token, says [`ToCoordinator::Hello`], and opens it anew when it ends.
//! What it says of a run, and what it shows, is taken under the fence of its lease alone: any agent has the same token.
//! Whatever depends on it can do without: a coordinator that has no such address is an older one, and its agents work as
//! they did. A message of a kind that isn't known is passed over by either side.
//!
//! What is shown and what is typed is on the line and nowhere else: not in the store, the queue, logs or traces. The
//! types here say nothing of it when they are printed.
//!
//! | call | says |
//! |---|---|
//! | `GET /agent/v1/line` | the line |
//! | `POST /agent/v1/leases/{runId}/refence` | [`Proof`](crate::lease::Proof) → [`Refenced`]: a person handed the wheel back |
//!
//! Not here: who may look or take the wheel; the coordinator says that.

use std::fmt;

use domain::driver::DriverKind;
use domain::fence::Fence;
use domain::id::{AgentId, ChallengeId, RunId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Where the line is opened.
pub const LINE: &str = "/agent/v1/line";

/// The longest message in words, in bytes.
pub const MESSAGE_AT_MOST: usize = 16 * 1024;

/// The largest picture, in bytes.
pub const PICTURE_AT_MOST: usize = 2 * 1024 * 1024;

/// The longest text that is put in at once, in characters: whoever pastes more is told to do it in parts.
pub const TEXT_AT_MOST: usize = 1_000;

/// The farthest that something may lie from a page's corner, in its pixels.
const FARTHEST: i32 = 16_384;

/// What a coordinator says on the line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToAgent {
    /// Somebody looks at a run: show it, from now on, beginning with the page as it is.
    Watch {
        /// The run.
        run_id: RunId,
    },
    /// Nobody looks any more.
    Unwatch {
        /// The run.
        run_id: RunId,
    },
    /// A person takes the wheel while the run waits for this challenge. Answered by [`ToCoordinator::Taken`].
    Take {
        /// The run.
        run_id: RunId,
        /// What it waits for.
        challenge_id: ChallengeId,
        /// The how manieth time it is asked for, which the answer says again.
        turn: u64,
    },
    /// What the person at the wheel does.
    Input {
        /// The run.
        run_id: RunId,
        /// It.
        input: Input,
    },
    /// Something that a later version says.
    #[serde(other)]
    Unknown,
}

/// What an agent says on the line, beside pictures.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToCoordinator {
    /// Who it is; the first thing that is said.
    Hello {
        /// The agent.
        agent_id: AgentId,
    },
    /// How a run stands that was to be shown. Pictures of it that come on the same line are taken from then on.
    Shows {
        /// The run.
        run_id: RunId,
        /// The fence under which it is held; none of what the agent doesn't work on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<Fence>,
        /// How.
        view: View,
    },
    /// What came of [`ToAgent::Take`].
    Taken {
        /// The run.
        run_id: RunId,
        /// The fence under which it is held; none of what the agent doesn't work on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fence: Option<Fence>,
        /// What it waits for.
        challenge_id: ChallengeId,
        /// The turn that was asked for.
        turn: u64,
        /// What came of it.
        taking: Taking,
    },
    /// Something that a later version says.
    #[serde(other)]
    Unknown,
}

/// What there is to see of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "view", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum View {
    /// Pictures come.
    Pictures,
    /// Its session has no picture.
    NoPicture {
        /// By what it is driven.
        driver: DriverKind,
    },
    /// It has left its browser and reads without one.
    LeftBrowser,
    /// The bank is being given what nobody is to see.
    Withheld,
    /// The agent doesn't work on it.
    Absent,
}

/// What came of taking the wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Taking {
    /// The run's own commands are refused from now on, until the challenge is closed.
    Held,
    /// The run doesn't wait for this any more, or has no page.
    Refused,
}

/// Who is asked where a page shows during a sign-in that the script doesn't know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum UnknownPages {
    /// Nobody: the run fails.
    #[default]
    Fail,
    /// Whoever looks at the run at that moment.
    IfWatched,
    /// A person, for as long as a challenge can be answered.
    Ask,
}

/// A new fence of the same lease. It renews the lease, too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refenced {
    /// The fence from now on; under the one before nothing is taken any more.
    pub fence: Fence,
    /// How long the lease lasts from the moment of the request.
    pub term_ms: u64,
}

/// One thing that the person at the wheel does, in pixels of the page.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Input {
    /// The pointer moves.
    Move {
        /// From the left edge.
        x: i32,
        /// From the upper edge.
        y: i32,
        /// Which buttons are down, as DOM's `buttons` counts them.
        #[serde(default)]
        buttons: u8,
        /// As the protocol of browsers counts them: Alt 1, Control 2, Meta 4, Shift 8.
        #[serde(default)]
        modifiers: u8,
    },
    /// A button goes down.
    Press {
        /// From the left edge.
        x: i32,
        /// From the upper edge.
        y: i32,
        /// Which.
        button: Button,
        /// The how manieth of quick ones.
        clicks: u8,
        /// As above.
        #[serde(default)]
        modifiers: u8,
    },
    /// A button goes up.
    Release {
        /// From the left edge.
        x: i32,
        /// From the upper edge.
        y: i32,
        /// Which.
        button: Button,
        /// The how manieth of quick ones.
        clicks: u8,
        /// As above.
        #[serde(default)]
        modifiers: u8,
    },
    /// The wheel turns.
    Wheel {
        /// From the left edge.
        x: i32,
        /// From the upper edge.
        y: i32,
        /// To the right.
        dx: i32,
        /// Down.
        dy: i32,
    },
    /// A key goes down.
    KeyDown {
        /// DOM's `key`.
        key: Typed,
        /// DOM's `code`.
        #[serde(default)]
        code: Typed,
        /// DOM's `keyCode`.
        #[serde(default)]
        key_code: u8,
        /// As above.
        #[serde(default)]
        modifiers: u8,
    },
    /// A key goes up.
    KeyUp {
        /// DOM's `key`.
        key: Typed,
        /// DOM's `code`.
        #[serde(default)]
        code: Typed,
        /// DOM's `keyCode`.
        #[serde(default)]
        key_code: u8,
        /// As above.
        #[serde(default)]
        modifiers: u8,
    },
    /// A text is put in as it is: pasted, or composed.
    Text {
        /// It.
        text: Typed,
    },
}

/// A button of a pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Button {
    /// The usual one.
    Left,
    /// The one in the middle.
    Middle,
    /// The other one.
    Right,
}

/// What was typed: it is a secret, and is wiped from memory where it ends.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(Zeroizing<String>);

impl Typed {
    /// What is in it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Typed {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for Typed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("…")
    }
}

impl fmt::Debug for Input {
    /// Neither what nor where: both tell what was typed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Input")
    }
}

impl Input {
    /// Whether it is within its bounds, and a key is one that a page is for: letters and signs, and those by which one
    /// moves about and mends what was typed. Those that are the browser's own business aren't.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        match self {
            Self::Move { .. } => true,
            Self::Press { clicks, .. } | Self::Release { clicks, .. } => (1..=3).contains(clicks),
            Self::Wheel { dx, dy, .. } => dx.abs() <= FARTHEST && dy.abs() <= FARTHEST,
            Self::KeyDown { key, code, .. } | Self::KeyUp { key, code, .. } => {
                let is_sign = key.expose().chars().count() == 1;
                (is_sign || KEYS.contains(&key.expose())) && code.expose().len() <= 32
            }
            Self::Text { text } => (1..=TEXT_AT_MOST).contains(&text.expose().chars().count()),
        }
    }

    /// The same with its place drawn into a page of so many pixels.
    #[must_use]
    pub fn clamped(mut self, width: u16, height: u16) -> Self {
        match &mut self {
            Self::Move { x, y, .. }
            | Self::Press { x, y, .. }
            | Self::Release { x, y, .. }
            | Self::Wheel { x, y, .. } => {
                *x = (*x).clamp(0, i32::from(width).saturating_sub(1).max(0));
                *y = (*y).clamp(0, i32::from(height).saturating_sub(1).max(0));
            }
            Self::KeyDown { .. } | Self::KeyUp { .. } | Self::Text { .. } => {}
        }
        self
    }
}

/// Keys that have a name in place of a sign.
const KEYS: [&str; 14] = [
    "Enter",
    "Tab",
    "Backspace",
    "Delete",
    "Escape",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "Home",
    "End",
    "PageUp",
    "PageDown",
    "Insert",
];

/// A page as it looks, as it travels: 16 bytes of the run's id, two of each of the page's sides in its own pixels, the
/// larger byte first, and the picture: a JPEG, or a PNG where a driver makes no other.
#[derive(Clone)]
pub struct Picture {
    /// The run.
    pub run_id: RunId,
    /// How wide the page is.
    pub width: u16,
    /// How high.
    pub height: u16,
    /// It.
    pub jpeg: Vec<u8>,
}

impl Picture {
    /// How much stands before what a viewer is sent: the run's id.
    pub const BEFORE_VIEWERS: usize = 16;

    /// As it travels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.jpeg.len() + 20);
        bytes.extend_from_slice(self.run_id.0.as_bytes());
        bytes.extend_from_slice(&self.width.to_be_bytes());
        bytes.extend_from_slice(&self.height.to_be_bytes());
        bytes.extend_from_slice(&self.jpeg);
        bytes
    }

    /// Which run's it is; none of what is no picture, or too large.
    #[must_use]
    pub fn run_of(bytes: &[u8]) -> Option<RunId> {
        let id = bytes.get(..16)?.try_into().ok()?;
        let is_fit = (21..=PICTURE_AT_MOST).contains(&bytes.len());
        is_fit.then(|| RunId(uuid::Uuid::from_bytes(id)))
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a picture of {} × {}", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn input(value: serde_json::Value) -> Input {
        serde_json::from_value(value).expect("an input")
    }

    #[test]
    fn nothing_of_what_was_typed_is_printed() {
        let run_id = RunId(Uuid::nil());
        for said in [
            input(json!({ "does": "text", "text": "canary-7" })),
            input(json!({ "does": "keyDown", "key": "7", "code": "Digit7", "keyCode": 55 })),
            input(json!({ "does": "press", "x": 777, "y": 7, "button": "left", "clicks": 1 })),
        ] {
            let printed = format!("{said:?} {:?}", ToAgent::Input { run_id, input: said.clone() });
            assert!(!printed.contains('7'), "{printed}");
        }
    }

    #[test]
    fn keys_are_those_that_a_page_is_for() {
        let key = |key: &str| input(json!({ "does": "keyDown", "key": key, "code": "" })).is_fit();
        assert!(["a", "ß", "漢", "Enter", "ArrowUp", " "].into_iter().all(key));
        assert!(!["F12", "F5", "BrowserBack", "Control", "", "ab"].into_iter().any(key));
    }

    #[test]
    fn what_is_put_in_at_once_is_bounded() {
        let text = |length: usize| input(json!({ "does": "text", "text": "x".repeat(length) })).is_fit();
        assert!(text(1) && text(TEXT_AT_MOST));
        assert!(!text(0) && !text(TEXT_AT_MOST + 1));
        assert!(!input(json!({ "does": "wheel", "x": 1, "y": 1, "dx": 0, "dy": 100_000 })).is_fit());
        assert!(!input(json!({ "does": "press", "x": 1, "y": 1, "button": "left", "clicks": 9 })).is_fit());
    }

    #[test]
    fn a_place_beyond_the_page_is_drawn_into_it() {
        let Input::Move { x, y, .. } = input(json!({ "does": "move", "x": -5, "y": 9_000 })).clamped(1280, 1024) else {
            unreachable!("a move stays one")
        };
        assert_eq!((x, y), (0, 1023));
    }

    #[test]
    fn an_unknown_message_is_passed_over() {
        let said: ToAgent = serde_json::from_value(json!({ "say": "dance", "runId": Uuid::nil() })).expect("a message");
        assert!(matches!(said, ToAgent::Unknown));
    }

    #[test]
    fn a_picture_travels_with_its_run() {
        let picture = Picture { run_id: RunId(Uuid::from_u128(7)), width: 1280, height: 720, jpeg: vec![1, 2, 3] };
        let bytes = picture.to_bytes();
        assert_eq!(Picture::run_of(&bytes), Some(picture.run_id));
        assert_eq!(&bytes[Picture::BEFORE_VIEWERS..], &[5, 0, 2, 208, 1, 2, 3]);
        assert_eq!(Picture::run_of(&bytes[..20]), None);
        assert_eq!(Picture::run_of(&vec![0; PICTURE_AT_MOST + 1]), None);
    }
}
