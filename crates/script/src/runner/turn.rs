//! How one gets from page to page of a list of transactions: what is acted on, which days are
//! asked for, and which rows are new where rows come and go.
//!
//! Not here: reading the rows (`read`), or the order of accounts (`walk`).

use std::collections::HashSet;

use domain::account::ObservedAccount;
use domain::failure::{Failure, FailureCode};
use domain::observation::Sheet;
use domain::secret::Secret;
use jiff::Span;
use jiff::civil::Date;

use super::After;
use super::answers::Joined;
use super::walk::Move;
use crate::command::{Act, Deed, Stride};
use crate::css::Css;
use crate::document::Document;
use crate::language::{Next, TransactionsRead, Windows};
use crate::link::{LinkError, behind};
use crate::read::Place;

/// Whether a page of transactions shows any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listed {
    Rows,
    Nothing,
}

/// What leads to the next page.
pub(super) enum Turn {
    Act(Deed, After),
    /// It comes by itself.
    Wait,
}

impl Turn {
    /// What it is on the page of this name.
    pub(super) fn on(self, page: String) -> Move {
        match self {
            Self::Act(deed, after) => Move::Act { page, deed, after },
            Self::Wait => Move::Wait { page },
        }
    }
}

/// What leads to the next page, if there is one.
pub(super) fn next(
    document: &Document,
    read: &TransactionsRead,
    keys: &Keys,
    joined: Option<&Joined>,
    listed: Listed,
    place: &Place,
) -> Result<Option<Turn>, Failure> {
    let turn = shown_next(document, read, keys, joined, listed, place)?;
    if turn.is_none() && joined.is_some_and(Joined::goes_on) {
        let what = "the page shows the end of the list, and the portal's last answer says that more follow";
        return Err(place.failure(FailureCode::DataIncomplete, what));
    }
    Ok(turn)
}

/// The same by what the page shows.
fn shown_next(
    document: &Document,
    read: &TransactionsRead,
    keys: &Keys,
    joined: Option<&Joined>,
    listed: Listed,
    place: &Place,
) -> Result<Option<Turn>, Failure> {
    let missing = |css: &Css| {
        let what = format!("nothing on the page of transactions fits `{}`, which is `next`", css.text());
        place.failure(FailureCode::ElementMissing, what)
    };
    let click = |target: String| vec![Act::Click { target: target.into() }];
    let acts = match &read.next {
        None => None,
        // Without it nothing tells the last page from one that changed, except where there
        // is nothing to turn.
        Some(Next::Click { end: Some(end), .. }) if document.shown(end).is_some() => None,
        Some(Next::Click { target, .. }) if listed == Listed::Rows && document.all(target).next().is_none() => {
            let what = format!(
                "nothing on the page of transactions fits `{}`, which is `next`; where it is gone on the last page, `end` says what \
                 shows there instead",
                target.text()
            );
            return Err(place.failure(FailureCode::ElementMissing, what));
        }
        Some(Next::Click { target, .. } | Next::More(target)) => {
            document.can_click(target).then(|| click(target.text().to_owned()))
        }
        Some(Next::Choose { of, click }) => {
            let options = document.options(of).ok_or_else(|| missing(of))?;
            let later = options.iter().skip_while(|option| !option.is_selected).nth(1);
            let fill = |value: &str| Act::Fill { into: of.text().into(), text: Secret::new(value.to_owned()) };
            later.map(|option| vec![fill(&option.value), Act::Click { target: click.text().into() }])
        }
        Some(Next::Behind { shown, click: other }) => {
            let target = behind(document, shown, other).map_err(|error| match error {
                LinkError::Missing => missing(shown),
                LinkError::Ambiguous => missing(other),
            })?;
            target.map(click)
        }
        Some(Next::Scroll { within, end, .. }) => {
            let shows_end = document.shown(end).is_some();
            // Rows that are passed over are in the answers, the last of which tells the end as well.
            let has_ended = shows_end && joined.is_some_and(Joined::has_ended);
            let stride = if joined.is_some() { Stride::ToEnd } else { Stride::Part };
            return Ok(match (keys.is_at_end, shows_end) {
                (true, true) => None,
                (true, false) => Some(Turn::Wait),
                (false, _) if has_ended => None,
                (false, _) => {
                    let acts = vec![Act::Scroll { within: within.text().to_owned(), stride }];
                    Some(Turn::Act(Deed { acts, region: region(read) }, After::AtOnce))
                }
            });
        }
    };
    Ok(acts.map(|acts| Turn::Act(Deed { acts, region: region(read) }, After::OnceChanged)))
}

