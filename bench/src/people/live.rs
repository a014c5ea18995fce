//! Live views: from the opening of the socket to the first picture, and from a click to the picture that shows it.
//!
//! Not here: the peer (`peer`).

use fixtures::faults::Faults;
use serde_json::json;
use tests::person::{Browser, Sight};

use super::{PASSWORD, add_operator, page_of, peer, plan, sign_in};
use crate::Failure;
use crate::load::Latencies;
use crate::progress::Progress;
use ::tests::rows::Row;

/// How long the first picture may take, and a click's at the 95th percentile, in milliseconds.
const FIRST: f64 = 150.0;
const CLICK: f64 = 100.0;

/// Where the survey's choices are, in parts of the page's sides: each click marks another one.
const CHOICES: [(f64, f64); 2] = [(0.43, 0.47), (0.57, 0.47)];

pub(super) async fn measure(rounds: usize, progress: &Progress, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let fleet = plan().with("challenge.unknown_pages", "always").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_operator(&fleet, "ada").await?;
    fleet.portal.set_faults(Faults { survey: true, ..Faults::default() });
    let user = fleet.portal.users().next().cloned().ok_or("the portal has no user")?;
    let id = sign_in(&integrator, &user).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    integrator.answer(&id, &challenge, &code).await?;
    integrator.open_challenge(&id, challenge["id"].as_str()).await?;
    let path = page_of(&fleet, &id).await?;
    let said = |error: tests::person::Trouble| error.to_string();
    let browser = Browser::start(fleet.address()).await.map_err(said)?;
    let ada = browser.person("ada", Sight::default()).await.map_err(said)?;
    ada.signs_in("ada", PASSWORD).await.map_err(said)?;
    progress.say("live views that open");
    let mut firsts = Vec::new();
    for _ in 0..rounds {
        let first = ada.does("first", json!({ "path": format!("{path}/live") })).await.map_err(said)?;
        firsts.push(first["ms"].as_f64().ok_or("nothing was measured")?);
    }
    progress.say("clicks at the wheel");
    ada.clicks("#take").await.map_err(said)?;
    ada.sees("#stands", "You hold the wheel").await.map_err(said)?;
    let mut clicks = Vec::new();
    for number in 0..rounds {
        let (x, y) = CHOICES[number % CHOICES.len()];
        let click = match ada.does("timed", json!({ "canvas": "#screen", "x": x, "y": y })).await {
            Ok(click) => click,
            Err(error) => {
                // What its page says of it is the better half of the error.
                let stands = ada.does("see", json!({ "on": "#stands" })).await.map_err(said)?;
                let lost = ada.does("see", json!({ "on": "#lost" })).await.map_err(said)?;
                return Err(format!("click {number}: {error}; the page says {stands} and {lost}").into());
            }
        };
        clicks.push(click["ms"].as_f64().ok_or("nothing was measured")?);
    }
    let (firsts, clicks) = (Latencies::new(firsts), Latencies::new(clicks));
    drop(fleet);
    progress.say("the same by puppeteer");
    let peer = peer::measure(rounds).await?;
    for (what, own, theirs, bar) in
        [("first picture", &firsts, &peer.firsts, FIRST), ("click to picture", &clicks, &peer.clicks, CLICK)]
    {
        for percentile in [50, 95] {
            let row = Row::new(format!("live view: {what}, p{percentile}"), own.percentile(percentile), "ms");
            let row = row.beside("puppeteer-core", theirs.percentile(percentile));
            rows.push(row.at_most(bar));
        }
    }
    Ok(())
}
