//! The rows of a CSV file, cut into cells within a buffer that never grows.
//!
//! Quotes are those of RFC 4180; a quoted cell may hold delimiters and line ends. Blank lines are no rows.
//!
//! Not here: what a cell means.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::how::{Bounds, CsvColumns};
use crate::meter::Bound;
use crate::refusal::{Refusal, StatementError};

/// Cuts rows.
pub(super) struct Rows<'a> {
    reader: Reader,
    rest: &'a [u8],
    /// The line that the next row begins in.
    line: u64,
    skipped: u64,
    cells: Vec<u8>,
    ends: Vec<usize>,
    bounds: Bounds,
}

/// One row.
pub(super) struct Row<'rows> {
    /// The line that it begins in, or one of the blank ones before.
    pub(super) line: u64,
    cells: &'rows str,
    ends: &'rows [usize],
}

impl<'a> Rows<'a> {
    pub(super) fn of(text: &'a str, declared: &CsvColumns, bounds: &Bounds) -> Self {
        let mut rest = text.as_bytes();
        for _ in 0..declared.skipped_lines {
            let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
            rest = rest.get(end..).unwrap_or_default();
        }
        // No buffer has to be larger than the file.
        let sized = |bound: u64| usize::try_from(bound).unwrap_or(usize::MAX).min(text.len().saturating_add(1));
        Self {
            reader: ReaderBuilder::new().delimiter(declared.delimiter).build(),
            rest,
            line: 1,
            skipped: declared.skipped_lines,
            cells: vec![0; sized(bounds.line_length)],
            ends: vec![0; sized(bounds.cells)],
            bounds: *bounds,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>, StatementError> {
        let line = self.line + self.skipped;
        let (mut written, mut ended) = (0, 0);
        loop {
            let is_over = self.rest.is_empty();
            // A line end after the last row shows whether a quoted cell is still open.
            let input = if is_over { b"\n" } else { self.rest };
            let cells = self.cells.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(ended..).unwrap_or_default();
            let (result, read, wrote, found) = self.reader.read_record(input, cells, ends);
            if !is_over {
                self.rest = self.rest.get(read..).unwrap_or_default();
            }
            written += wrote;
            ended += found;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::OutputFull => {
                    let allowed = self.bounds.line_length;
                    return Err(Refusal::TooMuch { bound: Bound::LineLength, allowed }.at(line));
                }
                ReadRecordResult::OutputEndsFull => {
                    return Err(Refusal::TooMuch { bound: Bound::Cells, allowed: self.bounds.cells }.at(line));
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::InputEmpty if !is_over => {}
                ReadRecordResult::InputEmpty if written == 0 && ended == 0 => return Ok(None),
                ReadRecordResult::InputEmpty => {
                    return Err(Refusal::Truncated { before: "the end of a quoted cell" }.at(line));
                }
            }
        }
        self.line = self.reader.line();
        let cells = self.cells.get(..written).unwrap_or_default();
        // Cut at ASCII bytes, so still UTF-8.
        let cells = std::str::from_utf8(cells).map_err(|_| Refusal::Encoding { encoding: "UTF-8" }.at(line))?;
        Ok(Some(Row { line, cells, ends: self.ends.get(..ended).unwrap_or_default() }))
    }
}

impl Row<'_> {
    /// The text of a cell, blank if there is none.
    pub(super) fn cell(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.ends.get(index).and_then(|end| self.cells.get(start..*end)).unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }
}
