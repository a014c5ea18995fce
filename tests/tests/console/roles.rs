//! Every address × every role × every organization: who gets what, and what goes out with each answer.
//!
//! Not here: what stands on a page.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tests::world::{Fleet, Plan};
use uuid::Uuid;

use crate::visitor::{Page, SAME_SITE, Visitor};
use crate::{Outcome, add_user, draft};

/// The roles, each may do what those before it may.
const ROLES: [&str; 3] = ["viewer", "operator", "administrator"];

/// An address, by what it takes to get there: the role as its place in `ROLES`, and whether it is the whole fleet's.
struct Door {
    method: &'static str,
    /// With `C` for a connection, `W` for a tenant with a webhook and `K` for a key of somebody's.
    path: &'static str,
    role: usize,
    reach: Reach,
}

/// Who gets there, of those who see one organization alone.
#[derive(PartialEq)]
enum Reach {
    /// Everybody: it shows what each reaches.
    Each,
    /// Those of the organization; it isn't there for others.
    Owner,
    /// Nobody.
    Whole,
}

const fn door(method: &'static str, path: &'static str, role: usize, reach: Reach) -> Door {
    Door { method, path, role, reach }
}

/// Every route of the console.
const DOORS: [Door; 57] = [
    door("GET", "/console", 0, Reach::Each),
    door("GET", "/console/events", 0, Reach::Each),
    door("GET", "/console/challenges", 0, Reach::Each),
    door("GET", "/console/attendance", 0, Reach::Each),
    door("POST", "/console/attendance", 1, Reach::Owner),
    door("GET", "/console/connections", 0, Reach::Each),
    door("GET", "/console/connections/C", 0, Reach::Owner),
    door("GET", "/console/runs/N", 0, Reach::Owner),
    door("GET", "/console/runs/N/evidence/N", 0, Reach::Owner),
    door("GET", "/console/runs/N/live", 0, Reach::Owner),
    door("GET", "/console/institutions", 0, Reach::Each),
    door("GET", "/console/institutions/harbour", 0, Reach::Each),
    door("GET", "/console/repair-tickets", 0, Reach::Whole),
    door("GET", "/console/repair-tickets/N", 0, Reach::Whole),
    door("GET", "/console/repair-tickets/N/pages/N", 0, Reach::Whole),
    door("POST", "/console/repair-tickets/N/close", 1, Reach::Whole),
    door("GET", "/console/agents", 0, Reach::Whole),
    door("GET", "/console/dead-letters", 0, Reach::Each),
    door("GET", "/console/webhooks", 0, Reach::Each),
    door("GET", "/console/webhooks/W", 0, Reach::Owner),
    door("GET", "/console/account", 0, Reach::Each),
    door("POST", "/console/account/password", 0, Reach::Each),
    door("POST", "/console/account/sessions/N/end", 0, Reach::Owner),
    door("POST", "/console/challenges/N/answer", 1, Reach::Owner),
    door("POST", "/console/challenges/N/resend", 1, Reach::Owner),
    door("POST", "/console/connections/C/sync", 1, Reach::Owner),
    door("POST", "/console/connections/C/pause", 1, Reach::Owner),
    door("POST", "/console/connections/C/resume", 1, Reach::Owner),
    door("POST", "/console/connections/C/setup-links", 1, Reach::Owner),
    door("POST", "/console/connections/C/setup-links/end", 1, Reach::Owner),
    door("GET", "/console/connections/C/revoke", 1, Reach::Owner),
    door("POST", "/console/institutions/harbour/pause", 1, Reach::Whole),
    door("POST", "/console/institutions/harbour/resume", 1, Reach::Whole),
    door("POST", "/console/institutions/harbour/reset", 1, Reach::Whole),
    door("POST", "/console/agents/N/drain", 1, Reach::Whole),
    door("POST", "/console/agents/N/undrain", 1, Reach::Whole),
    door("POST", "/console/dead-letters/N/revive", 1, Reach::Owner),
    door("POST", "/console/webhooks/W/deliveries/N/repeat", 1, Reach::Owner),
    door("GET", "/console/keys", 2, Reach::Each),
    door("POST", "/console/keys", 2, Reach::Owner),
    door("POST", "/console/keys/K/end", 2, Reach::Owner),
    door("POST", "/console/keys/K/rotate", 2, Reach::Owner),
    door("GET", "/console/users", 2, Reach::Each),
    door("POST", "/console/users", 2, Reach::Whole),
    door("POST", "/console/users/N/role", 2, Reach::Owner),
    door("POST", "/console/users/N/disable", 2, Reach::Owner),
    door("POST", "/console/users/N/enable", 2, Reach::Owner),
    door("POST", "/console/users/N/password", 2, Reach::Owner),
    door("POST", "/console/institutions/harbour/revisions/N/promote", 2, Reach::Whole),
    door("POST", "/console/institutions/harbour/revisions/N/rollback", 2, Reach::Whole),
    door("POST", "/console/institutions/harbour/revisions/N/halt", 2, Reach::Whole),
    door("POST", "/console/repair-tickets/N/accept", 2, Reach::Whole),
    door("POST", "/console/repair-tickets/N/teach", 2, Reach::Whole),
    door("POST", "/console/institutions/harbour/revisions/N/canary", 2, Reach::Whole),
    door("GET", "/console/audit", 2, Reach::Each),
    door("POST", "/console/keys/K/revoke", 2, Reach::Owner),
    // Last, as it ends the connection.
    door("POST", "/console/connections/C/revoke", 1, Reach::Owner),
];

