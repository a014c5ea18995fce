//! QR codes on pages, as browsers draw them: what is read, what isn't, and that a page that shows no one secret gets
//! nothing typed.
//!
//! Not here: what is done with what was read (`crates/script/tests/first_login.rs`).

use crate::world::drivers::{end, geckodriver, webdriver};
use crate::world::stage::{LOGIN, Stage};
use crate::world::{PATIENCE, Portal, open_gate};
use agent::driver::Driver;
use agent::pictures::read;
use qrcode::{Color, QrCode};
use script::command::{Observation, Problem};
use tokio::time::Instant;
use url::Url;

const ADDRESS: &str = "otpauth://totp/Quay:maren?secret=GEZDGNBVGY3TQOJQ&issuer=Quay";
const OTHER: &str = "otpauth://totp/Quay:other?secret=MFRGGZDFMZTWQ2LK";

/// The dark squares of a code as a path, and how many there are to a side.
fn path(text: &str) -> (String, usize) {
    let code = QrCode::new(text).expect("a code");
    let width = code.width();
    let colors = code.to_colors().into_iter().enumerate();
    let dark = colors.filter(|(_, color)| *color == Color::Dark);
    (dark.map(|(place, _)| format!("M{} {}h1v1h-1z", place % width, place / width)).collect(), width)
}

/// A code as a drawing, without a margin of its own.
fn svg(text: &str) -> String {
    let (path, width) = path(text);
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='160' height='160' viewBox='0 0 {width} {width}' shape-rendering='crispEdges'>\
         <path d='{path}'/></svg>"
    )
}

/// Pages on which `#qr` is a picture, drawn in each of the ways that pages have.
fn portal() -> Portal {
    let (drawn, width) = path(ADDRESS);
    let image = format!("<img id=qr alt='' src=\"data:image/svg+xml,{}\">", svg(ADDRESS).replace('#', "%23"));
    let canvas = format!(
        "<canvas id=qr width=200 height=200></canvas><script>setTimeout(() => {{\
         const c = qr.getContext('2d'); c.fillStyle = 'navy'; c.scale(200 / {width}, 200 / {width});\
         c.fill(new Path2D('{drawn}')); }}, 700)</script>"
    );
    let far =
        format!("<p style='height:4000px'>far</p><div id=qr>{}</div><p style='height:4000px'>down</p>", svg(ADDRESS));
    let framed =
        format!("<p>In a frame</p><iframe style='margin:90px;width:400px;height:300px' srcdoc=\"{}\"></iframe>", {
            format!("<div id=qr>{}</div>", svg(ADDRESS))
        });
    let beside = format!("<div>{}</div><hr style='margin:30px'><div id=qr>{}</div>", svg(OTHER), svg(ADDRESS));
    let two = format!("<div id=qr>{}<hr style='margin:30px'>{}</div>", svg(OTHER), svg(ADDRESS));
    let light = svg(ADDRESS).replace("<path", "<path fill='#e8e8e8'");
    let night =
        format!("<style>body {{ background: #111 }}</style><div id=qr style='float:left;padding:16px'>{light}</div>");
    Portal::default()
        .page("svg", &format!("<div id=qr style='float:left'>{}</div>", svg(ADDRESS)))
        .page("img", &image)
        .page("canvas", &canvas)
        .page("far", &far)
        .page("framed", &framed)
        .page("beside", &beside)
        .page("night", &night)
        .page("two", &two)
        .page("none", "<div id=qr style='width:200px;height:200px;background:#ccc'>No code</div>")
        .page("missing", "<h1>Nothing</h1>")
        .page("several", "<b id=qr>1</b><b id=qr>2</b>")
}

/// What is read at a page, or why nothing is.
async fn reads(session: &mut dyn Driver, base: &Url, page: &str) -> Result<Vec<String>, Problem> {
    session.visit(&base.join(page).expect("a url")).await.expect("an observation");
    let selector = if page == "framed" { "iframe >>> #qr" } else { "#qr" };
    match read(session, selector).await.expect("an observation") {
        Observation::PictureRead(said) => Ok(said.iter().map(|text| text.expose().to_owned()).collect()),
        Observation::Stuck { problem, .. } => Err(problem),
        other => unreachable!("{page}: {other:?}"),
    }
}

