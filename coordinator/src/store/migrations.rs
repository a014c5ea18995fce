//! The store's tables, step by step; steps are only ever added, and only ever add.
//!
//! Not here: the steps themselves (`migrations/`), or when they are taken (`sql/steps`).

use std::sync::LazyLock;

use sqlx::migrate::{Migration, Migrator};

/// The steps for SQLite.
pub(super) static SQLITE: LazyLock<Migrator> = LazyLock::new(|| tolerant(sqlx::migrate!("migrations/sqlite")));
/// The steps for PostgreSQL.
pub(super) static POSTGRES: LazyLock<Migrator> = LazyLock::new(|| tolerant(sqlx::migrate!("migrations/postgres")));

/// What is done about tables that aren't up to date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// They are brought up to date.
    BroughtUpToDate,
    /// The store isn't opened.
    LeftAlone,
}

/// One step of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number, from 1.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// Whether the store has taken it.
    pub state: StepState,
}

impl Step {
    /// A step that wasn't taken.
    pub(super) fn pending(step: &Migration) -> Self {
        Self { number: step.version, name: step.description.to_string(), state: StepState::Pending }
    }
}

/// Whether a store has taken a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    /// It has.
    Applied,
    /// It hasn't.
    Pending,
    /// It has, and this program doesn't know the step.
    AppliedByNewer,
}

impl StepState {
    /// In a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::AppliedByNewer => "appliedByNewer",
        }
    }
}

/// Since steps only add, a store with further ones is as good as one without, unless its
/// `fleet.oldest_step` says otherwise.
fn tolerant(mut steps: Migrator) -> Migrator {
    steps.set_ignore_missing(true);
    steps
}
