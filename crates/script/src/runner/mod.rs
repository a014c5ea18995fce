//! The machine that drives a portal by its script: one [`Observation`] in, one
//! [`Command`] out, until it ends.
//!
//! ```text
//! Visit ─▶ Watch ─▶ a page ──failure──▶ Fail
//!            ▲        │ ├───challenge─▶ Ask ─▶ Declare ─▶ Act ─┐
//!            │        │ ├───steps─────▶ (Declare) ─▶ Act ──────┤
//!            │        │ ├───what is set ───▶ Make ─▶ Act ──────┤
//!            │        │ └───a read────▶ Act ───────────────────┤
//!            │        └─────all read──▶ Act (sign out) ─▶ Finish
//!            └─────────────────────────────────────────────────┘
//! ```
//!
//! The page that shows settles what was open before anything else happens: effects
//! of an earlier holder, effects of this run, the answer that was given. A password
//! is submitted at most once in a run. Every loop is bounded.
//!
//! Not here: how records are read (`read`), in which order pages are visited
//! (`walk`), or how a command is carried out.

mod act;
mod answers;
mod ask;
mod ends;
mod entitled;
mod fetch;
mod files;
mod first_login;
mod lean;
mod pages;
mod plan;
mod reading;
mod recognise;
mod settle;
mod trouble;
mod turn;
mod walk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use domain::challenge::Question;
use domain::failure::{Failure, FailureCode, Stage};
use domain::run::{Effect, EffectOutcome};
use domain::secret::Secret;
use url::Url;

use crate::command::{Command, Left, Observation, Recogniser, Told, Watch, WaySeen};
use crate::document::Document;
use crate::language::{Meaning, Page, Script};
use act::{After, Batch};
use answers::Answers;
use entitled::Entitled;
use first_login::BeingSet;
use lean::Lean;
pub use plan::{Compares, Plan, UnknownPages};
use settle::Shows;
pub(crate) use turn::{Listed, next_acts};
use walk::Walk;

/// How many commands a run may take.
const COMMANDS_LIMIT: u32 = 10_000;

/// How long the page is watched while a person approves something elsewhere. Whoever carries
/// it out knows how long they have, and says so before.
const APPROVAL_PATIENCE_MS: u64 = 60 * 60 * 1000;

/// How often one page may come up without anything new being read.
const LOOKS_LIMIT: u32 = 6;

/// Drives one run. See the module's picture.
pub struct Runner {
    script: Arc<Script>,
    plan: Plan,
    /// Where a session shows that another run has signed in.
    begins_at: Option<Url>,
    recognisers: Vec<Recogniser>,
    awaiting: Awaiting,
    phase: Phase,
    stage: Stage,
    /// The page that was acted on last.
    acted: Option<Acted>,
    intents: Intents,
    /// An answer was submitted and the portal hasn't reacted yet.
    answered: bool,
    /// Something was set and the portal hasn't reacted yet.
    sets: bool,
    /// What was set in this run.
    set: Vec<Effect>,
    /// The password that was submitted in place of the one before, until the portal reacts.
    new_password: Option<Secret>,
    /// The page that was acted on came up again, which is a reaction of some kind.
    came_again: bool,
    /// Answers given since the last one that was accepted.
    attempts: u32,
    /// Questions asked in the run.
    asked: u32,
    /// New codes that the bank was asked for in the run.
    resent: u32,
    password_submitted: bool,
    /// What persons answered, which like the credentials never leaves the runner in
    /// the bank's words.
    answers: Vec<Secret>,
    /// That a person handed the wheel back, until the next look says what shows now; and on which page, if the script
    /// knows it.
    handed_back: Option<Option<String>>,
    /// How often a person handed back a page that asks.
    hand_backs: u32,
    /// How often a page was offered to a person that the script doesn't know.
    offered: u32,
    /// What is done where a page shows that the script doesn't know.
    unknown_pages: UnknownPages,
    /// Why an act couldn't be done, until the next look says whether it matters.
    stuck: Option<Failure>,
    /// How often each page came up since something was read.
    looks: BTreeMap<String, u32>,
    /// The page on which the first of the accounts failed that couldn't be read.
    spoiled_page: Option<Seen>,
    /// The page that the run's failure is about.
    failed_page: Option<Seen>,
    /// Whether the browser is left alone while it is read.
    lean: Lean,
    /// What the user may do.
    entitled: Entitled,
    /// What answers came to as a way to transactions, of each account.
    answers_seen: Vec<WaySeen>,
    /// What there is to tell of files.
    told: Vec<Told>,
    commands: u32,
}

