//! Every world, played to Bursar's rules and to published ways to give rows an identity.
//!
//! Not here: the worlds, the strategies, or how an outcome is counted; `worlds` has them.

use worlds::{Outcome, Rules, Scale, Strategy, WORLDS, peers, play};

use crate::progress::Progress;
use ::tests::rows::{Look, Row, cells_of};

/// What came of one world.
pub(crate) struct Played {
    world: &'static str,
    ours: Outcome,
    /// Under their names, in the same run.
    peers: Vec<(&'static str, Outcome)>,
}

type Count = fn(&Outcome) -> usize;

/// What is told of an outcome, and how it is taken from one.
const FIGURES: [(&str, Count); 6] = [
    ("duplicates", |outcome| outcome.duplicates),
    ("lost", |outcome| outcome.lost),
    ("id changes", |outcome| outcome.id_changes),
    ("false merges", |outcome| outcome.false_merges),
    ("wrongly removed", |outcome| outcome.wrongly_removed),
    ("dropped kept", |outcome| outcome.dropped_kept),
];

/// The world in which nothing may go wrong with these.
const HELD: (&str, [&str; 2]) = ("base", ["duplicates", "lost"]);

pub(crate) fn play_all(seed: u64, scale: Scale, progress: &Progress) -> Vec<Played> {
    let mut all = Vec::new();
    for (name, make) in WORLDS {
        progress.say(format!("worlds: {name}"));
        let world = make(seed, scale);
        let ours = play(&world, &mut Rules::default());
        let peer = |mut peer: Box<dyn Strategy>| (peer.name(), play(&world, &mut *peer));
        all.push(Played { world: name, ours, peers: peers::all().into_iter().map(peer).collect() });
    }
    all
}

impl Played {
    /// Each figure beside each peer.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        for (figure, of) in FIGURES {
            for (peer, outcome) in &self.peers {
                let row = Row::new(format!("{}: {figure}", self.world), of(&self.ours) as f64, "rows");
                let row = row.beside(*peer, of(outcome) as f64);
                let is_held = self.world == HELD.0 && HELD.1.contains(&figure);
                rows.push(if is_held { row.at_most(0.0) } else { row });
            }
        }
        rows
    }
}

/// A line for each world and strategy.
pub(crate) fn print_table(all: &[Played], look: Look) {
    let mut lines = Vec::new();
    for played in all {
        let ours = ("Bursar", played.ours);
        for (number, (strategy, outcome)) in std::iter::once(&ours).chain(&played.peers).enumerate() {
            // The world's name stands once.
            let of_world = |text: String| if number == 0 { text } else { String::new() };
            let mut line = vec![of_world(played.world.to_owned()), of_world(outcome.seen.to_string())];
            line.push((*strategy).to_owned());
            line.extend(FIGURES.map(|(_, of)| of(outcome).to_string()));
            lines.push(line);
        }
    }
    let headers: Vec<&str> =
        ["world", "true rows seen", "identity"].into_iter().chain(FIGURES.map(|it| it.0)).collect();
    println!("{}", cells_of(&headers, &lines, look));
}
