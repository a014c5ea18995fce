//! The wheel where things go wrong: agents that don't answer or aren't who they say, two people at the same instant, people
//! who may hold it no more, and pages that ask for too much. Over plain sockets, which say what no page would.
//!
//! Not here: what people see and do at it (`live`).

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::integrator::Integrator;
use tests::patience::{eventually, lasting};
use tests::programs::{freeze_process, thaw_process};
use tests::socket::{Heard, Socket};
use tests::world::{Fleet, Plan};
use uuid::Uuid;

use crate::visitor::Visitor;
use crate::{Outcome, add_user, plan, set_up};

type Failure = Box<dyn std::error::Error>;

/// A run that waits for a code.
pub(crate) struct Waiting {
    pub(crate) fleet: Fleet,
    pub(crate) integrator: Integrator,
    pub(crate) connection: String,
    pub(crate) challenge: Value,
    pub(crate) run: String,
    pub(crate) agent: String,
}

/// Somebody's live view, without a page.
pub(crate) struct View {
    pub(crate) visitor: Visitor,
    pub(crate) socket: Socket,
    /// What it was told last.
    pub(crate) told: Value,
    /// What it was told in words since a test began to look.
    words: Vec<String>,
    pub(crate) pictures: Vec<Vec<u8>>,
    /// How often it was made sure that all it said was heard.
    asked: u32,
}

/// A holder who isn't heard of is kept the wheel for longer than any test: what is given back is so for another reason.
pub(crate) fn patient() -> Plan {
    plan().with("console.wheel_kept", "10m").with("console.live_views", "3")
}

async fn waiting(plan: Plan, people: &[(&str, &str)]) -> Result<Waiting, Failure> {
    wait_at(plan.start().await?, people).await
}

/// Has a run of a fleet wait for a code.
pub(crate) async fn wait_at(fleet: Fleet, people: &[(&str, &str)]) -> Result<Waiting, Failure> {
    let integrator = fleet.integrator("default").await?;
    for (login, role) in people {
        add_user(&fleet, login, role, None).await?;
    }
    let connection = set_up(&fleet, &integrator).await?;
    let challenge = integrator.open_challenge(&connection, None).await?;
    let leases = fleet.operator()?.list("/control/v1/leases").await?;
    let lease = leases.first().ok_or("no lease")?;
    let text = |name: &str| lease[name].as_str().unwrap_or_default().to_owned();
    let (run, agent) = (text("runId"), text("agentId"));
    Ok(Waiting { fleet, integrator, connection, challenge, run, agent })
}

impl Waiting {
    /// Opens a live view as somebody who is signed in.
    async fn open(&self, visitor: Visitor) -> Result<View, Failure> {
        self.open_at(self.fleet.address(), visitor).await
    }

    /// The same at another coordinator.
    pub(crate) async fn open_at(&self, address: &str, visitor: Visitor) -> Result<View, Failure> {
        let url = format!("{address}/console/runs/{}/live/socket", self.run);
        let headers = [("cookie", visitor.cookie.as_str()), ("origin", address)];
        let socket = Socket::open(&url, &headers).await?;
        Ok(View { visitor, socket, told: Value::Null, words: Vec::new(), pictures: Vec::new(), asked: 1 })
    }

    /// The same, and waits for its first picture.
    pub(crate) async fn view(&self, login: &str) -> Result<View, Failure> {
        let mut view = self.open(Visitor::signed_in(self.fleet.address(), login).await).await?;
        view.until("pictures", |told| told["pictures"] == true).await?;
        Ok(view)
    }

    /// How the first challenge stands.
    async fn challenge(&self) -> Result<Value, Failure> {
        let challenges = self.integrator.list(&format!("/v1/connections/{}/challenges", self.connection)).await?;
        Ok(challenges.into_iter().find(|one| one["id"] == self.challenge["id"]).unwrap_or_default())
    }

    /// What the trail says of one kind of act.
    async fn trail(&self, action: &str) -> Result<String, Failure> {
        Ok(self.fleet.succeed(&["audit", "list", "--action", action]).await?)
    }

    /// Waits until the wheel was given back, for the reason that is given.
    pub(crate) async fn is_handed_back(&self, how: &str) -> Outcome {
        let back = eventually(async || {
            let entries = self.fleet.operator().ok()?.list("/control/v1/audit?action=run.handedBack").await.ok()?;
            let said = format!("\"how\":\"{how}\"");
            entries
                .iter()
                .any(|entry| entry["detail"].as_str().is_some_and(|detail| detail.contains(&said)))
                .then_some(())
        });
        back.await.ok_or_else(|| format!("the wheel wasn't handed back for {how}").into())
    }
}

