//! The formula by numbers that were worked out by hand, and what holds whatever the numbers.
//!
//! Not here: a fleet that follows it; the bench plays one.

use std::time::Duration;

use proptest::prelude::*;

use super::{Backlog, Demand, Pool};

const POOL: Pool =
    Pool { min: 0, max: 100, slots_per_agent: 4, parked_per_agent: 10, dwell_goal: Duration::from_secs(60) };

/// Counted over ten minutes; a run takes twenty seconds.
fn demand(backlogs: &[Backlog]) -> Demand {
    let (counted_over, service) = (Duration::from_secs(600), Duration::from_secs(20));
    Demand { backlogs: backlogs.to_vec(), counted_over, service, ..Demand::default() }
}

const fn backlog(ready: u32, in_flight: u32, cap: u32) -> Backlog {
    Backlog { ready, due_soon: 0, in_flight, cap, arrivals: 0 }
}

#[test]
fn agents_are_worked_out_as_by_hand() {
    let check = |demand: &Demand, pool: &Pool, slots, desired| {
        let scale = demand.scale(pool);
        assert_eq!((scale.slots, scale.desired), (slots, desired), "{demand:?}");
    };
    check(&demand(&[]), &POOL, 0, 0);
    check(&demand(&[]), &Pool { min: 2, ..POOL }, 0, 2);
    // A heap: 90 runnable × 20 s / 60 s = 30 slots, over 4 are 8 agents.
    check(&demand(&[backlog(90, 0, 200)]), &POOL, 30, 8);
    // With 12 under way 42 slots: 11 agents.
    let under_way = Demand { leased: 12, busy_agents: 3, ..demand(&[backlog(90, 12, 200)]) };
    check(&under_way, &POOL, 42, 11);
    // A flow: 300 in 600 s × 20 s / 0.7 = 14.3 slots, which are 15.
    let flow = Backlog { arrivals: 300, ..backlog(0, 0, 200) };
    check(&demand(&[flow]), &POOL, 15, 4);
    // The greater of both counts, not their sum.
    check(&demand(&[Backlog { arrivals: 300, ..backlog(90, 0, 200) }]), &POOL, 30, 8);
    // The bank lets 4 in, so that 4 of 5,000 count, of the flow likewise.
    check(&demand(&[backlog(5_000, 0, 4)]), &POOL, 2, 1);
    check(&demand(&[Backlog { arrivals: 5_000, ..backlog(5_000, 4, 4) }]), &POOL, 4, 1);
    // Each institution has a cap of its own.
    check(&demand(&[backlog(5_000, 4, 4), backlog(3, 0, 4), backlog(60, 10, 40)]), &POOL, 11, 3);
    // Whoever waits for a person takes memory beside the slots.
    check(&Demand { parked: 11, busy_agents: 2, ..demand(&[backlog(90, 11, 200)]) }, &POOL, 30, 10);
    // A service that takes longer than the goal needs a slot for each run.
    let slow = Demand { service: Duration::from_secs(300), ..demand(&[backlog(90, 0, 200)]) };
    check(&slow, &POOL, 90, 23);
    check(&demand(&[backlog(90, 0, 200)]), &Pool { max: 5, ..POOL }, 30, 5);
    // Never below the busy agents, even where the most was lowered.
    let busy = Demand { leased: 9, busy_agents: 9, ..demand(&[]) };
    check(&busy, &POOL, 9, 9);
    check(&busy, &Pool { max: 5, ..POOL }, 9, 9);
}

#[test]
fn the_example_that_is_documented_holds() {
    // docs/concepts/scaling.md: 5,000 at 60 banks, six of which let in 40 and the others 8.
    let bank = |number: u32| {
        let ready = 83 + u32::from(number < 20);
        Backlog { arrivals: ready, ..backlog(ready, 0, if number < 6 { 40 } else { 8 }) }
    };
    let backlogs: Vec<Backlog> = (0..60).map(bank).collect();
    let morning = Demand { counted_over: Duration::from_secs(300), ..demand(&backlogs) };
    let scale = morning.scale(&Pool { max: 150, ..POOL });
    assert_eq!((scale.ready, scale.runnable, scale.blocked), (5_000, 672, 4_328));
    assert_eq!((scale.slots, scale.desired), (477, 120));
    // The heap alone.
    let heap = backlogs.iter().map(|backlog| Backlog { arrivals: 0, ..*backlog }).collect::<Vec<_>>();
    assert_eq!(demand(&heap).scale(&POOL).slots, 224);
}

