//! Taking rows from the portal's own answers in place of a table that shows a part of them.
//!
//! ```text
//! Capture ──can't──▶ the table is read
//!    │ open the account
//!    ▼
//! a page shows ─▶ Collect ──none, or none like the script says, at the first look──▶ the table is read
//!    ▲               │
//!    │               ▼
//!    │            join by key ─▶ hold the page's rows against them ──differ──▶ the account's failure
//!    └──turn──────────┘
//! ```
//!
//! What is turned are the page's own pages, so a portal is asked for nothing that its page wouldn't
//! ask for. Not here: JSON, and what differs (`read`).

use std::collections::HashSet;

use domain::failure::{Failure, FailureCode};
use domain::observation::Sheet;
use domain::transaction::ObservedTransaction;

use super::act::Batch;
use super::{Awaiting, Phase, Runner, Seen};
use crate::command::{Body, Capture, Collect, Command, Expects, Vote, WaySeen};
use crate::document::Document;
use crate::language::{Captured, TransactionsRead};
use crate::read::{Answer, Cells, Days, Place, Shown, Unread, answer, captured, has_year, layout, page, transactions};

/// What is known of an account's answers.
#[derive(Default)]
pub(super) enum Answers {
    /// They aren't taken: the script says nothing of them, or the driver sees none.
    #[default]
    Off,
    /// The driver keeps them, and none was looked at.
    Kept,
    /// Rows come from them.
    Joined(Box<Joined>),
    /// They were none, or unlike what the script says: the table is read.
    Lost,
}

/// The answers of an account so far.
#[derive(Default)]
pub(super) struct Joined {
    /// What tells the rows apart that were taken.
    keys: HashSet<String>,
    /// What the page may show.
    shown: Shown,
    /// What the latest says of an end.
    is_last: Option<bool>,
    announced: Option<u64>,
}

/// What came of a look.
#[derive(Default)]
pub(super) struct Taken {
    /// Those that are new, in the portal's order, with the cells that they were read from.
    pub(super) rows: Vec<(Sheet, Vec<ObservedTransaction>)>,
    /// Whether the page that shows has none.
    pub(super) is_empty: bool,
}

impl Answers {
    pub(super) const fn are_kept(&self) -> bool {
        matches!(self, Self::Kept | Self::Joined(_))
    }

    /// Whether rows come from them.
    pub(super) const fn joined(&self) -> Option<&Joined> {
        match self {
            Self::Joined(joined) => Some(joined),
            Self::Off | Self::Kept | Self::Lost => None,
        }
    }

    /// How they are waited for.
    pub(super) const fn expects(&self) -> Expects {
        if matches!(self, Self::Kept) { Expects::One } else { Expects::Nothing }
    }

    /// Takes the rows that are new, and holds what the page shows against all of them; none where
    /// the table has to be read.
    pub(super) fn take(
        &mut self,
        bodies: Vec<Body>,
        document: &Document,
        read: &TransactionsRead,
        cells: Cells<'_>,
        place: &Place,
    ) -> Result<Option<Taken>, Failure> {
        let Some(said) = read.captured.as_deref().filter(|_| self.are_kept()) else { return Ok(None) };
        let mut answers = Vec::with_capacity(bodies.len());
        for body in bodies {
            match opened(&body, said, place) {
                Ok(answer) => answers.push(answer),
                Err(Unread::Unlike { .. }) if self.joined().is_none() => {
                    *self = Self::Lost;
                    return Ok(None);
                }
                Err(unread) => return Err(unread.failure(place)),
            }
        }
        if self.joined().is_none() && answers.is_empty() {
            *self = Self::Lost;
            return Ok(None);
        }
        let mut joined = match std::mem::take(self) {
            Self::Joined(joined) => joined,
            Self::Off | Self::Kept | Self::Lost => Box::default(),
        };
        let mut taken = Taken::default();
        for answer in answers {
            let sheet = joined.unseen(answer);
            let rows = captured(&sheet, said, cells, place)?;
            joined.shown.add(&rows);
            taken.rows.push((sheet, rows));
        }
        taken.is_empty = joined.hold(document, read, cells, place)?;
        *self = Self::Joined(joined);
        Ok(Some(taken))
    }
}

