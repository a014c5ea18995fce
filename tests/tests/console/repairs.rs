//! Repair tickets on the console: what a ticket shows, to whom, and what is taught and accepted there.
//!
//! Not here: when a ticket is opened and mended; the fleet's tests have that.

use serde_json::Value;
use tests::bare_agent::BareAgent;
use tests::world::Plan;

use crate::visitor::Visitor;
use crate::{Outcome, add_user};

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
    assert!(shown.text.contains("script.page.unrecognised") && shown.policy.contains("frame-src 'self'"), "{}", shown.text);
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
