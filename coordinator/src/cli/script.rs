//! `coordinator script …`: portals that wait for a script, and rolling a script out.
//!
//! Not here: checking a script, which `agent check` does without a coordinator, or what a step does (`fleet`).

use std::num::NonZeroU32;
use std::path::PathBuf;

use domain::repair::TicketState;
use serde_json::{Value, json};
use uuid::Uuid;

use super::desk::{At, Column, Desk, unknown};
use super::{CommandError, Ground, print_table, printable};
use crate::config::Config;
use crate::fleet;
use crate::store::{Keeping, UnknownPortal};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    at: At,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List portals for which a script has to be written, the one that waits longest first.
    Wanted,
    /// Keep a script as a revision that can be tried and promoted; of an institution without one it is current at once.
    Publish {
        /// The institution.
        institution: String,
        /// The script.
        file: PathBuf,
        /// For other operators.
        #[arg(long)]
        note: Option<String>,
        /// A host that the script reaches and the current one doesn't, and that it may; once for each.
        #[arg(long = "agree-host", value_name = "HOST")]
        agreed_hosts: Vec<String>,
        /// The open repair ticket that it is to mend.
        #[arg(long, value_name = "TICKET")]
        mends: Option<Uuid>,
        /// Only say what it makes of what is kept, and which hosts it reaches.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        expected: Expected,
    },
    /// List an institution's revisions, the latest first, and how they fared.
    List {
        /// The institution.
        institution: String,
    },
    /// Print the text of a revision, or of the current one.
    Show {
        /// The institution.
        institution: String,
        /// The revision.
        revision: Option<String>,
    },
    /// Read by a revision beside the current one, in the same sessions; nothing of it is kept.
    Shadow {
        #[command(flatten)]
        named: Named,
        /// In the sessions of so many connections in a hundred; all unless given.
        #[arg(long, value_name = "PERCENT")]
        share: Option<u32>,
    },
    /// Give a revision to a share of the connections, or to another share.
    Canary {
        #[command(flatten)]
        named: Named,
        /// So many connections in a hundred.
        #[arg(long, value_name = "PERCENT")]
        share: u32,
        /// Promote it by itself after so many clean runs in a row; as it was asked for before, unless given.
        #[arg(long, value_name = "N")]
        promote_after: Option<NonZeroU32>,
    },
    /// Make a revision current.
    Promote {
        #[command(flatten)]
        named: Named,
    },
    /// Take a revision back: drop what is tried, or go back from the current one to what was before.
    Rollback {
        #[command(flatten)]
        named: Named,
    },
    /// Take a revision from every connection that tries it; it stays to be looked at.
    Halt {
        #[command(flatten)]
        named: Named,
    },
    /// Have the coordinator read its catalog's folder again.
    Reload,
    /// Show how far an institution's pages are from how its current revision saw them first.
    Pages {
        /// The institution.
        institution: String,
    },
    /// List repair tickets, the latest seen first: scripts that fit their portals no more.
    Tickets {
        /// Those of one institution.
        institution: Option<String>,
        /// Those that are so far: open, mended or closed.
        #[arg(long)]
        state: Option<TicketState>,
    },
    /// Show a repair ticket; `--json` is what `agent repair` takes.
    Ticket {
        /// The ticket.
        ticket: Uuid,
    },
    /// Close a repair ticket though no revision mended it.
    CloseTicket {
        /// The ticket.
        ticket: Uuid,
        /// Why, for other operators.
        #[arg(long)]
        reason: String,
    },
}

#[derive(clap::Args)]
struct Named {
    /// The institution.
    institution: String,
    /// The revision.
    revision: String,
    #[command(flatten)]
    expected: Expected,
}

#[derive(clap::Args)]
struct Expected {
    /// Do nothing unless this revision is current.
    #[arg(long = "expect", value_name = "REVISION")]
    current: Option<String>,
}

