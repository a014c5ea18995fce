//! `/console/runs/{id}/live`: a run as it goes on, for whoever looks, and for one who takes the wheel.
//!
//! The page is empty: all that shows comes over its socket, and is drawn by `assets/live.js`.
//!
//! Not here: what is sent over the socket (`viewer`).

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::RunId;
use domain::role::Role;
use maud::html;

use super::id;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::refusal::Refusal;
use crate::console::{Console, assets};

/// Shows the page.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(run): Path<String>,
) -> Result<Response, Refusal> {
    let run = console.fleet.store.run(visitor.reach(), RunId(id(&run)?)).await?;
    let (here, socket) = (format!("/console/runs/{}", run.id), format!("/console/runs/{}/live/socket", run.id));
    let body = html! {
        div.live id="live-view" data-socket=(socket) {
            p.todo id="stands" role="status" aria-live="polite" { "The live view is being connected." }
            p.alert id="lost" role="alert" hidden {}
            noscript { p.alert { "The live view needs JavaScript: it draws pictures as they come. All else of the console works without." } }
            blockquote.bank id="asks" hidden {}
            div.acts {
                @if visitor.may(Role::Operator) {
                    button.primary type="button" id="take" hidden { "Take the wheel" }
                    button.danger type="button" id="take-over" hidden { "Take over" }
                    button.primary type="button" id="hand-back" hidden { "Hand back" }
                } @else {
                    p.quiet { "Your role looks on; operators can take the wheel." }
                }
                a.button id="stop" href=(here) { "Stop watching" }
            }
            canvas.screen id="screen" width="1280" height="1024" role="img" tabindex="-1"
                aria-label="The bank's page, as the run sees it" aria-describedby="stands" {}
            div id="at-the-wheel" hidden {
                p.quiet id="way-out" {
                    "While the picture has the focus, what you press goes to the bank's page, Tab too. Press Escape twice to \
                     come back here. What you type is kept nowhere."
                }
                form.answer id="typing" {
                    label for="typed" { "Put in a text" }
                    input id="typed" autocomplete="off" spellcheck="false" autocapitalize="none" maxlength="1000"
                        aria-describedby="way-out";
                    button type="submit" { "Put in" }
                    button type="button" data-key="Enter" { "Press Enter" }
                    button type="button" data-key="Tab" { "Press Tab" }
                    button type="button" data-key="Backspace" { "Press Backspace" }
                }
            }
        }
        script src=(assets::live()) defer {}
    };
    let title = "Live view";
    Ok(Page { visitor: &visitor, section: Section::Connections, title, said: None, body }.into_response())
}
