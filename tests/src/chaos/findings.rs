//! What has to hold, and where it didn't: a count for each, with a sentence for each case.
//!
//! Not here: looking.

use std::collections::BTreeMap;

/// What has to hold all the time; each is a count that has to be nought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// A user has one session at the bank at a time.
    OverlappingSessions,
    /// A password is submitted at most as often as it was declared that it would be.
    DoublePasswords,
    /// So is a code, and none twice in a session.
    DoubleCodes,
    /// A code goes to the session that it was sent for.
    StrayCodes,
    /// No password is refused more often than the budget allows.
    BeyondLockoutBudget,
    /// No more sessions at the bank at once than it may be asked for.
    SessionsOverCap,
    /// No more leases at once than that.
    LeasesOverCap,
    /// A connection has one lease at a time.
    TwoLeases,
    /// The queue is in order: each run is in one place.
    QueueDisorder,
    /// Fences of a connection grow.
    FencesNotGrowing,
    /// What is accepted comes under the run's last fence.
    StaleCompletions,
    /// A dead agent's leases are let go of within a term and two seconds.
    LeasesOfTheDead,
    /// Whatever the bank has is there.
    LostRecords,
    /// Nothing is there twice, or that the bank doesn't have.
    DuplicatedRecords,
    /// Nothing differs.
    WrongRecords,
    /// Every run ends.
    StuckRuns,
    /// Nothing that ran below an agent outlives it.
    LeakedProcesses,
    /// No folder of a browser is left.
    ProfilesLeft,
    /// No child that ended is left unasked for.
    Zombies,
    /// No secret is in a log or in Redis.
    SecretsFound,
}

impl Invariant {
    /// All of them, as a table shows them.
    pub const ALL: [Self; 20] = [
        Self::OverlappingSessions,
        Self::DoublePasswords,
        Self::DoubleCodes,
        Self::StrayCodes,
        Self::BeyondLockoutBudget,
        Self::SessionsOverCap,
        Self::LeasesOverCap,
        Self::TwoLeases,
        Self::QueueDisorder,
        Self::FencesNotGrowing,
        Self::StaleCompletions,
        Self::LeasesOfTheDead,
        Self::LostRecords,
        Self::DuplicatedRecords,
        Self::WrongRecords,
        Self::StuckRuns,
        Self::LeakedProcesses,
        Self::ProfilesLeft,
        Self::Zombies,
        Self::SecretsFound,
    ];

    /// What a breach is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OverlappingSessions => "overlapping sessions at the bank",
            Self::DoublePasswords => "passwords submitted without a declaration",
            Self::DoubleCodes => "codes submitted twice or without a declaration",
            Self::StrayCodes => "codes submitted in another session than their own",
            Self::BeyondLockoutBudget => "refused passwords beyond the lockout budget",
            Self::SessionsOverCap => "sessions over the bank's cap",
            Self::LeasesOverCap => "leases over the bank's cap",
            Self::TwoLeases => "connections with two leases",
            Self::QueueDisorder => "disorder in the queue",
            Self::FencesNotGrowing => "fences that didn't grow",
            Self::StaleCompletions => "completions under an older fence",
            Self::LeasesOfTheDead => "leases of dead agents after a term and 2 s",
            Self::LostRecords => "lost records",
            Self::DuplicatedRecords => "duplicated records",
            Self::WrongRecords => "wrong records",
            Self::StuckRuns => "stuck runs",
            Self::LeakedProcesses => "leaked processes",
            Self::ProfilesLeft => "profile folders left",
            Self::Zombies => "zombies at rest",
            Self::SecretsFound => "secrets in logs or Redis",
        }
    }
}

/// How many breaches of a kind are told one by one.
const SHOWN: usize = 8;

/// What didn't hold.
#[derive(Clone, Debug, Default)]
pub struct Findings(BTreeMap<Invariant, Vec<String>>);

impl Findings {
    /// Adds a breach.
    pub fn add(&mut self, invariant: Invariant, sentence: impl Into<String>) {
        self.0.entry(invariant).or_default().push(sentence.into());
    }

    /// Adds others'.
    pub fn extend(&mut self, others: Self) {
        for (invariant, sentences) in others.0 {
            self.0.entry(invariant).or_default().extend(sentences);
        }
    }

    /// The sentences about one of them.
    #[must_use]
    pub fn of(&self, invariant: Invariant) -> &[String] {
        self.0.get(&invariant).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether all of them held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, a line for each breach; of many of a kind the first ones.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (invariant, sentences) in &self.0 {
            for sentence in sentences.iter().take(SHOWN) {
                text.push_str(&format!("{}: {sentence}\n", invariant.name()));
            }
            if let Some(more @ 1..) = sentences.len().checked_sub(SHOWN) {
                text.push_str(&format!("{}: … and {more} more\n", invariant.name()));
            }
        }
        text
    }
}
