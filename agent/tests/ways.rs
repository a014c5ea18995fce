//! The ways to find what is acted on, in a browser: each finds what it finds in a document without
//! one, and they vote alike.
//!
//! Not here: the same without a browser; the language's own tests do that.

use agent::driver::Driver as _;
use domain::secret::Secret;
use script::command::{Act, Condition, Deed, Observation, Popups, Recogniser, Target, Watch, Way};

use crate::world::{Portal, browsers, open_gate};

const FORM: &str = "<form onsubmit='return false'><label for=u>User  ID</label><input id=u>\
    <label>PIN <input id=p type=password></label><input id=s aria-label=Search>\
    <input id=g type=submit value='Log On'><a id=h href='#h'>Help</a><a id=n>Help</a>\
    <button id=b type=button title=More><img alt=x></button><b id=w>Amount</b><input id=l aria-labelledby=w>\
    <button id=a1 type=button name=go>Pay</button><button id=b1 type=button class=main>Sign in</button></form>\
    <p id=hit>none</p><script>for (const one of document.querySelectorAll('input, a, button')) {\
      for (const event of ['input', 'click']) one.addEventListener(event, () => { hit.textContent = one.id }) }\
    </script>";

fn css(selector: &str) -> Way {
    Way::Css(selector.into())
}

fn role(role: &str, name: &str) -> Way {
    Way::Role { role: role.into(), name: name.into() }
}

#[tokio::test]
async fn ways_find_in_a_browser_what_they_find_without_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = Portal::default().page("form", FORM).serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    let url = base.join("form").expect("a url");
    let (text, main, go) = (Way::Text("sign in".into()), css(".main"), css("[name=go]"));
    let cases: Vec<(Vec<Way>, usize, &str)> = vec![
        (vec![Way::Label("user id".into())], 1, "u"),
        (vec![Way::Label("pin".into())], 1, "p"),
        (vec![Way::Label("search".into())], 1, "s"),
        (vec![Way::Label("amount".into())], 1, "l"),
        (vec![role("button", "log on")], 1, "g"),
        (vec![role("link", "help")], 1, "h"),
        (vec![role("button", "more")], 1, "b"),
        (vec![role("textbox", "user id")], 1, "u"),
        (vec![Way::Text("help".into())], 1, "h"),
        (vec![Way::Label("user".into())], 1, "Missing"),
        (vec![main.clone(), text.clone()], 2, "b1"),
        (vec![css("#gone"), text.clone()], 1, "b1"),
        (vec![css("#gone"), text.clone()], 2, "Disagreement"),
        (vec![go, text.clone(), main.clone()], 2, "Disagreement"),
        (vec![css(":nth-child(9)"), text.clone(), main], 2, "b1"),
        (vec![css("button"), text], 1, "b1"),
        (vec![css("button")], 1, "Ambiguous"),
    ];
    for (ways, votes, expected) in cases {
        assert!(matches!(session.visit(&url).await, Ok(Observation::Visited)));
        let (first, others) = ways.split_first().expect("a way");
        let target = Target::new(first.clone(), others.to_vec(), votes);
        let is_field = matches!(expected, "u" | "p" | "s" | "l");
        let act =
            if is_field { Act::Fill { into: target, text: Secret::new("x".into()) } } else { Act::Click { target } };
        let acted = session.act(&Deed { acts: vec![act], region: Vec::new() }).await.expect("an observation");
        match acted {
            Observation::Stuck { problem, .. } => assert_eq!(format!("{problem:?}"), expected, "{ways:?}"),
            Observation::Acted => {
                let text = Condition::Text { within: "#hit".into(), contains: expected.into() };
                let page = Recogniser { page: "hit".into(), conditions: vec![text] };
                let watch = Watch {
                    pages: vec![page],
                    busy: Vec::new(),
                    left: None,
                    popups: Popups::Close,
                    patience_ms: 2_000,
                };
                let seen = session.watch(&watch).await.expect("an observation");
                assert!(matches!(seen, Observation::Recognised { .. }), "{ways:?} should find {expected}: {seen:?}");
            }
            other => unreachable!("{other:?}"),
        }
    }
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn how_each_way_fared_is_counted_where_there_are_several() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = Portal::default().page("form", FORM).serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    let url = base.join("form").expect("a url");
    assert!(matches!(session.visit(&url).await, Ok(Observation::Visited)));
    let text = Way::Text("sign in".into());
    for (ways, votes) in [
        (vec![css(".main"), css("#gone"), text.clone()], 2),
        (vec![css(".main"), css("#gone"), text.clone()], 2),
        (vec![css("#a1"), text.clone()], 1),
        (vec![text], 1),
    ] {
        let (first, others) = ways.split_first().expect("a way");
        let act = Act::Click { target: Target::new(first.clone(), others.to_vec(), votes) };
        session.act(&Deed { acts: vec![act], region: Vec::new() }).await.expect("an observation");
    }
    let counts: Vec<String> = session
        .ways()
        .iter()
        .map(|way| format!("{} by {}: {} {} {}", way.target, way.way, way.found, way.missing, way.disagreed))
        .collect();
    let expected = [
        "#a1 by #a1: 0 0 1",
        "#a1 by sign in: 0 0 1",
        ".main by #gone: 0 2 0",
        ".main by .main: 2 0 0",
        ".main by sign in: 2 0 0",
    ];
    assert_eq!(counts, expected);
    drop(session);
    browsers.end().await;
}