impl View {
    pub(crate) async fn says(&mut self, what: Value) -> bool {
        self.socket.say(&what).await
    }

    /// Hears on until what is told is what is waited for.
    pub(crate) async fn until(&mut self, what: &str, is_so: impl Fn(&Value) -> bool) -> Outcome {
        while !is_so(&self.told) {
            self.hears().await.map_err(|error| format!("{what} never came; the last was {}: {error}", self.told))?;
        }
        Ok(())
    }

    /// Hears one thing.
    pub(crate) async fn hears(&mut self) -> Outcome {
        match self.socket.next().await {
            Some(Heard::Words(told)) => {
                self.words.push(told["text"].as_str().unwrap_or_default().to_owned());
                self.told = told;
            }
            Some(Heard::Bytes(picture)) => {
                self.pictures.push(picture);
                self.says(json!({ "do": "drawn" })).await;
            }
            Some(Heard::Closed(code, reason)) => return Err(format!("closed: {code} {reason}").into()),
            None => return Err("nothing is heard".into()),
        }
        Ok(())
    }

    /// Waits until all that it said was heard: it says something that is answered, another thing each time.
    async fn is_heard_out(&mut self) -> Outcome {
        const NOT_UNDERSTOOD: &str = "isn't understood";
        const NOT_DONE: [&str; 2] = ["That can't be put in here", "You don't hold the wheel"];
        self.asked += 1;
        if self.asked.is_multiple_of(2) {
            self.says(json!("nonsense")).await;
            return self.until_said(NOT_UNDERSTOOD).await;
        }
        self.says(json!({ "do": "input", "input": { "does": "text", "text": "" } })).await;
        let is_so = |told: &Value| {
            let text = told["text"].as_str().unwrap_or_default();
            NOT_DONE.iter().any(|words| text.contains(words))
        };
        self.until("an answer", is_so).await
    }

    pub(crate) async fn until_said(&mut self, words: &str) -> Outcome {
        self.until(words, |told| told["text"].as_str().is_some_and(|text| text.contains(words))).await
    }

    pub(crate) async fn until_wheel(&mut self, whose: &str) -> Outcome {
        self.until(whose, |told| told["wheel"] == whose).await
    }

    async fn takes(&mut self) -> Outcome {
        self.says(json!({ "do": "take" })).await;
        self.until_wheel("yours").await
    }

    /// The same where it isn't known what was told last.
    pub(crate) async fn takes_again(&mut self) -> Outcome {
        self.says(json!({ "do": "take" })).await;
        self.told = Value::Null;
        self.until_wheel("yours").await
    }

    /// Hears on until it is closed.
    pub(crate) async fn until_closed(&mut self) -> Result<(u16, String), Failure> {
        loop {
            match self.socket.next().await {
                Some(Heard::Closed(code, reason)) => return Ok((code, reason)),
                Some(_) => {}
                None => return Err("it wasn't closed".into()),
            }
        }
    }
}

fn moves() -> Value {
    json!({ "do": "input", "input": { "does": "move", "x": 5, "y": 5, "buttons": 0, "modifiers": 0 } })
}

