//! Somebody who looks at a run as it goes on, over a socket of their own, and perhaps holds its wheel.
//!
//! Pictures go out as they come, the newest alone, and no more than two that weren't drawn yet. What stands beside them is
//! one message in words, sent whenever it differs. It all ends with the session and with the run; the wheel goes with the
//! role, too, and with the organization that somebody reaches no more.
//!
//! What is done at the wheel is passed on and kept nowhere: it is in no log, no trace and no entry of the audit trail.
//!
//! Not here: the page (`pages::live`), and whose the wheel is (`fleet::takeover`).

mod elsewhere;
mod told;

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use domain::audit::Action;
use domain::challenge::ChallengeState;
use domain::id::{AgentId, RunId};
use domain::role::Role;
use protocol::live::{Input, MESSAGE_AT_MOST};
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use self::elsewhere::Place;
use self::told::Told;
use super::Console;
use super::door::{Visitor, actor, is_own_socket, token};
use super::refusal::Refusal;
use crate::clock;
use crate::fleet::live::{Looking, TooMany};
use crate::fleet::{NotTaken, Presence, SignedIn};
use crate::store::{Act, Challenge, Over, Refused, RunRecord, acting};

/// How often it is looked how the run stands; what changes at once is told at once.
const LOOK: Duration = Duration::from_secs(1);
/// How often it is looked whether the session goes on.
const DOOR: Duration = Duration::from_secs(1);
/// How many pictures may be on their way that weren't drawn yet.
const UNDRAWN: u8 = 2;
/// After so long a picture counts as drawn that nobody spoke of.
const DRAWN: Duration = Duration::from_secs(3);
/// How much a page may say in a second; nobody is as quick. What is more is lost, and far more ends the socket.
const SAYS: (u32, u32) = (300, 1_200);
/// As how much it counts to ask for the wheel, which the store hears of.
const ASKS: u32 = 30;
/// How long a word stays on what was just asked for.
const SAID: Duration = Duration::from_secs(6);
/// How long a browser has to take a message.
const TAKEN: Duration = Duration::from_secs(10);

/// What a page asks.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
enum Asked {
    /// For the wheel.
    Take,
    /// For the wheel, though somebody holds it.
    TakeOver,
    /// To be without it.
    HandBack,
    /// For nothing: a picture was drawn.
    Drawn,
    /// That something be done to the bank's page.
    Input { input: Input },
}

/// Why a socket is closed. The page tells the reason, and doesn't ask again but where the session has ended.
#[derive(Clone, Copy)]
enum Closed {
    SignedOut,
    Gone,
    /// The agent's line is at another coordinator by now; asking again leads there.
    Moved,
    Over,
    /// Too many look, with too many pages, or one says too much.
    Full,
    Pages,
    Loud,
}

