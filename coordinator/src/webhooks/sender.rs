//! One try at a delivery: signed, sent, and judged by what comes back.
//!
//! Not here: when and whether it is tried (`dispatcher`), which addresses may be reached
//! (`egress`), and how to sign (`signature`).

use std::time::Duration;

use domain::anchor::Loopback;
use domain::id::WebhookId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::egress;
use super::signature::sign;
use crate::backoff::backoff;
use crate::clock;
use crate::config;
use crate::sealer::Sealer;
use crate::store::{Delivery, DeliveryOutcome, Refusal, event_name};

/// How long the rest of an answer may take that makes the connection good for another
/// delivery, and how long it may be in bytes.
const REST: (Duration, usize) = (Duration::from_millis(500), 16 * 1024);

/// HTTP's 410: the receiver wants nothing more, ever.
const GONE: u16 = 410;

/// Sends deliveries.
pub struct Sender {
    sealer: Sealer,
    client: reqwest::Client,
    settings: config::Webhooks,
    loopback: Loopback,
}

/// What a receiver answered.
struct Answer {
    status: u16,
    retry_after: Option<SignedDuration>,
}

impl Sender {
    /// A sender that signs with what `sealer` opens.
    #[must_use]
    pub fn new(sealer: Sealer, client: reqwest::Client, settings: config::Webhooks, loopback: Loopback) -> Self {
        Self { sealer, client, settings, loopback }
    }

    /// The settings that it sends by.
    pub(super) fn settings(&self) -> &config::Webhooks {
        &self.settings
    }

    /// Sends a delivery and says what is to become of it.
    pub(super) async fn deliver(&self, delivery: &Delivery) -> DeliveryOutcome {
        let answer = self.send(delivery, clock::now()).await;
        let now = clock::now();
        match answer {
            Ok(Answer { status, .. }) if (200..300).contains(&status) => DeliveryOutcome::Delivered { status },
            Ok(Answer { status, retry_after }) => {
                let error = format!("the receiver answered {status}");
                self.after_refusal(delivery, Some(status), retry_after.unwrap_or_default(), error, now)
            }
            Err(error) => self.after_refusal(delivery, None, SignedDuration::ZERO, error.into(), now),
        }
    }

    async fn send(&self, delivery: &Delivery, now: Timestamp) -> Result<Answer, &'static str> {
        if !egress::may_reach(&delivery.url, self.loopback) {
            return Err("the address isn't https to a public host");
        }
        let context = webhook_secret_context(delivery.webhook_id);
        let mut secrets = Vec::new();
        for sealed in [Some(&delivery.secret_sealed), delivery.previous_secret_sealed.as_ref()].into_iter().flatten() {
            let secret = self.sealer.open(delivery.organization_id, &context, sealed).await;
            secrets.push(secret.map_err(|_| "the endpoint's secret can't be opened")?);
        }
        let id = event_name(delivery.event_id);
        let body = json!({
            "id": id,
            "type": delivery.event_type,
            "createdAt": delivery.created_at,
            "data": delivery.data,
        })
        .to_string();
        let signatures = sign(&secrets, &id, now, body.as_bytes());
        let request = self
            .client
            .post(delivery.url.clone())
            .header("content-type", "application/json")
            .header(self.settings.signature_header.as_str(), signatures.documented)
            .header("webhook-id", id)
            .header("webhook-timestamp", signatures.timestamp)
            .header("webhook-signature", signatures.standard)
            .body(body);
        match request.send().await {
            Ok(answer) => {
                let said = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
                let retry_after = said.and_then(|said| retry_after(said, clock::now()));
                let status = answer.status().as_u16();
                finish(answer).await;
                Ok(Answer { status, retry_after })
            }
            Err(error) if error.is_timeout() => Err("the receiver took too long"),
            Err(error) if error.is_connect() => Err("no connection to the receiver could be made"),
            Err(_) => Err("the receiver broke the connection off"),
        }
    }

    /// What is to become of a delivery that didn't arrive. A receiver that asks for time
    /// gets it, up to the longest delay.
    pub(super) fn after_refusal(
        &self,
        delivery: &Delivery,
        status: Option<u16>,
        asked: SignedDuration,
        error: String,
        now: Timestamp,
    ) -> DeliveryOutcome {
        let config::Webhooks { retry_base, retry_cap, probe_cap, give_up_after, .. } = self.settings;
        let asked = asked.min(signed(retry_cap));
        let delay = signed(backoff(retry_base, retry_cap, delivery.attempt)).max(asked);
        // The first failure after a success may be the one event that the receiver can't
        // read; the others aren't held up for it.
        let quiet = match delivery.failures {
            0 => asked,
            failures => signed(backoff(retry_base, probe_cap, failures)).max(asked),
        };
        let refusal = Refusal { status, error, quiet_until: later(now, quiet) };
        let at = later(now, delay);
        if status == Some(GONE) {
            DeliveryOutcome::Gone { refusal }
        } else if at.duration_since(delivery.queued_at) > signed(give_up_after) {
            DeliveryOutcome::GivenUp { refusal }
        } else {
            DeliveryOutcome::TryAgain { at, refusal }
        }
    }
}

/// What an endpoint's secrets are sealed for.
#[must_use]
pub fn webhook_secret_context(id: WebhookId) -> String {
    format!("secret of webhook {id}")
}

/// Reads the rest of a short answer and drops it, so that the connection is used again.
async fn finish(mut answer: reqwest::Response) {
    let (patience, longest) = REST;
    let read = async {
        let mut length = 0;
        while let Ok(Some(chunk)) = answer.chunk().await {
            length += chunk.len();
            if length > longest {
                break;
            }
        }
    };
    // One that takes longer costs its connection, and nothing else.
    let _ = tokio::time::timeout(patience, read).await;
}

/// `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
fn retry_after(said: &str, now: Timestamp) -> Option<SignedDuration> {
    let said = said.trim();
    if let Ok(seconds) = said.parse::<u32>() {
        return Some(SignedDuration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(said).ok()?;
    Some(at.duration_since(now).max(SignedDuration::ZERO))
}

pub(super) fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

/// A moment later, or the last one that there is.
pub(super) fn later(moment: Timestamp, span: SignedDuration) -> Timestamp {
    moment.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::retry_after;
    use jiff::{SignedDuration, Timestamp};

    #[test]
    fn a_receiver_asks_for_time_in_seconds_or_by_a_date() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().expect("a moment");
        let check = |said, expected: Option<i64>| {
            assert_eq!(retry_after(said, now), expected.map(SignedDuration::from_secs), "{said}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(37));
        check("Sun, 06 Nov 1994 08:48:37 GMT", Some(0));
        check("soon", None);
        check("-5", None);
    }
}
