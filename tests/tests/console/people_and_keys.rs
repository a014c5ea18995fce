//! What administrators do to people and keys by the console's buttons, held against signing in, the API and the trail.
//!
//! Not here: one's own password and sessions (`door`), and what operators do to the fleet (`acts`).

use jiff::Timestamp;
use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::world::{Fleet, Plan};

use crate::pressing::{Form, is_written, written};
use crate::visitor::Visitor;
use crate::{Outcome, PASSWORD, add_user};

const USERS: &str = "/console/users";
const KEYS: &str = "/console/keys";

/// Another than the one that everybody here has.
const ANOTHER: &str = "another horse battery";

/// What is told of what is gone, or was never there.
const GONE: &str = "There is no such thing, or it isn't yours to see.";

/// Two administrators of all, and one of another organization than the usual.
async fn administrators(fleet: &Fleet) -> Result<[Visitor; 3], Box<dyn std::error::Error>> {
    fleet.integrator("other").await?;
    let mut visitors = Vec::new();
    for (login, organization) in [("ada", None), ("grace", None), ("eve", Some("other"))] {
        add_user(fleet, login, "administrator", organization).await?;
        visitors.push(Visitor::signed_in(fleet.address(), login).await);
    }
    visitors.try_into().map_err(|_| "three".into())
}

/// What the command line says of a user.
async fn user(fleet: &Fleet, login: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let users: Vec<Value> = serde_json::from_str(&fleet.succeed(&["user", "list", "--json"]).await?)?;
    Ok(users.into_iter().find(|user| user["login"] == login).unwrap_or_default())
}

async fn id(fleet: &Fleet, login: &str) -> Result<String, Box<dyn std::error::Error>> {
    Ok(text(&user(fleet, login).await?["id"]))
}

/// The status that somebody's attempt to sign in is answered with; 303 if they are let in.
async fn signs_in(fleet: &Fleet, login: &str, password: &str) -> u16 {
    Visitor::new(fleet.address()).sign_in(login, password).await.status
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The form for another user, filled in.
async fn addition(visitor: &Visitor, login: &str, role: &str, organization: &str) -> Form {
    let form = visitor.shown(USERS, USERS).await.with("login", login).with("role", role);
    form.with("organization", organization).with("password", PASSWORD)
}

#[tokio::test]
async fn a_user_who_is_made_signs_in_with_the_role_and_the_reach_that_were_given() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, _, eve] = administrators(&fleet).await?;
    let form = addition(&ada, "bob", "operator", "other").await.with("displayName", "Bob <of> Acme");
    ada.is_refused_without_token(&form).await;
    for (refused, said) in [
        (form.clone().with("password", "short"), "password: "),
        (form.clone().with("password", "bob"), "password: "),
        (form.clone().with("login", "no name"), "login: "),
        (form.clone().with("role", "emperor"), "A role is viewer, operator or administrator."),
        (form.clone().with("displayName", &"x".repeat(101)), "displayName: "),
    ] {
        ada.is_refused(&refused, 422, said).await;
    }
    ada.is_refused(&form.clone().with("organization", "nowhere"), 404, GONE).await;
    assert!(user(&fleet, "bob").await?.is_null(), "nobody was made");

    let page = ada.presses(&form, "The user is made and can sign in.").await;
    assert!(page.contains("Bob &lt;of&gt; Acme <code>bob</code>"), "{page}");
    let bob = Visitor::signed_in(fleet.address(), "bob").await;
    assert_eq!(bob.get(USERS).await.status, 403, "operators have no users");
    assert_eq!(bob.get("/console/agents").await.status, 404, "one organization has no agents");
    assert_eq!(bob.get("/console/connections").await.status, 200);
    ada.is_refused(&form, 409, "Something with this name is there already.").await;
    ada.is_refused(&form.with("login", "BOB"), 409, "Something with this name is there already.").await;

    // Whoever sees one organization makes its users alone, and sees no others.
    let page = eve.get(USERS).await.text;
    assert!(page.contains("<code>bob</code>") && !page.contains("<code>ada</code>"), "{page}");
    for organization in ["", "default"] {
        let form = addition(&eve, "mallory", "administrator", organization).await;
        eve.is_refused(&form, 404, GONE).await;
    }
    assert!(user(&fleet, "mallory").await?.is_null());
    eve.presses(&addition(&eve, "carol", "viewer", "other").await, "The user is made").await;
    assert_eq!(signs_in(&fleet, "carol", PASSWORD).await, 303);
    let (bob, carol) = (id(&fleet, "bob").await?, id(&fleet, "carol").await?);
    let made = written(&fleet, "user.created").await?;
    let made: Vec<_> = made.iter().skip(3).map(|[who, subject, _]| (who, subject)).collect();
    assert_eq!(made, [(&json!("ada"), &json!(bob)), (&json!("eve"), &json!(carol))]);
    Ok(())
}

