//! A second line to a browser, past the agent: enough of HTTP and of web sockets to have
//! it crash one page.
//!
//! Not here: anything that a driver does.

use std::path::Path;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::PATIENCE;

/// Has the browser with a profile in `folder` crash the page that shows `page`.
pub(crate) async fn crash(folder: &Path, page: Url) {
    let crashing = async {
        let port = port(folder);
        let pages = list(port).await;
        let pages = pages.as_array().expect("a list");
        let target = pages.iter().find(|target| target["url"] == page.as_str());
        let target = target.unwrap_or_else(|| panic!("no page shows {page}: {pages:?}"));
        let line: Url = target["webSocketDebuggerUrl"].as_str().expect("an address").parse().expect("a url");
        let mut socket = connect(port).await;
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        ask(&mut socket, port, line.path(), upgrade).await;
        read_until(&mut socket, b"\r\n\r\n").await;
        let message = json!({ "id": 1, "method": "Page.crash" }).to_string();
        let length = u8::try_from(message.len()).ok().filter(|length| *length < 126).expect("a short message");
        // One text frame, masked with zeros.
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], message.as_bytes()].concat();
        socket.write_all(&frame).await.expect("a browser that reads");
        socket
    };
    // Held open for as long as the browser reads it.
    let mut socket = timeout(PATIENCE, crashing).await.expect("a browser that answers");
    tokio::spawn(async move { tokio::io::copy(&mut socket, &mut tokio::io::sink()).await });
}

/// Where the only browser with a profile in `folder` listens.
fn port(folder: &Path) -> u16 {
    let profiles = std::fs::read_dir(folder).expect("profiles").flatten();
    let said = profiles.filter_map(|entry| std::fs::read_to_string(entry.path().join("DevToolsActivePort")).ok());
    let ports: Vec<u16> = said.filter_map(|text| text.lines().next()?.parse().ok()).collect();
    assert_eq!(ports.len(), 1, "browsers that listen");
    ports[0]
}

async fn list(port: u16) -> Value {
    let mut socket = connect(port).await;
    ask(&mut socket, port, "/json/list", "").await;
    let head = read_until(&mut socket, b"\r\n\r\n").await.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).expect("a length");
    let mut body = vec![0; length.trim().parse().expect("a length")];
    socket.read_exact(&mut body).await.expect("a body");
    serde_json::from_slice(&body).expect("json")
}

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.expect("a browser that listens")
}

async fn ask(socket: &mut TcpStream, port: u16, path: &str, headers: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n");
    socket.write_all(request.as_bytes()).await.expect("a browser that reads");
}

async fn read_until(socket: &mut TcpStream, end: &[u8]) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end) {
        read.push(socket.read_u8().await.expect("a browser that answers"));
    }
    String::from_utf8(read).expect("text")
}
