//! An agent asks for work: the queue says which run, the store binds it to the agent
//! under the fence, and everything needed goes along, secrets sealed to the agent.
//!
//! Not here: whose turn it is; the queue decides that.

use std::time::Duration;

use domain::anchor::Loopback;
use domain::id::AgentId;
use domain::run::RunKind;
use jiff::Timestamp;
use jiff::civil::Date;
use protocol::lease::{Acquire, AllowLoopback, Lease, Proof, ScriptRevision, Seats, credentials_context};
use protocol::live::UnknownPages;
use protocol::sealed::SealedBox;
use tokio::time::Instant;

use super::fingerprints::fingerprints;
use super::first_login::keeper;
use super::give_credentials::credentials_text;
use super::{Error, Fleet};
use crate::clock;
use crate::config::TakeoverOffer;
use crate::queue::{Acquired, Acquisition, Queue};
use crate::store::{Grant, GrantedRun};

/// The longest that a request is held open.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How long the lookout waits for news before it looks anyway: the one of all who wait that looks
/// when something is due, for the others, too.
const LOOK_ANYWAY: Duration = Duration::from_secs(1);

/// How long the others do, in case that the lookout was cut off.
const LOOK_AT_LAST: Duration = Duration::from_secs(10);

/// The shortest that is waited for what is due: the reaper makes it ready.
const LOOK_SOON: Duration = Duration::from_millis(20);

/// When a run is tried again that this coordinator couldn't hand out.
const TRY_AGAIN: Duration = Duration::from_secs(30);

/// Whether whoever waits for a run hears of those that become ready. News wakes one alone, so it
/// mustn't be one that gets nothing.
enum Hears {
    News,
    Nothing,
}

/// Wakes another when whoever waited for news leaves without having looked: its agent went away,
/// or its look failed. It may have been woken, or have been the lookout.
struct Woken<'a> {
    queue: &'a Queue,
    /// Whether it hasn't looked since it waited.
    owes: bool,
}

impl Drop for Woken<'_> {
    fn drop(&mut self) {
        if self.owes {
            self.queue.pass_on();
        }
    }
}

impl Fleet {
    /// The next run for the agent; none if there was none in the time it waits.
    ///
    /// # Errors
    /// [`Error`] if the queue, the store or the vault fails; a run that was taken then
    /// comes back when its lease lapses.
    pub async fn acquire(&self, request: &Acquire) -> Result<Option<Lease>, Error> {
        let until = Instant::now() + Duration::from_millis(request.wait_ms).min(LONGEST_WAIT);
        self.note_agent(request.agent_id, Some(&request.agent_name), request.seats).await;
        let mut woken = Woken { queue: &self.queue, owes: false };
        loop {
            let (soonest, hears) = loop {
                match self.queue.acquire(request.agent_id, self.config.lease.term).await? {
                    Acquisition::Leased(acquired) => {
                        woken.owes = false;
                        self.queue.pass_on();
                        if let Some(lease) = self.grant(request, acquired).await? {
                            return Ok(Some(lease));
                        }
                    }
                    Acquisition::Nothing { soonest } => {
                        woken.owes = false;
                        break (soonest.unwrap_or(LOOK_ANYWAY), Hears::News);
                    }
                    Acquisition::Drained => {
                        // It may have been woken for what it doesn't get.
                        if std::mem::take(&mut woken.owes) {
                            self.queue.pass_on();
                        }
                        break (LOOK_ANYWAY, Hears::Nothing);
                    }
                }
            };
            if Instant::now() >= until {
                // Perhaps it was the lookout: then whoever is woken is the next.
                self.queue.pass_on();
                return Ok(None);
            }
            // Time out or news: either way the next thing is to look.
            match hears {
                Hears::News => {
                    let lookout = self.lookout.try_lock().ok();
                    let span = lookout.as_ref().map_or(LOOK_AT_LAST, |_| soonest.clamp(LOOK_SOON, LOOK_ANYWAY));
                    let next_look = until.min(Instant::now() + span);
                    woken.owes = true;
                    let _ = tokio::time::timeout_at(next_look, self.queue.news()).await;
                }
                Hears::Nothing => tokio::time::sleep_until(until.min(Instant::now() + LOOK_ANYWAY)).await,
            }
        }
    }

    /// Notes that an agent was heard of. It is for looking at: a queue that can't note it
    /// costs nobody a lease.
    pub(super) async fn note_agent(&self, id: AgentId, name: Option<&str>, seats: Option<Seats>) {
        if let Err(error) = self.queue.note_agent(id, name, seats).await {
            tracing::debug!(agent_id = %id, error = &error as &dyn std::error::Error, "an agent isn't noted");
        }
    }

