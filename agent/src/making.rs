//! What is set at a bank: asked for from the coordinator, which makes and keeps it, or given to it as the page shows it.
//!
//! Not here: typing it, and what the bank makes of it ([`crate::run`]).

use domain::failure::FailureCode;
use domain::secret::Secret;
use protocol::intent::{DeclaredIntent, Making as Wanted, made_context, secret_context};
use protocol::sealed::{PrivateKey, PublicKey};
use script::command::{Making, Observation};

use crate::coordinator::{CallError, Coordinator, PersistError, persist};
use crate::gate::Gate;
use crate::holding::Holding;

/// What came of it.
pub enum Made {
    /// It is kept, and can be typed.
    Kept(Vec<Secret>),
    /// This coordinator keeps none of it.
    Unkept,
    /// What came can't be opened or read.
    Unreadable,
}

/// Has something made and kept.
///
/// # Errors
/// Why the lease ended, or what the coordinator says against it.
pub async fn make(
    coordinator: &Coordinator,
    (holding, gate): (&Holding, &Gate),
    (key, keeper): (&PrivateKey, Option<&PublicKey>),
    making: &Making,
) -> Result<Made, PersistError> {
    let (run_id, proof) = (holding.run_id, holding.proof());
    let Some(keeper) = keeper else { return Ok(Made::Unkept) };
    let effect = making.effect();
    let wanted = match making {
        Making::Password(rules) => Wanted::Password { rules: rules.clone() },
        Making::Authenticator(secret) => {
            let Ok(secret) = keeper.seal(secret, &secret_context(run_id, proof.fence)) else {
                return Ok(Made::Unreadable);
            };
            Wanted::Authenticator { secret }
        }
        Making::Answers(questions) => Wanted::Answers { questions: questions.clone() },
    };
    let declared = persist(gate, || coordinator.declare_setting(run_id, proof, effect, wanted.clone())).await?;
    let DeclaredIntent { intent_id, made } = declared;
    let opened = made.and_then(|made| key.open(&made, &made_context(intent_id, proof.fence)).ok());
    let texts = opened.and_then(|text| serde_json::from_str(text.expose()).ok());
    Ok(texts.map_or(Made::Unreadable, Made::Kept))
}

/// What the runner is told where the coordinator says no to a thing that is the bank's page's, and not ours.
#[must_use]
pub fn unfit(error: &PersistError) -> Option<Observation> {
    match error {
        PersistError::Call(CallError::Refused { status: 422, .. }) => {
            Some(Observation::Refused(FailureCode::PortalActionProfile))
        }
        _ => None,
    }
}
