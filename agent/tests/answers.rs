//! The portal's own answers, as a driver keeps them: which are handed over, in which order, and what
//! is said of those that are too large. A driver that sees none says so.
//!
//! Not here: what is in them; the language's own tests read them.

use agent::driver::Driver;
use script::command::{
    Act, Body, Capture, Collect, Condition, Deed, Expects, Method, Observation, Popups, Recogniser, Watch,
};
use url::Url;

use crate::world::drivers::webdriver;
use crate::world::{Portal, browsers, open_gate};

/// Each button asks for something, and says what came of it.
fn portal() -> Portal {
    let app = "<p id=said>nothing</p><script>\
        const say = (text) => { said.textContent = text };\
        const ask = (url, how) => fetch(url, how).then((answer) => answer.text());\
        const button = (name, act) => { const made = document.createElement('button'); made.id = name;\
          made.textContent = name; made.onclick = () => act().then(() => say(name), () => say(name)); document.body.append(made) };\
        button('two', async () => { const late = ask('/script/rows?n=1'); await ask('/script/rows?n=2'); await late });\
        button('others', async () => { await ask('/script/other'); await ask('/submit/rows', { method: 'POST' });\
          await ask('/status/503?rows'); await ask(`http://localhost:${location.port}/script/rows`) });\
        button('posts', () => ask('/submit/rows', { method: 'POST', body: 'x' }));\
        button('large', () => ask('/script/large?rows'));\
        button('later', async () => { setTimeout(() => ask('/script/rows?later'), 300) });</script>";
    Portal::default()
        .page("app", app)
        .page("rows", "{\"rows\":[1]}")
        .page("other", "{}")
        .page("large", &"x".repeat(9 * 1024 * 1024))
}

async fn visit(driver: &mut dyn Driver, base: &Url) {
    let url = base.join("app").expect("a url");
    assert!(matches!(driver.visit(&url).await, Ok(Observation::Visited)));
}

/// Clicks on a button and waits until its page says that it is done.
async fn click(driver: &mut dyn Driver, button: &str) {
    let acts = vec![Act::Click { target: format!("#{button}").into() }];
    let acted = driver.act(&Deed { acts, region: Vec::new() }).await.expect("an observation");
    assert!(matches!(acted, Observation::Acted), "{button}");
    let text = Condition::Text { within: "#said".into(), contains: button.into() };
    let pages = vec![Recogniser { page: "said".into(), conditions: vec![text] }];
    let watch = Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 10_000 };
    assert!(matches!(driver.watch(&watch).await, Ok(Observation::Recognised { .. })), "{button}");
}

async fn collect(driver: &mut dyn Driver, expects: Expects) -> Vec<Body> {
    match driver.collect(&Collect { patience_ms: 10_000, expects }).await.expect("an observation") {
        Observation::Captured(bodies) => bodies,
        other => unreachable!("{other:?}"),
    }
}

fn of(part: &str, method: Method) -> Capture {
    Capture { url: vec![part.into()], method }
}

fn is_document(body: &Body) -> bool {
    matches!(body, Body::Text(text) if text.contains("<title>rows</title>"))
}

#[tokio::test]
async fn devtools_hands_over_the_answers_that_fit_and_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = portal().serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    let driver: &mut dyn Driver = &mut session;
    visit(driver, &base).await;
    click(driver, "two").await;
    assert!(matches!(driver.capture(&of("rows", Method::Get)).await, Ok(Observation::Done)));
    assert_eq!(collect(driver, Expects::Nothing).await, [], "what came before is none");
    let rows = || Body::Text("{\"rows\":[1]}".into());
    click(driver, "two").await;
    assert_eq!(collect(driver, Expects::One).await, [rows(), rows()]);
    assert_eq!(collect(driver, Expects::Nothing).await, [], "each is handed over once");
    click(driver, "others").await;
    assert_eq!(collect(driver, Expects::Nothing).await, []);
    // One that is asked for in a moment is waited for where one has to be there.
    click(driver, "later").await;
    assert_eq!(collect(driver, Expects::One).await, [rows()]);
    assert_eq!(collect(driver, Expects::One).await, [], "it isn't waited for without end");
    click(driver, "large").await;
    assert_eq!(collect(driver, Expects::One).await, [Body::TooLarge]);
    assert!(matches!(driver.capture(&of("/submit/", Method::Post)).await, Ok(Observation::Done)));
    click(driver, "posts").await;
    let posted = collect(driver, Expects::One).await;
    assert!(posted.len() == 1 && posted.iter().all(is_document), "{posted:?}");
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn webdriver_says_that_it_sees_no_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver("chromedriver", folder.path());
    let base = portal().serve().await;
    let mut session = crate::world::drivers::session(&webdriver, &base, open_gate()).await;
    let kept = session.capture(&of("rows", Method::Get)).await;
    assert!(matches!(kept, Ok(Observation::Kept)), "{kept:?}");
    assert_eq!(collect(&mut session, Expects::One).await, []);
    crate::world::drivers::end(&session).await;
}
