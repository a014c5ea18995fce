//! What pages show by themselves and in pictures, in a real browser: time that runs out, a plot, and a figure that somebody
//! else is told, too.
//!
//! Not here: how runs are counted and how long they wait; the fleet's tests have that.

use serde_json::{Value, json};
use tests::bare_agent::{BareAgent, Held};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::person::{Browser, Person, Sight, Trouble};
use tests::world::{Fleet, Plan};

use crate::{Outcome, PASSWORD, add_user};

/// Longer than any of these tests.
const LONG: u64 = 20_000;

/// Has a run queued, of an entity of its own.
async fn waits(integrator: &Integrator, entity: &str) -> Outcome {
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": entity })).await?;
    integrator.set_up_for(entity["entityId"].as_str().unwrap_or_default(), "harbour", "clerk", "a password").await?;
    Ok(())
}

/// A run of a fleet whose people have `term` to answer, its agent, and the challenge that it waits for.
async fn asked(term: &str) -> Result<(Fleet, BareAgent, Held), Box<dyn std::error::Error>> {
    let fleet = Plan::new().agents(0).with("challenge.term", term).start().await?;
    add_user(&fleet, "ada", "operator", None).await?;
    waits(&fleet.integrator("default").await?, "one").await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(LONG).await?.ok_or("a lease")?;
    Ok((fleet, agent, held))
}

/// How many seconds are left, as the page says it: `1:05`.
async fn left(ada: &Person<'_>) -> Option<u64> {
    let told = ada.does("count", json!({ "on": "time[data-countdown]" })).await.ok()?;
    if told["count"] != 1 {
        return None;
    }
    let text = ada.sees("time[data-countdown]", "").await.ok()?;
    let (minutes, seconds) = text.split_once(':')?;
    assert_eq!(seconds.len(), 2, "{text}");
    Some(minutes.parse::<u64>().ok()? * 60 + seconds.parse::<u64>().ok()?)
}

