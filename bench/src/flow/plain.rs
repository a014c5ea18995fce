//! What the same script costs where a portal needs no browser: its flow by the driver `http`
//! beside the same flow by `cdp`.
//!
//! Not here: that both read the same records; the zoo shows that.

use fixtures::kontor::Kontor;
use serde_json::json;

use super::clients::Setting;
use super::work::rounds;
use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::Row;

/// Against the same flow with a browser.
const CPU: f64 = 0.05;

pub(super) async fn measure(setting: &Setting<'_>, flows: usize, progress: &Progress) -> Result<Vec<Row>, Failure> {
    let portal = Kontor::start(Kontor::settings()).await?;
    // Nobody reaches for a phone here.
    let approval = format!("{}_approval", portal.url());
    let request = reqwest::Client::new().put(approval).json(&json!({ "afterMs": 0 }));
    request.send().await?.error_for_status()?;
    let here = Setting { address: portal.url().to_owned(), browser: setting.browser.clone(), ..*setting };
    let mut clients = [here.ours("http", "http", "kontor").await?, here.ours("cdp", "cdp", "kontor").await?];
    let measured = rounds(&mut clients, &portal, 1, flows, progress).await?;
    for client in clients {
        client.end().await?;
    }
    let figures: Vec<_> = measured.iter().map(|it| (it.name, it.median_cpu())).collect();
    let rows = super::beside_peers("without a browser, 1 slot: CPU a flow", "ms", &figures);
    Ok(rows.into_iter().map(|row| row.ratio_at_most(CPU)).collect())
}