#[tokio::test]
async fn another_role_counts_at_once_in_a_session_that_is_open() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, grace, eve] = administrators(&fleet).await?;
    add_user(&fleet, "bob", "viewer", None).await?;
    let (bob, bobs) = (Visitor::signed_in(fleet.address(), "bob").await, id(&fleet, "bob").await?);
    let pause = "/console/institutions/harbour/pause";
    assert_eq!(bob.post(pause, &[]).await.status, 403);
    let role = ada.shown(USERS, &format!("/{bobs}/role")).await;
    ada.is_refused_without_token(&role.clone().with("role", "administrator")).await;
    ada.is_refused(&role.clone().with("role", "emperor"), 422, "A role is viewer, operator or administrator.").await;
    assert_eq!(user(&fleet, "bob").await?["role"], "viewer");

    let page = ada.presses(&role.clone().with("role", "operator"), "The user has another role now.").await;
    assert!(page.contains("<td>operator</td>"), "{page}");
    assert_eq!(user(&fleet, "bob").await?["role"], "operator");
    assert_eq!(bob.post(pause, &[]).await.status, 303);
    ada.presses(&role.clone().with("role", "viewer"), "The user has another role now.").await;
    assert_eq!(bob.post("/console/institutions/harbour/resume", &[]).await.status, 403);
    let states = fleet.operator()?.list("/control/v1/institutions").await?;
    let paused = states.iter().filter(|one| one["pausedAt"].is_string()).count();
    assert_eq!(paused, 1, "who lost the role resumed nothing: {states:?}");

    assert_eq!(eve.post(&role.action, &[("role", "administrator")]).await.status, 404, "not of eve's organization");
    let gone = role.to(&format!("{USERS}/{}/role", uuid::Uuid::now_v7()));
    ada.is_refused(&gone, 404, GONE).await;
    is_written(&fleet, "user.roleChanged", &[("ada", &bobs), ("ada", &bobs)]).await?;
    let given: Vec<_> = written(&fleet, "user.roleChanged").await?.into_iter().map(|[.., given]| given).collect();
    assert_eq!(given, [json!({ "role": "operator" }), json!({ "role": "viewer" })]);
    // Nobody does it to themselves, so that an administrator is left whatever one of them presses.
    let of_ada = id(&fleet, "ada").await?;
    assert!(
        !ada.is_offered(USERS, &format!("/{of_ada}/role")).await
            && grace.is_offered(USERS, &format!("/{of_ada}/role")).await
    );
    for (act, value) in [("role", ("role", "viewer")), ("disable", ("", "")), ("password", ("password", ANOTHER))] {
        let refused = ada.post(&format!("{USERS}/{of_ada}/{act}"), &[value]).await;
        assert_eq!(refused.status, 409, "{act}: {}", refused.text);
        assert!(refused.text.contains("another administrator does"), "{act}: {}", refused.text);
    }
    assert_eq!(signs_in(&fleet, "ada", PASSWORD).await, 303);
    assert_eq!(user(&fleet, "ada").await?["role"], "administrator");
    Ok(())
}

#[tokio::test]
async fn who_is_shut_out_has_no_session_and_gets_none_until_they_are_let_in_again() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, grace, eve] = administrators(&fleet).await?;
    add_user(&fleet, "bob", "operator", None).await?;
    let (bob, bobs) = (Visitor::signed_in(fleet.address(), "bob").await, id(&fleet, "bob").await?);
    let disable = ada.shown(USERS, &format!("/{bobs}/disable")).await;
    let old = grace.shown(USERS, &format!("/{bobs}/disable")).await;
    ada.is_refused_without_token(&disable).await;
    assert_eq!(eve.post(&disable.action, &[]).await.status, 404, "not of eve's organization");
    assert_eq!(bob.get("/console").await.status, 200);

    let page = ada.presses(&disable, "The user is shut out, and their sessions have ended.").await;
    assert!(page.contains("Shut out"), "{page}");
    assert_eq!(bob.get("/console").await.location, "/console/login?next=%2Fconsole");
    assert_eq!(bob.post("/console/institutions/harbour/pause", &[]).await.status, 401);
    assert_eq!(signs_in(&fleet, "bob", PASSWORD).await, 401);
    grace.presses(&old, "The user is shut out").await;
    assert!(!ada.is_offered(USERS, &format!("/{bobs}/disable")).await);

    let enable = ada.shown(USERS, &format!("/{bobs}/enable")).await;
    ada.is_refused_without_token(&enable).await;
    assert_eq!(signs_in(&fleet, "bob", PASSWORD).await, 401);
    ada.presses(&enable, "The user can sign in again.").await;
    assert_eq!(bob.get("/console").await.status, 303, "the old session stays ended");
    assert_eq!(signs_in(&fleet, "bob", PASSWORD).await, 303);
    ada.presses(&enable, "The user can sign in again.").await;
    is_written(&fleet, "user.disabled", &[("ada", &bobs)]).await?;
    is_written(&fleet, "user.enabled", &[("ada", &bobs)]).await
}

