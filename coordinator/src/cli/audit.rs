//! `coordinator audit list|verify`.
//!
//! Not here: what is written down, which each change says for itself.

use domain::audit::Action;
use domain::id::ConnectionId;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CommandError, Ground, in_one_line, print_table};
use crate::store::{AuditFault, AuditFilter, AuditHead, HashedEntry, verify_audit};

/// How many entries are read at once.
const BATCH: u32 = 500;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// List who did what, the latest first.
    List {
        /// About this connection.
        #[arg(long)]
        connection: Option<ConnectionId>,
        /// By the user, token or key of this id.
        #[arg(long)]
        actor: Option<String>,
        /// Which say this, such as `connection.revoked`.
        #[arg(long)]
        action: Option<Action>,
        /// From this moment on, such as `2026-11-01T00:00:00Z`.
        #[arg(long)]
        since: Option<Timestamp>,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Walk through the whole chain; says which position doesn't hold, and ends with 1.
    ///
    /// Write down the head that it prints, elsewhere: with `--head` it is checked later that the
    /// chain still has it, which finds an end that was cut off.
    Verify {
        /// A head that was written down earlier.
        #[arg(long, value_name = "HASH@POSITION", value_parser = head)]
        head: Option<AuditHead>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// For whom something is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    People,
    Json,
}

impl Command {
    pub(super) async fn run(self, ground: &Ground) -> Result<(), CommandError> {
        match self {
            Self::List { connection, actor, action, since, limit, json } => {
                let filter = AuditFilter { organizations: None, connection, actor, action, since };
                let form = if json { Form::Json } else { Form::People };
                list(ground, filter, limit, form).await
            }
            Self::Verify { head, json } => {
                let form = if json { Form::Json } else { Form::People };
                verify(ground, head, form).await
            }
        }
    }
}

async fn list(ground: &Ground, filter: AuditFilter, limit: usize, form: Form) -> Result<(), CommandError> {
    let (mut entries, mut before) = (Vec::<HashedEntry>::new(), None);
    while entries.len() < limit {
        let wanted = u32::try_from(limit - entries.len()).unwrap_or(BATCH).min(BATCH);
        let more = ground.store.audit_entries(filter.clone(), before, wanted).await?;
        let Some(last) = more.last() else { break };
        before = Some(last.entry.position);
        entries.extend(more);
    }
    if form == Form::Json {
        outln!("{}", serde_json::to_string(&entries).unwrap_or_default());
        return Ok(());
    }
    let row = |HashedEntry { entry, .. }: &HashedEntry| {
        let there = |text: Option<String>| text.map_or_else(|| "-".to_owned(), |text| in_one_line(&text));
        let name = entry.actor.name.clone().or_else(|| entry.actor.id.clone());
        vec![
            entry.position.to_string(),
            entry.at.to_string(),
            format!("{} {}", entry.actor.kind, there(name)),
            entry.action.to_string(),
            there(entry.connection_id.map(|id| id.to_string())),
            there(entry.subject.clone()),
            in_one_line(&entry.detail),
        ]
    };
    print_table(&["POSITION", "AT", "WHO", "ACTION", "CONNECTION", "SUBJECT", "DETAIL"], entries.iter().map(row));
    Ok(())
}

async fn verify(ground: &Ground, written_down: Option<AuditHead>, form: Form) -> Result<(), CommandError> {
    match verify_audit(&*ground.store, written_down.as_ref()).await {
        Ok(head) => {
            let said = format!("{}@{}", head.hash, head.position);
            if form == Form::Json {
                outln!("{}", json!({ "holds": true, "entries": head.position, "head": said }));
            } else {
                outln!("{said}");
                eprintln!("The chain of {} entries holds. Write its head down elsewhere.", head.position);
            }
            Ok(())
        }
        Err(fault) => {
            if let (Form::Json, AuditFault::Broken(broken)) = (form, &fault) {
                let what: Value = broken.as_str().into();
                outln!("{}", json!({ "holds": false, "position": broken.position(), "fault": what }));
            }
            Err(fault.into())
        }
    }
}

fn head(text: &str) -> Result<AuditHead, String> {
    let malformed = || "a head is 64 hexadecimal digits, an @ and a position".to_owned();
    let (hash, position) = text.split_once('@').ok_or_else(malformed)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    let position = position.parse::<i64>().ok().filter(|position| *position >= 0 && is_hash).ok_or_else(malformed)?;
    Ok(AuditHead { position, hash: hash.to_ascii_lowercase() })
}
