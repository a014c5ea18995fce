//! People answer what banks ask: through the console, by the keyboard alone, two at once, without scripts.
//!
//! Not here: what the portal makes of an answer; the fleet's tests have that.

use serde_json::json;
use tests::patience::{eventually, patience};
use tests::person::{Browser, Sight};
use tests::world::{Fleet, Plan};

use crate::visitor::Visitor;
use crate::{Outcome, PASSWORD, add_user, draft, plan, set_up};

/// The end of a challenge's box, whose code is the `count`th text message.
async fn code(fleet: &Fleet, count: usize) -> Result<String, Box<dyn std::error::Error>> {
    Ok(fleet.code(count).await.ok_or("no text message came")?)
}

#[tokio::test]
async fn an_answer_by_the_keyboard_alone_activates_a_connection() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.opens("/console/challenges").await?;
    // The name's field takes the focus by itself; nothing is pointed at from here on.
    let focused = async || (ada.does("focus", json!({})).await.ok()?["name"] == "login").then_some(());
    assert!(eventually(focused).await.is_some(), "the name's field hasn't got the focus");
    ada.does("type", json!({ "text": "ada" })).await?;
    ada.does("press", json!({ "keys": ["Tab"] })).await?;
    ada.does("type", json!({ "text": PASSWORD })).await?;
    ada.does("press", json!({ "keys": ["Enter"] })).await?;
    ada.sees(".empty", "No bank asks anything.").await?;
    // The page is open and quiet; the question comes up by itself.
    let id = set_up(&fleet, &integrator).await?;
    let card = ada.sees("li.card", "One-time code").await?;
    assert!(card.contains("(•••) •••-0142") && card.contains("Attempts left"), "{card}");
    ada.sees("#live", "1 challenge waits").await?;
    let code = code(&fleet, 1).await?;
    // From the top of the page to the answer's field: Tab, as often as it takes.
    let reached = async {
        for _ in 0..60 {
            if ada.does("focus", json!({})).await?["name"] == "answer" {
                return Ok(true);
            }
            ada.does("press", json!({ "keys": ["Tab"] })).await?;
        }
        Ok::<_, Box<dyn std::error::Error>>(false)
    };
    assert!(reached.await?, "the answer's field can't be reached by the keyboard");
    ada.does("type", json!({ "text": code })).await?;
    ada.does("press", json!({ "keys": ["Enter"] })).await?;
    ada.sees(".said", "The run goes on where it stood.").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    ada.opens(&format!("/console/connections/{id}")).await?;
    ada.sees(".lead", "Active").await?;
    ada.sees("#trail ~ .wide", "challenge.answered").await?;
    assert_eq!(ada.complaints().await?, Vec::<String>::new());
    assert_eq!(fleet.portal.oracle().code_submits, 1);
    Ok(())
}

#[tokio::test]
async fn a_new_code_comes_by_a_button_and_what_the_bank_says_of_it_shows() -> Outcome {
    let fleet = plan().with("challenge.resend_every", "1s").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let id = set_up(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    ada.sees(".resend", "2 left").await?;
    // The second that has to pass since the code before.
    let asked = async || {
        ada.opens("/console/challenges").await.ok()?;
        ada.clicks(".resend button").await.ok()?;
        ada.sees("h1", "").await.ok().filter(|title| title.starts_with("Challenges"))
    };
    assert!(eventually(asked).await.is_some(), "it is never time for a new code");
    let code = code(&fleet, 2).await?;
    ada.sees("li.card", "We sent a new passcode").await?;
    ada.sees(".resend", "1 left").await?;
    ada.fills("[name=answer]", &code).await?;
    ada.clicks("form.answer button").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    assert_eq!(fleet.portal.oracle().codes_sent, 2);
    Ok(())
}

#[tokio::test]
async fn whoever_asks_for_a_new_code_too_soon_is_told_when() -> Outcome {
    let fleet = plan().with("challenge.resend_every", "90s").start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let path = format!("/console/challenges/{}/resend", challenge["id"].as_str().unwrap_or_default());
    let told = ada.post(&path, &[]).await;
    assert_eq!(told.status, 409);
    assert!(told.text.contains("has only just sent a code") && told.text.contains("Try again"), "{}", told.text);
    assert_eq!(fleet.portal.oracle().codes_sent, 1);
    Ok(())
}

#[tokio::test]
async fn of_two_who_answer_one_is_told_that_the_other_was_first() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    add_user(&fleet, "bob", "operator", None).await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let path = format!("/console/challenges/{}/answer", challenge["id"].as_str().unwrap_or_default());
    let code = code(&fleet, 1).await?;
    let (ada, bob) =
        (Visitor::signed_in(fleet.address(), "ada").await, Visitor::signed_in(fleet.address(), "bob").await);
    let fields = [("answer", code.as_str())];
    let (one, other) = tokio::join!(ada.post(&path, &fields), bob.post(&path, &fields));
    let (first, second, told) = match (one.status, other.status) {
        (303, 409) => ("ada", "bob", other.text),
        (409, 303) => ("bob", "ada", one.text),
        statuses => return Err(format!("{statuses:?}").into()),
    };
    assert!(told.contains(&format!("{first} answered this before you.")), "{second} was told: {told}");
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    assert_eq!(fleet.portal.oracle().code_submits, 1);
    let answered = fleet.succeed(&["audit", "list", "--action", "challenge.answered"]).await?;
    assert!(answered.contains(first) && !answered.contains(second) && !answered.contains(&code), "{answered}");
    Ok(())
}

