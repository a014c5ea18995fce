//! The simulator against itself: nothing is lost, a seed plays the same day, and figures are
//! counted as they are meant.
//!
//! Not here: whether the rules are good; the bench shows that.

use super::fleet::{Outcome, Sample, play};
use super::rule::{QueueLength, Rule, Runnable};
use super::scenario::{MINUTE, SCENARIOS};
use super::{Played, lost, p95, pictures, plot, since, turns};

#[test]
fn nothing_is_lost_and_nothing_done_twice_whatever_dies() {
    for scenario in &SCENARIOS {
        let plan = scenario.plan(7);
        let rules: [&mut dyn Rule; 2] = [&mut Runnable::default(), &mut QueueLength::default()];
        for rule in rules {
            let outcome = play(&plan, scenario.lasts, scenario.agent_life, rule, 7);
            assert!(outcome.deaths > 0, "{}", scenario.name);
            assert_eq!(lost(&outcome), 0, "{}", scenario.name);
        }
    }
}

#[test]
fn a_seed_plays_the_same_day_and_another_one_another() {
    let scenario = &SCENARIOS[3];
    let play = |seed| play(&scenario.plan(seed), scenario.lasts, scenario.agent_life, &mut Runnable::default(), seed);
    let day = play(1);
    assert_eq!(day, play(1));
    assert_ne!(day.starts, play(2).starts);
}

#[test]
fn no_run_starts_before_its_bank_would_let_it() {
    for scenario in &SCENARIOS {
        let plan = scenario.plan(3);
        for (run, best) in plan.runs.iter().zip(plan.best_starts()) {
            assert!(run.ready <= best, "{}", scenario.name);
        }
    }
    // Four at once, and half a minute's worth of starts: the strict bank's last run waits for hours.
    let played = Played::of(&SCENARIOS[2], 3);
    let waits = played.plan.runs.iter().zip(&played.best_starts).filter(|(run, _)| run.bank == 0);
    let longest = waits.map(|(run, best)| best - run.ready).max();
    assert!(longest.is_some_and(|longest| longest > 120 * MINUTE), "{longest:?}");
}

#[test]
fn figures_are_counted_as_they_are_meant() {
    assert_eq!(p95((0..100).map(|second| Some(second * 1_000))), 94.0);
    assert!(p95([Some(1), None].into_iter()) > 1e9);
    let outcome = Outcome { starts: vec![Some(5), None], completions: vec![1, 0, 2, 1], ..Outcome::default() };
    assert_eq!(since(&outcome, &[2, 2]).collect::<Vec<_>>(), [Some(3), None]);
    assert_eq!(lost(&outcome), 2);
    let samples = |targets: &[u32]| -> Vec<Sample> {
        let sample = |(minute, target): (usize, &u32)| Sample {
            at: minute as u64 * MINUTE,
            target: *target,
            agents: 0,
            ready: 0,
            runnable: 0,
        };
        targets.iter().enumerate().map(sample).collect()
    };
    assert_eq!(turns(&samples(&[1, 2, 2, 3])), 0);
    assert_eq!(turns(&samples(&[1, 2, 2, 1, 1, 3])), 2);
    assert_eq!(turns(&samples(&[1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2])), 1);
}

#[test]
fn a_plot_is_whole() {
    let played: Vec<Played> = SCENARIOS.iter().map(|scenario| Played::of(scenario, 1)).collect();
    let svg = plot::svg(&pictures(&played));
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<polyline").count(), 8);
    assert!(!svg.contains("NaN") && svg.len() < 60_000, "{} bytes", svg.len());
}
