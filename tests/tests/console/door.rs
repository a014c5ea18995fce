//! Who comes in, for how long, and what a form has to show.
//!
//! Not here: which role opens which page (`roles`).

use std::time::{Duration, Instant};

use tests::patience::{eventually, lasting};
use tests::world::Plan;

use crate::pressing::written;
use crate::visitor::{SAME_SITE, Visitor};
use crate::{Outcome, PASSWORD, add_user};

#[tokio::test]
async fn a_form_of_another_site_or_session_changes_nothing() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "operator", None).await?;
    add_user(&fleet, "bob", "operator", None).await?;
    let (ada, bob) =
        (Visitor::signed_in(fleet.address(), "ada").await, Visitor::signed_in(fleet.address(), "bob").await);
    let (path, own, others) = ("/console/institutions/harbour/pause", ada.token().await, bob.token().await);
    let check = async |token: &str, headers: &[(&str, &str)], expected: u16| {
        let page = ada.form(path, &[("token", token)], headers).await;
        assert_eq!(page.status, expected, "{token} {headers:?}");
    };
    assert!(own.len() == 64 && own != others);
    check("", &[SAME_SITE], 403).await;
    check(&others, &[SAME_SITE], 403).await;
    check(&own, &[], 403).await;
    check(&own, &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")], 403).await;
    check(&own, &[("sec-fetch-site", "same-site")], 403).await;
    check(&own, &[("origin", "https://evil.example")], 403).await;
    check(&own, &[("origin", "null")], 403).await;
    let states = fleet.operator()?.list("/control/v1/institutions").await?;
    assert!(states.iter().all(|state| state["pausedAt"].is_null()), "nothing was paused");
    check(&own, &[SAME_SITE], 303).await;
    check(&own, &[("origin", fleet.address())], 303).await;
    // Nobody is signed in as somebody else by a page elsewhere, either.
    let stranger = Visitor::new(fleet.address());
    let fields = [("login", "ada"), ("password", PASSWORD)];
    assert_eq!(stranger.form("/console/login", &fields, &[("sec-fetch-site", "cross-site")]).await.status, 403);
    Ok(())
}

#[tokio::test]
async fn who_guesses_is_stopped_and_learns_nothing_of_who_there_is() -> Outcome {
    let plan = Plan::new().agents(0).with("console.attempts_per_name", "3").with("console.attempts_per_address", "9");
    let fleet = plan.start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let mut visitor = Visitor::new(fleet.address());
    let mut said = Vec::new();
    for name in ["ada", "nobody"] {
        let mut pages = Vec::new();
        for _ in 0..4 {
            let page = visitor.sign_in(name, "wrong wrong wrong").await;
            pages.push((page.status, page.headers.contains_key("retry-after")));
        }
        let stopped = vec![(401, false), (401, false), (401, false), (429, true)];
        assert_eq!(pages, stopped, "{name}");
        said.push(visitor.sign_in(name, PASSWORD).await.text);
    }
    let without_numbers = |text: &str| text.chars().filter(|letter| !letter.is_ascii_digit()).collect::<String>();
    assert_eq!(without_numbers(&said[0]), without_numbers(&said[1]), "also the right password is told the same");
    // Six of nine attempts from here came to nothing; three more, and the address is stopped for any name.
    for name in ["eve1", "eve2", "eve3"] {
        assert_eq!(visitor.sign_in(name, "wrong wrong wrong").await.status, 401);
    }
    assert_eq!(visitor.sign_in("eve4", "wrong wrong wrong").await.status, 429);
    // The trail has what happened to a user; names that nobody has, and addresses, are only counted.
    let told = eventually(async || {
        let blocked = fleet.succeed(&["audit", "list", "--action", "signIn.blocked"]).await.ok()?;
        (blocked.lines().count() > 1).then_some(blocked)
    });
    let blocked = told.await.ok_or("the block isn't in the trail")?;
    assert_eq!(blocked.lines().count(), 2, "{blocked}");
    assert!(!blocked.contains("eve") && !blocked.contains("wrong"), "{blocked}");
    Ok(())
}

