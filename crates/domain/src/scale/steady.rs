//! Keeps the number of agents from swinging: it grows at once, and shrinks late.
//!
//! ```text
//!   wanted    ▁▁▁▁█▇▁▁▂▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
//!   answered  ▁▁▁▁███████████▂▂▂▂▂▂▂▂▂▂
//!                 └─two windows─┘
//! ```
//!
//! It begins to shrink two windows after it began to grow, and only to a little more than was
//! wanted at most within the last window. For two windows after that it doesn't grow again for
//! a little. A little is what chance makes of a number: its square root.
//!
//! So in any two windows it turns to each side once at most; and upwards after downwards only
//! where more came than chance brings. What is answered is below what is wanted by that little
//! at most, which the slots that are meant to be free make up for, and never below the busy
//! agents.
//!
//! Not here: what is wanted (`scale`).

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use super::Scale;

/// What was wanted and what was answered at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The moment.
    pub at: Timestamp,
    /// What was wanted: [`Scale::desired`].
    pub wanted: u32,
    /// What was answered.
    pub answered: u32,
}

/// For how many windows answers have to be remembered.
pub const WINDOWS_REMEMBERED: i32 = 3;

/// How many agents to ask for where `scale` is wanted, after these answers, oldest first.
/// Where answers were forgotten, or a clock was set back, there is less to go by, and no harm.
#[must_use]
pub fn answer(before: &[Answer], scale: &Scale, now: Timestamp, window: SignedDuration) -> Answer {
    let wanted = scale.desired;
    let is_recent = |since: Timestamp| now.duration_since(since) < window * 2;
    let answered = match (before.last().map(|last| last.answered), course(before)) {
        (None, _) => wanted,
        (Some(last), course) if wanted >= last => match course {
            Some((Ordering::Less, since)) if is_recent(since) && wanted - last <= by_chance(last) => last,
            _ => wanted,
        },
        (Some(last), Some((Ordering::Greater, since))) if is_recent(since) => last,
        (Some(last), _) => {
            let recent = before.iter().filter(|answer| now.duration_since(answer.at) < window);
            let highest = recent.map(|answer| answer.wanted).fold(wanted, u32::max);
            highest.saturating_add(by_chance(highest)).min(last)
        }
    };
    Answer { at: now, wanted, answered: answered.max(scale.busy_agents) }
}

/// By how much a number of agents changes for no reason.
const fn by_chance(agents: u32) -> u32 {
    agents.isqrt()
}

