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

/// The headers' values for one attempt at a delivery.
pub(super) struct Signatures {
    /// `t=<unix seconds>,v1=<hex>`, keyed with the secret as it was shown.
    pub(super) documented: String,
    /// `v1,<base64>`, keyed with the bytes that the secret encodes.
    pub(super) standard: String,
    /// Unix seconds.
    pub(super) timestamp: String,
}

pub(super) fn sign(secret: &Secret, id: &str, at: Timestamp, body: &[u8]) -> Signatures {
    let timestamp = at.as_second().to_string();
    let digest = |key: &[u8], head: &str| {
        let mut mac = mac(key);
        mac.update(head.as_bytes());
        mac.update(b".");
        mac.update(body);
        mac.finalize().into_bytes()
    };
    let documented: String =
        digest(secret.expose().as_bytes(), &timestamp).iter().map(|byte| format!("{byte:02x}")).collect();
    let encoded = secret.expose().strip_prefix(PREFIX).unwrap_or(secret.expose());
    let key = STANDARD.decode(encoded).unwrap_or_else(|_| secret.expose().as_bytes().to_vec());
    let standard = STANDARD.encode(digest(&key, &format!("{id}.{timestamp}")));
    Signatures { documented: format!("t={timestamp},v1={documented}"), standard: format!("v1,{standard}"), timestamp }
}

#[cfg(test)]
mod tests {
    use super::sign;
    use domain::secret::Secret;
    use jiff::Timestamp;

    #[test]
    fn the_standard_signature_is_the_one_of_the_specification() {
        // The example of the Standard Webhooks reference implementations.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into());
        let at = Timestamp::from_second(1_614_265_330).expect("a moment");
        let body = br#"{"test": 2432232314}"#;
        let signatures = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body);
        assert_eq!(signatures.standard, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(signatures.timestamp, "1614265330");
    }
}
