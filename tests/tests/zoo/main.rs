//! Every bank of the zoo that has a script, from its setup to its records, which are held
//! against the bank's own truth; and every fault of each by its name.
//!
//! Not here: the harbour by every driver (`tests/tests/drivers/`), and the table of all banks by
//! all drivers, which `cargo xtask zoo` prints.

mod files;

use fixtures::faults::Switch;
use fixtures::kontor::Kontor;
use fixtures::lantern::Lantern;
use fixtures::meridian::Meridian;
use fixtures::portal::RunningPortal;
use fixtures::zoo::Portal;
use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::verdict::Verdict;
use tests::world::{Fleet, Plan};
use tests::zoo::banks::{Bank, Driver, Meaning};
use tests::zoo::faulting::{Outcome, outcomes};
use tests::zoo::fleet_of;
use tests::zoo::person::Person;
use tests::zoo::reading::read;

/// What tests return: whatever went wrong ends them with its whole story.
type Tried = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// A fleet that finds a portal where it runs, and drives it by one of these drivers.
async fn fleet(portal: &RunningPortal, drivers: &str) -> Result<(Fleet, Integrator), tests::world::WorldError> {
    fleet_of(Plan::new(), portal, &["--drivers", drivers]).await
}

/// Waits for the end of the activation; the connection as it is then.
async fn activated(integrator: &Integrator, id: &str) -> Result<Value, tests::integrator::CallError> {
    let ended = |now: &Value| now["status"] != "pendingActivation";
    integrator.connection(id, "the end of the activation", ended).await
}

async fn verdict(
    portal: &RunningPortal,
    integrator: &Integrator,
    of: Portal,
) -> Result<Verdict, Box<dyn std::error::Error + Send + Sync>> {
    let accounts = integrator.list("/v1/accounts").await?;
    let transactions = integrator.list("/v1/transactions?limit=500").await?;
    assert!(accounts.len() >= 3 && transactions.len() > 130, "{} and {}", accounts.len(), transactions.len());
    Ok(Verdict::besides(Bank::of(of)?.manners.unshown, &json!(portal.truth()), &accounts, &transactions))
}

/// Reads a bank by one driver and holds what was read against its truth; by what it was read.
async fn is_read(portal: Portal, driver: Driver) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
    let reading = read(&Bank::of(portal)?, driver).await?;
    assert_eq!(reading.connection["status"], "active", "{:#}", reading.connection);
    assert!(reading.verdict.is_clean(), "{:#?}", reading.verdict);
    Ok(reading.by)
}

#[tokio::test]
async fn a_bank_of_frames_is_asked_for_ninety_days_after_ninety() -> Tried {
    is_read(Portal::Granary, Driver::Cdp).await.map(|_| ())
}

#[tokio::test]
async fn a_bank_of_frames_is_read_without_a_browser() -> Tried {
    assert_eq!(is_read(Portal::Granary, Driver::Http).await?.as_deref(), Some("session"));
    Ok(())
}

#[tokio::test]
async fn a_bank_of_components_is_scrolled_to_the_end() -> Tried {
    is_read(Portal::Lantern, Driver::Cdp).await.map(|_| ())
}

#[tokio::test]
async fn an_answer_in_other_parts_than_the_bank_takes_is_refused_before_the_bank_sees_it() -> Tried {
    let portal = Lantern::start(Lantern::settings()).await?;
    let (_fleet, integrator) = fleet(&portal, "cdp").await?;
    let id = integrator.set_up(portal.name(), portal.username(), portal.password()).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!(challenge["answerParts"], 3, "{challenge}");
    let path = format!("/v1/connections/{id}/challenges/{}/answer", challenge["id"].as_str().unwrap_or_default());
    for answer in ["ab", "abcd", "a b", "a b c d"] {
        let refused = integrator.call(Method::POST, &path, Some(&json!({ "answer": answer }))).await?;
        let said = (refused.status, refused.body["errors"][0]["message"].as_str());
        assert!(matches!(said, (422, Some(why)) if why.contains("3 parts")), "{}", refused.body);
    }
    let now = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(
        (now.len(), &now[0]["status"], &now[0]["attemptsLeft"]),
        (1, &json!("open"), &challenge["attemptsLeft"])
    );
    assert_eq!(portal.oracle().answer_submits, 0, "the bank saw one");
    Person::of(&portal).answer(&integrator, &id, &challenge).await?;
    assert_eq!(activated(&integrator, &id).await?["status"], "active");
    Ok(())
}