#[tokio::test]
async fn a_password_that_an_administrator_sets_ends_the_old_one_and_every_session() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, _, eve] = administrators(&fleet).await?;
    add_user(&fleet, "bob", "viewer", None).await?;
    let (bob, bobs) = (Visitor::signed_in(fleet.address(), "bob").await, id(&fleet, "bob").await?);
    let form = ada.shown(USERS, &format!("/{bobs}/password")).await;
    let set = form.clone().with("password", ANOTHER);
    ada.is_refused_without_token(&set).await;
    for unfit in ["", "short", "bob", "aaaaaaaaaaaaaaaa"] {
        ada.is_refused(&form.clone().with("password", unfit), 422, "password: ").await;
    }
    assert_eq!(eve.post(&form.action, &[("password", ANOTHER)]).await.status, 404, "not of eve's organization");
    assert_eq!(bob.get("/console").await.status, 200, "nothing was changed");

    let page = ada.presses(&set, "The user has another password, and their sessions have ended.").await;
    assert!(!page.contains(ANOTHER), "{page}");
    assert_eq!(bob.get("/console").await.status, 303);
    assert_eq!(signs_in(&fleet, "bob", PASSWORD).await, 401);
    assert_eq!(signs_in(&fleet, "bob", ANOTHER).await, 303);
    is_written(&fleet, "user.passwordChanged", &[("ada", &bobs)]).await?;
    let trail = fleet.succeed(&["audit", "list", "--json"]).await?;
    assert!(!trail.contains(ANOTHER) && !fleet.talk().contains(ANOTHER));
    Ok(())
}

/// How a key fares at the API.
async fn fares(key: &Integrator) -> Result<u16, Box<dyn std::error::Error>> {
    Ok(key.call(Method::GET, "/v1/entities", None).await?.status)
}

/// The id in a key.
fn name(key: &str) -> String {
    key.split('_').nth(2).unwrap_or_default().to_owned()
}

