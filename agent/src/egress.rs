//! The one way out of a session: a SOCKS 5 proxy (RFC 1928), on loopback unless the
//! browser is elsewhere, that the session's browser context is bound to, and that knows
//! the session's hosts.
//!
//! Every connection of the context passes here: documents, frames, workers, service
//! workers, web sockets, popups. The browser sends names, not addresses; they are
//! resolved here, and the very address that was checked is the one connected to, so
//! a name can't resolve to something else in between. What the browser sends is
//! forwarded only while the lease's gate is open: whatever runs in a page, nothing
//! of it reaches the portal after the trust window.
//!
//! Not covered: WebRTC over UDP (off by a switch of the browser), and which path of
//! an allowed host is asked for, since connections are mostly encrypted. Any process
//! of the machine, or of the network that the port is opened to, may connect while the
//! session lives; it then reaches the portal and nothing else.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use script::command::Trouble;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::Instrument as _;
use url::Url;

use crate::gate::Gate;
use crate::hosts::Hosts;

/// How long the browser has to say where it wants to go.
const GREETING: Duration = Duration::from_secs(5);
/// How long one address has to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// How many refused places are remembered.
const REMEMBERED: usize = 64;
/// How many connections a session has at once; a browser has fewer.
const CONNECTIONS: usize = 256;
/// How long none is taken in after one couldn't be.
const PAUSE: Duration = Duration::from_millis(50);
/// How much of a name that a page chose is logged.
const NAMED_AT_MOST: usize = 100;
const CHUNK: usize = 16 * 1024;

/// One session's way out. Dropping it cuts every connection.
#[derive(Debug)]
pub struct Egress {
    address: SocketAddr,
    door: Arc<Door>,
    accepting: AbortHandle,
}

/// Which places couldn't be reached, and why.
#[derive(Debug, Default)]
struct Record {
    troubles: Mutex<HashMap<(String, u16), Trouble>>,
}

/// Where a browser wants to go.
struct Place {
    host: String,
    port: u16,
}

/// Why a connection isn't made, as RFC 1928 numbers it.
#[derive(Clone, Copy)]
enum Reply {
    Granted = 0,
    NotAllowed = 2,
    HostUnreachable = 4,
    Refused = 5,
    Expired = 6,
    NotSupported = 7,
}

impl Egress {
    /// Opens the way out to `hosts`, for as long as `gate` is open.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn open(hosts: Hosts, gate: Gate) -> io::Result<Self> {
        Self::open_at(Ipv4Addr::LOCALHOST.into(), hosts, gate).await
    }

    /// The same on another address of this machine, for browsers elsewhere.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn open_at(own: IpAddr, hosts: Hosts, gate: Gate) -> io::Result<Self> {
        let listener = TcpListener::bind((own, 0)).await?;
        let address = listener.local_addr()?;
        let door = Arc::new(Door { hosts, gate, record: Record::default() });
        let accepting = tokio::spawn(Arc::clone(&door).accept(listener).in_current_span());
        Ok(Self { address, door, accepting: accepting.abort_handle() })
    }

    /// The proxy as a browser wants it named.
    #[must_use]
    pub fn proxy(&self) -> String {
        format!("socks5://{}", self.address)
    }

    /// Where the proxy listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether this leads to an address at all.
    #[must_use]
    pub fn allows(&self, url: &Url) -> bool {
        self.door.hosts.allow(url)
    }

    /// The hosts that it leads to.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.door.hosts
    }

    /// Forgets what couldn't be reached before.
    pub fn forget(&self) {
        self.door.record.lock().clear();
    }

    /// Why the last connection to a place wasn't made, if it wasn't.
    #[must_use]
    pub fn trouble(&self, host: &str, port: u16) -> Option<Trouble> {
        self.door.record.lock().get(&(host.to_owned(), port)).copied()
    }

    /// The hosts that weren't reached because they aren't among the session's, since they were
    /// [forgotten](Self::forget) last. Pages choose their names.
    #[must_use]
    pub fn foreign(&self) -> Vec<String> {
        let troubles = self.door.record.lock();
        let is_foreign = |(host, port): &&(String, u16)| !self.door.hosts.allow_host(host, *port);
        troubles.keys().filter(is_foreign).map(|(host, _)| host.clone()).collect()
    }

    /// Ends every connection at once and makes no other.
    pub fn cut(&self) {
        self.accepting.abort();
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.cut();
    }
}

impl Record {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, u16), Trouble>> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps why a connection to a place wasn't made; whether that is news.
    fn note(&self, place: &Place, trouble: Trouble) -> bool {
        let mut troubles = self.lock();
        let key = (place.host.clone(), place.port);
        let is_kept = troubles.len() < REMEMBERED || troubles.contains_key(&key);
        is_kept && troubles.insert(key, trouble) != Some(trouble)
    }

    /// A place can be reached.
    fn clear(&self, place: &Place) {
        self.lock().remove(&(place.host.clone(), place.port));
    }
}

/// What every connection is judged by.
#[derive(Debug)]
struct Door {
    hosts: Hosts,
    gate: Gate,
    record: Record,
}

