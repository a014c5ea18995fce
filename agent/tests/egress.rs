//! The way out of a session, by hand: what it lets through, and for how long.

use agent::egress::Egress;
use agent::gate::{Gate, Shut};
use agent::hosts::Hosts;
use protocol::lease::AllowLoopback;
use script::command::Trouble;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

struct Stage {
    listener: TcpListener,
    port: u16,
    gate: Gate,
    egress: Egress,
}

impl Stage {
    async fn new(loopback: AllowLoopback) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let portal = format!("http://localhost:{port}/").parse().expect("a url");
        let hosts = Hosts::new(&portal, &["nowhere.invalid".into()], loopback);
        let gate = crate::world::open_gate();
        let egress = Egress::open(hosts, gate.clone()).await.expect("a port");
        Self { listener, port, gate, egress }
    }

    /// Asks for a connection as a browser does; what is answered, and the connection.
    async fn ask(&self, host: &str, port: u16) -> (u8, TcpStream) {
        let proxy = self.egress.proxy();
        let address = proxy.strip_prefix("socks5://").expect("a proxy");
        let mut browser = TcpStream::connect(address).await.expect("a connection");
        browser.write_all(&[5, 1, 0]).await.expect("a greeting");
        let mut greeting = [0; 2];
        browser.read_exact(&mut greeting).await.expect("a greeting");
        assert_eq!(greeting, [5, 0]);
        let mut ask = vec![5, 1, 0, 3, u8::try_from(host.len()).expect("a length")];
        ask.extend(host.as_bytes());
        ask.extend(port.to_be_bytes());
        browser.write_all(&ask).await.expect("a request");
        let mut reply = [0; 10];
        browser.read_exact(&mut reply).await.expect("a reply");
        (reply[1], browser)
    }
}

#[tokio::test]
async fn bytes_pass_both_ways_while_the_gate_is_open() {
    let stage = Stage::new(AllowLoopback::Yes).await;
    let (reply, mut browser) = stage.ask("localhost", stage.port).await;
    assert_eq!(reply, 0);
    let (mut portal, _) = stage.listener.accept().await.expect("a connection");
    let mut four = [0; 4];
    browser.write_all(b"ping").await.expect("sent");
    portal.read_exact(&mut four).await.expect("received");
    portal.write_all(b"pong").await.expect("sent");
    browser.read_exact(&mut four).await.expect("received");
    assert_eq!(&four, b"pong");

    stage.gate.shut(Shut::Lost);
    let _ = browser.write_all(b"late").await;
    let mut rest = Vec::new();
    let heard = timeout(crate::world::PATIENCE, portal.read_to_end(&mut rest)).await.expect("an end");
    assert!(heard.is_err() || rest.is_empty(), "the portal heard {rest:?}");
    assert_eq!(stage.ask("localhost", stage.port).await.0, 2);
}

#[tokio::test]
async fn a_cut_ends_what_is_open() {
    let stage = Stage::new(AllowLoopback::Yes).await;
    let (_, _browser) = stage.ask("localhost", stage.port).await;
    let (mut portal, _) = stage.listener.accept().await.expect("a connection");
    stage.egress.cut();
    let mut rest = Vec::new();
    let _ = timeout(crate::world::PATIENCE, portal.read_to_end(&mut rest)).await.expect("an end");
    assert!(rest.is_empty());
}

#[tokio::test]
async fn what_is_not_let_through_says_why() {
    let stage = Stage::new(AllowLoopback::Yes).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let free = closed.local_addr().expect("an address").port();
    drop(closed);
    for (host, port, reply, trouble) in [
        ("127.0.0.1", stage.port, 2, Trouble::Forbidden),
        ("elsewhere.example", 443, 2, Trouble::Forbidden),
        ("localhost", free, 5, Trouble::Reset),
        ("nowhere.invalid", 443, 4, Trouble::Dns),
    ] {
        assert_eq!(stage.ask(host, port).await.0, reply, "{host}:{port}");
        assert_eq!(stage.egress.trouble(host, port), Some(trouble), "{host}:{port}");
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_refused() {
    let stage = Stage::new(AllowLoopback::No).await;
    assert_eq!(stage.ask("localhost", stage.port).await.0, 2);
    assert_eq!(stage.egress.trouble("localhost", stage.port), Some(Trouble::Forbidden));
}

#[tokio::test]
async fn what_a_slow_portal_had_not_taken_when_the_gate_shut_never_reaches_it() {
    let stage = Stage::new(AllowLoopback::Yes).await;
    let (_, mut browser) = stage.ask("localhost", stage.port).await;
    let (mut portal, _) = stage.listener.accept().await.expect("a connection");
    // More than all buffers on the way hold.
    let much = vec![7; 64 * 1024 * 1024];
    let sending = tokio::spawn(async move {
        let _ = browser.write_all(&much).await;
        browser
    });
    let mut one = [0; 1];
    portal.read_exact(&mut one).await.expect("received");
    stage.gate.shut(Shut::Lost);
    let mut chunk = vec![0; 64 * 1024];
    let mut heard = 1;
    while let Ok(length @ 1..) = timeout(crate::world::PATIENCE, portal.read(&mut chunk)).await.expect("an end") {
        heard += length;
    }
    assert!(heard < 64 * 1024 * 1024, "the portal heard all of it");
    sending.abort();
}
