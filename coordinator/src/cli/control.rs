//! `coordinator fleet …`: what goes on in the fleet, asked of a coordinator that serves.
//!
//! What is shown is what `/control/v1` answers; `--json` prints it as it comes.
//!
//! Not here: what any of it means (`http::control::fleet`).

use std::time::Duration;

use domain::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::{CommandError, in_one_line, print_table, printable};
use crate::config::Config;

/// How long a coordinator has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where the coordinator is; by the settings unless given.
    #[arg(long, global = true, env = "BURSAR_CONTROL_URL", value_name = "URL")]
    coordinator: Option<Url>,
    /// A file with a control token; by the settings unless given.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
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

/// A header and the field under it.
type Column = (&'static str, &'static str);

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
        let desk = Desk::open(&self, config)?;
        let show = |answer: Value, at: &str, columns: &[Column]| self.show(&answer, at, columns);
        match &self.command {
            Command::Agents => show(desk.get(&["agents"]).await?, "/data", &AGENTS),
            Command::Drain { agent } => show(desk.steer("agent", "agents", agent, &["drain"]).await?, "", &AGENTS),
            Command::Undrain { agent } => show(desk.steer("agent", "agents", agent, &["undrain"]).await?, "", &AGENTS),
            Command::Leases => show(desk.get(&["leases"]).await?, "/data", &LEASES),
            Command::Queue => {
                let queue = desk.get(&["queue"]).await?;
                show(queue.clone(), "/institutions", &INSTITUTIONS);
                if !self.json {
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
                let paused = desk.call(Method::POST, &path, None, Some(&json!({ "reason": reason }))).await;
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
                show(desk.call(Method::GET, &["ways"], query.as_deref(), None).await?, "/data", &WAYS);
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

    /// Prints an answer, or of it what stands at a place: a list, or one thing.
    fn show(&self, answer: &Value, at: &str, columns: &[Column]) {
        let shown = answer.pointer(at).unwrap_or(answer);
        if self.json {
            println!("{shown}");
            return;
        }
        let rows = match shown {
            Value::Array(rows) => rows.iter().collect(),
            one => vec![one],
        };
        let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
        let row = |row: &Value| columns.iter().map(|(_, field)| cell(row.pointer(field))).collect();
        print_table(&headers, rows.into_iter().map(row));
    }

    fn audit(&self, answer: &Value) -> Result<(), CommandError> {
        let wrong: Vec<&str> = answer["wrong"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if self.json {
            println!("{answer}");
        } else {
            for sentence in &wrong {
                println!("{}", printable(sentence));
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

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".into(),
        Some(Value::String(text)) => in_one_line(text),
        Some(value) => value.to_string(),
    }
}

/// Says of what isn't there what it was called.
fn unknown(what: &'static str, name: &impl ToString) -> impl FnOnce(CommandError) -> CommandError {
    let name = printable(&name.to_string());
    move |error| match error {
        CommandError::Refused { status: 404, .. } => CommandError::Unknown { what, name },
        error => error,
    }
}

/// A coordinator's calls for operators.
struct Desk {
    client: reqwest::Client,
    root: String,
    token: Secret,
}

impl Desk {
    fn open(arguments: &Arguments, config: &Config) -> Result<Self, CommandError> {
        let root = match &arguments.coordinator {
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                return Err(CommandError::Said("a coordinator's address has no user; the token is in a file".into()));
            }
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if config.public_url().ends_with(":0") => {
                return Err(CommandError::Said("the settings name no port; say with --coordinator where it is".into()));
            }
            None => config.public_url().trim_end_matches('/').to_owned(),
        };
        let file = arguments.token_file.clone().unwrap_or_else(|| config.data().join("control.token"));
        let token = match config.control_token().expose() {
            token if !token.is_empty() && arguments.token_file.is_none() => token.to_owned(),
            _ => std::fs::read_to_string(&file)
                .map_err(|source| CommandError::File { path: file.display().to_string(), source })?,
        };
        if !token.trim().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CommandError::Said(format!("{} holds more than a token", file.display())));
        }
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| CommandError::Said(format!("no HTTP client could be made: {error}")))?;
        Ok(Self { client, root, token: Secret::new(token.trim().to_owned()) })
    }

    async fn get(&self, path: &[&str]) -> Result<Value, CommandError> {
        self.call(Method::GET, path, None, None).await
    }

    /// Does something to one of many; `what` is the word for it.
    async fn steer(
        &self,
        what: &'static str,
        among: &str,
        name: &impl ToString,
        verb: &[&str],
    ) -> Result<Value, CommandError> {
        let named = name.to_string();
        let path = [&[among, &named], verb].concat();
        self.call(Method::POST, &path, None, None).await.map_err(unknown(what, name))
    }

    /// All pages of a list as one.
    async fn pages(&self, path: &str) -> Result<Value, CommandError> {
        let (mut data, mut query) = (Vec::new(), "limit=500".to_owned());
        loop {
            let page = self.call(Method::GET, &[path], Some(&query), None).await?;
            data.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["pagination"]["nextCursor"].as_str() {
                Some(cursor) => query = format!("limit=500&cursor={cursor}"),
                None => return Ok(json!({ "data": data })),
            }
        }
    }

    /// Where a call goes. Names that operators type may hold anything.
    fn url(&self, path: &[&str], query: Option<&str>) -> Result<Url, CommandError> {
        let unusable = || CommandError::Said(format!("{} isn't a coordinator's address", self.root));
        let mut url: Url = self.root.parse().map_err(|_| unusable())?;
        url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().extend(["control", "v1"]).extend(path);
        url.set_query(query);
        let is_here = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
        if url.scheme() != "https" && !is_here {
            let said = format!("{} would get the control token in clear; use https", self.root);
            return Err(CommandError::Said(said));
        }
        Ok(url)
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, CommandError> {
        let url = self.url(path, query)?;
        let away = |error: reqwest::Error| CommandError::Away { address: self.root.clone(), source: error.into() };
        let request = self.client.request(method, url).bearer_auth(self.token.expose());
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let body: Value = match status {
            reqwest::StatusCode::NO_CONTENT => Value::Null,
            _ => answer.json().await.map_err(away)?,
        };
        if status.is_success() {
            return Ok(body);
        }
        let said = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("it didn't say why");
        let (code, detail) = (body["code"].as_str().unwrap_or_default(), printable(said));
        Err(CommandError::Refused { status: status.as_u16(), code: printable(code), detail })
    }
}
