//! People for whom an OpenID provider vouches: the way there and back in a real browser, by a provider that nobody here
//! wrote.
//!
//! Not here: people who have passwords.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use tests::person::{Browser, Provider, Sight, Trouble};
use tests::world::{Fleet, Plan};

use crate::visitor::Visitor;
use crate::{Outcome, PASSWORD, add_user};

/// A fleet whose people come from a provider at which some have groups.
async fn vouched_for(provider: &Provider) -> Result<Fleet, Trouble> {
    let plan = Plan::new()
        .agents(0)
        .with("console.oidc.issuer", provider.issuer())
        .with("console.oidc.client_id", "bursar")
        .with("console.oidc.client_secret", "of the client")
        .with("console.oidc.name", "the provider")
        .with("console.oidc.administrators", "bank people; bursar-admins")
        .with("console.oidc.viewers", "staff");
    let fleet = plan.start().await?;
    let groups = BTreeMap::from([
        ("ada", vec!["staff", "bursar-admins"]),
        ("grace", vec!["staff"]),
        ("mallory", vec!["bursar-admin"]),
    ]);
    provider.vouches(&format!("{}/console/oidc/callback", fleet.address()), &json!(groups)).await?;
    Ok(fleet)
}

/// Signs in at the provider, which then asks whether that is meant, and comes back.
async fn comes_from_the_provider(person: &tests::person::Person<'_>, name: &str) -> Outcome {
    person.opens("/console/users").await?;
    person.clicks("text=Sign in with the provider").await?;
    person.fills("[name=login]", name).await?;
    person.fills("[name=password]", "any").await?;
    person.clicks("button[type=submit]").await?;
    person.sees("h1", "Authorize").await?;
    person.clicks("button[type=submit]").await?;
    Ok(())
}

#[tokio::test]
async fn who_comes_from_the_provider_has_the_role_that_their_groups_give() -> Outcome {
    let provider = Provider::start().await?;
    let fleet = vouched_for(&provider).await?;
    // A name that is taken stays whose it is.
    add_user(&fleet, "ada", "viewer", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    comes_from_the_provider(&ada, "ada").await?;
    ada.sees("h1", "Users").await?;
    ada.sees("tbody tr", "ada of the provider").await?;
    ada.opens("/console/account").await?;
    ada.sees(".facts", "administrator").await?;
    assert_eq!(ada.does("count", json!({ "on": "[name=old]" })).await?["count"], 0, "the provider has the password");
    let cookies = ada.does("cookies", json!({})).await?;
    let names: Vec<&str> =
        cookies["cookies"].as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"__Host-bursar") && !names.contains(&"__Host-bursar-oidc"), "{names:?}");
    assert!(ada.complaints().await?.is_empty());

    let grace = browser.person("grace", Sight::default()).await?;
    comes_from_the_provider(&grace, "grace").await?;
    grace.sees("h1", "Not allowed").await?;
    grace.opens("/console").await?;
    grace.sees(".who", "grace of the provider (viewer)").await?;
    // Whoever administers gives no role and no password to those who have them from the provider.
    add_user(&fleet, "root", "administrator", None).await?;
    let root = Visitor::signed_in(fleet.address(), "root").await;
    let users: Vec<Value> = serde_json::from_str(&fleet.succeed(&["user", "list", "--json"]).await?)?;
    let of_grace = users.iter().find(|user| user["login"] == "grace").ok_or("grace")?["id"].clone();
    let of_grace = format!("/console/users/{}", of_grace.as_str().unwrap_or_default());
    for (act, field) in [("role", ("role", "administrator")), ("password", ("password", "another horse battery"))] {
        assert!(!root.is_offered("/console/users", &format!("{of_grace}/{act}")).await);
        let refused = root.post(&format!("{of_grace}/{act}"), &[field]).await;
        assert_eq!(refused.status, 422, "{act}: {}", refused.text);
        assert!(refused.text.contains("through the OpenID provider"), "{}", refused.text);
    }
    let ran = fleet.run(&["user", "role", "grace", "administrator"], "").await?;
    assert!(ran.code == Some(2) && ran.stderr.contains("through the OpenID provider"), "{:?} {}", ran.code, ran.stderr);
    grace.opens("/console").await?;
    grace.sees(".who", "grace of the provider (viewer)").await?;
    fleet.succeed(&["user", "disable", "grace"]).await?;
    grace.sees("h1", "Sign in").await?;
    grace.clicks("text=Sign in with the provider").await?;
    grace.sees("h1", "Shut out").await?;

    let mallory = browser.person("mallory", Sight::default()).await?;
    comes_from_the_provider(&mallory, "mallory").await?;
    mallory.sees("h1", "No role").await?;
    let listed = fleet.run(&["user", "list", "--json"], "").await?.stdout;
    assert!(!listed.contains("mallory"), "{listed}");
    assert!(!fleet.talk().contains("of the client"), "the client's secret is in the log");
    Ok(())
}

#[tokio::test]
async fn a_way_back_that_this_browser_didnt_begin_leads_nowhere() -> Outcome {
    let provider = Provider::start().await?;
    let fleet = vouched_for(&provider).await?;
    let browser = Browser::start(fleet.address()).await?;
    let ada = browser.person("ada", Sight::default()).await?;
    assert_eq!(ada.opens("/console/oidc/callback?code=1&state=2").await?, 400);
    // With a ticket of its own, and what somebody else would have it come back with.
    ada.opens("/console/oidc/start").await?;
    assert_eq!(ada.opens("/console/oidc/callback?code=1&state=2").await?, 400);
    assert_eq!(ada.opens("/console/oidc/callback?error=access_denied").await?, 403);
    ada.opens("/console").await?;
    ada.sees("h1", "Sign in").await?;
    // With one that somebody made: it isn't ours, so the provider isn't even asked.
    let made = json!({ "state": "2", "nonce": "n", "verifier": "v".repeat(43), "next": "/console", "until": i64::MAX });
    let made =
        format!("__Host-bursar-oidc={}.{}", URL_SAFE_NO_PAD.encode(made.to_string()), URL_SAFE_NO_PAD.encode([0; 32]));
    let back = "/console/oidc/callback?code=1&state=2";
    let stranger = Visitor::new(fleet.address());
    assert_eq!(stranger.ask(Method::GET, back, None, &[("cookie", &made)]).await.status, 400);
    Ok(())
}

#[tokio::test]
async fn without_the_provider_people_still_have_their_passwords() -> Outcome {
    let provider = Provider::start().await?;
    let fleet = vouched_for(&provider).await?;
    drop(provider);
    add_user(&fleet, "bob", "viewer", None).await?;
    let browser = Browser::start(fleet.address()).await?;
    let bob = browser.person("bob", Sight::default()).await?;
    assert_eq!(bob.opens("/console/oidc/start").await?, 502);
    bob.signs_in("bob", PASSWORD).await?;
    Ok(())
}
