//! What a mutant is, and the programs of tests that guards are tried by.
//!
//! Not here: which guards there are, and which is tried by which (`list`).

/// A program of tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// Where its tests are written.
    pub(crate) sources: &'static str,
    /// What cargo is asked for.
    pub(crate) target: &'static [&'static str],
    /// Programs that it starts and that cargo wouldn't build for it.
    pub(crate) programs: &'static [&'static str],
}

const fn suite(name: &'static str, sources: &'static str, target: &'static [&'static str]) -> Suite {
    Suite { name, sources, target, programs: &[] }
}

pub(crate) const QUEUE: Suite = suite("the queue", "coordinator/src/queue/", &["--bin", "coordinator"]);
pub(crate) const STORE: Suite = suite("the store", "coordinator/src/store/tests/", &["--bin", "coordinator"]);
pub(crate) const FLEET: Suite = Suite {
    programs: &["coordinator", "agent", "fixtures"],
    ..suite("the fleet", "tests/tests/fleet/", &["--test", "fleet"])
};
pub(crate) const CONSOLE: Suite = Suite {
    programs: &["coordinator", "agent", "fixtures"],
    ..suite("the console", "tests/tests/console/", &["--test", "console"])
};
pub(crate) const SCRIPT: Suite = suite("the runner", "crates/script/tests/", &["--test", "runner"]);
pub(crate) const AGENT_UNITS: Suite = suite("the agent's rules", "agent/src/", &["--lib"]);
pub(crate) const BROWSERS: Suite = suite("the agent", "agent/tests/", &["--test", "browsers"]);
pub(crate) const SUPERVISION: Suite = suite("supervision", "crates/supervisor/tests/", &["--test", "supervision"]);
pub(crate) const SCRATCH: Suite = suite("scratch folders", "crates/supervisor/tests/", &["--test", "scratch"]);

/// A guard, and how it is taken out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mutant {
    /// What the guard keeps, as a sentence.
    pub(crate) guard: &'static str,
    pub(crate) file: &'static str,
    /// The guard's text, which is in the file once.
    pub(crate) find: &'static str,
    pub(crate) replace: &'static str,
    pub(crate) suite: Suite,
    /// The test that fails without the guard, with its module.
    pub(crate) test: &'static str,
}

/// Guards that are bounds: their tests may run out of time without them instead of failing.
pub(crate) const BOUNDS: [&str; 1] = ["every command to a browser has a deadline"];
