//! The people of the world: integrators who onboard a bank, answer what it asks, ask for syncs
//! again and again, and give credentials anew where that is what is asked of them. One of them
//! has the password wrong.
//!
//! Not here: whether the bank was asked too often; the judgement has that.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fixtures::portal::{RunningPortal, User};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use super::timeline::now_ms;
use super::world::World;
use crate::integrator::{CallError, Integrator};
use crate::patience::lasting;

/// How long a person rests between two looks, and how long one may take.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_secs(5);
/// How often somebody who has the password wrong gives it, and how long after the last time.
const ERRS_AT_MOST: usize = 3;
const ERRS_AGAIN_MS: u64 = 6_000;

/// Whether somebody knows their password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// They do.
    Right,
    /// They give another one.
    Erring,
}

/// What people are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// They ask for syncs all the time.
    Asking,
    /// They bring what is begun to its end, and see it synced once more.
    Finishing,
    /// They have gone.
    Gone,
}

/// Somebody with a connection.
#[derive(Clone)]
pub struct Person {
    /// What the oracle calls their user, and the place of the user's truth.
    pub user: String,
    pub(super) place: usize,
    /// Whether they know the password.
    pub temper: Temper,
    /// The connection.
    pub connection: String,
    pub(super) username: String,
    pub(super) password: String,
    integrator: Integrator,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// When credentials were given, in milliseconds of the Unix epoch.
    given_at_ms: Vec<u64>,
    answered: BTreeSet<String>,
    /// When the last sync was asked for.
    last_asked_ms: Option<u64>,
    is_settled: bool,
    /// The connection as it was last seen.
    seen: Value,
}

impl Person {
    pub(super) fn new(place: usize, user: &User, temper: Temper, integrator: Integrator, connection: String) -> Self {
        let password = match temper {
            Temper::Right => user.password.clone(),
            Temper::Erring => format!("Wrong-{}", uuid::Uuid::new_v4().simple()),
        };
        Self {
            user: format!("u{}", place + 1),
            place,
            temper,
            connection,
            username: user.username.clone(),
            password,
            integrator,
            notes: Arc::default(),
        }
    }

    /// The API key that they hold.
    #[must_use]
    pub fn key(&self) -> &str {
        self.integrator.key()
    }

    /// When they gave credentials.
    #[must_use]
    pub fn given_at_ms(&self) -> Vec<u64> {
        self.locked().given_at_ms.clone()
    }

