//! The page that was showing when a run failed: whatever stands in it, it runs nothing and is its tenant's alone.
//!
//! Not here: that an agent scrubs it; the fleet's tests have that.

use tests::bare_agent::BareAgent;
use tests::world::Plan;
use uuid::Uuid;

use crate::visitor::Visitor;
use crate::{Outcome, add_user};

#[tokio::test]
async fn evidence_with_a_script_runs_nothing_and_isnt_there_for_others() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let mine = fleet.integrator("default").await?;
    fleet.integrator("other").await?;
    mine.set_up("harbour", "evidence", "a password").await?;
    let agent = BareAgent::of(&fleet)?;
    let held = agent.acquire(20_000).await?.ok_or("a lease")?;
    let hostile = "<p>Out of order</p><script>parent.document.title = 'owned'</script>";
    agent.fail_on_page(&held, "script.parse", hostile).await?;
    for (login, organization) in [("ada", "default"), ("eve", "other")] {
        add_user(&fleet, login, "administrator", Some(organization)).await?;
    }
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let path = format!("/console/runs/{}", held.run_id);
    let run = ada.get(&path).await;
    assert!(run.policy.contains("frame-src 'self'") && !run.text.contains("<script>parent"), "{}", run.text);
    assert!(run.text.contains("sandbox=\"\""), "the frame allows nothing: {}", run.text);
    let start = format!("{path}/evidence/");
    let (_, rest) = run.text.split_once(&start).ok_or("the evidence isn't on the page")?;
    let evidence = rest.split('"').next().unwrap_or_default().to_owned();

    let page = ada.get(&format!("{start}{evidence}")).await;
    assert_eq!((page.status, page.text.as_str()), (200, hostile), "it is served as it was kept");
    let rules: Vec<&str> = page.policy.split(';').map(str::trim).collect();
    assert!(rules.contains(&"sandbox"), "no `allow-` beside it: {}", page.policy);
    assert!(rules.contains(&"default-src 'none'") && !page.policy.contains("script-src"), "{}", page.policy);
    assert_eq!(page.headers.get_all("content-security-policy").iter().count(), 1);
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");

    let eve = Visitor::signed_in(fleet.address(), "eve").await;
    assert_eq!(eve.get(&format!("{start}{evidence}")).await.status, 404);
    assert_eq!(eve.get(&path).await.status, 404);
    assert_eq!(ada.get(&format!("{start}{}", Uuid::nil())).await.status, 404);
    let elsewhere = format!("/console/runs/{}/evidence/{evidence}", Uuid::nil());
    assert_eq!(ada.get(&elsewhere).await.status, 404, "it is this run's alone");
    Ok(())
}
