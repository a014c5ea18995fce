//! Why a transaction is the one that it is, in sentences for a person.
//!
//! Not here: how it is found out (`store`), or the rules (`domain::ledger`).

use domain::id::TransactionId;
use domain::ledger::references::{ReferenceRecord, Trust};
use domain::ledger::{ABSENCES, DecisionKind, RemovalCause, Rule};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::store::{Decision, Explanation, MatchedRow, Removed, Sighting};

/// What is said of each part of an explanation.
#[derive(Clone, Debug)]
pub struct Story {
    /// When and where it was first read.
    pub first_read: String,
    /// Why rows were taken for it, in the order of the matches.
    pub matches: Vec<String>,
    /// What operators decided, in the order of the decisions.
    pub decisions: Vec<String>,
    /// Where it stands in the latest reading.
    pub latest: String,
    /// How near it is to being removed, if at all.
    pub absences: Option<String>,
    /// Why it isn't in the ledger, if it isn't.
    pub removed: Option<String>,
    /// How far the bank's references are trusted.
    pub references: String,
}

impl Story {
    /// Tells of a transaction.
    #[must_use]
    pub fn of(explanation: &Explanation) -> Self {
        let live = explanation.removed.is_none();
        Self {
            first_read: first_read(explanation),
            matches: explanation.matches.iter().map(matched).collect(),
            decisions: explanation.decisions.iter().map(|one| decided(one, explanation.id)).collect(),
            latest: latest(explanation.latest.as_ref()),
            absences: (live && explanation.absences > 0).then(|| absent(explanation.absences)),
            removed: explanation.removed.as_ref().map(removed),
            references: references(explanation.institution_id.as_deref(), explanation.references),
        }
    }

    /// All of it, in the order in which it is told.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        let first = std::iter::once(&self.first_read).chain(&self.matches).chain(&self.decisions);
        let last = self.absences.iter().chain(&self.removed).chain([&self.latest, &self.references]);
        first.chain(last).map(String::as_str)
    }
}

/// The fields that a match changed: what was known before, and what the row showed, which
/// isn't known where its reading isn't kept.
#[must_use]
pub fn changes(matched: &MatchedRow) -> Vec<(String, Value, Option<Value>)> {
    let shown = matched.row.as_ref().and_then(|row| serde_json::to_value(row).ok());
    let after = |field: &str| shown.as_ref().map(|row| row[field].clone());
    let changed = matched.found.changed.iter().filter(|_| !matched.found.is_kept_apart());
    changed.map(|(field, before)| (field.clone(), before.clone(), after(field))).collect()
}

/// What a row could also have been, had they not been too much alike.
#[must_use]
pub fn rivals(changed: &Map<String, Value>) -> Vec<TransactionId> {
    changed.get("rivals").and_then(|rivals| serde_json::from_value(rivals.clone()).ok()).unwrap_or_default()
}

fn first_read(explanation: &Explanation) -> String {
    match &explanation.origin {
        Some(sighting) => format!("First read on {} {}.", day(explanation.created_at), place(sighting)),
        None => format!("First read on {}, before readings were kept.", day(explanation.created_at)),
    }
}

/// `in run … as row 3 of 40`, counted from one, as people do.
fn place(sighting: &Sighting) -> String {
    let row = sighting.row.saturating_add(1);
    let of = sighting.rows.map(|rows| format!(" of {rows}")).unwrap_or_default();
    match (sighting.run_id, sighting.observed_at) {
        (Some(run), _) => format!("in run {run} as row {row}{of}"),
        (None, Some(_)) => format!("in a file that was handed in, as row {row}{of}"),
        (None, None) => format!("as row {row} of a reading that isn't kept any more"),
    }
}

fn matched(matched: &MatchedRow) -> String {
    let (found, place) = (&matched.found, place(&matched.sighting));
    let (at, rule) = (day(found.at), found.grounds.rule);
    if found.is_kept_apart() {
        let rivals: Vec<String> = rivals(&found.changed).iter().map(ToString::to_string).collect();
        if rule == Rule::BecameAnother {
            let one = listed(&rivals);
            return format!("On {at} the bank showed it no more: it has become one of {one}, and nothing tells which.");
        }
        let could = format!("It could also have been {}", listed(&rivals));
        return format!("On {at} it was read {place}. {could}; they were too much alike, so it was kept apart.");
    }
    let mut said: Vec<String> = Vec::new();
    let changed = changes(matched);
    let has_other_words = changed.iter().any(|(field, ..)| field == "description");
    // Where the words changed, their raw form says nothing more.
    for (field, before, after) in
        changed.into_iter().filter(|(field, ..)| !has_other_words || field != "rawDescription")
    {
        said.push(match after {
            Some(after) if after != before => format!("{} {} → {}", name(&field), word(&before), word(&after)),
            _ => format!("{} was {}", name(&field), word(&before)),
        });
    }
    let grounds = &found.grounds;
    if grounds.likeness < 100 {
        said.push(format!("words {} % alike", grounds.likeness));
    }
    match grounds.days {
        0 => {}
        1 => said.push("a day later".into()),
        -1 => said.push("a day earlier".into()),
        days if days > 0 => said.push(format!("{days} days later")),
        days => said.push(format!("{} days earlier", days.unsigned_abs())),
    }
    said.extend(grounds.cost.map(|cost| format!("cost {cost}")));
    let said = if said.is_empty() { String::new() } else { format!(": {}", said.join(", ")) };
    format!("On {at} a row was taken for it, {place}, because {} (rule `{rule}`){said}.", because(rule))
}

