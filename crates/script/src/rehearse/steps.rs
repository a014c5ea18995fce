//! Trying on a saved page whatever a script does there, or takes a text from: does each find its one thing, and by which
//! of its ways? What is looked for, and how, is what a run would look for.
//!
//! A saved page can't say what style sheets hide, nor what its scripts would do once a field is filled. Not here: doing
//! any of it.

use domain::failure::{FailureCode, Stage};
use serde::Serialize;

use crate::command::{Act, Problem, Target};
use crate::controls::takes;
use crate::css::Css;
use crate::document::{Document, is_hidden};
use crate::language::{Back, Meaning, Next, Page, Pick, Script, SecretShown, Step, TransactionsRead, Worded};
use crate::read::{Place, list, page as transactions_page};
use crate::runner::{Listed, next_acts};
use crate::ways::{Fitting, agreed, brief, fitting, is_usable, listed, shown_way};

/// How many of the things that a way finds are named.
const NAMED: usize = 3;

/// One thing that a script does on a page, or takes a text from, tried on a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// Which one, as the script's keys say: `do 2, click`, `next`.
    pub step: String,
    /// Its first way, as the script says it.
    pub target: String,
    /// What came of it.
    pub end: TrialEnd,
    /// How many of its ways agree on what was found.
    pub agree: usize,
    /// Each way, and what it finds.
    pub ways: Vec<WayTried>,
    /// More of it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One of the ways to find something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WayTried {
    /// As the script says it.
    pub way: String,
    /// How many things it finds that could be acted on, or read.
    pub finds: usize,
    /// The first of them: tags with what tells them apart, as evidence would have it.
    pub first: Vec<String>,
}

/// What came of trying one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TrialEnd {
    /// It is there.
    Found,
    /// It isn't, and needn't be on each page.
    NotOnThisPage,
    /// It isn't, and has to be.
    Missing,
    /// Several things fit.
    Ambiguous,
    /// The ways name different things, or too few of them find it.
    Disagreement,
    /// What fits is hidden or disabled, or nothing can be typed into it.
    NotActionable,
}

impl Trial {
    /// Whether a run would fail here.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        !matches!(self.end, TrialEnd::Found | TrialEnd::NotOnThisPage)
    }

    /// What came of it, in a line.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { step, target, ways, why, .. } = self;
        let what = match self.end {
            TrialEnd::Found if ways.len() > 1 => format!("found, {} of {} ways agree", self.agree, ways.len()),
            TrialEnd::Found => "found".into(),
            TrialEnd::NotOnThisPage => "not on this page".into(),
            TrialEnd::Missing => "finds nothing".into(),
            TrialEnd::Ambiguous => "finds several things".into(),
            TrialEnd::Disagreement => "its ways name different things, or too few of them find it".into(),
            TrialEnd::NotActionable => "what it finds can't be acted on".into(),
        };
        let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{step} `{target}`: {what}{why}")
    }
}

/// Whether something has to be there on each look of its page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Needed,
    Optional,
}

impl Script {
    /// Tries all that the script does on a page and takes texts from, in the order of the script; nothing where the
    /// document isn't looked into.
    #[must_use]
    pub fn try_steps(&self, page: &str, html: &str) -> Vec<Trial> {
        let Ok(document) = Document::parse(html) else { return Vec::new() };
        let mut tries = Tries { document: &document, trials: Vec::new() };
        if let Some(page) = self.page(page) {
            tries.meaning(page);
        }
        tries.list(self, page);
        tries.account(self, page);
        tries.trials
    }
}

/// What was tried so far.
struct Tries<'d> {
    document: &'d Document,
    trials: Vec<Trial>,
}

