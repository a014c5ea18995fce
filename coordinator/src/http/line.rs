//! `/agent/v1/line`: the socket that an agent keeps open for live views.
//!
//! Not here: what is said on it (`protocol::live`), or to whom it is passed on (`fleet::live`).

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use protocol::live::{MESSAGE_AT_MOST, PICTURE_AT_MOST, ToAgent, ToCoordinator};
use tokio::time::{MissedTickBehavior, interval, timeout};
use uuid::Uuid;

use super::App;
use super::auth::Agent;
use crate::fleet::live::Standing;

/// How long an agent has to say who it is.
const HELLO: Duration = Duration::from_secs(10);
/// How long nothing may be heard before the line counts as dead: agents say something more often.
const SILENT: Duration = Duration::from_secs(70);
/// How often it is noted that it stands, for the other coordinators.
const SEEN: Duration = Duration::from_secs(30);
/// How long an agent has to take a message.
const TAKEN: Duration = Duration::from_secs(20);

pub(super) async fn open(_: Agent, State(app): State<App>, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.max_message_size(PICTURE_AT_MOST).max_frame_size(PICTURE_AT_MOST);
    upgrade.on_upgrade(|mut socket| async move {
        let Some(Ok(Message::Text(hello))) = timeout(HELLO, socket.recv()).await.ok().flatten() else { return };
        let Ok(ToCoordinator::Hello { agent_id }) = serde_json::from_str(&hello) else { return };
        tracing::debug!(%agent_id, "an agent's line stands");
        let standing = app.fleet.live.connect(agent_id);
        let line = Uuid::new_v4();
        serve(&app, socket, standing, line).await;
        app.fleet.line_ended(agent_id, line).await;
        tracing::debug!(%agent_id, "an agent's line ended");
    })
}

/// Serves one line until it ends, or nothing is heard of the agent for long.
async fn serve(app: &App, mut socket: WebSocket, mut standing: Standing, line: Uuid) {
    let mut seen = interval(SEEN);
    seen.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            heard = timeout(SILENT, socket.recv()) => match heard {
                Ok(Some(Ok(Message::Text(text)))) if text.len() <= MESSAGE_AT_MOST => {
                    if let Ok(said) = serde_json::from_str::<ToCoordinator>(&text) {
                        app.fleet.heard(&standing, &said).await;
                    }
                }
                Ok(Some(Ok(Message::Binary(bytes)))) => standing.pictured(&bytes),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_)))) => {}
                Ok(Some(Ok(Message::Close(_)) | Err(_)) | None) | Err(_) => return,
            },
            _ = seen.tick() => app.fleet.line_stands(standing.agent(), line).await,
            said = standing.says.recv() => {
                let Some(said) = said else { return };
                if tell(&mut socket, &said).await.is_none() {
                    return;
                }
            }
        }
    }
}

async fn tell(socket: &mut WebSocket, said: &ToAgent) -> Option<()> {
    let text = serde_json::to_string(said).ok()?;
    timeout(TAKEN, socket.send(Message::text(text))).await.ok()?.ok()
}
