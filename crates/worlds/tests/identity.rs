//! What Bursar's rules make of every world, beside what others make of it.
//!
//! Not here: that the worlds themselves are sound; the crate's own tests hold that. Worlds
//! at their full size are played by the bench of ledgers, which prints every figure.

use worlds::{Make, Outcome, Rules, Scale, WORLDS, peers, play};

/// Worlds in which nothing may be doubled or lost.
const NOTHING_LOST: [&str; 9] = [
    "base",
    "reordered_days",
    "renamed_bank",
    "positional_ids",
    "ids_per_fetch",
    "stable_ids",
    "ids_from_booking",
    "ten_years",
    "busy",
];

/// Worlds that don't show enough for that: what is doubled is at most so many of a thousand
/// true rows, and nothing is lost.
const HARDER: [(&str, usize); 5] = [
    ("partial_windows", 10),
    ("missing_pages", 5),
    ("missing_pages_unnoticed", 5),
    ("card_conversion", 10),
    ("corrections", 5),
];

fn world(name: &str) -> Make {
    WORLDS.iter().find(|(known, _)| *known == name).map(|(_, make)| *make).expect("a world")
}

fn played(name: &str, seed: u64) -> Outcome {
    play(&world(name)(seed, Scale::Test), &mut Rules::default())
}

#[test]
fn nothing_is_doubled_or_lost_on_the_base_world_whatever_its_seed() {
    for seed in 1..=20 {
        let outcome = played("base", seed);
        assert_eq!((outcome.duplicates, outcome.lost), (0, 0), "seed {seed}: {outcome:?}");
        assert_eq!((outcome.wrongly_removed, outcome.dropped_kept), (0, 0), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn nothing_is_doubled_or_lost_whatever_a_bank_does_to_its_words_its_references_and_its_order() {
    for name in NOTHING_LOST {
        for seed in 21..=24 {
            let outcome = played(name, seed);
            assert_eq!((outcome.duplicates, outcome.lost), (0, 0), "{name}, seed {seed}: {outcome:?}");
            assert_eq!(outcome.wrongly_removed, 0, "{name}, seed {seed}: {outcome:?}");
        }
    }
}

#[test]
fn where_too_little_is_shown_nothing_is_lost_and_hardly_anything_doubled() {
    for (name, of_a_thousand) in HARDER {
        let outcomes: Vec<Outcome> = (1..=6).map(|seed| played(name, seed)).collect();
        let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).sum::<usize>();
        assert_eq!((sum(|one| one.lost), sum(|one| one.wrongly_removed)), (0, 0), "{name}: {outcomes:?}");
        let (doubled, all) = (sum(|one| one.duplicates), sum(|one| one.true_rows));
        assert!(doubled * 1_000 <= all * of_a_thousand, "{name}: {doubled} of {all} rows are doubled");
    }
}

#[test]
fn of_two_accounts_that_become_one_list_no_row_is_lost() {
    for seed in 1..=3 {
        let outcome = played("merged_accounts", seed);
        // The second account's rows are new rows of the first: nothing in a list says otherwise.
        assert_eq!((outcome.lost, outcome.wrongly_removed), (0, 0), "seed {seed}: {outcome:?}");
    }
}

#[test]
fn nobody_else_doubles_and_loses_as_little() {
    for (name, make) in WORLDS {
        let world = make(7, Scale::Test);
        let ours = play(&world, &mut Rules::default());
        for mut peer in peers::all() {
            let theirs = play(&world, peer.as_mut());
            let wrong = |outcome: &Outcome| outcome.duplicates + outcome.lost;
            assert!(wrong(&ours) < wrong(&theirs), "{name}, {}: {ours:?}, {theirs:?}", peer.name());
        }
    }
}

#[test]
fn playing_a_world_again_gives_every_row_the_same_id() {
    let (one, other) = (played("base", 3), played("base", 3));
    assert_eq!(one, other);
    for name in ["busy", "card_conversion"] {
        assert_eq!(played(name, 5), played(name, 5), "{name}");
    }
}
