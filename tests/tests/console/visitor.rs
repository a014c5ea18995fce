//! Somebody who asks the console over plain HTTP, and says of a request whatever a test wants said.
//!
//! Not here: a browser (`tests::person`).

use reqwest::redirect::Policy;
use reqwest::{Client, Method};
use url::form_urlencoded;

use crate::PASSWORD;

/// Somebody with a cookie.
pub(crate) struct Visitor {
    client: Client,
    base: String,
    pub(crate) cookie: String,
}

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) location: String,
    pub(crate) policy: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Visitor {
    /// Somebody who isn't signed in.
    pub(crate) fn new(address: &str) -> Self {
        let client = tests::client::client().redirect(Policy::none()).build().expect("a client");
        Self { client, base: address.to_owned(), cookie: String::new() }
    }

    /// Somebody who is signed in.
    pub(crate) async fn signed_in(address: &str, login: &str) -> Self {
        let mut visitor = Self::new(address);
        let page = visitor.sign_in(login, PASSWORD).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/console"), "{}", page.text);
        visitor
    }

    /// Sends the form of the sign-in, and keeps the cookie that comes.
    pub(crate) async fn sign_in(&mut self, login: &str, password: &str) -> Page {
        let page = self.form("/console/login", &[("login", login), ("password", password)], &[SAME_SITE]).await;
        let cookies = page.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
        if let Some(cookie) = cookies.filter_map(|cookie| cookie.split(';').next()).next() {
            cookie.clone_into(&mut self.cookie);
        }
        page
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.ask(Method::GET, path, None, &[]).await
    }

    /// Sends a form as a page of this session would.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.token().await;
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("token", token.as_str())]).collect();
        self.form(path, &fields, &[SAME_SITE]).await
    }

    /// What the forms of this session carry.
    pub(crate) async fn token(&self) -> String {
        let page = self.get("/console/account").await.text;
        let (_, rest) = page.split_once("name=\"token\" value=\"").unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }

    /// Sends a form with whatever it is said to carry.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask(Method::POST, path, Some(body), headers).await
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<String>, headers: &[(&str, &str)]) -> Page {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("cookie", &self.cookie);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await.expect("the coordinator answers");
        let headers = answer.headers().clone();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (location, policy) = (text("location"), text("content-security-policy"));
        let status = answer.status().as_u16();
        Page { status, text: answer.text().await.unwrap_or_default(), location, policy, headers }
    }

    /// A stream of what changes.
    pub(crate) async fn listen(&self) -> reqwest::Response {
        let request = self.client.get(format!("{}/console/events", self.base)).header("cookie", &self.cookie);
        request.send().await.expect("the coordinator answers")
    }
}

/// What a browser says of a form of the same site.
pub(crate) const SAME_SITE: (&str, &str) = ("sec-fetch-site", "same-origin");