const ROLLOUT: [Column; 8] = [
    ("INSTITUTION", "/institutionId"),
    ("STAGE", "/stage"),
    ("CURRENT", "/current"),
    ("BEFORE", "/previous"),
    ("CANDIDATE", "/candidate"),
    ("SHARE", "/share"),
    ("PROMOTED AFTER", "/promoteAfter"),
    ("HALTED BECAUSE", "/haltedBecause"),
];
const REVISIONS: [Column; 12] = [
    ("REVISION", "/revision"),
    ("ORIGIN", "/origin"),
    ("PUBLISHED", "/publishedAt"),
    ("BY", "/publishedBy"),
    ("RUNS", "/trial/runs"),
    ("CLEAN", "/trial/clean"),
    ("FAILED", "/trial/failed"),
    ("STRAYED", "/trial/strayed"),
    ("SHADOWS", "/trial/shadows"),
    ("THE SAME", "/trial/shadowsSame"),
    ("DIFFERENCE", "/trial/difference"),
    ("ALONE", "/trial/alone"),
];
const LOOKED: [Column; 6] = [
    ("REVISION", "/revision"),
    ("HOSTS ADDED", "/hostsAdded"),
    ("READ AGAIN", "/reread/readings"),
    ("UNREADABLE", "/reread/unreadable"),
    ("CHANGED", "/reread/changed"),
    ("IN", "/reread/fields"),
];
const PAGES: [Column; 5] = [
    ("PAGE", "/page"),
    ("REVISION", "/revision"),
    ("SINCE", "/referenceAt"),
    ("CHANGED", "/latestAt"),
    ("DISTANCE, THOUSANDTHS", "/distance"),
];
const TICKETS: [Column; 10] = [
    ("TICKET", "/id"),
    ("INSTITUTION", "/institutionId"),
    ("REVISION", "/revision"),
    ("STATE", "/state"),
    ("CODE", "/code"),
    ("PAGE", "/page"),
    ("TARGET", "/target"),
    ("RUNS", "/runs"),
    ("CONNECTIONS", "/connections"),
    ("LAST SEEN", "/lastSeenAt"),
];
const FOLDER: [Column; 3] = [("INSTITUTION", "/institutionId"), ("REVISION", "/revision"), ("OUTCOME", "/outcome")];

impl Arguments {
    pub(super) async fn run(self, config: &Config) -> Result<(), CommandError> {
        let Self { at, command } = self;
        if matches!(command, Command::Wanted) {
            return wanted(&Ground::open(config).await?, &at).await;
        }
        let desk = Desk::open(&at, config)?;
        match command {
            Command::Wanted => {}
            Command::Publish { institution, file, note, agreed_hosts, mends, dry_run, expected } => {
                let text = std::fs::read_to_string(&file);
                let source = text.map_err(|source| CommandError::File { path: file.display().to_string(), source })?;
                let body = json!({
                    "source": source, "note": note, "agreedHosts": agreed_hosts, "expectedCurrent": expected.current,
                    "mends": mends,
                });
                let path: &[&str] = if dry_run {
                    &["institutions", &institution, "revisions", "check"]
                } else {
                    &["institutions", &institution, "revisions"]
                };
                let answer = desk.send(path, &body).await;
                let answer = answer.map_err(unknown("institution", &institution))?;
                at.show(&answer, "", &LOOKED);
                say(&answer, if dry_run { Keeping::Nothing } else { Keeping::Everything });
            }
            Command::List { institution } => {
                let revisions = desk.get(&["institutions", &institution, "revisions"]).await;
                let revisions = revisions.map_err(unknown("institution", &institution))?;
                at.show(&revisions, "/data", &REVISIONS);
                if !at.json && revisions["data"].as_array().is_some_and(|revisions| !revisions.is_empty()) {
                    let rollout = desk.get(&["institutions", &institution, "rollout"]).await?;
                    eprintln!("{}", standing(&rollout));
                }
            }
            Command::Show { institution, revision } => {
                let revision = match revision {
                    Some(revision) => revision,
                    None => {
                        let rollout = desk.get(&["institutions", &institution, "rollout"]).await;
                        let rollout = rollout.map_err(unknown("institution", &institution))?;
                        rollout["current"].as_str().unwrap_or_default().to_owned()
                    }
                };
                let shown = desk.get(&["institutions", &institution, "revisions", &revision]).await;
                let shown = shown.map_err(unknown("revision", &revision))?;
                if at.json {
                    outln!("{shown}");
                } else {
                    out!("{}", shown["source"].as_str().unwrap_or_default());
                }
            }
            Command::Shadow { named, share } => {
                let extra = share.map_or_else(|| json!({}), |share| json!({ "share": share }));
                step(&desk, &at, "shadow", named, extra).await?;
            }
            Command::Canary { named, share, promote_after } => {
                step(&desk, &at, "canary", named, json!({ "share": share, "promoteAfter": promote_after })).await?;
            }
            Command::Promote { named } => step(&desk, &at, "promote", named, json!({})).await?,
            Command::Rollback { named } => step(&desk, &at, "rollback", named, json!({})).await?,
            Command::Halt { named } => step(&desk, &at, "halt", named, json!({})).await?,
            Command::Pages { institution } => {
                let pages = desk.get(&["institutions", &institution, "pages"]).await;
                at.show(&pages.map_err(unknown("institution", &institution))?, "/data", &PAGES);
            }
            Command::Tickets { institution, state } => {
                let mut query = url::form_urlencoded::Serializer::new(String::new());
                if let Some(institution) = &institution {
                    query.append_pair("institutionId", institution);
                }
                if let Some(state) = state {
                    query.append_pair("state", state.as_str());
                }
                at.show(&desk.get_with(&["repair-tickets"], Some(&query.finish())).await?, "/data", &TICKETS);
            }
            Command::Ticket { ticket } => {
                let shown = desk.get(&["repair-tickets", &ticket.to_string()]).await;
                let shown = shown.map_err(unknown("repair ticket", &ticket))?;
                at.show(&shown, "", &TICKETS);
                if !at.json {
                    tell(&shown);
                }
            }
            Command::CloseTicket { ticket, reason } => {
                let path = ["repair-tickets", &ticket.to_string(), "close"];
                let closed = desk.send(&path, &json!({ "reason": reason })).await;
                at.show(&closed.map_err(unknown("repair ticket", &ticket))?, "", &TICKETS);
            }
            Command::Reload => at.show(&desk.post(&["catalog", "reload"]).await?, "/scripts", &FOLDER),
        }
        Ok(())
    }
}