/// What would be done on a page that was saved to get to the next one; nothing on the last.
pub(crate) fn next_acts(
    document: &Document,
    read: &TransactionsRead,
    listed: Listed,
    place: &Place,
) -> Result<Vec<Act>, Failure> {
    let turn = shown_next(document, read, &Keys::default(), None, listed, place)?;
    Ok(match turn {
        Some(Turn::Act(deed, _)) => deed.acts,
        Some(Turn::Wait) | None => Vec::new(),
    })
}

/// The same within the script's limit: that there are more pages is a failure.
pub(super) fn within(
    turn: Option<Turn>,
    read: &TransactionsRead,
    pages: usize,
    place: &Place,
) -> Result<Option<Turn>, Failure> {
    let limit = usize::try_from(read.limit).unwrap_or(usize::MAX);
    if turn.is_some() && pages >= limit {
        let what = format!("after {limit} pages of transactions there are still more; see `limit`");
        return Err(place.failure(FailureCode::DataIncomplete, what));
    }
    Ok(turn)
}

/// The option that the page shows, where pages are those of options.
pub(super) fn chosen(document: &Document, next: &Next) -> Option<String> {
    let Next::Choose { of, .. } = next else { return None };
    document.options(of)?.into_iter().find(|option| option.is_selected).map(|option| option.value)
}

/// What tells one page of a list from the next.
fn region(read: &TransactionsRead) -> Vec<String> {
    let tables = read.layouts.iter().flat_map(|layout| [Some(&layout.table.css), layout.table.empty.as_ref()]);
    let end = match &read.next {
        Some(Next::Scroll { end, .. }) => Some(end),
        _ => None,
    };
    let answer = read.windows.as_ref().and_then(|windows| windows.answer.as_ref());
    tables.flatten().chain(end).chain(answer).map(|css| css.text().to_owned()).collect()
}

/// The rows that were read of a list whose rows come and go.
#[derive(Default)]
pub(super) struct Keys {
    read: HashSet<String>,
    /// Whether there is nothing further down.
    pub(super) is_at_end: bool,
}

/// Why it isn't known which rows are new.
pub(super) enum Lost {
    /// This row, counted from 1, has no key.
    NoKey(usize),
    /// None of the rows that show was there before.
    Gap,
}

impl Lost {
    pub(super) const fn code(&self) -> FailureCode {
        match self {
            Self::NoKey(_) => FailureCode::ScriptParse,
            Self::Gap => FailureCode::DataIncomplete,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::NoKey(row) => format!("row {row}: what `key` of `next` says isn't there"),
            Self::Gap => "rows were scrolled past: none of those that show was there before".into(),
        }
    }
}

impl Keys {
    /// The rows that weren't read yet; all of them where nothing tells one from another.
    pub(super) fn unseen(&mut self, mut sheet: Sheet, keys: Vec<Option<String>>) -> Result<Sheet, Lost> {
        if keys.is_empty() {
            return Ok(sheet);
        }
        let keys: Vec<String> =
            keys.into_iter().enumerate().map(|(row, key)| key.ok_or(Lost::NoKey(row + 1))).collect::<Result<_, _>>()?;
        let is_known: Vec<bool> = keys.iter().map(|key| self.read.contains(key)).collect();
        if !self.read.is_empty() && !is_known.contains(&true) {
            return Err(Lost::Gap);
        }
        let mut is_known = is_known.into_iter();
        sheet.rows.retain(|_| is_known.next() == Some(false));
        self.read.extend(keys);
        Ok(sheet)
    }
}

