//! CAMT.053, ISO 20022's bank to customer statement, in XML of any version and namespace.
//!
//! ```text
//! BkToCstmrStmt
//!   Stmt                  Id  FrToDt  Acct
//!     Bal                 OPBD or PRCD, CLBD, others
//!     TxsSummry           numbers and sums
//!     Ntry                a row
//!       NtryDtls/TxDtls   what it was for; several for a batch, which is one row all the same
//! ```
//!
//! An entry is what moves the balance and what the bank's page shows as a row, so a batch is one row, whether or not the
//! amounts of its details come to its own.
//!
//! A document type is refused before anything is read, so there are no entities but XML's own.
//!
//! Not here: CAMT.052 and CAMT.054, which are no statements of booked days.

mod entry;
mod stated;
mod tag;

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::decode::line_of;
use crate::format::Format;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::Statement;
use stated::Stated;
use tag::Tag;

pub(crate) fn read(text: &str, meter: &mut Meter) -> Result<Vec<Statement>, StatementError> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut walk = Walk::default();
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event();
        let told = match event {
            Ok(Event::Eof) => break,
            Ok(event) => walk.take(event, meter),
            Err(error) => Err(refusal(&error)),
        };
        told.map_err(|refusal| {
            let error = refusal.at(line_of(text, usize::try_from(at).unwrap_or(usize::MAX)));
            let ordinal = u64::try_from(walk.statements.len()).unwrap_or(u64::MAX).saturating_add(1);
            if walk.open.is_some() { error.in_statement(ordinal) } else { error }
        })?;
    }
    if !walk.path.is_empty() {
        return Err(Refusal::Truncated { before: "the end of its elements" }.into());
    }
    if walk.statements.is_empty() {
        return Err(Refusal::Missing { field: "the element Stmt" }.into());
    }
    Ok(walk.statements)
}

/// Where in the document the reader is, and what it has.
#[derive(Default)]
struct Walk<'a> {
    path: Vec<Tag>,
    /// How long the path is at the statement.
    base: usize,
    open: Option<Stated>,
    text: Cow<'a, str>,
    currency: String,
    is_leaf: bool,
    is_over: bool,
    statements: Vec<Statement>,
}

impl<'a> Walk<'a> {
    fn take(&mut self, event: Event<'a>, meter: &mut Meter) -> Result<(), Refusal> {
        match event {
            Event::Start(start) => self.begin(&start, meter),
            Event::End(_) => self.end(meter),
            Event::Text(text) => self.add(text.xml10_content(), meter),
            Event::CData(text) => self.add(text.xml10_content(), meter),
            Event::GeneralRef(reference) => {
                let char = match reference.resolve_char_ref() {
                    Ok(Some(char)) => char,
                    Ok(None) => own_entity(&reference)?,
                    Err(_) => return Err(Refusal::Entity),
                };
                if char == '\0' {
                    return Err(Refusal::Nul);
                }
                self.add(Cow::Owned(char.to_string()), meter)
            }
            Event::DocType(_) => Err(Refusal::DocumentType),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, start: &BytesStart<'_>, meter: &mut Meter) -> Result<(), Refusal> {
        if self.is_over {
            return Err(malformed("the document has more than one root"));
        }
        let tag = Tag::of(start.local_name().as_ref());
        self.path.push(tag);
        meter.depth(self.path.len())?;
        self.is_leaf = true;
        self.text = Cow::Borrowed("");
        self.currency.clear();
        match tag {
            Tag::Amt | Tag::TtlNetNtryAmt => {
                meter.text(start.len())?;
                // Duplicates are looked for at a cost that grows with the square of their number.
                let mut attributes = start.attributes();
                let found = attributes.with_checks(false).flatten().find(|attribute| attribute.key.as_ref() == "Ccy");
                if let Some(attribute) = found {
                    self.currency.push_str(&attribute.value);
                }
            }
            Tag::BkToCstmrAcctRpt => return Err(Refusal::Unsupported { what: "an account report (CAMT.052)" }),
            Tag::BkToCstmrDbtCdtNtfctn => return Err(Refusal::Unsupported { what: "a notification (CAMT.054)" }),
            Tag::Stmt if self.open.is_none() => {
                if !self.path.contains(&Tag::BkToCstmrStmt) {
                    return Err(malformed("a statement stands outside of BkToCstmrStmt"));
                }
                meter.statement()?;
                self.base = self.path.len();
                self.open = Some(Stated::default());
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, meter: &mut Meter) -> Result<(), Refusal> {
        // Ends without beginnings are refused by the reader below.
        if let Some(stated) = &mut self.open {
            let inside = self.path.get(self.base..).unwrap_or_default();
            if inside.is_empty() {
                let stated = std::mem::take(stated);
                self.statements.push(stated.closed()?);
                self.open = None;
            } else {
                if self.is_leaf {
                    stated.value(inside, self.text.trim(), &self.currency, meter)?;
                }
                stated.end(inside, meter)?;
            }
        }
        self.path.pop();
        self.is_leaf = false;
        self.is_over = self.path.is_empty();
        Ok(())
    }

    fn add(&mut self, text: Cow<'a, str>, meter: &Meter) -> Result<(), Refusal> {
        if self.path.is_empty() {
            let is_blank = text.trim().is_empty();
            return if is_blank { Ok(()) } else { Err(malformed("a text stands outside of the document")) };
        }
        if !self.is_leaf {
            return Ok(());
        }
        meter.text(self.text.len() + text.len())?;
        if self.text.is_empty() {
            self.text = text;
        } else {
            self.text.to_mut().push_str(&text);
        }
        Ok(())
    }
}

fn own_entity(name: &str) -> Result<char, Refusal> {
    match name {
        "amp" => Ok('&'),
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(Refusal::Entity),
    }
}

fn refusal(error: &quick_xml::Error) -> Refusal {
    use quick_xml::Error;
    use quick_xml::errors::{IllFormedError, SyntaxError};
    match error {
        Error::Syntax(SyntaxError::UnclosedDoctype) => Refusal::DocumentType,
        Error::Syntax(_) | Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
            Refusal::Truncated { before: "the end of its elements" }
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_)) => {
            malformed("an element ends that hasn't begun, or before one that it holds")
        }
        _ => malformed("it isn't well-formed XML"),
    }
}

fn malformed(what: &'static str) -> Refusal {
    Refusal::Malformed { format: Format::Camt053, what }
}
