//! E-mails by Mailgun: a form, authenticated by HMAC-SHA256 with the account's signing key over a moment and a token,
//! which stand in the form beside it. The token is what a message is known by, so that none counts twice.
//!
//! Not here: attachments; a code stands in the text.

use axum::http::{HeaderMap, header::CONTENT_TYPE};
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::Timestamp;
use url::form_urlencoded;

use super::{Refused, addresses, header, is_fresh, letter};
use crate::fleet::Message;
use crate::vault::mac;

/// How many parts a form in several parts may have.
const MOST_PARTS: usize = 200;

pub(super) async fn read(key: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Message, Refused> {
    let media = header(headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let fields = match multer::parse_boundary(media) {
        Ok(boundary) => parts(body, boundary).await?,
        Err(_) => form_urlencoded::parse(body).into_owned().collect(),
    };
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let (timestamp, token, signature) = match (field("timestamp"), field("token"), field("signature")) {
        (Some(timestamp), Some(token), Some(signature)) => (timestamp, token, signature),
        _ => return Err(Refused::Unsigned),
    };
    if !is_signed(key, timestamp, token, signature) {
        return Err(Refused::Forged);
    }
    if !is_fresh(timestamp, now) {
        return Err(Refused::Stale);
    }
    let text = |name: &str| field(name).unwrap_or_default();
    Ok(Message {
        id: token.to_owned(),
        to: addresses(field("recipient").ok_or(Refused::Unreadable)?).collect(),
        // Who the envelope says it is from: that is what the receiving server could check.
        from: field("sender").or(field("from")).ok_or(Refused::Unreadable)?.to_owned(),
        text: Secret::new(letter(text("subject"), text("body-plain"), text("body-html"))),
    })
}

fn is_signed(key: &Secret, timestamp: &str, token: &str, signature: &str) -> bool {
    let digits = |at: usize| signature.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let Some(bytes) = (0..32).map(|index| digits(index * 2)).collect::<Option<Vec<u8>>>() else { return false };
    let mut mac = mac(key.expose().as_bytes());
    mac.update(timestamp.as_bytes());
    mac.update(token.as_bytes());
    signature.len() == 64 && mac.verify_slice(&bytes).is_ok()
}

/// The fields of a form in parts; files are left out.
async fn parts(body: &[u8], boundary: String) -> Result<Vec<(String, String)>, Refused> {
    let body = futures::stream::iter([Ok::<_, std::convert::Infallible>(body.to_vec())]);
    let mut form = multer::Multipart::new(body, boundary);
    let mut found = Vec::new();
    while let Some(part) = form.next_field().await.map_err(|_| Refused::Unreadable)? {
        if found.len() >= MOST_PARTS {
            break;
        }
        let name = part.name().map(str::to_owned).filter(|_| part.file_name().is_none());
        if let Some(name) = name {
            found.push((name, part.text().await.map_err(|_| Refused::Unreadable)?));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use domain::secret::Secret;
    use hmac::Mac as _;
    use jiff::{SignedDuration, Timestamp};

    use super::{Refused, is_signed, parts, read};
    use crate::vault::mac;

    /// The moment and the token of the example of Mailgun's documents, which don't show the key.
    #[test]
    fn a_signature_is_good_for_its_moment_and_token_alone() {
        let key = Secret::new("a signing key".into());
        let mut signed = mac(key.expose().as_bytes());
        signed.update(b"1529006854a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0");
        let signature: String = signed.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let check = |timestamp: &str, token: &str, signature: &str| is_signed(&key, timestamp, token, signature);
        let token = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0";
        assert!(check("1529006854", token, &signature));
        assert!(!check("1529006855", token, &signature) && !check("1529006854", "b8", &signature));
        assert!(
            !check("1529006854", token, &signature[..62]) && !check("1529006854", token, &format!("{signature}00"))
        );
        assert!(!check("1529006854", token, &"é".repeat(32)));
    }

    #[tokio::test]
    async fn what_was_signed_at_another_time_is_late_and_not_forged() {
        let (key, at) = (Secret::new("a signing key".into()), Timestamp::UNIX_EPOCH);
        let mut signed = mac(key.expose().as_bytes());
        signed.update(b"0token");
        let signature: String = signed.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let body = format!("timestamp=0&token=token&signature={signature}&recipient=a%40b.example&sender=c");
        let said = async |body: &str, now| read(&key, &HeaderMap::new(), body.as_bytes(), now).await.err();
        assert_eq!(said(&body, at).await, None);
        assert_eq!(said(&body, at + SignedDuration::from_hours(1)).await, Some(Refused::Stale));
        assert_eq!(said(&body.replace("token=token", "token=other"), at).await, Some(Refused::Forged));
    }

    #[tokio::test]
    async fn a_form_in_parts_has_its_fields_and_not_its_files() {
        let body = "--xYzZY\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nYour code\r\n\
                    --xYzZY\r\nContent-Disposition: form-data; name=\"attachment-1\"; filename=\"a.png\"\r\n\r\n\x01\x02\r\n\
                    --xYzZY\r\ncontent-disposition: form-data; name=\"body-plain\"\r\n\r\n48\r\n29\r\n--xYzZY--\r\n";
        let expected = [("subject", "Your code"), ("body-plain", "48\r\n29")];
        let found = parts(body.as_bytes(), "xYzZY".into()).await.expect("a form");
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert!(parts(b"--xYzZY\r\n", "xYzZY".into()).await.is_err());
    }
}
