//! One saved page: which page of the script it is, whether its steps find what they act on, what is read on it, and whether
//! that is what was expected.
//!
//! Not here: which pages there are.

use std::io;
use std::path::Path;

use domain::failure::Failure;
use jiff::civil::Date;
use script::{PageRead, Sight, Trial, TrialEnd, UnknownWord};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::compare::{bare, differences};
use crate::author::folder::Folder;
use crate::author::pages::{PageError, bytes, text};
use crate::author::proof::contradiction_on_page;
use crate::author::saved::{Values, saved_from, values};
use crate::author::{causes, plain};

/// How many differences are told of one page.
const TOLD: usize = 8;

/// Whether what was read is kept as what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accept {
    Read,
    Nothing,
}

/// What came of one page.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tried {
    file: String,
    /// The page that the file is named after.
    pub(super) page: String,
    /// The page that shows; none where no page does.
    recognised: Option<String>,
    /// The signs of the page that the file is named after.
    #[serde(skip_serializing_if = "Option::is_none")]
    sight: Option<Sight>,
    /// What the script does on the page and takes texts from, each tried.
    steps: Vec<Trial>,
    /// What was read.
    #[serde(skip_serializing_if = "Value::is_null")]
    read: Value,
    /// Why it couldn't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// Why the page, or what is expected of it, couldn't be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The bank's words that the script's `map` lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unknown_words: Vec<UnknownWord>,
    /// What the rows' own balances contradict.
    #[serde(skip_serializing_if = "Option::is_none")]
    contradiction: Option<String>,
    expected: Expected,
    /// What was read otherwise than expected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<String>,
}

/// How what was read compares with what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Expected {
    /// Nothing is read here.
    NotRead,
    /// Something would be, but it is a page without values.
    Scrubbed,
    /// Nobody said what to expect.
    Unsaid,
    Same,
    Otherwise,
    Accepted,
}

/// Tries one page. `day` is when it was saved, unless its expectations say.
pub(super) fn tried(folder: &Folder, file: &Path, day: Date, accept: Accept) -> Tried {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut tried = Tried {
        page: name.split('.').next().unwrap_or_default().to_owned(),
        file: name,
        recognised: None,
        sight: None,
        steps: Vec::new(),
        read: Value::Null,
        failure: None,
        problem: None,
        unknown_words: Vec::new(),
        contradiction: None,
        expected: Expected::NotRead,
        differences: Vec::new(),
    };
    if let Err(error) = tried.try_page(folder, file, day, accept) {
        let hint = error.hint().map(|hint| format!("hint: {hint}")).unwrap_or_default();
        tried.problem = Some(format!("{error}\n{}{hint}", causes(&error)).trim_end().to_owned());
    }
    tried
}

impl Tried {
    fn try_page(&mut self, folder: &Folder, file: &Path, day: Date, accept: Accept) -> Result<(), PageError> {
        let kept = file.with_extension("expected.json");
        if !file.exists() {
            return Err(PageError::NoPage(kept));
        }
        let portal = &folder.record.default_portal_url;
        let html = text(file, portal)?;
        let url = saved_from(&html).unwrap_or_else(|| portal.clone());
        let refused = |reason| PageError::Refused { path: file.to_owned(), reason };
        let sights = folder.script.sights(&url, &html).map_err(refused)?;
        self.recognised = sights.iter().find(|sight| sight.holds()).map(|sight| sight.page.clone());
        if !self.is_right() {
            self.sight = sights.into_iter().find(|sight| sight.page == self.page);
            return Ok(());
        }
        self.steps = folder.script.try_steps(&self.page, &html);
        let expectations = expectations(&kept)?;
        let today = expectations.as_ref().and_then(|known| known["today"].as_str()?.parse().ok()).unwrap_or(day);
        let read = folder.script.read_page(&self.page, &html, today);
        let rows = read.as_ref().ok().and_then(|read| read.transactions.as_ref());
        let contradiction = rows.and_then(|rows| contradiction_on_page(rows));
        let read = read.map(|read| shown(&read));
        if values(&html) == Values::Scrubbed {
            let is_read = !matches!(read, Ok(Value::Null));
            self.expected = if is_read { Expected::Scrubbed } else { Expected::NotRead };
            return if is_read && kept.exists() { Err(PageError::NothingToCompare(kept)) } else { Ok(()) };
        }
        self.contradiction = contradiction;
        self.unknown_words = folder.script.unknown_words(&self.page, &html);
        match read {
            Ok(read) => self.read = read,
            Err(failure) => {
                self.failure = Some(failure);
                return Ok(());
            }
        }
        if self.read.is_null() {
            return Ok(());
        }
        let mut with_day = json!({ "today": today });
        if let (Value::Object(all), Value::Object(read)) = (&mut with_day, self.read.clone()) {
            all.extend(read);
        }
        if accept == Accept::Read {
            write(&kept, &with_day)?;
            self.expected = Expected::Accepted;
            return Ok(());
        }
        let Some(expectations) = expectations else {
            self.expected = Expected::Unsaid;
            return Ok(());
        };
        self.differences = differences(&expectations, &with_day);
        self.expected = if self.differences.is_empty() { Expected::Same } else { Expected::Otherwise };
        Ok(())
    }

