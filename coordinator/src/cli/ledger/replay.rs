//! `coordinator ledger replay`: what another revision of a script makes of what was read.
//!
//! Not here: reading it again (`fleet`).

use std::path::{Path, PathBuf};

use domain::id::{AccountId, ConnectionId};
use script::Script;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::unknown;
use crate::catalog::{CatalogError, Unreadable, Wanted};
use crate::cli::{CommandError, Ground, catalog, print_table, printable};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, AccountReplay, UnreadableReading};
use crate::store::{Difference, Keeping};

/// So many transactions are shown in the table.
const SHOWN: usize = 50;

#[derive(clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["connection", "account"])))]
pub(in crate::cli) struct Arguments {
    /// Every account of this connection.
    #[arg(long, value_name = "ID")]
    connection: Option<Uuid>,
    /// This account.
    #[arg(long, value_name = "ID")]
    account: Option<Uuid>,
    /// The script to read with; the catalog's own unless given.
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Keep what differs, and tell integrators of it.
    #[arg(long)]
    apply: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let store = &*ground.store;
        let script = self.script.as_deref().map(read_script).transpose()?;
        let (folder, _) = catalog(config, Wanted::KeptOrNewest).await?;
        let catalog = fleet::followed(store, &folder, &Unreadable::default()).await?.unwrap_or(folder);
        let accounts = match (self.account, self.connection) {
            (Some(account), _) => vec![AccountId(account)],
            (None, connection) => {
                let connection = connection.unwrap_or_default();
                let accounts = store.accounts_of(ConnectionId(connection)).await?;
                if accounts.is_empty() {
                    let name = connection.to_string();
                    return Err(CommandError::Unknown { what: "connection with accounts", name });
                }
                accounts
            }
        };
        let keeping = if self.apply { Keeping::Everything } else { Keeping::Nothing };
        let with = script.as_ref().map(|(script, revision)| (script, revision.as_str()));
        let mut replays = Vec::new();
        for account in accounts {
            let replay = fleet::replay(store, &catalog, account, with, (fleet::READINGS, keeping), clock::now()).await;
            replays.push(replay.map_err(|error| match error {
                fleet::Error::Refused(refused) => unknown(refused, "account", account.0),
                error => error.into(),
            })?);
        }
        if self.json {
            let accounts: Value = replays.iter().map(shown).collect();
            outln!("{}", json!({ "applied": self.apply, "accounts": accounts }));
        } else {
            print(&replays);
            say(&replays, keeping);
        }
        for reading in replays.iter().flat_map(|replay| &replay.unreadable) {
            let (id, at, reason) = (reading.observation_id, reading.observed_at, reading.reason.to_string());
            eprintln!("warning: observation {id} of {at} can't be read again: {}", printable(&reason));
        }
        match replays.iter().any(|replay| replay.reread > 0) {
            true => Ok(()),
            false => Err(CommandError::Said("nothing that is kept could be read again".into())),
        }
    }
}

fn read_script(path: &Path) -> Result<(Script, String), CommandError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| CommandError::File { path: path.display().to_string(), source })?;
    let mistakes = |diagnostics: script::Diagnostics| CatalogError::Script {
        path: path.to_owned(),
        diagnostics: diagnostics.to_string(),
    };
    let script = Script::parse(&text).map_err(mistakes)?;
    Ok((script, Script::revision(&text)))
}

fn shown(replay: &AccountReplay) -> Value {
    let unreadable = |reading: &UnreadableReading| {
        json!({
            "observationId": reading.observation_id,
            "observedAt": reading.observed_at,
            "reason": reading.reason.to_string(),
        })
    };
    let difference = |one: &Difference| json!({ "transactionId": one.id, "before": one.before, "after": one.after });
    json!({
        "accountId": replay.account_id,
        "reread": replay.reread,
        "unreadable": replay.unreadable.iter().map(unreadable).collect::<Value>(),
        "differences": replay.replayed.differences.iter().map(difference).collect::<Value>(),
        "unchanged": replay.replayed.unchanged,
        "unmatched": replay.replayed.unmatched,
    })
}

fn print(replays: &[AccountReplay]) {
    let all: Vec<&Difference> = replays.iter().flat_map(|replay| &replay.replayed.differences).collect();
    if all.is_empty() {
        return;
    }
    let rows = all.iter().take(SHOWN).flat_map(|one| {
        let fields = one.before.keys().chain(one.after.keys().filter(|field| !one.before.contains_key(*field)));
        fields.map(|field| vec![one.id.to_string(), field.clone(), value(&one.before, field), value(&one.after, field)])
    });
    print_table(&["TRANSACTION", "FIELD", "BEFORE", "AFTER"], rows);
    if let Some(more) = all.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        eprintln!("{more} more differ; --json shows all of them.");
    }
}

fn value(fields: &Map<String, Value>, field: &str) -> String {
    match fields.get(field) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => printable(text),
        Some(other) => other.to_string(),
    }
}

fn say(replays: &[AccountReplay], keeping: Keeping) {
    let sum = |count: fn(&AccountReplay) -> usize| replays.iter().map(count).sum::<usize>();
    let differ = sum(|replay| replay.replayed.differences.len());
    eprintln!(
        "{} readings of {} accounts were read again: {differ} transactions differ, {} stay as they are.",
        sum(|replay| replay.reread),
        replays.len(),
        sum(|replay| replay.replayed.unchanged.len()),
    );
    let unmatched = sum(|replay| replay.replayed.unmatched);
    if unmatched > 0 {
        eprintln!("{unmatched} rows stand for nothing that is in the ledger now; the next run settles them.");
    }
    match keeping {
        Keeping::Nothing if differ > 0 => eprintln!("Nothing is kept yet; --apply keeps it and tells integrators."),
        Keeping::Everything if differ > 0 => eprintln!("The differences are kept and told."),
        _ => {}
    }
}