impl Tries<'_> {
    /// What a page means: its steps, and the bank's words.
    fn meaning(&mut self, page: &Page) {
        match &page.meaning {
            Meaning::Failure { message: Some(message), .. } => self.text("message", message),
            Meaning::Challenge(challenge) => {
                self.text("prompt", &challenge.prompt);
                if let Some(target) = &challenge.target {
                    self.text("target", target);
                }
                if let Some(resend) = &challenge.resend {
                    // A bank may show it only after a while.
                    self.act("resend", &resend.click, Presence::Optional);
                }
            }
            Meaning::Enrol(enrol) => match &enrol.secret {
                SecretShown::Text(secret) => self.text("secret", secret),
                SecretShown::Picture(picture) => self.shown("picture", picture, Presence::Needed),
            },
            Meaning::Questions(questions) => {
                for (index, asked) in questions.asked.iter().enumerate() {
                    let name = |key: &str| format!("asked {}, {key}", index + 1);
                    match &asked.question {
                        Worded::Shown(pick) => self.text(&name("shown"), pick),
                        Worded::Chosen(css) => {
                            self.fill(&name("choose"), &css.text().into(), None, Presence::Needed);
                        }
                    }
                    self.fill(&name("answer"), &asked.answer.text().into(), None, Presence::Needed);
                }
            }
            Meaning::Terms(terms) => {
                self.text("title", &terms.title);
                self.shown("text", &terms.text, Presence::Needed);
            }
            Meaning::NewPassword(_) => {}
            Meaning::Failure { message: None, .. } | Meaning::Passage | Meaning::SignedIn | Meaning::SignedOut => {}
        }
        if let Some(refused) = page.meaning.refused() {
            self.shown("refused", refused, Presence::Optional);
        }
        for (index, step) in page.steps.iter().enumerate() {
            let name = |verb: &str| format!("do {}, {verb}", index + 1);
            match step {
                Step::Fill { into, .. } => self.fill(&name("fill"), into, None, Presence::Needed),
                Step::Click { target, .. } => {
                    // A button may wait for a field that is filled before it.
                    let waits = page.steps.iter().take(index).any(|before| matches!(before, Step::Fill { .. }));
                    self.act(&name("click"), target, Presence::Needed);
                    let last = self.trials.last_mut().filter(|last| waits && last.end == TrialEnd::NotActionable);
                    if let Some(last) = last {
                        last.end = TrialEnd::Found;
                        last.why =
                            Some("as the page was saved it can't be clicked, and fields are filled before".into());
                    }
                }
                Step::ClosePopup => {}
            }
        }
    }

    /// What is done on the list of accounts, and where its user's permissions are.
    fn list(&mut self, script: &Script, page: &str) {
        let reads = &script.reads;
        if let Some(read) = reads.permissions.as_ref().filter(|read| read.on == page) {
            self.click("back of permissions", &read.back, Presence::Needed);
        }
        if reads.accounts.on != page {
            return;
        }
        if let Some(visit) = &reads.visit {
            self.open(script, &visit.open);
        }
        if let Some(read) = &reads.permissions {
            self.click("open of permissions", &read.open, Presence::Needed);
        }
        if let Some(css) = &script.sign_out {
            self.click("sign_out", css, Presence::Needed);
        }
    }

    /// What leads from each row to its account.
    fn open(&mut self, script: &Script, open: &Css) {
        let read = &script.reads.accounts;
        let place = Place { stage: Stage::Accounts, account: None };
        // A list that can't be read is told of where it is read.
        let Ok(listing) = list(self.document, read, &place) else { return };
        let mut trial = trial("open", open.text(), TrialEnd::Found, Vec::new());
        let mut found = Vec::new();
        for (index, entry) in listing.entries.iter().enumerate() {
            if read.no_page.as_ref().is_some_and(|css| css.fits(entry.row)) {
                continue;
            }
            let within: Vec<_> = open.within(entry.row).collect();
            // A run makes a selector for it, which would be sought in the whole page for each of its rows.
            let end = match within.as_slice() {
                [] => TrialEnd::Missing,
                [link] if is_usable(link) => TrialEnd::Found,
                [_] => TrialEnd::NotActionable,
                _ => TrialEnd::Ambiguous,
            };
            if end != TrialEnd::Found && trial.end == TrialEnd::Found {
                trial.end = end;
                let what = if within.len() > 1 { format!("fits {}", listed(&within)) } else { String::new() };
                trial.why = Some(format!("row {} {what}", index + 1).trim_end().to_owned());
            }
            found.extend(within);
        }
        trial.agree = usize::from(trial.end == TrialEnd::Found);
        trial.ways = vec![tried(format!("`{}`", open.text()), &found)];
        self.trials.push(trial);
    }

    /// What is done on an account's own pages.
    fn account(&mut self, script: &Script, page: &str) {
        let Some(visit) = &script.reads.visit else { return };
        let unless = script.reads.transactions.as_ref().and_then(|read| read.unless.as_ref());
        let has_none = unless.is_some_and(|css| self.document.shown(css).is_some());
        if visit.page == page {
            if let Some(onward) = visit.onward.as_ref().filter(|_| !has_none) {
                self.click("open of transactions", &onward.open, Presence::Needed);
            }
            // With a page of its own for transactions this one is left only where they can't be read.
            self.back("back", &visit.back);
        }
        if let Some(onward) = visit.onward.as_ref().filter(|onward| onward.page == page) {
            self.back("back of transactions", &onward.back);
        }
        let on = visit.onward.as_ref().map_or(&visit.page, |onward| &onward.page);
        if let Some(read) = script.reads.transactions.as_ref().filter(|_| on == page && !has_none) {
            self.turns(read);
        }
    }

    fn back(&mut self, step: &str, back: &Back) {
        if let Back::Click(css) = back {
            self.click(step, css, Presence::Needed);
        }
    }

    /// What leads on in a list of transactions, and what asks for more of it.
    fn turns(&mut self, read: &TransactionsRead) {
        let leads_on = self.next(read);
        if let Some(windows) = &read.windows {
            // Days are asked for on the last page of those before.
            let presence = if leads_on { Presence::Optional } else { Presence::Needed };
            self.fill("from of windows", &windows.from.text().into(), None, presence);
            self.fill("to of windows", &windows.to.text().into(), None, presence);
            self.click("click of windows", &windows.click, presence);
        }
        // Without a file the table is read.
        if let Some(file) = &read.file {
            for (css, text) in &file.fill {
                self.fill("fill of file", &css.text().into(), Some(text.as_str()), Presence::Optional);
            }
            for (step, css) in
                file.days.iter().flat_map(|days| [("from of file", &days.from), ("to of file", &days.to)])
            {
                self.fill(step, &css.text().into(), None, Presence::Optional);
            }
            self.click("click of file", &file.click, Presence::Optional);
        }
    }

    /// What leads to the next page; whether anything does.
    fn next(&mut self, read: &TransactionsRead) -> bool {
        let Some(next) = &read.next else { return false };
        let place = Place { stage: Stage::Transactions, account: None };
        let is_empty = transactions_page(self.document, read, &place).is_ok_and(|page| page.sheet.rows.is_empty());
        let listed = if is_empty { Listed::Nothing } else { Listed::Rows };
        let css = match next {
            Next::Click { target: css, .. } | Next::More(css) => css,
            Next::Choose { of: css, .. } | Next::Behind { click: css, .. } | Next::Scroll { within: css, .. } => css,
        };
        match next_acts(self.document, read, listed, &place) {
            Ok(acts) if acts.is_empty() => {
                let there: Vec<_> = self.document.all(css).filter(|element| !is_hidden(element)).collect();
                let end = if there.is_empty() { TrialEnd::NotOnThisPage } else { TrialEnd::Found };
                let mut trial = trial("next", css.text(), end, vec![tried(format!("`{}`", css.text()), &there)]);
                trial.agree = usize::from(!there.is_empty());
                trial.why = (!there.is_empty()).then(|| "it leads no further: this is the last page".to_owned());
                self.trials.push(trial);
                false
            }
            Ok(acts) => {
                for act in &acts {
                    match act {
                        Act::Fill { into, text } => {
                            self.fill("choose of next", into, Some(text.expose()), Presence::Needed);
                        }
                        Act::Click { target } => self.act("next", target, Presence::Needed),
                        Act::Scroll { within, .. } => {
                            self.act("scroll of next", &within.as_str().into(), Presence::Needed);
                        }
                        Act::ClosePopup => {}
                    }
                }
                true
            }
            Err(failure) => {
                let end = match failure.code {
                    FailureCode::ElementAmbiguous => TrialEnd::Ambiguous,
                    _ => TrialEnd::Missing,
                };
                let mut trial = trial("next", css.text(), end, vec![tried(format!("`{}`", css.text()), &[])]);
                trial.why = Some(failure.message);
                self.trials.push(trial);
                false
            }
        }
    }

    fn click(&mut self, step: &str, css: &Css, presence: Presence) {
        self.act(step, &css.text().into(), presence);
    }

    /// Something that is acted on.
    fn act(&mut self, step: &str, target: &Target, presence: Presence) {
        let (fitting, found) = agreed_on(self.document, target);
        let ways = target.ways().iter().zip(&fitting);
        let ways: Vec<WayTried> = ways.map(|(way, fitting)| tried(shown_way(way), &fitting.usable)).collect();
        let mut trial = trial(step, target.text(), TrialEnd::Found, ways);
        match found {
            Ok(()) => {
                let winner = agreed(target, &fitting).ok().map(|element| element.id());
                let names_it =
                    |fitting: &&Fitting<'_>| matches!(fitting.usable.as_slice(), [one] if Some(one.id()) == winner);
                trial.agree = fitting.iter().filter(names_it).count();
            }
            Err(problem) => {
                trial.end = end(problem, presence);
                let several = fitting.iter().zip(target.ways()).filter(|(fitting, _)| fitting.usable.len() > 1);
                let several =
                    several.map(|(fitting, way)| format!("{} fits {}", shown_way(way), listed(&fitting.usable)));
                let several: Vec<String> = several.collect();
                trial.why = (!several.is_empty()).then(|| several.join("; "));
            }
        }
        self.trials.push(trial);
    }

    /// Something that a text is put into: this one, where the script or the page says which.
    fn fill(&mut self, step: &str, target: &Target, text: Option<&str>, presence: Presence) {
        self.act(step, target, presence);
        let Some(field) = agreed(target, &fitting(self.document, target)).ok() else { return };
        let takes = takes(&field, text);
        if let Some(last) = self.trials.last_mut().filter(|_| !takes) {
            last.end = TrialEnd::NotActionable;
            last.why = Some(match (field.value().name(), text) {
                ("select", Some(_)) => format!("it isn't one of the options of `{}`", brief(field)),
                ("select", None) => format!("`{}` has no option that could be taken", brief(field)),
                _ => format!("nothing can be typed into `{}`", brief(field)),
            });
        }
    }

    /// A piece of text.
    fn text(&mut self, step: &str, pick: &Pick) {
        let Some(css) = &pick.of else { return };
        self.shown(step, css, Presence::Needed);
        let is_cut = self.document.pick(pick).is_some();
        if let Some(last) = self.trials.last_mut().filter(|last| last.end == TrialEnd::Found && !is_cut) {
            last.end = TrialEnd::Missing;
            last.why = Some("the first that fits is empty, or without what its other keys want of it".into());
        }
    }

    /// Something that is looked at, of which the first counts.
    fn shown(&mut self, step: &str, css: &Css, presence: Presence) {
        let there: Vec<_> = self.document.all(css).filter(|element| !is_hidden(element)).collect();
        let end = match there.is_empty() {
            true => self::end(Problem::Missing, presence),
            false => TrialEnd::Found,
        };
        let mut trial = trial(step, css.text(), end, vec![tried(format!("`{}`", css.text()), &there)]);
        trial.agree = usize::from(!there.is_empty());
        self.trials.push(trial);
    }
}

