//! E-mails by Postmark: JSON, authenticated by the user and the password that stand in the address which Postmark was
//! told, and which it sends as `Authorization: Basic`.
//!
//! Postmark's requests say nothing of when they were made; each message has a `MessageID`, and none counts twice.
//!
//! Not here: attachments.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use serde::Deserialize;

use super::{Refused, addresses, header, letter};
use crate::fleet::Message;
use crate::http::is_same;

/// What is read of a message; there is more in it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Mail {
    #[serde(rename = "MessageID")]
    message_id: String,
    from: String,
    #[serde(default)]
    original_recipient: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    text_body: String,
    #[serde(default)]
    html_body: String,
}

pub(super) fn read(password: &Secret, headers: &HeaderMap, body: &[u8]) -> Result<Message, Refused> {
    let shown =
        header(headers, AUTHORIZATION.as_str()).and_then(|value| value.split_once(' ')).ok_or(Refused::Unsigned)?;
    let shown = Some(shown.1.trim()).filter(|_| shown.0.eq_ignore_ascii_case("basic")).ok_or(Refused::Unsigned)?;
    let shown = STANDARD.decode(shown).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(Refused::Forged)?;
    if !is_same(&shown, password) {
        return Err(Refused::Forged);
    }
    let mail: Mail = serde_json::from_slice(body).map_err(|_| Refused::Unreadable)?;
    // Whom the envelope names comes first: that is where it was really sent.
    let to = addresses(&mail.original_recipient).chain(addresses(&mail.to)).collect();
    let text = Secret::new(letter(&mail.subject, &mail.text_body, &mail.html_body));
    Ok(Message { id: mail.message_id, to, from: mail.from, text })
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};
    use base64::Engine as _;
    use domain::secret::Secret;

    use super::{Refused, STANDARD, read};

    /// Cut from the example of Postmark's documents on inbound webhooks.
    const MAIL: &str = r#"{"FromName": "Postmarkapp Support", "MessageStream": "inbound", "From": "support@postmarkapp.com",
        "FromFull": {"Email": "support@postmarkapp.com", "Name": "Postmarkapp Support", "MailboxHash": ""},
        "To": "\"Firstname Lastname\" <yourhash+SampleHash@inbound.postmarkapp.com>",
        "OriginalRecipient": "yourhash+SampleHash@inbound.postmarkapp.com", "Subject": "Test subject",
        "MessageID": "73e6d360-66eb-11e1-8e72-a8904824019b", "Date": "Fri, 1 Aug 2014 16:45:32 -04:00",
        "TextBody": "", "HtmlBody": "<html><body><p>This is a test html body.</p></body></html>", "Attachments": []}"#;

    fn with(authorization: Option<&str>) -> Result<crate::fleet::Message, Refused> {
        let mut headers = HeaderMap::new();
        if let Some(text) = authorization {
            headers.insert("authorization", HeaderValue::from_str(text).expect("a header"));
        }
        read(&Secret::new("bursar:a long password".into()), &headers, MAIL.as_bytes())
    }

    #[test]
    fn a_mail_is_taken_from_whoever_knows_the_password() {
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let mail = with(Some(&basic("bursar:a long password"))).expect("a mail");
        assert_eq!(
            (mail.id.as_str(), mail.from.as_str()),
            ("73e6d360-66eb-11e1-8e72-a8904824019b", "support@postmarkapp.com")
        );
        assert_eq!(mail.to[0], "yourhash+SampleHash@inbound.postmarkapp.com");
        assert!(
            mail.text.expose().starts_with("Test subject") && mail.text.expose().contains("This is a test html body.")
        );
        assert_eq!(with(None).err(), Some(Refused::Unsigned));
        assert_eq!(with(Some("Bearer x")).err(), Some(Refused::Unsigned));
        for other in [basic("bursar:another password"), basic(""), "Basic ???".to_owned()] {
            assert_eq!(with(Some(&other)).err(), Some(Refused::Forged), "{other}");
        }
    }
}
