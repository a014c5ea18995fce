//! A shadow: another revision of the script reads in the session that the run's own has signed in, once that has read
//! all and before it signs out. What it reads is held against what the run read, and what differs is told by counts
//! and names of fields alone.
//!
//! Where the run itself comes to nothing by a fault of its script's, once it is in, the shadow reads all the same: that is
//! when a mended revision is wanted. Then it is told how much it read.
//!
//! It has no credentials, and whatever would have an effect at the bank is refused, and so are questions to people: it
//! ends there. The way out of the session is the run's, and so are the hosts that it leads to. Whatever becomes of the
//! shadow is no failure of the run's.
//!
//! Not here: which revision, and what comes of it; the coordinator says so.

use std::sync::Arc;
use std::time::Duration;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode, Fault, Stage};
use domain::rollout::difference::Difference;
use domain::rollout::trial::Extent;
use protocol::shadow::{ShadowOutcome, ShadowReading};
use script::command::{Command, Observation};
use script::{Compares, Plan, Runner, Script};
use tokio::time::Instant;
use url::Url;

use super::{End, Run};
use crate::driver::{Driver, DriverError};
use crate::leavable::Leavable;

/// How long a shadow may take.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// A revision that reads beside the run's own.
pub struct Shadow {
    /// Which.
    pub revision: String,
    /// What it says; nothing where this agent can't read it.
    pub script: Option<Arc<Script>>,
}

/// What a shadow starts with.
pub(super) struct Beside {
    revision: String,
    script: Option<Arc<Script>>,
    plan: Plan,
}

/// Whether the session is there after a shadow.
pub(super) enum Session {
    IsThere,
    IsGone,
}

impl Beside {
    /// A shadow of the run with this plan.
    pub(super) fn new(shadow: &Shadow, plan: &Plan) -> Self {
        let plan = Plan {
            portal_url: plan.portal_url.clone(),
            credentials: std::collections::BTreeMap::new(),
            open_intents: Vec::new(),
            today: plan.today,
            since: plan.since,
            compares: Compares::No,
        };
        Self { revision: shadow.revision.clone(), script: shadow.script.clone(), plan }
    }
}

/// Why a shadow ends without an outcome of its own.
enum Broken {
    /// The session is gone.
    Gone(FailureCode),
    Ended(End),
}

/// Holds what was read beside against the run's own, where nothing else waits for it: an account may have many rows.
async fn compared(own: Vec<ObservedAccount>, beside: Vec<ObservedAccount>) -> ShadowOutcome {
    match tokio::task::spawn_blocking(move || Difference::between(&own, &beside)).await {
        Ok(difference) => ShadowOutcome::Read(difference),
        Err(_) => {
            let failure = Failure::new(FailureCode::Unknown, Stage::Transactions);
            ShadowOutcome::Failed(failure.with_message("what it read couldn't be compared"))
        }
    }
}

