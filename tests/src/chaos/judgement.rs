//! What the bank saw, held against what was declared and who gave which credentials when.
//!
//! Not here: records (`aftermath`), and what is seen while it happens (`auditor`).

use std::collections::BTreeMap;
use std::time::Duration;

use fixtures::oracle::{Act, LogEntry};

use super::chronicle::{Chronicle, Fence, What};
use super::disturbances::Disturbances;
use super::findings::{Findings, Invariant};
use super::people::{Person, Temper};
use super::world::{CAP, World};

/// How often a password may be submitted that the bank was never heard about.
const DOUBTS_ALLOWED: usize = 3;
/// By how much the clocks of bank and coordinators may differ, and by how much what a
/// coordinator writes down may come late.
const SAME_TIME_MS: u64 = 250;
const LATE_MS: u64 = 12_000;

/// Judges all that the bank wrote down.
#[must_use]
pub fn judge(world: &World, chronicle: &Chronicle) -> Findings {
    let mut findings = Findings::default();
    let report = world.portal.oracle();
    if report.overlaps > 0 {
        overlaps(&report.log, &mut findings);
    }
    over_cap(&report.log, &world.disturbances, world.term, &mut findings);
    for person in &world.people {
        let of_user: Vec<&LogEntry> =
            report.log.iter().filter(|entry| entry.user.as_ref() == Some(&person.user)).collect();
        let times = |acts: &[Act]| -> Vec<u64> {
            of_user.iter().filter(|entry| acts.contains(&entry.act)).map(|entry| entry.at_ms).collect()
        };
        let passwords = times(&[Act::PasswordAccepted, Act::PasswordRefused]);
        let codes = times(&[Act::CodeAccepted, Act::CodeRefused]);
        declared(person, chronicle, &What::Password, &passwords, Invariant::DoublePasswords, &mut findings);
        declared(person, chronicle, &What::Code, &codes, Invariant::DoubleCodes, &mut findings);
        for at in times(&[Act::CodeRepeated]) {
            findings.add(Invariant::DoubleCodes, format!("{} gave a code again at {at}", person.user));
        }
        for at in times(&[Act::CodeRefused]) {
            findings.add(Invariant::StrayCodes, format!("{} gave a code that was wrong at {at}", person.user));
        }
        budget(person, &times(&[Act::PasswordRefused]), &mut findings);
    }
    fences(chronicle, &mut findings);
    findings
}

/// Where each session begins and ends, as lines of the log.
fn spans(log: &[LogEntry]) -> BTreeMap<&str, (usize, usize, &LogEntry)> {
    let mut spans: BTreeMap<&str, (usize, usize, &LogEntry)> = BTreeMap::new();
    let is_request =
        |act: Act| !matches!(act, Act::CodeSent | Act::CodeRepeated | Act::SessionEnded | Act::RequestRefused);
    for (place, entry) in log.iter().enumerate().filter(|(_, entry)| is_request(entry.act)) {
        if let Some(session) = entry.session.as_deref() {
            spans.entry(session).or_insert((place, place, entry)).1 = place;
        }
    }
    spans
}

fn overlaps(log: &[LogEntry], findings: &mut Findings) {
    let spans = spans(log);
    for (session, (first, _, begin)) in &spans {
        for (other, (from, until, of)) in &spans {
            if session != other && begin.user == of.user && from <= first && first <= until {
                let user = begin.user.as_deref().unwrap_or_default();
                let sentence = format!("{user}'s {session} began at {} while {other} went on", begin.at_ms);
                findings.add(Invariant::OverlappingSessions, sentence);
            }
        }
    }
}

fn over_cap(log: &[LogEntry], disturbances: &Disturbances, term: Duration, findings: &mut Findings) {
    let spans = spans(log);
    for (session, (first, _, begin)) in &spans {
        let at_once = spans.values().filter(|(from, until, _)| from <= first && first <= until).count();
        let is_over = u64::try_from(at_once).unwrap_or(u64::MAX) > CAP;
        if is_over && !disturbances.is_in_grace(begin.at_ms, term) {
            findings.add(Invariant::SessionsOverCap, format!("{at_once} when {session} began at {}", begin.at_ms));
        }
    }
}

/// At no time more submits than declarations before them.
fn declared(
    person: &Person,
    chronicle: &Chronicle,
    what: &What,
    submits: &[u64],
    invariant: Invariant,
    findings: &mut Findings,
) {
    let connections = chronicle.connections();
    let of_person = |run: &str| connections.get(run).copied() == Some(person.connection.as_str());
    let declarations: Vec<u64> = chronicle
        .entries
        .iter()
        .filter(|entry| &entry.what == what && of_person(&entry.run))
        .map(|entry| entry.at_ms)
        .collect();
    for sentence in undeclared(submits, &declarations) {
        findings.add(invariant, format!("{}: {sentence}", person.user));
    }
}

