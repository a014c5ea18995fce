//! The set-up page, as a customer meets it: in a real browser, with scripts and without, and over HTTP where somebody has
//! another thing in mind.
//!
//! Not here: what tokens are made of; the coordinator's own tests have that.

use reqwest::{Method, StatusCode, redirect};
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::eventually;
use tests::person::{Browser, Person, Sight};
use tests::world::{Fleet, Plan};

use crate::visitor::Visitor;
use crate::{Outcome, add_user, draft, plan};

type Failure = Box<dyn std::error::Error>;

/// The path of a new link to the connection's page.
pub(crate) async fn link(integrator: &Integrator, connection: &str) -> Result<String, Failure> {
    let made = integrator.post(&format!("/v1/connections/{connection}/setupLinks"), &Value::Null).await?;
    let url: reqwest::Url = made["url"].as_str().unwrap_or_default().parse()?;
    Ok(url.path().to_owned())
}

pub(crate) async fn gives(customer: &Person<'_>, username: &str, password: &str) -> Outcome {
    customer.fills("#bankUsername", username).await?;
    customer.fills("#password", password).await?;
    customer.clicks("form.stack button.primary").await
}

/// A browser's form, as far as headers go.
async fn post(fleet: &Fleet, path: &str, origin: &str, fields: &[(&str, &str)]) -> Result<reqwest::Response, Failure> {
    let client = tests::client::client().redirect(redirect::Policy::none()).build()?;
    let fields = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(format!("{}{path}", fleet.address())).header("origin", origin);
    Ok(request.header("content-type", "application/x-www-form-urlencoded").body(fields).send().await?)
}

async fn get(fleet: &Fleet, path: &str) -> Result<reqwest::Response, Failure> {
    let client = tests::client::client().build()?;
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

/// A site of somebody's with a page that has another one in a frame.
async fn site(frame: String, listener: tokio::net::TcpListener) {
    let page = format!("<!doctype html><title>Site</title><h1>Site</h1><iframe src=\"{frame}\"></iframe>");
    let router = axum::Router::new().route("/", axum::routing::get(|| async { axum::response::Html(page) }));
    let _ = axum::serve(listener, router).await;
}

#[tokio::test]
async fn the_page_shows_in_a_frame_of_an_origin_that_the_settings_name_and_in_no_other() -> Outcome {
    let [named, other] =
        [tokio::net::TcpListener::bind("127.0.0.1:0").await?, tokio::net::TcpListener::bind("127.0.0.1:0").await?];
    let origin = |listener: &tokio::net::TcpListener| listener.local_addr().map(|address| format!("http://{address}"));
    let [named_origin, other_origin] = [origin(&named)?, origin(&other)?];
    let fleet = Plan::new().agents(0).with("setup.frame_ancestors", &named_origin).start().await?;
    let integrator = fleet.integrator("default").await?;
    let path = link(&integrator, &draft(&integrator).await?).await?;
    for listener in [named, other] {
        tokio::spawn(site(format!("{}{path}", fleet.address()), listener));
    }
    let browser = Browser::start(&named_origin).await?;
    let customer = browser.person("framed", Sight::default()).await?;
    customer.opens("/").await?;
    customer.does("framed", json!({ "on": "h1", "text": "Connect Harbour Business Bank" })).await?;
    let stranger = Browser::start(&other_origin).await?;
    let customer = stranger.person("elsewhere", Sight::default()).await?;
    customer.opens("/").await?;
    customer.sees("h1", "Site").await?;
    let complaints = eventually(async || {
        let complaints = customer.complaints().await.ok()?;
        complaints.iter().any(|one| one.contains("frame-ancestors")).then_some(complaints)
    });
    complaints.await.ok_or("the browser shows it in a frame of another origin")?;
    Ok(())
}

#[tokio::test]
async fn a_paused_connection_says_so_on_its_page_and_an_old_complaint_is_gone() -> Outcome {
    let fleet = plan().start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = draft(&integrator).await?;
    let path = link(&integrator, &id).await?;
    let incomplete = format!("{path}?said=incomplete");
    assert!(get(&fleet, &incomplete).await?.text().await?.contains("Please fill in every field"));
    let given = json!({ "bankUsername": fleet.portal.username(), "password": fleet.portal.password() });
    integrator.put(&format!("/v1/connections/{id}/credentials"), &given).await?;
    integrator.put(&format!("/v1/connections/{id}/setupCompletion"), &Value::Null).await?;
    assert!(!get(&fleet, &incomplete).await?.text().await?.contains("Please fill in"), "the form is behind one");
    let challenge = integrator.open_challenge(&id, None).await?;
    integrator.answer(&id, &challenge, &fleet.code(1).await.ok_or("no text message came")?).await?;
    integrator.connection(&id, "active", |now| now["status"] == "active").await?;
    integrator.post(&format!("/v1/connections/{id}/pause"), &Value::Null).await?;
    let page = get(&fleet, &incomplete).await?.text().await?;
    assert!(page.contains("Harbour Business Bank is paused") && !page.contains("Please fill in"), "{page}");
    Ok(())
}

#[tokio::test]
async fn the_key_of_an_authenticator_is_asked_for_where_the_bank_asks_for_its_codes() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let plain = link(&integrator, &draft(&integrator).await?).await?;
    assert!(!get(&fleet, &plain).await?.text().await?.contains("totpSecret"));
    let entity = integrator.post("/v1/entities", &json!({ "externalEntityId": "keyed" })).await?;
    let connection = json!({ "entityId": entity["entityId"], "institutionId": "threshold" });
    let connection = integrator.post("/v1/connections", &connection).await?;
    let id = connection["id"].as_str().unwrap_or_default();
    let path = link(&integrator, id).await?;
    assert!(get(&fleet, &path).await?.text().await?.contains("name=\"totpSecret\""));
    let give = async |key: &str| {
        let fields = [("bankUsername", "a"), ("password", "b"), ("totpSecret", key)];
        let answer = post(&fleet, &format!("{path}/credentials"), fleet.address(), &fields).await?;
        let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default().to_owned();
        Ok::<_, Failure>(to)
    };
    assert!(give("not a key!").await?.ends_with("said=noKey"));
    assert!(give("GEZD GNBV GY3T QOJQ").await?.ends_with("said=begun"));
    let shown = integrator.get(&format!("/v1/connections/{id}")).await?;
    assert_eq!(shown["authenticator"], "ready", "{shown}");
    Ok(())
}