/// Whether it has been growing or shrinking lately, and since when.
fn course(before: &[Answer]) -> Option<(Ordering, Timestamp)> {
    let mut course: Option<(Ordering, Timestamp)> = None;
    for (earlier, later) in before.iter().zip(before.iter().skip(1)) {
        let side = later.answered.cmp(&earlier.answered);
        if side.is_ne() && course.is_none_or(|(before, _)| before != side) {
            course = Some((side, later.at));
        }
    }
    course
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::super::Scale;
    use super::{Answer, WINDOWS_REMEMBERED, answer, by_chance};

    const WINDOW: SignedDuration = SignedDuration::from_mins(5);
    const STEP: SignedDuration = SignedDuration::from_secs(15);

    /// What is answered where this is wanted and so many are busy, once each quarter of a minute.
    fn answers(wanted: impl IntoIterator<Item = (u32, u32)>) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        let mut now: Timestamp = "2026-11-20T06:00:00Z".parse().expect("a moment");
        for (desired, busy_agents) in wanted {
            let is_remembered = |answer: &&Answer| now.duration_since(answer.at) <= WINDOW * WINDOWS_REMEMBERED;
            let remembered: Vec<Answer> = answers.iter().filter(is_remembered).copied().collect();
            let scale = Scale { desired, busy_agents, slots: 0, ready: 0, runnable: 0, blocked: 0 };
            answers.push(answer(&remembered, &scale, now, WINDOW));
            now += STEP;
        }
        answers
    }

    fn idle(wanted: impl IntoIterator<Item = u32>) -> Vec<u32> {
        answers(wanted.into_iter().map(|wanted| (wanted, 0))).into_iter().map(|answer| answer.answered).collect()
    }

    fn steps(wanted: u32, steps: usize) -> impl Iterator<Item = u32> + Clone {
        std::iter::repeat_n(wanted, steps)
    }

    /// When the direction changed, to which side, and from how many to how many.
    fn turns(answers: &[Answer]) -> Vec<(Timestamp, Ordering, [u32; 2])> {
        let (mut turns, mut direction) = (Vec::new(), None);
        for pair in answers.windows(2) {
            let side = pair[1].answered.cmp(&pair[0].answered);
            if side.is_ne() {
                if direction.is_some_and(|before| before != side) {
                    turns.push((pair[1].at, side, [pair[0].answered, pair[1].answered]));
                }
                direction = Some(side);
            }
        }
        turns
    }

    #[test]
    fn it_grows_at_once_and_shrinks_two_windows_after_it_began_to() {
        let answered = idle(steps(2, 40).chain(steps(30, 10)).chain(steps(4, 60)));
        assert_eq!(answered[39..=40], [2, 30]);
        // It began to grow in step 40, and two windows are 40 steps; two more are kept than are wanted.
        assert_eq!(answered[79..=80], [30, 6]);
        assert_eq!(answered[109], 6);
    }

    #[test]
    fn it_shrinks_a_window_after_so_many_were_wanted_last() {
        let answered = idle(steps(2, 1).chain(steps(30, 60)).chain(steps(4, 60)));
        assert_eq!(answered[79..=80], [30, 6]);
    }

    #[test]
    fn the_last_agents_go_when_none_is_wanted_and_the_first_comes_at_once() {
        assert_eq!(idle(steps(3, 1).chain(steps(1, 60))).last(), Some(&2));
        assert_eq!(idle(steps(1, 2).chain(steps(0, 60))).last(), Some(&0));
        assert_eq!(idle(steps(9, 1).chain(steps(0, 25)).chain(steps(1, 1))).last(), Some(&1));
    }

    #[test]
    fn after_it_shrank_it_does_not_grow_for_a_little() {
        let shrunk = steps(30, 1).chain(steps(10, 40));
        assert_eq!(idle(shrunk.clone()).last(), Some(&13));
        assert_eq!(idle(shrunk.clone().chain(steps(16, 1))).last(), Some(&13));
        assert_eq!(idle(shrunk.clone().chain(steps(17, 1))).last(), Some(&17));
        // Two windows after it began to shrink it does.
        assert_eq!(idle(shrunk.chain(steps(16, 60))).last(), Some(&16));
    }

    #[test]
    fn little_waves_change_nothing() {
        let wave = (0..400).map(|step| (50 + [0, 3, 5, 1, 4, 2][step % 6], 0));
        assert!(turns(&answers(wave)).is_empty());
    }

    proptest! {
        #[test]
        fn it_turns_once_to_each_side_and_lacks_a_little_at_most(
            wanted in proptest::collection::vec((0..60_u32, 0..60_u32, 1..50_usize), 1..25)
        ) {
            let wanted = wanted.into_iter();
            let wanted = wanted.flat_map(|(wanted, other, steps)| std::iter::repeat_n((wanted, wanted.min(other)), steps));
            let idle = wanted.clone().map(|(wanted, _)| (wanted, 0));
            let busy: Vec<u32> = wanted.clone().map(|(_, busy)| busy).collect();
            prop_assert!(answers(wanted).iter().zip(busy).all(|(answer, busy)| answer.answered >= busy));

            let answers = answers(idle);
            let lacks = |answer: &Answer| answer.wanted.saturating_sub(answer.answered);
            prop_assert!(answers.iter().all(|answer| lacks(answer) <= by_chance(answer.answered)));
            let turns = turns(&answers);
            for pair in turns.windows(2) {
                let [(at, side, _), (next, _, [from, to])] = pair else { continue };
                let is_soon = next.duration_since(*at) < WINDOW * 2;
                // Never down soon after up; up soon after down only for more than a little.
                let may_be = *side == Ordering::Less && to - from > by_chance(*from);
                prop_assert!(!is_soon || may_be, "{turns:?}");
            }
        }
    }
}
