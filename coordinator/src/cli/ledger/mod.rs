//! `coordinator ledger …`: why a transaction is the one that it is, and what an operator
//! does about it.
//!
//! Not here: reading again what was read (`replay`), files (`import`, `imports`), or what any of it means (`fleet`,
//! `domain::ledger`).

mod import;
mod imports;
mod replay;

use domain::id::{AccountId, TransactionId};
use domain::ledger::DecisionKind;
use domain::ledger::references::Trust;
use domain::transaction::ObservedTransaction;
use serde_json::Value;
use uuid::Uuid;

use super::{CommandError, Ground, print_table, printable};
use crate::clock;
use crate::config::Config;
use crate::fleet::{self, DecisionRequest, Story};
use crate::http::shown;
use crate::store::{Decision, Explanation, InstitutionReferences, KeptReading, PageRequest, Refused};

/// So many readings are listed.
const READINGS: u32 = 500;

#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Say why a transaction is the one that it is.
    Explain {
        /// The transaction, in the ledger or removed from it.
        id: Uuid,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Say that two transactions are one.
    Merge {
        /// The one that stays.
        keep: Uuid,
        /// The one that goes.
        other: Uuid,
        #[command(flatten)]
        how: How,
    },
    /// Say that a row was wrongly taken for a transaction: it gets one of its own.
    Split {
        /// The transaction that it was taken for.
        id: Uuid,
        /// The match that is taken back, from `explain --json`; the latest unless given.
        #[arg(long = "match", value_name = "ID")]
        by: Option<Uuid>,
        #[command(flatten)]
        how: How,
    },
    /// Say that two transactions are two, whatever the rules say.
    KeepApart {
        /// The one.
        id: Uuid,
        /// The other.
        other: Uuid,
        #[command(flatten)]
        how: How,
    },
    /// Take a decision back, with its effect.
    Undo {
        /// The decision, from `decisions`.
        decision: Uuid,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List decisions, oldest first.
    Decisions {
        /// Of this account.
        #[arg(long, value_name = "ID")]
        account: Option<Uuid>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List how well banks' references stay with their transactions.
    References {
        /// Measure this institution's anew.
        #[arg(long, value_name = "INSTITUTION", conflicts_with = "json")]
        forget: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the readings that are kept of an account, latest first.
    Observations {
        /// The account.
        #[arg(long, value_name = "ID")]
        account: Uuid,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Forget the balance that an account's next reading is held against.
    DropAnchor {
        /// The account.
        #[arg(long, value_name = "ID")]
        account: Uuid,
    },
    /// Read again what was read, by another revision of the script, and show what differs.
    Replay(replay::Arguments),
    /// Take a bank's statement file into an account's ledger.
    Import(import::Arguments),
    /// List the files that were taken into an account's ledger, latest first.
    Imports(imports::Arguments),
    /// Take back what a file alone put into the ledger.
    TakeBack(imports::TakeBack),
}

/// How a decision is made and told.
#[derive(clap::Args)]
pub(super) struct How {
    /// Why; it is kept with the decision.
    #[arg(long)]
    reason: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) async fn run(self, ground: &Ground, config: &Config) -> Result<(), CommandError> {
        let store = &*ground.store;
        match self {
            Self::Explain { id, json } => {
                let explanation = store.explanation(TransactionId(id)).await;
                print_explanation(&explanation.map_err(|refused| unknown(refused, "transaction", id))?, json);
            }
            Self::Merge { keep, other, how } => {
                decide(ground, (DecisionKind::Merge, keep, Some(other), None), how).await?;
            }
            Self::Split { id, by, how } => decide(ground, (DecisionKind::Split, id, None, by), how).await?,
            Self::KeepApart { id, other, how } => {
                decide(ground, (DecisionKind::KeepApart, id, Some(other), None), how).await?;
            }
            Self::Undo { decision, json } => {
                let undone = store.undo(decision, clock::now()).await;
                print_decision(undone.map_err(|refused| unknown(refused, "decision", decision))?, json);
            }
            Self::Decisions { account, json } => {
                print_decisions(store.decisions(account.map(AccountId)).await?, json);
            }
            Self::References { forget: Some(institution), .. } => {
                if store.forget_references(&institution, clock::now()).await? == 0 {
                    return Err(CommandError::Unknown { what: "measured institution", name: institution });
                }
                eprintln!("The references of {institution} are measured anew.");
            }
            Self::References { forget: None, json } => print_references(store.reference_records().await?, json),
            Self::Observations { account, json } => {
                let page = PageRequest { after: None, limit: READINGS };
                let readings = store.readings(AccountId(account), page).await;
                print_readings(readings.map_err(|refused| unknown(refused, "account", account))?, json);
            }
            Self::DropAnchor { account } => {
                let dropped = store.drop_anchor(AccountId(account), clock::now()).await;
                dropped.map_err(|refused| unknown(refused, "account", account))?;
                eprintln!("The next reading that sees a balance sets another anchor.");
            }
            Self::Replay(arguments) => arguments.run(ground, config).await?,
            Self::Import(arguments) => arguments.run(ground, config).await?,
            Self::Imports(arguments) => arguments.run(store).await?,
            Self::TakeBack(arguments) => arguments.run(store).await?,
        }
        Ok(())
    }
}

/// What isn't there, by the name that it was given.
fn unknown(refused: Refused, what: &'static str, id: Uuid) -> CommandError {
    match refused {
        Refused::NotFound => CommandError::Unknown { what, name: id.to_string() },
        refused => fleet::Error::from(refused).into(),
    }
}

type Wanted = (DecisionKind, Uuid, Option<Uuid>, Option<Uuid>);

async fn decide(ground: &Ground, (kind, id, other, by): Wanted, how: How) -> Result<(), CommandError> {
    let (transaction, other) = (TransactionId(id), other.map(TransactionId));
    let request = DecisionRequest { kind, transaction, other, by, reason: how.reason };
    let decision = request.decide(&*ground.store, clock::now()).await.map_err(|error| match error {
        fleet::Error::Refused(refused) => unknown(refused, "transaction", id),
        error => error.into(),
    })?;
    print_decision(decision, how.json);
    Ok(())
}

fn print_decision(decision: Decision, as_json: bool) {
    if as_json {
        outln!("{}", shown::decision(decision));
        return;
    }
    outln!("{}", decision.id);
    let (one, other) = (decision.transaction_id, decision.other_id);
    match (decision.undone_at, decision.kind) {
        (Some(_), _) => eprintln!("The decision is taken back, with its effect."),
        (None, DecisionKind::Merge) => eprintln!("{other} is {one} now."),
        (None, DecisionKind::Split) => eprintln!("{one} is what it was before; the row is {other} now."),
        (None, DecisionKind::KeepApart) => eprintln!("{one} and {other} are never taken for one."),
    }
    if decision.undone_at.is_none() {
        eprintln!("`coordinator ledger undo {}` takes it back.", decision.id);
    }
}

fn print_explanation(explanation: &Explanation, as_json: bool) {
    if as_json {
        outln!("{}", shown::explanation(explanation));
        return;
    }
    let at = explanation.institution_id.as_deref().map(|at| format!(" at {at}")).unwrap_or_default();
    outln!("{} of account {}{at}", explanation.id, explanation.account_id);
    outln!("{}\n", in_short(&explanation.row));
    for sentence in Story::of(explanation).sentences() {
        outln!("{}", printable(sentence));
    }
    let kept = explanation.latest.iter().chain(&explanation.origin).find(|sighting| !sighting.cells.is_empty());
    if let Some(sighting) = kept {
        outln!("\nThe cells of row {} in observation {}:", sighting.row + 1, sighting.observation_id);
        let row = |(header, text): &(String, String)| vec![printable(header), printable(text.trim())];
        print_table(&["HEADER", "CELL"], sighting.cells.iter().map(row));
    }
}

fn in_short(row: &ObservedTransaction) -> String {
    let day = row.posted_date.map_or_else(|| "no date".to_owned(), |date| date.to_string());
    let (status, words) = (row.status, printable(&row.description));
    format!("{status}, {day}, {} {}, “{words}”", row.amount, row.currency)
}

fn print_decisions(decisions: Vec<Decision>, as_json: bool) {
    if as_json {
        outln!("{}", decisions.into_iter().map(shown::decision).collect::<Value>());
        return;
    }
    let row = |decision: &Decision| {
        vec![
            decision.id.to_string(),
            decision.kind.to_string(),
            decision.transaction_id.to_string(),
            decision.other_id.to_string(),
            decision.created_at.to_string(),
            decision.undone_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            decision.reason.as_deref().map_or_else(|| "-".to_owned(), printable),
        ]
    };
    let header = ["ID", "KIND", "TRANSACTION", "OTHER", "DECIDED", "UNDONE", "REASON"];
    print_table(&header, decisions.iter().map(row));
}

fn print_references(references: Vec<InstitutionReferences>, as_json: bool) {
    if as_json {
        outln!("{}", references.into_iter().map(shown::references).collect::<Value>());
        return;
    }
    let row = |one: &InstitutionReferences| {
        let trust = match (one.record.trust(), one.demoted_at) {
            (Trust::Trusted, _) => "trusted".to_owned(),
            (Trust::Untrusted, None) => "not yet".to_owned(),
            (Trust::Untrusted, Some(at)) => format!("not since {at}"),
        };
        let counts = [one.record.kept.to_string(), one.record.broken.to_string()];
        let [kept, broken] = counts;
        vec![one.institution_id.clone(), one.source.to_string(), kept, broken, trust]
    };
    print_table(&["INSTITUTION", "SOURCE", "KEPT", "BROKEN", "TRUST"], references.iter().map(row));
}

fn print_readings(readings: Vec<KeptReading>, as_json: bool) {
    if as_json {
        outln!("{}", readings.into_iter().map(shown::reading).collect::<Value>());
        return;
    }
    let row = |reading: &KeptReading| {
        vec![
            reading.id.to_string(),
            reading.run_id.map_or_else(|| "-".to_owned(), |run| run.to_string()),
            reading.revision.clone().unwrap_or_else(|| "-".to_owned()),
            reading.source.to_string(),
            reading.today.to_string(),
            reading.rows.to_string(),
            reading.observed_at.to_string(),
        ]
    };
    let header = ["ID", "RUN", "REVISION", "SOURCE", "BANK'S DAY", "ROWS", "READ"];
    print_table(&header, readings.iter().map(row));
}