#[tokio::test]
async fn an_operator_makes_a_link_that_works_and_ends_all_of_them_and_the_trail_says_who() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let integrator = fleet.integrator("default").await?;
    let id = draft(&integrator).await?;
    add_user(&fleet, "ada", "operator", None).await?;
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let of_it = format!("/console/connections/{id}");
    assert!(ada.get(&of_it).await.text.contains("Make a set-up link"));
    let made = ada.post(&format!("{of_it}/setup-links"), &[]).await;
    assert_eq!(made.status, 201);
    let from = made.text.find("/setup/").ok_or("a link")?;
    let path: String = made.text[from..].chars().take_while(|sign| *sign != '<').collect();
    assert_eq!(get(&fleet, &path).await?.status(), StatusCode::OK);
    assert_eq!(ada.post(&format!("{of_it}/setup-links/end"), &[]).await.status, 303);
    assert_eq!(get(&fleet, &path).await?.status(), StatusCode::NOT_FOUND);
    let trail: Vec<Value> =
        serde_json::from_str(&fleet.succeed(&["audit", "list", "--connection", &id, "--json"]).await?)?;
    for action in ["setupLink.created", "setupLink.revoked"] {
        let entry = trail.iter().find(|entry| entry["action"] == action).ok_or(action)?;
        assert_eq!(
            (&entry["actor"]["kind"], &entry["actor"]["name"]),
            (&json!("consoleUser"), &json!("ada")),
            "{entry}"
        );
    }
    let token = path.rsplit('/').next().unwrap_or_default();
    assert!(!format!("{trail:?}{}", fleet.talk()).contains(token), "the link was written down");
    Ok(())
}
