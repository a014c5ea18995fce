//! The lease protocol, one pair of types a call, in the order of a run's life.
//!
//! Every call about a run carries a [`Proof`]: who holds the lease, and under
//! which fence. A proof that is no longer good is answered with status 409 and the
//! code [`LEASE_LOST`]; the agent then stops sending commands to the browser.
//!
//! What an agent sends is refused if it holds an unknown field; what it is answered may
//! hold more than it knows, so that coordinators can be brought up to date first.
//!
//! | call | says |
//! |---|---|
//! | `POST /agent/v1/leases` | [`Acquire`] → [`Lease`], or 204 after `waitMs` |
//! | `POST /agent/v1/leases/{runId}/renew` | [`Renew`] → [`Renewed`] |
//! | `POST /agent/v1/leases/{runId}/intents` | [`DeclareIntent`](crate::intent::DeclareIntent) → [`DeclaredIntent`](crate::intent::DeclaredIntent) |
//! | `POST /agent/v1/leases/{runId}/intents/settle` | [`SettleIntents`](crate::intent::SettleIntents) → 204 |
//! | `POST /agent/v1/leases/{runId}/challenges` | [`OpenChallenge`] → [`OpenedChallenge`] |
//! | `POST /agent/v1/leases/{runId}/challenges/{id}/wait` | [`AwaitAnswer`] → [`AnswerState`] |
//! | `POST /agent/v1/leases/{runId}/challenges/{id}/settle` | [`SettleChallenge`] → 204 |
//! | `POST /agent/v1/leases/{runId}/complete` | [`Complete`] → 204 |
//! | `POST /agent/v1/leases/{runId}/fail` | [`Fail`] → 204 |
//! | `POST /agent/v1/leases/{runId}/release` | [`Proof`] → 204 |
//! | `POST /agent/v1/leave` | [`Leave`] → 204 |

use std::num::NonZeroU32;

use domain::account::ObservedAccount;
use domain::challenge::Question;
use domain::driver::Drivers;
use domain::failure::Failure;
use domain::fence::Fence;
use domain::id::{AgentId, ChallengeId, ConnectionId, IntentId, RunId};
use domain::institution::CredentialName;
use domain::limits::Limits;
use domain::permissions::Permissions;
use domain::run::{Effect, Reading, RunKind};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::live::UnknownPages;
pub use crate::report::{Evidence, RunStep, STEPS_LIMIT, WayCount};
use crate::report::{KnownDigest, SeenPage};
use crate::sealed::{PublicKey, SealedBox};
use crate::shadow::ShadowReading;

/// The code of the answer to a proof that is no longer good.
pub const LEASE_LOST: &str = "lease_lost";

/// The code of the answer to an intent that the lockout budget forbids.
pub const BUDGET_SPENT: &str = "budget_spent";

/// The code of the answer to an intent after too many that the bank never answered.
pub const DOUBT_SPENT: &str = "doubt_spent";

/// The code of the answer to an intent while an older one is unsettled.
pub const INTENT_OPEN: &str = "intent_open";

/// Who holds a lease, and under which fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proof {
    /// The agent that the lease was given to.
    pub agent_id: AgentId,
    /// The fence that it was given under.
    pub fence: Fence,
}

/// Asks for a run to work on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acquire {
    /// Made by the agent when it started.
    pub agent_id: AgentId,
    /// A name for people, such as a host's.
    pub agent_name: String,
    /// What secrets for this agent are sealed to.
    pub public_key: PublicKey,
    /// How long the coordinator may hold the request open, at most 30,000.
    pub wait_ms: u64,
    /// What the agent says of its seats; one from before there were any says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<Seats>,
}

/// Says that an agent has ended, so that nobody counts on it for as long as one that is
/// silent. It holds no lease any more.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Leave {
    /// The agent.
    pub agent_id: AgentId,
}

/// What an agent says of its seats, so that operators and autoscalers can see the fleet.
/// It is for looking at: nothing depends on it, and who gets a lease least of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Seats {
    /// How many runs it works on at once; it may change while the agent runs.
    pub total: u32,
    /// How many it works on now. For a moment it may be more than the total: a run that
    /// was parked goes on at once when its answer comes.
    pub busy: u32,
    /// How many of its runs wait for a person. They take memory and no seat.
    pub parked: u32,
    /// With so many parked it asks for no further lease.
    pub parked_limit: u32,
    /// Whether it asks for leases at all.
    pub state: AgentState,
}

/// Whether an agent goes on asking for leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgentState {
    /// It asks for a lease whenever it has a free seat.
    Ready,
    /// It asks for none any more, and ends when its runs have.
    Draining,
}

