//! Plays a world to a strategy, and counts what came of it against the truth.
//!
//! # Which row is which
//! Where two rows were alike in all that was shown when they were last seen together, nobody
//! can say which of them is which afterwards, and nobody is asked to: ids may change places
//! among them. So what is compared isn't a row with a row, but, for each set of rows that were
//! alike before and are alike now, the ids that they had with the ids that they get. Where a
//! row stands and what is on the account after it tell nothing; a reference does where the
//! world says that it is the row's own.
//!
//! Not here: what a strategy does, and what the bank does.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use crate::bank::books::TruthId;
use crate::rng::hash;
use crate::strategy::{LedgerId, Strategy};
use crate::world::{View, World};

/// What came of a world, counted over all of its accounts and syncs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// True rows that the banks had announced or booked by the last sync.
    pub true_rows: usize,
    /// Those of them that were in some view; no other can be lost.
    pub seen: usize,
    /// Syncs of an account.
    pub syncs: usize,
    /// Rows in all views together.
    pub rows: usize,
    /// Ids that are present at the end and aren't the one id of a true row.
    pub duplicates: usize,
    /// Rows that the bank holds at the end and showed at some time, without an id of their
    /// own that is present: without any, or with one that is another row's as well.
    pub lost: usize,
    /// Times that a row went on under another id than it had: for the ledger's readers it is
    /// removed and added.
    pub id_changes: usize,
    /// Ids that stood for one true row at one time and for another at another time.
    pub false_merges: usize,
    /// Times that the id of a row was removed while the bank held the row.
    pub wrongly_removed: usize,
    /// Rows that the bank withdrew, mostly announced ones that it dropped, and whose id is
    /// present at the end.
    pub dropped_kept: usize,
}

impl Outcome {
    /// Whether nothing went wrong.
    #[must_use]
    pub const fn is_flawless(&self) -> bool {
        self.duplicates + self.lost + self.id_changes + self.false_merges + self.wrongly_removed + self.dropped_kept
            == 0
    }
}

/// Plays a world to a strategy.
pub fn play(world: &World, strategy: &mut dyn Strategy) -> Outcome {
    judge(world, &mut Blind(strategy))
}

/// Who is played to. The tests' oracle sees the truth; a strategy never does.
pub(crate) trait Player {
    fn sync(&mut self, view: &View) -> Vec<LedgerId>;
    fn live(&self, account: usize) -> Vec<LedgerId>;
}

struct Blind<'a>(&'a mut dyn Strategy);

impl Player for Blind<'_> {
    fn sync(&mut self, view: &View) -> Vec<LedgerId> {
        self.0.sync(&view.read)
    }

    fn live(&self, account: usize) -> Vec<LedgerId> {
        self.0.live(account)
    }
}

pub(crate) fn judge(world: &World, player: &mut dyn Player) -> Outcome {
    let mut record = Record::of(world);
    for (number, view) in world.views().enumerate() {
        let ids = player.sync(&view);
        record.note(number, &view, &ids);
        record.look(view.read.account, view.read.day, player.live(view.read.account));
    }
    let live = (0..world.accounts()).flat_map(|account| player.live(account)).collect();
    record.close(live)
}

/// Rows that looked alike when they were last seen: the view's number, and their looks there.
type Alike = (usize, u64);

/// How a row looked when it was last seen.
#[derive(Clone, Copy)]
struct Seen {
    alike: Alike,
    /// Nothing else looked so in that view.
    is_alone: bool,
}

/// A row that doesn't go on under the id that it had: it has another one now, or its first.
struct Other {
    truth: TruthId,
    look: u64,
    is_alone: bool,
    had: Option<LedgerId>,
    has: Option<LedgerId>,
}

/// What was seen so far.
struct Record<'a> {
    world: &'a World,
    tells: bool,
    /// By truth: the id that the row has.
    held: Vec<Option<LedgerId>>,
    /// By truth.
    seen: Vec<Option<Seen>>,
    /// Which rows looked so, where there were several.
    alike: HashMap<Alike, Vec<TruthId>>,
    /// The row that an id stood for last.
    stood_for: HashMap<LedgerId, TruthId>,
    /// Ids that stood for several.
    merged: HashSet<LedgerId>,
    /// By account: what the ledger held after its last sync.
    live: Vec<Vec<LedgerId>>,
    outcome: Outcome,
}

impl<'a> Record<'a> {
    fn of(world: &'a World) -> Self {
        Self {
            world,
            tells: world.has_telling_references(),
            held: vec![None; world.rows.len()],
            seen: vec![None; world.rows.len()],
            alike: HashMap::new(),
            stood_for: HashMap::new(),
            merged: HashSet::new(),
            live: vec![Vec::new(); world.accounts()],
            outcome: Outcome { true_rows: world.true_rows(), ..Outcome::default() },
        }
    }

