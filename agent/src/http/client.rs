//! Asking a portal for a page: the request as a browser makes it, redirects and cookies, and
//! the page that comes back, of bounded size and in its character set.
//!
//! Not here: what is asked for (`script::plain`), and what may be reached at all
//! ([`crate::egress`]).

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERER};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response};
use script::command::{FILE_AT_MOST, Trouble};
use script::plain::{Form, Method, Request};
use url::Url;

use super::charset::{decode, encoding_of};
use super::identity::Identity;
use crate::egress::Egress;
use crate::gate::Permit;

/// How long a document may take, all of it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(10);
/// How often a server may send one elsewhere.
const REDIRECTS: usize = 10;
/// The longest document, in bytes; what is beyond isn't read.
pub(super) const DOCUMENT_AT_MOST: usize = 8 * 1024 * 1024;

const USER_AGENT: &str = concat!("Mozilla/5.0 (compatible; bursar-agent/", env!("CARGO_PKG_VERSION"), ")");
const ACCEPTED: HeaderValue = HeaderValue::from_static("text/html,application/xhtml+xml;q=0.9,*/*;q=0.1");

/// What speaks to one portal in one session.
pub(super) struct Client(reqwest::Client);

/// A page that came back.
pub(super) struct Page {
    /// Where it was, at the end of all redirects.
    pub(super) url: Url,
    pub(super) status: u16,
    pub(super) html: String,
    /// The name of its character set, which forms on it are sent in.
    pub(super) charset: &'static encoding_rs::Encoding,
}

/// A server sends one where the session mustn't go.
#[derive(Debug, thiserror::Error)]
#[error("a redirect leads out of the session's hosts")]
struct Astray;

/// What came back in the place of a page, as was asked.
pub(super) enum Fetched {
    File(Vec<u8>),
    /// It has too many bytes.
    TooLarge,
    /// A page after all.
    Page(Page),
}

/// Why no page came back.
pub(super) enum Failed {
    /// It isn't one, but a file.
    NoPage,
    Http(reqwest::Error),
}

impl Client {
    /// One whose every connection goes out by `egress`.
    pub(super) fn new(identity: &Identity, egress: &Arc<Egress>) -> Result<Self, reqwest::Error> {
        // Names are resolved on the way out, which knows the session's hosts.
        let proxy = reqwest::Proxy::all(egress.proxy().replacen("socks5://", "socks5h://", 1))?;
        let way = Arc::clone(egress);
        let redirects = Policy::custom(move |attempt| match attempt.previous().len() {
            _ if !way.allows(attempt.url()) => attempt.error(Astray),
            ..=REDIRECTS => attempt.follow(),
            _ => attempt.stop(),
        });
        let headers = [(ACCEPT, ACCEPTED), (ACCEPT_LANGUAGE, HeaderValue::from_static("en-US,en;q=0.9"))];
        let client = reqwest::Client::builder()
            .proxy(proxy)
            .cookie_provider(identity.jar())
            .redirect(redirects)
            // What it would say on the way is more than a browser does.
            .referer(false)
            .user_agent(identity.user_agent.as_deref().unwrap_or(USER_AGENT))
            .default_headers(headers.into_iter().collect::<HeaderMap>())
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .build()?;
        Ok(Self(client))
    }

    /// Asks for a page from the page `on`.
    pub(super) async fn ask(&self, permit: Permit, request: Request, on: Option<&Page>) -> Result<Page, Failed> {
        let answer = self.send(permit, request, on).await?;
        if is_page(&answer) { page(answer).await } else { Err(Failed::NoPage) }
    }

    /// Asks for a file from the page `on`.
    pub(super) async fn fetch(&self, permit: Permit, request: Request, on: Option<&Page>) -> Result<Fetched, Failed> {
        let answer = self.send(permit, request, on).await?;
        if !is_file(&answer) {
            return page(answer).await.map(Fetched::Page);
        }
        let bytes = body(answer, FILE_AT_MOST + 1).await?;
        Ok(if bytes.len() > FILE_AT_MOST { Fetched::TooLarge } else { Fetched::File(bytes) })
    }

    async fn send(&self, _permit: Permit, request: Request, on: Option<&Page>) -> Result<Response, Failed> {
        let (to, request) = match request {
            Request::Link(url) => (url.clone(), self.0.get(url)),
            Request::Form(form) => (form.to.clone(), self.form(form, on)),
        };
        let from = on.and_then(|page| referrer(&page.url, &to));
        let request = from.into_iter().fold(request, |request, from| request.header(REFERER, from));
        request.send().await.map_err(Failed::Http)
    }