/// The exclusive, expiring right to work on one connection, and all that is
/// needed for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The run that is leased.
    pub run_id: RunId,
    /// What it is for.
    pub kind: RunKind,
    /// The connection that it is about.
    pub connection_id: ConnectionId,
    /// The bank.
    pub institution_id: String,
    /// The fence of this lease.
    pub fence: Fence,
    /// How long it lasts from the moment of the request, unless renewed.
    pub term_ms: u64,
    /// How long before its end the agent must stop by itself.
    pub margin_ms: u64,
    /// How often the run has been tried, this time included.
    pub attempt: u32,
    /// Effects that an earlier holder declared and that nobody settled. The agent
    /// looks at the portal and settles them before it declares another.
    pub open_intents: Vec<OpenIntent>,
    /// Where the portal is.
    pub portal_url: Url,
    /// Which hosts beyond the script's may be reached: loopback in development.
    pub allow_loopback: AllowLoopback,
    /// How the portal is driven.
    pub script: ScriptRevision,
    /// [`Credentials`] as JSON, sealed to the agent's key for [`credentials_context`].
    pub credentials: SealedBox,
    /// How long a person has to answer a challenge.
    pub challenge_term_ms: u64,
    /// How many steps the agent's sessions at the bank do together in a minute.
    #[serde(default = "usual_steps")]
    pub steps_per_minute: NonZeroU32,
    /// From which day on, on the bank's calendar, transactions are to be read; none for whole
    /// lists. A backfill's goes further back than the one before it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// By which drivers the portal may be driven, the one that is wanted most first.
    #[serde(default)]
    pub drivers: Drivers,
    /// Of the runs that are read without the browser that signed in, one in so many is read in it,
    /// too, and compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_one_in: Option<NonZeroU32>,
    /// Who is asked where a page shows during the sign-in that the script doesn't know.
    #[serde(default)]
    pub unknown_pages: UnknownPages,
    /// What secrets that a bank hands out are sealed to; none of a coordinator that keeps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<PublicKey>,
    /// What reads beside it, in the same session; nothing of that is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ScriptRevision>,
    /// The pages of the portal as they showed last: of one that shows so again, nothing but that is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_pages: Vec<KnownDigest>,
}

fn usual_steps() -> NonZeroU32 {
    Limits::STEPS_PER_MINUTE
}

/// Whether a portal may be on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AllowLoopback {
    /// Development: simulated portals.
    Yes,
    /// Portals on loopback and private addresses are refused.
    No,
}

/// A script as text, named by its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScriptRevision {
    /// The first 12 hexadecimal digits of the text's SHA-256.
    pub revision: String,
    /// The text.
    pub source: String,
}

/// What the box in a lease holds.
pub type Credentials = std::collections::BTreeMap<CredentialName, domain::secret::Secret>;

/// What the box with a lease's credentials is sealed for.
#[must_use]
pub fn credentials_context(run_id: RunId, fence: Fence) -> String {
    format!("credentials {run_id} {fence}")
}

/// What the box with a challenge's answer is sealed for.
#[must_use]
pub fn answer_context(challenge_id: ChallengeId, fence: Fence) -> String {
    format!("answer {challenge_id} {fence}")
}

/// An effect that was declared and not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenIntent {
    /// The intent.
    pub intent_id: IntentId,
    /// What was to be done.
    pub effect: Effect,
}

/// Says that the holder of a lease is still there: a [`Proof`], and with it what the
/// agent says of its seats. Without seats it is the same JSON as the proof alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renew {
    /// The agent that the lease was given to.
    pub agent_id: AgentId,
    /// The fence that it was given under.
    pub fence: Fence,
    /// What the agent says of its seats; one from before there were any says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<Seats>,
}

impl Renew {
    /// Renews the lease that `proof` is of.
    #[must_use]
    pub fn new(proof: Proof, seats: Option<Seats>) -> Self {
        Self { agent_id: proof.agent_id, fence: proof.fence, seats }
    }

    /// Who holds the lease, and under which fence.
    #[must_use]
    pub fn proof(&self) -> Proof {
        Proof { agent_id: self.agent_id, fence: self.fence }
    }
}

/// The lease goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Renewed {
    /// How long it lasts from the moment of the request.
    pub term_ms: u64,
    /// What the holder should do.
    pub advice: Advice,
}

/// What a coordinator asks of the holder of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Advice {
    /// Go on.
    GoOn,
    /// The connection was revoked: stop and release.
    Cancel,
}

/// The bank asks something. The same again, while it is open, returns the same
/// challenge.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenChallenge {
    /// Under which lease.
    pub proof: Proof,
    /// What it asks.
    pub question: Question,
    /// The challenge that this goes on with, after the bank sent a new code for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<ChallengeId>,
}