fn opened(body: &Body, said: &Captured, place: &Place) -> Result<Answer, Unread> {
    let lost = |what: &str| Unread::Failed(place.failure(FailureCode::DataIncomplete, what));
    match body {
        Body::Text(text) => answer(text, said, place),
        Body::TooLarge => Err(lost("the portal's answers are more than is kept of them: 8 MiB each, 32 MiB in all")),
        Body::Lost => Err(lost("an answer of the portal was gone before it was looked at")),
    }
}

impl Joined {
    /// Whether the latest answer says that no more follow.
    pub(super) fn has_ended(&self) -> bool {
        self.is_last == Some(true)
    }

    /// Whether it says that more follow.
    pub(super) fn goes_on(&self) -> bool {
        self.is_last == Some(false)
    }

    pub(super) const fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// The rows of an answer that no answer before it had.
    fn unseen(&mut self, answer: Answer) -> Sheet {
        let Answer { mut sheet, keys, is_last, announced } = answer;
        self.is_last = is_last;
        self.announced = announced.or(self.announced);
        let mut is_new = keys.into_iter().map(|key| self.keys.insert(key));
        sheet.rows.retain(|_| is_new.next() == Some(true));
        sheet
    }

    /// Holds what the page shows against them; whether it shows nothing.
    fn hold(
        &self,
        document: &Document,
        read: &TransactionsRead,
        cells: Cells<'_>,
        place: &Place,
    ) -> Result<bool, Failure> {
        let sheet = page(document, read, place)?.sheet;
        let rows = transactions(&sheet, read, cells, place)?;
        let date = layout(&sheet, read).and_then(|layout| layout.format.date.as_ref());
        let days = if date.is_some_and(has_year) { Days::Whole } else { Days::OfAnyYear };
        self.shown.hold(&rows, days).map_err(|odd| place.failure(FailureCode::ScriptParse, odd.text()))?;
        if rows.is_empty() && !self.shown.is_empty() {
            let what = "the page shows no rows, and the portal's answers have some";
            return Err(place.failure(FailureCode::ScriptParse, what));
        }
        Ok(rows.is_empty())
    }
}

impl Runner {
    /// What the portal's own answers came to as a way to transactions, once for each account whose
    /// answers were looked at: found, or nothing like what the script says.
    #[must_use]
    pub fn answers_seen(&self) -> Vec<Vote> {
        let vote = |seen: &WaySeen| Vote { way: "captured".into(), seen: *seen };
        self.answers_seen.iter().map(vote).collect()
    }

    /// Opens an account, once its answers are kept.
    pub(super) fn capture(&mut self, capture: Capture, batch: Batch) -> Command {
        self.awaiting = Awaiting::Capturing(batch);
        Command::Capture(capture)
    }

    /// The driver keeps answers, or doesn't.
    pub(super) fn capturing(&mut self, batch: Batch, answers: Answers) -> Command {
        if let Phase::Reading(walk) = &mut self.phase {
            walk.set_answers(answers);
        }
        self.carry_out(batch)
    }

    /// Asks for what came since, before the page that shows is read.
    pub(super) fn collect(&mut self, seen: Seen, expects: Expects) -> Command {
        let patience_ms = self.script.patience_ms;
        self.awaiting = Awaiting::Collected(Box::new(seen));
        Command::Collect(Collect { patience_ms, expects })
    }

    /// Goes on with the page, and what came.
    pub(super) fn collected(&mut self, seen: Seen, bodies: Vec<Body>) -> Command {
        match &mut self.phase {
            Phase::Reading(walk) => {
                walk.bring(bodies);
                self.read(seen)
            }
            Phase::SigningIn | Phase::SigningOut(_) => self.handle(seen),
        }
    }
}
