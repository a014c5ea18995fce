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
    pub renamed: usize,
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
        self.duplicates + self.lost + self.renamed + self.false_merges + self.wrongly_removed + self.dropped_kept == 0
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

/// What was seen so far.
struct Record<'a> {
    world: &'a World,
    tells: bool,
    /// By truth: the id that the row has.
    held: Vec<Option<LedgerId>>,
    /// By truth: how it looked when it was last seen.
    looks: Vec<Option<Alike>>,
    /// Which rows looked so.
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
            looks: vec![None; world.rows.len()],
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

        // Rows that were alike and are alike, and the ids that are there to be had.
        let mut moves: BTreeMap<(Option<Alike>, u64), Vec<TruthId>> = BTreeMap::new();
        let mut given: HashMap<u64, Counts<LedgerId>> = HashMap::new();
        for (place, truth) in view.truths.iter().enumerate() {
            let look = self.look_of(view, place);
            moves.entry((self.looks[truth.0], look)).or_default().push(*truth);
            if let Some(id) = ids.get(place) {
                given.entry(look).or_default().add(*id);
            }
        }
        // The ids of those who were alike are first of all for the ones that go on with them.
        let mut had: HashMap<Alike, Counts<LedgerId>> = HashMap::new();
        for before in moves.keys().filter_map(|(before, _)| *before) {
            let held = self.alike.get(&before).into_iter().flatten().filter_map(|truth| self.held[truth.0]);
            had.entry(before).or_insert_with(|| held.collect());
        }
        let (mut here, mut others) = (HashSet::new(), Vec::new());
        for ((before, look), truths) in moves {
            let mut truths = truths.into_iter();
            if let (Some(had), Some(given)) = (before.and_then(|before| had.get_mut(&before)), given.get_mut(&look)) {
                let kept = had.take_shared(given, truths.len());
                for (id, truth) in kept.into_iter().zip(truths.by_ref()) {
                    here.insert(id);
                    self.give(truth, Some(id));
                    self.seen(truth, (number, look));
                }
            }
            others.extend(truths.map(|truth| (before, look, truth)));
        }
        // The rest go on under other ids, or have their first.
        for (before, look, truth) in others {
            let id = given.get_mut(&look).and_then(Counts::take);
            if let (Some(before), Some(id)) = (before, id) {
                // One of the ids that they had is given up.
                if had.get_mut(&before).and_then(Counts::take).is_some_and(|old| old != id) {
                    self.outcome.renamed += 1;
                }
            }
            if let Some(id) = id.filter(|id| here.insert(*id))
                && self.stood_for.get(&id).is_some_and(|other| *other != truth)
            {
                self.merged.insert(id);
            }
            if id.is_some() {
                self.give(truth, id);
            }
            self.seen(truth, (number, look));
        }
        // Those who were alike and aren't here keep what is left.
        for (before, mut left) in had {
            for truth in self.alike.remove(&before).unwrap_or_default() {
                if self.looks[truth.0] == Some(before) {
                    self.alike.entry(before).or_default().push(truth);
                    let id = left.take();
                    self.give(truth, id);
                }
            }
        }
    }

    fn give(&mut self, truth: TruthId, id: Option<LedgerId>) {
        self.held[truth.0] = id;
        if let Some(id) = id {
            self.stood_for.insert(id, truth);
        }
    }

    fn seen(&mut self, truth: TruthId, alike: Alike) {
        if self.looks[truth.0].replace(alike).is_none() {
            self.outcome.seen += 1;
        }
        self.alike.entry(alike).or_default().push(truth);
    }

    /// All that is shown of a row and says which it is.
    fn look_of(&self, view: &View, place: usize) -> u64 {
        let row = &view.read.rows[place];
        let reference = row.bank_reference.as_deref().filter(|_| self.tells).unwrap_or_default();
        let date = row.posted_date.or(row.transaction_date).unwrap_or_default();
        let texts = [row.status.as_str(), &date.to_string(), &row.amount, &row.currency, &row.description, reference];
        hash(texts.map(str::as_bytes))
    }

    /// Looks for ids that the ledger held after the account's sync before and no longer holds.
    fn look(&mut self, account: usize, day: Date, live: Vec<LedgerId>) {
        let before = std::mem::replace(&mut self.live[account], live);
        let live = &self.live[account];
        if live.starts_with(&before) {
            return;
        }
        let live: HashSet<&LedgerId> = live.iter().collect();
        for id in before.iter().filter(|id| !live.contains(id)) {
            let Some(truth) = self.stood_for.get(id) else { continue };
            if self.held[truth.0] == Some(*id) && self.world.holds(*truth, day) {
                self.outcome.wrongly_removed += 1;
            }
        }
    }

    /// What the ledger holds in the end, against what the bank holds.
    fn close(mut self, live: HashSet<LedgerId>) -> Outcome {
        let mut own = HashSet::new();
        let last = self.world.last_visits();
        let mut withdrawn = Vec::new();
        for (books, last) in self.world.books.iter().zip(last) {
            for truth in books.rows.clone().map(TruthId).filter(|truth| self.looks[truth.0].is_some()) {
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

/// How often each of some things is there.
struct Counts<T>(BTreeMap<T, usize>);

impl<T> Default for Counts<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Copy> Counts<T> {
    fn add(&mut self, one: T) {
        *self.0.entry(one).or_default() += 1;
    }

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

    /// Takes what is in both out of both, so many at most.
    fn take_shared(&mut self, other: &mut Self, most: usize) -> Vec<T> {
        let mut taken = Vec::new();
        for one in self.0.keys().filter(|one| other.0.contains_key(one)).copied().collect::<Vec<_>>() {
            while taken.len() < most && self.0.contains_key(&one) && other.take_one(one) {
                self.take_one(one);
                taken.push(one);
            }
        }
        taken
    }
}

impl<T: Ord + Copy> FromIterator<T> for Counts<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut counts = Self::default();
        for one in all {
            counts.add(one);
        }
        counts
    }
}