    /// Takes the ids that the rows of a view got.
    fn note(&mut self, number: usize, view: &View, ids: &[LedgerId]) {
        self.outcome.syncs += 1;
        self.outcome.rows += view.truths.len();
        let looks: Vec<u64> = (0..view.truths.len()).map(|place| self.look_of(view, place)).collect();
        let alone = those_alone(&looks);

        // Most rows look like no other, neither then nor now. The rest are compared as sets.
        let (mut others, mut crowd) = (Vec::new(), Vec::new());
        for (place, (truth, look)) in view.truths.iter().zip(&looks).enumerate() {
            let (seen, is_alone) = (self.seen[truth.0], alone[place]);
            let (had, has) = (self.held[truth.0], ids.get(place).copied());
            if !is_alone || seen.is_some_and(|seen| !seen.is_alone) {
                crowd.push((*truth, *look, is_alone, has));
            } else if has.is_some() && had == has {
                self.see(*truth, (number, *look), is_alone);
            } else {
                others.push(Other { truth: *truth, look: *look, is_alone, had, has });
            }
        }
        if !crowd.is_empty() {
            self.note_crowd(number, crowd, &mut others);
        }
        for Other { truth, look, is_alone, had, has } in others {
            if let Some(id) = has {
                self.outcome.id_changes += usize::from(had.is_some_and(|had| had != id));
                if self.stood_for.get(&id).is_some_and(|one| *one != truth && !self.is_here(*one, id, number)) {
                    self.merged.insert(id);
                }
                self.give(truth, Some(id));
            }
            self.see(truth, (number, look), is_alone);
        }
    }

    /// Takes the ids of rows that were like others, or are.
    fn note_crowd(
        &mut self,
        number: usize,
        crowd: Vec<(TruthId, u64, bool, Option<LedgerId>)>,
        others: &mut Vec<Other>,
    ) {
        // Rows that were alike and are alike, and the ids that are there to be had.
        let mut moves: BTreeMap<(Option<Alike>, u64, bool), Vec<TruthId>> = BTreeMap::new();
        let mut given: HashMap<u64, Counts<LedgerId>> = HashMap::new();
        for (truth, look, is_alone, id) in crowd {
            let before = self.seen[truth.0].map(|seen| seen.alike);
            moves.entry((before, look, is_alone)).or_default().push(truth);
            given.entry(look).or_default().extend(id);
        }
        // The ids of those who were alike are first of all for the ones that go on with them.
        let mut had: HashMap<Alike, Counts<LedgerId>> = HashMap::new();
        for ((before, ..), truths) in &moves {
            let Some(before) = *before else { continue };
            let all = self.alike.get(&before).unwrap_or(truths);
            let held = all.iter().filter_map(|truth| self.held[truth.0]);
            had.entry(before).or_insert_with(|| held.collect());
        }
        let mut rest = Vec::new();
        for ((before, look, is_alone), truths) in moves {
            let mut left = truths;
            if let (Some(had), Some(given)) = (before.and_then(|before| had.get_mut(&before)), given.get_mut(&look)) {
                // Nobody changes places without need.
                left.retain(|truth| {
                    !self.held[truth.0].is_some_and(|own| had.take_from_both(given, own)) || {
                        self.see(*truth, (number, look), is_alone);
                        false
                    }
                });
                let kept = had.take_shared(given, left.len());
                let changed: Vec<TruthId> = left.drain(..kept.len()).collect();
                for (id, truth) in kept.into_iter().zip(changed) {
                    self.give(truth, Some(id));
                    self.see(truth, (number, look), is_alone);
                }
            }
            let truths = left.into_iter();
            rest.extend(truths.map(|truth| (before, look, is_alone, truth)));
        }
        // The others each give up one of the ids that they had, if they get one.
        for (before, look, is_alone, truth) in rest {
            let has = given.get_mut(&look).and_then(Counts::take);
            let had = before.filter(|_| has.is_some()).and_then(|before| had.get_mut(&before)?.take());
            others.push(Other { truth, look, is_alone, had, has });
        }
        // Those who were alike and aren't here keep what is left.
        for (before, mut left) in had {
            let mut gone = self.alike.remove(&before).unwrap_or_default();
            gone.retain(|truth| {
                let is_gone = self.seen[truth.0].is_some_and(|seen| seen.alike == before);
                is_gone && others.iter().all(|other| other.truth != *truth)
            });
            for truth in &gone {
                self.give(*truth, left.take());
            }
            self.alike.extend((!gone.is_empty()).then_some((before, gone)));
        }
    }

    fn give(&mut self, truth: TruthId, id: Option<LedgerId>) {
        self.held[truth.0] = id;
        self.stood_for.extend(id.map(|id| (id, truth)));
    }

    fn see(&mut self, truth: TruthId, alike: Alike, is_alone: bool) {
        if self.seen[truth.0].replace(Seen { alike, is_alone }).is_none() {
            self.outcome.seen += 1;
        }
        if !is_alone {
            self.alike.entry(alike).or_default().push(truth);
        }
    }

    /// Whether a row is in the view of this number, under this id.
    fn is_here(&self, truth: TruthId, id: LedgerId, number: usize) -> bool {
        self.held[truth.0] == Some(id) && self.seen[truth.0].is_some_and(|seen| seen.alike.0 == number)
    }

