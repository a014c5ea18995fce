//! A slot: a taken seat with its lease. It keeps the lease, works under it, and hands in
//! what came of it.
//!
//! ```text
//! (renew) ─▶ open session ─▶ run ─▶ end session ─▶ complete | fail
//!                │ the gate shut: end session ─▶ release | nothing
//! ```
//!
//! The session has ended before the coordinator hears of the outcome, so the bank
//! never sees this session beside the next one. Not here: asking for leases
//! ([`crate::asker`]), and what is done in a run ([`crate::run`]).

use std::sync::Arc;
use std::time::Duration;

use domain::driver::{DriverKind, Drivers};
use domain::failure::{Failure, FailureCode, Stage};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use protocol::lease::{Advice, Complete, Credentials, Fail, Lease, credentials_context};
use protocol::live::UnknownPages;
use protocol::sealed::PublicKey;
use script::{Compares, OwnWords, Plan, Script};
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;
use url::Url;

use crate::apart::{ShutAtEnd, apart};
use crate::coordinator::{CallError, PersistError, persist};
use crate::driver::{OpenError, Session};
use crate::egress::Egress;
use crate::gate::{Gate, Shut, TrustWindow};
use crate::holding::Holding;
use crate::hosts::Hosts;
use crate::member::Member;
use crate::pace::Pace;
use crate::renewer::Renewer;
use crate::run::{Desk, Ended, Known, Outcome, Read, Shadow, run};
use crate::seats::Seat;
use crate::watchdog::Watchdog;

/// How long a slot rests where no browser can be started.
const NO_BROWSER: Duration = Duration::from_secs(5);
/// How long a release is tried; after that the lease runs out by itself.
const RELEASE: Duration = Duration::from_secs(3);

/// One taken seat of an agent, for one lease.
pub struct Slot {
    member: Arc<Member>,
    seat: Seat,
}

/// A lease with what it takes to work under it.
struct Prepared {
    holding: Holding,
    gate: Gate,
    script: Arc<Script>,
    plan: Plan,
    hosts: Hosts,
    pace: Pace,
    driver: DriverKind,
    unknown_pages: UnknownPages,
    keeper: Option<PublicKey>,
    shadow: Option<Shadow>,
    known: Known,
}

/// No session could be opened, for a reason that is this machine's.
struct NoBrowser;

/// Why nothing is worked on under a lease.
enum Unfit {
    /// The script has faults.
    Script(String),
    /// The credentials can't be opened.
    Credentials,
    /// This agent has none of the drivers that it may be worked with.
    Driver(Drivers),
}

impl Slot {
    /// Of `member`, in `seat`.
    #[must_use]
    pub fn new(member: Arc<Member>, seat: Seat) -> Self {
        Self { member, seat }
    }

    /// Works under a lease that was asked for at `asked_at`, and then leaves the seat.
    pub async fn run(self, lease: Lease, asked_at: Instant) {
        let span = tracing::info_span!(
            "run",
            run_id = %lease.run_id,
            connection_id = %lease.connection_id,
            fence = %lease.fence,
            institution = %lease.institution_id,
        );
        let slot = Arc::new(self);
        let work = {
            let slot = Arc::clone(&slot);
            async move { slot.work(lease, asked_at).await }
        };
        // After a panic the lease is left to run out.
        let worked = apart(work.instrument(span.clone())).instrument(span).await;
        if let Some(Err(NoBrowser)) = worked {
            // Without a browser the next lease would fare no better at once.
            tokio::select! {
                () = sleep(NO_BROWSER) => {}
                () = slot.member.drain.begun() => {}
            }
        }
    }

