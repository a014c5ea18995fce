//! One run: the script's runner says what is next, and this carries it out, by the
//! driver or by the coordinator, until the runner ends or the lease does.
//!
//! Not here: opening and ending the session, keeping the lease, and handing in what
//! came of it ([`crate::slot`]).

mod asking;
mod beside;
mod showing;
mod sights;

use std::sync::Arc;
use std::time::Duration;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Stage};
use domain::id::ChallengeId;
use domain::permissions::Permissions;
use domain::run::Reading;
use domain::secret::Secret;
use protocol::lease::{Evidence, RunStep, Verdict, WayCount};
use protocol::live::UnknownPages;
use protocol::report::SeenPage;
use protocol::sealed::{PrivateKey, PublicKey};
use protocol::shadow::ShadowReading;
use script::command::{AnswerVerdict, Command, Making, Observation};
use script::{Plan, Runner, Script};
use tokio::time::Instant;
use url::Url;

use crate::coordinator::{CallError, Coordinator, PersistError, persist};
use crate::driver::{Driver, DriverError};
use crate::gate::{Gate, Shut};
use crate::holding::Holding;
use crate::leavable::Leavable;
use crate::live::{LiveRun, Reads};
use crate::making::{self, Made};
use crate::pace::Pace;
use crate::pictures;
use crate::seats::Seat;
use crate::steps::{Begun, Steps};
use crate::tally::Tally;
use crate::told;
pub use beside::Shadow;
use beside::{Beside, Session};
pub use sights::Known;
use sights::Sights;

/// How long a run may take, the time in which it waits for a person aside.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// What the portal's own answers are a way to, beside a table.
const ANSWERS: &str = "transactions";

/// What a run needs beside its driver.
pub struct Desk<'a> {
    /// Who is told.
    pub coordinator: &'a Coordinator,
    /// What the lease is shown by.
    pub holding: &'a Holding,
    /// Whether it may still be believed in.
    pub gate: &'a Gate,
    /// What answers are sealed to.
    pub key: &'a PrivateKey,
    /// What secrets from the bank's pages are sealed to.
    pub keeper: Option<&'a PublicKey>,
    /// Given back while a person is waited for.
    pub seat: &'a Seat,
    /// How fast the portal is asked.
    pub pace: &'a Pace,
    /// What a person who looks on sees of it.
    pub live: &'a LiveRun,
    /// Who is asked where a page shows that the script doesn't know.
    pub unknown_pages: UnknownPages,
    /// What reads beside the run's own revision.
    pub shadow: Option<&'a Shadow>,
    /// How the portal's pages are known to be built.
    pub known: &'a Known,
}

/// What came of a run.
#[derive(Debug)]
pub enum Outcome {
    /// All was read.
    Finished(Read),
    /// It wasn't.
    Failed {
        /// Why.
        failure: Failure,
        /// The page that was showing, scrubbed.
        evidence: Option<Evidence>,
        /// What the script calls it, if it knows it.
        page: Option<String>,
    },
    /// Nothing can be said that the coordinator would understand: the lease is left to
    /// run out, which counts as a crash and so ends in a bounded number of tries.
    Abandoned,
}

/// What was read, and by what.
#[derive(Debug)]
pub struct Read {
    /// Every account with its transactions.
    pub accounts: Vec<ObservedAccount>,
    /// By what they were read.
    pub reading: Reading,
    /// How long it took.
    pub took: Duration,
    /// What the portal says its user may do, where it was read.
    pub permissions: Option<Permissions>,
}

