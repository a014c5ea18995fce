//! A page's table into records: Bursar's script for its simulated portal, beside woob and
//! beside a loop over lxml that was written for this one page.
//!
//! Not here: browsers; the page is in memory.

use domain::transaction::ObservedTransaction;
use script::{Script, read_transactions};
use tokio::time::Instant;

use super::bookings::{Booking, DAY, Texts, decimal, page, with_balances};
use super::{hold_against, median};
use crate::Failure;
use crate::progress::Progress;
use crate::python::Environment;
use ::tests::rows::Row;

const SCRIPT: &str = include_str!("../../../scripts/harbour/script.yaml");

/// Each peer with its program, and how many times as fast Bursar has to be.
const PEERS: [(&str, &str, Option<f64>); 2] =
    [("woob 3.7", "table_woob.py", Some(100.0)), ("lxml 6.1, by hand", "table_lxml.py", None)];

pub(crate) async fn measure(
    bookings: &[Booking],
    rounds: usize,
    peers: &Environment,
    progress: &Progress,
    rows: &mut Vec<Row>,
) -> Result<(), Failure> {
    let script = Script::parse(SCRIPT).map_err(|faults| faults.render("scripts/harbour/script.yaml"))?;
    let (html, folder) = (page(bookings), tempfile::tempdir()?);
    let file = folder.path().join("page.html");
    std::fs::write(&file, &html)?;
    let truth = truth(bookings);
    let (mut ours, mut theirs) = (Vec::new(), vec![Vec::new(); PEERS.len()]);
    for round in 0..rounds {
        progress.say(format!("page: round {} of {rounds}", round + 1));
        let read = || read_transactions(&script, &html, DAY).map_err(|failure| format!("the page: {failure:?}"));
        // As its peers do: once before it counts.
        read()?;
        let start = Instant::now();
        let read = read()?;
        ours.push(start.elapsed().as_secs_f64());
        hold_against(&truth, &read.iter().map(texts).collect::<Vec<_>>(), "Bursar")?;
        for ((peer, program, _), seconds) in PEERS.iter().zip(&mut theirs) {
            let timed = peers.time(program, &file).await?;
            hold_against(&truth, &timed.rows, peer)?;
            seconds.push(timed.seconds);
        }
    }
    let rate = |seconds| bookings.len() as f64 / median(seconds);
    let ours = rate(ours);
    for ((peer, _, bar), seconds) in PEERS.iter().zip(theirs) {
        let row = Row::new(format!("a page's table of {} rows", bookings.len()), ours, "rows/s");
        let row = row.beside(*peer, rate(seconds));
        rows.push(bar.map_or_else(|| row.clone(), |bar| row.clone().ratio_at_least(bar)));
    }
    Ok(())
}

/// What every reader has to say.
fn truth(bookings: &[Booking]) -> Vec<Texts> {
    let texts = |(one, balance): (&Booking, i64)| {
        vec![one.day.to_string(), decimal(one.cents), one.reference.clone(), one.words.clone(), decimal(balance)]
    };
    with_balances(bookings).into_iter().map(texts).collect()
}

fn texts(row: &ObservedTransaction) -> Texts {
    let day = row.posted_date.map(|day| day.to_string()).unwrap_or_default();
    let (reference, balance) = (row.bank_reference.clone(), row.running_balance.clone());
    vec![day, row.amount.clone(), reference.unwrap_or_default(), row.description.clone(), balance.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use script::{Script, read_transactions};

    use super::super::bookings::{DAY, bookings, page};
    use super::{SCRIPT, texts, truth};

    #[test]
    fn the_page_says_what_its_bookings_are() {
        let bookings = bookings(100, 1);
        let script = Script::parse(SCRIPT).expect("a script");
        let read = read_transactions(&script, &page(&bookings), DAY).expect("records");
        assert_eq!(read.iter().map(texts).collect::<Vec<_>>(), truth(&bookings));
    }
}
