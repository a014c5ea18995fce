//! A way between two programs that can be stalled, slowed down and cut. It listens on the
//! loopback address and leads to whichever of its ends answers, the next one for each
//! connection, as a load balancer does.
//!
//! Not here: what passes; bytes are bytes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::patience::lasting;

/// How long an end may take to accept before the next one is tried.
const CONNECT: Duration = Duration::from_millis(500);

/// Where a way leads.
#[derive(Clone, Debug)]
pub enum End {
    /// To an address.
    Tcp(SocketAddr),
    /// To a socket in a folder.
    Unix(PathBuf),
}

/// How bytes fare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Passage {
    /// They pass.
    Open,
    /// They pass later.
    Slow(Duration),
    /// They wait, and the connection stays as it is: neither side hears of it.
    Stalled,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    passage: Passage,
    /// Connections of an earlier one are cut.
    epoch: u64,
}

/// A way that goes on until it is dropped.
pub struct Proxy {
    address: SocketAddr,
    order: watch::Sender<Order>,
    server: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Proxy {
    /// Opens a way to these ends.
    ///
    /// # Errors
    /// What the system says when there is no port.
    pub async fn to(ends: Vec<End>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (order, orders) = watch::channel(Order { passage: Passage::Open, epoch: 0 });
        let ends = Arc::new((ends, AtomicUsize::new(0)));
        let server = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let _ = near.set_nodelay(true);
                tokio::spawn(carry(near, Arc::clone(&ends), orders.clone()));
            }
        });
        Ok(Self { address, order, server })
    }

    /// Where it begins.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets bytes pass, also those that waited.
    pub fn pass(&self) {
        self.order.send_modify(|order| order.passage = Passage::Open);
    }

    /// Lets bytes pass so much later.
    pub fn delay(&self, span: Duration) {
        self.order.send_modify(|order| order.passage = Passage::Slow(span));
    }

    /// Lets nothing pass, and lets nobody know: connections stay open, new ones too.
    pub fn stall(&self) {
        self.order.send_modify(|order| order.passage = Passage::Stalled);
    }

    /// Ends every connection that there is; new ones can be made.
    pub fn cut(&self) {
        self.order.send_modify(|order| order.epoch += 1);
    }
}

async fn carry(near: TcpStream, ends: Arc<(Vec<End>, AtomicUsize)>, orders: watch::Receiver<Order>) {
    let epoch = orders.borrow().epoch;
    let mut cut = orders.clone();
    let carried = async {
        let (ends, turn) = &*ends;
        let first = turn.fetch_add(1, Ordering::Relaxed);
        for end in ends.iter().cycle().skip(first % ends.len().max(1)).take(ends.len()) {
            match end {
                End::Tcp(address) => {
                    if let Ok(Ok(far)) = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
                        let _ = far.set_nodelay(true);
                        return both_ways(near, far, orders).await;
                    }
                }
                End::Unix(path) => {
                    if let Ok(far) = UnixStream::connect(path).await {
                        return both_ways(near, far, orders).await;
                    }
                }
            }
        }
    };
    tokio::select! {
        () = carried => {}
        _ = cut.wait_for(|order| order.epoch > epoch) => {}
    }
}

async fn both_ways(near: TcpStream, far: impl AsyncRead + AsyncWrite, orders: watch::Receiver<Order>) {
    let (near_out, near_in) = tokio::io::split(near);
    let (far_out, far_in) = tokio::io::split(far);
    // A side that has said all that it has to say may still be answered.
    tokio::join!(one_way(near_out, far_in, orders.clone()), one_way(far_out, near_in, orders));
}

async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut orders: watch::Receiver<Order>,
) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut bytes).await.unwrap_or(0);
        let open = orders.wait_for(|order| order.passage != Passage::Stalled).await;
        let Ok(passage) = open.map(|order| order.passage) else { return };
        if let Passage::Slow(span) = passage {
            lasting(span).await;
        }
        let read = bytes.get(..count).unwrap_or_default();
        if read.is_empty() || to.write_all(read).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::{Instant, timeout};

    use super::{End, Proxy};

    /// A way to somebody who repeats whatever is said, and a connection through it.
    async fn way() -> (Proxy, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let far = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        // The first end is one where nobody listens.
        let nobody = TcpListener::bind(("127.0.0.1", 0)).await.and_then(|it| it.local_addr()).expect("an address");
        let proxy = Proxy::to(vec![End::Tcp(nobody), End::Tcp(far)]).await.expect("a port");
        let near = TcpStream::connect(proxy.address()).await.expect("a way");
        (proxy, near)
    }

    async fn echo(near: &mut TcpStream, span: Duration) -> Option<u8> {
        timeout(span, near.read_u8()).await.ok()?.ok()
    }

    const LONG: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn what_is_stalled_waits_and_nobody_is_told() {
        let (proxy, mut near) = way().await;
        near.write_u8(1).await.expect("sent");
        assert_eq!(echo(&mut near, LONG).await, Some(1));
        proxy.stall();
        near.write_u8(2).await.expect("sent");
        assert_eq!(echo(&mut near, SHORT).await, None);
        proxy.pass();
        assert_eq!(echo(&mut near, LONG).await, Some(2));
    }

    #[tokio::test]
    async fn what_is_delayed_comes_later() {
        let (proxy, mut near) = way().await;
        proxy.delay(SHORT);
        let sent = Instant::now();
        near.write_u8(1).await.expect("sent");
        assert_eq!(echo(&mut near, LONG).await, Some(1));
        assert!(sent.elapsed() >= SHORT * 2, "there and back: {:?}", sent.elapsed());
    }

    #[tokio::test]
    async fn what_is_cut_ends_and_can_be_made_anew() {
        let (proxy, mut near) = way().await;
        near.write_u8(1).await.expect("sent");
        assert_eq!(echo(&mut near, LONG).await, Some(1));
        proxy.cut();
        let ended = timeout(LONG, near.read(&mut [0])).await.expect("an end");
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        let mut anew = TcpStream::connect(proxy.address()).await.expect("a way");
        anew.write_u8(2).await.expect("sent");
        assert_eq!(echo(&mut anew, LONG).await, Some(2));
    }
}