/// What came of a run, how the ways to find things fared in it, and what it did on its way.
#[derive(Debug)]
pub struct Ended {
    /// What came of it.
    pub outcome: Outcome,
    /// Of what has several ways, each.
    pub ways: Vec<WayCount>,
    /// What was done on the way.
    pub steps: Vec<RunStep>,
    /// What came of another revision that read beside.
    pub shadow: Option<ShadowReading>,
    /// How the pages are built that it saw.
    pub pages: Vec<SeenPage>,
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
pub async fn run(desk: &Desk<'_>, driver: &mut dyn Driver, script: Arc<Script>, plan: Plan) -> Result<Ended, Shut> {
    let secrets = plan.credentials.values().cloned().collect();
    let unknown_pages = match desk.unknown_pages {
        UnknownPages::Fail => script::UnknownPages::Fail,
        UnknownPages::IfWatched | UnknownPages::Ask => script::UnknownPages::OfferWheel,
    };
    let beside = desk.shadow.map(|shadow| Beside::new(shadow, &plan));
    let runner = Runner::new(script, plan).on_unknown_pages(unknown_pages);
    let until = Instant::now() + LONGEST;
    let mut run = Run {
        desk,
        runner,
        secrets,
        last_page: None,
        page: None,
        veiled: None,
        challenge: None,
        resends: 0,
        approved_by: None,
        until,
        reads_since: None,
        steps: Steps::begin(),
        beside,
        signed_in_at: None,
        own_ways: None,
        shadowed: None,
        sights: Sights::new(desk.known),
    };
    let mut driver = Leavable::new(driver);
    let outcome = match run.go_on(&mut driver).await {
        Ok(outcome) => outcome,
        Err(End::Shut(Shut::Held) | End::Driver(DriverError::Shut(Shut::Held))) => {
            // It waits for as long as somebody holds the wheel, so this is a fault of the agent's own.
            tracing::error!("a command was refused since a person holds the wheel; the run is abandoned");
            Outcome::Abandoned
        }
        Err(End::Shut(shut) | End::Driver(DriverError::Shut(shut))) => return Err(shut),
        Err(End::Driver(DriverError::Crashed)) => run.broken_off(FailureCode::BrowserCrashed),
        Err(End::Driver(DriverError::OutOfMemory)) => run.broken_off(FailureCode::BrowserOom),
        Err(End::Call(error)) => {
            tracing::error!(%error, "the coordinator refused what the run needs; the run is abandoned");
            Outcome::Abandoned
        }
        Err(End::Unreadable) => {
            tracing::error!("the answer can't be opened with this agent's key; the run is abandoned");
            Outcome::Abandoned
        }
    };
    let mut tally = Tally::default();
    tally.add_all(run.own_ways.take().unwrap_or_else(|| driver.ways()));
    run.runner.answers_seen().into_iter().for_each(|vote| tally.count(ANSWERS, vote));
    let (steps, pages) = (run.steps.into_list(), run.sights.into_list());
    Ok(Ended { outcome, ways: tally.counts(), steps, shadow: run.shadowed, pages })
}

struct Run<'a> {
    desk: &'a Desk<'a>,
    runner: Runner,
    /// All that must not be seen in evidence.
    secrets: Vec<Secret>,
    /// The page that was seen last.
    last_page: Option<(Url, String)>,
    /// What it is called, if the script knows it.
    page: Option<String>,
    /// The page since which nobody looks on.
    veiled: Option<Option<String>>,
    /// The question that was asked last.
    challenge: Option<ChallengeId>,
    /// How many new codes the bank was to send for it.
    resends: u32,
    /// Until when somebody approves elsewhere what the page waits for.
    approved_by: Option<Instant>,
    /// When it has taken too long.
    until: Instant,
    /// When reading began.
    reads_since: Option<Instant>,
    /// What was done so far.
    steps: Steps,
    /// What is still to read beside.
    beside: Option<Beside>,
    /// Where the portal showed that the sign-in had worked.
    signed_in_at: Option<Url>,
    /// How the run's own ways to find things had fared when something else began to read beside.
    own_ways: Option<Vec<WayCount>>,
    /// What came of it.
    shadowed: Option<ShadowReading>,
    /// The pages that were seen.
    sights: Sights<'a>,
}

