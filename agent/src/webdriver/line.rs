//! The line to one session of a remote end: the only way to send it a command, with a
//! [`Permit`] and a deadline; and what became of it, in words of our own: what the other
//! side says of an error may be the page's words, or hold what was typed.
//!
//! Texts that are filled in travel as arguments, never as source. Not here: when a call is
//! made again.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fantoccini::error::{CmdError, ErrorStatus, NewSessionError};
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::timeout;
use url::Url;

use crate::cdp::page::IN_PAGE;
use crate::gate::{Permit, PersonsPermit};
use crate::patience::{self, TooLong};

/// What is put behind `page.js`.
const CALL: &str = include_str!("call.js");

/// How long a command may take that an [`Eye`] sent, and how much longer one has that comes after it. A picture that is taken
/// while one site gives way to another is lost, and chromedriver does nothing else before its ten seconds for it are over.
const BEHIND: Duration = Duration::from_secs(12);

/// One window of a session.
pub(super) type Window = WindowHandle;

/// The line to one session.
pub(super) struct Line {
    client: Client,
    script: String,
    ahead: Ahead,
}

/// What hangs up: another line to the same session, since nothing gets past a command on
/// the first.
pub(super) struct HangUp {
    client: Client,
}

/// What looks on, and does what a person does: one more line to the same session.
pub(super) struct Eye {
    client: Client,
    ahead: Ahead,
}

/// How many commands of an [`Eye`] wait for their answers: no other gets past them.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicUsize>);

/// One command of them.
struct UnderWay(Ahead);

/// What a document answered.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    /// The document's name, which no other has.
    pub(super) document: String,
    /// Where it is.
    pub(super) url: String,
    /// What `page.js` answered; null when its slice was over before.
    pub(super) answer: Value,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    /// The document was replaced, or taken away, before it answered.
    #[error("the document was replaced")]
    Replaced,
    /// There is no window.
    #[error("the window is gone")]
    NoWindow,
    /// A prompt of the page was in the way.
    #[error("a prompt was in the way")]
    Prompt,
    /// Not in time.
    #[error("no answer in time")]
    TimedOut,
    /// The session, the browser, or who drives it.
    #[error("the session is gone")]
    Gone,
    /// The remote end opens no session like that.
    #[error("the remote end opens no such session")]
    Refused,
}

impl Line {
    /// Opens a session at `url`, and another line to it that hangs up.
    pub(super) async fn open(
        url: &Url,
        asked: Map<String, Value>,
        patience: Duration,
    ) -> Result<(Self, HangUp, Eye), LineError> {
        let connector = connector(url)?;
        let mut builder = ClientBuilder::new(connector.clone());
        builder.capabilities(asked);
        // Where nobody waits any more, the session is closed as soon as it is there.
        let opened = timeout(patience, builder.connect(url.as_str())).await;
        let client = opened.map_err(|_| LineError::TimedOut)?.map_err(|error| refusal(&error))?;
        let id = client.session_id().await.ok().flatten().ok_or(LineError::Refused)?;
        let again = async |connector| {
            let client = Client::with_existing_session(url.as_str(), &id, connector).await;
            client.map_err(|error| refusal(&error))
        };
        let (other, eye) = (again(connector.clone()).await?, again(connector).await?);
        eye.persist().await.map_err(|_| LineError::Gone)?;
        // The other one closes the session, when it is dropped at the latest.
        client.persist().await.map_err(|_| LineError::Gone)?;
        let ahead = Ahead::default();
        let line = Self { client, script: format!("{IN_PAGE}\n{CALL}"), ahead: ahead.clone() };
        Ok((line, HangUp { client: other }, Eye { client: eye, ahead }))
    }

    /// Asks the browser for an address; whether it can be opened is seen in the window.
    pub(super) async fn go(&self, _permit: Permit, url: &Url, patience: Duration) -> Result<(), LineError> {
        self.within(patience, self.client.goto(url.as_str())).await
    }

    /// Calls into the document that is showing, for no longer than `slice`.
    pub(super) async fn call(
        &self,
        _permit: Permit,
        verb: &'static str,
        request: Value,
        since: Option<&str>,
        (slice, patience): (Option<Duration>, Duration),
    ) -> Result<Told, LineError> {
        let slice = slice.map(|slice| u64::try_from(slice.as_millis()).unwrap_or(u64::MAX));
        let arguments = vec![json!(verb), request, json!(since), json!(slice)];
        let told = self.within(patience, self.client.execute_async(&self.script, arguments)).await?;
        // No answer at all is what a prompt leaves behind.
        serde_json::from_value(told).map_err(|_| LineError::Prompt)
    }

    /// The window that is spoken to.
    pub(super) async fn window(&self, _permit: Permit, patience: Duration) -> Result<WindowHandle, LineError> {
        self.within(patience, self.client.window()).await
    }

    /// The windows of the session, in no order.
    pub(super) async fn windows(&self, _permit: Permit, patience: Duration) -> Result<Vec<WindowHandle>, LineError> {
        self.within(patience, self.client.windows()).await
    }