    /// All that is shown of a row and says which it is.
    fn look_of(&self, view: &View, place: usize) -> u64 {
        let row = &view.read.rows[place];
        let reference = row.bank_reference.as_deref().filter(|_| self.tells).unwrap_or_default();
        let date = row.posted_date.or(row.transaction_date).unwrap_or_default();
        let (year, month, day) = (date.year().to_le_bytes(), date.month().to_le_bytes(), date.day().to_le_bytes());
        let texts = [row.status.as_str(), &row.amount, &row.currency, &row.description, reference];
        hash([&year[..], &month, &day].into_iter().chain(texts.map(str::as_bytes)))
    }

    /// Looks for ids that the ledger held after the account's sync before and no longer holds.
    fn look(&mut self, account: usize, day: Date, live: Vec<LedgerId>) {
        let before = std::mem::replace(&mut self.live[account], live);
        let live = &self.live[account];
        if live.starts_with(&before) {
            return;
        }
        let live: HashSet<LedgerId> = live.iter().copied().collect();
        for id in before.iter().filter(|id| !live.contains(id)) {
            let Some(truth) = self.stood_for.get(id) else { continue };
            if self.held[truth.0] != Some(*id) || !self.world.holds(*truth, day) {
                continue;
            }
            // Of rows that were alike it may have been the one that the bank withdrew.
            let truth = *truth;
            let alike = self.seen[truth.0].and_then(|seen| self.alike.get(&seen.alike)).into_iter().flatten();
            let is_withdrawn = |one: &&TruthId| {
                let is_live = self.held[one.0].is_some_and(|id| live.contains(&id));
                is_live && !self.world.holds(**one, day)
            };
            match alike.copied().find(|one| is_withdrawn(&one)) {
                Some(withdrawn) => {
                    let (lives, gone) = (self.held[withdrawn.0], self.held[truth.0]);
                    self.give(truth, lives);
                    self.give(withdrawn, gone);
                }
                None => self.outcome.wrongly_removed += 1,
            }
        }
    }

    /// What the ledger holds in the end, against what the bank holds.
    fn close(mut self, live: HashSet<LedgerId>) -> Outcome {
        let mut own = HashSet::new();
        let last = self.world.last_visits();
        let mut withdrawn = Vec::new();
        for (books, last) in self.world.books.iter().zip(last) {
            for truth in books.rows.clone().map(TruthId).filter(|truth| self.seen[truth.0].is_some()) {
                let id = self.held[truth.0].filter(|id| live.contains(id));
                if !last.is_some_and(|last| self.world.holds(truth, last)) {
                    withdrawn.extend(id);
                } else if !id.is_some_and(|id| own.insert(id)) {
                    self.outcome.lost += 1;
                }
            }
        }
        self.outcome.dropped_kept = withdrawn.into_iter().filter(|id| own.insert(*id)).count();
        self.outcome.duplicates = live.len() - own.len();
        self.outcome.false_merges = self.merged.len();
        self.outcome
    }
}

/// For each of some looks, whether no other is the same.
fn those_alone(looks: &[u64]) -> Vec<bool> {
    let mut sorted: Vec<(u64, usize)> = looks.iter().copied().zip(0..).collect();
    sorted.sort_unstable();
    let mut alone = vec![true; looks.len()];
    for pair in sorted.windows(2) {
        if let [(one, first), (other, second)] = pair
            && one == other
        {
            (alone[*first], alone[*second]) = (false, false);
        }
    }
    alone
}

/// How often each of some things is there.
struct Counts<T>(BTreeMap<T, usize>);

impl<T> Default for Counts<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Copy> Counts<T> {
    /// Takes any of them out.
    fn take(&mut self) -> Option<T> {
        let one = *self.0.first_key_value()?.0;
        self.take_one(one).then_some(one)
    }

    /// Takes this one out, if it is there.
    fn take_one(&mut self, one: T) -> bool {
        let Some(count) = self.0.get_mut(&one) else { return false };
        *count -= 1;
        if *count == 0 {
            self.0.remove(&one);
        }
        true
    }

    /// Takes this one out of both, if it is in both.
    fn take_from_both(&mut self, other: &mut Self, one: T) -> bool {
        self.0.contains_key(&one) && other.take_one(one) && self.take_one(one)
    }

    /// Takes what is in both out of both, so many at most.
    fn take_shared(&mut self, other: &mut Self, most: usize) -> Vec<T> {
        let mut taken = Vec::new();
        for one in self.0.keys().copied().collect::<Vec<_>>() {
            while taken.len() < most && self.take_from_both(other, one) {
                taken.push(one);
            }
        }
        taken
    }
}

impl<T: Ord> Extend<T> for Counts<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        for one in all {
            *self.0.entry(one).or_default() += 1;
        }
    }
}

impl<T: Ord> FromIterator<T> for Counts<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut counts = Self::default();
        counts.extend(all);
        counts
    }
}
