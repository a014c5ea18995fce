//! What a million connections need that are synced four times a day, computed in the open from
//! what was measured: `docs/concepts/capacity.md` shows it with the figures that stand here.
//!
//! Not here: measuring (`wear`, `scale`), and how many agents there should be at each moment
//! (the coordinator's own rule).

use super::scale::AtScale;
use super::wear::Wear;
use ::tests::rows::{Look, cells_of};

/// What is chosen, not measured.
const CONNECTIONS: f64 = 1_000_000.0;
const A_DAY: f64 = 4.0;
/// The busiest hour over the mean one: schedules are spread, banks' hours are not.
const PEAK: f64 = 2.0;
/// For how long a run keeps a seat. Banks take longer than a simulated one.
const SEAT_SECONDS: f64 = 20.0;
/// How busy anything should be.
const BUSY: f64 = 0.7;
/// The machine that one agent runs on.
const CORES_OF_AGENT: f64 = 4.0;
/// For how long nothing runs before all that fell due is queued at once.
const OUTAGE_SECONDS: f64 = 3_600.0;

const MIB: f64 = 1024.0 * 1024.0;
const GIB: f64 = 1024.0 * MIB;

/// What it is computed from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    /// Seconds of an agent's and its browser's CPU a run.
    browser_cpu: f64,
    /// MiB of an agent with its browser, and of a further session in it.
    agent_memory: f64,
    session_memory: f64,
    /// Seconds of CPU a run.
    redis_cpu: f64,
    coordinator_cpu: f64,
    database_cpu: f64,
    redis_commands: f64,
    transactions: f64,
    /// Bytes a run.
    log: f64,
    size: f64,
    /// Bytes of Redis.
    open_run: f64,
    connection: f64,
}

/// The figures that `docs/concepts/capacity.md` was written with.
pub(super) const PUBLISHED: Measured = Measured {
    browser_cpu: 0.63,
    agent_memory: 207.0,
    session_memory: 36.0,
    redis_cpu: 785e-6,
    coordinator_cpu: 3.49e-3,
    database_cpu: 8.58e-3,
    redis_commands: 163.0,
    transactions: 9.2,
    log: 49_408.0,
    size: 14_991.0,
    open_run: 881.0,
    connection: 246.0,
};

/// Something that is needed.
pub(super) struct Need {
    pub(super) what: &'static str,
    /// The figures that it comes from.
    by: String,
    pub(super) value: f64,
    pub(super) unit: &'static str,
}

impl Measured {
    pub(super) fn of(wear: &Wear, scale: &AtScale) -> Self {
        let sync = scale.sync;
        Self {
            browser_cpu: wear.cpu(),
            agent_memory: wear.memory(),
            session_memory: wear.session_memory(),
            redis_cpu: sync.redis_cpu,
            coordinator_cpu: sync.coordinator_cpu,
            database_cpu: sync.database_cpu,
            redis_commands: sync.redis_commands,
            transactions: sync.transactions,
            log: sync.log,
            size: sync.size,
            open_run: scale.open_run,
            connection: scale.connection,
        }
    }

    /// Each figure, and the row of the bench that it is.
    fn figures(&self) -> Vec<[String; 3]> {
        let row = |what: &str, value: String, from: &str| [what.to_owned(), value, from.to_owned()];
        vec![
            row("CPU of agent and browser a run", format!("{:.2} s", self.browser_cpu), "wear"),
            row("memory of an agent with its browser", format!("{:.0} MiB", self.agent_memory), "wear"),
            row("memory of a further session", format!("{:.0} MiB", self.session_memory), "wear"),
            row("Redis' CPU a run", format!("{:.0} µs", self.redis_cpu * 1e6), "syncs"),
            row("Redis' commands a run", format!("{:.0}", self.redis_commands), "syncs"),
            row("coordinators' CPU a run", format!("{:.1} ms", self.coordinator_cpu * 1e3), "syncs"),
            row("PostgreSQL's CPU a run", format!("{:.1} ms", self.database_cpu * 1e3), "syncs"),
            row("PostgreSQL's transactions a run", format!("{:.1}", self.transactions), "syncs"),
            row("PostgreSQL's write-ahead log a run", format!("{:.1} KiB", self.log / 1024.0), "syncs"),
            row("growth of the database a run", format!("{:.1} KiB", self.size / 1024.0), "syncs"),
            row("Redis' memory of an open run", format!("{:.0} bytes", self.open_run), "open runs"),
            row("Redis' memory of a connection, at most", format!("{:.0} bytes", self.connection), "syncs"),
        ]
    }

