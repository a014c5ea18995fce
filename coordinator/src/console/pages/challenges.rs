//! `/console/challenges`: what banks ask right now, and the answer boxes.
//!
//! Not here: what becomes of an answer; the portal says that.

use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse as _, Response};
use domain::audit::Action;
use domain::challenge::{AnswerSource, ChallengeKind, ChallengeState, TermsAnswer};
use domain::id::ChallengeId;
use domain::role::Role;
use domain::secret::Secret;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{Asked, back_to, connection, id};
use crate::clock;
use crate::console::Console;
use crate::console::door::{Fields, Visitor};
use crate::console::frame::{Page, Section, token};
use crate::console::parts::{act, badge, deadline, moment_of, nothing, short};
use crate::console::refusal::Refusal;
use crate::console::wording;
use crate::fleet::Error;
use crate::store::{AuditFilter, Challenge, Refused};

/// How many are shown at once.
const SHOWN: usize = 100;

/// Everything that waits for a person.
pub(in crate::console) async fn list(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let now = clock::now();
    let pending = pending(&console, &visitor).await?;
    let said = asked.get("said").and_then(|said| match said.as_str() {
        "answered" => Some("Answered. The run goes on where it stood."),
        "resent" => Some("The bank is asked for a new code. What it says of it comes up here."),
        _ => None,
    });
    let waiting = pending.iter().filter(|(challenge, _)| challenge.waits_for_person()).count();
    let first = pending.first().map(|(challenge, _)| challenge.id);
    let title = if waiting == 0 { "Challenges".to_owned() } else { format!("Challenges ({waiting})") };
    let body = html! {
        section id="challenges" data-live="challenge" data-announce=(announced(waiting)) {
            @if pending.is_empty() {
                (nothing("No bank asks anything.", "When one does, its question comes up here by itself; there is no need \
                    to load the page again."))
            }
            p { a href="/console/attendance" { "When somebody attends" } }
            ol.cards {
                @for (challenge, beside) in &pending {
                    @let takes_focus = if first == Some(challenge.id) { Focus::Taken } else { Focus::Left };
                    (card(&visitor, challenge, beside, takes_focus, now))
                }
            }
        }
    };
    Ok(Page { visitor: &visitor, section: Section::Challenges, title: &title, said, body }.into_response())
}

/// Hands an answer to the run that waits.
pub(in crate::console) async fn answer(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Extension(fields): Extension<Fields>,
    Path(challenge): Path<String>,
) -> Result<Response, Refusal> {
    let path = Section::Challenges.path();
    let challenge = ChallengeId(id(&challenge)?);
    let challenge = console.fleet.store.found_challenge(visitor.reach(), challenge).await?;
    let (owner, connection, answer) = (challenge.organization_id, challenge.connection_id, fields.get("answer"));
    let answered =
        console.fleet.answer_challenge(owner, connection, challenge.id, Secret::new(answer.to_owned())).await;
    match answered {
        Ok(_) => Ok(back_to(path, "answered").into_response()),
        Err(Error::Refused(Refused::IllegalChallengeEvent(illegal))) => {
            let by = who_answered(&console, &challenge).await?;
            let said = match (illegal.state, by) {
                (ChallengeState::Answered | ChallengeState::Accepted | ChallengeState::Rejected, Some(by)) => {
                    format!("{by} answered this before you. Your answer wasn't used.")
                }
                (ChallengeState::Open, _) if challenge.question.kind == ChallengeKind::Takeover => {
                    "This takes no answer: a person takes the wheel in the live view.".to_owned()
                }
                (ChallengeState::Open, _) => {
                    "This takes no answer here: it is approved in the bank's app or on its device.".to_owned()
                }
                (state, _) => format!("This challenge is {state} and takes no answer any more. Yours wasn't used."),
            };
            Err(Refusal::conflict(said).back(path))
        }
        Err(error) => Err(Refusal::from(error).back(path)),
    }
}

