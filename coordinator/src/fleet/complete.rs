//! A run hands in what it read: one transaction in the store that checks the fence,
//! and only then the queue is told.

use std::time::Duration;

use domain::account::ObservedAccount;
use domain::breaker::BreakerEvent;
use domain::failure::FailureCode;
use domain::id::RunId;
use domain::permissions::Permissions;
use domain::rollout::Part;
use domain::rollout::difference::Difference;
use domain::rollout::trial::Seen;
use domain::run::Reading;
use domain::transaction::{ObservedTransaction, TransactionStatus};
use jiff::civil::Date;
use protocol::lease::{Complete, RunStep, STEPS_LIMIT};
use protocol::shadow::{ShadowOutcome, ShadowReading};

use super::drift::Came;
use super::{Error, Fleet};
use crate::clock;
use crate::store::{HandedIn, Refused};

impl Fleet {
    /// Stores what was read and ends the run; doing it again changes nothing.
    ///
    /// # Errors
    /// [`Refused::LeaseLost`](crate::store::Refused::LeaseLost) under a stale fence;
    /// [`Error::Invalid`] if two accounts have one key or a balance isn't a decimal.
    pub async fn complete(&self, run_id: RunId, complete: &Complete) -> Result<(), Error> {
        let Complete { proof, accounts, reading, reading_ms, permissions, ways, steps, shadow, pages } = complete;
        check(accounts)?;
        let now = clock::now();
        let worked = self.worked(run_id).await?;
        let Worked { institution, revision, part, shadow: expected } = &worked;
        let handed_in = HandedIn {
            accounts,
            today: self.catalog().today(institution, now),
            revision: Some(revision.as_str()).filter(|revision| !revision.is_empty()),
            permissions: *permissions,
            steps: bounded(steps),
        };
        let completed = match self.store.complete(run_id, *proof, handed_in, now).await {
            Err(Refused::Strayed(strayed)) => {
                return self.put_off_strayed((run_id, *proof), &worked, strayed, steps).await;
            }
            completed => completed?,
        };
        self.forget(run_id).await;
        // Whoever is told again, since an answer was lost, has counted it.
        let Some(completed) = completed else { return Ok(()) };
        self.outcomes.note(institution, None);
        self.tell_breaker(institution, BreakerEvent::Succeeded).await;
        self.count_ways(institution, revision, ways).await;
        if *part == Part::Canary {
            let seen = if completed.held > 0 { Seen::Clean } else { Seen::Unheld };
            self.note_trial(institution, revision, &seen).await;
        }
        if let Some(shadow) = shadow.as_ref().filter(|shadow| expected.as_ref() == Some(&shadow.revision)) {
            self.note_trial(institution, &shadow.revision, &seen_beside(shadow, None)).await;
        }
        let is_whole = accounts.iter().all(|account| account.failure.is_none());
        self.note_pages(&worked, pages.clone(), if is_whole { Came::Whole } else { Came::Short }).await;
        tracing::info!(
            %run_id, accounts = accounts.len(), transactions = completed.read, added = completed.added,
            modified = completed.modified, removed = completed.removed, %reading, reading_ms,
            "a run succeeded",
        );
        if *reading == Reading::Differs {
            let hint = "see which records differ, or take `by: http` out of the script";
            tracing::warn!(%run_id, institution, hint, "what was read without the browser isn't what it shows");
        }
        if permissions.is_some_and(Permissions::exceed_view) {
            let hint = "ask the customer for a user that may look at accounts and do nothing else";
            tracing::warn!(%run_id, institution, hint, "the delegated user may do more than look at accounts");
            metrics::counter!("bursar_overprivileged_runs_total", "institution" => institution.clone()).increment(1);
        }
        let reading_time = Duration::from_millis(*reading_ms);
        let labels = [("by", reading.to_string()), ("institution", institution.clone())];
        metrics::histogram!("bursar_reading_seconds", &labels).record(reading_time.as_secs_f64());
        metrics::counter!("bursar_runs_total", "outcome" => "succeeded").increment(1);
        Ok(())
    }
}

/// At which bank a run is, and by what it is worked.
pub(super) struct Worked {
    pub(super) institution: String,
    /// Empty where there is no script any more.
    pub(super) revision: String,
    pub(super) part: Part,
    /// What was to read beside.
    pub(super) shadow: Option<String>,
}