    /// All that is needed, each with the sum that it comes from.
    pub(super) fn needs(&self) -> Vec<Need> {
        let mean = CONNECTIONS * A_DAY / 86_400.0;
        let peak = mean * PEAK;
        let (browser, seats) = (peak * self.browser_cpu / BUSY, peak * SEAT_SECONDS / BUSY);
        let agents = (browser / CORES_OF_AGENT).ceil();
        let seats_each = seats / agents;
        let agent_memory = (self.agent_memory + seats_each * self.session_memory) / 1024.0;
        let open = mean * OUTAGE_SECONDS;
        let need = |what, by: String, value, unit| Need { what, by, value, unit };
        let a_run = |cpu: f64| format!("{peak:.1} /s · {:.2} ms", cpu * 1e3);
        vec![
            need("runs, mean", format!("{CONNECTIONS} · {A_DAY} ÷ 86400 s"), mean, "/s"),
            need("runs, busiest hour", format!("{mean:.1} /s · {PEAK}"), peak, "/s"),
            need("CPUs of agents", format!("{peak:.1} /s · {:.2} s ÷ {BUSY}", self.browser_cpu), browser, "cores"),
            need("agents", format!("{browser:.0} cores ÷ {CORES_OF_AGENT}, rounded up"), agents, "agents"),
            need("seats", format!("{peak:.1} /s · {SEAT_SECONDS} s ÷ {BUSY}"), seats, "seats"),
            need("seats of an agent", format!("{seats:.0} ÷ {agents:.0}"), seats_each, "seats"),
            need(
                "memory of an agent",
                format!("{:.0} MiB + {seats_each:.1} · {:.0} MiB", self.agent_memory, self.session_memory),
                agent_memory,
                "GiB",
            ),
            need("memory of all agents", format!("{agents:.0} · {agent_memory:.2} GiB"), agents * agent_memory, "GiB"),
            need("CPUs of coordinators", a_run(self.coordinator_cpu), peak * self.coordinator_cpu, "cores"),
            need("CPU of Redis, which has one", a_run(self.redis_cpu), peak * self.redis_cpu, "cores"),
            need(
                "commands of Redis",
                format!("{peak:.1} /s · {:.0}", self.redis_commands),
                peak * self.redis_commands,
                "/s",
            ),
            need(
                "memory of Redis after an hour's outage",
                format!("{CONNECTIONS} · {:.0} bytes + {open:.0} · {:.0} bytes", self.connection, self.open_run),
                (CONNECTIONS * self.connection + open * self.open_run) / MIB,
                "MiB",
            ),
            need("CPUs of PostgreSQL", a_run(self.database_cpu), peak * self.database_cpu, "cores"),
            need(
                "transactions of PostgreSQL",
                format!("{peak:.1} /s · {:.1}", self.transactions),
                peak * self.transactions,
                "/s",
            ),
            need(
                "write-ahead log of PostgreSQL, busiest hour",
                format!("{peak:.1} /s · {:.1} KiB", self.log / 1024.0),
                peak * self.log / MIB,
                "MiB/s",
            ),
            need(
                "write-ahead log of PostgreSQL a day",
                format!("{CONNECTIONS} · {A_DAY} · {:.1} KiB", self.log / 1024.0),
                CONNECTIONS * A_DAY * self.log / GIB,
                "GiB",
            ),
            need(
                "growth of the database a day",
                format!("{CONNECTIONS} · {A_DAY} · {:.1} KiB", self.size / 1024.0),
                CONNECTIONS * A_DAY * self.size / GIB,
                "GiB",
            ),
        ]
    }
}

impl Need {
    fn cells(&self) -> Vec<String> {
        let value = match self.value {
            value if value < 10.0 => format!("{value:.2}"),
            value if value < 100.0 => format!("{value:.1}"),
            value => format!("{value:.0}"),
        };
        vec![self.what.to_owned(), self.by.clone(), format!("{value} {}", self.unit)]
    }
}

/// Prints what was measured, and what follows from it.
pub(super) fn print(measured: &Measured, look: Look) {
    let figures: Vec<Vec<String>> = measured.figures().into_iter().map(Vec::from).collect();
    println!("{}", cells_of(&["measured", "figure", "by"], &figures, look));
    println!();
    let needs: Vec<Vec<String>> = measured.needs().iter().map(Need::cells).collect();
    println!("{}", cells_of(&["needed", "sum", "result"], &needs, look));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Measured, Need, PUBLISHED};

    #[test]
    fn the_document_shows_what_the_bench_computes() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/concepts/capacity.md");
        let page = std::fs::read_to_string(page).expect("the document");
        let cells =
            |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let lines: BTreeSet<Vec<String>> = page.lines().filter(|line| line.starts_with('|')).map(cells).collect();
        let figures = PUBLISHED.figures().into_iter().map(Vec::from);
        for row in figures.chain(PUBLISHED.needs().iter().map(Need::cells)) {
            assert!(
                lines.contains(&row),
                "the document lacks {row:?}; `bench fleet --only capacity --markdown` prints it"
            );
        }
    }

    #[test]
    fn what_costs_twice_as_much_needs_twice_as_much() {
        let value = |measured: Measured, what: &str| {
            measured.needs().into_iter().find(|need| need.what == what).map_or(f64::NAN, |need| need.value)
        };
        let dearer = Measured { browser_cpu: PUBLISHED.browser_cpu * 2.0, log: PUBLISHED.log * 2.0, ..PUBLISHED };
        for what in ["CPUs of agents", "write-ahead log of PostgreSQL a day"] {
            assert!((value(dearer, what) / value(PUBLISHED, what) - 2.0).abs() < 1e-9, "{what}");
        }
        assert!((value(PUBLISHED, "runs, mean") - 46.296).abs() < 1e-3);
    }
}
