//! What a file may cost: counts that only grow, held against the bounds.
//!
//! Not here: the bounds' sizes (`how.rs`).

use std::fmt;

use crate::how::Bounds;
use crate::refusal::Refusal;

/// A bound on what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The file itself.
    Bytes,
    /// The files of an archive together, unpacked.
    UnpackedBytes,
    /// Files in an archive.
    Files,
    /// Statements.
    Statements,
    /// Transactions and balances.
    Rows,
    /// Bytes of a line.
    LineLength,
    /// Bytes of a text.
    TextLength,
    /// Elements within each other.
    Depth,
    /// Cells of a row.
    Cells,
}

/// What was read so far, of all files of an archive.
pub(crate) struct Meter {
    bounds: Bounds,
    unpacked: u64,
    files: u64,
    statements: u64,
    rows: u64,
}

impl Meter {
    pub(crate) fn new(bounds: &Bounds) -> Self {
        Self { bounds: *bounds, unpacked: 0, files: 0, statements: 0, rows: 0 }
    }

    pub(crate) fn file(&self, bytes: usize) -> Result<(), Refusal> {
        within(Bound::Bytes, size(bytes), self.bounds.bytes)
    }

    /// Counts a file of an archive; the result is its number.
    pub(crate) fn packed_file(&mut self) -> Result<u64, Refusal> {
        count(Bound::Files, &mut self.files, 1, self.bounds.files)?;
        Ok(self.files)
    }

    /// How much may still be unpacked.
    pub(crate) fn left_to_unpack(&self) -> u64 {
        self.bounds.unpacked_bytes.saturating_sub(self.unpacked)
    }

    /// Holds what an archive says of a file's size before it is unpacked.
    pub(crate) fn will_unpack(&self, bytes: u64) -> Result<(), Refusal> {
        within(Bound::Bytes, bytes, self.bounds.bytes)?;
        within(Bound::UnpackedBytes, self.unpacked.saturating_add(bytes), self.bounds.unpacked_bytes)
    }

    pub(crate) fn unpacked(&mut self, bytes: u64) -> Result<(), Refusal> {
        count(Bound::UnpackedBytes, &mut self.unpacked, bytes, self.bounds.unpacked_bytes)
    }

    pub(crate) fn statement(&mut self) -> Result<(), Refusal> {
        count(Bound::Statements, &mut self.statements, 1, self.bounds.statements)
    }

    /// Counts a transaction or a balance.
    pub(crate) fn row(&mut self) -> Result<(), Refusal> {
        count(Bound::Rows, &mut self.rows, 1, self.bounds.rows)
    }

    pub(crate) fn line(&self, bytes: usize) -> Result<(), Refusal> {
        within(Bound::LineLength, size(bytes), self.bounds.line_length)
    }

    pub(crate) fn text(&self, bytes: usize) -> Result<(), Refusal> {
        within(Bound::TextLength, size(bytes), self.bounds.text_length)
    }

    pub(crate) fn depth(&self, elements: usize) -> Result<(), Refusal> {
        within(Bound::Depth, size(elements), self.bounds.depth)
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Bytes => "bytes",
            Self::UnpackedBytes => "unpacked bytes",
            Self::Files => "files in an archive",
            Self::Statements => "statements",
            Self::Rows => "transactions and balances",
            Self::LineLength => "bytes in a line",
            Self::TextLength => "bytes in a text",
            Self::Depth => "elements within each other",
            Self::Cells => "cells in a row",
        })
    }
}

fn within(bound: Bound, found: u64, allowed: u64) -> Result<(), Refusal> {
    if found > allowed { Err(Refusal::TooMuch { bound, allowed }) } else { Ok(()) }
}

fn count(bound: Bound, so_far: &mut u64, more: u64, allowed: u64) -> Result<(), Refusal> {
    *so_far = so_far.saturating_add(more);
    within(bound, *so_far, allowed)
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