    async fn grant(&self, request: &Acquire, acquired: Acquired) -> Result<Option<Lease>, Error> {
        let Acquired { run_id, fence } = acquired;
        let proof = Proof { agent_id: request.agent_id, fence };
        let granted = self.store.grant(run_id, proof, &request.public_key, clock::now()).await?;
        let run = match granted {
            Grant::Granted(run) => *run,
            Grant::NotDue(due) => {
                let delay = Duration::try_from(due.duration_since(clock::now())).unwrap_or_default();
                self.queue.requeue_unbegun(run_id, proof, delay).await?;
                return Ok(None);
            }
            Grant::LoginInUse => {
                tracing::info!(%run_id, "the same bank user is signed in for another connection; the run waits");
                self.queue.requeue_unbegun(run_id, proof, self.config.retry.base).await?;
                return Ok(None);
            }
            Grant::Refused => {
                // The store ended it while it stood in the queue.
                self.queue.forget(run_id).await?;
                return Ok(None);
            }
        };
        let (script, credentials) = match self.needed(request, acquired, &run).await {
            Ok(needed) => needed,
            Err(error) => {
                // It is this coordinator that lacks something; another may not.
                tracing::error!(%run_id, error = &error as &dyn std::error::Error, "a run can't be handed out");
                self.store.release(run_id, proof, clock::now()).await?;
                self.queue.requeue_unbegun(run_id, proof, TRY_AGAIN).await?;
                return Ok(None);
            }
        };
        let shadow = self.shadow_of_run(&run).await;
        let known_pages = self.known_digests(&run.institution_id).await;
        tracing::info!(
            %run_id, connection_id = %run.connection_id, %fence, agent = request.agent_name,
            kind = %run.kind, attempt = run.attempt, "leased a run",
        );
        metrics::counter!("bursar_leases_total").increment(1);
        let term = self.config.lease.term;
        let since = self.since(&run, clock::now());
        let catalog = self.catalog();
        let institution = catalog.institution(&run.institution_id);
        let limits = institution.map(|institution| institution.limits);
        let drivers = institution.map(|institution| institution.drivers.clone());
        let compare_one_in = institution.and_then(|institution| institution.compare_one_in);
        Ok(Some(Lease {
            run_id,
            kind: run.kind,
            connection_id: run.connection_id,
            institution_id: run.institution_id,
            fence,
            term_ms: milliseconds(term),
            margin_ms: milliseconds(term / 5),
            attempt: run.attempt,
            open_intents: run.open_intents,
            portal_url: run.portal_url,
            allow_loopback: match self.config.loopback() {
                Loopback::Allowed => AllowLoopback::Yes,
                Loopback::Refused => AllowLoopback::No,
            },
            script,
            credentials,
            challenge_term_ms: milliseconds(self.config.challenge.term),
            steps_per_minute: limits.unwrap_or_default().steps_per_minute(),
            since,
            drivers: drivers.unwrap_or_default(),
            compare_one_in,
            unknown_pages: self.unknown_pages(run.kind),
            keeper: Some(keeper(&self.vault).public().clone()),
            shadow,
            known_pages,
        }))
    }

    /// Who is asked where a page shows during the sign-in that the script doesn't know.
    fn unknown_pages(&self, kind: RunKind) -> UnknownPages {
        match (self.config.challenge.unknown_pages, kind) {
            (TakeoverOffer::Never, _) => UnknownPages::Fail,
            (TakeoverOffer::Always, _) | (TakeoverOffer::Activation, RunKind::Activate) => UnknownPages::Ask,
            (TakeoverOffer::Watched, _) | (TakeoverOffer::Activation, RunKind::Sync) => UnknownPages::IfWatched,
        }
    }

    /// From which day on the run reads lists; none for whole ones.
    fn since(&self, run: &GrantedRun, now: Timestamp) -> Option<Date> {
        let history = self.catalog().institution(&run.institution_id)?.steps_back()?;
        let today = |moment| self.catalog().today(&run.institution_id, moment);
        Some(history.since(run.class, run.past, run.all_read_at.map(today), today(now)))
    }

    /// The script that a run is worked by.
    async fn script_of_run(&self, run: &GrantedRun) -> Result<ScriptRevision, Error> {
        match &run.by {
            Some(by) => self.script_named(&run.institution_id, &by.revision).await,
            None => self.catalog().script(&run.institution_id).cloned().ok_or(Error::ScriptMissing),
        }
    }

    /// The script that reads beside, where one is to. A run does without what can't be had.
    async fn shadow_of_run(&self, run: &GrantedRun) -> Option<ScriptRevision> {
        let revision = run.by.as_ref()?.shadow.as_deref()?;
        match self.script_named(&run.institution_id, revision).await {
            Ok(shadow) => Some(shadow),
            Err(error) => {
                tracing::warn!(revision, error = &error as &dyn std::error::Error, "nothing reads beside a run");
                None
            }
        }
    }

    /// A revision of an institution's script.
    pub(super) async fn script_named(&self, institution: &str, revision: &str) -> Result<ScriptRevision, Error> {
        let catalog = self.catalog();
        if let Some(script) = catalog.script(institution).filter(|script| script.revision == revision) {
            return Ok(script.clone());
        }
        let source = self.store.revision_source(institution, revision).await?.ok_or(Error::ScriptMissing)?;
        Ok(ScriptRevision { revision: revision.to_owned(), source })
    }

    /// What the agent needs beside the run: the script, and the credentials in a box.
    async fn needed(
        &self,
        request: &Acquire,
        acquired: Acquired,
        run: &GrantedRun,
    ) -> Result<(ScriptRevision, SealedBox), Error> {
        let script = self.script_of_run(run).await?;
        let credentials = match &run.credentials {
            None => std::collections::BTreeMap::new(),
            Some(sealed) => {
                let credentials = self.open_credentials(run.organization_id, run.connection_id, sealed).await?;
                let fingerprints = fingerprints(&self.vault, &run.institution_id, &credentials);
                if run.fingerprints != Some(fingerprints) {
                    self.store.note_fingerprints(acquired.run_id, run.connection_id, sealed, fingerprints).await?;
                }
                credentials
            }
        };
        let text = credentials_text(&credentials);
        let context = credentials_context(acquired.run_id, acquired.fence);
        let sealed = request
            .public_key
            .seal(&text, &context)
            .map_err(|_| Error::Invalid { field: "/publicKey", reason: "nothing can be sealed to this key".into() })?;
        Ok((script, sealed))
    }
}

pub(super) fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