impl Run<'_> {
    /// Reads beside the run's own revision if that is to be done, now that it has read everything,
    /// or has come to nothing by a fault of its script's.
    pub(super) async fn read_beside(&mut self, driver: &mut Leavable<'_>) -> Result<Session, End> {
        let own = match self.runner.conclusion() {
            Some(Command::Finish(own)) => Some(own.clone()),
            Some(Command::Fail(failure)) if failure.code.fault() == Fault::Script => None,
            _ => return Ok(Session::IsThere),
        };
        let back_to = self.last_page.as_ref().map(|(url, _)| url.clone());
        // What fails at the very page that shows the sign-in to have worked is signing out by now.
        let is_in =
            matches!(self.runner.conclusion(), Some(Command::Fail(failure)) if failure.stage == Stage::Accounts);
        let at = self.signed_in_at.clone().or_else(|| back_to.clone().filter(|_| is_in));
        let (Some(beside), Some(at)) = (self.beside.take(), at) else { return Ok(Session::IsThere) };
        let began = Instant::now();
        tracing::info!(revision = beside.revision, "another revision reads beside");
        // It is read in the browser, which a session without one was left for.
        driver.go_back();
        // From here on the driver counts the shadow's.
        self.own_ways = Some(driver.ways());
        let revision = beside.revision.clone();
        let read = self.shadow(driver, beside, at).await;
        let (outcome, mut session) = match read {
            Ok(Ok(accounts)) => {
                let outcome = match own {
                    Some(own) => compared(own, accounts).await,
                    None => ShadowOutcome::ReadAlone(Extent::of(&accounts)),
                };
                (outcome, Session::IsThere)
            }
            Ok(Err(failure)) => (ShadowOutcome::Failed(failure), Session::IsThere),
            Err(Broken::Gone(code)) => {
                (ShadowOutcome::Failed(Failure::new(code, self.runner.stage())), Session::IsGone)
            }
            Err(Broken::Ended(end)) => return Err(end),
        };
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match &outcome {
            ShadowOutcome::Read(difference) => tracing::info!(revision, %difference, took_ms, "read beside"),
            ShadowOutcome::ReadAlone(Extent { accounts, transactions }) => {
                tracing::info!(revision, accounts, transactions, took_ms, "read where the run came to nothing");
            }
            ShadowOutcome::Failed(Failure { code, message, .. }) => {
                tracing::warn!(revision, %code, message, took_ms, "nothing was read beside");
            }
        }
        self.shadowed = Some(ShadowReading { revision, took_ms, outcome });
        // The run signs out from where it stood.
        if let (Session::IsThere, Some(url)) = (&session, back_to) {
            self.turn().await;
            match driver.visit(&url).await {
                Ok(_) => {}
                Err(DriverError::Shut(shut)) => return Err(shut.into()),
                Err(DriverError::Crashed | DriverError::OutOfMemory) => session = Session::IsGone,
            }
        }
        self.until += began.elapsed();
        self.reads_since = self.reads_since.map(|since| since + began.elapsed());
        Ok(session)
    }

    /// What the shadow reads, or why it reads nothing.
    async fn shadow(
        &mut self,
        driver: &mut Leavable<'_>,
        beside: Beside,
        at: Url,
    ) -> Result<Result<Vec<ObservedAccount>, Failure>, Broken> {
        let Some(script) = beside.script else {
            let message = "this agent can't read the revision that was to read beside";
            return Ok(Err(Failure::new(FailureCode::ScriptParse, self.runner.stage()).with_message(message)));
        };
        let (mut runner, until) = (Runner::beside(script, beside.plan, at), Instant::now() + LONGEST);
        let mut observation = None;
        loop {
            self.desk.gate.check().map_err(|shut| Broken::Ended(shut.into()))?;
            let command = runner.next(observation.take());
            match runner.conclusion() {
                Some(Command::Finish(accounts)) => return Ok(Ok(accounts.clone())),
                Some(Command::Fail(failure)) => return Ok(Err(failure.clone())),
                _ => {}
            }
            if Instant::now() >= until {
                let message = "it took longer than a shadow may";
                return Ok(Err(Failure::new(FailureCode::NetTimeout, runner.stage()).with_message(message)));
            }
            let seen = match command {
                Command::Visit(url) => {
                    self.turn().await;
                    driver.visit(&url).await
                }
                Command::Watch(watch) => driver.watch(&watch).await,
                Command::Act(deed) => {
                    self.turn().await;
                    driver.act(&deed).await
                }
                Command::Download(download) => {
                    self.turn().await;
                    driver.download(&download).await
                }
                Command::Capture(capture) => driver.capture(&capture).await,
                Command::Collect(collect) => driver.collect(&collect).await,
                // It reads in the browser, and looks at no secrets.
                Command::LeaveBrowser | Command::ReadPicture(_) => Ok(Observation::Kept),
                // Nothing of it is open.
                Command::ReturnToBrowser | Command::SettleIntents(_) | Command::SettleAnswer(_) => {
                    Ok(Observation::Done)
                }
                Command::Declare(_)
                | Command::Make(_)
                | Command::Ask(_)
                | Command::OfferWheel(_)
                | Command::Finish(_)
                | Command::Fail(_) => {
                    let message = "it would have done something at the bank, or asked a person, which a shadow may not";
                    return Ok(Err(Failure::new(FailureCode::Script, runner.stage()).with_message(message)));
                }
            };
            observation = Some(match seen {
                Ok(seen) => seen,
                Err(DriverError::Shut(shut)) => return Err(Broken::Ended(shut.into())),
                Err(DriverError::Crashed) => return Err(Broken::Gone(FailureCode::BrowserCrashed)),
                Err(DriverError::OutOfMemory) => return Err(Broken::Gone(FailureCode::BrowserOom)),
            });
        }
    }
}
