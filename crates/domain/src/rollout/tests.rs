//! Every stage and every event, and who is in a share.

use uuid::Uuid;

use super::trial::{Seen, Strayed, Trial};
use super::{Event, Halt, Named, Origin, Part, Rollout, Share, Stage, Stale, Try};
use crate::failure::FailureCode;

fn named(revision: &str) -> Named {
    Named { revision: revision.into(), origin: Origin::Published }
}

fn of_folder(revision: &str) -> Named {
    Named { revision: revision.into(), origin: Origin::Folder }
}

fn share(percent: u32) -> Share {
    Share::try_from(percent).expect("a share")
}

fn canary(percent: u32) -> Try {
    Try::Canary { share: share(percent), promote_after: None }
}

/// B is current, A was before, and C is tried.
fn stages() -> [Rollout; 4] {
    let with = |stage| Rollout { stage, ..Rollout::of(named("a")).on(Event::Promote(named("b"))).expect("promoted") };
    let candidate = named("c");
    [
        with(Stage::Settled),
        with(Stage::Shadow { candidate: candidate.clone(), share: Share::ALL }),
        with(Stage::Canary { candidate: candidate.clone(), share: share(10), promote_after: None }),
        with(Stage::Halted { candidate, why: Halt::Asked }),
    ]
}

/// The rollout in one line: what is current, what was before, what is tried.
fn shown(after: Result<Rollout, Stale>) -> String {
    let rollout = match after {
        Ok(rollout) => rollout,
        Err(stale) => return format!("{stale:?}"),
    };
    let before = rollout.previous.as_ref().map_or("-", |named| named.revision.as_str());
    let tried = rollout.candidate().map_or("-", |named| named.revision.as_str());
    format!("{} {before} {} {tried}", rollout.current.revision, rollout.stage())
}

#[test]
fn every_stage_meets_every_event_as_the_picture_says() {
    let halt = || Halt::Failure { code: FailureCode::ElementMissing };
    let table: [(Event, [&str; 4]); 13] = [
        (Event::Begin(named("c"), Try::Shadow(share(50))), ["b a shadow c"; 4]),
        (Event::Begin(named("c"), canary(20)), ["b a canary c"; 4]),
        (Event::Begin(named("d"), canary(20)), ["b a canary d", "OtherCandidate", "OtherCandidate", "b a canary d"]),
        (Event::Begin(named("b"), canary(20)), ["IsCurrent"; 4]),
        (Event::Promote(named("c")), ["c b settled -"; 4]),
        (Event::Promote(named("d")), ["d b settled -", "OtherCandidate", "OtherCandidate", "OtherCandidate"]),
        (Event::Promote(named("b")), ["b a settled -", "OtherCandidate", "OtherCandidate", "OtherCandidate"]),
        (Event::RollBack("c".into()), ["Neither", "b a settled -", "b a settled -", "b a settled -"]),
        (Event::RollBack("b".into()), ["a - settled -", "OtherCandidate", "OtherCandidate", "OtherCandidate"]),
        (Event::RollBack("a".into()), ["Neither", "OtherCandidate", "OtherCandidate", "OtherCandidate"]),
        (Event::Halt("c".into(), halt()), ["Neither", "b a halted c", "b a halted c", "b a halted c"]),
        (Event::Halt("d".into(), halt()), ["Neither", "OtherCandidate", "OtherCandidate", "OtherCandidate"]),
        (Event::Deployed(of_folder("d")), ["b a settled -", "b a shadow c", "b a canary c", "b a halted c"]),
    ];
    for (event, expected) in table {
        for (rollout, expected) in stages().into_iter().zip(expected) {
            assert_eq!(shown(rollout.on(event.clone())), expected, "{event:?} on {:?}", rollout.stage);
        }
    }
}

#[test]
fn a_deployed_revision_is_current_while_the_current_one_is_the_folder_s() {
    let settled = Rollout::of(of_folder("a"));
    assert_eq!(shown(settled.on(Event::Deployed(of_folder("b")))), "b a settled -");
    assert_eq!(shown(settled.on(Event::Deployed(of_folder("a")))), "a - settled -");
    let tried = settled.on(Event::Begin(named("c"), canary(10))).expect("a canary");
    assert_eq!(shown(tried.on(Event::Deployed(of_folder("b")))), "b a canary c");
    assert_eq!(shown(tried.on(Event::Deployed(of_folder("c")))), "c a settled -");
    let chosen = tried.on(Event::Promote(named("c"))).expect("promoted");
    assert_eq!(shown(chosen.on(Event::Deployed(of_folder("d")))), "c a settled -", "a person chose");
    let back = chosen.on(Event::RollBack("c".into())).expect("rolled back");
    assert_eq!(shown(back.on(Event::Deployed(of_folder("d")))), "d a settled -", "the folder leads again");
}

