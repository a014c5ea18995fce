//! A coordinator that serves, as commands ask it: where it is, the token, calls, and how answers are shown.
//!
//! Not here: which calls there are (`http::control`).

use std::time::Duration;

use domain::secret::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use url::Url;

use super::{CommandError, in_one_line, print_table, printable};
use crate::config::Config;

/// How long a coordinator has to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which coordinator is asked, and how its answers are shown.
#[derive(clap::Args)]
pub(super) struct At {
    /// Where the coordinator is; by the settings unless given.
    #[arg(long, global = true, env = "BURSAR_CONTROL_URL", value_name = "URL")]
    coordinator: Option<Url>,
    /// A file with a control token; by the settings unless given.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<std::path::PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(super) json: bool,
}

/// A header and the field under it.
pub(super) type Column = (&'static str, &'static str);

impl At {
    /// Prints an answer, or of it what stands at a place: a list, or one thing.
    pub(super) fn show(&self, answer: &Value, at: &str, columns: &[Column]) {
        let shown = answer.pointer(at).unwrap_or(answer);
        if self.json {
            outln!("{shown}");
            return;
        }
        let rows = match shown {
            Value::Array(rows) => rows.iter().collect(),
            one => vec![one],
        };
        let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
        let row = |row: &Value| columns.iter().map(|(_, field)| cell(row.pointer(field))).collect();
        print_table(&headers, rows.into_iter().map(row));
    }
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".into(),
        Some(Value::String(text)) => in_one_line(text),
        Some(value) => value.to_string(),
    }
}

/// Says of what isn't there what it was called.
pub(super) fn unknown(what: &'static str, name: &impl ToString) -> impl FnOnce(CommandError) -> CommandError {
    let name = printable(&name.to_string());
    move |error| match error {
        CommandError::Refused { status: 404, .. } => CommandError::Unknown { what, name },
        error => error,
    }
}

/// A coordinator's calls for operators.
pub(super) struct Desk {
    client: reqwest::Client,
    root: String,
    token: Secret,
}

impl Desk {
    pub(super) fn open(arguments: &At, config: &Config) -> Result<Self, CommandError> {
        let root = match &arguments.coordinator {
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                return Err(CommandError::Said("a coordinator's address has no user; the token is in a file".into()));
            }
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None if config.public_url().ends_with(":0") => {
                return Err(CommandError::Said("the settings name no port; say with --coordinator where it is".into()));
            }
            None => config.public_url().trim_end_matches('/').to_owned(),
        };
        let file = arguments.token_file.clone().unwrap_or_else(|| config.data().join("control.token"));
        let token = match config.control_token().expose() {
            token if !token.is_empty() && arguments.token_file.is_none() => token.to_owned(),
            _ => std::fs::read_to_string(&file)
                .map_err(|source| CommandError::File { path: file.display().to_string(), source })?,
        };
        if !token.trim().bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CommandError::Said(format!("{} holds more than a token", file.display())));
        }
        let client = reqwest::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| CommandError::Said(format!("no HTTP client could be made: {error}")))?;
        Ok(Self { client, root, token: Secret::new(token.trim().to_owned()) })
    }

    pub(super) async fn get(&self, path: &[&str]) -> Result<Value, CommandError> {
        self.call(Method::GET, path, None, None).await
    }

    pub(super) async fn post(&self, path: &[&str]) -> Result<Value, CommandError> {
        self.call(Method::POST, path, None, None).await
    }

    /// The same with what it is asked for.
    pub(super) async fn get_with(&self, path: &[&str], query: Option<&str>) -> Result<Value, CommandError> {
        self.call(Method::GET, path, query, None).await
    }

    /// Does something, as a body says it.
    pub(super) async fn send(&self, path: &[&str], body: &Value) -> Result<Value, CommandError> {
        self.call(Method::POST, path, None, Some(body)).await
    }

    /// Does something to one of many; `what` is the word for it.
    pub(super) async fn steer(
        &self,
        what: &'static str,
        among: &str,
        name: &impl ToString,
        verb: &[&str],
    ) -> Result<Value, CommandError> {
        let named = name.to_string();
        let path = [&[among, &named], verb].concat();
        self.call(Method::POST, &path, None, None).await.map_err(unknown(what, name))
    }

    /// All pages of a list as one.
    pub(super) async fn pages(&self, path: &str) -> Result<Value, CommandError> {
        let (mut data, mut query) = (Vec::new(), "limit=500".to_owned());
        loop {
            let page = self.call(Method::GET, &[path], Some(&query), None).await?;
            data.extend(page["data"].as_array().cloned().unwrap_or_default());
            match page["pagination"]["nextCursor"].as_str() {
                Some(cursor) => query = format!("limit=500&cursor={cursor}"),
                None => return Ok(json!({ "data": data })),
            }
        }
    }

    /// Where a call goes. Names that operators type may hold anything.
    fn url(&self, path: &[&str], query: Option<&str>) -> Result<Url, CommandError> {
        let unusable = || CommandError::Said(format!("{} isn't a coordinator's address", self.root));
        let mut url: Url = self.root.parse().map_err(|_| unusable())?;
        url.path_segments_mut().map_err(|()| unusable())?.pop_if_empty().extend(["control", "v1"]).extend(path);
        url.set_query(query);
        let is_here = url.host_str().is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host));
        if url.scheme() != "https" && !is_here {
            let said = format!("{} would get the control token in clear; use https", self.root);
            return Err(CommandError::Said(said));
        }
        Ok(url)
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Value, CommandError> {
        let url = self.url(path, query)?;
        let away = |error: reqwest::Error| CommandError::Away { address: self.root.clone(), source: error.into() };
        let request = self.client.request(method, url).bearer_auth(self.token.expose());
        let request = if let Some(body) = body { request.json(body) } else { request };
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let body: Value = match status {
            reqwest::StatusCode::NO_CONTENT => Value::Null,
            _ => answer.json().await.map_err(away)?,
        };
        if status.is_success() {
            return Ok(body);
        }
        let said = body["detail"].as_str().or(body["title"].as_str()).unwrap_or("it didn't say why");
        let (code, detail) = (body["code"].as_str().unwrap_or_default(), printable(said));
        Err(CommandError::Refused { status: status.as_u16(), code: printable(code), detail })
    }
}