impl Fleet {
    /// At which bank a run is, and by what; by the catalog's own script, where an older coordinator gave it out.
    pub(super) async fn worked(&self, run_id: RunId) -> Result<Worked, Error> {
        let Some(place) = self.store.place_of_run(run_id).await? else {
            let (institution, revision) = (String::new(), String::new());
            return Ok(Worked { institution, revision, part: Part::Current, shadow: None });
        };
        let institution = place.institution_id;
        let (revision, part, shadow) = match place.by {
            Some(by) => (by.revision, by.part, by.shadow),
            None => {
                let catalog = self.catalog();
                let own = catalog.script(&institution).map_or_else(String::new, |script| script.revision.clone());
                (own, Part::Current, None)
            }
        };
        Ok(Worked { institution, revision, part, shadow })
    }
}

/// What an agent says of a shadow beside a run, and with what that came to nothing if it did: names of fields that no row
/// has are left out.
pub(super) fn seen_beside(shadow: &ShadowReading, instead_of: Option<FailureCode>) -> Seen {
    match &shadow.outcome {
        ShadowOutcome::ReadAlone(extent) => match instead_of {
            Some(code) => Seen::ShadowAlone(*extent, code),
            // It can't have been alone beside a run that read.
            None => Seen::ShadowFailed(FailureCode::Unknown),
        },
        ShadowOutcome::Failed(failure) => Seen::ShadowFailed(failure.code),
        ShadowOutcome::Read(difference) => {
            let is_sound =
                |field: &&String| field.len() <= FIELD_LIMIT && field.bytes().all(|byte| byte.is_ascii_alphabetic());
            let fields = difference.fields.iter().filter(is_sound).take(FIELDS_LIMIT).cloned().collect();
            Seen::Shadow(Difference { fields, ..difference.clone() })
        }
    }
}

/// The name of a field has at most so many bytes, and there are at most so many.
const FIELD_LIMIT: usize = 40;
const FIELDS_LIMIT: usize = 40;

/// As many steps as are kept.
pub(super) fn bounded(steps: &[RunStep]) -> &[RunStep] {
    let is_sound = |step: &RunStep| step.page.as_ref().is_none_or(|page| page.len() <= NAME_LIMIT);
    let steps = steps.get(..STEPS_LIMIT).unwrap_or(steps);
    if steps.iter().all(is_sound) { steps } else { &[] }
}

/// The name of a page in a script has at most so many bytes.
pub(super) const NAME_LIMIT: usize = 200;

/// A plain decimal, as the API shows it: no exponent, no blanks, no plus, a digit on each side
/// of the point.
fn is_decimal(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let size = text.strip_prefix('-').unwrap_or(text);
    let is_plain = match size.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(size),
    };
    is_plain && text.parse::<rust_decimal::Decimal>().is_ok()
}

/// A row that no portal shows: a booking without a day or in another age, a currency that is
/// none, a description that is a book.
fn is_sound(row: &ObservedTransaction) -> bool {
    let is_dated =
        row.posted_date.is_some() || !matches!(row.status, TransactionStatus::Posted | TransactionStatus::Reversed);
    let is_of_our_age = |date: &Date| (1900..=2200).contains(&date.year());
    let dates = [row.posted_date, row.transaction_date];
    is_dated
        && dates.iter().flatten().all(is_of_our_age)
        && domain::money::Currency::parse(&row.currency).is_ok()
        && row.description.len() <= DESCRIPTION_LIMIT
}

/// A description has at most so many bytes.
const DESCRIPTION_LIMIT: usize = 64 << 10;

/// An account's failure is said in at most so many bytes.
const MESSAGE_LIMIT: usize = 4_000;

