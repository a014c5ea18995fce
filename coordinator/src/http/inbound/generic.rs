//! Messages by anybody else, signed as Standard Webhooks says: `webhook-id`, `webhook-timestamp` and `webhook-signature`,
//! HMAC-SHA256 over the three parts of `{id}.{timestamp}.{body}` with the key that the secret encodes.
//!
//! Not here: signing; whoever brings a message in does that.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::{Refused, header, is_fresh, letter};
use crate::fleet::Message;
use crate::vault::mac;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// A message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    to: String,
    from: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    html: String,
}

/// Why a secret is none.
pub(super) fn fault(secret: &Secret) -> Option<&'static str> {
    key(secret).filter(|key| key.len() >= 24).is_none().then_some("it is `whsec_` and 24 bytes or more in base 64")
}

fn key(secret: &Secret) -> Option<Vec<u8>> {
    STANDARD.decode(secret.expose().strip_prefix(PREFIX)?).ok()
}

pub(super) fn read(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refused> {
    let said = |name: &str| header(headers, name).ok_or(Refused::Unsigned);
    let (id, timestamp) = (said("webhook-id")?, said("webhook-timestamp")?);
    let is_signed = said("webhook-signature")?.split(' ').any(|one| {
        let signature = one.strip_prefix("v1,").and_then(|signature| STANDARD.decode(signature).ok());
        let (Some(signature), Some(key)) = (signature, key(secret)) else { return false };
        let mut mac = mac(&key);
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac.verify_slice(&signature).is_ok()
    });
    if !is_signed {
        return Err(Refused::Forged);
    }
    if !is_fresh(timestamp, now) {
        return Err(Refused::Stale);
    }
    let Received { to, from, subject, text, html } = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    Ok(Message { id: id.to_owned(), to: vec![to], from, text: Secret::new(letter(&subject, &text, &html)) })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use domain::secret::Secret;
    use jiff::{SignedDuration, Timestamp};

    use super::{Refused, read};

    /// The example of the reference implementations of Standard Webhooks: authentic, and no message.
    #[test]
    fn the_signature_is_the_one_of_the_specification_and_grows_old() {
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        let check = |body: &str, signature: &'static str, later: i64| {
            let mut headers = HeaderMap::new();
            for (name, value) in [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", "1614265330"),
                ("webhook-signature", signature),
            ] {
                headers.insert(name, HeaderValue::from_static(value));
            }
            let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
            read(&secret, &headers, body.as_bytes(), at + SignedDuration::from_secs(later)).err()
        };
        let (body, signature) = (r#"{"test": 2432232314}"#, "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(check(body, signature, 0), Some(Refused::Unreadable), "it is authentic");
        assert_eq!(check(body, signature, 301), Some(Refused::Stale), "it is old");
        assert_eq!(check(body, signature, -301), Some(Refused::Stale), "it is from the future");
        assert_eq!(check("{}", signature, 0), Some(Refused::Forged));
        assert_eq!(check(body, "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0), Some(Refused::Forged));
        assert_eq!(read(&Secret::new("whsec_".into()), &HeaderMap::new(), b"", at).err(), Some(Refused::Unsigned));
    }
}
