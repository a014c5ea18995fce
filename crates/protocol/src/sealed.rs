//! A box that one agent alone can open: HPKE (RFC 9180) in base mode with
//! DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305.
//!
//! Not for keeping: an agent makes its key when it starts and forgets it when it
//! ends, so what was sealed to it can't be opened after that. The context (which
//! run, which purpose) is authenticated, so a box can't be passed off as another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::secret::Secret;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

type Kem = X25519HkdfSha256;

const INFO: &[u8] = b"bursar agent box 1";

/// The key to which secrets for one agent are sealed; base64 on the wire.
#[derive(Clone)]
pub struct PublicKey(<Kem as hpke::Kem>::PublicKey);

/// The other half, which never leaves the agent's memory.
pub struct PrivateKey {
    private: <Kem as hpke::Kem>::PrivateKey,
    public: PublicKey,
}

/// A secret that only the holder of one [`PrivateKey`] can read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedBox {
    encapsulated_key: String,
    ciphertext: String,
}

/// A box or key that isn't what it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not base64, or not a key of the right length.
    #[error("the key or box is malformed")]
    Malformed,
    /// Sealed to another key, for another purpose, or changed on the way.
    #[error("the box can't be opened with this key in this context")]
    WrongKeyOrContext,
}

impl PrivateKey {
    /// Makes a new key from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        let (private, public) = Kem::gen_keypair();
        Self { private, public: PublicKey(public) }
    }

    /// The key that follows from `material`, which is as secret as the key: whoever has the same has the same key.
    #[must_use]
    pub fn derived(material: &[u8]) -> Self {
        let (private, public) = Kem::derive_keypair(material);
        Self { private, public: PublicKey(public) }
    }

    /// The half that is handed out.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Opens a box that was sealed for `context`.
    ///
    /// # Errors
    /// [`SealError`] if the box is damaged, another's, or for another context.
    pub fn open(&self, sealed: &SealedBox, context: &str) -> Result<Secret, SealError> {
        let decode = |text: &str| STANDARD.decode(text).map_err(|_| SealError::Malformed);
        let encapsulated_key = <Kem as hpke::Kem>::EncappedKey::from_bytes(&decode(&sealed.encapsulated_key)?)
            .map_err(|_| SealError::Malformed)?;
        let plaintext = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeR::Base,
            &self.private,
            &encapsulated_key,
            INFO,
            &decode(&sealed.ciphertext)?,
            context.as_bytes(),
        )
        .map_err(|_| SealError::WrongKeyOrContext)?;
        let plaintext = Zeroizing::new(plaintext);
        let text = std::str::from_utf8(&plaintext).map_err(|_| SealError::Malformed)?;
        Ok(Secret::new(text.to_owned()))
    }
}

impl PublicKey {
    /// Seals `secret` so that it opens with the other half and `context` alone.
    ///
    /// # Errors
    /// [`SealError::Malformed`] if the key is no point of the curve.
    pub fn seal(&self, secret: &Secret, context: &str) -> Result<SealedBox, SealError> {
        let (encapsulated_key, ciphertext) = hpke::single_shot_seal::<ChaCha20Poly1305, HkdfSha256, Kem>(
            &OpModeS::Base,
            &self.0,
            INFO,
            secret.expose().as_bytes(),
            context.as_bytes(),
        )
        .map_err(|_| SealError::Malformed)?;
        Ok(SealedBox {
            encapsulated_key: STANDARD.encode(encapsulated_key.to_bytes()),
            ciphertext: STANDARD.encode(ciphertext),
        })
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&STANDARD.encode(self.0.to_bytes()))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, formatter)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = SealError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = STANDARD.decode(text).map_err(|_| SealError::Malformed)?;
        let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&bytes);
        key.map(Self).map_err(|_| SealError::Malformed)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{PrivateKey, PublicKey, SealError};
    use domain::secret::Secret;

    fn secret() -> Secret {
        Secret::new("Anchor-7-Lantern".into())
    }

    #[test]
    fn a_box_opens_with_its_key_in_its_context() {
        let key = PrivateKey::generate();
        let on_the_wire: PublicKey = key.public().to_string().parse().expect("a key");
        let sealed = on_the_wire.seal(&secret(), "run 1").expect("sealed");
        let opened = key.open(&sealed, "run 1").expect("opened");
        assert_eq!(opened.expose(), secret().expose());
        let wire = serde_json::to_string(&sealed).expect("json");
        assert!(!wire.contains("Anchor"), "{wire}");
    }

    #[test]
    fn another_key_or_context_opens_nothing() {
        let (key, other) = (PrivateKey::generate(), PrivateKey::generate());
        let sealed = key.public().seal(&secret(), "run 1").expect("sealed");
        for opened in [other.open(&sealed, "run 1"), key.open(&sealed, "run 2")] {
            assert_eq!(opened.err(), Some(SealError::WrongKeyOrContext));
        }
    }

    #[test]
    fn malformed_keys_are_refused() {
        for text in ["", "not base64!", "AAAA"] {
            assert_eq!(text.parse::<PublicKey>().err(), Some(SealError::Malformed), "{text:?}");
        }
    }
}