    /// Speaks to this window from now on.
    pub(super) async fn turn_to(
        &self,
        _permit: Permit,
        window: &WindowHandle,
        patience: Duration,
    ) -> Result<(), LineError> {
        self.within(patience, self.client.switch_to_window(window.clone())).await
    }

    /// Closes the window that is spoken to.
    pub(super) async fn close_window(&self, _permit: Permit, patience: Duration) -> Result<(), LineError> {
        self.within(patience, self.client.close_window()).await
    }

    /// Tells a Chromium something that WebDriver has no words for.
    pub(super) async fn devtools(
        &self,
        _permit: Permit,
        method: &'static str,
        params: Value,
        patience: Duration,
    ) -> Result<(), LineError> {
        self.within(patience, self.client.issue_cmd(DevTools { method, params })).await.map(|_| ())
    }

    /// What the window shows, exactly.
    pub(super) async fn screenshot(&self, _permit: Permit, patience: Duration) -> Result<Vec<u8>, LineError> {
        self.within(patience, self.client.screenshot()).await
    }

    /// The address that the window is at, also where the browser shows an error in its place.
    pub(super) async fn at(&self, _permit: Permit, patience: Duration) -> Result<Url, LineError> {
        self.within(patience, self.client.current_url()).await
    }

    /// Waits as long as `patience` lets it, and longer for what an [`Eye`] sent before it.
    async fn within<T>(
        &self,
        patience: Duration,
        command: impl Future<Output = Result<T, CmdError>>,
    ) -> Result<T, LineError> {
        let mut command = pin!(command);
        let was_behind = self.ahead.is_some();
        match within(patience, &mut command).await {
            Err(LineError::TimedOut) if was_behind || self.ahead.is_some() => within(BEHIND, command).await,
            answered => answered,
        }
    }
}

impl HangUp {
    /// Closes the session; whether it is closed.
    pub(super) async fn close(&self, patience: Duration) -> bool {
        // A session that isn't there is closed.
        matches!(timeout(patience, self.client.clone().close()).await, Ok(Ok(())))
    }
}

impl Eye {
    /// A picture (PNG) of what the window shows.
    pub(super) async fn picture(&self, _permit: Permit) -> Result<Vec<u8>, LineError> {
        let client = self.client.clone();
        self.ahead(async move { client.screenshot().await }).await
    }

    /// Does what a person does at the wheel: sources of input with their actions, as WebDriver has them.
    pub(super) async fn act(&self, _: PersonsPermit, sources: Value) -> Result<(), LineError> {
        let client = self.client.clone();
        self.ahead(async move { client.issue_cmd(Actions::Perform(sources)).await }).await.map(|_| ())
    }

    /// Lets go whatever is pressed. It ends what a person did, so nobody's leave is needed.
    pub(super) async fn let_go(&self) -> Result<(), LineError> {
        let client = self.client.clone();
        self.ahead(async move { client.issue_cmd(Actions::Release).await }).await.map(|_| ())
    }

    /// Waits for a command, which the driver is busy with also once nobody waits for it any more.
    async fn ahead<T: Send + 'static>(
        &self,
        command: impl Future<Output = Result<T, CmdError>> + Send + 'static,
    ) -> Result<T, LineError> {
        let under_way = self.ahead.clone().begin();
        let answered = tokio::spawn(async move {
            let _under_way = under_way;
            within(BEHIND, command).await
        });
        answered.await.unwrap_or(Err(LineError::Gone))
    }
}

impl Ahead {
    fn begin(self) -> UnderWay {
        self.0.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    fn is_some(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The commands that do what a person does.
enum Actions {
    Perform(Value),
    Release,
}

impl std::fmt::Debug for Actions {
    /// Not what: it is what somebody typed.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Actions")
    }
}

impl WebDriverCompatibleCommand for Actions {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/actions", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        match self {
            Self::Perform(sources) => (http::Method::POST, Some(json!({ "actions": sources }).to_string())),
            Self::Release => (http::Method::DELETE, None),
        }
    }
}

/// A command of Chromium's own protocol, which its driver passes on.
#[derive(Debug)]
struct DevTools {
    method: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "cmd": self.method, "params": self.params }).to_string()))
    }
}

fn connector(url: &Url) -> Result<HttpsConnector<HttpConnector>, LineError> {
    let builder = HttpsConnectorBuilder::new();
    let builder = match url.scheme() {
        "https" => builder.try_with_platform_verifier().map_err(|_| LineError::Refused)?,
        // A driver of ours: it takes time to read whom this machine trusts, and nobody is asked.
        _ => builder.with_tls_config(
            ClientConfig::builder().with_root_certificates(RootCertStore::empty()).with_no_client_auth(),
        ),
    };
    Ok(builder.https_or_http().enable_http1().build())
}