#[tokio::test]
async fn another_password_takes_the_old_one_and_opens_nothing_by_itself() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let ada = Visitor::signed_in(fleet.address(), "ada").await;
    let change =
        async |old: &str, new: &str| ada.post("/console/account/password", &[("old", old), ("new", new)]).await;
    let another = "another horse battery";
    // What can't be a password is told before the old one is looked at, however wrong that is.
    for _ in 0..9 {
        assert_eq!(change("wrong wrong wrong", "short").await.status, 422);
    }
    assert_eq!(change("wrong wrong wrong", another).await.status, 422);
    assert_eq!(ada.get("/console/account").await.status, 200, "nothing was changed");
    assert_eq!(change(PASSWORD, another).await.status, 303);
    assert_eq!(ada.get("/console/account").await.status, 303, "every session ends");
    let mut anew = Visitor::new(fleet.address());
    assert_eq!(anew.sign_in("ada", PASSWORD).await.status, 401);
    assert_eq!(anew.sign_in("ada", another).await.status, 303);
    let opened = fleet.succeed(&["audit", "list", "--action", "session.opened"]).await?;
    assert_eq!(opened.lines().count(), 3, "two sign-ins, and no session of the change: {opened}");
    Ok(())
}

#[tokio::test]
async fn a_name_that_nobody_has_takes_as_long_as_a_wrong_password() -> Outcome {
    let fleet =
        Plan::new().agents(0).with("console.attempts_per_name", "100").with("console.attempts_per_address", "900");
    let fleet = fleet.start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let mut visitor = Visitor::new(fleet.address());
    let mut fastest = [Duration::MAX; 2];
    // The first guess makes what the others are held against.
    visitor.sign_in("warm", "wrong wrong wrong").await;
    for _ in 0..8 {
        for (at, name) in ["ada", "nobody"].into_iter().enumerate() {
            let started = Instant::now();
            visitor.sign_in(name, "wrong wrong wrong").await;
            fastest[at] = fastest[at].min(started.elapsed());
        }
    }
    // The fastest of several is the work alone; leaving the hash out would be ten times as fast.
    let [known, unknown] = fastest;
    assert!(unknown * 2 > known && known * 2 > unknown, "{fastest:?}");
    Ok(())
}

#[tokio::test]
async fn a_session_ends_by_itself_by_its_owner_and_with_its_user() -> Outcome {
    let fleet = Plan::new().agents(0).with("console.idle", "6s").with("console.longest", "1h").start().await?;
    add_user(&fleet, "ada", "administrator", None).await?;
    add_user(&fleet, "bob", "viewer", None).await?;
    let ended = async |visitor: &Visitor| {
        let ended = eventually(async || (visitor.get("/console/account").await.status == 303).then_some(())).await;
        assert!(ended.is_some(), "the session goes on");
    };
    // Whoever goes on is kept in, and what a page asks by itself keeps nobody in.
    let busy = Visitor::signed_in(fleet.address(), "ada").await;
    let idle = Visitor::signed_in(fleet.address(), "bob").await;
    let by_itself = [("x-by-itself", "1")];
    let out = eventually(async || {
        lasting(Duration::from_millis(200)).await;
        assert_eq!(busy.get("/console/account").await.status, 200, "who goes on was signed out");
        let page = idle.ask(reqwest::Method::GET, "/console", None, &by_itself).await;
        (page.status == 401).then_some(())
    });
    assert!(out.await.is_some(), "a page that asks by itself kept its session alive");
    // Signing out ends it on the server, and everywhere if that is wanted.
    let (one, other) =
        (Visitor::signed_in(fleet.address(), "bob").await, Visitor::signed_in(fleet.address(), "bob").await);
    assert_eq!(one.post("/console/logout", &[]).await.status, 303);
    assert_eq!(one.get("/console").await.location, "/console/login?next=%2Fconsole");
    assert_eq!(other.get("/console").await.status, 200);
    let third = Visitor::signed_in(fleet.address(), "bob").await;
    assert_eq!(third.post("/console/account/sessions/end", &[]).await.status, 303);
    ended(&other).await;
    // Whoever is shut out has no session any more, and gets none.
    let mut last = Visitor::signed_in(fleet.address(), "bob").await;
    fleet.succeed(&["user", "disable", "bob"]).await?;
    ended(&last).await;
    assert_eq!(last.sign_in("bob", PASSWORD).await.status, 401);
    // So does another password.
    fleet.succeed(&["user", "enable", "bob"]).await?;
    let last = Visitor::signed_in(fleet.address(), "bob").await;
    assert_eq!(fleet.run(&["user", "password", "bob"], "another horse battery\n").await?.code, Some(0));
    ended(&last).await;
    Ok(())
}

