//! `/agent/v1/line`: the socket that an agent keeps open for live views.
//!
//! Not here: what is said on it (`protocol::live`), or to whom it is passed on (`fleet::live`).

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use futures::{Stream, StreamExt as _};
use protocol::live::{MESSAGE_AT_MOST, PICTURE_AT_MOST, ToAgent, ToCoordinator};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until, timeout};

use super::App;
use super::auth::Agent;
use crate::fleet::Noted;
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
        let line = standing.line();
        serve(&app, socket, standing).await;
        app.fleet.line_ended(agent_id, line).await;
        tracing::debug!(%agent_id, "an agent's line ended");
    })
}

/// Serves one line until it ends, or nothing is heard of the agent for long.
async fn serve(app: &App, mut socket: WebSocket, mut standing: Standing) {
    let (agent, line) = (standing.agent(), standing.line());
    let mut noted = Noted::No;
    let mut pulse = Pulse::new();
    while let Some(next) = pulse.next(&mut socket, &mut standing.says).await {
        match next {
            Next::Heard(Message::Text(text)) if text.len() <= MESSAGE_AT_MOST => {
                if let Ok(said) = serde_json::from_str::<ToCoordinator>(&text) {
                    app.fleet.heard(&standing, &said).await;
                }
            }
            Next::Heard(Message::Binary(bytes)) => standing.pictured(&bytes),
            Next::Heard(Message::Close(_)) => return,
            Next::Heard(Message::Ping(_) | Message::Pong(_) | Message::Text(_)) => {}
            // Only once: whatever was opened since is newer.
            Next::Seen if noted == Noted::No => noted = app.fleet.line_opened(agent, line).await,
            Next::Seen => app.fleet.line_stands(agent, line).await,
            Next::Says(said) => {
                if tell(&mut socket, &said).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// What comes next on a line.
#[derive(Debug)]
enum Next {
    Heard(Message),
    /// It is to be noted that it stands.
    Seen,
    Says(ToAgent),
}

/// When something was heard of an agent, and when it is to be noted.
struct Pulse {
    heard_at: Instant,
    seen: Interval,
}

impl Pulse {
    fn new() -> Self {
        let mut seen = interval(SEEN);
        seen.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { heard_at: Instant::now(), seen }
    }

    /// None once the line has ended, or nothing was heard for long, whatever is done here meanwhile.
    async fn next<S, E>(&mut self, socket: &mut S, says: &mut mpsc::Receiver<ToAgent>) -> Option<Next>
    where
        S: Stream<Item = Result<Message, E>> + Unpin,
    {
        tokio::select! {
            heard = socket.next() => {
                self.heard_at = Instant::now();
                heard?.ok().map(Next::Heard)
            }
            () = sleep_until(self.heard_at + SILENT) => None,
            _ = self.seen.tick() => Some(Next::Seen),
            said = says.recv() => said.map(Next::Says),
        }
    }
}

async fn tell(socket: &mut WebSocket, said: &ToAgent) -> Option<()> {
    let text = serde_json::to_string(said).ok()?;
    timeout(TAKEN, socket.send(Message::text(text))).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Bytes;
    use domain::id::RunId;
    use futures::stream;
    use uuid::Uuid;

    use super::*;

    type Heard = Result<Message, Infallible>;

    #[tokio::test(start_paused = true)]
    async fn a_line_of_which_nothing_is_heard_ends_whatever_is_said_on_it_and_noted_of_it() {
        let (mut socket, began) = (stream::pending::<Heard>(), Instant::now());
        let (sender, mut says) = mpsc::channel(8);
        let mut pulse = Pulse::new();
        let mut seen = 0;
        while let Some(next) = pulse.next(&mut socket, &mut says).await {
            if matches!(next, Next::Seen) {
                seen += 1;
                sender.try_send(ToAgent::Unwatch { run_id: RunId(Uuid::nil()) }).expect("room");
            }
            assert!(began.elapsed() <= SILENT, "it stands after {:?}", began.elapsed());
        }
        assert_eq!((began.elapsed(), seen), (SILENT, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_stands_for_as_long_as_something_is_heard_of_it() {
        let began = Instant::now();
        let pings = stream::unfold(interval(SILENT / 2), |mut pings| async {
            pings.tick().await;
            Some((Heard::Ok(Message::Ping(Bytes::new())), pings))
        });
        let (mut socket, (_sender, mut says)) = (Box::pin(pings), mpsc::channel(8));
        let mut pulse = Pulse::new();
        while began.elapsed() < SILENT * 10 {
            assert!(pulse.next(&mut socket, &mut says).await.is_some(), "it ended after {:?}", began.elapsed());
        }
    }
}
