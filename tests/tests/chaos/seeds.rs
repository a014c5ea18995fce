//! Plans of fixed seeds, in which every kind of fault comes.
//!
//! Not here: what is held to; `tests::chaos::findings` has the list.

use std::time::Duration;

use tests::chaos::play;
use tests::chaos::timeline::Telling;
use tests::chaos::world::{Settings, TERM};

use crate::Outcome;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_the_bank_sees_nothing_of_it() -> Outcome {
    let settings =
        Settings { seed: 74, agents: 3, slots: 2, people: 4, erring: 1, term: TERM, telling: Telling::Afterwards };
    let span = Duration::from_secs(46);
    let outcome = play(settings, span).await?;
    assert!(outcome.holds(), "{}", outcome.words(settings, span));
    assert!(outcome.has_hit_everything(), "{}", outcome.words(settings, span));
    Ok(())
}
