//! A file that a portal is asked for: what is done for it, what comes of it, and what there is to
//! tell of it.
//!
//! Not here: reading it. A file's name is the portal's choice and is never used.

use std::fmt;

use super::Deed;

/// The longest file that is taken, in bytes.
pub const FILE_AT_MOST: usize = 8 * 1024 * 1024;

/// What is done so that a file comes.
#[derive(Clone, Debug)]
pub struct Download {
    /// On the page that shows, which stays as it is when a file comes.
    pub deed: Deed,
    /// How long the file may take to begin, in milliseconds.
    pub patience_ms: u64,
}

/// The bytes of a file. They may hold account numbers and amounts, so they are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct FileBytes(pub Vec<u8>);

impl fmt::Debug for FileBytes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "FileBytes({} bytes)", self.0.len())
    }
}

/// Why no file came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFile {
    /// Nothing began to come in time.
    None,
    /// A page came in its place.
    Page,
    /// It has more than [`FILE_AT_MOST`] bytes.
    TooLarge,
    /// It began to come and didn't end, or was refused on its way.
    BrokenOff,
    /// This driver can't take files here.
    NotOffered,
}

impl NoFile {
    /// In words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "no file came in time",
            Self::Page => "a page came in place of a file",
            Self::TooLarge => "the file has more than 8 MiB",
            Self::BrokenOff => "the file didn't come to its end",
            Self::NotOffered => "the driver can't take files here",
        }
    }
}

/// What there is to tell of a file of an account, whose place in the list counts from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was read.
    File {
        /// Whose.
        account: usize,
        /// The word for its format.
        format: &'static str,
        /// How long it is.
        bytes: usize,
        /// How many rows it holds.
        rows: usize,
    },
    /// It wasn't, and the table is read in its place.
    NoFile {
        /// Whose.
        account: usize,
        /// Why, without anything that stands in it.
        why: String,
    },
    /// File and table, of the days that both have, don't hold the same.
    Differs {
        /// Whose.
        account: usize,
        /// How many rows only the file has.
        file: usize,
        /// How many rows only the table has.
        table: usize,
    },
}