    /// Works under one lease, from its first moment to its last.
    async fn work(&self, lease: Lease, asked_at: Instant) -> Result<(), NoBrowser> {
        let member = &self.member;
        let holding = Holding::new(member.agent_id, &lease);
        let Some(gate) = self.trust(holding.clone(), asked_at).await else { return Ok(()) };
        // Whatever becomes of the work, its session and its renewals end with it.
        let _end = ShutAtEnd(gate.clone());
        tracing::info!(kind = %lease.kind, attempt = lease.attempt, "leased");
        let renewer = Renewer::new(Arc::clone(member), holding.clone(), gate.clone());
        tokio::spawn(renewer.run().in_current_span());
        tokio::spawn({
            let (drain, gate) = (member.drain.clone(), gate.clone());
            async move {
                tokio::select! {
                    () = drain.over() => gate.shut(Shut::Drained),
                    _ = gate.until_shut() => {}
                }
            }
        });
        match self.prepare(lease, holding.clone(), &gate) {
            Ok(prepared) => self.under(prepared).await,
            Err(Unfit::Script(fault)) => {
                let failure = Failure::new(FailureCode::ScriptParse, Stage::Connect).with_message(fault);
                let outcome = Outcome::Failed { failure, evidence: None, page: None };
                let (ways, steps, pages) = (Vec::new(), Vec::new(), Vec::new());
                self.hand_in(holding, &gate, Ended { outcome, ways, steps, shadow: None, pages }).await;
                Ok(())
            }
            Err(Unfit::Credentials) => {
                tracing::error!("the credentials can't be opened with this agent's key; the run is abandoned");
                Ok(())
            }
            Err(Unfit::Driver(wanted)) => {
                let here = member.openers.drivers();
                let hint = "give an agent of this fleet what the institution's record names, with --drivers";
                tracing::error!(%wanted, %here, hint, "this agent has none of the drivers that the portal is driven by");
                self.release(holding).await;
                // The next lease may be the same again.
                Err(NoBrowser)
            }
        }
    }

    /// The gate of a lease that was asked for at `asked_at`; none if it is lost again.
    /// A request is held open for longer than a lease lasts, so unless the answer came
    /// soon the lease is renewed before it is believed in.
    async fn trust(&self, holding: Holding, asked_at: Instant) -> Option<Gate> {
        let (run_id, proof) = (holding.run_id, holding.proof());
        let (term, margin) = (holding.term, holding.margin);
        if asked_at.elapsed() < term / 4 {
            return Some(Gate::new(TrustWindow::new(asked_at, term, margin)));
        }
        let asked_at = Instant::now();
        match self.member.coordinator.renew(run_id, &self.member.renewal(proof), term).await {
            Ok(renewed) => {
                let term = Duration::from_millis(renewed.term_ms);
                let gate = Gate::new(TrustWindow::new(asked_at, term, margin));
                if renewed.advice == Advice::Cancel {
                    self.release(holding).await;
                    return None;
                }
                Some(gate)
            }
            Err(error) => {
                tracing::warn!(%error, "a lease was lost before it was worked under");
                None
            }
        }
    }

    fn prepare(&self, lease: Lease, holding: Holding, gate: &Gate) -> Result<Prepared, Unfit> {
        let driver = self.member.openers.choose(&lease.drivers).ok_or_else(|| Unfit::Driver(lease.drivers.clone()))?;
        let script = Script::parse(&lease.script.source).map_err(|diagnostics| {
            let first = diagnostics.iter().next();
            Unfit::Script(first.map_or_else(String::new, |fault| {
                format!(
                    "the script's revision {} has a fault in line {}: {}",
                    lease.script.revision, fault.line, fault.message
                )
            }))
        })?;
        let context = credentials_context(lease.run_id, lease.fence);
        let opened = self.member.key.open(&lease.credentials, &context).map_err(|_| Unfit::Credentials)?;
        let credentials: Credentials = serde_json::from_str(opened.expose()).map_err(|_| Unfit::Credentials)?;
        let plan = Plan {
            portal_url: lease.portal_url.clone(),
            credentials,
            open_intents: lease.open_intents.iter().map(|intent| intent.effect).collect(),
            today: today(script.timezone()),
            since: lease.since,
            compares: compares(&lease),
        };
        let unknown_pages = lease.unknown_pages;
        let hosts = Hosts::new(&lease.portal_url, script.hosts(), lease.allow_loopback);
        let pace = self.member.paces.at(&lease.institution_id, lease.steps_per_minute);
        let keeper = lease.keeper;
        let script = Arc::new(script);
        let shadow = lease.shadow.map(|shadow| Shadow {
            script: Script::parse(&shadow.source).ok().map(Arc::new),
            revision: shadow.revision,
        });
        let known = Known { own: Arc::new(OwnWords::of(&lease.script.source)), digests: lease.known_pages };
        let gate = gate.clone();
        Ok(Prepared { holding, gate, script, plan, hosts, pace, driver, unknown_pages, keeper, shadow, known })
    }

