//! What a run did on its way, for whoever asks later why it took so long or where it went wrong: times, pages by the
//! script's names, effects. Nothing of a page and nothing that was typed is in it.
//!
//! Not here: what an author sees of a run, which is much more ([`crate::author`]).

use std::collections::VecDeque;

use domain::failure::Stage;
use domain::run::{Effect, Step};
use protocol::lease::{RunStep, STEPS_LIMIT};
use script::command::{Command, Observation};
use tokio::time::Instant;

/// How many of the first are kept, however many there are.
const FIRST: usize = STEPS_LIMIT / 2;

/// The steps of one attempt.
#[derive(Debug)]
pub(crate) struct Steps {
    begun: Instant,
    first: Vec<RunStep>,
    last: VecDeque<RunStep>,
}

/// A step that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    at: Instant,
    stage: Stage,
    pub(crate) step: Step,
    effect: Option<Effect>,
}

impl Steps {
    /// None yet.
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), first: Vec::new(), last: VecDeque::new() }
    }

    /// Keeps a step with what was seen after it.
    pub(crate) fn end(&mut self, begun: Begun, seen: &Observation) {
        let milliseconds = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let page = match seen {
            Observation::Recognised { page, .. } => Some(page.clone()),
            _ => None,
        };
        let Begun { at, stage, step, effect } = begun;
        let (at_ms, took_ms) = (milliseconds(at.duration_since(self.begun)), milliseconds(at.elapsed()));
        let step = RunStep { at_ms, took_ms, stage, step, page, effect };
        if self.first.len() < FIRST {
            self.first.push(step);
            return;
        }
        if self.last.len() == STEPS_LIMIT - FIRST {
            self.last.pop_front();
        }
        self.last.push_back(step);
    }

    /// All that was kept, in order.
    pub(crate) fn into_list(self) -> Vec<RunStep> {
        let mut list = self.first;
        list.extend(self.last);
        list
    }
}

impl Begun {
    /// A command that is about to be carried out; none where it ends the run.
    pub(crate) fn of(command: &Command, stage: Stage) -> Option<Self> {
        let (step, effect) = match command {
            Command::Visit(_) => (Step::Visit, None),
            Command::Watch(_) | Command::ReadPicture(_) => (Step::Watch, None),
            Command::Act(_) => (Step::Act, None),
            Command::Capture(_) => (Step::Capture, None),
            Command::Collect(_) => (Step::Collect, None),
            Command::Download(_) => (Step::Download, None),
            Command::LeaveBrowser => (Step::LeaveBrowser, None),
            Command::ReturnToBrowser => (Step::ReturnToBrowser, None),
            Command::Declare(effect) => (Step::Declare, Some(*effect)),
            Command::Make(making) => (Step::Make, Some(making.effect())),
            Command::SettleIntents(_) => (Step::Settle, None),
            Command::Ask(_) => (Step::Ask, None),
            Command::OfferWheel(_) => (Step::OfferWheel, None),
            Command::SettleAnswer(_) => (Step::SettleAnswer, None),
            Command::Finish(_) | Command::Fail(_) => return None,
        };
        Some(Self { at: Instant::now(), stage, step, effect })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::failure::Stage;
    use domain::run::{Effect, Step};
    use protocol::lease::STEPS_LIMIT;
    use script::command::{Command, Observation};
    use tokio::time::advance;

    use super::{Begun, Steps};

    fn seen(page: &str) -> Observation {
        let url = "https://bank.example/".parse().expect("a url");
        Observation::Recognised { page: page.into(), url, html: "<p>4711".into() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_says_when_it_began_how_long_it_took_and_which_page_showed_then() {
        let mut steps = Steps::begin();
        advance(Duration::from_millis(250)).await;
        let begun = Begun::of(&Command::Declare(Effect::Password), Stage::Login).expect("a step");
        advance(Duration::from_millis(40)).await;
        steps.end(begun, &Observation::Done);
        let begun = Begun::of(&Command::ReturnToBrowser, Stage::Accounts).expect("a step");
        steps.end(begun, &seen("accounts"));
        let list = steps.into_list();
        let [declared, returned] = list.as_slice() else { unreachable!("two steps") };
        assert_eq!((declared.at_ms, declared.took_ms, declared.effect), (250, 40, Some(Effect::Password)));
        assert_eq!((returned.at_ms, returned.step, returned.stage), (290, Step::ReturnToBrowser, Stage::Accounts));
        assert_eq!((declared.page.as_deref(), returned.page.as_deref()), (None, Some("accounts")));
        assert!(!serde_json::to_string(&list).expect("json").contains("4711"));
    }

    #[tokio::test(start_paused = true)]
    async fn of_too_many_steps_the_first_and_the_last_are_kept() {
        let mut steps = Steps::begin();
        for _ in 0..3 * STEPS_LIMIT {
            let begun = Begun::of(&Command::LeaveBrowser, Stage::Accounts).expect("a step");
            advance(Duration::from_millis(1)).await;
            steps.end(begun, &Observation::Done);
        }
        let list = steps.into_list();
        let at: Vec<u64> = list.iter().map(|step| step.at_ms).collect();
        assert_eq!((at.len(), at.first(), at.last()), (STEPS_LIMIT, Some(&0), Some(&719)));
        assert!(at.is_sorted());
    }
}