#[tokio::test]
async fn a_bank_that_counts_in_eras_asks_for_squares_of_its_card() -> Tried {
    is_read(Portal::Hoshizora, Driver::Cdp).await.map(|_| ())
}

#[tokio::test]
async fn what_is_owed_to_a_card_issuer_is_negative() -> Tried {
    is_read(Portal::Coppermine, Driver::Cdp).await.map(|_| ())
}

#[tokio::test]
async fn a_browser_is_left_once_it_has_signed_in_where_the_script_says_so() -> Tried {
    assert_eq!(is_read(Portal::Threshold, Driver::Cdp).await?.as_deref(), Some("http"));
    assert_eq!(is_read(Portal::Threshold, Driver::Http).await?.as_deref(), Some("session"));
    Ok(())
}

#[tokio::test]
async fn more_than_a_look_at_accounts_is_flagged() -> Tried {
    let reading = read(&Bank::of(Portal::Threshold)?, Driver::Http).await?;
    let permissions = &reading.connection["permissions"];
    let expected = json!({
        "view": true, "initiate": true, "approve": false, "exceedsView": true, "observedAt": permissions["observedAt"],
    });
    assert_eq!(*permissions, expected, "{:#}", reading.connection);
    assert!(permissions["observedAt"].is_string());
    Ok(())
}

#[tokio::test]
async fn how_ways_fared_is_counted_for_authors() -> Tried {
    let bank = Bank::of(Portal::Coppermine)?;
    let portal = bank.portal.start(fixtures::zoo::Wishes::default()).await?;
    let (fleet, integrator) = fleet(&portal, "cdp").await?;
    let mut person = Person::of(&portal);
    let entity = integrator.default_entity().await?;
    let id = integrator.set_up_with(&entity, bank.name(), &person.credentials().await?).await?;
    person.until(&integrator, &id, |now| now["status"] == "active").await?;
    let operator = fleet.operator()?;
    // They are counted once the run is over.
    let counted = eventually(async || {
        let ways = operator.get("/control/v1/ways?institutionId=coppermine").await.ok()?;
        ways["data"].as_array().filter(|ways| !ways.is_empty()).cloned()
    });
    let ways = counted.await.unwrap_or_default();
    let otp: Vec<_> = ways.iter().filter(|way| way["target"] == "#otp").collect();
    assert_eq!(otp.len(), 2, "{ways:#?}");
    for way in otp {
        assert_eq!((&way["found"], &way["missing"], &way["isCurrent"]), (&json!(1), &json!(0), &json!(true)), "{way}");
        assert!(way["lastFoundOn"].is_string() && way["lastLostOn"].is_null(), "{way}");
    }
    assert_eq!(operator.get("/control/v1/ways?institutionId=kontor").await?["data"], json!([]));
    let shown = fleet.succeed(&["fleet", "ways", "coppermine", "--coordinator", fleet.address()]).await?;
    assert!(shown.contains("DISAGREED") && shown.contains("#otp") && shown.contains("6-digit code"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn a_bank_whose_app_approves_is_read_as_it_is() -> Tried {
    kontor_is_read("cdp").await
}

#[tokio::test]
async fn a_bank_that_needs_no_scripts_is_read_the_same_without_a_browser() -> Tried {
    kontor_is_read("http").await
}

async fn kontor_is_read(drivers: &str) -> Tried {
    let portal = Kontor::start(Kontor::settings()).await?;
    let person = Person::of(&portal);
    person.tap("_approval").await?;
    let (fleet, integrator) = fleet(&portal, drivers).await?;
    let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
    let challenge = integrator.open_challenge(&id, None).await?;
    assert_eq!((&challenge["kind"], &challenge["medium"]), (&json!("appApproval"), &json!("device")));
    assert_eq!(challenge["maskedTarget"], "KontorSign auf „Büro-Telefon“");
    let answer = format!("/v1/connections/{id}/challenges/{}/answer", challenge["id"].as_str().unwrap_or_default());
    let refused = integrator.call(reqwest::Method::POST, &answer, Some(&json!({ "answer": "yes" }))).await?;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("takes_no_answer")), "{}", refused.body);
    let operator = fleet.operator()?;
    let parked = async || (operator.get("/control/v1/queue").await.ok()?["parked"] == 1).then_some(());
    assert!(eventually(parked).await.is_some(), "it takes no seat while somebody reaches for the phone");
    person.tap("_approve").await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let verdict = verdict(&portal, &integrator, Portal::Kontor).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let settled = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(settled[0]["status"], "accepted", "{settled:?}");
    let oracle = portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
    assert_eq!(fleet.talk().contains("started a browser"), drivers == "cdp", "{}", fleet.talk());
    Ok(())
}

#[tokio::test]
async fn an_approval_that_is_declined_is_the_persons_answer() -> Tried {
    let portal = Kontor::start(Kontor::settings()).await?;
    let person = Person::of(&portal);
    person.tap("_approval").await?;
    let (fleet, integrator) = fleet(&portal, "cdp,http").await?;
    let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
    integrator.open_challenge(&id, None).await?;
    person.tap("_decline").await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["setup"]["lastFailure"]["code"], "mfa.declined", "{connection} {}", fleet.talk());
    let settled = integrator.list(&format!("/v1/connections/{id}/challenges")).await?;
    assert_eq!(settled[0]["status"], "rejected", "{settled:?}");
    Ok(())
}

