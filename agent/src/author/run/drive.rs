//! One run from an author's terminal: the script's runner says what is next, a session or a person does it.
//!
//! The first Ctrl-C lets the step that is under way end, signs out where the page has what does it, and ends the session;
//! a second one ends it at once. Not here: what is said of it (`trace`).

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::account::ObservedAccount;
use domain::driver::{DriverKind, Drivers};
use domain::failure::{Failure, FailureCode};
use jiff::civil::Date;
use protocol::lease::AllowLoopback;
use script::command::{Act, Command, Deed, Making, Observation, Watch};
use script::{Compares, Plan, Runner};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use url::{Host, Url};

use super::credentials::Credentials;
use super::keep::Keeper;
use super::maker::Maker;
use super::person::{Asked, Person};
use super::portal::PortalArguments;
use super::redact::Taint;
use super::report;
use super::ticket::Tickets;
use super::trace::{Pages, Trace};
use super::{RunError, today};
use crate::author::folder::Folder;
use crate::author::{proof, say};
use crate::cdp::Window;
use crate::driver::{Driver, DriverError, Session};
use crate::egress::Egress;
use crate::gate::{Gate, TrustWindow};
use crate::hosts::Hosts;
use crate::leavable::Leavable;
use crate::measure;
use crate::openers::Openers;
use crate::pace::Paces;
use crate::pictures;
use crate::sizing::browser_memory;

/// For how long a session may live; there is no lease that ends it.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);
/// How long signing out may take once somebody has pressed Ctrl-C.
const LEAVING: Duration = Duration::from_secs(5);
/// How many foreign hosts are told of; a page can name any number.
const FOREIGN_TOLD: usize = 40;
/// A page that is watched for longer waits for a person.
const PATIENT: u64 = 10 * 60 * 1000;

/// One run.
pub(crate) struct Run<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) portal: Url,
    pub(crate) credentials: Credentials,
    pub(crate) since: Option<Date>,
    pub(crate) through: &'a PortalArguments,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// All was read.
    Finished(Vec<ObservedAccount>),
    /// It wasn't.
    Failed(Failure),
    /// The author ended it.
    Interrupted,
}

impl Run<'_> {
    /// Drives the portal, and writes the report where one is wanted.
    pub(crate) fn go(self, person: impl Person) -> Result<Outcome, RunError> {
        let loopback = loopback(&self.portal)?;
        let kind = self.through.driver(&self.folder.record.drivers);
        if self.through.window() == Window::Shown && kind != DriverKind::Cdp {
            return Err(RunError::NoWindow(kind));
        }
        let openers = self.through.browser.openers(
            Drivers::new(vec![kind]).unwrap_or_default(),
            browser_memory(measure::machine()),
            self.through.window(),
        )?;
        // What can't be written is known before the bank is asked for anything.
        let unwritten = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::Unwritten { path, source }
        };
        let report = self.through.report().map(|path| report::open(path).map_err(unwritten(path))).transpose()?;
        let secrets = self.through.secrets();
        let maker = Maker::open(secrets, self.folder.script.institution());
        let maker = maker.map_err(unwritten(secrets.unwrap_or(&self.folder.path)))?;
        let saved = self.through.saved_pages(&self.folder.path);
        let keeper = saved.map(|folder| Keeper::open(&folder, self.folder.own.clone()).map_err(unwritten(&folder)));
        let script = Arc::new(self.folder.script.clone());
        let pages = if self.through.report().is_some() { Pages::Kept } else { Pages::Dropped };
        let mut trace = Trace::new(Arc::clone(&script), Taint::new(self.credentials.values().cloned()), pages);
        trace.keeper = keeper.transpose()?;
        trace.tickets = self.through.ticket().map(|path| Tickets::open(path, self.folder)).transpose()?;
        let hosts = Hosts::new(&self.portal, script.hosts(), loopback);
        let plan = Plan {
            portal_url: self.portal.clone(),
            credentials: self.credentials.clone(),
            open_intents: Vec::new(),
            today: today(script.timezone()),
            since: self.since,
            compares: Compares::No,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(RunError::Runtime)?;
        let outcome = runtime.block_on(async {
            let interrupts = interrupts();
            let gate = Gate::new(TrustWindow::new(Instant::now(), LONGEST, Duration::ZERO));
            let (mut session, egress) = open(&openers, kind, hosts, gate, self.portal.clone()).await?;
            let ending = session.ending();
            let pace = Paces::default().at(&self.folder.record.id, self.folder.record.limits.steps_per_minute());
            let mut loop_ = Loop {
                runner: Runner::new(script, plan),
                trace: &mut trace,
                egress,
                foreign: BTreeSet::new(),
                person,
                maker,
                interrupts,
                pace,
                slow: self.through.slow(),
                at: None,
                last: None,
            };
            let mut driver = Leavable::new(&mut *session);
            // Where it can't be done the run itself finds out why.
            if self.through.report().is_some() && driver.list_requests().await.is_err() {
                say("the session ended before it began");
            }
            let outcome = loop_.go(&mut driver).await;
            loop_.trace.asked(&driver.requests());
            ending.end().await;
            openers.end().await;
            Ok::<_, RunError>(outcome)
        });
        // A thread that waits for the terminal would keep the runtime from ending.
        runtime.shutdown_background();
        let outcome = redacted(&trace.taint, outcome?);
        for (account, what) in contradictions(&outcome) {
            trace.note("proof", format!("account {account}: {what}"));
        }
        trace.end(said(&outcome));
        if let Some((path, tickets)) = self.through.ticket().zip(trace.tickets.take())
            && tickets.write(&self.folder.script, &outcome).map_err(unwritten(path))?
        {
            say(&format!("ticket: {0}; see `agent repair {0}`", path.display()));
        }
        if let Some((path, file)) = self.through.report().zip(report) {
            let page = report::page(self.folder.script.institution(), &trace, &outcome);
            report::write(file, &page).map_err(unwritten(path))?;
        }
        Ok(outcome)
    }
}