/// Has the bank asked for a new code.
pub(in crate::console) async fn resend(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Path(challenge): Path<String>,
) -> Result<Response, Refusal> {
    let path = Section::Challenges.path();
    let challenge = console.fleet.store.found_challenge(visitor.reach(), ChallengeId(id(&challenge)?)).await?;
    let (owner, connection) = (challenge.organization_id, challenge.connection_id);
    match console.fleet.request_resend(owner, connection, challenge.id).await {
        Ok(_) => Ok(back_to(path, "resent").into_response()),
        Err(error) => Err(Refusal::from(error).back(path)),
    }
}

/// What is open or on its way to the portal, with who answered; the one that ends first first.
async fn pending(console: &Console, visitor: &Visitor) -> Result<Vec<(Challenge, Beside)>, Refusal> {
    let store = &console.fleet.store;
    let mut pending = store.pending_challenges(visitor.reach()).await?;
    pending.sort_by_key(|challenge| (challenge.state != ChallengeState::Open, challenge.id));
    pending.truncate(SHOWN);
    let mut shown = Vec::new();
    for one in pending {
        let challenge = match store.found_challenge(visitor.reach(), one.id).await {
            Err(Refused::NotFound) => continue,
            challenge => challenge?,
        };
        let by = match challenge.state {
            ChallengeState::Open => None,
            _ => who_answered(console, &challenge).await?,
        };
        let owned = match store.owned_connection(visitor.reach(), challenge.connection_id).await {
            Err(Refused::NotFound) => continue,
            owned => owned?,
        };
        let bank = connection::name(console, &owned.connection);
        shown.push((challenge, Beside { by, whose: Some((bank, owned.external_entity_id)) }));
    }
    Ok(shown)
}

async fn who_answered(console: &Console, challenge: &Challenge) -> Result<Option<String>, Refusal> {
    match challenge.source {
        Some(AnswerSource::Totp) => return Ok(Some("The connection's authenticator".to_owned())),
        Some(AnswerSource::Email) => return Ok(Some("A code that came in by e-mail".to_owned())),
        Some(AnswerSource::Sms) => return Ok(Some("A code that came in by text message".to_owned())),
        _ => {}
    }
    let filter = AuditFilter {
        connection: Some(challenge.connection_id),
        action: Some(Action::ChallengeAnswered),
        ..AuditFilter::default()
    };
    let subject = challenge.id.to_string();
    let entries = console.fleet.store.audit_entries(filter, None, 20).await?;
    let entry = entries.into_iter().find(|entry| entry.entry.subject.as_ref() == Some(&subject));
    Ok(entry.map(|entry| wording::actor(&entry.entry.actor)))
}

/// What is said aloud where so many wait for a person.
pub(super) fn announced(waiting: usize) -> String {
    match waiting {
        0 => "No challenge waits for an answer.".to_owned(),
        1 => "1 challenge waits for an answer.".to_owned(),
        many => format!("{many} challenges wait for an answer."),
    }
}

/// What stands beside a question.
#[derive(Default)]
pub(super) struct Beside {
    /// Who answered it.
    by: Option<String>,
    /// The bank and the entity, where the page doesn't say so.
    whose: Option<(String, String)>,
}

/// Whether a box takes the focus when the page is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    /// It does.
    Taken,
    /// It leaves it where it is.
    Left,
}

