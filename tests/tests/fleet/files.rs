//! A bank's statement files beside its pages: both tell of one ledger.
//!
//! Not here: what files may hold; the crate that reads them has the tests.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::statements::{Books, CSV_COLUMNS};
use tests::world::{Fleet, Plan};

use crate::{Outcome, active, answer, set_up};

type Failure = Box<dyn std::error::Error>;

/// What a command that takes a file in says.
async fn import(fleet: &Fleet, account: &str, file: &str, text: &str, more: &[&str]) -> Result<Value, Failure> {
    let path = write(fleet, file, text)?;
    let file = path.display().to_string();
    let arguments = [&["ledger", "import", "--account", account, "--json", &file], more].concat();
    Ok(serde_json::from_str(&fleet.succeed(&arguments).await?)?)
}

fn write(fleet: &Fleet, file: &str, text: &str) -> Result<PathBuf, Failure> {
    let path = fleet.folder().join(file);
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Where the stream of changes is now.
async fn head(integrator: &Integrator) -> Result<String, Failure> {
    let head = integrator.get("/v1/transactions/sync").await?;
    Ok(head["nextCursor"].as_str().unwrap_or_default().to_owned())
}

/// What was told since then, as kinds.
async fn told(integrator: &Integrator, since: &str) -> Result<Vec<String>, Failure> {
    let changes = integrator.get(&format!("/v1/transactions/sync?limit=500&cursor={since}")).await?;
    let events = changes["events"].as_array().cloned().unwrap_or_default();
    Ok(events.iter().filter_map(|event| event["type"].as_str().map(str::to_owned)).collect())
}

/// Every transaction by its id, with what a page shows of it.
async fn shown(integrator: &Integrator) -> Result<Vec<Value>, Failure> {
    let fields = ["id", "accountId", "status", "postedDate", "amount", "description", "rawDescription", "rail"];
    let list = integrator.list("/v1/transactions").await?;
    Ok(list.iter().map(|one| fields.map(|field| one[field].clone()).into()).collect())
}

/// The balance of every day that a page told of.
async fn days(integrator: &Integrator) -> Result<Vec<Value>, Failure> {
    let fields = ["accountId", "date", "ledgerBalance"];
    let list = integrator.list("/v1/balances").await?;
    Ok(list.iter().map(|one| fields.map(|field| one[field].clone()).into()).collect())
}

#[tokio::test]
async fn a_file_and_the_page_of_one_account_give_the_same_ledger() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let (before, days_before) = (shown(&integrator).await?, days(&integrator).await?);
    for account in integrator.list("/v1/accounts").await? {
        let number = account["accountNumber"].as_str().unwrap_or_default();
        let books = Books::of(fleet.portal.truth(), number).ok_or("an account of the bank's")?;
        assert!(books.len() > 20, "{} bookings", books.len());
        let account = account["id"].as_str().unwrap_or_default();
        let check = |format: &str, told: &Value| {
            let counts = (&told["read"], &told["added"], &told["removed"]);
            assert_eq!(counts, (&json!(books.len()), &json!(0), &json!(0)), "{format}: {told}");
        };
        for file in books.files() {
            let told = import(&fleet, account, file.format, &file.text, &[]).await?;
            check(file.format, &told);
            let again = import(&fleet, account, file.format, &file.text, &["--format", file.format]).await?;
            assert_eq!(again["modified"], 0, "{}: what was read once more changes nothing", file.format);
        }
        let columns = write(&fleet, "columns.toml", CSV_COLUMNS)?;
        let columns = columns.display().to_string();
        // Nothing in it says of which account it is; so a person has to.
        let confirmed = ["--csv", &columns, "--confirm-account"];
        check("csv", &import(&fleet, account, "books.csv", &books.csv(), &confirmed).await?);
    }
    assert_eq!(shown(&integrator).await?, before, "a file fills in what a page leaves out, and changes nothing else");
    let days = days(&integrator).await?;
    assert!(!days_before.is_empty());
    for day in days_before {
        assert!(days.contains(&day), "a balance changed: {day}");
    }

    // And the pages once more, after the files.
    let head = head(&integrator).await?;
    integrator.call(Method::PUT, &format!("/v1/connections/{id}/sync"), None).await?;
    answer(&fleet, &integrator, &id, Some(&challenge), 2).await?;
    integrator.connection(&id, "the end of the sync", |now| now["syncStatus"] == "idle").await?;
    assert_eq!(told(&integrator, &head).await?, Vec::<String>::new(), "the page says what is known");
    Ok(())
}

#[tokio::test]
async fn a_file_of_another_account_or_with_a_wrong_sum_changes_nothing_and_says_why() -> Outcome {
    let fleet = Plan::new().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    answer(&fleet, &integrator, &id, None, 1).await?;
    active(&integrator, &id).await?;
    let accounts = integrator.list("/v1/accounts").await?;
    let number = |at: usize| accounts[at]["accountNumber"].as_str().unwrap_or_default();
    let account = accounts[0]["id"].as_str().unwrap_or_default();
    let head = head(&integrator).await?;
    let other = Books::of(fleet.portal.truth(), number(1)).ok_or("an account of the bank's")?;
    let own = Books::of(fleet.portal.truth(), number(0)).ok_or("an account of the bank's")?;
    let camt = own.files().remove(0).text;
    // One booking less than the balances say.
    let (before, rest) = camt.split_once("\n<Ntry>").ok_or("an entry")?;
    let (_, after) = rest.split_once("</Ntry>").ok_or("the end of an entry")?;
    let short = format!("{before}{after}");
    let secret = own.files().remove(0).text.split_once("<Ustrd>").map(|(_, rest)| rest[..12].to_owned());
    for (file, text, said) in [
        ("other.xml", other.files().remove(0).text.as_str(), "is of this account"),
        ("short.xml", &short, "balance"),
        ("bomb.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><Document>&b;</Document>", "document type"),
        ("nothing.txt", "nothing of a bank's", "format"),
    ] {
        let path = write(&fleet, file, text)?.display().to_string();
        let ran = fleet.run(&["ledger", "import", "--account", account, &path], "").await?;
        let talk = ran.stderr.clone();
        assert_eq!(ran.code, Some(2), "{file}: {talk}");
        assert!(talk.to_lowercase().contains(&said.to_lowercase()), "{file}: {talk}");
        assert!(talk.contains("hint:"), "{file}: {talk}");
        assert!(secret.as_ref().is_none_or(|words| !talk.contains(words)), "{file}: {talk}");
    }
    let told_meanwhile = told(&integrator, &head).await?;
    assert!(told_meanwhile.is_empty(), "{told_meanwhile:?}");
    // What it would do is said before it is done.
    let path = write(&fleet, "own.xml", &camt)?.display().to_string();
    let said = fleet.succeed(&["ledger", "import", "--account", account, "--dry-run", &path]).await?;
    assert!(said.starts_with("added 0 "), "{said}");
    Ok(())
}