    async fn under(&self, prepared: Prepared) -> Result<(), NoBrowser> {
        let Prepared { holding, gate, script, plan, hosts, pace, driver, unknown_pages, keeper, shadow, known } =
            prepared;
        let member = &self.member;
        let portal = plan.portal_url.clone();
        let opened = tokio::select! {
            biased;
            _ = gate.until_shut() => None,
            opened = self.open(driver, hosts, &gate, portal) => Some(opened),
        };
        let mut session = match opened {
            Some(Ok(session)) => session,
            Some(Err(NoBrowser)) => {
                self.release(holding).await;
                return Err(NoBrowser);
            }
            None => {
                self.give_back(holding, &gate).await;
                return Ok(());
            }
        };
        let ending = session.ending();
        let watchdog = Watchdog::set(gate.clone(), Arc::clone(&ending));
        let live = member.live.enter(&holding, gate.clone(), driver, session.screencast());
        let desk = Desk {
            coordinator: &member.coordinator,
            holding: &holding,
            gate: &gate,
            key: &member.key,
            keeper: keeper.as_ref(),
            seat: &self.seat,
            pace: &pace,
            live: live.run(),
            unknown_pages,
            shadow: shadow.as_ref(),
            known: &known,
        };
        let ended = tokio::select! {
            biased;
            shut = gate.until_shut() => Err(shut),
            ended = run(&desk, &mut *session, script, plan) => ended,
        };
        match ended {
            Ok(ended) => {
                drop(live);
                ending.end().await;
                self.hand_in(holding, &gate, ended).await;
            }
            Err(_) => {
                watchdog.ended().await;
                self.give_back(holding, &gate).await;
            }
        }
        Ok(())
    }

    /// Opens a session by `driver` with its way out.
    async fn open(
        &self,
        driver: DriverKind,
        hosts: Hosts,
        gate: &Gate,
        portal: Url,
    ) -> Result<Box<dyn Session>, NoBrowser> {
        let openers = &self.member.openers;
        let egress = match Egress::open_at(openers.way_out(driver), hosts, gate.clone()).await {
            Ok(egress) => Arc::new(egress),
            Err(error) => {
                tracing::error!(%error, "there is no port for the session's way out");
                return Err(NoBrowser);
            }
        };
        match openers.open(driver, gate.clone(), egress, portal).await {
            Ok(session) => Ok(session),
            Err(OpenError::NotStarted { source, hint }) => {
                tracing::error!(error = %source, cause = cause(&*source), hint, %driver, "no browser could be started");
                Err(NoBrowser)
            }
            Err(error) => {
                tracing::warn!(%error, %driver, "no session could be opened");
                Err(NoBrowser)
            }
        }
    }

