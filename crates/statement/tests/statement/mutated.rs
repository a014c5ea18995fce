//! Nothing that is fed to a reader makes it panic, and what it accepts holds by its own controls.
//!
//! Not here: which refusal it is.

use domain::transaction::TransactionStatus;
use proptest::prelude::{Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use rust_decimal::Decimal;
use statement::{BalanceKind, Format, How, Statement, joined, read};

use crate::csv::plain;

const SAMPLES: [&[u8]; 7] = [
    include_bytes!("../samples/day.camt.xml"),
    include_bytes!("../samples/old.camt.xml"),
    include_bytes!("../samples/day.bai"),
    include_bytes!("../samples/month.mt940"),
    include_bytes!("../samples/days.mt940"),
    include_bytes!("../samples/card.ofx"),
    include_bytes!("../samples/two.ofx"),
];

/// A change of a file.
#[derive(Clone, Debug)]
enum Change {
    Flip { at: usize, byte: u8 },
    Cut { at: usize },
    Remove { at: usize, length: usize },
    Repeat { at: usize, length: usize },
    Insert { at: usize, bytes: Vec<u8> },
}

fn change() -> impl Strategy<Value = Change> {
    let at = || 0usize..8000;
    let pieces = prop::sample::select(vec![
        "<", ">", "&", "/", ",", "\n", ":61:", "88,", "<Ntry>", "</Ntry>", "\u{feff}", "]]>", "<!", "é", "0", "-",
        "{4:", "\0",
    ]);
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Flip { at, byte }),
        at().prop_map(|at| Change::Cut { at }),
        (at(), 1usize..200).prop_map(|(at, length)| Change::Remove { at, length }),
        (at(), 1usize..400).prop_map(|(at, length)| Change::Repeat { at, length }),
        (at(), pieces).prop_map(|(at, piece)| Change::Insert { at, bytes: piece.as_bytes().to_vec() }),
    ]
}

fn changed(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let within = |at: usize| at % (bytes.len() + 1);
    match change {
        Change::Flip { at, byte } => {
            let at = within(*at);
            if let Some(place) = bytes.get_mut(at) {
                *place = *byte;
            }
        }
        Change::Cut { at } => bytes.truncate(within(*at)),
        Change::Remove { at, length } => {
            let at = within(*at);
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        Change::Repeat { at, length } => {
            let at = within(*at);
            let end = (at + length).min(bytes.len());
            let piece = bytes[at..end].to_vec();
            bytes.splice(at..at, piece);
        }
        Change::Insert { at, bytes: piece } => {
            let at = within(*at);
            bytes.splice(at..at, piece.iter().copied());
        }
    }
    bytes
}

fn number(text: &str) -> Decimal {
    text.parse().expect("an amount")
}

/// Holds what a statement with both balances promises.
fn hold(statement: &Statement) {
    let (Some(opening), Some(closing)) = (&statement.opening, &statement.closing) else { return };
    if statement.format == Format::Bai2
        && (statement.closing_kind != BalanceKind::Closing || statement.transactions.is_empty())
    {
        return;
    }
    let booked = statement.transactions.iter().filter(|row| row.status == TransactionStatus::Posted);
    let net: Decimal = booked.map(|row| number(&row.amount)).sum();
    assert_eq!(number(&opening.ledger_balance) + net, number(&closing.ledger_balance));
}

proptest! {
    #[test]
    fn arbitrary_bytes_panic_no_reader(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        for format in [Format::Camt053, Format::Bai2, Format::Mt940, Format::Ofx] {
            drop(read(&bytes, &How::format(format)));
        }
        drop(read(&bytes, &How::csv(plain("USD"))));
        drop(read(&bytes, &How::detect()));
        drop(read(&[b"PK\x03\x04", bytes.as_slice()].concat(), &How::detect()));
    }

    #[test]
    fn changed_samples_panic_no_reader_and_what_is_accepted_holds(
        sample in 0..SAMPLES.len(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = SAMPLES[sample].to_vec();
        for change in &changes {
            bytes = changed(bytes, change);
        }
        for how in [How::detect(), How::format(Format::Mt940), How::csv(plain("EUR"))] {
            let Ok(statements) = read(&bytes, &how) else { continue };
            for statement in &statements {
                hold(statement);
                for row in &statement.transactions {
                    prop_assert_eq!(number(&row.amount).to_string(), row.amount.clone());
                    prop_assert_eq!(row.posted_date.is_some(), row.status == TransactionStatus::Posted);
                }
            }
            drop(joined(statements));
        }
    }
}
