//! The lines of a text: slices of it with their numbers, none longer than the bound.
//!
//! Not here: what a line says.

use crate::meter::Meter;
use crate::refusal::StatementError;

/// One line without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Counted from one.
    pub(crate) number: u64,
    /// Where in the text it begins.
    pub(crate) at: usize,
    /// What stands there, without blanks at its end.
    pub(crate) text: &'a str,
}

/// The lines of a text, which end in `\n`, `\r\n` or `\r`.
pub(crate) struct Lines<'a> {
    rest: &'a str,
    at: usize,
    number: u64,
}

impl<'a> Lines<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text, at: 0, number: 0 }
    }

    /// The next line that isn't blank.
    pub(crate) fn next(&mut self, meter: &Meter) -> Result<Option<Line<'a>>, StatementError> {
        while !self.rest.is_empty() {
            self.number += 1;
            let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            let (line, rest) = self.rest.split_at(end);
            let rest = rest.strip_prefix("\r\n").or_else(|| rest.get(1..)).unwrap_or_default();
            let at = self.at;
            self.at += self.rest.len() - rest.len();
            self.rest = rest;
            meter.line(line.len()).map_err(|refusal| refusal.at(self.number))?;
            let text = line.trim_end();
            if !text.is_empty() {
                return Ok(Some(Line { number: self.number, at, text }));
            }
        }
        Ok(None)
    }
}