/// Which days of an account were asked for, the latest first.
#[derive(Default)]
pub(super) struct Windowed {
    /// Where the rows and the sheets of each begin.
    starts: Vec<(usize, usize)>,
    /// The first day of the last.
    from: Option<Date>,
    /// Nothing of the last was read yet.
    is_fresh: bool,
}

impl Windowed {
    pub(super) const fn is_asked(&self) -> bool {
        self.from.is_some()
    }

    pub(super) const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    pub(super) const fn first_day(&self) -> Option<Date> {
        self.from
    }

    pub(super) const fn count(&self) -> usize {
        self.starts.len()
    }

    pub(super) const fn look(&mut self) {
        self.is_fresh = false;
    }

    /// Asks for the days before those that were asked for last. What is read then begins at
    /// `start`, of the account's rows and of its sheets.
    pub(super) fn ask(
        &mut self,
        windows: &Windows,
        read: &TransactionsRead,
        today: Date,
        start: (usize, usize),
    ) -> Turn {
        let to = self.from.map_or(today, |from| back(from, 1));
        let from = back(to, windows.days - 1).max(earliest(windows, today));
        self.starts.push(start);
        self.from = Some(from);
        self.is_fresh = true;
        let fill =
            |css: &Css, day: Date| Act::Fill { into: css.text().into(), text: Secret::new(windows.date.write(day)) };
        let click = Act::Click { target: windows.click.text().into() };
        let acts = vec![fill(&windows.from, from), fill(&windows.to, to), click];
        Turn::Act(Deed { acts, region: region(read) }, After::OnceChanged)
    }

    /// Whether days before those are wanted and can be asked for.
    pub(super) fn goes_on(&self, windows: &Windows, since: Option<Date>, today: Date) -> bool {
        let wanted = earliest(windows, today).max(since.unwrap_or(Date::MIN));
        self.from.is_some_and(|from| from > wanted)
    }

    /// Puts what was read into one order: where each window has the oldest first, the windows
    /// were asked for the wrong way round.
    pub(super) fn put_in_order(&self, account: &mut ObservedAccount) {
        let ends = self.starts.iter().skip(1).copied().chain([(account.transactions.len(), account.sheets.len())]);
        let windows: Vec<_> = self.starts.iter().copied().zip(ends).collect();
        let is_rising = |((from, _), (to, _)): &((usize, usize), (usize, usize))| {
            let rows = account.transactions.get(*from..*to).unwrap_or_default();
            let mut days = rows.iter().filter_map(|row| row.posted_date);
            days.next().zip(days.next_back()).is_some_and(|(first, last)| first < last)
        };
        if !windows.iter().any(is_rising) {
            return;
        }
        let first = windows.first().map_or((0, 0), |(start, _)| *start);
        let turned = |ends: &dyn Fn(&(usize, usize)) -> usize| -> Vec<usize> {
            windows.iter().rev().flat_map(|(from, to)| ends(from)..ends(to)).collect()
        };
        let rows = turned(&|place| place.0);
        let sheets = turned(&|place| place.1);
        reorder(&mut account.transactions, first.0, &rows);
        reorder(&mut account.sheets, first.1, &sheets);
    }
}

/// Puts what follows the first few into the order of these places; where there are fewer things
/// than places they stay as they are.
fn reorder<T: Clone>(things: &mut Vec<T>, first: usize, places: &[usize]) {
    let turned: Option<Vec<T>> = places.iter().map(|place| things.get(*place).cloned()).collect();
    if let Some(turned) = turned {
        things.truncate(first);
        things.extend(turned);
    }
}

/// The earliest day that can be asked for.
fn earliest(windows: &Windows, today: Date) -> Date {
    back(today, windows.reach - 1)
}

/// So many days earlier.
pub(super) fn back(day: Date, days: u32) -> Date {
    day.saturating_sub(Span::new().days(days))
}
