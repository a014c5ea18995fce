//! One run: the script's runner says what is next, and this carries it out, by the
//! driver or by the coordinator, until the runner ends or the lease does.
//!
//! Not here: opening and ending the session, keeping the lease, and handing in what
//! came of it ([`crate::slot`]).

use std::sync::Arc;
use std::time::Duration;

use domain::account::ObservedAccount;
use domain::challenge::Question;
use domain::failure::{Failure, FailureCode, Stage};
use domain::id::ChallengeId;
use domain::secret::Secret;
use protocol::lease::{AnswerState, Evidence, Verdict, answer_context};
use protocol::sealed::PrivateKey;
use script::command::{AnswerVerdict, Command, Observation};
use script::{Plan, Runner, Script};
use url::Url;

use crate::coordinator::{CallError, Coordinator, PersistError, persist};
use crate::driver::{Driver, DriverError};
use crate::gate::{Gate, Shut};
use crate::holding::Holding;

/// How long the coordinator is asked to hold a request for an answer open.
const ANSWER_HELD: Duration = Duration::from_secs(20);

/// What a run needs beside its driver.
pub struct Desk<'a> {
    /// Who is told.
    pub coordinator: &'a Coordinator,
    /// What the lease is shown by.
    pub holding: Holding,
    /// Whether it may still be believed in.
    pub gate: &'a Gate,
    /// What answers are sealed to.
    pub key: &'a PrivateKey,
}

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// All was read.
    Finished(Vec<ObservedAccount>),
    /// It wasn't.
    Failed {
        /// Why.
        failure: Failure,
        /// The page that was showing, scrubbed.
        evidence: Option<Evidence>,
    },
    /// Nothing can be said that the coordinator would understand: the lease is left to
    /// run out, which counts as a crash and so ends in a bounded number of tries.
    Abandoned,
}

/// Why a run ends without an outcome of its own.
enum End {
    Shut(Shut),
    Driver(DriverError),
    Call(CallError),
    Unreadable,
}

/// Drives a portal by its script from the first visit to the end.
///
/// # Errors
/// Why the lease ended first.
pub async fn run(desk: &Desk<'_>, driver: &mut dyn Driver, script: Arc<Script>, plan: Plan) -> Result<Outcome, Shut> {
    let secrets = plan.credentials.values().cloned().collect();
    let runner = Runner::new(script, plan);
    let mut run = Run { desk, runner, secrets, last_page: None, challenge: None };
    match run.go_on(driver).await {
        Ok(outcome) => Ok(outcome),
        Err(End::Shut(shut) | End::Driver(DriverError::Shut(shut))) => Err(shut),
        Err(End::Driver(DriverError::Crashed)) => Ok(run.failed(FailureCode::BrowserCrashed)),
        Err(End::Driver(DriverError::OutOfMemory)) => Ok(run.failed(FailureCode::BrowserOom)),
        Err(End::Call(error)) => {
            tracing::error!(%error, "the coordinator refused what the run needs; the run is abandoned");
            Ok(Outcome::Abandoned)
        }
        Err(End::Unreadable) => {
            tracing::error!("the answer can't be opened with this agent's key; the run is abandoned");
            Ok(Outcome::Abandoned)
        }
    }
}

struct Run<'a> {
    desk: &'a Desk<'a>,
    runner: Runner,
    /// All that must not be seen in evidence.
    secrets: Vec<Secret>,
    /// The page that was seen last.
    last_page: Option<(Url, String)>,
    /// The question that was asked last.
    challenge: Option<ChallengeId>,
}

