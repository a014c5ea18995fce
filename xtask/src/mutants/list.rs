//! The guards of the fleet, each with the mutant that takes it out and the test that fails
//! then. A guard is a line that keeps what ARCHITECTURE.md says must always hold.
//!
//! Not here: trying them. This file knows nothing of the rest of the crate, as
//! `tests/tests/house/mutants.rs` holds it against the code.

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

const QUEUE: Suite = suite("the queue", "coordinator/src/queue/", &["--bin", "coordinator"]);
const STORE: Suite = suite("the store", "coordinator/src/store/tests/", &["--bin", "coordinator"]);
const FLEET: Suite = Suite {
    programs: &["coordinator", "agent", "fixtures"],
    ..suite("the fleet", "tests/tests/fleet/", &["--test", "fleet"])
};
const CONSOLE: Suite = Suite {
    programs: &["coordinator", "agent", "fixtures"],
    ..suite("the console", "tests/tests/console/", &["--test", "console"])
};
const SCRIPT: Suite = suite("the runner", "crates/script/tests/", &["--test", "runner"]);
const AGENT_UNITS: Suite = suite("the agent's rules", "agent/src/", &["--lib"]);
const AGENT: Suite = suite("the agent", "agent/tests/", &["--test", "agent"]);
const DRAIN: Suite = suite("the agent's end", "agent/tests/", &["--test", "drain"]);
const DRIVER: Suite = suite("the driver", "agent/tests/", &["--test", "driver"]);
const EGRESS: Suite = suite("the way out", "agent/tests/", &["--test", "egress"]);
const WEAR: Suite = suite("browsers", "agent/tests/", &["--test", "wear"]);
const SUPERVISION: Suite = suite("supervision", "crates/supervisor/tests/", &["--test", "supervision"]);
const SCRATCH: Suite = suite("scratch folders", "crates/supervisor/tests/", &["--test", "scratch"]);

/// Guards that are bounds: their tests may run out of time without them instead of failing.
pub(crate) const BOUNDS: [&str; 1] = ["every command to a browser has a deadline"];