async fn within<T>(patience: Duration, command: impl Future<Output = Result<T, CmdError>>) -> Result<T, LineError> {
    match patience::within(patience, command).await {
        Ok(answered) => answered.map_err(|error| meaning(&error)),
        Err(TooLong) => Err(LineError::TimedOut),
    }
}

/// What an error comes to; of its words nothing is kept.
// chromedriver calls it a timeout when the document was replaced before it answered; ours
// are our own.
fn meaning(error: &CmdError) -> LineError {
    let CmdError::Standard(said) = error else { return LineError::Gone };
    match said.error {
        ErrorStatus::NoSuchWindow => LineError::NoWindow,
        ErrorStatus::UnexpectedAlertOpen => LineError::Prompt,
        ErrorStatus::InvalidSessionId | ErrorStatus::SessionNotCreated => LineError::Gone,
        ErrorStatus::UnknownError if is_the_end(&said.message) => LineError::Gone,
        _ => LineError::Replaced,
    }
}

/// What drivers say when a browser, or the page's part of it, is gone.
fn is_the_end(message: &str) -> bool {
    let ends = ["crashed", "disconnected", "not reachable", "Failed to decode response", "cannot determine loading"];
    ends.iter().any(|end| message.contains(end))
}

fn refusal(error: &NewSessionError) -> LineError {
    match error {
        NewSessionError::SessionNotCreated(_) | NewSessionError::BadWebdriverUrl(_) => LineError::Refused,
        NewSessionError::UnexpectedError(CmdError::Standard(_)) => LineError::Refused,
        _ => LineError::Gone,
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::{Mutex, Notify};
    use tokio::time::Instant;

    use super::*;
    use crate::gate::{Gate, TrustWindow};

    /// A browser's driver: it does one thing after the other, and a picture takes until it is let go.
    #[derive(Clone, Default)]
    struct Driver {
        turn: Arc<Mutex<()>>,
        asked: Arc<Notify>,
        taken: Arc<Notify>,
    }

    impl Driver {
        async fn serve(&self) -> Url {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let url = format!("http://{}/", listener.local_addr().expect("an address")).parse().expect("a url");
            let driver = self.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(driver.clone().answer(BufStream::new(stream)));
                }
            });
            url
        }

        async fn answer(self, mut stream: BufStream<TcpStream>) -> std::io::Result<()> {
            loop {
                let (mut first, mut length) = (String::new(), 0);
                stream.read_line(&mut first).await?;
                loop {
                    let mut line = String::new();
                    if stream.read_line(&mut line).await? < 3 {
                        break;
                    }
                    let value =
                        line.to_ascii_lowercase().strip_prefix("content-length:").map(str::trim).map(str::parse);
                    length = value.and_then(Result::ok).unwrap_or(length);
                }
                stream.read_exact(&mut vec![0; length]).await?;
                let value = match first.split(' ').nth(1) {
                    Some("/session") => json!({ "sessionId": "one", "capabilities": {} }),
                    Some("/session/one/screenshot") => {
                        let _turn = self.turn.lock().await;
                        self.asked.notify_one();
                        self.taken.notified().await;
                        json!("")
                    }
                    Some("/session/one/url") => {
                        drop(self.turn.lock().await);
                        json!("https://bank.example/")
                    }
                    _ => Value::Null,
                };
                let body = json!({ "value": value }).to_string();
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
                let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                stream.write_all(answer.as_bytes()).await?;
                stream.flush().await?;
            }
        }
    }

    const PATIENCE: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn what_comes_behind_a_picture_waits_for_it_also_once_nobody_looks_on() {
        let driver = Driver::default();
        let (line, _hang_up, eye) = Line::open(&driver.serve().await, Map::new(), PATIENCE).await.expect("a session");
        let gate = Gate::new(TrustWindow::new(Instant::now(), PATIENCE, Duration::ZERO));
        let permit = gate.look().expect("an open gate");
        let looks = tokio::spawn(async move { eye.picture(permit).await });
        driver.asked.notified().await;
        looks.abort();
        assert!(looks.await.is_err_and(|ended| ended.is_cancelled()));
        let taken = async {
            assert!(timeout(SHORT * 4, pending::<()>()).await.is_err());
            driver.taken.notify_one();
        };
        let (at, ()) = tokio::join!(line.at(gate.permit().expect("an open gate"), SHORT), taken);
        assert_eq!(at.map(|url| url.to_string()), Ok("https://bank.example/".to_owned()));
    }

    #[tokio::test]
    async fn a_driver_that_answers_nothing_is_waited_for_no_longer_where_nobody_looks_on() {
        let driver = Driver::default();
        let (line, ..) = Line::open(&driver.serve().await, Map::new(), PATIENCE).await.expect("a session");
        let gate = Gate::new(TrustWindow::new(Instant::now(), PATIENCE, Duration::ZERO));
        let _turn = driver.turn.lock().await;
        let at = line.at(gate.permit().expect("an open gate"), SHORT);
        assert_eq!(timeout(BEHIND, at).await, Ok(Err(LineError::TimedOut)));
    }
}
