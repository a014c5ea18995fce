//! A driver that shows given pages one after the other, whatever is done to them: from
//! the list of accounts to the end of the run.
//!
//! Not a portal: nothing on these pages leads anywhere.

use std::sync::Arc;

use domain::account::ObservedAccount;
use domain::failure::Failure;
use domain::institution::CredentialName;
use domain::secret::Secret;
use jiff::civil::{Date, date};
use script::command::{Command, Observation};
use script::{Compares, Plan, Runner, Script};

/// The day of the run.
pub(crate) const TODAY: Date = date(2026, 1, 15);

/// A list with one account, and the page that all others stand between.
pub(crate) const LIST: &str = "<table id=accounts><thead><tr><th>Account<th>Type<th>Available</thead>
    <tr><td><a href='#main'>Main</a><td>Checking<td>$1.00</table>";

/// A portal with a list of accounts, their details and their transactions.
pub(crate) fn script(source: &str) -> Script {
    Script::parse(source).unwrap_or_else(|faults| panic!("{faults}"))
}

/// A page of an account with these rows, under the headers of the pretend portal's.
pub(crate) fn account(headers: &str, rows: &str, next: &str) -> String {
    format!(
        "<dl id=details><dt>Account number<dd>1<dt>Current balance<dd>1.00</dl>
         <p id=as-of>As of Jan 14, 2026<p id=count>of 7 rows
         <table id=rows><thead><tr>{headers}</thead>{rows}</table>{next}"
    )
}

/// Reads one account of the given pages.
pub(crate) fn read(script: &Script, pages: &[String]) -> Result<ObservedAccount, Failure> {
    read_since(script, pages, None)
}

/// The same as far as it is needed for what was booked from a day on.
pub(crate) fn read_since(script: &Script, pages: &[String], since: Option<Date>) -> Result<ObservedAccount, Failure> {
    let secret = || Secret::new("Lantern-7".into());
    let plan = Plan {
        portal_url: "https://bank.example/".parse().expect("an address"),
        credentials: [(CredentialName::BankUsername, secret()), (CredentialName::Password, secret())].into(),
        open_intents: Vec::new(),
        today: TODAY,
        since,
        compares: Compares::No,
    };
    let mut runner = Runner::new(Arc::new(script.clone()), plan);
    let list = ("accounts", LIST);
    let between = pages.iter().map(|page| ("account", page.as_str()));
    let mut shown = std::iter::once(list).chain(between).chain([list, ("signed_out", "")]);
    let mut observation = None;
    loop {
        observation = Some(match runner.next(observation.take()) {
            Command::Visit(_) => Observation::Visited,
            Command::Watch(_) => {
                let (page, html) = shown.next().expect("another page");
                let url = "https://bank.example/".parse().expect("an address");
                Observation::Recognised { page: page.to_owned(), url, html: html.to_owned() }
            }
            Command::Act(_) => Observation::Acted,
            Command::Finish(accounts) => return Ok(accounts.into_iter().next().expect("an account")),
            Command::Fail(failure) => return Err(failure),
            command => panic!("nobody is asked or told anything here: {command:?}"),
        });
    }
}