/// The key that a page shows, this once.
fn secret(page: &str) -> String {
    let (_, rest) = page.split_once("id=\"secret\">").unwrap_or_default();
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// In how many hours a key ends, as the API tells it.
async fn hours_left(fleet: &Fleet, id: &str) -> Result<i64, Box<dyn std::error::Error>> {
    let key = fleet.operator()?.get(&format!("/control/v1/keys/{id}")).await?;
    let end: Timestamp = text(&key["expiresAt"]).parse()?;
    Ok((end.duration_since(Timestamp::now()).as_secs() + 1_800) / 3_600)
}

#[tokio::test]
async fn a_key_is_made_rotated_given_an_end_and_ended_by_its_buttons() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, grace, eve] = administrators(&fleet).await?;
    let make = ada.shown(KEYS, KEYS).await.with("name", "erp");
    ada.is_refused_without_token(&make).await;
    ada.is_refused(&make.clone().with("days", "0"), 422, "A key ends in 1 to 36,500 days.").await;
    ada.is_refused(&make.clone().with("environment", "moon"), 422, "An environment is live or test.").await;
    ada.is_refused(&make.clone().with("name", " "), 422, "name: ").await;
    let keys = async || fleet.operator()?.list("/control/v1/keys").await.map_err(Box::<dyn std::error::Error>::from);
    assert_eq!(keys().await?.len(), 1, "that of the other organization");

    let made = ada.sends(&make).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let (first, old) = (secret(&made.text), Integrator::new(fleet.address(), &secret(&made.text)));
    assert_eq!(fares(&old).await?, 200);
    assert!(!ada.get(KEYS).await.text.contains(&first), "it is shown once");
    let old_id = name(&first);
    let [rotate, end, revoke] = ["rotate", "end", "revoke"].map(|act| format!("/{old_id}/{act}"));
    let (rotate, end, revoke) =
        (ada.shown(KEYS, &rotate).await, ada.shown(KEYS, &end).await, ada.shown(KEYS, &revoke).await);
    let stale = grace.shown(KEYS, &format!("/{old_id}/rotate")).await;
    for form in [&rotate, &end, &revoke] {
        ada.is_refused_without_token(form).await;
        assert_eq!(eve.post(&form.action, &[("days", "1")]).await.status, 404, "it is another organization's");
    }
    assert!(!eve.get(KEYS).await.text.contains(&old_id));
    assert_eq!((keys().await?.len(), fares(&old).await?), (2, 200), "nothing was done");

    // What takes over works at once, and the old one a day on.
    let rotated = ada.sends(&rotate).await;
    assert_eq!(rotated.status, 201, "{}", rotated.text);
    let new = Integrator::new(fleet.address(), &secret(&rotated.text));
    let new_id = name(new.key());
    assert_eq!((fares(&old).await?, fares(&new).await?), (200, 200), "both are in force");
    assert_eq!(hours_left(&fleet, &old_id).await?, 24);
    for (who, form) in [(&ada, &rotate), (&grace, &stale)] {
        who.is_refused(form, 409, "Another key took over from this one already.").await;
    }
    assert_eq!(keys().await?.len(), 3);

    for days in ["0", "-1", "36501", "soon", ""] {
        ada.is_refused(&end.clone().with("days", days), 422, "A key ends in 1 to 36,500 days.").await;
    }
    assert_eq!(hours_left(&fleet, &old_id).await?, 24);
    ada.presses(&end.clone().with("days", "2"), "The key has another end now.").await;
    assert_eq!((hours_left(&fleet, &old_id).await?, fares(&old).await?), (48, 200));

    let page = ada.presses(&revoke, "The key is ended; it stopped working at once.").await;
    assert!(page.contains("Ended"), "{page}");
    assert_eq!((fares(&old).await?, fares(&new).await?), (401, 200));
    for form in [&rotate, &end] {
        ada.is_refused(form, 409, "The key was revoked or has expired.").await;
    }
    ada.presses(&revoke, "The key is ended").await;
    ada.is_refused(&revoke.to(&format!("{KEYS}/0000000000000000/revoke")), 404, GONE).await;
    is_written(&fleet, "key.rotated", &[("ada", &old_id)]).await?;
    is_written(&fleet, "key.endSet", &[("ada", &old_id)]).await?;
    is_written(&fleet, "key.revoked", &[("ada", &old_id), ("ada", &old_id)]).await?;
    assert_eq!(written(&fleet, "key.rotated").await?[0][2]["successor"], json!(new_id));
    let trail = fleet.succeed(&["audit", "list", "--json"]).await?;
    assert!(!trail.contains(&first) && !trail.contains(new.key()) && !fleet.talk().contains(&first));
    Ok(())
}

#[tokio::test]
async fn who_sees_all_organizations_comes_back_to_the_one_whose_key_they_changed() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let [ada, ..] = administrators(&fleet).await?;
    let page = format!("{KEYS}?organization=other");
    let make = ada.shown(&page, KEYS).await.with("name", "of the other");
    let back = |text: &str| assert!(text.contains(&format!("href=\"{page}\"")), "no way back to {page}: {text}");
    back(&ada.sends(&make.clone().with("name", " ")).await.text);
    let made = ada.sends(&make).await;
    back(&made.text);
    let key = name(&secret(&made.text));
    assert!(!ada.get(KEYS).await.text.contains(&key), "the other organization isn't the first one");
    let [end, rotate, revoke] = ["end", "rotate", "revoke"].map(|act| format!("/{key}/{act}"));
    let end = ada.shown(&page, &end).await;
    back(&ada.sends(&end.clone().with("days", "0")).await.text);
    let told = ada.presses(&end, "The key has another end now.").await;
    assert!(told.contains(&key), "{told}");
    let rotate = ada.shown(&page, &rotate).await;
    back(&ada.sends(&rotate).await.text);
    back(&ada.sends(&rotate).await.text);
    let told = ada.presses(&ada.shown(&page, &revoke).await, "The key is ended").await;
    assert!(told.contains(&key) && told.contains("Ended"), "{told}");
    Ok(())
}
