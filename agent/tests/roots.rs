//! Frames, shadow roots and lists that scroll, with each driver that has a browser: what a
//! selector finds there and what is handed in of them; and when a page counts again.
//!
//! Not here: reading what was handed in; the language's own tests do that.

use agent::driver::Driver;
use domain::secret::Secret;
use script::command::{Act, Condition, Deed, Left, Observation, Popups, Recogniser, Stride, Watch};
use url::Url;

use crate::world::drivers::{geckodriver, session, webdriver};
use crate::world::{Portal, browsers, open_gate};

/// A frame in a frame, a shadow root in a shadow root, and a list that keeps what can be seen.
fn portal() -> Portal {
    let frames = "<title>Frames</title><iframe name=work src=/outer width=600 height=400></iframe>\
        <iframe name=off src=/answer style='display: none'></iframe>";
    let outer = "<h1>Work</h1><form action=/submit/answer method=post target=answer>\
        <input name=from><button>Show</button></form><iframe name=answer src=/answer></iframe>";
    let roots = "<title>Roots</title><x-outer></x-outer><script>\
        const put = (host, html) => { host.attachShadow({ mode: 'open' }).innerHTML = html; return host.shadowRoot };\
        const outer = put(document.querySelector('x-outer'), '<p>outer</p><x-inner></x-inner>');\
        const inner = put(outer.querySelector('x-inner'), '<label>Name <input name=who></label><b>inner</b>');\
        const field = inner.querySelector('input');\
        field.addEventListener('input', () => {\
          setTimeout(() => { inner.querySelector('b').textContent = field.value }, 100) });</script>";
    let list = "<div id=view style='height: 200px; overflow: auto; position: relative'>\
        <div id=all style='height: 2000px; position: relative'></div></div><script>\
        const draw = () => { const first = Math.floor(view.scrollTop / 20); all.innerHTML = '';\
          for (let row = first; row < Math.min(first + 12, 100); row++) {\
            all.insertAdjacentHTML('beforeend',\
              `<p style='position: absolute; margin: 0; top: ${row * 20}px'>row ${row}</p>`) } };\
        view.addEventListener('scroll', draw); draw();</script>";
    Portal::default()
        .page("frames", frames)
        .page("outer", outer)
        .page("answer", "<p id=said>nothing</p>")
        .page("roots", roots)
        .page("list", list)
}

fn shows(page: &str, selector: &str) -> Recogniser {
    Recogniser { page: page.into(), conditions: vec![Condition::Visible(selector.into())] }
}

fn watch(pages: Vec<Recogniser>) -> Watch {
    Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 5_000 }
}

fn fill(into: &str, text: &str) -> Act {
    Act::Fill { into: into.into(), text: Secret::new(text.into()) }
}

fn click(target: &str) -> Act {
    Act::Click { target: target.into() }
}

/// Which page shows, and the document as it was handed in.
async fn see(driver: &mut dyn Driver, watch: &Watch) -> (Option<String>, String) {
    match driver.watch(watch).await.expect("an observation") {
        Observation::Recognised { page, html, .. } => (Some(page), html),
        Observation::Unrecognised { html, .. } => (None, html),
        other => (Some(format!("{other:?}")), String::new()),
    }
}

async fn act(driver: &mut dyn Driver, region: &[&str], acts: &[Act]) -> String {
    let region = region.iter().map(|css| (*css).to_owned()).collect();
    match driver.act(&Deed { acts: acts.to_vec(), region }).await.expect("an observation") {
        Observation::Stuck { target, problem, .. } => format!("stuck at {target}: {problem:?}"),
        other => format!("{other:?}"),
    }
}

async fn visit(driver: &mut dyn Driver, base: &Url, path: &str) {
    let url = base.join(path).expect("a url");
    assert!(matches!(driver.visit(&url).await, Ok(Observation::Visited)), "{path}");
}

