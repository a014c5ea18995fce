//! The fields of MT940 messages: tag, first line, and the lines behind it, as slices.
//!
//! Blocks `{1:…}` and `{4:` and a dash at the end are left out, as are lines before the first field. A line that begins with a
//! tag in colons is a field; any other belongs to the field before it.
//!
//! Not here: what a field says.

use domain::money::Currency;

use crate::format::Format;
use crate::lines::{Line, Lines};
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};

/// Tags that a customer statement can have.
pub(super) const KNOWN: &[&str] = &[
    "13", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F", "62M", "64", "65", "86",
    "90C", "90D", "NS",
];

/// One field.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) line: u64,
    pub(super) tag: &'a str,
    /// What stands in the tag's line.
    pub(super) value: &'a str,
    /// What stands in the lines behind it, as they are in the file.
    pub(super) more: &'a str,
}

/// The fields of a file.
pub(super) struct Fields<'a> {
    text: &'a str,
    lines: Lines<'a>,
    ahead: Option<Line<'a>>,
    begun: bool,
    /// Whether a block began that has to end.
    in_block: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, lines: Lines::of(text), ahead: None, begun: false, in_block: false }
    }

    pub(super) fn next(&mut self, meter: &Meter) -> Result<Option<Field<'a>>, StatementError> {
        let (line, tag, value) = loop {
            let ahead = self.ahead.take();
            let Some(line) = ahead.map_or_else(|| self.lines.next(meter), |line| Ok(Some(line)))? else {
                let end = Refusal::Truncated { before: "the end of a block" };
                return if self.in_block { Err(end.into()) } else { Ok(None) };
            };
            if line.text.starts_with(['{', '-']) {
                self.in_block = line.text.contains("{4:") || (self.in_block && !line.text.starts_with("-}"));
            }
            if let Some((tag, value)) = field(line.text) {
                break (line, tag, value);
            }
            if is_frame(line.text) {
                // Before the next message a bank may name itself.
                self.begun = false;
            } else if self.begun {
                let what = "a line belongs to no field";
                return Err(Refusal::Malformed { format: Format::Mt940, what }.at(line.number));
            }
        };
        self.begun = true;
        let (mut start, mut end) = (None, 0);
        while let Some(next) = self.lines.next(meter)? {
            if field(next.text).is_some() || is_frame(next.text) {
                self.ahead = Some(next);
                break;
            }
            start.get_or_insert(next.at);
            end = next.at + next.text.len();
            meter.text(end - start.unwrap_or(end)).map_err(|refusal| refusal.at(next.number))?;
        }
        let more = start.and_then(|start| self.text.get(start..end)).unwrap_or_default();
        Ok(Some(Field { line: line.number, tag, value, more }))
    }
}

/// Reads a code such as `EUR`.
pub(super) fn currency(code: &str) -> Result<Currency, Refusal> {
    let letters = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    let currency = Currency::parse(code).ok().filter(|_| letters);
    currency.ok_or(Refusal::NotACurrency { field: "a balance's currency" })
}

/// Splits `:61:value`, also behind the beginning of a block.
fn field(line: &str) -> Option<(&str, &str)> {
    let line = match line.rsplit_once("{4:") {
        Some((blocks, rest)) if blocks.is_empty() || blocks.starts_with('{') => rest,
        _ => line,
    };
    let (tag, value) = line.strip_prefix(':')?.split_once(':')?;
    let bytes = tag.as_bytes();
    let is_tag = match bytes {
        [b'N', b'S'] => true,
        [first, second] => first.is_ascii_digit() && second.is_ascii_digit(),
        [first, second, letter] => first.is_ascii_digit() && second.is_ascii_digit() && letter.is_ascii_uppercase(),
        _ => false,
    };
    // Free text can look like a tag; only those of the format end a field.
    (is_tag && KNOWN.contains(&tag)).then_some((tag, value))
}

/// What stands around messages and says nothing: the blocks and the dash at the end.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start_matches(['\u{1}', '\u{3}', ' ']);
    line.is_empty()
        || line == "-"
        || line == ":940:"
        || line.starts_with("-}")
        || line.starts_with('{')
        || line.starts_with("}{")
}