/// Every guard that has a mutant, by suite.
pub(crate) const MUTANTS: [Mutant; 55] = [
    Mutant {
        guard: "a connection has one open run in the queue",
        file: "coordinator/src/queue/enqueue.lua",
        find: "if redis.call('HSETNX', key('open'), connection, run) == 0 then",
        replace: "if redis.call('HSET', key('open'), connection, run) < 0 then",
        suite: QUEUE,
        test: "queue::tests::a_connection_has_one_run_in_the_queue_and_it_is_leased_once",
    },
    Mutant {
        guard: "a drained agent gets no lease",
        file: "coordinator/src/queue/acquire.lua",
        find: "if redis.call('SISMEMBER', key('draining'), agent) == 1 then",
        replace: "if false then",
        suite: QUEUE,
        test: "queue::tests::a_drained_agent_is_given_nothing_until_it_is_undrained",
    },
    Mutant {
        guard: "an institution has no more leases than its cap",
        file: "coordinator/src/queue/preamble.lua",
        find: "elseif redis.call('SCARD', key('working:' .. institution)) < cap then",
        replace: "elseif cap > 0 then",
        suite: QUEUE,
        test: "queue::tests::an_institution_at_its_cap_starts_nothing_until_a_lease_ends",
    },
    Mutant {
        guard: "an institution is asked no faster than its pace",
        file: "coordinator/src/queue/acquire.lua",
        find: "if interval > 0 then",
        replace: "if false then",
        suite: QUEUE,
        test: "queue::tests::a_pace_and_a_closed_gate_say_when_the_next_run_may_start",
    },
    Mutant {
        guard: "nothing starts behind a closed gate",
        file: "coordinator/src/queue/preamble.lua",
        find: "local opens = math.max(tonumber(known[2] or 0), tonumber(known[3] or 0))",
        replace: "local opens = tonumber(known[2] or 0)",
        suite: QUEUE,
        test: "queue::tests::a_pace_and_a_closed_gate_say_when_the_next_run_may_start",
    },
    Mutant {
        guard: "an institution that is probed starts one run at a time",
        file: "coordinator/src/queue/preamble.lua",
        find: "local cap = math.min(tonumber(known[1] or 0), known[4] == '1' and 1 or math.huge)",
        replace: "local cap = tonumber(known[1] or 0)",
        suite: QUEUE,
        test: "queue::tests::an_institution_that_is_probed_starts_one_run_at_a_time",
    },
    Mutant {
        guard: "who comes and goes wins no turn",
        file: "coordinator/src/queue/preamble.lua",
        find: "redis.call('HSET', key('passes'), flow, pass)",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::whoever_comes_and_goes_gets_no_more_turns_than_who_stays",
    },
    Mutant {
        guard: "a connection's fences grow",
        file: "coordinator/src/queue/acquire.lua",
        find: "redis.call('HINCRBY', key('fences'), known[1], 1)",
        replace: "1",
        suite: QUEUE,
        test: "queue::tests::fences_of_a_connection_only_grow",
    },
    Mutant {
        guard: "a lease is held by its agent alone",
        file: "coordinator/src/queue/preamble.lua",
        find: "held[2] == agent and ",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::only_the_holder_renews_and_only_while_the_lease_lasts",
    },
    Mutant {
        guard: "a lease is held under its fence alone",
        file: "coordinator/src/queue/preamble.lua",
        find: "held[3] == fence and ",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::only_the_holder_renews_and_only_while_the_lease_lasts",
    },
    Mutant {
        guard: "a lease is held until its term ends",
        file: "coordinator/src/queue/preamble.lua",
        find: " and tonumber(held[4]) > now",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::only_the_holder_renews_and_only_while_the_lease_lasts",
    },
    Mutant {
        guard: "a run that lapsed is one caller's",
        file: "coordinator/src/queue/expire.lua",
        find: "redis.call('ZADD', key('leased'), now + grace, run)",
        replace: "redis.call('ZADD', key('leased'), now, run)",
        suite: QUEUE,
        test: "queue::tests::a_lapsed_lease_is_taken_back_once_and_leased_under_a_greater_fence",
    },
    Mutant {
        guard: "only a run that lapsed is taken back",
        file: "coordinator/src/queue/take_back.lua",
        find: "if redis.call('HGET', key('run:' .. run), 'state') == 'lapsed' then",
        replace: "if true then",
        suite: QUEUE,
        test: "queue::tests::a_lease_that_lasts_is_not_taken_back",
    },
    Mutant {
        guard: "a generation lives in one process of Redis",
        file: "coordinator/src/queue/preamble.lua",
        find: "if redis.call('GET', prefix .. 'process') ~= redis.call('INFO', 'server'):match('run_id:(%x+)') then",
        replace: "if false then",
        suite: QUEUE,
        test: "queue::tests::a_redis_that_comes_back_older_gives_no_fence_a_second_time",
    },
    Mutant {
        guard: "a generation begins in the process that was looked at",
        file: "coordinator/src/queue/install.lua",
        find: "ARGV[2] ~= process or ",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::a_redis_that_comes_back_older_gives_no_fence_a_second_time",
    },
    Mutant {
        guard: "generations only grow",
        file: "coordinator/src/queue/install.lua",
        find: " or tonumber(ARGV[1]) <= known",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::fences_of_a_connection_only_grow",
    },
    Mutant {
        guard: "a delayed run waits until it is due",
        file: "coordinator/src/queue/preamble.lua",
        find: "key('delayed'), '-inf', now,",
        replace: "key('delayed'), '-inf', '+inf',",
        suite: QUEUE,
        test: "queue::tests::a_delayed_run_waits_until_it_is_due",
    },
    Mutant {
        guard: "a run that ended makes way for the next",
        file: "coordinator/src/queue/preamble.lua",
        find: "redis.call('HDEL', key('open'), known[1])",
        replace: "",
        suite: QUEUE,
        test: "queue::tests::a_connection_has_one_run_in_the_queue_and_it_is_leased_once",
    },
    Mutant {
        guard: "no run is granted under a fence that isn't greater",
        file: "coordinator/src/store/sql/runs.rs",
        find: " AND fence < $3",
        replace: "",
        suite: STORE,
        test: "store::tests::runs::a_stale_fence_cannot_complete_fail_or_declare",
    },
    Mutant {
        guard: "nothing is stored under an older fence",
        file: "coordinator/src/store/sql/held.rs",
        find: " AND fence = $3",
        replace: " AND (fence = $3 OR fence > 0)",
        suite: STORE,
        test: "store::tests::runs::a_stale_fence_cannot_complete_fail_or_declare",
    },
    Mutant {
        guard: "nothing is stored for another agent",
        file: "coordinator/src/store/sql/held.rs",
        find: " AND agent_id = $2",
        replace: " AND (agent_id = $2 OR agent_id IS NOT NULL)",
        suite: STORE,
        test: "store::tests::runs::a_fence_in_another_agents_hand_is_good_for_nothing",
    },
    Mutant {
        guard: "completing twice is completing once",
        file: "coordinator/src/store/sql/runs.rs",
        find: "Err(Refused::LeaseLost) if was_completed_by(&mut tx, run_id, proof).await? => {",
        replace: "Err(Refused::LeaseLost) if false => {",
        suite: STORE,
        test: "store::tests::runs::completing_twice_is_completing_once",
    },
    Mutant {
        guard: "one effect is open at a time",
        file: "coordinator/src/store/sql/intents.rs",
        find: "Some(_) => return Err(Refused::IntentOpen),",
        replace: "Some(_) => {}",
        suite: STORE,
        test: "store::tests::runs::an_effect_that_a_dead_run_left_open_is_looked_at_by_the_next",
    },
    Mutant {
        guard: "a refused password is submitted for no other connection",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "if kept.refused.is_some() || was_refused(tx, whole.as_deref()).await? {",
        replace: "if kept.refused.is_some() {",
        suite: STORE,
        test: "store::tests::lockout::a_password_that_a_bank_refused_is_tried_for_no_other_connection",
    },
    Mutant {
        guard: "a locked login is left alone",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "if is_locked || doubts",
        replace: "if doubts",
        suite: STORE,
        test: "store::tests::lockout::a_lock_is_every_connections_until_somebody_says_that_it_was_lifted_there",
    },
    Mutant {
        guard: "a run that submitted no password brands none",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "    if submitted(tx, run).await? {",
        replace: "    if submitted(tx, run).await.is_ok() {",
        suite: STORE,
        test: "store::tests::lockout::a_run_that_submitted_nothing_says_nothing_of_the_password",
    },
    Mutant {
        guard: "what was given meanwhile isn't frozen for what the run was given",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "AND (whole IS NULL OR $3 IS NULL OR whole = $3)",
        replace: "AND (whole IS NULL OR $3 IS NULL OR whole <> $3 OR whole = $3)",
        suite: STORE,
        test: "store::tests::lockout::what_a_bank_refuses_is_what_the_run_was_given_and_not_what_was_given_meanwhile",
    },
    Mutant {
        guard: "a session that has ended keeps nobody waiting",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "(i.fence = r.fence AND r.started_at IS NOT NULL)",
        replace: "(i.fence = r.fence)",
        suite: STORE,
        test: "store::tests::lockout::a_run_that_was_put_off_keeps_no_other_connection_of_its_bank_user_waiting",
    },
    Mutant {
        guard: "a login is in use for one connection at a time",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "if sessions_elsewhere(tx, login.as_deref(), connection).await? > 0 {",
        replace: "if sessions_elsewhere(tx, login.as_deref(), connection).await? > 99 {",
        suite: STORE,
        test: "store::tests::lockout::one_user_of_a_bank_signs_in_for_one_connection_at_a_time",
    },
    Mutant {
        guard: "passwords that no bank answered are counted",
        file: "coordinator/src/store/sql/lockout.rs",
        find: "doubts(tx, connection).await? >= i64::from(DOUBTS_ALLOWED)",
        replace: "doubts(tx, connection).await? > 99",
        suite: STORE,
        test: "store::tests::runs::passwords_that_the_bank_never_answered_are_counted",
    },
    Mutant {
        guard: "a connection begins its run only when it is due",
        file: "coordinator/src/store/sql/schedules.rs",
        find: "SET next_sync_at = $3 WHERE id = $1 AND next_sync_at <= $2",
        replace: "SET next_sync_at = $3 WHERE id = $1 AND (next_sync_at <= $2 OR next_sync_at > $2)",
        suite: STORE,
        test: "store::tests::fleet::a_connection_is_planned_when_its_run_has_ended_and_begun_once_when_it_is_due",
    },
    Mutant {
        guard: "revoking ends the run",
        file: "coordinator/src/store/sql/connections.rs",
        find: r#"happening(id, "revoked"), now).await?;
        let run = runs::end_open(&mut tx, id, now).await?;"#,
        replace: r#"happening(id, "revoked"), now).await?;
        let run = None;"#,
        suite: STORE,
        test: "store::tests::runs::revoking_ends_the_run_and_forgets_the_credentials",
    },
    Mutant {
        guard: "one of two advances a generation",
        file: "coordinator/src/store/sql/runs.rs",
        find: "SET generation = generation + 1 WHERE generation = $1",
        replace: "SET generation = generation + 1 WHERE generation >= $1",
        suite: STORE,
        test: "store::tests::runs::only_one_of_two_advances_a_generation",
    },
    Mutant {
        guard: "an answer is of no use to the session after",
        file: "coordinator/src/store/sql/runs.rs",
        find: "// Whoever asked under an older fence is gone, and its session with it.\n        challenges::cancel_pending(&mut tx, run_id, ClosingReason::AgentGone, now).await?;",
        replace: "",
        suite: STORE,
        test: "store::tests::runs::a_challenge_is_asked_once_answered_once_and_forgets_its_answer",
    },
    Mutant {
        guard: "an authenticator's code is given once",
        file: "coordinator/src/store/sql/authenticators.rs",
        find: "WHERE authenticator_uses.used_until < excluded.used_until",
        replace: "",
        suite: STORE,
        test: "store::tests::authenticators::a_code_is_used_once_and_none_after_a_later_one",
    },
    Mutant {
        guard: "a challenge is answered once",
        file: "crates/domain/src/challenge.rs",
        find: "(Self::Open, E::Answer) =>",
        replace: "(Self::Open | Self::Answered, E::Answer) =>",
        suite: STORE,
        test: "store::tests::runs::a_challenge_is_asked_once_answered_once_and_forgets_its_answer",
    },
    Mutant {
        guard: "a run whose lease was lost with Redis waits for one term",
        file: "coordinator/src/fleet/roles.rs",
        find: "run.not_before = run.not_before.max(now + term);",
        replace: "",
        suite: FLEET,
        test: "bad_luck::a_redis_that_is_wiped_is_rebuilt_from_the_store",
    },
    Mutant {
        guard: "a run on which agents crash is set aside",
        file: "coordinator/src/fleet/roles.rs",
        find: "crashes >= CRASHES_ALLOWED",
        replace: "crashes > 99",
        suite: FLEET,
        test: "operations::a_run_whose_agents_spoke_and_went_silent_is_set_aside_after_three",
    },
    Mutant {
        guard: "an effect is declared by whoever holds the lease in the queue",
        file: "coordinator/src/fleet/intent.rs",
        find: "if !self.queue.renew(run_id, proof, self.config.lease.term).await? {",
        replace: "if false {",
        suite: FLEET,
        test: "operations::nothing_is_declared_under_a_lease_that_has_lapsed",
    },
    Mutant {
        guard: "an effect is declared before it happens",
        file: "crates/script/src/runner/act.rs",
        find: "self.awaiting = Awaiting::Declared(batch);\n                Command::Declare(effect)",
        replace: "let _ = effect;\n                self.carry_out(batch)",
        suite: SCRIPT,
        test: "a_run_signs_in_reads_every_page_and_signs_out",
    },
    Mutant {
        guard: "a password is submitted once in a run",
        file: "crates/script/src/runner/act.rs",
        find: "if effect == Some(Effect::Password) && self.password_submitted {",
        replace: "if false {",
        suite: SCRIPT,
        test: "a_sign_in_page_in_mid_read_is_a_session_that_ended",
    },
    Mutant {
        guard: "nothing passes the gate after the window",
        file: "agent/src/gate.rs",
        find: "State::Open(window) if window.holds(Instant::now()) => Ok(",
        replace: "State::Open(window) => Ok(",
        suite: AGENT_UNITS,
        test: "gate::tests::nothing_passes_after_the_window_even_before_anybody_noticed",
    },
    Mutant {
        guard: "the window ends a margin before the term",
        file: "agent/src/gate.rs",
        find: "asked_at + term.saturating_sub(margin)",
        replace: "asked_at + term.max(margin)",
        suite: AGENT_UNITS,
        test: "gate::tests::a_window_is_counted_from_before_the_request",
    },
    Mutant {
        guard: "a late renewal brings nothing back",
        file: "agent/src/gate.rs",
        find: "self.holds(now).then_some(",
        replace: "(now >= self.asked_at).then_some(",
        suite: AGENT_UNITS,
        test: "gate::tests::a_renewal_that_answers_late_brings_nothing_back",
    },
    Mutant {
        guard: "no more runs are let in than fit",
        file: "agent/src/admission.rs",
        find: " && self.parked < self.limits.parked",
        replace: "",
        suite: AGENT_UNITS,
        test: "admission::tests::whatever_happens_there_are_never_more_runs_than_fit",
    },
    Mutant {
        guard: "a session ends with its window",
        file: "agent/src/watchdog.rs",
        find: "ending.end().await;",
        replace: "let _ = &ending;",
        suite: WEAR,
        test: "a_session_ends_with_its_window_though_nobody_drives_it_and_its_browser_is_frozen",
    },
    Mutant {
        guard: "a lease that is refused is given up at once",
        file: "agent/src/renewer.rs",
        find: "self.gate.shut(Shut::Lost);",
        replace: "",
        suite: AGENT,
        test: "after_the_lease_is_lost_the_portal_hears_nothing_and_nobody_is_told",
    },
    Mutant {
        guard: "an agent that drains asks for no lease",
        file: "agent/src/asker.rs",
        find: "() = drain.begun() => break,\n                asked = self.run_once() => asked,",
        replace: "asked = self.run_once() => asked,",
        suite: DRAIN,
        test: "an_agent_that_drains_takes_no_further_lease",
    },
    Mutant {
        guard: "no byte reaches a portal through a shut gate",
        file: "agent/src/egress.rs",
        find: "gate.check().map_err(io::Error::other)?;",
        replace: "let _ = gate;",
        suite: EGRESS,
        test: "what_a_slow_portal_had_not_taken_when_the_gate_shut_never_reaches_it",
    },
    Mutant {
        guard: "every command to a browser has a deadline",
        file: "agent/src/cdp/wire.rs",
        find: "let answered = timeout(patience, answered).await.map_err(|_| WireError::TimedOut)?;",
        replace: "let _ = patience;\n        let answered = answered.await;",
        suite: DRIVER,
        test: "a_page_that_hangs_is_a_crash_and_does_no_harm_to_others",
    },
    Mutant {
        guard: "a family is killed when its parent is gone",
        file: "crates/supervisor/src/watch.rs",
        find: "let _ = causes.send(Cause::LetGo);",
        replace: "",
        suite: SUPERVISION,
        test: "a_parent_killed_with_sigkill_leaves_no_process_and_no_folder",
    },
    Mutant {
        guard: "what a dead owner left is swept",
        file: "crates/supervisor/src/scratch.rs",
        find: "remove(path).map(|()| true)",
        replace: "Ok(false)",
        suite: SCRATCH,
        test: "a_sweep_removes_only_the_deads_folders",
    },
    Mutant {
        guard: "no sweep takes what is in use",
        file: "crates/supervisor/src/scratch.rs",
        find: "FlockOperation::NonBlockingLockExclusive",
        replace: "FlockOperation::NonBlockingLockShared",
        suite: SCRATCH,
        test: "a_sweep_removes_only_the_deads_folders",
    },
    Mutant {
        guard: "a form is one of its session's own",
        file: "coordinator/src/console/door.rs",
        find: "if !bool::from(is_own) {",
        replace: "if false && !bool::from(is_own) {",
        suite: CONSOLE,
        test: "door::a_form_of_another_site_or_session_changes_nothing",
    },
    Mutant {
        guard: "nobody at the console sees another organization's connection",
        file: "coordinator/src/store/sql/console.rs",
        find: "if !reach.has(OrganizationId(row.1)) {",
        replace: "if false {",
        suite: CONSOLE,
        test: "roles::each_address_opens_to_its_role_and_to_those_who_reach_it",
    },
];
