//! `coordinator fleet …`: what goes on in the fleet, asked of a coordinator that serves.
//!
//! What is shown is what `/control/v1` answers; `--json` prints it as it comes.
//!
//! Not here: what any of it means (`http::control::fleet`).

use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::{At, Column, Desk, unknown};
use super::{CommandError, printable};
use crate::config::Config;

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the agents that were heard of in the last minute.
    Agents,
    /// Give an agent no further lease for as long as it is heard of; what it works on goes on.
    Drain {
        /// The agent.
        agent: Uuid,
    },
    /// Give a drained agent leases again.
    Undrain {
        /// The agent.
        agent: Uuid,
    },
    /// List what is being worked on.
    Leases,
    /// Show what waits, by institution.
    Queue,
    /// Show what waits, by institution and organization, those of one bank in the order of their turns.
    Flows,
    /// Say how many agents there should be.
    Scale,
    /// Say when a connection is synced next.
    Schedule {
        /// The connection.
        connection: Uuid,
    },
    /// Make a connection due that is planned for later.
    Due {
        /// The connection.
        connection: Uuid,
    },
    /// List institutions: limits, breakers, pauses.
    Institutions,
    /// Start no run at an institution until it is resumed; what is under way goes on.
    Pause {
        /// The institution.
        institution: String,
        /// For other operators.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let runs start at an institution again.
    Resume {
        /// The institution.
        institution: String,
    },
    /// Close an institution's breaker, whatever the last runs said.
    ResetBreaker {
        /// The institution.
        institution: String,
    },
    /// List how the ways to find things fared in the last seven days, where scripts have several.
    Ways {
        /// Those of one institution.
        institution: Option<String>,
    },
    /// Look through the whole queue for what isn't in order.
    Audit,
    /// List runs that were set aside: agent after agent went silent on them.
    DeadLetters,
    /// List connections whose users may do more at the bank than look at accounts.
    Overprivileged,
    /// Let the connection of such a run go on.
    Revive {
        /// The run.
        run: Uuid,
    },
}

const AGENTS: [Column; 7] = [
    ("ID", "/id"),
    ("NAME", "/name"),
    ("STATE", "/state"),
    ("SEATS", "/seats/total"),
    ("BUSY", "/seats/busy"),
    ("PARKED", "/seats/parked"),
    ("SEEN, MS AGO", "/seenMsAgo"),
];
const LEASES: [Column; 6] = [
    ("RUN", "/runId"),
    ("CONNECTION", "/connectionId"),
    ("INSTITUTION", "/institutionId"),
    ("AGENT", "/agentId"),
    ("STATE", "/state"),
    ("SINCE, MS", "/sinceMsAgo"),
];
const INSTITUTIONS: [Column; 7] = [
    ("INSTITUTION", "/institutionId"),
    ("READY", "/ready"),
    ("RUNNABLE", "/runnable"),
    ("LEASED", "/leased"),
    ("CAP", "/cap"),
    ("CLOSED FOR, MS", "/closedForMs"),
    ("OLDEST, MS", "/oldestReadyMs"),
];
const SCALE: [Column; 8] = [
    ("DESIRED", "/desired_agents"),
    ("AGENTS", "/agents/total"),
    ("DRAINING", "/agents/draining"),
    ("READY", "/ready"),
    ("RUNNABLE", "/runnable"),
    ("LEASED", "/leased"),
    ("PARKED", "/parked"),
    ("DWELL P95, S", "/dwell_p95_s"),
];
const STATES: [Column; 7] = [
    ("INSTITUTION", "/id"),
    ("AT ONCE", "/atOnce"),
    ("STARTS A MINUTE", "/startsPerMinute"),
    ("BREAKER", "/breaker"),
    ("OPEN UNTIL", "/openUntil"),
    ("PAUSED", "/pausedAt"),
    ("REASON", "/pauseReason"),
];
const FLOWS: [Column; 4] =
    [("INSTITUTION", "/institutionId"), ("TENANT", "/tenantId"), ("READY", "/ready"), ("OLDEST, MS", "/oldestReadyMs")];
