//! Statement files into records: the same file read by Bursar and by its peers.
//!
//! Not here: CSV, for which every bank has columns of its own, and no peer reads them.

use std::path::Path;

use domain::transaction::ObservedTransaction;
use statement::{Format, How, Statement};
use tokio::process::Command;
use tokio::time::Instant;

use super::bookings::{self, Booking, DAY, Texts, truth};
use super::{hold_against, median};
use crate::Failure;
use crate::progress::Progress;
use crate::python::Environment;
use ::tests::rows::Row;

/// How many times as fast as its peers in Python Bursar has to be.
const TIMES: f64 = 20.0;

struct Case {
    name: &'static str,
    format: Format,
    write: fn(&[Booking]) -> String,
    peers: &'static [Peer],
}

struct Peer {
    name: &'static str,
    reader: Reader,
    bar: Option<f64>,
}

enum Reader {
    /// A program of `bench/peers/`.
    Python(&'static str),
    /// libofx's own, where it is there.
    Ofxdump,
}

const CASES: [Case; 4] = [
    Case {
        name: "OFX",
        format: Format::Ofx,
        write: bookings::ofx,
        peers: &[
            Peer { name: "ofxtools 1.1.1", reader: Reader::Python("ofx_ofxtools.py"), bar: Some(TIMES) },
            Peer { name: "libofx, ofxdump", reader: Reader::Ofxdump, bar: None },
        ],
    },
    Case {
        name: "MT940",
        format: Format::Mt940,
        write: bookings::mt940,
        peers: &[Peer { name: "mt-940 5.1.1", reader: Reader::Python("mt940_mt940.py"), bar: Some(TIMES) }],
    },
    Case {
        name: "CAMT.053",
        format: Format::Camt053,
        write: bookings::camt,
        peers: &[
            Peer { name: "sepa 0.5.4", reader: Reader::Python("camt_sepa.py"), bar: None },
            Peer { name: "lxml 6.1, by hand", reader: Reader::Python("camt_lxml.py"), bar: None },
        ],
    },
    Case {
        name: "BAI2",
        format: Format::Bai2,
        write: bookings::bai2,
        peers: &[Peer { name: "bai2 0.15.0", reader: Reader::Python("bai2_bai2.py"), bar: None }],
    },
];

pub(crate) async fn measure(
    bookings: &[Booking],
    rounds: usize,
    peers: &Environment,
    progress: &Progress,
    rows: &mut Vec<Row>,
) -> Result<(), Failure> {
    let folder = tempfile::tempdir()?;
    for case in &CASES {
        let file = folder.path().join(case.name);
        let (content, truth) = ((case.write)(bookings), case.truth(bookings));
        std::fs::write(&file, &content)?;
        let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); case.peers.len()]);
        for round in 0..rounds {
            progress.say(format!("{} file: round {} of {rounds}", case.name, round + 1));
            // As its peers do: once before it counts.
            statement::read(content.as_bytes(), &How::format(case.format))?;
            let start = Instant::now();
            let read = statement::read(content.as_bytes(), &How::format(case.format))?;
            ours.push(start.elapsed().as_secs_f64());
            hold_against(&truth, &texts(&read), "Bursar")?;
            for (peer, seconds) in case.peers.iter().zip(&mut theirs) {
                match peer.reader {
                    Reader::Python(program) => {
                        let timed = peers.time(program, &file).await?;
                        hold_against(&truth, &timed.rows, peer.name)?;
                        seconds.push(timed.seconds);
                    }
                    Reader::Ofxdump => seconds.extend(ofxdump(&file, bookings).await?),
                }
            }
        }
        let rate = |seconds| bookings.len() as f64 / median(seconds);
        let ours = rate(ours);
        for (peer, seconds) in case.peers.iter().zip(theirs) {
            let row = Row::new(format!("{} file of {} bookings", case.name, bookings.len()), ours, "rows/s");
            let row = match seconds.is_empty() {
                true => Row { peer: Some(format!("{} (isn't there: {INSTALL})", peer.name)), ..row },
                false => row.beside(peer.name, rate(seconds)),
            };
            rows.push(match peer.bar {
                Some(bar) => row.ratio_at_least(bar),
                None => row,
            });
        }
    }
    Ok(())
}

impl Case {
    /// What every reader has to say.
    fn truth(&self, bookings: &[Booking]) -> Vec<Texts> {
        let mut truth = truth(bookings);
        if self.format == Format::Bai2 {
            // Its rows have no day but that of their group.
            truth.iter_mut().for_each(|texts| texts[0] = DAY.to_string());
        }
        truth
    }
}

fn texts(statements: &[Statement]) -> Vec<Texts> {
    let texts = |row: &ObservedTransaction| {
        let day = row.posted_date.map(|day| day.to_string()).unwrap_or_default();
        vec![day, row.amount.clone(), row.bank_reference.clone().unwrap_or_default(), row.description.clone()]
    };
    statements.iter().flat_map(|statement| &statement.transactions).map(texts).collect()
}

/// What brings `ofxdump`.
const INSTALL: &str = "apt-get install -y --no-install-recommends ofx";

/// Has libofx read a file, if it is there; how long the whole program took, which starts in
/// no time and prints what it reads.
async fn ofxdump(file: &Path, bookings: &[Booking]) -> Result<Option<f64>, Failure> {
    let start = Instant::now();
    let output = match Command::new("ofxdump").arg(file).output().await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        output => output?,
    };
    let seconds = start.elapsed().as_secs_f64();
    let printed = String::from_utf8_lossy(&output.stdout);
    hold_against(&without_day(truth(bookings)), &said(&printed), "ofxdump")?;
    Ok(Some(seconds))
}

/// Amounts, references and words out of what `ofxdump` prints; it has the days in a form of its own.
fn said(printed: &str) -> Vec<Texts> {
    let labels = [
        "Total money amount: ",
        "Financial institution's ID for this transaction: ",
        "Extra transaction information (memo): ",
    ];
    let values = printed.lines().filter_map(|line| labels.iter().find_map(|label| line.trim().strip_prefix(label)));
    values.map(|value| value.trim().to_owned()).collect::<Vec<_>>().chunks(labels.len()).map(<[_]>::to_vec).collect()
}

fn without_day(truth: Vec<Texts>) -> Vec<Texts> {
    truth.into_iter().map(|texts| texts.into_iter().skip(1).collect()).collect()
}

#[cfg(test)]
mod tests {
    use statement::How;

    use super::{CASES, bookings, said, texts};

    #[test]
    fn every_file_says_what_its_bookings_are() {
        let bookings = bookings::bookings(100, 1);
        for case in &CASES {
            let read = statement::read((case.write)(&bookings).as_bytes(), &How::format(case.format));
            let read = read.expect(case.name);
            assert_eq!(texts(&read), case.truth(&bookings), "{}", case.name);
        }
    }

    #[test]
    fn what_ofxdump_prints_is_taken_apart() {
        let printed = "ofx_proc_transaction():\n    Date posted: Mon\n    Total money amount: -0.05\n\
                       \x20   Financial institution's ID for this transaction: R1\n\
                       \x20   Extra transaction information (memo): TAX  \n";
        assert_eq!(said(&printed.repeat(2)), [["-0.05", "R1", "TAX"], ["-0.05", "R1", "TAX"]]);
    }
}
