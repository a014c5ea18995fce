//! Live views at one of two coordinators whose agent's line is at the other.
//!
//! Not here: what is seen and done in one (`live`), and what goes wrong at the wheel (`wheel`).

use serde_json::json;
use tests::patience::eventually;
use tests::postgres::Postgres;
use tests::redis::Redis;
use tests::socket::{Heard, Socket, SocketError};
use tests::world::Fleet;

use crate::Outcome;
use crate::visitor::Visitor;
use crate::wheel::{Waiting, patient, wait_at};

type Failure = Box<dyn std::error::Error>;

/// Two coordinators with one store, and the first one's agent.
struct Pair {
    first: Waiting,
    second: Fleet,
    _postgres: Postgres,
    _redis: Redis,
    _folder: tempfile::TempDir,
}

async fn pair() -> Result<Pair, Failure> {
    let postgres = Postgres::start().await?;
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let plan = || {
        let plan = patient().with("store.url", &postgres.url()).with("redis.url", &redis.url());
        plan.with("vault.master_key", key)
    };
    let first = plan().start().await?;
    let second = plan().agents(0).with("development.portal_urls.harbour", first.portal.url()).start().await?;
    let first = wait_at(first, &[("ada", "operator"), ("bob", "operator")]).await?;
    Ok(Pair { first, second, _postgres: postgres, _redis: redis, _folder: folder })
}

#[tokio::test]
async fn a_live_view_that_is_opened_at_another_coordinator_shows_and_steers_all_the_same() -> Outcome {
    let Pair { first, second, .. } = &pair().await?;
    let mut there = first.open_at(second.address(), Visitor::signed_in(second.address(), "ada").await).await?;
    there.until("pictures", |told| told["pictures"] == true).await?;
    while there.pictures.is_empty() {
        there.told.take();
        there.says(json!({ "do": "drawn" })).await;
        if let Some(Heard::Bytes(picture)) = there.socket.next().await {
            there.pictures.push(picture);
        }
    }
    there.takes_again().await?;
    let mut here = first.view("bob").await?;
    here.until_wheel("anothers").await?;
    assert_eq!(here.told["holder"], "ada");
    // What she does reaches the page: the bank has the code.
    let code = first.fleet.code(1).await.ok_or("no text message came")?;
    there.says(json!({ "do": "input", "input": { "does": "text", "text": code } })).await;
    let enter = |does: &str| json!({ "do": "input", "input": { "does": does, "key": "Enter", "code": "Enter", "keyCode": 13 } });
    there.says(enter("keyDown")).await;
    there.says(enter("keyUp")).await;
    let submitted = eventually(async || (first.fleet.portal.oracle().code_submits == 1).then_some(()));
    assert!(submitted.await.is_some(), "the code wasn't submitted");
    // And what is done to her session there ends it here.
    there.visitor.post("/console/account/sessions/end", &[]).await;
    assert_eq!(there.until_closed().await?.0, 4401);
    first.is_handed_back("holder").await
}

#[tokio::test]
async fn a_live_view_is_passed_on_to_nobody_without_a_ticket_and_found_again_where_the_line_went() -> Outcome {
    let mut pair = pair().await?;
    let Pair { first, second, .. } = &mut pair;
    let url = format!("{}/console/runs/{}/live/passed-on", first.fleet.address(), first.run);
    let visitor = Visitor::signed_in(first.fleet.address(), "ada").await;
    for headers in [vec![("cookie", visitor.cookie.as_str())], vec![("x-bursar-ticket", "AQIDBA")]] {
        let refused = Socket::open(&url, &headers).await;
        assert!(matches!(refused, Err(SocketError::Refused(status)) if status == 401), "{:?}", refused.err());
    }
    // Without a line anywhere it is served where it was opened, and told so.
    let agent = first.fleet.agents.pop().ok_or("no agent runs")?;
    agent.kill_hard().await;
    let visitor = Visitor::signed_in(second.address(), "ada").await;
    let mut there = eventually(async || {
        let view = first.open_at(second.address(), Visitor::signed_in(second.address(), "ada").await).await;
        let mut view = view.ok()?;
        view.until_said("no line to the agent").await.ok().map(|()| view)
    })
    .await
    .ok_or("nobody says that there is no line")?;
    // Once there is one, asking anew leads to it.
    first.fleet.start_agent()?;
    assert_eq!(there.until_closed().await?.0, 4307);
    let mut again = first.open_at(second.address(), visitor).await?;
    again.until("pictures", |told| told["pictures"] == true).await
}