async fn step(desk: &Desk, at: &At, verb: &str, named: Named, extra: Value) -> Result<(), CommandError> {
    let Named { institution, revision, expected } = named;
    let mut body = extra;
    body["revision"] = json!(revision);
    body["expectedCurrent"] = json!(expected.current);
    let stepped = desk.send(&["institutions", &institution, "rollout", verb], &body).await;
    let rollout = stepped.map_err(unknown("revision", &revision))?;
    at.show(&rollout, "", &ROLLOUT);
    if !at.json {
        eprintln!("{}", standing(&rollout));
    }
    Ok(())
}

/// What a ticket tells beside its row: why, how near the page is to one that is known, and what changed on it.
fn tell(ticket: &Value) {
    let text = |value: &Value| printable(value.as_str().unwrap_or_default());
    outln!("{}", text(&ticket["message"]));
    if let Some(page) = ticket["nearest"]["page"].as_str() {
        outln!("The nearest known page is {}, {} thousandths away.", printable(page), ticket["nearest"]["distance"]);
    }
    for (what, sign) in [("gone", '-'), ("new", '+')] {
        for one in ticket["changes"][what].as_array().into_iter().flatten() {
            outln!("{sign} {}", text(one));
        }
    }
    let id = text(&ticket["id"]);
    match ticket["state"].as_str() {
        Some("open") => eprintln!("hint: `agent repair {id}` proposes what to change"),
        Some("mended") => eprintln!("Revision {} reads whole.", text(&ticket["mendedBy"])),
        _ => eprintln!("It was closed: {}", text(&ticket["closedBecause"])),
    }
}

/// Where a rollout stands, in a sentence.
fn standing(rollout: &Value) -> String {
    let text = |field: &str| printable(rollout[field].as_str().unwrap_or("none"));
    let share = rollout["share"].as_u64().unwrap_or(0);
    let (current, candidate) = (text("current"), text("candidate"));
    match rollout["stage"].as_str() {
        Some("shadow") => format!("{candidate} reads beside {current} for {share} % of the connections."),
        Some("canary") => format!("{share} % of the connections work by {candidate}, the others by {current}."),
        Some("halted") => {
            format!("{candidate} is halted: {}. Every connection works by {current}.", text("haltedBecause"))
        }
        _ => format!("Every connection works by {current}."),
    }
}

/// What publishing came to, in a sentence or two.
fn say(answer: &Value, keeping: Keeping) {
    let count = |field: &str| answer["reread"][field].as_u64().unwrap_or(0);
    eprintln!(
        "Of {} accounts {} readings were read again: {} transactions would be others, {} stay as they are.",
        count("accounts"),
        count("readings"),
        count("changed"),
        count("unchanged"),
    );
    if let Some(because) = answer["reread"]["because"].as_str() {
        eprintln!(
            "warning: {} readings can't be read again, the first since {}",
            count("unreadable"),
            printable(because)
        );
    }
    match keeping {
        Keeping::Nothing => eprintln!("Nothing is kept."),
        Keeping::Everything => eprintln!("It is kept. {}", standing(&answer["rollout"])),
    }
}

async fn wanted(ground: &Ground, at: &At) -> Result<(), CommandError> {
    let portals = fleet::wanted_scripts(&*ground.store).await?;
    if at.json {
        outln!("{}", portals.iter().map(shown).collect::<Value>());
        return Ok(());
    }
    let row = |portal: &UnknownPortal| {
        vec![
            portal.origin.clone(),
            portal.connections.to_string(),
            portal.organizations.to_string(),
            portal.oldest_created_at.to_string(),
        ]
    };
    print_table(&["PORTAL", "CONNECTIONS", "ORGANIZATIONS", "SINCE"], portals.iter().map(row));
    Ok(())
}

fn shown(portal: &UnknownPortal) -> Value {
    json!({
        "origin": portal.origin,
        "connections": portal.connections,
        "organizations": portal.organizations,
        "oldestCreatedAt": portal.oldest_created_at,
    })
}