/// One question, with a box for the answer where one is taken.
pub(super) fn card(
    visitor: &Visitor,
    challenge: &Challenge,
    Beside { by, whose }: &Beside,
    focus: Focus,
    now: Timestamp,
) -> Markup {
    let question = &challenge.question;
    let (tone, word) = wording::challenge_state(challenge.state);
    let (heading, field) = (format!("heading-{}", challenge.id), format!("answer-{}", challenge.id));
    let connection = format!("/console/connections/{}", challenge.connection_id);
    let is_open = challenge.state == ChallengeState::Open;
    let holder = challenge.held_by(now);
    let may_answer = is_open && holder.is_none() && visitor.may(Role::Operator);
    html! {
        li.card id=(format!("challenge-{}", challenge.id)) {
            article aria-labelledby=(heading) {
                h2 id=(heading) { (wording::challenge(question.kind)) " " (badge(tone, word)) }
                blockquote.bank { (question.prompt) }
                @if let Some(said) = &question.institution_message {
                    p { "The bank says: " q { (said) } }
                }
                dl.facts {
                    @if let Some((bank, entity)) = whose {
                        div { dt { "Institution" } dd { (bank) } }
                        div { dt { "Entity" } dd { (entity) } }
                    }
                    @if let Some(medium) = question.medium { div { dt { "Sent" } dd { (wording::medium(medium)) } } }
                    @if let Some(target) = &question.masked_target { div { dt { "To" } dd { (target) } } }
                    div { dt { "Attempts left" } dd { (question.attempts_left) } }
                    div { dt { "Connection" } dd { a href=(connection) { (short(challenge.connection_id)) } } }
                    div { dt { "Run" } dd { a href=(format!("/console/runs/{}", challenge.run_id)) { (short(challenge.run_id)) } } }
                    div { dt { "Asked" } dd { (moment_of(now, challenge.created_at)) } }
                    @if challenge.state == ChallengeState::Open {
                        div { dt { "Time left" } dd { (deadline(now, challenge.expires_at)) } }
                    }
                }
                @if challenge.state == ChallengeState::Open && challenge.may_answer.contains(&AnswerSource::Totp) {
                    p.quiet {
                        "The connection's authenticator is about to answer, within a minute at most. Whoever is first is heard."
                    }
                }
                @if let Some(people_at) = challenge.people_at.filter(|_| is_open) {
                    p.quiet {
                        "The code may come in by itself; people are called " (moment_of(now, people_at)) ". Whoever is first is heard."
                    }
                }
                @if let Some(holder) = holder {
                    p.todo { strong { (holder.name) } " holds the wheel: no answer is heard until it is handed back." }
                }
                @if let Some(by) = by { p { "Answered by " strong { (by) } "." } }
                @if may_answer && question.kind == ChallengeKind::Terms {
                    form.acts method="post" action=(format!("/console/challenges/{}/answer", challenge.id)) {
                        (token(visitor))
                        button.primary type="submit" name="answer" value=(TermsAnswer::Accept) { "Accept" }
                        button type="submit" name="answer" value=(TermsAnswer::Decline) { "Decline" }
                    }
                } @else if may_answer && question.kind.takes_answer() {
                    form.answer method="post" action=(format!("/console/challenges/{}/answer", challenge.id)) {
                        (token(visitor))
                        label for=(field) { "Answer" }
                        input id=(field) name="answer" autocomplete="off" spellcheck="false" autocapitalize="none"
                            maxlength="200" required
                            autofocus[focus == Focus::Taken] aria-describedby=(heading);
                        @if let Some(count) = question.answer_parts {
                            p.quiet { "The bank takes " (count) " parts; write them with spaces between." }
                        }
                        button.primary type="submit" { "Answer" }
                    }
                    @if let Some(after) = challenge.resend_after { (resend_box(visitor, challenge, after, now)) }
                } @else if challenge.state == ChallengeState::Open && question.kind == ChallengeKind::AppApproval {
                    p.todo {
                        "Approve it in the bank's app or on its device. There is nothing to type here: the portal goes on \
                         by itself, and so does the run."
                    }
                } @else if is_open && holder.is_none() && question.kind == ChallengeKind::Takeover {
                    p.todo {
                        "Take the wheel in the live view, pass the page, and hand it back; the run goes on from what shows then."
                    }
                } @else if is_open && holder.is_none() {
                    p.quiet { "Operators answer challenges; your role looks on." }
                }
                @if challenge.state == ChallengeState::Open {
                    p { a.button href=(format!("/console/runs/{}/live", challenge.run_id)) { "Live view" } }
                }
            }
        }
    }
}

/// What has the bank send a new code.
fn resend_box(visitor: &Visitor, challenge: &Challenge, after: Timestamp, now: Timestamp) -> Markup {
    let action = format!("/console/challenges/{}/resend", challenge.id);
    html! {
        div.resend {
            (act(visitor, &action, "Have a new code sent"))
            p.quiet {
                (challenge.resends_left) " left"
                @if after > now { ", the next " (moment_of(now, after)) }
                @if challenge.resends > 0 { "; asked for " (challenge.resends) " so far" }
            }
        }
    }
}