/// Opens a session with the portal, and its way out.
async fn open(
    openers: &Openers,
    kind: DriverKind,
    hosts: Hosts,
    gate: Gate,
    portal: Url,
) -> Result<(Box<dyn Session>, Arc<Egress>), RunError> {
    let egress = Egress::open_at(openers.way_out(kind), hosts, gate.clone()).await.map_err(RunError::WayOut)?;
    let egress = Arc::new(egress);
    let session = openers.open(kind, gate, Arc::clone(&egress), portal).await.map_err(RunError::Session)?;
    Ok((session, egress))
}

/// How often somebody pressed Ctrl-C.
fn interrupts() -> watch::Receiver<usize> {
    let (sender, receiver) = watch::channel(0);
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            sender.send_modify(|count| *count += 1);
            if *sender.borrow() == 1 {
                say("ends after this step, and signs out if it can; press Ctrl-C again to end at once");
            }
        }
    });
    receiver
}

struct Loop<'a, P> {
    runner: Runner,
    trace: &'a mut Trace,
    egress: Arc<Egress>,
    /// The hosts that pages wanted and that aren't the script's.
    foreign: BTreeSet<String>,
    person: P,
    maker: Maker,
    interrupts: watch::Receiver<usize>,
    pace: crate::pace::Pace,
    slow: Duration,
    /// Where the last page was.
    at: Option<Url>,
    /// The page that was recognised last, and nothing was done on it since.
    last: Option<String>,
}

/// Why a verb wasn't carried out.
enum End {
    Driver(DriverError),
    Interrupted,
}

