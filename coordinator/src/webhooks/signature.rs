//! How a delivery is signed: HMAC-SHA256 over `<unix seconds>.<body>` in the
//! documented header, and once more by the Standard Webhooks specification
//! (version 1, over `<id>.<unix seconds>.<body>`).
//!
//! Not here: checking one; receivers do that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use hmac::Mac as _;
use jiff::Timestamp;

use crate::vault::{VaultError, mac, random};

/// What a Standard Webhooks secret begins with; the rest is the key in base64.
const PREFIX: &str = "whsec_";

/// Makes a secret of 32 random bytes.
///
/// # Errors
/// [`VaultError::NoRandomness`].
pub fn new_secret() -> Result<Secret, VaultError> {
    Ok(Secret::new(format!("{PREFIX}{}", STANDARD.encode(random::<32>()?.as_slice()))))
}

/// The headers' values for one attempt at a delivery, with a signature for each secret.
pub(super) struct Signatures {
    /// `t=<unix seconds>,v1=<hex>,v1=<hex>`, keyed with the secrets as they were shown.
    pub(super) documented: String,
    /// `v1,<base64> v1,<base64>`, keyed with the bytes that the secrets encode.
    pub(super) standard: String,
    /// Unix seconds.
    pub(super) timestamp: String,
}

/// Signs with each of the secrets, the newest first.
pub(super) fn sign(secrets: &[Secret], id: &str, at: Timestamp, body: &[u8]) -> Signatures {
    let timestamp = at.as_second().to_string();
    let digest = |key: &[u8], head: &str| {
        let mut mac = mac(key);
        mac.update(head.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes()
    };
    let documented = |secret: &Secret| {
        let digest = digest(secret.expose().as_bytes(), &timestamp);
        digest.iter().fold(",v1=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
    };
    let standard = |secret: &Secret| {
        let encoded = secret.expose().strip_prefix(PREFIX).unwrap_or(secret.expose());
        let key = STANDARD.decode(encoded).unwrap_or_else(|_| secret.expose().as_bytes().to_vec());
        format!("v1,{}", STANDARD.encode(digest(&key, &format!("{id}.{timestamp}"))))
    };
    let documented: String = secrets.iter().map(documented).collect();
    let standard = secrets.iter().map(standard).collect::<Vec<_>>().join(" ");
    Signatures { documented: format!("t={timestamp}{documented}"), standard, timestamp }
}

#[cfg(test)]
mod tests {
    use super::{STANDARD, sign};
    use base64::Engine as _;
    use domain::secret::Secret;
    use jiff::Timestamp;

    #[test]
    fn the_standard_signature_is_the_one_of_the_specification() {
        // The example of the Standard Webhooks reference implementations.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        let body = br#"{"test": 2432232314}"#;
        let signatures = sign(&[secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body);
        assert_eq!(signatures.standard, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signatures.timestamp, "1614265330");
    }

    #[test]
    fn two_secrets_sign_beside_each_other_the_newest_first() {
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        let secret = |byte: u8| Secret::new(format!("whsec_{}", STANDARD.encode([byte; 32])));
        let alone = |byte| sign(&[secret(byte)], "evt_1", at, b"{}");
        let both = sign(&[secret(2), secret(1)], "evt_1", at, b"{}");
        let old = alone(1).documented.replace("t=1614265330", "");
        assert_eq!(both.documented, format!("{}{old}", alone(2).documented));
        assert_eq!(both.standard, format!("{} {}", alone(2).standard, alone(1).standard));
    }
}