#[tokio::test]
async fn a_take_that_the_agent_does_not_answer_is_handed_back_and_the_run_goes_on() -> Outcome {
    let waiting = waiting(patient().with("lease.term", "40s"), &[("ada", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    let agent = waiting.fleet.agents.first().and_then(tests::programs::Program::pid).ok_or("no agent runs")?;
    freeze_process(agent);
    ada.says(json!({ "do": "take" })).await;
    let unanswered = ada.until_said("The agent didn't answer: you don't have the wheel.").await;
    let (trail, challenge) = (waiting.trail("run.taken").await?, waiting.challenge().await?);
    thaw_process(agent);
    unanswered?;
    assert!(!trail.contains("ada"), "it wasn't taken: {trail}");
    assert_eq!(challenge["status"], "answered", "it is handed back, whatever the agent makes of it: {challenge}");
    waiting.is_handed_back("unanswered").await?;
    // It gave the wheel when it woke up, and takes it back: the run looks, and asks again.
    let again = waiting.integrator.open_challenge(&waiting.connection, waiting.challenge["id"].as_str()).await?;
    let code = waiting.fleet.code(1).await.ok_or("no text message came")?;
    waiting.integrator.answer(&waiting.connection, &again, &code).await?;
    waiting.integrator.connection(&waiting.connection, "active", |now| now["status"] == "active").await?;
    Ok(())
}

#[tokio::test]
async fn a_question_whose_code_was_sent_anew_is_asked_again_after_the_wheel_was_handed_back() -> Outcome {
    let waiting = waiting(patient().with("challenge.resend_every", "1s"), &[("ada", "operator")]).await?;
    let Waiting { fleet, integrator, connection, .. } = &waiting;
    let path =
        |id: &Value| format!("/v1/connections/{connection}/challenges/{}/resend", id.as_str().unwrap_or_default());
    let sent = eventually(async || {
        let answer = integrator.call(Method::POST, &path(&waiting.challenge["id"]), None).await.ok()?;
        (answer.status == 202).then_some(())
    });
    sent.await.ok_or("the bank isn't asked for a new code")?;
    let code = fleet.code(2).await.ok_or("no second text message came")?;
    let told = eventually(async || {
        waiting.challenge().await.ok()?["institutionMessage"].as_str()?.contains("a new passcode").then_some(())
    });
    told.await.ok_or("the run doesn't go on with the new code")?;
    let mut ada = waiting.view("ada").await?;
    ada.takes().await?;
    ada.says(json!({ "do": "handBack" })).await;
    waiting.is_handed_back("holder").await?;
    let again = integrator.open_challenge(connection, waiting.challenge["id"].as_str()).await?;
    integrator.answer(connection, &again, &code).await?;
    integrator.connection(connection, "active", |now| now["status"] == "active").await?;
    let challenges = integrator.list(&format!("/v1/connections/{connection}/challenges")).await?;
    assert_eq!(challenges.len(), 2, "it was handed back once: {challenges:?}");
    Ok(())
}

#[tokio::test]
async fn a_takeover_that_the_agent_does_not_answer_throws_nobody_out() -> Outcome {
    let people = [("ada", "operator"), ("root", "administrator")];
    // An agent that is frozen for as long as it takes keeps its lease.
    let waiting = waiting(patient().with("lease.term", "120s"), &people).await?;
    let (mut ada, mut root) = (waiting.view("ada").await?, waiting.view("root").await?);
    ada.takes().await?;
    root.until_wheel("anothers").await?;
    let inbox = root.visitor.get("/console/challenges").await.text;
    assert!(inbox.contains("holds the wheel"), "{inbox}");
    assert!(!inbox.contains("name=\"answer\""), "no answer is heard meanwhile: {inbox}");
    let agent = waiting.fleet.agents.first().and_then(tests::programs::Program::pid).ok_or("no agent runs")?;
    freeze_process(agent);
    root.says(json!({ "do": "takeOver" })).await;
    let unanswered = root.until_said("The agent didn't answer").await;
    thaw_process(agent);
    unanswered?;
    ada.until_wheel("yours").await?;
    assert_eq!(root.told["wheel"], "anothers");
    let trail = waiting.trail("run.taken").await?;
    assert!(trail.contains("ada") && !trail.contains("root"), "{trail}");
    assert_eq!(waiting.challenge().await?["status"], "open");
    ada.says(json!({ "do": "handBack" })).await;
    waiting.is_handed_back("holder").await
}

#[tokio::test]
async fn nobody_is_put_at_the_wheel_of_an_agent_that_cannot_be_asked() -> Outcome {
    let mut waiting = waiting(patient(), &[("ada", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    if let Some(agent) = waiting.fleet.agents.pop() {
        agent.kill_hard().await;
    }
    ada.until_said("no line to the agent").await?;
    ada.says(json!({ "do": "take" })).await;
    ada.until_said("nobody was asked for the wheel").await?;
    assert_eq!((&ada.told["wheel"], &ada.told["holder"]), (&json!("nobody"), &Value::Null));
    assert!(!waiting.trail("run.taken").await?.contains("ada"));
    Ok(())
}

#[tokio::test]
async fn of_two_at_the_same_instant_one_steers_whichever_the_agent_answers_first() -> Outcome {
    let people = [("ada", "administrator"), ("bob", "administrator")];
    let waiting = waiting(patient(), &people).await?;
    let (mut ada, mut bob) = (waiting.view("ada").await?, waiting.view("bob").await?);
    for round in 0..25 {
        let (first, second) = if round % 2 == 0 { (&mut ada, &mut bob) } else { (&mut bob, &mut ada) };
        tokio::join!(first.says(json!({ "do": "takeOver" })), second.says(json!({ "do": "takeOver" })));
        tokio::try_join!(first.is_heard_out(), second.is_heard_out())?;
        // Whoever was told something that is old is told anew within a second.
        while ada.told["wheel"] == bob.told["wheel"] {
            tokio::select! {
                heard = ada.hears() => heard?,
                heard = bob.hears() => heard?,
            }
        }
        let (holder, loser) = if ada.told["wheel"] == "yours" { (&mut ada, &mut bob) } else { (&mut bob, &mut ada) };
        assert_eq!(
            (&holder.told["wheel"], &loser.told["wheel"]),
            (&json!("yours"), &json!("anothers")),
            "round {round}"
        );
        // What the one does isn't lost, and what the other does is.
        for view in [&mut *holder, &mut *loser] {
            view.words.clear();
            view.says(moves()).await;
            view.is_heard_out().await?;
        }
        // No page may ask more often for long.
        lasting(Duration::from_millis(150)).await;
        let is_lost = |view: &View| view.words.iter().any(|text| text.contains("what you did didn't reach the page"));
        assert!(!is_lost(holder) && is_lost(loser), "round {round}: {:?} {:?}", holder.words, loser.words);
    }
    let entries = waiting.fleet.operator()?.list("/control/v1/audit?action=run.taken").await?;
    let by = |name: &str| entries.iter().filter(|entry| entry["actor"]["name"] == name).count();
    assert!(by("ada") + by("bob") >= 25, "a round without a holder: {entries:?}");
    Ok(())
}

#[tokio::test]
async fn an_agent_that_claims_anothers_run_shows_nothing_answers_nothing_and_hears_nothing() -> Outcome {
    let waiting = waiting(patient(), &[("ada", "operator")]).await?;
    let token = std::fs::read_to_string(waiting.fleet.folder().join("data/agent.token"))?;
    let (url, bearer) = (format!("{}/agent/v1/line", waiting.fleet.address()), format!("Bearer {}", token.trim()));
    let mut claims = Socket::open(&url, &[("authorization", &bearer)]).await?;
    claims.say(&json!({ "say": "hello", "agentId": waiting.agent })).await;
    let mut ada = waiting.view("ada").await?;
    let watch = json!({ "say": "watch", "runId": waiting.run });
    assert_eq!(claims.next().await, Some(Heard::Words(watch)), "it is on the list of that agent's lines");
    let mut forged = Uuid::parse_str(&waiting.run)?.as_bytes().to_vec();
    forged.extend([5, 0, 4, 0, 0xff, 0xd8, 7, 7, 7, 7]);
    let shows =
        |fence: Value| json!({ "say": "shows", "runId": waiting.run, "fence": fence, "view": { "view": "absent" } });
    for fence in [Value::Null, json!({ "generation": 1, "counter": 999 }), json!({ "generation": 0, "counter": 0 })] {
        claims.say(&shows(fence)).await;
        claims.show(forged.clone()).await;
    }
    ada.takes().await?;
    ada.says(json!({ "do": "input", "input": { "does": "text", "text": "secret" } })).await;
    ada.says(json!({ "do": "handBack" })).await;
    ada.until_wheel("nobody").await?;
    assert!(ada.pictures.iter().all(|picture| !picture.ends_with(&[7, 7, 7, 7])), "a forged picture was shown");
    assert_eq!(ada.told["pictures"], true, "it has the view end: {}", ada.told);
    // Nothing came but what was asked for first: the next is the end of somebody's looking.
    ada.visitor.post("/console/account/sessions/end", &[]).await;
    ada.until_closed().await?;
    let unwatch = json!({ "say": "unwatch", "runId": waiting.run });
    assert_eq!(claims.next().await, Some(Heard::Words(unwatch)));
    Ok(())
}

#[tokio::test]
async fn somebody_has_so_many_live_views_and_the_next_is_told_why_not() -> Outcome {
    let waiting = waiting(patient(), &[("ada", "operator"), ("bob", "viewer")]).await?;
    let mut views = vec![waiting.view("ada").await?];
    for _ in 0..2 {
        let visitor = Visitor::signed_in(waiting.fleet.address(), "ada").await;
        let mut view = waiting.open(visitor).await?;
        view.until("pictures", |told| told["pictures"] == true).await?;
        views.push(view);
    }
    let mut more = waiting.open(Visitor::signed_in(waiting.fleet.address(), "ada").await).await?;
    let (code, reason) = more.until_closed().await?;
    assert_eq!(code, 4429);
    assert!(reason.contains("too many live views"), "{reason}");
    waiting.view("bob").await?;
    drop(views.pop());
    let again = eventually(async || waiting.view("ada").await.ok());
    assert!(again.await.is_some(), "there is room once one was closed");
    Ok(())
}

#[tokio::test]
async fn the_only_live_view_that_somebody_may_have_goes_on_with_the_next_agent() -> Outcome {
    let plan = patient().with("console.live_views", "1").with("lease.term", "2s");
    let mut waiting = waiting(plan, &[("ada", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    if let Some(agent) = waiting.fleet.agents.pop() {
        agent.kill_hard().await;
    }
    ada.until_said("no line to the agent").await?;
    waiting.fleet.start_agent()?;
    ada.until("pictures of the next agent", |told| told["pictures"] == true).await
}

#[tokio::test]
async fn a_page_that_says_too_much_is_closed_and_keeps_nobody_from_being_shown_out() -> Outcome {
    let waiting = waiting(patient(), &[("ada", "operator"), ("bob", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    while ada.says(json!({ "do": "drawn" })).await && ada.says(json!("nonsense")).await {}
    // Whoever floods is closed, before or after it is told so.
    let mut bob = waiting.view("bob").await?;
    bob.takes().await?;
    waiting.fleet.succeed(&["user", "disable", "bob"]).await?;
    let flooded = async {
        // Few enough to be let go on: what a page says has no way past the door.
        while bob.says(json!({ "do": "drawn" })).await {
            lasting(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(tests::patience::patience(), flooded).await?;
    waiting.is_handed_back("holder").await
}

#[tokio::test]
async fn a_live_view_is_closed_with_its_run() -> Outcome {
    let waiting = waiting(patient(), &[("ada", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    let code = waiting.fleet.code(1).await.ok_or("no text message came")?;
    waiting.integrator.answer(&waiting.connection, &waiting.challenge, &code).await?;
    let (code, reason) = ada.until_closed().await?;
    assert_eq!((code, reason.as_str()), (4410, "The run has ended. Its page says how."));
    Ok(())
}

#[tokio::test]
async fn whoever_may_hold_the_wheel_no_more_gives_it_back_at_once() -> Outcome {
    let people = [("ada", "operator"), ("bob", "operator"), ("eve", "operator")];
    let waiting = waiting(patient(), &people).await?;
    let mut ada = waiting.view("ada").await?;
    ada.takes().await?;
    waiting.fleet.succeed(&["user", "role", "ada", "viewer"]).await?;
    waiting.is_handed_back("holder").await?;
    ada.until_wheel("nobody").await?;
    ada.says(moves()).await;
    ada.until_said("didn't reach the page").await?;
    let challenge = waiting.integrator.open_challenge(&waiting.connection, waiting.challenge["id"].as_str()).await?;
    // Signed out elsewhere, and shut out.
    let mut seen = challenge["id"].as_str().map(str::to_owned);
    for (login, is_shut_out) in [("bob", false), ("eve", true)] {
        let mut view = waiting.view(login).await?;
        view.takes().await?;
        if is_shut_out {
            waiting.fleet.succeed(&["user", "disable", login]).await?;
        } else {
            view.visitor.post("/console/account/sessions/end", &[]).await;
        }
        assert_eq!(view.until_closed().await?.0, 4401);
        let back = eventually(async || {
            let entries = waiting.fleet.operator().ok()?.list("/control/v1/audit?action=run.handedBack").await.ok()?;
            entries.iter().any(|entry| entry["actor"]["name"] == login).then_some(())
        });
        assert!(back.await.is_some(), "{login} has the wheel still");
        if !is_shut_out {
            let next = waiting.integrator.open_challenge(&waiting.connection, seen.as_deref()).await?;
            seen = next["id"].as_str().map(str::to_owned);
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_expires_at_the_wheel_gives_it_back() -> Outcome {
    let waiting =
        waiting(patient().with("console.longest", "15s").with("console.idle", "15s"), &[("ada", "operator")]).await?;
    let mut ada = waiting.view("ada").await?;
    ada.takes().await?;
    assert_eq!(ada.until_closed().await?.0, 4401);
    waiting.is_handed_back("holder").await?;
    let answer = waiting.integrator.call(Method::GET, &format!("/v1/connections/{}", waiting.connection), None).await?;
    assert_eq!(answer.status, 200);
    Ok(())
}
