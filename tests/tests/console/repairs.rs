//! Repair tickets on the console: what a ticket shows, to whom, and what is taught and accepted there.
//!
//! Not here: when a ticket is opened and mended; the fleet's tests have that.

use fixtures::faults::Faults;
use serde_json::{Value, json};
use tests::bare_agent::BareAgent;
use tests::patience::eventually;
use tests::world::Plan;

use crate::visitor::Visitor;
use crate::{Outcome, add_user, plan, set_up};

#[tokio::test]
async fn a_ticket_shows_the_page_to_those_who_see_all_and_is_closed_with_a_reason() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let mine = fleet.integrator("default").await?;
    mine.set_up("harbour", "repairs", "a password").await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("a lease")?;
    let hostile = "<h1>Welcome</h1><script>parent.document.title = 'owned'</script>";
    agent.fail_on_page(&held, "script.page.unrecognised", hostile).await?;
    let tickets = fleet.operator()?.list("/control/v1/repair-tickets").await?;
    let id = tickets.first().and_then(|ticket| ticket["id"].as_str()).ok_or("no ticket")?.to_owned();
    add_user(&fleet, "ada", "operator", None).await?;
    add_user(&fleet, "eve", "administrator", Some("default")).await?;

    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let institution = ada.get("/console/institutions/harbour").await.text;
    assert!(institution.contains(&format!("/console/repair-tickets/{id}")), "{institution}");
    assert!(institution.contains("No page is known yet."), "{institution}");
    let path = format!("/console/repair-tickets/{id}");
    let shown = ada.get(&path).await;
    assert!(
        shown.text.contains("script.page.unrecognised") && shown.policy.contains("frame-src 'self'"),
        "{}",
        shown.text
    );
    assert!(!shown.text.contains("<script>parent") && shown.text.contains("sandbox=\"\""), "{}", shown.text);
    let now = ada.get(&format!("{path}/pages/now")).await;
    assert_eq!((now.status, now.text.as_str()), (200, hostile), "it is served as it was kept");
    assert!(now.policy.contains("sandbox") && !now.policy.contains("script-src"), "{}", now.policy);
    assert_eq!(ada.get(&format!("{path}/pages/before")).await.status, 404, "nothing was known before");

    let eve = Visitor::signed_in(fleet.address(), "eve").await;
    for page in ["/console/repair-tickets".to_owned(), path.clone(), format!("{path}/pages/now")] {
        assert_eq!(eve.get(&page).await.status, 404, "{page} is the whole fleet's");
    }
    assert_eq!(eve.post(&format!("{path}/close"), &[("reason", "mine")]).await.status, 404);
    assert!(!eve.get("/console/institutions/harbour").await.text.contains("repair-tickets"));

    assert_eq!(ada.post(&format!("{path}/close"), &[("reason", " ")]).await.status, 422);
    let closed = ada.post(&format!("{path}/close"), &[("reason", "the bank took it back")]).await;
    assert_eq!(closed.status, 303, "{}", closed.text);
    let shown = ada.get(&path).await.text;
    assert!(shown.contains("Closed") && shown.contains("the bank took it back"), "{shown}");
    let trail = fleet.operator()?.list("/control/v1/audit?action=repairTicket.closed").await?;
    assert_eq!(trail.first().map(|entry| entry["actor"]["name"].clone()), Some(Value::from("ada")));
    Ok(())
}

#[tokio::test]
async fn a_proposal_is_accepted_by_an_administrator_and_its_canary_begins_with_a_button() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    integrator.answer(&id, &challenge, &fleet.code(1).await.ok_or("no text message came")?).await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    let known = eventually(async || {
        let pages = fleet.operator().ok()?.list("/control/v1/institutions/harbour/pages").await.ok()?;
        (!pages.is_empty()).then_some(())
    });
    known.await.ok_or("no page is known")?;
    fleet.portal.set_faults(Faults { renamed_id: true, ..Faults::default() });
    integrator.put(&format!("/v1/connections/{id}/sync"), &Value::Null).await?;
    integrator.connection(&id, "the end of the sync", |now| now["status"] == "errored").await?;
    for (login, role) in [("ada", "administrator"), ("bob", "operator")] {
        add_user(&fleet, login, role, None).await?;
    }
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let bob = Visitor::signed_in(fleet.address(), "bob").await;
    let list = ada.get("/console/repair-tickets?state=open").await.text;
    let (_, rest) = list.split_once("href=\"/console/repair-tickets/").ok_or("no ticket")?;
    let path = format!("/console/repair-tickets/{}", rest.split('"').next().unwrap_or_default());
    let shown = ada.get(&path).await.text;
    assert!(shown.contains("What the script could say") && shown.contains("Teach this page"), "{shown}");
    assert!(shown.contains("<strong>How sure: </strong>likely"), "{shown}");
    let looks = bob.get(&path).await.text;
    assert!(
        looks.contains("What the script could say")
            && !looks.contains("Accept and publish")
            && !looks.contains("Teach this page")
    );
    let (_, rest) = shown.split_once("name=\"proposal\" value=\"").ok_or("no proposal")?;
    let revision = rest.split('"').next().unwrap_or_default().to_owned();

    assert_eq!(bob.post(&format!("{path}/accept"), &[("proposal", &revision)]).await.status, 403);
    assert_eq!(ada.post(&format!("{path}/accept"), &[("proposal", "0123456789ab")]).await.status, 422);
    let wrong = ada.post(&format!("{path}/teach"), &[("it", "is"), ("page", "nowhere")]).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    let accepted = ada.post(&format!("{path}/accept"), &[("proposal", &revision)]).await;
    assert!(accepted.status == 201 && accepted.text.contains("+ "), "{}", accepted.text);
    assert!(ada.get(&path).await.text.contains("Begin a canary for a tenth"));
    let begun = ada.post(&format!("/console/institutions/harbour/revisions/{revision}/canary"), &[]).await;
    assert_eq!(begun.status, 303, "{}", begun.text);
    let rollout = fleet.operator()?.get("/control/v1/institutions/harbour/rollout").await?;
    assert_eq!(
        (&rollout["stage"], &rollout["candidate"], &rollout["share"]),
        (&json!("canary"), &json!(revision), &json!(10))
    );
    Ok(())
}