/// What an agent hands in is as little to be trusted as the portal it was read from.
pub(super) fn check(accounts: &[ObservedAccount]) -> Result<(), Error> {
    let invalid = |reason: &str| Err(Error::Invalid { field: "/accounts", reason: reason.into() });
    let mut keys = std::collections::HashSet::new();
    for account in accounts {
        if !keys.insert(account.portal_key.as_str()) {
            return invalid("two accounts have the same portalKey");
        }
        if domain::money::Currency::parse(&account.currency).is_err() {
            return invalid("an account's currency isn't a currency code");
        }
        let balances = [&account.current_balance, &account.available_balance];
        let stated = account.balances.iter().map(|balance| &balance.ledger_balance);
        let rows = account.transactions.iter();
        let amounts = rows.flat_map(|row| std::iter::once(&row.amount).chain(&row.running_balance));
        let mut decimals = balances.into_iter().flatten().chain(stated).chain(amounts);
        if !decimals.all(|text| is_decimal(text)) {
            return invalid("an amount isn't a decimal");
        }
        if !account.transactions.iter().all(is_sound) {
            return invalid("a row has no day, a day in another age, no currency, or too long a description");
        }
        if account.failure.as_ref().is_some_and(|failure| failure.message.len() > MESSAGE_LIMIT) {
            return invalid("an account's failure says too much");
        }
    }
    if !accounts.is_empty() && accounts.iter().all(|account| account.failure.is_some()) {
        return invalid("no account could be read: the run has failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::account::ObservedAccount;
    use domain::failure::Stage;
    use domain::run::Step;
    use protocol::lease::{RunStep, STEPS_LIMIT};
    use serde_json::{Value, json};

    use super::{NAME_LIMIT, bounded, check};

    /// Takes an account as it is, but for these fields of it and of its one row.
    fn refused(account: &Value, row: &Value) -> bool {
        let mut sound_row = json!({
            "status": "posted", "postedDate": "2026-10-03", "amount": "-4.50", "currency": "USD",
            "entryType": "debit", "description": "bean", "rail": "card", "runningBalance": "95.50",
        });
        let mut sound = json!({
            "portalKey": "a1", "type": "checking", "currency": "USD", "name": "Operating", "status": "open",
            "currentBalance": "95.50", "balances": [{ "date": "2026-10-02", "ledgerBalance": "100.00" }],
        });
        for (fields, changed) in [(&mut sound_row, row), (&mut sound, account)] {
            for (field, value) in changed.as_object().into_iter().flatten() {
                fields[field] = value.clone();
            }
        }
        sound["transactions"] = json!([sound_row]);
        let account: ObservedAccount = serde_json::from_value(sound).expect("an account");
        check(&[account]).is_err()
    }

    #[test]
    fn what_no_portal_shows_is_refused_before_it_is_kept() {
        let none = json!({});
        assert!(!refused(&none, &none));
        for amount in ["1e5", "1_000", "+5.00", ".5", "5.", "", "NaN", " 1", "--1", "1.2.3"] {
            for field in ["amount", "runningBalance"] {
                assert!(refused(&none, &json!({ field: amount })), "{field} {amount}");
            }
            assert!(refused(&json!({ "currentBalance": amount }), &none), "{amount}");
            let stated = json!({ "balances": [{ "date": "2026-10-02", "ledgerBalance": amount }] });
            assert!(refused(&stated, &none), "{amount}");
        }
        assert!(!refused(&none, &json!({ "amount": "00012.50" })));
        for row in [
            json!({ "postedDate": null }),
            json!({ "postedDate": "9999-12-31" }),
            json!({ "transactionDate": "0001-01-01" }),
            json!({ "currency": "eur" }),
            json!({ "description": "x".repeat(70_000) }),
        ] {
            assert!(refused(&none, &row), "{row}");
        }
        assert!(!refused(&none, &json!({ "status": "pending", "postedDate": null })));
    }

    #[test]
    fn a_run_that_read_no_account_has_failed() {
        let failure = json!({ "code": "script.parse", "stage": "transactions", "message": "row 3" });
        assert!(refused(&json!({ "failure": failure }), &json!({})));
        assert!(check(&[]).is_ok(), "a user who sees no account has none");
    }

    #[test]
    fn no_more_steps_are_kept_than_an_agent_may_hand_in_and_none_whose_page_has_no_name_of_a_script() {
        let step = |page: usize| RunStep {
            at_ms: 0,
            took_ms: 0,
            stage: Stage::Login,
            step: Step::Watch,
            page: Some("p".repeat(page)),
            effect: None,
        };
        assert_eq!(bounded(&vec![step(NAME_LIMIT); STEPS_LIMIT + 1]).len(), STEPS_LIMIT);
        assert!(bounded(&[step(1), step(NAME_LIMIT + 1)]).is_empty());
    }
}