#[tokio::test]
async fn what_one_types_stays_while_the_page_changes_around_it() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    set_up(&fleet, &integrator).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("li.card", "One-time code").await?;
    ada.fills("[name=answer]", "12").await?;
    // Another bank's question comes meanwhile: the same portal, of another entity.
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": "second" })).await?;
    let entity = entity["entityId"].as_str().unwrap_or_default().to_owned();
    let credentials = json!({ "bankUsername": "somebody.else", "password": "wrong wrong" });
    integrator.set_up_with(&entity, "harbour", &credentials).await?;
    let focus = ada.does("focus", json!({})).await?;
    assert_eq!(focus["name"], "answer");
    ada.does("type", json!({ "text": "3" })).await?;
    // Whatever the page hears of it, the field is where it was and says what was typed.
    let heard = Visitor::signed_in(fleet.address(), "ada").await;
    heard.post("/console/institutions/harbour/pause", &[("reason", "a change")]).await;
    ada.does("type", json!({ "text": "4" })).await?;
    let typed = eventually(async || {
        let value = ada.does("value", json!({ "on": "[name=answer]" })).await.ok()?;
        (value["value"] == "1234").then_some(())
    });
    assert!(typed.await.is_some(), "what was typed is gone");
    assert_eq!(ada.does("focus", json!({})).await?["name"], "answer");
    Ok(())
}

#[tokio::test]
async fn a_question_is_answered_without_scripts_too() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", Some("default")).await?;
    let id = set_up(&fleet, &integrator).await?;
    integrator.open_challenge(&id, None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight { without_scripts: true, ..Sight::default() }).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    let card = ada.sees("li.card", "One-time code").await?;
    assert!(card.contains("UTC"), "the time until which it can be answered: {card}");
    ada.fills("[name=answer]", &code(&fleet, 1).await?).await?;
    ada.clicks("form.answer button").await?;
    ada.sees(".said", "The run goes on").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    Ok(())
}

#[tokio::test]
async fn nobody_hears_of_another_organizations_changes() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (mine, theirs) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    add_user(&fleet, "all", "viewer", None).await?;
    add_user(&fleet, "own", "viewer", Some("default")).await?;
    let mut heard = Vec::new();
    let mut streams = Vec::new();
    for login in ["all", "own"] {
        let visitor = Visitor::signed_in(fleet.address(), login).await;
        streams.push(visitor.listen().await);
    }
    // The watcher's first look is what later ones are held against: it has looked once something is told.
    for stream in &mut streams {
        let mut text = String::new();
        let until = tokio::time::timeout(patience(), async {
            while let Ok(Some(chunk)) = stream.chunk().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                if text.contains("event: tick") {
                    return;
                }
            }
        });
        until.await?;
    }
    let (other, own) = (draft(&theirs).await?, draft(&mine).await?);
    for stream in &mut streams {
        let mut text = String::new();
        let until = tokio::time::timeout(patience(), async {
            while let Ok(Some(chunk)) = stream.chunk().await {
                text.push_str(&String::from_utf8_lossy(&chunk));
                if text.contains(&own) && text.contains("event: tick") {
                    return;
                }
            }
        });
        until.await?;
        heard.push(text);
    }
    assert!(heard[0].contains(&other), "who sees all hears of all: {}", heard[0]);
    assert!(!heard[1].contains(&other), "{}", heard[1]);
    Ok(())
}

#[tokio::test]
async fn what_another_process_does_shows_at_once_and_says_who() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens(&format!("/console/connections/{id}")).await?;
    let card = ada.sees("li.card", "One-time code").await?;
    assert!(card.contains("your role looks on"), "{card}");
    // A process of its own, which tells nobody: what the page hears comes from the store.
    let code = code(&fleet, 1).await?;
    let answered = fleet.run(&["challenge", "answer", challenge["id"].as_str().unwrap_or_default()], &code).await?;
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    ada.does("gone", json!({ "on": "li.card" })).await?;
    ada.sees(".lead", "Active").await?;
    ada.sees("#accounts ~ .wide tbody tr", "").await?;
    ada.sees("#trail ~ .wide", "command line").await?;
    assert_eq!(ada.complaints().await?, Vec::<String>::new());
    Ok(())
}
