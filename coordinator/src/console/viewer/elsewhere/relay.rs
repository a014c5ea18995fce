//! What either end of a live view says, passed on between two sockets until one of them ends.
//!
//! Not here: how the other socket is opened (`elsewhere`).

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use futures::{Sink, SinkExt as _, Stream, StreamExt as _};
use protocol::live::PICTURE_AT_MOST;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// How long either end has to take a message.
const TAKEN: Duration = Duration::from_secs(10);
/// How often the other coordinator is asked whether it is there, and how long nothing may be heard of it.
const ASKS: Duration = Duration::from_secs(15);
const SILENT: Duration = Duration::from_secs(45);

/// The socket to the other coordinator.
pub(super) type Peer<S> = WebSocketStream<S>;

/// The same over a connection that was upgraded to it.
pub(super) async fn peer<S: AsyncRead + AsyncWrite + Unpin>(connection: S) -> Peer<S> {
    let config =
        WebSocketConfig::default().max_message_size(Some(PICTURE_AT_MOST)).max_frame_size(Some(PICTURE_AT_MOST));
    WebSocketStream::from_raw_socket(connection, Role::Client, Some(config)).await
}

/// Passes on what either end says, until one of them ends or nothing is heard of the other coordinator.
pub(in crate::console::viewer) async fn pass_on<P, E, S>(mut page: P, mut peer: Peer<S>)
where
    P: Stream<Item = Result<Message, E>> + Sink<Message> + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut asks = interval(ASKS);
    asks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    asks.reset();
    let mut heard_at = Instant::now();
    loop {
        let passed = tokio::select! {
            said = page.next() => match said {
                Some(Ok(Message::Text(text))) => tell(&mut peer, tungstenite::Message::text(text.as_str())).await,
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => continue,
                // The other end sees that it ended.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            said = peer.next() => match said {
                Some(Ok(said)) => {
                    heard_at = Instant::now();
                    let Some(message) = to_page(said) else { continue };
                    let is_last = matches!(message, Message::Close(_));
                    tell(&mut page, message).await && !is_last
                }
                // Its coordinator ended: the page asks again, and is led on anew.
                Some(Err(_)) | None => return,
            },
            _ = asks.tick() => tell(&mut peer, tungstenite::Message::Ping(Vec::new().into())).await,
            // So it does where nobody says that it ended.
            () = sleep_until(heard_at + SILENT) => return,
        };
        if !passed {
            return;
        }
    }
}

async fn tell<M>(to: &mut (impl Sink<M> + Unpin), message: M) -> bool {
    timeout(TAKEN, to.send(message)).await.is_ok_and(|sent| sent.is_ok())
}

fn to_page(said: tungstenite::Message) -> Option<Message> {
    match said {
        tungstenite::Message::Text(text) => Some(Message::text(text.as_str())),
        tungstenite::Message::Binary(bytes) => Some(Message::Binary(bytes)),
        tungstenite::Message::Close(frame) => Some(Message::Close(
            frame.map(|frame| CloseFrame { code: frame.code.into(), reason: frame.reason.as_str().into() }),
        )),
        tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_) | tungstenite::Message::Frame(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::channel::mpsc;
    use tokio::io::{DuplexStream, duplex};

    use super::*;

    /// A page that says nothing, and takes what it is told.
    struct Page(mpsc::UnboundedSender<Message>);

    impl Stream for Page {
        type Item = Result<Message, axum::Error>;

        fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Pending
        }
    }

    impl Sink<Message> for Page {
        type Error = mpsc::SendError;

        fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Pin::new(&mut self.0).poll_ready(context)
        }

        fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), Self::Error> {
            Pin::new(&mut self.0).start_send(message)
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Pin::new(&mut self.0).poll_flush(context)
        }

        fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Pin::new(&mut self.0).poll_close(context)
        }
    }

    async fn ends() -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {
        let (here, there) = duplex(64 * 1024);
        (peer(here).await, WebSocketStream::from_raw_socket(there, Role::Server, None).await)
    }

    #[tokio::test(start_paused = true)]
    async fn a_view_ends_once_nothing_is_heard_of_the_other_coordinator() {
        let ((here, _there), began) = (ends().await, Instant::now());
        let (told, _tells) = mpsc::unbounded();
        // It takes what it is asked and doesn't answer.
        pass_on(Page(told), here).await;
        assert_eq!(began.elapsed(), SILENT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_view_of_which_nothing_is_new_goes_on_for_as_long_as_the_other_coordinator_is_there() {
        let ((here, mut there), began) = (ends().await, Instant::now());
        let (told, mut tells) = mpsc::unbounded();
        let passing = pass_on(Page(told), here);
        let peer = async {
            // Whoever reads answers by themselves.
            while began.elapsed() < SILENT * 10 {
                assert!(matches!(there.next().await, Some(Ok(tungstenite::Message::Ping(_)))));
            }
            there.send(tungstenite::Message::text("late")).await.expect("it stands");
            assert_eq!(tells.next().await, Some(Message::text("late")));
        };
        tokio::select! {
            () = passing => panic!("it ended after {:?}", began.elapsed()),
            () = peer => {}
        }
    }
}