    /// Tells the coordinator what came of the run.
    async fn hand_in(&self, holding: Holding, gate: &Gate, ended: Ended) {
        let coordinator = &self.member.coordinator;
        let (run_id, proof) = (holding.run_id, holding.proof());
        let Ended { outcome, ways, steps, shadow, pages } = ended;
        let told = match outcome {
            Outcome::Finished(Read { accounts, reading, took, permissions }) => {
                let count = accounts.len();
                let failures: Vec<_> = accounts.iter().filter_map(|account| account.failure.as_ref()).collect();
                for Failure { code, stage, .. } in &failures {
                    tracing::warn!(%code, %stage, "an account couldn't be read");
                }
                let failed = failures.len();
                let reading_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                let complete =
                    Complete { proof, accounts, reading, reading_ms, permissions, ways, steps, shadow, pages };
                match persist(gate, || coordinator.complete(run_id, &complete)).await {
                    // What can't be taken now won't be taken the next time either.
                    Err(PersistError::Call(CallError::Refused { status, code })) => {
                        tracing::error!(status, code, "the coordinator refused the records");
                        let message = format!("The records that the script read were refused: {code}.");
                        let failure = Failure::new(FailureCode::ScriptParse, Stage::Transactions).with_message(message);
                        let Complete { ways, steps, .. } = complete;
                        let (evidence, page, pages, shadow) = (None, None, Vec::new(), None);
                        let fail = Fail { proof, failure, evidence, ways, steps, page, pages, shadow };
                        persist(gate, || coordinator.fail(run_id, &fail)).await
                    }
                    told => told.map(|()| tracing::info!(accounts = count, failed, %reading, reading_ms, "completed")),
                }
            }
            Outcome::Failed { failure, evidence, page } => {
                let (code, stage) = (failure.code, failure.stage);
                let fail = Fail { proof, failure, evidence, ways, steps, page, pages, shadow };
                let told = persist(gate, || coordinator.fail(run_id, &fail)).await;
                told.map(|()| tracing::info!(%code, %stage, "failed"))
            }
            Outcome::Abandoned => return,
        };
        match told {
            Ok(()) => {}
            Err(PersistError::Shut(Shut::Cancelled | Shut::Drained)) => self.release(holding).await,
            Err(PersistError::Shut(shut)) => tracing::warn!(%shut, "the outcome came too late"),
            Err(PersistError::Call(error)) => {
                tracing::error!(%error, "the coordinator refused the outcome; the run is abandoned");
            }
        }
    }

    /// Gives a lease back whose gate is shut, unless it is another's already.
    async fn give_back(&self, holding: Holding, gate: &Gate) {
        match gate.check() {
            Err(Shut::Cancelled | Shut::Drained) => self.release(holding).await,
            Err(shut) => tracing::warn!(%shut, "stopped; nothing is sent"),
            Ok(()) => {}
        }
    }

    async fn release(&self, holding: Holding) {
        let (run_id, proof) = (holding.run_id, holding.proof());
        let bound = Gate::new(TrustWindow::new(Instant::now(), RELEASE, Duration::ZERO));
        let coordinator = &self.member.coordinator;
        match persist(&bound, || coordinator.release(run_id, proof)).await {
            Ok(()) => tracing::info!("released"),
            Err(error) => tracing::warn!(%error, "the lease wasn't released and runs out by itself"),
        }
    }
}

/// Whether this run, of those that are read without the browser, is read in it, too: each is one
/// in as many as the lease says, by chance.
fn compares(lease: &Lease) -> Compares {
    let one_in = lease.compare_one_in.map_or(0, |one_in| u128::from(one_in.get()));
    let (_, lot) = lease.run_id.0.as_u64_pair();
    if one_in > 0 && u128::from(lot) % one_in == 0 { Compares::Yes } else { Compares::No }
}

/// The day it is in the bank's time zone.
fn today(timezone: &str) -> jiff::civil::Date {
    let zone = TimeZone::get(timezone).unwrap_or_else(|_| {
        tracing::warn!(timezone, "this machine doesn't know the time zone; the day is taken from UTC");
        TimeZone::UTC
    });
    Timestamp::now().to_zoned(zone).date()
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