    /// Whether it is what its name says, its steps find what they act on, and it could be read and is as expected.
    pub(super) fn is_sound(&self) -> bool {
        let steps_are_sound = !self.steps.iter().any(Trial::is_fault);
        let is_read = self.failure.is_none() && self.problem.is_none() && self.contradiction.is_none();
        self.is_right() && steps_are_sound && is_read && self.expected != Expected::Otherwise
    }

    /// Its name.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Whether something would be read if it had values.
    pub(super) fn is_scrubbed(&self) -> bool {
        self.expected == Expected::Scrubbed
    }

    /// Whether something was read and nobody said what to expect.
    pub(super) fn is_unsaid(&self) -> bool {
        self.expected == Expected::Unsaid
    }

    fn is_right(&self) -> bool {
        self.recognised.as_deref() == Some(self.page.as_str())
    }

    /// Its line in the table.
    pub(super) fn row(&self) -> [String; 6] {
        let recognised = self.recognised.as_deref().unwrap_or("no page").to_owned();
        let read = match &self.failure {
            Some(failure) => failure.code.to_string(),
            None => self.counts(),
        };
        let expected = match self.expected {
            Expected::NotRead => "",
            Expected::Scrubbed => "scrubbed",
            Expected::Unsaid => "nobody said",
            Expected::Same => "as expected",
            Expected::Otherwise => "otherwise",
            Expected::Accepted => "accepted",
        };
        let verdict = if self.is_sound() { "ok" } else { "FAULT" };
        [plain(&self.file), recognised, self.steps(), read, expected.to_owned(), verdict.to_owned()]
    }

    /// How many of its steps find what they look for.
    fn steps(&self) -> String {
        let count = |end: fn(TrialEnd) -> bool| self.steps.iter().filter(|step| end(step.end)).count();
        let found = count(|end| end == TrialEnd::Found);
        let absent = count(|end| end == TrialEnd::NotOnThisPage);
        match (self.steps.len() - absent, absent) {
            (0, 0) => String::new(),
            (0, absent) => format!("{absent} not on this page"),
            (here, 0) => format!("{found} of {here} steps"),
            (here, absent) => format!("{found} of {here} steps, {absent} not on this page"),
        }
    }

    /// How much was read.
    fn counts(&self) -> String {
        let count = |what: &str| self.read[what].as_array().map(|list| format!("{} {what}", list.len()));
        let details = self.read["account"].as_object().map(|_| "details".to_owned());
        [count("accounts"), details, count("transactions")].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// What isn't as it should be, a line each.
    pub(super) fn troubles(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(problem) = &self.problem {
            lines.push(problem.clone());
            return lines;
        }
        if !self.is_right() {
            let said = match &self.recognised {
                Some(other) => format!("is recognised as `{other}` and not as `{}`", self.page),
                None => "is recognised as no page".into(),
            };
            lines.push(format!("{}: {said}", self.file));
            match &self.sight {
                None => lines.push(format!("  the script has no page `{}`", self.page)),
                Some(sight) => lines.extend(
                    sight
                        .signs
                        .iter()
                        .map(|seen| format!("  {} {}", if seen.holds { "holds " } else { "missing" }, seen.sign)),
                ),
            }
            if self.sight.as_ref().is_some_and(Sight::holds) {
                lines.push(
                    "  all its signs hold, and the other page's do too: give it one that the other has not".into(),
                );
            }
        }
        let faults = self.steps.iter().filter(|step| step.is_fault());
        lines.extend(faults.map(|step| format!("{}: {}", self.file, plain(&step.told()))));
        if let Some(failure) = &self.failure {
            lines.push(format!("{}: {}: {}", self.file, failure.code, plain(&failure.message)));
        }
        let unknown = self.unknown_words.iter();
        lines.extend(
            unknown
                .map(|unknown| format!("  `map` has nothing for the {} \"{}\"", unknown.field, plain(&unknown.word))),
        );
        lines.extend(self.contradiction.iter().map(|what| format!("{}: {what}", self.file)));
        if !self.differences.is_empty() {
            lines.push(format!("{}: read otherwise than expected", self.file));
            lines.extend(self.differences.iter().take(TOLD).map(|difference| format!("  {difference}")));
            if let Some(more) = self.differences.len().checked_sub(TOLD).filter(|more| *more > 0) {
                lines.push(format!("  and {more} more"));
            }
        }
        lines
    }
}

/// What was read, without what says nothing; null where nothing is read.
fn shown(read: &PageRead) -> Value {
    let mut shown = Map::new();
    let mut put = |what: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(what.into(), bare(value));
        }
    };
    put("accounts", read.accounts.as_ref().map(|accounts| json!(accounts)));
    put("account", read.account.as_ref().map(|account| json!(account)));
    put("transactions", read.transactions.as_ref().map(|transactions| json!(transactions)));
    if shown.is_empty() { Value::Null } else { Value::Object(shown) }
}

fn expectations(path: &Path) -> Result<Option<Value>, PageError> {
    if !path.exists() {
        return Ok(None);
    }
    let read = serde_json::from_slice(&bytes(path)?);
    read.map(Some).map_err(|source| PageError::Expectations { path: path.to_owned(), source })
}

fn write(path: &Path, value: &Value) -> Result<(), PageError> {
    let failed = |source| PageError::Unwritten { path: path.to_owned(), source };
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other).map_err(failed)?;
    std::fs::write(path, format!("{text}\n")).map_err(failed)
}