#[tokio::test]
async fn an_approval_that_nobody_gives_ends_the_run_when_its_time_is_up() -> Tried {
    for drivers in ["cdp", "http"] {
        let portal = Kontor::start(Kontor::settings()).await?;
        Person::of(&portal).tap("_approval").await?;
        let plan = Plan::new().with("challenge.term", "2s");
        let (fleet, integrator) = fleet_of(plan, &portal, &["--drivers", drivers]).await?;
        let id = integrator.set_up("kontor", portal.username(), portal.password()).await?;
        let connection = activated(&integrator, &id).await?;
        let code = &connection["setup"]["lastFailure"]["code"];
        assert_eq!(code, "mfa.timeout", "{drivers}: {connection} {}", fleet.talk());
        assert_eq!(portal.oracle().password_submits, 1, "nobody is asked again by itself");
    }
    Ok(())
}

#[tokio::test]
async fn a_bank_that_asks_a_question_is_read_page_by_numbered_page() -> Tried {
    let portal = Meridian::start(Meridian::settings()).await?;
    let (fleet, integrator) = fleet(&portal, "cdp").await?;
    let id = integrator.set_up("meridian", portal.username(), portal.password()).await?;
    let wrong = integrator.open_challenge(&id, None).await?;
    assert_eq!(wrong["kind"], "securityQuestion");
    integrator.answer(&id, &wrong, "Rex").await?;
    let asked = integrator.open_challenge(&id, wrong["id"].as_str()).await?;
    assert!(asked["institutionMessage"].as_str().is_some_and(|words| words.contains("not correct")), "{asked}");
    Person::of(&portal).answer(&integrator, &id, &asked).await?;
    let connection = activated(&integrator, &id).await?;
    assert_eq!(connection["status"], "active", "{connection} {}", fleet.talk());
    let verdict = verdict(&portal, &integrator, Portal::Meridian).await?;
    assert!(verdict.is_clean(), "{verdict:#?}");
    let oracle = portal.oracle();
    assert_eq!((oracle.sessions, oracle.password_submits, oracle.sign_outs), (1, 1, 1));
    Ok(())
}

/// Has a bank fail in every way that it can, so many at least.
async fn faults_are_named(portal: Portal, at_least: usize) -> Tried {
    let outcomes = outcomes(&Bank::of(portal)?, |what| eprintln!("{what}")).await?;
    let wrong: Vec<_> = outcomes.iter().filter(|outcome| !outcome.holds()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(outcomes.len() >= at_least, "{outcomes:#?}");
    Ok(())
}

#[tokio::test]
async fn every_fault_of_the_harbour_is_called_by_its_name() -> Tried {
    faults_are_named(Portal::Harbour, 5).await
}

#[tokio::test]
async fn every_fault_of_kontor_is_called_by_its_name() -> Tried {
    faults_are_named(Portal::Kontor, 13).await
}

#[test]
fn a_fault_that_is_called_something_else_does_not_hold() {
    let outcome = |came: Option<&str>| Outcome {
        bank: "kontor",
        switch: Switch::Locked,
        expected: Meaning::Code("auth.locked"),
        came: came.map(str::to_owned),
    };
    assert_eq!(outcome(Some("auth.locked")).row().holds, Some(true));
    assert_eq!(outcome(Some("portal.blocked")).row().holds, Some(false));
    assert_eq!(outcome(None).row().holds, Some(false));
}
