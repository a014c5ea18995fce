//! The set-up page, as a customer meets it: in a real browser, with scripts and without, and over HTTP where somebody has
//! another thing in mind.
//!
//! Not here: what tokens are made of; the coordinator's own tests have that.

use reqwest::{Method, StatusCode, redirect};
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::person::{Browser, Person, Sight};
use tests::world::{Fleet, Plan};

use crate::{Outcome, draft, plan};

type Failure = Box<dyn std::error::Error>;

/// The path of a new link to the connection's page.
async fn link(integrator: &Integrator, connection: &str) -> Result<String, Failure> {
    let made = integrator.post(&format!("/v1/connections/{connection}/setupLinks"), &Value::Null).await?;
    let url: reqwest::Url = made["url"].as_str().unwrap_or_default().parse()?;
    Ok(url.path().to_owned())
}

async fn gives(customer: &Person<'_>, username: &str, password: &str) -> Outcome {
    customer.fills("#bankUsername", username).await?;
    customer.fills("#password", password).await?;
    customer.clicks("form.stack button.primary").await
}

/// A browser's form, as far as headers go.
async fn post(fleet: &Fleet, path: &str, origin: &str, fields: &[(&str, &str)]) -> Result<reqwest::Response, Failure> {
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy().build()?;
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(format!("{}{path}", fleet.address())).header("origin", origin);
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(fields).send().await?)
}

async fn get(fleet: &Fleet, path: &str) -> Result<reqwest::Response, Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client.get(format!("{}{path}", fleet.address())).send().await?)
}

#[tokio::test]
async fn a_customer_sets_a_connection_up_alone() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = draft(&integrator).await?;
    let path = link(&integrator, &id).await?;
    let browser = Browser::start(fleet.address()).await?;
    let customer = browser.person("customer", Sight::default()).await?;
    assert_eq!(customer.opens(&path).await?, 200);
    customer.sees("h1", "Connect Harbour Business Bank").await?;
    customer.sees("ol.steps li", "Sign in to Harbour online banking").await?;
    let instructions = integrator.get(&format!("/v1/connections/{id}")).await?["setup"]["instructions"].clone();
    customer.sees("#username", instructions["username"].as_str().unwrap_or_default()).await?;
    customer.sees("button[data-copy=username]", "Copy").await?;
    // The bank refuses the first password: its own words, and the form again.
    gives(&customer, fleet.portal.username(), "not-the-password").await?;
    customer.sees("h1", "refused the sign-in details").await?;
    customer.sees("blockquote", "is not recognised").await?;
    gives(&customer, fleet.portal.username(), fleet.portal.password()).await?;
    customer.sees("h1", "asks something").await?;
    customer.sees("blockquote", "(•••) •••-0142").await?;
    let code = fleet.code(1).await.ok_or("no text message came")?;
    customer.fills("#answer", &code).await?;
    customer.clicks("form.answer button").await?;
    // From here on nobody touches the page.
    customer.sees("h1", "Harbour Business Bank is connected").await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    assert_eq!(customer.complaints().await?, Vec::<String>::new());
    assert_eq!(customer.opens(&path).await?, 200);
    customer.sees("h1", "is connected").await?;
    // Whoever has the link from now on changes nothing: what the customer did, below, is all.
    for act in ["credentials", "again"] {
        let fields = [("bankUsername", "mallory"), ("password", "another")];
        let late = post(&fleet, &format!("{path}/{act}"), fleet.address(), &fields).await?;
        let to = late.headers().get("location").and_then(|to| to.to_str().ok()).or(late.url().query());
        assert!(to.is_some_and(|to| to.ends_with("said=late")), "{act}: {to:?}");
    }

    let events = integrator.list(&format!("/v1/connections/{id}/events")).await?;
    let by_customer: Vec<&str> =
        events.iter().filter(|event| event["actor"] == "endUser").filter_map(|event| event["cause"].as_str()).collect();
    assert_eq!(by_customer, ["credentialsGiven", "setupCompleted", "credentialsGiven", "setupCompleted"]);
    let trail: Vec<Value> =
        serde_json::from_str(&fleet.succeed(&["audit", "list", "--connection", &id, "--json"]).await?)?;
    let by_link = trail.iter().filter(|entry| entry["actor"]["kind"] == "setupLink");
    let by_link: Vec<&str> = by_link.filter_map(|entry| entry["action"].as_str()).collect();
    assert!(by_link.contains(&"challenge.answered") && by_link.contains(&"connection.setupCompleted"), "{by_link:?}");
    let token = path.rsplit('/').next().unwrap_or_default();
    let said = format!("{}{}", fleet.talk(), serde_json::to_string(&trail)?);
    assert!(!said.contains(token), "the link was written down");
    Ok(())
}