/// What the next observation is an answer to.
enum Awaiting {
    Nothing,
    Visited,
    Page,
    /// A settlement; these come next, then the rest.
    Done(VecDeque<Command>, Then),
    Declared(Batch),
    /// What is set on this page is in a picture, which is looked at.
    PictureRead(Page),
    /// What is set on a page is made.
    Made(Box<BeingSet>),
    Acted(Batch),
    Answer(Page),
    /// A person may pass a page that nobody knows; the failure, if none does.
    Wheel(Failure),
    /// The answers of an account are kept, or aren't; it is opened then.
    Capturing(Batch),
    /// What came of them; the page that shows.
    Collected(Box<Seen>),
    /// A file is on its way; the page that it is asked for on.
    Fetched(Box<Seen>),
    /// The browser is left, or isn't; the page that showed in it.
    BrowserLeft(Box<Seen>),
    /// The browser is gone back to.
    BrowserReturned,
    End(Command),
}

/// What follows a settlement.
enum Then {
    Handle(Box<Seen>),
    Look,
    OfferWheel(Box<(Question, Failure)>),
    Fail(Failure),
}

/// How far the run has come.
enum Phase {
    SigningIn,
    Reading(Box<Walk>),
    /// The run is over, with this; the session is ended as far as that works.
    SigningOut(Box<Command>),
}

/// Declared effects that aren't settled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Intents {
    None,
    /// Of an earlier holder.
    Inherited,
    /// Of this run.
    Own,
}

/// A page that shows.
#[derive(Clone)]
struct Seen {
    page: Page,
    url: Url,
    html: String,
}

struct Acted {
    page: String,
}

impl Runner {
    /// A run that hasn't started; [`next`](Self::next) with no observation starts it.
    #[must_use]
    pub fn new(script: Arc<Script>, plan: Plan) -> Self {
        let recognisers = recognise::recognisers(&script);
        let intents = if plan.open_intents.is_empty() { Intents::None } else { Intents::Inherited };
        Self {
            script,
            plan,
            begins_at: None,
            recognisers,
            awaiting: Awaiting::Nothing,
            phase: Phase::SigningIn,
            stage: Stage::Connect,
            acted: None,
            intents,
            answered: false,
            sets: false,
            set: Vec::new(),
            new_password: None,
            came_again: false,
            attempts: 0,
            asked: 0,
            resent: 0,
            password_submitted: false,
            answers: Vec::new(),
            handed_back: None,
            hand_backs: 0,
            offered: 0,
            unknown_pages: UnknownPages::Fail,
            stuck: None,
            looks: BTreeMap::new(),
            spoiled_page: None,
            failed_page: None,
            lean: Lean::default(),
            entitled: Entitled::default(),
            answers_seen: Vec::new(),
            told: Vec::new(),
            commands: 0,
        }
    }

    /// The same run, with what is done where a page shows during the sign-in that the script doesn't know.
    #[must_use]
    pub fn on_unknown_pages(self, unknown_pages: UnknownPages) -> Self {
        Self { unknown_pages, ..self }
    }