impl<P: Person> Loop<'_, P> {
    async fn go(&mut self, driver: &mut Leavable<'_>) -> Outcome {
        let mut observation = None;
        loop {
            if *self.interrupts.borrow() > 0 {
                self.leave(driver).await;
                return Outcome::Interrupted;
            }
            let command = self.runner.next(observation.take());
            for told in self.runner.told() {
                self.trace.told(&told);
            }
            let begun = Instant::now();
            let seen = match command {
                Command::Finish(accounts) => return Outcome::Finished(accounts),
                Command::Fail(failure) => return Outcome::Failed(failure),
                command => self.carry_out(driver, command).await,
            };
            match seen {
                Ok(seen) => {
                    self.trace.saw(&seen, begun.elapsed());
                    self.tell_foreign();
                    observation = Some(seen);
                }
                Err(End::Interrupted) => {
                    self.leave(driver).await;
                    return Outcome::Interrupted;
                }
                Err(End::Driver(error)) => return self.broken_off(error),
            }
        }
    }

    /// Says which hosts a page wanted in vain: some portals don't work without one of them.
    fn tell_foreign(&mut self) {
        for host in self.egress.foreign() {
            if self.foreign.len() < FOREIGN_TOLD && self.foreign.insert(host.clone()) {
                self.trace.foreign(&host);
            }
        }
    }

    async fn carry_out(&mut self, driver: &mut Leavable<'_>, command: Command) -> Result<Observation, End> {
        match command {
            Command::Visit(url) => {
                self.turn().await?;
                self.trace.visit(&url);
                let ended = at_once(self.interrupts.clone());
                tokio::select! { () = ended => Err(End::Interrupted), seen = driver.visit(&url) => Ok(seen?) }
            }
            Command::Watch(watch) => {
                let seen = self.watch(driver, &watch).await?;
                self.last = match &seen {
                    Observation::Recognised { page, .. } => Some(page.clone()),
                    _ => None,
                };
                if let Observation::Recognised { url, .. } = &seen {
                    self.at = Some(url.clone());
                }
                Ok(seen)
            }
            Command::Act(deed) => {
                self.turn().await?;
                let page = self.last.take();
                self.trace.acts(page.as_deref(), &deed.acts);
                let ended = at_once(self.interrupts.clone());
                tokio::select! { () = ended => Err(End::Interrupted), seen = driver.act(&deed) => Ok(seen?) }
            }
            Command::Capture(capture) => Ok(driver.capture(&capture).await?),
            Command::Collect(collect) => {
                let seen = driver.collect(&collect).await?;
                if let Observation::Captured(bodies) = &seen {
                    self.trace.note("captured", format!("{} of the portal's answers", bodies.len()));
                }
                Ok(seen)
            }
            Command::Download(download) => {
                self.turn().await?;
                let page = self.last.take();
                self.trace.acts(page.as_deref(), &download.deed.acts);
                let ended = at_once(self.interrupts.clone());
                tokio::select! { () = ended => Err(End::Interrupted), seen = driver.download(&download) => Ok(seen?) }
            }
            Command::LeaveBrowser => {
                let left = match &self.at {
                    Some(at) => driver.leave(at).await?,
                    None => Observation::Kept,
                };
                let is_left = matches!(left, Observation::Done);
                self.trace.note("browser", if is_left { "left; reads without it" } else { "stays" }.into());
                Ok(left)
            }
            Command::ReturnToBrowser => {
                let why = self.runner.fell_back_for().map_or("to compare", |code| code.as_str());
                self.trace.note("browser", format!("gone back to: {why}"));
                Ok(driver.go_back())
            }
            Command::Declare(effect) => {
                self.trace.note("effect", effect.to_string());
                Ok(Observation::Done)
            }
            Command::ReadPicture(selector) => {
                let mut interrupts = self.interrupts.clone();
                let seen = tokio::select! {
                    seen = pictures::read(driver, &selector) => seen?,
                    _ = interrupts.wait_for(|count| *count > 0) => return Err(End::Interrupted),
                };
                if let Observation::PictureRead(said) = &seen {
                    self.trace.note("picture", format!("{} QR codes", said.len()));
                    said.iter().for_each(|secret| self.trace.taint.add(secret.clone()));
                }
                Ok(seen)
            }
            Command::Make(making) => {
                self.trace.note("effect", making.effect().to_string());
                if let Making::Authenticator(secret) = &making {
                    self.trace.taint.add(secret.clone());
                }
                let mut interrupts = self.interrupts.clone();
                let made = tokio::select! {
                    made = self.maker.make(&making, &mut self.person) => made,
                    gone = driver.gone() => return Err(End::Driver(gone)),
                    _ = interrupts.wait_for(|count| *count > 0) => return Err(End::Interrupted),
                };
                let Some(made) = made else { return Ok(Observation::Refused(FailureCode::PortalActionProfile)) };
                made.iter().for_each(|secret| self.trace.taint.add(secret.clone()));
                Ok(Observation::Made(made))
            }
            Command::Ask(question) => {
                self.trace.note("challenge", question.kind.to_string());
                let mut interrupts = self.interrupts.clone();
                let asked = tokio::select! {
                    asked = self.person.ask(&question) => asked,
                    gone = driver.gone() => return Err(End::Driver(gone)),
                    _ = interrupts.wait_for(|count| *count > 0) => return Err(End::Interrupted),
                };
                Ok(match asked {
                    Asked::Answer(answer) => {
                        self.trace.taint.add(answer.clone());
                        Observation::Answered(answer)
                    }
                    Asked::Resend => Observation::Resend,
                    Asked::Elsewhere => Observation::Done,
                    Asked::Nobody => Observation::Refused(FailureCode::MfaTimeout),
                })
            }
            // Whoever is at the terminal wants to hear of such a page, and not to pass it.
            Command::OfferWheel(_) => Ok(Observation::Refused(FailureCode::PageUnrecognised)),
            Command::SettleIntents(_) | Command::SettleAnswer(_) | Command::Finish(_) | Command::Fail(_) => {
                Ok(Observation::Done)
            }
        }
    }

    /// Watches the page; a long watch waits for a person, and is ended by the first Ctrl-C.
    async fn watch(&mut self, driver: &mut dyn Driver, watch: &Watch) -> Result<Observation, End> {
        let enough = if watch.patience_ms > PATIENT { 1 } else { 2 };
        let mut interrupts = self.interrupts.clone();
        tokio::select! {
            _ = interrupts.wait_for(|count| *count >= enough) => Err(End::Interrupted),
            seen = driver.watch(watch) => Ok(seen?),
        }
    }

    /// Waits for a turn at the portal, and for an author who looks on.
    async fn turn(&self) -> Result<(), End> {
        let mut interrupts = self.interrupts.clone();
        let turn = async {
            self.pace.turn().await;
            sleep(self.slow).await;
        };
        tokio::select! {
            _ = interrupts.wait_for(|count| *count > 0) => Err(End::Interrupted),
            () = turn => Ok(()),
        }
    }

    /// Signs out, where the page that shows has what does it.
    async fn leave(&mut self, driver: &mut dyn Driver) {
        let script = self.trace.script();
        let Some((page, target)) = script.sign_out() else { return };
        if self.last.as_deref() != Some(page) || *self.interrupts.borrow() > 1 {
            return;
        }
        let deed = Deed { acts: vec![Act::Click { target: target.into() }], region: Vec::new() };
        self.trace.acts(None, &deed.acts);
        let done = timeout(LEAVING, driver.act(&deed)).await;
        let is_done = matches!(done, Ok(Ok(Observation::Acted)));
        self.trace.note("sign out", if is_done { "done" } else { "the session may still be open at the bank" }.into());
    }

    /// What a run comes to whose session is gone. What was read by then stands.
    fn broken_off(&self, error: DriverError) -> Outcome {
        let code = match error {
            DriverError::OutOfMemory => FailureCode::BrowserOom,
            DriverError::Crashed | DriverError::Shut(_) => FailureCode::BrowserCrashed,
        };
        match self.runner.outcome_if_signing_out() {
            Some(accounts) => Outcome::Finished(accounts),
            None => Outcome::Failed(Failure::new(code, self.runner.stage())),
        }
    }
}

