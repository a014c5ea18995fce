//! The agent's side of the lease protocol: one function a call, over HTTP.
//!
//! Not here: when a call is made, or made again ([`persist`]).

mod line;
mod persist;

use std::time::Duration;

use domain::challenge::Question;
use domain::id::{AgentId, ChallengeId, RunId};
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;
use protocol::intent::{DeclareIntent, DeclaredIntent, Making, SettleIntents};
use protocol::lease::{
    Acquire, AnswerState, AwaitAnswer, BUDGET_SPENT, Complete, DOUBT_SPENT, Fail, INTENT_OPEN, LEASE_LOST, Lease,
    Leave, OpenChallenge, OpenedChallenge, Proof, Renew, Renewed, SettleChallenge, Verdict,
};
use protocol::live::Refenced;
use reqwest::{Client, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

pub use line::{LineError, LineReceiver, LineSender};
pub use persist::{PersistError, persist};

/// How long a call may take that the coordinator answers at once.
const AT_ONCE: Duration = Duration::from_secs(10);
/// How long records may take to be handed in.
const RECORDS: Duration = Duration::from_secs(60);
/// How long an agent that ends waits for somebody to hear of it.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much longer than it may be held a long poll may take.
const HELD_GRACE: Duration = Duration::from_secs(10);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const IDLE: Duration = Duration::from_secs(90);

/// The coordinator, as one agent sees it. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Coordinator {
    client: Client,
    base: Url,
    token: Secret,
}

/// Why a call wasn't answered with what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The lease is another's by now.
    #[error("the coordinator says that the lease is lost")]
    LeaseLost,
    /// The lockout budget forbids the effect.
    #[error("the lockout budget forbids another try")]
    BudgetSpent,
    /// The bank never said what it made of the last passwords.
    #[error("the bank never said what it made of the last passwords")]
    DoubtSpent,
    /// An older intent is unsettled.
    #[error("an intent is still open")]
    IntentOpen,
    /// The token isn't good.
    #[error("the coordinator refuses the agent's token")]
    Unauthorized,
    /// It is away, or busy, or something behind it is.
    #[error("the coordinator can't be reached: {0}")]
    Unreachable(String),
    /// It says no for another reason, which is a fault of ours or a version of its own.
    #[error("the coordinator refuses the call with status {status}, code {code:?}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's code, if it has one.
        code: String,
    },
}

