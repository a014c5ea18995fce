//! `/console/dead-letters`: runs on which agent after agent went silent.
//!
//! Not here: when a run is one; the reaper counts crashes.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::id::RunId;
use domain::role::Role;
use maud::html;

use super::{Asked, TO_READ, address, back_to, cut, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::frame::{Page, Section};
use crate::console::parts::{act_on, further, moment_of, nothing, short, table};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::store::{DeadLetter, PageRequest};

/// Those that nobody revived.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let page = PageRequest { after: asked.after(), limit: TO_READ };
    let letters = console.fleet.store.dead_letters(visitor.reach(), page).await?;
    let next = |last: &DeadLetter| address(Section::DeadLetters.path(), &[("after", Some(last.run_id.to_string()))]);
    let (letters, next) = cut(letters, next);
    let rows = html! {
        @for letter in &letters {
            tr {
                th scope="row" { a href=(format!("/console/runs/{}", letter.run_id)) { (short(letter.run_id)) } }
                td { (wording::run_kind(letter.kind)) }
                td { (letter.institution_id) }
                td { a href=(format!("/console/connections/{}", letter.connection_id)) { (short(letter.connection_id)) } }
                td.number { (letter.crashes) }
                td.number { (letter.lapses) }
                td { (moment_of(now, letter.dead_at)) }
                td {
                    @if visitor.may(Role::Operator) {
                        @let path = format!("/console/dead-letters/{}/revive", letter.run_id);
                        (act_on(&visitor, &path, "Let go on", &letter.run_id.to_string()))
                    }
                }
            }
        }
    };
    let said =
        asked.get("said").filter(|said| said == "revive").map(|_| "Its connection goes on, by a run of its own.");
    let body = html! {
        section id="letters" data-live="connection tick" {
            @if letters.is_empty() {
                (nothing("No run was set aside.", "One is, when agent after agent goes silent on it; its connection waits then until \
                    somebody looks."))
            } @else {
                (table("Runs that were set aside, in the order in which they were made", &["Run", "Kind", "Institution", "Connection",
                    "#Crashes", "#Lapses", "Set aside", "Acts"], &rows))
            }
            (further(next))
        }
    };
    let title = "Dead letters";
    Ok(Page { visitor: &visitor, section: Section::DeadLetters, title, said, body }.into_response())
}

/// Lets a run's connection go on.
pub(in crate::console) async fn revive(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(run): Path<String>,
) -> Result<Response, Refusal> {
    let run = console.fleet.store.run(visitor.reach(), RunId(id(&run)?)).await?;
    let done = console.fleet.revive(run.id).await;
    done.map_err(|error| Refusal::from(error).back(Section::DeadLetters.path()))?;
    Ok(back_to(Section::DeadLetters.path(), "revive").into_response())
}
