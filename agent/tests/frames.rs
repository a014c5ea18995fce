//! Frames: a page draws when it is told to, and whatever waits for a frame gets one.
//!
//! Not here: what drawing costs; `cargo xtask bench flow` measures that.

use crate::world::Portal;
use agent::cdp::{Browsers, Session};
use agent::driver::{Driver as _, DriverError};
use script::command::{Act, Condition, Deed, Observation, Popups, Recogniser, Watch};
use url::Url;

/// Each line is there once the page was told of another kind of frame.
const WAITS_FOR_FRAMES: &str = r##"<style>
    @keyframes appear { from { opacity: 0 } to { opacity: 1 } }
    .fading { animation: appear 100ms; opacity: 1 }
    .sliding { opacity: 0; transition: opacity 100ms }
    .sliding.open { opacity: 1 }
    </style><p class="fading">animated</p><p class="sliding" id="sliding">slid</p>
    <div style="height: 3000px"></div><p id="end">the end</p><ul id="told"></ul><script>
    const told = document.querySelector("#told");
    const tell = (what) => told.insertAdjacentHTML("beforeend", `<li id="${what}">${what}</li>`);
    requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => tell("drawn"))));
    new IntersectionObserver(([seen], observer) => {
        if (seen.isIntersecting) { tell("in-view"); observer.disconnect(); }
    }).observe(document.querySelector("#end"));
    new ResizeObserver((_, observer) => { tell("sized"); observer.disconnect(); }).observe(told);
    document.querySelector(".fading").addEventListener("animationend", () => tell("faded"));
    const sliding = document.querySelector("#sliding");
    sliding.addEventListener("transitionend", () => tell("slid"));
    requestAnimationFrame(() => sliding.classList.add("open"));
    window.scrollTo(0, document.documentElement.scrollHeight);
    </script>"##;

/// Counts its frames until half a second is over.
const COUNTS_FRAMES: &str = r##"<p id="clock">…</p><script>
    let frames = 0;
    const count = () => { frames += 1; requestAnimationFrame(count); };
    requestAnimationFrame(count);
    setTimeout(() => { document.body.insertAdjacentHTML("beforeend", `<p id="over">${frames} frames</p>`); }, 500);
    </script>"##;

const OPENS_SLOWLY: &str = r##"<style>@keyframes appear { from { opacity: 0 } to { opacity: 1 } }
    #open { animation: appear 200ms }</style><button id="open">Open</button><script>
    document.querySelector("#open").addEventListener("click", () => {
        requestAnimationFrame(() => document.body.insertAdjacentHTML("beforeend", "<p id=opened>open</p>"));
    });</script>"##;

fn shows(selectors: &[&str]) -> Watch {
    let conditions = selectors.iter().map(|selector| Condition::Visible((*selector).into())).collect();
    let pages = vec![Recogniser { page: "page".into(), conditions }];
    Watch { pages, busy: Vec::new(), left: None, popups: Popups::Close, patience_ms: 30_000 }
}

/// Is busy for ever as soon as it has loaded.
const HANGS: &str = "<p>busy</p><script>setTimeout(() => { for (;;); }, 100);</script>";

/// A session in this browser that shows the portal's page `name`.
async fn another(browsers: &Browsers, base: &Url, name: &str) -> Session {
    let mut session = crate::world::session(browsers, base, &[], crate::world::open_gate()).await;
    let visited = session.visit(&base.join(name).expect("a url")).await.expect("an observation");
    assert!(matches!(visited, Observation::Visited), "{visited:?}");
    session
}

/// The same in a browser of its own.
async fn at(portal: Portal, name: &str) -> (tempfile::TempDir, Browsers, Session) {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let base = portal.serve().await;
    let session = another(&browsers, &base, name).await;
    (folder, browsers, session)
}

#[tokio::test]
async fn whatever_waits_for_a_frame_gets_one() {
    let (_folder, browsers, mut session) = at(Portal::default().page("page", WAITS_FOR_FRAMES), "page").await;
    let all = ["#drawn", "#in-view", "#sized", "#faded", "#slid", ".fading", "#sliding"];
    let seen = session.watch(&shows(&all)).await.expect("an observation");
    assert!(matches!(seen, Observation::Recognised { .. }), "{seen:?}");
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn what_fades_in_can_be_clicked_and_may_wait_for_a_frame() {
    let (_folder, browsers, mut session) = at(Portal::default().page("page", OPENS_SLOWLY), "page").await;
    let deed = Deed { acts: vec![Act::Click { target: "#open".into() }], region: Vec::new() };
    let clicked = session.act(&deed).await.expect("an observation");
    assert!(matches!(clicked, Observation::Acted), "{clicked:?}");
    let seen = session.watch(&shows(&["#opened"])).await.expect("an observation");
    assert!(matches!(seen, Observation::Recognised { .. }), "{seen:?}");
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn a_page_that_is_waited_for_draws_now_and_then_and_not_sixty_times_a_second() {
    let (_folder, browsers, mut session) = at(Portal::default().page("page", COUNTS_FRAMES), "page").await;
    let seen = session.watch(&shows(&["#over"])).await.expect("an observation");
    let Observation::Recognised { html, .. } = seen else { unreachable!("{seen:?}") };
    let (before, _) = html.rsplit_once(" frames</p>").expect("a count");
    let count: u32 = before.rsplit('>').next().and_then(|count| count.parse().ok()).expect("a number");
    assert!((1..=15).contains(&count), "{count} frames in half a second");
    drop(session);
    browsers.end().await;
}

#[tokio::test]
async fn pages_of_one_browser_draw_side_by_side_while_others_come_and_go_and_one_hangs() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let base = Portal::default().page("page", WAITS_FOR_FRAMES).page("hangs", HANGS).serve().await;
    let mut hanging = another(&browsers, &base, "hangs").await;
    let browser = browsers.pid().await;
    let sessions = async {
        let lanes = (0..6).map(async |_| {
            for _ in 0..4 {
                let mut session = another(&browsers, &base, "page").await;
                let seen = session.watch(&shows(&["#drawn", "#in-view", "#faded", "#slid"])).await;
                assert!(matches!(seen, Ok(Observation::Recognised { .. })), "{seen:?}");
            }
        });
        futures::future::join_all(lanes).await;
    };
    let never = Watch { patience_ms: 1_000, ..shows(&["#never"]) };
    let (seen, ()) = tokio::join!(hanging.watch(&never), sessions);
    assert!(matches!(seen, Err(DriverError::Crashed)), "{seen:?}");
    assert_eq!(browsers.pid().await, browser, "it is the same browser all along");
    drop(hanging);
    browsers.end().await;
}