impl From<DriverError> for End {
    fn from(error: DriverError) -> Self {
        Self::Driver(error)
    }
}

/// Ends with the second Ctrl-C.
async fn at_once(mut interrupts: watch::Receiver<usize>) {
    if interrupts.wait_for(|count| *count > 1).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether the portal is a simulated one on this machine; any other is spoken to in secret or not at all.
pub(crate) fn loopback(portal: &Url) -> Result<AllowLoopback, RunError> {
    let is_here = match portal.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match (is_here, portal.scheme()) {
        (true, "http" | "https") => Ok(AllowLoopback::Yes),
        (false, "https") => Ok(AllowLoopback::No),
        _ => Err(RunError::Portal(portal.clone())),
    }
}

/// What the accounts' own numbers contradict, each account by its place in the list, from 1.
pub(super) fn contradictions(outcome: &Outcome) -> Vec<(usize, String)> {
    let Outcome::Finished(accounts) = outcome else { return Vec::new() };
    let of = |(at, account): (usize, &ObservedAccount)| {
        proof::contradictions(account).into_iter().map(move |what| (at + 1, what))
    };
    accounts.iter().enumerate().flat_map(of).collect()
}

/// What came of a run, without what must not be shown. Records are what they are.
fn redacted(taint: &Taint, outcome: Outcome) -> Outcome {
    let clean = |failure: Failure| {
        let message = taint.words(&failure.message);
        let words = failure.institution_message.as_deref().map(|words| taint.words(words));
        failure.with_message(message).with_institution_message(words)
    };
    match outcome {
        Outcome::Finished(accounts) => {
            let of_account = |mut account: ObservedAccount| {
                account.failure = account.failure.map(clean);
                account
            };
            Outcome::Finished(accounts.into_iter().map(of_account).collect())
        }
        Outcome::Failed(failure) => Outcome::Failed(clean(failure)),
        Outcome::Interrupted => Outcome::Interrupted,
    }
}

/// How it ended, in a line.
fn said(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Finished(accounts) => {
            let transactions: usize = accounts.iter().map(|account| account.transactions.len()).sum();
            let read = accounts.iter().filter(|account| account.failure.is_none()).count();
            let of = if read < accounts.len() { format!(" of {}", accounts.len()) } else { String::new() };
            let failures =
                accounts.iter().enumerate().filter_map(|(at, account)| Some((at + 1, account.failure.as_ref()?)));
            let failures = failures
                .map(|(at, failure)| format!("\n             account {at}: {}: {}", failure.code, failure.message));
            format!("read {read}{of} accounts and {transactions} transactions{}", failures.collect::<String>())
        }
        Outcome::Failed(failure) => {
            let mut line = format!("{} at {}: {}", failure.code, failure.stage, failure.message);
            if let Some(words) = &failure.institution_message {
                line.push_str(&format!("\n             the bank says: {words}"));
            }
            line
        }
        Outcome::Interrupted => "interrupted".into(),
    }
}
