//! Live views at one of two coordinators whose agent's line is at the other.
//!
//! Not here: what is seen and done in one (`live`), and what goes wrong at the wheel (`wheel`).

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;
use tests::patience::eventually;
use tests::postgres::Postgres;
use tests::redis::Redis;
use tests::socket::{Heard, Socket, SocketError};
use tests::world::{Fleet, Plan};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::Outcome;
use crate::visitor::Visitor;
use crate::wheel::{Waiting, patient, wait_at};

type Failure = Box<dyn std::error::Error>;

/// Two coordinators with one store, and the first one's agent.
struct Pair {
    first: Waiting,
    second: Fleet,
    _postgres: Postgres,
    _redis: Redis,
    _folder: tempfile::TempDir,
}

async fn pair() -> Result<Pair, Failure> {
    pair_by(|plan| plan).await
}

/// The same with more said of the first.
async fn pair_by(first_is: impl FnOnce(Plan) -> Plan) -> Result<Pair, Failure> {
    let postgres = Postgres::start().await?;
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let plan = || {
        let plan = patient().with("store.url", &postgres.url()).with("redis.url", &redis.url());
        plan.with("vault.master_key", key)
    };
    let first = first_is(plan()).start().await?;
    let second = plan().agents(0).with("development.portal_urls.harbour", first.portal.url()).start().await?;
    let first = wait_at(first, &[("ada", "operator"), ("bob", "operator")]).await?;
    Ok(Pair { first, second, _postgres: postgres, _redis: redis, _folder: folder })
}

#[tokio::test]
async fn a_live_view_that_is_opened_at_another_coordinator_shows_and_steers_all_the_same() -> Outcome {
    let Pair { first, second, .. } = &pair().await?;
    let mut there = first.open_at(second.address(), Visitor::signed_in(second.address(), "ada").await).await?;
    there.until("pictures", |told| told["pictures"] == true).await?;
    while there.pictures.is_empty() {
        there.told.take();
        there.says(json!({ "do": "drawn" })).await;
        if let Some(Heard::Bytes(picture)) = there.socket.next().await {
            there.pictures.push(picture);
        }
    }
    there.takes_again().await?;
    let mut here = first.view("bob").await?;
    here.until_wheel("anothers").await?;
    assert_eq!(here.told["holder"], "ada");
    // What she does reaches the page: the bank has the code.
    let code = first.fleet.code(1).await.ok_or("no text message came")?;
    there.says(json!({ "do": "input", "input": { "does": "text", "text": code } })).await;
    let enter = |does: &str| json!({ "do": "input", "input": { "does": does, "key": "Enter", "code": "Enter", "keyCode": 13 } });
    there.says(enter("keyDown")).await;
    there.says(enter("keyUp")).await;
    let submitted = eventually(async || (first.fleet.portal.oracle().code_submits == 1).then_some(()));
    assert!(submitted.await.is_some(), "the code wasn't submitted");
    // And what is done to her session there ends it here.
    there.visitor.post("/console/account/sessions/end", &[]).await;
    assert_eq!(there.until_closed().await?.0, 4401);
    first.is_handed_back("holder").await
}

#[tokio::test]
async fn a_live_view_is_passed_on_to_nobody_without_a_ticket_and_found_again_where_the_line_went() -> Outcome {
    let mut pair = pair().await?;
    let Pair { first, second, .. } = &mut pair;
    let url = format!("{}/console/runs/{}/live/passed-on", first.fleet.address(), first.run);
    let visitor = Visitor::signed_in(first.fleet.address(), "ada").await;
    for headers in [vec![("cookie", visitor.cookie.as_str())], vec![("x-bursar-ticket", "AQIDBA")]] {
        let refused = Socket::open(&url, &headers).await;
        assert!(matches!(refused, Err(SocketError::Refused(status)) if status == 401), "{:?}", refused.err());
    }
    // Without a line anywhere it is served where it was opened, and told so.
    let agent = first.fleet.agents.pop().ok_or("no agent runs")?;
    agent.kill_hard().await;
    let visitor = Visitor::signed_in(second.address(), "ada").await;
    let mut there = eventually(async || {
        let view = first.open_at(second.address(), Visitor::signed_in(second.address(), "ada").await).await;
        let mut view = view.ok()?;
        view.until_said("no line to the agent").await.ok().map(|()| view)
    })
    .await
    .ok_or("nobody says that there is no line")?;
    // Once there is one, asking anew leads to it.
    first.fleet.start_agent()?;
    assert_eq!(there.until_closed().await?.0, 4307);
    let mut again = first.open_at(second.address(), visitor).await?;
    again.until("pictures", |told| told["pictures"] == true).await
}

