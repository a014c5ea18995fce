//! The OpenAPI documents (3.1), made from the handlers, one a surface: integrators' is
//! served at `/openapi.json`, printed by `coordinator openapi` and rendered at `/docs`;
//! operators' is served at `/control/openapi.json`.
//!
//! Not here: what a single call takes and gives; that stands at its handler. This adds
//! what holds for every call: keys, problems, the request's id and `Idempotency-Key`.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Router, middleware};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, Components, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{self, Content, HttpMethod, OpenApi, PathItem, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{OpenApi as _, PartialSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::problem::{FieldError, ProblemBody};
use super::{App, control, idempotency, v1};

/// Where integrators' document is served.
const PATH: &str = "/openapi.json";

/// Where operators' document is served.
const CONTROL_PATH: &str = "/control/openapi.json";

/// Calls that have a credential and a document in common.
pub(super) struct Surface {
    /// What the document says of them all.
    pub(super) base: OpenApi,
    /// What their paths begin with.
    pub(super) prefix: &'static str,
    /// The calls.
    pub(super) router: OpenApiRouter<App>,
    /// What the document calls their credential.
    pub(super) scheme: &'static str,
    /// How the credential is shown.
    pub(super) key: Http,
    /// The problems that calls have in common.
    pub(super) problems: &'static [Problem],
    /// What else each call has.
    pub(super) finish: fn(&HttpMethod, &mut Operation),
    /// What else is said of the objects.
    pub(super) refine: fn(&mut Components),
}

/// A problem that calls have in common: its status, when it can be the answer, and what
/// it means.
pub(super) type Problem = (&'static str, When, &'static str);

/// When a problem can be the answer.
pub(super) enum When {
    /// Where the call says so itself.
    Never,
    /// To every call.
    Always,
    /// To a call with parameters or a body.
    Readable,
    /// To a call that names a thing in its path.
    Named,
    /// To a call that may carry a body.
    Sent,
    /// To a call that takes a body.
    Body,
    /// To a call with a cursor.
    List,
    /// To every POST.
    Post,
}

/// The problems that calls have in common, by status.
const PROBLEMS: [Problem; 11] = [
    (
        "400",
        When::Readable,
        "`invalid_parameter`, `invalid_cursor`, `invalid_idempotency_key`, `malformed_json`, `body_unreadable` or `unexpected_body`.",
    ),
    ("401", When::Always, "`unauthorized`: the key is missing, wrong, expired or revoked."),
    ("403", When::Always, "`scope_missing`: the key lacks the scope."),
    ("404", When::Named, "`not_found`: there is no such thing, or it isn't yours."),
    ("409", When::Post, "`idempotency_key_reused`, `idempotency_under_way`."),
    ("410", When::List, "`cursor_expired`: it is older than 90 days, or the stream has moved past what is kept."),
    ("413", When::Sent, "`body_too_large`."),
    ("415", When::Body, "`unsupported_media_type`: a body is `application/json`."),
    ("422", When::Body, "`validation_failed`: `errors` points at each field."),
    ("429", When::Always, "`rate_limited`: the key asks too often."),
    ("503", When::Always, "`unavailable`: the store or the queue can't be reached right now."),
];

/// The reference page loads nothing from elsewhere, and nothing may frame it.
const PAGE_POLICY: &str =
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Bursar",
        description = "Reads business bank accounts where no bank API exists.\n\nEvery call needs a key as \
            `Authorization: Bearer <key>`; what a call needs of it stands beside the call as a scope. Amounts are \
            decimal strings, times are RFC 3339 in UTC, dates are the bank's own calendar dates. Whatever isn't \
            yours is not found. Every answer has an `x-request-id`, every problem is `application/problem+json` \
            with a `code`.",
        version = "1",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody, FieldError)),
    tags(
        (name = "Entities", description = "On whose behalf connections are made."),
        (name = "Institutions", description = "The banks that the catalog knows."),
        (name = "Connections", description = "An entity's access to a portal, from set-up to revocation."),
        (name = "Challenges", description = "What only a person can supply."),
        (name = "Accounts", description = "What was read of accounts and their balances."),
        (name = "Transactions", description = "What was read of transactions, and the stream of changes."),
        (name = "Webhooks", description = "Being told of events."),
    ),
)]
struct Base;

/// Integrators' document.
#[must_use]
pub fn document() -> OpenApi {
    routes(public()).1
}

/// Operators' document.
#[must_use]
pub fn control_document() -> OpenApi {
    routes(control::surface()).1
}

/// What integrators call.
pub(super) fn public() -> Surface {
    Surface {
        base: Base::openapi(),
        prefix: "/v1",
        router: v1::router(),
        scheme: "key",
        key: HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("<prefix>_<live|test>_<key id>_<secret>")
            .description(Some("An API key; `coordinator key create` makes one."))
            .build(),
        problems: &PROBLEMS,
        finish: honour_idempotency_key,
        refine: v1::refine,
    }
}

