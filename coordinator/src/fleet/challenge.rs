//! The bank asks something: a run opens a challenge, waits, and says what the portal
//! made of the answer.
//!
//! Not here: who may answer, and how they hear of it.

use std::time::Duration;

use domain::challenge::{AnswerSource, ChallengeKind, ChallengeState, Question, TermsAnswer};
use domain::id::{ChallengeId, ConnectionId, OrganizationId, RunId};
use domain::secret::Secret;
use jiff::{SignedDuration, Timestamp};
use protocol::lease::{AnswerState, OpenedChallenge, Proof, Verdict, answer_context};
use tokio::time::Instant;
use uuid::Uuid;

use super::acquire::milliseconds;
use super::answer_challenge::answer_seal_context;
use super::authenticator::Answering;
use super::{Error, Fleet};
use crate::clock;
use crate::config::Config;
use crate::queue::Waits;
use crate::store::{Agreed, Challenge, NewChallenge, Refused, Setting, Store};

/// The longest that a request is held open.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often to look for an answer that came through another process.
const LOOK_ANYWAY: Duration = Duration::from_millis(250);

/// The longest text of a bank that is kept with a challenge, in characters.
const LONGEST_TEXT: usize = 500;

/// Keeps that the bank is to send a new code, for the run that waits.
///
/// # Errors
/// As [`Fleet::request_resend`].
pub async fn request_resend(
    store: &dyn Store,
    config: &Config,
    owner: OrganizationId,
    connection: ConnectionId,
    id: ChallengeId,
) -> Result<Challenge, Error> {
    let (now, heard) = (clock::now(), config.inbound.media());
    let next = after(now, config.challenge.resend_every);
    let challenge = store.request_resend(owner, connection, id, &heard, next, now).await?;
    metrics::counter!("bursar_resends_total").increment(1);
    Ok(challenge)
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    now + SignedDuration::try_from(span).unwrap_or(SignedDuration::from_hours(1))
}

