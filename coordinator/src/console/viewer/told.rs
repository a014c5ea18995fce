//! What a live view's page is told beside pictures: one message in words.
//!
//! Not here: when it is told (`viewer`).

use std::time::Duration;

use domain::driver::DriverKind;
use domain::role::Role;
use jiff::SignedDuration;
use protocol::live::View;
use serde::Serialize;
use tokio::time::Instant;

use super::Viewer;
use crate::clock;
use crate::fleet::live::Stands;

/// What a page is told beside pictures.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    text: String,
    /// What the run waits for.
    asks: Option<String>,
    /// Whether pictures come.
    pictures: bool,
    /// Whether the one before isn't to be seen any more, either.
    withheld: bool,
    wheel: Held,
    /// Who holds it.
    holder: Option<String>,
    /// What this page can ask for.
    can: Vec<&'static str>,
    /// Whether nothing more comes.
    over: bool,
}

/// Who holds the wheel, seen from this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Held {
    Nobody,
    /// This page.
    Yours,
    /// Another page of the same person.
    Elsewhere,
    Anothers,
}

impl Viewer {
    /// How it all stands now.
    pub(super) fn now(&self) -> Told {
        let stands = self.looking.as_ref().map(|looking| *looking.stands.borrow());
        let over = self.run.finished_at.is_some();
        let pictures = matches!(stands, Some(Stands::Shows(View::Pictures))) && !over;
        let withheld = matches!(stands, Some(Stands::Shows(View::Withheld))) && !over;
        let waits = self.waits.as_ref().filter(|_| !over);
        let wheel = waits.and_then(|challenge| challenge.held_by(clock::now()));
        let held = match wheel {
            None => Held::Nobody,
            Some(wheel) if wheel.seat == self.seat => Held::Yours,
            Some(wheel) if wheel.user == self.signed_in.user.id => Held::Elsewhere,
            Some(_) => Held::Anothers,
        };
        let can = match held {
            Held::Yours => vec!["handBack"],
            _ if !pictures || waits.is_none() || !self.may(Role::Operator) => Vec::new(),
            Held::Nobody | Held::Elsewhere => vec!["take"],
            Held::Anothers if self.may(Role::Administrator) => vec!["takeOver"],
            Held::Anothers => Vec::new(),
        };
        let mut text = match (held, wheel) {
            _ if over || !pictures => self.without_pictures(stands).to_owned(),
            (Held::Yours, _) => {
                "You hold the wheel: what you do goes to the bank's page, and the run waits. Hand it back when \
                the page is passed."
                    .to_owned()
            }
            (Held::Elsewhere, _) => "You hold the wheel at another page of yours.".to_owned(),
            (Held::Anothers, Some(wheel)) => held_by(
                &wheel.name,
                wheel.until.duration_since(clock::now()),
                self.console.fleet.config.console.wheel_kept,
            ),
            _ if waits.is_some() => "The run waits for a person. Nobody holds the wheel.".to_owned(),
            _ => "The run is under way. The wheel can be taken while it waits for a person.".to_owned(),
        };
        if let Some((said, _)) = self.said.filter(|(_, until)| *until > Instant::now()) {
            text = format!("{said} {text}");
        }
        let asks = waits.map(|challenge| challenge.question.prompt.clone());
        Told { text, asks, pictures, withheld, wheel: held, holder: wheel.map(|wheel| wheel.name.clone()), can, over }
    }

    fn without_pictures(&self, stands: Option<Stands>) -> &'static str {
        match stands {
            _ if self.run.finished_at.is_some() => "The run has ended. Its page says how.",
            None => "The run waits for an agent.",
            Some(Stands::Asked | Stands::Shows(View::Pictures)) => "The agent was asked for a picture.",
            Some(Stands::NoLine) => {
                "There is no line to the agent that works on this: the agent is gone, or its line is at another coordinator, \
                 or is just being opened."
            }
            Some(Stands::Shows(View::NoPicture { driver: DriverKind::Http })) => {
                "This run's driver shows no picture: it reads without a browser."
            }
            Some(Stands::Shows(View::NoPicture { .. })) => "This run's driver shows no picture.",
            Some(Stands::Shows(View::LeftBrowser)) => {
                "This run shows no picture any more: it has signed in and reads on without its browser."
            }
            Some(Stands::Shows(View::Withheld)) => "The bank is being given something that nobody is to see.",
            Some(Stands::Shows(View::Absent)) => {
                "The agent doesn't work on this any more. What became of it shows in a moment."
            }
        }
    }
}

/// Who holds the wheel, and how long it is kept for them if nobody hears of them.
fn held_by(name: &str, left: SignedDuration, kept: Duration) -> String {
    let (left, kept) = (left.as_secs().max(0), i64::try_from(kept.as_secs()).unwrap_or(60));
    // A holder is heard of six times in it. It is read out, so it doesn't change with every second.
    if left < kept / 2 {
        let left = (left / 10 + 1) * 10;
        return format!("{name} holds the wheel and wasn't heard of: it goes back to the run within {left} s.");
    }
    format!("{name} holds the wheel.")
}