/// What of a problem (RFC 9457) is looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    code: String,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("could not set up HTTP")]
pub struct SetUpError(#[source] reqwest::Error);

impl Coordinator {
    /// The coordinator at `base`, which knows this agent by `token`.
    ///
    /// # Errors
    /// When the system's certificates can't be read.
    pub fn new(base: Url, token: Secret) -> Result<Self, SetUpError> {
        let client = Client::builder()
            .user_agent(concat!("bursar-agent/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(SetUpError)?;
        Ok(Self { client, base, token })
    }

    /// Asks for a run to work on; none if there was none for as long as was asked.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn acquire(&self, acquire: &Acquire) -> Result<Option<Lease>, CallError> {
        let held = Duration::from_millis(acquire.wait_ms);
        self.maybe("leases", acquire, held + HELD_GRACE).await
    }

    /// Says that the holder is still there.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn renew(&self, run_id: RunId, renew: &Renew, patience: Duration) -> Result<Renewed, CallError> {
        self.call(&path(run_id, "renew"), renew, patience).await
    }

    /// Says that an effect is about to happen.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn declare(&self, run_id: RunId, proof: Proof, effect: Effect) -> Result<DeclaredIntent, CallError> {
        let message = DeclareIntent { proof, effect, making: None };
        self.call(&path(run_id, "intents"), &message, AT_ONCE).await
    }

    /// Says what is about to be set at the bank.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn declare_setting(
        &self,
        run_id: RunId,
        proof: Proof,
        effect: Effect,
        making: Making,
    ) -> Result<DeclaredIntent, CallError> {
        let message = DeclareIntent { proof, effect, making: Some(making) };
        // The code of an authenticator may be one that shows after the next.
        self.call(&path(run_id, "intents"), &message, RECORDS).await
    }

    /// Says what became of every open intent.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn settle_intents(&self, run_id: RunId, proof: Proof, outcome: EffectOutcome) -> Result<(), CallError> {
        let message = SettleIntents { proof, outcome };
        self.done(&path(run_id, "intents/settle"), &message, AT_ONCE).await
    }

    /// Asks a person, or goes on with what was asked.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn open_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        question: Question,
        continues: Option<ChallengeId>,
    ) -> Result<OpenedChallenge, CallError> {
        let message = OpenChallenge { proof, question, continues };
        self.call(&path(run_id, "challenges"), &message, AT_ONCE).await
    }

    /// Asks for a new fence after a person had the wheel.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn refence(&self, run_id: RunId, proof: Proof) -> Result<Refenced, CallError> {
        self.call(&path(run_id, "refence"), &proof, AT_ONCE).await
    }

    /// Waits for the person.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn await_answer(
        &self,
        run_id: RunId,
        challenge_id: ChallengeId,
        proof: Proof,
        held: Duration,
        resends_done: u32,
    ) -> Result<AnswerState, CallError> {
        let wait_ms = u64::try_from(held.as_millis()).unwrap_or(u64::MAX);
        let message = AwaitAnswer { proof, wait_ms, resends_done };
        let path = path(run_id, &format!("challenges/{challenge_id}/wait"));
        self.call(&path, &message, held + HELD_GRACE).await
    }

    /// Says what the portal made of the answer.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn settle_challenge(
        &self,
        run_id: RunId,
        challenge_id: ChallengeId,
        proof: Proof,
        verdict: Verdict,
    ) -> Result<(), CallError> {
        let message = SettleChallenge { proof, verdict };
        let path = path(run_id, &format!("challenges/{challenge_id}/settle"));
        self.done(&path, &message, AT_ONCE).await
    }

    /// Hands in what was read.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn complete(&self, run_id: RunId, complete: &Complete) -> Result<(), CallError> {
        self.done(&path(run_id, "complete"), complete, RECORDS).await
    }

    /// Says why nothing could be read.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn fail(&self, run_id: RunId, fail: &Fail) -> Result<(), CallError> {
        self.done(&path(run_id, "fail"), fail, RECORDS).await
    }

    /// Gives the run back untried.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn release(&self, run_id: RunId, proof: Proof) -> Result<(), CallError> {
        self.done(&path(run_id, "release"), &proof, AT_ONCE).await
    }

    /// Says that the agent has ended.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn leave(&self, agent_id: AgentId) -> Result<(), CallError> {
        self.done("leave", &Leave { agent_id }, FAREWELL).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
        patience: Duration,
    ) -> Result<T, CallError> {
        let answer = self.maybe(path, message, patience).await?;
        answer.ok_or_else(|| CallError::Refused { status: 204, code: "no_content".into() })
    }

    async fn done(&self, path: &str, message: &impl Serialize, patience: Duration) -> Result<(), CallError> {
        self.send(path, message, patience).await.map(|_| ())
    }

    async fn maybe<T: DeserializeOwned>(
        &self,
        path: &str,
        message: &impl Serialize,
        patience: Duration,
    ) -> Result<Option<T>, CallError> {
        let answer = self.send(path, message, patience).await?;
        if answer.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let body = answer.bytes().await.map_err(|error| unreachable(&error))?;
        // What doesn't fit is named by its kind alone: the body may hold secrets.
        serde_json::from_slice(&body).map(Some).map_err(|error| CallError::Refused {
            status: 200,
            code: format!("unreadable answer, {:?} error at column {}", error.classify(), error.column()),
        })
    }

    async fn send(
        &self,
        path: &str,
        message: &impl Serialize,
        patience: Duration,
    ) -> Result<reqwest::Response, CallError> {
        let url = format!("{}/agent/v1/{path}", self.base.as_str().trim_end_matches('/'));
        let request = self.client.post(url).bearer_auth(self.token.expose()).timeout(patience);
        let answer = request.json(message).send().await.map_err(|error| unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            return Err(CallError::Unreachable(format!("it answers with status {}", status.as_u16())));
        }
        let Refusal { code } = match answer.bytes().await {
            Ok(body) => serde_json::from_slice(&body).unwrap_or_default(),
            Err(error) => return Err(unreachable(&error)),
        };
        Err(match (status, code.as_str()) {
            (StatusCode::CONFLICT, LEASE_LOST) => CallError::LeaseLost,
            (StatusCode::CONFLICT, BUDGET_SPENT) => CallError::BudgetSpent,
            (StatusCode::CONFLICT, DOUBT_SPENT) => CallError::DoubtSpent,
            (StatusCode::CONFLICT, INTENT_OPEN) => CallError::IntentOpen,
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => CallError::Unauthorized,
            (status, _) => CallError::Refused { status: status.as_u16(), code },
        })
    }
}

fn path(run_id: RunId, rest: &str) -> String {
    format!("leases/{run_id}/{rest}")
}

/// Says what happened without the address, which is in the settings.
fn unreachable(error: &reqwest::Error) -> CallError {
    let what = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection ended"
    };
    CallError::Unreachable(what.into())
}