fn undeclared(submits: &[u64], declarations: &[u64]) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut beyond = 0;
    for (index, at) in submits.iter().enumerate() {
        let before = declarations.iter().filter(|declared| **declared <= at + SAME_TIME_MS).count();
        if index + 1 > before + beyond {
            beyond += 1;
            sentences.push(format!("submit {} at {at}, with {before} declared before", index + 1));
        }
    }
    sentences
}

fn budget(person: &Person, refused: &[u64], findings: &mut Findings) {
    let allowed = match person.temper {
        // Nobody has changed the password.
        Temper::Right => 0,
        Temper::Erring => DOUBTS_ALLOWED,
    };
    let given = person.given_at_ms();
    for (index, from) in given.iter().enumerate() {
        let until = given.get(index + 1).copied().unwrap_or(u64::MAX);
        let count = refused.iter().filter(|at| (*from..until).contains(at)).count();
        for _ in allowed..count {
            let sentence = format!("{} was refused {count} times since {from}", person.user);
            findings.add(Invariant::BeyondLockoutBudget, sentence);
        }
    }
}

fn fences(chronicle: &Chronicle, findings: &mut Findings) {
    let mut grants: BTreeMap<&str, Vec<(u64, Fence)>> = BTreeMap::new();
    let mut last: BTreeMap<&str, Fence> = BTreeMap::new();
    for entry in &chronicle.entries {
        if let What::Leased { connection } = &entry.what {
            grants.entry(connection).or_default().push((entry.at_ms, entry.fence));
            let last = last.entry(&entry.run).or_default();
            *last = entry.fence.max(*last);
        }
    }
    for (connection, granted) in &grants {
        for (index, (at, fence)) in granted.iter().enumerate() {
            let is_behind =
                |(before_at, before): &&(u64, Fence)| before == fence || (before > fence && before_at + LATE_MS < *at);
            if let Some((_, before)) = granted.iter().take(index).find(is_behind) {
                let sentence = format!("{connection}: {fence:?} was granted at {at} after {before:?}");
                findings.add(Invariant::FencesNotGrowing, sentence);
            }
        }
    }
    for entry in chronicle.entries.iter().filter(|entry| entry.what == What::Accepted) {
        let last = last.get(entry.run.as_str()).copied().unwrap_or_default();
        if entry.fence != last {
            let sentence = format!("{} was accepted under {:?}, and {last:?} is its last", entry.run, entry.fence);
            findings.add(Invariant::StaleCompletions, sentence);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chronicle::{Chronicle, Entry, What};
    use super::{Findings, Invariant, fences, undeclared};

    fn check(submits: &[u64], declarations: &[u64], expected: usize) {
        assert_eq!(undeclared(submits, declarations).len(), expected, "{submits:?} {declarations:?}");
    }

    #[test]
    fn every_submit_has_a_declaration_of_its_own_before_it() {
        check(&[], &[], 0);
        check(&[1_000], &[900], 0);
        check(&[1_000], &[], 1);
        check(&[1_000], &[5_000], 1);
        check(&[1_000, 2_000], &[900], 1);
        check(&[1_000, 2_000], &[900, 1_900], 0);
        check(&[1_000, 2_000, 3_000], &[900, 2_900], 1);
        check(&[9_000], &[900, 1_900, 2_900], 0);
    }

    #[test]
    fn a_fence_that_comes_twice_or_back_is_found_and_so_is_a_stale_completion() {
        let entry = |at_ms, fence, what| Entry { at_ms, run: "r".into(), fence, what };
        let leased = || What::Leased { connection: "c".into() };
        let found = |entries| {
            let mut findings = Findings::default();
            fences(&Chronicle { entries, ..Chronicle::default() }, &mut findings);
            [Invariant::FencesNotGrowing, Invariant::StaleCompletions].map(|invariant| findings.of(invariant).len())
        };
        let first = || entry(0, (1, 1), leased());
        assert_eq!(found(vec![first(), entry(1, (1, 2), leased()), entry(2, (1, 2), What::Accepted)]), [0, 0]);
        assert_eq!(found(vec![first(), entry(1, (1, 1), leased())]), [1, 0]);
        assert_eq!(found(vec![entry(0, (2, 1), leased()), entry(99_000, (1, 9), leased())]), [1, 0]);
        assert_eq!(found(vec![first(), entry(1, (1, 2), leased()), entry(2, (1, 1), What::Accepted)]), [0, 1]);
    }
}