fn trial(step: &str, target: &str, end: TrialEnd, ways: Vec<WayTried>) -> Trial {
    Trial { step: step.to_owned(), target: target.to_owned(), end, agree: 0, ways, why: None }
}

fn tried(way: String, found: &[scraper::ElementRef<'_>]) -> WayTried {
    let first = found.iter().take(NAMED).map(|element| brief(*element)).collect();
    WayTried { way, finds: found.len(), first }
}

/// What each way fits, and whether they agree on one thing.
fn agreed_on<'d>(document: &'d Document, target: &Target) -> (Vec<Fitting<'d>>, Result<(), Problem>) {
    let fitting = fitting(document, target);
    let found = agreed(target, &fitting).map(|_| ());
    (fitting, found)
}

const fn end(problem: Problem, presence: Presence) -> TrialEnd {
    match (problem, presence) {
        (Problem::Missing | Problem::AtEnd, Presence::Optional) => TrialEnd::NotOnThisPage,
        (Problem::Missing | Problem::AtEnd, Presence::Needed) => TrialEnd::Missing,
        (Problem::Ambiguous, _) => TrialEnd::Ambiguous,
        (Problem::NotActionable, _) => TrialEnd::NotActionable,
        (Problem::Disagreement, _) => TrialEnd::Disagreement,
    }
}

#[cfg(test)]
mod tests;