    /// The next command. The first call takes no observation, each later one the
    /// answer to the command before; after the end, the last command comes again.
    pub fn next(&mut self, observation: Option<Observation>) -> Command {
        self.commands += 1;
        if self.commands > COMMANDS_LIMIT && !matches!(self.awaiting, Awaiting::End(_)) {
            let message = format!("the run took more than {COMMANDS_LIMIT} commands");
            return self.fail(FailureCode::PageUnrecognised, message);
        }
        let awaiting = std::mem::replace(&mut self.awaiting, Awaiting::Nothing);
        match (awaiting, observation) {
            (Awaiting::End(command), _) => self.end(command),
            (Awaiting::Nothing, None) => self.start(),
            (Awaiting::Fetched(seen), Some(observation)) => self.fetched(*seen, observation),
            (_, Some(Observation::Unreachable(trouble))) => self.unreachable(trouble),
            (Awaiting::Visited, Some(Observation::Visited)) => self.watch(),
            (Awaiting::Page, Some(Observation::Recognised { page, url, html })) => self.recognised(&page, url, html),
            (Awaiting::Page, Some(Observation::Unrecognised { url, html, still })) => {
                self.unrecognised(&url, &html, still.as_deref())
            }
            (Awaiting::Done(commands, then), Some(Observation::Done)) => self.settle(commands, then),
            (Awaiting::Declared(batch), Some(Observation::Done)) => self.carry_out(batch),
            (Awaiting::PictureRead(page), Some(Observation::PictureRead(said))) => self.picture_read(page, said),
            (Awaiting::PictureRead(page), Some(Observation::Kept)) => self.picture_unread(&page, None),
            (Awaiting::PictureRead(page), Some(Observation::Stuck { problem, .. })) => {
                self.picture_unread(&page, Some(problem))
            }
            (Awaiting::Made(being_set), Some(Observation::Made(made))) => self.made(*being_set, made),
            (
                Awaiting::Declared(_) | Awaiting::Made(_) | Awaiting::Answer(_) | Awaiting::Page,
                Some(Observation::Refused(code)),
            ) => {
                let failure = Failure::new(code, self.stage);
                self.end(Command::Fail(failure))
            }
            (Awaiting::Acted(batch), Some(Observation::Acted)) => {
                self.acted = Some(Acted { page: batch.page }).filter(|_| batch.after == After::OnceChanged);
                self.watch()
            }
            (Awaiting::Acted(batch), Some(Observation::Stuck { target, problem, html })) => {
                self.stuck(batch, &target, problem, &html)
            }
            (Awaiting::Answer(page), Some(Observation::Answered(answer))) => self.answered(&page, &answer),
            (Awaiting::Answer(page), Some(Observation::Resend)) => self.resend(page),
            (Awaiting::Answer(page), Some(Observation::Done)) => self.approving(page),
            (Awaiting::Answer(page), Some(Observation::HandedBack)) => self.handed_back(Some(page.name)),
            (Awaiting::Page, Some(Observation::HandedBack)) => {
                let page = self.acted.take().map(|acted| acted.page);
                self.handed_back(page)
            }
            (Awaiting::Wheel(_), Some(Observation::HandedBack)) => self.handed_back(None),
            (Awaiting::Wheel(failure), Some(Observation::Refused(_))) => self.fail_unless_aside(failure),
            (Awaiting::Capturing(batch), Some(Observation::Done)) => self.capturing(batch, Answers::Kept),
            (Awaiting::Capturing(batch), Some(Observation::Kept)) => self.capturing(batch, Answers::Off),
            (Awaiting::Collected(seen), Some(Observation::Captured(bodies))) => self.collected(*seen, bodies),
            (Awaiting::BrowserLeft(seen), Some(Observation::Kept)) => self.kept(*seen),
            (Awaiting::BrowserLeft(_) | Awaiting::BrowserReturned, Some(Observation::Done)) => self.watch(),
            (_, _) => {
                // Trying that again elsewhere would only repeat it.
                let message = "the driver's answer wasn't one to the command before it";
                self.fail(FailureCode::PageUnrecognised, message)
            }
        }
    }

    /// What it goes by.
    #[must_use]
    pub fn script(&self) -> &Script {
        &self.script
    }