    fn form(&self, form: Form, on: Option<&Page>) -> RequestBuilder {
        let wanted = form.charsets.iter().find_map(|name| encoding_of(name));
        let charset = wanted.or(on.map(|page| page.charset)).unwrap_or(encoding_rs::UTF_8).output_encoding();
        let mut to = form.to;
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        let body = body.encoding_override(Some(&|text| charset.encode(text).0)).extend_pairs(&form.entries).finish();
        match form.by {
            Method::Get => {
                to.set_query(Some(&body));
                self.0.get(to)
            }
            Method::Post => {
                let origin = on.map(|page| page.url.origin().ascii_serialization());
                let request = self.0.post(to).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
                origin.into_iter().fold(request, |request, origin| request.header(ORIGIN, origin))
            }
        }
    }
}

impl Failed {
    /// What it is to a run, as the way out knows it or the client does.
    pub(super) fn trouble(&self, egress: &Egress) -> Trouble {
        let Self::Http(error) = self else { return Trouble::Forbidden };
        let place = error.url().and_then(|url| url.host_str().zip(url.port_or_known_default()));
        let known = place.and_then(|(host, port)| egress.trouble(host.trim_matches(['[', ']']), port));
        let first = error.source();
        let causes = || std::iter::successors(first, |cause: &&(dyn std::error::Error + 'static)| (*cause).source());
        let is_tls = causes().any(|cause| {
            let within = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            cause.is::<rustls::Error>() || within.is_some_and(|within| within.is::<rustls::Error>())
        });
        match known {
            Some(trouble) => trouble,
            None if causes().any(|cause| cause.is::<Astray>()) => Trouble::Forbidden,
            None if is_tls => Trouble::Tls,
            None if error.is_timeout() => Trouble::Timeout,
            None => Trouble::Reset,
        }
    }
}

fn header<'a>(answer: &'a Response, name: &HeaderName) -> Option<&'a str> {
    answer.headers().get(name)?.to_str().ok()
}

/// The document that an answer is, with what it takes to read its text.
async fn page(answer: Response) -> Result<Page, Failed> {
    let named = header(&answer, &CONTENT_TYPE)
        .and_then(|said| said.to_ascii_lowercase().split_once("charset=").map(|(_, name)| name.to_owned()));
    let (url, status) = (answer.url().clone(), answer.status().as_u16());
    let bytes = body(answer, DOCUMENT_AT_MOST).await?;
    let (html, charset) = decode(&bytes, named.as_deref(), &url);
    Ok(Page { url, status, html, charset })
}

/// What comes, up to so many bytes; the rest isn't read.
async fn body(mut answer: Response, at_most: usize) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(Failed::Http)? {
        let room = at_most - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if bytes.len() == at_most {
            break;
        }
    }
    Ok(bytes)
}

/// Whether it is handed out to be kept, and not to be shown: it says so, or is nothing that is shown as a page.
fn is_file(answer: &Response) -> bool {
    let kind = header(answer, &CONTENT_TYPE).unwrap_or("text/html").to_ascii_lowercase();
    let is_shown = ["text/html", "application/xhtml+xml"].iter().any(|known| kind.starts_with(known));
    answer.status().is_success() && (is_attached(answer) || !is_shown)
}

fn is_attached(answer: &Response) -> bool {
    let said = header(answer, &reqwest::header::CONTENT_DISPOSITION);
    said.is_some_and(|said| said.trim_start().to_ascii_lowercase().starts_with("attachment"))
}

/// Whether a browser would show it and not keep it as a file.
fn is_page(answer: &Response) -> bool {
    let kind = header(answer, &CONTENT_TYPE).unwrap_or("text/html").to_ascii_lowercase();
    !is_attached(answer)
        && ["text/html", "application/xhtml+xml", "text/plain"].iter().any(|known| kind.starts_with(known))
}

/// What a browser says of where it comes from: within a host the page, less what is nobody's
/// business; to another host the host alone, as an address may name a session.
fn referrer(page: &Url, to: &Url) -> Option<String> {
    let mut from = page.clone();
    from.set_fragment(None);
    from.set_username("").and_then(|()| from.set_password(None)).ok()?;
    if page.origin() != to.origin() {
        from.set_query(None);
        from.set_path("/");
    }
    Some(from.into())
}

#[cfg(test)]
mod tests {
    use super::referrer;

    #[test]
    fn another_host_is_not_told_which_page_one_comes_from() {
        let check = |page: &str, to: &str, expected: &str| {
            let [page, to] = [page, to].map(|url| url.parse().expect("a url"));
            assert_eq!(referrer(&page, &to).as_deref(), Some(expected));
        };
        let page = "https://me@bank.example/in?SID=7#top";
        check(page, "https://bank.example/out", "https://bank.example/in?SID=7");
        check(page, "https://files.bank.example/", "https://bank.example/");
        check(page, "https://bank.example:8443/", "https://bank.example/");
    }
}