async fn roots_are_looked_into(driver: &mut dyn Driver, base: &Url) {
    // A frame in a frame is found by either way of saying it, and never from outside.
    visit(driver, base, "frames").await;
    for (selector, expected) in [
        (">>> iframe[name=answer] >>> #said", true),
        ("iframe[name=work] >>> iframe >>> #said", true),
        ("iframe[name=work] >>> #said", true),
        ("#said", false),
        ("iframe[name=answer] >>> #said", false),
        // What is in a frame that isn't shown isn't shown.
        ("iframe[name=off] >>> #said", false),
    ] {
        let looked = Watch { patience_ms: if expected { 5_000 } else { 500 }, ..watch(vec![shows("said", selector)]) };
        assert_eq!(see(driver, &looked).await.0.is_some(), expected, "{selector}");
    }

    // The frame that answers is loaded anew with the same words: the page counts again.
    let pages = vec![shows("said", ">>> iframe[name=answer] >>> #said")];
    let (page, html) = see(driver, &watch(pages.clone())).await;
    assert_eq!(page.as_deref(), Some("said"));
    assert!(html.contains("srcdoc=") && html.contains("Show"), "{html}");
    let acts = [fill(">>> iframe[name=work] >>> input", "May"), click(">>> iframe[name=work] >>> button")];
    assert_eq!(act(driver, &[">>> iframe[name=answer] >>> body"], &acts).await, "Acted");
    let after = Watch { left: Some(Left { page: "said".into() }), ..watch(pages) };
    assert_eq!(see(driver, &after).await.0.as_deref(), Some("said"));

    // A field in a root in a root; what changes there is seen without an event of the document.
    visit(driver, base, "roots").await;
    let pages = vec![shows("inner", "x-outer >>> x-inner >>> b")];
    let (page, html) = see(driver, &watch(pages.clone())).await;
    assert_eq!(page.as_deref(), Some("inner"));
    assert_eq!(html.matches("shadowrootmode=\"open\"").count(), 2, "{html}");
    assert_eq!(act(driver, &["x-inner >>> b"], &[fill(">>> input[name=who]", "told")]).await, "Acted");
    let text = Condition::Text { within: ">>> b".into(), contains: "told".into() };
    let told = Recogniser { page: "told".into(), conditions: vec![text] };
    assert_eq!(see(driver, &watch(vec![told])).await.0.as_deref(), Some("told"));
    assert_eq!(act(driver, &[], &[fill("input[name=who]", "x")]).await, "stuck at input[name=who]: Missing");

    // Scrolling goes on by less than what shows, down to where nothing is left.
    visit(driver, base, "list").await;
    let pages = vec![shows("list", "#all p")];
    let rows = |html: &str| -> Vec<usize> {
        let rows = html.split("row ").skip(1).filter_map(|rest| rest.split('<').next()?.parse().ok());
        rows.collect()
    };
    let mut seen = Vec::new();
    loop {
        let (page, html) = see(driver, &watch(pages.clone())).await;
        assert_eq!(page.as_deref(), Some("list"));
        let now = rows(&html);
        assert!(seen.is_empty() || now.iter().any(|row| seen.contains(row)), "{now:?} after {seen:?}");
        seen.extend(now);
        match act(driver, &["#all"], &[Act::Scroll { within: "#view".into(), stride: Stride::Part }]).await.as_str() {
            "Acted" => {}
            ended => {
                assert_eq!(ended, "stuck at #view: AtEnd");
                break;
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..100).collect::<Vec<_>>());
}

#[tokio::test]
async fn devtools_looks_into_roots() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = portal().serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    roots_are_looked_into(&mut session, &base).await;
    drop(session);
    browsers.end().await;
}

async fn over_webdriver(end: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(end, folder.path());
    let base = portal().serve().await;
    let mut session = session(&webdriver, &base, open_gate()).await;
    roots_are_looked_into(&mut session, &base).await;
    crate::world::drivers::end(&session).await;
}

#[tokio::test]
async fn chromium_over_webdriver_looks_into_roots() {
    over_webdriver("chromedriver").await;
}

#[tokio::test]
async fn firefox_over_webdriver_looks_into_roots() {
    over_webdriver(&geckodriver()).await;
}

#[tokio::test]
async fn a_form_that_is_made_anew_counts_again_though_it_says_the_same() {
    // The second code is refused in the words in which the first one was.
    let body = "<div id=panel></div><script>const ask = () => { panel.innerHTML = '<p role=alert>Wrong</p>\
        <input id=code><button id=go onclick=\"setTimeout(ask, 200)\">Go</button>' }; ask();</script>";
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = Portal::default().page("page", body).serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    visit(&mut session, &base, "page").await;
    let pages = vec![shows("code", "#code")];
    assert_eq!(see(&mut session, &watch(pages.clone())).await.0.as_deref(), Some("code"));
    let after = Watch { left: Some(Left { page: "code".into() }), ..watch(pages) };
    for _ in 0..2 {
        assert_eq!(act(&mut session, &["[role=alert]"], &[fill("#code", "1"), click("#go")]).await, "Acted");
        assert_eq!(see(&mut session, &after).await.0.as_deref(), Some("code"));
    }
    // Nothing was filled in: a list that is drawn anew with the same rows is the same page.
    assert_eq!(act(&mut session, &["[role=alert]"], &[click("#go")]).await, "Acted");
    assert_eq!(see(&mut session, &Watch { patience_ms: 700, ..after }).await.0, None);
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn a_page_shows_once_the_scripts_that_it_waits_for_have_run() {
    let portal = Portal::default()
        .page("first", "<a id=go href=/page>go</a>")
        .page("page", "<p id=a>A</p><script defer src=/late/fill></script>")
        .page("fill", "document.getElementById('a').id = 'b'");
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = browsers(folder.path());
    let base = portal.serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    visit(&mut session, &base, "first").await;
    assert_eq!(act(&mut session, &[], &[click("#go")]).await, "Acted");
    let both = watch(vec![shows("a", "#a"), shows("b", "#b")]);
    let (early, _) = see(&mut session, &Watch { patience_ms: 700, ..both.clone() }).await;
    assert_eq!(early, None, "it is parsed, and what fills it hasn't run");
    portal.let_go();
    assert_eq!(see(&mut session, &both).await.0.as_deref(), Some("b"));
    drop(session);
    browsers.end().await;
}