    /// How far the run has come.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    fn watch(&mut self) -> Command {
        self.awaiting = Awaiting::Page;
        // After an act that couldn't be done, the page counts as it stands.
        let acted = self.acted.as_ref().filter(|_| self.stuck.is_none());
        let left = acted.map(|acted| Left { page: acted.page.clone() });
        Command::Watch(Watch {
            pages: self.recognisers.clone(),
            busy: self.script.busy.iter().map(|css| css.text().to_owned()).collect(),
            left,
            popups: self.script.popups,
            patience_ms: if self.is_approving() { APPROVAL_PATIENCE_MS } else { self.script.patience_ms },
        })
    }

    fn recognised(&mut self, page: &str, url: Url, html: String) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        let Some(page) = self.script.page(page).cloned() else {
            return self.fail(FailureCode::PageUnrecognised, "the driver recognised a page that wasn't asked for");
        };
        if self.stage == Stage::Connect {
            self.stage = Stage::Login;
        }
        let is_same = self.acted.as_ref().is_some_and(|acted| acted.page == page.name);
        let shows = if is_same { Shows::TheSame } else { Shows::Another };
        let seen = Seen { page, url, html };
        if let Some(failure) = self.stuck.take()
            && shows == Shows::TheSame
        {
            if let Some(command) = self.go_on_without(&seen, &failure) {
                return command;
            }
            // The page is still there, so nothing submitted it.
            let commands = self.own_settlements(EffectOutcome::Absent);
            return self.settle(commands, Then::Fail(failure));
        }
        let looks = self.looks.entry(seen.page.name.clone()).or_default();
        *looks += 1;
        if *looks > LOOKS_LIMIT && self.lean.is_on() {
            return self.return_to_browser(FailureCode::PageUnrecognised);
        }
        if *looks > LOOKS_LIMIT {
            let message = format!("the page `{}` came up {looks} times and nothing changed", seen.page.name);
            let commands = self.own_settlements(EffectOutcome::Happened);
            return self.settle(
                commands,
                Then::Fail(Failure::new(FailureCode::PageUnrecognised, self.stage).with_message(message)),
            );
        }
        self.settle_by(seen, shows)
    }

    /// Does what the script says of the page.
    fn handle(&mut self, seen: Seen) -> Command {
        match &seen.page.meaning {
            Meaning::Failure { code, .. } if self.lean.is_on() => {
                return self.return_to_browser(*code);
            }
            Meaning::Failure { code, message } => {
                let words = message.as_ref().and_then(|pick| Document::parse(&seen.html).ok()?.pick(pick));
                let words = words.map(|words| self.bounded(&words));
                let failure = Failure::new(*code, self.stage).with_institution_message(words);
                return self.fail_unless_aside(failure);
            }
            Meaning::SignedIn if matches!(self.phase, Phase::SigningIn) => {
                self.stage = Stage::Accounts;
                self.begin_reading();
                if let Some(command) = self.leave_browser(&seen) {
                    return command;
                }
            }
            _ => {}
        }
        if let Phase::Reading(walk) = &self.phase
            && walk.expects() == seen.page.name
        {
            return match walk.awaits() {
                Some(expects) => self.collect(seen, expects),
                None => self.read(seen),
            };
        }
        let asks = matches!(seen.page.meaning, Meaning::Challenge(_)) || seen.page.submits();
        if asks && self.lean.is_on() {
            // The session isn't one without the browser.
            return self.return_to_browser(FailureCode::SessionExpired);
        }
        // So it is where the list was gone to by its address.
        if asks && let Some(end) = self.end_without_list() {
            return end;
        }
        if let Meaning::Challenge(challenge) = &seen.page.meaning {
            return self.ask(&seen, &seen.page, challenge);
        }
        if seen.page.meaning.sets_something() {
            return self.set(&seen);
        }
        if let Meaning::Terms(terms) = &seen.page.meaning {
            return self.ask_for_terms(&seen, terms);
        }
        if seen.page.steps.is_empty() {
            // It may be on its way to the page that is waited for.
            self.acted = Some(Acted { page: seen.page.name });
            return self.watch();
        }
        self.act(&seen.page, None, Vec::new())
    }

    fn fail(&mut self, code: FailureCode, message: impl Into<String>) -> Command {
        if let Some(command) = self.signed_out() {
            return command;
        }
        let failure = Failure::new(code, self.stage).with_message(message);
        self.end(Command::Fail(failure))
    }

    fn end(&mut self, command: Command) -> Command {
        self.awaiting = Awaiting::End(command.clone());
        command
    }
}