const fn because(rule: Rule) -> &'static str {
    match rule {
        Rule::Reference => "it has the same reference, and the bank's references were trusted",
        Rule::Content => "it has the same day, amount and words",
        Rule::Decision => "an operator said that they are one",
        Rule::Renamed => "it has the same day and amount, and the bank wrote other words",
        Rule::Redated => "it has the same amount and words, and the bank moved the day",
        Rule::Posted => "the bank booked, or announced anew, what it had announced",
        Rule::KeptApart | Rule::BecameAnother => "nothing was sure",
    }
}

fn decided(decision: &Decision, about: TransactionId) -> String {
    let (at, is_first) = (day(decision.created_at), decision.transaction_id == about);
    let other = if is_first { decision.other_id } else { decision.transaction_id };
    let what = match (decision.kind, is_first) {
        (DecisionKind::Merge, true) => format!("An operator merged {other} into it on {at}"),
        (DecisionKind::Merge, false) => format!("An operator merged it into {other} on {at}"),
        (DecisionKind::Split, true) => format!("An operator split {other} off it on {at}"),
        (DecisionKind::Split, false) => format!("An operator split it off {other} on {at}"),
        (DecisionKind::KeepApart, _) => format!("An operator said on {at} that it and {other} are two"),
    };
    let reason = decision.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let end = if reason.ends_with(['.', '!', '?']) { "" } else { "." };
    let undone = decision.undone_at.map(|at| format!(" That was taken back on {}.", day(at))).unwrap_or_default();
    format!("{what}{reason}{end}{undone}")
}

fn latest(latest: Option<&Sighting>) -> String {
    let Some(sighting) = latest else { return "The latest reading that is kept doesn't show it.".into() };
    let at = sighting.observed_at.map(|at| format!(" of {}", day(at))).unwrap_or_default();
    format!("The latest reading{at} shows it {}.", place(sighting))
}

fn absent(count: u32) -> String {
    let readings = if count == 1 { "The last reading".to_owned() } else { format!("The last {count} readings") };
    format!("{readings} should have shown it and didn't; after {ABSENCES} it is removed.")
}

fn removed(removed: &Removed) -> String {
    let at = day(removed.at);
    match (removed.cause, removed.merged_into) {
        (RemovalCause::Merged, Some(into)) => format!("It isn't in the ledger since {at}: it was merged into {into}."),
        (RemovalCause::Merged, None) => format!("It isn't in the ledger since {at}: it was merged into another."),
        (RemovalCause::Absent, _) => {
            format!("It isn't in the ledger since {at}: {ABSENCES} readings in a row should have shown it and didn't.")
        }
        (RemovalCause::BecameAnother, _) => {
            format!("It isn't in the ledger since {at}: it has become one of several new transactions.")
        }
        (RemovalCause::TakenBack, _) => {
            format!("It isn't in the ledger since {at}: an operator took back the statement file that had brought it.")
        }
        (RemovalCause::Undone, _) => {
            format!("It isn't in the ledger since {at}: an operator took back the decision that had made it.")
        }
    }
}