/// A surface's routes with the document of them.
pub(super) fn routes(surface: Surface) -> (Router<App>, OpenApi) {
    let Surface { base, prefix, router, scheme, key, problems, finish, refine } = surface;
    let (router, mut document) = OpenApiRouter::with_openapi(base).nest(prefix, router).split_for_parts();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(scheme, SecurityScheme::Http(key));
    for (name, _, says) in problems {
        let mut response = ResponseBuilder::new().description(*says).build();
        dress(name, &mut response);
        components.responses.insert((*name).into(), RefOr::T(response));
    }
    name_lists(components);
    refine(components);
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            complete(path, &method, operation, problems);
            finish(&method, operation);
        }
    }
    (router, document)
}

/// The documents, and the page that renders integrators'.
pub(super) fn router(document: OpenApi, control: OpenApi) -> Router<App> {
    let page = SwaggerUi::new("/docs").config(Config::from(PATH).try_it_out_enabled(true).persist_authorization(false));
    let policy = async |mut response: Response| {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
        response
    };
    let page = Router::from(page).layer(middleware::map_response(policy));
    let served = |document: OpenApi| {
        let document = Arc::new(document);
        get(async move || Json(document).into_response())
    };
    Router::new().route(PATH, served(document)).route(CONTROL_PATH, served(control)).merge(page)
}

/// The operations of a path, by method.
fn operations(item: &mut PathItem) -> impl Iterator<Item = (HttpMethod, &mut Operation)> {
    let all = [
        (HttpMethod::Get, item.get.as_mut()),
        (HttpMethod::Put, item.put.as_mut()),
        (HttpMethod::Post, item.post.as_mut()),
        (HttpMethod::Delete, item.delete.as_mut()),
        (HttpMethod::Patch, item.patch.as_mut()),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.map(|operation| (method, operation)))
}

/// Adds what holds for every call of its kind.
fn complete(path: &str, method: &HttpMethod, operation: &mut Operation, problems: &[Problem]) {
    let (mut has_query, mut is_list) = (false, false);
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        has_query |= parameter.parameter_in == ParameterIn::Query;
        is_list |= parameter.name == "cursor";
        if parameter.name == "fields" {
            parameter.style = Some(ParameterStyle::Form);
            parameter.explode = Some(false);
            parameter.description =
                Some("Which fields to show, with commas between them; ids are always there.".into());
        }
    }
    let has_body = operation.request_body.is_some();
    let may_send = matches!(method, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch);
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        dress(status, response);
    }
    for (name, when, _) in problems {
        let is_possible = match when {
            When::Never => false,
            When::Always => true,
            When::Readable => has_query || may_send,
            When::Named => path.contains('{'),
            When::Sent => may_send,
            When::Body => has_body,
            When::List => is_list,
            When::Post => *method == HttpMethod::Post,
        };
        if is_possible {
            let problem = RefOr::Ref(Ref::from_response_name(*name));
            operation.responses.responses.entry((*name).into()).or_insert(problem);
        }
    }
}

/// Adds what goes with a POST that can be repeated.
fn honour_idempotency_key(method: &HttpMethod, operation: &mut Operation) {
    if *method != HttpMethod::Post {
        return;
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with('2')
        {
            let replayed = "`true` on an answer that was given before.";
            response.headers.insert("Idempotent-Replayed".into(), text_header(replayed));
        }
    }
    operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
}

/// What the derived name of a list of things begins with.
const LIST: &str = "List_";

/// Calls the list of `Thing` a `ThingList`, and has it refer to the thing.
fn name_lists(components: &mut Components) {
    let lists: Vec<String> = components.schemas.keys().filter(|name| name.starts_with(LIST)).cloned().collect();
    for name in lists {
        let (thing, list) = (name.trim_start_matches(LIST), components.schemas.remove(&name));
        let Some(RefOr::T(Schema::Object(mut list))) = list else { continue };
        let data = ArrayBuilder::new().items(Ref::from_schema_name(thing)).description(Some("The items, in order."));
        list.properties.insert("data".into(), data.into());
        components.schemas.insert(format!("{thing}List"), RefOr::T(list.into()));
    }
}

/// Adds what goes with every answer of a status.
fn dress(status: &str, response: &mut openapi::Response) {
    let id = "The request's id; one that you send is taken if it is plain.";
    response.headers.insert("x-request-id".into(), text_header(id));
    for content in response.content.values_mut() {
        if let RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) = content
            && let Some((_, thing)) = schema.ref_location.split_once(LIST)
        {
            *schema = Ref::from_schema_name(format!("{thing}List"));
        }
    }
    if status.starts_with('4') || status.starts_with('5') {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        response.content.insert("application/problem+json".into(), problem.into());
    }
    if ["429", "503"].contains(&status) {
        response.headers.insert("Retry-After".into(), text_header("After how many seconds to come back."));
    }
}

fn text_header(says: &str) -> RefOr<Header> {
    RefOr::T(HeaderBuilder::new().schema(Some(String::schema())).description(Some(says)).build())
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(idempotency::LONGEST))
        .pattern(Some("^[ -~]+$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key and body within 24 hours give the first answer again and change nothing."))
        .schema(Some(schema))
        .build()
}