/// What the addresses name.
struct Places {
    connection: String,
    webhook: String,
    key: String,
}

impl Places {
    /// Made by one organization; there is another.
    async fn of(fleet: &Fleet) -> Result<Self, Box<dyn std::error::Error>> {
        let mine = fleet.integrator("default").await?;
        fleet.integrator("other").await?;
        let connection = draft(&mine).await?;
        let webhook = json!({ "url": "https://hooks.example/", "events": ["test"] });
        let webhook = mine.post("/v1/webhooks", &webhook).await?["webhook"]["id"].clone();
        let organizations = fleet.operator()?.list("/control/v1/organizations").await?;
        let tenant = organizations.iter().find(|one| one["slug"] == "default").ok_or("the organization")?;
        let [tenant, webhook] = [&tenant["id"], &webhook].map(|id| id.as_str().unwrap_or_default());
        let key = mine.key().split('_').nth(2).unwrap_or_default().to_owned();
        Ok(Self { connection, webhook: format!("{tenant}/{webhook}"), key })
    }

    fn fill(&self, path: &str) -> String {
        let Self { connection, webhook, key } = self;
        let made = path.replace("/C", &format!("/{connection}")).replace("/W", &format!("/{webhook}"));
        made.replace("/K", &format!("/{key}")).replace("/N", &format!("/{}", Uuid::nil()))
    }
}