impl Door {
    /// Takes connections in. All of them end with this.
    async fn accept(self: Arc<Self>, listener: TcpListener) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                    Ok((browser, _)) => {
                        connections.spawn(Arc::clone(&self).serve(browser).in_current_span());
                    }
                    // There may be no descriptors left; to ask at once would be to ask for ever.
                    Err(_) => sleep(PAUSE).await,
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    async fn serve(self: Arc<Self>, mut browser: TcpStream) {
        let _ = browser.set_nodelay(true);
        let Ok(Ok(Some(place))) = timeout(GREETING, greet(&mut browser)).await else { return };
        let (reply, portal) = match self.connect(&place).await {
            Ok(portal) => (Reply::Granted, Some(portal)),
            Err((reply, trouble)) => {
                if self.record.note(&place, trouble) {
                    self.tell(&place, trouble);
                }
                (reply, None)
            }
        };
        if answer(&mut browser, reply).await.is_err() {
            return;
        }
        let Some(portal) = portal else { return };
        self.record.clear(&place);
        let _ = portal.set_nodelay(true);
        let (from_browser, to_browser) = browser.into_split();
        let (from_portal, to_portal) = portal.into_split();
        let out = pass(from_browser, to_portal, Some(&self.gate));
        let back = pass(from_portal, to_browser, None);
        // Either side may close its half first; an error in one ends both.
        let _ = tokio::try_join!(out, back);
    }

    /// What a page asks for that isn't its portal's is the page's choice, word for word.
    fn tell(&self, place: &Place, trouble: Trouble) {
        let host: String = place.host.chars().take(NAMED_AT_MOST).collect();
        if self.hosts.allow_host(&place.host, place.port) {
            tracing::info!(?host, ?trouble, "a connection wasn't made");
        } else {
            tracing::debug!(?host, ?trouble, "a connection to a foreign host wasn't made");
        }
    }

    async fn connect(&self, place: &Place) -> Result<TcpStream, (Reply, Trouble)> {
        if !self.hosts.allow_host(&place.host, place.port) {
            return Err((Reply::NotAllowed, Trouble::Forbidden));
        }
        if self.gate.look().is_err() {
            return Err((Reply::NotAllowed, Trouble::Forbidden));
        }
        let addresses = resolve(place).await;
        if addresses.is_empty() {
            return Err((Reply::HostUnreachable, Trouble::Dns));
        }
        let allowed = addresses.iter().filter(|address| self.hosts.allow_address(address.ip()));
        let mut outcome = (Reply::NotAllowed, Trouble::Forbidden);
        for address in allowed {
            outcome = match timeout(CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(portal)) => return Ok(portal),
                Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => (Reply::Expired, Trouble::Timeout),
                Ok(Err(_)) => (Reply::Refused, Trouble::Reset),
                Err(_) => (Reply::Expired, Trouble::Timeout),
            };
        }
        Err(outcome)
    }
}

/// Reads what a SOCKS 5 client says first: where it wants to go. None if it can't be
/// served.
async fn greet(browser: &mut TcpStream) -> io::Result<Option<Place>> {
    let [version, methods] = read::<2>(browser).await?;
    let mut offered = vec![0; usize::from(methods)];
    browser.read_exact(&mut offered).await?;
    if version != 5 || !offered.contains(&0) {
        return Ok(None);
    }
    browser.write_all(&[5, 0]).await?;
    let [_, command, _, kind] = read::<4>(browser).await?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(browser).await?).to_string(),
        4 => Ipv6Addr::from(read::<16>(browser).await?).to_string(),
        3 => {
            let [length] = read::<1>(browser).await?;
            let mut name = vec![0; usize::from(length)];
            browser.read_exact(&mut name).await?;
            match String::from_utf8(name) {
                Ok(name) => name,
                Err(_) => return Ok(None),
            }
        }
        _ => return Ok(None),
    };
    let port = u16::from_be_bytes(read::<2>(browser).await?);
    if command != 1 {
        answer(browser, Reply::NotSupported).await?;
        return Ok(None);
    }
    Ok(Some(Place { host, port }))
}

async fn read<const N: usize>(browser: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    browser.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// The bound address in the answer is of no use to anybody and left zero.
async fn answer(browser: &mut TcpStream, reply: Reply) -> io::Result<()> {
    browser.write_all(&[5, reply as u8, 0, 1, 0, 0, 0, 0, 0, 0]).await
}

/// The addresses of a place; names below `localhost` are this machine (RFC 6761).
async fn resolve(place: &Place) -> Vec<SocketAddr> {
    let name = place.host.trim_end_matches('.').to_lowercase();
    if let Ok(address) = name.parse::<IpAddr>() {
        return vec![SocketAddr::new(address, place.port)];
    }
    if name == "localhost" || name.ends_with(".localhost") {
        let own: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        return own.map(|address| SocketAddr::new(address, place.port)).to_vec();
    }
    match timeout(CONNECT, lookup_host((name, place.port))).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

/// Copies until one side ends; through a gate only while it is open.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: Option<&Gate>) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = from.read(&mut chunk).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        let mut rest = &chunk[..length];
        while !rest.is_empty() {
            // For every part: a peer that reads slowly may hold one up for long.
            to.writable().await?;
            if let Some(gate) = gate {
                drop(gate.look().map_err(io::Error::other)?);
            }
            match to.try_write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