/// The challenge can be answered now.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenedChallenge {
    /// Its id.
    pub challenge_id: ChallengeId,
    /// How long it can be answered.
    pub expires_in_ms: u64,
}

/// Waits for an answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AwaitAnswer {
    /// Under which lease.
    pub proof: Proof,
    /// How long the coordinator may hold the request open, at most 30,000.
    pub wait_ms: u64,
    /// How many new codes the agent has set about having sent for this challenge. As long as more were asked
    /// for, the answer is [`AnswerState::Resend`]; so one that is lost on its way is told again, and none twice.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resends_done: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Where a challenge stands for the run that asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AnswerState {
    /// Nobody has answered yet: ask again.
    Open,
    /// Somebody wants the bank to send a new code: have it sent, and go on with the same challenge.
    Resend,
    /// Sealed to the agent's key for [`answer_context`].
    Answered {
        /// The answer.
        answer: SealedBox,
    },
    /// A person had the wheel and handed it back: the page may be another by now. The agent asks for a new fence
    /// ([`Refenced`](crate::live::Refenced)) before it goes on.
    HandedBack,
    /// Nobody answered in time.
    Expired,
    /// The challenge was closed; the run has to end.
    Cancelled,
}

/// What the portal made of an answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleChallenge {
    /// Under which lease.
    pub proof: Proof,
    /// What it made of it.
    pub verdict: Verdict,
}

/// What a portal makes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// It went on.
    Accepted,
    /// It refused it.
    Rejected,
}

/// Hands in what was read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Complete {
    /// Under which lease.
    pub proof: Proof,
    /// Every account with its transactions.
    pub accounts: Vec<ObservedAccount>,
    /// By what they were read.
    #[serde(default)]
    pub reading: Reading,
    /// How long it took to read them, in milliseconds.
    #[serde(default)]
    pub reading_ms: u64,
    /// What the portal says its user may do, where it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Permissions>,
    /// How the ways to find things fared, of those that have several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<WayCount>,
    /// What it did on its way, [`STEPS_LIMIT`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RunStep>,
    /// What came of the revision that read beside, where the lease has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowReading>,
    /// How the pages are built that it saw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<SeenPage>,
}

/// Says why nothing could be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fail {
    /// Under which lease.
    pub proof: Proof,
    /// What happened.
    pub failure: Failure,
    /// The page that was showing.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// How the ways to find things fared by then, of those that have several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<WayCount>,
    /// What it did by then, [`STEPS_LIMIT`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RunStep>,
    /// The page that it is about, as the script calls it; none where the script knows none like it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// How the pages are built that it saw by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<SeenPage>,
    /// What came of the revision that read beside, where it read all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<ShadowReading>,
}

#[cfg(test)]
mod tests {
    use domain::fence::Fence;
    use domain::id::AgentId;
    use serde_json::json;
    use uuid::Uuid;

    use super::{Acquire, AgentState, Proof, Renew, Seats};

    const SEATS: Seats = Seats { total: 4, busy: 2, parked: 1, parked_limit: 9, state: AgentState::Draining };

    fn proof() -> Proof {
        Proof { agent_id: AgentId(Uuid::nil()), fence: Fence { generation: 3, counter: 7 } }
    }

    #[test]
    fn an_older_agent_renews_by_its_proof_alone() {
        let older = serde_json::to_value(proof()).expect("json");
        let renew: Renew = serde_json::from_value(older.clone()).expect("a renewal");
        assert_eq!(renew, Renew::new(proof(), None));
        assert_eq!(renew.proof(), proof());
        assert_eq!(serde_json::to_value(renew).expect("json"), older);
    }

    #[test]
    fn seats_are_told_beside_the_proof() {
        let told = serde_json::to_value(Renew::new(proof(), Some(SEATS))).expect("json");
        let expected = json!({ "total": 4, "busy": 2, "parked": 1, "parkedLimit": 9, "state": "draining" });
        assert_eq!(told["seats"], expected);
        assert_eq!(told["agentId"], Uuid::nil().to_string());
        assert_eq!(serde_json::from_value::<Renew>(told).expect("a renewal").seats, Some(SEATS));
    }

    #[test]
    fn an_older_agent_asks_for_a_lease_without_a_word_of_its_seats() {
        let key = crate::sealed::PrivateKey::generate();
        let older = json!({ "agentId": Uuid::nil(), "agentName": "a", "publicKey": key.public(), "waitMs": 1 });
        let acquire: Acquire = serde_json::from_value(older.clone()).expect("a request");
        assert_eq!(acquire.seats, None);
        assert_eq!(serde_json::to_value(acquire).expect("json"), older);
    }
}
