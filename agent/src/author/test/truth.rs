//! A whole run against a simulated portal, and what was read compared with the portal's own truth. Codes are taken from the
//! portal's phone, as the person who holds it would.
//!
//! Not here: real portals, which have no truth to ask for.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use domain::account::ObservedAccount;
use domain::challenge::Question;
use domain::secret::Secret;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use url::Url;

use super::TestError;
use super::compare::bare;
use crate::author::folder::Folder;
use crate::author::run::portal::PortalArguments;
use crate::author::run::{Asked, Outcome, Person, Run, RunError, Terminal, credentials};
use crate::author::{Listing, print, print_json, proof, say};
use crate::cli::Exit;

/// How long the portal has to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often the phone is looked at.
const LOOKS: Duration = Duration::from_millis(100);
/// How many differences are told.
const TOLD: usize = 20;

/// Why there is no truth.
#[derive(Debug, thiserror::Error)]
pub enum TruthError {
    /// It can't be asked for.
    #[error("could not ask {url} for its truth")]
    Unreachable {
        /// Where.
        url: Url,
        /// Why not.
        source: reqwest::Error,
    },
    /// The address has no place for it.
    #[error("{0} isn't the address of a simulated portal")]
    Address(Url),
    /// There was no runtime.
    #[error("could not start")]
    Runtime(#[source] std::io::Error),
}

impl TruthError {
    pub(super) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable { .. } | Self::Address(_) => {
                Some("start one with `fixtures serve NAME`, and give its url; a real portal is driven by `agent run`")
            }
            Self::Runtime(_) => None,
        }
    }
}

/// Runs the script and compares.
pub(super) fn run(folder: &Folder, portal: Url, through: &PortalArguments, json: Listing) -> Result<Exit, TestError> {
    // Fails only if another was installed before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(TruthError::Runtime)?;
    let truth = runtime.block_on(ask(&portal, "/_truth"))?;
    let gathered =
        credentials::gather(&folder.script, through.credentials()).map_err(RunError::from).map_err(Box::new)?;
    let phone = Phone { portal: portal.clone(), seen: runtime.block_on(messages(&portal)) };
    let run = Run { folder, portal, credentials: gathered, since: None, through };
    let outcome = run.go(phone).map_err(Box::new)?;
    let mut compared = Compared::default();
    let differences = match &outcome {
        Outcome::Finished(accounts) => {
            let mut differences = held_against(&truth, accounts, &mut compared);
            for account in accounts {
                let of = |what| format!("account `{}`: {what}", account.portal_key);
                differences.extend(proof::contradictions(account).into_iter().map(of));
            }
            differences
        }
        Outcome::Failed(failure) => vec![format!("the run failed: {}: {}", failure.code, failure.message)],
        Outcome::Interrupted => vec!["the run was interrupted".into()],
    };
    match json {
        Listing::Json => {
            print_json(&json!({ "isTrue": differences.is_empty(), "differences": differences, "compared": compared }))?;
        }
        Listing::Text => {
            for difference in differences.iter().take(TOLD) {
                say(&format!("  {difference}"));
            }
            let verdict = match (&outcome, differences.len()) {
                (Outcome::Finished(accounts), 0) => {
                    let rows: usize = accounts.iter().map(|account| account.transactions.len()).sum();
                    format!("as the portal's truth: {} accounts, {rows} transactions\n", accounts.len())
                }
                (_, 1) => "1 difference from the portal's truth\n".to_owned(),
                (_, count) => format!("{count} differences from the portal's truth\n"),
            };
            print(&verdict)?;
            let only_truth = compared.only_in_truth();
            if !only_truth.is_empty() {
                say(&format!("not compared, as the script doesn't read them: {}", only_truth.join(", ")));
            }
        }
    }
    Ok(if differences.is_empty() { Exit::Done } else { Exit::Faults })
}

/// The person with the portal's phone; what doesn't come there is asked in the terminal.
struct Phone {
    portal: Url,
    /// How many messages had come before.
    seen: usize,
}

#[async_trait]
impl Person for Phone {
    async fn ask(&mut self, question: &Question) -> Asked {
        if !question.kind.takes_answer() || question.medium.is_none() {
            return Terminal.ask(question).await;
        }
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let phone = ask(&self.portal, "/_phone").await.unwrap_or_default();
            let messages = phone["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            if let Some(code) =
                messages.get(self.seen..).and_then(|new| new.last()).and_then(|last| last["code"].as_str())
            {
                self.seen = messages.len();
                return Asked::Answer(Secret::new(code.to_owned()));
            }
            sleep(LOOKS).await;
        }
        Terminal.ask(question).await
    }
}

/// How many messages came so far.
async fn messages(portal: &Url) -> usize {
    let phone = ask(portal, "/_phone").await.unwrap_or_default();
    phone["messages"].as_array().map_or(0, Vec::len)
}

/// What the portal says backstage.
async fn ask(portal: &Url, path: &str) -> Result<Value, TruthError> {
    let url = portal.join(path).map_err(|_| TruthError::Address(portal.clone()))?;
    let unreachable = |source| TruthError::Unreachable { url: portal.clone(), source };
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().map_err(unreachable)?;
    let answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(unreachable)?;
    answer.json().await.map_err(unreachable)
}