#[tokio::test]
async fn one_of_ones_own_sessions_is_ended_and_nobody_elses() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    add_user(&fleet, "eve", "administrator", None).await?;
    let account = "/console/account";
    let left_open = Visitor::signed_in(fleet.address(), "ada").await;
    let (ada, eve) =
        (Visitor::signed_in(fleet.address(), "ada").await, Visitor::signed_in(fleet.address(), "eve").await);
    let end = ada.shown(account, "/end").await;
    assert!(!end.action.ends_with("/sessions/end"), "the one that is left open stands before all of them");
    ada.is_refused_without_token(&end).await;
    assert_eq!(eve.post(&end.action, &[]).await.status, 404, "it is ada's");
    assert_eq!(left_open.get(account).await.status, 200);

    let page = ada.presses(&end, "The session is ended.").await;
    assert!(page.contains("this one") && !page.contains(&end.action), "{page}");
    assert_eq!(left_open.get(account).await.status, 303);
    ada.is_refused(&end, 404, "There is no such thing").await;
    assert_eq!(ada.get(account).await.status, 200);
    let closed = written(&fleet, "session.closed").await?;
    assert_eq!(closed.iter().map(|[who, ..]| who.as_str()).collect::<Vec<_>>(), [Some("ada")]);
    Ok(())
}

#[tokio::test]
async fn a_cookie_is_the_hosts_alone_and_of_the_token_only_a_hash_is_kept() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    add_user(&fleet, "ada", "viewer", None).await?;
    let mut visitor = Visitor::new(fleet.address());
    let page = visitor.sign_in("Ada", PASSWORD).await;
    let cookie = page.headers["set-cookie"].to_str()?;
    assert!(cookie.starts_with("__Host-"), "{cookie}");
    for part in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    assert!(!cookie.to_lowercase().contains("domain"));
    let token = visitor.cookie.split_once('=').unwrap_or_default().1.to_owned();
    assert_eq!(token.len(), 43);
    for file in ["data/bursar.sqlite", "data/bursar.sqlite-wal"] {
        let kept = std::fs::read(fleet.folder().join(file)).unwrap_or_default();
        let has = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!has(&token) && !has(PASSWORD), "{file}");
    }
    assert!(!fleet.talk().contains(&token) && !fleet.talk().contains(PASSWORD));
    Ok(())
}

#[tokio::test]
async fn a_user_needs_a_fit_password_that_is_no_argument() -> Outcome {
    let fleet = Plan::new().agents(0).start().await?;
    let create = ["user", "create", "grace.hopper", "--role", "administrator"];
    for unfit in ["", "short", "grace.hopper", "aaaaaaaaaaaaaaaa"] {
        let ran = fleet.run(&create, &format!("{unfit}\n")).await?;
        assert_eq!(ran.code, Some(2), "{unfit}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: "), "{}", ran.stderr);
    }
    assert_eq!(fleet.run(&create, &format!("{PASSWORD}\n")).await?.code, Some(0));
    assert_ne!(fleet.run(&create, &format!("{PASSWORD}\n")).await?.code, Some(0), "the name is taken");
    let users = fleet.succeed(&["user", "list", "--json"]).await?;
    assert!(users.contains("\"role\":\"administrator\"") && !users.contains("argon2"), "{users}");
    Ok(())
}
