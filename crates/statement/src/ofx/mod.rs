//! OFX: bank and card statements of 1.x (SGML) and 2.x (XML), and QFX, which is the same with a line of its own.
//!
//! ```text
//! OFX
//!   BANKMSGSRSV1 or CREDITCARDMSGSRSV1
//!     STMTTRNRS or CCSTMTTRNRS
//!       STMTRS or CCSTMTRS          CURDEF
//!         BANKACCTFROM, CCACCTFROM  whose it is
//!         BANKTRANLIST              DTSTART DTEND { STMTTRN }
//!         LEDGERBAL AVAILBAL        BALAMT DTASOF
//! ```
//!
//! The format has no controls. A ledger balance holds at a time of its day, not at the day's end.
//!
//! Not here: investment and loan statements, and what a client would ask a server.

mod markup;
mod reader;

use domain::money::Currency;

use crate::decode::line_of;
use crate::meter::Meter;
use crate::refusal::{Refusal, StatementError};
use crate::statement::Statement;
use markup::{Markup, Piece, malformed};
use reader::{Aggregate, Reader};

pub(crate) fn read(
    text: &str,
    fallback: Option<&Currency>,
    meter: &mut Meter,
) -> Result<Vec<Statement>, StatementError> {
    let mut at = 0;
    read_pieces(text, fallback, meter, &mut at).map_err(|refusal| refusal.at(line_of(text, at)))
}

/// Reads on; the place is where the piece begins that is being read.
fn read_pieces(
    text: &str,
    fallback: Option<&Currency>,
    meter: &mut Meter,
    at: &mut usize,
) -> Result<Vec<Statement>, Refusal> {
    let mut markup = Markup::of(text)?;
    let mut reader = Reader::new(fallback);
    // An element without a value has others in it, or is a value that is blank and lacks its end.
    let mut open: Vec<(&str, Aggregate)> = Vec::new();
    let mut last_value = "";
    let mut is_over = false;
    loop {
        *at = markup.at();
        let piece = markup.next(meter).inspect_err(|_| *at = markup.at());
        let Some(piece) = piece? else { break };
        match piece {
            Piece::Begin { name, value, is_whole } => {
                let aggregate = Aggregate::of(name);
                if is_over || (open.is_empty() && aggregate != Aggregate::Ofx) {
                    return Err(malformed("an element stands outside of OFX"));
                }
                if !value.is_empty() || is_whole || reader::is_value(name) {
                    let inside = open.iter().rev().map(|(_, aggregate)| *aggregate);
                    let inside = inside.clone().find(|aggregate| *aggregate != Aggregate::Other);
                    reader.value(inside.unwrap_or(Aggregate::Other), name, &value)?;
                    last_value = name;
                } else {
                    open.push((name, aggregate));
                    meter.depth(open.len())?;
                    reader.begin(aggregate, meter)?;
                    last_value = "";
                }
            }
            Piece::End { name } => {
                if last_value == name {
                    last_value = "";
                    continue;
                }
                let opened = open.iter().rposition(|(opened, _)| *opened == name);
                let opened = opened.ok_or(malformed("an element ends that hasn't begun"))?;
                let mut within = open.iter().skip(opened + 1);
                if !within.all(|(_, aggregate)| *aggregate == Aggregate::Other) {
                    return Err(malformed("an element ends before one that it holds"));
                }
                let aggregate = open.get(opened).map_or(Aggregate::Other, |(_, aggregate)| *aggregate);
                open.truncate(opened);
                reader.end(aggregate, meter)?;
                last_value = "";
                is_over = open.is_empty();
            }
        }
    }
    if !is_over {
        return Err(Refusal::Truncated { before: "the end of OFX" });
    }
    reader.finish()
}