/// Whoever has the address at which a coordinator is looked for, and what it was asked. Closed when it is dropped.
struct Impostor {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<String>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Impostor {
    async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let (asked, answer) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Mutex<String>>::default());
        let serving = tokio::spawn({
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            async move {
                let mut open = Vec::new();
                while let Ok((mut stream, _)) = listener.accept().await {
                    let Ok(head) = head(&mut stream).await else { continue };
                    asked.lock().unwrap_or_else(PoisonError::into_inner).push(head);
                    let answer = answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let _ = stream.write_all(answer.as_bytes()).await;
                    open.push(stream);
                }
            }
        });
        Ok(Self { address, asked, answer, serving })
    }

    fn answers(&self, answer: &str) {
        answer.clone_into(&mut self.answer.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What it was asked since this was called last.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// What a request begins with.
async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// What a request says under a name.
fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.split_once(": ").filter(|(known, _)| *known == name)).map(|(_, value)| value)
}

#[tokio::test]
async fn a_live_view_is_passed_on_to_nobody_who_does_not_show_that_the_ticket_was_opened() -> Outcome {
    let impostor = Impostor::start().await?;
    let Pair { first, second, .. } = &pair_by(|plan| plan.with("http.peer_url", &impostor.address)).await?;
    let upgraded = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";
    let elsewhere = format!("HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/elsewhere\r\n", impostor.address);
    for (answer, why) in [
        (format!("{upgraded}\r\n"), "it shows nothing"),
        (format!("{upgraded}x-bursar-opened: AQIDBA\r\n\r\n"), "it shows something else"),
        (format!("{elsewhere}content-length: 0\r\n\r\n"), "it sends it on"),
    ] {
        impostor.answers(&answer);
        let visitor = Visitor::signed_in(second.address(), "ada").await;
        let mut there = first.open_at(second.address(), visitor).await?;
        // It is served where it was opened.
        there.until_said("no line to the agent").await.map_err(|error| format!("{why}: {error}"))?;
        let asked = impostor.asked();
        let is_first = |head: &String| head.starts_with(&format!("GET /console/runs/{}/live/passed-on ", first.run));
        assert!(asked.len() == 1 && asked.iter().all(is_first), "{why}: the ticket went on: {asked:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_ticket_opens_a_live_view_of_its_run_over_its_line_for_as_long_as_that_stands() -> Outcome {
    let impostor = Impostor::start().await?;
    let mut pair = pair_by(|plan| plan.with("http.peer_url", &impostor.address)).await?;
    let Pair { first, second, .. } = &mut pair;
    impostor.answers("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    let ticket = async || {
        let mut there = first.open_at(second.address(), Visitor::signed_in(second.address(), "ada").await).await?;
        there.until_said("no line to the agent").await?;
        let asked = impostor.asked().pop().ok_or("nobody was asked")?;
        let of = |name| header(&asked, name).map(str::to_owned).ok_or("no ticket");
        Ok::<_, Failure>((of("x-bursar-ticket")?, of("x-bursar-line")?))
    };
    let (ticket, line) = ticket().await?;
    let (address, run) = (first.fleet.address().to_owned(), first.run.clone());
    let open = async |run: &str, line: &str| {
        let url = format!("{address}/console/runs/{run}/live/passed-on");
        match Socket::open(&url, &[("x-bursar-ticket", &ticket), ("x-bursar-line", line)]).await {
            Ok(_) => 101,
            Err(SocketError::Refused(status)) => status.as_u16(),
            Err(SocketError::NoAnswer(_)) => 0,
        }
    };
    let another = Uuid::new_v4().to_string();
    assert_eq!((open(&run, &line).await, open(&another, &line).await, open(&run, &another).await), (101, 401, 401));
    // The agent has another line by then, for which it isn't.
    first.fleet.agents.pop().ok_or("no agent runs")?.kill_hard().await;
    let refused = eventually(async || (open(&run, &line).await == 404).then_some(()));
    assert!(refused.await.is_some(), "it opens over a line that has ended");
    Ok(())
}
