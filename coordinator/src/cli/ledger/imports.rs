//! `coordinator ledger imports` and `take-back`: which files were taken into an account's
//! ledger, and taking one back.
//!
//! Not here: taking a file in (`import`), or what taking it back does (`store`).

use domain::id::AccountId;
use serde_json::Value;
use uuid::Uuid;

use super::unknown;
use crate::cli::{CommandError, print_table};
use crate::clock;
use crate::http::shown;
use crate::store::{Import, Keeping, PageRequest, Store};

/// So many imports are listed.
const IMPORTS: u32 = 500;

#[derive(clap::Args)]
#[group(skip)]
pub(in crate::cli) struct Arguments {
    /// The account.
    #[arg(long, value_name = "ID")]
    account: Uuid,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[group(skip)]
pub(in crate::cli) struct TakeBack {
    /// The import, from `imports`.
    import: Uuid,
    /// Only say what it would change.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    pub(super) async fn run(self, store: &dyn Store) -> Result<(), CommandError> {
        let page = PageRequest { after: None, limit: IMPORTS };
        let imports = store.imports(AccountId(self.account), page).await;
        let imports = imports.map_err(|refused| unknown(refused, "account", self.account))?;
        if self.json {
            outln!("{}", imports.into_iter().map(shown::import).collect::<Value>());
            return Ok(());
        }
        let header = [
            "ID",
            "FORMAT",
            "ACCOUNT",
            "PROOF",
            "FROM",
            "TO",
            "READ",
            "ADDED",
            "MODIFIED",
            "REMOVED",
            "IMPORTED",
            "TAKEN BACK",
        ];
        print_table(&header, imports.iter().map(row));
        Ok(())
    }
}

impl TakeBack {
    pub(super) async fn run(self, store: &dyn Store) -> Result<(), CommandError> {
        let keeping = if self.dry_run { Keeping::Nothing } else { Keeping::Everything };
        let taken_back = store.take_back(self.import, keeping, clock::now()).await;
        let taken_back = taken_back.map_err(|refused| unknown(refused, "import", self.import))?;
        if self.json {
            outln!("{}", shown::taken_back(taken_back, keeping));
            return Ok(());
        }
        outln!("modified {}  removed {}", taken_back.modified, taken_back.removed);
        match keeping {
            Keeping::Nothing => eprintln!("Nothing is changed; without --dry-run it is."),
            Keeping::Everything => eprintln!("The file is taken back. It can be taken in again."),
        }
        Ok(())
    }
}

fn row(import: &Import) -> Vec<String> {
    fn or_dash(text: Option<impl ToString>) -> String {
        text.map_or_else(|| "-".to_owned(), |text| text.to_string())
    }
    let completed = &import.completed;
    vec![
        import.id.to_string(),
        import.format.clone(),
        or_dash(import.masked_number.as_ref()),
        import.proof.to_string(),
        or_dash(import.covers.0),
        or_dash(import.covers.1),
        completed.read.to_string(),
        completed.added.to_string(),
        completed.modified.to_string(),
        completed.removed.to_string(),
        import.imported_at.to_string(),
        or_dash(import.taken_back_at),
    ]
}