#[test]
fn what_waits_for_its_bank_is_told_apart() {
    let scale = demand(&[backlog(5_000, 4, 4), backlog(3, 0, 4), backlog(7, 0, 4), backlog(1, 9, 4)]).scale(&POOL);
    assert_eq!((scale.ready, scale.runnable, scale.blocked), (5_011, 7, 5_004));
}

#[test]
fn the_last_agent_goes_when_there_is_nothing_at_all() {
    let check = |demand: Demand, desired| assert_eq!(demand.scale(&POOL).desired, desired, "{demand:?}");
    check(demand(&[]), 0);
    check(demand(&[backlog(0, 0, 4)]), 0);
    // Behind a cap of none something is still ready.
    check(demand(&[backlog(1, 0, 0)]), 1);
    check(Demand { leased: 1, busy_agents: 0, ..demand(&[]) }, 1);
    check(Demand { parked: 1, busy_agents: 0, ..demand(&[]) }, 1);
    // One falls due soon; and 300 do, 90 of which the bank will let in.
    check(demand(&[Backlog { due_soon: 1, ..backlog(0, 0, 4) }]), 1);
    check(demand(&[Backlog { due_soon: 300, ..backlog(0, 0, 90) }]), 8);
    // A pool may have a size that makes no sense.
    let pool = Pool { min: 3, max: 0, slots_per_agent: 0, parked_per_agent: 0, dwell_goal: Duration::ZERO };
    assert_eq!(demand(&[backlog(9, 0, 9)]).scale(&pool).desired, 0);
}

fn any_backlog() -> impl Strategy<Value = Backlog> {
    let count = || prop_oneof![0..100_u32, any::<u32>()];
    (count(), count(), count(), count(), count()).prop_map(|(ready, due_soon, in_flight, cap, arrivals)| Backlog {
        ready,
        due_soon,
        in_flight,
        cap,
        arrivals,
    })
}

fn any_demand() -> impl Strategy<Value = Demand> {
    let durations = (0..10_000_000_u64, 0..10_000_000_u64);
    let counts = (0..500_u32, 0..500_u32, 0..200_u32);
    (proptest::collection::vec(any_backlog(), 0..5), durations, counts).prop_map(|(backlogs, durations, counts)| {
        let (counted_over, service) = (Duration::from_millis(durations.0), Duration::from_millis(durations.1));
        let (leased, parked, busy_agents) = counts;
        Demand { backlogs, counted_over, service, leased, parked, busy_agents }
    })
}

fn any_pool() -> impl Strategy<Value = Pool> {
    (0..20_u32, 0..200_u32, 1..10_u32, 1..20_u32, 0..600_u64).prop_map(|(min, above, slots, parked, goal)| Pool {
        min,
        max: min + above,
        slots_per_agent: slots,
        parked_per_agent: parked,
        dwell_goal: Duration::from_secs(goal),
    })
}

proptest! {
    #[test]
    fn agents_stay_within_bounds_and_busy_ones_are_kept(demand in any_demand(), pool in any_pool()) {
        let scale = demand.scale(&pool);
        prop_assert!(scale.desired >= demand.busy_agents);
        prop_assert!(scale.desired >= pool.min && scale.desired <= pool.max.max(demand.busy_agents));
        prop_assert_eq!(scale.ready, scale.runnable + scale.blocked);
    }

    #[test]
    fn more_that_is_ready_never_takes_fewer_agents(
        demand in any_demand(), pool in any_pool(), backlog in any_backlog(), more in any::<u32>()
    ) {
        let desired = |backlog| {
            let mut demand = demand.clone();
            demand.backlogs.push(backlog);
            demand.scale(&pool).desired
        };
        let greater = Backlog { ready: backlog.ready.saturating_add(more), ..backlog };
        prop_assert!(desired(backlog) <= desired(greater));
    }

    #[test]
    fn what_a_bank_does_not_let_in_takes_no_agent(demand in any_demand(), pool in any_pool(), ready in 1..u32::MAX) {
        let with = |ready| {
            let mut demand = demand.clone();
            demand.backlogs.push(Backlog { ready, due_soon: 0, in_flight: 4, cap: 4, arrivals: ready });
            demand.scale(&pool)
        };
        prop_assert_eq!(with(ready).runnable, demand.scale(&pool).runnable);
        // Of the flow its cap counts, whatever waits.
        prop_assert!(with(ready).slots <= demand.scale(&pool).slots + 5);
    }
}
