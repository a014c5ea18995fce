//! `/control/v1/repair-tickets`: scripts that fit their portals no more, with the page as it was and as it is now.
//!
//! Not here: what would have to be changed (`agent repair` proposes that), or publishing it (`revisions`).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use domain::failure::{FailureCode, Stage};
use domain::id::RepairTicketId;
use domain::repair::TicketState;
use jiff::Timestamp;
use script::Script;
use script::drift::{self, Distance};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::revisions::ScriptLookedThrough;
use crate::fleet::{Decision, TicketStory};
use crate::http::App;
use crate::http::body::{Body, Ids, NoQuery, Query};
use crate::http::listing::List;
use crate::http::problem::Problem;
use crate::http::schema;
use crate::store::{RepairTicket, TicketFilter};

/// How many are listed.
const LISTED: u32 = 500;

/// Which tickets are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http::control) struct Filter {
    /// Those of one institution.
    institution_id: Option<String>,
    /// Those that are so far.
    #[param(schema_with = schema::word_with_meanings::<TicketState>)]
    state: Option<TicketState>,
}

/// A script that fits its portal no more, once for all runs that fail alike.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RepairTicket)]
pub(in crate::http::control) struct Ticket {
    id: Uuid,
    institution_id: String,
    /// The revision that fails.
    revision: String,
    #[schema(schema_with = schema::failure_code)]
    code: FailureCode,
    /// How far the first of the runs had come.
    #[schema(schema_with = schema::word::<Stage>)]
    stage: Stage,
    /// The failure in words.
    message: String,
    /// The page of the script that showed.
    #[schema(required)]
    page: Option<String>,
    /// What was looked for.
    #[schema(required)]
    target: Option<String>,
    /// The known page that what showed is nearest to.
    #[schema(required)]
    nearest: Option<Near>,
    #[schema(schema_with = schema::word_with_meanings::<TicketState>)]
    state: TicketState,
    /// How many runs ended so.
    runs: u64,
    /// Of how many connections.
    connections: u64,
    #[schema(value_type = String, format = DateTime)]
    first_seen_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_seen_at: Timestamp,
    /// When it was mended or closed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// The revision that was published to mend it.
    #[schema(required)]
    mending_revision: Option<String>,
    /// The revision by which a connection was read whole again.
    #[schema(required)]
    mended_by: Option<String>,
    #[schema(required)]
    closed_by: Option<String>,
    #[schema(required)]
    closed_because: Option<String>,
}

/// A page, and how far another is from it.
#[derive(Serialize, ToSchema)]
#[schema(as = NearestPage)]
pub(in crate::http::control) struct Near {
    page: String,
    /// In thousandths: 0 where both are built alike, 1000 where nothing is.
    distance: u16,
}

/// What is gone from a page, and what is new on it.
#[derive(Serialize, ToSchema)]
#[schema(as = PageChanges)]
pub(in crate::http::control) struct Changes {
    gone: Vec<String>,
    new: Vec<String>,
}

/// A page of a portal, without anything of a customer's.
#[derive(Serialize, ToSchema)]
#[schema(as = KnownPage)]
struct Known {
    page: String,
    html: String,
}

/// The page that showed, scrubbed.
#[derive(Serialize, ToSchema)]
#[schema(as = PageNow)]
struct Now {
    url: String,
    html: String,
}

/// A ticket with all that a repair needs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RepairTicketStory)]
pub(in crate::http::control) struct Story {
    #[serde(flatten)]
    ticket: Ticket,
    /// The text of the revision that fails.
    source: String,
    /// The page as it was known when the ticket was opened: that which showed, or the nearest.
    #[schema(required)]
    before: Option<String>,
    /// The page as it showed last; none where none was kept, or is any more.
    #[schema(required)]
    now: Option<Now>,
    changes: Changes,
    /// The script's pages as healthy runs see them.
    known: Vec<Known>,
    /// What the script could say, the likeliest first.
    proposals: Vec<Proposed>,
    /// Why nothing is proposed.
    #[schema(required)]
    none_proposed: Option<String>,
}

/// What a script could say for a ticket to end. A person accepts it, or doesn't.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RepairProposal)]
struct Proposed {
    /// The revision that the script would be.
    revision: String,
    /// What it is, in a sentence.
    title: String,
    /// What speaks for it, a sentence each.
    why: Vec<String>,
    /// How sure it is, in a word.
    sureness: String,
    changes: Vec<LineChange>,
    /// What only a person can say, or has to look at.
    needs_person: Vec<String>,
}

/// Lines of a script that are written anew.
#[derive(Serialize, ToSchema)]
#[schema(as = ScriptChange)]
struct LineChange {
    /// The line, from 1; of the script as it was.
    at: usize,
    before: String,
    after: String,
}

/// What a person teaches of a page that the script doesn't know.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, tag = "it")]
#[schema(as = LessonRequest)]
pub(in crate::http::control) enum LessonRequest {
    /// It is a page of the script, and has changed.
    Is {
        /// Its name.
        page: String,
    },
    /// Something on it is to be pressed, and the way goes on.
    Passage {
        /// A selector, or the words on a button or a link.
        press: String,
    },
    /// The portal says no.
    Failure {
        /// What it means.
        #[schema(schema_with = schema::failure_code)]
        code: FailureCode,
        /// What the bank's words stand in, a selector.
        #[serde(default)]
        message: Option<String>,
    },
}

/// The revision that a lesson made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TaughtRevision)]
pub(in crate::http::control) struct Taught {
    #[serde(flatten)]
    looked: ScriptLookedThrough,
    /// Where it differs from the one that fails.
    change: LineChange,
}

