//! What an agent says of effects at a bank before and after they happen, and what is set by them.
//!
//! Not here: which effects there are (`domain::run`).

use domain::fence::Fence;
use domain::id::{IntentId, RunId};
use domain::password_rules::PasswordRules;
use domain::run::{Effect, EffectOutcome};
use serde::{Deserialize, Serialize};

use crate::lease::Proof;
use crate::sealed::SealedBox;

/// Says that an effect is about to happen. It may happen once the call returns; the
/// same again, while it is unsettled, returns the same intent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclareIntent {
    /// Under which lease.
    pub proof: Proof,
    /// What is about to happen.
    pub effect: Effect,
    /// What is to be set by it, which is kept together with the intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub making: Option<Making>,
}

/// What is to be set at the bank.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Making {
    /// Another password, to be made by these rules.
    Password {
        /// What the bank wants of it.
        rules: PasswordRules,
    },
    /// An authenticator with the secret that the bank shows.
    Authenticator {
        /// Sealed to the key of the lease's [`keeper`](crate::lease::Lease::keeper) for [`secret_context`].
        secret: SealedBox,
    },
    /// Answers to questions, to be made.
    Answers {
        /// In the bank's words.
        questions: Vec<String>,
    },
}

/// The intent is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeclaredIntent {
    /// Its id.
    pub intent_id: IntentId,
    /// What is to be typed: a list of texts as JSON, sealed to the agent's key for [`made_context`]. None where nothing
    /// was to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<SealedBox>,
}

/// Says what became of every open intent of the run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SettleIntents {
    /// Under which lease.
    pub proof: Proof,
    /// What a look at the portal showed.
    pub outcome: EffectOutcome,
}

/// What the box with an authenticator's secret is sealed for.
#[must_use]
pub fn secret_context(run_id: RunId, fence: Fence) -> String {
    format!("authenticator's secret {run_id} {fence}")
}

/// What the box with what was made for an intent is sealed for.
#[must_use]
pub fn made_context(intent_id: IntentId, fence: Fence) -> String {
    format!("made {intent_id} {fence}")
}
