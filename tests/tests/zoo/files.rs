//! Files and popups of a bank in a whole fleet: what a file tells and what the table tells is one ledger,
//! whichever was read when; and a page in a window of its own is read as any other.
//!
//! Not here: what drivers do for it; the agent's own tests have that.

use std::path::Path;

use fixtures::faults::Faults;
use fixtures::kontor::Kontor;
use fixtures::meridian::Meridian;
use fixtures::portal::RunningPortal;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::verdict::Verdict;
use tests::world::{Fleet, Plan, scripts};
use tests::zoo::banks::Bank;
use tests::zoo::fleet_of;
use tests::zoo::person::Person;

use crate::Tried;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The repository's scripts in `folder`, one of them with other words.
fn scripts_in(folder: &Path, institution: &str, change: impl Fn(String) -> String) -> std::io::Result<()> {
    for entry in std::fs::read_dir(scripts())? {
        let from = entry?.path();
        let Some(name) = from.file_name() else { continue };
        let to = folder.join(name);
        std::fs::create_dir_all(&to)?;
        for file in ["script.yaml", "institution.yaml"] {
            std::fs::copy(from.join(file), to.join(file))?;
        }
    }
    let script = folder.join(institution).join("script.yaml");
    let changed = change(std::fs::read_to_string(&script)?);
    std::fs::write(script, changed)
}

/// A fleet that drives `portal` by scripts of its own.
async fn fleet(portal: &RunningPortal, folder: &Path) -> Result<(Fleet, Integrator), Failure> {
    let plan = Plan::new().with("catalog.folder", &folder.display().to_string());
    Ok(fleet_of(plan, portal, &["--drivers", "cdp"]).await?)
}

/// Every transaction by its id, with what doesn't depend on how it was read.
async fn ledger(integrator: &Integrator) -> Result<Vec<Value>, Failure> {
    let fields = ["id", "accountId", "status", "postedDate", "amount", "description", "bankReference"];
    let list = integrator.list("/v1/transactions?limit=500").await?;
    Ok(list.iter().map(|one| fields.map(|field| one[field].clone()).into()).collect())
}

/// How many times something was added or removed since a place in the stream.
async fn comings_and_goings(integrator: &Integrator, since: &Value) -> Result<usize, Failure> {
    let cursor = since["nextCursor"].as_str().unwrap_or_default();
    let changes = integrator.get(&format!("/v1/transactions/sync?limit=500&cursor={cursor}")).await?;
    let events = changes["events"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter(|event| event["type"] != "modified").count())
}

/// Reads Meridian by its files or by its pages, and then by the other, to and fro.
async fn is_switched(begins_without_files: bool) -> Tried {
    let portal = Meridian::start(Meridian::settings()).await?;
    let folder = tempfile::tempdir()?;
    // No further page of the table is read where a file came.
    scripts_in(folder.path(), "meridian", |script| script.replace("beside: list", "beside: page"))?;
    let no_files = |no_files| Faults { no_files, ..Faults::default() };
    portal.set_faults(no_files(begins_without_files));
    let (fleet, integrator) = fleet(&portal, folder.path()).await?;
    let mut person = Person::of(&portal);
    let id = integrator.set_up("meridian", portal.username(), portal.password()).await?;
    let connection = person.until(&integrator, &id, |now| now["status"] != "pendingActivation").await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let before = ledger(&integrator).await?;
    assert!(before.len() > 200, "{}", before.len());
    for turn in 0..3 {
        portal.set_faults(no_files(begins_without_files == (turn % 2 == 1)));
        let head = integrator.get("/v1/transactions/sync").await?;
        integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
        person.until(&integrator, &id, |now| now["syncStatus"] == "idle").await?;
        assert_eq!(ledger(&integrator).await?, before, "turn {turn}");
        assert_eq!(comings_and_goings(&integrator, &head).await?, 0, "turn {turn}");
    }
    let (accounts, transactions) =
        (integrator.list("/v1/accounts").await?, integrator.list("/v1/transactions?limit=500").await?);
    let unshown = Bank::of(fixtures::zoo::Portal::Meridian)?.manners.unshown;
    let verdict = Verdict::besides(unshown, &json!(portal.truth()), &accounts, &transactions);
    assert!(verdict.is_clean(), "{verdict:#?}");
    let talk = fleet.talk();
    assert!(talk.contains("read a file") && talk.contains("reads the table in place of a file"), "{talk}");
    Ok(())
}