/// Why a ticket is closed though no revision mended it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CloseTicketRequest, example = json!({ "reason": "the bank took the page back" }))]
pub(in crate::http::control) struct Request {
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// List repair tickets, the latest seen first; 500 at most.
#[utoipa::path(get, path = "/repair-tickets", operation_id = "listRepairTickets", tag = "Scripts",
    security(("operator" = [])), params(Filter),
    responses((status = 200, description = "Those that are wanted.", body = List<Ticket>)))]
pub(in crate::http::control) async fn list(
    State(app): State<App>,
    Query(filter): Query<Filter>,
) -> Result<Json<List<Ticket>>, Problem> {
    let wanted = TicketFilter { institution: filter.institution_id.as_deref(), state: filter.state };
    let tickets = app.fleet.store.repair_tickets(wanted, LISTED).await?;
    Ok(Json(List::whole(tickets.into_iter().map(Ticket::from).collect())))
}

/// Read a repair ticket with all that a repair needs.
#[utoipa::path(get, path = "/repair-tickets/{ticketId}", operation_id = "getRepairTicket", tag = "Scripts",
    security(("operator" = [])), params(("ticketId" = Uuid, Path, description = "The ticket.")),
    responses((status = 200, description = "The ticket.", body = Story)))]
pub(in crate::http::control) async fn show(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
) -> Result<Json<Story>, Problem> {
    Ok(Json(app.fleet.ticket_story(RepairTicketId(id)).await?.into()))
}

/// Close a repair ticket though no revision mended it. One that has ended stays as it is.
#[utoipa::path(post, path = "/repair-tickets/{ticketId}/close", operation_id = "closeRepairTicket", tag = "Scripts",
    security(("operator" = [])), params(("ticketId" = Uuid, Path, description = "The ticket.")),
    request_body = Request,
    responses((status = 200, description = "The ticket.", body = Ticket)))]
pub(in crate::http::control) async fn close(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    Body(request): Body<Request>,
) -> Result<Json<Ticket>, Problem> {
    Ok(Json(app.fleet.close_ticket(RepairTicketId(id), &request.reason).await?.into()))
}

/// Teach the script the page of an open repair ticket. What follows is published as a revision that nobody works by yet.
#[utoipa::path(post, path = "/repair-tickets/{ticketId}/lessons", operation_id = "teachPage", tag = "Scripts",
    security(("operator" = [])), params(("ticketId" = Uuid, Path, description = "The ticket.")),
    request_body = LessonRequest,
    responses(
        (status = 201, description = "The revision.", body = Taught),
        (status = 409, description = "`hosts_not_agreed`, as of publishing."),
        (status = 422, description = "`validation_failed`: nothing follows from it, or the ticket has ended; `script_faulty`."),
    ))]
pub(in crate::http::control) async fn teach(
    State(app): State<App>,
    _: NoQuery,
    Ids([id]): Ids<1>,
    Body(request): Body<LessonRequest>,
) -> Result<(StatusCode, Json<Taught>), Problem> {
    let made = app.fleet.decide_repair(RepairTicketId(id), Decision::Teach(request.into())).await?;
    Ok((StatusCode::CREATED, Json(Taught { looked: made.looked.into(), change: made.change.into() })))
}

impl From<LessonRequest> for drift::Lesson {
    fn from(request: LessonRequest) -> Self {
        match request {
            LessonRequest::Is { page } => Self::Is { page },
            LessonRequest::Passage { press } => Self::Passage { press },
            LessonRequest::Failure { code, message } => Self::Failure { code, message },
        }
    }
}

impl From<drift::Change> for LineChange {
    fn from(drift::Change { at, before, after }: drift::Change) -> Self {
        Self { at, before, after }
    }
}

impl From<drift::Proposal> for Proposed {
    fn from(proposal: drift::Proposal) -> Self {
        Self {
            revision: Script::revision(&proposal.source),
            title: proposal.title,
            why: proposal.why,
            sureness: format!("{:?}", proposal.sureness).to_lowercase(),
            changes: proposal.changes.into_iter().map(LineChange::from).collect(),
            needs_person: proposal.needs_person,
        }
    }
}

impl From<RepairTicket> for Ticket {
    fn from(ticket: RepairTicket) -> Self {
        let near = |(page, distance): (String, Distance)| Near { page, distance: distance.thousandths() };
        Self {
            id: ticket.id.0,
            institution_id: ticket.institution_id,
            revision: ticket.revision,
            code: ticket.code,
            stage: ticket.stage,
            message: ticket.message,
            page: ticket.page,
            target: ticket.target,
            nearest: ticket.nearest.map(near),
            state: ticket.state,
            runs: ticket.runs,
            connections: ticket.connections,
            first_seen_at: ticket.first_seen_at,
            last_seen_at: ticket.last_seen_at,
            ended_at: ticket.ended_at,
            mending_revision: ticket.mending_revision,
            mended_by: ticket.mended_by,
            closed_by: ticket.closed_by,
            closed_because: ticket.closed_because,
        }
    }
}

impl From<drift::Changes> for Changes {
    fn from(drift::Changes { gone, new }: drift::Changes) -> Self {
        Self { gone, new }
    }
}

impl From<TicketStory> for Story {
    fn from(story: TicketStory) -> Self {
        let TicketStory { ticket, pages, changes, input, proposals } = story;
        let (proposals, none_proposed) = match proposals {
            Ok(proposals) => (proposals, None),
            Err(why) => (Vec::new(), Some(why.to_string())),
        };
        let known = input.known.into_iter().map(|known| Known { page: known.page, html: known.html });
        Self {
            ticket: ticket.into(),
            source: input.source,
            before: pages.before,
            now: pages.now.map(|now| Now { url: now.url, html: now.html }),
            changes: changes.into(),
            known: known.collect(),
            proposals: proposals.into_iter().map(Proposed::from).collect(),
            none_proposed,
        }
    }
}