impl Run<'_> {
    async fn go_on(&mut self, driver: &mut Leavable<'_>) -> Result<Outcome, End> {
        let mut observation = None;
        loop {
            // Parsing takes its time: nothing is sent for a lease that ended meanwhile.
            self.desk.gate.check()?;
            // Every command has its bound, so this is looked at often enough.
            if Instant::now() >= self.until {
                tracing::warn!("the run takes too long");
                return Ok(self.broken_off(FailureCode::PortalUnavailable));
            }
            let command = self.runner.next(observation.take());
            self.runner.told().iter().for_each(told::say);
            if self.reads_since.is_none() && self.runner.stage() == Stage::Accounts {
                self.reads_since = Some(Instant::now());
                self.signed_in_at = self.last_page.as_ref().map(|(url, _)| url.clone());
            }
            if let Session::IsGone = self.read_beside(driver).await? {
                return Ok(self.broken_off(FailureCode::BrowserCrashed));
            }
            let begun = Begun::of(&command, self.runner.stage());
            // What is in a command may be secret.
            tracing::debug!(step = begun.as_ref().map(|begun| begun.step.as_str()), "next");
            self.veil(&command).await;
            let seen = match command {
                Command::Finish(accounts) => return Ok(self.finished(accounts)),
                Command::Fail(failure) => {
                    return Ok(self.failed(failure));
                }
                Command::Visit(url) => {
                    self.turn().await;
                    driver.visit(&url).await?
                }
                Command::Watch(watch) => {
                    let seen = self.watch(driver, &watch).await?;
                    self.look(seen)
                }
                Command::Act(deed) => {
                    self.turn().await;
                    self.look(driver.act(&deed).await?)
                }
                Command::Capture(capture) => driver.capture(&capture).await?,
                Command::Collect(collect) => driver.collect(&collect).await?,
                Command::Download(download) => {
                    self.turn().await;
                    self.look(driver.download(&download).await?)
                }
                Command::ReadPicture(selector) => self.read_picture(driver, &selector).await?,
                Command::LeaveBrowser => self.leave(driver).await?,
                Command::ReturnToBrowser => {
                    let why = self.runner.fell_back_for().map(|code| code.as_str());
                    tracing::info!(why, "reads in the browser");
                    self.desk.live.reads(Reads::InSession);
                    driver.go_back()
                }
                command @ (Command::Ask(_) | Command::OfferWheel(_)) => tokio::select! {
                    told = self.tell(command) => told?,
                    // Nobody should look for a code that can't be used any more.
                    gone = driver.gone() => return Err(End::Driver(gone)),
                },
                command => self.tell(command).await?,
            };
            if let Some(begun) = begun {
                self.steps.end(begun, &seen);
            }
            self.note(&seen);
            // Without the browser pages may be built otherwise, so of those nothing is told.
            if !driver.is_left() {
                self.see(&seen).await;
            }
            observation = Some(seen);
        }
    }

    /// Reads what is in a picture, which nobody else is to see.
    async fn read_picture(&mut self, driver: &mut Leavable<'_>, selector: &str) -> Result<Observation, End> {
        let seen = pictures::read(driver, selector).await?;
        if let Observation::PictureRead(said) = &seen {
            self.secrets.extend(said.iter().cloned());
        }
        Ok(self.look(seen))
    }

    /// Goes on without the browser, at the page that it shows.
    async fn leave(&mut self, driver: &mut Leavable<'_>) -> Result<Observation, End> {
        let Some((url, _)) = self.last_page.clone() else { return Ok(Observation::Kept) };
        self.turn().await;
        let left = driver.leave(&url).await?;
        if matches!(left, Observation::Done) {
            self.desk.live.reads(Reads::WithoutBrowser);
        }
        Ok(left)
    }

    fn finished(&self, accounts: Vec<ObservedAccount>) -> Outcome {
        let took = self.reads_since.map(|since| since.elapsed()).unwrap_or_default();
        if let Some(Failure { code, message, .. }) = self.runner.permissions_failure() {
            let hint = "see what the portal calls it now, and mend the script";
            tracing::warn!(%code, message, hint, "what the user may do couldn't be read");
        }
        let permissions = self.runner.permissions();
        Outcome::Finished(Read { accounts, reading: self.runner.reading(), took, permissions })
    }

    /// Waits for a turn at the portal, which isn't time that the run takes.
    async fn turn(&mut self) {
        let asked_at = Instant::now();
        self.desk.pace.turn().await;
        self.until += asked_at.elapsed();
    }

    /// Carries out what is the coordinator's.
    async fn tell(&mut self, command: Command) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, .. } = self.desk;
        let (run_id, proof) = (holding.run_id, holding.proof());
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
            Command::Make(making) => return self.make(making).await,
            Command::SettleIntents(outcome) => {
                persist(gate, || coordinator.settle_intents(run_id, proof, outcome)).await?;
            }
            Command::OfferWheel(_) if !self.desk.live.is_watched() && self.desk.unknown_pages != UnknownPages::Ask => {
                return Ok(Observation::Refused(FailureCode::PageUnrecognised));
            }
            Command::Ask(question) | Command::OfferWheel(question) => {
                let asked_at = Instant::now();
                let answered = self.ask(question).await;
                self.until += asked_at.elapsed();
                return answered;
            }
            Command::SettleAnswer(verdict) => {
                self.approved_by = None;
                self.resends = 0;
                if let Some(challenge) = self.challenge.take() {
                    let verdict = match verdict {
                        AnswerVerdict::Accepted => Verdict::Accepted,
                        AnswerVerdict::Rejected => Verdict::Rejected,
                    };
                    persist(gate, || coordinator.settle_challenge(run_id, challenge, proof, verdict)).await?;
                }
            }
            Command::Visit(_) | Command::Watch(_) | Command::Act(_) | Command::Download(_) => {}
            Command::ReadPicture(_) => {}
            Command::Capture(_) | Command::Collect(_) | Command::LeaveBrowser | Command::ReturnToBrowser => {}
            Command::Finish(_) | Command::Fail(_) => {}
        }
        Ok(Observation::Done)
    }

    /// Has something made that is about to be set at the bank.
    async fn make(&mut self, making: Making) -> Result<Observation, End> {
        let Desk { coordinator, holding, gate, key, keeper, .. } = self.desk;
        if let Making::Authenticator(secret) = &making {
            self.secrets.push(secret.clone());
        }
        let asked_at = Instant::now();
        let made = making::make(coordinator, (holding, gate), (key, *keeper), &making).await;
        self.until += asked_at.elapsed();
        match made {
            Ok(Made::Kept(made)) => {
                self.secrets.extend(made.iter().cloned());
                Ok(Observation::Made(made))
            }
            Ok(Made::Unkept) => Ok(Observation::Refused(FailureCode::PortalActionProfile)),
            Ok(Made::Unreadable) => Err(End::Unreadable),
            Err(error) => making::unfit(&error).ok_or_else(|| error.into()),
        }
    }

    /// What a run comes to that didn't come to its end. What was read by then stands.
    fn broken_off(&self, code: FailureCode) -> Outcome {
        match self.runner.conclusion() {
            Some(Command::Finish(accounts)) => {
                let accounts = accounts.clone();
                tracing::warn!(%code, "the run ended while it signed out");
                self.finished(accounts)
            }
            // The page that was showing isn't what failed.
            _ => Outcome::Failed { failure: Failure::new(code, self.runner.stage()), evidence: None, page: None },
        }
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

#[cfg(test)]
mod tests;
