//! Text messages by Twilio: a form, authenticated by `X-Twilio-Signature`, which is HMAC-SHA1 with the account's token
//! over the address that Twilio was told and every field with its value, in the order of their names.
//!
//! Twilio's requests say nothing of when they were made; each message has a `MessageSid`, and none counts twice.
//!
//! Not here: answering a message; nobody does.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use url::form_urlencoded;

use super::{Refused, header};
use crate::fleet::Message;

pub(super) fn read(token: &Secret, url: &str, headers: &HeaderMap, body: &[u8]) -> Result<Message, Refused> {
    let signature = header(headers, "x-twilio-signature").ok_or(Refused::Unsigned)?;
    let fields: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
    if !is_signed(token, url, &fields, signature) {
        return Err(Refused::Forged);
    }
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Ok(Message {
        id: field("MessageSid").ok_or(Refused::Unreadable)?,
        to: vec![field("To").ok_or(Refused::Unreadable)?],
        from: field("From").ok_or(Refused::Unreadable)?,
        text: Secret::new(field("Body").unwrap_or_default()),
    })
}

fn is_signed(token: &Secret, url: &str, fields: &[(String, String)], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(token.expose().as_bytes()) else { return false };
    mac.update(url.as_bytes());
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort();
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    mac.verify_slice(&signature).is_ok()
}

#[cfg(test)]
mod tests {
    use domain::secret::Secret;

    use super::is_signed;

    /// The example of Twilio's documents on the security of its webhooks.
    #[test]
    fn the_signature_is_the_one_of_the_documents() {
        let fields = [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ];
        let fields: Vec<(String, String)> =
            fields.iter().rev().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let check =
            |token: &str, url: &str, signature: &str| is_signed(&Secret::new(token.into()), url, &fields, signature);
        let (url, signature) = ("https://mycompany.com/myapp.php?foo=1&bar=2", "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        assert!(check("12345", url, signature));
        assert!(!check("12346", url, signature));
        assert!(!check("12345", "https://mycompany.com/myapp.php?foo=1&bar=3", signature));
        assert!(!check("12345", url, "not base 64") && !check("12345", url, ""));
    }
}
