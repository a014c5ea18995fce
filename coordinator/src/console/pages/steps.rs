//! The steps of a run's last attempt, as a table with a line of time beside each.
//!
//! Not here: what showed at each step; only the page that a run failed on is kept.

use std::time::Duration;

use domain::run::Step;
use maud::{Markup, html};
use protocol::lease::{RunStep, STEPS_LIMIT};

use crate::console::parts::{nothing, table};
use crate::console::wording;

/// How wide a line of time is, in its own units.
const WIDTH: u64 = 1_000;

/// What a run did, in order.
pub(super) fn section(steps: &[RunStep]) -> Markup {
    html! {
        section aria-labelledby="steps" {
            h2 id="steps" { "Steps" }
            @if steps.is_empty() {
                (nothing("No steps are kept.", "An attempt hands them in when it ends; retention.evidence says for how long they stay."))
            } @else {
                (summary(steps))
                (table("Steps of its last attempt", &["#After", "#Took", "When in it", "Stage", "Step", "Page"], &rows(steps)))
            }
        }
    }
}

/// How long it took in all, and how much of that was waiting for a person.
fn summary(steps: &[RunStep]) -> Markup {
    let waited: u64 =
        steps.iter().filter(|step| matches!(step.step, Step::Ask | Step::OfferWheel)).map(|step| step.took_ms).sum();
    html! {
        p {
            (steps.len()) " steps in " (long(whole(steps)))
            @if waited > 0 { ", of which it waited " (long(waited)) " for an answer" }
            @if steps.len() == STEPS_LIMIT { "; those in the middle aren't kept" }
        }
    }
}

/// When the last one ended, in milliseconds since the first began.
fn whole(steps: &[RunStep]) -> u64 {
    steps.iter().map(|step| step.at_ms.saturating_add(step.took_ms)).max().unwrap_or(0)
}

fn rows(steps: &[RunStep]) -> Markup {
    let whole = whole(steps).max(1);
    let part = |milliseconds: u64| milliseconds.min(whole).saturating_mul(WIDTH) / whole;
    html! {
        @for step in steps {
            @let (from, long_by) = (part(step.at_ms), part(step.took_ms).max(4));
            tr {
                td.number { (long(step.at_ms)) }
                td.number { (long(step.took_ms)) }
                td aria-hidden="true" {
                    svg.span viewBox=(format!("0 0 {WIDTH} 10")) preserveAspectRatio="none" {
                        rect x=(from.min(WIDTH - 4)) y="0" width=(long_by) height="10" {}
                    }
                }
                td { (wording::stage(step.stage)) }
                td { (wording::step(step.step)) @if let Some(effect) = step.effect { " " code { (effect) } } }
                td { @match &step.page { Some(page) => code { (page) }, None => span.quiet { "–" } } }
            }
        }
    }
}

/// A length of time, short ones to the millisecond.
fn long(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..120_000 => format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100),
        _ => crate::console::parts::for_long(Duration::from_millis(milliseconds)),
    }
}

#[cfg(test)]
mod tests {
    use domain::failure::Stage;
    use domain::run::{Effect, Step};
    use protocol::lease::RunStep;

    use super::section;

    fn step(at_ms: u64, took_ms: u64, step: Step) -> RunStep {
        RunStep { at_ms, took_ms, stage: Stage::Login, step, page: None, effect: None }
    }

    #[test]
    fn steps_say_when_they_were_and_how_long_a_person_was_waited_for() {
        let declared = RunStep { effect: Some(Effect::Password), ..step(750, 250, Step::Declare) };
        let shown = RunStep { page: Some("<b>".into()), ..step(0, 750, Step::Watch) };
        let text = section(&[shown, declared, step(1_000, 180_000, Step::Ask)]).into_string();
        for part in ["3 steps in 3 min, of which it waited 3 min", "<code>password</code>", "<code>&lt;b&gt;</code>"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn a_run_without_steps_says_when_there_will_be_some() {
        assert!(section(&[]).into_string().contains("hands them in when it ends"));
    }
}
