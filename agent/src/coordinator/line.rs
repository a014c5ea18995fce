//! The socket of the line: opened over the same HTTP client as every call, then framed as a WebSocket.
//!
//! Not here: what is said on it, or when it is opened anew ([`crate::live`]).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use protocol::live::{LINE, MESSAGE_AT_MOST, Picture, ToAgent, ToCoordinator};
use reqwest::{StatusCode, Upgraded, header};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use uuid::Uuid;

use super::Coordinator;

/// How long the coordinator has to answer.
const OPENED: Duration = Duration::from_secs(10);
/// How often something is said where there is nothing to say, so that what stands between keeps the line.
const IDLE: Duration = Duration::from_secs(25);
/// How long nothing may be heard before the line counts as dead: every ping is answered.
const SILENT: Duration = Duration::from_secs(70);
/// How long the coordinator has to take a message.
const TAKEN: Duration = Duration::from_secs(20);

type Socket = WebSocketStream<Upgraded>;

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The coordinator has none: it is an older one.
    #[error("the coordinator has no line")]
    None,
    /// It is away.
    #[error("the coordinator can't be reached")]
    Unreachable,
}

/// The end of the line that is spoken into.
pub struct LineSender(SplitSink<Socket, Message>);

/// The end of the line that is listened to.
pub struct LineReceiver(SplitStream<Socket>);

impl Coordinator {
    /// Opens a line.
    ///
    /// # Errors
    /// [`LineError`].
    pub async fn line(&self) -> Result<(LineSender, LineReceiver), LineError> {
        let url = format!("{}{LINE}", self.base.as_str().trim_end_matches('/'));
        let key = STANDARD.encode(Uuid::new_v4().as_bytes());
        let request = self.client.get(url).bearer_auth(self.token.expose());
        let request = request
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let opened = timeout(OPENED, request.send()).await.map_err(|_| LineError::Unreachable)?;
        let answer = opened.map_err(|_| LineError::Unreachable)?;
        match answer.status() {
            StatusCode::SWITCHING_PROTOCOLS => {}
            status if status.is_server_error() => return Err(LineError::Unreachable),
            _ => return Err(LineError::None),
        }
        let accepts = answer.headers().get(header::SEC_WEBSOCKET_ACCEPT).and_then(|value| value.to_str().ok());
        if accepts != Some(derive_accept_key(key.as_bytes()).as_str()) {
            return Err(LineError::None);
        }
        let stream = answer.upgrade().await.map_err(|_| LineError::Unreachable)?;
        let config =
            WebSocketConfig::default().max_message_size(Some(MESSAGE_AT_MOST)).max_frame_size(Some(MESSAGE_AT_MOST));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        let (sender, receiver) = socket.split();
        Ok((LineSender(sender), LineReceiver(receiver)))
    }
}

impl LineSender {
    /// Says something.
    ///
    /// # Errors
    /// When the line has ended.
    pub async fn say(&mut self, told: &ToCoordinator) -> Result<(), LineError> {
        let text = serde_json::to_string(told).map_err(|_| LineError::None)?;
        self.send(Message::text(text)).await
    }

    /// Shows a picture.
    ///
    /// # Errors
    /// When the line has ended.
    pub async fn show(&mut self, picture: Picture) -> Result<(), LineError> {
        self.send(Message::binary(picture.to_bytes())).await
    }

    /// When it is to say nothing, however much is shown on it: only an answer tells that it stands.
    pub fn pings() -> Interval {
        let mut pings = interval(IDLE);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings
    }

    /// Says nothing, and is answered.
    ///
    /// # Errors
    /// When the line has ended.
    pub async fn ping(&mut self) -> Result<(), LineError> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), LineError> {
        let sent = timeout(TAKEN, self.0.send(message)).await;
        sent.map_err(|_| LineError::Unreachable)?.map_err(|_| LineError::Unreachable)
    }
}

impl LineReceiver {
    /// What is said next; none when the line has ended, or is dead. What can't be read is passed over and never logged:
    /// it may be what somebody typed.
    pub async fn next(&mut self) -> Option<ToAgent> {
        loop {
            match timeout(SILENT, self.0.next()).await.ok()??.ok()? {
                Message::Text(text) => {
                    if let Ok(told) = serde_json::from_str(&text) {
                        return Some(told);
                    }
                }
                Message::Close(_) => return None,
                Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
    }
}
