//! A bank's terms are accepted or declined by people: the customer on the set-up page, an operator in the inbox.
//!
//! Not here: what becomes of either at the bank; the fleet's first sign-ins have that.

use fixtures::oracle::Act;
use fixtures::portal::RunningPortal;
use fixtures::threshold::Threshold;
use tests::integrator::Integrator;
use tests::person::{Browser, Sight};
use tests::world::Fleet;
use tests::zoo::fleet_of;

use crate::setup_page::link;
use crate::{Outcome, PASSWORD, add_user, plan};

type Failure = Box<dyn std::error::Error>;

/// A bank whose user was never there, so that it asks for its terms to be accepted, and what set-up there is.
async fn at_the_terms() -> Result<(RunningPortal, Fleet, Integrator, String), Failure> {
    let portal = Threshold::start(Threshold::settings()).await?;
    let (fleet, integrator) = fleet_of(plan(), &portal, &["--drivers", "http"]).await?;
    let id = integrator.set_up("threshold", portal.username(), portal.password()).await?;
    Ok((portal, fleet, integrator, id))
}

fn accepted(portal: &RunningPortal) -> usize {
    portal.oracle().log.iter().filter(|entry| entry.act == Act::TermsAccepted).count()
}

#[tokio::test]
async fn a_customer_accepts_terms_on_the_set_up_page_by_a_button() -> Outcome {
    let (portal, fleet, integrator, id) = at_the_terms().await?;
    let browser = Browser::start(fleet.address()).await?;
    let customer = browser.person("customer", Sight::default()).await?;
    assert_eq!(customer.opens(&link(&integrator, &id).await?).await?, 200);
    customer.sees("form.acts button[value=accept]", "Accept").await?;
    customer.sees("form.acts button[value=decline]", "Decline").await?;
    assert_eq!(customer.barriers().await?, Vec::<String>::new());
    assert_eq!(accepted(&portal), 0, "nobody has said so yet");
    customer.clicks("form.acts button[value=accept]").await?;
    customer.sees("h1", "is connected").await?;
    assert_eq!(accepted(&portal), 1);
    assert_eq!(customer.complaints().await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn an_operator_declines_terms_in_the_inbox_and_the_bank_hears_of_none() -> Outcome {
    let (portal, fleet, integrator, id) = at_the_terms().await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    ada.signs_in("ada", PASSWORD).await?;
    ada.opens("/console/challenges").await?;
    ada.sees("li.card", "Online Access Agreement").await?;
    ada.clicks("li.card button[value=decline]").await?;
    ada.sees(".said", "The run goes on where it stood.").await?;
    let connection = integrator.connection(&id, "the end", |now| now["status"] == "draft").await?;
    assert_eq!(connection["setup"]["lastFailure"]["code"], "portal.action.terms", "{connection}");
    assert_eq!(accepted(&portal), 0);
    // The customer's page says what helps, and that it is theirs to do.
    let customer = browser.person("customer", Sight::default()).await?;
    assert_eq!(customer.opens(&link(&integrator, &id).await?).await?, 200);
    customer.sees("p.notice", "accept them once you agree to them").await?;
    Ok(())
}