async fn conforms(session: &mut dyn Driver, base: &Url) {
    for page in ["svg", "img", "canvas", "far", "framed", "beside", "night", "svg"] {
        assert_eq!(reads(session, base, page).await, Ok(vec![ADDRESS.to_owned()]), "{page}");
    }
    assert_eq!(reads(session, base, "two").await, Ok(vec![ADDRESS.to_owned(), OTHER.to_owned()]));
    assert_eq!(reads(session, base, "none").await, Ok(Vec::new()));
    assert_eq!(reads(session, base, "missing").await, Err(Problem::Missing));
    assert_eq!(reads(session, base, "several").await, Err(Problem::Ambiguous));
}

#[tokio::test]
async fn a_code_is_read_whatever_chromium_draws_it_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let browsers = crate::world::browsers(folder.path());
    let base = portal().serve().await;
    let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
    conforms(&mut session, &base).await;
    drop(session);
    browsers.end().await;
}

async fn conforms_over_webdriver(driver: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let webdriver = webdriver(driver, folder.path());
    let base = portal().serve().await;
    let mut session = crate::world::drivers::session(&webdriver, &base, open_gate()).await;
    conforms(&mut session, &base).await;
    end(&session).await;
}

#[tokio::test]
async fn a_code_is_read_over_chromedriver() {
    conforms_over_webdriver("chromedriver").await;
}

#[tokio::test]
async fn a_code_is_read_over_geckodriver() {
    conforms_over_webdriver(&geckodriver()).await;
}

#[test]
fn a_window_full_of_corners_of_codes_is_given_up_in_time() {
    // In every part of the window: as many ways to put three of them together as there are.
    let corner = "<svg width=28 height=28 viewBox='0 0 7 7' style='margin:0 4px 4px 0' shape-rendering='crispEdges'>\
                  <path d='M0 0h7v7h-7z'/><path d='M1 1h5v5h-5z' fill='#fff'/><path d='M2 2h3v3h-3z'/></svg>";
    let corners = format!("<div id=qr style='line-height:0;width:1250px'>{}</div>", corner.repeat(1_200));
    let begun = Instant::now();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let browsers = crate::world::browsers(folder.path());
        let base = Portal::default().page("corners", &corners).serve().await;
        let mut session = crate::world::session(&browsers, &base, &[], open_gate()).await;
        assert_eq!(reads(&mut session, &base, "corners").await, Ok(Vec::new()));
        drop(session);
        browsers.end().await;
    });
    // It ends with the last look, also one that nobody waits for any more.
    drop(runtime);
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
}

/// A bank that shows a picture after the sign-in, and a field for a code.
const ENROLS: &str = r##"
  enrol:
    when: { visible: "#totp" }
    enrol: { picture: "#qr" }
    do:
      - { fill: "#totp", with: enrolledCode }
      - { click: "#go", effect: enrol }
  accounts:"##;

#[tokio::test]
async fn a_picture_that_says_no_one_secret_fails_the_run_and_nothing_is_typed() {
    let two = format!("{}<hr style='margin:30px'>{}", svg(OTHER), svg(ADDRESS));
    for (picture, expected) in [
        ("No code".to_owned(), "script.element.missing"),
        (two, "script.element.ambiguous"),
        (svg("https://quay.example/app"), "portal.action.profile"),
    ] {
        let enrol = format!(
            "<form action=/submit/accounts method=post><div id=qr><i class=square></i>{picture}</div><input id=totp name=totp><button id=go>Go on</button></form>"
        );
        let stage = Stage::new(Portal::default().page("login", LOGIN).page("next", &enrol)).await;
        stage.enqueue(&enrolling());
        let failed = stage.coordinator.told("fail").await;
        assert_eq!(failed["failure"]["code"], expected, "{failed}");
        assert!(!stage.portal.asked().iter().any(|asked| asked.starts_with("POST accounts")), "a code was typed");
        // What was in the picture is nobody else's, and squares may be what draws it.
        assert!(!format!("{failed}").contains("square"), "{failed}");
        assert!(!format!("{failed}").contains("GEZDGNBVGY3TQOJQ") && !stage.agent.said().contains("GEZDGNBVGY3TQOJQ"));
    }
}

fn enrolling() -> String {
    crate::world::stage::SCRIPT.replacen("\n  accounts:", ENROLS, 1)
}
