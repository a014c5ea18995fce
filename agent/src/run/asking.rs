//! Waiting for a person: for an answer, for an approval elsewhere, or for the wheel to come back.
//!
//! While a person holds the wheel nothing is done to the page. When they hand it back the lease gets a new fence before the
//! run goes on: whatever was said under the one before is refused from then on.
//!
//! Not here: what becomes of an answer (the script's runner says so).

use std::time::Duration;

use domain::challenge::{ChallengeKind, Question};
use domain::failure::FailureCode;
use domain::id::ChallengeId;
use protocol::lease::{AnswerState, answer_context};
use script::command::{Observation, Watch};
use tokio::time::{Instant, sleep_until};

use super::{Desk, End, Run};
use crate::coordinator::persist;
use crate::driver::{Driver, DriverError};
use crate::gate::{Shut, TrustWindow};

/// How long the coordinator is asked to hold a request for an answer open.
const ANSWER_HELD: Duration = Duration::from_secs(20);

impl Run<'_> {
    /// Watches the page. While somebody approves what it waits for elsewhere another lease may
    /// be worked on, and it isn't watched for longer than they have. Where a person takes the wheel meanwhile, nobody
    /// watches any more until it comes back.
    pub(super) async fn watch(&mut self, driver: &mut dyn Driver, watch: &Watch) -> Result<Observation, End> {
        let (Some(approved_by), Some(challenge)) = (self.approved_by, self.challenge) else {
            return Ok(driver.watch(watch).await?);
        };
        let asked_at = Instant::now();
        let _parked = self.desk.seat.park();
        let live = self.desk.live;
        let waiting = live.waits(challenge);
        let seen = tokio::select! {
            biased;
            () = live.until_held() => None,
            seen = driver.watch(watch) => match seen {
                Err(DriverError::Shut(Shut::Held)) => None,
                seen => Some(seen?),
            },
            () = sleep_until(approved_by) => Some(Observation::Refused(FailureCode::MfaTimeout)),
        };
        let seen = match seen {
            Some(seen) => seen,
            None => tokio::select! {
                answered = self.answer(challenge, ChallengeKind::AppApproval) => answered?,
                gone = driver.gone() => return Err(End::Driver(gone)),
            },
        };
        drop(waiting);
        self.until += asked_at.elapsed();
        Ok(seen)
    }

    /// Asks a person and waits. The page is left alone meanwhile, the lease renewed.
    pub(super) async fn ask(&mut self, question: Question) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, seat, live, .. } = self.desk;
        let (run_id, proof) = (holding.run_id, holding.proof());
        // Its code was sent anew, and it is the same question.
        let continues = self.challenge.filter(|_| self.resends > 0);
        let opened = persist(gate, || coordinator.open_challenge(run_id, proof, question.clone(), continues)).await?;
        let challenge = opened.challenge_id;
        if continues != Some(challenge) {
            self.resends = 0;
        }
        self.challenge = Some(challenge);
        tracing::info!(challenge_id = %challenge, "waits for a person");
        if question.kind == ChallengeKind::AppApproval {
            self.approved_by = Some(Instant::now() + Duration::from_millis(opened.expires_in_ms));
            return Ok(Observation::Done);
        }
        // Another lease may be worked on in its place. When the answer comes the run goes
        // on at once, even if that is one run too many for a moment.
        let _parked = seat.park();
        let _waiting = live.waits(challenge);
        self.answer(challenge, question.kind).await
    }

    /// Waits until a challenge is closed, by whatever it is.
    async fn answer(&mut self, challenge: ChallengeId, kind: ChallengeKind) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, key, .. } = self.desk;
        let (run_id, proof) = (holding.run_id, holding.proof());
        loop {
            let done = self.resends;
            let state = persist(gate, || coordinator.await_answer(run_id, challenge, proof, ANSWER_HELD, done)).await?;
            match state {
                AnswerState::Open => {}
                AnswerState::Answered { answer } => {
                    let context = answer_context(challenge, proof.fence);
                    let answer = key.open(&answer, &context).map_err(|_| End::Unreadable)?;
                    // What terms are answered with is a word like any other.
                    if kind != ChallengeKind::Terms {
                        self.secrets.push(answer.clone());
                    }
                    tracing::info!(challenge_id = %challenge, "the person answered");
                    return Ok(Observation::Answered(answer));
                }
                AnswerState::Resend => {
                    // Counted before it happens: what comes to nothing isn't done twice.
                    self.resends += 1;
                    tracing::info!(challenge_id = %challenge, "the bank is to send a new code");
                    return Ok(Observation::Resend);
                }
                AnswerState::HandedBack => {
                    self.refence().await?;
                    // What showed before isn't what the run goes on from.
                    (self.last_page, self.approved_by) = (None, None);
                    // Nor does the question go on: one that shows still is asked anew.
                    self.resends = 0;
                    tracing::info!(challenge_id = %challenge, "a person handed the wheel back");
                    return Ok(Observation::HandedBack);
                }
                AnswerState::Expired | AnswerState::Cancelled => {
                    self.challenge = None;
                    return Ok(Observation::Refused(FailureCode::MfaTimeout));
                }
            }
        }
    }

    /// Goes on under a new fence. Nobody renews the lease meanwhile; this does.
    async fn refence(&self) -> Result<(), End> {
        let Desk { coordinator, holding, gate, .. } = self.desk;
        let _alone = holding.alone().await;
        let (run_id, proof) = (holding.run_id, holding.proof());
        let asked_at = Instant::now();
        let refenced = persist(gate, || coordinator.refence(run_id, proof)).await?;
        holding.refence(refenced.fence);
        let window = TrustWindow::new(asked_at, Duration::from_millis(refenced.term_ms), holding.margin);
        gate.renew(window).map_err(|shut: Shut| End::Shut(shut))
    }
}