#[tokio::test]
async fn each_address_opens_to_its_role_and_to_those_who_reach_it() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let places = Places::of(&fleet).await?;
    let mut visitors = Vec::new();
    for (at, role) in ROLES.into_iter().enumerate() {
        for (reach, organization) in [("all", None), ("own", Some("default")), ("other", Some("other"))] {
            let login = format!("{role}.{reach}");
            add_user(&fleet, &login, role, organization).await?;
            visitors.push((at, reach, Visitor::signed_in(fleet.address(), &login).await));
        }
    }
    let stranger = Visitor::new(fleet.address());
    for Door { method, path, role, reach } in DOORS {
        let made = places.fill(path);
        let page = ask(&stranger, method, &made).await;
        let is_in = if method == "GET" && !path.ends_with("/events") { 303 } else { 401 };
        assert_eq!(page.status, is_in, "{method} {path} for a stranger");
        is_guarded(&page, path);
        for (has, seen, visitor) in &visitors {
            let page = ask(visitor, method, &made).await;
            let who = format!("{method} {path} for {} of {seen}: {}", ROLES[*has], page.status);
            is_guarded(&page, path);
            if *has < role {
                assert_eq!(page.status, 403, "{who}");
            } else if *seen == "other" && reach != Reach::Each || *seen == "own" && reach == Reach::Whole {
                assert_eq!(page.status, 404, "{who}");
            } else {
                assert_ne!(page.status, 403, "{who}");
                assert!(page.status < 500, "{who}: {}", page.text);
                let is_nothing = path.contains("/N");
                assert_eq!(page.status == 404, is_nothing, "{who}: {}", page.text);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_act_is_done_without_its_sessions_token_nor_from_another_site() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let places = Places::of(&fleet).await?;
    for login in ["ada", "eve"] {
        add_user(&fleet, login, "administrator", None).await?;
    }
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let own = ada.token().await;
    let others = Visitor::signed_in(fleet.address(), "eve").await.token().await;
    assert!(!own.is_empty() && own != others);
    let before = fleet.succeed(&["audit", "list", "--json"]).await?;
    for door in DOORS.iter().filter(|door| door.method == "POST") {
        let path = places.fill(door.path);
        let elsewhere = ("sec-fetch-site", "cross-site");
        for (token, from) in [("", SAME_SITE), (others.as_str(), SAME_SITE), (own.as_str(), elsewhere)] {
            let fields = [("role", "viewer"), ("organization", "default"), ("token", token)];
            let page = ada.form(&path, &fields, &[from]).await;
            assert_eq!(page.status, 403, "{path} with {token:?} from {from:?}: {}", page.text);
        }
    }
    assert_eq!(fleet.succeed(&["audit", "list", "--json"]).await?, before, "something was done");
    Ok(())
}

#[tokio::test]
async fn an_institutions_page_tells_one_organization_nothing_of_the_others() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    fleet.integrator("default").await?;
    add_user(&fleet, "ada", "operator", None).await?;
    add_user(&fleet, "bob", "administrator", Some("default")).await?;
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let reason = [("reason", "Umbrella Corp. is locked out there")];
    assert_eq!(ada.post("/console/institutions/harbour/pause", &reason).await.status, 303);
    let bob = Visitor::signed_in(fleet.address(), "bob").await;
    let of_all =
        ["Umbrella Corp.", "How runs ended", "Ways that were lost", "How far its pages drift", "Repair tickets"];
    let page = async |visitor: &Visitor| visitor.get("/console/institutions/harbour").await.text;
    let (all, own) = (page(&ada).await, page(&bob).await);
    for text in of_all {
        assert!(all.contains(text), "{text} is for those who see all: {all}");
        assert!(!own.contains(text), "{text} is told to one organization: {own}");
    }
    assert!(own.contains("Paused"), "that it is paused concerns everybody: {own}");
    let list = async |visitor: &Visitor| visitor.get("/console/institutions").await.text;
    let (all, own) = (list(&ada).await, list(&bob).await);
    for text in ["Ready runs", "Leases", "Oldest waits"] {
        assert!(all.contains(text) && !own.contains(text), "{text}");
    }
    assert!(!all.contains("Umbrella") && !own.contains("Umbrella"));
    Ok(())
}

#[test]
fn the_table_has_every_route() {
    let source = include_str!("../../../coordinator/src/console/routes.rs");
    let mut routes = BTreeSet::new();
    for (path, rest) in source.split(".route(\"").skip(1).filter_map(|route| route.split_once('"')) {
        let rest = rest.split(".route(").next().unwrap_or_default();
        for (verb, method) in [("get(", "GET"), ("post(", "POST")] {
            if rest.contains(verb) {
                routes.insert(format!("{method} {}", shape(path)));
            }
        }
    }
    // What needs no session, or ends it; and sockets, of which `live` and `wheel` try who may open them.
    for apart in [
        "GET /console/",
        "GET /console/login",
        "POST /console/login",
        "GET /console/assets/*",
        "GET /console/oidc/start",
        "GET /console/oidc/callback",
        "GET /console/runs/*/live/socket",
        "GET /console/runs/*/live/passed-on",
        "GET /console/*",
        "POST /console/*",
        "POST /console/logout",
        "POST /console/account/sessions/end",
    ] {
        assert!(routes.remove(apart), "{apart} is gone");
    }
    let here = DOORS.iter().map(|door| format!("{} {}", door.method, shape(&door.path.replace("/W", "/W/W"))));
    assert_eq!(here.collect::<BTreeSet<_>>(), routes);
}

/// A path with a star for whatever is named in it.
fn shape(path: &str) -> String {
    let star = |part: &str| part.starts_with('{') || ["C", "W", "K", "N", "harbour"].contains(&part);
    path.split('/').map(|part| if star(part) { "*" } else { part }).collect::<Vec<_>>().join("/")
}

async fn ask(visitor: &Visitor, method: &str, path: &str) -> Page {
    if path.ends_with("/events") && !visitor.cookie.is_empty() {
        // It goes on for as long as the session.
        let stream = visitor.listen().await;
        let headers = stream.headers().clone();
        let policy = headers["content-security-policy"].to_str().unwrap_or_default().to_owned();
        let status = stream.status().as_u16();
        return Page { status, text: String::new(), location: String::new(), policy, headers };
    }
    match method {
        "GET" => visitor.ask(Method::GET, path, None, &[]).await,
        // What makes no sense as a form is refused for that, after who asks was looked at.
        _ => {
            let is_of_one = ["/keys", "/attendance"].iter().any(|end| path.ends_with(end));
            let fields = [("role", "viewer"), ("organization", if is_of_one { "default" } else { "" })];
            visitor.post(path, &fields).await
        }
    }
}

/// What goes out with every answer.
fn is_guarded(page: &Page, path: &str) {
    for rule in ["default-src 'none'", "base-uri 'none'"] {
        assert!(page.policy.contains(rule), "{path}: {}", page.policy);
    }
    assert!(!page.policy.contains("unsafe"), "{path}: {}", page.policy);
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(page.headers.get(name).and_then(|value| value.to_str().ok()), Some(value), "{path}: {name}");
    }
    let kept = page.headers.get("cache-control").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(kept.contains("no-store") || path.ends_with("/events"), "{path}: {kept}");
}