const SCHEDULE: [Column; 5] = [
    ("CONNECTION", "/id"),
    ("SCHEDULE", "/schedule"),
    ("NEXT SYNC", "/nextSyncAt"),
    ("PAST", "/past"),
    ("READ SINCE", "/readSince"),
];
const WAYS: [Column; 9] = [
    ("INSTITUTION", "/institutionId"),
    ("REVISION", "/revision"),
    ("CURRENT", "/isCurrent"),
    ("TARGET", "/target"),
    ("WAY", "/way"),
    ("FOUND", "/found"),
    ("MISSING", "/missing"),
    ("DISAGREED", "/disagreed"),
    ("LAST FOUND", "/lastFoundOn"),
];
const DEAD_LETTERS: [Column; 7] = [
    ("RUN", "/runId"),
    ("CONNECTION", "/connectionId"),
    ("INSTITUTION", "/institutionId"),
    ("KIND", "/kind"),
    ("CRASHES", "/crashes"),
    ("LAPSES", "/lapses"),
    ("SET ASIDE", "/deadAt"),
];
const OVERPRIVILEGED: [Column; 5] = [
    ("CONNECTION", "/connectionId"),
    ("INSTITUTION", "/institutionId"),
    ("MAY PAY", "/initiate"),
    ("MAY APPROVE", "/approve"),
    ("SEEN", "/observedAt"),
];

impl Arguments {
    pub(super) async fn run(self, config: &Config) -> Result<(), CommandError> {
        let desk = Desk::open(&self.at, config)?;
        let show = |answer: Value, at: &str, columns: &[Column]| self.at.show(&answer, at, columns);
        match &self.command {
            Command::Agents => show(desk.get(&["agents"]).await?, "/data", &AGENTS),
            Command::Drain { agent } => show(desk.steer("agent", "agents", agent, &["drain"]).await?, "", &AGENTS),
            Command::Undrain { agent } => show(desk.steer("agent", "agents", agent, &["undrain"]).await?, "", &AGENTS),
            Command::Leases => show(desk.get(&["leases"]).await?, "/data", &LEASES),
            Command::Queue => {
                let queue = desk.get(&["queue"]).await?;
                show(queue.clone(), "/institutions", &INSTITUTIONS);
                if !self.at.json {
                    let number = |field: &str| queue[field].as_u64().unwrap_or(0);
                    eprintln!(
                        "{} ready, {} of them runnable; {} delayed, {} leased, {} of them waiting for a person",
                        number("ready"),
                        number("runnable"),
                        number("delayed"),
                        number("leased"),
                        number("parked"),
                    );
                }
            }
            Command::Flows => show(desk.get(&["queue"]).await?, "/flows", &FLOWS),
            Command::Scale => show(desk.get(&["pools", "default", "scale"]).await?, "", &SCALE),
            Command::Schedule { connection } => {
                let schedule = desk.get(&["connections", &connection.to_string()]).await;
                show(schedule.map_err(unknown("connection", connection))?, "", &SCHEDULE);
            }
            Command::Due { connection } => {
                show(desk.steer("connection", "connections", connection, &["due"]).await?, "", &SCHEDULE);
                eprintln!("It is due; its run is queued in a moment.");
            }
            Command::Institutions => show(desk.get(&["institutions"]).await?, "/data", &STATES),
            Command::Pause { institution, reason } => {
                let path = ["institutions", institution, "pause"];
                let paused = desk.send(&path, &json!({ "reason": reason })).await;
                show(paused.map_err(unknown("institution", institution))?, "", &STATES);
            }
            Command::Resume { institution } => {
                show(desk.steer("institution", "institutions", institution, &["resume"]).await?, "", &STATES);
            }
            Command::ResetBreaker { institution } => {
                show(desk.steer("institution", "institutions", institution, &["breaker", "reset"]).await?, "", &STATES);
            }
            Command::Ways { institution } => {
                let name = |id: &String| url::form_urlencoded::byte_serialize(id.as_bytes()).collect::<String>();
                let query = institution.as_ref().map(|id| format!("institutionId={}", name(id)));
                show(desk.get_with(&["ways"], query.as_deref()).await?, "/data", &WAYS);
            }
            Command::Audit => return self.audit(&desk.get(&["queue", "audit"]).await?),
            Command::DeadLetters => show(desk.pages("dead-letters").await?, "/data", &DEAD_LETTERS),
            Command::Overprivileged => show(desk.pages("overprivileged").await?, "/data", &OVERPRIVILEGED),
            Command::Revive { run } => {
                let revived = desk.steer("run that was set aside", "dead-letters", run, &["revive"]).await?;
                show(revived, "", &[("RUN IN ITS PLACE", "/runId")]);
            }
        }
        Ok(())
    }

    fn audit(&self, answer: &Value) -> Result<(), CommandError> {
        let wrong: Vec<&str> = answer["wrong"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if self.at.json {
            outln!("{answer}");
        } else {
            for sentence in &wrong {
                outln!("{}", printable(sentence));
            }
        }
        match wrong.len() {
            0 => {
                eprintln!("The queue is in order.");
                Ok(())
            }
            count => Err(CommandError::Said(format!("{count} things in the queue aren't in order"))),
        }
    }
}