#[tokio::test]
async fn a_connection_that_goes_from_page_to_file_and_back_adds_nothing_and_removes_nothing() -> Tried {
    is_switched(true).await
}

#[tokio::test]
async fn a_connection_that_goes_from_file_to_page_and_back_adds_nothing_and_removes_nothing() -> Tried {
    is_switched(false).await
}

#[tokio::test]
async fn a_file_of_each_month_says_what_a_list_without_balances_cannot() -> Tried {
    let portal = Kontor::start(Kontor::settings()).await?;
    let (fleet, integrator) = fleet_of(Plan::new(), &portal, &["--drivers", "http"]).await?;
    let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
    let ended = |now: &Value| now["status"] != "pendingActivation";
    let connection = Person::of(&portal).until(&integrator, &id, ended).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    for account in integrator.list("/v1/accounts").await? {
        let id = account["id"].as_str().unwrap_or_default();
        let days = integrator.list(&format!("/v1/balances?accountId={id}&limit=500")).await?;
        assert!(days.len() > 12, "the ends of thirteen months: {}", days.len());
    }
    Ok(())
}

/// Meridian's script, that reads of each account what its last statement says, in its window.
fn of_statements(script: String) -> String {
    let (pages, _) = script.split_once("  account:\n    when:").unwrap_or_default();
    let (_, rest) = script.split_once("  signed_out:\n").unwrap_or_default();
    let (signed_out, _) = rest.split_once("\nreads:\n").unwrap_or_default();
    let pages = pages.replace("patience: 20s\n", "patience: 20s\npopups: follow\n");
    format!(
        "{pages}  statements:
    when: {{ visible: '#statements' }}
    do:
      - {{ click: '#statements tr:nth-of-type(2) a' }}

  summary:
    when: {{ visible: '#summary' }}

  signed_out:
{signed_out}
reads:
  accounts:
    on: accounts
    table: '#ctl00_Main_gvAccounts'
    columns: {{ name: Account Name, maskedNumber: Number }}
    key: {{ of: \"a[href*='acct=']\", attribute: href, after: 'acct=' }}
    open: 'a[onclick]'
    back: {{ close: popup }}
  account:
    on: summary
    fields: {{ currentBalance: Ending Balance }}
sign_out: '#ctl00_Main_lnkSignOff'
"
    )
}

#[tokio::test]
async fn what_stands_in_a_window_of_its_own_is_read_and_the_window_closed() -> Tried {
    let portal = Meridian::start(Meridian::settings()).await?;
    let folder = tempfile::tempdir()?;
    scripts_in(folder.path(), "meridian", of_statements)?;
    let (fleet, integrator) = fleet(&portal, folder.path()).await?;
    let id = integrator.set_up("meridian", portal.username(), portal.password()).await?;
    let ended = |now: &Value| now["status"] != "pendingActivation";
    let connection = Person::of(&portal).until(&integrator, &id, ended).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or_default();
    let truth = portal.truth();
    let accounts = integrator.list("/v1/accounts").await?;
    assert_eq!(accounts.len(), truth.accounts.len());
    for account in &truth.accounts {
        let read = accounts.iter().find(|read| read["maskedNumber"] == json!(account.masked_number));
        let read = read.ok_or("the account")?["currentBalance"].to_string();
        // Of the end of October, before all of November's rows.
        let of_november = truth.transactions.iter().filter(|row| {
            row.account_key == account.portal_key && row.posted_date.is_some_and(|day| day.month() == 11)
        });
        let ending = cents(account.current_balance.as_deref().unwrap_or_default())
            - of_november.map(|row| cents(&row.amount)).sum::<i64>();
        assert!(read.contains(&format!("{}.{:02}", ending / 100, ending % 100)), "{read} and {ending}");
    }
    let oracle = portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
    Ok(())
}
