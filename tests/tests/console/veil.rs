//! What nobody is to see in a live view: what a bank is given that was made for it alone.
//!
//! Not here: how it is made and kept; the fleet's tests have that.

use fixtures::faults::Faults;
use fixtures::threshold::Threshold;
use tests::zoo::fleet_of;

use crate::visitor::Visitor;
use crate::wheel::{Waiting, patient};
use crate::{Outcome, add_user};

#[tokio::test]
async fn nothing_is_shown_while_the_bank_is_given_what_nobody_is_to_see() -> Outcome {
    let portal = Threshold::start(Threshold::settings()).await?;
    let (fleet, integrator) = fleet_of(patient().with("lease.term", "20s"), &portal, &["--drivers", "cdp"]).await?;
    add_user(&fleet, "ada", "operator", None).await?;
    // It waits at the terms, between the authenticator and the questions.
    let connection = integrator.set_up("threshold", portal.username(), portal.password()).await?;
    let challenge = integrator.open_challenge(&connection, None).await?;
    let leases = fleet.operator()?.list("/control/v1/leases").await?;
    let text = |name: &str| leases[0][name].as_str().unwrap_or_default().to_owned();
    let (run, agent) = (text("runId"), text("agentId"));
    let waiting = Waiting { fleet, integrator, connection, challenge, run, agent };
    let address = waiting.fleet.address();
    let mut ada = waiting.open_at(address, Visitor::signed_in(address, "ada").await).await?;
    ada.until("pictures", |told| told["pictures"] == true).await?;
    portal.set_faults(Faults { slow_ms: 1_500, ..Faults::default() });
    waiting.integrator.answer(&waiting.connection, &waiting.challenge, "accept").await?;
    ada.until_said("The bank is being given something that nobody is to see.").await?;
    assert_eq!((&ada.told["withheld"], &ada.told["pictures"]), (&true.into(), &false.into()));
    let before = ada.pictures.len();
    ada.until("pictures again", |told| told["pictures"] == true).await?;
    assert_eq!(ada.pictures.len(), before, "something was shown");
    assert_eq!(ada.told["withheld"], false);
    while ada.pictures.len() == before {
        ada.hears().await?;
    }
    Ok(())
}