#[test]
fn nothing_is_there_to_go_back_to_before_a_second_revision() {
    assert_eq!(Rollout::of(named("a")).on(Event::RollBack("a".into())), Err(Stale::NoneBefore));
}

#[test]
fn what_was_rolled_back_is_current_again_only_where_it_is_promoted() {
    let [settled, ..] = stages();
    let back = settled.on(Event::RollBack("b".into())).expect("rolled back");
    assert_eq!(back.on(Event::RollBack("b".into())), Ok(back.clone()), "it is done already");
    assert_eq!(back.on(Event::RollBack("a".into())), Err(Stale::NoneBefore));
    let again = back.on(Event::Promote(named("b"))).expect("promoted");
    assert_eq!(shown(again.on(Event::RollBack("b".into()))), "a - settled -");
    // One that was kept by an older coordinator.
    let kept = r#"{"current":{"revision":"a","origin":"published"},"previous":null,"stage":{"stage":"settled"}}"#;
    assert_eq!(serde_json::from_str::<Rollout>(kept).ok(), Some(Rollout::of(named("a"))));
}

#[test]
fn what_is_done_twice_is_done_once() {
    let settled = Rollout::of(named("a"));
    let events = [
        Event::Begin(named("b"), Try::Shadow(Share::ALL)),
        Event::Begin(named("b"), canary(30)),
        Event::Halt("b".into(), Halt::Asked),
        Event::Promote(named("b")),
        Event::RollBack("b".into()),
    ];
    let mut rollout = settled;
    for event in events {
        let once = rollout.on(event.clone()).expect("an event that goes");
        assert_eq!(once.on(event.clone()), Ok(once.clone()), "{event:?}");
        rollout = once;
    }
    assert_eq!(shown(Ok(rollout)), "a - settled -");
}

#[test]
fn a_halt_says_what_halted_it_first() {
    let [_, _, canary, _] = stages();
    let first = Halt::Failure { code: FailureCode::ElementMissing };
    let halted = canary.on(Event::Halt("c".into(), first.clone())).expect("halted");
    let again = halted.on(Event::Halt("c".into(), Halt::Asked)).expect("halted");
    assert_eq!(again.stage, Stage::Halted { candidate: named("c"), why: first });
}

#[test]
fn a_share_is_as_large_as_it_says_and_grows_without_letting_anyone_out() {
    let connections: Vec<Uuid> = (0..10_000_u128).map(|n| Uuid::from_u128(n << 64 | 0x7000)).collect();
    let mut before: Vec<Uuid> = Vec::new();
    for percent in [1, 5, 10, 25, 50, 75, 100] {
        let now: Vec<Uuid> =
            connections.iter().copied().filter(|connection| share(percent).has(*connection, "0123456789ab")).collect();
        let expected = usize::try_from(percent * 100).expect("a count");
        assert!(now.len().abs_diff(expected) <= 10 + expected / 5, "{percent}: {}", now.len());
        assert!(before.iter().all(|connection| now.contains(connection)), "{percent}");
        before = now;
    }
    let of_another = connections.iter().filter(|one| share(50).has(**one, "ffffffffffff")).count();
    assert!(of_another.abs_diff(5_000) < 500, "{of_another}");
    let in_both = |one: &&Uuid| share(50).has(**one, "ffffffffffff") && share(50).has(**one, "0123456789ab");
    assert!(connections.iter().filter(in_both).count().abs_diff(2_500) < 400, "other candidates have others first");
    assert!(Share::try_from(0).is_err() && Share::try_from(101).is_err());
}

#[test]
fn connections_work_by_the_candidate_in_a_canary_alone() {
    let connection = Uuid::from_u128(7);
    let [settled, shadow, _, halted] = stages();
    let canary = settled.on(Event::Begin(named("c"), canary(100))).expect("a canary");
    let by = |rollout: &Rollout| {
        let assigned = rollout.assigned(connection);
        (assigned.revision.to_owned(), assigned.part, assigned.shadow.map(str::to_owned))
    };
    assert_eq!(by(&settled), ("b".into(), Part::Current, None));
    assert_eq!(by(&shadow), ("b".into(), Part::Current, Some("c".into())));
    assert_eq!(by(&canary), ("c".into(), Part::Canary, None));
    assert_eq!(by(&halted), ("b".into(), Part::Current, None));
}

#[test]
fn a_canary_is_halted_by_its_own_fault_and_by_no_other() {
    let [_, shadow, canary, _] = stages();
    let check = |seen: Seen, expected: bool| {
        let trial = Trial::default().on(&seen);
        assert_eq!(matches!(trial.follows(&canary, &seen), Some(Event::Halt(..))), expected, "{seen:?}");
        assert_eq!(trial.follows(&shadow, &seen), None, "a shadow harms nobody: {seen:?}");
    };
    check(Seen::Clean, false);
    check(Seen::Unheld, false);
    check(Seen::Silent, true);
    check(Seen::Strayed(Strayed { changed: 1, ..Strayed::default() }), true);
    check(Seen::Failed(FailureCode::ElementMissing), true);
    check(Seen::Failed(FailureCode::MfaUnsupported), true);
    check(Seen::Failed(FailureCode::PortalUnavailable), false);
    check(Seen::Failed(FailureCode::CredentialsInvalid), false);
}