impl Run<'_> {
    async fn go_on(&mut self, driver: &mut dyn Driver) -> Result<Outcome, End> {
        let mut observation = None;
        loop {
            // Parsing takes its time: nothing is sent for a lease that ended meanwhile.
            self.desk.gate.check()?;
            let command = self.runner.next(observation.take());
            tracing::debug!(command = name(&command), "next");
            observation = Some(match command {
                Command::Finish(accounts) => return Ok(Outcome::Finished(accounts)),
                Command::Fail(failure) => {
                    let evidence = self.evidence();
                    return Ok(Outcome::Failed { failure, evidence });
                }
                Command::Visit(url) => driver.visit(&url).await?,
                Command::Watch(watch) => self.look(driver.watch(&watch).await?),
                Command::Act(acts) => self.look(driver.act(&acts).await?),
                command => self.tell(command).await?,
            });
        }
    }

    /// Keeps the page for evidence.
    fn look(&mut self, observation: Observation) -> Observation {
        match &observation {
            Observation::Recognised { url, html, .. } | Observation::Unrecognised { url, html, .. } => {
                self.last_page = Some((url.clone(), html.clone()));
            }
            Observation::Stuck { html, .. } => {
                if let Some((_, page)) = &mut self.last_page {
                    page.clone_from(html);
                }
            }
            _ => {}
        }
        observation
    }

    /// Carries out what is the coordinator's.
    async fn tell(&mut self, command: Command) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, .. } = self.desk;
        let Holding { run_id, proof, .. } = *holding;
        match command {
            Command::Declare(effect) => {
                let declared = persist(gate, || coordinator.declare(run_id, proof, effect)).await;
                match declared {
                    Ok(_) => {}
                    Err(PersistError::Call(CallError::BudgetSpent)) => {
                        return Ok(Observation::Refused(FailureCode::CredentialsInvalid));
                    }
                    Err(PersistError::Call(CallError::DoubtSpent)) => {
                        return Ok(Observation::Refused(FailureCode::Locked));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            Command::SettleIntents(outcome) => {
                persist(gate, || coordinator.settle_intents(run_id, proof, outcome)).await?;
            }
            Command::Ask(question) => return self.ask(question).await,
            Command::SettleAnswer(verdict) => {
                if let Some(challenge) = self.challenge.take() {
                    let verdict = match verdict {
                        AnswerVerdict::Accepted => Verdict::Accepted,
                        AnswerVerdict::Rejected => Verdict::Rejected,
                    };
                    persist(gate, || coordinator.settle_challenge(run_id, challenge, proof, verdict)).await?;
                }
            }
            Command::Visit(_) | Command::Watch(_) | Command::Act(_) => {}
            Command::Finish(_) | Command::Fail(_) => {}
        }
        Ok(Observation::Done)
    }

    /// Asks a person and waits. The page is left alone meanwhile, the lease renewed.
    async fn ask(&mut self, question: Question) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, key } = self.desk;
        let Holding { run_id, proof, .. } = *holding;
        let opened = persist(gate, || coordinator.open_challenge(run_id, proof, question.clone())).await?;
        let challenge = opened.challenge_id;
        self.challenge = Some(challenge);
        tracing::info!(challenge_id = %challenge, "waits for a person");
        loop {
            let state = persist(gate, || coordinator.await_answer(run_id, challenge, proof, ANSWER_HELD)).await?;
            match state {
                AnswerState::Open => {}
                AnswerState::Answered { answer } => {
                    let context = answer_context(challenge, proof.fence);
                    let answer = key.open(&answer, &context).map_err(|_| End::Unreadable)?;
                    self.secrets.push(answer.clone());
                    tracing::info!(challenge_id = %challenge, "the person answered");
                    return Ok(Observation::Answered(answer));
                }
                AnswerState::Expired | AnswerState::Cancelled => {
                    self.challenge = None;
                    return Ok(Observation::Refused(FailureCode::MfaTimeout));
                }
            }
        }
    }

    fn failed(&self, code: FailureCode) -> Outcome {
        // The page that was showing isn't what failed.
        Outcome::Failed { failure: Failure::new(code, Stage::Connect), evidence: None }
    }

    fn evidence(&self) -> Option<Evidence> {
        let (url, html) = self.last_page.as_ref()?;
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        let secrets: Vec<&str> = self.secrets.iter().map(Secret::expose).collect();
        Some(Evidence { url: url.into(), html: script::scrub(html, &secrets) })
    }
}

/// What a command is called; what is in it may be secret.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Visit(_) => "visit",
        Command::Watch(_) => "watch",
        Command::Act(_) => "act",
        Command::Declare(_) => "declare",
        Command::SettleIntents(_) => "settle intents",
        Command::Ask(_) => "ask",
        Command::SettleAnswer(_) => "settle answer",
        Command::Finish(_) => "finish",
        Command::Fail(_) => "fail",
    }
}

impl From<Shut> for End {
    fn from(shut: Shut) -> Self {
        Self::Shut(shut)
    }
}

impl From<DriverError> for End {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

impl From<PersistError> for End {
    fn from(error: PersistError) -> Self {
        match error {
            PersistError::Shut(shut) => Self::Shut(shut),
            PersistError::Call(error) => Self::Call(error),
        }
    }
}
