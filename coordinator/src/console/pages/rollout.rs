//! Of an institution's page: by which revision of its script its connections are worked, how a candidate fares, and what
//! administrators do about it.
//!
//! Not here: publishing, which takes a file and so a command, greater shares, or which step goes with which stage.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::role::Role;
use domain::rollout::trial::Trial;
use domain::rollout::{Halt, Rollout, Share, Stage, StageName, Try};
use jiff::Timestamp;
use maud::{Markup, html};

use super::back_to;
use super::institutions::{path, short_revision};
use crate::console::Console;
use crate::console::door::Visitor;
use crate::console::parts::{Tone, act_on, badge, moment_of, nothing, table};
use crate::console::refusal::Refusal;
use crate::store::{KeptRollout, Revision, RolloutStep};

/// How many percent of the connections a canary has that is begun here.
const TENTH: u32 = 10;

/// How many revisions are listed.
const LISTED: usize = 20;

/// The stage of a rollout; nothing of one that is settled.
pub(super) fn stage(rollout: Option<&KeptRollout>) -> Markup {
    let (tone, word) = match rollout.map(|kept| kept.rollout.stage()) {
        None | Some(StageName::Settled) => return html! {},
        Some(StageName::Shadow) => (Tone::Waiting, "shadow"),
        Some(StageName::Canary) => (Tone::Waiting, "canary"),
        Some(StageName::Halted) => (Tone::Bad, "halted"),
    };
    html! { " " (badge(tone, word)) }
}

/// What stands on an institution's page.
pub(super) fn section(visitor: &Visitor, kept: &KeptRollout, revisions: &[Revision], now: Timestamp) -> Markup {
    let (rollout, institution) = (&kept.rollout, kept.institution_id.as_str());
    let head = [
        "Revision",
        "Part",
        "Published",
        "By",
        "#Runs",
        "#Clean",
        "#Failed",
        "Strayed",
        "#Shadows",
        "#The same",
        "Differs in",
        "Alone",
    ];
    html! {
        section id="rollout" data-live="institution tick" aria-labelledby="revisions" {
            h2 id="revisions" { "Revisions of its script" }
            p.lead { (standing(rollout)) " " span.quiet { "since " (moment_of(now, kept.changed_at)) } }
            @if visitor.may(Role::Administrator) { (acts(visitor, institution, rollout)) }
            @if revisions.is_empty() {
                (nothing("No revision is kept.", "One is kept when a coordinator starts with a script, or somebody publishes one."))
            } @else {
                (table("Revisions that are kept, the latest first", &head, &rows(rollout, revisions, now)))
            }
        }
    }
}

/// Where it stands, in a sentence.
fn standing(rollout: &Rollout) -> Markup {
    let current = html! { code { (short_revision(&rollout.current.revision)) } };
    match &rollout.stage {
        Stage::Settled => html! { "Every connection works by " (current) "." },
        Stage::Shadow { candidate, share } => html! {
            code { (short_revision(&candidate.revision)) } " reads beside " (current) " in " (share.percent())
            " % of the connections' sessions. Nothing of it is kept."
        },
        Stage::Canary { candidate, share, promote_after } => html! {
            (share.percent()) " % of the connections work by " code { (short_revision(&candidate.revision)) }
            ", the others by " (current) "."
            @if let Some(runs) = promote_after { " It is promoted after " (runs) " clean runs in a row." }
        },
        Stage::Halted { candidate, why } => html! {
            (badge(Tone::Bad, "Halted")) " " code { (short_revision(&candidate.revision)) } ": " (why)
            ". Every connection works by " (current) "."
        },
    }
}

fn acts(visitor: &Visitor, institution: &str, rollout: &Rollout) -> Markup {
    let at = |revision: &str, verb: &str| format!("{}/revisions/{revision}/{verb}", path(institution));
    let button =
        |revision: &str, verb: &str, label: &str| act_on(visitor, &at(revision, verb), label, short_revision(revision));
    html! {
        div.acts {
            @match rollout.candidate() {
                Some(candidate) => {
                    (button(&candidate.revision, "promote", "Promote"))
                    (button(&candidate.revision, "rollback", "Drop"))
                    @if rollout.stage() != StageName::Halted { (button(&candidate.revision, "halt", "Halt")) }
                }
                None => {
                    @if let Some(before) = &rollout.previous {
                        (act_on(visitor, &at(&rollout.current.revision, "rollback"), "Roll back", &format!("to {}", short_revision(&before.revision))))
                    }
                }
            }
        }
    }
}

fn rows(rollout: &Rollout, revisions: &[Revision], now: Timestamp) -> Markup {
    let part = |revision: &str| {
        if rollout.current.revision == revision {
            "current"
        } else if rollout.candidate().is_some_and(|candidate| candidate.revision == revision) {
            "candidate"
        } else if rollout.previous.as_ref().is_some_and(|before| before.revision == revision) {
            "before"
        } else {
            "–"
        }
    };
    html! {
        @for one in revisions.iter().take(LISTED) {
            @let trial = one.trial.clone().unwrap_or_default();
            tr {
                th scope="row" { code { (short_revision(&one.revision)) } @if let Some(note) = &one.note { " " span.quiet { (note) } } }
                td { (part(&one.revision)) }
                td { (moment_of(now, one.published_at)) }
                td { (one.published_by.as_deref().unwrap_or("the folder")) }
                (counts(&trial))
            }
        }
    }
}

fn counts(trial: &Trial) -> Markup {
    html! {
        td.number { (trial.runs) }
        td.number { (trial.clean) }
        td.number { (trial.failed) }
        td { @if trial.strayed.is_nothing() { "–" } @else { (trial.strayed) } }
        td.number { (trial.shadows) }
        td.number { (trial.shadows_same) }
        td { @if trial.difference.is_none() { "–" } @else { (trial.difference) } }
        td { (trial.told_alone().as_deref().unwrap_or("–")) }
    }
}

/// Makes it current.
pub(in crate::console) async fn promote(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(named): Path<(String, String)>,
) -> Result<Response, Refusal> {
    step(&console, &visitor, named, RolloutStep::Promote, "promote").await
}

/// Takes it back.
pub(in crate::console) async fn roll_back(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(named): Path<(String, String)>,
) -> Result<Response, Refusal> {
    step(&console, &visitor, named, RolloutStep::RollBack, "rollback").await
}

/// Takes it from every connection that tries it.
pub(in crate::console) async fn halt(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(named): Path<(String, String)>,
) -> Result<Response, Refusal> {
    step(&console, &visitor, named, RolloutStep::Halt(Halt::Asked), "halt").await
}

/// Gives it to a tenth of the connections.
pub(in crate::console) async fn canary(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(named): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let share = Share::try_from(TENTH).map_err(|_| Refusal::not_found())?;
    let begin = RolloutStep::Begin(Try::Canary { share, promote_after: None });
    step(&console, &visitor, named, begin, "canary").await
}

async fn step(
    console: &Console,
    visitor: &Visitor,
    (institution, revision): (String, String),
    step: RolloutStep,
    said: &str,
) -> Result<Response, Refusal> {
    visitor.whole_fleet()?;
    console.fleet.steer_rollout(&institution, &revision, step, None).await?;
    Ok(back_to(&path(&institution), said).into_response())
}
