//! Many rows for one statement, column by column.
//!
//! A place for each value is slow on PostgreSQL, which reads a statement anew each time, and
//! would read tens of thousands of places; SQLite has no arrays. So each database says for
//! itself how rows are handed over (`push_rows` in `sqlite.rs` and `postgres.rs`).
//!
//! Not here: which rows, and which columns.

use uuid::Uuid;

/// The values of one column, a value for each row.
pub(crate) enum Column {
    /// Ids.
    Id(Vec<Option<Uuid>>),
    /// Texts.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Number(Vec<Option<i64>>),
}

impl Column {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Id(ids) => ids.len(),
            Self::Text(texts) => texts.len(),
            Self::Number(numbers) => numbers.len(),
        }
    }

    /// Ids, as `value` gives them.
    pub(crate) fn ids<T>(rows: &[T], value: impl Fn(&T) -> Option<Uuid>) -> Self {
        Self::Id(rows.iter().map(value).collect())
    }

    /// Texts, as `value` gives them.
    pub(crate) fn texts<T>(rows: &[T], value: impl Fn(&T) -> Option<String>) -> Self {
        Self::Text(rows.iter().map(value).collect())
    }

    /// Words and other texts that are there in each row.
    pub(crate) fn words<'t, T: 't>(rows: &'t [T], value: impl Fn(&'t T) -> &'t str) -> Self {
        Self::Text(rows.iter().map(|row| Some(value(row).to_owned())).collect())
    }

    /// Numbers, as `value` gives them.
    pub(crate) fn numbers<T>(rows: &[T], value: impl Fn(&T) -> Option<i64>) -> Self {
        Self::Number(rows.iter().map(value).collect())
    }
}
