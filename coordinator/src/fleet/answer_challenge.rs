//! A person answers what a bank asks, through the API or the command line.
//!
//! Not here: whether the answer is right; only the portal can say.

use domain::challenge::{AnswerSource, ChallengeKind, TermsAnswer};
use domain::id::{ChallengeId, ConnectionId, OrganizationId};
use domain::secret::Secret;

use super::{Error, Fleet};
use crate::clock;
use crate::sealer::Sealer;
use crate::store::{Challenge, Store};

/// The longest answer, in characters.
const LONGEST_ANSWER: usize = 200;

/// What an answer is sealed for while it waits for the agent.
pub(super) fn answer_seal_context(id: ChallengeId) -> String {
    format!("answer to challenge {id}")
}

/// Keeps an answer, sealed, for the run that waits.
///
/// # Errors
/// [`Error::Invalid`] for an answer that is empty, too long, or in other parts than the page takes; a challenge that isn't
/// open any more refuses it.
pub async fn answer_challenge(
    store: &dyn Store,
    sealer: &Sealer,
    owner: OrganizationId,
    connection: ConnectionId,
    id: ChallengeId,
    answer: Secret,
) -> Result<Challenge, Error> {
    let length = answer.expose().trim().chars().count();
    if length == 0 || length > LONGEST_ANSWER {
        let reason = format!("an answer has 1 to {LONGEST_ANSWER} characters");
        return Err(Error::Invalid { field: "/answer", reason });
    }
    let trimmed = Secret::new(answer.expose().trim().to_owned());
    let question = store.challenge(owner, connection, id).await?.question;
    if let Some(count) = question.answer_parts.filter(|_| !question.takes(&trimmed)) {
        let reason = match count {
            1 => "the bank takes one word".to_owned(),
            _ => {
                format!("the bank takes {count} parts: write them with spaces between, or as one word of {count} signs")
            }
        };
        return Err(Error::Invalid { field: "/answer", reason });
    }
    if question.kind == ChallengeKind::Terms && trimmed.expose().parse::<TermsAnswer>().is_err() {
        let reason = "terms are answered with `accept` or `decline`".into();
        return Err(Error::Invalid { field: "/answer", reason });
    }
    let sealed = sealer.seal(owner, &answer_seal_context(id), &trimmed).await?;
    Ok(store.answer_challenge(owner, connection, id, sealed, AnswerSource::Person, clock::now()).await?)
}

impl Fleet {
    /// Keeps an answer and tells the run that waits for it.
    ///
    /// # Errors
    /// As [`answer_challenge`].
    pub async fn answer_challenge(
        &self,
        owner: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
        answer: Secret,
    ) -> Result<Challenge, Error> {
        let challenge = answer_challenge(&*self.store, &self.sealer, owner, connection, id, answer).await?;
        self.answered.notify_waiters();
        Ok(challenge)
    }
}
