//! Which agents may be taken away first: those that hold nothing, then those that hold
//! least. A person who is answering a bank's question is the last to be disturbed.
//!
//! Not here: how many (`scale`), and draining them.

/// What an agent holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held<Id> {
    /// Which agent.
    pub agent: Id,
    /// Whether it takes new runs.
    pub standing: Standing,
    /// Runs that it drives.
    pub busy: u32,
    /// Runs that wait in its memory for a person.
    pub parked: u32,
}

/// Whether an agent takes new runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Serving,
    /// It finishes what it holds, and goes.
    Draining,
}

/// What a run in mid-drive adds to an agent's cost; what goes anyway is a little cheaper.
const BUSY: i32 = 10;
/// The same for one that waits for a person: more than any agent has slots.
const PARKED: i32 = 100_000;

impl<Id> Held<Id> {
    /// How much is lost with it, as Kubernetes takes it (`controller.kubernetes.io/pod-deletion-cost`):
    /// those with the lowest are deleted first.
    #[must_use]
    pub fn deletion_cost(&self) -> i32 {
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let runs = number(self.busy).saturating_mul(BUSY).min(PARKED - BUSY);
        let cost = number(self.parked).saturating_mul(PARKED).saturating_add(runs);
        match self.standing {
            Standing::Serving => cost,
            Standing::Draining => cost - 1,
        }
    }

    const fn is_idle(&self) -> bool {
        self.busy == 0 && self.parked == 0
    }
}

/// The agents that can go at once, where there should be `desired`: idle ones; those that
/// drain first, since they don't count any more, then of the others no more than are too
/// many.
#[must_use]
pub fn drainable<Id: Clone>(agents: &[Held<Id>], desired: u32) -> Vec<Id> {
    let (serving, draining): (Vec<&Held<Id>>, Vec<&Held<Id>>) =
        agents.iter().partition(|agent| agent.standing == Standing::Serving);
    let surplus = serving.len().saturating_sub(usize::try_from(desired).unwrap_or(usize::MAX));
    let idle = draining.into_iter().filter(|agent| agent.is_idle());
    let idle = idle.chain(serving.into_iter().filter(|agent| agent.is_idle()).take(surplus));
    idle.map(|agent| agent.agent.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Held, Standing, drainable};

    const fn held(agent: &'static str, standing: Standing, busy: u32, parked: u32) -> Held<&'static str> {
        Held { agent, standing, busy, parked }
    }

    #[test]
    fn who_holds_least_goes_first_and_who_waits_for_a_person_last() {
        let mut agents = [
            held("parked", Standing::Serving, 0, 1),
            held("parked and busy", Standing::Serving, 1, 1),
            held("full", Standing::Serving, 8, 0),
            held("overfull", Standing::Serving, u32::MAX, 0),
            held("idle", Standing::Serving, 0, 0),
            held("one", Standing::Serving, 1, 0),
            held("draining and idle", Standing::Draining, 0, 0),
            held("draining with one", Standing::Draining, 1, 0),
            held("two people", Standing::Draining, 0, 2),
            held("full of people", Standing::Serving, u32::MAX, u32::MAX),
        ];
        agents.sort_by_key(Held::deletion_cost);
        let order = agents.map(|agent| agent.agent);
        let expected = ["draining and idle", "idle", "draining with one", "one", "full", "overfull", "parked"];
        assert_eq!(order[..7], expected);
        assert_eq!(order[7..], ["parked and busy", "two people", "full of people"]);
    }

    #[test]
    fn only_idle_agents_that_are_too_many_go_at_once() {
        let agents = [
            held("a", Standing::Serving, 0, 0),
            held("b", Standing::Serving, 2, 0),
            held("c", Standing::Draining, 0, 0),
            held("d", Standing::Serving, 0, 1),
            held("e", Standing::Serving, 0, 0),
        ];
        let check = |desired, expected: &[&str]| assert_eq!(drainable(&agents, desired), expected, "{desired}");
        check(9, &["c"]);
        check(5, &["c"]);
        check(4, &["c"]);
        check(3, &["c", "a"]);
        check(0, &["c", "a", "e"]);
    }
}