/// What was read, held against the truth: every account and every row, in each field that both have. What a script doesn't
/// read anywhere isn't a difference.
fn held_against(truth: &Value, accounts: &[ObservedAccount], compared: &mut Compared) -> Vec<String> {
    let mut differences = Vec::new();
    let of = |what: &str| truth[what].as_array().cloned().unwrap_or_default();
    let (true_accounts, true_rows) = (of("accounts"), of("transactions"));
    if true_accounts.is_empty() {
        return vec!["the truth has no list `accounts`, or an empty one".into()];
    }
    if true_accounts.iter().any(|account| !account["portalKey"].is_string()) {
        return vec!["the truth has an account without a `portalKey`, so nobody can say which it is".into()];
    }
    let key = |account: &Value| account["portalKey"].as_str().unwrap_or_default().to_owned();
    let found: Vec<Value> = accounts.iter().map(|account| bare(json!(account))).collect();
    let wanted: BTreeSet<String> = true_accounts.iter().map(key).collect();
    for account in found.iter().filter(|account| !wanted.contains(&key(account))) {
        differences.push(format!("an account with the key `{}` isn't in the truth", key(account)));
    }
    for expected in &true_accounts {
        let key = key(expected);
        let Some(account) = found.iter().find(|account| account["portalKey"] == key.as_str()) else {
            differences.push(format!("the account `{key}` wasn't read"));
            continue;
        };
        compared.add(expected, account, &["transactions"]);
        fields(&format!("account `{key}`"), expected, account, &["transactions"], &mut differences);
        let rows: Vec<&Value> = true_rows.iter().filter(|row| row["accountKey"] == key.as_str()).collect();
        let read = account["transactions"].as_array().map(Vec::as_slice).unwrap_or_default();
        if rows.len() != read.len() {
            differences.push(format!("account `{key}`: {} transactions, and {} were read", rows.len(), read.len()));
            continue;
        }
        for (expected, row) in rows.iter().zip(read) {
            compared.add(expected, row, &["accountKey"]);
        }
        // A list that is read by windows stands the other way round than the pages that it came from.
        let along = rows_apart(&key, &rows, read.iter());
        let back = rows_apart(&key, &rows, read.iter().rev());
        differences.extend(if back.len() < along.len() { back } else { along });
    }
    differences
}

/// Which fields of the truth were compared.
#[derive(Default, Serialize)]
struct Compared {
    /// Both had them.
    fields: BTreeSet<String>,
    /// Only the truth had them, in one record at least.
    truth: BTreeSet<String>,
}

impl Compared {
    fn add(&mut self, expected: &Value, found: &Value, besides: &[&str]) {
        let named = expected.as_object().into_iter().flatten().filter(|(name, _)| !besides.contains(&name.as_str()));
        for (name, _) in named {
            let side = if found.get(name).is_some() { &mut self.fields } else { &mut self.truth };
            side.insert(name.clone());
        }
    }

    /// What the truth has and the script reads nowhere.
    fn only_in_truth(&self) -> Vec<&str> {
        self.truth.difference(&self.fields).map(String::as_str).collect()
    }
}

/// Where the rows of an account differ, one by one.
fn rows_apart<'v>(key: &str, rows: &[&Value], read: impl Iterator<Item = &'v Value>) -> Vec<String> {
    let mut differences = Vec::new();
    for (index, (expected, row)) in rows.iter().zip(read).enumerate() {
        fields(&format!("account `{key}`, row {}", index + 1), expected, row, &["accountKey"], &mut differences);
    }
    differences
}

/// Compares the fields that both have.
fn fields(place: &str, expected: &Value, found: &Value, besides: &[&str], differences: &mut Vec<String>) {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let Some(other) = found.get(name).filter(|_| !besides.contains(&name.as_str())) else { continue };
        if other != value && *other != json!("unknown") {
            differences.push(format!("{place}, {name}: expected {value}, found {other}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{fields, held_against};

    #[test]
    fn a_truth_that_is_built_otherwise_is_said_to_be() {
        let truth = json!({ "accounts": [{ "name": "Checking" }], "transactions": [] });
        let said = held_against(&truth, &[], &mut super::Compared::default());
        let nothing = held_against(&json!([]), &[], &mut super::Compared::default());
        assert_eq!(nothing, ["the truth has no list `accounts`, or an empty one"]);
        assert_eq!(said, ["the truth has an account without a `portalKey`, so nobody can say which it is"]);
    }

    #[test]
    fn rows_count_in_the_order_of_the_list_or_the_other_way_round() {
        let account = |rows: &[&str]| {
            let rows: Vec<_> = rows.iter().map(|amount| json!({ "amount": amount, "accountKey": "a" })).collect();
            json!({ "accounts": [{ "portalKey": "a" }], "transactions": rows })
        };
        let read = ["1", "2", "3"].map(|amount| json!({ "amount": amount }));
        let apart = |rows: &[&str]| {
            let truth = account(rows);
            let rows: Vec<_> = truth["transactions"].as_array().into_iter().flatten().collect();
            super::rows_apart("a", &rows, read.iter()).len().min(super::rows_apart("a", &rows, read.iter().rev()).len())
        };
        assert_eq!(apart(&["1", "2", "3"]), 0);
        assert_eq!(apart(&["3", "2", "1"]), 0);
        assert_eq!(apart(&["2", "1", "3"]), 2);
    }

    #[test]
    fn a_field_that_is_read_otherwise_is_a_difference_and_one_that_isnt_read_is_none() {
        let mut differences = Vec::new();
        let expected = json!({ "amount": "1.00", "rail": "ach", "bankReference": "R1", "accountKey": "a" });
        let found = json!({ "amount": "1.01", "rail": "unknown", "accountKey": "b" });
        fields("row 1", &expected, &found, &["accountKey"], &mut differences);
        assert_eq!(differences, [r#"row 1, amount: expected "1.00", found "1.01""#]);
    }
}
