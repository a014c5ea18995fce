//! The door of the console: who comes in, what a form has to show, and what goes out with every answer.
//!
//! A session is a cookie that scripts can't read and other sites can't send. What changes something is a form
//! of a page of this very session: it carries a token that is the session's own, and the browser has to say
//! that the request comes from this site.
//!
//! Not here: checking passwords (`fleet`), or which page needs which role (`routes`).

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use domain::audit::{Actor, ActorKind};
use domain::id::OrganizationId;
use domain::role::Role;
use hmac::Mac as _;
use subtle::ConstantTimeEq as _;
use url::{Url, form_urlencoded};

use super::Console;
use super::refusal::Refusal;
use crate::fleet::{Presence, SignedIn};
use crate::store::{Reach, acting};
use crate::vault::mac;

/// What the session's cookie is called. The prefix has browsers keep it to this host, whole and over TLS alone
/// (or on this machine).
const COOKIE: &str = "__Host-bursar";

/// Where people sign in.
pub(super) const SIGN_IN: &str = "/console/login";

/// Set on requests that a page makes by itself, which don't keep a session alive.
const BY_ITSELF: HeaderName = HeaderName::from_static("x-by-itself");

/// The largest form, in bytes.
pub const LARGEST_FORM: usize = 64 * 1024;

/// What a page may load and do. Frames are allowed to the one page that shows evidence.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who looks at a page.
#[derive(Clone)]
pub(super) struct Visitor {
    pub(super) signed_in: SignedIn,
    /// What this session's forms carry.
    pub(super) form_token: String,
}

impl Visitor {
    pub(super) fn reach(&self) -> &Reach {
        &self.signed_in.reach
    }

    /// Whether they may do what this role may.
    pub(super) fn may(&self, role: Role) -> bool {
        self.signed_in.user.role >= role
    }

    /// Whether they see the whole fleet, and not one organization alone.
    pub(super) fn sees_all(&self) -> bool {
        self.signed_in.reach == Reach::All
    }

    /// Refuses whatever belongs to nobody in particular to those who see one organization alone.
    pub(super) fn whole_fleet(&self) -> Result<(), Refusal> {
        if self.sees_all() { Ok(()) } else { Err(Refusal::not_found()) }
    }

    /// Refuses a tenant's things to those who don't reach it, as if they weren't there.
    pub(super) fn reached(&self, tenant: OrganizationId) -> Result<OrganizationId, Refusal> {
        if self.reach().has(tenant) { Ok(tenant) } else { Err(Refusal::not_found()) }
    }
}

/// The fields of a form.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field's value; empty if there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field that there may be several of.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    }

    /// The fields of a form's body.
    #[must_use]
    pub fn of_form(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The parameters behind the question mark.
    #[must_use]
    pub fn of_query(query: Option<&str>) -> Self {
        Self::of_form(query.unwrap_or_default().as_bytes())
    }
}

/// Adds what goes out with every answer.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    ] {
        // What says otherwise for itself keeps its own.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// The same with frames of this site, for the page that shows evidence.
