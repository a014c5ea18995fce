//! A socket that a test speaks and listens on by hand: as a page of the console would, or as an agent.
//!
//! Not here: what is said on it.

use futures::{SinkExt as _, StreamExt as _};
use reqwest::{StatusCode, Upgraded};
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::patience::patience;

/// One that is open.
pub struct Socket(WebSocketStream<Upgraded>);

/// What is heard on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something in words.
    Words(Value),
    /// Something else: a picture.
    Bytes(Vec<u8>),
    /// It was closed, with a code and a reason if any was given.
    Closed(u16, String),
}

/// Why it isn't open.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Nobody answered.
    #[error("nobody opens the socket")]
    NoAnswer(#[from] reqwest::Error),
    /// It was refused.
    #[error("the socket is refused with {0}")]
    Refused(StatusCode),
}

impl Socket {
    /// Opens one at `url`, which begins with `http`, with headers of the test's own.
    ///
    /// # Errors
    /// [`SocketError`].
    pub async fn open(url: &str, headers: &[(&str, &str)]) -> Result<Self, SocketError> {
        let client = crate::client::client().http1_only().build()?;
        let mut request = client.get(url).header("connection", "Upgrade").header("upgrade", "websocket");
        request = request.header("sec-websocket-version", "13").header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(SocketError::Refused(answer.status()));
        }
        Ok(Self(WebSocketStream::from_raw_socket(answer.upgrade().await?, Role::Client, None).await))
    }

    /// Says something; false once nobody is there to hear it.
    pub async fn say(&mut self, what: &Value) -> bool {
        self.0.send(Message::text(what.to_string())).await.is_ok()
    }

    /// Sends bytes.
    pub async fn show(&mut self, bytes: Vec<u8>) -> bool {
        self.0.send(Message::binary(bytes)).await.is_ok()
    }

    /// What is heard next; none when patience has ended, or the socket without a word.
    pub async fn next(&mut self) -> Option<Heard> {
        let next = async {
            loop {
                return match self.0.next().await?.ok()? {
                    Message::Text(text) => Some(Heard::Words(serde_json::from_str(&text).unwrap_or_default())),
                    Message::Binary(bytes) => Some(Heard::Bytes(bytes.to_vec())),
                    Message::Close(frame) => {
                        let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                            (frame.code.into(), frame.reason.as_str().to_owned())
                        });
                        Some(Heard::Closed(code, reason))
                    }
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
                };
            }
        };
        timeout(patience(), next).await.ok()?
    }
}
