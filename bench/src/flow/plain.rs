//! What the same script costs where a portal needs no browser: its flow by the driver `http`, and by
//! a browser that is left once it has signed in, beside the same flow in a browser to its end.
//!
//! Not here: that all of them read the same records; the zoo shows that.

use std::path::Path;

use fixtures::kontor::Kontor;
use serde_json::json;
use tests::world::scripts;

use super::clients::Setting;
use super::work::rounds;
use crate::Failure;
use crate::progress::Progress;
use ::tests::rows::Row;

/// Against the same flow with a browser.
const CPU: f64 = 0.05;

/// What the browser is left by, as Kontor's script says it.
const LEFT_BY: &str = "  by: http\n";

/// The flow that the others are held against.
const WHOLE: &str = "a browser to the end";

pub(super) async fn measure(setting: &Setting<'_>, flows: usize, progress: &Progress) -> Result<Vec<Row>, Failure> {
    let portal = Kontor::start(Kontor::settings()).await?;
    // Nobody reaches for a phone here.
    let approval = format!("{}_approval", portal.url());
    let request = reqwest::Client::new().put(approval).json(&json!({ "afterMs": 0 }));
    request.send().await?.error_for_status()?;
    let here = Setting { address: portal.url().to_owned(), browser: setting.browser.clone(), ..*setting };
    let script = scripts().join("kontor/script.yaml");
    let folder = tempfile::tempdir()?;
    let whole = folder.path().join("script.yaml");
    std::fs::write(&whole, in_the_browser(&script)?)?;
    let mut clients = [
        here.ours("http", "http", &script).await?,
        here.ours("cdp, then http", "cdp", &script).await?,
        here.ours(WHOLE, "cdp", &whole).await?,
    ];
    let measured = rounds(&mut clients, &portal, 1, flows, progress).await?;
    for client in clients {
        client.end().await?;
    }
    let cpu = |name: &str| {
        let of = measured.iter().find(|it| it.name == name);
        of.map(|it| it.median_cpu()).ok_or_else(|| Failure::from(format!("{name} wasn't measured")))
    };
    let beside = |what: &str, value: f64, whole: f64| Row::new(what, value, "ms").beside(WHOLE, whole);
    let whole = cpu(WHOLE)?;
    Ok(vec![
        beside("without a browser, 1 slot: CPU a flow", cpu("http")?, whole).ratio_at_most(CPU),
        beside("a browser left after its sign-in, 1 slot: CPU a flow", cpu("cdp, then http")?, whole),
    ])
}

/// The script as it reads in the browser.
fn in_the_browser(script: &Path) -> Result<String, Failure> {
    let text = std::fs::read_to_string(script)?;
    let (before, after) = text.split_once(LEFT_BY).ok_or("the script says nowhere that the browser is left")?;
    Ok(format!("{before}{after}"))
}