impl Closed {
    /// As a frame says it; a browser takes 123 bytes of reason.
    fn frame(self) -> CloseFrame {
        let (code, reason) = match self {
            Self::SignedOut => (4401, "You are signed out."),
            Self::Gone => (4404, "This run can't be shown to you any more."),
            Self::Moved => (4307, "The agent is reached by another way now."),
            Self::Over => (4410, "The run has ended. Its page says how."),
            Self::Full => (4429, "Too many people look already. Open the live view again later."),
            Self::Pages => (4429, "You have too many live views open. Close one and open this again."),
            Self::Loud => (4429, "This page said too much at once. Open the live view again."),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

struct Viewer {
    console: Console,
    token: String,
    signed_in: SignedIn,
    run: RunRecord,
    place: Place,
    /// What this page is called while it holds the wheel.
    seat: Uuid,
    looking: Option<Looking>,
    /// What the run waits for.
    waits: Option<Challenge>,
    /// A word on what was just asked for.
    said: Option<(&'static str, Instant)>,
    told: Option<Told>,
    undrawn: u8,
    sent_at: Instant,
    /// How much this page said in this second.
    says: u32,
    presence: Presence,
    kept_at: Instant,
}

pub(super) use elsewhere::open as open_from_elsewhere;

/// Opens the socket.
pub(super) async fn open(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(run): Path<String>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Refusal> {
    if !is_own_socket(&headers, &console.fleet.config.public_url()) {
        return Err(Refusal::foreign_socket());
    }
    let run = RunId(Uuid::parse_str(&run).map_err(|_| Refusal::not_found())?);
    let run = console.fleet.store.run(visitor.reach(), run).await?;
    let token = token(&headers).unwrap_or_default();
    let upgrade = upgrade.max_message_size(MESSAGE_AT_MOST).max_frame_size(MESSAGE_AT_MOST);
    let mut place = Place::Here { unreached: None };
    if let Some(there) = elsewhere::of(&console, &run).await {
        match elsewhere::reach(&console, &there, run.id, &token).await {
            Some(peer) => return Ok(upgrade.on_upgrade(|socket| elsewhere::pass_on(socket, peer))),
            None => place = Place::Here { unreached: Some(there) },
        }
    }
    Ok(serve(console, token, visitor.signed_in, run, place, upgrade))
}

fn serve(
    console: Console,
    token: String,
    signed_in: SignedIn,
    run: RunRecord,
    place: Place,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade.on_upgrade(|socket| async move {
        let by = actor(&signed_in);
        acting(by, Viewer::new(console, token, signed_in, run, place).serve(socket)).await;
    })
}

impl Viewer {
    fn new(console: Console, token: String, signed_in: SignedIn, run: RunRecord, place: Place) -> Self {
        let now = Instant::now();
        Self {
            console,
            token,
            signed_in,
            run,
            place,
            seat: Uuid::new_v4(),
            looking: None,
            waits: None,
            said: None,
            told: None,
            undrawn: 0,
            sent_at: now,
            says: 0,
            presence: Presence::ByItself,
            kept_at: now,
        }
    }

    async fn serve(mut self, mut socket: WebSocket) {
        let closed = self.watch(&mut socket).await;
        self.console.fleet.live.leave(self.run.id, self.seat);
        // Whoever may look no more has no wheel; of whoever just vanished it is kept for a while.
        if let (Some(_), Some(challenge)) = (closed.filter(|closed| !matches!(closed, Closed::Moved)), self.held()) {
            self.give_back(&challenge).await;
        }
        if let Some(closed) = closed {
            let _ = timeout(TAKEN, socket.send(Message::Close(Some(closed.frame())))).await;
        }
    }

    /// Until the socket, the session or the run's being there ends; why, if not by the page.
    async fn watch(&mut self, socket: &mut WebSocket) -> Option<Closed> {
        if let Err(closed) = self.look() {
            return Some(closed);
        }
        self.note().await;
        let (mut looks, mut doors) = (interval(LOOK), interval(DOOR));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        doors.set_missed_tick_behavior(MissedTickBehavior::Delay);
        doors.reset();
        loop {
            let fleet = std::sync::Arc::clone(&self.console.fleet);
            let answered = fleet.answered.notified();
            let may_draw = self.undrawn < UNDRAWN || self.sent_at.elapsed() > DRAWN;
            let changed = news(self.looking.as_mut(), may_draw);
            tokio::select! {
                biased;
                // First what comes at its time, so that nothing that a page says keeps the door shut or open.
                _ = doors.tick() => if let Some(closed) = self.door().await { return Some(closed) },
                _ = looks.tick() => {
                    self.says = 0;
                    if let Some(closed) = self.again().await { return Some(closed) }
                }
                () = answered => self.reload().await?,
                heard = socket.recv() => {
                    let heard = heard?.ok()?;
                    if let Some(closed) = self.heard(heard).await { return Some(closed) }
                }
                news = changed => match news {
                    News::Picture(picture) => {
                        self.undrawn = if self.undrawn < UNDRAWN { self.undrawn + 1 } else { 1 };
                        self.sent_at = Instant::now();
                        send(socket, Message::binary(picture.to_vec())).await?;
                        continue;
                    }
                    News::Stands => {}
                },
            }
            self.tell(socket).await?;
            if self.run.finished_at.is_some() {
                return Some(Closed::Over);
            }
        }
    }

    /// Looks at the run where its agent is.
    fn look(&mut self) -> Result<(), Closed> {
        let is_open = self.run.finished_at.is_none() && self.run.started_at.is_some();
        let agent = self.run.agent_id.filter(|_| is_open);
        // This page's look at the agent before isn't one more of them.
        self.looking = None;
        self.looking = match agent {
            Some(agent) => Some(self.look_at(agent)?),
            None => None,
        };
        Ok(())
    }

    fn look_at(&self, agent: AgentId) -> Result<Looking, Closed> {
        let fleet = &self.console.fleet;
        let looking = fleet.live.look(self.run.id, agent, self.signed_in.user.id, fleet.config.console.live_views);
        looking.map_err(|too_many| match too_many {
            TooMany::People => Closed::Full,
            TooMany::Pages => Closed::Pages,
        })
    }

    /// Writes down that somebody looks.
    async fn note(&self) {
        let act = Act::new(Action::RunWatched).of(self.run.organization_id).on(self.run.connection_id);
        if let Err(error) = self.console.fleet.store.note_act(act.to(self.run.id), clock::now()).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "that somebody looks at a run isn't in the audit trail"
            );
        }
    }

    /// Looks how the run stands, and keeps the wheel if this page has it.
    async fn again(&mut self) -> Option<Closed> {
        let before = (self.run.agent_id, self.run.started_at);
        if self.reload().await.is_none() {
            return Some(Closed::Gone);
        }
        let is_otherwise = (self.run.agent_id, self.run.started_at) != before || self.run.finished_at.is_some();
        if is_otherwise && let Err(closed) = self.look() {
            return Some(closed);
        }
        if self.has_moved().await {
            return Some(Closed::Moved);
        }
        if let Some(challenge) = self.held()
            && self.kept_at.elapsed() > self.console.fleet.config.console.wheel_kept / 6
        {
            self.kept_at = Instant::now();
            let _ = self.console.fleet.keep_wheel(challenge.id, self.seat).await;
        }
        None
    }

    /// Reads the run and what it waits for; none if it isn't this visitor's to see any more.
    async fn reload(&mut self) -> Option<()> {
        let store = &self.console.fleet.store;
        match store.run(&self.signed_in.reach, self.run.id).await {
            Ok(run) => self.run = run,
            Err(Refused::NotFound) => return None,
            // Nobody is shown out because the store is away.
            Err(_) => return Some(()),
        }
        if let Ok(asked) = store.challenges_of_run(self.run.id).await {
            self.waits = asked.into_iter().find(|one| one.state == ChallengeState::Open);
        }
        Some(())
    }

    /// Whether the session goes on, and what its user may do by now.
    async fn door(&mut self) -> Option<Closed> {
        let presence = std::mem::replace(&mut self.presence, Presence::ByItself);
        match self.console.fleet.signed_in(&self.token, presence).await {
            Ok(Some(signed_in)) => self.signed_in = signed_in,
            Ok(None) => return Some(Closed::SignedOut),
            Err(_) => return None,
        }
        if !self.signed_in.reach.has(self.run.organization_id) {
            return Some(Closed::Gone);
        }
        if let Some(challenge) = self.held().filter(|_| !self.may(Role::Operator)) {
            self.give_back(&challenge).await;
        }
        None
    }

    fn may(&self, role: Role) -> bool {
        self.signed_in.user.role >= role
    }

    /// The challenge during which this page holds the wheel.
    fn held(&self) -> Option<Challenge> {
        self.waits.clone().filter(|challenge| challenge.wheel.as_ref().is_some_and(|wheel| wheel.seat == self.seat))
    }

    /// Hands the wheel of this page back. What it says is passed on no more, whatever the store answers: if that is away,
    /// nobody is heard of at this page from now on.
    async fn give_back(&mut self, challenge: &Challenge) {
        self.console.fleet.live.leave(self.run.id, self.seat);
        if self.console.fleet.hand_back(challenge.id, self.seat).await.is_err() {
            self.says_for_a_while("That didn't work just now; try again.");
        }
        self.reload().await;
    }

    fn says_for_a_while(&mut self, said: &'static str) {
        self.said = Some((said, Instant::now() + SAID));
    }

    /// Something came from the page; why it is heard no more, if it isn't.
    async fn heard(&mut self, heard: Message) -> Option<Closed> {
        self.says += 1;
        let Message::Text(text) = heard else { return (self.says > SAYS.1).then_some(Closed::Loud) };
        let asked = serde_json::from_str(&text);
        if let Ok(Asked::Take | Asked::TakeOver | Asked::HandBack) = asked {
            self.says += ASKS;
        }
        if self.says > SAYS.1 {
            return Some(Closed::Loud);
        }
        match asked {
            Ok(Asked::Drawn) if self.says > SAYS.0 => {}
            Ok(_) if self.says > SAYS.0 => {
                self.says_for_a_while("That was too much at once: some of what you did was lost.");
            }
            Ok(asked) => self.asked(asked).await,
            Err(_) => self.says_for_a_while("The page said something that isn't understood here: it was lost."),
        }
        None
    }

    async fn asked(&mut self, asked: Asked) {
        match asked {
            Asked::Drawn => self.undrawn = self.undrawn.saturating_sub(1),
            Asked::Take => self.take(Over::Oneself).await,
            Asked::TakeOver if self.may(Role::Administrator) => self.take(Over::Anybody).await,
            Asked::TakeOver => self.says_for_a_while("Only administrators take the wheel from somebody."),
            Asked::HandBack => {
                self.said = None;
                self.reload().await;
                if let Some(challenge) = self.held() {
                    self.give_back(&challenge).await;
                }
            }
            Asked::Input { input } => {
                self.presence = Presence::Active;
                if !self.may(Role::Operator) || self.held().is_none() {
                    self.says_for_a_while("You don't hold the wheel: what you did didn't reach the page.");
                } else if !input.is_fit() {
                    self.says_for_a_while("That can't be put in here: it didn't reach the page.");
                } else if !self.console.fleet.live.input(self.run.id, self.seat, input) {
                    self.says_for_a_while("There is no line to the agent: what you did didn't reach the page.");
                }
            }
        }
    }

    async fn take(&mut self, over: Over) {
        self.presence = Presence::Active;
        if !self.may(Role::Operator) {
            self.says_for_a_while("Your role looks on; operators can take the wheel.");
            return;
        }
        self.reload().await;
        let Some(challenge) = self.waits.clone() else { return };
        let (fleet, user) = (&self.console.fleet, &self.signed_in.user);
        let taken = fleet.take_wheel(self.run.id, challenge.id, user, self.seat, over).await;
        let said = match taken {
            Ok(()) => None,
            Err(NotTaken::Refused(Refused::WheelHeld { .. }) | NotTaken::Overtaken) => {
                Some("Somebody else was quicker.")
            }
            Err(NotTaken::Closed) => Some("The question is closed: the run goes on without you."),
            Err(NotTaken::Refused(Refused::Store(_))) => Some("That didn't work just now; try again."),
            Err(NotTaken::Refused(_)) => Some("The run doesn't wait for this any more."),
            Err(NotTaken::NoLine) => Some("There is no line to the agent just now: nobody was asked for the wheel."),
            Err(NotTaken::NotGiven) => Some("The run went on, or has no page: its agent doesn't give the wheel."),
            Err(NotTaken::Unanswered) => Some("The agent didn't answer: you don't have the wheel."),
        };
        self.said = said.map(|said| (said, Instant::now() + SAID));
        self.kept_at = Instant::now();
        self.reload().await;
    }

    async fn tell(&mut self, socket: &mut WebSocket) -> Option<()> {
        let told = self.now();
        if self.told.as_ref() == Some(&told) {
            return Some(());
        }
        let text = serde_json::to_string(&told).ok()?;
        self.told = Some(told);
        send(socket, Message::text(text)).await
    }
}

/// What is new.
enum News {
    Picture(std::sync::Arc<[u8]>),
    Stands,
}

/// Waits for the next picture, if one may be sent, or for how the run stands.
async fn news(looking: Option<&mut Looking>, may_draw: bool) -> News {
    let Some(looking) = looking else { return std::future::pending().await };
    loop {
        tokio::select! {
            biased;
            // First what is to be seen, and then it.
            changed = looking.stands.changed() => match changed {
                Ok(()) => return News::Stands,
                Err(_) => return std::future::pending().await,
            },
            changed = looking.picture.changed(), if may_draw => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                if let Some(picture) = looking.picture.borrow_and_update().clone() {
                    return News::Picture(picture);
                }
            }
        }
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> Option<()> {
    timeout(TAKEN, socket.send(message)).await.ok()?.ok()
}
