//! The answers that a script captures: which the browser is to keep, and their bodies.
//!
//! Not here: which fit ([`super::traffic`]), or what is in them.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use script::command::{Body, Capture, Collect, Expects, Observation};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::session::Session;
use super::traffic::{Standing, Traffic};
use super::wire::WireError;
use crate::driver::DriverError;

/// How large one answer may be.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How large all of an account may be.
const BODIES_LIMIT: usize = 32 * 1024 * 1024;
/// How much the browser keeps of answers that nobody took yet.
const KEPT_BY_BROWSER: usize = 64 * 1024 * 1024;
/// How long the first answer is waited for that nobody has asked for yet.
const FIRST: Duration = Duration::from_secs(2);
/// How long the browser has to turn something on, or to hand a body over.
const AT_ONCE: Duration = Duration::from_secs(5);
/// How long it has to hand all of them over: nobody looks meanwhile how long the run takes.
const ALL: Duration = Duration::from_secs(60);

impl Session {
    /// What is known of the session's requests; the browser is asked to tell of them from now on.
    pub(super) async fn traffic(&mut self) -> Result<Arc<Traffic>, WireError> {
        if let Some(traffic) = &self.traffic {
            return Ok(Arc::clone(traffic));
        }
        let traffic = Arc::new(Traffic::default());
        self.line.wire.listen(&self.line.session, Arc::clone(&traffic));
        let bounds = json!({
            "maxTotalBufferSize": KEPT_BY_BROWSER,
            // A little more, so that one that is too large is known to be.
            "maxResourceBufferSize": BODY_LIMIT * 2,
        });
        self.line.send(self.permit()?, "Network.enable", bounds, AT_ONCE).await?;
        self.traffic = Some(Arc::clone(&traffic));
        Ok(traffic)
    }

    pub(super) async fn keep_answers(&mut self, capture: &Capture) -> Result<Observation, DriverError> {
        match self.traffic().await {
            Ok(traffic) => {
                traffic.follow(capture.clone(), self.egress.hosts().clone());
                Ok(Observation::Done)
            }
            Err(error) => {
                self.verdict(error)?;
                Ok(Observation::Kept)
            }
        }
    }

    pub(super) async fn hand_answers_over(&mut self, collect: &Collect) -> Result<Observation, DriverError> {
        let Some(traffic) = self.traffic.clone() else { return Ok(Observation::Captured(Vec::new())) };
        self.settled(&traffic, collect).await?;
        let Some(ids) = traffic.take() else { return Ok(Observation::Captured(vec![Body::TooLarge])) };
        let mut bodies = Vec::with_capacity(ids.len());
        let until = Instant::now() + ALL;
        for id in ids {
            if Instant::now() >= until {
                bodies.push(Body::Lost);
                break;
            }
            let permit = self.gate.permit()?;
            let asked = json!({ "requestId": id });
            let body = match self.line.send(permit, "Network.getResponseBody", asked, AT_ONCE).await {
                Ok(answer) => body(answer),
                Err(error) => {
                    self.verdict(error)?;
                    Body::Lost
                }
            };
            let size = if let Body::Text(text) = &body { text.len() } else { 0 };
            if traffic.hand(size) > BODIES_LIMIT {
                bodies.push(Body::TooLarge);
                break;
            }
            bodies.push(body);
        }
        Ok(Observation::Captured(bodies))
    }

    /// Waits until nothing that is wanted is under way, or it takes too long.
    async fn settled(&mut self, traffic: &Traffic, collect: &Collect) -> Result<(), DriverError> {
        let begun = Instant::now();
        let end = begun + Duration::from_millis(collect.patience_ms);
        let first = (begun + FIRST).min(end);
        let mut moves = traffic.moves();
        loop {
            self.gate.check()?;
            moves.borrow_and_update();
            let until = match (traffic.standing(), collect.expects) {
                (Standing { under_way: 0, whole: 0 }, Expects::One) => first,
                (Standing { under_way: 0, .. }, _) => return Ok(()),
                _ => end,
            };
            let mut showing = self.showing.clone();
            tokio::select! {
                moved = timeout_at(until, moves.changed()) => if moved.is_err() { return Ok(()) },
                _ = showing.wait_for(|now| now.gone.is_some()) => return self.verdict(WireError::Gone),
                // What a page asks for may wait for a frame.
                never = self.frames.keep_coming(&self.line, &self.gate) => match never {},
            }
        }
    }
}

/// The text of an answer, as the browser hands it over.
fn body(mut answer: Value) -> Body {
    let Value::String(text) = answer["body"].take() else { return Body::Lost };
    let text = match answer["base64Encoded"] == true {
        false => Some(text),
        true if text.len() / 4 * 3 > BODY_LIMIT => return Body::TooLarge,
        true => STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
    };
    match text {
        Some(text) if text.len() > BODY_LIMIT => Body::TooLarge,
        Some(text) => Body::Text(text),
        None => Body::Lost,
    }
}

#[cfg(test)]
mod tests {
    use script::command::Body;
    use serde_json::json;

    use super::{BODY_LIMIT, body};

    #[test]
    fn a_body_is_a_text_whichever_way_it_comes_and_no_larger_than_one_may_be() {
        let text = |text: &str| Body::Text(text.into());
        assert_eq!(body(json!({ "body": "{}", "base64Encoded": false })), text("{}"));
        assert_eq!(body(json!({ "body": "eyJhIjoxfQ==", "base64Encoded": true })), text("{\"a\":1}"));
        assert_eq!(body(json!({ "body": "/w==", "base64Encoded": true })), Body::Lost);
        assert_eq!(body(json!({})), Body::Lost);
        let much = "x".repeat(BODY_LIMIT + 1);
        assert_eq!(body(json!({ "body": much, "base64Encoded": false })), Body::TooLarge);
    }
}