#[test]
fn a_canary_is_promoted_after_so_many_clean_runs_in_a_row_if_that_was_asked_for() {
    let how = Try::Canary { share: Share::ALL, promote_after: std::num::NonZeroU32::new(2) };
    let rollout = Rollout::of(named("b")).on(Event::Begin(named("c"), how)).expect("a canary");
    let (once, clean) = (Trial::default().on(&Seen::Clean), Seen::Clean);
    assert_eq!(once.follows(&rollout, &clean), None);
    let twice = once.on(&clean);
    assert_eq!(twice.follows(&rollout, &clean), Some(Event::Promote(named("c"))));
    let [_, _, unasked, _] = stages();
    assert_eq!(twice.follows(&unasked, &clean), None);
}

/// A canary that is promoted after so many clean runs.
fn promoted_after(runs: u32) -> Try {
    Try::Canary { share: share(10), promote_after: std::num::NonZeroU32::new(runs) }
}

fn asked_for(rollout: &Rollout) -> Option<u32> {
    rollout.promote_after().map(std::num::NonZeroU32::get)
}

#[test]
fn a_canary_takes_the_place_of_no_newer_deployment_by_itself() {
    let before = Rollout::of(of_folder("a"));
    let canary = before.on(Event::Begin(named("c"), promoted_after(2))).expect("a canary");
    assert_eq!(asked_for(&canary), Some(2));
    let deployed = canary.on(Event::Deployed(of_folder("b"))).expect("deployed");
    assert_eq!((shown(Ok(deployed.clone())).as_str(), asked_for(&deployed)), ("b a canary c", None));
    let clean = (0..9).fold(Trial::default(), |trial, _| trial.on(&Seen::Clean));
    assert_eq!(clean.follows(&deployed, &Seen::Clean), None);
    // Somebody asks for it beside the new one, and what was clean beside the old one doesn't count.
    let again = deployed.on(Event::Begin(named("c"), promoted_after(2))).expect("a canary");
    let since = clean.beside_another();
    assert_eq!((since.clean, since.clean_in_a_row), (9, 0));
    let once = since.on(&Seen::Clean);
    assert_eq!(once.follows(&again, &Seen::Clean), None);
    assert_eq!(once.on(&Seen::Clean).follows(&again, &Seen::Clean), Some(Event::Promote(named("c"))));
}

#[test]
fn another_share_leaves_a_canary_s_promotion_as_it_was_asked_for() {
    let canary = Rollout::of(named("a")).on(Event::Begin(named("c"), promoted_after(5))).expect("a canary");
    let greater = canary.on(Event::Begin(named("c"), self::canary(20))).expect("a greater share");
    let expected =
        Stage::Canary { candidate: named("c"), share: share(20), promote_after: std::num::NonZeroU32::new(5) };
    assert_eq!(greater.stage, expected);
    let sooner = greater.on(Event::Begin(named("c"), promoted_after(3))).expect("sooner");
    assert_eq!(asked_for(&sooner), Some(3));
    let shadow = sooner.on(Event::Begin(named("c"), Try::Shadow(Share::ALL))).expect("a shadow");
    let anew = shadow.on(Event::Begin(named("c"), self::canary(20))).expect("a canary");
    assert_eq!(asked_for(&anew), None, "one that is begun anew asks anew");
}

#[test]
fn what_was_held_against_nothing_leads_to_no_promotion() {
    let rollout = Rollout::of(named("b")).on(Event::Begin(named("c"), promoted_after(2))).expect("a canary");
    let trial = (0..5).fold(Trial::default(), |trial, _| trial.on(&Seen::Unheld));
    assert_eq!((trial.runs, trial.clean, trial.clean_in_a_row), (5, 0, 0));
    assert_eq!(trial.follows(&rollout, &Seen::Unheld), None);
    let held = trial.on(&Seen::Clean).on(&Seen::Unheld);
    assert_eq!(held.follows(&rollout, &Seen::Unheld), None);
    assert!(held.on(&Seen::Clean).follows(&rollout, &Seen::Clean).is_some(), "it breaks no row of clean ones");
}

#[test]
fn what_is_kept_reads_back_as_it_was() {
    for rollout in stages() {
        let text = serde_json::to_string(&rollout).expect("text");
        assert_eq!(serde_json::from_str::<Rollout>(&text).expect("a rollout"), rollout, "{text}");
    }
}