#[tokio::test]
async fn a_customer_without_scripts_sets_a_connection_up_too() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = draft(&integrator).await?;
    let path = link(&integrator, &id).await?;
    let browser = Browser::start(fleet.address()).await?;
    let customer = browser.person("customer", Sight { without_scripts: true, ..Sight::default() }).await?;
    customer.opens(&path).await?;
    assert_eq!(customer.does("count", json!({ "on": "[data-copy]:not([hidden])" })).await?["count"], 0);
    gives(&customer, fleet.portal.username(), fleet.portal.password()).await?;
    // The page loads itself again.
    customer.sees("h1", "asks something").await?;
    customer.fills("#answer", &fleet.code(1).await.ok_or("no text message came")?).await?;
    customer.clicks("form.answer button").await?;
    customer.sees("h1", "is connected").await?;
    Ok(())
}

#[tokio::test]
async fn no_state_of_the_page_complains_or_keeps_anybody_out() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let asked = draft(&integrator).await?;
    let path = link(&integrator, &asked).await?;
    let mut pages = vec![(path.clone(), 200), ("/setup/nothing".to_owned(), 404)];
    for (entity, password) in [("fresh", None), ("refused", Some("wrong wrong"))] {
        let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": entity })).await?;
        let connection = json!({ "entityId": entity["entityId"], "institutionId": "harbour" });
        let connection = integrator.post("/v1/connections", &connection).await?;
        let id = connection["id"].as_str().unwrap_or_default().to_owned();
        if let Some(password) = password {
            let given = json!({ "bankUsername": "somebody.else", "password": password });
            integrator.put(&format!("/v1/connections/{id}/credentials"), &given).await?;
            integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
            integrator.connection(&id, "a failure", |now| !now["setup"]["lastFailure"].is_null()).await?;
        }
        pages.push((link(&integrator, &id).await?, 200));
    }
    let browser = Browser::start(fleet.address()).await?;
    let first = browser.person("first", Sight::default()).await?;
    first.opens(&path).await?;
    gives(&first, fleet.portal.username(), fleet.portal.password()).await?;
    first.sees("h1", "asks something").await?;
    let mut faults = Vec::new();
    for (dark, phone) in [(false, false), (true, false), (false, true), (true, true)] {
        let name = format!("dark {dark}, phone {phone}");
        let customer = browser.person(&name, Sight { dark, phone, without_scripts: false }).await?;
        for (path, status) in &pages {
            assert_eq!(customer.opens(path).await?, *status, "{path}");
            let title = customer.sees("h1", "").await?;
            let found = customer.barriers().await?.into_iter().chain(customer.complaints().await?);
            faults.extend(found.map(|what| format!("{name} {title}: {what}")));
            let beyond = customer.does("wide", json!({})).await?["beyond"].as_i64().unwrap_or_default();
            if beyond > 0 {
                faults.push(format!("{name} {title}: {beyond} pixels wider than the screen"));
            }
            if let Some(folder) = std::env::var_os("BURSAR_TEST_PICTURES").map(std::path::PathBuf::from) {
                let file = folder.join(format!("setup {title} {name}.png").replace([' ', ','], "-"));
                customer.does("picture", json!({ "file": file })).await?;
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[tokio::test]
async fn a_link_is_good_for_its_connection_until_it_is_ended() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let (integrator, other) = (fleet.integrator("default").await?, fleet.integrator("other").await?);
    let id = draft(&integrator).await?;
    let path = link(&integrator, &id).await?;
    let page = get(&fleet, &path).await?;
    assert_eq!(page.status(), StatusCode::OK);
    let header = |name: &str| page.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
    assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
    assert_eq!((header("referrer-policy"), header("cache-control")), ("no-referrer", "no-store"));
    assert!(header("x-robots-tag").contains("noindex"));

    let links = format!("/v1/connections/{id}/setupLinks");
    for method in [Method::POST, Method::DELETE] {
        assert_eq!(other.call(method, &links, None).await?.status, 404, "another organization has no such connection");
    }
    // A form of another site, and one that says nothing of where it is from.
    let fields = [("bankUsername", "a"), ("password", "b")];
    for origin in ["https://evil.example", "null"] {
        let refused = post(&fleet, &format!("{path}/credentials"), origin, &fields).await?;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let shown = integrator.get(&format!("/v1/connections/{id}")).await?;
    assert_eq!(shown["setup"]["credentialsPresent"], false, "nothing was given");

    assert_eq!(integrator.call(Method::DELETE, &links, None).await?.status, 204);
    for path in [path.as_str(), &format!("{path}/credentials")] {
        assert_eq!(get(&fleet, path).await?.status(), StatusCode::NOT_FOUND);
    }
    let late = post(&fleet, &format!("{path}/credentials"), fleet.address(), &fields).await?;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
    let anew = link(&integrator, &id).await?;
    assert_eq!(get(&fleet, &anew).await?.status(), StatusCode::OK);
    integrator.post(&format!("/v1/connections/{id}/revoke"), &Value::Null).await?;
    assert_eq!(get(&fleet, &anew).await?.status(), StatusCode::NOT_FOUND, "it ends with its connection");
    let refused = integrator.call(Method::POST, &links, None).await?;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("illegal_state")));
    Ok(())
}

#[tokio::test]
async fn guessing_is_slowed_down_and_a_link_expires() -> Outcome {
    let fleet = Plan::new().agents(0).with("setup.link_term", "1s").start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = draft(&integrator).await?;
    let path = link(&integrator, &id).await?;
    let expired = tests::patience::eventually(async || {
        let page = get(&fleet, &path).await.ok()?;
        (page.status() == StatusCode::NOT_FOUND).then_some(page)
    });
    let expired = expired.await.ok_or("the link goes on being good")?.text().await?;
    let mut told = Vec::new();
    for number in 0..40 {
        let guess = get(&fleet, &format!("/setup/{}{number}", "A".repeat(94))).await?;
        told.push(guess.status());
        if guess.status() == StatusCode::NOT_FOUND {
            assert_eq!(guess.text().await?, expired, "which of both it is isn't told");
        }
    }
    assert!(told.contains(&StatusCode::TOO_MANY_REQUESTS), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn the_page_carries_the_brand_and_shows_in_the_frames_that_the_settings_name() -> Outcome {
    let folder = tempfile::tempdir()?;
    let logo = folder.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>")?;
    let fleet = Plan::new()
        .agents(0)
        .with("setup.brand.name", "Ledgerly & Co")
        .with("setup.brand.logo", &logo.display().to_string())
        .with("setup.brand.accent", "#c2407a")
        .with("setup.frame_ancestors", "https://app.example https://shop.example")
        .start()
        .await?;
    let integrator = fleet.integrator("default").await?;
    let path = link(&integrator, &draft(&integrator).await?).await?;
    let page = get(&fleet, &path).await?;
    let policy = page.headers().get("content-security-policy").ok_or("a policy")?.to_str()?.to_owned();
    assert!(policy.ends_with("frame-ancestors https://app.example https://shop.example"), "{policy}");
    let text = page.text().await?;
    assert!(text.contains("alt=\"Ledgerly &amp; Co\""), "{text}");
    let asset = |extension: &str| {
        let end = text.find(extension)? + extension.len();
        Some(text[text[..end].rfind("/setup/assets/")?..end].to_owned())
    };
    let logo = get(&fleet, &asset(".svg").ok_or("a logo")?).await?;
    assert_eq!(logo.headers()["content-type"], "image/svg+xml");
    assert!(logo.headers()["content-security-policy"].to_str()?.contains("sandbox"));
    let style = get(&fleet, &asset(".css").ok_or("a stylesheet")?).await?.text().await?;
    assert!(style.ends_with(":root { --accent: #c2407a; --accent-ink: #ffffff; }\n"), "{style}");
    let faint = Plan::new().agents(0).with("setup.brand.accent", "#ffee99").start().await;
    let refused = faint.err().ok_or("a colour that can't be seen was taken")?.to_string();
    assert!(refused.contains("3:1 is needed"), "{refused}");
    Ok(())
}
