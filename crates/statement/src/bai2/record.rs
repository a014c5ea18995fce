//! The records of BAI2: a type, fields between commas, and continuations that go on where a record broke off.
//!
//! Not here: what a field means.

use crate::format::Format;
use crate::lines::{Line, Lines};
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};

/// One record with its continuations.
pub(super) struct Record<'a> {
    pub(super) line: u64,
    pub(super) kind: &'a str,
    /// How many lines it has; the format counts each as a record.
    pub(super) lines: u64,
    /// The fields of each line, commas between them, without the stroke at the end.
    parts: Vec<&'a str>,
}

/// The records of a file.
pub(super) struct Records<'a> {
    lines: Lines<'a>,
    ahead: Option<Line<'a>>,
}

/// What is left of a record's fields.
pub(super) struct Values<'a, 'record> {
    parts: std::slice::Iter<'record, &'a str>,
    rest: Option<&'a str>,
}

impl<'a> Records<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { lines: Lines::of(text), ahead: None }
    }

    pub(super) fn next(&mut self, meter: &Meter) -> Result<Option<Record<'a>>, StatementError> {
        let Some(line) = self.ahead.take().map_or_else(|| self.lines.next(meter), |line| Ok(Some(line)))? else {
            return Ok(None);
        };
        let (kind, first) = split(&line)?;
        if kind == "88" {
            return Err(malformed("a continuation continues nothing").at(line.number));
        }
        let mut record = Record { line: line.number, kind, lines: 1, parts: vec![first] };
        let mut length = first.len();
        while let Some(line) = self.lines.next(meter)? {
            let (kind, more) = split(&line)?;
            if kind != "88" {
                self.ahead = Some(line);
                break;
            }
            // A blank continuation is kept, too.
            length += more.len() + 1;
            meter.text(length).map_err(|refusal| refusal.at(line.number))?;
            record.lines += 1;
            record.parts.push(more);
        }
        Ok(Some(record))
    }
}

impl<'a> Record<'a> {
    pub(super) fn values(&self) -> Values<'a, '_> {
        let mut parts = self.parts.iter();
        let rest = parts.next().copied();
        Values { parts, rest }
    }
}

impl<'a> Values<'a, '_> {
    /// The next field, blank where it isn't filled; none where the record has ended.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        let (value, rest) = match rest.split_once(',') {
            Some((value, rest)) => (value, Some(rest)),
            None => (rest, self.parts.next().copied()),
        };
        self.rest = rest;
        Some(value.trim())
    }

    /// The next field, blank also where the record has ended.
    pub(super) fn next_or_blank(&mut self) -> &'a str {
        self.next().unwrap_or_default()
    }

    /// All that is left, as a text whose commas mean nothing.
    pub(super) fn text(self) -> String {
        let mut text = self.rest.unwrap_or_default().to_owned();
        for part in self.parts {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(part);
        }
        text
    }
}

pub(super) fn malformed(what: &'static str) -> Refusal {
    Refusal::Malformed { format: Format::Bai2, what }
}

/// The type of a line, and its fields.
fn split<'a>(line: &Line<'a>) -> Result<(&'a str, &'a str), StatementError> {
    let text = line.text.strip_suffix('/').unwrap_or(line.text);
    let (kind, fields) = text.split_once(',').unwrap_or((text, ""));
    let kind = kind.trim_start();
    if kind.len() == 2 && kind.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok((kind, fields))
    } else {
        Err(malformed("a line begins with no record type").at(line.number))
    }
}