impl Fleet {
    /// Opens a challenge, or goes on with one after the bank sent a new code.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost), [`Error::Invalid`]
    /// for texts that are too long.
    pub async fn open_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        question: Question,
        continues: Option<ChallengeId>,
    ) -> Result<OpenedChallenge, Error> {
        let title = question.terms.as_ref().map(|terms| &terms.title);
        let texts =
            [Some(&question.prompt), question.masked_target.as_ref(), question.institution_message.as_ref(), title];
        if texts.into_iter().flatten().any(|text| text.chars().count() > LONGEST_TEXT) {
            let reason = format!("texts of a question have {LONGEST_TEXT} characters at most");
            return Err(Error::Invalid { field: "/question", reason });
        }
        let is_hash = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_of_terms = question.kind == ChallengeKind::Terms;
        if question.terms.as_ref().map(|terms| is_hash(&terms.sha256)) != is_of_terms.then_some(true) {
            let reason = "a question about terms, and no other, has a title and a SHA-256".into();
            return Err(Error::Invalid { field: "/question/terms", reason });
        }
        let (now, settings, new_id) = (clock::now(), &self.config.challenge, ChallengeId(Uuid::now_v7()));
        let continued = match continues {
            Some(id) => self.store.continue_challenge(run_id, proof, id, question.clone(), now).await?,
            None => None,
        };
        let challenge = match continued {
            Some(challenge) => challenge,
            None => {
                let new = NewChallenge {
                    id: new_id,
                    expires_at: after(now, settings.term),
                    resends_a_run: settings.resends,
                    resend_after: after(now, settings.resend_every),
                    agreed: self.agreed(run_id, proof, &question).await?,
                    heard: self.config.inbound.media(),
                    people_at: after(now, settings.people_called_after()),
                    question,
                };
                self.store.open_challenge(run_id, proof, new, now).await?
            }
        };
        self.park(run_id, proof, Waits::ForPerson).await;
        if challenge.id == new_id {
            tracing::info!(%run_id, challenge_id = %new_id, kind = %challenge.question.kind, "a bank asks something");
            metrics::counter!("bursar_challenges_total").increment(1);
        }
        let left = Duration::try_from(challenge.expires_at.duration_since(now)).unwrap_or_default();
        Ok(OpenedChallenge { challenge_id: challenge.id, expires_in_ms: milliseconds(left) })
    }

    /// Waits for an answer for as long as the agent asks, and seals it to the agent.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost).
    pub async fn await_answer(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        wait: Duration,
        resends_done: u32,
    ) -> Result<AnswerState, Error> {
        let until = Instant::now() + wait.min(LONGEST_WAIT);
        let mut authenticator = None;
        let mut is_looked_up = false;
        loop {
            let answered = self.answered.notified();
            let (challenge, sealed, agent_key) = self.store.challenge_of_run(run_id, proof, id).await?;
            if challenge.state != ChallengeState::Open {
                self.park(run_id, proof, Waits::ForNobody).await;
            }
            match (challenge.state, sealed) {
                (ChallengeState::Open, _) => {
                    if challenge.wheel.is_none() && challenge.resends > resends_done {
                        return Ok(AnswerState::Resend);
                    }
                    if challenge.wheel.is_none() && !is_looked_up {
                        is_looked_up = true;
                        if let Some((answer, source)) = self.known_answer(&challenge).await? {
                            self.answer_by_itself(&challenge, &answer, source).await?;
                            continue;
                        }
                    }
                    if challenge.wheel.is_none()
                        && self.answer_by_message(&challenge, clock::now()).await? == Answering::Done
                    {
                        continue;
                    }
                    if challenge.wheel.is_none() && authenticator.is_none() {
                        authenticator = self.authenticator_for(&challenge).await?;
                    }
                    if let Some(authenticator) = &authenticator
                        && challenge.wheel.is_none()
                        && self.answer_by(authenticator, &challenge, clock::now()).await? == Answering::Done
                    {
                        continue;
                    }
                }
                (ChallengeState::Answered, Some(sealed)) => {
                    let context = answer_seal_context(id);
                    let answer = self.sealer.open(challenge.organization_id, &context, &sealed).await?;
                    let answer = agent_key.seal(&answer, &answer_context(id, proof.fence));
                    let answer = answer.map_err(|_| crate::vault::VaultError::Unopenable)?;
                    return Ok(AnswerState::Answered { answer });
                }
                (ChallengeState::Answered, None) => return Ok(AnswerState::HandedBack),
                (ChallengeState::Expired, _) => return Ok(AnswerState::Expired),
                _ => return Ok(AnswerState::Cancelled),
            }
            if Instant::now() >= until {
                return Ok(AnswerState::Open);
            }
            let next_look = until.min(Instant::now() + LOOK_ANYWAY);
            let _ = tokio::time::timeout_at(next_look, answered).await;
        }
    }

    /// Has the bank asked for a new code by the run that waits.
    ///
    /// # Errors
    /// Refused where the challenge isn't open, the portal has no way to send one, as many were asked for as may
    /// be, or the last one was only just.
    pub async fn request_resend(
        &self,
        owner: OrganizationId,
        connection: ConnectionId,
        id: ChallengeId,
    ) -> Result<Challenge, Error> {
        let challenge = request_resend(&*self.store, &self.config, owner, connection, id).await?;
        self.answered.notify_waiters();
        Ok(challenge)
    }

    /// Whether what a bank asks was agreed on with it before.
    async fn agreed(&self, run_id: RunId, proof: Proof, question: &Question) -> Result<Agreed, Error> {
        if question.kind != ChallengeKind::SecurityQuestion {
            return Ok(Agreed::Unknown);
        }
        let Setting { organization_id, connection_id, .. } = self.store.setting(run_id, proof).await?;
        let answer = self.agreed_answer(organization_id, connection_id, question).await?;
        Ok(answer.map_or(Agreed::Unknown, |_| Agreed::Known))
    }

    /// What answers a challenge without a person and without a clock.
    async fn known_answer(&self, challenge: &Challenge) -> Result<Option<(Secret, AnswerSource)>, Error> {
        let (owner, connection) = (challenge.organization_id, challenge.connection_id);
        let may = |source: AnswerSource| challenge.may_answer.contains(&source);
        if may(AnswerSource::Policy) {
            let answer = Secret::new(TermsAnswer::Accept.as_str().into());
            return Ok(Some((answer, AnswerSource::Policy)));
        }
        if !may(AnswerSource::Agreed) {
            return Ok(None);
        }
        let answer = self.agreed_answer(owner, connection, &challenge.question).await?;
        Ok(answer.map(|answer| (answer, AnswerSource::Agreed)))
    }

    /// Answers a challenge, unless somebody was faster or its time is up.
    pub(super) async fn answer_by_itself(
        &self,
        challenge: &Challenge,
        answer: &Secret,
        source: AnswerSource,
    ) -> Result<(), Error> {
        let (owner, id) = (challenge.organization_id, challenge.id);
        let sealed = self.sealer.seal(owner, &answer_seal_context(id), answer).await?;
        match self.store.answer_challenge(owner, challenge.connection_id, id, sealed, source, clock::now()).await {
            Ok(_) => tracing::info!(challenge_id = %id, %source, "a challenge was answered without a person"),
            Err(Refused::IllegalChallengeEvent(_) | Refused::WheelHeld { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Tells the queue whether a run waits for a person. Only the count of those that do hangs
    /// on it, so a queue that is away keeps nobody waiting.
    async fn park(&self, run_id: RunId, proof: Proof, waits: Waits) {
        if let Err(error) = self.queue.park(run_id, proof, waits).await {
            tracing::warn!(%run_id, error = &error as &dyn std::error::Error, "a parked run isn't counted");
        }
    }

    /// Keeps what the portal made of an answer.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost).
    pub async fn settle_challenge(
        &self,
        run_id: RunId,
        proof: Proof,
        id: ChallengeId,
        verdict: Verdict,
    ) -> Result<(), Error> {
        self.store.settle_challenge(run_id, proof, id, verdict, clock::now()).await?;
        // Where nobody answered here, that the portal went on is the first that is heard of it.
        self.park(run_id, proof, Waits::ForNobody).await;
        Ok(())
    }
}