fn references(institution: Option<&str>, record: ReferenceRecord) -> String {
    let at = institution.map(|institution| format!(" at {institution}")).unwrap_or_default();
    let ReferenceRecord { kept, broken, demoted } = record;
    let trust = match (record.trust(), demoted) {
        (Trust::Trusted, _) => "are trusted",
        (Trust::Untrusted, true) => "aren't trusted any more, since they don't stay with their transactions",
        (Trust::Untrusted, false) => "aren't trusted yet",
    };
    format!("The bank's references{at} {trust}: {kept} kept, {broken} broken.")
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// A text without what would break its line, hide or turn it round.
pub fn in_one_line(text: &str) -> String {
    let is_odd = |char: char| {
        char.is_control()
            || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.chars().map(|char| if is_odd(char) { ' ' } else { char }).collect()
}

/// A field's name as words.
fn name(field: &str) -> String {
    let mut name = String::new();
    for letter in field.chars() {
        if letter.is_uppercase() {
            name.push(' ');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::String(text)
            if text.chars().all(|char| char.is_ascii_digit() || "-.:".contains(char)) && !text.is_empty() =>
        {
            text.clone()
        }
        // A bank's words, in quotes, and in one line: they must not look like ours.
        Value::String(text) => format!("“{}”", in_one_line(text)),
        other => other.to_string(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(names: &[String]) -> String {
    match names {
        [] => "another".into(),
        [one] => one.clone(),
        [firsts @ .., last] => format!("{} and {last}", firsts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::{AccountId, RunId};
    use domain::ledger::Grounds;
    use domain::transaction::ObservedTransaction;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::store::Match;

    fn at(day: &str) -> Timestamp {
        format!("{day}T12:00:00Z").parse().expect("a moment")
    }

    fn id(number: u128) -> TransactionId {
        TransactionId(Uuid::from_u128(number))
    }

    fn place_of(row: i64) -> Sighting {
        Sighting {
            observation_id: Uuid::nil(),
            run_id: Some(RunId(Uuid::from_u128(7))),
            revision: None,
            observed_at: Some(at("2026-10-03")),
            row,
            rows: Some(40),
            cells: Vec::new(),
        }
    }

    fn found(rule: Rule, likeness: u32, days: i32, cost: Option<u32>, changed: &Value) -> MatchedRow {
        let row = json!({ "status": "posted", "amount": "-12.00", "currency": "EUR", "entryType": "debit",
            "description": "CAFE 12", "rail": "card", "postedDate": "2026-10-05" });
        let row: ObservedTransaction = serde_json::from_value(row).expect("a row");
        let grounds = Grounds { rule, likeness, days, cost };
        let changed = changed.as_object().cloned().expect("fields");
        let at = at("2026-10-05");
        let found = Match { id: Uuid::nil(), grounds, changed, observation_id: Uuid::nil(), row: 2, at };
        MatchedRow { found, sighting: place_of(2), row: Some(row) }
    }

    #[test]
    fn a_match_says_what_was_compared_and_what_changed() {
        let posted = found(Rule::Posted, 71, 2, Some(18), &json!({ "amount": "-10.00", "postedDate": null }));
        let run = RunId(Uuid::from_u128(7));
        let expected = format!(
            "On 2026-10-05 a row was taken for it, in run {run} as row 3 of 40, because the bank booked, or announced \
             anew, what it had announced (rule `posted`): amount -10.00 → -12.00, posted date nothing → 2026-10-05, \
             words 71 % alike, 2 days later, cost 18."
        );
        assert_eq!(matched(&posted), expected);
        let unkept = MatchedRow { row: None, ..posted };
        assert!(matched(&unkept).contains("amount was -10.00"), "{}", matched(&unkept));
        let earlier = matched(&found(Rule::Redated, 100, -1, None, &json!({})));
        assert!(earlier.ends_with("(rule `redated`): a day earlier."), "{earlier}");
    }

    #[test]
    fn what_was_kept_apart_names_what_it_could_have_been() {
        let apart = found(Rule::KeptApart, 0, 0, None, &json!({ "rivals": [id(1), id(2)] }));
        let expected = format!("It could also have been {} and {}; they were too much alike", id(1), id(2));
        assert!(matched(&apart).contains(&expected), "{}", matched(&apart));
        assert!(changes(&apart).is_empty());
    }

    #[test]
    fn a_decision_is_told_from_either_side() {
        let decision = |kind, undone_at| Decision {
            id: Uuid::nil(),
            kind,
            account_id: AccountId(Uuid::nil()),
            transaction_id: id(1),
            other_id: id(2),
            reason: Some("seen on the statement".into()),
            created_at: at("2026-10-06"),
            undone_at,
        };
        let merged = decision(DecisionKind::Merge, None);
        let into_it = format!("An operator merged {} into it on 2026-10-06: seen on the statement.", id(2));
        assert_eq!(decided(&merged, id(1)), into_it);
        assert!(decided(&merged, id(2)).starts_with(&format!("An operator merged it into {}", id(1))));
        let undone = decision(DecisionKind::Split, Some(at("2026-10-07")));
        assert!(decided(&undone, id(2)).ends_with(". That was taken back on 2026-10-07."));
    }

    #[test]
    fn references_are_said_to_be_trusted_or_why_not() {
        let said = |kept, broken, demoted| references(Some("harbour"), ReferenceRecord { kept, broken, demoted });
        assert_eq!(said(812, 0, false), "The bank's references at harbour are trusted: 812 kept, 0 broken.");
        assert!(said(3, 0, false).contains("aren't trusted yet"));
        assert!(said(812, 20, true).contains("aren't trusted any more"));
    }

    #[test]
    fn absences_are_counted_in_words() {
        assert_eq!(absent(1), "The last reading should have shown it and didn't; after 2 it is removed.");
    }

    #[test]
    fn a_banks_words_stay_in_their_line_and_in_quotes() {
        let forged = json!("X\n\nAn operator\u{202e} merged it.");
        assert_eq!(word(&forged), "“X  An operator  merged it.”");
        assert_eq!(word(&json!("-10.00")), "-10.00");
    }
}