#[tokio::test]
async fn the_time_that_is_left_for_an_answer_runs_out_on_the_page() -> Outcome {
    let (fleet, agent, held) = asked("8s").await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    agent.ask(&held).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("h1", "Challenges (1)").await?;
    let mut seen = vec![left(&ada).await.ok_or("a countdown")?];
    assert!((1..=8).contains(&seen[0]), "{seen:?}");
    let runs_down = eventually(async || {
        let now = left(&ada).await?;
        assert!(Some(&now) <= seen.last(), "it went up: {now} after {seen:?}");
        seen.push(now);
        (now < seen[0]).then_some(())
    });
    runs_down.await.ok_or("it stands still")?;
    // The question goes with its time, without anybody loading the page.
    ada.sees(".empty", "No bank asks anything.").await?;
    ada.does("gone", json!({ "on": "li.card" })).await?;
    ada.does("gone", json!({ "on": "time[data-countdown]" })).await?;
    ada.sees("#live", "No challenge waits for an answer.").await?;
    assert!(ada.complaints().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_cut_off_counts_down_to_nothing_and_not_below() -> Outcome {
    let (mut fleet, agent, held) = asked("6s").await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    agent.ask(&held).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("h1", "Challenges (1)").await?;
    assert!(left(&ada).await.is_some_and(|left| left > 0));
    fleet.coordinator.take().ok_or("a coordinator")?.kill_hard().await;
    ada.does("shown", json!({ "on": "#offline" })).await?;
    ada.sees("time[data-countdown]", "0:00").await?;
    // It is a second further on, and says the same.
    let until = ada.does("attribute", json!({ "on": "time[data-countdown]", "name": "datetime" })).await?;
    let until: jiff::Timestamp = until["value"].as_str().unwrap_or_default().parse()?;
    let over = async || (jiff::Timestamp::now().duration_since(until).as_secs() >= 2).then_some(());
    eventually(over).await.ok_or("time goes on")?;
    assert_eq!(left(&ada).await, Some(0));
    Ok(())
}

#[tokio::test]
async fn the_overview_draws_and_says_what_was_counted() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (integrator, operator) = (fleet.integrator("default").await?, fleet.operator()?);
    add_user(&fleet, "ada", "viewer", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.sees("#outcomes .empty", "No run has ended.").await?;
    let dwell = async || ada.sees("#now .tile", "Dwell of late, p95").await;
    assert!(dwell().await?.starts_with('–'), "nothing was leased yet");

    // The first two are taken as they come; the last waits for what can be told apart.
    let agent = BareAgent::of(&fleet)?;
    for (entity, fails) in [("one", None), ("two", None), ("three", Some("portal.blocked"))] {
        waits(&integrator, entity).await?;
        if fails.is_some() {
            let is_old = async || {
                let queue = operator.get("/control/v1/queue").await.ok()?;
                (queue["oldestReadyMs"].as_u64()? >= 300).then_some(())
            };
            eventually(is_old).await.ok_or("it waits")?;
        }
        let held = agent.acquire(LONG).await?.ok_or("a lease")?;
        match fails {
            None => agent.complete(&held, &[]).await?,
            Some(code) => agent.fail(&held, code).await?,
        }
    }
    let scale = operator.get("/control/v1/pools/default/scale").await?;
    let slowest = (scale["dwell_p95_s"].as_f64().ok_or("a number")? * 1_000.0).round();
    assert!((300.0..1_000.0).contains(&slowest), "{scale}");

    // Both come up by themselves.
    ada.sees("#now .tile", &format!("{slowest} ms")).await?;
    assert!(dwell().await?.starts_with(&format!("{slowest} ms")), "autoscalers are told {slowest} ms");
    for range in ["24 hours", "7 days"] {
        ada.clicks(&format!(".ranges >> text={range}")).await?;
        ada.sees(".ranges [aria-current]", range).await?;
        let row = ada.sees("#outcomes tbody tr", "Harbour").await?;
        let numbers: Vec<_> = row.split(['\t', '\n']).map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(numbers, ["Harbour Business Bank", "3", "66 %", "0", "1", "0", "0", "0", "0"], "{range}");
        let label = ada.does("attribute", json!({ "on": "#outcomes svg.plot", "name": "aria-label" })).await?;
        assert_eq!(label["value"], "Harbour Business Bank: 2 succeeded, 1 failed", "{range}");
        is_drawn(&ada).await.map_err(|why| format!("{range}: {why}"))?;
    }
    assert!(ada.complaints().await?.is_empty());
    Ok(())
}

/// Holds the plot against two runs that ended well and one that didn't, just now.
async fn is_drawn(ada: &Person<'_>) -> Outcome {
    let boxes = async |on: &str| {
        let drawn = ada.does("boxes", json!({ "on": on, "within": "#outcomes svg.plot" })).await?;
        let sides = |one: &Value| ["x", "y", "width", "height"].map(|side| one[side].as_f64().unwrap_or_default());
        let boxes: Vec<_> = drawn["boxes"].as_array().into_iter().flatten().map(sides).collect();
        Ok::<_, Trouble>((drawn["frame"].clone(), boxes))
    };
    let ((frame, good), (_, bad)) = (boxes("rect.good").await?, boxes("rect.bad").await?);
    assert_eq!((&frame["width"], &frame["height"]), (&json!(144), &json!(40)));
    // An hour may have ended between them, and then there are two bars; what failed is half as tall in any case.
    let tall = |bars: &[[f64; 4]]| bars.iter().map(|[.., height]| height).sum::<f64>();
    assert!(bad.len() == 1 && (tall(&good) - 2.0 * tall(&bad)).abs() <= 2.0, "{good:?} {bad:?}");
    for [x, y, width, height] in good.iter().chain(&bad) {
        assert!(*x >= 144.0 - 12.0 && x + width <= 144.0 && *y >= 0.0 && y + height <= 40.0, "{good:?} {bad:?}");
    }
    for [x, y, ..] in &good {
        let stands = bad.iter().all(|[at, top, _, height]| at != x || (top + height - y).abs() < 0.5);
        assert!(stands, "what failed stands on what went well: {good:?} {bad:?}");
    }
    Ok(())
}