    /// Whether all that they began has ended, and their connection was synced once more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.locked().is_settled
    }

    /// The connection as they saw it last.
    #[must_use]
    pub fn seen(&self) -> Value {
        self.locked().seen.clone()
    }

    /// What they may see of their connection's records: accounts and transactions.
    ///
    /// # Errors
    /// [`CallError`] for anything but success.
    pub async fn records(&self) -> Result<(Vec<Value>, Vec<Value>), CallError> {
        let of = format!("connectionId={}", self.connection);
        let accounts = self.integrator.list(&format!("/v1/accounts?{of}")).await?;
        Ok((accounts, self.integrator.list(&format!("/v1/transactions?{of}&limit=200")).await?))
    }

    async fn live(self, world: Arc<World>, moods: watch::Receiver<Mood>) {
        loop {
            let mood = *moods.borrow();
            if mood == Mood::Gone {
                return;
            }
            // A coordinator may be away for a moment; the next look tells.
            let _ = timeout(LOOK, self.look(&world.portal, mood)).await;
            lasting(BETWEEN_LOOKS).await;
        }
    }

    /// Looks at the connection once, and does what is asked of them.
    ///
    /// # Errors
    /// [`CallError`] when a call came to nothing.
    pub async fn look(&self, portal: &RunningPortal, mood: Mood) -> Result<(), CallError> {
        let shown = self.integrator.get(&self.path("")).await?;
        self.locked().seen = shown.clone();
        // What agents died of is an operator's to revive.
        let is_dead = mood == Mood::Asking && shown.to_string().contains("platform.agents_gone");
        match shown["status"].as_str().unwrap_or_default() {
            "draft" if !is_dead => self.set_up(&shown, mood).await,
            "reauthRequired" | "errored" if !is_dead => self.give_credentials().await,
            "pendingActivation" => self.answer(portal).await,
            "active" => {
                self.answer(portal).await?;
                self.sync(&shown, mood).await
            }
            _ => Ok(()),
        }
    }

    async fn set_up(&self, shown: &Value, mood: Mood) -> Result<(), CallError> {
        let given = self.given_at_ms();
        let is_fresh = shown["setup"]["lastFailure"].is_null() && !given.is_empty();
        if self.temper == Temper::Erring && !is_fresh {
            let errs_again = given.last().is_none_or(|last| last + ERRS_AGAIN_MS <= now_ms());
            let has_given_up = given.len() >= ERRS_AT_MOST || mood == Mood::Finishing;
            self.locked().is_settled = has_given_up;
            if has_given_up || !errs_again {
                return Ok(());
            }
        }
        if !is_fresh {
            self.give_credentials().await?;
        }
        self.integrator.put(&self.path("/setupCompletion"), &Value::Null).await.map(|_| ())
    }

    async fn give_credentials(&self) -> Result<(), CallError> {
        self.locked().given_at_ms.push(now_ms());
        let credentials = json!({ "bankUsername": self.username, "password": self.password });
        self.integrator.put(&self.path("/credentials"), &credentials).await.map(|_| ())
    }

    /// Answers what the bank asks with the newest text message of their own.
    async fn answer(&self, portal: &RunningPortal) -> Result<(), CallError> {
        let challenges = self.integrator.list(&self.path("/challenges")).await?;
        let is_open = |challenge: &&Value| challenge["status"] == "open";
        for challenge in challenges.iter().filter(is_open) {
            let id = challenge["id"].as_str().unwrap_or_default();
            let messages = portal.phone().messages;
            let newest = messages.iter().rev().find(|message| message.user == self.user);
            let Some(code) = newest.map(|message| message.code.as_str()) else { continue };
            if self.locked().answered.contains(id) {
                continue;
            }
            let answered = self.integrator.answer(&self.connection, challenge, code).await;
            // Whoever heard that it came too late needn't say it again; whoever heard nothing does.
            if !matches!(answered, Err(CallError::NoAnswer { .. } | CallError::Unexpected { status: 500.., .. })) {
                self.locked().answered.insert(id.to_owned());
            }
        }
        Ok(())
    }

    async fn sync(&self, shown: &Value, mood: Mood) -> Result<(), CallError> {
        let asked = self.locked().last_asked_ms;
        if let (Mood::Finishing, Some(asked)) = (mood, asked) {
            let synced = shown["lastSyncedAt"].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            let is_after = synced.is_some_and(|synced| synced.as_millisecond() >= asked.cast_signed());
            self.locked().is_settled = is_after;
            if is_after {
                return Ok(());
            }
        }
        let now = now_ms();
        let answer = self.integrator.call(Method::PUT, &self.path("/sync"), None).await?;
        if mood == Mood::Finishing && asked.is_none() && answer.status == 202 {
            self.locked().last_asked_ms = Some(now);
        }
        Ok(())
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/connections/{}{what}", self.connection)
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everybody's life, until it is said that they go.
pub struct Crowd {
    moods: watch::Sender<Mood>,
    lives: Vec<tokio::task::JoinHandle<()>>,
}

impl Crowd {
    /// Everybody of the world begins to ask.
    #[must_use]
    pub fn of(world: &Arc<World>) -> Self {
        let (moods, _) = watch::channel(Mood::Asking);
        let live = |person: &Person| tokio::spawn(person.clone().live(Arc::clone(world), moods.subscribe()));
        let lives = world.people.iter().map(live).collect();
        Self { moods, lives }
    }

    /// Tells everybody what to be at.
    pub fn tell(&self, mood: Mood) {
        self.moods.send_replace(mood);
    }

    /// Waits until everybody has gone.
    pub async fn go(self) {
        self.tell(Mood::Gone);
        for life in self.lives {
            let _ = life.await;
        }
    }
}
