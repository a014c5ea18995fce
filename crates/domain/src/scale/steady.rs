//! Keeps the number of agents from swinging: it grows at once, and shrinks late.
//!
//! It shrinks only to what was wanted at most within the last window, and a tenth above it,
//! so that the next little wave needs no agent that was just taken away; and it begins to
//! shrink only two windows after it began to grow. So in any two windows it turns downwards
//! once at most, and upwards once at most; it turns upwards within two windows after it
//! turned downwards only where more is wanted than the whole window before.
//!
//! What is answered is never below what is wanted: nothing waits for the sake of calm.
//!
//! Not here: what is wanted (`scale`).

use jiff::{SignedDuration, Timestamp};

/// What was wanted and what was answered at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The moment.
    pub at: Timestamp,
    /// What was wanted: [`Scale::desired`](super::Scale::desired).
    pub wanted: u32,
    /// What was answered.
    pub answered: u32,
}

/// For how many windows answers have to be remembered.
pub const WINDOWS_REMEMBERED: i32 = 3;

/// What to answer where `wanted` agents are wanted, after these answers, oldest first. A
/// clock that was set back, or answers that were forgotten, do no harm: then there is less
/// to go by.
#[must_use]
pub fn answer(before: &[Answer], wanted: u32, now: Timestamp, window: SignedDuration) -> Answer {
    let answered = match before.last() {
        None => wanted,
        Some(last) if wanted >= last.answered => wanted,
        Some(last) => {
            let recent = before.iter().filter(|answer| now.duration_since(answer.at) < window);
            let highest = recent.map(|answer| answer.wanted).max().unwrap_or(wanted).max(wanted);
            let lower = highest.saturating_add(highest / 10);
            if lower < last.answered && may_shrink(before, now, window) { lower } else { last.answered }
        }
    };
    Answer { at: now, wanted, answered }
}

/// Whether it shrinks already, or began to grow two windows ago.
fn may_shrink(before: &[Answer], now: Timestamp, window: SignedDuration) -> bool {
    let mut grows_since = None;
    for pair in before.windows(2) {
        let [earlier, later] = pair else { continue };
        match later.answered.cmp(&earlier.answered) {
            std::cmp::Ordering::Greater => grows_since = grows_since.or(Some(later.at)),
            std::cmp::Ordering::Less => grows_since = None,
            std::cmp::Ordering::Equal => {}
        }
    }
    grows_since.is_none_or(|since| now.duration_since(since) >= window * 2)
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{Answer, WINDOWS_REMEMBERED, answer};

    const WINDOW: SignedDuration = SignedDuration::from_mins(5);
    const STEP: SignedDuration = SignedDuration::from_secs(15);

    /// What is answered where this is wanted, one number each quarter of a minute.
    fn answers(wanted: impl IntoIterator<Item = u32>) -> Vec<Answer> {
        let mut answers: Vec<Answer> = Vec::new();
        let mut now: Timestamp = "2026-11-20T06:00:00Z".parse().expect("a moment");
        for wanted in wanted {
            let remembered: Vec<Answer> = answers
                .iter()
                .copied()
                .filter(|answer| now.duration_since(answer.at) <= WINDOW * WINDOWS_REMEMBERED)
                .collect();
            answers.push(answer(&remembered, wanted, now, WINDOW));
            now += STEP;
        }
        answers
    }

    /// When the direction changed, and to which side.
    fn turns(answers: &[Answer]) -> Vec<(Timestamp, std::cmp::Ordering)> {
        let mut turns = Vec::new();
        let mut direction = None;
        for pair in answers.windows(2) {
            let side = pair[1].answered.cmp(&pair[0].answered);
            if side.is_ne() {
                if direction.is_some_and(|before| before != side) {
                    turns.push((pair[1].at, side));
                }
                direction = Some(side);
            }
        }
        turns
    }

    #[test]
    fn it_grows_at_once_and_shrinks_a_window_after_it_was_last_wanted() {
        let wanted = std::iter::repeat_n(2, 40).chain([30; 10]).chain(std::iter::repeat_n(4, 60));
        let answered: Vec<u32> = answers(wanted).into_iter().map(|answer| answer.answered).collect();
        assert_eq!(answered[39..=40], [2, 30]);
        // Wanted last in step 49; it began to grow in step 40, and two windows are 40 steps.
        assert_eq!(answered[79..=80], [30, 4]);
        assert_eq!(answered[109], 4);
    }

    #[test]
    fn it_shrinks_to_none_where_none_is_wanted() {
        let answered = answers([1, 1].into_iter().chain(std::iter::repeat_n(0, 60)));
        assert_eq!(answered.last().map(|answer| answer.answered), Some(0));
    }

    #[test]
    fn little_waves_change_nothing() {
        let wave = (0..400).map(|step| 50 + [0, 3, 5, 1, 4, 2][step % 6]);
        assert!(turns(&answers(wave)).is_empty());
    }

    proptest! {
        #[test]
        fn it_never_answers_less_than_is_wanted_and_turns_once_to_each_side(
            wanted in proptest::collection::vec((0..60_u32, 1..50_usize), 1..25)
        ) {
            let wanted = wanted.into_iter().flat_map(|(wanted, steps)| std::iter::repeat_n(wanted, steps));
            let answers = answers(wanted);
            prop_assert!(answers.iter().all(|answer| answer.answered >= answer.wanted));
            let turns = turns(&answers);
            for (number, (at, side)) in turns.iter().enumerate() {
                let again = turns.iter().skip(number + 1).find(|(_, other)| other == side);
                prop_assert!(again.is_none_or(|(again, _)| again.duration_since(*at) >= WINDOW * 2), "{turns:?}");
            }
        }
    }
}