pub(super) fn with_frames(mut response: Response) -> Response {
    let policy = format!("{POLICY}; frame-src 'self'");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Lets those in who are signed in.
pub(super) async fn signed_in(State(console): State<Console>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_line = path == "/console/events" || path.ends_with("/live/socket");
    let is_by_itself = is_line || request.headers().contains_key(BY_ITSELF);
    let presence = if is_by_itself { Presence::ByItself } else { Presence::Active };
    let known = match token(request.headers()) {
        None => None,
        Some(token) => match console.fleet.signed_in(&token, presence).await {
            Ok(known) => known,
            Err(error) => return Refusal::from(error).into_response(),
        },
    };
    let Some(signed_in) = known else {
        if is_by_itself || request.method() != Method::GET {
            return Refusal::signed_out().into_response();
        }
        let here = request.uri().path_and_query().map_or("/console", |path| path.as_str());
        let next: String = form_urlencoded::byte_serialize(here.as_bytes()).collect();
        return Redirect::to(&format!("{SIGN_IN}?next={next}")).into_response();
    };
    let actor = actor(&signed_in);
    let form_token = console.form_token(&signed_in.session.id.to_string());
    request.extensions_mut().insert(Visitor { signed_in, form_token });
    acting(actor, next.run(request)).await
}

/// Lets visitors in who have the role, or one that may do more.
pub(super) async fn role(State(needed): State<Role>, request: Request, next: Next) -> Response {
    match request.extensions().get::<Visitor>() {
        Some(visitor) if visitor.may(needed) => next.run(request).await,
        _ => Refusal::role(needed).into_response(),
    }
}

/// Reads a form, which has to be one of this site's and, where somebody is signed in, of their session.
pub(super) async fn form(State(console): State<Console>, request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    match read(&console, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn read(console: &Console, request: Request) -> Result<Request, Refusal> {
    if !is_from_here(request.headers(), &console.fleet.config.public_url()) {
        return Err(Refusal::foreign_form());
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, LARGEST_FORM).await.map_err(|_| Refusal::too_large())?;
    let fields = Fields::of_form(&bytes);
    if let Some(visitor) = parts.extensions.get::<Visitor>() {
        let is_own = fields.get("token").as_bytes().ct_eq(visitor.form_token.as_bytes());
        if !bool::from(is_own) {
            return Err(Refusal::foreign_form());
        }
    }
    let mut request = Request::from_parts(parts, axum::body::Body::empty());
    request.extensions_mut().insert(fields);
    Ok(request)
}

/// Whether the browser says that a page of this site asks. All that are in use say so; of those that
/// don't, the origin has to be ours. With the policy that nothing is told of where one comes from, a
/// browser's origin may be `null`, which is nobody's.
#[must_use]
pub fn is_from_here(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(header::ORIGIN).filter(|origin| *origin != "null");
    let host = text(header::HOST).unwrap_or_default();
    let is_ours = |origin: &str| {
        let is_host = origin.split_once("://").is_some_and(|(_, named)| named.eq_ignore_ascii_case(host));
        let public = Url::parse(public_url).is_ok_and(|url| url.origin().ascii_serialization() == origin);
        is_host || public
    };
    match (text(HeaderName::from_static("sec-fetch-site")), origin) {
        (Some("same-origin"), origin) => origin.is_none_or(is_ours),
        (Some(_), _) => false,
        (None, Some(origin)) => is_ours(origin),
        (None, None) => false,
    }
}

/// Whether a page of this site opens a socket. Browsers say where one comes from whatever the page's policy, and none
/// keeps one from another site.
pub(super) fn is_own_socket(headers: &HeaderMap, public_url: &str) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    origin.is_some_and(|origin| origin != "null") && is_from_here(headers, public_url)
}

/// Who acts at the console.
pub(super) fn actor(signed_in: &SignedIn) -> Actor {
    let user = &signed_in.user;
    Actor::new(ActorKind::ConsoleUser, user.id.to_string(), &user.login)
}

impl Console {
    /// What the forms of a session carry.
    fn form_token(&self, session: &str) -> String {
        let mut mac = mac(self.form_key.as_slice());
        mac.update(session.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where a request comes from: the connection's other end, or what a proxy says that is trusted.
    pub(super) fn address(&self, headers: &HeaderMap, peer: Option<&ConnectInfo<SocketAddr>>) -> String {
        address(self.fleet.config.console.client_address_header.as_deref(), headers, peer)
    }
}

/// Where a request comes from, as it is counted: what the header says that is trusted, or else the other end.
#[must_use]
pub fn address(trusted: Option<&str>, headers: &HeaderMap, peer: Option<&ConnectInfo<SocketAddr>>) -> String {
    let said = trusted.and_then(|name| last_address(headers, name));
    let address = said.or_else(|| peer.map(|ConnectInfo(peer)| peer.ip()));
    address.map_or_else(|| "unknown".to_owned(), counted_as)
}

/// The last address of a header's last line: the one that the proxy next to us wrote. Whatever stands before
/// it may be the client's own word.
fn last_address(headers: &HeaderMap, name: &str) -> Option<IpAddr> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let last = line.rsplit(',').next()?.trim();
    let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(last);
    bare.parse().ok().or_else(|| last.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

/// As what an address is counted. Of IPv6 a single customer has a network of 64 bits, at the least.
fn counted_as(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let network = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
            if address.is_loopback() { address.to_string() } else { format!("{network}/64") }
        }
    }
}

/// What the browser shows of its session.
pub(super) fn token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE)
}

/// A cookie.
pub(super) fn cookie(headers: &HeaderMap, wanted: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.to_owned())
}

/// Has the browser keep a session; an empty token has it forget one.
pub(super) fn with_cookie(mut response: Response, token: &str) -> Response {
    let life = if token.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict{life}");
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_address_of_a_trusted_header_counts_and_only_if_it_is_one() {
        let check = |lines: &[&'static str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            assert_eq!(last_address(&headers, "x-forwarded-for").map(counted_as).as_deref(), expected, "{lines:?}");
        };
        check(&["203.0.113.9"], Some("203.0.113.9"));
        check(&["198.51.100.1, 203.0.113.9"], Some("203.0.113.9"));
        check(&["198.51.100.1", "203.0.113.9"], Some("203.0.113.9"));
        check(&["203.0.113.9:4711"], Some("203.0.113.9"));
        check(&["[2001:db8:1:2:3:4:5:6]:4711"], Some("2001:db8:1:2::/64"));
        check(&["[2001:db8:1:2:3:4:5:6]"], Some("2001:db8:1:2::/64"));
        check(&["2001:db8:1:2:ffff::1"], Some("2001:db8:1:2::/64"));
        check(&["2001:db8:1:3::1"], Some("2001:db8:1:3::/64"));
        check(&["::ffff:203.0.113.9"], Some("203.0.113.9"));
        check(&["::1"], Some("::1"));
        for nonsense in ["", "unknown", "203.0.113.9, nobody", "203.0.113.9,", "203.0.113", "[203.0.113.9", "a:1"] {
            check(&[nonsense], None);
        }
        check(&[], None);
    }

    #[test]
    fn only_a_page_of_this_site_is_from_here() {
        let check = |site: Option<&'static str>, origin: Option<&'static str>, expected: bool| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            let said = is_from_here(&headers, "https://bursar.example");
            assert_eq!(said, expected, "{site:?} {origin:?}");
        };
        check(Some("same-origin"), Some("null"), true);
        check(Some("same-origin"), Some("http://127.0.0.1:8080"), true);
        check(Some("same-origin"), Some("https://bursar.example"), true);
        check(Some("same-origin"), Some("https://evil.example"), false);
        check(Some("same-site"), Some("null"), false);
        check(Some("cross-site"), Some("null"), false);
        check(Some("none"), None, false);
        check(None, Some("http://127.0.0.1:8080"), true);
        check(None, Some("https://evil.example"), false);
        check(None, Some("null"), false);
        check(None, None, false);
    }
}
